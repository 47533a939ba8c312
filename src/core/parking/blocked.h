/* SPDX-License-Identifier: MIT */
/*
 * What a blocked thread waits for, as other threads may read it: for the dump, the profile and the trace.
 *
 * A call that may wait says on what, in its slow path, before it does: ti_blocked_on(). That costs two stores
 * to the thread's own record. Only when the thread really sleeps is the rest written, the moments and that it
 * sleeps, in the one place where waits sleep (ti_parking_doze), or beside a sleep of another kind.
 *
 * The note is read without a lock, while its thread may change it. Its version is odd while it sleeps:
 *
 *     the sleeper                              a reader
 *     the fields               (release)       first = version    (acquire); even: the thread does not sleep
 *     version + 1, now odd     (release)       the fields         (acquire)
 *     …sleeps…                                 second = version   (relaxed); not first: it begins again
 *     version + 1, now even    (relaxed)
 *
 * A reader that gets a field of a later sleep also gets the version that came before it, since the field's
 * store is a release and its load an acquire: then the second version is not the first. (Boehm, "Can Seqlocks
 * Get Along with Programming Language Memory Models?", 2012.)
 */
#ifndef TI_BLOCKED_H
#define TI_BLOCKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port.h"

struct ti_self;

/* What is waited for. An object is given by its public address. */
typedef enum ti_on {
    TI_ON_NOTHING,
    TI_ON_LOCK,
    TI_ON_RLOCK,
    TI_ON_OWN, /* the RLock of a Condition's own; the object is the Condition */
    TI_ON_CONDITION,
    TI_ON_SEMAPHORE,
    TI_ON_BOUNDED_SEMAPHORE,
    TI_ON_EVENT,
    TI_ON_BARRIER,
    TI_ON_ONCE,
    TI_ON_READ,   /* an RWLock, to read */
    TI_ON_WRITE,  /* an RWLock, to write */
    TI_ON_THREAD, /* a Thread's end, or its start */
    TI_ON_TIMER,  /* the moment of the thread's own Timer */
    TI_ON_SLEEP,  /* threading_sleep(); no object */
    TI_ON_GET,    /* a queue, for an item */
    TI_ON_PUT,    /* a queue, for room */
    TI_ON_TASKS,  /* a queue, for all its items to be done */
    TI_ON_FUTURE,
    TI_ON_ANY,    /* several things at once: the object is the array of sources */
    TI_ON_MAP,    /* the items of threading_executor_map(); the object is the executor */
    TI_ON_LOOP,   /* the others' pieces of threading_executor_for(); the object is the executor */
    TI_ON_GROUP,  /* the tasks of a group */
    TI_ON_WORK,   /* an executor, for a task to run */
    TI_ON_ROOM,   /* an executor, for room for a task */
    TI_ON_INSIDE, /* a lock inside of a queue, a future or an executor */
    TI_ON_EXIT,   /* the end of the process, which another thread brings about; no object */
    TI_ON_COUNT
} ti_on;

/*
 *   on, object           as said by ti_blocked_on(); the thread's own
 *   version              see above
 *   shown_on and         the same, shown
 *   shown_object
 *   since, until         when the sleep began, and its limit; both in two halves
 *   waker, woken_at      the ident of the thread that woke this one last, and when; while sleeps are watched
 *   dumped               the version of the sleep that the watchdog has dumped; the watchdog's own
 *   row                  where the trace keeps the thread's events; its own thread's
 *
 * Of a search for rings (ring.h), under the registry's guard:
 *   searched             the last one that has met this thread
 *   searched_from        the ident where that walk began
 *   seen_version         the version then, and who had what the thread waits for
 *   seen_holder
 *   awaited              the last search that has seen somebody wait for what the thread has
 */
typedef struct ti_blocked {
    uint32_t on;
    uint32_t version;
    const void *object;
    uintptr_t shown_object;
    uint32_t shown_on;
    uint32_t since[2];
    uint32_t until[2];
    uint32_t waker;
    uint32_t woken_at[2];
    uint32_t dumped;
    void *row;
    uint32_t searched;
    uint32_t searched_from;
    uint32_t seen_version;
    uint32_t seen_holder;
    uint32_t awaited;
} ti_blocked;

#if !defined(THREADING_NO_DIAGNOSIS)

/* What a reader has seen. */
typedef struct ti_blocked_view {
    ti_on on; /* TI_ON_NOTHING: it does not sleep */
    const void *object;
    int64_t since;
    int64_t until; /* TI_FOREVER: without a limit */
    uint32_t version;
} ti_blocked_view;

/* The calling thread is about to wait for this. A macro: ti_self is not complete here. */
#define ti_blocked_on(self, on_what, what) \
    ((void)((self)->blocked.on = (uint32_t)(on_what), (self)->blocked.object = (what)))

/* Around a sleep of the calling thread, with its limit. */
void ti_blocked_begin(struct ti_self *self, int64_t until);
void ti_blocked_end(struct ti_self *self);

/* The calling thread is about to wake another one. */
void ti_blocked_wake(struct ti_self *woken);

/* How many items there are in what the calling thread waits for, or has waited for. */
void ti_blocked_counted(struct ti_self *self, ti_on on, const void *object, size_t items);

/* The calling thread is about to end. */
void ti_blocked_leave(struct ti_self *self);

/* Read another thread's note. The caller holds the registry's guard, or another one under which it has found
 * the thread, so that the record's memory is there. */
ti_blocked_view ti_blocked_read(const struct ti_self *self);

typedef enum ti_news_kind {
    TI_NEWS_SLEPT, /* a sleep is over */
    TI_NEWS_ITEMS, /* so many items there are */
    TI_NEWS_ENDS   /* the thread ends */
} ti_news_kind;

/*
 * What a watcher is told.
 *
 *   view             of the sleep; of items what they are in
 *   waker, woken_at  the ident of the thread that ended the sleep, and when; 0: none did, or it is not known
 *   items            how many
 */
typedef struct ti_news {
    ti_news_kind kind;
    ti_blocked_view view;
    int64_t now;
    uint32_t waker;
    int64_t woken_at;
    size_t items;
} ti_news;

/*
 * Have it told, in the thread that it is about, when that holds no guard; NULL: to nobody any more. The
 * function may be called for a moment after it was taken away.
 */
typedef void ti_blocked_watcher(struct ti_self *self, const ti_news *news);
void ti_blocked_watch(ti_blocked_watcher *watcher);

#else
#define ti_blocked_on(self, on_what, what) ((void)(self), (void)(on_what), (void)(what))
#define ti_blocked_begin(self, until) ((void)(self), (void)(until))
#define ti_blocked_end(self) ((void)(self))
#define ti_blocked_wake(woken) ((void)(woken))
#define ti_blocked_counted(self, on, object, items) ((void)(self), (void)(on), (void)(object), (void)(items))
#define ti_blocked_leave(self) ((void)(self))
#endif

#endif
