/* SPDX-License-Identifier: MIT */
/*
 * What holds for Semaphore and BoundedSemaphore alike, as CPython's BaseSemaphoreTests do for both: the bodies of
 * cases. The suite that includes this defines SEMAPHORE_T, the type, and SEMAPHORE(verb), the name of its
 * function for a verb. Nothing here is released that was not taken first, so the bound is never in the way.
 *
 * Nobody can see that a thread waits for a semaphore. The cases are right whether it does already or is only about
 * to; a short sleep makes it likely that it does, and so makes a wrong library more likely to show itself.
 */
#ifndef BASE_SEMAPHORE_H
#define BASE_SEMAPHORE_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"
#include "crowd.h"

/* Each case is a process of its own, so all of this begins at zero. */
static SEMAPHORE_T semaphore;
static atomic_int announced; /* threads that stand right before their call */
static atomic_int passed;    /* acquires that succeeded */
static atomic_int timeouts;  /* and those that did not */
static atomic_int inside;    /* threads that have taken one and not released it */
static atomic_bool ended;

static void take(void)
{
    CHECK_STATUS(SEMAPHORE(acquire)(&semaphore), THREADING_OK);
}

static void give(void)
{
    CHECK_STATUS(SEMAPHORE(release)(&semaphore), THREADING_OK);
}

static void give_many(size_t n)
{
    CHECK_STATUS(SEMAPHORE(release_n)(&semaphore, n), THREADING_OK);
}

static void value_is(size_t value)
{
    CHECK_EQUAL(SEMAPHORE(value)(&semaphore), value);
}

static void make(size_t value)
{
    memset(&semaphore, 0xa5, sizeof semaphore);
    CHECK_STATUS(SEMAPHORE(init)(&semaphore, value), THREADING_OK);
    value_is(value);
}

/* All that can be released has been taken. */
static void make_empty(size_t bound)
{
    make(bound);
    for (size_t left = bound; left > 0; left--) {
        CHECK_STATUS(SEMAPHORE(try_acquire)(&semaphore), THREADING_OK);
        value_is(left - 1);
    }
}

static void is_empty(void)
{
    value_is(0);
    CHECK_STATUS(SEMAPHORE(try_acquire)(&semaphore), THREADING_BUSY);
    CHECK_STATUS(SEMAPHORE(acquire_timeout)(&semaphore, 0), THREADING_TIMEOUT);
    value_is(0);
}

/* Exactly so many have passed, although others would like to. */
static void await_passed(int expected)
{
    AWAIT(atomic_load(&passed) >= expected);
    threading_sleep(0.002); /* proves nothing, gives a wrong library the time to show itself */
    CHECK_EQUAL(atomic_load(&passed), expected);
    is_empty();
}

static void *take_one(void *arg)
{
    atomic_fetch_add(&announced, 1);
    take();
    atomic_fetch_add(&passed, 1);
    return arg;
}

/* Waits in vain, if it waits already. */
static threading_thread_t *start_taking(void)
{
    int before = atomic_load(&announced);
    threading_thread_t *thread = started(take_one, NULL);
    AWAIT(atomic_load(&announced) > before);
    threading_sleep(0.002);
    return thread;
}

/* ------------------------------------------------------------------------------- values and bad input */

static void init_gives_the_value(void)
{
    const size_t values[] = {0, 1, 2, 7, 1000, THREADING_SEMAPHORE_MAX - 1, THREADING_SEMAPHORE_MAX};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        make(values[i]);
    make(THREADING_SEMAPHORE_MAX);
    take();
    value_is(THREADING_SEMAPHORE_MAX - 1);
    give();
    value_is(THREADING_SEMAPHORE_MAX);
}

static void init_tells_what_is_too_much(void)
{
    make(3);
    CHECK_STATUS(SEMAPHORE(init)(&semaphore, (size_t)THREADING_SEMAPHORE_MAX + 1), THREADING_OVERFLOW);
    CHECK_STATUS(SEMAPHORE(init)(&semaphore, SIZE_MAX / 2 + 1), THREADING_OVERFLOW);
    CHECK_STATUS(SEMAPHORE(init)(&semaphore, SIZE_MAX), THREADING_OVERFLOW);
    value_is(3);
    CHECK_STATUS(SEMAPHORE(init)(NULL, SIZE_MAX), THREADING_INVALID);
}

static void null_is_told(void)
{
    CHECK_STATUS(SEMAPHORE(init)(NULL, 1), THREADING_INVALID);
    CHECK_STATUS(SEMAPHORE(acquire)(NULL), THREADING_INVALID);
    CHECK_STATUS(SEMAPHORE(try_acquire)(NULL), THREADING_INVALID);
    CHECK_STATUS(SEMAPHORE(acquire_timeout)(NULL, 0), THREADING_INVALID);
    CHECK_STATUS(SEMAPHORE(acquire_timeout)(NULL, INFINITY), THREADING_INVALID);
    CHECK_STATUS(SEMAPHORE(release)(NULL), THREADING_INVALID);
    CHECK_STATUS(SEMAPHORE(release_n)(NULL, 1), THREADING_INVALID);
    CHECK_STATUS(SEMAPHORE(release_n)(NULL, 0), THREADING_INVALID);
    CHECK_STATUS(SEMAPHORE(release_n)(NULL, SIZE_MAX), THREADING_INVALID);
    CHECK_EQUAL(SEMAPHORE(value)(NULL), 0);
}

/* It is refused, and nobody who waits is woken by it. */
static void release_of_none_is_told(void)
{
    make_empty(5);
    threading_thread_t *thread = start_taking();
    CHECK_STATUS(SEMAPHORE(release_n)(&semaphore, 0), THREADING_INVALID);
    await_passed(0);
    give();
    finished(thread);
    is_empty();
    make(5);
    CHECK_STATUS(SEMAPHORE(release_n)(&semaphore, 0), THREADING_INVALID);
    value_is(5);
}

static void check_bad_timeouts(size_t value)
{
    const double invalid[] = {-100, -2, -1.5, -0.5, -1e-12, -INFINITY, NAN};
    const double overflow[] = {THREADING_TIMEOUT_MAX + 1, 1e100, INFINITY};
    make_empty(value + 1);
    for (size_t i = 0; i < value; i++)
        give();
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++)
        CHECK_STATUS(SEMAPHORE(acquire_timeout)(&semaphore, invalid[i]), THREADING_INVALID);
    for (size_t i = 0; i < sizeof overflow / sizeof *overflow; i++)
        CHECK_STATUS(SEMAPHORE(acquire_timeout)(&semaphore, overflow[i]), THREADING_OVERFLOW);
    value_is(value);
}

/* CPython takes negative times for 0 and NaN for no end. */
static void bad_timeouts_are_told(void)
{
    check_bad_timeouts(0);
    check_bad_timeouts(1);
    check_bad_timeouts(2);
}

/* The sanitizers would tell what the library still does with the memory. */
static void memory_goes_unused_or_taken_from(void)
{
    for (int taken = 0; taken < 3; taken++) {
        SEMAPHORE_T *own = malloc(sizeof *own);
        CHECK(own != NULL);
        CHECK_STATUS(SEMAPHORE(init)(own, 2), THREADING_OK);
        for (int i = 0; i < taken; i++)
            CHECK_STATUS(SEMAPHORE(acquire)(own), THREADING_OK);
        free(own);
    }
}

static void use_all_calls(void)
{
    make(2);
    take();
    take();
    CHECK_STATUS(SEMAPHORE(acquire_timeout)(&semaphore, 0.0005), THREADING_TIMEOUT);
    is_empty();
    give_many(2);
}

static void allocates_nothing(void)
{
    wait_at_first();
    use_all_calls();
    size_t before = allocated_bytes();
    for (int i = 0; i < 10; i++)
        use_all_calls();
    CHECK_EQUAL(allocated_bytes(), before);
}

/* --------------------------------------------------------------------------------- taking and releasing */

static void acquire_takes_one(void)
{
    make(2);
    take();
    value_is(1);
    CHECK_STATUS(SEMAPHORE(acquire_timeout)(&semaphore, THREADING_FOREVER), THREADING_OK);
    is_empty();
    give();
    value_is(1);
    CHECK_STATUS(SEMAPHORE(try_acquire)(&semaphore), THREADING_OK);
    is_empty();
    give_many(2);
    value_is(2);
}

static void any_timeout_takes_it_at_once(void)
{
    const double all[] = {0, -0.0, 5e-324, 1e-12, 60, 4294967.295, THREADING_TIMEOUT_MAX, THREADING_FOREVER};
    double begin = threading_monotonic();
    make(1);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        CHECK_STATUS(SEMAPHORE(acquire_timeout)(&semaphore, all[i]), THREADING_OK);
        is_empty();
        give();
    }
    CHECK(threading_monotonic() - begin < 60);
}

static void *try_many_times(void *arg)
{
    for (int i = 0; i < 5; i++)
        if (SEMAPHORE(try_acquire)(&semaphore) == THREADING_OK)
            atomic_fetch_add(&passed, 1);
    return arg;
}

/* Four can be had, and five threads try five times each. */
static void tries_take_what_there_is(void)
{
    threading_thread_t *threads[5];
    make(4);
    start_many(threads, 5, try_many_times, NULL);
    finish_many(threads, 5);
    CHECK_EQUAL(atomic_load(&passed), 4);
    is_empty();
}

static void *take_two(void *arg)
{
    (void)take_one(NULL);
    (void)take_one(NULL);
    return arg;
}

/* Ten threads want two each. */
static void releases_let_as_many_on(bool at_once)
{
    threading_thread_t *threads[10];
    const int steps[] = {7, 6};
    make(7);
    take();
    start_many(threads, 10, take_two, NULL);
    await_passed(6);
    int total = 6;
    for (int step = 0; step < 2; step++) {
        for (int i = 0; !at_once && i < steps[step]; i++)
            give();
        if (at_once)
            give_many((size_t)steps[step]);
        total += steps[step];
        await_passed(total);
    }
    give();
    finish_many(threads, 10);
    CHECK_EQUAL(atomic_load(&passed), 20);
    is_empty();
}

static void waiters_each_take_one(int count)
{
    threading_thread_t *threads[50];
    make_empty((size_t)count);
    start_many(threads, count, take_one, NULL);
    AWAIT(atomic_load(&announced) == count);
    await_passed(0);
    for (int i = 1; i <= count / 2; i++) {
        give();
        AWAIT(atomic_load(&passed) == i);
    }
    await_passed(count / 2);
    give_many((size_t)(count - count / 2));
    finish_many(threads, count);
    CHECK_EQUAL(atomic_load(&passed), count);
    is_empty();
}

/* 64 that wait are let on by one call, which could be mistaken for one wake. */
static void one_release_lets_many_on(void)
{
    threading_thread_t *threads[64];
    for (int round = 1; round <= (is_slow() ? 2 : 10); round++) {
        make_empty(64);
        start_many(threads, 64, take_one, NULL);
        AWAIT(atomic_load(&announced) == 64 * round);
        threading_sleep(0.005);
        give_many(64);
        finish_many(threads, 64);
        is_empty();
    }
}

enum { NEIGHBOURS = 100 };

static void *take_that_one(void *which)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(SEMAPHORE(acquire)(which), THREADING_OK);
    atomic_fetch_add(&passed, 1);
    return NULL;
}

/* Semaphores that lie side by side share nothing that can be noticed, hashed to one queue or not. */
static void neighbours_are_apart(void)
{
    static SEMAPHORE_T many[NEIGHBOURS];
    threading_thread_t *threads[NEIGHBOURS];
    for (int i = 0; i < NEIGHBOURS; i++) {
        CHECK_STATUS(SEMAPHORE(init)(&many[i], 1), THREADING_OK);
        CHECK_STATUS(SEMAPHORE(acquire)(&many[i]), THREADING_OK);
        threads[i] = started(take_that_one, &many[i]);
    }
    AWAIT(atomic_load(&announced) == NEIGHBOURS);
    for (int i = 0; i < NEIGHBOURS; i++) {
        int chosen = i * 37 % NEIGHBOURS;
        CHECK_EQUAL(atomic_load(&passed), i);
        CHECK_STATUS(SEMAPHORE(release)(&many[chosen]), THREADING_OK);
        finished(threads[chosen]);
    }
}

static void foreign_threads_leave_nothing(void)
{
    foreign_t *threads[15];
    make_empty(15);
    for (int i = 0; i < 15; i++)
        threads[i] = foreign_start(take_one, NULL);
    AWAIT(atomic_load(&announced) == 15);
    CHECK_EQUAL(threading_active_count(), 1);
    give_many(15);
    for (int i = 0; i < 15; i++)
        foreign_join(threads[i]);
    CHECK_EQUAL(threading_active_count(), 1);
    is_empty();
}

static void *give_one(void *arg)
{
    give();
    return arg;
}

/* Nobody owns what was taken. */
static void any_thread_releases(void)
{
    make(3);
    take();
    finished(started(take_one, NULL));
    foreign_join(foreign_start(take_one, NULL));
    is_empty();
    finished(started(give_one, NULL));
    foreign_join(foreign_start(give_one, NULL));
    give();
    value_is(3);
}

/* ------------------------------------------------------------------------------------------- order */

static int order[3]; /* whoever is let on writes its place next; the one who releases waits for that */

static void *take_in_turn(void *place)
{
    atomic_fetch_add(&announced, 1);
    take();
    order[atomic_load(&passed)] = *(int *)place;
    atomic_fetch_add(&passed, 1);
    return NULL;
}

/* Three that come one after the other and are let on one by one: whether they got on in that order. */
static bool is_first_come_first_served(void)
{
    static int places[3] = {0, 1, 2};
    threading_thread_t *threads[3];
    atomic_store(&announced, 0);
    atomic_store(&passed, 0);
    make_empty(3);
    for (int i = 0; i < 3; i++) {
        threads[i] = started(take_in_turn, &places[i]);
        AWAIT(atomic_load(&announced) == i + 1);
        threading_sleep(0.003);
    }
    for (int i = 0; i < 3; i++) {
        give();
        AWAIT(atomic_load(&passed) == i + 1);
    }
    finish_many(threads, 3);
    return order[0] == 0 && order[1] == 1 && order[2] == 2;
}

/* A thread that is held up right before its call comes later than it says; that is rare. By chance it is one in 6. */
static void waiters_get_on_in_the_order_of_their_coming(void)
{
    int in_order = 0;
    for (int round = 0; round < 24; round++)
        in_order += is_first_come_first_served();
    CHECK(in_order >= 16);
}

static void *take_and_give_again_and_again(void *arg)
{
    take();
    atomic_fetch_add(&announced, 1);
    while (!atomic_load(&ended)) {
        give();
        take();
    }
    give();
    return arg;
}

/* It keeps the only one but for moments. All the same a waiter gets it, and not just once. */
static void looper_starves_nobody(void)
{
    make(1);
    threading_thread_t *thread = started(take_and_give_again_and_again, NULL);
    AWAIT(atomic_load(&announced) == 1);
    for (int turn = 0; turn < 20; turn++) {
        take();
        give();
    }
    atomic_store(&ended, true);
    finished(thread);
    value_is(1);
}

/* --------------------------------------------------------------------------------------------- time */

static void *run_out_of_time(void *seconds)
{
    double begin = threading_monotonic();
    CHECK_STATUS(SEMAPHORE(acquire_timeout)(&semaphore, *(double *)seconds), THREADING_TIMEOUT);
    CHECK(threading_monotonic() - begin >= *(double *)seconds);
    return NULL;
}

static void never_early(void)
{
    double all[] = {0.001, 0.002, 0.003, 0.005, 0.008, 0.013, 0.02, 0.05, 0.1};
    make_empty(1);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        (void)run_out_of_time(&all[i]);
    is_empty();
    give();
    value_is(1);
}

static void tiny_times_end(void)
{
    double tiny[] = {0, -0.0, 5e-324, 1e-300, 1e-12, 1e-10, 1e-9, 1.5e-9, 1e-7};
    make_empty(1);
    for (size_t i = 0; i < sizeof tiny / sizeof *tiny; i++)
        (void)run_out_of_time(&tiny[i]);
    for (int i = 1; i <= 200; i++) {
        double seconds = i * 1.1e-6;
        (void)run_out_of_time(&seconds);
    }
    is_empty();
}

static void *take_in_time(void *seconds)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(SEMAPHORE(acquire_timeout)(&semaphore, *(double *)seconds), THREADING_OK);
    return NULL;
}

/* The numbers at which an addition, 32-bit milliseconds or a 32-bit time_t would wrap around. */
static void long_times_end_by_the_release(void)
{
    double all[] = {THREADING_FOREVER, THREADING_TIMEOUT_MAX, 60,         86400, 2147483.648,
                    4294967.295,       4294967.296,           2147483648, 1e9};
    make_empty(1);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        threading_thread_t *thread = started(take_in_time, &all[i]);
        AWAIT(atomic_load(&announced) == (int)i + 1);
        CHECK_STATUS(threading_thread_join_timeout(thread, 0.005), THREADING_TIMEOUT);
        give();
        finished(thread);
        is_empty();
    }
}

/* Nobody is let on who is not there any more. */
static void timed_out_waiters_take_nothing(void)
{
    double seconds = 0.005;
    threading_thread_t *threads[8];
    make_empty(2);
    start_many(threads, 4, run_out_of_time, &seconds);
    threading_thread_t *waiter = start_taking();
    start_many(threads + 4, 4, run_out_of_time, &seconds);
    finish_many(threads, 8);
    is_empty();
    give();
    finished(waiter);
    is_empty();
    give();
    value_is(1);
}

static void *take_if_in_time(void *seconds)
{
    atomic_fetch_add(&announced, 1);
    threading_status_t status = SEMAPHORE(acquire_timeout)(&semaphore, *(double *)seconds);
    if (status != THREADING_OK)
        CHECK_STATUS(status, THREADING_TIMEOUT);
    atomic_fetch_add(status == THREADING_OK ? &passed : &timeouts, 1);
    return NULL;
}

/* The time runs out at about the moment of the release. What one does not take is there for the others. */
static void timeout_meets_release(void)
{
    uint32_t seed = 1;
    for (int round = 0; round < (is_slow() ? 50 : 300); round++) {
        double seconds = random_below(&seed, 2000) * 1e-6;
        threading_thread_t *threads[6];
        atomic_store(&passed, 0);
        make_empty(6);
        double end = threading_monotonic() + seconds + random_below(&seed, 500) * 1e-6;
        start_many(threads, 3, take_if_in_time, &seconds);
        start_many(threads + 3, 1, take_one, NULL);
        start_many(threads + 4, 2, take_if_in_time, &seconds);
        while (threading_monotonic() < end)
            threading_sleep(1e-5);
        size_t n = 1 + random_below(&seed, 5);
        give_many(n);
        give_many(6 - n);
        finish_many(threads, 6);
        value_is(6 - (size_t)atomic_load(&passed));
    }
}

/* Somebody else takes each one that is released: a wait that began anew each time it was woken would never end. */
static void being_passed_prolongs_no_time(void)
{
    double seconds = 0.05;
    make_empty(1);
    threading_thread_t *thread = started(take_if_in_time, &seconds);
    while (threading_thread_try_join(thread) == THREADING_BUSY) {
        give();
        threading_status_t status = SEMAPHORE(acquire_timeout)(&semaphore, 0.001);
        CHECK(status == THREADING_OK || status == THREADING_TIMEOUT);
    }
    finished(thread);
    CHECK_EQUAL(atomic_load(&passed) + atomic_load(&timeouts), 1);
}

/* --------------------------------------------------------------------------------------------- load */

static threading_status_t take_somehow(uint32_t *seed)
{
    switch (random_below(seed, 3)) {
    case 0:
        return SEMAPHORE(acquire)(&semaphore);
    case 1:
        return SEMAPHORE(try_acquire)(&semaphore);
    default:
        return SEMAPHORE(acquire_timeout)(&semaphore, random_below(seed, 1000) * 1e-6);
    }
}

static void *come_and_go(void *arg)
{
    uint32_t seed = (uint32_t)atomic_fetch_add(&announced, 1) + 1;
    for (int turn = 0; turn < (is_slow() ? 200 : 2000); turn++) {
        threading_status_t status = take_somehow(&seed);
        if (status != THREADING_OK) {
            CHECK(status == THREADING_BUSY || status == THREADING_TIMEOUT);
            continue;
        }
        CHECK(atomic_fetch_add(&inside, 1) < 3);
        threading_sleep(0);
        atomic_fetch_sub(&inside, 1);
        give();
    }
    return arg;
}

static void never_more_inside_than_the_value(void)
{
    threading_thread_t *threads[8];
    make(3);
    start_many(threads, 8, come_and_go, NULL);
    finish_many(threads, 8);
    value_is(3);
    CHECK_EQUAL(threading_active_count(), 1);
}

/* The waiter frees the memory as soon as it has taken the one, while the releaser may still be in its call. */
static void *take_and_free_each(void *blocks)
{
    SEMAPHORE_T **each = blocks;
    for (int i = 0; each[i] != NULL; i++) {
        atomic_store(&announced, i + 1);
        if (i % 3 == 0)
            CHECK_STATUS(SEMAPHORE(acquire)(each[i]), THREADING_OK);
        else if (i % 3 == 1)
            CHECK_STATUS(SEMAPHORE(acquire_timeout)(each[i], 3600), THREADING_OK);
        else
            while (SEMAPHORE(try_acquire)(each[i]) != THREADING_OK)
                threading_sleep(0);
        memset(each[i], 0x5a, sizeof *each[i]);
        free(each[i]);
    }
    return NULL;
}

static void freed_once_acquired(void)
{
    int rounds = is_slow() ? 1000 : 5000;
    SEMAPHORE_T **blocks = calloc((size_t)rounds + 1, sizeof *blocks);
    CHECK(blocks != NULL);
    for (int i = 0; i < rounds; i++) {
        blocks[i] = malloc(sizeof **blocks);
        CHECK(blocks[i] != NULL);
        CHECK_STATUS(SEMAPHORE(init)(blocks[i], 1), THREADING_OK);
        CHECK_STATUS(SEMAPHORE(acquire)(blocks[i]), THREADING_OK);
    }
    threading_thread_t *thread = started(take_and_free_each, blocks);
    for (int i = 0; i < rounds; i++) {
        for (int patience = 0; patience < 100 && atomic_load(&announced) <= i; patience++)
            threading_sleep(0);
        CHECK_STATUS(SEMAPHORE(release)(blocks[i]), THREADING_OK);
    }
    finished(thread);
    free(blocks);
}

/* Two semaphores and a ring: what was written before a release is seen after the acquire. */
enum { ROOM = 4, ITEMS = 5000 };
static SEMAPHORE_T filled;
static int buffer[ROOM]; /* plain: the thread sanitizer tells when nothing orders it */

static void *produce(void *count)
{
    for (int i = 0; i < *(int *)count; i++) {
        take();
        buffer[i % ROOM] = i;
        CHECK_STATUS(SEMAPHORE(release)(&filled), THREADING_OK);
    }
    return NULL;
}

static void items_are_passed_in_a_ring(void)
{
    int count = is_slow() ? ITEMS / 10 : ITEMS;
    make(ROOM);
    CHECK_STATUS(SEMAPHORE(init)(&filled, ROOM), THREADING_OK);
    for (int i = 0; i < ROOM; i++)
        CHECK_STATUS(SEMAPHORE(acquire)(&filled), THREADING_OK);
    threading_thread_t *thread = started(produce, &count);
    for (int i = 0; i < count; i++) {
        CHECK_STATUS(SEMAPHORE(acquire)(&filled), THREADING_OK);
        CHECK_EQUAL(buffer[i % ROOM], i);
        buffer[i % ROOM] = -1;
        give();
    }
    finished(thread);
    value_is(ROOM);
}

/* --------------------------------------------------------------------------------------------- with */

static int bodies;
static int evaluations;

static void bodies_take_one_each(void)
{
    make(2);
    WITH_SEMAPHORE(&semaphore)
    {
        value_is(1);
        WITH_SEMAPHORE(&semaphore)
        {
            is_empty();
            bodies++;
        }
        value_is(1);
        bodies++;
    }
    value_is(2);
    CHECK_EQUAL(bodies, 2);
}

static void ways_out_of_a_body_release(void)
{
    make(1);
    for (int i = 0; i < 9; i++) {
        WITH_SEMAPHORE(&semaphore)
        {
            is_empty();
            if (i % 3 == 0)
                break;
            if (i % 3 == 1)
                continue;
            bodies++;
        }
        value_is(1);
        evaluations++;
    }
    CHECK_EQUAL(bodies, 3);
    CHECK_EQUAL(evaluations, 9);
}

#if RETURN_RELEASES
static int return_from_a_body(int value)
{
    WITH_SEMAPHORE(&semaphore)
    {
        is_empty();
        if (value > 0)
            return value;
        if (value < 0)
            goto out;
        bodies++;
    }
    return 0;
out:
    return -1;
}

static void returns_from_a_body_release(void)
{
    make(1);
    for (int value = -1; value <= 1; value++) {
        CHECK_EQUAL(return_from_a_body(value), value);
        value_is(1);
    }
    CHECK_EQUAL(bodies, 1);
}
#else
static void returns_from_a_body_release(void)
{
    SKIP("this compiler does not show the library that a body is left by return");
}
#endif

static SEMAPHORE_T *next_semaphore(void)
{
    evaluations++;
    return &semaphore;
}

static void argument_of_with_is_evaluated_once(void)
{
    make(1);
    WITH_SEMAPHORE(next_semaphore())
    {
        CHECK_EQUAL(evaluations, 1);
    }
    CHECK_EQUAL(evaluations, 1);
    value_is(1);
}

static void body_without_a_semaphore_is_skipped(void)
{
    SEMAPHORE_T *none = NULL;
    WITH_SEMAPHORE(none)
    {
        bodies++;
    }
    CHECK_EQUAL(bodies, 0);
}

static void *run_a_body(void *arg)
{
    WITH_SEMAPHORE(&semaphore)
    {
        bodies++;
    }
    return arg;
}

static void body_waits_for_one(void)
{
    make_empty(1);
    threading_thread_t *thread = started(run_a_body, NULL);
    CHECK_STATUS(threading_thread_join_timeout(thread, 0.01), THREADING_TIMEOUT);
    give();
    finished(thread);
    CHECK_EQUAL(bodies, 1);
    value_is(1);
}

/* -------------------------------------------------------------------------------------------- stops */

static threading_stop_t stop;

static void *be_cancelled(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(SEMAPHORE(acquire)(&semaphore), THREADING_CANCELLED);
    CHECK_STATUS(SEMAPHORE(acquire_timeout)(&semaphore, 3600), THREADING_CANCELLED);
    CHECK_STATUS(SEMAPHORE(try_acquire)(&semaphore), THREADING_BUSY);
    return arg;
}

static void stop_cancels_the_wait(void)
{
    make_empty(1);
    threading_thread_t *thread = threading_thread(be_cancelled, NULL, .stop = &stop);
    CHECK(thread != NULL);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    AWAIT(atomic_load(&announced) == 1);
    CHECK_STATUS(threading_thread_join_timeout(thread, 0.005), THREADING_TIMEOUT);
    CHECK_STATUS(threading_stop_request(&stop), THREADING_OK);
    finished(thread);
    is_empty();
    give();
    value_is(1);
}

/* It need not wait, so it works as ever. */
static void stop_cancels_no_acquire_at_once(void)
{
    CHECK_STATUS(threading_stop_request(&stop), THREADING_OK);
    (void)threading_stop_heed(&stop);
    acquire_takes_one();
    any_timeout_takes_it_at_once();
    CHECK(threading_stop_heed(NULL) == &stop);
}

#endif
