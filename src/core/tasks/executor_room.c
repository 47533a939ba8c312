/* SPDX-License-Identifier: MIT */
/* Executor: bounded pools, where those who submit wait for room. executor.h tells how. */
#include "executor.h"
#include "line.h"
#include "parking.h"

/* How many tasks wait where the next one would; with the executor's lock never too few. */
static size_t ti_executor_pending(const threading_executor_t *executor, const ti_worker *worker)
{
    size_t own = worker != NULL ? ti_tasks_count(&worker->tasks) : 0;
    return own + ti_tasks_count(&executor->tasks);
}

/* Or a reason to submit nothing, which is told when the task is put. */
static bool ti_executor_has_room(const threading_executor_t *executor, const ti_worker *worker)
{
    /* Relaxed: as in ti_worker_put. */
    return ti_load_relaxed(&executor->refusal) != THREADING_OK ||
           ti_executor_pending(executor, worker) < executor->options.max_pending;
}

/* Without the lock. False: the wait's limit. */
static bool ti_executor_sleep_for_room(threading_executor_t *executor, uint32_t room, ti_self *self)
{
    ti_blocked_on(self, TI_ON_ROOM, executor);
    ti_blocked_counted(self, TI_ON_ROOM, executor, ti_tasks_count(&executor->tasks));
    bool changed = ti_parking_wait(self, &executor->room, room, TI_FOREVER);
    ti_blocked_counted(self, TI_ON_ROOM, executor, ti_tasks_count(&executor->tasks));
    return changed;
}

/* With the executor's lock, but in the sleep. What has changed when the wait was cancelled counts. */
TI_COLD static threading_status_t ti_executor_await_room(threading_executor_t *executor, ti_self *self)
{
    for (threading_status_t status = THREADING_OK;;) {
        /* Acquire: before the look, which finds the place that came before this change. */
        uint32_t room = ti_load_acquire(&executor->room);
        if (ti_executor_has_room(executor, NULL))
            return THREADING_OK;
        if (status != THREADING_OK)
            return status;
        ti_line_unlock(&executor->lock, self);
        status = ti_executor_sleep_for_room(executor, room, self) ? THREADING_OK : THREADING_CANCELLED;
        ti_line_lock(&executor->lock, self);
    }
}

threading_status_t ti_executor_find_room(threading_executor_t *executor, ti_worker *worker, bool may_wait,
                                         ti_self *self)
{
    if (worker != NULL && !may_wait && !ti_executor_has_room(executor, worker))
        ti_worker_sweep(worker, self);
    if (ti_executor_has_room(executor, worker) || (may_wait && self->executor == executor))
        return THREADING_OK;
    return may_wait ? ti_executor_await_room(executor, self) : THREADING_BUSY;
}

ti_waiter *ti_executor_take_submitter(threading_executor_t *executor, ti_self *self)
{
    if (!ti_line_is_awaited(&executor->room) || !ti_executor_has_room(executor, NULL))
        return NULL;
    return ti_line_take(&executor->room, TI_OBSERVERS, 1, self);
}

void ti_executor_make_room(threading_executor_t *executor, size_t n, ti_self *self)
{
    if (!ti_executor_is_bounded(executor))
        return;
    ti_add_sequential(&executor->room, 1); /* sequential: the change in the table in parking.h */
    if (ti_parking_is_awaited(ti_parking_bucket(&executor->room)))
        ti_line_wake(ti_line_take(&executor->room, TI_OBSERVERS, n, self));
}
