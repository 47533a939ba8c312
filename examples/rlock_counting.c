/* SPDX-License-Identifier: MIT */
/*
 * Two runners count to six under one RLock.
 *
 *     if lock.acquire():
 *         print "Thread(%s) locked, Number: %d" % (self.name, num)
 *     lock.release()
 *
 * Look at next_number(): it acquires the lock that its caller holds already. A plain Lock would wait for
 * ever here; an RLock counts, and is free after as many releases.
 */
#include "example.h"

static threading_rlock_t lock; /* zeros are an unlocked lock */
static int num;

static int next_number(const char *name)
{
    THREADING_MUST(threading_rlock_acquire(&lock));
    int number = num++;
    printf("Thread(%s) locked %d times, Number: %d\n", name, (int)threading_rlock_count(&lock), number);
    threading_rlock_release(&lock);
    return number;
}

/* Counts once more, unless six is reached. */
static bool count(const char *name)
{
    THREADING_MUST(threading_rlock_acquire(&lock));
    bool more = num < 6;
    if (more) {
        int number = next_number(name);
        pause_for(1);
        printf("Thread(%s) released, Number: %d\n", name, number);
    }
    threading_rlock_release(&lock);
    return more;
}

static void *run(void *unused)
{
    (void)unused;
    while (count(threading_thread_name(threading_current_thread())))
        pause_for(1);
    return NULL;
}

int main(int argc, char **argv)
{
    example_begin(argc, argv);
    threading_thread_t *t1 = THREADING_MUST_SPAWN(run, NULL, .name = "thread1");
    threading_thread_t *t2 = THREADING_MUST_SPAWN(run, NULL, .name = "thread2");
    /* Handles may be given back at once: the process waits for its threads when main returns. */
    threading_thread_free(t1);
    threading_thread_free(t2);
    return 0;
}
