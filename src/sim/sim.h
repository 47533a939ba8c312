/* SPDX-License-Identifier: MIT */
/*
 * The inside of sim: what its files share. Built from the core for this purpose, and from a native backend;
 * this code stands between the two, where the core expects its backend.
 *
 *   sim_run.c       threading_sim_run: the options, run after run, the report
 *   sim_search.c    which alternative a run takes, and what is left to explore
 *   sim_schedule.c  the threads of a run, of which one has the baton
 *   sim_port.c      the backend that the core sees
 *   sim_calls.c     the public calls, each a point of the schedule in front of the core's own
 *   sim_objects.c   what has been read and written: histories, names, what comes before what
 *   sim_data.c      plain data, and races for it
 *   sim_weak.c      loads that give what was stored before
 *   sim_table.c     the table of a run
 *   sim_state.c     the core's own variables, as they were before the first run
 *   sim_memory.c    its memory, likewise
 *
 * All of a run's data belongs to the thread that has the baton, so nothing here is atomic but the baton.
 */
#ifndef TI_SIM_H
#define TI_SIM_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port.h"
#include "sim_points.h"
#include "threading_sim.h"

#define TI_SIM_THREADS 32
#define TI_SIM_PROCESSORS 4 /* that a run has */
#define TI_SIM_NAME 32      /* bytes, with the 0 */

/*
 *   READY    can go on
 *   YIELDED  looks for something: goes on when another thread has written, or when no other can go on
 *   ASLEEP   until another thread wakes it, or until its deadline
 *   OVER     has ended, or is not begun
 */
typedef enum ti_sim_state { TI_SIM_OVER, TI_SIM_READY, TI_SIM_YIELDED, TI_SIM_ASLEEP } ti_sim_state;

/* Its thread of the system: there is none, it serves run after run, or the body has ended it. */
typedef enum ti_sim_native_state {
    TI_SIM_NATIVE_NONE,
    TI_SIM_NATIVE_STAYS,
    TI_SIM_NATIVE_ENDS
} ti_sim_native_state;

typedef struct ti_sim_thread {
    uint32_t index; /* 0: the thread that calls threading_sim_run */
    ti_sim_state state;
    const void *awaited; /* while ASLEEP: a parker, a thread's record here, or NULL for time alone */
    int64_t deadline;    /* while ASLEEP */
    uint64_t history;    /* a hash of all that it has done and seen in this run */
    uint32_t touched;    /* how many objects it was the first to touch */
    uint32_t looks;      /* points since anybody wrote, while it ran alone */
    uint32_t priority;   /* for PCT */
    uintptr_t told;      /* its stack pointer when it last did what can tell others an address; 0: never */
    uint32_t clock[TI_SIM_THREADS];    /* what it knows of each thread's time (Lamport; Mattern 1988) */
    uint32_t unfenced[TI_SIM_THREADS]; /* what a fence that acquires would add */
    uint32_t fence[TI_SIM_THREADS];    /* the clock at its last fence that released */
    bool has_fence;
    uint32_t shown[TI_SIM_THREADS]; /* what a fence in all threads has shown it, which orders no data */
    void (*entry)(void *argument);
    void *argument;
    threading_target_t target; /* of the thread's, and its argument */
    void *target_argument;
    bool is_in_target; /* else it begins or ends, in the core */
    bool is_daemon;
    int level; /* the priority that it has set, of which nothing follows */
    char name[TI_SIM_NAME];
    const char *call;   /* the public call that it is in, or NULL */
    const void *object; /* of that call, or NULL */
    uint32_t ident;     /* what the core calls it by */
    const struct threading_waiter *waiter;

    /* Those stay from run to run. */
    jmp_buf out; /* where a run that is given up is left to */
    uint32_t has_baton;
    uint32_t is_lost; /* it waits outside of the library, and when it comes back its run is over */
    bool has_parker;
    ti_sim_native_state native_state;
    ti_parker parker;
    ti_port_thread native;
} ti_sim_thread;

/* One run. */
typedef struct ti_sim_run {
    ti_sim_thread *running;
    uint32_t count; /* of threads, those that are over too */
    int64_t now;
    uint64_t steps;
    uint64_t max_steps;
    uint32_t beat;        /* atomic: changes with each step, for a thread that watches */
    uint32_t idle_rounds; /* in which all looked, and nobody wrote */
    bool is_inside;       /* points within the library too */
    bool is_spurious;
    bool is_weak;
    bool is_given_up;     /* each thread leaves at its next point */
    bool is_recorded;     /* for the table */
    bool was_preempted;   /* by what comes next in the table */
    uint32_t has_foreign; /* atomic: set by others */
    threading_sim_verdict_t verdict;
    char message[512];
} ti_sim_run;

extern ti_sim_run ti_sim;

/* The calling thread's record if it is one of a run, else NULL. */
ti_sim_thread *ti_sim_self(void);
ti_sim_thread *ti_sim_thread_at(uint32_t index);

/* ---- sim_schedule.c ---- */

/* Run the body once. False: memory is out. */
bool ti_sim_execute(void (*body)(void *arg), void *arg);

/* The run has failed: this thread leaves it. */
THREADING_NORETURN void ti_sim_fail(threading_sim_verdict_t verdict, const char *message);

/* Remember that it has failed; the run goes on if it can. */
void ti_sim_blame(threading_sim_verdict_t verdict, const char *message);

/* Another thread may come first. */
void ti_sim_point(ti_sim_thread *self);
void ti_sim_yield(ti_sim_thread *self);

/* Its thread waits for the others to end. */
bool ti_sim_body_has_returned(void);

/* Sleep until ti_sim_wake of what is awaited, or until the deadline, or for a moment. */
void ti_sim_sleep(ti_sim_thread *self, const void *awaited, int64_t deadline);
void ti_sim_wake(const void *awaited);

/* Somebody has written: who looks may look again. */
void ti_sim_wrote(ti_sim_thread *self);

/* A thread that begins with `entry`. NULL: there are too many, or the system has none. */
ti_sim_thread *ti_sim_start(ti_sim_thread *creator, void (*entry)(void *argument), void *argument);

/* The calling thread ends in the system's own way: call `leave`, and hand the baton on. */
void ti_sim_native_ends(ti_sim_thread *self, void (*leave)(void *core_self), void *core_self);

/* Leave the calling thread's entry. */
THREADING_NORETURN void ti_sim_exit(ti_sim_thread *self);

/* ---- sim_port.c ---- */

/* The calling thread, which the core knows, is this one. */
void ti_sim_note_caller(ti_sim_thread *thread);

const char *ti_sim_thread_name(const threading_thread_t *thread);

/* ---- sim_search.c ---- */

/* Which of `count` alternatives is taken; each from `free` on counts as an interruption. */
uint32_t ti_sim_choose(uint32_t count, uint32_t free);

/* The same among threads, for which priorities count; `count` may have one more than threads. */
uint32_t ti_sim_choose_thread(ti_sim_thread *const *ready, uint32_t threads, uint32_t count, uint32_t free);

/* ---- sim_objects.c ---- */

void ti_sim_objects_begin(void);
uint32_t ti_sim_numbers(void); /* how many of them the last run has given */
bool *ti_sim_token(const void *parker);
uint64_t ti_sim_key(void); /* of the state that the run is in */
uint64_t ti_sim_mix(uint64_t hash, uint64_t value);
void ti_sim_learn(ti_sim_thread *self, const ti_sim_thread *from); /* all that it has done comes before */
void ti_sim_fence_all(void);
void ti_sim_name_object(const void *object, const char *name);
const char *ti_sim_object_name(const void *object); /* NULL: none */

/* ---- sim_table.c ---- */

/* A line of the running thread, while a run is recorded. */
void ti_sim_record(const char *what, const void *object, const char *after);
struct ti_sim_access;
void ti_sim_record_access(const struct ti_sim_access *access);
void ti_sim_record_time(const ti_sim_thread *thread,
                        double seconds); /* it sleeps no longer, so long after the beginning */
void ti_sim_record_settle(void);         /* what was said to be written is there now */
void ti_sim_table_begin(void);
void ti_sim_table_write(threading_write_t write, void *context, const char *replay);
void ti_sim_describe_all(char *text, size_t size); /* what each thread waits for */
bool ti_sim_one_sleeps_in_vain(void);              /* though what it waits for is there */

/* ---- sim_memory.c ---- */

/* What it holds now, it holds before each run. False: memory is out. */
bool ti_sim_memory_begin(void);
size_t ti_sim_memory_left(void); /* how many pieces the core has not given back that it took in the run */
void ti_sim_memory_restore(void);

/* ---- sim_state.c ---- */

bool ti_sim_state_keep(void); /* false: memory is out */
void ti_sim_state_restore(void);
void ti_sim_state_settle(void); /* give back what only a later call would want */

#endif
