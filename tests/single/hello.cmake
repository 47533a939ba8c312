# SPDX-License-Identifier: MIT
# PROGRAM is the first one that DOCUMENT shows.
cmake_minimum_required(VERSION 3.21)

file(READ "${PROGRAM}" program)
file(READ "${DOCUMENT}" document)
string(FIND "${document}" "\n```c\n${program}```\n" at)
string(FIND "${document}" "\n```c\n" first)
if(NOT at EQUAL first OR at EQUAL -1)
  message(FATAL_ERROR "${PROGRAM} is not what ${DOCUMENT} shows")
endif()
