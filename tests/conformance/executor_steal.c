/* SPDX-License-Identifier: MIT */
/* Executor: tasks that tasks submit, which stay with their thread until another one is idle and takes them. */
#include "child.h"
#include "conformance.h"
#include "crowd.h"
#include "gate.h"
#include "tasks.h"

static threading_executor_t *pool;
static threading_lock_t gate;
static atomic_int entered, runs, accepted;
static atomic_bool has_run;
static int object;
static int numbers[200];

static void *count_run(void *arg)
{
    atomic_fetch_add(&runs, 1);
    return arg;
}

static void *tell_that_it_ran(void *arg)
{
    atomic_store(&has_run, true);
    return arg;
}

static threading_barrier_t meeting;

static void *meet_all(void *arg)
{
    CHECK_STATUS(threading_barrier_wait(&meeting, NULL), THREADING_OK);
    return arg;
}

/* A pool whose threads are all started: from now on tasks of tasks stay with their thread. */
static void make_complete_pool(size_t count)
{
    threading_future_t *all[8];
    pool = made_pool(count);
    CHECK_STATUS(threading_barrier_init(&meeting, count), THREADING_OK);
    for (size_t i = 0; i < count; i++)
        all[i] = submitted(pool, meet_all, NULL);
    for (size_t i = 0; i < count; i++)
        (void)value_of(all[i]);
    CHECK_EQUAL(threading_active_count(), 1 + count);
}

/* ------------------------------------------------------------------------------------------- stealing */

/* Waits, in a way the pool knows nothing of, for a task that only another thread can run. */
static void *submit_and_await(void *arg)
{
    submit_and_forget(pool, tell_that_it_ran, NULL);
    AWAIT(atomic_load(&has_run));
    return arg;
}

CASE(task_of_a_task_is_run_by_an_idle_thread)
{
    make_complete_pool(2);
    for (int i = 0; i < 100; i++) {
        atomic_store(&has_run, false);
        CHECK(value_of(submitted(pool, submit_and_await, &object)) == &object);
    }
    end_pool(pool);
}

static void *submit_all_others(void *arg)
{
    for (int i = 1; i < 4; i++)
        submit_and_forget(pool, meet_all, NULL);
    return meet_all(arg);
}

/* They meet: each thread runs one of them. */
CASE(tasks_of_a_task_are_run_by_all_threads)
{
    make_complete_pool(4);
    for (int i = 0; i < 50; i++)
        CHECK(value_of(submitted(pool, submit_all_others, &object)) == &object);
    end_pool(pool);
}

/* As those from outside are, whether the threads still look for tasks or sleep already: one that is woken wakes the
 * next. */
CASE(tasks_from_outside_are_run_by_all_idle_threads)
{
    make_complete_pool(4);
    for (int i = 0; i < 100; i++) {
        threading_future_t *all[4];
        for (int j = 0; j < 4; j++)
            all[j] = submitted(pool, meet_all, &object);
        for (int j = 0; j < 4; j++)
            CHECK(value_of(all[j]) == &object);
        if (i % 4 == 0)
            (void)threading_sleep(0.0005);
    }
    end_pool(pool);
}

/* One at a time: a wake that gets lost is not made good by the next. */
CASE(single_tasks_are_run_by_threads_that_look_for_one_or_fall_asleep_or_sleep)
{
    make_complete_pool(3);
    for (int i = 0; i < (is_slow() ? 200 : 2000); i++) {
        CHECK(value_of(submitted(pool, return_at_once, &object)) == &object);
        for (volatile int pauses = 0; pauses < i % 64 * 256; pauses++) {}
    }
    end_pool(pool);
}

static void *submit_in_order(void *arg)
{
    for (int i = 0; i < 200; i++)
        submit_and_forget(pool, check_turn, (void *)(intptr_t)i);
    return arg;
}

CASE(tasks_of_a_task_begin_in_the_order_of_their_submission)
{
    make_complete_pool(1);
    CHECK(value_of(submitted(pool, submit_in_order, &object)) == &object);
    end_pool(pool);
    CHECK_EQUAL(next_turn, 200);
}

/* ------------------------------------------------------------------------------------------- fairness */

/* Has always one more to come, until another task has run. */
static void *come_again_and_again(void *arg)
{
    if (!atomic_load(&has_run))
        submit_and_forget(pool, come_again_and_again, arg);
    return arg;
}

CASE(task_from_outside_is_not_kept_out_by_tasks_of_tasks)
{
    make_complete_pool(1);
    submit_and_forget(pool, come_again_and_again, NULL);
    CHECK(value_of(submitted(pool, tell_that_it_ran, &object)) == &object);
    end_pool(pool);
}

/* One thread waits for a task in its own line; the other one has always something else to do. */
CASE(task_of_a_waiting_task_is_not_kept_out_by_tasks_of_others)
{
    make_complete_pool(2);
    for (int i = 0; i < 20; i++) {
        atomic_store(&has_run, false);
        threading_future_t *waits = submitted(pool, submit_and_await, &object);
        submit_and_forget(pool, come_again_and_again, NULL);
        CHECK(value_of(waits) == &object);
    }
    end_pool(pool);
}

static void *submit_from_outside(void *arg)
{
    while (!atomic_load(&has_run))
        submit_and_forget(pool, count_run, NULL);
    return arg;
}

CASE(task_of_a_waiting_task_is_not_kept_out_by_tasks_from_outside)
{
    make_complete_pool(2);
    threading_thread_t *outside = started(submit_from_outside, NULL);
    CHECK(value_of(submitted(pool, submit_and_await, &object)) == &object);
    finished(outside);
    end_pool(pool);
}

/* ---------------------------------------------------------------------------------------------- a storm */

/* Each submits two more, until it is deep enough or the pool takes no more. */
static void *grow(void *height)
{
    uintptr_t left = (uintptr_t)height;
    atomic_fetch_add(&runs, 1);
    for (int i = 0; i < 2 && left > 1; i++)
        if (threading_executor_submit(pool, grow, (void *)(left - 1), NULL) == THREADING_OK)
            atomic_fetch_add(&accepted, 1);
    return NULL;
}

static void plant(uintptr_t height)
{
    if (threading_executor_submit(pool, grow, (void *)height, NULL) == THREADING_OK)
        atomic_fetch_add(&accepted, 1);
}

static void *plant_many(void *arg)
{
    for (int i = 0; i < 20; i++)
        plant(is_slow() ? 4 : 8);
    return arg;
}

CASE(trees_from_many_threads_are_run_to_their_last_task)
{
    threading_thread_t *threads[3];
    make_complete_pool(4);
    start_many(threads, 3, plant_many, NULL);
    finish_many(threads, 3);
    AWAIT(atomic_load(&runs) == 60 * ((1 << (is_slow() ? 4 : 8)) - 1));
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), atomic_load(&accepted));
}

CASE(trees_beside_a_shutdown_are_run_as_far_as_they_were_accepted)
{
    for (int round = 0; round < (is_slow() ? 10 : 100); round++) {
        make_complete_pool(1 + (size_t)round % 3);
        atomic_store(&runs, 0);
        atomic_store(&accepted, 0);
        plant(10);
        AWAIT(atomic_load(&runs) > round);
        end_pool(pool);
        CHECK_EQUAL(atomic_load(&runs), atomic_load(&accepted));
    }
}

/* ------------------------------------------------------------------------- cancelling, breaking, forking */

enum { few = 40 };
static threading_future_t *futures[few];

static void *submit_some_and_stay(void *arg)
{
    for (int i = 0; i < few; i++)
        futures[i] = submitted(pool, count_run, &object);
    atomic_fetch_add(&entered, 1);
    gate_pass(&gate);
    return arg;
}

/* The task stays in the only thread, with tasks of its own that have not begun. */
static threading_future_t *made_pool_with_tasks_of_a_task(void)
{
    make_complete_pool(1);
    gate_close(&gate);
    threading_future_t *first = submitted(pool, submit_some_and_stay, &object);
    AWAIT(atomic_load(&entered) == 1);
    return first;
}

CASE(shutdown_that_cancels_ends_tasks_of_tasks)
{
    threading_future_t *first = made_pool_with_tasks_of_a_task();
    CHECK_STATUS(threading_executor_shutdown(pool, false, true), THREADING_OK);
    for (int i = 0; i < few; i++)
        check_ends_with(futures[i], THREADING_CANCELLED);
    gate_open(&gate);
    CHECK(value_of(first) == &object);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 0);
}

CASE(shutdown_that_waits_runs_tasks_of_tasks)
{
    threading_future_t *first = made_pool_with_tasks_of_a_task();
    CHECK_STATUS(threading_executor_shutdown(pool, false, false), THREADING_OK);
    gate_open(&gate);
    CHECK(value_of(first) == &object);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), few);
    free_all(futures, few);
}

CASE(task_of_a_task_may_be_cancelled)
{
    threading_future_t *first = made_pool_with_tasks_of_a_task();
    for (int i = 0; i < few; i += 2)
        CHECK_STATUS(threading_future_cancel(futures[i]), THREADING_OK);
    gate_open(&gate);
    CHECK(value_of(first) == &object);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), few / 2);
    free_all(futures, few);
}

static void *submit_until_refused(void *arg)
{
    atomic_fetch_add(&entered, 1);
    AWAIT(threading_executor_submit(pool, count_run, NULL, NULL) == THREADING_SHUTDOWN);
    return arg;
}

CASE(tasks_of_a_task_are_refused_after_the_shutdown)
{
    make_complete_pool(1);
    threading_future_t *future = submitted(pool, submit_until_refused, &object);
    AWAIT(atomic_load(&entered) == 1);
    end_pool(pool);
    CHECK(value_of(future) == &object);
}

/* A result that somebody holds is not that of a later task, wherever that one's memory comes from. */
CASE(future_that_is_done_keeps_its_value_while_others_come_and_go)
{
    make_complete_pool(2);
    threading_future_t *kept = submitted(pool, return_at_once, &object);
    CHECK_STATUS(threading_future_result(kept, NULL), THREADING_OK);
    for (int i = 0; i < 1000; i++)
        CHECK(value_of(submitted(pool, return_at_once, &numbers[i % 200])) == &numbers[i % 200]);
    CHECK(value_of(kept) == &object);
    end_pool(pool);
}

static void submit_is_refused(void)
{
    CHECK_STATUS(threading_executor_submit(pool, count_run, NULL, NULL), THREADING_BROKEN);
    CHECK_STATUS(threading_executor_shutdown(pool, true, true), THREADING_OK);
    CHECK_EQUAL(atomic_load(&runs), 0);
}

static void *submit_some_and_fork(void *arg)
{
    for (int i = 0; i < few; i++)
        submit_and_forget(pool, count_run, NULL);
    in_child(submit_is_refused);
    return arg;
}

CASE(task_with_tasks_of_its_own_may_fork)
{
    make_complete_pool(1);
    CHECK(value_of(submitted(pool, submit_some_and_fork, &object)) == &object);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), few);
}

/* ------------------------------------------------------------------------------------------------ map */

static threading_executor_t *nested;

static void *shut_down_in_the_middle(void *number)
{
    if (atomic_fetch_add(&runs, 1) == 10)
        CHECK_STATUS(threading_executor_shutdown(nested, false, true), THREADING_OK);
    return number;
}

CASE(shutdown_that_cancels_ends_a_map_that_runs)
{
    void *items[200], *results[200];
    for (int i = 0; i < 200; i++) {
        items[i] = &numbers[i];
        results[i] = &object;
    }
    nested = made_pool(1);
    CHECK_STATUS(threading_executor_map(nested, shut_down_in_the_middle, items, 200, results),
                 THREADING_CANCELLED);
    CHECK_EQUAL(atomic_load(&runs), 11);
    for (int i = 0; i < 200; i++)
        CHECK(results[i] == (i < 11 ? items[i] : &object));
    end_pool(nested);
}

CASE(items_begin_in_their_order)
{
    void *items[200];
    for (int i = 0; i < 200; i++)
        items[i] = (void *)(intptr_t)i;
    make_complete_pool(1);
    CHECK_STATUS(threading_executor_map(pool, check_turn, items, 200, NULL), THREADING_OK);
    CHECK_EQUAL(next_turn, 200);
    end_pool(pool);
}

static void *map_meeting(void *arg)
{
    void *items[] = {arg, arg, arg, arg};
    CHECK_STATUS(threading_executor_map(pool, meet_all, items, 4, NULL), THREADING_OK);
    return arg;
}

/* The items meet: the thread that maps runs one of them, and idle ones the others. */
CASE(map_in_a_task_is_run_by_all_threads)
{
    make_complete_pool(4);
    for (int i = 0; i < 50; i++)
        CHECK(value_of(submitted(pool, map_meeting, &object)) == &object);
    end_pool(pool);
}
