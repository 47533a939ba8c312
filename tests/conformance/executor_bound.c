/* SPDX-License-Identifier: MIT */
/* Bounded pools: those who submit wait for room, or are told that there is none. */
#include <stdlib.h>

#include "child.h"
#include "conformance.h"
#include "crowd.h"
#include "gate.h"
#include "stop_cases.h"
#include "tasks.h"

static int object;
static threading_executor_t *pool;
static threading_lock_t second_gate;
static atomic_int entered, runs, accepted;

static void *count_run(void *arg)
{
    atomic_fetch_add(&runs, 1);
    return arg;
}

/* Tells that it runs, and stays until its gate is opened. */
static void *stay_at(void *its_gate)
{
    atomic_fetch_add(&entered, 1);
    gate_pass(its_gate);
    return count_run(its_gate);
}

static threading_executor_t *made_bounded(size_t max_workers, size_t max_pending)
{
    const threading_executor_options_t options = {.max_pending = max_pending};
    threading_executor_t *made = threading_executor_new(max_workers, &options);
    CHECK(made != NULL);
    return made;
}

/* Its only thread stays at the gate, and as many tasks wait as may. */
static void make_full_pool(size_t max_pending)
{
    int before = atomic_load(&entered);
    pool = made_bounded(1, max_pending);
    gate_close(&gate);
    submit_and_forget(pool, stay_at, &gate);
    AWAIT(atomic_load(&entered) == before + 1);
    for (size_t i = 0; i < max_pending; i++)
        submit_and_forget(pool, count_run, NULL);
}

static void end_full_pool(int all_runs)
{
    gate_open(&gate);
    end_pool(pool);
    CHECK_EQUAL(atomic_exchange(&runs, 0), all_runs);
}

/* Submits one task, which has to wait in a full pool. */
static void *submit_one(void *unused)
{
    submit_and_forget(pool, count_run, NULL);
    atomic_fetch_add(&accepted, 1);
    return unused;
}

/* Nobody gets out of a wait that is none: right in any case, and mostly when they sleep. */
static void check_waits(threading_thread_t *submitter)
{
    CHECK_STATUS(threading_thread_join_timeout(submitter, 0.01), THREADING_TIMEOUT);
}

/* ----------------------------------------------------------------------------------------- the bound */

CASE(tasks_begin_in_the_order_of_their_submission)
{
    pool = made_bounded(1, 3);
    for (int i = 0; i < 500; i++)
        submit_and_forget(pool, check_turn, (void *)(intptr_t)i);
    end_pool(pool);
    CHECK_EQUAL(next_turn, 500);
}

CASE(submit_waits_until_a_task_begins)
{
    int before = atomic_load(&entered);
    pool = made_bounded(1, 1);
    gate_close(&gate);
    gate_close(&second_gate);
    submit_and_forget(pool, stay_at, &gate);
    AWAIT(atomic_load(&entered) == before + 1);
    submit_and_forget(pool, stay_at, &second_gate);
    threading_thread_t *submitter = started(submit_one, NULL);
    check_waits(submitter);
    gate_open(&gate);
    finished(submitter); /* the second task has not ended */
    AWAIT(atomic_load(&entered) == before + 2);
    CHECK_EQUAL(atomic_load(&runs), 1);
    gate_open(&second_gate);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 3);
}

enum { submitter_count = 6, bound = 2 };

CASE(only_so_many_are_accepted)
{
    threading_thread_t *submitters[submitter_count];
    pool = made_bounded(1, bound);
    gate_close(&gate);
    submit_and_forget(pool, stay_at, &gate);
    AWAIT(atomic_load(&entered) == 1);
    start_many(submitters, submitter_count, submit_one, NULL);
    AWAIT(atomic_load(&accepted) == bound);
    (void)threading_sleep(0.01); /* for one too many; right in any case */
    CHECK_EQUAL(atomic_load(&accepted), bound);
    gate_open(&gate);
    finish_many(submitters, submitter_count);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 1 + submitter_count);
}

static void *submit_many(void *count)
{
    for (int i = 0; i < *(int *)count; i++)
        submit_one(NULL);
    return NULL;
}

static void check_many_submitters(size_t max_workers, size_t max_pending)
{
    threading_thread_t *submitters[submitter_count];
    int each = is_slow() ? 200 : 1000;
    pool = made_bounded(max_workers, max_pending);
    start_many(submitters, submitter_count, submit_many, &each);
    foreign_t *foreign = foreign_start(submit_many, &each);
    finish_many(submitters, submitter_count);
    foreign_join(foreign);
    end_pool(pool);
    CHECK_EQUAL(atomic_exchange(&runs, 0), (submitter_count + 1) * each);
}

CASE(many_submitters_of_a_pool_of_one)
{
    check_many_submitters(1, 1);
    check_many_submitters(1, 3);
}

CASE(many_submitters_of_a_pool_of_three)
{
    check_many_submitters(3, 1);
    check_many_submitters(3, 5);
}

CASE(huge_bound_is_none)
{
    pool = made_bounded(1, SIZE_MAX);
    gate_close(&gate);
    submit_and_forget(pool, stay_at, &gate);
    for (int i = 0; i < 1000; i++)
        submit_and_forget(pool, count_run, NULL);
    gate_open(&gate);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 1001);
}

CASE(no_more_memory_for_many_tasks_than_for_few)
{ /* slow */
    int count = is_slow() ? 10000 : 1000000;
    pool = made_bounded(2, 100);
    for (int i = 0; i < 1000; i++)
        threading_future_free(submitted(pool, count_run, NULL));
    size_t before = allocated_bytes(), most = 0;
    for (int i = 0; i < count; i++) {
        threading_future_free(submitted(pool, count_run, NULL));
        if (i % 1000 == 0 && allocated_bytes() > most)
            most = allocated_bytes();
    }
    CHECK(most <= before + 64000); /* what is kept for each thread to use again */
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 1000 + count);
}

/* A cancelled task keeps its place until a thread comes upon it; then all places are found at once. */
static void *submit_stay(void *unused)
{
    submit_and_forget(pool, stay_at, &second_gate);
    atomic_fetch_add(&accepted, 1);
    return unused;
}

CASE(cancelled_tasks_make_room_for_all_who_wait)
{
    threading_thread_t *submitters[3];
    threading_future_t *futures[3];
    pool = made_bounded(1, 3);
    gate_close(&gate);
    gate_close(&second_gate);
    submit_and_forget(pool, stay_at, &gate);
    AWAIT(atomic_load(&entered) == 1);
    for (int i = 0; i < 3; i++) {
        futures[i] = submitted(pool, count_run, NULL);
        CHECK_STATUS(threading_future_cancel(futures[i]), THREADING_OK);
    }
    CHECK_STATUS(threading_executor_try_submit(pool, count_run, NULL, NULL), THREADING_BUSY);
    start_many(submitters, 3, submit_stay, NULL);
    check_waits(submitters[2]);
    gate_open(&gate);
    finish_many(submitters, 3); /* while the first one's task stays */
    CHECK_EQUAL(atomic_load(&runs), 1);
    gate_open(&second_gate);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 4);
    free_all(futures, 3);
}

/* ----------------------------------------------------------------------------------------- try_submit */

CASE(try_submit_is_busy_when_there_is_no_room_and_leaves_nothing)
{
    threading_future_t *future = NULL;
    make_full_pool(2);
    for (int i = 0; i < 100; i++) {
        CHECK_STATUS(threading_executor_try_submit(pool, count_run, NULL, &future), THREADING_BUSY);
        CHECK_STATUS(threading_executor_try_submit(pool, count_run, NULL, NULL), THREADING_BUSY);
    }
    CHECK(future == NULL);
    end_full_pool(3);
}

CASE(try_submit_that_finds_room_submits)
{
    threading_future_t *future = NULL;
    make_full_pool(1);
    gate_open(&gate);
    AWAIT(atomic_load(&runs) == 2);
    CHECK_STATUS(threading_executor_try_submit(pool, count_run, &object, &future), THREADING_OK);
    CHECK(value_of(future) == &object);
    CHECK_STATUS(threading_executor_try_submit(pool, count_run, &object, NULL), THREADING_OK);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 4);
}

CASE(try_submit_without_a_bound_submits)
{
    pool = made_pool(1);
    for (int i = 0; i < 1000; i++)
        CHECK_STATUS(threading_executor_try_submit(pool, count_run, NULL, NULL), THREADING_OK);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 1000);
}

CASE(try_submit_of_null_is_refused)
{
    threading_future_t *future = NULL;
    pool = made_bounded(1, 1);
    CHECK_STATUS(threading_executor_try_submit(NULL, count_run, NULL, &future), THREADING_INVALID);
    CHECK_STATUS(threading_executor_try_submit(pool, NULL, NULL, &future), THREADING_INVALID);
    CHECK(future == NULL);
    CHECK_EQUAL(threading_active_count(), 1);
    end_pool(pool);
}

CASE(reserved_options_must_be_zero)
{
    for (size_t i = 0; i < 2; i++) {
        threading_executor_options_t options = {.max_pending = 1};
        options.reserved[i] = 1;
        pool = threading_executor_new(1, &options);
        CHECK_STATUS(threading_executor_submit(pool, count_run, NULL, NULL), THREADING_INVALID);
        CHECK_STATUS(threading_executor_try_submit(pool, count_run, NULL, NULL), THREADING_INVALID);
        end_pool(pool);
    }
}

CASE(workers_are_as_many_as_were_chosen)
{
    threading_executor_t *three = made_pool(3), *standard = made_pool(0);
    CHECK_EQUAL(threading_executor_workers(three), 3);
    CHECK_EQUAL(threading_active_count(), 1);
    CHECK(threading_executor_workers(standard) >= 1 && threading_executor_workers(standard) <= 32);
    CHECK_EQUAL(threading_executor_workers(NULL), 0);
    end_pool(three);
    end_pool(standard);
}

/* --------------------------------------------------------------------------------------- a pool's own tasks */

static void *submit_ten(void *arg)
{
    for (int i = 0; i < 10; i++)
        submit_and_forget(pool, count_run, NULL);
    return arg;
}

static void *pass_and_submit_ten(void *its_gate)
{
    atomic_fetch_add(&entered, 1);
    gate_pass(its_gate);
    return submit_ten(its_gate);
}

CASE(submit_in_an_own_task_goes_beyond_the_bound)
{
    pool = made_bounded(1, 1);
    gate_close(&gate);
    threading_future_t *future = submitted(pool, pass_and_submit_ten, &gate);
    AWAIT(atomic_load(&entered) == 1);
    submit_and_forget(pool, count_run, NULL);
    gate_open(&gate);
    CHECK(value_of(future) == &gate);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 11);
}

CASE(submit_in_an_own_task_starts_threads)
{
    pool = made_bounded(4, 1);
    CHECK(value_of(submitted(pool, submit_ten, &object)) == &object);
    CHECK(threading_active_count() > 2);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 10);
}

static bool submit_first(void *unused)
{
    (void)unused;
    return submit_ten(&object) == &object;
}

CASE(submit_in_an_initializer_goes_beyond_the_bound)
{
    const threading_executor_options_t options = {.max_pending = 1, .initializer = submit_first};
    pool = threading_executor_new(1, &options);
    CHECK(pool != NULL);
    CHECK(value_of(submitted(pool, count_run, &object)) == &object);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 11);
}

/* The bound of 3 is reached by two that wait in the pool's queue and one with this thread. */
static void *try_until_busy(void *arg)
{
    CHECK_STATUS(threading_executor_try_submit(pool, count_run, NULL, NULL), THREADING_OK);
    for (int i = 0; i < 10; i++)
        CHECK_STATUS(threading_executor_try_submit(pool, count_run, NULL, NULL), THREADING_BUSY);
    return arg;
}

static void *pass_and_try_until_busy(void *its_gate)
{
    atomic_fetch_add(&entered, 1);
    gate_pass(its_gate);
    return try_until_busy(its_gate);
}

CASE(try_submit_in_an_own_task_is_busy_when_there_is_no_room)
{
    pool = made_bounded(1, 3);
    gate_close(&gate);
    threading_future_t *future = submitted(pool, pass_and_try_until_busy, &gate);
    AWAIT(atomic_load(&entered) == 1);
    submit_and_forget(pool, count_run, NULL);
    submit_and_forget(pool, count_run, NULL);
    gate_open(&gate);
    CHECK(value_of(future) == &gate);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 3);
}

CASE(submit_in_a_task_of_another_pool_waits)
{
    threading_executor_t *other = made_pool(1);
    make_full_pool(1);
    threading_future_t *future = submitted(other, submit_one, &object);
    CHECK_STATUS(threading_future_result_timeout(future, 0.01, NULL), THREADING_TIMEOUT);
    gate_open(&gate);
    CHECK(value_of(future) == &object);
    end_pool(other);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 3);
}

static void *map_ten(void *unused)
{
    void *items[10] = {NULL};
    CHECK_STATUS(threading_executor_map(pool, count_run, items, 10, NULL), THREADING_OK);
    return unused;
}

/* A map that waited for room, or was refused, would not be over when the gate is opened once. */
CASE(map_goes_beyond_the_bound)
{
    make_full_pool(1);
    threading_thread_t *mapper = started(map_ten, NULL);
    check_waits(mapper);
    gate_open(&gate);
    finished(mapper);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 12);
}

/* ------------------------------------------------------------------------------------ an end of the wait */

static threading_status_t submit_for_room(void)
{
    threading_future_t *future = NULL;
    threading_status_t status = threading_executor_submit(pool, count_run, NULL, &future);
    CHECK((future != NULL) == (status == THREADING_OK));
    threading_future_free(future);
    return status;
}

static void make_full(void)
{
    make_full_pool(1);
}

static void only_two_are_run(void)
{
    end_full_pool(2);
}

CASE(request_ends_submit)
{
    const struct wait submitting = {
        .calls = {submit_for_room}, .block = make_full, .as_before = only_two_are_run};
    request_ends(&submitting);
}

CASE(deadline_ends_submit)
{
    const struct wait submitting = {
        .calls = {submit_for_room}, .block = make_full, .as_before = only_two_are_run};
    deadline_ends(&submitting);
}

CASE(submit_does_not_begin_to_wait_after_a_request)
{
    const struct wait submitting = {
        .calls = {submit_for_room}, .block = make_full, .as_before = only_two_are_run};
    does_not_begin(&submitting);
}

CASE(submit_that_need_not_wait_succeeds)
{
    const struct wait submitting = {.calls = {submit_for_room}};
    pool = made_bounded(1, 1);
    need_not_wait(&submitting);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 1);
}

static void *submit_or_be_stopped(void *unused)
{
    threading_status_t status = submit_for_room();
    CHECK(status == THREADING_OK || status == THREADING_CANCELLED);
    return unused;
}

/* The first in line is stopped just when there is room: the place is the second one's, whom nobody else
 * wakes. */
CASE(room_is_not_lost_to_one_that_is_stopped)
{
    for (int i = 0; i < (is_slow() ? 50 : 300); i++) {
        CHECK_STATUS(threading_stop_init(&stop), THREADING_OK);
        make_full_pool(1);
        threading_thread_t *stopped = started_heeding(submit_or_be_stopped, NULL);
        (void)threading_sleep(0.0005);
        threading_thread_t *submitter = started(submit_one, NULL);
        (void)threading_sleep(0.0005);
        gate_open(&gate);
        for (uint32_t pause = 0; pause < (uint32_t)i % 50 * 20; pause++)
            (void)atomic_load(&runs);
        request();
        finished(stopped);
        finished(submitter);
        end_pool(pool);
    }
}

static void *submit_and_fail(void *status)
{
    threading_future_t *future = NULL;
    CHECK_STATUS(threading_executor_submit(pool, count_run, NULL, &future), *(threading_status_t *)status);
    CHECK(future == NULL);
    return NULL;
}

static void check_shutdown(bool cancel_futures)
{
    threading_status_t expected = THREADING_SHUTDOWN;
    threading_thread_t *submitters[3];
    make_full_pool(2);
    start_many(submitters, 3, submit_and_fail, &expected);
    check_waits(submitters[2]);
    CHECK_STATUS(threading_executor_shutdown(pool, false, cancel_futures), THREADING_OK);
    finish_many(submitters, 3);
    CHECK_STATUS(threading_executor_try_submit(pool, count_run, NULL, NULL), THREADING_SHUTDOWN);
    end_full_pool(cancel_futures ? 1 : 3);
}

CASE(shutdown_is_told_to_all_who_wait)
{
    check_shutdown(false);
}

CASE(shutdown_that_cancels_is_told_to_all_who_wait)
{
    check_shutdown(true);
}

static void *end_thread(void *its_gate)
{
    atomic_fetch_add(&entered, 1);
    gate_pass(its_gate);
    foreign_exit();
    return its_gate;
}

/* The first task ends its thread; what waits is broken with the pool. */
CASE(break_is_told_to_all_who_wait)
{
    threading_status_t expected = THREADING_BROKEN;
    threading_thread_t *submitters[3];
    pool = made_bounded(1, 1);
    gate_close(&gate);
    submit_and_forget(pool, end_thread, &gate);
    AWAIT(atomic_load(&entered) == 1);
    threading_future_t *future = submitted(pool, count_run, NULL);
    start_many(submitters, 3, submit_and_fail, &expected);
    check_waits(submitters[2]);
    gate_open(&gate);
    finish_many(submitters, 3);
    check_ends_with(future, THREADING_BROKEN);
    CHECK_STATUS(threading_executor_try_submit(pool, count_run, NULL, NULL), THREADING_BROKEN);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 0);
}

static bool pass_and_fail(void *its_gate)
{
    gate_pass(its_gate);
    return false;
}

CASE(failure_of_an_initializer_is_told_to_all_who_wait)
{
    const threading_executor_options_t options = {
        .max_pending = 1, .initializer = pass_and_fail, .initializer_arg = &gate};
    threading_status_t expected = THREADING_BROKEN;
    threading_thread_t *submitters[3];
    pool = threading_executor_new(1, &options);
    CHECK(pool != NULL);
    gate_close(&gate);
    submit_and_forget(pool, count_run, NULL);
    start_many(submitters, 3, submit_and_fail, &expected);
    check_waits(submitters[2]);
    gate_open(&gate);
    finish_many(submitters, 3);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 0);
}

/* -------------------------------------------------------------------------------- the end of the process */

/* What is never given back, kept where a leak checker finds it: volatile, or it might not be written. */
static void *volatile kept;

/* Only the end of the process ends this wait, and only then does the task end. */
static void *submit_until_shutdown(void *unused)
{
    CHECK_STATUS(threading_executor_submit(pool, count_run, NULL, NULL), THREADING_SHUTDOWN);
    puts("told");
    gate_open(&gate);
    return unused;
}

static void fill_and_wait(void)
{
    make_full_pool(1);
    kept = pool;
    threading_thread_t *submitter = started(submit_until_shutdown, NULL);
    check_waits(submitter);
    threading_thread_free(submitter);
    puts("end of main");
}

EXIT_CASE(submitter_that_waits_is_told_at_the_end_of_the_process, 0, "end of main|told|")
{
    fill_and_wait();
}

EXIT_CASE(submitter_that_waits_is_told_by_threading_shutdown, 0, "end of main|told|over|")
{
    fill_and_wait();
    CHECK_STATUS(threading_shutdown(), THREADING_OK);
    CHECK_EQUAL(atomic_load(&runs), 2);
    puts("over");
}

/* ------------------------------------------------------------------------------------------------- fork */

static void submit_in_child(void)
{
    CHECK_STATUS(threading_executor_submit(pool, count_run, NULL, NULL), THREADING_BROKEN);
    CHECK_STATUS(threading_executor_try_submit(pool, count_run, NULL, NULL), THREADING_BROKEN);
    pool = made_bounded(1, 1);
    if (!CHILD_OF_TSAN) {
        int each = 100;
        (void)submit_many(&each);
        CHECK_STATUS(threading_executor_shutdown(pool, true, false), THREADING_OK);
        CHECK_EQUAL(atomic_load(&runs), 100);
    }
    threading_executor_free(pool);
}

CASE(child_is_told_that_a_full_pool_is_broken_and_may_have_one_of_its_own)
{
    threading_thread_t *submitters[2];
    make_full_pool(1);
    start_many(submitters, 2, submit_one, NULL);
    check_waits(submitters[1]);
    in_child(submit_in_child);
    gate_open(&gate);
    finish_many(submitters, 2);
    end_pool(pool);
    CHECK_EQUAL(atomic_load(&runs), 4);
}
