/* SPDX-License-Identifier: MIT */
/* The end of a program whose THREADING_MUST has failed. */
#include <stdio.h>

#include "atomic.h"
#include "port.h"

#define TI_MUST_TEXT 1024 /* bytes of the line; of a call or a path that is longer, the beginning is enough */

TI_COLD void threading_must_fail(const char *call, const char *file, int line, threading_status_t status)
{
    char text[TI_MUST_TEXT];
    int length = snprintf(text, sizeof text, "%.400s:%d: %.400s: %s: %s\n", file, line, call,
                          threading_status_name(status), threading_status_message(status));
    if (length > 0)
        ti_port_complain(text, (size_t)length);
    ti_port_abort();
}
