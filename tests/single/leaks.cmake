# SPDX-License-Identifier: MIT
# COMPILER, given INCLUDE, reads no header of a system's threads for a file that includes threading.h.
cmake_minimum_required(VERSION 3.21)

file(WRITE "${SOURCE}" "#include \"threading.h\"\n")
execute_process(COMMAND ${COMPILER} -E "-I${INCLUDE}" "${SOURCE}" OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
if(NOT text MATCHES "threading_lock_acquire")
  message(FATAL_ERROR "the header was not read")
endif()
string(REGEX MATCHALL "[/\\\"](windows|winbase|winnt|pthread|pthreadtypes|threads|semaphore|sched|process|time|unistd|intrin)[.]h\"" leaks "${text}")
list(REMOVE_DUPLICATES leaks)
if(leaks)
  message(FATAL_ERROR "the header reads ${leaks}")
endif()
foreach(name IN ITEMS pthread_t mtx_t thrd_t HANDLE CRITICAL_SECTION CreateThread)
  if(text MATCHES "[^A-Za-z0-9_]${name}[^A-Za-z0-9_]")
    message(FATAL_ERROR "the header makes ${name} known")
  endif()
endforeach()
