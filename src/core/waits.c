/* SPDX-License-Identifier: MIT */
#include "waits.h"

#include "atomic.h"
#include "parking.h"
#include "registry.h"

static bool ti_waits_in_vain(const ti_self *self, ti_if_ended if_ended)
{
    for (const ti_self *waiter = self;;) {
        /* Relaxed: waits.h says why the word cannot change in a way that matters. */
        uint32_t ident = ti_load_relaxed(waiter->waits_for);
        if (ident == 0 || ident == waiter->ident)
            return false; /* free, or just given to the waiter */
        if (ident == self->ident)
            return true;
        const ti_self *other = ti_registry_find(ident);
        if (other == NULL)
            return waiter == self && if_ended == TI_ENDED_NEVER_RELEASES;
        if (other->waits_for == NULL)
            return false;
        waiter = other;
    }
}

bool ti_waits_begin(ti_self *self, const uint32_t *word, ti_if_ended if_ended)
{
    ti_registry_lock(self);
    self->waits_for = word;
    bool in_vain = ti_waits_in_vain(self, if_ended);
    if (in_vain)
        self->waits_for = NULL;
    ti_registry_unlock();
    return !in_vain;
}

void ti_waits_end(ti_self *self)
{
    ti_registry_lock(self);
    self->waits_for = NULL;
    ti_registry_unlock();
}

static void ti_waits_withdraw_one(ti_self *waiter, void *word)
{
    if (waiter->waits_for == word)
        waiter->waits_for = NULL;
}

void ti_waits_withdraw(const uint32_t *word)
{
    ti_registry_for_each(ti_waits_withdraw_one, (void *)(uintptr_t)word);
}

static void ti_waits_wake_if_owned(ti_self *waiter, void *arg)
{
    const ti_self *owner = (const ti_self *)arg;
    const uint32_t *word = waiter->waits_for;
    /* Relaxed: the owner is the calling thread. */
    if (word != NULL && ti_load_relaxed(word) == owner->ident)
        ti_parking_wake_all((uint32_t *)(uintptr_t)word);
}

void ti_waits_owner_ended(ti_self *owner)
{
    if (owner->rlocks > 0)
        ti_registry_for_each(ti_waits_wake_if_owned, owner);
}
