/* SPDX-License-Identifier: MIT */
/*
 * The oracle's scripts: what threads do to locks, to each other and to locals, one step after the other.
 *
 *     scenario 2809401 python     its seed; "python" when CPython can play it too
 *     threads 3                   thread1, thread2 and thread3 may be made; thread0 is main
 *     0 new thread1 -             main makes thread1, with an automatic name
 *     0 start thread1
 *     1 acquire lock0
 *     0 acquire_timeout lock0 0.001
 *     0 new thread2 worker
 *     0 start thread2
 *     2 begin acquire lock0       thread2 begins to acquire lock0 and has to wait
 *     1 release lock0
 *     2 end                       now its acquire returns
 *     1 exit 7                    thread1's target returns 7
 *     done
 *
 * A step is `THREAD OPERATION [OBJECT] [ARGUMENT]`: thread THREAD does it while all others stand still, and
 * the next step comes when it has returned. A step that waits for another thread is written in two lines,
 * `begin` and `end`; the `end` comes right after the step that lets it go on. Nothing is ever left to chance:
 * a lock has one waiter at most, and main never waits without a limit.
 *
 * Objects are lock0 … lock2, rlock0 … rlock2, local0 and local1, thread0 … thread4. `locknull` and so on is no
 * object at all, a NULL. Locals are one int: local0 begins with 0, local1 with 100 and its copies' ends
 * are counted. OPERATION_LIST below is the list of operations.
 *
 * A transcript repeats each step with its result and, unless an `end` comes next, says what can be seen then:
 *
 *     scenario 2809401
 *     1 0 new thread1 - : OK
 *       locks 000 rlocks 000 mine 0,0,0 threads n-- active 1
 *
 * `mine` is the level of each RLock as its thread sees it. A thread is `-` not made, `n` new, `r` running, `w`
 * waiting in a step that it began, `e` ended; a daemon is a capital letter. Results are words that suit every
 * language: OK, BUSY, TIMEOUT, …
 */
#ifndef ORACLE_SCRIPT_H
#define ORACLE_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
    THREADS = 5, /* main and four others */
    LOCKS = 3,
    RLOCKS = 3,
    LOCALS = 2,
    STEPS = 400,
    TEXT = 64, /* room for an argument or a result */
    LINE = 256
};

/* What a local's copies begin with. */
enum { LOCAL0_BEGINS = 0, LOCAL1_BEGINS = 100 };

typedef enum object {
    OBJECT_NONE = 0,
    OBJECT_LOCK = 1,
    OBJECT_RLOCK = 2,
    OBJECT_THREAD = 4,
    OBJECT_LOCAL = 8
} object_t;
enum { OBJECT_LOCKS = OBJECT_LOCK | OBJECT_RLOCK, NO_OBJECT = -1 };

typedef enum argument {
    ARGUMENT_NONE,
    ARGUMENT_SECONDS,
    ARGUMENT_NUMBER,
    ARGUMENT_NAME,
    ARGUMENT_FLAG
} argument_t;

/* X(name, kinds of objects, argument, how often the generator takes it) */
#define OPERATION_LIST(X)                                                                        \
    X(acquire, OBJECT_LOCKS, ARGUMENT_NONE, 14)                                                  \
    X(try_acquire, OBJECT_LOCKS, ARGUMENT_NONE, 8)                                               \
    X(acquire_timeout, OBJECT_LOCKS, ARGUMENT_SECONDS, 12)                                       \
    X(release, OBJECT_LOCKS, ARGUMENT_NONE, 18)                                                  \
    X(locked, OBJECT_LOCKS, ARGUMENT_NONE, 2)                                                    \
    X(with, OBJECT_LOCKS, ARGUMENT_NONE, 3) /* how often it is held in the body, or SKIPPED */   \
    X(init, OBJECT_LOCKS, ARGUMENT_NONE, 1) /* as new; Python's _at_fork_reinit */               \
    X(is_owned, OBJECT_RLOCK, ARGUMENT_NONE, 2)                                                  \
    X(count, OBJECT_RLOCK, ARGUMENT_NONE, 2)                                                     \
    X(new, OBJECT_THREAD, ARGUMENT_NAME, 8) /* daemon as its maker; "-": automatic name */       \
    X(new_daemon, OBJECT_THREAD, ARGUMENT_NAME, 2)                                               \
    X(new_not_daemon, OBJECT_THREAD, ARGUMENT_NAME, 1)                                           \
    X(start, OBJECT_THREAD, ARGUMENT_NONE, 12)                                                   \
    X(join, OBJECT_THREAD, ARGUMENT_NONE, 6)                                                     \
    X(try_join, OBJECT_THREAD, ARGUMENT_NONE, 3)                                                 \
    X(join_timeout, OBJECT_THREAD, ARGUMENT_SECONDS, 5)                                          \
    X(is_alive, OBJECT_THREAD, ARGUMENT_NONE, 2)                                                 \
    X(result, OBJECT_THREAD, ARGUMENT_NONE, 2)                                                   \
    X(name, OBJECT_THREAD, ARGUMENT_NONE, 2)                                                     \
    X(set_name, OBJECT_THREAD, ARGUMENT_NAME, 2)                                                 \
    X(daemon, OBJECT_THREAD, ARGUMENT_NONE, 2)                                                   \
    X(set_daemon, OBJECT_THREAD, ARGUMENT_FLAG, 3)                                               \
    X(has_ident, OBJECT_THREAD, ARGUMENT_NONE, 1)                                                \
    X(ident_is_mine, OBJECT_THREAD, ARGUMENT_NONE, 2)                                            \
    X(current_is, OBJECT_THREAD, ARGUMENT_NONE, 2)                                               \
    X(exit, OBJECT_NONE, ARGUMENT_NUMBER, 2)  /* the thread's target returns the number */       \
    X(leave, OBJECT_NONE, ARGUMENT_NUMBER, 1) /* threading_exit, SystemExit */                   \
    X(active_count, OBJECT_NONE, ARGUMENT_NONE, 1)                                               \
    X(enumerate, OBJECT_NONE, ARGUMENT_NONE, 2)                                                  \
    X(sleep, OBJECT_NONE, ARGUMENT_SECONDS, 1)                                                   \
    X(local_get, OBJECT_LOCAL, ARGUMENT_NONE, 4)                                                 \
    X(local_set, OBJECT_LOCAL, ARGUMENT_NUMBER, 4)                                               \
    X(local_destroy, OBJECT_LOCAL, ARGUMENT_NONE, 1)                                             \
    X(finalised, OBJECT_LOCAL, ARGUMENT_NONE, 2) /* how many copies ended so far; local1 only */ \
    X(settle, OBJECT_NONE, ARGUMENT_NONE, 0)     /* time for those who began to wait to really wait */

typedef enum operation {
#define OPERATION_ENUMERATOR(name, objects, argument, weight) OP_##name,
    OPERATION_LIST(OPERATION_ENUMERATOR)
#undef OPERATION_ENUMERATOR
        OPERATIONS
} operation_t;

typedef enum form { FORM_PLAIN, FORM_BEGIN, FORM_END } form_t;

typedef struct step {
    int thread;
    form_t form;
    operation_t operation; /* nothing in an `end` */
    object_t kind;
    int index; /* NO_OBJECT for a NULL */
    char argument[TEXT];
} step_t;

typedef struct scenario {
    uint32_t seed;
    bool python;
    int threads; /* besides main */
    int count;
    step_t steps[STEPS];
} scenario_t;

/* What can be seen after a step; see above. */
typedef struct view {
    bool locks[LOCKS], rlocks[RLOCKS];
    bool has_mine;
    unsigned mine[RLOCKS];
    char threads[THREADS]; /* [0] is not shown: main runs */
    unsigned active;
} view_t;

/* The columns of OPERATION_LIST. */
const char *operation_name(operation_t operation);
unsigned operation_objects(operation_t operation);
argument_t operation_argument(operation_t operation);
unsigned operation_weight(operation_t operation);

/* Reads the next scenario; false at the end of the file. What is no scenario ends the program. */
bool scenario_read(FILE *file, scenario_t *scenario);
void scenario_print(FILE *file, const scenario_t *scenario);

/* A transcript, piece by piece. A view is not due while an `end` comes next. */
void transcript_begin(FILE *file, const scenario_t *scenario);
void transcript_step(FILE *file, const scenario_t *scenario, int number, const char *result);
bool transcript_wants_view(const scenario_t *scenario, int number);
void transcript_view(FILE *file, const scenario_t *scenario, const view_t *view);
void transcript_end(FILE *file);

/* Whether the step's thread can look at its RLocks after the step: not when it waits, nor when it ended. */
bool step_has_mine(const step_t *step);

/* Reads a line without its end; false at the end of the file. */
bool line_read(FILE *file, char line[LINE]);

/* Copies text, cut to `TEXT`. */
void text_copy(char to[TEXT], const char *from);

#endif
