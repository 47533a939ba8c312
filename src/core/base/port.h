/* SPDX-License-Identifier: MIT */
/*
 * The seam: all that the portable core asks of an operating system. A backend is a folder beside this one
 * (src/posix, …) that defines these functions and the header port_types.h.
 *
 * The contract, for all of them:
 *   - A backend never calls the core, apart from the functions it was handed, and the hooks around a fork.
 *   - Moments are int64_t nanoseconds on the clock of ti_port_now(); TI_FOREVER is no moment at all.
 *   - Results of the system are handled here. What the core is told is success or one status; what a correct
 *     program cannot meet is treated as "nothing happened", which every caller tolerates.
 *   - No function allocates after the thread that calls it was made known, nor may it fail where it returns
 *   void.
 *   - What the system says of its errors in the calling thread (errno, GetLastError()) is the user's: every
 *     function leaves it as it was, apart from those of a thread's first call (is_main, set_self, the
 *     hooks), around which the core keeps it.
 *
 * port_types.h supplies the types
 *   ti_port_thread   a started thread, to be reaped once
 *   ti_parker        where one thread sleeps
 * and, inline because the fast paths need it, `void *ti_port_self(void)`: the pointer that this
 * thread set last with ti_port_set_self(), or NULL. NULL may also mean that the backend has to look closer.
 * And `bool ti_port_is_alone(void)`: true only if the process has no other thread, false where that is not
 * known.
 * And for the calls of the C library that the core makes by itself
 *   ti_port_errors                                what the system says of its errors in the calling thread
 *   ti_port_errors ti_port_errors_keep(void)      keep it for
 *   void ti_port_errors_restore(ti_port_errors)   let it be so again
 */
#ifndef TI_PORT_H
#define TI_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define THREADING_NO_INLINE /* here the calls are defined */
#include "threading.h"

#define TI_FOREVER INT64_MAX

#include "port_types.h"

/* The answer of threading_backend(). */
extern const char *const ti_port_backend;

/* ---- 1 threads ---- */

/*
 * Start a thread that calls entry(argument) on a stack of at least stack_size bytes (0: the system's default,
 * but no less than 1 MiB). *thread is complete before the return, not necessarily before entry runs.
 * THREADING_OK; THREADING_NO_THREADS for every reason of the system's; THREADING_UNSUPPORTED for a stack size
 * that this backend cannot choose. On failure nothing was started.
 */
threading_status_t ti_port_thread_start(ti_port_thread *thread, void (*entry)(void *argument), void *argument,
                                        size_t stack_size);

/* Reap a thread: exactly one of the two is called, once. Join waits until the system's thread is gone. */
void ti_port_thread_join(ti_port_thread *thread);
void ti_port_thread_detach(ti_port_thread *thread);

/* The system's handle of a thread that was started and not reaped, 0 if that is no number; and the bytes of
 * the stack of one that was started, known when entry runs, and after its end; 0 if they never are. */
uintptr_t ti_port_thread_handle(const ti_port_thread *thread);
size_t ti_port_thread_stack_size(const ti_port_thread *thread);

/* The handle of the calling thread, whoever started it, by which others know it; 0 where there is none that
 * nobody has to give back. */
uintptr_t ti_port_handle(void);

/* Whether threads can be given a stack size. */
extern const bool ti_port_has_stack_size;

/* Give the calling thread a priority, one of the five levels. False: the system has none like it, or
 * refuses; nothing has changed. And the level that is nearest to what it has, of two as near the lower. */
bool ti_port_set_priority(int priority);
int ti_port_get_priority(void);

/* End the calling thread, which may be a foreign one, in the system's own way. */
THREADING_NORETURN void ti_port_thread_exit(void);

/* The number by which the system knows the calling thread, 0 if it has none; and main's, from any thread. */
uint64_t ti_port_native_id(void);
uint64_t ti_port_main_native_id(void);

/* Whether the calling thread is the one that the process began with (in a forked child: that called fork). */
bool ti_port_is_main(void);

/* Show the first `length` bytes of a name, at most ti_port_name_limit, for the calling thread in the system's
 * tools. */
#define TI_PORT_NAME_MOST 1023 /* no system's limit is higher */
extern const size_t ti_port_name_limit;
void ti_port_set_name(const char *name, size_t length);

/* ---- 2 the parker: one thread sleeps on it, others wake it ---- */

/* Give a parker no token. Its memory is never given back, so that a late wake finds a parker, whoever's.
 * False when memory is out: nothing was made, and it may be tried again. */
bool ti_port_parker_init(ti_parker *parker);

/*
 * Sleep until a token is there and take it, or until the deadline. May return early for no reason: callers
 * re-check what they wait for. What was written before an unpark is seen after the park that took its token.
 */
void ti_port_park(ti_parker *parker, int64_t deadline);

/* Put a token there (one at most) and wake the sleeper. */
void ti_port_unpark(ti_parker *parker);

/* ---- 3 time and processors ---- */

int64_t ti_port_now(void);
void ti_port_sleep(int64_t deadline);
void ti_port_yield(void);

/* How many processors the process may use, whatever the calling thread is bound to; and how many of its
 * threads can really run at once, which are fewer where its container has a quota of their time. Both are
 * at least 1, and the second is never more than the first. It may read files: no fast path asks. */
size_t ti_port_cpu_count(void);
size_t ti_port_available_cpus(void);

/* ---- 4 one thread-local pointer ---- */

/*
 * Set the calling thread's pointer. When the thread ends, whoever started it, with a pointer that is not
 * NULL, `leave` is called in it with the pointer, after most other thread-local destructors; the pointer is
 * still set during the call and is NULL after it. In a thread for which it was called before, `leave` comes
 * as soon as it can, if it can at all. False when the system cannot arrange for any call: the pointer is
 * set nevertheless. Where even that needs something that is out, it waits until there is some.
 */
bool ti_port_set_self(void *self, void (*leave)(void *self));

/* Look closer where ti_port_self() gave NULL. */
void *ti_port_self_recall(void);

/* Where the calling thread keeps the pointer that ti_port_self() gives, so that another one can make that
 * NULL; NULL where ti_port_forget_selves() does so itself. */
void **ti_port_self_place(void);

/* From here on ti_port_self() gives NULL in all threads, or no longer does; ti_port_self_recall() gives the
 * pointer all the same. No thread has one. */
#if !defined(THREADING_NO_DIAGNOSIS)
void ti_port_hide_selves(bool hidden);
#endif

/* From here on the end of no thread that has a pointer is told, until it sets one again. No thread is in a
 * call. */
void ti_port_forget_selves(void);

/*
 * By what another thread can tell whether the calling one is gone; 0 where nothing tells. Over means that
 * nothing runs in it any more; it may be said a moment after the thread was joined. It is asked in a thread
 * that is not the one. The end gives back what it takes.
 */
uint64_t ti_port_life(void);
bool ti_port_life_is_over(uint64_t life);
void ti_port_life_end(uint64_t life);

/* ---- 5 memory that malloc knows nothing of ---- */

/* Zeroed memory, aligned for any standard type; NULL when it is out. From the system, since a thread's first
 * call may come from within malloc. C has nothing but malloc: its backend begins with a reserve. It is given
 * back, with the same size, only before this code is unloaded. */
void *ti_port_pages(size_t size);
void ti_port_pages_give_back(void *pages, size_t size);

/* ---- 6 hooks ---- */

/* Call the hook once when the process exits by exit() or by the return of main. False if it cannot be
 * arranged. */
bool ti_port_at_exit(void (*hook)(void));

/* Whether the system has killed all other threads because the process ends: false where it kills them at
 * once. */
bool ti_port_threads_are_gone(void);

/*
 * The core's hooks around a fork. They are the one exception to the rule that a backend calls only what it
 * was handed: the system is to be told of them when the code is loaded, before any call of the core. Then
 * they run after the prepare handlers that users register later, and before their handlers in the parent
 * and the child, all of which may use the library. The hooks allocate nothing and give no memory back.
 */
void ti_fork_prepare(void);
void ti_fork_parent(void);
void ti_fork_child(void);

/* Whether the system calls these around every fork. Where it would not have them when the code was loaded,
 * it is asked again. True where there is no fork, or where a backend cannot know of any. */
bool ti_port_at_fork(void);

/* ---- 7 a fence in all threads of the process ---- */

/* Whether the system has one; may be asked again, and is asked again in a forked child. */
bool ti_port_fence_start(void);

/* What each thread of the process did before a moment during the call is visible before what it does after
 * that moment. False: the system refuses it all of a sudden. */
bool ti_port_fence_all(void);

/* ---- 8 code that can be unloaded ---- */

/* Where the code of this copy is. */
typedef enum ti_home {
    TI_HOME_PROGRAM, /* in the program itself */
    TI_HOME_PINNED,  /* in an object that may be unloaded, unless a pin keeps it */
    TI_HOME_KEPT,    /* in an object that stays once it is loaded, or used */
    TI_HOME_LOOSE    /* not known, and nothing keeps it */
} ti_home;

ti_home ti_port_home(void);

/* Have the pin, if the home is to be pinned; again is once. False: the system refuses. And take it out: the
 * code is gone with the return if nobody else keeps it. */
bool ti_port_pin(void);
void ti_port_unpin(void);

/* Where the home is to be pinned: join a thread that has gone. False: it has not. */
bool ti_port_thread_try_join(ti_port_thread *thread);

/* Whether no thread of the backend's own is in this code. */
bool ti_port_is_idle(void);

/* ---- 9 the environment ---- */

/* A variable of the environment: the system's own text, until somebody changes the environment, or a copy in
 * `room`. NULL: it is not set, there is no room for the copy, or the process has privileges that its user has
 * not. */
const char *ti_port_environment(const char *name, char *room, size_t size);

/* ---- 10 to say what went wrong ---- */

/* Write to standard error; where the system allows it, without a lock of the C library's, which a stuck
 * thread may hold. */
void ti_port_complain(const char *text, size_t length);

/* End the process as abort() does, and ask nobody by a dialog. */
THREADING_NORETURN void ti_port_abort(void);

#if !defined(THREADING_NO_DIAGNOSIS)

/* ---- 11 what the diagnosis needs ---- */

/* From here on count how often the user asks by the keyboard (SIGQUIT, Ctrl-Break) instead of ending the
 * process. False: there is no such request here, or the program has a use of its own for it. */
bool ti_port_count_requests(void);
uint32_t ti_port_requests(void);

/* The calling thread is the library's own: it takes no signal that others may wait for, apart from such a
 * request. */
void ti_port_leave_signals(void);

/* ---- 12 what code is called ---- */

/* An address of code in words, for people; each is NULL if it is not known. The texts stay for as long as the
 * code is loaded. */
typedef struct ti_symbol {
    const char *function;
    uintptr_t in_function; /* so many bytes behind its beginning */
    const char *object;    /* the program, or what it has loaded */
    uintptr_t in_object;
} ti_symbol;

/* False: nothing is known of it. No guard is held: the system may have locks of its own for this. */
bool ti_port_symbol(const void *address, ti_symbol *symbol);

/* Where the calling thread's calls return to, from `caller` on outwards, so many at most: how many. 0 where
 * it is not found among them, or the system does not tell. No guard is held, either. The first call may
 * allocate, and calls from within that get 0. */
size_t ti_port_callers(const void *caller, const void **callers, size_t most);

#endif

#endif
