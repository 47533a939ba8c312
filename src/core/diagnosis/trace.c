/* SPDX-License-Identifier: MIT */
#include "port.h"

#if !defined(THREADING_NO_DIAGNOSIS)

threading_status_t threading_trace_start(void)
{
    return THREADING_UNSUPPORTED;
}

threading_status_t threading_trace_stop(void)
{
    return THREADING_UNSUPPORTED;
}

threading_status_t threading_trace_write(threading_write_t write, void *context)
{
    (void)write;
    (void)context;
    return THREADING_UNSUPPORTED;
}

#endif
