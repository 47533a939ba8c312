/* SPDX-License-Identifier: MIT */
/* The process: exit and fork. */
#include "posix_system.h"

#include <stdlib.h>
#include <unistd.h>

static pid_t ti_posix_process; /* the process that the exit hook is for */
static void (*ti_posix_exit_hook)(void);
static void (*ti_posix_fork_hook)(void);

/* A child of vfork, clone or _Fork knows nothing of the fork hooks; it has no threads to wait for. */
static void ti_posix_exit(void)
{
    if (getpid() == ti_posix_process)
        ti_posix_exit_hook();
}

bool ti_port_at_exit(void (*hook)(void))
{
    ti_posix_process = getpid();
    ti_posix_exit_hook = hook;
    return atexit(ti_posix_exit) == 0;
}

static void ti_posix_forked(void)
{
    ti_posix_process = getpid();
    ti_posix_fork_hook();
}

bool ti_port_at_fork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    ti_posix_fork_hook = child;
    return pthread_atfork(prepare, parent, ti_posix_forked) == 0;
}
