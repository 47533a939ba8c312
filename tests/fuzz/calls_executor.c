/* SPDX-License-Identifier: MIT */
/*
 * Executor: section 21 of the header.
 *
 * An executor lives for one step. It has one thread, and that is held at a gate while tasks are submitted, so
 * that it is known which of them wait.
 */
#include <string.h>

#include "calls.h"

enum { TASKS = 12 };

typedef struct pool {
    threading_executor_t *executor;
    size_t bound;
    threading_event_t gate, begun;
    bool is_held; /* its thread is at the gate */
    bool is_shut_down;
    threading_future_t *futures[TASKS]; /* of tasks that have not begun while it is held */
    bool is_cancelled[TASKS];
    size_t count;
} pool_t;

static void *give_back_argument(void *arg)
{
    return arg;
}

static void *hold(void *arg)
{
    pool_t *pool = arg;
    MUST(threading_event_set(&pool->begun) == THREADING_OK);
    MUST(threading_event_wait(&pool->gate) == THREADING_OK);
    return arg;
}

static void pool_hold(pool_t *pool)
{
    if (pool->is_held || pool->is_shut_down)
        return;
    STATUS(THREADING_OK, pool->executor, threading_executor_submit, (pool->executor, hold, pool, NULL));
    while (!threading_event_is_set(&pool->begun))
        (void)threading_sleep(0);
    pool->is_held = true;
}

static void settle_future(pool_t *pool, size_t i)
{
    void *value = NULL;
    threading_future_t *future = pool->futures[i];
    while (!threading_future_done(future))
        (void)threading_sleep(0);
    threading_status_t want = pool->is_cancelled[i] ? THREADING_CANCELLED : THREADING_OK;
    STATUS(want, future, threading_future_result, (future, &value));
    MUST(value == (pool->is_cancelled[i] ? NULL : (void *)&pool->futures[i]));
    STATUS(pool->is_cancelled[i] ? THREADING_OK : THREADING_BUSY, future, threading_future_cancel, (future));
    STATUS(THREADING_INVALID, future, threading_future_set_result, (future, NULL));
    STATUS(THREADING_INVALID, future, threading_future_set_error, (future, THREADING_BUSY));
    QUIET(threading_future_free(future));
}

/* Tasks that were cancelled leave the line when the thread finds them: let it find all. */
static void pool_drain(pool_t *pool)
{
    threading_future_t *future;
    while (threading_executor_try_submit(pool->executor, give_back_argument, pool, &future) != THREADING_OK)
        (void)threading_sleep(0);
    while (!threading_future_done(future))
        (void)threading_sleep(0);
    threading_future_free(future);
}

/* All tasks end. */
static void pool_let_go(pool_t *pool)
{
    STATUS(THREADING_OK, &pool->gate, threading_event_set, (&pool->gate));
    for (size_t i = 0; i < pool->count; i++)
        settle_future(pool, i);
    pool->count = 0;
    pool->is_held = false;
    memset(pool->is_cancelled, 0, sizeof pool->is_cancelled);
    if (pool->is_shut_down)
        return;
    pool_drain(pool);
    memset(&pool->gate, 0, sizeof pool->gate);
    memset(&pool->begun, 0, sizeof pool->begun);
}

static bool submit_answer(const pool_t *pool, bool is_try, threading_status_t *want)
{
    *want = pool->is_shut_down ? THREADING_SHUTDOWN : THREADING_OK;
    bool is_full = pool->bound > 0 && pool->is_held && pool->count >= pool->bound;
    if (pool->is_shut_down || !is_full)
        return true;
    return gives_up(is_try ? TRY : FOREVER, want);
}

static void pool_submit(pool_t *pool)
{
    bool is_try = chance(2);
    threading_future_t **future = &pool->futures[pool->count];
    threading_status_t want;
    if (!pool->is_held || pool->count == TASKS || !submit_answer(pool, is_try, &want))
        return;
    if (is_try)
        STATUS(want, pool->executor, threading_executor_try_submit,
               (pool->executor, give_back_argument, future, future));
    else
        STATUS(want, pool->executor, threading_executor_submit,
               (pool->executor, give_back_argument, future, future));
    pool->count += want == THREADING_OK;
}

/* It stays in the line. */
static void pool_cancel(pool_t *pool)
{
    if (pool->count == 0)
        return;
    size_t i = below((uint32_t)pool->count);
    STATUS(THREADING_OK, pool->futures[i], threading_future_cancel, (pool->futures[i]));
    pool->is_cancelled[i] = true;
}

static void pool_look(const pool_t *pool)
{
    for (size_t i = 0; i < pool->count; i++) {
        NUMBER(pool->is_cancelled[i], threading_future_done, (pool->futures[i]));
        NUMBER(false, threading_future_running, (pool->futures[i]));
    }
    NUMBER(1, threading_executor_workers, (pool->executor));
}

static void pool_wrong(const pool_t *pool)
{
    threading_executor_t *executor = pool->executor;
    STATUS(THREADING_INVALID, executor, threading_executor_submit, (executor, NULL, NULL, NULL));
    STATUS(THREADING_INVALID, executor, threading_executor_try_submit, (executor, NULL, NULL, NULL));
    STATUS(THREADING_INVALID, executor, threading_executor_map, (executor, NULL, NULL, 0, NULL));
    STATUS(THREADING_INVALID, executor, threading_executor_map,
           (executor, give_back_argument, NULL, 1, NULL));
    STATUS(THREADING_INVALID, executor, threading_executor_for, (executor, 0, 1, 0, NULL, NULL));
}

static void pool_shut_down(pool_t *pool)
{
    bool cancels = chance(2);
    STATUS(THREADING_OK, pool->executor, threading_executor_shutdown, (pool->executor, false, cancels));
    pool->is_shut_down = true;
    for (size_t i = 0; i < pool->count && cancels; i++)
        pool->is_cancelled[i] = true;
}

static void pool_map(const pool_t *pool)
{
    void *items[TASKS], *results[TASKS];
    size_t count = below(TASKS);
    for (size_t i = 0; i < count; i++)
        items[i] = &items[i];
    if (pool->is_held || is_told_to_stop())
        return;
    threading_status_t want = pool->is_shut_down && count > 0 ? THREADING_SHUTDOWN : THREADING_OK;
    if (pool->is_shut_down && count == 0) /* it is not said which comes first */
        return;
    STATUS(want, pool->executor, threading_executor_map,
           (pool->executor, give_back_argument, items, count, results));
    for (size_t i = 0; i < count && want == THREADING_OK; i++)
        MUST(results[i] == items[i]);
}

/* No item begins while the thread is held. What was cancelled stays in the line: for a pool without a bound. */
static void pool_map_in_vain(const pool_t *pool)
{
    void *items[2] = {NULL, NULL}, *results[2] = {&items, &items};
    size_t count = 1 + below(2);
    if (!pool->is_held || pool->is_shut_down || pool->bound > 0)
        return;
    STATUS(THREADING_TIMEOUT, pool->executor, threading_executor_map_timeout,
           (pool->executor, give_back_argument, items, count, results, chance(2) ? 0 : -0.0));
    STATUS(THREADING_OVERFLOW, pool->executor, threading_executor_map_timeout,
           (pool->executor, give_back_argument, items, count, results, 1e10));
    MUST(results[0] == &items && results[1] == &items);
}

static void pool_call(pool_t *pool)
{
    switch (below(10)) {
    case 0:
        pool_wrong(pool);
        break;
    case 1:
        pool_cancel(pool);
        break;
    case 2:
        pool_look(pool);
        break;
    case 3:
        pool_map(pool);
        break;
    case 4:
        if (chance(6))
            pool_shut_down(pool);
        else
            pool_map_in_vain(pool);
        break;
    default:
        pool_submit(pool);
        break;
    }
}

static void pool_wrong_options(void)
{
    threading_executor_options_t options = {.name = "wrong"};
    threading_executor_t *executor;
    switch (below(3)) {
    case 0:
        options.stack_size = 1 + below(32767);
        break;
    case 1:
        options.daemon = chance(2) ? 2 : -2;
        break;
    default:
        options.reserved[below(2)] = 1;
        break;
    }
    QUIET(executor = threading_executor_new(1, &options));
    STATUS(THREADING_INVALID, executor, threading_executor_submit,
           (executor, give_back_argument, NULL, NULL));
    QUIET(threading_executor_free(executor));
}

/* A task that waits for what would have to wait for it. */
typedef struct narcissus {
    threading_executor_t *executor;
    threading_future_t *future;
    threading_event_t may_begin;
    threading_status_t result, shutdown;
} narcissus_t;

static void *wait_for_oneself(void *arg)
{
    narcissus_t *self = arg;
    MUST(threading_event_wait(&self->may_begin) == THREADING_OK);
    self->result = threading_future_result(self->future, NULL);
    self->shutdown = threading_executor_shutdown(self->executor, true, false);
    return NULL;
}

static void executor_deadlocks(void)
{
    narcissus_t task = {.result = THREADING_OK};
    QUIET(task.executor = threading_executor_new(1, NULL));
    STATUS(THREADING_OK, task.executor, threading_executor_submit,
           (task.executor, wait_for_oneself, &task, &task.future));
    STATUS(THREADING_OK, &task.may_begin, threading_event_set, (&task.may_begin));
    while (!threading_future_done(task.future))
        (void)threading_sleep(0);
    MUST(task.result == THREADING_DEADLOCK && task.shutdown == THREADING_DEADLOCK);
    STATUS(THREADING_SHUTDOWN, task.executor, threading_executor_submit,
           (task.executor, wait_for_oneself, NULL, NULL));
    STATUS(THREADING_OK, task.executor, threading_executor_shutdown, (task.executor, true, false));
    QUIET(threading_future_free(task.future));
    QUIET(threading_executor_free(task.executor));
}

static void executor_nulls(void)
{
    about("no executor", 0);
    NUMBER(0, threading_executor_workers, (NULL));
    POINTER(NULL, threading_executor_retain, (NULL));
    QUIET(threading_executor_free(NULL));
    STATUS(THREADING_INVALID, NULL, threading_executor_submit, (NULL, give_back_argument, NULL, NULL));
    STATUS(THREADING_INVALID, NULL, threading_executor_try_submit, (NULL, give_back_argument, NULL, NULL));
    STATUS(THREADING_INVALID, NULL, threading_executor_map, (NULL, give_back_argument, NULL, 0, NULL));
    STATUS(THREADING_INVALID, NULL, threading_executor_map_timeout,
           (NULL, give_back_argument, NULL, 0, NULL, any_limit().seconds));
    STATUS(THREADING_INVALID, NULL, threading_executor_for, (NULL, 0, 1, 0, NULL, NULL));
    STATUS(THREADING_INVALID, NULL, threading_executor_shutdown, (NULL, chance(2), chance(2)));
    pool_wrong_options();
}

static void executor_step(void)
{
    about("executor", 0);
    if (chance(8)) {
        executor_nulls();
        executor_deadlocks();
        return;
    }
    pool_t pool = {.bound = below(4)};
    threading_executor_options_t options = {.max_pending = pool.bound};
    QUIET(pool.executor = threading_executor_new(1, &options));
    for (int round = 0; round < 2; round++) {
        if (chance(4))
            pool_map(&pool);
        pool_hold(&pool);
        for (uint32_t i = below(40); i > 0; i--)
            pool_call(&pool);
        pool_let_go(&pool);
    }
    STATUS(THREADING_OK, pool.executor, threading_executor_shutdown, (pool.executor, true, false));
    QUIET(threading_executor_free(pool.executor));
}

const family_t executor_family = {"executor", 1, true, executor_step, NULL, NULL};
