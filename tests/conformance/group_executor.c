/* SPDX-License-Identifier: MIT */
/* Groups: tasks that end together, on an executor. */
#include "group_cases.h"

/* With a group on an executor of so many threads. */
static void with_pool(size_t workers, void (*check)(void))
{
    the_pool = made_pool(workers);
    CHECK_STATUS(threading_group_init(&group, the_pool), THREADING_OK);
    check();
    end_pool(the_pool);
}

CASE(wait_for_no_task_is_over_at_once)
{
    with_pool(1, check_wait_for_no_task_is_over_at_once);
}

CASE(wait_with_a_limit_times_out_and_stops_nothing)
{
    with_pool(2, check_wait_with_a_limit_times_out_and_stops_nothing);
}

CASE(task_may_run_further_tasks_of_its_group)
{
    with_pool(2, check_task_may_run_further_tasks_of_its_group);
}

CASE(groups_in_tasks_of_groups)
{
    with_pool(1, check_groups_in_tasks_of_groups);
}

CASE(many_threads_have_groups)
{
    with_pool(3, check_many_threads_have_groups);
}

CASE(many_threads_run_tasks_in_one_group)
{
    with_pool(2, check_many_threads_run_tasks_in_one_group);
}

CASE(several_waits_give_the_same)
{
    with_pool(2, check_several_waits_give_the_same);
}

CASE(first_failure_stops_the_others_and_is_the_waits_result)
{
    with_pool(3, check_first_failure_stops_the_others_and_is_the_waits_result);
}

CASE(stop_ends_the_waits_of_all_tasks)
{
    with_pool(3, check_stop_ends_the_waits_of_all_tasks);
}

CASE(group_that_was_stopped_takes_no_task_until_it_was_waited_for)
{
    with_pool(1, check_group_that_was_stopped_takes_no_task_until_it_was_waited_for);
}

CASE(stop_after_a_wait_holds_until_the_next)
{
    with_pool(1, check_stop_after_a_wait_holds_until_the_next);
}

CASE(stop_of_the_group_may_be_a_child_and_stays_so)
{
    with_pool(1, check_stop_of_the_group_may_be_a_child_and_stays_so);
}

CASE(group_is_as_new_after_a_wait_that_told_a_failure)
{
    with_pool(1, check_group_is_as_new_after_a_wait_that_told_a_failure);
}

CASE(task_may_stop_its_group)
{
    with_pool(2, check_task_may_stop_its_group);
}

CASE(task_that_computes_may_ask_for_the_stop)
{
    with_pool(1, check_task_that_computes_may_ask_for_the_stop);
}

CASE(waiter_that_is_told_to_stop_stops_the_group_and_waits_for_its_end)
{
    with_pool(2, check_waiter_that_is_told_to_stop_stops_the_group_and_waits_for_its_end);
}

CASE(waiter_that_was_told_to_stop_before_is_cancelled)
{
    with_pool(1, check_waiter_that_was_told_to_stop_before_is_cancelled);
}

CASE(task_that_exits_has_succeeded)
{
    with_pool(1, check_task_that_exits_has_succeeded);
}

CASE(task_that_ends_its_thread_has_failed)
{
    with_pool(2, check_task_that_ends_its_thread_has_failed);
}

CASE(wait_in_an_own_task_is_a_deadlock)
{
    with_pool(1, check_wait_in_an_own_task_is_a_deadlock);
}

CASE(body_ends_when_the_tasks_are_over)
{
    with_pool(2, check_body_ends_when_the_tasks_are_over);
}

CASE(group_that_runs_for_long_does_not_grow)
{
    with_pool(1, check_group_that_runs_for_long_does_not_grow);
}

static void check_runs(void)
{
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 100; i++)
            must_run(count_plain, &plain[i]);
        CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
        for (int i = 0; i < 100; i++)
            CHECK_EQUAL(plain[i]++, 2 * round + 1);
    }
}

CASE(wait_sees_all_that_the_tasks_did)
{
    for (size_t workers = 1; workers <= 4; workers += 3) {
        the_pool = made_pool(workers);
        CHECK_STATUS(threading_group_init(&group, the_pool), THREADING_OK);
        for (int i = 0; i < 100; i++)
            plain[i] = 0;
        check_runs();
        end_pool(the_pool);
    }
}

CASE(tree_of_groups_on_three_threads)
{
    the_pool = made_pool(3);
    CHECK_STATUS(threading_group_init(&group, the_pool), THREADING_OK);
    must_run(sum_below, (void *)(intptr_t)(is_slow() ? 6 : 10));
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
    CHECK_EQUAL(atomic_load(&over), is_slow() ? 127 : 2047);
    end_pool(the_pool);
}

static threading_status_t heed_nothing_else(void *arg)
{
    (void)arg;
    CHECK(threading_stop_heed(NULL) == &group.stop);
    return THREADING_OK;
}

static void *give_heeded(void *arg)
{
    (void)arg;
    return threading_stop_heed(NULL);
}

CASE(worker_heeds_what_it_did_before_after_a_task)
{
    the_pool = made_pool(1);
    CHECK_STATUS(threading_group_init(&group, the_pool), THREADING_OK);
    must_run(heed_nothing_else, NULL);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
    CHECK(value_of(submitted(the_pool, give_heeded, NULL)) == NULL);
    end_pool(the_pool);
}

static threading_status_t wait_below_own_group(void *arg)
{
    (void)arg;
    threading_group_t own;
    CHECK_STATUS(threading_group_init(&own, the_pool), THREADING_OK);
    CHECK_STATUS(threading_group_run(&own, wait_for_own_group, NULL), THREADING_OK);
    return threading_group_wait(&own);
}

static threading_status_t set_never(void *arg)
{
    (void)arg;
    return threading_event_set(&never);
}

/* The first task waits for the second, in the other thread: the waiter runs the second meanwhile. */
static threading_status_t wait_for_two(void *arg)
{
    (void)arg;
    threading_group_t own;
    CHECK_STATUS(threading_group_init(&own, the_pool), THREADING_OK);
    CHECK_STATUS(threading_group_run(&own, wait_for_ever, NULL), THREADING_OK);
    AWAIT(atomic_load(&begun) == 1);
    CHECK_STATUS(threading_group_run(&own, set_never, NULL), THREADING_OK);
    return threading_group_wait(&own);
}

CASE(waiting_worker_runs_any_task_that_has_not_begun)
{
    the_pool = made_pool(2);
    CHECK_STATUS(threading_group_init(&group, the_pool), THREADING_OK);
    must_run(wait_for_two, NULL);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
    end_pool(the_pool);
}

/* The worker that waits for the inner group runs its task, which waits for the outer one, on top. */
CASE(wait_in_a_task_that_an_own_task_runs_is_a_deadlock)
{
    the_pool = made_pool(1);
    CHECK_STATUS(threading_group_init(&group, the_pool), THREADING_OK);
    must_run(wait_below_own_group, NULL);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
    end_pool(the_pool);
}

CASE(task_that_its_executors_shutdown_cancels_has_failed)
{
    the_pool = made_pool(1);
    CHECK_STATUS(threading_group_init(&group, the_pool), THREADING_OK);
    must_run(wait_for_ever, NULL);
    AWAIT(atomic_load(&begun) == 1);
    must_run(count_plain, &plain[0]);
    CHECK_STATUS(threading_executor_shutdown(the_pool, false, true), THREADING_OK);
    CHECK_STATUS(threading_group_wait(&group), THREADING_CANCELLED);
    CHECK(atomic_load(&cancelled) == 1 && plain[0] == 0);
    end_pool(the_pool);
}

CASE(run_after_the_executors_shutdown_is_refused)
{
    the_pool = made_pool(1);
    CHECK_STATUS(threading_group_init(&group, the_pool), THREADING_OK);
    must_run(count_plain, &plain[0]);
    CHECK_STATUS(threading_executor_shutdown(the_pool, false, false), THREADING_OK);
    CHECK_STATUS(threading_group_run(&group, count_plain, &plain[0]), THREADING_SHUTDOWN);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
    CHECK_EQUAL(plain[0], 1);
    threading_executor_free(the_pool);
}

/* By a parent: the group's stop is made a child of the pool's. */
CASE(stop_of_the_executor_ends_the_waits_of_the_groups_tasks)
{
    threading_stop_t stop = {0};
    the_pool = threading_executor_new(2, &(threading_executor_options_t){.stop = &stop});
    CHECK_STATUS(threading_group_init(&group, the_pool), THREADING_OK);
    must_run(wait_for_ever, NULL);
    must_run(wait_for_ever, NULL);
    AWAIT(atomic_load(&begun) == 2);
    CHECK_STATUS(threading_stop_request(&stop), THREADING_OK);
    CHECK_STATUS(threading_group_wait(&group), THREADING_CANCELLED);
    CHECK_EQUAL(atomic_load(&cancelled), 2);
    end_pool(the_pool);
}

/* Tasks that find tasks never wait for room; a thread that is none of the pool's does. */
CASE(run_on_a_bounded_pool_waits_for_room)
{
    the_pool = threading_executor_new(1, &(threading_executor_options_t){.max_pending = 1});
    CHECK_STATUS(threading_group_init(&group, the_pool), THREADING_OK);
    must_run(run_below, (void *)(intptr_t)5);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
    CHECK_EQUAL(atomic_load(&over), 63);
    finished(started(run_twenty, NULL));
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
    CHECK_EQUAL(atomic_load(&over), 83);
    end_pool(the_pool);
}

/* The task is stopped while its inner group's task is still queued: so this thread, which was told to stop,
 * runs it. */
static threading_status_t wait_for_inner_task(void *arg)
{
    threading_group_t inner;
    CHECK_STATUS(threading_group_init(&inner, the_pool), THREADING_OK);
    atomic_fetch_add(&begun, 1);
    AWAIT(threading_stop_requested(&group.stop));
    CHECK_STATUS(threading_group_run(&inner, wait_for_ever, arg), THREADING_OK);
    return threading_group_wait(&inner);
}

CASE(task_that_a_stopped_waiter_runs_is_stopped_too)
{
    the_pool = made_pool(1);
    CHECK_STATUS(threading_group_init(&group, the_pool), THREADING_OK);
    must_run(wait_for_inner_task, NULL);
    AWAIT(atomic_load(&begun) == 1);
    CHECK_STATUS(threading_group_stop(&group), THREADING_OK);
    CHECK_STATUS(threading_group_wait(&group), THREADING_CANCELLED);
    CHECK_EQUAL(atomic_load(&cancelled), 1);
    end_pool(the_pool);
}

static threading_status_t run_and_wait_often(void *arg)
{
    size_t before = 0;
    for (int i = 0; i < 10000; i++) {
        CHECK_STATUS(sum_below(NULL), THREADING_OK);
        CHECK_STATUS(sum_below((void *)(intptr_t)1), THREADING_OK);
        if (i == 1000)
            before = allocated_bytes();
    }
    CHECK(allocated_bytes() <= before + 64000); /* as in executor_map.c */
    return arg == NULL ? THREADING_OK : THREADING_BUSY;
}

/* What its thread runs while it waits stays in its ring until the thread looks there for tasks. */
CASE(task_that_runs_and_waits_for_long_leaves_nothing_behind)
{
    the_pool = made_pool(1);
    CHECK_STATUS(threading_group_init(&group, the_pool), THREADING_OK);
    must_run(run_and_wait_often, NULL);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
    end_pool(the_pool);
}

/* ---------------------------------------------------------------------------------- bounded pools */

static void *stay_inside(void *arg)
{
    (void)stay(NULL);
    return arg;
}

static void run_nothing(size_t begin, size_t end, void *arg)
{
    (void)begin;
    (void)end;
    (void)arg;
}

CASE(loop_that_is_over_takes_no_room_in_a_bounded_pool)
{
    the_pool = threading_executor_new(1, &(threading_executor_options_t){.max_pending = 1});
    gate_close(&gate);
    submit_and_forget(the_pool, stay_inside, NULL);
    AWAIT(atomic_load(&begun) == 1);
    CHECK_STATUS(threading_executor_for(the_pool, 0, 100, 0, run_nothing, NULL), THREADING_OK);
    CHECK_STATUS(threading_executor_try_submit(the_pool, return_at_once, NULL, NULL), THREADING_OK);
    CHECK_STATUS(threading_executor_try_submit(the_pool, return_at_once, NULL, NULL), THREADING_BUSY);
    gate_open(&gate);
    end_pool(the_pool);
}

static void *try_and_wait(void *arg)
{
    for (int i = 0; i < 10; i++) {
        threading_future_t *future;
        CHECK_STATUS(threading_executor_try_submit(the_pool, return_at_once, NULL, &future), THREADING_OK);
        (void)value_of(future);
    }
    return arg;
}

CASE(task_that_its_waiter_has_run_takes_no_room_in_a_bounded_pool)
{
    the_pool = threading_executor_new(1, &(threading_executor_options_t){.max_pending = 2});
    (void)value_of(submitted(the_pool, try_and_wait, NULL));
    end_pool(the_pool);
}
