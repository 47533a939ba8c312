/* SPDX-License-Identifier: MIT */
/*
 * The end of a copy of the library that the process outlives: what a plugin does before it is unloaded.
 *
 * The code of a copy in a shared object is kept loaded from the first use on (port.h, 7), since threads may
 * be in it, and the system is to call it at their ends. Here all that can bring anybody into the code is
 * taken back, or, if a thread may be in it, nothing. The hooks of exit and fork stay registered for as long
 * as the code is loaded: when nothing is used they do nothing. Memory goes back to the system unless the
 * program itself is the copy's home: then it waits for the next use.
 */
#include "bias.h"
#include "block.h"
#include "debug.h"
#include "foreign.h"
#include "hooks.h"
#include "local.h"
#include "names.h"
#include "native.h"
#include "parking.h"
#include "phase.h"
#include "port.h"
#include "registry.h"
#include "roll.h"
#include "thread.h"
#include "watch.h"

static bool ti_unload_is_awaited(void)
{
    for (size_t i = 0; i < sizeof threading_buckets / sizeof *threading_buckets; i++)
        if (ti_parking_may_be_awaited(&threading_buckets[i]))
            return true;
    return false;
}

/* Whether a thread may be in this code, or come back to it by a return. */
static bool ti_unload_is_busy(const ti_self *self)
{
    bool was_started_here = self->record != NULL && self->record->kind == TI_STARTED_HERE;
    return was_started_here || !ti_natives_are_gone() || ti_unload_is_awaited() || ti_phase_is_exiting() ||
           !ti_port_is_idle();
}

/* A thread that was not started here, the calling one too: it is not known any more. What it has is put
 * off, since guards are held. */
TI_COLD static void ti_unload_thread(ti_self *self, void *unused)
{
    (void)unused;
    threading_thread_t *record = self->record;
    bool is_gone = ti_self_is_gone(self);
    ti_local_abandon(self);
    ti_foreign_remove(self);
    if (record != NULL && record != ti_roll_main()) {
        ti_store_release(&record->state, TI_ENDED);
        ti_roll_unlist(record);
        ti_thread_give_back_later(record);
    }
    ti_self_unload(self, is_gone);
}

TI_COLD static void ti_unload_blocks(ti_self *self, void *unused)
{
    (void)unused;
    ti_blocks_leave(self);
}

static void ti_unload_threads(ti_self *self)
{
    ti_registry_for_each(ti_unload_blocks, NULL);
    ti_local_lock(self);
    ti_registry_lock(self);
    ti_registry_for_each(ti_unload_thread, NULL);
    ti_registry_forget();
    ti_bias_forget();
    ti_registry_unlock();
    ti_local_unlock();
    ti_thread_settle();
}

static void ti_unload_memory(void)
{
    ti_local_unload();
    ti_blocks_forget();
    ti_name_reset();
    ti_names_forget();
    ti_self_unload_all();
}

TI_COLD threading_status_t threading_unload(void)
{
    if (ti_port_home() == TI_HOME_KEPT)
        return THREADING_UNSUPPORTED;
    if (!ti_phase_is_used())
        return THREADING_OK;
    ti_self *self = ti_self_get();
    if (ti_unload_is_busy(self))
        return THREADING_BUSY;
    ti_foreign_sweep(self);
    ti_port_forget_selves(); /* first: from here on the end of a thread is not told */
    ti_unload_threads(self);
    ti_watch_unload();
    ti_debug_end();
    if (ti_port_home() != TI_HOME_PROGRAM)
        ti_unload_memory();
    ti_hooks_reset();
    ti_port_unpin();
    return THREADING_OK;
}
