# SPDX-License-Identifier: MIT
cmake_minimum_required(VERSION 3.21)
# Runs an EXIT_CASE ROUNDS times, each as tests/exit_case.cmake does: a process that hangs now and then is found.

foreach(round RANGE 1 ${ROUNDS})
  include("${CMAKE_CURRENT_LIST_DIR}/../exit_case.cmake")
endforeach()
