/* SPDX-License-Identifier: MIT */
/* The entry of a DLL; Microsoft documents it in "DLLs and Visual C++ run-time library behavior". */
#include "initializers.h"

/* The DLL's own table of handlers: the layout of _onexit_table_t, and the functions of the universal C run-time for it. */
typedef struct {
    initializer *first, *last, *end;
} handlers_t;
int __cdecl _initialize_onexit_table(handlers_t *table);
int __cdecl _register_onexit_function(handlers_t *table, initializer function);
int __cdecl _execute_onexit_table(handlers_t *table);

static handlers_t handlers;

/* A DLL's handlers run when it goes, with the process or before. */
int __cdecl atexit(initializer function)
{
    return _register_onexit_function(&handlers, function);
}
int(__cdecl *const __imp_atexit)(initializer function) = atexit;

BOOL WINAPI DllMain(HINSTANCE library, DWORD reason, void *process_ends);

/* For a DLL without one of its own: cmake/msvc.cmake tells the linker so. */
BOOL WINAPI no_DllMain(HINSTANCE library, DWORD reason, void *process_ends)
{
    (void)library, (void)reason, (void)process_ends;
    return TRUE;
}

BOOL WINAPI _DllMainCRTStartup(HINSTANCE library, DWORD reason, void *process_ends)
{
    if (reason == DLL_PROCESS_ATTACH) {
        if (_initialize_onexit_table(&handlers) != 0)
            return FALSE;
        run_initializers();
    }
    BOOL done = DllMain(library, reason, process_ends);
    if (reason == DLL_PROCESS_DETACH || (reason == DLL_PROCESS_ATTACH && !done))
        (void)_execute_onexit_table(&handlers);
    return done;
}
