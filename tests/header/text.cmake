# SPDX-License-Identifier: MIT
# Reads the header's text. CHECK=includes: it includes nothing but three headers of the language.
# CHECK=version: its version is VERSION, that of the project.
cmake_minimum_required(VERSION 3.21)

file(READ "${HEADER}" text)

if(CHECK STREQUAL "includes")
  file(STRINGS "${HEADER}" includes REGEX "^[ \t]*#[ \t]*include")
  list(TRANSFORM includes STRIP)
  list(SORT includes)
  set(allowed "#include <stdbool.h>" "#include <stddef.h>" "#include <stdint.h>")
  if(NOT includes STREQUAL allowed)
    message(FATAL_ERROR "The header includes: ${includes}")
  endif()
elseif(CHECK STREQUAL "version")
  string(REGEX MATCHALL "[0-9]+" parts "${VERSION}")
  list(GET parts 0 major)
  list(GET parts 1 minor)
  list(GET parts 2 patch)
  foreach(line IN ITEMS "_MAJOR ${major}" "_MINOR ${minor}" "_PATCH ${patch}" " \"${VERSION}\"")
    string(FIND "${text}" "#define THREADING_VERSION${line}\n" at)
    if(at EQUAL -1)
      message(FATAL_ERROR "The header does not say: #define THREADING_VERSION${line}")
    endif()
  endforeach()
else()
  message(FATAL_ERROR "There is no check '${CHECK}'")
endif()
