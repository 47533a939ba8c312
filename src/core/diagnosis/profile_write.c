/* SPDX-License-Identifier: MIT */
/*
 * The profile as text. The order is found out first, and each row copied when its turn has come, so that
 * nothing is locked while the user's function runs.
 */
#include "profile.h"

#if !defined(THREADING_NO_DIAGNOSIS)

#include "atomic.h"
#include "dump.h"
#include "misuse.h"
#include "registry.h"

static uint32_t ti_profile_is_written;

/* What another thread has, or had; all else is waited for until something happens. */
#define TI_PROFILE_IS_HELD                                                                          \
    (1U << TI_ON_LOCK | 1U << TI_ON_RLOCK | 1U << TI_ON_OWN | 1U << TI_ON_ONCE | 1U << TI_ON_READ | \
     1U << TI_ON_WRITE | 1U << TI_ON_INSIDE)
#define TI_PROFILE_IS_SHORT                                                                         \
    (TI_PROFILE_IS_HELD | 1U << TI_ON_SEMAPHORE | 1U << TI_ON_BOUNDED_SEMAPHORE | 1U << TI_ON_PUT | \
     1U << TI_ON_ROOM)

TI_COLD static bool ti_profile_is_among(ti_on on, uint32_t kinds)
{
    return (kinds >> on & 1) != 0;
}

/* ---- a row ---- */

TI_COLD static void ti_profile_write_threads(ti_text *text, const ti_profile_row *row)
{
    ti_text_format(text, "%>%>%>%>    ");
    for (size_t i = 0; i < TI_PROFILE_MOST && row->threads[i].ident != 0; i++)
        ti_text_format(text, i == 0 ? "%w %m" : ", %w %m", row->threads[i].name, row->threads[i].ident,
                       row->threads[i].total / 1000);
    ti_text_format(text, "\n");
}

TI_COLD static void ti_profile_write_row(ti_text *text, const ti_profile_row *row, const char *name)
{
    bool is_held = ti_profile_is_among(row->on, TI_PROFILE_IS_HELD);
    ti_text_format(text, "%m%>%m%>", row->total / 1000, row->longest / 1000);
    ti_text_format(text, is_held ? "%m%>" : "-%>", row->hold / 1000);
    ti_text_format(text, "%U%>  %o%s\n", row->waits, ti_look_kind(row->on), name, row->object,
                   ti_dump_purpose(row->on));
    if (row->threads[0].ident != 0)
        ti_profile_write_threads(text, row);
}

/* ---- what is read of it ---- */

TI_COLD TI_NOINLINE static void ti_profile_sort_threads(ti_profile_row *row)
{
    for (size_t i = 1; i < TI_PROFILE_MOST; i++)
        for (size_t j = i; j > 0 && row->threads[j].total > row->threads[j - 1].total; j--) {
            ti_profile_thread later = row->threads[j];
            row->threads[j] = row->threads[j - 1];
            row->threads[j - 1] = later;
        }
}

/* A thread that lives has a name, one that has ended has left it. */
TI_COLD TI_NOINLINE static void ti_profile_find_names(ti_profile_row *row, char object_name[TI_TEXT_NAME])
{
    ti_look_copy_object_name(object_name, row->object);
    for (size_t i = 0; i < TI_PROFILE_MOST; i++) {
        const ti_self *thread = ti_registry_find(row->threads[i].ident);
        if (thread != NULL)
            ti_look_copy_name(row->threads[i].name, thread);
    }
}

/* False: the profile began anew meanwhile. */
TI_COLD TI_NOINLINE static bool ti_profile_read(const ti_profile_line *line, ti_self *self,
                                                ti_profile_row *row, char *object_name)
{
    ti_guard_lock(&line->set->guard, &self->parker);
    bool is_there = line->row < line->set->count;
    if (is_there) {
        *row = line->set->rows[line->row];
        ti_registry_lock(self);
        ti_profile_find_names(row, object_name);
        ti_registry_unlock();
    }
    ti_guard_unlock(&line->set->guard);
    if (is_there)
        ti_profile_sort_threads(row);
    return is_there;
}

/* ---- the order ---- */

/*
 *   lines         the longest time in all first
 *   lost_…        of waits that found no place, and of those whose thread found none
 */
typedef struct ti_profile_order {
    ti_profile_line *lines;
    size_t count;
    uint64_t lost_waits;
    int64_t lost_time;
    uint64_t lost_threads;
} ti_profile_order;

TI_COLD static void ti_profile_insert(ti_profile_order *order, ti_profile_line line)
{
    size_t place = order->count++;
    for (; place > 0 && order->lines[place - 1].total < line.total; place--)
        order->lines[place] = order->lines[place - 1];
    order->lines[place] = line;
}

TI_COLD static ti_profile_order ti_profile_find_order(ti_profile *profile, ti_self *self)
{
    ti_profile_order order = {.lines = profile->lines};
    for (size_t i = 0; i < TI_PROFILE_SETS; i++) {
        ti_profile_set *set = &profile->sets[i];
        ti_guard_lock(&set->guard, &self->parker);
        for (uint32_t row = 0; row < set->count; row++)
            ti_profile_insert(&order, (ti_profile_line){set->rows[row].total, set, row});
        order.lost_waits += set->lost_waits;
        order.lost_time += set->lost_time;
        ti_guard_unlock(&set->guard);
    }
    for (size_t i = 0; i < TI_PROFILE_PAIR_SETS; i++) {
        ti_guard_lock(&profile->pairs[i].guard, &self->parker);
        order.lost_threads += profile->pairs[i].lost_waits;
        ti_guard_unlock(&profile->pairs[i].guard);
    }
    return order;
}

/* ---- all of it ---- */

TI_COLD static void ti_profile_write_kinds(ti_text *text, const ti_profile_order *order, ti_self *self,
                                           bool is_short)
{
    ti_profile_row row;
    char name[TI_TEXT_NAME];
    ti_text_format(text, "total%>longest%>hold%>waits%>  %s\n",
                   is_short ? "what others had" : "what was to happen");
    for (size_t i = 0; i < order->count; i++)
        if (ti_profile_read(&order->lines[i], self, &row, name) &&
            ti_profile_is_among(row.on, TI_PROFILE_IS_SHORT) == is_short)
            ti_profile_write_row(text, &row, name);
}

TI_COLD static void ti_profile_write_lost(ti_text *text, const ti_profile_order *order)
{
    if (order->lost_waits > 0)
        ti_text_format(text, "%U waits more, %m ms in all, for objects that found no place here\n",
                       order->lost_waits, order->lost_time / 1000);
    if (order->lost_threads > 0)
        ti_text_format(text,
                       "%U waits of threads that are not among those that waited most, for want of place\n",
                       order->lost_threads);
}

TI_COLD static void ti_profile_write_title(ti_text *text, ti_profile *profile, ti_self *self)
{
    ti_guard_lock(&profile->guard, &self->parker);
    bool is_on = profile->stopped == TI_FOREVER;
    int64_t time = (is_on ? ti_port_now() : profile->stopped) - profile->started;
    ti_guard_unlock(&profile->guard);
    ti_text_format(text, "threading %s, %s: waits of %t, in milliseconds\n", threading_version(),
                   threading_backend(), time);
}

TI_COLD static void ti_profile_write(ti_text *text, ti_profile *profile)
{
    ti_self *self = ti_self_get();
    ti_profile_write_title(text, profile, self);
    ti_profile_order order = ti_profile_find_order(profile, self);
    ti_profile_write_kinds(text, &order, self, true);
    ti_profile_write_kinds(text, &order, self, false);
    ti_profile_write_lost(text, &order);
}

TI_COLD threading_status_t threading_profile_write(threading_write_t write, void *context)
{
    ti_text text;
    if (write == NULL)
        return TI_TELL(NULL, THREADING_INVALID);
    if (!ti_swap_acquire(&ti_profile_is_written, 0, 1))
        return THREADING_BUSY;
    ti_text_begin(&text, write, context);
    ti_profile *profile = ti_profile_get();
    if (profile != NULL)
        ti_profile_write(&text, profile);
    else
        ti_text_format(&text, "no profile was started\n");
    ti_text_flush(&text);
    ti_store_release(&ti_profile_is_written, 0);
    return THREADING_OK;
}

TI_COLD void ti_profile_reset_writer(void)
{
    ti_store_release(&ti_profile_is_written, 0);
}

#endif
