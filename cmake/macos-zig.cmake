# SPDX-License-Identifier: MIT
# Builds for macOS on another system, with zig's C compiler: the program is in the environment variable ZIG,
# the architecture (arm64, x86_64) in CMAKE_SYSTEM_PROCESSOR.

set(CMAKE_SYSTEM_NAME Darwin)
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES CMAKE_SYSTEM_PROCESSOR)

set(zig_architecture "${CMAKE_SYSTEM_PROCESSOR}")
if(zig_architecture STREQUAL "arm64")
  set(zig_architecture aarch64)
endif()

set(CMAKE_C_COMPILER "$ENV{ZIG}" cc -target ${zig_architecture}-macos)
set(CMAKE_OSX_SYSROOT "")
set(CMAKE_OSX_DEPLOYMENT_TARGET "")

# CMake wants archivers as single programs.
set(zig_tools "${CMAKE_BINARY_DIR}/zig")
foreach(tool IN ITEMS ar ranlib)
  file(WRITE "${zig_tools}/${tool}" "#!/bin/sh\nexec \"$ENV{ZIG}\" ${tool} \"$@\"\n")
  file(CHMOD "${zig_tools}/${tool}" PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
endforeach()
set(CMAKE_AR "${zig_tools}/ar")
set(CMAKE_RANLIB "${zig_tools}/ranlib")
set(CMAKE_INSTALL_NAME_TOOL true)
