/* SPDX-License-Identifier: MIT */
/* Groups and loops in a forked child: the tasks of the parent are not there. */
#include "child.h"
#include "conformance.h"
#include "gate.h"
#include "tasks.h"

static threading_group_t group;
static threading_executor_t *pool;
static threading_lock_t gate;
static atomic_int entered, runs;

static threading_status_t count_run(void *arg)
{
    (void)arg;
    atomic_fetch_add(&runs, 1);
    return THREADING_OK;
}

static threading_status_t stay(void *arg)
{
    (void)arg;
    atomic_fetch_add(&entered, 1);
    gate_pass(&gate);
    return THREADING_OK;
}

static void must_run(threading_status_t (*function)(void *arg))
{
    CHECK_STATUS(threading_group_run(&group, function, NULL), THREADING_OK);
}

static void run_and_wait(void)
{
    must_run(count_run);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
    CHECK_EQUAL(atomic_load(&runs), 1);
}

static void group_is_broken_until_it_is_made_anew(void)
{
    CHECK_STATUS(threading_group_run(&group, count_run, NULL), THREADING_BROKEN);
    CHECK_STATUS(threading_group_wait(&group), THREADING_BROKEN);
    CHECK_STATUS(threading_group_wait_timeout(&group, 1), THREADING_BROKEN);
    CHECK_STATUS(threading_group_init(&group, NULL), THREADING_OK);
    run_and_wait();
}

static void check_group_with_tasks(void)
{
    needs_threads_in_the_child();
    gate_close(&gate);
    must_run(stay);
    AWAIT(atomic_load(&entered) == 1);
    in_child(group_is_broken_until_it_is_made_anew);
    gate_open(&gate);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
}

CASE(group_with_threads_of_the_parent_is_broken_in_the_child)
{
    check_group_with_tasks();
}

CASE(group_with_tasks_on_an_executor_of_the_parent_is_broken_in_the_child)
{
    pool = made_pool(1);
    CHECK_STATUS(threading_group_init(&group, pool), THREADING_OK);
    check_group_with_tasks();
    end_pool(pool);
}

CASE(group_that_was_waited_for_is_broken_in_the_child)
{
    needs_threads_in_the_child();
    must_run(count_run);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
    atomic_store(&runs, 0);
    in_child(group_is_broken_until_it_is_made_anew);
    run_and_wait();
}

CASE(group_that_was_not_used_works_in_the_child)
{
    needs_threads_in_the_child();
    in_child(run_and_wait);
    run_and_wait();
}

static threading_status_t fork_and_return(void *arg)
{
    (void)arg;
    child_t child = fork_now();
    if (child != 0)
        CHECK_EQUAL(code_of(child), 0);
    return THREADING_OK;
}

/* The child ends with the task's thread, and runs nothing of the parent's. */
static void check_fork_in_task(void)
{
    if (CHILD_OF_TSAN)
        SKIP("under ThreadSanitizer a process does not end with its last thread");
    needs_memory_in_the_child(); /* main starts the second task while the first one forks */
    must_run(fork_and_return);
    must_run(count_run);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
    CHECK_EQUAL(atomic_load(&runs), 1);
}

CASE(child_that_returns_from_a_task_in_a_thread_ends)
{
    check_fork_in_task();
}

CASE(child_that_returns_from_a_task_on_an_executor_ends)
{
    pool = made_pool(1);
    CHECK_STATUS(threading_group_init(&group, pool), THREADING_OK);
    check_fork_in_task();
    end_pool(pool);
}

static child_t child;

static void fork_in_the_first(size_t begin, size_t end, void *arg)
{
    (void)arg;
    if (begin == 0)
        child = fork_now();
    atomic_fetch_add(&runs, (int)(end - begin));
}

/* A pool of one thread that is busy, so that this thread runs all pieces. */
CASE(loop_in_the_child_of_a_piece_is_broken)
{
    pool = made_pool(1);
    gate_close(&gate);
    CHECK_STATUS(threading_group_init(&group, pool), THREADING_OK);
    must_run(stay);
    AWAIT(atomic_load(&entered) == 1);
    threading_status_t status = threading_executor_for(pool, 0, 100, 0, fork_in_the_first, NULL);
    if (child == 0)
        end_now(status == THREADING_BROKEN ? 7 : 1);
    CHECK_STATUS(status, THREADING_OK);
    CHECK_EQUAL(atomic_load(&runs), 100);
    CHECK_EQUAL(code_of(child), 7);
    gate_open(&gate);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
    end_pool(pool);
}

static threading_stop_t stop;

/* The pool of one runs it in the thread that waits for it. */
static threading_status_t fork_in_helped_task(void *arg)
{
    (void)arg;
    child = fork_now();
    return THREADING_OK;
}

static void *wait_for_forker(void *arg)
{
    threading_group_t own;
    (void)threading_stop_heed(arg);
    CHECK_STATUS(threading_group_init(&own, pool), THREADING_OK);
    CHECK_STATUS(threading_group_run(&own, fork_in_helped_task, NULL), THREADING_OK);
    threading_status_t status = threading_group_wait(&own);
    if (child == 0)
        end_now(status == THREADING_BROKEN && threading_stop_heed(NULL) == arg ? 7 : 1);
    CHECK_STATUS(status, THREADING_OK);
    CHECK_EQUAL(code_of(child), 7);
    return NULL;
}

CASE(wait_in_the_child_of_a_task_that_the_waiter_runs_is_broken)
{
    pool = made_pool(1);
    (void)value_of(submitted(pool, wait_for_forker, NULL));
    (void)value_of(submitted(pool, wait_for_forker, &stop));
    end_pool(pool);
}

static void *fork_and_give(void *arg)
{
    child = fork_now();
    return arg;
}

static void *wait_for_future(void *arg)
{
    (void)threading_stop_heed(arg);
    threading_future_t *future = submitted(pool, fork_and_give, NULL);
    threading_status_t status = threading_future_result(future, NULL);
    if (child == 0)
        end_now(status == THREADING_BROKEN ? 7 : 1);
    CHECK_STATUS(status, THREADING_OK);
    CHECK_EQUAL(code_of(child), 7);
    threading_future_free(future);
    return NULL;
}

CASE(result_in_the_child_of_a_task_that_the_waiter_runs_is_broken)
{
    pool = made_pool(1);
    (void)value_of(submitted(pool, wait_for_future, NULL));
    (void)value_of(submitted(pool, wait_for_future, &stop));
    end_pool(pool);
}

static void *wait_for_map(void *arg)
{
    static int item;
    void *const all[] = {&item};
    (void)threading_stop_heed(arg);
    threading_status_t status = threading_executor_map(pool, fork_and_give, all, 1, NULL);
    if (child == 0)
        end_now(status == THREADING_BROKEN ? 7 : 1);
    CHECK_STATUS(status, THREADING_OK);
    CHECK_EQUAL(code_of(child), 7);
    return NULL;
}

CASE(map_in_the_child_of_an_item_that_the_caller_runs_is_broken)
{
    pool = made_pool(1);
    (void)value_of(submitted(pool, wait_for_map, NULL));
    (void)value_of(submitted(pool, wait_for_map, &stop));
    end_pool(pool);
}
