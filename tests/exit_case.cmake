# SPDX-License-Identifier: MIT
cmake_minimum_required(VERSION 3.21)
# Runs an EXIT_CASE: PROGRAM with CASE, through EMULATOR if there is one, must end with CODE within LIMIT
# seconds and print exactly OUTPUT, where '|' is the end of a line.

execute_process(COMMAND ${EMULATOR} "${PROGRAM}" "${CASE}" TIMEOUT ${LIMIT}
  RESULT_VARIABLE code OUTPUT_VARIABLE output)

if(output MATCHES "(^|\n)SKIP: ")
  message("${output}")
  return()
endif()

# A Windows program ends its lines with two characters.
string(REPLACE "\r\n" "\n" output "${output}")
string(REPLACE "|" "\n" expected "${OUTPUT}")
if(NOT code STREQUAL CODE)
  message("it printed:\n${output}")
  message(FATAL_ERROR "exit code '${code}', expected '${CODE}'")
endif()
if(NOT output STREQUAL expected)
  message("it printed:\n${output}expected was:\n${expected}")
  message(FATAL_ERROR "the output differs")
endif()
