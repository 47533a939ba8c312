# SPDX-License-Identifier: MIT
# Makes tests out of a file of cases (tests/support/conformance.h says how cases are written).

# A sanitizer or an emulator makes everything slower: longer limits and smaller loads.
set(slow_default OFF)
if(THREADING_SANITIZE OR CMAKE_CROSSCOMPILING_EMULATOR)
  set(slow_default ON)
endif()
option(THREADING_TEST_SLOW "Tests run slowly: let them use smaller loads" ${slow_default})
if(THREADING_TEST_SLOW)
  set(THREADING_TEST_TIMEOUT_SCALE 3 CACHE STRING "Multiplies the time limits of all tests")
else()
  set(THREADING_TEST_TIMEOUT_SCALE 1 CACHE STRING "Multiplies the time limits of all tests")
endif()

set(THREADING_TEST_ENVIRONMENT
  # The fork tests start threads in the child; without die_after_fork=0 the sanitizer ends it.
  # Cases take RLocks in orders that it reports, more of them at once than it can follow (63), and init those that
  # another thread has held for ever; tests/checkers/ runs with its own defaults.
  "TSAN_OPTIONS=halt_on_error=1:detect_deadlocks=0:report_destroy_locked=0:die_after_fork=0"
  "ASAN_OPTIONS=halt_on_error=1:detect_leaks=1:allocator_may_return_null=1"
  "UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1")
if(THREADING_TEST_SLOW)
  list(APPEND THREADING_TEST_ENVIRONMENT THREADING_TEST_SLOW=1)
endif()
if(CMAKE_CROSSCOMPILING_EMULATOR MATCHES "qemu")
  list(APPEND THREADING_TEST_ENVIRONMENT THREADING_TEST_EMULATED=1)
endif()

# The properties that every test of a program has; `seconds` is its limit before scaling.
function(threading_test_properties name seconds)
  math(EXPR limit "${seconds} * ${THREADING_TEST_TIMEOUT_SCALE}")
  set_tests_properties(${name} PROPERTIES TIMEOUT ${limit} ENVIRONMENT "${THREADING_TEST_ENVIRONMENT}")
endfunction()

# A case passes when the program returns 0; 77 is skipped.
function(threading_case test program case seconds)
  add_test(NAME ${test} COMMAND ${program} ${case})
  threading_test_properties(${test} ${seconds})
  set_tests_properties(${test} PROPERTIES SKIP_RETURN_CODE 77)
endfunction()

# An EXIT_CASE passes when the process ends with `code` and has printed `output`; a script compares.
function(threading_exit_case test program case seconds code output)
  math(EXPR limit "${seconds} * ${THREADING_TEST_TIMEOUT_SCALE}")
  add_test(NAME ${test} COMMAND "${CMAKE_COMMAND}"
    "-DEMULATOR=${CMAKE_CROSSCOMPILING_EMULATOR}" "-DPROGRAM=$<TARGET_FILE:${program}>" "-DCASE=${case}"
    "-DCODE=${code}" "-DOUTPUT=${output}" -DLIMIT=${limit}
    -P "${PROJECT_SOURCE_DIR}/tests/exit_case.cmake")
  threading_test_properties(${test} ${seconds})
  # The script ends the program at the limit; CTest itself comes a little later, and only ends the script.
  math(EXPR limit "${limit} + 10")
  # What such a process leaves behind when it ends, it leaves on purpose: that is no leak.
  string(REPLACE "detect_leaks=1" "detect_leaks=0" environment "${THREADING_TEST_ENVIRONMENT}")
  set_tests_properties(${test} PROPERTIES TIMEOUT ${limit} SKIP_REGULAR_EXPRESSION "(^|\n)SKIP: "
    ENVIRONMENT "${environment}")
endfunction()

# Reads the cases of `source`, makes each a test, and writes CASE_ENTRY(name) lines for the program's table.
# Text is taken off the front of the file, since lists of CMake cannot hold C's brackets and semicolons.
function(threading_suite_cases suite program source)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${source}")
  file(READ "${source}" text)
  set(arguments ",[ \n]*([0-9]+),[ \n]*\"([^\"]*)\"")
  set(heading "\n(EXIT_)?CASE\\(([a-z0-9_]+)(${arguments})?\\)([^{]*{[ \n]*(/\\* slow \\*/)?)")
  string(REGEX MATCHALL "\n(EXIT_)?CASE\\(" beginnings "${text}")
  list(LENGTH beginnings expected)
  set(count 0)
  set(cases "")
  set(entries "")
  while(text MATCHES "${heading}(.*)$")
    set(exit "${CMAKE_MATCH_1}")
    set(case "${CMAKE_MATCH_2}")
    set(code "${CMAKE_MATCH_4}")
    set(output "${CMAKE_MATCH_5}")
    set(after "${CMAKE_MATCH_6}")
    set(text "${CMAKE_MATCH_8}")
    math(EXPR count "${count} + 1")
    if(case IN_LIST cases) # written twice, in the branches of an #if
      continue()
    endif()
    list(APPEND cases "${case}")
    set(test "${THREADING_COLUMN}.${suite}.${case}")
    set(seconds 20)
    if(after MATCHES "/\\* slow \\*/")
      set(seconds 120)
    endif()
    if(exit)
      threading_exit_case(${test} ${program} ${case} ${seconds} "${code}" "${output}")
    else()
      threading_case(${test} ${program} ${case} ${seconds})
    endif()
    if(seconds GREATER 20)
      set_tests_properties(${test} PROPERTIES RESOURCE_LOCK heavy) # one at a time
    endif()
    string(APPEND entries "CASE_ENTRY(${case})\n")
  endwhile()
  if(NOT count EQUAL expected OR count EQUAL 0)
    message(FATAL_ERROR "${source}: ${expected} lines begin with CASE( or EXIT_CASE(, but ${count} can be read.")
  endif()
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/cases/${suite}.inc" CONTENT "${entries}" @ONLY)
endfunction()

# What all code of the tests is compiled with.
function(threading_test_target target)
  threading_own_target(${target})
  if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang" AND NOT MSVC)
    # Compiling takes longer than running. One column is enough for the warnings that the optimiser finds; what a sanitizer
    # adds runs too slowly without it.
    if(THREADING_TEST_TREE OR THREADING_SANITIZE)
      target_compile_options(${target} PRIVATE -O1)
    else()
      target_compile_options(${target} PRIVATE -O0)
    endif()
    if(CMAKE_TOOLCHAIN_FILE MATCHES "/zig[.]cmake$")
      # What zig adds to code that is not optimised; not all of its targets have what that needs.
      target_compile_options(${target} PRIVATE -fno-stack-protector -fno-sanitize=undefined)
    endif()
  endif()
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests/support")
  if(NOT WIN32)
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
  endif()
  # Not every compiler tells its sanitizers by a macro.
  if(THREADING_SANITIZE MATCHES "address")
    target_compile_definitions(${target} PRIVATE TEST_WITH_ADDRESS_SANITIZER)
  elseif(THREADING_SANITIZE MATCHES "thread")
    target_compile_definitions(${target} PRIVATE TEST_WITH_THREAD_SANITIZER)
  endif()
endfunction()

# A program out of one file of cases, and its tests. `kind` is the folder it is in: conformance, fault, …
function(threading_suite kind source library)
  get_filename_component(suite "${source}" NAME_WE)
  set(program "${kind}-${suite}")
  add_executable(${program} "${source}" "${PROJECT_SOURCE_DIR}/tests/support/cases.c")
  threading_test_target(${program})
  target_compile_definitions(${program} PRIVATE "CASES_FILE=\"${PROJECT_BINARY_DIR}/cases/${suite}.inc\"")
  target_link_libraries(${program} PRIVATE conformance-support ${library})
  threading_suite_cases(${suite} ${program} "${source}")
endfunction()
