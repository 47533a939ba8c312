/* SPDX-License-Identifier: MIT */
/* Time: the monotonic clock, and sleeping. */
#include "deadline.h"
#include "limit.h"
#include "misuse.h"
#include "port.h"
#include "self.h"

double threading_timeout_max(void)
{
    return THREADING_TIMEOUT_MAX;
}

double threading_monotonic(void)
{
    return (double)ti_port_now() / 1e9;
}

/* A stop that was requested before ends a sleep of any time: a thread that sleeps again and again for less
 * than a look at the clock takes would else never be told. */
static threading_status_t ti_sleep_heeding(ti_self *self, int64_t deadline)
{
    if (ti_limit_is_reached(self, TI_FOREVER))
        return THREADING_CANCELLED;
    ti_blocked_begin(self, ti_limit_next(self, deadline));
    while (!ti_limit_is_reached(self, deadline))
        ti_port_park(&self->parker, ti_limit_next(self, deadline));
    ti_blocked_end(self);
    return ti_deadline_passed(deadline) ? THREADING_OK : THREADING_CANCELLED;
}

/* Of a thread that is not known nobody asks what it does. */
static void ti_sleep_until(ti_self *self, int64_t deadline)
{
    if (self != NULL)
        ti_blocked_begin(self, deadline);
    ti_port_sleep(deadline);
    if (self != NULL)
        ti_blocked_end(self);
}

threading_status_t threading_sleep(double seconds)
{
    threading_status_t status = ti_deadline_check(seconds);
    if (status != THREADING_OK)
        return TI_TELL(NULL, status);
    ti_self *self = ti_self_known(); /* sleeping alone is no reason to become so */
    if (self != NULL)
        ti_blocked_on(self, TI_ON_SLEEP, NULL);
    if (seconds == 0)
        ti_port_yield();
    else if (self != NULL && !ti_limit_is_none(self, TI_FOREVER))
        return ti_sleep_heeding(self, ti_deadline_after(seconds));
    else
        ti_sleep_until(self, ti_deadline_after(seconds));
    return THREADING_OK;
}
