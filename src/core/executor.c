/* SPDX-License-Identifier: MIT */
/*
 * Executor: a queue of futures, and threads that take them.
 *
 * `free` counts the workers that run no task: a submit starts another thread only if there are not more of
 * them than tasks in the queue. A worker counts as free before its task's future is finished, so that who
 * waits for one task and then submits the next finds the worker free.
 *
 * A task that was cancelled, or that a waiting worker ran itself, stays in the queue until a worker comes
 * upon it and drops it.
 */
#include "executor.h"

#include <stdio.h>
#include <string.h>

#include "atomic.h"
#include "condition.h"
#include "future.h"
#include "memory.h"
#include "runtime.h"
#include "thread.h"

#define TI_WORKERS_DEFAULT_MAX 32 /* CPython's min(32, os.process_cpu_count() + 4) */
#define TI_WORKERS_DEFAULT_MORE 4
#define TI_NAME_MORE 16 /* bytes for "_" and a number behind a name */

static uint32_t ti_executor_number; /* of the next automatic name */

/* ---- making and freeing ---- */

static size_t ti_executor_default_workers(void)
{
    size_t workers = ti_port_cpu_count() + TI_WORKERS_DEFAULT_MORE;
    return workers < TI_WORKERS_DEFAULT_MAX ? workers : TI_WORKERS_DEFAULT_MAX;
}

static char *ti_executor_name(const char *name)
{
    static const char automatic[] = "ThreadPoolExecutor-";
    bool is_automatic = name == NULL || *name == '\0';
    size_t size = (is_automatic ? sizeof automatic : strlen(name) + 1) + TI_NAME_MORE;
    char *copy = (char *)ti_memory_allocate(size);
    if (copy == NULL)
        return NULL;
    if (is_automatic) /* relaxed: only the number matters */
        (void)snprintf(copy, size, "%s%u", automatic, (unsigned)ti_add_relaxed(&ti_executor_number, 1));
    else
        (void)snprintf(copy, size, "%s", name);
    return copy;
}

threading_executor_t *threading_executor_new(size_t max_workers, const threading_executor_options_t *options)
{
    threading_executor_t *executor = (threading_executor_t *)ti_memory_allocate(sizeof *executor);
    if (executor == NULL)
        return NULL;
    if (options != NULL)
        executor->options = *options;
    executor->name = ti_executor_name(executor->options.name);
    if (executor->name == NULL) {
        ti_memory_free(executor);
        return NULL;
    }
    executor->handles = executor->references = 1;
    executor->family = ti_fork_family;
    executor->max_workers = max_workers > 0 ? max_workers : ti_executor_default_workers();
    (void)threading_condition_init_lock(&executor->work, &executor->lock);
    executor->is_shutdown = !ti_executor_list(executor, ti_self_get());
    return executor;
}

threading_executor_t *threading_executor_retain(threading_executor_t *executor)
{
    /* Relaxed: whoever retains holds or borrows a handle already. */
    if (executor != NULL)
        ti_add_relaxed(&executor->handles, 1);
    return executor;
}

/* Nobody else knows it any more; its workers have ended, but for the calling thread. */
static void ti_executor_destroy(threading_executor_t *executor, ti_self *self)
{
    ti_executor_unlist(executor, self);
    for (size_t i = 0; i < executor->worker_count; i++)
        threading_thread_free(executor->workers[i]);
    ti_memory_free(executor->workers);
    ti_memory_free(executor->name);
    ti_memory_free(executor);
}

void ti_executor_give_back(threading_executor_t *executor)
{
    /* Release: what this holder did happens before the memory is freed; acquire: by the last one. */
    if (ti_add_acquire_release(&executor->references, (uint32_t)-1) == 1)
        ti_executor_destroy(executor, ti_self_get());
}

void threading_executor_free(threading_executor_t *executor)
{
    /* Acquire and release: as in ti_executor_give_back, for the shutdown. */
    if (executor == NULL || ti_add_acquire_release(&executor->handles, (uint32_t)-1) != 1)
        return;
    (void)threading_executor_shutdown(executor, false, false);
    ti_executor_give_back(executor);
}

/* ---- tasks ---- */

/* In a forked child: its locks may be held for ever by threads that are gone. */
static bool ti_executor_is_orphaned(const threading_executor_t *executor)
{
    return executor->family != ti_fork_family;
}

/* What a task leaves behind in its worker is undone. */
static void ti_executor_run(threading_executor_t *executor, threading_future_t *future, ti_self *self,
                            uint32_t *free)
{
    threading_stop_t *stop = self->stop;
    self->fast
        .rlocks++; /* if the thread ends in the task, those who wait are woken and told, as for an RLock */
    void *value = ti_thread_call(self, future->function, future->arg);
    self->fast.rlocks--;
    if (ti_executor_is_orphaned(executor))
        return; /* the task has called fork, and this is the child */
    if (self->stop != stop)
        (void)threading_stop_heed(stop);
    (void)ti_future_finish(future, self->fast.ident, THREADING_OK, value, free);
}

bool ti_executor_help(threading_future_t *future, ti_self *self)
{
    if (future->executor != self->executor || !ti_future_begin(future, self->fast.ident))
        return false;
    ti_executor_run(self->executor, future, self, NULL);
    return true;
}

/* Under the lock. */
static void ti_executor_append(threading_executor_t *executor, threading_future_t *future)
{
    *(executor->first != NULL ? &executor->last->next : &executor->first) = future;
    executor->last = future;
    executor->queued++;
}

static threading_future_t *ti_executor_pop(threading_executor_t *executor)
{
    threading_future_t *future = executor->first;
    if (future != NULL) {
        executor->first = future->next;
        executor->queued--;
    }
    return future;
}

/* Take the whole queue, chained by `next`. */
static threading_future_t *ti_executor_take_all(threading_executor_t *executor)
{
    threading_future_t *chain = executor->first;
    executor->first = NULL;
    executor->queued = 0;
    return chain;
}

/* ---- workers ---- */

/* The next task that has begun, for this thread. NULL: there will be none. */
static threading_future_t *ti_executor_next(threading_executor_t *executor, ti_self *self)
{
    threading_lock_acquire(&executor->lock);
    for (;;) {
        while (executor->first == NULL && !executor->is_shutdown)
            (void)ti_condition_wait(&executor->work, self, TI_FOREVER);
        threading_future_t *future = ti_executor_pop(executor);
        if (future == NULL || ti_future_begin(future, self->fast.ident)) {
            ti_add_relaxed(&executor->free,
                           (uint32_t)-1); /* relaxed: it is read under the lock, as the next */
            threading_lock_release(&executor->lock);
            return future;
        }
        threading_future_free(future);
    }
}

void ti_executor_work(threading_executor_t *executor, ti_self *self)
{
    threading_future_t *future;
    while (!ti_executor_is_orphaned(executor) && (future = ti_executor_next(executor, self)) != NULL) {
        ti_executor_run(executor, future, self, &executor->free);
        threading_future_free(future);
    }
}

static void *ti_executor_initialize(void *arg)
{
    threading_executor_t *executor = (threading_executor_t *)arg;
    return executor->options.initializer(executor->options.initializer_arg) ? executor : NULL;
}

/* End the tasks of a queue that will not be run. */
static void ti_executor_refuse(threading_future_t *chain, threading_status_t status)
{
    for (threading_future_t *next; chain != NULL; chain = next) {
        next = chain->next;
        if (status == THREADING_CANCELLED)
            (void)threading_future_cancel(chain);
        else
            (void)ti_future_finish(chain, TI_PENDING_FUTURE, status, NULL, NULL);
        threading_future_free(chain);
    }
}

/* No task will be run any more. */
static void ti_executor_break(threading_executor_t *executor)
{
    threading_lock_acquire(&executor->lock);
    executor->is_broken = true;
    ti_add_relaxed(&executor->free, (uint32_t)-1);
    threading_future_t *chain = ti_executor_take_all(executor);
    threading_lock_release(&executor->lock);
    ti_executor_refuse(chain, THREADING_BROKEN);
}

static void *ti_executor_worker(void *arg)
{
    threading_executor_t *executor = (threading_executor_t *)arg;
    ti_self *self = ti_self_get();
    self->executor = executor;
    if (executor->options.initializer == NULL ||
        ti_thread_call(self, ti_executor_initialize, executor) == executor)
        ti_executor_work(executor, self);
    else
        ti_executor_break(executor);
    self->executor = NULL;
    ti_executor_give_back(executor);
    return NULL;
}

/* Room for one more. */
static bool ti_executor_make_room(threading_executor_t *executor)
{
    if (executor->worker_count < executor->worker_capacity)
        return true;
    size_t capacity = executor->worker_capacity > 0 ? 2 * executor->worker_capacity : 4;
    void *workers = ti_memory_resize(executor->workers, capacity * sizeof *executor->workers);
    if (workers == NULL)
        return false;
    executor->workers = (threading_thread_t **)workers;
    executor->worker_capacity = capacity;
    return true;
}

static threading_thread_t *ti_executor_new_worker(threading_executor_t *executor)
{
    size_t size = strlen(executor->name) + TI_NAME_MORE + 1;
    char *name = (char *)ti_memory_allocate(size);
    if (name == NULL)
        return NULL;
    (void)snprintf(name, size, "%s_%u", executor->name, (unsigned)executor->worker_count);
    threading_thread_options_t options = {
        .name = name, .daemon = executor->options.daemon, .stack_size = executor->options.stack_size};
    threading_thread_t *worker = threading_thread_new(ti_executor_worker, executor, &options);
    ti_memory_free(name);
    if (worker != NULL)
        worker->is_worker = true;
    return worker;
}

/* Under the executor's lock. */
static threading_status_t ti_executor_start_worker(threading_executor_t *executor)
{
    threading_thread_t *worker = ti_executor_make_room(executor) ? ti_executor_new_worker(executor) : NULL;
    if (worker == NULL)
        return THREADING_NO_MEMORY;
    ti_add_relaxed(&executor->references, 1); /* relaxed: the caller has a handle */
    threading_status_t status = threading_thread_start(worker);
    if (status == THREADING_OK) {
        executor->workers[executor->worker_count++] = worker;
        ti_add_relaxed(&executor->free, 1); /* relaxed: under the lock */
    } else {
        ti_add_relaxed(&executor->references, (uint32_t)-1); /* relaxed: not the last one */
        threading_thread_free(worker);
    }
    return status;
}

/* ---- submit ---- */

/* The other options are those of the threads, and checked where they are started. */
static bool ti_executor_options_are_valid(const threading_executor_options_t *options)
{
    bool valid = true;
    for (size_t i = 0; i < sizeof options->reserved / sizeof *options->reserved; i++)
        valid = valid && options->reserved[i] == 0;
    return valid;
}

/* Under the lock. A further thread that cannot be started is no reason to fail. */
static threading_status_t ti_executor_enqueue(threading_executor_t *executor, threading_future_t *future)
{
    if (executor->is_broken)
        return THREADING_BROKEN;
    if (executor->is_shutdown)
        return THREADING_SHUTDOWN;
    if (ti_load_relaxed(&executor->free) <= executor->queued &&
        executor->worker_count < executor->max_workers) {
        threading_status_t status = ti_executor_start_worker(executor);
        if (status != THREADING_OK && executor->worker_count == 0)
            return status;
    }
    ti_executor_append(executor, future);
    (void)threading_condition_notify(&executor->work, 1);
    return THREADING_OK;
}

threading_status_t threading_executor_submit(threading_executor_t *executor, threading_target_t function,
                                             void *arg, threading_future_t **future)
{
    if (executor == NULL || function == NULL || !ti_executor_options_are_valid(&executor->options))
        return THREADING_INVALID;
    if (ti_executor_is_orphaned(executor))
        return THREADING_BROKEN;
    threading_future_t *task = ti_future_new(executor, function, arg);
    if (task == NULL)
        return THREADING_NO_MEMORY;
    threading_future_t *handle = future != NULL ? threading_future_retain(task) : NULL;
    threading_lock_acquire(&executor->lock);
    threading_status_t status = ti_executor_enqueue(executor, task);
    threading_lock_release(&executor->lock);
    if (status == THREADING_OK) {
        if (future != NULL)
            *future = handle;
    } else {
        threading_future_free(handle);
        threading_future_free(task);
    }
    return status;
}

/* ---- shutdown ---- */

void ti_executor_stop(threading_executor_t *executor, bool cancel_futures)
{
    threading_lock_acquire(&executor->lock);
    executor->is_shutdown = true;
    threading_future_t *cancelled = cancel_futures ? ti_executor_take_all(executor) : NULL;
    (void)threading_condition_notify_all(&executor->work);
    threading_lock_release(&executor->lock);
    ti_executor_refuse(cancelled, THREADING_CANCELLED);
}

threading_thread_t *ti_executor_worker_at(threading_executor_t *executor, size_t i)
{
    threading_lock_acquire(&executor->lock);
    threading_thread_t *worker = i < executor->worker_count ? executor->workers[i] : NULL;
    threading_lock_release(&executor->lock);
    return worker; /* valid as long as the executor is */
}

static threading_status_t ti_executor_join(threading_executor_t *executor, ti_self *self)
{
    threading_status_t status = THREADING_OK;
    self->deaf++;
    for (size_t i = 0; status == THREADING_OK; i++) {
        threading_thread_t *worker = ti_executor_worker_at(executor, i);
        if (worker == NULL)
            break;
        status = threading_thread_join(worker);
    }
    self->deaf--;
    return status;
}

threading_status_t threading_executor_shutdown(threading_executor_t *executor, bool wait, bool cancel_futures)
{
    if (executor == NULL)
        return THREADING_INVALID;
    if (ti_executor_is_orphaned(executor))
        return THREADING_OK;
    ti_executor_stop(executor, cancel_futures);
    ti_self *self = ti_self_get();
    if (!wait)
        return THREADING_OK;
    return self->executor == executor ? THREADING_DEADLOCK : ti_executor_join(executor, self);
}
