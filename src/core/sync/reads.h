/* SPDX-License-Identifier: MIT */
/* What the calling thread reads, as rwlock.c finds and notes it. */
#ifndef TI_READS_H
#define TI_READS_H

#include <stdbool.h>
#include <stdint.h>

#include "atomic.h"
#include "self.h"

/* Relaxed, here and below: only its own thread changes a note's lock and levels. */
static inline bool ti_reading_is_of(const ti_reading *reading, const threading_rwlock_t *rwlock)
{
    return ti_load_pointer_relaxed(&reading->rwlock) == (uintptr_t)rwlock;
}

static inline void ti_reading_add(ti_reading *reading, uint32_t levels)
{
    /* Release: as R1 in bias.h; what the thread has read under an earlier bias is before a revoker's look. */
    ti_store_release(&reading->levels, ti_load_relaxed(&reading->levels) + levels);
}

/* The note of a lock, if there is one. */
static inline ti_reading *ti_reading_seek(ti_self *self, const threading_rwlock_t *rwlock)
{
    for (ti_reading *reading = self->readings.known; reading < self->readings.known + TI_READS_KNOWN;
         reading++)
        if (ti_reading_is_of(reading, rwlock))
            return reading;
    return NULL;
}

/* The note of a lock that the thread reads. NULL: it does not, as far as that is known. */
static inline ti_reading *ti_reading_find(ti_self *self, const threading_rwlock_t *rwlock)
{
    ti_reading *reading = ti_reading_seek(self, rwlock);
    return reading != NULL && ti_load_relaxed(&reading->levels) > 0 ? reading : NULL;
}

static inline void ti_reading_begin(ti_reading *reading, const threading_rwlock_t *rwlock)
{
    ti_store_pointer_relaxed(&reading->rwlock, (uintptr_t)rwlock);
    ti_store_relaxed(&reading->bias, 0);
    reading->reads = 0;
}

/* The lock's note, or a place for one. NULL: none is free. */
static inline ti_reading *ti_reading_place(ti_self *self, const threading_rwlock_t *rwlock)
{
    ti_reading *place = NULL;
    for (ti_reading *reading = self->readings.known; reading < self->readings.known + TI_READS_KNOWN;
         reading++) {
        if (ti_reading_is_of(reading, rwlock))
            return reading;
        if (place == NULL && ti_load_relaxed(&reading->levels) == 0)
            place = reading;
    }
    if (place != NULL)
        ti_reading_begin(place, rwlock);
    return place;
}

/* False: the thread does not read it, as far as that is known. */
static inline bool ti_reading_remove(ti_self *self, const threading_rwlock_t *rwlock)
{
    ti_reading *reading = ti_reading_find(self, rwlock);
    if (reading != NULL)
        ti_reading_add(reading, UINT32_MAX);
    else if (self->readings.beyond > 0)
        self->readings.beyond--;
    else
        return false;
    return true;
}

/* What was read in this memory before. */
static inline void ti_reading_forget(ti_self *self, const threading_rwlock_t *rwlock)
{
    ti_reading *reading = ti_reading_find(self, rwlock);
    if (reading != NULL)
        ti_store_release(&reading->levels, 0); /* release: as above */
}

static inline bool ti_reads_already(ti_self *self, const threading_rwlock_t *rwlock)
{
    /* The analyzer takes a place in *self that is not found for no *self.
     * NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
    return self->readings.beyond > 0 || ti_reading_find(self, rwlock) != NULL;
}

#endif
