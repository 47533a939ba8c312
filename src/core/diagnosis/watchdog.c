/* SPDX-License-Identifier: MIT */
#include "watchdog.h"

#if !defined(THREADING_NO_DIAGNOSIS)

#include "look.h"
#include "native.h"
#include "registry.h"

#define TI_WATCHDOG_PAUSE 100000000   /* nanoseconds between two looks */
#define TI_WATCHDOG_STACK (64 * 1024) /* bytes: a dump needs some kilobytes */

static struct {
    int64_t limit;
    threading_write_t write;
    void *context;
    uint32_t requests; /* that were answered */
    bool is_due;       /* a dump */
    ti_port_thread native;
} ti_watchdog;

/* A thread that sleeps, or is idle, waits for nobody. */
TI_COLD static bool ti_watchdog_is_wait(ti_on on)
{
    return on != TI_ON_NOTHING && on != TI_ON_SLEEP && on != TI_ON_TIMER && on != TI_ON_WORK &&
           on != TI_ON_EXIT;
}

/* Whether a wait is too long, which was not told before. Under the registry's guard. */
TI_COLD static bool ti_watchdog_is_due(ti_self *self, int64_t now)
{
    ti_blocked_view view = ti_blocked_read(self);
    if (!ti_watchdog_is_wait(view.on) || now - view.since < ti_watchdog.limit ||
        self->blocked.dumped == view.version)
        return false;
    self->blocked.dumped = view.version;
    return true;
}

TI_COLD static bool ti_watchdog_finds_wait(void)
{
    bool found = false;
    int64_t now = ti_port_now();
    if (ti_watchdog.limit == TI_FOREVER || !ti_registry_lock_for_a_while())
        return false;
    for (ti_self *self = ti_registry_after(0); self != NULL; self = ti_registry_after(self->fast.ident))
        found = ti_watchdog_is_due(self, now) || found;
    ti_registry_unlock();
    return found;
}

TI_COLD static bool ti_watchdog_is_asked(void)
{
    uint32_t requests = ti_port_requests();
    bool is_asked = requests != ti_watchdog.requests;
    ti_watchdog.requests = requests;
    return is_asked;
}

static void ti_watchdog_write(void *context, const char *text, size_t length)
{
    ti_watchdog.is_due = false;
    ti_watchdog.write(context, text, length);
}

/* A dump that writes nothing has been refused, since another one was under way: then it is due again. */
TI_COLD static void ti_watchdog_run(void *unused)
{
    (void)unused;
    ti_port_leave_signals();
    for (;;) {
        ti_port_sleep(ti_port_now() + TI_WATCHDOG_PAUSE);
        bool is_asked = ti_watchdog_is_asked(); /* first: both are answered by one dump */
        ti_watchdog.is_due = ti_watchdog_finds_wait() || is_asked || ti_watchdog.is_due;
        if (ti_watchdog.is_due)
            (void)threading_dump(ti_watchdog_write, ti_watchdog.context);
    }
}

TI_COLD bool ti_watchdog_start(int64_t limit, threading_write_t write, void *context)
{
    ti_watchdog.limit = limit;
    ti_watchdog.write = write;
    ti_watchdog.context = context;
    ti_watchdog.requests = ti_port_requests();
    size_t stack_size = ti_port_has_stack_size ? TI_WATCHDOG_STACK : 0;
    /* As any thread that was started: the code is not unloaded while it runs there. */
    return ti_native_start(&ti_watchdog.native, ti_watchdog_run, NULL, stack_size) == THREADING_OK;
}

#endif
