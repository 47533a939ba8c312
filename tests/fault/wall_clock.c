/* SPDX-License-Identifier: MIT */
/*
 * Nobody can lengthen or cut a wait by setting the clock: the wall clock of this program is set by hours while a thread
 * waits. The library does not ask for it, apart from the C11 backend, which has no other: there a wait may be cut a little.
 */
#include "conformance.h"

#define LENGTH 0.5        /* seconds of each wait */
#define SET_AFTER 0.1     /* when the clock is set */
#define C11_TOLERANCE 0.1 /* what a step may cut off a wait of the C11 backend: docs/limits.md */
#define FORWARD 7200      /* seconds */
#define BACK (-7200)

#if defined(__linux__)

#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

/* Where time has 64 bits although the machine has 32, musl knows only the call that has them too. */
#if !defined(SYS_clock_gettime)
#define SYS_clock_gettime SYS_clock_gettime64
#endif

static atomic_int wall_clock_reads;
static atomic_int clock_set; /* by so many seconds */
static atomic_int broadcasts;

static struct timespec system_time(clockid_t clock)
{
    struct timespec result = {0, 0};
    CHECK_EQUAL(syscall(SYS_clock_gettime, clock, &result), 0);
    return result;
}

static struct timespec wall_time(void)
{
    struct timespec result = system_time(CLOCK_REALTIME);
    result.tv_sec += atomic_load(&clock_set);
    return result;
}

static double in_seconds(struct timespec time)
{
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double awake_seconds(void)
{
    return in_seconds(system_time(CLOCK_MONOTONIC));
}

/* ---- these take the place of the C library's for everything that is linked into this program ---- */

int clock_gettime(clockid_t clock, struct timespec *result)
{
    if (clock != CLOCK_REALTIME)
        return (int)syscall(SYS_clock_gettime, clock, result);
    atomic_fetch_add(&wall_clock_reads, 1);
    *result = wall_time();
    return 0;
}

int gettimeofday(struct timeval *restrict result, void *restrict zone)
{
    struct timespec now = wall_time();
    (void)zone;
    atomic_fetch_add(&wall_clock_reads, 1);
    result->tv_sec = now.tv_sec;
    result->tv_usec = (suseconds_t)(now.tv_nsec / 1000);
    return 0;
}

/* C's clock without TIME_MONOTONIC, even where the C library has it. */
int timespec_get(struct timespec *result, int base)
{
    if (base != TIME_UTC)
        return 0;
    atomic_fetch_add(&wall_clock_reads, 1);
    *result = wall_time();
    return base;
}

static void sleep_a_little(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void wait_until(const struct timespec *moment, int broadcasts_seen)
{
#if defined(__GLIBC__)
    while (in_seconds(wall_time()) < in_seconds(*moment) && atomic_load(&broadcasts) == broadcasts_seen)
        sleep_a_little();
#else
    double end = awake_seconds() + in_seconds(*moment) - in_seconds(wall_time());
    while (awake_seconds() < end && atomic_load(&broadcasts) == broadcasts_seen)
        sleep_a_little();
#endif
}

/* A wait that goes by the clock above: glibc's until it shows the moment, musl's for the time until then. In this file
 * only a broadcast wakes a thread in a timed wait, and only the backend itself sends one. musl's other wait is this one
 * with no moment: it ends early, as every wait may. */
int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex, const struct timespec *restrict moment)
{
    (void)condition;
    int broadcasts_seen = atomic_load(&broadcasts);
    mtx_unlock(mutex);
    if (moment != NULL)
        wait_until(moment, broadcasts_seen);
    else
        sleep_a_little();
    mtx_lock(mutex);
    return moment != NULL ? thrd_timedout : thrd_success;
}

/* Ends all timed waits, which may end early. */
int cnd_broadcast(cnd_t *condition)
{
    (void)condition;
    atomic_fetch_add(&broadcasts, 1);
    return thrd_success;
}

/* ---- a wait, and a clock that is set meanwhile ---- */

static bool has_only_the_wall_clock(void)
{
    return strcmp(threading_backend(), "c11") == 0;
}

static void *set_clock(void *seconds)
{
    double end = awake_seconds() + SET_AFTER;
    while (awake_seconds() < end)
        sleep_a_little();
    atomic_store(&clock_set, *(int *)seconds);
    return NULL;
}

/* The upper limit is far above what a loaded machine adds, and far below what the clock was set by. */
static void check_length(double seconds)
{
    CHECK(seconds >= LENGTH - (has_only_the_wall_clock() ? C11_TOLERANCE : 0));
    CHECK(seconds < FORWARD / 4);
    if (!has_only_the_wall_clock())
        CHECK_EQUAL(atomic_load(&wall_clock_reads), 0);
}

/* Again, if the clock was set too late, on a machine that is busy. */
static void check_wait(void (*wait)(void), int seconds)
{
    bool was_set = false;
    while (!was_set) {
        threading_thread_t *setter = started(set_clock, &seconds);
        double began = awake_seconds();
        wait();
        was_set = atomic_load(&clock_set) != 0;
        check_length(awake_seconds() - began);
        finished(setter);
        atomic_store(&clock_set, 0);
    }
}

#else

static void check_wait(void (*wait)(void), int seconds)
{
    (void)wait;
    (void)seconds;
    SKIP("the clock is taken over on Linux only");
}

#endif

static threading_lock_t lock;

static void wait_for_the_lock(void)
{
    CHECK_STATUS(threading_lock_acquire_timeout(&lock, LENGTH), THREADING_TIMEOUT);
}

CASE(lock_with_a_limit_outlasts_a_clock_that_is_set_forward)
{
    threading_lock_acquire(&lock);
    check_wait(wait_for_the_lock, FORWARD);
}

CASE(lock_with_a_limit_is_not_lengthened_by_a_clock_that_is_set_back)
{
    threading_lock_acquire(&lock);
    check_wait(wait_for_the_lock, BACK);
}

static threading_thread_t *thread;

static void *acquire_the_lock(void *arg)
{
    threading_lock_acquire(&lock);
    return arg;
}

static void wait_for_the_thread(void)
{
    CHECK_STATUS(threading_thread_join_timeout(thread, LENGTH), THREADING_TIMEOUT);
}

static void check_join(int seconds)
{
    threading_lock_acquire(&lock);
    thread = started(acquire_the_lock, NULL);
    check_wait(wait_for_the_thread, seconds);
    threading_lock_release(&lock);
    finished(thread);
}

CASE(join_with_a_limit_outlasts_a_clock_that_is_set_forward)
{
    check_join(FORWARD);
}

CASE(join_with_a_limit_is_not_lengthened_by_a_clock_that_is_set_back)
{
    check_join(BACK);
}

static void sleep_that_long(void)
{
    CHECK_STATUS(threading_sleep(LENGTH), THREADING_OK);
}

CASE(sleep_outlasts_a_clock_that_is_set_forward)
{
    check_wait(sleep_that_long, FORWARD);
}

CASE(sleep_is_not_lengthened_by_a_clock_that_is_set_back)
{
    check_wait(sleep_that_long, BACK);
}
