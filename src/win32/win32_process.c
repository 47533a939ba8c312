/* SPDX-License-Identifier: MIT */
/* The process: exit. There is no fork. */
#include "win32_system.h"

#include <stdlib.h>

#if defined(THREADING_SHARED)

/*
 * In a DLL, atexit() means the DLL's own table, which runs when the DLL is unloaded: after all other threads were
 * killed. So the DLL stays loaded and registers in the C run-time's table for the process, whichever run-time there is.
 */
static bool ti_win32_pin(void)
{
    HMODULE module;
    return GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN,
                              (LPCWSTR)(void *)ti_win32_pin, &module);
}

bool ti_port_at_exit(void (*hook)(void))
{
    typedef int(__cdecl * ucrt_register)(void(__cdecl *)(void));
    typedef void *(__cdecl * msvcrt_register)(void *);
    FARPROC ucrt = ti_win32_find(L"ucrtbase.dll", "_crt_atexit");
    FARPROC msvcrt = ti_win32_find(L"msvcrt.dll", "_onexit");
    if (!ti_win32_pin())
        return false;
    if (ucrt != NULL && ((ucrt_register)(void (*)(void))ucrt)(hook) == 0)
        return true;
    return msvcrt != NULL && ((msvcrt_register)(void (*)(void))msvcrt)((void *)hook) != NULL;
}

#else

bool ti_port_at_exit(void (*hook)(void))
{
    return atexit(hook) == 0;
}

#endif

bool ti_port_at_fork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    (void)prepare;
    (void)parent;
    (void)child;
    return true;
}
