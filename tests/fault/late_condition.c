/* SPDX-License-Identifier: MIT */
/* Late wakers (late.h): the memory was a Condition. */
#include "late_next.h"

static void condition_make(void *object)
{
    CHECK_STATUS(threading_condition_init((threading_condition_t *)object), THREADING_OK);
}

static void condition_enter(void *object)
{
    CHECK_STATUS(threading_condition_acquire((threading_condition_t *)object), THREADING_OK);
}

static void condition_leave(void *object)
{
    threading_condition_release((threading_condition_t *)object);
}

static bool condition_is_over(void *object)
{
    bool is_free = threading_condition_try_acquire((threading_condition_t *)object) == THREADING_OK;
    if (is_free)
        threading_condition_release((threading_condition_t *)object);
    return is_free;
}

static void condition_enter_and_leave(void *object)
{
    condition_enter(object);
    condition_leave(object);
}

#define OWN_LOCK (offsetof(threading_condition_t, own) + offsetof(threading_rlock_t, owner))

static const past_t was_condition = {.key = OWN_LOCK,
                                     .effect = OWN_LOCK,
                                     .make = condition_make,
                                     .enter = condition_enter,
                                     .leave = condition_leave,
                                     .is_over = condition_is_over,
                                     .wait = condition_enter_and_leave};

/* ---- notified, and its lock released: the waiter comes back ---- */

static void condition_notify_and_leave(void *object)
{
    arrive();
    condition_enter(object);
    CHECK_STATUS(threading_condition_notify((threading_condition_t *)object, 1), THREADING_OK);
    condition_leave(object);
}

static const past_t was_notified_condition = {
    .key = OWN_LOCK, .make = condition_make, .leave = condition_notify_and_leave, .wait = condition_wait};

/* ---- notified only: its Lock is elsewhere, and another thread releases that during the notify ---- */

static threading_lock_t lock;

static void foreign_make(void *object)
{
    CHECK_STATUS(threading_condition_init_lock((threading_condition_t *)object, &lock), THREADING_OK);
}

static void foreign_notify(void *object)
{
    arrive();
    condition_enter(object);
    CHECK_STATUS(threading_condition_notify((threading_condition_t *)object, 1), THREADING_OK);
}

/* Once the waiter is in the Lock's queue. */
static bool foreign_let_go(void *object)
{
    bool is_guarded = (ti_load_pointer_relaxed(&ti_parking_bucket(&lock)->guard.word) & 1) != 0;
    (void)object;
    if (is_guarded || !is_queued(atomic_load(&now.waiter)))
        return false;
    CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    return true;
}

static const past_t was_notifying_condition = {.make = foreign_make,
                                               .leave = foreign_notify,
                                               .wait = condition_wait,
                                               .let_go = foreign_let_go,
                                               .asks_time = true};

CASE(condition_becomes_lock)
{
    play_all(&was_condition, &next_lock);
}

CASE(condition_becomes_rlock)
{
    play_all(&was_condition, &next_rlock);
}

CASE(condition_becomes_semaphore)
{
    play_all(&was_condition, &next_semaphore);
}

CASE(condition_becomes_event)
{
    play_all(&was_condition, &next_event);
}

CASE(condition_becomes_condition)
{
    play_all(&was_condition, &next_condition);
}

CASE(condition_becomes_barrier)
{
    play_all(&was_condition, &next_barrier);
}

CASE(condition_becomes_rwlock_to_read)
{
    play_all(&was_condition, &next_rwlock_to_read);
}

CASE(condition_becomes_rwlock_to_write)
{
    play_all(&was_condition, &next_rwlock_to_write);
}

CASE(condition_becomes_once)
{
    play_all(&was_condition, &next_once);
}

CASE(condition_becomes_queue)
{
    play_all(&was_condition, &next_queue);
}

CASE(condition_is_unmapped)
{
    play_all(&was_condition, &next_unmapped);
}

CASE(notified_condition_becomes_lock)
{
    play_all(&was_notified_condition, &next_lock);
}

CASE(notified_condition_becomes_rlock)
{
    play_all(&was_notified_condition, &next_rlock);
}

CASE(notified_condition_becomes_semaphore)
{
    play_all(&was_notified_condition, &next_semaphore);
}

CASE(notified_condition_becomes_event)
{
    play_all(&was_notified_condition, &next_event);
}

CASE(notified_condition_becomes_condition)
{
    play_all(&was_notified_condition, &next_condition);
}

CASE(notified_condition_becomes_barrier)
{
    play_all(&was_notified_condition, &next_barrier);
}

CASE(notified_condition_becomes_rwlock_to_read)
{
    play_all(&was_notified_condition, &next_rwlock_to_read);
}

CASE(notified_condition_becomes_rwlock_to_write)
{
    play_all(&was_notified_condition, &next_rwlock_to_write);
}

CASE(notified_condition_becomes_once)
{
    play_all(&was_notified_condition, &next_once);
}

CASE(notified_condition_becomes_queue)
{
    play_all(&was_notified_condition, &next_queue);
}

CASE(notified_condition_is_unmapped)
{
    play_all(&was_notified_condition, &next_unmapped);
}

CASE(notifying_condition_becomes_lock)
{
    play_all(&was_notifying_condition, &next_lock);
}

CASE(notifying_condition_becomes_rlock)
{
    play_all(&was_notifying_condition, &next_rlock);
}

CASE(notifying_condition_becomes_semaphore)
{
    play_all(&was_notifying_condition, &next_semaphore);
}

CASE(notifying_condition_becomes_event)
{
    play_all(&was_notifying_condition, &next_event);
}

CASE(notifying_condition_becomes_condition)
{
    play_all(&was_notifying_condition, &next_condition);
}

CASE(notifying_condition_becomes_barrier)
{
    play_all(&was_notifying_condition, &next_barrier);
}

CASE(notifying_condition_becomes_rwlock_to_read)
{
    play_all(&was_notifying_condition, &next_rwlock_to_read);
}

CASE(notifying_condition_becomes_rwlock_to_write)
{
    play_all(&was_notifying_condition, &next_rwlock_to_write);
}

CASE(notifying_condition_becomes_once)
{
    play_all(&was_notifying_condition, &next_once);
}

CASE(notifying_condition_becomes_queue)
{
    play_all(&was_notifying_condition, &next_queue);
}

CASE(notifying_condition_is_unmapped)
{
    play_all(&was_notifying_condition, &next_unmapped);
}
