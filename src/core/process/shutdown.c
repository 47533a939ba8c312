/* SPDX-License-Identifier: MIT */
/*
 * The end of the process: wait for the threads that are no daemons.
 *
 * exit() may be called by any thread, by two at once, and by one that another exiting thread waits for. C
 * libraries differ in what they do then: glibc before 2.41, musl before 1.2.6 and macOS let the second caller
 * run the remaining handlers and end the process under the first one's feet; later ones make it wait for
 * ever. So the thread that reaches the hook first owns the exit. The hook is registered twice, so that a
 * second caller meets it too, at whatever moment it comes; it leaves the set of threads that are waited for,
 * puts a hook there for the next one, and sleeps until the process is gone.
 *
 * Nothing is freed or torn down: daemons go on using the library until the process is gone.
 */
#include <stdlib.h>

#include "atomic.h"
#include "calls.h"
#include "deadlock.h"
#include "debug.h"
#include "executor.h"
#include "hooks.h"
#include "native.h"
#include "parking.h"
#include "phase.h"
#include "port.h"
#include "registry.h"
#include "roll.h"
#include "thread.h"

static uint32_t ti_shutdown_count; /* under the registry's guard: numbers the waits */

/* ---- the wait ---- */

static bool ti_is_waited_for(const threading_thread_t *record, const ti_self *self, uint32_t number)
{
    uint32_t state = ti_load_relaxed(&record->state); /* relaxed: its last change comes under the guard */
    return (state == TI_STARTING || state == TI_RUNNING) &&
           (record->is_worker || !threading_thread_daemon(record)) && record != ti_roll_main() &&
           record != self->record && record->left_out != number;
}

/* The next thread to wait for, retained. NULL: none is left, and at exit none can be started any more. */
static threading_thread_t *ti_shutdown_next(ti_self *self, uint32_t number, bool at_exit)
{
    ti_registry_lock(self);
    threading_thread_t *record = ti_roll_first();
    while (record != NULL && !ti_is_waited_for(record, self, number))
        record = record->next;
    if (record != NULL)
        threading_thread_retain(record);
    else if (at_exit)
        ti_phase_finalize();
    ti_registry_unlock();
    return record;
}

static uint32_t ti_shutdown_number(ti_self *self)
{
    ti_registry_lock(self);
    uint32_t number = ++ti_shutdown_count;
    ti_registry_unlock();
    return number;
}

/* Wait until one thread has ended. One that waits for this thread is left out: it would never end; so is one
 * that was killed with the process. */
static threading_status_t ti_shutdown_wait_for(ti_self *self, threading_thread_t *record, uint32_t number)
{
    ti_blocked_on(self, TI_ON_THREAD, record);
    threading_status_t status = ti_thread_wait(self, record, TI_FOREVER, TI_LEAVING);
    if (status == THREADING_NOT_STARTED) /* its start was under way, and has failed */
        return THREADING_OK;
    if (status == THREADING_OK && ti_load_acquire(&record->state) == TI_ENDED)
        (void)ti_thread_reap(self, record, TI_FOREVER);
    if (status != THREADING_OK) {
        ti_registry_lock(self);
        record->left_out = number;
        ti_registry_unlock();
    }
    return status;
}

TI_COLD static threading_status_t ti_shutdown_wait(ti_self *self, bool at_exit)
{
    threading_status_t result = THREADING_OK;
    uint32_t number = ti_shutdown_number(self);
    self->deaf++; /* a stop is no reason to leave threads behind */
    ti_executors_close(self);
    for (threading_thread_t *record; (record = ti_shutdown_next(self, number, at_exit)) != NULL;) {
        threading_status_t status = ti_shutdown_wait_for(self, record, number);
        if (status == THREADING_DEADLOCK && !at_exit)
            (void)ti_deadlock_refused(self, &record->ident);
        if (status != THREADING_OK)
            result = status;
        threading_thread_free(record);
    }
    if (!at_exit)
        ti_executors_open();
    self->deaf--;
    return result;
}

/* Main counts as ended when its end has come, so that those who join it go on before they are joined
 * themselves. */
static void ti_main_leaves(ti_self *self)
{
    ti_thread_set_gone(self, ti_roll_main(), TI_ENDED);
}

TI_COLD threading_status_t threading_shutdown(void)
{
    ti_self *self = ti_self_get();
    if (ti_port_is_main())
        ti_main_leaves(self);
    return ti_shutdown_wait(self, false);
}

/* ---- the exit ---- */

/* Its RLocks will never be released: their waiters are told, as at the end of their owner. */
static void ti_exit_stop(ti_self *self)
{
    ti_registry_lock(self);
    self->is_stopped = true;
    ti_deadlock_owner_ended(self);
    ti_registry_unlock();
}

/*
 * Leave the set of threads that are waited for. False: another thread ends the process, and this one must
 * sleep until then. So it can no longer end, which those who join it are told; main counts as having left.
 */
TI_COLD static bool ti_exit_begin(ti_self *self)
{
    bool is_first = ti_phase_claim_exit(self->fast.ident);
    self->is_leaving = true;
    ti_calls_abandon(self, 0); /* it never comes back from there, though it has not ended */
    uint32_t otherwise = self->record == ti_roll_main() ? TI_ENDED : TI_STOPPED;
    if (self->record != NULL)
        ti_thread_set_gone(self, self->record, is_first ? TI_LEAVING : otherwise);
    if (!is_first)
        ti_exit_stop(self);
    return is_first;
}

static void ti_exit_sleep(ti_self *self)
{
    ti_blocked_on(self, TI_ON_EXIT, NULL);
    ti_blocked_begin(self, TI_FOREVER);
    for (;;)
        ti_port_park(&self->parker, TI_FOREVER);
}

TI_COLD void ti_shutdown_at_exit(void)
{
    if (!ti_phase_is_used()) /* the code is unloaded, or the process ends after threading_unload() */
        return;
    ti_self *self = ti_self_get();
    if (!ti_exit_begin(self)) {
        /* For the next one that comes. Without it a third caller of exit() is not held back. */
        (void)ti_port_at_exit(ti_shutdown_at_exit);
        ti_exit_sleep(self);
    }
    ti_main_leaves(self);
    (void)ti_shutdown_wait(self, true);
    ti_debug_at_exit();
    ti_natives_detach();
}

TI_COLD void threading_exit_process(int code)
{
    ti_self *self = ti_self_get();
    if (!ti_exit_begin(self))
        ti_exit_sleep(self);
    exit(code);
}
