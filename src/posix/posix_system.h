/* SPDX-License-Identifier: MIT */
/* What every file of this backend includes first: the feature macros; and what they share. */
#ifndef TI_POSIX_SYSTEM_H
#define TI_POSIX_SYSTEM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* Linux: sched_getaffinity, syscall */
#endif
#ifndef _DARWIN_C_SOURCE
#define _DARWIN_C_SOURCE 1 /* macOS: pthread_setname_np, pthread_cond_timedwait_relative_np */
#endif

#include <pthread.h>
#include <time.h>

#include "port.h"

#define TI_POSIX_SECOND INT64_C(1000000000)

/* A moment or a span as a timespec; more than 2^31 - 1 seconds are cut, for systems whose time_t has 32 bits. Whoever
 * waits looks at the clock afterwards. */
struct timespec ti_posix_timespec(int64_t nanoseconds);

/* Waits are no cancellation points: a thread that is cancelled in one would leave a queue with its waiter in it. */
int ti_posix_cancel_disable(void);
void ti_posix_cancel_restore(int state);

/* posix_clock.c or posix_clock_apple.c: condition variables on the monotonic clock. The wait may end early. */
void ti_posix_condition_init(pthread_cond_t *condition);
void ti_posix_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline);

#endif
