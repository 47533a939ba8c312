/* SPDX-License-Identifier: MIT */
#include "threading.h"

#include <stdio.h>
#include <stdlib.h>

#include "plugin.h"

static void expect(bool condition)
{
    if (condition)
        return;
    puts("the plugin failed");
    fflush(stdout);
    _Exit(99);
}

static threading_lock_t lock;
static threading_rlock_t rlock;
static threading_local_t local = THREADING_LOCAL_INIT(int);
static threading_event_t may_go;
static threading_condition_t turn = THREADING_CONDITION_INIT;
static bool is_turn_awaited; /* under its lock */
static threading_thread_t *worker;
static threading_executor_t *pool;

static void use(void)
{
    expect(threading_lock_acquire(&lock) == THREADING_OK && threading_lock_release(&lock) == THREADING_OK);
    expect(threading_rlock_acquire(&rlock) == THREADING_OK &&
           threading_rlock_release(&rlock) == THREADING_OK);
    int *copy = (int *)threading_local_get(&local);
    expect(copy != NULL);
    ++*copy;
    expect(threading_thread_is_alive(threading_current_thread()));
}

static void *use_in_a_thread(void *arg)
{
    use();
    return arg;
}

static threading_thread_t *start(threading_target_t target, void *arg, int daemon)
{
    threading_thread_options_t options = {.daemon = daemon};
    threading_thread_t *thread = threading_thread_new(target, arg, &options);
    expect(thread != NULL && threading_thread_start(thread) == THREADING_OK);
    return thread;
}

static void finish(threading_thread_t *thread)
{
    expect(threading_thread_join(thread) == THREADING_OK);
    threading_thread_free(thread);
}

static void run_thread(void)
{
    finish(start(use_in_a_thread, NULL, THREADING_DAEMON));
}

static int active_count(void)
{
    return (int)threading_active_count();
}

static void wait_to_be_let(void)
{
    expect(threading_event_wait(&may_go) == THREADING_OK);
}

/* A thread that has the condition's lock and sees that it is awaited knows that the other thread waits. */
static void wait_for_turn(void)
{
    expect(threading_condition_acquire(&turn) == THREADING_OK);
    is_turn_awaited = true;
    expect(threading_condition_wait(&turn) == THREADING_OK);
    expect(threading_condition_release(&turn) == THREADING_OK);
}

static int is_awaited(void)
{
    expect(threading_condition_acquire(&turn) == THREADING_OK);
    int awaited = is_turn_awaited;
    expect(threading_condition_release(&turn) == THREADING_OK);
    return awaited;
}

static void give_turn(void)
{
    expect(threading_condition_acquire(&turn) == THREADING_OK);
    expect(threading_condition_notify(&turn, 1) == THREADING_OK);
    expect(threading_condition_release(&turn) == THREADING_OK);
}

static void *stay(void *arg)
{
    use();
    wait_to_be_let();
    return arg;
}

static void start_daemon(void)
{
    expect(threading_start_new_thread(stay, NULL, NULL) == THREADING_OK);
}

static void start_worker(void)
{
    worker = start(stay, NULL, THREADING_DAEMON);
}

static void join_worker(void)
{
    finish(worker);
}

static void *outlive_main(void *arg)
{
    expect(threading_thread_join(threading_main_thread()) == THREADING_OK);
    puts("worker");
    fflush(stdout);
    return arg;
}

static void start_speaker(void)
{
    threading_thread_free(start(outlive_main, NULL, THREADING_NOT_DAEMON));
}

static void start_pool(void)
{
    pool = threading_executor_new(2, NULL);
    expect(pool != NULL);
    for (int i = 0; i < 4; i++)
        expect(threading_executor_submit(pool, stay, NULL, NULL) == THREADING_OK);
}

static void end_pool(void)
{
    expect(threading_executor_shutdown(pool, true, false) == THREADING_OK);
    threading_executor_free(pool);
}

static void let_go(void)
{
    expect(threading_event_set(&may_go) == THREADING_OK);
}

static int unload(void)
{
    return (int)threading_unload();
}

static void *unload_there(void *status)
{
    *(int *)status = unload();
    return NULL;
}

static int unload_in_a_thread(void)
{
    int status = THREADING_OK;
    finish(start(unload_there, &status, THREADING_DAEMON));
    return status;
}

#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const plugin_calls *
plugin(void)
{
    static const plugin_calls calls = {
        .use = use,
        .run_thread = run_thread,
        .active_count = active_count,
        .start_daemon = start_daemon,
        .start_worker = start_worker,
        .start_speaker = start_speaker,
        .join_worker = join_worker,
        .start_pool = start_pool,
        .end_pool = end_pool,
        .wait_for_turn = wait_for_turn,
        .is_awaited = is_awaited,
        .give_turn = give_turn,
        .let_go = let_go,
        .unload = unload,
        .unload_in_a_thread = unload_in_a_thread,
    };
    return &calls;
}
