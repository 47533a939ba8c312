# SPDX-License-Identifier: MIT
cmake_minimum_required(VERSION 3.21)
# Compares the variables in OBJECT, the core of a build for sim, with the list in SOURCE: what is not restored between two
# runs would let a run see the one before.

# Restored otherwise, a constant with addresses in it, or the list itself.
set(others threading_buckets threading_fast_self ti_status_texts "ti_state.*")

execute_process(COMMAND "${NM}" "${OBJECT}" OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL " [bBdDC] [A-Za-z_0-9.]+" found "${symbols}")
list(TRANSFORM found REPLACE "^ . " "")
file(READ "${SOURCE}" text)
string(REGEX MATCHALL "TI_STATE[(][a-z_0-9]+[)]" listed "${text}")
list(TRANSFORM listed REPLACE "^TI_STATE[(](.*)[)]$" "\\1")
list(LENGTH listed count)
if(count LESS 30)
  message(FATAL_ERROR "only ${count} variables are listed in ${SOURCE}")
endif()

list(JOIN others "|" others)
foreach(name IN LISTS found)
  string(REGEX REPLACE "[.][0-9]+$" "" name "${name}") # of a function
  if(NOT name IN_LIST listed AND NOT name MATCHES "^(${others})$")
    message(SEND_ERROR "${name} is not restored between two runs: add it to ${SOURCE}")
  endif()
endforeach()
