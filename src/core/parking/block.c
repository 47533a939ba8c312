/* SPDX-License-Identifier: MIT */
#include "block.h"
#include "self.h"

#include "annotate.h"
#include "guard.h"
#include "memory.h"

/* What a block is while nobody has it. What is called memory here is where the system's begins, with a
 * block in it. */
typedef struct ti_block {
    void *next;          /* memory, in its magazine */
    void *next_magazine; /* of a magazine's first, in the depot */
} ti_block;

static struct {
    ti_guard guard;
    void *first;
    uint32_t count; /* of magazines */
} ti_depot;

/* ---- the system's memory ---- */

/* It is aligned for a pointer at least, so that a block has its place in it. */
static void *ti_block_new(void)
{
    return ti_memory_resize(NULL, TI_KEEPS_MEMORY ? TI_BLOCK - _Alignof(void *) + TI_BLOCK : TI_BLOCK);
}

static uint32_t ti_block_offset(const void *memory)
{
    return TI_KEEPS_MEMORY ? (uint32_t)((0 - (uintptr_t)memory) % TI_BLOCK) : 0;
}

static ti_block *ti_block_in(void *memory)
{
    return (ti_block *)(void *)((char *)memory + ti_block_offset(memory));
}

static void ti_magazine_free(void *memory)
{
    for (void *next; memory != NULL; memory = next) {
        next = ti_block_in(memory)->next;
        ti_memory_free(memory);
    }
}

/* ---- the depot ---- */

void ti_blocks_lock(ti_self *self)
{
    ti_guard_lock(&ti_depot.guard, &self->parker);
}

bool ti_blocks_try_lock(void)
{
    return ti_guard_try_lock(&ti_depot.guard);
}

void ti_blocks_unlock(void)
{
    ti_guard_unlock(&ti_depot.guard);
}

void ti_blocks_reset_guard(void)
{
    ti_guard_reset(&ti_depot.guard);
}

/* NULL: it is empty. */
static void *ti_depot_take(ti_self *self)
{
    ti_blocks_lock(self);
    void *magazine = ti_depot.first;
    if (magazine != NULL) {
        ti_depot.first = ti_block_in(magazine)->next_magazine;
        ti_depot.count--;
    }
    ti_blocks_unlock();
    return magazine;
}

static void ti_depot_put(void *magazine, ti_self *self)
{
    ti_blocks_lock(self);
    bool has_room = ti_depot.count < TI_DEPOT;
    if (has_room) {
        ti_block_in(magazine)->next_magazine = ti_depot.first;
        ti_depot.first = magazine;
        ti_depot.count++;
    }
    ti_blocks_unlock();
    if (!has_room)
        ti_magazine_free(magazine);
}

/* ---- a thread's magazines ---- */

/* The loaded one is empty: have another one, if there is one. */
static void ti_blocks_load(ti_self *self)
{
    ti_blocks *blocks = &self->blocks;
    blocks->loaded = blocks->full != NULL ? blocks->full : ti_depot_take(self);
    blocks->full = NULL;
    blocks->count = blocks->loaded != NULL ? TI_MAGAZINE : 0;
}

/* The loaded one is full: have an empty one. */
static void ti_blocks_unload(ti_self *self)
{
    ti_blocks *blocks = &self->blocks;
    if (blocks->full != NULL)
        ti_depot_put(blocks->full, self);
    *blocks = (ti_blocks){.full = blocks->loaded};
}

/* Memory with a block in it. */
static void *ti_blocks_pop(ti_self *self)
{
    ti_blocks *blocks = &self->blocks;
    if (blocks->loaded == NULL)
        ti_blocks_load(self);
    void *memory = blocks->loaded;
    if (memory == NULL)
        return ti_block_new();
    blocks->loaded = ti_block_in(memory)->next;
    blocks->count--;
    return memory;
}

void *ti_block_take(ti_self *self, uint32_t *offset)
{
    void *memory = ti_blocks_pop(self);
    *offset = ti_block_offset(memory);
    return memory != NULL ? ti_block_in(memory) : NULL;
}

void ti_block_give_back(void *block, uint32_t offset)
{
    void *memory = (char *)block - offset;
    ti_self *self = ti_self_known();
    if (self == NULL || !TI_KEEPS_MEMORY) { /* NULL: the thread is at its end, or was never here */
        ti_memory_free(memory);
        return;
    }
    if (self->blocks.count == TI_MAGAZINE)
        ti_blocks_unload(self);
    ((ti_block *)block)->next = self->blocks.loaded;
    self->blocks.loaded = memory;
    self->blocks.count++;
}

TI_COLD void ti_blocks_leave(ti_self *self)
{
    ti_blocks blocks = self->blocks;
    self->blocks = (ti_blocks){NULL, 0, NULL};
    if (blocks.full != NULL)
        ti_depot_put(blocks.full, self);
    if (blocks.count == TI_MAGAZINE)
        ti_depot_put(blocks.loaded, self);
    else
        ti_magazine_free(blocks.loaded);
}

void ti_blocks_forget(void)
{
    for (void *magazine = ti_depot.first, *next; magazine != NULL; magazine = next) {
        next = ti_block_in(magazine)->next_magazine;
        ti_magazine_free(magazine);
    }
    ti_depot.first = NULL;
    ti_depot.count = 0;
}
