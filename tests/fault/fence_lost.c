/* SPDX-License-Identifier: MIT */
/*
 * The fence in all threads, which the system has at first and refuses later, as when a sandbox is entered. The suite replaces
 * the backend's, so that it is so on every backend.
 */
#include "conformance.h"

#include "fence.h"
#include "parking.h"
#include "port.h"

#define SETTLED 1000000 /* nanoseconds: TI_SETTLED of fence.c */

static threading_lock_t locks[3];
static threading_rwlock_t rwlock;
static atomic_bool refused;
static atomic_int fences;

bool ti_port_fence_start(void)
{
    return true;
}

/* There is none, in truth: no case has threads in a race for a word before the fence is refused. */
bool ti_port_fence_all(void)
{
    atomic_fetch_add(&fences, 1);
    return !atomic_load(&refused);
}

static void lose_the_fence(void)
{
    threading_lock_acquire(&locks[0]);
    CHECK_EQUAL(ti_load_relaxed(&threading_fence_kind), TI_FENCE_SHARED);
    atomic_store(&refused, true);
    CHECK_STATUS(threading_lock_acquire_timeout(&locks[0], 0.0001), THREADING_TIMEOUT);
    CHECK_EQUAL(ti_load_relaxed(&threading_fence_kind), TI_FENCE_LOST);
}

CASE(fence_that_is_refused_is_not_asked_for_again)
{
    lose_the_fence();
    int before = atomic_load(&fences);
    CHECK_STATUS(threading_lock_acquire_timeout(&locks[0], 0.0001), THREADING_TIMEOUT);
    CHECK_EQUAL(atomic_load(&fences), before);
}

/* A releaser that saw the fence long ago may just be between its store and its look. */
CASE(every_waiter_lets_stores_settle_once_the_fence_is_refused)
{
    lose_the_fence();
    for (int i = 1; i < 3; i++) {
        threading_lock_acquire(&locks[i]);
        int64_t before = ti_port_now();
        CHECK_STATUS(threading_lock_acquire_timeout(&locks[i], 0.0001), THREADING_TIMEOUT);
        CHECK(ti_port_now() - before >= SETTLED);
    }
}

CASE(writer_lets_stores_settle_before_it_counts_readers_once_the_fence_is_refused)
{
    for (int i = 0; i < 10000; i++) {
        CHECK_STATUS(threading_rwlock_acquire_read(&rwlock), THREADING_OK);
        CHECK_STATUS(threading_rwlock_release_read(&rwlock), THREADING_OK);
    }
    lose_the_fence();
    int64_t before = ti_port_now();
    CHECK_STATUS(threading_rwlock_acquire_write(&rwlock), THREADING_OK);
    CHECK(ti_port_now() - before >= SETTLED);
    CHECK_STATUS(threading_rwlock_release_write(&rwlock), THREADING_OK);
}

static void *take_and_release(void *lock)
{
    threading_lock_acquire((threading_lock_t *)lock);
    threading_lock_release((threading_lock_t *)lock);
    return NULL;
}

CASE(locks_work_on_once_the_fence_is_refused)
{
    lose_the_fence();
    for (int round = 0; round < 20; round++) {
        threading_thread_t *waiter = started(take_and_release, &locks[0]);
        AWAIT(ti_load_sequential(&ti_parking_bucket(&locks[0])->count) == 1);
        threading_lock_release(&locks[0]);
        finished(waiter);
        threading_lock_acquire(&locks[0]);
    }
}
