# SPDX-License-Identifier: MIT
# Prints what is missing in CMakePresets.json: each configure preset has a build preset, and one for tests unless it has
# none or can only be built.
cmake_minimum_required(VERSION 3.21)

file(READ CMakePresets.json presets)

function(names kind result)
  set(found "")
  string(JSON count LENGTH "${presets}" ${kind})
  math(EXPR last "${count} - 1")
  foreach(i RANGE ${last})
    string(JSON name GET "${presets}" ${kind} ${i} name)
    string(JSON hidden ERROR_VARIABLE none GET "${presets}" ${kind} ${i} hidden)
    string(JSON parents ERROR_VARIABLE none GET "${presets}" ${kind} ${i} inherits)
    if(NOT hidden STREQUAL "ON")
      list(APPEND found "${name}")
      set(${name}_parents "${parents}" PARENT_SCOPE)
    endif()
  endforeach()
  set(${result} "${found}" PARENT_SCOPE)
endfunction()

names(configurePresets configured)
names(buildPresets built)
names(testPresets tested)

# The last, so that their parents are not overwritten by the presets of the other kinds.
names(configurePresets configured)
foreach(name IN LISTS configured)
  if(NOT name IN_LIST built)
    message("${name} has no build preset")
  endif()
  if(NOT name IN_LIST tested AND NOT name STREQUAL "release" AND NOT ${name}_parents STREQUAL "built")
    message("${name} has no test preset")
  endif()
endforeach()
