/* SPDX-License-Identifier: MIT */
/*
 * The parker on mtx_t and cnd_t.
 *
 * cnd_timedwait knows only the wall clock, which may be set while a thread sleeps. So a thread sleeps in slices and looks
 * at the backend's clock after each. A clock that was set forward costs nothing; one that was set back makes the slice
 * that is under way that much longer, since C has no other wait.
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
    struct timespec end = {.tv_sec = 0};
    int64_t now = ti_port_now();
    int64_t remaining = deadline > now ? deadline - now : 0;
    (void)timespec_get(&end, TIME_UTC); /* fails only for a base that is unknown */
    int64_t nanoseconds = (int64_t)end.tv_nsec + (remaining < TI_C11_SLICE ? remaining : TI_C11_SLICE);
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
        /* Whatever it answers: the caller looks again. */
        (void)cnd_timedwait(&parker->condition, &parker->mutex, &end);
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
