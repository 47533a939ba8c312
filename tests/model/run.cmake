# SPDX-License-Identifier: MIT
# Runs Spin over MODEL, compiled with DEFINITION, and looks for what is EXPECTED.

file(MAKE_DIRECTORY "${FOLDER}") # Spin writes a program there
execute_process(COMMAND "${SPIN}" ${DEFINITION} -run "${MODEL}" WORKING_DIRECTORY "${FOLDER}"
  OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE result)
if(NOT output MATCHES "${EXPECTED}")
  message(FATAL_ERROR "Spin ended with ${result}; not found: ${EXPECTED}\n${output}")
endif()
