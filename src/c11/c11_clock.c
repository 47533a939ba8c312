/* SPDX-License-Identifier: MIT */
/*
 * Time. C23 has TIME_MONOTONIC, where the C library knows it. Without it there is only the wall clock: when that is set
 * back, this clock goes on from where it was; when it is set forward, this clock jumps with it, and waits end early.
 */
#include <threads.h>
#include <time.h>

#include "atomic.h"
#include "port.h"

#define TI_C11_SECOND INT64_C(1000000000)

#if defined(TIME_MONOTONIC)
#define TI_C11_BASE TIME_MONOTONIC
#else
#define TI_C11_BASE TIME_UTC
#endif

static once_flag ti_c11_clock_once = ONCE_FLAG_INIT;
static mtx_t ti_c11_clock_mutex;
static int64_t ti_c11_clock_last;  /* under the mutex: the last moment that was told */
static int64_t ti_c11_clock_shift; /* under the mutex: how far the wall clock has been set back so far */

static void ti_c11_clock_start(void)
{
    (void)mtx_init(&ti_c11_clock_mutex,
                   mtx_plain); /* needs nothing that could be out on the systems in use */
}

static int64_t ti_c11_read(void)
{
    struct timespec now = {0, 0};
    (void)timespec_get(&now, TI_C11_BASE); /* fails only for a base that is unknown */
    return (int64_t)now.tv_sec * TI_C11_SECOND + now.tv_nsec;
}

int64_t ti_port_now(void)
{
    call_once(&ti_c11_clock_once, ti_c11_clock_start);
    (void)mtx_lock(&ti_c11_clock_mutex);
    int64_t now = ti_c11_read() + ti_c11_clock_shift;
    if (now < ti_c11_clock_last) {
        ti_c11_clock_shift += ti_c11_clock_last - now;
        now = ti_c11_clock_last;
    }
    ti_c11_clock_last = now;
    (void)mtx_unlock(&ti_c11_clock_mutex);
    return now;
}

void ti_port_sleep(int64_t deadline)
{
    for (int64_t remaining; (remaining = deadline - ti_port_now()) > 0;) {
        int64_t seconds = remaining / TI_C11_SECOND;
        struct timespec span = {(time_t)(seconds < INT32_MAX ? seconds : INT32_MAX),
                                (long)(remaining % TI_C11_SECOND)};
        (void)thrd_sleep(&span, NULL); /* 0, or ended early by a signal: look at the clock again */
    }
}
