/* SPDX-License-Identifier: MIT */
/*
 * What checkers of races see of programs that use the library.
 *
 *     checked guarded     plain variables, each guarded by another kind of object: nothing may be reported
 *     checked try         RLocks in one order, and tried in the other, which is right: Helgrind alone calls it wrong
 *     checked race        a variable that nothing guards: it must be reported, in add_unguarded
 *     checked order       two RLocks in one order and in the other: reported, by those who look for it
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "threading.h"

#define ROUNDS 20

static void must(threading_status_t status)
{
    if (status == THREADING_OK)
        return;
    fprintf(stderr, "%s\n", threading_status_name(status));
    _Exit(1);
}

/* Call both, the second in this thread, at once. */
static void beside(void *(*one)(void *arg), void *(*other)(void *arg), void *arg)
{
    threading_thread_t *thread = threading_thread(one, arg, .name = "Beside");
    must(threading_thread_start(thread));
    other(arg);
    must(threading_thread_join(thread));
    threading_thread_free(thread);
}

/* ---- as mutexes ---- */

static struct {
    threading_lock_t lock;
    threading_rlock_t outer;
    threading_rlock_t inner;
    threading_semaphore_t semaphore;
    threading_rwlock_t rwlock;
    long by_lock;
    long by_rlock;
    long by_semaphore;
    long by_rwlock;
} shared = {.semaphore = THREADING_SEMAPHORE_INIT(1)};

static void add_by_rlock(void)
{
    must(threading_rlock_acquire(&shared.outer));
    must(threading_rlock_acquire(&shared.inner));
    must(threading_rlock_acquire(&shared.outer));
    shared.by_rlock++;
    must(threading_rlock_release(&shared.outer));
    must(threading_rlock_release(&shared.inner));
    must(threading_rlock_release(&shared.outer));
}

static void *add_to_all(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        THREADING_WITH_LOCK(&shared.lock)
            shared.by_lock++;
        add_by_rlock();
        THREADING_WITH_SEMAPHORE(&shared.semaphore)
            shared.by_semaphore++;
        THREADING_WITH_WRITE(&shared.rwlock)
            shared.by_rwlock++;
        THREADING_WITH_READ(&shared.rwlock)
            if (shared.by_rwlock == 0)
                abort();
    }
    return NULL;
}

/* ---- as messages ---- */

static struct {
    threading_lock_t baton; /* acquired by the one, released by the other */
    threading_event_t event;
    threading_condition_t condition;
    threading_barrier_t barrier;
    threading_queue_t *queue;
    bool is_set;
    long by_baton;
    long by_event;
    long by_condition;
    long by_barrier[2];
} told = {.condition = THREADING_CONDITION_INIT, .barrier = THREADING_BARRIER_INIT(2)};

static void *tell(void *arg)
{
    long *sent = (long *)malloc(sizeof *sent);
    (void)arg;
    if (sent == NULL)
        abort();
    *sent = 1;
    must(threading_queue_put(told.queue, &sent));
    told.by_baton++;
    must(threading_lock_release(&told.baton));
    told.by_event++;
    must(threading_event_set(&told.event));
    THREADING_WITH_CONDITION(&told.condition) {
        told.by_condition++;
        told.is_set = true;
        must(threading_condition_notify_all(&told.condition));
    }
    told.by_barrier[0]++;
    must(threading_barrier_wait(&told.barrier, NULL));
    return NULL;
}

static void *hear(void *arg)
{
    long *sent;
    (void)arg;
    must(threading_queue_get(told.queue, &sent));
    ++*sent;
    free(sent);
    must(threading_lock_acquire(&told.baton));
    told.by_baton++;
    must(threading_event_wait(&told.event));
    told.by_event++;
    THREADING_WITH_CONDITION(&told.condition) {
        while (!told.is_set)
            must(threading_condition_wait(&told.condition));
        told.by_condition++;
    }
    must(threading_barrier_wait(&told.barrier, NULL));
    told.by_barrier[1] = told.by_barrier[0];
    return NULL;
}

static void pass_messages(void)
{
    told.queue = threading_queue_new(THREADING_QUEUE_FIFO, sizeof(long *), 0, NULL);
    must(threading_lock_acquire(&told.baton));
    beside(tell, hear, NULL);
    threading_queue_free(told.queue);
}

/* ---- as results ---- */

static struct {
    threading_once_t once;
    long by_once;
    long by_future;
    long by_timer;
} made;

static void make_once(void *arg)
{
    (void)arg;
    made.by_once++;
}

static void *make_task(void *arg)
{
    long *number = (long *)arg;
    must(threading_once(&made.once, make_once, NULL));
    *number += made.by_once;
    return number;
}

static void make_at_last(void *arg)
{
    ++*(long *)arg;
}

static void await_results(void)
{
    threading_executor_t *executor = threading_executor_new(2, NULL);
    threading_future_t *futures[2];
    long numbers[2] = {0, 0};
    void *result;
    for (int i = 0; i < 2; i++)
        must(threading_executor_submit(executor, make_task, &numbers[i], &futures[i]));
    for (int i = 0; i < 2; i++) {
        must(threading_future_result(futures[i], &result));
        made.by_future += *(long *)result;
        threading_future_free(futures[i]);
    }
    threading_executor_free(executor);
    threading_thread_t *timer = threading_timer_new(0.01, make_at_last, &made.by_timer);
    must(threading_thread_start(timer));
    must(threading_thread_join(timer));
    made.by_timer++;
    threading_thread_free(timer);
}

static void use_all_rightly(void)
{
    beside(add_to_all, add_to_all, NULL);
    pass_messages();
    await_results();
}

/* ---- a try, which can be no part of a deadlock ---- */
static void *try_in_disorder(void *arg)
{
    (void)arg;
    must(threading_rlock_acquire(&shared.inner));
    if (threading_rlock_try_acquire(&shared.outer) == THREADING_OK) {
        shared.by_rlock++;
        must(threading_rlock_release(&shared.outer));
    }
    must(threading_rlock_release(&shared.inner));
    return NULL;
}

/* ---- wrongly ---- */

static long unguarded;

static void add_unguarded(void)
{
    unguarded++;
}

/* The barrier comes before the race, the lock is another one. */
static void *race(void *arg)
{
    (void)arg;
    must(threading_barrier_wait(&told.barrier, NULL));
    for (int i = 0; i < ROUNDS; i++)
        add_unguarded();
    THREADING_WITH_LOCK(&shared.lock)
        shared.by_lock++;
    return NULL;
}

static void *nest(threading_rlock_t *first, threading_rlock_t *second)
{
    must(threading_rlock_acquire(first));
    must(threading_rlock_acquire(second));
    must(threading_rlock_release(second));
    must(threading_rlock_release(first));
    return NULL;
}

static void *take_in_order(void *arg)
{
    (void)arg;
    return nest(&shared.outer, &shared.inner);
}

static void *take_in_disorder(void *arg)
{
    (void)arg;
    return nest(&shared.inner, &shared.outer);
}

static void *do_nothing(void *arg)
{
    return arg;
}

int main(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "";
    if (strcmp(what, "guarded") == 0) {
        use_all_rightly();
    } else if (strcmp(what, "try") == 0) {
        beside(take_in_order, do_nothing, NULL);
        beside(try_in_disorder, do_nothing, NULL);
    } else if (strcmp(what, "race") == 0) {
        beside(race, race, NULL);
    } else if (strcmp(what, "order") == 0) {
        /* One after the other, so that nobody is told of a deadlock. */
        beside(take_in_order, do_nothing, NULL);
        beside(take_in_disorder, do_nothing, NULL);
    } else {
        fprintf(stderr, "usage: checked guarded|try|race|order\n");
        return 2;
    }
    puts("done");
    return 0;
}
