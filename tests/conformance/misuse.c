/* SPDX-License-Identifier: MIT */
/* What must not be passed: no objects, wrong times; who is told first, and that nothing changes. */
#include "conformance.h"
#include "gate.h"

#include <math.h>

static const double negative_times[] = {NAN, -0.5, -2, -1.0000001, -1e-300, -1e100, -INFINITY};
static const double long_times[] = {1e100, INFINITY, THREADING_TIMEOUT_MAX + 1, 9223372036.000002, 1e300};

/* A call with a timeout, on an object that a case chose. */
typedef threading_status_t (*timed_call_t)(void *object, double seconds);

/* Every wrong time is told, whatever the state of the object would have given. */
static void check_wrong_times(timed_call_t call, void *object)
{
    for (size_t i = 0; i < sizeof negative_times / sizeof *negative_times; i++)
        CHECK_STATUS(call(object, negative_times[i]), THREADING_INVALID);
    for (size_t i = 0; i < sizeof long_times / sizeof *long_times; i++)
        CHECK_STATUS(call(object, long_times[i]), THREADING_OVERFLOW);
}

/* No object comes before any time, right or wrong. */
static void check_no_object(timed_call_t call)
{
    CHECK_STATUS(call(NULL, 0), THREADING_INVALID);
    CHECK_STATUS(call(NULL, 0.001), THREADING_INVALID);
    CHECK_STATUS(call(NULL, THREADING_FOREVER), THREADING_INVALID);
    for (size_t i = 0; i < sizeof negative_times / sizeof *negative_times; i++)
        CHECK_STATUS(call(NULL, negative_times[i]), THREADING_INVALID);
    for (size_t i = 0; i < sizeof long_times / sizeof *long_times; i++)
        CHECK_STATUS(call(NULL, long_times[i]), THREADING_INVALID);
}

static threading_status_t join_for(void *thread, double seconds)
{
    return threading_thread_join_timeout(thread, seconds);
}

static threading_status_t acquire_for(void *lock, double seconds)
{
    return threading_lock_acquire_timeout(lock, seconds);
}

static threading_status_t racquire_for(void *rlock, double seconds)
{
    return threading_rlock_acquire_timeout(rlock, seconds);
}

static threading_status_t sleep_for(void *nothing, double seconds)
{
    (void)nothing;
    return threading_sleep(seconds);
}

/* ---- no object ---- */

CASE(no_thread_is_invalid)
{
    CHECK_STATUS(threading_thread_start(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_thread_join(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_thread_try_join(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_thread_set_name(NULL, "name"), THREADING_INVALID);
    CHECK_STATUS(threading_thread_set_name(NULL, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_thread_set_daemon(NULL, true), THREADING_INVALID);
    CHECK_STATUS(threading_thread_set_daemon(NULL, false), THREADING_INVALID);
    check_no_object(join_for);
}

CASE(no_thread_has_no_attributes)
{
    CHECK(!threading_thread_is_alive(NULL));
    CHECK(!threading_thread_daemon(NULL));
    CHECK(threading_thread_name(NULL) == NULL);
    CHECK_EQUAL(threading_thread_ident(NULL), 0);
    CHECK_EQUAL(threading_thread_native_id(NULL), 0);
    CHECK_EQUAL(threading_thread_native_handle(NULL), 0);
    CHECK_EQUAL(threading_thread_stack_size(NULL), 0);
}

CASE(no_thread_has_no_result)
{
    static int object;
    void *result = &object;
    CHECK_STATUS(threading_thread_result(NULL, &result), THREADING_INVALID);
    CHECK_STATUS(threading_thread_result(NULL, NULL), THREADING_INVALID);
    CHECK(result == &object);
}

CASE(no_thread_is_retained_and_freed)
{
    CHECK(threading_thread_retain(NULL) == NULL);
    threading_thread_free(NULL);
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(no_lock_is_invalid)
{
    CHECK_STATUS(threading_lock_init(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_lock_acquire(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_lock_try_acquire(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_lock_release(NULL), THREADING_INVALID);
    CHECK(!threading_lock_locked(NULL));
    check_no_object(acquire_for);
}

CASE(no_rlock_is_invalid)
{
    CHECK_STATUS(threading_rlock_init(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_rlock_acquire(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_rlock_try_acquire(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_rlock_release(NULL), THREADING_INVALID);
    CHECK(!threading_rlock_locked(NULL));
    CHECK(!threading_rlock_is_owned(NULL));
    CHECK_EQUAL(threading_rlock_count(NULL), 0);
    check_no_object(racquire_for);
}

CASE(no_local_is_invalid)
{
    CHECK_STATUS(threading_local_init(NULL, 8, NULL, NULL), THREADING_INVALID);
    CHECK(threading_local_get(NULL) == NULL);
    CHECK_STATUS(threading_local_destroy(NULL), THREADING_INVALID);
}

CASE(no_target_and_no_options_are_allowed)
{
    threading_thread_t *thread = threading_thread_new(NULL, NULL, NULL);
    CHECK(thread != NULL);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    finished(thread);
}

CASE(no_out_parameters_are_allowed)
{
    threading_thread_t *thread = started(return_at_once, NULL);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK_STATUS(threading_thread_result(thread, NULL), THREADING_OK);
    threading_thread_free(thread);
    CHECK_STATUS(threading_start_new_thread(return_at_once, NULL, NULL), THREADING_OK);
    threading_status_t status = threading_stack_size(0, NULL);
    CHECK(status == THREADING_OK || status == THREADING_UNSUPPORTED);
}

/* ---- wrong times ---- */

/* CPython: lock_tests.BaseLockTests.test_timeout */
CASE(wrong_times_are_told_by_a_free_lock)
{
    threading_lock_t lock = {0};
    check_wrong_times(acquire_for, &lock);
    CHECK(!threading_lock_locked(&lock));
}

CASE(wrong_times_are_told_by_a_held_lock)
{
    threading_lock_t lock = {0};
    gate_close(&lock);
    check_wrong_times(acquire_for, &lock);
    CHECK(threading_lock_locked(&lock));
    gate_open(&lock);
    CHECK(!threading_lock_locked(&lock));
}

/* CPython: lock_tests.BaseLockTests.test_timeout */
CASE(wrong_times_are_told_by_a_free_rlock)
{
    threading_rlock_t rlock = {0, 0};
    check_wrong_times(racquire_for, &rlock);
    CHECK(!threading_rlock_locked(&rlock));
    CHECK_EQUAL(threading_rlock_count(&rlock), 0);
}

THREADING_NO_ANALYSIS static void own_at_two_levels(threading_rlock_t *rlock)
{
    CHECK_STATUS(threading_rlock_acquire(rlock), THREADING_OK);
    CHECK_STATUS(threading_rlock_acquire(rlock), THREADING_OK);
}

THREADING_NO_ANALYSIS static void release_two_levels(threading_rlock_t *rlock)
{
    CHECK_STATUS(threading_rlock_release(rlock), THREADING_OK);
    CHECK_STATUS(threading_rlock_release(rlock), THREADING_OK);
}

CASE(wrong_times_are_told_by_ones_own_rlock)
{
    threading_rlock_t rlock = {0, 0};
    own_at_two_levels(&rlock);
    check_wrong_times(racquire_for, &rlock);
    CHECK(threading_rlock_is_owned(&rlock));
    CHECK_EQUAL(threading_rlock_count(&rlock), 2);
    release_two_levels(&rlock);
    CHECK(!threading_rlock_locked(&rlock));
}

static void *check_anothers_rlock(void *rlock)
{
    check_wrong_times(racquire_for, rlock);
    CHECK_EQUAL(threading_rlock_count(rlock), 0);
    return NULL;
}

CASE(wrong_times_are_told_by_anothers_rlock)
{
    threading_rlock_t rlock = {0, 0};
    own_at_two_levels(&rlock);
    finished(started(check_anothers_rlock, &rlock));
    CHECK_EQUAL(threading_rlock_count(&rlock), 2);
    release_two_levels(&rlock);
}

CASE(wrong_times_are_told_before_a_thread_is_started)
{
    threading_thread_t *thread = threading_thread_new(NULL, NULL, NULL);
    check_wrong_times(join_for, thread);
    CHECK_STATUS(threading_thread_join_timeout(thread, 0), THREADING_NOT_STARTED);
    threading_thread_free(thread);
}

/* CPython: test_threading.ThreadTests.test_join_with_timeout */
CASE(wrong_times_are_told_while_a_thread_runs)
{
    threading_lock_t gate = {0};
    gate_close(&gate);
    threading_thread_t *thread = started(wait_at_gate, &gate);
    check_wrong_times(join_for, thread);
    CHECK(threading_thread_is_alive(thread));
    CHECK_STATUS(threading_thread_try_join(thread), THREADING_BUSY);
    gate_open(&gate);
    finished(thread);
}

CASE(wrong_times_are_told_after_a_thread_ended)
{
    threading_thread_t *thread = started(return_at_once, NULL);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    check_wrong_times(join_for, thread);
    CHECK_STATUS(threading_thread_join_timeout(thread, 0), THREADING_OK);
    threading_thread_free(thread);
}

static void *check_joins_of_myself_and_main(void *arg)
{
    check_wrong_times(join_for, threading_current_thread());
    check_wrong_times(join_for, threading_main_thread());
    return arg;
}

CASE(wrong_times_are_told_before_a_deadlock)
{
    check_wrong_times(join_for, threading_current_thread());
    finished(started(check_joins_of_myself_and_main, NULL));
}

CASE(wrong_times_are_told_by_sleep)
{
    check_wrong_times(sleep_for, NULL);
}

static void *check_times_in_foreign_thread(void *arg)
{
    threading_lock_t lock = {0};
    threading_rlock_t rlock = {0, 0};
    check_wrong_times(acquire_for, &lock);
    check_wrong_times(racquire_for, &rlock);
    check_wrong_times(join_for, threading_main_thread());
    check_wrong_times(sleep_for, NULL);
    return arg;
}

CASE(wrong_times_are_told_in_foreign_threads)
{
    foreign_join(foreign_start(check_times_in_foreign_thread, NULL));
}

/* ---- right times at their limits ---- */

static const double right_times[] = {
    THREADING_TIMEOUT_MAX, THREADING_FOREVER, 0, -0.0, 5e-324, 1e-9, 4294967.296};

/* CPython: lock_tests.BaseLockTests.test_timeout */
CASE(right_times_take_what_is_free)
{
    threading_lock_t lock = {0};
    threading_rlock_t rlock = {0, 0};
    for (size_t i = 0; i < sizeof right_times / sizeof *right_times; i++) {
        CHECK_STATUS(acquire_for(&lock, right_times[i]), THREADING_OK);
        gate_open(&lock);
        CHECK_STATUS(racquire_for(&rlock, right_times[i]), THREADING_OK);
        CHECK_STATUS(racquire_for(&rlock, right_times[i]), THREADING_OK);
        release_two_levels(&rlock);
    }
}

CASE(right_times_join_what_has_ended)
{
    threading_thread_t *thread = started(return_at_once, NULL);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    for (size_t i = 0; i < sizeof right_times / sizeof *right_times; i++)
        CHECK_STATUS(join_for(thread, right_times[i]), THREADING_OK);
    threading_thread_free(thread);
}

CASE(tiny_times_end)
{
    static const double times[] = {0, -0.0, 5e-324, 1e-300, 1e-12, 1e-9, 1e-7};
    threading_lock_t lock = {0};
    gate_close(&lock);
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        CHECK_STATUS(acquire_for(&lock, times[i]), THREADING_TIMEOUT);
    gate_open(&lock);
}

/* ---- out-parameters ---- */

CASE(out_parameters_are_not_written_by_calls_that_fail)
{
    static int object;
    void *result = &object;
    uint32_t ident = 77;
    size_t previous = 77;
    threading_thread_t *thread = threading_thread_new(NULL, NULL, NULL);
    CHECK_STATUS(threading_thread_result(thread, &result), THREADING_NOT_STARTED);
    CHECK(result == &object);
    threading_thread_free(thread);
    if (threading_stack_size(0, NULL) == THREADING_UNSUPPORTED) {
        CHECK_STATUS(threading_stack_size(65536, &previous), THREADING_UNSUPPORTED);
        CHECK_EQUAL(previous, 77);
        return;
    }
    CHECK_STATUS(threading_stack_size(1, &previous), THREADING_INVALID);
    CHECK_EQUAL(previous, 77);
    CHECK_STATUS(threading_stack_size(SIZE_MAX / 8 * 7, NULL), THREADING_OK);
    CHECK_STATUS(threading_start_new_thread(return_at_once, NULL, &ident), THREADING_NO_THREADS);
    CHECK_EQUAL(ident, 77);
}
