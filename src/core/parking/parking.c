/* SPDX-License-Identifier: MIT */
#include "parking.h"

#include "atomic.h"
#include "fence.h"
#include "limit.h"
#include "self.h"

ti_bucket threading_buckets[1 << TI_BUCKET_BITS];

void ti_parking_announce(ti_bucket *bucket)
{
    /* Sequential: pairs with ti_parking_is_awaited, see the table in parking.h. */
    ti_add_sequential(&bucket->count, 1);
}

/* One fence is good for all who announce themselves while the count stays above 0: releasers see it and take
 * the guard. */
void ti_parking_announce_to_all(ti_bucket *bucket)
{
    ti_parking_announce(bucket);
    if (bucket->fenced)
        return;
    ti_fence_all();
    bucket->fenced = true;
}

void ti_parking_withdraw(ti_bucket *bucket)
{
    /* Relaxed: a count that is read too high costs a look into the bucket and nothing else. */
    if (ti_add_relaxed(&bucket->count, (uint32_t)-1) == 1)
        bucket->fenced = false;
}

static void ti_parking_prepare(ti_bucket *bucket, ti_waiter *waiter, const void *address, ti_wait_kind kind)
{
    waiter->kind = (uint16_t)kind;
    /* Relaxed: decided upon under the guard only; ti_parking_is_queued may read it under another one's. */
    ti_store_pointer_relaxed(&waiter->address, (uintptr_t)address);
    /* Relaxed: the waker writes it after it found the waiter under the guard. */
    ti_store_relaxed(&waiter->woken, TI_SLEEPING);
    bucket->watchers += kind == TI_WATCHERS;
}

void ti_parking_enqueue_last(ti_bucket *bucket, ti_waiter *waiter, const void *address, ti_wait_kind kind)
{
    ti_parking_prepare(bucket, waiter, address, kind);
    waiter->next = NULL;
    waiter->previous = bucket->last;
    *(bucket->last != NULL ? &bucket->last->next : &bucket->first) = waiter;
    bucket->last = waiter;
}

void ti_parking_enqueue_first(ti_bucket *bucket, ti_waiter *waiter, const void *address, ti_wait_kind kind)
{
    ti_parking_prepare(bucket, waiter, address, kind);
    waiter->previous = NULL;
    waiter->next = bucket->first;
    *(bucket->first != NULL ? &bucket->first->previous : &bucket->last) = waiter;
    bucket->first = waiter;
}

/* Relaxed: a waiter that was moved to another bucket (Condition) gets its address there under that one's
 * guard, and is not taken for one of this address, which it can have again only by its own thread's doing. */
bool ti_parking_is_queued(const ti_waiter *waiter, const void *address)
{
    return ti_load_pointer_relaxed(&waiter->address) == (uintptr_t)address;
}

static ti_waiter *ti_parking_seek(ti_waiter *waiter, const void *address, ti_wait_kind kind)
{
    while (waiter != NULL && !(ti_parking_is_queued(waiter, address) && waiter->kind == kind))
        waiter = waiter->next;
    return waiter;
}

ti_waiter *ti_parking_first(const ti_bucket *bucket, const void *address, ti_wait_kind kind)
{
    return ti_parking_seek(bucket->first, address, kind);
}

ti_waiter *ti_parking_next(const ti_waiter *waiter)
{
    /* Relaxed: under the guard. */
    const void *address = (const void *)ti_load_pointer_relaxed(&waiter->address);
    return ti_parking_seek(waiter->next, address, (ti_wait_kind)waiter->kind);
}

void ti_parking_dequeue(ti_bucket *bucket, ti_waiter *waiter)
{
    *(waiter->previous != NULL ? &waiter->previous->next : &bucket->first) = waiter->next;
    *(waiter->next != NULL ? &waiter->next->previous : &bucket->last) = waiter->previous;
    bucket->watchers -= waiter->kind == TI_WATCHERS;
    ti_store_pointer_relaxed(&waiter->address, 0); /* relaxed: as in ti_parking_prepare */
    ti_parking_withdraw(bucket);
}

ti_waiter *ti_parking_take(ti_bucket *bucket, const void *address, ti_wait_kind kind, size_t n)
{
    ti_waiter *chain = NULL;
    ti_waiter **end = &chain;
    for (ti_waiter *waiter = n > 0 ? ti_parking_first(bucket, address, kind) : NULL, *after; waiter != NULL;
         waiter = after) {
        /* Nothing is sought after the last one: that may be a long way. */
        after = --n > 0 ? ti_parking_next(waiter) : NULL;
        ti_parking_dequeue(bucket, waiter);
        waiter->next = NULL;
        *end = waiter;
        end = &waiter->next;
    }
    return chain;
}

ti_waiter *ti_parking_take_watchers(ti_bucket *bucket, const void *address)
{
    return ti_parking_take(bucket, address, TI_WATCHERS, bucket->watchers);
}

void ti_parking_wake(ti_waiter *waiter, uint32_t outcome)
{
    ti_parker *parker = &ti_self_of(waiter)->parker;
    ti_blocked_wake(ti_self_of(waiter));
    /* Release: pairs with the acquire in ti_parking_doze. The last touch of the waiter, which may begin its
     * next wait or end its thread at once; the parker's memory stays, and a token too many only ends a park
     * early. */
    ti_store_release(&waiter->woken, outcome);
    ti_port_unpark(parker);
}

void ti_parking_wake_chain(ti_waiter *chain, uint32_t outcome)
{
    while (chain != NULL) {
        ti_waiter *waiter = chain;
        chain = waiter->next; /* before the wake, after which the waiter is another's */
        ti_parking_wake(waiter, outcome);
    }
}

/* Whether there is nothing to sleep for (any more). */
static bool ti_doze_is_over(const ti_self *self, int64_t deadline)
{
    return ti_load_acquire(&self->waiter.woken) != TI_SLEEPING || ti_limit_is_reached(self, deadline);
}

uint32_t ti_parking_doze(ti_self *self, int64_t deadline)
{
    if (!ti_doze_is_over(self, deadline)) {
        ti_blocked_begin(self, ti_limit_next(self, deadline));
        do {
            ti_port_park(&self->parker, ti_limit_next(self, deadline));
        } while (!ti_doze_is_over(self, deadline));
        ti_blocked_end(self);
    }
    /* Acquire: pairs with the release in ti_parking_wake. A wake that came after the limit counts too. */
    return ti_load_acquire(&self->waiter.woken);
}

uint32_t ti_parking_await_wake(ti_self *self)
{
    self->deaf++;
    uint32_t outcome = ti_parking_doze(self, TI_FOREVER);
    self->deaf--;
    return outcome;
}

bool ti_parking_leave(ti_waiter *waiter, const void *address, ti_parker *parker)
{
    ti_bucket *bucket = ti_parking_bucket(address);
    ti_guard_lock(&bucket->guard, parker);
    bool queued = ti_parking_is_queued(waiter, address);
    if (queued)
        ti_parking_dequeue(bucket, waiter);
    ti_guard_unlock(&bucket->guard);
    return queued;
}

uint32_t ti_parking_sleep(ti_self *self, const void *address, int64_t deadline)
{
    uint32_t outcome = ti_parking_doze(self, deadline);
    if (outcome != TI_SLEEPING || ti_parking_leave(&self->waiter, address, &self->parker))
        return outcome;
    /* A waker has taken this waiter off the queue and wakes it now. It may have done so already, and leaving
     * may have used up its token on the same parker: the wait looks before it parks. */
    return ti_parking_await_wake(self);
}

bool ti_parking_observe(ti_self *self, uint32_t *word, uint32_t value)
{
    ti_bucket *bucket = ti_parking_bucket(word);
    ti_guard_lock(&bucket->guard, &self->parker);
    ti_parking_announce(bucket);
    /* Sequential: the second look of the table in parking.h. */
    bool must_wait = ti_load_sequential(word) == value;
    if (must_wait)
        ti_parking_enqueue_last(bucket, &self->waiter, word, TI_OBSERVERS);
    else
        ti_parking_withdraw(bucket);
    ti_guard_unlock(&bucket->guard);
    return must_wait;
}

bool ti_parking_wait(ti_self *self, uint32_t *word, uint32_t value, int64_t deadline)
{
    return !ti_parking_observe(self, word, value) || ti_parking_sleep(self, word, deadline) != TI_SLEEPING;
}

void ti_parking_wake_kind(const void *address, ti_wait_kind kind)
{
    ti_bucket *bucket = ti_parking_bucket(address);
    ti_guard_lock(&bucket->guard, &ti_self_get()->parker);
    ti_waiter *waiters = ti_parking_take(bucket, address, kind, SIZE_MAX);
    ti_guard_unlock(&bucket->guard);
    ti_parking_wake_chain(waiters, TI_WOKEN);
}

static void ti_parking_wake_slow(ti_bucket *bucket, const uint32_t *word)
{
    ti_guard_lock(&bucket->guard, &ti_self_get()->parker);
    ti_waiter *observers = ti_parking_take(bucket, word, TI_OBSERVERS, SIZE_MAX);
    ti_waiter *watchers = ti_parking_take_watchers(bucket, word);
    ti_guard_unlock(&bucket->guard);
    ti_parking_wake_chain(observers, TI_WOKEN);
    ti_parking_wake_chain(watchers, TI_WOKEN);
}

void ti_parking_wake_all(const uint32_t *word)
{
    ti_bucket *bucket = ti_parking_bucket(word);
    if (ti_parking_is_awaited(bucket))
        ti_parking_wake_slow(bucket, word);
}

void ti_parking_wake_watchers(const void *address)
{
    ti_bucket *bucket = ti_parking_bucket(address);
    if (!ti_parking_may_be_awaited(bucket))
        return;
    ti_guard_lock(&bucket->guard, &ti_self_get()->parker);
    ti_waiter *watchers = ti_parking_take_watchers(bucket, address);
    ti_guard_unlock(&bucket->guard);
    ti_parking_wake_chain(watchers, TI_WOKEN);
}

static void ti_bucket_reset(ti_bucket *bucket)
{
    ti_guard_reset(&bucket->guard);
    bucket->first = bucket->last = NULL;
    /* Relaxed: the child has one thread. */
    ti_store_relaxed(&bucket->count, 0);
    bucket->fenced = false;
    bucket->watchers = 0;
}

TI_COLD void ti_parking_reset(void)
{
    for (size_t i = 0; i < sizeof threading_buckets / sizeof *threading_buckets; i++)
        ti_bucket_reset(&threading_buckets[i]);
}
