/* SPDX-License-Identifier: MIT */
#include "profile.h"

#if !defined(THREADING_NO_DIAGNOSIS)

#include "atomic.h"
#include "look.h"
#include "memory.h"
#include "registry.h"
#include "watch.h"

static uintptr_t ti_profile_memory; /* a ti_profile, or 0 */

TI_COLD ti_profile *ti_profile_get(void)
{
    /* Acquire: pairs with the swap in ti_profile_provide. */
    return (ti_profile *)ti_load_pointer_acquire(&ti_profile_memory);
}

/* ---- a wait ---- */

/* Things that live for one wait would fill the table, and say little one by one. */
TI_COLD static const void *ti_profile_object(const ti_blocked_view *view)
{
    return view->on == TI_ON_FUTURE || view->on == TI_ON_THREAD || view->on == TI_ON_ANY ? NULL
                                                                                         : view->object;
}

/* Hashed as in parking.h. */
TI_COLD static size_t ti_profile_hash(const void *object, uint32_t number, size_t sets)
{
    uint64_t product = ((uintptr_t)object ^ (uint64_t)number << 40) * UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(product >> 40) % sets;
}

TI_COLD static int64_t ti_profile_later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* How long a wait was, since the profile began. */
TI_COLD static int64_t ti_profile_time(const ti_news *news, int64_t started)
{
    return ti_profile_later(0, news->now - ti_profile_later(news->view.since, started));
}

/* Under the set's guard: the place of a thread's time on an object. NULL: there is none. */
TI_COLD TI_NOINLINE static ti_profile_pair *ti_profile_pair_of(ti_profile_pairs *set, const void *object,
                                                               ti_on on, uint32_t ident)
{
    for (uint32_t i = 0; i < set->count; i++) {
        ti_profile_pair *pair = &set->pairs[i];
        if (pair->object == object && pair->on == on && pair->ident == ident)
            return pair;
    }
    if (set->count == TI_PROFILE_PAIRS)
        return NULL;
    ti_profile_pair *pair = &set->pairs[set->count++];
    *pair = (ti_profile_pair){.object = object, .on = on, .ident = ident};
    return pair;
}

/* How long the thread has waited for the object in all, this wait included; -1: that is not known. */
TI_COLD static int64_t ti_profile_add_to_pair(ti_profile *profile, ti_self *self, const ti_news *news)
{
    const void *object = ti_profile_object(&news->view);
    uint32_t ident = self->fast.ident;
    ti_profile_pairs *set = &profile->pairs[ti_profile_hash(object, ident, TI_PROFILE_PAIR_SETS)];
    ti_guard_lock(&set->guard, &self->parker);
    ti_profile_pair *pair = ti_profile_pair_of(set, object, news->view.on, ident);
    if (pair != NULL)
        pair->total += ti_profile_time(news, set->started);
    else
        set->lost_waits++;
    int64_t total = pair != NULL ? pair->total : -1;
    ti_guard_unlock(&set->guard);
    return total;
}

/* All below under the guard of the row's set. */

TI_COLD TI_NOINLINE static ti_profile_row *ti_profile_row_of(ti_profile_set *set, const void *object,
                                                             ti_on on)
{
    for (uint32_t i = 0; i < set->count; i++)
        if (set->rows[i].object == object && set->rows[i].on == on)
            return &set->rows[i];
    if (set->count == TI_PROFILE_ROWS)
        return NULL;
    ti_profile_row *row = &set->rows[set->count++];
    *row = (ti_profile_row){.object = object, .on = on};
    return row;
}

/* No total ever shrinks, so who belongs to the first is found when a total grows. */
TI_COLD static void ti_profile_rank(ti_profile_row *row, uint32_t ident, int64_t total)
{
    ti_profile_thread *place = &row->threads[0];
    for (size_t i = 0; i < TI_PROFILE_MOST; i++) {
        if (row->threads[i].ident == ident) {
            row->threads[i].total = total;
            return;
        }
        if (row->threads[i].total < place->total || row->threads[i].ident == 0)
            place = &row->threads[i];
        if (place->ident == 0)
            break;
    }
    if (place->ident == 0 || total > place->total) {
        place->ident = ident;
        place->total = total;
        place->name[0] = '\0';
    }
}

/* A hold ends with the wake. It began with the sleep, or with an earlier wake at the same object. */
TI_COLD static void ti_profile_see_hold(ti_profile_row *row, const ti_news *news, int64_t started)
{
    int64_t since = ti_profile_later(ti_profile_later(news->view.since, started), row->released);
    int64_t end = news->waker != 0 ? news->woken_at : news->now;
    row->hold = ti_profile_later(row->hold, end - since);
    if (news->waker != 0)
        row->released = ti_profile_later(row->released, news->woken_at);
}

TI_COLD static void ti_profile_add(ti_profile_row *row, const ti_news *news, int64_t started)
{
    int64_t time = ti_profile_time(news, started);
    row->waits++;
    row->total += time;
    row->longest = ti_profile_later(row->longest, time);
    ti_profile_see_hold(row, news, started);
}

TI_COLD static void ti_profile_slept(ti_profile *profile, ti_self *self, const ti_news *news)
{
    const void *object = ti_profile_object(&news->view);
    int64_t total = ti_profile_add_to_pair(profile, self, news);
    ti_profile_set *set = &profile->sets[ti_profile_hash(object, 0, TI_PROFILE_SETS)];
    ti_guard_lock(&set->guard, &self->parker);
    ti_profile_row *row = ti_profile_row_of(set, object, news->view.on);
    if (row != NULL) {
        ti_profile_add(row, news, set->started);
        if (total >= 0)
            ti_profile_rank(row, self->fast.ident, total);
    } else {
        set->lost_waits++;
        set->lost_time += ti_profile_time(news, set->started);
    }
    ti_guard_unlock(&set->guard);
}

/* ---- the end of a thread, whose name is kept ---- */

TI_COLD TI_NOINLINE static void ti_profile_name(ti_profile_row *row, uint32_t ident, const char *name)
{
    for (size_t i = 0; i < TI_PROFILE_MOST; i++)
        if (row->threads[i].ident == ident)
            ti_text_copy_name(row->threads[i].name, name);
}

TI_COLD static void ti_profile_ends(ti_profile *profile, ti_self *self)
{
    char name[TI_TEXT_NAME];
    ti_registry_lock(self);
    ti_look_copy_name(name, self);
    ti_registry_unlock();
    for (size_t i = 0; i < TI_PROFILE_SETS; i++) {
        ti_profile_set *set = &profile->sets[i];
        ti_guard_lock(&set->guard, &self->parker);
        for (uint32_t row = 0; row < set->count; row++)
            ti_profile_name(&set->rows[row], self->fast.ident, name);
        ti_guard_unlock(&set->guard);
    }
}

TI_COLD void ti_profile_hear(ti_self *self, const ti_news *news)
{
    ti_profile *profile = ti_profile_get();
    if (profile != NULL && news->kind == TI_NEWS_SLEPT)
        ti_profile_slept(profile, self, news);
    else if (profile != NULL && news->kind == TI_NEWS_ENDS)
        ti_profile_ends(profile, self);
}

/* ---- start and stop ---- */

/* NULL: memory is out. */
TI_COLD static ti_profile *ti_profile_provide(void)
{
    ti_profile *profile = ti_profile_get();
    if (profile != NULL)
        return profile;
    profile = (ti_profile *)ti_memory_keep(sizeof *profile);
    /* Release: pairs with the acquire in ti_profile_get. */
    if (profile == NULL || ti_swap_pointer_release(&ti_profile_memory, 0, (uintptr_t)profile))
        return profile;
    ti_memory_end(profile, sizeof *profile); /* another thread was faster */
    return ti_profile_get();
}

/* A thread that is just telling of a wait may do so before or after. */
TI_COLD static void ti_profile_empty(ti_profile *profile, ti_self *self, int64_t now)
{
    for (size_t i = 0; i < TI_PROFILE_PAIR_SETS; i++) {
        ti_profile_pairs *set = &profile->pairs[i];
        ti_guard_lock(&set->guard, &self->parker);
        set->started = now;
        set->count = 0;
        set->lost_waits = 0;
        ti_guard_unlock(&set->guard);
    }
    for (size_t i = 0; i < TI_PROFILE_SETS; i++) {
        ti_profile_set *set = &profile->sets[i];
        ti_guard_lock(&set->guard, &self->parker);
        set->started = now;
        set->count = 0;
        set->lost_waits = 0;
        set->lost_time = 0;
        ti_guard_unlock(&set->guard);
    }
}

TI_COLD threading_status_t threading_profile_start(void)
{
    ti_self *self = ti_self_get();
    ti_profile *profile = ti_profile_provide();
    if (profile == NULL)
        return THREADING_NO_MEMORY;
    int64_t now = ti_port_now();
    ti_guard_lock(&profile->guard, &self->parker);
    profile->started = now;
    profile->stopped = TI_FOREVER;
    ti_guard_unlock(&profile->guard);
    ti_profile_empty(profile, self, now);
    ti_watch_begin(self, TI_WATCH_PROFILE);
    return THREADING_OK;
}

TI_COLD threading_status_t threading_profile_stop(void)
{
    ti_self *self = ti_self_get();
    ti_profile *profile = ti_profile_get();
    ti_watch_end(self, TI_WATCH_PROFILE);
    if (profile == NULL)
        return THREADING_OK;
    ti_guard_lock(&profile->guard, &self->parker);
    if (profile->stopped == TI_FOREVER)
        profile->stopped = ti_port_now();
    ti_guard_unlock(&profile->guard);
    return THREADING_OK;
}

TI_COLD void ti_profile_reset(void)
{
    ti_profile *profile = ti_profile_get();
    ti_profile_reset_writer();
    if (profile == NULL)
        return;
    ti_guard_reset(&profile->guard);
    profile->stopped = profile->started;
    for (size_t i = 0; i < TI_PROFILE_PAIR_SETS; i++)
        ti_guard_reset(&profile->pairs[i].guard);
    for (size_t i = 0; i < TI_PROFILE_SETS; i++) {
        ti_guard_reset(&profile->sets[i].guard);
        profile->sets[i].count = 0;
        profile->sets[i].lost_waits = 0;
        profile->sets[i].lost_time = 0;
    }
}

TI_COLD void ti_profile_unload(void)
{
    ti_profile *profile = ti_profile_get();
    if (profile != NULL)
        ti_memory_end(profile, sizeof *profile);
    ti_store_pointer_relaxed(&ti_profile_memory, 0); /* relaxed: no thread is known */
}

#endif
