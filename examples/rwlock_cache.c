/* SPDX-License-Identifier: MIT */
/*
 * A cache that many threads read at the same time, and one at a time writes.
 *
 *     # Python has no such lock: with threads that take turns there would be little to gain.
 *
 * Look at lookup(): most calls find what they want, holding the lock together with other readers. A reader
 * cannot become a writer, it must let go first. In between another thread may have written the entry, so
 * the writer looks again.
 */
#include <stdatomic.h>

#include "example.h"

enum { READERS = 4, NUMBERS = 50, ROUNDS = 200 };

static threading_rwlock_t lock; /* zeros are a free lock */
static long cache[NUMBERS + 1]; /* guarded by the lock; 0 is not computed yet */
static int computed;            /* guarded by the lock, too */
static atomic_int wrong;

/* What is worth to be kept: how many steps it takes from n to 1. */
static long collatz(long n)
{
    long steps = 1;
    for (; n != 1; steps++)
        n = n % 2 == 0 ? n / 2 : 3 * n + 1;
    return steps;
}

static long lookup(int n)
{
    long steps = 0;
    THREADING_WITH_READ(&lock) {
        steps = cache[n];
    }
    if (steps != 0)
        return steps;
    THREADING_WITH_WRITE(&lock) {
        if (cache[n] == 0) {
            cache[n] = collatz(n);
            computed++;
        }
        steps = cache[n];
    }
    return steps;
}

/* Only if all readers hold the lock at the same time do they all come to the barrier. */
static void meet_as_readers(void)
{
    static threading_barrier_t meeting = THREADING_BARRIER_INIT(READERS);
    size_t index = 0;
    THREADING_WITH_READ(&lock) {
        THREADING_MUST(threading_barrier_wait(&meeting, &index));
    }
    if (index == 0)
        printf("%d readers hold the lock at the same time\n", READERS);
}

static void *read_all(void *unused)
{
    (void)unused;
    meet_as_readers();
    for (int round = 0; round < ROUNDS; round++)
        for (int n = 1; n <= NUMBERS; n++)
            if (lookup(n) != collatz(n))
                atomic_fetch_add(&wrong, 1);
    return NULL;
}

int main(void)
{
    threading_thread_t *readers[READERS];
    for (int i = 0; i < READERS; i++) {
        readers[i] = THREADING_MUST_SPAWN(read_all, NULL);
    }
    for (int i = 0; i < READERS; i++) {
        THREADING_MUST(threading_thread_join(readers[i]));
        threading_thread_free(readers[i]);
    }
    printf("%d lookups, %d of them computed, %d were wrong\n", READERS * ROUNDS * NUMBERS, computed,
           atomic_load(&wrong));
    return 0;
}
