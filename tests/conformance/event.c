/* SPDX-License-Identifier: MIT */
/*
 * Event: a flag that threads wait for.
 *
 * Nobody can see that a thread waits for an event. The cases are right whether it does already or is only about
 * to; a short sleep makes it likely that it does, and so makes a wrong library more likely to show itself.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"
#include "crowd.h"

/* Each case is a process of its own, so all of this begins at zero. */
static threading_event_t event;
static atomic_int announced; /* threads that stand right before their call */
static atomic_int passed;    /* waits that have come back with THREADING_OK */
static atomic_int timeouts;  /* and with THREADING_TIMEOUT */

static void set(void)
{
    CHECK_STATUS(threading_event_set(&event), THREADING_OK);
}

static void clear(void)
{
    CHECK_STATUS(threading_event_clear(&event), THREADING_OK);
}

/* Waits return at once, with or without a limit. */
static void is_set_and_works(void)
{
    CHECK(threading_event_is_set(&event));
    CHECK_STATUS(threading_event_wait(&event), THREADING_OK);
    CHECK_STATUS(threading_event_wait_timeout(&event, 0), THREADING_OK);
    CHECK_STATUS(threading_event_wait_timeout(&event, THREADING_TIMEOUT_MAX), THREADING_OK);
    CHECK(threading_event_is_set(&event));
}

static void is_not_set_and_works(void)
{
    CHECK(!threading_event_is_set(&event));
    CHECK_STATUS(threading_event_wait_timeout(&event, 0), THREADING_TIMEOUT);
    CHECK_STATUS(threading_event_wait_timeout(&event, 0.0001), THREADING_TIMEOUT);
    CHECK(!threading_event_is_set(&event));
}

static void *wait_for_it(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_event_wait(&event), THREADING_OK);
    atomic_fetch_add(&passed, 1);
    return arg;
}

static void *wait_at_most(void *seconds)
{
    atomic_fetch_add(&announced, 1);
    threading_status_t status = threading_event_wait_timeout(&event, *(double *)seconds);
    if (status != THREADING_OK)
        CHECK_STATUS(status, THREADING_TIMEOUT);
    atomic_fetch_add(status == THREADING_OK ? &passed : &timeouts, 1);
    return NULL;
}

/* ------------------------------------------------------------------------------------------- the flag */

CASE(is_4_bytes)
{
    CHECK_EQUAL(sizeof(threading_event_t), 4);
}

/* CPython: lock_tests.EventTests.test_is_set, test_repr */
CASE(zero_bytes_are_an_event_that_is_not_set)
{
    is_not_set_and_works();
    CHECK(is_zero(&event, sizeof event));
}

/* CPython: lock_tests.EventTests.test_is_set, test_repr */
CASE(set_and_clear_may_be_repeated)
{
    for (int i = 0; i < 3; i++) {
        set();
        is_set_and_works();
        set();
        is_set_and_works();
        clear();
        is_not_set_and_works();
        clear();
        is_not_set_and_works();
    }
    CHECK(is_zero(&event, sizeof event));
}

/* CPython: lock_tests.EventTests.test_at_fork_reinit */
CASE(init_makes_an_event_that_is_not_set)
{
    memset(&event, 0xa5, sizeof event);
    CHECK_STATUS(threading_event_init(&event), THREADING_OK);
    is_not_set_and_works();
    set();
    CHECK_STATUS(threading_event_init(&event), THREADING_OK);
    is_not_set_and_works();
    set();
    is_set_and_works();
}

CASE(null_is_invalid)
{
    CHECK_STATUS(threading_event_init(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_event_set(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_event_clear(NULL), THREADING_INVALID);
    CHECK(!threading_event_is_set(NULL));
    CHECK_STATUS(threading_event_wait(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_event_wait_timeout(NULL, 0), THREADING_INVALID);
    CHECK_STATUS(threading_event_wait_timeout(NULL, INFINITY), THREADING_INVALID);
}

static void check_bad_timeouts(void)
{
    const double invalid[] = {-100, -2, -1.5, -0.5, -1e-12, -INFINITY, NAN};
    const double overflow[] = {THREADING_TIMEOUT_MAX + 1, 1e100, INFINITY};
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++)
        CHECK_STATUS(threading_event_wait_timeout(&event, invalid[i]), THREADING_INVALID);
    for (size_t i = 0; i < sizeof overflow / sizeof *overflow; i++)
        CHECK_STATUS(threading_event_wait_timeout(&event, overflow[i]), THREADING_OVERFLOW);
}

/* CPython takes NaN and negative times for 0, and looks at the flag first. */
CASE(bad_timeouts_are_told_whether_set_or_not)
{
    check_bad_timeouts();
    is_not_set_and_works();
    set();
    check_bad_timeouts();
    is_set_and_works();
}

/* The sanitizers would tell what the library still does with the memory. */
CASE(memory_may_go_unused_set_or_after_waits)
{
    for (int uses = 0; uses < 3; uses++) {
        threading_event_t *own = malloc(sizeof *own);
        CHECK(own != NULL);
        CHECK_STATUS(threading_event_init(own), THREADING_OK);
        if (uses > 0)
            CHECK_STATUS(threading_event_wait_timeout(own, 0.001), THREADING_TIMEOUT);
        if (uses > 1)
            CHECK_STATUS(threading_event_set(own), THREADING_OK);
        free(own);
    }
}

CASE(nothing_is_allocated)
{
    wait_at_first();
    is_not_set_and_works();
    size_t before = allocated_bytes();
    for (int i = 0; i < 10; i++) {
        CHECK_STATUS(threading_event_init(&event), THREADING_OK);
        is_not_set_and_works();
        set();
        is_set_and_works();
        clear();
    }
    CHECK_EQUAL(allocated_bytes(), before);
}

/* -------------------------------------------------------------------------------------------- waiting */

static void set_lets_all_on(int count)
{
    threading_thread_t *threads[100];
    atomic_store(&announced, 0);
    atomic_store(&passed, 0);
    start_many(threads, count, wait_for_it, NULL);
    AWAIT(atomic_load(&announced) == count);
    threading_sleep(0.005);
    CHECK_EQUAL(atomic_load(&passed), 0);
    set();
    finish_many(threads, count);
    CHECK_EQUAL(atomic_load(&passed), count);
    is_set_and_works();
    clear();
    is_not_set_and_works();
}

/* CPython: lock_tests.EventTests.test_notify */
CASE(set_lets_all_waiters_on)
{
    set_lets_all_on(5);
    set_lets_all_on(5);
}

CASE(set_lets_100_waiters_on)
{
    set_lets_all_on(100);
}

CASE(waits_after_the_set_return_at_once)
{
    threading_thread_t *threads[5];
    double seconds = 1e-9;
    set();
    start_many(threads, 3, wait_for_it, NULL);
    start_many(threads + 3, 2, wait_at_most, &seconds);
    finish_many(threads, 5);
    CHECK_EQUAL(atomic_load(&passed), 5);
}

CASE(waits_after_the_clear_wait)
{
    set();
    clear();
    threading_thread_t *thread = started(wait_for_it, NULL);
    CHECK_STATUS(threading_thread_join_timeout(thread, 0.01), THREADING_TIMEOUT);
    clear();
    CHECK_STATUS(threading_thread_join_timeout(thread, 0.01), THREADING_TIMEOUT);
    set();
    finished(thread);
}

/* Five wait, then the event is set and cleared at once: whether that let all of them on within a second. */
static bool pulse_lets_all_on(threading_target_t target, void *arg)
{
    threading_thread_t *threads[5];
    atomic_store(&announced, 0);
    atomic_store(&passed, 0);
    start_many(threads, 5, target, arg);
    AWAIT(atomic_load(&announced) == 5);
    threading_sleep(0.005);
    set();
    clear();
    for (double end = threading_monotonic() + 1; atomic_load(&passed) < 5 && threading_monotonic() < end;)
        threading_sleep(0.0005);
    bool all = atomic_load(&passed) == 5;
    set();
    finish_many(threads, 5);
    clear();
    return all;
}

/* A thread that is held up right before its wait comes too late for it; that is rare. */
static void pulses_let_all_on(threading_target_t target, void *arg)
{
    int missed = 0;
    for (int round = 0; round < 20; round++) {
        missed += !pulse_lets_all_on(target, arg);
        CHECK(missed < 6);
    }
}

/* CPython: lock_tests.EventTests.test_set_and_clear */
CASE(set_and_clear_at_once_lets_all_waiters_on)
{
    pulses_let_all_on(wait_for_it, NULL);
}

/* CPython: lock_tests.EventTests.test_set_and_clear */
CASE(set_and_clear_at_once_lets_waiters_with_a_limit_on)
{
    double seconds = 3600;
    pulses_let_all_on(wait_at_most, &seconds);
    CHECK_EQUAL(atomic_load(&timeouts), 0);
}

enum { NEIGHBOURS = 100 };

static void *wait_for_that(void *which)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_event_wait(which), THREADING_OK);
    atomic_fetch_add(&passed, 1);
    return NULL;
}

/* They share nothing that can be noticed, hashed to one queue or not. */
CASE(events_side_by_side_are_apart)
{
    static threading_event_t many[NEIGHBOURS];
    threading_thread_t *threads[NEIGHBOURS];
    for (int i = 0; i < NEIGHBOURS; i++)
        threads[i] = started(wait_for_that, &many[i]);
    AWAIT(atomic_load(&announced) == NEIGHBOURS);
    for (int i = 0; i < NEIGHBOURS; i++) {
        int chosen = i * 37 % NEIGHBOURS;
        CHECK_EQUAL(atomic_load(&passed), i);
        CHECK_STATUS(threading_event_set(&many[chosen]), THREADING_OK);
        finished(threads[chosen]);
    }
}

static void *set_it(void *arg)
{
    set();
    return arg;
}

CASE(foreign_threads_wait_and_set_and_leave_no_thread_behind)
{
    foreign_t *threads[15];
    for (int i = 0; i < 15; i++)
        threads[i] = foreign_start(wait_for_it, NULL);
    AWAIT(atomic_load(&announced) == 15);
    CHECK_EQUAL(threading_active_count(), 1);
    foreign_join(foreign_start(set_it, NULL));
    for (int i = 0; i < 15; i++)
        foreign_join(threads[i]);
    CHECK_EQUAL(atomic_load(&passed), 15);
    CHECK_EQUAL(threading_active_count(), 1);
}

/* ----------------------------------------------------------------------------------------------- time */

static void *run_out_of_time(void *seconds)
{
    double begin = threading_monotonic();
    CHECK_STATUS(threading_event_wait_timeout(&event, *(double *)seconds), THREADING_TIMEOUT);
    CHECK(threading_monotonic() - begin >= *(double *)seconds);
    atomic_fetch_add(&timeouts, 1);
    return NULL;
}

/* CPython: lock_tests.EventTests.test_timeout */
CASE(timed_wait_is_never_early)
{
    double all[] = {0, 0.001, 0.002, 0.003, 0.005, 0.008, 0.013, 0.02, 0.05, 0.1};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        (void)run_out_of_time(&all[i]);
    is_not_set_and_works();
}

/* CPython: lock_tests.EventTests.test_timeout */
CASE(each_of_five_waits_runs_out_of_time)
{
    threading_thread_t *threads[5];
    double seconds = 0.05;
    start_many(threads, 5, run_out_of_time, &seconds);
    finish_many(threads, 5);
    CHECK_EQUAL(atomic_load(&timeouts), 5);
    set();
    is_set_and_works();
}

CASE(tiny_timeouts_are_waits_that_end)
{
    double tiny[] = {0, -0.0, 5e-324, 1e-300, 1e-12, 1e-10, 1e-9, 1.5e-9, 1e-7};
    for (size_t i = 0; i < sizeof tiny / sizeof *tiny; i++)
        (void)run_out_of_time(&tiny[i]);
    for (int i = 1; i <= 200; i++) {
        double seconds = i * 1.1e-6;
        (void)run_out_of_time(&seconds);
    }
}

/* The numbers at which an addition, 32-bit milliseconds or a 32-bit time_t would wrap around. */
CASE(longest_timeouts_wait_for_the_set)
{
    double all[] = {THREADING_FOREVER, THREADING_TIMEOUT_MAX, 60,         86400, 2147483.648,
                    4294967.295,       4294967.296,           2147483648, 1e9};
    enum { count = sizeof all / sizeof *all };
    threading_thread_t *threads[count];
    for (int i = 0; i < count; i++)
        threads[i] = started(wait_at_most, &all[i]);
    AWAIT(atomic_load(&announced) == count);
    threading_sleep(0.02);
    CHECK_EQUAL(atomic_load(&passed) + atomic_load(&timeouts), 0);
    set();
    finish_many(threads, count);
    CHECK_EQUAL(atomic_load(&passed), count);
}

/* The time runs out at about the moment of the set. Waiters without a limit are let on whatever the others
 * do. */
CASE(timeout_at_the_moment_of_the_set_loses_nobody)
{
    uint32_t seed = 1;
    for (int round = 0; round < (is_slow() ? 50 : 300); round++) {
        double seconds = random_below(&seed, 2000) * 1e-6;
        double end = threading_monotonic() + seconds + random_below(&seed, 500) * 1e-6;
        threading_thread_t *threads[6];
        atomic_store(&passed, 0);
        atomic_store(&timeouts, 0);
        start_many(threads, 2, wait_at_most, &seconds);
        start_many(threads + 2, 2, wait_for_it, NULL);
        start_many(threads + 4, 2, wait_at_most, &seconds);
        while (threading_monotonic() < end)
            threading_sleep(1e-5);
        set();
        finish_many(threads, 6);
        CHECK_EQUAL(atomic_load(&passed) + atomic_load(&timeouts), 6);
        CHECK(atomic_load(&passed) >= 2);
        clear();
    }
    is_not_set_and_works();
}

/* ----------------------------------------------------------------------------------- memory and order */

static int written; /* plain on purpose: the thread sanitizer tells when the event does not order it */

static void *write_and_set(void *arg)
{
    written = 42;
    set();
    return arg;
}

CASE(wait_sees_what_was_written_before_the_set)
{
    threading_thread_t *thread = started(write_and_set, NULL);
    CHECK_STATUS(threading_event_wait(&event), THREADING_OK);
    CHECK_EQUAL(written, 42);
    finished(thread);
}

CASE(seen_set_means_seeing_what_was_written_before)
{
    threading_thread_t *thread = started(write_and_set, NULL);
    AWAIT(threading_event_is_set(&event));
    CHECK_EQUAL(written, 42);
    finished(thread);
}

CASE(poll_that_succeeds_sees_what_was_written_before)
{
    threading_thread_t *thread = started(write_and_set, NULL);
    AWAIT(threading_event_wait_timeout(&event, 0) == THREADING_OK);
    CHECK_EQUAL(written, 42);
    finished(thread);
}

static threading_event_t reply;

static void *answer_in_turn(void *turns)
{
    for (int i = 0; i < *(int *)turns; i++) {
        CHECK_STATUS(threading_event_wait(&event), THREADING_OK);
        clear();
        CHECK_EQUAL(written, 2 * i);
        written++;
        CHECK_STATUS(threading_event_set(&reply), THREADING_OK);
    }
    return NULL;
}

CASE(two_threads_set_each_others_event_in_turn)
{
    int turns = is_slow() ? 500 : 20000;
    threading_thread_t *thread = started(answer_in_turn, &turns);
    for (int i = 0; i < turns; i++) {
        set();
        CHECK_STATUS(threading_event_wait(&reply), THREADING_OK);
        CHECK_STATUS(threading_event_clear(&reply), THREADING_OK);
        CHECK_EQUAL(written, 2 * i + 1);
        written++;
    }
    finished(thread);
}

/* The waiter frees the memory as soon as it may go on, while the setter may still be in its call. */
static void *wait_and_free_each(void *blocks)
{
    threading_event_t **each = blocks;
    for (int i = 0; each[i] != NULL; i++) {
        atomic_store(&announced, i + 1);
        if (i % 3 == 0)
            CHECK_STATUS(threading_event_wait(each[i]), THREADING_OK);
        else if (i % 3 == 1)
            CHECK_STATUS(threading_event_wait_timeout(each[i], 3600), THREADING_OK);
        else
            while (!threading_event_is_set(each[i]))
                threading_sleep(0);
        memset(each[i], 0x5a, sizeof *each[i]);
        free(each[i]);
    }
    return NULL;
}

CASE(memory_may_be_freed_once_set)
{
    int rounds = is_slow() ? 1000 : 5000;
    threading_event_t **blocks = calloc((size_t)rounds + 1, sizeof *blocks);
    CHECK(blocks != NULL);
    for (int i = 0; i < rounds; i++) {
        blocks[i] = malloc(sizeof **blocks);
        CHECK(blocks[i] != NULL);
        CHECK_STATUS(threading_event_init(blocks[i]), THREADING_OK);
    }
    threading_thread_t *thread = started(wait_and_free_each, blocks);
    for (int i = 0; i < rounds; i++) {
        for (int patience = 0; patience < 100 && atomic_load(&announced) <= i; patience++)
            threading_sleep(0);
        CHECK_STATUS(threading_event_set(blocks[i]), THREADING_OK);
    }
    finished(thread);
    free(blocks);
}

/* ---------------------------------------------------------------------------------------- load, stops */

static void *wait_now_and_then(void *arg)
{
    uint32_t seed = (uint32_t)atomic_fetch_add(&announced, 1) + 1;
    for (int turn = 0; turn < (is_slow() ? 200 : 1000); turn++) {
        double seconds = random_below(&seed, 500) * 1e-6;
        threading_status_t status = threading_event_wait_timeout(&event, seconds);
        if (status != THREADING_OK)
            CHECK_STATUS(status, THREADING_TIMEOUT);
    }
    CHECK_STATUS(threading_event_wait(&event), THREADING_OK);
    return arg;
}

static void *set_and_clear_now_and_then(void *arg)
{
    uint32_t seed = (uint32_t)atomic_fetch_add(&announced, 1) + 1;
    for (int turn = 0; turn < (is_slow() ? 200 : 1000); turn++) {
        set();
        if (random_below(&seed, 2) == 0)
            threading_sleep(0);
        clear();
        if (random_below(&seed, 10) == 0)
            threading_sleep(random_below(&seed, 300) * 1e-6);
    }
    return arg;
}

CASE(waits_sets_and_clears_mix_under_load)
{
    threading_thread_t *setters[2], *waiters[6];
    start_many(waiters, 6, wait_now_and_then, NULL);
    start_many(setters, 2, set_and_clear_now_and_then, NULL);
    finish_many(setters, 2);
    set();
    finish_many(waiters, 6);
    is_set_and_works();
    clear();
    is_not_set_and_works();
    CHECK(is_zero(&event, sizeof event));
    CHECK_EQUAL(threading_active_count(), 1);
}

static threading_stop_t stop;

static void *be_cancelled(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_event_wait(&event), THREADING_CANCELLED);
    CHECK_STATUS(threading_event_wait_timeout(&event, 3600), THREADING_CANCELLED);
    CHECK(!threading_event_is_set(&event));
    return arg;
}

CASE(stop_cancels_a_wait)
{
    threading_thread_t *thread = threading_thread(be_cancelled, NULL, .stop = &stop);
    CHECK(thread != NULL);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    AWAIT(atomic_load(&announced) == 1);
    CHECK_STATUS(threading_thread_join_timeout(thread, 0.005), THREADING_TIMEOUT);
    CHECK_STATUS(threading_stop_request(&stop), THREADING_OK);
    finished(thread);
    is_not_set_and_works();
}

/* It need not wait, so it works as ever. */
CASE(stop_cancels_no_wait_that_is_over_at_once)
{
    set();
    CHECK_STATUS(threading_stop_request(&stop), THREADING_OK);
    (void)threading_stop_heed(&stop);
    is_set_and_works();
    CHECK(threading_stop_heed(NULL) == &stop);
    clear();
    is_not_set_and_works();
}
