/* SPDX-License-Identifier: MIT */
/*
 * The threads of a run. Each is a thread of the system, kept for later runs, and one has the baton: it runs
 * until a point at which it hands the baton on, and then waits for it. The running thread decides itself who
 * is next, so that a switch costs one wake, and no switch costs none.
 */
#include "sim.h"

#include <stdio.h>
#include <string.h>

#include "atomic.h"
#include "sim_system.h"

#define TI_SIM_BEGIN INT64_C(1000000000)  /* the virtual clock at the beginning */
#define TI_SIM_LOOKS 50                   /* points at which a thread only looks before others come first */
#define TI_SIM_ROUNDS 200                 /* in which all look, before that counts as a livelock */
#define TI_SIM_STUCK INT64_C(10000000000) /* nanoseconds without a step */

ti_sim_run ti_sim;
static ti_sim_thread ti_sim_threads[TI_SIM_THREADS];
static TI_SIM_THREAD_LOCAL ti_sim_thread *ti_sim_current;
static const char ti_sim_all_over = 0; /* what the body's thread awaits at the end */

ti_sim_thread *ti_sim_self(void)
{
    ti_sim_thread *self = ti_sim_current;
    while (self != NULL &&
           ti_load_relaxed(&self->is_lost)) /* relaxed: its run is over, whenever that is seen */
        ti_port_park(&self->parker, TI_FOREVER);
    return self;
}

ti_sim_thread *ti_sim_thread_at(uint32_t index)
{
    return &ti_sim_threads[index];
}

/* ---- the baton ---- */

static void ti_sim_hand(ti_sim_thread *next)
{
    ti_sim.running = next;
    ti_sim_hide_sync();
    /* Release: pairs with the acquire in ti_sim_await, for all of the run's data. */
    ti_store_release(&next->has_baton, 1);
    ti_port_unpark(&next->parker);
    ti_sim_show_sync();
}

/* A thread of the run has not come back to the scheduler for long: it waits for something that is not this
 * library's, and may never come back. */
static void ti_sim_seize(ti_sim_thread *self)
{
    ti_sim_thread *lost = ti_sim.running;
    (void)snprintf(ti_sim.message, sizeof ti_sim.message, "%s waits outside of the library", lost->name);
    ti_sim.verdict = THREADING_SIM_UNSUPPORTED;
    ti_sim.is_given_up = true;
    ti_store_relaxed(&lost->is_lost, 1); /* relaxed: see ti_sim_self */
    lost->state = TI_SIM_OVER;
    ti_sim.running = self;
}

static bool ti_sim_has_baton(ti_sim_thread *self)
{
    return ti_load_acquire(&self->has_baton) != 0;
}

static void ti_sim_await_baton(ti_sim_thread *self)
{
    while (!ti_sim_has_baton(self))
        ti_port_park(&self->parker, TI_FOREVER);
}

/* The caller's thread looks whether the run goes on. */
static void ti_sim_await_watching(ti_sim_thread *self)
{
    uint64_t steps = ti_load_relaxed(&ti_sim.beat);
    int64_t end = ti_port_now() + TI_SIM_STUCK;
    while (!ti_sim_has_baton(self)) {
        ti_port_park(&self->parker, end);
        if (steps != ti_load_relaxed(&ti_sim.beat)) {
            steps = ti_load_relaxed(&ti_sim.beat);
            end = ti_port_now() + TI_SIM_STUCK;
        } else if (!ti_sim_has_baton(self) && ti_port_now() >= end) {
            ti_sim_seize(self);
            return;
        }
    }
}

static void ti_sim_await(ti_sim_thread *self)
{
    ti_sim_hide_sync();
    if (self->index == 0)
        ti_sim_await_watching(self);
    else
        ti_sim_await_baton(self);
    ti_store_relaxed(&self->has_baton, 0); /* relaxed: its own until it hands the baton on */
    ti_sim_show_sync();
}

/* ---- leaving a run that is given up ---- */

/* Another thread that has not left, or NULL. */
static ti_sim_thread *ti_sim_remaining(void)
{
    for (uint32_t i = 1; i < ti_sim.count; i++)
        if (ti_sim_threads[i].state != TI_SIM_OVER)
            return &ti_sim_threads[i];
    return NULL;
}

/* The caller's thread is the last. */
THREADING_NORETURN static void ti_sim_leave(ti_sim_thread *self)
{
    if (self->index == 0)
        for (ti_sim_thread *other; (other = ti_sim_remaining()) != NULL;) {
            ti_sim_hand(other);
            ti_sim_await(self);
        }
    longjmp(self->out, 1);
}

void ti_sim_blame(threading_sim_verdict_t verdict, const char *message)
{
    if (ti_sim.verdict != THREADING_SIM_PASSED && ti_sim.verdict != THREADING_SIM_RACE)
        return;
    ti_sim.verdict = verdict;
    (void)snprintf(ti_sim.message, sizeof ti_sim.message, "%s", message);
}

void ti_sim_fail(threading_sim_verdict_t verdict, const char *message)
{
    ti_sim_blame(verdict, message);
    ti_sim.is_given_up = true;
    ti_sim_leave(ti_sim_current);
}

/* ---- when nobody can go on ---- */

static bool ti_sim_only_daemons_remain(void)
{
    for (uint32_t i = 1; i < ti_sim.count; i++)
        if (ti_sim_threads[i].state != TI_SIM_OVER && !ti_sim_threads[i].is_daemon)
            return false;
    return true;
}

bool ti_sim_body_has_returned(void)
{
    return ti_sim_threads[0].awaited == &ti_sim_all_over;
}

static void ti_sim_stick(threading_sim_verdict_t verdict)
{
    char text[sizeof ti_sim.message];
    bool is_returned = ti_sim_body_has_returned();
    ti_sim.is_given_up = true;
    if (is_returned && ti_sim_only_daemons_remain())
        return; /* which end with the process, and so with the run */
    ti_sim_describe_all(text, sizeof text);
    if (ti_sim_one_sleeps_in_vain())
        verdict = THREADING_SIM_LOST_WAKEUP;
    else if (is_returned)
        verdict = THREADING_SIM_THREAD_LEAK;
    ti_sim_blame(verdict, text);
}

/* ---- deciding ---- */

static void ti_sim_set_ready(ti_sim_thread *thread)
{
    thread->state = TI_SIM_READY;
    thread->awaited = NULL;
    thread->deadline = TI_FOREVER;
}

/* Those that can go on: the running one first, the others in a circle behind it. */
static uint32_t ti_sim_list_ready(ti_sim_thread **ready)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < ti_sim.count; i++) {
        ti_sim_thread *thread = &ti_sim_threads[(ti_sim.running->index + i) % ti_sim.count];
        if (thread->state == TI_SIM_READY)
            ready[count++] = thread;
    }
    return count;
}

/* The one that sleeps with the earliest deadline, or NULL. Daemons that are left alone sleep for good: they
 * may do so again and again. */
static ti_sim_thread *ti_sim_first_deadline(void)
{
    ti_sim_thread *first = NULL;
    if (ti_sim_body_has_returned() && ti_sim_only_daemons_remain())
        return NULL;
    for (uint32_t i = 0; i < ti_sim.count; i++) {
        ti_sim_thread *thread = &ti_sim_threads[i];
        if (thread->state == TI_SIM_ASLEEP && thread->deadline != TI_FOREVER &&
            (first == NULL || thread->deadline < first->deadline))
            first = thread;
    }
    return first;
}

/* Its time has come: whatever the others still had to do before took longer. */
static ti_sim_thread *ti_sim_pass_time(ti_sim_thread *sleeper)
{
    if (ti_sim.now < sleeper->deadline)
        ti_sim.now = sleeper->deadline;
    sleeper->history = ti_sim_mix(sleeper->history, (uint64_t)ti_sim.now);
    ti_sim_set_ready(sleeper);
    ti_sim_record_time(sleeper, (double)(ti_sim.now - TI_SIM_BEGIN) / 1e9);
    return sleeper;
}

/* All that are not asleep look again; time passes, ever faster. False: they have looked too often, or none
 * looks. */
static bool ti_sim_rouse(void)
{
    bool has_looked = false;
    for (uint32_t i = 0; i < ti_sim.count; i++)
        if (ti_sim_threads[i].state == TI_SIM_YIELDED) {
            ti_sim_set_ready(&ti_sim_threads[i]);
            has_looked = true;
        }
    uint32_t round = ti_sim.idle_rounds++;
    ti_sim.now += INT64_C(1000) << (round < 40 ? round : 0);
    if (has_looked && round >= TI_SIM_ROUNDS)
        ti_sim_stick(THREADING_SIM_LIVELOCK);
    else if (!has_looked)
        ti_sim_stick(THREADING_SIM_DEADLOCK);
    return !ti_sim.is_given_up;
}

/* NULL: the run is given up. */
static ti_sim_thread *ti_sim_decide(void)
{
    ti_sim_thread *ready[TI_SIM_THREADS];
    for (;;) {
        uint32_t threads = ti_sim_list_ready(ready);
        ti_sim_thread *sleeper = ti_sim_first_deadline();
        uint32_t count = threads + (sleeper != NULL);
        if (count > 0) {
            bool can_go_on = threads > 0 && ready[0] == ti_sim.running;
            uint32_t free = can_go_on || threads == 0 ? 1 : threads;
            uint32_t pick = count > 1 ? ti_sim_choose_thread(ready, threads, count, free) : 0;
            ti_sim.was_preempted = ti_sim.was_preempted || pick >= free;
            return pick < threads ? ready[pick] : ti_sim_pass_time(sleeper);
        }
        if (!ti_sim_rouse())
            return NULL;
    }
}

/* Decide who is next, and come back when it is this thread's turn again. */
static void ti_sim_switch(ti_sim_thread *self)
{
    if (!ti_sim.is_given_up) {
        ti_sim_thread *next = ti_sim_decide();
        if (next != NULL && next != self) {
            ti_sim_hand(next);
            ti_sim_await(self);
        }
    }
    if (ti_sim.is_given_up)
        ti_sim_leave(self);
}

/* ---- points ---- */

/* A step is a part of the history, so that no two points of a run are in the same state. */
static void ti_sim_count_step(ti_sim_thread *self)
{
    self->history = ti_sim_mix(self->history, 1);
    ti_store_relaxed(&ti_sim.beat, ti_sim.beat + 1); /* relaxed: that it changes is enough */
    if (++ti_sim.steps > ti_sim.max_steps)
        ti_sim_fail(THREADING_SIM_STEP_LIMIT,
                    "the run does not end within max_steps; a loop that looks for what another "
                    "thread does has to call threading_sim_yield()");
}

void ti_sim_point(ti_sim_thread *self)
{
    ti_sim_count_step(self);
    if (++self->looks > TI_SIM_LOOKS) {
        self->looks = 0;
        self->state = TI_SIM_YIELDED;
    }
    ti_sim_switch(self);
}

void ti_sim_yield(ti_sim_thread *self)
{
    ti_sim_count_step(self);
    self->state = TI_SIM_YIELDED;
    ti_sim_switch(self);
}

void ti_sim_wrote(ti_sim_thread *self)
{
    ti_sim.idle_rounds = 0;
    self->looks = 0;
    for (uint32_t i = 0; i < ti_sim.count; i++)
        if (ti_sim_threads[i].state == TI_SIM_YIELDED && i != self->index)
            ti_sim_set_ready(&ti_sim_threads[i]);
}

void ti_sim_sleep(ti_sim_thread *self, const void *awaited, int64_t deadline)
{
    ti_sim_count_step(self);
    self->state = TI_SIM_ASLEEP;
    self->awaited = awaited;
    self->deadline = deadline;
    if (ti_sim.is_spurious && awaited != NULL && ti_sim_choose(2, 1) != 0)
        ti_sim_set_ready(self);
    ti_sim_switch(self);
}

void ti_sim_wake(const void *awaited)
{
    for (uint32_t i = 0; i < ti_sim.count; i++)
        if (ti_sim_threads[i].state == TI_SIM_ASLEEP && ti_sim_threads[i].awaited == awaited)
            ti_sim_set_ready(&ti_sim_threads[i]);
}

/* ---- the threads ---- */

/* This thread has ended. The baton goes to another one, at last to the caller's. */
static void ti_sim_end(ti_sim_thread *self)
{
    self->state = TI_SIM_OVER;
    ti_sim_wake(self);
    if (ti_sim_remaining() == NULL)
        ti_sim_wake(&ti_sim_all_over);
    ti_sim_wrote(self);
    ti_sim_thread *next = ti_sim.is_given_up ? NULL : ti_sim_decide();
    if (next == NULL)
        next = ti_sim_remaining();
    ti_sim_hand(next != NULL ? next : &ti_sim_threads[0]);
}

static void ti_sim_leave_run(ti_sim_thread *self)
{
    ti_sim_within_reset(1);
    (void)ti_port_set_self(NULL, NULL);
    ti_sim_thread_ends(self);
    ti_sim_end(self);
}

void ti_sim_native_ends(ti_sim_thread *self, void (*leave)(void *core_self), void *core_self)
{
    /* The frame that a run was left to is gone. */
    if (setjmp(self->out) == 0 && !ti_sim.is_given_up)
        leave(core_self);
    ti_sim_current = NULL;
    self->native_state = TI_SIM_NATIVE_ENDS;
    ti_sim_leave_run(self);
    ti_sim_within_reset(0);
}

/* What a thread of the system does for all runs. */
static void ti_sim_serve(void *argument)
{
    ti_sim_thread *self = (ti_sim_thread *)argument;
    ti_sim_current = self;
    ti_sim_pin(true);
    ti_sim_within_reset(1);
    for (;;) {
        ti_sim_await(self);
        if (setjmp(self->out) == 0 && !ti_sim.is_given_up) {
            ti_sim_thread_begins(self);
            ti_sim_within_reset(0);
            self->entry(self->argument);
        }
        ti_sim_leave_run(self);
    }
}

void ti_sim_exit(ti_sim_thread *self)
{
    longjmp(self->out, 1);
}

/* Threads of the system are made when they are wanted first, and stay unless the body ends one. */
static bool ti_sim_has_native(ti_sim_thread *thread)
{
    if (thread->native_state == TI_SIM_NATIVE_STAYS)
        return true;
    if (thread->native_state == TI_SIM_NATIVE_ENDS)
        ti_port_thread_join(&thread->native);
    thread->native_state = TI_SIM_NATIVE_NONE;
    thread->has_parker = thread->has_parker || ti_port_parker_init(&thread->parker);
    if (!thread->has_parker || ti_port_thread_start(&thread->native, ti_sim_serve, thread, 0) != THREADING_OK)
        return false;
    thread->native_state = TI_SIM_NATIVE_STAYS;
    return true;
}

/* As nothing had happened. */
static void ti_sim_renew(ti_sim_thread *thread, uint32_t index)
{
    memset(thread, 0, offsetof(ti_sim_thread, out));
    thread->index = index;
    thread->deadline = TI_FOREVER;
    thread->state = TI_SIM_READY;
    thread->clock[index] = 1;
}

ti_sim_thread *ti_sim_start(ti_sim_thread *creator, void (*entry)(void *argument), void *argument)
{
    uint32_t index = ti_sim.count;
    while (index < TI_SIM_THREADS && ti_load_relaxed(&ti_sim_threads[index].is_lost))
        index++;
    if (index == TI_SIM_THREADS)
        return NULL;
    ti_sim_thread *thread = &ti_sim_threads[index];
    ti_sim_renew(thread, index);
    if (!ti_sim_has_native(thread)) {
        thread->state = TI_SIM_OVER;
        return NULL;
    }
    thread->entry = entry;
    thread->argument = argument;
    thread->history = ti_sim_mix(creator->history, index);
    ti_sim.count = index + 1;
    ti_sim_learn(thread, creator);
    ti_sim_starts(thread);
    return thread;
}

/* ---- a run ---- */

/* The body has returned: the others go on until they have ended. */
static void ti_sim_finish(ti_sim_thread *self)
{
    if (ti_sim_remaining() == NULL)
        return;
    ti_sim_sleep(self, &ti_sim_all_over, TI_FOREVER);
}

/* The core does some things otherwise in a process of one thread: so there is a second one from the
 * first run on, which is like the others then. */
static bool ti_sim_begin(ti_sim_thread *self)
{
    ti_sim_thread *second = self + 1;
    self->has_parker = self->has_parker || ti_port_parker_init(&self->parker);
    if (self->has_parker && second->native_state != TI_SIM_NATIVE_STAYS)
        ti_sim_renew(second, 1);
    return self->has_parker && ti_sim_has_native(second);
}

static bool ti_sim_prepare(ti_sim_thread *self)
{
    if (!ti_sim_begin(self))
        return false;
    ti_sim_renew(self, 0);
    (void)snprintf(self->name, sizeof self->name, "main");
    ti_sim.running = self;
    ti_sim.count = 1;
    ti_sim.now = TI_SIM_BEGIN;
    ti_sim.idle_rounds = 0;
    ti_sim.steps = 0;
    ti_sim.is_given_up = ti_sim.was_preempted = false;
    ti_store_relaxed(&ti_sim.has_foreign, 0); /* relaxed: see there */
    ti_sim.verdict = THREADING_SIM_PASSED;
    ti_sim.message[0] = '\0';
    return true;
}

bool ti_sim_execute(void (*body)(void *arg), void *arg)
{
    ti_sim_thread *self = &ti_sim_threads[0];
    if (!ti_sim_prepare(self))
        return false;
    ti_sim_objects_begin();
    ti_sim_note_caller(self);
    ti_sim_current = self;
    if (setjmp(self->out) == 0) {
        ti_sim_within_reset(0);
        body(arg);
        ti_sim_within_reset(1);
        ti_sim_finish(self);
    }
    ti_sim_within_reset(1);
    for (uint32_t i = 1; i < ti_sim.count; i++)
        ti_sim_joins(&ti_sim_threads[i]); /* the next run comes after all of this one */
    ti_sim_current = NULL;
    if (ti_load_relaxed(&ti_sim.has_foreign))
        ti_sim_blame(THREADING_SIM_FOREIGN_THREAD,
                     "a thread that is none of the run's has called the library");
    return true;
}
