/* SPDX-License-Identifier: MIT */
/*
 * Handlers of users around a fork, registered before the library's first use, as pthread_atfork is used:
 * they call what they like, and hold locks over the fork.
 *
 * Where a case says "vanished", it means a thread of the parent, seen from the child.
 */
#include "child.h"
#include "crowd.h"
#include "gate.h"

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>

static void handle_unused(role_t prepare, role_t parent, role_t child)
{
    needs_fork_hooks();
    CHECK_EQUAL(pthread_atfork(prepare, parent, child), 0);
}

#else

static void handle_unused(role_t prepare, role_t parent, role_t child)
{
    (void)prepare, (void)parent, (void)child;
    SKIP("no fork here");
}

#endif

/* -------------------------------------------------------------------------------------- helpers */

/* The library's first use comes after the registration. */
static void handle_forks(role_t prepare, role_t parent, role_t child)
{
    handle_unused(prepare, parent, child);
    CHECK(threading_get_ident() != 0);
}

/* How often the handlers have run, so that no case passes because they did not. */
static atomic_int prepared, in_parent, in_the_child;

static void handlers_have_run(void)
{
    CHECK_EQUAL(atomic_load(&prepared), 1);
    CHECK_EQUAL(atomic_load(&in_parent), 0);
    CHECK_EQUAL(atomic_load(&in_the_child), 1);
}

static void fork_once(void)
{
    in_child(handlers_have_run);
    CHECK_EQUAL(atomic_load(&prepared), 1);
    CHECK_EQUAL(atomic_load(&in_parent), 1);
    CHECK_EQUAL(atomic_load(&in_the_child), 0);
}

static void *fork_there(void *arg)
{
    fork_once();
    return arg;
}

/* ---------------------------------------------------------------------------- what handlers may call */

static void start_and_join(void)
{
    void *result = NULL;
    threading_thread_t *thread = started(return_at_once, &result);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK_STATUS(threading_thread_result(thread, &result), THREADING_OK);
    CHECK(result == &result);
    threading_thread_free(thread);
}

static void start_in_prepare(void)
{
    start_and_join();
    atomic_fetch_add(&prepared, 1);
}

static void start_in_parent(void)
{
    start_and_join();
    atomic_fetch_add(&in_parent, 1);
}

static void start_in_child(void)
{
    if (!CHILD_OF_TSAN)
        start_and_join();
    atomic_fetch_add(&in_the_child, 1);
}

CASE(handlers_start_and_join_threads)
{
    handle_forks(start_in_prepare, start_in_parent, start_in_child);
    fork_once();
}

CASE(handlers_start_and_join_threads_in_a_first_use)
{
    handle_unused(start_in_prepare, start_in_parent, start_in_child);
    fork_once();
}

static void use_in_the_child(void)
{
    start_in_child();
    CHECK_EQUAL(threading_active_count(), 1);
    CHECK(threading_current_thread() == threading_main_thread());
}

static void use_only_in_the_child(void)
{
    CHECK_EQUAL(atomic_load(&in_the_child), 1);
}

static void do_nothing(void)
{
}

static void *fork_without_a_use(void *arg)
{
    in_child(use_only_in_the_child);
    return arg;
}

CASE(child_handler_is_the_first_use)
{
    handle_unused(do_nothing, do_nothing, use_in_the_child);
    fork_without_a_use(NULL);
    foreign_join(foreign_start(fork_without_a_use, NULL));
}

CASE(handlers_of_a_workers_fork_start_and_join_threads)
{
    handle_forks(start_in_prepare, start_in_parent, start_in_child);
    finished(started(fork_there, NULL));
}

CASE(handlers_of_an_unknown_threads_fork_start_and_join_threads)
{
    handle_forks(start_in_prepare, start_in_parent, start_in_child);
    foreign_join(foreign_start(fork_there, NULL));
}

static threading_lock_t gate;
static size_t listed_in_prepare;

static size_t list(void)
{
    threading_thread_t *listed[8];
    CHECK(
        threading_thread_is_alive(threading_current_thread())); /* a foreign thread is listed from here on */
    size_t count = threading_enumerate(listed, 8);
    CHECK(count <= 8);
    CHECK(listed[0] == threading_main_thread());
    for (size_t i = 0; i < count; i++)
        threading_thread_free(listed[i]);
    CHECK_EQUAL(threading_active_count(), count);
    return count;
}

static void list_in_prepare(void)
{
    listed_in_prepare = list();
    atomic_fetch_add(&prepared, 1);
}

static void list_in_parent(void)
{
    CHECK_EQUAL(list(), listed_in_prepare);
    atomic_fetch_add(&in_parent, 1);
}

static void list_in_child(void)
{
    CHECK_EQUAL(list(), 1);
    CHECK(threading_current_thread() == threading_main_thread());
    atomic_fetch_add(&in_the_child, 1);
}

CASE(handlers_list_threads_and_ask_who_they_are)
{
    threading_thread_t *threads[3];
    handle_forks(list_in_prepare, list_in_parent, list_in_child);
    gate_close(&gate);
    start_many(threads, 3, wait_at_gate, &gate);
    fork_once();
    CHECK_EQUAL(listed_in_prepare, 4);
    gate_open(&gate);
    finish_many(threads, 3);
}

static void *fork_as_a_dummy(void *arg)
{
    fork_once();
    CHECK_EQUAL(listed_in_prepare, 2);
    return arg;
}

CASE(handlers_of_an_unknown_threads_fork_ask_who_they_are)
{
    handle_forks(list_in_prepare, list_in_parent, list_in_child);
    foreign_join(foreign_start(fork_as_a_dummy, NULL));
}

enum { locals_each = 20 };
static threading_local_t locals[3][locals_each];

/* In a table that has to grow. */
static void use_locals(threading_local_t *which)
{
    for (int i = 0; i < locals_each; i++) {
        CHECK_STATUS(threading_local_init(&which[i], sizeof(int), NULL, NULL), THREADING_OK);
        int *copy = threading_local_get(&which[i]);
        CHECK(copy != NULL && *copy == 0);
        *copy = i;
    }
}

static void destroy_locals(threading_local_t *which)
{
    for (int i = 0; i < locals_each; i++) {
        CHECK_EQUAL(*(int *)threading_local_get(&which[i]), i);
        CHECK_STATUS(threading_local_destroy(&which[i]), THREADING_OK);
    }
}

static void locals_in_prepare(void)
{
    use_locals(locals[0]);
    atomic_fetch_add(&prepared, 1);
}

static void locals_in_parent(void)
{
    use_locals(locals[1]);
    destroy_locals(locals[0]);
    atomic_fetch_add(&in_parent, 1);
}

static void locals_in_child(void)
{
    use_locals(locals[2]);
    destroy_locals(locals[0]);
    atomic_fetch_add(&in_the_child, 1);
}

CASE(handlers_use_locals_for_the_first_time)
{
    handle_forks(locals_in_prepare, locals_in_parent, locals_in_child);
    fork_once();
}

/* -------------------------------------------------------------------------- locks held over the fork */

static threading_lock_t lock;
static threading_rlock_t rlock;
static threading_condition_t condition = THREADING_CONDITION_INIT;
static atomic_int holding, waited;

static THREADING_NO_ANALYSIS void hold(void)
{
    CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    CHECK_STATUS(threading_condition_acquire(&condition), THREADING_OK);
    atomic_fetch_add(&prepared, 1);
}

static THREADING_NO_ANALYSIS void let_go(void)
{
    CHECK_STATUS(threading_condition_notify_all(&condition), THREADING_OK);
    CHECK_STATUS(threading_condition_release(&condition), THREADING_OK);
    CHECK_EQUAL(threading_rlock_count(&rlock), 1);
    CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
}

static void let_go_in_parent(void)
{
    let_go();
    atomic_fetch_add(&in_parent, 1);
}

static void let_go_in_child(void)
{
    let_go();
    atomic_fetch_add(&in_the_child, 1);
}

/* What needs the registry and the locals while it holds what the prepare handler waits for. */
static THREADING_NO_ANALYSIS void *hold_and_start(void *arg)
{
    CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    atomic_store(&holding, 1);
    threading_sleep(0.05); /* it makes it likely that the prepare handler waits */
    start_and_join();
    use_locals(locals[0]);
    CHECK(threading_active_count() >= 2);
    CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    return arg;
}

CASE(prepare_handler_waits_for_a_thread_that_starts_another_one)
{
    handle_forks(hold, let_go_in_parent, let_go_in_child);
    threading_thread_t *holder = started(hold_and_start, NULL);
    AWAIT(atomic_load(&holding) == 1);
    fork_once();
    finished(holder);
}

/* The prepare handler holds the locks until others wait for them, or are likely to. */
static void hold_until_others_wait(void)
{
    hold();
    AWAIT(atomic_load(&holding) == 3);
    threading_sleep(0.05);
}

static THREADING_NO_ANALYSIS void *wait_for_lock(void *arg)
{
    AWAIT(atomic_load(&prepared) == 1);
    atomic_fetch_add(&holding, 1);
    CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
    atomic_fetch_add(&waited, 1);
    CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    return arg;
}

static THREADING_NO_ANALYSIS void *wait_for_rlock(void *arg)
{
    AWAIT(atomic_load(&prepared) == 1);
    atomic_fetch_add(&holding, 1);
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    atomic_fetch_add(&waited, 1);
    CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    return arg;
}

static THREADING_NO_ANALYSIS void *wait_for_condition(void *arg)
{
    CHECK_STATUS(threading_condition_acquire(&condition), THREADING_OK);
    atomic_fetch_add(&holding, 1); /* it holds the lock, so the prepare handler comes when it waits */
    CHECK_STATUS(threading_condition_wait(&condition), THREADING_OK);
    atomic_fetch_add(&waited, 1);
    CHECK_STATUS(threading_condition_release(&condition), THREADING_OK);
    return arg;
}

/* The vanished waiters are not handed what the child releases. */
static THREADING_NO_ANALYSIS void all_can_be_acquired(void)
{
    handlers_have_run();
    CHECK_STATUS(threading_lock_acquire_timeout(&lock, 5), THREADING_OK);
    CHECK_STATUS(threading_rlock_acquire_timeout(&rlock, 5), THREADING_OK);
    CHECK_STATUS(threading_condition_acquire_timeout(&condition, 5), THREADING_OK);
    CHECK_STATUS(threading_condition_wait_timeout(&condition, 0.001), THREADING_TIMEOUT);
    let_go();
}

static void *fork_with_waiters(void *arg)
{
    threading_thread_t *waiters[3] = {started(wait_for_lock, NULL), started(wait_for_rlock, NULL),
                                      started(wait_for_condition, NULL)};
    AWAIT(atomic_load(&holding) == 1);
    in_child(all_can_be_acquired);
    AWAIT(atomic_load(&waited) == 3);
    finish_many(waiters, 3);
    return arg;
}

CASE(locks_held_over_the_fork_are_released_in_both_though_others_wait)
{
    handle_forks(hold_until_others_wait, let_go_in_parent, let_go_in_child);
    fork_with_waiters(NULL);
}

CASE(locks_held_over_a_workers_fork_are_released_in_both_though_others_wait)
{
    handle_forks(hold_until_others_wait, let_go_in_parent, let_go_in_child);
    finished(started(fork_with_waiters, NULL));
}

CASE(locks_held_over_an_unknown_threads_fork_are_released_in_both_though_others_wait)
{
    handle_forks(hold_until_others_wait, let_go_in_parent, let_go_in_child);
    foreign_join(foreign_start(fork_with_waiters, NULL));
}

/* Nothing but the handlers uses the library. */
CASE(locks_held_over_the_fork_are_the_first_use)
{
    handle_unused(hold, let_go_in_parent, let_go_in_child);
    fork_once();
}

/* ------------------------------------------------------------------------------------- under load */

static atomic_bool may_end;
static atomic_int rounds;

static void *task(void *arg)
{
    return arg;
}

static THREADING_NO_ANALYSIS void hammer_once(threading_executor_t *pool)
{
    threading_local_t local = THREADING_LOCAL_INIT(int);
    threading_future_t *future = NULL;
    finished(started(return_at_once, NULL));
    CHECK(threading_local_get(&local) != NULL);
    CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
    CHECK_STATUS(threading_executor_submit(pool, task, NULL, &future), THREADING_OK);
    CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    CHECK_STATUS(threading_future_result(future, NULL), THREADING_OK);
    threading_future_free(future);
    CHECK(threading_active_count() > 0);
    CHECK_STATUS(threading_local_destroy(&local), THREADING_OK);
}

static void *hammer(void *pool)
{
    while (!atomic_load(&may_end)) {
        hammer_once((threading_executor_t *)pool);
        atomic_fetch_add(&rounds, 1);
    }
    return NULL;
}

static void use_all_in_prepare(void)
{
    start_and_join();
    use_locals(locals[0]);
    destroy_locals(locals[0]);
    hold();
}

static void use_all_in_parent(void)
{
    let_go();
    start_and_join();
    use_locals(locals[1]);
    destroy_locals(locals[1]);
    CHECK(threading_active_count() > 16);
}

static void use_all_in_child(void)
{
    let_go();
    CHECK_EQUAL(list(), 1);
    if (!CHILD_OF_TSAN)
        start_and_join();
    use_locals(locals[1]);
    destroy_locals(locals[1]);
    atomic_fetch_add(&in_the_child, 1);
}

static void child_handler_has_run(void)
{
    CHECK_EQUAL(atomic_load(&in_the_child), 1);
}

CASE(handlers_use_everything_while_sixteen_threads_do)
{ /* slow */
    threading_thread_t *threads[16];
    needs_memory_in_the_child();
    handle_forks(use_all_in_prepare, use_all_in_parent, use_all_in_child);
    threading_executor_t *pool = threading_executor_new(2, NULL);
    CHECK(pool != NULL);
    start_many(threads, 16, hammer, pool);
    for (int i = 0; i < (is_slow() ? 5 : 25); i++) {
        int before = atomic_load(&rounds);
        in_child(child_handler_has_run);
        AWAIT(atomic_load(&rounds) > before);
    }
    atomic_store(&may_end, true);
    finish_many(threads, 16);
    CHECK_STATUS(threading_executor_shutdown(pool, true, false), THREADING_OK);
    threading_executor_free(pool);
}
