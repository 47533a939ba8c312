/* SPDX-License-Identifier: MIT */
/*
 * Timeouts through the whole library, measured in the nanoseconds of the seam's clock: of 10,000 between 1 ms and 2 s none is
 * early. Many threads wait at a time, or it would take most of an hour.
 */
#include "port_support.h"

enum { TRIES = 10000, CROWD = 500, OCTAVES = 11 };

#define LONGEST (2 * SECOND)

static threading_lock_t held;
static threading_thread_t *waiter;
static atomic_int next_place;

/* As many lengths between 1 and 2 ms as between 1 and 2 s. */
static int64_t length_of(int number)
{
    int64_t octave = MILLISECOND << number % OCTAVES;
    int64_t length = octave + octave * (number / OCTAVES) / (TRIES / OCTAVES);
    return length < LONGEST ? length : LONGEST;
}

static threading_status_t wait_for(int kind, double seconds)
{
    if (kind == 0)
        return threading_lock_acquire_timeout(&held, seconds);
    if (kind == 1)
        return threading_thread_join_timeout(waiter, seconds);
    return threading_sleep(seconds) == THREADING_OK ? THREADING_TIMEOUT : THREADING_INVALID;
}

static void try_timeout(int number)
{
    int64_t length = length_of(number);
    int64_t begin_time = ti_port_now();
    CHECK_STATUS(wait_for(number % 3, (double)length / 1e9), THREADING_TIMEOUT);
    CHECK(ti_port_now() - begin_time >= length);
}

static void *try_timeouts(void *arg)
{
    for (int number = atomic_fetch_add(&next_place, 1); number < TRIES; number += CROWD)
        try_timeout(number);
    return arg;
}

static void *wait_for_the_lock(void *arg)
{
    threading_lock_acquire(&held);
    threading_lock_release(&held);
    return arg;
}

/* So many stacks of the usual size are more than a 32-bit address space has. */
static threading_thread_t *started_small(void)
{
    threading_thread_options_t options = {.stack_size = ti_port_has_stack_size ? (size_t)512 << 10 : 0};
    threading_thread_t *thread = threading_thread_new(try_timeouts, NULL, &options);
    CHECK(thread != NULL);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    return thread;
}

CASE(none_of_10000_timeouts_is_early)
{
    static threading_thread_t *crowd[CROWD];
    threading_lock_acquire(&held);
    waiter = started(wait_for_the_lock, NULL);
    for (int i = 0; i < CROWD; i++)
        crowd[i] = started_small();
    for (int i = 0; i < CROWD; i++)
        finished(crowd[i]);
    threading_lock_release(&held);
    finished(waiter);
}
