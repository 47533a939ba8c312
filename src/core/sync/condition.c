/* SPDX-License-Identifier: MIT */
/*
 * Condition: a queue in the parking lot, and a lock.
 *
 * The queue's address is the condition's own. A waiter enters it before it releases the lock, so that a
 * notify of the next holder finds it. Notify takes waiters off the queue, which decides that they were
 * notified, and puts them at the end of the lock's queue ("wait morphing"): they wake one after the other as
 * the lock comes to them, not all at once to compete for it. A waiter whose time is over takes itself off the
 * queue under the same guard; so each wait is either notified or not, and no notify is lost on one that is
 * leaving.
 */
#include "condition.h"
#include "atomic.h"
#include "calls.h"
#include "deadline.h"
#include "limit.h"
#include "linger.h"
#include "lockword.h"
#include "misuse.h"
#include "parking.h"
#include "rlock.h"
#include "taking.h"

_Static_assert(sizeof(threading_condition_t) <= 256, "no object is larger than 256 bytes");

/* ---- the lock ---- */

static threading_rlock_t *ti_condition_rlock(threading_condition_t *condition)
{
    return condition->rlock != NULL ? condition->rlock : &condition->own;
}

static uint32_t *ti_condition_word(threading_condition_t *condition)
{
    return condition->lock != NULL ? &condition->lock->word : &ti_condition_rlock(condition)->owner;
}

static bool ti_condition_is_held(threading_condition_t *condition, const ti_self *self)
{
    if (condition->lock != NULL)
        return threading_lock_locked(condition->lock);
    return ti_rlock_is_mine(ti_condition_rlock(condition), self);
}

/* What is told of its lock: the kind, and the object (rlock.h). */
static ti_on ti_condition_rlock_kind(const threading_condition_t *condition)
{
    return condition->rlock != NULL ? TI_ON_RLOCK : TI_ON_OWN;
}

static ti_on ti_condition_lock_kind(const threading_condition_t *condition)
{
    return condition->lock != NULL ? TI_ON_LOCK : ti_condition_rlock_kind(condition);
}

static const void *ti_condition_lock_told(threading_condition_t *condition)
{
    if (condition->lock != NULL)
        return condition->lock;
    return ti_rlock_told(ti_condition_rlock(condition), ti_condition_rlock_kind(condition));
}

static uint32_t ti_condition_release_all(threading_condition_t *condition, ti_self *self)
{
    ti_taking_ends(self, ti_condition_lock_kind(condition), ti_condition_lock_told(condition));
    if (condition->lock == NULL)
        return ti_rlock_release_all(ti_condition_rlock(condition), self);
    /* False: somebody else has released the Lock just now. */
    (void)ti_lockword_release(&condition->lock->word, self->fast.ident);
    return 0;
}

static void ti_condition_reacquire(threading_condition_t *condition, ti_self *self, uint32_t outcome,
                                   uint32_t level)
{
    const void *lock = ti_condition_lock_told(condition);
    ti_taking_acquires_again(self, ti_condition_lock_kind(condition), lock);
    ti_blocked_on(self, ti_condition_lock_kind(condition), lock);
    ti_lockword_acquire_for_certain(ti_condition_word(condition), self, outcome);
    if (condition->lock == NULL)
        ti_rlock_restore(ti_condition_rlock(condition), self, level);
}

/* What would be a misuse of the lock's own call is told as one of the condition's. */
static threading_status_t ti_condition_acquire(threading_condition_t *condition, double seconds,
                                               const void *caller)
{
    threading_status_t status = ti_deadline_check_on(condition, seconds);
    if (status != THREADING_OK)
        return status;
    if (condition->lock != NULL)
        return threading_lock_acquire_timeout(condition->lock, seconds);
    return ti_rlock_acquire(ti_condition_rlock(condition), ti_condition_rlock_kind(condition), seconds,
                            caller);
}

threading_status_t threading_condition_acquire(threading_condition_t *condition)
{
    return TI_TELL(condition, ti_condition_acquire(condition, THREADING_FOREVER, TI_CALLER()));
}

threading_status_t threading_condition_try_acquire(threading_condition_t *condition)
{
    threading_status_t status = ti_condition_acquire(condition, 0, TI_CALLER());
    return TI_TELL(condition, status == THREADING_TIMEOUT ? THREADING_BUSY : status);
}

threading_status_t threading_condition_acquire_timeout(threading_condition_t *condition, double seconds)
{
    return TI_TELL(condition, ti_condition_acquire(condition, seconds, TI_CALLER()));
}

static threading_status_t ti_condition_release(threading_condition_t *condition)
{
    if (condition == NULL)
        return THREADING_INVALID;
    if (condition->lock == NULL)
        return ti_rlock_release(ti_condition_rlock(condition), ti_condition_rlock_kind(condition));
    return threading_lock_locked(condition->lock) ? threading_lock_release(condition->lock)
                                                  : THREADING_NOT_HELD;
}

threading_status_t threading_condition_release(threading_condition_t *condition)
{
    return TI_TELL(condition, ti_condition_release(condition));
}

bool threading_condition_locked(const threading_condition_t *condition)
{
    if (condition == NULL)
        return false;
    /* Acquire: a thread that sees the lock free sees what was done under it. Asking changes nothing. */
    return ti_load_acquire(ti_condition_word((threading_condition_t *)(uintptr_t)condition)) != 0;
}

bool threading_condition_is_owned(const threading_condition_t *condition)
{
    return condition != NULL &&
           ti_condition_is_held((threading_condition_t *)(uintptr_t)condition, ti_self_get());
}

/* ---- making ---- */

/* `is_given`: the lock that it is to have. */
static threading_status_t ti_condition_init(threading_condition_t *condition, bool is_given,
                                            threading_lock_t *lock, threading_rlock_t *rlock)
{
    if (condition == NULL || !is_given)
        return THREADING_INVALID;
    condition->lock = lock;
    condition->rlock = rlock;
    ti_taking_begins(TI_ON_OWN, condition);
    return threading_rlock_init(&condition->own);
}

threading_status_t threading_condition_init(threading_condition_t *condition)
{
    return TI_TELL(condition, ti_condition_init(condition, true, NULL, NULL));
}

threading_status_t threading_condition_init_lock(threading_condition_t *condition, threading_lock_t *lock)
{
    return TI_TELL(condition, ti_condition_init(condition, lock != NULL, lock, NULL));
}

threading_status_t threading_condition_init_rlock(threading_condition_t *condition, threading_rlock_t *rlock)
{
    return TI_TELL(condition, ti_condition_init(condition, rlock != NULL, NULL, rlock));
}

/* ---- waiting ---- */

static void ti_condition_enqueue(threading_condition_t *condition, ti_self *self)
{
    ti_bucket *bucket = ti_parking_bucket(condition);
    ti_guard_lock(&bucket->guard, &self->parker);
    ti_parking_announce(bucket);
    ti_parking_enqueue_last(bucket, &self->waiter, condition, TI_NOTIFIABLES);
    ti_guard_unlock(&bucket->guard);
}

threading_status_t ti_condition_wait(threading_condition_t *condition, ti_self *self, int64_t deadline)
{
    ti_condition_enqueue(condition, self);
    uint32_t level = ti_condition_release_all(condition, self);
    ti_blocked_on(self, TI_ON_CONDITION, condition);
    ti_linger(self);
    uint32_t outcome = ti_parking_sleep(self, condition, deadline);
    threading_status_t status = outcome == TI_SLEEPING ? ti_limit_status(deadline) : THREADING_OK;
    ti_condition_reacquire(condition, self, outcome, level);
    return status;
}

/* Whether the calling thread may wait: THREADING_OK, or what it has done wrong. */
static threading_status_t ti_condition_check(threading_condition_t *condition, double seconds, ti_self **self)
{
    threading_status_t status = ti_deadline_check_on(condition, seconds);
    if (status != THREADING_OK)
        return status;
    *self = ti_self_get();
    return ti_condition_is_held(condition, *self) ? THREADING_OK : THREADING_NOT_HELD;
}

static threading_status_t ti_condition_wait_timeout(threading_condition_t *condition, double seconds)
{
    ti_self *self;
    threading_status_t status = ti_condition_check(condition, seconds, &self);
    if (status != THREADING_OK)
        return status;
    return ti_condition_wait(condition, self, ti_deadline_after(seconds));
}

threading_status_t threading_condition_wait(threading_condition_t *condition)
{
    return TI_TELL(condition, ti_condition_wait_timeout(condition, THREADING_FOREVER));
}

threading_status_t threading_condition_wait_timeout(threading_condition_t *condition, double seconds)
{
    return TI_TELL(condition, ti_condition_wait_timeout(condition, seconds));
}

/* The predicate has ended its thread: the lock that its caller would have released goes on to others. */
TI_COLD static void ti_condition_abandon_lock(ti_self *self, void *lock, uintptr_t unused)
{
    (void)unused;
    uint32_t *word = &((threading_lock_t *)lock)->word;
    /* Relaxed: only this thread puts its ident there. A Lock may have been released, and be another's by now.
     * */
    if (ti_load_relaxed(word) == self->fast.ident)
        (void)threading_lock_release((threading_lock_t *)lock);
}

/* `kind`: what is told of it. */
TI_COLD static void ti_condition_abandon_rlock(ti_self *self, void *object, uintptr_t kind)
{
    threading_rlock_t *rlock = (threading_rlock_t *)object;
    if (!ti_rlock_is_mine(rlock, self))
        return;
    ti_taking_ends(self, (ti_on)kind, ti_rlock_told(rlock, (ti_on)kind));
    (void)ti_rlock_release_all(rlock, self);
}

/* Abandoning it must not need the condition, which may be on the stack that is gone then. */
static bool ti_condition_ask(threading_condition_t *condition, ti_self *self, bool (*predicate)(void *arg),
                             void *arg)
{
    if (condition->lock != NULL)
        ti_calls_enter(self, ti_condition_abandon_lock, condition->lock, 0);
    else
        ti_calls_enter(self, ti_condition_abandon_rlock, ti_condition_rlock(condition),
                       (uintptr_t)ti_condition_rlock_kind(condition));
    bool is_true = predicate(arg);
    ti_calls_leave(self);
    return is_true;
}

static threading_status_t ti_condition_wait_for(threading_condition_t *condition,
                                                bool (*predicate)(void *arg), void *arg, double seconds)
{
    ti_self *self;
    threading_status_t checked =
        predicate == NULL ? THREADING_INVALID : ti_condition_check(condition, seconds, &self);
    if (checked != THREADING_OK)
        return checked;
    if (ti_condition_ask(condition, self, predicate, arg))
        return THREADING_OK;
    int64_t deadline = ti_deadline_after(seconds);
    for (;;) {
        threading_status_t status = ti_condition_wait(condition, self, deadline);
        if (ti_condition_ask(condition, self, predicate, arg))
            return THREADING_OK;
        if (status != THREADING_OK)
            return status;
    }
}

threading_status_t threading_condition_wait_for(threading_condition_t *condition,
                                                bool (*predicate)(void *arg), void *arg)
{
    return TI_TELL(condition, ti_condition_wait_for(condition, predicate, arg, THREADING_FOREVER));
}

threading_status_t threading_condition_wait_for_timeout(threading_condition_t *condition,
                                                        bool (*predicate)(void *arg), void *arg,
                                                        double seconds)
{
    return TI_TELL(condition, ti_condition_wait_for(condition, predicate, arg, seconds));
}

/* ---- notifying ---- */

static void ti_condition_notify_slow(threading_condition_t *condition, ti_self *self, size_t n)
{
    ti_bucket *bucket = ti_parking_bucket(condition);
    ti_guard_lock(&bucket->guard, &self->parker);
    ti_waiter *notified = ti_parking_take(bucket, condition, TI_NOTIFIABLES, n);
    ti_guard_unlock(&bucket->guard);
    if (notified != NULL)
        ti_lockword_requeue(ti_condition_word(condition), notified);
}

static threading_status_t ti_condition_notify(threading_condition_t *condition, size_t n)
{
    if (condition == NULL)
        return THREADING_INVALID;
    ti_self *self = ti_self_get();
    if (!ti_condition_is_held(condition, self))
        return THREADING_NOT_HELD;
    /* The hint is enough: a waiter announces itself before it releases the lock, which is held now. */
    if (ti_parking_may_be_awaited(ti_parking_bucket(condition)))
        ti_condition_notify_slow(condition, self, n);
    return THREADING_OK;
}

threading_status_t threading_condition_notify(threading_condition_t *condition, size_t n)
{
    return TI_TELL(condition, ti_condition_notify(condition, n));
}

threading_status_t threading_condition_notify_all(threading_condition_t *condition)
{
    return TI_TELL(condition, ti_condition_notify(condition, SIZE_MAX));
}
