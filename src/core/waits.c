/* SPDX-License-Identifier: MIT */
#include "waits.h"

#include "atomic.h"
#include "foreign.h"
#include "parking.h"
#include "registry.h"
#include "stop.h"
#include "thread.h"

/* What it means when the thread that is waited for is not there any more, or goes no further. */
typedef enum ti_if_ended {
    TI_ENDED_WAKES,         /* its end is what is waited for */
    TI_ENDED_NEVER_RELEASES /* it can release nothing any more */
} ti_if_ended;

static bool ti_waits_in_vain(const ti_self *self, ti_if_ended if_ended)
{
    for (const ti_self *waiter = self;;) {
        /* Relaxed: waits.h says why the word cannot change in a way that matters. */
        uint32_t ident = ti_load_relaxed(waiter->waits_for);
        if (ident == 0 || ident == waiter->fast.ident || ident >= TI_IDENT_LIMIT)
            return false; /* free, or just given to the waiter, or no owner any more (once.c) */
        if (ident == self->fast.ident)
            return true;
        const ti_self *other = ti_registry_find(ident);
        if (other == NULL || other->is_stopped || ti_foreign_is_gone(other))
            return waiter == self && if_ended == TI_ENDED_NEVER_RELEASES;
        if (other->waits_for == NULL)
            return false;
        waiter = other;
    }
}

/* Under the registry's guard. */
static bool ti_waits_publish(ti_self *self, const uint32_t *word, ti_if_ended if_ended)
{
    self->waits_for = word;
    bool in_vain = ti_waits_in_vain(self, if_ended);
    if (in_vain)
        self->waits_for = NULL;
    return !in_vain;
}

bool ti_waits_for_owner(ti_self *self, const uint32_t *owner)
{
    ti_registry_lock(self);
    bool may_end = ti_waits_publish(self, owner, TI_ENDED_NEVER_RELEASES);
    ti_registry_unlock();
    return may_end;
}

bool ti_waits_for_end(ti_self *self, const threading_thread_t *thread, uint32_t enough)
{
    ti_registry_lock(self);
    self->waits_enough = enough;
    /* Relaxed: what matters of its changes comes under the guard. */
    bool may_end = ti_load_relaxed(&thread->state) >= enough;
    if (!may_end)
        may_end = ti_waits_publish(self, &thread->ident, TI_ENDED_WAKES);
    ti_registry_unlock();
    return may_end;
}

void ti_waits_end(ti_self *self)
{
    ti_registry_lock(self);
    self->waits_for = NULL;
    ti_registry_unlock();
}

uint32_t ti_waits_in_queue(ti_self *self, const uint32_t *owner)
{
    bool ends = ti_waits_for_owner(self, owner);
    if (!ends && ti_parking_leave(&self->waiter, owner, &self->parker))
        return TI_SLEEPING;
    uint32_t outcome = ti_parking_await_wake(self);
    ti_waits_end(self);
    return outcome;
}

threading_status_t ti_waits_sleep(ti_self *self, uint32_t *word, uint32_t value, int64_t deadline)
{
    if (!ti_wait_is_unlimited(self, deadline))
        return ti_parking_wait(self, word, value, deadline) ? THREADING_OK : ti_wait_status(deadline);
    if (value == self->fast.ident)
        return THREADING_DEADLOCK;
    bool changed = !ti_parking_observe(self, word, value) || ti_waits_in_queue(self, word) != TI_SLEEPING;
    return changed ? THREADING_OK : THREADING_DEADLOCK;
}

static void ti_waits_withdraw_one(ti_self *waiter, void *arg)
{
    const threading_thread_t *thread = (const threading_thread_t *)arg;
    /* Relaxed: it changes under the guard. */
    if (waiter->waits_for == &thread->ident && waiter->waits_enough <= ti_load_relaxed(&thread->state))
        waiter->waits_for = NULL;
}

void ti_waits_withdraw(threading_thread_t *thread)
{
    ti_registry_for_each(ti_waits_withdraw_one, thread);
}

static void ti_waits_wake_if_owned(ti_self *waiter, void *arg)
{
    const ti_self *owner = (const ti_self *)arg;
    const uint32_t *word = waiter->waits_for;
    /* Relaxed: the owner is the calling thread. */
    if (word != NULL && ti_load_relaxed(word) == owner->fast.ident)
        ti_parking_wake_kind(word, (ti_wait_kind)waiter->waiter.kind);
}

void ti_waits_owner_ended(ti_self *owner)
{
    if (owner->fast.rlocks > 0)
        ti_registry_for_each(ti_waits_wake_if_owned, owner);
}
