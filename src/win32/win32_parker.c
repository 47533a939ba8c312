/* SPDX-License-Identifier: MIT */
/*
 * The parker: on WaitOnAddress (Windows 8 and later) or on an SRWLOCK and a CONDITION_VARIABLE, chosen at
 * run time.
 *
 *   state   meaning                      park                     unpark
 *   EMPTY   no token, nobody sleeps      -> ASLEEP, sleeps        -> TOKEN
 *   TOKEN   a token                      -> EMPTY, returns        stays
 *   ASLEEP  no token, the owner sleeps                            -> TOKEN, wakes
 *
 * The second kind uses EMPTY and TOKEN only, under its lock.
 */
#include "win32_system.h"

#include <stdlib.h>

#include "atomic.h"

enum { TI_PARKER_EMPTY, TI_PARKER_TOKEN, TI_PARKER_ASLEEP };

typedef BOOL(WINAPI *ti_win32_wait)(volatile VOID *address, PVOID compare, SIZE_T size, DWORD milliseconds);
typedef VOID(WINAPI *ti_win32_wake)(PVOID address);

/* They are in an API set, not in kernel32, and kernelbase stands behind it. */
#define TI_WIN32_SYNCH L"api-ms-win-core-synch-l1-2-0.dll"

static ti_win32_optional ti_win32_wait_on_address = {TI_WIN32_SYNCH, L"kernelbase.dll", "WaitOnAddress", 0};
static ti_win32_optional ti_win32_wake_by_address = {TI_WIN32_SYNCH, L"kernelbase.dll", "WakeByAddressSingle",
                                                     0};

static bool ti_win32_waits_on_address(void)
{
#if defined(THREADING_PARKER_CONDITION)
    return false;
#else
    return ti_win32_find(&ti_win32_wait_on_address) != NULL &&
           ti_win32_find(&ti_win32_wake_by_address) != NULL;
#endif
}

bool ti_port_parker_init(ti_parker *parker)
{
    (void)ti_win32_waits_on_address(); /* look the functions up here, where nobody waits yet */
    parker->lock = NULL;
    parker->condition = NULL;
    /* Relaxed: its thread does not run yet. */
    ti_store_relaxed(&parker->state, TI_PARKER_EMPTY);
    return true;
}

/*
 * When the process ends, all other threads are killed, and what they held stays held: whoever waits for it
 * without a limit, in a destructor of a DLL, would hang the process for ever. Windows ends a process that
 * waits so for an SRWLOCK; so do we, and not with 0, since destructors are left out. EXIT_FAILURE is all
 * that is known here.
 */
static void ti_win32_refuse_to_hang(int64_t deadline)
{
    if (deadline == TI_FOREVER && ti_win32_is_ending())
        (void)TerminateProcess(GetCurrentProcess(), EXIT_FAILURE);
}

static void ti_win32_park_on_address(ti_parker *parker, int64_t deadline)
{
    ti_win32_wait wait = (ti_win32_wait)ti_win32_find(&ti_win32_wait_on_address);
    uint32_t asleep = TI_PARKER_ASLEEP;
    /* Acquire, here and below: pairs with the release in unpark; what came before the token is seen after
     * it. */
    if (!ti_swap_acquire(&parker->state, TI_PARKER_TOKEN, TI_PARKER_EMPTY) &&
        ti_swap_acquire(&parker->state, TI_PARKER_EMPTY, TI_PARKER_ASLEEP)) {
        /* Whatever it answers, woken, timed out or for no reason: the caller looks again. */
        (void)wait(&parker->state, &asleep, sizeof asleep, ti_win32_remaining(deadline));
        (void)ti_exchange_acquire_release(&parker->state, TI_PARKER_EMPTY);
    }
}

static void ti_win32_park_on_condition(ti_parker *parker, int64_t deadline)
{
    PSRWLOCK lock = (PSRWLOCK)&parker->lock;
    AcquireSRWLockExclusive(lock);
    if (parker->state != TI_PARKER_TOKEN)
        (void)SleepConditionVariableSRW((PCONDITION_VARIABLE)&parker->condition, lock,
                                        ti_win32_remaining(deadline), 0);
    parker->state = TI_PARKER_EMPTY;
    ReleaseSRWLockExclusive(lock);
}

void ti_port_park(ti_parker *parker, int64_t deadline)
{
    ti_port_errors errors = ti_port_errors_keep();
    ti_win32_refuse_to_hang(deadline);
    if (ti_win32_waits_on_address())
        ti_win32_park_on_address(parker, deadline);
    else
        ti_win32_park_on_condition(parker, deadline);
    ti_port_errors_restore(errors);
}

static void ti_win32_unpark_on_address(ti_parker *parker)
{
    ti_win32_wake wake = (ti_win32_wake)ti_win32_find(&ti_win32_wake_by_address);
    /* Release: pairs with the acquires in park. Only the address is used afterwards. */
    if (ti_exchange_acquire_release(&parker->state, TI_PARKER_TOKEN) == TI_PARKER_ASLEEP)
        wake(&parker->state);
}

static void ti_win32_unpark_on_condition(ti_parker *parker)
{
    PSRWLOCK lock = (PSRWLOCK)&parker->lock;
    AcquireSRWLockExclusive(lock);
    parker->state = TI_PARKER_TOKEN;
    WakeConditionVariable((PCONDITION_VARIABLE)&parker->condition);
    ReleaseSRWLockExclusive(lock);
}

void ti_port_unpark(ti_parker *parker)
{
    if (ti_win32_is_ending()) /* nobody is left to wake, and a killed thread may have held the lock */
        return;
    if (ti_win32_waits_on_address())
        ti_win32_unpark_on_address(parker);
    else
        ti_win32_unpark_on_condition(parker);
}
