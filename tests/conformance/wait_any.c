/* SPDX-License-Identifier: MIT */
/* Waiting for any of several things: what is ready when, which one is told, how the wait ends. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"
#include "crowd.h"
#include "gate.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define NOWHERE ((size_t)-7)

static threading_event_t event, quit;
static threading_semaphore_t semaphore;
static threading_bounded_semaphore_t bounded = THREADING_BOUNDED_SEMAPHORE_INIT(5);
static threading_queue_t *queue;
static threading_future_t *future;
static threading_thread_t *thread;
static threading_lock_t gate; /* what `thread` waits at */
static atomic_int announced;  /* threads that stand right before their wait */
static int written;           /* plain: what it was waited for orders it */

/* One of each kind, none of them ready. */
enum { EVENT, SEMAPHORE, BOUNDED, QUEUE, FUTURE, THREAD, ALL };
static threading_source_t all[ALL];

static void make_all(void)
{
    gate_close(&gate);
    thread = started(wait_at_gate, &gate);
    queue = threading_queue_new(THREADING_QUEUE_FIFO, sizeof(int), 0, NULL);
    future = threading_future_new();
    CHECK(queue != NULL && future != NULL);
    for (int i = 0; i < 5; i++)
        CHECK_STATUS(threading_bounded_semaphore_acquire(&bounded), THREADING_OK);
    const threading_source_t made[ALL] = {THREADING_SOURCE_EVENT(&event),
                                          THREADING_SOURCE_SEMAPHORE(&semaphore),
                                          THREADING_SOURCE_BOUNDED_SEMAPHORE(&bounded),
                                          THREADING_SOURCE_QUEUE(queue),
                                          THREADING_SOURCE_FUTURE(future),
                                          THREADING_SOURCE_THREAD(thread)};
    memcpy(all, made, sizeof all);
}

static void make_ready(int kind)
{
    switch (kind) {
    case EVENT:
        CHECK_STATUS(threading_event_set(&event), THREADING_OK);
        break;
    case SEMAPHORE:
        CHECK_STATUS(threading_semaphore_release(&semaphore), THREADING_OK);
        break;
    case BOUNDED:
        CHECK_STATUS(threading_bounded_semaphore_release(&bounded), THREADING_OK);
        break;
    case QUEUE:
        CHECK_STATUS(threading_queue_put(queue, &kind), THREADING_OK);
        break;
    case FUTURE:
        CHECK_STATUS(threading_future_set_result(future, NULL), THREADING_OK);
        break;
    default:
        gate_open(&gate);
    }
}

static void free_all(void)
{
    if (threading_lock_locked(&gate))
        gate_open(&gate);
    finished(thread);
    threading_queue_free(queue);
    threading_future_free(future);
}

static void is_ready(threading_source_t source)
{
    const double limits[] = {0, 1e-9, 1000, THREADING_FOREVER};
    for (size_t i = 0; i < LENGTH(limits); i++) {
        size_t which = NOWHERE;
        CHECK_STATUS(threading_wait_any(&source, 1, limits[i], &which), THREADING_OK);
        CHECK_EQUAL(which, 0);
    }
}

static void is_not_ready(threading_source_t source)
{
    const double limits[] = {0, 1e-9, 0.001};
    for (size_t i = 0; i < LENGTH(limits); i++) {
        size_t which = NOWHERE;
        CHECK_STATUS(threading_wait_any(&source, 1, limits[i], &which), THREADING_TIMEOUT);
        CHECK_EQUAL(which, NOWHERE);
    }
}

/* ---- what is ready when ---- */

CASE(event_is_ready_while_it_is_set)
{
    threading_source_t source = THREADING_SOURCE_EVENT(&event);
    for (int i = 0; i < 3; i++) {
        is_not_ready(source);
        CHECK_STATUS(threading_event_set(&event), THREADING_OK);
        is_ready(source);
        CHECK(threading_event_is_set(&event));
        CHECK_STATUS(threading_event_clear(&event), THREADING_OK);
    }
}

CASE(semaphore_is_ready_while_its_value_is_not_0)
{
    threading_source_t source = THREADING_SOURCE_SEMAPHORE(&semaphore);
    is_not_ready(source);
    CHECK_STATUS(threading_semaphore_release_n(&semaphore, 2), THREADING_OK);
    for (size_t value = 2; value > 0; value--) {
        is_ready(source);
        CHECK_EQUAL(threading_semaphore_value(&semaphore), value); /* nothing was taken */
        CHECK_STATUS(threading_semaphore_acquire(&semaphore), THREADING_OK);
    }
    is_not_ready(source);
}

CASE(bounded_semaphore_is_ready_while_its_value_is_not_0)
{
    threading_source_t source = THREADING_SOURCE_BOUNDED_SEMAPHORE(&bounded);
    for (size_t value = 5; value > 0; value--) {
        is_ready(source);
        CHECK_EQUAL(threading_bounded_semaphore_value(&bounded), value);
        CHECK_STATUS(threading_bounded_semaphore_acquire(&bounded), THREADING_OK);
    }
    is_not_ready(source);
    CHECK_STATUS(threading_bounded_semaphore_release(&bounded), THREADING_OK);
    is_ready(source);
}

CASE(queue_is_ready_while_it_has_an_item_or_is_shut_down)
{
    int item = 1;
    queue = threading_queue_new(THREADING_QUEUE_FIFO, sizeof item, 1, NULL);
    threading_source_t source = THREADING_SOURCE_QUEUE(queue);
    is_not_ready(source);
    CHECK_STATUS(threading_queue_put(queue, &item), THREADING_OK);
    is_ready(source);
    CHECK_EQUAL(threading_queue_size(queue), 1);
    CHECK_STATUS(threading_queue_get(queue, &item), THREADING_OK);
    is_not_ready(source);
    CHECK_STATUS(threading_queue_put(queue, &item), THREADING_OK);
    CHECK_STATUS(threading_queue_shutdown(queue, false), THREADING_OK);
    is_ready(source);
    CHECK_STATUS(threading_queue_get(queue, &item), THREADING_OK);
    is_ready(source);
    CHECK_STATUS(threading_queue_shutdown(queue, true), THREADING_OK);
    is_ready(source);
    threading_queue_free(queue);
}

CASE(future_is_ready_when_it_is_done_in_whatever_way)
{
    for (int way = 0; way < 4; way++) {
        future = threading_future_new();
        threading_source_t source = THREADING_SOURCE_FUTURE(future);
        is_not_ready(source);
        if (way > 0) {
            CHECK_STATUS(way == 1 ? threading_future_cancel(future) : threading_future_start(future),
                         THREADING_OK);
            if (way > 1)
                is_not_ready(source);
        }
        if (way == 0 || way == 2)
            CHECK_STATUS(threading_future_set_result(future, NULL), THREADING_OK);
        else if (way == 3)
            CHECK_STATUS(threading_future_set_error(future, THREADING_BROKEN), THREADING_OK);
        is_ready(source);
        CHECK(threading_future_done(future));
        threading_future_free(future);
    }
}

CASE(thread_is_ready_when_it_has_ended)
{
    gate_close(&gate);
    thread = threading_thread_new(wait_at_gate, &gate, NULL);
    threading_source_t source = THREADING_SOURCE_THREAD(thread);
    is_not_ready(source); /* it was not even started */
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    is_not_ready(source);
    gate_open(&gate);
    CHECK_STATUS(threading_wait_any(&source, 1, THREADING_FOREVER, NULL), THREADING_OK);
    CHECK(!threading_thread_is_alive(thread));
    CHECK_STATUS(threading_thread_try_join(thread), THREADING_OK);
    is_ready(source);
    threading_thread_free(thread);
    is_not_ready((threading_source_t)THREADING_SOURCE_THREAD(threading_main_thread()));
}

/* ---- what becomes ready later ---- */

static void *wait_for_any_of_all(void *index)
{
    size_t which = NOWHERE;
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_wait_any(all, ALL, THREADING_FOREVER, &which), THREADING_OK);
    CHECK_EQUAL(written, 42);
    *(size_t *)index = which;
    return NULL;
}

static void wakes(int kind)
{
    for (int round = 0; round < 10; round++) {
        size_t which = NOWHERE;
        make_all();
        atomic_store(&announced, 0);
        written = 0;
        threading_thread_t *waits = started(wait_for_any_of_all, &which);
        AWAIT(atomic_load(&announced) == 1);
        if (round % 2)
            (void)threading_sleep(0.003); /* so that it waits; right in any case */
        written = 42;
        make_ready(kind);
        finished(waits);
        CHECK_EQUAL(which, kind);
        if (kind == QUEUE)
            CHECK_STATUS(threading_queue_try_get(queue, NULL), THREADING_OK);
        if (kind == SEMAPHORE)
            CHECK_STATUS(threading_semaphore_try_acquire(&semaphore), THREADING_OK);
        CHECK_STATUS(threading_event_clear(&event), THREADING_OK);
        CHECK_STATUS(threading_bounded_semaphore_init(&bounded, 5), THREADING_OK);
        free_all();
    }
}

CASE(event_that_is_set_ends_the_wait)
{
    wakes(EVENT);
}

CASE(semaphore_that_is_released_ends_the_wait)
{
    wakes(SEMAPHORE);
}

CASE(bounded_semaphore_that_is_released_ends_the_wait)
{
    wakes(BOUNDED);
}

CASE(item_that_is_put_ends_the_wait)
{
    wakes(QUEUE);
}

CASE(future_that_is_done_ends_the_wait)
{
    wakes(FUTURE);
}

CASE(thread_that_ends_ends_the_wait)
{
    wakes(THREAD);
}

static void wakes_by(void (*act)(void), int kind)
{
    size_t which = NOWHERE;
    make_all();
    threading_thread_t *waits = started(wait_for_any_of_all, &which);
    AWAIT(atomic_load(&announced) == 1);
    (void)threading_sleep(0.003);
    written = 42;
    act();
    finished(waits);
    CHECK_EQUAL(which, kind);
    free_all();
}

static void shut_queue_down(void)
{
    CHECK_STATUS(threading_queue_shutdown(queue, false), THREADING_OK);
}

CASE(queue_that_is_shut_down_ends_the_wait)
{
    wakes_by(shut_queue_down, QUEUE);
}

static void cancel_future(void)
{
    CHECK_STATUS(threading_future_cancel(future), THREADING_OK);
}

CASE(future_that_is_cancelled_ends_the_wait)
{
    wakes_by(cancel_future, FUTURE);
}

static void fail_future(void)
{
    CHECK_STATUS(threading_future_set_error(future, THREADING_NO_MEMORY), THREADING_OK);
}

CASE(future_that_fails_ends_the_wait)
{
    wakes_by(fail_future, FUTURE);
}

static void release_several(void)
{
    CHECK_STATUS(threading_semaphore_release_n(&semaphore, 3), THREADING_OK);
}

CASE(semaphore_that_is_released_several_times_ends_the_wait)
{
    wakes_by(release_several, SEMAPHORE);
}

/* ---- which one ---- */

CASE(first_of_several_that_are_ready_is_told)
{
    make_all();
    for (int kind = ALL - 1; kind >= 0; kind--) {
        size_t which = NOWHERE;
        make_ready(kind);
        CHECK_STATUS(threading_wait_any(all, ALL, THREADING_FOREVER, &which), THREADING_OK);
        CHECK_EQUAL(which, kind);
    }
    free_all();
}

CASE(same_source_twice_is_told_by_its_first_place)
{
    size_t which = NOWHERE;
    threading_source_t sources[] = {THREADING_SOURCE_EVENT(&quit), THREADING_SOURCE_EVENT(&event),
                                    THREADING_SOURCE_EVENT(&event), THREADING_SOURCE_EVENT(&event)};
    CHECK_STATUS(threading_wait_any(sources, 4, 0.001, &which), THREADING_TIMEOUT);
    CHECK_STATUS(threading_event_set(&event), THREADING_OK);
    CHECK_STATUS(threading_wait_any(sources, 4, THREADING_FOREVER, &which), THREADING_OK);
    CHECK_EQUAL(which, 1);
}

static void *set_the_event_late(void *arg)
{
    (void)threading_sleep(0.005);
    CHECK_STATUS(threading_event_set(&event), THREADING_OK);
    return arg;
}

CASE(same_source_twice_ends_the_wait_once)
{
    for (int round = 0; round < 10; round++) {
        size_t which = NOWHERE;
        threading_source_t sources[] = {THREADING_SOURCE_EVENT(&event), THREADING_SOURCE_EVENT(&quit),
                                        THREADING_SOURCE_EVENT(&event)};
        thread = started(set_the_event_late, NULL);
        CHECK_STATUS(threading_wait_any(sources, 3, THREADING_FOREVER, &which), THREADING_OK);
        CHECK_EQUAL(which, 0);
        finished(thread);
        CHECK_STATUS(threading_event_clear(&event), THREADING_OK);
    }
}

CASE(index_may_be_null)
{
    threading_source_t source = THREADING_SOURCE_EVENT(&event);
    CHECK_STATUS(threading_wait_any(&source, 1, 0, NULL), THREADING_TIMEOUT);
    CHECK_STATUS(threading_event_set(&event), THREADING_OK);
    CHECK_STATUS(threading_wait_any(&source, 1, 0, NULL), THREADING_OK);
}

/* ---- misuse ---- */

static void is_invalid(threading_source_t *sources, size_t count)
{
    size_t which = NOWHERE;
    CHECK_STATUS(threading_wait_any(sources, count, 0, &which), THREADING_INVALID);
    CHECK_STATUS(threading_wait_any(sources, count, 1000, &which), THREADING_INVALID);
    CHECK_STATUS(threading_wait_any(sources, count, THREADING_FOREVER, &which), THREADING_INVALID);
    CHECK_EQUAL(which, NOWHERE);
}

/* A wrong source is told wherever it is, though the first one is ready. */
CASE(wrong_sources_are_told)
{
    const int wrong_kinds[] = {0, -1, 7, 99};
    threading_source_t sources[3] = {THREADING_SOURCE_EVENT(&event), THREADING_SOURCE_EVENT(&event),
                                     THREADING_SOURCE_EVENT(&event)};
    CHECK_STATUS(threading_event_set(&event), THREADING_OK);
    is_invalid(NULL, 1);
    is_invalid(NULL, 0);
    is_invalid(sources, 0);
    for (size_t i = 0; i < LENGTH(wrong_kinds); i++) {
        sources[2].kind = (threading_source_kind_t)wrong_kinds[i];
        is_invalid(sources, 3);
        is_invalid(&sources[2], 1);
    }
    for (int kind = THREADING_SOURCE_KIND_THREAD; kind <= THREADING_SOURCE_KIND_FUTURE; kind++) {
        sources[2] = (threading_source_t)THREADING_SOURCE_((threading_source_kind_t)kind, NULL);
        is_invalid(sources, 3);
        is_invalid(&sources[2], 1);
    }
    CHECK_STATUS(threading_wait_any(sources, 2, THREADING_FOREVER, NULL), THREADING_OK);
}

static void bad_times_are_told(threading_source_t *source)
{
    const double invalid[] = {-100, -2, -1.5, -0.5, -1e-12, -INFINITY, NAN};
    const double overflow[] = {THREADING_TIMEOUT_MAX + 1, 1e100, INFINITY};
    size_t which = NOWHERE;
    for (size_t i = 0; i < LENGTH(invalid); i++)
        CHECK_STATUS(threading_wait_any(source, 1, invalid[i], &which), THREADING_INVALID);
    for (size_t i = 0; i < LENGTH(overflow); i++)
        CHECK_STATUS(threading_wait_any(source, 1, overflow[i], &which), THREADING_OVERFLOW);
    CHECK_EQUAL(which, NOWHERE);
}

CASE(bad_timeouts_are_told_whether_ready_or_not)
{
    threading_source_t source = THREADING_SOURCE_EVENT(&event);
    bad_times_are_told(&source);
    CHECK_STATUS(threading_event_set(&event), THREADING_OK);
    bad_times_are_told(&source);
}

/* Nobody else could end it, so a wait for one's own end alone is refused; with anything else, or a limit, not. */
static void *wait_for_own_end(void *arg)
{
    threading_thread_t *me = threading_current_thread();
    threading_source_t sources[3] = {THREADING_SOURCE_THREAD(me), THREADING_SOURCE_THREAD(me),
                                     THREADING_SOURCE_EVENT(&event)};
    size_t which = NOWHERE;
    CHECK_STATUS(threading_wait_any(sources, 1, THREADING_FOREVER, &which), THREADING_DEADLOCK);
    CHECK_STATUS(threading_wait_any(sources, 2, THREADING_FOREVER, &which), THREADING_DEADLOCK);
    CHECK_STATUS(threading_wait_any(sources, 2, 0, &which), THREADING_TIMEOUT);
    CHECK_STATUS(threading_wait_any(sources, 2, 0.002, &which), THREADING_TIMEOUT);
    CHECK_STATUS(threading_wait_any(sources, 3, 0.002, &which), THREADING_TIMEOUT);
    CHECK_EQUAL(which, NOWHERE);
    threading_thread_t *sets = started(set_the_event_late, NULL);
    CHECK_STATUS(threading_wait_any(sources, 3, THREADING_FOREVER, &which), THREADING_OK);
    CHECK_EQUAL(which, 2);
    finished(sets);
    return arg;
}

CASE(wait_for_nothing_but_ones_own_end_is_a_deadlock)
{
    finished(started(wait_for_own_end, NULL));
    CHECK_STATUS(threading_event_clear(&event), THREADING_OK);
    (void)wait_for_own_end(NULL); /* main */
}

/* ---- time ---- */

/* A clock that counts from 1970, as C11's does, is exact in a double to a little less than half a microsecond. */
static void runs_out(double seconds)
{
    double begin = threading_monotonic();
    CHECK_STATUS(threading_wait_any(all, ALL, seconds, NULL), THREADING_TIMEOUT);
    CHECK(threading_monotonic() - begin >= seconds - 5e-7);
}

CASE(timeouts_are_never_early)
{
    const double lengths[] = {0,     -0.0,  5e-324, 1e-12, 1e-9,  1.5e-9, 1e-7,  1e-6, 1e-4,
                              0.001, 0.002, 0.003,  0.005, 0.008, 0.013,  0.035, 0.1};
    make_all();
    for (size_t i = 0; i < LENGTH(lengths); i++)
        runs_out(lengths[i]);
    for (int i = 1; i <= 300; i++)
        runs_out(i * 1.1e-6);
    free_all();
}

static double length; /* of the wait of the next */

static void *wait_for_the_event(void *arg)
{
    threading_source_t source = THREADING_SOURCE_EVENT(&event);
    CHECK_STATUS(threading_wait_any(&source, 1, length, NULL), THREADING_OK);
    return arg;
}

/* The numbers at which an addition, 32-bit milliseconds or a 32-bit time_t would wrap around. */
CASE(longest_timeouts_wait_for_what_comes)
{
    const double lengths[] = {THREADING_FOREVER, THREADING_TIMEOUT_MAX, 60,         86400, 2147483.648,
                              4294967.295,       4294967.296,           2147483648, 1e9};
    for (size_t i = 0; i < LENGTH(lengths); i++) {
        length = lengths[i];
        thread = started(wait_for_the_event, NULL);
        CHECK_STATUS(threading_thread_join_timeout(thread, 0.005), THREADING_TIMEOUT);
        CHECK_STATUS(threading_event_set(&event), THREADING_OK);
        finished(thread);
        CHECK_STATUS(threading_event_clear(&event), THREADING_OK);
    }
}
