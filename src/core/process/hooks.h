/* SPDX-License-Identifier: MIT */
/*
 * What the library has the system call, and when it asks for that.
 *
 * Names of the core point down only: a room knows nothing of the rooms above it. This file is the one
 * exception. A thread's first call comes from the lowest room that knows threads, and it is here that the
 * calls for the thread's end, the process's exit and fork are asked for, which are in the highest.
 */
#ifndef TI_HOOKS_H
#define TI_HOOKS_H

#include <stdbool.h>

#include "self.h"

/* Main becomes known: its object, and its ident. */
void ti_hooks_begin_main(ti_self *self);

/* The calling thread has become known. */
void ti_hooks_first_call(ti_self *self);

/* The copy's first use: have all that is needed for threads, once. False: the process would not wait for
 * them at its exit, or a forked child could not be told; asked again, it tries again. */
bool ti_hooks_start(void);

/* In a forked child: what belongs to the process is to be asked for again. */
void ti_hooks_forked(void);

/* The next use is a first use. */
void ti_hooks_reset(void);

/* shutdown.c: the wait at exit. */
void ti_shutdown_at_exit(void);

#endif
