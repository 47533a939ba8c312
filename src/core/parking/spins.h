/* SPDX-License-Identifier: MIT */
/*
 * The spin wait: how long a thread looks at what it waits for before it sleeps: as long as sleeping and
 * waking would cost. That is never more than twice what the better of the two would have cost (Karlin,
 * Manasse, McGeoch, Owicki, "Competitive Randomized Algorithms for Nonuniform Problems", 1990).
 */
#ifndef TI_SPINS_H
#define TI_SPINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TI_SPIN_TIME 50000 /* nanoseconds */

typedef struct ti_spin {
    uint32_t pauses; /* before the next look */
    int64_t end;     /* 0 until the clock was read */
} ti_spin;

static inline ti_spin ti_spin_begin(void)
{
    return (ti_spin){0, 0};
}

/* Pause, the longer the more often. False when it is time to sleep; always in a process that has one
 * processor only, where the thread that is waited for cannot run meanwhile. */
bool ti_spin_goes_on(ti_spin *spin);

/* Pause so many times. False, at once, in a process that has one processor only. */
bool ti_spin_pause(uint32_t pauses);

/* Whether that many threads can run at once. */
bool ti_spin_has_processors(size_t count);

/* Count the processors, once. */
void ti_spins_decide(void);

#endif
