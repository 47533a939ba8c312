/* SPDX-License-Identifier: MIT */
/*
 * Event: a flag of 0 or 1, and the parking lot.
 *
 * Set takes all waiters off the queue and tells them. A waiter that was told does not look at the flag
 * again, which another thread may have cleared by then. Set changes the flag and takes the queue in one
 * go, under the bucket's guard. Between the two another thread could see the flag, clear it and wait anew,
 * and it would be told of a set that came before its wait.
 */
#include "atomic.h"
#include "deadline.h"
#include "limit.h"
#include "linger.h"
#include "misuse.h"
#include "parking.h"
#include "self.h"

_Static_assert(sizeof(threading_event_t) == 4, "an Event is its flag");

static threading_status_t ti_event_clear(threading_event_t *event)
{
    if (event == NULL)
        return THREADING_INVALID;
    /* Release: a thread that sees the flag clear sees what came before. Nobody is woken by it. */
    ti_store_release(&event->flag, 0);
    return THREADING_OK;
}

threading_status_t threading_event_init(threading_event_t *event)
{
    return TI_TELL(event, ti_event_clear(event));
}

threading_status_t threading_event_clear(threading_event_t *event)
{
    return TI_TELL(event, ti_event_clear(event));
}

threading_status_t threading_event_set(threading_event_t *event)
{
    if (event == NULL)
        return TI_TELL(event, THREADING_INVALID);
    ti_bucket *bucket = ti_parking_bucket(&event->flag);
    ti_guard_lock(&bucket->guard, &ti_self_get()->parker);
    /* Release: pairs with the acquire of those who find it set. The last touch of the flag. */
    ti_store_release(&event->flag, 1);
    ti_waiter *waiters = ti_parking_take(bucket, &event->flag, TI_EVENT_WAITERS, SIZE_MAX);
    ti_waiter *watchers = ti_parking_take_watchers(bucket, &event->flag);
    ti_guard_unlock(&bucket->guard);
    ti_parking_wake_chain(waiters, TI_WOKEN);
    ti_parking_wake_chain(watchers, TI_WOKEN);
    return THREADING_OK;
}

bool threading_event_is_set(const threading_event_t *event)
{
    /* Acquire: pairs with the store in set. */
    return event != NULL && ti_load_acquire(&event->flag) != 0;
}

/* False: it is set. */
static bool ti_event_enqueue(threading_event_t *event, ti_self *self)
{
    ti_bucket *bucket = ti_parking_bucket(&event->flag);
    ti_guard_lock(&bucket->guard, &self->parker);
    /* Under the guard the flag may be cleared, but not be set: no announcement is needed before the look. */
    bool must_wait = !threading_event_is_set(event);
    if (must_wait) {
        ti_parking_announce(bucket);
        ti_parking_enqueue_last(bucket, &self->waiter, &event->flag, TI_EVENT_WAITERS);
    }
    ti_guard_unlock(&bucket->guard);
    return must_wait;
}

static threading_status_t ti_event_wait(threading_event_t *event, double seconds)
{
    threading_status_t status = ti_deadline_check_on(event, seconds);
    if (status != THREADING_OK || threading_event_is_set(event))
        return status;
    if (seconds == 0)
        return THREADING_TIMEOUT;
    ti_self *self = ti_self_get();
    int64_t deadline = ti_deadline_after(seconds);
    if (!ti_event_enqueue(event, self))
        return THREADING_OK;
    ti_blocked_on(self, TI_ON_EVENT, event);
    ti_linger(self);
    if (ti_parking_sleep(self, &event->flag, deadline) != TI_SLEEPING || threading_event_is_set(event))
        return THREADING_OK;
    return ti_limit_status(deadline);
}

threading_status_t threading_event_wait(threading_event_t *event)
{
    return TI_TELL(event, ti_event_wait(event, THREADING_FOREVER));
}

threading_status_t threading_event_wait_timeout(threading_event_t *event, double seconds)
{
    return TI_TELL(event, ti_event_wait(event, seconds));
}
