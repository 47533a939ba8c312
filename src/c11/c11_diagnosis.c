/* SPDX-License-Identifier: MIT */
/* Standard error, abort, and what the diagnosis needs. C knows of no request by the keyboard that does not
 * end the process (docs/limits.md). */
#include <stdio.h>
#include <stdlib.h>

#include "port.h"

void ti_port_complain(const char *text, size_t length)
{
    ti_port_errors errors = ti_port_errors_keep();
    (void)fwrite(text, 1, length, stderr); /* if it fails there is nobody to tell */
    (void)fflush(stderr);
    ti_port_errors_restore(errors);
}

void ti_port_abort(void)
{
    abort();
}

#if !defined(THREADING_NO_DIAGNOSIS)

bool ti_port_count_requests(void)
{
    return false;
}

void ti_port_leave_signals(void)
{
}

uint32_t ti_port_requests(void)
{
    return 0;
}

#endif
