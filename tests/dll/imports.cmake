# SPDX-License-Identifier: MIT
# BINARY needs the system's kernel32 and a C run-time, whichever, and no DLL that somebody would have to bring along.
cmake_minimum_required(VERSION 3.21)

execute_process(COMMAND "${OBJDUMP}" -p "${BINARY}" OUTPUT_VARIABLE headers COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "DLL Name: [^ \r\n]+" needed "${headers}")
list(TRANSFORM needed REPLACE "DLL Name: " "")
list(TRANSFORM needed TOLOWER)
if(NOT "kernel32.dll" IN_LIST needed)
  message(FATAL_ERROR "kernel32.dll is not among what ${BINARY} needs: ${needed}")
endif()
list(FILTER needed EXCLUDE REGEX "^(kernel32|msvcrt|ucrtbase|vcruntime140|api-ms-win-crt-.*)\\.dll$")
if(needed)
  message(FATAL_ERROR "${BINARY} needs ${needed}")
endif()
