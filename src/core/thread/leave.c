/* SPDX-License-Identifier: MIT */
#include "leave.h"

#include "bias.h"
#include "block.h"
#include "calls.h"
#include "deadlock.h"
#include "foreign.h"
#include "local.h"
#include "registry.h"
#include "thread.h"

TI_COLD void ti_leave_retire(ti_self *self)
{
    ti_foreign_remove(self);
    ti_registry_remove(self);
    ti_deadlock_owner_ended(self);
    if (self->record != NULL)
        ti_thread_set_ended(self->record);
}

TI_COLD void ti_leave_end(ti_self *self)
{
    ti_local_finish(self);
    ti_blocks_leave(self);
    ti_registry_lock(self);
    threading_thread_t *record = self->record;
    bool is_kept = ti_bias_keep(self);
    ti_registry_unlock();
    if (record != NULL)
        ti_thread_leave(record);
    if (!is_kept)
        ti_self_free(self);
}

TI_COLD void ti_leave(void *pointer)
{
    ti_self *self = (ti_self *)pointer;
    ti_calls_abandon(self, 0); /* the thread has ended inside of them, in the platform's own way */
    ti_foreign_sweep(self);
    ti_local_finish(self);
    ti_blocks_leave(self);
    ti_blocked_leave(self);
    threading_thread_t *record = self->record; /* only now: a finaliser may have asked for a Dummy */
    ti_registry_lock(self);
    ti_leave_retire(self);
    bool is_kept = ti_bias_keep(self);
    ti_registry_unlock();
    if (record != NULL)
        ti_thread_leave(record);
    ti_self_show(NULL);
    if (!is_kept)
        ti_self_free(self);
}
