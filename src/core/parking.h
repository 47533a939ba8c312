/* SPDX-License-Identifier: MIT */
/*
 * The parking lot: where threads wait, in queues keyed by the address of what they wait for.
 *
 * The idea is WebKit's (WTF::ParkingLot) and CPython's: the object that is waited for holds nothing but its own
 * word, so that it is 4 bytes, needs no destroy call, and all that concerns sleeping exists once.
 *
 * Addresses are hashed to buckets. A bucket is a guard, a queue of the waiters of all its addresses, first come
 * first, and a count that may be read without the guard. The count is how a thread that changes a word learns
 * whether anyone might be waiting for the change, without touching the word's memory again:
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
#include <stdint.h>

#include "atomic.h"
#include "guard.h"
#include "port.h"

enum {
    TI_SLEEPING = 0, /* also the outcome of a sleep that ended at its deadline: nobody woke this waiter */
    TI_WOKEN = 1,    /* look again at what you wait for */
    TI_HANDED = 2    /* it is yours: the waker has given it to you */
};

/* One waiting thread. Lives in the thread's ti_self, so it is never freed while another thread may look at it. */
typedef struct ti_waiter {
    struct ti_waiter *next; /* under the bucket's guard, as the next three */
    struct ti_waiter *previous;
    const void *address;
    bool queued;
    uint32_t woken; /* TI_SLEEPING until the waker's last touch */
    int64_t since;  /* the owner's: when its whole wait began */
} ti_waiter;

typedef struct ti_bucket {
    ti_guard guard;
    ti_waiter *first;
    ti_waiter *last;
    uint32_t count; /* waiters that are queued or about to look whether they must be */
} ti_bucket;

struct ti_self;

#define TI_BUCKET_BITS 10 /* 10,000 waiters on as many addresses make queues of ten */

extern ti_bucket ti_buckets[1 << TI_BUCKET_BITS];

/* Multiplicative hashing (Knuth, TAOCP 6.4): the product's upper bits depend on all bits of the address. */
static inline ti_bucket *ti_parking_bucket(const void *address)
{
    uint64_t product = (uint64_t)(uintptr_t)address * UINT64_C(0x9E3779B97F4A7C15);
    return &ti_buckets[product >> (64 - TI_BUCKET_BITS)];
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

/* Under the bucket's guard: */
void ti_parking_announce(ti_bucket *bucket);
void ti_parking_withdraw(ti_bucket *bucket);
void ti_parking_enqueue_last(ti_bucket *bucket, ti_waiter *waiter, const void *address);
void ti_parking_enqueue_first(ti_bucket *bucket, ti_waiter *waiter, const void *address);
ti_waiter *ti_parking_first(const ti_bucket *bucket, const void *address);
void ti_parking_dequeue(ti_bucket *bucket, ti_waiter *waiter);

/* After the guard was unlocked: wake a waiter that was dequeued, with TI_WOKEN or TI_HANDED. */
void ti_parking_wake(ti_waiter *waiter, uint32_t outcome);

/* Sleep until woken or until the deadline; then the waiter is in no queue any more. Gives the outcome. */
uint32_t ti_parking_sleep(struct ti_self *self, int64_t deadline);

/* Leave the queue. False: a waker was faster and its wake must be accepted. */
bool ti_parking_leave(struct ti_self *self);

/* Wait until *word may have changed from `value`, or until the deadline. False at the deadline. */
bool ti_parking_wait(struct ti_self *self, uint32_t *word, uint32_t value, int64_t deadline);

/* Wake all that wait for a word, which the caller has just changed with a sequential operation. */
void ti_parking_wake_all(uint32_t *word);

/* In a forked child: nobody waits. */
void ti_parking_reset(void);

#endif
