/* SPDX-License-Identifier: MIT */
/*
 * The lowest level: start a function in a thread, with nothing to hold on to.
 *
 *     thread.start_new_thread(loop0, ())
 *     thread.start_new_thread(loop1, ())
 *     sleep(6)
 *
 * Look at main: nobody joins such threads and they end with the process at the latest, so main must
 * guess how long to stay. A Thread is better, it can be joined: see thread_list.c.
 */
#include "example.h"

static void *loop0(void *unused)
{
    (void)unused;
    printf("start loop 0 at: %s\n", ctime_now().text);
    pause_for(4);
    printf("loop 0 done at: %s\n", ctime_now().text);
    return NULL;
}

static void *loop1(void *unused)
{
    (void)unused;
    printf("start loop 1 at: %s\n", ctime_now().text);
    pause_for(2);
    printf("loop 1 done at: %s\n", ctime_now().text);
    return NULL;
}

int main(int argc, char **argv)
{
    example_begin(argc, argv);
    printf("start: %s\n", ctime_now().text);
    THREADING_MUST(threading_start_new_thread(loop0, NULL, NULL));
    THREADING_MUST(threading_start_new_thread(loop1, NULL, NULL));
    pause_for(6);
    /* Six seconds are a guess, which a busy machine proves wrong. Threads of this kind are at least
     * listed while they live: */
    while (threading_active_count() > 1)
        pause_for(0.1);
    printf("all end: %s\n", ctime_now().text);
    return 0;
}
