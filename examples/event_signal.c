/* SPDX-License-Identifier: MIT */
/*
 * Runners wait for the start signal, and the starter waits for the runners.
 *
 *     start = threading.Event()
 *     def run():
 *         start.wait()
 *
 * Look at the one set(): it lets on all who wait, and all who come late; it stays set until it is cleared.
 * The wait with a time says by its status whether the event or the time came first.
 */
#include <stdatomic.h>

#include "example.h"

enum { RUNNERS = 4 };

static threading_event_t start_signal, finish; /* zeros are events that are not set */
static atomic_int arrived;

static void *run(void *unused)
{
    (void)unused;
    THREADING_MUST(threading_event_wait(&start_signal));
    if (atomic_fetch_add(&arrived, 1) + 1 == RUNNERS)
        THREADING_MUST(threading_event_set(&finish)); /* the last one */
    return NULL;
}

int main(int argc, char **argv)
{
    threading_thread_t *runners[RUNNERS];
    example_begin(argc, argv);
    for (int i = 0; i < RUNNERS; i++) {
        runners[i] = THREADING_MUST_SPAWN(run, NULL);
    }
    threading_status_t status = threading_event_wait_timeout(&finish, 3 * example_factor);
    printf("for three seconds nobody moves: %s\n", threading_status_name(status));
    THREADING_MUST(threading_event_set(&start_signal));
    THREADING_MUST(threading_event_wait(&finish));
    printf("after the signal all %d arrive\n", atomic_load(&arrived));
    for (int i = 0; i < RUNNERS; i++) {
        THREADING_MUST(threading_thread_join(runners[i]));
        threading_thread_free(runners[i]);
    }
    return 0;
}
