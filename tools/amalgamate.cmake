# SPDX-License-Identifier: MIT
# Writes single_include/threading.h, the library as one file, out of include/ and src/.
#
#     cmake -P tools/amalgamate.cmake              writes it
#     cmake -DCHECK=ON -P tools/amalgamate.cmake   fails if it is not what would be written
#
# The code is taken as it is, file by file: those that a file includes come before it. What is changed on the way: internal
# functions and objects, whose names begin with ti_, become static, include guards and repeated lines go, and internal
# macros are undefined at the end. That leans on the layout of the sources: declarations begin in the first column.
cmake_minimum_required(VERSION 3.21)
get_filename_component(root "${CMAKE_CURRENT_LIST_DIR}" DIRECTORY)
set(output "${root}/single_include/threading.h")
set(backends posix win32 c11)
set(rooms base parking sync thread tasks diagnosis process)

# What has been written so far is kept in a property, since functions that call themselves could not pass it on otherwise.
function(write text)
  set_property(GLOBAL APPEND_STRING PROPERTY text "${text}")
endfunction()

# Internal names of a file get internal linkage. It is static once, whatever it was.
function(make_static text result)
  string(REGEX REPLACE "\n([A-Za-z_][A-Za-z0-9_ *]*[ *]ti_[a-z0-9_]+(\\(|\\[| =|;))" "\nstatic \\1" text "${text}")
  string(REGEX REPLACE "\nstatic (extern|static) " "\nstatic " text "${text}")
  string(REGEX REPLACE "\nstatic ([A-Za-z0-9_ *]* static )" "\n\\1" text "${text}")
  string(REGEX REPLACE "\nstatic (typedef |struct ti_[a-z0-9_]+;)" "\n\\1" text "${text}")
  set(${result} "${text}" PARENT_SCOPE)
endfunction()

# What a file includes of ours, and its text without those lines, its licence, its include guard.
function(read_source path includes result)
  file(READ "${root}/${path}" text)
  string(REGEX MATCHALL "\n#include \"[a-z0-9_]+[.]h\"" lines "${text}")
  string(REGEX REPLACE "\n#include \"([a-z0-9_]+[.]h)\"" "\\1" lines "${lines}")
  string(REGEX REPLACE "\n#include \"[^\n]*" "" text "${text}")
  string(REGEX REPLACE "\n#define THREADING_NO_INLINE[^\n]*" "" text "${text}")
  string(REGEX REPLACE "^/[*] SPDX[^\n]*" "" text "${text}")
  if(text MATCHES "#ifndef TI_[A-Z0-9_]+_H\n")
    string(REGEX REPLACE "#ifndef TI_[A-Z0-9_]+_H\n#define TI_[A-Z0-9_]+_H\n" "" text "${text}")
    string(REGEX REPLACE "#endif\n$" "" text "${text}")
  endif()
  make_static("${text}" text)
  string(REGEX REPLACE "\n\n\n+" "\n\n" text "\n${text}")
  string(STRIP "${text}" text)
  set(${includes} "${lines}" PARENT_SCOPE)
  set(${result} "${text}\n" PARENT_SCOPE)
endfunction()

# A line of dashes that ends in a name.
function(write_heading name)
  string(LENGTH "${name}" length)
  math(EXPR dashes "103 - ${length}")
  string(REPEAT "-" ${dashes} dashes)
  write("\n/* ${dashes} ${name} */\n\n")
endfunction()

# The header that each backend has one of.
function(write_port_types)
  set(if "#if")
  foreach(backend IN LISTS backends)
    string(TOUPPER "${backend}" upper)
    write("\n${if} defined(THREADING_BACKEND_${upper})\n")
    write_source(src/${backend}/port_types.h)
    set(if "#elif")
  endforeach()
  write("\n#endif\n")
endfunction()

# A file, behind those of ours that it includes, unless it was written before.
function(write_source path)
  get_property(written GLOBAL PROPERTY written)
  if(path IN_LIST written)
    return()
  endif()
  set_property(GLOBAL APPEND PROPERTY written "${path}")
  read_source("${path}" includes text)
  get_filename_component(folder "${path}" DIRECTORY)
  foreach(name IN LISTS includes)
    if(name MATCHES "^threading(_sim)?[.]h$") # the public headers come first
      continue()
    elseif(name STREQUAL "port_types.h")
      write_port_types()
      continue()
    endif()
    file(GLOB in_core RELATIVE "${root}" "${root}/src/core/*/${name}")
    if(in_core)
      write_source(${in_core})
    else()
      write_source(${folder}/${name})
    endif()
  endforeach()
  write_heading("${path}")
  write("${text}")
endfunction()

# All files of a folder, in the order of their names.
function(write_all pattern)
  file(GLOB paths RELATIVE "${root}" "${root}/${pattern}")
  foreach(path IN LISTS paths)
    write_source(${path})
  endforeach()
endfunction()

# The public header as it is, and of its macros those that stand for functions: `inline_macros`, which are in the way where
# these functions are defined.
function(write_public_header)
  file(READ "${root}/include/threading.h" text)
  string(REGEX REPLACE "^/[*] SPDX[^\n]*\n" "" public "${text}")
  write_heading("include/threading.h")
  write("#if defined(THREADING_SIM) && !defined(THREADING_NO_INLINE)\n#define THREADING_NO_INLINE 1\n#endif\n\n${public}")
  file(READ "${root}/include/threading_sim.h" public)
  string(REGEX REPLACE "^/[*] SPDX[^\n]*\n" "" public "${public}")
  string(REPLACE "#include \"threading.h\"\n\n" "" public "${public}")
  write("\n#if defined(THREADING_SIM)\n")
  write_heading("include/threading_sim.h")
  write("${public}\n#endif /* THREADING_SIM */\n")
  set(macros "")
  while(text MATCHES "\n#if !defined[(]THREADING_NO_INLINE[)]\n(.*)$")
    set(text "${CMAKE_MATCH_1}")
    string(FIND "${text}" "#endif" end)
    string(SUBSTRING "${text}" 0 ${end} block)
    string(APPEND macros "${block}")
  endwhile()
  set(inline_macros "${macros}" PARENT_SCOPE)
endfunction()

# An #undef for each macro that the text defines and whose name begins so.
function(write_undefines text beginning)
  string(REGEX MATCHALL "# *define ${beginning}[A-Za-z0-9_]*" names "${text}")
  list(TRANSFORM names REPLACE "# *define " "")
  list(SORT names)
  list(REMOVE_DUPLICATES names)
  foreach(name IN LISTS names)
    write("#undef ${name}\n")
  endforeach()
endfunction()

# ------------------------------------------------------------------------------------------------- the file

file(STRINGS "${root}/LICENSE" copyright REGEX "^Copyright" LIMIT_COUNT 1)
write("/* SPDX-License-Identifier: MIT */\n/* ${copyright} */\n")
write([=[
/*
 * The threading library as one file: its public header, and behind THREADING_IMPLEMENTATION all of its code. Do not edit it:
 * tools/amalgamate.cmake writes it, out of the files that are named on the way.
 *
 * Every file that uses the library includes it. One C file of the program says before that
 *
 *     #define THREADING_IMPLEMENTATION
 *
 * and may be nothing but these two lines. In that file one of THREADING_BACKEND_POSIX, THREADING_BACKEND_WIN32 and
 * THREADING_BACKEND_C11 can be defined too; without, it is win32 on Windows and posix elsewhere. docs/vendoring.md tells more.
 */
#if defined(THREADING_IMPLEMENTATION)
#if defined(__cplusplus)
#error "threading: the implementation is C11; C++ files include this header without THREADING_IMPLEMENTATION"
#endif
#if defined(THREADING_BACKEND_POSIX) + defined(THREADING_BACKEND_WIN32) + defined(THREADING_BACKEND_C11) > 1
#error "threading: more than one backend was chosen"
#elif defined(THREADING_BACKEND_POSIX) || defined(THREADING_BACKEND_WIN32) || defined(THREADING_BACKEND_C11)
#elif defined(_WIN32)
#define THREADING_BACKEND_WIN32
#else
#define THREADING_BACKEND_POSIX
#endif
#endif

#if defined(THREADING_IMPLEMENTATION) && defined(THREADING_BACKEND_POSIX)
]=])
write_source(src/posix/posix_features.h)
write("\n#endif\n")
write_public_header()

write("\n#if defined(THREADING_IMPLEMENTATION) && !defined(THREADING_IMPLEMENTED_)\n#define THREADING_IMPLEMENTED_\n")
if(inline_macros)
  write("\n/* Here the functions themselves are defined. */\n")
  write_undefines("${inline_macros}" threading_)
endif()
write("#if defined(THREADING_SIM)\n#if !defined(THREADING_NO_DIAGNOSIS)\n#define THREADING_NO_DIAGNOSIS 1\n#endif\n")
write("#define TI_KEEPS_MEMORY false\n#endif\n")
write_source(src/core/base/port.h)
write_source(src/core/base/atomic.h)
write_source(src/core/base/faults.h)
write("\n#if !defined(THREADING_SIM) /* which has sim_memory.c */\n")
write_source(src/core/base/memory.c)
write("\n#endif\n")
foreach(backend IN LISTS backends)
  string(TOUPPER "${backend}" upper)
  write("\n#if defined(THREADING_BACKEND_${upper})\n")
  write_all(src/${backend}/*.h)
  write_all(src/${backend}/*.c)
  write("\n#endif /* THREADING_BACKEND_${upper} */\n")
endforeach()

# Sim stands around the core: in front of it come other names for what it calls, behind it the names go again.
write("\n#if defined(THREADING_SIM)\n")
write_source(src/sim/sim_core.h)
write("\n#endif /* THREADING_SIM */\n")
foreach(room IN LISTS rooms)
  write_all(src/core/${room}/*.h)
endforeach()
foreach(room IN LISTS rooms)
  write_all(src/core/${room}/*.c)
endforeach()
write("\n#if defined(THREADING_SIM)\n")
write_source(src/sim/sim_state.c)
foreach(header IN ITEMS atomic names)
  file(READ "${root}/src/sim/sim_${header}.h" text)
  write_undefines("${text}" "ti_")
  write_undefines("${text}" "threading_")
endforeach()
write_all(src/sim/*.h)
write_all(src/sim/*.c)
write("\n#endif /* THREADING_SIM */\n")

write_heading("the end")
get_property(text GLOBAL PROPERTY text)
write_undefines("${text}" TI_)
if(inline_macros)
  write("\n#if defined(THREADING_INLINE) && !defined(THREADING_NO_INLINE)\n${inline_macros}#endif\n")
endif()
write("\n#endif /* THREADING_IMPLEMENTATION */\n")

get_property(text GLOBAL PROPERTY text)
if(NOT CHECK)
  file(WRITE "${output}" "${text}")
  return()
endif()
set(found "")
if(EXISTS "${output}")
  file(READ "${output}" found)
endif()
if(NOT found STREQUAL text)
  message(FATAL_ERROR "single_include/threading.h is not what the sources make it: cmake -P tools/amalgamate.cmake writes it")
endif()
