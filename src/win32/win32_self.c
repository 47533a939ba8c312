/* SPDX-License-Identifier: MIT */
/*
 * One thread-local pointer with a call at the thread's end.
 *
 * The pointer is in a TLS slot. One FLS slot triggers the call: its callback runs at the end of every
 * thread that set it, foreign ones too, without the loader's lock. (GCC's own thread-local variables are
 * no choice: they need another DLL and are gone before the last callbacks.) Where no TLS slot is left, the
 * pointer is in the FLS slot itself; there each fiber counts as a thread of its own. Where neither is
 * left, the process's first call waits for one, as it would for memory. The callback also runs
 *   - at the process's end in the thread that ends it, when all others are dead: ignored;
 *   - when a fiber is deleted, in the thread that deletes it. An FLS slot is a fiber's, so its value is
 *     the stack that set it. The stack that runs is no deleted fiber's: if it is the same one, the thread
 *     ends.
 */
#include "win32_system.h"

#include "atomic.h"

#define TI_WIN32_MEMORY_WAIT 1 /* milliseconds between attempts to get a slot, or memory for one's value */

/* The last is for slots whose pointers are hidden. */
enum { TI_NO_SLOTS, TI_MAKING_SLOTS, TI_HAS_SLOTS, TI_HAS_HIDDEN_SLOTS };

static uint32_t ti_win32_slots;
static uint32_t ti_win32_hides;
static DWORD ti_win32_self = TLS_OUT_OF_INDEXES;
static DWORD ti_win32_trigger = FLS_OUT_OF_INDEXES;
static void (*ti_win32_leave)(void *self);

static bool ti_win32_has_tls(void)
{
    return ti_win32_self != TLS_OUT_OF_INDEXES;
}

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
    void *self = ti_port_self_recall();
    if (stack == NULL || self == NULL || ti_win32_is_ending())
        return;
    if (stack == ti_win32_stack()) {
        ti_win32_leave(self);
        (void)TlsSetValue(ti_win32_self, NULL);
    } else {
        (void)ti_win32_arm(true); /* the fiber that goes may have been the one that was to tell the end */
    }
}

/* The same where the FLS slot has the pointer. Another one is there already if a fiber was deleted by the
 * next. */
TI_WIN32_CALLED static VOID WINAPI ti_win32_ends_alone(PVOID self)
{
    PVOID current = FlsGetValue(ti_win32_trigger);
    if (self == NULL || ti_win32_is_ending())
        return;
    (void)FlsSetValue(ti_win32_trigger, self); /* for the calls that `leave` makes */
    ti_win32_leave(self);
    (void)FlsSetValue(ti_win32_trigger, current != self ? current : NULL);
}

/* A look-up takes the loader's lock, for which another ending thread may be waited for: none is left to be
 * done at the end of a thread. (Wine holds a lock of its own around the callbacks.) */
static void ti_win32_look_up_all(void)
{
    (void)ti_win32_is_ending();
    (void)ti_port_now();
}

#if !defined(THREADING_NO_DIAGNOSIS)
void ti_port_hide_selves(bool hidden)
{
    ti_store_relaxed(&ti_win32_hides, hidden); /* relaxed: no thread has a pointer, so there are no slots */
}
#endif

static uint32_t ti_win32_made_slots(void)
{
    return ti_load_relaxed(&ti_win32_hides) ? TI_HAS_HIDDEN_SLOTS : TI_HAS_SLOTS; /* relaxed: as above */
}

static bool ti_win32_has_slots(void)
{
    return ti_load_acquire(&ti_win32_slots) >= TI_HAS_SLOTS;
}

/* False if there is neither slot, or no TLS slot for an FLS slot that an unload has kept: its callback
 * needs one. */
static bool ti_win32_allocate_slots(void)
{
    ti_win32_self = TlsAlloc();
    if (ti_win32_trigger != FLS_OUT_OF_INDEXES)
        return ti_win32_has_tls();
    ti_win32_trigger = FlsAlloc(ti_win32_has_tls() ? ti_win32_ends : ti_win32_ends_alone);
    return ti_win32_has_tls() || ti_win32_trigger != FLS_OUT_OF_INDEXES;
}

static void ti_win32_try_slots(void (*leave)(void *self))
{
    ti_win32_look_up_all();
    /* Before any thread's first call is over: another one's may still be under way, in code that must not go
     * when the first one frees the DLL. A failure is told by ti_port_at_exit. */
    (void)ti_win32_stay();
    ti_win32_leave = leave;
    /* Release: pairs with the acquires below, for the indexes. */
    ti_store_release(&ti_win32_slots, ti_win32_allocate_slots() ? ti_win32_made_slots() : TI_NO_SLOTS);
}

/* Once in a process: others sleep for the moment that it takes, and all do if there is no slot. */
static void ti_win32_make_slots(void (*leave)(void *self))
{
    while (!ti_win32_has_slots()) {
        if (ti_swap_acquire(&ti_win32_slots, TI_NO_SLOTS, TI_MAKING_SLOTS))
            ti_win32_try_slots(leave);
        if (!ti_win32_has_slots())
            Sleep(TI_WIN32_MEMORY_WAIT);
    }
}

/* Both calls clear the thread's error code: it is the user's, so it is kept. */
static void *ti_win32_get(void)
{
    DWORD error = GetLastError();
    void *self = ti_win32_has_tls() ? TlsGetValue(ti_win32_self) : FlsGetValue(ti_win32_trigger);
    SetLastError(error);
    return self;
}

/* A thread's first value in a slot may need memory. Without it each call would make the thread known anew. */
static void ti_win32_set(void *self)
{
    while (!(ti_win32_has_tls() ? TlsSetValue(ti_win32_self, self) : FlsSetValue(ti_win32_trigger, self)) &&
           self != NULL)
        Sleep(TI_WIN32_MEMORY_WAIT);
}

void *ti_port_self(void)
{
    return ti_load_acquire(&ti_win32_slots) == TI_HAS_SLOTS ? ti_win32_get() : NULL;
}

void *ti_port_self_recall(void)
{
    return ti_win32_has_slots() ? ti_win32_get() : NULL;
}

bool ti_port_set_self(void *self, void (*leave)(void *self))
{
    ti_win32_make_slots(leave); /* it is always the same function */
    ti_win32_set(self);
    return !ti_win32_has_tls() || ti_win32_arm(self != NULL);
}

/* ---- whether a thread is gone: a handle tells ---- */

uint64_t ti_port_life(void)
{
    HANDLE thread = NULL;
    ti_port_errors errors = ti_port_errors_keep();
    (void)DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &thread, SYNCHRONIZE,
                          FALSE, 0); /* fails when there can be no more handles: NULL is for no answer */
    ti_port_errors_restore(errors);
    return (uintptr_t)thread;
}

bool ti_port_life_is_over(uint64_t life)
{
    ti_port_errors errors = ti_port_errors_keep();
    bool is_over = WaitForSingleObject((HANDLE)(uintptr_t)life, 0) == WAIT_OBJECT_0;
    ti_port_errors_restore(errors);
    return is_over;
}

void ti_port_life_end(uint64_t life)
{
    ti_port_errors errors = ti_port_errors_keep();
    (void)CloseHandle((HANDLE)(uintptr_t)life); /* fails for one that was closed before */
    ti_port_errors_restore(errors);
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
    ti_win32_self = TLS_OUT_OF_INDEXES;
    ti_store_release(&ti_win32_slots, TI_NO_SLOTS);
}

/* Pointers in an FLS slot cannot be taken away from other threads: there the code is never idle. */
bool ti_port_is_idle(void)
{
    return ti_win32_has_tls();
}
