/* SPDX-License-Identifier: MIT */
/*
 * One thread-local pointer with a call at the thread's end.
 *
 * The pointer is in a TLS slot. One FLS slot triggers the call: its callback runs at the end of every thread that set it,
 * foreign ones too, without the loader's lock. It also runs when a fiber is deleted, and at the process's
 * end when all other threads are dead; both are ignored. (GCC's own thread-local variables are no choice: they need
 * another DLL and are gone before the last callbacks.)
 */
#include "win32_system.h"

#include "atomic.h"

enum { TI_NO_SLOTS, TI_MAKING_SLOTS, TI_HAS_SLOTS };

static uint32_t ti_win32_slots;
static DWORD ti_win32_self = TLS_OUT_OF_INDEXES;
static DWORD ti_win32_trigger = FLS_OUT_OF_INDEXES;
static void (*ti_win32_leave)(void *self); /* always the same function */

/* 32-bit MinGW: the system calls with a stack aligned to 4 bytes. */
#if defined(__GNUC__) && defined(__i386__)
__attribute__((force_align_arg_pointer))
#endif
static VOID WINAPI
ti_win32_thread_ends(PVOID value)
{
    void *self = TlsGetValue(ti_win32_self);
    if (value == NULL || self == NULL || IsThreadAFiber() || ti_win32_is_ending())
        return;
    ti_win32_leave(self);
    (void)TlsSetValue(ti_win32_self, NULL);
}

static void ti_win32_make_slots(void)
{
    if (ti_swap_acquire(&ti_win32_slots, TI_NO_SLOTS, TI_MAKING_SLOTS)) {
        ti_win32_self = TlsAlloc();
        ti_win32_trigger = FlsAlloc(ti_win32_thread_ends);
        ti_store_release(&ti_win32_slots, TI_HAS_SLOTS); /* pairs with the acquires below, for the indexes */
    }
    while (ti_load_acquire(&ti_win32_slots) != TI_HAS_SLOTS)
        Sleep(1); /* once in a process, for the moment that the two calls take */
}

/* TlsGetValue clears the thread's error code: it is the user's, so it is kept. */
static void *ti_win32_get(void)
{
    DWORD error = GetLastError();
    void *self = TlsGetValue(ti_win32_self);
    SetLastError(error);
    return self;
}

void *ti_port_self(void)
{
    return ti_load_acquire(&ti_win32_slots) == TI_HAS_SLOTS ? ti_win32_get() : NULL;
}

void *ti_port_self_recall(void)
{
    return ti_port_self();
}

bool ti_port_set_self(void *self, void (*leave)(void *self))
{
    ti_win32_make_slots();
    if (self != NULL)
        ti_win32_leave = leave;
    (void)TlsSetValue(ti_win32_self, self);
    return ti_win32_trigger != FLS_OUT_OF_INDEXES && FlsSetValue(ti_win32_trigger, self);
}
