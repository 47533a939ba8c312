/* SPDX-License-Identifier: MIT */
/*
 * The thread data: what the library knows of one running thread, its own or foreign: its ident, where it
 * sleeps, its locals.
 *
 * A thread has a ti_self from the start if it was started here, else from its first call that needs one,
 * until it ends. The memory is never given back to the system but reused for later threads: another thread
 * may still be about to unpark this one when it ends.
 *
 * A thread's first call needs no memory of malloc's, and comes before anything that does: malloc itself may
 * be what calls, guarded by a Lock.
 */
#ifndef TI_SELF_H
#define TI_SELF_H

#include <stddef.h>
#include <stdint.h>

#include "block.h"
#include "blocked.h"
#include "calls.h"
#include "deadlock.h"
#include "guard.h"
#include "linger.h"
#include "parking.h"
#include "port.h"
#include "reading.h"

struct ti_copy;

/*
 * How it is found out that a thread is gone which never said so (foreign.h); under the registry's guard.
 *
 *   mark        the system's word for its life; 0: the thread is not on the list
 *   next, link  on the list
 */
typedef struct ti_life {
    uint64_t mark;
    struct ti_self *next;
    struct ti_self **link;
} ti_life;

typedef struct ti_self {
    /* What inline functions of the header see.
     *   ident             the same for the thread's life
     *   rlocks            how many RLocks it owns; its own thread's
     *   copies, capacity  its locals by slot; written under the locals' guard, by itself */
    struct threading_fast fast;
    threading_thread_t *record; /* its Thread object; NULL for a foreign thread that never asked */
    ti_waiter waiter;
    ti_blocked blocked;
    ti_proof proof;
    threading_stop_t *stop;         /* what the thread heeds; changed by itself under the next */
    ti_guard heeding;               /* taken by others under the registry's guard */
    threading_executor_t *executor; /* whose worker it is; its own thread's */
    struct ti_worker *worker;       /* which of that one's, while that is not NULL; its own thread's */
    ti_calls calls;
    ti_lingering lingering;
    ti_blocks blocks;
    bool is_stopped; /* under the registry's guard: it sleeps until another one has ended the process */
    bool is_telling; /* a handler of the diagnosis runs in it; its own thread's */
    bool is_leaving; /* it ends the process, and returns to no call that it is in; its own thread's */
    uint32_t deaf;   /* not 0: it is in waits that do not heed it; its own thread's */
    ti_readings readings;
    struct ti_self *next; /* in the registry's table under its guard, or in the pool */
    ti_life life;
    int64_t began;                 /* when it became known; under the registry's guard */
    uint64_t native_id;            /* of main and of a foreign thread, set as `began` */
    void **place;                  /* where its thread has the pointer to it: the backend's, or NULL */
    struct threading_fast **shown; /* that of inline functions, or NULL */
    ti_parker parker;              /* last: it stays as it is when the rest is reset for the next thread */
} ti_self;

/* The thread that a waiter belongs to. */
static inline ti_self *ti_self_of(const ti_waiter *waiter)
{
    return (ti_self *)waiter->self;
}

/* Make main or a foreign thread known. Never fails; when memory is out it waits for some. */
ti_self *ti_self_attach(void);

/* The calling thread. */
static inline ti_self *ti_self_get(void)
{
    ti_self *self = (ti_self *)ti_port_self();
    return self != NULL ? self : ti_self_attach();
}

/* The same if it is known, else NULL: for what is no reason to become so. */
static inline ti_self *ti_self_known(void)
{
    ti_self *self = (ti_self *)ti_port_self();
    return self != NULL ? self : (ti_self *)ti_port_self_recall();
}

/* Let inline functions in this thread see it, once its ident is known, unless locks are watched (taking.h);
 * NULL at its end. */
void ti_self_show(ti_self *self);

/* Make the parker of a thread whose memory is there already. It may need more, which then is waited for. */
void ti_self_make_parker(ti_self *self);

/* Memory for a thread that is about to be started, NULL when memory is out; and back. */
ti_self *ti_self_new(void);
void ti_self_free(ti_self *self);

/* Nobody is known, and main may become known again. */
void ti_self_reset(void);

/* A thread that was not started here is not known any more, and finds that out at its next call. */
void ti_self_unload(ti_self *self, bool is_gone);

/* Give the memory back that is kept for later threads. */
void ti_self_unload_all(void);

/* Under the registry's guard: whether the system says that the thread is gone, which never left. The
 * calling thread is there. */
bool ti_self_is_gone(const ti_self *self);

#endif
