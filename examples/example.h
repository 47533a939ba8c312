/* SPDX-License-Identifier: MIT */
/*
 * What the examples share: pauses that can be hurried, the time of day, and the processor time that was used.
 */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#if !defined(_CRT_SECURE_NO_WARNINGS)
#define _CRT_SECURE_NO_WARNINGS /* Microsoft warns of ctime; here a Lock guards it. */
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "threading.h"

static double example_factor = 1;

/* The first argument scales every pause: 1 is the documents' timing, 0.02 is fifty times as fast. */
static inline void example_begin(int argc, char **argv)
{
    if (argc > 1)
        example_factor = atof(argv[1]);
}

static inline void pause_for(double seconds)
{
    threading_sleep(seconds * example_factor);
}

struct moment {
    char text[32];
};

/* The time of day, as in Python. ctime() has one buffer for all threads, hence the lock. */
static inline struct moment ctime_now(void)
{
    static threading_lock_t lock;
    struct moment now = {""};
    time_t seconds = time(NULL);
    THREADING_WITH_LOCK(&lock) {
        memcpy(now.text, ctime(&seconds), 24); /* all but the newline */
    }
    return now;
}

/* Seconds of processor time that all threads of this process have used together. */
#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
static inline double cpu_seconds(void) /* clock() is no use here: Microsoft's counts real time */
{
    FILETIME created, ended, system, user;
    if (!GetProcessTimes(GetCurrentProcess(), &created, &ended, &system, &user))
        return 0;
    return ((double)user.dwHighDateTime * 4294967296.0 + (double)user.dwLowDateTime) / 1e7;
}
#else
static inline double cpu_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}
#endif

#endif
