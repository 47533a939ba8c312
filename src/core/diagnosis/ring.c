/* SPDX-License-Identifier: MIT */
#include "ring.h"

#if !defined(THREADING_NO_DIAGNOSIS)

#include "look.h"
#include "registry.h"

static uint32_t ti_ring_searches; /* under the registry's guard */

TI_COLD uint32_t ti_ring_search(void)
{
    if (!ti_registry_lock_for_a_while())
        return 0;
    uint32_t search = ++ti_ring_searches;
    ti_registry_unlock();
    return search;
}

/* All below under the registry's guard. */

/* What the search has to know of a thread's wait. */
typedef struct ti_ring_link {
    ti_self *holder; /* NULL: none that is known */
    uint32_t version;
    bool is_proved;
} ti_ring_link;

TI_COLD static bool ti_ring_is_owned(ti_on on)
{
    return on == TI_ON_RLOCK || on == TI_ON_OWN || on == TI_ON_ONCE || on == TI_ON_THREAD ||
           on == TI_ON_FUTURE || on == TI_ON_READ || on == TI_ON_WRITE;
}

TI_COLD static ti_ring_link ti_ring_look(const ti_self *self)
{
    ti_look look = {.view = ti_blocked_read(self)};
    uint32_t holder = ti_look_for_holder(&look, self);
    return (ti_ring_link){
        .holder = holder != 0 ? ti_registry_find(holder) : NULL,
        .version = look.view.version,
        .is_proved = ti_ring_is_owned(look.view.on) && look.view.until == TI_FOREVER,
    };
}

/* Go from thread to thread until one that this search has met. NULL: it was met earlier, or the way ends. */
TI_COLD static ti_self *ti_ring_walk(ti_self *self, uint32_t search)
{
    uint32_t begin = self->fast.ident;
    while (self != NULL && self->blocked.searched != search) {
        self->blocked.searched = search;
        self->blocked.searched_from = begin;
        ti_ring_link link = ti_ring_look(self);
        self->blocked.seen_version = link.version;
        self->blocked.seen_holder = link.holder != NULL ? link.holder->fast.ident : 0;
        self = link.holder;
        if (self != NULL)
            self->blocked.awaited = search;
    }
    return self != NULL && self->blocked.searched_from == begin ? self : NULL;
}

/* Go round once more. False: it is not what it was. */
TI_COLD static bool ti_ring_confirm(ti_ring *ring, ti_self *first)
{
    ti_self *self = first;
    *ring = (ti_ring){.count = 0, .is_proved = true};
    do {
        ti_ring_link link = ti_ring_look(self);
        if (link.holder == NULL || link.holder->fast.ident != self->blocked.seen_holder ||
            link.version != self->blocked.seen_version)
            return false;
        if (ring->count < TI_RING_MOST)
            ring->idents[ring->count] = self->fast.ident;
        ring->count++;
        ring->is_proved = ring->is_proved && link.is_proved;
        self = link.holder;
    } while (self != first && self->blocked.searched_from == first->blocked.searched_from);
    return self == first;
}

TI_COLD bool ti_ring_next(ti_ring *ring, uint32_t search, uint32_t *ident)
{
    bool found = false;
    if (search == 0 || !ti_registry_lock_for_a_while())
        return false;
    for (ti_self *self; !found && (self = ti_registry_after(*ident)) != NULL;) {
        *ident = self->fast.ident;
        ti_self *first = ti_ring_walk(self, search);
        found = first != NULL && ti_ring_confirm(ring, first);
    }
    ti_registry_unlock();
    return found;
}

#endif
