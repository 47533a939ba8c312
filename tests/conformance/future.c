/* SPDX-License-Identifier: MIT */
/* Future: its states, cell by cell, its results and those who wait for them. The callbacks have a suite of
 * their own. */
#include "conformance.h"
#include "crowd.h"
#include "gate.h"
#include "tasks.h"

#include <math.h>

static int object, another;

/* ------------------------------------------------------------------------------- a future in each state */

static threading_future_t *made_running(void)
{
    threading_future_t *future = made_future();
    CHECK_STATUS(threading_future_start(future), THREADING_OK);
    return future;
}

static threading_future_t *made_cancelled(void)
{
    threading_future_t *future = made_future();
    CHECK_STATUS(threading_future_cancel(future), THREADING_OK);
    return future;
}

static threading_future_t *made_notified(void)
{
    threading_future_t *future = made_cancelled();
    CHECK_STATUS(threading_future_start(future), THREADING_CANCELLED);
    return future;
}

static threading_future_t *made_finished(void)
{
    threading_future_t *future = made_future();
    set_value(future, &object);
    return future;
}

static threading_future_t *made_failed(void)
{
    threading_future_t *future = made_future();
    set_failure(future);
    return future;
}

static void check_flags(const threading_future_t *future, bool cancelled, bool running, bool done)
{
    CHECK_EQUAL(threading_future_cancelled(future), cancelled);
    CHECK_EQUAL(threading_future_running(future), running);
    CHECK_EQUAL(threading_future_done(future), done);
}

static void check_pending(const threading_future_t *future)
{
    check_flags(future, false, false, false);
}

static void check_running(const threading_future_t *future)
{
    check_flags(future, false, true, false);
}

/* All three spellings of a result that is there already. */
static void check_result(threading_future_t *future, threading_status_t status, void *expected)
{
    static const double seconds[] = {0, 1e-9, 1000, THREADING_TIMEOUT_MAX, THREADING_FOREVER};
    void *value = &another;
    CHECK_STATUS(threading_future_result(future, &value), status);
    CHECK(value == expected);
    CHECK_STATUS(threading_future_result(future, NULL), status);
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        value = &another;
        CHECK_STATUS(threading_future_result_timeout(future, seconds[i], &value), status);
        CHECK(value == expected);
        CHECK_STATUS(threading_future_result_timeout(future, seconds[i], NULL), status);
    }
}

static void check_value(threading_future_t *future, void *value)
{
    check_flags(future, false, false, true);
    check_result(future, THREADING_OK, value);
}

static void check_error(threading_future_t *future, threading_status_t status)
{
    check_flags(future, false, false, true);
    check_result(future, status, &another);
}

static void check_cancelled(threading_future_t *future)
{
    check_flags(future, true, false, true);
    check_result(future, THREADING_CANCELLED, &another);
}

static void check_no_result_yet(threading_future_t *future)
{
    void *value = &another;
    CHECK_STATUS(threading_future_result_timeout(future, 0, &value), THREADING_TIMEOUT);
    CHECK_STATUS(threading_future_result_timeout(future, 0.001, &value), THREADING_TIMEOUT);
    CHECK_STATUS(threading_future_result_timeout(future, 0, NULL), THREADING_TIMEOUT);
    CHECK(value == &another);
}

static void check_nothing_can_be_set(threading_future_t *future)
{
    CHECK_STATUS(threading_future_set_result(future, &another), THREADING_INVALID);
    CHECK_STATUS(threading_future_set_result(future, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_future_set_error(future, THREADING_NO_MEMORY), THREADING_INVALID);
}

static void check_cannot_start(threading_future_t *future)
{
    for (int i = 0; i < 3; i++)
        CHECK_STATUS(threading_future_start(future), THREADING_INVALID);
}

/* --------------------------------------------------------------------------------------------- pending */

/* CPython: test_concurrent_futures.test_future.FutureTests.test_repr */
CASE(pending_future_is_neither_cancelled_nor_running_nor_done)
{
    threading_future_t *future = made_future();
    check_pending(future);
    threading_future_free(future);
}

/* CPython: test_concurrent_futures.test_future.FutureTests.test_result_with_timeout */
CASE(pending_future_has_no_result_yet)
{
    threading_future_t *future = made_future();
    check_no_result_yet(future);
    check_pending(future);
    threading_future_free(future);
}

/* CPython: test_concurrent_futures.test_future.FutureTests.test_running */
CASE(pending_future_can_be_started)
{
    threading_future_t *future = made_future();
    CHECK_STATUS(threading_future_start(future), THREADING_OK);
    check_running(future);
    threading_future_free(future);
}

/* CPython: test_concurrent_futures.test_future.FutureTests.test_cancel */
CASE(pending_future_can_be_cancelled)
{
    threading_future_t *future = made_future();
    CHECK_STATUS(threading_future_cancel(future), THREADING_OK);
    check_cancelled(future);
    threading_future_free(future);
}

CASE(pending_future_can_be_given_a_value)
{
    threading_future_t *future = made_future();
    CHECK_STATUS(threading_future_set_result(future, &object), THREADING_OK);
    check_value(future, &object);
    threading_future_free(future);
}

CASE(pending_future_can_be_given_an_error)
{
    threading_future_t *future = made_future();
    CHECK_STATUS(threading_future_set_error(future, THREADING_NO_THREADS), THREADING_OK);
    check_error(future, THREADING_NO_THREADS);
    threading_future_free(future);
}

/* --------------------------------------------------------------------------------------------- running */

/* CPython: test_concurrent_futures.test_future.FutureTests.test_exception_with_timeout */
CASE(running_future_has_no_result_yet)
{
    threading_future_t *future = made_running();
    check_no_result_yet(future);
    check_running(future);
    threading_future_free(future);
}

/* CPython: test_concurrent_futures.test_future.FutureTests.test_cancel */
CASE(running_future_cannot_be_cancelled)
{
    threading_future_t *future = made_running();
    for (int i = 0; i < 3; i++)
        CHECK_STATUS(threading_future_cancel(future), THREADING_BUSY);
    check_running(future);
    threading_future_free(future);
}

CASE(running_future_cannot_be_started)
{
    threading_future_t *future = made_running();
    check_cannot_start(future);
    check_running(future);
    threading_future_free(future);
}

CASE(running_future_can_be_given_a_value)
{
    threading_future_t *future = made_running();
    CHECK_STATUS(threading_future_set_result(future, &object), THREADING_OK);
    check_value(future, &object);
    threading_future_free(future);
}

CASE(running_future_can_be_given_an_error)
{
    threading_future_t *future = made_running();
    CHECK_STATUS(threading_future_set_error(future, THREADING_OVERFLOW), THREADING_OK);
    check_error(future, THREADING_OVERFLOW);
    threading_future_free(future);
}

/* ------------------------------------------------------------------------------------------- cancelled */

/* CPython: test_concurrent_futures.test_future.FutureTests.test_cancelled */
CASE(cancelled_future_is_cancelled_and_done)
{
    threading_future_t *future = made_cancelled();
    check_cancelled(future);
    threading_future_free(future);
}

/* CPython: test_concurrent_futures.test_future.FutureTests.test_cancel */
CASE(cancelled_future_can_be_cancelled_again)
{
    threading_future_t *future = made_cancelled();
    for (int i = 0; i < 3; i++)
        CHECK_STATUS(threading_future_cancel(future), THREADING_OK);
    check_cancelled(future);
    threading_future_free(future);
}

CASE(cancelled_future_that_is_started_tells_so_once)
{
    threading_future_t *future = made_cancelled();
    CHECK_STATUS(threading_future_start(future), THREADING_CANCELLED);
    check_cannot_start(future);
    check_cancelled(future);
    threading_future_free(future);
}

CASE(cancelled_future_can_be_given_nothing)
{
    threading_future_t *future = made_cancelled();
    check_nothing_can_be_set(future);
    check_cancelled(future);
    threading_future_free(future);
}

CASE(cancelled_future_stays_cancelled_after_its_start)
{
    threading_future_t *future = made_notified();
    check_cancelled(future);
    CHECK_STATUS(threading_future_cancel(future), THREADING_OK);
    check_nothing_can_be_set(future);
    check_cannot_start(future);
    check_cancelled(future);
    threading_future_free(future);
}

/* -------------------------------------------------------------------------------------------- finished */

/* CPython: test_concurrent_futures.test_future.FutureTests.test_done */
CASE(finished_future_is_done_and_gives_its_value_as_often_as_one_likes)
{
    threading_future_t *future = made_finished();
    for (int i = 0; i < 10; i++)
        check_value(future, &object);
    threading_future_free(future);
}

CASE(finished_future_cannot_be_cancelled)
{
    threading_future_t *future = made_finished();
    CHECK_STATUS(threading_future_cancel(future), THREADING_BUSY);
    check_value(future, &object);
    threading_future_free(future);
}

CASE(finished_future_cannot_be_started)
{
    threading_future_t *future = made_finished();
    check_cannot_start(future);
    check_value(future, &object);
    threading_future_free(future);
}

/* CPython: test_concurrent_futures.test_future.FutureTests.test_multiple_set_result */
CASE(finished_future_keeps_its_value)
{
    threading_future_t *future = made_finished();
    check_nothing_can_be_set(future);
    check_value(future, &object);
    threading_future_free(future);
}

CASE(failed_future_cannot_be_cancelled_nor_started)
{
    threading_future_t *future = made_failed();
    CHECK_STATUS(threading_future_cancel(future), THREADING_BUSY);
    check_cannot_start(future);
    check_error(future, THREADING_BROKEN);
    threading_future_free(future);
}

/* CPython: test_concurrent_futures.test_future.FutureTests.test_multiple_set_exception */
CASE(failed_future_keeps_its_error)
{
    threading_future_t *future = made_failed();
    check_nothing_can_be_set(future);
    check_error(future, THREADING_BROKEN);
    threading_future_free(future);
}

/* ---------------------------------------------------------------------------------- values and errors */

CASE(null_is_a_value)
{
    threading_future_t *future = made_future();
    set_value(future, NULL);
    check_value(future, NULL);
    threading_future_free(future);
}

/* An error is one because it was set, whatever its number: CANCELLED and BUSY too, which also have other
 * meanings here.
 * CPython: test_concurrent_futures.executor.ExecutorTest.test_swallows_falsey_exceptions */
CASE(every_status_but_success_can_be_the_error)
{
    for (int i = THREADING_OK + 1; i < THREADING_STATUS_COUNT; i++) {
        threading_future_t *future = made_future();
        CHECK_STATUS(threading_future_set_error(future, (threading_status_t)i), THREADING_OK);
        check_error(future, (threading_status_t)i);
        CHECK_STATUS(threading_future_cancel(future), THREADING_BUSY);
        threading_future_free(future);
    }
}

CASE(success_is_no_error)
{
    threading_future_t *future = made_future();
    CHECK_STATUS(threading_future_set_error(future, THREADING_OK), THREADING_INVALID);
    check_pending(future);
    CHECK_STATUS(threading_future_start(future), THREADING_OK);
    CHECK_STATUS(threading_future_set_error(future, THREADING_OK), THREADING_INVALID);
    check_running(future);
    set_value(future, &object);
    threading_future_free(future);
}

/* -------------------------------------------------------------------------------------------- bad input */

CASE(null_future_is_refused)
{
    void *value = &another;
    CHECK_STATUS(threading_future_result(NULL, &value), THREADING_INVALID);
    CHECK_STATUS(threading_future_result_timeout(NULL, 0, &value), THREADING_INVALID);
    CHECK_STATUS(threading_future_result_timeout(NULL, 1e100, &value), THREADING_INVALID);
    CHECK_STATUS(threading_future_cancel(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_future_start(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_future_set_result(NULL, &object), THREADING_INVALID);
    CHECK_STATUS(threading_future_set_error(NULL, THREADING_BROKEN), THREADING_INVALID);
    CHECK(value == &another);
    check_flags(NULL, false, false, false);
    CHECK(threading_future_retain(NULL) == NULL);
    threading_future_free(NULL);
}

static void check_wrong_times(threading_future_t *future)
{
    static const double invalid[] = {-2, -0.5, -1e-12, -1e100, -INFINITY, NAN};
    static const double overflowing[] = {9223372037.0, 1e100, INFINITY};
    void *value = &another;
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++)
        CHECK_STATUS(threading_future_result_timeout(future, invalid[i], &value), THREADING_INVALID);
    for (size_t i = 0; i < sizeof overflowing / sizeof *overflowing; i++)
        CHECK_STATUS(threading_future_result_timeout(future, overflowing[i], &value), THREADING_OVERFLOW);
    CHECK(value == &another);
    threading_future_free(future);
}

CASE(wrong_time_is_refused_in_every_state)
{
    check_wrong_times(made_future());
    check_wrong_times(made_running());
    check_wrong_times(made_cancelled());
    check_wrong_times(made_finished());
    check_wrong_times(made_failed());
}

/* ------------------------------------------------------------------------------------ waiting for it */

static int plain; /* not atomic: the future alone makes it right */

struct waiter {
    threading_future_t *future;
    threading_status_t status;
    void *value;
    int plain_seen;
};

static void *wait_for_result(void *arg)
{
    struct waiter *waiter = arg;
    waiter->status = threading_future_result(waiter->future, &waiter->value);
    waiter->plain_seen = plain;
    return NULL;
}

/* What lets the waiters go on. */
typedef void (*ending_t)(threading_future_t *future);

static void end_with_value(threading_future_t *future)
{
    set_value(future, &object);
}

static void end_by_cancelling(threading_future_t *future)
{
    CHECK_STATUS(threading_future_cancel(future), THREADING_OK);
}

/* Many wait; the sleep only makes it likely that they do so already. All are told the same. */
static void check_waiters(ending_t ending, threading_status_t status, void *value)
{
    enum { count = 12 };
    struct waiter waiters[count];
    threading_thread_t *threads[count];
    threading_future_t *future = made_future();
    for (int i = 0; i < count; i++) {
        waiters[i] = (struct waiter){.future = future, .value = &another};
        threads[i] = started(wait_for_result, &waiters[i]);
    }
    (void)threading_sleep(0.02);
    plain = 7;
    ending(future);
    for (int i = 0; i < count; i++) {
        finished(threads[i]);
        CHECK_STATUS(waiters[i].status, status);
        CHECK(waiters[i].value == value);
        CHECK_EQUAL(waiters[i].plain_seen, 7);
    }
    threading_future_free(future);
}

/* CPython: test_concurrent_futures.test_future.FutureTests.test_result_with_success */
CASE(value_wakes_all_who_wait)
{
    check_waiters(end_with_value, THREADING_OK, &object);
}

/* CPython: test_concurrent_futures.test_future.FutureTests.test_exception_with_success */
CASE(error_wakes_all_who_wait)
{
    check_waiters(set_failure, THREADING_BROKEN, &another);
}

/* CPython: test_concurrent_futures.test_future.FutureTests.test_result_with_cancel */
CASE(cancel_wakes_all_who_wait)
{
    check_waiters(end_by_cancelling, THREADING_CANCELLED, &another);
}

static void *set_plain_and_value(void *future)
{
    plain += 1;
    set_value(future, &object);
    return NULL;
}

CASE(result_sees_all_that_was_done_before)
{
    for (int i = 1; i <= (is_slow() ? 50 : 300); i++) {
        threading_future_t *future = made_future();
        threading_thread_t *thread = started(set_plain_and_value, future);
        CHECK_STATUS(threading_future_result(future, NULL), THREADING_OK);
        CHECK_EQUAL(plain, i);
        finished(thread);
        threading_future_free(future);
    }
}

CASE(done_sees_all_that_was_done_before)
{
    for (int i = 1; i <= (is_slow() ? 50 : 300); i++) {
        threading_future_t *future = made_future();
        threading_thread_t *thread = started(set_plain_and_value, future);
        while (!threading_future_done(future))
            (void)threading_sleep(0);
        CHECK_EQUAL(plain, i);
        finished(thread);
        threading_future_free(future);
    }
}

/* Waits that time out at the very moment of their wake: none may be lost. */
CASE(results_that_time_out_beside_the_end_are_told_it_in_the_end)
{
    for (int i = 1; i <= (is_slow() ? 50 : 300); i++) {
        threading_status_t status;
        threading_future_t *future = made_future();
        threading_thread_t *thread = started(set_plain_and_value, future);
        while ((status = threading_future_result_timeout(future, 1e-6 * (i % 50), NULL)) == THREADING_TIMEOUT)
            (void)threading_sleep(0);
        CHECK_STATUS(status, THREADING_OK);
        CHECK_EQUAL(plain, i);
        finished(thread);
        threading_future_free(future);
    }
}

CASE(result_never_times_out_early)
{
    static const double lengths[] = {1e-6, 1e-4, 0.00049, 0.001, 0.0015, 0.004, 0.0161};
    threading_future_t *future = made_future();
    for (int round = 0; round < 10; round++)
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            double start = threading_monotonic();
            CHECK_STATUS(threading_future_result_timeout(future, lengths[i], NULL), THREADING_TIMEOUT);
            CHECK(threading_monotonic() - start >= lengths[i]);
        }
    check_pending(future);
    threading_future_free(future);
}

static void *finish_later(void *future)
{
    (void)threading_sleep(0.01);
    set_value(future, &object);
    return NULL;
}

CASE(result_does_not_wait_out_its_timeout)
{
    static const double lengths[] = {1e6, THREADING_TIMEOUT_MAX, THREADING_FOREVER};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        void *value = NULL;
        threading_future_t *future = made_future();
        threading_thread_t *thread = started(finish_later, future);
        CHECK_STATUS(threading_future_result_timeout(future, lengths[i], &value), THREADING_OK);
        CHECK(value == &object);
        finished(thread);
        threading_future_free(future);
    }
}

static void *wait_in_foreign(void *future)
{
    CHECK_STATUS(threading_future_result(future, NULL), THREADING_OK);
    return NULL;
}

CASE(foreign_threads_may_wait_and_finish)
{
    threading_future_t *future = made_future();
    foreign_t *waits = foreign_start(wait_in_foreign, future);
    foreign_t *finishes = foreign_start(finish_later, future);
    foreign_join(waits);
    foreign_join(finishes);
    CHECK_EQUAL(threading_active_count(), 1);
    threading_future_free(future);
}

/* ----------------------------------------------------------------------------------------------- stop */

CASE(stop_ends_the_wait_and_not_the_future)
{
    threading_stop_t stop = {0};
    void *value = &another;
    threading_future_t *future = made_running();
    CHECK_STATUS(threading_stop_request(&stop), THREADING_OK);
    (void)threading_stop_heed(&stop);
    CHECK_STATUS(threading_future_result(future, &value), THREADING_CANCELLED);
    CHECK_STATUS(threading_future_result_timeout(future, 1000, &value), THREADING_CANCELLED);
    CHECK_STATUS(threading_future_result_timeout(future, THREADING_FOREVER, &value), THREADING_CANCELLED);
    CHECK(value == &another);
    check_running(future);
    set_value(future, &object);
    check_value(future, &object);
    (void)threading_stop_heed(NULL);
    threading_future_free(future);
}

CASE(stop_wakes_a_thread_that_waits)
{
    threading_stop_t stop = {0};
    threading_future_t *future = made_future();
    struct waiter waiter = {.future = future, .value = &another};
    threading_thread_t *thread = threading_thread(wait_for_result, &waiter, .stop = &stop);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    (void)threading_sleep(0.01); /* it may wait already */
    CHECK_STATUS(threading_stop_request(&stop), THREADING_OK);
    finished(thread);
    CHECK_STATUS(waiter.status, THREADING_CANCELLED);
    CHECK(waiter.value == &another);
    check_pending(future);
    set_value(future, NULL);
    threading_future_free(future);
}

/* ---------------------------------------------------------------------------------------------- races */

enum { racers = 4 };
static atomic_int arrived, ended;
static threading_future_t *_Atomic raced;
static atomic_int winners, told_cancelled;

/* Each round another future; the racers do their part on it at once, main looks at what became of it. */
static void race(threading_target_t part, void (*check)(threading_future_t *future))
{
    int rounds = is_slow() ? 50 : 200;
    threading_thread_t *threads[racers];
    atomic_store(&raced, made_future());
    start_many(threads, racers, part, &rounds);
    for (int round = 0; round < rounds; round++) {
        AWAIT(atomic_load(&ended) == racers * (round + 1));
        threading_future_t *future = atomic_load(&raced);
        check(future);
        threading_future_free(future);
        atomic_store(&raced, made_future());
        atomic_fetch_add(&arrived, 1); /* main is one of those who meet: the next round begins */
    }
    finish_many(threads, racers);
    threading_future_free(atomic_load(&raced));
}

/* Wait for the round: the racers have met main that often. */
static threading_future_t *next_raced(int round)
{
    while (atomic_load(&arrived) < round)
        (void)threading_sleep(0);
    return atomic_load(&raced);
}

static void *_Atomic winning_value;

static void *set_own_value(void *arg)
{
    int rounds = *(const int *)arg;
    for (int round = 0; round < rounds; round++) {
        if (threading_future_set_result(next_raced(round), &rounds) == THREADING_OK) {
            atomic_store(&winning_value, &rounds);
            atomic_fetch_add(&winners, 1);
        }
        atomic_fetch_add(&ended, 1);
    }
    return NULL;
}

static void check_one_winner(threading_future_t *future)
{
    void *value = NULL;
    CHECK_EQUAL(atomic_exchange(&winners, 0), 1);
    CHECK_STATUS(threading_future_result(future, &value), THREADING_OK);
    CHECK(value == atomic_load(&winning_value));
}

CASE(of_many_values_at_once_one_is_taken)
{
    race(set_own_value, check_one_winner);
}

/* Half of them cancel, the others start it. */
static void *cancel_or_start(void *arg)
{
    static atomic_int places;
    bool cancels = atomic_fetch_add(&places, 1) % 2 == 0;
    int rounds = *(const int *)arg;
    for (int round = 0; round < rounds; round++) {
        threading_future_t *future = next_raced(round);
        threading_status_t status =
            cancels ? threading_future_cancel(future) : threading_future_start(future);
        if (cancels && status != THREADING_OK)
            CHECK_STATUS(status, THREADING_BUSY);
        if (!cancels && status == THREADING_OK)
            atomic_fetch_add(&winners, 1);
        if (!cancels && status == THREADING_CANCELLED)
            atomic_fetch_add(&told_cancelled, 1);
        atomic_fetch_add(&ended, 1);
    }
    return NULL;
}

static void check_started_or_cancelled(threading_future_t *future)
{
    bool cancelled = threading_future_cancelled(future);
    CHECK_EQUAL(atomic_exchange(&winners, 0), !cancelled);
    CHECK_EQUAL(atomic_exchange(&told_cancelled, 0), cancelled);
    check_flags(future, cancelled, !cancelled, cancelled);
}

CASE(cancel_beside_start_has_one_winner)
{
    race(cancel_or_start, check_started_or_cancelled);
}

/* ------------------------------------------------------------------------------------------ references */

static void *wait_and_free(void *future)
{
    CHECK(value_of(future) == &object);
    return NULL;
}

CASE(each_holder_gives_its_reference_back_when_it_likes)
{
    for (int i = 0; i < 100; i++) {
        threading_future_t *future = made_future();
        CHECK(threading_future_retain(future) == future);
        threading_thread_t *waits = started(wait_and_free, future);
        threading_thread_t *also = started(wait_and_free, threading_future_retain(future));
        set_value(future, &object);
        threading_future_free(future);
        finished(waits);
        finished(also);
    }
}

static void use_and_free(void)
{
    threading_future_free(made_future());
    threading_future_free(made_running());
    threading_future_free(made_notified());
    threading_future_free(made_failed());
    threading_future_t *future = made_finished();
    check_value(future, &object);
    threading_future_free(future);
}

/* At first the C library keeps what is freed for the next ones. */
CASE(futures_leave_no_memory_behind)
{
    size_t before = 0;
    for (int i = 0; i < 100; i++) {
        use_and_free();
        if (i == 20)
            before = allocated_bytes();
    }
    CHECK_EQUAL(allocated_bytes(), before);
}
