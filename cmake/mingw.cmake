# SPDX-License-Identifier: MIT
# Builds for Windows with MinGW-w64 on another system. THREADING_MINGW_PROCESSOR is x86_64 or i686. Wine runs the tests,
# where it is installed; a Wine of 32 bits is another one, and not looked for. With THREADING_MINGW_UCRT the C library is the
# universal C run-time instead of msvcrt.dll.

set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES THREADING_MINGW_PROCESSOR THREADING_MINGW_UCRT)
if(NOT THREADING_MINGW_PROCESSOR)
  set(THREADING_MINGW_PROCESSOR x86_64)
endif()
set(target ${THREADING_MINGW_PROCESSOR}-w64-mingw32)
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR ${THREADING_MINGW_PROCESSOR})
set(CMAKE_C_COMPILER ${target}-gcc)
set(CMAKE_RC_COMPILER ${target}-windres)
set(CMAKE_FIND_ROOT_PATH /usr/${target})
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)

# GCC 13 has -mcrtdll for it; GCC 12 has the name of the library in its specs.
if(THREADING_MINGW_UCRT)
  set(specs "${CMAKE_BINARY_DIR}/ucrt.specs")
  execute_process(COMMAND ${CMAKE_C_COMPILER} -dumpspecs OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE "-lmsvcrt" "-lucrt" text "${text}")
  file(WRITE "${specs}" "${text}")
  set(CMAKE_C_FLAGS_INIT "-D_UCRT -D__USE_MINGW_ANSI_STDIO=1 -specs=${specs}") # GCC 12 checks formats as those of msvcrt
endif()

# Debian has its loader there, and a script as the command `wine`, which would be one process more for each test.
find_program(THREADING_WINE NAMES wine64 wine PATHS /usr/lib/wine)
if(THREADING_WINE AND THREADING_MINGW_PROCESSOR STREQUAL "x86_64")
  set(CMAKE_CROSSCOMPILING_EMULATOR sh "${CMAKE_CURRENT_LIST_DIR}/wine.sh" "${THREADING_WINE}")
endif()
