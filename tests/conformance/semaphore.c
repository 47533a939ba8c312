/* SPDX-License-Identifier: MIT */
/* The plain Semaphore: what holds for both kinds, and that it has no bound but the largest number. */
#define SEMAPHORE_T threading_semaphore_t
#define SEMAPHORE(verb) threading_semaphore_##verb
#define WITH_SEMAPHORE THREADING_WITH_SEMAPHORE
#include "base_semaphore.h"

CASE(is_4_bytes)
{
    CHECK_EQUAL(sizeof(threading_semaphore_t), 4);
}

CASE(zero_bytes_are_a_semaphore_of_0)
{
    is_empty();
    give();
    value_is(1);
    take();
    is_empty();
}

/* CPython: lock_tests.BaseSemaphoreTests.test_constructor, test_default_value */
CASE(initialiser_gives_the_value)
{
    static threading_semaphore_t one = THREADING_SEMAPHORE_INIT(1);
    threading_semaphore_t most = THREADING_SEMAPHORE_INIT(THREADING_SEMAPHORE_MAX);
    CHECK_EQUAL(threading_semaphore_value(&one), 1);
    CHECK_STATUS(threading_semaphore_try_acquire(&one), THREADING_OK);
    CHECK_STATUS(threading_semaphore_try_acquire(&one), THREADING_BUSY);
    CHECK_EQUAL(threading_semaphore_value(&most), THREADING_SEMAPHORE_MAX);
}

CASE(init_makes_a_semaphore_of_any_value)
{
    init_gives_the_value();
}

CASE(init_above_the_largest_value_is_overflow)
{
    init_tells_what_is_too_much();
}

CASE(null_is_invalid)
{
    null_is_told();
}

CASE(release_of_none_is_invalid)
{
    release_of_none_is_told();
}

/* CPython: lock_tests.BaseSemaphoreTests.test_acquire_timeout */
CASE(bad_timeouts_are_told_whatever_the_value)
{
    bad_timeouts_are_told();
}

/* CPython: lock_tests.BaseSemaphoreTests.test_acquire_destroy */
CASE(memory_may_go_unused_or_taken_from)
{
    memory_goes_unused_or_taken_from();
}

CASE(nothing_is_allocated)
{
    allocates_nothing();
}

/* CPython: lock_tests.BaseSemaphoreTests.test_acquire, test_try_acquire */
CASE(acquire_takes_one_and_release_adds_one)
{
    acquire_takes_one();
}

/* CPython: lock_tests.BaseSemaphoreTests.test_acquire_timeout */
CASE(any_timeout_takes_what_there_is_at_once)
{
    any_timeout_takes_it_at_once();
}

/* CPython: lock_tests.BaseSemaphoreTests.test_try_acquire_contended */
CASE(tries_of_many_threads_take_what_there_is)
{
    tries_take_what_there_is();
}

/* CPython: lock_tests.BaseSemaphoreTests.test_acquire_contended */
CASE(each_release_lets_one_on)
{
    releases_let_as_many_on(false);
}

/* CPython: lock_tests.BaseSemaphoreTests.test_multirelease */
CASE(release_of_n_lets_n_on)
{
    releases_let_as_many_on(true);
}

CASE(each_of_50_waiters_takes_one)
{
    waiters_each_take_one(50);
}

CASE(one_release_lets_64_on)
{
    one_release_lets_many_on();
}

CASE(release_lets_on_only_waiters_of_that_semaphore)
{
    neighbours_are_apart();
}

CASE(foreign_threads_use_it_and_leave_no_thread_behind)
{
    foreign_threads_leave_nothing();
}

CASE(any_thread_may_release_what_another_took)
{
    any_thread_releases();
}

CASE(first_come_are_first_let_on)
{
    waiters_get_on_in_the_order_of_their_coming();
}

CASE(tight_loop_starves_no_waiter)
{
    looper_starves_nobody();
}

/* CPython: lock_tests.BaseSemaphoreTests.test_acquire_timeout */
CASE(timed_acquire_is_never_early)
{
    never_early();
}

CASE(tiny_timeouts_are_waits_that_end)
{
    tiny_times_end();
}

CASE(longest_timeouts_wait_for_the_release)
{
    long_times_end_by_the_release();
}

CASE(waiters_that_timed_out_take_nothing)
{
    timed_out_waiters_take_nothing();
}

CASE(timeout_at_the_moment_of_release_loses_nothing)
{
    timeout_meets_release();
}

CASE(being_passed_by_others_prolongs_no_timeout)
{
    being_passed_prolongs_no_time();
}

CASE(no_more_get_in_than_the_value_under_load)
{
    never_more_inside_than_the_value();
}

CASE(memory_may_be_freed_once_acquired)
{
    freed_once_acquired();
}

CASE(acquire_sees_what_was_written_before_the_release)
{
    items_are_passed_in_a_ring();
}

/* CPython: lock_tests.BaseSemaphoreTests.test_with */
CASE(with_takes_one_for_the_body)
{
    bodies_take_one_each();
}

/* CPython: lock_tests.BaseSemaphoreTests.test_with */
CASE(break_and_continue_leave_just_the_body_and_release)
{
    ways_out_of_a_body_release();
}

/* CPython: lock_tests.BaseSemaphoreTests.test_with (its body raises an exception) */
CASE(return_and_goto_release)
{
    returns_from_a_body_release();
}

CASE(with_evaluates_its_argument_once)
{
    argument_of_with_is_evaluated_once();
}

CASE(with_skips_the_body_on_null)
{
    body_without_a_semaphore_is_skipped();
}

CASE(with_waits_for_one)
{
    body_waits_for_one();
}

CASE(stop_cancels_a_wait_that_takes_nothing)
{
    stop_cancels_the_wait();
}

CASE(stop_cancels_no_acquire_that_need_not_wait)
{
    stop_cancels_no_acquire_at_once();
}

/* CPython: lock_tests.SemaphoreTests.test_release_unacquired */
CASE(release_above_the_initial_value_is_fine)
{
    make(1);
    give();
    give_many(5);
    value_is(7);
    for (int i = 0; i < 7; i++)
        take();
    is_empty();
}

static void refuses(size_t n)
{
    size_t before = threading_semaphore_value(&semaphore);
    CHECK_STATUS(threading_semaphore_release_n(&semaphore, n), THREADING_OVERFLOW);
    value_is(before);
}

CASE(release_above_the_largest_value_is_overflow_and_changes_nothing)
{
    const size_t values[] = {1, 2, THREADING_SEMAPHORE_MAX};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        make(values[i]);
        refuses((size_t)THREADING_SEMAPHORE_MAX - values[i] + 1);
        refuses(THREADING_SEMAPHORE_MAX);
        refuses((size_t)THREADING_SEMAPHORE_MAX + 1);
        refuses(SIZE_MAX / 2 + 1);
        refuses(SIZE_MAX - values[i] + 1); /* with it the sum would be 0 */
        refuses(SIZE_MAX);
    }
    CHECK_STATUS(threading_semaphore_release(&semaphore), THREADING_OVERFLOW);
    value_is(THREADING_SEMAPHORE_MAX);
}

CASE(release_up_to_the_largest_value_is_fine)
{
    make(0);
    give_many(THREADING_SEMAPHORE_MAX - 1);
    give();
    value_is(THREADING_SEMAPHORE_MAX);
    take();
    value_is(THREADING_SEMAPHORE_MAX - 1);
}

/* The waiters are the only ones who could make room: they take what they need, and the rest stays. */
CASE(release_of_more_than_wait_leaves_the_rest)
{
    threading_thread_t *threads[5];
    for (int i = 0; i < 5; i++)
        threads[i] = start_taking();
    give_many(1000);
    finish_many(threads, 5);
    value_is(995);
}

CASE(refused_release_wakes_nobody)
{
    threading_thread_t *thread = start_taking();
    refuses((size_t)THREADING_SEMAPHORE_MAX + 1);
    refuses(SIZE_MAX);
    await_passed(0);
    give();
    finished(thread);
    is_empty();
}
