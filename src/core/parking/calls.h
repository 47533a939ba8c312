/* SPDX-License-Identifier: MIT */
/*
 * The calls of the library that are under way in a thread with a function of the user's inside: a
 * barrier's action, a Once's function, a predicate, a task, a comparison.
 *
 * Such a function may end its thread, by threading_exit() or in the platform's own way, and then our call
 * never goes on: others would wait for it for ever. So each call says beforehand what is to be done for them
 * in that case. Abandoning a call does that: it must touch nothing of the stack on which the call was, which
 * is gone if the thread ended in the platform's way.
 *
 * A record has room for a few calls. Those beyond are in memory of the system's, as the records
 * themselves. If that is out, a call that finds no room runs as any other, but is not abandoned, nor
 * contained.
 */
#ifndef TI_CALLS_H
#define TI_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "self.h"

/* Around the call of the user's function: what is to be done if that ends its thread. */
void ti_calls_enter(ti_self *self, void (*abandon)(ti_self *self, void *object, uintptr_t detail),
                    void *object, uintptr_t detail);
void ti_calls_leave(ti_self *self);

/* Abandon all but the first so many, the innermost first. */
void ti_calls_abandon(ti_self *self, uint32_t depth);

/* The thread is over: give back the room beyond the record's. */
void ti_calls_give_back(ti_self *self);

/* Whether such a call on that object is under way in the calling thread. */
bool ti_calls_contain(ti_self *self, void (*abandon)(ti_self *self, void *object, uintptr_t detail),
                      const void *object);

/* Call a function in a thread that was started here: what it returns, or what it calls threading_exit
 * with. */
void *ti_calls_catch(ti_self *self, threading_target_t target, void *arg);

#endif
