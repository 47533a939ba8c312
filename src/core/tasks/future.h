/* SPDX-License-Identifier: MIT */
/*
 * Future: a state that can be waited for, and what comes out in the end.
 *
 *   state              meaning                                     next
 *   PENDING            nobody works on it                          an ident, RUNNING, CANCELLED, FINISHED
 *   a thread's ident   that thread runs the executor's task        FINISHED
 *   RUNNING            threading_future_start was called           FINISHED
 *   CANCELLED          cancelled                                   NOTIFIED
 *   NOTIFIED           and threading_future_start has told so
 *   FINISHED           it has a value, or a status that is no THREADING_OK
 *
 * A running task's state is the ident of its thread, so that a wait for it can be proved to be a deadlock
 * like one for an RLock (deadlock.h). A future gets done under its lock, which also protects the callbacks
 * and what comes out until then; the other changes of the state are single swaps.
 */
#ifndef TI_FUTURE_H
#define TI_FUTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "registry.h"
#include "self.h"

enum { TI_PENDING_FUTURE = 0 };
#define TI_RUNNING_FUTURE TI_IDENT_LIMIT
#define TI_CANCELLED (TI_IDENT_LIMIT + 1) /* from here on it is done */
#define TI_NOTIFIED (TI_IDENT_LIMIT + 2)
#define TI_FINISHED (TI_IDENT_LIMIT + 3)

struct ti_callback;

struct threading_future {
    uint32_t references;
    uint32_t state;
    uint32_t order;            /* set before it is done: later ones have later numbers */
    uint32_t lock;             /* as a Lock's word (line.h) */
    threading_status_t status; /* set before it is done, as the value */
    uint32_t offset;           /* its block's, for block.h */
    void *value;
    struct ti_callback *last_callback; /* whose next is the first; NULL: none */
    threading_executor_t *executor;    /* whose task it is, not retained; NULL for others */
    threading_target_t function;
    void *arg;
};

/* Pending, with so many references. NULL: no memory. */
threading_future_t *ti_future_new(threading_executor_t *executor, threading_target_t function, void *arg,
                                  uint32_t references);

bool ti_future_is_pending(const threading_future_t *future);
bool ti_future_is_done(const threading_future_t *future);

/* Let a pending future be run by a thread of that ident. False: somebody else was faster. */
bool ti_future_begin(threading_future_t *future, uint32_t runner);

/* Finish a future that is in the state `from`, which is not done, and run its callbacks. False: it is in
 * another. If `spare` is given, 1 is added to it: before the future is done if there is no callback, else
 * after the last of them. */
bool ti_future_finish(threading_future_t *future, uint32_t from, threading_status_t status, void *value,
                      uint32_t *spare);

/*
 * Whether the calling thread may run tasks that have not begun instead of waiting for them. To be asked only
 * by a wait that cannot end before those tasks have: for the result of one, for all of several, for a map's
 * items. A wait for the first of several would last as long as the task that it happened to run.
 */
bool ti_future_may_help(const ti_self *self, int64_t deadline);

/* Wait until a state that holds what a future's does is done: THREADING_OK, THREADING_DEADLOCK, which was
 * told, or the status of the wait's limit. The caller has noted what it waits for. */
threading_status_t ti_state_await(uint32_t *state, ti_self *self, int64_t deadline);

/* Wait until a future is done; a worker runs the task itself if it may. */
threading_status_t ti_future_await(threading_future_t *future, ti_self *self, int64_t deadline);

#endif
