/* SPDX-License-Identifier: MIT */
/* threading_executor_map(): one task for each of many arguments. */
#include <math.h>

#include "conformance.h"
#include "crowd.h"
#include "gate.h"
#include "tasks.h"

static int object, untouched;
static int numbers[100], squares[100 * 100];
static atomic_int entered, runs;

static void set_items(void **items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        items[i] = &numbers[i];
}

static void set_untouched(void **results, size_t count)
{
    for (size_t i = 0; i < count; i++)
        results[i] = &untouched;
}

static void check_untouched(void *const *results, size_t count)
{
    for (size_t i = 0; i < count; i++)
        CHECK(results[i] == &untouched);
}

static void *square(void *number)
{
    size_t value = (size_t)((int *)number - numbers);
    atomic_fetch_add(&runs, 1);
    return &squares[value * value];
}

static void check_squares(threading_executor_t *pool, size_t count)
{
    void *items[100] = {NULL}, *results[100];
    set_items(items, count);
    CHECK_STATUS(threading_executor_map(pool, square, items, count, results), THREADING_OK);
    for (size_t i = 0; i < count; i++)
        CHECK(results[i] == &squares[i * i]);
}

/* ------------------------------------------------------------------------------------------ its results */

/* CPython: test_concurrent_futures.executor.ExecutorTest.test_map */
CASE(results_are_in_the_order_of_the_items)
{
    threading_executor_t *pool = made_pool(4);
    for (size_t count = 0; count <= 100; count += 10)
        check_squares(pool, count);
    end_pool(pool);
}

CASE(results_may_be_dropped)
{
    void *items[100];
    threading_executor_t *pool = made_pool(4);
    set_items(items, 100);
    CHECK_STATUS(threading_executor_map(pool, square, items, 100, NULL), THREADING_OK);
    CHECK_EQUAL(atomic_load(&runs), 100);
    end_pool(pool);
}

CASE(map_of_nothing_is_over_at_once)
{
    threading_executor_t *pool = made_pool(4);
    CHECK_STATUS(threading_executor_map(pool, square, NULL, 0, NULL), THREADING_OK);
    CHECK_STATUS(threading_executor_map(pool, square, (void *[]){&object}, 0, (void *[]){&object}),
                 THREADING_OK);
    CHECK_EQUAL(threading_active_count(), 1);
    CHECK_EQUAL(atomic_load(&runs), 0);
    end_pool(pool);
}

CASE(results_may_replace_the_items)
{
    void *items[100];
    threading_executor_t *pool = made_pool(4);
    set_items(items, 100);
    CHECK_STATUS(threading_executor_map(pool, square, items, 100, items), THREADING_OK);
    for (size_t i = 0; i < 100; i++)
        CHECK(items[i] == &squares[i * i]);
    end_pool(pool);
}

static atomic_int arrived;

static void *meet_the_others(void *item)
{
    meet(&arrived, 4);
    return item;
}

/* They wait for each other: it would never end if the second were submitted after the first.
 * CPython: test_concurrent_futures.test_thread_pool.ThreadPoolExecutorTest.test_map_submits_without_iteration */
CASE(all_are_submitted_before_any_is_waited_for)
{
    void *items[40], *results[40];
    threading_executor_t *pool = made_pool(4);
    set_items(items, 40);
    CHECK_STATUS(threading_executor_map(pool, meet_the_others, items, 40, results), THREADING_OK);
    for (size_t i = 0; i < 40; i++)
        CHECK(results[i] == items[i]);
    end_pool(pool);
}

static int plain[100]; /* not atomic: map alone makes it right */

static void *add_to_plain(void *number)
{
    plain[(int *)number - numbers]++;
    return number;
}

CASE(map_sees_all_that_the_tasks_did)
{
    void *items[100];
    threading_executor_t *pool = made_pool(4);
    set_items(items, 100);
    for (int round = 1; round <= 20; round++) {
        CHECK_STATUS(threading_executor_map(pool, add_to_plain, items, 100, NULL), THREADING_OK);
        for (size_t i = 0; i < 100; i++)
            CHECK_EQUAL(plain[i]++, 2 * round - 1);
    }
    end_pool(pool);
}

static void *check_squares_often(void *pool)
{
    for (size_t i = 0; i < 20; i++)
        check_squares(pool, 5 * i);
    return NULL;
}

CASE(many_threads_may_map)
{
    threading_thread_t *threads[4];
    threading_executor_t *pool = made_pool(3);
    start_many(threads, 4, check_squares_often, pool);
    foreign_t *foreign = foreign_start(check_squares_often, pool);
    finish_many(threads, 4);
    foreign_join(foreign);
    end_pool(pool);
}

/* --------------------------------------------------------------------------------------------- nested */

static threading_executor_t *nested_pool;

/* Each level maps over three of the next; what is below is in the argument. */
static void *map_below(void *level)
{
    size_t below = (size_t)((int *)level - numbers);
    void *items[3], *results[3];
    atomic_fetch_add(&runs, 1);
    if (below == 0)
        return level;
    for (size_t i = 0; i < 3; i++)
        items[i] = &numbers[below - 1];
    CHECK_STATUS(threading_executor_map(nested_pool, map_below, items, 3, results), THREADING_OK);
    for (size_t i = 0; i < 3; i++)
        CHECK(results[i] == &numbers[below - 1]);
    return level;
}

static void check_nested(size_t max_workers)
{
    nested_pool = made_pool(max_workers);
    CHECK(value_of(submitted(nested_pool, map_below, &numbers[4])) == &numbers[4]);
    CHECK_EQUAL(atomic_exchange(&runs, 0), 1 + 3 + 9 + 27 + 81);
    end_pool(nested_pool);
}

CASE(map_in_a_map_in_a_pool_of_one)
{
    check_nested(1);
}

CASE(map_in_a_map_in_a_pool_of_three)
{
    check_nested(3);
}

static void *map_elsewhere(void *pool)
{
    check_squares(pool, 30);
    return NULL;
}

CASE(map_in_a_task_of_another_pool)
{
    threading_executor_t *inner = made_pool(2), *outer = made_pool(2);
    (void)value_of(submitted(outer, map_elsewhere, inner));
    end_pool(outer);
    end_pool(inner);
}

/* -------------------------------------------------------------------------------------------- failures */

/* A task that shuts its pool down: those that have not begun are cancelled, or are not submitted any more. */
static void *shut_down_first(void *number)
{
    atomic_fetch_add(&runs, 1);
    CHECK_STATUS(threading_executor_shutdown(nested_pool, false, true), THREADING_OK);
    return number;
}

/* CPython: test_concurrent_futures.executor.ExecutorTest.test_map_exception */
CASE(first_failure_is_told_and_what_came_before_is_kept)
{
    void *items[20], *results[20];
    nested_pool = made_pool(1);
    set_items(items, 20);
    set_untouched(results, 20);
    threading_status_t status = threading_executor_map(nested_pool, shut_down_first, items, 20, results);
    CHECK(status == THREADING_CANCELLED || status == THREADING_SHUTDOWN);
    CHECK_EQUAL(atomic_load(&runs), 1);
    CHECK(results[0] == items[0]);
    check_untouched(results + 1, 19);
    end_pool(nested_pool);
}

enum { stopped_count = 10 };
static atomic_bool may_end;

static void *run_for_a_while(void *number)
{
    atomic_fetch_add(&entered, 1);
    if (number == &numbers[0])
        AWAIT(atomic_load(&may_end));
    CHECK_EQUAL(atomic_fetch_add(&runs, 1) + 1, atomic_load(&entered)); /* a pool of one */
    return number;
}

static void *let_it_end(void *stop)
{
    AWAIT(atomic_load(&entered) > 0);
    CHECK_STATUS(threading_stop_request(stop), THREADING_OK);
    (void)threading_sleep(0.01); /* time to notice the stop, before there is nothing to wait for any more */
    atomic_store(&may_end, true);
    return NULL;
}

/* Maps in a thread that heeds a stop. The first task runs when it is requested: it is waited for, the
 * others are not run. */
static threading_status_t map_until_stopped(threading_executor_t *pool)
{
    enum { count = stopped_count };
    void *items[count], *results[count];
    threading_stop_t stop = {0};
    set_items(items, count);
    set_untouched(results, count);
    atomic_store(&entered, 0);
    atomic_store(&runs, 0);
    atomic_store(&may_end, false);
    threading_thread_t *requests = started(let_it_end, &stop);
    (void)threading_stop_heed(&stop);
    threading_status_t status = threading_executor_map(pool, run_for_a_while, items, count, results);
    (void)threading_stop_heed(NULL);
    CHECK(atomic_load(&may_end));
    CHECK_EQUAL(atomic_load(&runs), atomic_load(&entered));
    if (status == THREADING_CANCELLED)
        check_untouched(results + atomic_load(&runs), (size_t)(count - atomic_load(&runs)));
    finished(requests);
    return status;
}

/* A map that notices the stop too late has run all of them, but that does not happen again and again.
 * CPython: test_concurrent_futures.test_thread_pool.ThreadPoolExecutorTest.test_executor_map_current_future_cancel */
CASE(map_that_is_stopped_cancels_the_rest_and_waits_for_what_runs)
{
    threading_executor_t *pool = made_pool(1);
    threading_status_t status;
    do {
        status = map_until_stopped(pool);
        CHECK(status == THREADING_OK || status == THREADING_CANCELLED);
    } while (status == THREADING_OK || atomic_load(&runs) == stopped_count);
    CHECK(value_of(submitted(pool, return_at_once, &object)) == &object);
    end_pool(pool);
}

static void *sleep_a_little(void *item)
{
    (void)threading_sleep(0.01);
    return item;
}

static threading_status_t map_for_a_while(threading_executor_t *pool, double seconds)
{
    enum { count = 20 };
    void *items[count], *results[count];
    threading_stop_t stop;
    set_items(items, count);
    set_untouched(results, count);
    CHECK_STATUS(threading_stop_init_child(&stop, NULL, seconds), THREADING_OK);
    (void)threading_stop_heed(&stop);
    threading_status_t status = threading_executor_map(pool, sleep_a_little, items, count, results);
    (void)threading_stop_heed(NULL);
    if (status != THREADING_OK)
        CHECK(results[count - 1] == &untouched);
    return status;
}

/* As above, it need not notice the time each time.
 * CPython: test_concurrent_futures.executor.ExecutorTest.test_map_timeout */
CASE(map_for_a_limited_time_is_one_with_a_stop_that_has_a_time)
{
    threading_status_t status;
    threading_executor_t *pool = made_pool(1);
    CHECK_STATUS(map_for_a_while(pool, THREADING_FOREVER), THREADING_OK);
    while ((status = map_for_a_while(pool, 0.03)) == THREADING_OK)
        continue;
    CHECK_STATUS(status, THREADING_CANCELLED);
    end_pool(pool);
}

/* ---------------------------------------------------------------------------------------- a limited time */

CASE(map_in_time_gives_all_results)
{
    void *items[20], *results[20];
    threading_executor_t *pool = made_pool(3);
    set_items(items, 20);
    CHECK_STATUS(threading_executor_map_timeout(pool, square, items, 20, results, 3600), THREADING_OK);
    for (size_t i = 0; i < 20; i++)
        CHECK(results[i] == &squares[i * i]);
    CHECK_STATUS(threading_executor_map_timeout(pool, square, items, 20, NULL, THREADING_FOREVER),
                 THREADING_OK);
    CHECK_EQUAL(atomic_load(&runs), 40);
    end_pool(pool);
}

static void *enter_and_sleep(void *item)
{
    atomic_fetch_add(&entered, 1);
    (void)threading_sleep(0.02);
    atomic_fetch_add(&runs, 1);
    return item;
}

/* What has begun is waited for, what has not does not begin, and what came first is kept. */
static threading_status_t run_out_of_time(threading_executor_t *pool)
{
    enum { count = 10 };
    void *items[count], *results[count];
    size_t kept = 0;
    set_items(items, count);
    set_untouched(results, count);
    atomic_store(&entered, 0);
    atomic_store(&runs, 0);
    double begin = threading_monotonic();
    threading_status_t status =
        threading_executor_map_timeout(pool, enter_and_sleep, items, count, results, 0.05);
    CHECK_EQUAL(atomic_load(&runs), atomic_load(&entered));
    if (status == THREADING_OK)
        return status;
    CHECK(threading_monotonic() - begin >= 0.05);
    while (kept < count && results[kept] == items[kept])
        kept++;
    CHECK(kept < count && kept <= (size_t)atomic_load(&runs));
    check_untouched(results + kept, count - kept);
    return status;
}

/* It need not notice the time each time. CPython: test_concurrent_futures.executor.ExecutorTest.test_map_timeout */
CASE(map_that_runs_out_of_time_cancels_the_rest_and_waits_for_what_runs)
{
    threading_executor_t *pool = made_pool(1);
    threading_status_t status;
    do
        status = run_out_of_time(pool);
    while (status == THREADING_OK);
    CHECK_STATUS(status, THREADING_TIMEOUT);
    CHECK(value_of(submitted(pool, return_at_once, &object)) == &object);
    end_pool(pool);
}

CASE(map_without_time_looks_once)
{
    void *items[3], *results[3];
    threading_lock_t gate = {0};
    threading_executor_t *pool = made_pool(1);
    set_items(items, 3);
    set_untouched(results, 3);
    gate_close(&gate);
    threading_future_t *busy = submitted(pool, wait_at_gate, &gate);
    AWAIT(threading_future_running(busy));
    CHECK_STATUS(threading_executor_map_timeout(pool, square, items, 3, results, 0), THREADING_TIMEOUT);
    CHECK_STATUS(threading_executor_map_timeout(pool, square, NULL, 0, NULL, 0), THREADING_OK);
    check_untouched(results, 3);
    gate_open(&gate);
    CHECK(value_of(busy) == &gate);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 0);
}

static void *map_below_for_a_while(void *arg)
{
    void *items[3];
    set_items(items, 3);
    CHECK_STATUS(threading_executor_map_timeout(nested_pool, square, items, 3, NULL, 0.01),
                 THREADING_TIMEOUT);
    CHECK_EQUAL(atomic_load(&runs), 0);
    CHECK_STATUS(threading_executor_map_timeout(nested_pool, square, items, 3, NULL, THREADING_FOREVER),
                 THREADING_OK);
    CHECK_EQUAL(atomic_load(&runs), 3);
    return arg;
}

/* What it ran itself might last longer than the time. */
CASE(map_with_a_limit_in_a_task_runs_no_items_itself)
{
    nested_pool = made_pool(1);
    CHECK(value_of(submitted(nested_pool, map_below_for_a_while, &object)) == &object);
    end_pool(nested_pool);
}

CASE(map_for_a_bad_time_is_refused)
{
    void *items[3];
    threading_executor_t *pool = made_pool(1);
    set_items(items, 3);
    CHECK_STATUS(threading_executor_map_timeout(pool, square, items, 3, NULL, NAN), THREADING_INVALID);
    CHECK_STATUS(threading_executor_map_timeout(pool, square, items, 3, NULL, -2), THREADING_INVALID);
    CHECK_STATUS(threading_executor_map_timeout(pool, square, items, 0, NULL, NAN), THREADING_INVALID);
    CHECK_STATUS(threading_executor_map_timeout(pool, square, items, 3, NULL, INFINITY), THREADING_OVERFLOW);
    CHECK_STATUS(threading_executor_map_timeout(NULL, square, items, 3, NULL, 1), THREADING_INVALID);
    CHECK_STATUS(threading_executor_map_timeout(pool, NULL, items, 3, NULL, 1), THREADING_INVALID);
    CHECK_STATUS(threading_executor_map_timeout(pool, square, NULL, 3, NULL, 1), THREADING_INVALID);
    CHECK_EQUAL(threading_active_count(), 1);
    CHECK_EQUAL(atomic_load(&runs), 0);
    end_pool(pool);
}

/* -------------------------------------------------------------------------------------------- refusals */

CASE(map_after_a_shutdown_is_refused)
{
    void *items[3], *results[3];
    threading_executor_t *pool = made_pool(2);
    set_items(items, 3);
    set_untouched(results, 3);
    CHECK_STATUS(threading_executor_shutdown(pool, true, false), THREADING_OK);
    CHECK_STATUS(threading_executor_map(pool, square, items, 3, results), THREADING_SHUTDOWN);
    check_untouched(results, 3);
    CHECK_EQUAL(atomic_load(&runs), 0);
    end_pool(pool);
}

static bool fail(void *unused)
{
    (void)unused;
    return false;
}

CASE(map_in_a_broken_pool_is_told_so)
{
    void *items[3], *results[3];
    threading_executor_t *pool =
        threading_executor_new(2, &(threading_executor_options_t){.initializer = fail});
    set_items(items, 3);
    set_untouched(results, 3);
    for (int i = 0; i < 2; i++)
        CHECK_STATUS(threading_executor_map(pool, square, items, 3, results), THREADING_BROKEN);
    check_untouched(results, 3);
    CHECK_EQUAL(atomic_load(&runs), 0);
    end_pool(pool);
}

CASE(map_of_null_is_refused)
{
    void *items[3], *results[3];
    threading_executor_t *pool = made_pool(2);
    set_items(items, 3);
    set_untouched(results, 3);
    CHECK_STATUS(threading_executor_map(NULL, square, items, 3, results), THREADING_INVALID);
    CHECK_STATUS(threading_executor_map(NULL, square, NULL, 0, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_executor_map(pool, NULL, items, 3, results), THREADING_INVALID);
    CHECK_STATUS(threading_executor_map(pool, NULL, NULL, 0, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_executor_map(pool, square, NULL, 3, results), THREADING_INVALID);
    check_untouched(results, 3);
    CHECK_EQUAL(threading_active_count(), 1);
    end_pool(pool);
}

CASE(maps_leave_no_memory_behind)
{
    threading_executor_t *pool = made_pool(2);
    check_squares(pool, 100);
    size_t before = allocated_bytes();
    for (int i = 0; i < 100; i++)
        check_squares(pool, 100);
    CHECK(allocated_bytes() <= before + 64000); /* what is kept for each thread to use again */
    end_pool(pool);
}
