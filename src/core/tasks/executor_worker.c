/* SPDX-License-Identifier: MIT */
/*
 * Executor: its workers, and what they do with tasks.
 *
 * As long as workers may have to be started, `spare` is the number of those that run no task, less the
 * tasks that are queued: a submit takes one off, and starts another thread if there was none to spare. A
 * worker counts as spare before its task's future is finished, so that a thread that waits for one
 * task and then submits the next finds the worker free.
 *
 * A task that was cancelled, or that a waiting worker ran itself, stays in its ring until a worker comes
 * upon it and drops it.
 */
#include <stdio.h>
#include <string.h>

#include "calls.h"
#include "executor.h"
#include "future.h"
#include "line.h"
#include "memory.h"
#include "spins.h"
#include "thread.h"

#define TI_NAME_MORE 16 /* bytes for "_" and a number behind a name */
/* As TI_LOOK_DISTANCE. A worker that is as fast as the submitter slows the submitter down. */
#define TI_TASK_DISTANCE 128
#define TI_TURNS 32 /* of so many searches one begins at the executor's ring and one at another worker's */

/* ---- running a task ---- */

void ti_executor_count_spare(threading_executor_t *executor, uint32_t more)
{
    /* Relaxed: from that time on nobody reads it any more. */
    if (!ti_load_relaxed(&executor->is_complete))
        ti_add_relaxed(&executor->spare, more); /* relaxed: only the number matters */
}

bool ti_executor_leave(const threading_executor_t *executor, threading_stop_t *stop, ti_self *self)
{
    if (ti_executor_is_orphaned(executor))
        return false;
    if (self->stop != stop)
        (void)threading_stop_heed(stop);
    return true;
}

void *ti_executor_call(threading_executor_t *executor, threading_target_t function, void *arg, ti_self *self)
{
    threading_stop_t *stop = self->stop;
    void *value = ti_calls_catch(self, function, arg);
    (void)ti_executor_leave(executor, stop, self);
    return value;
}

/*
 * A task has ended its thread in the platform's way: it is over, with THREADING_BROKEN. So is its executor,
 * which has a thread less; first, so that those who are told find it so. `is_given`: with a reference. NULL:
 * nobody waits for it.
 */
TI_COLD static void ti_future_abandon(ti_self *self, void *object, uintptr_t is_given)
{
    threading_future_t *future = (threading_future_t *)object;
    if (future == NULL || ti_executor_is_spared(future->executor, self))
        return;
    ti_executor_break(future->executor, self);
    (void)ti_future_finish(future, self->fast.ident, THREADING_BROKEN, NULL, NULL);
    if (is_given)
        threading_future_free(future);
}

bool ti_executor_help(threading_future_t *future, ti_self *self)
{
    threading_executor_t *executor = self->executor;
    if (future->executor != executor || !ti_future_begin(future, self->fast.ident))
        return false;
    ti_calls_enter(self, ti_future_abandon, future, 0);
    void *value = ti_executor_call(executor, future->function, future->arg, self);
    ti_calls_leave(self);
    if (!ti_executor_is_orphaned(executor))
        (void)ti_future_finish(future, self->fast.ident, THREADING_OK, value, NULL);
    return true;
}

static void ti_worker_finish(threading_executor_t *executor, threading_future_t *future, void *value,
                             ti_self *self)
{
    /* Relaxed: as in ti_executor_count_spare. */
    uint32_t *spare = ti_load_relaxed(&executor->is_complete) ? NULL : &executor->spare;
    (void)ti_future_finish(future, self->fast.ident, THREADING_OK, value, spare);
    threading_future_free(future);
}

/* The task has ended with that value, if it has one: by its return or by threading_exit(). */
static void ti_worker_end(ti_worker *worker, void *value, ti_self *self)
{
    ti_task task = worker->task;
    if (!ti_executor_leave(worker->executor, worker->stop, self))
        return;
    if (task.function != NULL)
        ti_executor_count_spare(worker->executor, 1);
    else if (task.arg != NULL)
        ti_worker_finish(worker->executor, (threading_future_t *)task.arg, value, self);
    worker->task = (ti_task){NULL, NULL};
}

/* Run the task that was taken. */
static void ti_worker_run(ti_worker *worker, ti_self *self)
{
    ti_task task = worker->task;
    if (task.function == NULL) {
        const threading_future_t *future = (threading_future_t *)task.arg;
        ti_worker_end(worker, future->function(future->arg), self);
    } else if (task.function == ti_map_task) {
        worker->task = (ti_task){NULL, NULL}; /* its items have calls of their own */
        ti_map_work((struct ti_map *)task.arg, self);
        ti_map_give_back((struct ti_map *)task.arg);
    } else if (task.function == ti_group_task) {
        worker->task = (ti_task){NULL, NULL}; /* it has a call of its own */
        ti_member_run((ti_member *)task.arg, self);
    } else {
        ti_worker_end(worker, task.function(task.arg), self);
    }
}

/* ---- finding a task ---- */

/* Take the oldest task of a ring that begins. */
static bool ti_worker_take(const ti_worker *worker, ti_tasks *tasks, ti_task *task, ti_self *self)
{
    bool begins = false;
    if (!ti_tasks_may_be_there(tasks))
        return false;
    ti_line_lock(&tasks->lock, self);
    while (!begins && ti_tasks_pop(tasks, task))
        begins = ti_task_begins(worker->executor, *task, self);
    ti_line_unlock(&tasks->lock, self);
    return begins;
}

static bool ti_worker_take_own(ti_worker *worker, ti_task *task, ti_self *self)
{
    return ti_worker_take(worker, &worker->tasks, task, self);
}

static bool ti_worker_take_submitted(ti_worker *worker, ti_task *task, ti_self *self)
{
    threading_executor_t *executor = worker->executor;
    if (!ti_executor_is_bounded(executor))
        return ti_worker_take(worker, &executor->tasks, task, self);
    if (!ti_tasks_may_be_there(&executor->tasks))
        return false;
    bool begins = ti_worker_take(worker, &executor->tasks, task, self);
    ti_executor_make_room(executor, 1, self); /* also by what was cancelled, and does not begin */
    return begins;
}

static ti_worker *ti_worker_next_victim(const ti_worker *worker)
{
    ti_worker *next = ti_executor_worker_after(worker->executor, worker->victim);
    return next != NULL ? next : ti_executor_worker_after(worker->executor, NULL);
}

/* Whether a worker's ring was ever used; certain under the executor's lock. Else a thousand workers that have
 * nothing to do would look at a thousand empty rings each. */
static bool ti_executor_is_nested(const threading_executor_t *executor)
{
    return ti_load_relaxed(&executor->is_nested); /* relaxed: a hint without the lock */
}

/* From each other worker once, beginning behind the last one. */
static bool ti_worker_steal(ti_worker *worker, ti_task *task, ti_self *self)
{
    if (!ti_executor_is_nested(worker->executor))
        return false;
    ti_worker *last = worker->victim;
    do {
        worker->victim = ti_worker_next_victim(worker);
        if (worker->victim == NULL)
            return false; /* none is listed yet */
        if (last == NULL)
            last = worker->victim;
        if (worker->victim != worker && ti_worker_take(worker, &worker->victim->tasks, task, self))
            return true;
    } while (worker->victim != last);
    return false;
}

static bool ti_worker_find(ti_worker *worker, ti_task *task, ti_self *self)
{
    uint32_t turn = worker->turn++ % TI_TURNS;
    if (turn == 0 && ti_worker_take_submitted(worker, task, self))
        return true;
    if (turn == TI_TURNS / 2 && ti_worker_steal(worker, task, self))
        return true;
    return ti_worker_take_own(worker, task, self) || ti_worker_take_submitted(worker, task, self) ||
           ti_worker_steal(worker, task, self);
}

/* ---- waiting for a task ---- */

/* Whether a loop wants a thread; certain under the executor's lock. */
static bool ti_executor_has_loops(const threading_executor_t *executor)
{
    return ti_load_pointer_relaxed(&executor->loops) != 0; /* relaxed: a hint without the lock */
}

/* Whether there seems to be one. */
static bool ti_executor_may_have_tasks(const threading_executor_t *executor)
{
    bool found = ti_tasks_may_be_there(&executor->tasks) || ti_executor_has_loops(executor);
    bool is_nested = ti_executor_is_nested(executor);
    for (const ti_worker *worker = NULL;
         is_nested && !found && (worker = ti_executor_worker_after(executor, worker)) != NULL;)
        found = ti_tasks_may_be_there(&worker->tasks);
    return found;
}

/* Each ring under its lock. False: there is none, and *is_over tells whether there can be one to come. */
static bool ti_executor_has_tasks(threading_executor_t *executor, ti_self *self, bool *is_over)
{
    ti_line_lock(&executor->lock, self);
    bool found = ti_tasks_may_be_there(&executor->tasks) || ti_executor_has_loops(executor);
    bool is_nested = ti_executor_is_nested(executor);
    *is_over = executor->is_shutdown;
    ti_line_unlock(&executor->lock, self);
    for (ti_worker *worker = NULL;
         is_nested && !found && (worker = ti_executor_worker_after(executor, worker)) != NULL;) {
        ti_line_lock(&worker->lock, self);
        found = ti_tasks_may_be_there(&worker->tasks);
        ti_line_unlock(&worker->lock, self);
    }
    return found;
}

static void ti_executor_sleep(threading_executor_t *executor, ti_self *self, uint32_t signal)
{
    ti_blocked_on(self, TI_ON_WORK, executor);
    ti_blocked_counted(self, TI_ON_WORK, executor, 0);
    self->deaf++; /* a stop is no task */
    (void)ti_parking_wait(self, &executor->signal, signal, TI_FOREVER);
    self->deaf--;
    ti_blocked_counted(self, TI_ON_WORK, executor, ti_tasks_count(&executor->tasks));
}

/* Wait until there may be a task. False: there will be none. */
static bool ti_executor_await_task(threading_executor_t *executor, ti_self *self)
{
    for (uint32_t looks = 0; ti_line_pause(&looks, TI_TASK_DISTANCE);)
        if (ti_executor_may_have_tasks(executor))
            return true;
    bool is_over;
    ti_add_relaxed(&executor->idle, 1); /* relaxed: a later submitter sees it by the lock */
    /* Acquire: before what follows. If this load came after the 0, a submitter's 1 could come between the
     * two: the submitter would count on this worker, and the worker would sleep all the same. */
    uint32_t signal = ti_load_acquire(&executor->signal);
    ti_store_relaxed(&executor->waking, 0); /* relaxed: as above */
    bool has_tasks = ti_executor_has_tasks(executor, self, &is_over);
    if (!has_tasks && !is_over)
        ti_executor_sleep(executor, self, signal);
    ti_add_relaxed(&executor->idle, (uint32_t)-1); /* relaxed: only the number matters */
    ti_store_relaxed(&executor->waking, 0);        /* relaxed: executor.h says why */
    self->worker->relays = true;
    return has_tasks || !is_over;
}

/* A worker that was idle and has found a task signals the next one if there is another task. */
static void ti_worker_relay(ti_worker *worker, ti_self *self)
{
    threading_executor_t *executor = worker->executor;
    bool is_over;
    worker->relays = false;
    if (ti_executor_has_tasks(executor, self, &is_over) && ti_load_relaxed(&executor->idle) > 0)
        ti_line_wake(ti_executor_signal(executor, 1, self));
}

/* Take part in a loop, if one wants a thread. */
static bool ti_worker_join_loop(ti_worker *worker, ti_self *self)
{
    ti_loop *loop;
    ti_share *share = ti_loop_enter(worker->executor, &loop, self);
    if (share == NULL)
        return false;
    if (worker->relays)
        ti_worker_relay(worker, self);
    ti_loop_work(loop, share, self);
    /* Loops follow each other: it looks for the next one as long as to be woken for it would take. */
    for (ti_spin spin = ti_spin_begin(); !ti_executor_may_have_tasks(worker->executor);)
        if (!ti_spin_goes_on(&spin))
            break;
    return true;
}

/* Run tasks until there will be none. One call for all: it is left, and made again, by threading_exit()
 * only. */
static void *ti_worker_loop(void *arg)
{
    ti_worker *worker = (ti_worker *)arg;
    threading_executor_t *executor = worker->executor;
    ti_self *self = ti_self_get();
    ti_worker_end(worker, self->calls.exit_result, self);
    for (ti_task task; !ti_executor_is_orphaned(executor);) {
        if (ti_worker_find(worker, &task, self)) {
            worker->task = task;
            worker->stop = self->stop;
            if (worker->relays)
                ti_worker_relay(worker, self);
            ti_worker_run(worker, self);
        } else if (!ti_worker_join_loop(worker, self) && !ti_executor_await_task(executor, self)) {
            break;
        }
    }
    worker->is_done = true;
    return NULL;
}

/* The future of a worker's task, which may be none. */
static void *ti_task_future(ti_task task)
{
    return task.function == NULL ? task.arg : NULL;
}

TI_COLD void ti_executor_work(ti_self *self)
{
    ti_worker *worker = self->worker;
    ti_task outer = worker->task; /* which calls threading_shutdown(), or ends the process */
    threading_stop_t *stop = worker->stop;
    uint32_t deaf = self->deaf; /* the outer task's wait is, these are not */
    worker->task = (ti_task){NULL, NULL};
    worker->stop = self->stop;
    self->deaf = 0;
    ti_calls_enter(self, ti_future_abandon, ti_task_future(outer), true);
    for (worker->is_done = false; !worker->is_done;)
        (void)ti_calls_catch(self, ti_worker_loop, worker);
    ti_calls_leave(self);
    worker->is_done = false;
    worker->task = outer;
    worker->stop = stop;
    self->deaf = deaf;
}

/* ---- the thread ---- */

static void *ti_executor_initialize(void *arg)
{
    threading_executor_t *executor = (threading_executor_t *)arg;
    return executor->options.initializer(executor->options.initializer_arg) ? executor : NULL;
}

/* The thread has ended in the initializer or in a task, in the platform's way. */
TI_COLD static void ti_worker_abandon(ti_self *self, void *object, uintptr_t unused)
{
    (void)unused;
    const ti_worker *worker = (const ti_worker *)object;
    threading_executor_t *executor = worker->executor;
    if (ti_executor_is_spared(executor, self))
        return;
    ti_executor_break(executor, self);
    ti_future_abandon(self, ti_task_future(worker->task), true);
    self->executor = NULL;
    ti_executor_give_back(executor);
}

static void *ti_worker_main(void *arg)
{
    ti_worker *worker = (ti_worker *)arg;
    threading_executor_t *executor = worker->executor;
    ti_self *self = ti_self_get();
    self->executor = executor;
    self->worker = worker;
    self->fast.rlocks++; /* it counts as the owner of what its task is waited for (ti_future_may_help) */
    ti_calls_enter(self, ti_worker_abandon, worker, 0);
    if (executor->options.initializer == NULL ||
        ti_calls_catch(self, ti_executor_initialize, executor) == executor)
        ti_executor_work(self);
    else
        ti_executor_break(executor, self);
    ti_calls_leave(self);
    self->fast.rlocks--;
    self->executor = NULL;
    ti_executor_give_back(executor);
    return NULL;
}

/* Its thread, not started. */
static threading_thread_t *ti_worker_thread(const threading_executor_t *executor, ti_worker *worker)
{
    size_t size = strlen(executor->name) + TI_NAME_MORE + 1;
    char *name = (char *)ti_memory_allocate(size);
    if (name == NULL)
        return NULL;
    ti_port_errors errors = ti_port_errors_keep();
    (void)snprintf(name, size, "%s_%u", executor->name, (unsigned)executor->worker_count);
    ti_port_errors_restore(errors);
    threading_thread_options_t options = {.name = name,
                                          .daemon = executor->options.daemon,
                                          .stack_size = executor->options.stack_size,
                                          .stop = executor->options.stop};
    threading_thread_t *thread = threading_thread_new(ti_worker_main, worker, &options);
    ti_memory_free(name);
    if (thread != NULL)
        thread->is_worker = true;
    return thread;
}

static ti_worker *ti_worker_new(threading_executor_t *executor)
{
    ti_worker *worker = (ti_worker *)ti_memory_allocate(sizeof *worker);
    if (worker == NULL)
        return NULL;
    worker->executor = executor;
    worker->thread = ti_worker_thread(executor, worker);
    if (worker->thread != NULL)
        return worker;
    ti_memory_free(worker);
    return NULL;
}

static void ti_executor_add_worker(threading_executor_t *executor, ti_worker *worker)
{
    /* Release: pairs with the acquire in ti_executor_worker_after. */
    ti_store_pointer_release(executor->last != NULL ? &executor->last->next : &executor->first,
                             (uintptr_t)worker);
    executor->last = worker;
    ti_executor_count_spare(executor, 1);
    if (++executor->worker_count == executor->max_workers)
        ti_store_relaxed(&executor->is_complete, 1); /* relaxed: what it allows is under locks */
}

TI_COLD threading_status_t ti_executor_start_worker(threading_executor_t *executor)
{
    ti_worker *worker = ti_worker_new(executor);
    if (worker == NULL)
        return THREADING_NO_MEMORY;
    ti_add_relaxed(&executor->references, 1); /* relaxed: the caller has a handle */
    /* What is wrong with the options is told by the call on the executor. */
    threading_status_t status = worker->thread->options_status;
    if (status == THREADING_OK)
        status = threading_thread_start(worker->thread);
    if (status == THREADING_OK) {
        ti_executor_add_worker(executor, worker);
        return THREADING_OK;
    }
    ti_add_relaxed(&executor->references, (uint32_t)-1); /* relaxed: not the last one */
    threading_thread_free(worker->thread);
    ti_memory_free(worker);
    return status;
}
