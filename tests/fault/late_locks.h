/* SPDX-License-Identifier: MIT */
/* What the memory was (late.h), if that has inline calls: Lock, RLock, Semaphore, BoundedSemaphore. */
#ifndef LATE_LOCKS_H
#define LATE_LOCKS_H

#include "late_next.h"

static void lock_make(void *object)
{
    CHECK_STATUS(threading_lock_init((threading_lock_t *)object), THREADING_OK);
}

static void lock_enter(void *object)
{
    CHECK_STATUS(threading_lock_try_acquire((threading_lock_t *)object), THREADING_OK);
}

static void lock_leave(void *object)
{
    threading_lock_release((threading_lock_t *)object);
}

static bool lock_is_over(void *object)
{
    bool is_free = threading_lock_try_acquire((threading_lock_t *)object) == THREADING_OK;
    if (is_free)
        threading_lock_release((threading_lock_t *)object);
    return is_free;
}

static const past_t was_lock = {.effect = offsetof(threading_lock_t, word),
                                .make = lock_make,
                                .enter = lock_enter,
                                .leave = lock_leave,
                                .is_over = lock_is_over,
                                .wait = lock_wait};

static void rlock_make(void *object)
{
    CHECK_STATUS(threading_rlock_init((threading_rlock_t *)object), THREADING_OK);
}

static void rlock_enter(void *object)
{
    CHECK_STATUS(threading_rlock_acquire((threading_rlock_t *)object), THREADING_OK);
}

static void rlock_leave(void *object)
{
    threading_rlock_release((threading_rlock_t *)object);
}

static bool rlock_is_over(void *object)
{
    bool is_free = threading_rlock_try_acquire((threading_rlock_t *)object) == THREADING_OK;
    if (is_free)
        threading_rlock_release((threading_rlock_t *)object);
    return is_free;
}

static const past_t was_rlock = {.effect = offsetof(threading_rlock_t, owner),
                                 .make = rlock_make,
                                 .enter = rlock_enter,
                                 .leave = rlock_leave,
                                 .is_over = rlock_is_over,
                                 .wait = rlock_wait};

static void hold_nothing(void *object)
{
    (void)object;
}

static void semaphore_make(void *object)
{
    CHECK_STATUS(threading_semaphore_init((threading_semaphore_t *)object, 0), THREADING_OK);
}

static void semaphore_leave(void *object)
{
    threading_semaphore_release((threading_semaphore_t *)object);
}

static bool semaphore_is_over(void *object)
{
    return threading_semaphore_try_acquire((threading_semaphore_t *)object) == THREADING_OK;
}

static const past_t was_semaphore = {.effect = offsetof(threading_semaphore_t, value),
                                     .make = semaphore_make,
                                     .enter = hold_nothing,
                                     .leave = semaphore_leave,
                                     .is_over = semaphore_is_over,
                                     .wait = semaphore_wait};

static void bounded_make(void *object)
{
    CHECK_STATUS(threading_bounded_semaphore_init((threading_bounded_semaphore_t *)object, 1), THREADING_OK);
}

static void bounded_enter(void *object)
{
    CHECK_STATUS(threading_bounded_semaphore_acquire((threading_bounded_semaphore_t *)object), THREADING_OK);
}

static void bounded_leave(void *object)
{
    threading_bounded_semaphore_release((threading_bounded_semaphore_t *)object);
}

static bool bounded_is_over(void *object)
{
    return threading_bounded_semaphore_try_acquire((threading_bounded_semaphore_t *)object) == THREADING_OK;
}

static const past_t was_bounded_semaphore = {.effect = offsetof(threading_semaphore_t, value),
                                             .make = bounded_make,
                                             .enter = bounded_enter,
                                             .leave = bounded_leave,
                                             .is_over = bounded_is_over,
                                             .wait = bounded_enter};

#endif
