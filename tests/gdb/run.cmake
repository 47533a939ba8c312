# SPDX-License-Identifier: MIT
# Has GDB stop PROGRAM in known_state(), ask SCRIPT for everything, and write a core file; then asks the core file. What is said
# both times, but for addresses and the numbers of threads, must be what is in EXPECTED.

set(questions -ex "output threading_fence_kind" -ex "echo <begin>\\n" -ex "threading threads")
foreach(expression IN ITEMS lock rlock condition event semaphore bounded barrier once rwlock often_read stop *queue *executor *idle *done *running *pending owner)
  list(APPEND questions -ex "threading show ${expression}")
endforeach()
list(APPEND questions -ex "output lock" -ex "echo \\n<end>\\n")
set(gdb "${GDB}" -nx -batch -iex "set debuginfod enabled off" -iex "set style enabled off" -ex "source ${SCRIPT}")

function(compare what output)
  if(output MATCHES "ptrace: |Could not trace|Python scripting is not supported")
    message("SKIP: this gdb cannot run a program here, or has no Python")
    return()
  endif()
  file(READ "${EXPECTED}" expected)
  if(output MATCHES "1<begin>") # TI_FENCE_NONE: then no lock is biased, and of who has ended no note is kept
    string(REGEX REPLACE "biased, (read by [^\n]*), a thread that has ended \\([0-9]+\\)" "\\1" expected "${expected}")
  endif()
  string(REGEX REPLACE ".*<begin>\n(.*)<end>.*" "\\1" output "${output}")
  string(REGEX REPLACE ", thread [0-9]+ of gdb" "" output "${output}")
  string(REGEX REPLACE "0x[0-9a-f][0-9a-f][0-9a-f][0-9a-f]+" "ADDRESS" output "${output}")
  if(NOT output STREQUAL expected)
    message("${output}expected was:\n${expected}")
    message(FATAL_ERROR "${what} gives something else")
  endif()
endfunction()

set(core "${CMAKE_CURRENT_BINARY_DIR}/waiting.core")
file(REMOVE "${core}")
execute_process(COMMAND ${gdb} -ex "break known_state" -ex run ${questions} -ex "generate-core-file ${core}" -ex kill "${PROGRAM}"
  OUTPUT_VARIABLE output ERROR_VARIABLE output)
compare("the process" "${output}")
if(EXISTS "${core}")
  execute_process(COMMAND ${gdb} ${questions} "${PROGRAM}" "${core}" OUTPUT_VARIABLE output ERROR_VARIABLE output)
  compare("the core file" "${output}")
  file(REMOVE "${core}")
endif()
