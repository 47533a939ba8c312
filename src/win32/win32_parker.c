/* SPDX-License-Identifier: MIT */
/*
 * The parker: on WaitOnAddress (Windows 8 and later) or on an SRWLOCK and a CONDITION_VARIABLE, chosen at run time.
 *
 *   state   meaning                      park                     unpark
 *   EMPTY   no token, nobody sleeps      -> ASLEEP, sleeps        -> TOKEN
 *   TOKEN   a token                      -> EMPTY, returns        stays
 *   ASLEEP  no token, the owner sleeps                            -> TOKEN, wakes
 *
 * The second kind uses EMPTY and TOKEN only, under its lock.
 */
#include "win32_system.h"

#include "atomic.h"

enum { TI_PARKER_EMPTY, TI_PARKER_TOKEN, TI_PARKER_ASLEEP };
enum { TI_UNKNOWN, TI_ADDRESS, TI_CONDITION };

typedef BOOL(WINAPI *ti_win32_wait)(volatile VOID *address, PVOID compare, SIZE_T size, DWORD milliseconds);
typedef VOID(WINAPI *ti_win32_wake)(PVOID address);

static uint32_t ti_win32_kind;
static ti_win32_wait ti_win32_wait_on_address;
static ti_win32_wake ti_win32_wake_by_address;

/* The functions are in an API set, not in kernel32, and kernelbase stands behind it. */
static FARPROC ti_win32_find_wait(const char *name)
{
    FARPROC function = ti_win32_find(L"api-ms-win-core-synch-l1-2-0.dll", name);
    return function != NULL ? function : ti_win32_find(L"kernelbase.dll", name);
}

static uint32_t ti_win32_choose(void)
{
#if defined(THREADING_PARKER_CONDITION)
    return TI_CONDITION;
#else
    ti_win32_wait_on_address = (ti_win32_wait)(void (*)(void))ti_win32_find_wait("WaitOnAddress");
    ti_win32_wake_by_address = (ti_win32_wake)(void (*)(void))ti_win32_find_wait("WakeByAddressSingle");
    return ti_win32_wait_on_address != NULL && ti_win32_wake_by_address != NULL ? TI_ADDRESS : TI_CONDITION;
#endif
}

void ti_port_parker_init(ti_parker *parker)
{
    if (ti_load_acquire(&ti_win32_kind) == TI_UNKNOWN)
        /* Release: pairs with the acquires of the kind. Threads that choose at the same time choose the same. */
        ti_store_release(&ti_win32_kind, ti_win32_choose());
    parker->lock = NULL;
    parker->condition = NULL;
    /* Relaxed: its thread does not run yet. */
    ti_store_relaxed(&parker->state, TI_PARKER_EMPTY);
}

/* When the process ends, all other threads are killed, and a lock they held stays held: whoever waits then, in a destructor
 * of a DLL, would hang the process for ever. Windows ends a process that waits for an SRWLOCK so; so do we. */
static void ti_win32_refuse_to_hang(void)
{
    if (ti_win32_is_ending())
        (void)TerminateProcess(GetCurrentProcess(), 0);
}

static void ti_win32_park_on_address(ti_parker *parker, int64_t deadline)
{
    uint32_t asleep = TI_PARKER_ASLEEP;
    /* Acquire, here and below: pairs with the release in unpark; what came before the token is seen after it. */
    if (!ti_swap_acquire(&parker->state, TI_PARKER_TOKEN, TI_PARKER_EMPTY) &&
        ti_swap_acquire(&parker->state, TI_PARKER_EMPTY, TI_PARKER_ASLEEP)) {
        /* Whatever it answers, woken, timed out or for no reason: the caller looks again. */
        (void)ti_win32_wait_on_address(&parker->state, &asleep, sizeof asleep, ti_win32_remaining(deadline));
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
    ti_win32_refuse_to_hang();
    if (ti_load_acquire(&ti_win32_kind) == TI_ADDRESS)
        ti_win32_park_on_address(parker, deadline);
    else
        ti_win32_park_on_condition(parker, deadline);
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
    if (ti_load_acquire(&ti_win32_kind) != TI_ADDRESS)
        ti_win32_unpark_on_condition(parker);
    /* Release: pairs with the acquires in park. */
    else if (ti_exchange_acquire_release(&parker->state, TI_PARKER_TOKEN) == TI_PARKER_ASLEEP)
        ti_win32_wake_by_address(&parker->state);
}
