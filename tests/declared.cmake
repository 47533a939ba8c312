# SPDX-License-Identifier: MIT

# Lists in `result` the functions that a header declares with THREADING_API. The name of a function is the last threading_…(
# before its semicolon: what follows are macros, in capitals.
function(threading_declared header result)
  file(READ "${header}" text)
  string(REGEX REPLACE "/[*]([^*]|[*]+[^*/])*[*]+/" "" text "${text}")
  set(declared "")
  while(text MATCHES "THREADING_API [^#;]*[ *\n](threading_[a-z0-9_]+)\\([^;]*;(.*)$")
    list(APPEND declared "${CMAKE_MATCH_1}")
    set(text "${CMAKE_MATCH_2}")
  endwhile()
  set(${result} "${declared}" PARENT_SCOPE)
endfunction()
