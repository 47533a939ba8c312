/* SPDX-License-Identifier: MIT */
/* threading_as_completed(): futures one after the other, as they are done. */
#include "conformance.h"
#include "crowd.h"
#include "gate.h"
#include "tasks.h"

#include <math.h>

static int object;

static void cancel(threading_future_t *future)
{
    CHECK_STATUS(threading_future_cancel(future), THREADING_OK);
}

static threading_completed_t *begun(threading_future_t *const *futures, size_t count, double seconds)
{
    threading_completed_t *completed = threading_as_completed(futures, count, seconds);
    CHECK(completed != NULL);
    return completed;
}

static void check_next(threading_completed_t *completed, const threading_future_t *expected)
{
    threading_future_t *future = NULL;
    CHECK_STATUS(threading_completed_next(completed, &future), THREADING_OK);
    CHECK(future == expected);
    CHECK(threading_future_done(future));
}

/* There is no next one; and what was to receive it is not written. */
static void check_no_next(threading_completed_t *completed, threading_status_t status)
{
    threading_future_t *future = (threading_future_t *)&object;
    CHECK_STATUS(threading_completed_next(completed, &future), status);
    CHECK(future == (threading_future_t *)&object);
    CHECK_STATUS(threading_completed_next(completed, NULL), status);
}

static void check_no_more(threading_completed_t *completed)
{
    check_no_next(completed, THREADING_EMPTY);
    threading_completed_free(completed);
}

/* ------------------------------------------------------------------------------------------- the order */

/* CPython: test_concurrent_futures.test_as_completed.AsCompletedTests.test_no_timeout */
CASE(futures_come_in_the_order_of_their_completion)
{
    threading_future_t *futures[5];
    make_all(futures, 5);
    threading_completed_t *completed = begun(futures, 5, THREADING_FOREVER);
    set_value(futures[3], NULL);
    cancel(futures[0]);
    set_failure(futures[4]);
    check_next(completed, futures[3]);
    set_value(futures[1], NULL);
    check_next(completed, futures[0]);
    check_next(completed, futures[4]);
    check_next(completed, futures[1]);
    set_value(futures[2], NULL);
    check_next(completed, futures[2]);
    check_no_more(completed);
    free_all(futures, 5);
}

CASE(futures_that_are_done_already_come_first_in_the_order_in_which_they_were)
{
    threading_future_t *futures[4];
    make_all(futures, 4);
    set_value(futures[3], NULL);
    cancel(futures[1]);
    threading_completed_t *completed = begun(futures, 4, THREADING_FOREVER);
    set_value(futures[0], NULL);
    check_next(completed, futures[3]);
    check_next(completed, futures[1]);
    check_next(completed, futures[0]);
    set_value(futures[2], NULL);
    check_next(completed, futures[2]);
    check_no_more(completed);
    free_all(futures, 4);
}

/* CPython: test_concurrent_futures.test_as_completed.AsCompletedTests.test_duplicate_futures */
CASE(future_that_is_there_twice_comes_once)
{
    threading_future_t *done = made_future(), *pending = made_future();
    threading_future_t *futures[] = {done, pending, done, pending, pending, done};
    set_value(done, NULL);
    threading_completed_t *completed = begun(futures, 6, THREADING_FOREVER);
    check_next(completed, done);
    set_value(pending, NULL);
    check_next(completed, pending);
    check_no_more(completed);
    threading_future_free(done);
    threading_future_free(pending);
}

CASE(no_futures_are_over_at_once)
{
    threading_future_t *future = NULL;
    threading_completed_t *completed = begun(NULL, 0, THREADING_FOREVER);
    check_no_next(completed, THREADING_EMPTY);
    check_no_more(completed);
    check_no_more(begun(&future, 0, 0));
}

CASE(next_may_be_counted_only)
{
    threading_future_t *futures[3];
    make_all(futures, 3);
    threading_completed_t *completed = begun(futures, 3, THREADING_FOREVER);
    for (int i = 0; i < 3; i++) {
        set_value(futures[i], NULL);
        CHECK_STATUS(threading_completed_next(completed, NULL), THREADING_OK);
    }
    check_no_more(completed);
    free_all(futures, 3);
}

CASE(same_futures_may_be_taken_by_several)
{
    threading_future_t *futures[2];
    make_all(futures, 2);
    threading_completed_t *first = begun(futures, 2, THREADING_FOREVER);
    threading_completed_t *second = begun(futures, 1, THREADING_FOREVER);
    threading_completed_t *third = begun(futures, 2, THREADING_FOREVER);
    threading_completed_free(second);
    set_value(futures[1], NULL);
    check_next(first, futures[1]);
    set_value(futures[0], NULL);
    check_next(third, futures[1]);
    check_next(third, futures[0]);
    check_next(first, futures[0]);
    check_no_more(first);
    check_no_more(third);
    free_all(futures, 2);
}

/* --------------------------------------------------------------------------------------------- the time */

/* CPython: test_concurrent_futures.test_as_completed.AsCompletedTests.test_future_times_out */
CASE(time_of_zero_gives_those_that_are_done)
{
    threading_future_t *futures[3];
    make_all(futures, 3);
    set_value(futures[2], NULL);
    threading_completed_t *completed = begun(futures, 3, 0);
    check_next(completed, futures[2]);
    check_no_next(completed, THREADING_TIMEOUT);
    threading_completed_free(completed);
    free_all(futures, 3);
}

/* CPython: test_concurrent_futures.test_as_completed.AsCompletedTests.test_correct_timeout_exception_msg */
CASE(time_that_is_over_is_told_and_counts_from_the_beginning)
{
    threading_future_t *futures[2];
    make_all(futures, 2);
    for (int i = 0; i < 5; i++) {
        double start = threading_monotonic();
        threading_completed_t *completed = begun(futures, 2, 0.01);
        check_no_next(completed, THREADING_TIMEOUT);
        CHECK(threading_monotonic() - start >= 0.01);
        threading_completed_free(completed);
    }
    free_all(futures, 2);
}

/* They come faster than the time goes by: if each had the time for itself, all would be taken. */
CASE(time_is_for_all_of_them_together)
{
    enum { count = 1000 };
    threading_future_t *futures[count];
    threading_status_t status;
    int taken = 0;
    make_all(futures, count);
    struct drip drip = {.futures = futures, .count = count};
    threading_completed_t *completed = begun(futures, count, 0.3);
    threading_thread_t *thread = started(drip_values, &drip);
    while ((status = threading_completed_next(completed, NULL)) == THREADING_OK)
        taken++;
    atomic_store(&drip.is_enough, true);
    CHECK_STATUS(status, THREADING_TIMEOUT);
    CHECK(taken < count);
    finished(thread);
    threading_completed_free(completed);
    free_all(futures, count);
}

static void *finish_later(void *future)
{
    (void)threading_sleep(0.01);
    set_value(future, &object);
    return NULL;
}

CASE(next_waits_and_does_not_wait_out_the_time)
{
    static const double lengths[] = {1e6, THREADING_TIMEOUT_MAX, THREADING_FOREVER};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        threading_future_t *future = made_future();
        threading_completed_t *completed = begun(&future, 1, lengths[i]);
        threading_thread_t *thread = started(finish_later, future);
        check_next(completed, future);
        check_no_more(completed);
        finished(thread);
        threading_future_free(future);
    }
}

/* -------------------------------------------------------------------------------------------- bad input */

CASE(wrong_time_gives_no_handle)
{
    static const double wrong[] = {-2, -0.5, -1e-12, -INFINITY, NAN, 9223372037.0, 1e100, INFINITY};
    threading_future_t *future = made_future();
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
            CHECK(threading_as_completed(&future, 1, wrong[i]) == NULL);
            CHECK(threading_as_completed(NULL, 0, wrong[i]) == NULL);
        }
        (void)threading_future_cancel(future); /* for the second round */
    }
    threading_future_free(future);
}

CASE(null_among_the_futures_gives_no_handle)
{
    threading_future_t *futures[2];
    make_all(futures, 2);
    threading_future_t *with_null[] = {futures[0], NULL, futures[1]};
    CHECK(threading_as_completed(NULL, 1, THREADING_FOREVER) == NULL);
    CHECK(threading_as_completed(with_null, 3, THREADING_FOREVER) == NULL);
    CHECK(threading_as_completed(with_null + 1, 1, THREADING_FOREVER) == NULL);
    set_value(futures[0], NULL); /* which nobody waits for any more */
    set_value(futures[1], NULL);
    free_all(futures, 2);
}

CASE(null_handle_is_refused)
{
    check_no_next(NULL, THREADING_INVALID);
    threading_completed_free(NULL);
}

/* ----------------------------------------------------------------------------------------- its lifetime */

/* CPython: test_concurrent_futures.test_as_completed.AsCompletedTests.test_free_reference_yielded_future */
CASE(futures_live_as_long_as_they_can_be_taken)
{
    threading_future_t *futures[3], *future = NULL;
    void *value = NULL;
    make_all(futures, 3);
    threading_completed_t *completed = begun(futures, 3, THREADING_FOREVER);
    for (int i = 0; i < 3; i++) {
        set_value(futures[i], &object);
        threading_future_free(futures[i]);
    }
    while (threading_completed_next(completed, &future) == THREADING_OK) {
        CHECK_STATUS(threading_future_result(future, &value), THREADING_OK);
        CHECK(value == &object);
    }
    check_no_more(completed);
}

CASE(futures_that_were_not_taken_go_on)
{
    threading_future_t *futures[4];
    make_all(futures, 4);
    threading_completed_t *completed = begun(futures, 4, THREADING_FOREVER);
    set_value(futures[0], &object);
    set_value(futures[1], &object);
    check_next(completed, futures[0]);
    threading_completed_free(completed);
    set_value(futures[2], &object);
    cancel(futures[3]);
    for (int i = 0; i < 3; i++)
        CHECK(value_of(futures[i]) == &object);
    check_ends_with(futures[3], THREADING_CANCELLED);
}

static void use_and_free(int taken)
{
    threading_future_t *futures[10];
    make_all(futures, 10);
    threading_completed_t *completed = begun(futures, 10, THREADING_FOREVER);
    for (int i = 0; i < taken; i++)
        set_value(futures[i], NULL);
    for (int i = 0; i < taken; i++)
        check_next(completed, futures[i]);
    threading_completed_free(completed);
    free_all(futures, 10);
}

CASE(completed_leaves_no_memory_behind)
{
    size_t before = 0;
    for (int i = 0; i < 220; i++) {
        use_and_free(i % 11);
        if (i == 44) /* at first the C library keeps what is freed for the next ones */
            before = allocated_bytes();
    }
    CHECK_EQUAL(allocated_bytes(), before);
}

/* ----------------------------------------------------------------------------------------------- stop */

static void *take_next(void *completed)
{
    CHECK_STATUS(threading_completed_next(completed, NULL), THREADING_CANCELLED);
    return NULL;
}

CASE(stop_ends_the_wait_for_the_next)
{
    threading_stop_t stop = {0};
    threading_future_t *future = made_future();
    threading_completed_t *completed = begun(&future, 1, THREADING_FOREVER);
    threading_thread_t *thread = threading_thread(take_next, completed, .stop = &stop);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    (void)threading_sleep(0.01); /* it may wait already */
    CHECK_STATUS(threading_stop_request(&stop), THREADING_OK);
    finished(thread);
    (void)threading_stop_heed(&stop);
    check_no_next(completed, THREADING_CANCELLED);
    set_value(future, NULL);
    check_next(completed, future);
    check_no_more(completed);
    (void)threading_stop_heed(NULL);
    threading_future_free(future);
}

/* ---------------------------------------------------------------------------------------------- races */

enum { many = 100, finishers = 4 };
static threading_future_t *raced[many];
static atomic_int arrived, next_raced;
static int plain[many];

static void *finish_some(void *unused)
{
    meet(&arrived, finishers + 1);
    for (int i; (i = atomic_fetch_add(&next_raced, 1)) < many;) {
        plain[i]++;
        if (i % 5 == 4)
            cancel(raced[i]);
        else
            set_value(raced[i], &plain[i]);
    }
    return unused;
}

static void take_all(int round)
{
    int cancelled = 0;
    void *value = NULL;
    threading_future_t *future = NULL;
    threading_completed_t *completed = begun(raced, many, THREADING_FOREVER);
    for (int i = 0; i < many; i++) {
        CHECK_STATUS(threading_completed_next(completed, &future), THREADING_OK);
        if (threading_future_cancelled(future)) {
            cancelled++;
            continue;
        }
        CHECK_STATUS(threading_future_result_timeout(future, 0, &value), THREADING_OK);
        CHECK_EQUAL((*(int *)value)++, round); /* each comes once: the second time it would be more */
    }
    CHECK_EQUAL(cancelled, many / 5);
    check_no_more(completed);
}

CASE(hundred_futures_that_finish_meanwhile_come_once_each)
{
    threading_thread_t *threads[finishers];
    for (int round = 0; round < (is_slow() ? 10 : 100); round++) {
        make_all(raced, many);
        atomic_store(&next_raced, 0);
        start_many(threads, finishers, finish_some, NULL);
        meet(&arrived, finishers + 1);
        take_all(2 * round + 1);
        finish_many(threads, finishers);
        free_all(raced, many);
    }
}

static void *finish_all_in_turn(void *unused)
{
    meet(&arrived, 2);
    for (int i = 0; i < many; i++)
        set_value(raced[(i * 37) % many], NULL);
    return unused;
}

/* The taker sees some while they finish; what came first comes first all the same. */
CASE(futures_that_one_thread_finishes_come_in_its_order)
{
    for (int round = 0; round < (is_slow() ? 20 : 300); round++) {
        make_all(raced, many);
        threading_completed_t *completed = begun(raced, many, THREADING_FOREVER);
        threading_thread_t *thread = started(finish_all_in_turn, NULL);
        meet(&arrived, 2);
        for (int i = 0; i < many; i++)
            check_next(completed, raced[(i * 37) % many]);
        check_no_more(completed);
        finished(thread);
        free_all(raced, many);
    }
}

CASE(handle_freed_while_the_futures_finish_disturbs_nothing)
{
    threading_thread_t *threads[finishers];
    for (int round = 0; round < (is_slow() ? 10 : 100); round++) {
        make_all(raced, many);
        atomic_store(&next_raced, 0);
        start_many(threads, finishers, finish_some, NULL);
        threading_completed_t *completed = begun(raced, many, THREADING_FOREVER);
        meet(&arrived, finishers + 1);
        threading_completed_free(completed);
        finish_many(threads, finishers);
        for (int i = 0; i < many; i++)
            CHECK(threading_future_done(raced[i]));
        free_all(raced, many);
    }
}
