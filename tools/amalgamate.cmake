# SPDX-License-Identifier: MIT
# Writes the library as one file, single_include/threading.h, and as two, two_files/threading.h and two_files/threading.c,
# out of include/ and src/.
#
#     cmake -P tools/amalgamate.cmake              writes them
#     cmake -DCHECK=ON -P tools/amalgamate.cmake   fails if they are not what would be written
#
# The code is taken as it is, file by file: those that a file includes come before it. What is changed on the way: internal
# functions and objects, whose names begin with ti_, become static, include guards and repeated lines go, and internal
# macros are undefined at the end. That leans on the layout of the sources: declarations begin in the first column.
cmake_minimum_required(VERSION 3.21)
get_filename_component(root "${CMAKE_CURRENT_LIST_DIR}" DIRECTORY)
set(backends posix win32 c11)
set(rooms base parking sync thread tasks diagnosis process)

# What has been written so far is kept in a property, since functions that call themselves could not pass it on otherwise.
function(write text)
  set_property(GLOBAL APPEND_STRING PROPERTY text "${text}")
endfunction()

# Gives what has been written, and begins anew.
function(take result)
  get_property(text GLOBAL PROPERTY text)
  set_property(GLOBAL PROPERTY text "")
  set(${result} "${text}" PARENT_SCOPE)
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

# ------------------------------------------------------------------------------------------------- the parts

# What is wrong with the compiler or the choice of a backend is told by one #error and by nothing else: without
# THREADING_IMPLEMENTATION the code is left out, and THREADING_REFUSED_ has the header add no error of its own.
write([=[
#if defined(THREADING_IMPLEMENTATION)
#if defined(__cplusplus)
#error "threading: the implementation is C11, and this is compiled as C++: put it in a .c file, for a C compiler"
#define THREADING_REFUSED_
#elif defined(_MSC_VER) && !defined(__STDC_VERSION__)
#error "threading: the implementation is C11: compile with /std:c11"
#define THREADING_REFUSED_
#elif !defined(__STDC_VERSION__) || __STDC_VERSION__ < 201112L
#error "threading: the implementation is C11: compile with -std=c11 or newer"
#define THREADING_REFUSED_
#elif defined(THREADING_BACKEND_POSIX) + defined(THREADING_BACKEND_WIN32) + defined(THREADING_BACKEND_C11) > 1
#error "threading: more than one backend was chosen"
#define THREADING_REFUSED_
#elif defined(THREADING_BACKEND_POSIX) || defined(THREADING_BACKEND_WIN32) || defined(THREADING_BACKEND_C11)
#elif defined(_WIN32)
#define THREADING_BACKEND_WIN32
#else
#define THREADING_BACKEND_POSIX
#endif
#if defined(THREADING_REFUSED_)
#undef THREADING_IMPLEMENTATION
#endif
#endif

#if defined(THREADING_IMPLEMENTATION) && defined(THREADING_BACKEND_POSIX)
]=])
write_source(src/posix/posix_features.h)
write("\n#endif\n")
take(checks)

# Without an implementation in the program the linker says what is missing: src/single/needed.h.
write([=[

#if !defined(THREADING_IMPLEMENTATION)
#define threading_word_wake threading_define_THREADING_IMPLEMENTATION_in_exactly_one_c_file
#endif
]=])
take(needed_name)

write_public_header()
take(public)

write_source(src/single/needed.h)
take(needed)

write("\n#if defined(THREADING_IMPLEMENTATION) && !defined(THREADING_IMPLEMENTED_)\n#define THREADING_IMPLEMENTED_\n")
write("\n/* Here the functions themselves are defined. */\n")
write_undefines("${inline_macros}${needed_name}${needed}" threading_)
write("#if !defined(THREADING_SIM) /* which has no inline calls */\n")
write_source(src/single/needed.c)
write("#endif\n")
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
write_undefines("${checks}${text}" TI_)
write("\n#if defined(THREADING_INLINE) && !defined(THREADING_NO_INLINE)\n${inline_macros}#endif\n")
write("\n#endif /* THREADING_IMPLEMENTATION */\n")
take(code)

# ------------------------------------------------------------------------------------------------- the files

file(STRINGS "${root}/LICENSE" copyright REGEX "^Copyright" LIMIT_COUNT 1)
set(licence "/* SPDX-License-Identifier: MIT */\n/* ${copyright} */\n")

# Writes a file, or looks whether it is what would be written.
function(write_file path text)
  if(NOT CHECK)
    file(WRITE "${root}/${path}" "${text}")
    return()
  endif()
  set(found "")
  if(EXISTS "${root}/${path}")
    file(READ "${root}/${path}" found)
  endif()
  if(NOT found STREQUAL text)
    message(SEND_ERROR "${path} is not what the sources make it: cmake -P tools/amalgamate.cmake writes it")
  endif()
endfunction()

set(single [=[
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
]=])
set(header [=[
/*
 * The public header of the threading library, for threading.c, which has all of its code. Do not edit it:
 * tools/amalgamate.cmake writes it, out of the files that are named on the way.
 */
]=])
set(source [=[
/*
 * The code of the threading library; threading.h is its header. Do not edit it: tools/amalgamate.cmake writes it, out of the
 * files that are named on the way.
 *
 * Compile it as C11 and link it. One of THREADING_BACKEND_POSIX, THREADING_BACKEND_WIN32 and THREADING_BACKEND_C11 can be
 * defined; without, it is win32 on Windows and posix elsewhere. docs/vendoring.md tells what else can be defined.
 */
#if defined(__clang__) /* warns here of inline functions that not every configuration uses, and not in headers */
#pragma clang diagnostic ignored "-Wunused-function"
#endif
#if !defined(THREADING_IMPLEMENTATION)
#define THREADING_IMPLEMENTATION
#endif
]=])
# If the other form's header lies there, it brings the code along, and defines THREADING_IMPLEMENTED_.
write_file(single_include/threading.h "${licence}${single}${checks}${needed_name}${public}${needed}${code}")
write_file(two_files/threading.h "${licence}${header}${public}")
write_file(two_files/threading.c "${licence}${source}${checks}\n#include \"threading.h\"\n${code}")
