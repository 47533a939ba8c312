# SPDX-License-Identifier: MIT
# The C++ compiler that goes with the C compiler, for the tests and the example of threading.hpp. The library is C.
# Sets THREADING_HAS_CXX.

set(THREADING_HAS_CXX OFF)
if(NOT CMAKE_CXX_COMPILER AND NOT MSVC)
  # By itself CMake takes the first that there is, which may stand on another C library or lack the sanitizers.
  get_filename_component(folder "${CMAKE_C_COMPILER}" DIRECTORY)
  get_filename_component(name "${CMAKE_C_COMPILER}" NAME)
  string(REGEX REPLACE "gcc|clang" "<\\0>" cxx_name "${name}")
  string(REPLACE "<gcc>" "g++" cxx_name "${cxx_name}")
  string(REPLACE "<clang>" "clang++" cxx_name "${cxx_name}")
  if(NOT cxx_name STREQUAL name)
    find_program(THREADING_CXX_COMPILER NAMES "${cxx_name}" HINTS "${folder}")
    if(NOT THREADING_CXX_COMPILER)
      message(STATUS "Nothing in C++: there is no ${cxx_name} to go with ${name}")
      return()
    endif()
    set(CMAKE_CXX_COMPILER "${THREADING_CXX_COMPILER}")
  endif()
endif()
include(CheckLanguage)
check_language(CXX)
if(NOT CMAKE_CXX_COMPILER)
  message(STATUS "Nothing in C++: there is no compiler for it")
  return()
endif()
enable_language(CXX)
set(THREADING_HAS_CXX ON)
