/* SPDX-License-Identifier: MIT */
/*
 * What the suites about Condition share: a condition on each kind of lock, and threads that wait on it once.
 *
 * A thread counts itself, with the lock held, before it waits; and a wait stands in the queue before it gives the
 * lock back. So whoever holds the lock and reads the count knows who waits: nothing here guesses.
 */
#ifndef CONDITION_SUPPORT_H
#define CONDITION_SUPPORT_H

#include "conformance.h"
#include "crowd.h"

static threading_condition_t condition; /* zero-filled: on an RLock of its own */
static threading_lock_t lock;
static threading_rlock_t rlock;
static int begun;    /* waits that were begun; the condition's lock protects it, and the next */
static int returned; /* waits that have come back */

THREADING_UNUSED static void hold(void)
{
    CHECK_STATUS(threading_condition_acquire(&condition), THREADING_OK);
}

THREADING_UNUSED static void let_go(void)
{
    CHECK_STATUS(threading_condition_release(&condition), THREADING_OK);
}

THREADING_UNUSED static void notify(size_t n)
{
    CHECK_STATUS(threading_condition_notify(&condition, n), THREADING_OK);
}

THREADING_UNUSED static void notify_all(void)
{
    CHECK_STATUS(threading_condition_notify_all(&condition), THREADING_OK);
}

/* Comes back holding the lock, once a number that it protects is what it should become. */
THREADING_UNUSED static void hold_until(const int *number, int expected)
{
    for (hold(); *number < expected; hold()) {
        let_go();
        threading_sleep(0.0005);
    }
    CHECK_EQUAL(*number, expected);
}

/* The lock is free, no wait is under way, and all of it works. */
THREADING_UNUSED static void is_idle_and_works(void)
{
    CHECK(!threading_condition_locked(&condition));
    hold();
    CHECK(threading_condition_locked(&condition));
    CHECK(threading_condition_is_owned(&condition));
    notify(1);
    CHECK_STATUS(threading_condition_wait_timeout(&condition, 0), THREADING_TIMEOUT);
    notify_all();
    let_go();
    CHECK(!threading_condition_locked(&condition));
}

/* Has it checked with an RLock of the condition's own, and with one that was given. */
THREADING_UNUSED static void with_each_rlock(void (*check)(void))
{
    CHECK_STATUS(threading_condition_init(&condition), THREADING_OK);
    begun = returned = 0;
    check();
    is_idle_and_works();
    CHECK_STATUS(threading_condition_init_rlock(&condition, &rlock), THREADING_OK);
    begun = returned = 0;
    check();
    is_idle_and_works();
    CHECK(is_zero(&rlock, sizeof rlock));
}

THREADING_UNUSED static void with_lock(void (*check)(void))
{
    CHECK_STATUS(threading_condition_init_lock(&condition, &lock), THREADING_OK);
    begun = returned = 0;
    check();
    is_idle_and_works();
    CHECK(is_zero(&lock, sizeof lock));
}

THREADING_UNUSED static void with_each_kind(void (*check)(void))
{
    with_each_rlock(check);
    with_lock(check);
}

/* A thread that waits once. */
typedef struct waiter {
    double seconds;
    threading_thread_t *thread;
    threading_status_t status; /* what the wait gave */
    int place;                 /* as which of all it came back, from 1 */
} waiter_t;

THREADING_UNUSED static threading_status_t wait_at_most(double seconds)
{
    return seconds == THREADING_FOREVER ? threading_condition_wait(&condition)
                                        : threading_condition_wait_timeout(&condition, seconds);
}

THREADING_UNUSED static void *wait_once(void *arg)
{
    waiter_t *waiter = arg;
    hold();
    begun++;
    waiter->status = wait_at_most(waiter->seconds);
    CHECK(threading_condition_is_owned(&condition));
    waiter->place = ++returned;
    let_go();
    return NULL;
}

/* One after the other: they wait in the order of the array. */
THREADING_UNUSED static void start_waiters(waiter_t *waiters, int count, double seconds)
{
    for (int i = 0; i < count; i++) {
        hold();
        int before = begun;
        let_go();
        waiters[i].seconds = seconds;
        waiters[i].thread = started(wait_once, &waiters[i]);
        hold_until(&begun, before + 1);
        let_go();
    }
}

THREADING_UNUSED static void finish_waiters(waiter_t *waiters, int count, threading_status_t expected)
{
    for (int i = 0; i < count; i++) {
        finished(waiters[i].thread);
        CHECK_STATUS(waiters[i].status, expected);
    }
}

#endif
