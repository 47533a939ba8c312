/* SPDX-License-Identifier: MIT */
/* What the suites of sim share. A body is made of the first part, and run by the second. */
#ifndef SIM_SUPPORT_H
#define SIM_SUPPORT_H

#include <stdlib.h>
#include <string.h>

#include "conformance.h"

#include "threading_sim.h"

/* ---- in a body: what is not as it should be is the run's failure, with its table ---- */

THREADING_UNUSED static void must(threading_status_t status)
{
    threading_sim_check(status == THREADING_OK);
}

THREADING_UNUSED static threading_thread_t *begun(threading_target_t target, void *arg, const char *name)
{
    threading_thread_t *thread = threading_thread(target, arg, .name = name);
    threading_sim_check(thread != NULL);
    must(threading_thread_start(thread));
    return thread;
}

THREADING_UNUSED static void ended(threading_thread_t *thread)
{
    must(threading_thread_join(thread));
    threading_thread_free(thread);
}

/* One in a thread, the other in this one, which is one less to switch to. */
THREADING_UNUSED static void both(threading_target_t other, threading_target_t mine)
{
    threading_thread_t *thread = begun(other, NULL, "other");
    (void)mine(NULL);
    ended(thread);
}

THREADING_UNUSED static void all_three(threading_target_t first, threading_target_t second,
                                       threading_target_t mine)
{
    threading_thread_t *threads[] = {begun(first, NULL, "first"), begun(second, NULL, "second")};
    (void)mine(NULL);
    ended(threads[0]);
    ended(threads[1]);
}

/* What one thread at a time may do: the scheduler lets others come in between, and sees who does. */
THREADING_UNUSED static void change(int *value, int by)
{
    threading_sim_read(value, sizeof *value);
    int before = *value;
    threading_sim_write(value, sizeof *value);
    *value = before + by;
}

/* What comes of runs is counted so that it orders nothing in them. */
THREADING_UNUSED static void count(atomic_int *counter)
{
    (void)atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* ---- runs ---- */

THREADING_UNUSED static void print_text(void *context, const char *text, size_t length)
{
    (void)context;
    (void)fwrite(text, 1, length, stdout);
}

THREADING_UNUSED static void print_figures(const threading_sim_report_t *report)
{
    printf("%s%s, %u interruptions, %llu runs, %llu steps, %.3f s %s %s\n",
           threading_sim_verdict_name(report->verdict), report->complete ? " completely" : "",
           (unsigned)report->preemptions, (unsigned long long)report->runs, (unsigned long long)report->steps,
           report->seconds, report->replay, report->message);
}

THREADING_UNUSED static void check_verdict(const threading_sim_report_t *report,
                                           threading_sim_verdict_t expected)
{
    print_figures(report);
    CHECK_TEXT(threading_sim_verdict_name(report->verdict), threading_sim_verdict_name(expected));
}

/* A loaded machine, or a sanitizer, must make no difference. */
enum { ENOUGH_SECONDS = 15 };

THREADING_UNUSED static threading_sim_report_t run_with(void (*body)(void *arg),
                                                        threading_sim_options_t options)
{
    threading_sim_report_t report;
    if (options.write == NULL)
        options.write = print_text;
    if (options.seconds == 0)
        options.seconds = ENOUGH_SECONDS;
    (void)threading_sim_run(body, NULL, &options, &report);
    return report;
}

/* It fails in this way; and in the same way again by the replay text, which is short. */
THREADING_UNUSED static threading_sim_report_t
must_fail(void (*body)(void *arg), threading_sim_options_t options, threading_sim_verdict_t expected)
{
    threading_sim_report_t report = run_with(body, options);
    check_verdict(&report, expected);
    CHECK(!report.complete);
    CHECK(strlen(report.replay) > 0);
    CHECK(strlen(report.replay) <= 40);
    options.replay = report.replay;
    threading_sim_report_t again = run_with(body, options);
    check_verdict(&again, expected);
    CHECK_TEXT(again.message, report.message);
    CHECK_TEXT(again.replay, report.replay);
    CHECK_EQUAL(again.runs, 1);
    return report;
}

/* Each order with so many interruptions was tried, and none is wrong. */
THREADING_UNUSED static threading_sim_report_t must_pass(void (*body)(void *arg),
                                                         threading_sim_options_t options)
{
    if (options.strategy == THREADING_SIM_AUTO)
        options.strategy = THREADING_SIM_BOUNDED; /* all of the time is for it */
    threading_sim_report_t report = run_with(body, options);
    check_verdict(&report, THREADING_SIM_PASSED);
    CHECK(report.complete);
    CHECK_TEXT(report.replay, "");
    CHECK_TEXT(report.message, "");
    return report;
}

/* All orders of what happens within the library; a sanitizer looks at some of them. */
THREADING_UNUSED static void explore_inside(void (*body)(void *arg), uint32_t bound, bool is_weak)
{
    threading_sim_options_t options = {
        .inside = true, .weak = is_weak, .max_preemptions = bound, .seconds = is_slow() ? 0.25 : 100};
    if (!is_slow()) {
        (void)must_pass(body, options);
        return;
    }
    threading_sim_report_t report = run_with(body, options);
    check_verdict(&report, THREADING_SIM_PASSED);
}

/*
 * What the library's own code does: each order of the calls up to three interruptions; then each order of what
 * happens within them, up to as many as a few seconds allow; then that with one interruption less, or at least
 * one, of which a load that gives what was stored before is one too.
 */
THREADING_UNUSED static void explore(void (*body)(void *arg), uint32_t inside)
{
    (void)must_pass(body, (threading_sim_options_t){.max_preemptions = 3});
    if (getenv("THREADING_TEST_WEAK") != NULL) { /* tools/mutate: what the memory orders are for */
        threading_sim_options_t options = {.inside = true, .weak = true, .max_preemptions = 2, .seconds = 10};
        threading_sim_report_t report = run_with(body, options);
        check_verdict(&report, THREADING_SIM_PASSED); /* completely or not */
        return;
    }
    explore_inside(body, inside, false);
    explore_inside(body, inside > 1 ? inside - 1 : 1, true);
}

#endif
