/* SPDX-License-Identifier: MIT */
/* C has no fence but for the calling thread. */
#include "port.h"

bool ti_port_fence_start(void)
{
    return false;
}

bool ti_port_fence_all(void)
{
    return false;
}
