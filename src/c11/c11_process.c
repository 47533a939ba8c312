/* SPDX-License-Identifier: MIT */
/* The process: exit is C's own; of fork C knows nothing, so a forked child must not use the library (docs/limits.md). */
#include <stdlib.h>

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
    return true;
}
