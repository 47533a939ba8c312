/* SPDX-License-Identifier: MIT */
/* Many threads: at once, and one after the other. */
#include "conformance.h"
#include "gate.h"

#include <stdlib.h>

static atomic_int runs;

static void *count_run(void *arg)
{
    atomic_fetch_add(&runs, 1);
    return arg;
}

/* CPython: test_threading.ThreadTests.test_various_ops */
CASE(storms_of_64_threads)
{
    enum { count = 64 };
    threading_thread_t *threads[count];
    int rounds = is_slow() ? 5 : 30;
    for (int round = 0; round < rounds; round++) {
        for (size_t i = 0; i < count; i++)
            threads[i] = started(count_run, NULL);
        for (size_t i = 0; i < count; i++)
            finished(threads[count - 1 - i]);
    }
    CHECK_EQUAL(atomic_load(&runs), rounds * count);
    CHECK_EQUAL(threading_active_count(), 1);
}

static void *storm(void *arg)
{
    for (int i = 0; i < 100; i++)
        finished(started(count_run, NULL));
    return arg;
}

CASE(storms_from_many_threads)
{
    enum { count = 8 };
    threading_thread_t *threads[count];
    for (size_t i = 0; i < count; i++)
        threads[i] = started(storm, NULL);
    for (size_t i = 0; i < count; i++)
        finished(threads[i]);
    CHECK_EQUAL(atomic_load(&runs), count * 100);
    CHECK_EQUAL(threading_active_count(), 1);
}

/* Each thread starts the next before it ends: no one but its maker ever holds a handle to it. */
static void *start_the_next(void *arg)
{
    int generation = atomic_fetch_add(&runs, 1) + 1;
    if (generation < *(const int *)arg)
        threading_thread_free(started(start_the_next, arg));
    return NULL;
}

CASE(generations_of_threads)
{
    static int generations;
    generations = is_slow() ? 300 : 3000;
    threading_thread_free(started(start_the_next, &generations));
    AWAIT(atomic_load(&runs) == generations);
    AWAIT(threading_active_count() == 1);
}

/* Starts as many as the system gives, up to `wanted`; they all live until the gate is opened. */
static size_t start_many(threading_thread_t **threads, size_t wanted, threading_lock_t *gate)
{
    size_t stack_size = threading_stack_size(0, NULL) == THREADING_UNSUPPORTED ? 0 : 65536;
    for (size_t i = 0; i < wanted; i++) {
        threads[i] = threading_thread(wait_at_gate, gate, .stack_size = stack_size);
        CHECK(threads[i] != NULL);
        threading_status_t status = threading_thread_start(threads[i]);
        if (status == THREADING_NO_THREADS) {
            threading_thread_free(threads[i]);
            return i;
        }
        CHECK_STATUS(status, THREADING_OK);
    }
    return wanted;
}

CASE(ten_thousand_threads_at_once)
{ /* slow */
    size_t wanted = is_slow() ? 500 : 10000;
    threading_lock_t gate = {0};
    threading_thread_t **threads = malloc(wanted * sizeof(threading_thread_t *));
    threading_thread_t **listed = malloc((wanted + 1) * sizeof(threading_thread_t *));
    CHECK(threads != NULL && listed != NULL);
    gate_close(&gate);
    size_t count = start_many(threads, (size_t)threads_at_once((int)wanted), &gate);
    CHECK_EQUAL(threading_active_count(), count + 1);
    CHECK_EQUAL(threading_enumerate(listed, wanted + 1), count + 1);
    for (size_t i = 0; i < count; i++) {
        CHECK(listed[i + 1] == threads[i]);
        CHECK(threading_thread_is_alive(threads[i]));
    }
    for (size_t i = 0; i < count + 1; i++)
        threading_thread_free(listed[i]);
    gate_open(&gate);
    for (size_t i = 0; i < count; i++)
        finished(threads[i]);
    CHECK_EQUAL(threading_active_count(), 1);
    free(threads);
    free(listed);
    if (count < wanted && count < 1000)
        SKIP("the system starts fewer than 1,000 threads");
}

static size_t memory_after_starts(int rounds)
{
    for (int i = 0; i < rounds; i++)
        finished(started(count_run, NULL));
    return allocated_bytes();
}

CASE(starts_and_joins_leave_no_memory_behind)
{ /* slow */
    int rounds = is_slow() ? 1000 : 100000;
    size_t before = memory_after_starts(500);
    size_t after = memory_after_starts(rounds);
    CHECK_EQUAL(atomic_load(&runs), rounds + 500);
    CHECK(after <= before + 16384);
}
