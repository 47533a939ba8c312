/* SPDX-License-Identifier: MIT */
/* How often a thread looks at what it waits for before it sleeps. */
#ifndef TI_SPINS_H
#define TI_SPINS_H

#include <stdint.h>

#include "atomic.h"

#define TI_SPINS 100 /* some microseconds, with a pause each: about what sleeping and waking costs */

extern uint32_t ti_spins_allowed;

/* 0 in a process that has one processor only: who is waited for cannot run meanwhile. */
static inline uint32_t ti_spins(void)
{
    /* Relaxed: set once, before there is anything to wait for. */
    return ti_load_relaxed(&ti_spins_allowed);
}

/* Count the processors, once. */
void ti_spins_decide(void);

#endif
