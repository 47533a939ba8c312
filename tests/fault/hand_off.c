/* SPDX-License-Identifier: MIT */
/*
 * What the public calls cannot show: who is in the queue. With that known, the order in which waiters are served and the
 * hand-off to one that has waited for more than a millisecond can be tested without guessing.
 */
#include "conformance.h"

#include "parking.h"
#include "self.h"

enum { WAITERS = 5 };

static threading_lock_t lock;
static threading_rlock_t rlock;
static threading_lock_t gate;
static int order[WAITERS]; /* under the lock */
static int served;         /* likewise */

static size_t waiting_for(const void *address)
{
    return ti_load_sequential(&ti_parking_bucket(address)->count);
}

/* A waiter counts as waiting when it is queued; its wait began before that. */
static void await_starvation(const void *address, size_t waiters)
{
    AWAIT(waiting_for(address) == waiters);
    CHECK_STATUS(threading_sleep(0.002), THREADING_OK);
}

static void *hold_until_gate(void *arg)
{
    threading_lock_acquire(&lock);
    threading_lock_acquire(&gate);
    threading_lock_release(&gate);
    threading_lock_release(&lock);
    return arg;
}

CASE(starved_waiter_is_handed_the_lock_by_its_release)
{
    threading_lock_acquire(&gate);
    threading_lock_acquire(&lock);
    threading_thread_t *waiter = started(hold_until_gate, NULL);
    await_starvation(&lock, 1);
    CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    CHECK_EQUAL(lock.word, threading_thread_ident(waiter)); /* without having run */
    CHECK_STATUS(threading_lock_try_acquire(&lock), THREADING_BUSY);
    CHECK_EQUAL(waiting_for(&lock), 0);
    threading_lock_release(&gate);
    finished(waiter);
    CHECK(!threading_lock_locked(&lock));
}

CASE(release_just_after_a_hand_over_hands_nothing_over)
{
    int64_t later = ti_port_now() + INT64_C(1000000000000); /* as if the last one had been that late */
    threading_lock_acquire(&gate);
    threading_lock_acquire(&lock);
    threading_thread_t *waiter = started(hold_until_gate, NULL);
    await_starvation(&lock, 1);
    ti_parking_bucket(&lock)->handed = later;
    CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    CHECK(ti_parking_bucket(&lock)->handed == later);
    threading_lock_release(&gate);
    finished(waiter);
    CHECK(!threading_lock_locked(&lock));
}

static void *hold_rlock_until_gate(void *arg)
{
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    CHECK_EQUAL(threading_rlock_count(&rlock), 1);
    threading_lock_acquire(&gate);
    threading_lock_release(&gate);
    CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    return arg;
}

CASE(starved_waiter_is_handed_the_rlock_by_its_release)
{
    threading_lock_acquire(&gate);
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    threading_thread_t *waiter = started(hold_rlock_until_gate, NULL);
    await_starvation(&rlock.owner, 1);
    CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    CHECK_EQUAL(rlock.owner, threading_thread_ident(waiter));
    CHECK_STATUS(threading_rlock_try_acquire(&rlock), THREADING_BUSY);
    threading_lock_release(&gate);
    finished(waiter);
    CHECK(!threading_rlock_locked(&rlock));
}

static void *note_order(void *index)
{
    threading_lock_acquire(&lock);
    order[served++] = *(int *)index;
    threading_lock_release(&lock);
    return NULL;
}

CASE(starved_waiters_are_served_first_come_first_served)
{
    static int indexes[WAITERS] = {0, 1, 2, 3, 4};
    threading_thread_t *threads[WAITERS];
    threading_lock_acquire(&lock);
    for (int i = 0; i < WAITERS; i++) {
        threads[i] = started(note_order, &indexes[i]);
        AWAIT(waiting_for(&lock) == (size_t)i + 1);
    }
    await_starvation(&lock, WAITERS);
    threading_lock_release(&lock);
    for (int i = 0; i < WAITERS; i++)
        finished(threads[i]);
    for (int i = 0; i < WAITERS; i++)
        CHECK_EQUAL(order[i], i);
}

static void *time_out(void *arg)
{
    CHECK_STATUS(threading_lock_acquire_timeout(&lock, 0.001), THREADING_TIMEOUT);
    return arg;
}

CASE(waiter_that_timed_out_is_in_no_queue)
{
    threading_lock_acquire(&lock);
    finished(started(time_out, NULL));
    CHECK_EQUAL(waiting_for(&lock), 0);
    threading_lock_release(&lock);
    CHECK_STATUS(threading_lock_try_acquire(&lock), THREADING_OK);
}

static void *take_and_release(void *arg)
{
    threading_lock_acquire(&lock);
    threading_lock_release(&lock);
    return arg;
}

CASE(release_takes_one_waiter_off_the_queue_at_once)
{
    threading_thread_t *waiters[2];
    threading_lock_acquire(&lock);
    for (int i = 0; i < 2; i++) {
        waiters[i] = started(take_and_release, NULL);
        AWAIT(waiting_for(&lock) == (size_t)i + 1);
    }
    ti_bucket *bucket = ti_parking_bucket(&lock);
    CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    ti_guard_lock(&bucket->guard, &ti_self_get()->parker);
    size_t left = 0;
    for (ti_waiter *waiter = ti_parking_first(bucket, &lock, TI_LOCKERS); waiter != NULL;
         waiter = ti_parking_next(waiter))
        left++;
    ti_guard_unlock(&bucket->guard);
    CHECK(left <= 1);
    for (int i = 0; i < 2; i++)
        finished(waiters[i]);
    CHECK_EQUAL(waiting_for(&lock), 0);
}
