/* SPDX-License-Identifier: MIT */
/* Locals: what thread ends and forks need to know of them. */
#ifndef TI_LOCAL_H
#define TI_LOCAL_H

#include "self.h"

/* Finalise and free all of this thread's copies, also those that finalisers make. */
void ti_local_finish(ti_self *self);

/* Around fork: hold the locals' guard; in the child also forget the copies of a thread that is gone, whose
 * memory is put off (runtime.h). */
void ti_local_lock(ti_self *self);
bool ti_local_try_lock(void);
void ti_local_unlock(void);
void ti_local_reset_guard(void);
void ti_local_abandon(ti_self *self);

/* When no thread is known: give back what is kept for slots. Locals that have one keep it for their next
 * use. */
void ti_local_unload(void);

#endif
