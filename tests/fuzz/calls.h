/* SPDX-License-Identifier: MIT */
/*
 * Random calls, right and wrong ones, on every kind of object; each must answer what threading.h says.
 *
 *     fuzz-calls [SEED [CALLS [ACTORS]]]
 *
 * Actors are threads of which one acts at a time: main, and one or two others, which come and go. The others
 * wait for their turn, so what every call has to answer follows from the calls before. Each family of objects
 * keeps a model of its own: plain data and a few lines for each call, written from the header's comments
 * alone. A call that would wait for ever by the model is not made; a call that would wait is made with a
 * limit that is soon over, or when the actor's stop is requested.
 *
 * Beside the answer, each call is looked at for what holds of all: it leaves errno alone, the misuse handler
 * is told of it just when it is one, and the deadlock handler just when a deadlock is answered.
 *
 * With 0 actors the process has one thread only, and whatever starts another is left out.
 */
#ifndef FUZZ_CALLS_H
#define FUZZ_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "threading.h"

enum { ACTORS = 3, LOCKS = 5, RLOCKS = 5, STOPS = 5 };

/* -------------------------------------------------------------------------------------- chance */

uint32_t below(uint32_t limit);
bool chance(uint32_t one_in);

/* --------------------------------------------------------------------------------------- calls */

/* What is being called, and what was told meanwhile. */
typedef struct call {
    const char *name;
    const void *object;
    unsigned misuses, deadlocks; /* of the call around this one */
} call_t;

/* What the next calls are about, for the list of the last calls: an object and a number. */
void about(const char *kind, int index);
void noting(double number);

call_t call_begins(const char *name, const void *object);
void call_gives_status(const call_t *call, threading_status_t got, threading_status_t want);
void call_gives_number(const call_t *call, intmax_t got, intmax_t want);

/* A call whose status must be `want`, which is looked at after the call. `arguments` are in parentheses;
 * `object` is what the misuse handler would be told. */
#define STATUS(want, object, function, arguments)                    \
    do {                                                             \
        call_t call_ = call_begins(#function, (object));             \
        threading_status_t got_ = function arguments;                \
        call_gives_status(&call_, got_, (threading_status_t)(want)); \
    } while (0)

/* The same for a call that gives a number or a truth; and for one that gives a pointer. */
#define NUMBER(want, function, arguments)                  \
    do {                                                   \
        call_t call_ = call_begins(#function, NULL);       \
        intmax_t got_ = (intmax_t)(function arguments);    \
        call_gives_number(&call_, got_, (intmax_t)(want)); \
    } while (0)

#define POINTER(want, function, arguments)                                      \
    do {                                                                        \
        call_t call_ = call_begins(#function, NULL);                            \
        uintptr_t got_ = (uintptr_t)(function arguments);                       \
        call_gives_number(&call_, (intmax_t)got_, (intmax_t)(uintptr_t)(want)); \
    } while (0)

/* A call that gives nothing, or what is looked at by the family itself. */
#define QUIET(call)                              \
    do {                                         \
        call_t call_ = call_begins(#call, NULL); \
        call;                                    \
        call_gives_number(&call_, 0, 0);         \
    } while (0)

/* Ends the program with the list of the last calls unless it holds. */
#define MUST(condition) ((condition) ? (void)0 : must_failed(#condition, __FILE__, __LINE__))
#define NEVER(what) must_failed(what, __FILE__, __LINE__)
THREADING_NORETURN void must_failed(const char *what, const char *file, int line);

/* -------------------------------------------------------------------------------------- actors */

/* A thread that is or was an actor: 0 is nobody, 1 is main. A number is never given again. */
typedef uint32_t person_t;

int acting(void);             /* the actor whose turn it is, 0 for main */
person_t me(void);            /* and who that is */
bool is_turn_of_caller(void); /* false in a thread that is no actor, such as an executor's */
bool is_alive(person_t person);
bool has_threads(void);       /* whether threads may be started */
bool is_foreign(void);        /* whether the acting thread was not started by the library */
unsigned actors_listed(void); /* actors that active_count() counts: Dummies only once they are known */
void dummy_is_known(void);    /* the acting thread has asked for its object */
threading_thread_t *handle_of(int actor); /* NULL for one that is not there */
int actors(void);                         /* main and those who were asked for */
unsigned threads_running(void);           /* that calls_thread.c has started */

/* Ends the acting thread, which is not main, at once. The turn is main's. */
THREADING_NORETURN void leave_now(void);

/* --------------------------------------------------------------------------------------- time */

typedef enum span {
    SPAN_TRY, /* of a try_… call */
    SPAN_ZERO,
    SPAN_SHORT, /* runs out at once */
    SPAN_LONG,  /* never runs out */
    SPAN_FOREVER,
    SPAN_INVALID,
    SPAN_OVERFLOW
} span_t;

typedef struct limit {
    double seconds;
    span_t span;
} limit_t;

extern const limit_t TRY, FOREVER;

limit_t any_limit(void);

/* THREADING_OK, or what a wrong limit is answered with. */
threading_status_t limit_refused(limit_t limit);

/* What a call answers that would have to wait; false when it would wait for ever. */
bool gives_up(limit_t limit, threading_status_t *want);

/* --------------------------------------------------------------------------------------- stops */

bool heeds_a_stop(void);
bool is_told_to_stop(void);

/* --------------------------------------------------------------------------------- locks, shared */

typedef struct rlock_model {
    person_t owner;
    uint32_t level;
} rlock_model_t;

extern threading_lock_t locks[LOCKS];
extern bool lock_is_held[LOCKS];
extern threading_rlock_t rlocks[RLOCKS];
extern rlock_model_t rlock_models[RLOCKS];

/* What an acquire answers; false when it would wait for ever. */
bool lock_answer(bool is_held, limit_t limit, threading_status_t *want);
bool rlock_answer(const rlock_model_t *model, limit_t limit, threading_status_t *want);
void rlock_takes(rlock_model_t *model, threading_status_t status);
threading_status_t rlock_gives(rlock_model_t *model);
/* Whether it may be made anew: nobody alive owns it. */
bool rlock_is_unused(const rlock_model_t *model);

/* ------------------------------------------------------------------------------------- families */

typedef struct family {
    const char *name;
    unsigned weight;
    bool starts_threads;
    void (*step)(void);                       /* makes some calls, or none */
    void (*left)(person_t person, int actor); /* an actor's thread has ended; may be NULL */
    void (*end)(void);                        /* frees everything; main acts alone; may be NULL */
} family_t;

extern const family_t lock_family, rlock_family, condition_family, semaphore_family, bounded_family,
    event_family, barrier_family, once_family, rwlock_family, local_family, stop_family, thread_family,
    queue_family, future_family, futures_family, wait_any_family, executor_family, group_family, loop_family,
    module_family, diagnosis_family;

/* Ready or not, for threading_wait_any(): a random object of the family, and whether it is ready. False if
 * there is none. */
bool event_source(threading_source_t *source, bool *is_ready);
bool semaphore_source(threading_source_t *source, bool *is_ready);
bool bounded_source(threading_source_t *source, bool *is_ready);
bool queue_source(threading_source_t *source, bool *is_ready);
bool future_source(threading_source_t *source, bool *is_ready);
bool thread_source(threading_source_t *source, bool *is_ready);

#endif
