/* SPDX-License-Identifier: MIT */
/* The queue as a container: kinds, items, sizes, counts. Nothing here has to wait. */
#include "queue_base.h"

enum { SIZE = 5 };

/* ---- what it gives, and in which order ---- */

CASE(new_queue_is_empty_and_open)
{
    const size_t sizes[] = {0, 1, SIZE, SIZE_MAX};
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        open_queue(sizes[i]);
        check_counts(0, 0);
        CHECK(!threading_queue_full(queue));
        CHECK(!threading_queue_is_shutdown(queue));
        CHECK_EQUAL(threading_queue_maxsize(queue), sizes[i]);
        close_queue();
    }
}

/* The first three come out as their kind says. */
static void three_come_out_in_order(threading_queue_kind_t kind)
{
    static const int orders[][3] = {[THREADING_QUEUE_FIFO] = {111, 333, 222},
                                    [THREADING_QUEUE_LIFO] = {222, 333, 111},
                                    [THREADING_QUEUE_PRIORITY] = {111, 222, 333}};
    put_it(111);
    put_it(333);
    put_it(222);
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(get_it(), orders[kind][i]);
}

static void fills_and_empties(threading_queue_kind_t kind)
{
    size_t unfinished = threading_queue_unfinished(queue);
    three_come_out_in_order(kind);
    for (int i = 0; i < SIZE; i++) {
        CHECK(!threading_queue_full(queue));
        put_it(i);
        check_counts((size_t)i + 1, unfinished + 4 + (size_t)i);
    }
    CHECK(threading_queue_full(queue));
    CHECK_STATUS(try_put_it(9), THREADING_FULL);
    CHECK_STATUS(put_it_within(0), THREADING_TIMEOUT);
    CHECK_STATUS(put_it_within(0.01), THREADING_TIMEOUT);
    for (int i = SIZE; i > 0; i--) {
        check_counts((size_t)i, unfinished + 3 + SIZE);
        (void)get_it();
        CHECK(!threading_queue_full(queue));
    }
    CHECK_STATUS(try_get_and_add(), THREADING_EMPTY);
    CHECK_STATUS(get_and_add_within(0), THREADING_TIMEOUT);
    CHECK_STATUS(get_and_add_within(0.01), THREADING_TIMEOUT);
    check_counts(0, unfinished + 3 + SIZE);
}

static void fills_and_empties_twice(threading_queue_kind_t kind)
{
    fills_and_empties(kind);
    fills_and_empties(kind);
}

/* CPython: test_queue.BaseQueueTestMixin.test_basic */
CASE(each_kind_fills_and_empties_in_its_order)
{
    with_each_kind(SIZE, fills_and_empties_twice);
}

static void tries_end_at_full_and_empty(threading_queue_kind_t kind)
{
    (void)kind;
    for (int i = 0; i < SIZE; i++)
        CHECK_STATUS(try_put_it(1), THREADING_OK);
    CHECK_STATUS(try_put_it(1), THREADING_FULL);
    for (int i = 0; i < SIZE; i++)
        CHECK_STATUS(try_get_and_add(), THREADING_OK);
    CHECK_STATUS(try_get_and_add(), THREADING_EMPTY);
    CHECK_EQUAL(atomic_exchange(&sum, 0), SIZE);
    check_counts(0, SIZE);
}

/* CPython: test_queue.BaseQueueTestMixin.test_nowait */
CASE(tries_never_wait)
{
    with_each_kind(SIZE, tries_end_at_full_and_empty);
}

/* CPython: test_queue.BaseSimpleQueueTest.test_basic */
CASE(queue_without_a_limit_takes_all_and_is_never_full)
{
    enum { COUNT = 100000 };
    open_queue(0);
    for (int i = 0; i < COUNT; i++) {
        CHECK_STATUS(i % 2 ? try_put_it(i) : threading_queue_put_timeout(queue, &i, 0), THREADING_OK);
        CHECK(!threading_queue_full(queue));
    }
    check_counts(COUNT, COUNT);
    for (int i = 0; i < COUNT; i++)
        CHECK_EQUAL(get_it(), i);
    CHECK_STATUS(try_get_and_add(), THREADING_EMPTY);
    close_queue();
}

/* What a queue shall do, done plainly: the items in the order of their coming. */
enum { MODEL_SIZE = 300 };
static int model[MODEL_SIZE];
static int model_count;

static int model_place(threading_queue_kind_t kind)
{
    int place = kind == THREADING_QUEUE_LIFO ? model_count - 1 : 0;
    for (int i = 0; kind == THREADING_QUEUE_PRIORITY && i < model_count; i++)
        if (model[i] < model[place])
            place = i;
    return place;
}

static void behaves_like_the_model(threading_queue_kind_t kind)
{
    uint32_t seed = 17;
    for (int turn = 0; turn < (is_slow() ? 3000 : 20000); turn++) {
        bool filling = random_below(&seed, 100) < (turn / 1000 % 2 ? 30 : 70);
        int item = (int)random_below(&seed, 500) - 250;
        if (filling) {
            CHECK_STATUS(try_put_it(item), model_count < MODEL_SIZE ? THREADING_OK : THREADING_FULL);
            if (model_count < MODEL_SIZE)
                model[model_count++] = item;
        } else if (model_count == 0) {
            CHECK_STATUS(try_get_and_add(), THREADING_EMPTY);
        } else {
            int place = model_place(kind);
            CHECK_EQUAL(get_it(), model[place]);
            memmove(&model[place], &model[place + 1], (size_t)(--model_count - place) * sizeof *model);
        }
        CHECK_EQUAL(threading_queue_size(queue), model_count);
    }
    model_count = 0;
}

CASE(each_kind_does_at_random_what_a_plain_list_does)
{
    with_each_kind(MODEL_SIZE, behaves_like_the_model);
}

static int compare_reversed(const void *a, const void *b)
{
    return compare_ints(b, a) * INT_MAX; /* any number will do, not just -1, 0 and 1 */
}

CASE(priorities_come_out_sorted_by_the_comparison)
{
    enum { COUNT = 10000 };
    uint32_t seed = 3;
    queue = threading_queue_new(THREADING_QUEUE_PRIORITY, sizeof(int), 0, compare_reversed);
    CHECK(queue != NULL);
    for (int i = 0; i < COUNT; i++)
        put_it((int)random_below(&seed, COUNT / 3)); /* many of them equal */
    int previous = INT_MAX;
    for (int i = 0; i < COUNT; i++) {
        int item = get_it();
        CHECK(item <= previous);
        previous = item;
    }
    close_queue();
}

struct job {
    int priority;
    int serial;
};

static int compare_jobs(const void *a, const void *b)
{
    return ((const struct job *)a)->priority - ((const struct job *)b)->priority;
}

CASE(equal_priorities_come_out_once_each_in_any_order)
{
    enum { COUNT = 300 };
    bool seen[COUNT] = {false};
    queue = threading_queue_new(THREADING_QUEUE_PRIORITY, sizeof(struct job), 0, compare_jobs);
    CHECK(queue != NULL);
    for (int i = 0; i < COUNT; i++) {
        struct job job = {.priority = i % 3, .serial = i};
        CHECK_STATUS(threading_queue_put(queue, &job), THREADING_OK);
    }
    for (int i = 0; i < COUNT; i++) {
        struct job job = {-1, -1};
        CHECK_STATUS(threading_queue_get(queue, &job), THREADING_OK);
        CHECK_EQUAL(job.priority, i / (COUNT / 3));
        CHECK_EQUAL(job.serial % 3, job.priority);
        CHECK(!seen[job.serial]);
        seen[job.serial] = true;
    }
    close_queue();
}

/* ---- items ---- */

static int compare_first_bytes(const void *a, const void *b)
{
    return *(const unsigned char *)a - *(const unsigned char *)b;
}

/* Three items that differ in all bytes; what they were put from changes at once. */
static void items_of_a_size_are_copied(threading_queue_kind_t kind, size_t size)
{
    unsigned char *item = malloc(size), *expected = malloc(size);
    CHECK(item != NULL && expected != NULL);
    queue = threading_queue_new(kind, size, 3, compare_first_bytes);
    CHECK(queue != NULL);
    for (int i = 1; i <= 3; i++) {
        memset(item, i, size);
        CHECK_STATUS(threading_queue_put(queue, item), THREADING_OK);
    }
    for (int i = 1; i <= 3; i++) {
        memset(item, 0xEE, size);
        memset(expected, kind == THREADING_QUEUE_LIFO ? 4 - i : i, size);
        CHECK_STATUS(threading_queue_get(queue, item), THREADING_OK);
        CHECK(memcmp(item, expected, size) == 0);
    }
    close_queue();
    free(item);
    free(expected);
}

CASE(items_of_any_size_are_copied_in_and_out)
{
    const size_t sizes[] = {1, 2, 3, 7, 8, 17, 64, 1000, 65536, 1 << 20};
    for (size_t i = 0; i < LENGTH(kinds); i++)
        for (size_t j = 0; j < LENGTH(sizes); j++)
            items_of_a_size_are_copied(kinds[i], sizes[j]);
}

/* Not max_align_t, which Microsoft's <stddef.h> has not in C. */
union any {
    long long whole;
    long double real;
    void *address;
    void (*function)(void);
};

static void check_aligned(const void *item)
{
    CHECK_EQUAL((uintptr_t)item % _Alignof(union any), 0);
}

static int compare_aligned(const void *a, const void *b)
{
    check_aligned(a);
    check_aligned(b);
    return memcmp(a, b, 1);
}

static void count_aligned(void *item)
{
    check_aligned(item);
    atomic_fetch_add(&destroyed, 1);
}

CASE(callbacks_see_items_aligned_for_their_type)
{
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        union any item;
        memset(&item, 0, sizeof item);
        queue = threading_queue_new(kinds[i], sizeof item, 0, compare_aligned);
        CHECK(queue != NULL);
        CHECK_STATUS(threading_queue_set_destructor(queue, count_aligned), THREADING_OK);
        for (unsigned char j = 0; j < 20; j++) {
            memcpy(&item, &j, 1);
            CHECK_STATUS(threading_queue_put(queue, &item), THREADING_OK);
        }
        close_queue();
        CHECK_EQUAL(atomic_exchange(&destroyed, 0), 20);
    }
}

static int compare_nothing(const void *a, const void *b)
{
    (void)a;
    (void)b;
    return 0;
}

static void count_nothing(void *item)
{
    (void)item;
    atomic_fetch_add(&destroyed, 1);
}

CASE(items_of_size_0_are_only_counted)
{
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        queue = threading_queue_new(kinds[i], 0, 3, compare_nothing);
        CHECK(queue != NULL);
        CHECK_STATUS(threading_queue_set_destructor(queue, count_nothing), THREADING_OK);
        CHECK_STATUS(threading_queue_put(queue, NULL), THREADING_OK);
        CHECK_STATUS(threading_queue_try_put(queue, &i), THREADING_OK);
        CHECK_STATUS(threading_queue_put_timeout(queue, NULL, 1), THREADING_OK);
        CHECK_STATUS(threading_queue_try_put(queue, NULL), THREADING_FULL);
        check_counts(3, 3);
        CHECK_STATUS(threading_queue_get(queue, NULL), THREADING_OK);
        check_counts(2, 3);
        close_queue();
        CHECK_EQUAL(atomic_exchange(&destroyed, 0), 2);
    }
}

static void got_ones_are_not_destroyed(threading_queue_kind_t kind)
{
    (void)kind;
    CHECK_STATUS(threading_queue_set_destructor(queue, count_destroyed), THREADING_OK);
    for (int i = 0; i < 20; i++)
        put_it(i);
    for (int i = 0; i < 10; i++)
        (void)get_it();
    for (int i = 0; i < 4; i++)
        CHECK_STATUS(threading_queue_get(queue, NULL), THREADING_OK);
    for (int i = 0; i < 3; i++)
        CHECK_STATUS(threading_queue_try_get(queue, NULL), THREADING_OK);
    for (int i = 0; i < 3; i++)
        CHECK_STATUS(threading_queue_get_timeout(queue, 1, NULL), THREADING_OK);
    check_counts(0, 20);
}

/* CPython: test_queue.BaseSimpleQueueTest.test_references */
CASE(destructor_is_for_none_that_were_got)
{
    with_each_kind(0, got_ones_are_not_destroyed);
    CHECK_EQUAL(atomic_load(&destroyed), 0);
}

/* ---- maxsize ---- */

static void shrinks(threading_queue_kind_t kind)
{
    (void)kind;
    put_many(3);
    CHECK_STATUS(try_put_it(4), THREADING_FULL);
    CHECK_STATUS(threading_queue_set_maxsize(queue, 2), THREADING_OK);
    for (size_t size = 3; size >= 2; size--) {
        CHECK(threading_queue_full(queue));
        CHECK_STATUS(try_put_it(4), THREADING_FULL);
        CHECK_STATUS(put_it_within(0.001), THREADING_TIMEOUT);
        check_counts(size, 3);
        (void)get_it();
    }
    CHECK(!threading_queue_full(queue));
    CHECK_STATUS(try_put_it(4), THREADING_OK);
    CHECK_STATUS(try_put_it(4), THREADING_FULL);
}

/* CPython: test_queue.BaseQueueTestMixin.test_shrinking_queue */
CASE(queue_that_holds_more_than_its_maxsize_is_full)
{
    with_each_kind(3, shrinks);
}

CASE(maxsize_can_be_changed_at_any_time)
{
    open_queue(1);
    put_it(1);
    CHECK_STATUS(threading_queue_set_maxsize(queue, 2), THREADING_OK);
    CHECK_EQUAL(threading_queue_maxsize(queue), 2);
    CHECK_STATUS(try_put_it(2), THREADING_OK);
    CHECK_STATUS(try_put_it(3), THREADING_FULL);
    CHECK_STATUS(threading_queue_set_maxsize(queue, 0), THREADING_OK);
    CHECK(!threading_queue_full(queue));
    for (int i = 3; i <= 1000; i++)
        CHECK_STATUS(try_put_it(i), THREADING_OK);
    CHECK_STATUS(threading_queue_set_maxsize(queue, SIZE_MAX), THREADING_OK);
    CHECK(!threading_queue_full(queue));
    CHECK_STATUS(try_put_it(1001), THREADING_OK);
    CHECK_STATUS(threading_queue_set_maxsize(queue, 1001), THREADING_OK);
    CHECK_STATUS(try_put_it(1002), THREADING_FULL);
    for (int i = 1; i <= 1001; i++)
        CHECK_EQUAL(get_it(), i);
    close_queue();
}

/* ---- task_done ---- */

static void counts_tasks(threading_queue_kind_t kind)
{
    (void)kind;
    CHECK_STATUS(threading_queue_task_done(queue), THREADING_INVALID);
    check_counts(0, 0);
    put_it(1);
    put_it(2);
    (void)get_it();
    check_counts(1, 2);
    task_is_done();
    check_counts(1, 1);
    task_is_done(); /* before the get: nobody has to have got what is reported */
    check_counts(1, 0);
    CHECK_STATUS(threading_queue_task_done(queue), THREADING_INVALID);
    (void)get_it();
    check_counts(0, 0);
    put_it(3);
    check_counts(1, 1);
}

/* CPython: test_queue.BaseQueueTestMixin.test_queue_task_done */
CASE(task_done_more_often_than_put_is_refused)
{
    with_each_kind(0, counts_tasks);
}

CASE(failed_put_is_no_task)
{
    open_queue(1);
    put_it(1);
    CHECK_STATUS(try_put_it(2), THREADING_FULL);
    CHECK_STATUS(put_it_within(0.001), THREADING_TIMEOUT);
    check_counts(1, 1);
    shut_down(false);
    CHECK_STATUS(try_put_it(2), THREADING_SHUTDOWN);
    check_counts(1, 1);
    close_queue();
}
