/* SPDX-License-Identifier: MIT */
/* Cases that go wrong, and between them some that do not. None is a test of its own. */
#include "conformance.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

CASE(passes)
{
    printf("not to be seen\n");
    CHECK(threading_current_thread() == threading_main_thread());
}

CASE(fails)
{
    printf("a line");
    CHECK_EQUAL(1, 2);
}

CASE(passes_after_a_failure)
{
}

CASE(crashes)
{
    (void)raise(SIGKILL);
}

static void *hang(void *arg)
{
    for (;;)
        pause();
    return arg;
}

CASE(waits_for_a_thread_that_hangs)
{
    finished(started(hang, NULL));
}

CASE(leaves_a_process_behind)
{
    if (fork() == 0)
        (void)hang(NULL);
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
