/* SPDX-License-Identifier: MIT */
/*
 * Tasks in the order of their coming, in a ring that grows by doubling. Whoever has a ring protects it by a lock;
 * only its count may be read without.
 */
#ifndef TI_TASKS_H
#define TI_TASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "atomic.h"
#include "port.h"

/*
 *   function      arg
 *   NULL          the future whose function is called; the task has a reference to it
 *   ti_map_task   the map whose next items are worked off; the task has a reference to it
 *   another       what it is called with, and nobody wants the result
 */
typedef struct ti_task {
    threading_target_t function;
    void *arg;
} ti_task;

typedef struct ti_tasks {
    uintptr_t count;
    size_t first;
    size_t capacity; /* a power of two; 0 without memory */
    ti_task *tasks;
} ti_tasks;

/* Make room for so many tasks more. False: no memory, and nothing has changed. */
bool ti_tasks_reserve(ti_tasks *tasks, size_t more);

/* There is room. */
static inline void ti_tasks_push(ti_tasks *tasks, ti_task task)
{
    tasks->tasks[(tasks->first + tasks->count) & (tasks->capacity - 1)] = task;
    ti_store_pointer_relaxed(&tasks->count,
                             tasks->count + 1); /* relaxed: a look without the lock is a hint */
}

/* The oldest. There is one. */
static inline ti_task ti_tasks_pop(ti_tasks *tasks)
{
    ti_task task = tasks->tasks[tasks->first];
    tasks->first = (tasks->first + 1) & (tasks->capacity - 1);
    ti_store_pointer_relaxed(&tasks->count, tasks->count - 1); /* relaxed: as above */
    return task;
}

/* Whether there seems to be one, without the lock. */
static inline bool ti_tasks_may_be_there(const ti_tasks *tasks)
{
    return ti_load_pointer_relaxed(&tasks->count) > 0; /* relaxed: the lock decides */
}

/* Take them all away, into a ring that is the caller's. */
ti_tasks ti_tasks_take_all(ti_tasks *tasks);

void ti_tasks_free(ti_tasks *tasks);

#endif
