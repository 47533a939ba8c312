/* SPDX-License-Identifier: MIT */
/*
 * The backend that the core sees in a build for sim: what port.h says, in the threads of a run by the
 * scheduler and in others by the native backend. sim_names.h has the core call them.
 */
#include <stdio.h>
#include <string.h>

#include "self.h"
#include "sim.h"
#include "sim_port.h"
#include "sim_system.h"
#include "thread.h"

/* Atomic: the core's leave, for a thread that ends otherwise than by its entry's return. */
static uintptr_t ti_sim_core_leave;

static void ti_sim_leave_self(void *self)
{
    /* relaxed: it never changes after the first time, which comes before any thread's end */
    ((void (*)(void *))ti_load_pointer_relaxed(&ti_sim_core_leave))(self);
}

/* ---- threads ---- */

/* Without the guard that the core's own call takes: nobody else runs, and a line of the table must be no
 * point of the schedule. */
const char *ti_sim_thread_name(const threading_thread_t *thread)
{
    return thread->name->text;
}

static void ti_sim_note_self(ti_sim_thread *thread, const ti_self *self)
{
    thread->ident = self->fast.ident;
    thread->waiter = &self->waiter;
}

void ti_sim_note_caller(ti_sim_thread *thread)
{
    ti_sim_note_self(thread, (const ti_self *)ti_port_self());
}

/* The core's handle holds the address of the record here. */
static void ti_handle_set(ti_port_thread *handle, ti_sim_thread *thread)
{
    memcpy(handle, &thread, sizeof thread);
}

static ti_sim_thread *ti_handle_get(const ti_port_thread *handle)
{
    ti_sim_thread *thread;
    memcpy(&thread, handle, sizeof thread);
    return thread;
}

_Static_assert(sizeof(ti_port_thread) >= sizeof(ti_sim_thread *), "a handle holds an address");

static void *ti_sim_target(void *argument)
{
    ti_sim_thread *self = (ti_sim_thread *)argument;
    self->is_in_target = true;
    void *result = self->target(self->target_argument);
    self->is_in_target = false;
    return result;
}

threading_status_t ti_sim_port_thread_start(ti_port_thread *thread, void (*entry)(void *argument),
                                            void *argument, size_t stack_size)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL)
        return ti_port_thread_start(thread, entry, argument, stack_size);
    ti_sim_thread *started = ti_sim_start(self, entry, argument);
    if (started == NULL)
        ti_sim_fail(THREADING_SIM_UNSUPPORTED, "a run has 32 threads at most, as far as the system has them");
    threading_thread_t *record = ((const ti_self *)argument)->record; /* all threads of the core have one */
    (void)snprintf(started->name, sizeof started->name, "%s", ti_sim_thread_name(record));
    ti_sim_note_self(started, (const ti_self *)argument);
    started->target = record->target;
    started->target_argument = record->arg;
    if (record->target != NULL) {
        record->target = ti_sim_target;
        record->arg = started;
    }
    started->is_daemon = record->daemon && !record->is_worker;
    ti_handle_set(thread, started);
    return THREADING_OK;
}

void ti_sim_port_thread_join(ti_port_thread *thread)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL) {
        ti_port_thread_join(thread);
        return;
    }
    ti_sim_thread *joined = ti_handle_get(thread);
    while (joined->state != TI_SIM_OVER)
        ti_sim_sleep(self, joined, TI_FOREVER);
    ti_sim_joins(joined);
    ti_sim_learn(self, joined);
    self->history = ti_sim_mix(self->history, joined->history);
}

bool ti_sim_port_thread_try_join(ti_port_thread *thread)
{
    TI_SIM_WITHIN;
    if (ti_sim_self() == NULL)
        return ti_port_thread_try_join(thread);
    if (ti_handle_get(thread)->state != TI_SIM_OVER)
        return false;
    ti_sim_port_thread_join(thread);
    return true;
}

void ti_sim_port_thread_detach(ti_port_thread *thread)
{
    TI_SIM_WITHIN;
    if (ti_sim_self() == NULL)
        ti_port_thread_detach(thread);
}

void ti_sim_port_thread_exit(void)
{
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL)
        ti_port_thread_exit();
    if (ti_port_self() != NULL)
        ti_sim_leave_self(ti_port_self());
    ti_sim_exit(self);
}

/* A thread of the system serves many of a run, so it is none's own. */
uintptr_t ti_sim_port_thread_handle(const ti_port_thread *thread)
{
    return ti_sim_self() != NULL ? 0 : ti_port_thread_handle(thread);
}

size_t ti_sim_port_thread_stack_size(const ti_port_thread *thread)
{
    return ti_sim_self() != NULL ? 0 : ti_port_thread_stack_size(thread);
}

/* The schedule alone decides who runs, so every level can be had. */
bool ti_sim_port_set_priority(int priority)
{
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL)
        return ti_port_set_priority(priority);
    self->level = priority;
    return true;
}

int ti_sim_port_get_priority(void)
{
    const ti_sim_thread *self = ti_sim_self();
    return self != NULL ? self->level : ti_port_get_priority();
}

/* A name in the system's tools is of no use for a moment. */
void ti_sim_port_set_name(const char *name, size_t length)
{
    TI_SIM_WITHIN;
    if (ti_sim_self() == NULL)
        ti_port_set_name(name, length);
}

/* The native backend calls it at a thread's end; in a run, if the body has ended it in the system's way. */
static void ti_sim_native_leaves(void *self)
{
    ti_sim_thread *thread = ti_sim_self();
    if (thread != NULL)
        ti_sim_native_ends(thread, ti_sim_leave_self, self);
    else
        ti_sim_leave_self(self);
}

/* False: the core leaves by itself at the thread's end. */
bool ti_sim_port_set_self(void *self, void (*leave)(void *self))
{
    TI_SIM_WITHIN;
    if (self != NULL)
        ti_store_pointer_relaxed(&ti_sim_core_leave, (uintptr_t)leave); /* relaxed: see ti_sim_leave_self */
    bool will_leave = ti_port_set_self(self, ti_sim_native_leaves);
    return ti_sim_self() == NULL && will_leave;
}

/* The threads of a run leave, or are forgotten with it. */
uint64_t ti_sim_port_life(void)
{
    return ti_sim_self() != NULL ? 0 : ti_port_life();
}

/* ---- the parker ---- */

void ti_sim_port_park(ti_parker *parker, int64_t deadline)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL) {
        ti_port_park(parker, deadline);
        return;
    }
    bool *token = ti_sim_token(parker);
    if (!*token && deadline > ti_sim.now)
        ti_sim_sleep(self, parker, deadline);
    *token = false;
    ti_sim_changed(parker, TI_SIM_ACQUIRE, 0, 0);
}

void ti_sim_port_unpark(ti_parker *parker)
{
    TI_SIM_WITHIN;
    if (ti_sim_self() == NULL) {
        ti_port_unpark(parker);
        return;
    }
    ti_sim_before(parker);
    *ti_sim_token(parker) = true;
    ti_sim_changed(parker, TI_SIM_RELEASE, 0, 0);
    ti_sim_wake(parker);
}

/* ---- time and processors ---- */

int64_t ti_sim_port_now(void)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL)
        return ti_port_now();
    ti_sim_before(&ti_sim.now);
    self->history = ti_sim_mix(self->history, (uint64_t)ti_sim.now);
    return ti_sim.now;
}

void ti_sim_port_sleep(int64_t deadline)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL)
        ti_port_sleep(deadline);
    while (self != NULL && ti_sim.now < deadline)
        ti_sim_sleep(self, NULL, deadline);
}

void ti_sim_port_yield(void)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    if (self != NULL)
        ti_sim_yield(self);
    else
        ti_port_yield();
}

/* A fixed number, whatever the machine has: pools of the default size run several tasks at once, and the same
 * everywhere. */
size_t ti_sim_port_cpu_count(void)
{
    return ti_sim_self() != NULL ? TI_SIM_PROCESSORS : ti_port_cpu_count();
}

size_t ti_sim_port_available_cpus(void)
{
    return ti_sim_self() != NULL ? TI_SIM_PROCESSORS : ti_port_available_cpus();
}

/* ---- fences ---- */

/* The native one is for what threads do outside of runs. If it is refused, ti_sim_port_fence_all tells. */
bool ti_sim_port_fence_start(void)
{
    (void)ti_port_fence_start();
    return true;
}

bool ti_sim_port_fence_all(void)
{
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL)
        return ti_port_fence_all();
    if (!ti_sim.is_weak) /* one thread runs at a time, so all see all */
        return true;
    ti_sim_fence_all();
    self->history =
        ti_sim_mix(self->history, ti_sim_key()); /* it has to do with what every thread did before */
    return true;
}
