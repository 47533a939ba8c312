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

/* Pause, the longer the more often. False when it is time to sleep; always in a process of which one
 * thread at a time can run, where the thread that is waited for cannot do so meanwhile: it has one
 * processor, or a quota of the time of one, which spinning would use up. */
bool ti_spin_goes_on(ti_spin *spin);

/* Pause so many times. False, at once, in such a process. */
bool ti_spin_pause(uint32_t pauses);

/* Whether that many threads can run at once. The processors are counted with the first question. */
bool ti_spin_has_processors(size_t count);

#endif
