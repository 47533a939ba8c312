/* SPDX-License-Identifier: MIT */
/*
 * What a forked child finds: itself, as the main thread, and nobody else.
 *
 * Where a case says "vanished", it means a thread of the parent, seen from the child.
 */
#include <string.h>

#include "child.h"
#include "crowd.h"
#include "gate.h"

/* -------------------------------------------------------------------------------------- helpers */

/* What the thread that forks lets its child do. */
static role_t role;

static void *fork_with_role(void *arg)
{
    in_child(role);
    return arg;
}

static void nothing(void)
{
}

static threading_lock_t gate;
static threading_local_t number = THREADING_LOCAL_INIT(int);

/* How many threads are where a case wants them. A thread that is still being started may hold locks of the C library
 * or of a sanitizer, and the child would find them held. */
static atomic_int ready;

static void *stay(void *where)
{
    atomic_fetch_add(&ready, 1);
    return wait_at_gate(where);
}

/* Threads that will vanish: they stay at a gate that is closed. */
static void start_staying(threading_thread_t **threads, int count, threading_lock_t *where)
{
    start_many(threads, count, stay, where);
    AWAIT(atomic_load(&ready) == count);
}

static void threads_work(void)
{
    threading_lock_t own_gate = {0};
    gate_close(&own_gate);
    threading_thread_t *first = started(wait_at_gate, &own_gate);
    threading_thread_t *second = started(wait_at_gate, &own_gate);
    CHECK_EQUAL(threading_active_count(), 3);
    CHECK_STATUS(threading_thread_set_name(first, "first"), THREADING_OK);
    CHECK_STATUS(threading_thread_join_timeout(first, 0.001), THREADING_TIMEOUT);
    gate_open(&own_gate);
    finished(first);
    finished(second);
}

/* Many parts of the library at once; a lock of its own that was left held would stop the child here. */
static THREADING_NO_ANALYSIS void everything_works(void)
{
    threading_lock_t own_lock = {0};
    threading_rlock_t own_rlock = {0};
    CHECK(threading_current_thread() == threading_main_thread());
    CHECK_EQUAL(threading_active_count(), 1);
    CHECK_STATUS(threading_lock_acquire(&own_lock), THREADING_OK);
    CHECK_STATUS(threading_lock_acquire_timeout(&own_lock, 0.0001), THREADING_TIMEOUT);
    CHECK_STATUS(threading_rlock_acquire(&own_rlock), THREADING_OK);
    CHECK(threading_local_get(&number) != NULL);
    if (!CHILD_OF_TSAN)
        threads_work();
    CHECK_EQUAL(threading_active_count(), 1);
}

/* ------------------------------------------------------------------------------- who is in the child */

static void only_self_is_listed(void)
{
    threading_thread_t *listed[2] = {NULL, NULL};
    CHECK_EQUAL(threading_active_count(), 1);
    CHECK_EQUAL(threading_enumerate(listed, 2), 1);
    CHECK(listed[0] == threading_current_thread());
    CHECK(threading_main_thread() == threading_current_thread());
    CHECK(threading_thread_is_alive(threading_current_thread()));
    threading_thread_free(listed[0]);
}

/*
 * CPython: test_threading.ThreadTests.test_dummy_thread_after_fork,
 * test_threading.ThreadJoinOnShutdown.test_clear_threads_states_after_fork
 */
CASE(child_lists_only_itself)
{
    threading_thread_t *threads[3];
    gate_close(&gate);
    start_staying(threads, 3, &gate);
    in_child(only_self_is_listed);
    gate_open(&gate);
    finish_many(threads, 3);
}

static threading_thread_t *forker; /* the forking thread's object, as the parent saw it */
static uint32_t forker_ident;
static uint64_t forker_native_id;

static void remember_forker(void)
{
    forker = threading_current_thread();
    forker_ident = threading_get_ident();
    forker_native_id = threading_get_native_id();
}

static void forker_is_main_thread(void)
{
    only_self_is_listed();
    CHECK(threading_current_thread() == forker);
    CHECK_TEXT(threading_thread_name(forker), "MainThread");
    CHECK(!threading_thread_daemon(forker));
    CHECK_EQUAL(threading_get_ident(), forker_ident);
    CHECK_EQUAL(threading_thread_ident(forker), forker_ident);
}

/* CPython: test_threading.ThreadTests.test_main_thread_after_fork */
CASE(main_that_forks_stays_main)
{
    remember_forker();
    in_child(forker_is_main_thread);
}

static void worker_became_main(void)
{
    only_self_is_listed();
    CHECK(threading_current_thread() == forker);
    CHECK_TEXT(threading_thread_name(forker), "forking worker");
    CHECK_EQUAL(threading_thread_daemon(forker), true);
    CHECK_EQUAL(threading_get_ident(), forker_ident);
    CHECK_STATUS(threading_thread_start(forker), THREADING_ALREADY_STARTED);
}

static void *fork_as_worker(void *arg)
{
    remember_forker();
    in_child(worker_became_main);
    return arg;
}

/* CPython: test_threading.ThreadTests.test_main_thread_after_fork_from_nonmain_thread */
CASE(worker_that_forks_becomes_main_and_keeps_name_and_daemon_flag)
{
    threading_thread_t *thread =
        threading_thread(fork_as_worker, NULL, .name = "forking worker", .daemon = true);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    finished(thread);
}

static void unknown_became_main(void)
{
    only_self_is_listed();
    CHECK_TEXT(threading_thread_name(threading_current_thread()), "MainThread");
    CHECK(!threading_thread_daemon(threading_current_thread()));
    CHECK_STATUS(threading_thread_start(threading_current_thread()), THREADING_ALREADY_STARTED);
    CHECK_STATUS(threading_thread_join(threading_current_thread()), THREADING_DEADLOCK);
    everything_works();
}

/* CPython: test_threading.ThreadTests.test_main_thread_after_fork_from_foreign_thread */
CASE(foreign_thread_that_forks_becomes_main)
{
    CHECK(threading_main_thread() != NULL);
    role = unknown_became_main;
    foreign_join(foreign_start(fork_with_role, NULL));
}

static void *fork_as_dummy(void *arg)
{
    remember_forker();
    CHECK_TEXT(threading_thread_name(forker), "Dummy-1");
    in_child(unknown_became_main);
    CHECK_TEXT(threading_thread_name(threading_current_thread()), "Dummy-1");
    return arg;
}

/* CPython: test_threading.ThreadTests.test_main_thread_after_fork_from_dummy_thread */
CASE(dummy_that_forks_becomes_main)
{
    foreign_join(foreign_start(fork_as_dummy, NULL));
}

CASE(library_first_used_in_the_child_has_its_main_there)
{
    role = unknown_became_main;
    fork_with_role(NULL);
}

CASE(library_first_used_in_the_child_of_a_foreign_thread_has_its_main_there)
{
    role = unknown_became_main;
    foreign_join(foreign_start(fork_with_role, NULL));
}

static void native_id_is_new(void)
{
    CHECK_EQUAL(threading_get_ident(), forker_ident);
    CHECK(threading_get_native_id() != forker_native_id);
    CHECK(threading_thread_native_id(threading_current_thread()) == threading_get_native_id());
}

static void *fork_for_native_id(void *arg)
{
    remember_forker();
    in_child(native_id_is_new);
    return arg;
}

static threading_thread_t *old_main;
static uintptr_t forker_handle;

static void native_handle_is_the_forkers(void)
{
    CHECK(forker_handle != 0);
    CHECK(threading_current_thread() == threading_main_thread());
    CHECK(threading_thread_native_handle(threading_main_thread()) == forker_handle);
    CHECK(old_main == threading_main_thread() || threading_thread_native_handle(old_main) == 0);
}

static void *fork_for_native_handle(void *arg)
{
    old_main = threading_main_thread();
    forker_handle = threading_thread_native_handle(threading_current_thread());
    in_child(native_handle_is_the_forkers);
    return arg;
}

CASE(native_handle_of_main_is_the_forkers_in_the_child)
{
    fork_for_native_handle(NULL);
    finished(started(fork_for_native_handle, NULL));
    foreign_join(foreign_start(fork_for_native_handle, NULL));
}

/* CPython: test_threading.ThreadTests.test_native_id_after_fork */
CASE(native_id_of_main_is_new_in_the_child_and_ident_kept)
{
    fork_for_native_id(NULL);
}

CASE(native_id_of_a_worker_is_new_in_the_child_and_ident_kept)
{
    finished(started(fork_for_native_id, NULL));
}

/* ---------------------------------------------------------------------- handles of vanished threads */

static threading_thread_t *subject;

static void subject_has_ended(void)
{
    CHECK(!threading_thread_is_alive(subject));
    CHECK_STATUS(threading_thread_try_join(subject), THREADING_OK);
    CHECK_STATUS(threading_thread_join_timeout(subject, 5), THREADING_OK);
    CHECK_STATUS(threading_thread_join(subject), THREADING_OK);
    CHECK_STATUS(threading_thread_start(subject), THREADING_ALREADY_STARTED);
}

/* CPython: test_threading.ThreadTests.test_is_alive_after_fork */
CASE(vanished_thread_is_not_alive_and_joined_at_once)
{
    gate_close(&gate);
    start_staying(&subject, 1, &gate);
    in_child(subject_has_ended);
    CHECK(threading_thread_is_alive(subject));
    gate_open(&gate);
    finished(subject);
}

/* CPython: test_threading.ThreadJoinOnShutdown.test_3_join_in_forked_from_thread */
CASE(old_main_is_not_alive_and_joined_at_once)
{
    subject = threading_main_thread();
    role = subject_has_ended;
    finished(started(fork_with_role, NULL));
    CHECK(threading_thread_is_alive(subject));
}

static void *join_subject(void *arg)
{
    atomic_fetch_add(&ready, 1);
    CHECK_STATUS(threading_thread_join(subject), THREADING_OK);
    return arg;
}

/* The sleep only makes it likely that the joiner waits already. */
CASE(vanished_thread_that_a_vanished_thread_joins_is_joined_at_once)
{
    gate_close(&gate);
    start_staying(&subject, 1, &gate);
    threading_thread_t *joiner = started(join_subject, NULL);
    AWAIT(atomic_load(&ready) == 2);
    threading_sleep(0.01);
    in_child(subject_has_ended);
    gate_open(&gate);
    finished(joiner);
    finished(subject);
}

static void result_is_gate(void)
{
    void *result = NULL;
    CHECK_STATUS(threading_thread_result(subject, &result), THREADING_OK);
    CHECK(result == &gate);
    subject_has_ended();
}

CASE(result_of_a_thread_that_ended_before_the_fork_is_kept)
{
    subject = started(return_at_once, &gate);
    CHECK_STATUS(threading_thread_join(subject), THREADING_OK);
    in_child(result_is_gate);
    threading_thread_free(subject);
}

static void result_is_null(void)
{
    void *result = &gate;
    CHECK_STATUS(threading_thread_result(subject, &result), THREADING_OK);
    CHECK(result == NULL);
}

CASE(result_of_a_vanished_thread_is_null)
{
    gate_close(&gate);
    start_staying(&subject, 1, &gate);
    in_child(result_is_null);
    gate_open(&gate);
    finished(subject);
}

static void free_subject(void)
{
    threading_thread_free(subject);
    everything_works();
}

CASE(handle_of_a_vanished_thread_may_be_freed)
{
    gate_close(&gate);
    start_staying(&subject, 1, &gate);
    in_child(free_subject);
    gate_open(&gate);
    finished(subject);
}

static void start_subject(void)
{
    void *result = NULL;
    CHECK_STATUS(threading_thread_join(subject), THREADING_NOT_STARTED);
    CHECK_STATUS(threading_thread_start(subject), THREADING_OK);
    CHECK_STATUS(threading_thread_join(subject), THREADING_OK);
    CHECK_STATUS(threading_thread_result(subject, &result), THREADING_OK);
    CHECK(result == &gate);
}

CASE(thread_not_started_before_the_fork_can_be_started_in_both)
{
    subject = threading_thread_new(return_at_once, &gate, NULL);
    CHECK(subject != NULL);
    in_child(start_subject);
    start_subject();
    threading_thread_free(subject);
}

/* ----------------------------------------------------------------------------- living in the child */

CASE(child_of_main_can_use_everything)
{
    threading_thread_t *threads[3];
    gate_close(&gate);
    start_staying(threads, 3, &gate);
    in_child(everything_works);
    gate_open(&gate);
    finish_many(threads, 3);
}

CASE(child_of_a_worker_can_use_everything)
{
    role = everything_works;
    finished(started(fork_with_role, NULL));
}

/* CPython: test_thread.TestForkInThread.test_forkinthread */
CASE(low_level_thread_can_fork)
{
    role = everything_works;
    CHECK_STATUS(threading_start_new_thread(fork_with_role, NULL, NULL), THREADING_OK);
    AWAIT(threading_active_count() == 1);
}

static void *check_dummy(void *arg)
{
    CHECK(threading_thread_daemon(threading_current_thread()));
    CHECK(strncmp(threading_thread_name(threading_current_thread()), "Dummy-", 6) == 0);
    CHECK_EQUAL(threading_active_count(), 2);
    return arg;
}

static void foreign_thread_gets_a_dummy(void)
{
    foreign_join(foreign_start(check_dummy, NULL));
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(foreign_thread_of_the_child_gets_a_dummy)
{
    in_child(foreign_thread_gets_a_dummy);
}

static void automatic_names_go_on(void)
{
    threading_thread_t *thread = threading_thread_new(return_at_once, NULL, NULL);
    CHECK_TEXT(threading_thread_name(thread), "Thread-2");
    threading_thread_free(thread);
    CHECK_STATUS(threading_thread_set_name(threading_main_thread(), "child"), THREADING_OK);
    CHECK_TEXT(threading_thread_name(threading_current_thread()), "child");
}

CASE(names_go_on_in_the_child)
{
    finished(started(return_at_once, NULL));
    in_child(automatic_names_go_on);
    CHECK_TEXT(threading_thread_name(threading_main_thread()), "MainThread");
}

static void grandchild_works(void)
{
    everything_works();
    in_child(everything_works);
}

static void child_and_grandchild_work(void)
{
    everything_works();
    in_child(grandchild_works);
    finished(started(fork_with_role, NULL));
}

CASE(children_of_children_can_use_everything)
{
    role = everything_works;
    in_child(child_and_grandchild_work);
}

static void old_main_and_old_worker_have_ended(void)
{
    CHECK(forker != threading_main_thread());
    CHECK(!threading_thread_is_alive(forker));
    CHECK_STATUS(threading_thread_join(forker), THREADING_OK);
    subject_has_ended();
}

static void fork_in_a_worker(void)
{
    forker = threading_main_thread();
    role = old_main_and_old_worker_have_ended;
    finished(started(fork_with_role, NULL));
}

CASE(grandchild_forked_by_a_childs_worker_knows_both_mains_as_ended)
{
    needs_threads_in_the_child();
    gate_close(&gate);
    start_staying(&subject, 1, &gate);
    in_child(fork_in_a_worker);
    gate_open(&gate);
    finished(subject);
}

/* --------------------------------------------------------------------------- the parent is as before */

CASE(parent_keeps_its_threads)
{
    threading_thread_t *threads[3];
    gate_close(&gate);
    start_staying(threads, 3, &gate);
    for (int i = 0; i < 10; i++)
        in_child(nothing);
    CHECK_EQUAL(threading_active_count(), 4);
    CHECK_STATUS(threading_thread_try_join(threads[0]), THREADING_BUSY);
    gate_open(&gate);
    finish_many(threads, 3);
    CHECK_EQUAL(threading_active_count(), 1);
    remember_forker();
    CHECK_TEXT(threading_thread_name(forker), "MainThread");
    CHECK(threading_thread_native_id(forker) == forker_native_id);
}

static void *use_library_after_forking(void *arg)
{
    in_child(nothing);
    CHECK(threading_main_thread() != threading_current_thread());
    CHECK_TEXT(threading_thread_name(threading_main_thread()), "MainThread");
    return arg;
}

CASE(parents_worker_that_forked_goes_on)
{
    void *result = NULL;
    threading_thread_t *thread = started(use_library_after_forking, &gate);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK_STATUS(threading_thread_result(thread, &result), THREADING_OK);
    CHECK(result == &gate);
    threading_thread_free(thread);
}

/* -------------------------------------------------------------------------------------- locks */

static threading_lock_t lock;
static threading_rlock_t rlock;
static THREADING_NO_ANALYSIS void *hold_both(void *arg)
{
    CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    atomic_fetch_add(&ready, 1);
    gate_pass(&gate);
    CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    return arg;
}

/* A child in which a vanished thread holds both locks. */
static void with_vanished_holder(role_t child)
{
    gate_close(&gate);
    threading_thread_t *holder = started(hold_both, NULL);
    AWAIT(atomic_load(&ready) == 1);
    in_child(child);
    gate_open(&gate);
    finished(holder);
    CHECK(is_zero(&lock, sizeof lock) && is_zero(&rlock, sizeof rlock));
}

static THREADING_NO_ANALYSIS void lock_stays_held(void)
{
    CHECK(threading_lock_locked(&lock));
    CHECK_STATUS(threading_lock_try_acquire(&lock), THREADING_BUSY);
    CHECK_STATUS(threading_lock_acquire_timeout(&lock, 0.01), THREADING_TIMEOUT);
    CHECK_STATUS(threading_lock_init(&lock), THREADING_OK);
    CHECK_STATUS(threading_lock_try_acquire(&lock), THREADING_OK);
}

CASE(lock_of_a_vanished_thread_stays_held_until_init)
{
    with_vanished_holder(lock_stays_held);
}

static THREADING_NO_ANALYSIS void lock_can_be_released(void)
{
    CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    CHECK_STATUS(threading_lock_release(&lock), THREADING_NOT_HELD);
    CHECK_STATUS(threading_lock_try_acquire(&lock), THREADING_OK);
}

CASE(lock_of_a_vanished_thread_can_be_released_by_the_forker)
{
    with_vanished_holder(lock_can_be_released);
}

static THREADING_NO_ANALYSIS void rlock_is_a_deadlock(void)
{
    CHECK(threading_rlock_locked(&rlock));
    CHECK_STATUS(threading_rlock_try_acquire(&rlock), THREADING_BUSY);
    CHECK_STATUS(threading_rlock_acquire_timeout(&rlock, 0.01), THREADING_TIMEOUT);
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_DEADLOCK);
    CHECK_STATUS(threading_rlock_release(&rlock), THREADING_NOT_OWNER);
    CHECK_STATUS(threading_rlock_init(&rlock), THREADING_OK);
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
}

CASE(rlock_of_a_vanished_thread_is_a_deadlock_until_init)
{
    with_vanished_holder(rlock_is_a_deadlock);
}

static THREADING_NO_ANALYSIS void rlock_is_mine_twice(void)
{
    CHECK(threading_rlock_is_owned(&rlock));
    CHECK_EQUAL(threading_rlock_count(&rlock), 2);
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    for (int i = 0; i < 3; i++)
        CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    CHECK(is_zero(&rlock, sizeof rlock));
}

static THREADING_NO_ANALYSIS void *fork_owning_rlock(void *arg)
{
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    in_child(rlock_is_mine_twice);
    rlock_is_mine_twice();
    return arg;
}

CASE(rlock_of_main_that_forks_stays_its_own)
{
    fork_owning_rlock(NULL);
}

CASE(rlock_of_a_worker_that_forks_stays_its_own)
{
    finished(started(fork_owning_rlock, NULL));
}

CASE(rlock_of_a_foreign_thread_that_forks_stays_its_own)
{
    foreign_join(foreign_start(fork_owning_rlock, NULL));
}

/* A release that handed the lock to a waiter who is gone would leave it held for ever. */
static THREADING_NO_ANALYSIS void lock_has_no_waiters(void)
{
    threading_thread_t *threads[2];
    CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    CHECK(!threading_lock_locked(&lock));
    CHECK_STATUS(threading_lock_acquire_timeout(&lock, 5), THREADING_OK);
    start_many(threads, 2, wait_at_gate, &lock);
    threading_sleep(0.01);
    CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    finish_many(threads, 2);
    CHECK(is_zero(&lock, sizeof lock));
}

/* ---- an RWLock that many read, which leaves it to the threads to know who */

static threading_rwlock_t read_often;

static void *read_often_and_stay(void *where)
{
    for (int i = 0; i < 3000; i++) {
        CHECK_STATUS(threading_rwlock_acquire_read(&read_often), THREADING_OK);
        if (i < 2999)
            CHECK_STATUS(threading_rwlock_release_read(&read_often), THREADING_OK);
    }
    return stay(where);
}

static void vanished_reader_keeps_writers_out(void)
{
    CHECK_STATUS(threading_rwlock_release_read(&read_often), THREADING_OK);
    CHECK_STATUS(threading_rwlock_try_acquire_write(&read_often), THREADING_BUSY);
    CHECK_STATUS(threading_rwlock_release_read(&read_often), THREADING_NOT_OWNER);
    CHECK_STATUS(threading_rwlock_acquire_read(&read_often), THREADING_OK);
    CHECK_STATUS(threading_rwlock_release_read(&read_often), THREADING_OK);
    CHECK_STATUS(threading_rwlock_init(&read_often), THREADING_OK);
    CHECK_STATUS(threading_rwlock_try_acquire_write(&read_often), THREADING_OK);
    CHECK_STATUS(threading_rwlock_release_write(&read_often), THREADING_OK);
}

CASE(rwlock_that_a_vanished_thread_reads_stays_read_until_init)
{
    gate_close(&gate);
    threading_thread_t *reader = started(read_often_and_stay, &gate);
    AWAIT(atomic_load(&ready) == 1);
    CHECK_STATUS(threading_rwlock_acquire_read(&read_often), THREADING_OK);
    in_child(vanished_reader_keeps_writers_out);
    CHECK_STATUS(threading_rwlock_release_read(&read_often), THREADING_OK);
    CHECK_STATUS(threading_rwlock_try_acquire_write(&read_often), THREADING_BUSY);
    gate_open(&gate);
    finished(reader);
}

static void forker_alone_reads(void)
{
    CHECK_STATUS(threading_rwlock_try_acquire_write(&read_often), THREADING_BUSY);
    CHECK_STATUS(threading_rwlock_release_read(&read_often), THREADING_OK);
    CHECK_STATUS(threading_rwlock_try_acquire_write(&read_often), THREADING_OK);
    CHECK_STATUS(threading_rwlock_release_write(&read_often), THREADING_OK);
}

static atomic_bool enough_reading;

static void *read_until_enough(void *arg)
{
    atomic_fetch_add(&ready, 1);
    while (!atomic_load(&enough_reading)) {
        CHECK_STATUS(threading_rwlock_acquire_read(&read_often), THREADING_OK);
        CHECK_STATUS(threading_rwlock_release_read(&read_often), THREADING_OK);
    }
    return arg;
}

static void rwlock_has_readers_or_not(void)
{
    threading_status_t status = threading_rwlock_try_acquire_write(&read_often);
    CHECK(status == THREADING_OK || status == THREADING_BUSY);
    CHECK_STATUS(threading_rwlock_init(&read_often), THREADING_OK);
    CHECK_STATUS(threading_rwlock_acquire_read(&read_often), THREADING_OK);
    forker_alone_reads();
}

CASE(fork_while_threads_read_an_rwlock)
{
    threading_thread_t *readers[4];
    start_many(readers, 4, read_until_enough, NULL);
    AWAIT(atomic_load(&ready) == 4);
    for (int round = 0; round < (is_slow() ? 10 : 50); round++)
        in_child(rwlock_has_readers_or_not);
    atomic_store(&enough_reading, true);
    finish_many(readers, 4);
    CHECK_STATUS(threading_rwlock_acquire_read(&read_often), THREADING_OK);
    in_child(forker_alone_reads);
    forker_alone_reads();
}

/* The sleep lets the waiters wait, longer than the time after which a release hands the lock over. */
CASE(vanished_waiters_of_a_lock_are_forgotten)
{
    needs_threads_in_the_child();
    threading_thread_t *threads[3];
    gate_close(&lock);
    start_staying(threads, 3, &lock);
    threading_sleep(0.02);
    in_child(lock_has_no_waiters);
    gate_open(&lock);
    finish_many(threads, 3);
    CHECK(is_zero(&lock, sizeof lock));
}

static THREADING_NO_ANALYSIS void *take_rlock(void *arg)
{
    atomic_fetch_add(&ready, 1);
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    return arg;
}

static THREADING_NO_ANALYSIS void rlock_has_no_waiters(void)
{
    CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    CHECK(!threading_rlock_locked(&rlock));
    finished(started(take_rlock, NULL));
    take_rlock(NULL);
    CHECK(is_zero(&rlock, sizeof rlock));
}

CASE(vanished_waiters_of_an_rlock_are_forgotten)
{
    needs_threads_in_the_child();
    threading_thread_t *threads[3];
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    start_many(threads, 3, take_rlock, NULL);
    AWAIT(atomic_load(&ready) == 3);
    threading_sleep(0.02);
    in_child(rlock_has_no_waiters);
    CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    finish_many(threads, 3);
    CHECK(is_zero(&rlock, sizeof rlock));
}

/* -------------------------------------------------------------------------------------- locals */

static atomic_int finalised;

static void count_finalised(void *copy)
{
    (void)copy;
    atomic_fetch_add(&finalised, 1);
}

static threading_local_t counted = THREADING_LOCAL_INIT_WITH(int, NULL, count_finalised);

static void *keep_copy_at_gate(void *arg)
{
    *(int *)threading_local_get(&counted) = 2;
    atomic_fetch_add(&ready, 1);
    gate_pass(&gate);
    return arg;
}

/* A child whose forker has a copy, and three vanished threads had. */
static void with_copies(role_t child)
{
    threading_thread_t *threads[3];
    gate_close(&gate);
    *(int *)threading_local_get(&counted) = 1;
    start_many(threads, 3, keep_copy_at_gate, NULL);
    AWAIT(atomic_load(&ready) == 3);
    in_child(child);
    gate_open(&gate);
    finish_many(threads, 3);
    CHECK_EQUAL(atomic_load(&finalised), 3);
    CHECK_EQUAL(*(int *)threading_local_get(&counted), 1);
}

static void own_copy_is_kept(void)
{
    CHECK_EQUAL(*(int *)threading_local_get(&counted), 1);
    CHECK_EQUAL(atomic_load(&finalised), 0);
}

CASE(forkers_copy_of_a_local_is_kept)
{
    with_copies(own_copy_is_kept);
}

static void destroying_ends_own_copy_only(void)
{
    CHECK_STATUS(threading_local_destroy(&counted), THREADING_OK);
    CHECK_EQUAL(atomic_load(&finalised), 1);
    CHECK_EQUAL(*(int *)threading_local_get(&counted), 0);
}

CASE(vanished_copies_of_a_local_are_gone_without_their_finalisers)
{
    with_copies(destroying_ends_own_copy_only);
}

static void *check_new_copy(void *arg)
{
    CHECK_EQUAL(*(int *)threading_local_get(&counted), 0);
    return arg;
}

static void new_threads_have_new_copies(void)
{
    finished(started(check_new_copy, NULL));
    CHECK_EQUAL(atomic_load(&finalised), 1);
    CHECK_EQUAL(*(int *)threading_local_get(&counted), 1);
}

CASE(childs_threads_have_new_copies_of_a_local)
{
    needs_threads_in_the_child();
    with_copies(new_threads_have_new_copies);
}

static void *fork_with_copy(void *arg)
{
    *(int *)threading_local_get(&counted) = 1;
    in_child(own_copy_is_kept);
    return arg;
}

CASE(copy_of_a_foreign_thread_that_forks_is_kept)
{
    foreign_join(foreign_start(fork_with_copy, NULL));
    CHECK_EQUAL(atomic_load(&finalised), 1);
}

/* -------------------------------------------------------------------------------- the child's end */

CASE(child_that_exits_waits_for_no_vanished_thread)
{
    threading_thread_t *threads[3];
    gate_close(&gate);
    start_staying(threads, 3, &gate);
    in_exiting_child(nothing, 5);
    gate_open(&gate);
    finish_many(threads, 3);
}

static void *say_after_main(void *text)
{
    CHECK_STATUS(threading_thread_join(threading_main_thread()), THREADING_OK);
    puts(text);
    return NULL;
}

static void start_speaker(void)
{
    static char text[] = "end of thread";
    threading_thread_free(started(say_after_main, text));
    puts("end of main");
}

/* CPython: test_threading.ThreadJoinOnShutdown.test_2_join_in_forked_process */
EXIT_CASE(child_that_exits_joins_its_own_threads, 0, "end of main|end of thread|parent|")
{
    CHECK(threading_main_thread() != NULL);
    in_exiting_child(start_speaker, 7);
    puts("parent");
}

static void *fork_and_exit(void *arg)
{
    in_exiting_child(start_speaker, 7);
    puts("parent");
    return arg;
}

EXIT_CASE(child_of_a_worker_that_exits_joins_its_own_threads, 0, "end of main|end of thread|parent|")
{
    finished(started(fork_and_exit, NULL));
}

static void leave_by_exit_process(void)
{
    start_speaker();
    threading_exit_process(7);
}

static void leave_by_threading_exit(void)
{
    start_speaker();
    threading_exit(NULL);
}

EXIT_CASE(child_that_calls_exit_process_joins_its_own_threads, 0, "end of main|end of thread|parent|")
{
    in_exiting_child(leave_by_exit_process, 7);
    puts("parent");
}

static void *fork_and_threading_exit(void *arg)
{
    in_exiting_child(leave_by_threading_exit, 0);
    puts("parent");
    return arg;
}

EXIT_CASE(threading_exit_in_a_workers_child_exits_with_0, 0, "end of main|end of thread|parent|")
{
    finished(started(fork_and_threading_exit, NULL));
}

static void *fork_and_return(void *arg)
{
    if (CHILD_OF_TSAN)
        SKIP("under ThreadSanitizer a process does not end with its last thread");
    child_t child = fork_now();
    if (child == 0)
        start_speaker();
    else
        CHECK_EQUAL(code_of(child), 0);
    return arg;
}

/* CPython: test_threading.ThreadJoinOnShutdown.test_3_join_in_forked_from_thread */
EXIT_CASE(child_that_returns_from_a_workers_target_joins_and_ends_with_0, 0, "end of main|end of thread|")
{
    finished(started(fork_and_return, NULL));
}

EXIT_CASE(child_that_returns_from_a_foreign_function_joins_and_ends_with_0, 0, "end of main|end of thread|")
{
#if defined(__linux__) && !defined(__GLIBC__)
    SKIP("musl hangs when the thread that forked ends before the child's others do");
#endif
    static foreign_t *volatile foreign; /* where a leak checker finds it in the child */
    CHECK(threading_main_thread() != NULL);
    foreign = foreign_start(fork_and_return, NULL);
    foreign_join(foreign);
}

static void *sleep_for_ever(void *arg)
{
    threading_sleep(THREADING_FOREVER);
    return arg;
}

static void start_sleeping_daemon(void)
{
    threading_thread_t *thread = threading_thread(sleep_for_ever, NULL, .daemon = true);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    threading_thread_free(thread);
}

CASE(child_that_exits_does_not_wait_for_its_daemons)
{
    CHECK(threading_main_thread() != NULL);
    in_exiting_child(start_sleeping_daemon, 5);
}

static void start_sleeping_worker(void)
{
    threading_thread_free(started(sleep_for_ever, NULL));
    _Exit(6);
}

CASE(child_that_leaves_by_underscore_exit_waits_for_nobody)
{
    CHECK(threading_main_thread() != NULL);
    in_exiting_child(start_sleeping_worker, 6);
}

CASE(child_that_leaves_at_once_changes_nothing)
{
    gate_close(&gate);
    start_staying(&subject, 1, &gate);
    child_t child = fork_now();
    if (child == 0)
        _Exit(3);
    CHECK_EQUAL(code_of(child), 3);
    CHECK_EQUAL(threading_active_count(), 2);
    gate_open(&gate);
    finished(subject);
}

static void shutdown_returns(void)
{
    CHECK_STATUS(threading_shutdown(), THREADING_OK);
}

CASE(shutdown_in_the_child_waits_for_no_vanished_thread)
{
    gate_close(&gate);
    start_staying(&subject, 1, &gate);
    in_child(shutdown_returns);
    gate_open(&gate);
    finished(subject);
}

static void *fork_after_main(void *arg)
{
    CHECK_STATUS(threading_thread_join(threading_main_thread()), THREADING_OK);
    in_child(everything_works);
    in_exiting_child(start_speaker, 7);
    puts("parent");
    return arg;
}

EXIT_CASE(fork_while_the_process_exits_gives_a_child_that_lives, 0, "end of main|end of thread|parent|")
{
    threading_thread_free(started(fork_after_main, NULL));
}

/* ------------------------------------------------------------------------------------------- storms */

static atomic_int arrived;

/* Under ThreadSanitizer and AddressSanitizer the children only end. Of those that start threads and use locks one in some
 * hundreds waited for ever in the sanitizer itself, for a lock that another thread had held at the fork: in
 * DenseSlabAlloc::Refill, SizeClassAllocator64::GetFromAllocator or FlushToDeadThreadStats. */
static void *fork_together(void *arg)
{
    meet(&arrived, 16);
    in_child(CHILD_OF_TSAN || CHILD_OF_ASAN ? nothing : everything_works);
    return arg;
}

/* CPython: test_threading.ThreadJoinOnShutdown.test_reinit_tls_after_fork */
CASE(sixteen_threads_can_fork_at_once)
{
    threading_thread_t *threads[16];
    start_many(threads, 16, fork_together, NULL);
    finish_many(threads, 16);
}

static atomic_bool stop;

/* Forks again and again while threads do one thing without a break. */
static void fork_during(threading_target_t storm, role_t child)
{
    threading_thread_t *threads[4];
    start_many(threads, 4, storm, NULL);
    AWAIT(atomic_load(&ready) == 4);
    for (int i = is_slow() ? 20 : 200; i > 0; i--)
        in_child(child);
    atomic_store(&stop, true);
    finish_many(threads, 4);
}

static void *start_threads(void *arg)
{
    atomic_fetch_add(&ready, 1);
    while (!atomic_load(&stop))
        finished(started(return_at_once, NULL));
    return arg;
}

CASE(fork_while_threads_start_and_end)
{
    /* slow */
    needs_memory_in_the_child();
    fork_during(start_threads, everything_works);
}

static threading_lock_t busy_lock;
static threading_rlock_t busy_rlock;

static void *contend_for_lock(void *arg)
{
    atomic_fetch_add(&ready, 1);
    while (!atomic_load(&stop))
        THREADING_WITH_LOCK(&busy_lock) {
            threading_sleep(0);
        }
    return arg;
}

CASE(fork_while_threads_contend_for_a_lock)
{
    /* slow */
    fork_during(contend_for_lock, everything_works);
    CHECK(is_zero(&busy_lock, sizeof busy_lock));
}

static void *contend_for_rlock(void *arg)
{
    atomic_fetch_add(&ready, 1);
    while (!atomic_load(&stop))
        THREADING_WITH_RLOCK(&busy_rlock) {
            threading_sleep(0);
        }
    return arg;
}

CASE(fork_while_threads_contend_for_an_rlock)
{
    /* slow */
    fork_during(contend_for_rlock, everything_works);
    CHECK(is_zero(&busy_rlock, sizeof busy_rlock));
}

static THREADING_NO_ANALYSIS void *time_out(void *arg)
{
    atomic_fetch_add(&ready, 1);
    while (!atomic_load(&stop))
        CHECK_STATUS(threading_lock_acquire_timeout(&busy_lock, 0.0001), THREADING_TIMEOUT);
    return arg;
}

CASE(fork_while_threads_wait_and_time_out)
{
    /* slow */
    gate_close(&busy_lock);
    fork_during(time_out, everything_works);
    gate_open(&busy_lock);
}

static void *use_locals(void *arg)
{
    atomic_fetch_add(&ready, 1);
    while (!atomic_load(&stop)) {
        threading_local_t own = THREADING_LOCAL_INIT(int);
        CHECK(threading_local_get(&number) != NULL);
        CHECK(threading_local_get(&own) != NULL);
        CHECK_STATUS(threading_local_destroy(&own), THREADING_OK);
    }
    return arg;
}

CASE(fork_while_threads_use_locals)
{
    /* slow */
    needs_memory_in_the_child();
    fork_during(use_locals, everything_works);
}

static void *ask_who_is_there(void *arg)
{
    atomic_fetch_add(&ready, 1);
    while (!atomic_load(&stop)) {
        CHECK(threading_active_count() > 0);
        CHECK_STATUS(threading_thread_set_name(threading_current_thread(), "asking"), THREADING_OK);
    }
    return arg;
}

CASE(fork_while_threads_list_and_rename)
{
    /* slow */
    needs_memory_in_the_child();
    fork_during(ask_who_is_there, everything_works);
}

/* More than a thread keeps for itself, if it keeps any. */
static void make_and_free_futures(void)
{
    threading_future_t *futures[300];
    for (int i = 0; i < 300; i++)
        CHECK((futures[i] = threading_future_new()) != NULL);
    for (int i = 0; i < 300; i++)
        threading_future_free(futures[i]);
}

static void *keep_making_futures(void *arg)
{
    atomic_fetch_add(&ready, 1);
    while (!atomic_load(&stop))
        make_and_free_futures();
    return arg;
}

CASE(fork_while_threads_make_and_free_futures)
{
    /* slow */
    needs_memory_in_the_child();
    fork_during(keep_making_futures, make_and_free_futures);
}

static void *become_known(void *arg)
{
    CHECK(threading_current_thread() != NULL);
    return arg;
}

static void *start_foreign_threads(void *arg)
{
    atomic_fetch_add(&ready, 1);
    while (!atomic_load(&stop))
        foreign_join(foreign_start(become_known, NULL));
    return arg;
}

CASE(fork_while_foreign_threads_come_and_go)
{
    /* slow */
    needs_memory_in_the_child();
    fork_during(start_foreign_threads, everything_works);
    AWAIT(threading_active_count() == 1);
}
