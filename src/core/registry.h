/* SPDX-License-Identifier: MIT */
/*
 * The registry: every thread that the library knows. One guard, held for moments, protects
 *   - the list of Thread objects that are alive, main first, then in the order of their start;
 *   - the table that finds a running thread by its ident;
 *   - who waits for whom (waits.h), and every change of a Thread's state.
 */
#ifndef TI_REGISTRY_H
#define TI_REGISTRY_H

#include <stdint.h>

#include "self.h"

#define TI_MAIN_IDENT 1
#define TI_IDENT_LIMIT UINT32_C(0x80000000) /* idents are 1 … 2^31 - 1 */

void ti_registry_lock(ti_self *self);
bool ti_registry_try_lock(void);
void ti_registry_unlock(void);

/* The main thread's object. Any thread may ask without the guard. */
threading_thread_t *ti_registry_main(void);

/* Under the guard: */

/* A number that no living thread has, and none had during the last 2^31 - 1 calls. */
uint32_t ti_registry_new_ident(void);

void ti_registry_add(ti_self *self);
void ti_registry_remove(ti_self *self);
ti_self *ti_registry_find(uint32_t ident); /* NULL: no such thread runs */

void ti_registry_list(threading_thread_t *record);
void ti_registry_unlist(threading_thread_t *record);
threading_thread_t *ti_registry_first(void); /* the others follow by `next` */

/* Call a function for every known thread; it may put the thread into the pool. */
void ti_registry_for_each(void (*function)(ti_self *self, void *arg), void *arg);

/* No thread is known any more. */
void ti_registry_forget(void);

/* In a forked child, where only `self` is left and `main` is its object: forget the others. */
void ti_registry_reset(ti_self *self, threading_thread_t *main);
/* In a forked child, before anything takes the guard. */
void ti_registry_reset_guard(void);

#endif
