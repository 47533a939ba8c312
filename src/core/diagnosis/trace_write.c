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
static uint32_t ti_trace_writings; /* of the one thread that writes */

typedef struct ti_trace_name {
    uint32_t ident;
    char text[TI_TEXT_NAME];
} ti_trace_name;

/*
 *   writing       its number
 *   arrows        how many there were
 *   dropped       events that are not kept any more
 *   started, now  what is before and after is cut off
 */
typedef struct ti_trace_writer {
    ti_text text;
    ti_trace *trace;
    ti_self *self;
    uint32_t writing;
    uint32_t arrows;
    uint64_t dropped;
    int64_t started;
    int64_t now;
    ti_trace_name names[TI_TRACE_NAMES];
} ti_trace_writer;

/* ---- names ---- */

/* The name that a thread which has ended left in its row; else the name is as before. */
TI_COLD static void ti_trace_find_ended(ti_trace_writer *writer, uint32_t ident, char name[TI_TEXT_NAME])
{
    ti_parker *parker = &writer->self->parker;
    ti_guard_lock(&writer->trace->guard, parker);
    for (size_t i = 0; i < writer->trace->row_count; i++) {
        ti_trace_row *row = &writer->trace->rows[i];
        ti_guard_lock(&row->guard, parker);
        if (row->ident == ident)
            ti_text_copy_name(name, row->name);
        ti_guard_unlock(&row->guard);
    }
    ti_guard_unlock(&writer->trace->guard);
}

/* False: no such thread lives. */
TI_COLD static bool ti_trace_find_living(ti_trace_writer *writer, uint32_t ident, char name[TI_TEXT_NAME])
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

TI_COLD static void ti_trace_object_name(ti_trace_writer *writer, const void *object, char name[TI_TEXT_NAME])
{
    ti_registry_lock(writer->self);
    ti_look_copy_object_name(name, object);
    ti_registry_unlock();
}

/* ---- lines ---- */

/* Begin an event, up to its name. There is room for the longest one, which has two names in it. */
TI_COLD static void ti_trace_begin_line(ti_trace_writer *writer, const char *phase, uint32_t ident)
{
    if (writer->text.length > TI_TEXT_SIZE / 8)
        ti_text_flush(&writer->text);
    ti_text_format(&writer->text, ",{\"ph\":\"%s\",\"pid\":1,\"tid\":%u,", phase, ident);
}

TI_COLD static void ti_trace_write_name(ti_trace_writer *writer, uint32_t ident, const char *name)
{
    ti_trace_begin_line(writer, "M", ident);
    ti_text_format(&writer->text, "\"name\":\"thread_name\",\"args\":{\"name\":\"%j\"}}", name);
    ti_text_end_line(&writer->text);
    ti_trace_begin_line(writer, "M", ident);
    ti_text_format(&writer->text, "\"name\":\"thread_sort_index\",\"args\":{\"sort_index\":%u}}", ident);
    ti_text_end_line(&writer->text);
}

TI_COLD static int64_t ti_trace_cut(const ti_trace_writer *writer, int64_t moment)
{
    return moment > writer->started ? moment : writer->started;
}

TI_COLD static void ti_trace_write_times(ti_trace_writer *writer, int64_t since, int64_t until)
{
    since = ti_trace_cut(writer, since);
    ti_text_format(&writer->text, "\"ts\":%m,\"dur\":%m,", since, until - since);
}

TI_COLD static void ti_trace_write_life(ti_trace_writer *writer, uint32_t ident, int64_t began, int64_t ended,
                                        uint64_t dropped)
{
    ti_trace_begin_line(writer, "X", ident);
    ti_trace_write_times(writer, began, ended);
    ti_text_format(&writer->text, "\"cat\":\"life\",\"name\":\"alive\",\"args\":{\"dropped\":%U}}", dropped);
    ti_text_end_line(&writer->text);
}

/* "name":"Lock \"account\"" */
TI_COLD static void ti_trace_write_object(ti_trace_writer *writer, ti_on on, const void *object,
                                          const char *after)
{
    char name[TI_TEXT_NAME];
    ti_trace_object_name(writer, object, name);
    ti_text_format(&writer->text, "\"name\":\"%s", ti_look_kind(on));
    if (name[0] != '\0')
        ti_text_format(&writer->text, " \\\"%j\\\"", name);
    else if (object != NULL)
        ti_text_format(&writer->text, " at %p", object);
    ti_text_format(&writer->text, "%s\",\"args\":{", after);
}

TI_COLD static void ti_trace_write_wait(ti_trace_writer *writer, uint32_t ident, const ti_trace_event *event,
                                        const char *end)
{
    ti_on on = (ti_on)event->on;
    ti_trace_begin_line(writer, "X", ident);
    ti_trace_write_times(writer, event->since, event->until);
    ti_text_add(&writer->text, "\"cat\":\"wait\",");
    ti_trace_write_object(writer, on, event->object, ti_dump_purpose(on));
    ti_text_format(&writer->text, "\"kind\":\"%s\",\"object\":\"%p\",\"end\":\"%s\"", ti_look_kind(on),
                   event->object, end);
    if (event->number != 0)
        ti_text_format(&writer->text, ",\"by\":\"%j\",\"by ident\":%u",
                       ti_trace_thread_name(writer, event->number), event->number);
    ti_text_add(&writer->text, "}}");
    ti_text_end_line(&writer->text);
}

TI_COLD static void ti_trace_write_arrow_end(ti_trace_writer *writer, const char *phase, uint32_t ident,
                                             int64_t when)
{
    ti_trace_begin_line(writer, phase, ident);
    ti_text_format(&writer->text, "\"cat\":\"wake\",\"name\":\"wake\",\"id\":%u,\"bp\":\"e\",\"ts\":%m}",
                   writer->arrows, when);
    ti_text_end_line(&writer->text);
}

/* It ends inside of the wait, whose slice it belongs to: a moment before that is over. */
TI_COLD static void ti_trace_write_arrow(ti_trace_writer *writer, uint32_t ident, const ti_trace_event *event)
{
    if (event->woken_at < writer->started)
        return;
    writer->arrows++;
    int64_t end = event->woken_at < event->until ? event->until - 1 : event->until;
    ti_trace_write_arrow_end(writer, "s", event->number, event->woken_at);
    ti_trace_write_arrow_end(writer, "f", ident, end);
}

TI_COLD static void ti_trace_write_items(ti_trace_writer *writer, uint32_t ident, const ti_trace_event *event)
{
    ti_trace_begin_line(writer, "C", ident);
    ti_text_format(&writer->text, "\"ts\":%m,", event->since);
    ti_trace_write_object(writer, (ti_on)event->on, event->object, "");
    ti_text_format(&writer->text, "\"items\":%u}}", event->number);
    ti_text_end_line(&writer->text);
}

TI_COLD static void ti_trace_write_event(ti_trace_writer *writer, uint32_t ident, const ti_trace_event *event)
{
    static const char *const ends[] = {"woken", "limit", "other"};
    if (event->end == TI_TRACE_ITEMS) {
        ti_trace_write_items(writer, ident, event);
        return;
    }
    ti_trace_write_wait(writer, ident, event, ends[event->end]);
    if (event->number != 0)
        ti_trace_write_arrow(writer, ident, event);
}

/* ---- a row ---- */

/* Copy some events from the n-th on, which may be gone: then from the first that is there. 0: all of them. */
TI_COLD static size_t ti_trace_copy(ti_trace_writer *writer, ti_trace_row *row, uint32_t ident, uint64_t *n,
                                    ti_trace_event *events)
{
    size_t count = 0;
    ti_guard_lock(&row->guard, &writer->self->parker);
    uint64_t first = row->count - ti_trace_kept(row);
    if (*n < first)
        *n = first;
    for (; count < TI_TRACE_BATCH && row->ident == ident && *n + count < row->count && row->chunk_count > 0;
         count++)
        events[count] = *ti_trace_event_at(writer->trace, row, *n + count);
    ti_guard_unlock(&row->guard);
    *n += count;
    return count;
}

TI_COLD static void ti_trace_write_events(ti_trace_writer *writer, ti_trace_row *row, uint32_t ident,
                                          uint64_t limit)
{
    ti_trace_event events[TI_TRACE_BATCH];
    uint64_t n = 0;
    for (size_t count; (count = ti_trace_copy(writer, row, ident, &n, events)) > 0;)
        for (size_t i = 0; i < count && n - count + i < limit; i++)
            ti_trace_write_event(writer, ident, &events[i]);
}

/* A row at a moment. */
typedef struct ti_trace_seen {
    uint32_t ident;
    uint64_t count;
    uint64_t dropped;
    int64_t began;
    int64_t ended; /* the thread, or its last event */
    char name[TI_TEXT_NAME];
} ti_trace_seen;

TI_COLD static ti_trace_seen ti_trace_see(ti_trace_writer *writer, ti_trace_row *row)
{
    ti_guard_lock(&row->guard, &writer->self->parker);
    row->written = writer->writing;
    ti_trace_seen seen = {.ident = row->ident, .count = row->count, .began = row->began, .ended = row->ended};
    seen.dropped = row->count - ti_trace_kept(row);
    memcpy(seen.name, row->name, sizeof seen.name);
    if (ti_trace_kept(row) > 0) {
        int64_t last = ti_trace_event_at(writer->trace, row, row->count - 1)->until;
        seen.ended = last > seen.ended ? last : seen.ended;
    }
    ti_guard_unlock(&row->guard);
    return seen;
}

TI_COLD static void ti_trace_write_row(ti_trace_writer *writer, ti_trace_row *row)
{
    ti_trace_seen seen = ti_trace_see(writer, row);
    if (seen.ident == 0)
        return;
    if (ti_trace_find_living(writer, seen.ident, seen.name) && seen.ended < writer->now)
        seen.ended = writer->now;
    writer->dropped += seen.dropped;
    ti_trace_write_name(writer, seen.ident, seen.name);
    ti_trace_write_life(writer, seen.ident, seen.began, seen.ended, seen.dropped);
    ti_trace_write_events(writer, row, seen.ident, seen.count);
}

TI_COLD static bool ti_trace_next_row(ti_trace_writer *writer, size_t *i, ti_trace_row **row)
{
    ti_guard_lock(&writer->trace->guard, &writer->self->parker);
    bool is_there = *i < writer->trace->row_count;
    ti_guard_unlock(&writer->trace->guard);
    *row = &writer->trace->rows[(*i)++];
    return is_there;
}

TI_COLD static void ti_trace_write_rows(ti_trace_writer *writer)
{
    ti_trace_row *row;
    for (size_t i = 0; i < TI_TRACE_ROWS && ti_trace_next_row(writer, &i, &row);)
        ti_trace_write_row(writer, row);
}

/* ---- the threads that live ---- */

TI_COLD static bool ti_trace_has_row(ti_trace_writer *writer, uint32_t ident)
{
    ti_trace_row *row;
    bool found = false;
    for (size_t i = 0; !found && i < TI_TRACE_ROWS && ti_trace_next_row(writer, &i, &row);) {
        ti_guard_lock(&row->guard, &writer->self->parker);
        found = row->ident == ident && row->written == writer->writing;
        ti_guard_unlock(&row->guard);
    }
    return found;
}

/* It has told of no event, or it waits now. */
TI_COLD static void ti_trace_write_living(ti_trace_writer *writer, const ti_look *look)
{
    if (!ti_trace_has_row(writer, look->ident) && look->began < writer->now) {
        ti_trace_write_name(writer, look->ident, look->name);
        ti_trace_write_life(writer, look->ident, look->began, writer->now, 0);
    }
    if (look->view.on == TI_ON_NOTHING || look->view.since >= writer->now)
        return;
    ti_trace_event event = {.object = look->view.object, .since = look->view.since, .until = writer->now};
    event.on = (uint16_t)look->view.on;
    ti_trace_write_wait(writer, look->ident, &event, "waits");
}

/* ---- all of it ---- */

TI_COLD static void ti_trace_write_trace(ti_trace_writer *writer)
{
    ti_trace *trace = writer->trace;
    ti_look look;
    bool is_stuck;
    ti_guard_lock(&trace->guard, &writer->self->parker);
    writer->started = trace->started;
    writer->now = trace->stopped == TI_FOREVER ? ti_port_now() : trace->stopped;
    writer->dropped = trace->lost;
    ti_guard_unlock(&trace->guard);
    ti_trace_write_rows(writer);
    for (uint32_t ident = 0; ti_look_at_next(&look, ident, &is_stuck); ident = look.ident)
        ti_trace_write_living(writer, &look);
}

TI_COLD static void ti_trace_write(ti_trace_writer *writer)
{
    ti_text *text = &writer->text;
    ti_text_add(text, "{\"traceEvents\":[");
    ti_text_end_line(text);
    ti_text_add(text, "{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":{\"name\":\"threads\"}}");
    ti_text_end_line(text);
    if (writer->trace != NULL)
        ti_trace_write_trace(writer);
    ti_text_format(text, "],\"otherData\":{\"version\":\"threading %s, %s\",\"dropped\":%U}}",
                   threading_version(), threading_backend(), writer->dropped);
    ti_text_end_line(text);
    ti_text_flush(text);
}

TI_COLD threading_status_t threading_trace_write(threading_write_t write, void *context)
{
    if (write == NULL)
        return TI_TELL(NULL, THREADING_INVALID);
    if (!ti_swap_acquire(&ti_trace_is_written, 0, 1))
        return THREADING_BUSY;
    ti_trace_writer writer = {.trace = ti_trace_get(), .self = ti_self_get(), .writing = ++ti_trace_writings};
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
