/* SPDX-License-Identifier: MIT */
/* Thread: from the object to the running thread and back. The states are in thread.h. */
#include "thread.h"

#include <stdlib.h>

#include "atomic.h"
#include "calls.h"
#include "deadline.h"
#include "deadlock.h"
#include "hooks.h"
#include "leave.h"
#include "limit.h"
#include "local.h"
#include "memory.h"
#include "misuse.h"
#include "native.h"
#include "parking.h"
#include "phase.h"
#include "priority.h"
#include "registry.h"
#include "roll.h"

threading_thread_t ti_thread_main_record = {
    .references = 1,
    .state = TI_RUNNING,
    .reap = TI_REAPED,
    .ident = TI_MAIN_IDENT,
    .kind = TI_MAIN,
    .options_status = THREADING_OK,
    .is_static = true,
    .name = &ti_name_of_main,
};

/* Sequential: the change in the table in parking.h. */
void ti_thread_change(uint32_t *word, uint32_t value)
{
    ti_store_sequential(word, value);
    ti_parking_wake_all(word);
}

/* ---- making and freeing ---- */

TI_COLD threading_thread_t *ti_thread_allocate(ti_kind kind, const char *name, const char *prefix)
{
    threading_thread_t *record = (threading_thread_t *)ti_memory_allocate(sizeof *record);
    if (record == NULL)
        return NULL;
    record->references = 1;
    record->kind = kind;
    record->family = ti_phase_family;
    if (!ti_name_give(record, name, prefix)) {
        ti_memory_free(record);
        return NULL;
    }
    return record;
}

static bool ti_options_are_valid(const threading_thread_options_t *options)
{
    bool valid = options->daemon >= THREADING_NOT_DAEMON && options->daemon <= THREADING_DAEMON &&
                 (options->stack_size == 0 || options->stack_size >= TI_STACK_SIZE_MIN) &&
                 ti_priority_is_level(options->priority);
    for (size_t i = 0; i < sizeof options->reserved / sizeof *options->reserved; i++)
        valid = valid && options->reserved[i] == 0;
    return valid;
}

/* A foreign thread counts as a daemon, as the Dummy it would be. */
static bool ti_daemon_of_new(int daemon)
{
    const threading_thread_t *creator = ti_self_get()->record;
    if (daemon == THREADING_INHERIT)
        return creator == NULL || threading_thread_daemon(creator);
    return daemon > 0;
}

TI_COLD threading_thread_t *threading_thread_new(threading_target_t target, void *arg,
                                                 const threading_thread_options_t *options)
{
    static const threading_thread_options_t defaults = {.name = NULL};
    if (options == NULL)
        options = &defaults;
    threading_thread_t *thread = ti_thread_allocate(TI_STARTED_HERE, options->name, "Thread");
    if (thread == NULL)
        return NULL;
    thread->target = target;
    thread->arg = arg;
    thread->stack_size = options->stack_size;
    thread->priority = options->priority;
    thread->stop = options->stop;
    thread->daemon = ti_daemon_of_new(options->daemon);
    thread->options_status = ti_options_are_valid(options) ? THREADING_OK : THREADING_INVALID;
    return thread;
}

threading_thread_t *threading_thread_retain(threading_thread_t *thread)
{
    /* Relaxed: a thread that retains holds or borrows a reference already. */
    if (thread != NULL)
        ti_add_relaxed(&thread->references, 1);
    return thread;
}

/* Relaxed: it was set before the state that the caller has read. Atomic: after a start that failed the
 * next one stores it again, while a caller that has read the first one's state may still be here. */
bool ti_thread_is_of_this_process(const threading_thread_t *thread)
{
    return ti_load_relaxed(&thread->family) == ti_phase_family;
}

TI_COLD void ti_thread_dispose(threading_thread_t *thread)
{
    ti_name_free_all(thread);
    ti_memory_free(thread->timer);
    ti_memory_free(thread);
}

/* Nobody else knows the object any more. A thread that nobody joined is left to the system. */
static void ti_thread_destroy(threading_thread_t *thread)
{
    if (thread->is_static)
        return;
    bool is_left = ti_load_acquire(&thread->reap) == TI_JOINABLE && ti_thread_is_of_this_process(thread);
    if (!is_left || !ti_native_abandon(thread))
        ti_thread_dispose(thread);
}

void threading_thread_free(threading_thread_t *thread)
{
    /* Release: what this holder did happens before the memory is freed; acquire: by the last one. */
    if (thread != NULL && ti_add_acquire_release(&thread->references, (uint32_t)-1) == 1)
        ti_thread_destroy(thread);
}

/* ---- the running thread ---- */

/* Code that the system runs in the thread before its entry, such as a DLL's, may have called: then the
 * thread is known as a foreign one, which ends here. */
static void ti_thread_dismiss_visitor(void)
{
    void *visitor = ti_port_self_recall();
    if (visitor != NULL)
        ti_leave(visitor);
}

static void ti_thread_main(void *argument)
{
    ti_self *self = (ti_self *)argument;
    ti_thread_dismiss_visitor();
    bool leaves_by_itself = ti_port_set_self(self, ti_leave);
    if (!ti_priority_take(self->record)) { /* then it was never here */
        (void)ti_port_set_self(NULL, ti_leave);
        return;
    }
    ti_self_show(self);
    self->record->native_id = ti_port_native_id();
    ti_name_show(self->record);
    ti_thread_change(&self->record->state, TI_RUNNING);
    if (self->record->target != NULL)
        self->record->result = ti_calls_catch(self, self->record->target, self->record->arg);
    if (self->record == ti_roll_main()) /* it has called fork, and this is the child: main returns */
        exit(EXIT_SUCCESS);
    /* Here, where all of the thread still works; ti_leave repeats it for copies that come late. */
    ti_local_finish(self);
    if (leaves_by_itself)
        return;
    ti_leave(self);
    (void)ti_port_set_self(NULL, ti_leave);
}

void ti_thread_set_gone(ti_self *self, threading_thread_t *record, uint32_t state)
{
    ti_registry_lock(self);
    if (ti_load_relaxed(&record->state) < state)    /* relaxed: its last changes come under the guard */
        ti_store_sequential(&record->state, state); /* sequential: the change that is woken for */
    ti_deadlock_withdraw(&record->ident, ti_load_relaxed(&record->state)); /* relaxed: as above */
    ti_registry_unlock();
    ti_parking_wake_all(&record->state);
}

void ti_thread_set_ended(threading_thread_t *record)
{
    ti_store_sequential(&record->state, TI_ENDED); /* sequential: the change that ti_thread_leave wakes for */
    if (record != ti_roll_main())                  /* main is listed for ever, as in CPython */
        ti_roll_unlist(record);
}

void ti_thread_leave(threading_thread_t *record)
{
    ti_parking_wake_all(&record->state);
    threading_thread_free(record);
}

/* ---- start ---- */

/* Enter the thread everywhere, so that it is complete when it runs. */
static threading_status_t ti_thread_enter(threading_thread_t *thread, ti_self *self)
{
    if (ti_load_relaxed(&thread->state) != TI_NEW) /* relaxed: it changes under the guard that is held */
        return THREADING_ALREADY_STARTED;
    if (ti_phase_is_finalizing())
        return THREADING_FINALIZING;
    self->fast.ident = ti_registry_new_ident();
    ti_store_relaxed(&thread->ident, self->fast.ident); /* relaxed: published by the state, */
    ti_store_relaxed(&thread->family, ti_phase_family); /* as this is, */
    ti_store_relaxed(&thread->granted, TI_ASKED);       /* and this */
    self->record = threading_thread_retain(thread);
    self->began = ti_port_now();
    self->stop = thread->stop;
    ti_registry_add(self);
    ti_roll_list(thread);
    ti_store_sequential(&thread->state, TI_STARTING);
    return THREADING_OK;
}

static threading_status_t ti_thread_launch(threading_thread_t *thread, ti_self *self, ti_self *caller)
{
    size_t stack_size = thread->stack_size != 0 ? thread->stack_size : threading_get_stack_size();
    threading_status_t status = ti_native_start(&thread->native, ti_thread_main, self, stack_size);
    if (status == THREADING_OK)
        status = ti_priority_await(thread, caller);
    if (status == THREADING_OK)
        ti_thread_change(&thread->reap, TI_JOINABLE);
    return status;
}

/* The system refused: all is as before. */
static void ti_thread_withdraw(threading_thread_t *thread, ti_self *self, ti_self *caller)
{
    ti_registry_lock(caller);
    ti_registry_remove(self);
    ti_roll_unlist(thread);
    ti_store_relaxed(&thread->ident, 0);
    ti_store_sequential(&thread->state, TI_NEW);
    ti_registry_unlock();
    ti_parking_wake_all(&thread->state);
    threading_thread_free(thread);
}

static threading_status_t ti_thread_start(threading_thread_t *thread)
{
    if (thread->options_status != THREADING_OK)
        return thread->options_status;
    /* Relaxed: it is asked again under the guard; here only so that the answer needs no memory. */
    if (ti_load_relaxed(&thread->state) != TI_NEW)
        return THREADING_ALREADY_STARTED;
    ti_self *caller = ti_self_get();
    ti_thread_settle();
    ti_self *self = ti_hooks_start() ? ti_self_new() : NULL;
    if (self == NULL)
        return THREADING_NO_MEMORY;
    ti_registry_lock(caller);
    threading_status_t status = ti_thread_enter(thread, self);
    ti_registry_unlock();
    if (status == THREADING_OK) {
        status = ti_thread_launch(thread, self, caller);
        if (status != THREADING_OK)
            ti_thread_withdraw(thread, self, caller);
    }
    if (status != THREADING_OK)
        ti_self_free(self);
    return status;
}

threading_status_t threading_thread_start(threading_thread_t *thread)
{
    return TI_TELL(thread, thread != NULL ? ti_thread_start(thread) : THREADING_INVALID);
}

TI_COLD threading_status_t threading_thread_spawn(threading_target_t target, void *arg,
                                                  const threading_thread_options_t *options,
                                                  threading_thread_t **thread)
{
    threading_thread_t *spawned = threading_thread_new(target, arg, options);
    if (spawned == NULL)
        return THREADING_NO_MEMORY;
    threading_status_t status = TI_TELL(spawned, ti_thread_start(spawned));
    if (status == THREADING_OK && thread != NULL)
        *thread = spawned;
    else
        threading_thread_free(spawned);
    return status;
}

/* ---- join ---- */

bool ti_thread_is_stopped(const threading_thread_t *record)
{
    /* Acquire: as in ti_thread_wait, for those who find that it has ended. */
    uint32_t state = ti_load_acquire(&record->state);
    return state == TI_STOPPED || (state > TI_NEW && state < TI_ENDED && ti_port_threads_are_gone());
}

/* Sleep until the state may have changed. A wait without a limit is refused when it could never end. */
static threading_status_t ti_thread_sleep(ti_self *self, threading_thread_t *record, uint32_t state,
                                          int64_t deadline, uint32_t enough)
{
    if (!ti_limit_is_none(self, deadline))
        return ti_parking_wait(self, &record->state, state, deadline) ? THREADING_OK
                                                                      : ti_limit_status(deadline);
    if (!ti_deadlock_check_end(self, &record->ident, &record->state, enough))
        return THREADING_DEADLOCK;
    (void)ti_parking_wait(self, &record->state, state, TI_FOREVER); /* true: it has no deadline */
    ti_deadlock_end_wait(self);
    return THREADING_OK;
}

threading_status_t ti_thread_wait(ti_self *self, threading_thread_t *record, int64_t deadline,
                                  uint32_t enough)
{
    for (;;) {
        /* Acquire: pairs with the change to ENDED, so that the joiner sees all that the thread did. */
        uint32_t state = ti_load_acquire(&record->state);
        if (state >= enough)
            return THREADING_OK;
        if (state == TI_NEW)
            return THREADING_NOT_STARTED;
        if (ti_port_threads_are_gone())
            return THREADING_FINALIZING;
        if (ti_deadline_passed(deadline))
            return THREADING_TIMEOUT;
        threading_status_t status = ti_thread_sleep(self, record, state, deadline, enough);
        if (status != THREADING_OK)
            return status;
    }
}

bool ti_thread_reap(ti_self *self, threading_thread_t *record, int64_t deadline)
{
    if (!ti_thread_is_of_this_process(record))
        return true; /* the parent process's thread: there is nothing to join here */
    for (;;) {
        uint32_t reap = ti_load_acquire(&record->reap);
        if (reap == TI_REAPED)
            return true;
        if (reap != TI_JOINABLE) {
            if (ti_deadline_passed(deadline) || !ti_parking_wait(self, &record->reap, reap, deadline))
                return false;
        } else if (ti_swap_acquire(&record->reap, TI_JOINABLE, TI_JOINING)) {
            ti_native_join(&record->native);
            ti_thread_change(&record->reap, TI_REAPED);
        }
    }
}

/* Whether nothing is held up if the calling thread's join lasts until the process is gone. The system's join
 * of a thread that was killed does not last, and would be taken for its end. */
static bool ti_join_may_last(const ti_self *self)
{
    return !ti_phase_is_exiting() && !ti_port_threads_are_gone() &&
           (self->record == NULL || self->record == ti_roll_main() ||
            (threading_thread_daemon(self->record) && !self->record->is_worker));
}

/*
 * The first to join without a limit sleeps in the system's own join, once instead of once for the state
 * and once there. There it would not learn that the thread has stopped without an end: so the exit must
 * not wait for the joiner. THREADING_BUSY: it is not the first, or has to look closer.
 */
static threading_status_t ti_thread_join_first(ti_self *self, threading_thread_t *thread)
{
    bool is_first = ti_join_may_last(self) && ti_thread_is_of_this_process(thread) &&
                    ti_swap_acquire(&thread->reap, TI_JOINABLE, TI_JOINING);
    if (!is_first)
        return THREADING_BUSY;
    if (!ti_deadlock_check_end(self, &thread->ident, &thread->state, TI_STOPPED)) {
        ti_thread_change(&thread->reap, TI_JOINABLE);
        return THREADING_DEADLOCK;
    }
    ti_blocked_begin(self, TI_FOREVER);
    ti_native_join(&thread->native);
    ti_blocked_end(self);
    ti_thread_change(&thread->reap, TI_REAPED);
    ti_deadlock_end_wait(self);
    return THREADING_OK;
}

static threading_status_t ti_thread_join_unless_refused(threading_thread_t *thread, ti_self *self,
                                                        int64_t deadline)
{
    uint32_t state = ti_load_acquire(&thread->state);
    if (thread->kind == TI_DUMMY)
        return THREADING_INVALID;
    if (state == TI_NEW)
        return THREADING_NOT_STARTED;
    ti_blocked_on(self, TI_ON_THREAD, thread);
    if (thread == self->record)
        return THREADING_DEADLOCK;
    threading_status_t status = THREADING_BUSY;
    if (ti_limit_is_none(self, deadline))
        status = ti_thread_join_first(self, thread);
    if (status != THREADING_BUSY)
        return status;
    status = ti_thread_wait(self, thread, deadline, TI_STOPPED);
    if (status != THREADING_OK)
        return status;
    if (ti_thread_is_stopped(thread))
        return THREADING_FINALIZING;
    return ti_thread_reap(self, thread, deadline) ? THREADING_OK : ti_limit_status(deadline);
}

TI_COLD threading_status_t ti_thread_join(threading_thread_t *thread, int64_t deadline)
{
    ti_self *self = ti_self_get();
    threading_status_t status = ti_thread_join_unless_refused(thread, self, deadline);
    return status == THREADING_DEADLOCK ? ti_deadlock_refused(self, &thread->ident) : status;
}

threading_status_t threading_thread_join(threading_thread_t *thread)
{
    return TI_TELL(thread, thread != NULL ? ti_thread_join(thread, TI_FOREVER) : THREADING_INVALID);
}

threading_status_t threading_thread_join_timeout(threading_thread_t *thread, double seconds)
{
    threading_status_t status = ti_deadline_check_on(thread, seconds);
    if (status == THREADING_OK)
        status = ti_thread_join(thread, ti_deadline_after(seconds));
    return TI_TELL(thread, status);
}

threading_status_t threading_thread_try_join(threading_thread_t *thread)
{
    threading_status_t status = thread != NULL ? ti_thread_join(thread, TI_PAST) : THREADING_INVALID;
    return TI_TELL(thread, status == THREADING_TIMEOUT ? THREADING_BUSY : status);
}

/* ---- asking ---- */

bool threading_thread_is_alive(const threading_thread_t *thread)
{
    if (thread == NULL)
        return false;
    uint32_t state = ti_load_acquire(&thread->state);
    return state != TI_NEW && state != TI_ENDED;
}

threading_status_t threading_thread_result(const threading_thread_t *thread, void **result)
{
    if (thread == NULL || thread->kind != TI_STARTED_HERE)
        return TI_TELL(thread, THREADING_INVALID);
    uint32_t state = ti_load_acquire(&thread->state);
    if (state == TI_NEW)
        return TI_TELL(thread, THREADING_NOT_STARTED);
    if (state != TI_ENDED)
        return THREADING_BUSY;
    if (result != NULL)
        *result = thread->result;
    return THREADING_OK;
}

bool threading_thread_daemon(const threading_thread_t *thread)
{
    /* Relaxed: a momentary answer. */
    return thread != NULL && ti_load_relaxed(&thread->daemon) != 0;
}

TI_COLD threading_status_t threading_thread_set_daemon(threading_thread_t *thread, bool daemon)
{
    if (thread == NULL)
        return TI_TELL(thread, THREADING_INVALID);
    ti_registry_lock(ti_self_get());
    bool is_new = ti_load_relaxed(&thread->state) == TI_NEW; /* relaxed: it changes under this guard */
    if (is_new)
        ti_store_relaxed(&thread->daemon, daemon);
    ti_registry_unlock();
    return TI_TELL(thread, is_new ? THREADING_OK : THREADING_ALREADY_STARTED);
}

uint32_t threading_thread_ident(const threading_thread_t *thread)
{
    if (thread == NULL || ti_load_acquire(&thread->state) == TI_NEW)
        return 0;
    return ti_load_relaxed(&thread->ident); /* relaxed: set before the state that was read */
}
