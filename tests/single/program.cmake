# SPDX-License-Identifier: MIT
# What somebody does who copies the one file, in a FOLDER that is empty at first: a program, built by COMPILER, and run, by
# EMULATOR if there is one. With BUILD_ONLY it is not run. CASE says which program:
#
#   new_user          the example in DOCUMENT, with nothing but the compiler; it prints what is shown behind it
#   cxx               a program in C++, built by CXX_COMPILER, with the implementation in one file of C
#   archives          two static libraries, each with its own copy: the program has one
#   shared_libraries  two shared ones, each with its own copy, which they do not show: the program has both
#   allocator         allocator.c, whose memory comes from an allocator of its own, compiled with OPTIONS
#   shared_allocator  the same in a shared library, from which threading_unload() takes all that is left
#   half_an_allocator one that is not complete is refused
#   folded            folded.c, linked so that functions of the same code are one
cmake_minimum_required(VERSION 3.21)

file(REMOVE_RECURSE "${FOLDER}")
file(MAKE_DIRECTORY "${FOLDER}")
file(COPY "${HEADER}" DESTINATION "${FOLDER}")

# Runs a command in the folder; it must succeed, and say nothing.
function(run)
  execute_process(COMMAND ${ARGV} WORKING_DIRECTORY "${FOLDER}"
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result STREQUAL "0" OR NOT output STREQUAL "")
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "${command}: ${result}\n${output}")
  endif()
endfunction()

# Runs the program that the compiler has made; it must print `expected`.
function(run_program expected)
  if(BUILD_ONLY)
    return()
  endif()
  file(GLOB program "${FOLDER}/a.*")
  execute_process(COMMAND ${EMULATOR} ${program} WORKING_DIRECTORY "${FOLDER}" TIMEOUT 60
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  string(REPLACE "\r\n" "\n" output "${output}")
  if(NOT result STREQUAL "0" OR NOT output STREQUAL expected)
    message(FATAL_ERROR "it ends with ${result} and prints\n${output}instead of\n${expected}")
  endif()
endfunction()

function(write_implementation)
  file(WRITE "${FOLDER}/threading.c" "#define THREADING_IMPLEMENTATION\n#include \"threading.h\"\n")
endfunction()

function(new_user)
  file(READ "${DOCUMENT}" text)
  if(NOT text MATCHES "\n```c\n([^`]*#define THREADING_IMPLEMENTATION\n[^`]*)\n```\n(.*)$")
    message(FATAL_ERROR "${DOCUMENT} shows no program")
  endif()
  set(program "${CMAKE_MATCH_1}\n")
  set(text "${CMAKE_MATCH_2}")
  string(FIND "${text}" "\n```" at)
  string(SUBSTRING "${text}" ${at} -1 text)
  if(NOT text MATCHES "^\n```[a-z]*\n([^`]*)```")
    message(FATAL_ERROR "${DOCUMENT} does not show what the program prints")
  endif()
  set(expected "${CMAKE_MATCH_1}")
  file(WRITE "${FOLDER}/main.c" "${program}")
  run(${COMPILER} main.c)
  run_program("${expected}")
endfunction()

function(cxx)
  write_implementation()
  file(WRITE "${FOLDER}/main.cpp" [=[
#include "threading.h"
#include <iostream>

static void *work(void *number)
{
    ++*static_cast<int *>(number);
    return nullptr;
}

int main()
{
    int number = 1;
    threading_thread_t *thread = threading_thread_new(work, &number, nullptr);
    if (threading_thread_start(thread) != THREADING_OK || threading_thread_join(thread) != THREADING_OK)
        return 1;
    threading_thread_free(thread);
    std::cout << number << std::endl;
}
]=])
  run(${COMPILER} -std=c11 -c threading.c)
  run(${CXX_COMPILER} main.cpp threading.o)
  run_program("2\n")
endfunction()

# Two libraries and a program that starts a thread by each. They print who runs: each copy counts its own threads.
function(write_libraries)
  write_implementation()
  foreach(name IN ITEMS one two)
    file(WRITE "${FOLDER}/${name}.c" "#include \"threading.h\"
#include <stdio.h>

void ${name}(void);

static void *work(void *arg)
{
    printf(\"${name} %s\\n\", threading_thread_name(threading_current_thread()));
    return arg;
}

__attribute__((visibility(\"default\"))) void ${name}(void)
{
    threading_thread_t *thread = threading_thread_new(work, NULL, NULL);
    if (threading_thread_start(thread) || threading_thread_join(thread))
        puts(\"no thread\");
    threading_thread_free(thread);
}
")
  endforeach()
  file(WRITE "${FOLDER}/main.c" "void one(void);
void two(void);

int main(void)
{
    one();
    two();
    return 0;
}
")
endfunction()

function(archives)
  write_libraries()
  run(${COMPILER} -c threading.c one.c two.c)
  run(${AR} rc libone.a one.o threading.o)
  run(${AR} rc libtwo.a two.o threading.o)
  run(${COMPILER} main.c libone.a libtwo.a)
  run_program("one Thread-1\ntwo Thread-2\n")
endfunction()

function(shared_libraries)
  write_libraries()
  run(${COMPILER} -fPIC -fvisibility=hidden -shared one.c threading.c -o libone.so)
  run(${COMPILER} -fPIC -fvisibility=hidden -shared two.c threading.c -o libtwo.so)
  run(${COMPILER} main.c libone.so libtwo.so -Wl,-rpath,.)
  run_program("one Thread-1\ntwo Thread-1\n")
endfunction()

function(allocator)
  file(COPY "${CMAKE_CURRENT_LIST_DIR}/allocator.c" DESTINATION "${FOLDER}")
  separate_arguments(options UNIX_COMMAND "${OPTIONS}")
  run(${COMPILER} ${options} allocator.c)
  run_program("all came from there\n")
endfunction()

function(shared_allocator)
  file(COPY "${CMAKE_CURRENT_LIST_DIR}/allocator.c" DESTINATION "${FOLDER}")
  file(WRITE "${FOLDER}/main.c" "int use_allocator(void);

int main(void)
{
    return use_allocator();
}
")
  run(${COMPILER} -DIN_A_LIBRARY -DNOTHING_IS_LEFT -fPIC -fvisibility=hidden -shared allocator.c -o liballocator.so)
  run(${COMPILER} main.c liballocator.so -Wl,-rpath,.)
  run_program("all came from there\n")
endfunction()

function(half_an_allocator)
  write_implementation()
  foreach(left_out IN ITEMS MALLOC FREE REALLOC)
    set(definitions -DTHREADING_MALLOC=malloc -DTHREADING_FREE=free -DTHREADING_REALLOC=realloc)
    list(FILTER definitions EXCLUDE REGEX "_${left_out}=")
    execute_process(COMMAND ${COMPILER} -c ${definitions} threading.c WORKING_DIRECTORY "${FOLDER}"
      RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE told)
    if(result STREQUAL "0" OR NOT told MATCHES "define all of THREADING_MALLOC, THREADING_FREE and THREADING_REALLOC")
      message(FATAL_ERROR "without THREADING_${left_out}: ${result}\n${told}")
    endif()
  endforeach()
endfunction()

function(folded)
  file(COPY "${CMAKE_CURRENT_LIST_DIR}/folded.c" DESTINATION "${FOLDER}")
  run(${COMPILER} -std=c11 -O2 -ffunction-sections folded.c -fuse-ld=${LINKER} -Wl,--icf=all -pthread)
  run_program("right\n")
endfunction()

cmake_language(CALL "${CASE}")
