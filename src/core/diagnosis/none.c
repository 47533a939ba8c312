/* SPDX-License-Identifier: MIT */
/* The calls of the diagnosis where it is left out. */
#include "port.h"

#if defined(THREADING_NO_DIAGNOSIS)

threading_status_t threading_dump(threading_write_t write, void *context)
{
    (void)write;
    (void)context;
    return THREADING_UNSUPPORTED;
}

threading_status_t threading_object_set_name(const void *object, const char *name)
{
    (void)object;
    (void)name;
    return THREADING_UNSUPPORTED;
}

size_t threading_object_name(const void *object, char *buffer, size_t size)
{
    (void)object;
    if (buffer != NULL && size > 0)
        *buffer = '\0';
    return 0;
}

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

threading_status_t threading_profile_start(void)
{
    return THREADING_UNSUPPORTED;
}

threading_status_t threading_profile_stop(void)
{
    return THREADING_UNSUPPORTED;
}

threading_status_t threading_profile_write(threading_write_t write, void *context)
{
    (void)write;
    (void)context;
    return THREADING_UNSUPPORTED;
}

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
