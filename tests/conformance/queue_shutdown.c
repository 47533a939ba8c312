/* SPDX-License-Identifier: MIT */
/* The end of a queue: nothing more is put; what is left is got, or dropped at once; who waits is told. */
#include "queue_base.h"

enum { WAITERS = 8 };

static atomic_int told; /* waits that ended with SHUTDOWN */

/* ---- in one thread ---- */

static void put_is_shut(void)
{
    int item = 9;
    CHECK_STATUS(threading_queue_put(queue, &item), THREADING_SHUTDOWN);
    CHECK_STATUS(threading_queue_try_put(queue, &item), THREADING_SHUTDOWN);
    CHECK_STATUS(threading_queue_put_timeout(queue, &item, 0), THREADING_SHUTDOWN);
    CHECK_STATUS(threading_queue_put_timeout(queue, &item, 1000), THREADING_SHUTDOWN);
    CHECK_STATUS(threading_queue_put_timeout(queue, &item, THREADING_FOREVER), THREADING_SHUTDOWN);
}

static void get_is_shut(void)
{
    CHECK_STATUS(get_and_add(), THREADING_SHUTDOWN);
    CHECK_STATUS(try_get_and_add(), THREADING_SHUTDOWN);
    CHECK_STATUS(get_and_add_within(0), THREADING_SHUTDOWN);
    CHECK_STATUS(get_and_add_within(1000), THREADING_SHUTDOWN);
    CHECK_STATUS(get_and_add_within(THREADING_FOREVER), THREADING_SHUTDOWN);
    CHECK_STATUS(threading_queue_get(queue, NULL), THREADING_SHUTDOWN);
}

static void shuts_when_empty(threading_queue_kind_t kind)
{
    (void)kind;
    CHECK(!threading_queue_is_shutdown(queue));
    shut_down(false);
    CHECK(threading_queue_is_shutdown(queue));
    put_is_shut();
    get_is_shut();
    check_counts(0, 0);
}

/* CPython: test_queue.BaseQueueTestMixin.test_shutdown_empty */
CASE(empty_queue_that_is_shut_down_gives_and_takes_nothing)
{
    with_each_kind(0, shuts_when_empty);
}

static void gives_what_is_left(threading_queue_kind_t kind)
{
    (void)kind;
    put_many(3);
    shut_down(false);
    put_is_shut();
    check_counts(3, 3);
    CHECK_STATUS(get_and_add(), THREADING_OK);
    CHECK_STATUS(try_get_and_add(), THREADING_OK);
    CHECK_STATUS(get_and_add_within(1000), THREADING_OK);
    CHECK_EQUAL(atomic_exchange(&sum, 0), 0 + 1 + 2);
    get_is_shut();
    check_counts(0, 3);
}

/* CPython: test_queue.BaseQueueTestMixin.test_shutdown_nonempty */
CASE(items_that_are_left_can_be_got_after_a_shutdown)
{
    with_each_kind(0, gives_what_is_left);
}

static void drops_what_is_left(threading_queue_kind_t kind)
{
    (void)kind;
    put_many(3);
    shut_down(true);
    CHECK(threading_queue_is_shutdown(queue));
    get_is_shut();
    put_is_shut();
    check_counts(0, 0);
}

/* CPython: test_queue.BaseQueueTestMixin.test_shutdown_immediate */
CASE(immediate_shutdown_drops_the_items)
{
    with_each_kind(0, drops_what_is_left);
}

static void stays_shut(threading_queue_kind_t kind)
{
    (void)kind;
    put_many(2);
    shut_down(false);
    shut_down(false);
    check_counts(2, 2);
    shut_down(true);
    check_counts(0, 0);
    shut_down(true);
    shut_down(false);
    CHECK(threading_queue_is_shutdown(queue));
    put_is_shut();
    get_is_shut();
}

/* CPython: test_queue.BaseQueueTestMixin.test_shutdown_allowed_transitions */
CASE(shutdown_may_be_repeated_and_become_immediate_but_not_undone)
{
    with_each_kind(0, stays_shut);
}

static void all_calls_after_a_shutdown(threading_queue_kind_t kind)
{
    (void)kind;
    put_many(2);
    shut_down(false);
    CHECK_STATUS(threading_queue_set_maxsize(queue, 5), THREADING_OK);
    put_is_shut();
    for (size_t left = 2; left > 0; left--) {
        CHECK_STATUS(threading_queue_join_timeout(queue, 0.001), THREADING_TIMEOUT);
        (void)get_it();
        task_is_done();
        check_counts(left - 1, left - 1);
    }
    CHECK_STATUS(threading_queue_join(queue), THREADING_OK);
    CHECK_STATUS(threading_queue_task_done(queue), THREADING_INVALID);
    get_is_shut();
}

/* CPython: test_queue.BaseQueueTestMixin.test_shutdown_all_methods_in_one_thread */
CASE(tasks_can_be_reported_and_joined_after_a_shutdown)
{
    with_each_kind(2, all_calls_after_a_shutdown);
}

static void all_calls_after_an_immediate_shutdown(threading_queue_kind_t kind)
{
    (void)kind;
    put_many(2);
    shut_down(true);
    put_is_shut();
    get_is_shut();
    CHECK_STATUS(threading_queue_task_done(queue), THREADING_INVALID);
    CHECK_STATUS(threading_queue_join(queue), THREADING_OK);
    CHECK_STATUS(threading_queue_join_timeout(queue, 0), THREADING_OK);
    CHECK(!threading_queue_full(queue));
}

/* CPython: test_queue.BaseQueueTestMixin.test_shutdown_immediate_all_methods_in_one_thread */
CASE(nothing_is_left_to_do_after_an_immediate_shutdown)
{
    with_each_kind(2, all_calls_after_an_immediate_shutdown);
}

/* ---- tasks that are dropped ---- */

CASE(task_that_was_got_is_still_to_be_reported)
{
    open_queue(0);
    put_many(5);
    (void)get_it();
    (void)get_it();
    task_is_done();
    shut_down(true);
    check_counts(0, 1);
    CHECK_STATUS(threading_queue_join_timeout(queue, 0.005), THREADING_TIMEOUT);
    threading_thread_t *thread = started(join_it, NULL);
    let_them_wait(1);
    CHECK_EQUAL(atomic_load(&passed), 0);
    task_is_done();
    finished(thread);
    CHECK_STATUS(threading_queue_task_done(queue), THREADING_INVALID);
    close_queue();
}

/* Reports may come before the gets, so fewer tasks may be unfinished than items are dropped. */
CASE(dropped_items_take_no_task_that_is_not_there)
{
    open_queue(0);
    put_many(5);
    for (int i = 0; i < 3; i++)
        task_is_done();
    check_counts(5, 2);
    shut_down(true);
    check_counts(0, 0);
    CHECK_STATUS(threading_queue_task_done(queue), THREADING_INVALID);
    CHECK_STATUS(threading_queue_join(queue), THREADING_OK);
    close_queue();
}

static bool seen[100];
static uint32_t destroyer;

static void note_item(void *item)
{
    int number = *(int *)item;
    CHECK(number >= 0 && number < 100 && !seen[number]);
    seen[number] = true;
    destroyer = threading_get_ident();
    *(int *)item = -1; /* a copy: it may be written to */
    count_destroyed(&number);
}

static void destroys_each_once(threading_queue_kind_t kind)
{
    (void)kind;
    CHECK_STATUS(threading_queue_set_destructor(queue, note_item), THREADING_OK);
    put_many(100);
    for (int i = 0; i < 40; i++)
        seen[get_it()] = true;
    shut_down(false);
    CHECK_EQUAL(atomic_load(&destroyed), 0);
    shut_down(true);
    CHECK_EQUAL(atomic_load(&destroyed), 60);
    CHECK_EQUAL(destroyer, threading_get_ident());
    shut_down(true);
    for (int i = 0; i < 100; i++)
        CHECK(seen[i]);
    CHECK_EQUAL(atomic_exchange(&destroyed, 0), 60);
    memset(seen, 0, sizeof seen);
}

CASE(immediate_shutdown_destroys_each_item_once_before_it_returns)
{
    with_each_kind(0, destroys_each_once);
    CHECK_EQUAL(atomic_load(&destroyed), 0); /* nothing was left when they were freed */
}

static void use_it_all(void *item)
{
    count_destroyed(item);
    CHECK(threading_queue_is_shutdown(queue));
    check_counts(0, 0);
    CHECK_EQUAL(threading_queue_maxsize(queue), 4);
    put_is_shut();
    get_is_shut();
    CHECK_STATUS(threading_queue_task_done(queue), THREADING_INVALID);
    CHECK_STATUS(threading_queue_join(queue), THREADING_OK);
    CHECK_STATUS(threading_queue_set_maxsize(queue, 4), THREADING_OK);
    shut_down(true);
}

/* CPython: test_queue.CSimpleQueueTest.test_reentrancy */
CASE(destructor_may_use_the_queue)
{
    open_queue(4);
    CHECK_STATUS(threading_queue_set_destructor(queue, use_it_all), THREADING_OK);
    put_many(4);
    shut_down(true);
    CHECK_EQUAL(atomic_load(&destroyed), 4);
    close_queue();
}

/* ---- who waits is told ---- */

static void count_told(threading_status_t status)
{
    if (status == THREADING_SHUTDOWN)
        atomic_fetch_add(&told, 1);
    else
        CHECK_STATUS(status, THREADING_OK);
    atomic_fetch_add(&passed, 1);
}

static void *get_or_be_told(void *arg)
{
    atomic_fetch_add(&announced, 1);
    count_told(get_and_add());
    return arg;
}

static void *get_in_time_or_be_told(void *arg)
{
    atomic_fetch_add(&announced, 1);
    count_told(get_and_add_within(1000));
    return arg;
}

static void *put_or_be_told(void *arg)
{
    static const int item = 5;
    atomic_fetch_add(&announced, 1);
    count_told(threading_queue_put(queue, &item));
    return arg;
}

static void *put_in_time_or_be_told(void *arg)
{
    atomic_fetch_add(&announced, 1);
    count_told(put_it_within(1000));
    return arg;
}

static void tell_waiting(threading_target_t target, threading_target_t timed, bool immediate)
{
    threading_thread_t *threads[2 * WAITERS];
    start_many(threads, WAITERS, target, NULL);
    start_many(threads + WAITERS, WAITERS, timed, NULL);
    let_them_wait(2 * WAITERS);
    CHECK_EQUAL(atomic_load(&passed), 0);
    shut_down(immediate);
    finish_many(threads, 2 * WAITERS);
    CHECK_EQUAL(atomic_exchange(&told, 0), 2 * WAITERS);
    atomic_store(&announced, 0);
    atomic_store(&passed, 0);
}

/* CPython: test_queue.BaseQueueTestMixin.test_shutdown_pending_get */
CASE(all_who_wait_for_an_item_are_told)
{
    for (int immediate = 0; immediate < 2; immediate++) {
        open_queue(0);
        tell_waiting(get_or_be_told, get_in_time_or_be_told, immediate);
        check_counts(0, 0);
        close_queue();
    }
}

/* CPython: test_queue.BaseQueueTestMixin.test_shutdown_put, test_shutdown_immediate_put */
CASE(all_who_wait_for_room_are_told)
{
    for (int immediate = 0; immediate < 2; immediate++) {
        open_queue(2);
        put_many(2);
        tell_waiting(put_or_be_told, put_in_time_or_be_told, immediate);
        check_counts(immediate ? 0 : 2, immediate ? 0 : 2);
        close_queue();
    }
}

/* Three gets, two items: whoever comes when, exactly one is told. */
static void gets_around_a_shutdown(threading_queue_kind_t kind)
{
    (void)kind;
    threading_thread_t *threads[3];
    put_many(2);
    start_many(threads, 2, get_or_be_told, NULL);
    shut_down(false);
    start_many(threads + 2, 1, get_or_be_told, NULL);
    finish_many(threads, 3);
    CHECK_EQUAL(atomic_exchange(&told, 0), 1);
}

/* CPython: test_queue.BaseQueueTestMixin.test_shutdown_get */
CASE(of_three_gets_of_two_items_one_is_told)
{
    for (int round = 0; round < (is_slow() ? 10 : 50); round++)
        with_each_kind(2, gets_around_a_shutdown);
}

/* Items put and got around an immediate shutdown are got or destroyed, none both, none neither. */
static void gets_around_an_immediate_shutdown(threading_queue_kind_t kind)
{
    (void)kind;
    threading_thread_t *threads[4];
    CHECK_STATUS(threading_queue_set_destructor(queue, count_destroyed), THREADING_OK);
    put_it(20);
    put_it(300);
    start_many(threads, 4, get_or_be_told, NULL);
    shut_down(true);
    finish_many(threads, 4);
    CHECK_EQUAL(atomic_exchange(&sum, 0), 320);
    CHECK_EQUAL(4 - atomic_exchange(&told, 0) + atomic_exchange(&destroyed, 0), 2);
}

/* CPython: test_queue.BaseQueueTestMixin.test_shutdown_immediate_get */
CASE(each_item_is_got_or_dropped_by_an_immediate_shutdown)
{
    for (int round = 0; round < (is_slow() ? 10 : 50); round++)
        with_each_kind(2, gets_around_an_immediate_shutdown);
}

/* ---- join ---- */

/* CPython: test_queue.BaseQueueTestMixin.test_shutdown_immediate_join */
CASE(immediate_shutdown_lets_joins_go_on)
{
    threading_thread_t *threads[2];
    open_queue(0);
    put_many(3);
    start_many(threads, 2, join_it, NULL);
    let_them_wait(2);
    CHECK_EQUAL(atomic_load(&passed), 0);
    shut_down(true);
    finish_many(threads, 2);
    close_queue();
}

static void *get_and_report(void *arg)
{
    (void)get_it();
    task_is_done();
    return arg;
}

/* CPython: test_queue.BaseQueueTestMixin.test_shutdown_join, test_shutdown_get_task_done_join */
CASE(joins_wait_on_after_a_shutdown_until_all_is_reported)
{
    threading_thread_t *threads[4];
    open_queue(2);
    put_many(2);
    start_many(threads, 2, join_it, NULL);
    let_them_wait(2);
    shut_down(false);
    only_so_many_pass(0);
    start_many(threads + 2, 1, get_and_report, NULL);
    AWAIT(threading_queue_unfinished(queue) == 1);
    only_so_many_pass(0);
    start_many(threads + 3, 1, get_and_report, NULL);
    finish_many(threads, 4);
    close_queue();
}

static void put_and_join_around_a_shutdown(bool immediate)
{
    open_queue(1);
    put_it(1);
    threading_thread_t *threads[2] = {started(put_or_be_told, NULL), started(join_it, NULL)};
    let_them_wait(2);
    CHECK_EQUAL(threading_queue_unfinished(queue), 1);
    shut_down(immediate);
    finished(threads[0]);
    CHECK_EQUAL(atomic_exchange(&told, 0), 1);
    if (immediate) {
        CHECK_STATUS(try_get_and_add(), THREADING_SHUTDOWN);
    } else {
        CHECK_EQUAL(get_it(), 1);
        task_is_done();
    }
    finished(threads[1]);
    close_queue();
}

/* CPython: test_queue.BaseQueueTestMixin.test_shutdown_put_join */
CASE(put_is_told_of_a_shutdown_while_a_join_waits)
{
    put_and_join_around_a_shutdown(false);
}

/* CPython: test_queue.BaseQueueTestMixin.test_shutdown_immediate_put_join */
CASE(put_is_told_of_an_immediate_shutdown_while_a_join_goes_on)
{
    put_and_join_around_a_shutdown(true);
}

/* ---- races ---- */

static atomic_int arrived;

static void *shut_down_together(void *arg)
{
    meet(&arrived, 4);
    shut_down(*(bool *)arg);
    return NULL;
}

CASE(of_shutdowns_at_once_one_destroys_each_item)
{
    static bool immediate[2] = {true, false};
    for (int round = 0; round < (is_slow() ? 30 : 200); round++) {
        threading_thread_t *threads[4];
        open_queue(0);
        CHECK_STATUS(threading_queue_set_destructor(queue, count_destroyed), THREADING_OK);
        put_many(50);
        for (int i = 0; i < 4; i++)
            threads[i] = started(shut_down_together, &immediate[i / 3]);
        finish_many(threads, 4);
        CHECK_EQUAL(atomic_exchange(&destroyed, 0), 50);
        check_counts(0, 0);
        close_queue();
    }
}

/* Waits that begin at the moment of the shutdown are told as well. */
CASE(shutdown_beside_waits_that_begin_is_missed_by_none)
{
    for (int round = 1; round <= (is_slow() ? 30 : 200); round++) {
        threading_thread_t *threads[8];
        open_queue(1);
        put_it(1);
        start_many(threads, 2, put_or_be_told, NULL);
        (void)get_it();
        start_many(threads + 2, 2, get_or_be_told, NULL);
        start_many(threads + 4, 2, put_in_time_or_be_told, NULL);
        start_many(threads + 6, 2, get_in_time_or_be_told, NULL);
        if (round % 2)
            AWAIT(atomic_load(&announced) == 8 * round);
        shut_down(round % 3 == 0);
        finish_many(threads, 8);
        close_queue();
    }
}
