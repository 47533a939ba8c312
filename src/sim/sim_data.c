/* SPDX-License-Identifier: MIT */
/*
 * Plain data, which no two threads may touch at the same time if one of them writes.
 *
 * It is watched in pieces of eight bytes, and byte by byte within. Of each piece the accesses are kept that
 * no later one stands for: what comes after an access and does at least as much would race with whatever the
 * access would race with (FastTrack: Flanagan and Freund, PLDI 2009).
 */
#include "sim_data.h"

#include <stdio.h>
#include <string.h>

#include "sim_objects.h"
#include "sim_system.h"

#define TI_SIM_PIECE ((uintptr_t)8)
#define TI_SIM_KEPT 12 /* accesses of a piece; of more the oldest is forgotten */

typedef struct ti_sim_kept {
    const void *code;
    uint32_t time; /* of the thread's clock */
    uint8_t thread;
    uint8_t mask; /* which bytes */
    bool is_write;
    bool is_atomic;
} ti_sim_kept;

typedef struct ti_sim_piece {
    uint32_t run;     /* of another run it is as if new */
    uint32_t touched; /* by which threads, a bit for each */
    uint32_t count;
    ti_sim_kept kept[TI_SIM_KEPT];
} ti_sim_piece;

static ti_sim_piece ti_pieces[TI_SIM_OBJECTS]; /* by the index of the object */

bool (*ti_sim_tell_data)(const void *address, char *text, size_t size);
bool (*ti_sim_tell_code)(const void *code, char *text, size_t size);

/* ---- pieces ---- */

/* What the piece is called among the objects: odd, and no address that a program has where its atomic
 * variables may be odd too. */
static uintptr_t ti_piece_key(uintptr_t at)
{
    return ~at;
}

static ti_sim_piece *ti_piece_of(const ti_sim_object *object)
{
    ti_sim_piece *piece = &ti_pieces[ti_sim_object_index(object)];
    if (piece->run != object->run) {
        piece->run = object->run;
        piece->touched = piece->count = 0;
    }
    return piece;
}

/* NULL if nobody has touched it in this run. */
static ti_sim_piece *ti_piece_find(uintptr_t at)
{
    const ti_sim_object *object = ti_sim_object_find(ti_piece_key(at));
    return object != NULL ? ti_piece_of(object) : NULL;
}

static uintptr_t ti_piece_first(const void *address)
{
    return (uintptr_t)address - (uintptr_t)address % TI_SIM_PIECE;
}

/* Which bytes of the piece that begins at `at` are in the range. */
static uint8_t ti_piece_mask(uintptr_t at, const void *address, size_t size)
{
    uintptr_t first = (uintptr_t)address;
    uint8_t mask = 0;
    for (uintptr_t i = 0; i < TI_SIM_PIECE; i++)
        if (at + i >= first && at + i - first < size)
            mask |= (uint8_t)(1U << i);
    return mask;
}

/* ---- races ---- */

/* "savings", "accounts+8", "data" */
static void ti_data_in_words(const void *address, char *text, size_t size)
{
    const char *name = ti_sim_object_name(address);
    if (name != NULL)
        (void)snprintf(text, size, "%s", name);
    else if (ti_sim_tell_data == NULL || !ti_sim_tell_data(address, text, size))
        (void)snprintf(text, size, "data");
}

/* " in deposit (bank+0x1234)", or nothing */
static void ti_code_in_words(const void *code, char *text, size_t size)
{
    size_t length = (size_t)snprintf(text, size, " in ");
    if (code == NULL || ti_sim_tell_code == NULL || !ti_sim_tell_code(code, text + length, size - length))
        text[0] = '\0';
}

static void ti_race_tell(const ti_sim_thread *self, const ti_sim_access *access, const ti_sim_kept *other)
{
    char text[sizeof ti_sim.message] = "";
    char data[80];
    char here[128];
    char there[128];
    if (ti_sim.verdict != THREADING_SIM_PASSED)
        return;
    if (!ti_sim.is_recorded) { /* the words are wanted when it is told, once */
        ti_sim_blame(THREADING_SIM_RACE, text);
        return;
    }
    ti_data_in_words(access->address, data, sizeof data);
    ti_code_in_words(access->code, here, sizeof here);
    ti_code_in_words(other->code, there, sizeof there);
    (void)snprintf(text, sizeof text, "%s %s %s%s while %s %s it%s, and nothing orders the two", self->name,
                   access->is_write ? "writes" : "reads", data, here, ti_sim_thread_at(other->thread)->name,
                   other->is_write ? "writes" : "reads", there);
    ti_sim_blame(THREADING_SIM_RACE, text);
}

static bool ti_is_before(const ti_sim_kept *kept, const ti_sim_thread *self)
{
    return kept->time <= self->clock[kept->thread]; /* its own always is */
}

static bool ti_do_race(const ti_sim_kept *kept, const ti_sim_access *access)
{
    return (kept->is_write || access->is_write) && !(kept->is_atomic && access->is_atomic);
}

/* Whether what races with the one would race with the other. */
static bool ti_stands_for(const ti_sim_access *access, const ti_sim_kept *kept)
{
    return (access->is_write || !kept->is_write) && (!access->is_atomic || kept->is_atomic);
}

static void ti_piece_check(const ti_sim_thread *self, const ti_sim_piece *piece, uint8_t mask,
                           const ti_sim_access *access)
{
    for (uint32_t i = 0; i < piece->count; i++) {
        const ti_sim_kept *kept = &piece->kept[i];
        if ((kept->mask & mask) != 0 && !ti_is_before(kept, self) && ti_do_race(kept, access))
            ti_race_tell(self, access, kept);
    }
}

/* The access is kept, and no longer those that it stands for. */
static void ti_piece_keep(const ti_sim_thread *self, ti_sim_piece *piece, uint8_t mask,
                          const ti_sim_access *access)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < piece->count; i++) {
        ti_sim_kept kept = piece->kept[i];
        if (ti_is_before(&kept, self) && ti_stands_for(access, &kept))
            kept.mask &= (uint8_t)~mask;
        if (kept.mask != 0)
            piece->kept[count++] = kept;
    }
    if (count == TI_SIM_KEPT)
        memmove(&piece->kept[0], &piece->kept[1], --count * sizeof piece->kept[0]);
    piece->kept[count] = (ti_sim_kept){access->code, self->clock[self->index], (uint8_t)self->index,
                                       mask,         access->is_write,         access->is_atomic};
    piece->count = count + 1;
    piece->touched |= UINT32_C(1) << self->index;
}

/* ---- accesses ---- */

/* A part of the thread's history, in which atomic accesses are for themselves. One that is no point is none,
 * but that others may read what it leaves. */
static void ti_piece_remember(ti_sim_thread *self, ti_sim_object *object, const ti_sim_access *access,
                              bool is_quiet)
{
    if (access->is_atomic)
        return;
    if (is_quiet && access->is_write)
        object->last_write = self->history;
    else if (!is_quiet && access->is_write)
        ti_sim_object_written(self, object);
    else if (!is_quiet)
        ti_sim_object_read(self, object);
}

static void ti_data_touch(ti_sim_thread *self, const ti_sim_access *access, bool is_quiet)
{
    uintptr_t end = (uintptr_t)access->address + access->size;
    for (uintptr_t at = ti_piece_first(access->address); at < end; at += TI_SIM_PIECE) {
        ti_sim_object *object = ti_sim_object_at(ti_piece_key(at));
        uint8_t mask = ti_piece_mask(at, access->address, access->size);
        if (object->address != ti_piece_key(at)) /* there are too many */
            continue;
        ti_sim_piece *piece = ti_piece_of(object);
        ti_piece_check(self, piece, mask, access);
        ti_piece_keep(self, piece, mask, access);
        ti_piece_remember(self, object, access, is_quiet);
    }
}

static uint32_t ti_data_touched(const void *address, size_t size)
{
    uint32_t touched = 0;
    for (uintptr_t at = ti_piece_first(address); at < (uintptr_t)address + size; at += TI_SIM_PIECE) {
        const ti_sim_piece *piece = ti_piece_find(at);
        touched |= piece != NULL ? piece->touched : 0;
    }
    return touched;
}

bool ti_sim_data_is_shared(const void *address, size_t size)
{
    uint32_t touched = ti_data_touched(address, size);
    return (touched & (touched - 1)) != 0;
}

void ti_sim_data_access(ti_sim_thread *self, const ti_sim_access *access)
{
    /* What lies deeper than the stack was when the thread last told others anything, nobody else knows. */
    bool is_quiet = access->is_on_own_stack && !access->is_atomic &&
                    (self->told == 0 || (uintptr_t)access->address < self->told);
    if (!is_quiet) {
        ti_sim_point(self);
        ti_sim_record_access(access);
        if (access->is_write)
            self->told = TI_SIM_STACK();
    }
    ti_data_touch(self, access, is_quiet);
}

/* ---- memory that becomes other memory ---- */

/* Whether it is in the memory, as a piece or as an atomic word. */
static bool ti_object_is_in(const ti_sim_object *object, uintptr_t first, uintptr_t end)
{
    return (object->address >= first && object->address < end) ||
           (~object->address >= first && ~object->address < end);
}

/* `self`: NULL, or who must be alone with it. */
static void ti_data_forget(const ti_sim_thread *self, const ti_sim_access *access)
{
    uintptr_t first = ti_piece_first(access->address);
    uintptr_t end = (uintptr_t)access->address + access->size;
    ti_sim_object *object;
    for (uint32_t i = 0; (object = ti_sim_object_used(i)) != NULL; i++) {
        if (!ti_object_is_in(object, first, end) || object->is_forgotten)
            continue;
        ti_sim_piece *piece = ti_piece_of(object);
        if (self != NULL)
            ti_piece_check(self, piece, 0xFF, access);
        piece->touched = piece->count = 0;
        object->is_forgotten = true;
    }
}

void ti_sim_data_freed(const ti_sim_thread *self, const void *address, size_t size, const void *code)
{
    ti_sim_access access = {.address = address, .size = size, .code = code, .is_write = true};
    ti_sim_record_settle();
    ti_data_forget(self, &access);
}

void ti_sim_data_new(const void *address, size_t size)
{
    ti_sim_access access = {.address = address, .size = size};
    ti_data_forget(NULL, &access);
}

/* ---- the public calls ---- */

static void ti_data_users_access(const void *address, size_t size, bool is_write)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    ti_sim_access access = {.address = address, .size = size, .is_write = is_write, .is_users = true};
    access.what = is_write ? "write" : "read";
    if (self != NULL && address != NULL && size != 0)
        ti_sim_data_access(self, &access);
}

void threading_sim_read(const void *address, size_t size)
{
    ti_data_users_access(address, size, false);
}

void threading_sim_write(void *address, size_t size)
{
    ti_data_users_access(address, size, true);
}
