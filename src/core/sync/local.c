/* SPDX-License-Identifier: MIT */
/*
 * Local: a copy of a struct for each thread.
 *
 * A local gets a slot at its first use, the same in all threads: the index into each thread's table of
 * copies. The fast path is two loads of the thread's own. Every copy is also in its local's list, so that
 * destroying the local finds the copies of all threads. One guard protects slots, lists and the tables'
 * growth. The ending thread or the destroyer, whichever is first, takes a copy out under the guard, and
 * finalises it after it has unlocked the guard. A slot is given to another local only when no table has
 * a copy there any more.
 */
#include "local.h"

#include <string.h>

#include "atomic.h"
#include "calls.h"
#include "later.h"
#include "memory.h"
#include "misuse.h"

#define TI_FIRST_CAPACITY 8

/* The head of a copy; the user's struct follows. All is under the guard but `fini` and `owner`, which never
 * change. */
typedef struct ti_copy {
    void *next;  /* in the local's list: a ti_copy, void so that the public struct holds the first */
    void **link; /* what points to this copy */
    ti_self *owner;
    uint32_t slot;
    void (*fini)(void *copy);
} ti_copy;

/* How far behind the head that is. Memory comes aligned for any standard type, none of which needs more
 * than 16 bytes, and so stays what is a multiple of 16 behind. (Microsoft's <stddef.h> has no max_align_t
 * in C.) */
#define TI_COPY_ALIGNMENT ((size_t)16)
#define TI_COPY_HEAD ((sizeof(ti_copy) + TI_COPY_ALIGNMENT - 1) / TI_COPY_ALIGNMENT * TI_COPY_ALIGNMENT)

_Static_assert(sizeof(threading_local_t) <= 256, "design.md: no object is larger than 256 bytes");

static struct {
    ti_guard guard;
    uint32_t *free; /* slots that were given back */
    size_t free_count;
    size_t free_capacity; /* at least `slots` since one was made; giving back then needs no memory */
    uint32_t slots;       /* how many there are; slot 0 is none */
} ti_locals;

static void *ti_copy_data(ti_copy *copy)
{
    return (char *)copy + TI_COPY_HEAD;
}

static ti_copy *ti_copy_of(void *data)
{
    return (ti_copy *)(void *)((char *)data - TI_COPY_HEAD);
}

void ti_local_lock(ti_self *self)
{
    ti_guard_lock(&ti_locals.guard, &self->parker);
}

bool ti_local_try_lock(void)
{
    return ti_guard_try_lock(&ti_locals.guard);
}

void ti_local_unlock(void)
{
    ti_guard_unlock(&ti_locals.guard);
}

void ti_local_reset_guard(void)
{
    ti_guard_reset(&ti_locals.guard);
}

/* ---- memory, without the guard ---- */

/*
 * What a first use needs is taken before the guard, and what is left of it is given back after it. A user's
 * allocator may be protected by a Lock that a handler of fork holds while the guard is wanted: under the
 * guard nobody may wait for it.
 *
 *   memory    an array, not zeroed
 *   capacity  how many elements it has
 *   wanted    how many it should have
 */
typedef struct ti_array {
    void *memory;
    size_t capacity;
    size_t wanted;
} ti_array;

/*
 *   copy   what is made
 *   slots  a larger `free` of ti_locals; once that is in its place, the smaller one
 *   table  a larger table of the thread, likewise
 */
typedef struct ti_stock {
    ti_copy *copy;
    ti_array slots;
    ti_array table;
} ti_stock;

static size_t ti_grown(size_t capacity, size_t needed)
{
    if (capacity == 0)
        capacity = TI_FIRST_CAPACITY;
    while (capacity < needed)
        capacity *= 2;
    return capacity;
}

/* False: memory is out. */
static bool ti_array_fill(ti_array *array, size_t size)
{
    if (array->capacity >= array->wanted)
        return true;
    void *memory = ti_memory_resize(array->memory, array->wanted * size);
    if (memory == NULL)
        return false;
    array->memory = memory;
    array->capacity = array->wanted;
    return true;
}

static bool ti_stock_fill(ti_stock *stock)
{
    return ti_array_fill(&stock->slots, sizeof *ti_locals.free) &&
           ti_array_fill(&stock->table, sizeof(void *));
}

static void ti_stock_give_back(const ti_stock *stock)
{
    ti_memory_free(stock->copy);
    ti_memory_free(stock->slots.memory);
    ti_memory_free(stock->table.memory);
}

/* Under the guard. False: the array is too small; it then says what is wanted. */
static bool ti_array_suffices(ti_array *array, size_t capacity, size_t needed)
{
    array->wanted = ti_grown(capacity, needed);
    return array->capacity >= array->wanted;
}

/* ---- slots, under the guard ---- */

/* Have room for one slot more to be given back. False: the stock does not suffice. */
static bool ti_slots_grow(ti_array *larger)
{
    size_t needed = (size_t)ti_locals.slots + 1;
    if (ti_locals.free_capacity >= needed)
        return true;
    if (!ti_array_suffices(larger, ti_locals.free_capacity, needed))
        return false;
    uint32_t *smaller = ti_locals.free;
    if (ti_locals.free_count > 0)
        memcpy(larger->memory, smaller, ti_locals.free_count * sizeof *smaller);
    ti_locals.free = (uint32_t *)larger->memory;
    ti_locals.free_capacity = larger->capacity;
    *larger = (ti_array){.memory = smaller};
    return true;
}

/* 0: the stock does not suffice. */
static uint32_t ti_slot_new(ti_stock *stock)
{
    if (ti_locals.free_count > 0)
        return ti_locals.free[--ti_locals.free_count];
    return ti_slots_grow(&stock->slots) ? ++ti_locals.slots : 0;
}

static void ti_slot_free(uint32_t slot)
{
    if (slot != 0 && ti_locals.free_count < ti_locals.free_capacity) /* no room: after ti_local_unload */
        ti_locals.free[ti_locals.free_count++] = slot;
}

/* Have room for the slot in the thread's table. False: the stock does not suffice. */
static bool ti_slot_reserve(ti_self *self, uint32_t slot, ti_array *larger)
{
    size_t capacity = self->fast.capacity;
    if (slot < capacity)
        return true;
    if (!ti_array_suffices(larger, capacity, (size_t)slot + 1))
        return false;
    void **copies = (void **)larger->memory;
    /* The analyzer does not see that an array which suffices has memory, and that a table with room is
     * one. */
    if (capacity > 0)
        /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
        memcpy(copies, self->fast.copies, capacity * sizeof *copies);
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
    memset(copies + capacity, 0, (larger->capacity - capacity) * sizeof *copies);
    void **smaller = self->fast.copies;
    self->fast.copies = copies;
    self->fast.capacity = larger->capacity;
    *larger = (ti_array){.memory = smaller};
    return true;
}

/* ---- copies, under the guard ---- */

static void ti_copy_link(ti_copy *copy, threading_local_t *local, ti_self *self)
{
    copy->owner = self;
    copy->slot = local->slot;
    copy->fini = local->fini;
    copy->next = local->copies;
    copy->link = &local->copies;
    if (copy->next != NULL)
        ((ti_copy *)copy->next)->link = &copy->next;
    local->copies = copy;
    self->fast.copies[copy->slot] = ti_copy_data(copy);
}

static void ti_copy_unlink(ti_copy *copy)
{
    *copy->link = copy->next;
    if (copy->next != NULL)
        ((ti_copy *)copy->next)->link = copy->link;
    copy->owner->fast.copies[copy->slot] = NULL;
}

/* Put the stock's copy in its place. False: the stock does not suffice. */
static bool ti_copy_place(threading_local_t *local, ti_self *self, ti_stock *stock)
{
    /* Release: pairs with the acquire in threading_local_get; a slot that was another local's is empty by
     * now. */
    if (local->slot == 0)
        ti_store_release(&local->slot, ti_slot_new(stock));
    if (local->slot == 0 || !ti_slot_reserve(self, local->slot, &stock->table))
        return false;
    ti_copy_link(stock->copy, local, self);
    stock->copy = NULL;
    return true;
}

/* ---- the end of copies, without the guard ---- */

static void ti_copy_end(ti_copy *copy)
{
    if (copy->fini != NULL)
        copy->fini(ti_copy_data(copy));
    ti_memory_free(copy);
}

/* Take this thread's first copy at *slot or above. */
static ti_copy *ti_local_take(ti_self *self, size_t *slot)
{
    ti_copy *copy = NULL;
    ti_local_lock(self);
    while (*slot < self->fast.capacity && self->fast.copies[*slot] == NULL)
        ++*slot;
    if (*slot < self->fast.capacity) {
        copy = ti_copy_of(self->fast.copies[*slot]);
        ti_copy_unlink(copy);
    }
    ti_local_unlock();
    return copy;
}

static void *ti_copy_finalise(void *arg)
{
    ti_copy *copy = (ti_copy *)arg;
    copy->fini(ti_copy_data(copy));
    return NULL;
}

/* By threading_exit() a finaliser ends itself only: the thread is ending already, and has others to call.
 * The copies may be those of another thread, which is gone (foreign.h). */
static void ti_copy_end_with_thread(ti_copy *copy)
{
    if (copy->fini != NULL)
        (void)ti_calls_catch(ti_self_get(), ti_copy_finalise, copy);
    ti_memory_free(copy);
}

/* One pass over the table. False if it found nothing. */
static bool ti_local_finish_once(ti_self *self)
{
    bool found = false;
    size_t slot = 0;
    for (ti_copy *copy; (copy = ti_local_take(self, &slot)) != NULL; found = true)
        ti_copy_end_with_thread(copy);
    return found;
}

TI_COLD static void ti_local_drop_table(ti_self *self)
{
    void **copies = self->fast.copies;
    ti_local_lock(self);
    self->fast.copies = NULL;
    self->fast.capacity = 0;
    ti_local_unlock();
    ti_memory_free(copies);
}

TI_COLD void ti_local_finish(ti_self *self)
{
    if (self->fast.copies == NULL)
        return;
    while (ti_local_finish_once(self))
        continue;
    ti_local_drop_table(self);
}

TI_COLD void ti_local_abandon(ti_self *self)
{
    for (size_t slot = 0; slot < self->fast.capacity; slot++)
        if (self->fast.copies[slot] != NULL) {
            ti_copy *copy = ti_copy_of(self->fast.copies[slot]);
            ti_copy_unlink(copy);
            ti_later_free(copy);
        }
    ti_later_free(self->fast.copies);
    self->fast.copies = NULL;
    self->fast.capacity = 0;
}

TI_COLD void ti_local_unload(void)
{
    ti_memory_free(ti_locals.free);
    ti_locals.free = NULL;
    ti_locals.free_count = ti_locals.free_capacity = 0;
}

/* ---- the public calls ---- */

threading_status_t threading_local_init(threading_local_t *local, size_t size, void (*init)(void *copy),
                                        void (*fini)(void *copy))
{
    if (local == NULL)
        return TI_TELL(local, THREADING_INVALID);
    local->size = size;
    local->init = init;
    local->fini = fini;
    local->copies = NULL;
    local->slot = 0;
    return THREADING_OK;
}

/* The copy's data, in its place. NULL when memory is out. */
static void *ti_copy_new(threading_local_t *local, ti_self *self)
{
    ti_copy *copy = (ti_copy *)ti_memory_allocate(TI_COPY_HEAD + local->size);
    ti_stock stock = {.copy = copy};
    bool is_placed = false;
    while (copy != NULL && !is_placed && ti_stock_fill(&stock)) {
        ti_local_lock(self);
        is_placed = ti_copy_place(local, self, &stock);
        ti_local_unlock();
    }
    ti_stock_give_back(&stock);
    return is_placed ? ti_copy_data(copy) : NULL;
}

TI_COLD static void *ti_local_get_slow(threading_local_t *local, ti_self *self)
{
    if (local->size == 0 || local->size > SIZE_MAX - TI_COPY_HEAD)
        return NULL;
    void *data = ti_copy_new(local, self);
    /* The copy is in place already, so that `init` may use the local. */
    if (data != NULL && local->init != NULL)
        local->init(data);
    return data;
}

void *threading_local_get(threading_local_t *local)
{
    if (local == NULL)
        return NULL;
    ti_self *self = ti_self_get();
    uint32_t slot = ti_load_acquire(&local->slot);
    if (slot < self->fast.capacity && self->fast.copies[slot] != NULL)
        return self->fast.copies[slot];
    return ti_local_get_slow(local, self);
}

/* Take all copies off their threads' tables; the list stays as it is. Under the guard. */
static ti_copy *ti_local_take_all(threading_local_t *local)
{
    ti_copy *first = (ti_copy *)local->copies;
    for (ti_copy *copy = first; copy != NULL; copy = (ti_copy *)copy->next)
        copy->owner->fast.copies[copy->slot] = NULL;
    ti_slot_free(local->slot);
    local->copies = NULL;
    ti_store_release(&local->slot, 0); /* release: as in ti_copy_new, for a use of the object from now on */
    return first;
}

/* One pass. False if there were no copies. */
static bool ti_local_destroy_once(threading_local_t *local, ti_self *self)
{
    ti_local_lock(self);
    ti_copy *copy = ti_local_take_all(local);
    ti_local_unlock();
    bool found = copy != NULL;
    while (copy != NULL) {
        ti_copy *next = (ti_copy *)copy->next;
        ti_copy_end(copy);
        copy = next;
    }
    return found;
}

TI_COLD threading_status_t threading_local_destroy(threading_local_t *local)
{
    if (local == NULL)
        return TI_TELL(local, THREADING_INVALID);
    while (ti_local_destroy_once(local, ti_self_get())) /* again: finalisers may have made copies */
        continue;
    return THREADING_OK;
}
