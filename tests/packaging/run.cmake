# SPDX-License-Identifier: MIT
# Installs the library that is in BUILD, and uses it as others would. CASE is one of the functions below; each works in
# FOLDER/CASE, and those that use the installed library find it in FOLDER/prefix.
cmake_minimum_required(VERSION 3.21)

set(work "${FOLDER}/${CASE}")
set(prefix "${FOLDER}/prefix")
set(consumer "${CMAKE_CURRENT_LIST_DIR}/consumer")

# What the tests have in common ---------------------------------------------------------------------------

# The last line is the reason; the test is skipped.
macro(skip reason)
  message("SKIP: ${reason}")
  return()
endmacro()

function(run)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY "${work}" COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# Compares lists of lines, and says what differs.
function(expect_same what expected found)
  foreach(line IN LISTS expected)
    if(NOT line IN_LIST found)
      message(SEND_ERROR "${what}: missing: ${line}")
    endif()
  endforeach()
  foreach(line IN LISTS found)
    if(NOT line IN_LIST expected)
      message(SEND_ERROR "${what}: not expected: ${line}")
    endif()
  endforeach()
endfunction()

# The program must be linked with that kind, say so, and need no other library than the system's.
function(expect_program program kind)
  set(program "${work}/${program}${EXECUTABLE_SUFFIX}")
  execute_process(COMMAND ${EMULATOR} "${program}" WORKING_DIRECTORY "${work}" OUTPUT_VARIABLE output
    COMMAND_ERROR_IS_FATAL ANY)
  string(STRIP "${output}" output)
  if(NOT output STREQUAL "${VERSION} ${kind} 10")
    message(SEND_ERROR "${program} printed: ${output}")
  endif()
  if(NOT OBJDUMP)
    return()
  endif()
  execute_process(COMMAND "${OBJDUMP}" -p "${program}" OUTPUT_VARIABLE headers COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "(NEEDED|DLL Name:) +[^ \r\n]+" needed "${headers}")
  list(TRANSFORM needed REPLACE "^.* " "")
  list(TRANSFORM needed TOLOWER)
  set(ours "${needed}")
  list(FILTER ours INCLUDE REGEX "threading")
  set(expected "")
  if(kind STREQUAL "shared")
    set(expected "${LOADED_NAME}")
  endif()
  expect_same("${program} needs" "${expected}" "${ours}")
  list(FILTER needed EXCLUDE REGEX "^(libc\\.so|ld-linux|libpthread\\.so|kernel32\\.dll|msvcrt\\.dll|ucrtbase\\.dll|api-ms-win-)")
  list(FILTER needed EXCLUDE REGEX "^(libstdc\\+\\+\\.so|libm\\.so|libgcc_s\\.so)") # of C++, on Unix
  expect_same("${program} needs besides" "${expected}" "${needed}")
endfunction()

# Configures the project in `source` as this one was configured, builds it in work/`build`, and
# installs it beside that.
function(build_project source build)
  set(how "-G${GENERATOR}")
  if(TOOLCHAIN)
    list(APPEND how "-DCMAKE_TOOLCHAIN_FILE=${TOOLCHAIN}")
  else()
    list(APPEND how "-DCMAKE_C_COMPILER=${C_COMPILER}")
  endif()
  run("${CMAKE_COMMAND}" -S "${source}" -B "${work}/${build}" ${how} -DCMAKE_BUILD_TYPE=Debug -DTHREADING_UNITY=ON ${ARGN})
  run("${CMAKE_COMMAND}" --build "${work}/${build}" --config Debug)
  run("${CMAKE_COMMAND}" --install "${work}/${build}" --config Debug --prefix "${work}/${build}-installed")
endfunction()

function(list_files variable folder)
  file(GLOB_RECURSE files LIST_DIRECTORIES FALSE RELATIVE "${folder}" "${folder}/*")
  set(${variable} "${files}" PARENT_SCOPE)
endfunction()

file(STRINGS "${CMAKE_CURRENT_LIST_DIR}/exports.txt" exports)

# What is installed ---------------------------------------------------------------------------------------

# Under DESTDIR, and then the folder is moved: everything else finds it there.
function(installs_what_is_documented)
  set(ENV{DESTDIR} "${work}/root")
  run("${CMAKE_COMMAND}" --install "${BUILD}" --config "${CONFIG}" --prefix /opt/threading)
  list_files(files "${work}")
  list(FILTER files INCLUDE REGEX "^root/opt/threading/")
  list(TRANSFORM files REPLACE "^root/opt/threading/" "")
  file(REMOVE_RECURSE "${prefix}")
  file(RENAME "${work}/root/opt/threading" "${prefix}")
  list_files(left "${work}")
  expect_same("outside of the prefix" "" "${left}")

  list(FILTER files EXCLUDE REGEX "^share/man/")
  file(GLOB headers RELATIVE "${SOURCE}" "${SOURCE}/include/threading*")
  set(config ${LIBDIR}/cmake/threading)
  string(TOLOWER "${CONFIG}" configuration)
  set(expected ${headers} ${LIBRARIES} share/doc/threading/LICENSE ${LIBDIR}/pkgconfig/threading.pc
    share/threading/threading-gdb.py share/threading/threading.natvis
    ${config}/threadingConfig.cmake ${config}/threadingConfigVersion.cmake)
  foreach(kind IN ITEMS Static Shared)
    list(APPEND expected ${config}/threading${kind}Targets.cmake ${config}/threading${kind}Targets-${configuration}.cmake)
  endforeach()
  expect_same("installed" "${expected}" "${files}")

  # Nothing tells where it was built or first installed.
  file(GLOB_RECURSE texts "${prefix}/${LIBDIR}/*.cmake" "${prefix}/${LIBDIR}/*.pc")
  foreach(text IN LISTS texts)
    file(READ "${text}" content)
    foreach(path IN ITEMS /opt/threading "${BUILD}" "${SOURCE}")
      string(FIND "${content}" "${path}" at)
      if(NOT at EQUAL -1)
        message(SEND_ERROR "${text} has a path of the machine in it: ${path}")
      endif()
    endforeach()
  endforeach()
endfunction()

# The binary interface: exports.txt has what was there. What is gone needs a new minor version (the soname has it), what is
# new a line in that file.
function(exports_are_as_listed)
  if(WINDOWS)
    execute_process(COMMAND "${OBJDUMP}" -p "${prefix}/bin/threading.dll" OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX REPLACE "\n\t\\[ *[0-9]+\\] " "\nname: " symbols "${symbols}") # lists cannot hold the brackets
    string(REGEX MATCHALL "name: [A-Za-z_?][^ \r\n]*" found "${symbols}")
    list(TRANSFORM found REPLACE "name: " "")
  else()
    execute_process(COMMAND "${NM}" -D --defined-only "${prefix}/${LIBDIR}/libthreading.so" OUTPUT_VARIABLE symbols
      COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX MATCHALL "[^ \n]+\n" found "${symbols}")
    list(TRANSFORM found STRIP)
  endif()
  expect_same("exported, by tests/packaging/exports.txt" "${exports}" "${found}")
endfunction()

function(manual_pages)
  file(GLOB pages RELATIVE "${prefix}/share/man" "${prefix}/share/man/man*/*")
  set(expected man7/threading.7)
  foreach(name IN LISTS exports)
    if(NOT name STREQUAL "threading_skipped") # private, for the macros
      list(APPEND expected "man3/${name}.3")
    endif()
  endforeach()
  expect_same("manual pages" "${expected}" "${pages}")
  find_program(MAN man)
  if(NOT MAN)
    skip("man is not installed")
  endif()
  set(ENV{MANPATH} "${prefix}/share/man")
  set(ENV{LC_ALL} C.UTF-8)
  foreach(page IN ITEMS "7;threading" threading_lock_acquire threading_queue_try_put)
    execute_process(COMMAND "${MAN}" --warnings ${page} OUTPUT_VARIABLE text ERROR_VARIABLE complaints COMMAND_ERROR_IS_FATAL ANY)
    list(POP_BACK page name)
    if(complaints OR NOT text MATCHES "NAME\n.*${name}.*DESCRIPTION\n")
      message(SEND_ERROR "man ${name}: ${complaints}\n${text}")
    endif()
  endforeach()
endfunction()

# The ways to use it --------------------------------------------------------------------------------------

function(find_package_finds_both_kinds)
  build_project("${consumer}" build -DHOW=find_package "-DCOMPONENTS=static;shared" "-DCMAKE_PREFIX_PATH=${prefix}")
  expect_program(build/with_threading static)
  expect_program(build/with_threading_shared shared)
endfunction()

# The library for tests, whose example is built as a user's program.
function(sim_is_installed_if_asked)
  build_project("${SOURCE}" library -DTHREADING_BUILD_SIM=ON -DTHREADING_EXAMPLES=OFF -DTHREADING_MAN=OFF)
  file(COPY "${SOURCE}/examples/sim_balance.c" "${SOURCE}/examples/example.h" DESTINATION "${work}/test")
  file(WRITE "${work}/test/CMakeLists.txt" "cmake_minimum_required(VERSION 3.21)\nproject(test LANGUAGES C)\n"
    "find_package(threading REQUIRED COMPONENTS sim)\nadd_executable(sim_balance sim_balance.c)\n"
    "target_link_libraries(sim_balance PRIVATE threading::sim)\ninstall(TARGETS sim_balance)\n")
  build_project("${work}/test" build "-DCMAKE_PREFIX_PATH=${work}/library-installed")
  execute_process(COMMAND "${work}/build/sim_balance" OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
  file(READ "${SOURCE}/examples/expected/sim_balance.txt" expected)
  if(NOT output STREQUAL expected)
    message(SEND_ERROR "it printed:\n${output}")
  endif()
endfunction()

# A part of another project disturbs nothing there, and is not installed with it.
function(add_subdirectory_is_quiet)
  build_project("${consumer}" build -DHOW=add_subdirectory "-DSOURCE=${SOURCE}" -DCMAKE_POSITION_INDEPENDENT_CODE=ON)
  expect_program(build/with_threading static)
  expect_program(build/with_threading_shared shared)
  list_files(files "${work}/build-installed")
  expect_same("installed" "bin/with_threading${EXECUTABLE_SUFFIX}" "${files}")
  if(NOT WINDOWS)
    file(GLOB plugin "${work}/build/*plugin*")
    execute_process(COMMAND "${NM}" -D --defined-only "${plugin}" OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX MATCHALL "[^ \n]+\n" found "${symbols}")
    expect_same("exported from a plugin" "plugin_run\n" "${found}")
  endif()
endfunction()

# What FetchContent needs of the tree is in the archive; it is installed too, if that is asked for.
function(fetch_content_installs_if_asked)
  file(MAKE_DIRECTORY "${work}/threading-${VERSION}")
  foreach(part IN ITEMS CMakeLists.txt LICENSE cmake include src tools)
    file(COPY "${SOURCE}/${part}" DESTINATION "${work}/threading-${VERSION}")
  endforeach()
  run("${CMAKE_COMMAND}" -E tar czf threading.tar.gz "threading-${VERSION}")
  build_project("${consumer}" build -DHOW=fetch_content "-DSOURCE=${work}/threading.tar.gz" -DTHREADING_INSTALL=ON
    -DCMAKE_POLICY_DEFAULT_CMP0135=NEW)
  expect_program(build/with_threading static)
  expect_program(build/with_threading_shared shared)
  foreach(file IN ITEMS include/threading.h ${LIBDIR}/pkgconfig/threading.pc ${LIBDIR}/cmake/threading/threadingConfig.cmake)
    if(NOT EXISTS "${work}/build-installed/${file}")
      message(SEND_ERROR "${file} is not installed")
    endif()
  endforeach()
endfunction()

# Calls pkg-config for what is in `folder`, as a list of arguments.
function(pkg_config variable folder)
  set(ENV{PKG_CONFIG_LIBDIR} "${folder}")
  set(ENV{PKG_CONFIG_PATH} "")
  execute_process(COMMAND "${PKG_CONFIG}" ${ARGN} threading OUTPUT_VARIABLE flags COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(flags UNIX_COMMAND "${flags}")
  set(${variable} "${flags}" PARENT_SCOPE)
endfunction()

function(pkg_config_gives_the_flags)
  find_program(PKG_CONFIG NAMES pkgconf pkg-config)
  if(NOT PKG_CONFIG)
    skip("pkg-config is not installed")
  endif()
  pkg_config(version "${prefix}/${LIBDIR}/pkgconfig" --modversion)
  if(NOT version STREQUAL VERSION)
    message(SEND_ERROR "the version is ${version}")
  endif()
  pkg_config(flags "${prefix}/${LIBDIR}/pkgconfig" --cflags --libs)
  pkg_config(static_flags "${prefix}/${LIBDIR}/pkgconfig" --static --cflags --libs)
  set(found_at "")
  set(inline "")
  if(WINDOWS)
    file(COPY "${prefix}/bin/threading.dll" DESTINATION "${work}")
  else()
    set(found_at "-Wl,-rpath,${prefix}/${LIBDIR}")
    set(inline -UTHREADING_SHARED)
    # Who forgets -static gets the shared library, and that works too.
    run("${C_COMPILER}" "${consumer}/main.c" ${static_flags} ${found_at} -o forgetful)
    expect_program(forgetful shared)
  endif()
  run("${C_COMPILER}" "${consumer}/main.c" ${flags} ${found_at} -o shared${EXECUTABLE_SUFFIX})
  expect_program(shared shared)
  run("${C_COMPILER}" -static "${consumer}/main.c" ${static_flags} ${inline} -o static${EXECUTABLE_SUFFIX})
  expect_program(static static)
endfunction()

# As a distribution might do it: the shared library only, in a folder named after the machine, with a postfix; and used by
# a project in C++.
function(distribution_installs_one_kind)
  set(folder lib)
  if(ARCHITECTURE)
    set(folder "lib/${ARCHITECTURE}")
  endif()
  build_project("${SOURCE}" library -DBUILD_SHARED_LIBS=ON -DCMAKE_INSTALL_LIBDIR=${folder} -DCMAKE_DEBUG_POSTFIX=d
    -DTHREADING_TESTS=OFF -DTHREADING_EXAMPLES=OFF -DTHREADING_MAN=OFF)
  file(GLOB libraries RELATIVE "${work}/library-installed/${folder}" "${work}/library-installed/${folder}/lib*")
  string(REGEX MATCH "^[0-9]+\\.[0-9]+" minor "${VERSION}")
  expect_same("installed" "libthreadingd.so;libthreadingd.so.${minor};libthreadingd.so.${VERSION}" "${libraries}")
  set(LOADED_NAME "libthreadingd.so.${minor}")

  find_program(CXX NAMES g++ c++ clang++)
  if(CXX)
    build_project("${consumer}" build -DHOW=find_package -DLANGUAGE=CXX "-DCMAKE_CXX_COMPILER=${CXX}"
      "-DCMAKE_PREFIX_PATH=${work}/library-installed")
    expect_program(build/with_threading shared)
    expect_program(build/with_threading_shared shared)
  endif()
  find_program(PKG_CONFIG NAMES pkgconf pkg-config)
  if(PKG_CONFIG)
    pkg_config(flags "${work}/library-installed/${folder}/pkgconfig" --cflags --libs)
    run("${C_COMPILER}" "${consumer}/main.c" ${flags} "-Wl,-rpath,${work}/library-installed/${folder}" -o program)
    expect_program(program shared)
  endif()
endfunction()

# The recipes of others' tools ------------------------------------------------------------------------------

function(meson_subproject_gives_both_kinds)
  find_program(MESON meson)
  if(NOT MESON)
    skip("meson is not installed")
  endif()
  file(COPY "${CMAKE_CURRENT_LIST_DIR}/meson/" "${consumer}/main.c" DESTINATION "${work}")
  file(MAKE_DIRECTORY "${work}/subprojects")
  file(CREATE_LINK "${SOURCE}" "${work}/subprojects/threading" SYMBOLIC)
  set(ENV{CC} "${C_COMPILER}")
  run("${MESON}" setup --unity=subprojects -Dunity_size=1000 build)
  run("${MESON}" compile -C build)
  expect_program(build/with_threading static)
  expect_program(build/with_threading_shared shared)
  set(ENV{DESTDIR} "${work}/root")
  run("${MESON}" install -C build)
  list_files(files "${work}/root")
  expect_same("installed with the project" "" "${files}")
endfunction()

# With the few functions of vcpkg that the port calls, as far as they matter here: vcpkg.cmake.
function(vcpkg_port_installs_the_shared_library)
  set(packages "${work}/packages/dynamic")
  run("${CMAKE_COMMAND}" "-DSOURCE=${SOURCE}" "-DGENERATOR=${GENERATOR}" "-DC_COMPILER=${C_COMPILER}"
    -DLINKAGE=dynamic "-DPACKAGES=${packages}" -P "${CMAKE_CURRENT_LIST_DIR}/vcpkg.cmake")
  build_project("${consumer}" build-dynamic -DHOW=find_package "-DCMAKE_PREFIX_PATH=${packages}")
  expect_program(build-dynamic/with_threading shared)
  expect_program(build-dynamic/with_threading_shared shared)
endfunction()

function(vcpkg_port_installs_the_static_library)
  set(packages "${work}/packages/static")
  run("${CMAKE_COMMAND}" "-DSOURCE=${SOURCE}" "-DGENERATOR=${GENERATOR}" "-DC_COMPILER=${C_COMPILER}"
    -DLINKAGE=static -DVCPKG_BUILD_TYPE=release "-DPACKAGES=${packages}" -P "${CMAKE_CURRENT_LIST_DIR}/vcpkg.cmake")
  build_project("${consumer}" build-static -DHOW=find_package -DONLY_STATIC=ON "-DCMAKE_PREFIX_PATH=${packages}")
  expect_program(build-static/with_threading static)
endfunction()

# With the few classes of Conan that the recipe uses, as far as they matter here: conan.py.
function(conan_recipe_tells_how_to_link)
  find_program(PYTHON python3)
  if(NOT PYTHON)
    skip("python3 is not installed")
  endif()
  foreach(kind IN ITEMS static shared)
    run("${PYTHON}" -B "${CMAKE_CURRENT_LIST_DIR}/conan.py" "${SOURCE}" "${work}/${kind}" ${kind} "${C_COMPILER}"
      "${consumer}/main.c")
    expect_program(${kind}/program ${kind})
  endforeach()
endfunction()

function(recipes_have_the_version)
  foreach(recipe IN ITEMS "meson.build;version: '" "conanfile.py;version = \"" "packaging/vcpkg/threading/vcpkg.json;\"version\": \"")
    list(GET recipe 0 file)
    list(GET recipe 1 before)
    file(READ "${SOURCE}/${file}" text)
    string(FIND "${text}" "${before}${VERSION}" at)
    if(at EQUAL -1)
      message(SEND_ERROR "${file} does not say ${before}${VERSION}")
    endif()
  endforeach()
endfunction()

# -----------------------------------------------------------------------------------------------------------

file(REMOVE_RECURSE "${work}")
file(MAKE_DIRECTORY "${work}")
unset(ENV{DESTDIR})
cmake_language(CALL ${CASE})
