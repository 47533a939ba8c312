/* SPDX-License-Identifier: MIT */
/* What the suites about the seam share. They use the harness, but of the library nothing beyond the backend. */
#ifndef PORT_SUPPORT_H
#define PORT_SUPPORT_H

#include "conformance.h"
#include "port.h"

#define SECOND INT64_C(1000000000)
#define MILLISECOND INT64_C(1000000)

THREADING_UNUSED static inline void begin(ti_port_thread *thread, void (*entry)(void *argument),
                                          void *argument)
{
    CHECK_STATUS(ti_port_thread_start(thread, entry, argument, 0), THREADING_OK);
}

THREADING_UNUSED static inline void run_thread(void (*entry)(void *argument), void *argument)
{
    ti_port_thread thread;
    begin(&thread, entry, argument);
    ti_port_thread_join(&thread);
}

#endif
