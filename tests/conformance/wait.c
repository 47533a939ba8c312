/* SPDX-License-Identifier: MIT */
/* threading_wait(): several futures at once, until all, one, or a failed one is done. */
#include "conformance.h"
#include "crowd.h"
#include "gate.h"
#include "tasks.h"

#include <math.h>

static int object;

/* What `done` holds before a call that is not to write it. */
enum { untouched = 4711 };

static void cancel(threading_future_t *future)
{
    CHECK_STATUS(threading_future_cancel(future), THREADING_OK);
}

/* A wait that need not wait or may not; and how many it found done. */
static void check_poll(threading_future_t *const *futures, size_t count, threading_when_t when,
                       threading_status_t status, size_t expected)
{
    size_t done = untouched;
    CHECK_STATUS(threading_wait(futures, count, 0, when, &done), status);
    CHECK_EQUAL(done, expected);
    CHECK_STATUS(threading_wait(futures, count, 0, when, NULL), status);
    if (status != THREADING_OK)
        return;
    done = untouched;
    CHECK_STATUS(threading_wait(futures, count, THREADING_FOREVER, when, &done), status);
    CHECK_EQUAL(done, expected);
}

/* A thread that waits, for good, and tells. */
struct waiter {
    threading_future_t **futures;
    size_t count;
    threading_when_t when;
    threading_status_t status;
    size_t done;
};

static void *wait_for_good(void *arg)
{
    struct waiter *waiter = arg;
    waiter->done = untouched;
    waiter->status =
        threading_wait(waiter->futures, waiter->count, THREADING_FOREVER, waiter->when, &waiter->done);
    return NULL;
}

/* Starts it; the sleep only makes it likely that it waits already. */
static threading_thread_t *started_waiter(struct waiter *waiter, threading_future_t **futures, size_t count,
                                          threading_when_t when)
{
    *waiter = (struct waiter){.futures = futures, .count = count, .when = when};
    threading_thread_t *thread = started(wait_for_good, waiter);
    (void)threading_sleep(0.01);
    return thread;
}

static void check_waited(threading_thread_t *thread, const struct waiter *waiter, size_t least, size_t most)
{
    finished(thread);
    CHECK_STATUS(waiter->status, THREADING_OK);
    CHECK(waiter->done >= least && waiter->done <= most);
}

/* ---------------------------------------------------------------------------------------- all completed */

/* CPython: test_concurrent_futures.test_wait.WaitTests.test_all_completed */
CASE(all_completed_waits_for_every_one)
{
    threading_future_t *futures[4];
    struct waiter waiter;
    make_all(futures, 4);
    threading_thread_t *thread = started_waiter(&waiter, futures, 4, THREADING_ALL_COMPLETED);
    set_value(futures[2], &object);
    cancel(futures[0]);
    set_failure(futures[3]);
    (void)threading_sleep(0.01); /* a wait that needs no more would be over now */
    CHECK_STATUS(threading_thread_try_join(thread), THREADING_BUSY);
    set_value(futures[1], &object);
    check_waited(thread, &waiter, 4, 4);
    free_all(futures, 4);
}

CASE(all_completed_counts_those_that_are_done_already)
{
    threading_future_t *futures[3];
    make_all(futures, 3);
    check_poll(futures, 3, THREADING_ALL_COMPLETED, THREADING_TIMEOUT, 0);
    set_value(futures[1], NULL);
    check_poll(futures, 3, THREADING_ALL_COMPLETED, THREADING_TIMEOUT, 1);
    cancel(futures[0]);
    check_poll(futures, 3, THREADING_ALL_COMPLETED, THREADING_TIMEOUT, 2);
    set_failure(futures[2]);
    check_poll(futures, 3, THREADING_ALL_COMPLETED, THREADING_OK, 3);
    free_all(futures, 3);
}

/* -------------------------------------------------------------------------------------- first completed */

/* CPython: test_concurrent_futures.test_wait.WaitTests.test_first_completed */
CASE(first_completed_waits_for_one)
{
    threading_future_t *futures[3];
    struct waiter waiter;
    make_all(futures, 3);
    threading_thread_t *thread = started_waiter(&waiter, futures, 3, THREADING_FIRST_COMPLETED);
    CHECK_STATUS(threading_future_start(futures[2]), THREADING_OK);
    CHECK_STATUS(threading_thread_try_join(thread), THREADING_BUSY);
    set_value(futures[1], &object);
    check_waited(thread, &waiter, 1, 1);
    free_all(futures, 3);
}

/* CPython: test_concurrent_futures.test_wait.WaitTests.test_first_completed_some_already_completed */
CASE(first_completed_does_not_wait_when_some_are_done_already)
{
    threading_future_t *futures[4];
    make_all(futures, 4);
    check_poll(futures, 4, THREADING_FIRST_COMPLETED, THREADING_TIMEOUT, 0);
    set_value(futures[3], NULL);
    check_poll(futures, 4, THREADING_FIRST_COMPLETED, THREADING_OK, 1);
    set_failure(futures[0]);
    check_poll(futures, 4, THREADING_FIRST_COMPLETED, THREADING_OK, 2);
    free_all(futures, 4);
}

/* CPython waits for a worker to notice it. */
CASE(cancelled_future_is_completed_at_once)
{
    threading_future_t *futures[2];
    struct waiter waiter;
    make_all(futures, 2);
    threading_thread_t *thread = started_waiter(&waiter, futures, 2, THREADING_FIRST_COMPLETED);
    cancel(futures[1]);
    check_waited(thread, &waiter, 1, 1);
    check_poll(futures, 2, THREADING_FIRST_COMPLETED, THREADING_OK, 1);
    free_all(futures, 2);
}

/* -------------------------------------------------------------------------------------- first exception */

/* CPython: test_concurrent_futures.test_wait.WaitTests.test_first_exception */
CASE(first_exception_waits_for_one_that_failed)
{
    threading_future_t *futures[4];
    struct waiter waiter;
    make_all(futures, 4);
    threading_thread_t *thread = started_waiter(&waiter, futures, 4, THREADING_FIRST_EXCEPTION);
    set_value(futures[0], &object);
    (void)threading_sleep(0.01); /* a wait that needs no failure would be over now */
    CHECK_STATUS(threading_thread_try_join(thread), THREADING_BUSY);
    set_failure(futures[2]);
    check_waited(thread, &waiter, 2, 2);
    free_all(futures, 4);
}

/* CPython: test_concurrent_futures.test_wait.WaitTests.test_first_exception_some_already_complete */
CASE(first_exception_goes_on_waiting_when_some_are_done_without)
{
    threading_future_t *futures[4];
    make_all(futures, 4);
    cancel(futures[0]);
    set_value(futures[1], &object);
    check_poll(futures, 4, THREADING_FIRST_EXCEPTION, THREADING_TIMEOUT, 2);
    struct waiter waiter;
    threading_thread_t *thread = started_waiter(&waiter, futures, 4, THREADING_FIRST_EXCEPTION);
    CHECK_STATUS(threading_thread_try_join(thread), THREADING_BUSY);
    set_failure(futures[3]);
    check_waited(thread, &waiter, 3, 3);
    free_all(futures, 4);
}

/* CPython: test_concurrent_futures.test_wait.WaitTests.test_first_exception_one_already_failed */
CASE(first_exception_does_not_wait_when_one_failed_already)
{
    threading_future_t *futures[2];
    make_all(futures, 2);
    set_failure(futures[1]);
    check_poll(futures, 2, THREADING_FIRST_EXCEPTION, THREADING_OK, 1);
    free_all(futures, 2);
}

CASE(first_exception_without_any_waits_for_all)
{
    threading_future_t *futures[3];
    struct waiter waiter;
    make_all(futures, 3);
    threading_thread_t *thread = started_waiter(&waiter, futures, 3, THREADING_FIRST_EXCEPTION);
    cancel(futures[1]);
    set_value(futures[0], NULL);
    (void)threading_sleep(0.01); /* a wait that takes a cancel for a failure would be over now */
    CHECK_STATUS(threading_thread_try_join(thread), THREADING_BUSY);
    set_value(futures[2], NULL);
    check_waited(thread, &waiter, 3, 3);
    free_all(futures, 3);
}

/* It failed with the word CANCELLED; it was not cancelled. */
CASE(error_of_any_status_is_an_exception)
{
    for (int i = THREADING_OK + 1; i < THREADING_STATUS_COUNT; i++) {
        threading_future_t *futures[2];
        make_all(futures, 2);
        CHECK_STATUS(threading_future_set_error(futures[0], (threading_status_t)i), THREADING_OK);
        check_poll(futures, 2, THREADING_FIRST_EXCEPTION, THREADING_OK, 1);
        free_all(futures, 2);
    }
}

/* ---------------------------------------------------------------------------------------------- timeout */

/* CPython: test_concurrent_futures.test_wait.WaitTests.test_timeout */
CASE(timeout_tells_how_many_are_done)
{
    threading_future_t *futures[4];
    size_t done = untouched;
    make_all(futures, 4);
    set_value(futures[0], NULL);
    cancel(futures[2]);
    set_failure(futures[3]);
    CHECK_STATUS(threading_wait(futures, 4, 0.01, THREADING_ALL_COMPLETED, &done), THREADING_TIMEOUT);
    CHECK_EQUAL(done, 3);
    CHECK_STATUS(threading_wait(futures, 4, 0.01, THREADING_ALL_COMPLETED, NULL), THREADING_TIMEOUT);
    CHECK(!threading_future_done(futures[1]));
    free_all(futures, 4);
}

CASE(wait_never_times_out_early)
{
    static const double lengths[] = {1e-6, 1e-4, 0.00049, 0.001, 0.0015, 0.004, 0.0161};
    threading_future_t *futures[2];
    make_all(futures, 2);
    for (int round = 0; round < 5; round++)
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            double start = threading_monotonic();
            CHECK_STATUS(threading_wait(futures, 2, lengths[i], (threading_when_t)(round % 3), NULL),
                         THREADING_TIMEOUT);
            CHECK(threading_monotonic() - start >= lengths[i]);
        }
    free_all(futures, 2);
}

static void *finish_later(void *future)
{
    (void)threading_sleep(0.01);
    set_value(future, &object);
    return NULL;
}

CASE(wait_does_not_wait_out_its_timeout)
{
    static const double lengths[] = {1e6, THREADING_TIMEOUT_MAX, THREADING_FOREVER};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        threading_future_t *future = made_future();
        threading_thread_t *thread = started(finish_later, future);
        CHECK_STATUS(threading_wait(&future, 1, lengths[i], THREADING_ALL_COMPLETED, NULL), THREADING_OK);
        finished(thread);
        threading_future_free(future);
    }
}

/* They end faster than the time goes by: if each had the time for itself, all would be waited for. */
CASE(time_of_a_wait_is_for_all_of_them_together)
{
    enum { count = 1000 };
    threading_future_t *futures[count];
    size_t done = untouched;
    make_all(futures, count);
    struct drip drip = {.futures = futures, .count = count};
    threading_thread_t *thread = started(drip_values, &drip);
    CHECK_STATUS(threading_wait(futures, count, 0.3, THREADING_ALL_COMPLETED, &done), THREADING_TIMEOUT);
    atomic_store(&drip.is_enough, true);
    CHECK(done < count);
    finished(thread);
    free_all(futures, count);
}

/* Those who wait no more must be forgotten: the futures are finished, and freed, after them. */
CASE(wait_that_timed_out_leaves_the_futures_as_they_were)
{
    threading_future_t *futures[3];
    make_all(futures, 3);
    for (int i = 0; i < 10; i++)
        for (int when = THREADING_ALL_COMPLETED; when <= THREADING_FIRST_EXCEPTION; when++)
            CHECK_STATUS(threading_wait(futures, 3, 0.0005, (threading_when_t)when, NULL), THREADING_TIMEOUT);
    CHECK_STATUS(threading_future_start(futures[0]), THREADING_OK);
    set_value(futures[0], &object);
    cancel(futures[1]);
    set_failure(futures[2]);
    check_poll(futures, 3, THREADING_ALL_COMPLETED, THREADING_OK, 3);
    free_all(futures, 3);
}

/* ------------------------------------------------------------------------------------ duplicates and none */

/* CPython: test_concurrent_futures.test_wait.WaitTests.test_20369 */
CASE(future_that_is_there_twice_counts_for_each_entry)
{
    threading_future_t *first = made_future(), *second = made_future();
    threading_future_t *futures[] = {first, second, first, first};
    struct waiter waiter;
    check_poll(futures, 4, THREADING_ALL_COMPLETED, THREADING_TIMEOUT, 0);
    threading_thread_t *thread = started_waiter(&waiter, futures, 4, THREADING_ALL_COMPLETED);
    set_value(first, NULL);
    check_poll(futures, 4, THREADING_ALL_COMPLETED, THREADING_TIMEOUT, 3);
    check_poll(futures, 4, THREADING_FIRST_COMPLETED, THREADING_OK, 3);
    set_value(second, NULL);
    check_waited(thread, &waiter, 4, 4);
    threading_future_free(first);
    threading_future_free(second);
}

CASE(wait_for_no_futures_is_over_at_once)
{
    threading_future_t *future = NULL;
    for (int when = THREADING_ALL_COMPLETED; when <= THREADING_FIRST_EXCEPTION; when++) {
        check_poll(NULL, 0, (threading_when_t)when, THREADING_OK, 0);
        check_poll(&future, 0, (threading_when_t)when, THREADING_OK, 0);
    }
}

/* -------------------------------------------------------------------------------------------- bad input */

static void check_refused(threading_future_t *const *futures, size_t count, double seconds, int when,
                          threading_status_t status)
{
    size_t done = untouched;
    CHECK_STATUS(threading_wait(futures, count, seconds, (threading_when_t)when, &done), status);
    CHECK_EQUAL(done, untouched);
    CHECK_STATUS(threading_wait(futures, count, seconds, (threading_when_t)when, NULL), status);
}

CASE(wait_for_null_is_refused)
{
    threading_future_t *futures[3];
    make_all(futures, 3);
    threading_future_t *with_null[] = {futures[0], futures[1], NULL, futures[2]};
    set_value(futures[0], NULL);
    check_refused(NULL, 1, 0, THREADING_FIRST_COMPLETED, THREADING_INVALID);
    check_refused(with_null, 4, 0, THREADING_FIRST_COMPLETED, THREADING_INVALID);
    check_refused(with_null, 4, THREADING_FOREVER, THREADING_ALL_COMPLETED, THREADING_INVALID);
    check_refused(with_null + 2, 1, 0, THREADING_ALL_COMPLETED, THREADING_INVALID);
    set_value(futures[1], NULL); /* which nobody waits for any more */
    set_value(futures[2], NULL);
    free_all(futures, 3);
}

CASE(wait_for_an_unknown_condition_is_refused)
{
    threading_future_t *future = made_future();
    check_refused(&future, 1, 0, 3, THREADING_INVALID);
    check_refused(&future, 1, 0, 1000, THREADING_INVALID);
    check_refused(&future, 1, THREADING_FOREVER, 3, THREADING_INVALID);
    set_value(future, NULL);
    check_refused(&future, 1, 0, 3, THREADING_INVALID);
    threading_future_free(future);
}

CASE(wait_of_a_wrong_time_is_refused_even_when_all_are_done)
{
    static const double invalid[] = {-2, -0.5, -1e-12, -INFINITY, NAN};
    static const double overflowing[] = {9223372037.0, 1e100, INFINITY};
    threading_future_t *future = made_future();
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++)
            check_refused(&future, 1, invalid[i], THREADING_ALL_COMPLETED, THREADING_INVALID);
        for (size_t i = 0; i < sizeof overflowing / sizeof *overflowing; i++)
            check_refused(&future, 1, overflowing[i], THREADING_FIRST_COMPLETED, THREADING_OVERFLOW);
        (void)threading_future_cancel(future); /* for the second round */
    }
    threading_future_free(future);
}

/* ----------------------------------------------------------------------------------------------- stop */

CASE(stop_ends_the_wait_and_no_future)
{
    threading_stop_t stop = {0};
    threading_future_t *futures[2];
    make_all(futures, 2);
    set_value(futures[0], NULL);
    CHECK_STATUS(threading_stop_request(&stop), THREADING_OK);
    (void)threading_stop_heed(&stop);
    CHECK_STATUS(threading_wait(futures, 2, THREADING_FOREVER, THREADING_ALL_COMPLETED, NULL),
                 THREADING_CANCELLED);
    CHECK_STATUS(threading_wait(futures, 2, 1000, THREADING_ALL_COMPLETED, NULL), THREADING_CANCELLED);
    check_poll(futures, 2, THREADING_FIRST_COMPLETED, THREADING_OK, 1);
    set_value(futures[1], NULL);
    check_poll(futures, 2, THREADING_ALL_COMPLETED, THREADING_OK, 2);
    (void)threading_stop_heed(NULL);
    free_all(futures, 2);
}

CASE(stop_wakes_a_thread_that_waits_for_several)
{
    threading_stop_t stop = {0};
    threading_future_t *futures[2];
    make_all(futures, 2);
    struct waiter waiter = {.futures = futures, .count = 2, .when = THREADING_ALL_COMPLETED};
    threading_thread_t *thread = threading_thread(wait_for_good, &waiter, .stop = &stop);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    (void)threading_sleep(0.01); /* it may wait already */
    CHECK_STATUS(threading_stop_request(&stop), THREADING_OK);
    finished(thread);
    CHECK_STATUS(waiter.status, THREADING_CANCELLED);
    set_value(futures[0], NULL);
    set_value(futures[1], NULL);
    free_all(futures, 2);
}

/* ---------------------------------------------------------------------------------------------- races */

enum { many = 100, finishers = 4 };
static threading_future_t *raced[many];
static atomic_int arrived, next_raced;

/* Together the finishers end them all, one by one, while main begins to wait; a fifth are cancelled. */
static void *finish_some(void *plain)
{
    meet(&arrived, finishers + 1);
    for (int i; (i = atomic_fetch_add(&next_raced, 1)) < many;) {
        ((int *)plain)[i]++;
        if (i % 5 == 4)
            cancel(raced[i]);
        else
            set_value(raced[i], &object);
    }
    return NULL;
}

static void race_with_wait(threading_when_t when, size_t least)
{
    threading_thread_t *threads[finishers];
    int plain[many] = {0};
    for (int round = 1; round <= (is_slow() ? 10 : 100); round++) {
        size_t done = untouched;
        make_all(raced, many);
        atomic_store(&next_raced, 0);
        start_many(threads, finishers, finish_some, plain);
        meet(&arrived, finishers + 1);
        CHECK_STATUS(threading_wait(raced, many, THREADING_FOREVER, when, &done), THREADING_OK);
        CHECK(done >= least && done <= many);
        for (size_t i = 0; done == many && i < many; i++)
            CHECK_EQUAL(plain[i], round);
        finish_many(threads, finishers);
        free_all(raced, many);
    }
}

/* CPython: test_concurrent_futures.test_wait.ThreadPoolWaitTests.test_pending_calls_race */
CASE(hundred_futures_that_finish_while_all_are_waited_for_are_all_seen)
{
    race_with_wait(THREADING_ALL_COMPLETED, many);
}

CASE(hundred_futures_that_finish_while_the_first_is_waited_for_end_the_wait)
{
    race_with_wait(THREADING_FIRST_COMPLETED, 1);
}

CASE(hundred_futures_that_finish_while_a_failure_is_waited_for_end_the_wait)
{
    race_with_wait(THREADING_FIRST_EXCEPTION, many);
}

/* Waits for the same futures in all orders, again and again with a limit that may be over before the end is
 * told. */
static void *wait_in_own_order(void *unused)
{
    static atomic_int places;
    uint32_t seed = (uint32_t)atomic_fetch_add(&places, 1) + 1;
    threading_future_t *futures[many];
    threading_status_t status;
    for (int i = 0; i < many; i++)
        futures[i] = raced[((uint32_t)i * 37 + seed * 11) % many];
    do
        status = threading_wait(futures, many, 1e-6 * random_below(&seed, 300), (threading_when_t)(seed % 3),
                                NULL);
    while (status == THREADING_TIMEOUT);
    CHECK_STATUS(status, THREADING_OK);
    CHECK_STATUS(threading_wait(futures, many, THREADING_FOREVER, THREADING_ALL_COMPLETED, NULL),
                 THREADING_OK);
    return unused;
}

CASE(many_threads_wait_for_the_same_futures_in_every_order)
{
    enum { waiters = 6 };
    threading_thread_t *waiting[waiters], *finishing[finishers];
    int plain[many] = {0};
    for (int round = 0; round < (is_slow() ? 5 : 50); round++) {
        make_all(raced, many);
        atomic_store(&next_raced, 0);
        start_many(waiting, waiters, wait_in_own_order, NULL);
        start_many(finishing, finishers, finish_some, plain);
        meet(&arrived, finishers + 1);
        finish_many(finishing, finishers);
        finish_many(waiting, waiters);
        free_all(raced, many);
    }
}

/* ------------------------------------------------------------------------------------------- the rest */

CASE(waits_leave_no_memory_behind)
{
    threading_future_t *futures[20];
    size_t before = 0;
    wait_at_first();
    make_all(futures, 20);
    for (int i = 0; i < 50; i++) {
        CHECK_STATUS(threading_wait(futures, 20, 0.00001, THREADING_ALL_COMPLETED, NULL), THREADING_TIMEOUT);
        if (i == 0)
            before = allocated_bytes();
    }
    CHECK_EQUAL(allocated_bytes(), before);
    free_all(futures, 20);
}
