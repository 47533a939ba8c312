/* SPDX-License-Identifier: MIT */
/* Late wakers (late.h): the memory was a Lock, an RLock or a semaphore. Their calls are inline where that
 * can be. */
#include "late_locks.h"

CASE(lock_becomes_lock)
{
    play_all(&was_lock, &next_lock);
}

CASE(lock_becomes_rlock)
{
    play_all(&was_lock, &next_rlock);
}

CASE(lock_becomes_semaphore)
{
    play_all(&was_lock, &next_semaphore);
}

CASE(lock_becomes_event)
{
    play_all(&was_lock, &next_event);
}

CASE(lock_becomes_condition)
{
    play_all(&was_lock, &next_condition);
}

CASE(lock_becomes_barrier)
{
    play_all(&was_lock, &next_barrier);
}

CASE(lock_becomes_rwlock_to_read)
{
    play_all(&was_lock, &next_rwlock_to_read);
}

CASE(lock_becomes_rwlock_to_write)
{
    play_all(&was_lock, &next_rwlock_to_write);
}

CASE(lock_becomes_once)
{
    play_all(&was_lock, &next_once);
}

CASE(lock_becomes_queue)
{
    play_all(&was_lock, &next_queue);
}

CASE(lock_is_unmapped)
{
    play_all(&was_lock, &next_unmapped);
}

CASE(rlock_becomes_lock)
{
    play_all(&was_rlock, &next_lock);
}

CASE(rlock_becomes_rlock)
{
    play_all(&was_rlock, &next_rlock);
}

CASE(rlock_becomes_semaphore)
{
    play_all(&was_rlock, &next_semaphore);
}

CASE(rlock_becomes_event)
{
    play_all(&was_rlock, &next_event);
}

CASE(rlock_becomes_condition)
{
    play_all(&was_rlock, &next_condition);
}

CASE(rlock_becomes_barrier)
{
    play_all(&was_rlock, &next_barrier);
}

CASE(rlock_becomes_rwlock_to_read)
{
    play_all(&was_rlock, &next_rwlock_to_read);
}

CASE(rlock_becomes_rwlock_to_write)
{
    play_all(&was_rlock, &next_rwlock_to_write);
}

CASE(rlock_becomes_once)
{
    play_all(&was_rlock, &next_once);
}

CASE(rlock_becomes_queue)
{
    play_all(&was_rlock, &next_queue);
}

CASE(rlock_is_unmapped)
{
    play_all(&was_rlock, &next_unmapped);
}

CASE(semaphore_becomes_lock)
{
    play_all(&was_semaphore, &next_lock);
}

CASE(semaphore_becomes_rlock)
{
    play_all(&was_semaphore, &next_rlock);
}

CASE(semaphore_becomes_semaphore)
{
    play_all(&was_semaphore, &next_semaphore);
}

CASE(semaphore_becomes_event)
{
    play_all(&was_semaphore, &next_event);
}

CASE(semaphore_becomes_condition)
{
    play_all(&was_semaphore, &next_condition);
}

CASE(semaphore_becomes_barrier)
{
    play_all(&was_semaphore, &next_barrier);
}

CASE(semaphore_becomes_rwlock_to_read)
{
    play_all(&was_semaphore, &next_rwlock_to_read);
}

CASE(semaphore_becomes_rwlock_to_write)
{
    play_all(&was_semaphore, &next_rwlock_to_write);
}

CASE(semaphore_becomes_once)
{
    play_all(&was_semaphore, &next_once);
}

CASE(semaphore_becomes_queue)
{
    play_all(&was_semaphore, &next_queue);
}

CASE(semaphore_is_unmapped)
{
    play_all(&was_semaphore, &next_unmapped);
}

CASE(bounded_semaphore_becomes_lock)
{
    play_all(&was_bounded_semaphore, &next_lock);
}

CASE(bounded_semaphore_becomes_rlock)
{
    play_all(&was_bounded_semaphore, &next_rlock);
}

CASE(bounded_semaphore_becomes_semaphore)
{
    play_all(&was_bounded_semaphore, &next_semaphore);
}

CASE(bounded_semaphore_becomes_event)
{
    play_all(&was_bounded_semaphore, &next_event);
}

CASE(bounded_semaphore_becomes_condition)
{
    play_all(&was_bounded_semaphore, &next_condition);
}

CASE(bounded_semaphore_becomes_barrier)
{
    play_all(&was_bounded_semaphore, &next_barrier);
}

CASE(bounded_semaphore_becomes_rwlock_to_read)
{
    play_all(&was_bounded_semaphore, &next_rwlock_to_read);
}

CASE(bounded_semaphore_becomes_rwlock_to_write)
{
    play_all(&was_bounded_semaphore, &next_rwlock_to_write);
}

CASE(bounded_semaphore_becomes_once)
{
    play_all(&was_bounded_semaphore, &next_once);
}

CASE(bounded_semaphore_becomes_queue)
{
    play_all(&was_bounded_semaphore, &next_queue);
}

CASE(bounded_semaphore_is_unmapped)
{
    play_all(&was_bounded_semaphore, &next_unmapped);
}
