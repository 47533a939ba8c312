/* SPDX-License-Identifier: MIT */
/* threading_executor_for(): a loop over indices on all cores. */
#include "conformance.h"
#include "crowd.h"
#include "gate.h"
#include "tasks.h"

enum { most = 10007 };
static atomic_uchar times[most];
static atomic_size_t runs, least, pieces, others, begun;
static uint64_t caller; /* the ident of the thread that loops */
static threading_executor_t *the_pool;
static threading_lock_t gate;
static int object;

/* Two threads must be able to run at once for what a case is about. */
static void needs_two_processors(void)
{
    if (threading_cpu_count() < 2)
        SKIP("the process has one processor");
}

static void must_loop(threading_executor_t *pool, size_t begin, size_t end, size_t grain,
                      void (*function)(size_t begin, size_t end, void *arg), void *arg)
{
    CHECK_STATUS(threading_executor_for(pool, begin, end, grain, function, arg), THREADING_OK);
}

/* --------------------------------------------------------------------------------------- all are run */

/* `first`: the index that counts as 0. */
static void count_each(size_t begin, size_t end, void *first)
{
    CHECK(begin < end);
    for (size_t i = begin; i < end; i++)
        atomic_fetch_add(&times[i - *(size_t *)first], 1);
}

static void check_once_each(threading_executor_t *pool, size_t begin, size_t count, size_t grain)
{
    must_loop(pool, begin, begin + count, grain, count_each, &begin);
    for (size_t i = 0; i < count; i++)
        CHECK_EQUAL(atomic_exchange(&times[i], 0), 1);
}

static void check_ranges(size_t max_workers)
{
    static const size_t counts[] = {0, 1, 2, 3, 7, 8, 9, 64, 1000, most};
    static const size_t grains[] = {0, 1, 3, 64, 5000, SIZE_MAX};
    threading_executor_t *pool = made_pool(max_workers);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        for (size_t j = 0; j < sizeof grains / sizeof *grains; j++) {
            check_once_each(pool, 0, counts[i], grains[j]);
            check_once_each(pool, 12345, counts[i], grains[j]);
            check_once_each(pool, SIZE_MAX - counts[i], counts[i], grains[j]);
        }
    end_pool(pool);
}

CASE(each_index_is_run_once_by_a_pool_of_one)
{
    check_ranges(1);
}

CASE(each_index_is_run_once_by_a_pool_of_four)
{
    check_ranges(4);
}

CASE(empty_range_is_over_at_once)
{
    threading_executor_t *pool = made_pool(2);
    must_loop(pool, 5, 5, 0, count_each, &object);
    must_loop(pool, SIZE_MAX, SIZE_MAX, 7, count_each, &object);
    CHECK_EQUAL(threading_active_count(), 1);
    end_pool(pool);
}

static void note_least(size_t begin, size_t end, void *arg)
{
    (void)arg;
    size_t size = end - begin, before = atomic_load(&least);
    while (size < before && !atomic_compare_exchange_weak(&least, &before, size))
        continue;
    atomic_fetch_add(&pieces, 1);
}

CASE(pieces_are_no_smaller_than_the_grain)
{
    threading_executor_t *pool = made_pool(4);
    for (size_t grain = 1; grain < 200; grain += 3) {
        atomic_store(&least, SIZE_MAX);
        must_loop(pool, 0, 1000, grain, note_least, NULL);
        CHECK(atomic_load(&least) >= grain);
    }
    end_pool(pool);
}

CASE(range_that_is_smaller_than_the_grain_is_one_piece)
{
    threading_executor_t *pool = made_pool(4);
    must_loop(pool, 0, 99, 100, note_least, NULL);
    CHECK_EQUAL(atomic_load(&pieces), 1);
    end_pool(pool);
}

CASE(many_indices_need_few_pieces)
{
    threading_executor_t *pool = made_pool(1);
    must_loop(pool, 0, 1000000, 0, note_least, NULL);
    CHECK(atomic_load(&pieces) < 2000);
    end_pool(pool);
}

static int plain[most]; /* not atomic: the loop alone makes it right */

static void add_to_plain(size_t begin, size_t end, void *arg)
{
    (void)arg;
    for (size_t i = begin; i < end; i++)
        plain[i]++;
}

CASE(loop_sees_all_that_the_pieces_did)
{
    threading_executor_t *pool = made_pool(3);
    for (int round = 1; round <= 50; round++) {
        must_loop(pool, 0, 1000, 0, add_to_plain, NULL);
        for (size_t i = 0; i < 1000; i++)
            CHECK_EQUAL(plain[i]++, 2 * round - 1);
    }
    end_pool(pool);
}

/* ------------------------------------------------------------------------------------ who runs them */

/* The caller goes on when another thread runs a piece. */
static void wait_for_another(size_t begin, size_t end, void *arg)
{
    (void)arg;
    if (threading_get_ident() != caller)
        atomic_fetch_add(&others, 1);
    else
        AWAIT(atomic_load(&others) > 0);
    atomic_fetch_add(&runs, end - begin);
}

CASE(worker_takes_part)
{
    needs_two_processors();
    threading_executor_t *pool = made_pool(1);
    caller = threading_get_ident();
    for (int i = 0; i < 20; i++) {
        atomic_store(&others, 0);
        must_loop(pool, 0, 100, 0, wait_for_another, NULL);
    }
    CHECK_EQUAL(atomic_load(&runs), 2000);
    end_pool(pool);
}

static void *stay(void *arg)
{
    atomic_fetch_add(&begun, 1);
    gate_pass(&gate);
    return arg;
}

/* A pool of one, whose worker is busy until the gate is opened. */
static threading_executor_t *made_busy_pool(void)
{
    threading_executor_t *pool = made_pool(1);
    gate_close(&gate);
    submit_and_forget(pool, stay, NULL);
    AWAIT(atomic_load(&begun) == 1);
    return pool;
}

static void count_runs(size_t begin, size_t end, void *arg)
{
    (void)arg;
    CHECK(threading_get_ident() == caller);
    atomic_fetch_add(&runs, end - begin);
}

CASE(caller_runs_all_while_the_workers_are_busy)
{
    threading_executor_t *pool = made_busy_pool();
    caller = threading_get_ident();
    must_loop(pool, 0, 1000, 0, count_runs, NULL);
    CHECK_EQUAL(atomic_load(&runs), 1000);
    gate_open(&gate);
    end_pool(pool);
}

CASE(loops_beside_busy_workers_leave_nothing_behind)
{
    threading_executor_t *pool = made_busy_pool();
    caller = threading_get_ident();
    must_loop(pool, 0, 100, 0, count_runs, NULL);
    size_t before = allocated_bytes();
    for (int i = 0; i < 10000; i++)
        must_loop(pool, 0, 100, 0, count_runs, NULL);
    CHECK(allocated_bytes() <= before + 64000); /* as in executor_map.c */
    gate_open(&gate);
    end_pool(pool);
}

/* The first piece of the caller's frees the worker; the others leave it time to come. */
static void free_the_worker(size_t begin, size_t end, void *gate_is_closed)
{
    (void)begin;
    (void)end;
    if (threading_get_ident() != caller)
        atomic_fetch_add(&others, 1);
    else if (atomic_exchange((atomic_bool *)gate_is_closed, false))
        gate_open(&gate);
    else
        (void)threading_sleep(0.0005);
}

/* Its task for the loop before is still queued, which fills what the pool has room for. */
CASE(worker_that_is_free_later_takes_part)
{
    needs_two_processors();
    atomic_bool gate_is_closed;
    threading_executor_t *pool = made_busy_pool();
    caller = threading_get_ident();
    must_loop(pool, 0, 100, 0, count_runs, NULL);
    atomic_init(&gate_is_closed, true);
    while (atomic_load(&others) == 0)
        must_loop(pool, 0, 100000, 0, free_the_worker, &gate_is_closed);
    end_pool(pool);
}

static void loop_below(size_t begin, size_t end, void *level)
{
    size_t below = *(size_t *)level - 1;
    atomic_fetch_add(&runs, end - begin);
    for (size_t i = begin; i < end && below > 0; i++)
        must_loop(the_pool, 0, 5, 0, loop_below, &below);
}

static void check_nested(size_t max_workers)
{
    size_t levels = 4;
    the_pool = made_pool(max_workers);
    must_loop(the_pool, 0, 5, 0, loop_below, &levels);
    CHECK_EQUAL(atomic_exchange(&runs, 0), 5 + 25 + 125 + 625);
    end_pool(the_pool);
}

CASE(loop_in_a_loop_in_a_pool_of_one)
{
    check_nested(1);
}

CASE(loop_in_a_loop_in_a_pool_of_three)
{
    check_nested(3);
}

static void *loop_in_task(void *pool)
{
    for (int i = 0; i < 20; i++)
        must_loop(pool, 0, 1000, 0, add_to_plain, NULL);
    return pool;
}

CASE(loop_in_a_task_of_its_own_pool)
{
    threading_executor_t *pool = made_pool(2);
    (void)value_of(submitted(pool, loop_in_task, pool));
    for (size_t i = 0; i < 1000; i++)
        CHECK_EQUAL(plain[i], 20);
    end_pool(pool);
}

CASE(loop_in_a_task_of_another_pool)
{
    threading_executor_t *inner = made_pool(2), *outer = made_pool(2);
    (void)value_of(submitted(outer, loop_in_task, inner));
    for (size_t i = 0; i < 1000; i++)
        CHECK_EQUAL(plain[i], 20);
    end_pool(outer);
    end_pool(inner);
}

static void count_all(size_t begin, size_t end, void *arg)
{
    (void)arg;
    atomic_fetch_add(&runs, end - begin);
}

static void *loop_often(void *pool)
{
    for (int i = 0; i < 50; i++)
        must_loop(pool, 0, 300, 0, count_all, NULL);
    return NULL;
}

CASE(many_threads_may_loop)
{
    threading_thread_t *threads[4];
    threading_executor_t *pool = made_pool(3);
    start_many(threads, 4, loop_often, pool);
    foreign_t *foreign = foreign_start(loop_often, pool);
    finish_many(threads, 4);
    foreign_join(foreign);
    CHECK_EQUAL(atomic_load(&runs), 5 * 50 * 300);
    end_pool(pool);
}

/* -------------------------------------------------------------------------------------------- stops */

static void request_in_the_first(size_t begin, size_t end, void *stop)
{
    if (atomic_fetch_add(&pieces, 1) == 0)
        CHECK_STATUS(threading_stop_request(stop), THREADING_OK);
    atomic_fetch_add(&runs, end - begin);
}

CASE(stop_between_pieces_cancels_the_rest)
{
    threading_stop_t stop = {0};
    threading_executor_t *pool = made_pool(2);
    (void)threading_stop_heed(&stop);
    threading_status_t status = threading_executor_for(pool, 0, 1000, 0, request_in_the_first, &stop);
    (void)threading_stop_heed(NULL);
    CHECK_STATUS(status, THREADING_CANCELLED);
    CHECK(atomic_load(&runs) < 1000);
    size_t before = atomic_load(&runs);
    (void)value_of(submitted(pool, return_at_once, NULL));
    CHECK_EQUAL(atomic_load(&runs), before); /* none runs any more */
    end_pool(pool);
}

CASE(stop_that_was_requested_before_lets_no_piece_begin)
{
    threading_stop_t stop = {0};
    threading_executor_t *pool = made_pool(2);
    CHECK_STATUS(threading_stop_request(&stop), THREADING_OK);
    (void)threading_stop_heed(&stop);
    CHECK_STATUS(threading_executor_for(pool, 0, 1000, 0, count_all, NULL), THREADING_CANCELLED);
    (void)threading_stop_heed(NULL);
    CHECK_EQUAL(atomic_load(&runs), 0);
    end_pool(pool);
}

CASE(stop_in_the_last_piece_cancels_nothing)
{
    threading_stop_t stop = {0};
    threading_executor_t *pool = made_pool(2);
    (void)threading_stop_heed(&stop);
    CHECK_STATUS(threading_executor_for(pool, 0, 1, 0, request_in_the_first, &stop), THREADING_OK);
    (void)threading_stop_heed(NULL);
    end_pool(pool);
}

/* The worker waits for ever, but for the stop of the caller. */
static void wait_in_the_worker(size_t begin, size_t end, void *stop)
{
    static threading_event_t never;
    (void)begin;
    (void)end;
    if (threading_get_ident() != caller) {
        atomic_fetch_add(&others, 1);
        CHECK_STATUS(threading_event_wait(&never), THREADING_CANCELLED);
        atomic_fetch_add(&runs, 1);
    } else {
        AWAIT(atomic_load(&others) > 0);
        CHECK_STATUS(threading_stop_request(stop), THREADING_OK);
    }
}

static void *give_heeded(void *arg)
{
    (void)arg;
    return threading_stop_heed(NULL);
}

CASE(waits_in_all_pieces_heed_the_stop_of_the_caller)
{
    needs_two_processors();
    threading_stop_t stop = {0};
    threading_executor_t *pool = made_pool(1);
    caller = threading_get_ident();
    (void)threading_stop_heed(&stop);
    CHECK_STATUS(threading_executor_for(pool, 0, 100, 0, wait_in_the_worker, &stop), THREADING_CANCELLED);
    (void)threading_stop_heed(NULL);
    CHECK_EQUAL(atomic_load(&runs), 1);
    CHECK(value_of(submitted(pool, give_heeded, NULL)) == NULL);
    end_pool(pool);
}

/* ------------------------------------------------------------------------------- pieces that go wrong */

static void exit_from_each(size_t begin, size_t end, void *arg)
{
    atomic_fetch_add(&runs, end - begin);
    threading_exit(arg);
}

static void *loop_with_exits(void *pool)
{
    must_loop(pool, 0, 1000, 0, exit_from_each, &object);
    CHECK_EQUAL(atomic_load(&runs), 1000);
    return pool;
}

/* In main it would end the process. */
CASE(piece_that_exits_ends_itself_only)
{
    threading_executor_t *pool = made_pool(2);
    finished(started(loop_with_exits, pool));
    CHECK(value_of(submitted(pool, return_at_once, &object)) == &object);
    end_pool(pool);
}

static void end_the_worker(size_t begin, size_t end, void *arg)
{
    wait_for_another(begin, end, arg);
    if (threading_get_ident() != caller)
        foreign_exit();
}

CASE(piece_that_ends_a_workers_thread_breaks_the_loop_and_the_pool)
{
    needs_free_thread_ends();
    needs_two_processors();
    threading_executor_t *pool = made_pool(1);
    caller = threading_get_ident();
    CHECK_STATUS(threading_executor_for(pool, 0, 100, 0, end_the_worker, NULL), THREADING_BROKEN);
    CHECK_STATUS(threading_executor_for(pool, 0, 100, 0, count_all, NULL), THREADING_BROKEN);
    end_pool(pool);
}

static threading_stop_t callers_stop;
static atomic_int looks;

/* A thread's finaliser, at its end. */
static void look_what_is_heeded(void *copy)
{
    (void)copy;
    CHECK(threading_stop_heed(NULL) == NULL);
    atomic_fetch_add(&looks, 1);
}

static threading_local_t local = THREADING_LOCAL_INIT_WITH(int, NULL, look_what_is_heeded);

static void end_the_worker_with_a_local(size_t begin, size_t end, void *arg)
{
    wait_for_another(begin, end, arg);
    if (threading_get_ident() != caller) {
        CHECK(threading_local_get(&local) != NULL);
        foreign_exit();
    }
}

/* The caller may return, and its stop be gone, while the worker's thread is still ending. */
CASE(worker_that_ends_in_a_piece_heeds_the_callers_stop_no_more)
{
    needs_free_thread_ends();
    needs_two_processors();
    threading_executor_t *pool = made_pool(1);
    caller = threading_get_ident();
    (void)threading_stop_heed(&callers_stop);
    CHECK_STATUS(threading_executor_for(pool, 0, 100, 0, end_the_worker_with_a_local, NULL),
                 THREADING_BROKEN);
    (void)threading_stop_heed(NULL);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&looks), 1);
}

static void end_the_caller(size_t begin, size_t end, void *arg)
{
    (void)arg;
    if (threading_get_ident() == atomic_load(&begun))
        foreign_exit();
    atomic_fetch_add(&runs, end - begin);
}

static void *loop_and_end(void *pool)
{
    atomic_store(&begun, (size_t)threading_get_ident());
    (void)!threading_executor_for(pool, 0, 1000, 0, end_the_caller, NULL);
    CHECK(false);
    return NULL;
}

CASE(piece_that_ends_the_callers_thread_ends_the_loop_and_leaves_the_pool)
{
    needs_free_thread_ends();
    threading_executor_t *pool = made_pool(2);
    finished(started(loop_and_end, pool));
    atomic_store(&runs, 0);
    must_loop(pool, 0, 1000, 0, count_all, NULL);
    CHECK_EQUAL(atomic_load(&runs), 1000);
    end_pool(pool);
}

static threading_thread_t *joined;
static atomic_int refused;

static void join_the_caller(size_t begin, size_t end, void *arg)
{
    (void)begin;
    (void)end;
    (void)arg;
    if (threading_get_ident() == threading_thread_ident(joined)) {
        AWAIT(atomic_load(&others) > 0);
    } else if (atomic_fetch_add(&others, 1) == 0) {
        threading_status_t status = threading_thread_join(joined);
        CHECK(status == THREADING_OK || status == THREADING_DEADLOCK);
        atomic_fetch_add(&refused, status == THREADING_DEADLOCK);
        atomic_fetch_add(&runs, 1);
    }
}

static void *loop_once(void *pool)
{
    threading_status_t status = threading_executor_for(pool, 0, 100, 0, join_the_caller, NULL);
    CHECK(status == THREADING_OK || status == THREADING_DEADLOCK);
    atomic_fetch_add(&refused, status == THREADING_DEADLOCK);
    return NULL;
}

CASE(piece_that_waits_for_the_caller_is_a_deadlock)
{
    needs_two_processors();
    threading_executor_t *pool = made_pool(1);
    joined = threading_thread_new(loop_once, pool, NULL);
    CHECK_STATUS(threading_thread_start(joined), THREADING_OK);
    AWAIT(atomic_load(&runs) == 1);
    CHECK_STATUS(threading_thread_join(joined), THREADING_OK);
    CHECK_EQUAL(atomic_load(&refused), 1);
    threading_thread_free(joined);
    end_pool(pool);
}

/* ------------------------------------------------------------------------------------------ refusals */

CASE(loop_after_a_shutdown_is_refused)
{
    threading_executor_t *pool = made_pool(2);
    CHECK_STATUS(threading_executor_shutdown(pool, true, false), THREADING_OK);
    CHECK_STATUS(threading_executor_for(pool, 0, 10, 0, count_all, NULL), THREADING_SHUTDOWN);
    CHECK_EQUAL(atomic_load(&runs), 0);
    end_pool(pool);
}

static void shut_down(size_t begin, size_t end, void *pool)
{
    CHECK_STATUS(threading_executor_shutdown(pool, false, true), THREADING_OK);
    atomic_fetch_add(&runs, end - begin);
}

CASE(shutdown_does_not_end_a_loop_that_has_begun)
{
    threading_executor_t *pool = made_pool(2);
    must_loop(pool, 0, 1000, 0, shut_down, pool);
    CHECK_EQUAL(atomic_load(&runs), 1000);
    end_pool(pool);
}

static bool fail(void *unused)
{
    (void)unused;
    return false;
}

CASE(loop_in_a_broken_pool_is_told_so)
{
    threading_executor_t *pool =
        threading_executor_new(2, &(threading_executor_options_t){.initializer = fail});
    check_ends_with(submitted(pool, return_at_once, NULL), THREADING_BROKEN);
    CHECK_STATUS(threading_executor_for(pool, 0, 10, 0, count_all, NULL), THREADING_BROKEN);
    CHECK_EQUAL(atomic_load(&runs), 0);
    end_pool(pool);
}

CASE(loop_of_null_or_of_a_range_that_ends_before_it_begins_is_refused)
{
    threading_executor_t *pool = made_pool(2);
    CHECK_STATUS(threading_executor_for(NULL, 0, 10, 0, count_all, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_executor_for(pool, 0, 10, 0, NULL, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_executor_for(pool, 0, 0, 0, NULL, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_executor_for(pool, 10, 9, 0, count_all, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_executor_for(pool, SIZE_MAX, 0, 0, count_all, NULL), THREADING_INVALID);
    CHECK_EQUAL(atomic_load(&runs), 0);
    CHECK_EQUAL(threading_active_count(), 1);
    end_pool(pool);
}

CASE(loops_leave_no_memory_behind)
{
    threading_executor_t *pool = made_pool(2);
    must_loop(pool, 0, 1000, 0, count_all, NULL);
    (void)value_of(submitted(pool, return_at_once, NULL));
    size_t before = allocated_bytes();
    for (int i = 0; i < 200; i++)
        must_loop(pool, 0, 1000, 0, count_all, NULL);
    (void)value_of(submitted(pool, return_at_once, NULL));
    CHECK(allocated_bytes() <= before + 64000); /* what is kept for each thread to use again */
    end_pool(pool);
}
