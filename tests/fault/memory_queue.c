/* SPDX-License-Identifier: MIT */
/* Memory runs out for queues: new and put; and what needs no memory at all, waiting for anything among it. */
#include "failing_memory.h"
#include "gate.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

enum { ITEMS = 40 };

static const threading_queue_kind_t kinds[] = {THREADING_QUEUE_FIFO, THREADING_QUEUE_LIFO,
                                               THREADING_QUEUE_PRIORITY};
static atomic_int destroyed;

static int compare_ints(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static threading_queue_t *new_queue(threading_queue_kind_t kind, size_t maxsize)
{
    return threading_queue_new(kind, sizeof(int), maxsize, compare_ints);
}

static void count_destroyed(void *item)
{
    CHECK(*(int *)item >= 0 && *(int *)item < ITEMS);
    atomic_fetch_add(&destroyed, 1);
}

static void check_counts(threading_queue_t *queue, size_t size, size_t unfinished)
{
    CHECK_EQUAL(threading_queue_size(queue), size);
    CHECK_EQUAL(threading_queue_unfinished(queue), unfinished);
}

/* The queue holds 0, 1, … and gives them in its order. */
static void check_items(threading_queue_t *queue, threading_queue_kind_t kind, int count)
{
    int item = -1;
    for (int i = 0; i < count; i++) {
        CHECK_STATUS(threading_queue_try_get(queue, &item), THREADING_OK);
        CHECK_EQUAL(item, kind == THREADING_QUEUE_LIFO ? count - 1 - i : i);
    }
    CHECK_STATUS(threading_queue_try_get(queue, &item), THREADING_EMPTY);
}

/* ---- what fails ---- */

static bool try_new(void *kind)
{
    threading_queue_t *queue = new_queue(*(threading_queue_kind_t *)kind, 5);
    threading_queue_free(queue);
    return queue != NULL;
}

CASE(new_gives_no_handle)
{
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        threading_queue_kind_t kind = kinds[i];
        check_attempt(try_new, &kind);
    }
}

static threading_status_t put_by(int spelling, threading_queue_t *queue, int item)
{
    switch (spelling % 3) {
    case 0:
        return threading_queue_put(queue, &item);
    case 1:
        return threading_queue_try_put(queue, &item);
    default:
        return threading_queue_put_timeout(queue, &item, 1000);
    }
}

/* Puts until a put fails; gives how many did not. */
static int put_many(threading_queue_t *queue)
{
    for (int i = 0; i < ITEMS; i++) {
        threading_status_t status = put_by(i, queue, i);
        if (status != THREADING_OK) {
            CHECK_STATUS(status, THREADING_NO_MEMORY);
            return i;
        }
    }
    return ITEMS;
}

/* A queue that could not take an item has those that it had, counts them, and works. */
static bool try_puts(void *arg)
{
    threading_queue_kind_t kind = *(threading_queue_kind_t *)arg;
    threading_queue_t *queue = new_queue(kind, 0);
    if (queue == NULL)
        return false;
    int count = put_many(queue);
    check_counts(queue, (size_t)count, (size_t)count);
    CHECK(!threading_queue_full(queue));
    CHECK(!threading_queue_is_shutdown(queue));
    check_items(queue, kind, count);
    check_counts(queue, 0, (size_t)count);
    if (count > 0)
        CHECK_STATUS(put_by(count, queue, 0), THREADING_OK); /* there is room from before */
    threading_queue_free(queue);
    return count == ITEMS;
}

/* CPython: test_queue.FailingQueueTest.test_failing_queue */
CASE(put_that_failed_changes_nothing)
{
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        threading_queue_kind_t kind = kinds[i];
        check_attempt(try_puts, &kind);
    }
}

/* Memory fails each put once; the same put is repeated, and all comes out as if nothing had been. */
static void repeat_each_put(threading_queue_kind_t kind)
{
    threading_queue_t *queue = new_queue(kind, ITEMS);
    int failed = 0;
    CHECK(queue != NULL);
    for (int i = 0; i < ITEMS; i++) {
        memory_runs_out(0, true);
        threading_status_t status = put_by(i, queue, i);
        if (memory_comes_back() > 0) {
            failed++;
            CHECK_STATUS(status, THREADING_NO_MEMORY);
            check_counts(queue, (size_t)i, (size_t)i);
            status = put_by(i, queue, i);
        }
        CHECK_STATUS(status, THREADING_OK);
    }
    CHECK(failed > 0);
    CHECK(threading_queue_full(queue));
    check_items(queue, kind, ITEMS);
    threading_queue_free(queue);
}

CASE(put_that_failed_can_be_repeated)
{
    for (size_t i = 0; i < LENGTH(kinds); i++)
        repeat_each_put(kinds[i]);
}

CASE(items_before_a_failed_put_are_destroyed_once)
{
    for (int after = 1; after < 100; after++) {
        memory_runs_out(after, false);
        threading_queue_t *queue = new_queue(THREADING_QUEUE_FIFO, 0);
        CHECK(queue != NULL);
        CHECK_STATUS(threading_queue_set_destructor(queue, count_destroyed), THREADING_OK);
        int count = put_many(queue);
        if (after % 2)
            CHECK_STATUS(threading_queue_shutdown(queue, true), THREADING_OK);
        threading_queue_free(queue);
        CHECK_EQUAL(atomic_exchange(&destroyed, 0), count);
        if (memory_comes_back() == 0)
            return;
    }
    check_failed(__FILE__, __LINE__, "a queue that needs no more than a hundred allocations", NULL);
}

static atomic_int returned, refused;

static void *get_7(void *queue)
{
    int item = 0;
    CHECK_STATUS(threading_queue_get(queue, &item), THREADING_OK);
    CHECK_EQUAL(item, 7);
    return NULL;
}

CASE(waiting_get_waits_on_after_a_failed_put)
{
    int item = 7;
    threading_queue_t *queue = new_queue(THREADING_QUEUE_FIFO, 0);
    threading_thread_t *thread = started(get_7, queue);
    memory_runs_out(0, false);
    threading_status_t status = threading_queue_put(queue, &item);
    if (memory_comes_back() > 0) {
        CHECK_STATUS(status, THREADING_NO_MEMORY);
        CHECK_STATUS(threading_thread_join_timeout(thread, 0.01), THREADING_TIMEOUT);
        status = threading_queue_put(queue, &item);
    }
    CHECK_STATUS(status, THREADING_OK);
    finished(thread);
    threading_queue_free(queue);
}

static void *put_or_be_refused(void *queue)
{
    int item = 0;
    threading_status_t status = threading_queue_put(queue, &item);
    if (status != THREADING_OK) {
        CHECK_STATUS(status, THREADING_NO_MEMORY);
        atomic_fetch_add(&refused, 1);
    }
    atomic_fetch_add(&returned, 1);
    return NULL;
}

/* Two wait for room; there is room for one, who then finds no memory: the other one gets on in his place. With
 * each number of items, since only the library knows when it needs memory. */
CASE(room_that_a_failed_put_leaves_is_for_the_next_who_waits)
{
    int once_refused = 0;
    for (size_t size = 1; size < ITEMS; size++) {
        threading_queue_t *queue = new_queue(THREADING_QUEUE_FIFO, size);
        for (size_t i = 0; i < size; i++)
            CHECK_STATUS(put_by(1, queue, 0), THREADING_OK);
        threading_thread_t *threads[2] = {started(put_or_be_refused, queue),
                                          started(put_or_be_refused, queue)};
        (void)threading_sleep(0.002); /* so that they do wait; right in any case */
        memory_runs_out(0, true);
        CHECK_STATUS(threading_queue_set_maxsize(queue, size + 1), THREADING_OK);
        AWAIT(threading_queue_size(queue) == size + 1);
        once_refused += memory_comes_back();
        AWAIT(atomic_load(&returned) == 1 + atomic_load(&refused));
        CHECK_STATUS(threading_queue_set_maxsize(queue, 0), THREADING_OK);
        finished(threads[0]);
        finished(threads[1]);
        CHECK_EQUAL(threading_queue_unfinished(queue), size + 2 - (size_t)atomic_exchange(&refused, 0));
        atomic_store(&returned, 0);
        threading_queue_free(queue);
    }
    CHECK(once_refused > 0);
}

/* ---- what needs no memory ---- */

CASE(all_but_new_and_put_needs_no_memory)
{
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        int item = -1;
        threading_queue_t *queue = new_queue(kinds[i], ITEMS);
        CHECK_EQUAL(put_many(queue), ITEMS);
        memory_runs_out(0, false);
        CHECK_STATUS(threading_queue_set_destructor(queue, count_destroyed), THREADING_OK);
        CHECK_STATUS(threading_queue_put_timeout(queue, &item, 0.001), THREADING_TIMEOUT);
        CHECK_STATUS(threading_queue_join_timeout(queue, 0.001), THREADING_TIMEOUT);
        CHECK_STATUS(threading_queue_get(queue, &item), THREADING_OK);
        CHECK_STATUS(threading_queue_put(queue, &item), THREADING_OK); /* in the place of the one before */
        CHECK_STATUS(threading_queue_get(queue, &item), THREADING_OK);
        CHECK_STATUS(threading_queue_get_timeout(queue, 1, NULL), THREADING_OK);
        CHECK_STATUS(threading_queue_task_done(queue), THREADING_OK);
        CHECK_STATUS(threading_queue_set_maxsize(queue, 3), THREADING_OK);
        check_counts(queue, ITEMS - 2, ITEMS);
        threading_queue_free(threading_queue_retain(queue));
        CHECK_STATUS(threading_queue_shutdown(queue, false), THREADING_OK);
        CHECK_STATUS(threading_queue_shutdown(queue, true), THREADING_OK);
        CHECK_EQUAL(atomic_exchange(&destroyed, 0), ITEMS - 2);
        CHECK_STATUS(threading_queue_get_timeout(queue, 1, NULL), THREADING_SHUTDOWN);
        threading_queue_free(queue);
        CHECK_EQUAL(memory_comes_back(), 0);
    }
}

static void *get_and_put_back(void *pair)
{
    threading_queue_t **queues = pair;
    int item = -1;
    for (int i = 0; i < 100; i++) {
        CHECK_STATUS(threading_queue_get(queues[0], &item), THREADING_OK);
        CHECK_STATUS(threading_queue_put(queues[1], &item), THREADING_OK);
    }
    return NULL;
}

/* An item has been in both queues before, so there is room for it. */
CASE(waits_need_no_memory)
{
    int item = 3;
    threading_queue_t *queues[2] = {new_queue(THREADING_QUEUE_FIFO, 1), new_queue(THREADING_QUEUE_FIFO, 1)};
    for (int i = 0; i < 2; i++) {
        CHECK_STATUS(threading_queue_put(queues[i], &item), THREADING_OK);
        CHECK_STATUS(threading_queue_get(queues[i], &item), THREADING_OK);
    }
    threading_thread_t *thread = started(get_and_put_back, queues);
    memory_runs_out(0, false);
    for (int i = 0; i < 100; i++) {
        CHECK_STATUS(threading_queue_put(queues[0], &item), THREADING_OK);
        CHECK_STATUS(threading_queue_get(queues[1], &item), THREADING_OK);
    }
    CHECK_EQUAL(memory_comes_back(), 0);
    finished(thread);
    threading_queue_free(queues[0]);
    threading_queue_free(queues[1]);
}

/* ---- waiting for any of several things ---- */

enum { EVENTS = 1000 };
static threading_event_t events[EVENTS];
static threading_source_t sources[EVENTS];
static threading_source_t few_sources[6];
static atomic_int rounds_begun;

static void *wait_for_any_event(void *arg)
{
    for (size_t round = 0; round < 10; round++) {
        size_t which = EVENTS;
        CHECK_STATUS(threading_wait_any(sources, EVENTS, 1000, &which), THREADING_OK);
        CHECK_EQUAL(which, EVENTS - 1 - round);
        CHECK_STATUS(threading_event_clear(&events[which]), THREADING_OK);
        atomic_fetch_add(&rounds_begun, 1);
    }
    return arg;
}

CASE(wait_for_any_of_a_thousand_events_needs_no_memory)
{
    for (size_t i = 0; i < EVENTS; i++)
        sources[i] = (threading_source_t)THREADING_SOURCE_EVENT(&events[i]);
    CHECK_STATUS(threading_wait_any(sources, EVENTS, 0.001, NULL), THREADING_TIMEOUT);
    threading_thread_t *thread = started(wait_for_any_event, NULL);
    memory_runs_out(0, false);
    for (size_t round = 0; round < 10; round++) {
        CHECK_STATUS(threading_event_set(&events[EVENTS - 1 - round]), THREADING_OK);
        AWAIT(atomic_load(&rounds_begun) == (int)round + 1);
    }
    CHECK_EQUAL(memory_comes_back(), 0);
    finished(thread);
}

static void *wait_for_any_kind(void *arg)
{
    CHECK_STATUS(threading_wait_any(few_sources, LENGTH(few_sources), THREADING_FOREVER, NULL), THREADING_OK);
    return arg;
}

CASE(wait_for_any_of_each_kind_needs_no_memory)
{
    threading_lock_t gate = {0};
    threading_semaphore_t semaphore = THREADING_SEMAPHORE_INIT(0);
    threading_bounded_semaphore_t bounded = THREADING_BOUNDED_SEMAPHORE_INIT(0);
    threading_future_t *future = threading_future_new();
    threading_queue_t *queue = new_queue(THREADING_QUEUE_FIFO, 0);
    gate_close(&gate);
    threading_thread_t *ends = started(wait_at_gate, &gate);
    const threading_source_t all[] = {THREADING_SOURCE_EVENT(&events[0]),
                                      THREADING_SOURCE_SEMAPHORE(&semaphore),
                                      THREADING_SOURCE_BOUNDED_SEMAPHORE(&bounded),
                                      THREADING_SOURCE_FUTURE(future),
                                      THREADING_SOURCE_QUEUE(queue),
                                      THREADING_SOURCE_THREAD(ends)};
    memcpy(few_sources, all, sizeof all);
    threading_thread_t *waits = started(wait_for_any_kind, NULL);
    memory_runs_out(0, false);
    threading_source_t own[LENGTH(all)];
    memcpy(own, all, sizeof all);
    CHECK_STATUS(threading_wait_any(own, LENGTH(own), 0.002, NULL), THREADING_TIMEOUT);
    CHECK_STATUS(threading_semaphore_release(&semaphore), THREADING_OK);
    CHECK_STATUS(threading_wait_any(own, LENGTH(own), THREADING_FOREVER, NULL), THREADING_OK);
    CHECK_EQUAL(memory_comes_back(), 0);
    gate_open(&gate);
    finished(waits);
    finished(ends);
    threading_future_free(future);
    threading_queue_free(queue);
}

/* ---- leaks ---- */

static void one_round(void)
{
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        threading_queue_t *queue = new_queue(kinds[i], 0);
        CHECK_EQUAL(put_many(queue), ITEMS);
        CHECK_STATUS(threading_queue_get(queue, NULL), THREADING_OK);
        threading_source_t source = THREADING_SOURCE_QUEUE(queue);
        CHECK_STATUS(threading_wait_any(&source, 1, 1, NULL), THREADING_OK);
        if (i == 1)
            CHECK_STATUS(threading_queue_shutdown(queue, true), THREADING_OK);
        threading_queue_free(queue);
    }
}

CASE(rounds_of_queues_leave_nothing_behind)
{
    one_round();
    int before = atomic_load(&alive);
    for (int i = 0; i < 50; i++)
        one_round();
    CHECK_EQUAL(atomic_load(&alive), before);
}
