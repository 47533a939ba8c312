# SPDX-License-Identifier: MIT
# The library for tests by schedules: the core in one piece, with other names for what src/sim stands in front of, then the
# backend as it is, then src/sim.

if(THREADING_SINGLE) # the one file has it too
  set(sim_folder "${CMAKE_CURRENT_BINARY_DIR}/sim")
  string(TOUPPER "${THREADING_CHOSEN_BACKEND}" backend)
  file(CONFIGURE OUTPUT "${sim_folder}/threading_sim.c" @ONLY
    CONTENT "#define THREADING_IMPLEMENTATION\n#define THREADING_BACKEND_${backend}\n#include \"threading.h\"\n")
  file(CONFIGURE OUTPUT "${sim_folder}/threading_sim.h" CONTENT "#include \"threading.h\"\n" @ONLY)
  add_library(threading_sim STATIC EXCLUDE_FROM_ALL "${sim_folder}/threading_sim.c")
  add_library(threading::sim ALIAS threading_sim)
  target_include_directories(threading_sim PUBLIC "${threading_headers}" "${sim_folder}")
  target_compile_definitions(threading_sim PUBLIC THREADING_SIM)
  target_link_libraries(threading_sim PRIVATE ${threading_system_library})
  threading_own_target(threading_sim)
  return()
endif()

set(sim_core "${CMAKE_CURRENT_BINARY_DIR}/sim_core.c")
set(sim_includes "")
foreach(source IN LISTS threading_sources)
  if(source MATCHES "/src/core/" AND NOT source MATCHES "/memory[.]c$") # which sim_memory.c stands in front of
    string(APPEND sim_includes "#include \"${source}\"\n")
  endif()
endforeach()
file(CONFIGURE OUTPUT "${sim_core}" @ONLY
  CONTENT "#include \"sim_core.h\"\n${sim_includes}#include \"sim_state.c\"\n")

file(GLOB sim_sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/src/sim/*.c")
list(FILTER sim_sources EXCLUDE REGEX "/sim_state[.]c$") # a part of sim_core.c
set(sim_backend ${threading_sources})
list(FILTER sim_backend INCLUDE REGEX "/src/${THREADING_CHOSEN_BACKEND}/")

add_library(threading_sim_core OBJECT "${sim_core}")
add_library(threading_sim STATIC ${sim_sources} ${sim_backend} $<TARGET_OBJECTS:threading_sim_core>)
add_library(threading::sim ALIAS threading_sim)
foreach(target IN ITEMS threading_sim threading_sim_core)
  target_include_directories(${target} PUBLIC "$<BUILD_INTERFACE:${threading_headers}>"
    PRIVATE ${threading_private_headers} "${CMAKE_CURRENT_SOURCE_DIR}/src/sim")
  target_compile_definitions(${target} INTERFACE THREADING_NO_INLINE
    PRIVATE _DEFAULT_SOURCE THREADING_NO_DIAGNOSIS) # whose threads would be none of the run's
  threading_own_target(${target})
  if(THREADING_SANITIZE MATCHES "thread") # src/sim/sim_system.h tells why
    target_compile_options(${target} PRIVATE -fno-sanitize=thread)
    target_compile_definitions(${target} PRIVATE THREADING_TSAN=1)
  endif()
endforeach()
target_compile_definitions(threading_sim_core PRIVATE TI_KEEPS_MEMORY=false) # sim_memory.c does
target_link_libraries(threading_sim PRIVATE ${threading_system_library})
set_target_properties(threading_sim threading_sim_core PROPERTIES
  EXPORT_NAME sim C_VISIBILITY_PRESET hidden EXCLUDE_FROM_ALL $<NOT:$<BOOL:${THREADING_BUILD_SIM}>>)

# What code calls that was compiled with -fsanitize=thread: it is linked with this instead of with that sanitizer. The linker
# turns the program's calls of the C library over to it that touch memory, take it or give it back; sim_tsan_memory.c has them.
include(CheckSymbolExists)
check_symbol_exists(__GLIBC__ features.h THREADING_HAS_GLIBC) # with musl it crashes when it is loaded
if(THREADING_HAS_GLIBC AND CMAKE_SYSTEM_NAME STREQUAL "Linux" AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|aarch64|arm64)$" AND CMAKE_SIZEOF_VOID_P EQUAL 8
    AND NOT THREADING_SANITIZE MATCHES "thread")
  file(GLOB sim_tsan_sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/src/sim_tsan/*.c")
  add_library(threading_sim_tsan STATIC ${sim_tsan_sources})
  add_library(threading::sim_tsan ALIAS threading_sim_tsan)
  target_include_directories(threading_sim_tsan
    PRIVATE "${threading_headers}" ${threading_private_headers} "${CMAKE_CURRENT_SOURCE_DIR}/src/sim")
  target_compile_options(threading_sim_tsan INTERFACE -fsanitize=thread
    # GCC writes the code of these itself where the size is known, and says nothing of it; and who made a call that is the last
    # thing that a function does cannot be seen.
    -fno-builtin-memcpy -fno-builtin-memmove -fno-builtin-memset -fno-optimize-sibling-calls
    # Clang leaves out the read of what is written right after it, unless it is told not to.
    $<$<OR:$<COMPILE_LANG_AND_ID:C,Clang>,$<COMPILE_LANG_AND_ID:CXX,Clang>>:SHELL:-Xclang -mllvm -Xclang -tsan-instrument-read-before-write>)
  set(wrapped memcpy memmove memset malloc calloc realloc free aligned_alloc posix_memalign strdup
    _Znwm _Znam _ZnwmSt11align_val_t _ZnamSt11align_val_t)
  list(TRANSFORM wrapped PREPEND "LINKER:--wrap=")
  target_link_options(threading_sim_tsan INTERFACE ${wrapped})
  target_link_libraries(threading_sim_tsan INTERFACE threading_sim)
  set_target_properties(threading_sim_tsan PROPERTIES
    EXPORT_NAME sim_tsan C_VISIBILITY_PRESET hidden EXCLUDE_FROM_ALL $<NOT:$<BOOL:${THREADING_BUILD_SIM}>>)
  threading_own_target(threading_sim_tsan)
endif()
