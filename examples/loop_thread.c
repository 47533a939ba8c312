/* SPDX-License-Identifier: MIT */
/*
 * One thread that counts to five while main waits for it.
 *
 *     t = threading.Thread(target=loop, name='LoopThread')
 *     t.start()
 *     t.join()
 *
 * Look at current_thread(): main was never created by anyone, and has an object and a name all the same.
 */
#include "example.h"

static const char *my_name(void)
{
    return threading_thread_name(threading_current_thread());
}

static void *loop(void *unused)
{
    (void)unused;
    printf("thread %s is running...\n", my_name());
    for (int n = 1; n <= 5; n++) {
        printf("thread %s >>> %d\n", my_name(), n);
        pause_for(1);
    }
    printf("thread %s ended.\n", my_name());
    return NULL;
}

int main(int argc, char **argv)
{
    example_begin(argc, argv);
    printf("thread %s is running...\n", my_name());
    threading_thread_t *t = THREADING_MUST_SPAWN(loop, NULL, .name = "LoopThread");
    THREADING_MUST(threading_thread_join(t));
    threading_thread_free(t);
    printf("thread %s ended.\n", my_name());
    return 0;
}
