/* SPDX-License-Identifier: MIT */
/*
 * Executors when the process ends: what is queued is run, the threads are joined, and nothing that is idle
 * is waited for.
 *
 * A handler that is registered before the library's first use runs after the joins, a later one before the
 * library learns of the exit: it opens the gate at which the tasks wait, so that the queue is full when the
 * exit begins.
 */
#include <stdlib.h>

#include "churn.h"
#include "conformance.h"
#include "crowd.h"
#include "gate.h"
#include "tasks.h"

static int object;
static threading_executor_t *pool;
static threading_lock_t gate;
static atomic_int entered, runs;
static atomic_bool flag;

/* What is never given back, kept where a leak checker finds it: volatile, or it might not be written. */
static void *volatile kept;

static void at_exit(void (*handler)(void))
{
    CHECK_EQUAL(atexit(handler), 0);
}

static void open_gate(void)
{
    puts("handler");
    gate_open(&gate);
}

static void *stay(void *arg)
{
    atomic_fetch_add(&entered, 1);
    gate_pass(&gate);
    return arg;
}

static void *say(void *text)
{
    puts(text);
    return NULL;
}

static void *count_run(void *arg)
{
    atomic_fetch_add(&runs, 1);
    return arg;
}

static void join_main(void)
{
    CHECK_STATUS(threading_thread_join(threading_main_thread()), THREADING_OK);
}

static void start_and_forget(threading_target_t target, void *arg, int daemon)
{
    threading_thread_t *thread = threading_thread(target, arg, .daemon = daemon);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    threading_thread_free(thread);
}

static threading_executor_t *made_with_daemons(size_t max_workers)
{
    threading_executor_t *made =
        threading_executor_new(max_workers, &(threading_executor_options_t){.daemon = THREADING_DAEMON});
    CHECK(made != NULL);
    return made;
}

/* One thread, busy until a handler opens the gate, and three tasks in its queue. */
static void fill(threading_executor_t *made)
{
    static char texts[3][6] = {"one", "two", "three"};
    kept = pool = made;
    gate_close(&gate);
    at_exit(open_gate);
    submit_and_forget(pool, stay, NULL);
    AWAIT(atomic_load(&entered) == 1);
    for (int i = 0; i < 3; i++)
        submit_and_forget(pool, say, texts[i]);
    puts("end of main");
}

/* --------------------------------------------------------------------------------------- what is queued */

/* CPython: test_concurrent_futures.test_shutdown.ExecutorShutdownTest.test_interpreter_shutdown */
EXIT_CASE(queued_tasks_are_run_at_exit, 0, "end of main|handler|one|two|three|")
{
    fill(made_pool(1));
}

EXIT_CASE(queued_tasks_are_run_by_daemons_too, 0, "end of main|handler|one|two|three|")
{
    fill(made_with_daemons(1));
}

EXIT_CASE(queued_tasks_are_run_when_main_calls_exit_and_its_code_is_kept, 7,
          "end of main|handler|one|two|three|")
{
    fill(made_pool(1));
    exit(7);
}

EXIT_CASE(queued_tasks_are_run_when_main_calls_exit_process, 4, "end of main|handler|one|two|three|")
{
    fill(made_pool(1));
    threading_exit_process(4);
}

/* CPython: test_concurrent_futures.test_shutdown.ExecutorShutdownTest.test_hang_gh83386 */
EXIT_CASE(queued_tasks_are_run_after_a_shutdown_without_wait, 0, "end of main|handler|one|two|three|")
{
    fill(made_pool(1));
    CHECK_STATUS(threading_executor_shutdown(pool, false, false), THREADING_OK);
}

EXIT_CASE(queued_tasks_are_run_after_the_last_reference_was_given_back, 0,
          "end of main|handler|one|two|three|")
{
    fill(made_pool(1));
    threading_executor_free(pool);
}

EXIT_CASE(queued_tasks_of_daemons_are_run_after_the_last_reference_was_given_back, 0,
          "end of main|handler|one|two|three|")
{
    fill(made_with_daemons(1));
    threading_executor_free(pool);
}

static void shut_down_with_wait(void)
{
    CHECK_STATUS(threading_executor_shutdown(pool, true, false), THREADING_OK);
    puts("shut down");
}

EXIT_CASE(pool_can_be_shut_down_in_a_handler_after_the_joins, 0,
          "end of main|handler|one|two|three|shut down|")
{
    at_exit(shut_down_with_wait);
    fill(made_pool(1));
}

/* CPython: test_concurrent_futures.test_shutdown.ThreadPoolShutdownTest.test_cancel_futures_wait_false */
EXIT_CASE(cancelled_tasks_are_not_run_at_exit_and_the_running_one_ends, 0, "end of main|handler|")
{
    fill(made_pool(1));
    CHECK_STATUS(threading_executor_shutdown(pool, false, true), THREADING_OK);
}

enum { pool_count = 5, task_count = 20 };

static void say_whether_all_were_run(void)
{
    puts(atomic_load(&runs) == pool_count * task_count ? "all" : "not all");
}

static void *count_late_run(void *arg)
{
    (void)threading_sleep(0.0005);
    return count_run(arg);
}

EXIT_CASE(tasks_of_all_pools_are_run_before_the_handlers_of_before, 0, "all|")
{
    static threading_executor_t *volatile pools[pool_count];
    at_exit(say_whether_all_were_run);
    for (int i = 0; i < pool_count; i++)
        pools[i] = i % 2 == 0 ? made_pool(2) : made_with_daemons(2);
    for (int i = 0; i < pool_count * task_count; i++)
        submit_and_forget(pools[i % pool_count], count_late_run, NULL);
}

static void *fibonacci(void *arg)
{
    intptr_t n = (intptr_t)arg;
    threading_future_t *first = NULL, *second = NULL;
    if (n < 2)
        return arg;
    /* The exit may begin at any moment, and then no more tasks are taken. */
    if (threading_executor_submit(pool, fibonacci, (void *)(n - 1), &first) != THREADING_OK)
        return NULL;
    if (threading_executor_submit(pool, fibonacci, (void *)(n - 2), &second) != THREADING_OK) {
        threading_future_free(first);
        return NULL;
    }
    return (void *)((intptr_t)value_of(first) + (intptr_t)value_of(second));
}

EXIT_CASE(tasks_that_wait_for_tasks_end_at_exit, 0, "end of main|")
{
    kept = pool = made_pool(2);
    submit_and_forget(pool, fibonacci, (void *)16);
    (void)threading_sleep(0.002); /* among the tasks */
    puts("end of main");
}

/* -------------------------------------------------------------------------------------- idle, or nothing */

static void *sleep_for_ever(void *unused)
{
    atomic_store(&flag, true);
    threading_sleep(THREADING_FOREVER);
    return unused;
}

static void make_idle(threading_executor_t *made)
{
    kept = pool = made;
    gate_close(&gate);
    for (int i = 0; i < 3; i++)
        submit_and_forget(pool, stay, NULL);
    AWAIT(atomic_load(&entered) == 3);
    gate_open(&gate);
    (void)value_of(submitted(pool, return_at_once, NULL));
    (void)threading_sleep(0.01); /* they may be idle now */
    puts("end of main");
    EXIT_CODE = 3;
}

EXIT_CASE(idle_pool_does_not_keep_the_process, 3, "end of main|")
{
    make_idle(made_pool(3));
}

EXIT_CASE(idle_pool_of_daemons_does_not_keep_the_process, 3, "end of main|")
{
    make_idle(made_with_daemons(3));
}

EXIT_CASE(pool_without_threads_does_not_keep_the_process, 0, "end of main|")
{
    kept = made_pool(3);
    puts("end of main");
}

static bool fail(void *unused)
{
    (void)unused;
    return false;
}

EXIT_CASE(broken_pool_does_not_keep_the_process, 0, "end of main|")
{
    kept = pool = threading_executor_new(3, &(threading_executor_options_t){.initializer = fail});
    check_ends_with(submitted(pool, return_at_once, NULL), THREADING_BROKEN);
    puts("end of main");
}

/* --------------------------------------------------------------------------------- what is submitted late */

static void check_refused(void)
{
    threading_future_t *future = (threading_future_t *)&object;
    CHECK_STATUS(threading_executor_submit(pool, count_run, NULL, &future), THREADING_SHUTDOWN);
    CHECK(future == (threading_future_t *)&object);
    puts("refused");
}

/* CPython: test_concurrent_futures.test_shutdown.ExecutorShutdownTest.test_submit_after_interpreter_shutdown */
EXIT_CASE(submit_after_the_joins_is_refused, 0, "refused|")
{
    at_exit(check_refused);
    kept = pool = made_pool(2);
    (void)value_of(submitted(pool, return_at_once, NULL));
}

EXIT_CASE(first_submit_after_the_joins_is_refused, 0, "refused|")
{
    at_exit(check_refused);
    kept = pool = made_pool(2);
    finished(started(return_at_once, NULL));
}

static void submit_in_handler(void)
{
    static char text[] = "task";
    puts("handler");
    submit_and_forget(pool, say, text);
}

EXIT_CASE(submit_in_a_handler_before_the_joins_is_accepted, 0, "handler|task|")
{
    kept = pool = made_pool(2);
    (void)value_of(submitted(pool, return_at_once, NULL));
    at_exit(submit_in_handler);
}

static atomic_int accepted;
static foreign_t *foreign[4]; /* never joined */

static void submit_until_refused(void)
{
    threading_status_t status;
    while ((status = threading_executor_submit(pool, count_run, NULL, NULL)) == THREADING_OK) {
        atomic_fetch_add(&accepted, 1);
        (void)threading_sleep(0.0002);
    }
    CHECK_STATUS(status, THREADING_SHUTDOWN);
}

static void *submit_until_refused_and_say(void *text)
{
    atomic_store(&flag, true);
    submit_until_refused();
    return say(text);
}

EXIT_CASE(task_that_submits_is_refused_when_the_process_exits, 0, "end of main|refused|")
{
    static char text[] = "refused";
    kept = pool = made_pool(2);
    submit_and_forget(pool, submit_until_refused_and_say, text);
    AWAIT(atomic_load(&flag));
    puts("end of main");
}

EXIT_CASE(thread_that_submits_is_refused_when_the_process_exits, 0, "end of main|refused|")
{
    static char text[] = "refused";
    kept = pool = made_pool(2);
    start_and_forget(submit_until_refused_and_say, text, THREADING_NOT_DAEMON);
    AWAIT(atomic_load(&flag));
    puts("end of main");
}

/* The submitters run on: a task may have been accepted and not yet be counted. */
static void check_accepted_were_run(void)
{
    int run = atomic_load(&runs), submitters = 4;
    CHECK(run >= atomic_load(&accepted) - submitters);
    AWAIT(atomic_load(&accepted) == run);
    puts("all were run");
}

static void *submit_and_sleep(void *arg)
{
    submit_until_refused();
    return sleep_for_ever(arg);
}

EXIT_CASE(tasks_of_daemons_are_run_until_they_are_refused, 0, "all were run|")
{
    at_exit(check_accepted_were_run);
    kept = pool = made_pool(2);
    for (int i = 0; i < 4; i++)
        start_and_forget(submit_and_sleep, NULL, THREADING_DAEMON);
    AWAIT(atomic_load(&accepted) > 20);
}

EXIT_CASE(tasks_of_foreign_threads_are_run_until_they_are_refused, 0, "all were run|")
{
    at_exit(check_accepted_were_run);
    kept = pool = made_with_daemons(3);
    for (int i = 0; i < 4; i++)
        foreign[i] = foreign_start(submit_and_sleep, NULL);
    AWAIT(atomic_load(&accepted) > 20);
}

/* Pools that come and go all the time, in threads that nobody waits for. */
static void *make_pools_for_ever(void *unused)
{
    for (;; churn_on()) {
        threading_executor_t *made = made_pool(2);
        for (int i = 0; i < 3; i++)
            if (threading_executor_submit(made, count_run, NULL, NULL) == THREADING_OK)
                atomic_fetch_add(&accepted, 1);
        threading_executor_free(made);
    }
    return unused;
}

EXIT_CASE(daemons_that_make_pools_do_not_disturb_the_exit, 0, "end of main|")
{
    churn_begin(2);
    for (int i = 0; i < 2; i++)
        start_and_forget(make_pools_for_ever, NULL, THREADING_DAEMON);
    AWAIT(atomic_load(&accepted) > 100);
    puts("end of main");
}

/* ---------------------------------------------------------------------------- waiting while it exits */

static void *say_value_after_main(void *future)
{
    join_main();
    CHECK(value_of(future) == &object);
    puts("value");
    return NULL;
}

EXIT_CASE(thread_may_wait_for_a_task_while_the_process_exits, 0, "handler|value|")
{
    kept = pool = made_pool(1);
    gate_close(&gate);
    at_exit(open_gate);
    threading_future_t *future = submitted(pool, stay, &object);
    start_and_forget(say_value_after_main, future, THREADING_NOT_DAEMON);
}

static void *join_main_and_say(void *text)
{
    join_main();
    return say(text);
}

EXIT_CASE(task_may_join_main, 0, "end of main|task|")
{
    static char text[] = "task";
    kept = pool = made_pool(1);
    submit_and_forget(pool, join_main_and_say, text);
    puts("end of main");
}

/* ----------------------------------------------------------------------------------- threading_shutdown() */

CASE(threading_shutdown_runs_what_is_queued_and_joins)
{
    kept = pool = made_with_daemons(2);
    for (int i = 0; i < task_count; i++)
        submit_and_forget(pool, count_late_run, NULL);
    CHECK_STATUS(threading_shutdown(), THREADING_OK);
    CHECK_EQUAL(atomic_load(&runs), task_count);
    CHECK_EQUAL(threading_active_count(), 1);
    CHECK_STATUS(threading_shutdown(), THREADING_OK);
    end_pool(pool);
}

CASE(threading_shutdown_shuts_every_pool_down)
{
    threading_executor_t *without_threads = made_pool(2);
    threading_future_t *future = (threading_future_t *)&object;
    pool = made_pool(2);
    (void)value_of(submitted(pool, return_at_once, NULL));
    CHECK_STATUS(threading_shutdown(), THREADING_OK);
    CHECK_STATUS(threading_executor_submit(pool, count_run, NULL, &future), THREADING_SHUTDOWN);
    CHECK_STATUS(threading_executor_submit(without_threads, count_run, NULL, &future), THREADING_SHUTDOWN);
    end_pool(pool);
    end_pool(without_threads);
}

/* Its own worker is not waited for, the queue is. */
static void *shut_down_and_look(void *arg)
{
    CHECK_STATUS(threading_shutdown(), THREADING_OK);
    CHECK_EQUAL(atomic_load(&runs), task_count);
    return arg;
}

CASE(threading_shutdown_in_a_task_waits_for_the_other_threads)
{
    pool = made_pool(2);
    gate_close(&gate);
    for (int i = 0; i < 2; i++)
        submit_and_forget(pool, stay, NULL);
    AWAIT(atomic_load(&entered) == 2);
    threading_future_t *future = submitted(pool, shut_down_and_look, &object);
    for (int i = 0; i < task_count; i++)
        submit_and_forget(pool, count_late_run, NULL);
    gate_open(&gate);
    CHECK(value_of(future) == &object);
    end_pool(pool);
}

/* ----------------------------------------------------------------------------- tasks that end the process */

static void *stay_and_say(void *unused)
{
    stay(NULL);
    puts("other task");
    return unused;
}

static void *exit_with_3(void *unused)
{
    (void)unused;
    exit(3);
}

static void *exit_process_with_3(void *unused)
{
    (void)unused;
    threading_exit_process(3);
}

/* A task ends the process; main sleeps for ever. The others are busy until a handler opens the gate. */
static void leave_from_a_task(size_t max_workers, threading_target_t leaver)
{
    kept = pool = made_pool(max_workers);
    gate_close(&gate);
    at_exit(open_gate);
    for (size_t i = 1; i < max_workers; i++)
        submit_and_forget(pool, stay_and_say, NULL);
    AWAIT((size_t)atomic_load(&entered) == max_workers - 1);
    submit_and_forget(pool, leaver, NULL);
    threading_sleep(THREADING_FOREVER);
}

EXIT_CASE(exit_in_a_task_of_a_pool_of_one_ends_the_process, 3, "handler|")
{
    leave_from_a_task(1, exit_with_3);
}

EXIT_CASE(exit_process_in_a_task_of_a_pool_of_one_ends_the_process, 3, "handler|")
{
    leave_from_a_task(1, exit_process_with_3);
}

EXIT_CASE(exit_in_a_task_waits_for_the_other_tasks, 3, "handler|other task|")
{
    leave_from_a_task(2, exit_with_3);
}

EXIT_CASE(exit_process_in_a_task_waits_for_the_other_tasks, 3, "handler|other task|other task|")
{
    leave_from_a_task(3, exit_process_with_3);
}

static void *exit_process_after_gate(void *arg)
{
    stay(arg);
    threading_exit_process(3);
}

EXIT_CASE(exit_processes_in_all_tasks_at_once_end_the_process, 3, "")
{
    kept = pool = made_pool(4);
    gate_close(&gate);
    for (int i = 0; i < 4; i++)
        submit_and_forget(pool, exit_process_after_gate, NULL);
    AWAIT(atomic_load(&entered) == 4);
    gate_open(&gate);
    threading_sleep(THREADING_FOREVER);
}

static void *wait_for_the_task(void *future)
{
    atomic_fetch_add(&entered, 1);
    CHECK(threading_future_result(future, NULL) != THREADING_OK);
    return NULL;
}

/* Nobody waits for who waits for the exiting thread: main and others. The sleep makes it likely that they
 * wait already. */
static void leave_from_an_awaited_task(threading_target_t leaver)
{
    kept = pool = made_pool(1);
    gate_close(&gate);
    threading_future_t *future = submitted(pool, leaver, NULL);
    for (int i = 0; i < 2; i++)
        start_and_forget(wait_for_the_task, future, THREADING_NOT_DAEMON);
    AWAIT(atomic_load(&entered) == 3);
    (void)threading_sleep(0.01);
    gate_open(&gate);
    CHECK(threading_future_result(future, NULL) != THREADING_OK);
    threading_sleep(THREADING_FOREVER);
}

static void *exit_after_gate(void *arg)
{
    stay(arg);
    exit(3);
}

EXIT_CASE(exit_in_a_task_that_others_wait_for_ends_the_process, 3, "")
{
    leave_from_an_awaited_task(exit_after_gate);
}

EXIT_CASE(exit_process_in_a_task_that_others_wait_for_ends_the_process, 3, "")
{
    leave_from_an_awaited_task(exit_process_after_gate);
}

static void *wait_for_task_that_exits(void *unused)
{
    (void)value_of(submitted(pool, exit_with_3, NULL));
    return unused;
}

EXIT_CASE(exit_in_a_task_run_by_another_ends_the_process, 3, "")
{
    kept = pool = made_pool(1);
    submit_and_forget(pool, wait_for_task_that_exits, NULL);
    threading_sleep(THREADING_FOREVER);
}

static void *exit_with_queue(void *text)
{
    submit_and_forget(pool, say, text);
    exit(3);
}

/* There is no other thread that could run it. */
EXIT_CASE(exit_in_a_task_of_a_pool_of_one_runs_what_is_queued, 3, "queued|")
{
    static char text[] = "queued";
    kept = pool = made_pool(1);
    submit_and_forget(pool, exit_with_queue, text);
    threading_sleep(THREADING_FOREVER);
}
