/* SPDX-License-Identifier: MIT */
/*
 * Hours in no time: a thread reports once an hour until it is told to stop. A test of that with a real clock takes a
 * day, or a clock of its own in the program. In a run the clock is the scheduler's: when nobody can go on it jumps to
 * the next moment at which somebody can, and it also tries what happens when the hour is over just as the stop comes.
 */
#include "example.h"
#include "threading_sim.h"

static threading_event_t stop;
static int reports, fewest = 1000, most;

static void *report_hourly(void *unused)
{
    (void)unused;
    while (threading_event_wait_timeout(&stop, 3600) == THREADING_TIMEOUT)
        reports++;
    return NULL;
}

static void body(void *unused)
{
    (void)unused;
    reports = 0;
    threading_event_init(&stop);
    double begin = threading_monotonic();
    threading_thread_t *reporter = THREADING_MUST_SPAWN(report_hourly, NULL, .name = "reporter");
    THREADING_MUST(threading_sleep(24.5 * 3600));
    THREADING_MUST(threading_event_set(&stop));
    THREADING_MUST(threading_thread_join(reporter));
    threading_thread_free(reporter);
    threading_sim_check(threading_monotonic() - begin >= 24.5 * 3600);
    fewest = reports < fewest ? reports : fewest;
    most = reports > most ? reports : most;
}

int main(void)
{
    threading_sim_report_t report;
    threading_sim_options_t options = {.seconds = 20, .max_preemptions = 1};
    threading_sim_run(body, NULL, &options, &report);
    printf("a day, in each order: %s\n", report.verdict == THREADING_SIM_PASSED ? "passed" : report.message);
    printf("%d to %d reports\n", fewest, most);
    printf("all orders up to %u interruption: %s\n", report.preemptions, report.complete ? "yes" : "no");
    return 0;
}
