/* SPDX-License-Identifier: MIT */
/*
 * The executors, for the end of the process: it shuts them down, since their workers end in no other way. The
 * guard is not held while anything else is locked.
 */
#include <string.h>

#include "atomic.h"
#include "executor.h"
#include "guard.h"
#include "thread.h"

static struct {
    ti_guard guard;
    threading_executor_t *first;
    uint32_t closed; /* how many waits for the process's threads are under way */
} ti_executors;

TI_COLD bool ti_executor_list(threading_executor_t *executor, ti_self *self)
{
    ti_guard_lock(&ti_executors.guard, &self->parker);
    bool is_open = ti_executors.closed == 0;
    if (is_open && !executor->is_listed) {
        executor->is_listed = true;
        executor->previous_listed = NULL;
        executor->next_listed = ti_executors.first;
        if (ti_executors.first != NULL)
            ti_executors.first->previous_listed = executor;
        ti_executors.first = executor;
    }
    ti_guard_unlock(&ti_executors.guard);
    return is_open;
}

/* Under the guard. */
static void ti_executor_take_out(threading_executor_t *executor)
{
    threading_executor_t *previous = executor->previous_listed;
    *(previous != NULL ? &previous->next_listed : &ti_executors.first) = executor->next_listed;
    if (executor->next_listed != NULL)
        executor->next_listed->previous_listed = previous;
    executor->is_listed = false;
}

TI_COLD void ti_executor_unlist(threading_executor_t *executor, ti_self *self)
{
    ti_guard_lock(&ti_executors.guard, &self->parker);
    if (executor->is_listed)
        ti_executor_take_out(executor);
    ti_guard_unlock(&ti_executors.guard);
}

/* Take a reference unless the last one was just given back. */
static bool ti_executor_try_retain(threading_executor_t *executor)
{
    for (;;) {
        uint32_t references = ti_load_relaxed(&executor->references); /* relaxed: the swap decides */
        if (references == 0)
            return false;
        if (ti_swap_acquire(&executor->references, references, references + 1))
            return true;
    }
}

/* One that is still in the list, taken off it and retained. One that is just being destroyed takes the guard
 * before its memory goes, and does not mind not being in the list any more. */
static threading_executor_t *ti_executors_next(ti_self *self)
{
    ti_guard_lock(&ti_executors.guard, &self->parker);
    threading_executor_t *executor;
    do {
        executor = ti_executors.first;
        if (executor != NULL)
            ti_executor_take_out(executor);
    } while (executor != NULL && !ti_executor_try_retain(executor));
    ti_guard_unlock(&ti_executors.guard);
    return executor;
}

/* Wait until the workers have ended. Left out are the calling one, those that end the process too and so
 * never end themselves, and those whose end could never come: the wait for all threads leaves them out as
 * well. */
static void ti_executor_await(threading_executor_t *executor, ti_self *self)
{
    for (ti_worker *worker = NULL; (worker = ti_executor_worker_after(executor, worker)) != NULL;) {
        threading_thread_t *thread = worker->thread;
        ti_blocked_on(self, TI_ON_THREAD, thread);
        if (thread == self->record || ti_thread_wait(self, thread, TI_FOREVER, TI_LEAVING) != THREADING_OK)
            continue;
        if (ti_load_acquire(&thread->state) == TI_ENDED)
            (void)ti_thread_reap(self, thread, TI_FOREVER);
    }
}

TI_COLD void ti_executors_close(ti_self *self)
{
    ti_guard_lock(&ti_executors.guard, &self->parker);
    ti_executors.closed++;
    ti_guard_unlock(&ti_executors.guard);
    threading_executor_t *stopped = NULL;
    for (threading_executor_t *executor; (executor = ti_executors_next(self)) != NULL;) {
        ti_executor_stop(executor, false);
        executor->next_listed = stopped; /* it is not in the list any more */
        stopped = executor;
    }
    /* A task may end the process: its worker is not waited for, and does its part here. */
    if (self->executor != NULL)
        ti_executor_work(self);
    while (stopped != NULL) {
        threading_executor_t *executor = stopped;
        stopped = executor->next_listed;
        ti_executor_await(executor, self);
        ti_executor_give_back(executor);
    }
}

TI_COLD void ti_executors_open(void)
{
    ti_guard_lock(&ti_executors.guard, &ti_self_get()->parker);
    ti_executors.closed--;
    ti_guard_unlock(&ti_executors.guard);
}

void ti_executors_reset(void)
{
    memset(&ti_executors, 0, sizeof ti_executors);
}
