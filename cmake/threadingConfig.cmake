# SPDX-License-Identifier: MIT
# Defines threading::threading, the static library, threading::threading_shared, and threading::sim, the library for tests, with
# threading::sim_tsan, for what is compiled with -fsanitize=thread, where there is that.
# The components `static`, `shared` and `sim` ask for one of them. Where only the shared one is installed,
# threading::threading is that.

set(threading_static_FOUND FALSE)
set(threading_shared_FOUND FALSE)
set(threading_sim_FOUND FALSE)

if(EXISTS "${CMAKE_CURRENT_LIST_DIR}/threadingStaticTargets.cmake" OR
    EXISTS "${CMAKE_CURRENT_LIST_DIR}/threadingSimTargets.cmake")
  if(NOT WIN32)
    include(CMakeFindDependencyMacro)
    find_dependency(Threads)
  endif()
endif()

if(EXISTS "${CMAKE_CURRENT_LIST_DIR}/threadingStaticTargets.cmake")
  include("${CMAKE_CURRENT_LIST_DIR}/threadingStaticTargets.cmake")
  set(threading_static_FOUND TRUE)
endif()

if(EXISTS "${CMAKE_CURRENT_LIST_DIR}/threadingSharedTargets.cmake")
  include("${CMAKE_CURRENT_LIST_DIR}/threadingSharedTargets.cmake")
  set(threading_shared_FOUND TRUE)
  if(NOT TARGET threading::threading)
    add_library(threading::threading ALIAS threading::threading_shared)
  endif()
endif()

if(EXISTS "${CMAKE_CURRENT_LIST_DIR}/threadingSimTargets.cmake")
  include("${CMAKE_CURRENT_LIST_DIR}/threadingSimTargets.cmake")
  set(threading_sim_FOUND TRUE)
endif()

foreach(threading_component IN LISTS threading_FIND_COMPONENTS)
  if(threading_FIND_REQUIRED_${threading_component} AND NOT threading_${threading_component}_FOUND)
    set(threading_FOUND FALSE)
    set(threading_NOT_FOUND_MESSAGE "there is no component '${threading_component}' of threading in ${CMAKE_CURRENT_LIST_DIR}")
  endif()
endforeach()
unset(threading_component)
