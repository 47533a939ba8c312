/* SPDX-License-Identifier: MIT */
/*
 * RWLock: a word of state, the writer's ident, and one queue in the parking lot for readers and writers.
 *
 *   state      meaning
 *   0          free
 *   n          n readers
 *   WRITING    a writer
 *   | WAITING  threads are in line; set and cleared under the bucket's guard
 *   BIASED + n the same as n, and readers that leave the state alone, maybe: bias.h; ends before anybody
 *              waits
 *
 * Without WAITING, acquire and release are one swap each. With it, a thread that comes stands in line. The
 * thread that makes the lock free hands it over, under the guard, to the first in line, and if that is a
 * reader, to all readers in line. So nobody starves. Only a thread that reads already may pass the line: its
 * own release might be what the line waits for.
 *
 * Waiters and releasers agree by the word alone: WAITING is set before a waiter looks, under the guard,
 * whether it can have the lock, and a releaser that does not see it in the swap that frees the lock has
 * freed it before that look.
 *
 * The waiters' address is that of the writer's ident, which their waits are published with (deadlock.h).
 */
#include "atomic.h"
#include "bias.h"
#include "deadline.h"
#include "deadlock.h"
#include "limit.h"
#include "misuse.h"
#include "parking.h"
#include "reads.h"
#include "self.h"
#include "taking.h"

enum { TI_TO_READ, TI_TO_WRITE };

_Static_assert(sizeof(threading_rwlock_t) == 8, "an RWLock is its state and its writer");

/* ---- without waiting ---- */

/* The calling thread is counted in the state; NULL: and has no place to note it. */
static void ti_rwlock_reads(threading_rwlock_t *rwlock, ti_self *self, ti_reading *reading)
{
    if (reading == NULL) {
        self->readings.beyond++; /* NOLINT(clang-analyzer-core.NullDereference): as above */
        return;
    }
    ti_reading_add(reading, 1);
    ti_bias_earn(rwlock, self, reading);
}

/* The shortest way, for a biased lock that the thread has read before and does not read. */
static bool ti_rwlock_reads_anew(threading_rwlock_t *rwlock, ti_self *self)
{
    ti_reading *reading = ti_reading_seek(self, rwlock);
    if (reading == NULL || ti_load_relaxed(&reading->levels) > 0 || !ti_bias_is_noted(rwlock, reading))
        return false;
    return ti_bias_note(rwlock, reading, 1) || ti_bias_settle(rwlock, self, reading) > 0;
}

/* THREADING_BUSY: it has to wait. */
static threading_status_t ti_rwlock_try_read(threading_rwlock_t *rwlock, ti_self *self)
{
    for (;;) {
        ti_reading *reading = ti_reading_place(self, rwlock);
        if (reading != NULL && !ti_bias_is_out(rwlock, reading) && ti_bias_acquire(rwlock, self, reading))
            return THREADING_OK;
        if (reading != NULL && reading->bias != 0) {
            ti_bias_leave(rwlock, self, reading); /* no more levels in one note, or the fence is lost */
            continue;
        }
        uint32_t state = ti_load_relaxed(&rwlock->state); /* relaxed: the swap decides */
        bool is_biased = ti_state_is_biased(state);
        bool passes = (state & TI_READERS) != 0 && ti_reads_already(self, rwlock);
        if (!is_biased && ((state & TI_WRITING) || ((state & TI_WAITING) && !passes)))
            return THREADING_BUSY;
        if ((state & TI_READERS) == TI_READERS)
            return THREADING_OVERFLOW;
        /* Acquire: pairs with the last writer's release. */
        if (ti_swap_acquire(&rwlock->state, state, state + 1)) {
            ti_rwlock_reads(rwlock, self, reading);
            return THREADING_OK;
        }
    }
}

/* The calling thread has the lock for writing. `rlocks`: if it ends so, those who wait are woken and told
 * (deadlock.h). */
static void ti_rwlock_wrote(threading_rwlock_t *rwlock, ti_self *self)
{
    ti_store_relaxed(&rwlock->writer,
                     self->fast.ident); /* relaxed: means something to this thread only, and to proofs */
    self->fast.rlocks++;
}

static threading_status_t ti_rwlock_try_write(threading_rwlock_t *rwlock, ti_self *self)
{
    /* Acquire: pairs with the last writer's and the readers' releases. */
    while (!ti_swap_acquire(&rwlock->state, 0, TI_WRITING)) {
        if (!ti_state_is_biased(ti_load_relaxed(&rwlock->state))) /* relaxed: the swap decides */
            return THREADING_BUSY;
        ti_bias_revoke(rwlock, self);
    }
    ti_rwlock_wrote(rwlock, self);
    return THREADING_OK;
}

static bool ti_rwlock_is_writer(const threading_rwlock_t *rwlock, const ti_self *self)
{
    /* Relaxed: only this thread puts its ident there or takes it away, apart from a hand-over that it waits
     * for. */
    return ti_load_relaxed(&rwlock->writer) == self->fast.ident;
}

/* ---- handing over, under the guard and with WAITING set ---- */

static ti_waiter *ti_rwlock_take(ti_bucket *bucket, ti_waiter *waiter, ti_waiter *chain)
{
    ti_parking_dequeue(bucket, waiter);
    waiter->next = chain;
    return waiter;
}

static ti_waiter *ti_rwlock_grant_readers(threading_rwlock_t *rwlock, ti_bucket *bucket, ti_waiter *first)
{
    ti_waiter *chain = NULL;
    uint32_t count = 0;
    for (ti_waiter *waiter = first, *after; waiter != NULL; waiter = after) {
        after = ti_parking_next(waiter);
        if (waiter->wants == TI_TO_READ) {
            chain = ti_rwlock_take(bucket, waiter, chain);
            count++;
        }
    }
    ti_add_acquire_release(&rwlock->state, count); /* the readers acquire by their wake */
    return chain;
}

static ti_waiter *ti_rwlock_grant_writer(threading_rwlock_t *rwlock, ti_bucket *bucket, ti_waiter *first)
{
    ti_store_relaxed(&rwlock->writer, ti_self_of(first)->fast.ident); /* relaxed: as in ti_rwlock_wrote */
    ti_add_acquire_release(&rwlock->state, TI_WRITING);
    return ti_rwlock_take(bucket, first, NULL);
}

/*
 * Give the lock to those whose turn it is, if it can be given: the chain to wake. Nobody but threads that
 * read already can change the state meanwhile. The last touch of the lock clears WAITING when the line is
 * empty; before it nobody but the chain's threads, which sleep, can have the lock to themselves and free it.
 */
static ti_waiter *ti_rwlock_grant(threading_rwlock_t *rwlock, ti_bucket *bucket)
{
    ti_waiter *chain = NULL;
    uint32_t state = ti_load_acquire(&rwlock->state);
    ti_waiter *first = ti_parking_first(bucket, &rwlock->writer, TI_RW_LOCKERS);
    if (first != NULL && first->wants == TI_TO_WRITE && (state & ~TI_WAITING) == 0)
        chain = ti_rwlock_grant_writer(rwlock, bucket, first);
    else if (first != NULL && first->wants == TI_TO_READ && !(state & TI_WRITING))
        chain = ti_rwlock_grant_readers(rwlock, bucket, first);
    if (ti_parking_first(bucket, &rwlock->writer, TI_RW_LOCKERS) == NULL)
        ti_add_acquire_release(&rwlock->state, 0u - TI_WAITING);
    return chain;
}

/* ---- waiting ---- */

/* Under the guard: WAITING is set and the calling thread is last in line. False: the lock has become
 * biased. */
static bool ti_rwlock_line_up(threading_rwlock_t *rwlock, ti_bucket *bucket, ti_self *self, uint32_t wants)
{
    uint32_t state;
    do {
        state = ti_load_relaxed(&rwlock->state); /* relaxed: the swap decides */
        if (ti_state_is_biased(state))
            return false;
    } while (!ti_swap_acquire(&rwlock->state, state, state | TI_WAITING));
    self->waiter.wants = (uint16_t)wants;
    ti_parking_announce(bucket);
    ti_parking_enqueue_last(bucket, &self->waiter, &rwlock->writer, TI_RW_LOCKERS);
    return true;
}

/* Stand in line, and have the lock at once if it can be had: the wake comes before the sleep then. */
static void ti_rwlock_enqueue(threading_rwlock_t *rwlock, ti_self *self, uint32_t wants)
{
    ti_bucket *bucket = ti_parking_bucket(&rwlock->writer);
    ti_guard_lock(&bucket->guard, &self->parker);
    while (!ti_rwlock_line_up(rwlock, bucket, self, wants)) {
        ti_guard_unlock(&bucket->guard);
        ti_bias_revoke(rwlock, self);
        ti_guard_lock(&bucket->guard, &self->parker);
    }
    ti_waiter *chain = ti_rwlock_grant(rwlock, bucket);
    ti_guard_unlock(&bucket->guard);
    ti_parking_wake_chain(chain, TI_HANDED);
}

/* Leave the line; those behind may be able to go on. False: the lock was just handed to this thread, or it
 * was woken. */
static bool ti_rwlock_leave(threading_rwlock_t *rwlock, ti_self *self)
{
    ti_bucket *bucket = ti_parking_bucket(&rwlock->writer);
    ti_waiter *chain = NULL;
    ti_guard_lock(&bucket->guard, &self->parker);
    bool queued = ti_parking_is_queued(&self->waiter, &rwlock->writer);
    if (queued) {
        ti_parking_dequeue(bucket, &self->waiter);
        chain = ti_rwlock_grant(rwlock, bucket);
    }
    ti_guard_unlock(&bucket->guard);
    ti_parking_wake_chain(chain, TI_HANDED);
    return queued;
}

/* Sleep in line. A wait without a limit is published and refused if it could never end. */
static uint32_t ti_rwlock_sleep(threading_rwlock_t *rwlock, ti_self *self, int64_t deadline)
{
    bool publish = ti_limit_is_none(self, deadline);
    bool ends = !publish || ti_deadlock_check_owner(self, &rwlock->writer);
    uint32_t outcome = ends ? ti_parking_doze(self, deadline) : TI_SLEEPING;
    if (outcome == TI_SLEEPING && !ti_rwlock_leave(rwlock, self))
        outcome = ti_parking_await_wake(self);
    if (publish && ends)
        ti_deadlock_end_wait(self);
    return outcome;
}

/* THREADING_OK when the lock was handed over. */
static threading_status_t ti_rwlock_wait(threading_rwlock_t *rwlock, ti_self *self, uint32_t wants,
                                         int64_t deadline)
{
    for (;;) {
        ti_rwlock_enqueue(rwlock, self, wants);
        uint32_t outcome = ti_rwlock_sleep(rwlock, self, deadline);
        if (outcome == TI_HANDED)
            return THREADING_OK;
        if (outcome == TI_SLEEPING)
            return ti_limit_is_none(self, deadline) ? ti_deadlock_refused(self, &rwlock->writer)
                                                    : ti_limit_status(deadline);
        /* Woken because a writer has ended: the next round finds out what that means. */
    }
}

/* An acquire that failed is told (taking.h). */
static threading_status_t ti_rwlock_told(threading_rwlock_t *rwlock, ti_self *self, ti_on on,
                                         threading_status_t status)
{
    if (status != THREADING_OK)
        ti_taking_ends(self, on, rwlock);
    return status;
}

static threading_status_t ti_rwlock_read_slow(threading_rwlock_t *rwlock, ti_self *self, double seconds)
{
    int64_t deadline = ti_deadline_after(seconds);
    ti_blocked_on(self, TI_ON_READ, rwlock);
    if (ti_limit_is_none(self, deadline) && ti_rwlock_is_writer(rwlock, self))
        return ti_rwlock_told(rwlock, self, TI_ON_READ, ti_deadlock_refused(self, NULL));
    threading_status_t status = ti_rwlock_wait(rwlock, self, TI_TO_READ, deadline);
    if (status == THREADING_OK)
        ti_rwlock_reads(rwlock, self, ti_reading_place(self, rwlock));
    return ti_rwlock_told(rwlock, self, TI_ON_READ, status);
}

static threading_status_t ti_rwlock_write_slow(threading_rwlock_t *rwlock, ti_self *self, double seconds)
{
    int64_t deadline = ti_deadline_after(seconds);
    ti_blocked_on(self, TI_ON_WRITE, rwlock);
    bool has_it = ti_rwlock_is_writer(rwlock, self) || ti_reading_find(self, rwlock) != NULL;
    if (ti_limit_is_none(self, deadline) && has_it)
        return ti_rwlock_told(rwlock, self, TI_ON_WRITE, ti_deadlock_refused(self, NULL));
    threading_status_t status = ti_rwlock_wait(rwlock, self, TI_TO_WRITE, deadline);
    if (status == THREADING_OK)
        ti_rwlock_wrote(rwlock, self);
    return ti_rwlock_told(rwlock, self, TI_ON_WRITE, status);
}

/* ---- the calls ---- */

threading_status_t threading_rwlock_init(threading_rwlock_t *rwlock)
{
    if (rwlock == NULL)
        return TI_TELL(rwlock, THREADING_INVALID);
    ti_reading_forget(ti_self_get(), rwlock);
    ti_taking_begins(TI_ON_WRITE, rwlock);
    /* Relaxed: nobody else uses it yet. */
    ti_store_relaxed(&rwlock->state, 0);
    ti_store_relaxed(&rwlock->writer, 0);
    return THREADING_OK;
}

static threading_status_t ti_rwlock_read(threading_rwlock_t *rwlock, ti_self *self, double seconds)
{
    threading_status_t status = ti_rwlock_try_read(rwlock, self);
    if (status == THREADING_OK)
        return THREADING_OK;
    if (status == THREADING_BUSY && seconds != 0)
        return ti_rwlock_read_slow(rwlock, self, seconds);
    return ti_rwlock_told(rwlock, self, TI_ON_READ, status != THREADING_BUSY ? status : THREADING_TIMEOUT);
}

threading_status_t threading_rwlock_acquire_read(threading_rwlock_t *rwlock)
{
    if (rwlock == NULL)
        return TI_TELL(rwlock, THREADING_INVALID);
    ti_self *self = (ti_self *)ti_port_self();
    if (self == NULL)
        self = ti_taking_acquires(TI_ON_READ, rwlock, true, TI_CALLER());
    if (ti_rwlock_reads_anew(rwlock, self))
        return THREADING_OK;
    return TI_TELL(rwlock, ti_rwlock_read(rwlock, self, THREADING_FOREVER));
}

threading_status_t threading_rwlock_try_acquire_read(threading_rwlock_t *rwlock)
{
    if (rwlock == NULL)
        return TI_TELL(rwlock, THREADING_INVALID);
    ti_self *self = (ti_self *)ti_port_self();
    if (self == NULL)
        self = ti_taking_acquires(TI_ON_READ, rwlock, false, TI_CALLER());
    return TI_TELL(rwlock, ti_rwlock_told(rwlock, self, TI_ON_READ, ti_rwlock_try_read(rwlock, self)));
}

threading_status_t threading_rwlock_acquire_read_timeout(threading_rwlock_t *rwlock, double seconds)
{
    if (rwlock == NULL)
        return TI_TELL(rwlock, THREADING_INVALID);
    threading_status_t status = ti_deadline_check(seconds);
    if (status != THREADING_OK)
        return TI_TELL(rwlock, status);
    ti_self *self = (ti_self *)ti_port_self();
    if (self == NULL)
        self = ti_taking_acquires(TI_ON_READ, rwlock, seconds < 0, TI_CALLER());
    return TI_TELL(rwlock, ti_rwlock_read(rwlock, self, seconds));
}

threading_status_t threading_rwlock_try_acquire_write(threading_rwlock_t *rwlock)
{
    if (rwlock == NULL)
        return TI_TELL(rwlock, THREADING_INVALID);
    ti_self *self = (ti_self *)ti_port_self();
    if (self == NULL)
        self = ti_taking_acquires(TI_ON_WRITE, rwlock, false, TI_CALLER());
    return TI_TELL(rwlock, ti_rwlock_told(rwlock, self, TI_ON_WRITE, ti_rwlock_try_write(rwlock, self)));
}

static threading_status_t ti_rwlock_write(threading_rwlock_t *rwlock, double seconds)
{
    threading_status_t status = ti_deadline_check_on(rwlock, seconds);
    if (status != THREADING_OK)
        return status;
    ti_self *self = (ti_self *)ti_port_self();
    if (self == NULL)
        self = ti_taking_acquires(TI_ON_WRITE, rwlock, seconds < 0, TI_CALLER());
    if (ti_rwlock_try_write(rwlock, self) == THREADING_OK)
        return THREADING_OK;
    return seconds != 0 ? ti_rwlock_write_slow(rwlock, self, seconds)
                        : ti_rwlock_told(rwlock, self, TI_ON_WRITE, THREADING_TIMEOUT);
}

threading_status_t threading_rwlock_acquire_write(threading_rwlock_t *rwlock)
{
    return TI_TELL(rwlock, ti_rwlock_write(rwlock, THREADING_FOREVER));
}

threading_status_t threading_rwlock_acquire_write_timeout(threading_rwlock_t *rwlock, double seconds)
{
    return TI_TELL(rwlock, ti_rwlock_write(rwlock, seconds));
}

/* Take `part` off the state while threads wait, and hand the lock over if it is free then. */
static void ti_rwlock_release_slow(threading_rwlock_t *rwlock, ti_self *self, uint32_t part)
{
    ti_bucket *bucket = ti_parking_bucket(&rwlock->writer);
    ti_guard_lock(&bucket->guard, &self->parker);
    uint32_t before = ti_add_acquire_release(&rwlock->state, 0u - part);
    ti_waiter *chain = (before & TI_WAITING) ? ti_rwlock_grant(rwlock, bucket) : NULL;
    ti_guard_unlock(&bucket->guard);
    ti_parking_wake_chain(chain, TI_HANDED);
}

/* Take one reader off the state. The last touch of the lock. */
static void ti_rwlock_uncount(threading_rwlock_t *rwlock, ti_self *self)
{
    uint32_t state;
    do {
        state = ti_load_relaxed(&rwlock->state); /* relaxed: the swap decides */
        if ((state & TI_WAITING) && (state & TI_READERS) == 1) {
            ti_rwlock_release_slow(rwlock, self, 1);
            return;
        }
        /* Release: pairs with the next writer's acquire. */
    } while (!ti_swap_release(&rwlock->state, state, state - 1));
}

/* Release a read that is counted in the state, or none. */
static threading_status_t ti_rwlock_release_counted(threading_rwlock_t *rwlock, ti_self *self)
{
    uint32_t state = ti_load_relaxed(&rwlock->state); /* relaxed: a reader's own share is there in any case */
    if (ti_state_is_biased(state) && (state == TI_BIASED || !ti_reads_already(self, rwlock))) {
        ti_bias_revoke(rwlock, self); /* others read it, or nobody */
        state = ti_load_relaxed(&rwlock->state);
    }
    if ((state & TI_READERS) == 0)
        return THREADING_NOT_HELD;
    if (!ti_reading_remove(self, rwlock))
        return THREADING_NOT_OWNER;
    ti_rwlock_uncount(rwlock, self);
    return THREADING_OK;
}

threading_status_t threading_rwlock_release_read(threading_rwlock_t *rwlock)
{
    if (rwlock == NULL)
        return TI_TELL(rwlock, THREADING_INVALID);
    ti_self *self = (ti_self *)ti_port_self();
    if (self == NULL)
        self = ti_taking_releases(TI_ON_READ, rwlock, 0);
    ti_reading *reading = ti_reading_find(self, rwlock);
    if (reading == NULL || reading->bias == 0)
        return TI_TELL(rwlock, ti_rwlock_release_counted(rwlock, self));
    if (!ti_bias_is_noted(rwlock, reading))
        ti_bias_leave(rwlock, self, reading);
    else if (ti_bias_unnote(reading) || ti_bias_is_released(rwlock, self, reading))
        return THREADING_OK;
    return TI_TELL(rwlock, ti_rwlock_release_counted(rwlock, self));
}

threading_status_t threading_rwlock_release_write(threading_rwlock_t *rwlock)
{
    if (rwlock == NULL)
        return TI_TELL(rwlock, THREADING_INVALID);
    ti_self *self = (ti_self *)ti_port_self();
    if (self == NULL)
        self = ti_taking_releases(TI_ON_WRITE, rwlock, 0);
    uint32_t state = ti_load_relaxed(&rwlock->state); /* relaxed: the own share is there in any case */
    if (ti_state_is_biased(state) || !(state & TI_WRITING))
        return TI_TELL(rwlock, THREADING_NOT_HELD);
    if (!ti_rwlock_is_writer(rwlock, self))
        return TI_TELL(rwlock, THREADING_NOT_OWNER);
    ti_store_relaxed(&rwlock->writer, 0); /* relaxed: see ti_rwlock_is_writer */
    self->fast.rlocks--;
    /* Release: pairs with the next acquire. The last touch of the lock if it succeeds. */
    if (!ti_swap_release(&rwlock->state, TI_WRITING, 0))
        ti_rwlock_release_slow(rwlock, self, TI_WRITING);
    return THREADING_OK;
}
