/* SPDX-License-Identifier: MIT */
/*
 * Tasks that wait for tasks: in a thread of an executor a task that has not begun is run instead of being
 * waited for, where the wait cannot end before the task has, and no lock is held that the task would be
 * inside of.
 *
 * Most pools here have one thread: what is not run by who waits for it would never be run. And tasks that
 * end by threading_exit(), which ends the task and nothing around it.
 */
#include "conformance.h"
#include "crowd.h"
#include "gate.h"
#include "tasks.h"

static int object;
static int numbers[100];
static threading_executor_t *pool, *other_pool;
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

static void *tell_thread(void *unused)
{
    (void)unused;
    return threading_current_thread();
}

/* Runs a task in a new pool, and ends the pool. */
static void run_in_pool(size_t max_workers, threading_target_t task)
{
    pool = made_pool(max_workers);
    CHECK(value_of(submitted(pool, task, &object)) == &object);
    end_pool(pool);
}

/* ------------------------------------------------------------------------------------ a wait for one task */

static void *wait_for_new_task(void *arg)
{
    CHECK(value_of(submitted(pool, tell_thread, NULL)) == threading_current_thread());
    return arg;
}

CASE(task_that_is_waited_for_is_run_by_who_waits)
{
    run_in_pool(1, wait_for_new_task);
}

/* The last first, as nobody would run them. Each is run once. */
static void *wait_backwards(void *arg)
{
    threading_future_t *futures[20];
    for (int i = 0; i < 20; i++)
        futures[i] = submitted(pool, count_run, &numbers[i]);
    for (int i = 20; i-- > 0;) {
        CHECK_EQUAL(atomic_load(&runs), 19 - i);
        CHECK(value_of(futures[i]) == &numbers[i]);
    }
    return arg;
}

CASE(only_the_task_that_is_waited_for_is_run_and_just_once)
{
    run_in_pool(1, wait_backwards);
    CHECK_EQUAL(atomic_load(&runs), 20);
}

/* As deep as the stack allows; it need not allow much. */
static void *go_deeper(void *level)
{
    int *number = level;
    if (number > numbers)
        CHECK(value_of(submitted(pool, go_deeper, number - 1)) == number - 1);
    return level;
}

CASE(tasks_wait_for_tasks_that_wait_for_tasks)
{
    pool = made_pool(1);
    CHECK(value_of(submitted(pool, go_deeper, &numbers[50])) == &numbers[50]);
    end_pool(pool);
}

static void *fibonacci(void *arg)
{
    intptr_t n = (intptr_t)arg;
    if (n < 2)
        return arg;
    threading_future_t *first = submitted(pool, fibonacci, (void *)(n - 1));
    threading_future_t *second = submitted(pool, fibonacci, (void *)(n - 2));
    return (void *)((intptr_t)value_of(first) + (intptr_t)value_of(second));
}

CASE(trees_of_tasks_grow_in_pools_of_any_size)
{
    for (size_t max_workers = 1; max_workers <= 4; max_workers++) {
        pool = made_pool(max_workers);
        CHECK_EQUAL((intptr_t)value_of(submitted(pool, fibonacci, (void *)12)), 144);
        end_pool(pool);
    }
}

static threading_future_t *shared[1];

static void *wait_for_shared(void *arg)
{
    stay(arg);
    CHECK_STATUS(threading_future_result(shared[0], NULL), THREADING_OK);
    return arg;
}

/* Of three threads that wait for it one runs it, the others wait. */
CASE(task_that_several_tasks_wait_for_is_run_once)
{
    pool = made_pool(3);
    for (int round = 1; round <= (is_slow() ? 20 : 200); round++) {
        threading_future_t *waiting[3];
        gate_close(&gate);
        for (int i = 0; i < 3; i++)
            waiting[i] = submitted(pool, wait_for_shared, &object);
        AWAIT(atomic_load(&entered) == 3 * round);
        shared[0] = submitted(pool, count_run, NULL);
        gate_open(&gate);
        for (int i = 0; i < 3; i++)
            CHECK(value_of(waiting[i]) == &object);
        CHECK_EQUAL(atomic_load(&runs), round);
        threading_future_free(shared[0]);
    }
    end_pool(pool);
}

static void *wait_a_while_for_new_task(void *arg)
{
    threading_future_t *future = submitted(pool, count_run, NULL);
    CHECK_STATUS(threading_future_result_timeout(future, 0, NULL), THREADING_TIMEOUT);
    CHECK_STATUS(threading_future_result_timeout(future, 0.01, NULL), THREADING_TIMEOUT);
    CHECK_EQUAL(atomic_load(&runs), 0);
    CHECK_STATUS(threading_future_result(future, NULL), THREADING_OK);
    CHECK_EQUAL(atomic_load(&runs), 1);
    threading_future_free(future);
    return arg;
}

CASE(wait_with_a_limit_only_waits)
{
    run_in_pool(1, wait_a_while_for_new_task);
}

static void *wait_for_cancelled_task(void *arg)
{
    threading_future_t *future = submitted(pool, count_run, NULL);
    CHECK_STATUS(threading_future_cancel(future), THREADING_OK);
    check_ends_with(future, THREADING_CANCELLED);
    return arg;
}

CASE(task_that_was_cancelled_is_not_run_by_who_waits)
{
    run_in_pool(1, wait_for_cancelled_task);
    CHECK_EQUAL(atomic_load(&runs), 0);
}

static void *wait_for_task_elsewhere(void *arg)
{
    CHECK(value_of(submitted(other_pool, tell_thread, NULL)) != threading_current_thread());
    return arg;
}

CASE(task_of_another_pool_is_run_there)
{
    other_pool = made_pool(1);
    run_in_pool(1, wait_for_task_elsewhere);
    end_pool(other_pool);
}

CASE(thread_of_no_pool_runs_no_tasks)
{
    pool = made_pool(1);
    for (int i = 0; i < 50; i++) {
        threading_future_t *future = submitted(pool, tell_thread, NULL);
        CHECK(value_of(future) != threading_current_thread());
    }
    end_pool(pool);
}

static void wait_in_callback(threading_future_t *future, void *arg)
{
    (void)future;
    CHECK(value_of(arg) == &object);
    atomic_fetch_add(&entered, 1);
}

/* The thread that calls it is the only one that could run the task. */
CASE(callback_in_a_thread_of_the_pool_may_wait_for_a_task)
{
    pool = made_pool(1);
    gate_close(&gate);
    threading_future_t *first = submitted(pool, stay, NULL);
    threading_future_t *second = submitted(pool, count_run, &object);
    CHECK_STATUS(threading_future_add_done_callback(first, wait_in_callback, second), THREADING_OK);
    gate_open(&gate);
    AWAIT(atomic_load(&entered) == 2);
    threading_future_free(first);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 1);
}

/* ------------------------------------------------------------------------------- a wait for several tasks */

static void submit_three(threading_future_t **futures)
{
    for (int i = 0; i < 3; i++)
        futures[i] = submitted(pool, count_run, &numbers[i]);
}

static void *wait_for_all(void *arg)
{
    size_t done = 0;
    threading_future_t *futures[3];
    submit_three(futures);
    CHECK_STATUS(threading_wait(futures, 3, 0.01, THREADING_ALL_COMPLETED, &done), THREADING_TIMEOUT);
    CHECK_EQUAL(done, 0);
    CHECK_STATUS(threading_wait(futures, 3, THREADING_FOREVER, THREADING_ALL_COMPLETED, &done), THREADING_OK);
    CHECK_EQUAL(done, 3);
    CHECK_EQUAL(atomic_load(&runs), 3);
    free_all(futures, 3);
    return arg;
}

CASE(wait_for_all_runs_them)
{
    run_in_pool(1, wait_for_all);
    CHECK_EQUAL(atomic_load(&runs), 3);
}

/* A waiter for the first of several does not run what would outlast it: here what waits for the waiter
 * itself. */
static threading_event_t goes_on, began;

static void *wait_for_the_waiter(void *arg)
{
    (void)threading_event_set(&began);
    CHECK_STATUS(threading_event_wait(&goes_on), THREADING_OK);
    return arg;
}

/* The other one is a promise, shared[0], that main keeps when this one waits, or when the task has begun. */
static void wait_for_either(threading_when_t when)
{
    threading_future_t *futures[] = {submitted(pool, wait_for_the_waiter, NULL), shared[0]};
    size_t done = 0;
    atomic_fetch_add(&entered, 1);
    CHECK_STATUS(threading_wait(futures, 2, THREADING_FOREVER, when, &done), THREADING_OK);
    CHECK_EQUAL(done, 1);
    CHECK(!threading_future_done(futures[0]));
    (void)threading_event_set(&goes_on);
    threading_future_free(futures[0]);
}

static void *wait_for_first(void *arg)
{
    wait_for_either(THREADING_FIRST_COMPLETED);
    return arg;
}

static void *wait_for_failure(void *arg)
{
    wait_for_either(THREADING_FIRST_EXCEPTION);
    return arg;
}

static void *take_either(void *arg)
{
    threading_future_t *futures[] = {submitted(pool, wait_for_the_waiter, NULL), shared[0]}, *first = NULL;
    threading_completed_t *completed = threading_as_completed(futures, 2, THREADING_FOREVER);
    atomic_fetch_add(&entered, 1);
    CHECK_STATUS(threading_completed_next(completed, &first), THREADING_OK);
    CHECK(first == shared[0]);
    (void)threading_event_set(&goes_on);
    threading_completed_free(completed);
    threading_future_free(futures[0]);
    return arg;
}

/* If the task begins meanwhile the wait lasts for ever; if it does not, a short while has passed for nothing.
 * */
static void check_that_first_is_not_helped(threading_target_t waiter,
                                           void (*keep)(threading_future_t *promise))
{
    pool = made_pool(1);
    shared[0] = made_future();
    threading_future_t *waits = submitted(pool, waiter, &object);
    AWAIT(atomic_load(&entered) == 1);
    CHECK_STATUS(threading_event_wait_timeout(&began, 0.05), THREADING_TIMEOUT);
    keep(shared[0]);
    CHECK(value_of(waits) == &object);
    threading_future_free(shared[0]);
    end_pool(pool);
}

static void keep_promise(threading_future_t *promise)
{
    set_value(promise, NULL);
}

CASE(wait_for_the_first_runs_none)
{
    check_that_first_is_not_helped(wait_for_first, keep_promise);
}

CASE(wait_for_a_failure_runs_none)
{
    check_that_first_is_not_helped(wait_for_failure, set_failure);
}

CASE(taking_them_as_completed_runs_none)
{
    check_that_first_is_not_helped(take_either, keep_promise);
}

/* As a pool of CPython does, with another thread to run it. */
static void *wait_for_first_of_three(void *arg)
{
    size_t done = 0;
    threading_future_t *futures[3];
    submit_three(futures);
    CHECK_STATUS(threading_wait(futures, 3, THREADING_FOREVER, THREADING_FIRST_COMPLETED, &done),
                 THREADING_OK);
    CHECK(done >= 1);
    free_all(futures, 3);
    return arg;
}

CASE(wait_for_the_first_leaves_them_to_another_thread)
{
    run_in_pool(2, wait_for_first_of_three);
    CHECK_EQUAL(atomic_load(&runs), 3);
}

/* ------------------------------------------------------------------------------ waits with locks held */

static threading_rlock_t rlock;
static threading_rwlock_t rwlock;
static threading_once_t once;

/* It keeps the other thread busy for a while, in which nobody is to begin the task. */
static void *keep_busy(void *arg)
{
    atomic_fetch_add(&entered, 1);
    CHECK_STATUS(threading_event_wait_timeout(&began, 0.05), THREADING_TIMEOUT);
    return arg;
}

static void *tell_that_it_began(void *unused)
{
    (void)threading_event_set(&began);
    (void)unused;
    return threading_current_thread();
}

static void check_that_another_thread_runs_it(void *unused)
{
    (void)unused;
    submit_and_forget(pool, keep_busy, NULL);
    AWAIT(atomic_load(&entered) == 1);
    CHECK(value_of(submitted(pool, tell_that_it_began, NULL)) != threading_current_thread());
}

static THREADING_NO_ANALYSIS void *wait_with_rlock(void *arg)
{
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    check_that_another_thread_runs_it(NULL);
    CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    return arg;
}

CASE(task_that_is_waited_for_with_an_rlock_held_is_run_by_another_thread)
{
    pool = made_pool(2);
    CHECK(value_of(submitted(pool, wait_with_rlock, &object)) == &object);
    end_pool(pool);
}

static THREADING_NO_ANALYSIS void *wait_as_writer(void *arg)
{
    CHECK_STATUS(threading_rwlock_acquire_write(&rwlock), THREADING_OK);
    check_that_another_thread_runs_it(NULL);
    CHECK_STATUS(threading_rwlock_release_write(&rwlock), THREADING_OK);
    return arg;
}

CASE(task_that_is_waited_for_with_an_rwlock_written_is_run_by_another_thread)
{
    run_in_pool(2, wait_as_writer);
}

static void *wait_in_once(void *arg)
{
    CHECK_STATUS(threading_once(&once, check_that_another_thread_runs_it, NULL), THREADING_OK);
    return arg;
}

CASE(task_that_is_waited_for_in_a_once_is_run_by_another_thread)
{
    run_in_pool(2, wait_in_once);
}

static THREADING_NO_ANALYSIS void *map_with_rlock(void *arg)
{
    void *items[] = {&numbers[0], &numbers[1]}, *threads[2];
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    submit_and_forget(pool, keep_busy, NULL);
    AWAIT(atomic_load(&entered) == 1);
    CHECK_STATUS(threading_executor_map(pool, tell_that_it_began, items, 2, threads), THREADING_OK);
    CHECK(threads[0] != threading_current_thread() && threads[1] != threading_current_thread());
    CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    return arg;
}

CASE(items_are_run_by_another_thread_while_an_rlock_is_held)
{
    run_in_pool(2, map_with_rlock);
}

/* One is of this pool, one of another, one of nobody's. */
static void *wait_for_a_mixture(void *arg)
{
    threading_future_t *futures[] = {submitted(other_pool, stay, NULL), shared[0],
                                     submitted(pool, count_run, NULL)};
    CHECK_STATUS(threading_wait(futures, 3, THREADING_FOREVER, THREADING_ALL_COMPLETED, NULL), THREADING_OK);
    threading_future_free(futures[0]);
    threading_future_free(futures[2]);
    return arg;
}

CASE(wait_runs_what_it_may_and_waits_for_the_rest)
{
    pool = made_pool(1);
    other_pool = made_pool(1);
    shared[0] = made_future();
    gate_close(&gate);
    threading_future_t *future = submitted(pool, wait_for_a_mixture, &object);
    AWAIT(atomic_load(&entered) == 1);
    AWAIT(atomic_load(&runs) == 1); /* run while the others are not done */
    CHECK(!threading_future_done(future));
    set_value(shared[0], NULL);
    CHECK(!threading_future_done(future));
    gate_open(&gate);
    CHECK(value_of(future) == &object);
    threading_future_free(shared[0]);
    end_pool(pool);
    end_pool(other_pool);
}

/* --------------------------------------------------------------------------------- what could never end */

/* The task's own future, or that of the task around it, handed over when the gate is opened. */
static void *wait_for_shared_future(void *arg)
{
    void *value = &object;
    gate_pass(&gate);
    CHECK(threading_future_running(shared[0]));
    CHECK_STATUS(threading_future_result(shared[0], &value), THREADING_DEADLOCK);
    CHECK(value == &object);
    return arg;
}

static void *wait_around_it(void *arg)
{
    CHECK(value_of(submitted(pool, wait_for_shared_future, arg)) == arg);
    return arg;
}

static void check_deadlock(size_t max_workers, threading_target_t task)
{
    pool = made_pool(max_workers);
    gate_close(&gate);
    shared[0] = submitted(pool, task, &object);
    gate_open(&gate);
    CHECK(value_of(shared[0]) == &object);
    end_pool(pool);
}

CASE(wait_for_ones_own_future_is_a_deadlock)
{
    check_deadlock(1, wait_for_shared_future);
    check_deadlock(2, wait_for_shared_future);
}

CASE(wait_for_the_future_of_the_task_around_is_a_deadlock)
{
    check_deadlock(1, wait_around_it);
}

static threading_future_t *crossed[2];
static atomic_int told;

static void *wait_for_the_other(void *arg)
{
    gate_pass(&gate);
    threading_status_t status = threading_future_result(crossed[arg == &numbers[0]], NULL);
    if (status != THREADING_OK)
        CHECK_STATUS(status, THREADING_DEADLOCK);
    if (status != THREADING_OK)
        atomic_fetch_add(&told, 1);
    return arg;
}

CASE(tasks_that_wait_for_each_other_are_a_deadlock_of_one)
{
    pool = made_pool(2);
    for (int round = 1; round <= 50; round++) {
        gate_close(&gate);
        for (int i = 0; i < 2; i++)
            crossed[i] = submitted(pool, wait_for_the_other, &numbers[i]);
        gate_open(&gate);
        for (int i = 0; i < 2; i++)
            CHECK_STATUS(threading_future_result(crossed[i], NULL), THREADING_OK);
        CHECK_EQUAL(atomic_load(&told), round);
        free_all(crossed, 2);
    }
    end_pool(pool);
}

/* -------------------------------------------------------------------------------------- threading_exit() */

static void *exit_with(void *arg)
{
    atomic_fetch_add(&runs, 1);
    threading_exit(arg);
}

static void *tell_ident(void *unused)
{
    (void)unused;
    return (void *)(uintptr_t)threading_get_ident();
}

CASE(threading_exit_in_a_task_gives_its_value_and_the_thread_goes_on)
{
    pool = made_pool(1);
    void *before = value_of(submitted(pool, tell_ident, NULL));
    for (int i = 0; i < 10; i++)
        CHECK(value_of(submitted(pool, exit_with, &numbers[i])) == &numbers[i]);
    CHECK(value_of(submitted(pool, tell_ident, NULL)) == before);
    CHECK_EQUAL(threading_active_count(), 2);
    end_pool(pool);
}

static void exit_in_callback(threading_future_t *future, void *arg)
{
    CHECK(threading_future_done(future));
    threading_exit(arg);
}

/* CPython's worker would end; nobody would be served by that. The leak checker sees whether the task is freed. */
CASE(threading_exit_in_a_callback_ends_the_callback_only)
{
    pool = made_pool(1);
    void *before = value_of(submitted(pool, tell_ident, NULL));
    for (int i = 0; i < 10; i++) {
        gate_close(&gate);
        threading_future_t *future = submitted(pool, wait_at_gate, &gate);
        CHECK_STATUS(threading_future_add_done_callback(future, exit_in_callback, NULL), THREADING_OK);
        gate_open(&gate);
        (void)value_of(future);
    }
    CHECK(value_of(submitted(pool, tell_ident, NULL)) == before);
    CHECK_EQUAL(threading_active_count(), 2);
    end_pool(pool);
}

static void *wait_for_exiting_task(void *arg)
{
    CHECK(value_of(submitted(pool, exit_with, &numbers[7])) == &numbers[7]);
    CHECK_EQUAL(atomic_load(&runs), 1);
    return arg;
}

CASE(threading_exit_in_a_task_ends_no_task_around_it)
{
    run_in_pool(1, wait_for_exiting_task);
}

static void *exit_after_waiting(void *arg)
{
    CHECK(value_of(submitted(pool, return_at_once, &numbers[7])) == &numbers[7]);
    CHECK(value_of(submitted(pool, exit_with, &numbers[8])) == &numbers[8]);
    threading_exit(arg);
}

CASE(threading_exit_after_running_other_tasks_ends_ones_own)
{
    run_in_pool(1, exit_after_waiting);
}
