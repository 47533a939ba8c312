/* SPDX-License-Identifier: MIT */
/* Priorities: the system's numbers are ours. */
#include "win32_system.h"

_Static_assert(THREADING_PRIORITY_LOWEST == THREAD_PRIORITY_LOWEST &&
                   THREADING_PRIORITY_LOW == THREAD_PRIORITY_BELOW_NORMAL &&
                   THREADING_PRIORITY_NORMAL == THREAD_PRIORITY_NORMAL &&
                   THREADING_PRIORITY_HIGH == THREAD_PRIORITY_ABOVE_NORMAL &&
                   THREADING_PRIORITY_HIGHEST == THREAD_PRIORITY_HIGHEST,
               "a level is a priority of the system's");

bool ti_port_set_priority(int priority)
{
    ti_port_errors errors = ti_port_errors_keep();
    bool is_set = SetThreadPriority(GetCurrentThread(), priority) != 0;
    ti_port_errors_restore(errors);
    return is_set;
}

/* The system has some beyond the five: idle, time critical, those of real-time processes. */
int ti_port_get_priority(void)
{
    ti_port_errors errors = ti_port_errors_keep();
    int priority = GetThreadPriority(GetCurrentThread());
    ti_port_errors_restore(errors);
    if (priority == THREAD_PRIORITY_ERROR_RETURN)
        return THREADING_PRIORITY_NORMAL;
    if (priority < THREADING_PRIORITY_LOWEST)
        return THREADING_PRIORITY_LOWEST;
    return priority < THREADING_PRIORITY_HIGHEST ? priority : THREADING_PRIORITY_HIGHEST;
}
