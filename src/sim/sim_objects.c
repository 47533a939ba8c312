/* SPDX-License-Identifier: MIT */
/*
 * What the threads of a run have read and written.
 *
 * A thread's history is a hash of all that it has done, in order, and of what each read has found: the
 * history that the writer had when it wrote. So two runs in which all threads have the same histories have
 * the same partial order of what depends on each other, and are in the same state.
 *
 * What comes before what is told by vector clocks (Lamport 1978; Mattern 1988). An atomic word carries the
 * clock of what was released into it.
 */
#include <stdio.h>
#include <string.h>

#include "atomic.h"
#include "sim.h"
#include "sim_objects.h"
#include "sim_system.h"

#define TI_SIM_PROBES 64
#define TI_SIM_NAMES 256

static ti_sim_object ti_objects[TI_SIM_OBJECTS];
static uint32_t ti_objects_run;
static uint32_t ti_objects_count;                /* numbers given */
static uint32_t ti_objects_used[TI_SIM_OBJECTS]; /* by index, those of this run */
static uint32_t ti_objects_used_count;

static struct {
    const void *object;
    char text[TI_SIM_NAME];
} ti_names[TI_SIM_NAMES];
static uint32_t ti_names_count;

/* ---- histories ---- */

/* The finaliser of MurmurHash3 (Appleby), over both. */
uint64_t ti_sim_mix(uint64_t hash, uint64_t value)
{
    hash ^= value + UINT64_C(0x9E3779B97F4A7C15) + (hash << 6) + (hash >> 2);
    hash ^= hash >> 33;
    hash *= UINT64_C(0xFF51AFD7ED558CCD);
    hash ^= hash >> 33;
    return hash;
}

uint64_t ti_sim_key(void)
{
    uint64_t key = ti_sim_mix((uint64_t)ti_sim.now, ti_sim.running->index);
    for (uint32_t i = 0; i < ti_sim.count; i++) {
        const ti_sim_thread *thread = ti_sim_thread_at(i);
        key = ti_sim_mix(key, thread->history + (uint64_t)thread->state);
    }
    return key | 1; /* 0 stands for none */
}

uint32_t ti_sim_object_index(const ti_sim_object *object)
{
    return (uint32_t)(object - ti_objects);
}

uint32_t ti_sim_objects_run(void)
{
    return ti_objects_run;
}

void ti_sim_objects_begin(void)
{
    ti_objects_run++;
    ti_objects_count = ti_objects_used_count = 0;
}

static ti_sim_object *ti_object_renew(ti_sim_object *object, uintptr_t address)
{
    ti_sim_thread *self = ti_sim.running;
    memset(object, 0, sizeof *object);
    object->address = address;
    object->run = ti_objects_run;
    object->number = ti_objects_count++;
    object->id = ti_sim_mix(self->index, self->touched++);
    return object;
}

/* What has this address in this run. There is always one: where there are too many, some share it, so that
 * less is explored as one and no race is told of it. */
ti_sim_object *ti_sim_object_at(uintptr_t address)
{
    uint64_t place = (address * UINT64_C(0x9E3779B97F4A7C15)) >> 40;
    for (uint32_t i = 0; i < TI_SIM_PROBES; i++) {
        ti_sim_object *object = &ti_objects[(place + i) % TI_SIM_OBJECTS];
        if (object->run != ti_objects_run) {
            ti_objects_used[ti_objects_used_count++] = ti_sim_object_index(object);
            return ti_object_renew(object, address);
        }
        if (object->address == address)
            return object->is_forgotten ? ti_object_renew(object, address) : object;
    }
    return &ti_objects[place % TI_SIM_OBJECTS];
}

ti_sim_object *ti_sim_object_find(uintptr_t address)
{
    uint64_t place = (address * UINT64_C(0x9E3779B97F4A7C15)) >> 40;
    for (uint32_t i = 0; i < TI_SIM_PROBES; i++) {
        ti_sim_object *object = &ti_objects[(place + i) % TI_SIM_OBJECTS];
        if (object->run != ti_objects_run)
            return NULL;
        if (object->address == address)
            return object->is_forgotten ? NULL : object;
    }
    return NULL;
}

ti_sim_object *ti_sim_object_used(uint32_t i)
{
    return i < ti_objects_used_count ? &ti_objects[ti_objects_used[i]] : NULL;
}

void ti_sim_object_read(ti_sim_thread *self, ti_sim_object *object)
{
    self->history = ti_sim_mix(self->history ^ object->id, object->last_write);
    object->reads += self->history;
}

void ti_sim_object_written(ti_sim_thread *self, ti_sim_object *object)
{
    self->history = ti_sim_mix(self->history ^ ~object->id, object->last_write + object->reads);
    object->last_write = self->history;
    object->reads = 0;
    ti_sim_wrote(self);
}

uint32_t ti_sim_number(const void *address)
{
    TI_SIM_WITHIN;
    return ti_sim_self() != NULL ? ti_sim_object_at((uintptr_t)address)->number
                                 : (uint32_t)((uintptr_t)address >> 4);
}

uint32_t ti_sim_numbers(void)
{
    return ti_objects_count;
}

bool *ti_sim_token(const void *parker)
{
    return &ti_sim_object_at((uintptr_t)parker)->token;
}

/* ---- what comes before what ---- */

void ti_sim_clock_join(uint32_t *clock, const uint32_t *other)
{
    for (uint32_t i = 0; i < ti_sim.count; i++)
        if (clock[i] < other[i])
            clock[i] = other[i];
}

void ti_sim_learn(ti_sim_thread *self, const ti_sim_thread *from)
{
    ti_sim_clock_join(self->clock, from->clock);
    ti_sim_thread_at(from->index)->clock[from->index]++;
}

/* In the core each thread meets all others when it begins and ends, since it is put into lists; that is not
 * what orders a program, and no race may hide behind it. Releases count: they can be what another thread
 * waits for. */
static bool ti_is_programs(const ti_sim_thread *self, int order)
{
    /* What a weak load may give depends on all that comes before it. */
    return ti_sim.is_weak || self->index == 0 || self->is_in_target || self->call != NULL ||
           (order & TI_SIM_USERS) != 0;
}

/* What a load finds that does not acquire, a fence may acquire later. */
static void ti_object_acquire(ti_sim_thread *self, const ti_sim_object *object, int order)
{
    if (!object->has_clock || !ti_is_programs(self, order))
        return;
    ti_sim_clock_join(order & TI_SIM_ACQUIRE ? self->clock : self->unfenced, object->clock);
    if (order & TI_SIM_ACQUIRE)
        ti_sim_tell_acquire(object->address);
}

/* What a fence has released before goes into what is stored behind it. */
static void ti_object_fenced(const ti_sim_thread *self, ti_sim_object *object)
{
    if (!self->has_fence)
        return;
    ti_sim_clock_join(object->clock, self->fence);
    object->has_clock = true;
}

static void ti_object_release(ti_sim_thread *self, ti_sim_object *object)
{
    ti_sim_clock_join(object->clock, self->clock);
    object->has_clock = true;
    self->clock[self->index]++;
    ti_sim_tell_release(object->address);
}

/* A store begins anew what can be acquired from the word; what changes it in one step goes on with it (C11,
 * 5.1.2.4: release sequences). */
static void ti_object_forget(ti_sim_object *object)
{
    if (object->has_clock)
        memset(object->clock, 0, sizeof object->clock);
    object->has_clock = false;
}

/* ---- the points ---- */

void ti_sim_before(const void *word)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    (void)word;
    if (self == NULL)
        ti_store_relaxed(&ti_sim.has_foreign, 1); /* relaxed: looked at when it has long been there */
    else if (ti_sim.is_inside || ti_sim.is_given_up)
        ti_sim_point(self);
}

static bool ti_is_weak(int order)
{
    return ti_sim.is_weak && (ti_sim.is_inside || (order & TI_SIM_USERS) != 0);
}

uint64_t ti_sim_loaded(const void *word, int order, uint64_t value)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL)
        return value;
    ti_sim_object *object = ti_sim_object_at((uintptr_t)word);
    object->value = value;
    if (ti_is_weak(order) && ti_sim_weak_load(self, object, order, &value))
        return value;
    ti_sim_object_read(self, object);
    ti_object_acquire(self, object, order);
    return value;
}

void ti_sim_stored(const void *word, int order, uint64_t before, uint64_t value)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL)
        return;
    ti_sim_object *object = ti_sim_object_at((uintptr_t)word);
    ti_sim_object_written(self, object);
    object->value = value;
    ti_object_forget(object);
    ti_object_fenced(self, object);
    if (ti_is_weak(order))
        ti_sim_weak_store(self, object, order, before, value);
    if (order & TI_SIM_RELEASE)
        ti_object_release(self, object);
}

void ti_sim_changed(const void *word, int order, uint64_t before, uint64_t value)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL)
        return;
    ti_sim_object *object = ti_sim_object_at((uintptr_t)word);
    ti_sim_object_written(self, object);
    object->value = value;
    ti_object_acquire(self, object, order);
    ti_object_fenced(self, object);
    if (ti_is_weak(order))
        ti_sim_weak_store(self, object, order, before, value);
    if (order & TI_SIM_RELEASE)
        ti_object_release(self, object);
}

void ti_sim_fenced(int order)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL)
        return;
    if (ti_sim.is_weak && (order & TI_SIM_SEQUENTIAL) != 0)
        ti_sim_weak_fence(self);
    if (order & TI_SIM_ACQUIRE)
        ti_sim_clock_join(self->clock, self->unfenced);
    if ((order & TI_SIM_RELEASE) == 0)
        return;
    memcpy(self->fence, self->clock, sizeof self->fence);
    self->has_fence = true;
    self->clock[self->index]++;
}

void ti_sim_pause(void)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    if (self != NULL)
        ti_sim_yield(self);
}

/* ---- names ---- */

void ti_sim_name_object(const void *object, const char *name)
{
    uint32_t i = 0;
    while (i < ti_names_count && ti_names[i].object != object)
        i++;
    if (i == TI_SIM_NAMES)
        return;
    ti_names_count += i == ti_names_count;
    ti_names[i].object = object;
    (void)snprintf(ti_names[i].text, TI_SIM_NAME, "%s", name != NULL ? name : "");
}

const char *ti_sim_object_name(const void *object)
{
    for (uint32_t i = 0; i < ti_names_count; i++)
        if (ti_names[i].object == object && ti_names[i].text[0] != '\0')
            return ti_names[i].text;
    return NULL;
}
