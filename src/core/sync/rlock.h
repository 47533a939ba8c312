/* SPDX-License-Identifier: MIT */
/* What a condition needs of its RLock. */
#ifndef TI_RLOCK_H
#define TI_RLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "self.h"

bool ti_rlock_is_mine(const threading_rlock_t *rlock, const ti_self *self);

/* Release an RLock of the calling thread's at whatever level; gives the level. */
uint32_t ti_rlock_release_all(threading_rlock_t *rlock, ti_self *self);

/* Be at that level again, once the word `owner` was acquired. */
void ti_rlock_restore(threading_rlock_t *rlock, ti_self *self, uint32_t level);

#endif
