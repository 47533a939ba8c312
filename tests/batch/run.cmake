# SPDX-License-Identifier: MIT
cmake_minimum_required(VERSION 3.21)
# Runs batch 1 of PROGRAM, through EMULATOR if there is one, with a limit of ten seconds for each case, and compares what it
# prints with the file EXPECTED.

execute_process(COMMAND ${EMULATOR} "${PROGRAM}" --batch 1 10 suite RESULT_VARIABLE code OUTPUT_VARIABLE output)
string(REGEX REPLACE "[^\n]*[/\\]wrong[.]c:[0-9]+:" "wrong.c:" output "${output}")
string(REGEX REPLACE "Timeout 1[0-9][.][0-9]+ sec" "Timeout at the limit" output "${output}")
string(REGEX REPLACE " [0-9.]+ sec" "" output "${output}")
string(REPLACE "\r\n" "\n" output "${output}")
file(READ "${EXPECTED}" expected)
if(NOT EMULATOR) # only Wine's own end may hang
  string(REGEX REPLACE "@again [^\n]*\n" "" expected "${expected}")
endif()
if(NOT code EQUAL 1 OR NOT output STREQUAL expected)
  message("it printed:\n${output}expected was:\n${expected}")
  message(FATAL_ERROR "the output differs, or the exit code, which is '${code}'")
endif()
