/* SPDX-License-Identifier: MIT */
/*
 * What the threads of a run have read and written.
 *
 * A thread's history is a hash of all that it has done, in order, and of what each read has found: the
 * history that the writer had when it wrote. So two runs in which all threads have the same histories have
 * the same partial order of what depends on each other, and are in the same state.
 *
 * Races are found by vector clocks (Lamport 1978; Mattern 1988; FastTrack: Flanagan and Freund, PLDI 2009,
 * of which the epochs are used here). An atomic word carries the clock of what was released into it.
 */
#include <stdio.h>
#include <string.h>

#include "atomic.h"
#include "sim.h"
#include "sim_objects.h"

#define TI_SIM_PROBES 64
#define TI_SIM_NAMES 256
#define TI_SIM_PIECE ((uintptr_t)8) /* plain data is watched in such pieces, byte by byte within */

static ti_sim_object ti_objects[TI_SIM_OBJECTS];
static uint32_t ti_objects_run;
static uint32_t ti_objects_count;

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

void ti_sim_objects_begin(void)
{
    ti_objects_run++;
    ti_objects_count = 0;
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
        if (object->run != ti_objects_run)
            return ti_object_renew(object, address);
        if (object->address == address)
            return object;
    }
    return &ti_objects[place % TI_SIM_OBJECTS];
}

static void ti_object_read(ti_sim_thread *self, ti_sim_object *object)
{
    self->history = ti_sim_mix(self->history ^ object->id, object->last_write);
    object->reads += self->history;
}

static void ti_object_written(ti_sim_thread *self, ti_sim_object *object)
{
    self->history = ti_sim_mix(self->history ^ ~object->id, object->last_write + object->reads);
    object->last_write = self->history;
    object->reads = 0;
    ti_sim_wrote(self);
}

uint32_t ti_sim_number(const void *address)
{
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

static void ti_object_acquire(ti_sim_thread *self, const ti_sim_object *object)
{
    if (object->has_clock)
        ti_sim_clock_join(self->clock, object->clock);
}

static void ti_object_release(ti_sim_thread *self, ti_sim_object *object)
{
    ti_sim_clock_join(object->clock, self->clock);
    object->has_clock = true;
    self->clock[self->index]++;
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
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL)
        return value;
    ti_sim_object *object = ti_sim_object_at((uintptr_t)word);
    if (ti_is_weak(order) && ti_sim_weak_load(self, object, order, &value))
        return value;
    ti_object_read(self, object);
    if (order & TI_SIM_ACQUIRE)
        ti_object_acquire(self, object);
    return value;
}

void ti_sim_stored(const void *word, int order, uint64_t before, uint64_t value)
{
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL)
        return;
    ti_sim_object *object = ti_sim_object_at((uintptr_t)word);
    ti_object_written(self, object);
    ti_object_forget(object);
    if (ti_is_weak(order))
        ti_sim_weak_store(self, object, order, before, value);
    if (order & TI_SIM_RELEASE)
        ti_object_release(self, object);
}

void ti_sim_changed(const void *word, int order, uint64_t before, uint64_t value)
{
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL)
        return;
    ti_sim_object *object = ti_sim_object_at((uintptr_t)word);
    ti_object_written(self, object);
    if (order & TI_SIM_ACQUIRE)
        ti_object_acquire(self, object);
    if (ti_is_weak(order))
        ti_sim_weak_store(self, object, order, before, value);
    if (order & TI_SIM_RELEASE)
        ti_object_release(self, object);
}

void ti_sim_pause(void)
{
    ti_sim_thread *self = ti_sim_self();
    if (self != NULL)
        ti_sim_yield(self);
}

/* ---- plain data ---- */

static void ti_race_tell(const ti_sim_thread *self, const char *does, uint32_t other, const char *did,
                         const void *address)
{
    char text[sizeof ti_sim.message];
    const char *name = ti_sim_object_name(address);
    (void)snprintf(text, sizeof text, "%s %s %s while %s %s it, and nothing orders the two", self->name, does,
                   name != NULL ? name : "data", ti_sim_thread_at(other)->name, did);
    if (ti_sim.verdict == THREADING_SIM_PASSED)
        ti_sim_blame(THREADING_SIM_RACE, text);
}

static bool ti_race_with_write(const ti_sim_thread *self, const ti_sim_object *piece, uint8_t mask)
{
    return (piece->write_mask & mask) != 0 && piece->write_time > self->clock[piece->writer];
}

/* Whose read, or TI_SIM_THREADS. */
static uint32_t ti_race_with_read(const ti_sim_thread *self, const ti_sim_object *piece, uint8_t mask)
{
    uint32_t i = 0;
    if ((piece->read_mask & mask) == 0)
        return TI_SIM_THREADS;
    while (i < ti_sim.count && piece->read_time[i] <= self->clock[i])
        i++;
    return i < ti_sim.count ? i : TI_SIM_THREADS;
}

static void ti_piece_read(ti_sim_thread *self, ti_sim_object *piece, uint8_t mask, const void *address)
{
    if (ti_race_with_write(self, piece, mask))
        ti_race_tell(self, "reads", piece->writer, "writes", address);
    piece->read_time[self->index] = self->clock[self->index];
    piece->read_mask |= mask;
    ti_object_read(self, piece);
}

static void ti_piece_write(ti_sim_thread *self, ti_sim_object *piece, uint8_t mask, const void *address)
{
    uint32_t reader = ti_race_with_read(self, piece, mask);
    if (ti_race_with_write(self, piece, mask))
        ti_race_tell(self, "writes", piece->writer, "writes", address);
    else if (reader != TI_SIM_THREADS)
        ti_race_tell(self, "writes", reader, "reads", address);
    piece->writer = self->index;
    piece->write_time = self->clock[self->index];
    piece->write_mask = mask;
    piece->read_mask &= (uint8_t)~mask;
    ti_object_written(self, piece);
}

/* Which bytes of the piece that begins at `at` are in the range. */
static uint8_t ti_piece_mask(uintptr_t at, uintptr_t first, uintptr_t end)
{
    uint8_t mask = 0;
    for (uintptr_t i = 0; i < TI_SIM_PIECE; i++)
        if (at + i >= first && at + i < end)
            mask |= (uint8_t)(1U << i);
    return mask;
}

static void ti_data_touch(ti_sim_thread *self, const void *address, size_t size, bool is_written)
{
    uintptr_t first = (uintptr_t)address;
    uintptr_t end = first + size;
    for (uintptr_t at = first - first % TI_SIM_PIECE; at < end; at += TI_SIM_PIECE) {
        ti_sim_object *piece = ti_sim_object_at(at + 1); /* an odd address: no atomic word has it */
        uint8_t mask = ti_piece_mask(at, first, end);
        if (piece->address != at + 1)
            continue;
        if (is_written)
            ti_piece_write(self, piece, mask, address);
        else
            ti_piece_read(self, piece, mask, address);
    }
}

static void ti_data_access(const void *address, size_t size, bool is_written)
{
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL || address == NULL || size == 0)
        return;
    ti_sim_point(self);
    ti_sim_record_data(is_written ? "write" : "read", address, size, is_written);
    ti_data_touch(self, address, size, is_written);
}

void threading_sim_read(const void *address, size_t size)
{
    ti_data_access(address, size, false);
}

void threading_sim_write(void *address, size_t size)
{
    ti_data_access(address, size, true);
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
