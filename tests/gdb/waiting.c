/* SPDX-License-Identifier: MIT */
/* Threads that wait for one thing each, in a state that is always the same; gdb looks at it in known_state(). */
#include <stdio.h>
#include <stdlib.h>

#include "threading.h"

static threading_lock_t lock;
static threading_rlock_t rlock;
static threading_condition_t condition = THREADING_CONDITION_INIT;
static threading_event_t event;
static threading_semaphore_t semaphore = THREADING_SEMAPHORE_INIT(0);
static threading_barrier_t barrier = THREADING_BARRIER_INIT(2);
static threading_rwlock_t rwlock;
static threading_rwlock_t often_read;
static threading_once_t once;
static threading_bounded_semaphore_t bounded = THREADING_BOUNDED_SEMAPHORE_INIT(3);
static threading_stop_t stop;
static threading_queue_t *queue;
static threading_executor_t *executor;
static threading_executor_t *idle;
static threading_future_t *done;
static threading_future_t *running;
static threading_future_t *pending;
static threading_thread_t *owner;

static void must(threading_status_t status)
{
    if (status == THREADING_OK)
        return;
    fprintf(stderr, "%s\n", threading_status_name(status));
    _Exit(1);
}

/* Has two levels of the RLock and waits for the Lock, which main has. */
static void *own_rlock(void *arg)
{
    (void)arg;
    must(threading_rlock_acquire(&rlock));
    must(threading_rlock_acquire(&rlock));
    must(threading_lock_acquire(&lock));
    return NULL;
}

static void *want_rlock(void *arg)
{
    (void)arg;
    must(threading_rlock_acquire(&rlock));
    return NULL;
}

static void *wait_for_condition(void *arg)
{
    (void)arg;
    must(threading_condition_acquire(&condition));
    must(threading_condition_wait(&condition));
    return NULL;
}

static void *wait_for_event(void *arg)
{
    (void)arg;
    must(threading_event_wait(&event));
    return NULL;
}

static void *read_and_listen(void *arg)
{
    must(threading_rwlock_acquire_read(&often_read));
    return wait_for_event(arg);
}

static void *read_for_ever(void *arg)
{
    (void)arg;
    must(threading_rwlock_acquire_read(&often_read));
    return NULL;
}

static void *want_semaphore(void *arg)
{
    (void)arg;
    must(threading_semaphore_acquire(&semaphore));
    return NULL;
}

static void *wait_at_barrier(void *arg)
{
    (void)arg;
    must(threading_barrier_wait(&barrier, NULL));
    return NULL;
}

static void *want_to_write(void *arg)
{
    (void)arg;
    must(threading_rwlock_acquire_write(&rwlock));
    return NULL;
}

static void *want_item(void *arg)
{
    int item;
    (void)arg;
    must(threading_queue_get(queue, &item));
    return NULL;
}

static void *join_owner(void *arg)
{
    (void)arg;
    must(threading_thread_join(owner));
    return NULL;
}

static void *want_result(void *arg)
{
    void *result;
    (void)arg;
    must(threading_future_result(running, &result));
    return NULL;
}

static void listen(void *arg)
{
    (void)wait_for_event(arg);
}

static void *listen_once(void *arg)
{
    must(threading_once(&once, listen, arg));
    return NULL;
}

static void *give_seven(void *arg)
{
    (void)arg;
    return (void *)(uintptr_t)7;
}

/* In a worker: the new task is in that one's ring. */
static void *submit_and_listen(void *arg)
{
    must(threading_executor_submit(executor, give_seven, NULL, NULL));
    return wait_for_event(arg);
}

static void *give_native_id(void *arg)
{
    (void)arg;
    return (void *)(uintptr_t)threading_get_native_id();
}

/* Whether the system says that a thread sleeps: the letter behind its name. */
static bool sleeps(uint64_t native_id)
{
    char path[64];
    char state = 0;
    (void)snprintf(path, sizeof path, "/proc/self/task/%llu/stat", (unsigned long long)native_id);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    if (fscanf(file, "%*[^)]) %c", &state) != 1)
        state = 0;
    (void)fclose(file);
    return state == 'S';
}

/* No sleep before its wait lasts that long. */
static void await_sleep(uint64_t native_id)
{
    for (int looks = 0; looks < 5; looks = sleeps(native_id) ? looks + 1 : 0)
        must(threading_sleep(0.002));
}

/* Start a thread, and go on when it has come to its wait. */
static threading_lock_t crosswise[2];
static threading_barrier_t both_have_one = THREADING_BARRIER_INIT(2);

static void lock_crosswise(int first)
{
    must(threading_lock_acquire(&crosswise[first]));
    must(threading_barrier_wait(&both_have_one, NULL));
    must(threading_lock_acquire(&crosswise[1 - first]));
}

static void *one_way(void *arg)
{
    lock_crosswise(0);
    return arg;
}

static void *other_way(void *arg)
{
    lock_crosswise(1);
    return arg;
}

static void *wait_for_several(void *arg)
{
    threading_source_t sources[2] = {THREADING_SOURCE_EVENT(&event), THREADING_SOURCE_FUTURE(pending)};
    must(threading_wait_any(sources, 2, THREADING_FOREVER, NULL));
    return arg;
}

static threading_thread_t *start(const char *name, threading_target_t target, int daemon)
{
    threading_thread_t *thread = threading_thread(target, NULL, .name = name, .daemon = daemon);
    must(threading_thread_start(thread));
    await_sleep(threading_thread_native_id(thread));
    return thread;
}

/* Read a lock so often that it is biased, where that can be, and keep two levels. */
static void read_often(void)
{
    for (int i = 0; i < 5000; i++) {
        must(threading_rwlock_acquire_read(&often_read));
        must(threading_rwlock_release_read(&often_read));
    }
    must(threading_rwlock_acquire_read(&often_read));
    must(threading_rwlock_acquire_read(&often_read));
}

/* An executor whose worker waits for a task. */
static void make_idle(void)
{
    void *native_id;
    threading_future_t *future;
    idle = threading_executor_new(4, &(threading_executor_options_t){.name = "Idle"});
    must(threading_executor_submit(idle, give_native_id, NULL, &future));
    must(threading_future_result(future, &native_id));
    await_sleep((uintptr_t)native_id);
}

static void known_state(void)
{
    must(threading_sleep(0));
}

int main(void)
{
    void *result;
    queue = threading_queue_new(THREADING_QUEUE_FIFO, sizeof(int), 5, NULL);
    executor = threading_executor_new(1, &(threading_executor_options_t){.name = "Pool"});
    must(threading_executor_submit(executor, give_seven, NULL, &done));
    must(threading_future_result(done, &result));
    must(threading_executor_submit(executor, submit_and_listen, NULL, &running));
    while (!threading_future_running(running))
        must(threading_sleep(0.002));
    must(threading_executor_submit(executor, give_seven, NULL, &pending));
    must(threading_lock_acquire(&lock));
    must(threading_rwlock_acquire_read(&rwlock));
    read_often();
    owner = start("Owner", own_rlock, THREADING_NOT_DAEMON);
    (void)start("Second", want_rlock, THREADING_NOT_DAEMON);
    (void)start("Notified", wait_for_condition, THREADING_DAEMON);
    (void)start("Listener", read_and_listen, THREADING_DAEMON);
    (void)start("Counter", want_semaphore, THREADING_DAEMON);
    (void)start("Party", wait_at_barrier, THREADING_DAEMON);
    (void)start("Writer", want_to_write, THREADING_DAEMON);
    (void)start("Consumer", want_item, THREADING_DAEMON);
    (void)start("Joiner", join_owner, THREADING_DAEMON);
    (void)start("Asker", want_result, THREADING_DAEMON);
    (void)start("Once", listen_once, THREADING_DAEMON);
    (void)start("Later", listen_once, THREADING_DAEMON);
    make_idle();
    threading_thread_t *gone = threading_thread(read_for_ever, NULL, .name = "Gone");
    must(threading_thread_start(gone));
    must(threading_thread_join(gone));
    must(threading_bounded_semaphore_acquire(&bounded));
    must(threading_stop_request(&stop));
    must(threading_object_set_name(&crosswise[1], "second"));
    (void)start("OneWay", one_way, THREADING_DAEMON);
    (void)start("OtherWay", other_way, THREADING_DAEMON);
    (void)start("Several", wait_for_several, THREADING_DAEMON);
    known_state();
    _Exit(0);
}
