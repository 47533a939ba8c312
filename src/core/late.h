/* SPDX-License-Identifier: MIT */
/*
 * Threads of whose end the system may not tell.
 *
 * A thread leaves the library in one of its last thread-local destructors. Other libraries' destructors may call this one
 * even later: then the thread is known once more, under another ident, and if no destructor of ours comes after that call,
 * nothing runs in it that could make it leave. So such a thread is put on a list, with the system's word for its life
 * (ti_port_life), as is each foreign thread when its destructors begin: its first call may have come from one of the last.
 *
 * When a thread that is on the list is gone, it is buried: nobody finds it any more, its Dummy is not listed, and who waits for
 * an RLock that it owns is told. That is done where threads are counted or listed, and where a thread leaves. What it had, the
 * copies of its locals with their finalisers, ends in the next thread that leaves: only there, at the end of its destructors,
 * a user's finaliser meets none of the user's locks.
 *
 * Where the system cannot tell whether a thread is there (ti_port_life gives 0), the thread stays known.
 */
#ifndef TI_LATE_H
#define TI_LATE_H

#include "self.h"

/* The calling thread may end without a word. Nothing happens if that was said before. */
void ti_late_watch(ti_self *self);

/* Under the registry's guard: it has said so. */
void ti_late_forget(ti_self *self);

/* Under the registry's guard, in any thread, which need not be known: bury those that are gone. */
void ti_late_bury(void);

/* End what the buried ones had, and bury more if there may be many; in a thread that leaves. */
void ti_late_sweep(ti_self *self);

/* In a forked child: the others are gone, and forgotten by the registry. */
void ti_late_reset(ti_self *survivor);

#endif
