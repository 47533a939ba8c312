/* SPDX-License-Identifier: MIT */
/*
 * The Thread object.
 *
 *   state       meaning                                         changed by
 *   NEW         not started, or its start has failed
 *   STARTING    start is under way; listed                      start, under the registry's guard
 *   RUNNING     it runs and has said its native id              the thread
 *   LEAVING     it ends the process: exit does not wait for it   the thread
 *   STOPPED     it sleeps until another one has ended the process, and ends with that   the thread
 *   ENDED       everything is done                              the thread, under the registry's guard
 *
 * A thread that waits for a change of the state waits in the parking lot for the word `state`.
 *
 *   reap        meaning: who may join the system's thread
 *   PENDING     nobody yet: the start has not returned from the system
 *   JOINABLE    the first joiner, or whoever frees the object
 *   JOINING     a joiner is at it; others wait for the word `reap`
 *   REAPED      done, or nothing to do
 *
 *   granted     meaning: whether the system gives the priority that was asked for (priority.h)
 *   ASKED       not known yet
 *   GRANTED     it does, and the target runs with it
 *   DENIED      it does not: the thread ends, and its start fails
 */
#ifndef TI_THREAD_H
#define TI_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port.h"
#include "self.h"

#define TI_STACK_SIZE_MIN 32768 /* bytes; CPython's limit */

enum { TI_NEW, TI_STARTING, TI_RUNNING, TI_LEAVING, TI_STOPPED, TI_ENDED };
enum { TI_PENDING, TI_JOINABLE, TI_JOINING, TI_REAPED };
enum { TI_ASKED, TI_GRANTED, TI_DENIED };

typedef enum ti_kind {
    TI_STARTED_HERE,
    TI_MAIN,
    TI_DUMMY /* a foreign thread that asked for its object */
} ti_kind;

struct ti_timer;

/* One name of a thread; name.c tells of them. */
typedef struct ti_name {
    struct ti_name *older;
    const char *text;
    bool was_read;
    char storage[];
} ti_name;

struct threading_thread {
    uint32_t references; /* one for each handle, and one of the thread itself while it is alive */
    uint32_t state;
    uint32_t reap;
    uint32_t ident;  /* set before the state leaves NEW, under the registry's guard */
    uint32_t daemon; /* may be set while NEW, read at any time */
    uint32_t
        family; /* ti_phase_family at its start, set as ident: another process's thread is not ours to join */
    ti_kind kind;
    threading_status_t options_status; /* what start says of them */
    bool is_static;                    /* main's, whose memory is not the system's */
    bool is_worker;                    /* of an executor: the process waits for it, daemon or not */
    uint32_t left_out;  /* under the registry's guard: the number of the shutdown that has given up on it */
    ti_name *name;      /* the newest; under the registry's guard once others know the object */
    uint64_t native_id; /* set before RUNNING */
    uintptr_t handle;   /* the system's, of one that was not started here, or has called fork; 0 for others */
    size_t stack_size;  /* that was asked for */
    int priority;       /* likewise */
    uint32_t granted;   /* what has come of that */
    threading_target_t target;
    void *arg;
    void *result;           /* set before ENDED */
    threading_stop_t *stop; /* what it heeds from its start */
    struct ti_timer *timer; /* of a Timer; NULL for others */
    ti_port_thread native;
    threading_thread_t *previous; /* in the registry's list, under its guard */
    threading_thread_t *next;
};

/* The object of the thread that the process began with. */
extern threading_thread_t ti_thread_main_record;

/* A new object of any kind, not listed; `name` NULL or "" for an automatic one with the prefix. NULL: no
 * memory. */
threading_thread_t *ti_thread_allocate(ti_kind kind, const char *name, const char *prefix);

/* Change a word that threads may wait for. */
void ti_thread_change(uint32_t *word, uint32_t value);

/* Wait until the start is over one way or the other: the state then. */
uint32_t ti_thread_await_start(const threading_thread_t *thread);

/* Whether it was started in this process, and not in the parent of a forked child. */
bool ti_thread_is_of_this_process(const threading_thread_t *thread);

/* Whether a thread that was started can no longer end: it has stopped, or was killed with the process. */
bool ti_thread_is_stopped(const threading_thread_t *record);

/* Wait until the state is `enough` (TI_LEAVING or TI_STOPPED) or later. THREADING_FINALIZING: no thread is
 * left that could change it. */
threading_status_t ti_thread_wait(ti_self *self, threading_thread_t *record, int64_t deadline,
                                  uint32_t enough);

/* threading_thread_join(), with a deadline. */
threading_status_t ti_thread_join(threading_thread_t *thread, int64_t deadline);

/* Join the system's thread of an ended one, once among all callers. False at the deadline. */
bool ti_thread_reap(ti_self *self, threading_thread_t *record, int64_t deadline);

/* A thread that goes on counts as LEAVING (exit does not wait for it), as STOPPED or, main, as ENDED from
 * here on. */
void ti_thread_set_gone(ti_self *self, threading_thread_t *record, uint32_t state);

/* The end: first under the registry's guard, then without. */
void ti_thread_set_ended(threading_thread_t *record);
void ti_thread_leave(threading_thread_t *record);

/* The end of an object of which there is no reference any more, and whose system's thread is nobody's
 * business. */
void ti_thread_dispose(threading_thread_t *thread);

/* Give a reference back that nobody else gives back, where no allocator may be called (later.h). And,
 * where it may: give back all that was put off. */
void ti_thread_give_back_later(threading_thread_t *thread);
void ti_thread_settle(void);

/* name.c */
void ti_name_push(threading_thread_t *record, ti_name *name);
bool ti_name_give(threading_thread_t *record, const char *name,
                  const char *prefix); /* as ti_thread_allocate */
void ti_name_free_all(threading_thread_t *record);
void ti_name_reset(void);                            /* main has the name that it had at first */
void ti_name_show(const threading_thread_t *record); /* to the system, in the thread itself */
extern ti_name ti_name_of_main;

#endif
