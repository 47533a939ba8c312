/* SPDX-License-Identifier: MIT */
/*
 * The race of balance_unlocked.c, prevented by a Lock: the balance is always 0.
 *
 *     lock.acquire()
 *     try: change_it(n)
 *     finally: lock.release()
 *
 * Look at the two ways to write it. THREADING_WITH_LOCK is Python's `with lock:`; with GCC and Clang it
 * releases on every way out of its body, as `finally` does.
 */
#include "example.h"

static threading_lock_t lock; /* zeros are an unlocked lock */
static int balance;

static void change_it(int n)
{
    balance = balance + n;
    balance = balance - n;
}

static void *with_acquire_and_release(void *n)
{
    for (int i = 0; i < 100000; i++) {
        threading_lock_acquire(&lock);
        change_it(*(int *)n);
        threading_lock_release(&lock);
    }
    return NULL;
}

static void *with_lock(void *n)
{
    for (int i = 0; i < 100000; i++)
        THREADING_WITH_LOCK(&lock) {
            change_it(*(int *)n);
        }
    return NULL;
}

static void run_both(threading_target_t target)
{
    int five = 5, eight = 8;
    threading_thread_t *t1 = THREADING_MUST_SPAWN(target, &five);
    threading_thread_t *t2 = THREADING_MUST_SPAWN(target, &eight);
    THREADING_MUST(threading_thread_join(t1));
    THREADING_MUST(threading_thread_join(t2));
    threading_thread_free(t1);
    threading_thread_free(t2);
}

int main(void)
{
    run_both(with_acquire_and_release);
    printf("acquire and release: %d\n", balance);
    run_both(with_lock);
    printf("with: %d\n", balance);
    return 0;
}
