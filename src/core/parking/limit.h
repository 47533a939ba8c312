/* SPDX-License-Identifier: MIT */
/* What limits a wait: its deadline, and the stop that its thread heeds (stop.c). */
#ifndef TI_LIMIT_H
#define TI_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "self.h"

/* Whether a wait of the calling thread can last for ever: neither a deadline nor a stop limits it. */
static inline bool ti_limit_is_none(const ti_self *self, int64_t deadline)
{
    return deadline == TI_FOREVER && (self->stop == NULL || self->deaf > 0);
}

/* Whether the calling thread's wait has reached its limit. */
bool ti_limit_is_reached(const ti_self *self, int64_t deadline);

/* The moment at which it does if nobody requests the stop. */
int64_t ti_limit_next(const ti_self *self, int64_t deadline);

/* Which limit has ended the wait: THREADING_TIMEOUT if the time is over, whatever else, so that a wait of no
 * time is only a look; else THREADING_CANCELLED. */
threading_status_t ti_limit_status(int64_t deadline);

#endif
