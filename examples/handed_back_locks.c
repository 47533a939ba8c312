/* SPDX-License-Identifier: MIT */
/*
 * Main acquires one lock for each loop, and each loop hands back by releasing its lock.
 *
 *     thread.start_new_thread(loop, (i, loops[i], locks[i]))
 *     for i in nloops:
 *         while locks[i].locked(): pass
 *
 * Look at the release: a Lock belongs to no thread, so a thread may release what another acquired.
 */
#include "example.h"

enum { NLOOPS = 2 };

static const int seconds[NLOOPS] = {4, 2};
static threading_lock_t locks[NLOOPS]; /* zeros are unlocked locks */
static int numbers[NLOOPS] = {0, 1};

/* Clang's analysis would miss an acquire here; this thread is meant to release what main acquired. */
static THREADING_NO_ANALYSIS void *loop(void *arg)
{
    int nloop = *(int *)arg;
    printf("start loop %d at: %s\n", nloop, ctime_now().text);
    pause_for(seconds[nloop]);
    printf("loop %d done at: %s\n", nloop, ctime_now().text);
    threading_lock_release(&locks[nloop]);
    return NULL;
}

static THREADING_NO_ANALYSIS void start_loops(void)
{
    for (int i = 0; i < NLOOPS; i++)
        threading_lock_acquire(&locks[i]);
    for (int i = 0; i < NLOOPS; i++)
        THREADING_MUST(threading_start_new_thread(loop, &numbers[i], NULL));
}

int main(int argc, char **argv)
{
    example_begin(argc, argv);
    printf("starting at: %s\n", ctime_now().text);
    start_loops();
    for (int i = 0; i < NLOOPS; i++)
        while (threading_lock_locked(&locks[i]))
            pause_for(0.1); /* the document spins; a short sleep leaves the processor to the loops */
    printf("all done at: %s\n", ctime_now().text);
    return 0;
}
