/* SPDX-License-Identifier: MIT */
#include "lockword.h"

#include "deadlock.h"
#include "limit.h"
#include "port.h"
#include "spins.h"

/* ---- waiting ---- */

/* Look for a while before sleeping: most locks are held for less time than it takes to sleep and wake. A
 * look is a try at once: to read the word first would fetch its cache line twice when it is free. */
static bool ti_lockword_spin(uint32_t *word, uint32_t ident)
{
    ti_spin spin = ti_spin_begin();
    while (ti_spin_goes_on(&spin))
        if (ti_lockword_try(word, ident))
            return true;
    return false;
}

/* Take the word, or stand in the queue: last at first, ahead of all once woken and then passed by another. */
static bool ti_lockword_take_or_enqueue(uint32_t *word, ti_self *self, bool was_woken)
{
    ti_bucket *bucket = ti_parking_bucket(word);
    ti_guard_lock(&bucket->guard, &self->parker);
    ti_parking_announce_to_all(bucket);
    /* Sequential, also when it fails: the second look of the tables in parking.h and fence.h, which pairs
     * with the release. */
    bool taken = ti_swap_sequential(word, 0, self->fast.ident);
    if (taken)
        ti_parking_withdraw(bucket);
    else if (was_woken)
        ti_parking_enqueue_first(bucket, &self->waiter, word, TI_LOCKERS);
    else
        ti_parking_enqueue_last(bucket, &self->waiter, word, TI_LOCKERS);
    ti_guard_unlock(&bucket->guard);
    return taken;
}

/* Get the word, or get in the queue. */
static bool ti_lockword_seek(uint32_t *word, ti_self *self, bool was_woken)
{
    if (ti_lockword_spin(word, self->fast.ident))
        return true;
    if (!was_woken)
        self->waiter.since = ti_port_now();
    return ti_lockword_take_or_enqueue(word, self, was_woken);
}

/* Sleep in the queue. TI_SLEEPING: never woken, because of the wait's limit or of a deadlock. */
static uint32_t ti_lockword_sleep(uint32_t *word, ti_self *self, int64_t deadline, ti_ownership ownership)
{
    if (ownership == TI_UNOWNED || !ti_limit_is_none(self, deadline))
        return ti_parking_sleep(self, word, deadline);
    return ti_deadlock_sleep_in_queue(self, word);
}

/* Wait on, after a wait in the queue with that outcome. */
static threading_status_t ti_lockword_wait(uint32_t *word, ti_self *self, int64_t deadline,
                                           ti_ownership ownership, uint32_t outcome)
{
    while (outcome != TI_HANDED && !ti_lockword_seek(word, self, outcome != TI_SLEEPING)) {
        outcome = ti_lockword_sleep(word, self, deadline, ownership);
        if (outcome == TI_SLEEPING)
            return ti_limit_is_none(self, deadline) ? THREADING_DEADLOCK : ti_limit_status(deadline);
    }
    return THREADING_OK;
}

threading_status_t ti_lockword_acquire_slow(uint32_t *word, ti_self *self, int64_t deadline,
                                            ti_ownership ownership)
{
    return ti_lockword_wait(word, self, deadline, ownership, TI_SLEEPING);
}

void ti_lockword_acquire_for_certain(uint32_t *word, ti_self *self, uint32_t outcome)
{
    self->deaf++;
    /* Without limit and proof it cannot fail. */
    (void)ti_lockword_wait(word, self, TI_FOREVER, TI_UNOWNED, outcome);
    self->deaf--;
}

/* Put a chain of waiters at the end of a word's queue. */
static void ti_lockword_enqueue_chain(uint32_t *word, ti_bucket *bucket, ti_waiter *chain)
{
    int64_t now = ti_port_now();
    while (chain != NULL) {
        ti_waiter *waiter = chain;
        chain = waiter->next;
        ti_parking_announce(bucket);
        ti_parking_enqueue_last(bucket, waiter, word, TI_LOCKERS);
        waiter->since = now; /* for the lock it waits from now on */
    }
}

/* A Lock may have been released by anyone; then no release will wake the first of those who sleep. */
static ti_waiter *ti_lockword_first_if_free(uint32_t *word, ti_bucket *bucket)
{
    ti_parking_announce_to_all(bucket); /* on their behalf; they are announced already */
    ti_parking_withdraw(bucket);
    /* Sequential: the second look of the tables in parking.h and fence.h, on behalf of those who sleep. */
    return ti_load_sequential(word) == 0 ? ti_parking_take(bucket, word, TI_LOCKERS, 1) : NULL;
}

void ti_lockword_requeue(uint32_t *word, ti_waiter *chain)
{
    ti_bucket *bucket = ti_parking_bucket(word);
    ti_self *self = ti_self_get();
    ti_waiter *first = NULL;
    ti_guard_lock(&bucket->guard, &self->parker);
    ti_lockword_enqueue_chain(word, bucket, chain);
    /* Sequential: as below. If this thread still holds the word, every release by a plain store comes
     * after this thread's or after an exchange that comes now, and sees the announcements without a fence. */
    if (ti_load_sequential(word) != self->fast.ident)
        first = ti_lockword_first_if_free(word, bucket);
    ti_guard_unlock(&bucket->guard);
    ti_parking_wake_chain(first, TI_WOKEN);
}

/* ---- release while threads wait ---- */

void ti_lockword_wake_first(const uint32_t *word, ti_bucket *bucket)
{
    ti_guard_lock(&bucket->guard, &ti_self_get()->parker);
    ti_waiter *first = ti_parking_take(bucket, word, TI_LOCKERS, 1);
    ti_guard_unlock(&bucket->guard);
    ti_parking_wake_chain(first, TI_WOKEN);
}

/* Under the guard: how the first waiter is woken, which gets the word if it has waited too long. */
static uint32_t ti_lockword_decide(ti_bucket *bucket, const ti_waiter *first)
{
    int64_t now = ti_port_now();
    if (now - first->since <= TI_STARVED || now - bucket->handed <= TI_HAND_OVER_PAUSE)
        return TI_WOKEN;
    bucket->handed = now;
    return TI_HANDED;
}

bool ti_lockword_release_slow(uint32_t *word, ti_bucket *bucket)
{
    ti_guard_lock(&bucket->guard, &ti_self_get()->parker);
    ti_waiter *first = ti_parking_take(bucket, word, TI_LOCKERS, 1);
    uint32_t outcome = first != NULL ? ti_lockword_decide(bucket, first) : TI_WOKEN;
    uint32_t next = outcome == TI_HANDED ? ti_self_of(first)->fast.ident : 0;
    /* Sequential, as in ti_lockword_clear. The last touch of the word: it may be freed from here on. If
     * another thread released it in between, an heir has now acquired a free word, which is as good. */
    bool was_held = ti_exchange_sequential(word, next) != 0;
    ti_guard_unlock(&bucket->guard);
    ti_parking_wake_chain(first, outcome);
    return was_held;
}
