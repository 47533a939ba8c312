/* SPDX-License-Identifier: MIT */
#include "registry.h"

#include <string.h>

#include "atomic.h"
#include "foreign.h"
#include "thread.h"

#define TI_TABLE_SIZE 4096 /* idents are consecutive, so 10,000 threads make chains of two or three */

static struct {
    ti_guard guard;
    threading_thread_t *first;
    threading_thread_t *last;
    size_t alive;
    uint32_t last_ident;
    ti_self *table[TI_TABLE_SIZE];
    uintptr_t main; /* changes in a forked child only */
} ti_registry = {
    .first = &ti_thread_main_record,
    .last = &ti_thread_main_record,
    .alive = 1,
    .last_ident = TI_MAIN_IDENT,
    .main = (uintptr_t)&ti_thread_main_record,
};

void ti_registry_lock(ti_self *self)
{
    ti_guard_lock(&ti_registry.guard, &self->parker);
}

bool ti_registry_try_lock(void)
{
    return ti_guard_try_lock(&ti_registry.guard);
}

void ti_registry_unlock(void)
{
    ti_guard_unlock(&ti_registry.guard);
}

threading_thread_t *ti_registry_main(void)
{
    /* Relaxed: it never changes while a second thread runs. */
    return (threading_thread_t *)ti_load_pointer_relaxed(&ti_registry.main);
}

/* ---- idents ---- */

static ti_self **ti_registry_chain(uint32_t ident)
{
    return &ti_registry.table[ident % TI_TABLE_SIZE];
}

ti_self *ti_registry_find(uint32_t ident)
{
    ti_self *self = *ti_registry_chain(ident);
    while (self != NULL && self->fast.ident != ident)
        self = self->next;
    return self;
}

uint32_t ti_registry_new_ident(void)
{
    do {
        ti_registry.last_ident = (ti_registry.last_ident + 1) % TI_IDENT_LIMIT;
    } while (ti_registry.last_ident <= TI_MAIN_IDENT || ti_registry_find(ti_registry.last_ident) != NULL);
    return ti_registry.last_ident;
}

void ti_registry_add(ti_self *self)
{
    ti_self **chain = ti_registry_chain(self->fast.ident);
    self->next = *chain;
    *chain = self;
}

void ti_registry_remove(ti_self *self)
{
    ti_self **link = ti_registry_chain(self->fast.ident);
    while (*link != self)
        link = &(*link)->next;
    *link = self->next;
}

void ti_registry_for_each(void (*function)(ti_self *self, void *arg), void *arg)
{
    for (size_t i = 0; i < TI_TABLE_SIZE; i++)
        for (ti_self *self = ti_registry.table[i], *next; self != NULL; self = next) {
            next = self->next;
            function(self, arg);
        }
}

/* ---- the list of Thread objects ---- */

void ti_registry_list(threading_thread_t *record)
{
    record->previous = ti_registry.last;
    record->next = NULL;
    *(ti_registry.last != NULL ? &ti_registry.last->next : &ti_registry.first) = record;
    ti_registry.last = record;
    ti_registry.alive++;
}

void ti_registry_unlist(threading_thread_t *record)
{
    *(record->previous != NULL ? &record->previous->next : &ti_registry.first) = record->next;
    *(record->next != NULL ? &record->next->previous : &ti_registry.last) = record->previous;
    ti_registry.alive--;
}

threading_thread_t *ti_registry_first(void)
{
    return ti_registry.first;
}

void ti_registry_reset_guard(void)
{
    ti_guard_reset(&ti_registry.guard);
}

TI_COLD void ti_registry_reset(ti_self *self, threading_thread_t *main)
{
    memset(ti_registry.table, 0, sizeof ti_registry.table);
    ti_registry_add(self);
    ti_registry.first = ti_registry.last = NULL;
    ti_registry.alive = 0;
    ti_registry_list(main);
    /* Relaxed: the child has one thread. */
    ti_store_pointer_relaxed(&ti_registry.main, (uintptr_t)main);
}

TI_COLD void ti_registry_forget(void)
{
    memset(ti_registry.table, 0, sizeof ti_registry.table);
}

threading_thread_t *threading_main_thread(void)
{
    return ti_registry_main();
}

size_t threading_active_count(void)
{
    return threading_enumerate(NULL, 0);
}

size_t threading_enumerate(threading_thread_t **threads, size_t capacity)
{
    if (threads == NULL && capacity > 0)
        return 0;
    ti_registry_lock(ti_self_get());
    ti_foreign_bury_dummies();
    size_t count = ti_registry.alive;
    threading_thread_t *record = ti_registry.first;
    for (size_t i = 0; i < count && i < capacity; i++, record = record->next)
        threads[i] = threading_thread_retain(record);
    ti_registry_unlock();
    return count;
}
