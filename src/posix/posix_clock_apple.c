/* SPDX-License-Identifier: MIT */
/*
 * Time on macOS: its CLOCK_MONOTONIC goes on while the machine sleeps, so the clock is CLOCK_UPTIME_RAW; and
 * its condition variables know the wall clock only, but can wait for a span.
 */
#include "posix_system.h"

#if defined(__APPLE__)

/* Longer waits overflow in the kernel and return at once (rust-lang/rust#37440): the caller looks at the
 * clock. */
#define TI_APPLE_LONGEST_WAIT (86400 * TI_POSIX_SECOND)

int64_t ti_port_now(void)
{
    return (int64_t)clock_gettime_nsec_np(CLOCK_UPTIME_RAW);
}

/* Compared before they are subtracted: the deadline of a try is so far in the past that the difference
 * would wrap around, and be a day. */
static struct timespec ti_apple_remaining(int64_t deadline)
{
    int64_t now = ti_port_now();
    int64_t remaining = deadline > now ? deadline - now : 0;
    return ti_posix_timespec(remaining < TI_APPLE_LONGEST_WAIT ? remaining : TI_APPLE_LONGEST_WAIT);
}

void ti_port_sleep(int64_t deadline)
{
    ti_port_errors errors = ti_port_errors_keep();
    while (ti_port_now() < deadline) { /* it also ends early for a signal, or when the time was cut */
        struct timespec remaining = ti_apple_remaining(deadline);
        (void)nanosleep(&remaining, NULL);
    }
    ti_port_errors_restore(errors);
}

bool ti_posix_condition_init(pthread_cond_t *condition)
{
    return pthread_cond_init(condition, NULL) == 0;
}

/* EINVAL comes for no reason under load (libuv/libuv#4165): like every other result it means, look again. */
void ti_posix_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline)
{
    if (deadline == TI_FOREVER) {
        (void)pthread_cond_wait(condition, mutex);
    } else {
        struct timespec remaining = ti_apple_remaining(deadline);
        (void)pthread_cond_timedwait_relative_np(condition, mutex, &remaining);
    }
}

#else
typedef int ti_posix_clock_is_posix; /* C wants a declaration in every file */
#endif
