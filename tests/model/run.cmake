# SPDX-License-Identifier: MIT
# Runs Spin over the model of the release, with the fence or without, and looks at what it found.

set(definition -DFENCE)
set(expected "errors: 0")
if(CASE MATCHES "without_fence")
  set(definition "")
  set(expected "invalid end state.*errors: 1")
endif()
file(MAKE_DIRECTORY "${FOLDER}") # Spin writes a program there
execute_process(COMMAND "${SPIN}" ${definition} -run "${MODEL}" WORKING_DIRECTORY "${FOLDER}"
  OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE result)
if(NOT output MATCHES "${expected}")
  message(FATAL_ERROR "Spin ended with ${result}; not found: ${expected}\n${output}")
endif()
