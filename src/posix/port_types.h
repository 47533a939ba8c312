/* SPDX-License-Identifier: MIT */
/* The pthreads backend's part of port.h, and the one place that chooses among its parkers. */
#ifndef TI_PORT_TYPES_H
#define TI_PORT_TYPES_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct ti_port_thread {
    pthread_t native;
    void (*entry)(void *argument);
    void *argument;
    size_t stack_size;
} ti_port_thread;

/* A futex where the kernel has one; a mutex and a condition variable elsewhere, or anywhere when asked
 * for. */
#if defined(__linux__) && !defined(THREADING_PARKER_CONDITION)
#define TI_POSIX_PARKER_IS_FUTEX 1
typedef struct ti_parker {
    uint32_t state;
} ti_parker;
#else
#define TI_POSIX_PARKER_IS_FUTEX 0
typedef struct ti_parker {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    bool token; /* under the mutex */
} ti_parker;
#endif

/* glibc 2.32 and newer tell whether the process has one thread; it goes back to that when others have been
 * joined. */
#if defined(__GLIBC__) && defined(__has_include)
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define TI_POSIX_IS_ALONE (__libc_single_threaded != 0)
#endif
#endif
#ifndef TI_POSIX_IS_ALONE
#define TI_POSIX_IS_ALONE false
#endif

static inline bool ti_port_is_alone(void)
{
    return TI_POSIX_IS_ALONE;
}

/* The thread's pointer as the fast paths see it. posix_self.c says when it cannot be trusted. */
extern _Thread_local void *ti_posix_self;

static inline void *ti_port_self(void)
{
    return ti_posix_self;
}

/* The calling thread's errno, which is the user's. Volatile, since Clang takes it that calloc, realloc and
 * free leave errno alone, and drops a store of what errno held before. */
typedef int ti_port_errors;

static inline ti_port_errors ti_port_errors_keep(void)
{
    return *(volatile int *)&errno;
}

static inline void ti_port_errors_restore(ti_port_errors errors)
{
    *(volatile int *)&errno = errors;
}

#endif
