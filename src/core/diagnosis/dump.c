/* SPDX-License-Identifier: MIT */
/*
 * The dump: what every thread does, as text. look.h says how it looks at them.
 *
 * What is written is put together while nothing is locked, out of what was copied. So the user's function may
 * do what it likes; another dump in it is refused, since one at a time is enough.
 */
#include "dump.h"

#if !defined(THREADING_NO_DIAGNOSIS)

#include "atomic.h"
#include "deadline.h"
#include "misuse.h"
#include "registry.h"
#include "ring.h"

#define TI_DUMP_READERS 8 /* of an RWLock that are named */

static uint32_t ti_dump_is_under_way;

/* ---- parts of a line ---- */

TI_COLD const char *ti_dump_purpose(ti_on on)
{
    switch (on) {
    case TI_ON_READ:
        return ", to read";
    case TI_ON_WRITE:
        return ", to write";
    case TI_ON_GET:
        return ", for an item";
    case TI_ON_PUT:
    case TI_ON_ROOM:
        return ", for room";
    case TI_ON_TASKS:
        return ", for all items to be done";
    case TI_ON_WORK:
        return ", for a task";
    case TI_ON_MAP:
        return ", for the items of a map";
    case TI_ON_LOOP:
        return ", for the pieces of a loop";
    case TI_ON_GROUP:
        return ", for its tasks";
    default:
        return "";
    }
}

/* What it is that a thread does in a wait for no object; NULL: it waits for one. */
TI_COLD static const char *ti_dump_state(ti_on on)
{
    switch (on) {
    case TI_ON_SLEEP:
        return "sleeps";
    case TI_ON_TIMER:
        return "waits until its Timer is due";
    case TI_ON_EXIT:
        return "waits for the end of the process";
    case TI_ON_ANY:
        return "waits for any of several";
    default:
        return NULL;
    }
}

TI_COLD static void ti_dump_what(ti_text *text, const ti_look *look)
{
    ti_on on = look->view.on;
    const char *state = ti_dump_state(on);
    if (state != NULL)
        ti_text_format(text, "%s", state);
    else
        ti_text_format(text, "waits for %o%s", ti_look_kind(on), look->object_name, look->view.object,
                       ti_dump_purpose(on));
    if (look->parties != 0)
        ti_text_format(text, ", %u of %u there", look->arrived, look->parties);
}

TI_COLD static void ti_dump_time(ti_text *text, const ti_look *look, int64_t now)
{
    ti_text_format(text, ", for %t", now - look->view.since);
    if (look->view.until != TI_FOREVER)
        ti_text_format(text, ", for %t more at most", look->view.until - now);
}

TI_COLD static void ti_dump_readers(ti_text *text, const void *rwlock)
{
    char name[TI_TEXT_NAME];
    uint32_t ident = 0;
    for (size_t count = 0; (ident = ti_look_for_reader(name, rwlock, ident)) != 0; count++) {
        if (count == TI_DUMP_READERS) {
            ti_text_format(text, ", and others");
            return;
        }
        ti_text_format(text, count == 0 ? "; read by %w" : ", %w", name, ident);
    }
}

TI_COLD static void ti_dump_holder(ti_text *text, const ti_look *look)
{
    bool is_of_readers = look->view.on == TI_ON_READ || look->view.on == TI_ON_WRITE;
    if (look->is_notified)
        ti_text_format(text, "; notified, and waits for its lock");
    if (look->is_unclear)
        ti_text_format(text, "; cannot look who has it: a guard of the library stays locked");
    if (look->holder == 0 && is_of_readers)
        ti_dump_readers(text, look->view.object);
    if (look->holder == 0)
        return;
    ti_text_format(text, look->view.on == TI_ON_THREAD ? "; that is " : "; held by ");
    if (look->holder_is_gone)
        ti_text_format(text, "a thread that has ended (%u)", look->holder);
    else
        ti_text_format(text, "%w", look->holder_name, look->holder);
}

/* ---- a thread ---- */

/* `format` is of a line, with an object and how many wait for it, which not every line tells. */
TI_COLD static void ti_dump_objects(ti_text *text, const ti_look_object *objects, size_t count,
                                    const char *format)
{
    for (size_t i = 0; i < count && i < TI_LOOK_OBJECTS; i++)
        ti_text_format(text, format, objects[i].kind, objects[i].name, objects[i].object, objects[i].count);
    if (count > TI_LOOK_OBJECTS)
        ti_text_format(text, "        and %u more\n", (uint32_t)(count - TI_LOOK_OBJECTS));
}

TI_COLD static void ti_dump_wait(ti_text *text, const ti_look *look, int64_t now)
{
    ti_text_format(text, "    ");
    if (look->view.on == TI_ON_NOTHING) {
        ti_text_format(text, "runs\n");
        return;
    }
    ti_dump_what(text, look);
    ti_dump_time(text, look, now);
    ti_dump_holder(text, look);
    ti_text_format(text, "\n");
}

TI_COLD static void ti_dump_thread(ti_text *text, const ti_look *look, uint32_t search)
{
    ti_look_object objects[TI_LOOK_OBJECTS];
    int64_t now = ti_port_now();
    ti_text_format(text, "Thread %w, ", look->name, look->ident);
    if (look->native_id != 0)
        ti_text_format(text, "native %U, ", look->native_id);
    ti_text_format(text, "%sknown for %t\n",
                   look->is_foreign  ? "not started here, "
                   : look->is_daemon ? "daemon, "
                                     : "",
                   now - look->began);
    ti_dump_wait(text, look, now);
    if (look->view.on == TI_ON_ANY)
        ti_dump_objects(text, objects, ti_look_for_sources(objects, look->ident), "        %o\n");
    ti_dump_objects(text, objects, ti_look_for_reads(objects, look->ident), "    has %o\n");
    if (look->awaited >= search)
        ti_dump_objects(text, objects, ti_look_for_held(objects, look->ident),
                        "    has %o, waited for by %u\n");
}

/* False: not all could be looked at. */
TI_COLD static bool ti_dump_threads(ti_text *text, uint32_t search, uint32_t *count)
{
    ti_look look;
    bool is_stuck;
    for (uint32_t ident = 0; ti_look_at_next(&look, ident, &is_stuck); ident = look.ident) {
        ti_dump_thread(text, &look, search);
        ++*count;
    }
    if (is_stuck)
        ti_text_format(text, "cannot look at more threads: the guard of their list stays locked\n");
    return !is_stuck;
}

/* ---- rings ---- */

TI_COLD static void ti_dump_link(ti_text *text, uint32_t ident, bool is_first)
{
    ti_look look;
    bool is_stuck;
    ti_text_format(text, is_first ? "    " : "    which is held by ");
    if (!ti_look_at_next(&look, ident - 1, &is_stuck) || look.ident != ident) {
        ti_text_format(text, "a thread that has ended meanwhile (%u)", ident);
    } else {
        ti_text_format(text, "%w, which ", look.name, ident);
        ti_dump_what(text, &look);
    }
    ti_text_format(text, ",\n");
}

TI_COLD static const char *ti_dump_plural(size_t count)
{
    return count == 1 ? "" : "s";
}

TI_COLD static void ti_dump_ring(ti_text *text, const ti_ring *ring)
{
    ti_text_format(text, "%sdeadlock of %u thread%s:\n", ring->is_proved ? "" : "possible ",
                   (uint32_t)ring->count, ti_dump_plural(ring->count));
    for (size_t i = 0; i < ring->count && i < TI_RING_MOST; i++)
        ti_dump_link(text, ring->idents[i], i == 0);
    ti_text_format(text, ring->count > TI_RING_MOST ? "    and so on\n" : "    which is held by the first\n");
}

TI_COLD static void ti_dump_rings(ti_text *text)
{
    ti_ring ring;
    uint32_t search = ti_ring_search();
    for (uint32_t ident = 0; ti_ring_next(&ring, search, &ident);)
        ti_dump_ring(text, &ring);
}

/* Mark the threads that have what others wait for, so that only those are looked at for it. */
TI_COLD static uint32_t ti_dump_mark_awaited(void)
{
    ti_ring ring;
    uint32_t search = ti_ring_search();
    for (uint32_t ident = 0; ti_ring_next(&ring, search, &ident);)
        continue;
    return search;
}

/* ---- the call ---- */

TI_COLD static bool ti_dump_begin(void)
{
    return ti_swap_acquire(&ti_dump_is_under_way, 0, 1);
}

TI_COLD void ti_dump_reset(void)
{
    ti_store_release(&ti_dump_is_under_way, 0);
}

TI_COLD threading_status_t threading_dump(threading_write_t write, void *context)
{
    ti_text text;
    uint32_t count = 0;
    if (write == NULL)
        return TI_TELL(NULL, THREADING_INVALID);
    if (!ti_dump_begin())
        return THREADING_BUSY;
    ti_text_begin(&text, write, context);
    ti_text_format(&text, "threading %s, %s: all threads\n", threading_version(), threading_backend());
    bool is_whole = ti_dump_threads(&text, ti_dump_mark_awaited(), &count);
    ti_dump_rings(&text);
    ti_text_format(&text, "%u thread%s\n", count, ti_dump_plural(count));
    ti_text_flush(&text);
    ti_store_release(&ti_dump_is_under_way, 0);
    return is_whole ? THREADING_OK : THREADING_BUSY;
}

#endif
