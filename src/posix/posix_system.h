/* SPDX-License-Identifier: MIT */
/* What every file of this backend includes first: the feature macros, the system's headers, and what the
 * files share. */
#ifndef TI_POSIX_SYSTEM_H
#define TI_POSIX_SYSTEM_H

#include "posix_features.h"

#include <pthread.h>
#include <time.h>

#include "port.h"

#if defined(__APPLE__) && !defined(CLOCK_UPTIME_RAW)
#error "threading: include this file before all others, or compile with -D_DARWIN_C_SOURCE"
#endif

/*
 * As one file, the library may come behind system headers that were read without those macros, in strict C
 * or with an old _POSIX_C_SOURCE. They are not read again, so what they then left out is declared here.
 * Only systems of 64 bits are known to have these functions under these very names.
 */
#if defined(__linux__) && (!defined(CLOCK_MONOTONIC) || (defined(__GLIBC__) && !defined(__USE_XOPEN2K)))
#if !defined(__LP64__)
#error "threading: include this file before all others, or compile with -D_DEFAULT_SOURCE"
#endif
#undef CLOCK_MONOTONIC
#define CLOCK_MONOTONIC 1
#undef TIMER_ABSTIME
#define TIMER_ABSTIME 1
int clock_gettime(int clock, struct timespec *now);
int clock_nanosleep(int clock, int flags, const struct timespec *until, struct timespec *rest);
int pthread_condattr_setclock(pthread_condattr_t *attributes, int clock);
#endif
#if defined(__linux__) && !defined(__USE_MISC)
long syscall(long number, ...);
#endif

#define TI_POSIX_SECOND INT64_C(1000000000)

/* Remember which thread is main, where main itself has to: when the code is loaded, and in a forked child. */
void ti_posix_find_main(void);

/* In a forked child: SIGQUIT is not the library's any more. */
#if !defined(THREADING_NO_DIAGNOSIS)
void ti_posix_quit_in_child(void);
#else
#define ti_posix_quit_in_child() ((void)0)
#endif

/* A moment or a span as a timespec; more than 2^31 - 1 seconds are cut, for systems whose time_t has 32
 * bits. The waiter looks at the clock afterwards. */
struct timespec ti_posix_timespec(int64_t nanoseconds);

/* Waits are no cancellation points: a thread that is cancelled in one would leave a queue with its waiter
 * in it. */
int ti_posix_cancel_disable(void);
void ti_posix_cancel_restore(int state);

#if defined(__linux__)
/* posix_cgroup.c: how many threads the quota of the process's control groups lets run at once, at least 1;
 * SIZE_MAX where there is none. `root` stands before all paths: "" outside of tests. */
size_t ti_posix_quota(const char *root);
#endif

#if !TI_POSIX_PARKER_IS_FUTEX
/* posix_clock.c or posix_clock_apple.c: condition variables on the monotonic clock. The first is false
 * when memory is out. The wait may end early. */
bool ti_posix_condition_init(pthread_cond_t *condition);
void ti_posix_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline);
#endif

#endif
