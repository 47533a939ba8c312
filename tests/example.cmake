# SPDX-License-Identifier: MIT
cmake_minimum_required(VERSION 3.21)
# Runs an example (PROGRAM, through EMULATOR if there is one, within LIMIT seconds) and compares what it prints
# with the file EXPECTED:
#
#     # args: 4            optional: what it is called with
#     # unordered          optional: the lines may come in any order
#     # exit: 7            optional: its exit code, 0 otherwise
#     a line               must be there, exactly
#     ~took [0-9]+ ms      must match this expression, the whole line

if(NOT EXISTS "${EXPECTED}")
  message(FATAL_ERROR "There is no ${EXPECTED}")
endif()
file(READ "${EXPECTED}" expected)

set(arguments "")
set(unordered FALSE)
set(expected_code 0)
while(expected MATCHES "^# (args|unordered|exit):?([^\n]*)\n(.*)$")
  set(expected "${CMAKE_MATCH_3}")
  if(CMAKE_MATCH_1 STREQUAL "args")
    separate_arguments(arguments UNIX_COMMAND "${CMAKE_MATCH_2}")
  elseif(CMAKE_MATCH_1 STREQUAL "exit")
    string(STRIP "${CMAKE_MATCH_2}" expected_code)
  else()
    set(unordered TRUE)
  endif()
endwhile()

execute_process(COMMAND ${EMULATOR} "${PROGRAM}" ${arguments} TIMEOUT ${LIMIT}
  RESULT_VARIABLE code OUTPUT_VARIABLE output)
if(output MATCHES "(^|\n)SKIP: ")
  message("${output}")
  return()
endif()
if(NOT code STREQUAL expected_code)
  message("it printed:\n${output}")
  message(FATAL_ERROR "exit code '${code}', expected '${expected_code}'")
endif()

# Lists of CMake cannot hold these characters as they are.
function(as_lines text result)
  string(REPLACE "\r\n" "\n" text "${text}")
  string(REPLACE ";" "<semicolon>" text "${text}")
  string(REPLACE "[" "<bracket>" text "${text}")
  string(REPLACE "]" "<end>" text "${text}")
  string(REGEX REPLACE "\n$" "" text "${text}")
  string(REPLACE "\n" ";" text "${text}")
  set(${result} "${text}" PARENT_SCOPE)
endfunction()

function(line_matches expected actual result)
  set(${result} FALSE PARENT_SCOPE)
  if(expected MATCHES "^~(.*)$")
    string(REPLACE "<bracket>" "[" pattern "${CMAKE_MATCH_1}")
    string(REPLACE "<end>" "]" pattern "${pattern}")
    string(REPLACE "<bracket>" "[" actual "${actual}")
    string(REPLACE "<end>" "]" actual "${actual}")
    if(actual MATCHES "^(${pattern})$")
      set(${result} TRUE PARENT_SCOPE)
    endif()
  elseif(actual STREQUAL expected)
    set(${result} TRUE PARENT_SCOPE)
  endif()
endfunction()

as_lines("${expected}" expected_lines)
as_lines("${output}" lines)

set(wrong FALSE)
foreach(expected_line IN LISTS expected_lines)
  list(LENGTH lines left)
  set(at -1)
  set(i 0)
  while(i LESS left)
    list(GET lines ${i} line)
    line_matches("${expected_line}" "${line}" same)
    if(same)
      set(at ${i})
      break()
    endif()
    if(NOT unordered)
      break()
    endif()
    math(EXPR i "${i} + 1")
  endwhile()
  if(at EQUAL -1)
    set(wrong TRUE)
    message("missing, or not in its place: ${expected_line}")
    break()
  endif()
  list(REMOVE_AT lines ${at})
endforeach()

if(wrong OR NOT lines STREQUAL "")
  message("it printed:\n${output}expected was:\n${expected}")
  message(FATAL_ERROR "the output differs")
endif()
