/* SPDX-License-Identifier: MIT */
/*
 * One thread-local pointer with a call at the thread's end.
 *
 * The pointer is kept twice: in a thread-local variable, for speed, and in a pthread key, for the destructor.
 * The key is the truth: on macOS the variable's storage is itself freed by a key's destructor and may read as
 * NULL in other destructors (dyld, ThreadLocalVariables); then it is recalled from the key. While pointers
 * are hidden, the variable is another one, which ti_port_self() does not know.
 *
 * When a thread ends, the destructors of all keys that are set run in rounds, PTHREAD_DESTRUCTOR_ITERATIONS
 * at most. Other libraries' destructors may call this one, so `leave` has to come late: the destructor sets
 * the key again and counts the rounds in the pointer's two lowest bits. The last round is left to the
 * sanitizers' runtimes, which must come after all code that they watch. A thread that comes back after it
 * has left leaves in the next round, if there is one.
 */
#include "posix_system.h"

#include <limits.h>
#include <stdlib.h>

#include "atomic.h"

#ifndef PTHREAD_DESTRUCTOR_ITERATIONS
#define PTHREAD_DESTRUCTOR_ITERATIONS 4 /* what POSIX guarantees */
#endif

#define TI_POSIX_ROUNDS_MASK ((uintptr_t)3)
#define TI_POSIX_LEAVE_ROUND ((uintptr_t)2) /* counted from 0: the third of at least four */

_Static_assert(PTHREAD_DESTRUCTOR_ITERATIONS >= 4, "POSIX guarantees four rounds of destructors");

_Thread_local void *ti_posix_self;
static _Thread_local void *ti_posix_hidden_self;
static uint32_t ti_posix_hides;
static _Thread_local bool ti_posix_has_left; /* where it is forgotten, rounds are counted anew */

static pthread_once_t ti_posix_once = PTHREAD_ONCE_INIT;
static pthread_key_t ti_posix_key;
static bool ti_posix_has_key;
static uintptr_t ti_posix_leave; /* the function to call; always the same one */

/* glibc calls free() behind all destructors, and gives the thread's memory to a later thread with the
 * key's value in it: a malloc that is guarded by a Lock may have set it there. So elsewhere than on macOS
 * only the variable is believed. */
#if defined(__APPLE__)
#define TI_POSIX_KEY_IS_TRUE true
#else
#define TI_POSIX_KEY_IS_TRUE false
#endif

#if !defined(THREADING_NO_DIAGNOSIS)
void ti_port_hide_selves(bool hidden)
{
    ti_store_relaxed(&ti_posix_hides, hidden); /* relaxed: no thread has a pointer */
}
#endif

void **ti_port_self_place(void)
{
    return ti_load_relaxed(&ti_posix_hides) ? &ti_posix_hidden_self : &ti_posix_self; /* relaxed: as above */
}

static void ti_posix_self_destructor(void *value)
{
    void **place = ti_port_self_place();
    uintptr_t round = (uintptr_t)value & TI_POSIX_ROUNDS_MASK;
    void *self = (void *)((uintptr_t)value & ~TI_POSIX_ROUNDS_MASK);
    if (!TI_POSIX_KEY_IS_TRUE && self != *place)
        return;
    if (round < TI_POSIX_LEAVE_ROUND &&
        pthread_setspecific(ti_posix_key, (void *)((uintptr_t)value + 1)) == 0)
        return;
    *place = self; /* for the calls that `leave` makes */
    /* Relaxed, here and where it is stored: this thread has stored it itself. */
    ((void (*)(void *))ti_load_pointer_relaxed(&ti_posix_leave))(self);
    *place = NULL;
    ti_posix_has_left = true;
}

static void ti_posix_make_key(void)
{
    ti_posix_has_key = pthread_key_create(&ti_posix_key, ti_posix_self_destructor) == 0;
}

static bool ti_posix_key_is_made(void)
{
    return pthread_once(&ti_posix_once, ti_posix_make_key) == 0 && ti_posix_has_key;
}

void *ti_port_self_recall(void)
{
    void **place = ti_port_self_place();
    if (TI_POSIX_KEY_IS_TRUE && ti_posix_key_is_made())
        *place = (void *)((uintptr_t)pthread_getspecific(ti_posix_key) & ~TI_POSIX_ROUNDS_MASK);
    return *place;
}

bool ti_port_set_self(void *self, void (*leave)(void *self))
{
    uintptr_t round = self != NULL && ti_posix_has_left ? TI_POSIX_LEAVE_ROUND : 0;
    *ti_port_self_place() = self;
    if (!ti_posix_key_is_made())
        return false;
    if (self != NULL)
        ti_store_pointer_relaxed(&ti_posix_leave, (uintptr_t)leave);
    return pthread_setspecific(ti_posix_key, (void *)((uintptr_t)self | round)) == 0;
}

void ti_port_forget_selves(void)
{
    static const pthread_once_t not_yet = PTHREAD_ONCE_INIT;
    if (ti_posix_has_key)
        (void)pthread_key_delete(ti_posix_key); /* fails for no key that there is */
    ti_posix_has_key = false;
    ti_posix_once = not_yet;
}
