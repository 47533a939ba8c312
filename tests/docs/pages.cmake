# SPDX-License-Identifier: MIT
cmake_minimum_required(VERSION 3.21)
# Looks for dead links in all web pages in FOLDER, with the program LINKS.
file(GLOB pages RELATIVE "${FOLDER}" "${FOLDER}/*.html")
execute_process(COMMAND "${LINKS}" ${pages} WORKING_DIRECTORY "${FOLDER}" RESULT_VARIABLE code)
if(NOT code STREQUAL 0)
  message(FATAL_ERROR "there are dead links")
endif()
