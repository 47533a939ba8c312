/* SPDX-License-Identifier: MIT */
/* The process: exit is C's own; of fork C knows nothing, so a forked child must not use the library
 * (docs/limits.md). */
#include <stdlib.h>

#include "c11_ticker.h"
#include "port.h"

bool ti_port_at_exit(void (*hook)(void))
{
    return atexit(hook) == 0;
}

bool ti_port_threads_are_gone(void)
{
    return false;
}

bool ti_port_at_fork(void)
{
    /* Never called: named for compilers that see the library as one file and miss a use. */
    (void)ti_fork_prepare;
    (void)ti_fork_parent;
    (void)ti_fork_child;
    return true;
}

/* C knows of no objects: threading_unload() comes before this code is unloaded (docs/limits.md). */
ti_home ti_port_home(void)
{
    return TI_HOME_LOOSE;
}

bool ti_port_pin(void)
{
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

bool ti_port_is_idle(void)
{
    return ti_c11_ticker_is_gone();
}

/* C knows of no privileges. */
const char *ti_port_environment(const char *name, char *room, size_t size)
{
    (void)room;
    (void)size;
    return getenv(name);
}
