/* SPDX-License-Identifier: MIT */
/*
 * Daemons that take and give memory until the process is gone.
 *
 * Except in Wine, where they stop when the joins are over, just before they would be killed. Its ExitProcess
 * may kill a thread inside a spin lock of ntdll, which threads pass through to wait for malloc's lock. Then
 * msvcrt frees its files. free() is let into malloc's lock, as everybody is once the process ends. On its way
 * out it finds that killed threads wait, wants to wake one, and spins for ever (Wine 8.0,
 * dlls/ntdll/sync.c: RtlLeaveCriticalSection, RtlWakeAddressSingle). Programs without this library do so too.
 */
#ifndef CHURN_H
#define CHURN_H

#include <stdlib.h>

#include "conformance.h"

static atomic_bool churn_ends;
static atomic_int churning;

static inline void churn_end(void)
{
    atomic_store(&churn_ends, true);
    AWAIT(atomic_load(&churning) == 0);
}

/* To be called before the library's first use, so that the handler runs after the joins. */
static inline void churn_begin(int daemons)
{
    atomic_store(&churning, daemons);
    if (wine_version() != NULL)
        CHECK_EQUAL(atexit(churn_end), 0);
}

/* What each daemon calls between two rounds. */
static inline void churn_on(void)
{
    if (atomic_load(&churn_ends)) {
        atomic_fetch_sub(&churning, 1);
        threading_sleep(THREADING_FOREVER);
    }
}

#endif
