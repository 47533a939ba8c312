/* SPDX-License-Identifier: MIT */
#include "calls.h"

void ti_calls_enter(ti_self *self, void (*abandon)(ti_self *self, void *object, uintptr_t detail),
                    void *object, uintptr_t detail)
{
    if (self->calls < TI_CALLS_KNOWN)
        self->call[self->calls] = (ti_call){abandon, object, detail};
    self->calls++;
}

void ti_calls_leave(ti_self *self)
{
    self->calls--;
}

void ti_calls_abandon(ti_self *self, uint32_t depth)
{
    while (self->calls > depth) {
        uint32_t index =
            --self->calls; /* before it is abandoned: that may call functions of the user's too */
        if (index < TI_CALLS_KNOWN) {
            ti_call call = self->call[index];
            call.abandon(self, call.object, call.detail);
        }
    }
}

bool ti_calls_contain(const ti_self *self, void (*abandon)(ti_self *self, void *object, uintptr_t detail),
                      const void *object)
{
    for (uint32_t i = 0; i < self->calls && i < TI_CALLS_KNOWN; i++)
        if (self->call[i].abandon == abandon && self->call[i].object == object)
            return true;
    return false;
}
