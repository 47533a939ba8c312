/* SPDX-License-Identifier: MIT */
/*
 * Time. C23 has TIME_MONOTONIC, where the C library knows it. Without it there is only the wall clock,
 * which somebody may set. So this clock is a sum: of the times that passed between its readings, as far as
 * they can be believed.
 *
 *   - Time that is less than none has not passed: the clock was set back, and this one goes on from where
 *     it was.
 *   - While a thread is in a timed wait, that thread reads the clock after each slice of its wait. So if
 *     more than a slice and what a scheduler may add seems to have passed since the last reading, the
 *     clock was set forward, and no more than that has passed. A step of hours then ends a wait early by a
 *     tenth of a second at most.
 *   - While no thread is in a timed wait, nothing tells a step from an hour in which nobody asked for the
 *     time. Nothing waits for that clock either.
 *
 * A process that is stopped or starved for longer loses that time: its waits are late by as much, which
 * they would be anyway. What remains is a step in the microseconds between a deadline's making and its
 * wait.
 */
#include "c11_clock.h"

#include <threads.h>
#include <time.h>

#include "port.h"

#define TI_C11_MEMORY_WAIT 1000000 /* nanoseconds between attempts to make a mutex when memory is out */

/* What may have passed between two readings while a thread waits: a slice, and as much again for the
 * scheduler. */
#define TI_C11_LONGEST_STEP (2 * TI_C11_SLICE)

static once_flag ti_c11_clock_once = ONCE_FLAG_INIT;
static mtx_t ti_c11_clock_mutex;
static int ti_c11_clock_base; /* what timespec_get is asked for */

/* Under the mutex: */
static int64_t ti_c11_clock_read; /* the last reading */
static int64_t ti_c11_clock_now;  /* the sum */
static int ti_c11_clock_waits;    /* threads in a timed wait */

static int64_t ti_c11_read(void)
{
    struct timespec now = {.tv_sec = 0};
    (void)timespec_get(&now, ti_c11_clock_base); /* fails only for a base that is unknown */
    return (int64_t)now.tv_sec * TI_C11_SECOND + now.tv_nsec;
}

void ti_c11_mutex_init(mtx_t *mutex)
{
    while (mtx_init(mutex, mtx_plain) != thrd_success)
        (void)thrd_sleep(&(struct timespec){.tv_nsec = TI_C11_MEMORY_WAIT}, NULL); /* however long it takes */
}

static void ti_c11_clock_start(void)
{
    ti_c11_mutex_init(&ti_c11_clock_mutex);
    ti_c11_clock_base = TIME_UTC;
#if defined(TIME_MONOTONIC)
    struct timespec now;
    if (timespec_get(&now, TIME_MONOTONIC) == TIME_MONOTONIC)
        ti_c11_clock_base = TIME_MONOTONIC;
#endif
    ti_c11_clock_read = ti_c11_read();
}

/* How much time has passed if the clock went on by so much. */
static int64_t ti_c11_believed(int64_t passed)
{
    if (ti_c11_clock_base != TIME_UTC)
        return passed;
    if (ti_c11_clock_waits > 0 && passed > TI_C11_LONGEST_STEP)
        return TI_C11_LONGEST_STEP;
    return passed > 0 ? passed : 0;
}

/* Reads the clock, and counts a wait that begins (1) or ends (-1). */
static int64_t ti_c11_clock_look(int change)
{
    ti_port_errors errors = ti_port_errors_keep();
    call_once(&ti_c11_clock_once, ti_c11_clock_start);
    (void)mtx_lock(&ti_c11_clock_mutex);
    int64_t read = ti_c11_read();
    int64_t now = ti_c11_clock_now += ti_c11_believed(read - ti_c11_clock_read);
    ti_c11_clock_read = read;
    ti_c11_clock_waits += change;
    (void)mtx_unlock(&ti_c11_clock_mutex);
    ti_port_errors_restore(errors);
    return now;
}

int64_t ti_port_now(void)
{
    return ti_c11_clock_look(0);
}

void ti_c11_wait_begin(void)
{
    (void)ti_c11_clock_look(1);
}

/* The wait still counts while this reading is taken. */
void ti_c11_wait_end(void)
{
    (void)ti_c11_clock_look(-1);
}

int64_t ti_c11_slice(int64_t deadline)
{
    int64_t now = ti_port_now();
    if (deadline <= now)
        return 0;
    return deadline - now < TI_C11_SLICE ? deadline - now : TI_C11_SLICE;
}

/* thrd_sleep takes a span, not a moment: whoever sets the clock does not change it. */
void ti_port_sleep(int64_t deadline)
{
    ti_port_errors errors = ti_port_errors_keep();
    ti_c11_wait_begin();
    for (int64_t span; (span = ti_c11_slice(deadline)) > 0;)
        /* 0, or ended early by a signal: look at the clock again. */
        (void)thrd_sleep(&(struct timespec){.tv_nsec = (long)span}, NULL);
    ti_c11_wait_end();
    ti_port_errors_restore(errors);
}
