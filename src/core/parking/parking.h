/* SPDX-License-Identifier: MIT */
/*
 * The parking lot: where threads wait, in queues keyed by the address of what they wait for and by the
 * kind of their wait.
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
 *
 * The waker's look is late: as soon as the change is visible, another thread may end the object, and its
 * memory may be another object by the time of the look, or be unmapped. Two rules make that harmless:
 *
 *   - After the change the waker touches nothing of the object. It uses the address as a number.
 *   - A late waker takes only waiters of its own kind, and only of a kind that looks again. A waiter that
 *     was meant for a later object of the same kind then looks, finds that it has to wait, and goes back
 *     to its place.
 *
 * A kind that believes its wake is taken only by a thread that holds, until it has taken it, the guard or
 * the lock which the object's end would need too.
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
    TI_REFUSED = 3   /* you shall not have it */
};

/*
 * The kinds of waits. An object may have several queues at one address, which then share a bucket and its
 * guard.
 *
 *   kind           waits for                                 its wake
 *   LOCKERS        a lock's word to be free                  looks again, unless it is handed the word
 *   TAKERS         a semaphore to have a unit                looks again, unless it is handed a unit
 *   OBSERVERS      a word of a thread, a Once or a future    looks again
 *   WATCHERS       one of the things of threading_wait_any   looks again; takes nothing; all are woken
 *   RW_LOCKERS     its turn at an RWLock                     under the guard; looks again if it has no turn
 *   EVENT_WAITERS  an Event to be set                        under the guard; believed
 *   NOTIFIABLES    a Condition's notify                      under the Condition's lock; believed
 *   PARTIES        a barrier's other parties                 under the guard; believed
 *   ENTRANTS       a barrier whose action runs to be ready   under the guard; looks again
 *   GETTERS        a queue to have an item                   under the queue's lock; looks again
 *   PUTTERS        a queue to have room                      under the queue's lock; looks again
 *   JOINERS        a queue's items to be done                under the queue's lock; looks again
 */
typedef enum ti_wait_kind {
    TI_LOCKERS,
    TI_TAKERS,
    TI_OBSERVERS,
    TI_WATCHERS,
    TI_RW_LOCKERS,
    TI_EVENT_WAITERS,
    TI_NOTIFIABLES,
    TI_PARTIES,
    TI_ENTRANTS,
    TI_GETTERS,
    TI_PUTTERS,
    TI_JOINERS
} ti_wait_kind;

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
 *   kind            a ti_wait_kind; under the guard while it is queued
 *   wants           more of what it waits for: each file's own meaning
 */
typedef struct threading_waiter ti_waiter;

/*
 *   first, last  all its waiters, watchers first, then oldest first; under the guard
 *   count        waiters that are queued or about to look whether they must be; changes under the guard, is
 *                read without
 *   fenced       a fence in all threads was made, and the count was not 0 since; under the guard
 *   watchers     how many of the queued are watchers: a waker that looks for them need not pass all who wait
 *   handed       when a lock word was last handed to a waiter; under the guard
 */
typedef struct threading_bucket ti_bucket;

#define TI_BUCKET_BITS 10 /* as in the header; 10,000 waiters on as many addresses make queues of ten */

extern ti_bucket threading_buckets[1 << TI_BUCKET_BITS];

#if !defined(TI_ADDRESS_NUMBER)
#define TI_ADDRESS_NUMBER(address) ((uintptr_t)(address))
#endif

/* Multiplicative hashing (Knuth, TAOCP 6.4): the product's upper bits depend on all bits of the number. */
static inline ti_bucket *ti_parking_bucket_numbered(uintptr_t number)
{
    uint64_t product = number * UINT64_C(0x9E3779B97F4A7C15);
    return &threading_buckets[product >> (64 - TI_BUCKET_BITS)];
}

static inline ti_bucket *ti_parking_bucket(const void *address)
{
    return ti_parking_bucket_numbered(TI_ADDRESS_NUMBER(address));
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
void ti_parking_announce_to_all(ti_bucket *bucket); /* also to those who look without a fence (fence.h) */
void ti_parking_withdraw(ti_bucket *bucket);
void ti_parking_enqueue_last(ti_bucket *bucket, ti_waiter *waiter, const void *address, ti_wait_kind kind);
void ti_parking_enqueue_first(ti_bucket *bucket, ti_waiter *waiter, const void *address, ti_wait_kind kind);
ti_waiter *ti_parking_first(const ti_bucket *bucket, const void *address, ti_wait_kind kind);
ti_waiter *ti_parking_next(const ti_waiter *waiter); /* of the same address and kind */
bool ti_parking_is_queued(const ti_waiter *waiter, const void *address);
void ti_parking_dequeue(ti_bucket *bucket, ti_waiter *waiter);

/* Under the guard: take at most n waiters of an address and a kind off the queue, chained by `next`. None
 * returns before it is woken. */
ti_waiter *ti_parking_take(ti_bucket *bucket, const void *address, ti_wait_kind kind, size_t n);

/* The same for all that watch the address. */
ti_waiter *ti_parking_take_watchers(ti_bucket *bucket, const void *address);

/* After the guard was unlocked: wake a waiter that was dequeued, or a chain of them; the last touch of
 * each. */
void ti_parking_wake(ti_waiter *waiter, uint32_t outcome);
void ti_parking_wake_chain(ti_waiter *chain, uint32_t outcome);

/* Sleep until woken, or until the wait's limit (limit.h): then TI_SLEEPING, and the waiter may still be
 * queued. */
uint32_t ti_parking_doze(struct ti_self *self, int64_t deadline);

/* The same for a waiter that is about to be woken for certain: no limit. */
uint32_t ti_parking_await_wake(struct ti_self *self);

/* Leave the queue of an address. False: a waker was faster and its wake must be accepted. */
bool ti_parking_leave(ti_waiter *waiter, const void *address, ti_parker *parker);

/* Sleep in the queue of an address until woken or until the wait's limit; then the waiter is in no queue any
 * more. */
uint32_t ti_parking_sleep(struct ti_self *self, const void *address, int64_t deadline);

/* Stand in the queue of a word's observers. False: the word is not `value` any more. */
bool ti_parking_observe(struct ti_self *self, uint32_t *word, uint32_t value);

/* Wait until *word may have changed from `value`. False at the wait's limit. */
bool ti_parking_wait(struct ti_self *self, uint32_t *word, uint32_t value, int64_t deadline);

/* Wake all observers of a word, watchers too, which the caller has just changed with a sequential
 * operation. The word's memory need not be there any more. */
void ti_parking_wake_all(const uint32_t *word);

/* Have all waiters of an address and of a kind that looks again look again. */
void ti_parking_wake_kind(const void *address, ti_wait_kind kind);

/* Wake the watchers of an address that was changed under a lock which they take, after they announced
 * themselves, to look. */
void ti_parking_wake_watchers(const void *address);

/* In a forked child: nobody waits. */
void ti_parking_reset(void);

#endif
