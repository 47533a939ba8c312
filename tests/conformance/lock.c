/* SPDX-License-Identifier: MIT */
/* The plain Lock: what CPython's lock_tests ask of it, its misuse, its timeouts, its waiters, its memory. */
#define LOCK_T threading_lock_t
#define LOCK(verb) threading_lock_##verb
#include "lock_load.h"

CASE(is_4_bytes)
{
    CHECK_EQUAL(sizeof(threading_lock_t), 4);
}

CASE(zero_bytes_are_a_free_lock)
{
    works_from_zero();
}

CASE(init_makes_a_free_lock_of_garbage)
{
    works_from_init_of_garbage();
}

/* CPython: lock_tests.LockTests.test_at_fork_reinit */
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

/* CPython: lock_tests.BaseLockTests.test_try_acquire */
CASE(try_acquire_takes_it_once)
{
    CHECK_STATUS(threading_lock_try_acquire(&lock), THREADING_OK);
    CHECK_STATUS(threading_lock_try_acquire(&lock), THREADING_BUSY);
    CHECK_STATUS(threading_lock_acquire_timeout(&lock, 0), THREADING_TIMEOUT);
    release_it();
    is_free_and_works();
}

/* CPython: lock_tests.BaseLockTests.test_try_acquire_contended */
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

static void *acquire_twice(void *arg)
{
    acquire_it();
    atomic_fetch_add(&passed, 1);
    acquire_it();
    atomic_fetch_add(&passed, 1);
    return arg;
}

/* CPython: lock_tests.LockTests.test_reacquire */
CASE(second_acquire_by_one_thread_waits_for_another_to_release)
{
    threading_thread_t *thread = started(acquire_twice, NULL);
    AWAIT(atomic_load(&passed) == 1);
    CHECK_STATUS(threading_thread_join_timeout(thread, 0.01), THREADING_TIMEOUT);
    CHECK_EQUAL(atomic_load(&passed), 1);
    release_it();
    finished(thread);
    CHECK_EQUAL(atomic_load(&passed), 2);
    release_it();
    is_free_and_works();
}

static void *acquire_in_a_thread(void *arg)
{
    acquire_it();
    return arg;
}

static void *release_in_a_thread(void *arg)
{
    release_it();
    return arg;
}

/* CPython: lock_tests.LockTests.test_different_thread */
CASE(release_by_another_thread)
{
    acquire_it();
    finished(started(release_in_a_thread, NULL));
    is_free_and_works();
}

CASE(release_by_a_foreign_thread)
{
    acquire_it();
    foreign_join(foreign_start(release_in_a_thread, NULL));
    is_free_and_works();
}

CASE(acquire_of_an_ended_thread_holds_until_anyone_releases)
{
    finished(started(acquire_in_a_thread, NULL));
    finished(started(try_in_vain, NULL));
    release_it();
    foreign_join(foreign_start(acquire_in_a_thread, NULL));
    CHECK_STATUS(threading_lock_acquire_timeout(&lock, 0.001), THREADING_TIMEOUT);
    release_it();
    is_free_and_works();
}

static void *release_in_vain(void *arg)
{
    CHECK_STATUS(threading_lock_release(&lock), THREADING_NOT_HELD);
    return arg;
}

/* CPython: test_threading.ThreadingExceptionTests.test_releasing_unacquired_lock */
CASE(release_of_a_free_lock_is_not_held)
{
    (void)release_in_vain(NULL);
    (void)release_in_vain(NULL);
    is_free_and_works();
    (void)release_in_vain(NULL);
    finished(started(release_in_vain, NULL));
    is_free_and_works();
}

static atomic_int arrived;
static threading_status_t results[2];

static void *release_with_the_other(void *result)
{
    for (int round = 0; round < (is_slow() ? 100 : 500); round++) {
        meet(&arrived, 3);
        *(threading_status_t *)result = threading_lock_release(&lock);
        meet(&arrived, 3);
    }
    return NULL;
}

CASE(of_two_releases_at_once_one_succeeds)
{
    threading_thread_t *threads[2] = {started(release_with_the_other, &results[0]),
                                      started(release_with_the_other, &results[1])};
    for (int round = 0; round < (is_slow() ? 100 : 500); round++) {
        acquire_it();
        meet(&arrived, 3);
        meet(&arrived, 3);
        int first = results[0] == THREADING_OK ? 0 : 1;
        CHECK_STATUS(results[first], THREADING_OK);
        CHECK_STATUS(results[1 - first], THREADING_NOT_HELD);
        CHECK(is_zero(&lock, sizeof lock));
        CHECK_STATUS(threading_lock_release(&lock), THREADING_NOT_HELD);
    }
    finish_many(threads, 2);
}

/* CPython: lock_tests.BaseLockTests.test_timeout */
CASE(bad_timeouts_are_told_whether_free_or_held)
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

/* CPython: lock_tests.LockTests.test_state_after_timeout */
CASE(lock_is_as_before_after_a_timeout)
{
    acquire_it();
    CHECK_STATUS(threading_lock_acquire_timeout(&lock, 0.01), THREADING_TIMEOUT);
    CHECK(threading_lock_locked(&lock));
    release_it();
    is_free_and_works();
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

enum { SIGNALLED = 4 };

static threading_lock_t signal_lock;
static int signals_each;

THREADING_NO_ANALYSIS static void *await_signals(void *arg)
{
    for (int i = 0; i < signals_each; i++)
        threading_lock_acquire(&signal_lock);
    return arg;
}

/* The releaser does not wait until the one that it lets on has left its call. */
CASE(releases_by_another_thread_let_on_as_many_as_they_are)
{
    /* slow */
    threading_thread_t *threads[SIGNALLED];
    signals_each = is_slow() ? 1000 : 20000;
    start_many(threads, SIGNALLED, await_signals, NULL);
    for (int left = SIGNALLED * signals_each; left > 0;)
        if (threading_lock_release(&signal_lock) == THREADING_OK)
            left--;
    finish_many(threads, SIGNALLED);
}

CASE(memory_may_be_freed_once_acquired)
{
    /* slow */
    freed_once_acquired();
}

/* CPython: test_threadsignals.ThreadSignals.test_lock_acquire_retries_on_intr */
CASE(signals_do_not_end_a_wait)
{
    signals_end_no_wait();
}

/* CPython: test_threadsignals.ThreadSignals.test_interrupted_timed_acquire */
CASE(signals_neither_shorten_nor_lengthen_a_timeout)
{
    signals_change_no_timeout();
}

/* Two threads hold crosswise what the other wants. Any thread may end that, so it is no deadlock. */
static threading_lock_t crossed[2];

static void *take_the_other(void *index)
{
    int mine = *(int *)index;
    CHECK_STATUS(threading_lock_acquire(&crossed[mine]), THREADING_OK);
    meet(&arrived, 2);
    CHECK_STATUS(threading_lock_acquire(&crossed[1 - mine]), THREADING_OK);
    atomic_fetch_add(&passed, 1);
    return NULL;
}

CASE(cycle_of_plain_locks_waits_for_anyone_to_release)
{
    int indexes[2] = {0, 1};
    threading_thread_t *threads[2] = {started(take_the_other, &indexes[0]),
                                      started(take_the_other, &indexes[1])};
    AWAIT(atomic_load(&arrived) == 2);
    CHECK_STATUS(threading_thread_join_timeout(threads[0], 0.01), THREADING_TIMEOUT);
    CHECK_EQUAL(atomic_load(&passed), 0);
    CHECK_STATUS(threading_lock_release(&crossed[1]), THREADING_OK);
    finished(threads[0]);
    CHECK_EQUAL(atomic_load(&passed), 1);
    CHECK_STATUS(threading_lock_release(&crossed[0]), THREADING_OK);
    finished(threads[1]);
    CHECK_STATUS(threading_lock_release(&crossed[0]), THREADING_OK);
    CHECK_STATUS(threading_lock_release(&crossed[1]), THREADING_OK);
    CHECK(is_zero(crossed, sizeof crossed));
}

/* A token goes round a ring: each thread waits on a lock of its own and releases that of the next. */
enum { RING = 20, ROUNDS = 50 };
static threading_lock_t ring[RING];
static int token; /* plain: only who has got on writes it */

static void *pass_the_token_on(void *own)
{
    size_t place = (size_t)((threading_lock_t *)own - ring);
    for (int round = 0; round < ROUNDS; round++) {
        CHECK_STATUS(threading_lock_acquire(own), THREADING_OK);
        CHECK_EQUAL(token++, round * RING + (int)place);
        CHECK_STATUS(threading_lock_release(&ring[(place + 1) % RING]), THREADING_OK);
    }
    return NULL;
}

CASE(locks_hand_a_token_round_a_ring)
{
    threading_thread_t *threads[RING];
    for (int i = 0; i < RING; i++)
        CHECK_STATUS(threading_lock_acquire(&ring[i]), THREADING_OK);
    for (int i = 0; i < RING; i++)
        threads[i] = started(pass_the_token_on, &ring[i]);
    CHECK_STATUS(threading_lock_release(&ring[0]), THREADING_OK);
    finish_many(threads, RING);
    CHECK_EQUAL(token, RING * ROUNDS);
    for (int i = 0; i < RING; i++)
        CHECK_EQUAL(threading_lock_locked(&ring[i]), i != 0);
}

static int written;

static void *write_and_release(void *arg)
{
    written = 42;
    release_it();
    return arg;
}

/* The thread sanitizer tells when `locked` does not order what it says. */
CASE(seen_free_means_seeing_what_the_holder_wrote)
{
    acquire_it();
    threading_thread_t *thread = started(write_and_release, NULL);
    AWAIT(!threading_lock_locked(&lock));
    CHECK_EQUAL(written, 42);
    finished(thread);
    is_free_and_works();
}
