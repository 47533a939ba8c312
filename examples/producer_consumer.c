/* SPDX-License-Identifier: MIT */
/*
 * Producers put work into a queue, consumers get it out; the queue makes them wait for each other.
 *
 *     q = queue.Queue(maxsize=3)
 *     q.put(item)
 *     while True:
 *         item = q.get()
 *         …
 *         q.task_done()
 *     q.join()
 *     q.shutdown()
 *
 * Look at the end: join waits until all work is done, not only taken; then shutdown tells the consumers,
 * who wait for more, that there will be no more. No special item is needed for it.
 */
#include "example.h"

enum { PRODUCERS = 2, CONSUMERS = 3, EACH = 6, COUNT = PRODUCERS * EACH };

static threading_queue_t *jobs;
static int squares[COUNT]; /* each is written by one consumer; the join orders it before main's reading */

static void *produce(void *first)
{
    int number = *(int *)first;
    for (int i = 0; i < EACH; i++, number++)
        THREADING_MUST(threading_queue_put(jobs, &number)); /* waits while the queue is full */
    return NULL;
}

static void *consume(void *unused)
{
    int number;
    (void)unused;
    while (threading_queue_get(jobs, &number) == THREADING_OK) { /* waits while it is empty */
        squares[number] = number * number;
        THREADING_MUST(threading_queue_task_done(jobs));
    }
    return NULL; /* shut down */
}

static threading_thread_t *start(threading_target_t target, void *arg)
{
    threading_thread_t *thread = THREADING_MUST_SPAWN(target, arg);
    return thread;
}

static void join(threading_thread_t *thread)
{
    THREADING_MUST(threading_thread_join(thread));
    threading_thread_free(thread);
}

/* Without consumers there is room for three. */
static void show_the_limit(void)
{
    int number = 0;
    while (threading_queue_try_put(jobs, &number) == THREADING_OK)
        continue;
    printf("%d fit, then it is full\n", (int)threading_queue_size(jobs));
    while (threading_queue_try_get(jobs, NULL) == THREADING_OK)
        THREADING_MUST(threading_queue_task_done(jobs));
}

static void work(void)
{
    int first[PRODUCERS] = {0, EACH};
    threading_thread_t *producers[PRODUCERS], *consumers[CONSUMERS];
    for (int i = 0; i < CONSUMERS; i++)
        consumers[i] = start(consume, NULL);
    for (int i = 0; i < PRODUCERS; i++)
        producers[i] = start(produce, &first[i]);
    for (int i = 0; i < PRODUCERS; i++)
        join(producers[i]);                     /* all is put */
    THREADING_MUST(threading_queue_join(jobs)); /* and all is done */
    printf("all is done:");
    for (int i = 0; i < COUNT; i++)
        printf(" %d", squares[i]);
    printf("\n");
    THREADING_MUST(threading_queue_shutdown(jobs, false));
    for (int i = 0; i < CONSUMERS; i++)
        join(consumers[i]);
    printf("all consumers have left\n");
}

int main(void)
{
    int number = 0;
    jobs = threading_queue_new(THREADING_QUEUE_FIFO, sizeof(int), 3, NULL);
    show_the_limit();
    work();
    printf("another put: %s\n", threading_status_message(threading_queue_put(jobs, &number)));
    threading_queue_free(jobs);
    return 0;
}
