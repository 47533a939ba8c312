/* SPDX-License-Identifier: MIT */
/*
 * What threading.h says that each step gives, in a program without threads.
 *
 * The model answers every step that a script may hold, and knows which may not be there: those that would wait
 * for ever, that leave something to chance, or where CPython is known to differ (in a scenario for Python).
 */
#ifndef ORACLE_MODEL_H
#define ORACLE_MODEL_H

#include "script.h"

typedef enum life { LIFE_ABSENT, LIFE_NEW, LIFE_RUNNING, LIFE_WAITING, LIFE_WOKEN, LIFE_ENDED } life_t;

/* Nobody waits, nobody owns, waits for nobody. Main is 0: it never waits. */
enum { NOBODY = -1 };

typedef struct model_thread {
    life_t life;
    bool daemon;
    bool timed; /* it waits with a limit that is far away */
    char name[TEXT];
    char result[TEXT];   /* of the wait that is over */
    char returned[TEXT]; /* the argument of `exit` */
    int joins;           /* the thread that it waits for, or NOBODY */
    bool has_copy[LOCALS];
    int copies[LOCALS];
} model_thread_t;

typedef struct model_lock {
    bool held;
    int waiter;
} model_lock_t;

typedef struct model_rlock {
    int owner; /* it may have ended */
    unsigned count;
    int waiter;
} model_rlock_t;

typedef struct model {
    bool python;
    bool settled; /* who waits is known to wait, since the last step was `settle` */
    int count;    /* threads, main among them */
    model_thread_t threads[THREADS];
    int started[THREADS]; /* the threads that are alive, in the order of their start */
    int alive;
    int automatic_names;
    int finalised;
    model_lock_t locks[LOCKS];
    model_rlock_t rlocks[RLOCKS];
} model_t;

void model_begin(model_t *model, const scenario_t *scenario);

/* Does the step and gives its result. False, and nothing done, when a script may not hold it here. */
bool model_do(model_t *model, const step_t *step, char result[TEXT]);

/* Which thread's `end` must come next; NOBODY when any step may. */
int model_woken(const model_t *model);

void model_view(const model_t *model, const step_t *step, view_t *view);

#endif
