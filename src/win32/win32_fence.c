/* SPDX-License-Identifier: MIT */
/* A fence in all threads of the process: FlushProcessWriteBuffers, since Windows Vista, cannot fail. */
#include "win32_system.h"

bool ti_port_fence_start(void)
{
    return true;
}

bool ti_port_fence_all(void)
{
    FlushProcessWriteBuffers();
    return true;
}
