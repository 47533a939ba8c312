/* SPDX-License-Identifier: MIT */
/* An RWLock that is only ever written: all that holds for a Lock whose owner releases it. */
#include "threading.h"

#define LOCK_T threading_rwlock_t
#define LOCK(verb) write_##verb

static threading_status_t write_init(threading_rwlock_t *rwlock)
{
    return threading_rwlock_init(rwlock);
}

static threading_status_t write_acquire(threading_rwlock_t *rwlock)
{
    return threading_rwlock_acquire_write(rwlock);
}

static threading_status_t write_try_acquire(threading_rwlock_t *rwlock)
{
    return threading_rwlock_try_acquire_write(rwlock);
}

static threading_status_t write_acquire_timeout(threading_rwlock_t *rwlock, double seconds)
{
    return threading_rwlock_acquire_write_timeout(rwlock, seconds);
}

static threading_status_t write_release(threading_rwlock_t *rwlock)
{
    return threading_rwlock_release_write(rwlock);
}

/* There is no such question; a try answers it. */
static bool write_locked(threading_rwlock_t *rwlock)
{
    threading_status_t status = threading_rwlock_try_acquire_write(rwlock);
    if (status == THREADING_OK)
        (void)threading_rwlock_release_write(rwlock);
    return status == THREADING_BUSY;
}

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

CASE(memory_may_go_unused_or_held)
{
    memory_goes_unused_or_held();
}

CASE(acquire_and_release)
{
    acquires_and_releases();
}

CASE(try_acquire_of_a_held_lock_is_busy)
{
    others_try_in_vain();
}

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

CASE(foreign_threads_use_it_and_leave_no_thread_behind)
{
    foreign_threads_leave_nothing();
}

CASE(bad_timeouts_are_told_free_owned_or_held)
{
    bad_timeouts_are_told();
}

CASE(any_timeout_takes_a_free_lock_at_once)
{
    any_timeout_takes_it_free();
}

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

CASE(signals_do_not_end_a_wait)
{
    signals_end_no_wait();
}

CASE(signals_neither_shorten_nor_lengthen_a_timeout)
{
    signals_change_no_timeout();
}
