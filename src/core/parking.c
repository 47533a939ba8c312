/* SPDX-License-Identifier: MIT */
#include "parking.h"

#include <string.h>

#include "atomic.h"
#include "deadline.h"
#include "self.h"

ti_bucket ti_buckets[1 << TI_BUCKET_BITS];

void ti_parking_announce(ti_bucket *bucket)
{
    /* Sequential: pairs with ti_parking_is_awaited, see the table in parking.h. */
    ti_add_sequential(&bucket->count, 1);
}

void ti_parking_withdraw(ti_bucket *bucket)
{
    /* Relaxed: a count that is read too high costs a look into the bucket and nothing else. */
    ti_add_relaxed(&bucket->count, (uint32_t)-1);
}

static void ti_parking_prepare(ti_waiter *waiter, const void *address)
{
    waiter->address = address;
    waiter->queued = true;
    /* Relaxed: the waker writes it after it found the waiter under the guard. */
    ti_store_relaxed(&waiter->woken, TI_SLEEPING);
}

void ti_parking_enqueue_last(ti_bucket *bucket, ti_waiter *waiter, const void *address)
{
    ti_parking_prepare(waiter, address);
    waiter->next = NULL;
    waiter->previous = bucket->last;
    *(bucket->last != NULL ? &bucket->last->next : &bucket->first) = waiter;
    bucket->last = waiter;
}

void ti_parking_enqueue_first(ti_bucket *bucket, ti_waiter *waiter, const void *address)
{
    ti_parking_prepare(waiter, address);
    waiter->previous = NULL;
    waiter->next = bucket->first;
    *(bucket->first != NULL ? &bucket->first->previous : &bucket->last) = waiter;
    bucket->first = waiter;
}

ti_waiter *ti_parking_first(const ti_bucket *bucket, const void *address)
{
    ti_waiter *waiter = bucket->first;
    while (waiter != NULL && waiter->address != address)
        waiter = waiter->next;
    return waiter;
}

void ti_parking_dequeue(ti_bucket *bucket, ti_waiter *waiter)
{
    *(waiter->previous != NULL ? &waiter->previous->next : &bucket->first) = waiter->next;
    *(waiter->next != NULL ? &waiter->next->previous : &bucket->last) = waiter->previous;
    waiter->queued = false;
    ti_parking_withdraw(bucket);
}

void ti_parking_wake(ti_waiter *waiter, uint32_t outcome)
{
    ti_parker *parker = &ti_self_of(waiter)->parker;
    /* Release: pairs with the acquire in ti_parking_sleep. The last touch of the waiter, which may begin its next wait
     * or end its thread at once; the parker's memory stays, and a token too many only ends a park early. */
    ti_store_release(&waiter->woken, outcome);
    ti_port_unpark(parker);
}

bool ti_parking_leave(ti_self *self)
{
    ti_waiter *waiter = &self->waiter;
    ti_bucket *bucket = ti_parking_bucket(waiter->address);
    ti_guard_lock(&bucket->guard, &self->parker);
    bool queued = waiter->queued;
    if (queued)
        ti_parking_dequeue(bucket, waiter);
    ti_guard_unlock(&bucket->guard);
    return queued;
}

uint32_t ti_parking_sleep(ti_self *self, int64_t deadline)
{
    for (;;) {
        uint32_t outcome = ti_load_acquire(&self->waiter.woken);
        if (outcome != TI_SLEEPING)
            return outcome;
        if (!ti_deadline_passed(deadline)) {
            ti_port_park(&self->parker, deadline);
        } else if (ti_parking_leave(self)) {
            return TI_SLEEPING;
        } else {
            /* A waker has taken this waiter off the queue and wakes it now. Look before parking for that: leaving
             * may have waited for the guard, on the same parker, and used up the waker's token. */
            deadline = TI_FOREVER;
        }
    }
}

bool ti_parking_wait(ti_self *self, uint32_t *word, uint32_t value, int64_t deadline)
{
    ti_bucket *bucket = ti_parking_bucket(word);
    ti_guard_lock(&bucket->guard, &self->parker);
    ti_parking_announce(bucket);
    /* Sequential: the second look of the table in parking.h. */
    bool must_wait = ti_load_sequential(word) == value;
    if (must_wait)
        ti_parking_enqueue_last(bucket, &self->waiter, word);
    else
        ti_parking_withdraw(bucket);
    ti_guard_unlock(&bucket->guard);
    return !must_wait || ti_parking_sleep(self, deadline) != TI_SLEEPING;
}

/* Take all waiters of an address off the queue, chained by `next`. None returns before it is woken. */
static ti_waiter *ti_parking_take_all(ti_bucket *bucket, const void *address)
{
    ti_waiter *chain = NULL;
    ti_waiter **end = &chain;
    for (ti_waiter *waiter = bucket->first, *after; waiter != NULL; waiter = after) {
        after = waiter->next;
        if (waiter->address != address)
            continue;
        ti_parking_dequeue(bucket, waiter);
        waiter->next = NULL;
        *end = waiter;
        end = &waiter->next;
    }
    return chain;
}

static void ti_parking_wake_all_slow(ti_bucket *bucket, const void *address)
{
    ti_guard_lock(&bucket->guard, &ti_self_get()->parker);
    ti_waiter *chain = ti_parking_take_all(bucket, address);
    ti_guard_unlock(&bucket->guard);
    while (chain != NULL) {
        ti_waiter *waiter = chain;
        chain = waiter->next; /* before the wake, after which the waiter is another's */
        ti_parking_wake(waiter, TI_WOKEN);
    }
}

void ti_parking_wake_all(uint32_t *word)
{
    ti_bucket *bucket = ti_parking_bucket(word);
    if (ti_parking_is_awaited(bucket))
        ti_parking_wake_all_slow(bucket, word);
}

void ti_parking_reset(void)
{
    memset(ti_buckets, 0, sizeof ti_buckets);
}
