/* SPDX-License-Identifier: MIT */
#include "port.h"

#if !defined(THREADING_NO_DIAGNOSIS)

threading_status_t threading_set_deadlock_handler(threading_deadlock_handler_t handler, void *arg)
{
    (void)handler;
    (void)arg;
    return THREADING_UNSUPPORTED;
}

threading_status_t threading_set_misuse_handler(threading_misuse_handler_t handler, void *arg)
{
    (void)handler;
    (void)arg;
    return THREADING_UNSUPPORTED;
}

#endif
