/* SPDX-License-Identifier: MIT */
/*
 * Nobody can lengthen or cut a wait by setting the clock: the wall clock of this program runs wild, and the library does
 * not ask for it.
 */
#include "conformance.h"

#if defined(__linux__)

#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* Where time has 64 bits although the machine has 32, musl knows only the call that has them too. */
#if !defined(SYS_clock_gettime)
#define SYS_clock_gettime SYS_clock_gettime64
#endif

static atomic_int wall_clock_reads;

static time_t wild_time(void)
{
    int reads = atomic_fetch_add(&wall_clock_reads, 1);
    return reads % 2 == 0 ? 2100000000 : 1000; /* forward by years, then back by decades */
}

/* These take the place of the C library's for everything that is linked into this program. */
int clock_gettime(clockid_t clock, struct timespec *result)
{
    if (clock != CLOCK_REALTIME)
        return (int)syscall(SYS_clock_gettime, clock, result);
    result->tv_sec = wild_time();
    result->tv_nsec = 0;
    return 0;
}

int gettimeofday(struct timeval *restrict result, void *restrict zone)
{
    (void)zone;
    result->tv_sec = wild_time();
    result->tv_usec = 0;
    return 0;
}

static double awake_seconds(void)
{
    struct timespec now = {0, 0};
    CHECK_EQUAL(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now), 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void needs_a_monotonic_clock(void)
{
    if (strcmp(threading_backend(), "c11") == 0)
        SKIP("C11 has only the wall clock");
}

/* Far above what a loaded machine adds, far below what the wild clock would. */
static void lasted(double began, double seconds)
{
    double lasted = awake_seconds() - began;
    CHECK(lasted >= seconds);
    CHECK(lasted < 1000);
    CHECK_EQUAL(atomic_load(&wall_clock_reads), 0);
}

CASE(lock_with_a_limit_does_not_look_at_the_wall_clock)
{
    threading_lock_t lock = {0};
    needs_a_monotonic_clock();
    threading_lock_acquire(&lock);
    double began = awake_seconds();
    CHECK_STATUS(threading_lock_acquire_timeout(&lock, 0.05), THREADING_TIMEOUT);
    lasted(began, 0.05);
}

static void *wait_for_gate(void *gate)
{
    threading_lock_acquire(gate);
    return NULL;
}

CASE(join_with_a_limit_does_not_look_at_the_wall_clock)
{
    threading_lock_t gate = {0};
    needs_a_monotonic_clock();
    threading_lock_acquire(&gate);
    threading_thread_t *thread = started(wait_for_gate, &gate);
    double began = awake_seconds();
    CHECK_STATUS(threading_thread_join_timeout(thread, 0.05), THREADING_TIMEOUT);
    lasted(began, 0.05);
    threading_lock_release(&gate);
    finished(thread);
}

CASE(sleep_does_not_look_at_the_wall_clock)
{
    needs_a_monotonic_clock();
    double began = awake_seconds();
    CHECK_STATUS(threading_sleep(0.05), THREADING_OK);
    lasted(began, 0.05);
}

#else

CASE(lock_with_a_limit_does_not_look_at_the_wall_clock)
{
    SKIP("the clock is taken over on Linux only");
}

CASE(join_with_a_limit_does_not_look_at_the_wall_clock)
{
    SKIP("the clock is taken over on Linux only");
}

CASE(sleep_does_not_look_at_the_wall_clock)
{
    SKIP("the clock is taken over on Linux only");
}

#endif
