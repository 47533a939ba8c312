/* SPDX-License-Identifier: MIT */
/* What a thread is made with: options, and who is a daemon. */
#include "conformance.h"
#include "gate.h"

#include <limits.h>
#include <string.h>

static threading_thread_t *made_with(threading_thread_options_t options)
{
    threading_thread_t *thread = threading_thread_new(return_at_once, NULL, &options);
    memset(&options, 0x5A, sizeof options); /* they were read before the return */
    CHECK(thread != NULL);
    return thread;
}

/* A wrong option is told by start, each time, and the thread stays as new. */
static void check_refused(threading_thread_options_t options)
{
    threading_thread_t *thread = made_with(options);
    for (int i = 0; i < 2; i++) {
        CHECK_STATUS(threading_thread_start(thread), THREADING_INVALID);
        CHECK_EQUAL(threading_active_count(), 1);
        CHECK(!threading_thread_is_alive(thread));
        CHECK_EQUAL(threading_thread_ident(thread), 0);
        CHECK_STATUS(threading_thread_join(thread), THREADING_NOT_STARTED);
    }
    threading_thread_free(thread);
}

CASE(options_of_zero_are_the_defaults)
{
    threading_thread_t *thread = made_with((threading_thread_options_t){0});
    CHECK_TEXT(threading_thread_name(thread), "Thread-1");
    CHECK(!threading_thread_daemon(thread));
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    finished(thread);
}

CASE(options_are_read_before_new_returns)
{
    char name[] = "kept";
    threading_thread_t *thread = made_with((threading_thread_options_t){.name = name, .daemon = 1});
    memset(name, 'x', sizeof name - 1);
    CHECK_TEXT(threading_thread_name(thread), "kept");
    CHECK(threading_thread_daemon(thread));
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    finished(thread);
}

CASE(options_as_keywords)
{
    static int object;
    void *result = NULL;
    threading_thread_t *thread =
        threading_thread(return_at_once, &object, .name = "LoopThread", .daemon = true, .stack_size = 262144);
    CHECK_TEXT(threading_thread_name(thread), "LoopThread");
    CHECK(threading_thread_daemon(thread));
    if (threading_stack_size(0, NULL) == THREADING_UNSUPPORTED) {
        CHECK_STATUS(threading_thread_start(thread), THREADING_UNSUPPORTED);
        threading_thread_free(thread);
        return;
    }
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK_STATUS(threading_thread_result(thread, &result), THREADING_OK);
    CHECK(result == &object);
    threading_thread_free(thread);
}

CASE(daemon_option_that_is_none_is_told_by_start)
{
    static const int values[] = {2, -2, 3, 255, INT_MAX, INT_MIN};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        check_refused((threading_thread_options_t){.daemon = values[i]});
}

CASE(stack_size_option_below_the_minimum_is_told_by_start)
{
    static const size_t sizes[] = {1, 4096, 32767};
    if (threading_stack_size(0, NULL) == THREADING_UNSUPPORTED)
        SKIP("this backend cannot choose the size of stacks");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        check_refused((threading_thread_options_t){.stack_size = sizes[i]});
}

CASE(stack_size_option_of_the_minimum_is_taken)
{
    if (threading_stack_size(0, NULL) == THREADING_UNSUPPORTED)
        SKIP("this backend cannot choose the size of stacks");
    threading_thread_t *thread = made_with((threading_thread_options_t){.stack_size = 32768});
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    finished(thread);
}

/* Rounded up to what the system takes, some of these are no size any more. One that 32 bits cannot hold may be had. */
CASE(stack_size_that_cannot_be_had_is_told_by_start)
{
    static const size_t sizes[] = {SIZE_MAX,           SIZE_MAX - 1,          SIZE_MAX - 4095,
                                   SIZE_MAX - 65535,   SIZE_MAX - 65536,      SIZE_MAX / 8 * 7,
                                   (size_t)UINT32_MAX, (size_t)UINT32_MAX - 1};
    if (threading_stack_size(0, NULL) == THREADING_UNSUPPORTED)
        SKIP("this backend cannot choose the size of stacks");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        threading_thread_t *thread = made_with((threading_thread_options_t){.stack_size = sizes[i]});
        threading_status_t status = threading_thread_start(thread);
        bool may_be_had = sizes[i] <= SIZE_MAX / 2;
        CHECK(status == THREADING_NO_THREADS || (may_be_had && status == THREADING_OK));
        if (status != THREADING_OK)
            CHECK_STATUS(threading_thread_join(thread), THREADING_NOT_STARTED);
        else
            CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
        threading_thread_free(thread);
    }
}

CASE(reserved_options_must_be_zero)
{
    for (size_t i = 0; i < sizeof((threading_thread_options_t *)NULL)->reserved / sizeof(uintptr_t); i++) {
        threading_thread_options_t options = {0};
        options.reserved[i] = 1;
        check_refused(options);
        options.reserved[i] = UINTPTR_MAX;
        check_refused(options);
    }
}

CASE(priority_option_that_is_none_is_told_by_start)
{
    static const int values[] = {3, -3, 10, -20, INT_MAX, INT_MIN};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        check_refused((threading_thread_options_t){.priority = values[i]});
}

/* CPython: test_threading.ThreadTests.test_daemon_param */
CASE(daemon_option_decides)
{
    threading_thread_t *inherits = made_with((threading_thread_options_t){.daemon = THREADING_INHERIT});
    threading_thread_t *daemon = made_with((threading_thread_options_t){.daemon = THREADING_DAEMON});
    threading_thread_t *other = made_with((threading_thread_options_t){.daemon = THREADING_NOT_DAEMON});
    CHECK(!threading_thread_daemon(inherits));
    CHECK(threading_thread_daemon(daemon));
    CHECK(!threading_thread_daemon(other));
    threading_thread_free(inherits);
    threading_thread_free(daemon);
    threading_thread_free(other);
}

/* What one thread makes and another starts. */
struct family {
    threading_thread_t *inherits, *daemon, *other;
};

static void *make_family(void *arg)
{
    struct family *family = arg;
    family->inherits = made_with((threading_thread_options_t){0});
    family->daemon = made_with((threading_thread_options_t){.daemon = THREADING_DAEMON});
    family->other = made_with((threading_thread_options_t){.daemon = THREADING_NOT_DAEMON});
    return NULL;
}

static void *start_family(void *arg)
{
    struct family *family = arg;
    CHECK_STATUS(threading_thread_start(family->inherits), THREADING_OK);
    CHECK_STATUS(threading_thread_start(family->daemon), THREADING_OK);
    CHECK_STATUS(threading_thread_start(family->other), THREADING_OK);
    return NULL;
}

static void run_as(bool daemon, void *(*target)(void *), struct family *family)
{
    threading_thread_t *thread =
        threading_thread(target, family, .daemon = daemon ? THREADING_DAEMON : THREADING_NOT_DAEMON);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    finished(thread);
}

static void family_ends(struct family *family)
{
    finished(family->inherits);
    finished(family->daemon);
    finished(family->other);
}

/* CPython: test_threading.ThreadTests.test_daemon_param */
CASE(daemon_passes_on_daemon)
{
    struct family family;
    run_as(true, make_family, &family);
    CHECK(threading_thread_daemon(family.inherits));
    CHECK(threading_thread_daemon(family.daemon));
    CHECK(!threading_thread_daemon(family.other));
    start_family(&family);
    CHECK(threading_thread_daemon(family.inherits));
    CHECK(!threading_thread_daemon(family.other));
    family_ends(&family);
}

CASE(daemon_is_inherited_from_the_maker_not_from_the_starter)
{
    struct family family;
    run_as(false, make_family, &family);
    run_as(true, start_family, &family);
    CHECK(!threading_thread_daemon(family.inherits));
    CHECK(threading_thread_daemon(family.daemon));
    CHECK(!threading_thread_daemon(family.other));
    family_ends(&family);
}

CASE(daemon_can_be_set_until_the_start)
{
    threading_thread_t *thread = made_with((threading_thread_options_t){0});
    CHECK_STATUS(threading_thread_set_daemon(thread, true), THREADING_OK);
    CHECK(threading_thread_daemon(thread));
    CHECK_STATUS(threading_thread_set_daemon(thread, false), THREADING_OK);
    CHECK(!threading_thread_daemon(thread));
    CHECK_STATUS(threading_thread_set_daemon(thread, true), THREADING_OK);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    CHECK(threading_thread_daemon(thread));
    finished(thread);
}

/* CPython: test_threading.ThreadingExceptionTests.test_daemonize_active_thread */
CASE(daemon_cannot_be_set_after_the_start)
{
    threading_lock_t gate = {0};
    gate_close(&gate);
    threading_thread_t *thread = started(wait_at_gate, &gate);
    CHECK_STATUS(threading_thread_set_daemon(thread, true), THREADING_ALREADY_STARTED);
    CHECK_STATUS(threading_thread_set_daemon(thread, false), THREADING_ALREADY_STARTED);
    CHECK(!threading_thread_daemon(thread));
    gate_open(&gate);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK_STATUS(threading_thread_set_daemon(thread, true), THREADING_ALREADY_STARTED);
    CHECK(!threading_thread_daemon(thread));
    threading_thread_free(thread);
}

CASE(daemon_of_main_cannot_be_set)
{
    CHECK_STATUS(threading_thread_set_daemon(threading_main_thread(), true), THREADING_ALREADY_STARTED);
    CHECK_STATUS(threading_thread_set_daemon(threading_main_thread(), false), THREADING_ALREADY_STARTED);
    CHECK(!threading_thread_daemon(threading_main_thread()));
}

static void *set_my_daemon(void *arg)
{
    CHECK_STATUS(threading_thread_set_daemon(threading_current_thread(), true), THREADING_ALREADY_STARTED);
    CHECK(!threading_thread_daemon(threading_current_thread()));
    return arg;
}

CASE(daemon_of_oneself_cannot_be_set)
{
    finished(started(set_my_daemon, NULL));
}
