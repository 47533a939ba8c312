/* SPDX-License-Identifier: MIT */
/* The seam: the end of the process. */
#include "port_support.h"

#include <stdlib.h>

static void say_hook(void)
{
    puts("hook");
    fflush(stdout);
}

EXIT_CASE(hook_runs_when_main_returns, 7, "end of main|hook|")
{
    needs_exit_hooks();
    CHECK(ti_port_at_exit(say_hook));
    puts("end of main");
    EXIT_CODE = 7;
}

EXIT_CASE(hook_runs_when_main_exits, 3, "hook|")
{
    needs_exit_hooks();
    CHECK(ti_port_at_exit(say_hook));
    exit(3);
}

static void exit_with_5(void *arg)
{
    (void)arg;
    exit(5);
}

EXIT_CASE(hook_runs_when_another_thread_exits, 5, "hook|")
{
    needs_exit_hooks();
    ti_port_thread thread;
    CHECK(ti_port_at_exit(say_hook));
    begin(&thread, exit_with_5, NULL);
    for (;;)
        ti_port_sleep(TI_FOREVER);
}

EXIT_CASE(hook_does_not_run_at_a_quick_end, 4, "")
{
    CHECK(ti_port_at_exit(say_hook));
    _Exit(4);
}

/* ---- what the core needs most: the other threads are alive while the hook runs ---- */

static ti_port_thread worker;
static ti_parker worker_parker;
static atomic_int step; /* 1: the worker waits, 2: the hook has come, 3: the worker has answered */

static void answer_the_hook(void *arg)
{
    (void)arg;
    atomic_store(&step, 1);
    while (atomic_load(&step) != 2)
        ti_port_park(&worker_parker, TI_FOREVER);
    puts("worker");
    fflush(stdout);
    atomic_store(&step, 3);
}

static void wait_for_the_worker(void)
{
    puts("hook");
    fflush(stdout);
    atomic_store(&step, 2);
    ti_port_unpark(&worker_parker);
    ti_port_thread_join(&worker);
    puts(atomic_load(&step) == 3 ? "joined" : "not joined");
    fflush(stdout);
}

static void start_the_worker(void)
{
    needs_exit_hooks();
    ti_port_parker_init(&worker_parker);
    CHECK(ti_port_at_exit(wait_for_the_worker));
    begin(&worker, answer_the_hook, NULL);
    AWAIT(atomic_load(&step) == 1);
}

EXIT_CASE(hook_can_wake_and_join_threads_when_main_returns, 0, "hook|worker|joined|")
{
    start_the_worker();
}

EXIT_CASE(hook_can_wake_and_join_threads_when_another_thread_exits, 5, "hook|worker|joined|")
{
    ti_port_thread thread;
    start_the_worker();
    begin(&thread, exit_with_5, NULL);
    for (;;)
        ti_port_sleep(TI_FOREVER);
}

static void answer_at_once(void *arg)
{
    (void)arg;
    puts("worker");
    fflush(stdout);
}

static void start_and_join_another(void)
{
    run_thread(answer_at_once, NULL);
    puts("joined");
    fflush(stdout);
}

EXIT_CASE(hook_can_start_threads, 0, "end of main|worker|joined|")
{
    needs_exit_hooks();
    CHECK(ti_port_at_exit(start_and_join_another));
    puts("end of main");
    fflush(stdout);
}

/* ---- fork ---- */

CASE(fork_hooks_are_registered_or_not_needed)
{
    CHECK(ti_port_at_fork());
    CHECK(ti_port_at_fork());
}
