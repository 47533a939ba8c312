/* SPDX-License-Identifier: MIT */
/*
 * One thread waits for two things at once: a job in the queue, or the wish that it should end.
 *
 *     # Python has nothing like it for threads: there one polls, or puts a special item into the queue.
 *
 * Look at the loop: the wait tells which of its sources is ready and takes nothing, so the job is still to be
 * got. As many sources of any kind may be in the array: threads, events, semaphores, queues, futures.
 */
#include "example.h"

struct service {
    threading_queue_t *jobs;
    threading_event_t quit;
};

static void do_job(int job)
{
    printf("job %d is done\n", job);
}

static void *serve(void *arg)
{
    struct service *service = arg;
    enum { JOBS, QUIT };
    threading_source_t sources[] = {THREADING_SOURCE_QUEUE(service->jobs),
                                    THREADING_SOURCE_EVENT(&service->quit)};
    size_t which;
    int job;
    do {
        THREADING_MUST(threading_wait_any(sources, 2, THREADING_FOREVER, &which));
        if (which == JOBS && threading_queue_try_get(service->jobs, &job) == THREADING_OK) {
            do_job(job);
            THREADING_MUST(threading_queue_task_done(service->jobs));
        }
    } while (which != QUIT);
    printf("quit\n");
    return NULL;
}

int main(void)
{
    static struct service service;
    service.jobs = threading_queue_new(THREADING_QUEUE_FIFO, sizeof(int), 0, NULL);
    threading_thread_t *thread = THREADING_MUST_SPAWN(serve, &service, .name = "service");
    for (int job = 1; job <= 3; job++)
        THREADING_MUST(threading_queue_put(service.jobs, &job));
    THREADING_MUST(
        threading_queue_join(service.jobs)); /* until they are done: quit would not wait for them */
    THREADING_MUST(threading_event_set(&service.quit));
    THREADING_MUST(threading_thread_join(thread));
    threading_thread_free(thread);
    threading_queue_free(service.jobs);
    return 0;
}
