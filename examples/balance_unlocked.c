/* SPDX-License-Identifier: MIT */
/*
 * The race: two threads change one balance without a lock, and changes get lost.
 *
 *     def change_it(n):
 *         balance = balance + n
 *         balance = balance - n
 *
 * Look at add(): it reads, then writes; what the other thread wrote in between is overwritten. The
 * relaxed atomics keep the program defined, they do not make the two steps one. balance_locked.c does.
 */
#include <stdatomic.h>

#include "example.h"

static atomic_int balance;

static void add(int n)
{
    int x = atomic_load_explicit(&balance, memory_order_relaxed) + n;
    atomic_store_explicit(&balance, x, memory_order_relaxed);
}

static void change_it(int n)
{
    add(n);
    add(-n);
}

static void *run_thread(void *n)
{
    for (int i = 0; i < 2000000; i++)
        change_it(*(int *)n);
    return NULL;
}

static int run_both(void)
{
    int five = 5, eight = 8;
    threading_thread_t *t1 = THREADING_MUST_SPAWN(run_thread, &five);
    threading_thread_t *t2 = THREADING_MUST_SPAWN(run_thread, &eight);
    THREADING_MUST(threading_thread_join(t1));
    THREADING_MUST(threading_thread_join(t2));
    threading_thread_free(t1);
    threading_thread_free(t2);
    return atomic_load(&balance);
}

int main(void)
{
    /* Luck may hide the race, so try until it shows. */
    while (run_both() == 0)
        continue;
    printf("balance: %d\n", atomic_load(&balance));
    printf("It should be 0: changes were lost.\n");
    return 0;
}
