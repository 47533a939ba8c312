# SPDX-License-Identifier: MIT
# Chooses the backend: one folder of src/, the only place where platforms differ.

set(THREADING_CHOSEN_BACKEND "${THREADING_BACKEND}")
if(THREADING_CHOSEN_BACKEND STREQUAL "auto")
  if(WIN32)
    set(THREADING_CHOSEN_BACKEND win32)
  else()
    set(THREADING_CHOSEN_BACKEND posix)
  endif()
endif()

if(NOT THREADING_CHOSEN_BACKEND MATCHES "^(posix|win32|c11)$")
  message(FATAL_ERROR "THREADING_BACKEND is '${THREADING_BACKEND}'; it can be auto, posix, win32 or c11.")
endif()

# The tests of the internals have to see what the library sees.
if(THREADING_PARKER STREQUAL "condition")
  if(THREADING_CHOSEN_BACKEND STREQUAL "c11")
    message(FATAL_ERROR "The c11 backend has one parker only: THREADING_PARKER cannot be chosen.")
  endif()
  add_compile_definitions(THREADING_PARKER_CONDITION)
elseif(NOT THREADING_PARKER STREQUAL "auto")
  message(FATAL_ERROR "THREADING_PARKER is '${THREADING_PARKER}'; it can be auto or condition.")
endif()
if(THREADING_ATOMIC_INTRINSICS)
  add_compile_definitions(THREADING_ATOMIC_INTRINSICS)
endif()

# src/core/base/annotate.h
if(THREADING_VALGRIND)
  include(CheckIncludeFile)
  check_include_file(valgrind/drd.h THREADING_HAS_VALGRIND_HEADERS)
  if(NOT THREADING_HAS_VALGRIND_HEADERS)
    message(FATAL_ERROR "THREADING_VALGRIND needs <valgrind/helgrind.h> and <valgrind/drd.h>: install Valgrind's headers.")
  endif()
  add_compile_definitions(THREADING_VALGRIND)
endif()
