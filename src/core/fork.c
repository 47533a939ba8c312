/* SPDX-License-Identifier: MIT */
/*
 * Fork: in the child only the calling thread is left, and it is main.
 *
 * Before the fork the registry's, the locals' and the blocks' guards are taken, so that what they protect is whole in
 * the child; no other lock of the library is ever held while one of them is wanted, apart from a bucket's for
 * moments. The child makes the three guards and the parking lot new instead of unlocking them: nobody waits there
 * any more. Users' locks stay as they are, as in CPython: what a vanished thread held stays held.
 */
#include "atomic.h"
#include "bias.h"
#include "block.h"
#include "executor.h"
#include "fence.h"
#include "local.h"
#include "parking.h"
#include "port.h"
#include "registry.h"
#include "runtime.h"
#include "thread.h"

uint32_t ti_fork_family;

void ti_fork_prepare(void)
{
    ti_self *self = ti_self_get(); /* from here on a foreign thread is known, in the child as well */
    ti_local_lock(self);
    ti_registry_lock(self);
    ti_blocks_lock(self);
}

void ti_fork_parent(void)
{
    ti_blocks_unlock();
    ti_registry_unlock();
    ti_local_unlock();
}

static void ti_fork_forget_thread(ti_self *self, void *survivor)
{
    if (self == survivor)
        return;
    ti_local_abandon(self);
    ti_self_make_parker(self); /* its last user may have been in the middle of something */
    if (!ti_bias_keep(self))
        ti_self_free(self);
}

/* The objects of the threads that are gone: ended, for whoever still holds them. */
static void ti_fork_end_records(const threading_thread_t *survivor)
{
    for (threading_thread_t *record = ti_registry_first(), *next; record != NULL; record = next) {
        next = record->next;
        if (record == survivor)
            continue;
        ti_store_release(&record->state, TI_ENDED);
        threading_thread_free(record); /* the reference that the thread had */
    }
}

static void ti_fork_become_main(threading_thread_t *record)
{
    record->kind = TI_MAIN;
    record->daemon = false;
    (void)ti_name_give(record, "MainThread", NULL); /* without memory it keeps its name */
}

/* The object of the child's main thread: the forker's own; a foreign one becomes a main thread in every
 * respect. */
static threading_thread_t *ti_fork_main_record(ti_self *self)
{
    if (self->record == NULL)
        self->record = ti_thread_allocate(TI_MAIN, "MainThread", NULL);
    if (self->record == NULL)
        self->record = &ti_thread_main_record; /* no memory: the old main's object stands for the new one */
    threading_thread_t *record = self->record;
    if (record->kind == TI_DUMMY)
        ti_fork_become_main(record);
    record->ident = self->fast.ident;
    record->native_id = ti_port_native_id();
    record->reap = TI_REAPED;
    ti_store_release(&record->state, TI_RUNNING);
    return record;
}

void ti_fork_child(void)
{
    ti_self *self = (ti_self *)ti_port_self();
    ti_fork_family++;
    ti_blocks_reset_guard();
    ti_registry_reset_guard();
    ti_local_reset_guard();
    ti_parking_reset();
    ti_fence_reset();
    ti_shutdown_reset();
    ti_executors_reset();
    self->executor = NULL;
    ti_self_make_parker(self);
    ti_registry_for_each(ti_fork_forget_thread, self);
    ti_fork_end_records(self->record);
    ti_registry_reset(self, ti_fork_main_record(self));
}
