/* SPDX-License-Identifier: MIT */
/* What the public calls cannot show: that the memory of futures is kept for later ones, and how much of it. */
#define KEEPS_BLOCKS
#include "annotate.h"
#include "crowd.h"
#include "failing_memory.h"
#include "gate.h"
#include "tasks.h"

enum { many = 4 * TI_MAGAZINE };

static threading_future_t *futures[many];

static void needs_kept_memory(void)
{
    if (!TI_KEEPS_MEMORY)
        SKIP("memory is given back at once in a build for a tool that watches its use");
}

static void make_many(void)
{
    make_all(futures, many);
}

static void free_many(void)
{
    free_all(futures, many);
}

CASE(future_begins_where_a_line_of_the_cache_does)
{
    needs_kept_memory();
    make_many();
    for (int i = 0; i < many; i++)
        CHECK_EQUAL((uintptr_t)futures[i] % TI_BLOCK, 0);
    free_many();
}

CASE(future_that_was_freed_is_the_next_one)
{
    needs_kept_memory();
    threading_future_t *first = made_future();
    threading_future_free(first);
    memory_runs_out(0, false);
    for (int i = 0; i < 1000; i++) {
        threading_future_t *future = made_future();
        CHECK(future == first);
        CHECK(!threading_future_done(future));
        set_value(future, &futures);
        CHECK(value_of(future) == &futures);
    }
    CHECK_EQUAL(memory_comes_back(), 0);
}

CASE(as_many_futures_as_before_need_no_memory)
{
    needs_kept_memory();
    make_many();
    free_many();
    memory_runs_out(0, false);
    for (int i = 0; i < 10; i++) {
        make_many();
        free_many();
    }
    make_many();
    CHECK(threading_future_new() == NULL);
    CHECK_EQUAL(memory_comes_back(), 1);
    free_many();
}

static bool is_among_them(const threading_future_t *future)
{
    for (int i = 0; i < many; i++)
        if (futures[i] == future)
            return true;
    return false;
}

CASE(all_futures_are_different_whatever_was_freed)
{
    uint32_t seed = 1;
    make_many();
    for (int i = 0; i < 2000; i++) {
        uint32_t place = random_below(&seed, many);
        threading_future_free(futures[place]);
        futures[place] = NULL;
        threading_future_t *future = made_future();
        CHECK(!is_among_them(future));
        futures[place] = future;
    }
    free_many();
}

/* ---- several threads ---- */

static void *make_and_free_many(void *arg)
{
    make_many();
    free_many();
    return arg;
}

/* No full magazine, however often. */
static void *make_and_free_few(void *arg)
{
    for (int i = 0; i < 10; i++) {
        make_all(futures, TI_MAGAZINE - 1);
        free_all(futures, TI_MAGAZINE - 1);
    }
    return arg;
}

static void *free_all_of_them(void *arg)
{
    free_many();
    return arg;
}

CASE(thread_that_ends_keeps_none)
{
    needs_kept_memory();
    finished(started(return_at_once, NULL));
    int before = atomic_load(&alive);
    for (int i = 0; i < 10; i++)
        finished(started(make_and_free_few, NULL));
    CHECK_EQUAL(atomic_load(&alive), before);
}

CASE(futures_of_a_thread_that_ended_are_others_next_ones)
{
    needs_kept_memory();
    finished(started(make_and_free_many, NULL));
    memory_runs_out(0, false);
    make_many();
    CHECK_EQUAL(memory_comes_back(), 0);
    free_many();
}

CASE(futures_that_one_thread_makes_and_others_free_come_back)
{
    needs_kept_memory();
    make_many();
    finished(started(free_all_of_them, NULL));
    int before = atomic_load(&alive);
    for (int i = 0; i < 20; i++) {
        make_many();
        CHECK_EQUAL(atomic_load(&alive), before);
        finished(started(free_all_of_them, NULL));
    }
    CHECK_EQUAL(atomic_load(&alive), before);
}

CASE(no_more_is_kept_than_there_is_room_for)
{
    enum { crowd = (TI_DEPOT + 4) * TI_MAGAZINE };
    static threading_future_t *all[crowd];
    int before = atomic_load(&alive);
    make_all(all, crowd);
    CHECK_EQUAL(atomic_load(&alive), before + crowd);
    free_all(all, crowd);
    int kept = TI_KEEPS_MEMORY ? (TI_DEPOT + 2) * TI_MAGAZINE : 0;
    CHECK_EQUAL(atomic_load(&alive), before + kept);
}

static threading_queue_t *in_flight;

/* Gives each future that comes a value, and frees it; NULL is the last. */
static void *give_values(void *arg)
{
    for (;;) {
        threading_future_t *future = NULL;
        CHECK_STATUS(threading_queue_get(in_flight, &future), THREADING_OK);
        if (future == NULL)
            return arg;
        set_value(future, future);
        threading_future_free(future);
    }
}

/* Makes futures for the others, and sees that each is its own. */
static void *ask_for_values(void *arg)
{
    for (int i = 0; i < (is_slow() ? 500 : 5000); i++) {
        threading_future_t *future = made_future();
        threading_future_t *given = threading_future_retain(future);
        CHECK_STATUS(threading_queue_put(in_flight, &given), THREADING_OK);
        if (i % 3 == 0)
            threading_future_free(future);
        else
            CHECK(value_of(future) == future);
    }
    return arg;
}

CASE(futures_between_four_threads_are_never_two_at_once)
{
    threading_thread_t *askers[2], *givers[2];
    in_flight = threading_queue_new(THREADING_QUEUE_FIFO, sizeof(threading_future_t *), 0, NULL);
    CHECK(in_flight != NULL);
    start_many(askers, 2, ask_for_values, NULL);
    start_many(givers, 2, give_values, NULL);
    finish_many(askers, 2);
    for (int i = 0; i < 2; i++) {
        threading_future_t *last = NULL;
        CHECK_STATUS(threading_queue_put(in_flight, &last), THREADING_OK);
    }
    finish_many(givers, 2);
    threading_queue_free(in_flight);
}
