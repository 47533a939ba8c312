/* SPDX-License-Identifier: MIT */
/*
 * Barrier: its fields are under the guard of its bucket in the parking lot, where its parties sleep.
 *
 *   state     parties that are there        a thread that comes
 *   FILLING   sleep                         counts itself, sleeps; the last one trips the barrier
 *   ACTING    sleep; the last one is away   sleeps apart (TI_ENTRANTS) until the action is done
 *   BROKEN    are told, and gone            is told
 *
 * However a cycle ends, all who sleep are taken off the queue in one go and told how it ended; the state is
 * then that of the next cycle. A party whose time is over breaks the barrier under the same guard, so that it
 * cannot be counted as there and missing at once. While the action runs nobody times out: all parties have
 * come.
 */
#include "atomic.h"
#include "calls.h"
#include "deadline.h"
#include "deadlock.h"
#include "limit.h"
#include "linger.h"
#include "misuse.h"
#include "parking.h"
#include "self.h"
#include "spins.h"

enum { TI_FILLING, TI_ACTING, TI_BROKEN };

_Static_assert(sizeof(threading_barrier_t) <= 256, "no object is larger than 256 bytes");

static ti_bucket *ti_barrier_lock(const threading_barrier_t *barrier, ti_self *self)
{
    ti_bucket *bucket = ti_parking_bucket(barrier);
    ti_guard_lock(&bucket->guard, &self->parker);
    return bucket;
}

/* End the cycle for all, and unlock. The barrier is not touched any more: a woken party may free it. */
static void ti_barrier_end_cycle(threading_barrier_t *barrier, ti_bucket *bucket, uint32_t state,
                                 uint32_t outcome)
{
    barrier->state = state;
    barrier->cycle++;
    barrier->arrived = 0;
    ti_waiter *parties = ti_parking_take(bucket, barrier, TI_PARTIES, SIZE_MAX);
    ti_waiter *entrants = ti_parking_take(bucket, barrier, TI_ENTRANTS, SIZE_MAX);
    ti_guard_unlock(&bucket->guard);
    ti_parking_wake_chain(parties, outcome);
    ti_parking_wake_chain(entrants, TI_WOKEN);
}

/* ---- wait ---- */

/* Sleep in a queue of the barrier's, after unlocking. */
static void ti_barrier_enqueue(const threading_barrier_t *barrier, ti_wait_kind kind, ti_self *self,
                               ti_bucket *bucket)
{
    ti_blocked_on(self, TI_ON_BARRIER, barrier);
    ti_parking_announce(bucket);
    ti_parking_enqueue_last(bucket, &self->waiter, barrier, kind);
    ti_guard_unlock(&bucket->guard);
}

/* Lock the barrier in a state in which it takes parties. THREADING_OK: *bucket is locked. */
static threading_status_t ti_barrier_enter(threading_barrier_t *barrier, ti_self *self, ti_bucket **locked)
{
    for (;;) {
        ti_bucket *bucket = ti_barrier_lock(barrier, self);
        *locked = bucket;
        if (barrier->state == TI_FILLING)
            return THREADING_OK;
        if (barrier->state == TI_BROKEN) {
            ti_guard_unlock(&bucket->guard);
            return THREADING_BROKEN;
        }
        ti_barrier_enqueue(barrier, TI_ENTRANTS, self, bucket);
        if (ti_parking_sleep(self, barrier, TI_FOREVER) == TI_SLEEPING)
            return THREADING_CANCELLED;
    }
}

/* The action has ended its thread, so that it will never be done. */
TI_COLD static void ti_barrier_abandon(ti_self *self, void *object, uintptr_t cycle)
{
    threading_barrier_t *barrier = (threading_barrier_t *)object;
    ti_bucket *bucket = ti_barrier_lock(barrier, self);
    if (barrier->state == TI_ACTING && barrier->cycle == cycle)
        ti_barrier_end_cycle(barrier, bucket, TI_BROKEN, TI_REFUSED);
    else /* it was aborted or reset meanwhile */
        ti_guard_unlock(&bucket->guard);
}

/* Whether the calling thread runs the action: also one of a cycle that was reset meanwhile. */
static bool ti_barrier_is_acting(const threading_barrier_t *barrier, ti_self *self)
{
    return ti_calls_contain(self, ti_barrier_abandon, barrier);
}

static void ti_barrier_act(threading_barrier_t *barrier, uint32_t cycle, ti_self *self)
{
    ti_calls_enter(self, ti_barrier_abandon, barrier, cycle);
    barrier->action(barrier->arg);
    ti_calls_leave(self);
}

/* The last party is there: run the action, let all go on. */
static threading_status_t ti_barrier_trip(threading_barrier_t *barrier, ti_self *self, ti_bucket *bucket)
{
    if (barrier->action != NULL) {
        uint32_t cycle = barrier->cycle;
        barrier->state = TI_ACTING;
        ti_guard_unlock(&bucket->guard);
        ti_barrier_act(barrier, cycle, self);
        (void)ti_barrier_lock(barrier, self);
        if (barrier->cycle != cycle) { /* it was aborted or reset meanwhile */
            ti_guard_unlock(&bucket->guard);
            return THREADING_BROKEN;
        }
    }
    ti_barrier_end_cycle(barrier, bucket, TI_FILLING, TI_WOKEN);
    return THREADING_OK;
}

/* The wait has reached its limit: break the barrier, unless the cycle has ended or is just ending. */
static threading_status_t ti_barrier_give_up(threading_barrier_t *barrier, ti_self *self, int64_t deadline)
{
    threading_status_t status = ti_limit_status(deadline);
    if (status == THREADING_TIMEOUT)
        status = THREADING_BROKEN;
    ti_bucket *bucket = ti_parking_bucket(barrier);
    ti_guard_lock(&bucket->guard, &self->parker);
    if (ti_parking_is_queued(&self->waiter, barrier) && barrier->state == TI_FILLING) {
        ti_parking_dequeue(bucket, &self->waiter);
        ti_barrier_end_cycle(barrier, bucket, TI_BROKEN, TI_REFUSED);
        return status;
    }
    ti_guard_unlock(&bucket->guard);
    return ti_parking_await_wake(self) == TI_WOKEN ? THREADING_OK : THREADING_BROKEN;
}

static threading_status_t ti_barrier_sleep(threading_barrier_t *barrier, ti_self *self, ti_bucket *bucket,
                                           double seconds)
{
    /* Only if all parties can be on their way at once is it worth a look whether the last one comes. Asked
     * now: once it is full the barrier may be gone. */
    bool is_small = ti_spin_has_processors(barrier->parties);
    ti_barrier_enqueue(barrier, TI_PARTIES, self, bucket);
    int64_t deadline = ti_deadline_after(seconds);
    if (is_small)
        ti_linger(self);
    uint32_t outcome = ti_parking_doze(self, deadline);
    if (outcome == TI_SLEEPING)
        return ti_barrier_give_up(barrier, self, deadline);
    return outcome == TI_WOKEN ? THREADING_OK : THREADING_BROKEN;
}

TI_COLD static threading_status_t ti_barrier_refuse(const threading_barrier_t *barrier, ti_self *self)
{
    ti_blocked_on(self, TI_ON_BARRIER, barrier);
    return ti_deadlock_refused(self, NULL);
}

static threading_status_t ti_barrier_wait(threading_barrier_t *barrier, double seconds, size_t *index)
{
    threading_status_t status = ti_deadline_check_on(barrier, seconds);
    if (status != THREADING_OK)
        return status;
    if (barrier->parties == 0)
        return THREADING_INVALID;
    ti_self *self = ti_self_get();
    if (ti_barrier_is_acting(barrier, self))
        return ti_barrier_refuse(barrier, self);
    ti_bucket *bucket;
    status = ti_barrier_enter(barrier, self, &bucket);
    if (status != THREADING_OK)
        return status;
    size_t place = barrier->arrived++;
    bool is_last = barrier->arrived == barrier->parties;
    status =
        is_last ? ti_barrier_trip(barrier, self, bucket) : ti_barrier_sleep(barrier, self, bucket, seconds);
    if (status == THREADING_OK && index != NULL)
        *index = place;
    return status;
}

threading_status_t threading_barrier_wait_timeout(threading_barrier_t *barrier, double seconds, size_t *index)
{
    return TI_TELL(barrier, ti_barrier_wait(barrier, seconds, index));
}

threading_status_t threading_barrier_wait(threading_barrier_t *barrier, size_t *index)
{
    return TI_TELL(barrier, ti_barrier_wait(barrier, barrier != NULL ? barrier->timeout : 0, index));
}

/* ---- the rest ---- */

TI_COLD threading_status_t threading_barrier_reset(threading_barrier_t *barrier)
{
    if (barrier == NULL)
        return TI_TELL(barrier, THREADING_INVALID);
    ti_bucket *bucket = ti_barrier_lock(barrier, ti_self_get());
    ti_barrier_end_cycle(barrier, bucket, TI_FILLING, TI_REFUSED);
    return THREADING_OK;
}

TI_COLD threading_status_t threading_barrier_abort(threading_barrier_t *barrier)
{
    if (barrier == NULL)
        return TI_TELL(barrier, THREADING_INVALID);
    ti_bucket *bucket = ti_barrier_lock(barrier, ti_self_get());
    ti_barrier_end_cycle(barrier, bucket, TI_BROKEN, TI_REFUSED);
    return THREADING_OK;
}

TI_COLD static threading_status_t ti_barrier_init(threading_barrier_t *barrier, size_t parties,
                                                  void (*action)(void *arg), void *arg,
                                                  double timeout_seconds)
{
    if (barrier == NULL || parties == 0)
        return THREADING_INVALID;
    threading_status_t status = ti_deadline_check(timeout_seconds);
    if (status == THREADING_OK)
        *barrier = (threading_barrier_t)THREADING_BARRIER_INIT_WITH(parties, action, arg, timeout_seconds);
    return status;
}

TI_COLD threading_status_t threading_barrier_init(threading_barrier_t *barrier, size_t parties)
{
    return TI_TELL(barrier, ti_barrier_init(barrier, parties, NULL, NULL, THREADING_FOREVER));
}

TI_COLD threading_status_t threading_barrier_init_with(threading_barrier_t *barrier, size_t parties,
                                                       void (*action)(void *arg), void *arg,
                                                       double timeout_seconds)
{
    return TI_TELL(barrier, ti_barrier_init(barrier, parties, action, arg, timeout_seconds));
}

size_t threading_barrier_parties(const threading_barrier_t *barrier)
{
    return barrier != NULL ? barrier->parties : 0;
}

size_t threading_barrier_n_waiting(const threading_barrier_t *barrier)
{
    if (barrier == NULL)
        return 0;
    ti_bucket *bucket = ti_barrier_lock(barrier, ti_self_get());
    size_t count = barrier->arrived;
    ti_guard_unlock(&bucket->guard);
    return count;
}

bool threading_barrier_broken(const threading_barrier_t *barrier)
{
    if (barrier == NULL)
        return false;
    ti_bucket *bucket = ti_barrier_lock(barrier, ti_self_get());
    bool broken = barrier->state == TI_BROKEN;
    ti_guard_unlock(&bucket->guard);
    return broken;
}
