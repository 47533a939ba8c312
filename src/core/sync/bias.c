/* SPDX-License-Identifier: MIT */
#include "bias.h"

#include "atomic.h"
#include "parking.h"
#include "registry.h"

/* So many levels of each of so many threads as a machine can have are less than the state can count. */
#define TI_BIAS_LEVELS 0xFFFF

uint32_t ti_bias_revocations;
static uint32_t ti_biases;
static ti_self *ti_kept; /* threads that are gone; linked by `next`, under the registry's guard */

static ti_bucket *ti_bias_lock(const threading_rwlock_t *rwlock, ti_self *self)
{
    ti_bucket *bucket = ti_parking_bucket(&rwlock->writer);
    ti_guard_lock(&bucket->guard, &self->parker);
    return bucket;
}

/* ---- the reader's side ---- */

/* Relaxed: only its own thread changes a note's lock, bias and levels. */
static uint32_t ti_note_levels(const ti_reading *reading)
{
    return ti_load_relaxed(&reading->levels);
}

static void ti_note_make_ordinary(ti_reading *reading, uint32_t levels)
{
    ti_store_relaxed(&reading->bias, 0); /* relaxed: under the bucket's guard */
    /* Release: whoever looks at the levels next sees what the thread has done until now (V4). */
    ti_store_release(&reading->levels, levels);
}

/* Under the guard: how many levels an ordinary note has after all. */
static uint32_t ti_note_settle(const threading_rwlock_t *rwlock, ti_reading *reading)
{
    uint32_t writer = ti_load_relaxed(&rwlock->writer); /* relaxed: a bias changes under the guard */
    if (reading->bias != 0 && reading->marked == reading->bias)
        ti_note_make_ordinary(reading, reading->counted);
    else if (reading->bias != 0 && reading->bias != writer)
        ti_note_make_ordinary(reading, 0); /* not seen, or of a lock that was here before */
    return ti_note_levels(reading);
}

uint32_t ti_bias_settle(const threading_rwlock_t *rwlock, ti_self *self, ti_reading *reading)
{
    ti_bucket *bucket = ti_bias_lock(rwlock, self);
    uint32_t levels = ti_note_settle(rwlock, reading);
    ti_guard_unlock(&bucket->guard);
    return levels;
}

bool ti_bias_acquire(threading_rwlock_t *rwlock, ti_self *self, ti_reading *reading)
{
    uint32_t writer = ti_load_relaxed(&rwlock->writer); /* relaxed: A2 decides */
    uint32_t bias = writer >= TI_BIAS ? writer : 0;
    uint32_t levels = ti_note_levels(reading);
    if (levels > 0 && reading->bias != 0 && reading->bias != bias)
        levels = ti_bias_settle(rwlock, self, reading);
    if (!ti_fence_is_shared())
        bias = 0;
    if (levels == 0)
        ti_store_relaxed(&reading->bias, bias); /* relaxed: means nothing yet */
    if (bias == 0 || reading->bias != bias || levels >= TI_BIAS_LEVELS)
        return false;
    return ti_bias_note(rwlock, reading, levels + 1) || ti_bias_settle(rwlock, self, reading) > levels;
}

bool ti_bias_is_released(const threading_rwlock_t *rwlock, ti_self *self, ti_reading *reading)
{
    ti_bucket *bucket = ti_bias_lock(rwlock, self);
    uint32_t levels = ti_note_levels(reading);
    uint32_t counted = reading->marked == reading->bias ? reading->counted : levels;
    if (reading->marked == reading->bias)
        ti_note_make_ordinary(reading, counted);
    ti_guard_unlock(&bucket->guard);
    return counted == levels;
}

TI_COLD void ti_bias_leave(threading_rwlock_t *rwlock, ti_self *self, ti_reading *reading)
{
    if (ti_load_relaxed(&rwlock->writer) == reading->bias) /* relaxed: the lock is read by this thread */
        ti_bias_revoke(rwlock, self);
    (void)ti_bias_settle(rwlock, self, reading);
}

/* ---- the beginning of a bias ---- */

/* Under both guards. */
static void ti_bias_begin(threading_rwlock_t *rwlock, ti_reading *reading)
{
    uint32_t levels = ti_note_levels(reading);
    uint32_t state = ti_load_relaxed(&rwlock->state); /* relaxed: the swap decides */
    /* Acquire: nobody else has to do with the writer's field. Next time, if somebody came between. */
    if (state < levels || state >= TI_READERS ||
        !ti_swap_acquire(&rwlock->state, state, state - levels + TI_BIASED))
        return;
    uint32_t bias = ti_add_relaxed(&ti_biases, 1) | TI_BIAS; /* relaxed: only the number matters */
    ti_store_relaxed(&reading->bias, bias);                  /* relaxed: revokers read it under the guards */
    reading->seen = ti_load_relaxed(&ti_bias_revocations);   /* relaxed: those of this lock need the guards */
    /* Release: pairs with A2 of readers, who see what the last writer did, as this one does. */
    ti_store_release(&rwlock->writer, bias);
}

void ti_bias_earn(threading_rwlock_t *rwlock, ti_self *self, ti_reading *reading)
{
    if (++reading->reads < TI_BIAS_AFTER || !ti_fence_is_shared())
        return;
    reading->reads = 0;
    ti_registry_lock(self);
    ti_bucket *bucket = ti_bias_lock(rwlock, self);
    ti_bias_begin(rwlock, reading);
    ti_guard_unlock(&bucket->guard);
    ti_registry_unlock();
}

/* ---- the end of a bias ---- */

typedef struct ti_revocation {
    uintptr_t rwlock;
    uint32_t bias;
    uint32_t levels;
} ti_revocation;

/* V4. Acquire: pairs with A1, for the note's lock and bias, and with R1, for what the reader has done. */
static void ti_bias_count(ti_self *self, void *arg)
{
    ti_revocation *revocation = (ti_revocation *)arg;
    for (ti_reading *reading = self->readings.known; reading < self->readings.known + TI_READS_KNOWN;
         reading++) {
        uint32_t levels = ti_load_acquire(&reading->levels);
        if (levels == 0 || ti_load_pointer_relaxed(&reading->rwlock) != revocation->rwlock ||
            ti_load_relaxed(&reading->bias) != revocation->bias)
            continue;
        reading->marked = revocation->bias;
        reading->counted = levels;
        revocation->levels += levels;
    }
}

/* Whether a thread that is gone has notes that nobody has counted. */
static bool ti_bias_is_missing(const ti_self *self)
{
    for (size_t i = 0; i < TI_READS_KNOWN; i++) {
        const ti_reading *reading = &self->readings.known[i];
        if (ti_note_levels(reading) > 0 && reading->bias != 0 && reading->marked != reading->bias)
            return true;
    }
    return false;
}

TI_COLD bool ti_bias_keep(ti_self *self)
{
    if (!ti_bias_is_missing(self))
        return false;
    self->next = ti_kept;
    ti_kept = self;
    return true;
}

/* The same for threads that are gone, which are not needed any more after it. */
static void ti_bias_count_kept(ti_revocation *revocation)
{
    for (ti_self **link = &ti_kept; *link != NULL;) {
        ti_self *self = *link;
        ti_bias_count(self, revocation);
        if (ti_bias_is_missing(self)) {
            link = &self->next;
        } else {
            *link = self->next;
            ti_self_free(self);
        }
    }
}

/* Under both guards. */
static void ti_bias_end(threading_rwlock_t *rwlock)
{
    /* Relaxed: it changes under the guards. */
    ti_revocation revocation = {(uintptr_t)rwlock, ti_load_relaxed(&rwlock->writer), 0};
    ti_store_release(&rwlock->writer, 0); /* release: V1; a loop of A2 that sees it finds the guard taken */
    ti_add_sequential(&ti_bias_revocations, 1); /* sequential: V2; pairs with A0, after V1 */
    ti_fence_all();
    ti_registry_for_each(ti_bias_count, &revocation);
    ti_bias_count_kept(&revocation);
    /* Release: the next writer's acquire pairs with it, so that the readers' R1 come before. */
    ti_add_acquire_release(&rwlock->state, revocation.levels - TI_BIASED);
}

void ti_bias_revoke(threading_rwlock_t *rwlock, ti_self *self)
{
    ti_registry_lock(self);
    ti_bucket *bucket = ti_bias_lock(rwlock, self);
    if (ti_state_is_biased(ti_load_relaxed(&rwlock->state))) /* relaxed: that changes under the guards */
        ti_bias_end(rwlock);
    ti_guard_unlock(&bucket->guard);
    ti_registry_unlock();
}

TI_COLD void ti_bias_forget(void)
{
    for (ti_self *next; ti_kept != NULL; ti_kept = next) {
        next = ti_kept->next;
        ti_self_free(ti_kept);
    }
}
