/* SPDX-License-Identifier: MIT */
/*
 * Work in phases: nobody begins the next one before all have finished this one.
 *
 *     barrier = threading.Barrier(3, action=end_of_phase)
 *     for phase in range(5):
 *         work()
 *         barrier.wait()
 *
 * A rod is heated at both ends. Three threads have four places of it each; in every phase a place takes the
 * mean of itself and its neighbours, and at the borders the neighbours belong to another thread. Look at the
 * action: the last thread to come runs it, alone, while the others still wait; so it may exchange the
 * two copies of the rod, and neither needs a lock.
 */
#include "example.h"

enum { THREADS = 3, EACH = 4, PLACES = THREADS * EACH, PHASES = 6 };

/* A place more on each side: the fires. */
static int copies[2][PLACES + 2] = {{[0] = 1000, [PLACES + 1] = 1000}, {[0] = 1000, [PLACES + 1] = 1000}};
static int *now = copies[0], *next = copies[1];

static void end_of_phase(void *unused)
{
    int *old = now;
    (void)unused;
    now = next;
    next = old;
    for (int i = 1; i <= PLACES; i++)
        printf("%5d", now[i]);
    printf("\n");
}

static threading_barrier_t barrier =
    THREADING_BARRIER_INIT_WITH(THREADS, end_of_phase, NULL, THREADING_FOREVER);

static void *heat(void *first)
{
    int begin = *(int *)first;
    for (int phase = 0; phase < PHASES; phase++) {
        for (int i = begin; i < begin + EACH; i++)
            next[i] = (now[i - 1] + now[i] + now[i + 1]) / 3;
        THREADING_MUST(threading_barrier_wait(&barrier, NULL));
    }
    return NULL;
}

int main(void)
{
    int first[THREADS];
    threading_thread_t *threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        first[i] = 1 + i * EACH;
        threads[i] = THREADING_MUST_SPAWN(heat, &first[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        THREADING_MUST(threading_thread_join(threads[i]));
        threading_thread_free(threads[i]);
    }
    return 0;
}
