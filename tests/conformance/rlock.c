/* SPDX-License-Identifier: MIT */
/* The recursive lock: all that holds for a Lock, its levels, its owner, and owners that have ended. */
#define LOCK_T threading_rlock_t
#define LOCK(verb) threading_rlock_##verb
#include "lock_load.h"

CASE(is_8_bytes)
{
    CHECK_EQUAL(sizeof(threading_rlock_t), 8);
}

CASE(zero_bytes_are_a_free_lock)
{
    works_from_zero();
}

CASE(init_makes_a_free_lock_of_garbage)
{
    works_from_init_of_garbage();
}

CASE(init_frees_a_held_lock)
{
    init_frees();
}

CASE(null_is_invalid)
{
    null_is_told();
    CHECK(!threading_rlock_is_owned(NULL));
    CHECK_EQUAL(threading_rlock_count(NULL), 0);
}

/* CPython: lock_tests.BaseLockTests.test_constructor, test_acquire_destroy */
CASE(memory_may_go_unused_or_held)
{
    memory_goes_unused_or_held();
}

/* CPython: lock_tests.BaseLockTests.test_acquire_release, test_locked_repr */
CASE(acquire_and_release)
{
    acquires_and_releases();
}

/* CPython: lock_tests.BaseLockTests.test_try_acquire, test_try_acquire_contended */
CASE(try_acquire_of_a_held_lock_is_busy)
{
    others_try_in_vain();
}

/* CPython: lock_tests.BaseLockTests.test_acquire_contended */
CASE(acquire_waits_for_the_release)
{
    waiters_each_get_it(5);
}

CASE(each_of_50_waiters_gets_it_alone)
{
    waiters_each_get_it(50);
}

CASE(each_of_10000_waiters_gets_it_alone)
{
    /* slow */
    very_many_waiters_each_get_it();
}

CASE(release_lets_exactly_one_waiter_on)
{
    release_lets_one_on();
}

CASE(release_lets_on_only_waiters_of_that_lock)
{
    neighbours_are_apart();
}

/* CPython: lock_tests.BaseLockTests.test_thread_leak */
CASE(foreign_threads_use_it_and_leave_no_thread_behind)
{
    foreign_threads_leave_nothing();
}

/* CPython: lock_tests.BaseLockTests.test_timeout */
CASE(bad_timeouts_are_told_free_owned_or_held)
{
    bad_timeouts_are_told();
}

/* CPython: lock_tests.BaseLockTests.test_timeout */
CASE(any_timeout_takes_a_free_lock_at_once)
{
    any_timeout_takes_it_free();
}

/* CPython: lock_tests.BaseLockTests.test_timeout */
CASE(timed_acquire_is_never_early)
{
    never_early();
}

CASE(tiny_timeouts_are_waits_that_end)
{
    short_times_are_waited_for();
}

CASE(longest_timeouts_wait_for_the_release)
{
    long_times_end_by_the_release();
}

CASE(waiters_that_timed_out_are_not_handed_the_lock)
{
    timed_out_waiters_are_gone();
}

CASE(waiter_among_some_that_time_out_gets_it)
{
    waiter_among_timed_out_ones_gets_it();
}

CASE(timeout_at_the_moment_of_release_loses_nothing)
{
    timeout_meets_release();
}

CASE(timed_and_untimed_waiters_mix_under_load)
{
    timed_and_untimed_waiters_mix();
}

CASE(tight_loop_starves_no_waiter)
{
    loopers_starve_nobody(1);
}

CASE(two_tight_loops_starve_no_waiter)
{
    loopers_starve_nobody(2);
}

/* Here the thread that freed them all ends as the owner of all of them, too. */
CASE(memory_may_be_freed_once_acquired)
{
    /* slow */
    freed_once_acquired();
}

/* CPython: test_threadsignals.ThreadSignals.test_rlock_acquire_retries_on_intr */
CASE(signals_do_not_end_a_wait)
{
    signals_end_no_wait();
}

/* CPython: test_threadsignals.ThreadSignals.test_interrupted_timed_acquire */
CASE(signals_neither_shorten_nor_lengthen_a_timeout)
{
    signals_change_no_timeout();
}

static void level_is(size_t level)
{
    CHECK_EQUAL(threading_rlock_count(&lock), level);
    CHECK_EQUAL(threading_rlock_is_owned(&lock), level > 0);
    CHECK_EQUAL(threading_rlock_locked(&lock), level > 0);
    CHECK_EQUAL(is_zero(&lock, sizeof lock), level == 0);
}

/* CPython: lock_tests.RLockTests.test_reacquire */
CASE(owner_acquires_again)
{
    acquire_it();
    acquire_it();
    release_it();
    acquire_it();
    release_it();
    release_it();
    is_free_and_works();
}

CASE(every_way_to_acquire_adds_a_level)
{
    CHECK_STATUS(threading_rlock_try_acquire(&lock), THREADING_OK);
    CHECK_STATUS(threading_rlock_try_acquire(&lock), THREADING_OK);
    CHECK_STATUS(threading_rlock_acquire_timeout(&lock, 0), THREADING_OK);
    CHECK_STATUS(threading_rlock_acquire_timeout(&lock, 1e-12), THREADING_OK);
    CHECK_STATUS(threading_rlock_acquire_timeout(&lock, THREADING_TIMEOUT_MAX), THREADING_OK);
    CHECK_STATUS(threading_rlock_acquire_timeout(&lock, THREADING_FOREVER), THREADING_OK);
    acquire_it();
    for (size_t level = 7; level > 0; level--) {
        level_is(level);
        release_it();
    }
    level_is(0);
    is_free_and_works();
}

CASE(thousands_of_levels_count)
{
    for (size_t level = 0; level < 100000; level++)
        acquire_it();
    level_is(100000);
    for (size_t level = 0; level < 100000; level++)
        release_it();
    level_is(0);
    is_free_and_works();
}

/* CPython: lock_tests.RLockTests.test_release_unacquired */
CASE(release_of_a_free_lock_is_not_owner)
{
    CHECK_STATUS(threading_rlock_release(&lock), THREADING_NOT_OWNER);
    level_is(0);
    acquire_it();
    acquire_it();
    release_it();
    acquire_it();
    release_it();
    release_it();
    CHECK_STATUS(threading_rlock_release(&lock), THREADING_NOT_OWNER);
    CHECK_STATUS(threading_rlock_release(&lock), THREADING_NOT_OWNER);
    level_is(0);
    is_free_and_works();
}

/* What a thread that does not own it finds, whatever the owner's level. */
static void *find_it_owned_by_another(void *arg)
{
    CHECK(threading_rlock_locked(&lock));
    CHECK(!threading_rlock_is_owned(&lock));
    CHECK_EQUAL(threading_rlock_count(&lock), 0);
    CHECK_STATUS(threading_rlock_try_acquire(&lock), THREADING_BUSY);
    CHECK_STATUS(threading_rlock_acquire_timeout(&lock, 1e-4), THREADING_TIMEOUT);
    CHECK_STATUS(threading_rlock_release(&lock), THREADING_NOT_OWNER);
    CHECK(threading_rlock_locked(&lock));
    return arg;
}

/* CPython: lock_tests.RLockTests.test__is_owned, test_locked */
CASE(only_the_owner_owns_it_and_can_release)
{
    level_is(0);
    for (size_t level = 1; level <= 3; level++) {
        acquire_it();
        finished(started(find_it_owned_by_another, NULL));
        foreign_join(foreign_start(find_it_owned_by_another, NULL));
        level_is(level);
    }
    for (size_t level = 3; level > 0; level--) {
        finished(started(find_it_owned_by_another, NULL));
        level_is(level);
        release_it();
    }
    level_is(0);
    is_free_and_works();
}

static void *own_until_allowed(void *arg)
{
    acquire_it();
    acquire_it();
    level_is(2);
    atomic_store(&passed, 1);
    AWAIT(atomic_load(&may_leave) == 1);
    level_is(2);
    release_it();
    atomic_store(&passed, 2);
    AWAIT(atomic_load(&may_leave) == 2);
    release_it();
    return arg;
}

/* CPython: lock_tests.RLockTests.test_recursion_count, test_locked_with_2threads */
CASE(outermost_release_by_another_thread_frees_it)
{
    threading_thread_t *thread = started(own_until_allowed, NULL);
    for (int step = 1; step <= 2; step++) {
        AWAIT(atomic_load(&passed) == step);
        (void)find_it_owned_by_another(NULL);
        atomic_store(&may_leave, step);
    }
    acquire_it();
    level_is(1);
    release_it();
    finished(thread);
    level_is(0);
    is_free_and_works();
}

static void *wait_for_the_outermost(void *arg)
{
    atomic_store(&announced, 1);
    acquire_it();
    CHECK_EQUAL(atomic_load(&may_leave), 1);
    acquire_it();
    level_is(2);
    release_it();
    release_it();
    return arg;
}

CASE(inner_releases_let_no_waiter_on)
{
    for (int level = 0; level < 10; level++)
        acquire_it();
    threading_thread_t *thread = started(wait_for_the_outermost, NULL);
    AWAIT(atomic_load(&announced) == 1);
    for (int level = 9; level > 0; level--) {
        release_it();
        threading_sleep(0.0005);
        acquire_it();
        release_it();
    }
    atomic_store(&may_leave, 1);
    release_it();
    finished(thread);
    is_free_and_works();
}

/* The level is set by hand, since counting up to it would take a minute. */
CASE(level_above_its_limit_is_overflow)
{
    acquire_it();
    lock.count = UINT32_MAX - 1;
    acquire_it();
    CHECK_EQUAL(threading_rlock_count(&lock), UINT32_MAX);
    CHECK_STATUS(threading_rlock_acquire(&lock), THREADING_OVERFLOW);
    CHECK_STATUS(threading_rlock_try_acquire(&lock), THREADING_OVERFLOW);
    CHECK_STATUS(threading_rlock_acquire_timeout(&lock, 1), THREADING_OVERFLOW);
    CHECK_EQUAL(threading_rlock_count(&lock), UINT32_MAX);
    finished(started(find_it_owned_by_another, NULL));
    release_it();
    CHECK_EQUAL(threading_rlock_count(&lock), UINT32_MAX - 1);
    lock.count = 1;
    release_it();
    is_free_and_works();
}

static int shared;

static void add_recursively(int depth)
{
    acquire_it();
    shared++;
    if (depth > 1)
        add_recursively(depth - 1);
    release_it();
}

static void *add_many_times(void *arg)
{
    for (int i = 0; i < 500; i++)
        add_recursively(1 + i % 5);
    CHECK_EQUAL(threading_rlock_count(&lock), 0);
    return arg;
}

CASE(nested_levels_exclude_each_other_under_load)
{
    threading_thread_t *threads[8];
    start_many(threads, 8, add_many_times, NULL);
    finish_many(threads, 8);
    CHECK_EQUAL(shared, 8 * 500 * 3);
    is_free_and_works();
}

static void *acquire_and_end(void *arg)
{
    acquire_it();
    acquire_it();
    return arg;
}

static void *leave_it_owned(void *arg)
{
    acquire_it();
    threading_exit(arg);
}

static void *find_its_owner_ended(void *arg)
{
    (void)find_it_owned_by_another(NULL);
    CHECK_STATUS(threading_rlock_acquire(&lock), THREADING_DEADLOCK);
    CHECK_STATUS(threading_rlock_acquire_timeout(&lock, THREADING_FOREVER), THREADING_DEADLOCK);
    (void)find_it_owned_by_another(NULL);
    return arg;
}

/* CPython: lock_tests.RLockTests.test_different_thread */
CASE(owner_that_ended_leaves_it_locked_for_ever)
{
    finished(started(acquire_and_end, NULL));
    (void)find_its_owner_ended(NULL);
    finished(started(find_its_owner_ended, NULL));
    foreign_join(foreign_start(find_its_owner_ended, NULL));
    CHECK_STATUS(threading_rlock_init(&lock), THREADING_OK);
    is_free_and_works();
}

CASE(owner_that_exited_leaves_it_locked_for_ever)
{
    finished(started(leave_it_owned, NULL));
    finished(started(find_its_owner_ended, NULL));
    (void)find_its_owner_ended(NULL);
}

CASE(foreign_owner_that_ended_leaves_it_locked_for_ever)
{
    foreign_join(foreign_start(acquire_and_end, NULL));
    (void)find_its_owner_ended(NULL);
    finished(started(find_its_owner_ended, NULL));
    foreign_join(foreign_start(find_its_owner_ended, NULL));
}

static void *find_it_not_mine(void *arg)
{
    CHECK(!threading_rlock_is_owned(&lock));
    CHECK_EQUAL(threading_rlock_count(&lock), 0);
    CHECK_STATUS(threading_rlock_try_acquire(&lock), THREADING_BUSY);
    CHECK_STATUS(threading_rlock_release(&lock), THREADING_NOT_OWNER);
    return arg;
}

/* CPython takes a new thread with the ident of the one that ended for the owner. */
CASE(later_threads_never_own_what_an_ended_one_owned)
{
    /* slow */
    int count = is_slow() ? 300 : 2000;
    finished(started(acquire_and_end, NULL));
    for (int i = 0; i < count; i++) {
        finished(started(find_it_not_mine, NULL));
        if (i % 4 == 0)
            foreign_join(foreign_start(find_it_not_mine, NULL));
    }
    (void)find_its_owner_ended(NULL);
}
