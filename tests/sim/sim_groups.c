/* SPDX-License-Identifier: MIT */
/* Groups and loops under every order, as in sim_primitives.c. */
#include "sim_support.h"

static threading_executor_t *pool;
static threading_event_t never;
static int data[3]; /* what the tasks and pieces do; a wait that ends too early races */

/* How often something came of a run: nothing that a body depends on. */
static atomic_int times[2];

static void set_to_zero(void)
{
    memset(data, 0, sizeof data);
}

static void check_data(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        change(&data[i], 1);
        threading_sim_check(data[i] == 2);
    }
}

static threading_status_t set_one(void *value)
{
    change((int *)value, 1);
    return THREADING_OK;
}

static threading_status_t fail(void *value)
{
    change((int *)value, 1);
    return THREADING_EMPTY;
}

/* Told to stop, before the wait or in it. */
static threading_status_t wait_for_ever(void *value)
{
    threading_status_t status = threading_event_wait(&never);
    threading_sim_check(status == THREADING_CANCELLED);
    change((int *)value, 1);
    return status;
}

/* After the wait the memory is another object's. */
static void end_group(threading_group_t *group, threading_status_t expected)
{
    threading_sim_check(threading_group_wait(group) == expected);
    memset(group, 0x5A, sizeof *group);
}

/* ---- groups ---- */

static void group_of_two_threads(void *unused)
{
    (void)unused;
    threading_group_t group = THREADING_GROUP_INIT;
    set_to_zero();
    must(threading_group_run(&group, set_one, &data[0]));
    must(threading_group_run(&group, set_one, &data[1]));
    end_group(&group, THREADING_OK);
    check_data(2);
    threading_sim_check(threading_active_count() == 1);
}

CASE(group_waits_for_two_threads)
{ /* slow */
    explore(group_of_two_threads, 1);
}

static void group_that_fails(void *unused)
{
    (void)unused;
    threading_group_t group = THREADING_GROUP_INIT;
    set_to_zero();
    must(threading_group_run(&group, wait_for_ever, &data[0]));
    threading_status_t status = threading_group_run(&group, fail, &data[1]);
    threading_sim_check(status == THREADING_OK);
    end_group(&group, THREADING_EMPTY);
    check_data(2);
}

CASE(failure_stops_the_other_thread)
{ /* slow */
    explore(group_that_fails, 1);
}

static void group_that_is_stopped(void *unused)
{
    (void)unused;
    threading_group_t group = THREADING_GROUP_INIT;
    set_to_zero();
    must(threading_group_run(&group, wait_for_ever, &data[0]));
    must(threading_group_stop(&group));
    threading_sim_check(threading_group_run(&group, set_one, &data[1]) == THREADING_CANCELLED);
    threading_sim_check(threading_group_wait(&group) == THREADING_CANCELLED);
    must(threading_group_run(&group, set_one, &data[1]));
    end_group(&group, THREADING_OK);
    check_data(2);
}

CASE(group_is_stopped_and_used_again)
{ /* slow */
    explore(group_that_is_stopped, 1);
}

static threading_status_t run_another(void *group)
{
    change(&data[0], 1);
    return threading_group_run(group, set_one, &data[1]);
}

static void group_that_grows(void *unused)
{
    (void)unused;
    threading_group_t group = THREADING_GROUP_INIT;
    set_to_zero();
    must(threading_group_run(&group, run_another, &group));
    end_group(&group, THREADING_OK);
    check_data(2);
}

CASE(task_of_a_task_is_waited_for)
{ /* slow */
    explore(group_that_grows, 1);
}

static void *wait_too(void *group)
{
    threading_sim_check(threading_group_wait(group) == THREADING_EMPTY);
    return NULL;
}

static void group_with_two_waiters(void *unused)
{
    (void)unused;
    threading_group_t group = THREADING_GROUP_INIT;
    set_to_zero();
    must(threading_group_run(&group, fail, &data[0]));
    threading_thread_t *other = begun(wait_too, &group, NULL);
    threading_sim_check(threading_group_wait(&group) == THREADING_EMPTY);
    ended(other);
    check_data(1);
}

CASE(two_waiters_are_told_the_same)
{ /* slow */
    explore(group_with_two_waiters, 1);
}

/* ---- on an executor ---- */

static void end_pool(void)
{
    must(threading_executor_shutdown(pool, true, false));
    threading_executor_free(pool);
}

static void group_on_an_executor(void *unused)
{
    (void)unused;
    threading_group_t group;
    set_to_zero();
    pool = threading_executor_new(1, NULL);
    must(threading_group_init(&group, pool));
    must(threading_group_run(&group, set_one, &data[0]));
    must(threading_group_run(&group, set_one, &data[1]));
    end_group(&group, THREADING_OK);
    check_data(2);
    end_pool();
}

CASE(group_waits_for_tasks_of_an_executor)
{ /* slow */
    explore(group_on_an_executor, 1);
}

/* The worker waits for what it has to run itself. */
static threading_status_t wait_for_inner_group(void *value)
{
    threading_group_t inner;
    must(threading_group_init(&inner, pool));
    must(threading_group_run(&inner, set_one, value));
    end_group(&inner, THREADING_OK);
    return THREADING_OK;
}

static void group_in_a_group(void *unused)
{
    (void)unused;
    threading_group_t group;
    set_to_zero();
    pool = threading_executor_new(1, NULL);
    must(threading_group_init(&group, pool));
    must(threading_group_run(&group, wait_for_inner_group, &data[0]));
    end_group(&group, THREADING_OK);
    check_data(1);
    end_pool();
}

CASE(group_in_a_task_of_a_pool_of_one)
{ /* slow */
    explore(group_in_a_group, 1);
}

static void group_whose_executor_ends(void *unused)
{
    (void)unused;
    threading_group_t group;
    set_to_zero();
    pool = threading_executor_new(1, NULL);
    must(threading_group_init(&group, pool));
    must(threading_group_run(&group, set_one, &data[0]));
    must(threading_executor_shutdown(pool, false, true));
    threading_status_t status = threading_group_wait(&group);
    threading_sim_check(status == THREADING_OK || status == THREADING_CANCELLED);
    count(&times[status == THREADING_OK ? 0 : 1]);
    threading_sim_check(data[0] == (status == THREADING_OK));
    end_pool();
}

CASE(shutdown_of_the_executor_ends_the_group)
{ /* slow */
    explore(group_whose_executor_ends, 1);
    CHECK(times[0] > 0);
    CHECK(times[1] > 0);
}

/* ---- loops ---- */

static void add_to_each(size_t begin, size_t end, void *unused)
{
    (void)unused;
    for (size_t i = begin; i < end; i++)
        change(&data[i], 1);
}

static void loop_of_three(void *unused)
{
    (void)unused;
    set_to_zero();
    pool = threading_executor_new(1, NULL);
    must(threading_executor_for(pool, 0, 3, 0, add_to_each, NULL));
    check_data(3);
    end_pool();
}

CASE(loop_runs_each_index_once)
{ /* slow */
    explore(loop_of_three, 1);
}

/* The worker that was called may come in the first loop, in the second, or too late for both. */
static void loop_after_loop(void *unused)
{
    (void)unused;
    set_to_zero();
    pool = threading_executor_new(1, NULL);
    must(threading_executor_for(pool, 0, 2, 0, add_to_each, NULL));
    check_data(2);
    set_to_zero();
    must(threading_executor_for(pool, 0, 2, 0, add_to_each, NULL));
    check_data(2);
    end_pool();
}

CASE(loop_follows_a_loop)
{ /* slow */
    explore(loop_after_loop, 1);
}
