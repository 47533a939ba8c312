/* SPDX-License-Identifier: MIT */
/*
 * How the diagnosis looks at other threads, which go on meanwhile.
 *
 * It reads all under the registry's guard, in pieces, so that it holds that for moments only. What a thread
 * waits for may be looked at while it is certain that the thread cannot leave the wait, whose end may be the
 * end of the object's memory:
 *   - under the guard of the bucket in whose queue its waiter stands;
 *   - under the registry's guard, while the thread has published its wait (deadlock.h).
 * Elsewhere an object's address is only a number. The diagnosis waits for a guard for a while only: a thread
 * may be stuck with one, or a debugger may have stopped it there. Then the text says so.
 */
#ifndef TI_LOOK_H
#define TI_LOOK_H

#include "blocked.h"
#include "self.h"
#include "text.h"

#if !defined(THREADING_NO_DIAGNOSIS)

/* A thread at a moment, copied. */
typedef struct ti_look {
    uint32_t ident;
    uint64_t native_id; /* 0: not known */
    int64_t began;
    bool is_foreign;
    bool is_daemon;
    ti_blocked_view view;
    uint32_t holder; /* the ident of the thread that has what it waits for; 0: none, or not known */
    bool holder_is_gone;
    bool is_notified; /* it waits for a Condition, was notified, and waits for the lock */
    uint32_t parties; /* of a Barrier, 0 elsewhere; and how many of them are there */
    uint32_t arrived;
    uint32_t awaited; /* the last search (ring.h) that has seen somebody wait for what it has */
    bool is_unclear;  /* what it waits for could not be looked at: the guard was held */
    char name[TI_TEXT_NAME];
    char object_name[TI_TEXT_NAME]; /* "": it has none */
    char holder_name[TI_TEXT_NAME];
} ti_look;

/* Under the registry's guard. */
void ti_look_at(ti_look *look, const ti_self *self);
void ti_look_copy_name(char name[TI_TEXT_NAME], const ti_self *self);
void ti_look_copy_object_name(char name[TI_TEXT_NAME], const void *object);

/* The same for the next thread after an ident, without the guard. False: there is none; or, *is_stuck, the
 * guard could not be had. */
bool ti_look_at_next(ti_look *look, uint32_t ident, bool *is_stuck);

/* The ident of the thread that has what another one waits for, or 0. The view in *look is set before; the
 * rest of *look is set here. */
uint32_t ti_look_for_holder(ti_look *look, const ti_self *self);

/* The kind of what is waited for: "Lock", "Queue". */
const char *ti_look_kind(ti_on on);

/* What several threads wait for, or one thread for several: an object, its kind and a number. */
typedef struct ti_look_object {
    const void *object;
    const char *kind;
    uint32_t count;
    char name[TI_TEXT_NAME];
} ti_look_object;

#define TI_LOOK_OBJECTS 16

/* The next thread after an ident that reads an RWLock, as far as threads note that; 0: there is none. */
uint32_t ti_look_for_reader(char name[TI_TEXT_NAME], const void *rwlock, uint32_t ident);

/* The RWLocks that a thread reads; with what is said below. */
size_t ti_look_for_reads(ti_look_object *objects, uint32_t ident);

/* Up to TI_LOOK_OBJECTS that other threads wait for and a thread has, with how many wait; or those whose
 * wait_any() a thread waits in. All that there are is the result. */
size_t ti_look_for_held(ti_look_object *objects, uint32_t ident);
size_t ti_look_for_sources(ti_look_object *objects, uint32_t ident);

#endif

#endif
