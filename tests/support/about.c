/* SPDX-License-Identifier: MIT */
/* Says what it is and what it runs on: the report shows it with the column. */
#include "conformance.h"

#include <limits.h>
#include <string.h>

#if defined(_WIN32) && defined(_UCRT)
#define LIBRARY "UCRT"
#elif defined(_WIN32)
#define LIBRARY "MSVCRT"
#elif defined(__GLIBC__)
#include <gnu/libc-version.h>
#define LIBRARY "glibc"
#elif defined(__EMSCRIPTEN__)
#include <emscripten/version.h>
#define LIBRARY "Emscripten"
#elif defined(__linux__)
#define LIBRARY "musl"
#else
#define LIBRARY "libc"
#endif

#if defined(__x86_64__) || defined(__i386__) || defined(_M_X64) || defined(_M_IX86)
#define MACHINE "x86"
#elif defined(__aarch64__) || defined(__arm__) || defined(_M_ARM64)
#define MACHINE "ARM"
#elif defined(__riscv)
#define MACHINE "RISC-V"
#elif defined(__powerpc__)
#define MACHINE "PowerPC"
#elif defined(__mips__)
#define MACHINE "MIPS"
#elif defined(__wasm__)
#define MACHINE "WebAssembly"
#else
#define MACHINE "an unknown machine"
#endif

/* Clang claims to be GCC as well. */
static void print_compiler(void)
{
#if defined(__clang__)
    printf("Clang %d.%d", __clang_major__, __clang_minor__);
#elif defined(__GNUC__)
    printf("GCC %d.%d", __GNUC__, __GNUC_MINOR__);
#elif defined(_MSC_VER) && defined(__VERSION__) /* Clang, without the macros that say so: cmake/msvc.cmake */
    printf("Clang as MSVC %d", _MSC_VER);
#elif defined(_MSC_VER)
    printf("MSVC %d", _MSC_VER);
#else
    printf("an unknown compiler");
#endif
}

/* By which the code may know a compiler, a C library or a system. One that is not defined stands for itself. */
#define VALUE_OF(macro) #macro
#define MACRO(macro)            \
    {                           \
#macro, VALUE_OF(macro) \
    }

static void print_macros(void)
{
    static const struct {
        const char *name;
        const char *value;
    } macros[] = {
        MACRO(__STDC_VERSION__),
        MACRO(__GNUC__),
        MACRO(__clang_major__),
        MACRO(_MSC_VER),
        MACRO(__GLIBC__),
        MACRO(__MSVCRT__),
        MACRO(_UCRT),
        MACRO(__linux__),
        MACRO(__APPLE__),
        MACRO(_WIN32),
        MACRO(_WIN64),
        MACRO(__MINGW32__),
        MACRO(__MINGW64__),
        MACRO(__EMSCRIPTEN__),
        MACRO(__STDC_NO_THREADS__),
        MACRO(__STDC_NO_ATOMICS__),
        MACRO(__SANITIZE_THREAD__),
        MACRO(__SANITIZE_ADDRESS__),
    };
    printf("MACROS:");
    for (size_t i = 0; i < sizeof macros / sizeof *macros; i++)
        if (strcmp(macros[i].name, macros[i].value) != 0)
            printf(" `%s %s`", macros[i].name, macros[i].value);
    printf("\n");
}

int main(void)
{
    char system[200];
    system_text(system, sizeof system);
    printf("ABOUT: %s %s, %s, %d-bit %s, %s", threading_backend(), threading_version(), system,
           (int)(sizeof(void *) * CHAR_BIT), MACHINE, LIBRARY);
#if defined(__GLIBC__)
    printf(" %s", gnu_get_libc_version());
#elif defined(__EMSCRIPTEN__)
    printf(" %d.%d.%d", __EMSCRIPTEN_major__, __EMSCRIPTEN_minor__, __EMSCRIPTEN_tiny__);
#endif
    printf(", ");
    print_compiler();
    printf("\n");
    print_macros();
    return 0;
}
