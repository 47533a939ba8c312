# SPDX-License-Identifier: MIT
cmake_minimum_required(VERSION 3.21)
# Runs an example (PROGRAM, each time within LIMIT seconds) with each single fault: the first allocation of the library's
# fails, then the second, and so on until there are no more; then the starts of threads. Whatever the example says of it, it
# must end by itself: no hang, and no signal but that of a THREADING_MUST that has told why. EXPECTED says what it is called
# with (tests/example.cmake).

set(arguments "")
file(STRINGS "${EXPECTED}" line REGEX "^# args: " LIMIT_COUNT 1)
if(line)
  string(REGEX REPLACE "^# args: " "" line "${line}")
  separate_arguments(arguments UNIX_COMMAND "${line}")
endif()

foreach(fault IN ITEMS memory thread)
  foreach(number RANGE 1 200)
    set(ENV{THREADING_DEBUG} "fault=${fault}:${number}")
    execute_process(COMMAND "${PROGRAM}" ${arguments} TIMEOUT ${LIMIT}
      RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE told)
    if(code STREQUAL "Subprocess aborted" AND told MATCHES "[.]c:[0-9]+: [^\n]*: THREADING_[A-Z_]+: [^\n]*\n$")
      set(code 1)
    endif()
    if(NOT code MATCHES "^[0-9]+$" OR code GREATER 100)
      message("it printed:\n${output}and:\n${told}")
      message(FATAL_ERROR "with THREADING_DEBUG=$ENV{THREADING_DEBUG}: ${code}")
    endif()
    if(NOT told MATCHES "fails, as was asked for")
      break() # there are fewer
    endif()
  endforeach()
endforeach()
