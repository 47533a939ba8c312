/* SPDX-License-Identifier: MIT */
/*
 * The magazine allocator: blocks of memory for futures, which come and go with every task, kept for later
 * ones.
 *
 * A block is one line of the cache, aligned, so that one transfer takes it from thread to thread. Each
 * thread keeps what it gives back in two magazines, and takes from them without a lock. A thread with two
 * full magazines that gives back one block more hands a magazine to the depot; a thread with none takes
 * one from there. So blocks that one thread takes and another gives back return to the first, at the price
 * of one lock for each TI_MAGAZINE of them. What the depot has no room for goes back to the system, as
 * does what is left over at a thread's end.
 *
 * All pointers among the kept ones are to where the system's memory begins: memcheck would else call them
 * lost.
 *
 * Magazines and the depot are those of Bonwick and Adams, "Magazines and Vmem" (USENIX Annual Technical
 * Conference, 2001).
 */
#ifndef TI_BLOCK_H
#define TI_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct ti_self;

#define TI_BLOCK 64    /* bytes, and its alignment */
#define TI_MAGAZINE 64 /* blocks of a full one */
#define TI_DEPOT 256   /* magazines at most, all of them full: about 2 MB */

/*
 * The blocks that a thread keeps; its own.
 *
 *   loaded  the magazine that it takes from and gives back to
 *   count   how many are in that
 *   full    one more, or NULL
 */
typedef struct ti_blocks {
    void *loaded;
    uint32_t count;
    void *full;
} ti_blocks;

/* One block, not zeroed. NULL: no memory. *offset is how far behind the beginning of the system's memory
 * it begins; whoever has the block keeps that for its end. */
void *ti_block_take(struct ti_self *self, uint32_t *offset);

/* From any thread. */
void ti_block_give_back(void *block, uint32_t offset);

/* At a thread's end: it keeps none any more. */
void ti_blocks_leave(struct ti_self *self);

/* When no thread is known: the depot keeps none any more. */
void ti_blocks_forget(void);

/* The depot's guard, for fork. No other is wanted while it is held. */
void ti_blocks_lock(struct ti_self *self);
bool ti_blocks_try_lock(void);
void ti_blocks_unlock(void);
void ti_blocks_reset_guard(void);

#endif
