/* SPDX-License-Identifier: MIT */
/* What a condition needs of its RLock. */
#ifndef TI_RLOCK_H
#define TI_RLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "atomic.h"
#include "blocked.h"
#include "self.h"

static inline bool ti_rlock_is_mine(const threading_rlock_t *rlock, const ti_self *self)
{
    /* Relaxed: only this thread puts its ident there or takes it away, apart from a hand-over that it waits
     * for. */
    return ti_load_relaxed(&rlock->owner) == self->fast.ident;
}

/* What is told of it: TI_ON_RLOCK, or TI_ON_OWN of one that is a Condition's own, and so the Condition. */
static inline const void *ti_rlock_told(const threading_rlock_t *rlock, ti_on on)
{
    size_t offset = on == TI_ON_OWN ? offsetof(threading_condition_t, own) : 0;
    return (const char *)rlock - offset;
}

/* As the public calls, which tell of a misuse what these answer. `caller` is where that call returns to. */
threading_status_t ti_rlock_acquire(threading_rlock_t *rlock, ti_on on, double seconds, const void *caller);
threading_status_t ti_rlock_release(threading_rlock_t *rlock, ti_on on);

/* Release an RLock of the calling thread's at whatever level; gives the level. */
uint32_t ti_rlock_release_all(threading_rlock_t *rlock, ti_self *self);

/* Be at that level again, once the word `owner` was acquired. */
void ti_rlock_restore(threading_rlock_t *rlock, ti_self *self, uint32_t level);

#endif
