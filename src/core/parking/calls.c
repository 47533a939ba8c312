/* SPDX-License-Identifier: MIT */
#include "calls.h"

#include <string.h>

#include "memory.h"

#define TI_CALLS_FAR 4096 /* bytes of the first room beyond the record; each that follows is twice as large */

static bool ti_calls_have_room(const ti_self *self, uint32_t index)
{
    return index < TI_CALLS_NEAR || index - TI_CALLS_NEAR < self->far_size / sizeof(ti_call);
}

static ti_call *ti_calls_at(ti_self *self, uint32_t index)
{
    return index < TI_CALLS_NEAR ? &self->near_calls[index] : &self->far_calls[index - TI_CALLS_NEAR];
}

TI_COLD void ti_calls_give_back(ti_self *self)
{
    if (self->far_calls != NULL)
        ti_memory_end(self->far_calls, self->far_size);
    self->far_calls = NULL;
    self->far_size = 0;
}

TI_COLD static void ti_calls_grow(ti_self *self)
{
    size_t size = self->far_size == 0 ? TI_CALLS_FAR : 2 * self->far_size;
    ti_call *larger = (ti_call *)ti_memory_keep(size);
    if (larger == NULL)
        return;
    if (self->far_calls != NULL)
        memcpy(larger, self->far_calls, self->far_size);
    ti_calls_give_back(self);
    self->far_calls = larger;
    self->far_size = size;
}

void ti_calls_enter(ti_self *self, void (*abandon)(ti_self *self, void *object, uintptr_t detail),
                    void *object, uintptr_t detail)
{
    if (!ti_calls_have_room(self, self->calls))
        ti_calls_grow(self);
    if (ti_calls_have_room(self, self->calls))
        *ti_calls_at(self, self->calls) = (ti_call){abandon, object, detail};
    self->calls++;
}

void ti_calls_leave(ti_self *self)
{
    self->calls--;
}

TI_COLD void ti_calls_abandon(ti_self *self, uint32_t depth)
{
    while (self->calls > depth) {
        uint32_t index =
            --self->calls; /* before it is abandoned: that may call functions of the user's too */
        if (ti_calls_have_room(self, index)) {
            ti_call call = *ti_calls_at(self, index);
            if (call.abandon != NULL) /* else it found no room, which a later call has got */
                call.abandon(self, call.object, call.detail);
        }
    }
}

bool ti_calls_contain(ti_self *self, void (*abandon)(ti_self *self, void *object, uintptr_t detail),
                      const void *object)
{
    for (uint32_t i = 0; i < self->calls && ti_calls_have_room(self, i); i++)
        if (ti_calls_at(self, i)->abandon == abandon && ti_calls_at(self, i)->object == object)
            return true;
    return false;
}

/* threading_exit ends the innermost call. A function of its own, so that the compiler need not think of
 * variables that longjmp might spoil. */
void *ti_calls_catch(ti_self *self, threading_target_t target, void *arg)
{
    jmp_buf *outer = self->way_out;
    uint32_t outer_calls = self->way_out_calls;
    jmp_buf way_out;
    self->way_out = &way_out;
    self->way_out_calls = self->calls;
    if (setjmp(way_out) == 0)
        self->exit_result = target(arg);
    self->calls = self->way_out_calls; /* those that a longjmp of the user's left are forgotten */
    self->way_out = outer;
    self->way_out_calls = outer_calls;
    return self->exit_result;
}
