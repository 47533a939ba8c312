/* SPDX-License-Identifier: MIT */
/*
 * One thread-local pointer with a call at the thread's end.
 *
 * The pointer is in a TLS slot. One FLS slot triggers the call: its callback runs at the end of every thread that set it,
 * foreign ones too, without the loader's lock. (GCC's own thread-local variables are no choice: they need another DLL
 * and are gone before the last callbacks.) The callback also runs
 *   - at the process's end in the thread that ends it, when all others are dead: ignored;
 *   - when a fiber is deleted, in the thread that deletes it. An FLS slot is a fiber's, so its value is the stack that set
 *     it. The stack that runs is no deleted fiber's: if it is the same one, the thread ends.
 */
#include "win32_system.h"

#include "atomic.h"

enum { TI_NO_SLOTS, TI_MAKING_SLOTS, TI_HAS_SLOTS };

static uint32_t ti_win32_slots;
static DWORD ti_win32_self = TLS_OUT_OF_INDEXES;
static DWORD ti_win32_trigger = FLS_OUT_OF_INDEXES;
static void (*ti_win32_leave)(void *self);

/* Where the memory of the stack that runs begins; the same for as long as there is that stack. */
static PVOID ti_win32_stack(void)
{
    MEMORY_BASIC_INFORMATION memory = {.AllocationBase = NULL};
    (void)VirtualQuery(&memory, &memory, sizeof memory); /* fails for no address that is in use */
    return memory.AllocationBase;
}

/* False when the system would not have it: then nothing runs at the thread's end. */
static bool ti_win32_arm(bool armed)
{
    return ti_win32_trigger != FLS_OUT_OF_INDEXES &&
           FlsSetValue(ti_win32_trigger, armed ? ti_win32_stack() : NULL);
}

TI_WIN32_CALLED static VOID WINAPI ti_win32_ends(PVOID stack)
{
    void *self = ti_port_self();
    if (stack == NULL || self == NULL || ti_win32_is_ending())
        return;
    if (stack == ti_win32_stack()) {
        ti_win32_leave(self);
        (void)TlsSetValue(ti_win32_self, NULL);
    } else {
        (void)ti_win32_arm(true); /* the fiber that goes may have been the one that was to tell the end */
    }
}

/* A look-up takes the loader's lock, for which another ending thread may be waited for: none is left to be done at the
 * end of a thread. (Wine holds a lock of its own around the callbacks.) */
static void ti_win32_look_up_all(void)
{
    (void)ti_win32_is_ending();
    (void)ti_port_now();
}

static void ti_win32_make_slots(void (*leave)(void *self))
{
    if (ti_swap_acquire(&ti_win32_slots, TI_NO_SLOTS, TI_MAKING_SLOTS)) {
        ti_win32_look_up_all();
        /* Before any thread's first call is over: another one's may still be under way, in code that must not go
         * when the first one frees the DLL. A failure is told by ti_port_at_exit. */
        (void)ti_win32_stay();
        ti_win32_leave = leave;
        ti_win32_self = TlsAlloc();
        if (ti_win32_trigger == FLS_OUT_OF_INDEXES)
            ti_win32_trigger = FlsAlloc(ti_win32_ends);
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
    ti_win32_make_slots(leave); /* it is always the same function */
    (void)TlsSetValue(ti_win32_self, self);
    return ti_win32_arm(self != NULL);
}

void **ti_port_self_place(void)
{
    return NULL;
}

/* The next TLS slot is NULL in all threads. The FLS slot is kept: to free it would call for each thread
 * that set it. A callback that finds no pointer does nothing. */
void ti_port_forget_selves(void)
{
    (void)TlsFree(ti_win32_self); /* fails for no slot that there is */
    ti_store_release(&ti_win32_slots, TI_NO_SLOTS);
}
