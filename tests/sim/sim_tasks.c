/* SPDX-License-Identifier: MIT */
/*
 * Threads, timers, queues, futures and executors under every order, as in sim_primitives.c: to three interruptions where
 * two threads take part, else to two.
 */
#include "sim_support.h"

static int data; /* what is handed over; who comes too early races */

/* How often something came of a run: nothing that a body depends on. */
static atomic_int times[4];

static void *return_null(void *unused)
{
    return unused;
}

static void *return_data(void *unused)
{
    (void)unused;
    change(&data, 1);
    return &data;
}

/* ---- threads ---- */

static void joined(void *unused)
{
    (void)unused;
    void *result;
    data = 0;
    threading_thread_t *thread = begun(return_data, NULL, NULL);
    must(threading_thread_join(thread));
    change(&data, 1);
    must(threading_thread_result(thread, &result));
    threading_sim_check(result == &data && !threading_thread_is_alive(thread));
    threading_sim_check(threading_active_count() == 1);
    threading_thread_free(thread);
}

CASE(thread_has_ended_when_it_is_joined)
{
    explore(joined, 3);
}

static threading_thread_t *target;

static void *join_target(void *unused)
{
    must(threading_thread_join(target));
    threading_sim_read(&data, sizeof data);
    threading_sim_check(data == 1);
    return unused;
}

static void joined_by_two(void *unused)
{
    (void)unused;
    data = 0;
    target = begun(return_data, NULL, "target");
    both(join_target, join_target);
    threading_thread_free(target);
}

CASE(thread_is_joined_by_two)
{
    explore(joined_by_two, 2);
}

static void freed_while_it_runs(void *unused)
{
    (void)unused;
    threading_thread_free(begun(return_null, NULL, NULL));
    threading_thread_free(threading_thread_new(return_null, NULL, NULL));
}

CASE(thread_may_be_freed_while_it_runs)
{
    explore(freed_while_it_runs, 3);
}

static void joined_in_time(void *unused)
{
    (void)unused;
    data = 0;
    threading_thread_t *thread = begun(return_data, NULL, NULL);
    threading_status_t status = threading_thread_join_timeout(thread, 1.0);
    threading_sim_check(status == THREADING_OK || status == THREADING_TIMEOUT);
    count(&times[status == THREADING_OK ? 0 : 1]);
    if (status == THREADING_OK)
        change(&data, 1);
    ended(thread);
    change(&data, 1);
}

CASE(join_that_ran_out_of_time_may_come_again)
{
    explore(joined_in_time, 3);
    CHECK(times[0] > 0);
    CHECK(times[1] > 0);
}

static void tried_to_join(void *unused)
{
    (void)unused;
    data = 0;
    threading_thread_t *thread = begun(return_data, NULL, NULL);
    while (threading_thread_try_join(thread) != THREADING_OK)
        threading_sim_yield();
    change(&data, 1);
    threading_thread_free(thread);
}

CASE(thread_that_is_tried_to_be_joined_ends)
{
    explore(tried_to_join, 3);
}

static void *start_target(void *unused)
{
    threading_status_t status = threading_thread_start(target);
    threading_sim_check(status == THREADING_OK || status == THREADING_ALREADY_STARTED);
    return unused;
}

static void started_by_two(void *unused)
{
    (void)unused;
    data = 0;
    target = threading_thread_new(return_data, NULL, NULL);
    both(start_target, start_target);
    ended(target);
    threading_sim_check(data == 1);
}

CASE(thread_starts_once)
{
    explore(started_by_two, 2);
}

static threading_event_t event;

static void *set_event(void *unused)
{
    must(threading_event_set(&event));
    return unused;
}

static void alive_until_the_end(void *unused)
{
    (void)unused;
    (void)threading_event_init(&event);
    threading_thread_t *thread = begun(set_event, NULL, NULL);
    bool was_set = threading_event_is_set(&event);
    threading_sim_check(was_set || threading_thread_is_alive(thread) || threading_event_is_set(&event));
    ended(thread);
}

CASE(thread_is_alive_until_it_has_ended)
{
    explore(alive_until_the_end, 3);
}

static void shut_down(void *unused)
{
    (void)unused;
    data = 0;
    threading_thread_free(begun(return_data, NULL, NULL));
    must(threading_shutdown());
    change(&data, 1);
    threading_sim_check(data == 2);
}

CASE(shutdown_waits_for_threads)
{
    explore(shut_down, 3);
}

/* ---- timers ---- */

static void set_by_timer(void *unused)
{
    (void)unused;
    change(&data, 1);
    must(threading_event_set(&event));
}

static void timer_in_time(void *unused)
{
    (void)unused;
    (void)threading_event_init(&event);
    data = 0;
    threading_thread_t *timer = threading_timer_new(30.0, set_by_timer, NULL);
    must(threading_thread_start(timer));
    must(threading_event_wait(&event));
    change(&data, 1);
    ended(timer);
}

CASE(timer_calls_its_function)
{
    explore(timer_in_time, 3);
}

static void timer_cancelled(void *unused)
{
    (void)unused;
    (void)threading_event_init(&event);
    data = 0;
    threading_thread_t *timer = threading_timer_new(30.0, set_by_timer, NULL);
    must(threading_thread_start(timer));
    must(threading_timer_cancel(timer));
    ended(timer);
    threading_sim_check(threading_event_is_set(&event) == (data == 1));
    count(&times[data]);
}

CASE(timer_is_cancelled_or_calls_its_function)
{
    explore(timer_cancelled, 3);
    CHECK(times[0] > 0);
    CHECK(times[1] > 0);
}

/* ---- queues ---- */

static threading_queue_t *queue;

static void put(int item)
{
    must(threading_queue_put(queue, &item));
}

static int get(void)
{
    int item = 0;
    must(threading_queue_get(queue, &item));
    return item;
}

static void *put_two(void *unused)
{
    put(1);
    put(2);
    return unused;
}

static void *get_two(void *unused)
{
    threading_sim_check(get() == 1);
    threading_sim_check(get() == 2);
    return unused;
}

static void queue_in_order(void *unused)
{
    (void)unused;
    queue = threading_queue_new(THREADING_QUEUE_FIFO, sizeof(int), 0, NULL);
    both(put_two, get_two);
    threading_sim_check(threading_queue_empty(queue));
    threading_queue_free(queue);
}

CASE(queue_keeps_the_order)
{
    explore(queue_in_order, 3);
}

static void queue_of_one(void *unused)
{
    (void)unused;
    queue = threading_queue_new(THREADING_QUEUE_FIFO, sizeof(int), 1, NULL);
    both(get_two, put_two);
    threading_sim_check(threading_queue_empty(queue));
    threading_queue_free(queue);
}

CASE(queue_that_is_full_lets_put_wait)
{
    explore(queue_of_one, 3);
}

static void *get_and_change(void *unused)
{
    (void)get();
    change(&data, 1); /* under what the put comes before */
    must(threading_queue_task_done(queue));
    return unused;
}

static void *change_and_put(void *unused)
{
    change(&data, 1);
    put(1);
    must(threading_queue_join(queue));
    change(&data, 1);
    return unused;
}

static void queue_orders(void *unused)
{
    (void)unused;
    data = 0;
    queue = threading_queue_new(THREADING_QUEUE_FIFO, sizeof(int), 0, NULL);
    both(get_and_change, change_and_put);
    threading_sim_check(data == 3 && threading_queue_unfinished(queue) == 0);
    threading_queue_free(queue);
}

CASE(queue_hands_over_and_is_joined)
{
    explore(queue_orders, 3);
}

static void *get_until_shutdown(void *unused)
{
    int item;
    threading_status_t status;
    while ((status = threading_queue_get(queue, &item)) == THREADING_OK)
        must(threading_queue_task_done(queue));
    threading_sim_check(status == THREADING_SHUTDOWN);
    return unused;
}

static void *put_and_shut_down(void *unused)
{
    put(1);
    must(threading_queue_shutdown(queue, false));
    return unused;
}

static void queue_shut_down(void *unused)
{
    (void)unused;
    queue = threading_queue_new(THREADING_QUEUE_FIFO, sizeof(int), 0, NULL);
    all_three(get_until_shutdown, get_until_shutdown, put_and_shut_down);
    threading_sim_check(threading_queue_unfinished(queue) == 0);
    threading_queue_free(queue);
}

CASE(queue_tells_all_of_its_shutdown)
{ /* slow */
    explore(queue_shut_down, 2);
}

static void *get_in_time(void *unused)
{
    int item;
    threading_status_t status = threading_queue_get_timeout(queue, 1.0, &item);
    threading_sim_check(status == THREADING_OK || status == THREADING_TIMEOUT);
    count(&times[status == THREADING_OK ? 0 : 1]);
    data = status == THREADING_OK;
    return unused;
}

static void *put_one(void *unused)
{
    put(1);
    return unused;
}

static void queue_in_time(void *unused)
{
    (void)unused;
    data = 0;
    queue = threading_queue_new(THREADING_QUEUE_FIFO, sizeof(int), 0, NULL);
    both(get_in_time, put_one);
    threading_sim_check((size_t)data + threading_queue_size(queue) == 1);
    threading_queue_free(queue);
}

CASE(queue_loses_no_item_to_a_get_that_ran_out_of_time)
{
    explore(queue_in_time, 3);
    CHECK(times[0] > 0);
    CHECK(times[1] > 0);
}

static void *get_one(void *unused)
{
    (void)get();
    return unused;
}

static void queue_of_two_consumers(void *unused)
{
    (void)unused;
    queue = threading_queue_new(THREADING_QUEUE_LIFO, sizeof(int), 0, NULL);
    all_three(get_one, get_one, put_two);
    threading_sim_check(threading_queue_empty(queue));
    threading_queue_free(queue);
}

CASE(queue_wakes_a_consumer_for_each_item)
{ /* slow */
    explore(queue_of_two_consumers, 2);
}

/* ---- futures ---- */

static threading_future_t *future;

static void *finish_future(void *unused)
{
    change(&data, 1);
    must(threading_future_set_result(future, &data));
    return unused;
}

static void *await_future(void *unused)
{
    void *value;
    must(threading_future_result(future, &value));
    threading_sim_check(value == &data);
    threading_sim_read(&data, sizeof data);
    return unused;
}

static void future_of_three(void *unused)
{
    (void)unused;
    data = 0;
    future = threading_future_new();
    all_three(await_future, await_future, finish_future);
    threading_sim_check(threading_future_done(future));
    threading_future_free(future);
}

CASE(future_lets_all_on)
{
    explore(future_of_three, 2);
}

static void *cancel_future(void *unused)
{
    threading_status_t status = threading_future_cancel(future);
    threading_sim_check(status == THREADING_OK || status == THREADING_BUSY);
    count(&times[status == THREADING_OK ? 0 : 1]);
    data = status == THREADING_OK;
    return unused;
}

static int is_running;

static void *start_future(void *unused)
{
    threading_status_t status = threading_future_start(future);
    threading_sim_check(status == THREADING_OK || status == THREADING_CANCELLED);
    is_running = status == THREADING_OK;
    if (is_running)
        must(threading_future_set_result(future, NULL));
    return unused;
}

static void future_cancelled(void *unused)
{
    (void)unused;
    data = is_running = 0;
    future = threading_future_new();
    both(cancel_future, start_future);
    threading_sim_check(data + is_running == 1);
    threading_sim_check(threading_future_result(future, NULL) == (data ? THREADING_CANCELLED : THREADING_OK));
    threading_future_free(future);
}

CASE(future_is_cancelled_or_runs)
{
    explore(future_cancelled, 3);
    CHECK(times[0] > 0);
    CHECK(times[1] > 0);
}

static void call_back(threading_future_t *done, void *unused)
{
    (void)unused;
    threading_sim_check(done == future);
    change(&data, 1);
}

static void *ask_for_a_call(void *unused)
{
    must(threading_future_add_done_callback(future, call_back, NULL));
    return unused;
}

static void *set_result(void *unused)
{
    must(threading_future_set_result(future, NULL));
    return unused;
}

static void called_back(void *unused)
{
    (void)unused;
    data = 0;
    future = threading_future_new();
    both(set_result, ask_for_a_call);
    threading_sim_check(data == 1);
    threading_future_free(future);
}

CASE(callback_is_called_once)
{
    explore(called_back, 3);
}

static void *await_future_in_time(void *unused)
{
    threading_status_t status = threading_future_result_timeout(future, 1.0, NULL);
    threading_sim_check(status == THREADING_OK || status == THREADING_TIMEOUT);
    count(&times[status == THREADING_OK ? 0 : 1]);
    return unused;
}

static void future_in_time(void *unused)
{
    (void)unused;
    future = threading_future_new();
    both(await_future_in_time, set_result);
    must(threading_future_result(future, NULL));
    threading_future_free(future);
}

CASE(future_is_done_after_a_wait_that_ran_out_of_time)
{
    explore(future_in_time, 3);
    CHECK(times[0] > 0);
    CHECK(times[1] > 0);
}

static threading_future_t *two[2];

static void *finish_second(void *unused)
{
    must(threading_future_set_result(two[1], NULL));
    must(threading_future_set_result(two[0], NULL));
    return unused;
}

static void *await_both(void *unused)
{
    size_t done;
    must(threading_wait(two, 2, THREADING_FOREVER, THREADING_FIRST_COMPLETED, &done));
    threading_sim_check(done == 1 || done == 2);
    must(threading_wait(two, 2, THREADING_FOREVER, THREADING_ALL_COMPLETED, &done));
    threading_sim_check(done == 2);
    return unused;
}

static void two_futures(void *unused)
{
    (void)unused;
    two[0] = threading_future_new();
    two[1] = threading_future_new();
    both(finish_second, await_both);
    threading_future_free(two[0]);
    threading_future_free(two[1]);
}

CASE(wait_for_futures_ends_by_the_first_and_by_all)
{
    explore(two_futures, 3);
}

static void in_the_order_of_their_ends(void *unused)
{
    (void)unused;
    two[0] = threading_future_new();
    two[1] = threading_future_new();
    threading_thread_t *thread = begun(finish_second, NULL, "finisher");
    threading_completed_t *completed = threading_as_completed(two, 2, THREADING_FOREVER);
    threading_sim_check(completed != NULL);
    for (int i = 0; i < 2; i++)
        must(threading_completed_next(completed, &future));
    threading_sim_check(threading_completed_next(completed, NULL) == THREADING_EMPTY);
    threading_completed_free(completed);
    ended(thread);
    threading_future_free(two[0]);
    threading_future_free(two[1]);
}

CASE(futures_are_taken_as_they_end)
{
    explore(in_the_order_of_their_ends, 3);
}

/* ---- executors ---- */

static threading_executor_t *pool;

static void *add_one(void *value)
{
    change((int *)value, 1);
    return value;
}

static void executor_of_one(void *unused)
{
    (void)unused;
    void *value;
    data = 0;
    pool = threading_executor_new(1, NULL);
    must(threading_executor_submit(pool, add_one, &data, &future));
    must(threading_future_result(future, &value));
    threading_sim_check(value == &data);
    change(&data, 1);
    threading_future_free(future);
    must(threading_executor_shutdown(pool, true, false));
    threading_executor_free(pool);
}

CASE(executor_runs_a_task)
{ /* slow */
    explore(executor_of_one, 3);
}

static void executor_freed(void *unused)
{
    (void)unused;
    data = 0;
    pool = threading_executor_new(1, NULL);
    must(threading_executor_submit(pool, add_one, &data, &future));
    threading_executor_free(pool);
    must(threading_future_result(future, NULL));
    threading_future_free(future);
    threading_sim_check(data == 1);
}

CASE(executor_that_is_freed_runs_what_it_has)
{
    explore(executor_freed, 3);
}

static void executor_of_two(void *unused)
{
    (void)unused;
    static int values[2];
    void *const items[] = {&values[0], &values[1]};
    void *results[2];
    values[0] = values[1] = 0;
    pool = threading_executor_new(2, NULL);
    must(threading_executor_map(pool, add_one, items, 2, results));
    threading_sim_check(results[0] == items[0] && results[1] == items[1]);
    change(&values[0], 1);
    change(&values[1], 1);
    must(threading_executor_shutdown(pool, true, false));
    threading_executor_free(pool);
    threading_sim_check(values[0] == 2 && values[1] == 2);
}

CASE(executor_of_two_maps)
{
    explore(executor_of_two, 1); /* two take a minute */
}

static threading_event_t nested_has_begun;

static void *begin_nested(void *value)
{
    change((int *)value, 1);
    threading_event_set(&nested_has_begun);
    return NULL;
}

/* It keeps its worker, so that the other one must find what it has submitted. */
static void *submit_nested(void *value)
{
    must(threading_executor_submit(pool, begin_nested, value, NULL));
    must(threading_event_wait(&nested_has_begun));
    return NULL;
}

static void executor_nested(void *unused)
{
    (void)unused;
    static int values[2];
    threading_event_clear(&nested_has_begun);
    values[0] = values[1] = 0;
    pool = threading_executor_new(2, NULL);
    must(threading_executor_submit(pool, submit_nested, &values[0], NULL));
    must(threading_executor_submit(pool, add_one, &values[1], NULL));
    must(threading_event_wait(&nested_has_begun)); /* after a shutdown nothing is submitted */
    must(threading_executor_shutdown(pool, true, false));
    threading_executor_free(pool);
    threading_sim_check(values[0] == 1 && values[1] == 1);
}

CASE(task_of_a_task_is_found_by_the_other_worker)
{ /* slow */
    explore(executor_nested, 1);
}

static void executor_cancelled(void *unused)
{
    (void)unused;
    data = 0;
    pool = threading_executor_new(1, NULL);
    must(threading_executor_submit(pool, add_one, &data, &future));
    must(threading_executor_shutdown(pool, true, true));
    threading_status_t status = threading_future_result(future, NULL);
    threading_sim_check(status == (data == 1 ? THREADING_OK : THREADING_CANCELLED));
    count(&times[data]);
    threading_future_free(future);
    threading_executor_free(pool);
}

CASE(executor_cancels_a_task_or_has_run_it)
{ /* slow */
    explore(executor_cancelled, 3);
    CHECK(times[0] > 0);
    CHECK(times[1] > 0);
}

static void *submit_one(void *value)
{
    must(threading_executor_submit(pool, add_one, value, NULL));
    return value;
}

static int submitted_values[3];

static void *submit_second(void *unused)
{
    (void)submit_one(&submitted_values[1]);
    return unused;
}

/* Three tasks of two who submit, where one may wait. Two interruptions inside take a minute. */
static void executor_of_one_place(void *unused)
{
    const threading_executor_options_t options = {.max_pending = 1};
    memset(submitted_values, 0, sizeof submitted_values);
    pool = threading_executor_new(1, &options);
    threading_thread_t *other = begun(submit_second, NULL, NULL);
    (void)submit_one(&submitted_values[0]);
    (void)submit_one(&submitted_values[2]);
    ended(other);
    must(threading_executor_shutdown(pool, true, false));
    threading_executor_free(pool);
    for (int i = 0; i < 3; i++)
        threading_sim_check(submitted_values[i] == 1);
    (void)unused;
}

CASE(bounded_executor_lets_all_in)
{ /* slow */
    explore(executor_of_one_place, 1);
}

static void *submit_or_be_told(void *unused)
{
    threading_status_t status = threading_executor_submit(pool, add_one, &submitted_values[0], NULL);
    threading_sim_check(status == THREADING_OK || status == THREADING_SHUTDOWN);
    count(&times[status == THREADING_OK ? 0 : 1]);
    return unused;
}

/* The place may still be taken when the second task comes, and the shutdown before there is room. */
static void executor_shut_down_while_it_is_full(void *unused)
{
    const threading_executor_options_t options = {.max_pending = 1};
    memset(submitted_values, 0, sizeof submitted_values);
    pool = threading_executor_new(1, &options);
    must(threading_executor_submit(pool, return_null, NULL, NULL));
    threading_thread_t *other = begun(submit_or_be_told, NULL, NULL);
    must(threading_executor_shutdown(pool, true, false));
    ended(other);
    threading_executor_free(pool);
    (void)unused;
}

CASE(bounded_executor_is_shut_down_while_somebody_waits)
{ /* slow */
    explore(executor_shut_down_while_it_is_full, 2);
    CHECK(times[0] > 0);
    CHECK(times[1] > 0);
}
