# SPDX-License-Identifier: MIT
# The binary interface of the public header: what a program was compiled with, and a newer library has to keep. In abi-64.txt
# and the like are the size, the alignment and the fields of each struct, and the value of each enumerator; in abi-calls.txt
# the types of the calls.
#
#     cmake -DUPDATE=ON -P tests/header/abi.cmake     writes these files, after a change that is meant; it needs Clang
#
# As a test it compares what COMPILER makes of the header, with OPTIONS, with the file EXPECTED; FOLDER is for what lies
# between. Nothing is run, so it can be any processor's. All is read from the header, so there is no list to keep. The part of
# the header that is private is left out: it belongs to the static library of the same version.
cmake_minimum_required(VERSION 3.21)
get_filename_component(here "${CMAKE_CURRENT_LIST_FILE}" DIRECTORY)

# Runs the compiler on a file in FOLDER.
function(compile result)
  execute_process(COMMAND "${COMPILER}" ${OPTIONS} -std=c11 -ffreestanding ${ARGN} -o - WORKING_DIRECTORY "${FOLDER}"
    OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
  set(${result} "${text}" PARENT_SCOPE)
endfunction()

# The public part of the header as a file, and its text in one line without comments and macros.
function(read_header result)
  file(READ "${here}/../../include/threading.h" text)
  string(REGEX MATCH "\n \\* [0-9]+ Private\n" heading "${text}")
  string(FIND "${text}" "${heading}" at)
  string(SUBSTRING "${text}" 0 ${at} text)
  file(WRITE "${FOLDER}/public.h" "${text} */\n#endif\n")
  compile(text -U__clang__ -E -P public.h) # Clang's macros would leave attributes behind
  string(REGEX REPLACE "__attribute__\\(\\([a-z_]+\\)\\) ?" "" text "${text}")
  string(REGEX REPLACE "[ \t\r\n]+" " " text "${text}")
  set(${result} "${text}" PARENT_SCOPE)
endfunction()

# A line of C by which the compiler writes `text` into its assembly, with the constants in place of %c0, %c1, …
# Every assembler knows .ascii, and Clang is one.
function(say variable text)
  list(TRANSFORM ARGN REPLACE "(.+)" "\"i\"(\\1)" OUTPUT_VARIABLE operands)
  list(JOIN operands ", " operands)
  set(${variable} "${${variable}}    __asm__ volatile(\".ascii \\\"=${text}\\\"\" : : ${operands});\n" PARENT_SCOPE)
endfunction()

# `fields` is what stands between the braces of a struct.
function(say_fields variable struct fields)
  set(c "${${variable}}")
  string(REGEX REPLACE "{[^{}]*}" "" fields "${fields}")
  while(fields MATCHES "^ *([^;]+);(.*)$")
    set(field "${CMAKE_MATCH_1}")
    set(fields "${CMAKE_MATCH_2}")
    string(REGEX REPLACE "\\(\\*([a-z_]+)\\)\\([^()]*\\)$" " \\1" name "${field}") # a pointer to a function
    if(name MATCHES "^[^,()]*[ *]([a-z_]+)(\\[[0-9]+\\])?$")
      set(name "${CMAKE_MATCH_1}")
      say(c "    at %c0: ${name}, size %c1" "offsetof(struct ${struct}, ${name})" "sizeof(((struct ${struct} *)0)->${name})")
    else()
      message(FATAL_ERROR "struct ${struct}: this field cannot be read: ${field}")
    endif()
  endwhile()
  set(${variable} "${c}" PARENT_SCOPE)
endfunction()

function(say_structs variable text)
  set(c "${${variable}}")
  while(text MATCHES "struct (threading_[a-z_]+) {(.*)$")
    set(struct "${CMAKE_MATCH_1}")
    set(text "${CMAKE_MATCH_2}") # what is inside may be a struct as well
    if(struct STREQUAL "threading_thread_keywords") # for inline calls only
      continue()
    endif()
    string(REGEX MATCH "^([^{}]|{[^{}]*})*}" fields "${text}")
    say(c "struct ${struct}: size %c0, alignment %c1" "sizeof(struct ${struct})" "_Alignof(struct ${struct})")
    string(REGEX REPLACE "}$" "" fields "${fields}")
    say_fields(c ${struct} "${fields}")
  endwhile()
  set(${variable} "${c}" PARENT_SCOPE)
endfunction()

function(say_enumerations variable text)
  set(c "${${variable}}")
  while(text MATCHES "enum (threading_[a-z_]+ )?{([^{}]*)}(.*)$")
    set(enumeration "enum ${CMAKE_MATCH_1}")
    set(names "${CMAKE_MATCH_2}")
    set(text "${CMAKE_MATCH_3}")
    string(REGEX MATCHALL "THREADING_[A-Z0-9_]+" names "${names}")
    if(enumeration STREQUAL "enum ")
      say(c "enum without a name: size %c0" "sizeof(int)")
    else()
      string(STRIP "${enumeration}" enumeration)
      say(c "${enumeration}: size %c0" "sizeof(${enumeration})")
    endif()
    foreach(name IN LISTS names)
      say(c "    ${name} = %c0" ${name})
    endforeach()
  endwhile()
  set(${variable} "${c}" PARENT_SCOPE)
endfunction()

# The layout, as the compiler has it.
function(layout result)
  read_header(text)
  set(c "")
  say_structs(c "${text}")
  say_enumerations(c "${text}")
  file(WRITE "${FOLDER}/layout.c" "#include \"public.h\"\nvoid layout(void);\nvoid layout(void)\n{\n${c}}\n")
  compile(assembly -S layout.c)
  string(REGEX MATCHALL "\"=[^\"]+" lines "${assembly}")
  list(TRANSFORM lines REPLACE "^\"=" "")
  list(JOIN lines "\n" lines)
  set(${result} "${lines}\n" PARENT_SCOPE)
endfunction()

# The calls, and the types of functions that they take: one a line, in the header's order.
function(calls result)
  read_header(text)
  string(REGEX REPLACE "{[^{}]*}" "" text "${text}") # of what is in a struct
  string(REGEX REPLACE "{[^{}]*}" "" text "${text}")
  set(lines "")
  foreach(declaration IN LISTS text)
    string(STRIP "${declaration}" declaration)
    if(declaration MATCHES "threading_[a-z0-9_]+\\)?\\(")
      string(APPEND lines "${declaration}\n")
    endif()
  endforeach()
  set(${result} "${lines}" PARENT_SCOPE)
endfunction()

if(UPDATE)
  find_program(COMPILER clang REQUIRED)
  set(FOLDER "${here}/../../build/abi")
  file(MAKE_DIRECTORY "${FOLDER}")
  foreach(kind IN ITEMS 64=x86_64-linux-gnu 32=armv7-linux-gnueabihf 32-linux-x86=i386-linux-gnu)
    string(REGEX MATCH "^(.*)=(.*)$" kind "${kind}")
    set(kind "${CMAKE_MATCH_1}")
    set(OPTIONS --target=${CMAKE_MATCH_2})
    layout(text)
    file(WRITE "${here}/abi-${kind}.txt" "${text}")
  endforeach()
  calls(text)
  file(WRITE "${here}/abi-calls.txt" "${text}")
  return()
endif()

file(MAKE_DIRECTORY "${FOLDER}")
get_filename_component(name "${EXPECTED}" NAME)
if(name STREQUAL "abi-calls.txt")
  calls(found)
else()
  layout(found)
endif()
file(READ "${EXPECTED}" expected)
if(found STREQUAL expected)
  string(REGEX MATCHALL "\n" lines "${found}")
  list(LENGTH lines count)
  message("${count} lines")
  return()
endif()
file(WRITE "${FOLDER}/${name}" "${found}")
execute_process(COMMAND diff "${EXPECTED}" "${FOLDER}/${name}")
message(FATAL_ERROR "The binary interface is not as in ${EXPECTED} (docs/versioning.md says what may change). If that is meant: "
  "cmake -DUPDATE=ON -P tests/header/abi.cmake")
