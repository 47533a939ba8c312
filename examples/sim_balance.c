/* SPDX-License-Identifier: MIT */
/*
 * The race, found, explained and cured: two threads change one balance, and each change reads it, then writes.
 *
 *     def change_it(n):
 *         balance = balance + n
 *         balance = balance - n
 *
 * balance_unlocked.c runs that some million times until it goes wrong once. Here threading_sim_run() runs it once in
 * each order that matters, prints the first that goes wrong, step by step, and the text by which it can be run again.
 * Then change_it() gets its lock, and no order is left that goes wrong.
 */
#include "example.h"
#include "threading_sim.h"

static int balance;
static threading_lock_t lock;
static bool is_locked;

struct change {
    const char *name; /* of the thread's variable */
    int n;
};

/* The scheduler has to be told of plain data: each of the two calls is a moment at which the other thread may come. */
static void add(const struct change *change, int n)
{
    char line[64];
    threading_sim_read(&balance, sizeof balance);
    int x = balance + n;
    snprintf(line, sizeof line, "%s = balance %c %d = %d", change->name, n < 0 ? '-' : '+', n < 0 ? -n : n,
             x);
    threading_sim_note(line);
    threading_sim_write(&balance, sizeof balance);
    balance = x;
}

static void change_it(const struct change *change)
{
    if (is_locked)
        THREADING_MUST(threading_lock_acquire(&lock));
    add(change, change->n);
    add(change, -change->n);
    if (is_locked)
        THREADING_MUST(threading_lock_release(&lock));
}

static void *run_thread(void *change)
{
    change_it(change);
    return NULL;
}

static void body(void *unused)
{
    static struct change five = {"x1", 5}, eight = {"x2", 8};
    (void)unused;
    balance = 0;
    threading_thread_t *t1 = THREADING_MUST_SPAWN(run_thread, &five, .name = "t1");
    threading_thread_t *t2 = THREADING_MUST_SPAWN(run_thread, &eight, .name = "t2");
    THREADING_MUST(threading_thread_join(t1));
    THREADING_MUST(threading_thread_join(t2));
    threading_thread_free(t1);
    threading_thread_free(t2);
    threading_sim_check(balance == 0);
}

static void print(void *context, const char *text, size_t length)
{
    (void)context;
    fwrite(text, 1, length, stdout);
}

int main(void)
{
    threading_sim_report_t report;
    threading_sim_options_t options = {.write = print, .seconds = 20};
    THREADING_MUST(threading_object_set_name(&balance, "balance"));
    threading_sim_run(body, NULL, &options, &report);

    /* The same order again, as it can be had in a debugger, or tomorrow. */
    threading_sim_options_t again = {.replay = report.replay};
    threading_sim_verdict_t verdict = threading_sim_run(body, NULL, &again, NULL);
    printf("\nagain: %s\n", threading_sim_verdict_name(verdict));

    is_locked = true;
    threading_sim_run(body, NULL, &options, &report);
    printf("with a lock: %s, %s up to %u interruptions\n", threading_sim_verdict_name(report.verdict),
           report.complete ? "all orders" : "not all orders", report.preemptions);
    return 0;
}
