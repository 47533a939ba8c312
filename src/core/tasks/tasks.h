/* SPDX-License-Identifier: MIT */
/*
 * The task ring: tasks in the order of their submission, in a ring that grows by doubling.
 *
 * A ring has two ends, each with its own lock and in its own memory. The submitter and the worker share a
 * line of the cache only when one of them has used up what it knows of the other. The submitters' lock
 * belongs to the owner of the ring (the executor or the worker), and protects other things as well. The
 * takers' lock is in the ring. A thread that needs both takes the submitters' lock first.
 */
#ifndef TI_TASKS_H
#define TI_TASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "atomic.h"
#include "line.h"
#include "port.h"

/* Bytes that keep apart what several threads write: two lines of the cache, since processors fetch them in
 * pairs. */
#define TI_APART 128

/*
 *   function      arg
 *   NULL          the future whose function is called; the task has a reference to it
 *   ti_map_task   the map whose next items are worked off; the task has a reference to it
 *   ti_group_task a group's task, which may have begun; it has a reference to it
 *   another       what it is called with, and nobody wants the result
 *
 * A linker may give functions of the same code one address (MSVC's /OPT:ICF, lld's --icf=all): so the two
 * that stand for a kind refer to functions of their own file, as no other one can.
 */
typedef struct ti_task {
    threading_target_t function;
    void *arg;
} ti_task;

typedef struct ti_slots {
    ti_task *tasks;
    size_t mask; /* one less than how many there are, a power of two */
} ti_slots;

typedef struct ti_tasks {
    uintptr_t put;   /* how many were put there so far */
    uintptr_t limit; /* how many may be before somebody must look how many were taken */
    ti_slots in;
    char apart[TI_APART];
    uint32_t lock; /* of those who take: protects what follows */
    uintptr_t taken;
    uintptr_t seen; /* how many were put, when one last looked */
    ti_slots out;   /* the same as `in`: both change under both locks */
} ti_tasks;

/* Make room for so many tasks more, under the lock of those who put. False: no memory, and nothing has
 * changed. */
bool ti_tasks_grow(ti_tasks *tasks, size_t more, ti_self *self);

static inline bool ti_tasks_have_room(const ti_tasks *tasks, size_t more)
{
    return more <= tasks->limit - tasks->put;
}

/* Have those go for which `goes` is true, which then have no task any more; under the lock of those who put.
 * The others keep their order. */
void ti_tasks_sweep(ti_tasks *tasks, bool (*goes)(ti_task task), ti_self *self);

static inline bool ti_tasks_reserve(ti_tasks *tasks, size_t more, ti_self *self)
{
    return ti_tasks_have_room(tasks, more) || ti_tasks_grow(tasks, more, self);
}

/* There is room. */
static inline void ti_tasks_push(ti_tasks *tasks, ti_task task)
{
    tasks->in.tasks[tasks->put & tasks->in.mask] = task;
    /* Release: pairs with the acquire in ti_tasks_pop, which then finds the task. */
    ti_store_pointer_release(&tasks->put, tasks->put + 1);
}

/* The oldest, under the lock of those who take. False: there is none. */
static inline bool ti_tasks_pop(ti_tasks *tasks, ti_task *task)
{
    if (tasks->taken == tasks->seen) {
        /* Acquire: as in ti_tasks_push; relaxed: ti_tasks_may_be_there is a hint. */
        ti_store_pointer_relaxed(&tasks->seen, ti_load_pointer_acquire(&tasks->put));
        if (tasks->taken == tasks->seen)
            return false;
    }
    *task = tasks->out.tasks[tasks->taken & tasks->out.mask];
    /* Release: pairs with the acquire in ti_tasks_grow, so that the place is used again after this. */
    ti_store_pointer_release(&tasks->taken, tasks->taken + 1);
    return true;
}

/* Whether there seems to be a task, without the takers' lock. Under the submitters' lock a false is certain:
 * no submitter can have put one meanwhile. */
static inline bool ti_tasks_may_be_there(const ti_tasks *tasks)
{
    /* Relaxed: the locks decide. */
    uintptr_t taken = ti_load_pointer_relaxed(&tasks->taken);
    return taken != ti_load_pointer_relaxed(&tasks->seen) || taken != ti_load_pointer_relaxed(&tasks->put);
}

/* How many there seem to be. */
static inline size_t ti_tasks_count(const ti_tasks *tasks)
{
    /* Acquire: pairs with the release in ti_tasks_pop, so that no more is taken than was put. */
    uintptr_t taken = ti_load_pointer_acquire(&tasks->taken);
    /* Relaxed: a hint. */
    return ti_load_pointer_relaxed(&tasks->put) - taken;
}

/* Take them all away, into a ring that is the caller's; under both locks. */
ti_tasks ti_tasks_take_all(ti_tasks *tasks);

void ti_tasks_free(ti_tasks *tasks);

#endif
