/* SPDX-License-Identifier: MIT */
#include "deadline.h"

#define TI_NANOSECONDS 1e9

threading_status_t ti_deadline_check(double seconds)
{
    if (seconds == THREADING_FOREVER)
        return THREADING_OK;
    if (!(seconds >= 0)) /* this way round, since every comparison with NaN is false */
        return THREADING_INVALID;
    return seconds > THREADING_TIMEOUT_MAX ? THREADING_OVERFLOW : THREADING_OK;
}

threading_status_t ti_deadline_check_on(const void *object, double seconds)
{
    return object != NULL ? ti_deadline_check(seconds) : THREADING_INVALID;
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
