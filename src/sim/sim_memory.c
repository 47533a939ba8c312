/* SPDX-License-Identifier: MIT */
/*
 * The core's memory in a build for sim.
 *
 * What is allocated in a run goes at its end, and not before: so an address is one object's for the whole
 * run, and runs with the same decisions cannot differ by what malloc gives again. It comes from one place, so
 * that what is allocated later has the higher address, in each run. What the core had before the first run
 * stays as long as the search, and each run finds in it what was there at the beginning.
 */
#include <stdlib.h>
#include <string.h>

#include "atomic.h"
#include "sim.h"
#include "sim_memory.h"
#include "sim_system.h"

/* It stands in front of each piece. */
typedef struct ti_hold {
    struct ti_hold *next;
    struct ti_hold *previous;
    void *copy; /* of what it held before the first run, or NULL */
    size_t size;
    bool is_of_run;
    bool is_kept; /* the core's for ever: what it holds the core makes anew */
} ti_hold;

#define TI_SIM_PLACE ((size_t)1 << 20) /* a run that needs more has the rest from malloc */
#define TI_SIM_HEAD ((size_t)64)       /* keeps the alignment of what is behind it */

_Static_assert(sizeof(ti_hold) <= TI_SIM_HEAD, "a piece begins with its head");

static ti_hold ti_before = {.next = &ti_before, .previous = &ti_before}; /* a ring, as the other */
static ti_hold ti_of_run = {.next = &ti_of_run, .previous = &ti_of_run};
static char *ti_place;
static size_t ti_place_used;
static size_t ti_left;         /* pieces of the run that were not given back yet */
static uint32_t ti_holds_lock; /* outside of a run there may be several threads */

static void *ti_hold_memory(ti_hold *piece)
{
    return (char *)piece + TI_SIM_HEAD;
}

static ti_hold *ti_hold_of(void *memory)
{
    return (ti_hold *)(void *)((char *)memory - TI_SIM_HEAD);
}

static void ti_holds_begin(void)
{
    while (ti_exchange_acquire_release(&ti_holds_lock, 1) != 0)
        ti_port_yield();
}

static void ti_holds_end(void)
{
    ti_store_release(&ti_holds_lock, 0);
}

static void ti_hold_link(ti_hold *piece, ti_hold *ring)
{
    ti_holds_begin();
    piece->next = ring;
    piece->previous = ring->previous;
    ring->previous->next = piece;
    ring->previous = piece;
    ti_holds_end();
}

static void ti_hold_drop(ti_hold *piece)
{
    ti_holds_begin();
    piece->previous->next = piece->next;
    piece->next->previous = piece->previous;
    ti_holds_end();
    ti_sim_unforbid(ti_hold_memory(piece), piece->size);
    ti_port_errors errors = ti_port_errors_keep();
    free(piece->copy);
    free(piece);
    ti_port_errors_restore(errors);
}

/* NULL: it does not fit. */
static ti_hold *ti_place_take(size_t size)
{
    size_t whole = (TI_SIM_HEAD + size + TI_SIM_HEAD - 1) / TI_SIM_HEAD * TI_SIM_HEAD;
    if (ti_sim_self() == NULL || size > TI_SIM_PLACE || whole > TI_SIM_PLACE - ti_place_used)
        return NULL;
    ti_hold *piece = (ti_hold *)(void *)(ti_place + ti_place_used);
    ti_sim_unforbid(piece, TI_SIM_HEAD + size);
    memset(piece, 0, TI_SIM_HEAD + size);
    ti_place_used += whole;
    return piece;
}

static ti_hold *ti_hold_new(size_t size)
{
    if (size > SIZE_MAX - TI_SIM_HEAD)
        return NULL;
    ti_port_errors errors = ti_port_errors_keep();
    ti_hold *piece = (ti_hold *)calloc(1, TI_SIM_HEAD + size);
    ti_port_errors_restore(errors);
    if (piece != NULL)
        ti_hold_link(piece, ti_sim_self() != NULL ? &ti_of_run : &ti_before);
    return piece;
}

void *ti_sim_memory_allocate(size_t size)
{
    ti_hold *piece = ti_place_take(size);
    if (piece == NULL)
        piece = ti_hold_new(size);
    if (piece == NULL)
        return NULL;
    piece->size = size;
    piece->is_of_run = ti_sim_self() != NULL;
    ti_left += piece->is_of_run;
    return ti_hold_memory(piece);
}

/* A run may let go what was there before: the next one has it again. */
void ti_sim_memory_free(void *memory)
{
    if (memory == NULL)
        return;
    ti_hold *piece = ti_hold_of(memory);
    if (piece->is_of_run) {
        ti_left--;
        ti_sim_forbid(memory, piece->size);
    } else if (ti_sim_self() == NULL)
        ti_hold_drop(piece);
}

void *ti_sim_memory_resize(void *memory, size_t size)
{
    void *resized = ti_sim_memory_allocate(size);
    if (resized == NULL || memory == NULL)
        return resized;
    size_t before = ti_hold_of(memory)->size;
    memcpy(resized, memory, before < size ? before : size);
    ti_sim_memory_free(memory);
    return resized;
}

void *ti_sim_memory_keep(size_t size)
{
    (void)ti_port_pages; /* malloc's memory is as good here */
    (void)ti_port_pages_give_back;
    void *memory = ti_sim_memory_allocate(size);
    if (memory == NULL)
        return NULL;
    ti_hold_of(memory)->is_kept = true;
    ti_left -= ti_hold_of(memory)->is_of_run;
    return memory;
}

void ti_sim_memory_end(void *memory, size_t size)
{
    (void)size;
    ti_sim_memory_free(memory);
}

/* ---- run after run ---- */

static void ti_place_clear(void)
{
    ti_place_used = 0;
    ti_sim_forbid(ti_place, TI_SIM_PLACE);
}

bool ti_sim_memory_begin(void)
{
    if (ti_place == NULL && (ti_place = (char *)malloc(TI_SIM_PLACE)) == NULL)
        return false;
    for (ti_hold *piece = ti_before.next; piece != &ti_before; piece = piece->next) {
        free(piece->copy);
        piece->copy = piece->is_kept ? NULL : malloc(piece->size);
        if (piece->copy == NULL && !piece->is_kept)
            return false;
        if (piece->copy != NULL)
            memcpy(piece->copy, ti_hold_memory(piece), piece->size);
    }
    return true;
}

size_t ti_sim_memory_left(void)
{
    return ti_left;
}

void ti_sim_memory_restore(void)
{
    ti_left = 0;
    for (ti_hold *piece = ti_before.next; piece != &ti_before; piece = piece->next)
        if (piece->copy != NULL)
            memcpy(ti_hold_memory(piece), piece->copy, piece->size);
    while (ti_of_run.next != &ti_of_run)
        ti_hold_drop(ti_of_run.next);
    ti_place_clear();
}
