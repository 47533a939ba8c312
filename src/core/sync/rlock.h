/* SPDX-License-Identifier: MIT */
/* What a condition needs of its RLock. */
#ifndef TI_RLOCK_H
#define TI_RLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "atomic.h"
#include "self.h"

static inline bool ti_rlock_is_mine(const threading_rlock_t *rlock, const ti_self *self)
{
    /* Relaxed: only this thread puts its ident there or takes it away, apart from a hand-over that it waits
     * for. */
    return ti_load_relaxed(&rlock->owner) == self->fast.ident;
}

/* Whether the calling thread owns it at the highest level. */
static inline bool ti_rlock_is_full(const threading_rlock_t *rlock, const ti_self *self)
{
    return ti_rlock_is_mine(rlock, self) && rlock->count == UINT32_MAX;
}

/* Release an RLock of the calling thread's at whatever level; gives the level. */
uint32_t ti_rlock_release_all(threading_rlock_t *rlock, ti_self *self);

/* Be at that level again, once the word `owner` was acquired. */
void ti_rlock_restore(threading_rlock_t *rlock, ti_self *self, uint32_t level);

#endif
