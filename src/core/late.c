/* SPDX-License-Identifier: MIT */
#include "late.h"

#include "atomic.h"
#include "registry.h"

/* How many there are on the list before a thread that leaves asks whether they are gone: so that a thread's end costs the
 * same whether there are few or many. Beyond that, twice as many as were found alive. */
#define TI_LATE_FEW 8

/* Under the registry's guard, the list and those that are buried both linked by `late_next`: */
static ti_self *ti_late;
static ti_self *ti_buried;
static uint32_t ti_late_count;
static uint32_t ti_late_enough = TI_LATE_FEW;
static uint32_t ti_buried_count;

void ti_late_watch(ti_self *self)
{
    uint64_t life = self->life == 0 ? ti_port_life() : 0;
    if (life == 0)
        return;
    ti_registry_lock(self);
    self->life = life;
    self->late_next = ti_late;
    self->late_link = &ti_late;
    if (ti_late != NULL)
        ti_late->late_link = &self->late_next;
    ti_late = self;
    ti_store_relaxed(&ti_late_count, ti_late_count + 1); /* relaxed: ti_late_sweep takes it for a hint */
    ti_registry_unlock();
}

void ti_late_forget(ti_self *self)
{
    if (self->life == 0)
        return;
    *self->late_link = self->late_next;
    if (self->late_next != NULL)
        self->late_next->late_link = self->late_link;
    ti_port_life_end(self->life);
    self->life = 0;
    ti_store_relaxed(&ti_late_count, ti_late_count - 1); /* relaxed: as above */
}

void ti_late_bury(void)
{
    const ti_self *self = (const ti_self *)ti_port_self();
    for (ti_self *late = ti_late, *next; late != NULL; late = next) {
        next = late->late_next;
        if (late == self || !ti_port_life_is_over(late->life))
            continue;
        ti_self_retire(late);
        late->late_next = ti_buried;
        ti_buried = late;
        ti_store_relaxed(&ti_buried_count, ti_buried_count + 1); /* relaxed: as above */
    }
    uint32_t enough = 2 * ti_late_count;
    ti_store_relaxed(&ti_late_enough, enough > TI_LATE_FEW ? enough : TI_LATE_FEW); /* relaxed: as above */
}

static ti_self *ti_buried_take(ti_self *self)
{
    ti_registry_lock(self);
    ti_self *buried = ti_buried;
    if (buried != NULL) {
        ti_buried = buried->late_next;
        ti_store_relaxed(&ti_buried_count, ti_buried_count - 1); /* relaxed: as above */
    }
    ti_registry_unlock();
    return buried;
}

void ti_late_sweep(ti_self *self)
{
    /* Relaxed: who comes too early for one that is gone leaves it to the next thread. */
    if (ti_load_relaxed(&ti_late_count) >= ti_load_relaxed(&ti_late_enough)) {
        ti_registry_lock(self);
        ti_late_bury();
        ti_registry_unlock();
    }
    if (ti_load_relaxed(&ti_buried_count) == 0) /* relaxed: as above */
        return;
    for (ti_self *buried; (buried = ti_buried_take(self)) != NULL;)
        ti_self_end(buried);
}

void ti_late_reset(ti_self *survivor)
{
    ti_late = NULL;
    ti_late_count = 0;
    survivor->life = 0; /* it is main now */
}
