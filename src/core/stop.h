/* SPDX-License-Identifier: MIT */
/*
 * What limits a wait: its deadline, and the stop that its thread heeds.
 *
 * A stop's request sets its flag, then wakes the parker of every thread that heeds it or a child of it; the
 * threads are found in the registry. A wait looks at the flag before each park. If it looks too early, the
 * wake leaves a token and its park returns at once, so that it looks again. No queue is involved: a wait that
 * is stopped leaves its queue as at a deadline.
 */
#ifndef TI_STOP_H
#define TI_STOP_H

#include <stdbool.h>
#include <stdint.h>

#include "self.h"

/* Whether a wait of the calling thread can last for ever: neither a deadline nor a stop limits it. */
static inline bool ti_wait_is_unlimited(const ti_self *self, int64_t deadline)
{
    return deadline == TI_FOREVER && (self->stop == NULL || self->deaf > 0);
}

/* Whether the calling thread's wait has reached its limit. */
bool ti_wait_is_over(const ti_self *self, int64_t deadline);

/* The moment at which it does if nobody requests the stop. */
int64_t ti_wait_limit(const ti_self *self, int64_t deadline);

/* Which limit has ended the wait: THREADING_TIMEOUT if the time is over, whatever else, so that a wait of no
 * time is only a look; else THREADING_CANCELLED. */
threading_status_t ti_wait_status(int64_t deadline);

#endif
