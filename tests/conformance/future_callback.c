/* SPDX-License-Identifier: MIT */
/* Callbacks of futures: called once each, in order, by whoever finishes or cancels the future. */
#include "conformance.h"
#include "crowd.h"
#include "gate.h"
#include "tasks.h"

static int object;

/* What a callback was called with. */
static struct {
    int calls;
    threading_future_t *future;
    void *arg;
    uint32_t ident;
} seen;

static void see(threading_future_t *future, void *arg)
{
    seen.calls++;
    seen.future = future;
    seen.arg = arg;
    seen.ident = threading_get_ident();
    CHECK(threading_future_done(future));
    CHECK(!threading_future_running(future));
}

static void add(threading_future_t *future, void (*callback)(threading_future_t *future, void *arg),
                void *arg)
{
    CHECK_STATUS(threading_future_add_done_callback(future, callback, arg), THREADING_OK);
}

static void check_seen_once(threading_future_t *future)
{
    CHECK_EQUAL(seen.calls, 1);
    CHECK(seen.future == future);
    CHECK(seen.arg == &object);
    CHECK_EQUAL(seen.ident, threading_get_ident());
}

typedef void (*ending_t)(threading_future_t *future);

static void end_with_value(threading_future_t *future)
{
    set_value(future, &object);
}

static void end_by_cancelling(threading_future_t *future)
{
    CHECK_STATUS(threading_future_cancel(future), THREADING_OK);
}

/* ----------------------------------------------------------------------------------- when they are called */

static void check_called_at_the_end(ending_t ending)
{
    threading_future_t *future = made_future();
    add(future, see, &object);
    CHECK_EQUAL(seen.calls, 0);
    ending(future);
    check_seen_once(future);
    threading_future_free(future);
}

/* CPython: test_concurrent_futures.test_future.FutureTests.test_done_callback_with_result */
CASE(callback_is_called_at_the_value)
{
    check_called_at_the_end(end_with_value);
}

/* CPython: test_concurrent_futures.test_future.FutureTests.test_done_callback_with_exception */
CASE(callback_is_called_at_the_error)
{
    check_called_at_the_end(set_failure);
}

/* CPython: test_concurrent_futures.test_future.FutureTests.test_done_callback_with_cancel */
CASE(callback_is_called_at_the_cancel)
{
    check_called_at_the_end(end_by_cancelling);
}

static void check_called_at_once(ending_t ending)
{
    threading_future_t *future = made_future();
    ending(future);
    add(future, see, &object);
    check_seen_once(future);
    threading_future_free(future);
}

/* CPython: test_concurrent_futures.test_future.FutureTests.test_done_callback_already_successful */
CASE(callback_of_a_finished_future_is_called_at_once)
{
    check_called_at_once(end_with_value);
}

/* CPython: test_concurrent_futures.test_future.FutureTests.test_done_callback_already_failed */
CASE(callback_of_a_failed_future_is_called_at_once)
{
    check_called_at_once(set_failure);
}

/* CPython: test_concurrent_futures.test_future.FutureTests.test_done_callback_already_cancelled */
CASE(callback_of_a_cancelled_future_is_called_at_once)
{
    check_called_at_once(end_by_cancelling);
}

CASE(callback_is_not_called_by_what_does_not_finish_the_future)
{
    threading_future_t *future = made_future();
    add(future, see, &object);
    CHECK_STATUS(threading_future_start(future), THREADING_OK);
    CHECK_STATUS(threading_future_cancel(future), THREADING_BUSY);
    CHECK_STATUS(threading_future_set_error(future, THREADING_OK), THREADING_INVALID);
    CHECK_STATUS(threading_future_result_timeout(future, 0, NULL), THREADING_TIMEOUT);
    CHECK_EQUAL(seen.calls, 0);
    set_value(future, NULL);
    check_seen_once(future);
    threading_future_free(future);
}

CASE(callback_is_not_called_again)
{
    threading_future_t *future = made_future();
    add(future, see, &object);
    end_by_cancelling(future);
    end_by_cancelling(future);
    CHECK_STATUS(threading_future_start(future), THREADING_CANCELLED);
    CHECK_STATUS(threading_future_set_result(future, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_future_result(future, NULL), THREADING_CANCELLED);
    check_seen_once(future);
    threading_future_free(future);
}

CASE(same_callback_added_twice_is_called_twice)
{
    threading_future_t *future = made_future();
    add(future, see, &object);
    add(future, see, &object);
    end_with_value(future);
    CHECK_EQUAL(seen.calls, 2);
    threading_future_free(future);
}

CASE(callback_of_a_future_that_is_given_up_is_never_called)
{
    threading_future_t *future = made_future();
    add(future, see, &object);
    threading_future_free(future);
    CHECK_EQUAL(seen.calls, 0);
}

/* -------------------------------------------------------------------------------- in which order, by whom */

static void call_in_turn(threading_future_t *future, void *number)
{
    (void)future;
    (void)check_turn(number);
}

CASE(callbacks_are_called_in_the_order_in_which_they_were_added)
{
    threading_future_t *future = made_future();
    for (int i = 0; i < 1000; i++)
        add(future, call_in_turn, (void *)(intptr_t)i);
    end_with_value(future);
    CHECK_EQUAL(next_turn, 1000);
    threading_future_free(future);
}

static void *finish_in_thread(void *future)
{
    end_with_value(future);
    CHECK_EQUAL(seen.ident, threading_get_ident());
    return NULL;
}

CASE(callback_is_called_by_the_thread_that_finishes_the_future)
{
    threading_future_t *future = made_future();
    add(future, see, &object);
    finished(started(finish_in_thread, future));
    CHECK_EQUAL(seen.calls, 1);
    CHECK(seen.ident != threading_get_ident());
    threading_future_free(future);
}

static void *cancel_in_thread(void *future)
{
    end_by_cancelling(future);
    CHECK_EQUAL(seen.ident, threading_get_ident());
    return NULL;
}

CASE(callback_is_called_by_the_thread_that_cancels_the_future)
{
    threading_future_t *future = made_future();
    add(future, see, &object);
    finished(started(cancel_in_thread, future));
    CHECK_EQUAL(seen.calls, 1);
    threading_future_free(future);
}

static void *finish_in_foreign(void *future)
{
    end_with_value(future);
    return NULL;
}

CASE(callback_may_be_called_by_a_foreign_thread)
{
    threading_future_t *future = made_future();
    add(future, see, &object);
    foreign_join(foreign_start(finish_in_foreign, future));
    CHECK_EQUAL(seen.calls, 1);
    threading_future_free(future);
}

static atomic_bool woken;

static void *wait_for_the_end(void *future)
{
    CHECK_STATUS(threading_future_result(future, NULL), THREADING_OK);
    atomic_store(&woken, true);
    return NULL;
}

static void await_waiter(threading_future_t *future, void *arg)
{
    AWAIT(atomic_load(&woken));
    see(future, arg);
}

/* A callback that waits for a waiter would never end if the waiter came after it. */
CASE(waiters_go_on_before_the_callbacks_have_run)
{
    threading_future_t *future = made_future();
    add(future, await_waiter, &object);
    threading_thread_t *waits = started(wait_for_the_end, future);
    (void)threading_sleep(0.02); /* it may wait already, and has to be woken then */
    end_with_value(future);
    check_seen_once(future);
    finished(waits);
    threading_future_free(future);
}

static int plain; /* not atomic: the callback comes after it */

static void check_plain(threading_future_t *future, void *arg)
{
    (void)future;
    CHECK_EQUAL(plain, *(int *)arg);
}

static void *set_plain_and_value(void *future)
{
    plain++;
    set_value(future, NULL);
    return NULL;
}

/* Called by either thread, the one that finishes the future or the one that adds the callback too late. */
CASE(callback_sees_all_that_was_done_before_the_end)
{
    for (int i = 1; i <= (is_slow() ? 50 : 200); i++) {
        threading_future_t *future = made_future();
        threading_thread_t *thread = started(set_plain_and_value, future);
        add(future, check_plain, &i);
        finished(thread);
        threading_future_free(future);
    }
}

/* ----------------------------------------------------------------------------- what they may do with it */

static void use_future(threading_future_t *future, void *arg)
{
    void *value = NULL;
    int calls = seen.calls;
    CHECK_STATUS(threading_future_result(future, &value), THREADING_OK);
    CHECK(value == &object);
    CHECK_STATUS(threading_future_result_timeout(future, 0, &value), THREADING_OK);
    add(future, see, arg);
    CHECK_EQUAL(seen.calls, calls + 1);
    threading_future_free(threading_future_retain(future));
}

CASE(callback_may_use_the_future_and_add_another_that_is_called_at_once)
{
    threading_future_t *future = made_future();
    add(future, use_future, &object);
    add(future, use_future, &object);
    end_with_value(future);
    CHECK_EQUAL(seen.calls, 2);
    threading_future_free(future);
}

static void meet_failures(threading_future_t *future, void *arg)
{
    (void)arg;
    CHECK_STATUS(threading_future_set_result(future, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_future_set_error(future, THREADING_BUSY), THREADING_INVALID);
    CHECK_STATUS(threading_future_cancel(future), THREADING_BUSY);
    CHECK_STATUS(threading_future_start(future), THREADING_INVALID);
}

/* CPython: test_concurrent_futures.test_future.FutureTests.test_done_callback_raises */
CASE(callback_that_fails_does_not_stop_the_rest)
{
    threading_future_t *future = made_future();
    add(future, see, &object);
    add(future, meet_failures, NULL);
    add(future, see, &object);
    end_with_value(future);
    CHECK_EQUAL(seen.calls, 2);
    threading_future_free(future);
}

/* CPython: test_concurrent_futures.test_future.FutureTests.test_done_callback_raises_already_succeeded */
CASE(callback_of_a_finished_future_that_fails_stops_nothing)
{
    threading_future_t *future = made_future();
    end_with_value(future);
    add(future, meet_failures, NULL);
    add(future, see, &object);
    check_seen_once(future);
    threading_future_free(future);
}

static void free_arg(threading_future_t *future, void *arg)
{
    CHECK(future == arg);
    threading_future_free(arg);
    CHECK(threading_future_done(future));
}

CASE(callback_may_give_references_back)
{
    threading_future_t *future = made_future();
    add(future, free_arg, threading_future_retain(future));
    add(future, free_arg, threading_future_retain(future));
    end_with_value(future);
    CHECK(value_of(future) == &object);
}

/* Each finishes the next. */
static void finish_arg(threading_future_t *future, void *arg)
{
    (void)future;
    set_value(arg, &object);
}

CASE(callback_may_finish_another_future)
{
    enum { count = 100 };
    threading_future_t *futures[count];
    make_all(futures, count);
    for (int i = 1; i < count; i++)
        add(futures[i - 1], finish_arg, futures[i]);
    end_with_value(futures[0]);
    for (int i = 0; i < count; i++)
        CHECK(value_of(futures[i]) == &object);
}

/* ---------------------------------------------------------------------------------------------- races */

static atomic_int called;

static void count_call(threading_future_t *future, void *arg)
{
    (void)arg;
    CHECK(threading_future_done(future));
    atomic_fetch_add(&called, 1);
}

enum { adders = 3, callbacks = 5 };
static atomic_int arrived;

static void *add_many(void *future)
{
    meet(&arrived, adders + 1);
    for (int i = 0; i < callbacks; i++)
        add(future, count_call, NULL);
    return NULL;
}

CASE(callbacks_added_beside_the_end_are_called_once_each)
{
    threading_thread_t *threads[adders];
    for (int round = 0; round < (is_slow() ? 50 : 300); round++) {
        threading_future_t *future = made_future();
        atomic_store(&called, 0);
        start_many(threads, adders, add_many, future);
        meet(&arrived, adders + 1);
        end_with_value(future);
        finish_many(threads, adders);
        CHECK_EQUAL(atomic_load(&called), adders * callbacks);
        threading_future_free(future);
    }
}

static void *cancel_together(void *future)
{
    meet(&arrived, 2);
    CHECK_STATUS(threading_future_cancel(future), THREADING_OK);
    return NULL;
}

CASE(callback_is_called_once_when_two_threads_cancel)
{
    for (int round = 0; round < (is_slow() ? 50 : 300); round++) {
        threading_future_t *future = made_future();
        threading_thread_t *thread = started(cancel_together, future);
        atomic_store(&called, 0);
        add(future, count_call, NULL);
        cancel_together(future);
        finished(thread);
        CHECK_EQUAL(atomic_load(&called), 1);
        threading_future_free(future);
    }
}

/* ------------------------------------------------------------------------------------------- the rest */

CASE(null_future_or_callback_is_refused)
{
    threading_future_t *future = made_future();
    CHECK_STATUS(threading_future_add_done_callback(NULL, see, &object), THREADING_INVALID);
    CHECK_STATUS(threading_future_add_done_callback(future, NULL, &object), THREADING_INVALID);
    end_with_value(future);
    CHECK_STATUS(threading_future_add_done_callback(future, NULL, &object), THREADING_INVALID);
    CHECK_EQUAL(seen.calls, 0);
    threading_future_free(future);
}

static void use_callbacks(bool ends)
{
    threading_future_t *future = made_future();
    for (int i = 0; i < 5; i++)
        add(future, count_call, NULL);
    if (ends)
        end_with_value(future);
    threading_future_free(future);
}

/* At first the C library keeps what is freed for the next ones. */
CASE(callbacks_leave_no_memory_behind)
{
    size_t before = 0;
    for (int i = 0; i < 200; i++) {
        use_callbacks(i % 2 == 0);
        if (i == 40)
            before = allocated_bytes();
    }
    CHECK_EQUAL(allocated_bytes(), before);
}
