/* SPDX-License-Identifier: MIT */
/* Lock: the lock word as it is. How it works is told in lockword.h. */
#include "deadline.h"
#include "lockword.h"
#include "misuse.h"
#include "taking.h"

_Static_assert(sizeof(threading_lock_t) == 4, "a Lock is its word");
#if defined(THREADING_INLINE)
_Static_assert(THREADING_BUCKET_BITS == TI_BUCKET_BITS && THREADING_FENCE_SHARED == TI_FENCE_SHARED,
               "the header and the core agree");
#endif

threading_status_t threading_lock_init(threading_lock_t *lock)
{
    if (lock == NULL)
        return TI_TELL(lock, THREADING_INVALID);
    ti_taking_begins(TI_ON_LOCK, lock);
    /* Relaxed: nobody else uses it yet. */
    ti_store_relaxed(&lock->word, 0);
    return THREADING_OK;
}

/* Heeds no stop: the status of an acquire may be dropped. */
static void ti_lock_acquire_slow(threading_lock_t *lock, ti_self *self)
{
    ti_blocked_on(self, TI_ON_LOCK, lock);
    ti_lockword_acquire_for_certain(&lock->word, self, TI_SLEEPING);
}

static threading_status_t ti_lock_failed(threading_lock_t *lock, ti_self *self, threading_status_t status)
{
    ti_taking_ends(self, TI_ON_LOCK, lock);
    return status;
}

/* The calling thread, whose pointer is NULL, releases. Relaxed: the release itself decides. */
static ti_self *ti_lock_releases(threading_lock_t *lock)
{
    return ti_taking_releases(TI_ON_LOCK, lock, ti_load_relaxed(&lock->word));
}

threading_status_t threading_lock_acquire(threading_lock_t *lock)
{
    if (lock == NULL)
        return TI_TELL(lock, THREADING_INVALID);
    ti_self *self = (ti_self *)ti_port_self();
    if (self == NULL)
        self = ti_taking_acquires(TI_ON_LOCK, lock, true, TI_CALLER());
    if (!ti_lockword_try(&lock->word, self->fast.ident))
        ti_lock_acquire_slow(lock, self);
    return THREADING_OK;
}

threading_status_t threading_lock_try_acquire(threading_lock_t *lock)
{
    if (lock == NULL)
        return TI_TELL(lock, THREADING_INVALID);
    ti_self *self = (ti_self *)ti_port_self();
    if (self == NULL)
        self = ti_taking_acquires(TI_ON_LOCK, lock, false, TI_CALLER());
    bool is_taken = ti_lockword_try(&lock->word, self->fast.ident);
    return is_taken ? THREADING_OK : ti_lock_failed(lock, self, THREADING_BUSY);
}

threading_status_t threading_lock_acquire_timeout(threading_lock_t *lock, double seconds)
{
    threading_status_t status = ti_deadline_check_on(lock, seconds);
    if (status != THREADING_OK)
        return TI_TELL(lock, status);
    ti_self *self = (ti_self *)ti_port_self();
    if (self == NULL)
        self = ti_taking_acquires(TI_ON_LOCK, lock, seconds < 0, TI_CALLER());
    if (ti_lockword_try(&lock->word, self->fast.ident))
        return THREADING_OK;
    if (seconds == 0)
        return ti_lock_failed(lock, self, THREADING_TIMEOUT);
    ti_blocked_on(self, TI_ON_LOCK, lock);
    status = ti_lockword_acquire_slow(&lock->word, self, ti_deadline_after(seconds), TI_UNOWNED);
    return status == THREADING_OK ? THREADING_OK : ti_lock_failed(lock, self, status);
}

threading_status_t threading_lock_release(threading_lock_t *lock)
{
    if (lock == NULL)
        return TI_TELL(lock, THREADING_INVALID);
    const ti_self *self = (const ti_self *)ti_port_self();
    if (self == NULL)
        self = ti_lock_releases(lock);
    if (!ti_lockword_release(&lock->word, self->fast.ident))
        return TI_TELL(lock, THREADING_NOT_HELD);
    return THREADING_OK;
}

/* An inline release has freed the word, and seen that somebody announced itself. The word is not the caller's
 * any more. */
void threading_word_wake(const uint32_t *word)
{
    ti_lockword_wake_first(word, ti_parking_bucket(word));
}

bool threading_lock_locked(const threading_lock_t *lock)
{
    /* Acquire: a thread that sees the lock free sees what was done under it. */
    return lock != NULL && ti_load_acquire(&lock->word) != 0;
}
