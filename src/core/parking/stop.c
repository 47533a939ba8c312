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
#include "misuse.h"
#include "port.h"
#include "registry.h"

bool threading_stop_requested(const threading_stop_t *stop)
{
    for (; stop != NULL; stop = stop->parent)
        /* Acquire: pairs with the release in threading_stop_request. */
        if (ti_load_acquire(&stop->requested) || (stop->has_deadline && ti_deadline_passed(stop->deadline)))
            return true;
    return false;
}

static threading_status_t ti_stop_init(threading_stop_t *stop, threading_stop_t *parent, double seconds)
{
    threading_status_t status = ti_deadline_check_on(stop, seconds);
    if (status != THREADING_OK)
        return status;
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

static void ti_stop_wake_if_heeded(ti_self *self, void *requested)
{
    const threading_stop_t *stop = self->stop;
    while (stop != NULL && stop != requested)
        stop = stop->parent;
    if (stop != NULL)
        ti_port_unpark(&self->parker);
}

threading_status_t threading_stop_request(threading_stop_t *stop)
{
    if (stop == NULL)
        return TI_TELL(stop, THREADING_INVALID);
    /* Release: what was done before the request is seen by those who see it. */
    ti_store_release(&stop->requested, 1);
    ti_registry_lock(ti_self_get());
    ti_registry_for_each(ti_stop_wake_if_heeded, stop);
    ti_registry_unlock();
    return THREADING_OK;
}

/* Under the registry's guard, so that a request that follows a parent does not meet a stop whose memory is
 * gone. */
threading_stop_t *threading_stop_heed(threading_stop_t *stop)
{
    ti_self *self = ti_self_get();
    ti_registry_lock(self);
    threading_stop_t *before = self->stop;
    self->stop = stop;
    ti_registry_unlock();
    return before;
}
