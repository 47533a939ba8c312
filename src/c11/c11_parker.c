/* SPDX-License-Identifier: MIT */
/*
 * The parker on mtx_t and cnd_t.
 *
 * cnd_timedwait knows only the wall clock, which may be set while a thread sleeps. So a thread sleeps in
 * slices, and the backend's clock tells whether the deadline has come. A wall clock that is set forward
 * ends the slice. One that is set back would make the slice that is under way that much longer where the C
 * library hands the moment itself to the system, as glibc does and musl does not: C has no other wait that
 * can be woken. So the ticker ends such a slice.
 */
#include <threads.h>
#include <time.h>

#include "c11_clock.h"
#include "c11_ticker.h"
#include "port.h"

/* Both are plain memory on Linux, which needs nothing more; on FreeBSD they are allocated. */
bool ti_port_parker_init(ti_parker *parker)
{
    parker->token = false;
    if (mtx_init(&parker->mutex, mtx_plain) != thrd_success)
        return false;
    if (cnd_init(&parker->condition) == thrd_success)
        return true;
    mtx_destroy(&parker->mutex);
    return false;
}

/* The moment on the wall clock that is so far away. */
static struct timespec ti_c11_moment_after(int64_t span)
{
    struct timespec moment = {.tv_sec = 0};
    (void)timespec_get(&moment, TIME_UTC); /* fails only for a base that is unknown */
    int64_t nanoseconds = (int64_t)moment.tv_nsec + span;
    moment.tv_sec += (time_t)(nanoseconds / TI_C11_SECOND);
    moment.tv_nsec = (long)(nanoseconds % TI_C11_SECOND);
    return moment;
}

/* Under the mutex. */
static void ti_c11_park_until(ti_parker *parker, int64_t deadline)
{
    ti_c11_wait_begin();
    ti_c11_ticker_add(parker);
    for (int64_t span; !parker->token && (span = ti_c11_slice(deadline)) > 0;) {
        struct timespec end = ti_c11_moment_after(span);
        /* Whatever it answers: look again. */
        (void)cnd_timedwait(&parker->condition, &parker->mutex, &end);
    }
    ti_c11_ticker_remove(parker);
    ti_c11_wait_end();
}

void ti_port_park(ti_parker *parker, int64_t deadline)
{
    ti_port_errors errors = ti_port_errors_keep();
    (void)mtx_lock(&parker->mutex);
    if (!parker->token && deadline == TI_FOREVER)
        (void)cnd_wait(&parker->condition, &parker->mutex);
    else if (!parker->token)
        ti_c11_park_until(parker, deadline);
    parker->token = false;
    (void)mtx_unlock(&parker->mutex);
    ti_port_errors_restore(errors);
}

void ti_port_unpark(ti_parker *parker)
{
    ti_port_errors errors = ti_port_errors_keep();
    (void)mtx_lock(&parker->mutex);
    parker->token = true;
    (void)cnd_signal(&parker->condition);
    (void)mtx_unlock(&parker->mutex);
    ti_port_errors_restore(errors);
}
