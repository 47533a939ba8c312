/* SPDX-License-Identifier: MIT */
/*
 * Threads that call the library in their last moments: in thread-local destructors of somebody else's, which
 * come before the library's own or behind it, in any of the rounds that there are.
 */
#include "conformance.h"
#include "gate.h"

#include <string.h>

/* Two variables from before the library's first call, and two from after it. */
enum { key_count = 4 };

static native_key_t *keys[key_count];

/* What the destructors do, and in which rounds; from which variable on. The thread comes to the library
 * before its end, or only there. */
static struct plan {
    void (*use)(void);
    int first, last;
    size_t first_key;
    bool is_known;
} plan;

static atomic_int uses;

/* The value is the number of the round. */
static void end(size_t key, void *value)
{
    int round = (int)(intptr_t)value;
    if (round >= plan.first && round <= plan.last) {
        plan.use();
        atomic_fetch_add(&uses, 1);
    }
    if (round < plan.last)
        native_key_set(keys[key], (void *)(intptr_t)(round + 1));
}

static void end_first(void *value)
{
    end(0, value);
}

static void end_second(void *value)
{
    end(1, value);
}

static void end_third(void *value)
{
    end(2, value);
}

static void end_fourth(void *value)
{
    end(3, value);
}

static void *set_keys(void *arg)
{
    for (size_t i = plan.first_key; i < key_count; i++)
        native_key_set(keys[i], (void *)1);
    if (plan.is_known)
        CHECK(threading_current_thread() != NULL);
    return arg;
}

static void make_keys(void)
{
    needs_last_destructors();
    keys[0] = native_key_new(end_first);
    keys[1] = native_key_new(end_second);
    CHECK(threading_current_thread() == threading_main_thread());
    keys[2] = native_key_new(end_third);
    keys[3] = native_key_new(end_fourth);
}

static void end_a_thread(bool is_foreign)
{
    if (is_foreign)
        foreign_join(foreign_start(set_keys, NULL));
    else
        finished(started(set_keys, NULL));
}

/* Threads of each kind, with destructors that do it in each run of rounds. */
static void in_every_round(void (*use)(void), void (*check)(void))
{
    make_keys();
    plan.use = use;
    for (plan.first = 1; plan.first <= native_key_rounds(); plan.first++)
        for (plan.last = plan.first; plan.last <= native_key_rounds(); plan.last++)
            for (int kind = 0; kind < 4; kind++) {
                plan.is_known = kind >= 2;
                end_a_thread(kind % 2 == 1);
                check();
            }
    CHECK(atomic_load(&uses) > 0);
}

/* The system may say that a thread is gone a moment after it was joined. */
static void await_one(void)
{
    AWAIT(threading_active_count() == 1);
}

/* C alone cannot tell whether a thread is gone. */
static void needs_to_know_who_is_gone(void)
{
    if (strcmp(threading_backend(), "c11") == 0)
        SKIP("this backend cannot tell whether a thread is gone");
}

static void ask_who_it_is(void)
{
    threading_thread_t *own = threading_current_thread();
    CHECK(own != NULL && threading_thread_is_alive(own));
    CHECK_EQUAL(threading_thread_ident(own), threading_get_ident());
    CHECK(threading_thread_name(own) != NULL);
    CHECK(threading_current_thread() == own);
}

CASE(object_of_a_late_call_goes_with_the_thread)
{
    needs_to_know_who_is_gone();
    in_every_round(ask_who_it_is, await_one);
}

static threading_lock_t lock;
static threading_rlock_t rlock;

static void use_locks(void)
{
    CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
    CHECK_STATUS(threading_lock_acquire_timeout(&lock, 0.0001), THREADING_TIMEOUT);
    CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    CHECK_EQUAL(threading_rlock_count(&rlock), 1);
    CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
}

static void check_locks(void)
{
    CHECK(!threading_lock_locked(&lock) && !threading_rlock_locked(&rlock));
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(late_calls_can_lock)
{
    in_every_round(use_locks, check_locks);
}

static void sleep_a_little(void)
{
    double before = threading_monotonic();
    CHECK_STATUS(threading_sleep(0.0005), THREADING_OK);
    CHECK(threading_monotonic() - before >= 0.0005);
}

CASE(late_calls_can_sleep)
{
    in_every_round(sleep_a_little, await_one);
}

static void start_and_join(void)
{
    finished(started(return_at_once, NULL));
}

CASE(late_calls_can_start_and_join)
{
    needs_free_thread_ends();
    in_every_round(start_and_join, await_one);
}

static atomic_int made, ended;

static void count_made(void *copy)
{
    CHECK_EQUAL(*(int *)copy, 0);
    atomic_fetch_add(&made, 1);
}

static void count_ended(void *copy)
{
    CHECK(*(int *)copy > 0);
    atomic_fetch_add(&ended, 1);
}

static threading_local_t local = THREADING_LOCAL_INIT_WITH(int, count_made, count_ended);

static void use_local(void)
{
    int *copy = threading_local_get(&local);
    CHECK(copy != NULL && copy == threading_local_get(&local));
    *copy += 1;
    CHECK(threading_current_thread() != NULL);
}

static void *be_known(void *arg)
{
    CHECK(threading_get_ident() != 0);
    return arg;
}

/* The next thread that ends finds what is left. */
static void check_copies(void)
{
    await_one();
    foreign_join(foreign_start(be_known, NULL));
    CHECK_EQUAL(atomic_load(&ended), atomic_load(&made));
}

CASE(late_copies_of_a_local_are_finalised)
{
    needs_to_know_who_is_gone();
    in_every_round(use_local, check_copies);
    CHECK_STATUS(threading_local_destroy(&local), THREADING_OK);
    CHECK_EQUAL(atomic_load(&ended), atomic_load(&made));
}

static void keep_the_rlock(void)
{
    CHECK(threading_current_thread() != NULL);
    CHECK_STATUS(threading_rlock_try_acquire(&rlock), THREADING_OK);
}

CASE(rlock_that_a_late_call_keeps_has_no_owner)
{
    needs_to_know_who_is_gone();
    make_keys();
    plan.use = keep_the_rlock;
    plan.first_key = key_count - 1;
    for (plan.first = 1; plan.first <= native_key_rounds(); plan.first++) {
        plan.last = plan.first;
        end_a_thread(true);
        await_one();
        CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_DEADLOCK);
        CHECK_STATUS(threading_rlock_init(&rlock), THREADING_OK);
    }
}

static void use_all(void)
{
    ask_who_it_is();
    CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
    CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    CHECK(threading_local_get(&local) != NULL);
}

static void end_many_threads(int count)
{
    for (int i = 0; i < count; i++) {
        plan.first = i % native_key_rounds() + 1;
        plan.last = native_key_rounds();
        plan.first_key = (size_t)(i / 8 % key_count);
        plan.is_known = i % 4 >= 2;
        end_a_thread(i % 2 == 0);
    }
    await_one();
}

static void count_nothing(void *copy)
{
    *(int *)copy += 1;
}

CASE(memory_of_threads_that_call_late_is_used_again)
{ /* slow */
    int count = wine_version() != NULL ? 300 : is_slow() ? 1000 : 50000;
    needs_to_know_who_is_gone();
    make_keys();
    plan.use = use_all;
    CHECK_STATUS(threading_local_init(&local, sizeof(int), count_nothing, NULL), THREADING_OK);
    end_many_threads(count / 10);
    size_t before = allocated_bytes();
    end_many_threads(2 * count);
    CHECK(allocated_bytes() <= before + 16384);
}

static void *end_threads(void *arg)
{
    for (int i = 0; i < (is_slow() || wine_version() != NULL ? 20 : 500); i++)
        foreign_join(foreign_start(set_keys, NULL));
    return arg;
}

CASE(late_calls_of_many_threads_at_once)
{
    enum { count = 8 };
    foreign_t *hosts[count];
    needs_to_know_who_is_gone();
    make_keys();
    plan.use = use_local;
    plan.first = plan.last = native_key_rounds();
    for (int i = 0; i < count; i++)
        hosts[i] = foreign_start(end_threads, NULL);
    for (int i = 0; i < count; i++)
        foreign_join(hosts[i]);
    check_copies();
}
