/* SPDX-License-Identifier: MIT */
#include "self.h"

#include <string.h>

#include "annotate.h"
#include "atomic.h"
#include "calls.h"
#include "hooks.h"
#include "memory.h"
#include "phase.h"
#include "registry.h"
#include "taking.h"

/* Records are made in slabs, each in lines of the cache of its own behind a head; one by one for tools
 * that look for lost memory. */
typedef struct ti_slab {
    struct ti_slab *next;
} ti_slab;

#define TI_SLAB_HEAD 128
#define TI_SELF_SIZE ((sizeof(ti_self) + 127) / 128 * 128)
#define TI_SLAB (TI_KEEPS_MEMORY ? (16384 - TI_SLAB_HEAD) / TI_SELF_SIZE : 1)
#define TI_SLAB_SIZE (TI_SLAB_HEAD + TI_SLAB * TI_SELF_SIZE)

#define TI_RESERVE 8           /* foreign threads that can lock although memory is out */
#define TI_MEMORY_WAIT 1000000 /* nanoseconds between attempts to get memory beyond the reserve */

static ti_self ti_main_self; /* main needs no memory */
static uint32_t ti_main_is_known;
static ti_self ti_reserve[TI_RESERVE];
static uint32_t ti_reserve_used;

/* ---- the pool ---- */

/* Stacks that are only ever taken as a whole, so that no swap can meet a recycled node (ABA). */
static uintptr_t ti_pool;  /* records of threads that have ended */
static uintptr_t ti_fresh; /* records that have no parker yet */
static uintptr_t ti_slabs; /* what all of them are in; nothing is ever taken from there */

static void ti_stack_put(uintptr_t *stack, ti_self *self)
{
    uintptr_t top;
    do {
        top = ti_load_pointer_relaxed(stack);
        self->next = (ti_self *)top;
        /* Release: pairs with the acquire in ti_stack_take, for `next`. */
    } while (!ti_swap_pointer_release(stack, top, (uintptr_t)self));
}

static ti_self *ti_stack_take(uintptr_t *stack)
{
    if (ti_load_pointer_relaxed(stack) == 0) /* relaxed: spares the exchange; the exchange decides */
        return NULL;
    ti_self *taken = (ti_self *)ti_exchange_pointer_acquire(stack, 0);
    if (taken == NULL)
        return NULL;
    ti_self *rest = taken->next;
    if (rest != NULL && !ti_swap_pointer_release(stack, 0, (uintptr_t)rest))
        for (ti_self *next; rest != NULL; rest = next) { /* others were put there meanwhile */
            next = rest->next;
            ti_stack_put(stack, rest);
        }
    return taken;
}

static void ti_slabs_put(ti_slab *slab)
{
    uintptr_t first;
    do {
        first = ti_load_pointer_relaxed(&ti_slabs); /* relaxed: the swap decides */
        slab->next = (ti_slab *)first;
        /* Release: pairs with the acquire in ti_self_unload_all. */
    } while (!ti_swap_pointer_release(&ti_slabs, first, (uintptr_t)slab));
}

static ti_self *ti_slab_record(ti_slab *slab, size_t i)
{
    return (ti_self *)(void *)((char *)slab + TI_SLAB_HEAD + i * TI_SELF_SIZE);
}

/* A record without a parker. NULL when memory is out. */
TI_COLD static ti_self *ti_fresh_take(void)
{
    ti_self *self = ti_stack_take(&ti_fresh);
    if (self != NULL)
        return self;
    ti_slab *slab = (ti_slab *)ti_memory_keep(TI_SLAB_SIZE);
    if (slab == NULL)
        return NULL;
    ti_slabs_put(slab);
    for (size_t i = 1; i < TI_SLAB; i++)
        ti_stack_put(&ti_fresh, ti_slab_record(slab, i));
    return ti_slab_record(slab, 0);
}

/* With a parker. NULL when that cannot be had, or memory is out. */
static ti_self *ti_self_make(void)
{
    ti_self *self = ti_fresh_take();
    if (self == NULL || ti_port_parker_init(&self->parker))
        return self;
    ti_stack_put(&ti_fresh, self);
    return NULL;
}

/* A thread's own waiter knows whose it is. */
static ti_self *ti_self_complete(ti_self *self)
{
    self->waiter.self = self;
    return self;
}

TI_COLD ti_self *ti_self_new(void)
{
    ti_self *self = ti_stack_take(&ti_pool);
    if (self == NULL)
        self = ti_self_make();
    if (self == NULL)
        return NULL;
    /* Not the parker: another thread may still be about to wake the thread that had the record before. */
    memset(self, 0, offsetof(ti_self, parker));
    return ti_self_complete(self);
}

/* Main's is no other thread's: main may become known again. */
TI_COLD void ti_self_free(ti_self *self)
{
    ti_calls_give_back(self);
    if (self != &ti_main_self)
        ti_stack_put(&ti_pool, self);
}

void ti_self_make_parker(ti_self *self)
{
    while (!ti_port_parker_init(&self->parker))
        ti_port_sleep(ti_port_now() + TI_MEMORY_WAIT);
}

static ti_self *ti_reserve_take(void)
{
    if (ti_load_relaxed(&ti_reserve_used) >= TI_RESERVE)
        return NULL;
    /* Relaxed: only the number matters, and no two threads get the same. */
    uint32_t index = ti_add_relaxed(&ti_reserve_used, 1);
    if (index >= TI_RESERVE)
        return NULL;
    memset(&ti_reserve[index], 0, offsetof(ti_self, parker)); /* it may have been used before an unload */
    ti_self_make_parker(&ti_reserve[index]);
    return ti_self_complete(&ti_reserve[index]);
}

TI_COLD static ti_self *ti_foreign_self(void)
{
    for (;;) {
        ti_self *self = ti_self_new();
        if (self == NULL)
            self = ti_reserve_take();
        if (self != NULL)
            return self;
        ti_port_sleep(ti_port_now() + TI_MEMORY_WAIT);
    }
}

/* ---- the calling thread as inline functions see it, where there are such ---- */

#if defined(THREADING_INLINE)
THREADING_INLINE_THREAD struct threading_fast *threading_fast_self;
#endif

void ti_self_show(ti_self *self)
{
#if defined(THREADING_INLINE) && \
    !defined(THREADING_VALGRIND) /* it has to be told, which only the calls proper do */
    threading_fast_self = self != NULL && ti_taking_watched() == NULL ? &self->fast : NULL;
    if (self != NULL)
        self->shown = &threading_fast_self;
#endif
    if (self != NULL)
        self->place = ti_port_self_place();
}

static ti_self *ti_main_self_begin(void)
{
    ti_store_relaxed(&ti_main_is_known, 1); /* relaxed: main's own, as in ti_self_begin */
    ti_self_make_parker(&ti_main_self);
    ti_hooks_begin_main(&ti_main_self);
    return ti_self_complete(&ti_main_self);
}

/* A record that others can find, for a thread that has none. */
TI_COLD static ti_self *ti_self_begin(void)
{
    /* Relaxed: only main itself can be told to be main. After its end late destructors find it known. */
    bool is_main = ti_port_is_main() && ti_load_relaxed(&ti_main_is_known) == 0;
    ti_self *self = is_main ? ti_main_self_begin() : ti_foreign_self();
    ti_phase_use();
    self->began = ti_port_now();
    self->native_id = ti_port_native_id();
    ti_registry_lock(self);
    if (!is_main)
        self->fast.ident = ti_registry_new_ident();
    ti_registry_add(self);
    ti_registry_unlock();
    return self;
}

/* A thread's first call. What follows ti_self_begin may allocate in the C library, whose malloc may call
 * back: then the thread is known and complete. */
TI_COLD static ti_self *ti_self_attach_new(void)
{
    ti_self *self = ti_self_begin();
    ti_hooks_first_call(self);
    ti_self_show(self);
    return self;
}

ti_self *ti_self_attach(void)
{
    ti_port_errors errors = ti_port_errors_keep();
    ti_self *self = (ti_self *)ti_port_self_recall();
    if (self == NULL)
        self = ti_self_attach_new();
    ti_port_errors_restore(errors);
    return self;
}

bool ti_self_is_gone(const ti_self *self)
{
    return self->life.mark != 0 && self != ti_self_known() && ti_port_life_is_over(self->life.mark);
}

TI_COLD void ti_self_reset(void)
{
    memset(&ti_main_self, 0, sizeof ti_main_self);
    ti_store_relaxed(&ti_main_is_known, 0); /* relaxed: the child has one thread */
}

/* Its thread is in no call, so its own variables may be written here, if they are still there: `is_gone`. */
TI_COLD void ti_self_unload(ti_self *self, bool is_gone)
{
    if (self->place != NULL && !is_gone)
        *self->place = NULL;
    if (self->shown != NULL && !is_gone)
        *self->shown = NULL;
    ti_self_free(self);
}

TI_COLD void ti_self_unload_all(void)
{
    ti_slab *slab = (ti_slab *)ti_exchange_pointer_acquire(&ti_slabs, 0);
    for (ti_slab *next; slab != NULL; slab = next) {
        next = slab->next;
        ti_memory_end(slab, TI_SLAB_SIZE);
    }
    /* Relaxed, all: no thread is known. */
    ti_store_pointer_relaxed(&ti_pool, 0);
    ti_store_pointer_relaxed(&ti_fresh, 0);
    ti_store_relaxed(&ti_reserve_used, 0);
}
