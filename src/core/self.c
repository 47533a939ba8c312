/* SPDX-License-Identifier: MIT */
#include "self.h"

#include <string.h>

#include "atomic.h"
#include "bias.h"
#include "block.h"
#include "local.h"
#include "memory.h"
#include "registry.h"
#include "runtime.h"
#include "thread.h"
#include "waits.h"

#define TI_RESERVE 8           /* foreign threads that can lock although memory is out */
#define TI_MEMORY_WAIT 1000000 /* nanoseconds between attempts to get memory beyond the reserve */

static ti_self ti_main_self; /* main needs no memory */
static uint32_t ti_main_is_known;
static ti_self ti_reserve[TI_RESERVE];
static uint32_t ti_reserve_used;

/* ---- the pool ---- */

/* A stack that is only ever taken as a whole, so that no swap can meet a recycled node (ABA). */
static uintptr_t ti_pool;

static void ti_pool_put(ti_self *self)
{
    uintptr_t top;
    do {
        top = ti_load_pointer_relaxed(&ti_pool);
        self->next = (ti_self *)top;
        /* Release: pairs with the acquire in ti_pool_take, for `next`. */
    } while (!ti_swap_pointer_release(&ti_pool, top, (uintptr_t)self));
}

static ti_self *ti_pool_take(void)
{
    if (ti_load_pointer_relaxed(&ti_pool) == 0) /* relaxed: spares the exchange; the exchange decides */
        return NULL;
    ti_self *taken = (ti_self *)ti_exchange_pointer_acquire(&ti_pool, 0);
    if (taken == NULL)
        return NULL;
    ti_self *rest = taken->next;
    if (rest != NULL && !ti_swap_pointer_release(&ti_pool, 0, (uintptr_t)rest))
        for (ti_self *next; rest != NULL; rest = next) { /* others were put there meanwhile */
            next = rest->next;
            ti_pool_put(rest);
        }
    return taken;
}

/* A thread's own waiter knows whose it is. */
static ti_self *ti_self_complete(ti_self *self)
{
    self->waiter.self = self;
    return self;
}

ti_self *ti_self_new(void)
{
    ti_self *self = ti_pool_take();
    if (self !=
        NULL) { /* not the parker: somebody may still be about to wake the thread that had it before */
        memset(self, 0, offsetof(ti_self, parker));
        return ti_self_complete(self);
    }
    self = (ti_self *)ti_memory_allocate(sizeof *self);
    if (self == NULL)
        return NULL;
    ti_port_parker_init(&self->parker);
    return ti_self_complete(self);
}

/* Main's is no other thread's: main may become known again. */
void ti_self_free(ti_self *self)
{
    if (self != &ti_main_self)
        ti_pool_put(self);
}

static ti_self *ti_reserve_take(void)
{
    if (ti_load_relaxed(&ti_reserve_used) >= TI_RESERVE)
        return NULL;
    /* Relaxed: only the number matters, and no two threads get the same. */
    uint32_t index = ti_add_relaxed(&ti_reserve_used, 1);
    if (index >= TI_RESERVE)
        return NULL;
    ti_port_parker_init(&ti_reserve[index].parker);
    return ti_self_complete(&ti_reserve[index]);
}

static ti_self *ti_foreign_self(void)
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
    threading_fast_self = self != NULL ? &self->fast : NULL;
    if (self != NULL)
        self->shown = &threading_fast_self;
#endif
    if (self != NULL)
        self->place = ti_port_self_place();
}

/* A thread's first call. */
static ti_self *ti_self_attach_new(void)
{
    /* Relaxed: only main itself can be told to be main. After its end late destructors find it known. */
    bool is_main = ti_port_is_main() && ti_load_relaxed(&ti_main_is_known) == 0;
    ti_self *self = is_main ? ti_self_complete(&ti_main_self) : ti_foreign_self();
    if (is_main) {
        ti_store_relaxed(&ti_main_is_known, 1);
        ti_port_parker_init(&self->parker);
        self->record = ti_registry_main();
    }
    (void)ti_port_set_self(self,
                           ti_self_leave); /* without the call at its end a foreign thread stays listed */
    (void)ti_runtime_start();              /* asked again, and answered for, by threading_thread_start */
    ti_registry_lock(self);
    self->fast.ident = is_main ? self->record->ident : ti_registry_new_ident();
    ti_registry_add(self);
    ti_registry_unlock();
    ti_self_show(self);
    return self;
}

ti_self *ti_self_attach(void)
{
    ti_self *self = (ti_self *)ti_port_self_recall();
    return self != NULL ? self : ti_self_attach_new();
}

void ti_self_leave(void *pointer)
{
    ti_self *self = (ti_self *)pointer;
    ti_local_finish(self);
    ti_blocks_leave(self);
    threading_thread_t *record = self->record; /* only now: a finaliser may have asked for a Dummy */
    ti_registry_lock(self);
    ti_registry_remove(self);
    ti_waits_owner_ended(self);
    if (record != NULL)
        ti_thread_set_ended(record);
    bool is_kept = ti_bias_keep(self);
    ti_registry_unlock();
    if (record != NULL)
        ti_thread_leave(record);
    ti_self_show(NULL);
    if (!is_kept)
        ti_self_free(self);
}

void ti_self_reset(void)
{
    memset(&ti_main_self, 0, sizeof ti_main_self);
    ti_store_relaxed(&ti_main_is_known, 0); /* relaxed: the child has one thread */
}

/* Its thread is in no call, so its own variables may be written here. */
void ti_self_unload(ti_self *self)
{
    if (self->place != NULL)
        *self->place = NULL;
    if (self->shown != NULL)
        *self->shown = NULL;
    ti_self_free(self);
}

static bool ti_self_is_static(const ti_self *self)
{
    return self >= ti_reserve && self < ti_reserve + TI_RESERVE;
}

void ti_self_empty_pool(void)
{
    ti_self *self = (ti_self *)ti_exchange_pointer_acquire(&ti_pool, 0);
    for (ti_self *next; self != NULL; self = next) {
        next = self->next;
        if (!ti_self_is_static(self))
            ti_memory_free(self);
    }
    ti_store_relaxed(&ti_reserve_used, 0); /* relaxed: no thread is known */
}
