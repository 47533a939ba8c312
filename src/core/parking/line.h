/* SPDX-License-Identifier: MIT */
/*
 * Wait queues of threads that wait for what a lock protects, which are called lines here: Queue's and
 * Executor's.
 *
 * The lock is a word as a Lock's. A line is an address and a kind in the parking lot. A thread that has to
 * wait enters the line before it releases the lock, so that the lock's next holder finds it. The holder
 * takes waiters off the line under the lock. It wakes them after its release, when they can have the lock;
 * or, if their order matters, it moves them to the lock's own queue, where one wakes after the other (as a
 * Condition's do).
 */
#ifndef TI_LINE_H
#define TI_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lockword.h"
#include "parking.h"
#include "self.h"

/* The looks of a thread that waits a little before it sleeps, for a lock or for a change. Each look takes
 * the memory away from the thread that works there, which then costs it more than the work: so there are
 * few, at distances. */
#define TI_LOOKS 2
#define TI_LOOK_DISTANCE 32 /* pauses before the first; twice as many before each next one */

/* Pause before a look, `distance` times before the first. False: there were all of them, or the process
 * has one processor. */
bool ti_line_pause(uint32_t *looks, uint32_t distance);

/* Wait for the lock of a thread that holds it just now. */
void ti_line_lock_slow(uint32_t *lock, ti_self *self);

static inline void ti_line_lock(uint32_t *lock, ti_self *self)
{
    if (!ti_lockword_try(lock, self->fast.ident))
        ti_line_lock_slow(lock, self);
}

static inline void ti_line_unlock(uint32_t *lock, const ti_self *self)
{
    (void)ti_lockword_release(lock, self->fast.ident);
}

/* With the lock held: sleep in the line without it, and take it again. THREADING_OK: woken; else the
 * wait's limit. */
threading_status_t ti_line_wait(uint32_t *lock, const void *address, ti_wait_kind kind, ti_self *self,
                                int64_t deadline);

/* Whether someone may stand there, or in another line of the object. */
static inline bool ti_line_is_awaited(const void *address)
{
    /* The hint is enough: a waiter announces itself before it releases the lock, which is held now. */
    return ti_parking_may_be_awaited(ti_parking_bucket(address));
}

/* With the lock held: take the first n off the line, a chain for ti_line_wake. */
ti_waiter *ti_line_take(const void *address, ti_wait_kind kind, size_t n, ti_self *self);

/* The outcome of a wait in a line that was woken by ti_line_wake; the others are those of the lock's own
 * queue. */
#define TI_TOLD (TI_REFUSED + 1)

/* After the release. NULL: nobody. */
static inline void ti_line_wake(ti_waiter *chain)
{
    if (chain != NULL)
        ti_parking_wake_chain(chain, TI_TOLD);
}

#endif
