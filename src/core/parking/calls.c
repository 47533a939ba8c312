/* SPDX-License-Identifier: MIT */
#include "calls.h"

#include <string.h>

#include "memory.h"
#include "self.h"

#define TI_CALLS_FAR 4096 /* bytes of the first room beyond the record; each that follows is twice as large */

static bool ti_calls_have_room(const ti_self *self, uint32_t index)
{
    return index < TI_CALLS_NEAR || index - TI_CALLS_NEAR < self->calls.more_size / sizeof(ti_call);
}

static ti_call *ti_calls_at(ti_self *self, uint32_t index)
{
    return index < TI_CALLS_NEAR ? &self->calls.few[index] : &self->calls.more[index - TI_CALLS_NEAR];
}

TI_COLD void ti_calls_give_back(ti_self *self)
{
    if (self->calls.more != NULL)
        ti_memory_end(self->calls.more, self->calls.more_size);
    self->calls.more = NULL;
    self->calls.more_size = 0;
}

TI_COLD static void ti_calls_grow(ti_self *self)
{
    size_t size = self->calls.more_size == 0 ? TI_CALLS_FAR : 2 * self->calls.more_size;
    ti_call *larger = (ti_call *)ti_memory_keep(size);
    if (larger == NULL)
        return;
    if (self->calls.more != NULL)
        memcpy(larger, self->calls.more, self->calls.more_size);
    ti_calls_give_back(self);
    self->calls.more = larger;
    self->calls.more_size = size;
}

void ti_calls_enter(ti_self *self, void (*abandon)(ti_self *self, void *object, uintptr_t detail),
                    void *object, uintptr_t detail)
{
    if (!ti_calls_have_room(self, self->calls.count))
        ti_calls_grow(self);
    if (ti_calls_have_room(self, self->calls.count))
        *ti_calls_at(self, self->calls.count) = (ti_call){abandon, object, detail};
    self->calls.count++;
}

void ti_calls_leave(ti_self *self)
{
    self->calls.count--;
}

TI_COLD void ti_calls_abandon(ti_self *self, uint32_t depth)
{
    while (self->calls.count > depth) {
        uint32_t index =
            --self->calls.count; /* before it is abandoned: that may call functions of the user's too */
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
    for (uint32_t i = 0; i < self->calls.count && ti_calls_have_room(self, i); i++)
        if (ti_calls_at(self, i)->abandon == abandon && ti_calls_at(self, i)->object == object)
            return true;
    return false;
}

/* threading_exit ends the innermost call. A function of its own, so that the compiler need not think of
 * variables that longjmp might spoil. */
void *ti_calls_catch(ti_self *self, threading_target_t target, void *arg)
{
    jmp_buf *outer = self->calls.way_out;
    uint32_t outer_calls = self->calls.way_out_count;
    jmp_buf way_out;
    self->calls.way_out = &way_out;
    self->calls.way_out_count = self->calls.count;
    if (setjmp(way_out) == 0)
        self->calls.exit_result = target(arg);
    self->calls.count = self->calls.way_out_count; /* those that a longjmp of the user's left are forgotten */
    self->calls.way_out = outer;
    self->calls.way_out_count = outer_calls;
    return self->calls.exit_result;
}
