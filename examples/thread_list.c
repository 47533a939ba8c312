/* SPDX-License-Identifier: MIT */
/*
 * Threads in a list: make all, then start all, then join all.
 *
 *     for i in nloops: threads[i].start()
 *     for i in nloops: threads[i].join()
 *
 * Look at the pause: the loops take 4, 2 and 2 seconds and run side by side, so all is done after 4.
 */
#include "example.h"

enum { NLOOPS = 3 };

struct loop_args {
    int nloop;
    int nsec;
};

static void *loop(void *arg)
{
    const struct loop_args *args = arg;
    printf("start loop %d at: %s\n", args->nloop, ctime_now().text);
    pause_for(args->nsec);
    printf("loop %d done at: %s\n", args->nloop, ctime_now().text);
    return NULL;
}

int main(int argc, char **argv)
{
    struct loop_args loops[NLOOPS] = {{0, 4}, {1, 2}, {2, 2}};
    threading_thread_t *threads[NLOOPS];
    example_begin(argc, argv);
    printf("starting at: %s\n", ctime_now().text);
    for (int i = 0; i < NLOOPS; i++)
        threads[i] = threading_thread(loop, &loops[i]);
    for (int i = 0; i < NLOOPS; i++)
        THREADING_MUST(threading_thread_start(threads[i]));
    for (int i = 0; i < NLOOPS; i++) {
        THREADING_MUST(threading_thread_join(threads[i]));
        threading_thread_free(threads[i]);
    }
    printf("all done at: %s\n", ctime_now().text);
    return 0;
}
