/* SPDX-License-Identifier: MIT */
/*
 * A thread that works until it is told to stop.
 *
 *     def run(self):
 *         while not self.thread_stop: …
 *     def stop(self):
 *         self.thread_stop = True
 *
 * Look at the flag: nothing can stop a thread from outside, it must look for itself. What one thread
 * writes while another reads has to be atomic in C.
 */
#include <stdatomic.h>

#include "example.h"

struct runner {
    const char *name;
    atomic_bool thread_stop;
    threading_thread_t *thread;
};

static void *run(void *arg)
{
    struct runner *self = arg;
    printf("%s:", self->name);
    while (!atomic_load(&self->thread_stop)) {
        printf(" hello world");
        fflush(stdout);
        pause_for(1);
    }
    printf("\n");
    return NULL;
}

static void start(struct runner *self)
{
    self->thread = THREADING_MUST_SPAWN(run, self, .name = self->name);
}

static void stop(struct runner *self)
{
    atomic_store(&self->thread_stop, true);
}

int main(int argc, char **argv)
{
    static struct runner t = {.name = "thread"};
    example_begin(argc, argv);
    start(&t);
    pause_for(10);
    stop(&t);
    THREADING_MUST(threading_thread_join(t.thread));
    threading_thread_free(t.thread);
    printf("stopped\n");
    return 0;
}
