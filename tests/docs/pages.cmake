# SPDX-License-Identifier: MIT
cmake_minimum_required(VERSION 3.21)
# Looks at the web pages in FOLDER: with the program LINKS for dead links, for Markdown that was not understood, and at what the
# first page and the search need.
set(wrong "")

file(GLOB pages RELATIVE "${FOLDER}" "${FOLDER}/*.html")
execute_process(COMMAND "${LINKS}" ${pages} WORKING_DIRECTORY "${FOLDER}" RESULT_VARIABLE code)
if(NOT code STREQUAL 0)
  string(APPEND wrong "there are dead links\n")
endif()

# Raw backticks in a link's text, and a link that stayed as it was.
foreach(page IN LISTS pages)
  if(page MATCHES "^(page_|index|group__)")
    file(STRINGS "${FOLDER}/${page}" lines REGEX "<a [^>]*>[^<]*`|\\]\\([^)]*(\\.md|\\.html|<a )")
    foreach(line IN LISTS lines)
      string(APPEND wrong "${page} has Markdown in it: ${line}\n")
    endforeach()
  endif()
endforeach()

function(must_have page)
  if(NOT EXISTS "${FOLDER}/${page}")
    set(wrong "${wrong}there is no ${page}\n" PARENT_SCOPE)
    return()
  endif()
  file(READ "${FOLDER}/${page}" text)
  foreach(part IN LISTS ARGN)
    string(FIND "${text}" "${part}" at)
    if(at LESS 0)
      string(APPEND wrong "${page} lacks ${part}\n")
    endif()
  endforeach()
  set(wrong "${wrong}" PARENT_SCOPE)
endfunction()

must_have(index.html "find.js" ">import</span> threading" "#define THREADING_IMPLEMENTATION" "src=\"hang.svg\"" "src=\"overview.svg\""
  "page_guide_python.html" "page_vendoring.html" "group__manual.html" "examples.html")
must_have(group__section__06.html "src=\"thread-states.svg\"" "group__section__05.html" "group__section__07.html")
must_have(menudata.js "page_guide_python.html" "group__section__07.html")
must_have(search/searchdata.js "indexSectionsWithContent")
must_have(search/headings.js "page_design.html#page_design__the_parking_lot" "tour_8c-example.html")

if(wrong)
  message(FATAL_ERROR "${wrong}")
endif()
