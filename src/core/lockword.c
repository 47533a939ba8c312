/* SPDX-License-Identifier: MIT */
#include "lockword.h"

#include "port.h"
#include "spins.h"
#include "stop.h"
#include "waits.h"

/* ---- the lookout ---- */

/* Under the guard: let releasers rely on a thread that is awake. False: they rely on another one, maybe of another
 * word. */
static bool ti_lockword_post(ti_bucket *bucket, const uint32_t *word)
{
    /* Relaxed, both: who withdraws does so without the guard, but posting is done under it; and nobody relies on
     * this lookout yet. */
    bool is_free = ti_load_pointer_relaxed(&bucket->lookout) == 0;
    if (is_free)
        ti_store_pointer_relaxed(&bucket->lookout, (uintptr_t)word);
    return is_free;
}

/* Under the guard: become the lookout if others wait, and none of them for too long. */
static bool ti_lockword_may_post(ti_bucket *bucket, const uint32_t *word)
{
    const ti_waiter *first = ti_parking_first(bucket, word);
    return first != NULL && ti_port_now() - first->since <= TI_STARVED && ti_lockword_post(bucket, word);
}

static bool ti_lockword_offer(const uint32_t *word, ti_self *self)
{
    ti_bucket *bucket = ti_parking_bucket(word);
    /* Relaxed: a hint, that saves the guard. */
    if (!ti_parking_may_be_awaited(bucket) || ti_load_pointer_relaxed(&bucket->lookout) != 0)
        return false;
    ti_guard_lock(&bucket->guard, &self->parker);
    bool posted = ti_lockword_may_post(bucket, word);
    ti_guard_unlock(&bucket->guard);
    return posted;
}

/* The lookout has the word. */
static void ti_lockword_withdraw(uint32_t *word, uint32_t ident)
{
    ti_bucket *bucket = ti_parking_bucket(word);
    /* Sequential, both: the table in lockword.h. */
    ti_store_pointer_sequential(&bucket->lookout, 0);
    if (ti_load_sequential(word) != ident)
        ti_lockword_wake_first(word, bucket);
}

/* ---- waiting ---- */

/* Look for a while before sleeping: most locks are held for less time than it takes to sleep and wake. A look is
 * a try at once: to read the word first would fetch its cache line twice when it is free. */
static bool ti_lockword_spin(uint32_t *word, uint32_t ident)
{
    ti_spin spin = ti_spin_begin();
    while (ti_spin_goes_on(&spin))
        if (ti_lockword_try(word, ident))
            return true;
    return false;
}

/* Take the word, or stand in the queue: last at first, ahead of all once woken and then passed by another. */
static bool ti_lockword_take_or_enqueue(uint32_t *word, ti_self *self, bool was_woken, bool is_lookout)
{
    ti_bucket *bucket = ti_parking_bucket(word);
    ti_guard_lock(&bucket->guard, &self->parker);
    if (is_lookout)
        ti_store_pointer_sequential(&bucket->lookout, 0); /* sequential: the table in lockword.h */
    ti_parking_announce_to_all(bucket);
    /* Sequential: the second look of the tables in parking.h, fence.h and lockword.h, which pair with the
     * release. */
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

/* Get the word, or get in line. */
static bool ti_lockword_seek(uint32_t *word, ti_self *self, uint32_t outcome)
{
    bool was_woken = outcome != TI_SLEEPING;
    bool is_lookout = was_woken ? outcome == TI_LOOKOUT : ti_lockword_offer(word, self);
    if (!ti_lockword_spin(word, self->fast.ident)) {
        if (!was_woken)
            self->waiter.since = ti_port_now();
        return ti_lockword_take_or_enqueue(word, self, was_woken, is_lookout);
    }
    if (is_lookout)
        ti_lockword_withdraw(word, self->fast.ident);
    return true;
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
    while (outcome != TI_HANDED && !ti_lockword_seek(word, self, outcome)) {
        outcome = ti_lockword_sleep(word, self, deadline, ownership);
        if (outcome == TI_SLEEPING)
            return ti_wait_is_unlimited(self, deadline) ? THREADING_DEADLOCK : ti_wait_status(deadline);
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
        ti_parking_enqueue_last(bucket, waiter, word);
        waiter->since = now; /* for the lock it waits from now on */
    }
}

/* A Lock may have been released by anyone; then no release will wake the first of those who sleep. */
static ti_waiter *ti_lockword_first_if_free(uint32_t *word, ti_bucket *bucket)
{
    ti_parking_announce_to_all(bucket); /* on their behalf; they are announced already */
    ti_parking_withdraw(bucket);
    /* Sequential: the second look of the tables in parking.h and fence.h, on behalf of those who sleep. */
    return ti_load_sequential(word) == 0 ? ti_parking_take(bucket, word, 1) : NULL;
}

void ti_lockword_requeue(uint32_t *word, ti_waiter *chain)
{
    ti_bucket *bucket = ti_parking_bucket(word);
    ti_self *self = ti_self_get();
    ti_waiter *first = NULL;
    ti_guard_lock(&bucket->guard, &self->parker);
    ti_lockword_enqueue_chain(word, bucket, chain);
    /* Sequential: as below. If this thread still holds the word, every release by a plain store comes after this
     * thread's or after an exchange that comes now, and sees the announcements without a fence. */
    if (ti_load_sequential(word) != self->fast.ident)
        first = ti_lockword_first_if_free(word, bucket);
    ti_guard_unlock(&bucket->guard);
    ti_parking_wake_chain(first, TI_WOKEN);
}

/* ---- release while threads wait ---- */

/* Under the guard: the first waiter, taken off the queue. A lookout that comes just now makes its wake needless, and
 * it is woken all the same: the lookout may get the word and withdraw before the word is freed. */
static ti_waiter *ti_lockword_take_first(ti_bucket *bucket, const uint32_t *word)
{
    ti_waiter *first = ti_parking_first(bucket, word);
    if (first != NULL)
        ti_parking_dequeue(bucket, first);
    return first;
}

static uint32_t ti_lockword_outcome(ti_bucket *bucket, const uint32_t *word)
{
    return ti_lockword_post(bucket, word) ? TI_LOOKOUT : TI_WOKEN;
}

/* Wake a waiter that announced itself while the word was being freed; the word is not the caller's any
 * more. */
void ti_lockword_wake_first(const uint32_t *word, ti_bucket *bucket)
{
    ti_guard_lock(&bucket->guard, &ti_self_get()->parker);
    ti_waiter *first = ti_lockword_take_first(bucket, word);
    uint32_t outcome = first != NULL ? ti_lockword_outcome(bucket, word) : TI_WOKEN;
    ti_guard_unlock(&bucket->guard);
    if (first != NULL)
        ti_parking_wake(first, outcome);
}

/* Under the guard: how the first waiter is woken, which gets the word if it has waited too long. */
static uint32_t ti_lockword_decide(ti_bucket *bucket, const uint32_t *word, const ti_waiter *first)
{
    int64_t now = ti_port_now();
    if (now - first->since <= TI_STARVED || now - bucket->handed <= TI_HAND_OVER_PAUSE)
        return ti_lockword_outcome(bucket, word);
    bucket->handed = now;
    return TI_HANDED;
}

static bool ti_lockword_release_to_first(uint32_t *word, ti_bucket *bucket)
{
    ti_guard_lock(&bucket->guard, &ti_self_get()->parker);
    ti_waiter *first = ti_lockword_take_first(bucket, word);
    uint32_t outcome = first != NULL ? ti_lockword_decide(bucket, word, first) : TI_WOKEN;
    /* Sequential, as in ti_lockword_release. The last touch of the word: it may be freed from here on. If
     * another thread released it in between, an heir has now acquired a free word, which is as good. */
    bool was_held =
        ti_exchange_sequential(word, outcome == TI_HANDED ? ti_self_of(first)->fast.ident : 0) != 0;
    ti_guard_unlock(&bucket->guard);
    if (first != NULL)
        ti_parking_wake(first, outcome);
    return was_held;
}

bool ti_lockword_release_slow(uint32_t *word, ti_bucket *bucket)
{
    /* Relaxed: a hint. Who is the lookout before the word is free may be gone when it is. */
    if (ti_load_pointer_relaxed(&bucket->lookout) != (uintptr_t)word)
        return ti_lockword_release_to_first(word, bucket);
    /* Sequential, both: the table in lockword.h. */
    bool was_held = ti_exchange_sequential(word, 0) != 0;
    if (ti_load_pointer_sequential(&bucket->lookout) != (uintptr_t)word)
        ti_lockword_wake_first(word, bucket);
    return was_held;
}
