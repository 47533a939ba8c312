# SPDX-License-Identifier: MIT
# Builds for WebAssembly with threads, by Emscripten: main() is called in a thread of its own, which may wait, and the process
# ends when that returns. node runs what is built. The program emcc is on the PATH; what else there is stands beside it.

find_program(THREADING_EMCC emcc REQUIRED)
file(REAL_PATH "${THREADING_EMCC}" compiler)
get_filename_component(EMSCRIPTEN_ROOT_PATH "${compiler}" DIRECTORY)
include("${EMSCRIPTEN_ROOT_PATH}/cmake/Modules/Platform/Emscripten.cmake")
find_program(THREADING_NODE NAMES node nodejs REQUIRED)
# Emscripten 3.1.6 takes a node that has a function fetch for a browser.
set(CMAKE_CROSSCOMPILING_EMULATOR "${THREADING_NODE}" --no-experimental-fetch)

set(CMAKE_C_FLAGS_INIT "-pthread")
# Memory does not grow, since each access from JavaScript would be slower then: all stacks have to fit into it. malloc
# gives NULL when it is full, as elsewhere. What emcc does to its JavaScript above -O0 takes longer than running it.
set(CMAKE_EXE_LINKER_FLAGS_INIT
  "-sPROXY_TO_PTHREAD -sEXIT_RUNTIME -sTOTAL_MEMORY=268435456 -sABORTING_MALLOC=0 -O0 --pre-js ${CMAKE_CURRENT_LIST_DIR}/wasm.js")
