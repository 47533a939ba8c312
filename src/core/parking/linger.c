/* SPDX-License-Identifier: MIT */
#include "linger.h"

#include "atomic.h"
#include "self.h"
#include "spins.h"

#define TI_VAIN_MOST 5

static bool ti_linger_look(const ti_self *self)
{
    ti_spin spin = ti_spin_begin();
    while (ti_spin_goes_on(&spin))
        /* Relaxed: the sleep looks again. */
        if (ti_load_relaxed(&self->waiter.woken) != TI_SLEEPING)
            return true;
    return false;
}

void ti_linger(ti_self *self)
{
    if (self->lingering.skips > 0) {
        self->lingering.skips--;
        return;
    }
    if (ti_linger_look(self))
        self->lingering.in_vain = 0;
    else if (self->lingering.in_vain < TI_VAIN_MOST)
        self->lingering.in_vain++;
    self->lingering.skips = (UINT32_C(1) << self->lingering.in_vain) - 1;
}
