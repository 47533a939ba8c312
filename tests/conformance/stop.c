/* SPDX-License-Identifier: MIT */
/* The stop as an object: requests, parents, deadlines; who heeds it; and that such waits are no proof. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"
#include "crowd.h"
#include "gate.h"

enum { LONG = 3600, CROWD = 20 };
static threading_stop_t stop, other;
static threading_lock_t gate;
static atomic_int announced;

static void request(threading_stop_t *which)
{
    CHECK_STATUS(threading_stop_request(which), THREADING_OK);
}

static void init_child(threading_stop_t *child, threading_stop_t *parent, double seconds)
{
    CHECK_STATUS(threading_stop_init_child(child, parent, seconds), THREADING_OK);
}

static threading_thread_t *started_heeding(threading_target_t target, void *arg, threading_stop_t *heeded)
{
    threading_thread_t *thread = threading_thread(target, arg, .stop = heeded);
    CHECK(thread != NULL);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    return thread;
}

/* ---- the object */

CASE(is_small)
{
    CHECK(sizeof(threading_stop_t) <= 256);
}

CASE(zero_bytes_are_not_requested)
{
    memset(&stop, 0, sizeof stop);
    CHECK(!threading_stop_requested(&stop));
    request(&stop);
    CHECK(threading_stop_requested(&stop));
}

CASE(init_makes_a_stop_of_garbage)
{
    memset(&stop, 0xa5, sizeof stop);
    CHECK_STATUS(threading_stop_init(&stop), THREADING_OK);
    CHECK(!threading_stop_requested(&stop));
    memset(&stop, 0xa5, sizeof stop);
    init_child(&stop, NULL, THREADING_FOREVER);
    CHECK(!threading_stop_requested(&stop));
}

CASE(init_takes_a_request_back)
{
    request(&stop);
    CHECK_STATUS(threading_stop_init(&stop), THREADING_OK);
    CHECK(!threading_stop_requested(&stop));
}

CASE(null_is_invalid)
{
    CHECK_STATUS(threading_stop_init(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_stop_init_child(NULL, NULL, THREADING_FOREVER), THREADING_INVALID);
    CHECK_STATUS(threading_stop_init_child(NULL, &stop, INFINITY), THREADING_INVALID);
    CHECK_STATUS(threading_stop_request(NULL), THREADING_INVALID);
    CHECK(!threading_stop_requested(NULL));
}

CASE(request_is_for_good)
{
    for (int i = 0; i < 3; i++) {
        request(&stop);
        CHECK(threading_stop_requested(&stop));
    }
}

CASE(requesting_and_heeding_allocate_nothing)
{
    (void)threading_stop_heed(NULL);
    size_t before = allocated_bytes();
    for (int i = 0; i < 100; i++) {
        CHECK_STATUS(threading_stop_init(&stop), THREADING_OK);
        CHECK(threading_stop_heed(&stop) == NULL);
        request(&stop);
        CHECK_STATUS(threading_sleep(LONG), THREADING_CANCELLED);
        CHECK(threading_stop_heed(NULL) == &stop);
    }
    CHECK_EQUAL(allocated_bytes(), before);
}

CASE(bad_times_are_told_and_change_nothing)
{
    const double invalid[] = {-100, -2, -1.5, -0.5, -1e-12, -INFINITY, NAN};
    const double overlong[] = {THREADING_TIMEOUT_MAX + 1, 1e100, INFINITY};
    request(&other);
    init_child(&stop, &other, THREADING_FOREVER);
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++)
        CHECK_STATUS(threading_stop_init_child(&stop, NULL, invalid[i]), THREADING_INVALID);
    for (size_t i = 0; i < sizeof overlong / sizeof *overlong; i++)
        CHECK_STATUS(threading_stop_init_child(&stop, NULL, overlong[i]), THREADING_OVERFLOW);
    CHECK(threading_stop_requested(&stop));
}

/* ---- parents and deadlines */

CASE(request_counts_for_children_and_not_for_parents)
{
    threading_stop_t child, grandchild;
    init_child(&child, &stop, THREADING_FOREVER);
    init_child(&grandchild, &child, THREADING_FOREVER);
    request(&child);
    CHECK(threading_stop_requested(&grandchild));
    CHECK(threading_stop_requested(&child));
    CHECK(!threading_stop_requested(&stop));
    init_child(&child, &stop, THREADING_FOREVER);
    CHECK(!threading_stop_requested(&grandchild));
    request(&stop);
    CHECK(threading_stop_requested(&child));
    CHECK(threading_stop_requested(&grandchild));
}

CASE(stop_cannot_be_its_own_ancestor)
{
    threading_stop_t child, grandchild;
    CHECK_STATUS(threading_stop_init_child(&stop, &stop, THREADING_FOREVER), THREADING_INVALID);
    init_child(&child, &stop, THREADING_FOREVER);
    init_child(&grandchild, &child, THREADING_FOREVER);
    CHECK_STATUS(threading_stop_init_child(&stop, &grandchild, 0), THREADING_INVALID);
    CHECK(!threading_stop_requested(&grandchild));
    request(&stop);
    CHECK(threading_stop_requested(&grandchild));
}

CASE(child_of_a_requested_stop_is_requested)
{
    request(&other);
    init_child(&stop, &other, THREADING_FOREVER);
    CHECK(threading_stop_requested(&stop));
}

CASE(siblings_are_apart)
{
    threading_stop_t children[3];
    for (int i = 0; i < 3; i++)
        init_child(&children[i], &stop, THREADING_FOREVER);
    request(&children[1]);
    CHECK(!threading_stop_requested(&children[0]));
    CHECK(!threading_stop_requested(&children[2]));
}

CASE(line_of_parents_may_be_long)
{
    static threading_stop_t line[100];
    for (int i = 1; i < 100; i++)
        init_child(&line[i], &line[i - 1], THREADING_FOREVER);
    CHECK(!threading_stop_requested(&line[99]));
    request(&line[0]);
    CHECK(threading_stop_requested(&line[99]));
}

CASE(deadline_requests_it_and_is_never_early)
{
    const double all[] = {0, -0.0, 5e-324, 1e-12, 1e-9, 1e-6, 0.0004, 0.001, 0.002, 0.005, 0.013, 0.05};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        double begin = threading_monotonic();
        init_child(&stop, NULL, all[i]);
        AWAIT(threading_stop_requested(&stop));
        CHECK(threading_monotonic() - begin >= all[i]);
        CHECK(threading_stop_requested(&stop));
    }
}

CASE(far_deadline_requests_nothing_yet)
{
    const double all[] = {THREADING_FOREVER, THREADING_TIMEOUT_MAX, 60,         86400, 2147483.648,
                          4294967.295,       4294967.296,           2147483648, 1e9};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        init_child(&stop, NULL, all[i]);
        CHECK(!threading_stop_requested(&stop));
    }
}

CASE(deadline_of_a_parent_counts_for_the_child)
{
    init_child(&other, NULL, 0.001);
    init_child(&stop, &other, LONG);
    AWAIT(threading_stop_requested(&stop));
    CHECK(threading_stop_requested(&other));
}

CASE(deadline_of_a_child_does_not_count_for_the_parent)
{
    init_child(&stop, &other, 0);
    CHECK(threading_stop_requested(&stop));
    CHECK(!threading_stop_requested(&other));
}

CASE(request_comes_before_the_deadline)
{
    init_child(&stop, NULL, LONG);
    request(&stop);
    CHECK(threading_stop_requested(&stop));
}

static int written; /* plain on purpose: the request orders it */

static void *write_and_request(void *which)
{
    written = 42;
    request(which);
    return NULL;
}

/* The thread sanitizer tells when the request does not order what was done before. */
CASE(what_was_done_before_a_request_is_seen_by_who_sees_it)
{
    init_child(&stop, &other, THREADING_FOREVER);
    threading_thread_t *thread = started(write_and_request, &other);
    AWAIT(threading_stop_requested(&stop));
    CHECK_EQUAL(written, 42);
    finished(thread);
}

CASE(what_was_done_before_a_request_is_seen_by_who_is_cancelled)
{
    CHECK(threading_stop_heed(&stop) == NULL);
    threading_thread_t *thread = started(write_and_request, &stop);
    CHECK_STATUS(threading_sleep(LONG), THREADING_CANCELLED);
    CHECK_EQUAL(written, 42);
    (void)threading_stop_heed(NULL);
    finished(thread);
}

/* ---- heeding */

CASE(heed_gives_the_stop_before)
{
    CHECK(threading_stop_heed(NULL) == NULL);
    CHECK(threading_stop_heed(&stop) == NULL);
    CHECK(threading_stop_heed(&stop) == &stop);
    CHECK(threading_stop_heed(&other) == &stop);
    CHECK(threading_stop_heed(NULL) == &other);
    CHECK(threading_stop_heed(NULL) == NULL);
}

static void *heed_nothing_at_first(void *arg)
{
    CHECK(threading_stop_heed(&other) == NULL);
    return arg;
}

static void heed_nothing_in_a_timer(void *arg)
{
    CHECK(threading_stop_heed(NULL) == NULL);
    CHECK_STATUS(threading_sleep(0.001), THREADING_OK);
    atomic_fetch_add(&announced, 1);
    (void)arg;
}

CASE(new_thread_heeds_nothing_whatever_its_creator_heeds)
{
    request(&stop);
    (void)threading_stop_heed(&stop);
    threading_thread_t *thread = started(heed_nothing_at_first, NULL);
    threading_thread_t *timer = threading_timer_new(0.01, heed_nothing_in_a_timer, NULL);
    CHECK(timer != NULL);
    CHECK_STATUS(threading_thread_start(timer), THREADING_OK);
    foreign_join(foreign_start(heed_nothing_at_first, NULL));
    CHECK_STATUS(threading_start_new_thread(heed_nothing_at_first, NULL, NULL), THREADING_OK);
    CHECK(threading_stop_heed(NULL) == &stop);
    finished(thread);
    finished(timer);
    CHECK_EQUAL(atomic_load(&announced), 1);
}

static void *heed_the_option(void *arg)
{
    CHECK(threading_stop_heed(arg) == &stop);
    return arg;
}

CASE(thread_heeds_the_stop_of_its_options)
{
    finished(started_heeding(heed_the_option, NULL, &stop));
    finished(started_heeding(heed_the_option, &other, &stop));
    finished(started_heeding(heed_nothing_at_first, NULL, NULL));
}

CASE(option_is_no_request_to_its_creator)
{
    request(&stop);
    finished(started_heeding(heed_the_option, NULL, &stop));
    CHECK(threading_stop_heed(NULL) == NULL);
    CHECK_STATUS(threading_sleep(0.001), THREADING_OK);
}

static void *sleep_until_cancelled(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_sleep(THREADING_FOREVER), THREADING_CANCELLED);
    return arg;
}

static void sleepers_heed(threading_thread_t **threads, int count, threading_stop_t *heeded)
{
    int before = atomic_load(&announced);
    for (int i = 0; i < count; i++)
        threads[i] = started_heeding(sleep_until_cancelled, NULL, heeded);
    AWAIT(atomic_load(&announced) == before + count);
}

CASE(request_ends_the_waits_of_all_who_heed)
{
    threading_thread_t *threads[CROWD];
    sleepers_heed(threads, CROWD, &stop);
    threading_sleep(0.005); /* so that most of them sleep; right in any case */
    request(&stop);
    finish_many(threads, CROWD);
}

/* More than a request wakes at once (TI_STOP_BATCH), some of whom heed something else. */
CASE(request_ends_the_waits_of_a_hundred)
{
    threading_thread_t *threads[100];
    threading_thread_t *apart[CROWD];
    for (int i = 0; i < CROWD; i++) {
        sleepers_heed(&threads[i * 100 / CROWD], 100 / CROWD, &stop);
        sleepers_heed(&apart[i], 1, &other);
    }
    threading_sleep(0.005); /* as above */
    request(&stop);
    finish_many(threads, 100 / CROWD * CROWD);
    request(&other);
    finish_many(apart, CROWD);
}

static void *heed_and_sleep(void *heeded)
{
    CHECK(threading_stop_heed(heeded) == NULL);
    return sleep_until_cancelled(heeded);
}

CASE(foreign_threads_may_heed)
{
    foreign_t *threads[5];
    for (int i = 0; i < 5; i++)
        threads[i] = foreign_start(heed_and_sleep, &stop);
    AWAIT(atomic_load(&announced) == 5);
    threading_sleep(0.002); /* so that they sleep; right in any case */
    request(&stop);
    for (int i = 0; i < 5; i++)
        foreign_join(threads[i]);
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(request_ends_the_waits_of_who_heeds_a_child)
{
    threading_stop_t child, grandchild;
    threading_thread_t *threads[6];
    init_child(&child, &stop, LONG);
    init_child(&grandchild, &child, THREADING_FOREVER);
    sleepers_heed(threads, 2, &stop);
    sleepers_heed(threads + 2, 2, &child);
    sleepers_heed(threads + 4, 2, &grandchild);
    threading_sleep(0.005); /* so that they sleep; right in any case */
    request(&stop);
    finish_many(threads, 6);
}

static void *wait_for_the_gate_through_requests(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_lock_acquire_timeout(&gate, LONG), THREADING_OK);
    gate_open(&gate);
    return arg;
}

CASE(request_leaves_those_alone_who_do_not_heed_it)
{
    threading_stop_t child, sibling;
    threading_thread_t *threads[4];
    init_child(&child, &stop, THREADING_FOREVER);
    init_child(&sibling, &stop, THREADING_FOREVER);
    gate_close(&gate);
    threads[0] = started_heeding(wait_for_the_gate_through_requests, NULL, NULL);
    threads[1] = started_heeding(wait_for_the_gate_through_requests, NULL, &other);
    threads[2] = started_heeding(wait_for_the_gate_through_requests, NULL, &stop);
    threads[3] = started_heeding(wait_for_the_gate_through_requests, NULL, &sibling);
    AWAIT(atomic_load(&announced) == 4);
    request(&child);
    threading_sleep(0.005); /* proves nothing, gives a wrong library the time to show itself */
    gate_open(&gate);
    finish_many(threads, 4);
}

CASE(who_heeds_another_is_not_cancelled_by_the_one_before)
{
    request(&stop);
    (void)threading_stop_heed(&stop);
    CHECK_STATUS(threading_sleep(LONG), THREADING_CANCELLED);
    CHECK_STATUS(threading_sleep(LONG), THREADING_CANCELLED);
    CHECK(threading_stop_heed(&other) == &stop);
    CHECK_STATUS(threading_sleep(0.001), THREADING_OK);
    CHECK(threading_stop_heed(&stop) == &other);
    CHECK_STATUS(threading_sleep(0.001), THREADING_CANCELLED);
    CHECK(threading_stop_heed(NULL) == &stop);
    CHECK_STATUS(threading_sleep(0.001), THREADING_OK);
}

static atomic_int ran;

static void *run_though_requested(void *arg)
{
    atomic_fetch_add(&ran, 1);
    CHECK(threading_stop_requested(&stop));
    CHECK_STATUS(threading_sleep(LONG), THREADING_CANCELLED);
    return arg;
}

CASE(thread_of_a_requested_stop_runs_and_waits_for_nothing)
{
    request(&stop);
    finished(started_heeding(run_though_requested, NULL, &stop));
    CHECK_EQUAL(atomic_load(&ran), 1);
}

static void *request_again_and_again(void *which)
{
    while (atomic_load(&announced) == 0)
        request(which);
    return NULL;
}

CASE(many_threads_may_request_at_once)
{
    threading_thread_t *threads[4];
    start_many(threads, 4, request_again_and_again, &stop);
    for (int i = 0; i < 100; i++) {
        (void)threading_stop_heed(&stop);
        CHECK_STATUS(threading_sleep(LONG), THREADING_CANCELLED);
        (void)threading_stop_heed(NULL);
        CHECK_STATUS(threading_sleep(1e-5), THREADING_OK);
    }
    atomic_store(&announced, 1);
    finish_many(threads, 4);
}

/* ---- deadlines of who heeds */

CASE(deadline_ends_a_wait_and_is_never_early)
{
    const double all[] = {0, 1e-9, 1e-6, 0.0004, 0.001, 0.002, 0.005, 0.013, 0.05};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        double begin = threading_monotonic();
        init_child(&stop, NULL, all[i]);
        (void)threading_stop_heed(&stop);
        CHECK_STATUS(threading_sleep(i % 2 ? (double)LONG : THREADING_FOREVER), THREADING_CANCELLED);
        CHECK(threading_monotonic() - begin >= all[i]);
        (void)threading_stop_heed(NULL);
    }
}

CASE(first_deadline_of_all_parents_ends_a_wait)
{
    threading_stop_t child;
    init_child(&other, NULL, LONG);
    init_child(&stop, &other, 0.01);
    init_child(&child, &stop, LONG / 2);
    (void)threading_stop_heed(&child);
    CHECK_STATUS(threading_sleep(LONG), THREADING_CANCELLED);
    CHECK(threading_stop_requested(&child));
    CHECK(!threading_stop_requested(&other));
    (void)threading_stop_heed(NULL);
}

CASE(timeout_before_the_deadline_is_a_timeout)
{
    threading_event_t event = {0};
    init_child(&stop, NULL, LONG);
    (void)threading_stop_heed(&stop);
    CHECK_STATUS(threading_event_wait_timeout(&event, 0.002), THREADING_TIMEOUT);
    CHECK_STATUS(threading_sleep(0.002), THREADING_OK);
    CHECK(!threading_stop_requested(&stop));
    (void)threading_stop_heed(NULL);
}

static void *sleep_past_the_deadline(void *arg)
{
    CHECK_STATUS(threading_sleep(THREADING_FOREVER), THREADING_CANCELLED);
    return arg;
}

CASE(deadline_ends_the_waits_of_all_who_heed)
{
    threading_thread_t *threads[CROWD];
    double begin = threading_monotonic();
    init_child(&stop, NULL, 0.03);
    for (int i = 0; i < CROWD; i++)
        threads[i] = started_heeding(sleep_past_the_deadline, NULL, &stop);
    finish_many(threads, CROWD);
    CHECK(threading_monotonic() - begin >= 0.03);
}

/* ---- memory */

static atomic_int churning;

/* Stops of its own that come and go, until a request of their parent is met. */
static void *heed_short_lived_children(void *parent)
{
    threading_status_t status = THREADING_OK;
    atomic_fetch_add(&churning, 1);
    while (status == THREADING_OK) {
        threading_stop_t *child = malloc(sizeof *child);
        CHECK(child != NULL);
        init_child(child, parent, THREADING_FOREVER);
        CHECK(threading_stop_heed(child) == NULL);
        status = threading_sleep(1e-6);
        CHECK(threading_stop_heed(NULL) == child);
        memset(child, 0xa5, sizeof *child);
        free(child);
    }
    CHECK_STATUS(status, THREADING_CANCELLED);
    return NULL;
}

CASE(stop_may_be_freed_once_nobody_heeds_it)
{
    for (int round = 0; round < (is_slow() ? 20 : 100); round++) {
        threading_thread_t *threads[3];
        CHECK_STATUS(threading_stop_init(&stop), THREADING_OK);
        atomic_store(&churning, 0);
        start_many(threads, 3, heed_short_lived_children, &stop);
        AWAIT(atomic_load(&churning) == 3);
        request(&stop);
        finish_many(threads, 3);
    }
}

CASE(stop_may_be_freed_when_its_thread_has_ended)
{
    for (int i = 0; i < 20; i++) {
        threading_stop_t *own = calloc(1, sizeof *own);
        CHECK(own != NULL);
        finished(started_heeding(return_at_once, NULL, own));
        memset(own, 0xa5, sizeof *own);
        free(own);
        request(&stop);
    }
}

/* ---- no proof of deadlock */

static threading_rlock_t rlocks[2];
static atomic_int arrived, cancelled, granted;

static void *acquire_crosswise(void *own)
{
    threading_rlock_t *wanted = own == &rlocks[0] ? &rlocks[1] : &rlocks[0];
    CHECK_STATUS(threading_rlock_acquire(own), THREADING_OK);
    meet(&arrived, 2);
    atomic_fetch_add(&announced, 1);
    threading_status_t status = threading_rlock_acquire(wanted);
    if (status == THREADING_OK) {
        atomic_fetch_add(&granted, 1);
        CHECK_STATUS(threading_rlock_release(wanted), THREADING_OK);
    } else {
        CHECK_STATUS(status, THREADING_CANCELLED);
        atomic_fetch_add(&cancelled, 1);
    }
    CHECK_STATUS(threading_rlock_release(own), THREADING_OK);
    return NULL;
}

static void ring_is_broken_by_a_request(threading_stop_t *first, threading_stop_t *second)
{
    threading_thread_t *threads[2] = {started_heeding(acquire_crosswise, &rlocks[0], first),
                                      started_heeding(acquire_crosswise, &rlocks[1], second)};
    AWAIT(atomic_load(&announced) == 2);
    CHECK_STATUS(threading_thread_join_timeout(threads[0], 0.01), THREADING_TIMEOUT);
    CHECK_STATUS(threading_thread_join_timeout(threads[1], 0.01), THREADING_TIMEOUT);
    request(&stop);
    finish_many(threads, 2);
    CHECK(atomic_load(&cancelled) >= 1);
    CHECK_EQUAL(atomic_load(&cancelled) + atomic_load(&granted), 2);
    CHECK(is_zero(rlocks, sizeof rlocks));
}

CASE(ring_of_waits_that_heed_is_no_deadlock)
{
    ring_is_broken_by_a_request(&stop, &stop);
}

CASE(ring_with_one_wait_that_heeds_is_no_deadlock)
{
    ring_is_broken_by_a_request(&stop, NULL);
    CHECK_EQUAL(atomic_load(&granted), 1);
}

static void *own_and_end(void *arg)
{
    CHECK_STATUS(threading_rlock_acquire(&rlocks[0]), THREADING_OK);
    return arg;
}

static void *wait_for_an_ended_owner(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_rlock_acquire(&rlocks[0]), THREADING_CANCELLED);
    return arg;
}

CASE(wait_that_heeds_is_not_refused_when_the_owner_has_ended)
{
    finished(started(own_and_end, NULL));
    threading_thread_t *thread = started_heeding(wait_for_an_ended_owner, NULL, &stop);
    AWAIT(atomic_load(&announced) == 1);
    CHECK_STATUS(threading_thread_join_timeout(thread, 0.01), THREADING_TIMEOUT);
    request(&stop);
    finished(thread);
    CHECK_STATUS(threading_rlock_acquire(&rlocks[0]), THREADING_DEADLOCK);
}

static void *join_one_another(void *neighbour)
{
    AWAIT(atomic_load(&arrived) == 1);
    threading_status_t status = threading_thread_join(*(threading_thread_t **)neighbour);
    CHECK(status == THREADING_OK || status == THREADING_CANCELLED);
    atomic_fetch_add(status == THREADING_OK ? &granted : &cancelled, 1);
    return NULL;
}

CASE(joins_of_each_other_that_heed_are_no_deadlock)
{
    static threading_thread_t *threads[2];
    for (int i = 0; i < 2; i++)
        threads[i] = started_heeding(join_one_another, &threads[1 - i], &stop);
    atomic_store(&arrived, 1);
    CHECK_STATUS(threading_thread_join_timeout(threads[0], 0.01), THREADING_TIMEOUT);
    request(&stop);
    for (int i = 0; i < 2; i++)
        CHECK_STATUS(threading_thread_join(threads[i]), THREADING_OK);
    for (int i = 0; i < 2; i++)
        threading_thread_free(threads[i]);
    CHECK(atomic_load(&cancelled) >= 1);
}

/* A cancelled wait has left no trace: the next proof is right. */
static void *acquire_the_other_for_ever(void *own)
{
    threading_rlock_t *wanted = own == &rlocks[0] ? &rlocks[1] : &rlocks[0];
    (void)threading_stop_heed(NULL);
    CHECK_STATUS(threading_rlock_acquire(own), THREADING_OK);
    meet(&arrived, 2);
    threading_status_t status = threading_rlock_acquire(wanted);
    if (status == THREADING_OK)
        CHECK_STATUS(threading_rlock_release(wanted), THREADING_OK);
    atomic_fetch_add(status == THREADING_DEADLOCK ? &cancelled : &granted, 1);
    CHECK_STATUS(threading_rlock_release(own), THREADING_OK);
    return NULL;
}

CASE(who_heeds_no_more_is_told_of_deadlocks_again)
{
    request(&stop);
    for (int round = 1; round <= 50; round++) {
        threading_thread_t *threads[2];
        for (int i = 0; i < 2; i++)
            threads[i] = started_heeding(acquire_the_other_for_ever, &rlocks[i], &stop);
        finish_many(threads, 2);
        CHECK_EQUAL(atomic_load(&cancelled), round);
        CHECK_EQUAL(atomic_load(&granted), round);
    }
}
