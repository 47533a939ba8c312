/* SPDX-License-Identifier: MIT */
#include "port.h"

/* C has no priorities: every thread is as the system made it. */
bool ti_port_set_priority(int priority)
{
    return priority == THREADING_PRIORITY_NORMAL;
}

int ti_port_get_priority(void)
{
    return THREADING_PRIORITY_NORMAL;
}
