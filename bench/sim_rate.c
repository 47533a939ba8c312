/* SPDX-License-Identifier: MIT */
/*
 * How many orders a second threading_sim_run() tries: of a small body, three threads that take a Lock twice each, some
 * eighteen steps; and of the same with the decisions within the library. Prints a line for each.
 *
 * It has no peer: no other library runs a C program in every order. The processor's speed and its number make no
 * difference but by how fast one thread of the system hands over to another on one processor.
 */
#include <stdio.h>

#include "threading_sim.h"

static threading_lock_t lock;
static int taken;

static void *take_twice(void *unused)
{
    for (int i = 0; i < 2; i++)
        THREADING_WITH_LOCK(&lock) {
            taken++;
        }
    return unused;
}

static void body(void *unused)
{
    threading_thread_t *threads[2];
    threading_lock_init(&lock);
    taken = 0;
    for (int i = 0; i < 2; i++) {
        threads[i] = threading_thread_new(take_twice, NULL, NULL);
        THREADING_IGNORE(threading_thread_start(threads[i]));
    }
    take_twice(unused);
    for (int i = 0; i < 2; i++) {
        THREADING_IGNORE(threading_thread_join(threads[i]));
        threading_thread_free(threads[i]);
    }
    threading_sim_check(taken == 6);
}

static void measure(const char *name, const threading_sim_options_t *options)
{
    threading_sim_report_t report;
    threading_sim_run(body, NULL, options, &report);
    printf(
        "%-24s %s%s, %u interruptions: %.0f orders and %.0f decisions a second (%llu orders of %.0f decisions)\n",
        name, threading_sim_verdict_name(report.verdict), report.complete ? " completely" : "",
        (unsigned)report.preemptions, (double)report.runs / report.seconds,
        (double)report.steps / report.seconds, (unsigned long long)report.runs,
        (double)report.steps / (double)report.runs);
}

int main(void)
{
    threading_sim_options_t calls = {.strategy = THREADING_SIM_BOUNDED, .max_preemptions = 5, .seconds = 3};
    threading_sim_options_t inside = {.strategy = THREADING_SIM_BOUNDED, .inside = true, .seconds = 3};
    measure("before each call", &calls);
    measure("within the library too", &inside);
    return 0;
}
