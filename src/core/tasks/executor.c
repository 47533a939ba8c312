/* SPDX-License-Identifier: MIT */
/* Executor: its life, and how tasks come in. executor.h tells how it works. */
#include "executor.h"

#include <stdio.h>
#include <string.h>

#include "block.h"
#include "deadlock.h"
#include "future.h"
#include "line.h"
#include "memory.h"
#include "misuse.h"
#include "phase.h"
#include "processors.h"
#include "thread.h"

#define TI_NAME_MORE 16 /* bytes for "_" and a number behind a name */

static uint32_t ti_executor_number; /* of the next automatic name */

/* ---- making and freeing ---- */

static char *ti_executor_name(const char *name)
{
    static const char automatic[] = "ThreadPoolExecutor-";
    bool is_automatic = name == NULL || *name == '\0';
    size_t size = (is_automatic ? sizeof automatic : strlen(name) + 1) + TI_NAME_MORE;
    char *copy = (char *)ti_memory_allocate(size);
    if (copy == NULL)
        return NULL;
    ti_port_errors errors = ti_port_errors_keep();
    if (is_automatic) /* relaxed: only the number matters */
        (void)snprintf(copy, size, "%s%u", automatic, (unsigned)ti_add_relaxed(&ti_executor_number, 1));
    else
        (void)snprintf(copy, size, "%s", name);
    ti_port_errors_restore(errors);
    return copy;
}

TI_COLD threading_executor_t *threading_executor_new(size_t max_workers,
                                                     const threading_executor_options_t *options)
{
    threading_executor_t *executor = (threading_executor_t *)ti_memory_allocate(sizeof *executor);
    if (executor == NULL)
        return NULL;
    if (options != NULL)
        executor->options = *options;
    ti_self *self = ti_self_get();
    if (ti_tasks_reserve(&executor->tasks, 1, self))
        executor->name = ti_executor_name(executor->options.name);
    if (executor->name == NULL) {
        ti_tasks_free(&executor->tasks);
        ti_memory_free(executor);
        return NULL;
    }
    executor->handles = executor->references = 1;
    executor->family = ti_phase_family;
    executor->parallelism = ti_processors_available();
    /* CPython's min(32, os.process_cpu_count() + 4) is meant for workers that wait for the GIL and for
     * input. */
    executor->max_workers = max_workers > 0 ? max_workers : executor->parallelism;
    executor->is_shutdown = !ti_executor_list(executor, self);
    executor->refusal = executor->is_shutdown ? THREADING_SHUTDOWN : THREADING_OK;
    return executor;
}

threading_executor_t *threading_executor_retain(threading_executor_t *executor)
{
    /* Relaxed: a thread that retains holds or borrows a handle already. */
    if (executor != NULL)
        ti_add_relaxed(&executor->handles, 1);
    return executor;
}

ti_worker *ti_executor_worker_after(const threading_executor_t *executor, const ti_worker *worker)
{
    /* Acquire: pairs with the release in ti_executor_add_worker, so that the worker is seen as it was
     * made. */
    return (ti_worker *)ti_load_pointer_acquire(worker != NULL ? &worker->next : &executor->first);
}

/* Nobody else knows it any more; its workers have ended, but for the calling thread. */
static void ti_executor_destroy(threading_executor_t *executor, ti_self *self)
{
    ti_executor_unlist(executor, self);
    for (ti_worker *worker = ti_executor_worker_after(executor, NULL), *next; worker != NULL; worker = next) {
        next = ti_executor_worker_after(executor, worker);
        threading_thread_free(worker->thread);
        ti_tasks_free(&worker->tasks);
        ti_memory_free(worker);
    }
    ti_tasks_free(&executor->tasks);
    ti_memory_free(executor->name);
    ti_memory_free(executor);
}

TI_COLD void ti_executor_give_back(threading_executor_t *executor)
{
    /* Release: what this holder did happens before the memory is freed; acquire: by the last one. */
    if (ti_add_acquire_release(&executor->references, (uint32_t)-1) == 1)
        ti_executor_destroy(executor, ti_self_get());
}

TI_COLD void threading_executor_free(threading_executor_t *executor)
{
    /* Acquire and release: as in ti_executor_give_back, for the shutdown. */
    if (executor == NULL || ti_add_acquire_release(&executor->handles, (uint32_t)-1) != 1)
        return;
    (void)threading_executor_shutdown(executor, false, false);
    ti_executor_give_back(executor);
}

size_t threading_executor_workers(const threading_executor_t *executor)
{
    return executor != NULL ? executor->max_workers : 0;
}

/* ---- submit ---- */

/* The other options are those of the threads, and checked where they are started. */
bool ti_executor_accepts(const threading_executor_t *executor)
{
    bool valid = true;
    for (size_t i = 0; i < sizeof executor->options.reserved / sizeof *executor->options.reserved; i++)
        valid = valid && executor->options.reserved[i] == 0;
    return valid;
}

bool ti_executor_is_orphaned(const threading_executor_t *executor)
{
    return executor->family != ti_phase_family;
}

bool ti_executor_is_spared(const threading_executor_t *executor, const ti_self *self)
{
    return ti_executor_is_orphaned(executor) || self->is_leaving;
}

/* Before a task is queued: start another worker if none is to spare for it. One that cannot be started is
 * no reason to fail, unless it is the first. */
static threading_status_t ti_executor_prepare(threading_executor_t *executor)
{
    /* Relaxed: only the number matters. */
    if ((int32_t)ti_add_relaxed(&executor->spare, (uint32_t)-1) > 0)
        return THREADING_OK;
    threading_status_t status = ti_executor_start_worker(executor);
    if (status == THREADING_OK || executor->worker_count > 0)
        return THREADING_OK;
    ti_add_relaxed(&executor->spare, 1); /* relaxed: as above */
    return status;
}

/* Queue with the executor. */
static threading_status_t ti_executor_put(threading_executor_t *executor, ti_task task, size_t times,
                                          ti_self *self)
{
    if (executor->refusal != THREADING_OK)
        return (threading_status_t)executor->refusal;
    if (!ti_tasks_reserve(&executor->tasks, times, self))
        return THREADING_NO_MEMORY;
    for (size_t i = 0; i < times; i++) {
        threading_status_t status = executor->is_complete ? THREADING_OK : ti_executor_prepare(executor);
        if (status != THREADING_OK)
            return status;
        ti_tasks_push(&executor->tasks, task);
    }
    return THREADING_OK;
}

/* Queue with the calling worker, whose executor is complete. */
static threading_status_t ti_worker_put(ti_worker *worker, ti_task task, size_t times, ti_self *self)
{
    /* Relaxed: a refusal that was before this call is seen, and one beside it may come before or after. */
    threading_status_t refusal = (threading_status_t)ti_load_relaxed(&worker->executor->refusal);
    if (refusal != THREADING_OK)
        return refusal;
    if (!ti_tasks_have_room(&worker->tasks, times))
        ti_worker_sweep(worker, self);
    /* With a quarter more than it needs just now, so that it is not swept again at once. */
    if (!ti_tasks_have_room(&worker->tasks, times) &&
        !ti_tasks_reserve(&worker->tasks, times + ti_tasks_count(&worker->tasks) / 4, self))
        return THREADING_NO_MEMORY;
    for (size_t i = 0; i < times; i++)
        ti_tasks_push(&worker->tasks, task);
    return THREADING_OK;
}

ti_waiter *ti_executor_signal(threading_executor_t *executor, size_t n, ti_self *self)
{
    ti_store_relaxed(&executor->waking, 1);  /* relaxed: executor.h says why */
    ti_add_sequential(&executor->signal, 1); /* sequential: the change in the table in parking.h */
    return ti_parking_is_awaited(ti_parking_bucket(&executor->signal))
               ? ti_line_take(&executor->signal, TI_OBSERVERS, n, self)
               : NULL;
}

void ti_executor_call_workers(threading_executor_t *executor, uint32_t *called, uint32_t n, ti_self *self)
{
    while (*called < n && (executor->is_complete || ti_executor_prepare(executor) == THREADING_OK))
        ++*called;
    /* Relaxed: as in ti_executor_put_and_unlock. */
    bool is_awaited = ti_load_relaxed(&executor->idle) > 0 && ti_load_relaxed(&executor->waking) == 0;
    ti_waiter *idle = is_awaited ? ti_executor_signal(executor, n, self) : NULL;
    ti_line_unlock(&executor->lock, self);
    ti_line_wake(idle);
}

/* A worker that found 0 there under this lock, and so does not look at the workers' rings, has counted itself
 * before the lock is taken here. */
TI_COLD static void ti_executor_nest(threading_executor_t *executor, ti_self *self)
{
    ti_line_lock(&executor->lock, self);
    /* Release: pairs with the acquire in ti_executor_own_worker. */
    ti_store_release(&executor->is_nested, 1);
    ti_line_unlock(&executor->lock, self);
}

/* The calling worker if tasks that it submits go to its own ring, else NULL. */
static ti_worker *ti_executor_own_worker(threading_executor_t *executor, ti_self *self)
{
    /* Relaxed: the calling worker itself was started before. */
    if (self->executor != executor || !ti_load_relaxed(&executor->is_complete))
        return NULL;
    /* Acquire: pairs with the release in ti_executor_nest; so the workers are seen that counted themselves
     * before the 1 was written. */
    if (!ti_load_acquire(&executor->is_nested))
        ti_executor_nest(executor, self);
    return self->worker;
}

/* Queue with that worker, or the executor if it is NULL, under the lock, which is released; unless there is a
 * `status` that says why not. */
static inline threading_status_t ti_executor_put_and_unlock(threading_executor_t *executor, ti_worker *worker,
                                                            ti_task task, size_t times,
                                                            threading_status_t status, ti_self *self)
{
    if (status == THREADING_OK)
        status = worker != NULL ? ti_worker_put(worker, task, times, self)
                                : ti_executor_put(executor, task, times, self);
    /* Relaxed: a worker that has looked here before counted itself before that. */
    bool is_awaited = status == THREADING_OK && ti_load_relaxed(&executor->idle) > 0 &&
                      ti_load_relaxed(&executor->waking) == 0;
    ti_waiter *idle = is_awaited ? ti_executor_signal(executor, times, self) : NULL;
    bool is_bounded = worker == NULL && ti_executor_is_bounded(executor);
    ti_waiter *submitter = is_bounded ? ti_executor_take_submitter(executor, self) : NULL;
    /* The last touch of the executor: its last reference may be given back in the task. */
    ti_line_unlock(worker != NULL ? &worker->lock : &executor->lock, self);
    ti_line_wake(idle);
    ti_line_wake(submitter);
    return status;
}

threading_status_t ti_executor_enqueue(threading_executor_t *executor, ti_task task, size_t times,
                                       ti_self *self)
{
    ti_worker *worker = ti_executor_own_worker(executor, self);
    ti_line_lock(worker != NULL ? &worker->lock : &executor->lock, self);
    return ti_executor_put_and_unlock(executor, worker, task, times, THREADING_OK, self);
}

threading_status_t ti_executor_enqueue_bounded(threading_executor_t *executor, ti_task task, bool may_wait,
                                               ti_self *self)
{
    threading_status_t status = THREADING_OK;
    ti_worker *worker = ti_executor_own_worker(executor, self);
    ti_line_lock(worker != NULL ? &worker->lock : &executor->lock, self);
    if (ti_executor_is_bounded(executor))
        status = ti_executor_find_room(executor, worker, may_wait, self);
    return ti_executor_put_and_unlock(executor, worker, task, 1, status, self);
}

static threading_status_t ti_executor_submit(threading_executor_t *executor, threading_target_t function,
                                             void *arg, bool may_wait, threading_future_t **future)
{
    if (executor == NULL || function == NULL || !ti_executor_accepts(executor))
        return THREADING_INVALID;
    if (ti_executor_is_orphaned(executor))
        return THREADING_BROKEN;
    ti_self *self = ti_self_get();
    if (future == NULL)
        return ti_executor_enqueue_bounded(executor, (ti_task){function, arg}, may_wait, self);
    threading_future_t *task = ti_future_new(executor, function, arg, 2); /* the task's, and the caller's */
    if (task == NULL)
        return THREADING_NO_MEMORY;
    threading_status_t status = ti_executor_enqueue_bounded(executor, (ti_task){NULL, task}, may_wait, self);
    if (status == THREADING_OK)
        *future = task;
    else
        ti_block_give_back(task, task->offset); /* nobody else has seen it */
    return status;
}

threading_status_t threading_executor_submit(threading_executor_t *executor, threading_target_t function,
                                             void *arg, threading_future_t **future)
{
    return TI_TELL(executor, ti_executor_submit(executor, function, arg, true, future));
}

threading_status_t threading_executor_try_submit(threading_executor_t *executor, threading_target_t function,
                                                 void *arg, threading_future_t **future)
{
    return TI_TELL(executor, ti_executor_submit(executor, function, arg, false, future));
}

/* ---- shutdown ---- */

TI_COLD void ti_executor_stop(threading_executor_t *executor, bool cancel_futures)
{
    ti_self *self = ti_self_get();
    ti_line_lock(&executor->lock, self);
    executor->is_shutdown = true;
    if (executor->refusal == THREADING_OK)
        ti_store_relaxed(&executor->refusal, THREADING_SHUTDOWN); /* relaxed: as in ti_worker_put */
    ti_line_unlock(&executor->lock, self);
    ti_line_wake(ti_executor_signal(executor, SIZE_MAX, self));
    ti_executor_make_room(executor, SIZE_MAX, self);
    if (cancel_futures)
        ti_executor_refuse(executor, THREADING_CANCELLED, self);
}

static threading_status_t ti_executor_join(threading_executor_t *executor, ti_self *self)
{
    threading_status_t status = THREADING_OK;
    self->deaf++;
    for (ti_worker *worker = NULL;
         status == THREADING_OK && (worker = ti_executor_worker_after(executor, worker)) != NULL;)
        status = threading_thread_join(worker->thread);
    self->deaf--;
    return status;
}

TI_COLD threading_status_t threading_executor_shutdown(threading_executor_t *executor, bool wait,
                                                       bool cancel_futures)
{
    if (executor == NULL)
        return TI_TELL(executor, THREADING_INVALID);
    if (ti_executor_is_orphaned(executor))
        return THREADING_OK;
    ti_executor_stop(executor, cancel_futures);
    ti_self *self = ti_self_get();
    if (!wait)
        return THREADING_OK;
    if (self->executor != executor)
        return ti_executor_join(executor, self);
    ti_blocked_on(self, TI_ON_WORK, executor);
    return ti_deadlock_refused(self, NULL);
}
