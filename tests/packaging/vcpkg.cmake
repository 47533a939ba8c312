# SPDX-License-Identifier: MIT
# Runs the port with functions that do what vcpkg's of these names do, as far as the port can notice: a release and, unless
# VCPKG_BUILD_TYPE is release, a debug build, of one LINKAGE; and the configuration files moved to share/.
cmake_minimum_required(VERSION 3.21)

set(PORT threading)
set(CURRENT_PACKAGES_DIR "${PACKAGES}")
set(trees "${PACKAGES}-trees")

function(vcpkg_cmake_configure)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" SOURCE_PATH OPTIONS)
  set(shared OFF)
  if(LINKAGE STREQUAL "dynamic")
    set(shared ON)
  endif()
  set(where "${CURRENT_PACKAGES_DIR}")
  foreach(type IN ITEMS Release Debug)
    if(type STREQUAL VCPKG_BUILD_TYPE OR NOT VCPKG_BUILD_TYPE OR type STREQUAL "Release")
      execute_process(COMMAND "${CMAKE_COMMAND}" -S "${arg_SOURCE_PATH}" -B "${trees}/${type}" "-G${GENERATOR}"
        "-DCMAKE_C_COMPILER=${C_COMPILER}" -DCMAKE_BUILD_TYPE=${type} -DCMAKE_C_FLAGS_RELEASE=-O0 -DTHREADING_UNITY=ON
        -DBUILD_SHARED_LIBS=${shared}
        "-DCMAKE_INSTALL_PREFIX=${where}" -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_INSTALL_BINDIR=bin ${arg_OPTIONS}
        COMMAND_ERROR_IS_FATAL ANY)
    endif()
    string(APPEND where /debug)
  endforeach()
endfunction()

function(vcpkg_cmake_install)
  file(GLOB folders "${trees}/*")
  foreach(folder IN LISTS folders)
    execute_process(COMMAND "${CMAKE_COMMAND}" --build "${folder}" --target install COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
endfunction()

function(vcpkg_cmake_config_fixup)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "PACKAGE_NAME;CONFIG_PATH" "")
  set(share "${CURRENT_PACKAGES_DIR}/share/${PORT}")
  file(COPY "${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH}/" DESTINATION "${share}")
  file(GLOB debug_files "${CURRENT_PACKAGES_DIR}/debug/${arg_CONFIG_PATH}/*-debug.cmake")
  foreach(file IN LISTS debug_files)
    file(READ "${file}" text)
    string(REGEX REPLACE "{_IMPORT_PREFIX}/(lib|bin)" "{_IMPORT_PREFIX}/debug/\\1" text "${text}")
    get_filename_component(name "${file}" NAME)
    file(WRITE "${share}/${name}" "${text}")
  endforeach()
  file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/lib/cmake" "${CURRENT_PACKAGES_DIR}/debug/lib/cmake")
  # The files are two folders below the prefix now.
  file(GLOB files "${share}/*.cmake")
  set(up "get_filename_component(_IMPORT_PREFIX \"\${_IMPORT_PREFIX}\" PATH)\n")
  foreach(file IN LISTS files)
    file(READ "${file}" text)
    string(REPLACE "${up}${up}${up}" "${up}${up}" text "${text}")
    file(WRITE "${file}" "${text}")
  endforeach()
endfunction()

function(vcpkg_install_copyright)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "" FILE_LIST)
  file(READ "${arg_FILE_LIST}" text)
  file(WRITE "${CURRENT_PACKAGES_DIR}/share/${PORT}/copyright" "${text}")
endfunction()

function(vcpkg_fixup_pkgconfig)
endfunction()

function(vcpkg_copy_pdbs)
endfunction()

include("${SOURCE}/packaging/vcpkg/threading/portfile.cmake")

# What vcpkg would complain of: files of the other kind, headers and configuration twice, no licence.
file(GLOB_RECURSE files RELATIVE "${PACKAGES}" "${PACKAGES}/*")
set(wrong ${files})
list(FILTER wrong INCLUDE REGEX "^(debug/include|debug/share|lib/cmake|share/doc|share/man)/")
if(wrong)
  message(SEND_ERROR "These should not be there: ${wrong}")
endif()
foreach(file IN ITEMS share/threading/copyright share/threading/usage share/threading/threadingConfig.cmake include/threading.h)
  if(NOT file IN_LIST files)
    message(SEND_ERROR "${file} is missing")
  endif()
endforeach()
set(other "\\.a$")
if(LINKAGE STREQUAL "static")
  set(other "\\.so")
endif()
list(FILTER files INCLUDE REGEX "${other}")
if(files)
  message(SEND_ERROR "The linkage is ${LINKAGE}, but there is: ${files}")
endif()
