/* SPDX-License-Identifier: MIT */
/*
 * Threads that were not started here: their ends may come without a word.
 *
 * A thread leaves the library in one of its last thread-local destructors. Other libraries' destructors may
 * call this one even later: then the thread is known once more, under another ident, and if no destructor of
 * ours comes after that call, nothing runs in the thread that could make it leave. The first call of all may
 * come as late; a Windows thread may end on a fiber that has never called. So every foreign thread is on a
 * list, with the system's word for its life (ti_port_life).
 *
 * When a thread that is on the list is gone, it is buried: nobody finds it any more, its Dummy is not listed,
 * and waiters for an RLock that it owns are told. That is done where Threads are counted or listed, and where
 * a thread leaves. What it had, the copies of its locals with their finalisers, ends in the next thread that
 * leaves: only there, at the end of its destructors, a user's finaliser meets none of the user's locks.
 *
 * Where the system cannot tell whether a thread is gone (ti_port_life gives 0), such a thread stays known.
 */
#ifndef TI_FOREIGN_H
#define TI_FOREIGN_H

#include "self.h"

/* Under the registry's guard: the thread comes, and the thread that may have come leaves. */
void ti_foreign_add(ti_self *self, uint64_t life);
void ti_foreign_remove(ti_self *self);

/* Under the registry's guard: bury those that are gone and have a Dummy. */
void ti_foreign_bury_dummies(void);

/* In a thread that leaves: end what the buried ones had. If there may be many that are gone, bury them
 * before. */
void ti_foreign_sweep(ti_self *self);

/* In a forked child: the others are gone, and the registry forgets them. */
void ti_foreign_reset(ti_self *survivor);

#endif
