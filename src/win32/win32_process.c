/* SPDX-License-Identifier: MIT */
/*
 * The process: exit, and its environment. There is no fork.
 *
 * In a DLL, atexit() means the DLL's own table, which runs when the DLL is unloaded: by then all other
 * threads have been killed, or they wait for the loader's lock, which is held. So code that is in a DLL,
 * as the library's own or as a part of somebody else's, registers in the C run-time's table for the whole
 * process, and keeps the DLL loaded. Which C run-time the program exits through is not known, and more
 * than one is loaded in most processes: all are told. One that is inside the executable cannot be told;
 * such a program calls threading_shutdown() (docs/limits.md).
 */
#include "win32_system.h"

#include <stdlib.h>

#include "atomic.h"

static uintptr_t ti_win32_exit_hook; /* always the same function */

/* Once all other threads are dead it is too late to wait for any. */
TI_WIN32_CALLED static void __cdecl ti_win32_exit(void)
{
    if (!ti_win32_is_ending())
        ((void (*)(void))ti_load_pointer_relaxed(&ti_win32_exit_hook))();
}

TI_WIN32_CALLED static int __cdecl ti_win32_onexit(void)
{
    ti_win32_exit();
    return 0;
}

/* The executable or DLL that this code is in; NULL if the flags cannot be had. */
static HMODULE ti_win32_module(DWORD flags)
{
    HMODULE module = NULL;
    (void)GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | flags,
                             (LPCWSTR)(const void *)&ti_win32_exit_hook, &module);
    return module;
}

bool ti_win32_stay(void)
{
    return ti_win32_module(GET_MODULE_HANDLE_EX_FLAG_PIN) != NULL;
}

/* The universal C run-time, since Visual Studio 2015. */
static bool ti_win32_tell_ucrt(ti_win32_optional *crt_atexit)
{
    typedef int(__cdecl * register_function)(void(__cdecl * hook)(void));
    register_function tell = (register_function)ti_win32_find(crt_atexit);
    return tell == NULL || tell(ti_win32_exit) == 0;
}

/* The one that is part of Windows, which MinGW uses. */
static bool ti_win32_tell_msvcrt(ti_win32_optional *onexit)
{
    typedef int(__cdecl * hook_function)(void);
    typedef hook_function(__cdecl * register_function)(hook_function hook);
    register_function tell = (register_function)ti_win32_find(onexit);
    return tell == NULL || tell(ti_win32_onexit) != NULL;
}

/* Whether all that are there know. */
static bool ti_win32_tell_all(void)
{
    static ti_win32_optional ucrt = {L"ucrtbase.dll", L"ucrtbased.dll", "_crt_atexit", 0};
    static ti_win32_optional msvcrt = {L"msvcrt.dll", NULL, "_onexit", 0};
    bool ucrt_knows = ti_win32_tell_ucrt(&ucrt);
    bool msvcrt_knows = ti_win32_tell_msvcrt(&msvcrt);
    return ucrt_knows && msvcrt_knows;
}

bool ti_port_at_exit(void (*hook)(void))
{
    /* Relaxed: it is stored before the C run-time is told of it. */
    ti_store_pointer_relaxed(&ti_win32_exit_hook, (uintptr_t)hook);
    if (ti_port_home() == TI_HOME_PROGRAM)
        return atexit(ti_win32_exit) == 0;
    return ti_win32_stay() && ti_win32_tell_all();
}

bool ti_port_threads_are_gone(void)
{
    return ti_win32_is_ending();
}

bool ti_port_at_fork(void)
{
    /* Never called: named for compilers that see the library as one file and miss a use. */
    (void)ti_fork_prepare;
    (void)ti_fork_parent;
    (void)ti_fork_child;
    return true;
}

/* A DLL is told to run-times that forget nothing. */
static ti_home ti_win32_find_home(void)
{
    bool is_program = ti_win32_module(GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT) == GetModuleHandleW(NULL);
    return is_program ? TI_HOME_PROGRAM : TI_HOME_KEPT;
}

/* Looked up once, at the first use, since that takes the loader's lock; it is asked at the end of threads. */
ti_home ti_port_home(void)
{
    static uint32_t known; /* the home and 1; 0: not looked up yet */
    /* Relaxed: a number by itself. Threads that look it up at the same time find the same. */
    uint32_t home = ti_load_relaxed(&known);
    if (home == 0) {
        home = (uint32_t)ti_win32_find_home() + 1;
        ti_store_relaxed(&known, home);
    }
    return (ti_home)(home - 1);
}

/* The pin itself is had with the first pointer that a thread sets. */
bool ti_port_pin(void)
{
    (void)ti_port_home();
    return true;
}

void ti_port_unpin(void)
{
}

bool ti_port_thread_try_join(ti_port_thread *thread)
{
    (void)thread;
    return false;
}

/* Windows raises no privileges without asking: a process that has more begins with an environment of its own.
 * */
TI_COLD const char *ti_port_environment(const char *name, char *room, size_t size)
{
    ti_port_errors errors = ti_port_errors_keep();
    DWORD length = GetEnvironmentVariableA(name, room, (DWORD)size);
    ti_port_errors_restore(errors);
    return length > 0 && length < size ? room : NULL;
}
