/* SPDX-License-Identifier: MIT */
/*
 * The asymmetric fence: one fence for all threads of the process, made by the thread that has time for it.
 *
 * A releaser writes the lock's word, then looks whether anyone waits. A waiter announces itself, then
 * looks at the word. One of the two must see the other (parking.h), and on all processors that takes a fence
 * between the write and the look, on both sides. The fence on the releaser's side is the expensive half of an
 * uncontended lock. Some systems can make every running thread of the process execute a fence on behalf of
 * one: Linux by membarrier(PRIVATE_EXPEDITED), Windows by FlushProcessWriteBuffers. Then the waiter, which is
 * about to sleep anyway, makes it for both, and the releaser needs none: its write is a plain store. (The
 * technique: Dice, Huang, Yang, "Asymmetric Dekker Synchronization", 2001.)
 *
 *   releaser                                 waiter, under the bucket's guard
 *   R1  word = 0          (release)          W1  count + 1          (sequential)
 *   R2  look at count     (relaxed)          W2  fence in all threads
 *                                            W3  look at word       (sequential); enqueue if it is held
 *
 * A releaser is before, in or after its two steps when the fence of W2 reaches it.
 *   before R1   W1 has happened, and the fence makes it visible: R2 sees the count.
 *   between     the fence makes R1 visible: W3 sees the word free. (R2 sees the count as well, and finds
 *               nobody in the queue.)
 *   after R2    the fence makes R1 visible: W3 sees the word free.
 * Without W2 the losing order is: R2 reads the count as 0 while R1 is still in the store buffer; W1; W3 reads
 * the word as held; the waiter sleeps, and nobody wakes it. docs/models/release.pml has both, for the model
 * checker.
 *
 * Which way it goes is decided once, when the library is first used: UNKNOWN becomes SHARED or NONE. A
 * releaser uses the plain store only if it sees SHARED. A waiter decides before it waits, and makes the fence
 * whenever it can be had, so it is right for releasers of both kinds.
 *
 * A system that had the fence may refuse it later (a sandbox was entered): SHARED becomes LOST, for good.
 * New releasers make their own fence then. But one may have seen SHARED long ago, and may come to R1 and
 * R2 at any time, since a thread may be preempted between any two instructions. So in the state LOST every
 * waiter, not only the one that was refused, lets TI_SETTLED pass in W2: a store buffer is written out in
 * much less.
 *   R2 after W1     R2 sees the count.
 *   R2 before W1    R1 was in the store buffer by then; it is written out when W2 is over, and W3 sees it.
 * The same holds for the readers of bias.h, whose second step is a look at what the revoker has changed
 * before its wait.
 */
#ifndef TI_FENCE_H
#define TI_FENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "atomic.h"

enum {
    TI_FENCE_UNKNOWN,
    TI_FENCE_NONE,   /* releasers make their own */
    TI_FENCE_SHARED, /* waiters make it for all */
    TI_FENCE_LOST    /* releasers make their own; waiters wait for those that do not know it yet */
};

extern uint32_t threading_fence_kind;

/* Whether a releaser can do without. */
static inline bool ti_fence_is_shared(void)
{
    /* Relaxed: a releaser that does not know it yet makes its own fence. */
    return ti_load_relaxed(&threading_fence_kind) == TI_FENCE_SHARED;
}

/* Decide, if that was not done. Cheap in a process of one thread. */
void ti_fence_decide(void);

/* The waiter's W2. Nothing where releasers make their own. */
void ti_fence_all(void);

/* In a forked child: decide anew. */
void ti_fence_reset(void);

#endif
