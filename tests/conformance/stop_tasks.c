/* SPDX-License-Identifier: MIT */
/* The waits of queues, futures and executors, and for any of several things, that heed a stop. */
#include <math.h>

#include "stop_cases.h"

/* ---- Queue */

static threading_queue_t *queue;

static void fresh_queue(void)
{
    threading_queue_free(queue);
    queue = threading_queue_new(THREADING_QUEUE_FIFO, sizeof(int), 1, NULL);
    CHECK(queue != NULL);
}

static void put(int number)
{
    CHECK_STATUS(threading_queue_try_put(queue, &number), THREADING_OK);
}

static void take(int expected)
{
    int number = -1;
    CHECK_STATUS(threading_queue_try_get(queue, &number), THREADING_OK);
    CHECK_EQUAL(number, expected);
}

static void full_queue(void)
{
    fresh_queue();
    put(1);
}

static void queue_with_room(void)
{
    fresh_queue();
}

static void queue_is_full(void)
{
    CHECK_EQUAL(threading_queue_size(queue), 1);
    CHECK_EQUAL(threading_queue_unfinished(queue), 1);
    take(1);
}

static threading_status_t put_2(void)
{
    int number = 2;
    return threading_queue_put(queue, &number);
}

static threading_status_t put_2_long(void)
{
    int number = 2;
    return threading_queue_put_timeout(queue, &number, LONG);
}

static threading_status_t put_2_for_ever(void)
{
    int number = 2;
    return threading_queue_put_timeout(queue, &number, THREADING_FOREVER);
}

static const struct wait putting = {.calls = {put_2, put_2_long, put_2_for_ever},
                                    .block = full_queue,
                                    .unblock = queue_with_room,
                                    .as_before = queue_is_full};

CASE(request_ends_put)
{
    request_ends(&putting);
    threading_queue_free(queue);
}

CASE(deadline_ends_put)
{
    deadline_ends(&putting);
    threading_queue_free(queue);
}

CASE(put_does_not_begin_to_wait_after_a_request)
{
    does_not_begin(&putting);
    threading_queue_free(queue);
}

CASE(put_that_need_not_wait_succeeds)
{
    need_not_wait(&putting);
    take(2);
    threading_queue_free(queue);
}

static void queue_is_empty(void)
{
    CHECK_EQUAL(threading_queue_size(queue), 0);
    CHECK_EQUAL(threading_queue_unfinished(queue), 0);
}

static void queue_of_2(void)
{
    put(2);
}

/* A get that fails leaves the item as it was. */
static threading_status_t then_2(threading_status_t status, int number)
{
    CHECK_EQUAL(number, status == THREADING_OK ? 2 : -1);
    return status;
}

static threading_status_t get(void)
{
    int number = -1;
    threading_status_t status = threading_queue_get(queue, &number);
    return then_2(status, number);
}

static threading_status_t get_long(void)
{
    int number = -1;
    threading_status_t status = threading_queue_get_timeout(queue, LONG, &number);
    return then_2(status, number);
}

static threading_status_t get_for_ever(void)
{
    int number = -1;
    threading_status_t status = threading_queue_get_timeout(queue, THREADING_FOREVER, &number);
    return then_2(status, number);
}

static const struct wait getting = {.calls = {get, get_long, get_for_ever},
                                    .block = fresh_queue,
                                    .unblock = queue_of_2,
                                    .as_before = queue_is_empty};

CASE(request_ends_get)
{
    request_ends(&getting);
    threading_queue_free(queue);
}

CASE(deadline_ends_get)
{
    deadline_ends(&getting);
    threading_queue_free(queue);
}

CASE(get_does_not_begin_to_wait_after_a_request)
{
    does_not_begin(&getting);
    threading_queue_free(queue);
}

CASE(get_that_need_not_wait_succeeds)
{
    need_not_wait(&getting);
    threading_queue_free(queue);
}

static void task_is_done(void)
{
    CHECK_STATUS(threading_queue_task_done(queue), THREADING_OK);
}

static void task_is_not_done(void)
{
    CHECK_EQUAL(threading_queue_unfinished(queue), 1);
}

static threading_status_t join_queue(void)
{
    return threading_queue_join(queue);
}

static threading_status_t join_queue_long(void)
{
    return threading_queue_join_timeout(queue, LONG);
}

static threading_status_t join_queue_for_ever(void)
{
    return threading_queue_join_timeout(queue, THREADING_FOREVER);
}

static const struct wait joining_queue = {.calls = {join_queue, join_queue_long, join_queue_for_ever},
                                          .block = full_queue,
                                          .unblock = task_is_done,
                                          .as_before = task_is_not_done};

CASE(request_ends_join_of_a_queue)
{
    request_ends(&joining_queue);
    threading_queue_free(queue);
}

CASE(deadline_ends_join_of_a_queue)
{
    deadline_ends(&joining_queue);
    threading_queue_free(queue);
}

CASE(join_of_a_queue_does_not_begin_after_a_request)
{
    does_not_begin(&joining_queue);
    threading_queue_free(queue);
}

CASE(join_of_a_queue_that_need_not_wait_succeeds)
{
    need_not_wait(&joining_queue);
    threading_queue_free(queue);
}

static atomic_int got;

static void *get_until_cancelled(void *arg)
{
    int number;
    threading_status_t status;
    while ((status = threading_queue_get(queue, &number)) == THREADING_OK)
        atomic_fetch_add(&got, number);
    CHECK_STATUS(status, THREADING_CANCELLED);
    return arg;
}

/* Each item is with somebody or still there, whoever was cancelled while it came. */
CASE(request_beside_puts_loses_no_item)
{
    for (int round = 0; round < (is_slow() ? 30 : 200); round++) {
        threading_thread_t *threads[4];
        int sum = 0, number = 1;
        CHECK_STATUS(threading_stop_init(&stop), THREADING_OK);
        queue = threading_queue_new(THREADING_QUEUE_FIFO, sizeof(int), 0, NULL);
        CHECK(queue != NULL);
        atomic_store(&got, 0);
        for (int i = 0; i < 4; i++)
            threads[i] = started_heeding(get_until_cancelled, NULL);
        for (; number <= 20; number++) {
            if (number == 10)
                request();
            put(number);
        }
        finish_many(threads, 4);
        while (threading_queue_try_get(queue, &number) == THREADING_OK)
            sum += number;
        CHECK_EQUAL(atomic_load(&got) + sum, 210);
        threading_queue_free(queue);
    }
}

/* ---- Future, threading_wait(), threading_completed_next() */

static threading_future_t *future;
static threading_completed_t *completed;
static int answer;

static void pending_future(void)
{
    threading_completed_free(completed);
    completed = NULL;
    threading_future_free(future);
    future = threading_future_new();
    CHECK(future != NULL);
}

static void finish_future(void)
{
    CHECK_STATUS(threading_future_set_result(future, &answer), THREADING_OK);
}

/* The wait was cancelled, not the future. */
static void future_is_pending(void)
{
    CHECK(!threading_future_done(future));
    CHECK(!threading_future_cancelled(future));
}

static void free_future(void)
{
    threading_completed_free(completed);
    threading_future_free(future);
}

static threading_status_t then_answer(threading_status_t status, const void *value)
{
    CHECK(value == (status == THREADING_OK ? &answer : NULL));
    return status;
}

static threading_status_t result(void)
{
    void *value = NULL;
    threading_status_t status = threading_future_result(future, &value);
    return then_answer(status, value);
}

static threading_status_t result_long(void)
{
    void *value = NULL;
    threading_status_t status = threading_future_result_timeout(future, LONG, &value);
    return then_answer(status, value);
}

static threading_status_t result_for_ever(void)
{
    void *value = NULL;
    threading_status_t status = threading_future_result_timeout(future, THREADING_FOREVER, &value);
    return then_answer(status, value);
}

static const struct wait resulting = {.calls = {result, result_long, result_for_ever},
                                      .block = pending_future,
                                      .unblock = finish_future,
                                      .as_before = future_is_pending};

CASE(request_ends_wait_for_a_result)
{
    request_ends(&resulting);
    free_future();
}

CASE(deadline_ends_wait_for_a_result)
{
    deadline_ends(&resulting);
    free_future();
}

CASE(wait_for_a_result_does_not_begin_after_a_request)
{
    does_not_begin(&resulting);
    free_future();
}

CASE(result_that_is_there_is_given)
{
    need_not_wait(&resulting);
    free_future();
}

static threading_status_t wait_for_all(void)
{
    return threading_wait(&future, 1, THREADING_FOREVER, THREADING_ALL_COMPLETED, NULL);
}

static threading_status_t wait_for_first(void)
{
    threading_future_t *twice[2] = {future, future};
    return threading_wait(twice, 2, LONG, THREADING_FIRST_COMPLETED, NULL);
}

static threading_status_t wait_for_failure(void)
{
    return threading_wait(&future, 1, LONG, THREADING_FIRST_EXCEPTION, NULL);
}

static const struct wait waiting_for_futures = {.calls = {wait_for_all, wait_for_first, wait_for_failure},
                                                .block = pending_future,
                                                .unblock = finish_future,
                                                .as_before = future_is_pending};

CASE(request_ends_wait_for_futures)
{
    request_ends(&waiting_for_futures);
    free_future();
}

CASE(deadline_ends_wait_for_futures)
{
    deadline_ends(&waiting_for_futures);
    free_future();
}

CASE(wait_for_futures_does_not_begin_after_a_request)
{
    does_not_begin(&waiting_for_futures);
    free_future();
}

CASE(wait_for_futures_that_are_done_succeeds)
{
    need_not_wait(&waiting_for_futures);
    free_future();
}

static void pending_completion(void)
{
    pending_future();
    completed = threading_as_completed(&future, 1, THREADING_FOREVER);
    CHECK(completed != NULL);
}

static void pending_timed_completion(void)
{
    pending_future();
    completed = threading_as_completed(&future, 1, LONG);
    CHECK(completed != NULL);
}

static threading_status_t next(void)
{
    threading_future_t *done = NULL;
    threading_status_t status = threading_completed_next(completed, &done);
    CHECK(done == (status == THREADING_OK ? future : NULL));
    return status;
}

static const struct wait completing = {
    .calls = {next}, .block = pending_completion, .unblock = finish_future, .as_before = future_is_pending};
static const struct wait completing_in_time = {.calls = {next},
                                               .block = pending_timed_completion,
                                               .unblock = finish_future,
                                               .as_before = future_is_pending};

CASE(request_ends_wait_for_the_next_completion)
{
    request_ends(&completing);
    request_ends(&completing_in_time);
    free_future();
}

CASE(deadline_ends_wait_for_the_next_completion)
{
    deadline_ends(&completing);
    deadline_ends(&completing_in_time);
    free_future();
}

CASE(wait_for_the_next_completion_does_not_begin_after_a_request)
{
    does_not_begin(&completing);
    does_not_begin(&completing_in_time);
    free_future();
}

CASE(completion_that_is_there_is_given)
{
    need_not_wait(&completing);
    need_not_wait(&completing_in_time);
    free_future();
}

/* What was not given because of a stop is given later. */
CASE(completion_goes_on_after_a_cancelled_wait)
{
    pending_completion();
    request();
    struct attempt attempt = {next, THREADING_CANCELLED};
    finished(started_heeding(attempt_it, &attempt));
    finish_future();
    CHECK_STATUS(next(), THREADING_OK);
    CHECK_STATUS(threading_completed_next(completed, NULL), THREADING_EMPTY);
    free_future();
}

/* ---- threading_wait_any() */

static threading_event_t event;
static threading_semaphore_t semaphore;
static threading_bounded_semaphore_t bounded;
static threading_thread_t *thread;
static threading_lock_t thread_gate;

enum { SOURCES = 6 };

static void fill_sources(threading_source_t sources[SOURCES])
{
    const threading_source_t all[SOURCES] = {
        THREADING_SOURCE_THREAD(thread),        THREADING_SOURCE_EVENT(&event),
        THREADING_SOURCE_SEMAPHORE(&semaphore), THREADING_SOURCE_BOUNDED_SEMAPHORE(&bounded),
        THREADING_SOURCE_QUEUE(queue),          THREADING_SOURCE_FUTURE(future)};
    for (int i = 0; i < SOURCES; i++)
        sources[i] = all[i];
}

static void nothing_is_ready(void)
{
    fresh_queue();
    pending_future();
    threading_thread_free(thread);
    gate_close(&thread_gate);
    thread = started(wait_at_gate, &thread_gate);
    CHECK_STATUS(threading_event_clear(&event), THREADING_OK);
}

static void event_is_ready(void)
{
    CHECK_STATUS(threading_event_set(&event), THREADING_OK);
    gate_open(&thread_gate);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
}

static void free_sources(void)
{
    threading_queue_free(queue);
    threading_thread_free(thread);
    free_future();
}

static threading_status_t wait_any(double seconds)
{
    threading_source_t sources[SOURCES];
    size_t index = 777;
    fill_sources(sources);
    threading_status_t status = threading_wait_any(sources, SOURCES, seconds, &index);
    CHECK_EQUAL(index, status == THREADING_OK ? 0 : 777);
    return status;
}

static threading_status_t wait_any_for_ever(void)
{
    return wait_any(THREADING_FOREVER);
}

static threading_status_t wait_any_long(void)
{
    return wait_any(LONG);
}

/* Each kind alone. */
static threading_status_t wait_for_each(void)
{
    threading_source_t sources[SOURCES];
    threading_status_t status = THREADING_CANCELLED;
    fill_sources(sources);
    for (int i = 0; i < SOURCES && status == THREADING_CANCELLED; i++)
        status = threading_wait_any(&sources[i], 1, LONG, NULL);
    return status;
}

static const struct wait waiting_any = {.calls = {wait_any_for_ever, wait_any_long},
                                        .block = nothing_is_ready,
                                        .unblock = event_is_ready,
                                        .as_before = future_is_pending};

CASE(request_ends_wait_any)
{
    request_ends(&waiting_any);
    free_sources();
}

CASE(deadline_ends_wait_any)
{
    deadline_ends(&waiting_any);
    free_sources();
}

CASE(wait_any_does_not_begin_after_a_request)
{
    does_not_begin(&waiting_any);
    free_sources();
}

CASE(wait_any_that_need_not_wait_succeeds)
{
    need_not_wait(&waiting_any);
    free_sources();
}

CASE(wait_any_of_each_kind_heeds)
{
    const struct wait one_after_the_other = {
        .calls = {wait_for_each}, .block = nothing_is_ready, .unblock = event_is_ready};
    request_ends(&one_after_the_other);
    free_sources();
}

/* ---- Executor */

static threading_executor_t *executor;
static atomic_int running, run;
static void *const items[3] = {&answer, &answer, &answer};

static void *task_at_the_gate(void *item)
{
    CHECK(item == &answer);
    atomic_fetch_add(&running, 1);
    atomic_fetch_add(&run, 1);
    gate_pass(&gate);
    atomic_fetch_sub(&running, 1);
    return item;
}

static threading_status_t mapped;

/* The tasks use the caller's items, so none may run when the call returns. */
static void *map_items(void *arg)
{
    atomic_fetch_add(&announced, 1);
    mapped = threading_executor_map(executor, task_at_the_gate, items, 3, NULL);
    CHECK_EQUAL(atomic_load(&running), 0);
    if (mapped == THREADING_OK)
        CHECK_EQUAL(atomic_load(&run), 3);
    else
        CHECK_STATUS(mapped, THREADING_CANCELLED);
    return arg;
}

/* The gate is opened for the task that runs; if the stop is not seen before all are done, once more. */
static void map_until_it_was_cancelled(bool beforehand)
{
    mapped = THREADING_OK;
    for (double patience = 0.005; mapped == THREADING_OK; patience *= 2) {
        CHECK_STATUS(threading_stop_init(&stop), THREADING_OK);
        executor = threading_executor_new(1, NULL);
        CHECK(executor != NULL);
        atomic_store(&run, 0);
        gate_close(&gate);
        if (beforehand)
            request();
        threading_thread_t *mapper = started_heeding(map_items, NULL);
        AWAIT(atomic_load(&running) == 1 || !threading_thread_is_alive(mapper));
        request();
        threading_sleep(patience);
        gate_open(&gate);
        finished(mapper);
        CHECK_STATUS(threading_executor_shutdown(executor, true, false), THREADING_OK);
        CHECK(mapped == THREADING_OK || atomic_load(&run) <= 3);
        threading_executor_free(executor);
    }
}

CASE(request_ends_map)
{
    map_until_it_was_cancelled(false);
}

CASE(map_does_not_begin_to_wait_after_a_request)
{
    map_until_it_was_cancelled(true);
}

static threading_status_t map_nothing(void)
{
    return threading_executor_map(executor, task_at_the_gate, NULL, 0, NULL);
}

CASE(map_that_need_not_wait_succeeds)
{
    const struct wait nothing = {.calls = {map_nothing}};
    executor = threading_executor_new(1, NULL);
    CHECK(executor != NULL);
    need_not_wait(&nothing);
    threading_executor_free(executor);
}

static void submit_the_task_at_the_gate(void)
{
    gate_close(&gate);
    threading_future_free(future);
    CHECK_STATUS(threading_executor_submit(executor, task_at_the_gate, &answer, &future), THREADING_OK);
    AWAIT(atomic_load(&running) == 1);
}

static void task_runs(void)
{
    CHECK(threading_future_running(future));
}

static void task_ends(void)
{
    gate_open(&gate);
    CHECK_STATUS(threading_future_result(future, NULL), THREADING_OK);
    AWAIT(atomic_load(&running) == 0);
}

CASE(request_ends_wait_for_the_result_of_a_task)
{
    const struct wait task = {.calls = {result, result_long, result_for_ever},
                              .block = submit_the_task_at_the_gate,
                              .unblock = task_ends,
                              .as_before = task_runs};
    executor = threading_executor_new(1, NULL);
    CHECK(executor != NULL);
    request_ends(&task);
    CHECK_STATUS(threading_executor_shutdown(executor, true, false), THREADING_OK);
    threading_executor_free(executor);
    threading_future_free(future);
}

/* A thread of the executor heeds nothing, whatever the thread heeds that submitted the first task. */
static void *task_that_heeds_nothing(void *arg)
{
    CHECK(threading_stop_heed(NULL) == NULL);
    CHECK_STATUS(threading_sleep(0.001), THREADING_OK);
    return arg;
}

CASE(tasks_do_not_heed_what_their_submitter_heeds)
{
    executor = threading_executor_new(1, NULL);
    CHECK(executor != NULL);
    (void)threading_stop_heed(&stop);
    request();
    CHECK_STATUS(threading_executor_submit(executor, task_that_heeds_nothing, NULL, &future), THREADING_OK);
    (void)threading_stop_heed(NULL);
    CHECK_STATUS(threading_future_result(future, NULL), THREADING_OK);
    CHECK_STATUS(threading_executor_shutdown(executor, true, false), THREADING_OK);
    threading_executor_free(executor);
    threading_future_free(future);
}

static void *shut_down_through_a_request(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_executor_shutdown(executor, true, false), THREADING_OK);
    CHECK_EQUAL(atomic_load(&running), 0);
    CHECK(threading_future_done(future));
    return arg;
}

CASE(shutdown_of_an_executor_does_not_heed)
{
    executor = threading_executor_new(1, NULL);
    CHECK(executor != NULL);
    submit_the_task_at_the_gate();
    threading_thread_t *closer = started_heeding(shut_down_through_a_request, NULL);
    AWAIT(atomic_load(&announced) == 1);
    threading_sleep(0.002); /* so that it waits; right in any case */
    request();
    CHECK_STATUS(threading_thread_join_timeout(closer, 0.01), THREADING_TIMEOUT);
    gate_open(&gate);
    finished(closer);
    threading_executor_free(executor);
    threading_future_free(future);
}

static void *shut_all_down_through_a_request(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_shutdown(), THREADING_OK);
    CHECK_EQUAL(atomic_load(&running), 0);
    CHECK(threading_future_done(future));
    return arg;
}

CASE(shutdown_does_not_heed_while_executors_work)
{
    executor = threading_executor_new(1, NULL);
    CHECK(executor != NULL);
    submit_the_task_at_the_gate();
    request();
    threading_thread_t *closer = started_heeding(shut_all_down_through_a_request, NULL);
    AWAIT(atomic_load(&announced) == 1);
    CHECK_STATUS(threading_thread_join_timeout(closer, 0.01), THREADING_TIMEOUT);
    gate_open(&gate);
    finished(closer);
    threading_executor_free(executor);
    threading_future_free(future);
}

/* ---- tries and misuse */

static void *try_everything(void *arg)
{
    int number = 3;
    CHECK_STATUS(threading_queue_try_put(queue, &number), THREADING_FULL);
    take(1);
    CHECK_STATUS(threading_queue_try_get(queue, &number), THREADING_EMPTY);
    CHECK(!threading_future_done(future));
    return arg;
}

static void *look_for_no_time(void *arg)
{
    int number = 3;
    size_t done = 777;
    threading_source_t source = THREADING_SOURCE_EVENT(&event);
    CHECK_STATUS(threading_queue_put_timeout(queue, &number, 0), THREADING_TIMEOUT);
    CHECK_STATUS(threading_queue_join_timeout(queue, 0), THREADING_TIMEOUT);
    take(1);
    CHECK_STATUS(threading_queue_get_timeout(queue, 0, &number), THREADING_TIMEOUT);
    CHECK_STATUS(threading_future_result_timeout(future, 0, NULL), THREADING_TIMEOUT);
    CHECK_STATUS(threading_wait(&future, 1, 0, THREADING_ALL_COMPLETED, &done), THREADING_TIMEOUT);
    CHECK_EQUAL(done, 0);
    CHECK_STATUS(threading_wait_any(&source, 1, 0, NULL), THREADING_TIMEOUT);
    return arg;
}

static void finds_nothing_to_wait_for(threading_target_t target)
{
    full_queue();
    pending_future();
    request();
    finished(started_heeding(target, NULL));
    threading_queue_free(queue);
    free_future();
}

/* They would not wait in any case. */
CASE(tries_answer_as_ever)
{
    finds_nothing_to_wait_for(try_everything);
}

CASE(timeouts_of_0_answer_as_ever)
{
    finds_nothing_to_wait_for(look_for_no_time);
}

static void *misuse_everything(void *arg)
{
    threading_source_t source = THREADING_SOURCE_EVENT(NULL);
    CHECK_STATUS(threading_queue_put(NULL, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_queue_get_timeout(queue, NAN, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_queue_join_timeout(queue, INFINITY), THREADING_OVERFLOW);
    CHECK_STATUS(threading_future_result(NULL, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_wait(NULL, 1, 1, THREADING_ALL_COMPLETED, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_completed_next(NULL, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_executor_map(NULL, task_at_the_gate, items, 3, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_wait_any(&source, 1, LONG, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_queue_shutdown(queue, false), THREADING_OK);
    CHECK_STATUS(get(), THREADING_SHUTDOWN);
    CHECK_STATUS(put_2(), THREADING_SHUTDOWN);
    return arg;
}

CASE(misuse_and_shutdown_are_told_as_ever)
{
    fresh_queue();
    request();
    finished(started_heeding(misuse_everything, NULL));
    threading_queue_free(queue);
}
