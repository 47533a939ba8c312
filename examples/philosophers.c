/* SPDX-License-Identifier: MIT */
/*
 * Dining philosophers: five at a round table, five forks between them, and each needs two forks to eat.
 *
 *     def philosopher(left, right):
 *         with left:
 *             with right:
 *                 eat()
 *
 * If all take the fork to their left at once, all wait for ever for the one to their right. Look at the three
 * ways out. The forks are RLocks, which know who waits for whom: the one who would close the ring is told
 * THREADING_DEADLOCK and can give way. Better, there is never a ring: because everybody takes the
 * fork of the lower number first, or because a semaphore lets only four sit down at a time.
 */
#include <stdatomic.h>

#include "example.h"

enum { PHILOSOPHERS = 5, MEALS = 100 };

static threading_rlock_t forks[PHILOSOPHERS]; /* zeros are forks on the table */
static int eaten[PHILOSOPHERS];               /* each philosopher counts its own */
static atomic_int refused;

static threading_rlock_t *left(int philosopher)
{
    return &forks[philosopher];
}

static threading_rlock_t *right(int philosopher)
{
    return &forks[(philosopher + 1) % PHILOSOPHERS];
}

/* Takes two forks, eats, puts them back. Refused, it puts back the first one, so that the others can eat. */
static bool eat(int philosopher, threading_rlock_t *first, threading_rlock_t *second)
{
    bool can;
    THREADING_MUST(threading_rlock_acquire(first));
    can = threading_rlock_acquire(second) == THREADING_OK;
    if (can) {
        eaten[philosopher]++;
        threading_rlock_release(second);
    } else {
        atomic_fetch_add(&refused, 1);
    }
    threading_rlock_release(first);
    return can;
}

/* ---- each takes the left fork first */

static threading_barrier_t all_hold_one = THREADING_BARRIER_INIT(PHILOSOPHERS);

/* The barrier makes the bad luck certain: everybody has a left fork before anyone tries a right one. */
static void *left_first(void *number)
{
    int me = *(int *)number;
    THREADING_MUST(threading_rlock_acquire(left(me)));
    THREADING_MUST(threading_barrier_wait(&all_hold_one, NULL));
    bool ate = eat(me, left(me), right(me)); /* an RLock: the left fork is taken a second time */
    threading_rlock_release(left(me));
    if (!ate)
        eat(me, right(me), left(me)); /* one who does it the other way round breaks the ring */
    return NULL;
}

/* ---- everybody takes the lower fork first */

static void *lower_first(void *number)
{
    int me = *(int *)number;
    threading_rlock_t *lower = left(me) < right(me) ? left(me) : right(me);
    threading_rlock_t *higher = left(me) < right(me) ? right(me) : left(me);
    for (int i = 0; i < MEALS; i++)
        eat(me, lower, higher);
    return NULL;
}

/* ---- there is one chair less */

static threading_semaphore_t chairs = THREADING_SEMAPHORE_INIT(PHILOSOPHERS - 1);

static void *on_a_chair(void *number)
{
    int me = *(int *)number;
    for (int i = 0; i < MEALS; i++)
        THREADING_WITH_SEMAPHORE(&chairs) {
            eat(me, left(me), right(me));
        }
    return NULL;
}

static void dine(const char *title, threading_target_t philosopher)
{
    int numbers[PHILOSOPHERS], meals = 0;
    threading_thread_t *threads[PHILOSOPHERS];
    atomic_store(&refused, 0);
    for (int i = 0; i < PHILOSOPHERS; i++) {
        numbers[i] = i;
        eaten[i] = 0;
        threads[i] = THREADING_MUST_SPAWN(philosopher, &numbers[i]);
    }
    for (int i = 0; i < PHILOSOPHERS; i++) {
        THREADING_MUST(threading_thread_join(threads[i]));
        threading_thread_free(threads[i]);
        meals += eaten[i];
    }
    printf("%s: %d meals, refused %d\n", title, meals, atomic_load(&refused));
}

int main(void)
{
    dine("left first", left_first);
    dine("lower first", lower_first);
    dine("four chairs", on_a_chair);
    return 0;
}
