/* SPDX-License-Identifier: MIT */
/* Priorities: what a thread has, sets, and is started with. What the system refuses is as good an answer. */
#include "conformance.h"
#include "gate.h"

#include <limits.h>
#include <string.h>

static void needs_priorities(void)
{
#if !defined(__linux__) && !defined(__APPLE__) && !defined(_WIN32)
    SKIP("this system has no priorities but for real-time policies");
#endif
    if (strcmp(threading_backend(), "c11") == 0)
        SKIP("this backend has no priorities");
}

static bool is_level(int priority)
{
    return priority >= THREADING_PRIORITY_LOWEST && priority <= THREADING_PRIORITY_HIGHEST;
}

/* A level that is had is the one that is told; one that is refused has changed nothing. */
static void *set_level(void *arg)
{
    int level = *(const int *)arg, before = threading_get_priority();
    threading_status_t status = threading_set_priority(level);
    if (status == THREADING_OK) {
        CHECK_EQUAL(threading_get_priority(), level);
    } else {
        CHECK_STATUS(status, THREADING_UNSUPPORTED);
        CHECK_EQUAL(threading_get_priority(), before);
    }
    return NULL;
}

CASE(level_is_had_or_refused)
{
    for (int level = THREADING_PRIORITY_LOWEST; level <= THREADING_PRIORITY_HIGHEST; level++)
        finished(started(set_level, &level));
}

CASE(level_is_had_or_refused_in_a_foreign_thread)
{
    for (int level = THREADING_PRIORITY_LOWEST; level <= THREADING_PRIORITY_HIGHEST; level++)
        foreign_join(foreign_start(set_level, &level));
}

CASE(level_is_had_or_refused_in_main)
{
    int level = THREADING_PRIORITY_LOW;
    CHECK(set_level(&level) == NULL);
}

CASE(level_that_is_none_is_invalid)
{
    static const int values[] = {3, -3, 10, 19, -20, INT_MAX, INT_MIN};
    int before = threading_get_priority();
    CHECK(is_level(before));
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        CHECK_STATUS(threading_set_priority(values[i]), THREADING_INVALID);
    CHECK_EQUAL(threading_get_priority(), before);
}

static void *go_down(void *arg)
{
    for (int level = threading_get_priority() - 1; level >= THREADING_PRIORITY_LOWEST; level--) {
        CHECK_STATUS(threading_set_priority(level), THREADING_OK);
        CHECK_EQUAL(threading_get_priority(), level);
    }
    return arg;
}

CASE(lower_levels_can_always_be_had)
{
    needs_priorities();
    finished(started(go_down, NULL));
}

CASE(level_of_one_thread_is_not_anothers)
{
    needs_priorities();
    int before = threading_get_priority();
    finished(started(go_down, NULL));
    CHECK_EQUAL(threading_get_priority(), before);
}

CASE(backend_without_priorities_has_normal_alone)
{
    if (strcmp(threading_backend(), "c11") != 0)
        SKIP("this backend has priorities");
    for (int level = THREADING_PRIORITY_LOWEST; level <= THREADING_PRIORITY_HIGHEST; level++)
        CHECK_STATUS(threading_set_priority(level),
                     level == THREADING_PRIORITY_NORMAL ? THREADING_OK : THREADING_UNSUPPORTED);
    CHECK_EQUAL(threading_get_priority(), THREADING_PRIORITY_NORMAL);
}

/* ---- as an option ---- */

static void *read_level(void *level)
{
    *(int *)level = threading_get_priority();
    return NULL;
}

static const int unread = 99;

/* The status of a start with a level; the target has run with it, or not at all. */
static threading_status_t start_with(int level)
{
    int seen = unread;
    threading_thread_t *thread = threading_thread(read_level, &seen, .priority = level);
    threading_status_t status = threading_thread_start(thread);
    if (status == THREADING_OK) {
        CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
        CHECK(level == THREADING_PRIORITY_NORMAL || seen == level);
    } else {
        CHECK_STATUS(threading_thread_join(thread), THREADING_NOT_STARTED);
        CHECK_EQUAL(seen, unread);
    }
    CHECK_EQUAL(threading_active_count(), 1);
    threading_thread_free(thread);
    return status;
}

CASE(target_runs_with_the_level_or_not_at_all)
{
    for (int level = THREADING_PRIORITY_LOWEST; level <= THREADING_PRIORITY_HIGHEST; level++) {
        threading_status_t status = start_with(level);
        CHECK(status == THREADING_OK || status == THREADING_UNSUPPORTED);
    }
}

CASE(lower_level_can_always_be_started_with)
{
    needs_priorities();
    CHECK_STATUS(start_with(THREADING_PRIORITY_LOWEST), THREADING_OK);
}

CASE(normal_is_what_the_system_gives)
{
    CHECK_STATUS(start_with(THREADING_PRIORITY_NORMAL), THREADING_OK);
}

CASE(backend_without_priorities_refuses_the_start)
{
    if (strcmp(threading_backend(), "c11") != 0)
        SKIP("this backend has priorities");
    CHECK_STATUS(start_with(THREADING_PRIORITY_LOW), THREADING_UNSUPPORTED);
    CHECK_STATUS(start_with(THREADING_PRIORITY_HIGHEST), THREADING_UNSUPPORTED);
}

static void *start_some_that_are_low(void *arg)
{
    int count = is_slow() ? 20 : 200;
    for (int i = 0; i < count; i++) {
        int seen = unread;
        threading_thread_t *thread =
            threading_thread(read_level, &seen, .priority = THREADING_PRIORITY_LOWEST);
        threading_status_t status = threading_thread_start(thread);
        if (status == THREADING_OK)
            CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
        else
            CHECK_STATUS(status, THREADING_UNSUPPORTED);
        CHECK_EQUAL(seen, status == THREADING_OK ? THREADING_PRIORITY_LOWEST : unread);
        threading_thread_free(thread);
    }
    return arg;
}

CASE(threads_with_levels_are_started_by_many_at_once)
{
    enum { count = 4 };
    threading_thread_t *starters[count];
    for (size_t i = 0; i < count; i++)
        starters[i] = started(start_some_that_are_low, NULL);
    for (size_t i = 0; i < count; i++)
        finished(starters[i]);
    CHECK_EQUAL(threading_active_count(), 1);
}

static void *ask_in_vain(void *arg)
{
    threading_thread_t *thread =
        threading_thread(return_at_once, NULL, .priority = THREADING_PRIORITY_LOWEST);
    threading_stop_t *stop = arg;
    CHECK_STATUS(threading_stop_request(stop), THREADING_OK);
    threading_status_t status = threading_thread_start(thread);
    CHECK(status == THREADING_OK || status == THREADING_UNSUPPORTED);
    threading_thread_free(thread);
    return NULL;
}

CASE(start_with_a_level_does_not_heed_a_stop)
{
    threading_stop_t stop = {0};
    threading_thread_t *thread = threading_thread(ask_in_vain, &stop, .stop = &stop);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    finished(thread);
    CHECK_STATUS(threading_shutdown(), THREADING_OK);
}
