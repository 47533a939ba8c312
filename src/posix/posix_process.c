/* SPDX-License-Identifier: MIT */
/* The process: exit, fork, its environment. */
#include "posix_system.h"

#include <stdlib.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/auxv.h>
#endif

#include "atomic.h"

enum { TI_NO_FORK_HOOKS, TI_HOOKING_FORKS, TI_FORKS_HOOKED };

static uintptr_t ti_posix_exit_hook; /* always the same function; stored before the system is told of it */
static uint32_t ti_posix_process;    /* the process that the exit hook is for */
static uint32_t ti_posix_fork_hooks;

/* Emscripten has the handlers called in the page's thread, whichever thread calls exit(). Other threads need
 * the page's thread to start, print and end: a wait in it would never be over, unless it is main. */
TI_COLD static bool ti_posix_waits_at_exit(void)
{
#if defined(__EMSCRIPTEN__)
    return ti_port_is_main();
#else
    return true;
#endif
}

/* A child of vfork, clone or _Fork knows nothing of the fork hooks; it has no threads to wait for. */
TI_COLD static void ti_posix_exit(void)
{
    if ((uint32_t)getpid() == ti_load_relaxed(&ti_posix_process) && ti_posix_waits_at_exit())
        ((void (*)(void))ti_load_pointer_relaxed(&ti_posix_exit_hook))(); /* relaxed: see there */
}

TI_COLD bool ti_port_at_exit(void (*hook)(void))
{
    ti_store_relaxed(&ti_posix_process, (uint32_t)getpid());
    ti_store_pointer_relaxed(&ti_posix_exit_hook, (uintptr_t)hook);
    return atexit(ti_posix_exit) == 0;
}

TI_COLD static void ti_posix_forked(void)
{
    ti_store_relaxed(&ti_posix_process, (uint32_t)getpid());
    ti_posix_find_main();
    ti_posix_quit_in_child();
    ti_fork_child();
}

TI_COLD bool ti_port_threads_are_gone(void)
{
    return false;
}

/* Two threads must not both register the hooks: the guards would be wanted twice by one fork. To the second
 * one the hooks are not there yet. */
TI_COLD bool ti_port_at_fork(void)
{
    if (ti_swap_acquire(&ti_posix_fork_hooks, TI_NO_FORK_HOOKS, TI_HOOKING_FORKS)) {
        bool hooked = pthread_atfork(ti_fork_prepare, ti_fork_parent, ti_posix_forked) == 0;
        ti_store_release(&ti_posix_fork_hooks, hooked ? TI_FORKS_HOOKED : TI_NO_FORK_HOOKS);
    }
    return ti_load_acquire(&ti_posix_fork_hooks) == TI_FORKS_HOOKED;
}

/* Before all constructors that users can have without a warning, and so before all handlers that they
 * register. */
__attribute__((constructor(101))) static void ti_posix_hook_forks(void)
{
    (void)ti_port_at_fork(); /* asked again by the first use */
}

/* Set-user-ID programs and their like must not be told by their user what to do, or where to write. */
TI_COLD static bool ti_posix_is_privileged(void)
{
#if defined(__linux__)
    return getauxval(AT_SECURE) != 0;
#else
    return geteuid() != getuid() || getegid() != getgid();
#endif
}

TI_COLD const char *ti_port_environment(const char *name, char *room, size_t size)
{
    (void)room;
    (void)size;
    return ti_posix_is_privileged() ? NULL : getenv(name);
}
