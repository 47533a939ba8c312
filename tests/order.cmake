# SPDX-License-Identifier: MIT
cmake_minimum_required(VERSION 3.21)
# Runs the quick cases of some suites (their sources in TESTS, their programs in SUITES) and the examples (EXPECTED says what
# they are called with, their programs are in EXAMPLES), each within LIMIT seconds, with their locks watched:
# THREADING_DEBUG=order. Fails if a possible deadlock is told of a case or an example that does not mean it. How it ends is
# not looked at: it has a test of its own.

set(suites as_completed barrier condition_rlock condition_wait_for event executor executor_map fork_handlers future
  future_callback local lock once queue queue_life queue_shutdown rlock rwlock rwlock_with semaphore stop stop_tasks thread
  timer wait wait_any with)

# These take locks in both orders on purpose, or use a Lock as a gate.
set(meant
  condition_rlock.of_a_ring_of_two_one_is_told
  lock.cycle_of_plain_locks_waits_for_anyone_to_release
  rwlock.lock_is_handed_to_the_waiting_writer
  "stop[.]ring_.*"
  stop.who_heeds_no_more_is_told_of_deadlocks_again
  example.philosophers
  "example.(cxx_)?tour"
  example.deadlock_report)
list(JOIN meant "|" meant)

set(ENV{THREADING_DEBUG} order)
set(ENV{THREADING_TEST_SLOW} 1)
set(count 0)
set(told 0)

# Run a program, with what follows its name and its file.
macro(watch name)
  execute_process(COMMAND ${ARGN} TIMEOUT ${LIMIT} RESULT_VARIABLE ended OUTPUT_VARIABLE output ERROR_VARIABLE report)
  math(EXPR count "${count} + 1")
  if("${output}${report}" MATCHES "threading: possible deadlock")
    math(EXPR told "${told} + 1")
    if(NOT "${name}" MATCHES "^(${meant})$")
      message("${name}:\n${report}")
      set(failed TRUE)
    endif()
  endif()
endmacro()

foreach(suite IN LISTS suites)
  file(READ "${TESTS}/${suite}.c" text)
  string(REGEX MATCHALL "CASE[(][a-z0-9_]+[^\n]*\n{\n    /[*] slow" slow "${text}")
  list(TRANSFORM slow REPLACE "CASE[(]([a-z0-9_]+).*" "\\1")
  execute_process(COMMAND "${SUITES}/conformance-${suite}" OUTPUT_VARIABLE cases)
  string(REGEX MATCHALL "[a-z0-9_]+" cases "${cases}")
  list(REMOVE_ITEM cases ${slow} "")
  foreach(case IN LISTS cases)
    watch("${suite}.${case}" "${SUITES}/conformance-${suite}" ${case})
  endforeach()
endforeach()

file(GLOB examples "${EXPECTED}/*.txt")
foreach(example IN LISTS examples)
  get_filename_component(name "${example}" NAME_WE)
  file(STRINGS "${example}" arguments REGEX "^# args: " LIMIT_COUNT 1)
  string(REGEX REPLACE "^# args: " "" arguments "${arguments}")
  separate_arguments(arguments UNIX_COMMAND "${arguments}")
  if(EXISTS "${EXAMPLES}/${name}")
    watch("example.${name}" "${EXAMPLES}/${name}" ${arguments})
  endif()
endforeach()

if(count LESS 100 OR told EQUAL 0)
  message(FATAL_ERROR "only ${count} programs were run, of which ${told} told of an order")
endif()
if(failed)
  message(FATAL_ERROR "an order was told that nobody means")
endif()
message("${count} cases and examples, ${told} of which mean to take locks in both orders")
