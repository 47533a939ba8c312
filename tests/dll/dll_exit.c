/* SPDX-License-Identifier: MIT */
/*
 * The end of a process whose library is a DLL. A DLL's own exit handlers come when all other threads have been killed: a
 * worker that still prints its line was waited for before.
 */
#include "conformance.h"

#include <stdlib.h>

static void say(const char *line)
{
    puts(line);
    fflush(stdout);
}

/* A target: the end of the process is under way, and the thread needs some time. */
static void *outlive_main(void *arg)
{
    CHECK_STATUS(threading_thread_join(threading_main_thread()), THREADING_OK);
    CHECK_STATUS(threading_sleep(0.02), THREADING_OK);
    say("worker");
    return arg;
}

static void start_and_forget(threading_target_t target, void *arg)
{
    threading_thread_free(started(target, arg));
}

EXIT_CASE(worker_is_waited_for_when_main_returns, 7, "end of main|worker|")
{
    start_and_forget(outlive_main, NULL);
    say("end of main");
    EXIT_CODE = 7;
}

EXIT_CASE(worker_is_waited_for_when_main_exits, 3, "end of main|worker|")
{
    start_and_forget(outlive_main, NULL);
    say("end of main");
    exit(3);
}

EXIT_CASE(worker_is_waited_for_when_main_exits_the_process, 4, "end of main|worker|")
{
    start_and_forget(outlive_main, NULL);
    say("end of main");
    threading_exit_process(4);
}

static void *exit_with_5(void *arg)
{
    say("exit");
    exit(5);
    return arg;
}

static void *exit_process_with_6(void *arg)
{
    say("exit");
    threading_exit_process(6);
    return arg;
}

static void wait_to_be_killed(void)
{
    for (;;)
        (void)threading_sleep(3600);
}

EXIT_CASE(worker_is_waited_for_when_another_exits, 5, "exit|worker|")
{
    start_and_forget(outlive_main, NULL);
    start_and_forget(exit_with_5, NULL);
    wait_to_be_killed();
}

EXIT_CASE(worker_is_waited_for_when_another_exits_the_process, 6, "exit|worker|")
{
    start_and_forget(outlive_main, NULL);
    start_and_forget(exit_process_with_6, NULL);
    wait_to_be_killed();
}

static void *exit_as_a_foreigner(void *arg)
{
    return exit_with_5(arg);
}

EXIT_CASE(worker_is_waited_for_when_a_foreign_thread_exits, 5, "exit|worker|")
{
    start_and_forget(outlive_main, NULL);
    (void)foreign_start(exit_as_a_foreigner, NULL);
    wait_to_be_killed();
}

/* Every thread starts the next one, all after the end of main. */
static void *go_on(void *count)
{
    static int counts[4] = {1, 2, 3, 4};
    int number = count != NULL ? *(int *)count : 0;
    CHECK_STATUS(threading_thread_join(threading_main_thread()), THREADING_OK);
    say("link");
    if (number < 4)
        start_and_forget(go_on, &counts[number]);
    return NULL;
}

EXIT_CASE(chain_of_workers_is_waited_for, 0, "end of main|link|link|link|link|link|")
{
    start_and_forget(go_on, NULL);
    say("end of main");
}

static void *sleep_for_an_hour(void *arg)
{
    (void)threading_sleep(3600);
    return arg;
}

EXIT_CASE(daemon_is_not_waited_for, 0, "end of main|")
{
    threading_thread_t *thread =
        threading_thread(sleep_for_an_hour, NULL, .name = "daemon", .daemon = THREADING_DAEMON);
    CHECK(thread != NULL);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    threading_thread_free(thread);
    say("end of main");
}

static void say_handler(void)
{
    say("handler");
}

/* As for the static library: registered after the library's first use it comes before the wait. */
EXIT_CASE(handler_registered_late_runs_before_the_wait, 0, "end of main|handler|worker|")
{
    start_and_forget(outlive_main, NULL);
    CHECK_EQUAL(atexit(say_handler), 0);
    say("end of main");
}

EXIT_CASE(shutdown_waits_by_itself, 0, "worker|end of main|")
{
    start_and_forget(outlive_main, NULL);
    CHECK_STATUS(threading_shutdown(), THREADING_OK);
    say("end of main");
}

static void *return_at_once(void *arg)
{
    return arg;
}

/* Threads that are ending while the process does. */
EXIT_CASE(many_workers_end_with_the_process, 9, "end of main|")
{
    for (int i = 0; i < 20; i++)
        start_and_forget(return_at_once, NULL);
    say("end of main");
    EXIT_CODE = 9;
}
