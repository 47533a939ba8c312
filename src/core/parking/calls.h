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

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port.h"

struct ti_self;

#define TI_CALLS_NEAR 4

typedef struct ti_call {
    void (*abandon)(struct ti_self *self, void *object, uintptr_t detail);
    void *object;
    uintptr_t detail;
} ti_call;

/*
 * A thread's calls that are under way; its own.
 *
 *   count            how many
 *   few, more        the first ones, and those that find no room there
 *   more_size        how many bytes there are for the latter
 *   way_out          where threading_exit goes; NULL in threads that were not started here
 *   way_out_count    how many calls were under way there
 *   exit_result      what threading_exit is called with
 */
typedef struct ti_calls {
    uint32_t count;
    uint32_t way_out_count;
    ti_call few[TI_CALLS_NEAR];
    ti_call *more;
    size_t more_size;
    jmp_buf *way_out;
    void *exit_result;
} ti_calls;

/* Around the call of the user's function: what is to be done if that ends its thread. */
void ti_calls_enter(struct ti_self *self,
                    void (*abandon)(struct ti_self *self, void *object, uintptr_t detail), void *object,
                    uintptr_t detail);
void ti_calls_leave(struct ti_self *self);

/* Abandon all but the first so many, the innermost first. */
void ti_calls_abandon(struct ti_self *self, uint32_t depth);

/* The thread is over: give back the room beyond the record's. */
void ti_calls_give_back(struct ti_self *self);

/* Whether such a call on that object is under way in the calling thread. */
bool ti_calls_contain(struct ti_self *self,
                      void (*abandon)(struct ti_self *self, void *object, uintptr_t detail),
                      const void *object);

/* Call a function in a thread that was started here: what it returns, or what it calls threading_exit
 * with. */
void *ti_calls_catch(struct ti_self *self, threading_target_t target, void *arg);

#endif
