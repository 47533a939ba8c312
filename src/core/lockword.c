/* SPDX-License-Identifier: MIT */
#include "lockword.h"

#include "port.h"
#include "waits.h"

/* Nanoseconds after which a waiter is handed the word: CPython's TIME_TO_BE_FAIR_NS. */
#define TI_STARVED 1000000

/* Take the word, or stand in the queue: last at first, ahead of all once woken and then passed by another. */
static bool ti_lockword_take_or_enqueue(uint32_t *word, ti_self *self, bool was_woken)
{
    ti_bucket *bucket = ti_parking_bucket(word);
    ti_guard_lock(&bucket->guard, &self->parker);
    ti_parking_announce(bucket);
    /* Sequential: the second look of the table in parking.h, which pairs with the exchange in the release. */
    bool taken = ti_swap_sequential(word, 0, self->ident);
    if (taken)
        ti_parking_withdraw(bucket);
    else if (was_woken)
        ti_parking_enqueue_first(bucket, &self->waiter, word);
    else
        ti_parking_enqueue_last(bucket, &self->waiter, word);
    ti_guard_unlock(&bucket->guard);
    return taken;
}

/*
 * Sleep in the queue. An owned word's wait without a limit is published first: after the enqueue, so that
 * an owner that ends from now on finds this waiter and wakes it. TI_SLEEPING: never woken, by deadline or deadlock.
 */
static uint32_t ti_lockword_sleep(uint32_t *word, ti_self *self, int64_t deadline, ti_ownership ownership)
{
    if (ownership == TI_UNOWNED || deadline != TI_FOREVER)
        return ti_parking_sleep(self, deadline);
    bool ends = ti_waits_for_owner(self, word);
    if (!ends && ti_parking_leave(self))
        return TI_SLEEPING;
    uint32_t outcome = ti_parking_sleep(self, TI_FOREVER);
    ti_waits_end(self);
    return outcome;
}

threading_status_t ti_lockword_acquire_slow(uint32_t *word, ti_self *self, int64_t deadline,
                                            ti_ownership ownership)
{
    self->waiter.since = ti_port_now();
    uint32_t outcome = TI_SLEEPING;
    while (!ti_lockword_take_or_enqueue(word, self, outcome == TI_WOKEN)) {
        outcome = ti_lockword_sleep(word, self, deadline, ownership);
        if (outcome == TI_HANDED)
            break;
        if (outcome == TI_SLEEPING)
            return deadline == TI_FOREVER ? THREADING_DEADLOCK : THREADING_TIMEOUT;
    }
    return THREADING_OK;
}

/* Release while threads wait: the first one is woken, or handed the word if it has waited too long. */
bool ti_lockword_release_slow(uint32_t *word, ti_bucket *bucket)
{
    ti_guard_lock(&bucket->guard, &ti_self_get()->parker);
    ti_waiter *first = ti_parking_first(bucket, word);
    uint32_t heir = 0;
    if (first != NULL) {
        ti_parking_dequeue(bucket, first);
        if (ti_port_now() - first->since > TI_STARVED)
            heir = ti_self_of(first)->ident;
    }
    /* Sequential, as in ti_lockword_release. The last touch of the word: it may be freed from here on. If another
     * thread released it in between, an heir has now acquired a free word, which is as good. */
    bool was_held = ti_exchange_sequential(word, heir) != 0;
    ti_guard_unlock(&bucket->guard);
    if (first != NULL)
        ti_parking_wake(first, heir != 0 ? TI_HANDED : TI_WOKEN);
    return was_held;
}

/* Wake a waiter that announced itself while the word was being freed; the word is not the caller's any more. */
void ti_lockword_wake_first(const uint32_t *word, ti_bucket *bucket)
{
    ti_guard_lock(&bucket->guard, &ti_self_get()->parker);
    ti_waiter *first = ti_parking_first(bucket, word);
    if (first != NULL)
        ti_parking_dequeue(bucket, first);
    ti_guard_unlock(&bucket->guard);
    if (first != NULL)
        ti_parking_wake(first, TI_WOKEN);
}
