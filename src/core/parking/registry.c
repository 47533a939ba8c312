/* SPDX-License-Identifier: MIT */
#include "registry.h"

#include <string.h>

#include "atomic.h"
#include "guard.h"

#if !defined(TI_TABLE_SIZE)
#define TI_TABLE_SIZE 4096 /* idents are consecutive, so 10,000 threads make chains of two or three */
#endif

static struct {
    ti_guard guard;
    uint32_t last_ident;
    ti_self *table[TI_TABLE_SIZE];
} ti_registry = {.last_ident = TI_MAIN_IDENT};

void ti_registry_lock(ti_self *self)
{
    ti_guard_lock(&ti_registry.guard, &self->parker);
}

bool ti_registry_try_lock(void)
{
    return ti_guard_try_lock(&ti_registry.guard);
}

#if !defined(THREADING_NO_DIAGNOSIS)

bool ti_registry_lock_for_a_while(void)
{
    return ti_guard_lock_for_a_while(&ti_registry.guard);
}

#endif

void ti_registry_unlock(void)
{
    ti_guard_unlock(&ti_registry.guard);
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

/* The one of a chain with the least ident above that. */
static ti_self *ti_registry_above(size_t chain, uint32_t ident)
{
    ti_self *least = NULL;
    for (ti_self *self = ti_registry.table[chain]; self != NULL; self = self->next)
        if (self->fast.ident > ident && (least == NULL || self->fast.ident < least->fast.ident))
            least = self;
    return least;
}

ti_self *ti_registry_after(uint32_t ident)
{
    size_t chain = ident % TI_TABLE_SIZE;
    ti_self *self = ti_registry_above(chain, ident);
    while (self == NULL && ++chain < TI_TABLE_SIZE)
        self = ti_registry_above(chain, 0);
    return self;
}

void ti_registry_for_each(void (*function)(ti_self *self, void *arg), void *arg)
{
    for (size_t i = 0; i < TI_TABLE_SIZE; i++)
        for (ti_self *self = ti_registry.table[i], *next; self != NULL; self = next) {
            next = self->next;
            function(self, arg);
        }
}

void ti_registry_reset_guard(void)
{
    ti_guard_reset(&ti_registry.guard);
}

TI_COLD void ti_registry_forget(void)
{
    memset(ti_registry.table, 0, sizeof ti_registry.table);
}
