/* SPDX-License-Identifier: MIT */
/* What the memory becomes (late.h). */
#ifndef LATE_NEXT_H
#define LATE_NEXT_H

#include "late.h"
#include "queue.h"

/* ---- Lock, RLock ---- */

static void lock_wait(void *object)
{
    threading_lock_acquire((threading_lock_t *)object);
    threading_lock_release((threading_lock_t *)object);
}

static void lock_around(void *object, void (*inner)(void))
{
    CHECK_STATUS(threading_lock_try_acquire((threading_lock_t *)object), THREADING_OK);
    inner();
    CHECK_STATUS(threading_lock_release((threading_lock_t *)object), THREADING_OK);
}

static void lock_end(void *object)
{
    CHECK(!threading_lock_locked((threading_lock_t *)object));
}

static const next_t next_lock = {
    .size = sizeof(threading_lock_t), .around = lock_around, .wait = lock_wait, .end = lock_end};

static void rlock_wait(void *object)
{
    CHECK_STATUS(threading_rlock_acquire((threading_rlock_t *)object), THREADING_OK);
    CHECK_EQUAL(threading_rlock_count((threading_rlock_t *)object), 1);
    CHECK_STATUS(threading_rlock_release((threading_rlock_t *)object), THREADING_OK);
}

static void rlock_around(void *object, void (*inner)(void))
{
    CHECK_STATUS(threading_rlock_acquire((threading_rlock_t *)object), THREADING_OK);
    inner();
    CHECK_EQUAL(threading_rlock_count((threading_rlock_t *)object), 1);
    CHECK_STATUS(threading_rlock_release((threading_rlock_t *)object), THREADING_OK);
}

static void rlock_end(void *object)
{
    const threading_rlock_t *rlock = (const threading_rlock_t *)object;
    CHECK(rlock->owner == 0 && rlock->count == 0);
}

static const next_t next_rlock = {
    .size = sizeof(threading_rlock_t), .around = rlock_around, .wait = rlock_wait, .end = rlock_end};

/* ---- Semaphore ---- */

static void semaphore_wait(void *object)
{
    CHECK_STATUS(threading_semaphore_acquire((threading_semaphore_t *)object), THREADING_OK);
}

static void semaphore_around(void *object, void (*inner)(void))
{
    CHECK_STATUS(threading_semaphore_init((threading_semaphore_t *)object, 0), THREADING_OK);
    inner();
    CHECK_STATUS(threading_semaphore_release((threading_semaphore_t *)object), THREADING_OK);
}

static void semaphore_end(void *object)
{
    CHECK_EQUAL(threading_semaphore_value((threading_semaphore_t *)object), 0);
}

static const next_t next_semaphore = {.size = sizeof(threading_semaphore_t),
                                      .around = semaphore_around,
                                      .wait = semaphore_wait,
                                      .end = semaphore_end};

/* ---- Event ---- */

static void event_wait(void *object)
{
    CHECK_STATUS(threading_event_wait((threading_event_t *)object), THREADING_OK);
}

static void event_around(void *object, void (*inner)(void))
{
    inner();
    CHECK(!threading_event_is_set((threading_event_t *)object));
    CHECK_STATUS(threading_event_set((threading_event_t *)object), THREADING_OK);
}

static void event_end(void *object)
{
    CHECK(threading_event_is_set((threading_event_t *)object));
}

static const next_t next_event = {.size = sizeof(threading_event_t),
                                  .trusts = true,
                                  .around = event_around,
                                  .wait = event_wait,
                                  .end = event_end};

/* ---- Condition ---- */

static void condition_wait(void *object)
{
    threading_condition_t *condition = (threading_condition_t *)object;
    CHECK_STATUS(threading_condition_acquire(condition), THREADING_OK);
    CHECK_STATUS(threading_condition_wait(condition), THREADING_OK);
    CHECK_STATUS(threading_condition_release(condition), THREADING_OK);
}

/* The successor is queued before it releases the condition's lock. */
static void condition_around(void *object, void (*inner)(void))
{
    threading_condition_t *condition = (threading_condition_t *)object;
    CHECK_STATUS(threading_condition_init(condition), THREADING_OK);
    inner();
    CHECK_STATUS(threading_condition_acquire(condition), THREADING_OK);
    CHECK_STATUS(threading_condition_notify(condition, 1), THREADING_OK);
    CHECK_STATUS(threading_condition_release(condition), THREADING_OK);
}

static void condition_end(void *object)
{
    CHECK(!threading_condition_locked((threading_condition_t *)object));
}

/* Its size here is that of its pointers: the lock behind them is just being released when the round goes
 * on. */
static const next_t next_condition = {.size = offsetof(threading_condition_t, own),
                                      .trusts = true,
                                      .around = condition_around,
                                      .wait = condition_wait,
                                      .end = condition_end};

/* ---- Barrier ---- */

static void barrier_wait(void *object)
{
    CHECK_STATUS(threading_barrier_wait((threading_barrier_t *)object, NULL), THREADING_OK);
}

static void barrier_around(void *object, void (*inner)(void))
{
    CHECK_STATUS(threading_barrier_init((threading_barrier_t *)object, 2), THREADING_OK);
    inner();
    CHECK_EQUAL(threading_barrier_n_waiting((threading_barrier_t *)object), 1);
    barrier_wait(object);
}

static void barrier_end(void *object)
{
    CHECK_EQUAL(threading_barrier_n_waiting((threading_barrier_t *)object), 0);
    CHECK(!threading_barrier_broken((threading_barrier_t *)object));
}

static const next_t next_barrier = {.size = sizeof(threading_barrier_t),
                                    .trusts = true,
                                    .around = barrier_around,
                                    .wait = barrier_wait,
                                    .end = barrier_end};

/* ---- RWLock ---- */

static void rwlock_read(void *object)
{
    CHECK_STATUS(threading_rwlock_acquire_read((threading_rwlock_t *)object), THREADING_OK);
    CHECK_STATUS(threading_rwlock_release_read((threading_rwlock_t *)object), THREADING_OK);
}

static void rwlock_write(void *object)
{
    CHECK_STATUS(threading_rwlock_acquire_write((threading_rwlock_t *)object), THREADING_OK);
    CHECK_STATUS(threading_rwlock_release_write((threading_rwlock_t *)object), THREADING_OK);
}

static void rwlock_read_around(void *object, void (*inner)(void))
{
    CHECK_STATUS(threading_rwlock_acquire_read((threading_rwlock_t *)object), THREADING_OK);
    inner();
    CHECK_STATUS(threading_rwlock_release_read((threading_rwlock_t *)object), THREADING_OK);
}

static void rwlock_write_around(void *object, void (*inner)(void))
{
    CHECK_STATUS(threading_rwlock_acquire_write((threading_rwlock_t *)object), THREADING_OK);
    inner();
    CHECK_STATUS(threading_rwlock_release_write((threading_rwlock_t *)object), THREADING_OK);
}

static void rwlock_end(void *object)
{
    const threading_rwlock_t *rwlock = (const threading_rwlock_t *)object;
    CHECK(rwlock->state == 0 && rwlock->writer == 0);
}

static const next_t next_rwlock_to_read = {.key = offsetof(threading_rwlock_t, writer),
                                           .size = sizeof(threading_rwlock_t),
                                           .around = rwlock_write_around,
                                           .wait = rwlock_read,
                                           .end = rwlock_end};

static const next_t next_rwlock_to_write = {.key = offsetof(threading_rwlock_t, writer),
                                            .size = sizeof(threading_rwlock_t),
                                            .around = rwlock_read_around,
                                            .wait = rwlock_write,
                                            .end = rwlock_end};

/* ---- Once ---- */

static void must_not_run(void *arg)
{
    (void)arg;
    CHECK(false);
}

static void once_wait(void *object)
{
    CHECK_STATUS(threading_once((threading_once_t *)object, must_not_run, NULL), THREADING_OK);
}

static void (*once_inner)(void);

static void once_run(void *arg)
{
    (void)arg;
    once_inner();
}

static void once_around(void *object, void (*inner)(void))
{
    once_inner = inner;
    CHECK_STATUS(threading_once((threading_once_t *)object, once_run, NULL), THREADING_OK);
}

static const next_t next_once = {
    .size = sizeof(threading_once_t), .around = once_around, .wait = once_wait, .end = once_wait};

/* ---- Queue ---- */

static void *queue_make(void *object)
{
    wanted = object;
    wanted_size = sizeof(threading_queue_t);
    threading_queue_t *queue = threading_queue_new(THREADING_QUEUE_FIFO, 0, 1, NULL);
    CHECK(queue == object);
    return queue;
}

static void queue_get(void *object)
{
    CHECK_STATUS(threading_queue_get((threading_queue_t *)object, NULL), THREADING_OK);
}

static void queue_put(void *object)
{
    CHECK_STATUS(threading_queue_put((threading_queue_t *)object, NULL), THREADING_OK);
}

static void queue_around(void *object, void (*inner)(void))
{
    inner();
    queue_put(object);
}

static void queue_end(void *object)
{
    CHECK(threading_queue_empty((threading_queue_t *)object));
    threading_queue_free((threading_queue_t *)object);
    CHECK(atomic_load(&given_back));
}

/* Its size here is none: who is in its line looks at it again, with its lock. */
static const next_t next_queue = {.key = offsetof(threading_queue_t, count),
                                  .make = queue_make,
                                  .around = queue_around,
                                  .wait = queue_get,
                                  .end = queue_end};

/* ---- no memory at all ---- */

/* The successor is at another address of the bucket, so that the releaser looks there. */
static void unmapped_wait(void *object)
{
    (void)object;
    event_wait(neighbour(1));
}

static void unmapped_around(void *object, void (*inner)(void))
{
    (void)object;
    page_protect(page, PAGE, true);
    inner();
    page_protect(page, PAGE, false);
    CHECK_STATUS(threading_event_set(neighbour(1)), THREADING_OK);
}

static void unmapped_end(void *object)
{
    (void)object;
    CHECK_STATUS(threading_event_clear(neighbour(1)), THREADING_OK);
}

static const next_t next_unmapped = {
    .trusts = true, .around = unmapped_around, .wait = unmapped_wait, .end = unmapped_end};

#endif
