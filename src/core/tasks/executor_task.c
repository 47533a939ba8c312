/* SPDX-License-Identifier: MIT */
/* Executor: what becomes of a task in a ring, if it is not run by the worker that comes upon it. tasks.h
 * has the kinds. */
#include "executor.h"
#include "future.h"
#include "line.h"

/* ---- tasks that need no thread any more ---- */

static void ti_task_drop(ti_task task)
{
    if (task.function == ti_group_task)
        ti_member_give_back((ti_member *)task.arg);
    else
        threading_future_free((threading_future_t *)task.arg);
}

bool ti_task_begins(threading_executor_t *executor, ti_task task, const ti_self *self)
{
    bool begins = true;
    if (task.function == ti_group_task)
        begins = ti_member_begin((ti_member *)task.arg, self);
    else if (task.function == NULL)
        begins = ti_future_begin((threading_future_t *)task.arg, self->fast.ident);
    if (begins)
        return true;
    ti_task_drop(task);
    ti_executor_count_spare(executor, 1);
    return false;
}

/* Whether a task cannot begin any more. Then it is dropped. */
static bool ti_task_goes(ti_task task)
{
    bool is_pending = true;
    if (task.function == ti_group_task)
        is_pending = ti_member_is_pending((const ti_member *)task.arg);
    else if (task.function == NULL)
        is_pending = ti_future_is_pending((const threading_future_t *)task.arg);
    if (!is_pending)
        ti_task_drop(task);
    return !is_pending;
}

TI_COLD void ti_worker_sweep(ti_worker *worker, ti_self *self)
{
    ti_tasks_sweep(&worker->tasks, ti_task_goes, self);
}

/* ---- refusing tasks ---- */

static void ti_task_refuse(ti_task task, threading_status_t status)
{
    if (task.function == ti_map_task) {
        ti_map_refuse((struct ti_map *)task.arg, status);
        ti_map_give_back((struct ti_map *)task.arg);
    } else if (task.function == ti_group_task) {
        ti_member_refuse((ti_member *)task.arg, status);
    } else if (task.function == NULL) {
        if (status == THREADING_CANCELLED)
            (void)threading_future_cancel((threading_future_t *)task.arg);
        else
            (void)ti_future_finish((threading_future_t *)task.arg, TI_PENDING_FUTURE, status, NULL, NULL);
        threading_future_free((threading_future_t *)task.arg);
    }
}

TI_COLD static void ti_tasks_refuse(threading_executor_t *executor, uint32_t *lock, ti_tasks *tasks,
                                    threading_status_t status, ti_self *self)
{
    ti_line_lock(lock, self);
    ti_line_lock(&tasks->lock, self);
    ti_tasks taken = ti_tasks_take_all(tasks);
    ti_line_unlock(&tasks->lock, self);
    ti_line_unlock(lock, self);
    for (ti_task task; ti_tasks_pop(&taken, &task);) {
        ti_executor_count_spare(executor, 1);
        ti_task_refuse(task, status);
    }
    ti_tasks_free(&taken);
}

TI_COLD void ti_executor_refuse(threading_executor_t *executor, threading_status_t status, ti_self *self)
{
    /* Relaxed: a worker that does not see it yet begins one item of a map more, as if that had been
     * before. */
    ti_store_relaxed(&executor->refused, (uint32_t)status);
    ti_tasks_refuse(executor, &executor->lock, &executor->tasks, status, self);
    for (ti_worker *worker = NULL; (worker = ti_executor_worker_after(executor, worker)) != NULL;)
        ti_tasks_refuse(executor, &worker->lock, &worker->tasks, status, self);
}

TI_COLD void ti_executor_break(threading_executor_t *executor, ti_self *self)
{
    ti_line_lock(&executor->lock, self);
    ti_store_relaxed(&executor->refusal, THREADING_BROKEN); /* relaxed: as in ti_worker_put */
    ti_executor_count_spare(executor, (uint32_t)-1);
    ti_line_unlock(&executor->lock, self);
    ti_executor_make_room(executor, SIZE_MAX, self);
    ti_executor_refuse(executor, THREADING_BROKEN, self);
}
