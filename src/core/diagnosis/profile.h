/* SPDX-License-Identifier: MIT */
/*
 * The profile: which objects threads wait for, and for how long.
 *
 * All its memory is taken at the first start, since the thread that tells of a wait may be in the middle of
 * malloc. There are two tables. One has a row for each object, the other the time of each thread on each
 * object, so that the threads that waited most are found exactly. Each is made of sets: a hash says in which
 * set something belongs, and each set has a few places and a guard, so that threads that wait for different
 * things do not wait for each other here. What finds no place in its set is counted there.
 */
#ifndef TI_PROFILE_H
#define TI_PROFILE_H

#include "guard.h"
#include "self.h"
#include "text.h"

#if !defined(THREADING_NO_DIAGNOSIS)

#define TI_PROFILE_MOST 3 /* threads of an object that are told */
#define TI_PROFILE_SETS 32
#define TI_PROFILE_ROWS 32 /* in each of them */
#define TI_PROFILE_PAIR_SETS 512
#define TI_PROFILE_PAIRS 16

/* One of those that waited most; the name is known when the thread has ended. */
typedef struct ti_profile_thread {
    uint32_t ident; /* 0: none */
    int64_t total;
    char name[TI_TEXT_NAME];
} ti_profile_thread;

/*
 *   object, on  as in a ti_blocked_view; of some kinds all objects are one (ti_profile_object)
 *   hold        the longest hold that a waiter saw
 *   released    when a thread was last woken here
 *   threads     those that waited most, in no order
 */
typedef struct ti_profile_row {
    const void *object;
    ti_on on;
    uint64_t waits;
    int64_t total;
    int64_t longest;
    int64_t hold;
    int64_t released;
    ti_profile_thread threads[TI_PROFILE_MOST];
} ti_profile_row;

typedef struct ti_profile_set {
    ti_guard guard; /* protects all of it */
    int64_t started;
    uint32_t count;
    uint64_t lost_waits;
    int64_t lost_time;
    ti_profile_row rows[TI_PROFILE_ROWS];
} ti_profile_set;

typedef struct ti_profile_pair {
    const void *object;
    ti_on on;
    uint32_t ident;
    int64_t total;
} ti_profile_pair;

typedef struct ti_profile_pairs {
    ti_guard guard;
    int64_t started;
    uint32_t count;
    uint64_t lost_waits;
    ti_profile_pair pairs[TI_PROFILE_PAIRS];
} ti_profile_pairs;

/* What is told of a row, in its order. */
typedef struct ti_profile_line {
    int64_t total;
    ti_profile_set *set;
    uint32_t row;
} ti_profile_line;

/*
 *   guard             protects started and stopped
 *   started, stopped  when; stopped is TI_FOREVER meanwhile
 *   lines             of the one thread that writes
 */
typedef struct ti_profile {
    ti_guard guard;
    int64_t started;
    int64_t stopped;
    ti_profile_set sets[TI_PROFILE_SETS];
    ti_profile_pairs pairs[TI_PROFILE_PAIR_SETS];
    ti_profile_line lines[TI_PROFILE_SETS * TI_PROFILE_ROWS];
} ti_profile;

/* NULL: none was started. */
ti_profile *ti_profile_get(void);

/* What the watcher is told (watch.h). */
void ti_profile_hear(ti_self *self, const ti_news *news);

/* As ti_watch_reset and ti_watch_unload. */
void ti_profile_reset(void);
void ti_profile_unload(void);

/* In a forked child: nobody writes. */
void ti_profile_reset_writer(void);

#endif

#endif
