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

# A column whose code runs in another column in full need not do so much. CONTRIBUTING.md has the table.
#   full    every case
#   small   smaller loads, and no case that is marked as slow
#   sample  the same, and of the suites only those of the seam and these
set(THREADING_TEST_LOADS "full" CACHE STRING "full, small or sample")
set(threading_sample lock rlock dump condition semaphore event barrier rwlock once thread join race local queue future executor
  executor_for group
  timer stop errors)
if(THREADING_SANITIZE) # posix-tsan and posix-asan run all; what a sample adds is another way to wait
  set(threading_sample lock rlock condition semaphore event barrier rwlock thread queue executor stop)
endif()
if(CMAKE_C_COMPILER MATCHES "musl-gcc") # a C library differs in threads, forks and the end of the process
  list(APPEND threading_sample daemon exit_call exit_join exit_task foreign fork fork_handlers local_destroy lowlevel native
    processors rwlock_bias unload)
endif()
if(CMAKE_CROSSCOMPILING_EMULATOR) # which makes a process dear
  set(threading_sample lock condition thread race queue executor errors)
endif()
if(THREADING_TEST_SHARED) # for what reaches over the library's border: variables of threads, callbacks, text
  set(threading_sample lock rlock queue local thread executor timer errors dump)
endif()
if(EMSCRIPTEN) # each case is a process of node, and emcc is slow
  set(threading_sample lock thread queue executor errors)
endif()
if(CMAKE_CROSSCOMPILING_EMULATOR MATCHES "wine") # by far the dearest, and win32 runs all
  set(threading_sample lock condition thread queue executor errors)
endif()

# One process runs many cases, since to start one costs more than most cases do (tests/support/batch.c). Each case is a test by
# itself too, but only for `ctest -C Case`.
option(THREADING_TEST_BATCHES "A test of CTest is many cases of a suite" OFF)
set(threading_case_configurations "")
if(THREADING_TEST_BATCHES)
  set(threading_case_configurations CONFIGURATIONS Case)
endif()

# To look for leaks costs more than most cases do, and what a sample does is looked through by posix-asan.
set(leaks "detect_leaks=1")
if(THREADING_TEST_LOADS STREQUAL "sample")
  set(leaks "detect_leaks=0")
endif()
set(THREADING_TEST_ENVIRONMENT
  "ASAN_OPTIONS=halt_on_error=1:${leaks}:allocator_may_return_null=1"
  "UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1")
if(THREADING_TEST_SLOW OR NOT THREADING_TEST_LOADS STREQUAL "full")
  list(APPEND THREADING_TEST_ENVIRONMENT THREADING_TEST_SLOW=1)
endif()
if(CMAKE_CROSSCOMPILING_EMULATOR MATCHES "qemu")
  list(APPEND THREADING_TEST_ENVIRONMENT THREADING_TEST_EMULATED=1)
endif()

# The thread sanitizer looks at RLocks too. These tests do on purpose what it reports; no other test may.

# They take RLocks in orders that can deadlock, for somebody to be told of it.
set(threading_tests_of_deadlocks
  debug.refused_wait_is_told_with_its_ring
  deadlock_handler.first_64_of_a_long_ring_are_told
  deadlock_handler.foreign_threads_have_no_names
  deadlock_handler.handler_may_use_the_library
  deadlock_handler.long_names_of_objects_are_cut
  deadlock_handler.names_stay_during_the_call
  deadlock_handler.ring_of_three_rlocks
  deadlock_handler.ring_of_two_rlocks
  deadlock_handler.ring_with_a_lock_that_has_no_name
  deadlock_handler.rings_are_right_under_load
  deadlock_handler.rlocks_of_conditions_are_told_as_such
  deadlock_handler.what_the_handler_does_is_not_told
  rlock_deadlock.one_of_two_threads_that_wait_crosswise_is_told
  rlock_deadlock.one_of_three_threads_in_a_ring_is_told
  rlock_deadlock.one_of_five_threads_in_a_ring_is_told
  rlock_deadlock.one_of_two_foreign_threads_is_told
  rlock_deadlock.levels_and_the_spelling_forever_make_no_difference
  rlock_deadlock.whoever_is_told_backs_off_and_all_go_on
  rlock_deadlock.owner_that_came_after_the_wait_began_is_seen
  sim_primitives.rlocks_taken_crosswise_tell_one_and_let_the_other_on
  stop.who_heeds_no_more_is_told_of_deadlocks_again
  oracle.agrees_with_the_model oracle.agrees_with_cpython
  example.philosophers)

# One thread holds more of them than it can follow, which are 63, or frees the memory of as many that it holds.
set(threading_tests_of_many_rlocks
  rlock.memory_may_be_freed_once_acquired
  condition_rlock.memory_may_be_freed_once_acquired
  rlock.release_lets_on_only_waiters_of_that_lock
  condition_rlock.release_lets_on_only_waiters_of_that_lock
  condition.memory_may_be_freed_by_the_last_who_was_notified)

# They fork while other threads are at work. The locks with which the sanitizer watches the order of RLocks may be held at
# that time by a thread that the child does not have; one child in a thousand waited for ever for one.
set(threading_tests_of_forks "^fork\\.fork_while_(foreign_)?threads_")

# They init RLocks that are held, most of them for ever, since the owner has ended.
set(threading_tests_of_held_rlocks
  condition.init_frees_the_own_lock_of_a_held_condition
  condition.owner_that_ended_keeps_the_lock
  condition_rlock.init_frees_a_held_lock
  condition_rlock.owner_that_ended_leaves_it_locked_for_ever
  fork.rlock_of_a_vanished_thread_is_a_deadlock_until_init
  rlock.init_frees_a_held_lock
  rlock.owner_that_ended_leaves_it_locked_for_ever
  rlock_deadlock.all_who_wait_are_told_when_the_owner_ends
  rlock_deadlock.all_who_wait_are_told_when_a_foreign_owner_ends
  oracle.agrees_with_the_model oracle.agrees_with_cpython)

# Their bodies race on purpose, and leave RLocks held; sim has to tell of it.
set(threading_tests_of_races "^(sim_(bugs|run|verdicts|cxx)\\.|example\\.sim_balance$)")

# They unload a library that has thread-local variables. GCC 12's address sanitizer takes the first block of a page that holds
# such variables for one of glibc 2.19, reads a size out of what is before it, and the search for leaks reads there.
set(threading_tests_of_unloads "^unload_")

function(threading_test_environment name result)
  string(REPLACE "${THREADING_COLUMN}." "" test "${name}")
  set(environment ${THREADING_TEST_ENVIRONMENT})
  if(test MATCHES "${threading_tests_of_unloads}")
    list(TRANSFORM environment REPLACE "^ASAN_OPTIONS=" "ASAN_OPTIONS=intercept_tls_get_addr=0:")
  endif()
  # The fork tests start threads in the child; without die_after_fork=0 the sanitizer ends it.
  set(options "halt_on_error=1:second_deadlock_stack=1:die_after_fork=0")
  if(test IN_LIST threading_tests_of_deadlocks OR test IN_LIST threading_tests_of_many_rlocks
      OR test MATCHES "${threading_tests_of_forks}")
    string(APPEND options ":detect_deadlocks=0")
  endif()
  if(test IN_LIST threading_tests_of_held_rlocks)
    string(APPEND options ":report_destroy_locked=0")
  endif()
  if(test MATCHES "${threading_tests_of_races}")
    string(APPEND options ":report_bugs=0")
  endif()
  set(${result} ${environment} "TSAN_OPTIONS=${options}" PARENT_SCOPE)
endfunction()

# The properties that every test of a program has; `seconds` is its limit before scaling.
function(threading_test_properties name seconds)
  math(EXPR limit "${seconds} * ${THREADING_TEST_TIMEOUT_SCALE}")
  threading_test_environment(${name} environment)
  set_tests_properties(${name} PROPERTIES TIMEOUT ${limit} ENVIRONMENT "${environment}")
endfunction()

# A case passes when the program returns 0; 77 is skipped.
function(threading_case test program case seconds)
  add_test(NAME ${test} COMMAND ${program} ${case} ${ARGN})
  threading_test_properties(${test} ${seconds})
  set_tests_properties(${test} PROPERTIES SKIP_RETURN_CODE 77)
endfunction()

# An EXIT_CASE passes when the process ends with `code` and has printed `output`; a script compares.
function(threading_exit_case test program case seconds code output)
  math(EXPR limit "${seconds} * ${THREADING_TEST_TIMEOUT_SCALE}")
  add_test(NAME ${test} COMMAND "${CMAKE_COMMAND}"
    "-DEMULATOR=${CMAKE_CROSSCOMPILING_EMULATOR}" "-DPROGRAM=$<TARGET_FILE:${program}>" "-DCASE=${case}"
    "-DCODE=${code}" "-DOUTPUT=${output}" -DLIMIT=${limit}
    -P "${PROJECT_SOURCE_DIR}/tests/exit_case.cmake" ${ARGN})
  threading_test_properties(${test} ${seconds})
  # The script ends the program at the limit; CTest itself comes a little later, and only ends the script.
  math(EXPR limit "${limit} + 10")
  # What such a process leaves behind when it ends, it leaves on purpose: that is no leak.
  threading_test_environment(${test} environment)
  string(REPLACE "detect_leaks=1" "detect_leaks=0" environment "${environment}")
  set_tests_properties(${test} PROPERTIES TIMEOUT ${limit} SKIP_REGULAR_EXPRESSION "(^|\n)SKIP: "
    ENVIRONMENT "${environment}")
endfunction()

# Which batch of the suite a test is in: they share an environment, and so a process. The suite has `batch_count` of them, and
# each has `batch_environment_<number>`, and `batch_seconds_<number>` for all of its cases.
macro(threading_join_batch test)
  get_test_property(${test} ENVIRONMENT environment)
  set(batch 1)
  while(batch LESS_EQUAL batch_count AND NOT environment STREQUAL batch_environment_${batch})
    math(EXPR batch "${batch} + 1")
  endwhile()
  if(batch GREATER batch_count)
    set(batch_count ${batch})
    set(batch_environment_${batch} "${environment}")
    set(batch_size_${batch} 0)
  endif()
  math(EXPR batch_size_${batch} "${batch_size_${batch}} + 1")
endmacro()

# The tests that are batches; each case has `seconds`. CTest's own limit is for a batch in which every case hangs.
function(threading_batches suite program seconds)
  math(EXPR limit "${seconds} * ${THREADING_TEST_TIMEOUT_SCALE}")
  foreach(batch RANGE ${batch_count})
    if(batch EQUAL 0) # in no batch
      continue()
    endif()
    set(test "${THREADING_COLUMN}.${suite}.batch_${batch}")
    math(EXPR all "${limit} * ${batch_size_${batch}} + 60")
    add_test(NAME ${test} COMMAND ${program} --batch ${batch} ${limit} "${THREADING_COLUMN}.${suite}")
    set_tests_properties(${test} PROPERTIES TIMEOUT ${all} COST ${batch_size_${batch}}
      ENVIRONMENT "${batch_environment_${batch}}")
  endforeach()
endfunction()

# Reads the cases of `source`, makes each a test, and writes CASE_ENTRY or EXIT_ENTRY lines for the program's table.
# Text is taken off the front of the file, since lists of CMake cannot hold C's brackets and semicolons.
function(threading_suite_cases suite program source)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${source}")
  file(READ "${source}" text)
  set(arguments ",[ \n]*([0-9]+),[ \n]*\"([^\"]*)\"")
  set(heading "\n(EXIT_)?CASE\\(([a-z0-9_]+)(${arguments})?\\)([^{]*{[ \n]*(/\\* (slow|alone|fresh) \\*/)?)")
  string(REGEX MATCHALL "\n(EXIT_)?CASE\\(" beginnings "${text}")
  list(LENGTH beginnings expected)
  set(count 0)
  set(cases "")
  set(entries "")
  set(batch_count 0)
  while(text MATCHES "${heading}(.*)$")
    set(exit "${CMAKE_MATCH_1}")
    set(case "${CMAKE_MATCH_2}")
    set(code "${CMAKE_MATCH_4}")
    set(output "${CMAKE_MATCH_5}")
    set(after "${CMAKE_MATCH_6}")
    set(text "${CMAKE_MATCH_9}")
    math(EXPR count "${count} + 1")
    if(case IN_LIST cases) # written twice, in the branches of an #if
      continue()
    endif()
    list(APPEND cases "${case}")
    # Of what is stepped in these columns only the backend's part is new, and that shows in each call by itself. What becomes
    # of the memory then is the core's.
    if(THREADING_TEST_STEPS STREQUAL "some" AND suite MATCHES "^late_" AND case MATCHES "_becomes_")
      continue()
    endif()
    set(test "${THREADING_COLUMN}.${suite}.${case}")
    set(seconds 20)
    set(configurations "${threading_case_configurations}")
    if(after MATCHES "/\\* slow \\*/")
      set(seconds 120)
      set(configurations "")
    endif()
    if(after MATCHES "/\\* alone \\*/") # in no batch
      set(configurations "")
    endif()
    set(fresh false)
    if(after MATCHES "/\\* fresh \\*/") # in a batch, but with a process for itself
      set(fresh true)
    endif()
    set(batch 0)
    if(seconds EQUAL 20 OR THREADING_TEST_LOADS STREQUAL "full")
      if(exit)
        threading_exit_case(${test} ${program} ${case} ${seconds} "${code}" "${output}" ${configurations})
      else()
        threading_case(${test} ${program} ${case} ${seconds} ${configurations})
      endif()
      if(configurations)
        threading_join_batch(${test})
      elseif(seconds GREATER 20)
        # One at a time, and so from the beginning: what comes later should find others to run beside.
        set_tests_properties(${test} PROPERTIES RESOURCE_LOCK heavy COST 100)
      endif()
    endif()
    if(exit)
      string(APPEND entries "EXIT_ENTRY(${case}, ${batch}, ${code}, \"${output}\")\n")
    else()
      string(APPEND entries "CASE_ENTRY(${case}, ${batch}, ${fresh})\n")
    endif()
  endwhile()
  if(NOT count EQUAL expected OR count EQUAL 0)
    message(FATAL_ERROR "${source}: ${expected} lines begin with CASE( or EXIT_CASE(, but ${count} can be read.")
  endif()
  threading_batches(${suite} ${program} 20)
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/cases/${suite}.inc" CONTENT "${entries}" @ONLY)
endfunction()

# GNU's other linker takes half the time for programs with a sanitizer. The column posix has the usual one.
set(THREADING_GOLD "")
if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND NOT CMAKE_CROSSCOMPILING AND NOT THREADING_TEST_TREE
    AND CMAKE_C_COMPILER MATCHES "/(gcc|clang)$")
  find_program(THREADING_LD_GOLD ld.gold)
  if(THREADING_LD_GOLD)
    set(THREADING_GOLD ON)
  endif()
endif()

# What all code of the tests is compiled with.
function(threading_test_target target)
  threading_own_target(${target})
  if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang" AND NOT MSVC)
    # Compiling takes longer than running. One column is enough for the warnings that the optimiser finds. To optimise C++
    # takes three times as long as all else.
    if(THREADING_TEST_TREE)
      target_compile_options(${target} PRIVATE $<IF:$<COMPILE_LANGUAGE:CXX>,-O0,-O1>)
    else()
      target_compile_options(${target} PRIVATE -O0)
    endif()
    if(CMAKE_TOOLCHAIN_FILE MATCHES "/zig[.]cmake$")
      # What zig adds to code that is not optimised; not all of its targets have what that needs.
      target_compile_options(${target} PRIVATE -fno-stack-protector -fno-sanitize=undefined)
    endif()
  endif()
  if(THREADING_AS_MSVC) # not every suite calls all functions of the shared headers, and cl.exe has no attribute to say so
    target_compile_options(${target} PRIVATE -Wno-unused-function)
  endif()
  if(THREADING_GOLD)
    target_link_options(${target} PRIVATE -fuse-ld=gold)
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

# A program out of one file of cases, and its tests. `kind` is the folder it is in: conformance, fault, … A last argument is
# what the suites share, as built for that library.
function(threading_suite kind source library)
  set(support ${ARGN})
  if(NOT support)
    set(support conformance-support)
  endif()
  get_filename_component(suite "${source}" NAME_WE)
  set(program "${kind}-${suite}")
  add_executable(${program} "${source}" "${PROJECT_SOURCE_DIR}/tests/support/cases.c")
  threading_test_target(${program})
  if(NOT THREADING_TEST_TREE) # which looks at each file
    set_target_properties(${program} PROPERTIES UNITY_BUILD ON)
  endif()
  target_compile_definitions(${program} PRIVATE "CASES_FILE=\"${PROJECT_BINARY_DIR}/cases/${suite}.inc\"")
  target_link_libraries(${program} PRIVATE ${support} ${library})
  threading_suite_cases(${suite} ${program} "${source}")
endfunction()
