/* SPDX-License-Identifier: MIT */
/*
 * What the suites about queues share: one queue of ints, calls on it that have to succeed, and threads that make
 * them. No public call tells that a thread waits in a queue: see let_them_wait().
 */
#ifndef QUEUE_BASE_H
#define QUEUE_BASE_H

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"
#include "crowd.h"

/* Each case is a process of its own, so all of this begins at zero. */
static threading_queue_t *queue;
static atomic_int announced; /* threads that stand right before their call */
static atomic_int passed;    /* threads that have come back from it */
static atomic_int destroyed; /* items that went to the destructor */
static atomic_int sum;       /* of the items that came out, in whatever way */

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static const threading_queue_kind_t kinds[] = {THREADING_QUEUE_FIFO, THREADING_QUEUE_LIFO,
                                               THREADING_QUEUE_PRIORITY};

THREADING_UNUSED static int compare_ints(const void *a, const void *b)
{
    int left = *(const int *)a, right = *(const int *)b;
    return (left > right) - (left < right);
}

/* The comparison is given to every kind: only the priorities may look at it. */
THREADING_UNUSED static threading_queue_t *new_queue(threading_queue_kind_t kind, size_t maxsize)
{
    threading_queue_t *made = threading_queue_new(kind, sizeof(int), maxsize, compare_ints);
    CHECK(made != NULL);
    return made;
}

THREADING_UNUSED static void open_queue(size_t maxsize)
{
    queue = new_queue(THREADING_QUEUE_FIFO, maxsize);
}

THREADING_UNUSED static void close_queue(void)
{
    threading_queue_free(queue);
    queue = NULL;
}

/* Runs a body with a fresh queue of each kind. */
THREADING_UNUSED static void with_each_kind(size_t maxsize, void (*body)(threading_queue_kind_t kind))
{
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        queue = new_queue(kinds[i], maxsize);
        body(kinds[i]);
        close_queue();
    }
}

THREADING_UNUSED static void put_it(int item)
{
    CHECK_STATUS(threading_queue_put(queue, &item), THREADING_OK);
}

THREADING_UNUSED static void put_many(int count)
{
    for (int i = 0; i < count; i++)
        put_it(i);
}

THREADING_UNUSED static int get_it(void)
{
    int item = INT_MIN;
    CHECK_STATUS(threading_queue_get(queue, &item), THREADING_OK);
    return item;
}

THREADING_UNUSED static threading_status_t try_put_it(int item)
{
    return threading_queue_try_put(queue, &item);
}

THREADING_UNUSED static threading_status_t put_it_within(double seconds)
{
    int item = 0;
    return threading_queue_put_timeout(queue, &item, seconds);
}

/* A get that gives an item adds it to the sum; one that gives none must not have written. */
THREADING_UNUSED static threading_status_t add_unless(threading_status_t status, int item)
{
    if (status == THREADING_OK)
        atomic_fetch_add(&sum, item);
    else
        CHECK_EQUAL(item, INT_MIN);
    return status;
}

THREADING_UNUSED static threading_status_t get_and_add(void)
{
    int item = INT_MIN;
    threading_status_t status = threading_queue_get(queue, &item);
    return add_unless(status, item);
}

THREADING_UNUSED static threading_status_t try_get_and_add(void)
{
    int item = INT_MIN;
    threading_status_t status = threading_queue_try_get(queue, &item);
    return add_unless(status, item);
}

THREADING_UNUSED static threading_status_t get_and_add_within(double seconds)
{
    int item = INT_MIN;
    threading_status_t status = threading_queue_get_timeout(queue, seconds, &item);
    return add_unless(status, item);
}

THREADING_UNUSED static void task_is_done(void)
{
    CHECK_STATUS(threading_queue_task_done(queue), THREADING_OK);
}

THREADING_UNUSED static void shut_down(bool immediate)
{
    CHECK_STATUS(threading_queue_shutdown(queue, immediate), THREADING_OK);
}

THREADING_UNUSED static void check_counts(size_t size, size_t unfinished)
{
    CHECK_EQUAL(threading_queue_size(queue), size);
    CHECK_EQUAL(threading_queue_empty(queue), size == 0);
    CHECK_EQUAL(threading_queue_unfinished(queue), unfinished);
}

THREADING_UNUSED static void count_destroyed(void *item)
{
    atomic_fetch_add(&destroyed, 1);
    atomic_fetch_add(&sum, *(int *)item);
}

/* Two queues, so that all three calls have to wait: one empty, one full. */
THREADING_UNUSED static threading_queue_t *full_queue;

THREADING_UNUSED static void open_an_empty_and_a_full_queue(void)
{
    open_queue(1);
    put_it(1);
    full_queue = queue;
    open_queue(1);
}

THREADING_UNUSED static void close_both_queues(void)
{
    CHECK_EQUAL(threading_queue_unfinished(full_queue), 1);
    threading_queue_free(full_queue);
    check_counts(0, 0);
    close_queue();
}

/* ---- threads: each makes one call, which has to succeed ---- */

THREADING_UNUSED static void *put_one(void *item)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_queue_put(queue, item), THREADING_OK);
    atomic_fetch_add(&passed, 1);
    return NULL;
}

THREADING_UNUSED static void *put_one_in_time(void *item)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_queue_put_timeout(queue, item, 1000), THREADING_OK);
    atomic_fetch_add(&passed, 1);
    return NULL;
}

THREADING_UNUSED static void *get_one(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(get_and_add(), THREADING_OK);
    atomic_fetch_add(&passed, 1);
    return arg;
}

THREADING_UNUSED static void *get_one_in_time(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(get_and_add_within(1000), THREADING_OK);
    atomic_fetch_add(&passed, 1);
    return arg;
}

THREADING_UNUSED static void *join_it(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_queue_join(queue), THREADING_OK);
    atomic_fetch_add(&passed, 1);
    return arg;
}

/* Gives so many threads that have announced themselves the time to begin to wait. It proves nothing: every case is
 * right whether they do or not, and only sees more if they do. */
THREADING_UNUSED static void let_them_wait(int count)
{
    AWAIT(atomic_load(&announced) == count);
    (void)threading_sleep(0.004);
}

/* So many have passed, and given a moment no further one does. */
THREADING_UNUSED static void only_so_many_pass(int count)
{
    AWAIT(atomic_load(&passed) >= count);
    (void)threading_sleep(0.002);
    CHECK_EQUAL(atomic_load(&passed), count);
}

#endif
