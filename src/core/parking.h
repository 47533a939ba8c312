/* SPDX-License-Identifier: MIT */
/*
 * The parking lot: where threads wait, in queues keyed by the address of what they wait for.
 *
 * The idea is WebKit's (WTF::ParkingLot) and CPython's: the object that is waited for holds nothing but its
 * own word, so that it is 4 bytes, needs no destroy call, and all that concerns sleeping exists once.
 *
 * Addresses are hashed to buckets. A bucket is a guard, a queue of the waiters of all its addresses, first
 * come first, and a count that may be read without the guard. The count is how a thread that changes a word
 * learns whether anyone might be waiting for the change, without touching the word's memory again:
 *
 *     waiter                                      waker
 *     lock the bucket                             change the word        (sequential)
 *     announce: count + 1      (sequential)       count == 0? done       (sequential)
 *     look at the word once more (sequential)     lock the bucket, take the first waiter off, unlock
 *     still has to wait: enqueue, unlock, sleep   wake it
 *
 * Either the waiter sees the changed word or the waker sees the count. With weaker orders both could look
 * before either change is visible, and the waiter would sleep for ever.
 */
#ifndef TI_PARKING_H
#define TI_PARKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "atomic.h"
#include "guard.h"
#include "port.h"

enum {
    TI_SLEEPING = 0, /* also the outcome of a sleep that ended by its limit: nobody woke this waiter */
    TI_WOKEN = 1,    /* look again at what you wait for */
    TI_HANDED = 2,   /* it is yours: the waker has given it to you */
    TI_REFUSED = 3,  /* you shall not have it */
    TI_LOOKOUT = 4   /* look again, and releasers rely on that (lockword.h) */
};

/*
 * What is waited for is an address, whose two lowest bits are free to keep apart several queues of one
 * object, which then share a bucket and its guard.
 */
enum {
    TI_WATCHERS = 1, /* threads in threading_wait_any, which take nothing; they are all woken */
    TI_ENTRANTS = 2, /* threads before a barrier whose action runs */
    TI_TAGS = 3
};

struct ti_self;

/*
 * One waiting thread. A thread waits with the one in its ti_self, which is never freed; threading_wait_any
 * has one for each source in its caller's memory, and does not return before each is out of its queue, and
 * woken if a waker took it out.
 *
 *   next, previous  under the bucket's guard; then `next` is the waker's, for chains
 *   address         0: in no queue. Changes from an address, and to it, under its bucket's guard
 *   self            the ti_self whose waiter it is
 *   since           when its wait began; under the guard while it is queued
 *   woken           TI_SLEEPING until the waker's last touch
 *   wants           what it waits for: each file's own meaning
 */
typedef struct threading_waiter ti_waiter;

/*
 *   first, last  all its waiters, watchers first, then oldest first; under the guard
 *   count        waiters that are queued or about to look whether they must be; changes under the guard, is
 *                read without
 *   fenced       a fence in all threads was made, and the count was not 0 since; under the guard
 *   watchers     how many of the queued are watchers: who looks for them need not pass all who wait
 *   lookout      the lock word that a thread who is awake looks at, or 0: see lockword.h
 *   handed       when a lock word was last handed to a waiter; under the guard
 */
typedef struct threading_bucket ti_bucket;

#define TI_BUCKET_BITS 10 /* as in the header; 10,000 waiters on as many addresses make queues of ten */

extern ti_bucket threading_buckets[1 << TI_BUCKET_BITS];

/* Multiplicative hashing (Knuth, TAOCP 6.4): the product's upper bits depend on all bits of the address. */
static inline ti_bucket *ti_parking_bucket(const void *address)
{
    uint64_t object = (uintptr_t)address & ~(uintptr_t)TI_TAGS;
    uint64_t product = object * UINT64_C(0x9E3779B97F4A7C15);
    return &threading_buckets[product >> (64 - TI_BUCKET_BITS)];
}

/* A hint, for a first look before anything was changed: nothing may depend on a false. */
static inline bool ti_parking_may_be_awaited(const ti_bucket *bucket)
{
    /* Relaxed: a waiter that is missed here is found by ti_parking_is_awaited afterwards. */
    return ti_load_relaxed(&bucket->count) != 0;
}

/* Whether someone may wait for a change that the caller has just made with a sequential operation. */
static inline bool ti_parking_is_awaited(const ti_bucket *bucket)
{
    /* Sequential: pairs with ti_parking_announce, see the table above. */
    return ti_load_sequential(&bucket->count) != 0;
}

/* The address of one of an object's further queues. */
static inline const void *ti_parking_tagged(const void *address, uintptr_t tag)
{
    return (const void *)((uintptr_t)address | tag);
}

/* Under the bucket's guard: */
void ti_parking_announce(ti_bucket *bucket);
void ti_parking_announce_to_all(ti_bucket *bucket); /* also to those who look without a fence (fence.h) */
void ti_parking_withdraw(ti_bucket *bucket);
void ti_parking_enqueue_last(ti_bucket *bucket, ti_waiter *waiter, const void *address);
void ti_parking_enqueue_first(ti_bucket *bucket, ti_waiter *waiter, const void *address);
ti_waiter *ti_parking_first(const ti_bucket *bucket, const void *address);
ti_waiter *ti_parking_next(const ti_waiter *waiter);
bool ti_parking_is_queued(const ti_waiter *waiter, const void *address);
void ti_parking_dequeue(ti_bucket *bucket, ti_waiter *waiter);

/* Under the guard: take at most n waiters of an address off the queue, chained by `next`. None returns before
 * it is woken. */
ti_waiter *ti_parking_take(ti_bucket *bucket, const void *address, size_t n);

/* The same for all that watch the address. */
ti_waiter *ti_parking_take_watchers(ti_bucket *bucket, const void *address);

/* After the guard was unlocked: wake a waiter that was dequeued, or a chain of them; the last touch of
 * each. */
void ti_parking_wake(ti_waiter *waiter, uint32_t outcome);
void ti_parking_wake_chain(ti_waiter *chain, uint32_t outcome);

/* Sleep until woken, or until the wait's limit (stop.h): then TI_SLEEPING, and the waiter may still be
 * queued. */
uint32_t ti_parking_doze(struct ti_self *self, int64_t deadline);

/* The same for a waiter that is about to be woken for certain: no limit. */
uint32_t ti_parking_await_wake(struct ti_self *self);

/* Leave the queue of an address. False: a waker was faster and its wake must be accepted. */
bool ti_parking_leave(ti_waiter *waiter, const void *address, ti_parker *parker);

/* Sleep in the queue of an address until woken or until the wait's limit; then the waiter is in no queue any
 * more. */
uint32_t ti_parking_sleep(struct ti_self *self, const void *address, int64_t deadline);

/* Wait until *word may have changed from `value`. False at the wait's limit. */
bool ti_parking_wait(struct ti_self *self, uint32_t *word, uint32_t value, int64_t deadline);

/* Wake all that wait for a word, watchers too, which the caller has just changed with a sequential
 * operation. */
void ti_parking_wake_all(uint32_t *word);

/* Wake the watchers of an address that was changed under a lock which they take, after they announced
 * themselves, to look. */
void ti_parking_wake_watchers(const void *address);

/* In a forked child: nobody waits. */
void ti_parking_reset(void);

#endif
