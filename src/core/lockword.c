/* SPDX-License-Identifier: MIT */
#include "lockword.h"

#include "port.h"
#include "spins.h"
#include "stop.h"
#include "waits.h"

/* Take the word, or stand in the queue: last at first, ahead of all once woken and then passed by another. */
static bool ti_lockword_take_or_enqueue(uint32_t *word, ti_self *self, bool was_woken)
{
    ti_bucket *bucket = ti_parking_bucket(word);
    ti_guard_lock(&bucket->guard, &self->parker);
    ti_parking_announce_to_all(bucket);
    /* Sequential: the second look of the tables in parking.h and fence.h, which pair with the release. */
    bool taken = ti_swap_sequential(word, 0, self->fast.ident);
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
 * an owner that ends from now on finds this waiter and wakes it. TI_SLEEPING: never woken, by its limit or a
 * deadlock.
 */
static uint32_t ti_lockword_sleep(uint32_t *word, ti_self *self, int64_t deadline, ti_ownership ownership)
{
    if (ownership == TI_UNOWNED || !ti_wait_is_unlimited(self, deadline))
        return ti_parking_sleep(self, word, deadline);
    bool ends = ti_waits_for_owner(self, word);
    if (!ends && ti_parking_leave(&self->waiter, word, &self->parker))
        return TI_SLEEPING;
    uint32_t outcome = ti_parking_await_wake(self);
    ti_waits_end(self);
    return outcome;
}

/* Wait on, after a wait in the queue with that outcome. */
static threading_status_t ti_lockword_wait(uint32_t *word, ti_self *self, int64_t deadline,
                                           ti_ownership ownership, uint32_t outcome)
{
    while (outcome != TI_HANDED && !ti_lockword_take_or_enqueue(word, self, outcome == TI_WOKEN)) {
        outcome = ti_lockword_sleep(word, self, deadline, ownership);
        if (outcome == TI_SLEEPING)
            return ti_wait_is_unlimited(self, deadline) ? THREADING_DEADLOCK : ti_wait_status(deadline);
    }
    return THREADING_OK;
}

/*
 * Look for a while before sleeping: most locks are held for less time than it takes to sleep and wake. Not when
 * others wait already, whom this thread would pass, nor where the holder cannot run meanwhile.
 */
static bool ti_lockword_spin(uint32_t *word, const ti_self *self)
{
    const ti_bucket *bucket = ti_parking_bucket(word);
    uint32_t looks = ti_parking_may_be_awaited(bucket) ? 0 : ti_spins();
    for (; looks > 0; looks--) {
        /* Relaxed: the try decides. */
        if (ti_load_relaxed(word) == 0 && ti_lockword_try(word, self->fast.ident))
            return true;
        ti_pause();
    }
    return false;
}

threading_status_t ti_lockword_acquire_slow(uint32_t *word, ti_self *self, int64_t deadline,
                                            ti_ownership ownership)
{
    if (ti_lockword_spin(word, self))
        return THREADING_OK;
    self->waiter.since = ti_port_now();
    return ti_lockword_wait(word, self, deadline, ownership, TI_SLEEPING);
}

void ti_lockword_acquire_for_certain(uint32_t *word, ti_self *self, uint32_t outcome)
{
    if (outcome == TI_SLEEPING) {
        if (ti_lockword_spin(word, self))
            return;
        self->waiter.since = ti_port_now();
    }
    self->deaf++;
    (void)ti_lockword_wait(word, self, TI_FOREVER, TI_UNOWNED,
                           outcome); /* without limit and proof it cannot fail */
    self->deaf--;
}

/* Put a chain of waiters at the end of a word's queue. */
static void ti_lockword_enqueue_chain(uint32_t *word, ti_bucket *bucket, ti_waiter *chain)
{
    int64_t now = ti_port_now();
    while (chain != NULL) {
        ti_waiter *waiter = chain;
        chain = waiter->next;
        ti_parking_announce_to_all(bucket);
        ti_parking_enqueue_last(bucket, waiter, word);
        waiter->since = now; /* for the lock it waits from now on */
    }
}

void ti_lockword_requeue(uint32_t *word, ti_waiter *chain)
{
    ti_bucket *bucket = ti_parking_bucket(word);
    ti_guard_lock(&bucket->guard, &ti_self_get()->parker);
    ti_lockword_enqueue_chain(word, bucket, chain);
    /* Sequential: the second look of the table in parking.h, on behalf of those who sleep. A Lock may have
     * been released by anyone meanwhile; then no release will wake the first of them. */
    bool is_free = ti_load_sequential(word) == 0;
    ti_waiter *first = is_free ? ti_parking_take(bucket, word, 1) : NULL;
    ti_guard_unlock(&bucket->guard);
    ti_parking_wake_chain(first, TI_WOKEN);
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
            heir = ti_self_of(first)->fast.ident;
    }
    /* Sequential, as in ti_lockword_release. The last touch of the word: it may be freed from here on. If
     * another thread released it in between, an heir has now acquired a free word, which is as good. */
    bool was_held = ti_exchange_sequential(word, heir) != 0;
    ti_guard_unlock(&bucket->guard);
    if (first != NULL)
        ti_parking_wake(first, heir != 0 ? TI_HANDED : TI_WOKEN);
    return was_held;
}

/* Wake a waiter that announced itself while the word was being freed; the word is not the caller's any
 * more. */
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
