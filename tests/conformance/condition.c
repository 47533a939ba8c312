/* SPDX-License-Identifier: MIT */
/* Condition: its three kinds of lock, waiting and notifying, misuse, time. condition_wait_for.c has the predicates. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "condition_support.h"

/* ------------------------------------------------------------------------------------- the object */

CASE(is_at_most_256_bytes)
{
    CHECK(sizeof(threading_condition_t) <= 256);
}

CASE(zero_bytes_are_a_condition_on_its_own_rlock)
{
    memset(&condition, 0, sizeof condition);
    is_idle_and_works();
    CHECK(is_zero(&condition, sizeof condition));
}

CASE(initialisers_make_each_kind)
{
    static threading_condition_t own = THREADING_CONDITION_INIT;
    static threading_condition_t on_lock = THREADING_CONDITION_INIT_LOCK(&lock);
    threading_condition_t on_rlock = THREADING_CONDITION_INIT_RLOCK(&rlock);
    CHECK_STATUS(threading_condition_acquire(&own), THREADING_OK);
    CHECK(!threading_lock_locked(&lock) && !threading_rlock_locked(&rlock));
    CHECK_STATUS(threading_condition_acquire(&on_lock), THREADING_OK);
    CHECK(threading_lock_locked(&lock) && !threading_rlock_locked(&rlock));
    CHECK_STATUS(threading_condition_acquire(&on_rlock), THREADING_OK);
    CHECK_EQUAL(threading_rlock_count(&rlock), 1);
    CHECK_STATUS(threading_condition_release(&own), THREADING_OK);
    CHECK_STATUS(threading_condition_release(&on_lock), THREADING_OK);
    CHECK_STATUS(threading_condition_release(&on_rlock), THREADING_OK);
    CHECK(is_zero(&lock, sizeof lock) && is_zero(&rlock, sizeof rlock));
}

static void nothing(void)
{
}

CASE(init_makes_each_kind_of_garbage)
{
    memset(&condition, 0xa5, sizeof condition);
    CHECK_STATUS(threading_condition_init(&condition), THREADING_OK);
    is_idle_and_works();
    memset(&condition, 0xa5, sizeof condition);
    with_lock(nothing);
    memset(&condition, 0xa5, sizeof condition);
    with_each_rlock(nothing);
}

CASE(init_frees_the_own_lock_of_a_held_condition)
{
    hold();
    hold();
    CHECK_STATUS(threading_condition_init(&condition), THREADING_OK);
    is_idle_and_works();
}

/* It is somebody's, who may be using it. */
CASE(init_leaves_a_given_lock_as_it_is)
{
    CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    CHECK_STATUS(threading_condition_init_lock(&condition, &lock), THREADING_OK);
    CHECK(threading_condition_locked(&condition));
    let_go();
    CHECK_STATUS(threading_condition_init_rlock(&condition, &rlock), THREADING_OK);
    CHECK(threading_condition_is_owned(&condition));
    let_go();
    CHECK(is_zero(&lock, sizeof lock) && is_zero(&rlock, sizeof rlock));
}

/* The sanitizers would tell what the library still does with the memory. */
CASE(memory_may_go_unused_held_or_after_waits)
{
    for (int uses = 0; uses < 3; uses++) {
        threading_condition_t *own = malloc(sizeof *own);
        CHECK(own != NULL);
        CHECK_STATUS(threading_condition_init(own), THREADING_OK);
        if (uses > 0)
            CHECK_STATUS(threading_condition_acquire(own), THREADING_OK);
        if (uses > 1)
            CHECK_STATUS(threading_condition_wait_timeout(own, 0.001), THREADING_TIMEOUT);
        free(own);
    }
}

static void wait_and_notify_alone(void)
{
    hold();
    CHECK_STATUS(threading_condition_wait_timeout(&condition, 0.0005), THREADING_TIMEOUT);
    notify(3);
    notify_all();
    let_go();
}

CASE(nothing_is_allocated)
{
    wait_at_first();
    with_each_kind(wait_and_notify_alone);
    size_t before = allocated_bytes();
    for (int i = 0; i < 10; i++)
        with_each_kind(wait_and_notify_alone);
    CHECK_EQUAL(allocated_bytes(), before);
}

/* ------------------------------------------------------------------------------------- bad input */

static bool never_asked(void *arg)
{
    (void)arg;
    CHECK(false); /* the predicate of a refused call is not asked */
    return true;
}

CASE(null_is_invalid)
{
    CHECK_STATUS(threading_condition_init(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_condition_init_lock(NULL, &lock), THREADING_INVALID);
    CHECK_STATUS(threading_condition_init_rlock(NULL, &rlock), THREADING_INVALID);
    CHECK_STATUS(threading_condition_acquire(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_condition_try_acquire(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_condition_acquire_timeout(NULL, 0), THREADING_INVALID);
    CHECK_STATUS(threading_condition_acquire_timeout(NULL, INFINITY), THREADING_INVALID);
    CHECK_STATUS(threading_condition_release(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_condition_wait(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_condition_wait_timeout(NULL, 0), THREADING_INVALID);
    CHECK_STATUS(threading_condition_wait_timeout(NULL, INFINITY), THREADING_INVALID);
    CHECK_STATUS(threading_condition_wait_for(NULL, never_asked, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_condition_wait_for_timeout(NULL, never_asked, NULL, 0), THREADING_INVALID);
    CHECK_STATUS(threading_condition_wait_for_timeout(NULL, never_asked, NULL, INFINITY), THREADING_INVALID);
    CHECK_STATUS(threading_condition_notify(NULL, 1), THREADING_INVALID);
    CHECK_STATUS(threading_condition_notify_all(NULL), THREADING_INVALID);
    CHECK(!threading_condition_locked(NULL));
    CHECK(!threading_condition_is_owned(NULL));
}

CASE(init_on_no_lock_is_invalid_and_changes_nothing)
{
    threading_condition_t before;
    CHECK_STATUS(threading_condition_init_lock(&condition, &lock), THREADING_OK);
    memcpy(&before, &condition, sizeof before);
    CHECK_STATUS(threading_condition_init_lock(&condition, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_condition_init_rlock(&condition, NULL), THREADING_INVALID);
    CHECK_EQUAL(memcmp(&before, &condition, sizeof before), 0);
    is_idle_and_works();
}

static void check_time(double seconds, threading_status_t expected)
{
    CHECK_STATUS(threading_condition_acquire_timeout(&condition, seconds), expected);
    CHECK_STATUS(threading_condition_wait_timeout(&condition, seconds), expected);
    CHECK_STATUS(threading_condition_wait_for_timeout(&condition, never_asked, NULL, seconds), expected);
}

static void check_bad_times(void)
{
    const double invalid[] = {NAN, -0.5, -2, -100, -1e-300, -INFINITY};
    const double overflow[] = {THREADING_TIMEOUT_MAX + 1, 1e100, INFINITY};
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++)
        check_time(invalid[i], THREADING_INVALID);
    for (size_t i = 0; i < sizeof overflow / sizeof *overflow; i++)
        check_time(overflow[i], THREADING_OVERFLOW);
}

static void bad_times_change_nothing(void)
{
    check_bad_times();
    CHECK(!threading_condition_locked(&condition));
    hold();
    check_bad_times();
    CHECK(threading_condition_is_owned(&condition));
    let_go();
}

/* CPython tells of them after it has released the lock, and takes NaN and negative times for 0. */
CASE(bad_timeouts_are_told_before_the_lock_is_looked_at)
{
    with_each_kind(bad_times_change_nothing);
}

CASE(bad_timeouts_release_no_level)
{
    CHECK_STATUS(threading_condition_init_rlock(&condition, &rlock), THREADING_OK);
    hold();
    hold();
    check_bad_times();
    CHECK_EQUAL(threading_rlock_count(&rlock), 2);
}

/* A refused wait leaves nobody in the queue who could take a notification. */
CASE(refused_waits_take_no_notification)
{
    waiter_t waiter;
    hold();
    check_bad_times();
    let_go();
    start_waiters(&waiter, 1, THREADING_FOREVER);
    hold();
    check_bad_times();
    notify(1);
    let_go();
    finish_waiters(&waiter, 1, THREADING_OK);
}

/* --------------------------------------------------------------------------- its lock, seen both ways */

/* CPython: lock_tests.ConditionTests.test_acquire */
CASE(default_lock_is_an_rlock)
{
    hold();
    hold();
    let_go();
    CHECK(threading_condition_is_owned(&condition));
    let_go();
    CHECK(!threading_condition_is_owned(&condition));
    is_idle_and_works();
}

/* CPython: lock_tests.ConditionTests.test_acquire */
CASE(given_lock_is_the_one_that_is_acquired)
{
    CHECK_STATUS(threading_condition_init_lock(&condition, &lock), THREADING_OK);
    hold();
    CHECK_STATUS(threading_lock_try_acquire(&lock), THREADING_BUSY);
    let_go();
    CHECK_STATUS(threading_lock_try_acquire(&lock), THREADING_OK);
    CHECK_STATUS(threading_condition_try_acquire(&condition), THREADING_BUSY);
    CHECK_STATUS(threading_condition_acquire_timeout(&condition, 0.001), THREADING_TIMEOUT);
    CHECK(threading_condition_locked(&condition));
    CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    CHECK(!threading_condition_locked(&condition));
    is_idle_and_works();
}

CASE(given_rlock_is_the_one_that_is_acquired)
{
    CHECK_STATUS(threading_condition_init_rlock(&condition, &rlock), THREADING_OK);
    hold();
    CHECK_STATUS(threading_condition_try_acquire(&condition), THREADING_OK);
    CHECK_STATUS(threading_condition_acquire_timeout(&condition, 1), THREADING_OK);
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    CHECK_EQUAL(threading_rlock_count(&rlock), 4);
    for (int level = 4; level > 0; level--) {
        CHECK(threading_condition_locked(&condition));
        CHECK(threading_condition_is_owned(&condition));
        if (level % 2)
            let_go();
        else
            CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    }
    is_idle_and_works();
}

static threading_status_t probe_as_another(void)
{
    threading_status_t status = threading_condition_release(&condition);
    CHECK_STATUS(threading_condition_wait_timeout(&condition, 0.001), THREADING_NOT_HELD);
    return status;
}

static void *find_it_not_mine(void *arg)
{
    CHECK(threading_condition_locked(&condition));
    CHECK(!threading_condition_is_owned(&condition));
    CHECK_STATUS(threading_condition_try_acquire(&condition), THREADING_BUSY);
    CHECK_STATUS(threading_condition_acquire_timeout(&condition, 0.001), THREADING_TIMEOUT);
    CHECK_STATUS(probe_as_another(), THREADING_NOT_OWNER);
    CHECK_STATUS(threading_condition_wait_for(&condition, never_asked, NULL), THREADING_NOT_HELD);
    CHECK_STATUS(threading_condition_notify(&condition, 1), THREADING_NOT_HELD);
    CHECK_STATUS(threading_condition_notify_all(&condition), THREADING_NOT_HELD);
    return arg;
}

static void others_find_it_not_theirs(void)
{
    hold();
    finished(started(find_it_not_mine, NULL));
    foreign_join(foreign_start(find_it_not_mine, NULL));
    CHECK(threading_condition_is_owned(&condition));
    let_go();
}

CASE(an_rlock_is_held_by_its_owner_alone)
{
    with_each_rlock(others_find_it_not_theirs);
}

static void *find_it_held(void *arg)
{
    CHECK(threading_condition_locked(&condition));
    CHECK(threading_condition_is_owned(&condition));
    CHECK_STATUS(threading_condition_try_acquire(&condition), THREADING_BUSY);
    CHECK_STATUS(threading_condition_acquire_timeout(&condition, 0.001), THREADING_TIMEOUT);
    notify(1);
    notify_all();
    CHECK_STATUS(threading_condition_wait_timeout(&condition, 0), THREADING_TIMEOUT);
    return arg;
}

static void all_find_it_held(void)
{
    hold();
    finished(started(find_it_held, NULL));
    foreign_join(foreign_start(find_it_held, NULL));
    let_go();
}

CASE(a_plain_lock_is_held_when_anyone_has_acquired_it)
{
    with_lock(all_find_it_held);
}

static void *release_it(void *arg)
{
    let_go();
    return arg;
}

static void *wait_without_acquiring(void *arg)
{
    begun = 1; /* the starter holds the lock, and waits for what becomes of it */
    CHECK_STATUS(threading_condition_wait(&condition), THREADING_OK);
    returned = 1;
    return arg;
}

/* Acquired here, given back by a wait there, and the other way round: nobody owns a plain Lock. */
static void hand_the_lock_about(void)
{
    hold();
    threading_thread_t *thread = started(wait_without_acquiring, NULL);
    hold_until(&begun, 1);
    notify(1);
    finished(started(release_it, NULL));
    finished(thread);
    CHECK_EQUAL(returned, 1);
    CHECK(threading_condition_locked(&condition));
    let_go();
}

CASE(wait_may_give_back_a_plain_lock_that_another_thread_acquired)
{
    with_lock(hand_the_lock_about);
}

/* --------------------------------------------------------------------------------- without the lock */

static void refused_while_free(threading_status_t release)
{
    CHECK(!threading_condition_is_owned(&condition));
    CHECK_STATUS(threading_condition_release(&condition), release);
    CHECK_STATUS(threading_condition_wait(&condition), THREADING_NOT_HELD);
    CHECK_STATUS(threading_condition_wait_timeout(&condition, 0), THREADING_NOT_HELD);
    CHECK_STATUS(threading_condition_wait_timeout(&condition, THREADING_FOREVER), THREADING_NOT_HELD);
    CHECK_STATUS(threading_condition_wait_for(&condition, never_asked, NULL), THREADING_NOT_HELD);
    CHECK_STATUS(threading_condition_wait_for_timeout(&condition, never_asked, NULL, 1), THREADING_NOT_HELD);
    CHECK_STATUS(threading_condition_notify(&condition, 0), THREADING_NOT_HELD);
    CHECK_STATUS(threading_condition_notify(&condition, 1), THREADING_NOT_HELD);
    CHECK_STATUS(threading_condition_notify(&condition, SIZE_MAX), THREADING_NOT_HELD);
    CHECK_STATUS(threading_condition_notify_all(&condition), THREADING_NOT_HELD);
    CHECK(!threading_condition_locked(&condition));
}

static void refused_while_free_rlock(void)
{
    refused_while_free(THREADING_NOT_OWNER);
}

static void refused_while_free_lock(void)
{
    refused_while_free(THREADING_NOT_HELD);
}

/* CPython: lock_tests.ConditionTests.test_unacquired_wait, test_unacquired_notify */
CASE(waits_and_notifies_without_the_lock_are_not_held)
{
    with_each_rlock(refused_while_free_rlock);
    with_lock(refused_while_free_lock);
}

static void notify_in_vain(void)
{
    waiter_t waiter;
    start_waiters(&waiter, 1, THREADING_FOREVER);
    CHECK_STATUS(threading_condition_notify(&condition, 1), THREADING_NOT_HELD);
    CHECK_STATUS(threading_condition_notify_all(&condition), THREADING_NOT_HELD);
    hold();
    CHECK_EQUAL(returned, 0);
    threading_status_t status = threading_condition_wait_timeout(&condition, 0.005);
    CHECK_STATUS(status, THREADING_TIMEOUT);
    CHECK_EQUAL(returned, 0);
    notify(1);
    let_go();
    finish_waiters(&waiter, 1, THREADING_OK);
}

/* The lock is free while they wait, so nobody may notify. */
CASE(refused_notify_wakes_nobody)
{
    with_each_kind(notify_in_vain);
}

static void *hold_and_end(void *arg)
{
    hold();
    return arg;
}

CASE(owner_that_ended_keeps_the_lock)
{
    finished(started(hold_and_end, NULL));
    (void)find_it_not_mine(NULL);
    CHECK_STATUS(threading_condition_acquire(&condition), THREADING_DEADLOCK);
    CHECK_STATUS(threading_condition_init(&condition), THREADING_OK);
    is_idle_and_works();
}

/* ------------------------------------------------------------------------------------------- levels */

static void hold_at(int level)
{
    for (int i = 0; i < level; i++)
        hold();
}

static void let_go_from(int level)
{
    for (int i = 0; i < level; i++) {
        CHECK(threading_condition_is_owned(&condition));
        let_go();
    }
    CHECK(!threading_condition_is_owned(&condition));
}

/* Another thread gets in, at a level of its own, and notifies. */
static void *notify_from_within(void *arg)
{
    hold_until(&begun, 1);
    CHECK(threading_condition_is_owned(&condition));
    hold();
    notify(1);
    let_go();
    let_go();
    return arg;
}

static void wait_at_levels(void)
{
    for (int level = 1; level <= 5; level++) {
        begun = 0;
        hold_at(level);
        threading_thread_t *thread = started(notify_from_within, NULL);
        begun = 1;
        CHECK_STATUS(threading_condition_wait(&condition), THREADING_OK);
        let_go_from(level);
        finished(thread);
    }
}

CASE(wait_gives_all_levels_back_and_has_them_again)
{
    with_each_rlock(wait_at_levels);
}

static void *get_in(void *arg)
{
    hold();
    returned = 1;
    let_go();
    return arg;
}

/* The other thread stands in line for the lock, so that it gets in before the poll has ended, some time. */
static void poll_until_another_got_in(int level)
{
    returned = 0;
    hold_at(level);
    threading_thread_t *thread = started(get_in, NULL);
    while (returned == 0)
        CHECK_STATUS(threading_condition_wait_timeout(&condition, 0), THREADING_TIMEOUT);
    let_go_from(level);
    finished(thread);
}

static void poll_at_levels(void)
{
    for (int level = 1; level <= 3; level++)
        poll_until_another_got_in(level);
}

static void poll_at_level_1(void)
{
    poll_until_another_got_in(1);
}

CASE(wait_of_no_time_lets_others_in)
{
    with_each_rlock(poll_at_levels);
    with_lock(poll_at_level_1);
}

static void time_out_at_levels(void)
{
    for (int level = 1; level <= 5; level++) {
        hold_at(level);
        CHECK_STATUS(threading_condition_wait_timeout(&condition, 0.001), THREADING_TIMEOUT);
        let_go_from(level);
    }
}

CASE(levels_are_the_same_after_a_timeout)
{
    with_each_rlock(time_out_at_levels);
}

/* -------------------------------------------------------------------------------------------- notify */

static void *wait_twice(void *statuses)
{
    threading_status_t *status = statuses;
    for (int i = 0; i < 2; i++) {
        hold();
        begun++;
        status[i] = threading_condition_wait(&condition);
        returned++;
        let_go();
    }
    return NULL;
}

/* Five threads wait twice. Three are notified, then five: two of those are in their first wait. */
static void check_notify(void)
{
    threading_thread_t *threads[5];
    threading_status_t statuses[5][2];
    begun = returned = 0;
    for (int i = 0; i < 5; i++)
        threads[i] = started(wait_twice, statuses[i]);
    hold_until(&begun, 5);
    CHECK_EQUAL(returned, 0);
    notify(3);
    CHECK_EQUAL(returned, 0);
    let_go();
    hold_until(&begun, 8);
    CHECK_EQUAL(returned, 3);
    notify(5);
    CHECK_EQUAL(returned, 3);
    let_go();
    hold_until(&begun, 10);
    let_go();
    hold_until(&returned, 8);
    notify_all();
    CHECK_EQUAL(returned, 8);
    let_go();
    finish_many(threads, 5);
    for (int i = 0; i < 5; i++)
        CHECK(statuses[i][0] == THREADING_OK && statuses[i][1] == THREADING_OK);
    CHECK_EQUAL(returned, 10);
}

static void check_notify_twice(void)
{
    check_notify();
    check_notify();
}

/* CPython: lock_tests.ConditionTests.test_notify */
CASE(notify_wakes_exactly_as_many_as_asked)
{
    with_each_kind(check_notify_twice);
}

static void notify_one_by_one(void)
{
    waiter_t waiters[6];
    start_waiters(waiters, 6, THREADING_FOREVER);
    for (int i = 1; i <= 6; i++) {
        hold();
        CHECK_EQUAL(returned, i - 1);
        notify(1);
        let_go();
        hold_until(&returned, i);
        CHECK_EQUAL(waiters[i - 1].place, i);
        let_go();
    }
    finish_waiters(waiters, 6, THREADING_OK);
}

CASE(waiters_are_notified_in_the_order_of_their_coming)
{
    with_each_kind(notify_one_by_one);
}

static void notify_twice_at_once(void)
{
    waiter_t waiters[5];
    start_waiters(waiters, 5, THREADING_FOREVER);
    hold();
    notify(1);
    notify(2);
    let_go();
    hold_until(&returned, 3);
    let_go();
    finish_waiters(waiters, 3, THREADING_OK);
    hold();
    CHECK_EQUAL(returned, 3);
    notify(2);
    let_go();
    finish_waiters(waiters + 3, 2, THREADING_OK);
}

CASE(notifies_of_one_holder_add_up)
{
    with_each_kind(notify_twice_at_once);
}

static void notify_too_many(void)
{
    const size_t counts[] = {3, 4, 1000000, SIZE_MAX};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        waiter_t waiters[3];
        returned = 0;
        start_waiters(waiters, 3, THREADING_FOREVER);
        hold();
        notify(counts[i]);
        notify(counts[i]);
        let_go();
        finish_waiters(waiters, 3, THREADING_OK);
    }
}

CASE(notify_of_more_than_wait_wakes_all)
{
    with_each_kind(notify_too_many);
}

static void notify_nobody(void)
{
    waiter_t waiter;
    hold();
    notify(0);
    notify(7);
    notify_all();
    let_go();
    start_waiters(&waiter, 1, THREADING_FOREVER);
    hold();
    notify(0);
    CHECK_STATUS(threading_condition_wait_timeout(&condition, 0.005), THREADING_TIMEOUT);
    CHECK_EQUAL(returned, 0);
    notify(1);
    let_go();
    finish_waiters(&waiter, 1, THREADING_OK);
}

CASE(notify_of_0_wakes_nobody)
{
    with_each_kind(notify_nobody);
}

static void notify_all_of_them(void)
{
    waiter_t waiters[40];
    start_waiters(waiters, 40, THREADING_FOREVER);
    hold();
    notify_all();
    CHECK_EQUAL(returned, 0);
    let_go();
    finish_waiters(waiters, 40, THREADING_OK);
    CHECK_EQUAL(returned, 40);
}

CASE(notify_all_wakes_all)
{
    with_each_kind(notify_all_of_them);
}

/* A thread that begins to wait after it, even before the lock was released, waits for the next. */
static void notify_those_of_before(void)
{
    waiter_t waiters[2];
    start_waiters(waiters, 1, THREADING_FOREVER);
    hold();
    notify(5);
    notify_all();
    CHECK_STATUS(threading_condition_wait_timeout(&condition, 0.005), THREADING_TIMEOUT);
    let_go();
    start_waiters(waiters + 1, 1, THREADING_FOREVER);
    finish_waiters(waiters, 1, THREADING_OK);
    hold();
    CHECK_STATUS(threading_condition_wait_timeout(&condition, 0.005), THREADING_TIMEOUT);
    CHECK_EQUAL(returned, 1);
    notify(1);
    let_go();
    finish_waiters(waiters + 1, 1, THREADING_OK);
}

CASE(notify_is_not_for_those_who_come_later)
{
    with_each_kind(notify_those_of_before);
}

static void notify_and_keep_the_lock(void)
{
    waiter_t waiters[4];
    start_waiters(waiters, 4, THREADING_FOREVER);
    hold();
    notify(2);
    threading_sleep(0.005); /* proves nothing, gives a wrong library the time to show itself */
    CHECK_EQUAL(returned, 0);
    notify_all();
    threading_sleep(0.005);
    CHECK_EQUAL(returned, 0);
    CHECK(threading_condition_is_owned(&condition));
    let_go();
    finish_waiters(waiters, 4, THREADING_OK);
}

CASE(notified_threads_run_once_the_notifier_has_released)
{
    with_each_kind(notify_and_keep_the_lock);
}

static void notify_and_keep_a_level(void)
{
    waiter_t waiter;
    start_waiters(&waiter, 1, THREADING_FOREVER);
    hold();
    hold();
    notify(1);
    let_go();
    threading_sleep(0.005);
    CHECK_EQUAL(returned, 0);
    let_go();
    finish_waiters(&waiter, 1, THREADING_OK);
}

CASE(notified_threads_wait_for_the_outermost_release)
{
    with_each_rlock(notify_and_keep_a_level);
}

/* The notifier goes on to wait itself; who was notified gets the lock so, and answers. */
static void *answer_the_notification(void *arg)
{
    hold();
    for (int i = 0; i < *(int *)arg; i++) {
        begun++;
        CHECK_STATUS(threading_condition_wait(&condition), THREADING_OK);
        notify(1);
    }
    let_go();
    return NULL;
}

static void play_ping_pong(void)
{
    int turns = is_slow() ? 50 : 500;
    threading_thread_t *thread = started(answer_the_notification, &turns);
    hold_until(&begun, 1);
    for (int i = 0; i < turns; i++) {
        CHECK_EQUAL(begun, i + 1);
        notify(1);
        CHECK_STATUS(threading_condition_wait(&condition), THREADING_OK);
    }
    let_go();
    finished(thread);
}

CASE(two_threads_notify_each_other_in_turn)
{
    with_each_kind(play_ping_pong);
}

/* ----------------------------------------------------------------- several conditions, one or many locks */

static threading_condition_t siblings[3];
static int woken[3];

static void *wait_on_a_sibling(void *arg)
{
    threading_condition_t *sibling = arg;
    CHECK_STATUS(threading_condition_acquire(sibling), THREADING_OK);
    begun++;
    CHECK_STATUS(threading_condition_wait(sibling), THREADING_OK);
    woken[sibling - siblings]++;
    CHECK_STATUS(threading_condition_release(sibling), THREADING_OK);
    return NULL;
}

/* The condition is on the same lock, and nobody waits on it. */
static void notify_siblings(void)
{
    threading_thread_t *threads[6];
    memset(woken, 0, sizeof woken);
    for (int i = 0; i < 6; i++)
        threads[i] = started(wait_on_a_sibling, &siblings[i % 3]);
    hold_until(&begun, 6);
    notify_all();
    let_go();
    for (int i = 0; i < 3; i++) {
        CHECK_STATUS(threading_condition_acquire(&siblings[i]), THREADING_OK);
        CHECK_EQUAL(woken[i], 0);
        CHECK_STATUS(threading_condition_notify(&siblings[i], 6), THREADING_OK);
        let_go();
        hold_until(&woken[i], 2);
        let_go();
    }
    finish_many(threads, 6);
}

CASE(conditions_that_share_a_lock_notify_their_own_waiters)
{
    for (int i = 0; i < 3; i++)
        CHECK_STATUS(threading_condition_init_lock(&siblings[i], &lock), THREADING_OK);
    with_lock(notify_siblings);
    for (int i = 0; i < 3; i++)
        CHECK_STATUS(threading_condition_init_rlock(&siblings[i], &rlock), THREADING_OK);
    CHECK_STATUS(threading_condition_init_rlock(&condition, &rlock), THREADING_OK);
    begun = returned = 0;
    notify_siblings();
    CHECK(is_zero(&rlock, sizeof rlock));
}

enum { NEIGHBOURS = 100 };
static threading_condition_t neighbours[NEIGHBOURS];
static atomic_int neighbours_begun, neighbours_woken;

static void *wait_on_a_neighbour(void *arg)
{
    CHECK_STATUS(threading_condition_acquire(arg), THREADING_OK);
    atomic_fetch_add(&neighbours_begun, 1);
    CHECK_STATUS(threading_condition_wait(arg), THREADING_OK);
    atomic_fetch_add(&neighbours_woken, 1);
    CHECK_STATUS(threading_condition_release(arg), THREADING_OK);
    return NULL;
}

/* They share nothing that can be noticed, hashed to one queue or not. */
CASE(conditions_side_by_side_are_apart)
{
    threading_thread_t *threads[NEIGHBOURS];
    for (int i = 0; i < NEIGHBOURS; i++)
        threads[i] = started(wait_on_a_neighbour, &neighbours[i]);
    AWAIT(atomic_load(&neighbours_begun) == NEIGHBOURS);
    for (int i = 0; i < NEIGHBOURS; i++) {
        threading_condition_t *chosen = &neighbours[i * 37 % NEIGHBOURS];
        CHECK_EQUAL(atomic_load(&neighbours_woken), i);
        CHECK_STATUS(threading_condition_acquire(chosen), THREADING_OK);
        CHECK_STATUS(threading_condition_notify_all(chosen), THREADING_OK);
        CHECK_STATUS(threading_condition_release(chosen), THREADING_OK);
        finished(threads[i * 37 % NEIGHBOURS]);
    }
    CHECK(is_zero(neighbours, sizeof neighbours));
}

/* --------------------------------------------------------------------------------------------- time */

static void run_out_of_time(void)
{
    const double all[] = {0.001, 0.002, 0.003, 0.005, 0.008, 0.013, 0.02, 0.05};
    hold();
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        double begin = threading_monotonic();
        CHECK_STATUS(threading_condition_wait_timeout(&condition, all[i]), THREADING_TIMEOUT);
        CHECK(threading_monotonic() - begin >= all[i]);
    }
    let_go();
}

/* CPython: lock_tests.ConditionTests.test_timeout */
CASE(timed_wait_is_never_early)
{
    with_each_kind(run_out_of_time);
}

static void five_run_out_of_time(void)
{
    waiter_t waiters[5];
    start_waiters(waiters, 5, 0.05);
    finish_waiters(waiters, 5, THREADING_TIMEOUT);
    CHECK_EQUAL(returned, 5);
}

/* CPython: lock_tests.ConditionTests.test_timeout */
CASE(each_of_five_waits_runs_out_of_time)
{
    with_each_kind(five_run_out_of_time);
}

CASE(tiny_timeouts_are_waits_that_end)
{
    const double tiny[] = {0, -0.0, 5e-324, 1e-300, 1e-12, 1e-10, 1e-9, 1.5e-9, 1e-7, 1e-5};
    hold();
    for (size_t i = 0; i < sizeof tiny / sizeof *tiny; i++)
        CHECK_STATUS(threading_condition_wait_timeout(&condition, tiny[i]), THREADING_TIMEOUT);
    let_go();
    is_idle_and_works();
}

/* The numbers at which an addition, 32-bit milliseconds or a 32-bit time_t would wrap around. */
CASE(longest_timeouts_wait_for_the_notification)
{
    const double all[] = {THREADING_TIMEOUT_MAX, 60,          86400,      2147483.648,
                          4294967.295,           4294967.296, 2147483648, 1e9};
    enum { count = sizeof all / sizeof *all };
    waiter_t waiters[count];
    for (int i = 0; i < count; i++)
        start_waiters(&waiters[i], 1, all[i]);
    threading_sleep(0.01);
    hold();
    CHECK_EQUAL(returned, 0);
    notify(count);
    let_go();
    finish_waiters(waiters, count, THREADING_OK);
}

static void *wait_with_forever_for_a_timeout(void *arg)
{
    hold();
    begun++;
    CHECK_STATUS(threading_condition_wait_timeout(&condition, THREADING_FOREVER), THREADING_OK);
    let_go();
    return arg;
}

CASE(forever_is_a_wait_without_a_limit)
{
    threading_thread_t *thread = started(wait_with_forever_for_a_timeout, NULL);
    hold_until(&begun, 1);
    let_go();
    CHECK_STATUS(threading_thread_join_timeout(thread, 0.01), THREADING_TIMEOUT);
    hold();
    notify(1);
    let_go();
    finished(thread);
}

/* One gives up, in front of one who does not. */
static void notify_who_still_waits(void)
{
    waiter_t waiters[3];
    start_waiters(waiters, 1, THREADING_FOREVER);
    start_waiters(waiters + 1, 1, 0.005);
    start_waiters(waiters + 2, 1, THREADING_FOREVER);
    finish_waiters(waiters + 1, 1, THREADING_TIMEOUT);
    hold();
    notify(2);
    let_go();
    finish_waiters(waiters, 1, THREADING_OK);
    finish_waiters(waiters + 2, 1, THREADING_OK);
}

CASE(waits_that_ran_out_take_no_notification)
{
    with_each_kind(notify_who_still_waits);
}

/* The time is over, but the lock is not to be had: that wait is notified, or it is not; not both. */
static void notify_after_the_time(void)
{
    waiter_t waiters[2];
    start_waiters(waiters, 1, 0.01);
    start_waiters(waiters + 1, 1, THREADING_FOREVER);
    hold();
    threading_sleep(0.015);
    notify(1);
    let_go();
    finished(waiters[0].thread);
    if (waiters[0].status == THREADING_OK) {
        hold();
        notify(1);
        let_go();
    } else {
        CHECK_STATUS(waiters[0].status, THREADING_TIMEOUT);
    }
    finish_waiters(waiters + 1, 1, THREADING_OK);
}

/* CPython loses this one: both waits return False. */
CASE(notify_after_the_time_of_a_waiter_is_not_lost)
{
    for (int i = 0; i < 5; i++)
        with_each_kind(notify_after_the_time);
}

static void have_the_lock_late(void)
{
    waiter_t waiter;
    start_waiters(&waiter, 1, 0.001);
    hold();
    int before = returned;
    threading_sleep(0.02);
    CHECK_EQUAL(returned, before);
    let_go();
    finish_waiters(&waiter, 1, THREADING_TIMEOUT);
}

CASE(having_the_lock_again_is_not_bounded_by_the_time)
{
    with_each_kind(have_the_lock_late);
}

/* ---------------------------------------------------------------------------- foreign threads, memory, stops */

static void *wait_in_a_foreign_thread(void *arg)
{
    hold();
    begun++;
    CHECK_STATUS(threading_condition_wait_timeout(&condition, 0.001), THREADING_TIMEOUT);
    begun++;
    CHECK_STATUS(threading_condition_wait(&condition), THREADING_OK);
    returned++;
    notify_all();
    let_go();
    return arg;
}

static void foreign_threads_wait(void)
{
    foreign_t *threads[5];
    for (int i = 0; i < 5; i++)
        threads[i] = foreign_start(wait_in_a_foreign_thread, NULL);
    hold_until(&begun, 10);
    CHECK_EQUAL(threading_active_count(), 1);
    notify(1);
    let_go();
    for (int i = 0; i < 5; i++)
        foreign_join(threads[i]);
    CHECK_EQUAL(returned, 5);
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(foreign_threads_wait_and_notify_and_leave_no_thread_behind)
{
    with_each_kind(foreign_threads_wait);
}

static atomic_int next_block;

/* It has the lock again, so the notifier has released it: the memory is the waiter's. */
static void *free_each_when_notified(void *blocks)
{
    threading_condition_t **each = blocks;
    for (int i = 0; each[i] != NULL; i++) {
        CHECK_STATUS(threading_condition_acquire(each[i]), THREADING_OK);
        atomic_store(&next_block, i + 1);
        CHECK_STATUS(threading_condition_wait(each[i]), THREADING_OK);
        free(each[i]);
    }
    return NULL;
}

CASE(memory_may_be_freed_by_the_last_who_was_notified)
{
    enum { ROUNDS = 1000 };
    static threading_condition_t *blocks[ROUNDS + 1];
    for (int i = 0; i < ROUNDS; i++) {
        blocks[i] = malloc(sizeof *blocks[i]);
        CHECK(blocks[i] != NULL);
        CHECK_STATUS(threading_condition_init(blocks[i]), THREADING_OK);
    }
    threading_thread_t *thread = started(free_each_when_notified, blocks);
    for (int i = 0; i < ROUNDS; i++) {
        while (atomic_load(&next_block) <= i)
            threading_sleep(0);
        CHECK_STATUS(threading_condition_acquire(blocks[i]), THREADING_OK);
        CHECK_STATUS(threading_condition_notify(blocks[i], 1), THREADING_OK);
        CHECK_STATUS(threading_condition_release(blocks[i]), THREADING_OK);
    }
    finished(thread);
}

static threading_stop_t stop;

static void start_stoppable(waiter_t *waiter, threading_target_t target)
{
    waiter->seconds = THREADING_FOREVER;
    waiter->thread = threading_thread(target, waiter, .stop = &stop);
    CHECK(waiter->thread != NULL);
    CHECK_STATUS(threading_thread_start(waiter->thread), THREADING_OK);
}

/* The one in front is cancelled: it has the lock again, and a notification is for the other one. */
static void cancel_the_first(void)
{
    waiter_t waiters[2];
    CHECK_STATUS(threading_stop_init(&stop), THREADING_OK);
    start_stoppable(&waiters[0], wait_once);
    hold_until(&begun, 1);
    let_go();
    start_waiters(waiters + 1, 1, THREADING_FOREVER);
    CHECK_STATUS(threading_stop_request(&stop), THREADING_OK);
    finish_waiters(waiters, 1, THREADING_CANCELLED);
    hold();
    CHECK_EQUAL(returned, 1);
    notify(1);
    let_go();
    finish_waiters(waiters + 1, 1, THREADING_OK);
}

CASE(cancelled_wait_has_the_lock_and_takes_no_notification)
{
    with_each_kind(cancel_the_first);
}

static void *wait_at_level_3(void *arg)
{
    waiter_t *waiter = arg;
    hold_at(3);
    begun = 1;
    waiter->status = threading_condition_wait(&condition);
    let_go_from(3);
    return NULL;
}

static void cancel_at_level_3(void)
{
    waiter_t waiter;
    CHECK_STATUS(threading_stop_init(&stop), THREADING_OK);
    start_stoppable(&waiter, wait_at_level_3);
    hold_until(&begun, 1);
    let_go();
    CHECK_STATUS(threading_stop_request(&stop), THREADING_OK);
    finish_waiters(&waiter, 1, THREADING_CANCELLED);
}

CASE(levels_are_the_same_after_a_cancellation)
{
    with_each_rlock(cancel_at_level_3);
}
