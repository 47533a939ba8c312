/* SPDX-License-Identifier: MIT */
/*
 * What the public calls cannot show: which threads wait in a queue. With that known, the order in which they get on can
 * be tested without guessing. (The library's allocation is replaced only to know how large a queue's object is.)
 */
#include "failing_memory.h"

#include "parking.h"
#include "self.h"

enum { WAITERS = 6 };

static threading_queue_t *queue;
static threading_thread_t *threads[WAITERS];
static atomic_int passed; /* threads that have come back from their call */
static int indexes[WAITERS] = {0, 1, 2, 3, 4, 5};
static int items[WAITERS]; /* what each thread got */

static void open_queue(size_t maxsize)
{
    queue = threading_queue_new(THREADING_QUEUE_FIFO, sizeof(int), maxsize, NULL);
    CHECK(queue != NULL);
}

static void put_it(int item)
{
    CHECK_STATUS(threading_queue_put(queue, &item), THREADING_OK);
}

static int get_it(void)
{
    int item = -1;
    CHECK_STATUS(threading_queue_get(queue, &item), THREADING_OK);
    return item;
}

/* Nobody holds the queue's lock while this is asked, so whoever is queued at an address in it waits for its turn. */
static int waiting_in_the_queue(void)
{
    uintptr_t begin = (uintptr_t)queue, end = begin + block_of(queue)->head.size;
    int count = 0;
    for (size_t i = 0; i < sizeof threading_buckets / sizeof *threading_buckets; i++) {
        ti_guard_lock(&threading_buckets[i].guard, &ti_self_get()->parker);
        for (const ti_waiter *waiter = threading_buckets[i].first; waiter != NULL; waiter = waiter->next)
            count += (uintptr_t)waiter->address >= begin && (uintptr_t)waiter->address < end;
        ti_guard_unlock(&threading_buckets[i].guard);
    }
    return count;
}

static void *get_one(void *index)
{
    items[*(int *)index] = get_it();
    atomic_fetch_add(&passed, 1);
    return NULL;
}

static void *put_own_index(void *index)
{
    put_it(*(int *)index);
    atomic_fetch_add(&passed, 1);
    return NULL;
}

static void *get_in_vain(void *arg)
{
    CHECK_STATUS(threading_queue_get_timeout(queue, 0.02, NULL), THREADING_TIMEOUT);
    return arg;
}

static void start_one_after_the_other(threading_target_t target)
{
    for (int i = 0; i < WAITERS; i++) {
        threads[i] = started(target, &indexes[i]);
        AWAIT(waiting_in_the_queue() == i + 1);
    }
}

static void finish_all(void)
{
    for (int i = 0; i < WAITERS; i++)
        finished(threads[i]);
    CHECK_EQUAL(waiting_in_the_queue(), 0);
    threading_queue_free(queue);
}

CASE(waiting_gets_get_on_in_the_order_of_their_coming)
{
    open_queue(0);
    start_one_after_the_other(get_one);
    for (int i = 0; i < WAITERS; i++) {
        put_it(i);
        AWAIT(atomic_load(&passed) == i + 1);
        CHECK_STATUS(threading_thread_join(threads[i]), THREADING_OK);
        CHECK_EQUAL(items[i], i);
    }
    finish_all();
}

CASE(waiting_puts_get_on_in_the_order_of_their_coming)
{
    open_queue(1);
    put_it(-1);
    start_one_after_the_other(put_own_index);
    for (int i = -1; i < WAITERS; i++)
        CHECK_EQUAL(get_it(), i);
    finish_all();
}

CASE(room_for_all_is_for_waiting_puts_in_their_order)
{
    open_queue(1);
    put_it(-1);
    start_one_after_the_other(put_own_index);
    CHECK_STATUS(threading_queue_set_maxsize(queue, 0), THREADING_OK);
    AWAIT(atomic_load(&passed) == WAITERS);
    for (int i = -1; i < WAITERS; i++)
        CHECK_EQUAL(get_it(), i);
    finish_all();
}

CASE(get_that_timed_out_is_in_no_queue)
{
    open_queue(0);
    threads[0] = started(get_one, &indexes[0]);
    AWAIT(waiting_in_the_queue() == 1);
    finished(started(get_in_vain, NULL));
    CHECK_EQUAL(waiting_in_the_queue(), 1);
    threads[1] = started(get_one, &indexes[1]);
    AWAIT(waiting_in_the_queue() == 2);
    for (int i = 0; i < 2; i++) {
        put_it(i);
        finished(threads[i]);
        CHECK_EQUAL(items[i], i);
    }
    threading_queue_free(queue);
}
