/* SPDX-License-Identifier: MIT */
/* Late wakers (late.h): the memory was an RWLock. */
#include "late_next.h"

static void rwlock_make(void *object)
{
    CHECK_STATUS(threading_rwlock_init((threading_rwlock_t *)object), THREADING_OK);
}

static void rwlock_enter_to_read(void *object)
{
    CHECK_STATUS(threading_rwlock_acquire_read((threading_rwlock_t *)object), THREADING_OK);
}

static void rwlock_leave_read(void *object)
{
    threading_rwlock_release_read((threading_rwlock_t *)object);
}

static void rwlock_enter_to_write(void *object)
{
    CHECK_STATUS(threading_rwlock_acquire_write((threading_rwlock_t *)object), THREADING_OK);
}

static void rwlock_leave_written(void *object)
{
    threading_rwlock_release_write((threading_rwlock_t *)object);
}

static bool rwlock_is_over(void *object)
{
    bool is_free = threading_rwlock_try_acquire_write((threading_rwlock_t *)object) == THREADING_OK;
    if (is_free)
        threading_rwlock_release_write((threading_rwlock_t *)object);
    return is_free;
}

static const past_t was_read_rwlock = {.key = offsetof(threading_rwlock_t, writer),
                                       .effect = offsetof(threading_rwlock_t, state),
                                       .make = rwlock_make,
                                       .enter = rwlock_enter_to_read,
                                       .leave = rwlock_leave_read,
                                       .is_over = rwlock_is_over,
                                       .wait = rwlock_write};

static const past_t was_written_rwlock = {.key = offsetof(threading_rwlock_t, writer),
                                          .effect = offsetof(threading_rwlock_t, state),
                                          .make = rwlock_make,
                                          .enter = rwlock_enter_to_write,
                                          .leave = rwlock_leave_written,
                                          .is_over = rwlock_is_over,
                                          .wait = rwlock_read};

CASE(read_rwlock_becomes_lock)
{
    play_all(&was_read_rwlock, &next_lock);
}

CASE(read_rwlock_becomes_rlock)
{
    play_all(&was_read_rwlock, &next_rlock);
}

CASE(read_rwlock_becomes_semaphore)
{
    play_all(&was_read_rwlock, &next_semaphore);
}

CASE(read_rwlock_becomes_event)
{
    play_all(&was_read_rwlock, &next_event);
}

CASE(read_rwlock_becomes_condition)
{
    play_all(&was_read_rwlock, &next_condition);
}

CASE(read_rwlock_becomes_barrier)
{
    play_all(&was_read_rwlock, &next_barrier);
}

CASE(read_rwlock_becomes_rwlock_to_read)
{
    play_all(&was_read_rwlock, &next_rwlock_to_read);
}

CASE(read_rwlock_becomes_rwlock_to_write)
{
    play_all(&was_read_rwlock, &next_rwlock_to_write);
}

CASE(read_rwlock_becomes_once)
{
    play_all(&was_read_rwlock, &next_once);
}

CASE(read_rwlock_becomes_queue)
{
    play_all(&was_read_rwlock, &next_queue);
}

CASE(read_rwlock_is_unmapped)
{
    play_all(&was_read_rwlock, &next_unmapped);
}

CASE(written_rwlock_becomes_lock)
{
    play_all(&was_written_rwlock, &next_lock);
}

CASE(written_rwlock_becomes_rlock)
{
    play_all(&was_written_rwlock, &next_rlock);
}

CASE(written_rwlock_becomes_semaphore)
{
    play_all(&was_written_rwlock, &next_semaphore);
}

CASE(written_rwlock_becomes_event)
{
    play_all(&was_written_rwlock, &next_event);
}

CASE(written_rwlock_becomes_condition)
{
    play_all(&was_written_rwlock, &next_condition);
}

CASE(written_rwlock_becomes_barrier)
{
    play_all(&was_written_rwlock, &next_barrier);
}

CASE(written_rwlock_becomes_rwlock_to_read)
{
    play_all(&was_written_rwlock, &next_rwlock_to_read);
}

CASE(written_rwlock_becomes_rwlock_to_write)
{
    play_all(&was_written_rwlock, &next_rwlock_to_write);
}

CASE(written_rwlock_becomes_once)
{
    play_all(&was_written_rwlock, &next_once);
}

CASE(written_rwlock_becomes_queue)
{
    play_all(&was_written_rwlock, &next_queue);
}

CASE(written_rwlock_is_unmapped)
{
    play_all(&was_written_rwlock, &next_unmapped);
}
