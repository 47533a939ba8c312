/* SPDX-License-Identifier: MIT */
/*
 * Condition, Semaphore and Event under load: ten thousand waiters on one object, and a thousand rounds in which waits
 * run out of time, or are cancelled, at about the moment of a notification.
 */
#include <stdlib.h>

#include "condition_support.h"

/* -------------------------------------------------------------------------------- ten thousand waiters */

enum { FEW = 10, MANY = 10000, SAMPLES = 200 };

static threading_thread_t *crowd[MANY];
static atomic_int announced; /* threads that stand right before their call */
static atomic_int passed;    /* threads that have come back from it */

/* As many of them as the system gives. */
static int start_crowd(threading_target_t target, int wanted)
{
    threading_thread_options_t options = {.stack_size = small_stack()};
    for (int count = 0; count < wanted; count++) {
        crowd[count] = threading_thread_new(target, NULL, &options);
        CHECK(crowd[count] != NULL);
        if (threading_thread_start(crowd[count]) == THREADING_OK)
            continue;
        threading_thread_free(crowd[count]);
        return count;
    }
    return wanted;
}

static int start_many_waiters(threading_target_t target)
{
    int count = start_crowd(target, threads_at_once(is_slow() ? 300 : MANY));
    if (count < 100)
        SKIP("this system starts no 100 threads");
    return count;
}

static int start_few_waiters(threading_target_t target)
{
    CHECK_EQUAL(start_crowd(target, FEW), FEW);
    return FEW;
}

/* The least that an action costs, in seconds, of so many times. */
static double least_cost(double (*action)(void), int times)
{
    double least = action();
    for (int i = 1; i < times; i++) {
        double cost = action();
        least = cost < least ? cost : least;
    }
    return least;
}

/*
 * What does not depend on the number of waiters costs about the same, and a walk past ten thousand of them a hundred times
 * as much. Ten times, and what some cache misses take, is allowed for; the least of many is no matter of a busy machine.
 */
static void costs_the_same(double with_many, double with_few)
{
    CHECK(with_many <= 10 * with_few + 5e-6);
}

static void *wait_for_notification(void *arg)
{
    hold();
    begun++;
    CHECK_STATUS(threading_condition_wait(&condition), THREADING_OK);
    returned++;
    let_go();
    return arg;
}

/* Without the release, by which the one that was notified may get the processor at once. */
static double notify_one(void)
{
    hold();
    int before = returned;
    double begin = threading_monotonic();
    notify(1);
    double cost = threading_monotonic() - begin;
    let_go();
    hold_until(&returned, before + 1);
    let_go();
    return cost;
}

static double wait_in_vain(void)
{
    hold();
    double begin = threading_monotonic();
    CHECK_STATUS(threading_condition_wait_timeout(&condition, 0), THREADING_TIMEOUT);
    double cost = threading_monotonic() - begin;
    let_go();
    return cost;
}

static void notify_among_many(void)
{
    int few = start_few_waiters(wait_for_notification);
    hold_until(&begun, few);
    let_go();
    double vain_with_few = least_cost(wait_in_vain, SAMPLES);
    double notify_with_few = least_cost(notify_one, few);
    finish_many(crowd, few);
    begun = returned = 0;
    int many = start_many_waiters(wait_for_notification);
    hold_until(&begun, many);
    let_go();
    costs_the_same(least_cost(wait_in_vain, SAMPLES), vain_with_few);
    costs_the_same(least_cost(notify_one, many / 2 < SAMPLES ? many / 2 : SAMPLES), notify_with_few);
    hold();
    notify_all();
    let_go();
    finish_many(crowd, many);
    CHECK_EQUAL(returned, many);
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(notify_costs_the_same_with_10000_waiters_and_notify_all_wakes_all)
{
    /* slow */
    with_each_rlock(notify_among_many);
}

CASE(notify_costs_the_same_with_10000_waiters_on_a_plain_lock)
{
    /* slow */
    with_lock(notify_among_many);
}

/* That they wait cannot be seen; those who are late make nothing dearer. */
static void await_announced(int count)
{
    AWAIT(atomic_load(&announced) == count);
    threading_sleep(0.1);
    CHECK_EQUAL(atomic_load(&passed), 0);
}

static threading_lock_t awaited, costs;
static double least_release; /* under `costs`: of those behind whom most of the crowd still waits */

static void note_release(double cost)
{
    THREADING_WITH_LOCK(&costs) {
        if (cost < least_release)
            least_release = cost;
    }
}

THREADING_NO_ANALYSIS static void *pass_the_lock_on(void *arg)
{
    atomic_fetch_add(&announced, 1);
    threading_lock_acquire(&awaited);
    bool counts = atomic_fetch_add(&passed, 1) < SAMPLES / 2;
    double begin = threading_monotonic();
    threading_lock_release(&awaited);
    if (counts)
        note_release(threading_monotonic() - begin);
    return arg;
}

THREADING_NO_ANALYSIS static double release_among(int (*start)(threading_target_t target))
{
    least_release = 1e9;
    atomic_store(&announced, 0);
    atomic_store(&passed, 0);
    threading_lock_acquire(&awaited);
    int count = start(pass_the_lock_on);
    await_announced(count);
    threading_lock_release(&awaited);
    finish_many(crowd, count);
    CHECK_EQUAL(atomic_load(&passed), count);
    CHECK(!threading_lock_locked(&awaited));
    return least_release;
}

CASE(release_of_a_lock_costs_the_same_with_10000_waiters_and_each_gets_it)
{
    /* slow */
    double with_few = release_among(start_few_waiters);
    costs_the_same(release_among(start_many_waiters), with_few);
}

static threading_semaphore_t awaited_units;

static void *take_one(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_semaphore_acquire(&awaited_units), THREADING_OK);
    atomic_fetch_add(&passed, 1);
    return arg;
}

static double release_one(void)
{
    int before = atomic_load(&passed);
    double begin = threading_monotonic();
    CHECK_STATUS(threading_semaphore_release(&awaited_units), THREADING_OK);
    double cost = threading_monotonic() - begin;
    AWAIT(atomic_load(&passed) == before + 1);
    return cost;
}

static void release_to(int count)
{
    int before = atomic_load(&passed);
    CHECK_STATUS(threading_semaphore_release_n(&awaited_units, (size_t)count), THREADING_OK);
    AWAIT(atomic_load(&passed) == before + count);
}

static double acquire_in_vain(void)
{
    double begin = threading_monotonic();
    CHECK_STATUS(threading_semaphore_acquire_timeout(&awaited_units, 1e-9), THREADING_TIMEOUT);
    return threading_monotonic() - begin;
}

CASE(release_costs_the_same_with_10000_waiters_and_release_of_n_wakes_all)
{
    /* slow */
    double vain_with_none = least_cost(acquire_in_vain, SAMPLES);
    int many = start_many_waiters(take_one);
    int times = many / 4 < SAMPLES ? many / 4 : SAMPLES;
    await_announced(many);
    costs_the_same(least_cost(acquire_in_vain, SAMPLES), vain_with_none);
    double with_many = least_cost(release_one, times);
    release_to(many - 2 * times);
    double with_few = least_cost(release_one, times);
    /* The wake costs more than a walk past thousands, so they may differ by less than elsewhere. */
    CHECK(with_many <= 2 * with_few + 5e-6);
    finish_many(crowd, many);
    CHECK_EQUAL(atomic_load(&passed), many);
    CHECK(is_zero(&awaited_units, sizeof awaited_units));
    CHECK_EQUAL(threading_active_count(), 1);
}

static threading_event_t event;

static void *wait_for_the_set(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_event_wait(&event), THREADING_OK);
    atomic_fetch_add(&passed, 1);
    return arg;
}

static double wait_for_no_set(void)
{
    double begin = threading_monotonic();
    CHECK_STATUS(threading_event_wait_timeout(&event, 1e-9), THREADING_TIMEOUT);
    return threading_monotonic() - begin;
}

/* What it costs to leave while so many wait, who are let on then. */
static double leave_then_set(int count)
{
    await_announced(count);
    double cost = least_cost(wait_for_no_set, SAMPLES);
    CHECK_STATUS(threading_event_set(&event), THREADING_OK);
    finish_many(crowd, count);
    CHECK_EQUAL(atomic_load(&passed), count);
    CHECK_STATUS(threading_event_clear(&event), THREADING_OK);
    atomic_store(&announced, 0);
    atomic_store(&passed, 0);
    return cost;
}

/* An event wakes all or, at the end of its time, one. */
CASE(timeout_costs_the_same_with_10000_waiters_and_set_wakes_all)
{
    /* slow */
    double with_few = leave_then_set(start_few_waiters(wait_for_the_set));
    double with_many = leave_then_set(start_many_waiters(wait_for_the_set));
    CHECK(is_zero(&event, sizeof event));
    CHECK_EQUAL(threading_active_count(), 1);
    costs_the_same(with_many, with_few);
}

/* -------------------------------------------------------------- a thousand rounds of time against notify */

enum { PATIENT = 3, TIMED = 4, ALL = PATIENT + TIMED };

static atomic_int open_round; /* the round that may be begun; they count from 1 */
static int rounds;
static int ok; /* waits of this round that were notified; the condition's lock protects it, and the next */
static int timed_back; /* waits with a limit that have come back */

/* Once in each round. Whatever comes of it, the lock is held again. */
static threading_status_t wait_in_round(int round, double seconds)
{
    AWAIT(atomic_load(&open_round) >= round);
    hold();
    begun++;
    threading_status_t status = wait_at_most(seconds);
    CHECK(threading_condition_is_owned(&condition));
    ok += status == THREADING_OK;
    returned++;
    return status;
}

static void *wait_patiently(void *arg)
{
    for (int round = 1; round <= rounds; round++) {
        CHECK_STATUS(wait_in_round(round, THREADING_FOREVER), THREADING_OK);
        let_go();
    }
    return arg;
}

static void *wait_impatiently(void *number)
{
    uint32_t seed = (uint32_t)atomic_fetch_add(&announced, 1) + 1;
    for (int round = 1; round <= rounds; round++) {
        threading_status_t status = wait_in_round(round, random_below(&seed, 2000) * 1e-6);
        if (status != THREADING_OK)
            CHECK_STATUS(status, THREADING_TIMEOUT);
        timed_back++;
        let_go();
    }
    return number;
}

/* No more are notified than wait without a limit, so there is one for each: exactly so many come back notified. */
static void notify_some(uint32_t *seed)
{
    int some = (int)random_below(seed, PATIENT + 1);
    notify((size_t)some);
    let_go();
    hold_until(&timed_back, TIMED);
    let_go();
    hold_until(&ok, some);
}

/* Those with a limit are gone: it is known who waits, and they are all notified, in one way or the other. */
static void notify_the_rest(int round)
{
    int expected = ok + ALL - returned;
    if (round % 2 == 0)
        notify_all();
    else
        notify((size_t)(ALL - returned));
    let_go();
    hold_until(&returned, ALL);
    CHECK_EQUAL(ok, expected);
}

/* While some may be running out of time: nobody is left behind. */
static void notify_all_at_once(void)
{
    notify_all();
    let_go();
    hold_until(&returned, ALL);
    CHECK(ok >= PATIENT);
}

static void play_round(int round, uint32_t *seed)
{
    hold();
    begun = returned = ok = timed_back = 0;
    let_go();
    atomic_store(&open_round, round);
    hold_until(&begun, ALL);
    if (round % 3 == 0) {
        notify_all_at_once();
    } else {
        notify_some(seed);
        notify_the_rest(round);
    }
    let_go();
}

static void no_notify_is_lost(void)
{
    threading_thread_t *threads[ALL];
    uint32_t seed = 1;
    rounds = is_slow() ? 100 : 1000;
    atomic_store(&open_round, 0);
    start_many(threads, PATIENT, wait_patiently, NULL);
    start_many(threads + PATIENT, TIMED, wait_impatiently, NULL);
    for (int round = 1; round <= rounds; round++)
        play_round(round, &seed);
    finish_many(threads, ALL);
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(waits_that_return_ok_are_as_many_as_were_notified_in_1000_rounds)
{
    /* slow */
    with_each_rlock(no_notify_is_lost);
}

CASE(waits_that_return_ok_are_as_many_as_were_notified_in_1000_rounds_on_a_plain_lock)
{
    /* slow */
    with_lock(no_notify_is_lost);
}

/* ------------------------------------------------------------------------------------- cancel against notify */

static threading_stop_t stop;

static void *request_now(void *arg)
{
    CHECK_STATUS(threading_stop_request(&stop), THREADING_OK);
    return arg;
}

/* Without giving the processor away: on a loaded machine it comes back after milliseconds. */
static void pass_moments(uint32_t moments)
{
    for (volatile uint32_t i = 0; i < moments * 10000; i++)
        continue;
}

/* The first of two is cancelled while one is notified: that one is the first, or else it is the second. */
static void cancel_and_notify(uint32_t *seed)
{
    waiter_t waiters[2];
    begun = returned = 0;
    CHECK_STATUS(threading_stop_init(&stop), THREADING_OK);
    waiters[0].seconds = THREADING_FOREVER;
    waiters[0].thread = threading_thread(wait_once, &waiters[0], .stop = &stop);
    CHECK(waiters[0].thread != NULL);
    CHECK_STATUS(threading_thread_start(waiters[0].thread), THREADING_OK);
    hold_until(&begun, 1);
    let_go();
    start_waiters(waiters + 1, 1, THREADING_FOREVER);
    hold();
    threading_thread_t *canceller = started(request_now, NULL);
    pass_moments(random_below(seed, 50));
    notify(1);
    let_go();
    finished(canceller);
    finished(waiters[0].thread);
    if (waiters[0].status == THREADING_OK) {
        hold();
        notify(1);
        let_go();
    } else {
        CHECK_STATUS(waiters[0].status, THREADING_CANCELLED);
    }
    finish_waiters(waiters + 1, 1, THREADING_OK);
}

static void cancel_and_notify_again_and_again(void)
{
    uint32_t seed = 1;
    for (int round = 0; round < (is_slow() ? 20 : 100); round++)
        cancel_and_notify(&seed);
}

CASE(cancelled_waits_lose_no_notify)
{
    with_each_kind(cancel_and_notify_again_and_again);
}

/* ------------------------------------------------------------------------ a plain Lock, released by another */

static atomic_int wanted;   /* how many times the notifier may succeed */
static atomic_int notified; /* how many times it did */
static atomic_int tries;    /* all its calls that have returned */

/* It never acquires the lock: it may notify whenever another thread holds it. */
static void *notify_when_it_is_held(void *arg)
{
    while (atomic_load(&notified) < rounds) {
        if (atomic_load(&notified) < atomic_load(&wanted) &&
            threading_condition_notify(&condition, 1) == THREADING_OK)
            atomic_fetch_add(&notified, 1);
        atomic_fetch_add(&tries, 1);
    }
    return arg;
}

static void *wait_in_each_round(void *arg)
{
    for (int round = 0; round < rounds; round++) {
        hold();
        begun++;
        CHECK_STATUS(threading_condition_wait(&condition), THREADING_OK);
        atomic_fetch_add(&passed, 1);
        let_go();
    }
    return arg;
}

/* Once the notifier is in no call any more that began before this one; it ends with the last success. */
static void await_the_end_of_a_try(void)
{
    int end = atomic_load(&tries) + 2;
    while (atomic_load(&tries) < end && atomic_load(&notified) < rounds)
        threading_sleep(0);
}

/* Holds the lock for moments, until the notifier has met one; or for as long as that takes. */
static void hold_until_notified(int round)
{
    for (int moments = 0; moments < 20 && atomic_load(&notified) < round; moments++) {
        hold();
        let_go();
        await_the_end_of_a_try();
    }
    if (atomic_load(&notified) == round)
        return;
    hold();
    AWAIT(atomic_load(&notified) == round);
    let_go();
}

/*
 * A notify and a release that meet: the waiter is notified and the lock is free, so it goes on. Nobody touches the lock
 * meanwhile, since the next release would wake a waiter that was forgotten.
 */
static void release_during_a_notify(void)
{
    rounds = is_slow() ? 30 : 200;
    threading_thread_t *notifier = started(notify_when_it_is_held, NULL);
    threading_thread_t *waiter = started(wait_in_each_round, NULL);
    for (int round = 1; round <= rounds; round++) {
        hold_until(&begun, round);
        let_go();
        atomic_store(&wanted, round);
        hold_until_notified(round);
        while (atomic_load(&passed) < round)
            threading_sleep(0);
    }
    finished(notifier);
    finished(waiter);
}

CASE(release_of_a_plain_lock_during_a_notify_loses_nobody)
{
    /* slow */
    with_lock(release_during_a_notify);
}

/* -------------------------------------------------------------------------- two conditions and a buffer */

enum { SIDES = 4, ROOM = 3 };

static threading_condition_t not_full = THREADING_CONDITION_INIT_LOCK(&lock);
static threading_condition_t not_empty = THREADING_CONDITION_INIT_LOCK(&lock);
static int stored, produced, consumed; /* protected by the lock */

static bool has_room(void *arg)
{
    (void)arg;
    return stored < ROOM;
}

static bool has_something(void *arg)
{
    (void)arg;
    return stored > 0;
}

static void *produce(void *count)
{
    for (int i = 0; i < *(int *)count; i++) {
        THREADING_WITH_CONDITION(&not_full) {
            CHECK_STATUS(threading_condition_wait_for(&not_full, has_room, NULL), THREADING_OK);
            CHECK(++stored <= ROOM);
            produced++;
            CHECK_STATUS(threading_condition_notify(&not_empty, 1), THREADING_OK);
        }
    }
    return NULL;
}

/* Half of the waits are short, and tried again. */
static void *consume(void *count)
{
    for (int i = 0; i < *(int *)count; i++) {
        THREADING_WITH_CONDITION(&not_empty) {
            threading_status_t status = THREADING_TIMEOUT;
            while (status == THREADING_TIMEOUT)
                status = threading_condition_wait_for_timeout(&not_empty, has_something, NULL,
                                                              i % 2 ? 3600 : 50e-6);
            CHECK_STATUS(status, THREADING_OK);
            CHECK(--stored >= 0);
            consumed++;
            CHECK_STATUS(threading_condition_notify(&not_full, 1), THREADING_OK);
        }
    }
    return NULL;
}

/* One notify for each item: a lost one would leave a thread waiting for ever. */
CASE(buffer_between_two_conditions_passes_all_items)
{
    int count = is_slow() ? 300 : 3000;
    threading_thread_t *producers[SIDES], *consumers[SIDES];
    start_many(consumers, SIDES, consume, &count);
    start_many(producers, SIDES, produce, &count);
    finish_many(producers, SIDES);
    finish_many(consumers, SIDES);
    CHECK_EQUAL(stored, 0);
    CHECK_EQUAL(produced, SIDES * count);
    CHECK_EQUAL(consumed, SIDES * count);
    CHECK(is_zero(&lock, sizeof lock));
}
