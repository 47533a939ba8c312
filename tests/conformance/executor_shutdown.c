/* SPDX-License-Identifier: MIT */
/* The end of an executor: by shutdown, by its last reference, by an initializer that failed. */
#include "conformance.h"
#include "crowd.h"
#include "gate.h"
#include "tasks.h"

static int object;
static threading_executor_t *pool;
static threading_lock_t gate;
static atomic_int entered, runs;

static void *count_run(void *arg)
{
    atomic_fetch_add(&runs, 1);
    return arg;
}

static void *count_late_run(void *arg)
{
    (void)threading_sleep(0.001);
    return count_run(arg);
}

static void *stay(void *arg)
{
    atomic_fetch_add(&entered, 1);
    gate_pass(&gate);
    return arg;
}

/* One thread, which is busy until the gate is opened: what is submitted next is queued. */
static threading_future_t *make_busy_pool(void)
{
    int before = atomic_load(&entered);
    pool = made_pool(1);
    gate_close(&gate);
    threading_future_t *future = submitted(pool, stay, &object);
    AWAIT(atomic_load(&entered) == before + 1);
    return future;
}

static void shut_down(bool wait, bool cancel_futures)
{
    CHECK_STATUS(threading_executor_shutdown(pool, wait, cancel_futures), THREADING_OK);
}

static void check_submit_gives(threading_status_t status)
{
    threading_future_t *future = (threading_future_t *)&object;
    CHECK_STATUS(threading_executor_submit(pool, count_run, NULL, &future), status);
    CHECK(future == (threading_future_t *)&object);
    CHECK_STATUS(threading_executor_submit(pool, count_run, NULL, NULL), status);
}

/* For pools that nobody joins. */
static void await_end_of_threads(void)
{
    AWAIT(threading_active_count() == 1);
}

static void submit_all(threading_future_t **futures, int count, threading_target_t task)
{
    for (int i = 0; i < count; i++)
        futures[i] = submitted(pool, task, &object);
}

static void check_all_end_with(threading_future_t **futures, int count, threading_status_t status)
{
    for (int i = 0; i < count; i++)
        check_ends_with(futures[i], status);
}

static void check_all_values(threading_future_t **futures, int count)
{
    for (int i = 0; i < count; i++)
        CHECK(value_of(futures[i]) == &object);
}

/* ---------------------------------------------------------------------------------------- what it refuses */

/* CPython: test_concurrent_futures.test_shutdown.ExecutorShutdownTest.test_run_after_shutdown */
CASE(submit_after_a_shutdown_is_refused)
{
    pool = made_pool(2);
    shut_down(true, false);
    check_submit_gives(THREADING_SHUTDOWN);
    threading_executor_free(pool);
    pool = made_pool(2);
    shut_down(false, false);
    check_submit_gives(THREADING_SHUTDOWN);
    threading_executor_free(pool);
    CHECK_EQUAL(atomic_load(&runs), 0);
    CHECK_EQUAL(threading_active_count(), 1);
}

static void *check_refused_after_gate(void *arg)
{
    gate_pass(&gate);
    check_submit_gives(THREADING_SHUTDOWN);
    return arg;
}

CASE(submit_in_a_task_after_the_shutdown_began_is_refused)
{
    pool = made_pool(2);
    gate_close(&gate);
    threading_future_t *future = submitted(pool, check_refused_after_gate, &object);
    shut_down(false, false);
    gate_open(&gate);
    CHECK(value_of(future) == &object);
    end_pool(pool);
}

/* -------------------------------------------------------------------------------------- what it waits for */

/* CPython: test_concurrent_futures.test_shutdown.ThreadPoolShutdownTest.test_threads_terminate */
CASE(shutdown_with_wait_joins_the_threads)
{
    threading_future_t *futures[3];
    pool = made_pool(3);
    submit_all(futures, 3, count_run);
    shut_down(true, false);
    CHECK_EQUAL(threading_active_count(), 1);
    CHECK_EQUAL(atomic_load(&runs), 3);
    threading_executor_free(pool);
    check_all_values(futures, 3);
}

/* CPython: test_concurrent_futures.test_shutdown.ThreadPoolShutdownTest.test_context_manager_shutdown */
CASE(shutdown_of_idle_threads_ends_them)
{
    threading_future_t *futures[5];
    pool = made_pool(5);
    gate_close(&gate);
    submit_all(futures, 5, stay);
    gate_open(&gate);
    check_all_values(futures, 5);
    (void)threading_sleep(0.01); /* they may be idle now */
    end_pool(pool);
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(shutdown_of_a_pool_without_threads)
{
    for (int i = 0; i < 8; i++) {
        pool = made_pool((size_t)i);
        shut_down(i % 2 == 0, i % 4 < 2);
        threading_executor_free(pool);
    }
    CHECK_EQUAL(threading_active_count(), 1);
}

/* CPython: test_concurrent_futures.test_shutdown.ExecutorShutdownTest.test_hang_issue12364 */
CASE(queued_tasks_are_run_before_the_shutdown_returns)
{
    threading_future_t *futures[50];
    pool = made_pool(2);
    submit_all(futures, 50, count_late_run);
    shut_down(true, false);
    CHECK_EQUAL(atomic_load(&runs), 50);
    check_all_values(futures, 50);
    threading_executor_free(pool);
}

static int plain; /* not atomic: the shutdown alone makes it right */

static void *add_to_plain(void *arg)
{
    plain++;
    return arg;
}

/* CPython: test_concurrent_futures.executor.ExecutorTest.test_shutdown_race_issue12456 */
CASE(shutdown_sees_all_that_the_tasks_did)
{
    for (int i = 1; i <= 100; i++) {
        pool = made_pool(1);
        for (int j = 0; j < 3; j++)
            submit_and_forget(pool, add_to_plain, NULL);
        shut_down(true, false);
        CHECK_EQUAL(plain, 3 * i);
        threading_executor_free(pool);
    }
}

/* CPython: test_concurrent_futures.test_shutdown.ThreadPoolShutdownTest.test_shutdown_no_wait */
CASE(shutdown_without_wait_returns_at_once_and_the_tasks_are_run)
{
    threading_future_t *first = make_busy_pool(), *futures[10];
    submit_all(futures, 10, count_run);
    shut_down(false, false);
    CHECK(!threading_future_done(first));
    CHECK_EQUAL(atomic_load(&runs), 0);
    gate_open(&gate);
    CHECK(value_of(first) == &object);
    check_all_values(futures, 10);
    await_end_of_threads();
    threading_executor_free(pool);
}

CASE(shutdown_may_be_repeated_in_every_way)
{
    threading_future_t *first = make_busy_pool(), *futures[10];
    submit_all(futures, 10, count_run);
    shut_down(false, false);
    shut_down(false, false);
    check_submit_gives(THREADING_SHUTDOWN);
    shut_down(false, true);
    check_all_end_with(futures, 10, THREADING_CANCELLED);
    gate_open(&gate);
    for (int i = 0; i < 8; i++)
        shut_down(i % 2 == 0, i % 4 < 2);
    CHECK_EQUAL(threading_active_count(), 1);
    CHECK(value_of(first) == &object);
    threading_executor_free(pool);
    CHECK_EQUAL(atomic_load(&runs), 0);
}

static void *shut_down_and_look(void *arg)
{
    shut_down(true, false);
    CHECK_EQUAL(atomic_load(&runs), 10);
    return arg;
}

CASE(many_threads_may_shut_down_at_once)
{
    threading_thread_t *threads[6];
    threading_future_t *first = make_busy_pool(), *futures[10];
    submit_all(futures, 10, count_late_run);
    start_many(threads, 6, shut_down_and_look, NULL);
    foreign_t *foreign = foreign_start(shut_down_and_look, NULL);
    (void)threading_sleep(0.01); /* they may wait already */
    gate_open(&gate);
    shut_down_and_look(NULL);
    finish_many(threads, 6);
    foreign_join(foreign);
    CHECK(value_of(first) == &object);
    check_all_values(futures, 10);
    threading_executor_free(pool);
}

/* Its result may be dropped, so it waits. */
CASE(shutdown_does_not_heed_a_stop)
{
    threading_stop_t stop = {0};
    pool = made_pool(1);
    CHECK_STATUS(threading_stop_request(&stop), THREADING_OK);
    (void)threading_stop_heed(&stop);
    for (int i = 0; i < 10; i++)
        submit_and_forget(pool, count_late_run, NULL);
    shut_down(true, false);
    CHECK_EQUAL(atomic_load(&runs), 10);
    (void)threading_stop_heed(NULL);
    threading_executor_free(pool);
}

/* -------------------------------------------------------------------------------------- cancelled futures */

/* CPython: test_concurrent_futures.test_shutdown.ExecutorShutdownTest.test_cancel_futures */
CASE(shutdown_that_cancels_ends_the_queued_and_not_the_running)
{
    threading_future_t *first = make_busy_pool(), *futures[20];
    submit_all(futures, 20, count_run);
    shut_down(false, true);
    CHECK(threading_future_running(first));
    for (int i = 0; i < 20; i++)
        CHECK(threading_future_cancelled(futures[i]));
    check_all_end_with(futures, 20, THREADING_CANCELLED); /* the gate is still closed */
    gate_open(&gate);
    shut_down(true, true);
    CHECK(value_of(first) == &object);
    CHECK_EQUAL(atomic_load(&runs), 0);
    threading_executor_free(pool);
}

/* CPython: test_concurrent_futures.test_shutdown.ThreadPoolShutdownTest.test_cancel_futures_wait_false */
CASE(shutdown_that_cancels_without_wait_lets_the_running_finish)
{
    threading_future_t *first = make_busy_pool();
    shut_down(false, true);
    threading_executor_free(pool);
    gate_open(&gate);
    CHECK(value_of(first) == &object);
    await_end_of_threads();
}

static uint32_t callback_ident;

static void count_cancelled(threading_future_t *future, void *arg)
{
    CHECK(threading_future_cancelled(future));
    callback_ident = threading_get_ident();
    atomic_fetch_add((atomic_int *)arg, 1);
}

CASE(shutdown_that_cancels_calls_the_callbacks)
{
    threading_future_t *first = make_busy_pool(), *futures[20];
    submit_all(futures, 20, count_run);
    for (int i = 0; i < 20; i++)
        CHECK_STATUS(threading_future_add_done_callback(futures[i], count_cancelled, &runs), THREADING_OK);
    shut_down(false, true);
    CHECK_EQUAL(atomic_load(&runs), 20);
    CHECK_EQUAL(callback_ident, threading_get_ident());
    gate_open(&gate);
    CHECK(value_of(first) == &object);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 20);
    free_all(futures, 20);
}

static void *wait_for_cancelled(void *future)
{
    check_ends_with(future, THREADING_CANCELLED);
    return NULL;
}

CASE(shutdown_that_cancels_wakes_those_who_wait)
{
    threading_future_t *first = make_busy_pool();
    threading_thread_t *waits = started(wait_for_cancelled, submitted(pool, count_run, NULL));
    (void)threading_sleep(0.01); /* it may wait already */
    shut_down(false, true);
    finished(waits);
    gate_open(&gate);
    CHECK(value_of(first) == &object);
    end_pool(pool);
}

/* CPython: test_concurrent_futures.test_shutdown.ExecutorShutdownTest.test_hang_gh94440 */
CASE(shutdown_after_a_cancel_of_all_that_was_queued_returns)
{
    for (int i = 0; i < (is_slow() ? 50 : 200); i++) {
        pool = made_pool(1);
        (void)value_of(submitted(pool, return_at_once, NULL));
        threading_future_t *future = submitted(pool, count_run, NULL);
        (void)threading_future_cancel(future);
        shut_down(true, false);
        CHECK(threading_future_done(future));
        threading_future_free(future);
        threading_executor_free(pool);
    }
}

/* -------------------------------------------------------------------------------------------- deadlocks */

static void *shut_down_own_pool(void *arg)
{
    for (int i = 0; i < 3; i++)
        CHECK_STATUS(threading_executor_shutdown(pool, true, false), THREADING_DEADLOCK);
    check_submit_gives(THREADING_SHUTDOWN);
    shut_down(false, false);
    return arg;
}

static void check_own_shutdown(size_t max_workers)
{
    pool = made_pool(max_workers);
    CHECK(value_of(submitted(pool, shut_down_own_pool, &object)) == &object);
    check_submit_gives(THREADING_SHUTDOWN);
    end_pool(pool);
}

CASE(shutdown_with_wait_in_a_task_is_a_deadlock_and_shuts_down)
{
    check_own_shutdown(1);
    check_own_shutdown(3);
}

/* The other thread ends later than this task: a shutdown that joined it first would never come to tell. */
CASE(shutdown_with_wait_in_a_task_waits_for_no_other_thread)
{
    pool = made_pool(2);
    gate_close(&gate);
    threading_future_t *first = submitted(pool, stay, &object);
    AWAIT(atomic_load(&entered) == 1);
    CHECK(value_of(submitted(pool, shut_down_own_pool, &object)) == &object);
    gate_open(&gate);
    CHECK(value_of(first) == &object);
    end_pool(pool);
}

static void *submit_shutdown(void *arg)
{
    return value_of(submitted(pool, shut_down_own_pool, arg));
}

CASE(shutdown_with_wait_in_a_task_run_by_another_is_a_deadlock)
{
    pool = made_pool(1);
    CHECK(value_of(submitted(pool, submit_shutdown, &object)) == &object);
    end_pool(pool);
}

static void *pass_and_shut_down_own_pool(void *arg)
{
    gate_pass(&gate);
    return shut_down_own_pool(arg);
}

CASE(shutdown_in_a_task_is_told_while_another_thread_shuts_down)
{
    pool = made_pool(1);
    gate_close(&gate);
    threading_future_t *future = submitted(pool, pass_and_shut_down_own_pool, &object);
    threading_thread_t *thread = started(shut_down_and_look, NULL);
    atomic_store(&runs, 10);     /* what it looks for */
    (void)threading_sleep(0.01); /* it may wait already */
    gate_open(&gate);
    finished(thread);
    CHECK(value_of(future) == &object);
    threading_executor_free(pool);
}

/* Of the two threads that wait for each other one is told, whichever comes second. */
static threading_status_t told[2];

static void *shut_down_after_gate(void *arg)
{
    gate_pass(&gate);
    told[0] = threading_executor_shutdown(pool, true, false);
    return arg;
}

static void *join_after_gate(void *thread)
{
    gate_pass(&gate);
    told[1] = threading_thread_join(thread);
    return NULL;
}

static void check_one_was_told(void)
{
    CHECK((told[0] == THREADING_DEADLOCK) != (told[1] == THREADING_DEADLOCK));
    CHECK(told[0] == THREADING_OK || told[1] == THREADING_OK);
}

CASE(shutdown_by_a_thread_that_a_task_joins_is_a_deadlock_of_one)
{
    for (int round = 0; round < 50; round++) {
        pool = made_pool(1);
        gate_close(&gate);
        threading_thread_t *thread = started(shut_down_after_gate, NULL);
        threading_future_t *future = submitted(pool, join_after_gate, thread);
        gate_open(&gate);
        (void)value_of(future);
        finished(thread);
        check_one_was_told();
        end_pool(pool);
    }
}

static threading_executor_t *pools[2];

static void *shut_down_the_other(void *place)
{
    size_t mine = (size_t)((threading_status_t *)place - told);
    gate_pass(&gate);
    told[mine] = threading_executor_shutdown(pools[1 - mine], true, false);
    return NULL;
}

CASE(pools_that_shut_each_other_down_are_a_deadlock_of_one)
{
    for (int round = 0; round < 50; round++) {
        threading_future_t *futures[2];
        gate_close(&gate);
        for (int i = 0; i < 2; i++)
            pools[i] = made_pool(1);
        for (int i = 0; i < 2; i++)
            futures[i] = submitted(pools[i], shut_down_the_other, &told[i]);
        gate_open(&gate);
        for (int i = 0; i < 2; i++)
            (void)value_of(futures[i]);
        for (int i = 0; i < 2; i++)
            end_pool(pools[i]);
        check_one_was_told();
    }
}

/* ------------------------------------------------------------------------------------- the last reference */

/* CPython: test_concurrent_futures.test_shutdown.ThreadPoolShutdownTest.test_del_shutdown */
CASE(last_reference_shuts_down_without_waiting)
{
    threading_future_t *first = make_busy_pool(), *futures[10];
    submit_all(futures, 10, count_run);
    threading_executor_free(pool);
    CHECK(!threading_future_done(first));
    gate_open(&gate);
    CHECK(value_of(first) == &object);
    check_all_values(futures, 10);
    await_end_of_threads();
}

CASE(last_reference_ends_idle_threads)
{
    pool = made_pool(2);
    (void)value_of(submitted(pool, return_at_once, NULL));
    (void)threading_sleep(0.005); /* it may be idle now */
    threading_executor_free(pool);
    await_end_of_threads();
}

CASE(last_reference_may_be_given_back_after_a_shutdown)
{
    threading_future_t *first = make_busy_pool();
    threading_future_t *second = submitted(pool, count_run, &object);
    shut_down(false, false);
    threading_executor_free(pool);
    gate_open(&gate);
    CHECK(value_of(first) == &object);
    CHECK(value_of(second) == &object);
    await_end_of_threads();
}

static void *give_pool_back(void *arg)
{
    gate_pass(&gate);
    threading_executor_free(pool);
    return arg;
}

CASE(last_reference_may_be_given_back_in_a_task)
{
    for (int i = 0; i < 50; i++) {
        threading_future_t *futures[10];
        pool = made_pool(2);
        gate_close(&gate);
        threading_future_t *future = submitted(pool, give_pool_back, &object);
        submit_all(futures, 10, count_run);
        gate_open(&gate);
        CHECK(value_of(future) == &object);
        check_all_values(futures, 10);
    }
    await_end_of_threads();
}

static void *shut_down_and_give_back(void *arg)
{
    CHECK_STATUS(threading_executor_shutdown(pool, true, true), THREADING_DEADLOCK);
    threading_executor_free(pool);
    return arg;
}

CASE(last_reference_may_be_given_back_in_the_task_that_shuts_down)
{
    for (int i = 0; i < 50; i++) {
        pool = made_pool(1);
        CHECK(value_of(submitted(pool, shut_down_and_give_back, &object)) == &object);
    }
    await_end_of_threads();
}

/* ---------------------------------------------------------------------------------------------- races */

static atomic_int accepted;

/* Submits until it is refused. */
static void *submit_until_refused(void *arg)
{
    threading_status_t status;
    while ((status = threading_executor_submit(pool, count_run, NULL, NULL)) == THREADING_OK)
        atomic_fetch_add(&accepted, 1);
    CHECK_STATUS(status, THREADING_SHUTDOWN);
    return arg;
}

CASE(task_that_was_accepted_beside_the_shutdown_is_run)
{
    threading_thread_t *threads[3];
    for (int round = 0; round < (is_slow() ? 10 : 50); round++) {
        pool = made_pool(2);
        int before = atomic_load(&accepted);
        start_many(threads, 3, submit_until_refused, NULL);
        AWAIT(atomic_load(&accepted) > before + round);
        shut_down(true, false);
        finish_many(threads, 3);
        CHECK_EQUAL(atomic_load(&runs), atomic_load(&accepted));
        threading_executor_free(pool);
    }
}

CASE(task_beside_a_shutdown_that_cancels_is_either_run_or_cancelled)
{
    enum { count = 100 };
    int expected = 0;
    for (int round = 0; round < (is_slow() ? 10 : 100); round++) {
        threading_future_t *futures[count];
        pool = made_pool(2);
        submit_all(futures, count, count_run);
        shut_down(round % 2 == 0, true);
        for (int i = 0; i < count; i++) {
            threading_status_t status = threading_future_result(futures[i], NULL);
            CHECK_EQUAL(threading_future_cancelled(futures[i]), status == THREADING_CANCELLED);
            expected += status == THREADING_OK;
        }
        CHECK_EQUAL(atomic_load(&runs), expected);
        free_all(futures, count);
        end_pool(pool);
    }
}

/* ------------------------------------------------------------------------------------------ broken pools */

static bool fail_after_gate(void *arg)
{
    CHECK(arg == &object);
    atomic_fetch_add(&entered, 1);
    gate_pass(&gate);
    return false;
}

static threading_executor_t *made_breaking_pool(size_t max_workers, bool (*initializer)(void *arg))
{
    threading_executor_t *breaking = threading_executor_new(
        max_workers, &(threading_executor_options_t){.initializer = initializer, .initializer_arg = &object});
    CHECK(breaking != NULL);
    return breaking;
}

static void count_broken(threading_future_t *future, void *arg)
{
    CHECK(threading_future_done(future));
    CHECK_STATUS(threading_future_result_timeout(future, 0, NULL), THREADING_BROKEN);
    atomic_fetch_add((atomic_int *)arg, 1);
}

/* CPython: test_concurrent_futures.test_init.FailingInitializerMixin.test_initializer */
CASE(initializer_that_fails_breaks_the_pool_and_all_that_is_queued)
{
    threading_future_t *futures[10];
    pool = made_breaking_pool(2, fail_after_gate);
    gate_close(&gate);
    submit_all(futures, 10, count_run);
    CHECK_STATUS(threading_future_cancel(futures[9]), THREADING_OK);
    for (int i = 0; i < 9; i++)
        CHECK_STATUS(threading_future_add_done_callback(futures[i], count_broken, &accepted), THREADING_OK);
    gate_open(&gate);
    CHECK_STATUS(threading_wait(futures, 10, THREADING_FOREVER, THREADING_ALL_COMPLETED, NULL), THREADING_OK);
    CHECK(!threading_future_cancelled(futures[0]) && !threading_future_running(futures[0]));
    check_all_end_with(futures, 9, THREADING_BROKEN);
    check_ends_with(futures[9], THREADING_CANCELLED);
    check_submit_gives(THREADING_BROKEN);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&accepted), 9);
    CHECK_EQUAL(atomic_load(&runs), 0);
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(broken_pool_ends_its_threads_by_itself)
{
    pool = made_breaking_pool(3, fail_after_gate);
    gate_close(&gate);
    for (int i = 0; i < 3; i++)
        submit_and_forget(pool, count_run, NULL);
    gate_open(&gate);
    await_end_of_threads();
    check_submit_gives(THREADING_BROKEN);
    threading_executor_free(pool);
}

CASE(broken_future_is_an_exception)
{
    size_t done = 0;
    threading_future_t *futures[2];
    pool = made_breaking_pool(1, fail_after_gate);
    futures[0] = made_future();
    futures[1] = submitted(pool, count_run, NULL);
    CHECK_STATUS(threading_wait(futures, 2, THREADING_FOREVER, THREADING_FIRST_EXCEPTION, &done),
                 THREADING_OK);
    CHECK_EQUAL(done, 1);
    free_all(futures, 2);
    end_pool(pool);
}

static bool fail_the_second_time(void *unused)
{
    static atomic_int calls;
    (void)unused;
    return atomic_fetch_add(&calls, 1) == 0;
}

CASE(task_that_runs_when_the_pool_breaks_is_finished)
{
    pool = made_breaking_pool(2, fail_the_second_time);
    gate_close(&gate);
    threading_future_t *first = submitted(pool, stay, &object);
    AWAIT(atomic_load(&entered) == 1);
    check_ends_with(submitted(pool, count_run, NULL), THREADING_BROKEN);
    CHECK(threading_future_running(first));
    check_submit_gives(THREADING_BROKEN);
    gate_open(&gate);
    CHECK(value_of(first) == &object);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 0);
}

CASE(broken_pool_may_be_given_back_at_once)
{
    for (int i = 0; i < 50; i++) {
        pool = made_breaking_pool(2, fail_after_gate);
        threading_future_t *future = submitted(pool, count_run, NULL);
        threading_executor_free(pool);
        check_ends_with(future, THREADING_BROKEN);
    }
    await_end_of_threads();
}
