/* SPDX-License-Identifier: MIT */
/* Clang's thread-safety analysis: right uses that it accepts, and mistakes, chosen by a macro, that it finds. */
#include "threading.h"

static threading_lock_t lock;
static int balance __attribute__((guarded_by(lock)));

int deposit(int amount);
int try_deposit(int amount);
int deposit_soon(int amount);
int deposit_with(int amount);
int peek(void);

int deposit(int amount)
{
    threading_lock_acquire(&lock);
    balance += amount;
#if !defined(MISSING_RELEASE)
    threading_lock_release(&lock);
#endif
    return amount;
}

int try_deposit(int amount)
{
    if (threading_lock_try_acquire(&lock) == THREADING_OK) {
        balance += amount;
#if !defined(MISSING_RELEASE_AFTER_TRY)
        threading_lock_release(&lock);
#endif
        return amount;
    }
    return 0;
}

int deposit_soon(int amount)
{
    if (threading_lock_acquire_timeout(&lock, 0.5) != THREADING_OK)
        return 0;
    balance += amount;
    threading_lock_release(&lock);
    return amount;
}

int deposit_with(int amount)
{
    THREADING_WITH_LOCK(&lock) {
        balance += amount;
        if (balance < 0)
            return balance;
    }
    return amount;
}

int peek(void)
{
#if defined(UNGUARDED)
    return balance;
#else
    int value = 0;
    THREADING_WITH_LOCK(&lock) {
        value = balance;
    }
    return value;
#endif
}
