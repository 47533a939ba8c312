/* SPDX-License-Identifier: MIT */
/* The timer: it waits, calls once, and can be cancelled at any moment; else it is a Thread like any other. */
#include <math.h>

#include "conformance.h"
#include "crowd.h"
#include "gate.h"

enum { LONG = 3600 };
static threading_lock_t gate;
static atomic_int calls, running;
static double called_at; /* plain: the call happens before the timer's end */
static void *called_with;
static uint32_t called_in;

static void note_call(void *arg)
{
    called_at = threading_monotonic();
    called_with = arg;
    called_in = threading_get_ident();
    atomic_fetch_add(&calls, 1);
}

static threading_thread_t *new_timer(double seconds, void (*function)(void *arg), void *arg)
{
    threading_thread_t *timer = threading_timer_new(seconds, function, arg);
    CHECK(timer != NULL);
    return timer;
}

static void start(threading_thread_t *timer)
{
    CHECK_STATUS(threading_thread_start(timer), THREADING_OK);
}

static threading_thread_t *started_timer(double seconds, void (*function)(void *arg), void *arg)
{
    threading_thread_t *timer = new_timer(seconds, function, arg);
    start(timer);
    return timer;
}

static void cancel(threading_thread_t *timer)
{
    CHECK_STATUS(threading_timer_cancel(timer), THREADING_OK);
}

static void calls_are(int expected)
{
    CHECK_EQUAL(atomic_load(&calls), expected);
}

/* ---- firing */

CASE(function_is_called_once_in_the_timers_own_thread)
{
    threading_thread_t *timer = started_timer(0.01, note_call, &calls);
    CHECK_STATUS(threading_thread_join(timer), THREADING_OK);
    calls_are(1);
    CHECK(called_with == &calls);
    CHECK_EQUAL(called_in, threading_thread_ident(timer));
    CHECK(called_in != threading_get_ident());
    CHECK(!threading_thread_is_alive(timer));
    threading_thread_free(timer);
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(function_is_never_called_early)
{
    const double all[] = {0,     -0.0,  5e-324, 1e-12, 1e-9, 1e-6,  0.0004,
                          0.001, 0.002, 0.005,  0.013, 0.02, 0.035, 0.1};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        threading_thread_t *timer = new_timer(all[i], note_call, NULL);
        double begin = threading_monotonic();
        start(timer);
        finished(timer);
        calls_are((int)i + 1);
        CHECK(called_at - begin >= all[i]);
    }
}

CASE(time_runs_from_the_start)
{
    threading_thread_t *timer = new_timer(0.05, note_call, NULL);
    threading_sleep(0.06);
    double begin = threading_monotonic();
    start(timer);
    finished(timer);
    CHECK(called_at - begin >= 0.05);
}

/* CPython: test_threading.TimerTests.test_init_immutable_default_args */
CASE(each_timer_has_its_own_argument)
{
    enum { COUNT = 20 };
    threading_thread_t *timers[COUNT];
    static atomic_int own[COUNT];
    for (int i = 0; i < COUNT; i++) {
        timers[i] = started_timer(0.001 * i, note_call, &own[i]);
        CHECK_STATUS(threading_thread_join(timers[i]), THREADING_OK);
        CHECK(called_with == &own[i]);
    }
    for (int i = 0; i < COUNT; i++)
        threading_thread_free(timers[i]);
    calls_are(COUNT);
}

static void count_call(void *count)
{
    atomic_fetch_add((atomic_int *)count, 1);
}

CASE(many_timers_all_fire)
{
    enum { COUNT = 50 };
    threading_thread_t *timers[COUNT];
    static atomic_int counts[COUNT];
    for (int i = 0; i < COUNT; i++)
        timers[i] = started_timer(0.001 * (i * 7 % 20), count_call, &counts[i]);
    finish_many(timers, COUNT);
    for (int i = 0; i < COUNT; i++)
        CHECK_EQUAL(atomic_load(&counts[i]), 1);
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(null_function_is_a_timer_that_only_waits)
{
    double begin = threading_monotonic();
    finished(started_timer(0.02, NULL, NULL));
    CHECK(threading_monotonic() - begin >= 0.02);
    threading_thread_t *timer = started_timer(LONG, NULL, NULL);
    cancel(timer);
    finished(timer);
}

static int before_start, in_function;

static void read_and_write(void *arg)
{
    (void)arg;
    CHECK_EQUAL(before_start, 5);
    in_function = 7;
}

/* The thread sanitizer tells when one of the two is not ordered. */
CASE(start_happens_before_the_call_and_the_call_before_the_join)
{
    threading_thread_t *timer = new_timer(0, read_and_write, NULL);
    before_start = 5;
    start(timer);
    finished(timer);
    CHECK_EQUAL(in_function, 7);
}

CASE(timer_whose_handle_is_given_back_fires)
{
    threading_thread_free(started_timer(0.01, note_call, NULL));
    AWAIT(atomic_load(&calls) == 1);
    AWAIT(threading_active_count() == 1);
}

CASE(timer_that_was_never_started_leaves_nothing)
{
    size_t before = 0;
    for (int i = 0; i < 1000; i++) {
        threading_thread_t *timer = new_timer(LONG, note_call, NULL);
        if (i % 2)
            cancel(timer);
        threading_thread_free(timer);
        if (i == 99)
            before = allocated_bytes();
    }
    CHECK(allocated_bytes() <= before + 4096);
    calls_are(0);
}

/* ---- a Thread like any other */

CASE(timer_that_waits_is_alive_and_listed)
{
    threading_thread_t *listed[2];
    void *result = &gate;
    threading_thread_t *timer = new_timer(LONG, note_call, NULL);
    CHECK(!threading_thread_is_alive(timer));
    CHECK_EQUAL(threading_thread_ident(timer), 0);
    CHECK_STATUS(threading_thread_join(timer), THREADING_NOT_STARTED);
    CHECK_STATUS(threading_thread_result(timer, &result), THREADING_NOT_STARTED);
    CHECK_EQUAL(threading_active_count(), 1);
    start(timer);
    CHECK(threading_thread_is_alive(timer));
    CHECK(threading_thread_ident(timer) != 0);
    CHECK_STATUS(threading_thread_try_join(timer), THREADING_BUSY);
    CHECK_STATUS(threading_thread_join_timeout(timer, 0.002), THREADING_TIMEOUT);
    CHECK_STATUS(threading_thread_result(timer, &result), THREADING_BUSY);
    CHECK_EQUAL(threading_enumerate(listed, 2), 2);
    CHECK(listed[1] == timer);
    threading_thread_free(listed[0]);
    threading_thread_free(listed[1]);
    cancel(timer);
    CHECK_STATUS(threading_thread_join(timer), THREADING_OK);
    CHECK_STATUS(threading_thread_result(timer, NULL), THREADING_OK);
    CHECK(!threading_thread_is_alive(timer));
    threading_thread_free(timer);
}

CASE(second_start_is_refused)
{
    threading_thread_t *timer = started_timer(LONG, note_call, NULL);
    CHECK_STATUS(threading_thread_start(timer), THREADING_ALREADY_STARTED);
    cancel(timer);
    CHECK_STATUS(threading_thread_join(timer), THREADING_OK);
    CHECK_STATUS(threading_thread_start(timer), THREADING_ALREADY_STARTED);
    threading_thread_free(timer);
    timer = started_timer(0, note_call, NULL);
    CHECK_STATUS(threading_thread_join(timer), THREADING_OK);
    CHECK_STATUS(threading_thread_start(timer), THREADING_ALREADY_STARTED);
    threading_thread_free(timer);
    calls_are(1);
}

CASE(name_is_a_threads_and_can_be_changed)
{
    threading_thread_t *timer = new_timer(0, note_call, NULL);
    CHECK_TEXT(threading_thread_name(timer), "Thread-1");
    CHECK_STATUS(threading_thread_set_name(timer, "egg timer"), THREADING_OK);
    start(timer);
    CHECK_TEXT(threading_thread_name(timer), "egg timer");
    finished(timer);
}

static void *make_a_timer(void *daemon)
{
    threading_thread_t *timer = new_timer(0, note_call, NULL);
    CHECK_EQUAL(threading_thread_daemon(timer), daemon != NULL);
    start(timer);
    finished(timer);
    return NULL;
}

CASE(daemon_is_inherited_and_can_be_changed)
{
    threading_thread_t *timer = new_timer(0, note_call, NULL);
    CHECK(!threading_thread_daemon(timer));
    CHECK_STATUS(threading_thread_set_daemon(timer, true), THREADING_OK);
    CHECK(threading_thread_daemon(timer));
    start(timer);
    CHECK_STATUS(threading_thread_set_daemon(timer, false), THREADING_ALREADY_STARTED);
    finished(timer);
    threading_thread_t *maker = threading_thread(make_a_timer, &gate, .daemon = true);
    CHECK_STATUS(threading_thread_start(maker), THREADING_OK);
    finished(maker);
    finished(started(make_a_timer, NULL));
}

static void end_the_thread(void *arg)
{
    note_call(arg);
    threading_exit(arg);
}

CASE(function_may_end_the_thread_with_a_result)
{
    void *result = NULL;
    threading_thread_t *timer = started_timer(0, end_the_thread, &gate);
    CHECK_STATUS(threading_thread_join(timer), THREADING_OK);
    CHECK_STATUS(threading_thread_result(timer, &result), THREADING_OK);
    CHECK(result == &gate);
    calls_are(1);
    threading_thread_free(timer);
}

static atomic_int finalised;

static void finalise(void *copy)
{
    (void)copy;
    atomic_fetch_add(&finalised, 1);
}

static threading_local_t local = THREADING_LOCAL_INIT_WITH(int, NULL, finalise);

static void use_local(void *arg)
{
    (void)arg;
    CHECK(threading_local_get(&local) != NULL);
}

CASE(locals_are_finalised_at_the_timers_end)
{
    finished(started_timer(0, use_local, NULL));
    CHECK_EQUAL(atomic_load(&finalised), 1);
}

static void join_myself(void *arg)
{
    (void)arg;
    CHECK_STATUS(threading_thread_join(threading_current_thread()), THREADING_DEADLOCK);
    atomic_fetch_add(&calls, 1);
}

CASE(function_that_joins_its_timer_is_a_deadlock)
{
    finished(started_timer(0, join_myself, NULL));
    calls_are(1);
}

/* ---- wrong times */

static void start_gives(double seconds, threading_status_t status)
{
    threading_thread_t *timer = new_timer(seconds, note_call, NULL);
    CHECK_STATUS(threading_thread_start(timer), status);
    CHECK(!threading_thread_is_alive(timer));
    CHECK_STATUS(threading_thread_join(timer), THREADING_NOT_STARTED);
    CHECK_STATUS(threading_thread_start(timer), status);
    cancel(timer);
    CHECK_STATUS(threading_thread_start(timer), status);
    threading_thread_free(timer);
}

CASE(bad_times_are_told_by_the_start)
{
    const double invalid[] = {-100, -2, -1.5, -0.5, -1e-12, -INFINITY, NAN};
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++)
        start_gives(invalid[i], THREADING_INVALID);
    calls_are(0);
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(overlong_times_are_told_by_the_start)
{
    const double overlong[] = {THREADING_TIMEOUT_MAX + 1, 1e100, INFINITY};
    for (size_t i = 0; i < sizeof overlong / sizeof *overlong; i++)
        start_gives(overlong[i], THREADING_OVERFLOW);
    calls_are(0);
    CHECK_EQUAL(threading_active_count(), 1);
}

/* The numbers at which an addition, 32-bit milliseconds or a 32-bit time_t would wrap around. */
CASE(longest_times_do_not_fire)
{
    const double all[] = {THREADING_FOREVER, THREADING_TIMEOUT_MAX, 60,         86400, 2147483.648,
                          4294967.295,       4294967.296,           2147483648, 1e9};
    enum { COUNT = sizeof all / sizeof *all };
    threading_thread_t *timers[COUNT];
    for (int i = 0; i < COUNT; i++)
        timers[i] = started_timer(all[i], note_call, NULL);
    CHECK_STATUS(threading_thread_join_timeout(timers[0], 0.02), THREADING_TIMEOUT);
    for (int i = 0; i < COUNT; i++)
        CHECK_STATUS(threading_thread_try_join(timers[i]), THREADING_BUSY);
    for (int i = 0; i < COUNT; i++)
        cancel(timers[i]);
    finish_many(timers, COUNT);
    calls_are(0);
}

/* ---- cancelling */

CASE(cancel_of_what_is_no_timer_is_invalid)
{
    gate_close(&gate);
    threading_thread_t *thread = started(wait_at_gate, &gate);
    threading_thread_t *new = threading_thread_new(return_at_once, NULL, NULL);
    CHECK_STATUS(threading_timer_cancel(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_timer_cancel(threading_main_thread()), THREADING_INVALID);
    CHECK_STATUS(threading_timer_cancel(thread), THREADING_INVALID);
    CHECK_STATUS(threading_timer_cancel(new), THREADING_INVALID);
    CHECK(threading_thread_is_alive(thread));
    gate_open(&gate);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK_STATUS(threading_timer_cancel(thread), THREADING_INVALID);
    threading_thread_free(thread);
    threading_thread_free(new);
}

static void *cancel_ones_dummy(void *arg)
{
    CHECK_STATUS(threading_timer_cancel(threading_current_thread()), THREADING_INVALID);
    return arg;
}

CASE(cancel_of_a_dummy_is_invalid)
{
    foreign_join(foreign_start(cancel_ones_dummy, NULL));
}

/* That it ends at all shows that it does not wait for its hour. */
CASE(cancelled_timer_ends_at_once_and_does_not_call)
{
    for (int i = 0; i < 50; i++) {
        threading_thread_t *timer = started_timer(i % 2 ? (double)LONG : THREADING_FOREVER, note_call, NULL);
        if (i % 3 == 0)
            threading_sleep(0.001); /* so that it waits by now; right in any case */
        cancel(timer);
        finished(timer);
    }
    calls_are(0);
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(timer_cancelled_before_its_start_ends_without_a_call)
{
    const double all[] = {0, 0.001, LONG, THREADING_FOREVER};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        threading_thread_t *timer = new_timer(all[i], note_call, NULL);
        cancel(timer);
        CHECK(!threading_thread_is_alive(timer));
        CHECK_STATUS(threading_thread_join(timer), THREADING_NOT_STARTED);
        start(timer);
        finished(timer);
    }
    calls_are(0);
}

CASE(cancel_may_be_repeated)
{
    threading_thread_t *timer = new_timer(LONG, note_call, NULL);
    cancel(timer);
    cancel(timer);
    start(timer);
    cancel(timer);
    CHECK_STATUS(threading_thread_join(timer), THREADING_OK);
    cancel(timer);
    threading_thread_free(timer);
    calls_are(0);
}

CASE(cancel_after_it_fired_changes_nothing)
{
    threading_thread_t *timer = started_timer(0, note_call, NULL);
    CHECK_STATUS(threading_thread_join(timer), THREADING_OK);
    cancel(timer);
    cancel(timer);
    CHECK_STATUS(threading_thread_join(timer), THREADING_OK);
    threading_thread_free(timer);
    calls_are(1);
}

static void wait_at_the_gate_inside(void *arg)
{
    (void)arg;
    atomic_fetch_add(&running, 1);
    gate_pass(&gate);
    atomic_fetch_add(&calls, 1);
}

/* Nor does cancel wait for it. */
CASE(cancel_does_not_stop_a_function_that_has_begun)
{
    gate_close(&gate);
    threading_thread_t *timer = started_timer(0, wait_at_the_gate_inside, NULL);
    AWAIT(atomic_load(&running) == 1);
    cancel(timer);
    cancel(timer);
    calls_are(0);
    CHECK(threading_thread_is_alive(timer));
    gate_open(&gate);
    finished(timer);
    calls_are(1);
}

static void cancel_oneself(void *arg)
{
    (void)arg;
    cancel(threading_current_thread());
    atomic_fetch_add(&calls, 1);
}

CASE(function_may_cancel_its_own_timer)
{
    finished(started_timer(0, cancel_oneself, NULL));
    calls_are(1);
}

static void give_back_the_handle(void *handle)
{
    threading_thread_free(*(threading_thread_t **)handle);
    atomic_fetch_add(&calls, 1);
}

CASE(function_may_give_back_its_timers_handle)
{
    threading_thread_t *timer = NULL;
    timer = new_timer(0.001, give_back_the_handle, &timer);
    threading_thread_t *second = threading_thread_retain(timer);
    start(second);
    finished(second);
    calls_are(1);
}

static void *cancel_it(void *timer)
{
    cancel(timer);
    return timer;
}

CASE(any_thread_may_cancel)
{
    threading_thread_t *timer = started_timer(LONG, note_call, NULL);
    finished(started(cancel_it, timer));
    finished(timer);
    timer = started_timer(LONG, note_call, NULL);
    foreign_join(foreign_start(cancel_it, timer));
    finished(timer);
    calls_are(0);
}

CASE(many_threads_may_cancel_one_timer_at_once)
{
    threading_thread_t *threads[8];
    for (int round = 0; round < 20; round++) {
        threading_thread_t *timer = started_timer(LONG, note_call, NULL);
        start_many(threads, 8, cancel_it, timer);
        finish_many(threads, 8);
        finished(timer);
    }
    calls_are(0);
}

/* The time runs out at about the moment of the cancel: one or no call, and the timer ends. */
CASE(cancel_at_the_moment_of_firing)
{
    uint32_t seed = 1;
    for (int round = 0; round < (is_slow() ? 50 : 500); round++) {
        double seconds = random_below(&seed, 500) * 1e-6;
        atomic_store(&calls, 0);
        threading_thread_t *timer = started_timer(seconds, note_call, NULL);
        double end = threading_monotonic() + seconds + random_below(&seed, 100) * 1e-6;
        while (threading_monotonic() < end)
            continue;
        cancel(timer);
        CHECK_STATUS(threading_thread_join(timer), THREADING_OK);
        CHECK(atomic_load(&calls) <= 1);
        threading_thread_free(timer);
    }
}

/* ---- the end of the process */

static atomic_bool main_is_done; /* on a slow machine a timer may fire before main is at its end */

static void say_end_of_main(void)
{
    puts("end of main");
    atomic_store(&main_is_done, true);
}

static void say_fired(void *arg)
{
    (void)arg;
    AWAIT(atomic_load(&main_is_done));
    puts("fired");
}

EXIT_CASE(live_timer_delays_the_exit_until_it_fires, 0, "end of main|fired|")
{
    threading_thread_free(started_timer(0.1, say_fired, NULL));
    say_end_of_main();
}

EXIT_CASE(daemon_timer_does_not_delay_the_exit, 0, "end of main|")
{
    threading_thread_t *timer = new_timer(LONG, say_fired, NULL);
    CHECK_STATUS(threading_thread_set_daemon(timer, true), THREADING_OK);
    start(timer);
    threading_thread_free(timer);
    say_end_of_main();
}

EXIT_CASE(cancelled_timer_does_not_delay_the_exit, 0, "end of main|")
{
    threading_thread_t *timer = started_timer(LONG, say_fired, NULL);
    cancel(timer);
    threading_thread_free(timer);
    say_end_of_main();
}

static threading_thread_t *to_cancel;

static void cancel_the_other(void *arg)
{
    (void)arg;
    AWAIT(atomic_load(&main_is_done));
    cancel(to_cancel);
    puts("cancelled");
}

EXIT_CASE(timer_may_be_cancelled_during_the_exit, 0, "end of main|cancelled|")
{
    to_cancel = started_timer(LONG, say_fired, NULL);
    threading_thread_free(started_timer(0.05, cancel_the_other, NULL));
    say_end_of_main();
}

CASE(shutdown_waits_for_timers)
{
    threading_thread_t *timer = started_timer(0.05, note_call, NULL);
    CHECK_STATUS(threading_shutdown(), THREADING_OK);
    calls_are(1);
    finished(timer);
}
