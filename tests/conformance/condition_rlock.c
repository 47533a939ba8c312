/* SPDX-License-Identifier: MIT */
/* A default condition is an RLock as well: all that holds for one. CPython: test_threading.ConditionAsRLockTests */
#define LOCK_T threading_condition_t
#define LOCK(verb) threading_condition_##verb
#include "lock_load.h"

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

/* CPython: lock_tests.RLockTests.test_reacquire, test_release_unacquired */
CASE(owner_releases_as_often_as_it_acquired)
{
    CHECK_STATUS(LOCK(release)(&lock), THREADING_NOT_OWNER);
    acquire_it();
    CHECK_STATUS(LOCK(try_acquire)(&lock), THREADING_OK);
    CHECK_STATUS(LOCK(acquire_timeout)(&lock, 0), THREADING_OK);
    acquire_it();
    for (int level = 4; level > 0; level--) {
        CHECK(LOCK(is_owned)(&lock));
        release_it();
    }
    CHECK(!LOCK(is_owned)(&lock));
    CHECK_STATUS(LOCK(release)(&lock), THREADING_NOT_OWNER);
    is_free_and_works();
}

/* What a thread that does not own it finds, whatever the owner's level. */
static void *find_it_owned_by_another(void *arg)
{
    CHECK(!LOCK(is_owned)(&lock));
    (void)try_in_vain(NULL);
    CHECK_STATUS(LOCK(release)(&lock), THREADING_NOT_OWNER);
    CHECK(LOCK(locked)(&lock));
    return arg;
}

/* CPython: lock_tests.RLockTests.test__is_owned, test_locked, test_locked_with_2threads */
CASE(only_the_owner_owns_it_and_can_release)
{
    for (int level = 1; level <= 3; level++) {
        acquire_it();
        finished(started(find_it_owned_by_another, NULL));
        foreign_join(foreign_start(find_it_owned_by_another, NULL));
        CHECK(LOCK(is_owned)(&lock));
    }
    for (int level = 3; level > 0; level--) {
        finished(started(find_it_owned_by_another, NULL));
        release_it();
    }
    is_free_and_works();
}

static void *acquire_twice_and_end(void *arg)
{
    acquire_it();
    acquire_it();
    return arg;
}

/* CPython: lock_tests.RLockTests.test_different_thread */
CASE(owner_that_ended_leaves_it_locked_for_ever)
{
    finished(started(acquire_twice_and_end, NULL));
    (void)find_it_owned_by_another(NULL);
    CHECK_STATUS(LOCK(acquire)(&lock), THREADING_DEADLOCK);
    CHECK_STATUS(LOCK(acquire_timeout)(&lock, THREADING_FOREVER), THREADING_DEADLOCK);
    finished(started(find_it_owned_by_another, NULL));
    CHECK_STATUS(LOCK(init)(&lock), THREADING_OK);
    is_free_and_works();
}

static LOCK_T ring[2];
static atomic_int met, told;

static void *acquire_crosswise(void *own)
{
    LOCK_T *others = own == &ring[0] ? &ring[1] : &ring[0];
    CHECK_STATUS(LOCK(acquire)(own), THREADING_OK);
    meet(&met, 2);
    threading_status_t status = LOCK(acquire)(others);
    if (status == THREADING_OK)
        CHECK_STATUS(LOCK(release)(others), THREADING_OK);
    else
        CHECK_STATUS(status, THREADING_DEADLOCK);
    atomic_fetch_add(&told, status == THREADING_DEADLOCK);
    CHECK_STATUS(LOCK(release)(own), THREADING_OK);
    return NULL;
}

CASE(of_a_ring_of_two_one_is_told)
{
    threading_thread_t *threads[2] = {started(acquire_crosswise, &ring[0]),
                                      started(acquire_crosswise, &ring[1])};
    finish_many(threads, 2);
    CHECK_EQUAL(atomic_load(&told), 1);
    CHECK(is_zero(ring, sizeof ring));
}
