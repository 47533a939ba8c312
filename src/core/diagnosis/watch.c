/* SPDX-License-Identifier: MIT */
#include "watch.h"

#if !defined(THREADING_NO_DIAGNOSIS)

#include "atomic.h"
#include "blocked.h"
#include "guard.h"
#include "profile.h"
#include "trace.h"

static ti_guard ti_watch_guard;
static uint32_t ti_watch_whom; /* TI_WATCH_…; changes under the guard, is read without */

TI_COLD static void ti_watch_tell(ti_self *self, const ti_news *news)
{
    /* Acquire: pairs with ti_watch_set. */
    uint32_t whom = ti_load_acquire(&ti_watch_whom);
    if (whom & TI_WATCH_PROFILE)
        ti_profile_hear(self, news);
    if (whom & TI_WATCH_TRACE)
        ti_trace_hear(self, news);
}

/* Under the guard, or in the process's only thread. */
TI_COLD static void ti_watch_set(uint32_t whom)
{
    /* Release: pairs with the acquire in ti_watch_tell, for the memory of those who are told. */
    ti_store_release(&ti_watch_whom, whom);
    ti_blocked_watch(whom != 0 ? ti_watch_tell : NULL);
}

TI_COLD void ti_watch_begin(ti_self *self, uint32_t whom)
{
    ti_guard_lock(&ti_watch_guard, &self->parker);
    ti_watch_set(ti_load_relaxed(&ti_watch_whom) | whom); /* relaxed: under the guard */
    ti_guard_unlock(&ti_watch_guard);
}

TI_COLD void ti_watch_end(ti_self *self, uint32_t whom)
{
    ti_guard_lock(&ti_watch_guard, &self->parker);
    ti_watch_set(ti_load_relaxed(&ti_watch_whom) & ~whom); /* relaxed: under the guard */
    ti_guard_unlock(&ti_watch_guard);
}

TI_COLD void ti_watch_reset(void)
{
    ti_guard_reset(&ti_watch_guard);
    ti_watch_set(0);
    ti_profile_reset();
    ti_trace_reset();
}

TI_COLD void ti_watch_unload(void)
{
    ti_watch_set(0);
    ti_profile_unload();
    ti_trace_unload();
}

#endif
