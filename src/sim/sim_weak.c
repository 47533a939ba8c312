/* SPDX-License-Identifier: MIT */
/*
 * Weak loads: a load that is not sequential may give what was stored before.
 *
 * Of each atomic word the last stores are kept. A thread may read any of them but those that it knows to be
 * overwritten: because the later store happens before its load, or because it has read a later one itself
 * (C11, 5.1.2.4: coherence). What changes a word in one step reads the newest, as do sequential loads, which
 * is more than C11 promises: no bug is told that there is not, and some that mix the two are missed. No load
 * reads what is stored after it: no processor that runs C programs is known to do that with what depends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_objects.h"
#include "sim_system.h"

#define TI_SIM_STORES 6 /* so many of each word */

typedef struct ti_store {
    uint64_t value;
    uint64_t history; /* of the writer, when it had written */
    uint32_t writer;
    uint32_t time; /* of the writer's clock */
    bool is_release;
    uint32_t clock[TI_SIM_THREADS]; /* what an acquire learns from it */
} ti_store;

typedef struct ti_stores {
    uint64_t id;                   /* of the object in this run that they belong to */
    uint32_t count;                /* of all; the last ones are kept */
    uint32_t seen[TI_SIM_THREADS]; /* the newest that each thread has read or written, counted from 1 */
    ti_store kept[TI_SIM_STORES];
} ti_stores;

static ti_stores *ti_all_stores; /* by the index of the object */

bool ti_sim_weak_init(void)
{
    if (ti_all_stores == NULL)
        ti_all_stores = (ti_stores *)calloc(TI_SIM_OBJECTS, sizeof *ti_all_stores);
    return ti_all_stores != NULL;
}

void ti_sim_weak_free(void)
{
    free(ti_all_stores);
    ti_all_stores = NULL;
}

static ti_store *ti_store_number(ti_stores *stores, uint32_t number)
{
    return &stores->kept[(number - 1) % TI_SIM_STORES];
}

/* What the word held when the run met it first, everybody knows. */
static ti_stores *ti_stores_of(const ti_sim_object *object, uint64_t first)
{
    ti_stores *stores = &ti_all_stores[ti_sim_object_index(object)];
    uint64_t id = ti_sim_mix(object->id, object->run);
    if (stores->id == id)
        return stores;
    memset(stores, 0, sizeof *stores);
    stores->id = id;
    stores->count = 1;
    ti_store_number(stores, 1)->value = first;
    return stores;
}

void ti_sim_weak_store(ti_sim_thread *self, const ti_sim_object *object, int order, uint64_t before,
                       uint64_t value)
{
    ti_stores *stores = ti_stores_of(object, before);
    ti_store *store = ti_store_number(stores, ++stores->count);
    *store = (ti_store){.value = value, .history = self->history, .writer = self->index};
    store->time = self->clock[self->index];
    store->is_release = (order & TI_SIM_RELEASE) != 0 || object->has_clock;
    memcpy(store->clock, object->clock,
           sizeof store->clock); /* what it goes on with, in a release sequence */
    if (order & TI_SIM_RELEASE)
        ti_sim_clock_join(store->clock, self->clock);
    stores->seen[self->index] = stores->count;
}

/* Whether the load comes after that store for certain. */
static bool ti_store_is_known(const ti_sim_thread *self, const ti_store *store)
{
    return store->time <= self->clock[store->writer] || store->time <= self->shown[store->writer];
}

/* The oldest that the thread may read. */
static uint32_t ti_stores_oldest(const ti_sim_thread *self, ti_stores *stores)
{
    uint32_t kept = stores->count > TI_SIM_STORES ? stores->count - TI_SIM_STORES + 1 : 1;
    uint32_t oldest = stores->count;
    uint32_t least = stores->seen[self->index] > kept ? stores->seen[self->index] : kept;
    while (oldest > least && !ti_store_is_known(self, ti_store_number(stores, oldest)))
        oldest--;
    return oldest;
}

bool ti_sim_weak_load(ti_sim_thread *self, const ti_sim_object *object, int order, uint64_t *value)
{
    ti_stores *stores = ti_stores_of(object, *value);
    uint32_t oldest = ti_stores_oldest(self, stores);
    uint32_t back = 0;
    if ((order & TI_SIM_SEQUENTIAL) == 0)
        back = ti_sim_choose(stores->count - oldest + 1, 1);
    uint32_t number = stores->count - back;
    stores->seen[self->index] = number;
    if (back == 0)
        return false;
    const ti_store *store = ti_store_number(stores, number);
    char text[40];
    (void)snprintf(text, sizeof text, "%llu instead of %llu", (unsigned long long)store->value,
                   (unsigned long long)*value);
    ti_sim_record("load", (const void *)object->address, text);
    *value = store->value;
    self->history = ti_sim_mix(self->history ^ object->id, store->history);
    if (store->is_release)
        ti_sim_clock_join(order & TI_SIM_ACQUIRE ? self->clock : self->unfenced, store->clock);
    if (store->is_release && (order & TI_SIM_ACQUIRE) != 0)
        ti_sim_tell_acquire(object->address);
    return true;
}

/* What each thread has stored, or knows to be stored, is seen by all from here on. */
void ti_sim_fence_all(void)
{
    uint32_t all[TI_SIM_THREADS] = {0};
    for (uint32_t i = 0; i < ti_sim.count; i++) {
        ti_sim_clock_join(all, ti_sim_thread_at(i)->clock);
        ti_sim_clock_join(all, ti_sim_thread_at(i)->shown);
    }
    for (uint32_t i = 0; i < ti_sim.count; i++)
        memcpy(ti_sim_thread_at(i)->shown, all, sizeof all);
}

static uint32_t ti_sequence[TI_SIM_THREADS]; /* what the sequential fences of the run have shown */
static uint32_t ti_sequence_run;

/* Sequential fences have one order: what was stored before an earlier one is seen behind a later one. */
void ti_sim_weak_fence(ti_sim_thread *self)
{
    if (ti_sequence_run != ti_sim_objects_run())
        memset(ti_sequence, 0, sizeof ti_sequence);
    ti_sequence_run = ti_sim_objects_run();
    ti_sim_clock_join(ti_sequence, self->clock);
    ti_sim_clock_join(ti_sequence, self->shown);
    memcpy(self->shown, ti_sequence, sizeof self->shown);
    self->clock[self->index]++;
    self->history = ti_sim_mix(self->history, ti_sim_key()); /* it has to do with the fences before */
}
