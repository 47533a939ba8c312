/* SPDX-License-Identifier: MIT */
/* The waits of a queue: for an item, for room, for the last task; how they end, in time or not. */
#include "queue_base.h"

enum { SIZE = 5, WAITERS = 20 };

/* ---- a wait ends by what it waits for ---- */

static void get_waits_for_a_put(threading_target_t getter)
{
    int begin = atomic_load(&announced);
    threading_thread_t *thread = started(getter, NULL);
    let_them_wait(begin + 1);
    CHECK_EQUAL(atomic_load(&passed), begin);
    put_it(100);
    finished(thread);
    CHECK_EQUAL(atomic_exchange(&sum, 0), 100);
}

static void put_waits_for_a_get(threading_target_t putter)
{
    static int item = 7;
    int begin = atomic_load(&announced);
    threading_thread_t *thread = started(putter, &item);
    let_them_wait(begin + 1);
    CHECK_EQUAL(atomic_load(&passed), begin);
    CHECK(threading_queue_full(queue));
    (void)get_it();
    finished(thread);
    CHECK(threading_queue_full(queue));
}

static void each_waits_for_the_other(threading_queue_kind_t kind)
{
    (void)kind;
    get_waits_for_a_put(get_one);
    get_waits_for_a_put(get_one_in_time);
    put_many(SIZE);
    put_waits_for_a_get(put_one);
    put_waits_for_a_get(put_one_in_time);
    while (threading_queue_try_get(queue, NULL) == THREADING_OK)
        continue;
    get_waits_for_a_put(get_one);
    atomic_store(&announced, 0);
    atomic_store(&passed, 0);
}

/* CPython: test_queue.BaseQueueTestMixin.test_basic */
CASE(put_and_get_wait_for_each_other)
{
    with_each_kind(SIZE, each_waits_for_the_other);
}

CASE(each_put_lets_one_waiting_get_on)
{
    threading_thread_t *threads[WAITERS];
    open_queue(0);
    start_many(threads, WAITERS, get_one, NULL);
    let_them_wait(WAITERS);
    for (int i = 1; i <= WAITERS; i++) {
        only_so_many_pass(i - 1);
        put_it(i);
    }
    finish_many(threads, WAITERS);
    CHECK_EQUAL(atomic_load(&sum), WAITERS * (WAITERS + 1) / 2);
    check_counts(0, WAITERS);
    close_queue();
}

CASE(each_get_lets_one_waiting_put_on)
{
    static int items[WAITERS];
    threading_thread_t *threads[WAITERS];
    open_queue(1);
    put_it(0);
    for (int i = 0; i < WAITERS; i++) {
        items[i] = i + 1;
        threads[i] = started(put_one, &items[i]);
    }
    let_them_wait(WAITERS);
    for (int i = 0; i < WAITERS; i++) {
        only_so_many_pass(i);
        CHECK_STATUS(try_get_and_add(), THREADING_OK);
        AWAIT(threading_queue_full(queue));
    }
    finish_many(threads, WAITERS);
    CHECK_STATUS(try_get_and_add(), THREADING_OK);
    CHECK_EQUAL(atomic_load(&sum), WAITERS * (WAITERS + 1) / 2);
    close_queue();
}

CASE(puts_in_a_row_let_all_waiting_gets_on)
{
    threading_thread_t *threads[WAITERS];
    for (int round = 1; round <= 20; round++) {
        open_queue(0);
        start_many(threads, WAITERS, get_one, NULL);
        AWAIT(atomic_load(&announced) == round * WAITERS);
        put_many(WAITERS);
        finish_many(threads, WAITERS);
        check_counts(0, WAITERS);
        close_queue();
    }
}

static void start_putters_of_a_full_queue(threading_thread_t **threads, int count)
{
    static int item = 1;
    open_queue(1);
    put_it(1);
    start_many(threads, count, put_one, &item);
    let_them_wait(count);
    CHECK_EQUAL(atomic_load(&passed), 0);
}

CASE(larger_maxsize_lets_as_many_waiting_puts_on)
{
    threading_thread_t *threads[4];
    start_putters_of_a_full_queue(threads, 4);
    CHECK_STATUS(threading_queue_set_maxsize(queue, 3), THREADING_OK);
    only_so_many_pass(2);
    check_counts(3, 3);
    CHECK_STATUS(threading_queue_set_maxsize(queue, 2), THREADING_OK);
    (void)get_it();
    only_so_many_pass(2);
    CHECK_STATUS(threading_queue_set_maxsize(queue, 100), THREADING_OK);
    finish_many(threads, 4);
    check_counts(4, 5);
    close_queue();
}

CASE(no_maxsize_lets_all_waiting_puts_on)
{
    threading_thread_t *threads[4];
    start_putters_of_a_full_queue(threads, 4);
    CHECK_STATUS(threading_queue_set_maxsize(queue, 0), THREADING_OK);
    finish_many(threads, 4);
    check_counts(5, 5);
    close_queue();
}

static int written; /* plain: the queue alone orders it */

static void *get_and_look(void *pass)
{
    int *item = NULL;
    CHECK_STATUS(threading_queue_get(pass, &item), THREADING_OK);
    CHECK(item == &written);
    CHECK_EQUAL(*item, 42);
    return NULL;
}

/* The thread sanitizer tells when the queue does not order it. */
CASE(what_was_done_before_the_put_is_seen_after_the_get)
{
    for (int round = 0; round < 100; round++) {
        int *item = &written;
        threading_queue_t *pass = threading_queue_new(THREADING_QUEUE_FIFO, sizeof item, 1, NULL);
        CHECK(pass != NULL);
        threading_thread_t *thread = started(get_and_look, pass);
        written = 42;
        CHECK_STATUS(threading_queue_put(pass, &item), THREADING_OK);
        finished(thread);
        written = 0;
        threading_queue_free(pass);
    }
}

/* ---- join ---- */

static void *work(void *arg)
{
    for (;;) {
        int item = get_it();
        if (item >= 0)
            atomic_fetch_add(&sum, item);
        task_is_done();
        if (item < 0)
            return arg;
    }
}

static void join_waits_for_all_work(void)
{
    threading_thread_t *threads[2];
    start_many(threads, 2, work, NULL);
    put_many(100);
    CHECK_STATUS(threading_queue_join(queue), THREADING_OK);
    CHECK_EQUAL(atomic_exchange(&sum, 0), 99 * 100 / 2);
    put_it(-1);
    CHECK_STATUS(threading_queue_join(queue), THREADING_OK);
    put_it(-1);
    CHECK_STATUS(threading_queue_join(queue), THREADING_OK);
    finish_many(threads, 2);
}

static void joins_work_twice(threading_queue_kind_t kind)
{
    (void)kind;
    join_waits_for_all_work();
    join_waits_for_all_work();
    CHECK_STATUS(threading_queue_task_done(queue), THREADING_INVALID);
}

/* CPython: test_queue.BaseQueueTestMixin.test_queue_join */
CASE(join_waits_until_the_workers_are_done)
{
    with_each_kind(0, joins_work_twice);
}

CASE(join_of_a_queue_without_tasks_returns_at_once)
{
    open_queue(0);
    CHECK_STATUS(threading_queue_join(queue), THREADING_OK);
    CHECK_STATUS(threading_queue_join_timeout(queue, 0), THREADING_OK);
    put_it(1);
    task_is_done();
    CHECK_STATUS(threading_queue_join(queue), THREADING_OK); /* the item is still there */
    CHECK_STATUS(threading_queue_join_timeout(queue, THREADING_FOREVER), THREADING_OK);
    close_queue();
}

CASE(join_waits_for_the_reports_not_for_the_gets)
{
    threading_thread_t *threads[3];
    open_queue(0);
    for (int round = 1; round <= 3; round++) {
        put_many(2);
        start_many(threads, 3, join_it, NULL);
        let_them_wait(round * 3);
        (void)get_it();
        (void)get_it();
        task_is_done();
        only_so_many_pass((round - 1) * 3);
        task_is_done();
        finish_many(threads, 3);
    }
    close_queue();
}

static void *write_and_report(void *arg)
{
    written++;
    task_is_done();
    return arg;
}

CASE(what_was_done_before_the_report_is_seen_after_the_join)
{
    open_queue(0);
    for (int round = 1; round <= 100; round++) {
        put_it(round);
        threading_thread_t *thread = started(write_and_report, NULL);
        CHECK_STATUS(threading_queue_join(queue), THREADING_OK);
        CHECK_EQUAL(written, round);
        finished(thread);
    }
    close_queue();
}

static void *join_in_tiny_times(void *arg)
{
    threading_status_t status;
    while ((status = threading_queue_join_timeout(queue, 2e-5)) == THREADING_TIMEOUT)
        continue;
    CHECK_STATUS(status, THREADING_OK);
    return arg;
}

CASE(joins_beside_the_last_report_lose_no_wake)
{
    threading_thread_t *threads[4];
    open_queue(0);
    for (int round = 0; round < (is_slow() ? 30 : 300); round++) {
        put_it(round);
        start_many(threads, 2, join_it, NULL);
        start_many(threads + 2, 2, join_in_tiny_times, NULL);
        task_is_done();
        finish_many(threads, 4);
    }
    close_queue();
}

/* ---- time ---- */

CASE(any_timeout_does_at_once_what_needs_no_waiting)
{
    const double all[] = {0, -0.0, 5e-324, 1e-12, 60, 4294967.295, THREADING_TIMEOUT_MAX, THREADING_FOREVER};
    double begin = threading_monotonic();
    open_queue(1);
    for (size_t i = 0; i < LENGTH(all); i++) {
        CHECK_STATUS(put_it_within(all[i]), THREADING_OK);
        CHECK_STATUS(get_and_add_within(all[i]), THREADING_OK);
        task_is_done();
        CHECK_STATUS(threading_queue_join_timeout(queue, all[i]), THREADING_OK);
    }
    CHECK(threading_monotonic() - begin < 60);
    close_queue();
}

/* What a clock that counts from 1970, as C11's does, is exact to in a double: a little less than this. */
#define CLOCK_GRAIN 5e-7

static void has_passed(double begin, double seconds)
{
    CHECK(threading_monotonic() - begin >= seconds - CLOCK_GRAIN);
}

static void run_out_of_time(double seconds)
{
    int item = 77;
    double begin = threading_monotonic();
    CHECK_STATUS(threading_queue_get_timeout(queue, seconds, &item), THREADING_TIMEOUT);
    has_passed(begin, seconds);
    begin = threading_monotonic();
    CHECK_STATUS(threading_queue_put_timeout(full_queue, &item, seconds), THREADING_TIMEOUT);
    has_passed(begin, seconds);
    begin = threading_monotonic();
    CHECK_STATUS(threading_queue_join_timeout(full_queue, seconds), THREADING_TIMEOUT);
    has_passed(begin, seconds);
    CHECK_EQUAL(item, 77);
}

CASE(timeouts_are_never_early)
{
    const double all[] = {0.001, 0.002, 0.003, 0.005, 0.008, 0.013, 0.02, 0.035, 0.1};
    open_an_empty_and_a_full_queue();
    for (size_t i = 0; i < LENGTH(all); i++)
        run_out_of_time(all[i]);
    close_both_queues();
}

CASE(tiny_timeouts_are_waits_that_end)
{
    const double tiny[] = {0, -0.0, 5e-324, 1e-300, 1e-12, 1e-10, 1e-9, 1.5e-9, 1e-7};
    open_an_empty_and_a_full_queue();
    for (size_t i = 0; i < LENGTH(tiny); i++)
        run_out_of_time(tiny[i]);
    for (int i = 1; i <= 300; i++)
        run_out_of_time(i * 1.1e-6);
    close_both_queues();
}

static void *wait_thrice(void *seconds)
{
    int item = 5;
    double limit = *(double *)seconds;
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(get_and_add_within(limit), THREADING_OK);
    CHECK_STATUS(threading_queue_put_timeout(full_queue, &item, limit), THREADING_OK);
    CHECK_STATUS(threading_queue_join_timeout(full_queue, limit), THREADING_OK);
    return NULL;
}

/* The numbers at which an addition, 32-bit milliseconds or a 32-bit time_t would wrap around. */
CASE(longest_timeouts_wait_for_what_comes)
{
    double all[] = {THREADING_FOREVER, THREADING_TIMEOUT_MAX, 60,         86400, 2147483.648,
                    4294967.295,       4294967.296,           2147483648, 1e9};
    for (size_t i = 0; i < LENGTH(all); i++) {
        open_an_empty_and_a_full_queue();
        threading_thread_t *thread = started(wait_thrice, &all[i]);
        let_them_wait((int)i + 1);
        put_it(3);
        CHECK_STATUS(threading_thread_join_timeout(thread, 0.004), THREADING_TIMEOUT);
        CHECK_STATUS(threading_queue_get(full_queue, NULL), THREADING_OK);
        AWAIT(threading_queue_size(full_queue) == 1);
        CHECK_STATUS(threading_queue_task_done(full_queue), THREADING_OK);
        CHECK_STATUS(threading_thread_join_timeout(thread, 0.004), THREADING_TIMEOUT);
        CHECK_STATUS(threading_queue_task_done(full_queue), THREADING_OK);
        finished(thread);
        threading_queue_free(full_queue);
        close_queue();
    }
}

static atomic_int in_time; /* hasty waits that ended with what they waited for */

static void count_in_time(threading_status_t status)
{
    if (status == THREADING_OK)
        atomic_fetch_add(&in_time, 1);
    else
        CHECK_STATUS(status, THREADING_TIMEOUT);
}

static void *get_hastily(void *seconds)
{
    count_in_time(get_and_add_within(*(double *)seconds));
    return NULL;
}

static void *put_hastily(void *seconds)
{
    count_in_time(put_it_within(*(double *)seconds));
    return NULL;
}

static void let_one_get_on(void)
{
    put_it(1);
}

static void let_one_put_on(void)
{
    (void)get_it();
}

/* One is let on when the time of some runs out. Either that is one of them, or it is the one who waits without
 * a limit: nothing is ever spent on a thread that then reports a timeout. */
static void timeouts_meet(threading_target_t hasty, threading_target_t patient, void (*let_one_on)(void))
{
    static int item = 1;
    uint32_t seed = 1;
    for (int round = 0; round < (is_slow() ? 30 : 200); round++) {
        double seconds = random_below(&seed, 1500) * 1e-6;
        double end = threading_monotonic() + seconds + random_below(&seed, 500) * 1e-6;
        threading_thread_t *threads[5];
        start_many(threads, 2, hasty, &seconds);
        threads[4] = started(patient, &item);
        start_many(threads + 2, 2, hasty, &seconds);
        while (threading_monotonic() < end)
            (void)threading_sleep(1e-5);
        let_one_on();
        finish_many(threads, 4);
        int had = atomic_exchange(&in_time, 0);
        CHECK(had <= 1);
        if (had == 1)
            let_one_on();
        finished(threads[4]);
    }
}

CASE(timeout_at_the_moment_of_a_put_loses_nothing)
{
    open_queue(0);
    timeouts_meet(get_hastily, get_one, let_one_get_on);
    CHECK(threading_queue_empty(queue));
    close_queue();
}

CASE(timeout_at_the_moment_of_a_get_loses_nothing)
{
    open_queue(1);
    put_it(1);
    timeouts_meet(put_hastily, put_one, let_one_put_on);
    CHECK(threading_queue_full(queue));
    close_queue();
}

/* A comparison runs while the queue is locked: this one takes until the time of a waiting put is over. */
static double put_begin, compare_begin;
static const double put_limit = 0.05;

static int compare_for_long(const void *a, const void *b)
{
    if (atomic_load(&announced) > 0 && compare_begin == 0) {
        compare_begin = threading_monotonic();
        while (threading_monotonic() < put_begin + put_limit + 0.01)
            (void)threading_sleep(0.001);
    }
    return compare_ints(a, b);
}

static void *put_within_the_limit(void *status)
{
    put_begin = threading_monotonic();
    atomic_store(&announced, 1);
    *(threading_status_t *)status = put_it_within(put_limit);
    return NULL;
}

/* The put cannot have given up before the comparison began, nor look at the queue before it is over; then there
 * is room. On a machine so busy that the get comes too late the round tells nothing. */
CASE(room_that_is_there_when_the_time_is_over_is_taken)
{
    for (int round = 0; round < 5; round++) {
        threading_status_t status = THREADING_STATUS_COUNT;
        queue = threading_queue_new(THREADING_QUEUE_PRIORITY, sizeof(int), 3, compare_for_long);
        put_many(3);
        atomic_store(&announced, 0);
        compare_begin = 0;
        threading_thread_t *thread = started(put_within_the_limit, &status);
        AWAIT(atomic_load(&announced) == 1);
        (void)get_it();
        finished(thread);
        CHECK(status == THREADING_OK || compare_begin >= put_begin + put_limit - CLOCK_GRAIN);
        close_queue();
    }
}
