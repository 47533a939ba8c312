/* SPDX-License-Identifier: MIT */
/* Future: its states are in future.h. */
#include "future.h"

#include "atomic.h"
#include "block.h"
#include "calls.h"
#include "deadline.h"
#include "deadlock.h"
#include "executor.h"
#include "limit.h"
#include "line.h"
#include "memory.h"
#include "misuse.h"
#include "parking.h"

#define TI_STATE_DISTANCE 128 /* as TI_LOOK_DISTANCE; some ten tasks */

typedef struct ti_callback {
    struct ti_callback *next;
    void (*function)(threading_future_t *future, void *arg);
    void *arg;
} ti_callback;

_Static_assert(sizeof(threading_future_t) <= TI_BLOCK, "a future is a block");

static uint32_t ti_future_order; /* counts the futures that were done */

/* ---- making and freeing ---- */

threading_future_t *ti_future_new(threading_executor_t *executor, threading_target_t function, void *arg,
                                  uint32_t references)
{
    uint32_t offset;
    threading_future_t *future = (threading_future_t *)ti_block_take(ti_self_get(), &offset);
    if (future != NULL)
        *future = (threading_future_t){.references = references,
                                       .offset = offset,
                                       .executor = executor,
                                       .function = function,
                                       .arg = arg};
    return future;
}

threading_future_t *threading_future_new(void)
{
    return ti_future_new(NULL, NULL, NULL, 1);
}

threading_future_t *threading_future_retain(threading_future_t *future)
{
    /* Relaxed: a thread that retains holds or borrows a reference already. */
    if (future != NULL)
        ti_add_relaxed(&future->references, 1);
    return future;
}

/* The oldest, off the list; there is one. */
static ti_callback ti_future_take_callback(threading_future_t *future)
{
    ti_callback *last = future->last_callback, *first = last->next, callback = *first;
    last->next = first->next;
    if (first == last)
        future->last_callback = NULL;
    ti_memory_free(first);
    return callback;
}

void threading_future_free(threading_future_t *future)
{
    /* Release: what this holder did happens before the memory is freed; acquire: by the last one. A
     * holder that sees one reference need not write: nobody else can retain the future any more. */
    if (future == NULL || (ti_load_acquire(&future->references) != 1 &&
                           ti_add_acquire_release(&future->references, (uint32_t)-1) != 1))
        return;
    while (future->last_callback != NULL)
        (void)ti_future_take_callback(future); /* never done: nobody will call them */
    ti_block_give_back(future, future->offset);
}

/* ---- the state ---- */

static uint32_t ti_future_state(const threading_future_t *future)
{
    /* Acquire: pairs with the change to a state that is done, so that what comes out is seen. */
    return ti_load_acquire(&future->state);
}

bool ti_future_is_done(const threading_future_t *future)
{
    return ti_future_state(future) >= TI_CANCELLED;
}

bool ti_future_is_pending(const threading_future_t *future)
{
    return ti_future_state(future) == TI_PENDING_FUTURE;
}

/* The calling thread, which has the lock now. */
static ti_self *ti_future_lock(threading_future_t *future)
{
    ti_self *self = ti_self_get();
    ti_line_lock(&future->lock, self);
    return self;
}

/* Change the state if it is the one expected, to one that is not done. The lock is for what is done only. */
static bool ti_future_move(threading_future_t *future, uint32_t from, uint32_t to)
{
    /* Relaxed: the swap decides. */
    return ti_load_relaxed(&future->state) == from && ti_swap_acquire(&future->state, from, to);
}

typedef struct ti_telling {
    threading_future_t *future;
    const ti_callback *callback;
} ti_telling;

static void *ti_future_run_callback(void *arg)
{
    const ti_telling *telling = (const ti_telling *)arg;
    telling->callback->function(telling->future, telling->callback->arg);
    return NULL;
}

/* By threading_exit() a callback ends itself only: the thread has others to tell. */
static void ti_future_call_back(threading_future_t *future, const ti_callback *callback)
{
    ti_telling telling = {future, callback};
    (void)ti_calls_catch(ti_self_get(), ti_future_run_callback, &telling);
}

/* Those who wait are woken first, as in CPython. If a callback does not return, the others are freed with
 * the future; the last one may free that. It is done, so that nobody else touches them. */
static void ti_future_tell(threading_future_t *future)
{
    bool is_more = future->last_callback != NULL;
    ti_parking_wake_all(&future->state);
    while (is_more) {
        ti_callback callback = ti_future_take_callback(future);
        is_more = future->last_callback != NULL;
        ti_future_call_back(future, &callback);
    }
}

/* Change the state if it is the one expected, to one that is done, and tell all. */
static bool ti_future_end(threading_future_t *future, uint32_t from, uint32_t to, threading_status_t status,
                          void *value, uint32_t *spare)
{
    bool is_counted = spare == NULL;
    ti_self *self = ti_future_lock(future);
    bool ends = ti_load_relaxed(&future->state) == from; /* relaxed: it gets done under the lock only */
    if (ends) {
        future->status = status;
        future->value = value;
        future->order = ti_add_relaxed(&ti_future_order, 1); /* relaxed: only the number matters */
        if (!is_counted && future->last_callback == NULL) {
            ti_add_relaxed(spare, 1); /* relaxed: published by the state */
            is_counted = true;
        }
        /* A pending one may just have been begun: then what was set here is set again at its end.
         * Sequential: the change in the table in parking.h. */
        ends = ti_swap_sequential(&future->state, from, to);
    }
    ti_line_unlock(&future->lock, self);
    if (ends)
        ti_future_tell(future);
    if (!is_counted)
        ti_add_relaxed(spare, 1); /* relaxed: only the number matters */
    return ends;
}

bool ti_future_begin(threading_future_t *future, uint32_t runner)
{
    return ti_future_move(future, TI_PENDING_FUTURE, runner);
}

bool ti_future_finish(threading_future_t *future, uint32_t from, threading_status_t status, void *value,
                      uint32_t *spare)
{
    return ti_future_end(future, from, TI_FINISHED, status, value, spare);
}

threading_status_t threading_future_cancel(threading_future_t *future)
{
    if (future == NULL)
        return TI_TELL(future, THREADING_INVALID);
    if (ti_future_end(future, TI_PENDING_FUTURE, TI_CANCELLED, THREADING_CANCELLED, NULL, NULL))
        return THREADING_OK;
    return threading_future_cancelled(future) ? THREADING_OK : THREADING_BUSY;
}

bool threading_future_cancelled(const threading_future_t *future)
{
    if (future == NULL)
        return false;
    uint32_t state = ti_future_state(future);
    return state == TI_CANCELLED || state == TI_NOTIFIED;
}

bool threading_future_running(const threading_future_t *future)
{
    return future != NULL && ti_future_state(future) != TI_PENDING_FUTURE && !ti_future_is_done(future);
}

bool threading_future_done(const threading_future_t *future)
{
    return future != NULL && ti_future_is_done(future);
}

/* ---- the promise's side ---- */

static threading_status_t ti_future_start(threading_future_t *future)
{
    if (future == NULL || future->executor != NULL)
        return THREADING_INVALID;
    if (ti_future_move(future, TI_PENDING_FUTURE, TI_RUNNING_FUTURE))
        return THREADING_OK;
    return ti_future_move(future, TI_CANCELLED, TI_NOTIFIED) ? THREADING_CANCELLED : THREADING_INVALID;
}

threading_status_t threading_future_start(threading_future_t *future)
{
    return TI_TELL(future, ti_future_start(future));
}

static threading_status_t ti_future_set(threading_future_t *future, threading_status_t status, void *value)
{
    if (future == NULL || future->executor != NULL)
        return THREADING_INVALID;
    bool set = ti_future_finish(future, TI_PENDING_FUTURE, status, value, NULL) ||
               ti_future_finish(future, TI_RUNNING_FUTURE, status, value, NULL);
    return set ? THREADING_OK : THREADING_INVALID;
}

threading_status_t threading_future_set_result(threading_future_t *future, void *value)
{
    return TI_TELL(future, ti_future_set(future, THREADING_OK, value));
}

threading_status_t threading_future_set_error(threading_future_t *future, threading_status_t status)
{
    bool is_error = status > THREADING_OK && status < THREADING_STATUS_COUNT;
    return TI_TELL(future, is_error ? ti_future_set(future, status, NULL) : THREADING_INVALID);
}

/* ---- callbacks ---- */

/* False: the future is done. */
static bool ti_future_append(threading_future_t *future, ti_callback *callback)
{
    ti_self *self = ti_future_lock(future);
    bool waits = ti_load_relaxed(&future->state) < TI_CANCELLED; /* relaxed: it changes under the lock */
    if (waits) {
        ti_callback *last = future->last_callback;
        callback->next = last != NULL ? last->next : callback;
        *(last != NULL ? &last->next : &future->last_callback) = callback;
        future->last_callback = callback;
    }
    ti_line_unlock(&future->lock, self);
    return waits;
}

threading_status_t threading_future_add_done_callback(threading_future_t *future,
                                                      void (*callback)(threading_future_t *future, void *arg),
                                                      void *arg)
{
    if (future == NULL || callback == NULL)
        return TI_TELL(future, THREADING_INVALID);
    ti_callback told = {NULL, callback, arg};
    ti_callback *entry = ti_future_is_done(future) ? NULL : (ti_callback *)ti_memory_allocate(sizeof *entry);
    if (entry != NULL) {
        *entry = told;
        if (ti_future_append(future, entry))
            return THREADING_OK;
        ti_memory_free(entry);
    }
    if (!ti_future_is_done(future))
        return THREADING_NO_MEMORY;
    ti_future_call_back(future, &told);
    return THREADING_OK;
}

/* ---- running and waiting ---- */

/* A worker counts as the owner of one RLock from its start (ti_worker_main). With one more, an RLock of the
 * task's, an RWLock that it writes or a Once that it is inside, it does not help: the other task would run
 * inside what was meant to keep it out. */
bool ti_future_may_help(const ti_self *self, int64_t deadline)
{
    return deadline == TI_FOREVER && self->executor != NULL && self->fast.rlocks <= 1 &&
           !ti_limit_is_reached(self, deadline);
}

static bool ti_state_is_done(const uint32_t *state)
{
    /* Acquire: pairs with the change to a state that is done, so that what comes out is seen. */
    return ti_load_acquire(state) >= TI_CANCELLED;
}

/* Look a little before sleeping. A waiter that has caught up with the worker looks seldom, so that the
 * worker gets ahead: each look takes the state's line of the cache away from the worker, and each sleep
 * makes the worker wake somebody. */
static bool ti_state_is_done_soon(const uint32_t *state, const ti_self *self, int64_t deadline)
{
    uint32_t looks = 0;
    bool may_look = !ti_limit_is_reached(self, deadline);
    while (!ti_state_is_done(state))
        if (!may_look || !ti_line_pause(&looks, TI_STATE_DISTANCE))
            return false;
    return true;
}

threading_status_t ti_state_await(uint32_t *state, ti_self *self, int64_t deadline)
{
    threading_status_t status = THREADING_OK;
    if (ti_state_is_done_soon(state, self, deadline))
        return THREADING_OK;
    while (status == THREADING_OK && !ti_state_is_done(state)) {
        uint32_t now = ti_load_relaxed(state); /* relaxed: what it means is asked again */
        if (now < TI_CANCELLED)
            status = ti_deadlock_sleep(self, state, now, deadline);
    }
    if (ti_state_is_done(state))
        return THREADING_OK;
    return status == THREADING_DEADLOCK ? ti_deadlock_refused(self, state) : status;
}

/* In a child that its task has forked, which this thread has run while it waited for it. */
static bool ti_future_is_lost(const threading_future_t *future, const ti_self *self)
{
    return ti_future_state(future) == self->fast.ident && ti_executor_is_orphaned(future->executor);
}

threading_status_t ti_future_await(threading_future_t *future, ti_self *self, int64_t deadline)
{
    if (ti_future_may_help(self, deadline))
        (void)ti_executor_help(future, self);
    if (ti_future_is_lost(future, self))
        return THREADING_BROKEN;
    ti_blocked_on(self, TI_ON_FUTURE, future);
    return ti_state_await(&future->state, self, deadline);
}

static threading_status_t ti_future_result(threading_future_t *future, int64_t deadline, void **value)
{
    threading_status_t status =
        ti_future_is_done(future) ? THREADING_OK : ti_future_await(future, ti_self_get(), deadline);
    if (status != THREADING_OK)
        return status;
    if (future->status == THREADING_OK && value != NULL)
        *value = future->value;
    return future->status;
}

threading_status_t threading_future_result(threading_future_t *future, void **value)
{
    if (future == NULL)
        return TI_TELL(future, THREADING_INVALID);
    return ti_future_result(future, TI_FOREVER, value);
}

threading_status_t threading_future_result_timeout(threading_future_t *future, double seconds, void **value)
{
    threading_status_t status = ti_deadline_check_on(future, seconds);
    if (status != THREADING_OK)
        return TI_TELL(future, status);
    return ti_future_result(future, ti_deadline_after(seconds), value);
}
