# SPDX-License-Identifier: MIT
cmake_minimum_required(VERSION 3.21)
# Plays COUNT scenarios twice, compares, and makes the first one that differs as small as it can.
#
#     cmake -DORACLE=… -DPLAYER=… -DEMULATOR=… -DREFERENCE=model|python -DPYTHON=… -DSEED=… -DCOUNT=…
#           -DLIMIT=seconds -DWORK=folder [-DLIES=lie] -P run.cmake
#
# The scenarios follow from SEED, which the environment variable THREADING_ORACLE_SEED takes the place of;
# "time" is a new one each time.

if(DEFINED ENV{THREADING_ORACLE_SEED})
  set(SEED "$ENV{THREADING_ORACLE_SEED}")
endif()
if(SEED STREQUAL "time")
  string(TIMESTAMP SEED "%s")
endif()
set(python "")
if(REFERENCE STREQUAL "python")
  set(python python)
endif()
file(MAKE_DIRECTORY "${WORK}")

# Programs write to files, never to pipes: what an emulator leaves running would keep a pipe open.

# A verb of the oracle, from file to file. The code is 0, or 1 from `differ` alone.
function(oracle input output result)
  execute_process(COMMAND ${EMULATOR} "${ORACLE}" ${ARGN} WORKING_DIRECTORY "${WORK}"
    INPUT_FILE "${WORK}/${input}" OUTPUT_FILE "${WORK}/${output}" RESULT_VARIABLE code ERROR_FILE "${WORK}/errors.txt")
  file(READ "${WORK}/errors.txt" errors)
  if(NOT code MATCHES "^[01]$")
    message(FATAL_ERROR "oracle ${ARGN}: '${code}'\n${errors}")
  endif()
  set(${result} "${code}" PARENT_SCOPE)
  set(what_differs "${errors}" PARENT_SCOPE)
endfunction()

# Plays scripts.txt for `limit` seconds at most, and no step for longer than `hang`. How it went is in the
# transcript, and in `errors` what was said about it.
function(play who transcript limit hang result)
  if(who STREQUAL "model")
    set(command ${EMULATOR} "${ORACLE}" expect)
  elseif(who STREQUAL "python")
    set(command "${PYTHON}" "${CMAKE_CURRENT_LIST_DIR}/player.py" ${hang})
  else()
    set(command ${EMULATOR} "${PLAYER}" ${hang} ${LIES})
  endif()
  execute_process(COMMAND ${command} WORKING_DIRECTORY "${WORK}" TIMEOUT ${limit}
    INPUT_FILE "${WORK}/scripts.txt" OUTPUT_FILE "${WORK}/${transcript}" ERROR_FILE "${WORK}/errors.txt"
    RESULT_VARIABLE code)
  file(READ "${WORK}/errors.txt" errors LIMIT 10000)
  set(${result} "${code}" PARENT_SCOPE)
  set(errors "${errors}" PARENT_SCOPE)
endfunction()

# Plays scripts.txt with both; the first scenario that differs is then in differs.txt.
function(compare limit hang result)
  play("${REFERENCE}" reference.txt ${limit} ${hang} reference_code)
  play(player player.txt ${limit} ${hang} player_code)
  oracle(scripts.txt differs.txt differ differ scripts.txt reference.txt player.txt)
  if(NOT differ AND NOT (reference_code EQUAL 0 AND player_code EQUAL 0))
    message(FATAL_ERROR "the transcripts agree, but the players ended with '${reference_code}' and "
      "'${player_code}':\n${errors}")
  endif()
  set(${result} ${differ} PARENT_SCOPE)
  set(what_differs "${what_differs}" PARENT_SCOPE)
  set(errors "${errors}" PARENT_SCOPE)
endfunction()

file(WRITE "${WORK}/nothing.txt" "")
oracle(nothing.txt scripts.txt code generate ${SEED} ${COUNT} ${python})
compare(${LIMIT} 20 differ)
if(NOT differ)
  message("${COUNT} scenarios from seed ${SEED}: the ${REFERENCE} and the library agree")
  return()
endif()
message("seed ${SEED}, ${COUNT} scenarios: the ${REFERENCE} and the library differ\n${what_differs}${errors}")

# A round takes the scenario apart, plays it without each part in turn, and goes on with the first that still differs.
# When none does the parts become smaller, down to single steps.
math(EXPR round_limit "${LIMIT} / 6")
set(parts 1)
set(steps 1)
while(parts LESS_EQUAL steps)
  file(COPY_FILE "${WORK}/differs.txt" "${WORK}/smallest.txt")
  oracle(smallest.txt scripts.txt code shrink ${parts})
  compare(${round_limit} 3 differ)
  if(NOT differ)
    file(COPY_FILE "${WORK}/smallest.txt" "${WORK}/differs.txt")
    math(EXPR parts "${parts} * 2")
  endif()
  file(STRINGS "${WORK}/differs.txt" lines)
  list(LENGTH lines steps)
endwhile()
file(COPY_FILE "${WORK}/differs.txt" "${WORK}/smallest.txt")

file(COPY_FILE "${WORK}/smallest.txt" "${WORK}/scripts.txt")
compare(${round_limit} 3 differ)
file(READ "${WORK}/smallest.txt" script)
file(READ "${WORK}/reference.txt" reference)
file(READ "${WORK}/player.txt" player)
message("${what_differs}The smallest scenario (${WORK}/smallest.txt):\n${script}\nThe ${REFERENCE}:\n${reference}\n"
  "The library:\n${player}")
if(NOT differ)
  message("Played alone it does not differ each time.")
endif()
message(FATAL_ERROR "the ${REFERENCE} and the library differ")
