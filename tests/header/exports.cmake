# SPDX-License-Identifier: MIT
# The shared LIBRARY exports the functions that HEADER declares with THREADING_API, and nothing else.
cmake_minimum_required(VERSION 3.21)
include("${CMAKE_CURRENT_LIST_DIR}/../declared.cmake")

threading_declared("${HEADER}" declared)
list(SORT declared)

execute_process(COMMAND "${NM}" -D --defined-only "${LIBRARY}" OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^ \n]+\n" exported "${symbols}")
list(TRANSFORM exported STRIP)
list(FILTER exported EXCLUDE REGEX "^(_init|_fini|__bss_start|_edata|_end)$") # musl's and old linkers' own
list(SORT exported)

foreach(name IN LISTS declared)
  if(NOT name IN_LIST exported)
    message(SEND_ERROR "${name} is declared and not exported")
  endif()
endforeach()
foreach(name IN LISTS exported)
  if(NOT name IN_LIST declared)
    message(SEND_ERROR "${name} is exported and not declared")
  endif()
endforeach()
list(LENGTH declared count)
if(count EQUAL 0)
  message(SEND_ERROR "no declaration was found in the header")
endif()
message("${count} functions")
