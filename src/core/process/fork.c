/* SPDX-License-Identifier: MIT */
/*
 * Fork: in the child only the calling thread is left, and it is main.
 *
 * Before the fork the locals', the registry's and the blocks' guards are taken, so that what they protect
 * is whole in the child. A thread that holds one of the three waits for nothing but the next of them, or a
 * bucket's guard, so the forker gets all. The child makes the three guards and the parking lot new instead
 * of unlocking them: nobody waits there any more. Users' locks stay as they are, as in CPython: what a
 * vanished thread held stays held.
 *
 * The hooks are registered when the code is loaded, so users' prepare handlers run before the guards are
 * taken, and their other handlers after the guards are free again: in all of them every call works. What
 * they hold meanwhile the hooks must not want. That may be the lock of an allocator: the hooks allocate
 * nothing, and what they would give back they put off. There are two exceptions: see ti_fork_spare, and a
 * forker that was unknown is made known, for which the C library needs memory if it has given a thread-
 * local key beyond its first (32 in glibc). And they run in processes that never use the library: there a
 * fork costs three swaps.
 */
#include "atomic.h"
#include "bias.h"
#include "block.h"
#include "dump.h"
#include "executor.h"
#include "fence.h"
#include "foreign.h"
#include "hooks.h"
#include "local.h"
#include "native.h"
#include "parking.h"
#include "phase.h"
#include "port.h"
#include "registry.h"
#include "roll.h"
#include "thread.h"
#include "watch.h"

/* ---- before the fork, and in the parent ---- */

/* Only a known thread can wait for a guard; this one need not be known to take those that are free. */
static bool ti_fork_try_guards(void)
{
    if (!ti_local_try_lock())
        return false;
    if (ti_registry_try_lock()) {
        if (ti_blocks_try_lock())
            return true;
        ti_registry_unlock();
    }
    ti_local_unlock();
    return false;
}

/* Whether nothing is used, and the guards are taken. It is asked again under them: a thread that becomes
 * known has said so before it takes the registry's. */
static bool ti_fork_of_unused(void)
{
    if (ti_phase_is_used() || !ti_fork_try_guards())
        return false;
    bool is_used = ti_phase_is_used();
    if (is_used)
        ti_fork_parent();
    return !is_used;
}

TI_COLD void ti_fork_prepare(void)
{
    if (ti_fork_of_unused())
        return;
    ti_self *self = ti_self_get(); /* from here on a foreign thread is known, in the child as well */
    ti_local_lock(self);
    ti_registry_lock(self);
    ti_blocks_lock(self);
}

TI_COLD void ti_fork_parent(void)
{
    ti_blocks_unlock();
    ti_registry_unlock();
    ti_local_unlock();
}

/* ---- in the child: the threads that are gone ---- */

TI_COLD static void ti_fork_forget_thread(ti_self *self, void *survivor)
{
    if (self == survivor)
        return;
    ti_local_abandon(self);
    ti_self_make_parker(self); /* its last user may have been in the middle of something */
    if (!ti_bias_keep(self))
        ti_self_free(self);
}

/* The objects of the threads that are gone: ended, for whoever still holds them. A main that has left stays
 * listed, and has given its own reference back. */
static void ti_fork_end_records(const threading_thread_t *survivor)
{
    for (threading_thread_t *record = ti_roll_first(), *next; record != NULL; record = next) {
        next = record->next;
        if (record == survivor)
            continue;
        bool has_left = ti_load_relaxed(&record->state) == TI_ENDED; /* relaxed: the child has one thread */
        ti_store_release(&record->state, TI_ENDED);
        if (record == ti_roll_main())
            ti_thread_give_back_later(record); /* the process's reference */
        if (!has_left)
            ti_thread_give_back_later(record); /* the reference that the thread had */
    }
}

/* ---- in the child: its main ---- */

/*
 * An object and a name for the first foreign thread that forks without having them: in the hook there is no
 * memory. There is one of each. A foreign thread that forks in such a child gets memory all the same; a
 * handler that holds an allocator's lock over that second fork too is not known.
 */
static bool ti_fork_spare_is_used;
static ti_name ti_fork_spare_name = {NULL, "MainThread", true};
static threading_thread_t ti_fork_spare = {
    .references = 1,
    .kind = TI_MAIN,
    .options_status = THREADING_OK,
    .is_static = true,
    .name = &ti_fork_spare_name,
};

static bool ti_fork_take_spare(void)
{
    bool is_free = !ti_fork_spare_is_used;
    ti_fork_spare_is_used = true;
    return is_free;
}

/* Without memory the first main's object stands for the new one. */
static threading_thread_t *ti_fork_new_record(void)
{
    if (ti_fork_take_spare())
        return &ti_fork_spare;
    threading_thread_t *record = ti_thread_allocate(TI_MAIN, "MainThread", NULL);
    return record != NULL ? record : &ti_thread_main_record;
}

/* Without memory it keeps its name. */
static void ti_fork_become_main(threading_thread_t *record)
{
    record->kind = TI_MAIN;
    record->daemon = false;
    if (ti_fork_take_spare())
        ti_name_push(record, &ti_fork_spare_name);
    else
        (void)ti_name_give(record, "MainThread", NULL);
}

/* The object of the child's main thread: the forker's own; a foreign one becomes a main thread in every
 * respect. The process has a reference to it. */
static threading_thread_t *ti_fork_main_record(ti_self *self)
{
    if (self->record == NULL)
        self->record = ti_fork_new_record();
    threading_thread_t *record = self->record;
    if (record->kind == TI_DUMMY)
        ti_fork_become_main(record);
    if (record != ti_roll_main())
        (void)threading_thread_retain(record);
    record->ident = self->fast.ident;
    record->native_id = ti_port_native_id();
    record->handle = ti_port_handle();
    record->reap = TI_REAPED;
    ti_store_release(&record->state, TI_RUNNING);
    return record;
}

static void ti_fork_of_known(ti_self *self)
{
    ti_parking_reset();
    ti_fence_reset();
    ti_phase_reset();
    ti_executors_reset();
    ti_natives_reset();
    self->executor = NULL;
    ti_self_make_parker(self);
    ti_foreign_reset(self);
    ti_registry_for_each(ti_fork_forget_thread, self);
    threading_thread_t *record =
        ti_fork_main_record(self); /* first: it may be the old main's, which then goes on */
    ti_fork_end_records(record);
    ti_registry_forget();
    ti_registry_add(self);
    ti_roll_reset(record);
}

/* A child in which nothing was used has nothing to forget but a first use that was just beginning. */
TI_COLD void ti_fork_child(void)
{
    ti_self *self = ti_self_known();
    ti_phase_family++;
    ti_dump_reset();
    ti_hooks_forked();
    ti_blocks_reset_guard();
    ti_registry_reset_guard();
    ti_local_reset_guard();
    ti_watch_reset();
    if (self != NULL)
        ti_fork_of_known(self);
    else
        ti_hooks_reset();
}
