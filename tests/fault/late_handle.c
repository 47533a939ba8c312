/* SPDX-License-Identifier: MIT */
/*
 * Late wakers (late.h): the memory was a handle's. The releaser holds a reference of its own, as whoever
 * calls must; it gives that back before the case gives back the last one.
 */
#include "late_next.h"

#include "block.h"
#include "future.h"
#include "thread.h"

/* A future's memory is a block, and here a block is kept by nobody. */

void *ti_block_take(ti_self *self, uint32_t *offset)
{
    (void)self;
    *offset = 0;
    return ti_memory_allocate(TI_BLOCK);
}

void ti_block_give_back(void *block, uint32_t offset)
{
    CHECK_EQUAL(offset, 0);
    ti_memory_free(block);
}

void ti_blocks_leave(ti_self *self)
{
    (void)self;
}

void ti_blocks_forget(void)
{
}

void ti_blocks_lock(ti_self *self)
{
    (void)self;
}

bool ti_blocks_try_lock(void)
{
    return true;
}

void ti_blocks_unlock(void)
{
}

void ti_blocks_reset_guard(void)
{
}

/* ---- Queue ---- */

static void empty_queue_make(void *object)
{
    (void)queue_make(object);
}

static void full_queue_make(void *object)
{
    (void)queue_make(object);
    queue_put(object);
}

static void queue_enter(void *object)
{
    CHECK(threading_queue_retain((threading_queue_t *)object) == object);
}

static void queue_leave_after_put(void *object)
{
    queue_put(object);
    threading_queue_free((threading_queue_t *)object);
}

static void queue_leave_after_get(void *object)
{
    queue_get(object);
    threading_queue_free((threading_queue_t *)object);
}

static bool queue_is_over(void *object)
{
    threading_queue_free((threading_queue_t *)object);
    return atomic_load(&given_back);
}

static bool queue_is_over_after_get(void *object)
{
    queue_get(object);
    return queue_is_over(object);
}

static const past_t was_put_queue = {.key = offsetof(threading_queue_t, count),
                                     .effect = offsetof(threading_queue_t, references),
                                     .make = empty_queue_make,
                                     .enter = queue_enter,
                                     .leave = queue_leave_after_put,
                                     .is_over = queue_is_over_after_get};

static const past_t was_got_queue = {.key = offsetof(threading_queue_t, count),
                                     .effect = offsetof(threading_queue_t, references),
                                     .make = full_queue_make,
                                     .enter = queue_enter,
                                     .leave = queue_leave_after_get,
                                     .is_over = queue_is_over};

/* ---- Future ---- */

static void future_make(void *object)
{
    wanted = object;
    wanted_size = TI_BLOCK;
    CHECK(threading_future_new() == object);
}

static void future_enter(void *object)
{
    CHECK(threading_future_retain((threading_future_t *)object) == object);
}

static void future_leave(void *object)
{
    CHECK_STATUS(threading_future_set_result((threading_future_t *)object, page), THREADING_OK);
    threading_future_free((threading_future_t *)object);
}

static bool future_is_over(void *object)
{
    void *value = NULL;
    CHECK_STATUS(threading_future_result((threading_future_t *)object, &value), THREADING_OK);
    CHECK(value == page);
    threading_future_free((threading_future_t *)object);
    return atomic_load(&given_back);
}

static const past_t was_future = {.effect = offsetof(threading_future_t, references),
                                  .make = future_make,
                                  .enter = future_enter,
                                  .leave = future_leave,
                                  .is_over = future_is_over};

/* ---- Timer: one that is cancelled ends as soon as it is started ---- */

static void timer_make(void *object)
{
    wanted = object;
    wanted_size = sizeof(threading_thread_t);
    CHECK(threading_timer_new(3600, must_not_run, NULL) == object);
}

static void timer_enter(void *object)
{
    CHECK(threading_thread_retain((threading_thread_t *)object) == object);
}

static void timer_leave(void *object)
{
    CHECK_STATUS(threading_timer_cancel((threading_thread_t *)object), THREADING_OK);
    threading_thread_free((threading_thread_t *)object);
}

static bool timer_is_over(void *object)
{
    CHECK_STATUS(threading_thread_start((threading_thread_t *)object), THREADING_OK);
    CHECK_STATUS(threading_thread_join((threading_thread_t *)object), THREADING_OK);
    threading_thread_free((threading_thread_t *)object);
    return atomic_load(&given_back);
}

static const past_t was_timer = {.effect = offsetof(threading_thread_t, references),
                                 .make = timer_make,
                                 .enter = timer_enter,
                                 .leave = timer_leave,
                                 .is_over = timer_is_over};

CASE(put_queue_becomes_lock)
{
    play_all(&was_put_queue, &next_lock);
}

CASE(put_queue_becomes_rlock)
{
    play_all(&was_put_queue, &next_rlock);
}

CASE(put_queue_becomes_semaphore)
{
    play_all(&was_put_queue, &next_semaphore);
}

CASE(put_queue_becomes_event)
{
    play_all(&was_put_queue, &next_event);
}

CASE(put_queue_becomes_condition)
{
    play_all(&was_put_queue, &next_condition);
}

CASE(put_queue_becomes_barrier)
{
    play_all(&was_put_queue, &next_barrier);
}

CASE(put_queue_becomes_rwlock_to_read)
{
    play_all(&was_put_queue, &next_rwlock_to_read);
}

CASE(put_queue_becomes_rwlock_to_write)
{
    play_all(&was_put_queue, &next_rwlock_to_write);
}

CASE(put_queue_becomes_once)
{
    play_all(&was_put_queue, &next_once);
}

CASE(put_queue_becomes_queue)
{
    play_all(&was_put_queue, &next_queue);
}

CASE(put_queue_is_unmapped)
{
    play_all(&was_put_queue, &next_unmapped);
}

CASE(got_queue_becomes_lock)
{
    play_all(&was_got_queue, &next_lock);
}

CASE(got_queue_becomes_rlock)
{
    play_all(&was_got_queue, &next_rlock);
}

CASE(got_queue_becomes_semaphore)
{
    play_all(&was_got_queue, &next_semaphore);
}

CASE(got_queue_becomes_event)
{
    play_all(&was_got_queue, &next_event);
}

CASE(got_queue_becomes_condition)
{
    play_all(&was_got_queue, &next_condition);
}

CASE(got_queue_becomes_barrier)
{
    play_all(&was_got_queue, &next_barrier);
}

CASE(got_queue_becomes_rwlock_to_read)
{
    play_all(&was_got_queue, &next_rwlock_to_read);
}

CASE(got_queue_becomes_rwlock_to_write)
{
    play_all(&was_got_queue, &next_rwlock_to_write);
}

CASE(got_queue_becomes_once)
{
    play_all(&was_got_queue, &next_once);
}

CASE(got_queue_becomes_queue)
{
    play_all(&was_got_queue, &next_queue);
}

CASE(got_queue_is_unmapped)
{
    play_all(&was_got_queue, &next_unmapped);
}

CASE(future_becomes_lock)
{
    play_all(&was_future, &next_lock);
}

CASE(future_becomes_rlock)
{
    play_all(&was_future, &next_rlock);
}

CASE(future_becomes_semaphore)
{
    play_all(&was_future, &next_semaphore);
}

CASE(future_becomes_event)
{
    play_all(&was_future, &next_event);
}

CASE(future_becomes_condition)
{
    play_all(&was_future, &next_condition);
}

CASE(future_becomes_barrier)
{
    play_all(&was_future, &next_barrier);
}

CASE(future_becomes_rwlock_to_read)
{
    play_all(&was_future, &next_rwlock_to_read);
}

CASE(future_becomes_rwlock_to_write)
{
    play_all(&was_future, &next_rwlock_to_write);
}

CASE(future_becomes_once)
{
    play_all(&was_future, &next_once);
}

CASE(future_becomes_queue)
{
    play_all(&was_future, &next_queue);
}

CASE(future_is_unmapped)
{
    play_all(&was_future, &next_unmapped);
}

CASE(timer_becomes_lock)
{
    play_all(&was_timer, &next_lock);
}

CASE(timer_becomes_rlock)
{
    play_all(&was_timer, &next_rlock);
}

CASE(timer_becomes_semaphore)
{
    play_all(&was_timer, &next_semaphore);
}

CASE(timer_becomes_event)
{
    play_all(&was_timer, &next_event);
}

CASE(timer_becomes_condition)
{
    play_all(&was_timer, &next_condition);
}

CASE(timer_becomes_barrier)
{
    play_all(&was_timer, &next_barrier);
}

CASE(timer_becomes_rwlock_to_read)
{
    play_all(&was_timer, &next_rwlock_to_read);
}

CASE(timer_becomes_rwlock_to_write)
{
    play_all(&was_timer, &next_rwlock_to_write);
}

CASE(timer_becomes_once)
{
    play_all(&was_timer, &next_once);
}

CASE(timer_becomes_queue)
{
    play_all(&was_timer, &next_queue);
}

CASE(timer_is_unmapped)
{
    play_all(&was_timer, &next_unmapped);
}
