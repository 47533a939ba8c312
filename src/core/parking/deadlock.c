/* SPDX-License-Identifier: MIT */
#include "deadlock.h"

#include "atomic.h"
#include "limit.h"
#include "parking.h"
#include "registry.h"

/* What it means when the thread that is waited for is not there any more, or goes no further. */
typedef enum ti_if_ended {
    TI_ENDED_WAKES,         /* its end is what is waited for */
    TI_ENDED_NEVER_RELEASES /* it can release nothing any more */
} ti_if_ended;

ti_self *ti_deadlock_awaited(uint32_t ident)
{
    ti_self *other = ti_registry_find(ident);
    return other == NULL || other->is_stopped || ti_self_is_gone(other) ? NULL : other;
}

static bool ti_deadlock_is_certain(const ti_self *self, ti_if_ended if_ended)
{
    for (const ti_self *waiter = self;;) {
        /* Relaxed: deadlock.h says why the word cannot change in a way that matters. */
        uint32_t ident = ti_load_relaxed(waiter->proof.word);
        if (ident == 0 || ident == waiter->fast.ident || ident >= TI_IDENT_LIMIT)
            return false; /* free, or just given to the waiter, or no owner any more (once.c) */
        if (ident == self->fast.ident)
            return true;
        const ti_self *other = ti_deadlock_awaited(ident);
        if (other == NULL)
            return waiter == self && if_ended == TI_ENDED_NEVER_RELEASES;
        if (other->proof.word == NULL)
            return false;
        waiter = other;
    }
}

/* Under the registry's guard. */
static bool ti_deadlock_publish(ti_self *self, const uint32_t *word, ti_if_ended if_ended)
{
    self->proof.word = word;
    /* An owner that ends has no right to read it there: that takes the bucket's guard. */
    self->proof.kind = self->waiter.kind;
    bool in_vain = ti_deadlock_is_certain(self, if_ended);
    if (in_vain)
        self->proof.word = NULL;
    return !in_vain;
}

bool ti_deadlock_check_owner(ti_self *self, const uint32_t *owner)
{
    ti_registry_lock(self);
    bool may_end = ti_deadlock_publish(self, owner, TI_ENDED_NEVER_RELEASES);
    ti_registry_unlock();
    return may_end;
}

bool ti_deadlock_check_end(ti_self *self, const uint32_t *ident, const uint32_t *state, uint32_t enough)
{
    ti_registry_lock(self);
    self->proof.enough = enough;
    /* Relaxed: what matters of its changes comes under the guard. */
    bool may_end = ti_load_relaxed(state) >= enough;
    if (!may_end)
        may_end = ti_deadlock_publish(self, ident, TI_ENDED_WAKES);
    ti_registry_unlock();
    return may_end;
}

void ti_deadlock_end_wait(ti_self *self)
{
    ti_registry_lock(self);
    self->proof.word = NULL;
    ti_registry_unlock();
}

uint32_t ti_deadlock_sleep_in_queue(ti_self *self, const uint32_t *owner)
{
    bool ends = ti_deadlock_check_owner(self, owner);
    if (!ends && ti_parking_leave(&self->waiter, owner, &self->parker))
        return TI_SLEEPING;
    uint32_t outcome = ti_parking_await_wake(self);
    ti_deadlock_end_wait(self);
    return outcome;
}

threading_status_t ti_deadlock_sleep(ti_self *self, uint32_t *word, uint32_t value, int64_t deadline)
{
    if (!ti_limit_is_none(self, deadline))
        return ti_parking_wait(self, word, value, deadline) ? THREADING_OK : ti_limit_status(deadline);
    if (value == self->fast.ident)
        return THREADING_DEADLOCK;
    bool changed =
        !ti_parking_observe(self, word, value) || ti_deadlock_sleep_in_queue(self, word) != TI_SLEEPING;
    return changed ? THREADING_OK : THREADING_DEADLOCK;
}

#if !defined(THREADING_NO_DIAGNOSIS)

static uintptr_t ti_deadlock_teller_now; /* a ti_deadlock_teller, or 0 */

void ti_deadlock_tell_to(ti_deadlock_teller *teller)
{
    /* Release: pairs with the acquire below, for what the teller uses. */
    ti_store_pointer_release(&ti_deadlock_teller_now, (uintptr_t)teller);
}

TI_COLD threading_status_t ti_deadlock_refused(ti_self *self, const uint32_t *word)
{
    ti_deadlock_teller *teller = (ti_deadlock_teller *)ti_load_pointer_acquire(&ti_deadlock_teller_now);
    if (teller != NULL)
        teller(self, word);
    return THREADING_DEADLOCK;
}

#endif

typedef struct ti_reached {
    const uint32_t *ident;
    uint32_t state;
} ti_reached;

static void ti_waits_withdraw_one(ti_self *waiter, void *arg)
{
    const ti_reached *reached = (const ti_reached *)arg;
    if (waiter->proof.word == reached->ident && waiter->proof.enough <= reached->state)
        waiter->proof.word = NULL;
}

void ti_deadlock_withdraw(const uint32_t *ident, uint32_t state)
{
    ti_reached reached = {ident, state};
    ti_registry_for_each(ti_waits_withdraw_one, &reached);
}

static void ti_deadlock_wake_if_owned(ti_self *waiter, void *arg)
{
    const ti_self *owner = (const ti_self *)arg;
    const uint32_t *word = waiter->proof.word;
    /* Relaxed: the owner is the calling thread. */
    if (word != NULL && ti_load_relaxed(word) == owner->fast.ident)
        ti_parking_wake_kind(word, (ti_wait_kind)waiter->proof.kind);
}

void ti_deadlock_owner_ended(ti_self *owner)
{
    if (owner->fast.rlocks > 0)
        ti_registry_for_each(ti_deadlock_wake_if_owned, owner);
}
