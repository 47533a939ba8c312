/* SPDX-License-Identifier: MIT */
/* A system that refuses a priority, on every backend: the suite replaces what the backend asks it. */
#include "conformance.h"
#include "gate.h"

#include "port.h"

static atomic_bool refuses = true;
static atomic_bool answers = true; /* else it takes its time */
static atomic_int asked;

bool ti_port_set_priority(int priority)
{
    (void)priority;
    atomic_fetch_add(&asked, 1);
    AWAIT(atomic_load(&answers));
    return !atomic_load(&refuses);
}

int ti_port_get_priority(void)
{
    return THREADING_PRIORITY_NORMAL;
}

static atomic_int runs;

static void *count_run(void *arg)
{
    atomic_fetch_add(&runs, 1);
    return arg;
}

static threading_thread_t *high_thread(void)
{
    threading_thread_t *thread = threading_thread(count_run, NULL, .priority = THREADING_PRIORITY_HIGH);
    CHECK(thread != NULL);
    return thread;
}

CASE(refused_level_of_oneself_is_unsupported)
{
    CHECK_STATUS(threading_set_priority(THREADING_PRIORITY_HIGH), THREADING_UNSUPPORTED);
    atomic_store(&refuses, false);
    CHECK_STATUS(threading_set_priority(THREADING_PRIORITY_HIGH), THREADING_OK);
}

CASE(level_that_is_none_is_not_asked_for)
{
    CHECK_STATUS(threading_set_priority(THREADING_PRIORITY_HIGHEST + 1), THREADING_INVALID);
    CHECK_EQUAL(atomic_load(&asked), 0);
}

CASE(normal_asks_the_system_for_nothing)
{
    finished(started(count_run, NULL));
    CHECK_EQUAL(atomic_load(&asked), 0);
}

CASE(refused_start_leaves_the_object_as_new)
{
    threading_thread_t *thread = high_thread();
    for (int i = 0; i < 100; i++) {
        CHECK_STATUS(threading_thread_start(thread), THREADING_UNSUPPORTED);
        CHECK(!threading_thread_is_alive(thread));
        CHECK_EQUAL(threading_active_count(), 1);
        CHECK_EQUAL(threading_thread_ident(thread), 0);
        CHECK_EQUAL(threading_thread_native_id(thread), 0);
        CHECK_EQUAL(threading_thread_native_handle(thread), 0);
        CHECK_STATUS(threading_thread_join(thread), THREADING_NOT_STARTED);
        CHECK_STATUS(threading_thread_set_daemon(thread, i % 2 == 0), THREADING_OK);
    }
    CHECK_EQUAL(atomic_load(&runs), 0);
    threading_thread_free(thread);
}

CASE(refused_start_may_be_tried_again)
{
    threading_thread_t *thread = high_thread();
    CHECK_STATUS(threading_thread_start(thread), THREADING_UNSUPPORTED);
    atomic_store(&refuses, false);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    CHECK_STATUS(threading_thread_start(thread), THREADING_ALREADY_STARTED);
    finished(thread);
    CHECK_EQUAL(atomic_load(&runs), 1);
}

CASE(refused_start_costs_no_memory)
{
    threading_thread_t *thread = high_thread();
    size_t before = 0;
    for (int i = 0; i < 40; i++) {
        CHECK_STATUS(threading_thread_start(thread), THREADING_UNSUPPORTED);
        if (i == 20)
            before = allocated_bytes();
    }
    CHECK(allocated_bytes() <= before + 4096);
    threading_thread_free(thread);
}

/* ---- while the system takes its time ---- */

static atomic_int got_back;

static void *start_in_vain(void *thread)
{
    CHECK_STATUS(threading_thread_start(thread), THREADING_UNSUPPORTED);
    atomic_fetch_add(&got_back, 1);
    return NULL;
}

static void *join_in_vain(void *thread)
{
    CHECK_STATUS(threading_thread_join(thread), THREADING_NOT_STARTED);
    atomic_fetch_add(&got_back, 1);
    return NULL;
}

static void *ask_in_vain(void *thread)
{
    CHECK_EQUAL(threading_thread_native_handle(thread), 0);
    CHECK_EQUAL(threading_thread_native_id(thread), 0);
    CHECK_EQUAL(threading_thread_stack_size(thread), 0);
    atomic_fetch_add(&got_back, 1);
    return NULL;
}

static threading_thread_t *start_that_hangs(threading_thread_t *thread)
{
    atomic_store(&answers, false);
    threading_thread_t *starter = started(start_in_vain, thread);
    AWAIT(atomic_load(&asked) == 1);
    return starter;
}

CASE(others_wait_until_the_start_is_refused)
{
    threading_thread_t *thread = high_thread();
    threading_thread_t *starter = start_that_hangs(thread);
    threading_thread_t *joiner = started(join_in_vain, thread), *asker = started(ask_in_vain, thread);
    CHECK_STATUS(threading_thread_start(thread), THREADING_ALREADY_STARTED);
    CHECK_STATUS(threading_thread_join_timeout(thread, 0.05), THREADING_TIMEOUT);
    CHECK_EQUAL(atomic_load(&got_back), 0);
    atomic_store(&answers, true);
    finished(starter);
    finished(joiner);
    finished(asker);
    CHECK_EQUAL(atomic_load(&got_back), 3);
    threading_thread_free(thread);
}

static void *answer_soon(void *arg)
{
    (void)threading_sleep(0.05); /* now the shutdown waits; if not, it has an easy time */
    atomic_store(&answers, true);
    return arg;
}

/* The other two are daemons, so it waits for the one that is being started. */
CASE(shutdown_waits_for_a_start_that_is_refused)
{
    threading_thread_t *thread = high_thread();
    atomic_store(&answers, false);
    CHECK_STATUS(threading_start_new_thread(start_in_vain, thread, NULL), THREADING_OK);
    AWAIT(atomic_load(&asked) == 1);
    CHECK_STATUS(threading_start_new_thread(answer_soon, NULL, NULL), THREADING_OK);
    CHECK_STATUS(threading_shutdown(), THREADING_OK);
    AWAIT(threading_active_count() == 1);
    CHECK_EQUAL(atomic_load(&got_back), 1);
    CHECK_EQUAL(atomic_load(&runs), 0);
    threading_thread_free(thread);
}

EXIT_CASE(process_ends_after_a_refused_start, 0, "")
{
    threading_thread_t *thread = high_thread();
    CHECK_STATUS(threading_thread_start(thread), THREADING_UNSUPPORTED);
    threading_thread_free(thread);
}
