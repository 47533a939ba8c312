/* SPDX-License-Identifier: MIT */
/* Time: the monotonic clock, sleeping, the longest timeout. */
#include "conformance.h"
#include "gate.h"

#include <math.h>

CASE(monotonic_never_goes_back)
{
    double last = threading_monotonic();
    for (int i = 0; i < 100000; i++) {
        double now = threading_monotonic();
        CHECK(now >= last);
        last = now;
    }
}

CASE(monotonic_goes_on)
{
    double start = threading_monotonic();
    AWAIT(threading_monotonic() > start);
}

static void *read_clock(void *arg)
{
    *(double *)arg = threading_monotonic();
    return NULL;
}

CASE(monotonic_is_one_clock_for_all_threads)
{
    for (int i = 0; i < 500; i++) {
        double before = threading_monotonic(), inside = 0;
        finished(started(read_clock, &inside));
        CHECK(before <= inside);
        CHECK(inside <= threading_monotonic());
    }
}

CASE(sleep_is_never_shorter_than_asked)
{
    static const double lengths[] = {1e-6, 5e-5, 1e-4, 0.00049, 0.001, 0.0015, 0.002, 0.0161};
    for (int round = 0; round < 20; round++)
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            double start = threading_monotonic();
            CHECK_STATUS(threading_sleep(lengths[i]), THREADING_OK);
            CHECK(threading_monotonic() - start >= lengths[i]);
        }
}

CASE(sleep_of_nothing_returns)
{
    for (int i = 0; i < 1000; i++)
        CHECK_STATUS(threading_sleep(0), THREADING_OK);
    CHECK_STATUS(threading_sleep(-0.0), THREADING_OK);
}

CASE(sleep_takes_the_smallest_time)
{
    CHECK_STATUS(threading_sleep(5e-324), THREADING_OK);
    CHECK_STATUS(threading_sleep(1e-12), THREADING_OK);
}

CASE(sleep_refuses_negative_times_and_nan)
{
    static const double times[] = {-0.5, -2, -1.0000001, -1e-300, -1e100, -INFINITY, NAN};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        CHECK_STATUS(threading_sleep(times[i]), THREADING_INVALID);
}

CASE(sleep_refuses_times_above_the_limit_without_sleeping)
{
    static const double times[] = {9223372036.000002, THREADING_TIMEOUT_MAX + 1, 1e100, INFINITY};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        CHECK_STATUS(threading_sleep(times[i]), THREADING_OVERFLOW);
}

static atomic_int sleepers_asleep, sleepers_awake;

static void *sleep_for(void *arg)
{
    double seconds = *(double *)arg;
    atomic_fetch_add(&sleepers_asleep, 1);
    (void)threading_sleep(seconds);
    atomic_fetch_add(&sleepers_awake, 1);
    return NULL;
}

CASE(sleep_of_forever_and_of_the_longest_time_do_not_return)
{
    static double times[] = {THREADING_FOREVER, THREADING_TIMEOUT_MAX, 1e9, 4294967.296, 2147483.648};
    int count = sizeof times / sizeof *times;
    for (int i = 0; i < count; i++)
        CHECK_STATUS(threading_start_new_thread(sleep_for, &times[i], NULL), THREADING_OK);
    AWAIT(atomic_load(&sleepers_asleep) == count);
    CHECK_STATUS(threading_sleep(0.05), THREADING_OK);
    CHECK_EQUAL(atomic_load(&sleepers_awake), 0);
}

/* CPython: lock_tests.BaseLockTests.test_timeout */
CASE(timeout_max_is_the_macro)
{
    CHECK(threading_timeout_max() == THREADING_TIMEOUT_MAX);
    CHECK(THREADING_TIMEOUT_MAX == 9223372036.0);
    CHECK(THREADING_FOREVER == -1.0);
}
