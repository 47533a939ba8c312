/* SPDX-License-Identifier: MIT */
#include "spins.h"

#include "atomic.h"
#include "port.h"
#include "processors.h"

/* At most between two looks, a microsecond or two: each look takes the memory away from the thread that works
 * there. */
#define TI_SPIN_PAUSES 64

static uint32_t ti_spin_processors; /* 0: not asked yet */

/* Asked once, by the first thread that has to wait, since the answer takes a hundred microseconds: a thread's
 * first call, and a program that never waits, read no files for it. Threads that ask at once are told the
 * same. */
TI_COLD static uint32_t ti_spin_ask(void)
{
    size_t available = ti_processors_available();
    uint32_t processors = available < UINT32_MAX ? (uint32_t)available : UINT32_MAX;
    /* Relaxed: a number by itself. */
    ti_store_relaxed(&ti_spin_processors, processors);
    return processors;
}

bool ti_spin_has_processors(size_t count)
{
    /* Relaxed: as above. */
    uint32_t processors = ti_load_relaxed(&ti_spin_processors);
    return count <= (processors != 0 ? processors : ti_spin_ask());
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
