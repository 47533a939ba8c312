/* SPDX-License-Identifier: MIT */
/*
 * Stop: cancellation by consent.
 *
 * A stop's request sets its flag, then wakes the parker of every thread that heeds it or a child of it; the
 * threads are found in the registry. A wait looks at the flag before each park. If it looks too early, the
 * wake leaves a token and its park returns at once, so that it looks again. No queue is involved: a wait that
 * is stopped leaves its queue as at a deadline.
 */

#include "atomic.h"
#include "deadline.h"
#include "guard.h"
#include "misuse.h"
#include "port.h"
#include "registry.h"

#define TI_STOP_BATCH 32 /* how many threads are woken between two turns of the registry's guard */

bool threading_stop_requested(const threading_stop_t *stop)
{
    for (; stop != NULL; stop = stop->parent)
        /* Acquire: pairs with the release in threading_stop_request. */
        if (ti_load_acquire(&stop->requested) || (stop->has_deadline && ti_deadline_passed(stop->deadline)))
            return true;
    return false;
}

/* Whether a request of the one would be a request of the other. */
static bool ti_stop_is_or_descends(const threading_stop_t *heeded, const threading_stop_t *ancestor)
{
    while (heeded != NULL && heeded != ancestor)
        heeded = heeded->parent;
    return heeded != NULL;
}

/* A ring of parents would have no end. */
static threading_status_t ti_stop_init(threading_stop_t *stop, threading_stop_t *parent, double seconds)
{
    threading_status_t status = ti_deadline_check_on(stop, seconds);
    if (status != THREADING_OK)
        return status;
    if (ti_stop_is_or_descends(parent, stop))
        return THREADING_INVALID;
    /* Relaxed: nobody else uses it yet. */
    ti_store_relaxed(&stop->requested, 0);
    stop->has_deadline = seconds != THREADING_FOREVER;
    stop->parent = parent;
    stop->deadline = ti_deadline_after(seconds);
    return THREADING_OK;
}

threading_status_t threading_stop_init(threading_stop_t *stop)
{
    return TI_TELL(stop, ti_stop_init(stop, NULL, THREADING_FOREVER));
}

threading_status_t threading_stop_init_child(threading_stop_t *stop, threading_stop_t *parent, double seconds)
{
    return TI_TELL(stop, ti_stop_init(stop, parent, seconds));
}

static bool ti_stop_is_heeded_by(const threading_stop_t *requested, ti_self *self, ti_self *requester)
{
    ti_guard_lock(&self->heeding, &requester->parker);
    bool is_heeded = ti_stop_is_or_descends(self->stop, requested);
    ti_guard_unlock(&self->heeding);
    return is_heeded;
}

/* Under the registry's guard: the next threads after the one of that ident that heed the stop. */
static size_t ti_stop_find(const threading_stop_t *stop, uint32_t after, ti_self *found[TI_STOP_BATCH],
                           ti_self *requester)
{
    size_t count = 0;
    for (ti_self *self = ti_registry_after(after); self != NULL; self = ti_registry_after(self->fast.ident)) {
        if (ti_stop_is_heeded_by(stop, self, requester))
            found[count++] = self;
        if (count == TI_STOP_BATCH)
            break;
    }
    return count;
}

/* A thread that is woken may need the registry's guard soon, to end. So the guard is free while the found
 * threads are woken. If one of them has ended by then, its record may be another thread's, which looks once
 * more at what it waits for: records are never given back (self.h). */
static void ti_stop_wake(threading_stop_t *stop, ti_self *requester)
{
    ti_self *found[TI_STOP_BATCH];
    uint32_t last = 0;
    size_t count;
    do {
        ti_registry_lock(requester);
        count = ti_stop_find(stop, last, found, requester);
        if (count > 0)
            last = found[count - 1]->fast.ident;
        ti_registry_unlock();
        for (size_t i = 0; i < count; i++)
            ti_port_unpark(&found[i]->parker);
    } while (count == TI_STOP_BATCH);
}

threading_status_t threading_stop_request(threading_stop_t *stop)
{
    if (stop == NULL)
        return TI_TELL(stop, THREADING_INVALID);
    /* Release: what was done before the request is seen by those who see it. */
    ti_store_release(&stop->requested, 1);
    ti_stop_wake(stop, ti_self_get());
    return THREADING_OK;
}

/* Under a guard of the thread's own, so that a request that follows a parent does not meet a stop whose
 * memory is gone. Tasks of groups begin and end by this call, on all processors: with the registry's guard a
 * tree of them costs a fifth more on two. */
threading_stop_t *threading_stop_heed(threading_stop_t *stop)
{
    ti_self *self = ti_self_get();
    ti_guard_lock(&self->heeding, &self->parker);
    threading_stop_t *before = self->stop;
    self->stop = stop;
    ti_guard_unlock(&self->heeding);
    return before;
}
