/* SPDX-License-Identifier: MIT */
/*
 * An allocator that is protected by a Lock which handlers hold over a fork, as allocators do: nobody may
 * wait for it under a guard that the fork wants, nor may the hooks themselves.
 */
#include "child.h"
#include "crowd.h"
#include "gate.h"

#include "memory.h"

static threading_lock_t allocator;
static atomic_bool is_guarded;

static THREADING_NO_ANALYSIS void enter(void)
{
    if (atomic_load(&is_guarded))
        CHECK_STATUS(threading_lock_acquire(&allocator), THREADING_OK);
}

static THREADING_NO_ANALYSIS void leave(void)
{
    if (atomic_load(&is_guarded))
        CHECK_STATUS(threading_lock_release(&allocator), THREADING_OK);
}

void *ti_memory_allocate(size_t size)
{
    enter();
    void *memory = calloc(1, size);
    leave();
    return memory;
}

void *ti_memory_resize(void *memory, size_t size)
{
    enter();
    void *moved = realloc(memory, size);
    leave();
    return moved;
}

void *ti_memory_keep(size_t size)
{
    return ti_memory_allocate(size);
}

void ti_memory_end(void *memory, size_t size)
{
    (void)size;
    ti_memory_free(memory);
}

void ti_memory_free(void *memory)
{
    enter();
    free(memory);
    leave();
}

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>

static THREADING_NO_ANALYSIS void hold_allocator(void)
{
    CHECK_STATUS(threading_lock_acquire(&allocator), THREADING_OK);
}

static THREADING_NO_ANALYSIS void let_allocator_go(void)
{
    CHECK_STATUS(threading_lock_release(&allocator), THREADING_OK);
}

/* The calling thread, and those that are started from here on, have what they need to take the Lock. */
static void guard_allocator(void)
{
    needs_fork_hooks();
    CHECK(threading_get_ident() != 0);
    CHECK_EQUAL(pthread_atfork(hold_allocator, let_allocator_go, let_allocator_go), 0);
    atomic_store(&is_guarded, true);
}

#else

static void guard_allocator(void)
{
    SKIP("no fork here");
}

#endif

static void allocate(void)
{
    threading_thread_t *thread = threading_thread_new(return_at_once, NULL, NULL);
    CHECK(thread != NULL);
    if (!CHILD_OF_TSAN) {
        CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
        CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    }
    threading_thread_free(thread);
}

static atomic_bool may_end;
static atomic_int rounds;

static void *use_locals(void *arg)
{
    while (!atomic_load(&may_end)) {
        threading_local_t locals[20] = {0};
        for (int i = 0; i < 20; i++) {
            CHECK_STATUS(threading_local_init(&locals[i], 100, NULL, NULL), THREADING_OK);
            CHECK(threading_local_get(&locals[i]) != NULL);
        }
        for (int i = 0; i < 20; i++)
            CHECK_STATUS(threading_local_destroy(&locals[i]), THREADING_OK);
        atomic_fetch_add(&rounds, 1);
    }
    return arg;
}

static void fork_while_threads(threading_target_t target, int rounds_of_forks)
{
    threading_thread_t *threads[4];
    needs_memory_in_the_child();
    guard_allocator();
    start_many(threads, 4, target, NULL);
    for (int i = 0; i < rounds_of_forks; i++) {
        int before = atomic_load(&rounds);
        in_child(allocate);
        AWAIT(atomic_load(&rounds) > before);
    }
    atomic_store(&may_end, true);
    finish_many(threads, 4);
}

CASE(threads_use_locals_while_a_handler_holds_the_allocator)
{ /* slow */
    fork_while_threads(use_locals, is_slow() ? 10 : 50);
}

static void *name_and_list(void *arg)
{
    while (!atomic_load(&may_end)) {
        threading_thread_t *thread = threading_thread(return_at_once, NULL, .name = "short-lived");
        CHECK(thread != NULL);
        CHECK_STATUS(threading_thread_set_name(thread, "renamed"), THREADING_OK);
        CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
        CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
        threading_thread_free(thread);
        atomic_fetch_add(&rounds, 1);
    }
    return arg;
}

CASE(threads_start_threads_while_a_handler_holds_the_allocator)
{ /* slow */
    fork_while_threads(name_and_list, is_slow() ? 10 : 50);
}

static threading_lock_t gate;
static threading_local_t local = THREADING_LOCAL_INIT(int);
static atomic_int ready;

static void *use_local_and_stay(void *arg)
{
    CHECK(threading_local_get(&local) != NULL);
    atomic_fetch_add(&ready, 1);
    return wait_at_gate(arg);
}

/* Nobody but the library has a handle of a thread that has copies of locals, and the child has to give all
 * that back. */
CASE(what_vanished_threads_had_is_given_back_later)
{
    enum { count = 3 };
    threading_thread_t *threads[count];
    guard_allocator();
    gate_close(&gate);
    start_many(threads, count, use_local_and_stay, &gate);
    CHECK_STATUS(threading_start_new_thread(use_local_and_stay, &gate, NULL), THREADING_OK);
    AWAIT(atomic_load(&ready) == count + 1);
    in_child(allocate);
    gate_open(&gate);
    finish_many(threads, count);
    AWAIT(threading_active_count() == 1);
}

/* A foreign thread that is known, so that it can take the Lock, and has no object. */
static void *fork_without_object(void *arg)
{
    guard_allocator();
    in_child(allocate);
    return arg;
}

static void *fork_as_dummy(void *arg)
{
    CHECK(threading_current_thread() != NULL);
    guard_allocator();
    in_child(allocate);
    return arg;
}

CASE(foreign_thread_that_forks_gets_its_object_without_the_allocator)
{
    foreign_join(foreign_start(fork_without_object, NULL));
}

CASE(dummy_that_forks_gets_its_name_without_the_allocator)
{
    foreign_join(foreign_start(fork_as_dummy, NULL));
}
