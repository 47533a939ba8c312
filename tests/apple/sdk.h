/* SPDX-License-Identifier: MIT */
/*
 * The calls of macOS that the posix backend makes, on Linux: the column posix-apple includes this file before all others,
 * with __APPLE__ defined and __linux__ not. What macOS' calls do at times, as their manuals and bug reports tell, these do
 * often: a timed wait is refused (EINVAL, libuv/libuv#4165) or over too early, a long one overflows and is over at once
 * (rust-lang/rust#37440), a sleep is interrupted.
 *
 * This shows that the branch for macOS compiles, that its arithmetic is right, and that it stands such answers. It shows
 * nothing of macOS' scheduler, its locks, its loader, or its memory.
 */
#ifndef APPLE_SDK_H
#define APPLE_SDK_H

#define _GNU_SOURCE 1
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CLOCK_UPTIME_RAW 8

enum { APPLE_NAME_SIZE = 64, APPLE_LINUX_NAME_SIZE = 16, APPLE_LONGEST_WAIT = 86400 * 365 };

static inline uint64_t clock_gettime_nsec_np(int clock)
{
    struct timespec now = {0, 0};
    if (clock == CLOCK_UPTIME_RAW)
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* Of the calling thread, which is all that is asked for. It takes more than 32 bits there. */
static inline int pthread_threadid_np(void *thread, uint64_t *id)
{
    if (thread != NULL)
        return ESRCH;
    *id = (uint64_t)syscall(SYS_gettid) + (UINT64_C(1) << 32);
    return 0;
}

static inline int pthread_main_np(void)
{
    return getpid() == syscall(SYS_gettid);
}

/* Linux shows less of a name. */
static inline int apple_set_name(const char *name)
{
    char text[APPLE_LINUX_NAME_SIZE] = "";
    size_t length = strlen(name);
    if (length >= APPLE_NAME_SIZE)
        return ENAMETOOLONG;
    memcpy(text, name, length < sizeof text ? length : sizeof text - 1);
    return pthread_setname_np(pthread_self(), text);
}
#define pthread_setname_np(name) apple_set_name(name)

typedef unsigned int qos_class_t;
enum {
    QOS_CLASS_USER_INTERACTIVE = 0x21,
    QOS_CLASS_USER_INITIATED = 0x19,
    QOS_CLASS_DEFAULT = 0x15,
    QOS_CLASS_UTILITY = 0x11,
    QOS_CLASS_BACKGROUND = 0x09,
    QOS_CLASS_UNSPECIFIED = 0x00
};

/* The calling thread's, which has none at first. */
static inline qos_class_t *apple_qos(void)
{
    static _Thread_local qos_class_t mine;
    return &mine;
}
#define qos_class_self() (*apple_qos())

static inline int pthread_set_qos_class_self_np(qos_class_t qos, int relative_priority)
{
    if (relative_priority > 0)
        return EINVAL;
    *apple_qos() = qos;
    return 0;
}

/* Which of the thread's calls that can wait this one is. */
static inline unsigned apple_turn(void)
{
    static _Thread_local unsigned calls;
    return ++calls;
}

static inline int apple_sleep(const struct timespec *span, struct timespec *rest)
{
    struct timespec part = {0, span->tv_nsec / 2};
    if (apple_turn() % 3 != 0)
        return nanosleep(span, rest);
    (void)nanosleep(&part, rest);
    errno = EINTR;
    return -1;
}
#define nanosleep(span, rest) apple_sleep(span, rest)

static inline int pthread_cond_timedwait_relative_np(pthread_cond_t *condition, pthread_mutex_t *mutex,
                                                     const struct timespec *span)
{
    unsigned turn = apple_turn();
    struct timespec until;
    if (span->tv_sec < 0 || span->tv_nsec < 0 || span->tv_nsec > 999999999)
        __builtin_trap(); /* no caller may ask for that */
    if (span->tv_sec > APPLE_LONGEST_WAIT)
        return ETIMEDOUT;
    if (turn % 7 == 0)
        return EINVAL;
    if (turn % 5 == 0)
        return 0; /* nobody has signalled */
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += span->tv_sec;
    until.tv_nsec += span->tv_nsec;
    if (until.tv_nsec > 999999999) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    return pthread_cond_clockwait(condition, mutex, CLOCK_MONOTONIC, &until);
}

#endif
