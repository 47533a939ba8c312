/* SPDX-License-Identifier: MIT */
#include "blocked.h"

#include "atomic.h"
#include "self.h"

#if !defined(THREADING_NO_DIAGNOSIS)

static uintptr_t ti_blocked_watcher_now; /* a ti_blocked_watcher, or 0 */

/* A moment is in two words: not every system has atomic ones of 64 bits. */
static void ti_moment_store(uint32_t *halves, int64_t moment)
{
    ti_store_release(&halves[0], (uint32_t)((uint64_t)moment >> 32));
    ti_store_release(&halves[1], (uint32_t)moment);
}

static int64_t ti_moment_load(const uint32_t *halves)
{
    uint64_t upper = ti_load_acquire(&halves[0]);
    return (int64_t)(upper << 32 | ti_load_acquire(&halves[1]));
}

/* Acquire, here and below: pairs with ti_blocked_watch, for what the watcher uses. */
static ti_blocked_watcher *ti_blocked_watched(void)
{
    return (ti_blocked_watcher *)ti_load_pointer_acquire(&ti_blocked_watcher_now);
}

static void ti_blocked_show(ti_blocked *blocked, int64_t since, int64_t until)
{
    ti_store_release(&blocked->shown_on, blocked->on);
    ti_store_pointer_release(&blocked->shown_object, (uintptr_t)blocked->object);
    ti_moment_store(blocked->since, since);
    ti_moment_store(blocked->until, until);
}

/* Relaxed, here and below, of the own version: only its thread changes it. */
void ti_blocked_begin(ti_self *self, int64_t until)
{
    ti_blocked *blocked = &self->blocked;
    ti_blocked_show(blocked, ti_port_now(), until);
    /* Release: the table in blocked.h. */
    ti_store_release(&blocked->version, ti_load_relaxed(&blocked->version) + 1);
}

/* A waker that came before the sleep, to which it was no waker, is not told. */
static void ti_blocked_tell(ti_self *self, ti_blocked_watcher *watcher)
{
    ti_news news = {.kind = TI_NEWS_SLEPT, .view = ti_blocked_read(self), .now = ti_port_now()};
    /* Acquire: pairs with the release in ti_blocked_wake, for the moment. */
    uint32_t waker = ti_load_acquire(&self->blocked.waker);
    news.woken_at = ti_moment_load(self->blocked.woken_at);
    news.waker = news.woken_at >= news.view.since ? waker : 0;
    watcher(self, &news);
}

void ti_blocked_end(ti_self *self)
{
    ti_blocked_watcher *watcher = ti_blocked_watched();
    if (watcher != NULL)
        ti_blocked_tell(self, watcher);
    /* Relaxed: the fields' next stores are releases, and keep it before them. */
    ti_store_relaxed(&self->blocked.version, ti_load_relaxed(&self->blocked.version) + 1);
}

void ti_blocked_wake(ti_self *woken)
{
    if (ti_blocked_watched() == NULL)
        return;
    ti_moment_store(woken->blocked.woken_at, ti_port_now());
    ti_store_release(&woken->blocked.waker, ti_self_get()->fast.ident);
}

TI_COLD void ti_blocked_counted(ti_self *self, ti_on on, const void *object, size_t items)
{
    ti_blocked_watcher *watcher = ti_blocked_watched();
    if (watcher == NULL)
        return;
    ti_news news = {.kind = TI_NEWS_ITEMS, .view = {.on = on, .object = object}, .items = items};
    news.now = ti_port_now();
    watcher(self, &news);
}

TI_COLD void ti_blocked_leave(ti_self *self)
{
    ti_blocked_watcher *watcher = ti_blocked_watched();
    if (watcher == NULL)
        return;
    ti_news news = {.kind = TI_NEWS_ENDS, .now = ti_port_now()};
    watcher(self, &news);
}

ti_blocked_view ti_blocked_read(const ti_self *self)
{
    const ti_blocked *blocked = &self->blocked;
    for (;;) {
        uint32_t first = ti_load_acquire(&blocked->version);
        if (first % 2 == 0)
            return (ti_blocked_view){.on = TI_ON_NOTHING, .version = first};
        ti_blocked_view view = {
            .on = (ti_on)ti_load_acquire(&blocked->shown_on),
            .object = (const void *)ti_load_pointer_acquire(&blocked->shown_object),
            .since = ti_moment_load(blocked->since),
            .until = ti_moment_load(blocked->until),
            .version = first,
        };
        /* Relaxed: the acquires above keep it behind them. */
        if (ti_load_relaxed(&blocked->version) == first)
            return view;
    }
}

void ti_blocked_watch(ti_blocked_watcher *watcher)
{
    /* Release: pairs with ti_blocked_watched. */
    ti_store_pointer_release(&ti_blocked_watcher_now, (uintptr_t)watcher);
}

#endif
