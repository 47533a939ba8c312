/* SPDX-License-Identifier: MIT */
/* Executors in a forked child: those of the parent are broken there, since their threads are not; new ones
 * work. */
#include "child.h"
#include "conformance.h"
#include "crowd.h"
#include "gate.h"
#include "tasks.h"

static int object, untouched;
static threading_executor_t *pool;
static threading_future_t *pending, *running, *finished_one, *cancelled;
static threading_lock_t gate;
static atomic_int entered, runs;

static void *count_run(void *arg)
{
    atomic_fetch_add(&runs, 1);
    return arg;
}

static void *stay(void *arg)
{
    atomic_fetch_add(&entered, 1);
    gate_pass(&gate);
    return arg;
}

/* A pool of one thread with a future in every state. */
static void make_pool_with_futures(void)
{
    pool = made_pool(1);
    finished_one = submitted(pool, return_at_once, &object);
    CHECK_STATUS(threading_future_result(finished_one, NULL), THREADING_OK);
    gate_close(&gate);
    running = submitted(pool, stay, &object);
    pending = submitted(pool, count_run, &object);
    cancelled = submitted(pool, count_run, &object);
    CHECK_STATUS(threading_future_cancel(cancelled), THREADING_OK);
    AWAIT(atomic_load(&entered) == 1);
}

/* The parent is as if nothing had happened. */
static void end_pool_with_futures(void)
{
    gate_open(&gate);
    CHECK(value_of(running) == &object);
    CHECK(value_of(pending) == &object);
    CHECK(value_of(finished_one) == &object);
    check_ends_with(cancelled, THREADING_CANCELLED);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 1);
}

static void with_futures(role_t role)
{
    make_pool_with_futures();
    in_child(role);
    end_pool_with_futures();
}

static void *increment(void *number)
{
    ++*(int *)number;
    return number;
}

static void new_pool_works(void)
{
    int number = 0;
    threading_executor_t *new_pool = made_pool(2);
    if (!CHILD_OF_TSAN)
        for (int i = 1; i <= 20; i++) {
            CHECK(value_of(submitted(new_pool, increment, &number)) == &number);
            CHECK_EQUAL(number, i);
        }
    end_pool(new_pool);
    CHECK_EQUAL(threading_active_count(), 1);
}

/* --------------------------------------------------------------------------------- the parent's executors */

static void submit_is_refused(void)
{
    void *items[] = {&object, &object}, *results[] = {&untouched, &untouched};
    threading_future_t *future = (threading_future_t *)&object;
    CHECK_STATUS(threading_executor_submit(pool, count_run, NULL, &future), THREADING_BROKEN);
    CHECK_STATUS(threading_executor_submit(pool, count_run, NULL, NULL), THREADING_BROKEN);
    CHECK(future == (threading_future_t *)&object);
    CHECK_STATUS(threading_executor_map(pool, count_run, items, 2, results), THREADING_BROKEN);
    CHECK(results[0] == &untouched && results[1] == &untouched);
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(executor_of_the_parent_is_broken_in_the_child)
{
    with_futures(submit_is_refused);
}

CASE(executor_without_threads_is_broken_in_the_child)
{
    pool = made_pool(1);
    in_child(submit_is_refused);
    CHECK(value_of(submitted(pool, return_at_once, &object)) == &object);
    end_pool(pool);
}

/* Nobody will run what had not begun, nor finish what had. */
static void futures_stay_as_they_were(void)
{
    check_ends_with(cancelled, THREADING_CANCELLED);
    CHECK(value_of(finished_one) == &object);
    CHECK(threading_future_running(running));
    CHECK_STATUS(threading_future_result_timeout(running, 0.01, NULL), THREADING_TIMEOUT);
    CHECK_STATUS(threading_future_result_timeout(pending, 0.01, NULL), THREADING_TIMEOUT);
    CHECK_STATUS(threading_future_cancel(running), THREADING_BUSY);
    CHECK_STATUS(threading_future_cancel(pending), THREADING_OK);
    check_ends_with(pending, THREADING_CANCELLED);
    threading_future_free(running);
    CHECK_EQUAL(atomic_load(&runs), 0);
}

CASE(futures_of_the_parent_stay_as_they_were_in_the_child)
{
    with_futures(futures_stay_as_they_were);
}

static void own_future_works(void)
{
    threading_future_t *future = made_future();
    set_value(future, &object);
    CHECK(value_of(future) == &object);
    set_value(pending, &untouched);
    CHECK(value_of(pending) == &untouched);
}

CASE(future_of_nobodys_executor_goes_on_in_both)
{
    pending = made_future();
    in_child(own_future_works);
    CHECK(!threading_future_done(pending));
    set_value(pending, &object);
    CHECK(value_of(pending) == &object);
}

static void shutdown_waits_for_nobody(void)
{
    for (int i = 0; i < 4; i++)
        CHECK_STATUS(threading_executor_shutdown(pool, i % 2 == 0, i / 2 == 0), THREADING_OK);
    CHECK_EQUAL(atomic_load(&runs), 0);
}

CASE(shutdown_of_the_parents_executor_waits_for_nobody)
{
    with_futures(shutdown_waits_for_nobody);
}

static void executor_may_be_given_back(void)
{
    threading_executor_free(pool);
    new_pool_works();
}

CASE(executor_of_the_parent_may_be_given_back_in_the_child)
{
    with_futures(executor_may_be_given_back);
}

CASE(new_executor_works_in_the_child)
{
    make_pool_with_futures();
    in_child(new_pool_works);
    in_child(new_pool_works);
    end_pool_with_futures();
}

static void nothing(void)
{
}

CASE(child_that_exits_waits_for_no_executor_of_the_parent)
{
    make_pool_with_futures();
    in_exiting_child(nothing, 5);
    end_pool_with_futures();
}

static void *say(void *text)
{
    puts(text);
    return NULL;
}

static void fill_own_pool(void)
{
    static char text[] = "task of the child";
    static threading_executor_t *volatile kept;
    kept = made_pool(1);
    submit_and_forget(kept, say, text);
}

/* CPython: test_concurrent_futures.test_shutdown.ExecutorShutdownTest.test_interpreter_shutdown */
EXIT_CASE(child_that_exits_runs_what_is_queued_in_its_own_executors, 0, "task of the child|parent|")
{
    needs_threads_in_the_child();
    make_pool_with_futures();
    in_exiting_child(fill_own_pool, 7);
    end_pool_with_futures();
    puts("parent");
}

/* ---------------------------------------------------------------------------------------- forks in tasks */

static role_t task_role;

static void *fork_in_task(void *arg)
{
    in_child(task_role);
    return arg;
}

static void submit_is_refused_and_new_pool_works(void)
{
    submit_is_refused();
    new_pool_works();
}

/* CPython: test_concurrent_futures.test_thread_pool.ThreadPoolExecutorTest.test_process_fork_from_a_threadpool */
CASE(task_may_fork_and_its_child_may_use_executors)
{
    pool = made_pool(2);
    task_role = submit_is_refused_and_new_pool_works;
    for (int i = 0; i < 5; i++)
        CHECK(value_of(submitted(pool, fork_in_task, &object)) == &object);
    end_pool(pool);
}

static void *fail_later(void *future)
{
    (void)threading_sleep(0.01);
    set_failure(future);
    return NULL;
}

/* A wait that may run tasks, and that ends by something else. */
static void pending_task_is_not_run(void)
{
    threading_future_t *futures[] = {pending, made_future()};
    threading_thread_t *thread = started(fail_later, futures[1]);
    CHECK_STATUS(threading_wait(futures, 2, THREADING_FOREVER, THREADING_FIRST_EXCEPTION, NULL),
                 THREADING_OK);
    CHECK(!threading_future_done(pending));
    CHECK_EQUAL(atomic_load(&runs), 0);
    finished(thread);
    free_all(futures, 2);
}

static void *stay_and_fork(void *arg)
{
    stay(arg);
    in_child(pending_task_is_not_run);
    return arg;
}

CASE(queued_task_of_the_parent_is_not_run_by_the_child_of_a_task)
{
    needs_threads_in_the_child();
    pool = made_pool(1);
    gate_close(&gate);
    threading_future_t *first = submitted(pool, stay_and_fork, &object);
    pending = submitted(pool, count_run, &object);
    gate_open(&gate);
    CHECK(value_of(first) == &object);
    CHECK(value_of(pending) == &object);
    end_pool(pool);
}

static void *fork_and_return(void *arg)
{
    child_t child = fork_now();
    if (child != 0)
        CHECK_EQUAL(code_of(child), 0);
    return arg;
}

/* What is queued in the parent is not run twice. */
EXIT_CASE(child_that_returns_from_the_task_ends_with_0, 0, "task|parent|")
{
    static char text[] = "task";
    if (CHILD_OF_TSAN)
        SKIP("under ThreadSanitizer a process does not end with its last thread");
    pool = made_pool(1);
    threading_future_t *future = submitted(pool, fork_and_return, &object);
    submit_and_forget(pool, say, text);
    CHECK(value_of(future) == &object);
    end_pool(pool);
    puts("parent");
}

/* ------------------------------------------------------------------------------------------- a storm */

static atomic_bool stop;

static void *submit_all_the_time(void *arg)
{
    atomic_fetch_add(&entered, 1);
    while (!atomic_load(&stop))
        CHECK(value_of(submitted(pool, return_at_once, &object)) == &object);
    return arg;
}

#if defined(__SANITIZE_ADDRESS__) || CHILD_HAS_FEATURE(address_sanitizer)
#define CHILD_OF_ASAN true
#else
#define CHILD_OF_ASAN false
#endif

/* CPython: test_concurrent_futures.test_thread_pool.ThreadPoolExecutorTest.test_hang_global_shutdown_lock */
CASE(fork_while_threads_submit)
{
    /* slow */
    if (CHILD_OF_ASAN)
        SKIP("AddressSanitizer's allocator stays locked when another thread allocates during the fork");
    threading_thread_t *threads[3];
    pool = made_pool(3);
    start_many(threads, 3, submit_all_the_time, NULL);
    AWAIT(atomic_load(&entered) == 3);
    for (int i = is_slow() ? 20 : 100; i > 0; i--)
        in_child(submit_is_refused_and_new_pool_works);
    atomic_store(&stop, true);
    finish_many(threads, 3);
    end_pool(pool);
}
