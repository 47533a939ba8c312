/* SPDX-License-Identifier: MIT */
#include "spins.h"

#include "atomic.h"
#include "port.h"

/* At most between two looks, a microsecond or two: each look takes the memory away from the thread that works
 * there. */
#define TI_SPIN_PAUSES 64

static uint32_t ti_spin_processors;

void ti_spins_decide(void)
{
    /* Relaxed: set once, before there is anything to wait for. */
    ti_store_relaxed(&ti_spin_processors, (uint32_t)ti_port_cpu_count());
}

bool ti_spin_has_processors(size_t count)
{
    /* Relaxed: as above. */
    return count <= ti_load_relaxed(&ti_spin_processors);
}

bool ti_spin_pause(uint32_t pauses)
{
    if (!ti_spin_has_processors(2))
        return false;
    for (uint32_t i = 0; i < pauses; i++)
        ti_pause();
    return true;
}

/* The first looks come in quick succession: most waits are over by then, and need no clock. */
static bool ti_spin_has_time(ti_spin *spin)
{
    if (spin->pauses < TI_SPIN_PAUSES) {
        spin->pauses = spin->pauses == 0 ? 1 : 2 * spin->pauses;
        return true;
    }
    int64_t now = ti_port_now();
    if (spin->end == 0)
        spin->end = now + TI_SPIN_TIME;
    return now < spin->end;
}

bool ti_spin_goes_on(ti_spin *spin)
{
    return ti_spin_has_time(spin) && ti_spin_pause(spin->pauses);
}
