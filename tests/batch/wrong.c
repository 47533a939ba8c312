/* SPDX-License-Identifier: MIT */
/* Cases that go wrong, and between them some that do not. None is a test of its own. */
#include "conformance.h"

#include <stdlib.h>

#if defined(_WIN32)
#include <windows.h>
#else
#include <sched.h>
#include <signal.h>
#include <unistd.h>
#endif

/* Whether cases that leave nothing behind share a process. */
#if defined(_WIN32)
#define IS_SHARED true
#else
#define IS_SHARED false
#endif

static int used; /* 1 once a case has begun: no case sees what another one did to a variable */

/* What is not the program's stays: that tells whether the process has run another case before. */
static void check_process(bool has_run_another)
{
    CHECK_EQUAL(used++, 0);
    CHECK_EQUAL(threading_active_count(), 1);
    CHECK_EQUAL(getenv("ANOTHER_CASE") != NULL, has_run_another);
#if defined(_WIN32)
    CHECK_EQUAL(_putenv("ANOTHER_CASE=yes"), 0);
#else
    CHECK_EQUAL(setenv("ANOTHER_CASE", "yes", 1), 0);
#endif
}

CASE(passes)
{
    printf("not to be seen\n");
    CHECK(threading_current_thread() == threading_main_thread());
    check_process(false);
}

CASE(comes_second)
{
    check_process(IS_SHARED);
}

CASE(fails)
{
    printf("a line");
    CHECK_EQUAL(1, 2);
}

CASE(passes_after_a_failure)
{
    check_process(false);
}

/* A crash in earnest would let Wine start its debugger, which takes long. */
CASE(crashes)
{
#if defined(_WIN32)
    (void)TerminateProcess(GetCurrentProcess(), 0xC0000005);
#else
    (void)raise(SIGKILL);
#endif
}

static void *hang(void *arg)
{
    for (;;)
        (void)threading_sleep(THREADING_FOREVER);
    return arg;
}

CASE(waits_for_a_thread_that_hangs)
{
    finished(started(hang, NULL));
}

#if !defined(_WIN32)
CASE(leaves_a_process_behind)
{
    if (fork() == 0)
        (void)hang(NULL);
}
#endif

CASE(leaves_a_thread_behind)
{
    threading_thread_options_t options = {.daemon = THREADING_DAEMON};
    check_process(false);
    CHECK_STATUS(threading_thread_start(threading_thread_new(hang, NULL, &options)), THREADING_OK);
}

CASE(comes_after_a_thread_that_was_left)
{
    check_process(false);
}

CASE(is_marked_as_fresh)
{
    check_process(false);
}

CASE(comes_after_a_fresh_one)
{
    check_process(false);
}

CASE(exits_early)
{
    exit(0);
}

CASE(is_skipped)
{
    SKIP("a reason");
}

CASE(is_in_another_batch)
{
    CHECK(false);
}

EXIT_CASE(ends_as_it_should, 7, "one|two|")
{
    printf("one\ntwo\n");
    EXIT_CODE = 7;
}

EXIT_CASE(ends_with_another_code, 7, "one|")
{
    printf("one\n");
    exit(8);
}

EXIT_CASE(prints_too_much, 0, "one|")
{
    printf("one\ntwo\n");
}

CASE(passes_at_the_end)
{
}

/* ---- what only a sanitizer sees ---- */

#if !defined(_WIN32)

static void *volatile lost;
static int raced;
static atomic_int counted; /* relaxed, so that it puts nothing in order */

CASE(loses_memory)
{
    lost = malloc(100);
    lost = NULL;
}

static void await_count(int expected)
{
    while (atomic_load_explicit(&counted, memory_order_relaxed) < expected)
        (void)sched_yield();
}

static void count_as(int place)
{
    await_count(place);
    raced++;
    (void)atomic_fetch_add_explicit(&counted, 1, memory_order_relaxed);
}

/* A thread that ended before main counts could have put something in order by its end. */
static void *count_first(void *arg)
{
    count_as(0);
    await_count(2);
    return arg;
}

CASE(races)
{
    threading_thread_t *thread = started(count_first, NULL);
    count_as(1);
    finished(thread);
}

#endif
