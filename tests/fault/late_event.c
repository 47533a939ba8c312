/* SPDX-License-Identifier: MIT */
/* Late wakers (late.h): the memory was an Event, a Barrier or a Once. */
#include "late_next.h"

static void hold_nothing(void *object)
{
    (void)object;
}

static void event_make(void *object)
{
    CHECK_STATUS(threading_event_init((threading_event_t *)object), THREADING_OK);
}

static void event_leave(void *object)
{
    threading_event_set((threading_event_t *)object);
}

static bool event_is_over(void *object)
{
    return threading_event_is_set((threading_event_t *)object);
}

static const past_t was_event = {.effect = offsetof(threading_event_t, flag),
                                 .make = event_make,
                                 .enter = hold_nothing,
                                 .leave = event_leave,
                                 .is_over = event_is_over,
                                 .wait = event_wait};

static void barrier_make(void *object)
{
    CHECK_STATUS(threading_barrier_init((threading_barrier_t *)object, 2), THREADING_OK);
}

/* The last party: the other one sees the end of the cycle by its own return, and nobody else sees it. */
static const past_t was_barrier = {
    .make = barrier_make, .enter = hold_nothing, .leave = barrier_wait, .wait = barrier_wait};

static void once_make(void *object)
{
    CHECK_STATUS(threading_once_init((threading_once_t *)object), THREADING_OK);
}

static void once_arrive(void *arg)
{
    (void)arg;
    arrive();
}

static void once_leave(void *object)
{
    CHECK_STATUS(threading_once((threading_once_t *)object, once_arrive, NULL), THREADING_OK);
}

static bool once_is_over(void *object)
{
    once_wait(object);
    return true;
}

static const past_t was_once = {.effect = offsetof(threading_once_t, word),
                                .make = once_make,
                                .leave = once_leave,
                                .is_over = once_is_over,
                                .wait = once_wait};

CASE(event_becomes_lock)
{
    play_all(&was_event, &next_lock);
}

CASE(event_becomes_rlock)
{
    play_all(&was_event, &next_rlock);
}

CASE(event_becomes_semaphore)
{
    play_all(&was_event, &next_semaphore);
}

CASE(event_becomes_event)
{
    play_all(&was_event, &next_event);
}

CASE(event_becomes_condition)
{
    play_all(&was_event, &next_condition);
}

CASE(event_becomes_barrier)
{
    play_all(&was_event, &next_barrier);
}

CASE(event_becomes_rwlock_to_read)
{
    play_all(&was_event, &next_rwlock_to_read);
}

CASE(event_becomes_rwlock_to_write)
{
    play_all(&was_event, &next_rwlock_to_write);
}

CASE(event_becomes_once)
{
    play_all(&was_event, &next_once);
}

CASE(event_becomes_queue)
{
    play_all(&was_event, &next_queue);
}

CASE(event_is_unmapped)
{
    play_all(&was_event, &next_unmapped);
}

CASE(barrier_becomes_lock)
{
    play_all(&was_barrier, &next_lock);
}

CASE(barrier_becomes_rlock)
{
    play_all(&was_barrier, &next_rlock);
}

CASE(barrier_becomes_semaphore)
{
    play_all(&was_barrier, &next_semaphore);
}

CASE(barrier_becomes_event)
{
    play_all(&was_barrier, &next_event);
}

CASE(barrier_becomes_condition)
{
    play_all(&was_barrier, &next_condition);
}

CASE(barrier_becomes_barrier)
{
    play_all(&was_barrier, &next_barrier);
}

CASE(barrier_becomes_rwlock_to_read)
{
    play_all(&was_barrier, &next_rwlock_to_read);
}

CASE(barrier_becomes_rwlock_to_write)
{
    play_all(&was_barrier, &next_rwlock_to_write);
}

CASE(barrier_becomes_once)
{
    play_all(&was_barrier, &next_once);
}

CASE(barrier_becomes_queue)
{
    play_all(&was_barrier, &next_queue);
}

CASE(barrier_is_unmapped)
{
    play_all(&was_barrier, &next_unmapped);
}

CASE(once_becomes_lock)
{
    play_all(&was_once, &next_lock);
}

CASE(once_becomes_rlock)
{
    play_all(&was_once, &next_rlock);
}

CASE(once_becomes_semaphore)
{
    play_all(&was_once, &next_semaphore);
}

CASE(once_becomes_event)
{
    play_all(&was_once, &next_event);
}

CASE(once_becomes_condition)
{
    play_all(&was_once, &next_condition);
}

CASE(once_becomes_barrier)
{
    play_all(&was_once, &next_barrier);
}

CASE(once_becomes_rwlock_to_read)
{
    play_all(&was_once, &next_rwlock_to_read);
}

CASE(once_becomes_rwlock_to_write)
{
    play_all(&was_once, &next_rwlock_to_write);
}

CASE(once_becomes_once)
{
    play_all(&was_once, &next_once);
}

CASE(once_becomes_queue)
{
    play_all(&was_once, &next_queue);
}

CASE(once_is_unmapped)
{
    play_all(&was_once, &next_unmapped);
}
