/* SPDX-License-Identifier: MIT */
/* Bodies for ThreadSanitizer itself: all is built for it, and it sees a race in each schedule, and none elsewhere. */
#include <stdio.h>
#include <string.h>

#include "threading_sim.h"

static int balance;
static threading_lock_t guard;
static threading_rlock_t rguard;
static threading_event_t event;
static threading_queue_t *queue;

static void ignore(threading_status_t status)
{
    (void)status;
}

static void together(threading_target_t first, threading_target_t second)
{
    threading_thread_t *t1 = threading_thread_new(first, NULL, NULL);
    threading_thread_t *t2 = threading_thread_new(second, NULL, NULL);
    ignore(threading_thread_start(t1));
    ignore(threading_thread_start(t2));
    ignore(threading_thread_join(t1));
    ignore(threading_thread_join(t2));
    threading_thread_free(t1);
    threading_thread_free(t2);
}

static void *add_unguarded(void *arg)
{
    threading_sim_yield();
    balance += 5;
    threading_sim_yield();
    return arg;
}

static void race(void *arg)
{
    (void)arg;
    balance = 0;
    together(add_unguarded, add_unguarded);
}

static void *add_at_once(void *arg)
{
    balance += 5;
    return arg;
}

static void serial(void *arg)
{
    (void)arg;
    balance = 0;
    together(add_at_once, add_at_once);
}

static void *add_guarded(void *arg)
{
    ignore(threading_lock_acquire(&guard));
    balance += 5;
    ignore(threading_lock_release(&guard));
    ignore(threading_rlock_acquire(&rguard));
    balance += 0;
    ignore(threading_rlock_release(&rguard));
    return arg;
}

static void *add_with_rlock(void *arg)
{
    ignore(threading_rlock_acquire(&rguard));
    ignore(threading_lock_acquire(&guard));
    balance += 5;
    ignore(threading_lock_release(&guard));
    ignore(threading_rlock_release(&rguard));
    return arg;
}

static void guarded(void *arg)
{
    (void)arg;
    balance = 0;
    threading_lock_init(&guard);
    together(add_with_rlock, add_with_rlock);
    threading_sim_check(balance == 10);
}

/* What is told of a run is written by all of its threads. */
static void *add_annotated(void *arg)
{
    ignore(threading_lock_acquire(&guard));
    threading_sim_write(&balance, sizeof balance);
    balance += 5;
    threading_sim_yield(); /* what it is now, the other thread's next line finds */
    ignore(threading_lock_release(&guard));
    threading_sim_note("added");
    return arg;
}

static void told(void *arg)
{
    (void)arg;
    balance = 0;
    threading_lock_init(&guard);
    together(add_annotated, add_annotated);
    threading_sim_check(balance == 11);
}

/* One thread hands on what it has made, in several ways. */
static int parcels[3];

static void *send(void *arg)
{
    int *sent = &parcels[1];
    parcels[0] = 1;
    ignore(threading_event_set(&event));
    parcels[1] = 2;
    ignore(threading_queue_put(queue, &sent));
    parcels[2] = 3;
    return arg;
}

static void *receive(void *arg)
{
    int *received = NULL;
    ignore(threading_event_wait(&event));
    threading_sim_check(parcels[0] == 1);
    ignore(threading_queue_get(queue, &received));
    threading_sim_check(*received == 2);
    return arg;
}

static void handed(void *arg)
{
    (void)arg;
    memset(parcels, 0, sizeof parcels);
    threading_event_init(&event);
    queue = threading_queue_new(THREADING_QUEUE_FIFO, sizeof(int *), 1, NULL);
    together(send, receive);
    threading_sim_check(parcels[2] == 3);
    threading_queue_free(queue);
}

/* A run that fails is left by a jump, and the next one is as good as the first. */
static void *acquire_twice(void *arg)
{
    ignore(threading_lock_acquire(&guard));
    ignore(threading_lock_acquire(&guard));
    return arg;
}

static void stuck(void *arg)
{
    (void)arg;
    threading_lock_init(&guard);
    threading_rlock_init(&rguard);
    together(add_guarded, acquire_twice);
}

static const struct {
    const char *name;
    void (*body)(void *arg);
} bodies[] = {{"race", race},     {"serial", serial}, {"guarded", guarded}, {"told", told},
              {"handed", handed}, {"stuck", stuck},   {NULL, NULL}};

/* Takes the name of the body, and prints the verdict. */
int main(int count, char **arguments)
{
    threading_sim_options_t options = {.max_preemptions = 2, .max_runs = 3000, .seconds = 20};
    threading_sim_report_t report;
    for (int i = 0; count == 2 && bodies[i].name != NULL; i++)
        if (strcmp(bodies[i].name, arguments[1]) == 0) {
            (void)threading_sim_run(bodies[i].body, NULL, &options, &report);
            printf("%s%s %llu %s %s\n", report.complete ? "completely " : "",
                   threading_sim_verdict_name(report.verdict), (unsigned long long)report.runs,
                   report.message, report.replay);
            return 0;
        }
    return 2;
}
