/* SPDX-License-Identifier: MIT */
/* What Visual Studio's static part of the C run-time has, and Wine has not: the entry of a program, and the directory by
 * which Windows finds the variables and the callbacks that each thread has. Microsoft documents both, in "/ENTRY" and in the
 * PE format's chapter on the .tls section. */
#define _ACRTIMP /* not only imported: atexit() is here */
#include <stdlib.h>
#include <windows.h>

/* ---- the directory: what the linker has sorted between the first and the last of each section ---- */

#pragma comment(linker, "/include:_tls_used")

#pragma section(".tls", read, write)
#pragma section(".tls$ZZZ", read, write)
#pragma section(".CRT$XLA", read)
#pragma section(".CRT$XLZ", read)
#pragma section(".rdata$T", read)

ULONG _tls_index;
__declspec(allocate(".tls")) char _tls_start;
__declspec(allocate(".tls$ZZZ")) char _tls_end;
__declspec(allocate(".CRT$XLA")) PIMAGE_TLS_CALLBACK first_tls_callback;
__declspec(allocate(".CRT$XLZ")) PIMAGE_TLS_CALLBACK last_tls_callback;
__declspec(allocate(".rdata$T")) const IMAGE_TLS_DIRECTORY64 _tls_used = {
    (ULONG_PTR)&_tls_start, (ULONG_PTR)&_tls_end, (ULONG_PTR)&_tls_index, (ULONG_PTR)(&first_tls_callback + 1), 0, 0};

/* Every object that computes with floating point asks for it. */
int _fltused = 1;

/* ---- the entry ---- */

typedef void(__cdecl *initializer)(void);

#pragma section(".CRT$XCA", read)
#pragma section(".CRT$XCZ", read)
__declspec(allocate(".CRT$XCA")) initializer first_initializer;
__declspec(allocate(".CRT$XCZ")) initializer last_initializer;

int __cdecl main(int count, char **arguments, char **environment);
int __cdecl _configure_narrow_argv(int mode);
int __cdecl _initialize_narrow_environment(void);
char **__cdecl _get_initial_narrow_environment(void);
int __cdecl _crt_atexit(initializer function);

/* A program's handlers are in the process' own table, as with /MD. */
int __cdecl atexit(initializer function)
{
    return _crt_atexit(function);
}
int(__cdecl *const __imp_atexit)(initializer function) = atexit; /* by which the code that read <stdlib.h> calls it */

int __cdecl mainCRTStartup(void)
{
    for (initializer *i = &first_initializer; i < &last_initializer; i++)
        if (*i != NULL)
            (*i)();
    (void)_configure_narrow_argv(1);
    (void)_initialize_narrow_environment();
    exit(main(*__p___argc(), *__p___argv(), _get_initial_narrow_environment()));
}
