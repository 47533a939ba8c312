/* SPDX-License-Identifier: MIT */
/*
 * Waits for threads while the process ends: they wait for a thread that can still end, wherever that is, and
 * say THREADING_FINALIZING only of one that cannot.
 *
 * A handler that is registered before the library's first use runs when the process has waited for its
 * threads, and so does a destructor; one that is registered later runs before that.
 */
#include <stdlib.h>
#include <string.h>

#include "conformance.h"
#include "gate.h"
#include "tasks.h"

static threading_event_t told;
static threading_thread_t *worker;
static threading_executor_t *pool;
static void (*way)(void);

/* Begins to end when it is told to, so that a wait which does not wait finds it alive. */
static void *end_when_told(void *arg)
{
    CHECK_STATUS(threading_event_wait(&told), THREADING_OK);
    (void)threading_sleep(0.02);
    return arg;
}

static void *sleep_for_ever(void *arg)
{
    (void)threading_sleep(THREADING_FOREVER);
    return arg;
}

static void say(threading_status_t status)
{
    puts(threading_status_name(status) + strlen("THREADING_"));
    fflush(stdout);
}

static void start_daemon(threading_target_t target)
{
    worker = threading_thread(target, NULL, .daemon = THREADING_DAEMON);
    CHECK_STATUS(threading_thread_start(worker), THREADING_OK);
}

/* ------------------------------------------------------------------------------------ where, and how */

static void go(void)
{
    if (way != NULL)
        way();
}

#if defined(__GNUC__)
static bool in_destructor;

__attribute__((destructor)) static void destroy(void)
{
    if (in_destructor)
        go();
}
#endif

static void before_the_joins(void (*how)(void))
{
    way = how;
    start_daemon(end_when_told);
    CHECK_EQUAL(atexit(go), 0);
}

static void after_the_joins(void (*how)(void))
{
    way = how;
    CHECK_EQUAL(atexit(go), 0);
    start_daemon(end_when_told);
}

static void at_the_very_end(void (*how)(void))
{
#if defined(__GNUC__)
    way = how;
    in_destructor = true;
    start_daemon(end_when_told);
#else
    after_the_joins(how);
#endif
}

static void join(void)
{
    (void)threading_event_set(&told);
    say(threading_thread_join(worker));
}

static void join_for_a_while(void)
{
    (void)threading_event_set(&told);
    say(threading_thread_join_timeout(worker, 10));
}

static void try_to_join(void)
{
    (void)threading_event_set(&told);
    threading_status_t status;
    while ((status = threading_thread_try_join(worker)) == THREADING_BUSY)
        (void)threading_sleep(0.001);
    say(status);
}

static void wait_for_any(void)
{
    threading_source_t sources[] = {THREADING_SOURCE_THREAD(worker)};
    (void)threading_event_set(&told);
    say(threading_wait_any(sources, 1, 10, NULL));
    CHECK_STATUS(threading_thread_join(worker), THREADING_OK);
}

static void join_twice(void)
{
    join();
    join();
}

/* The executor's threads have ended with the wait at exit, if that has been. */
static void shut_down(void)
{
    (void)threading_event_set(&told);
    say(threading_executor_shutdown(pool, true, false));
    threading_executor_free(pool);
    say(threading_thread_join(worker));
}

static void start_pool(void)
{
    pool = made_pool(2);
    submit_and_forget(pool, return_at_once, NULL);
}

/* ------------------------------------------------------------------------------- a thread that can end */

EXIT_CASE(join_waits_in_a_handler_before_the_joins, 0, "OK|")
{
    before_the_joins(join);
}

EXIT_CASE(join_waits_in_a_handler_after_the_joins, 0, "OK|")
{
    after_the_joins(join);
}

EXIT_CASE(join_waits_in_a_destructor, 0, "OK|")
{
    at_the_very_end(join);
}

EXIT_CASE(join_with_a_limit_waits_in_a_handler_before_the_joins, 0, "OK|")
{
    before_the_joins(join_for_a_while);
}

EXIT_CASE(join_with_a_limit_waits_in_a_handler_after_the_joins, 0, "OK|")
{
    after_the_joins(join_for_a_while);
}

EXIT_CASE(join_with_a_limit_waits_in_a_destructor, 0, "OK|")
{
    at_the_very_end(join_for_a_while);
}

EXIT_CASE(try_join_is_busy_and_then_ok_in_a_handler_before_the_joins, 0, "OK|")
{
    before_the_joins(try_to_join);
}

EXIT_CASE(try_join_is_busy_and_then_ok_in_a_handler_after_the_joins, 0, "OK|")
{
    after_the_joins(try_to_join);
}

EXIT_CASE(try_join_is_busy_and_then_ok_in_a_destructor, 0, "OK|")
{
    at_the_very_end(try_to_join);
}

EXIT_CASE(wait_any_waits_in_a_handler_before_the_joins, 0, "OK|")
{
    before_the_joins(wait_for_any);
}

EXIT_CASE(wait_any_waits_in_a_handler_after_the_joins, 0, "OK|")
{
    after_the_joins(wait_for_any);
}

EXIT_CASE(wait_any_waits_in_a_destructor, 0, "OK|")
{
    at_the_very_end(wait_for_any);
}

EXIT_CASE(join_of_a_thread_that_has_ended_is_ok_in_a_handler, 0, "OK|OK|")
{
    after_the_joins(join_twice);
}

EXIT_CASE(join_of_a_thread_that_has_ended_is_ok_in_a_destructor, 0, "OK|OK|")
{
    at_the_very_end(join_twice);
}

EXIT_CASE(executor_is_shut_down_in_a_handler_before_the_joins, 0, "OK|OK|")
{
    before_the_joins(shut_down);
    start_pool();
}

EXIT_CASE(executor_is_shut_down_in_a_handler_after_the_joins, 0, "OK|OK|")
{
    after_the_joins(shut_down);
    start_pool();
}

EXIT_CASE(executor_is_shut_down_in_a_destructor, 0, "OK|OK|")
{
    at_the_very_end(shut_down);
    start_pool();
}

/* Two threads, one of which is joined by the other: libuv's pool, whose destructor joins them all. */
static threading_thread_t *crew[4];

static void join_crew(void)
{
    (void)threading_event_set(&told);
    for (int i = 0; i < 4; i++) {
        say(threading_thread_join(crew[i]));
        threading_thread_free(crew[i]);
    }
    say(threading_thread_join(worker));
}

EXIT_CASE(destructor_ends_a_pool_of_daemons_and_joins_them, 3, "OK|OK|OK|OK|OK|")
{
    for (int i = 0; i < 4; i++) {
        crew[i] = threading_thread(end_when_told, NULL, .daemon = THREADING_DAEMON);
        CHECK_STATUS(threading_thread_start(crew[i]), THREADING_OK);
    }
    at_the_very_end(join_crew);
    EXIT_CODE = 3;
}

/* -------------------------------------------------------------------------- a thread that runs for ever */

static void wait_in_vain(void)
{
    threading_source_t sources[] = {THREADING_SOURCE_THREAD(worker)};
    say(threading_thread_try_join(worker));
    say(threading_thread_join_timeout(worker, 0.01));
    say(threading_wait_any(sources, 1, 0.01, NULL));
}

EXIT_CASE(waits_with_a_limit_end_by_it_in_a_handler, 0, "BUSY|TIMEOUT|TIMEOUT|")
{
    way = wait_in_vain;
    CHECK_EQUAL(atexit(go), 0);
    start_daemon(sleep_for_ever);
}

/* --------------------------------------------------------- a thread that sleeps until the process is gone */

static threading_event_t begun;
static threading_rlock_t rlock;
static atomic_int waiting;

static void tell_that_it_has_begun(void)
{
    (void)threading_event_set(&begun);
}

/* The second to end the process. */
static THREADING_NO_ANALYSIS void *exit_too(void *arg)
{
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    atomic_fetch_add(&waiting, 1);
    CHECK_STATUS(threading_event_wait(&begun), THREADING_OK);
    threading_exit_process(9);
    return arg;
}

/* The process waits for this one. */
static void *go_on(void *arg)
{
    atomic_fetch_add(&waiting, 1);
    go();
    return arg;
}

static void end_while_another_wants_to(void (*how)(void))
{
    way = how;
    start_daemon(exit_too);
    AWAIT(atomic_load(&waiting) == 1);
    CHECK_EQUAL(atexit(tell_that_it_has_begun), 0);
    threading_thread_free(started(go_on, NULL));
    AWAIT(atomic_load(&waiting) == 2);
    (void)threading_sleep(0.01); /* it is in its wait, in all likelihood: it works either way */
    threading_exit_process(3);
}

static void try_until_it_is_no_use(void)
{
    threading_status_t status;
    while ((status = threading_thread_try_join(worker)) == THREADING_BUSY)
        (void)threading_sleep(0.001);
    say(status);
}

static void wait_for_it_or_it(void)
{
    threading_source_t sources[] = {THREADING_SOURCE_THREAD(worker), THREADING_SOURCE_THREAD(worker)};
    say(threading_wait_any(sources, 2, THREADING_FOREVER, NULL));
    say(threading_wait_any(sources, 2, 10, NULL));
}

static void join_it(void)
{
    say(threading_thread_join(worker));
}

static void join_it_for_a_while(void)
{
    say(threading_thread_join_timeout(worker, 10));
}

static void acquire_its_rlock(void)
{
    say(threading_rlock_acquire(&rlock));
}

EXIT_CASE(join_of_a_second_exit_is_finalizing, 3, "FINALIZING|")
{
    end_while_another_wants_to(join_it);
}

EXIT_CASE(join_with_a_limit_of_a_second_exit_is_finalizing, 3, "FINALIZING|")
{
    end_while_another_wants_to(join_it_for_a_while);
}

EXIT_CASE(try_join_of_a_second_exit_is_finalizing, 3, "FINALIZING|")
{
    end_while_another_wants_to(try_until_it_is_no_use);
}

EXIT_CASE(wait_any_of_a_second_exit_is_finalizing, 3, "FINALIZING|FINALIZING|")
{
    end_while_another_wants_to(wait_for_it_or_it);
}

EXIT_CASE(rlock_of_a_second_exit_is_a_deadlock, 3, "DEADLOCK|")
{
    end_while_another_wants_to(acquire_its_rlock);
}

/* The thread that ends the process joins, in a handler, one that then wants to end it too. */
static void tell_and_join(void)
{
    tell_that_it_has_begun();
    join_it();
}

EXIT_CASE(join_in_a_handler_of_a_second_exit_is_finalizing, 3, "FINALIZING|")
{
    start_daemon(exit_too);
    AWAIT(atomic_load(&waiting) == 1);
    CHECK_EQUAL(atexit(tell_and_join), 0);
    threading_exit_process(3);
}
