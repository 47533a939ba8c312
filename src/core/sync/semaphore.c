/* SPDX-License-Identifier: MIT */
/*
 * Semaphore and BoundedSemaphore: a value, and the parking lot.
 *
 * Acquire takes one away if the value is not 0. Release adds, then wakes as many waiters as it added, if
 * their units are still there; they compete with threads that come by, except that a waiter of more than a
 * millisecond is given its unit by the releaser: the rule of the lock word (lockword.h). As there, the
 * releaser touches nothing once it has added, for the semaphore may be gone (parking.h): unless it finds a
 * waiter for a semaphore in the queue, under the guard. Then there is a semaphore at this address, if not
 * the same one, and it stays until that waiter is woken.
 */
#include "atomic.h"
#include "deadline.h"
#include "limit.h"
#include "linger.h"
#include "lockword.h"
#include "misuse.h"
#include "parking.h"
#include "self.h"

_Static_assert(sizeof(threading_semaphore_t) == 4, "a Semaphore is its value");
_Static_assert(sizeof(threading_bounded_semaphore_t) == 8, "a BoundedSemaphore has its bound as well");

/* ---- taking ---- */

/* In a process of one thread, where nobody can come between. */
static bool ti_semaphore_take_alone(uint32_t *value)
{
    uint32_t seen = ti_load_relaxed(value);
    if (seen != 0)
        ti_store_relaxed(value, seen - 1);
    return seen != 0;
}

/* Sequential if it fails too: the second look of the table in parking.h, which pairs with the change in the
 * release. */
static bool ti_semaphore_take(uint32_t *value)
{
    uint32_t seen;
    while ((seen = ti_load_sequential(value)) != 0)
        if (ti_swap_sequential(value, seen, seen - 1))
            return true;
    return false;
}

static bool ti_semaphore_try(uint32_t *value)
{
    return ti_port_is_alone() ? ti_semaphore_take_alone(value) : ti_semaphore_take(value);
}

static bool ti_semaphore_take_or_enqueue(uint32_t *value, ti_self *self, bool was_woken)
{
    ti_bucket *bucket = ti_parking_bucket(value);
    ti_guard_lock(&bucket->guard, &self->parker);
    ti_parking_announce(bucket);
    bool taken = ti_semaphore_take(value);
    if (taken)
        ti_parking_withdraw(bucket);
    else if (was_woken)
        ti_parking_enqueue_first(bucket, &self->waiter, value, TI_TAKERS);
    else
        ti_parking_enqueue_last(bucket, &self->waiter, value, TI_TAKERS);
    ti_guard_unlock(&bucket->guard);
    return taken;
}

static threading_status_t ti_semaphore_acquire_slow(uint32_t *value, double seconds, ti_on on)
{
    ti_self *self = ti_self_get();
    ti_blocked_on(self, on, value);
    int64_t deadline = ti_deadline_after(seconds);
    self->waiter.since = ti_port_now();
    uint32_t outcome = TI_SLEEPING;
    while (!ti_semaphore_take_or_enqueue(value, self, outcome == TI_WOKEN)) {
        ti_linger(self);
        outcome = ti_parking_sleep(self, value, deadline);
        if (outcome == TI_HANDED)
            break;
        if (outcome == TI_SLEEPING)
            return ti_semaphore_take(value) ? THREADING_OK : ti_limit_status(deadline);
    }
    return THREADING_OK;
}

static threading_status_t ti_semaphore_acquire_timeout(threading_semaphore_t *semaphore, double seconds,
                                                       ti_on on)
{
    threading_status_t status = ti_deadline_check_on(semaphore, seconds);
    if (status != THREADING_OK || ti_semaphore_try(&semaphore->value))
        return status;
    return seconds != 0 ? ti_semaphore_acquire_slow(&semaphore->value, seconds, on) : THREADING_TIMEOUT;
}

static threading_status_t ti_semaphore_acquire(threading_semaphore_t *semaphore, ti_on on)
{
    return ti_semaphore_try(&semaphore->value)
               ? THREADING_OK
               : ti_semaphore_acquire_slow(&semaphore->value, THREADING_FOREVER, on);
}

threading_status_t threading_semaphore_acquire_timeout(threading_semaphore_t *semaphore, double seconds)
{
    return TI_TELL(semaphore, ti_semaphore_acquire_timeout(semaphore, seconds, TI_ON_SEMAPHORE));
}

threading_status_t threading_semaphore_acquire(threading_semaphore_t *semaphore)
{
    if (semaphore == NULL)
        return TI_TELL(semaphore, THREADING_INVALID);
    return ti_semaphore_acquire(semaphore, TI_ON_SEMAPHORE);
}

threading_status_t threading_semaphore_try_acquire(threading_semaphore_t *semaphore)
{
    if (semaphore == NULL)
        return TI_TELL(semaphore, THREADING_INVALID);
    return ti_semaphore_try(&semaphore->value) ? THREADING_OK : THREADING_BUSY;
}

/* ---- releasing ---- */

/* Decide for each waiter of a chain whether it is given its unit or has to compete for it. */
static void ti_semaphore_decide(uint32_t *value, ti_waiter *chain)
{
    int64_t now = ti_port_now();
    for (ti_waiter *waiter = chain; waiter != NULL; waiter = waiter->next) {
        bool handed = now - waiter->since > TI_STARVED && ti_semaphore_take(value);
        waiter->wants = (uint16_t)(handed ? TI_HANDED : TI_WOKEN);
    }
}

/* Under the guard: take so many waiters off the queue as there are units for, n at most. */
static ti_waiter *ti_semaphore_take_waiters(const uint32_t *value, ti_bucket *bucket, size_t n)
{
    if (ti_parking_first(bucket, value, TI_TAKERS) == NULL)
        return NULL;
    /* Relaxed: what this thread has added is seen, or was taken. Other releasers wake for themselves. */
    size_t units = ti_load_relaxed(value);
    return ti_parking_take(bucket, value, TI_TAKERS, n < units ? n : units);
}

static void ti_semaphore_wake(uint32_t *value, ti_bucket *bucket, size_t n)
{
    ti_guard_lock(&bucket->guard, &ti_self_get()->parker);
    ti_waiter *chain = ti_semaphore_take_waiters(value, bucket, n);
    ti_waiter *watchers = ti_parking_take_watchers(bucket, value);
    ti_semaphore_decide(value, chain);
    ti_guard_unlock(&bucket->guard);
    while (chain != NULL) {
        ti_waiter *waiter = chain;
        chain = waiter->next;
        ti_parking_wake(waiter, waiter->wants);
    }
    ti_parking_wake_chain(watchers, TI_WOKEN);
}

/* In a process of one thread nobody comes between. */
static bool ti_semaphore_change(uint32_t *value, uint32_t seen, uint32_t desired)
{
    if (!ti_port_is_alone())
        return ti_swap_sequential(value, seen,
                                  desired); /* sequential: the change in the table in parking.h */
    ti_store_relaxed(value, desired);
    return true;
}

/* Add n unless the value would pass the limit. */
static bool ti_semaphore_add(uint32_t *value, size_t n, uint32_t limit)
{
    ti_bucket *bucket = ti_parking_bucket(value);
    uint32_t seen;
    do {
        seen = ti_load_relaxed(value); /* relaxed: the change decides */
        if (seen > limit || n > limit - seen)
            return false;
    } while (!ti_semaphore_change(value, seen, seen + (uint32_t)n));
    if (ti_parking_is_awaited(bucket))
        ti_semaphore_wake(value, bucket, n);
    return true;
}

/* An inline release has added a unit, and seen that somebody announced itself. The semaphore may be gone:
 * the thread that took the unit may have freed it. */
void threading_value_wake(uint32_t *value)
{
    ti_semaphore_wake(value, ti_parking_bucket(value), 1);
}

static threading_status_t ti_semaphore_release(threading_semaphore_t *semaphore, size_t n)
{
    if (semaphore == NULL || n == 0)
        return THREADING_INVALID;
    return ti_semaphore_add(&semaphore->value, n, THREADING_SEMAPHORE_MAX) ? THREADING_OK
                                                                           : THREADING_OVERFLOW;
}

threading_status_t threading_semaphore_release_n(threading_semaphore_t *semaphore, size_t n)
{
    return TI_TELL(semaphore, ti_semaphore_release(semaphore, n));
}

threading_status_t threading_semaphore_release(threading_semaphore_t *semaphore)
{
    return TI_TELL(semaphore, ti_semaphore_release(semaphore, 1));
}

size_t threading_semaphore_value(const threading_semaphore_t *semaphore)
{
    /* Relaxed: a momentary answer. */
    return semaphore != NULL ? ti_load_relaxed(&semaphore->value) : 0;
}

static threading_status_t ti_semaphore_init(threading_semaphore_t *semaphore, size_t value)
{
    if (semaphore == NULL)
        return THREADING_INVALID;
    if (value > THREADING_SEMAPHORE_MAX)
        return THREADING_OVERFLOW;
    /* Relaxed: nobody else uses it yet. */
    ti_store_relaxed(&semaphore->value, (uint32_t)value);
    return THREADING_OK;
}

threading_status_t threading_semaphore_init(threading_semaphore_t *semaphore, size_t value)
{
    return TI_TELL(semaphore, ti_semaphore_init(semaphore, value));
}

/* ---- bounded ---- */

static threading_semaphore_t *ti_bounded(threading_bounded_semaphore_t *semaphore)
{
    return semaphore != NULL ? &semaphore->semaphore : NULL;
}

threading_status_t threading_bounded_semaphore_init(threading_bounded_semaphore_t *semaphore, size_t value)
{
    threading_status_t status = ti_semaphore_init(ti_bounded(semaphore), value);
    if (status == THREADING_OK)
        semaphore->initial = (uint32_t)value;
    return TI_TELL(semaphore, status);
}

threading_status_t threading_bounded_semaphore_acquire(threading_bounded_semaphore_t *semaphore)
{
    if (semaphore == NULL)
        return TI_TELL(semaphore, THREADING_INVALID);
    return ti_semaphore_acquire(&semaphore->semaphore, TI_ON_BOUNDED_SEMAPHORE);
}

threading_status_t threading_bounded_semaphore_try_acquire(threading_bounded_semaphore_t *semaphore)
{
    if (semaphore == NULL)
        return TI_TELL(semaphore, THREADING_INVALID);
    return ti_semaphore_try(&semaphore->semaphore.value) ? THREADING_OK : THREADING_BUSY;
}

threading_status_t threading_bounded_semaphore_acquire_timeout(threading_bounded_semaphore_t *semaphore,
                                                               double seconds)
{
    threading_status_t status =
        ti_semaphore_acquire_timeout(ti_bounded(semaphore), seconds, TI_ON_BOUNDED_SEMAPHORE);
    return TI_TELL(semaphore, status);
}

static threading_status_t ti_bounded_release(threading_bounded_semaphore_t *semaphore, size_t n)
{
    if (semaphore == NULL || n == 0)
        return THREADING_INVALID;
    bool added = ti_semaphore_add(&semaphore->semaphore.value, n, semaphore->initial);
    return added ? THREADING_OK : THREADING_INVALID;
}

threading_status_t threading_bounded_semaphore_release_n(threading_bounded_semaphore_t *semaphore, size_t n)
{
    return TI_TELL(semaphore, ti_bounded_release(semaphore, n));
}

threading_status_t threading_bounded_semaphore_release(threading_bounded_semaphore_t *semaphore)
{
    return TI_TELL(semaphore, ti_bounded_release(semaphore, 1));
}

size_t threading_bounded_semaphore_value(const threading_bounded_semaphore_t *semaphore)
{
    return semaphore != NULL ? threading_semaphore_value(&semaphore->semaphore) : 0;
}
