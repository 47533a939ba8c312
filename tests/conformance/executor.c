/* SPDX-License-Identifier: MIT */
/* Executor: tasks, the threads that run them, and how those are made. */
#include "conformance.h"
#include "crowd.h"
#include "gate.h"
#include "tasks.h"

#include <stdlib.h>
#include <string.h>

static int object;
static threading_lock_t gate;
static atomic_int entered, runs;

static void *count_run(void *arg)
{
    atomic_fetch_add(&runs, 1);
    return arg;
}

/* Tells that it runs, and stays until the gate is opened. */
static void *stay(void *arg)
{
    atomic_fetch_add(&entered, 1);
    gate_pass(&gate);
    return arg;
}

/* How many threads the pools have: all but main are theirs. */
static size_t thread_count(void)
{
    return threading_active_count() - 1;
}

/* A pool with one thread, which is busy until the gate is opened: what is submitted next is queued. */
static threading_executor_t *made_busy_pool(void)
{
    threading_executor_t *pool = made_pool(1);
    gate_close(&gate);
    submit_and_forget(pool, stay, NULL);
    AWAIT(atomic_load(&entered) == 1);
    return pool;
}

static threading_executor_t *made_with(size_t max_workers, threading_executor_options_t options)
{
    threading_executor_t *pool = threading_executor_new(max_workers, &options);
    memset(&options, 0x5A, sizeof options); /* they were read before the return */
    CHECK(pool != NULL);
    return pool;
}

/* -------------------------------------------------------------------------------------------- tasks */

/* CPython: test_concurrent_futures.executor.ExecutorTest.test_submit */
CASE(task_gets_its_argument_and_its_result_is_the_futures)
{
    threading_executor_t *pool = made_pool(2);
    CHECK(value_of(submitted(pool, return_at_once, &object)) == &object);
    CHECK(value_of(submitted(pool, return_at_once, NULL)) == NULL);
    end_pool(pool);
}

CASE(task_without_a_future_is_run)
{
    threading_executor_t *pool = made_pool(1);
    for (int i = 0; i < 10; i++)
        submit_and_forget(pool, count_run, NULL);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 10);
}

CASE(task_whose_future_was_given_back_is_run)
{
    threading_executor_t *pool = made_busy_pool();
    for (int i = 0; i < 10; i++)
        threading_future_free(submitted(pool, count_run, NULL));
    gate_open(&gate);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 10);
}

CASE(tasks_begin_in_the_order_of_their_submission)
{
    threading_executor_t *pool = made_busy_pool();
    for (int i = 0; i < 200; i++)
        submit_and_forget(pool, check_turn, (void *)(intptr_t)i);
    gate_open(&gate);
    end_pool(pool);
    CHECK_EQUAL(next_turn, 200);
}

/* One of two threads stays in the first task: the other one runs all that are behind it. */
CASE(tasks_behind_a_long_one_begin_in_the_order_of_their_submission)
{
    threading_executor_t *pool = made_pool(2);
    gate_close(&gate);
    submit_and_forget(pool, stay, NULL);
    AWAIT(atomic_load(&entered) == 1);
    for (int i = 0; i < 200; i++)
        submit_and_forget(pool, check_turn, (void *)(intptr_t)i);
    (void)value_of(submitted(pool, return_at_once, NULL));
    CHECK_EQUAL(next_turn, 200); /* behind them, so they are over */
    gate_open(&gate);
    end_pool(pool);
}

enum { flood_count = 3000, flooders = 3 };
static atomic_char flood_runs[flooders * flood_count];

static void *count_flood_run(void *arg)
{
    atomic_fetch_add((atomic_char *)arg, 1);
    return arg;
}

static void *flood(void *pool)
{
    static atomic_int next;
    int first = flood_count * atomic_fetch_add(&next, 1);
    for (int i = 0; i < flood_count; i++)
        submit_and_forget(pool, count_flood_run, &flood_runs[first + i]);
    return pool;
}

/* The queue grows while tasks are taken from it. */
CASE(tasks_that_come_faster_than_they_are_run_are_each_run_once)
{
    threading_thread_t *threads[flooders];
    threading_executor_t *pool = made_pool(3);
    start_many(threads, flooders, flood, pool);
    finish_many(threads, flooders);
    end_pool(pool);
    for (int i = 0; i < flooders * flood_count; i++)
        CHECK_EQUAL(atomic_load(&flood_runs[i]), 1);
}

static int plain; /* not atomic: submitting and the result alone make it right */

static void *add_to_plain(void *arg)
{
    plain++;
    return arg;
}

CASE(task_and_result_see_all_that_was_done_before)
{
    threading_executor_t *pool = made_pool(3);
    for (int i = 1; i <= 500; i++) {
        plain++;
        CHECK(value_of(submitted(pool, add_to_plain, &object)) == &object);
        CHECK_EQUAL(plain, 2 * i);
    }
    end_pool(pool);
}

static void *use_and_free(void *memory)
{
    memset(memory, 1, 100);
    return memory;
}

CASE(argument_may_be_freed_when_the_task_is_done)
{
    threading_executor_t *pool = made_pool(2);
    for (int i = 0; i < 200; i++)
        free(value_of(submitted(pool, use_and_free, malloc(100))));
    end_pool(pool);
}

static int numbers[200];
static threading_executor_t *chain_pool;

static void *submit_the_next(void *left)
{
    int *number = left;
    atomic_fetch_add(&runs, 1);
    if (number > numbers)
        submit_and_forget(chain_pool, submit_the_next, number - 1);
    return NULL;
}

CASE(tasks_may_submit_tasks)
{
    chain_pool = made_pool(2);
    submit_and_forget(chain_pool, submit_the_next, &numbers[100]);
    AWAIT(atomic_load(&runs) == 101);
    end_pool(chain_pool);
}

static void *submit_many(void *pool)
{
    for (int i = 0; i < 200; i++)
        CHECK(value_of(submitted(pool, count_run, &object)) == &object);
    return NULL;
}

CASE(many_threads_may_submit)
{
    threading_thread_t *threads[4];
    threading_executor_t *pool = made_pool(3);
    start_many(threads, 4, submit_many, pool);
    foreign_t *foreign = foreign_start(submit_many, pool);
    finish_many(threads, 4);
    foreign_join(foreign);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 1000);
}

/* CPython: test_concurrent_futures.test_wait.ThreadPoolWaitTests.test_pending_calls_race */
CASE(hundred_tasks_that_finish_while_they_are_waited_for_are_all_seen)
{
    enum { count = 100 };
    threading_future_t *futures[count];
    threading_executor_t *pool = made_pool(is_slow() ? 10 : count);
    size_t done = 0;
    gate_close(&gate);
    for (int i = 0; i < count; i++)
        futures[i] = submitted(pool, stay, NULL);
    gate_open(&gate);
    CHECK_STATUS(threading_wait(futures, count, THREADING_FOREVER, THREADING_ALL_COMPLETED, &done),
                 THREADING_OK);
    CHECK_EQUAL(done, count);
    CHECK_EQUAL(atomic_load(&entered), count);
    free_all(futures, count);
    end_pool(pool);
}

CASE(tasks_come_as_they_are_completed)
{
    enum { count = 30 };
    threading_future_t *futures[count], *future = NULL;
    threading_executor_t *pool = made_pool(3);
    void *value = NULL;
    for (int i = 0; i < count; i++)
        futures[i] = submitted(pool, return_at_once, &numbers[i]);
    threading_completed_t *completed = threading_as_completed(futures, count, THREADING_FOREVER);
    CHECK(completed != NULL);
    while (threading_completed_next(completed, &future) == THREADING_OK) {
        CHECK_STATUS(threading_future_result_timeout(future, 0, &value), THREADING_OK);
        ++*(int *)value;
    }
    for (int i = 0; i < count; i++)
        CHECK_EQUAL(numbers[i], 1);
    threading_completed_free(completed);
    free_all(futures, count);
    end_pool(pool);
}

/* ------------------------------------------------------------------------------------ futures of tasks */

static void check_flags(const threading_future_t *future, bool cancelled, bool running, bool done)
{
    CHECK_EQUAL(threading_future_cancelled(future), cancelled);
    CHECK_EQUAL(threading_future_running(future), running);
    CHECK_EQUAL(threading_future_done(future), done);
}

CASE(future_of_a_task_is_pending_then_running_then_done)
{
    threading_executor_t *pool = made_pool(1);
    gate_close(&gate);
    threading_future_t *first = submitted(pool, stay, &object);
    threading_future_t *second = submitted(pool, return_at_once, &object);
    AWAIT(atomic_load(&entered) == 1);
    check_flags(first, false, true, false);
    check_flags(second, false, false, false);
    CHECK_STATUS(threading_future_result_timeout(first, 0.001, NULL), THREADING_TIMEOUT);
    CHECK_STATUS(threading_future_cancel(first), THREADING_BUSY);
    gate_open(&gate);
    CHECK_STATUS(threading_future_result(second, NULL), THREADING_OK);
    check_flags(first, false, false, true);
    check_flags(second, false, false, true);
    CHECK_STATUS(threading_future_cancel(second), THREADING_BUSY);
    CHECK(value_of(first) == &object);
    CHECK(value_of(second) == &object);
    end_pool(pool);
}

CASE(task_that_is_cancelled_in_time_is_not_run)
{
    threading_executor_t *pool = made_busy_pool();
    threading_future_t *first = submitted(pool, count_run, NULL);
    threading_future_t *second = submitted(pool, count_run, NULL);
    CHECK_STATUS(threading_future_cancel(first), THREADING_OK);
    CHECK_STATUS(threading_future_cancel(first), THREADING_OK);
    check_flags(first, true, false, true);
    check_ends_with(first, THREADING_CANCELLED); /* the gate is still closed */
    gate_open(&gate);
    CHECK_STATUS(threading_future_result(second, NULL), THREADING_OK);
    threading_future_free(second);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 1);
}

static void check_not_settable(threading_future_t *future)
{
    CHECK_STATUS(threading_future_set_result(future, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_future_set_error(future, THREADING_BROKEN), THREADING_INVALID);
}

CASE(future_of_a_task_is_set_by_the_task_only)
{
    threading_executor_t *pool = made_pool(1);
    gate_close(&gate);
    threading_future_t *running = submitted(pool, stay, &object);
    threading_future_t *pending = submitted(pool, return_at_once, &object);
    AWAIT(atomic_load(&entered) == 1);
    check_not_settable(running);
    check_not_settable(pending);
    gate_open(&gate);
    CHECK(value_of(running) == &object);
    CHECK_STATUS(threading_future_result(pending, NULL), THREADING_OK);
    check_not_settable(pending);
    CHECK(value_of(pending) == &object);
    end_pool(pool);
}

enum { raced_count = 200 };
static threading_future_t *raced[raced_count];
static atomic_int raced_runs[raced_count];

static void *count_own_run(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return arg;
}

static void *cancel_all(void *unused)
{
    for (int i = 0; i < raced_count; i++) {
        threading_status_t status = threading_future_cancel(raced[i]);
        CHECK(status == THREADING_OK || status == THREADING_BUSY);
    }
    return unused;
}

CASE(task_beside_its_cancel_is_either_run_or_cancelled)
{
    threading_executor_t *pool = made_pool(2);
    for (int round = 0; round < (is_slow() ? 5 : 50); round++) {
        threading_thread_t *threads[2];
        for (int i = 0; i < raced_count; i++) {
            atomic_store(&raced_runs[i], 0);
            raced[i] = submitted(pool, count_own_run, &raced_runs[i]);
        }
        start_many(threads, 2, cancel_all, NULL);
        for (int i = 0; i < raced_count; i++) {
            threading_status_t status = threading_future_result(raced[i], NULL);
            CHECK_EQUAL(threading_future_cancelled(raced[i]), status == THREADING_CANCELLED);
            CHECK_EQUAL(atomic_load(&raced_runs[i]), status == THREADING_OK);
        }
        finish_many(threads, 2);
        free_all(raced, raced_count);
    }
    end_pool(pool);
}

/* ------------------------------------------------------------------------------------------- callbacks */

static uint32_t callback_ident;

static void note_ident(threading_future_t *future, void *arg)
{
    CHECK(threading_future_done(future));
    callback_ident = threading_get_ident();
    atomic_fetch_add((atomic_int *)arg, 1);
}

CASE(callback_of_a_task_is_called_by_its_thread_even_if_the_handle_was_given_back)
{
    threading_executor_t *pool = made_busy_pool();
    threading_future_t *future = submitted(pool, return_at_once, NULL);
    CHECK_STATUS(threading_future_add_done_callback(future, note_ident, &runs), THREADING_OK);
    threading_future_free(future);
    gate_open(&gate);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 1);
    CHECK(callback_ident != threading_get_ident());
}

CASE(callback_of_a_cancelled_task_is_called_by_who_cancels)
{
    threading_executor_t *pool = made_busy_pool();
    threading_future_t *future = submitted(pool, return_at_once, NULL);
    CHECK_STATUS(threading_future_add_done_callback(future, note_ident, &runs), THREADING_OK);
    CHECK_STATUS(threading_future_cancel(future), THREADING_OK);
    CHECK_EQUAL(atomic_load(&runs), 1);
    CHECK_EQUAL(callback_ident, threading_get_ident());
    threading_future_free(future);
    gate_open(&gate);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 1);
}

static void submit_in_callback(threading_future_t *future, void *pool)
{
    (void)future;
    submit_and_forget(pool, count_run, NULL);
}

CASE(callback_may_submit_tasks)
{
    threading_executor_t *pool = made_busy_pool();
    threading_future_t *future = submitted(pool, return_at_once, NULL);
    CHECK_STATUS(threading_future_add_done_callback(future, submit_in_callback, pool), THREADING_OK);
    gate_open(&gate);
    threading_future_free(future);
    AWAIT(atomic_load(&runs) == 1);
    end_pool(pool);
}

static void count_and_stay(threading_future_t *future, void *arg)
{
    (void)future;
    (void)stay(arg);
}

static void *let_the_callback_end(void *arg)
{
    gate_open(&gate);
    return arg;
}

static atomic_bool callback_is_there;

static void *await_callback(void *arg)
{
    AWAIT(atomic_load(&callback_is_there));
    return arg;
}

/* The thread that runs the callback is not idle: the next task needs another. */
CASE(task_that_a_callback_waits_for_is_run_by_another_thread)
{
    threading_executor_t *pool = made_pool(2);
    gate_close(&gate);
    threading_future_t *first = submitted(pool, await_callback, NULL);
    CHECK_STATUS(threading_future_add_done_callback(first, count_and_stay, NULL), THREADING_OK);
    atomic_store(&callback_is_there, true);
    AWAIT(atomic_load(&entered) == 1);
    CHECK(value_of(submitted(pool, let_the_callback_end, &object)) == &object);
    threading_future_free(first);
    end_pool(pool);
}

/* --------------------------------------------------------------------------------------------- threads */

/* CPython: test_concurrent_futures.test_thread_pool.ThreadPoolExecutorTest.test_saturation */
CASE(threads_are_started_as_tasks_come_and_never_more_than_allowed)
{
    threading_executor_t *pool = made_pool(4);
    CHECK_EQUAL(thread_count(), 0);
    gate_close(&gate);
    for (size_t i = 1; i <= 60; i++) {
        submit_and_forget(pool, stay, NULL);
        CHECK_EQUAL(thread_count(), i < 4 ? i : 4);
    }
    AWAIT(atomic_load(&entered) == 4);
    gate_open(&gate);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&entered), 60);
    CHECK_EQUAL(thread_count(), 0);
}

static atomic_int at_once, most_at_once;

static void *count_at_once(void *arg)
{
    int now = atomic_fetch_add(&at_once, 1) + 1;
    int most = atomic_load(&most_at_once);
    while (now > most && !atomic_compare_exchange_weak(&most_at_once, &most, now))
        continue;
    (void)threading_sleep(0.0002);
    atomic_fetch_sub(&at_once, 1);
    return arg;
}

CASE(no_more_tasks_run_at_once_than_allowed)
{
    threading_executor_t *pool = made_pool(3);
    for (int i = 0; i < 100; i++)
        submit_and_forget(pool, count_at_once, NULL);
    end_pool(pool);
    CHECK(atomic_load(&most_at_once) <= 3);
}

/* Sooner or later a thread is idle when a task comes. The sleeps grow, so that it is sooner.
 * CPython: test_concurrent_futures.test_thread_pool.ThreadPoolExecutorTest.test_idle_thread_reuse */
CASE(idle_thread_is_used_again)
{
    size_t submits = 0;
    threading_executor_t *pool = made_pool(1000);
    do {
        CHECK_EQUAL(submits, thread_count());
        CHECK(submits < 100);
        (void)threading_sleep(0.001 * (double)submits);
        (void)value_of(submitted(pool, return_at_once, NULL));
        submits++;
    } while (thread_count() == submits);
    CHECK(thread_count() < submits);
    end_pool(pool);
}

static atomic_int arrived;

static void *meet_the_others(void *parties)
{
    meet(&arrived, *(int *)parties);
    return NULL;
}

/* Tasks that wait for each other never end if one idle thread is counted for two of them. */
CASE(idle_thread_is_given_to_one_task_only)
{
    static int parties = 3;
    threading_future_t *futures[3];
    threading_executor_t *pool = made_pool(3);
    for (int round = 0; round < (is_slow() ? 20 : 200); round++) {
        for (int i = 0; i < parties; i++)
            futures[i] = submitted(pool, meet_the_others, &parties);
        for (int i = 0; i < parties; i++)
            (void)value_of(futures[i]);
        if (round % 3 == 0)
            (void)value_of(submitted(pool, return_at_once, NULL));
    }
    CHECK(thread_count() <= 3);
    end_pool(pool);
}

/* CPython: test_concurrent_futures.test_thread_pool.ThreadPoolExecutorTest.test_default_workers */
CASE(default_is_as_many_threads_as_can_run_at_once)
{
    size_t expected = threading_available_parallelism();
    threading_executor_t *pool = made_pool(0);
    gate_close(&gate);
    for (size_t i = 0; i < expected + 8; i++)
        submit_and_forget(pool, stay, NULL);
    CHECK_EQUAL(thread_count(), expected);
    AWAIT((size_t)atomic_load(&entered) == expected);
    gate_open(&gate);
    end_pool(pool);
}

CASE(number_of_threads_may_be_without_a_limit)
{
    threading_executor_t *pool = made_pool(SIZE_MAX);
    CHECK(value_of(submitted(pool, return_at_once, &object)) == &object);
    end_pool(pool);
}

static void *check_thread(void *unused)
{
    threading_thread_t *me = threading_current_thread();
    threading_thread_t *listed[4] = {NULL, NULL, NULL, NULL};
    size_t count = threading_enumerate(listed, 4);
    bool is_listed = false;
    CHECK_EQUAL(count, 2);
    for (size_t i = 0; i < count; i++) {
        is_listed = is_listed || listed[i] == me;
        threading_thread_free(listed[i]);
    }
    CHECK(is_listed);
    CHECK(threading_thread_is_alive(me));
    CHECK(me != threading_main_thread());
    CHECK_EQUAL(threading_thread_ident(me), threading_get_ident());
    return unused;
}

CASE(thread_of_a_pool_is_a_thread_as_any)
{
    threading_executor_t *pool = made_pool(1);
    (void)value_of(submitted(pool, check_thread, NULL));
    end_pool(pool);
}

static atomic_int finalised;

static void count_finalised(void *copy)
{
    (void)copy;
    atomic_fetch_add(&finalised, 1);
}

static threading_local_t local = THREADING_LOCAL_INIT_WITH(int, NULL, count_finalised);

static void *count_in_local(void *expected)
{
    CHECK_EQUAL((*(int *)threading_local_get(&local))++, (int *)expected - numbers);
    return NULL;
}

CASE(locals_of_a_thread_are_kept_from_task_to_task_until_its_end)
{
    threading_executor_t *pool = made_pool(1);
    for (int i = 0; i < 10; i++)
        (void)value_of(submitted(pool, count_in_local, &numbers[i]));
    CHECK_EQUAL(atomic_load(&finalised), 0);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&finalised), 1);
}

/* ----------------------------------------------------------------------------------------------- names */

static void *copy_name(void *text)
{
    atomic_fetch_add(&entered, 1);
    snprintf(text, 80, "%s", threading_thread_name(threading_current_thread()));
    gate_pass(&gate);
    return text;
}

/* Three threads, each busy, have the names that begin so and end in _0, _1 and _2. */
static void check_names(threading_executor_t *pool, const char *prefix)
{
    char names[3][80], expected[80];
    threading_future_t *futures[3];
    gate_close(&gate);
    for (int i = 0; i < 3; i++) {
        int before = atomic_load(&entered);
        futures[i] = submitted(pool, copy_name, names[i]);
        AWAIT(atomic_load(&entered) == before + 1);
    }
    gate_open(&gate);
    for (int i = 0; i < 3; i++) {
        snprintf(expected, sizeof expected, "%s_%d", prefix, i);
        CHECK_TEXT(value_of(futures[i]), expected);
    }
    end_pool(pool);
}

/* CPython: test_concurrent_futures.test_shutdown.ThreadPoolShutdownTest.test_thread_names_assigned */
CASE(threads_are_named_after_their_pool)
{
    check_names(made_with(3, (threading_executor_options_t){.name = "pool"}), "pool");
}

/* CPython: test_concurrent_futures.test_shutdown.ThreadPoolShutdownTest.test_thread_names_default */
CASE(pools_without_a_name_are_numbered_and_named_ones_are_not)
{
    threading_executor_t *first = made_pool(3);
    threading_executor_t *named = made_with(3, (threading_executor_options_t){.name = "pool"});
    threading_executor_t *second = made_with(3, (threading_executor_options_t){.name = ""});
    threading_executor_t *third = made_with(3, (threading_executor_options_t){0});
    check_names(third, "ThreadPoolExecutor-2");
    check_names(first, "ThreadPoolExecutor-0");
    check_names(named, "pool");
    check_names(second, "ThreadPoolExecutor-1");
}

CASE(name_of_a_pool_is_copied)
{
    char name[] = "kept";
    threading_executor_t *pool = made_with(3, (threading_executor_options_t){.name = name});
    memset(name, 'x', sizeof name - 1);
    check_names(pool, "kept");
}

CASE(name_of_a_pool_may_be_long)
{
    check_names(made_with(3, (threading_executor_options_t){.name = "a name that no system could hold"}),
                "a name that no system could hold");
}

CASE(threads_of_pools_consume_no_number_of_threads)
{
    threading_executor_t *pool = made_pool(2);
    (void)value_of(submitted(pool, return_at_once, NULL));
    threading_thread_t *thread = threading_thread_new(NULL, NULL, NULL);
    CHECK_TEXT(threading_thread_name(thread), "Thread-1");
    threading_thread_free(thread);
    end_pool(pool);
}

/* --------------------------------------------------------------------------------------------- options */

static void *tell_daemon(void *unused)
{
    (void)unused;
    return threading_thread_daemon(threading_current_thread()) ? &object : NULL;
}

static bool runs_in_daemons(threading_executor_t *pool)
{
    bool result = value_of(submitted(pool, tell_daemon, NULL)) == &object;
    end_pool(pool);
    return result;
}

static void *check_daemons(void *inherited)
{
    CHECK_EQUAL(runs_in_daemons(made_pool(1)), inherited != NULL);
    CHECK(runs_in_daemons(made_with(1, (threading_executor_options_t){.daemon = THREADING_DAEMON})));
    CHECK(!runs_in_daemons(made_with(1, (threading_executor_options_t){.daemon = THREADING_NOT_DAEMON})));
    return NULL;
}

CASE(threads_are_daemons_as_who_submits_or_as_the_option_says)
{
    check_daemons(NULL);
    finished(started(check_daemons, NULL));
    foreign_join(foreign_start(check_daemons, &object));
    threading_thread_t *daemon = threading_thread(check_daemons, &object, .daemon = true);
    CHECK_STATUS(threading_thread_start(daemon), THREADING_OK);
    finished(daemon);
}

static void *submit_for_daemon(void *pool)
{
    CHECK(value_of(submitted(pool, tell_daemon, NULL)) == &object);
    return NULL;
}

CASE(who_submits_counts_and_not_who_made_the_pool)
{
    threading_executor_t *pool = made_pool(1);
    threading_thread_t *daemon = threading_thread(submit_for_daemon, pool, .daemon = true);
    CHECK_STATUS(threading_thread_start(daemon), THREADING_OK);
    finished(daemon);
    end_pool(pool);
}

/* Each time; and nothing is queued. */
static void check_refused(threading_executor_t *pool, threading_status_t status)
{
    for (int i = 0; i < 3; i++) {
        threading_future_t *future = (threading_future_t *)&object;
        CHECK_STATUS(threading_executor_submit(pool, count_run, NULL, &future), status);
        CHECK(future == (threading_future_t *)&object);
        CHECK_STATUS(threading_executor_submit(pool, count_run, NULL, NULL), status);
    }
    CHECK_EQUAL(thread_count(), 0);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 0);
}

CASE(wrong_options_are_told_by_submit)
{
    check_refused(made_with(2, (threading_executor_options_t){.daemon = 2}), THREADING_INVALID);
    check_refused(made_with(2, (threading_executor_options_t){.daemon = -7}), THREADING_INVALID);
    check_refused(made_with(2, (threading_executor_options_t){.stack_size = 1}), THREADING_INVALID);
    check_refused(made_with(2, (threading_executor_options_t){.stack_size = 32767}), THREADING_INVALID);
}

static bool has_stack_sizes(void)
{
    return threading_stack_size(0, NULL) != THREADING_UNSUPPORTED;
}

CASE(threads_that_the_system_refuses_are_told_by_submit)
{
    check_refused(made_with(2, (threading_executor_options_t){.stack_size = SIZE_MAX / 8 * 7}),
                  has_stack_sizes() ? THREADING_NO_THREADS : THREADING_UNSUPPORTED);
}

CASE(stack_size_is_that_of_the_option)
{
    threading_executor_t *pool = made_with(1, (threading_executor_options_t){.stack_size = 262144});
    if (!has_stack_sizes()) {
        check_refused(pool, THREADING_UNSUPPORTED);
        return;
    }
    CHECK(value_of(submitted(pool, return_at_once, &object)) == &object);
    end_pool(pool);
}

/* ----------------------------------------------------------------------------------------- initializer */

static threading_local_t prepared = THREADING_LOCAL_INIT(bool);
static atomic_int preparations;

static bool prepare(void *arg)
{
    CHECK(arg == &object);
    CHECK(!*(bool *)threading_local_get(&prepared));
    *(bool *)threading_local_get(&prepared) = true;
    atomic_fetch_add(&preparations, 1);
    return true;
}

static void *check_prepared(void *arg)
{
    CHECK(*(bool *)threading_local_get(&prepared));
    return stay(arg);
}

/* CPython: test_concurrent_futures.test_init.InitializerMixin.test_initializer */
CASE(initializer_is_called_once_by_each_thread_before_its_first_task)
{
    threading_executor_t *pool =
        made_with(3, (threading_executor_options_t){.initializer = prepare, .initializer_arg = &object});
    CHECK_EQUAL(atomic_load(&preparations), 0);
    gate_close(&gate);
    submit_and_forget(pool, check_prepared, NULL);
    AWAIT(atomic_load(&entered) == 1);
    CHECK_EQUAL(atomic_load(&preparations), 1);
    for (int i = 0; i < 50; i++)
        submit_and_forget(pool, check_prepared, NULL);
    AWAIT(atomic_load(&entered) == 3);
    gate_open(&gate);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&preparations), 3);
    CHECK_EQUAL(atomic_load(&entered), 51);
}

/* ----------------------------------------------------------------------------------- input, references */

CASE(submit_of_null_is_refused)
{
    threading_executor_t *pool = made_pool(1);
    threading_future_t *future = (threading_future_t *)&object;
    CHECK_STATUS(threading_executor_submit(NULL, count_run, NULL, &future), THREADING_INVALID);
    CHECK_STATUS(threading_executor_submit(NULL, NULL, NULL, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_executor_submit(pool, NULL, NULL, &future), THREADING_INVALID);
    CHECK(future == (threading_future_t *)&object);
    CHECK_EQUAL(thread_count(), 0);
    end_pool(pool);
}

CASE(null_is_no_executor)
{
    CHECK(threading_executor_retain(NULL) == NULL);
    threading_executor_free(NULL);
    CHECK_STATUS(threading_executor_shutdown(NULL, true, true), THREADING_INVALID);
}

CASE(pool_lives_as_long_as_anyone_holds_it)
{
    threading_executor_t *pool = made_pool(1);
    CHECK(threading_executor_retain(pool) == pool);
    threading_executor_free(pool);
    CHECK(value_of(submitted(pool, return_at_once, &object)) == &object);
    end_pool(pool);
}

static void use_pool(threading_executor_t *pool)
{
    for (int i = 0; i < 20; i++)
        (void)value_of(submitted(pool, return_at_once, NULL));
}

/* What one thread frees the C library may keep for that thread: only what grows is a leak. */
CASE(tasks_leave_no_memory_behind)
{
    threading_executor_t *pool = made_pool(2);
    use_pool(pool);
    size_t before = allocated_bytes();
    for (int i = 0; i < 200; i++)
        use_pool(pool);
    CHECK(allocated_bytes() <= before + 64000);
    end_pool(pool);
}

CASE(pools_leave_no_memory_behind)
{
    size_t before = 0;
    for (int i = 0; i < (is_slow() ? 60 : 200); i++) {
        threading_executor_t *pool = made_with(2, (threading_executor_options_t){.name = "pool"});
        use_pool(pool);
        end_pool(pool);
        if (i == 20)
            before = allocated_bytes();
    }
    CHECK(allocated_bytes() <= before + 64000);
}
