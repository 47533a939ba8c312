/* SPDX-License-Identifier: MIT */
/*
 * The trace as JSON, in the Trace Event Format of Chrome: an object whose "traceEvents" is an array with one
 * event in each line. "X" is a slice of time, "s" and "f" are the two ends of an arrow, "C" is the value of a
 * counter, "M" says what a row is called. Times are in microseconds.
 *
 * Events are copied some at a time, so that nothing is locked while the user's function runs. What happens
 * meanwhile is left out.
 */
#include "trace.h"

#if !defined(THREADING_NO_DIAGNOSIS)

#include <string.h>

#include "atomic.h"
#include "dump.h"
#include "misuse.h"
#include "registry.h"

#define TI_TRACE_NAMES 16 /* names of threads that are remembered */
#define TI_TRACE_BATCH 16 /* events that are copied at a time */

static uint32_t ti_trace_is_written;

typedef struct ti_trace_name {
    uint32_t ident;
    char text[TI_TEXT_NAME];
} ti_trace_name;

/*
 *   rows          how many there were at the beginning: what comes later is left out
 *   arrows        how many were written
 *   dropped       events that are not kept any more
 *   started, now  what is before and after is cut off
 */
typedef struct ti_trace_writer {
    ti_text text;
    ti_trace *trace;
    ti_self *self;
    uint32_t rows;
    uint32_t arrows;
    uint64_t dropped;
    int64_t started;
    int64_t now;
    ti_trace_name names[TI_TRACE_NAMES];
} ti_trace_writer;

TI_COLD static void ti_trace_lock(const ti_trace_writer *writer)
{
    ti_guard_lock(&writer->trace->guard, &writer->self->parker);
}

TI_COLD static void ti_trace_unlock(const ti_trace_writer *writer)
{
    ti_guard_unlock(&writer->trace->guard);
}

/* ---- names ---- */

/* Under the guard: the row of a thread, which may have ended. */
TI_COLD static const ti_trace_row *ti_trace_find_row(const ti_trace_writer *writer, uint32_t ident)
{
    const ti_trace_row *rows = writer->trace->rows;
    for (size_t i = 0; i < writer->rows; i++)
        if (rows[i].ident == ident)
            return &rows[i];
    return NULL;
}

/* The name that a thread which has ended left in its row; else the name is as before. */
TI_COLD static void ti_trace_find_ended(const ti_trace_writer *writer, uint32_t ident,
                                        char name[TI_TEXT_NAME])
{
    ti_trace_lock(writer);
    const ti_trace_row *row = ti_trace_find_row(writer, ident);
    if (row != NULL)
        memcpy(name, row->name, sizeof row->name);
    ti_trace_unlock(writer);
}

/* False: no such thread lives. */
TI_COLD TI_NOINLINE static bool ti_trace_find_living(const ti_trace_writer *writer, uint32_t ident,
                                                     char name[TI_TEXT_NAME])
{
    ti_registry_lock(writer->self);
    const ti_self *thread = ti_registry_find(ident);
    if (thread != NULL)
        ti_look_copy_name(name, thread);
    ti_registry_unlock();
    return thread != NULL;
}

TI_COLD static const char *ti_trace_thread_name(ti_trace_writer *writer, uint32_t ident)
{
    ti_trace_name *name = &writer->names[ident % TI_TRACE_NAMES];
    if (name->ident != ident) {
        name->ident = ident;
        name->text[0] = '\0';
        if (!ti_trace_find_living(writer, ident, name->text))
            ti_trace_find_ended(writer, ident, name->text);
    }
    return name->text;
}

TI_COLD static void ti_trace_object_name(const ti_trace_writer *writer, const void *object,
                                         char name[TI_TEXT_NAME])
{
    ti_registry_lock(writer->self);
    ti_look_copy_object_name(name, object);
    ti_registry_unlock();
}

/* ---- lines ---- */

/* Room for what belongs together: it has two names at most, whose characters may take six each. */
TI_COLD static ti_text *ti_trace_text(ti_trace_writer *writer)
{
    if (writer->text.length > TI_TEXT_SIZE / 8)
        ti_text_flush(&writer->text);
    return &writer->text;
}

TI_COLD static int64_t ti_trace_cut(const ti_trace_writer *writer, int64_t moment)
{
    return moment > writer->started ? moment : writer->started;
}

TI_COLD TI_NOINLINE static void ti_trace_write_thread(ti_trace_writer *writer, const ti_trace_row *row,
                                                      uint64_t dropped)
{
    int64_t began = ti_trace_cut(writer, row->began);
    ti_text_format(
        ti_trace_text(writer),
        ",{\"ph\":\"M\",\"pid\":1,\"tid\":%u,\"name\":\"thread_name\",\"args\":{\"name\":\"%j\"}}\n"
        ",{\"ph\":\"M\",\"pid\":1,\"tid\":%u,\"name\":\"thread_sort_index\","
        "\"args\":{\"sort_index\":%u}}\n"
        ",{\"ph\":\"X\",\"pid\":1,\"tid\":%u,\"ts\":%m,\"dur\":%m,\"cat\":\"life\",\"name\":\"alive\","
        "\"args\":{\"dropped\":%U}}\n",
        row->ident, row->name, row->ident, row->ident, row->ident, began, row->ended - began, dropped);
}

/* It ends inside of the wait, whose slice it belongs to: a moment before that is over. */
TI_COLD static void ti_trace_write_arrow(ti_trace_writer *writer, uint32_t ident, const ti_trace_event *event)
{
    if (event->number == 0 || event->woken_at < writer->started)
        return;
    writer->arrows++;
    ti_text_format(
        ti_trace_text(writer),
        ",{\"ph\":\"s\",\"pid\":1,\"tid\":%u,\"cat\":\"wake\",\"name\":\"wake\",\"id\":%u,\"bp\":\"e\","
        "\"ts\":%m}\n"
        ",{\"ph\":\"f\",\"pid\":1,\"tid\":%u,\"cat\":\"wake\",\"name\":\"wake\",\"id\":%u,\"bp\":\"e\","
        "\"ts\":%m}\n",
        event->number, writer->arrows, event->woken_at, ident, writer->arrows,
        event->woken_at < event->until ? event->until - 1 : event->until);
}

TI_COLD static void ti_trace_write_wait(ti_trace_writer *writer, uint32_t ident, const ti_trace_event *event,
                                        const char *name)
{
    static const char *const ends[] = {"woken", "limit", "other", "", "waits"};
    ti_text *text = ti_trace_text(writer);
    ti_on on = (ti_on)event->on;
    int64_t since = ti_trace_cut(writer, event->since);
    ti_text_format(
        text,
        ",{\"ph\":\"X\",\"pid\":1,\"tid\":%u,\"ts\":%m,\"dur\":%m,\"cat\":\"wait\",\"name\":\"%O%s\","
        "\"args\":{\"kind\":\"%s\",\"object\":\"%p\",\"end\":\"%s\"",
        ident, since, event->until - since, ti_look_kind(on), name, event->object, ti_dump_purpose(on),
        ti_look_kind(on), event->object, ends[event->end]);
    if (event->number != 0)
        ti_text_format(text, ",\"by\":\"%j\",\"by ident\":%u", ti_trace_thread_name(writer, event->number),
                       event->number);
    ti_text_format(text, "}}\n");
    ti_trace_write_arrow(writer, ident, event);
}

TI_COLD TI_NOINLINE static void ti_trace_write_event(ti_trace_writer *writer, uint32_t ident,
                                                     const ti_trace_event *event)
{
    char name[TI_TEXT_NAME];
    ti_trace_object_name(writer, event->object, name);
    if (event->end != TI_TRACE_ITEMS)
        ti_trace_write_wait(writer, ident, event, name);
    else
        ti_text_format(
            ti_trace_text(writer),
            ",{\"ph\":\"C\",\"pid\":1,\"tid\":%u,\"ts\":%m,\"name\":\"%O\",\"args\":{\"items\":%u}}\n", ident,
            event->since, ti_look_kind((ti_on)event->on), name, event->object, event->number);
}

/* ---- a row ---- */

/* Copy some events of a row that was seen, from the n-th on, which may be gone: then from the first that is
 * there. 0: all of them. */
TI_COLD static size_t ti_trace_copy(const ti_trace_writer *writer, const ti_trace_row *row,
                                    const ti_trace_row *seen, uint64_t *n, ti_trace_event *events)
{
    size_t count = 0;
    ti_trace_lock(writer);
    uint64_t first = row->count - ti_trace_kept(row);
    if (*n < first)
        *n = first;
    for (; count < TI_TRACE_BATCH && row->ident == seen->ident && *n < row->count && *n < seen->count &&
           row->chunk_count > 0;
         ++*n)
        events[count++] = *ti_trace_event_at(writer->trace, row, *n);
    ti_trace_unlock(writer);
    return count;
}

TI_COLD static void ti_trace_write_events(ti_trace_writer *writer, const ti_trace_row *row,
                                          const ti_trace_row *seen)
{
    ti_trace_event events[TI_TRACE_BATCH];
    uint64_t n = 0;
    for (size_t count; (count = ti_trace_copy(writer, row, seen, &n, events)) > 0;)
        for (size_t i = 0; i < count; i++)
            ti_trace_write_event(writer, seen->ident, &events[i]);
}

/* The row at a moment, which ends with its thread, or its last event: how many events are lost. */
TI_COLD static uint64_t ti_trace_see(const ti_trace_writer *writer, const ti_trace_row *row,
                                     ti_trace_row *seen)
{
    ti_trace_lock(writer);
    *seen = *row;
    uint64_t kept = ti_trace_kept(row);
    int64_t last = kept > 0 ? ti_trace_event_at(writer->trace, row, row->count - 1)->until : 0;
    ti_trace_unlock(writer);
    if (seen->ended < last)
        seen->ended = last;
    return seen->count - kept;
}

TI_COLD static void ti_trace_write_row(ti_trace_writer *writer, const ti_trace_row *row)
{
    ti_trace_row seen;
    uint64_t dropped = ti_trace_see(writer, row, &seen);
    if (seen.ident == 0)
        return;
    if (ti_trace_find_living(writer, seen.ident, seen.name) && seen.ended < writer->now)
        seen.ended = writer->now;
    writer->dropped += dropped;
    ti_trace_write_thread(writer, &seen, dropped);
    ti_trace_write_events(writer, row, &seen);
}

/* ---- the threads that live ---- */

TI_COLD static bool ti_trace_has_row(const ti_trace_writer *writer, uint32_t ident)
{
    ti_trace_lock(writer);
    bool has_row = ti_trace_find_row(writer, ident) != NULL;
    ti_trace_unlock(writer);
    return has_row;
}

/* It has told of no event, or it waits now. */
TI_COLD static void ti_trace_write_living(ti_trace_writer *writer, const ti_look *look)
{
    if (!ti_trace_has_row(writer, look->ident) && look->began < writer->now) {
        ti_trace_row row = {.ident = look->ident, .began = look->began, .ended = writer->now};
        memcpy(row.name, look->name, sizeof row.name);
        ti_trace_write_thread(writer, &row, 0);
    }
    ti_trace_event event = {.object = look->view.object, .since = look->view.since, .until = writer->now};
    event.on = (uint16_t)look->view.on;
    event.end = TI_TRACE_WAITS;
    if (look->view.on != TI_ON_NOTHING && look->view.since < writer->now)
        ti_trace_write_event(writer, look->ident, &event);
}

/* ---- all of it ---- */

TI_COLD static void ti_trace_write_trace(ti_trace_writer *writer)
{
    ti_trace *trace = writer->trace;
    ti_look look;
    bool is_stuck;
    ti_trace_lock(writer);
    writer->started = trace->started;
    writer->now = trace->stopped == TI_FOREVER ? ti_port_now() : trace->stopped;
    writer->dropped = trace->lost;
    writer->rows = trace->row_count;
    ti_trace_unlock(writer);
    for (size_t i = 0; i < writer->rows; i++)
        ti_trace_write_row(writer, &trace->rows[i]);
    for (uint32_t ident = 0; ti_look_at_next(&look, ident, &is_stuck); ident = look.ident)
        ti_trace_write_living(writer, &look);
}

TI_COLD static void ti_trace_write(ti_trace_writer *writer)
{
    ti_text *text = &writer->text;
    ti_text_format(text,
                   "{\"traceEvents\":[\n"
                   "{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":{\"name\":\"threads\"}}\n");
    if (writer->trace != NULL)
        ti_trace_write_trace(writer);
    ti_text_format(text, "],\"otherData\":{\"version\":\"threading %s, %s\",\"dropped\":%U}}\n",
                   threading_version(), threading_backend(), writer->dropped);
    ti_text_flush(text);
}

TI_COLD threading_status_t threading_trace_write(threading_write_t write, void *context)
{
    if (write == NULL)
        return TI_TELL(NULL, THREADING_INVALID);
    if (!ti_swap_acquire(&ti_trace_is_written, 0, 1))
        return THREADING_BUSY;
    ti_trace_writer writer = {.trace = ti_trace_get(), .self = ti_self_get()};
    ti_text_begin(&writer.text, write, context);
    ti_trace_write(&writer);
    ti_store_release(&ti_trace_is_written, 0);
    return THREADING_OK;
}

TI_COLD void ti_trace_reset_writer(void)
{
    ti_store_release(&ti_trace_is_written, 0);
}

#endif
