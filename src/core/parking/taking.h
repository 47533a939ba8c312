/* SPDX-License-Identifier: MIT */
/*
 * What threads do with Locks, RLocks and RWLocks, told to the diagnosis while it watches (order.h).
 *
 * It costs nothing while nobody watches. Each call asks for its thread's pointer in any case, and has a
 * slow way for threads that have none. While locks are watched, ti_port_self() gives NULL in all threads
 * (ti_port_hide_selves): every call takes that way, and there it tells what it is about to do. The inline
 * calls of the header ask for a pointer of their own, which stays NULL as well (ti_self_show).
 *
 * All is told before it is done, while the object is there for certain; an acquire that fails is told again.
 * Recursion is not told: of an RLock the first level is, and of an RWLock each read.
 */
#ifndef TI_TAKING_H
#define TI_TAKING_H

#include <stdbool.h>
#include <stdint.h>

#include "atomic.h"
#include "blocked.h"
#include "self.h"

typedef enum ti_taking_kind {
    TI_WANTS, /* is about to acquire it, and waits without a limit if it has to */
    TI_TRIES, /* is about to acquire it, if that can be in time; or does so again behind a condition's wait */
    TI_GIVES, /* is about to release it, or could not acquire it */
    TI_BEGINS, /* makes a lock at that address, which is a new one */
} ti_taking_kind;

/*
 *   on      TI_ON_LOCK, TI_ON_RLOCK, TI_ON_OWN, TI_ON_READ or TI_ON_WRITE
 *   caller  where the call that acquires returns to; NULL: not known
 *   ident   the thread that has, or wants, it: not always the calling one, since any may release a Lock
 */
typedef struct ti_taking {
    ti_taking_kind kind;
    ti_on on;
    const void *object;
    const void *caller;
    uint32_t ident;
} ti_taking;

/* No guard is held. */
typedef void ti_taking_watcher(ti_self *self, const ti_taking *taking);

#if !defined(THREADING_NO_DIAGNOSIS)

extern uintptr_t ti_taking_watcher_now;

static inline ti_taking_watcher *ti_taking_watched(void)
{
    /* Acquire: pairs with the release in ti_taking_watch, for what the watcher needs. */
    return (ti_taking_watcher *)ti_load_pointer_acquire(&ti_taking_watcher_now);
}

/* Have them watched, or NULL: no more. No thread has a pointer. */
void ti_taking_watch(ti_taking_watcher *watcher);

/* The calling thread, whose pointer is NULL, acquires or releases. `ident` is the Lock's, 0 where only the
 * thread itself can release. */
ti_self *ti_taking_acquires(ti_on on, const void *object, bool without_limit, const void *caller);
ti_self *ti_taking_releases(ti_on on, const void *object, uint32_t ident);

/* Likewise in calls that know their thread: an acquire that failed, or a release; the acquire at the end of a
 * condition's wait; the making of a lock. */
void ti_taking_ends(ti_self *self, ti_on on, const void *object);
void ti_taking_acquires_again(ti_self *self, ti_on on, const void *object);
void ti_taking_begins(ti_on on, const void *object);

#else
#define ti_taking_watched() NULL
#define ti_taking_acquires(on, object, without_limit, caller) \
    ((void)(on), (void)(object), (void)(without_limit), (void)(caller), ti_self_attach())
#define ti_taking_releases(on, object, ident) ((void)(object), (void)(ident), ti_self_attach())
#define ti_taking_ends(self, on, object) ((void)(self), (void)(on), (void)(object))
#define ti_taking_acquires_again(self, on, object) ((void)(self), (void)(on), (void)(object))
#define ti_taking_begins(on, object) ((void)0)
#endif

#endif
