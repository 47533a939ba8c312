# SPDX-License-Identifier: MIT
# Builds for Linux on another processor with the cross compilers of Debian: THREADING_CROSS_TARGET is aarch64-linux-gnu,
# arm-linux-gnueabihf, …, from the package gcc-aarch64-linux-gnu and so on. QEMU runs what is built: i686's programs too,
# since many a 64-bit kernel is built without what runs them.

set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES THREADING_CROSS_TARGET)
if(NOT THREADING_CROSS_TARGET MATCHES "^([^-]+)-linux-")
  message(FATAL_ERROR "THREADING_CROSS_TARGET is '${THREADING_CROSS_TARGET}'; it should be like aarch64-linux-gnu.")
endif()
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR "${CMAKE_MATCH_1}")
set(CMAKE_C_COMPILER "${THREADING_CROSS_TARGET}-gcc")

set(machine "${CMAKE_SYSTEM_PROCESSOR}") # as QEMU calls it
string(REGEX REPLACE "^powerpc" "ppc" machine "${machine}")
string(REGEX REPLACE "^i686$" "i386" machine "${machine}")
find_program(THREADING_QEMU "qemu-${machine}" REQUIRED)
set(CMAKE_CROSSCOMPILING_EMULATOR "${THREADING_QEMU}" -L "/usr/${THREADING_CROSS_TARGET}")
if(machine STREQUAL "i386")
  set(CMAKE_EXE_LINKER_FLAGS_INIT "-static") # in a program with a loader QEMU 7.2 spins once there are two threads
endif()

# GCC calls it for atomic operations of sizes that some of the processors lack. The tests have such; the library has none.
set(CMAKE_C_STANDARD_LIBRARIES_INIT "-Wl,--as-needed -latomic")
