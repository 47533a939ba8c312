/* SPDX-License-Identifier: MIT */
/* Memory runs out for futures and executors: what fails has done nothing, and nothing is lost. */
#include "crowd.h"
#include "failing_memory.h"
#include "gate.h"
#include "tasks.h"

static int object;
static threading_executor_t *pool;
static threading_lock_t gate;
static atomic_int entered, runs;

static void *count_run(void *arg)
{
    atomic_fetch_add(&runs, 1);
    return arg;
}

static void *stay(void *arg)
{
    atomic_fetch_add(&entered, 1);
    gate_pass(&gate);
    return arg;
}

/* One thread, which is busy until the gate is opened. */
static threading_future_t *make_busy_pool(size_t max_workers)
{
    int before = atomic_load(&entered);
    pool = made_pool(max_workers);
    gate_close(&gate);
    threading_future_t *future = submitted(pool, stay, &object);
    AWAIT(atomic_load(&entered) == before + 1);
    return future;
}

/* ---- futures ---- */

static bool try_future_new(void *unused)
{
    (void)unused;
    threading_future_t *future = threading_future_new();
    if (future == NULL)
        return false;
    set_value(future, &object);
    CHECK(value_of(future) == &object);
    return true;
}

CASE(new_future_gives_no_handle)
{
    check_attempt(try_future_new, NULL);
}

static void count_call(threading_future_t *future, void *arg)
{
    (void)future;
    ++*(int *)arg;
}

/* Memory is taken for the callback only. */
static bool try_add_done_callback(void *unused)
{
    int calls = 0, left = atomic_exchange(&allowed, INT_MAX);
    (void)unused;
    threading_future_t *future = made_future();
    CHECK_STATUS(threading_future_add_done_callback(future, count_call, &calls), THREADING_OK);
    atomic_store(&allowed, left);
    threading_status_t status = threading_future_add_done_callback(future, count_call, &calls);
    CHECK_EQUAL(calls, 0);
    CHECK(!threading_future_done(future));
    set_value(future, NULL);
    CHECK_EQUAL(calls, status == THREADING_OK ? 2 : 1);
    threading_future_free(future);
    if (status != THREADING_OK)
        CHECK_STATUS(status, THREADING_NO_MEMORY);
    return status == THREADING_OK;
}

CASE(callback_that_could_not_be_added_is_not_called_and_the_others_are)
{
    check_attempt(try_add_done_callback, NULL);
}

CASE(callback_of_a_future_that_is_done_needs_no_memory)
{
    int calls = 0;
    threading_future_t *future = made_future();
    set_value(future, NULL);
    memory_runs_out(0, false);
    CHECK_STATUS(threading_future_add_done_callback(future, count_call, &calls), THREADING_OK);
    CHECK_EQUAL(calls, 1);
    CHECK_EQUAL(memory_comes_back(), 0);
    threading_future_free(future);
}

CASE(lives_of_futures_need_no_memory)
{
    threading_future_t *futures[3];
    make_all(futures, 3);
    memory_runs_out(0, false);
    CHECK_STATUS(threading_future_start(futures[0]), THREADING_OK);
    CHECK_STATUS(threading_future_result_timeout(futures[0], 0.001, NULL), THREADING_TIMEOUT);
    set_value(futures[0], NULL);
    CHECK_STATUS(threading_future_result(futures[0], NULL), THREADING_OK);
    CHECK_STATUS(threading_future_cancel(futures[1]), THREADING_OK);
    set_failure(futures[2]);
    CHECK(threading_future_retain(futures[0]) == futures[0]);
    threading_future_free(futures[0]);
    free_all(futures, 3);
    CHECK_EQUAL(memory_comes_back(), 0);
}

/* ---- waits for several ---- */

/* One of them is done while the others are waited for; or it is all the same. */
static void *finish_at_gate(void *future)
{
    gate_pass(&gate);
    set_value(future, NULL);
    return NULL;
}

/* Waits for the last of three; a thread finishes it when memory is out already. */
static threading_status_t wait_without_memory(threading_when_t when)
{
    threading_future_t *futures[3];
    make_all(futures, 3);
    if (when == THREADING_ALL_COMPLETED) {
        set_value(futures[0], NULL);
        set_value(futures[1], NULL);
    }
    gate_close(&gate);
    threading_thread_t *thread = started(finish_at_gate, futures[2]);
    memory_runs_out(0, false);
    gate_open(&gate);
    threading_status_t status = threading_wait(futures, 3, THREADING_FOREVER, when, NULL);
    int failed = memory_comes_back();
    CHECK_EQUAL(status == THREADING_NO_MEMORY, failed > 0);
    finished(thread);
    CHECK(threading_future_done(futures[2]));
    CHECK_EQUAL(threading_future_done(futures[0]), when == THREADING_ALL_COMPLETED);
    free_all(futures, 3);
    return status;
}

/* Whether a wait needs memory is not said; nor is it said that this one comes in time to have to wait. */
CASE(wait_without_memory_waits_or_says_so)
{
    for (int i = 0; i < 60; i++) {
        threading_status_t status =
            wait_without_memory(i % 2 == 0 ? THREADING_ALL_COMPLETED : THREADING_FIRST_COMPLETED);
        CHECK(status == THREADING_OK || status == THREADING_NO_MEMORY);
    }
}

CASE(wait_for_what_is_done_needs_no_memory)
{
    threading_future_t *futures[3];
    size_t done = 0;
    make_all(futures, 3);
    for (int i = 0; i < 3; i++)
        set_failure(futures[i]);
    memory_runs_out(0, false);
    for (int when = THREADING_ALL_COMPLETED; when <= THREADING_FIRST_EXCEPTION; when++) {
        CHECK_STATUS(threading_wait(futures, 3, THREADING_FOREVER, (threading_when_t)when, &done),
                     THREADING_OK);
        CHECK_EQUAL(done, 3);
    }
    CHECK_EQUAL(memory_comes_back(), 0);
    free_all(futures, 3);
}

/* Those that were retained are given back. */
static bool try_as_completed(void *unused)
{
    threading_future_t *futures[40];
    int left = atomic_exchange(&allowed, INT_MAX);
    (void)unused;
    make_all(futures, 40);
    atomic_store(&allowed, left);
    threading_completed_t *completed = threading_as_completed(futures, 40, THREADING_FOREVER);
    for (int i = 0; i < 40; i++)
        set_value(futures[i], NULL);
    for (int i = 0; completed != NULL && i < 40; i++)
        CHECK_STATUS(threading_completed_next(completed, NULL), THREADING_OK);
    threading_completed_free(completed);
    free_all(futures, 40);
    return completed != NULL;
}

CASE(as_completed_gives_no_handle_and_keeps_no_future)
{
    check_attempt(try_as_completed, NULL);
}

/* All that it needs was taken at its beginning. */
CASE(next_completed_needs_no_memory)
{
    for (int i = 0; i < 30; i++) {
        threading_future_t *futures[3];
        make_all(futures, 3);
        gate_close(&gate);
        threading_thread_t *thread = started(finish_at_gate, futures[1]);
        threading_completed_t *completed = threading_as_completed(futures, 3, 1000);
        CHECK(completed != NULL);
        memory_runs_out(0, false);
        gate_open(&gate);
        CHECK_STATUS(threading_completed_next(completed, NULL), THREADING_OK);
        CHECK_EQUAL(memory_comes_back(), 0);
        finished(thread);
        threading_completed_free(completed);
        free_all(futures, 3);
    }
}

/* ---- executors ---- */

static bool try_executor_new(void *name)
{
    threading_executor_options_t options = {.name = name};
    threading_executor_t *made = threading_executor_new(3, name != NULL ? &options : NULL);
    threading_executor_free(made);
    return made != NULL;
}

CASE(new_executor_gives_no_handle)
{
    static char name[] =
        "a name that is longer than any that the library might keep inside the object itself";
    check_attempt(try_executor_new, NULL);
    check_attempt(try_executor_new, name);
}

static void *tell_name(void *text)
{
    snprintf(text, 80, "%s", threading_thread_name(threading_current_thread()));
    return text;
}

CASE(new_executor_that_failed_consumed_no_number)
{
    char name[80];
    for (int i = 0; i < 10; i++) {
        memory_runs_out(i, false);
        pool = threading_executor_new(1, NULL);
        (void)memory_comes_back();
        if (pool != NULL) {
            CHECK(i > 0);
            CHECK_TEXT(value_of(submitted(pool, tell_name, name)), "ThreadPoolExecutor-0_0");
            end_pool(pool);
            return;
        }
    }
    check_failed(__FILE__, __LINE__, "an executor that needs ten allocations", NULL);
}

/* ---- submit ---- */

/* The first task of a pool: all that is needed for a thread is needed. */
static bool try_first_submit(void *unused)
{
    int left = atomic_exchange(&allowed, INT_MAX), before = atomic_load(&runs);
    threading_future_t *future = (threading_future_t *)&object;
    (void)unused;
    pool = made_pool(2);
    atomic_store(&allowed, left);
    threading_status_t status = threading_executor_submit(pool, count_run, &object, &future);
    if (status == THREADING_OK) {
        CHECK(value_of(future) == &object);
    } else {
        CHECK_STATUS(status, THREADING_NO_MEMORY);
        CHECK(future == (threading_future_t *)&object);
        CHECK_EQUAL(threading_active_count(), 1);
    }
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), before + (status == THREADING_OK));
    return status == THREADING_OK;
}

CASE(first_submit_that_failed_queued_nothing_and_started_nothing)
{
    check_attempt(try_first_submit, NULL);
}

CASE(first_submit_that_failed_can_be_repeated)
{
    bool failed = true;
    pool = made_pool(2);
    for (int i = 0; failed; i++) {
        memory_runs_out(i, false);
        threading_status_t status = threading_executor_submit(pool, count_run, NULL, NULL);
        failed = memory_comes_back() > 0;
        CHECK_STATUS(status, failed ? THREADING_NO_MEMORY : THREADING_OK);
    }
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 1);
}

/* There is a thread already: that another cannot be started is no failure. */
CASE(submit_beside_a_busy_thread_needs_memory_for_the_task_only)
{
    threading_future_t *first = make_busy_pool(4), *future = NULL;
    int accepted = 0;
    for (int i = 0; i < 20; i++) {
        memory_runs_out(i % 4, false);
        threading_status_t status = threading_executor_submit(pool, count_run, &object, &future);
        (void)memory_comes_back();
        if (status == THREADING_OK)
            threading_future_free(future);
        else
            CHECK_STATUS(status, THREADING_NO_MEMORY);
        CHECK_EQUAL(status == THREADING_OK, i % 4 > 0);
        accepted += status == THREADING_OK;
    }
    gate_open(&gate);
    CHECK(value_of(first) == &object);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), accepted);
}

/* More than any that are kept room for from the beginning; nobody wants the results, so that room is all they need. */
enum { many_tasks = 1000 };

/* Submits them while memory is out each second time; gives how many were accepted. */
static int submit_many_without_memory(void)
{
    int count = 0;
    for (int i = 0; i < many_tasks; i++) {
        memory_runs_out(i % 2 == 0 ? 0 : INT_MAX, false);
        threading_status_t status = threading_executor_submit(pool, count_run, NULL, NULL);
        CHECK_STATUS(status, memory_comes_back() > 0 ? THREADING_NO_MEMORY : THREADING_OK);
        count += status == THREADING_OK;
    }
    return count;
}

CASE(tasks_that_there_was_no_room_for_are_not_run_and_the_others_are)
{
    threading_future_t *first = make_busy_pool(1);
    int count = submit_many_without_memory();
    CHECK(count < many_tasks);
    gate_open(&gate);
    CHECK(value_of(first) == &object);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), count);
}

static void *submit_many(void *count)
{
    *(int *)count = submit_many_without_memory();
    return NULL;
}

CASE(tasks_of_a_task_that_there_was_no_room_for_are_not_run_and_the_others_are)
{
    int count = 0;
    pool = made_pool(1);
    (void)value_of(submitted(pool, submit_many, &count));
    CHECK(count < many_tasks);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), count);
}

CASE(threads_that_memory_was_missing_for_are_started_later)
{
    threading_future_t *first = make_busy_pool(3);
    memory_runs_out(1, false);
    submit_and_forget(pool, stay, NULL);
    CHECK(memory_comes_back() > 0);
    CHECK_EQUAL(threading_active_count(), 2);
    submit_and_forget(pool, stay, NULL);
    submit_and_forget(pool, stay, NULL);
    AWAIT(atomic_load(&entered) == 3);
    CHECK_EQUAL(threading_active_count(), 4);
    gate_open(&gate);
    CHECK(value_of(first) == &object);
    end_pool(pool);
}

CASE(running_waiting_cancelling_and_ending_need_no_memory)
{
    threading_future_t *first = make_busy_pool(2), *futures[10];
    for (int i = 0; i < 10; i++)
        futures[i] = submitted(pool, count_run, &object);
    threading_executor_t *kept = threading_executor_retain(pool);
    memory_runs_out(0, false);
    gate_open(&gate);
    CHECK(value_of(first) == &object);
    CHECK(value_of(futures[0]) == &object);
    CHECK_STATUS(threading_executor_shutdown(pool, false, true), THREADING_OK);
    CHECK_STATUS(threading_wait(futures + 1, 9, THREADING_FOREVER, THREADING_ALL_COMPLETED, NULL),
                 THREADING_OK);
    free_all(futures + 1, 9);
    threading_executor_free(kept);
    end_pool(pool);
    CHECK_EQUAL(memory_comes_back(), 0);
}

static void *submit_and_wait(void *arg)
{
    threading_future_t *future = submitted(pool, count_run, arg);
    memory_runs_out(0, false);
    void *value = value_of(future);
    CHECK_EQUAL(memory_comes_back(), 0);
    return value;
}

CASE(running_a_task_instead_of_waiting_for_it_needs_no_memory)
{
    pool = made_pool(1);
    CHECK(value_of(submitted(pool, submit_and_wait, &object)) == &object);
    end_pool(pool);
}

/* ---- map ---- */

enum { item_count = 20 };

/* In a pool of one, whose thread is there already. */
static bool try_map(void *unused)
{
    void *items[item_count], *results[item_count];
    (void)unused;
    for (int i = 0; i < item_count; i++) {
        items[i] = &items[i];
        results[i] = NULL;
    }
    threading_status_t status = threading_executor_map(pool, return_at_once, items, item_count, results);
    for (int i = 0; i < item_count; i++)
        CHECK(results[i] == items[i] || (status != THREADING_OK && results[i] == NULL));
    if (status != THREADING_OK)
        CHECK_STATUS(status, THREADING_NO_MEMORY);
    return status == THREADING_OK;
}

/* All items together need one allocation, which may not fail unnoticed. */
CASE(map_that_failed_is_as_if_it_had_ended)
{
    pool = made_pool(1);
    (void)value_of(submitted(pool, return_at_once, NULL));
    CHECK_EQUAL(fail_in_turn(try_map, NULL, false), 1);
    CHECK_EQUAL(fail_in_turn(try_map, NULL, true), 1);
    (void)value_of(submitted(pool, return_at_once, NULL));
    end_pool(pool);
}

static void count_piece(size_t begin, size_t end, void *arg)
{
    (void)arg;
    atomic_fetch_add(&runs, (int)(end - begin));
}

static bool try_loop(void *unused)
{
    (void)unused;
    atomic_store(&runs, 0);
    threading_status_t status = threading_executor_for(pool, 0, 100, 0, count_piece, NULL);
    CHECK_EQUAL(atomic_load(&runs), status == THREADING_OK ? 100 : 0);
    if (status != THREADING_OK)
        CHECK_STATUS(status, THREADING_NO_MEMORY);
    return status == THREADING_OK;
}

CASE(loop_that_failed_ran_no_piece)
{
    pool = made_pool(1);
    (void)value_of(submitted(pool, return_at_once, NULL));
    CHECK(fail_in_turn(try_loop, NULL, false) > 0);
    CHECK(fail_in_turn(try_loop, NULL, true) > 0);
    end_pool(pool);
}

/* ---- the end of the process ---- */

static void *say_late(void *text)
{
    (void)threading_sleep(0.005);
    puts(text);
    return NULL;
}

EXIT_CASE(exit_with_queued_tasks_needs_no_memory, 3, "task|task|task|")
{
    static char text[] = "task";
    static threading_executor_t *volatile kept;
    kept = made_pool(1);
    for (int i = 0; i < 3; i++)
        submit_and_forget(kept, say_late, text);
    memory_runs_out(0, false);
    EXIT_CODE = 3;
}

/* ---- leaks ---- */

/* The thread is idle, or soon will be, and holds nothing of its last task.
 * CPython: test_concurrent_futures.executor.ExecutorTest.test_no_stale_references */
CASE(idle_thread_keeps_nothing_of_its_task)
{
    pool = made_pool(1);
    (void)value_of(submitted(pool, return_at_once, NULL));
    threading_future_t *future = submitted(pool, return_at_once, NULL);
    CHECK_STATUS(threading_future_result(future, NULL), THREADING_OK);
    int with_future = atomic_load(&alive);
    threading_future_free(future);
    AWAIT(atomic_load(&alive) < with_future);
    end_pool(pool);
}

static void run_one_and_cancel_one(void)
{
    gate_close(&gate);
    threading_future_t *first = submitted(pool, stay, &object);
    threading_future_t *second = submitted(pool, count_run, &object);
    CHECK_STATUS(threading_future_cancel(second), THREADING_OK);
    gate_open(&gate);
    CHECK(value_of(first) == &object);
    check_ends_with(second, THREADING_CANCELLED);
}

/* CPython: test_concurrent_futures.executor.ExecutorTest.test_free_reference */
CASE(tasks_that_were_run_or_cancelled_are_freed)
{
    pool = made_pool(1);
    (void)value_of(submitted(pool, return_at_once, NULL));
    int most = atomic_load(&alive); /* with that task, or without */
    for (int i = 0; i < 50; i++) {
        run_one_and_cancel_one();
        AWAIT(atomic_load(&alive) <= most);
    }
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 0);
}

static bool fail(void *unused)
{
    (void)unused;
    return false;
}

static void break_a_pool(void)
{
    pool = threading_executor_new(2, &(threading_executor_options_t){.name = "broken", .initializer = fail});
    check_ends_with(submitted(pool, count_run, NULL), THREADING_BROKEN);
    CHECK_STATUS(threading_executor_submit(pool, count_run, NULL, NULL), THREADING_BROKEN);
    end_pool(pool);
}

static void abandon_a_pool(void)
{
    threading_future_t *futures[6], *first = make_busy_pool(1);
    for (int i = 0; i < 6; i++)
        futures[i] = submitted(pool, count_run, &object);
    CHECK_STATUS(threading_future_cancel(futures[2]), THREADING_OK);
    threading_future_free(futures[1]);
    threading_completed_t *completed = threading_as_completed(futures + 2, 4, THREADING_FOREVER);
    CHECK_STATUS(threading_completed_next(completed, NULL), THREADING_OK);
    threading_completed_free(completed);
    CHECK_STATUS(threading_executor_shutdown(pool, false, true), THREADING_OK);
    threading_future_free(first);
    threading_executor_free(pool);
    threading_future_free(futures[0]);
    free_all(futures + 2, 4);
    gate_open(&gate);
    AWAIT(threading_active_count() == 1);
}

static void one_round(void)
{
    pool = made_pool(3);
    for (int i = 0; i < 3; i++)
        (void)try_map(NULL);
    CHECK_STATUS(threading_executor_submit(pool, return_at_once, NULL, NULL), THREADING_OK);
    end_pool(pool);
    break_a_pool();
    abandon_a_pool();
    (void)try_future_new(NULL);
    (void)try_as_completed(NULL);
    (void)try_add_done_callback(NULL);
}

/* What an ended thread leaves for later ones is not given back: let there be more of that than the rounds can need. */
static void leave_records_of_threads(void)
{
    enum { count = 8 };
    threading_thread_t *threads[count];
    gate_close(&gate);
    start_many(threads, count, wait_at_gate, &gate);
    gate_open(&gate);
    finish_many(threads, count);
}

CASE(rounds_of_everything_leave_nothing_behind)
{
    leave_records_of_threads();
    for (int i = 0; i < 5; i++)
        one_round();
    int before = atomic_load(&alive);
    for (int i = 0; i < 50; i++)
        one_round();
    AWAIT(atomic_load(&alive) <= before);
    CHECK(before < 40);
}
