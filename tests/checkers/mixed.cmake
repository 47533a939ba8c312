# SPDX-License-Identifier: MIT
# Compiles SOURCE with the options HALF and links it with LIBRARY, with the thread sanitizer: one half was built with it, the
# other without.

execute_process(COMMAND ${COMPILER} -std=c11 -g ${HALF} "-I${INCLUDE}" "${SOURCE}" -o "${OBJECT}" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${COMPILER} -fsanitize=thread "${OBJECT}" "${LIBRARY}" -o "${OBJECT}.program"
  RESULT_VARIABLE result ERROR_VARIABLE error)
message("${result}\n${error}")
