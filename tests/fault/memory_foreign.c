/* SPDX-License-Identifier: MIT */
/* Memory runs out for foreign threads. */
#include "failing_memory.h"

#include "child.h"
#include "gate.h"

static void *become_known_at_last(void *arg)
{
    CHECK(threading_current_thread() == NULL);
    CHECK(threading_current_thread() == NULL);
    CHECK_EQUAL(threading_active_count(), 1);
    CHECK(threading_get_ident() != 0);
    (void)memory_comes_back();
    threading_thread_t *dummy = threading_current_thread();
    CHECK(dummy != NULL && threading_current_thread() == dummy);
    CHECK_EQUAL(threading_thread_ident(dummy), threading_get_ident());
    CHECK_EQUAL(threading_active_count(), 2);
    return arg;
}

CASE(foreign_thread_has_no_object_until_there_is_memory)
{
    memory_runs_out(0, false);
    foreign_join(foreign_start(become_known_at_last, NULL));
    CHECK_EQUAL(threading_active_count(), 1);
}

static bool try_current_thread(void *arg)
{
    (void)arg;
    return threading_current_thread() != NULL;
}

static void *try_in_turn(void *arg)
{
    for (int i = 0; i < 100; i++) {
        memory_runs_out(i, arg != NULL);
        bool known = try_current_thread(NULL);
        if (memory_comes_back() == 0)
            CHECK(known);
        if (known)
            return NULL;
        CHECK_EQUAL(threading_active_count(), 1);
    }
    check_failed(__FILE__, __LINE__, "a foreign thread that needs a hundred allocations", NULL);
    return NULL;
}

CASE(foreign_threads_attempts_to_get_an_object_lose_nothing)
{
    static int once;
    int before = 0;
    for (int i = 0; i < 10; i++) {
        foreign_join(foreign_start(try_in_turn, i % 2 == 0 ? NULL : &once));
        CHECK_EQUAL(threading_active_count(), 1);
        if (i == 3)
            before = atomic_load(&alive);
    }
    CHECK_EQUAL(atomic_load(&alive), before);
}

static threading_lock_t shared_lock;
static threading_rlock_t shared_rlock;
static int counter; /* not atomic: the locks make it right */

THREADING_NO_ANALYSIS static void *use_locks(void *arg)
{
    for (int i = 0; i < 500; i++) {
        CHECK_STATUS(threading_lock_acquire(&shared_lock), THREADING_OK);
        counter += 1;
        CHECK_STATUS(threading_lock_release(&shared_lock), THREADING_OK);
        CHECK_STATUS(threading_rlock_acquire(&shared_rlock), THREADING_OK);
        CHECK_STATUS(threading_rlock_acquire_timeout(&shared_rlock, 1), THREADING_OK);
        CHECK_EQUAL(threading_rlock_count(&shared_rlock), 2);
        CHECK_STATUS(threading_rlock_release(&shared_rlock), THREADING_OK);
        CHECK_STATUS(threading_rlock_release(&shared_rlock), THREADING_OK);
    }
    return arg;
}

CASE(foreign_threads_lock_without_memory)
{
    enum { count = 4 };
    foreign_t *guests[count];
    memory_runs_out(0, false);
    for (size_t i = 0; i < count; i++)
        guests[i] = foreign_start(use_locks, NULL);
    (void)use_locks(NULL);
    for (size_t i = 0; i < count; i++)
        foreign_join(guests[i]);
    CHECK_EQUAL(counter, 500 * (count + 1));
    CHECK(!threading_lock_locked(&shared_lock) && !threading_rlock_locked(&shared_rlock));
    CHECK_EQUAL(threading_active_count(), 1);
    CHECK(memory_comes_back() > 0);
}

CASE(foreign_threads_in_great_number_lock_when_memory_comes_back)
{
    enum { count = 40 };
    foreign_t *guests[count];
    memory_runs_out(0, false);
    gate_close(&shared_lock);
    for (size_t i = 0; i < count; i++)
        guests[i] = foreign_start(use_locks, NULL);
    AWAIT(atomic_load(&failures) > count); /* each has asked, and one at least again */
    CHECK(memory_comes_back() > 0);
    gate_open(&shared_lock);
    for (size_t i = 0; i < count; i++)
        foreign_join(guests[i]);
    CHECK_EQUAL(counter, 500 * count);
}

static void be_main(void)
{
    CHECK(memory_comes_back() > 0);
    CHECK(threading_current_thread() == threading_main_thread());
    CHECK(threading_thread_is_alive(threading_main_thread()));
    CHECK_TEXT(threading_thread_name(threading_main_thread()), "MainThread");
    for (int i = 0; i < 3; i++)
        finished(started(return_at_once, NULL));
    CHECK_EQUAL(threading_active_count(), 1);
}

static void *fork_without_memory(void *unused)
{
    memory_runs_out(0, false);
    in_child(be_main);
    (void)memory_comes_back();
    return unused;
}

/* There is a spare object for the first one that forks: this is the second. */
static void fork_from_another_foreign_thread(void)
{
    foreign_join(foreign_start(fork_without_memory, NULL));
}

static void *fork_with_memory(void *unused)
{
    CHECK(threading_get_ident() != 0);
    in_child(fork_from_another_foreign_thread);
    return unused;
}

CASE(foreign_thread_that_forks_in_such_a_child_is_main_without_memory)
{
    needs_threads_in_the_child();
    foreign_join(foreign_start(fork_with_memory, NULL));
}
