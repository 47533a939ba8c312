/* SPDX-License-Identifier: MIT */
/*
 * The parker on a futex (Linux).
 *
 *   state   meaning                      park                     unpark
 *   EMPTY   no token, nobody sleeps      -> ASLEEP, sleeps        -> TOKEN
 *   TOKEN   a token                      -> EMPTY, returns        stays
 *   ASLEEP  no token, the owner sleeps                            -> TOKEN, wakes
 */
#include "posix_system.h"

#if TI_POSIX_PARKER_IS_FUTEX

#include <sys/syscall.h>
#include <unistd.h>

#include "atomic.h"

/* From the kernel's <linux/futex.h>, which a libc other than the system's own, as musl-gcc's, does not
 * find. */
#define TI_FUTEX_WAKE_PRIVATE (1 | 128)
#define TI_FUTEX_WAIT_BITSET_PRIVATE (9 | 128)
#define TI_FUTEX_ANY 0xFFFFFFFFu

enum { TI_PARKER_EMPTY, TI_PARKER_TOKEN, TI_PARKER_ASLEEP };

/* The kernel's timespec, which on 32-bit systems need not be the C library's. */
#if defined(SYS_futex)
#define TI_POSIX_FUTEX SYS_futex
typedef long ti_posix_kernel_time;
#else
#define TI_POSIX_FUTEX SYS_futex_time64
typedef int64_t ti_posix_kernel_time;
#endif

struct ti_posix_kernel_timespec {
    ti_posix_kernel_time seconds;
    ti_posix_kernel_time nanoseconds;
};

bool ti_port_parker_init(ti_parker *parker)
{
    /* Relaxed: its thread does not run yet. */
    ti_store_relaxed(&parker->state, TI_PARKER_EMPTY);
    return true;
}

/* Every result of the wait means the same here: look again. It is woken, timed out (ETIMEDOUT), interrupted
 * (EINTR) or the state was changed before the sleep (EAGAIN). The deadline is absolute, on the monotonic
 * clock. */
static void ti_posix_futex_wait(uint32_t *word, uint32_t value, int64_t deadline)
{
    ti_port_errors errors = ti_port_errors_keep();
    struct timespec until = ti_posix_timespec(deadline);
    struct ti_posix_kernel_timespec limit = {(ti_posix_kernel_time)until.tv_sec,
                                             (ti_posix_kernel_time)until.tv_nsec};
    (void)syscall(TI_POSIX_FUTEX, word, TI_FUTEX_WAIT_BITSET_PRIVATE, value,
                  deadline == TI_FOREVER ? NULL : &limit, NULL, TI_FUTEX_ANY);
    ti_port_errors_restore(errors);
}

/* It fails for memory that is gone only, and a parker's stays; a sandbox may have refused it all the same. */
static void ti_posix_futex_wake(uint32_t *word)
{
    ti_port_errors errors = ti_port_errors_keep();
    (void)syscall(TI_POSIX_FUTEX, word, TI_FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    ti_port_errors_restore(errors);
}

void ti_port_park(ti_parker *parker, int64_t deadline)
{
    /* Acquire, here and below: pairs with the release in unpark; what came before the token is seen after
     * it. */
    if (!ti_swap_acquire(&parker->state, TI_PARKER_TOKEN, TI_PARKER_EMPTY) &&
        ti_swap_acquire(&parker->state, TI_PARKER_EMPTY, TI_PARKER_ASLEEP)) {
        ti_posix_futex_wait(&parker->state, TI_PARKER_ASLEEP, deadline);
        (void)ti_exchange_acquire_release(&parker->state, TI_PARKER_EMPTY);
    }
}

void ti_port_unpark(ti_parker *parker)
{
    /* Release: pairs with the acquires in park. */
    if (ti_exchange_acquire_release(&parker->state, TI_PARKER_TOKEN) == TI_PARKER_ASLEEP)
        ti_posix_futex_wake(&parker->state);
}

#else
typedef int ti_posix_parker_is_elsewhere; /* C wants a declaration in every file */
#endif
