/* SPDX-License-Identifier: MIT */
/* Executor, within the library. */
#ifndef TI_EXECUTOR_H
#define TI_EXECUTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "self.h"

struct threading_executor {
    uint32_t handles;      /* what users hold; with the last it is shut down */
    uint32_t references;   /* one for all handles together, one for each worker */
    uint32_t family;       /* ti_fork_family: the workers of another process's executor are not here */
    threading_lock_t lock; /* protects what follows */
    threading_condition_t work;
    bool is_shutdown;
    bool is_broken;
    threading_future_t *first;
    threading_future_t *last;
    size_t queued;
    uint32_t free; /* changes without the lock too */
    size_t worker_count;
    size_t worker_capacity;
    threading_thread_t **workers;
    size_t max_workers; /* does not change, as the next */
    threading_executor_options_t options;
    char *name;
    bool is_listed; /* under the list's guard, as the next two */
    threading_executor_t *previous_listed;
    threading_executor_t *next_listed;
};

/* In a worker: run a task of its own executor that has not begun. False: it is another's, or has begun. */
bool ti_executor_help(threading_future_t *future, ti_self *self);

/* Take no more tasks, and let the workers end when the queue is empty. */
void ti_executor_stop(threading_executor_t *executor, bool cancel_futures);

/* The i-th worker, valid as long as the executor is; NULL behind the last one. */
threading_thread_t *ti_executor_worker_at(threading_executor_t *executor, size_t i);

/* Run tasks in the calling thread, a worker, until there will be none. */
void ti_executor_work(threading_executor_t *executor, ti_self *self);

/* Give one of `references` back. */
void ti_executor_give_back(threading_executor_t *executor);

/* executor_list.c: enter a new one where the end of the process finds it, and take it out again. False: the
 * process waits for its threads just now, and takes no new executors. */
bool ti_executor_list(threading_executor_t *executor, ti_self *self);
void ti_executor_unlist(threading_executor_t *executor, ti_self *self);

/* The process waits for its threads: shut all executors down, and have none begin until they are opened
 * again. */
void ti_executors_close(ti_self *self);
void ti_executors_open(void);

/* In a forked child, which has none of them. */
void ti_executors_reset(void);

#endif
