/* SPDX-License-Identifier: MIT */
/* What the suites about the RWLock share: one lock, threads that note their turn, and a look from outside. */
#ifndef RWLOCK_CASES_H
#define RWLOCK_CASES_H

#include "conformance.h"
#include "crowd.h"
#include "gate.h"

/* Each case is a process of its own, so all of this begins at zero. */
static threading_rwlock_t rwlock;
THREADING_UNUSED static threading_lock_t gate;
THREADING_UNUSED static atomic_int announced; /* threads that have got somewhere, as the case says */
THREADING_UNUSED static atomic_int arrived;   /* of meet() */
THREADING_UNUSED static atomic_int may_leave; /* how many readers may release */
THREADING_UNUSED static atomic_bool over;

THREADING_UNUSED static void read_it(void)
{
    CHECK_STATUS(threading_rwlock_acquire_read(&rwlock), THREADING_OK);
}

THREADING_UNUSED static void done_reading(void)
{
    CHECK_STATUS(threading_rwlock_release_read(&rwlock), THREADING_OK);
}

THREADING_UNUSED static void write_it(void)
{
    CHECK_STATUS(threading_rwlock_acquire_write(&rwlock), THREADING_OK);
}

THREADING_UNUSED static void done_writing(void)
{
    CHECK_STATUS(threading_rwlock_release_write(&rwlock), THREADING_OK);
}

/* Another thread's tries: their results say whether they succeeded, and have left no trace. */
static void *try_to_read(void *lock)
{
    if (threading_rwlock_try_acquire_read(lock) != THREADING_OK)
        return NULL;
    CHECK_STATUS(threading_rwlock_release_read(lock), THREADING_OK);
    return lock;
}

static void *try_to_write(void *lock)
{
    if (threading_rwlock_try_acquire_write(lock) != THREADING_OK)
        return NULL;
    CHECK_STATUS(threading_rwlock_release_write(lock), THREADING_OK);
    return lock;
}

THREADING_UNUSED static bool others_can(threading_target_t try, threading_rwlock_t *lock)
{
    void *result = NULL;
    threading_thread_t *thread = started(try, lock);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK_STATUS(threading_thread_result(thread, &result), THREADING_OK);
    threading_thread_free(thread);
    return result != NULL;
}

/* False while it is read: a writer stands in line. That is how a case knows that one waits. */
THREADING_UNUSED static bool others_can_read_this(threading_rwlock_t *lock)
{
    return others_can(try_to_read, lock);
}

THREADING_UNUSED static bool others_can_read(void)
{
    return others_can_read_this(&rwlock);
}

THREADING_UNUSED static bool others_can_write(void)
{
    return others_can(try_to_write, &rwlock);
}

/* A lock that was read very often is left so until somebody writes: src/core/sync/bias.h. */
THREADING_UNUSED static bool is_biased(void)
{
    return rwlock.state == UINT32_C(0x80000001) && rwlock.writer >= UINT32_C(0x80000000);
}

THREADING_UNUSED static void is_free_and_works(void)
{
    CHECK(is_zero(&rwlock, sizeof rwlock) || is_biased());
    CHECK_STATUS(threading_rwlock_try_acquire_write(&rwlock), THREADING_OK);
    CHECK(!others_can_read());
    done_writing();
    CHECK(is_zero(&rwlock, sizeof rwlock));
    CHECK_STATUS(threading_rwlock_try_acquire_read(&rwlock), THREADING_OK);
    CHECK(others_can_read());
    CHECK(!others_can_write());
    done_reading();
    CHECK(is_zero(&rwlock, sizeof rwlock));
}

/* Nobody knows any more whose share it was. */
THREADING_UNUSED static void ended_reader_keeps_writers_out(void)
{
    CHECK_STATUS(threading_rwlock_try_acquire_write(&rwlock), THREADING_BUSY);
    CHECK_STATUS(threading_rwlock_acquire_write_timeout(&rwlock, 0.005), THREADING_TIMEOUT);
    CHECK_STATUS(threading_rwlock_release_read(&rwlock), THREADING_NOT_OWNER);
    read_it();
    CHECK(others_can_read());
    done_reading();
    CHECK_STATUS(threading_rwlock_init(&rwlock), THREADING_OK);
    is_free_and_works();
}

/* The names of those who had the lock, in that order. */
static threading_lock_t order_lock;
static char order[20];

THREADING_UNUSED static void order_is_empty(void)
{
    order[0] = '\0';
}

THREADING_UNUSED static void append(const char *name)
{
    THREADING_WITH_LOCK(&order_lock) {
        size_t length = 0;
        while (order[length] != '\0')
            length++;
        CHECK(length + 1 < sizeof order);
        order[length] = name[0];
        order[length + 1] = '\0';
    }
}

THREADING_UNUSED static void *write_in_order(void *name)
{
    write_it();
    append(name);
    done_writing();
    return NULL;
}

THREADING_UNUSED static void *read_in_order(void *name)
{
    read_it();
    append(name);
    done_reading();
    return NULL;
}

/* For targets whose argument is a name that they only read. */
THREADING_UNUSED static threading_thread_t *started_as(threading_target_t target, const char *name)
{
    return started(target, (void *)(uintptr_t)name);
}

#endif
