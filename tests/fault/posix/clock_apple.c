/* SPDX-License-Identifier: MIT */
/* The spans that macOS is asked to wait for. Its clock is compiled here, under other names, on whatever system this is. */
#include "posix_system.h"

#include "conformance.h"

static struct timespec asked; /* the last span */

#if !defined(__APPLE__)
#define __APPLE__ 1 /* for the one file alone */
#define CLOCK_UPTIME_RAW 8
#endif

static int64_t clock_reads = 86400 * TI_POSIX_SECOND; /* a machine that has been up for a day */

static uint64_t read_clock(int clock)
{
    CHECK_EQUAL(clock, CLOCK_UPTIME_RAW);
    return (uint64_t)clock_reads;
}

static int wait_for_span(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *span)
{
    CHECK(condition != NULL && mutex != NULL);
    asked = *span;
    return 0;
}

#define clock_gettime_nsec_np read_clock
#define pthread_cond_timedwait_relative_np wait_for_span
#define ti_port_now apple_now
#define ti_port_sleep apple_sleep
#define ti_posix_condition_init apple_condition_init
#define ti_posix_condition_wait apple_condition_wait
int64_t apple_now(void);
void apple_sleep(int64_t deadline);
bool apple_condition_init(pthread_cond_t *condition);
void apple_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline);

#include "posix_clock_apple.c"

static int64_t span_until(int64_t deadline)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    asked.tv_sec = asked.tv_nsec = -1;
    apple_condition_wait(&condition, &mutex, deadline);
    return (int64_t)asked.tv_sec * TI_POSIX_SECOND + asked.tv_nsec;
}

CASE(wait_until_the_past_is_none)
{
    CHECK_EQUAL(span_until(INT64_MIN), 0);
    CHECK_EQUAL(span_until(INT64_MIN + clock_reads), 0);
    CHECK_EQUAL(span_until(-1), 0);
    CHECK_EQUAL(span_until(0), 0);
    CHECK_EQUAL(span_until(clock_reads - 1), 0);
    CHECK_EQUAL(span_until(clock_reads), 0);
}

CASE(wait_until_the_future_is_as_long_as_that_or_a_day)
{
    CHECK_EQUAL(span_until(clock_reads + 1), 1);
    CHECK_EQUAL(span_until(clock_reads + 5 * TI_POSIX_SECOND / 2), 5 * TI_POSIX_SECOND / 2);
    CHECK_EQUAL(span_until(clock_reads + 86400 * TI_POSIX_SECOND), 86400 * TI_POSIX_SECOND);
    CHECK_EQUAL(span_until(clock_reads + 86401 * TI_POSIX_SECOND), 86400 * TI_POSIX_SECOND);
    CHECK_EQUAL(span_until(TI_FOREVER - 1), 86400 * TI_POSIX_SECOND);
}

CASE(sleep_until_the_past_is_none)
{
    apple_sleep(INT64_MIN);
    apple_sleep(clock_reads);
    CHECK_EQUAL(apple_now(), clock_reads);
}
