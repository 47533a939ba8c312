/* SPDX-License-Identifier: MIT */
/*
 * What becomes of threads when main is done.
 *
 *     t.setDaemon(True)
 *
 * Look at the order of the output: the process waits for the worker, which finishes after main has
 * returned; it does not wait for the daemon, which goes with it.
 */
#include "example.h"

static threading_lock_t daemon_runs;

static THREADING_NO_ANALYSIS void *daemon_target(void *unused)
{
    (void)unused;
    printf("daemon: runs in the background\n");
    threading_lock_release(&daemon_runs);
    threading_sleep(THREADING_FOREVER);
    printf("never printed\n");
    return NULL;
}

static void *worker_target(void *unused)
{
    (void)unused;
    THREADING_MUST(threading_thread_join(threading_main_thread()));
    printf("worker: main has left, there are three steps to do\n");
    for (int step = 1; step <= 3; step++) {
        pause_for(1);
        printf("worker: step %d\n", step);
    }
    return NULL;
}

/* Registered before the library was used, so it runs after the wait for the threads. */
static void last_words(void)
{
    printf("process: nobody is left to wait for, so the daemon goes as well\n");
}

THREADING_NO_ANALYSIS int main(int argc, char **argv)
{
    atexit(last_words);
    example_begin(argc, argv);
    threading_lock_acquire(&daemon_runs);
    threading_thread_free(THREADING_MUST_SPAWN(daemon_target, NULL, .daemon = true)); /* it keeps itself */
    threading_lock_acquire(&daemon_runs); /* until the daemon releases it */
    threading_thread_free(THREADING_MUST_SPAWN(worker_target, NULL));
    printf("main: returns\n");
    return 0;
}
