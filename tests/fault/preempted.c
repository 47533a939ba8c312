/* SPDX-License-Identifier: MIT */
/*
 * A thread that spins for a lock and is preempted: it may not run again for any time, for instance because of threads of
 * a higher priority. Those that sleep in the queue must not depend on it.
 *
 * The suite replaces the library's spinning: one thread, the preempted one, stops in the middle of it until the case
 * lets it go on; all others do not spin at all.
 */
#include "conformance.h"

#include "parking.h"
#include "self.h"
#include "spins.h"

static threading_lock_t lock;
static threading_rlock_t rlock;
static atomic_uint preempted; /* the ident of the thread that is preempted when it spins */
static atomic_bool spins;     /* it does */
static atomic_bool goes_on;
static atomic_bool waiter_had_it;

bool ti_spin_has_processors(size_t count)
{
    return count <= 1;
}

bool ti_spin_pause(uint32_t pauses)
{
    (void)pauses;
    return false;
}

bool ti_spin_goes_on(ti_spin *spin)
{
    (void)spin;
    if (ti_self_get()->fast.ident == atomic_load(&preempted)) {
        atomic_store(&spins, true);
        AWAIT(atomic_load(&goes_on));
    }
    return false;
}

static void acquire_and_release(bool is_rlock)
{
    if (is_rlock) {
        CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
        CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    } else {
        threading_lock_acquire(&lock);
        threading_lock_release(&lock);
    }
}

static void *wait_for_it(void *is_rlock)
{
    acquire_and_release(is_rlock != NULL);
    atomic_store(&waiter_had_it, true);
    return NULL;
}

static void *spin_for_it(void *is_rlock)
{
    atomic_store(&preempted, threading_get_ident());
    acquire_and_release(is_rlock != NULL);
    return NULL;
}

/* As if the waiter had come this moment, however slow the machine is: it is handed nothing. */
static void make_young(const void *address)
{
    ti_bucket *bucket = ti_parking_bucket(address);
    ti_guard_lock(&bucket->guard, &ti_self_get()->parker);
    bucket->first->since = ti_port_now() + INT64_C(1000000000000);
    ti_guard_unlock(&bucket->guard);
}

/* The calling thread holds it. */
static void release_while_one_waits_and_one_is_preempted(const void *address, bool is_rlock)
{
    void *arg = is_rlock ? &rlock : NULL;
    threading_thread_t *waiter = started(wait_for_it, arg);
    AWAIT(ti_load_sequential(&ti_parking_bucket(address)->count) == 1);
    make_young(address);
    threading_thread_t *spinner = started(spin_for_it, arg);
    AWAIT(atomic_load(&spins));
    if (is_rlock)
        CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    else
        threading_lock_release(&lock);
    AWAIT(atomic_load(&waiter_had_it));
    atomic_store(&goes_on, true);
    finished(waiter);
    finished(spinner);
}

CASE(waiter_gets_the_free_lock_while_a_spinning_thread_is_preempted)
{
    threading_lock_acquire(&lock);
    release_while_one_waits_and_one_is_preempted(&lock, false);
    CHECK(!threading_lock_locked(&lock));
}

CASE(waiter_gets_the_free_rlock_while_a_spinning_thread_is_preempted)
{
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    release_while_one_waits_and_one_is_preempted(&rlock.owner, true);
    CHECK(!threading_rlock_locked(&rlock));
}
