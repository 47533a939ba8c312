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

/* ---- events, under the row's guard ---- */

TI_COLD static uint64_t ti_trace_room(const ti_trace_row *row)
{
    return (uint64_t)row->chunk_count * TI_TRACE_CHUNK;
}

TI_COLD uint64_t ti_trace_kept(const ti_trace_row *row)
{
    return row->count < ti_trace_room(row) ? row->count : ti_trace_room(row);
}

ti_trace_event *ti_trace_event_at(ti_trace *trace, const ti_trace_row *row, uint64_t n)
{
    uint64_t place = n % ti_trace_room(row);
    return &trace->chunks[row->chunks[place / TI_TRACE_CHUNK]][place % TI_TRACE_CHUNK];
}

/* One chunk more, if there is one. */
TI_COLD static void ti_trace_grow(ti_trace *trace, ti_trace_row *row)
{
    /* Relaxed, both: only the number matters. The first look keeps it from growing for ever. */
    if (row->chunk_count == TI_TRACE_ROW_CHUNKS || ti_load_relaxed(&trace->chunk_count) >= TI_TRACE_CHUNKS)
        return;
    uint32_t chunk = ti_add_relaxed(&trace->chunk_count, 1);
    if (chunk < TI_TRACE_CHUNKS)
        row->chunks[row->chunk_count++] = (uint16_t)chunk;
}

/* A row that could not grow when it was full never does again: the places of its events depend on its room.
 */
TI_COLD static void ti_trace_keep(ti_trace *trace, ti_trace_row *row, ti_trace_event event)
{
    if (row->count == ti_trace_room(row))
        ti_trace_grow(trace, row);
    if (row->chunk_count > 0)
        *ti_trace_event_at(trace, row, row->count) = event;
    row->count++;
}

/* ---- whose a row is ---- */

/* Under the table's guard: the row of the thread that ended first. */
TI_COLD static ti_trace_row *ti_trace_oldest(ti_trace *trace, ti_self *self)
{
    ti_trace_row *oldest = NULL;
    int64_t ended = TI_FOREVER;
    for (size_t i = 0; trace->ended_count > 0 && i < TI_TRACE_ROWS; i++) {
        ti_trace_row *row = &trace->rows[i];
        ti_guard_lock(&row->guard, &self->parker);
        if (row->ended != 0 && row->ended < ended) {
            ended = row->ended;
            oldest = row;
        }
        ti_guard_unlock(&row->guard);
    }
    trace->ended_count -= oldest != NULL;
    return oldest;
}

/* Under the table's guard. */
TI_COLD static ti_trace_row *ti_trace_free_row(ti_trace *trace, ti_self *self)
{
    if (trace->row_count < TI_TRACE_ROWS)
        return &trace->rows[trace->row_count++];
    return ti_trace_oldest(trace, self);
}

/* A row's chunks stay with it. */
TI_COLD static void ti_trace_give(ti_trace *trace, ti_trace_row *row, ti_self *self, const char *name)
{
    ti_guard_lock(&row->guard, &self->parker);
    if (row->ident != 0)
        trace->lost += (uint32_t)ti_trace_kept(row);
    row->ident = self->fast.ident;
    row->count = 0;
    row->began = self->began;
    row->ended = 0;
    memcpy(row->name, name, sizeof row->name);
    ti_guard_unlock(&row->guard);
    self->blocked.row = row;
}

TI_COLD static void ti_trace_read_name(char name[TI_TEXT_NAME], ti_self *self)
{
    ti_registry_lock(self);
    ti_look_copy_name(name, self);
    ti_registry_unlock();
}

TI_COLD static void ti_trace_seek_row(ti_trace *trace, ti_self *self)
{
    char name[TI_TEXT_NAME];
    ti_trace_read_name(name, self);
    ti_guard_lock(&trace->guard, &self->parker);
    ti_trace_row *row = ti_trace_free_row(trace, self);
    if (row != NULL)
        ti_trace_give(trace, row, self, name);
    else
        trace->lost++;
    ti_guard_unlock(&trace->guard);
}

/* The thread's row, with its guard held, or NULL. It may have been another's since the last start. */
TI_COLD static ti_trace_row *ti_trace_lock_own(ti_self *self)
{
    ti_trace_row *row = (ti_trace_row *)self->blocked.row;
    if (row == NULL)
        return NULL;
    ti_guard_lock(&row->guard, &self->parker);
    if (row->ident == self->fast.ident)
        return row;
    ti_guard_unlock(&row->guard);
    return NULL;
}

TI_COLD static ti_trace_row *ti_trace_lock_row(ti_trace *trace, ti_self *self)
{
    ti_trace_row *row = ti_trace_lock_own(self);
    if (row != NULL)
        return row;
    self->blocked.row = NULL;
    ti_trace_seek_row(trace, self);
    return ti_trace_lock_own(self);
}

/* ---- what is told ---- */

TI_COLD static ti_trace_end ti_trace_end_of(const ti_news *news)
{
    if (news->kind == TI_NEWS_ITEMS)
        return TI_TRACE_ITEMS;
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
        event.number = news->items < UINT32_MAX ? (uint32_t)news->items : UINT32_MAX;
    }
    return event;
}

TI_COLD static void ti_trace_happened(ti_trace *trace, ti_self *self, const ti_news *news)
{
    ti_trace_row *row = ti_trace_lock_row(trace, self);
    if (row == NULL)
        return;
    ti_trace_keep(trace, row, ti_trace_event_of(news));
    ti_guard_unlock(&row->guard);
}

TI_COLD static void ti_trace_ends(ti_trace *trace, ti_self *self, const ti_news *news)
{
    char name[TI_TEXT_NAME];
    ti_trace_read_name(name, self);
    ti_trace_row *row = ti_trace_lock_row(trace, self);
    if (row == NULL)
        return;
    memcpy(row->name, name, sizeof name);
    row->ended = news->now;
    ti_guard_unlock(&row->guard);
    ti_guard_lock(&trace->guard, &self->parker);
    trace->ended_count++;
    ti_guard_unlock(&trace->guard);
}

TI_COLD void ti_trace_hear(ti_self *self, const ti_news *news)
{
    ti_trace *trace = ti_trace_get();
    if (trace != NULL && news->kind == TI_NEWS_ENDS)
        ti_trace_ends(trace, self, news);
    else if (trace != NULL)
        ti_trace_happened(trace, self, news);
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

TI_COLD static void ti_trace_empty_row(ti_trace_row *row)
{
    row->ident = 0;
    row->chunk_count = 0;
    row->count = 0;
    row->ended = 0;
}

/* Under the table's guard, without which no thread gets a row. */
TI_COLD static void ti_trace_empty(ti_trace *trace)
{
    trace->started = ti_port_now();
    trace->stopped = TI_FOREVER;
    trace->row_count = 0;
    trace->ended_count = 0;
    trace->lost = 0;
    ti_store_relaxed(&trace->chunk_count, 0); /* relaxed: nobody has a row */
}

TI_COLD threading_status_t threading_trace_start(void)
{
    ti_self *self = ti_self_get();
    ti_trace *trace = ti_trace_provide();
    if (trace == NULL)
        return THREADING_NO_MEMORY;
    ti_guard_lock(&trace->guard, &self->parker);
    for (size_t i = 0; i < trace->row_count; i++) {
        ti_guard_lock(&trace->rows[i].guard, &self->parker);
        ti_trace_empty_row(&trace->rows[i]);
        ti_guard_unlock(&trace->rows[i].guard);
    }
    ti_trace_empty(trace);
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
    for (size_t i = 0; i < trace->row_count; i++) {
        ti_guard_reset(&trace->rows[i].guard);
        ti_trace_empty_row(&trace->rows[i]);
    }
    ti_trace_empty(trace);
    trace->stopped = trace->started;
}

TI_COLD void ti_trace_unload(void)
{
    ti_trace *trace = ti_trace_get();
    if (trace != NULL)
        ti_memory_end(trace, sizeof *trace);
    ti_store_pointer_relaxed(&ti_trace_memory, 0); /* relaxed: no thread is known */
}

#endif
