/* SPDX-License-Identifier: MIT */
#include "linger.h"

#include "atomic.h"
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
    if (self->linger_skips > 0) {
        self->linger_skips--;
        return;
    }
    if (ti_linger_look(self))
        self->lingered_in_vain = 0;
    else if (self->lingered_in_vain < TI_VAIN_MOST)
        self->lingered_in_vain++;
    self->linger_skips = (UINT32_C(1) << self->lingered_in_vain) - 1;
}
