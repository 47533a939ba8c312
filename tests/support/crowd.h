/* SPDX-License-Identifier: MIT */
/* What the suites about locks share: many threads, bytes that are zero again, numbers at random. */
#ifndef CROWD_H
#define CROWD_H

#include <string.h>

#include "conformance.h"

/* A stack for each of very many threads: 64 KiB, more under a sanitizer; the default where the backend cannot
 * choose. */
THREADING_UNUSED static inline size_t small_stack(void)
{
    if (strcmp(threading_backend(), "c11") == 0)
        return 0;
    return is_slow() ? 512 * 1024 : 64 * 1024;
}

/* After a load the words of a lock are what they were at first. */
THREADING_UNUSED static inline bool is_zero(const void *object, size_t size)
{
    const unsigned char *bytes = object;
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

THREADING_UNUSED static inline void start_many(threading_thread_t **threads, int count,
                                               threading_target_t target, void *arg)
{
    for (int i = 0; i < count; i++)
        threads[i] = started(target, arg);
}

THREADING_UNUSED static inline void finish_many(threading_thread_t **threads, int count)
{
    for (int i = 0; i < count; i++)
        finished(threads[i]);
}

/* Lets that many threads go on together, again and again; `arrived` begins at zero. */
THREADING_UNUSED static inline void meet(atomic_int *arrived, int parties)
{
    int place = atomic_fetch_add(arrived, 1);
    int complete = (place / parties + 1) * parties;
    while (atomic_load(arrived) < complete)
        (void)threading_sleep(0);
}

/* The next of a row of numbers below `limit` that a seed begins: Marsaglia's xorshift. */
THREADING_UNUSED static inline uint32_t random_below(uint32_t *seed, uint32_t limit)
{
    *seed = *seed == 0 ? 2463534242u : *seed;
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed % limit;
}

#endif
