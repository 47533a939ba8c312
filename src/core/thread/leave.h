/* SPDX-License-Identifier: MIT */
/*
 * A thread leaves: the end of its life in this library, in one of its last thread-local destructors. All
 * that it has in any room ends here.
 */
#ifndef TI_LEAVE_H
#define TI_LEAVE_H

#include "self.h"

/* Called in that thread, with its ti_self. */
void ti_leave(void *pointer);

/* The same in pieces, for a thread that is gone. Under the registry's guard: nobody finds it any more.
 * Then, without: what it had. */
void ti_leave_retire(ti_self *self);
void ti_leave_end(ti_self *self);

#endif
