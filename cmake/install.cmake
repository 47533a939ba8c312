# SPDX-License-Identifier: MIT
# What `cmake --install` copies, and how others find it there; docs/packaging.md tells all of it.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(threading_config_folder "${CMAKE_INSTALL_LIBDIR}/cmake/threading")

# The libraries, each with a file of its own that says how it is linked: installations of one kind do not disturb
# those of the other in the same place.
function(threading_install_library target kind)
  install(TARGETS ${target} EXPORT threading${kind}Targets
    RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT threading_runtime
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT threading_runtime
            NAMELINK_COMPONENT threading_development
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT threading_development
    INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  install(EXPORT threading${kind}Targets NAMESPACE threading::
    DESTINATION "${threading_config_folder}" COMPONENT threading_development)
endfunction()

# The kind that `-lthreading` finds comes last.
if(THREADING_BUILD_STATIC)
  threading_install_library(threading Static)
  set(threading_pkgconfig_target threading)
  set(threading_pkgconfig_define "")
endif()
if(THREADING_BUILD_SHARED)
  threading_install_library(threading_shared Shared)
  set(threading_pkgconfig_target threading_shared)
  set(threading_pkgconfig_define " -DTHREADING_SHARED")
endif()
if(THREADING_BUILD_SIM AND TARGET threading_sim)
  set(sim threading_sim)
  if(TARGET threading_sim_tsan)
    list(APPEND sim threading_sim_tsan)
  endif()
  threading_install_library("${sim}" Sim)
endif()
if(NOT THREADING_BUILD_STATIC AND NOT THREADING_BUILD_SHARED)
  message(FATAL_ERROR "THREADING_INSTALL is on, but neither THREADING_BUILD_STATIC nor THREADING_BUILD_SHARED is.")
endif()

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  COMPONENT threading_development FILES_MATCHING PATTERN "threading*.h" PATTERN "threading*.hpp")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT threading_runtime)
install(FILES "${PROJECT_SOURCE_DIR}/tools/gdb/threading-gdb.py" "${PROJECT_SOURCE_DIR}/tools/natvis/threading.natvis"
  DESTINATION "${CMAKE_INSTALL_DATADIR}/threading" COMPONENT threading_development)

# For find_package(). While the major version is 0, every minor version may break the interface.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/threadingConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_SOURCE_DIR}/cmake/threadingConfig.cmake" "${PROJECT_BINARY_DIR}/threadingConfigVersion.cmake"
  DESTINATION "${threading_config_folder}" COMPONENT threading_development)

# For pkg-config. All paths begin at the file's own place, so that the folder can be moved.
function(threading_pkgconfig_folder variable folder)
  if(IS_ABSOLUTE "${folder}")
    set(${variable} "${folder}" PARENT_SCOPE)
  else()
    set(${variable} "\${prefix}/${folder}" PARENT_SCOPE)
  endif()
endfunction()

if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(threading_pkgconfig_prefix "${CMAKE_INSTALL_PREFIX}")
else()
  file(RELATIVE_PATH way_up "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  string(REGEX REPLACE "/$" "" way_up "${way_up}")
  set(threading_pkgconfig_prefix "\${pcfiledir}/${way_up}")
endif()
threading_pkgconfig_folder(threading_pkgconfig_includedir "${CMAKE_INSTALL_INCLUDEDIR}")
threading_pkgconfig_folder(threading_pkgconfig_libdir "${CMAKE_INSTALL_LIBDIR}")

# What a program needs besides if it is linked statically, and if there is only the static library, always.
set(threading_pkgconfig_always "")
set(threading_pkgconfig_private "")
if(threading_system_library)
  set(threading_pkgconfig_private " -pthread")
endif()
if(NOT THREADING_BUILD_SHARED)
  set(threading_pkgconfig_always "${threading_pkgconfig_private}")
endif()
# Where --static comes without -static, a linker on Unix still takes the shared library: its header is right for both.
set(threading_pkgconfig_undefine "")
if(WIN32 AND THREADING_BUILD_SHARED)
  set(threading_pkgconfig_undefine " -UTHREADING_SHARED")
endif()

# The library's name may have a postfix, one for each configuration.
configure_file("${PROJECT_SOURCE_DIR}/cmake/threading.pc.in" "${PROJECT_BINARY_DIR}/threading.pc.in" @ONLY)
file(GENERATE OUTPUT "${PROJECT_BINARY_DIR}/pkgconfig/$<CONFIG>/threading.pc" INPUT "${PROJECT_BINARY_DIR}/threading.pc.in"
  TARGET ${threading_pkgconfig_target})
install(FILES "${PROJECT_BINARY_DIR}/pkgconfig/$<CONFIG>/threading.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig"
  COMPONENT threading_development)

# The manual pages, out of the header's comments.
option(THREADING_MAN "Make and install the manual pages" ${UNIX})
if(THREADING_MAN)
  set(threading_man "${CMAKE_COMMAND}" "-DHEADER=${PROJECT_SOURCE_DIR}/include/threading.h" -DVERSION=${PROJECT_VERSION}
    "-DFOLDER=${PROJECT_BINARY_DIR}/man" -P "${PROJECT_SOURCE_DIR}/cmake/man.cmake")
  add_custom_command(OUTPUT "${PROJECT_BINARY_DIR}/man/man7/threading.7" COMMAND ${threading_man} VERBATIM
    DEPENDS "${PROJECT_SOURCE_DIR}/include/threading.h" "${PROJECT_SOURCE_DIR}/cmake/man.cmake")
  add_custom_target(threading_man ALL DEPENDS "${PROJECT_BINARY_DIR}/man/man7/threading.7")
  install(DIRECTORY "${PROJECT_BINARY_DIR}/man/" DESTINATION "${CMAKE_INSTALL_MANDIR}" COMPONENT threading_development)
endif()
