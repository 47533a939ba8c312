/* SPDX-License-Identifier: MIT */
#include "hooks.h"

#include "atomic.h"
#include "debug.h"
#include "fence.h"
#include "foreign.h"
#include "leave.h"
#include "phase.h"
#include "port.h"
#include "processors.h"
#include "registry.h"
#include "roll.h"
#include "thread.h"

static uint32_t ti_hooks_started;
static uint32_t ti_hooks_exit; /* for as long as the code is loaded */

/* Two threads at once may both register it: running it more than once does no harm. */
static bool ti_hooks_at_exit(void)
{
    if (ti_load_acquire(&ti_hooks_exit))
        return true;
    /* Twice: see shutdown.c. NOLINTNEXTLINE(misc-redundant-expression) */
    bool hooked = ti_port_at_exit(ti_shutdown_at_exit) && ti_port_at_exit(ti_shutdown_at_exit);
    if (hooked)
        ti_store_release(&ti_hooks_exit, 1);
    return hooked;
}

TI_COLD bool ti_hooks_start(void)
{
    if (ti_load_acquire(&ti_hooks_started))
        return true;
    ti_fence_decide();
    ti_processors_decide();
    /* Without hooks around fork a child would find guards held: a start is refused then, and tried again. */
    bool started = ti_port_pin() && ti_port_at_fork() && ti_hooks_at_exit();
    if (started)
        ti_store_release(&ti_hooks_started, 1); /* pairs with the acquire above */
    ti_debug_start();
    return started;
}

TI_COLD void ti_hooks_begin_main(ti_self *self)
{
    self->record = ti_roll_main();
    self->fast.ident = self->record->ident;
    ti_store_pointer_relaxed(&self->record->handle, ti_port_handle()); /* relaxed: a number by itself */
}

TI_COLD void ti_hooks_first_call(ti_self *self)
{
    if (self->record != ti_roll_main()) {
        uint64_t life = ti_port_life();
        ti_registry_lock(self);
        ti_foreign_add(self, life);
        ti_registry_unlock();
    }
    ti_debug_begin();
    /* From here on the C library may allocate, whose malloc may call back: the thread is known and
     * complete. */
    (void)ti_port_set_self(self, ti_leave); /* whether it will be called: foreign.h */
    (void)ti_hooks_start();                 /* asked again, and answered for, by threading_thread_start */
}

TI_COLD void ti_hooks_forked(void)
{
    ti_debug_forked();
    ti_store_release(&ti_hooks_started, 0);
}

TI_COLD void ti_hooks_reset(void)
{
    ti_self_reset();
    ti_store_release(&ti_hooks_started, 0);
    ti_phase_forget_use(); /* last: then nothing is left of the use before */
}
