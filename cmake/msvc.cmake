# SPDX-License-Identifier: MIT
# Builds for Windows as with Visual Studio, without it: Clang in the clothes of cl.exe (MSVC's dialect and binary interface),
# LLVM's linker, and the headers and import libraries of Wine's universal C run-time. Debian's packages clang-19, lld-19,
# llvm-19 and libwine-dev have all of that but what Visual Studio links into each program, which is in cmake/msvc/.

set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES THREADING_MSVC_PARTS)
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR AMD64)
set(llvm /usr/lib/llvm-19/bin)
set(libraries "/usr/lib/${CMAKE_HOST_SYSTEM_PROCESSOR}-linux-gnu/wine/x86_64-windows")

# The compiler goes by the name that it is called by.
if(NOT THREADING_MSVC_PARTS)
  set(THREADING_MSVC_PARTS "${CMAKE_BINARY_DIR}/msvc" CACHE INTERNAL "")
  file(MAKE_DIRECTORY "${THREADING_MSVC_PARTS}")
  file(CREATE_LINK ${llvm}/clang "${THREADING_MSVC_PARTS}/clang-cl" SYMBOLIC)
endif()
set(parts "${THREADING_MSVC_PARTS}")
set(CMAKE_C_COMPILER "${parts}/clang-cl")
set(CMAKE_C_COMPILER_TARGET x86_64-pc-windows-msvc)
set(CMAKE_LINKER ${llvm}/lld-link)
set(CMAKE_AR ${llvm}/llvm-lib)
set(CMAKE_MT ${llvm}/llvm-mt)
set(CMAKE_OBJDUMP ${llvm}/llvm-objdump)
set(CMAKE_RC_COMPILER ${llvm}/llvm-rc)
set(CMAKE_MSVC_RUNTIME_LIBRARY "")

set(headers /usr/include/wine/wine)
set(flags "/D_UCRT /GS- -imsvc${CMAKE_CURRENT_LIST_DIR}/msvc/include -imsvc${headers}/msvcrt -imsvc${headers}/windows")
set(CMAKE_C_FLAGS_INIT "${flags}")

# Wine's libucrtbase.a has startup code of its own, for programs of Wine.
if(NOT EXISTS "${parts}/ucrt.lib")
  separate_arguments(compile UNIX_COMMAND "${CMAKE_C_COMPILER} --target=${CMAKE_C_COMPILER_TARGET} ${flags}")
  foreach(part IN ITEMS tls.c program.c dll.c chkstk.S)
    execute_process(COMMAND ${compile} /c /O1 "/Fo${parts}/${part}.obj" -- "${CMAKE_CURRENT_LIST_DIR}/msvc/${part}"
      WORKING_DIRECTORY "${parts}" COMMAND_ERROR_IS_FATAL ANY) # it may leave a file where it runs
  endforeach()
  execute_process(COMMAND ${llvm}/llvm-ar t "${libraries}/libucrtbase.a" OUTPUT_VARIABLE members COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "crt_[^\n]*" members "${members}")
  file(COPY_FILE "${libraries}/libucrtbase.a" "${parts}/ucrt.lib.new")
  execute_process(COMMAND ${llvm}/llvm-ar d "${parts}/ucrt.lib.new" ${members} COMMAND_ERROR_IS_FATAL ANY)
  file(RENAME "${parts}/ucrt.lib.new" "${parts}/ucrt.lib")
endif()
set(shared "/nodefaultlib /manifest:no /alternatename:_setjmp=__intrinsic_setjmp \
${parts}/tls.c.obj ${parts}/chkstk.S.obj ${parts}/ucrt.lib ${libraries}/libkernel32.a ${libraries}/libntdll.a")
set(CMAKE_EXE_LINKER_FLAGS_INIT "${shared} /subsystem:console ${parts}/program.c.obj")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "${shared} /alternatename:DllMain=no_DllMain ${parts}/dll.c.obj")
set(CMAKE_MODULE_LINKER_FLAGS_INIT "${CMAKE_SHARED_LINKER_FLAGS_INIT}")
set(CMAKE_C_STANDARD_LIBRARIES "" CACHE STRING "" FORCE)

# Debian has its loader there, and a script as the command `wine`, which would be one process more for each test.
find_program(THREADING_WINE NAMES wine64 wine PATHS /usr/lib/wine)
if(THREADING_WINE)
  set(CMAKE_CROSSCOMPILING_EMULATOR sh "${CMAKE_CURRENT_LIST_DIR}/wine.sh" "${THREADING_WINE}")
endif()
