# SPDX-License-Identifier: MIT
# Builds for another system with zig's C compiler. THREADING_ZIG_TARGET says which: aarch64-macos, arm-linux-musleabihf, …
# zig itself is the program in the environment variable ZIG, the one that tools/check fetched, or on the PATH.

set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES THREADING_ZIG_TARGET THREADING_BUILD_ONLY)
find_program(THREADING_ZIG NAMES "$ENV{ZIG}" zig
  HINTS "${CMAKE_CURRENT_LIST_DIR}/../build/tools/node_modules/.bin" REQUIRED)

if(NOT THREADING_ZIG_TARGET MATCHES "^([^-]+)-([^-]+)")
  message(FATAL_ERROR "THREADING_ZIG_TARGET is '${THREADING_ZIG_TARGET}'; it should be like aarch64-macos.")
endif()
set(CMAKE_SYSTEM_PROCESSOR "${CMAKE_MATCH_1}")
if(CMAKE_MATCH_2 STREQUAL "macos")
  set(CMAKE_SYSTEM_NAME Darwin)
  set(CMAKE_OSX_SYSROOT "")
  set(CMAKE_OSX_DEPLOYMENT_TARGET "")
  set(CMAKE_INSTALL_NAME_TOOL true)
  if(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
    set(CMAKE_SYSTEM_PROCESSOR arm64)
  endif()
elseif(CMAKE_MATCH_2 STREQUAL "windows")
  set(CMAKE_SYSTEM_NAME Windows)
  if(THREADING_BUILD_ONLY)
    # What is linked needs MinGW's libraries, and zig compiles these first, for a minute and a half of a processor. To see which
    # compiler it is CMake would link a program.
    set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
    set(CMAKE_C_COMPILER_ID_RUN ON)
    set(CMAKE_C_COMPILER_ID Clang)
    set(CMAKE_C_COMPILER_VERSION 14)
    set(CMAKE_C_STANDARD_COMPUTED_DEFAULT 17)
  endif()
else()
  set(CMAKE_SYSTEM_NAME Linux)
  if(THREADING_ZIG_TARGET MATCHES "musl")
    # zig's linker writes 16 MiB into a program, which musl takes for the default of its threads: give it musl's own.
    set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,-z,stack-size=131072")
  endif()
endif()

set(CMAKE_C_COMPILER "${THREADING_ZIG}" cc -target ${THREADING_ZIG_TARGET})

# zig compiles the target's C library itself, once for what is optimized and once for what is not, and either takes half a
# minute. CMake's own checks come without an option: let them have the same library as what is built.
if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  list(APPEND CMAKE_C_COMPILER -O1)
endif()

# CMake wants archivers as single programs.
set(zig_tools "${CMAKE_BINARY_DIR}/zig")
foreach(tool IN ITEMS ar ranlib rc)
  file(WRITE "${zig_tools}/${tool}" "#!/bin/sh\nexec \"${THREADING_ZIG}\" ${tool} \"$@\"\n")
  file(CHMOD "${zig_tools}/${tool}" PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
endforeach()
set(CMAKE_AR "${zig_tools}/ar")
set(CMAKE_RANLIB "${zig_tools}/ranlib")
set(CMAKE_RC_COMPILER "${zig_tools}/rc")
