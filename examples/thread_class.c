/* SPDX-License-Identifier: MIT */
/*
 * A class of threads: a struct is the object, its `run` function is the target.
 *
 *     class myThread (threading.Thread):
 *         def run(self):
 *             threadLock.acquire()
 *             print_time(self.name, self.counter, 3)
 *             threadLock.release()
 *
 * Look at the lock: both threads start at once, and still one prints all its times before the other.
 */
#include "example.h"

static threading_lock_t thread_lock; /* zeros are an unlocked lock */

struct my_thread {
    int id;
    const char *name;
    int counter; /* seconds between two prints */
    threading_thread_t *thread;
};

static void print_time(const char *thread_name, int delay, int counter)
{
    while (counter-- > 0) {
        pause_for(delay);
        printf("%s: %s\n", thread_name, ctime_now().text);
    }
}

static void *run(void *arg)
{
    struct my_thread *self = arg;
    printf("Starting %s\n", self->name);
    threading_lock_acquire(&thread_lock);
    print_time(self->name, self->counter, 3);
    threading_lock_release(&thread_lock);
    return NULL;
}

int main(int argc, char **argv)
{
    struct my_thread threads[] = {{1, "Thread-1", 1, NULL}, {2, "Thread-2", 2, NULL}};
    example_begin(argc, argv);
    for (int i = 0; i < 2; i++)
        threads[i].thread = THREADING_MUST_SPAWN(run, &threads[i], .name = threads[i].name);
    for (int i = 0; i < 2; i++) {
        THREADING_MUST(threading_thread_join(threads[i].thread));
        threading_thread_free(threads[i].thread);
    }
    printf("Exiting Main Thread\n");
    return 0;
}
