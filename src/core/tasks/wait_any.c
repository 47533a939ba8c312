/* SPDX-License-Identifier: MIT */
/*
 * Waiting for any of several things: a waiter in a queue of each.
 *
 * The waiters are in the sources, so that nothing is allocated, and stand in queues of their own beside
 * those of the things (TI_WATCHERS): a thread that makes a thing ready wakes all of its watchers, and they
 * take nothing, so no waiter that would take it is passed over. Each watcher announces itself as every
 * waiter does, and the sources are looked at after that: a change that the look misses finds the watcher.
 * Woken for whatever reason, the thread looks again at all of them.
 */
#include "wait_any.h"

#include "atomic.h"
#include "deadline.h"
#include "deadlock.h"
#include "future.h"
#include "limit.h"
#include "misuse.h"
#include "parking.h"
#include "queue.h"
#include "thread.h"

/* ---- the things ---- */

static bool ti_source_is_known(const threading_source_t *source)
{
    return source->object != NULL && source->kind >= THREADING_SOURCE_KIND_THREAD &&
           source->kind <= THREADING_SOURCE_KIND_FUTURE;
}

/* The word of a thing that can be read without a lock; NULL for a queue. */
static uint32_t *ti_source_word(const threading_source_t *source)
{
    switch (source->kind) {
    case THREADING_SOURCE_KIND_THREAD:
        return &((threading_thread_t *)source->object)->state;
    case THREADING_SOURCE_KIND_EVENT:
        return &((threading_event_t *)source->object)->flag;
    case THREADING_SOURCE_KIND_SEMAPHORE:
        return &((threading_semaphore_t *)source->object)->value;
    case THREADING_SOURCE_KIND_BOUNDED_SEMAPHORE:
        return &((threading_bounded_semaphore_t *)source->object)->semaphore.value;
    case THREADING_SOURCE_KIND_FUTURE:
        return &((threading_future_t *)source->object)->state;
    default:
        return NULL;
    }
}

static bool ti_source_is_ready(const threading_source_t *source)
{
    const uint32_t *word = ti_source_word(source);
    if (word == NULL)
        return ti_queue_is_ready((threading_queue_t *)source->object);
    /* Sequential: the second look of the table in parking.h. */
    uint32_t value = ti_load_sequential(word);
    if (source->kind == THREADING_SOURCE_KIND_THREAD)
        return value == TI_ENDED;
    if (source->kind == THREADING_SOURCE_KIND_FUTURE)
        return value >= TI_CANCELLED;
    return value != 0;
}

/* Whether none can be ready any more: all are threads that were stopped with the process. */
static bool ti_sources_are_stopped(const threading_source_t *sources, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (sources[i].kind != THREADING_SOURCE_KIND_THREAD ||
            !ti_thread_is_stopped((const threading_thread_t *)sources[i].object))
            return false;
    return true;
}

/* The first that is ready; `count` if none is. */
static size_t ti_sources_ready(const threading_source_t *sources, size_t count)
{
    size_t i = 0;
    while (i < count && !ti_source_is_ready(&sources[i]))
        i++;
    return i;
}

/* ---- watching ---- */

static const void *ti_source_watched(const threading_source_t *source)
{
    const uint32_t *word = ti_source_word(source);
    return word != NULL ? word : ti_queue_address((const threading_queue_t *)source->object);
}

static void ti_source_watch(threading_source_t *source, ti_self *self)
{
    const void *address = ti_source_watched(source);
    ti_bucket *bucket = ti_parking_bucket(address);
    source->waiter.self = self;
    ti_guard_lock(&bucket->guard, &self->parker);
    ti_parking_announce(bucket);
    ti_parking_enqueue_first(bucket, &source->waiter, address,
                             TI_WATCHERS); /* where a waker's search begins */
    ti_guard_unlock(&bucket->guard);
}

static bool ti_source_is_woken(const threading_source_t *source)
{
    /* Acquire: pairs with the release in ti_parking_wake, so that the change is seen. */
    return ti_load_acquire(&source->waiter.woken) != TI_SLEEPING;
}

/* A waker that has taken the watcher off its queue is waited for: it still has to touch it. */
static void ti_source_unwatch(threading_source_t *source, ti_self *self)
{
    if (ti_parking_leave(&source->waiter, ti_source_watched(source), &self->parker))
        return;
    while (!ti_source_is_woken(source))
        ti_port_park(&self->parker, TI_FOREVER);
}

static bool ti_sources_are_woken(const threading_source_t *sources, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ti_source_is_woken(&sources[i]))
            return true;
    return false;
}

static void ti_sources_doze(const threading_source_t *sources, size_t count, ti_self *self, int64_t deadline)
{
    ti_blocked_on(self, TI_ON_ANY, sources);
    ti_blocked_begin(self, ti_limit_next(self, deadline));
    while (!ti_sources_are_woken(sources, count) && !ti_limit_is_reached(self, deadline))
        ti_port_park(&self->parker, ti_limit_next(self, deadline));
    ti_blocked_end(self);
}

/* Sleep until a source is ready or was for a moment, or until the wait's limit. */
static void ti_sources_sleep(threading_source_t *sources, size_t count, ti_self *self, int64_t deadline)
{
    for (size_t i = 0; i < count; i++)
        ti_source_watch(&sources[i], self);
    if (ti_sources_ready(sources, count) == count)
        ti_sources_doze(sources, count, self, deadline);
    for (size_t i = 0; i < count; i++)
        ti_source_unwatch(&sources[i], self);
}

threading_status_t ti_wait_any(threading_source_t *sources, size_t count, ti_self *self, int64_t deadline,
                               size_t *index)
{
    for (;;) {
        *index = ti_sources_ready(sources, count);
        if (*index < count)
            return THREADING_OK;
        if (ti_sources_are_stopped(sources, count))
            return THREADING_FINALIZING;
        if (ti_limit_is_reached(self, deadline))
            return ti_limit_status(deadline);
        ti_sources_sleep(sources, count, self, deadline);
    }
}

/* ---- the call ---- */

/* Whether all that is waited for is the calling thread's own end. */
static bool ti_sources_are_self(const threading_source_t *sources, size_t count, const ti_self *self)
{
    for (size_t i = 0; i < count; i++)
        if (self->record == NULL || sources[i].object != self->record)
            return false;
    return true;
}

static bool ti_sources_are_known(const threading_source_t *sources, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!ti_source_is_known(&sources[i]))
            return false;
    return true;
}

threading_status_t threading_wait_any(threading_source_t *sources, size_t count, double seconds,
                                      size_t *index)
{
    bool is_valid = sources != NULL && count > 0 && ti_sources_are_known(sources, count);
    threading_status_t status = is_valid ? ti_deadline_check(seconds) : THREADING_INVALID;
    if (status != THREADING_OK)
        return TI_TELL(sources, status);
    ti_self *self = ti_self_get();
    int64_t deadline = ti_deadline_after(seconds);
    if (ti_limit_is_none(self, deadline) && ti_sources_are_self(sources, count, self)) {
        ti_blocked_on(self, TI_ON_THREAD, self->record);
        return ti_deadlock_refused(self, NULL);
    }
    size_t ready;
    status = ti_wait_any(sources, count, self, deadline, &ready);
    if (status == THREADING_OK && index != NULL)
        *index = ready;
    return status;
}
