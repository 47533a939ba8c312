/* SPDX-License-Identifier: MIT */
/*
 * Rings: threads that wait for each other, found from outside, while they sleep.
 *
 * What each thread waits for is looked at one after the other, so a ring that is put together from that may
 * never have been there at one moment. So it is looked at twice. If all its threads sleep in the same waits
 * (the versions of their notes are the same) and wait for the same threads both times, then all of it was
 * there between the two. The proof of deadlock.h is another: it is made by the thread that would close the
 * ring, and knows of owned locks only.
 */
#ifndef TI_RING_H
#define TI_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if !defined(THREADING_NO_DIAGNOSIS)

#define TI_RING_MOST 64 /* of a longer ring the beginning is told */

/*
 *   idents     of its threads: each waits for what the next one has, the last for the first's
 *   count      how many there are; TI_RING_MOST in `idents` at most
 *   is_proved  no wait has a limit, and what is waited for can be given by that thread only
 */
typedef struct ti_ring {
    uint32_t idents[TI_RING_MOST];
    size_t count;
    bool is_proved;
} ti_ring;

/* A number for a search; each thread is looked at once in it. */
uint32_t ti_ring_search(void);

/* The next ring whose search begins behind the thread of that ident; *ident is where it began. False: there
 * is none. */
bool ti_ring_next(ti_ring *ring, uint32_t search, uint32_t *ident);

#endif

#endif
