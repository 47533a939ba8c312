/* SPDX-License-Identifier: MIT */
#include "line.h"

#include "limit.h"
#include "spins.h"

bool ti_line_pause(uint32_t *looks, uint32_t distance)
{
    if (*looks == TI_LOOKS)
        return false;
    return ti_spin_pause(distance << (*looks)++);
}

void ti_line_lock_slow(uint32_t *lock, ti_self *self)
{
    for (uint32_t looks = 0; ti_line_pause(&looks, TI_LOOK_DISTANCE);)
        /* Relaxed: the try decides. */
        if (ti_load_relaxed(lock) == 0 && ti_lockword_try(lock, self->fast.ident))
            return;
    ti_blocked_on(self, TI_ON_INSIDE, lock);
    ti_lockword_acquire_for_certain(lock, self, TI_SLEEPING);
}

/* From here on the thread may wait for nothing else: it has one waiter. */
static void ti_line_enter(const void *address, ti_wait_kind kind, ti_self *self)
{
    ti_bucket *bucket = ti_parking_bucket(address);
    ti_guard_lock(&bucket->guard, &self->parker);
    ti_parking_announce(bucket);
    ti_parking_enqueue_last(bucket, &self->waiter, address, kind);
    ti_guard_unlock(&bucket->guard);
}

threading_status_t ti_line_wait(uint32_t *lock, const void *address, ti_wait_kind kind, ti_self *self,
                                int64_t deadline)
{
    ti_line_enter(address, kind, self);
    ti_line_unlock(lock, self);
    uint32_t outcome = ti_parking_sleep(self, address, deadline);
    threading_status_t status = outcome == TI_SLEEPING ? ti_limit_status(deadline) : THREADING_OK;
    if (outcome == TI_SLEEPING || outcome == TI_TOLD)
        ti_line_lock(lock, self);
    else {
        ti_blocked_on(self, TI_ON_INSIDE, lock);
        ti_lockword_acquire_for_certain(lock, self, outcome);
    }
    return status;
}

ti_waiter *ti_line_take(const void *address, ti_wait_kind kind, size_t n, ti_self *self)
{
    if (!ti_line_is_awaited(address))
        return NULL;
    ti_bucket *bucket = ti_parking_bucket(address);
    ti_guard_lock(&bucket->guard, &self->parker);
    ti_waiter *chain = ti_parking_take(bucket, address, kind, n);
    ti_guard_unlock(&bucket->guard);
    return chain;
}
