/* SPDX-License-Identifier: MIT */
/* Join: waiting for the end of a thread. */
#include "conformance.h"
#include "gate.h"

static int plain; /* not atomic: the join alone makes it right */

static void *pass_and_set_plain(void *gate)
{
    gate_pass(gate);
    plain += 1;
    return NULL;
}

static void *set_plain(void *arg)
{
    plain += 1;
    return arg;
}

struct joiner {
    threading_thread_t *thread;
    atomic_bool about_to_join;
    int plain_seen;
};

static void *join_and_look(void *arg)
{
    struct joiner *joiner = arg;
    atomic_store(&joiner->about_to_join, true);
    CHECK_STATUS(threading_thread_join(joiner->thread), THREADING_OK);
    joiner->plain_seen = plain;
    return NULL;
}

/* CPython: test_thread.ThreadRunningTests.test_join_thread */
CASE(join_waits_for_the_end)
{
    threading_lock_t gate = {0};
    static struct joiner joiner;
    gate_close(&gate);
    joiner.thread = started(pass_and_set_plain, &gate);
    threading_thread_t *waits = started(join_and_look, &joiner);
    AWAIT(atomic_load(&joiner.about_to_join));
    CHECK_STATUS(threading_sleep(0.01), THREADING_OK); /* a join that does not wait would be over now */
    CHECK(threading_thread_is_alive(waits));
    gate_open(&gate);
    finished(waits);
    CHECK_EQUAL(joiner.plain_seen, 1);
    finished(joiner.thread);
}

CASE(join_sees_all_that_the_thread_did)
{
    for (int i = 1; i <= (is_slow() ? 50 : 500); i++) {
        finished(started(set_plain, NULL));
        CHECK_EQUAL(plain, i);
    }
}

CASE(try_join_sees_all_that_the_thread_did)
{
    for (int i = 1; i <= (is_slow() ? 30 : 200); i++) {
        threading_thread_t *thread = started(set_plain, NULL);
        threading_status_t status;
        while ((status = threading_thread_try_join(thread)) == THREADING_BUSY)
            (void)threading_sleep(0);
        CHECK_STATUS(status, THREADING_OK);
        CHECK_EQUAL(plain, i);
        threading_thread_free(thread);
    }
}

CASE(join_timeout_sees_all_that_the_thread_did)
{
    for (int i = 1; i <= (is_slow() ? 30 : 200); i++) {
        threading_thread_t *thread = started(set_plain, NULL);
        threading_status_t status;
        while ((status = threading_thread_join_timeout(thread, 0.00001)) == THREADING_TIMEOUT)
            continue;
        CHECK_STATUS(status, THREADING_OK);
        CHECK_EQUAL(plain, i);
        threading_thread_free(thread);
    }
}

/*
 * CPython: test_threading.ThreadingExceptionTests.test_joining_inactive_thread,
 * test_thread.ThreadRunningTests.test_join_unstarted
 */
CASE(join_before_start_is_refused)
{
    threading_thread_t *thread = threading_thread_new(return_at_once, NULL, NULL);
    CHECK_STATUS(threading_thread_join(thread), THREADING_NOT_STARTED);
    CHECK_STATUS(threading_thread_try_join(thread), THREADING_NOT_STARTED);
    CHECK_STATUS(threading_thread_join_timeout(thread, 0), THREADING_NOT_STARTED);
    CHECK_STATUS(threading_thread_join_timeout(thread, 0.01), THREADING_NOT_STARTED);
    CHECK_STATUS(threading_thread_join_timeout(thread, THREADING_FOREVER), THREADING_NOT_STARTED);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    finished(thread);
}

static void check_self_joins(void)
{
    threading_thread_t *me = threading_current_thread();
    CHECK_STATUS(threading_thread_join(me), THREADING_DEADLOCK);
    CHECK_STATUS(threading_thread_try_join(me), THREADING_DEADLOCK);
    CHECK_STATUS(threading_thread_join_timeout(me, 0), THREADING_DEADLOCK);
    CHECK_STATUS(threading_thread_join_timeout(me, 0.01), THREADING_DEADLOCK);
    CHECK_STATUS(threading_thread_join_timeout(me, THREADING_TIMEOUT_MAX), THREADING_DEADLOCK);
    CHECK_STATUS(threading_thread_join_timeout(me, THREADING_FOREVER), THREADING_DEADLOCK);
    CHECK(threading_thread_is_alive(me));
}

static void *join_myself(void *arg)
{
    check_self_joins();
    return arg;
}

/* CPython: test_thread.ThreadRunningTests.test_join_from_self */
CASE(join_of_oneself_is_a_deadlock_at_any_timeout)
{
    finished(started(join_myself, NULL));
}

/* CPython: test_threading.ThreadingExceptionTests.test_joining_current_thread */
CASE(join_of_main_by_main_is_a_deadlock)
{
    check_self_joins();
}

static void *pass_and_join_myself(void *gate)
{
    gate_pass(gate);
    check_self_joins();
    return NULL;
}

/* CPython: test_thread.ThreadRunningTests.test_join_then_self_join */
CASE(join_of_oneself_is_told_while_another_joins)
{
    threading_lock_t gate = {0};
    static struct joiner joiner;
    gate_close(&gate);
    joiner.thread = started(pass_and_join_myself, &gate);
    threading_thread_t *waits = started(join_and_look, &joiner);
    AWAIT(atomic_load(&joiner.about_to_join));
    gate_open(&gate);
    finished(waits);
    finished(joiner.thread);
}

/* CPython: test_threading.ThreadTests.test_join_from_multiple_threads */
CASE(join_from_many_threads_at_once)
{
    enum { count = 16 };
    static struct joiner joiners[count];
    threading_thread_t *threads[count];
    threading_lock_t gate = {0};
    gate_close(&gate);
    threading_thread_t *thread = started(pass_and_set_plain, &gate);
    for (size_t i = 0; i < count; i++) {
        joiners[i].thread = thread;
        threads[i] = started(join_and_look, &joiners[i]);
    }
    for (size_t i = 0; i < count; i++)
        AWAIT(atomic_load(&joiners[i].about_to_join));
    gate_open(&gate);
    for (size_t i = 0; i < count; i++) {
        finished(threads[i]);
        CHECK_EQUAL(joiners[i].plain_seen, 1);
    }
    finished(thread);
}

/* CPython: test_thread.ThreadRunningTests.test_join_several_times */
CASE(join_as_often_as_one_likes)
{
    threading_thread_t *thread = started(return_at_once, NULL);
    for (int i = 0; i < 10; i++) {
        CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
        CHECK_STATUS(threading_thread_try_join(thread), THREADING_OK);
        CHECK_STATUS(threading_thread_join_timeout(thread, 0), THREADING_OK);
        CHECK_STATUS(threading_thread_join_timeout(thread, THREADING_FOREVER), THREADING_OK);
    }
    threading_thread_free(thread);
}

/* CPython: test_thread.ThreadRunningTests.test_join_thread_already_exited */
CASE(join_after_the_end_returns_at_once)
{
    threading_thread_t *thread = started(return_at_once, NULL);
    AWAIT(!threading_thread_is_alive(thread));
    CHECK_STATUS(threading_thread_try_join(thread), THREADING_OK);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    threading_thread_free(thread);
}

/* CPython: test_threading.ThreadTests.test_join_with_timeout */
CASE(join_that_times_out_leaves_the_thread_as_it_is)
{
    threading_lock_t gate = {0};
    gate_close(&gate);
    threading_thread_t *thread = started(wait_at_gate, &gate);
    for (int i = 0; i < 10; i++) {
        CHECK_STATUS(threading_thread_join_timeout(thread, 0.001), THREADING_TIMEOUT);
        CHECK(threading_thread_is_alive(thread));
        CHECK_EQUAL(threading_active_count(), 2);
    }
    gate_open(&gate);
    CHECK_STATUS(threading_thread_join_timeout(thread, 1000), THREADING_OK);
    CHECK_EQUAL(threading_active_count(), 1);
    threading_thread_free(thread);
}

/* CPython: test_thread.ThreadRunningTests.test_join_with_timeout */
CASE(join_never_times_out_early)
{
    static const double lengths[] = {1e-6, 1e-4, 0.00049, 0.001, 0.0015, 0.004, 0.0161};
    threading_lock_t gate = {0};
    gate_close(&gate);
    threading_thread_t *thread = started(wait_at_gate, &gate);
    for (int round = 0; round < 10; round++)
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            double start = threading_monotonic();
            CHECK_STATUS(threading_thread_join_timeout(thread, lengths[i]), THREADING_TIMEOUT);
            CHECK(threading_monotonic() - start >= lengths[i]);
        }
    gate_open(&gate);
    finished(thread);
}

CASE(join_does_not_wait_out_its_timeout)
{
    static const double lengths[] = {1e6, THREADING_TIMEOUT_MAX, THREADING_FOREVER};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        threading_thread_t *thread = started(return_at_once, NULL);
        CHECK_STATUS(threading_thread_join_timeout(thread, lengths[i]), THREADING_OK);
        CHECK(!threading_thread_is_alive(thread));
        threading_thread_free(thread);
    }
}

CASE(join_without_waiting_is_busy_or_a_timeout)
{
    threading_lock_t gate = {0};
    gate_close(&gate);
    threading_thread_t *thread = started(wait_at_gate, &gate);
    CHECK_STATUS(threading_thread_try_join(thread), THREADING_BUSY);
    CHECK_STATUS(threading_thread_join_timeout(thread, 0), THREADING_TIMEOUT);
    CHECK_STATUS(threading_thread_join_timeout(thread, -0.0), THREADING_TIMEOUT);
    CHECK_STATUS(threading_thread_join_timeout(thread, 5e-324), THREADING_TIMEOUT);
    gate_open(&gate);
    finished(thread);
}

CASE(join_with_a_wrong_timeout_changes_nothing)
{
    threading_lock_t gate = {0};
    gate_close(&gate);
    threading_thread_t *thread = started(wait_at_gate, &gate);
    CHECK_STATUS(threading_thread_join_timeout(thread, -2), THREADING_INVALID);
    CHECK_STATUS(threading_thread_join_timeout(thread, 1e100), THREADING_OVERFLOW);
    CHECK(threading_thread_is_alive(thread));
    CHECK_STATUS(threading_thread_try_join(thread), THREADING_BUSY);
    CHECK_EQUAL(threading_active_count(), 2);
    gate_open(&gate);
    finished(thread);
}

CASE(join_of_a_daemon)
{
    threading_thread_t *thread = threading_thread(set_plain, NULL, .daemon = true);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    finished(thread);
    CHECK_EQUAL(plain, 1);
}

static void *set_plain_as_the_last(void *arg)
{
    if (arg != NULL)
        CHECK_STATUS(threading_thread_join(arg), THREADING_OK);
    plain += 1;
    return NULL;
}

CASE(join_of_a_thread_that_joins_another)
{
    enum { count = 10 };
    threading_thread_t *threads[count];
    for (size_t i = 0; i < count; i++)
        threads[i] = started(set_plain_as_the_last, i > 0 ? threads[i - 1] : NULL);
    CHECK_STATUS(threading_thread_join(threads[count - 1]), THREADING_OK);
    CHECK_EQUAL(plain, count);
    for (size_t i = 0; i < count; i++) {
        CHECK_STATUS(threading_thread_try_join(threads[i]), THREADING_OK);
        threading_thread_free(threads[i]);
    }
}

CASE(joins_beside_the_end_of_the_thread)
{
    for (int i = 1; i <= (is_slow() ? 30 : 300); i++) {
        struct joiner joiner = {.thread = started(set_plain, NULL)};
        threading_thread_t *other = started(join_and_look, &joiner);
        threading_status_t status = threading_thread_join_timeout(joiner.thread, 1e-6 * (i % 50));
        CHECK(status == THREADING_OK || status == THREADING_TIMEOUT);
        CHECK_STATUS(threading_thread_join(joiner.thread), THREADING_OK);
        CHECK_EQUAL(plain, i);
        finished(other);
        threading_thread_free(joiner.thread);
    }
}

static void *join_by_tiny_waits(void *thread)
{
    threading_status_t status;
    while ((status = threading_thread_join_timeout(thread, 0.00002)) == THREADING_TIMEOUT)
        continue;
    CHECK_STATUS(status, THREADING_OK);
    return NULL;
}

/* Waits that time out at the very moment of their wake: none may be lost, in whatever order the two come. */
CASE(joins_that_time_out_beside_the_end_lose_no_wake)
{
    enum { count = 6 };
    threading_thread_t *joiners[count];
    for (int round = 0; round < (is_slow() ? 50 : 1000); round++) {
        threading_lock_t gate = {0};
        gate_close(&gate);
        threading_thread_t *thread = started(wait_at_gate, &gate);
        for (size_t i = 0; i < count; i++)
            joiners[i] = started(join_by_tiny_waits, thread);
        gate_open(&gate);
        for (size_t i = 0; i < count; i++)
            finished(joiners[i]);
        finished(thread);
    }
}

static void *join_and_free(void *thread)
{
    finished(thread);
    return NULL;
}

CASE(join_with_references_of_ones_own)
{
    for (int i = 1; i <= (is_slow() ? 30 : 200); i++) {
        threading_thread_t *thread = started(set_plain, NULL);
        threading_thread_t *other = started(join_and_free, threading_thread_retain(thread));
        finished(thread);
        CHECK_EQUAL(plain, i);
        finished(other);
    }
}

static atomic_bool finalised;

static void finalise_late(void *copy)
{
    (void)copy;
    (void)threading_sleep(0.01);
    atomic_store(&finalised, true);
}

static threading_local_t late_local = THREADING_LOCAL_INIT_WITH(int, NULL, finalise_late);

static void *use_late_local(void *arg)
{
    CHECK(threading_local_get(&late_local) != NULL);
    return arg;
}

/* CPython: test_threading.SubinterpThreadingTests.test_threads_join_2 */
CASE(join_returns_after_the_finalisers_of_locals)
{
    finished(started(use_late_local, NULL));
    CHECK(atomic_load(&finalised));
}

CASE(end_is_not_seen_before_the_finalisers_of_locals)
{
    threading_thread_t *thread = started(use_late_local, NULL);
    AWAIT(!threading_thread_is_alive(thread));
    CHECK(atomic_load(&finalised));
    threading_thread_free(thread);
}

static void *look_at_main(void *arg)
{
    CHECK_STATUS(threading_thread_try_join(threading_main_thread()), THREADING_BUSY);
    CHECK_STATUS(threading_thread_join_timeout(threading_main_thread(), 0), THREADING_TIMEOUT);
    CHECK_STATUS(threading_thread_join_timeout(threading_main_thread(), 0.002), THREADING_TIMEOUT);
    return arg;
}

CASE(join_of_main_waits_while_main_runs)
{
    threading_thread_t *thread = started(look_at_main, NULL);
    AWAIT(!threading_thread_is_alive(thread)); /* a join here would be a deadlock there */
    threading_thread_free(thread);
}

static void *join_as_soon_as_it_is_started(void *thread)
{
    threading_status_t status = THREADING_NOT_STARTED;
    while (status == THREADING_NOT_STARTED)
        status = threading_thread_join(thread);
    CHECK_STATUS(status, THREADING_OK);
    CHECK_STATUS(threading_thread_result(thread, NULL), THREADING_OK);
    return thread;
}

CASE(join_beside_the_start_is_a_join)
{
    for (int i = 0; i < (is_slow() ? 50 : 300); i++) {
        threading_thread_t *thread = threading_thread_new(return_at_once, NULL, NULL);
        threading_thread_t *joiner = started(join_as_soon_as_it_is_started, thread);
        CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
        finished(joiner);
        threading_thread_free(thread);
    }
}

CASE(join_beside_a_start_that_fails_waits_for_the_next)
{
    if (threading_stack_size(0, NULL) == THREADING_UNSUPPORTED)
        SKIP("this backend cannot choose the size of stacks");
    for (int i = 0; i < (is_slow() ? 50 : 300); i++) {
        threading_thread_t *thread = threading_thread_new(return_at_once, NULL, NULL);
        threading_thread_t *joiner = started(join_as_soon_as_it_is_started, thread);
        CHECK_STATUS(threading_stack_size(SIZE_MAX / 8 * 7, NULL), THREADING_OK);
        CHECK_STATUS(threading_thread_start(thread), THREADING_NO_THREADS);
        CHECK_STATUS(threading_stack_size(0, NULL), THREADING_OK);
        CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
        finished(joiner);
        threading_thread_free(thread);
    }
}
