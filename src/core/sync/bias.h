/* SPDX-License-Identifier: MIT */
/*
 * Reading without a shared word: how an RWLock that is read often is biased towards its readers.
 *
 * Readers that count themselves in the lock's state write to one word in turn, even if none of them ever
 * waits for another. While a lock is biased, its readers leave that word alone: each reader notes in its
 * own ti_self what it reads (`reads`), and checks that the bias is still there. A writer revokes the bias:
 * it finds the readers in the threads' notes and counts them in the state, where they are ordinary readers
 * from then on. (The idea: Dice and Kogan, "BRAVO: Biased Locking for Reader-Writer Locks", 2019. There a
 * note is made by a compare-and-swap; here the revoker makes a fence for all threads, as in fence.h, and
 * notes are plain stores.)
 *
 *   state = TI_BIASED + n, writer = a number of that bias alone, TI_BIAS or more
 *
 * A biased lock has no writer and nobody in line. Its n readers are ordinary readers: they came before the
 * bias, or have no place for a note. A bias begins and ends under the guards of the registry and of the
 * lock's bucket. It begins when a thread has read the lock TI_BIAS_AFTER times in the ordinary way, which
 * takes longer than a revocation costs (2 µs, and 10 ns for each thread).
 *
 *   reader                                        revoker, under both guards
 *   A0  seen = revocations      (acquire)         V1  writer = 0               (release)
 *   A1  levels + 1              (release)         V2  revocations + 1          (sequential)
 *   A2  writer == bias? has it  (acquire)         V3  fence in all threads
 *   …                                             V4  look at the levels       (acquire); if not 0:
 *   R1  levels - 1              (release)             state + levels, and a mark on the note
 *   R2  revocations == seen? done
 *
 * A reader is before, in or after its pairs of steps when the fence of V3 reaches it.
 *   before A1, before R1       V1 and V2 are visible to it: A2 and R2 fail.
 *   between A1 and A2, R1, R2  its store is visible to V4, and A2 and R2 fail.
 *   after A2, after R2         its store is visible to V4.
 * So A2 and R2 succeed only if V4 saw the levels that the reader believes to have. If they fail, the
 * reader takes the bucket's guard, and the mark tells which levels the revoker has counted. Then the
 * acquire or release is done already, or the reader does it in the ordinary way. (A0 is before A1 so that
 * a revocation that R2 takes for an old one was visible to A2.) Without V3 the losing order is: A2
 * succeeds while A1 is still in the store buffer; V1 to V4, which sees no reader; both have the lock.
 * docs/models/bias.pml has both, for the model checker.
 *
 * R2 looks at nothing of the lock, which may be gone by then. A note may outlive its lock, if the
 * lock was freed while it was read: no other bias has the number in the note, so the note means nothing.
 */
#ifndef TI_BIAS_H
#define TI_BIAS_H

#include <stdbool.h>
#include <stdint.h>

#include "atomic.h"
#include "fence.h"
#include "self.h"

#define TI_BIAS UINT32_C(0x80000000) /* idents are less */
#define TI_BIAS_AFTER 2048

/* An RWLock's state: rwlock.c. */
#define TI_WRITING UINT32_C(0x80000000)
#define TI_WAITING UINT32_C(0x40000000)
#define TI_READERS (TI_WAITING - 1)
#define TI_BIASED (TI_WRITING + 1) /* and more: a writer and readers at once are nothing else */

static inline bool ti_state_is_biased(uint32_t state)
{
    return (state & TI_WRITING) && (state & TI_READERS);
}

extern uint32_t ti_bias_revocations;

/* Whether a note and its lock are ordinary both. Relaxed: if that is wrong the state tells. */
static inline bool ti_bias_is_out(const threading_rwlock_t *rwlock, const ti_reading *reading)
{
    return reading->bias == 0 && ti_load_relaxed(&rwlock->writer) < TI_BIAS;
}

/* A1 and A2. */
static inline bool ti_bias_note(const threading_rwlock_t *rwlock, ti_reading *reading, uint32_t levels)
{
    reading->seen = ti_load_acquire(&ti_bias_revocations); /* acquire: A0; A1 and A2 come after it */
    ti_store_release(&reading->levels, levels);            /* release: A1, after the note's lock and bias */
    ti_keep_order();                                       /* the processor's order is V3's business */
    /* Acquire: A2; pairs with the release in ti_bias_begin. */
    return ti_load_acquire(&rwlock->writer) == reading->bias;
}

/* R1 and R2. */
static inline bool ti_bias_unnote(ti_reading *reading)
{
    /* Release: R1; what was read comes before it. Relaxed: the thread's own. */
    ti_store_release(&reading->levels, ti_load_relaxed(&reading->levels) - 1);
    ti_keep_order(); /* as in ti_bias_note */
    /* Relaxed: R2. The lock's memory is not the reader's any more. */
    return ti_load_relaxed(&ti_bias_revocations) == reading->seen;
}

/* After an A2 or a bias that was lost: bring the note in order. The levels that the thread has after all. */
uint32_t ti_bias_settle(const threading_rwlock_t *rwlock, ti_self *self, ti_reading *reading);

/* After an R2 that failed. False: the levels were counted before R1, so that the release is still to be
 * done in the ordinary way. */
bool ti_bias_is_released(const threading_rwlock_t *rwlock, ti_self *self, ti_reading *reading);

/* Whether the note is of the bias that the lock has. Relaxed: A2 and R2 decide. */
static inline bool ti_bias_is_noted(const threading_rwlock_t *rwlock, const ti_reading *reading)
{
    return reading->bias != 0 && ti_load_relaxed(&rwlock->writer) == reading->bias && ti_fence_is_shared();
}

/* Read a lock if it is biased, by a note or a place for one. False: to be done in the ordinary way, and
 * the note is in order for that. */
bool ti_bias_acquire(threading_rwlock_t *rwlock, ti_self *self, ti_reading *reading);

/* The note has levels and a bias, but the lock has not, or the fence is lost. From here on all is
 * ordinary. */
void ti_bias_leave(threading_rwlock_t *rwlock, ti_self *self, ti_reading *reading);

/* The calling thread has read it once more in the ordinary way: maybe that is often enough. */
void ti_bias_earn(threading_rwlock_t *rwlock, ti_self *self, ti_reading *reading);

/* Make a biased lock an ordinary one. */
void ti_bias_revoke(threading_rwlock_t *rwlock, ti_self *self);

/* Under the registry's guard: a thread that is not there any more. True: it has read what nobody has counted
 * yet, so that its notes are kept until somebody has. */
bool ti_bias_keep(ti_self *self);

/* Likewise, when no lock of this copy is used any more: nothing is kept. */
void ti_bias_forget(void);

#endif
