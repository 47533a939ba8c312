/* SPDX-License-Identifier: MIT */
/*
 * The thread of runner_stop.c, that says hello until it is told to stop; now it is told in its sleep.
 *
 *     def run(self):
 *         while not self.stopping.wait(3600):
 *             print('hello world')
 *     def stop(self):
 *         self.stopping.set()
 *
 * Look at the sleep: it takes an hour. A flag would be seen when the hour is over. A thread that heeds
 * a threading_stop_t is woken: its sleep, and every other wait, ends with THREADING_CANCELLED.
 */
#include "example.h"

struct runner {
    const char *name;
    threading_stop_t stop; /* zeros are a stop that nobody asked for */
    threading_thread_t *thread;
};

static void *run(void *arg)
{
    struct runner *self = arg;
    threading_status_t status;
    do {
        printf("%s: hello world\n", self->name);
        status = threading_sleep(3600);
    } while (status == THREADING_OK);
    printf("%s: my sleep ended with %s\n", self->name, threading_status_name(status));
    return NULL; /* here a thread would put away what it has */
}

static void start(struct runner *self)
{
    self->thread = THREADING_MUST_SPAWN(run, self, .name = self->name, .stop = &self->stop);
}

static void stop(struct runner *self)
{
    THREADING_MUST(threading_stop_request(&self->stop));
}

int main(int argc, char **argv)
{
    static struct runner t = {.name = "thread"};
    example_begin(argc, argv);
    start(&t);
    pause_for(3);
    stop(&t);
    THREADING_MUST(threading_thread_join(t.thread));
    threading_thread_free(t.thread);
    printf("stopped\n");
    return 0;
}
