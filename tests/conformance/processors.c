/* SPDX-License-Identifier: MIT */
/* How many processors there are, how many threads can run at once, and what goes by that. */
#include <stdlib.h>

#include "conformance.h"
#include "gate.h"
#include "tasks.h"

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#elif defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

static threading_lock_t gate;
static atomic_int entered;

static void *stay(void *arg)
{
    atomic_fetch_add(&entered, 1);
    gate_pass(&gate);
    return arg;
}

/* The library reads the variable at its first use, so each case sets it before. */
static void set_count(const char *text)
{
#if defined(_WIN32)
    CHECK_EQUAL(_putenv_s("THREADING_CPU_COUNT", text), 0);
#else
    CHECK_EQUAL(setenv("THREADING_CPU_COUNT", text, 1), 0);
#endif
}

static size_t system_count(void)
{
    set_count("");
    return threading_cpu_count();
}

CASE(at_least_one_and_at_most_all_processors)
{
    size_t count = system_count();
    CHECK(count >= 1 && count < 1000000);
    CHECK(threading_available_parallelism() >= 1);
    CHECK(threading_available_parallelism() <= count);
}

CASE(environment_says_both)
{
    /* fresh */
    set_count("3");
    CHECK_EQUAL(threading_cpu_count(), 3);
    CHECK_EQUAL(threading_available_parallelism(), 3);
}

CASE(environment_may_say_more_than_there_are)
{
    /* fresh */
    set_count("2147483647");
    CHECK_EQUAL(threading_available_parallelism(), 2147483647);
    CHECK_EQUAL(threading_cpu_count(), 2147483647);
}

/* No number, no machine. */
CASE(other_text_in_the_environment_is_ignored)
{
    set_count("999999x");
    CHECK(threading_cpu_count() < 999999);
    CHECK(threading_available_parallelism() < 999999);
}

CASE(environment_is_read_with_the_first_use)
{
    /* fresh */
    set_count("3");
    CHECK_EQUAL(threading_get_ident(), 1);
    set_count("5");
    CHECK_EQUAL(threading_cpu_count(), 3);
    set_count("7");
    CHECK_EQUAL(threading_available_parallelism(), 3);
}

static void check_default_workers(size_t expected)
{
    threading_executor_t *pool = made_pool(0);
    gate_close(&gate);
    for (size_t i = 0; i < expected + 8; i++)
        submit_and_forget(pool, stay, NULL);
    CHECK_EQUAL(threading_active_count() - 1, expected);
    AWAIT((size_t)atomic_load(&entered) == expected);
    gate_open(&gate);
    end_pool(pool);
}

CASE(pool_has_as_many_threads_as_the_environment_says)
{
    /* fresh */
    set_count("3");
    check_default_workers(3);
}

CASE(pool_of_one_processor_has_one_thread)
{
    /* fresh */
    set_count("1");
    check_default_workers(1);
}

/* With one processor nobody spins, with many all do: both ways threads get on. */
static int guarded;
static threading_lock_t lock;

static void *count_under_lock(void *arg)
{
    for (int i = 0; i < 10000; i++) {
        CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
        guarded++;
        CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    }
    return arg;
}

static void check_contended_lock(void)
{
    enum { count = 4 };
    threading_thread_t *threads[count];
    for (int i = 0; i < count; i++)
        threads[i] = started(count_under_lock, NULL);
    for (int i = 0; i < count; i++)
        finished(threads[i]);
    CHECK_EQUAL(guarded, count * 10000);
}

CASE(threads_get_on_where_the_environment_says_one)
{
    set_count("1");
    check_contended_lock();
}

CASE(threads_get_on_where_the_environment_says_many)
{
    set_count("64");
    check_contended_lock();
}

/* ---- affinity ---- */

/* The calling thread alone, to one of the processors that it may use. */
static bool bind_thread(void)
{
#if defined(_WIN32)
    DWORD_PTR mine = 0, all = 0;
    if (!GetProcessAffinityMask(GetCurrentProcess(), &mine, &all) || mine == 0)
        return false;
    return SetThreadAffinityMask(GetCurrentThread(), mine & (~mine + 1)) != 0;
#elif defined(__linux__)
    unsigned char set[1024] = {0}; /* for the 8192 processors that Linux can be built for */
    long size = syscall(SYS_sched_getaffinity, 0, sizeof set, set);
    bool has_one = false;
    for (long byte = 0; byte < size; byte++)
        for (int bit = 0; bit < 8; bit++) {
            if (has_one)
                set[byte] &= (unsigned char)~(1 << bit);
            has_one = has_one || (set[byte] >> bit & 1) != 0;
        }
    return has_one && syscall(SYS_sched_setaffinity, 0, size, set) == 0;
#else
    return false;
#endif
}

static void *check_bound(void *count)
{
    size_t available = threading_available_parallelism();
    if (!bind_thread())
        SKIP("a thread cannot be bound to a processor here");
    CHECK_EQUAL(threading_cpu_count(), *(size_t *)count);
    CHECK_EQUAL(threading_available_parallelism(), available);
    return count;
}

CASE(bound_thread_is_told_what_the_process_has)
{
    size_t count = system_count();
    finished(started(check_bound, &count));
}

CASE(bound_foreign_thread_is_told_what_the_process_has)
{
    size_t count = system_count();
    foreign_join(foreign_start(check_bound, &count));
}
