# SPDX-License-Identifier: MIT
# What the compiler is told: sanitizers for everything, warnings for our own targets.

if(THREADING_SANITIZE)
  add_compile_options(-fsanitize=${THREADING_SANITIZE} -fno-omit-frame-pointer -g1) # reports need files and lines, no more
  add_link_options(-fsanitize=${THREADING_SANITIZE})
  if(THREADING_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()

# Nothing says that this is Clang, and <stddef.h> is like Microsoft's: the sources take the ways that are for cl.exe alone.
if(THREADING_AS_MSVC)
  add_compile_options(-U__clang__ -Wno-builtin-macro-redefined -D__max_align_t_defined)
endif()

set(THREADING_OWN_OPTIONS "")
set(THREADING_OWN_OPTIONS_C "")
set(THREADING_OWN_OPTIONS_CXX "")
if(MSVC) # or Clang in its clothes
  # That its C library has safer functions is no warning about portable code. The tests use <stdatomic.h>.
  set(THREADING_OWN_OPTIONS $<IF:$<C_COMPILER_ID:MSVC>,/W3,/W4> /utf-8 /D_CRT_SECURE_NO_WARNINGS
    $<$<C_COMPILER_ID:MSVC>:/experimental:c11atomics> $<$<BOOL:${THREADING_WERROR}>:/WX>)
elseif(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
  set(THREADING_OWN_OPTIONS
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Wvla
    -Wcast-qual -Wpointer-arith -Wwrite-strings -Wformat=2 -Wimplicit-fallthrough
    $<$<BOOL:${THREADING_WERROR}>:-Werror>)
  set(THREADING_OWN_OPTIONS_C -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition)
  set(THREADING_OWN_OPTIONS_CXX -Wold-style-cast -Woverloaded-virtual)
endif()

# The standard and the warnings of a target of this project. A project that builds the library as a part of its
# own does not see its warnings.
function(threading_own_target target)
  set_target_properties(${target} PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF
    CXX_STANDARD "${THREADING_CXX_STANDARD}" CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF)
  if(PROJECT_IS_TOP_LEVEL)
    target_compile_options(${target} PRIVATE ${THREADING_OWN_OPTIONS}
      "$<$<COMPILE_LANGUAGE:C>:${THREADING_OWN_OPTIONS_C}>" "$<$<COMPILE_LANGUAGE:CXX>:${THREADING_OWN_OPTIONS_CXX}>")
  endif()
endfunction()
