/* SPDX-License-Identifier: MIT */
/* Waiting for any of several things while others take them, time runs out or memory is freed. */
#include "wait_any_base.h"

enum { QUEUES = 3, ITEMS = 8000 };
static threading_queue_t *queues[QUEUES];
static atomic_uchar had[QUEUES][ITEMS];
static atomic_int next_item[QUEUES];

static int item_count(void)
{
    return is_slow() ? ITEMS / 20 : ITEMS;
}

static void *put_items(void *which)
{
    int place = *(int *)which;
    for (int item; (item = atomic_fetch_add(&next_item[place], 1)) < item_count();)
        CHECK_STATUS(threading_queue_put(queues[place], &item), THREADING_OK);
    return NULL;
}

static bool take_from(size_t place)
{
    int item = -1;
    threading_status_t status = threading_queue_try_get(queues[place], &item);
    if (status == THREADING_OK)
        CHECK_EQUAL(atomic_fetch_add(&had[place][item], 1), 0);
    else
        CHECK(status == THREADING_EMPTY || status == THREADING_SHUTDOWN);
    return status != THREADING_SHUTDOWN;
}

/* Gets what any of the queues has, until all are shut down: those that are, are watched no more. */
static void *take_from_any(void *arg)
{
    threading_source_t own[QUEUES];
    size_t places[QUEUES] = {0, 1, 2}, count = QUEUES;
    for (size_t i = 0; i < QUEUES; i++)
        own[i] = (threading_source_t)THREADING_SOURCE_QUEUE(queues[i]);
    while (count > 0) {
        size_t which = wait_for_any(own, count);
        if (!take_from(places[which])) {
            own[which] = own[--count];
            places[which] = places[count];
        }
    }
    return arg;
}

static void *take_from_one(void *which)
{
    int place = *(int *)which, item = -1;
    while (threading_queue_get(queues[place], &item) == THREADING_OK)
        CHECK_EQUAL(atomic_fetch_add(&had[place][item], 1), 0);
    return NULL;
}

/* Producers wait for room, some consumers for one queue and some for any: each item is had once. */
CASE(consumers_of_any_queue_and_of_one_share_the_items)
{
    static int places[QUEUES] = {0, 1, 2};
    threading_thread_t *putters[2 * QUEUES], *takers[QUEUES + 3];
    for (size_t i = 0; i < QUEUES; i++)
        queues[i] = threading_queue_new(THREADING_QUEUE_FIFO, sizeof(int), 1 + 4 * i, NULL);
    for (int i = 0; i < QUEUES; i++) {
        start_many(putters + 2 * i, 2, put_items, &places[i]);
        start_many(takers + i, 1, take_from_one, &places[i]);
    }
    start_many(takers + QUEUES, 3, take_from_any, NULL);
    finish_many(putters, 2 * QUEUES);
    for (size_t i = 0; i < QUEUES; i++)
        CHECK_STATUS(threading_queue_shutdown(queues[i], false), THREADING_OK);
    finish_many(takers, QUEUES + 3);
    for (size_t i = 0; i < QUEUES; i++) {
        for (int item = 0; item < item_count(); item++)
            CHECK_EQUAL(atomic_load(&had[i][item]), 1);
        threading_queue_free(queues[i]);
    }
}

/* Several who watch a semaphore try for what they were told of: each value is had once, and the last gets on. */
static void *try_for_it(void *arg)
{
    threading_source_t own[2] = {THREADING_SOURCE_SEMAPHORE(&semaphore), THREADING_SOURCE_EVENT(&quit)};
    while (wait_for_any(own, 2) == 0)
        if (threading_semaphore_try_acquire(&semaphore) == THREADING_OK)
            atomic_fetch_add(&taken, 1);
    return arg;
}

CASE(watchers_that_try_have_each_value_once)
{
    int values = is_slow() ? 500 : 5000;
    uint32_t seed = 9;
    threading_thread_t *threads[4];
    start_many(threads, 4, try_for_it, NULL);
    for (int released = 0; released < values;) {
        int n = 1 + (int)random_below(&seed, 3);
        released += n;
        CHECK_STATUS(threading_semaphore_release_n(&semaphore, (size_t)n), THREADING_OK);
        if (released % 7 == 0)
            AWAIT(atomic_load(&taken) == released);
        if (released >= values)
            AWAIT(atomic_load(&taken) == released);
    }
    CHECK_STATUS(threading_event_set(&quit), THREADING_OK);
    finish_many(threads, 4);
    CHECK(is_zero(&semaphore, sizeof semaphore));
}

static void *watch_in_tiny_times(void *arg)
{
    threading_source_t own[2] = {THREADING_SOURCE_EVENT(&quit), THREADING_SOURCE_EVENT(&event)};
    size_t which = 2;
    threading_status_t status;
    while ((status = threading_wait_any(own, 2, 2e-5, &which)) == THREADING_TIMEOUT)
        CHECK_EQUAL(which, 2);
    CHECK_STATUS(status, THREADING_OK);
    CHECK_EQUAL(which, 1);
    return arg;
}

CASE(timeouts_beside_the_wake_lose_nothing)
{
    threading_source_t source = source_of_event(&event);
    for (int round = 0; round < (is_slow() ? 30 : 300); round++) {
        threading_thread_t *threads[6];
        start_many(threads, 4, watch_in_tiny_times, NULL);
        start_many(threads + 4, 2, watch_twice, &source);
        set_event();
        finish_many(threads, 6);
        CHECK_STATUS(threading_event_clear(&event), THREADING_OK);
    }
}

/* ---- lifetimes ---- */

enum { BLOCKS = 2000 };
static struct block {
    threading_event_t event;
    threading_source_t sources[2];
} * blocks[BLOCKS];

/* Frees the event and the sources as soon as it is told, while the setter may still be in its call. */
static void *free_when_told(void *arg)
{
    for (int i = 0; i < (is_slow() ? BLOCKS / 10 : BLOCKS); i++) {
        atomic_store(&announced, i + 1);
        CHECK_EQUAL(wait_for_any(blocks[i]->sources, 2), i % 2);
        free(blocks[i]);
    }
    return arg;
}

CASE(memory_may_be_freed_once_the_wait_is_over)
{
    int count = is_slow() ? BLOCKS / 10 : BLOCKS;
    for (int i = 0; i < count; i++) {
        blocks[i] = calloc(1, sizeof *blocks[i]);
        CHECK(blocks[i] != NULL);
        blocks[i]->sources[i % 2] = source_of_event(&blocks[i]->event);
        blocks[i]->sources[1 - i % 2] = source_of_event(&quit);
    }
    threading_thread_t *thread = started(free_when_told, NULL);
    for (int i = 0; i < count; i++) {
        for (int patience = 0; patience < 100 && atomic_load(&announced) <= i; patience++)
            (void)threading_sleep(0);
        CHECK_STATUS(threading_event_set(&blocks[i]->event), THREADING_OK);
    }
    finished(thread);
}

static atomic_int watching; /* threads that have not come to their end */

/* Waits so shortly that the time often runs out when the event is just set; then nobody may know of the wait. */
static void *leave_no_trace(void *arg)
{
    uint32_t seed = (uint32_t)atomic_fetch_add(&announced, 1) + 1;
    for (int turn = 0; turn < (is_slow() ? 200 : 2000); turn++) {
        threading_source_t own[2] = {source_of_event(&quit), source_of_event(&event)};
        threading_status_t status = threading_wait_any(own, 2, random_below(&seed, 100) * 1e-6, NULL);
        CHECK(status == THREADING_OK || status == THREADING_TIMEOUT);
        memset(own, 0, sizeof own);
        (void)threading_sleep(turn % 4 == 0 ? 2e-5 : 0);
        CHECK(is_zero(own, sizeof own));
    }
    atomic_fetch_sub(&watching, 1);
    return arg;
}

CASE(sources_are_not_touched_after_the_return)
{
    threading_thread_t *threads[8];
    atomic_store(&watching, 8);
    start_many(threads, 8, leave_no_trace, NULL);
    while (atomic_load(&watching) > 0) {
        set_event();
        CHECK_STATUS(threading_event_clear(&event), THREADING_OK);
        (void)threading_sleep(2e-5);
    }
    finish_many(threads, 8);
}
