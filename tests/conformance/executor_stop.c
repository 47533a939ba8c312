/* SPDX-License-Identifier: MIT */
/* Pools with a stop, which all waits in their tasks heed. */
#include <stdlib.h>

#include "conformance.h"
#include "dump_text.h"
#include "gate.h"
#include "tasks.h"

static int object;
static threading_executor_t *pool;
static threading_stop_t stop;
static threading_event_t event;
static threading_lock_t gate;
static atomic_int entered, runs;

static void make_stoppable_pool(size_t max_workers)
{
    const threading_executor_options_t options = {.name = "pool", .stop = &stop};
    pool = threading_executor_new(max_workers, &options);
    CHECK(pool != NULL);
}

static void request(void)
{
    CHECK_STATUS(threading_stop_request(&stop), THREADING_OK);
}

static void *count_run(void *arg)
{
    atomic_fetch_add(&runs, 1);
    return arg;
}

static void *wait_until_stopped(void *arg)
{
    atomic_fetch_add(&entered, 1);
    CHECK_STATUS(threading_event_wait(&event), THREADING_CANCELLED);
    return arg;
}

CASE(request_ends_the_waits_of_tasks)
{
    threading_future_t *futures[3];
    make_stoppable_pool(2);
    for (int i = 0; i < 3; i++)
        futures[i] = submitted(pool, wait_until_stopped, &object);
    AWAIT(atomic_load(&entered) == 2);
    request();
    for (int i = 0; i < 3; i++) /* the third one begins after the request */
        CHECK(value_of(futures[i]) == &object);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&entered), 3);
}

CASE(time_of_a_stop_ends_the_waits_of_tasks)
{
    CHECK_STATUS(threading_stop_init_child(&stop, NULL, 0.01), THREADING_OK);
    make_stoppable_pool(1);
    CHECK(value_of(submitted(pool, wait_until_stopped, &object)) == &object);
    end_pool(pool);
}

CASE(request_of_a_parent_ends_the_waits_of_tasks)
{
    static threading_stop_t parent;
    CHECK_STATUS(threading_stop_init_child(&stop, &parent, THREADING_FOREVER), THREADING_OK);
    make_stoppable_pool(1);
    threading_future_t *future = submitted(pool, wait_until_stopped, &object);
    AWAIT(atomic_load(&entered) == 1);
    CHECK_STATUS(threading_stop_request(&parent), THREADING_OK);
    CHECK(value_of(future) == &object);
    end_pool(pool);
}

CASE(tasks_begin_after_a_request_as_before)
{
    make_stoppable_pool(2);
    request();
    for (int i = 0; i < 100; i++)
        submit_and_forget(pool, count_run, NULL);
    CHECK(value_of(submitted(pool, wait_until_stopped, &object)) == &object);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 100);
}

static void *heed_nothing(void *arg)
{
    CHECK(threading_stop_heed(NULL) == &stop);
    CHECK_STATUS(threading_sleep(0.001), THREADING_OK);
    return arg;
}

CASE(what_a_task_heeds_ends_with_it)
{
    make_stoppable_pool(1);
    request();
    for (int i = 0; i < 3; i++)
        CHECK(value_of(submitted(pool, heed_nothing, &object)) == &object);
    end_pool(pool);
}

static bool wait_first(void *unused)
{
    return wait_until_stopped(&object) != unused;
}

CASE(request_ends_the_wait_of_an_initializer)
{
    const threading_executor_options_t options = {.initializer = wait_first, .stop = &stop};
    pool = threading_executor_new(1, &options);
    CHECK(pool != NULL);
    threading_future_t *future = submitted(pool, return_at_once, &object);
    AWAIT(atomic_load(&entered) == 1);
    request();
    CHECK(value_of(future) == &object);
    end_pool(pool);
}

/* The map itself is the caller's, which heeds nothing. */
CASE(request_ends_the_waits_of_a_maps_items)
{
    void *items[4] = {NULL, NULL, NULL, NULL};
    make_stoppable_pool(2);
    request();
    CHECK_STATUS(threading_executor_map(pool, wait_until_stopped, items, 4, NULL), THREADING_OK);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&entered), 4);
}

static void *wait_for_an_own_task(void *arg)
{
    threading_future_t *future = submitted(pool, count_run, &object);
    CHECK_STATUS(threading_future_result(future, NULL), THREADING_CANCELLED);
    threading_future_free(future);
    return arg;
}

/* It would help else, and run it. */
CASE(wait_for_an_own_task_ends_after_a_request)
{
    make_stoppable_pool(1);
    request();
    CHECK(value_of(submitted(pool, wait_for_an_own_task, &object)) == &object);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 1);
}

/* How long the pool's only thread has waited for a task without a break, in seconds; 0 if it does not. */
static double idle_time(void)
{
    static const char waits[] = ", for a task, for ";
    const char *thread = strstr(dump_now()->text, "Thread \"pool_0\" (");
    const char *wait = thread != NULL ? strstr(thread, waits) : NULL;
    return wait != NULL ? strtod(wait + sizeof waits - 1, NULL) : 0;
}

/* A worker that heeded the request in its own sleep would go round and round: its sleeps would be short. */
CASE(idle_thread_sleeps_on_after_a_request)
{
    make_stoppable_pool(1);
    CHECK(value_of(submitted(pool, return_at_once, &object)) == &object);
    AWAIT(idle_time() > 0);
    request();
    CHECK(value_of(submitted(pool, return_at_once, &object)) == &object);
    AWAIT(idle_time() > 0.1);
    end_pool(pool);
}

static void *ask_for_the_end(void *arg)
{
    atomic_fetch_add(&entered, 1);
    gate_pass(&gate);
    CHECK_STATUS(threading_shutdown(), THREADING_OK);
    CHECK_EQUAL(atomic_load(&entered), 3);
    return arg;
}

/* The wait of threading_shutdown() heeds nothing, but the tasks that it runs meanwhile do. */
CASE(tasks_that_run_within_a_shutdown_heed)
{
    make_stoppable_pool(1);
    gate_close(&gate);
    threading_future_t *first = submitted(pool, ask_for_the_end, &object);
    AWAIT(atomic_load(&entered) == 1);
    threading_future_t *second = submitted(pool, wait_until_stopped, &object);
    threading_future_t *third = submitted(pool, wait_until_stopped, &object);
    request();
    gate_open(&gate);
    CHECK(value_of(second) == &object);
    CHECK(value_of(third) == &object);
    CHECK(value_of(first) == &object);
    end_pool(pool);
}

CASE(bound_and_stop_go_together)
{
    const threading_executor_options_t options = {.max_pending = 1, .stop = &stop};
    pool = threading_executor_new(1, &options);
    CHECK(pool != NULL);
    request(); /* the pool's, not that of those who submit */
    for (int i = 0; i < 100; i++)
        submit_and_forget(pool, i % 2 == 0 ? count_run : wait_until_stopped, &object);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 50);
    CHECK_EQUAL(atomic_load(&entered), 50);
}
