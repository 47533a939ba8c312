/* SPDX-License-Identifier: MIT */
/*
 * Queues under load. An item is the number that its producer gave it; what becomes of each is counted: after a load
 * each was got exactly once or destroyed exactly once.
 */
#include "queue_base.h"

/* ---- producers and consumers, random waits, and a shutdown at any moment ---- */

enum {
    PRODUCERS = 4,
    CONSUMERS = 4,
    MOST = 1 << 18, /* items of one producer in one round */
    GOT = 1,        /* added to an item's fate */
    DESTROYED = 16
};

struct item {
    uint32_t producer;
    uint32_t number;
};

static atomic_uchar fates[PRODUCERS][MOST];
static struct producer {
    atomic_uint put; /* how many items so far; the numbers are 0, 1, … */
    char apart[60];  /* counters of different threads are in different lines of the cache */
} producers[PRODUCERS];
static atomic_uint seed_of_next; /* each thread of each round has random numbers of its own */
static atomic_uint got;          /* in this round */
static bool in_order;            /* whether each consumer gets the items of a producer as they were put */

/* The first comes out first: by number, then by producer. */
static int compare_items(const void *a, const void *b)
{
    const struct item *left = a, *right = b;
    return left->number != right->number ? (left->number < right->number ? -1 : 1)
                                         : (int)left->producer - (int)right->producer;
}

static void meet_fate(const struct item *item, int fate)
{
    CHECK(item->producer < PRODUCERS && item->number < MOST);
    CHECK_EQUAL(atomic_fetch_add_explicit(&fates[item->producer][item->number], (unsigned char)fate,
                                          memory_order_relaxed),
                0);
}

static void destroy_item(void *item)
{
    meet_fate(item, DESTROYED);
    atomic_fetch_add(&destroyed, 1);
}

/* One of the three spellings at random; up to 200 microseconds of patience. */
static threading_status_t put_somehow(const struct item *item, uint32_t *seed)
{
    switch (random_below(seed, 3)) {
    case 0:
        return threading_queue_put(queue, item);
    case 1:
        return threading_queue_try_put(queue, item);
    default:
        return threading_queue_put_timeout(queue, item, random_below(seed, 200) * 1e-6);
    }
}

static threading_status_t get_somehow(struct item *item, uint32_t *seed)
{
    switch (random_below(seed, 3)) {
    case 0:
        return threading_queue_get(queue, item);
    case 1:
        return threading_queue_try_get(queue, item);
    default:
        return threading_queue_get_timeout(queue, random_below(seed, 200) * 1e-6, item);
    }
}

static void *produce(void *arg)
{
    struct producer *mine = arg;
    struct item item = {.producer = (uint32_t)(mine - producers), .number = 0};
    uint32_t seed = atomic_fetch_add(&seed_of_next, 1);
    while (item.number < MOST) {
        threading_status_t status = put_somehow(&item, &seed);
        if (status == THREADING_OK)
            atomic_store_explicit(&mine->put, ++item.number, memory_order_relaxed);
        else if (status == THREADING_SHUTDOWN)
            return NULL;
        else
            CHECK(status == THREADING_FULL || status == THREADING_TIMEOUT);
    }
    return NULL;
}

/* Gets until the queue is empty and shut down, and reports each item as done. */
static void *consume(void *arg)
{
    uint32_t expected[PRODUCERS] = {0};
    struct item item = {0, 0};
    uint32_t seed = atomic_fetch_add(&seed_of_next, 1);
    threading_status_t status;
    while ((status = get_somehow(&item, &seed)) != THREADING_SHUTDOWN) {
        if (status == THREADING_OK) {
            meet_fate(&item, GOT);
            if (in_order)
                CHECK(item.number >= expected[item.producer]);
            expected[item.producer] = item.number + 1;
            atomic_fetch_add_explicit(&got, 1, memory_order_relaxed);
            task_is_done();
        } else {
            CHECK(status == THREADING_EMPTY || status == THREADING_TIMEOUT);
        }
    }
    return arg;
}

static uint32_t count_put(void)
{
    uint32_t count = 0;
    for (int i = 0; i < PRODUCERS; i++)
        count += atomic_load_explicit(&producers[i].put, memory_order_relaxed);
    return count;
}

/* Each item that was put has one fate; from a FIFO queue the later ones of a producer are those that were
 * destroyed. The numbers that were not put have none. */
static void check_fates(const struct producer *producer)
{
    const atomic_uchar *own = fates[producer - producers];
    uint32_t count = atomic_load(&producer->put);
    bool dropped = false;
    for (uint32_t i = 0; i < count; i++) {
        int fate = atomic_load_explicit(&own[i], memory_order_relaxed);
        CHECK(fate == DESTROYED || (fate == GOT && !(in_order && dropped)));
        dropped = fate == DESTROYED;
    }
    for (uint32_t i = count; i < MOST; i++)
        CHECK_EQUAL(atomic_load_explicit(&own[i], memory_order_relaxed), 0);
}

static void begin_round(threading_queue_kind_t kind, size_t maxsize)
{
    memset(fates, 0, sizeof fates);
    for (int i = 0; i < PRODUCERS; i++)
        atomic_store(&producers[i].put, 0);
    atomic_store(&got, 0);
    atomic_store(&destroyed, 0);
    in_order = kind == THREADING_QUEUE_FIFO;
    queue = threading_queue_new(kind, sizeof(struct item), maxsize, compare_items);
    CHECK(queue != NULL);
    CHECK_STATUS(threading_queue_set_destructor(queue, destroy_item), THREADING_OK);
}

static void end_round(bool immediate)
{
    CHECK_STATUS(threading_queue_join(queue), THREADING_OK);
    check_counts(0, 0);
    CHECK_EQUAL(atomic_load(&got) + (uint32_t)atomic_load(&destroyed), count_put());
    CHECK(immediate || atomic_load(&destroyed) == 0);
    for (int i = 0; i < PRODUCERS; i++)
        check_fates(&producers[i]);
    close_queue();
}

/* Shuts the queue down when so many items were put; gives how many were in the end. */
static uint32_t play_round(threading_queue_kind_t kind, size_t maxsize, uint32_t moment, bool immediate)
{
    threading_thread_t *threads[PRODUCERS + CONSUMERS];
    begin_round(kind, maxsize);
    for (int i = 0; i < PRODUCERS; i++)
        threads[i] = started(produce, &producers[i]);
    start_many(threads + PRODUCERS, CONSUMERS, consume, NULL);
    while (count_put() < moment)
        (void)threading_sleep(moment < 2000 ? 0 : 0.0005);
    shut_down(immediate);
    if (immediate)
        CHECK(threading_queue_empty(queue));
    finish_many(threads, PRODUCERS + CONSUMERS);
    end_round(immediate);
    return count_put();
}

/* Most rounds are short, with little room: those are about the beginning, the shutdown and the waits. The
 * others are long. A machine that is too slow for all items has no more rounds than fit into the time. */
static void play_rounds(threading_queue_kind_t kind, uint32_t items, double seconds)
{
    uint32_t seed = 11, put = 0;
    double end = threading_monotonic() + seconds;
    for (int round = 0; put < items && threading_monotonic() < end; round++) {
        bool immediate = random_below(&seed, 2) == 0;
        if (round % 8 != 0)
            put += play_round(kind, 1 + random_below(&seed, 8), random_below(&seed, 1000), immediate);
        else
            put += play_round(kind, 1 + random_below(&seed, 1000),
                              random_below(&seed, items / 20 < 2 * MOST ? items / 20 : 2 * MOST), immediate);
    }
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(ten_million_items_are_got_or_destroyed_once_each)
{
    /* slow */
    play_rounds(THREADING_QUEUE_FIFO, is_slow() ? 200000 : 10000000, 35);
}

CASE(items_of_a_lifo_queue_are_got_or_destroyed_once_each)
{
    /* slow */
    play_rounds(THREADING_QUEUE_LIFO, is_slow() ? 50000 : 500000, 8);
}

CASE(items_of_a_priority_queue_are_got_or_destroyed_once_each)
{
    /* slow */
    play_rounds(THREADING_QUEUE_PRIORITY, is_slow() ? 50000 : 500000, 8);
}

/* One consumer sees the very order: of each producer the items come without a gap. */
CASE(single_consumer_gets_each_producers_items_one_after_the_other)
{
    enum { EACH = 20000 };
    uint32_t expected[PRODUCERS] = {0};
    threading_thread_t *threads[PRODUCERS];
    struct item item;
    begin_round(THREADING_QUEUE_FIFO, 100);
    for (int i = 0; i < PRODUCERS; i++)
        threads[i] = started(produce, &producers[i]);
    for (int i = 0; i < (is_slow() ? EACH / 10 : EACH) * PRODUCERS; i++) {
        CHECK_STATUS(threading_queue_get(queue, &item), THREADING_OK);
        CHECK_EQUAL(item.number, expected[item.producer]++);
    }
    shut_down(true);
    finish_many(threads, PRODUCERS);
    close_queue();
}

/* ---- many feeders and many consumers, without a limit ---- */

enum { MOST_THREADS = 50, SENTINEL = -1 };
static atomic_int next_input;
static int inputs;
static atomic_uchar results[10000];

static void *feed(void *arg)
{
    uint32_t seed = atomic_fetch_add(&seed_of_next, 1);
    for (int input; (input = atomic_fetch_add(&next_input, 1)) < inputs;) {
        put_it(input);
        if (random_below(&seed, 16) == 0)
            (void)threading_sleep(random_below(&seed, 1000) * 1e-6);
    }
    put_it(SENTINEL);
    return arg;
}

static threading_status_t get_by_trying(int *item)
{
    threading_status_t status = threading_queue_try_get(queue, item);
    if (status == THREADING_EMPTY)
        (void)threading_sleep(1e-5);
    return status;
}

static threading_status_t get_by_waiting(int *item)
{
    return threading_queue_get(queue, item);
}

static threading_status_t get_by_tiny_waits(int *item)
{
    return threading_queue_get_timeout(queue, 1e-5, item);
}

static threading_status_t (*get_in_their_way)(int *item);

static void *collect(void *arg)
{
    for (;;) {
        int item = INT_MIN;
        threading_status_t status = get_in_their_way(&item);
        if (status == THREADING_EMPTY || status == THREADING_TIMEOUT)
            continue;
        CHECK_STATUS(status, THREADING_OK);
        if (item == SENTINEL)
            return arg;
        CHECK_EQUAL(atomic_fetch_add(&results[item], 1), 0);
    }
}

static void run_threads(int pairs, int count, threading_status_t (*get)(int *item))
{
    threading_thread_t *threads[2 * MOST_THREADS];
    open_queue(0);
    inputs = count;
    get_in_their_way = get;
    start_many(threads, pairs, feed, NULL);
    start_many(threads + pairs, pairs, collect, NULL);
    finish_many(threads, 2 * pairs);
    for (int i = 0; i < count; i++)
        CHECK_EQUAL(atomic_load(&results[i]), 1);
    CHECK(threading_queue_empty(queue));
    close_queue();
}

/* CPython: test_queue.BaseSimpleQueueTest.test_many_threads */
CASE(fifty_feeders_and_fifty_consumers)
{
    run_threads(is_slow() ? 20 : MOST_THREADS, is_slow() ? 2000 : 10000, get_by_waiting);
}

/* CPython: test_queue.BaseSimpleQueueTest.test_many_threads_nonblock */
CASE(fifty_feeders_and_fifty_consumers_that_try)
{
    run_threads(is_slow() ? 20 : MOST_THREADS, is_slow() ? 2000 : 10000, get_by_trying);
}

/* CPython: test_queue.BaseSimpleQueueTest.test_many_threads_timeout */
CASE(fifty_feeders_and_fifty_consumers_with_tiny_timeouts)
{
    run_threads(is_slow() ? 20 : MOST_THREADS, 1000, get_by_tiny_waits);
}

static void *collect_in_order(void *arg)
{
    for (int i = 0; i < inputs; i++)
        CHECK_EQUAL(get_it(), i);
    CHECK_EQUAL(get_it(), SENTINEL);
    return arg;
}

/* CPython: test_queue.BaseSimpleQueueTest.test_order */
CASE(one_feeder_and_one_consumer_keep_the_order)
{
    open_queue(0);
    inputs = is_slow() ? 1000 : 10000;
    threading_thread_t *threads[2] = {started(collect_in_order, NULL), started(feed, NULL)};
    finish_many(threads, 2);
    close_queue();
}

/* ---- all methods at once ---- */

enum { WRITERS = 4, READERS = 6, JOINERS = 2, PER_WRITER = 1 << 14 };
static atomic_int arrived;
static atomic_int written; /* by all writers */
static atomic_int read_ones;

static void *write_until_shutdown(void *arg)
{
    for (int i = 0; i < PER_WRITER; i++) {
        if (i == PER_WRITER / 4)
            meet(&arrived, WRITERS + READERS + JOINERS);
        threading_status_t status = threading_queue_put(queue, &i);
        if (status == THREADING_SHUTDOWN)
            return arg;
        CHECK_STATUS(status, THREADING_OK);
        atomic_fetch_add(&written, 1);
    }
    return arg;
}

static void *read_until_shutdown(void *arg)
{
    threading_status_t status = threading_queue_get(queue, NULL);
    CHECK_STATUS(status, THREADING_OK);
    meet(&arrived, WRITERS + READERS + JOINERS);
    while (status != THREADING_SHUTDOWN) {
        if (status == THREADING_OK) {
            atomic_fetch_add(&read_ones, 1);
            task_is_done();
        } else {
            CHECK_STATUS(status, THREADING_EMPTY);
            (void)threading_sleep(0);
        }
        status = threading_queue_try_get(queue, NULL);
    }
    return arg;
}

static void *join_amid_it(void *arg)
{
    meet(&arrived, WRITERS + READERS + JOINERS);
    return join_it(arg);
}

static void shut_down_amid_all(threading_queue_kind_t kind, bool immediate)
{
    threading_thread_t *threads[WRITERS + READERS + JOINERS];
    queue = new_queue(kind, 0);
    CHECK_STATUS(threading_queue_set_destructor(queue, count_destroyed), THREADING_OK);
    start_many(threads, WRITERS, write_until_shutdown, NULL);
    start_many(threads + WRITERS, READERS, read_until_shutdown, NULL);
    start_many(threads + WRITERS + READERS, JOINERS, join_amid_it, NULL);
    while (atomic_load(&written) < WRITERS * PER_WRITER / 2)
        (void)threading_sleep(0);
    shut_down(immediate);
    if (immediate)
        CHECK(threading_queue_empty(queue));
    finish_many(threads, WRITERS + READERS + JOINERS);
    check_counts(0, 0);
    CHECK_EQUAL(atomic_exchange(&read_ones, 0) + atomic_exchange(&destroyed, 0),
                atomic_exchange(&written, 0));
    close_queue();
}

/* CPython: test_queue.BaseQueueTestMixin.test_shutdown_all_methods_in_many_threads */
CASE(shutdown_amid_writers_readers_and_joiners)
{
    for (size_t i = 0; i < LENGTH(kinds); i++)
        shut_down_amid_all(kinds[i], false);
}

/* CPython: test_queue.BaseQueueTestMixin.test_shutdown_immediate_all_methods_in_many_threads */
CASE(immediate_shutdown_amid_writers_readers_and_joiners)
{
    for (size_t i = 0; i < LENGTH(kinds); i++)
        shut_down_amid_all(kinds[i], true);
}

/* ---- lost wakes ---- */

enum { RING = 8 };
static threading_queue_t *ring[RING];

/* Passes what comes out of its own queue on to the next; each has room for one. */
static void *pass_on(void *own)
{
    threading_queue_t **mine = own;
    threading_queue_t *next = ring[(mine - ring + 1) % RING];
    int item = 0;
    threading_status_t status;
    while ((status = threading_queue_get(*mine, &item)) == THREADING_OK && item > 0) {
        item--;
        CHECK_STATUS(threading_queue_put(next, &item), THREADING_OK);
    }
    if (status == THREADING_OK) /* a token has come to its end */
        for (int i = 0; i < RING; i++)
            CHECK_STATUS(threading_queue_shutdown(ring[i], true), THREADING_OK);
    return NULL;
}

CASE(queues_of_one_hand_a_token_round_a_ring)
{
    threading_thread_t *threads[RING];
    int token = is_slow() ? 2000 : 30000;
    for (int i = 0; i < RING; i++)
        ring[i] = new_queue(THREADING_QUEUE_FIFO, 1);
    for (int i = 0; i < RING; i++)
        threads[i] = started(pass_on, &ring[i]);
    CHECK_STATUS(threading_queue_put(ring[0], &token), THREADING_OK);
    finish_many(threads, RING);
    for (int i = 0; i < RING; i++)
        threading_queue_free(ring[i]);
}

/* The size changes all the time; every put and every get comes to its end nevertheless. */
CASE(maxsize_that_changes_under_load_holds_nobody_up)
{
    uint32_t seed = 5;
    threading_thread_t *threads[8];
    open_queue(1);
    inputs = is_slow() ? 2000 : 10000;
    get_in_their_way = get_by_waiting;
    start_many(threads, 4, feed, NULL);
    start_many(threads + 4, 4, collect, NULL);
    while (atomic_load(&next_input) < inputs) {
        CHECK_STATUS(threading_queue_set_maxsize(queue, random_below(&seed, 5)), THREADING_OK);
        (void)threading_sleep(random_below(&seed, 100) * 1e-6);
    }
    finish_many(threads, 8);
    check_counts(0, (size_t)inputs + 4);
    close_queue();
}
