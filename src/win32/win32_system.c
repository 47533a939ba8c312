/* SPDX-License-Identifier: MIT */
#include "win32_system.h"

#include <errno.h>

#include "atomic.h"

#define TI_WIN32_UNKNOWN ((uintptr_t)0)
#define TI_WIN32_MISSING ((uintptr_t)1) /* no function begins there */

/* In this order: what gives errno may be a function that asks the system. Volatile, since Clang takes it that
 * calloc, realloc and free leave errno alone: in the one file it drops a store of what errno held before. */
ti_port_errors ti_port_errors_keep(void)
{
    ti_port_errors errors = {.last = GetLastError()};
    errors.number = *(volatile int *)&errno;
    return errors;
}

void ti_port_errors_restore(ti_port_errors errors)
{
    *(volatile int *)&errno = errors.number;
    SetLastError(errors.last);
}

static uintptr_t ti_win32_look_up(const wchar_t *module, const char *name)
{
    HMODULE handle = module != NULL ? GetModuleHandleW(module) : NULL;
    return handle != NULL ? (uintptr_t)GetProcAddress(handle, name) : 0;
}

static uintptr_t ti_win32_look_up_first(const ti_win32_optional *function)
{
    uintptr_t address = ti_win32_look_up(function->module, function->name);
    if (address == 0)
        address = ti_win32_look_up(function->otherwise, function->name);
    return address != 0 ? address : TI_WIN32_MISSING;
}

ti_win32_function ti_win32_find(ti_win32_optional *function)
{
    /* Relaxed: a number by itself. Threads that look it up at the same time find the same. */
    uintptr_t address = ti_load_pointer_relaxed(&function->address);
    if (address == TI_WIN32_UNKNOWN) {
        ti_port_errors errors = ti_port_errors_keep();
        address = ti_win32_look_up_first(function);
        ti_store_pointer_relaxed(&function->address, address);
        ti_port_errors_restore(errors);
    }
    return address != TI_WIN32_MISSING ? (ti_win32_function)address : NULL;
}

/* RtlDllShutdownInProgress is in ntdll since Windows XP. */
bool ti_win32_is_ending(void)
{
    typedef BOOLEAN(NTAPI * query)(void);
    static ti_win32_optional shutdown_in_progress = {L"ntdll.dll", NULL, "RtlDllShutdownInProgress", 0};
    query ask = (query)ti_win32_find(&shutdown_in_progress);
    return ask != NULL && ask();
}
