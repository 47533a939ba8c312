/* SPDX-License-Identifier: MIT */
/*
 * Locks taken crosswise: one thread moves money from Alice to Bob, another one from Bob to Alice. In most orders both
 * succeed. threading_sim_run() finds one in which they do not, and tells who waits for what; nobody has to wait for
 * the bad luck, and nothing hangs.
 *
 * The cure is to take the two locks in one order, whichever way the money goes. Then all orders are tried again.
 */
#include "example.h"
#include "threading_sim.h"

static threading_lock_t alice, bob;
static bool is_ordered;

static void *transfer(threading_lock_t *first, threading_lock_t *second)
{
    THREADING_MUST(threading_lock_acquire(first));
    THREADING_MUST(threading_lock_acquire(second));
    THREADING_MUST(threading_lock_release(second));
    THREADING_MUST(threading_lock_release(first));
    return NULL;
}

static void *to_bob(void *unused)
{
    (void)unused;
    return transfer(&alice, &bob);
}

static void *to_alice(void *unused)
{
    (void)unused;
    return is_ordered ? transfer(&alice, &bob) : transfer(&bob, &alice);
}

static void body(void *unused)
{
    (void)unused;
    threading_lock_init(&alice);
    threading_lock_init(&bob);
    threading_thread_t *t1 = THREADING_MUST_SPAWN(to_bob, NULL, .name = "to-bob");
    threading_thread_t *t2 = THREADING_MUST_SPAWN(to_alice, NULL, .name = "to-alice");
    THREADING_MUST(threading_thread_join(t1));
    THREADING_MUST(threading_thread_join(t2));
    threading_thread_free(t1);
    threading_thread_free(t2);
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
    THREADING_MUST(threading_object_set_name(&alice, "alice"));
    THREADING_MUST(threading_object_set_name(&bob, "bob"));
    threading_sim_run(body, NULL, &options, &report);

    is_ordered = true;
    threading_sim_run(body, NULL, &options, &report);
    printf("\nin one order: %s, %s up to %u interruptions\n", threading_sim_verdict_name(report.verdict),
           report.complete ? "all orders" : "not all orders", report.preemptions);
    return 0;
}
