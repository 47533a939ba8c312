/* SPDX-License-Identifier: MIT */
/* The entry of a program; Microsoft documents it in "/ENTRY". */
#include "initializers.h"

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
    run_initializers();
    (void)_configure_narrow_argv(1);
    (void)_initialize_narrow_environment();
    exit(main(*__p___argc(), *__p___argv(), _get_initial_narrow_environment()));
}
