# SPDX-License-Identifier: MIT
# Checks FILE; what the library keeps to its .c files is taken from there into natvis.h.

function(take source name)
  file(GLOB path "${ROOT}/src/core/*/${source}")
  file(READ "${path}" text)
  if(NOT text MATCHES "\n((typedef )?struct ${name} {.*)$")
    message(FATAL_ERROR "src/core/${source} has no struct ${name}")
  endif()
  set(text "${CMAKE_MATCH_1}")
  string(FIND "${text}" "\n}" end)
  string(SUBSTRING "${text}" 0 ${end} text)
  string(REGEX REPLACE "^typedef " "" text "${text}")
  string(REPLACE "char storage[]" "char storage[1]" text "${text}") # C++ has no such arrays
  file(APPEND "${FOLDER}/natvis.h" "${text}\n};\n")
endfunction()

file(MAKE_DIRECTORY "${FOLDER}")
file(WRITE "${FOLDER}/natvis.h" "#include \"threading.h\"\nstruct ti_port_thread { int native; };\nenum ti_kind { TI_NONE };\nenum { TI_APART = 1 };\n")
take(thread.h ti_name)
take(thread.h threading_thread)
take(queue.h threading_queue)
take(future.h threading_future)
take(tasks.h ti_task)
take(tasks.h ti_slots)
take(tasks.h ti_tasks)
take(executor.h ti_worker)
take(executor.h threading_executor)
execute_process(COMMAND "${PYTHON}" "${ROOT}/tests/natvis/check.py" "${ROOT}/tools/natvis/threading.natvis"
  OUTPUT_FILE "${FOLDER}/check.cpp" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${CXX}" -std=c++11 -fsyntax-only -I "${ROOT}/include" -I "${FOLDER}" "${FOLDER}/check.cpp"
  COMMAND_ERROR_IS_FATAL ANY)
