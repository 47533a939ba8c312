/* SPDX-License-Identifier: MIT */
/* What sim_objects.c keeps of each address in a run. */
#ifndef TI_SIM_OBJECTS_H
#define TI_SIM_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim.h"

#define TI_SIM_OBJECTS 8192 /* in one run, at most; a power of two */

typedef struct ti_sim_object {
    uintptr_t address;
    uint32_t run; /* of another run it is as if new */
    uint32_t number;
    uint64_t id;                    /* the same in each run */
    uint64_t last_write;            /* the history of the thread that wrote it last */
    uint64_t reads;                 /* the histories of those who have read that, in no order */
    uint64_t value;                 /* of an atomic word, as the run has left it */
    bool token;                     /* of a parker */
    uint32_t clock[TI_SIM_THREADS]; /* what was released into it */
    bool has_clock;
    bool is_forgotten; /* its memory has become other memory: whatever has this address is new */
} ti_sim_object;

ti_sim_object *ti_sim_object_at(uintptr_t address);
ti_sim_object *ti_sim_object_find(uintptr_t address); /* NULL: it has none in this run */
ti_sim_object *ti_sim_object_used(uint32_t i);        /* the run's, one by one; NULL: that was the last */
uint32_t ti_sim_object_index(const ti_sim_object *object);

uint32_t ti_sim_objects_run(void); /* another number in each run */

/* A part of the thread's history. */
void ti_sim_object_read(ti_sim_thread *self, ti_sim_object *object);
void ti_sim_object_written(ti_sim_thread *self, ti_sim_object *object);

/* Into the first, what the second knows. */
void ti_sim_clock_join(uint32_t *clock, const uint32_t *other);

/* ---- sim_weak.c ---- */

/* False: memory is out. */
bool ti_sim_weak_init(void);
void ti_sim_weak_free(void);

/* The word was stored; the calling thread's clock has not gone on yet. */
void ti_sim_weak_store(ti_sim_thread *self, const ti_sim_object *object, int order, uint64_t before,
                       uint64_t value);

/* A sequential fence of the calling thread. */
void ti_sim_weak_fence(ti_sim_thread *self);

/* Whether the load gives an older value, which is put into *value. */
bool ti_sim_weak_load(ti_sim_thread *self, const ti_sim_object *object, int order, uint64_t *value);

#endif
