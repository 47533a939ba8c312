/* SPDX-License-Identifier: MIT */
/* The queue as an object: references, memory, misuse; foreign threads, forks and the end of the process. */
#include <math.h>

#include "queue_base.h"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/wait.h>
#include <unistd.h>
#define HAVE_FORK 1
#else
#define HAVE_FORK 0
#endif

/* ---- references ---- */

static void last_reference_destroys(threading_queue_kind_t kind)
{
    threading_queue_t *second = threading_queue_retain(queue);
    CHECK(second == queue);
    CHECK(threading_queue_retain(second) == queue);
    threading_queue_free(queue);
    CHECK_STATUS(threading_queue_set_destructor(queue, count_destroyed), THREADING_OK);
    put_many(12);
    CHECK_EQUAL(get_it(), kind == THREADING_QUEUE_LIFO ? 11 : 0);
    threading_queue_free(second);
    CHECK_EQUAL(atomic_load(&destroyed), 0);
    close_queue();
    CHECK_EQUAL(atomic_exchange(&destroyed, 0), 11);
    CHECK_EQUAL(atomic_exchange(&sum, 0), kind == THREADING_QUEUE_LIFO ? 55 : 66);
    queue = new_queue(kind, 0); /* for the caller to free */
}

CASE(last_reference_destroys_what_is_left)
{
    with_each_kind(0, last_reference_destroys);
}

static void *put_and_free(void *mine)
{
    int item = 42;
    CHECK_STATUS(threading_queue_put(mine, &item), THREADING_OK);
    threading_queue_free(mine);
    return NULL;
}

static void *get_and_free(void *mine)
{
    int item = 0;
    CHECK_STATUS(threading_queue_get(mine, &item), THREADING_OK);
    CHECK_EQUAL(item, 42);
    threading_queue_free(mine);
    return NULL;
}

/* The sanitizers tell whether it went too early, or never. */
CASE(threads_keep_it_alive_by_references_of_their_own)
{
    for (int round = 0; round < (is_slow() ? 50 : 300); round++) {
        open_queue(1);
        threading_thread_t *getter = started(get_and_free, threading_queue_retain(queue));
        threading_thread_t *putter = started(put_and_free, threading_queue_retain(queue));
        close_queue();
        finished(putter);
        finished(getter);
    }
}

static void fail_on(void *item)
{
    (void)item;
    check_failed(__FILE__, __LINE__, "a destructor that was replaced is not called", NULL);
}

CASE(destructor_can_be_changed_and_unset)
{
    open_queue(0);
    CHECK_STATUS(threading_queue_set_destructor(queue, fail_on), THREADING_OK);
    CHECK_STATUS(threading_queue_set_destructor(queue, count_destroyed), THREADING_OK);
    put_it(5);
    put_it(6);
    shut_down(true);
    CHECK_EQUAL(atomic_load(&sum), 11);
    close_queue();
    open_queue(0);
    CHECK_STATUS(threading_queue_set_destructor(queue, count_destroyed), THREADING_OK);
    put_it(7);
    CHECK_STATUS(threading_queue_set_destructor(queue, NULL), THREADING_OK);
    close_queue();
    CHECK_EQUAL(atomic_load(&sum), 11);
    CHECK_EQUAL(atomic_load(&destroyed), 2);
}

static void use_a_queue_of_each_kind(void)
{
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        queue = new_queue(kinds[i], 0);
        put_many(100);
        for (int j = 0; j < 50; j++)
            (void)get_it();
        close_queue();
    }
}

CASE(freed_queues_leave_no_memory_behind)
{
    for (int round = 0; round < 10; round++) /* until the allocator's own lists are filled */
        use_a_queue_of_each_kind();
    size_t before = allocated_bytes();
    for (int round = 0; round < 1000; round++)
        use_a_queue_of_each_kind();
    CHECK(allocated_bytes() <= before + 16384);
}

CASE(items_that_pass_through_leave_no_memory_behind)
{
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        queue = new_queue(kinds[i], 0);
        put_many(10);
        size_t before = allocated_bytes();
        for (int turn = 0; turn < 50000; turn++) {
            put_it(turn);
            (void)get_it();
        }
        CHECK(allocated_bytes() <= before + 1024);
        close_queue();
    }
}

static atomic_uint destroyer;

static void note_destroyer(void *item)
{
    (void)item;
    atomic_store(&destroyer, threading_get_ident());
}

static void *free_it(void *arg)
{
    close_queue();
    return arg;
}

CASE(whoever_gives_the_last_reference_back_destroys)
{
    open_queue(0);
    CHECK_STATUS(threading_queue_set_destructor(queue, note_destroyer), THREADING_OK);
    put_it(1);
    threading_thread_t *thread = started(free_it, NULL);
    AWAIT(!threading_thread_is_alive(thread));
    CHECK_EQUAL(atomic_load(&destroyer), threading_thread_ident(thread));
    finished(thread);
}

/* ---- misuse ---- */

CASE(unknown_kind_gives_no_queue)
{
    CHECK(threading_queue_new((threading_queue_kind_t)3, sizeof(int), 0, compare_ints) == NULL);
    CHECK(threading_queue_new((threading_queue_kind_t)99, sizeof(int), 0, compare_ints) == NULL);
    CHECK(threading_queue_new((threading_queue_kind_t)-1, sizeof(int), 0, compare_ints) == NULL);
}

CASE(priorities_without_a_comparison_give_no_queue)
{
    CHECK(threading_queue_new(THREADING_QUEUE_PRIORITY, sizeof(int), 0, NULL) == NULL);
    CHECK(threading_queue_new(THREADING_QUEUE_PRIORITY, 0, 5, NULL) == NULL);
}

static int fail_to_compare(const void *a, const void *b)
{
    (void)a;
    (void)b;
    check_failed(__FILE__, __LINE__, "a queue without priorities compares nothing", NULL);
    return 0;
}

CASE(comparison_is_for_priorities_only)
{
    for (size_t i = 0; i < 2; i++) {
        queue = threading_queue_new(kinds[i], sizeof(int), 0, fail_to_compare);
        CHECK(queue != NULL);
        put_many(10);
        (void)get_it();
        close_queue();
    }
}

/* Whether new or put tells is the library's choice; that the product with a number of items does not wrap around
 * to something small is not. */
CASE(items_too_large_for_memory_are_told)
{
    int item = 0;
    for (size_t share = 1; share <= 9; share++) {
        size_t size = share == 1 ? SIZE_MAX : SIZE_MAX / share + 1;
        queue = threading_queue_new(THREADING_QUEUE_FIFO, size, 0, NULL);
        if (queue == NULL)
            continue;
        CHECK_STATUS(threading_queue_try_put(queue, &item), THREADING_NO_MEMORY);
        CHECK_STATUS(threading_queue_put(queue, &item), THREADING_NO_MEMORY);
        check_counts(0, 0);
        close_queue();
    }
}

CASE(null_is_invalid)
{
    int item = 77;
    CHECK_STATUS(threading_queue_put(NULL, &item), THREADING_INVALID);
    CHECK_STATUS(threading_queue_try_put(NULL, &item), THREADING_INVALID);
    CHECK_STATUS(threading_queue_put_timeout(NULL, &item, 1), THREADING_INVALID);
    CHECK_STATUS(threading_queue_put_timeout(NULL, &item, INFINITY), THREADING_INVALID);
    CHECK_STATUS(threading_queue_get(NULL, &item), THREADING_INVALID);
    CHECK_STATUS(threading_queue_try_get(NULL, &item), THREADING_INVALID);
    CHECK_STATUS(threading_queue_get_timeout(NULL, 1, &item), THREADING_INVALID);
    CHECK_STATUS(threading_queue_get_timeout(NULL, INFINITY, &item), THREADING_INVALID);
    CHECK_EQUAL(item, 77);
    CHECK_STATUS(threading_queue_task_done(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_queue_join(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_queue_join_timeout(NULL, 1), THREADING_INVALID);
    CHECK_STATUS(threading_queue_join_timeout(NULL, INFINITY), THREADING_INVALID);
    CHECK_STATUS(threading_queue_shutdown(NULL, false), THREADING_INVALID);
    CHECK_STATUS(threading_queue_shutdown(NULL, true), THREADING_INVALID);
    CHECK_STATUS(threading_queue_set_maxsize(NULL, 1), THREADING_INVALID);
    CHECK_STATUS(threading_queue_set_destructor(NULL, count_destroyed), THREADING_INVALID);
}

CASE(null_is_nothing)
{
    CHECK(threading_queue_retain(NULL) == NULL);
    threading_queue_free(NULL);
    CHECK_EQUAL(threading_queue_size(NULL), 0);
    CHECK(!threading_queue_empty(NULL));
    CHECK(!threading_queue_full(NULL));
    CHECK_EQUAL(threading_queue_unfinished(NULL), 0);
    CHECK_EQUAL(threading_queue_maxsize(NULL), 0);
    CHECK(!threading_queue_is_shutdown(NULL));
}

static void put_of_null_is_refused(void)
{
    CHECK_STATUS(threading_queue_put(queue, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_queue_try_put(queue, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_queue_put_timeout(queue, NULL, 1), THREADING_INVALID);
}

/* Arguments are looked at before the state. */
CASE(null_item_is_invalid_whatever_the_state)
{
    open_queue(1);
    put_of_null_is_refused();
    check_counts(0, 0);
    put_it(1);
    put_of_null_is_refused();
    shut_down(false);
    put_of_null_is_refused();
    check_counts(1, 1);
    close_queue();
}

static const double invalid_times[] = {-100, -2, -1.5, -0.5, -1e-12, -INFINITY, NAN};
static const double overflow_times[] = {THREADING_TIMEOUT_MAX + 1, 1e100, INFINITY};

static void check_bad_time(double seconds, threading_status_t expected)
{
    CHECK_STATUS(put_it_within(seconds), expected);
    CHECK_STATUS(get_and_add_within(seconds), expected);
    CHECK_STATUS(threading_queue_join_timeout(queue, seconds), expected);
}

static void check_bad_times(void)
{
    for (size_t i = 0; i < LENGTH(invalid_times); i++)
        check_bad_time(invalid_times[i], THREADING_INVALID);
    for (size_t i = 0; i < LENGTH(overflow_times); i++)
        check_bad_time(overflow_times[i], THREADING_OVERFLOW);
}

static void bad_times_are_told(threading_queue_kind_t kind)
{
    (void)kind;
    check_bad_times();
    check_counts(0, 0);
    put_it(1);
    check_bad_times();
    put_it(2);
    check_bad_times();
    check_counts(2, 2);
    shut_down(false);
    check_bad_times();
    shut_down(true);
    check_bad_times();
    check_counts(0, 0);
}

/* CPython: test_queue.BaseQueueTestMixin.test_negative_timeout_raises_exception */
/* CPython: test_queue.BaseSimpleQueueTest.test_negative_timeout_raises_exception */
CASE(bad_timeouts_are_told_whatever_the_state)
{
    with_each_kind(2, bad_times_are_told);
}

/* ---- foreign threads, forks, the end of the process ---- */

CASE(foreign_threads_use_it_and_leave_no_thread_behind)
{
    int item = 5;
    open_queue(1);
    foreign_t *getters[2] = {foreign_start(get_one, NULL), foreign_start(get_one_in_time, NULL)};
    let_them_wait(2);
    foreign_t *putters[2] = {foreign_start(put_one, &item), foreign_start(put_one_in_time, &item)};
    CHECK_EQUAL(threading_active_count(), 1);
    for (int i = 0; i < 2; i++) {
        foreign_join(putters[i]);
        foreign_join(getters[i]);
    }
    CHECK_EQUAL(atomic_load(&sum), 10);
    CHECK_EQUAL(threading_active_count(), 1);
    close_queue();
}

#if HAVE_FORK
static void use_it_in_the_child(void)
{
    check_counts(2, 2);
    CHECK_EQUAL(get_it(), 1);
    CHECK_EQUAL(get_it(), 2);
    CHECK_STATUS(get_and_add_within(0.001), THREADING_TIMEOUT);
    put_many(10);
    shut_down(true);
    CHECK_EQUAL(atomic_load(&destroyed), 10);
}

CASE(forked_child_has_a_copy_of_the_queue)
{
    int status = 0;
    needs_fork_hooks();
    open_queue(0);
    CHECK_STATUS(threading_queue_set_destructor(queue, count_destroyed), THREADING_OK);
    put_it(1);
    put_it(2);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(60);
        use_it_in_the_child();
        _Exit(0);
    }
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK_EQUAL(status, 0);
    check_counts(2, 2);
    CHECK_EQUAL(get_it(), 1);
    CHECK_EQUAL(atomic_load(&destroyed), 0);
    close_queue();
}
#else
CASE(forked_child_has_a_copy_of_the_queue)
{
    SKIP("no fork here");
}
#endif

static void *get_for_ever(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(get_and_add(), THREADING_OK);
    return arg;
}

EXIT_CASE(daemon_that_waits_in_get_does_not_hold_the_exit, 3, "end of main|")
{
    static threading_thread_t *volatile daemon_thread; /* kept where a leak checker finds it */
    open_queue(1);
    daemon_thread = threading_thread(get_for_ever, NULL, .daemon = true);
    CHECK(daemon_thread != NULL);
    CHECK_STATUS(threading_thread_start(daemon_thread), THREADING_OK);
    let_them_wait(1);
    puts("end of main");
    EXIT_CODE = 3;
}

static void *work_off(void *arg)
{
    int item = 0;
    CHECK_STATUS(threading_thread_join(threading_main_thread()), THREADING_OK);
    while (threading_queue_get(queue, &item) == THREADING_OK)
        printf("item %d\n", item);
    return arg;
}

EXIT_CASE(worker_works_the_queue_off_after_the_end_of_main, 0, "end of main|item 0|item 1|item 2|")
{
    open_queue(0);
    put_many(3);
    shut_down(false);
    threading_thread_free(started(work_off, NULL));
    puts("end of main");
}

static void use_it_at_exit(void)
{
    open_queue(1);
    put_it(1);
    CHECK_STATUS(try_put_it(2), THREADING_FULL);
    CHECK_STATUS(put_it_within(0.001), THREADING_TIMEOUT);
    CHECK_EQUAL(get_it(), 1);
    CHECK_STATUS(get_and_add_within(0.001), THREADING_TIMEOUT);
    task_is_done();
    CHECK_STATUS(threading_queue_join(queue), THREADING_OK);
    shut_down(true);
    close_queue();
    puts("handler");
}

EXIT_CASE(queue_works_at_exit, 0, "end of main|handler|")
{
    CHECK_EQUAL(atexit(use_it_at_exit), 0);
    puts("end of main");
}
