/* SPDX-License-Identifier: MIT */
/*
 * Time. C23 has TIME_MONOTONIC, where the C library knows it. Without it there is only the wall clock: when that is set
 * back, this clock goes on from where it was; when it is set forward, this clock jumps with it, and waits end early.
 */
#include <threads.h>
#include <time.h>

#include "port.h"

#define TI_C11_SECOND INT64_C(1000000000)
#define TI_C11_LONGEST_SLEEP INT64_C(86400) /* seconds: a day, which every time_t can hold */

static once_flag ti_c11_clock_once = ONCE_FLAG_INIT;
static mtx_t ti_c11_clock_mutex;
static int ti_c11_clock_base;      /* what timespec_get is asked for */
static int64_t ti_c11_clock_last;  /* under the mutex: the last moment that was told */
static int64_t ti_c11_clock_shift; /* under the mutex: how far the wall clock has been set back so far */

static void ti_c11_clock_start(void)
{
    /* A plain mutex needs nothing that could be out on the systems in use. */
    (void)mtx_init(&ti_c11_clock_mutex, mtx_plain);
    ti_c11_clock_base = TIME_UTC;
#if defined(TIME_MONOTONIC)
    struct timespec now;
    if (timespec_get(&now, TIME_MONOTONIC) == TIME_MONOTONIC)
        ti_c11_clock_base = TIME_MONOTONIC;
#endif
}

static int64_t ti_c11_read(void)
{
    struct timespec now = {.tv_sec = 0};
    (void)timespec_get(&now, ti_c11_clock_base); /* fails only for a base that is unknown */
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
    for (int64_t now; (now = ti_port_now()) < deadline;) {
        int64_t seconds = (deadline - now) / TI_C11_SECOND;
        struct timespec span = {.tv_nsec = (long)((deadline - now) % TI_C11_SECOND)};
        span.tv_sec = (time_t)(seconds < TI_C11_LONGEST_SLEEP ? seconds : TI_C11_LONGEST_SLEEP);
        (void)thrd_sleep(&span, NULL); /* 0, or ended early by a signal: look at the clock again */
    }
}
