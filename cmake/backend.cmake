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
if(NOT IS_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}/src/${THREADING_CHOSEN_BACKEND}")
  message(FATAL_ERROR "The backend '${THREADING_CHOSEN_BACKEND}' is not there yet; the only one today is posix.")
endif()

if(NOT THREADING_PARKER MATCHES "^(auto|futex|condition)$")
  message(FATAL_ERROR "THREADING_PARKER is '${THREADING_PARKER}'; it can be auto, futex or condition.")
endif()
