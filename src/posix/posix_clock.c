/* SPDX-License-Identifier: MIT */
/* Time where POSIX's monotonic clock can be waited on: everywhere but on macOS. */
#include "posix_system.h"

struct timespec ti_posix_timespec(int64_t nanoseconds)
{
    struct timespec result = {0, 0};
    int64_t seconds = nanoseconds / TI_POSIX_SECOND;
    if (nanoseconds <= 0)
        return result; /* a moment that is past; the kernel refuses negative times */
    result.tv_sec = (time_t)(seconds < INT32_MAX ? seconds : INT32_MAX);
    result.tv_nsec = (long)(nanoseconds % TI_POSIX_SECOND);
    return result;
}

#if !defined(__APPLE__)

int64_t ti_port_now(void)
{
    struct timespec now = {0, 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* fails only where there is no such clock */
    return (int64_t)now.tv_sec * TI_POSIX_SECOND + now.tv_nsec;
}

#if defined(__EMSCRIPTEN__)
/* Its clock_nanosleep takes a moment for a span. */
static void ti_posix_sleep(int64_t deadline)
{
    struct timespec remaining = ti_posix_timespec(deadline - ti_port_now());
    (void)nanosleep(&remaining, NULL);
}
#else
static void ti_posix_sleep(int64_t deadline)
{
    struct timespec until = ti_posix_timespec(deadline);
    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}
#endif

void ti_port_sleep(int64_t deadline)
{
    while (ti_port_now() < deadline) /* it also ends early for a signal (EINTR), or when the time was cut */
        ti_posix_sleep(deadline);
}

#if !TI_POSIX_PARKER_IS_FUTEX

bool ti_posix_condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return false;
    (void)pthread_condattr_setclock(&attributes,
                                    CLOCK_MONOTONIC); /* fails only where there is no such clock */
    bool made = pthread_cond_init(condition, &attributes) == 0;
    (void)pthread_condattr_destroy(&attributes); /* fails for no attributes that were initialised */
    return made;
}

void ti_posix_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline)
{
    struct timespec until = ti_posix_timespec(deadline);
    if (deadline == TI_FOREVER)
        (void)pthread_cond_wait(condition, mutex);
    else
        (void)pthread_cond_timedwait(condition, mutex,
                                     &until); /* 0 or ETIMEDOUT: the caller looks at the clock */
}

#endif

#endif
