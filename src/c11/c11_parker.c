/* SPDX-License-Identifier: MIT */
/*
 * The parker on mtx_t and cnd_t.
 *
 * cnd_timedwait knows only the wall clock, which may be set while a thread sleeps. So a thread sleeps in slices and looks
 * at the backend's clock after each: a clock that was set back costs one slice, one that was set forward nothing.
 */
#include <threads.h>
#include <time.h>

#include "port.h"

#define TI_C11_SECOND INT64_C(1000000000)
#define TI_C11_SLICE (TI_C11_SECOND / 10)

void ti_port_parker_init(ti_parker *parker)
{
    /* Plain mutexes and condition variables need nothing that could be out on the systems in use. */
    (void)mtx_init(&parker->mutex, mtx_plain);
    (void)cnd_init(&parker->condition);
    parker->token = false;
}

/* The end of the next slice on the wall clock. */
static struct timespec ti_c11_slice_end(int64_t deadline)
{
    struct timespec end = {0, 0};
    int64_t remaining = deadline - ti_port_now();
    int64_t slice = remaining < TI_C11_SLICE ? remaining : TI_C11_SLICE;
    (void)timespec_get(&end, TIME_UTC); /* fails only for a base that is unknown */
    int64_t nanoseconds = (int64_t)end.tv_nsec + (slice > 0 ? slice : 0);
    end.tv_sec += (time_t)(nanoseconds / TI_C11_SECOND);
    end.tv_nsec = (long)(nanoseconds % TI_C11_SECOND);
    return end;
}

void ti_port_park(ti_parker *parker, int64_t deadline)
{
    (void)mtx_lock(&parker->mutex);
    if (!parker->token && deadline == TI_FOREVER) {
        (void)cnd_wait(&parker->condition, &parker->mutex);
    } else if (!parker->token) {
        struct timespec end = ti_c11_slice_end(deadline);
        (void)cnd_timedwait(&parker->condition, &parker->mutex,
                            &end); /* any result: the caller looks again */
    }
    parker->token = false;
    (void)mtx_unlock(&parker->mutex);
}

void ti_port_unpark(ti_parker *parker)
{
    (void)mtx_lock(&parker->mutex);
    parker->token = true;
    (void)cnd_signal(&parker->condition);
    (void)mtx_unlock(&parker->mutex);
}
