/* SPDX-License-Identifier: MIT */
/*
 * Functions of the user's that end their thread where the library calls them: a task, an initializer, a
 * done-callback, a timer's function, a local's initialiser and finaliser, a queue's comparison and
 * destructor. Nobody hangs.
 *
 * A task that ends its thread in the platform's own way takes a thread from its executor, which is broken
 * then, as CPython's ProcessPoolExecutor is when a process of it dies.
 */
#include "conformance.h"
#include "gate.h"
#include "tasks.h"

static int object;
static threading_executor_t *pool;
static threading_lock_t gate;
static atomic_int entered, calls;

static void *end_thread(void *arg)
{
    atomic_fetch_add(&entered, 1);
    gate_pass(&gate);
    foreign_exit();
    return arg;
}

static void check_broken_pool(void)
{
    threading_future_t *future = NULL;
    void *item = &object;
    CHECK_STATUS(threading_executor_submit(pool, return_at_once, NULL, &future), THREADING_BROKEN);
    CHECK_STATUS(threading_executor_submit(pool, return_at_once, NULL, NULL), THREADING_BROKEN);
    CHECK_STATUS(threading_executor_map(pool, return_at_once, &item, 1, NULL), THREADING_BROKEN);
    CHECK(future == NULL);
    end_pool(pool);
    AWAIT(threading_active_count() == 1);
}

/* ------------------------------------------------------------------------------------------------ tasks */

static threading_future_t *awaited;

static void *await_result(void *unused)
{
    atomic_fetch_add(&entered, 1);
    CHECK_STATUS(threading_future_result(awaited, NULL), THREADING_BROKEN);
    return unused;
}

static void *await_result_for_a_while(void *unused)
{
    atomic_fetch_add(&entered, 1);
    CHECK_STATUS(threading_future_result_timeout(awaited, 10, NULL), THREADING_BROKEN);
    return unused;
}

static void *await_any(void *unused)
{
    threading_source_t sources[] = {THREADING_SOURCE_FUTURE(awaited)};
    atomic_fetch_add(&entered, 1);
    CHECK_STATUS(threading_wait_any(sources, 1, THREADING_FOREVER, NULL), THREADING_OK);
    return unused;
}

CASE(future_of_a_task_that_ends_its_thread_is_broken_for_all_who_wait)
{
    pool = made_pool(2);
    gate_close(&gate);
    awaited = submitted(pool, end_thread, NULL);
    AWAIT(atomic_load(&entered) == 1);
    threading_thread_t *waiting[] = {started(await_result, NULL), started(await_result_for_a_while, NULL),
                                     started(await_any, NULL)};
    AWAIT(atomic_load(&entered) == 4);
    (void)threading_sleep(0.02);
    gate_open(&gate);
    for (int i = 0; i < 3; i++)
        finished(waiting[i]);
    CHECK(threading_future_done(awaited) && !threading_future_cancelled(awaited));
    check_ends_with(awaited, THREADING_BROKEN);
    check_broken_pool();
}

CASE(tasks_behind_one_that_ends_its_thread_are_broken)
{
    threading_future_t *behind[3];
    pool = made_pool(1);
    gate_close(&gate);
    awaited = submitted(pool, end_thread, NULL);
    for (int i = 0; i < 3; i++)
        behind[i] = submitted(pool, return_at_once, NULL);
    gate_open(&gate);
    for (int i = 0; i < 3; i++)
        check_ends_with(behind[i], THREADING_BROKEN);
    check_ends_with(awaited, THREADING_BROKEN);
    check_broken_pool();
}

CASE(pool_is_broken_when_a_future_is)
{
    pool = made_pool(1);
    check_ends_with(submitted(pool, end_thread, NULL), THREADING_BROKEN);
    check_broken_pool();
}

CASE(task_whose_result_nobody_wants_breaks_the_pool_too)
{
    pool = made_pool(1);
    submit_and_forget(pool, end_thread, NULL);
    threading_status_t status;
    while ((status = threading_executor_submit(pool, return_at_once, NULL, NULL)) == THREADING_OK)
        (void)threading_sleep(0.001);
    CHECK_STATUS(status, THREADING_BROKEN);
    check_broken_pool();
}

/* What runs already goes on to its end. */
CASE(task_beside_one_that_ends_its_thread_is_finished)
{
    static threading_lock_t other_gate;
    pool = made_pool(2);
    gate_close(&other_gate);
    threading_future_t *beside = submitted(pool, wait_at_gate, &other_gate);
    AWAIT(threading_future_running(beside));
    check_ends_with(submitted(pool, end_thread, NULL), THREADING_BROKEN);
    gate_open(&other_gate);
    CHECK(value_of(beside) == &other_gate);
    check_broken_pool();
}

/* The task around is left as well: it was on the same stack. */
static threading_future_t *helped; /* here, where a leak checker finds it when the thread has ended */

static void *help_one_that_ends_the_thread(void *unused)
{
    helped = submitted(pool, end_thread, NULL);
    threading_status_t status = threading_future_result(helped, NULL);
    check_failed(__FILE__, __LINE__, "the thread has ended", threading_status_name(status));
    return unused;
}

CASE(both_futures_are_broken_when_a_helped_task_ends_the_thread)
{
    pool = made_pool(1);
    check_ends_with(submitted(pool, help_one_that_ends_the_thread, NULL), THREADING_BROKEN);
    check_ends_with(helped, THREADING_BROKEN);
    check_broken_pool();
}

static void *end_thread_of_second(void *arg)
{
    if (arg == &object)
        foreign_exit();
    return arg;
}

CASE(map_is_broken_when_an_item_ends_its_thread)
{
    void *items[4] = {NULL, &object, NULL, NULL};
    pool = made_pool(2);
    CHECK_STATUS(threading_executor_map(pool, end_thread_of_second, items, 4, NULL), THREADING_BROKEN);
    check_broken_pool();
}

static void *map_in_a_task(void *arg)
{
    static void *items[4] = {NULL, &object, NULL, NULL};
    threading_status_t status = threading_executor_map(pool, end_thread_of_second, items, 4, NULL);
    check_failed(__FILE__, __LINE__, "the thread has ended", threading_status_name(status));
    return arg;
}

CASE(task_is_broken_when_an_item_of_its_map_ends_the_thread)
{
    pool = made_pool(1);
    check_ends_with(submitted(pool, map_in_a_task, NULL), THREADING_BROKEN);
    check_broken_pool();
}

/* The items of a map may be on its caller's stack, so the caller's thread goes on until none is used any more. Of the two
 * workers either may take the first item: the one that called ends, whichever it has. */
static atomic_bool item_runs, caller_is_gone;
static uint32_t caller_ident;

static void say_gone(void *unused)
{
    (void)unused;
    atomic_store(&caller_is_gone, true);
}

static threading_local_t caller = THREADING_LOCAL_INIT_WITH(int, NULL, say_gone);

static void *end_thread_beside_another_item(void *arg)
{
    if (threading_get_ident() == caller_ident) {
        AWAIT(atomic_load(&item_runs));
        foreign_exit();
    }
    atomic_store(&item_runs, true);
    while (threading_executor_submit(pool, return_at_once, NULL, NULL) == THREADING_OK)
        (void)threading_sleep(0.001);
    (void)threading_sleep(0.05);
    CHECK(!atomic_load(&caller_is_gone));
    return arg;
}

static void *map_on_own_stack(void *unused)
{
    void *items[2] = {unused, unused};
    CHECK(threading_local_get(&caller) != NULL);
    caller_ident = threading_get_ident();
    threading_status_t status = threading_executor_map(pool, end_thread_beside_another_item, items, 2, NULL);
    check_failed(__FILE__, __LINE__, "the thread has ended", threading_status_name(status));
    return unused;
}

CASE(caller_of_a_map_whose_item_ends_it_waits_for_the_other_items)
{
    pool = made_pool(2);
    check_ends_with(submitted(pool, map_on_own_stack, NULL), THREADING_BROKEN);
    check_broken_pool();
    CHECK(atomic_load(&caller_is_gone));
}

static bool end_thread_in_initializer(void *unused)
{
    (void)unused;
    foreign_exit();
    return true;
}

static bool exit_in_initializer(void *unused)
{
    threading_exit(unused);
}

static void break_by_initializer(bool (*initializer)(void *arg))
{
    pool = threading_executor_new(1, &(threading_executor_options_t){.initializer = initializer});
    CHECK(pool != NULL);
    check_ends_with(submitted(pool, return_at_once, NULL), THREADING_BROKEN);
    check_broken_pool();
}

CASE(initializer_that_ends_its_thread_breaks_the_pool)
{
    break_by_initializer(end_thread_in_initializer);
}

CASE(initializer_that_calls_threading_exit_breaks_the_pool)
{
    break_by_initializer(exit_in_initializer);
}

/* -------------------------------------------------------------------------------------------- callbacks */

static void exit_in_callback(threading_future_t *future, void *arg)
{
    CHECK(threading_future_done(future));
    atomic_fetch_add(&calls, 1);
    threading_exit(arg);
}

static void count_in_callback(threading_future_t *future, void *unused)
{
    (void)future;
    (void)unused;
    atomic_fetch_add(&calls, 1);
}

static void add_callback(threading_future_t *future, void (*callback)(threading_future_t *future, void *arg))
{
    CHECK_STATUS(threading_future_add_done_callback(future, callback, NULL), THREADING_OK);
}

static void *keep_promise(void *future)
{
    set_value(future, NULL);
    atomic_fetch_add(&entered, 1);
    return NULL;
}

CASE(threading_exit_in_a_callback_ends_neither_the_thread_nor_the_others)
{
    threading_future_t *future = made_future();
    add_callback(future, exit_in_callback);
    add_callback(future, count_in_callback);
    finished(started(keep_promise, future));
    foreign_join(foreign_start(return_at_once, NULL));
    CHECK_EQUAL(atomic_load(&calls), 2);
    CHECK_EQUAL(atomic_load(&entered), 1);
    threading_future_free(future);
}

static void *add_late_callback(void *future)
{
    add_callback(future, exit_in_callback);
    atomic_fetch_add(&entered, 1);
    return NULL;
}

CASE(threading_exit_in_a_callback_that_is_called_at_once_ends_the_callback_only)
{
    threading_future_t *future = made_future();
    set_value(future, NULL);
    finished(started(add_late_callback, future));
    CHECK_EQUAL(atomic_load(&calls), 1);
    CHECK_EQUAL(atomic_load(&entered), 1);
    threading_future_free(future);
}

/* All of those that are cancelled are told, though a callback of the first one exits. */
static void *cancel_all(void *unused)
{
    CHECK_STATUS(threading_executor_shutdown(pool, false, true), THREADING_OK);
    return unused;
}

CASE(threading_exit_in_a_callback_leaves_no_task_that_is_never_done)
{
    threading_future_t *behind[3];
    pool = made_pool(1);
    gate_close(&gate);
    threading_future_t *first = submitted(pool, wait_at_gate, &gate);
    AWAIT(threading_future_running(first));
    for (int i = 0; i < 3; i++) {
        behind[i] = submitted(pool, return_at_once, NULL);
        add_callback(behind[i], exit_in_callback);
    }
    finished(started(cancel_all, NULL));
    CHECK_EQUAL(atomic_load(&calls), 3);
    for (int i = 0; i < 3; i++)
        check_ends_with(behind[i], THREADING_CANCELLED);
    gate_open(&gate);
    (void)value_of(first);
    end_pool(pool);
}

static void end_thread_in_callback(threading_future_t *future, void *unused)
{
    (void)future;
    (void)unused;
    foreign_exit();
}

CASE(callback_that_ends_its_thread_breaks_the_pool_and_not_the_future)
{
    pool = made_pool(1);
    gate_close(&gate);
    threading_future_t *future = submitted(pool, wait_at_gate, &gate);
    threading_future_t *behind = submitted(pool, return_at_once, NULL);
    add_callback(future, end_thread_in_callback);
    gate_open(&gate);
    CHECK(value_of(future) == &gate);
    check_ends_with(behind, THREADING_BROKEN);
    check_broken_pool();
}

/* ---------------------------------------------------------------------------------------------- timers */

static void exit_in_timer(void *unused)
{
    threading_exit(unused);
}

static void end_thread_in_timer(void *unused)
{
    (void)unused;
    foreign_exit();
}

static void join_timer(void (*function)(void *arg))
{
    threading_thread_t *timer = threading_timer_new(0, function, NULL);
    CHECK(timer != NULL);
    CHECK_STATUS(threading_thread_start(timer), THREADING_OK);
    finished(timer);
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(timer_whose_function_ends_its_thread_is_joined)
{
    join_timer(exit_in_timer);
    join_timer(end_thread_in_timer);
}

/* ---------------------------------------------------------------------------------------------- locals */

static void finalise_and_exit(void *copy)
{
    atomic_fetch_add(&calls, *(int *)copy);
    threading_exit(NULL);
}

static threading_local_t locals[3] = {THREADING_LOCAL_INIT_WITH(int, NULL, finalise_and_exit),
                                      THREADING_LOCAL_INIT_WITH(int, NULL, finalise_and_exit),
                                      THREADING_LOCAL_INIT_WITH(int, NULL, finalise_and_exit)};

static void *use_locals(void *arg)
{
    for (int i = 0; i < 3; i++)
        *(int *)threading_local_get(&locals[i]) = 1;
    return arg;
}

CASE(threading_exit_in_a_finaliser_ends_the_finaliser_only)
{
    void *result = NULL;
    threading_thread_t *thread = started(use_locals, &object);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK_EQUAL(atomic_load(&calls), 3);
    CHECK_STATUS(threading_thread_result(thread, &result), THREADING_OK);
    CHECK(result == &object);
    threading_thread_free(thread);
    foreign_join(foreign_start(use_locals, NULL));
    CHECK_EQUAL(atomic_load(&calls), 6);
    CHECK_EQUAL(threading_active_count(), 1);
}

static void exit_in_init(void *unused)
{
    threading_exit(unused);
}

static void end_thread_in_init(void *unused)
{
    (void)unused;
    foreign_exit();
}

static void count_finalised(void *unused)
{
    (void)unused;
    atomic_fetch_add(&calls, 1);
}

static threading_local_t exiting = THREADING_LOCAL_INIT_WITH(int, exit_in_init, count_finalised);
static threading_local_t ending = THREADING_LOCAL_INIT_WITH(int, end_thread_in_init, count_finalised);

static void *use_local(void *local)
{
    return threading_local_get(local);
}

CASE(copy_whose_initialiser_ends_its_thread_is_finalised)
{
    finished(started(use_local, &exiting));
    CHECK_EQUAL(atomic_load(&calls), 1);
    finished(started(use_local, &ending));
    CHECK_EQUAL(atomic_load(&calls), 2);
    CHECK_STATUS(threading_local_destroy(&exiting), THREADING_OK);
    CHECK_STATUS(threading_local_destroy(&ending), THREADING_OK);
}

/* ---------------------------------------------------------------------------------------------- queues */

static threading_queue_t *queue;
static void (*leave)(void);
static atomic_bool leaves;

static void exit_by_the_library(void)
{
    threading_exit(NULL);
}

static void exit_by_the_platform(void)
{
    foreign_exit();
}

static int compare_or_leave(const void *a, const void *b)
{
    if (atomic_exchange(&leaves, false)) {
        AWAIT(atomic_load(&entered) == 2);
        (void)threading_sleep(0.02);
        leave();
    }
    return *(const int *)a - *(const int *)b;
}

static void put_number(int number)
{
    CHECK_STATUS(threading_queue_put(queue, &number), THREADING_OK);
}

static void *put_and_leave(void *unused)
{
    put_number(1);
    return unused;
}

static void *get_and_leave(void *unused)
{
    int item;
    CHECK_STATUS(threading_queue_get(queue, &item), THREADING_OK);
    return unused;
}

static void *get_later(void *seconds)
{
    int item;
    AWAIT(!atomic_load(&leaves));
    atomic_fetch_add(&entered, 1);
    CHECK_STATUS(threading_queue_get_timeout(queue, *(double *)seconds, &item), THREADING_OK);
    return NULL;
}

static double no_limit = THREADING_FOREVER, some_seconds = 10;

/* Two that get are held up by the lock of the thread that ends in the comparison. */
static void compare_and_leave(void (*how)(void), threading_target_t target, int items)
{
    leave = how;
    queue = threading_queue_new(THREADING_QUEUE_PRIORITY, sizeof(int), 0, compare_or_leave);
    for (int i = 0; i < items; i++)
        put_number(2 + i);
    atomic_store(&leaves, true);
    threading_thread_t *getting[] = {started(get_later, &no_limit), started(get_later, &some_seconds)};
    finished(started(target, NULL));
    for (int i = 0; i < 2; i++)
        finished(getting[i]);
    put_number(7);
    threading_queue_free(queue);
}

CASE(queue_goes_on_when_a_comparison_in_a_put_calls_threading_exit)
{
    compare_and_leave(exit_by_the_library, put_and_leave, 1);
}

CASE(queue_goes_on_when_a_comparison_in_a_put_ends_its_thread)
{
    compare_and_leave(exit_by_the_platform, put_and_leave, 1);
}

CASE(queue_goes_on_when_a_comparison_in_a_get_calls_threading_exit)
{
    compare_and_leave(exit_by_the_library, get_and_leave, 3);
}

CASE(queue_goes_on_when_a_comparison_in_a_get_ends_its_thread)
{
    compare_and_leave(exit_by_the_platform, get_and_leave, 3);
}

/* The item that was put is there, and counted as unfinished. */
CASE(item_whose_comparison_ends_the_thread_is_in_the_queue)
{
    int item = 0;
    leave = exit_by_the_library;
    atomic_store(&entered, 2);
    queue = threading_queue_new(THREADING_QUEUE_PRIORITY, sizeof(int), 0, compare_or_leave);
    put_number(2);
    atomic_store(&leaves, true);
    finished(started(put_and_leave, NULL));
    CHECK_EQUAL(threading_queue_size(queue), 2);
    for (int i = 0; i < 2; i++) {
        CHECK_STATUS(threading_queue_try_get(queue, &item), THREADING_OK);
        CHECK_STATUS(threading_queue_task_done(queue), THREADING_OK);
    }
    CHECK_STATUS(threading_queue_join(queue), THREADING_OK);
    threading_queue_free(queue);
}
