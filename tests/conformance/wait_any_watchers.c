/* SPDX-License-Identifier: MIT */
/*
 * Waiting for any of several things, by many threads: watchers take nothing, so they must keep nothing from those who
 * wait for the thing itself, and each of them must be told.
 */
#include "wait_any_base.h"

enum { WATCHERS = 6, MANY = 1000 };

static threading_queue_t *queue;
static atomic_int told; /* of the many events */

static void open_queue(size_t maxsize)
{
    queue = threading_queue_new(THREADING_QUEUE_FIFO, sizeof(int), maxsize, NULL);
    CHECK(queue != NULL);
}

static void put_it(int item)
{
    CHECK_STATUS(threading_queue_put(queue, &item), THREADING_OK);
}

static void shut_down(void)
{
    CHECK_STATUS(threading_queue_shutdown(queue, false), THREADING_OK);
}

/* ---- many sources ---- */

static threading_event_t events[MANY];
static threading_source_t sources[MANY];

static void watch_many_events(void)
{
    for (size_t i = 0; i < MANY; i++)
        sources[i] = source_of_event(&events[i]);
}

CASE(first_of_a_thousand_that_is_ready_is_told)
{
    uint32_t seed = 3;
    watch_many_events();
    for (int round = 0; round < 100; round++) {
        size_t a = random_below(&seed, MANY), b = random_below(&seed, MANY);
        CHECK_STATUS(threading_wait_any(sources, MANY, 0, NULL), THREADING_TIMEOUT);
        CHECK_STATUS(threading_event_set(&events[a]), THREADING_OK);
        CHECK_STATUS(threading_event_set(&events[b]), THREADING_OK);
        CHECK_EQUAL(wait_for_any(sources, MANY), a < b ? a : b);
        CHECK_STATUS(threading_event_clear(&events[a]), THREADING_OK);
        CHECK_STATUS(threading_event_clear(&events[b]), THREADING_OK);
    }
}

/* Waits for any event of many, and unsets it, until the quit event is set. */
static void *unset_each(void *own_sources)
{
    threading_source_t *own = own_sources;
    for (;;) {
        size_t which = wait_for_any(own, MANY);
        if (which == MANY - 1)
            return NULL;
        CHECK_STATUS(threading_event_clear(&events[which]), THREADING_OK);
        atomic_fetch_add(&told, 1);
    }
}

CASE(each_of_a_thousand_ends_the_wait)
{
    int rounds = is_slow() ? 100 : 400;
    uint32_t seed = 5;
    watch_many_events();
    threading_thread_t *thread = started(unset_each, sources);
    for (int round = 1; round <= rounds; round++) {
        CHECK_STATUS(threading_event_set(&events[random_below(&seed, MANY - 1)]), THREADING_OK);
        AWAIT(atomic_load(&told) == round);
    }
    CHECK_STATUS(threading_event_set(&events[MANY - 1]), THREADING_OK);
    finished(thread);
}

/* ---- each watcher is told ---- */

static void all_watchers_are_told(threading_source_t source, void (*make_ready)(void))
{
    threading_thread_t *threads[WATCHERS];
    start_many(threads, WATCHERS, watch_twice, &source);
    let_them_wait(WATCHERS);
    make_ready();
    finish_many(threads, WATCHERS);
}

CASE(event_is_told_to_all_watchers)
{
    all_watchers_are_told(source_of_event(&event), set_event);
}

static void release_one(void)
{
    CHECK_STATUS(threading_semaphore_release(&semaphore), THREADING_OK);
}

CASE(one_release_is_told_to_all_watchers)
{
    all_watchers_are_told((threading_source_t)THREADING_SOURCE_SEMAPHORE(&semaphore), release_one);
    CHECK_EQUAL(threading_semaphore_value(&semaphore), 1);
}

static void put_one(void)
{
    put_it(1);
}

CASE(one_item_is_told_to_all_watchers)
{
    open_queue(0);
    all_watchers_are_told((threading_source_t)THREADING_SOURCE_QUEUE(queue), put_one);
    CHECK_EQUAL(threading_queue_size(queue), 1);
    threading_queue_free(queue);
}

CASE(shutdown_is_told_to_all_watchers)
{
    open_queue(0);
    all_watchers_are_told((threading_source_t)THREADING_SOURCE_QUEUE(queue), shut_down);
    threading_queue_free(queue);
}

static threading_future_t *future;

static void finish_future(void)
{
    CHECK_STATUS(threading_future_set_result(future, NULL), THREADING_OK);
}

CASE(result_is_told_to_all_watchers)
{
    future = threading_future_new();
    all_watchers_are_told((threading_source_t)THREADING_SOURCE_FUTURE(future), finish_future);
    threading_future_free(future);
}

static void *sleep_until_event(void *arg)
{
    CHECK_STATUS(threading_event_wait(&event), THREADING_OK);
    return arg;
}

CASE(end_of_a_thread_is_told_to_all_watchers)
{
    threading_thread_t *thread = started(sleep_until_event, NULL);
    all_watchers_are_told((threading_source_t)THREADING_SOURCE_THREAD(thread), set_event);
    finished(thread);
}

/* ---- watchers keep nothing from others ---- */

/* Watches until it is quit time; what is ready is left for others. */
static void *watch_only(void *source)
{
    threading_source_t own[2] = {*(threading_source_t *)source, source_of_event(&quit)};
    atomic_fetch_add(&announced, 1);
    while (!threading_event_is_set(&quit)) {
        (void)wait_for_any(own, 2);
        (void)threading_sleep(0);
    }
    return NULL;
}

static void *acquire_one(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_semaphore_acquire(&semaphore), THREADING_OK);
    atomic_fetch_add(&taken, 1);
    return arg;
}

static void *get_one(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_queue_get(queue, NULL), THREADING_OK);
    atomic_fetch_add(&taken, 1);
    return arg;
}

/* Watchers come before, between and after those who take. As many are let on as take: all of them get on. */
static void watchers_steal_nothing(threading_source_t source, threading_target_t take,
                                   void (*let_one_on)(void))
{
    for (int round = 0; round < (is_slow() ? 20 : 100); round++) {
        threading_thread_t *watchers[WATCHERS], *takers[4];
        atomic_store(&announced, 0);
        CHECK_STATUS(threading_event_clear(&quit), THREADING_OK);
        for (int i = 0; i < WATCHERS; i++) {
            watchers[i] = started(watch_only, &source);
            if (i < 4)
                takers[i] = started(take, NULL);
        }
        if (round % 10 == 0)
            let_them_wait(WATCHERS + 4);
        for (int i = 0; i < 4; i++) {
            let_one_on();
            if (round % 2)
                AWAIT(atomic_load(&taken) == round * 4 + i + 1);
        }
        finish_many(takers, 4);
        CHECK_STATUS(threading_event_set(&quit), THREADING_OK);
        finish_many(watchers, WATCHERS);
    }
}

CASE(watchers_of_a_semaphore_steal_no_wake)
{
    watchers_steal_nothing((threading_source_t)THREADING_SOURCE_SEMAPHORE(&semaphore), acquire_one,
                           release_one);
    CHECK_EQUAL(threading_semaphore_value(&semaphore), 0);
    CHECK(is_zero(&semaphore, sizeof semaphore));
}

CASE(watchers_of_a_queue_steal_no_wake)
{
    open_queue(0);
    watchers_steal_nothing((threading_source_t)THREADING_SOURCE_QUEUE(queue), get_one, put_one);
    CHECK(threading_queue_empty(queue));
    threading_queue_free(queue);
}

static void *wait_for_event(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_event_wait(&event), THREADING_OK);
    return arg;
}

CASE(watchers_of_an_event_steal_no_wake)
{
    threading_source_t source = source_of_event(&event);
    for (int round = 0; round < (is_slow() ? 20 : 100); round++) {
        threading_thread_t *threads[8];
        atomic_store(&announced, 0);
        for (int i = 0; i < 8; i++)
            threads[i] = i % 2 ? started(wait_for_event, NULL) : started(watch_twice, &source);
        if (round % 10 == 0)
            let_them_wait(8);
        set_event();
        finish_many(threads, 8);
        CHECK_STATUS(threading_event_clear(&event), THREADING_OK);
    }
}

/* A watcher is told of what another waiter leaves: two are released, one is taken. */
CASE(what_a_waiter_leaves_is_told_to_watchers)
{
    for (int round = 0; round < (is_slow() ? 20 : 100); round++) {
        threading_source_t source = THREADING_SOURCE_SEMAPHORE(&semaphore);
        atomic_store(&announced, 0);
        threading_thread_t *threads[3] = {started(acquire_one, NULL), started(watch_twice, &source),
                                          started(watch_twice, &source)};
        if (round % 10 == 0)
            let_them_wait(3);
        CHECK_STATUS(threading_semaphore_release_n(&semaphore, 2), THREADING_OK);
        finish_many(threads, 3);
        CHECK_STATUS(threading_semaphore_try_acquire(&semaphore), THREADING_OK);
    }
}

CASE(sources_may_be_used_again_in_any_order)
{
    threading_source_t own[3] = {source_of_event(&events[0]), source_of_event(&events[1]),
                                 source_of_event(&events[2])};
    for (size_t round = 0; round < 30; round++) {
        CHECK_STATUS(threading_wait_any(own, 3, 1e-4, NULL), THREADING_TIMEOUT);
        CHECK_STATUS(threading_event_set(own[round % 3].object), THREADING_OK);
        CHECK_EQUAL(wait_for_any(own, 3), round % 3);
        CHECK_STATUS(threading_event_clear(own[round % 3].object), THREADING_OK);
        threading_source_t first = own[0];
        memmove(own, own + 1, 2 * sizeof *own);
        own[2] = first;
    }
}

/* ---- stop, foreign threads ---- */

static threading_stop_t stop;

static void *watch_until_stopped(void *arg)
{
    size_t which = 2;
    threading_source_t own[2] = {THREADING_SOURCE_EVENT(&event), THREADING_SOURCE_SEMAPHORE(&semaphore)};
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_wait_any(own, 2, arg == NULL ? THREADING_FOREVER : 1000, &which),
                 THREADING_CANCELLED);
    CHECK_STATUS(threading_wait_any(own, 2, 1000, &which), THREADING_CANCELLED);
    CHECK_EQUAL(which, 2);
    set_event();
    CHECK_EQUAL(wait_for_any(own, 2), 0); /* that need not wait */
    CHECK_STATUS(threading_event_clear(&event), THREADING_OK);
    return NULL;
}

CASE(stop_ends_the_wait)
{
    for (int round = 1; round <= 10; round++) {
        CHECK_STATUS(threading_stop_init(&stop), THREADING_OK);
        threading_thread_t *thread =
            threading_thread(watch_until_stopped, round % 2 ? NULL : &stop, .stop = &stop);
        CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
        let_them_wait(round);
        CHECK_STATUS(threading_stop_request(&stop), THREADING_OK);
        finished(thread);
    }
}

CASE(foreign_threads_watch_and_leave_no_thread_behind)
{
    foreign_t *threads[4];
    threading_source_t source = source_of_event(&event);
    for (int i = 0; i < 4; i++)
        threads[i] = foreign_start(watch_twice, &source);
    let_them_wait(4);
    CHECK_EQUAL(threading_active_count(), 1);
    set_event();
    for (int i = 0; i < 4; i++)
        foreign_join(threads[i]);
    CHECK_EQUAL(threading_active_count(), 1);
}
