/* SPDX-License-Identifier: MIT */
/*
 * What holds for Lock and RLock alike, as CPython's BaseLockTests do for both: the bodies of cases. The suite
 * that includes this defines LOCK_T, the type, and LOCK(verb), the name of its function for a verb.
 * The thread that acquired also releases, in all of it.
 */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"
#include "crowd.h"

/* Each case is a process of its own, so all of this begins at zero. */
static LOCK_T lock;
static atomic_int announced; /* threads that stand right before their call */
static atomic_int passed;    /* threads that have come back from it */
static atomic_int may_leave; /* how many of those that have it may release it */
static atomic_bool stop;
static int inside; /* plain on purpose: the lock alone protects it */

static void acquire_it(void)
{
    CHECK_STATUS(LOCK(acquire)(&lock), THREADING_OK);
}

static void release_it(void)
{
    CHECK_STATUS(LOCK(release)(&lock), THREADING_OK);
}

static void is_free_and_works(void)
{
    CHECK(!LOCK(locked)(&lock));
    CHECK(is_zero(&lock, sizeof lock));
    CHECK_STATUS(LOCK(try_acquire)(&lock), THREADING_OK);
    CHECK(LOCK(locked)(&lock));
    release_it();
    CHECK(is_zero(&lock, sizeof lock));
}

/* The caller has the lock, so nobody else may be here. */
static void be_inside(void)
{
    CHECK_EQUAL(inside, 0);
    inside = 1;
    threading_sleep(0);
    CHECK_EQUAL(inside, 1);
    inside = 0;
}

static void *take_a_turn(void *arg)
{
    (void)arg;
    atomic_fetch_add(&announced, 1);
    acquire_it();
    be_inside();
    atomic_fetch_add(&passed, 1);
    release_it();
    return NULL;
}

static void *run_out_of_time(void *seconds)
{
    double begin = threading_monotonic();
    CHECK_STATUS(LOCK(acquire_timeout)(&lock, *(double *)seconds), THREADING_TIMEOUT);
    CHECK(threading_monotonic() - begin >= *(double *)seconds);
    atomic_fetch_add(&passed, 1);
    return NULL;
}

static void works_from_zero(void)
{
    memset(&lock, 0, sizeof lock);
    is_free_and_works();
}

static void works_from_init_of_garbage(void)
{
    memset(&lock, 0xa5, sizeof lock);
    CHECK_STATUS(LOCK(init)(&lock), THREADING_OK);
    is_free_and_works();
}

static void init_frees(void)
{
    CHECK_STATUS(LOCK(init)(&lock), THREADING_OK);
    acquire_it();
    CHECK_STATUS(LOCK(init)(&lock), THREADING_OK);
    is_free_and_works();
}

static void null_is_told(void)
{
    CHECK_STATUS(LOCK(init)(NULL), THREADING_INVALID);
    CHECK_STATUS(LOCK(acquire)(NULL), THREADING_INVALID);
    CHECK_STATUS(LOCK(try_acquire)(NULL), THREADING_INVALID);
    CHECK_STATUS(LOCK(acquire_timeout)(NULL, 0), THREADING_INVALID);
    CHECK_STATUS(LOCK(acquire_timeout)(NULL, INFINITY), THREADING_INVALID);
    CHECK_STATUS(LOCK(release)(NULL), THREADING_INVALID);
    CHECK(!LOCK(locked)(NULL));
}

/* The sanitizers would tell what the library still does with the memory. */
static void memory_goes_unused_or_held(void)
{
    for (int hold = 0; hold < 2; hold++) {
        LOCK_T *own = malloc(sizeof *own);
        CHECK(own != NULL);
        CHECK_STATUS(LOCK(init)(own), THREADING_OK);
        if (hold)
            CHECK_STATUS(LOCK(acquire)(own), THREADING_OK);
        free(own);
    }
}

static void acquires_and_releases(void)
{
    CHECK(!LOCK(locked)(&lock));
    acquire_it();
    CHECK(LOCK(locked)(&lock));
    release_it();
    is_free_and_works();
}

static void *try_in_vain(void *arg)
{
    (void)arg;
    CHECK(LOCK(locked)(&lock));
    CHECK_STATUS(LOCK(try_acquire)(&lock), THREADING_BUSY);
    CHECK_STATUS(LOCK(acquire_timeout)(&lock, 0), THREADING_TIMEOUT);
    return NULL;
}

static void others_try_in_vain(void)
{
    acquire_it();
    finished(started(try_in_vain, NULL));
    foreign_join(foreign_start(try_in_vain, NULL));
    release_it();
    is_free_and_works();
}

static void waiters_each_get_it(int count)
{
    threading_thread_t *threads[50];
    acquire_it();
    start_many(threads, count, take_a_turn, NULL);
    AWAIT(atomic_load(&announced) == count);
    CHECK_EQUAL(atomic_load(&passed), 0);
    release_it();
    finish_many(threads, count);
    CHECK_EQUAL(atomic_load(&passed), count);
    is_free_and_works();
}

static void *leave_when_allowed(void *arg)
{
    (void)arg;
    atomic_fetch_add(&announced, 1);
    acquire_it();
    int place = atomic_fetch_add(&passed, 1) + 1;
    AWAIT(atomic_load(&may_leave) >= place);
    release_it();
    return NULL;
}

static void release_lets_one_on(void)
{
    threading_thread_t *threads[5];
    acquire_it();
    start_many(threads, 5, leave_when_allowed, NULL);
    AWAIT(atomic_load(&announced) == 5);
    CHECK_EQUAL(atomic_load(&passed), 0);
    release_it();
    for (int i = 1; i <= 5; i++) {
        AWAIT(atomic_load(&passed) >= i);
        threading_sleep(0.002); /* proves nothing, gives a wrong library the time to show itself */
        CHECK_EQUAL(atomic_load(&passed), i);
        CHECK(LOCK(locked)(&lock));
        atomic_store(&may_leave, i);
    }
    finish_many(threads, 5);
    is_free_and_works();
}

static void *pass_by(void *which)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(LOCK(acquire)(which), THREADING_OK);
    atomic_fetch_add(&passed, 1);
    CHECK_STATUS(LOCK(release)(which), THREADING_OK);
    return NULL;
}

/* Locks that lie side by side share nothing that can be noticed, hashed to one queue or not. */
static void neighbours_are_apart(void)
{
    static LOCK_T many[100];
    threading_thread_t *threads[100];
    for (int i = 0; i < 100; i++) {
        CHECK_STATUS(LOCK(acquire)(&many[i]), THREADING_OK);
        threads[i] = started(pass_by, &many[i]);
    }
    AWAIT(atomic_load(&announced) == 100);
    for (int i = 0; i < 100; i++) {
        int chosen = i * 37 % 100;
        CHECK_EQUAL(atomic_load(&passed), i);
        CHECK_STATUS(LOCK(release)(&many[chosen]), THREADING_OK);
        finished(threads[chosen]);
        CHECK_EQUAL(atomic_load(&passed), i + 1);
    }
    CHECK(is_zero(many, sizeof many));
}

static void foreign_threads_leave_nothing(void)
{
    foreign_t *threads[15];
    acquire_it();
    for (int i = 0; i < 15; i++)
        threads[i] = foreign_start(take_a_turn, NULL);
    AWAIT(atomic_load(&announced) == 15);
    CHECK_EQUAL(threading_active_count(), 1);
    release_it();
    for (int i = 0; i < 15; i++)
        foreign_join(threads[i]);
    CHECK_EQUAL(atomic_load(&passed), 15);
    CHECK_EQUAL(threading_active_count(), 1);
    is_free_and_works();
}

static void *check_bad_timeouts(void *arg)
{
    const double invalid[] = {-100, -2, -1.5, -0.5, -1e-12, -INFINITY, NAN};
    const double overflow[] = {THREADING_TIMEOUT_MAX + 1, 1e100, INFINITY};
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++)
        CHECK_STATUS(LOCK(acquire_timeout)(&lock, invalid[i]), THREADING_INVALID);
    for (size_t i = 0; i < sizeof overflow / sizeof *overflow; i++)
        CHECK_STATUS(LOCK(acquire_timeout)(&lock, overflow[i]), THREADING_OVERFLOW);
    return arg;
}

static void bad_timeouts_are_told(void)
{
    (void)check_bad_timeouts(NULL);
    is_free_and_works();
    acquire_it();
    (void)check_bad_timeouts(NULL);
    finished(started(check_bad_timeouts, NULL));
    release_it();
    is_free_and_works();
}

static void any_timeout_takes_it_free(void)
{
    const double all[] = {0, -0.0, 5e-324, 1e-12, 60, 4294967.295, THREADING_TIMEOUT_MAX, THREADING_FOREVER};
    double begin = threading_monotonic();
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        CHECK_STATUS(LOCK(acquire_timeout)(&lock, all[i]), THREADING_OK);
        release_it();
    }
    CHECK(threading_monotonic() - begin < 60);
    is_free_and_works();
}

static void never_early(void)
{
    double all[] = {0.001, 0.002, 0.003, 0.005, 0.008, 0.013, 0.02, 0.035, 0.05, 0.2};
    acquire_it();
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        finished(started(run_out_of_time, &all[i]));
    release_it();
    is_free_and_works();
}

static void *run_out_of_short_times(void *arg)
{
    const double tiny[] = {0, -0.0, 5e-324, 1e-300, 1e-12, 1e-10, 1e-9, 1.5e-9, 1e-7};
    for (size_t i = 0; i < sizeof tiny / sizeof *tiny; i++)
        CHECK_STATUS(LOCK(acquire_timeout)(&lock, tiny[i]), THREADING_TIMEOUT);
    for (int i = 1; i <= 1000; i++) {
        double seconds = i * 1.1e-6;
        (void)run_out_of_time(&seconds);
    }
    return arg;
}

static void short_times_are_waited_for(void)
{
    acquire_it();
    finished(started(run_out_of_short_times, NULL));
    release_it();
    is_free_and_works();
}

static void *acquire_in_time(void *seconds)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(LOCK(acquire_timeout)(&lock, *(double *)seconds), THREADING_OK);
    release_it();
    return NULL;
}

/* The numbers at which an addition, 32-bit milliseconds or a 32-bit time_t would wrap around. */
static void long_times_end_by_the_release(void)
{
    double all[] = {THREADING_FOREVER, THREADING_TIMEOUT_MAX, 60,         86400, 2147483.648,
                    4294967.295,       4294967.296,           2147483648, 1e9};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        acquire_it();
        threading_thread_t *thread = started(acquire_in_time, &all[i]);
        AWAIT(atomic_load(&announced) == (int)i + 1);
        CHECK_STATUS(threading_thread_join_timeout(thread, 0.01), THREADING_TIMEOUT);
        release_it();
        finished(thread);
    }
    is_free_and_works();
}

static void timed_out_waiters_are_gone(void)
{
    double seconds = 0.005;
    threading_thread_t *threads[8];
    acquire_it();
    start_many(threads, 8, run_out_of_time, &seconds);
    finish_many(threads, 8);
    release_it();
    is_free_and_works();
}

static void waiter_among_timed_out_ones_gets_it(void)
{
    double seconds = 0.005;
    threading_thread_t *threads[8];
    acquire_it();
    start_many(threads, 4, run_out_of_time, &seconds);
    threading_thread_t *waiter = started(take_a_turn, NULL);
    start_many(threads + 4, 4, run_out_of_time, &seconds);
    finish_many(threads, 8);
    CHECK_EQUAL(atomic_load(&passed), 8);
    release_it();
    finished(waiter);
    is_free_and_works();
}

#endif
