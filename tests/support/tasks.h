/* SPDX-License-Identifier: MIT */
/* What the suites about futures and executors share: made, submitted, finished; or the case fails. */
#ifndef TASKS_H
#define TASKS_H

#include "conformance.h"

THREADING_UNUSED static inline threading_future_t *made_future(void)
{
    threading_future_t *future = threading_future_new();
    CHECK(future != NULL);
    return future;
}

THREADING_UNUSED static inline threading_executor_t *made_pool(size_t max_workers)
{
    threading_executor_t *pool = threading_executor_new(max_workers, NULL);
    CHECK(pool != NULL);
    return pool;
}

/* Waits until its threads have ended, and gives it back. */
THREADING_UNUSED static inline void end_pool(threading_executor_t *pool)
{
    CHECK_STATUS(threading_executor_shutdown(pool, true, false), THREADING_OK);
    threading_executor_free(pool);
}

THREADING_UNUSED static inline threading_future_t *submitted(threading_executor_t *pool,
                                                             threading_target_t task, void *arg)
{
    threading_future_t *future = NULL;
    CHECK_STATUS(threading_executor_submit(pool, task, arg, &future), THREADING_OK);
    CHECK(future != NULL);
    return future;
}

THREADING_UNUSED static inline void submit_and_forget(threading_executor_t *pool, threading_target_t task,
                                                      void *arg)
{
    CHECK_STATUS(threading_executor_submit(pool, task, arg, NULL), THREADING_OK);
}

/* Waits for the value and gives the handle back. */
THREADING_UNUSED static inline void *value_of(threading_future_t *future)
{
    void *value = NULL;
    CHECK_STATUS(threading_future_result(future, &value), THREADING_OK);
    threading_future_free(future);
    return value;
}

/* Waits for a result that is no value, and gives the handle back. */
THREADING_UNUSED static inline void check_ends_with(threading_future_t *future, threading_status_t status)
{
    void *value = future;
    CHECK_STATUS(threading_future_result(future, &value), status);
    CHECK(value == future);
    threading_future_free(future);
}

THREADING_UNUSED static inline void set_value(threading_future_t *future, void *value)
{
    CHECK_STATUS(threading_future_set_result(future, value), THREADING_OK);
}

THREADING_UNUSED static inline void set_failure(threading_future_t *future)
{
    CHECK_STATUS(threading_future_set_error(future, THREADING_BROKEN), THREADING_OK);
}

THREADING_UNUSED static inline void make_all(threading_future_t **futures, size_t count)
{
    for (size_t i = 0; i < count; i++)
        futures[i] = made_future();
}

THREADING_UNUSED static inline void free_all(threading_future_t **futures, size_t count)
{
    for (size_t i = 0; i < count; i++)
        threading_future_free(futures[i]);
}

/* A task that must be run in its turn: the arguments of all are their numbers, from 0 on. */
THREADING_UNUSED static int next_turn; /* not atomic: one thread runs them all */

THREADING_UNUSED static void *check_turn(void *number)
{
    CHECK_EQUAL((intptr_t)number, next_turn);
    next_turn++;
    return number;
}

/* Finishes one after the other with pauses, until it is told to stop: for what limits the time of all
 * together. */
struct drip {
    threading_future_t **futures;
    size_t count;
    atomic_bool is_enough;
};

THREADING_UNUSED static void *drip_values(void *arg)
{
    struct drip *drip = arg;
    for (size_t i = 0; i < drip->count && !atomic_load(&drip->is_enough); i++) {
        (void)threading_sleep(0.01);
        set_value(drip->futures[i], NULL);
    }
    return NULL;
}

#endif
