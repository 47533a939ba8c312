/* SPDX-License-Identifier: MIT */
/*
 * A low-level thread that ends itself, and a lock made at run time.
 *
 *     thread.exit_thread()
 *     lock = thread.allocate_lock()
 *     if lock.acquire(): num += 1
 *     time.sleep(10)
 *
 * Look at threading_exit(): it leaves the thread from any depth of calls, here from runner() itself. It
 * releases no locks, so release them first.
 */
#include "example.h"

static void *runner(void *arg)
{
    for (int i = 0; i < 6; i++) {
        printf("%d:%s\n", i, (const char *)arg);
        pause_for(1);
    }
    threading_exit(NULL);
}

int main(int argc, char **argv)
{
    static char text[] = "hello world";
    threading_lock_t lock;
    int num = 0;
    example_begin(argc, argv);
    THREADING_MUST(threading_start_new_thread(runner, text, NULL));
    threading_lock_init(&lock);
    threading_lock_acquire(&lock);
    num += 1;
    threading_lock_release(&lock);
    /* Such threads end with main, so main is delayed: for ten seconds, and, should the machine be busy,
     * until the thread is not listed any more. */
    pause_for(10);
    while (threading_active_count() > 1)
        pause_for(0.1);
    printf("num:%d\n", num);
    return 0;
}
