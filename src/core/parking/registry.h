/* SPDX-License-Identifier: MIT */
/*
 * The registry: every thread that the library knows, in a table by its ident. Its guard, held for moments,
 * protects
 *   - the table;
 *   - who waits for whom (deadlock.h);
 *   - the roll of Thread objects (roll.h), and every change of a Thread's state.
 */
#ifndef TI_REGISTRY_H
#define TI_REGISTRY_H

#include <stdint.h>

#include "self.h"

#define TI_MAIN_IDENT 1
#define TI_IDENT_LIMIT UINT32_C(0x80000000) /* idents are 1 … 2^31 - 1 */

void ti_registry_lock(ti_self *self);
bool ti_registry_try_lock(void);
#if !defined(THREADING_NO_DIAGNOSIS)
bool ti_registry_lock_for_a_while(void);
#endif
void ti_registry_unlock(void);

/* Under the guard: */

/* A number that no living thread has, and none had during the last 2^31 - 1 calls. */
uint32_t ti_registry_new_ident(void);

void ti_registry_add(ti_self *self);
void ti_registry_remove(ti_self *self);
ti_self *ti_registry_find(uint32_t ident); /* NULL: no such thread runs */

/* The thread after the one of that ident, 0 for the first, in the table's order; NULL: there is none. A
 * caller may unlock the guard between two calls: it meets each thread that is there all the time once. */
ti_self *ti_registry_after(uint32_t ident);

/* Call a function for every known thread; it may put the thread into the pool. */
void ti_registry_for_each(void (*function)(ti_self *self, void *arg), void *arg);

/* No thread is known any more. */
void ti_registry_forget(void);

/* In a forked child, before anything takes the guard. */
void ti_registry_reset_guard(void);

#endif
