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

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

#include "parking.h"
#include "port.h"

struct ti_copy;

#define TI_CALLS_NEAR 4

/* A call of ours that calls a function of the user's: calls.h. */
typedef struct ti_call {
    void (*abandon)(struct ti_self *self, void *object, uintptr_t detail);
    void *object;
    uintptr_t detail;
} ti_call;

/*
 * The blocks that a thread keeps (block.h).
 *
 *   loaded  the magazine that it takes from and gives back to
 *   count   how many are in that
 *   full    one more, or NULL
 */
typedef struct ti_blocks {
    void *loaded;
    uint32_t count;
    void *full;
} ti_blocks;

#define TI_READS_KNOWN 8

/*
 * A thread's note of an RWLock that it reads, or has read (rwlock.c, bias.h).
 *
 *   rwlock   which
 *   levels   how often it has acquired it; 0: the place is free
 *   bias     the lock's bias at that time; 0: it is counted in the lock's state
 *   seen     how many biases had been revoked
 *   reads    ordinary ones since the last bias
 *   marked   the bias under which somebody else has counted the levels in the state; under the bucket's
 *            guard, as the next
 *   counted  how many
 */
typedef struct ti_reading {
    uintptr_t rwlock;
    uint32_t levels;
    uint32_t bias;
    uint32_t seen;
    uint32_t reads;
    uint32_t marked;
    uint32_t counted;
} ti_reading;

typedef struct ti_self {
    /* What inline functions of the header see.
     *   ident             the same for the thread's life
     *   rlocks            how many RLocks it owns; its own thread's
     *   copies, capacity  its locals by slot; written under the locals' guard, by itself */
    struct threading_fast fast;
    threading_thread_t *record; /* its Thread object; NULL for a foreign thread that never asked */
    jmp_buf *way_out;           /* where threading_exit goes; NULL in threads that were not started here */
    uint32_t way_out_calls;     /* how many calls were under way there */
    void *exit_result;          /* what it is called with */
    ti_waiter waiter;
    const uint32_t *waits_for;      /* under the registry's guard: see deadlock.h */
    uint32_t waits_kind;            /* under that guard too: the kind of its waiter then */
    uint32_t waits_enough;          /* under that guard too: the state of a Thread that ends the wait */
    threading_stop_t *stop;         /* what the thread heeds; changed by itself under the registry's guard */
    threading_executor_t *executor; /* whose worker it is; its own thread's */
    struct ti_worker *worker;       /* which of that one's, while that is not NULL; its own thread's */
    uint32_t calls;                 /* how many are under way (calls.h); its own thread's, as the next */
    ti_call near_calls[TI_CALLS_NEAR];
    ti_call *far_calls; /* those that find no room there, and how many bytes for them there are */
    size_t far_size;
    uint32_t lingered_in_vain; /* see linger.h; its own thread's, as the next */
    uint32_t linger_skips;
    ti_blocks blocks; /* its own thread's */
    bool is_stopped;  /* under the registry's guard: it sleeps until another one has ended the process */
    bool is_leaving;  /* it ends the process, and returns to no call that it is in; its own thread's */
    uint32_t deaf;    /* not 0: it is in waits that do not heed it; its own thread's */
    ti_reading reads[TI_READS_KNOWN];
    uint32_t reads_beyond; /* how many reads found no place there; its own thread's */
    struct ti_self *next;  /* in the registry's table under its guard, or in the pool */
    uint64_t life;         /* see foreign.h, under the registry's guard, as the next; 0: not on the list */
    struct ti_self *foreign_next;
    struct ti_self **foreign_link;
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

/* Let inline functions in this thread see it, once its ident is known; NULL at its end. */
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
