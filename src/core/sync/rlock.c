/* SPDX-License-Identifier: MIT */
/*
 * RLock: a lock word whose ident is the owner, and the owner's level.
 *
 * `count` belongs to the owner: nobody else reads or writes it, so it is no atomic. The owner sets it to 0
 * before it frees the word, and the next one finds it so.
 */
#include "rlock.h"

#include "annotate.h"
#include "deadline.h"
#include "deadlock.h"
#include "lockword.h"
#include "misuse.h"
#include "taking.h"

_Static_assert(sizeof(threading_rlock_t) == 8, "an RLock is its word and its count");

static threading_status_t ti_rlock_enter_again(threading_rlock_t *rlock)
{
    if (rlock->count == UINT32_MAX)
        return THREADING_OVERFLOW;
    rlock->count++;
    return THREADING_OK;
}

static threading_status_t ti_rlock_entered(threading_rlock_t *rlock, ti_self *self)
{
    rlock->count = 1;
    self->fast.rlocks++;
    return THREADING_OK;
}

static threading_status_t ti_rlock_acquire_slow(threading_rlock_t *rlock, ti_on on, ti_self *self,
                                                double seconds)
{
    if (seconds == 0)
        return THREADING_TIMEOUT;
    ti_blocked_on(self, on, ti_rlock_told(rlock, on));
    threading_status_t status =
        ti_lockword_acquire_slow(&rlock->owner, self, ti_deadline_after(seconds), TI_OWNED);
    if (status == THREADING_DEADLOCK)
        return ti_deadlock_refused(self, &rlock->owner);
    return status == THREADING_OK ? ti_rlock_entered(rlock, self) : status;
}

/* THREADING_BUSY when another thread owns it. */
static threading_status_t ti_rlock_try(threading_rlock_t *rlock, ti_self *self)
{
    if (ti_rlock_is_mine(rlock, self))
        return ti_rlock_enter_again(rlock);
    if (ti_lockword_try(&rlock->owner, self->fast.ident))
        return ti_rlock_entered(rlock, self);
    return THREADING_BUSY;
}

/* Tells the checkers (annotate.h) of the first level, and those who watch (taking.h) that there is none: a
 * level too many was not told. The count is the caller's if the status is THREADING_OK. */
static threading_status_t ti_rlock_note(threading_rlock_t *rlock, ti_on on, ti_self *self,
                                        threading_status_t status, bool is_try)
{
    if (status == THREADING_OK && rlock->count == 1)
        ti_note_acquired(rlock, is_try);
    else if (status != THREADING_OK && status != THREADING_OVERFLOW)
        ti_taking_ends(self, on, ti_rlock_told(rlock, on));
    return status;
}

/* The calling thread, whose pointer is NULL, acquires or releases. */
TI_COLD static ti_self *ti_rlock_acquires(threading_rlock_t *rlock, ti_on on, bool without_limit,
                                          const void *caller)
{
    ti_self *self = ti_self_attach();
    if (ti_rlock_is_mine(rlock, self))
        return self;
    return ti_taking_acquires(on, ti_rlock_told(rlock, on), without_limit, caller);
}

TI_COLD static ti_self *ti_rlock_releases(const threading_rlock_t *rlock, ti_on on)
{
    ti_self *self = ti_self_attach();
    bool is_last = ti_rlock_is_mine(rlock, self) && rlock->count == 1;
    return is_last ? ti_taking_releases(on, ti_rlock_told(rlock, on), 0) : self;
}

/* Give up all levels, for a condition's wait; and have them again, once the word is acquired. */
uint32_t ti_rlock_release_all(threading_rlock_t *rlock, ti_self *self)
{
    uint32_t level = rlock->count;
    ti_note_releasing(rlock);
    rlock->count = 0;
    self->fast.rlocks--;
    (void)ti_lockword_release(&rlock->owner, self->fast.ident); /* true: it is mine */
    return level;
}

void ti_rlock_restore(threading_rlock_t *rlock, ti_self *self, uint32_t level)
{
    rlock->count = level;
    self->fast.rlocks++;
    ti_note_acquired(rlock, false);
}

/* ---- for a condition, and the calls ---- */

threading_status_t ti_rlock_acquire(threading_rlock_t *rlock, ti_on on, double seconds, const void *caller)
{
    ti_self *self = (ti_self *)ti_port_self();
    if (self == NULL)
        self = ti_rlock_acquires(rlock, on, seconds < 0, caller); /* THREADING_FOREVER is negative */
    threading_status_t status = ti_rlock_try(rlock, self);
    if (status == THREADING_BUSY)
        status = ti_rlock_acquire_slow(rlock, on, self, seconds);
    return ti_rlock_note(rlock, on, self, status, seconds >= 0);
}

threading_status_t ti_rlock_release(threading_rlock_t *rlock, ti_on on)
{
    ti_self *self = (ti_self *)ti_port_self();
    if (self == NULL)
        self = ti_rlock_releases(rlock, on);
    if (!ti_rlock_is_mine(rlock, self))
        return THREADING_NOT_OWNER;
    if (rlock->count > 1)
        rlock->count--;
    else
        (void)ti_rlock_release_all(rlock, self);
    return THREADING_OK;
}

threading_status_t threading_rlock_init(threading_rlock_t *rlock)
{
    if (rlock == NULL)
        return TI_TELL(rlock, THREADING_INVALID);
    ti_note_new(rlock);
    ti_taking_begins(TI_ON_RLOCK, rlock);
    /* Relaxed: nobody else uses it yet. */
    ti_store_relaxed(&rlock->owner, 0);
    rlock->count = 0;
    return THREADING_OK;
}

threading_status_t threading_rlock_acquire(threading_rlock_t *rlock)
{
    if (rlock == NULL)
        return TI_TELL(rlock, THREADING_INVALID);
    return TI_TELL(rlock, ti_rlock_acquire(rlock, TI_ON_RLOCK, THREADING_FOREVER, TI_CALLER()));
}

threading_status_t threading_rlock_try_acquire(threading_rlock_t *rlock)
{
    if (rlock == NULL)
        return TI_TELL(rlock, THREADING_INVALID);
    threading_status_t status = ti_rlock_acquire(rlock, TI_ON_RLOCK, 0, TI_CALLER());
    return TI_TELL(rlock, status == THREADING_TIMEOUT ? THREADING_BUSY : status);
}

threading_status_t threading_rlock_acquire_timeout(threading_rlock_t *rlock, double seconds)
{
    threading_status_t status = ti_deadline_check_on(rlock, seconds);
    if (status != THREADING_OK)
        return TI_TELL(rlock, status);
    return TI_TELL(rlock, ti_rlock_acquire(rlock, TI_ON_RLOCK, seconds, TI_CALLER()));
}

threading_status_t threading_rlock_release(threading_rlock_t *rlock)
{
    if (rlock == NULL)
        return TI_TELL(rlock, THREADING_INVALID);
    return TI_TELL(rlock, ti_rlock_release(rlock, TI_ON_RLOCK));
}

bool threading_rlock_locked(const threading_rlock_t *rlock)
{
    /* Acquire: a thread that sees the lock free sees what was done under it. */
    return rlock != NULL && ti_load_acquire(&rlock->owner) != 0;
}

bool threading_rlock_is_owned(const threading_rlock_t *rlock)
{
    return rlock != NULL && ti_rlock_is_mine(rlock, ti_self_get());
}

size_t threading_rlock_count(const threading_rlock_t *rlock)
{
    return threading_rlock_is_owned(rlock) ? rlock->count : 0;
}
