/* SPDX-License-Identifier: MIT */
/*
 * Very many operations on locks, a queue and an executor, by threads that wait for each other all the time;
 * in the end all sums must add up, and the memory must be what it was soon after the beginning.
 *
 *     fuzz-soak [OPERATIONS]
 *
 * An acquire is an operation, so are a release, a put, a get, a submit and a result. Half of them are those
 * of locks, four tenths those of the queue, and a tenth those of the executor.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "threading.h"

enum {
    COUNTERS = 8,
    LOCKERS = 3,
    PRODUCERS = 2,
    CONSUMERS = 2,
    SUBMITTERS = 2,
    WORKERS = 2,
    BATCH = 16,
    ROOM = 100
};

#define MUST(condition) ((condition) ? (void)0 : fails(#condition, __LINE__))

THREADING_NORETURN static void fails(const char *what, int line)
{
    fprintf(stderr, "soak.c:%d: %s does not hold\n", line, what);
    abort();
}

/* Plain numbers: only the lock keeps an increment whole. */
typedef struct counter {
    threading_lock_t lock;
    threading_rlock_t rlock;
    uint64_t by_lock, by_rlock;
} counter_t;

static counter_t counters[COUNTERS];
static uint64_t pairs, items, tasks; /* of each thread of the kind */
static threading_queue_t *queue;
static threading_executor_t *pool;
static atomic_uint_fast64_t put_sum, got_sum, submitted_sum, result_sum;
static atomic_uint threads_done;

static void *lock_and_count(void *arg)
{
    uint64_t random = (uint64_t)(uintptr_t)arg;
    for (uint64_t i = 0; i < pairs; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        counter_t *counter = &counters[random >> 61];
        if (i % 2 == 0) {
            MUST(threading_lock_acquire(&counter->lock) == THREADING_OK);
            counter->by_lock++;
            MUST(threading_lock_release(&counter->lock) == THREADING_OK);
        } else {
            MUST(threading_rlock_acquire(&counter->rlock) == THREADING_OK);
            counter->by_rlock++;
            MUST(threading_rlock_release(&counter->rlock) == THREADING_OK);
        }
    }
    atomic_fetch_add(&threads_done, 1);
    return NULL;
}

static void *produce(void *arg)
{
    uint64_t sum = 0, item = (uint64_t)(uintptr_t)arg;
    for (uint64_t i = 0; i < items; i++) {
        item = item * 6364136223846793005u + 1442695040888963407u;
        MUST(threading_queue_put(queue, &item) == THREADING_OK);
        sum += item;
    }
    atomic_fetch_add(&put_sum, sum);
    atomic_fetch_add(&threads_done, 1);
    return NULL;
}

static void *consume(void *arg)
{
    uint64_t sum = 0, item;
    for (uint64_t i = 0; i < items; i++) {
        MUST(threading_queue_get(queue, &item) == THREADING_OK);
        MUST(threading_queue_task_done(queue) == THREADING_OK);
        sum += item;
    }
    atomic_fetch_add(&got_sum, sum);
    atomic_fetch_add(&threads_done, 1);
    return arg;
}

static void *give_next(void *arg)
{
    return (char *)arg + 1;
}

static uint64_t take_result(threading_future_t *future)
{
    void *value;
    MUST(threading_future_result(future, &value) == THREADING_OK);
    threading_future_free(future);
    return (uint64_t)(uintptr_t)value;
}

static void *submit(void *arg)
{
    static char numbers[1000];
    uint64_t submitted = 0, results = 0;
    for (uint64_t i = 0; i < tasks; i += BATCH) {
        threading_future_t *futures[BATCH];
        for (int k = 0; k < BATCH; k++) {
            char *number = &numbers[(i + (uint64_t)k) % 999];
            MUST(threading_executor_submit(pool, give_next, number, &futures[k]) == THREADING_OK);
            submitted += (uint64_t)(uintptr_t)number + 1;
        }
        for (int k = 0; k < BATCH; k++)
            results += take_result(futures[k]);
    }
    atomic_fetch_add(&submitted_sum, submitted);
    atomic_fetch_add(&result_sum, results);
    atomic_fetch_add(&threads_done, 1);
    return arg;
}

/* Pages of the process that are in memory; 0 where it cannot be told. */
static long resident_pages(void)
{
    long all, resident;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%ld %ld", &all, &resident) != 2)
        resident = 0;
    fclose(file);
    return resident;
}

static threading_thread_t *start(threading_target_t target, uintptr_t number)
{
    threading_thread_t *thread = threading_thread_new(target, (void *)number, NULL);
    MUST(thread != NULL && threading_thread_start(thread) == THREADING_OK);
    return thread;
}

/* Runs all threads to their end. */
static void run(uint64_t operations)
{
    threading_thread_t *threads[LOCKERS + PRODUCERS + CONSUMERS + SUBMITTERS];
    size_t count = 0;
    pairs = operations / 2 / 2 / LOCKERS;
    items = operations * 2 / 5 / 2 / PRODUCERS;
    tasks = (operations / 10 / 2 / SUBMITTERS + BATCH - 1) / BATCH * BATCH;
    for (uintptr_t i = 0; i < LOCKERS; i++)
        threads[count++] = start(lock_and_count, i);
    for (uintptr_t i = 0; i < PRODUCERS; i++)
        threads[count++] = start(produce, i);
    for (uintptr_t i = 0; i < CONSUMERS; i++)
        threads[count++] = start(consume, i);
    for (uintptr_t i = 0; i < SUBMITTERS; i++)
        threads[count++] = start(submit, i);
    for (size_t i = 0; i < count; i++) {
        MUST(threading_thread_join(threads[i]) == THREADING_OK);
        threading_thread_free(threads[i]);
    }
    MUST(atomic_exchange(&threads_done, 0) == count);
    MUST(threading_queue_join(queue) == THREADING_OK);
}

static void add_up(uint64_t *by_lock, uint64_t *by_rlock)
{
    *by_lock = *by_rlock = 0;
    for (int i = 0; i < COUNTERS; i++) {
        *by_lock += counters[i].by_lock;
        *by_rlock += counters[i].by_rlock;
    }
}

/* What a run must have added, beside what was there before it. */
static void check(uint64_t expected_by_lock, uint64_t expected_by_rlock)
{
    uint64_t by_lock, by_rlock;
    add_up(&by_lock, &by_rlock);
    MUST(by_lock == expected_by_lock && by_rlock == expected_by_rlock);
    MUST(threading_queue_empty(queue) && threading_queue_unfinished(queue) == 0);
    MUST(atomic_load(&put_sum) == atomic_load(&got_sum));
    MUST(atomic_load(&submitted_sum) == atomic_load(&result_sum));
}

/* A tenth first, after which the memory is as large as it will be. */
int main(int count, char **arguments)
{
    uint64_t operations = count > 1 ? strtoull(arguments[1], NULL, 10) : 1000000, by_lock = 0, by_rlock = 0;
    threading_executor_options_t options = {.max_pending = ROOM};
    double begin = threading_monotonic();
    long pages = 0;
    queue = threading_queue_new(THREADING_QUEUE_FIFO, sizeof(uint64_t), ROOM, NULL);
    pool = threading_executor_new(WORKERS, &options);
    MUST(queue != NULL && pool != NULL);
    for (int part = 0; part < 10; part++) {
        run(operations / 10);
        by_lock += (pairs + 1) / 2 * LOCKERS;
        by_rlock += pairs / 2 * LOCKERS;
        check(by_lock, by_rlock);
        pages = part == 0 ? resident_pages() : pages;
    }
    MUST(threading_executor_shutdown(pool, true, false) == THREADING_OK);
    threading_executor_free(pool);
    threading_queue_free(queue);
    MUST(threading_active_count() == 1);
    long grown = resident_pages() - pages;
    printf("%llu operations in %.1f s; %ld pages in memory after a tenth of them, %+ld at the end\n",
           (unsigned long long)operations, threading_monotonic() - begin, pages, grown);
#if !defined(THREADING_TSAN) && !defined(__SANITIZE_ADDRESS__) /* which have memory of their own */
    MUST(grown < 512);
#endif
    return 0;
}
