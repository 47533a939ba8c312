/* SPDX-License-Identifier: MIT */
#include "blocked.h"

#if !defined(THREADING_NO_DIAGNOSIS)

threading_status_t threading_profile_start(void)
{
    return THREADING_UNSUPPORTED;
}

threading_status_t threading_profile_stop(void)
{
    ti_blocked_watch(NULL);
    return THREADING_UNSUPPORTED;
}

threading_status_t threading_profile_write(threading_write_t write, void *context)
{
    (void)write;
    (void)context;
    return THREADING_UNSUPPORTED;
}

#endif
