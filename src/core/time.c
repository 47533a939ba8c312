/* SPDX-License-Identifier: MIT */
/* Time: the monotonic clock, sleeping, and deadlines. */
#include "deadline.h"
#include "port.h"
#include "self.h"
#include "stop.h"

#define TI_NANOSECONDS 1e9

threading_status_t ti_deadline_check(double seconds)
{
    if (seconds == THREADING_FOREVER)
        return THREADING_OK;
    if (!(seconds >= 0)) /* this way round, since every comparison with NaN is false */
        return THREADING_INVALID;
    return seconds > THREADING_TIMEOUT_MAX ? THREADING_OVERFLOW : THREADING_OK;
}

/* Rounded up, as CPython rounds timeouts: the smallest positive timeout is one nanosecond, not a try. */
static int64_t ti_nanoseconds(double seconds)
{
    double exact = seconds * TI_NANOSECONDS;
    int64_t whole = (int64_t)exact;
    return whole + ((double)whole < exact);
}

int64_t ti_deadline_after(double seconds)
{
    if (seconds == THREADING_FOREVER)
        return TI_FOREVER;
    int64_t now = ti_port_now();
    int64_t wait = ti_nanoseconds(seconds);
    /* 292 years from now are no moment that the clock can show: stop just before TI_FOREVER. */
    return wait < TI_FOREVER - now ? now + wait : TI_FOREVER - 1;
}

bool ti_deadline_passed(int64_t deadline)
{
    return deadline != TI_FOREVER && ti_port_now() >= deadline;
}

double threading_timeout_max(void)
{
    return THREADING_TIMEOUT_MAX;
}

double threading_monotonic(void)
{
    return (double)ti_port_now() / TI_NANOSECONDS;
}

static threading_status_t ti_sleep_heeding(ti_self *self, int64_t deadline)
{
    while (!ti_wait_is_over(self, deadline))
        ti_port_park(&self->parker, ti_wait_limit(self, deadline));
    return ti_deadline_passed(deadline) ? THREADING_OK : THREADING_CANCELLED;
}

/* The calling thread, if it is known: sleeping alone is no reason to become so. */
static ti_self *ti_sleeper(void)
{
    ti_self *self = (ti_self *)ti_port_self();
    return self != NULL ? self : (ti_self *)ti_port_self_recall();
}

threading_status_t threading_sleep(double seconds)
{
    threading_status_t status = ti_deadline_check(seconds);
    if (status != THREADING_OK)
        return status;
    ti_self *self = ti_sleeper();
    if (seconds == 0)
        ti_port_yield();
    else if (self != NULL && !ti_wait_is_unlimited(self, TI_FOREVER))
        return ti_sleep_heeding(self, ti_deadline_after(seconds));
    else
        ti_port_sleep(ti_deadline_after(seconds));
    return THREADING_OK;
}
