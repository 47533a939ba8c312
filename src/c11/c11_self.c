/* SPDX-License-Identifier: MIT */
/*
 * One thread-local pointer with a call at the thread's end: a thread-local variable for speed, and a tss_t
 * for the call.
 *
 * When a thread ends, the destructors of all tss_t that are set run in rounds, TSS_DTOR_ITERATIONS at most.
 * Other libraries' destructors may call this one, so `leave` has to come late: the destructor sets the
 * tss_t again and counts the rounds in the pointer's two lowest bits. The last round is left to the
 * sanitizers' runtimes. A thread that comes back after it has left leaves in the next round, if there is
 * one. While pointers are hidden, the variable is another one, which ti_port_self() does not know.
 */
#include <stdint.h>
#include <threads.h>

#include "atomic.h"
#include "port.h"

#define TI_C11_ROUNDS_MASK ((uintptr_t)3)
#define TI_C11_LEAVE_ROUND ((uintptr_t)(TSS_DTOR_ITERATIONS >= 4 ? 2 : 0)) /* counted from 0 */

_Thread_local void *ti_c11_self;

static _Thread_local void *ti_c11_hidden_self;
static uint32_t ti_c11_hides;
static _Thread_local bool ti_c11_has_left;
static _Thread_local bool ti_c11_is_main;
static bool ti_c11_is_loaded; /* by a thread that was told to be main */
static once_flag ti_c11_once = ONCE_FLAG_INIT;
static tss_t ti_c11_key;
static bool ti_c11_has_key;
static uintptr_t ti_c11_leave; /* always the same function */

/* C cannot tell which thread is main. Some compilers can have a function called before main: the thread
 * that loads this code counts as main, elsewhere the first one that uses it. */
#if defined(__GNUC__)
__attribute__((constructor)) static void ti_c11_load(void)
{
    ti_c11_is_loaded = true;
    ti_c11_is_main = true;
}
#endif

#if !defined(THREADING_NO_DIAGNOSIS)
void ti_port_hide_selves(bool hidden)
{
    ti_store_relaxed(&ti_c11_hides, hidden); /* relaxed: no thread has a pointer */
}
#endif

void **ti_port_self_place(void)
{
    return ti_load_relaxed(&ti_c11_hides) ? &ti_c11_hidden_self : &ti_c11_self; /* relaxed: as above */
}

static void ti_c11_call_leave(void *self)
{
    /* Relaxed: this thread has set it too. */
    void (*leave)(void *) = (void (*)(void *))ti_load_pointer_relaxed(&ti_c11_leave);
    *ti_port_self_place() = self; /* for the calls that `leave` makes */
    leave(self);
    *ti_port_self_place() = NULL;
    ti_c11_has_left = true;
}

static void ti_c11_destructor(void *value)
{
    uintptr_t round = (uintptr_t)value & TI_C11_ROUNDS_MASK;
    void *next = (void *)((uintptr_t)value + 1);
    if ((void *)((uintptr_t)value & ~TI_C11_ROUNDS_MASK) != *ti_port_self_place())
        return; /* as in posix_self.c: what an earlier thread has left in this one's memory */
    if (round >= TI_C11_LEAVE_ROUND || tss_set(ti_c11_key, next) != thrd_success)
        ti_c11_call_leave((void *)((uintptr_t)value & ~TI_C11_ROUNDS_MASK));
}

static void ti_c11_start(void)
{
    if (!ti_c11_is_loaded)
        ti_c11_is_main = true;
    ti_c11_has_key = tss_create(&ti_c11_key, ti_c11_destructor) == thrd_success;
}

bool ti_port_is_main(void)
{
    call_once(&ti_c11_once, ti_c11_start);
    return ti_c11_is_main;
}

void *ti_port_self_recall(void)
{
    call_once(&ti_c11_once, ti_c11_start);
    return *ti_port_self_place();
}

bool ti_port_set_self(void *self, void (*leave)(void *self))
{
    uintptr_t round = self != NULL && ti_c11_has_left ? TI_C11_LEAVE_ROUND : 0;
    void *value = (void *)((uintptr_t)self | round);
    call_once(&ti_c11_once, ti_c11_start);
    *ti_port_self_place() = self;
    if (self != NULL)
        ti_store_pointer_relaxed(&ti_c11_leave, (uintptr_t)leave);
    return ti_c11_has_key && tss_set(ti_c11_key, value) == thrd_success;
}

#if !defined(THREADING_NO_DIAGNOSIS)
/* C has no names for code. */
bool ti_port_symbol(const void *address, ti_symbol *symbol)
{
    (void)address;
    (void)symbol;
    return false;
}

size_t ti_port_callers(const void *caller, const void **callers, size_t most)
{
    (void)caller;
    (void)callers;
    (void)most;
    return 0;
}
#endif

void ti_port_forget_selves(void)
{
    static const once_flag not_yet = ONCE_FLAG_INIT;
    if (ti_c11_has_key)
        tss_delete(ti_c11_key);
    ti_c11_has_key = false;
    ti_c11_once = not_yet;
}
