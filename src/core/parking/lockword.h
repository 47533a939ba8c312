/* SPDX-License-Identifier: MIT */
/*
 * The lock word: the 4 bytes at the heart of Lock and RLock.
 *
 *   word      meaning
 *   0         free
 *   ident     held; acquired by the thread of that ident (who need not be the one to release a Lock)
 *
 * Nothing in the word tells whether anyone waits: that is the parking lot's knowledge. A thread that
 * acquires the lock swaps 0 for its ident. A releaser puts 0 there, then looks into the parking lot and
 * wakes the first waiter. The waiter competes for the word with threads that come by: that keeps locks
 * fast, since a running thread need not wait until a sleeping one is awake. But a waiter of more than a
 * millisecond is handed the word: the releaser puts that waiter's ident there, and nobody can come
 * between. (CPython's PyMutex has the same rule and limit.) Just after a hand-over there is no second one:
 * TI_HAND_OVER_PAUSE.
 *
 * A thread that finds the word held spins for a while before it sleeps. A woken waiter spins again. Every
 * release that finds a waiter in the queue wakes one, whether others spin or not: a spinning thread may be
 * preempted for any time, and then nobody else would wake the waiter although the word is free.
 *
 * Once the word is free, or held by another thread, it may be gone: the releaser does not touch it any
 * more, and a thread that has acquired it does not look at it again.
 */
#ifndef TI_LOCKWORD_H
#define TI_LOCKWORD_H

#include <stdbool.h>
#include <stdint.h>

#include "atomic.h"
#include "fence.h"
#include "parking.h"
#include "self.h"

/* Nanoseconds after which a waiter is handed what is released: CPython's TIME_TO_BE_FAIR_NS. */
#define TI_STARVED 1000000

/* Nanoseconds between two hand-overs, in which the word goes to who comes by. Each has to wait until a
 * thread that sleeps is awake: if many waiters are past the limit, and every release handed the word over,
 * those behind would be past it when their turn comes, and so for ever. Sixty-four threads were seen to be
 * two hundred times slower. */
#define TI_HAND_OVER_PAUSE 250000

/* Whose waits can be part of a proof that a wait never ends. */
typedef enum ti_ownership {
    TI_UNOWNED, /* any thread may release the word */
    TI_OWNED    /* only the thread whose ident it is */
} ti_ownership;

/* Change the word in a process of one thread, where nobody can come between. */
static inline bool ti_lockword_put(uint32_t *word, uint32_t value)
{
    bool changes = (ti_load_relaxed(word) == 0) != (value == 0);
    if (changes)
        ti_store_relaxed(word, value);
    return changes;
}

/* Take the word if it is free. */
static inline bool ti_lockword_try(uint32_t *word, uint32_t ident)
{
    return ti_port_is_alone() ? ti_lockword_put(word, ident) : ti_swap_acquire(word, 0, ident);
}

/* Wait for the word: THREADING_OK, THREADING_TIMEOUT, THREADING_CANCELLED, or THREADING_DEADLOCK for an owned
 * word without a limit. */
threading_status_t ti_lockword_acquire_slow(uint32_t *word, ti_self *self, int64_t deadline,
                                            ti_ownership ownership);

/* Wait for the word without limit and without fail: the end of a condition's wait. The outcome is that of a
 * wait whose waiter may have been moved to the word's queue; TI_SLEEPING if it was not. */
void ti_lockword_acquire_for_certain(uint32_t *word, ti_self *self, uint32_t outcome);

/* Move sleeping threads, taken off another queue, to the end of the word's. */
void ti_lockword_requeue(uint32_t *word, ti_waiter *chain);

/* The parts of the release for when someone waits. */
bool ti_lockword_release_slow(uint32_t *word, ti_bucket *bucket);
void ti_lockword_wake_first(const uint32_t *word, ti_bucket *bucket); /* the word is free, or gone */

/*
 * Make the word free. False when it was free. The last touch of the word. A plain store is for the thread
 * that acquired it: several others may release a Lock at once, and the exchange tells who was first.
 */
static inline bool ti_lockword_clear(uint32_t *word, uint32_t ident)
{
    /* A thread that spins may have the word's cache line: fetch it for writing, so that the read and the
     * write that follow share one transfer. */
    ti_expect_write(word);
    /* Relaxed: only the thread of that ident puts it there, apart from a hand-over that it waits for. */
    if (!ti_fence_is_shared() || ti_load_relaxed(word) != ident)
        return ti_exchange_sequential(word, 0) != 0; /* sequential: the change in the table in parking.h */
    /* Release: R1 of the table in fence.h; R2 must not be moved before it by the compiler. */
    ti_store_release(word, 0);
    ti_keep_order();
    return true;
}

/* Free the word, or hand it over, for the calling thread of that ident. False when it was free. */
static inline bool ti_lockword_release(uint32_t *word, uint32_t ident)
{
    if (ti_port_is_alone())
        return ti_lockword_put(word, 0);
    ti_bucket *bucket = ti_parking_bucket(word);
    if (ti_parking_may_be_awaited(bucket))
        return ti_lockword_release_slow(word, bucket);
    if (!ti_lockword_clear(word, ident))
        return false;
    if (ti_parking_is_awaited(bucket))
        ti_lockword_wake_first(word, bucket);
    return true;
}

#endif
