/* SPDX-License-Identifier: MIT */
#include "trace.h"

#if !defined(THREADING_NO_DIAGNOSIS)

#include <string.h>

#include "atomic.h"
#include "look.h"
#include "memory.h"
#include "registry.h"
#include "watch.h"

static uintptr_t ti_trace_memory; /* a ti_trace, or 0 */

TI_COLD ti_trace *ti_trace_get(void)
{
    /* Acquire: pairs with the swap in ti_trace_provide. */
    return (ti_trace *)ti_load_pointer_acquire(&ti_trace_memory);
}

/* ---- events; under the guard, as what follows ---- */

TI_COLD static uint64_t ti_trace_room(const ti_trace_row *row)
{
    return (uint64_t)row->chunk_count * TI_TRACE_CHUNK;
}

TI_COLD uint64_t ti_trace_kept(const ti_trace_row *row)
{
    return row->count < ti_trace_room(row) ? row->count : ti_trace_room(row);
}

TI_COLD TI_NOINLINE ti_trace_event *ti_trace_event_at(ti_trace *trace, const ti_trace_row *row, uint64_t n)
{
    uint64_t place = n % ti_trace_room(row);
    return &trace->chunks[row->chunks[place / TI_TRACE_CHUNK]][place % TI_TRACE_CHUNK];
}

/* A row that could not grow when it was full never does again: the places of its events depend on its room.
 */
TI_COLD static void ti_trace_keep(ti_trace *trace, ti_trace_row *row, const ti_trace_event *event)
{
    if (row->count == ti_trace_room(row) && row->chunk_count < TI_TRACE_ROW_CHUNKS &&
        trace->chunk_count < TI_TRACE_CHUNKS)
        row->chunks[row->chunk_count++] = (uint16_t)trace->chunk_count++;
    if (row->chunk_count > 0)
        *ti_trace_event_at(trace, row, row->count) = *event;
    row->count++;
}

/* ---- whose a row is ---- */

/* The row of the thread that ended first. */
TI_COLD static ti_trace_row *ti_trace_oldest(ti_trace *trace)
{
    ti_trace_row *oldest = NULL;
    for (size_t i = 0; trace->ended_count > 0 && i < TI_TRACE_ROWS; i++) {
        ti_trace_row *row = &trace->rows[i];
        if (row->ended != 0 && (oldest == NULL || row->ended < oldest->ended))
            oldest = row;
    }
    trace->ended_count -= oldest != NULL;
    return oldest;
}

/* A row's chunks stay with it. NULL: there is none to be had. */
TI_COLD static ti_trace_row *ti_trace_new_row(ti_trace *trace, const ti_self *self)
{
    ti_trace_row *row =
        trace->row_count < TI_TRACE_ROWS ? &trace->rows[trace->row_count++] : ti_trace_oldest(trace);
    if (row == NULL)
        return NULL;
    if (row->ident != 0)
        trace->lost += (uint32_t)ti_trace_kept(row);
    row->ident = self->fast.ident;
    row->count = 0;
    row->began = self->began;
    row->ended = 0;
    return row;
}

TI_COLD static void ti_trace_name_row(ti_trace_row *row, ti_self *self)
{
    ti_registry_lock(self);
    ti_look_copy_name(row->name, self);
    ti_registry_unlock();
}

/* The thread's row, or NULL. What was its row may have become another's since the last start. */
TI_COLD static ti_trace_row *ti_trace_row_of(ti_trace *trace, ti_self *self)
{
    ti_trace_row *row = (ti_trace_row *)self->blocked.row;
    if (row != NULL && row->ident == self->fast.ident)
        return row;
    row = ti_trace_new_row(trace, self);
    self->blocked.row = row;
    if (row != NULL)
        ti_trace_name_row(row, self);
    else
        trace->lost++;
    return row;
}

/* ---- what is told ---- */

TI_COLD static ti_trace_end ti_trace_end_of(const ti_news *news)
{
    if (news->waker != 0)
        return TI_TRACE_WOKEN;
    return news->now >= news->view.until ? TI_TRACE_LIMIT : TI_TRACE_OTHER;
}

TI_COLD static ti_trace_event ti_trace_event_of(const ti_news *news)
{
    ti_trace_event event = {
        .object = news->view.object,
        .since = news->view.since,
        .until = news->now,
        .woken_at = news->woken_at,
        .number = news->waker,
        .on = (uint16_t)news->view.on,
        .end = (uint16_t)ti_trace_end_of(news),
    };
    if (news->kind == TI_NEWS_ITEMS) {
        event.since = news->now;
        event.end = TI_TRACE_ITEMS;
        event.number = news->items < UINT32_MAX ? (uint32_t)news->items : UINT32_MAX;
    }
    return event;
}

/* The name may have changed since the row was given. */
TI_COLD static void ti_trace_ends(ti_trace *trace, ti_trace_row *row, ti_self *self, int64_t now)
{
    ti_trace_name_row(row, self);
    row->ended = now;
    trace->ended_count++;
}

TI_COLD TI_NOINLINE void ti_trace_hear(ti_self *self, const ti_news *news)
{
    ti_trace *trace = ti_trace_get();
    if (trace == NULL)
        return;
    ti_trace_event event = ti_trace_event_of(news);
    ti_guard_lock(&trace->guard, &self->parker);
    ti_trace_row *row = ti_trace_row_of(trace, self);
    if (row != NULL && news->kind == TI_NEWS_ENDS)
        ti_trace_ends(trace, row, self, news->now);
    else if (row != NULL)
        ti_trace_keep(trace, row, &event);
    ti_guard_unlock(&trace->guard);
}

/* ---- start and stop ---- */

/* NULL: memory is out. */
TI_COLD static ti_trace *ti_trace_provide(void)
{
    ti_trace *trace = ti_trace_get();
    if (trace != NULL)
        return trace;
    trace = (ti_trace *)ti_memory_keep(sizeof *trace);
    /* Release: pairs with the acquire in ti_trace_get. */
    if (trace == NULL || ti_swap_pointer_release(&ti_trace_memory, 0, (uintptr_t)trace))
        return trace;
    ti_memory_end(trace, sizeof *trace); /* another thread was faster */
    return ti_trace_get();
}

/* Without a row no thread has an event: rows that nobody has are given out again one by one. */
TI_COLD static void ti_trace_empty(ti_trace *trace)
{
    for (size_t i = 0; i < trace->row_count; i++) {
        trace->rows[i].ident = 0;
        trace->rows[i].chunk_count = 0;
        trace->rows[i].count = 0;
        trace->rows[i].ended = 0;
    }
    trace->started = trace->stopped = ti_port_now();
    trace->row_count = 0;
    trace->ended_count = 0;
    trace->lost = 0;
    trace->chunk_count = 0;
}

TI_COLD threading_status_t threading_trace_start(void)
{
    ti_self *self = ti_self_get();
    ti_trace *trace = ti_trace_provide();
    if (trace == NULL)
        return THREADING_NO_MEMORY;
    ti_guard_lock(&trace->guard, &self->parker);
    ti_trace_empty(trace);
    trace->stopped = TI_FOREVER;
    ti_guard_unlock(&trace->guard);
    ti_watch_begin(self, TI_WATCH_TRACE);
    return THREADING_OK;
}

TI_COLD threading_status_t threading_trace_stop(void)
{
    ti_self *self = ti_self_get();
    ti_trace *trace = ti_trace_get();
    ti_watch_end(self, TI_WATCH_TRACE);
    if (trace == NULL)
        return THREADING_OK;
    ti_guard_lock(&trace->guard, &self->parker);
    if (trace->stopped == TI_FOREVER)
        trace->stopped = ti_port_now();
    ti_guard_unlock(&trace->guard);
    return THREADING_OK;
}

TI_COLD void ti_trace_reset(void)
{
    ti_trace *trace = ti_trace_get();
    ti_trace_reset_writer();
    if (trace == NULL)
        return;
    ti_guard_reset(&trace->guard);
    ti_trace_empty(trace);
}

TI_COLD void ti_trace_unload(void)
{
    ti_trace *trace = ti_trace_get();
    if (trace != NULL)
        ti_memory_end(trace, sizeof *trace);
    ti_store_pointer_relaxed(&ti_trace_memory, 0); /* relaxed: no thread is known */
}

#endif
