/* SPDX-License-Identifier: MIT */
#include "foreign.h"

#include "atomic.h"
#include "leave.h"
#include "registry.h"

/* How many there are on the list before a thread that leaves asks who is gone. Beyond that it is twice as
 * many as were found alive, so that the end of a thread costs the same among few and among many. */
#define TI_FOREIGN_FEW 8

/* Under the registry's guard. The counts are also read without it, as hints. */
static struct {
    ti_self *first; /* linked by `life.next`, as the next */
    ti_self *buried;
    uint32_t count;
    uint32_t enough;
    uint32_t buried_count;
} ti_foreign = {.enough = TI_FOREIGN_FEW};

TI_COLD void ti_foreign_add(ti_self *self, uint64_t life)
{
    self->life.mark = life;
    if (life == 0)
        return;
    self->life.next = ti_foreign.first;
    self->life.link = &ti_foreign.first;
    if (self->life.next != NULL)
        self->life.next->life.link = &self->life.next;
    ti_foreign.first = self;
    ti_store_relaxed(&ti_foreign.count, ti_foreign.count + 1); /* relaxed: a hint, as all counts here */
}

TI_COLD void ti_foreign_remove(ti_self *self)
{
    if (self->life.mark == 0)
        return;
    *self->life.link = self->life.next;
    if (self->life.next != NULL)
        self->life.next->life.link = self->life.link;
    ti_port_life_end(self->life.mark);
    self->life.mark = 0;
    ti_store_relaxed(&ti_foreign.count, ti_foreign.count - 1); /* relaxed: a hint */
}

TI_COLD static void ti_foreign_bury(ti_self *gone)
{
    ti_leave_retire(gone);
    gone->life.next = ti_foreign.buried;
    ti_foreign.buried = gone;
    ti_store_relaxed(&ti_foreign.buried_count, ti_foreign.buried_count + 1); /* relaxed: a hint */
}

TI_COLD static void ti_foreign_bury_all(bool only_dummies)
{
    for (ti_self *one = ti_foreign.first, *next; one != NULL; one = next) {
        next = one->life.next;
        bool is_asked = one->record != NULL || !only_dummies;
        if (is_asked && ti_self_is_gone(one))
            ti_foreign_bury(one);
    }
}

void ti_foreign_bury_dummies(void)
{
    ti_foreign_bury_all(true);
}

static void ti_foreign_bury_if_many(ti_self *self)
{
    /* Relaxed: if one comes too early for some that are gone, the next one finds them. */
    if (ti_load_relaxed(&ti_foreign.count) < ti_load_relaxed(&ti_foreign.enough))
        return;
    ti_registry_lock(self);
    ti_foreign_bury_all(false);
    uint32_t enough = ti_foreign.count < TI_FOREIGN_FEW / 2 ? TI_FOREIGN_FEW : 2 * ti_foreign.count;
    ti_store_relaxed(&ti_foreign.enough, enough); /* relaxed: a hint */
    ti_registry_unlock();
}

/* NULL: there is none. */
static ti_self *ti_foreign_take_buried(ti_self *self)
{
    if (ti_load_relaxed(&ti_foreign.buried_count) == 0) /* relaxed: as in ti_foreign_bury_if_many */
        return NULL;
    ti_registry_lock(self);
    ti_self *buried = ti_foreign.buried;
    if (buried != NULL) {
        ti_foreign.buried = buried->life.next;
        ti_store_relaxed(&ti_foreign.buried_count, ti_foreign.buried_count - 1); /* relaxed: a hint */
    }
    ti_registry_unlock();
    return buried;
}

TI_COLD void ti_foreign_sweep(ti_self *self)
{
    ti_foreign_bury_if_many(self);
    for (ti_self *buried; (buried = ti_foreign_take_buried(self)) != NULL;)
        ti_leave_end(buried);
}

TI_COLD void ti_foreign_reset(ti_self *survivor)
{
    ti_foreign.first = NULL;
    ti_foreign.count = 0;
    survivor->life.mark = 0; /* it is main now */
}
