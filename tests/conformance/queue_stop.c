/* SPDX-License-Identifier: MIT */
/* The waits of a queue in threads that heed a stop. */
#include "queue_base.h"

static threading_stop_t stop;
static atomic_int got; /* by gets that a stop was to end */

static threading_thread_t *started_heeding(threading_target_t target)
{
    threading_thread_t *thread = threading_thread(target, NULL, .stop = &stop);
    CHECK(thread != NULL);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    return thread;
}

static void *get_in_vain(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(get_and_add(), THREADING_CANCELLED);
    CHECK_STATUS(get_and_add_within(1000), THREADING_CANCELLED);
    CHECK_STATUS(try_get_and_add(), THREADING_EMPTY);
    return arg;
}

static void *put_in_vain(void *arg)
{
    int item = 9;
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_queue_put_timeout(full_queue, &item, 1000), THREADING_CANCELLED);
    CHECK_STATUS(threading_queue_put(full_queue, &item), THREADING_CANCELLED);
    CHECK_STATUS(threading_queue_try_put(full_queue, &item), THREADING_FULL);
    return arg;
}

static void *join_in_vain(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_queue_join(full_queue), THREADING_CANCELLED);
    CHECK_STATUS(threading_queue_join_timeout(full_queue, 1000), THREADING_CANCELLED);
    return arg;
}

CASE(stop_ends_waits_and_changes_nothing)
{
    open_an_empty_and_a_full_queue();
    threading_thread_t *threads[3] = {started_heeding(get_in_vain), started_heeding(put_in_vain),
                                      started_heeding(join_in_vain)};
    let_them_wait(3);
    CHECK_STATUS(threading_stop_request(&stop), THREADING_OK);
    finish_many(threads, 3);
    CHECK_EQUAL(threading_queue_size(full_queue), 1);
    close_both_queues();
}

CASE(requested_stop_hinders_nothing_that_need_not_wait)
{
    open_queue(1);
    CHECK_STATUS(threading_stop_request(&stop), THREADING_OK);
    CHECK(threading_stop_heed(&stop) == NULL);
    put_it(1);
    CHECK_EQUAL(get_it(), 1);
    CHECK_STATUS(put_it_within(1000), THREADING_OK);
    CHECK_STATUS(get_and_add_within(1000), THREADING_OK);
    task_is_done();
    task_is_done();
    CHECK_STATUS(threading_queue_join(queue), THREADING_OK);
    CHECK_STATUS(threading_queue_join_timeout(queue, 1000), THREADING_OK);
    shut_down(false);
    CHECK_STATUS(get_and_add(), THREADING_SHUTDOWN);
    CHECK(threading_stop_heed(NULL) == &stop);
    close_queue();
}

static void *get_unless_stopped(void *arg)
{
    threading_status_t status = get_and_add();
    if (status == THREADING_OK)
        atomic_fetch_add(&got, 1);
    else
        CHECK_STATUS(status, THREADING_CANCELLED);
    return arg;
}

CASE(stop_at_the_moment_of_a_put_loses_nothing)
{
    open_queue(0);
    for (int round = 0; round < (is_slow() ? 30 : 200); round++) {
        threading_thread_t *threads[4];
        CHECK_STATUS(threading_stop_init(&stop), THREADING_OK);
        for (int i = 0; i < 3; i++)
            threads[i] = started_heeding(get_unless_stopped);
        threads[3] = started(get_one, NULL);
        put_it(1);
        CHECK_STATUS(threading_stop_request(&stop), THREADING_OK);
        finish_many(threads, 3);
        if (atomic_exchange(&got, 0) > 0)
            put_it(1);
        finished(threads[3]);
        CHECK(threading_queue_empty(queue));
    }
    close_queue();
}
