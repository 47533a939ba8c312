/* SPDX-License-Identifier: MIT */
/* The process: exit and fork. */
#include "posix_system.h"

#include <stdlib.h>
#include <unistd.h>

#include "atomic.h"

/* Each is always the same function. Relaxed: it is stored before the system is told of it. */
static uintptr_t ti_posix_exit_hook;
static uintptr_t ti_posix_fork_hook;
static uint32_t ti_posix_process; /* the process that the exit hook is for */

static void ti_posix_call(const uintptr_t *hook)
{
    ((void (*)(void))ti_load_pointer_relaxed(hook))();
}

/* A child of vfork, clone or _Fork knows nothing of the fork hooks; it has no threads to wait for. */
static void ti_posix_exit(void)
{
    if ((uint32_t)getpid() == ti_load_relaxed(&ti_posix_process))
        ti_posix_call(&ti_posix_exit_hook);
}

bool ti_port_at_exit(void (*hook)(void))
{
    ti_store_relaxed(&ti_posix_process, (uint32_t)getpid());
    ti_store_pointer_relaxed(&ti_posix_exit_hook, (uintptr_t)hook);
    return atexit(ti_posix_exit) == 0;
}

static void ti_posix_forked(void)
{
    ti_store_relaxed(&ti_posix_process, (uint32_t)getpid());
    ti_posix_call(&ti_posix_fork_hook);
}

bool ti_port_threads_are_gone(void)
{
    return false;
}

bool ti_port_at_fork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    ti_store_pointer_relaxed(&ti_posix_fork_hook, (uintptr_t)child);
    return pthread_atfork(prepare, parent, ti_posix_forked) == 0;
}
