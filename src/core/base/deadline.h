/* SPDX-License-Identifier: MIT */
/* From the seconds of the public calls to moments on the monotonic clock. */
#ifndef TI_DEADLINE_H
#define TI_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "port.h"

/*
 * THREADING_OK if the timeout is in order, else THREADING_INVALID or THREADING_OVERFLOW; looks at no clock,
 * so that calls can refuse a bad timeout before they look at anything else.
 */
threading_status_t ti_deadline_check(double seconds);

/* The same for a call on an object: THREADING_INVALID first if there is none. */
threading_status_t ti_deadline_check_on(const void *object, double seconds);

/* The moment `seconds` from now, rounded up; TI_FOREVER for THREADING_FOREVER. The timeout was checked. */
int64_t ti_deadline_after(double seconds);

/* The deadline of a try. */
#define TI_PAST INT64_MIN

/* Whether a moment has come. TI_FOREVER never does. */
bool ti_deadline_passed(int64_t deadline);

#endif
