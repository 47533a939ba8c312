/* SPDX-License-Identifier: MIT */
/*
 * Local: a copy of a struct for each thread.
 *
 * A local gets a slot at its first use, the same in all threads: the index into each thread's table of
 * copies. The fast path is two loads of the thread's own. Every copy is also in its local's list, so that
 * destroying the local finds the copies of all threads. One guard protects slots, lists and the tables'
 * growth; a copy is taken out under the guard by its ending thread or by the destroyer, whoever is first, and
 * finalised by that one after the guard was unlocked. A slot is given to another local only when no table has
 * a copy there any more.
 */
#include "local.h"

#include <string.h>

#include "atomic.h"
#include "memory.h"
#include "thread.h"

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

/* How far behind the head that is. Memory comes aligned for any standard type, none of which needs more than 16
 * bytes, and so stays what is a multiple of 16 behind. (Microsoft's <stddef.h> has no max_align_t in C.) */
#define TI_COPY_ALIGNMENT ((size_t)16)
#define TI_COPY_HEAD ((sizeof(ti_copy) + TI_COPY_ALIGNMENT - 1) / TI_COPY_ALIGNMENT * TI_COPY_ALIGNMENT)

_Static_assert(sizeof(threading_local_t) <= 256, "design.md: no object is larger than 256 bytes");

static struct {
    ti_guard guard;
    uint32_t *free; /* slots that were given back */
    size_t free_count;
    size_t free_capacity; /* at least `slots`, so that giving back never needs memory */
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

void ti_local_unlock(void)
{
    ti_guard_unlock(&ti_locals.guard);
}

void ti_local_reset_guard(void)
{
    memset(&ti_locals.guard, 0, sizeof ti_locals.guard);
}

/* ---- slots, under the guard ---- */

static size_t ti_grown(size_t capacity, size_t needed)
{
    if (capacity == 0)
        capacity = TI_FIRST_CAPACITY;
    while (capacity < needed)
        capacity *= 2;
    return capacity;
}

/* 0 when memory is out. */
static uint32_t ti_slot_new(void)
{
    if (ti_locals.free_count > 0)
        return ti_locals.free[--ti_locals.free_count];
    size_t needed = (size_t)ti_locals.slots + 1;
    if (ti_locals.free_capacity < needed) {
        size_t capacity = ti_grown(ti_locals.free_capacity, needed);
        void *memory = ti_memory_resize(ti_locals.free, capacity * sizeof *ti_locals.free);
        if (memory == NULL)
            return 0;
        ti_locals.free = (uint32_t *)memory;
        ti_locals.free_capacity = capacity;
    }
    return ++ti_locals.slots;
}

static void ti_slot_free(uint32_t slot)
{
    if (slot != 0)
        ti_locals.free[ti_locals.free_count++] = slot;
}

static bool ti_slot_reserve(ti_self *self, uint32_t slot)
{
    if (slot < self->fast.capacity)
        return true;
    size_t capacity = ti_grown(self->fast.capacity, (size_t)slot + 1);
    void **copies = (void **)ti_memory_resize(self->fast.copies, capacity * sizeof *copies);
    if (copies == NULL)
        return false;
    memset(copies + self->fast.capacity, 0, (capacity - self->fast.capacity) * sizeof *copies);
    self->fast.copies = copies;
    self->fast.capacity = capacity;
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

static void *ti_copy_new(threading_local_t *local, ti_self *self)
{
    /* Release: pairs with the acquire in threading_local_get; a slot that was another local's is empty by
     * now. */
    if (local->slot == 0)
        ti_store_release(&local->slot, ti_slot_new());
    if (local->slot == 0 || !ti_slot_reserve(self, local->slot))
        return NULL;
    ti_copy *copy = (ti_copy *)ti_memory_allocate(TI_COPY_HEAD + local->size);
    if (copy == NULL)
        return NULL;
    ti_copy_link(copy, local, self);
    return ti_copy_data(copy);
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

/* By threading_exit() a finaliser ends itself only: the thread is ending already, and has others to call. */
static void ti_copy_end_with_thread(ti_copy *copy, ti_self *self)
{
    if (copy->fini != NULL)
        (void)ti_thread_call(self, ti_copy_finalise, copy);
    ti_memory_free(copy);
}

/* One pass over the table. False if it found nothing. */
static bool ti_local_finish_once(ti_self *self)
{
    bool found = false;
    size_t slot = 0;
    for (ti_copy *copy; (copy = ti_local_take(self, &slot)) != NULL; found = true)
        ti_copy_end_with_thread(copy, self);
    return found;
}

static void ti_local_drop_table(ti_self *self)
{
    void **copies = self->fast.copies;
    ti_local_lock(self);
    self->fast.copies = NULL;
    self->fast.capacity = 0;
    ti_local_unlock();
    ti_memory_free(copies);
}

void ti_local_finish(ti_self *self)
{
    if (self->fast.copies == NULL)
        return;
    while (ti_local_finish_once(self))
        continue;
    ti_local_drop_table(self);
}

void ti_local_abandon(ti_self *self)
{
    for (size_t slot = 0; slot < self->fast.capacity; slot++)
        if (self->fast.copies[slot] != NULL) {
            ti_copy *copy = ti_copy_of(self->fast.copies[slot]);
            ti_copy_unlink(copy);
            ti_memory_free(copy);
        }
    ti_memory_free(self->fast.copies);
    self->fast.copies = NULL;
    self->fast.capacity = 0;
}

/* ---- the public calls ---- */

threading_status_t threading_local_init(threading_local_t *local, size_t size, void (*init)(void *copy),
                                        void (*fini)(void *copy))
{
    if (local == NULL)
        return THREADING_INVALID;
    local->size = size;
    local->init = init;
    local->fini = fini;
    local->copies = NULL;
    local->slot = 0;
    return THREADING_OK;
}

static void *ti_local_get_slow(threading_local_t *local, ti_self *self)
{
    if (local->size == 0 || local->size > SIZE_MAX - TI_COPY_HEAD)
        return NULL;
    ti_local_lock(self);
    void *data = ti_copy_new(local, self);
    ti_local_unlock();
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

threading_status_t threading_local_destroy(threading_local_t *local)
{
    if (local == NULL)
        return THREADING_INVALID;
    while (ti_local_destroy_once(local, ti_self_get())) /* again: finalisers may have made copies */
        continue;
    return THREADING_OK;
}
