# SPDX-License-Identifier: MIT
# What somebody does who copies what HEADER is a pattern of, in a FOLDER that is empty at first: a program, built by COMPILER, and
# run, by EMULATOR if there is one. With BUILD_ONLY it is not run. CASE says which program:
#
#   new_user          the example in DOCUMENT, with nothing but the compiler and OPTIONS; it prints what is shown behind it.
#                     The compiler makes PROGRAM, if that is given
#   commands          the commands in DOCUMENT's block number BLOCK of the LANGUAGE sh or bat, each as it stands there
#   cxx               a program in C++, built by CXX_COMPILER, with OPTIONS, and with the implementation in one file of C
#   archives          two static libraries, each with its own copy: the program has one
#   shared_libraries  two shared ones, each with its own copy, which they do not show: the program has both
#   allocator         allocator.c, whose memory comes from an allocator of its own, compiled with OPTIONS
#   shared_allocator  the same in a shared library, from which threading_unload() takes all that is left
#   half_an_allocator one that is not complete is refused
#   refused           compiled with OPTIONS, a file with the implementation, without it, or threading.c (KIND) gives one error,
#                     which has the words EXPECTED
#   missing           without an implementation the linker says what to define, but not for a file that calls nothing
#   twice             with two it says it as well
#   folded            folded.c, linked so that functions of the same code are one
cmake_minimum_required(VERSION 3.21)

file(REMOVE_RECURSE "${FOLDER}")
file(MAKE_DIRECTORY "${FOLDER}")
file(GLOB headers "${HEADER}")
file(COPY ${headers} DESTINATION "${FOLDER}")

# Runs a command in the folder; it must succeed, and say nothing.
function(run)
  execute_process(COMMAND ${ARGV} WORKING_DIRECTORY "${FOLDER}"
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result STREQUAL "0" OR NOT output STREQUAL "")
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "${command}: ${result}\n${output}")
  endif()
endfunction()

# Runs the program that the compiler has made, under the name a.out or a.exe if no other is given; it must print `expected`.
function(run_program expected)
  if(BUILD_ONLY)
    return()
  endif()
  set(program ${ARGN})
  if(NOT program)
    file(GLOB program "${FOLDER}/a.*")
  endif()
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

# The example in the document, and what is shown behind it.
function(read_example program_result expected_result)
  file(READ "${DOCUMENT}" text)
  if(NOT text MATCHES "\n```c\n([^`]*#define THREADING_IMPLEMENTATION\n[^`]*)\n```\n(.*)$")
    message(FATAL_ERROR "${DOCUMENT} shows no program")
  endif()
  set(${program_result} "${CMAKE_MATCH_1}\n" PARENT_SCOPE)
  set(text "${CMAKE_MATCH_2}")
  string(FIND "${text}" "\n```" at)
  string(SUBSTRING "${text}" ${at} -1 text)
  if(NOT text MATCHES "^\n```[a-z]*\n([^`]*)```")
    message(FATAL_ERROR "${DOCUMENT} does not show what the program prints")
  endif()
  set(${expected_result} "${CMAKE_MATCH_1}" PARENT_SCOPE)
endfunction()

function(new_user)
  read_example(program expected)
  file(WRITE "${FOLDER}/main.c" "${program}")
  separate_arguments(options UNIX_COMMAND "${OPTIONS}")
  run(${COMPILER} ${options} main.c)
  run_program("${expected}" ${PROGRAM})
endfunction()

# The lines of the block.
function(read_commands result)
  file(READ "${DOCUMENT}" text)
  foreach(n RANGE 1 ${BLOCK})
    if(NOT text MATCHES "\n```${LANGUAGE}\n([^`]*)\n```\n(.*)$")
      message(FATAL_ERROR "${DOCUMENT} has no block ${BLOCK} of ${LANGUAGE}")
    endif()
    set(commands "${CMAKE_MATCH_1}")
    set(text "\n${CMAKE_MATCH_2}")
  endforeach()
  string(REPLACE "\n" ";" commands "${commands}")
  set(${result} "${commands}" PARENT_SCOPE)
endfunction()

# What a download brings, out of this tree.
function(download command)
  string(REGEX MATCHALL "SOURCE/[a-z_/.]+" paths "${command}")
  list(LENGTH paths count)
  if(NOT command MATCHES "^curl([.]exe)?( -O SOURCE/[a-z_/.]+)+$" OR count EQUAL 0)
    message(FATAL_ERROR "what does this bring? ${command}")
  endif()
  file(GLOB there "${FOLDER}/*")
  file(REMOVE ${there})
  foreach(path IN LISTS paths)
    string(REPLACE "SOURCE" "${CMAKE_CURRENT_LIST_DIR}/../.." path "${path}")
    file(COPY "${path}" DESTINATION "${FOLDER}")
  endforeach()
endfunction()

# A program's command: on Windows the compiler may be another one than gcc, and something must run what it makes.
function(run_command command expected)
  if(LANGUAGE STREQUAL "sh" AND command MATCHES "^[.]/")
    run_program("${expected}" sh -c "${command}")
  elseif(LANGUAGE STREQUAL "sh")
    run(sh -c "${command}")
  elseif(command MATCHES "^[.]\\\\([a-z]+[.]exe)$")
    run_program("${expected}" "${FOLDER}/${CMAKE_MATCH_1}")
  else()
    separate_arguments(arguments UNIX_COMMAND "${command}")
    list(POP_FRONT arguments first)
    if(NOT first STREQUAL "gcc")
      message(FATAL_ERROR "who is ${first}?")
    endif()
    run(${COMPILER} ${arguments})
  endif()
endfunction()

function(commands)
  read_example(program expected)
  string(REPLACE "#define THREADING_IMPLEMENTATION\n" "" program "${program}")
  file(WRITE "${FOLDER}/main.c" "${program}")
  # C++ before C++20 has no keywords.
  string(REPLACE "threading_thread_t *thread = THREADING_MUST_SPAWN(work, \"hello\", .name = \"Worker\");"
    "threading_thread_options_t options = {};
    options.name = \"Worker\";
    threading_thread_t *thread;
    THREADING_MUST(threading_thread_spawn(work, const_cast<char *>(\"hello\"), &options, &thread));" program "${program}")
  file(WRITE "${FOLDER}/main.cpp" "${program}")
  read_commands(commands)
  foreach(command IN LISTS commands)
    if(command MATCHES "^curl")
      download("${command}")
    else()
      run_command("${command}" "${expected}")
    endif()
  endforeach()
endfunction()

function(cxx)
  if(NOT EXISTS "${FOLDER}/threading.c")
    write_implementation()
  endif()
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
  separate_arguments(options UNIX_COMMAND "${OPTIONS}")
  run(${CXX_COMPILER} ${options} main.cpp threading.o)
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

# Two functions of the program's are enough to see that nothing of it is taken for wrong.
set(user_of_the_header [=[
static threading_lock_t lock;

static void *work(void *arg)
{
    (void)threading_lock_acquire(&lock);
    THREADING_IGNORE(threading_lock_release(&lock));
    return arg;
}

int main(void)
{
    threading_thread_t *thread = threading_thread_new(work, NULL, NULL);
    int failed = threading_thread_start(thread) || threading_thread_join(thread);
    threading_thread_free(thread);
    return failed;
}
]=])

function(refused)
  separate_arguments(options UNIX_COMMAND "${OPTIONS}")
  if(KIND STREQUAL "implementation")
    file(WRITE "${FOLDER}/file" "#define THREADING_IMPLEMENTATION\n#include \"threading.h\"\n${user_of_the_header}")
  elseif(KIND STREQUAL "header")
    file(WRITE "${FOLDER}/file" "#include \"threading.h\"\n${user_of_the_header}")
  else()
    file(RENAME "${FOLDER}/threading.c" "${FOLDER}/file")
  endif()
  execute_process(COMMAND ${COMPILER} ${options} -I. -c file -o file.o WORKING_DIRECTORY "${FOLDER}"
    RESULT_VARIABLE result OUTPUT_VARIABLE told ERROR_VARIABLE told)
  string(REGEX MATCHALL "[:)] (fatal )?error[: ]" errors "${told}")
  list(LENGTH errors count)
  if(result STREQUAL "0" OR NOT count EQUAL 1)
    message(FATAL_ERROR "${count} errors, it ends with ${result}:\n${told}")
  endif()
  string(FIND "${told}" "${EXPECTED}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "it does not say: ${EXPECTED}\n${told}")
  endif()
endfunction()

# Links `source` with `others`: the linker must fail, and say what to do.
function(linker_says_what_to_do source)
  file(WRITE "${FOLDER}/main.c" "#include \"threading.h\"\n${source}")
  separate_arguments(options UNIX_COMMAND "${OPTIONS}")
  execute_process(COMMAND ${COMPILER} ${options} main.c ${ARGN} WORKING_DIRECTORY "${FOLDER}"
    RESULT_VARIABLE result OUTPUT_VARIABLE told ERROR_VARIABLE told)
  if(result STREQUAL "0" OR NOT told MATCHES "threading_define_THREADING_IMPLEMENTATION_in_exactly_one_c_file")
    message(FATAL_ERROR "${result}:\n${told}\n${source}")
  endif()
endfunction()

function(missing)
  separate_arguments(options UNIX_COMMAND "${OPTIONS}")
  linker_says_what_to_do("${user_of_the_header}")
  linker_says_what_to_do("#include <stdio.h>\nint main(void)\n{\n    return puts(threading_version());\n}\n")
  linker_says_what_to_do("static threading_lock_t lock;
int main(void)
{
    THREADING_WITH_LOCK(&lock)
        return 0;
    return 1;
}
")
  file(WRITE "${FOLDER}/main.c" "#include \"threading.h\"
struct counter {
    threading_lock_t lock;
    int count;
};
static struct counter counter;
int main(void)
{
    return counter.count;
}
")
  run(${COMPILER} ${options} -Wall -Wextra main.c)
  run_program("")
endfunction()

function(twice)
  write_implementation()
  file(COPY_FILE "${FOLDER}/threading.c" "${FOLDER}/again.c")
  linker_says_what_to_do("${user_of_the_header}" threading.c again.c)
endfunction()

function(folded)
  file(COPY "${CMAKE_CURRENT_LIST_DIR}/folded.c" DESTINATION "${FOLDER}")
  run(${COMPILER} -std=c11 -O2 -ffunction-sections folded.c -fuse-ld=${LINKER} -Wl,--icf=all -pthread)
  run_program("right\n")
endfunction()

cmake_language(CALL "${CASE}")
