/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The threading authors */
/*
 * The code of the threading library; threading.h is its header. Do not edit it: tools/amalgamate.cmake writes it, out of the
 * files that are named on the way.
 *
 * Compile it as C11 and link it. One of THREADING_BACKEND_POSIX, THREADING_BACKEND_WIN32 and THREADING_BACKEND_C11 can be
 * defined; without, it is win32 on Windows and posix elsewhere. docs/vendoring.md tells what else can be defined.
 */
#if defined(__clang__) /* warns here of inline functions that not every configuration uses, and not in headers */
#pragma clang diagnostic ignored "-Wunused-function"
#endif
#if !defined(THREADING_IMPLEMENTATION)
#define THREADING_IMPLEMENTATION
#endif
#if defined(THREADING_IMPLEMENTATION)
#if defined(__cplusplus)
#error "threading: the implementation is C11, and this is compiled as C++: put it in a .c file, for a C compiler"
#define THREADING_REFUSED_
#elif defined(_MSC_VER) && !defined(__STDC_VERSION__)
#error "threading: the implementation is C11: compile with /std:c11"
#define THREADING_REFUSED_
#elif !defined(__STDC_VERSION__) || __STDC_VERSION__ < 201112L
#error "threading: the implementation is C11: compile with -std=c11 or newer"
#define THREADING_REFUSED_
#elif defined(THREADING_BACKEND_POSIX) + defined(THREADING_BACKEND_WIN32) + defined(THREADING_BACKEND_C11) > 1
#error "threading: more than one backend was chosen"
#define THREADING_REFUSED_
#elif defined(THREADING_BACKEND_POSIX) || defined(THREADING_BACKEND_WIN32) || defined(THREADING_BACKEND_C11)
#elif defined(_WIN32)
#define THREADING_BACKEND_WIN32
#else
#define THREADING_BACKEND_POSIX
#endif
#if defined(THREADING_REFUSED_)
#undef THREADING_IMPLEMENTATION
#endif
#endif

#if defined(THREADING_IMPLEMENTATION) && defined(THREADING_BACKEND_POSIX)

/* ----------------------------------------------------------------------------- src/posix/posix_features.h */

/*
 * The feature macros of this backend, before any header of the system. They make names known and change
 * the meaning of none, as _GNU_SOURCE would: as one file, the library is compiled together with code of
 * its user.
 */

#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE 1 /* Linux: POSIX and syscall, in strict C too */
#endif
#ifndef _DARWIN_C_SOURCE
#define _DARWIN_C_SOURCE 1 /* macOS: pthread_setname_np, pthread_cond_timedwait_relative_np */
#endif

#endif

#include "threading.h"

#if defined(THREADING_IMPLEMENTATION) && !defined(THREADING_IMPLEMENTED_)
#define THREADING_IMPLEMENTED_

/* Here the functions themselves are defined. */
#undef threading_bounded_semaphore_acquire
#undef threading_bounded_semaphore_release
#undef threading_executor_new
#undef threading_group_run
#undef threading_local_get
#undef threading_lock_acquire
#undef threading_lock_enter
#undef threading_lock_release
#undef threading_rlock_acquire
#undef threading_rlock_release
#undef threading_semaphore_acquire
#undef threading_semaphore_release
#undef threading_start_new_thread
#undef threading_thread_join
#undef threading_thread_start
#undef threading_version
#undef threading_word_wake
#if !defined(THREADING_SIM) /* which has no inline calls */

/* ------------------------------------------------------------------------------------ src/single/needed.c */

/*
 * What files ask for that include the one file without THREADING_IMPLEMENTATION: needed.h. If two files
 * define that, the linker finds this name twice, which says what is wrong as well.
 */

/* A file that has included the header before, without the macro, has declared the name for the wake. */
#if defined(THREADING_NEEDED)
void threading_word_wake(const uint32_t *word);
#else
void threading_define_THREADING_IMPLEMENTATION_in_exactly_one_c_file(const uint32_t *word);
#endif

void threading_define_THREADING_IMPLEMENTATION_in_exactly_one_c_file(const uint32_t *word)
{
    if (word != NULL)
        threading_word_wake(word);
}
#endif
#if defined(THREADING_SIM)
#if !defined(THREADING_NO_DIAGNOSIS)
#define THREADING_NO_DIAGNOSIS 1
#endif
#define TI_KEEPS_MEMORY false
#endif

#if defined(THREADING_BACKEND_POSIX)

/* --------------------------------------------------------------------------------- src/posix/port_types.h */

/* The pthreads backend's part of port.h, and the one place that chooses among its parkers. */

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct ti_port_thread {
    pthread_t native;
    void (*entry)(void *argument);
    void *argument;
    size_t stack_size;
} ti_port_thread;

/* A futex where the kernel has one; a mutex and a condition variable elsewhere, or anywhere when asked
 * for. */
#if defined(__linux__) && !defined(THREADING_PARKER_CONDITION)
#define TI_POSIX_PARKER_IS_FUTEX 1
typedef struct ti_parker {
    uint32_t state;
} ti_parker;
#else
#define TI_POSIX_PARKER_IS_FUTEX 0
typedef struct ti_parker {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    bool token; /* under the mutex */
} ti_parker;
#endif

/* glibc 2.32 and newer tell whether the process has one thread; it goes back to that when others have been
 * joined. */
#if defined(__GLIBC__) && defined(__has_include)
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define TI_POSIX_IS_ALONE (__libc_single_threaded != 0)
#endif
#endif
#ifndef TI_POSIX_IS_ALONE
#define TI_POSIX_IS_ALONE false
#endif

static inline bool ti_port_is_alone(void)
{
    return TI_POSIX_IS_ALONE;
}

/* The thread's pointer as the fast paths see it. posix_self.c says when it cannot be trusted. */
static _Thread_local void *ti_posix_self;

static inline void *ti_port_self(void)
{
    return ti_posix_self;
}

/* The calling thread's errno, which is the user's. Volatile, since Clang takes it that calloc, realloc and
 * free leave errno alone, and drops a store of what errno held before. */
typedef int ti_port_errors;

static inline ti_port_errors ti_port_errors_keep(void)
{
    return *(volatile int *)&errno;
}

static inline void ti_port_errors_restore(ti_port_errors errors)
{
    *(volatile int *)&errno = errors;
}

#elif defined(THREADING_BACKEND_WIN32)

/* --------------------------------------------------------------------------------- src/win32/port_types.h */

/* The Win32 backend's part of port.h; without <windows.h>, which the core must not see. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ti_port_thread {
    void *handle;
    void (*entry)(void *argument);
    void *argument;
    size_t stack_size;
} ti_port_thread;

/* For WaitOnAddress the state alone; where that is missing the lock and the condition variable as well. */
typedef struct ti_parker {
    uint32_t state;
    void *lock;      /* an SRWLOCK, which is a pointer that is zero at first */
    void *condition; /* a CONDITION_VARIABLE, likewise */
} ti_parker;

/* The calling thread's GetLastError() and errno, which are the user's. */
typedef struct ti_port_errors {
    unsigned long last;
    int number;
} ti_port_errors;

static ti_port_errors ti_port_errors_keep(void);
static void ti_port_errors_restore(ti_port_errors errors);

static void *ti_port_self(void);

/* Not known. */
static inline bool ti_port_is_alone(void)
{
    return false;
}

#elif defined(THREADING_BACKEND_C11)

/* ----------------------------------------------------------------------------------- src/c11/port_types.h */

/* The C11 backend's part of port.h. */

#include <errno.h>
#include <stdbool.h>
#include <threads.h>

typedef struct ti_port_thread {
    thrd_t native; /* as thrd_create gave it: what thrd_current gives cannot be joined on every system */
    void (*entry)(void *argument);
    void *argument;
} ti_port_thread;

typedef struct ti_parker {
    mtx_t mutex;
    cnd_t condition;
    bool token; /* under the mutex */
    /* In the list of those in timed parks, under the ticker's mutex: */
    struct ti_parker *next;
    struct ti_parker **link; /* what points here */
} ti_parker;

/* The thread's pointer as the fast paths see it. */
static _Thread_local void *ti_c11_self;

static inline void *ti_port_self(void)
{
    return ti_c11_self;
}

/* Not known. */
static inline bool ti_port_is_alone(void)
{
    return false;
}

/* The calling thread's errno, which is the user's. Volatile, since Clang takes it that calloc, realloc and
 * free leave errno alone, and drops a store of what errno held before. */
typedef int ti_port_errors;

static inline ti_port_errors ti_port_errors_keep(void)
{
    return *(volatile int *)&errno;
}

static inline void ti_port_errors_restore(ti_port_errors errors)
{
    *(volatile int *)&errno = errors;
}

#endif

/* ----------------------------------------------------------------------------------- src/core/base/port.h */

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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TI_FOREVER INT64_MAX

/* The answer of threading_backend(). */
static const char *const ti_port_backend;

/* ---- 1 threads ---- */

/*
 * Start a thread that calls entry(argument) on a stack of at least stack_size bytes (0: the system's default,
 * but no less than 1 MiB). *thread is complete before the return, not necessarily before entry runs.
 * THREADING_OK; THREADING_NO_THREADS for every reason of the system's; THREADING_UNSUPPORTED for a stack size
 * that this backend cannot choose. On failure nothing was started.
 */
static threading_status_t ti_port_thread_start(ti_port_thread *thread, void (*entry)(void *argument), void *argument,
                                        size_t stack_size);

/* Reap a thread: exactly one of the two is called, once. Join waits until the system's thread is gone. */
static void ti_port_thread_join(ti_port_thread *thread);
static void ti_port_thread_detach(ti_port_thread *thread);

/* The system's handle of a thread that was started and not reaped, 0 if that is no number; and the bytes of
 * the stack of one that was started, known when entry runs, and after its end; 0 if they never are. */
static uintptr_t ti_port_thread_handle(const ti_port_thread *thread);
static size_t ti_port_thread_stack_size(const ti_port_thread *thread);

/* The handle of the calling thread, whoever started it, by which others know it; 0 where there is none that
 * nobody has to give back. */
static uintptr_t ti_port_handle(void);

/* Whether threads can be given a stack size. */
static const bool ti_port_has_stack_size;

/* Give the calling thread a priority, one of the five levels. False: the system has none like it, or
 * refuses; nothing has changed. And the level that is nearest to what it has, of two as near the lower. */
static bool ti_port_set_priority(int priority);
static int ti_port_get_priority(void);

/* End the calling thread, which may be a foreign one, in the system's own way. */
static THREADING_NORETURN void ti_port_thread_exit(void);

/* The number by which the system knows the calling thread, 0 if it has none; and main's, from any thread. */
static uint64_t ti_port_native_id(void);
static uint64_t ti_port_main_native_id(void);

/* Whether the calling thread is the one that the process began with (in a forked child: that called fork). */
static bool ti_port_is_main(void);

/* Show the first `length` bytes of a name, at most ti_port_name_limit, for the calling thread in the system's
 * tools. */
#define TI_PORT_NAME_MOST 1023 /* no system's limit is higher */
static const size_t ti_port_name_limit;
static void ti_port_set_name(const char *name, size_t length);

/* ---- 2 the parker: one thread sleeps on it, others wake it ---- */

/* Give a parker no token. Its memory is never given back, so that a late wake finds a parker, whoever's.
 * False when memory is out: nothing was made, and it may be tried again. */
static bool ti_port_parker_init(ti_parker *parker);

/*
 * Sleep until a token is there and take it, or until the deadline. May return early for no reason: callers
 * re-check what they wait for. What was written before an unpark is seen after the park that took its token.
 */
static void ti_port_park(ti_parker *parker, int64_t deadline);

/* Put a token there (one at most) and wake the sleeper. */
static void ti_port_unpark(ti_parker *parker);

/* ---- 3 time and processors ---- */

static int64_t ti_port_now(void);
static void ti_port_sleep(int64_t deadline);
static void ti_port_yield(void);

/* How many processors the process may use, whatever the calling thread is bound to; and how many of its
 * threads can really run at once, which are fewer where its container has a quota of their time. Both are
 * at least 1, and the second is never more than the first. It may read files: no fast path asks. */
static size_t ti_port_cpu_count(void);
static size_t ti_port_available_cpus(void);

/* ---- 4 one thread-local pointer ---- */

/*
 * Set the calling thread's pointer. When the thread ends, whoever started it, with a pointer that is not
 * NULL, `leave` is called in it with the pointer, after most other thread-local destructors; the pointer is
 * still set during the call and is NULL after it. In a thread for which it was called before, `leave` comes
 * as soon as it can, if it can at all. False when the system cannot arrange for any call: the pointer is
 * set nevertheless. Where even that needs something that is out, it waits until there is some.
 */
static bool ti_port_set_self(void *self, void (*leave)(void *self));

/* Look closer where ti_port_self() gave NULL. */
static void *ti_port_self_recall(void);

/* Where the calling thread keeps the pointer that ti_port_self() gives, so that another one can make that
 * NULL; NULL where ti_port_forget_selves() does so itself. */
static void **ti_port_self_place(void);

/* From here on ti_port_self() gives NULL in all threads, or no longer does; ti_port_self_recall() gives the
 * pointer all the same. No thread has one. */
#if !defined(THREADING_NO_DIAGNOSIS)
static void ti_port_hide_selves(bool hidden);
#endif

/* From here on the end of no thread that has a pointer is told, until it sets one again. No thread is in a
 * call. */
static void ti_port_forget_selves(void);

/*
 * By what another thread can tell whether the calling one is gone; 0 where nothing tells. Over means that
 * nothing runs in it any more; it may be said a moment after the thread was joined. It is asked in a thread
 * that is not the one. The end gives back what it takes.
 */
static uint64_t ti_port_life(void);
static bool ti_port_life_is_over(uint64_t life);
static void ti_port_life_end(uint64_t life);

/* ---- 5 memory that malloc knows nothing of ---- */

/* Zeroed memory, aligned for any standard type; NULL when it is out. From the system, since a thread's first
 * call may come from within malloc. C has nothing but malloc: its backend begins with a reserve. It is given
 * back, with the same size, only before this code is unloaded. */
static void *ti_port_pages(size_t size);
static void ti_port_pages_give_back(void *pages, size_t size);

/* ---- 6 hooks ---- */

/* Call the hook once when the process exits by exit() or by the return of main. False if it cannot be
 * arranged. */
static bool ti_port_at_exit(void (*hook)(void));

/* Whether the system has killed all other threads because the process ends: false where it kills them at
 * once. */
static bool ti_port_threads_are_gone(void);

/*
 * The core's hooks around a fork. They are the one exception to the rule that a backend calls only what it
 * was handed: the system is to be told of them when the code is loaded, before any call of the core. Then
 * they run after the prepare handlers that users register later, and before their handlers in the parent
 * and the child, all of which may use the library. The hooks allocate nothing and give no memory back.
 */
static void ti_fork_prepare(void);
static void ti_fork_parent(void);
static void ti_fork_child(void);

/* Whether the system calls these around every fork. Where it would not have them when the code was loaded,
 * it is asked again. True where there is no fork, or where a backend cannot know of any. */
static bool ti_port_at_fork(void);

/* ---- 7 a fence in all threads of the process ---- */

/* Whether the system has one; may be asked again, and is asked again in a forked child. */
static bool ti_port_fence_start(void);

/* What each thread of the process did before a moment during the call is visible before what it does after
 * that moment. False: the system refuses it all of a sudden. */
static bool ti_port_fence_all(void);

/* ---- 8 code that can be unloaded ---- */

/* Where the code of this copy is. */
typedef enum ti_home {
    TI_HOME_PROGRAM, /* in the program itself */
    TI_HOME_PINNED,  /* in an object that may be unloaded, unless a pin keeps it */
    TI_HOME_KEPT,    /* in an object that stays once it is loaded, or used */
    TI_HOME_LOOSE    /* not known, and nothing keeps it */
} ti_home;

static ti_home ti_port_home(void);

/* Have the pin, if the home is to be pinned; again is once. False: the system refuses. And take it out: the
 * code is gone with the return if nobody else keeps it. */
static bool ti_port_pin(void);
static void ti_port_unpin(void);

/* Where the home is to be pinned: join a thread that has gone. False: it has not. */
static bool ti_port_thread_try_join(ti_port_thread *thread);

/* Whether no thread of the backend's own is in this code. */
static bool ti_port_is_idle(void);

/* ---- 9 the environment ---- */

/* A variable of the environment: the system's own text, until somebody changes the environment, or a copy in
 * `room`. NULL: it is not set, there is no room for the copy, or the process has privileges that its user has
 * not. */
static const char *ti_port_environment(const char *name, char *room, size_t size);

/* ---- 10 to say what went wrong ---- */

/* Write to standard error; where the system allows it, without a lock of the C library's, which a stuck
 * thread may hold. */
static void ti_port_complain(const char *text, size_t length);

/* End the process as abort() does, and ask nobody by a dialog. */
static THREADING_NORETURN void ti_port_abort(void);

#if !defined(THREADING_NO_DIAGNOSIS)

/* ---- 11 what the diagnosis needs ---- */

/* From here on count how often the user asks by the keyboard (SIGQUIT, Ctrl-Break) instead of ending the
 * process. False: there is no such request here, or the program has a use of its own for it. */
static bool ti_port_count_requests(void);
static uint32_t ti_port_requests(void);

/* The calling thread is the library's own: it takes no signal that others may wait for, apart from such a
 * request. */
static void ti_port_leave_signals(void);

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
static bool ti_port_symbol(const void *address, ti_symbol *symbol);

/* Where the calling thread's calls return to, from `caller` on outwards, so many at most: how many. 0 where
 * it is not found among them, or the system does not tell. No guard is held, either. The first call may
 * allocate, and calls from within that get 0. */
static size_t ti_port_callers(const void *caller, const void **callers, size_t most);

#endif

/* ------------------------------------------------------------------------------- src/core/base/annotate.h */

/*
 * What is told to the tools that look for races in users' programs. In a normal build it is nothing.
 *
 * ThreadSanitizer understands the operations of atomic.h, and so who comes before whom. That an RLock is a
 * lock, with an owner and with an order among others, it has to be told. It is told once the word is taken
 * and before it is freed, since it looks at nothing between the two halves of such an announcement, and the
 * library's own tests rely on its looking. Locks are not announced: any thread may release a Lock, which
 * would be called an error, and the word's acquire and release say all that is true of it.
 *
 * Valgrind sees loads and stores only, so THREADING_VALGRIND has every operation of atomic.h tell Helgrind
 * and DRD that it is none of the races that they look for, and what it orders. A release joins what was
 * released there before, even if the swap then fails: that can hide a race, and never make one up.
 *
 * Tools that look for the use of memory that was given back (memcheck, AddressSanitizer) see nothing of
 * memory that the library keeps, so it keeps none in a build for them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(THREADING_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

#if defined(THREADING_VALGRIND)

#include <valgrind/helgrind.h>

#include <valgrind/drd.h> /* second: it then leaves the names that both have to the first */

/* This memory is meant to be touched by several threads at once. */
static inline void ti_note_atomic(const void *word, size_t size)
{
    VALGRIND_HG_DISABLE_CHECKING(word, size);
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__DRD_START_SUPPRESSION, word, size, 0, 0, 0);
}

static inline void ti_note_release(const void *word)
{
    ANNOTATE_HAPPENS_BEFORE(word);
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__DRD_ANNOTATE_HAPPENS_BEFORE, word, 0, 0, 0, 0);
}

static inline uintptr_t ti_note_acquire(const void *word, uintptr_t value)
{
    ANNOTATE_HAPPENS_AFTER(word);
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__DRD_ANNOTATE_HAPPENS_AFTER, word, 0, 0, 0, 0);
    return value;
}

/* In front of an operation on *word; in front of one that releases; around one that acquires. */
#define TI_ATOMIC(word) ti_note_atomic(word, sizeof *(word))
#define TI_RELEASE(word) (TI_ATOMIC(word), ti_note_release(word))
#define TI_ACQUIRE(word, operation) \
    (TI_ATOMIC(word), (__typeof__(operation))ti_note_acquire(word, (uintptr_t)(operation)))

#else

#define TI_ATOMIC(word) ((void)0)
#define TI_RELEASE(word) ((void)0)
#define TI_ACQUIRE(word, operation) (operation)

#endif

/* Whether memory may be kept for later: not where a tool watches for its use after it was given back. */
#if defined(THREADING_VALGRIND) || defined(__SANITIZE_ADDRESS__)
#define TI_KEEPS_MEMORY false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TI_KEEPS_MEMORY false
#endif
#endif
#ifndef TI_KEEPS_MEMORY
#define TI_KEEPS_MEMORY true
#endif

/* The calling thread has acquired the first level of an RLock. A try can be no part of a deadlock. */
static inline void ti_note_acquired(threading_rlock_t *rlock, bool is_try)
{
    (void)rlock;
    (void)is_try;
#if defined(THREADING_TSAN)
    __tsan_mutex_pre_lock(rlock, is_try ? __tsan_mutex_try_lock : 0);
    __tsan_mutex_post_lock(rlock, is_try ? __tsan_mutex_try_lock : 0, 0);
#elif defined(THREADING_VALGRIND)
    VALGRIND_HG_MUTEX_LOCK_PRE(rlock, is_try);
    VALGRIND_HG_MUTEX_LOCK_POST(rlock);
#endif
}

/* It is about to release the last one. */
static inline void ti_note_releasing(threading_rlock_t *rlock)
{
    (void)rlock;
#if defined(THREADING_TSAN)
    (void)__tsan_mutex_pre_unlock(rlock, 0);
    __tsan_mutex_post_unlock(rlock, 0);
#elif defined(THREADING_VALGRIND)
    VALGRIND_HG_MUTEX_UNLOCK_PRE(rlock);
    VALGRIND_HG_MUTEX_UNLOCK_POST(rlock);
#endif
}

/* What was found out about a lock at this address was of another one. */
static inline void ti_note_new(threading_rlock_t *rlock)
{
    (void)rlock;
#if defined(THREADING_TSAN)
    __tsan_mutex_destroy(rlock, 0);
#elif defined(THREADING_VALGRIND)
    VALGRIND_HG_MUTEX_INIT_POST(rlock,
                                true); /* of one that it does not know the next line would be an error */
    VALGRIND_HG_MUTEX_DESTROY_PRE(rlock);
#endif
}

/* --------------------------------------------------------------------------------- src/core/base/atomic.h */

/*
 * Every atomic operation of the library, with its order in its name.
 *
 * Words are plain uint32_t or pointers in public and private structs (an _Atomic type cannot stand in a
 * header that C++ reads too), and are touched by several threads through these functions only. There are no
 * standalone fences: ThreadSanitizer does not understand them. "sequential" operations have one total order
 * that all threads agree on; wherever one is used, the line above says which pair of accesses needs it.
 *
 * TI_ATOMIC, TI_RELEASE and TI_ACQUIRE tell Valgrind what an operation orders (annotate.h), in a build for
 * it.
 *
 * This file is the only place that knows the compiler. First rung: the __atomic builtins of GCC and Clang (as
 * clang-cl too). Second rung: Microsoft's intrinsics; THREADING_ATOMIC_INTRINSICS has them tested with other
 * compilers.
 */

#include <stdbool.h>
#include <stdint.h>

#if (defined(__GNUC__) || defined(__clang__)) && !defined(THREADING_ATOMIC_INTRINSICS)

/* In front of a function that runs seldom: the compiler makes it small, and puts it apart from those that
 * run often. */
#define TI_COLD __attribute__((cold))

/* In front of a function that is not to become a part of its callers, which makes them smaller: also where
 * the library is compiled in one piece there is one of it. */
#define TI_NOINLINE __attribute__((noinline))

/* Where the function that this is in returns to, for the diagnosis. WebAssembly does not tell a program: the
 * call would end it. */
#if defined(__wasm__)
#define TI_CALLER() NULL
#else
#define TI_CALLER() __builtin_return_address(0)
#endif

/* Keeps the compiler from moving an access over this place; the processor is not told. */
static inline void ti_keep_order(void)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* Tells the processor that this thread looks at the same word again and again: it then leaves its sibling
 * more room, and the memory. */
static inline void ti_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb"); /* yield does nothing on most; this takes about as long as x86's pause */
#elif defined(__arm__)
    __asm__ volatile("nop");
#else
    ti_keep_order();
#endif
}

/* Tells the processor that what is read next will be written. x86's instruction does nothing where it is
 * not known; the compiler would leave it out for the sake of such processors. */
static inline void ti_expect_write(const void *address)
{
#if defined(__x86_64__)
    __asm__ volatile("prefetchw (%0)" ::"r"(address));
#else
    __builtin_prefetch(address, 1);
#endif
}

static inline uint32_t ti_load_relaxed(const uint32_t *word)
{
    TI_ATOMIC(word);
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline uint32_t ti_load_acquire(const uint32_t *word)
{
    return TI_ACQUIRE(word, __atomic_load_n(word, __ATOMIC_ACQUIRE));
}

static inline uint32_t ti_load_sequential(const uint32_t *word)
{
    return TI_ACQUIRE(word, __atomic_load_n(word, __ATOMIC_SEQ_CST));
}

static inline void ti_store_relaxed(uint32_t *word, uint32_t value)
{
    TI_ATOMIC(word);
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

static inline void ti_store_release(uint32_t *word, uint32_t value)
{
    TI_RELEASE(word);
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline void ti_store_sequential(uint32_t *word, uint32_t value)
{
    TI_RELEASE(word);
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

static inline uint32_t ti_exchange_acquire_release(uint32_t *word, uint32_t value)
{
    TI_RELEASE(word);
    return TI_ACQUIRE(word, __atomic_exchange_n(word, value, __ATOMIC_ACQ_REL));
}

static inline uint32_t ti_exchange_sequential(uint32_t *word, uint32_t value)
{
    TI_RELEASE(word);
    return TI_ACQUIRE(word, __atomic_exchange_n(word, value, __ATOMIC_SEQ_CST));
}

static inline uint32_t ti_add_relaxed(uint32_t *word, uint32_t value)
{
    TI_ATOMIC(word);
    return __atomic_fetch_add(word, value, __ATOMIC_RELAXED);
}

static inline uint32_t ti_add_acquire_release(uint32_t *word, uint32_t value)
{
    TI_RELEASE(word);
    return TI_ACQUIRE(word, __atomic_fetch_add(word, value, __ATOMIC_ACQ_REL));
}

static inline uint32_t ti_add_sequential(uint32_t *word, uint32_t value)
{
    TI_RELEASE(word);
    return TI_ACQUIRE(word, __atomic_fetch_add(word, value, __ATOMIC_SEQ_CST));
}

/* Compare-and-swap answers whether *word was expected and is now desired. One that fails is a relaxed
 * load, but for the sequential one, whose failure is a look as well. */
static inline bool ti_swap_acquire(uint32_t *word, uint32_t expected, uint32_t desired)
{
    return TI_ACQUIRE(word, __atomic_compare_exchange_n(word, &expected, desired, false, __ATOMIC_ACQUIRE,
                                                        __ATOMIC_RELAXED));
}

static inline bool ti_swap_release(uint32_t *word, uint32_t expected, uint32_t desired)
{
    TI_RELEASE(word);
    return __atomic_compare_exchange_n(word, &expected, desired, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

static inline bool ti_swap_sequential(uint32_t *word, uint32_t expected, uint32_t desired)
{
    TI_RELEASE(word);
    return TI_ACQUIRE(word, __atomic_compare_exchange_n(word, &expected, desired, false, __ATOMIC_SEQ_CST,
                                                        __ATOMIC_SEQ_CST));
}

static inline uintptr_t ti_load_pointer_relaxed(const uintptr_t *word)
{
    TI_ATOMIC(word);
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline uintptr_t ti_load_pointer_acquire(const uintptr_t *word)
{
    return TI_ACQUIRE(word, __atomic_load_n(word, __ATOMIC_ACQUIRE));
}

static inline void ti_store_pointer_relaxed(uintptr_t *word, uintptr_t value)
{
    TI_ATOMIC(word);
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

static inline void ti_store_pointer_release(uintptr_t *word, uintptr_t value)
{
    TI_RELEASE(word);
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline uintptr_t ti_exchange_pointer_acquire(uintptr_t *word, uintptr_t value)
{
    return TI_ACQUIRE(word, __atomic_exchange_n(word, value, __ATOMIC_ACQUIRE));
}

static inline uintptr_t ti_and_pointer_release(uintptr_t *word, uintptr_t mask)
{
    TI_RELEASE(word);
    return __atomic_fetch_and(word, mask, __ATOMIC_RELEASE);
}

static inline bool ti_swap_pointer_acquire(uintptr_t *word, uintptr_t expected, uintptr_t desired)
{
    return TI_ACQUIRE(word, __atomic_compare_exchange_n(word, &expected, desired, false, __ATOMIC_ACQUIRE,
                                                        __ATOMIC_RELAXED));
}

static inline bool ti_swap_pointer_release(uintptr_t *word, uintptr_t expected, uintptr_t desired)
{
    TI_RELEASE(word);
    return __atomic_compare_exchange_n(word, &expected, desired, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

#elif defined(_MSC_VER) || defined(THREADING_ATOMIC_INTRINSICS)

#include <intrin.h>

/*
 * Volatile accesses of a word are single and stay in order among themselves; what else they order depends
 * on options of the compiler, so nothing here relies on it. x86 needs its compiler held back and no more:
 * its loads acquire and its stores release. ARM needs a barrier. The _Interlocked functions are
 * sequential, a compare-and-swap that fails too, which is more than most of the names here ask for. That a
 * plain load behind one stays behind it is not promised for ARM by every compiler that has them.
 */
#if defined(_M_ARM64) || defined(_M_ARM64EC) || defined(_M_ARM)
#define TI_ATOMIC_BARRIER() __dmb(0xB) /* inner shareable, loads and stores; also for the compiler */
#else
#define TI_ATOMIC_BARRIER() _ReadWriteBarrier()
#endif

static inline void ti_keep_order(void)
{
    _ReadWriteBarrier();
}

#if defined(_M_ARM64) || defined(_M_ARM64EC) || defined(_M_ARM)
#define TI_ATOMIC_PAUSE() __isb(0xF)
#else
#define TI_ATOMIC_PAUSE() _mm_pause()
#endif

static inline void ti_pause(void)
{
    TI_ATOMIC_PAUSE();
}

#define TI_COLD
#define TI_NOINLINE

#if defined(_MSC_VER)
#define TI_CALLER() _ReturnAddress()
#else
#define TI_CALLER() __builtin_return_address(0)
#endif

/* Nothing: not tried with this compiler. */
static inline void ti_expect_write(const void *address)
{
    (void)address;
}

/* The intrinsics want 32 bits as a long, which has 32 on Windows. */
static inline volatile long *ti_atomic_long(uint32_t *word)
{
    return (volatile long *)(volatile void *)word;
}

/* The same for pointers, whose intrinsics are there for both sizes. */
static inline void *volatile *ti_atomic_pointer(uintptr_t *word)
{
    return (void *volatile *)(volatile void *)word;
}

static inline uint32_t ti_load_relaxed(const uint32_t *word)
{
    return *(const volatile uint32_t *)word;
}

static inline uint32_t ti_load_acquire(const uint32_t *word)
{
    uint32_t value = *(const volatile uint32_t *)word;
    TI_ATOMIC_BARRIER();
    return value;
}

/* The barrier in front keeps it behind sequential stores, whatever those intrinsics leave to be done. */
static inline uint32_t ti_load_sequential(const uint32_t *word)
{
    TI_ATOMIC_BARRIER();
    return ti_load_acquire(word);
}

static inline void ti_store_relaxed(uint32_t *word, uint32_t value)
{
    *(volatile uint32_t *)word = value;
}

static inline void ti_store_release(uint32_t *word, uint32_t value)
{
    TI_ATOMIC_BARRIER();
    *(volatile uint32_t *)word = value;
}

static inline uint32_t ti_exchange_sequential(uint32_t *word, uint32_t value)
{
    return (uint32_t)_InterlockedExchange(ti_atomic_long(word), (long)value);
}

static inline void ti_store_sequential(uint32_t *word, uint32_t value)
{
    (void)ti_exchange_sequential(word, value);
}

static inline uint32_t ti_exchange_acquire_release(uint32_t *word, uint32_t value)
{
    return ti_exchange_sequential(word, value);
}

static inline uint32_t ti_add_sequential(uint32_t *word, uint32_t value)
{
    return (uint32_t)_InterlockedExchangeAdd(ti_atomic_long(word), (long)value);
}

static inline uint32_t ti_add_relaxed(uint32_t *word, uint32_t value)
{
    return ti_add_sequential(word, value);
}

static inline uint32_t ti_add_acquire_release(uint32_t *word, uint32_t value)
{
    return ti_add_sequential(word, value);
}

/* The intrinsics take what is desired first, and what is expected by value. */
static inline bool ti_swap_sequential(uint32_t *word, uint32_t expected, uint32_t desired)
{
    long found = _InterlockedCompareExchange(ti_atomic_long(word), (long)desired, (long)expected);
    return (uint32_t)found == expected;
}

static inline bool ti_swap_acquire(uint32_t *word, uint32_t expected, uint32_t desired)
{
    return ti_swap_sequential(word, expected, desired);
}

static inline bool ti_swap_release(uint32_t *word, uint32_t expected, uint32_t desired)
{
    return ti_swap_sequential(word, expected, desired);
}

static inline uintptr_t ti_load_pointer_relaxed(const uintptr_t *word)
{
    return *(const volatile uintptr_t *)word;
}

static inline uintptr_t ti_load_pointer_acquire(const uintptr_t *word)
{
    uintptr_t value = *(const volatile uintptr_t *)word;
    TI_ATOMIC_BARRIER();
    return value;
}

static inline void ti_store_pointer_relaxed(uintptr_t *word, uintptr_t value)
{
    *(volatile uintptr_t *)word = value;
}

static inline void ti_store_pointer_release(uintptr_t *word, uintptr_t value)
{
    TI_ATOMIC_BARRIER();
    *(volatile uintptr_t *)word = value;
}

static inline uintptr_t ti_exchange_pointer_acquire(uintptr_t *word, uintptr_t value)
{
    return (uintptr_t)_InterlockedExchangePointer(ti_atomic_pointer(word), (void *)value);
}

static inline bool ti_swap_pointer_acquire(uintptr_t *word, uintptr_t expected, uintptr_t desired)
{
    return (uintptr_t)_InterlockedCompareExchangePointer(ti_atomic_pointer(word), (void *)desired,
                                                         (void *)expected) == expected;
}

static inline bool ti_swap_pointer_release(uintptr_t *word, uintptr_t expected, uintptr_t desired)
{
    return ti_swap_pointer_acquire(word, expected, desired);
}

/* There is one intrinsic for each size of pointers; a loop needs neither. */
static inline uintptr_t ti_and_pointer_release(uintptr_t *word, uintptr_t mask)
{
    uintptr_t value;
    do {
        value = ti_load_pointer_relaxed(word);
    } while (!ti_swap_pointer_release(word, value, value & mask));
    return value;
}

#else
#error "threading: this compiler's atomic operations are not known; add a rung here"
#endif

/* --------------------------------------------------------------------------------- src/core/base/faults.h */

/*
 * Faults on demand: an allocation or a thread's start that fails because the user asks for it, so that he can
 * test what his program does then.
 */

#include <stdbool.h>
#include <stdint.h>

/* What can fail. */
typedef enum ti_fault { TI_FAULT_MEMORY, TI_FAULT_THREAD, TI_FAULT_KINDS } ti_fault;

#if !defined(THREADING_NO_DIAGNOSIS)

/* Have the n-th fail; or, with a seed, one in n by chance. Before other threads run. */
static void ti_faults_ask(ti_fault fault, uint32_t n, uint32_t seed);

/* Whether this one is to fail. */
static bool ti_fault_is_due(ti_fault fault);

#else
#define ti_fault_is_due(fault) false
#endif

#if !defined(THREADING_SIM) /* which has sim_memory.c */

/* --------------------------------------------------------------------------------- src/core/base/memory.h */

/*
 * All memory that the library takes. A test replaces these functions to make memory run out.
 *
 * malloc may be the user's, who may guard it with a Lock of ours. So none of them is called while a guard
 * (guard.h) is held.
 */

#include <stddef.h>

static void *ti_memory_allocate(size_t size); /* zeroed, aligned for any standard type; NULL when memory is out */
static void *ti_memory_resize(void *memory, size_t size); /* as realloc; what is new is not zeroed */
static void ti_memory_free(void *memory);                 /* NULL is allowed */

/* For what is kept until the code is unloaded: zeroed, aligned as the others', and not malloc's where the
 * system has other memory. NULL when that is out. It ends with the same size. */
static void *ti_memory_keep(size_t size);
static void ti_memory_end(void *memory, size_t size);

/* ------------------------------------------------------------------------------ src/core/base/allocator.h */

/*
 * Where memory comes from that is not the system's pages: C's malloc, or what the user has named instead.
 * memory.h and a backend without pages are all that asks here.
 */

#include <stdlib.h>
#include <string.h>

#if defined(THREADING_MALLOC) && defined(THREADING_FREE) && defined(THREADING_REALLOC)

#define TI_REALLOC(memory, size) THREADING_REALLOC((memory), (size))
#define TI_FREE(memory) ti_allocator_free(memory)
#define TI_MALLOC_ZEROED(size) ti_allocator_zeroed(size)

static inline void *ti_allocator_zeroed(size_t size)
{
    void *memory = THREADING_MALLOC(size);
    if (memory != NULL)
        memset(memory, 0, size);
    return memory;
}

/* Nothing is nobody's memory: not every allocator is as patient as C's. */
static inline void ti_allocator_free(void *memory)
{
    if (memory != NULL)
        THREADING_FREE(memory);
}

#elif defined(THREADING_MALLOC) || defined(THREADING_FREE) || defined(THREADING_REALLOC)
#error "threading: define all of THREADING_MALLOC, THREADING_FREE and THREADING_REALLOC, or none of them"
#else

#define TI_REALLOC(memory, size) realloc((memory), (size))
#define TI_FREE(memory) free(memory)
#define TI_MALLOC_ZEROED(size) calloc(1, (size))

#endif

/* --------------------------------------------------------------------------------- src/core/base/memory.c */

static void *ti_memory_allocate(size_t size)
{
    if (ti_fault_is_due(TI_FAULT_MEMORY))
        return NULL;
    ti_port_errors errors = ti_port_errors_keep();
    void *memory = TI_MALLOC_ZEROED(size);
    ti_port_errors_restore(errors);
    return memory;
}

static void *ti_memory_resize(void *memory, size_t size)
{
    if (ti_fault_is_due(TI_FAULT_MEMORY))
        return NULL;
    ti_port_errors errors = ti_port_errors_keep();
    void *resized = TI_REALLOC(memory, size);
    ti_port_errors_restore(errors);
    return resized;
}

static void ti_memory_free(void *memory)
{
    ti_port_errors errors = ti_port_errors_keep();
    TI_FREE(memory);
    ti_port_errors_restore(errors);
}

/* Tools that look for memory that was lost look for pointers in malloc's. */
static void *ti_memory_keep(size_t size)
{
    if (!TI_KEEPS_MEMORY)
        return ti_memory_allocate(size);
    return ti_fault_is_due(TI_FAULT_MEMORY) ? NULL : ti_port_pages(size);
}

static void ti_memory_end(void *memory, size_t size)
{
    if (TI_KEEPS_MEMORY)
        ti_port_pages_give_back(memory, size);
    else
        ti_memory_free(memory);
}

#endif

#if defined(THREADING_BACKEND_POSIX)

/* ------------------------------------------------------------------------------- src/posix/posix_system.h */

/* What every file of this backend includes first: the feature macros, the system's headers, and what the
 * files share. */

#include <pthread.h>
#include <time.h>

#if defined(__APPLE__) && !defined(CLOCK_UPTIME_RAW)
#error "threading: include this file before all others, or compile with -D_DARWIN_C_SOURCE"
#endif

/*
 * As one file, the library may come behind system headers that were read without those macros, in strict C
 * or with an old _POSIX_C_SOURCE. They are not read again, so what they then left out is declared here.
 * Only systems of 64 bits are known to have these functions under these very names.
 */
#if defined(__linux__) && (!defined(CLOCK_MONOTONIC) || (defined(__GLIBC__) && !defined(__USE_XOPEN2K)))
#if !defined(__LP64__)
#error "threading: include this file before all others, or compile with -D_DEFAULT_SOURCE"
#endif
#undef CLOCK_MONOTONIC
#define CLOCK_MONOTONIC 1
#undef TIMER_ABSTIME
#define TIMER_ABSTIME 1
int clock_gettime(int clock, struct timespec *now);
int clock_nanosleep(int clock, int flags, const struct timespec *until, struct timespec *rest);
int pthread_condattr_setclock(pthread_condattr_t *attributes, int clock);
#endif
#if defined(__linux__) && !defined(__USE_MISC)
long syscall(long number, ...);
#endif

#define TI_POSIX_SECOND INT64_C(1000000000)

/* Remember which thread is main, where main itself has to: when the code is loaded, and in a forked child. */
static void ti_posix_find_main(void);

/* In a forked child: SIGQUIT is not the library's any more. */
#if !defined(THREADING_NO_DIAGNOSIS)
static void ti_posix_quit_in_child(void);
#else
#define ti_posix_quit_in_child() ((void)0)
#endif

/* A moment or a span as a timespec; more than 2^31 - 1 seconds are cut, for systems whose time_t has 32
 * bits. The waiter looks at the clock afterwards. */
static struct timespec ti_posix_timespec(int64_t nanoseconds);

/* Waits are no cancellation points: a thread that is cancelled in one would leave a queue with its waiter
 * in it. */
static int ti_posix_cancel_disable(void);
static void ti_posix_cancel_restore(int state);

#if defined(__linux__)
/* posix_cgroup.c: how many threads the quota of the process's control groups lets run at once, at least 1;
 * SIZE_MAX where there is none. `root` stands before all paths: "" outside of tests. */
static size_t ti_posix_quota(const char *root);
#endif

#if !TI_POSIX_PARKER_IS_FUTEX
/* posix_clock.c or posix_clock_apple.c: condition variables on the monotonic clock. The first is false
 * when memory is out. The wait may end early. */
static bool ti_posix_condition_init(pthread_cond_t *condition);
static void ti_posix_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline);
#endif

/* -------------------------------------------------------------------------------- src/posix/posix_apple.c */

/* What macOS has of its own: thread numbers, names, processors. */

#if defined(__APPLE__)

#include <sched.h>
#include <string.h>
#include <unistd.h>

#define TI_APPLE_NAME_LIMIT 63 /* MAXTHREADNAMESIZE less the 0; a longer name is refused, not cut */

static const size_t ti_port_name_limit = TI_APPLE_NAME_LIMIT;

static uint64_t ti_apple_main_id;

static uint64_t ti_port_native_id(void)
{
    uint64_t id = 0;
    (void)pthread_threadid_np(NULL, &id); /* fails for a thread that is gone only */
    return id;
}

/* Run before main, in the main thread: later its number could be asked for by main only. */
__attribute__((constructor)) void ti_posix_find_main(void)
{
    if (ti_port_is_main())
        ti_apple_main_id = ti_port_native_id();
}

static uint64_t ti_port_main_native_id(void)
{
    return ti_port_is_main() ? ti_port_native_id() : ti_apple_main_id;
}

static bool ti_port_is_main(void)
{
    return pthread_main_np() != 0;
}

static void ti_port_set_name(const char *name, size_t length)
{
    char text[TI_APPLE_NAME_LIMIT + 1] = "";
    ti_port_errors errors = ti_port_errors_keep();
    memcpy(text, name, length);
    (void)pthread_setname_np(text); /* of the calling thread; fails for a name too long only */
    ti_port_errors_restore(errors);
}

static void ti_port_yield(void)
{
    (void)sched_yield();
}

static size_t ti_port_cpu_count(void)
{
    ti_port_errors errors = ti_port_errors_keep();
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    ti_port_errors_restore(errors);
    return online > 0 ? (size_t)online : 1;
}

static size_t ti_port_available_cpus(void)
{
    return ti_port_cpu_count();
}

/* Nothing here tells whether a thread is gone. */
static uint64_t ti_port_life(void)
{
    return 0;
}

static bool ti_port_life_is_over(uint64_t life)
{
    (void)life;
    return false;
}

static void ti_port_life_end(uint64_t life)
{
    (void)life;
}

#else
typedef int ti_posix_is_not_apple; /* C wants a declaration in every file */
#endif

/* ------------------------------------------------------------------------------- src/posix/posix_cgroup.c */

/*
 * The quota of processor time that Linux gives a container: that of its control groups (cgroups(7)).
 *
 *   /proc/self/cgroup     the process's groups: "4:cpu,cpuacct:/a/b" (version 1), "0::/a/b" (version 2)
 *   /proc/self/mountinfo  where groups are to be seen: the root of each mount, which is the group at the
 *                         mount point, and the mount point
 *   cpu.max               in a group's folder: "150000 100000", quota and period (version 2); "max": no quota
 *   cpu.cfs_quota_us      the quota (version 1); -1: no quota
 *   cpu.cfs_period_us     the period (version 1)
 *
 * A group has at most what each group above it has, so the least counts, from the process's group up to
 * the mount point. Where both versions are mounted, version 1 has the processors if it lists them, and
 * version 2 else. Of several mounts all are looked at.
 *
 * The kernel tells groups and roots as they are seen from the process's namespace: "/.." is above it.
 *
 * Nothing is allocated, and each thing read has a limit: a line of 2048 bytes or more, and a path of 1024
 * or more, are passed over; a file of a group with 64 bytes or more, and one that holds anything but
 * numbers, is no quota.
 */

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#if !defined(O_CLOEXEC) && defined(__O_CLOEXEC) /* strict C hides the one, and the other stays */
#define O_CLOEXEC __O_CLOEXEC
#endif

#define TI_CGROUP_LINE 2048
#define TI_CGROUP_PATH 1024
#define TI_CGROUP_FILE 64
#define TI_CGROUP_UP 3 /* the length of "/.." */

typedef struct ti_cgroup_path {
    size_t length;
    char text[TI_CGROUP_PATH];
} ti_cgroup_path;

/* A file that is read line by line: what is between begin and end was read, and not yet given. */
typedef struct ti_cgroup_lines {
    int file;
    bool is_long; /* the line that goes on has had no room */
    size_t begin, end;
    char text[TI_CGROUP_LINE];
} ti_cgroup_lines;

typedef struct ti_cgroup_search {
    const char *root;
    size_t quota; /* the least so far */
    bool is_version_1;
    char group[TI_CGROUP_PATH]; /* "": the process is in none that was understood */
    ti_cgroup_path path;
    ti_cgroup_lines lines;
} ti_cgroup_search;

/* ---- paths ---- */

/* False: there is no room, and nothing is appended. */
static bool ti_cgroup_append(ti_cgroup_path *path, const char *text)
{
    size_t length = strlen(text);
    if (length >= sizeof path->text - path->length)
        return false;
    memcpy(path->text + path->length, text, length + 1);
    path->length += length;
    return true;
}

static void ti_cgroup_cut(ti_cgroup_path *path, size_t length)
{
    path->length = length;
    path->text[length] = '\0';
}

/* Leave the folder for the one above it, but no further than the first `top` bytes of the path. */
static void ti_cgroup_go_up(ti_cgroup_path *path, size_t top)
{
    size_t length = path->length;
    while (length > top && path->text[length - 1] != '/')
        length--;
    ti_cgroup_cut(path, length > top ? length - 1 : top);
}

/* ---- files ---- */

static int ti_cgroup_open(const char *name)
{
    int file;
    do
        file = open(name, O_RDONLY | O_CLOEXEC);
    while (file < 0 && errno == EINTR);
    return file;
}

/* How many bytes there are, at most `size`; 0 at the end, and after an error. */
static size_t ti_cgroup_read(int file, char *text, size_t size)
{
    ssize_t count;
    do
        count = read(file, text, size);
    while (count < 0 && errno == EINTR);
    return count > 0 ? (size_t)count : 0;
}

/* A file in the folder that the path names. False: it is not there, or it is too long. */
static bool ti_cgroup_read_file(ti_cgroup_path *path, const char *name, char text[TI_CGROUP_FILE])
{
    size_t length = path->length;
    int file = ti_cgroup_append(path, name) ? ti_cgroup_open(path->text) : -1;
    ti_cgroup_cut(path, length);
    if (file < 0)
        return false;
    size_t count = ti_cgroup_read(file, text, TI_CGROUP_FILE);
    (void)close(file); /* it was only read */
    if (count == TI_CGROUP_FILE)
        return false;
    text[count] = '\0';
    return true;
}

/* Read on. False: there is no more. */
static bool ti_cgroup_fill(ti_cgroup_lines *lines)
{
    size_t rest = lines->end - lines->begin;
    if (rest == sizeof lines->text) {
        lines->is_long = true;
        rest = 0;
    }
    memmove(lines->text, lines->text + lines->begin, rest);
    size_t count = ti_cgroup_read(lines->file, lines->text + rest, sizeof lines->text - rest);
    lines->begin = 0;
    lines->end = rest + count;
    return count > 0;
}

/* The next line that there is room for; NULL: there is none. */
static char *ti_cgroup_next(ti_cgroup_lines *lines)
{
    for (;;) {
        char *line = lines->text + lines->begin;
        char *end = (char *)memchr(line, '\n', lines->end - lines->begin);
        if (end == NULL) {
            if (!ti_cgroup_fill(lines))
                return NULL;
            continue;
        }
        bool is_long = lines->is_long;
        *end = '\0';
        lines->is_long = false;
        lines->begin = (size_t)(end - lines->text) + 1;
        if (!is_long)
            return line;
    }
}

/* ---- quotas ---- */

/* Digits; *text goes behind them. 0 where there are none, and for what 64 bits cannot hold. */
static uint64_t ti_cgroup_number(const char **text)
{
    uint64_t number = 0;
    bool fits = true;
    for (; **text >= '0' && **text <= '9'; ++*text) {
        uint64_t digit = (uint64_t)(**text - '0');
        fits = fits && number <= (UINT64_MAX - digit) / 10;
        number = fits ? number * 10 + digit : 0;
    }
    return number;
}

/* The number that the text is, up to the character `end` or the end of its line; *text goes behind that.
 * 0: it is no such number. */
static uint64_t ti_cgroup_number_until(const char **text, char end)
{
    uint64_t number = ti_cgroup_number(text);
    if (**text != end)
        return 0;
    ++*text;
    return number;
}

static void ti_cgroup_heed(ti_cgroup_search *search, uint64_t quota, uint64_t period)
{
    if (quota == 0 || period == 0)
        return;
    uint64_t threads = quota / period + (quota % period != 0 ? 1 : 0);
    if (threads < search->quota)
        search->quota = (size_t)threads;
}

/* The folder that the path names. */
static void ti_cgroup_look(ti_cgroup_search *search)
{
    char text[TI_CGROUP_FILE];
    const char *rest = text;
    uint64_t quota = 0, period = 0;
    if (!search->is_version_1) {
        if (ti_cgroup_read_file(&search->path, "/cpu.max", text)) {
            quota = ti_cgroup_number_until(&rest, ' ');
            period = ti_cgroup_number_until(&rest, '\n');
        }
    } else if (ti_cgroup_read_file(&search->path, "/cpu.cfs_quota_us", text)) {
        quota = ti_cgroup_number_until(&rest, '\n');
        rest = text;
        if (ti_cgroup_read_file(&search->path, "/cpu.cfs_period_us", text))
            period = ti_cgroup_number_until(&rest, '\n');
    }
    ti_cgroup_heed(search, quota, period);
}

/* ---- groups and mounts ---- */

/* Whether a word is in a list with commas. */
static bool ti_cgroup_has(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (;;) {
        size_t next = strcspn(list, ",");
        if (next == length && strncmp(list, word, length) == 0)
            return true;
        if (list[next] == '\0')
            return false;
        list += next + 1;
    }
}

/* A line of /proc/self/cgroup: a number, the controllers, and the group, which may contain colons. */
static void ti_cgroup_note_group(ti_cgroup_search *search, char *line)
{
    char *list = strchr(line, ':');
    char *group = list != NULL ? strchr(list + 1, ':') : NULL;
    if (group == NULL || strlen(group + 1) >= sizeof search->group)
        return;
    *group++ = '\0';
    bool is_version_1 = ti_cgroup_has(list + 1, "cpu");
    if (!is_version_1 && (list[1] != '\0' || search->is_version_1))
        return;
    search->is_version_1 = is_version_1;
    memcpy(search->group, group, strlen(group) + 1);
}

static bool ti_cgroup_is_up(const char *group)
{
    return strncmp(group, "/..", TI_CGROUP_UP) == 0 &&
           (group[TI_CGROUP_UP] == '/' || group[TI_CGROUP_UP] == '\0');
}

/* Where a group is below a mount's root: "" or "/...". NULL: it is not, or nothing tells. Of a root above the
 * namespace the names of the groups between are not told: the root itself is all that can be looked at. */
static const char *ti_cgroup_below(const char *group, const char *root)
{
    while (ti_cgroup_is_up(group) && ti_cgroup_is_up(root)) {
        group += TI_CGROUP_UP;
        root += TI_CGROUP_UP;
    }
    if (ti_cgroup_is_up(group))
        return NULL;
    bool is_above = ti_cgroup_is_up(root);
    while (ti_cgroup_is_up(root))
        root += TI_CGROUP_UP;
    if (is_above)
        return *root == '\0' ? root : NULL;
    size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strncmp(group, root, length) != 0)
        return NULL;
    group += length;
    if (*group != '/' && *group != '\0')
        return NULL;
    return strcmp(group, "/") == 0 ? "" : group;
}

/* From the group, whose place below the mount point is `below`, up to the mount point. */
static void ti_cgroup_climb(ti_cgroup_search *search, const char *point, const char *below)
{
    ti_cgroup_cut(&search->path, 0);
    if (!ti_cgroup_append(&search->path, search->root) || !ti_cgroup_append(&search->path, point))
        return;
    size_t top = search->path.length;
    if (!ti_cgroup_append(&search->path, below))
        return;
    ti_cgroup_look(search);
    while (search->path.length > top) {
        ti_cgroup_go_up(&search->path, top);
        ti_cgroup_look(search);
    }
}

/* The text up to the next space, which *line goes behind; at the end it is "" for ever. */
static char *ti_cgroup_field(char **line)
{
    char *field = *line;
    *line += strcspn(field, " ");
    if (**line != '\0')
        *(*line)++ = '\0';
    return field;
}

static bool ti_cgroup_is_octal(char c)
{
    return c >= '0' && c <= '7';
}

/* The kernel writes a space, a tab, the end of a line and a backslash as \040, \011, \012 and \134. */
static char *ti_cgroup_decode(char *field)
{
    char *to = field;
    for (const char *from = field; *from != '\0'; to++) {
        bool is_code = from[0] == '\\' && ti_cgroup_is_octal(from[1]) && ti_cgroup_is_octal(from[2]) &&
                       ti_cgroup_is_octal(from[3]);
        if (is_code)
            *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
        else
            *to = *from;
        from += is_code ? 4 : 1;
    }
    *to = '\0';
    return field;
}

/* A line of /proc/self/mountinfo: three numbers, root, mount point, options, and behind a dash of its own
 * the type, the source and more options, which with version 1 are the controllers. */
static void ti_cgroup_note_mount(ti_cgroup_search *search, char *line)
{
    char *type = strstr(line, " - ");
    if (type == NULL)
        return;
    *type = '\0';
    char *rest = type + 3;
    type = ti_cgroup_field(&rest);
    (void)ti_cgroup_field(&rest);
    bool is_it = search->is_version_1 ? strcmp(type, "cgroup") == 0 && ti_cgroup_has(rest, "cpu")
                                      : strcmp(type, "cgroup2") == 0;
    if (!is_it)
        return;
    for (int i = 0; i < 3; i++)
        (void)ti_cgroup_field(&line);
    const char *root = ti_cgroup_decode(ti_cgroup_field(&line));
    const char *point = ti_cgroup_decode(ti_cgroup_field(&line));
    const char *below = ti_cgroup_below(search->group, root);
    if (below != NULL)
        ti_cgroup_climb(search, point, below);
}

/* ---- the search ---- */

static bool ti_cgroup_begin(ti_cgroup_search *search, const char *process, const char *name)
{
    ti_cgroup_cut(&search->path, 0);
    bool is_named = ti_cgroup_append(&search->path, search->root) &&
                    ti_cgroup_append(&search->path, process) && ti_cgroup_append(&search->path, name);
    search->lines.file = is_named ? ti_cgroup_open(search->path.text) : -1;
    search->lines.begin = search->lines.end = 0;
    search->lines.is_long = false;
    return search->lines.file >= 0;
}

/* False: it does not tell all. */
static bool ti_cgroup_ask(ti_cgroup_search *search, const char *process)
{
    char *line;
    search->is_version_1 = false;
    search->group[0] = '\0';
    if (!ti_cgroup_begin(search, process, "/cgroup"))
        return false;
    while ((line = ti_cgroup_next(&search->lines)) != NULL)
        ti_cgroup_note_group(search, line);
    (void)close(search->lines.file); /* it was only read */
    if (!ti_cgroup_begin(search, process, "/mountinfo"))
        return false;
    while (search->group[0] == '/' && (line = ti_cgroup_next(&search->lines)) != NULL)
        ti_cgroup_note_mount(search, line);
    (void)close(search->lines.file);
    return true;
}

/* "self" is main, of which no mounts are told once it has gone; then the calling thread is asked. Opening,
 * reading and closing are points of cancellation. */
static size_t ti_posix_quota(const char *root)
{
    ti_cgroup_search search;
    search.root = root;
    search.quota = SIZE_MAX;
    ti_port_errors errors = ti_port_errors_keep();
    int state = ti_posix_cancel_disable();
    if (!ti_cgroup_ask(&search, "/proc/self"))
        (void)ti_cgroup_ask(&search, "/proc/thread-self");
    ti_posix_cancel_restore(state);
    ti_port_errors_restore(errors);
    return search.quota;
}

#else
typedef int ti_posix_has_no_groups; /* C wants a declaration in every file */
#endif

/* -------------------------------------------------------------------------------- src/posix/posix_clock.c */

/* Time where POSIX's monotonic clock can be waited on: everywhere but on macOS. */

static struct timespec ti_posix_timespec(int64_t nanoseconds)
{
    struct timespec result = {0, 0};
    int64_t seconds = nanoseconds / TI_POSIX_SECOND;
    if (nanoseconds <= 0)
        return result; /* a moment that is past; the kernel refuses negative times */
    result.tv_sec = (time_t)(seconds < INT32_MAX ? seconds : INT32_MAX);
    result.tv_nsec = (long)(nanoseconds % TI_POSIX_SECOND);
    return result;
}

#if !defined(__APPLE__)

static int64_t ti_port_now(void)
{
    struct timespec now = {0, 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* fails only where there is no such clock */
    return (int64_t)now.tv_sec * TI_POSIX_SECOND + now.tv_nsec;
}

#if defined(__EMSCRIPTEN__)
/* Its clock_nanosleep takes a moment for a span. */
static void ti_posix_sleep(int64_t deadline)
{
    struct timespec remaining = ti_posix_timespec(deadline - ti_port_now());
    (void)nanosleep(&remaining, NULL);
}
#else
static void ti_posix_sleep(int64_t deadline)
{
    struct timespec until = ti_posix_timespec(deadline);
    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}
#endif

static void ti_port_sleep(int64_t deadline)
{
    while (ti_port_now() < deadline) /* it also ends early for a signal (EINTR), or when the time was cut */
        ti_posix_sleep(deadline);
}

#if !TI_POSIX_PARKER_IS_FUTEX

static bool ti_posix_condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return false;
    (void)pthread_condattr_setclock(&attributes,
                                    CLOCK_MONOTONIC); /* fails only where there is no such clock */
    bool made = pthread_cond_init(condition, &attributes) == 0;
    (void)pthread_condattr_destroy(&attributes); /* fails for no attributes that were initialised */
    return made;
}

static void ti_posix_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline)
{
    struct timespec until = ti_posix_timespec(deadline);
    if (deadline == TI_FOREVER)
        (void)pthread_cond_wait(condition, mutex);
    else
        (void)pthread_cond_timedwait(condition, mutex,
                                     &until); /* 0 or ETIMEDOUT: the caller looks at the clock */
}

#endif

#endif

/* -------------------------------------------------------------------------- src/posix/posix_clock_apple.c */

/*
 * Time on macOS: its CLOCK_MONOTONIC goes on while the machine sleeps, so the clock is CLOCK_UPTIME_RAW; and
 * its condition variables know the wall clock only, but can wait for a span.
 */

#if defined(__APPLE__)

/* Longer waits overflow in the kernel and return at once (rust-lang/rust#37440): the caller looks at the
 * clock. */
#define TI_APPLE_LONGEST_WAIT (86400 * TI_POSIX_SECOND)

static int64_t ti_port_now(void)
{
    return (int64_t)clock_gettime_nsec_np(CLOCK_UPTIME_RAW);
}

/* Compared before they are subtracted: the deadline of a try is so far in the past that the difference
 * would wrap around, and be a day. */
static struct timespec ti_apple_remaining(int64_t deadline)
{
    int64_t now = ti_port_now();
    int64_t remaining = deadline > now ? deadline - now : 0;
    return ti_posix_timespec(remaining < TI_APPLE_LONGEST_WAIT ? remaining : TI_APPLE_LONGEST_WAIT);
}

static void ti_port_sleep(int64_t deadline)
{
    ti_port_errors errors = ti_port_errors_keep();
    while (ti_port_now() < deadline) { /* it also ends early for a signal, or when the time was cut */
        struct timespec remaining = ti_apple_remaining(deadline);
        (void)nanosleep(&remaining, NULL);
    }
    ti_port_errors_restore(errors);
}

static bool ti_posix_condition_init(pthread_cond_t *condition)
{
    return pthread_cond_init(condition, NULL) == 0;
}

/* EINVAL comes for no reason under load (libuv/libuv#4165): like every other result it means, look again. */
static void ti_posix_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline)
{
    if (deadline == TI_FOREVER) {
        (void)pthread_cond_wait(condition, mutex);
    } else {
        struct timespec remaining = ti_apple_remaining(deadline);
        (void)pthread_cond_timedwait_relative_np(condition, mutex, &remaining);
    }
}

#else
typedef int ti_posix_clock_is_posix; /* C wants a declaration in every file */
#endif

/* ---------------------------------------------------------------------------- src/posix/posix_diagnosis.c */

/* Standard error, abort, and what the diagnosis needs: SIGQUIT. */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static TI_COLD void ti_port_complain(const char *text, size_t length)
{
    ti_port_errors errors = ti_port_errors_keep();
    while (length > 0) {
        ssize_t written = write(STDERR_FILENO, text, length);
        if (written < 0 && errno != EINTR)
            break; /* it is closed, or full: there is nobody to tell */
        text += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
    ti_port_errors_restore(errors);
}

static TI_COLD void ti_port_abort(void)
{
    abort();
}

#if !defined(THREADING_NO_DIAGNOSIS)

static uint32_t ti_posix_quits; /* a signal handler may change it: it is lock-free */

/* A strictly conforming program that includes the one file behind the system's headers has hidden these. */
#if defined(SA_RESTART)

static bool ti_posix_counts; /* SIGQUIT is the library's */

TI_COLD static void ti_posix_quit(int signal_number)
{
    (void)signal_number;
    ti_add_relaxed(&ti_posix_quits, 1); /* relaxed: only the number matters */
}

/* A program that ignores the signal, as below nohup, or handles it goes on to do so. */
static TI_COLD bool ti_port_count_requests(void)
{
    struct sigaction action = {.sa_handler = ti_posix_quit, .sa_flags = SA_RESTART};
    struct sigaction before;
    (void)sigemptyset(&action.sa_mask);
    ti_posix_counts = sigaction(SIGQUIT, NULL, &before) == 0 &&
                      (before.sa_handler == SIG_DFL || before.sa_handler == ti_posix_quit) &&
                      sigaction(SIGQUIT, &action, NULL) == 0;
    return ti_posix_counts;
}

/* Nobody answers there: the signal ends the child, as it would without the library. */
static TI_COLD void ti_posix_quit_in_child(void)
{
    if (ti_posix_counts)
        (void)signal(SIGQUIT, SIG_DFL);
    ti_posix_counts = false;
}

static TI_COLD void ti_port_leave_signals(void)
{
    sigset_t signals;
    (void)sigfillset(&signals);
    if (ti_posix_counts)
        (void)sigdelset(&signals, SIGQUIT);
    (void)pthread_sigmask(SIG_SETMASK, &signals, NULL);
}

#else

static TI_COLD void ti_posix_quit_in_child(void)
{
}

static TI_COLD bool ti_port_count_requests(void)
{
    return false;
}

static TI_COLD void ti_port_leave_signals(void)
{
}

#endif

static TI_COLD uint32_t ti_port_requests(void)
{
    return ti_load_relaxed(&ti_posix_quits);
}

#endif

/* -------------------------------------------------------------------------------- src/posix/posix_fence.c */

/* A fence in all threads of the process: Linux has it since 4.14. With the parker of macOS it is left out, as
 * there. */

#if defined(__linux__) && !defined(THREADING_PARKER_CONDITION)

#include <sys/syscall.h>
#include <unistd.h>

/* linux/membarrier.h, which musl's own headers lack */
#define TI_MEMBARRIER_PRIVATE_EXPEDITED (1 << 3)
#define TI_MEMBARRIER_REGISTER_PRIVATE_EXPEDITED (1 << 4)

/* Fails on older kernels (ENOSYS, EINVAL) and in sandboxes (EPERM): then there is none. */
static bool ti_linux_membarrier(int command)
{
    ti_port_errors errors = ti_port_errors_keep();
    bool done = syscall(SYS_membarrier, command, 0, 0) == 0;
    ti_port_errors_restore(errors);
    return done;
}

static bool ti_port_fence_start(void)
{
    return ti_linux_membarrier(TI_MEMBARRIER_REGISTER_PRIVATE_EXPEDITED);
}

/* Run when the program is loaded: registering costs nothing in a process of one thread, and ten milliseconds
 * later on. */
__attribute__((constructor)) static void ti_linux_register(void)
{
    (void)ti_port_fence_start();
}

static bool ti_port_fence_all(void)
{
    return ti_linux_membarrier(TI_MEMBARRIER_PRIVATE_EXPEDITED);
}

#else

static bool ti_port_fence_start(void)
{
    return false;
}

static bool ti_port_fence_all(void)
{
    return false;
}

#endif

/* --------------------------------------------------------------------------------- src/posix/posix_home.c */

/*
 * Where this code is, and how it is kept there.
 *
 * In a shared object it is kept by a reference of its own, dlopen() of the object by its own name. glibc
 * then can have it back: when the last reference is gone it takes the object's handlers out of its tables,
 * those of fork, and those of exit after it has run them. musl never unloads an object. macOS has a table
 * of fork handlers that nothing can be taken out of, so there an object stays once it is loaded; and so it
 * does where nothing is known of the system.
 */

#if !defined(__EMSCRIPTEN__)
#include <dlfcn.h>
#endif

#if defined(__linux__)

#include <link.h>

#ifndef RTLD_NOLOAD
#define RTLD_NOLOAD 4
#endif

/* The beginning of what dl_iterate_phdr tells of an object; its own declaration is for _GNU_SOURCE only. */
typedef struct ti_posix_object {
    ElfW(Addr) base;
    const char *name;
    const ElfW(Phdr) * headers;
    ElfW(Half) count;
} ti_posix_object;

/* Weak, so that a program that is linked statically, or with an old glibc and without its libdl, needs none
 * of them. It then has no object either that could be unloaded. */
static int ti_posix_iterate(int (*look)(ti_posix_object *object, size_t size, void *arg), void *arg)
    __attribute__((weakref("dl_iterate_phdr")));
static void *ti_posix_open(const char *name, int flags) __attribute__((weakref("dlopen")));
static int ti_posix_close(void *handle) __attribute__((weakref("dlclose")));
static int ti_posix_try_join(pthread_t thread, void **result) __attribute__((weakref("pthread_tryjoin_np")));

#if defined(__GLIBC__)
#define TI_POSIX_UNLOADS true
#else
#define TI_POSIX_UNLOADS false
#endif

static uint32_t ti_posix_home;      /* the ti_home and 1; 0: not looked for yet */
static uintptr_t ti_posix_own_name; /* of the object; the system's, for as long as the object is loaded */
static uintptr_t ti_posix_pin;      /* the reference */

typedef struct ti_posix_search {
    bool is_first;
    bool is_program;
    const char *name; /* NULL: not found */
} ti_posix_search;

static bool ti_posix_is_in(const ti_posix_object *object, uintptr_t address)
{
    for (size_t i = 0; i < object->count; i++) {
        const ElfW(Phdr) *header = &object->headers[i];
        if (header->p_type == PT_LOAD && address - (object->base + header->p_vaddr) < header->p_memsz)
            return true;
    }
    return false;
}

/* The first object is the program; in a namespace of dlmopen's it is what was loaded there. glibc has no
 * name for the program. */
static bool ti_posix_is_program(const ti_posix_search *search, const ti_posix_object *object)
{
    return search->is_first && (!TI_POSIX_UNLOADS || object->name == NULL || object->name[0] == '\0');
}

TI_COLD static int ti_posix_look(ti_posix_object *object, size_t size, void *arg)
{
    ti_posix_search *search = (ti_posix_search *)arg;
    (void)size;
    bool is_here = ti_posix_is_in(object, (uintptr_t)&ti_posix_pin);
    if (is_here) {
        search->is_program = ti_posix_is_program(search, object);
        search->name = object->name;
    }
    search->is_first = false;
    return is_here;
}

TI_COLD static ti_home ti_posix_find_home(void)
{
    ti_posix_search search = {.is_first = true};
    if (ti_posix_iterate == NULL)
        return TI_HOME_PROGRAM;
    (void)ti_posix_iterate(ti_posix_look, &search); /* what the last look gave */
    if (search.is_program)
        return TI_HOME_PROGRAM;
    ti_store_pointer_relaxed(&ti_posix_own_name,
                             (uintptr_t)search.name); /* relaxed: the home is stored later */
    bool can_go = TI_POSIX_UNLOADS && search.name != NULL && ti_posix_open != NULL && ti_posix_close != NULL;
    return can_go ? TI_HOME_PINNED : TI_HOME_KEPT;
}

/* Threads that look at the same time find the same. */
static ti_home ti_port_home(void)
{
    uint32_t home = ti_load_acquire(&ti_posix_home);
    if (home == 0) {
        home = (uint32_t)ti_posix_find_home() + 1;
        ti_store_release(&ti_posix_home, home); /* pairs with the acquire above, for the name */
    }
    return (ti_home)(home - 1);
}

TI_COLD static bool ti_posix_take_pin(void)
{
    const char *name =
        (const char *)ti_load_pointer_relaxed(&ti_posix_own_name); /* relaxed: behind the home */
    void *pin = ti_posix_open(name, RTLD_NOW | RTLD_NOLOAD);
    if (pin != NULL && !ti_swap_pointer_acquire(&ti_posix_pin, 0, (uintptr_t)pin))
        (void)ti_posix_close(pin); /* another thread has one already */
    return pin != NULL;
}

static bool ti_port_pin(void)
{
    ti_home home = ti_port_home();
    bool can_pin = home != TI_HOME_PROGRAM && ti_posix_open != NULL && ti_posix_close != NULL;
    if (!can_pin || ti_load_pointer_relaxed(&ti_posix_pin) != 0)
        return true;
    ti_port_errors errors = ti_port_errors_keep();
    bool taken = ti_posix_take_pin();
    ti_port_errors_restore(errors);
    return taken || home == TI_HOME_KEPT;
}

static void ti_port_unpin(void)
{
    void *pin = (void *)ti_exchange_pointer_acquire(&ti_posix_pin, 0);
    if (pin != NULL)
        (void)ti_posix_close(pin); /* fails for no reference that it has given */
}

static bool ti_port_thread_try_join(ti_port_thread *thread)
{
    return ti_posix_try_join != NULL && ti_posix_try_join(thread->native, NULL) == 0;
}

#elif defined(__EMSCRIPTEN__)

/* The code is in the program; a side module, if it is in one, is never unloaded. */
static ti_home ti_port_home(void)
{
    return TI_HOME_PROGRAM;
}

static bool ti_port_pin(void)
{
    return true;
}

static void ti_port_unpin(void)
{
}

static bool ti_port_thread_try_join(ti_port_thread *thread)
{
    (void)thread;
    return false;
}

#else

#if defined(__APPLE__)

#include <mach-o/loader.h>

static bool ti_posix_is_program(const Dl_info *info)
{
    return ((const struct mach_header *)info->dli_fbase)->filetype == MH_EXECUTE;
}

#define TI_POSIX_PIN RTLD_NOLOAD

#else

static bool ti_posix_is_program(const Dl_info *info)
{
    (void)info;
    return false;
}

#define TI_POSIX_PIN 0

#endif

static char ti_posix_here;

static ti_home ti_port_home(void)
{
    Dl_info info;
    return dladdr(&ti_posix_here, &info) != 0 && ti_posix_is_program(&info) ? TI_HOME_PROGRAM : TI_HOME_KEPT;
}

static bool ti_port_pin(void)
{
    static uint32_t is_pinned;
    Dl_info info;
    ti_port_errors errors = ti_port_errors_keep();
    if (ti_swap_acquire(&is_pinned, 0, 1) && ti_port_home() == TI_HOME_KEPT &&
        dladdr(&ti_posix_here, &info) != 0)
        (void)dlopen(info.dli_fname, RTLD_NOW | TI_POSIX_PIN); /* for ever; of a program it means nothing */
    ti_port_errors_restore(errors);
    return true;
}

static void ti_port_unpin(void)
{
}

static bool ti_port_thread_try_join(ti_port_thread *thread)
{
    (void)thread;
    return false;
}

#if defined(__APPLE__)
/* The fork hooks are registered at load, and stay. */
__attribute__((constructor)) static void ti_posix_stay(void)
{
    (void)ti_port_pin();
}
#endif

#endif

/* No thread of the backend's own. */
static bool ti_port_is_idle(void)
{
    return true;
}

/* -------------------------------------------------------------------------------- src/posix/posix_linux.c */

/* What Linux has of its own: thread numbers, names, processors. */

#if defined(__linux__)

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TI_LINUX_CPUS_MAX 8192 /* as many as Linux can be built for */

static const size_t ti_port_name_limit = 15; /* TASK_COMM_LEN less the 0 */

static uint64_t ti_port_native_id(void)
{
    return (uint64_t)syscall(SYS_gettid);
}

static uint64_t ti_port_main_native_id(void)
{
    return (uint64_t)getpid();
}

/* A thread's number. It may be given to another thread later: then this one counts as gone when that one
 * is. */
static uint64_t ti_port_life(void)
{
    return ti_port_native_id();
}

/* A signal of number 0 is none, and is refused for a thread that is gone (ESRCH), or in a sandbox. */
static bool ti_port_life_is_over(uint64_t life)
{
    ti_port_errors errors = ti_port_errors_keep();
    bool is_over = life == ti_port_native_id(); /* the calling thread is another one */
    if (!is_over)
        is_over = syscall(SYS_tgkill, getpid(), (pid_t)life, 0) != 0 && errno == ESRCH;
    ti_port_errors_restore(errors);
    return is_over;
}

static void ti_port_life_end(uint64_t life)
{
    (void)life;
}

/* The kernel tells it at any time. */
static void ti_posix_find_main(void)
{
}

static bool ti_port_is_main(void)
{
    return ti_port_native_id() == ti_port_main_native_id();
}

static void ti_port_set_name(const char *name, size_t length)
{
    char text[16] = "";
    memcpy(text, name, length);
    (void)prctl(PR_SET_NAME, text, 0L, 0L, 0L); /* fails for a bad address only */
}

static void ti_port_yield(void)
{
    (void)sched_yield(); /* always 0 on Linux */
}

/* How many processors a thread may use, 0 for the calling one. The answer is 0 for a thread that is gone
 * (ESRCH), in a sandbox, and when the kernel knows more of them than the set has room for (EINVAL). On the
 * stack, since nothing may be allocated here. The C library's own function for it is declared for
 * _GNU_SOURCE only. */
static size_t ti_linux_count_cpus(pid_t thread)
{
    unsigned char set[TI_LINUX_CPUS_MAX / 8] = {0};
    size_t count = 0;
    long size =
        syscall(SYS_sched_getaffinity, thread, sizeof set, set); /* of what was written; -1: nothing was */
    for (long i = 0; i < size; i++)
        count += (size_t)__builtin_popcount(set[i]);
    return count;
}

/* Main's are the process's: what a shell, or a container, binds a process to is had by main, and a thread
 * that binds itself later changes nothing for the others. */
static size_t ti_port_cpu_count(void)
{
    ti_port_errors errors = ti_port_errors_keep();
    size_t count = ti_linux_count_cpus(getpid());
    if (count == 0)
        count = ti_linux_count_cpus(0);
    if (count == 0) {
        long online = sysconf(_SC_NPROCESSORS_ONLN);
        count = online > 0 ? (size_t)online : 1;
    }
    ti_port_errors_restore(errors);
    return count;
}

static size_t ti_port_available_cpus(void)
{
    size_t count = ti_port_cpu_count(), quota = ti_posix_quota("");
    return quota < count ? quota : count;
}

#else
typedef int ti_posix_is_not_linux; /* C wants a declaration in every file */
#endif

/* ------------------------------------------------------------------------------- src/posix/posix_memory.c */

/* Memory that malloc knows nothing of. */

#include <sys/mman.h>

/* As with the clocks in posix_system.h: headers that were read in strict C lack it. */
#if !defined(MAP_ANONYMOUS) && defined(MAP_ANON)
#define MAP_ANONYMOUS MAP_ANON
#elif !defined(MAP_ANONYMOUS) && defined(__linux__) && !defined(__mips__) && !defined(__alpha__)
#define MAP_ANONYMOUS 0x20
#endif

/* The leak sanitizer of a program that was built with it, while this library was not: it looks for pointers
 * in memory that it knows. */
#if defined(__linux__)
/* The name is the sanitizer's. NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
__attribute__((weak)) void __lsan_register_root_region(const void *memory, size_t size);
/* The name is the sanitizer's. NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
__attribute__((weak)) void __lsan_unregister_root_region(const void *memory, size_t size);

static void ti_posix_show_pages(const void *memory, size_t size)
{
    if (__lsan_register_root_region != NULL)
        __lsan_register_root_region(memory, size);
}

static void ti_posix_hide_pages(const void *memory, size_t size)
{
    if (__lsan_unregister_root_region != NULL)
        __lsan_unregister_root_region(memory, size);
}
#else
static void ti_posix_show_pages(const void *memory, size_t size)
{
    (void)memory;
    (void)size;
}

static void ti_posix_hide_pages(const void *memory, size_t size)
{
    (void)memory;
    (void)size;
}
#endif

static void *ti_port_pages(size_t size)
{
    ti_port_errors errors = ti_port_errors_keep();
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ti_port_errors_restore(errors);
    if (memory == MAP_FAILED)
        return NULL;
    ti_posix_show_pages(memory, size);
    return memory;
}

static void ti_port_pages_give_back(void *pages, size_t size)
{
    ti_port_errors errors = ti_port_errors_keep();
    ti_posix_hide_pages(pages, size);
    (void)munmap(pages, size); /* fails for no pages that there are */
    ti_port_errors_restore(errors);
}

/* -------------------------------------------------------------------------------- src/posix/posix_other.c */

/* What POSIX alone gives, for Unixes that have no file of their own here: no thread numbers and no names. */

#if !defined(__linux__) && !defined(__APPLE__)

#include <sched.h>
#include <unistd.h>

static const size_t ti_port_name_limit = 0;

static pthread_t ti_other_main;

static void ti_posix_find_main(void)
{
    ti_other_main = pthread_self();
}

#if defined(__EMSCRIPTEN__)
/* The page's thread loads the code, and main() may be called in another one: the first thread to use the
 * library counts as main. */
static void ti_other_look_for_main(void)
{
    static pthread_once_t is_found = PTHREAD_ONCE_INIT;
    (void)pthread_once(&is_found, ti_posix_find_main); /* fails for nothing that was initialised */
}
#else
/* Run before main, in the main thread, unless the library is loaded later by another one. */
__attribute__((constructor)) static void ti_other_load(void)
{
    ti_posix_find_main();
}

static void ti_other_look_for_main(void)
{
}
#endif

static uint64_t ti_port_native_id(void)
{
    return 0;
}

static uint64_t ti_port_main_native_id(void)
{
    return 0;
}

/* In a child forked by another thread than main this tells the thread that called fork. */
static bool ti_port_is_main(void)
{
    ti_other_look_for_main();
    return pthread_equal(pthread_self(), ti_other_main) != 0;
}

static void ti_port_set_name(const char *name, size_t length)
{
    (void)name;
    (void)length;
}

static void ti_port_yield(void)
{
    (void)sched_yield();
}

static size_t ti_port_cpu_count(void)
{
    ti_port_errors errors = ti_port_errors_keep();
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    ti_port_errors_restore(errors);
    return online > 0 ? (size_t)online : 1;
}

static size_t ti_port_available_cpus(void)
{
    return ti_port_cpu_count();
}

/* Nothing here tells whether a thread is gone. */
static uint64_t ti_port_life(void)
{
    return 0;
}

static bool ti_port_life_is_over(uint64_t life)
{
    (void)life;
    return false;
}

static void ti_port_life_end(uint64_t life)
{
    (void)life;
}

#else
typedef int ti_posix_is_known; /* C wants a declaration in every file */
#endif

/* --------------------------------------------------------------------- src/posix/posix_parker_condition.c */

/*
 * The parker on a mutex and a condition variable: for every Unix without futexes.
 *
 * glibc's condition variables lost wakeups between 2.25 and 2.40 (BZ 25847) when several threads waited for
 * one; here it is only ever one thread, the owner.
 */

#if !TI_POSIX_PARKER_IS_FUTEX

/* Both are plain memory on Linux and macOS, which needs nothing more; on FreeBSD they are allocated. */
static bool ti_port_parker_init(ti_parker *parker)
{
    parker->token = false;
    if (pthread_mutex_init(&parker->mutex, NULL) != 0)
        return false;
    if (ti_posix_condition_init(&parker->condition))
        return true;
    (void)pthread_mutex_destroy(&parker->mutex); /* fails only for one that is held */
    return false;
}

static void ti_port_park(ti_parker *parker, int64_t deadline)
{
    ti_port_errors errors = ti_port_errors_keep();
    int state = ti_posix_cancel_disable();
    (void)pthread_mutex_lock(&parker->mutex);
    if (!parker->token)
        ti_posix_condition_wait(&parker->condition, &parker->mutex, deadline);
    parker->token = false;
    (void)pthread_mutex_unlock(&parker->mutex);
    ti_posix_cancel_restore(state);
    ti_port_errors_restore(errors);
}

static void ti_port_unpark(ti_parker *parker)
{
    (void)pthread_mutex_lock(&parker->mutex);
    parker->token = true;
    /* Under the mutex: a forked child may find the parker in no other state that is not whole. */
    (void)pthread_cond_signal(&parker->condition);
    (void)pthread_mutex_unlock(&parker->mutex);
}

#else
typedef int ti_posix_condition_parker_is_not_used; /* C wants a declaration in every file */
#endif

/* ------------------------------------------------------------------------- src/posix/posix_parker_futex.c */

/*
 * The parker on a futex (Linux).
 *
 *   state   meaning                      park                     unpark
 *   EMPTY   no token, nobody sleeps      -> ASLEEP, sleeps        -> TOKEN
 *   TOKEN   a token                      -> EMPTY, returns        stays
 *   ASLEEP  no token, the owner sleeps                            -> TOKEN, wakes
 */

#if TI_POSIX_PARKER_IS_FUTEX

#include <sys/syscall.h>
#include <unistd.h>

/* From the kernel's <linux/futex.h>, which a libc other than the system's own, as musl-gcc's, does not
 * find. */
#define TI_FUTEX_WAKE_PRIVATE (1 | 128)
#define TI_FUTEX_WAIT_BITSET_PRIVATE (9 | 128)
#define TI_FUTEX_ANY 0xFFFFFFFFu

enum { TI_PARKER_EMPTY, TI_PARKER_TOKEN, TI_PARKER_ASLEEP };

/* The kernel's timespec, which on 32-bit systems need not be the C library's. */
#if defined(SYS_futex)
#define TI_POSIX_FUTEX SYS_futex
typedef long ti_posix_kernel_time;
#else
#define TI_POSIX_FUTEX SYS_futex_time64
typedef int64_t ti_posix_kernel_time;
#endif

struct ti_posix_kernel_timespec {
    ti_posix_kernel_time seconds;
    ti_posix_kernel_time nanoseconds;
};

static bool ti_port_parker_init(ti_parker *parker)
{
    /* Relaxed: its thread does not run yet. */
    ti_store_relaxed(&parker->state, TI_PARKER_EMPTY);
    return true;
}

/* Every result of the wait means the same here: look again. It is woken, timed out (ETIMEDOUT), interrupted
 * (EINTR) or the state was changed before the sleep (EAGAIN). The deadline is absolute, on the monotonic
 * clock. */
static void ti_posix_futex_wait(uint32_t *word, uint32_t value, int64_t deadline)
{
    ti_port_errors errors = ti_port_errors_keep();
    struct timespec until = ti_posix_timespec(deadline);
    struct ti_posix_kernel_timespec limit = {(ti_posix_kernel_time)until.tv_sec,
                                             (ti_posix_kernel_time)until.tv_nsec};
    (void)syscall(TI_POSIX_FUTEX, word, TI_FUTEX_WAIT_BITSET_PRIVATE, value,
                  deadline == TI_FOREVER ? NULL : &limit, NULL, TI_FUTEX_ANY);
    ti_port_errors_restore(errors);
}

/* It fails for memory that is gone only, and a parker's stays; a sandbox may have refused it all the same. */
static void ti_posix_futex_wake(uint32_t *word)
{
    ti_port_errors errors = ti_port_errors_keep();
    (void)syscall(TI_POSIX_FUTEX, word, TI_FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    ti_port_errors_restore(errors);
}

static void ti_port_park(ti_parker *parker, int64_t deadline)
{
    /* Acquire, here and below: pairs with the release in unpark; what came before the token is seen after
     * it. */
    if (!ti_swap_acquire(&parker->state, TI_PARKER_TOKEN, TI_PARKER_EMPTY) &&
        ti_swap_acquire(&parker->state, TI_PARKER_EMPTY, TI_PARKER_ASLEEP)) {
        ti_posix_futex_wait(&parker->state, TI_PARKER_ASLEEP, deadline);
        (void)ti_exchange_acquire_release(&parker->state, TI_PARKER_EMPTY);
    }
}

static void ti_port_unpark(ti_parker *parker)
{
    /* Release: pairs with the acquires in park. */
    if (ti_exchange_acquire_release(&parker->state, TI_PARKER_TOKEN) == TI_PARKER_ASLEEP)
        ti_posix_futex_wake(&parker->state);
}

#else
typedef int ti_posix_parker_is_elsewhere; /* C wants a declaration in every file */
#endif

/* ----------------------------------------------------------------------------- src/posix/posix_priority.c */

/* Priorities: nice values on Linux, classes of quality of service on macOS, none elsewhere. */

#if defined(__linux__)

#include <sys/resource.h>

/* Each thread has a value of its own there, and 0 is the calling one. */
static const int ti_linux_nice[] = {19, 10, 0, -10, -20};

/* A value that is lower than the thread's takes privileges (EACCES, EPERM), and a sandbox may refuse all. */
static bool ti_port_set_priority(int priority)
{
    ti_port_errors errors = ti_port_errors_keep();
    bool is_set = setpriority(PRIO_PROCESS, 0, ti_linux_nice[priority - THREADING_PRIORITY_LOWEST]) == 0;
    ti_port_errors_restore(errors);
    return is_set;
}

static int ti_linux_distance(int nice, int priority)
{
    int distance = nice - ti_linux_nice[priority - THREADING_PRIORITY_LOWEST];
    return distance < 0 ? -distance : distance;
}

/* -1 is a value, and also what a sandbox that refuses leaves: that is NORMAL too. */
static int ti_port_get_priority(void)
{
    ti_port_errors errors = ti_port_errors_keep();
    int nice = getpriority(PRIO_PROCESS, 0);
    ti_port_errors_restore(errors);
    int nearest = THREADING_PRIORITY_LOWEST;
    for (int priority = nearest + 1; priority <= THREADING_PRIORITY_HIGHEST; priority++)
        if (ti_linux_distance(nice, priority) < ti_linux_distance(nice, nearest))
            nearest = priority;
    return nearest;
}

#elif defined(__APPLE__)

static const qos_class_t ti_apple_classes[] = {QOS_CLASS_BACKGROUND, QOS_CLASS_UTILITY, QOS_CLASS_DEFAULT,
                                               QOS_CLASS_USER_INITIATED, QOS_CLASS_USER_INTERACTIVE};

/* Refused (EPERM) in a thread that was given a scheduling policy of its own. */
static bool ti_port_set_priority(int priority)
{
    ti_port_errors errors = ti_port_errors_keep();
    int error = pthread_set_qos_class_self_np(ti_apple_classes[priority - THREADING_PRIORITY_LOWEST], 0);
    ti_port_errors_restore(errors);
    return error == 0;
}

/* No class, too, is NORMAL. */
static int ti_port_get_priority(void)
{
    ti_port_errors errors = ti_port_errors_keep();
    qos_class_t mine = qos_class_self();
    ti_port_errors_restore(errors);
    for (int priority = THREADING_PRIORITY_LOWEST; priority <= THREADING_PRIORITY_HIGHEST; priority++)
        if (ti_apple_classes[priority - THREADING_PRIORITY_LOWEST] == mine)
            return priority;
    return THREADING_PRIORITY_NORMAL;
}

#else

/* POSIX has priorities for real-time policies only: every thread is as the system made it. */
static bool ti_port_set_priority(int priority)
{
    return priority == THREADING_PRIORITY_NORMAL;
}

static int ti_port_get_priority(void)
{
    return THREADING_PRIORITY_NORMAL;
}

#endif

/* ------------------------------------------------------------------------------ src/posix/posix_process.c */

/* The process: exit, fork, its environment. */

#include <stdlib.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/auxv.h>
#endif

enum { TI_NO_FORK_HOOKS, TI_HOOKING_FORKS, TI_FORKS_HOOKED };

static uintptr_t ti_posix_exit_hook; /* always the same function; stored before the system is told of it */
static uint32_t ti_posix_process;    /* the process that the exit hook is for */
static uint32_t ti_posix_fork_hooks;

/* Emscripten has the handlers called in the page's thread, whichever thread calls exit(). Other threads need
 * the page's thread to start, print and end: a wait in it would never be over, unless it is main. */
TI_COLD static bool ti_posix_waits_at_exit(void)
{
#if defined(__EMSCRIPTEN__)
    return ti_port_is_main();
#else
    return true;
#endif
}

/* A child of vfork, clone or _Fork knows nothing of the fork hooks; it has no threads to wait for. */
TI_COLD static void ti_posix_exit(void)
{
    if ((uint32_t)getpid() == ti_load_relaxed(&ti_posix_process) && ti_posix_waits_at_exit())
        ((void (*)(void))ti_load_pointer_relaxed(&ti_posix_exit_hook))(); /* relaxed: see there */
}

static TI_COLD bool ti_port_at_exit(void (*hook)(void))
{
    ti_store_relaxed(&ti_posix_process, (uint32_t)getpid());
    ti_store_pointer_relaxed(&ti_posix_exit_hook, (uintptr_t)hook);
    return atexit(ti_posix_exit) == 0;
}

TI_COLD static void ti_posix_forked(void)
{
    ti_store_relaxed(&ti_posix_process, (uint32_t)getpid());
    ti_posix_find_main();
    ti_posix_quit_in_child();
    ti_fork_child();
}

static TI_COLD bool ti_port_threads_are_gone(void)
{
    return false;
}

/* Two threads must not both register the hooks: the guards would be wanted twice by one fork. To the second
 * one the hooks are not there yet. */
static TI_COLD bool ti_port_at_fork(void)
{
    if (ti_swap_acquire(&ti_posix_fork_hooks, TI_NO_FORK_HOOKS, TI_HOOKING_FORKS)) {
        bool hooked = pthread_atfork(ti_fork_prepare, ti_fork_parent, ti_posix_forked) == 0;
        ti_store_release(&ti_posix_fork_hooks, hooked ? TI_FORKS_HOOKED : TI_NO_FORK_HOOKS);
    }
    return ti_load_acquire(&ti_posix_fork_hooks) == TI_FORKS_HOOKED;
}

/* Before all constructors that users can have without a warning, and so before all handlers that they
 * register. */
__attribute__((constructor(101))) static void ti_posix_hook_forks(void)
{
    (void)ti_port_at_fork(); /* asked again by the first use */
}

/* Set-user-ID programs and their like must not be told by their user what to do, or where to write. */
TI_COLD static bool ti_posix_is_privileged(void)
{
#if defined(__linux__)
    return getauxval(AT_SECURE) != 0;
#else
    return geteuid() != getuid() || getegid() != getgid();
#endif
}

static TI_COLD const char *ti_port_environment(const char *name, char *room, size_t size)
{
    (void)room;
    (void)size;
    return ti_posix_is_privileged() ? NULL : getenv(name);
}

/* --------------------------------------------------------------------------------- src/posix/posix_self.c */

/*
 * One thread-local pointer with a call at the thread's end.
 *
 * The pointer is kept twice: in a thread-local variable, for speed, and in a pthread key, for the destructor.
 * The key is the truth: on macOS the variable's storage is itself freed by a key's destructor and may read as
 * NULL in other destructors (dyld, ThreadLocalVariables); then it is recalled from the key. While pointers
 * are hidden, the variable is another one, which ti_port_self() does not know.
 *
 * When a thread ends, the destructors of all keys that are set run in rounds, PTHREAD_DESTRUCTOR_ITERATIONS
 * at most. Other libraries' destructors may call this one, so `leave` has to come late: the destructor sets
 * the key again and counts the rounds in the pointer's two lowest bits. The last round is left to the
 * sanitizers' runtimes, which must come after all code that they watch. A thread that comes back after it
 * has left leaves in the next round, if there is one.
 */

#include <limits.h>
#include <stdlib.h>

#ifndef PTHREAD_DESTRUCTOR_ITERATIONS
#define PTHREAD_DESTRUCTOR_ITERATIONS 4 /* what POSIX guarantees */
#endif

#define TI_POSIX_ROUNDS_MASK ((uintptr_t)3)
#define TI_POSIX_LEAVE_ROUND ((uintptr_t)2) /* counted from 0: the third of at least four */

_Static_assert(PTHREAD_DESTRUCTOR_ITERATIONS >= 4, "POSIX guarantees four rounds of destructors");

static _Thread_local void *ti_posix_self;
static _Thread_local void *ti_posix_hidden_self;
static uint32_t ti_posix_hides;
static _Thread_local bool ti_posix_has_left; /* where it is forgotten, rounds are counted anew */

static pthread_once_t ti_posix_once = PTHREAD_ONCE_INIT;
static pthread_key_t ti_posix_key;
static bool ti_posix_has_key;
static uintptr_t ti_posix_leave; /* the function to call; always the same one */

/* glibc calls free() behind all destructors, and gives the thread's memory to a later thread with the
 * key's value in it: a malloc that is guarded by a Lock may have set it there. So elsewhere than on macOS
 * only the variable is believed. */
#if defined(__APPLE__)
#define TI_POSIX_KEY_IS_TRUE true
#else
#define TI_POSIX_KEY_IS_TRUE false
#endif

#if !defined(THREADING_NO_DIAGNOSIS)
static void ti_port_hide_selves(bool hidden)
{
    ti_store_relaxed(&ti_posix_hides, hidden); /* relaxed: no thread has a pointer */
}
#endif

static void **ti_port_self_place(void)
{
    return ti_load_relaxed(&ti_posix_hides) ? &ti_posix_hidden_self : &ti_posix_self; /* relaxed: as above */
}

static void ti_posix_self_destructor(void *value)
{
    void **place = ti_port_self_place();
    uintptr_t round = (uintptr_t)value & TI_POSIX_ROUNDS_MASK;
    void *self = (void *)((uintptr_t)value & ~TI_POSIX_ROUNDS_MASK);
    if (!TI_POSIX_KEY_IS_TRUE && self != *place)
        return;
    if (round < TI_POSIX_LEAVE_ROUND &&
        pthread_setspecific(ti_posix_key, (void *)((uintptr_t)value + 1)) == 0)
        return;
    *place = self; /* for the calls that `leave` makes */
    /* Relaxed, here and where it is stored: this thread has stored it itself. */
    ((void (*)(void *))ti_load_pointer_relaxed(&ti_posix_leave))(self);
    *place = NULL;
    ti_posix_has_left = true;
}

static void ti_posix_make_key(void)
{
    ti_posix_has_key = pthread_key_create(&ti_posix_key, ti_posix_self_destructor) == 0;
}

static bool ti_posix_key_is_made(void)
{
    return pthread_once(&ti_posix_once, ti_posix_make_key) == 0 && ti_posix_has_key;
}

static void *ti_port_self_recall(void)
{
    void **place = ti_port_self_place();
    if (TI_POSIX_KEY_IS_TRUE && ti_posix_key_is_made())
        *place = (void *)((uintptr_t)pthread_getspecific(ti_posix_key) & ~TI_POSIX_ROUNDS_MASK);
    return *place;
}

static bool ti_port_set_self(void *self, void (*leave)(void *self))
{
    uintptr_t round = self != NULL && ti_posix_has_left ? TI_POSIX_LEAVE_ROUND : 0;
    *ti_port_self_place() = self;
    if (!ti_posix_key_is_made())
        return false;
    if (self != NULL)
        ti_store_pointer_relaxed(&ti_posix_leave, (uintptr_t)leave);
    return pthread_setspecific(ti_posix_key, (void *)((uintptr_t)self | round)) == 0;
}

static void ti_port_forget_selves(void)
{
    static const pthread_once_t not_yet = PTHREAD_ONCE_INIT;
    if (ti_posix_has_key)
        (void)pthread_key_delete(ti_posix_key); /* fails for no key that there is */
    ti_posix_has_key = false;
    ti_posix_once = not_yet;
}

/* ------------------------------------------------------------------------------- src/posix/posix_symbol.c */

/* What code an address is in. */

#include <string.h>

#if !defined(THREADING_NO_DIAGNOSIS)

/* What dladdr tells; Linux declares that for _GNU_SOURCE only. */
typedef struct ti_posix_address {
    const char *object;
    void *object_begins;
    const char *function;
    void *function_begins;
} ti_posix_address;

#if defined(__linux__)

/* Weak, as the functions in posix_home.c: nobody has to link an old glibc's libdl for it. */
static int ti_posix_look_up(const void *address, ti_posix_address *found) __attribute__((weakref("dladdr")));

TI_COLD static bool ti_posix_find(const void *address, ti_posix_address *found)
{
    return ti_posix_look_up != NULL && ti_posix_look_up(address, found) != 0;
}

#elif defined(__EMSCRIPTEN__)

/* A function is a number there, and where it is called from cannot be told. */
TI_COLD static bool ti_posix_find(const void *address, ti_posix_address *found)
{
    (void)address;
    (void)found;
    return false;
}

#else

#include <dlfcn.h>

TI_COLD static bool ti_posix_find(const void *address, ti_posix_address *found)
{
    Dl_info info;
    bool is_found = dladdr((void *)(uintptr_t)address, &info) != 0;
    if (is_found)
        *found = (ti_posix_address){info.dli_fname, info.dli_fbase, info.dli_sname, info.dli_saddr};
    return is_found;
}

#endif

/* The name of a file without its folders. */
TI_COLD TI_NOINLINE static const char *ti_posix_base_name(const char *path)
{
    const char *name = path;
    for (; path != NULL && *path != '\0'; path++)
        if (*path == '/')
            name = path + 1;
    return name;
}

static TI_COLD bool ti_port_symbol(const void *address, ti_symbol *symbol)
{
    ti_posix_address found;
    if (!ti_posix_find(address, &found))
        return false;
    symbol->function = found.function;
    symbol->in_function = (uintptr_t)address - (uintptr_t)found.function_begins;
    symbol->object = ti_posix_base_name(found.object);
    symbol->in_object = (uintptr_t)address - (uintptr_t)found.object_begins;
    return true;
}

/* ---- callers ---- */

#define TI_POSIX_FRAMES 16 /* more than this library's own calls and the callers that are wanted */

#if defined(__GLIBC__)

static int ti_posix_backtrace(void **frames, int most) __attribute__((weakref("backtrace")));

/* A program may have a function of that name: only the C library's is called. */
TI_COLD static bool ti_posix_look_for_backtrace(void)
{
    ti_posix_address found;
    return ti_posix_backtrace != NULL && ti_posix_find((const void *)(uintptr_t)ti_posix_backtrace, &found) &&
           strncmp(ti_posix_base_name(found.object), "libc.", 5) == 0;
}

#elif defined(__APPLE__)

#include <execinfo.h>

#define ti_posix_backtrace backtrace
#define ti_posix_look_for_backtrace() true

#else

#define ti_posix_backtrace(frames, most) ((void)(frames), 0)
#define ti_posix_look_for_backtrace() false

#endif

TI_COLD static bool ti_posix_has_backtrace(void)
{
    enum { NOT_KNOWN, MISSING, FOUND };
    static uint32_t state;
    if (ti_load_relaxed(&state) == NOT_KNOWN) /* relaxed: all who look find the same */
        ti_store_relaxed(&state, ti_posix_look_for_backtrace() ? FOUND : MISSING);
    return ti_load_relaxed(&state) == FOUND;
}

TI_COLD static size_t ti_posix_pick_callers(const void *caller, const void **callers, size_t most)
{
    void *frames[TI_POSIX_FRAMES];
    /* It is there: ti_posix_has_backtrace. NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage) */
    int count = ti_posix_backtrace(frames, TI_POSIX_FRAMES);
    size_t found = 0;
    for (int i = 0; i < count && found < most; i++)
        if (found > 0 || frames[i] == caller)
            callers[found++] = frames[i];
    return found;
}

/* glibc's first backtrace loads a library, and so calls malloc, which may be a user's and take a Lock. */
static TI_COLD size_t ti_port_callers(const void *caller, const void **callers, size_t most)
{
    static _Thread_local bool is_within;
    if (is_within || !ti_posix_has_backtrace())
        return 0;
    is_within = true;
    ti_port_errors errors = ti_port_errors_keep();
    size_t found = ti_posix_pick_callers(caller, callers, most);
    ti_port_errors_restore(errors);
    is_within = false;
    return found;
}

#endif

/* ------------------------------------------------------------------------------- src/posix/posix_thread.c */

/* Threads: start, reap, end. */

#include <errno.h>
#include <unistd.h>

/* The least that is a default: musl's own is 128 KiB, macOS's 512 KiB. */
#define TI_POSIX_STACK_DEFAULT ((size_t)1 << 20)

static const char *const ti_port_backend = "posix";
static const bool ti_port_has_stack_size = true;

static void *ti_posix_run(void *argument)
{
    ti_port_thread *thread = (ti_port_thread *)argument;
    thread->entry(thread->argument);
    return NULL;
}

/* Whole pages, and no less than the system's minimum. 0 if there is no such number. */
static size_t ti_posix_stack_round(size_t size)
{
    long page = sysconf(_SC_PAGESIZE);
    long least = sysconf(_SC_THREAD_STACK_MIN);
    size_t unit = page > 0 ? (size_t)page : 4096;
    if (least > 0 && size < (size_t)least)
        size = (size_t)least;
    return size > SIZE_MAX - unit ? 0 : (size + unit - 1) / unit * unit;
}

/* The system's own default, if it is enough. */
static size_t ti_posix_stack_default(const pthread_attr_t *attributes)
{
    size_t size = 0;
    (void)pthread_attr_getstacksize(attributes, &size); /* fails for no attributes that were initialised */
    return size > TI_POSIX_STACK_DEFAULT ? size : TI_POSIX_STACK_DEFAULT;
}

static int ti_posix_create_sized(ti_port_thread *thread, pthread_attr_t *attributes, size_t size)
{
    thread->stack_size = ti_posix_stack_round(size);
    int error = pthread_attr_setstacksize(attributes, thread->stack_size);
    return error != 0 ? error : pthread_create(&thread->native, attributes, ti_posix_run, thread);
}

static int ti_posix_create(ti_port_thread *thread, size_t stack_size)
{
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error != 0)
        return error;
    size_t least = ti_posix_stack_default(&attributes);
    error = ti_posix_create_sized(thread, &attributes, stack_size != 0 ? stack_size : least);
    /* glibc takes thread-local storage from the stack and refuses a stack that has no room for both:
     * the size asked for is what the target needs, so give more. */
    if (error == EINVAL && stack_size != 0 && stack_size < least)
        error = ti_posix_create_sized(thread, &attributes, least);
    (void)pthread_attr_destroy(&attributes);
    return error;
}

static threading_status_t ti_port_thread_start(ti_port_thread *thread, void (*entry)(void *argument), void *argument,
                                        size_t stack_size)
{
    ti_port_errors errors = ti_port_errors_keep();
    thread->entry = entry;
    thread->argument = argument;
    int error = ti_posix_create(thread, stack_size);
    ti_port_errors_restore(errors);
    return error == 0 ? THREADING_OK : THREADING_NO_THREADS;
}

static int ti_posix_cancel_disable(void)
{
    int state = PTHREAD_CANCEL_ENABLE;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state); /* fails for an unknown state only */
    return state;
}

static void ti_posix_cancel_restore(int state)
{
    (void)pthread_setcancelstate(state, &state);
}

/* Both fail only for threads that were reaped before, which the core rules out. */
static void ti_port_thread_join(ti_port_thread *thread)
{
    ti_port_errors errors = ti_port_errors_keep();
    int state = ti_posix_cancel_disable();
    (void)pthread_join(thread->native, NULL);
    ti_posix_cancel_restore(state);
    ti_port_errors_restore(errors);
}

static void ti_port_thread_detach(ti_port_thread *thread)
{
    ti_port_errors errors = ti_port_errors_keep();
    (void)pthread_detach(thread->native);
    ti_port_errors_restore(errors);
}

/* A pthread_t is a number or an address on every system that is known. */
static uintptr_t ti_port_thread_handle(const ti_port_thread *thread)
{
    return (uintptr_t)thread->native;
}

static uintptr_t ti_port_handle(void)
{
    return (uintptr_t)pthread_self();
}

static size_t ti_port_thread_stack_size(const ti_port_thread *thread)
{
    return thread->stack_size;
}

static void ti_port_thread_exit(void)
{
    pthread_exit(NULL);
}

#endif /* THREADING_BACKEND_POSIX */

#if defined(THREADING_BACKEND_WIN32)

/* ------------------------------------------------------------------------------- src/win32/win32_system.h */

/* What every file of this backend includes first: Windows 7 and later, and of its DLLs only kernel32 for
 * certain. */

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0601
#endif
#include <windows.h>
#if _WIN32_WINNT < 0x0601
#error "threading: compile with -D_WIN32_WINNT=0x0601 or more, for Windows 7"
#endif

/* A function that the system or the C run-time calls: on 32-bit x86 they align the stack to 4 bytes, while
 * GCC and Clang rely on 16. */
#if defined(__GNUC__) && defined(__i386__)
#define TI_WIN32_CALLED __attribute__((force_align_arg_pointer))
#else
#define TI_WIN32_CALLED
#endif

/* A function that not every Windows has. It is looked up once, since a look-up takes the loader's lock. */
typedef struct ti_win32_optional {
    const wchar_t *module; /* one that is loaded already if it is there at all */
    const wchar_t *otherwise;
    const char *name;
    uintptr_t address; /* what is known of it; zero at first */
} ti_win32_optional;

typedef void (*ti_win32_function)(void);

/* The function, to be cast to its type; NULL if it is not there. */
static ti_win32_function ti_win32_find(ti_win32_optional *function);

/* Milliseconds until a deadline: rounded up, and less than INFINITE, so that the caller has to look at the
 * clock. INFINITE for TI_FOREVER alone. */
static DWORD ti_win32_remaining(int64_t deadline);

/* What Windows 8 tells of a job's part of the processors (JOBOBJECT_CPU_RATE_CONTROL_INFORMATION): a cap,
 * or the least in the lower half and the most in the upper one. */
typedef struct ti_win32_rate {
    DWORD flags;
    DWORD value;
} ti_win32_rate;

/* How many threads such a part lets run at once, of so many processors: at least 1, for there is no rate
 * of 0. */
static size_t ti_win32_rate_cpus(const ti_win32_rate *rate, size_t processors);

/* Whether all other threads have been killed because the process ends. */
static bool ti_win32_is_ending(void);

/* Let the DLL that this code is in, if it is, stay loaded until the process ends. */
static bool ti_win32_stay(void);

/* -------------------------------------------------------------------------------- src/win32/win32_clock.c */

/*
 * Time. Unbiased interrupt time stands still while the machine sleeps, as the timeouts of waits do since
 * Windows 8; its precise form is there since Windows 10. Its other form moves with the timer's tick, every
 * 15.6 ms, so that waits measured with it could end that much too early. Older systems get the performance
 * counter, which goes on while the machine sleeps: there a timeout may pass meanwhile.
 */

#define TI_WIN32_SECOND INT64_C(1000000000)
#define TI_WIN32_MILLISECOND 1000000
#define TI_WIN32_UNIT 100 /* nanoseconds in a unit of interrupt time and of waitable timers */
#define TI_WIN32_LONGEST_WAIT INT64_C(86400000) /* milliseconds: a day, far from INFINITE */

/* Timers of a finer kind than the tick, since Windows 10 1803; by number, since older SDKs do not know the
 * name. */
#define TI_WIN32_HIGH_RESOLUTION 0x00000002

/* Neither call fails since Windows XP. */
static int64_t ti_win32_counter(void)
{
    LARGE_INTEGER frequency = {.QuadPart = 1}, counter = {.QuadPart = 0};
    (void)QueryPerformanceFrequency(&frequency);
    (void)QueryPerformanceCounter(&counter);
    int64_t seconds = counter.QuadPart / frequency.QuadPart;
    int64_t rest = counter.QuadPart % frequency.QuadPart;
    return seconds * TI_WIN32_SECOND + rest * TI_WIN32_SECOND / frequency.QuadPart;
}

static int64_t ti_port_now(void)
{
    typedef VOID(WINAPI * query)(PULONGLONG time);
    static ti_win32_optional precise = {L"kernel32.dll", L"kernelbase.dll",
                                        "QueryUnbiasedInterruptTimePrecise", 0};
    query ask = (query)ti_win32_find(&precise);
    ULONGLONG now = 0;
    if (ask == NULL)
        return ti_win32_counter();
    ask(&now);
    return (int64_t)now * TI_WIN32_UNIT;
}

/* Milliseconds in a span of time, which is positive, rounded up and cut. */
static DWORD ti_win32_milliseconds(int64_t span)
{
    int64_t milliseconds = (span - 1) / TI_WIN32_MILLISECOND + 1;
    return (DWORD)(milliseconds < TI_WIN32_LONGEST_WAIT ? milliseconds : TI_WIN32_LONGEST_WAIT);
}

static DWORD ti_win32_remaining(int64_t deadline)
{
    if (deadline == TI_FOREVER)
        return INFINITE;
    int64_t now = ti_port_now();
    return deadline > now ? ti_win32_milliseconds(deadline - now) : 0;
}

/* Sleep() keeps to the tick: a millisecond can take 15. A timer does better. */
static void ti_win32_sleep_once(HANDLE timer, int64_t span)
{
    int64_t longest = TI_WIN32_LONGEST_WAIT * TI_WIN32_MILLISECOND;
    LARGE_INTEGER due = {.QuadPart = -((span < longest ? span : longest) / TI_WIN32_UNIT + 1)}; /* relative */
    if (timer != NULL && SetWaitableTimer(timer, &due, 0, NULL, NULL, FALSE))
        (void)WaitForSingleObject(timer, INFINITE);
    else
        Sleep(ti_win32_milliseconds(span));
}

static void ti_port_sleep(int64_t deadline)
{
    ti_port_errors errors = ti_port_errors_keep();
    HANDLE timer =
        CreateWaitableTimerExW(NULL, NULL, TI_WIN32_HIGH_RESOLUTION, TIMER_MODIFY_STATE | SYNCHRONIZE);
    for (int64_t now; (now = ti_port_now()) < deadline;)
        ti_win32_sleep_once(timer, deadline - now);
    if (timer != NULL)
        (void)CloseHandle(timer);
    ti_port_errors_restore(errors);
}

/* ---------------------------------------------------------------------------- src/win32/win32_diagnosis.c */

/* Standard error, abort, and what the diagnosis needs: Ctrl-Break. */

#include <signal.h>

static TI_COLD void ti_port_complain(const char *text, size_t length)
{
    ti_port_errors errors = ti_port_errors_keep();
    DWORD written = 0;
    HANDLE handle = GetStdHandle(STD_ERROR_HANDLE);
    while (length > 0 && handle != NULL && handle != INVALID_HANDLE_VALUE &&
           WriteFile(handle, text, (DWORD)length, &written, NULL) && written > 0) {
        text += written;
        length -= written;
    }
    ti_port_errors_restore(errors);
}

/* abort() itself may ask by a dialog, or have Windows report it, and waits for the answer. What else it does
 * is this: it calls a handler, or ends the process with 3. */
static TI_COLD void ti_port_abort(void)
{
    (void)raise(SIGABRT);
    (void)TerminateProcess(GetCurrentProcess(), 3); /* a handler has returned, or the signal is ignored */
    for (;;)
        Sleep(INFINITE);
}

#if !defined(THREADING_NO_DIAGNOSIS)

static uint32_t ti_win32_breaks;

/* In a thread of the system's. */
TI_WIN32_CALLED static BOOL WINAPI ti_win32_break(DWORD event)
{
    if (event != CTRL_BREAK_EVENT)
        return FALSE;
    ti_add_relaxed(&ti_win32_breaks, 1); /* relaxed: only the number matters */
    return TRUE;
}

static TI_COLD bool ti_port_count_requests(void)
{
    ti_port_errors errors = ti_port_errors_keep();
    bool is_counted = SetConsoleCtrlHandler(ti_win32_break, TRUE);
    ti_port_errors_restore(errors);
    return is_counted;
}

static TI_COLD void ti_port_leave_signals(void)
{
}

static TI_COLD uint32_t ti_port_requests(void)
{
    return ti_load_relaxed(&ti_win32_breaks);
}

#endif

/* -------------------------------------------------------------------------------- src/win32/win32_fence.c */

/*
 * A fence in all threads of the process: FlushProcessWriteBuffers, since Windows Vista, cannot fail. Wine's,
 * up to version 9 at least, does nothing and says nothing of it: there it is not used.
 */

static bool ti_win32_is_wine(void)
{
    static ti_win32_optional wine_get_version = {L"ntdll.dll", NULL, "wine_get_version", 0};
    return ti_win32_find(&wine_get_version) != NULL;
}

static bool ti_port_fence_start(void)
{
    return !ti_win32_is_wine();
}

static bool ti_port_fence_all(void)
{
    FlushProcessWriteBuffers();
    return true;
}

/* ------------------------------------------------------------------------------- src/win32/win32_memory.c */

/* Memory that malloc knows nothing of. */

static void *ti_port_pages(size_t size)
{
    ti_port_errors errors = ti_port_errors_keep();
    void *memory = VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    ti_port_errors_restore(errors);
    return memory;
}

static void ti_port_pages_give_back(void *pages, size_t size)
{
    (void)size;
    ti_port_errors errors = ti_port_errors_keep();
    (void)VirtualFree(pages, 0, MEM_RELEASE); /* fails for no pages that there are */
    ti_port_errors_restore(errors);
}

/* ------------------------------------------------------------------------------- src/win32/win32_parker.c */

/*
 * The parker: on WaitOnAddress (Windows 8 and later) or on an SRWLOCK and a CONDITION_VARIABLE, chosen at
 * run time.
 *
 *   state   meaning                      park                     unpark
 *   EMPTY   no token, nobody sleeps      -> ASLEEP, sleeps        -> TOKEN
 *   TOKEN   a token                      -> EMPTY, returns        stays
 *   ASLEEP  no token, the owner sleeps                            -> TOKEN, wakes
 *
 * The second kind uses EMPTY and TOKEN only, under its lock.
 */

#include <stdlib.h>

enum { TI_PARKER_EMPTY, TI_PARKER_TOKEN, TI_PARKER_ASLEEP };

typedef BOOL(WINAPI *ti_win32_wait)(volatile VOID *address, PVOID compare, SIZE_T size, DWORD milliseconds);
typedef VOID(WINAPI *ti_win32_wake)(PVOID address);

/* They are in an API set, not in kernel32, and kernelbase stands behind it. */
#define TI_WIN32_SYNCH L"api-ms-win-core-synch-l1-2-0.dll"

static ti_win32_optional ti_win32_wait_on_address = {TI_WIN32_SYNCH, L"kernelbase.dll", "WaitOnAddress", 0};
static ti_win32_optional ti_win32_wake_by_address = {TI_WIN32_SYNCH, L"kernelbase.dll", "WakeByAddressSingle",
                                                     0};

static bool ti_win32_waits_on_address(void)
{
#if defined(THREADING_PARKER_CONDITION)
    return false;
#else
    return ti_win32_find(&ti_win32_wait_on_address) != NULL &&
           ti_win32_find(&ti_win32_wake_by_address) != NULL;
#endif
}

static bool ti_port_parker_init(ti_parker *parker)
{
    (void)ti_win32_waits_on_address(); /* look the functions up here, where nobody waits yet */
    parker->lock = NULL;
    parker->condition = NULL;
    /* Relaxed: its thread does not run yet. */
    ti_store_relaxed(&parker->state, TI_PARKER_EMPTY);
    return true;
}

/*
 * When the process ends, all other threads are killed, and what they held stays held: whoever waits for it
 * without a limit, in a destructor of a DLL, would hang the process for ever. Windows ends a process that
 * waits so for an SRWLOCK; so do we, and not with 0, since destructors are left out. EXIT_FAILURE is all
 * that is known here.
 */
static void ti_win32_refuse_to_hang(int64_t deadline)
{
    if (deadline == TI_FOREVER && ti_win32_is_ending())
        (void)TerminateProcess(GetCurrentProcess(), EXIT_FAILURE);
}

static void ti_win32_park_on_address(ti_parker *parker, int64_t deadline)
{
    ti_win32_wait wait = (ti_win32_wait)ti_win32_find(&ti_win32_wait_on_address);
    uint32_t asleep = TI_PARKER_ASLEEP;
    /* Acquire, here and below: pairs with the release in unpark; what came before the token is seen after
     * it. */
    if (!ti_swap_acquire(&parker->state, TI_PARKER_TOKEN, TI_PARKER_EMPTY) &&
        ti_swap_acquire(&parker->state, TI_PARKER_EMPTY, TI_PARKER_ASLEEP)) {
        /* Whatever it answers, woken, timed out or for no reason: the caller looks again. */
        (void)wait(&parker->state, &asleep, sizeof asleep, ti_win32_remaining(deadline));
        (void)ti_exchange_acquire_release(&parker->state, TI_PARKER_EMPTY);
    }
}

static void ti_win32_park_on_condition(ti_parker *parker, int64_t deadline)
{
    PSRWLOCK lock = (PSRWLOCK)&parker->lock;
    AcquireSRWLockExclusive(lock);
    if (parker->state != TI_PARKER_TOKEN)
        (void)SleepConditionVariableSRW((PCONDITION_VARIABLE)&parker->condition, lock,
                                        ti_win32_remaining(deadline), 0);
    parker->state = TI_PARKER_EMPTY;
    ReleaseSRWLockExclusive(lock);
}

static void ti_port_park(ti_parker *parker, int64_t deadline)
{
    ti_port_errors errors = ti_port_errors_keep();
    ti_win32_refuse_to_hang(deadline);
    if (ti_win32_waits_on_address())
        ti_win32_park_on_address(parker, deadline);
    else
        ti_win32_park_on_condition(parker, deadline);
    ti_port_errors_restore(errors);
}

static void ti_win32_unpark_on_address(ti_parker *parker)
{
    ti_win32_wake wake = (ti_win32_wake)ti_win32_find(&ti_win32_wake_by_address);
    /* Release: pairs with the acquires in park. Only the address is used afterwards. */
    if (ti_exchange_acquire_release(&parker->state, TI_PARKER_TOKEN) == TI_PARKER_ASLEEP)
        wake(&parker->state);
}

static void ti_win32_unpark_on_condition(ti_parker *parker)
{
    PSRWLOCK lock = (PSRWLOCK)&parker->lock;
    AcquireSRWLockExclusive(lock);
    parker->state = TI_PARKER_TOKEN;
    WakeConditionVariable((PCONDITION_VARIABLE)&parker->condition);
    ReleaseSRWLockExclusive(lock);
}

static void ti_port_unpark(ti_parker *parker)
{
    if (ti_win32_is_ending()) /* nobody is left to wake, and a killed thread may have held the lock */
        return;
    if (ti_win32_waits_on_address())
        ti_win32_unpark_on_address(parker);
    else
        ti_win32_unpark_on_condition(parker);
}

/* ----------------------------------------------------------------------------- src/win32/win32_priority.c */

/* Priorities: the system's numbers are ours. */

_Static_assert(THREADING_PRIORITY_LOWEST == THREAD_PRIORITY_LOWEST &&
                   THREADING_PRIORITY_LOW == THREAD_PRIORITY_BELOW_NORMAL &&
                   THREADING_PRIORITY_NORMAL == THREAD_PRIORITY_NORMAL &&
                   THREADING_PRIORITY_HIGH == THREAD_PRIORITY_ABOVE_NORMAL &&
                   THREADING_PRIORITY_HIGHEST == THREAD_PRIORITY_HIGHEST,
               "a level is a priority of the system's");

static bool ti_port_set_priority(int priority)
{
    ti_port_errors errors = ti_port_errors_keep();
    bool is_set = SetThreadPriority(GetCurrentThread(), priority) != 0;
    ti_port_errors_restore(errors);
    return is_set;
}

/* The system has some beyond the five: idle, time critical, those of real-time processes. */
static int ti_port_get_priority(void)
{
    ti_port_errors errors = ti_port_errors_keep();
    int priority = GetThreadPriority(GetCurrentThread());
    ti_port_errors_restore(errors);
    if (priority == THREAD_PRIORITY_ERROR_RETURN)
        return THREADING_PRIORITY_NORMAL;
    if (priority < THREADING_PRIORITY_LOWEST)
        return THREADING_PRIORITY_LOWEST;
    return priority < THREADING_PRIORITY_HIGHEST ? priority : THREADING_PRIORITY_HIGHEST;
}

/* ------------------------------------------------------------------------------ src/win32/win32_process.c */

/*
 * The process: exit, and its environment. There is no fork.
 *
 * In a DLL, atexit() means the DLL's own table, which runs when the DLL is unloaded: by then all other
 * threads have been killed, or they wait for the loader's lock, which is held. So code that is in a DLL,
 * as the library's own or as a part of somebody else's, registers in the C run-time's table for the whole
 * process, and keeps the DLL loaded. Which C run-time the program exits through is not known, and more
 * than one is loaded in most processes: all are told. One that is inside the executable cannot be told;
 * such a program calls threading_shutdown() (docs/limits.md).
 */

#include <stdlib.h>

static uintptr_t ti_win32_exit_hook; /* always the same function */

/* Once all other threads are dead it is too late to wait for any. */
TI_WIN32_CALLED static void __cdecl ti_win32_exit(void)
{
    if (!ti_win32_is_ending())
        ((void (*)(void))ti_load_pointer_relaxed(&ti_win32_exit_hook))();
}

TI_WIN32_CALLED static int __cdecl ti_win32_onexit(void)
{
    ti_win32_exit();
    return 0;
}

/* The executable or DLL that this code is in; NULL if the flags cannot be had. */
static HMODULE ti_win32_module(DWORD flags)
{
    HMODULE module = NULL;
    (void)GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | flags,
                             (LPCWSTR)(const void *)&ti_win32_exit_hook, &module);
    return module;
}

static bool ti_win32_stay(void)
{
    return ti_win32_module(GET_MODULE_HANDLE_EX_FLAG_PIN) != NULL;
}

/* The universal C run-time, since Visual Studio 2015. */
static bool ti_win32_tell_ucrt(ti_win32_optional *crt_atexit)
{
    typedef int(__cdecl * register_function)(void(__cdecl * hook)(void));
    register_function tell = (register_function)ti_win32_find(crt_atexit);
    return tell == NULL || tell(ti_win32_exit) == 0;
}

/* The one that is part of Windows, which MinGW uses. */
static bool ti_win32_tell_msvcrt(ti_win32_optional *onexit)
{
    typedef int(__cdecl * hook_function)(void);
    typedef hook_function(__cdecl * register_function)(hook_function hook);
    register_function tell = (register_function)ti_win32_find(onexit);
    return tell == NULL || tell(ti_win32_onexit) != NULL;
}

/* Whether all that are there know. */
static bool ti_win32_tell_all(void)
{
    static ti_win32_optional ucrt = {L"ucrtbase.dll", L"ucrtbased.dll", "_crt_atexit", 0};
    static ti_win32_optional msvcrt = {L"msvcrt.dll", NULL, "_onexit", 0};
    bool ucrt_knows = ti_win32_tell_ucrt(&ucrt);
    bool msvcrt_knows = ti_win32_tell_msvcrt(&msvcrt);
    return ucrt_knows && msvcrt_knows;
}

static bool ti_port_at_exit(void (*hook)(void))
{
    /* Relaxed: it is stored before the C run-time is told of it. */
    ti_store_pointer_relaxed(&ti_win32_exit_hook, (uintptr_t)hook);
    if (ti_port_home() == TI_HOME_PROGRAM)
        return atexit(ti_win32_exit) == 0;
    return ti_win32_stay() && ti_win32_tell_all();
}

static bool ti_port_threads_are_gone(void)
{
    return ti_win32_is_ending();
}

static bool ti_port_at_fork(void)
{
    /* Never called: named for compilers that see the library as one file and miss a use. */
    (void)ti_fork_prepare;
    (void)ti_fork_parent;
    (void)ti_fork_child;
    return true;
}

/* A DLL is told to run-times that forget nothing. */
static ti_home ti_win32_find_home(void)
{
    bool is_program = ti_win32_module(GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT) == GetModuleHandleW(NULL);
    return is_program ? TI_HOME_PROGRAM : TI_HOME_KEPT;
}

/* Looked up once, at the first use, since that takes the loader's lock; it is asked at the end of threads. */
static ti_home ti_port_home(void)
{
    static uint32_t known; /* the home and 1; 0: not looked up yet */
    /* Relaxed: a number by itself. Threads that look it up at the same time find the same. */
    uint32_t home = ti_load_relaxed(&known);
    if (home == 0) {
        home = (uint32_t)ti_win32_find_home() + 1;
        ti_store_relaxed(&known, home);
    }
    return (ti_home)(home - 1);
}

/* The pin itself is had with the first pointer that a thread sets. */
static bool ti_port_pin(void)
{
    (void)ti_port_home();
    return true;
}

static void ti_port_unpin(void)
{
}

static bool ti_port_thread_try_join(ti_port_thread *thread)
{
    (void)thread;
    return false;
}

/* Windows raises no privileges without asking: a process that has more begins with an environment of its own.
 * */
static TI_COLD const char *ti_port_environment(const char *name, char *room, size_t size)
{
    ti_port_errors errors = ti_port_errors_keep();
    DWORD length = GetEnvironmentVariableA(name, room, (DWORD)size);
    ti_port_errors_restore(errors);
    return length > 0 && length < size ? room : NULL;
}

/* --------------------------------------------------------------------------- src/win32/win32_processors.c */

/*
 * Processors. A job can be given a part of the machine's time: a rate of so many in 10,000 of what all its
 * processors have together. Windows' containers are jobs.
 */

#define TI_WIN32_JOB_RATE ((JOBOBJECTINFOCLASS)15) /* JobObjectCpuRateControlInformation, since Windows 8 */
#define TI_WIN32_RATE_ALL 10000
#define TI_WIN32_RATE_IS_ON 0x1u
#define TI_WIN32_RATE_IS_CAP 0x4u
#define TI_WIN32_RATE_IS_RANGE 0x10u

static size_t ti_win32_bits(DWORD_PTR mask)
{
    size_t count = 0;
    for (; mask != 0; mask &= mask - 1)
        count++;
    return count;
}

static size_t ti_win32_count_all(void)
{
    DWORD all = GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);
    return all > 0 ? all : 1;
}

/* A process whose threads may run in several groups of 64 is bound to none. Its masks are 0 then; they
 * belong to the one group of others. */
static size_t ti_win32_count_cpus(void)
{
    USHORT groups[64];
    USHORT count = sizeof groups / sizeof *groups;
    DWORD_PTR mask = 0, others = 0;
    bool is_free = GetProcessGroupAffinity(GetCurrentProcess(), &count, groups) && count > 1;
    if (!is_free && GetProcessAffinityMask(GetCurrentProcess(), &mask, &others) && mask != 0)
        return ti_win32_bits(mask);
    return ti_win32_count_all();
}

static size_t ti_port_cpu_count(void)
{
    ti_port_errors errors = ti_port_errors_keep();
    size_t count = ti_win32_count_cpus();
    ti_port_errors_restore(errors);
    return count;
}

/* A weight is no limit: it decides only while others want the processors too. */
static size_t ti_win32_rate_cpus(const ti_win32_rate *rate, size_t processors)
{
    uint64_t most = TI_WIN32_RATE_ALL;
    if ((rate->flags & TI_WIN32_RATE_IS_ON) != 0 && (rate->flags & TI_WIN32_RATE_IS_CAP) != 0)
        most = rate->value;
    else if ((rate->flags & TI_WIN32_RATE_IS_ON) != 0 && (rate->flags & TI_WIN32_RATE_IS_RANGE) != 0)
        most = HIWORD(rate->value);
    if (most == 0 || most >= TI_WIN32_RATE_ALL)
        return processors;
    return (size_t)((most * processors + TI_WIN32_RATE_ALL - 1) / TI_WIN32_RATE_ALL);
}

/* Of the job that the process is in, the innermost; the system tells a process of no other. The call fails
 * where there is no job, or no rate (Windows 7). */
static size_t ti_win32_count_quota(void)
{
    ti_win32_rate rate = {0, 0};
    size_t all = ti_win32_count_all();
    if (!QueryInformationJobObject(NULL, TI_WIN32_JOB_RATE, &rate, sizeof rate, NULL))
        return all;
    return ti_win32_rate_cpus(&rate, all);
}

static size_t ti_port_available_cpus(void)
{
    ti_port_errors errors = ti_port_errors_keep();
    size_t count = ti_win32_count_cpus(), quota = ti_win32_count_quota();
    ti_port_errors_restore(errors);
    return quota < count ? quota : count;
}

/* --------------------------------------------------------------------------------- src/win32/win32_self.c */

/*
 * One thread-local pointer with a call at the thread's end.
 *
 * The pointer is in a TLS slot. One FLS slot triggers the call: its callback runs at the end of every
 * thread that set it, foreign ones too, without the loader's lock. (GCC's own thread-local variables are
 * no choice: they need another DLL and are gone before the last callbacks.) Where no TLS slot is left, the
 * pointer is in the FLS slot itself; there each fiber counts as a thread of its own. Where neither is
 * left, the process's first call waits for one, as it would for memory. The callback also runs
 *   - at the process's end in the thread that ends it, when all others are dead: ignored;
 *   - when a fiber is deleted, in the thread that deletes it. An FLS slot is a fiber's, so its value is
 *     the stack that set it. The stack that runs is no deleted fiber's: if it is the same one, the thread
 *     ends.
 */

#define TI_WIN32_MEMORY_WAIT 1 /* milliseconds between attempts to get a slot, or memory for one's value */

/* The last is for slots whose pointers are hidden. */
enum { TI_NO_SLOTS, TI_MAKING_SLOTS, TI_HAS_SLOTS, TI_HAS_HIDDEN_SLOTS };

static uint32_t ti_win32_slots;
static uint32_t ti_win32_hides;
static DWORD ti_win32_self = TLS_OUT_OF_INDEXES;
static DWORD ti_win32_trigger = FLS_OUT_OF_INDEXES;
static void (*ti_win32_leave)(void *self);

static bool ti_win32_has_tls(void)
{
    return ti_win32_self != TLS_OUT_OF_INDEXES;
}

/* Where the memory of the stack that runs begins; the same for as long as there is that stack. */
static PVOID ti_win32_stack(void)
{
    MEMORY_BASIC_INFORMATION memory = {.AllocationBase = NULL};
    (void)VirtualQuery(&memory, &memory, sizeof memory); /* fails for no address that is in use */
    return memory.AllocationBase;
}

/* False when the system would not have it: then nothing runs at the thread's end. */
static bool ti_win32_arm(bool armed)
{
    return ti_win32_trigger != FLS_OUT_OF_INDEXES &&
           FlsSetValue(ti_win32_trigger, armed ? ti_win32_stack() : NULL);
}

TI_WIN32_CALLED static VOID WINAPI ti_win32_ends(PVOID stack)
{
    void *self = ti_port_self_recall();
    if (stack == NULL || self == NULL || ti_win32_is_ending())
        return;
    if (stack == ti_win32_stack()) {
        ti_win32_leave(self);
        (void)TlsSetValue(ti_win32_self, NULL);
    } else {
        (void)ti_win32_arm(true); /* the fiber that goes may have been the one that was to tell the end */
    }
}

/* The same where the FLS slot has the pointer. Another one is there already if a fiber was deleted by the
 * next. */
TI_WIN32_CALLED static VOID WINAPI ti_win32_ends_alone(PVOID self)
{
    PVOID current = FlsGetValue(ti_win32_trigger);
    if (self == NULL || ti_win32_is_ending())
        return;
    (void)FlsSetValue(ti_win32_trigger, self); /* for the calls that `leave` makes */
    ti_win32_leave(self);
    (void)FlsSetValue(ti_win32_trigger, current != self ? current : NULL);
}

/* A look-up takes the loader's lock, for which another ending thread may be waited for: none is left to be
 * done at the end of a thread. (Wine holds a lock of its own around the callbacks.) */
static void ti_win32_look_up_all(void)
{
    (void)ti_win32_is_ending();
    (void)ti_port_now();
}

#if !defined(THREADING_NO_DIAGNOSIS)
static void ti_port_hide_selves(bool hidden)
{
    ti_store_relaxed(&ti_win32_hides, hidden); /* relaxed: no thread has a pointer, so there are no slots */
}
#endif

static uint32_t ti_win32_made_slots(void)
{
    return ti_load_relaxed(&ti_win32_hides) ? TI_HAS_HIDDEN_SLOTS : TI_HAS_SLOTS; /* relaxed: as above */
}

static bool ti_win32_has_slots(void)
{
    return ti_load_acquire(&ti_win32_slots) >= TI_HAS_SLOTS;
}

/* False if there is neither slot, or no TLS slot for an FLS slot that an unload has kept: its callback
 * needs one. */
static bool ti_win32_allocate_slots(void)
{
    ti_win32_self = TlsAlloc();
    if (ti_win32_trigger != FLS_OUT_OF_INDEXES)
        return ti_win32_has_tls();
    ti_win32_trigger = FlsAlloc(ti_win32_has_tls() ? ti_win32_ends : ti_win32_ends_alone);
    return ti_win32_has_tls() || ti_win32_trigger != FLS_OUT_OF_INDEXES;
}

static void ti_win32_try_slots(void (*leave)(void *self))
{
    ti_win32_look_up_all();
    /* Before any thread's first call is over: another one's may still be under way, in code that must not go
     * when the first one frees the DLL. A failure is told by ti_port_at_exit. */
    (void)ti_win32_stay();
    ti_win32_leave = leave;
    /* Release: pairs with the acquires below, for the indexes. */
    ti_store_release(&ti_win32_slots, ti_win32_allocate_slots() ? ti_win32_made_slots() : TI_NO_SLOTS);
}

/* Once in a process: others sleep for the moment that it takes, and all do if there is no slot. */
static void ti_win32_make_slots(void (*leave)(void *self))
{
    while (!ti_win32_has_slots()) {
        if (ti_swap_acquire(&ti_win32_slots, TI_NO_SLOTS, TI_MAKING_SLOTS))
            ti_win32_try_slots(leave);
        if (!ti_win32_has_slots())
            Sleep(TI_WIN32_MEMORY_WAIT);
    }
}

/* Both calls clear the thread's error code: it is the user's, so it is kept. */
static void *ti_win32_get(void)
{
    DWORD error = GetLastError();
    void *self = ti_win32_has_tls() ? TlsGetValue(ti_win32_self) : FlsGetValue(ti_win32_trigger);
    SetLastError(error);
    return self;
}

/* A thread's first value in a slot may need memory. Without it each call would make the thread known anew. */
static void ti_win32_set(void *self)
{
    while (!(ti_win32_has_tls() ? TlsSetValue(ti_win32_self, self) : FlsSetValue(ti_win32_trigger, self)) &&
           self != NULL)
        Sleep(TI_WIN32_MEMORY_WAIT);
}

static void *ti_port_self(void)
{
    return ti_load_acquire(&ti_win32_slots) == TI_HAS_SLOTS ? ti_win32_get() : NULL;
}

static void *ti_port_self_recall(void)
{
    return ti_win32_has_slots() ? ti_win32_get() : NULL;
}

static bool ti_port_set_self(void *self, void (*leave)(void *self))
{
    ti_win32_make_slots(leave); /* it is always the same function */
    ti_win32_set(self);
    return !ti_win32_has_tls() || ti_win32_arm(self != NULL);
}

/* ---- whether a thread is gone: a handle tells ---- */

static uint64_t ti_port_life(void)
{
    HANDLE thread = NULL;
    ti_port_errors errors = ti_port_errors_keep();
    (void)DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &thread, SYNCHRONIZE,
                          FALSE, 0); /* fails when there can be no more handles: NULL is for no answer */
    ti_port_errors_restore(errors);
    return (uintptr_t)thread;
}

static bool ti_port_life_is_over(uint64_t life)
{
    ti_port_errors errors = ti_port_errors_keep();
    bool is_over = WaitForSingleObject((HANDLE)(uintptr_t)life, 0) == WAIT_OBJECT_0;
    ti_port_errors_restore(errors);
    return is_over;
}

static void ti_port_life_end(uint64_t life)
{
    ti_port_errors errors = ti_port_errors_keep();
    (void)CloseHandle((HANDLE)(uintptr_t)life); /* fails for one that was closed before */
    ti_port_errors_restore(errors);
}

static void **ti_port_self_place(void)
{
    return NULL;
}

/* The next TLS slot is NULL in all threads. The FLS slot is kept: to free it would call for each thread
 * that set it. A callback that finds no pointer does nothing. */
static void ti_port_forget_selves(void)
{
    (void)TlsFree(ti_win32_self); /* fails for no slot that there is */
    ti_win32_self = TLS_OUT_OF_INDEXES;
    ti_store_release(&ti_win32_slots, TI_NO_SLOTS);
}

/* Pointers in an FLS slot cannot be taken away from other threads: there the code is never idle. */
static bool ti_port_is_idle(void)
{
    return ti_win32_has_tls();
}

/* ------------------------------------------------------------------------------- src/win32/win32_symbol.c */

/* What code an address is in. Names of functions are in files of the compiler's; a module's own name would
 * take the loader's lock, which a thread may hold that waits for the one that asks. */

#if !defined(THREADING_NO_DIAGNOSIS)

#define TI_WIN32_FRAMES 16 /* more than this library's own calls and the callers that are wanted */

static bool ti_port_symbol(const void *address, ti_symbol *symbol)
{
    MEMORY_BASIC_INFORMATION memory = {.AllocationBase = NULL};
    ti_port_errors errors = ti_port_errors_keep();
    (void)VirtualQuery(address, &memory, sizeof memory); /* fails for no address that code runs at */
    bool is_program = memory.AllocationBase == (PVOID)GetModuleHandleW(NULL);
    ti_port_errors_restore(errors);
    *symbol = (ti_symbol){.object = is_program ? "program" : "DLL"};
    symbol->in_object = (uintptr_t)address - (uintptr_t)memory.AllocationBase;
    return memory.AllocationBase != NULL;
}

/* Looked up, since not every Windows header declares it. */
static size_t ti_win32_frames(PVOID *frames)
{
    typedef USHORT(WINAPI * capture_function)(ULONG skipped, ULONG most, PVOID * frames, PULONG hash);
    static ti_win32_optional capture = {L"kernel32.dll", NULL, "RtlCaptureStackBackTrace", 0};
    capture_function found = (capture_function)ti_win32_find(&capture);
    return found != NULL ? found(0, TI_WIN32_FRAMES, frames, NULL) : 0;
}

static size_t ti_port_callers(const void *caller, const void **callers, size_t most)
{
    PVOID frames[TI_WIN32_FRAMES];
    size_t count = ti_win32_frames(frames);
    size_t found = 0;
    for (size_t i = 0; i < count && found < most; i++)
        if (found > 0 || frames[i] == caller)
            callers[found++] = frames[i];
    return found;
}

#endif

/* ------------------------------------------------------------------------------- src/win32/win32_system.c */

#include <errno.h>

#define TI_WIN32_UNKNOWN ((uintptr_t)0)
#define TI_WIN32_MISSING ((uintptr_t)1) /* no function begins there */

/* In this order: what gives errno may be a function that asks the system. Volatile, since Clang takes it that
 * calloc, realloc and free leave errno alone: in the one file it drops a store of what errno held before. */
static ti_port_errors ti_port_errors_keep(void)
{
    ti_port_errors errors = {.last = GetLastError()};
    errors.number = *(volatile int *)&errno;
    return errors;
}

static void ti_port_errors_restore(ti_port_errors errors)
{
    *(volatile int *)&errno = errors.number;
    SetLastError(errors.last);
}

static uintptr_t ti_win32_look_up(const wchar_t *module, const char *name)
{
    HMODULE handle = module != NULL ? GetModuleHandleW(module) : NULL;
    return handle != NULL ? (uintptr_t)GetProcAddress(handle, name) : 0;
}

static uintptr_t ti_win32_look_up_first(const ti_win32_optional *function)
{
    uintptr_t address = ti_win32_look_up(function->module, function->name);
    if (address == 0)
        address = ti_win32_look_up(function->otherwise, function->name);
    return address != 0 ? address : TI_WIN32_MISSING;
}

static ti_win32_function ti_win32_find(ti_win32_optional *function)
{
    /* Relaxed: a number by itself. Threads that look it up at the same time find the same. */
    uintptr_t address = ti_load_pointer_relaxed(&function->address);
    if (address == TI_WIN32_UNKNOWN) {
        ti_port_errors errors = ti_port_errors_keep();
        address = ti_win32_look_up_first(function);
        ti_store_pointer_relaxed(&function->address, address);
        ti_port_errors_restore(errors);
    }
    return address != TI_WIN32_MISSING ? (ti_win32_function)address : NULL;
}

/* RtlDllShutdownInProgress is in ntdll since Windows XP. */
static bool ti_win32_is_ending(void)
{
    typedef BOOLEAN(NTAPI * query)(void);
    static ti_win32_optional shutdown_in_progress = {L"ntdll.dll", NULL, "RtlDllShutdownInProgress", 0};
    query ask = (query)ti_win32_find(&shutdown_in_progress);
    return ask != NULL && ask();
}

/* ------------------------------------------------------------------------------- src/win32/win32_thread.c */

/* Threads: start, reap, end, names, numbers, yielding. */

#include <process.h>
#include <tlhelp32.h>

#define TI_WIN32_NAME_LIMIT TI_PORT_NAME_MOST
#define TI_WIN32_STACK_DEFAULT ((size_t)1 << 20) /* the least that is a default */
#define TI_WIN32_STACK_LIMIT 0xFFFF0000u         /* the last multiple of the system's unit in 32 bits */

static const char *const ti_port_backend = "win32";
static const bool ti_port_has_stack_size = true;
static const size_t ti_port_name_limit = TI_WIN32_NAME_LIMIT;

TI_WIN32_CALLED static unsigned __stdcall ti_win32_run(void *argument)
{
    ti_port_thread *thread = (ti_port_thread *)argument;
    thread->entry(thread->argument);
    return 0;
}

/* What the program was linked with. */
static size_t ti_win32_stack_linked(void)
{
    const char *base = (const char *)GetModuleHandleW(NULL);
    const IMAGE_DOS_HEADER *dos = (const IMAGE_DOS_HEADER *)(const void *)base;
    const IMAGE_NT_HEADERS *headers = (const IMAGE_NT_HEADERS *)(const void *)(base + dos->e_lfanew);
    return headers->OptionalHeader.SizeOfStackReserve;
}

/* _beginthreadex, since CreateThread leaks what a static C run-time keeps for each thread. The size is
 * reserved, not committed, and rounded up by the system: on 32 bits to 0 if there is no such number, and
 * the thread crashes. */
static threading_status_t ti_port_thread_start(ti_port_thread *thread, void (*entry)(void *argument), void *argument,
                                        size_t stack_size)
{
    if (stack_size > TI_WIN32_STACK_LIMIT)
        return THREADING_NO_THREADS;
    ti_port_errors errors = ti_port_errors_keep();
    size_t linked = ti_win32_stack_linked();
    unsigned size = (unsigned)(stack_size != 0 ? stack_size : TI_WIN32_STACK_DEFAULT);
    if (stack_size == 0 &&
        linked >= TI_WIN32_STACK_DEFAULT) /* which 0 stands for, and 32 bits may not hold */
        size = 0;
    thread->stack_size = size != 0 ? size : linked;
    thread->entry = entry;
    thread->argument = argument;
    uintptr_t handle =
        _beginthreadex(NULL, size, ti_win32_run, thread, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    ti_port_errors_restore(errors);
    thread->handle = (void *)handle;
    return handle != 0 ? THREADING_OK : THREADING_NO_THREADS;
}

/* Both calls fail only for handles that were closed before, which the core rules out. */
static void ti_port_thread_join(ti_port_thread *thread)
{
    ti_port_errors errors = ti_port_errors_keep();
    (void)WaitForSingleObject(thread->handle, INFINITE);
    (void)CloseHandle(thread->handle);
    ti_port_errors_restore(errors);
}

static void ti_port_thread_detach(ti_port_thread *thread)
{
    ti_port_errors errors = ti_port_errors_keep();
    (void)CloseHandle(thread->handle);
    ti_port_errors_restore(errors);
}

static uintptr_t ti_port_thread_handle(const ti_port_thread *thread)
{
    return (uintptr_t)thread->handle;
}

/* Another one would have to be closed. */
static uintptr_t ti_port_handle(void)
{
    return 0;
}

static size_t ti_port_thread_stack_size(const ti_port_thread *thread)
{
    return thread->stack_size;
}

static void ti_port_thread_exit(void)
{
    _endthreadex(0);
    for (;;) /* it does not return, but is not declared so everywhere */
        Sleep(INFINITE);
}

static uint64_t ti_port_native_id(void)
{
    return GetCurrentThreadId();
}

/* ---- main: the oldest thread of the process, whoever loaded this library and when ---- */

/* When a thread was created; the latest time of all if it has gone. */
static ULONGLONG ti_win32_creation(DWORD id)
{
    FILETIME creation, other;
    ULONGLONG result = ~0ULL;
    HANDLE thread = OpenThread(THREAD_QUERY_LIMITED_INFORMATION, FALSE, id);
    if (thread == NULL)
        return result;
    if (GetThreadTimes(thread, &creation, &other, &other, &other))
        result = (ULONGLONG)creation.dwHighDateTime << 32 | creation.dwLowDateTime;
    (void)CloseHandle(thread);
    return result;
}

/* 0 if the system would not list the threads. */
static DWORD ti_win32_find_main(void)
{
    THREADENTRY32 entry = {.dwSize = sizeof entry};
    ULONGLONG oldest = ~0ULL;
    DWORD main = 0;
    HANDLE list = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    if (list == INVALID_HANDLE_VALUE)
        return 0;
    for (BOOL more = Thread32First(list, &entry); more; more = Thread32Next(list, &entry)) {
        if (entry.th32OwnerProcessID != GetCurrentProcessId())
            continue;
        ULONGLONG creation = ti_win32_creation(entry.th32ThreadID);
        if (main == 0 || creation < oldest) { /* of equals the first: the system lists them in order */
            oldest = creation;
            main = entry.th32ThreadID;
        }
    }
    (void)CloseHandle(list);
    return main;
}

static uint64_t ti_port_main_native_id(void)
{
    static uint32_t known;
    /* Relaxed: a number by itself. Threads that look at the same time find the same. */
    uint32_t main = ti_load_relaxed(&known);
    if (main == 0) {
        ti_port_errors errors = ti_port_errors_keep();
        main = ti_win32_find_main();
        ti_port_errors_restore(errors);
        if (main == 0) /* no list: whoever asks first */
            main = GetCurrentThreadId();
        ti_store_relaxed(&known, main);
    }
    return main;
}

static bool ti_port_is_main(void)
{
    return ti_port_native_id() == ti_port_main_native_id();
}

/* ---- names ---- */

/* SetThreadDescription is in kernel32 since Windows 10 1703, in KernelBase since 1607. What it answers
 * matters to nobody: the name is for debuggers. */
static void ti_port_set_name(const char *name, size_t length)
{
    typedef HRESULT(WINAPI * describe_function)(HANDLE thread, PCWSTR description);
    static ti_win32_optional set_description = {L"kernel32.dll", L"kernelbase.dll", "SetThreadDescription",
                                                0};
    describe_function describe = (describe_function)ti_win32_find(&set_description);
    wchar_t text[TI_WIN32_NAME_LIMIT + 1];
    ti_port_errors errors = ti_port_errors_keep();
    int count = MultiByteToWideChar(CP_UTF8, 0, name, (int)length, text, TI_WIN32_NAME_LIMIT);
    text[count] = L'\0';
    if (describe != NULL)
        (void)describe(GetCurrentThread(), text);
    ti_port_errors_restore(errors);
}

static void ti_port_yield(void)
{
    (void)SwitchToThread(); /* whether there was another thread to run */
}

#endif /* THREADING_BACKEND_WIN32 */

#if defined(THREADING_BACKEND_C11)

/* ------------------------------------------------------------------------------------ src/c11/c11_clock.h */

/* How the timed waits of the backend, which sleep in slices, keep its clock going. */

#include <stdint.h>
#include <threads.h>

#define TI_C11_SECOND INT64_C(1000000000)
#define TI_C11_SLICE (TI_C11_SECOND / 20) /* what a timed wait sleeps at most before it looks at the clock */

/* Around a timed wait. */
static void ti_c11_wait_begin(void);
static void ti_c11_wait_end(void);

/* Within one: how long to sleep now, at most a slice, and 0 when the deadline has come. */
static int64_t ti_c11_slice(int64_t deadline);

/* A mutex of the backend's own, which no status can refuse: when memory is out it waits for some. */
static void ti_c11_mutex_init(mtx_t *mutex);

/* ----------------------------------------------------------------------------------- src/c11/c11_ticker.h */

/* The ticker: a thread that wakes the timed parks of the backend, so that a wall clock that is set back does
 * not lengthen them. */

/* Around a timed park, under the parker's mutex. */
static void ti_c11_ticker_add(ti_parker *parker);
static void ti_c11_ticker_remove(ti_parker *parker);

/* Whether there is no ticker, and none of it is left in this code. */
static bool ti_c11_ticker_is_gone(void);

/* ------------------------------------------------------------------------------------ src/c11/c11_clock.c */

/*
 * Time. C23 has TIME_MONOTONIC, where the C library knows it. Without it there is only the wall clock,
 * which somebody may set. So this clock is a sum: of the times that passed between its readings, as far as
 * they can be believed.
 *
 *   - Time that is less than none has not passed: the clock was set back, and this one goes on from where
 *     it was.
 *   - While a thread is in a timed wait, that thread reads the clock after each slice of its wait. So if
 *     more than a slice and what a scheduler may add seems to have passed since the last reading, the
 *     clock was set forward, and no more than that has passed. A step of hours then ends a wait early by a
 *     tenth of a second at most.
 *   - While no thread is in a timed wait, nothing tells a step from an hour in which nobody asked for the
 *     time. Nothing waits for that clock either.
 *
 * A process that is stopped or starved for longer loses that time: its waits are late by as much, which
 * they would be anyway. What remains is a step in the microseconds between a deadline's making and its
 * wait.
 */

#include <threads.h>
#include <time.h>

#define TI_C11_MEMORY_WAIT 1000000 /* nanoseconds between attempts to make a mutex when memory is out */

/* What may have passed between two readings while a thread waits: a slice, and as much again for the
 * scheduler. */
#define TI_C11_LONGEST_STEP (2 * TI_C11_SLICE)

static once_flag ti_c11_clock_once = ONCE_FLAG_INIT;
static mtx_t ti_c11_clock_mutex;
static int ti_c11_clock_base; /* what timespec_get is asked for */

/* Under the mutex: */
static int64_t ti_c11_clock_read; /* the last reading */
static int64_t ti_c11_clock_now;  /* the sum */
static int ti_c11_clock_waits;    /* threads in a timed wait */

static int64_t ti_c11_read(void)
{
    struct timespec now = {.tv_sec = 0};
    (void)timespec_get(&now, ti_c11_clock_base); /* fails only for a base that is unknown */
    return (int64_t)now.tv_sec * TI_C11_SECOND + now.tv_nsec;
}

static void ti_c11_mutex_init(mtx_t *mutex)
{
    while (mtx_init(mutex, mtx_plain) != thrd_success)
        (void)thrd_sleep(&(struct timespec){.tv_nsec = TI_C11_MEMORY_WAIT}, NULL); /* however long it takes */
}

static void ti_c11_clock_start(void)
{
    ti_c11_mutex_init(&ti_c11_clock_mutex);
    ti_c11_clock_base = TIME_UTC;
#if defined(TIME_MONOTONIC)
    struct timespec now;
    if (timespec_get(&now, TIME_MONOTONIC) == TIME_MONOTONIC)
        ti_c11_clock_base = TIME_MONOTONIC;
#endif
    ti_c11_clock_read = ti_c11_read();
}

/* How much time has passed if the clock went on by so much. */
static int64_t ti_c11_believed(int64_t passed)
{
    if (ti_c11_clock_base != TIME_UTC)
        return passed;
    if (ti_c11_clock_waits > 0 && passed > TI_C11_LONGEST_STEP)
        return TI_C11_LONGEST_STEP;
    return passed > 0 ? passed : 0;
}

/* Reads the clock, and counts a wait that begins (1) or ends (-1). */
static int64_t ti_c11_clock_look(int change)
{
    ti_port_errors errors = ti_port_errors_keep();
    call_once(&ti_c11_clock_once, ti_c11_clock_start);
    (void)mtx_lock(&ti_c11_clock_mutex);
    int64_t read = ti_c11_read();
    int64_t now = ti_c11_clock_now += ti_c11_believed(read - ti_c11_clock_read);
    ti_c11_clock_read = read;
    ti_c11_clock_waits += change;
    (void)mtx_unlock(&ti_c11_clock_mutex);
    ti_port_errors_restore(errors);
    return now;
}

static int64_t ti_port_now(void)
{
    return ti_c11_clock_look(0);
}

static void ti_c11_wait_begin(void)
{
    (void)ti_c11_clock_look(1);
}

/* The wait still counts while this reading is taken. */
static void ti_c11_wait_end(void)
{
    (void)ti_c11_clock_look(-1);
}

static int64_t ti_c11_slice(int64_t deadline)
{
    int64_t now = ti_port_now();
    if (deadline <= now)
        return 0;
    return deadline - now < TI_C11_SLICE ? deadline - now : TI_C11_SLICE;
}

/* thrd_sleep takes a span, not a moment: whoever sets the clock does not change it. */
static void ti_port_sleep(int64_t deadline)
{
    ti_port_errors errors = ti_port_errors_keep();
    ti_c11_wait_begin();
    for (int64_t span; (span = ti_c11_slice(deadline)) > 0;)
        /* 0, or ended early by a signal: look at the clock again. */
        (void)thrd_sleep(&(struct timespec){.tv_nsec = (long)span}, NULL);
    ti_c11_wait_end();
    ti_port_errors_restore(errors);
}

/* -------------------------------------------------------------------------------- src/c11/c11_diagnosis.c */

/* Standard error, abort, and what the diagnosis needs. C knows of no request by the keyboard that does not
 * end the process (docs/limits.md). */
#include <stdio.h>
#include <stdlib.h>

static void ti_port_complain(const char *text, size_t length)
{
    ti_port_errors errors = ti_port_errors_keep();
    (void)fwrite(text, 1, length, stderr); /* if it fails there is nobody to tell */
    (void)fflush(stderr);
    ti_port_errors_restore(errors);
}

static void ti_port_abort(void)
{
    abort();
}

#if !defined(THREADING_NO_DIAGNOSIS)

static bool ti_port_count_requests(void)
{
    return false;
}

static void ti_port_leave_signals(void)
{
}

static uint32_t ti_port_requests(void)
{
    return 0;
}

#endif

/* ------------------------------------------------------------------------------------ src/c11/c11_fence.c */

/* C has no fence but for the calling thread. */

static bool ti_port_fence_start(void)
{
    return false;
}

static bool ti_port_fence_all(void)
{
    return false;
}

/* ----------------------------------------------------------------------------------- src/c11/c11_memory.c */

/* Memory that malloc knows nothing of: C has none, but for what the program begins with. */

#define TI_C11_RESERVE ((size_t)1 << 16) /* bytes: some sixty threads' */

/* No standard type needs more than 16 bytes. (Microsoft's <stddef.h> has no max_align_t in C.) */
#define TI_C11_ALIGNMENT ((size_t)16)

static _Alignas(16) unsigned char ti_c11_reserve[TI_C11_RESERVE];
static uint32_t ti_c11_reserve_used;

/* NULL when there is not so much left. */
static void *ti_c11_reserve_take(size_t size)
{
    for (;;) {
        uint32_t used = ti_load_relaxed(&ti_c11_reserve_used); /* relaxed: the swap decides */
        if (size > TI_C11_RESERVE - used)
            return NULL;
        /* Acquire: it is no more than a number; no two threads get the same bytes. */
        if (ti_swap_acquire(&ti_c11_reserve_used, used, used + (uint32_t)size))
            return ti_c11_reserve + used;
    }
}

static void *ti_port_pages(size_t size)
{
    size = (size + TI_C11_ALIGNMENT - 1) / TI_C11_ALIGNMENT * TI_C11_ALIGNMENT;
    void *memory = ti_c11_reserve_take(size);
    if (memory != NULL)
        return memory;
    ti_port_errors errors = ti_port_errors_keep();
    memory = TI_MALLOC_ZEROED(size);
    ti_port_errors_restore(errors);
    return memory;
}

/* What came from the reserve stays there. */
static void ti_port_pages_give_back(void *pages, size_t size)
{
    (void)size;
    uintptr_t offset = (uintptr_t)pages - (uintptr_t)ti_c11_reserve;
    ti_port_errors errors = ti_port_errors_keep();
    if (offset >= TI_C11_RESERVE)
        TI_FREE(pages);
    ti_port_errors_restore(errors);
}

/* ----------------------------------------------------------------------------------- src/c11/c11_parker.c */

/*
 * The parker on mtx_t and cnd_t.
 *
 * cnd_timedwait knows only the wall clock, which may be set while a thread sleeps. So a thread sleeps in
 * slices, and the backend's clock tells whether the deadline has come. A wall clock that is set forward
 * ends the slice. One that is set back would make the slice that is under way that much longer where the C
 * library hands the moment itself to the system, as glibc does and musl does not: C has no other wait that
 * can be woken. So the ticker ends such a slice.
 */
#include <threads.h>
#include <time.h>

/* Both are plain memory on Linux, which needs nothing more; on FreeBSD they are allocated. */
static bool ti_port_parker_init(ti_parker *parker)
{
    parker->token = false;
    if (mtx_init(&parker->mutex, mtx_plain) != thrd_success)
        return false;
    if (cnd_init(&parker->condition) == thrd_success)
        return true;
    mtx_destroy(&parker->mutex);
    return false;
}

/* The moment on the wall clock that is so far away. */
static struct timespec ti_c11_moment_after(int64_t span)
{
    struct timespec moment = {.tv_sec = 0};
    (void)timespec_get(&moment, TIME_UTC); /* fails only for a base that is unknown */
    int64_t nanoseconds = (int64_t)moment.tv_nsec + span;
    moment.tv_sec += (time_t)(nanoseconds / TI_C11_SECOND);
    moment.tv_nsec = (long)(nanoseconds % TI_C11_SECOND);
    return moment;
}

/* Under the mutex. */
static void ti_c11_park_until(ti_parker *parker, int64_t deadline)
{
    ti_c11_wait_begin();
    ti_c11_ticker_add(parker);
    for (int64_t span; !parker->token && (span = ti_c11_slice(deadline)) > 0;) {
        struct timespec end = ti_c11_moment_after(span);
        /* Whatever it answers: look again. */
        (void)cnd_timedwait(&parker->condition, &parker->mutex, &end);
    }
    ti_c11_ticker_remove(parker);
    ti_c11_wait_end();
}

static void ti_port_park(ti_parker *parker, int64_t deadline)
{
    ti_port_errors errors = ti_port_errors_keep();
    (void)mtx_lock(&parker->mutex);
    if (!parker->token && deadline == TI_FOREVER)
        (void)cnd_wait(&parker->condition, &parker->mutex);
    else if (!parker->token)
        ti_c11_park_until(parker, deadline);
    parker->token = false;
    (void)mtx_unlock(&parker->mutex);
    ti_port_errors_restore(errors);
}

static void ti_port_unpark(ti_parker *parker)
{
    ti_port_errors errors = ti_port_errors_keep();
    (void)mtx_lock(&parker->mutex);
    parker->token = true;
    (void)cnd_signal(&parker->condition);
    (void)mtx_unlock(&parker->mutex);
    ti_port_errors_restore(errors);
}

/* --------------------------------------------------------------------------------- src/c11/c11_priority.c */

/* C has no priorities: every thread is as the system made it. */
static bool ti_port_set_priority(int priority)
{
    return priority == THREADING_PRIORITY_NORMAL;
}

static int ti_port_get_priority(void)
{
    return THREADING_PRIORITY_NORMAL;
}

/* ---------------------------------------------------------------------------------- src/c11/c11_process.c */

/* The process: exit is C's own; of fork C knows nothing, so a forked child must not use the library
 * (docs/limits.md). */
#include <stdlib.h>

static bool ti_port_at_exit(void (*hook)(void))
{
    return atexit(hook) == 0;
}

static bool ti_port_threads_are_gone(void)
{
    return false;
}

static bool ti_port_at_fork(void)
{
    /* Never called: named for compilers that see the library as one file and miss a use. */
    (void)ti_fork_prepare;
    (void)ti_fork_parent;
    (void)ti_fork_child;
    return true;
}

/* C knows of no objects: threading_unload() comes before this code is unloaded (docs/limits.md). */
static ti_home ti_port_home(void)
{
    return TI_HOME_LOOSE;
}

static bool ti_port_pin(void)
{
    return true;
}

static void ti_port_unpin(void)
{
}

static bool ti_port_thread_try_join(ti_port_thread *thread)
{
    (void)thread;
    return false;
}

static bool ti_port_is_idle(void)
{
    return ti_c11_ticker_is_gone();
}

/* C knows of no privileges. */
static const char *ti_port_environment(const char *name, char *room, size_t size)
{
    (void)room;
    (void)size;
    return getenv(name);
}

/* ------------------------------------------------------------------------------------- src/c11/c11_self.c */

/*
 * One thread-local pointer with a call at the thread's end: a thread-local variable for speed, and a tss_t
 * for the call.
 *
 * When a thread ends, the destructors of all tss_t that are set run in rounds, TSS_DTOR_ITERATIONS at most.
 * Other libraries' destructors may call this one, so `leave` has to come late: the destructor sets the
 * tss_t again and counts the rounds in the pointer's two lowest bits. The last round is left to the
 * sanitizers' runtimes. A thread that comes back after it has left leaves in the next round, if there is
 * one. While pointers are hidden, the variable is another one, which ti_port_self() does not know.
 */
#include <stdint.h>
#include <threads.h>

#define TI_C11_ROUNDS_MASK ((uintptr_t)3)
#define TI_C11_LEAVE_ROUND ((uintptr_t)(TSS_DTOR_ITERATIONS >= 4 ? 2 : 0)) /* counted from 0 */

static _Thread_local void *ti_c11_self;

static _Thread_local void *ti_c11_hidden_self;
static uint32_t ti_c11_hides;
static _Thread_local bool ti_c11_has_left;
static _Thread_local bool ti_c11_is_main;
static bool ti_c11_is_loaded; /* by a thread that was told to be main */
static once_flag ti_c11_once = ONCE_FLAG_INIT;
static tss_t ti_c11_key;
static bool ti_c11_has_key;
static uintptr_t ti_c11_leave; /* always the same function */

/* C cannot tell which thread is main. Some compilers can have a function called before main: the thread
 * that loads this code counts as main, elsewhere the first one that uses it. */
#if defined(__GNUC__)
__attribute__((constructor)) static void ti_c11_load(void)
{
    ti_c11_is_loaded = true;
    ti_c11_is_main = true;
}
#endif

#if !defined(THREADING_NO_DIAGNOSIS)
static void ti_port_hide_selves(bool hidden)
{
    ti_store_relaxed(&ti_c11_hides, hidden); /* relaxed: no thread has a pointer */
}
#endif

static void **ti_port_self_place(void)
{
    return ti_load_relaxed(&ti_c11_hides) ? &ti_c11_hidden_self : &ti_c11_self; /* relaxed: as above */
}

static void ti_c11_call_leave(void *self)
{
    /* Relaxed: this thread has set it too. */
    void (*leave)(void *) = (void (*)(void *))ti_load_pointer_relaxed(&ti_c11_leave);
    *ti_port_self_place() = self; /* for the calls that `leave` makes */
    leave(self);
    *ti_port_self_place() = NULL;
    ti_c11_has_left = true;
}

static void ti_c11_destructor(void *value)
{
    uintptr_t round = (uintptr_t)value & TI_C11_ROUNDS_MASK;
    void *next = (void *)((uintptr_t)value + 1);
    if ((void *)((uintptr_t)value & ~TI_C11_ROUNDS_MASK) != *ti_port_self_place())
        return; /* as in posix_self.c: what an earlier thread has left in this one's memory */
    if (round >= TI_C11_LEAVE_ROUND || tss_set(ti_c11_key, next) != thrd_success)
        ti_c11_call_leave((void *)((uintptr_t)value & ~TI_C11_ROUNDS_MASK));
}

static void ti_c11_start(void)
{
    if (!ti_c11_is_loaded)
        ti_c11_is_main = true;
    ti_c11_has_key = tss_create(&ti_c11_key, ti_c11_destructor) == thrd_success;
}

static bool ti_port_is_main(void)
{
    call_once(&ti_c11_once, ti_c11_start);
    return ti_c11_is_main;
}

static void *ti_port_self_recall(void)
{
    call_once(&ti_c11_once, ti_c11_start);
    return *ti_port_self_place();
}

static bool ti_port_set_self(void *self, void (*leave)(void *self))
{
    uintptr_t round = self != NULL && ti_c11_has_left ? TI_C11_LEAVE_ROUND : 0;
    void *value = (void *)((uintptr_t)self | round);
    call_once(&ti_c11_once, ti_c11_start);
    *ti_port_self_place() = self;
    if (self != NULL)
        ti_store_pointer_relaxed(&ti_c11_leave, (uintptr_t)leave);
    return ti_c11_has_key && tss_set(ti_c11_key, value) == thrd_success;
}

#if !defined(THREADING_NO_DIAGNOSIS)
/* C has no names for code. */
static bool ti_port_symbol(const void *address, ti_symbol *symbol)
{
    (void)address;
    (void)symbol;
    return false;
}

static size_t ti_port_callers(const void *caller, const void **callers, size_t most)
{
    (void)caller;
    (void)callers;
    (void)most;
    return 0;
}
#endif

static void ti_port_forget_selves(void)
{
    static const once_flag not_yet = ONCE_FLAG_INIT;
    if (ti_c11_has_key)
        tss_delete(ti_c11_key);
    ti_c11_has_key = false;
    ti_c11_once = not_yet;
}

/* ----------------------------------------------------------------------------------- src/c11/c11_thread.c */

/* Threads with nothing but <threads.h>: no stack sizes, no names, no numbers. */
#include <string.h>
#include <threads.h>

static const char *const ti_port_backend = "c11";
static const bool ti_port_has_stack_size = false;
static const size_t ti_port_name_limit = 0;

static int ti_c11_run(void *argument)
{
    ti_port_thread *thread = (ti_port_thread *)argument;
    thread->entry(thread->argument);
    return 0;
}

/* C libraries disagree on which failure is thrd_nomem and which thrd_error; both mean that there is no
 * thread. */
static threading_status_t ti_port_thread_start(ti_port_thread *thread, void (*entry)(void *argument), void *argument,
                                        size_t stack_size)
{
    if (stack_size != 0)
        return THREADING_UNSUPPORTED;
    ti_port_errors errors = ti_port_errors_keep();
    thread->entry = entry;
    thread->argument = argument;
    bool started = thrd_create(&thread->native, ti_c11_run, thread) == thrd_success;
    ti_port_errors_restore(errors);
    return started ? THREADING_OK : THREADING_NO_THREADS;
}

/* Both fail only for threads that were reaped before, which the core rules out. */
static void ti_port_thread_join(ti_port_thread *thread)
{
    ti_port_errors errors = ti_port_errors_keep();
    (void)thrd_join(thread->native, NULL);
    ti_port_errors_restore(errors);
}

static void ti_port_thread_detach(ti_port_thread *thread)
{
    ti_port_errors errors = ti_port_errors_keep();
    (void)thrd_detach(thread->native);
    ti_port_errors_restore(errors);
}

/* A thrd_t may be a struct. */
static uintptr_t ti_c11_handle(thrd_t thread)
{
    uintptr_t handle = 0;
    if (sizeof thread == sizeof handle)
        memcpy(&handle, &thread, sizeof handle);
    return handle;
}

static uintptr_t ti_port_thread_handle(const ti_port_thread *thread)
{
    return ti_c11_handle(thread->native);
}

static uintptr_t ti_port_handle(void)
{
    return ti_c11_handle(thrd_current());
}

static size_t ti_port_thread_stack_size(const ti_port_thread *thread)
{
    (void)thread;
    return 0;
}

static void ti_port_thread_exit(void)
{
    thrd_exit(0);
}

static uint64_t ti_port_native_id(void)
{
    return 0;
}

static uint64_t ti_port_main_native_id(void)
{
    return 0;
}

static void ti_port_set_name(const char *name, size_t length)
{
    (void)name;
    (void)length;
}

static void ti_port_yield(void)
{
    ti_port_errors errors = ti_port_errors_keep();
    thrd_yield();
    ti_port_errors_restore(errors);
}

/* C cannot count them. */
static size_t ti_port_cpu_count(void)
{
    return 1;
}

static size_t ti_port_available_cpus(void)
{
    return 1;
}

/* Nothing here tells whether a thread is gone. */
static uint64_t ti_port_life(void)
{
    return 0;
}

static bool ti_port_life_is_over(uint64_t life)
{
    (void)life;
    return false;
}

static void ti_port_life_end(uint64_t life)
{
    (void)life;
}

/* ----------------------------------------------------------------------------------- src/c11/c11_ticker.c */

/*
 * The ticker: a thread that wakes all timed parks again and again, so that they look at the backend's
 * clock. They do so by themselves after each slice, but cnd_timedwait goes by the wall clock, and a slice
 * that is under way when that is set back may last until it has caught up, also where C has
 * TIME_MONOTONIC. thrd_sleep takes a span, which nobody changes.
 *
 * The thread runs while there are timed parks, and ends at the first tick without one: a process may end
 * by the end of its last thread, and this must not be the one that stays. When the process exits it may be
 * asleep or at work, so nothing here is ever torn down.
 *
 * Locks: a parker's mutex comes before the ticker's. The ticker therefore takes no parker's, and so may
 * miss one that is about to sleep: the next tick wakes that one. It touches no parker but those in the
 * list, under the list's mutex.
 */

#include <threads.h>
#include <time.h>

/* Less than a slice, or the slices would end shortly before the ticks and everybody would be woken twice. */
#define TI_C11_TICK (TI_C11_SLICE * 4 / 5)

static once_flag ti_c11_ticker_once = ONCE_FLAG_INIT;
static mtx_t ti_c11_ticker_mutex;

/* Under the mutex: */
static ti_parker *ti_c11_ticker_parkers; /* those in timed parks */
static bool ti_c11_ticker_runs;
static bool ti_c11_ticker_is_left; /* it has been started, and not joined */
static thrd_t ti_c11_ticker;

static void ti_c11_ticker_init(void)
{
    ti_c11_mutex_init(&ti_c11_ticker_mutex);
}

/* Whether there will be another tick. */
static bool ti_c11_tick(void)
{
    (void)mtx_lock(&ti_c11_ticker_mutex);
    for (ti_parker *parker = ti_c11_ticker_parkers; parker != NULL; parker = parker->next)
        (void)cnd_broadcast(&parker->condition);
    bool runs = ti_c11_ticker_runs = ti_c11_ticker_parkers != NULL;
    (void)mtx_unlock(&ti_c11_ticker_mutex);
    return runs;
}

static int ti_c11_ticker_run(void *unused)
{
    (void)unused;
    do
        /* A signal makes a tick come early, which does no harm. */
        (void)thrd_sleep(&(struct timespec){.tv_nsec = (long)TI_C11_TICK}, NULL);
    while (ti_c11_tick());
    return 0;
}

/* Under the mutex. One that runs no more has only to return. */
static void ti_c11_ticker_join(void)
{
    if (ti_c11_ticker_is_left)
        (void)thrd_join(ti_c11_ticker, NULL); /* fails only for threads that were joined before */
    ti_c11_ticker_is_left = false;
}

/* A C library may allocate here, which port.h rules out for what must not fail. This may: if there can be
 * no thread now, the park has its slices only, and the next one tries again. */
static void ti_c11_ticker_start(void)
{
    ti_c11_ticker_join();
    ti_c11_ticker_runs = thrd_create(&ti_c11_ticker, ti_c11_ticker_run, NULL) == thrd_success;
    ti_c11_ticker_is_left = ti_c11_ticker_runs;
}

static void ti_c11_ticker_add(ti_parker *parker)
{
    call_once(&ti_c11_ticker_once, ti_c11_ticker_init);
    (void)mtx_lock(&ti_c11_ticker_mutex);
    parker->next = ti_c11_ticker_parkers;
    parker->link = &ti_c11_ticker_parkers;
    if (parker->next != NULL)
        parker->next->link = &parker->next;
    ti_c11_ticker_parkers = parker;
    if (!ti_c11_ticker_runs)
        ti_c11_ticker_start();
    (void)mtx_unlock(&ti_c11_ticker_mutex);
}

static void ti_c11_ticker_remove(ti_parker *parker)
{
    (void)mtx_lock(&ti_c11_ticker_mutex);
    *parker->link = parker->next;
    if (parker->next != NULL)
        parker->next->link = parker->link;
    (void)mtx_unlock(&ti_c11_ticker_mutex);
}

static bool ti_c11_ticker_is_gone(void)
{
    call_once(&ti_c11_ticker_once, ti_c11_ticker_init);
    (void)mtx_lock(&ti_c11_ticker_mutex);
    bool is_gone = !ti_c11_ticker_runs;
    if (is_gone)
        ti_c11_ticker_join();
    (void)mtx_unlock(&ti_c11_ticker_mutex);
    return is_gone;
}

#endif /* THREADING_BACKEND_C11 */

#if defined(THREADING_SIM)

/* ----------------------------------------------------------------------------------- src/sim/sim_points.h */

/* What the core in a build for sim tells the scheduler; all of it does nothing in a thread of no run. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an operation orders; and whether it is the user's own, which with weak loads is weak even if the run
 * does not decide within the library. */
enum { TI_SIM_RELAXED = 0, TI_SIM_ACQUIRE = 1, TI_SIM_RELEASE = 2, TI_SIM_SEQUENTIAL = 4, TI_SIM_USERS = 8 };

/* The calling thread is about to do something that others can see: another one may come first. Only if the
 * run decides within the library too. */
static void ti_sim_before(const void *word);

/* It has read the word, written it, or both at once; nothing came between. The first says what the read shall
 * give: an older value, if the run has weak loads. */
static uint64_t ti_sim_loaded(const void *word, int order, uint64_t value);
static void ti_sim_stored(const void *word, int order, uint64_t before, uint64_t value);
static void ti_sim_changed(const void *word, int order, uint64_t before, uint64_t value);

/* A fence of the user's. */
static void ti_sim_fenced(int order);

/* It looks again and again. */
static void ti_sim_pause(void);

/* A number for an address that is the same in each run, whatever the address. */
static uint32_t ti_sim_number(const void *address);

/* ----------------------------------------------------------------------------------- src/sim/sim_atomic.h */

/*
 * The core's atomic operations in a build for sim: before each the scheduler may let another thread run, and
 * of each it learns what it reads and writes. A macro does not expand within itself, so the functions here
 * call the real ones.
 */

#define TI_SIM_LOAD(name, type, order)                            \
    static inline type ti_sim_##name(const type *word)            \
    {                                                             \
        ti_sim_before(word);                                      \
        return (type)ti_sim_loaded(word, order, ti_##name(word)); \
    }
#define TI_SIM_STORE(name, type, order)                      \
    static inline void ti_sim_##name(type *word, type value) \
    {                                                        \
        ti_sim_before(word);                                 \
        type before = *(volatile type *)word;                \
        ti_##name(word, value);                              \
        ti_sim_stored(word, order, before, value);           \
    }
/* Gives what was there before; `after` is what is there then. */
#define TI_SIM_CHANGE(name, type, order, after)              \
    static inline type ti_sim_##name(type *word, type value) \
    {                                                        \
        ti_sim_before(word);                                 \
        type before = ti_##name(word, value);                \
        ti_sim_changed(word, order, before, after);          \
        return before;                                       \
    }
/* One that fails reads, and gives what it has read to nobody. */
#define TI_SIM_SWAP(name, type, order, failure)                                               \
    static inline bool ti_sim_##name(type *word, type expected, type desired)                 \
    {                                                                                         \
        ti_sim_before(word);                                                                  \
        bool is_swapped = ti_##name(word, expected, desired);                                 \
        if (is_swapped)                                                                       \
            ti_sim_changed(word, order, expected, desired);                                   \
        else                                                                                  \
            (void)ti_sim_loaded(word, (failure) | TI_SIM_SEQUENTIAL, *(volatile type *)word); \
        return is_swapped;                                                                    \
    }

TI_SIM_LOAD(load_relaxed, uint32_t, TI_SIM_RELAXED)
TI_SIM_LOAD(load_acquire, uint32_t, TI_SIM_ACQUIRE)
TI_SIM_LOAD(load_sequential, uint32_t, TI_SIM_ACQUIRE | TI_SIM_SEQUENTIAL)
TI_SIM_STORE(store_relaxed, uint32_t, TI_SIM_RELAXED)
TI_SIM_STORE(store_release, uint32_t, TI_SIM_RELEASE)
TI_SIM_STORE(store_sequential, uint32_t, TI_SIM_RELEASE)
TI_SIM_CHANGE(exchange_acquire_release, uint32_t, TI_SIM_ACQUIRE | TI_SIM_RELEASE, value)
TI_SIM_CHANGE(exchange_sequential, uint32_t, TI_SIM_ACQUIRE | TI_SIM_RELEASE, value)
TI_SIM_CHANGE(add_relaxed, uint32_t, TI_SIM_RELAXED, before + value)
TI_SIM_CHANGE(add_acquire_release, uint32_t, TI_SIM_ACQUIRE | TI_SIM_RELEASE, before + value)
TI_SIM_CHANGE(add_sequential, uint32_t, TI_SIM_ACQUIRE | TI_SIM_RELEASE, before + value)
TI_SIM_SWAP(swap_acquire, uint32_t, TI_SIM_ACQUIRE, TI_SIM_RELAXED)
TI_SIM_SWAP(swap_release, uint32_t, TI_SIM_RELEASE, TI_SIM_RELAXED)
TI_SIM_SWAP(swap_sequential, uint32_t, TI_SIM_ACQUIRE | TI_SIM_RELEASE, TI_SIM_ACQUIRE)
TI_SIM_LOAD(load_pointer_relaxed, uintptr_t, TI_SIM_RELAXED)
TI_SIM_LOAD(load_pointer_acquire, uintptr_t, TI_SIM_ACQUIRE)
TI_SIM_STORE(store_pointer_relaxed, uintptr_t, TI_SIM_RELAXED)
TI_SIM_STORE(store_pointer_release, uintptr_t, TI_SIM_RELEASE)
TI_SIM_CHANGE(exchange_pointer_acquire, uintptr_t, TI_SIM_ACQUIRE, value)
TI_SIM_CHANGE(and_pointer_release, uintptr_t, TI_SIM_RELEASE, before &value)
TI_SIM_SWAP(swap_pointer_acquire, uintptr_t, TI_SIM_ACQUIRE, TI_SIM_RELAXED)
TI_SIM_SWAP(swap_pointer_release, uintptr_t, TI_SIM_RELEASE, TI_SIM_RELAXED)

#undef TI_SIM_LOAD
#undef TI_SIM_STORE
#undef TI_SIM_CHANGE
#undef TI_SIM_SWAP

#define ti_load_relaxed ti_sim_load_relaxed
#define ti_load_acquire ti_sim_load_acquire
#define ti_load_sequential ti_sim_load_sequential
#define ti_store_relaxed ti_sim_store_relaxed
#define ti_store_release ti_sim_store_release
#define ti_store_sequential ti_sim_store_sequential
#define ti_exchange_acquire_release ti_sim_exchange_acquire_release
#define ti_exchange_sequential ti_sim_exchange_sequential
#define ti_add_relaxed ti_sim_add_relaxed
#define ti_add_acquire_release ti_sim_add_acquire_release
#define ti_add_sequential ti_sim_add_sequential
#define ti_swap_acquire ti_sim_swap_acquire
#define ti_swap_release ti_sim_swap_release
#define ti_swap_sequential ti_sim_swap_sequential
#define ti_load_pointer_relaxed ti_sim_load_pointer_relaxed
#define ti_load_pointer_acquire ti_sim_load_pointer_acquire
#define ti_store_pointer_relaxed ti_sim_store_pointer_relaxed
#define ti_store_pointer_release ti_sim_store_pointer_release
#define ti_exchange_pointer_acquire ti_sim_exchange_pointer_acquire
#define ti_and_pointer_release ti_sim_and_pointer_release
#define ti_swap_pointer_acquire ti_sim_swap_pointer_acquire
#define ti_swap_pointer_release ti_sim_swap_pointer_release
#define ti_pause ti_sim_pause

#define TI_ADDRESS_NUMBER(address) ((uintptr_t)ti_sim_number(address))

/* ------------------------------------------------------------------------------------ src/sim/sim_calls.h */

/*
 * The public calls that other threads may see anything of: what each gives, its name, its parameters, its
 * arguments, and the object that it is about. What is not here only a thread itself can tell, or belongs to
 * what no other thread knows yet.
 */

/* clang-format off: a table */
#define TI_SIM_CALLS(STATUS, ANSWER, AMOUNT, MOMENT, ACTION)                                                 \
    AMOUNT(active_count, (void), (), NULL)                                                                   \
    STATUS(barrier_abort, (threading_barrier_t * barrier), (barrier), barrier)                               \
    ANSWER(barrier_broken, (const threading_barrier_t *barrier), (barrier), barrier)                         \
    AMOUNT(barrier_n_waiting, (const threading_barrier_t *barrier), (barrier), barrier)                      \
    STATUS(barrier_reset, (threading_barrier_t * barrier), (barrier), barrier)                               \
    STATUS(barrier_wait, (threading_barrier_t * barrier, size_t * index), (barrier, index), barrier)         \
    STATUS(barrier_wait_timeout, (threading_barrier_t * barrier, double seconds, size_t *index),             \
           (barrier, seconds, index), barrier)                                                               \
    STATUS(bounded_semaphore_acquire, (threading_bounded_semaphore_t * semaphore), (semaphore), semaphore)   \
    STATUS(bounded_semaphore_acquire_timeout, (threading_bounded_semaphore_t * semaphore, double seconds),   \
           (semaphore, seconds), semaphore)                                                                  \
    STATUS(bounded_semaphore_release, (threading_bounded_semaphore_t * semaphore), (semaphore), semaphore)   \
    STATUS(bounded_semaphore_release_n, (threading_bounded_semaphore_t * semaphore, size_t n),               \
           (semaphore, n), semaphore)                                                                        \
    STATUS(bounded_semaphore_try_acquire, (threading_bounded_semaphore_t * semaphore), (semaphore),          \
           semaphore)                                                                                        \
    AMOUNT(bounded_semaphore_value, (const threading_bounded_semaphore_t *semaphore), (semaphore),           \
           semaphore)                                                                                        \
    STATUS(completed_next, (threading_completed_t * completed, threading_future_t * *future),                \
           (completed, future), completed)                                                                   \
    STATUS(condition_acquire, (threading_condition_t * condition), (condition), condition)                   \
    STATUS(condition_acquire_timeout, (threading_condition_t * condition, double seconds),                   \
           (condition, seconds), condition)                                                                  \
    ANSWER(condition_is_owned, (const threading_condition_t *condition), (condition), condition)             \
    ANSWER(condition_locked, (const threading_condition_t *condition), (condition), condition)               \
    STATUS(condition_notify, (threading_condition_t * condition, size_t n), (condition, n), condition)       \
    STATUS(condition_notify_all, (threading_condition_t * condition), (condition), condition)                \
    STATUS(condition_release, (threading_condition_t * condition), (condition), condition)                   \
    STATUS(condition_try_acquire, (threading_condition_t * condition), (condition), condition)               \
    STATUS(condition_wait, (threading_condition_t * condition), (condition), condition)                      \
    STATUS(condition_wait_for, (threading_condition_t * condition, bool (*predicate)(void *arg), void *arg), \
           (condition, predicate, arg), condition)                                                           \
    STATUS(condition_wait_for_timeout,                                                                       \
           (threading_condition_t * condition, bool (*predicate)(void *arg), void *arg, double seconds),     \
           (condition, predicate, arg, seconds), condition)                                                  \
    STATUS(condition_wait_timeout, (threading_condition_t * condition, double seconds),                      \
           (condition, seconds), condition)                                                                  \
    AMOUNT(enumerate, (threading_thread_t * *threads, size_t capacity), (threads, capacity), threads)        \
    STATUS(event_clear, (threading_event_t * event), (event), event)                                         \
    ANSWER(event_is_set, (const threading_event_t *event), (event), event)                                   \
    STATUS(event_set, (threading_event_t * event), (event), event)                                           \
    STATUS(event_wait, (threading_event_t * event), (event), event)                                          \
    STATUS(event_wait_timeout, (threading_event_t * event, double seconds), (event, seconds), event)         \
    STATUS(executor_for,                                                                                     \
           (threading_executor_t * executor, size_t begin, size_t end, size_t grain,                         \
            void (*function)(size_t begin, size_t end, void *arg), void *arg),                               \
           (executor, begin, end, grain, function, arg), executor)                                           \
    STATUS(executor_map,                                                                                     \
           (threading_executor_t * executor, threading_target_t function, void *const *items, size_t count,  \
            void **results),                                                                                 \
           (executor, function, items, count, results), executor)                                            \
    STATUS(executor_map_timeout,                                                                             \
           (threading_executor_t * executor, threading_target_t function, void *const *items, size_t count,  \
            void **results, double seconds),                                                                 \
           (executor, function, items, count, results, seconds), executor)                                   \
    STATUS(executor_shutdown, (threading_executor_t * executor, bool wait, bool cancel_futures),             \
           (executor, wait, cancel_futures), executor)                                                       \
    STATUS(executor_submit,                                                                                  \
           (threading_executor_t * executor, threading_target_t function, void *arg,                         \
            threading_future_t **future),                                                                    \
           (executor, function, arg, future), executor)                                                      \
    STATUS(executor_try_submit,                                                                              \
           (threading_executor_t * executor, threading_target_t function, void *arg,                         \
            threading_future_t **future),                                                                    \
           (executor, function, arg, future), executor)                                                      \
    STATUS(                                                                                                  \
        future_add_done_callback,                                                                            \
        (threading_future_t * future, void (*callback)(threading_future_t * future, void *arg), void *arg),  \
        (future, callback, arg), future)                                                                     \
    STATUS(future_cancel, (threading_future_t * future), (future), future)                                   \
    ANSWER(future_cancelled, (const threading_future_t *future), (future), future)                           \
    ANSWER(future_done, (const threading_future_t *future), (future), future)                                \
    STATUS(future_result, (threading_future_t * future, void **value), (future, value), future)              \
    STATUS(future_result_timeout, (threading_future_t * future, double seconds, void **value),               \
           (future, seconds, value), future)                                                                 \
    ANSWER(future_running, (const threading_future_t *future), (future), future)                             \
    STATUS(future_set_error, (threading_future_t * future, threading_status_t status), (future, status),     \
           future)                                                                                           \
    STATUS(future_set_result, (threading_future_t * future, void *value), (future, value), future)           \
    STATUS(future_start, (threading_future_t * future), (future), future)                                    \
    STATUS(group_run, (threading_group_t * group, threading_status_t(*function)(void *arg), void *arg),      \
           (group, function, arg), group)                                                                    \
    STATUS(group_stop, (threading_group_t * group), (group), group)                                          \
    STATUS(group_wait, (threading_group_t * group), (group), group)                                          \
    STATUS(group_wait_timeout, (threading_group_t * group, double seconds), (group, seconds), group)         \
    STATUS(lock_acquire, (threading_lock_t * lock), (lock), lock)                                            \
    STATUS(lock_acquire_timeout, (threading_lock_t * lock, double seconds), (lock, seconds), lock)           \
    ANSWER(lock_locked, (const threading_lock_t *lock), (lock), lock)                                        \
    STATUS(lock_release, (threading_lock_t * lock), (lock), lock)                                            \
    STATUS(lock_try_acquire, (threading_lock_t * lock), (lock), lock)                                        \
    MOMENT(monotonic, (void), (), NULL)                                                                      \
    STATUS(once, (threading_once_t * once, void (*function)(void *arg), void *arg), (once, function, arg),   \
           once)                                                                                             \
    ANSWER(queue_empty, (threading_queue_t * queue), (queue), queue)                                         \
    ANSWER(queue_full, (threading_queue_t * queue), (queue), queue)                                          \
    STATUS(queue_get, (threading_queue_t * queue, void *item), (queue, item), queue)                         \
    STATUS(queue_get_timeout, (threading_queue_t * queue, double seconds, void *item),                       \
           (queue, seconds, item), queue)                                                                    \
    ANSWER(queue_is_shutdown, (threading_queue_t * queue), (queue), queue)                                   \
    STATUS(queue_join, (threading_queue_t * queue), (queue), queue)                                          \
    STATUS(queue_join_timeout, (threading_queue_t * queue, double seconds), (queue, seconds), queue)         \
    STATUS(queue_put, (threading_queue_t * queue, const void *item), (queue, item), queue)                   \
    STATUS(queue_put_timeout, (threading_queue_t * queue, const void *item, double seconds),                 \
           (queue, item, seconds), queue)                                                                    \
    STATUS(queue_shutdown, (threading_queue_t * queue, bool immediate), (queue, immediate), queue)           \
    AMOUNT(queue_size, (threading_queue_t * queue), (queue), queue)                                          \
    STATUS(queue_task_done, (threading_queue_t * queue), (queue), queue)                                     \
    STATUS(queue_try_get, (threading_queue_t * queue, void *item), (queue, item), queue)                     \
    STATUS(queue_try_put, (threading_queue_t * queue, const void *item), (queue, item), queue)               \
    AMOUNT(queue_unfinished, (threading_queue_t * queue), (queue), queue)                                    \
    STATUS(rlock_acquire, (threading_rlock_t * rlock), (rlock), rlock)                                       \
    STATUS(rlock_acquire_timeout, (threading_rlock_t * rlock, double seconds), (rlock, seconds), rlock)      \
    AMOUNT(rlock_count, (const threading_rlock_t *rlock), (rlock), rlock)                                    \
    ANSWER(rlock_is_owned, (const threading_rlock_t *rlock), (rlock), rlock)                                 \
    ANSWER(rlock_locked, (const threading_rlock_t *rlock), (rlock), rlock)                                   \
    STATUS(rlock_release, (threading_rlock_t * rlock), (rlock), rlock)                                       \
    STATUS(rlock_try_acquire, (threading_rlock_t * rlock), (rlock), rlock)                                   \
    STATUS(rwlock_acquire_read, (threading_rwlock_t * rwlock), (rwlock), rwlock)                             \
    STATUS(rwlock_acquire_read_timeout, (threading_rwlock_t * rwlock, double seconds), (rwlock, seconds),    \
           rwlock)                                                                                           \
    STATUS(rwlock_acquire_write, (threading_rwlock_t * rwlock), (rwlock), rwlock)                            \
    STATUS(rwlock_acquire_write_timeout, (threading_rwlock_t * rwlock, double seconds), (rwlock, seconds),   \
           rwlock)                                                                                           \
    STATUS(rwlock_release_read, (threading_rwlock_t * rwlock), (rwlock), rwlock)                             \
    STATUS(rwlock_release_write, (threading_rwlock_t * rwlock), (rwlock), rwlock)                            \
    STATUS(rwlock_try_acquire_read, (threading_rwlock_t * rwlock), (rwlock), rwlock)                         \
    STATUS(rwlock_try_acquire_write, (threading_rwlock_t * rwlock), (rwlock), rwlock)                        \
    STATUS(semaphore_acquire, (threading_semaphore_t * semaphore), (semaphore), semaphore)                   \
    STATUS(semaphore_acquire_timeout, (threading_semaphore_t * semaphore, double seconds),                   \
           (semaphore, seconds), semaphore)                                                                  \
    STATUS(semaphore_release, (threading_semaphore_t * semaphore), (semaphore), semaphore)                   \
    STATUS(semaphore_release_n, (threading_semaphore_t * semaphore, size_t n), (semaphore, n), semaphore)    \
    STATUS(semaphore_try_acquire, (threading_semaphore_t * semaphore), (semaphore), semaphore)               \
    AMOUNT(semaphore_value, (const threading_semaphore_t *semaphore), (semaphore), semaphore)                \
    STATUS(shutdown, (void), (), NULL)                                                                       \
    STATUS(sleep, (double seconds), (seconds), NULL)                                                         \
    STATUS(start_new_thread, (threading_target_t target, void *arg, uint32_t *ident), (target, arg, ident),  \
           NULL)                                                                                             \
    STATUS(stop_request, (threading_stop_t * stop), (stop), stop)                                            \
    ANSWER(stop_requested, (const threading_stop_t *stop), (stop), stop)                                     \
    ANSWER(thread_is_alive, (const threading_thread_t *thread), (thread), thread)                            \
    STATUS(thread_join, (threading_thread_t * thread), (thread), thread)                                     \
    STATUS(thread_join_timeout, (threading_thread_t * thread, double seconds), (thread, seconds), thread)    \
    STATUS(thread_result, (const threading_thread_t *thread, void **result), (thread, result), thread)       \
    STATUS(thread_start, (threading_thread_t * thread), (thread), thread)                                    \
    STATUS(thread_try_join, (threading_thread_t * thread), (thread), thread)                                 \
    STATUS(timer_cancel, (threading_thread_t * timer), (timer), timer)                                       \
    STATUS(wait,                                                                                             \
           (threading_future_t *const *futures, size_t count, double seconds, threading_when_t when,         \
            size_t *done),                                                                                   \
           (futures, count, seconds, when, done), NULL)                                                      \
    STATUS(wait_any, (threading_source_t * sources, size_t count, double seconds, size_t *index),            \
           (sources, count, seconds, index), NULL)
/* clang-format on */

/* The core's own are called ti_core_…. */
#define TI_SIM_DECLARE(type, name, parameters) type ti_core_##name parameters;
#define TI_SIM_DECLARE_STATUS(name, parameters, arguments, object) \
    TI_SIM_DECLARE(threading_status_t, name, parameters)
#define TI_SIM_DECLARE_ANSWER(name, parameters, arguments, object) TI_SIM_DECLARE(bool, name, parameters)
#define TI_SIM_DECLARE_AMOUNT(name, parameters, arguments, object) TI_SIM_DECLARE(size_t, name, parameters)
#define TI_SIM_DECLARE_MOMENT(name, parameters, arguments, object) TI_SIM_DECLARE(double, name, parameters)
#define TI_SIM_DECLARE_ACTION(name, parameters, arguments, object) TI_SIM_DECLARE(void, name, parameters)

TI_SIM_CALLS(TI_SIM_DECLARE_STATUS, TI_SIM_DECLARE_ANSWER, TI_SIM_DECLARE_AMOUNT, TI_SIM_DECLARE_MOMENT,
             TI_SIM_DECLARE_ACTION)
static threading_status_t ti_core_object_set_name(const void *object, const char *name);
static const char *ti_core_thread_name(const threading_thread_t *thread);
static bool ti_core_thread_daemon(const threading_thread_t *thread);
static threading_status_t ti_core_thread_spawn(threading_target_t target, void *arg,
                                        const threading_thread_options_t *options,
                                        threading_thread_t **thread);
static THREADING_NORETURN void ti_core_must_fail(const char *call, const char *file, int line,
                                          threading_status_t status);

/* ----------------------------------------------------------------------------------- src/sim/sim_memory.h */

/* The memory of the core in a build for sim; memory.h says what each does. */

#include <stddef.h>

static void *ti_sim_memory_allocate(size_t size);
static void *ti_sim_memory_resize(void *memory, size_t size);
static void ti_sim_memory_free(void *memory);
static void *ti_sim_memory_keep(size_t size);
static void ti_sim_memory_end(void *memory, size_t size);

/* ------------------------------------------------------------------------------------- src/sim/sim_port.h */

/* The backend of the core in a build for sim, where it is not the native one. port.h says what each does. */

static threading_status_t ti_sim_port_thread_start(ti_port_thread *thread, void (*entry)(void *argument),
                                            void *argument, size_t stack_size);
static void ti_sim_port_thread_join(ti_port_thread *thread);
static bool ti_sim_port_thread_try_join(ti_port_thread *thread);
static void ti_sim_port_thread_detach(ti_port_thread *thread);
static THREADING_NORETURN void ti_sim_port_thread_exit(void);
static uintptr_t ti_sim_port_thread_handle(const ti_port_thread *thread);
static size_t ti_sim_port_thread_stack_size(const ti_port_thread *thread);
static bool ti_sim_port_set_priority(int priority);
static int ti_sim_port_get_priority(void);
static void ti_sim_port_set_name(const char *name, size_t length);
static void ti_sim_port_park(ti_parker *parker, int64_t deadline);
static void ti_sim_port_unpark(ti_parker *parker);
static int64_t ti_sim_port_now(void);
static void ti_sim_port_sleep(int64_t deadline);
static void ti_sim_port_yield(void);
static size_t ti_sim_port_cpu_count(void);
static size_t ti_sim_port_available_cpus(void);
static bool ti_sim_port_set_self(void *self, void (*leave)(void *self));
static uint64_t ti_sim_port_life(void);
static bool ti_sim_port_fence_start(void);
static bool ti_sim_port_fence_all(void);

/* ------------------------------------------------------------------------------------ src/sim/sim_names.h */

/*
 * What is called otherwise in the core of a build for sim: the calls of the backend that sim_port.c stands in
 * front of, and the public calls that sim_calls.c does.
 */

#define TI_TABLE_SIZE 64 /* of the registry: each run begins with a copy of it */

#define ti_memory_allocate ti_sim_memory_allocate
#define ti_memory_resize ti_sim_memory_resize
#define ti_memory_free ti_sim_memory_free
#define ti_memory_keep ti_sim_memory_keep
#define ti_memory_end ti_sim_memory_end

#define ti_port_thread_start ti_sim_port_thread_start
#define ti_port_thread_join ti_sim_port_thread_join
#define ti_port_thread_try_join ti_sim_port_thread_try_join
#define ti_port_thread_detach ti_sim_port_thread_detach
#define ti_port_thread_exit ti_sim_port_thread_exit
#define ti_port_thread_handle ti_sim_port_thread_handle
#define ti_port_thread_stack_size ti_sim_port_thread_stack_size
#define ti_port_set_priority ti_sim_port_set_priority
#define ti_port_get_priority ti_sim_port_get_priority
#define ti_port_set_name ti_sim_port_set_name
#define ti_port_park ti_sim_port_park
#define ti_port_unpark ti_sim_port_unpark
#define ti_port_now ti_sim_port_now
#define ti_port_sleep ti_sim_port_sleep
#define ti_port_yield ti_sim_port_yield
#define ti_port_cpu_count ti_sim_port_cpu_count
#define ti_port_available_cpus ti_sim_port_available_cpus
#define ti_port_set_self ti_sim_port_set_self
#define ti_port_life ti_sim_port_life
#define ti_port_fence_start ti_sim_port_fence_start
#define ti_port_fence_all ti_sim_port_fence_all

#define threading_active_count ti_core_active_count
#define threading_barrier_abort ti_core_barrier_abort
#define threading_barrier_broken ti_core_barrier_broken
#define threading_barrier_n_waiting ti_core_barrier_n_waiting
#define threading_barrier_reset ti_core_barrier_reset
#define threading_barrier_wait ti_core_barrier_wait
#define threading_barrier_wait_timeout ti_core_barrier_wait_timeout
#define threading_bounded_semaphore_acquire ti_core_bounded_semaphore_acquire
#define threading_bounded_semaphore_acquire_timeout ti_core_bounded_semaphore_acquire_timeout
#define threading_bounded_semaphore_release ti_core_bounded_semaphore_release
#define threading_bounded_semaphore_release_n ti_core_bounded_semaphore_release_n
#define threading_bounded_semaphore_try_acquire ti_core_bounded_semaphore_try_acquire
#define threading_bounded_semaphore_value ti_core_bounded_semaphore_value
#define threading_completed_next ti_core_completed_next
#define threading_condition_acquire ti_core_condition_acquire
#define threading_condition_acquire_timeout ti_core_condition_acquire_timeout
#define threading_condition_is_owned ti_core_condition_is_owned
#define threading_condition_locked ti_core_condition_locked
#define threading_condition_notify ti_core_condition_notify
#define threading_condition_notify_all ti_core_condition_notify_all
#define threading_condition_release ti_core_condition_release
#define threading_condition_try_acquire ti_core_condition_try_acquire
#define threading_condition_wait ti_core_condition_wait
#define threading_condition_wait_for ti_core_condition_wait_for
#define threading_condition_wait_for_timeout ti_core_condition_wait_for_timeout
#define threading_condition_wait_timeout ti_core_condition_wait_timeout
#define threading_enumerate ti_core_enumerate
#define threading_event_clear ti_core_event_clear
#define threading_event_is_set ti_core_event_is_set
#define threading_event_set ti_core_event_set
#define threading_event_wait ti_core_event_wait
#define threading_event_wait_timeout ti_core_event_wait_timeout
#define threading_executor_for ti_core_executor_for
#define threading_executor_map ti_core_executor_map
#define threading_executor_map_timeout ti_core_executor_map_timeout
#define threading_executor_shutdown ti_core_executor_shutdown
#define threading_executor_submit ti_core_executor_submit
#define threading_executor_try_submit ti_core_executor_try_submit
#define threading_future_add_done_callback ti_core_future_add_done_callback
#define threading_future_cancel ti_core_future_cancel
#define threading_future_cancelled ti_core_future_cancelled
#define threading_future_done ti_core_future_done
#define threading_future_result ti_core_future_result
#define threading_future_result_timeout ti_core_future_result_timeout
#define threading_future_running ti_core_future_running
#define threading_future_set_error ti_core_future_set_error
#define threading_future_set_result ti_core_future_set_result
#define threading_future_start ti_core_future_start
#define threading_group_run ti_core_group_run
#define threading_group_stop ti_core_group_stop
#define threading_group_wait ti_core_group_wait
#define threading_group_wait_timeout ti_core_group_wait_timeout
#define threading_lock_acquire ti_core_lock_acquire
#define threading_lock_acquire_timeout ti_core_lock_acquire_timeout
#define threading_lock_locked ti_core_lock_locked
#define threading_lock_release ti_core_lock_release
#define threading_lock_try_acquire ti_core_lock_try_acquire
#define threading_monotonic ti_core_monotonic
#define threading_once ti_core_once
#define threading_queue_empty ti_core_queue_empty
#define threading_queue_full ti_core_queue_full
#define threading_queue_get ti_core_queue_get
#define threading_queue_get_timeout ti_core_queue_get_timeout
#define threading_queue_is_shutdown ti_core_queue_is_shutdown
#define threading_queue_join ti_core_queue_join
#define threading_queue_join_timeout ti_core_queue_join_timeout
#define threading_queue_put ti_core_queue_put
#define threading_queue_put_timeout ti_core_queue_put_timeout
#define threading_queue_shutdown ti_core_queue_shutdown
#define threading_queue_size ti_core_queue_size
#define threading_queue_task_done ti_core_queue_task_done
#define threading_queue_try_get ti_core_queue_try_get
#define threading_queue_try_put ti_core_queue_try_put
#define threading_queue_unfinished ti_core_queue_unfinished
#define threading_rlock_acquire ti_core_rlock_acquire
#define threading_rlock_acquire_timeout ti_core_rlock_acquire_timeout
#define threading_rlock_count ti_core_rlock_count
#define threading_rlock_is_owned ti_core_rlock_is_owned
#define threading_rlock_locked ti_core_rlock_locked
#define threading_rlock_release ti_core_rlock_release
#define threading_rlock_try_acquire ti_core_rlock_try_acquire
#define threading_rwlock_acquire_read ti_core_rwlock_acquire_read
#define threading_rwlock_acquire_read_timeout ti_core_rwlock_acquire_read_timeout
#define threading_rwlock_acquire_write ti_core_rwlock_acquire_write
#define threading_rwlock_acquire_write_timeout ti_core_rwlock_acquire_write_timeout
#define threading_rwlock_release_read ti_core_rwlock_release_read
#define threading_rwlock_release_write ti_core_rwlock_release_write
#define threading_rwlock_try_acquire_read ti_core_rwlock_try_acquire_read
#define threading_rwlock_try_acquire_write ti_core_rwlock_try_acquire_write
#define threading_semaphore_acquire ti_core_semaphore_acquire
#define threading_semaphore_acquire_timeout ti_core_semaphore_acquire_timeout
#define threading_semaphore_release ti_core_semaphore_release
#define threading_semaphore_release_n ti_core_semaphore_release_n
#define threading_semaphore_try_acquire ti_core_semaphore_try_acquire
#define threading_semaphore_value ti_core_semaphore_value
#define threading_shutdown ti_core_shutdown
#define threading_sleep ti_core_sleep
#define threading_start_new_thread ti_core_start_new_thread
#define threading_stop_request ti_core_stop_request
#define threading_stop_requested ti_core_stop_requested
#define threading_thread_is_alive ti_core_thread_is_alive
#define threading_thread_join ti_core_thread_join
#define threading_thread_join_timeout ti_core_thread_join_timeout
#define threading_thread_result ti_core_thread_result
#define threading_thread_spawn ti_core_thread_spawn
#define threading_thread_start ti_core_thread_start
#define threading_thread_try_join ti_core_thread_try_join
#define threading_timer_cancel ti_core_timer_cancel
#define threading_wait ti_core_wait
#define threading_wait_any ti_core_wait_any
#define threading_object_set_name ti_core_object_set_name
#define threading_thread_name ti_core_thread_name
#define threading_thread_daemon ti_core_thread_daemon
#define threading_must_fail ti_core_must_fail

/* ------------------------------------------------------------------------------------- src/sim/sim_core.h */

/*
 * What the core sees in a build for sim, before all of its own but the backend's headers: its atomic
 * operations are points, its backend is sim_port.c, and its public calls are those behind sim_calls.c.
 */

#endif /* THREADING_SIM */

/* ------------------------------------------------------------------------------- src/core/base/deadline.h */

/* From the seconds of the public calls to moments on the monotonic clock. */

#include <stdbool.h>
#include <stdint.h>

/*
 * THREADING_OK if the timeout is in order, else THREADING_INVALID or THREADING_OVERFLOW; looks at no clock,
 * so that calls can refuse a bad timeout before they look at anything else.
 */
static threading_status_t ti_deadline_check(double seconds);

/* The same for a call on an object: THREADING_INVALID first if there is none. */
static threading_status_t ti_deadline_check_on(const void *object, double seconds);

/* The moment `seconds` from now, rounded up; TI_FOREVER for THREADING_FOREVER. The timeout was checked. */
static int64_t ti_deadline_after(double seconds);

/* The deadline of a try. */
#define TI_PAST INT64_MIN

/* Whether a moment has come. TI_FOREVER never does. */
static bool ti_deadline_passed(int64_t deadline);

/* ---------------------------------------------------------------------------------- src/core/base/later.h */

/*
 * Memory that is given back later: where it falls free, no allocator may be called. That is so in a hook
 * of fork (fork.c), and under a guard.
 */

/* Put memory off that has room for a pointer; NULL is allowed. The caller is the process's only thread, or
 * holds the guard under which all others call. */
static void ti_later_free(void *memory);

/* Give back what was put off. */
static void ti_later_settle(void);

/* --------------------------------------------------------------------------------- src/core/base/misuse.h */

/*
 * Misuse: a call that answers what no correct program has to ask, such as THREADING_INVALID or
 * THREADING_NOT_HELD, and a body of THREADING_WITH_… that is skipped. Each is told once, to the user's
 * handler if there is one (handlers.c).
 *
 * The public call tells, at its return, while it holds nothing: `return TI_TELL(lock, THREADING_NOT_HELD);`
 * What several public calls share gives them the plain status. A status that is not the call's own, such as a
 * task's, is returned as it is.
 */

#if !defined(THREADING_NO_DIAGNOSIS)

/* Receives the name of the call, its object, which may be NULL, and the status. */
typedef void ti_misuse_teller(const char *call, const void *object, threading_status_t status);

/* Have each misuse told; NULL: to nobody any more. It may be called for a moment after it was taken away. */
static void ti_misuse_tell_to(ti_misuse_teller *teller);

/* Tell a status that is not THREADING_OK, if it means a misuse, and give it. */
static TI_COLD threading_status_t ti_misuse(const char *call, const void *object, threading_status_t status);

static inline threading_status_t ti_tell(const char *call, const void *object, threading_status_t status)
{
    return status == THREADING_OK ? status : ti_misuse(call, object, status);
}

/* What the public call answers in which this stands. */
#define TI_TELL(object, status) ti_tell(__func__, object, status)

#else
#define TI_TELL(object, status) ((void)(object), (threading_status_t)(status))
#endif

/* ---------------------------------------------------------------------------------- src/core/base/phase.h */

/* What the process has come to, for all who ask: whether the library is used, whether the process ends,
 * which process of a family of forks it is. */

#include <stdbool.h>
#include <stdint.h>

/* A number that is another one in each forked child. */
static uint32_t ti_phase_family;

/* Whether anything has been used since the code was loaded, or unloaded by threading_unload(). It is said
 * before a first thread takes a guard or is entered anywhere, so that a fork beside that finds it
 * (fork.c). */
static bool ti_phase_is_used(void);
static void ti_phase_use(void);
static void ti_phase_forget_use(void);

/* A thread begins to end the process. True for the first one, at each of its calls. */
static bool ti_phase_claim_exit(uint32_t ident);

/* Whether a thread has begun to; certain for that thread only. */
static bool ti_phase_is_exiting(void);

/* Under the registry's guard: the joins at exit are done, nothing more is waited for. */
static void ti_phase_finalize(void);
static bool ti_phase_is_finalizing(void);

/* In a forked child: another process, which is not exiting. */
static void ti_phase_reset(void);

/* ----------------------------------------------------------------------------- src/core/base/processors.h */

/*
 * How many processors there are: what the environment's THREADING_CPU_COUNT says of it, or else the system.
 * The variable is read once, with the library's first use or with the first question, as THREADING_DEBUG is;
 * the system is asked each time.
 */

#include <stddef.h>
#include <stdint.h>

/* Read the environment, unless that was done. */
static void ti_processors_decide(void);

/* Of the process; and how many of its threads can run at once. Both are at least 1. */
static size_t ti_processors_count(void);
static size_t ti_processors_available(void);

/* What a value of the variable stands for: digits and nothing else, from 1 to INT32_MAX. 0: it is no such
 * number. */
static uint32_t ti_processors_number(const char *text);

/* ------------------------------------------------------------------------------- src/core/parking/block.h */

/*
 * The magazine allocator: blocks of memory for futures, which come and go with every task, kept for later
 * ones.
 *
 * A block is one line of the cache, aligned, so that one transfer takes it from thread to thread. Each
 * thread keeps what it gives back in two magazines, and takes from them without a lock. A thread with two
 * full magazines that gives back one block more hands a magazine to the depot; a thread with none takes
 * one from there. So blocks that one thread takes and another gives back return to the first, at the price
 * of one lock for each TI_MAGAZINE of them. What the depot has no room for goes back to the system, as
 * does what is left over at a thread's end.
 *
 * All pointers among the kept ones are to where the system's memory begins: memcheck would else call them
 * lost.
 *
 * Magazines and the depot are those of Bonwick and Adams, "Magazines and Vmem" (USENIX Annual Technical
 * Conference, 2001).
 */

#include <stdbool.h>
#include <stdint.h>

struct ti_self;

#define TI_BLOCK 64    /* bytes, and its alignment */
#define TI_MAGAZINE 64 /* blocks of a full one */
#define TI_DEPOT 256   /* magazines at most, all of them full: about 2 MB */

/*
 * The blocks that a thread keeps; its own.
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

/* One block, not zeroed. NULL: no memory. *offset is how far behind the beginning of the system's memory
 * it begins; whoever has the block keeps that for its end. */
static void *ti_block_take(struct ti_self *self, uint32_t *offset);

/* From any thread. */
static void ti_block_give_back(void *block, uint32_t offset);

/* At a thread's end: it keeps none any more. */
static void ti_blocks_leave(struct ti_self *self);

/* When no thread is known: the depot keeps none any more. */
static void ti_blocks_forget(void);

/* The depot's guard, for fork. No other is wanted while it is held. */
static void ti_blocks_lock(struct ti_self *self);
static bool ti_blocks_try_lock(void);
static void ti_blocks_unlock(void);
static void ti_blocks_reset_guard(void);

/* ----------------------------------------------------------------------------- src/core/parking/blocked.h */

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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
static void ti_blocked_begin(struct ti_self *self, int64_t until);
static void ti_blocked_end(struct ti_self *self);

/* The calling thread is about to wake another one. */
static void ti_blocked_wake(struct ti_self *woken);

/* How many items there are in what the calling thread waits for, or has waited for. */
static void ti_blocked_counted(struct ti_self *self, ti_on on, const void *object, size_t items);

/* The calling thread is about to end. */
static void ti_blocked_leave(struct ti_self *self);

/* Read another thread's note. The caller holds the registry's guard, or another one under which it has found
 * the thread, so that the record's memory is there. */
static ti_blocked_view ti_blocked_read(const struct ti_self *self);

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
static void ti_blocked_watch(ti_blocked_watcher *watcher);

#else
#define ti_blocked_on(self, on_what, what) ((void)(self), (void)(on_what), (void)(what))
#define ti_blocked_begin(self, until) ((void)(self), (void)(until))
#define ti_blocked_end(self) ((void)(self))
#define ti_blocked_wake(woken) ((void)(woken))
#define ti_blocked_counted(self, on, object, items) ((void)(self), (void)(on), (void)(object), (void)(items))
#define ti_blocked_leave(self) ((void)(self))
#endif

/* ------------------------------------------------------------------------------- src/core/parking/calls.h */

/*
 * The calls of the library that are under way in a thread with a function of the user's inside: a
 * barrier's action, a Once's function, a predicate, a task, a comparison.
 *
 * Such a function may end its thread, by threading_exit() or in the platform's own way, and then our call
 * never goes on: others would wait for it for ever. So each call says beforehand what is to be done for them
 * in that case. Abandoning a call does that: it must touch nothing of the stack on which the call was, which
 * is gone if the thread ended in the platform's way.
 *
 * A record has room for a few calls. Those beyond are in memory of the system's, as the records
 * themselves. If that is out, a call that finds no room runs as any other, but is not abandoned, nor
 * contained.
 */

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ti_self;

#define TI_CALLS_NEAR 4

typedef struct ti_call {
    void (*abandon)(struct ti_self *self, void *object, uintptr_t detail);
    void *object;
    uintptr_t detail;
} ti_call;

/*
 * A thread's calls that are under way; its own.
 *
 *   count            how many
 *   few, more        the first ones, and those that find no room there
 *   more_size        how many bytes there are for the latter
 *   way_out          where threading_exit goes; NULL in threads that were not started here
 *   way_out_count    how many calls were under way there
 *   exit_result      what threading_exit is called with
 */
typedef struct ti_calls {
    uint32_t count;
    uint32_t way_out_count;
    ti_call few[TI_CALLS_NEAR];
    ti_call *more;
    size_t more_size;
    jmp_buf *way_out;
    void *exit_result;
} ti_calls;

/* Around the call of the user's function: what is to be done if that ends its thread. */
static void ti_calls_enter(struct ti_self *self,
                    void (*abandon)(struct ti_self *self, void *object, uintptr_t detail), void *object,
                    uintptr_t detail);
static void ti_calls_leave(struct ti_self *self);

/* Abandon all but the first so many, the innermost first. */
static void ti_calls_abandon(struct ti_self *self, uint32_t depth);

/* The thread is over: give back the room beyond the record's. */
static void ti_calls_give_back(struct ti_self *self);

/* Whether such a call on that object is under way in the calling thread. */
static bool ti_calls_contain(struct ti_self *self,
                      void (*abandon)(struct ti_self *self, void *object, uintptr_t detail),
                      const void *object);

/* Call a function in a thread that was started here: what it returns, or what it calls threading_exit
 * with. */
static void *ti_calls_catch(struct ti_self *self, threading_target_t target, void *arg);

/* ---------------------------------------------------------------------------- src/core/parking/deadlock.h */

/*
 * Deadlock detection: the graph of who waits for whom, and the proof that a wait could never end.
 *
 * A thread that is about to sleep without a deadline for another thread, because that one owns an RLock or
 * because it joins it, publishes the word that holds that thread's ident: the RLock's owner, or the ident in
 * the Thread object. Under the registry's guard it then follows the words from thread to thread. If it comes
 * back to itself, all threads of the ring sleep, or are about to, and each waits for what only the next one
 * could give: the wait is refused. Waits with a deadline and plain Locks, which anyone may release, are not
 * published.
 *
 * Why the answer is right although owners change while the walk reads them: an RLock is released by its owner
 * only. A thread whose wait is published stays in that wait until it takes the registry's guard again, which
 * the walker holds; so it releases nothing meanwhile, and the lock it waits for stays in memory. The one
 * change possible is that a waiting thread has just got its lock; then the word names the waiter itself, and
 * the walk ends without a proof. A joined thread that has ended is in the registry no more; one that goes on
 * although joins of it are over (main at exit) withdraws its joiners' waits itself, under the guard.
 * The thread that closes a ring is the last to publish, and the only one that is told.
 */

#include <stdbool.h>
#include <stdint.h>

struct ti_self;

/*
 * What a thread has published; under the registry's guard.
 *
 *   word    that of the thread that is waited for; NULL: nothing is published
 *   kind    of its waiter then
 *   enough  the state of a Thread that ends the wait
 */
typedef struct ti_proof {
    const uint32_t *word;
    uint32_t kind;
    uint32_t enough;
} ti_proof;

/* Publish that this thread waits for the owner of a lock. False, and not published: a deadlock, or the owner
 * has ended. */
static bool ti_deadlock_check_owner(struct ti_self *self, const uint32_t *owner);

/* Publish that this thread waits for the end of another one, whose ident and state are in these words,
 * unless the state is `enough` already: a change to it comes under the guard, so that nobody waits for
 * what is over. False, and not published: a deadlock. */
static bool ti_deadlock_check_end(struct ti_self *self, const uint32_t *ident, const uint32_t *state,
                           uint32_t enough);

/*
 * Sleep in the queue of a lock's word, or of what is like one, where the calling thread's waiter stands
 * already: without a limit, and published. The order matters: an owner that ends looks for waits that are
 * published, and wakes their waiters. TI_SLEEPING: a deadlock, or the owner has ended; the waiter is in no
 * queue any more.
 */
static uint32_t ti_deadlock_sleep_in_queue(struct ti_self *self, const uint32_t *owner);

/*
 * Sleep until a word may have changed that holds the ident of the one thread that can end the wait (or 0
 * while nobody can, or no ident when nobody need): THREADING_OK, THREADING_DEADLOCK, or the status of the
 * wait's limit. That thread ends the wait by changing the word and waking all.
 */
static threading_status_t ti_deadlock_sleep(struct ti_self *self, uint32_t *word, uint32_t value, int64_t deadline);

/* The thread of that ident, under the registry's guard. NULL: it is not there any more, or goes no
 * further. */
static struct ti_self *ti_deadlock_awaited(uint32_t ident);

/*
 * The calling thread's wait is refused, and the caller is told so: THREADING_DEADLOCK. It waits for what it
 * has noted (ti_blocked_on), which the thread has whose ident is in the word; NULL: itself. It is in no queue
 * and holds no guard, so that a handler may call the library.
 */
#if !defined(THREADING_NO_DIAGNOSIS)
static threading_status_t ti_deadlock_refused(struct ti_self *self, const uint32_t *word);

/* Have each refusal told before that; NULL: to nobody any more. */
typedef void ti_deadlock_teller(struct ti_self *self, const uint32_t *word);
static void ti_deadlock_tell_to(ti_deadlock_teller *teller);
#else
#define ti_deadlock_refused(self, word) ((void)(self), (void)(word), (threading_status_t)THREADING_DEADLOCK)
#endif

/* The wait is over. */
static void ti_deadlock_end_wait(struct ti_self *self);

/* Under the registry's guard: a thread that goes on has reached a state. Waiters for which that is enough
 * are about to be woken, and wait no more. */
static void ti_deadlock_withdraw(const uint32_t *ident, uint32_t state);

/* Under the registry's guard, a thread that has just been removed from it: wake those who wait for its
 * RLocks, so that they find out that they wait in vain. */
static void ti_deadlock_owner_ended(struct ti_self *owner);

/* ------------------------------------------------------------------------------- src/core/parking/fence.h */

/*
 * The asymmetric fence: one fence for all threads of the process, made by the thread that has time for it.
 *
 * A releaser writes the lock's word, then looks whether anyone waits. A waiter announces itself, then
 * looks at the word. One of the two must see the other (parking.h), and on all processors that takes a fence
 * between the write and the look, on both sides. The fence on the releaser's side is the expensive half of an
 * uncontended lock. Some systems can make every running thread of the process execute a fence on behalf of
 * one: Linux by membarrier(PRIVATE_EXPEDITED), Windows by FlushProcessWriteBuffers. Then the waiter, which is
 * about to sleep anyway, makes it for both, and the releaser needs none: its write is a plain store. (The
 * technique: Dice, Huang, Yang, "Asymmetric Dekker Synchronization", 2001.)
 *
 *   releaser                                 waiter, under the bucket's guard
 *   R1  word = 0          (release)          W1  count + 1          (sequential)
 *   R2  look at count     (relaxed)          W2  fence in all threads
 *                                            W3  look at word       (sequential); enqueue if it is held
 *
 * A releaser is before, in or after its two steps when the fence of W2 reaches it.
 *   before R1   W1 has happened, and the fence makes it visible: R2 sees the count.
 *   between     the fence makes R1 visible: W3 sees the word free. (R2 sees the count as well, and finds
 *               nobody in the queue.)
 *   after R2    the fence makes R1 visible: W3 sees the word free.
 * Without W2 the losing order is: R2 reads the count as 0 while R1 is still in the store buffer; W1; W3 reads
 * the word as held; the waiter sleeps, and nobody wakes it. docs/models/release.pml has both, for the model
 * checker.
 *
 * Which way it goes is decided once, when the library is first used: UNKNOWN becomes SHARED or NONE. A
 * releaser uses the plain store only if it sees SHARED. A waiter decides before it waits, and makes the fence
 * whenever it can be had, so it is right for releasers of both kinds.
 *
 * A system that had the fence may refuse it later (a sandbox was entered): SHARED becomes LOST, for good.
 * New releasers make their own fence then. But one may have seen SHARED long ago, and may come to R1 and
 * R2 at any time, since a thread may be preempted between any two instructions. So in the state LOST every
 * waiter, not only the one that was refused, lets TI_SETTLED pass in W2: a store buffer is written out in
 * much less.
 *   R2 after W1     R2 sees the count.
 *   R2 before W1    R1 was in the store buffer by then; it is written out when W2 is over, and W3 sees it.
 * The same holds for the readers of bias.h, whose second step is a look at what the revoker has changed
 * before its wait.
 */

#include <stdbool.h>
#include <stdint.h>

enum {
    TI_FENCE_UNKNOWN,
    TI_FENCE_NONE,   /* releasers make their own */
    TI_FENCE_SHARED, /* waiters make it for all */
    TI_FENCE_LOST    /* releasers make their own; waiters wait for those that do not know it yet */
};

extern uint32_t threading_fence_kind;

/* Whether a releaser can do without. */
static inline bool ti_fence_is_shared(void)
{
    /* Relaxed: a releaser that does not know it yet makes its own fence. */
    return ti_load_relaxed(&threading_fence_kind) == TI_FENCE_SHARED;
}

/* Decide, if that was not done. Cheap in a process of one thread. */
static void ti_fence_decide(void);

/* The waiter's W2. Nothing where releasers make their own. */
static void ti_fence_all(void);

/* In a forked child: decide anew. */
static void ti_fence_reset(void);

/* ------------------------------------------------------------------------------- src/core/parking/guard.h */

/*
 * The guard: a word lock, the library's internal lock, for the registry, the parking lot's buckets and the
 * locals, never for users.
 *
 * The parking lot cannot protect itself with locks that wait in the parking lot, so this lock keeps
 * its own waiters: they push themselves on a stack in the lock's word, and the holder moves the
 * stack, oldest first, to a queue that belongs to the guard's holder. All-zero bytes are a free guard.
 *
 * Under a guard no user code runs, and no memory is allocated or freed: a user's allocator may be guarded
 * by a Lock that another thread holds while it wants the same guard, in a handler of fork. Most guards are
 * held for some tens of nanoseconds. Longer, but for a limited time, are held: the registry's, while all
 * threads are looked at (10 ns for each); a bucket's, and the registry's for a revocation (bias.h), during
 * a fence in all threads, which takes a microsecond, or a millisecond once the system refuses it
 * (fence.h); the registry's, the locals' and the blocks', while the system copies the process in fork.
 *
 *   word            meaning
 *   0               free, nobody has pushed itself
 *   LOCKED          held
 *   waiter          free, that waiter and the ones below it are waiting (one of them was just woken)
 *   waiter|LOCKED   held, they wait
 */

#include <stdbool.h>
#include <stdint.h>

/*
 *   word   see above
 *   queue  under the guard itself: waiters that were moved off the stack, oldest first
 */
typedef struct threading_guard ti_guard;

/* Wait for the guard; `parker` is the calling thread's. */
static void ti_guard_lock(ti_guard *guard, ti_parker *parker);

/* Take the guard if it is free. */
static bool ti_guard_try_lock(ti_guard *guard);

/* Wait for the guard for a while only, in a thread that may have no parker: for the diagnosis, which must not
 * hang with what it looks at. False: it was held all the time, or at each look. */
#if !defined(THREADING_NO_DIAGNOSIS)
static bool ti_guard_lock_for_a_while(ti_guard *guard);
#endif

static void ti_guard_unlock(ti_guard *guard);

/* In a forked child, which has one thread: the guard is free, whatever it was. */
static void ti_guard_reset(ti_guard *guard);

/* ------------------------------------------------------------------------------ src/core/parking/linger.h */

/*
 * Spin, then park: a look for the wake before the sleep.
 *
 * A thread that is woken soon after it began to wait, because the waker runs on another processor, need
 * not sleep: to sleep and to be woken takes many times as long as to look (spins.h says how long it
 * looks). But looking takes a processor, so a thread that looked in vain lets the next waits pass without:
 * one, three, seven, at most 31 of them. It is in the queue all the time: nothing is decided otherwise
 * than if it slept.
 */

#include <stdint.h>

struct ti_self;

/*
 * A thread's own memory of that.
 *
 *   in_vain  how often it has looked in vain, one time after the other
 *   skips    how many waits are to pass without a look
 */
typedef struct ti_lingering {
    uint32_t in_vain;
    uint32_t skips;
} ti_lingering;

/* The calling thread's waiter is in a queue: look for a while whether it is woken. What follows is a sleep,
 * which looks as well. */
static void ti_linger(struct ti_self *self);

/* ----------------------------------------------------------------------------- src/core/parking/parking.h */

/*
 * The parking lot: where threads wait, in queues keyed by the address of what they wait for and by the
 * kind of their wait.
 *
 * The idea is WebKit's (WTF::ParkingLot) and CPython's: the object that is waited for holds nothing but its
 * own word, so that it is 4 bytes, needs no destroy call, and all that concerns sleeping exists once.
 *
 * Addresses are hashed to buckets. A bucket is a guard, a queue of the waiters of all its addresses, first
 * come first, and a count that may be read without the guard. The count is how a thread that changes a word
 * learns whether anyone might be waiting for the change, without touching the word's memory again:
 *
 *     waiter                                      waker
 *     lock the bucket                             change the word        (sequential)
 *     announce: count + 1      (sequential)       count == 0? done       (sequential)
 *     look at the word once more (sequential)     lock the bucket, take the first waiter off, unlock
 *     still has to wait: enqueue, unlock, sleep   wake it
 *
 * Either the waiter sees the changed word or the waker sees the count. With weaker orders both could look
 * before either change is visible, and the waiter would sleep for ever.
 *
 * The waker's look is late: as soon as the change is visible, another thread may end the object, and its
 * memory may be another object by the time of the look, or be unmapped. Two rules make that harmless:
 *
 *   - After the change the waker touches nothing of the object. It uses the address as a number.
 *   - A late waker takes only waiters of its own kind, and only of a kind that looks again. A waiter that
 *     was meant for a later object of the same kind then looks, finds that it has to wait, and goes back
 *     to its place.
 *
 * A kind that believes its wake is taken only by a thread that holds, until it has taken it, the guard or
 * the lock which the object's end would need too.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TI_SLEEPING = 0, /* also the outcome of a sleep that ended by its limit: nobody woke this waiter */
    TI_WOKEN = 1,    /* look again at what you wait for */
    TI_HANDED = 2,   /* it is yours: the waker has given it to you */
    TI_REFUSED = 3   /* you shall not have it */
};

/*
 * The kinds of waits. An object may have several queues at one address, which then share a bucket and its
 * guard.
 *
 *   kind           waits for                                 its wake
 *   LOCKERS        a lock's word to be free                  looks again, unless it is handed the word
 *   TAKERS         a semaphore to have a unit                looks again, unless it is handed a unit
 *   OBSERVERS      a word of a thread, a Once or a future    looks again
 *   WATCHERS       one of the things of threading_wait_any   looks again; takes nothing; all are woken
 *   RW_LOCKERS     its turn at an RWLock                     under the guard; looks again if it has no turn
 *   EVENT_WAITERS  an Event to be set                        under the guard; believed
 *   NOTIFIABLES    a Condition's notify                      under the Condition's lock; believed
 *   PARTIES        a barrier's other parties                 under the guard; believed
 *   ENTRANTS       a barrier whose action runs to be ready   under the guard; looks again
 *   GETTERS        a queue to have an item                   under the queue's lock; looks again
 *   PUTTERS        a queue to have room                      under the queue's lock; looks again
 *   JOINERS        a queue's items to be done                under the queue's lock; looks again
 */
typedef enum ti_wait_kind {
    TI_LOCKERS,
    TI_TAKERS,
    TI_OBSERVERS,
    TI_WATCHERS,
    TI_RW_LOCKERS,
    TI_EVENT_WAITERS,
    TI_NOTIFIABLES,
    TI_PARTIES,
    TI_ENTRANTS,
    TI_GETTERS,
    TI_PUTTERS,
    TI_JOINERS
} ti_wait_kind;

struct ti_self;

/*
 * One waiting thread. A thread waits with the one in its ti_self, which is never freed; threading_wait_any
 * has one for each source in its caller's memory, and does not return before each is out of its queue, and
 * woken if a waker took it out.
 *
 *   next, previous  under the bucket's guard; then `next` is the waker's, for chains
 *   address         0: in no queue. Changes from an address, and to it, under its bucket's guard
 *   self            the ti_self whose waiter it is
 *   since           when its wait began; under the guard while it is queued
 *   woken           TI_SLEEPING until the waker's last touch
 *   kind            a ti_wait_kind; under the guard while it is queued
 *   wants           more of what it waits for: each file's own meaning
 */
typedef struct threading_waiter ti_waiter;

/*
 *   first, last  all its waiters, watchers first, then oldest first; under the guard
 *   count        waiters that are queued or about to look whether they must be; changes under the guard, is
 *                read without
 *   fenced       a fence in all threads was made, and the count was not 0 since; under the guard
 *   watchers     how many of the queued are watchers: a waker that looks for them need not pass all who wait
 *   handed       when a lock word was last handed to a waiter; under the guard
 */
typedef struct threading_bucket ti_bucket;

#define TI_BUCKET_BITS 10 /* as in the header; 10,000 waiters on as many addresses make queues of ten */

extern ti_bucket threading_buckets[1 << TI_BUCKET_BITS];

#if !defined(TI_ADDRESS_NUMBER)
#define TI_ADDRESS_NUMBER(address) ((uintptr_t)(address))
#endif

/* Multiplicative hashing (Knuth, TAOCP 6.4): the product's upper bits depend on all bits of the number. */
static inline ti_bucket *ti_parking_bucket_numbered(uintptr_t number)
{
    uint64_t product = number * UINT64_C(0x9E3779B97F4A7C15);
    return &threading_buckets[product >> (64 - TI_BUCKET_BITS)];
}

static inline ti_bucket *ti_parking_bucket(const void *address)
{
    return ti_parking_bucket_numbered(TI_ADDRESS_NUMBER(address));
}

/* A hint, for a first look before anything was changed: nothing may depend on a false. */
static inline bool ti_parking_may_be_awaited(const ti_bucket *bucket)
{
    /* Relaxed: a waiter that is missed here is found by ti_parking_is_awaited afterwards. */
    return ti_load_relaxed(&bucket->count) != 0;
}

/* Whether someone may wait for a change that the caller has just made with a sequential operation. */
static inline bool ti_parking_is_awaited(const ti_bucket *bucket)
{
    /* Sequential: pairs with ti_parking_announce, see the table above. */
    return ti_load_sequential(&bucket->count) != 0;
}

/* Under the bucket's guard: */
static void ti_parking_announce(ti_bucket *bucket);
static void ti_parking_announce_to_all(ti_bucket *bucket); /* also to those who look without a fence (fence.h) */
static void ti_parking_withdraw(ti_bucket *bucket);
static void ti_parking_enqueue_last(ti_bucket *bucket, ti_waiter *waiter, const void *address, ti_wait_kind kind);
static void ti_parking_enqueue_first(ti_bucket *bucket, ti_waiter *waiter, const void *address, ti_wait_kind kind);
static ti_waiter *ti_parking_first(const ti_bucket *bucket, const void *address, ti_wait_kind kind);
static ti_waiter *ti_parking_next(const ti_waiter *waiter); /* of the same address and kind */
static bool ti_parking_is_queued(const ti_waiter *waiter, const void *address);
static void ti_parking_dequeue(ti_bucket *bucket, ti_waiter *waiter);

/* Under the guard: take at most n waiters of an address and a kind off the queue, chained by `next`. None
 * returns before it is woken. */
static ti_waiter *ti_parking_take(ti_bucket *bucket, const void *address, ti_wait_kind kind, size_t n);

/* The same for all that watch the address. */
static ti_waiter *ti_parking_take_watchers(ti_bucket *bucket, const void *address);

/* After the guard was unlocked: wake a waiter that was dequeued, or a chain of them; the last touch of
 * each. */
static void ti_parking_wake(ti_waiter *waiter, uint32_t outcome);
static void ti_parking_wake_chain(ti_waiter *chain, uint32_t outcome);

/* Sleep until woken, or until the wait's limit (limit.h): then TI_SLEEPING, and the waiter may still be
 * queued. */
static uint32_t ti_parking_doze(struct ti_self *self, int64_t deadline);

/* The same for a waiter that is about to be woken for certain: no limit. */
static uint32_t ti_parking_await_wake(struct ti_self *self);

/* Leave the queue of an address. False: a waker was faster and its wake must be accepted. */
static bool ti_parking_leave(ti_waiter *waiter, const void *address, ti_parker *parker);

/* Sleep in the queue of an address until woken or until the wait's limit; then the waiter is in no queue any
 * more. */
static uint32_t ti_parking_sleep(struct ti_self *self, const void *address, int64_t deadline);

/* Stand in the queue of a word's observers. False: the word is not `value` any more. */
static bool ti_parking_observe(struct ti_self *self, uint32_t *word, uint32_t value);

/* Wait until *word may have changed from `value`. False at the wait's limit. */
static bool ti_parking_wait(struct ti_self *self, uint32_t *word, uint32_t value, int64_t deadline);

/* Wake all observers of a word, watchers too, which the caller has just changed with a sequential
 * operation. The word's memory need not be there any more. */
static void ti_parking_wake_all(const uint32_t *word);

/* Have all waiters of an address and of a kind that looks again look again. */
static void ti_parking_wake_kind(const void *address, ti_wait_kind kind);

/* Wake the watchers of an address that was changed under a lock which they take, after they announced
 * themselves, to look. */
static void ti_parking_wake_watchers(const void *address);

/* In a forked child: nobody waits. */
static void ti_parking_reset(void);

/* ----------------------------------------------------------------------------- src/core/parking/reading.h */

/* What a thread notes of the RWLocks that it reads, or has read: rwlock.c and bias.h say what for. */

#include <stdint.h>

#define TI_READS_KNOWN 8

/*
 * The note of one RWLock.
 *
 *   rwlock   which
 *   levels   how often the thread has acquired it; 0: the place is free
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

/*
 *   known   the notes
 *   beyond  how many reads found no place there; the thread's own
 */
typedef struct ti_readings {
    ti_reading known[TI_READS_KNOWN];
    uint32_t beyond;
} ti_readings;

/* -------------------------------------------------------------------------------- src/core/parking/self.h */

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

#include <stddef.h>
#include <stdint.h>

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
static ti_self *ti_self_attach(void);

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
static void ti_self_show(ti_self *self);

/* Make the parker of a thread whose memory is there already. It may need more, which then is waited for. */
static void ti_self_make_parker(ti_self *self);

/* Memory for a thread that is about to be started, NULL when memory is out; and back. */
static ti_self *ti_self_new(void);
static void ti_self_free(ti_self *self);

/* Nobody is known, and main may become known again. */
static void ti_self_reset(void);

/* A thread that was not started here is not known any more, and finds that out at its next call. */
static void ti_self_unload(ti_self *self, bool is_gone);

/* Give the memory back that is kept for later threads. */
static void ti_self_unload_all(void);

/* Under the registry's guard: whether the system says that the thread is gone, which never left. The
 * calling thread is there. */
static bool ti_self_is_gone(const ti_self *self);

/* ------------------------------------------------------------------------------- src/core/parking/limit.h */

/* What limits a wait: its deadline, and the stop that its thread heeds (stop.c). */

#include <stdbool.h>
#include <stdint.h>

/* Whether a wait of the calling thread can last for ever: neither a deadline nor a stop limits it. */
static inline bool ti_limit_is_none(const ti_self *self, int64_t deadline)
{
    return deadline == TI_FOREVER && (self->stop == NULL || self->deaf > 0);
}

/* Whether the calling thread's wait has reached its limit. */
static bool ti_limit_is_reached(const ti_self *self, int64_t deadline);

/* The moment at which it does if nobody requests the stop. */
static int64_t ti_limit_next(const ti_self *self, int64_t deadline);

/* Which limit has ended the wait: THREADING_TIMEOUT if the time is over, whatever else, so that a wait of no
 * time is only a look; else THREADING_CANCELLED. */
static threading_status_t ti_limit_status(int64_t deadline);

/* ---------------------------------------------------------------------------- src/core/parking/lockword.h */

/*
 * The lock word: the 4 bytes at the heart of Lock and RLock.
 *
 *   word      meaning
 *   0         free
 *   ident     held; acquired by the thread of that ident (who need not be the one to release a Lock)
 *
 * Nothing in the word tells whether anyone waits: that is the parking lot's knowledge. A thread that
 * acquires the lock swaps 0 for its ident. A releaser puts 0 there, then looks into the parking lot and
 * wakes the first waiter. The waiter competes for the word with threads that come by: that keeps locks
 * fast, since a running thread need not wait until a sleeping one is awake. But a waiter of more than a
 * millisecond is handed the word: the releaser puts that waiter's ident there, and nobody can come
 * between. (CPython's PyMutex has the same rule and limit.) Just after a hand-over there is no second one:
 * TI_HAND_OVER_PAUSE.
 *
 * A thread that finds the word held spins for a while before it sleeps. A woken waiter spins again. Every
 * release that finds a waiter in the queue wakes one, whether others spin or not: a spinning thread may be
 * preempted for any time, and then nobody else would wake the waiter although the word is free.
 *
 * Once the word is free, or held by another thread, it may be gone: the releaser does not touch it any
 * more, and a thread that has acquired it does not look at it again.
 */

#include <stdbool.h>
#include <stdint.h>

/* Nanoseconds after which a waiter is handed what is released: CPython's TIME_TO_BE_FAIR_NS. */
#define TI_STARVED 1000000

/* Nanoseconds between two hand-overs, in which the word goes to who comes by. Each has to wait until a
 * thread that sleeps is awake: if many waiters are past the limit, and every release handed the word over,
 * those behind would be past it when their turn comes, and so for ever. Sixty-four threads were seen to be
 * two hundred times slower. */
#define TI_HAND_OVER_PAUSE 250000

/* Whose waits can be part of a proof that a wait never ends. */
typedef enum ti_ownership {
    TI_UNOWNED, /* any thread may release the word */
    TI_OWNED    /* only the thread whose ident it is */
} ti_ownership;

/* Change the word in a process of one thread, where nobody can come between. */
static inline bool ti_lockword_put(uint32_t *word, uint32_t value)
{
    bool changes = (ti_load_relaxed(word) == 0) != (value == 0);
    if (changes)
        ti_store_relaxed(word, value);
    return changes;
}

/* Take the word if it is free. */
static inline bool ti_lockword_try(uint32_t *word, uint32_t ident)
{
    return ti_port_is_alone() ? ti_lockword_put(word, ident) : ti_swap_acquire(word, 0, ident);
}

/* Wait for the word: THREADING_OK, THREADING_TIMEOUT, THREADING_CANCELLED, or THREADING_DEADLOCK for an owned
 * word without a limit. */
static threading_status_t ti_lockword_acquire_slow(uint32_t *word, ti_self *self, int64_t deadline,
                                            ti_ownership ownership);

/* Wait for the word without limit and without fail: the end of a condition's wait. The outcome is that of a
 * wait whose waiter may have been moved to the word's queue; TI_SLEEPING if it was not. */
static void ti_lockword_acquire_for_certain(uint32_t *word, ti_self *self, uint32_t outcome);

/* Move sleeping threads, taken off another queue, to the end of the word's. */
static void ti_lockword_requeue(uint32_t *word, ti_waiter *chain);

/* The parts of the release for when someone waits. */
static bool ti_lockword_release_slow(uint32_t *word, ti_bucket *bucket);
static void ti_lockword_wake_first(const uint32_t *word, ti_bucket *bucket); /* the word is free, or gone */

/*
 * Make the word free. False when it was free. The last touch of the word. A plain store is for the thread
 * that acquired it: several others may release a Lock at once, and the exchange tells who was first.
 */
static inline bool ti_lockword_clear(uint32_t *word, uint32_t ident)
{
    /* A thread that spins may have the word's cache line: fetch it for writing, so that the read and the
     * write that follow share one transfer. */
    ti_expect_write(word);
    /* Relaxed: only the thread of that ident puts it there, apart from a hand-over that it waits for. */
    if (!ti_fence_is_shared() || ti_load_relaxed(word) != ident)
        return ti_exchange_sequential(word, 0) != 0; /* sequential: the change in the table in parking.h */
    /* Release: R1 of the table in fence.h; R2 must not be moved before it by the compiler. */
    ti_store_release(word, 0);
    ti_keep_order();
    return true;
}

/* Free the word, or hand it over, for the calling thread of that ident. False when it was free. */
static inline bool ti_lockword_release(uint32_t *word, uint32_t ident)
{
    if (ti_port_is_alone())
        return ti_lockword_put(word, 0);
    ti_bucket *bucket = ti_parking_bucket(word);
    if (ti_parking_may_be_awaited(bucket))
        return ti_lockword_release_slow(word, bucket);
    if (!ti_lockword_clear(word, ident))
        return false;
    if (ti_parking_is_awaited(bucket))
        ti_lockword_wake_first(word, bucket);
    return true;
}

/* -------------------------------------------------------------------------------- src/core/parking/line.h */

/*
 * Wait queues of threads that wait for what a lock protects, which are called lines here: Queue's and
 * Executor's.
 *
 * The lock is a word as a Lock's. A line is an address and a kind in the parking lot. A thread that has to
 * wait enters the line before it releases the lock, so that the lock's next holder finds it. The holder
 * takes waiters off the line under the lock. It wakes them after its release, when they can have the lock;
 * or, if their order matters, it moves them to the lock's own queue, where one wakes after the other (as a
 * Condition's do).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The looks of a thread that waits a little before it sleeps, for a lock or for a change. Each look takes
 * the memory away from the thread that works there, which then costs it more than the work: so there are
 * few, at distances. */
#define TI_LOOKS 2
#define TI_LOOK_DISTANCE 32 /* pauses before the first; twice as many before each next one */

/* Pause before a look, `distance` times before the first. False: there were all of them, or the process
 * has one processor. */
static bool ti_line_pause(uint32_t *looks, uint32_t distance);

/* Wait for the lock of a thread that holds it just now. */
static void ti_line_lock_slow(uint32_t *lock, ti_self *self);

static inline void ti_line_lock(uint32_t *lock, ti_self *self)
{
    if (!ti_lockword_try(lock, self->fast.ident))
        ti_line_lock_slow(lock, self);
}

static inline void ti_line_unlock(uint32_t *lock, const ti_self *self)
{
    (void)ti_lockword_release(lock, self->fast.ident);
}

/* With the lock held: sleep in the line without it, and take it again. THREADING_OK: woken; else the
 * wait's limit. */
static threading_status_t ti_line_wait(uint32_t *lock, const void *address, ti_wait_kind kind, ti_self *self,
                                int64_t deadline);

/* Whether someone may stand there, or in another line of the object. */
static inline bool ti_line_is_awaited(const void *address)
{
    /* The hint is enough: a waiter announces itself before it releases the lock, which is held now. */
    return ti_parking_may_be_awaited(ti_parking_bucket(address));
}

/* With the lock held: take the first n off the line, a chain for ti_line_wake. */
static ti_waiter *ti_line_take(const void *address, ti_wait_kind kind, size_t n, ti_self *self);

/* The outcome of a wait in a line that was woken by ti_line_wake; the others are those of the lock's own
 * queue. */
#define TI_TOLD (TI_REFUSED + 1)

/* After the release. NULL: nobody. */
static inline void ti_line_wake(ti_waiter *chain)
{
    if (chain != NULL)
        ti_parking_wake_chain(chain, TI_TOLD);
}

/* ---------------------------------------------------------------------------- src/core/parking/registry.h */

/*
 * The registry: every thread that the library knows, in a table by its ident. Its guard, held for moments,
 * protects
 *   - the table;
 *   - who waits for whom (deadlock.h);
 *   - the roll of Thread objects (roll.h), and every change of a Thread's state.
 */

#include <stdint.h>

#define TI_MAIN_IDENT 1
#define TI_IDENT_LIMIT UINT32_C(0x80000000) /* idents are 1 … 2^31 - 1 */

static void ti_registry_lock(ti_self *self);
static bool ti_registry_try_lock(void);
#if !defined(THREADING_NO_DIAGNOSIS)
static bool ti_registry_lock_for_a_while(void);
#endif
static void ti_registry_unlock(void);

/* Under the guard: */

/* A number that no living thread has, and none had during the last 2^31 - 1 calls. */
static uint32_t ti_registry_new_ident(void);

static void ti_registry_add(ti_self *self);
static void ti_registry_remove(ti_self *self);
static ti_self *ti_registry_find(uint32_t ident); /* NULL: no such thread runs */

/* The thread after the one of that ident, 0 for the first, in the table's order; NULL: there is none. A
 * caller may unlock the guard between two calls: it meets each thread that is there all the time once. */
static ti_self *ti_registry_after(uint32_t ident);

/* Call a function for every known thread; it may put the thread into the pool. */
static void ti_registry_for_each(void (*function)(ti_self *self, void *arg), void *arg);

/* No thread is known any more. */
static void ti_registry_forget(void);

/* In a forked child, before anything takes the guard. */
static void ti_registry_reset_guard(void);

/* ------------------------------------------------------------------------------- src/core/parking/spins.h */

/*
 * The spin wait: how long a thread looks at what it waits for before it sleeps: as long as sleeping and
 * waking would cost. That is never more than twice what the better of the two would have cost (Karlin,
 * Manasse, McGeoch, Owicki, "Competitive Randomized Algorithms for Nonuniform Problems", 1990).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TI_SPIN_TIME 50000 /* nanoseconds */

typedef struct ti_spin {
    uint32_t pauses; /* before the next look */
    int64_t end;     /* 0 until the clock was read */
} ti_spin;

static inline ti_spin ti_spin_begin(void)
{
    return (ti_spin){0, 0};
}

/* Pause, the longer the more often. False when it is time to sleep; always in a process of which one
 * thread at a time can run, where the thread that is waited for cannot do so meanwhile: it has one
 * processor, or a quota of the time of one, which spinning would use up. */
static bool ti_spin_goes_on(ti_spin *spin);

/* Pause so many times. False, at once, in such a process. */
static bool ti_spin_pause(uint32_t pauses);

/* Whether that many threads can run at once. The processors are counted with the first question. */
static bool ti_spin_has_processors(size_t count);

/* ------------------------------------------------------------------------------ src/core/parking/taking.h */

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

#include <stdbool.h>
#include <stdint.h>

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

static uintptr_t ti_taking_watcher_now;

static inline ti_taking_watcher *ti_taking_watched(void)
{
    /* Acquire: pairs with the release in ti_taking_watch, for what the watcher needs. */
    return (ti_taking_watcher *)ti_load_pointer_acquire(&ti_taking_watcher_now);
}

/* Have them watched, or NULL: no more. No thread has a pointer. */
static void ti_taking_watch(ti_taking_watcher *watcher);

/* The calling thread, whose pointer is NULL, acquires or releases. `ident` is the Lock's, 0 where only the
 * thread itself can release. */
static ti_self *ti_taking_acquires(ti_on on, const void *object, bool without_limit, const void *caller);
static ti_self *ti_taking_releases(ti_on on, const void *object, uint32_t ident);

/* Likewise in calls that know their thread: an acquire that failed, or a release; the acquire at the end of a
 * condition's wait; the making of a lock. */
static void ti_taking_ends(ti_self *self, ti_on on, const void *object);
static void ti_taking_acquires_again(ti_self *self, ti_on on, const void *object);
static void ti_taking_begins(ti_on on, const void *object);

#else
#define ti_taking_watched() NULL
#define ti_taking_acquires(on, object, without_limit, caller) \
    ((void)(on), (void)(object), (void)(without_limit), (void)(caller), ti_self_attach())
#define ti_taking_releases(on, object, ident) ((void)(object), (void)(ident), ti_self_attach())
#define ti_taking_ends(self, on, object) ((void)(self), (void)(on), (void)(object))
#define ti_taking_acquires_again(self, on, object) ((void)(self), (void)(on), (void)(object))
#define ti_taking_begins(on, object) ((void)0)
#endif

/* ----------------------------------------------------------------------------------- src/core/sync/bias.h */

/*
 * Reading without a shared word: how an RWLock that is read often is biased towards its readers.
 *
 * Readers that count themselves in the lock's state write to one word in turn, even if none of them ever
 * waits for another. While a lock is biased, its readers leave that word alone: each reader notes in its
 * own ti_self what it reads (`reads`), and checks that the bias is still there. A writer revokes the bias:
 * it finds the readers in the threads' notes and counts them in the state, where they are ordinary readers
 * from then on. (The idea: Dice and Kogan, "BRAVO: Biased Locking for Reader-Writer Locks", 2019. There a
 * note is made by a compare-and-swap; here the revoker makes a fence for all threads, as in fence.h, and
 * notes are plain stores.)
 *
 *   state = TI_BIASED + n, writer = a number of that bias alone, TI_BIAS or more
 *
 * A biased lock has no writer and nobody in line. Its n readers are ordinary readers: they came before the
 * bias, or have no place for a note. A bias begins and ends under the guards of the registry and of the
 * lock's bucket. It begins when a thread has read the lock TI_BIAS_AFTER times in the ordinary way, which
 * takes longer than a revocation costs (2 µs, and 10 ns for each thread).
 *
 *   reader                                        revoker, under both guards
 *   A0  seen = revocations      (acquire)         V1  writer = 0               (release)
 *   A1  levels + 1              (release)         V2  revocations + 1          (sequential)
 *   A2  writer == bias? has it  (acquire)         V3  fence in all threads
 *   …                                             V4  look at the levels       (acquire); if not 0:
 *   R1  levels - 1              (release)             state + levels, and a mark on the note
 *   R2  revocations == seen? done
 *
 * A reader is before, in or after its pairs of steps when the fence of V3 reaches it.
 *   before A1, before R1       V1 and V2 are visible to it: A2 and R2 fail.
 *   between A1 and A2, R1, R2  its store is visible to V4, and A2 and R2 fail.
 *   after A2, after R2         its store is visible to V4.
 * So A2 and R2 succeed only if V4 saw the levels that the reader believes to have. If they fail, the
 * reader takes the bucket's guard, and the mark tells which levels the revoker has counted. Then the
 * acquire or release is done already, or the reader does it in the ordinary way. (A0 is before A1 so that
 * a revocation that R2 takes for an old one was visible to A2.) Without V3 the losing order is: A2
 * succeeds while A1 is still in the store buffer; V1 to V4, which sees no reader; both have the lock.
 * docs/models/bias.pml has both, for the model checker.
 *
 * R2 looks at nothing of the lock, which may be gone by then. A note may outlive its lock, if the
 * lock was freed while it was read: no other bias has the number in the note, so the note means nothing.
 */

#include <stdbool.h>
#include <stdint.h>

#define TI_BIAS UINT32_C(0x80000000) /* idents are less */
#define TI_BIAS_AFTER 2048

/* An RWLock's state: rwlock.c. */
#define TI_WRITING UINT32_C(0x80000000)
#define TI_WAITING UINT32_C(0x40000000)
#define TI_READERS (TI_WAITING - 1)
#define TI_BIASED (TI_WRITING + 1) /* and more: a writer and readers at once are nothing else */

static inline bool ti_state_is_biased(uint32_t state)
{
    return (state & TI_WRITING) && (state & TI_READERS);
}

static uint32_t ti_bias_revocations;

/* Whether a note and its lock are ordinary both. Relaxed: if that is wrong the state tells. */
static inline bool ti_bias_is_out(const threading_rwlock_t *rwlock, const ti_reading *reading)
{
    return reading->bias == 0 && ti_load_relaxed(&rwlock->writer) < TI_BIAS;
}

/* A1 and A2. */
static inline bool ti_bias_note(const threading_rwlock_t *rwlock, ti_reading *reading, uint32_t levels)
{
    reading->seen = ti_load_acquire(&ti_bias_revocations); /* acquire: A0; A1 and A2 come after it */
    ti_store_release(&reading->levels, levels);            /* release: A1, after the note's lock and bias */
    ti_keep_order();                                       /* the processor's order is V3's business */
    /* Acquire: A2; pairs with the release in ti_bias_begin. */
    return ti_load_acquire(&rwlock->writer) == reading->bias;
}

/* R1 and R2. */
static inline bool ti_bias_unnote(ti_reading *reading)
{
    /* Release: R1; what was read comes before it. Relaxed: the thread's own. */
    ti_store_release(&reading->levels, ti_load_relaxed(&reading->levels) - 1);
    ti_keep_order(); /* as in ti_bias_note */
    /* Relaxed: R2. The lock's memory is not the reader's any more. */
    return ti_load_relaxed(&ti_bias_revocations) == reading->seen;
}

/* After an A2 or a bias that was lost: bring the note in order. The levels that the thread has after all. */
static uint32_t ti_bias_settle(const threading_rwlock_t *rwlock, ti_self *self, ti_reading *reading);

/* After an R2 that failed. False: the levels were counted before R1, so that the release is still to be
 * done in the ordinary way. */
static bool ti_bias_is_released(const threading_rwlock_t *rwlock, ti_self *self, ti_reading *reading);

/* Whether the note is of the bias that the lock has. Relaxed: A2 and R2 decide. */
static inline bool ti_bias_is_noted(const threading_rwlock_t *rwlock, const ti_reading *reading)
{
    return reading->bias != 0 && ti_load_relaxed(&rwlock->writer) == reading->bias && ti_fence_is_shared();
}

/* Read a lock if it is biased, by a note or a place for one. False: to be done in the ordinary way, and
 * the note is in order for that. */
static bool ti_bias_acquire(threading_rwlock_t *rwlock, ti_self *self, ti_reading *reading);

/* The note has levels and a bias, but the lock has not, or the fence is lost. From here on all is
 * ordinary. */
static void ti_bias_leave(threading_rwlock_t *rwlock, ti_self *self, ti_reading *reading);

/* The calling thread has read it once more in the ordinary way: maybe that is often enough. */
static void ti_bias_earn(threading_rwlock_t *rwlock, ti_self *self, ti_reading *reading);

/* Make a biased lock an ordinary one. */
static void ti_bias_revoke(threading_rwlock_t *rwlock, ti_self *self);

/* Under the registry's guard: a thread that is not there any more. True: it has read what nobody has counted
 * yet, so that its notes are kept until somebody has. */
static bool ti_bias_keep(ti_self *self);

/* Likewise, when no lock of this copy is used any more: nothing is kept. */
static void ti_bias_forget(void);

/* ------------------------------------------------------------------------------ src/core/sync/condition.h */

/* Condition, for other files of the library that have checked all arguments. */

#include <stdint.h>

/* As threading_condition_wait_timeout() for a caller that holds the lock. */
static threading_status_t ti_condition_wait(threading_condition_t *condition, ti_self *self, int64_t deadline);

/* ---------------------------------------------------------------------------------- src/core/sync/local.h */

/* Locals: what thread ends and forks need to know of them. */

/* Finalise and free all of this thread's copies, also those that finalisers make. */
static void ti_local_finish(ti_self *self);

/* Around fork: hold the locals' guard; in the child also forget the copies of a thread that is gone, whose
 * memory is put off (runtime.h). */
static void ti_local_lock(ti_self *self);
static bool ti_local_try_lock(void);
static void ti_local_unlock(void);
static void ti_local_reset_guard(void);
static void ti_local_abandon(ti_self *self);

/* When no thread is known: give back what is kept for slots. Locals that have one keep it for their next
 * use. */
static void ti_local_unload(void);

/* ---------------------------------------------------------------------------------- src/core/sync/reads.h */

/* What the calling thread reads, as rwlock.c finds and notes it. */

#include <stdbool.h>
#include <stdint.h>

/* Relaxed, here and below: only its own thread changes a note's lock and levels. */
static inline bool ti_reading_is_of(const ti_reading *reading, const threading_rwlock_t *rwlock)
{
    return ti_load_pointer_relaxed(&reading->rwlock) == (uintptr_t)rwlock;
}

static inline void ti_reading_add(ti_reading *reading, uint32_t levels)
{
    /* Release: as R1 in bias.h; what the thread has read under an earlier bias is before a revoker's look. */
    ti_store_release(&reading->levels, ti_load_relaxed(&reading->levels) + levels);
}

/* The note of a lock, if there is one. */
static inline ti_reading *ti_reading_seek(ti_self *self, const threading_rwlock_t *rwlock)
{
    for (ti_reading *reading = self->readings.known; reading < self->readings.known + TI_READS_KNOWN;
         reading++)
        if (ti_reading_is_of(reading, rwlock))
            return reading;
    return NULL;
}

/* The note of a lock that the thread reads. NULL: it does not, as far as that is known. */
static inline ti_reading *ti_reading_find(ti_self *self, const threading_rwlock_t *rwlock)
{
    ti_reading *reading = ti_reading_seek(self, rwlock);
    return reading != NULL && ti_load_relaxed(&reading->levels) > 0 ? reading : NULL;
}

static inline void ti_reading_begin(ti_reading *reading, const threading_rwlock_t *rwlock)
{
    ti_store_pointer_relaxed(&reading->rwlock, (uintptr_t)rwlock);
    ti_store_relaxed(&reading->bias, 0);
    reading->reads = 0;
}

/* The lock's note, or a place for one. NULL: none is free. */
static inline ti_reading *ti_reading_place(ti_self *self, const threading_rwlock_t *rwlock)
{
    ti_reading *place = NULL;
    for (ti_reading *reading = self->readings.known; reading < self->readings.known + TI_READS_KNOWN;
         reading++) {
        if (ti_reading_is_of(reading, rwlock))
            return reading;
        if (place == NULL && ti_load_relaxed(&reading->levels) == 0)
            place = reading;
    }
    if (place != NULL)
        ti_reading_begin(place, rwlock);
    return place;
}

/* False: the thread does not read it, as far as that is known. */
static inline bool ti_reading_remove(ti_self *self, const threading_rwlock_t *rwlock)
{
    ti_reading *reading = ti_reading_find(self, rwlock);
    if (reading != NULL)
        ti_reading_add(reading, UINT32_MAX);
    else if (self->readings.beyond > 0)
        self->readings.beyond--;
    else
        return false;
    return true;
}

/* What was read in this memory before. */
static inline void ti_reading_forget(ti_self *self, const threading_rwlock_t *rwlock)
{
    ti_reading *reading = ti_reading_find(self, rwlock);
    if (reading != NULL)
        ti_store_release(&reading->levels, 0); /* release: as above */
}

static inline bool ti_reads_already(ti_self *self, const threading_rwlock_t *rwlock)
{
    /* The analyzer takes a place in *self that is not found for no *self.
     * NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
    return self->readings.beyond > 0 || ti_reading_find(self, rwlock) != NULL;
}

/* ---------------------------------------------------------------------------------- src/core/sync/rlock.h */

/* What a condition needs of its RLock. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool ti_rlock_is_mine(const threading_rlock_t *rlock, const ti_self *self)
{
    /* Relaxed: only this thread puts its ident there or takes it away, apart from a hand-over that it waits
     * for. */
    return ti_load_relaxed(&rlock->owner) == self->fast.ident;
}

/* What is told of it: TI_ON_RLOCK, or TI_ON_OWN of one that is a Condition's own, and so the Condition. */
static inline const void *ti_rlock_told(const threading_rlock_t *rlock, ti_on on)
{
    size_t offset = on == TI_ON_OWN ? offsetof(threading_condition_t, own) : 0;
    return (const char *)rlock - offset;
}

/* As the public calls, which tell of a misuse what these answer. `caller` is where that call returns to. */
static threading_status_t ti_rlock_acquire(threading_rlock_t *rlock, ti_on on, double seconds, const void *caller);
static threading_status_t ti_rlock_release(threading_rlock_t *rlock, ti_on on);

/* Release an RLock of the calling thread's at whatever level; gives the level. */
static uint32_t ti_rlock_release_all(threading_rlock_t *rlock, ti_self *self);

/* Be at that level again, once the word `owner` was acquired. */
static void ti_rlock_restore(threading_rlock_t *rlock, ti_self *self, uint32_t level);

/* ------------------------------------------------------------------------------ src/core/thread/foreign.h */

/*
 * Threads that were not started here: their ends may come without a word.
 *
 * A thread leaves the library in one of its last thread-local destructors. Other libraries' destructors may
 * call this one even later: then the thread is known once more, under another ident, and if no destructor of
 * ours comes after that call, nothing runs in the thread that could make it leave. The first call of all may
 * come as late; a Windows thread may end on a fiber that has never called. So every foreign thread is on a
 * list, with the system's word for its life (ti_port_life).
 *
 * When a thread that is on the list is gone, it is buried: nobody finds it any more, its Dummy is not listed,
 * and waiters for an RLock that it owns are told. That is done where Threads are counted or listed, and where
 * a thread leaves. What it had, the copies of its locals with their finalisers, ends in the next thread that
 * leaves: only there, at the end of its destructors, a user's finaliser meets none of the user's locks.
 *
 * Where the system cannot tell whether a thread is gone (ti_port_life gives 0), such a thread stays known.
 */

/* Under the registry's guard: the thread comes, and the thread that may have come leaves. */
static void ti_foreign_add(ti_self *self, uint64_t life);
static void ti_foreign_remove(ti_self *self);

/* Under the registry's guard: bury those that are gone and have a Dummy. */
static void ti_foreign_bury_dummies(void);

/* In a thread that leaves: end what the buried ones had. If there may be many that are gone, bury them
 * before. */
static void ti_foreign_sweep(ti_self *self);

/* In a forked child: the others are gone, and the registry forgets them. */
static void ti_foreign_reset(ti_self *survivor);

/* -------------------------------------------------------------------------------- src/core/thread/leave.h */

/*
 * A thread leaves: the end of its life in this library, in one of its last thread-local destructors. All
 * that it has in any room ends here.
 */

/* Called in that thread, with its ti_self. */
static void ti_leave(void *pointer);

/* The same in pieces, for a thread that is gone. Under the registry's guard: nobody finds it any more.
 * Then, without: what it had. */
static void ti_leave_retire(ti_self *self);
static void ti_leave_end(ti_self *self);

/* ------------------------------------------------------------------------------- src/core/thread/thread.h */

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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
static threading_thread_t ti_thread_main_record;

/* A new object of any kind, not listed; `name` NULL or "" for an automatic one with the prefix. NULL: no
 * memory. */
static threading_thread_t *ti_thread_allocate(ti_kind kind, const char *name, const char *prefix);

/* Change a word that threads may wait for. */
static void ti_thread_change(uint32_t *word, uint32_t value);

/* Wait until the start is over one way or the other: the state then. */
static uint32_t ti_thread_await_start(const threading_thread_t *thread);

/* Whether it was started in this process, and not in the parent of a forked child. */
static bool ti_thread_is_of_this_process(const threading_thread_t *thread);

/* Whether a thread that was started can no longer end: it has stopped, or was killed with the process. */
static bool ti_thread_is_stopped(const threading_thread_t *record);

/* Wait until the state is `enough` (TI_LEAVING or TI_STOPPED) or later. THREADING_FINALIZING: no thread is
 * left that could change it. */
static threading_status_t ti_thread_wait(ti_self *self, threading_thread_t *record, int64_t deadline,
                                  uint32_t enough);

/* threading_thread_join(), with a deadline. */
static threading_status_t ti_thread_join(threading_thread_t *thread, int64_t deadline);

/* Join the system's thread of an ended one, once among all callers. False at the deadline. */
static bool ti_thread_reap(ti_self *self, threading_thread_t *record, int64_t deadline);

/* A thread that goes on counts as LEAVING (exit does not wait for it), as STOPPED or, main, as ENDED from
 * here on. */
static void ti_thread_set_gone(ti_self *self, threading_thread_t *record, uint32_t state);

/* The end: first under the registry's guard, then without. */
static void ti_thread_set_ended(threading_thread_t *record);
static void ti_thread_leave(threading_thread_t *record);

/* The end of an object of which there is no reference any more, and whose system's thread is nobody's
 * business. */
static void ti_thread_dispose(threading_thread_t *thread);

/* Give a reference back that nobody else gives back, where no allocator may be called (later.h). And,
 * where it may: give back all that was put off. */
static void ti_thread_give_back_later(threading_thread_t *thread);
static void ti_thread_settle(void);

/* name.c */
static void ti_name_push(threading_thread_t *record, ti_name *name);
static bool ti_name_give(threading_thread_t *record, const char *name,
                  const char *prefix); /* as ti_thread_allocate */
static void ti_name_free_all(threading_thread_t *record);
static void ti_name_reset(void);                            /* main has the name that it had at first */
static void ti_name_show(const threading_thread_t *record); /* to the system, in the thread itself */
static ti_name ti_name_of_main;

/* ------------------------------------------------------------------------------- src/core/thread/native.h */

/*
 * The system's threads that were started here: which of them may still be in our code.
 *
 * A thread's last instructions come after its end as a Thread: in the backend, in what the system calls at
 * a thread's end. A thread that was joined has done them. One that nobody joins is detached, and nothing
 * tells when it has gone. In code that can be unloaded such a thread becomes an orphan instead: its object
 * stays in a list until a try finds that it has gone.
 */

/* As the functions of port.h with these names. */
static threading_status_t ti_native_start(ti_port_thread *thread, void (*entry)(void *argument), void *argument,
                                   size_t stack_size);
static void ti_native_join(ti_port_thread *thread);

/* Nobody will join this ended thread. True: its object is an orphan's, and not the caller's any more. */
static bool ti_native_abandon(threading_thread_t *thread);

/* Whether none of the threads that were started can be in our code any more. */
static bool ti_natives_are_gone(void);

/* When the process exits: nothing is unloaded any more, and sanitizers ask for threads that nobody joined. */
static void ti_natives_detach(void);

/* In a forked child: they are gone. */
static void ti_natives_reset(void);

/* ----------------------------------------------------------------------------- src/core/thread/priority.h */

/*
 * Priorities: five levels, which each backend maps to what its system has.
 *
 * Only the new thread itself can set its own, so a start that asks for one waits for the answer. A thread
 * that is refused ends before its target runs, and its start fails as if the system had not had it.
 */

/* Whether a number is one of the five. */
static bool ti_priority_is_level(int priority);

/* In the new thread: have the priority that was asked for, and tell the starter. False: it is refused. */
static bool ti_priority_take(threading_thread_t *thread);

/* In the starter: wait until that is known. THREADING_UNSUPPORTED: it is refused, and the system's thread
 * is gone. */
static threading_status_t ti_priority_await(threading_thread_t *thread, ti_self *caller);

/* --------------------------------------------------------------------------------- src/core/thread/roll.h */

/* The roll: the Thread objects that are alive, main first, then in the order of their start. The
 * registry's guard protects it. */

/* The main thread's object. Any thread may ask without the guard. */
static threading_thread_t *ti_roll_main(void);

/* Under the guard: */
static void ti_roll_list(threading_thread_t *record);
static void ti_roll_unlist(threading_thread_t *record);
static threading_thread_t *ti_roll_first(void); /* the others follow by `next` */

/* In a forked child, whose main has that object: forget the others. */
static void ti_roll_reset(threading_thread_t *main);

/* --------------------------------------------------------------------------------- src/core/tasks/tasks.h */

/*
 * The task ring: tasks in the order of their submission, in a ring that grows by doubling.
 *
 * A ring has two ends, each with its own lock and in its own memory. The submitter and the worker share a
 * line of the cache only when one of them has used up what it knows of the other. The submitters' lock
 * belongs to the owner of the ring (the executor or the worker), and protects other things as well. The
 * takers' lock is in the ring. A thread that needs both takes the submitters' lock first.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that keep apart what several threads write: two lines of the cache, since processors fetch them in
 * pairs. */
#define TI_APART 128

/*
 *   function      arg
 *   NULL          the future whose function is called; the task has a reference to it
 *   ti_map_task   the map whose next items are worked off; the task has a reference to it
 *   ti_group_task a group's task, which may have begun; it has a reference to it
 *   another       what it is called with, and nobody wants the result
 *
 * A linker may give functions of the same code one address (MSVC's /OPT:ICF, lld's --icf=all): so the two
 * that stand for a kind refer to functions of their own file, as no other one can.
 */
typedef struct ti_task {
    threading_target_t function;
    void *arg;
} ti_task;

typedef struct ti_slots {
    ti_task *tasks;
    size_t mask; /* one less than how many there are, a power of two */
} ti_slots;

typedef struct ti_tasks {
    uintptr_t put;   /* how many were put there so far */
    uintptr_t limit; /* how many may be before somebody must look how many were taken */
    ti_slots in;
    char apart[TI_APART];
    uint32_t lock; /* of those who take: protects what follows */
    uintptr_t taken;
    uintptr_t seen; /* how many were put, when one last looked */
    ti_slots out;   /* the same as `in`: both change under both locks */
} ti_tasks;

/* Make room for so many tasks more, under the lock of those who put. False: no memory, and nothing has
 * changed. */
static bool ti_tasks_grow(ti_tasks *tasks, size_t more, ti_self *self);

static inline bool ti_tasks_have_room(const ti_tasks *tasks, size_t more)
{
    return more <= tasks->limit - tasks->put;
}

/* Have those go for which `goes` is true, which then have no task any more; under the lock of those who put.
 * The others keep their order. */
static void ti_tasks_sweep(ti_tasks *tasks, bool (*goes)(ti_task task), ti_self *self);

static inline bool ti_tasks_reserve(ti_tasks *tasks, size_t more, ti_self *self)
{
    return ti_tasks_have_room(tasks, more) || ti_tasks_grow(tasks, more, self);
}

/* There is room. */
static inline void ti_tasks_push(ti_tasks *tasks, ti_task task)
{
    tasks->in.tasks[tasks->put & tasks->in.mask] = task;
    /* Release: pairs with the acquire in ti_tasks_pop, which then finds the task. */
    ti_store_pointer_release(&tasks->put, tasks->put + 1);
}

/* The oldest, under the lock of those who take. False: there is none. */
static inline bool ti_tasks_pop(ti_tasks *tasks, ti_task *task)
{
    if (tasks->taken == tasks->seen) {
        /* Acquire: as in ti_tasks_push; relaxed: ti_tasks_may_be_there is a hint. */
        ti_store_pointer_relaxed(&tasks->seen, ti_load_pointer_acquire(&tasks->put));
        if (tasks->taken == tasks->seen)
            return false;
    }
    *task = tasks->out.tasks[tasks->taken & tasks->out.mask];
    /* Release: pairs with the acquire in ti_tasks_grow, so that the place is used again after this. */
    ti_store_pointer_release(&tasks->taken, tasks->taken + 1);
    return true;
}

/* Whether there seems to be a task, without the takers' lock. Under the submitters' lock a false is certain:
 * no submitter can have put one meanwhile. */
static inline bool ti_tasks_may_be_there(const ti_tasks *tasks)
{
    /* Relaxed: the locks decide. */
    uintptr_t taken = ti_load_pointer_relaxed(&tasks->taken);
    return taken != ti_load_pointer_relaxed(&tasks->seen) || taken != ti_load_pointer_relaxed(&tasks->put);
}

/* How many there seem to be. */
static inline size_t ti_tasks_count(const ti_tasks *tasks)
{
    /* Acquire: pairs with the release in ti_tasks_pop, so that no more is taken than was put. */
    uintptr_t taken = ti_load_pointer_acquire(&tasks->taken);
    /* Relaxed: a hint. */
    return ti_load_pointer_relaxed(&tasks->put) - taken;
}

/* Take them all away, into a ring that is the caller's; under both locks. */
static ti_tasks ti_tasks_take_all(ti_tasks *tasks);

static void ti_tasks_free(ti_tasks *tasks);

/* ------------------------------------------------------------------------------ src/core/tasks/executor.h */

/*
 * Executor, within the library: tasks, and threads that take them.
 *
 * Tasks that are submitted from outside are in the executor's own ring, in their order. Once all workers
 * are started, a task that another task submits goes to the ring of the worker that runs the submitting
 * task, under a lock that is free most of the time. A worker takes the oldest task of its own ring, else
 * of the executor's, else of another worker's: it steals. All rings give their oldest task first, and each
 * worker looks elsewhere first now and then, so that no task waits for ever because others submit more and
 * more. A worker takes a task only to begin it: if workers took several at once, the later ones would
 * begin after tasks that were submitted later still. As long as no worker's ring was ever used, nobody looks
 * there (`is_nested`).
 *
 * A worker that finds no task counts itself as idle and reads the signal. Then it looks a last time at
 * each ring under the submitters' lock, and sleeps unless the signal has changed. A submitter that puts a
 * task there after that look holds the same lock, so it sees that the worker is counted: it changes the
 * signal, and wakes a worker that sleeps. Until this worker has looked for tasks, submitters signal no
 * other. Before the worker runs the task that it has found, it signals the next worker if there are more
 * tasks. So a task costs a wake only when nobody is about to look for it.
 *
 *   the submitter, under the ring's lock     the worker
 *   put the task                             idle + 1 (and - 1 when it goes on)
 *   idle > 0 and not waking? then            read the signal
 *     waking = 1                             waking = 0
 *     signal + 1, take a worker that sleeps  look at each ring under its lock; sleep if there is nothing
 *   wake that worker, without the lock         and the signal has not changed
 *                                            waking = 0 when it goes on; find a task, look at each ring
 *                                              for another one, and signal the next worker
 *
 * The losing interleaving would be: a submitter puts a task into a ring after a worker's last look there,
 * and the worker sleeps. The ring's lock lets the submitter see that the worker is counted, and see the
 * worker's 0 in `waking` or a later value. If the submitter reads a 1, another submitter has written that
 * 1 after the 0, and changes the signal after the worker has read it. So either the worker does not sleep,
 * or a sleeping worker is taken off the line. Either of them writes 0 after that 1, and looks at the ring
 * afterwards. Had it looked before the task was put, the submitter would have seen that 0.
 * docs/models/relay.pml has all orders.
 *
 * In a bounded pool a submitter from outside that finds the executor's ring full waits for a change of
 * `room`, which a worker makes when it has taken tasks from that ring:
 *
 *   the submitter                                   the worker
 *   lock; read `room`                               take tasks, without that lock
 *   full? unlock, and sleep unless `room` changed   room + 1, take a submitter that sleeps, and wake it
 *   lock, and look again
 *   put the task; if there is still room, take the
 *     next submitter that sleeps; unlock, wake it
 *
 * The losing interleaving would be: the submitter finds the ring full, the worker takes a task and finds
 * nobody asleep, and the submitter goes to sleep. But then `room` has changed after the submitter read it,
 * unless it read the change already; that load is an acquire, so that the look that came after it found the
 * place. A worker that comes upon cancelled tasks makes several places with one change and one wake: the one
 * that was woken wakes the next, also if it could not put its own task.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One of an executor's threads. */
typedef struct ti_worker {
    threading_executor_t *executor;
    threading_thread_t *thread;
    uintptr_t next; /* the worker that was started after it; 0 if there is none yet */
    char apart[TI_APART];
    uint32_t turn; /* counts its searches; its own thread's, as the next five */
    struct ti_worker *victim;
    ti_task task;           /* what it runs; empty if it is a map or nothing */
    threading_stop_t *stop; /* what the thread heeded before */
    bool relays;            /* it was idle, and has found no task yet */
    bool is_done;           /* there will be no task any more */
    uint32_t lock;          /* of its own thread, when that puts tasks there */
    ti_tasks tasks;
} ti_worker;

/* Fields that are written often are apart from fields that are only read, and the submitters' fields from
 * the workers'. */
struct threading_executor {
    uint32_t handles;     /* what users hold; with the last it is shut down */
    uint32_t references;  /* one for all handles together, one for each worker */
    uint32_t family;      /* ti_phase_family: the workers of another process's executor are not here */
    uint32_t is_complete; /* all workers are started: set for good, and read without the lock */
    uint32_t is_nested;   /* a worker's own ring was used: set for good, under the lock, before that */
    uint32_t refused;     /* the status of tasks that had not begun and never will; read without the lock */
    uint32_t refusal;     /* the status of a submit: OK, SHUTDOWN or BROKEN; read without the lock too */
    bool is_shutdown;
    size_t worker_count;
    ti_worker *last;    /* worker */
    uintptr_t first;    /* worker; read without the lock too */
    uintptr_t loops;    /* the first loop that wants threads (executor_for.c); likewise */
    size_t max_workers; /* does not change, as the next two */
    size_t parallelism; /* how many threads could run at once when it was made */
    threading_executor_options_t options;
    char *name;
    bool is_listed; /* under the list's guard, as the next two */
    threading_executor_t *previous_listed;
    threading_executor_t *next_listed;
    char apart[TI_APART];
    uint32_t
        spare; /* workers that run no task, less tasks that are queued, while it is not complete; atomic */
    uint32_t idle;   /* workers that look a last time, or sleep; changes without the lock */
    uint32_t signal; /* what they wait for a change of */
    uint32_t
        waking; /* not 0: one was signalled that has not looked for a task yet; changes without the lock */
    char apart_too[TI_APART];
    uint32_t lock; /* of those who submit: protects the workers, the shutdown, the refusal and the tasks */
    ti_tasks tasks;
    uint32_t room; /* of a bounded pool: what submitters wait for a change of; beside what workers write */
};

/* In a forked child: its locks may be held for ever by threads that are gone. */
static bool ti_executor_is_orphaned(const threading_executor_t *executor);

/* Whether an abandoned call of it stays as it is: there, or in a thread that ends the process, which runs
 * what remains to be done (ti_executor_work). */
static bool ti_executor_is_spared(const threading_executor_t *executor, const ti_self *self);

/* Whether its options are such as are known. */
static bool ti_executor_accepts(const threading_executor_t *executor);

/* Queue a task so many times, whatever max_pending is, and see to it that there are workers. On failure it
 * was queued not once. */
static threading_status_t ti_executor_enqueue(threading_executor_t *executor, ti_task task, size_t times,
                                       ti_self *self);

/* The same, once, where there is room: else it waits, or gives THREADING_BUSY. In one of the pool's own
 * tasks it does not wait but goes beyond the bound: it would wait for itself. */
static threading_status_t ti_executor_enqueue_bounded(threading_executor_t *executor, ti_task task, bool may_wait,
                                               ti_self *self);

/* Have so many idle workers look again: those that sleep are a chain for ti_line_wake. */
static ti_waiter *ti_executor_signal(threading_executor_t *executor, size_t n, ti_self *self);

/* In a worker: run a task of its own executor that has not begun. False: it is another's, or has begun. */
static bool ti_executor_help(threading_future_t *future, ti_self *self);

/* What a task leaves behind in its thread is undone. False: the task has called fork, and this is the
 * child. */
static bool ti_executor_leave(const threading_executor_t *executor, threading_stop_t *stop, ti_self *self);

/* In a worker: call a task's function. What the task leaves behind in the thread is undone. */
static void *ti_executor_call(threading_executor_t *executor, threading_target_t function, void *arg, ti_self *self);

/* So many workers more run no task, or so many tasks less are queued. */
static void ti_executor_count_spare(threading_executor_t *executor, uint32_t more);

/* Take no more tasks, and let the workers end when none is left. */
static void ti_executor_stop(threading_executor_t *executor, bool cancel_futures);

/* The worker that was started next, the first for NULL; valid as long as the executor is. NULL: there is
 * none. */
static ti_worker *ti_executor_worker_after(const threading_executor_t *executor, const ti_worker *worker);

/* Give one of `references` back. */
static void ti_executor_give_back(threading_executor_t *executor);

/* executor_room.c: of a bounded pool. Find room for one task more, or a reason to put none, with the lock
 * of the ring to which it goes; it is released during a wait. `worker`: the calling one if that ring is its
 * own, else NULL. THREADING_BUSY: there is none and it may not wait; THREADING_CANCELLED: its stop was
 * requested. */
static threading_status_t ti_executor_find_room(threading_executor_t *executor, ti_worker *worker, bool may_wait,
                                         ti_self *self);

/* With the executor's lock: the next submitter that waits, if there is room; for ti_line_wake. */
static ti_waiter *ti_executor_take_submitter(threading_executor_t *executor, ti_self *self);

/* There is room, or a reason to wait for it no longer: have so many of those who wait look again. */
static void ti_executor_make_room(threading_executor_t *executor, size_t n, ti_self *self);

static inline bool ti_executor_is_bounded(const threading_executor_t *executor)
{
    return executor->options.max_pending != 0;
}

/* executor_worker.c: start another one, under the lock. */
static threading_status_t ti_executor_start_worker(threading_executor_t *executor);

/* Run tasks in the calling thread, a worker, until there will be none. */
static void ti_executor_work(ti_self *self);

/* End all tasks that have not begun, with THREADING_CANCELLED or THREADING_BROKEN. */
static void ti_executor_refuse(threading_executor_t *executor, threading_status_t status, ti_self *self);

/* Run no task any more that has not begun: a worker has failed. Their futures end with THREADING_BROKEN. */
static void ti_executor_break(threading_executor_t *executor, ti_self *self);

/* executor_map.c: what stands for the function in a map's tasks; in a worker, work off its items; end
 * those that have not begun; give a reference back. */
struct ti_map;
static void *ti_map_task(void *map);
static void ti_map_work(struct ti_map *map, ti_self *self);
static void ti_map_refuse(struct ti_map *map, threading_status_t status);
static void ti_map_give_back(struct ti_map *map);

/* executor_task.c: let a task that was taken begin. False: it was cancelled, or somebody has run it. */
static bool ti_task_begins(threading_executor_t *executor, ti_task task, const ti_self *self);

/* Drop what is in a worker's ring and was run by a thread that waited for it, or cancelled; under the
 * worker's lock. A thread that submits and waits again and again, and never comes to look for tasks, fills
 * it so. */
static void ti_worker_sweep(ti_worker *worker, ti_self *self);

/* Have so many workers look for something to do that was put under the lock, which is released here; start
 * them if there are not enough. How many are to come is stored before that. */
static void ti_executor_call_workers(threading_executor_t *executor, uint32_t *called, uint32_t n, ti_self *self);

/* executor_for.c: have a share in a loop that wants a thread, NULL if there is none; and then run its pieces
 * in the calling thread, a worker. */
typedef struct ti_loop ti_loop;
typedef struct ti_share ti_share;
static ti_share *ti_loop_enter(threading_executor_t *executor, ti_loop **entered, ti_self *self);
static void ti_loop_work(ti_loop *loop, ti_share *share, ti_self *self);

/* group.c: what stands for the function in the tasks of a group; let one begin, in the calling thread; run
 * it; end it instead. */
typedef struct threading_member ti_member;
static void *ti_group_task(void *member);
static bool ti_member_is_pending(const ti_member *member);
static bool ti_member_begin(ti_member *member, const ti_self *self);
static void ti_member_run(ti_member *member, ti_self *self);
static void ti_member_refuse(ti_member *member, threading_status_t status);
static void ti_member_give_back(ti_member *member);

/* executor_list.c: enter a new one where the end of the process finds it, and take it out again. False: the
 * process waits for its threads just now, and takes no new executors. */
static bool ti_executor_list(threading_executor_t *executor, ti_self *self);
static void ti_executor_unlist(threading_executor_t *executor, ti_self *self);

/* The process waits for its threads: shut all executors down, and have none begin until they are opened
 * again. */
static void ti_executors_close(ti_self *self);
static void ti_executors_open(void);

/* In a forked child, which has none of them. */
static void ti_executors_reset(void);

/* -------------------------------------------------------------------------------- src/core/tasks/future.h */

/*
 * Future: a state that can be waited for, and what comes out in the end.
 *
 *   state              meaning                                     next
 *   PENDING            nobody works on it                          an ident, RUNNING, CANCELLED, FINISHED
 *   a thread's ident   that thread runs the executor's task        FINISHED
 *   RUNNING            threading_future_start was called           FINISHED
 *   CANCELLED          cancelled                                   NOTIFIED
 *   NOTIFIED           and threading_future_start has told so
 *   FINISHED           it has a value, or a status that is no THREADING_OK
 *
 * A running task's state is the ident of its thread, so that a wait for it can be proved to be a deadlock
 * like one for an RLock (deadlock.h). A future gets done under its lock, which also protects the callbacks
 * and what comes out until then; the other changes of the state are single swaps.
 */

#include <stdbool.h>
#include <stdint.h>

enum { TI_PENDING_FUTURE = 0 };
#define TI_RUNNING_FUTURE TI_IDENT_LIMIT
#define TI_CANCELLED (TI_IDENT_LIMIT + 1) /* from here on it is done */
#define TI_NOTIFIED (TI_IDENT_LIMIT + 2)
#define TI_FINISHED (TI_IDENT_LIMIT + 3)

struct ti_callback;

struct threading_future {
    uint32_t references;
    uint32_t state;
    uint32_t order;            /* set before it is done: later ones have later numbers */
    uint32_t lock;             /* as a Lock's word (line.h) */
    threading_status_t status; /* set before it is done, as the value */
    uint32_t offset;           /* its block's, for block.h */
    void *value;
    struct ti_callback *last_callback; /* whose next is the first; NULL: none */
    threading_executor_t *executor;    /* whose task it is, not retained; NULL for others */
    threading_target_t function;
    void *arg;
};

/* Pending, with so many references. NULL: no memory. */
static threading_future_t *ti_future_new(threading_executor_t *executor, threading_target_t function, void *arg,
                                  uint32_t references);

static bool ti_future_is_pending(const threading_future_t *future);
static bool ti_future_is_done(const threading_future_t *future);

/* Let a pending future be run by a thread of that ident. False: somebody else was faster. */
static bool ti_future_begin(threading_future_t *future, uint32_t runner);

/* Finish a future that is in the state `from`, which is not done, and run its callbacks. False: it is in
 * another. If `spare` is given, 1 is added to it: before the future is done if there is no callback, else
 * after the last of them. */
static bool ti_future_finish(threading_future_t *future, uint32_t from, threading_status_t status, void *value,
                      uint32_t *spare);

/*
 * Whether the calling thread may run tasks that have not begun instead of waiting for them. To be asked only
 * by a wait that cannot end before those tasks have: for the result of one, for all of several, for a map's
 * items. A wait for the first of several would last as long as the task that it happened to run.
 */
static bool ti_future_may_help(const ti_self *self, int64_t deadline);

/* Wait until a state that holds what a future's does is done: THREADING_OK, THREADING_DEADLOCK, which was
 * told, or the status of the wait's limit. The caller has noted what it waits for. */
static threading_status_t ti_state_await(uint32_t *state, ti_self *self, int64_t deadline);

/* Wait until a future is done; a worker runs the task itself if it may. */
static threading_status_t ti_future_await(threading_future_t *future, ti_self *self, int64_t deadline);

/* --------------------------------------------------------------------------------- src/core/tasks/queue.h */

/* Queue: what its files share, and what threading_wait_any asks it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct threading_queue {
    uint32_t lock; /* protects what follows */
    threading_queue_kind_t kind;
    uintptr_t count; /* read without the lock too; its address is that of the lines */
    size_t unfinished;
    size_t maxsize; /* 0: none */
    size_t item_size;
    size_t first;
    size_t capacity;
    unsigned char *items; /* `capacity` items and one more to swap with */
    bool is_shutdown;
    int (*compare)(const void *a, const void *b);
    void (*destructor)(void *item);
    uint32_t references; /* changes without the lock */
};

/* The calling thread, which has the lock now. */
static inline ti_self *ti_queue_lock(threading_queue_t *queue)
{
    ti_self *self = ti_self_get();
    ti_line_lock(&queue->lock, self);
    return self;
}

static inline void ti_queue_unlock(threading_queue_t *queue, const ti_self *self)
{
    ti_line_unlock(&queue->lock, self);
}

static inline bool ti_queue_is_full(const threading_queue_t *queue)
{
    return queue->maxsize > 0 && queue->count >= queue->maxsize;
}

/* Whether a get would not wait. */
static bool ti_queue_is_ready(threading_queue_t *queue);

/* What its watchers wait for. */
static const void *ti_queue_address(const threading_queue_t *queue);

/* ------------------------------------------------------------------------------ src/core/tasks/wait_any.h */

/* The wait for any of several things, for arguments that were checked. */

#include <stddef.h>
#include <stdint.h>

/* Wait until a source is ready; *index is the first one that is. */
static threading_status_t ti_wait_any(threading_source_t *sources, size_t count, ti_self *self, int64_t deadline,
                               size_t *index);

/* ----------------------------------------------------------------------------- src/core/diagnosis/debug.h */

/* The environment variable THREADING_DEBUG, for programs that nobody wants to rebuild. */

#if !defined(THREADING_NO_DIAGNOSIS)

/* At each thread's first call, before the thread has its pointer (port.h, 4): whether locks are watched is
 * decided once, and other threads wait until it is. Nothing of malloc's is used. */
static void ti_debug_begin(void);

/* When no thread has a pointer any more: the next use is a first one. */
static void ti_debug_end(void);

/* In a forked child: a thread that was reading the variable is not there. */
static void ti_debug_forked(void);

/* At the first use of the library, and at each first start of a thread in a forked child: do what the
 * variable asks for. */
static void ti_debug_start(void);

/* At the end of the process: write what was to be written then. */
static void ti_debug_at_exit(void);

#else
#define ti_debug_begin() ((void)0)
#define ti_debug_end() ((void)0)
#define ti_debug_forked() ((void)0)
#define ti_debug_start() ((void)0)
#define ti_debug_at_exit() ((void)0)
#endif

/* ------------------------------------------------------------------------------ src/core/diagnosis/text.h */

/*
 * Text that is put together in a buffer of its own and handed to the user's function in whole lines. It
 * allocates nothing and calls nothing of the C library's formatted output, which a stuck thread may have
 * locked.
 */

#include <stddef.h>
#include <stdint.h>

#if !defined(THREADING_NO_DIAGNOSIS)

#define TI_TEXT_SIZE 2048
#define TI_TEXT_NAME 96 /* bytes of a name that are shown */

typedef struct ti_text {
    threading_write_t write;
    void *context;
    size_t length;
    char buffer[TI_TEXT_SIZE];
} ti_text;

static void ti_text_begin(ti_text *text, threading_write_t write, void *context);

/*
 * Add to the text what the format says. What finds no room in the buffer is left out, and the line ends in
 * "…". A line that ends is handed over when the buffer is half full.
 *
 *   part    stands for                                       arguments
 *   %s      words                                            const char *
 *   %n      a name in quotes, its control characters as ?    const char *
 *   %j      a name inside of the quotes of JSON; what is no  const char *
 *           UTF-8 becomes U+FFFD
 *   %u, %U  a number                                         uint32_t, uint64_t
 *   %p      an address                                       const void *
 *   %m      12.345; less than 0 counts as 0                  int64_t, thousandths
 *   %t      12.345 s, likewise                               int64_t, nanoseconds
 *   %w      a thread: its name and ident                     const char *, uint32_t
 *   %o      an object: its kind, its name if that is not "", const char *, const char *, const void *
 *           its address if that is not NULL
 *   %O      the same inside of the quotes of JSON, where the address stands only for the name
 *   %>      moves what stands in this column to the right of it; a column begins with the format, with the
 *           line, and here
 */
static void ti_text_format(ti_text *text, const char *format, ...);

/* Hand over what is left. Nothing of the library's is locked. */
static void ti_text_flush(ti_text *text);

/* Copy a name, as much as is shown, cut before a character of UTF-8. */
static void ti_text_copy_name(char copy[TI_TEXT_NAME], const char *name);

#endif

/* ------------------------------------------------------------------------------ src/core/diagnosis/look.h */

/*
 * How the diagnosis looks at other threads, which go on meanwhile.
 *
 * It reads all under the registry's guard, in pieces, so that it holds that for moments only. What a thread
 * waits for may be looked at while it is certain that the thread cannot leave the wait, whose end may be the
 * end of the object's memory:
 *   - under the guard of the bucket in whose queue its waiter stands;
 *   - under the registry's guard, while the thread has published its wait (deadlock.h).
 * Elsewhere an object's address is only a number. The diagnosis waits for a guard for a while only: a thread
 * may be stuck with one, or a debugger may have stopped it there. Then the text says so.
 */

#if !defined(THREADING_NO_DIAGNOSIS)

/* A thread at a moment, copied. */
typedef struct ti_look {
    uint32_t ident;
    uint64_t native_id; /* 0: not known */
    int64_t began;
    bool is_foreign;
    bool is_daemon;
    ti_blocked_view view;
    uint32_t holder; /* the ident of the thread that has what it waits for; 0: none, or not known */
    bool holder_is_gone;
    bool is_notified; /* it waits for a Condition, was notified, and waits for the lock */
    uint32_t parties; /* of a Barrier, 0 elsewhere; and how many of them are there */
    uint32_t arrived;
    uint32_t awaited; /* the last search (ring.h) that has seen somebody wait for what it has */
    bool is_unclear;  /* what it waits for could not be looked at: the guard was held */
    char name[TI_TEXT_NAME];
    char object_name[TI_TEXT_NAME]; /* "": it has none */
    char holder_name[TI_TEXT_NAME];
} ti_look;

/* Under the registry's guard. */
static void ti_look_at(ti_look *look, const ti_self *self);
static void ti_look_copy_name(char name[TI_TEXT_NAME], const ti_self *self);
static void ti_look_copy_object_name(char name[TI_TEXT_NAME], const void *object);

/* The same for the next thread after an ident, without the guard. False: there is none; or, *is_stuck, the
 * guard could not be had. */
static bool ti_look_at_next(ti_look *look, uint32_t ident, bool *is_stuck);

/* The ident of the thread that has what another one waits for, or 0. The view in *look is set before; the
 * rest of *look is set here. */
static uint32_t ti_look_for_holder(ti_look *look, const ti_self *self);

/* The kind of what is waited for: "Lock", "Queue". */
static const char *ti_look_kind(ti_on on);

/* What several threads wait for, or one thread for several: an object, its kind and a number. */
typedef struct ti_look_object {
    const void *object;
    const char *kind;
    uint32_t count;
    char name[TI_TEXT_NAME];
} ti_look_object;

#define TI_LOOK_OBJECTS 16

/* The next thread after an ident that reads an RWLock, as far as threads note that; 0: there is none. */
static uint32_t ti_look_for_reader(char name[TI_TEXT_NAME], const void *rwlock, uint32_t ident);

/* The RWLocks that a thread reads; with what is said below. */
static size_t ti_look_for_reads(ti_look_object *objects, uint32_t ident);

/* Up to TI_LOOK_OBJECTS that other threads wait for and a thread has, with how many wait; or those whose
 * wait_any() a thread waits in. All that there are is the result. */
static size_t ti_look_for_held(ti_look_object *objects, uint32_t ident);
static size_t ti_look_for_sources(ti_look_object *objects, uint32_t ident);

#endif

/* ------------------------------------------------------------------------------ src/core/diagnosis/dump.h */

#if !defined(THREADING_NO_DIAGNOSIS)

/* In a forked child: no dump is under way. */
static void ti_dump_reset(void);

/* What it is that an object is waited for: ", to read"; "": the object says it. */
static const char *ti_dump_purpose(ti_on on);

#else
#define ti_dump_reset() ((void)0)
#endif

/* ----------------------------------------------------------------------------- src/core/diagnosis/names.h */

/*
 * Names of objects, by their addresses, in a table on the side: objects have no room for them, and need no
 * end.
 *
 * The registry's guard protects the table, so that a dump sees threads and names at once, and fork needs no
 * guard more.
 */

#include <stddef.h>

#if !defined(THREADING_NO_DIAGNOSIS)

/* Under the registry's guard: the name of an object; NULL: it has none. */
static const char *ti_names_find(const void *object);

/* The same as threading_object_name(), under the guard. */
static size_t ti_names_copy(const void *object, char *buffer, size_t size);

/* When no thread is known: no object has a name. */
static void ti_names_forget(void);
#else
#define ti_names_forget() ((void)0)
#endif

/* ----------------------------------------------------------------------------- src/core/diagnosis/order.h */

/*
 * The order of locks: a program that takes two locks in both orders is told, though nothing hangs yet.
 *
 * While it is on, each Lock, RLock and RWLock that a thread is about to wait for is noted behind each that
 * the thread has: an edge of a graph. An edge that closes a ring, of two locks or of more, is told before
 * the wait begins, also if this is the wait that hangs. It is told once: an edge that is there already closes
 * nothing, and one that has closed a ring is part of no other.
 *
 * Only numbers are kept of an object: its address, never what is in it, for it may be gone.
 *   - A try, and a wait with a limit, is no edge: it gives up, and nothing hangs. What it takes is held.
 *   - Nor is an acquire of what the thread has already, nor the one at the end of a condition's wait.
 *   - What is to be acquired is held from before the attempt on, and until before the release; so it is there
 *     when another thread releases a Lock, whose word tells whose it is.
 *   - A lock that is initialised is a new one: what is known of its address is forgotten. One that is made by
 *     filling memory with zeros cannot be told from the one that was there before, whose edges it inherits.
 *   - What a thread has when it ends, it has for ever.
 *
 * The room is the system's, taken once. When it is full an old edge goes, or the oldest lock that is held;
 * that is counted and told. Of a thread that has more than 64 locks, the last 64 are looked at.
 */

#if !defined(THREADING_NO_DIAGNOSIS)

/* Begin, before any thread has a pointer (port.h, 4). False: there is no memory, and nothing begins. The text
 * is handed over while nothing is locked. */
static bool ti_order_start(threading_write_t write, void *context);

/* End, when no thread has a pointer any more. */
static void ti_order_stop(void);

#endif

/* --------------------------------------------------------------------------- src/core/diagnosis/profile.h */

/*
 * The profile: which objects threads wait for, and for how long.
 *
 * All its memory is taken at the first start, since the thread that tells of a wait may be in the middle of
 * malloc. There are two tables. One has a row for each object, the other the time of each thread on each
 * object, so that the threads that waited most are found exactly. Each is made of sets: a hash says in which
 * set something belongs, and each set has a few places and a guard, so that threads that wait for different
 * things do not wait for each other here. What finds no place in its set is counted there.
 */

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
static ti_profile *ti_profile_get(void);

/* What the watcher is told (watch.h). */
static void ti_profile_hear(ti_self *self, const ti_news *news);

/* As ti_watch_reset and ti_watch_unload. */
static void ti_profile_reset(void);
static void ti_profile_unload(void);

/* In a forked child: nobody writes. */
static void ti_profile_reset_writer(void);

#endif

/* ------------------------------------------------------------------------------ src/core/diagnosis/ring.h */

/*
 * Rings: threads that wait for each other, found from outside, while they sleep.
 *
 * What each thread waits for is looked at one after the other, so a ring that is put together from that may
 * never have been there at one moment. So it is looked at twice. If all its threads sleep in the same waits
 * (the versions of their notes are the same) and wait for the same threads both times, then all of it was
 * there between the two. The proof of deadlock.h is another: it is made by the thread that would close the
 * ring, and knows of owned locks only.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if !defined(THREADING_NO_DIAGNOSIS)

#define TI_RING_MOST 64 /* of a longer ring the beginning is told */

/*
 *   idents     of its threads: each waits for what the next one has, the last for the first's
 *   count      how many there are; TI_RING_MOST in `idents` at most
 *   is_proved  no wait has a limit, and what is waited for can be given by that thread only
 */
typedef struct ti_ring {
    uint32_t idents[TI_RING_MOST];
    size_t count;
    bool is_proved;
} ti_ring;

/* A number for a search; each thread is looked at once in it. */
static uint32_t ti_ring_search(void);

/* The next ring whose search begins behind the thread of that ident; *ident is where it began. False: there
 * is none. */
static bool ti_ring_next(ti_ring *ring, uint32_t search, uint32_t *ident);

#endif

/* ----------------------------------------------------------------------------- src/core/diagnosis/trace.h */

/*
 * The trace: what each thread waited for, event by event, and who woke it.
 *
 * All its memory is taken at the first start, since the thread that tells of a wait may be in the middle of
 * malloc. It is a pool of chunks of events, and a row for each thread. A row takes a chunk when it needs one,
 * until it has the most that it may have or there is none left; from then on its newest event takes the place
 * of its oldest. A thread's row stays when the thread has ended, until another one needs it and there is none
 * left.
 *
 * One guard protects all of it. A thread that tells of a wait has just slept, which takes far longer than the
 * guard is held. The registry's guard may be taken under it, for names. Pages of the pool that are not used
 * yet cost no memory.
 */

#if !defined(THREADING_NO_DIAGNOSIS)

#define TI_TRACE_CHUNK 64 /* events */
#define TI_TRACE_CHUNKS 4096
#define TI_TRACE_ROWS 1024
#define TI_TRACE_ROW_CHUNKS 64 /* most of a row: 4,096 events */

typedef enum ti_trace_end {
    TI_TRACE_WOKEN,
    TI_TRACE_LIMIT, /* the wait's time was over */
    TI_TRACE_OTHER,
    TI_TRACE_ITEMS, /* no wait: so many items were there */
    TI_TRACE_WAITS  /* not over: of no event that is kept */
} ti_trace_end;

/*
 *   since, until      of the wait; both the moment when items were counted
 *   woken_at, waker   if it was woken
 *   number            of the waker; of items: how many
 */
typedef struct ti_trace_event {
    const void *object;
    int64_t since;
    int64_t until;
    int64_t woken_at;
    uint32_t number;
    uint16_t on;
    uint16_t end;
} ti_trace_event;

/*
 *   ident    0: it is nobody's
 *   count    events so far
 *   chunks   the numbers of its chunks; it has chunk_count
 */
typedef struct ti_trace_row {
    uint32_t ident;
    uint32_t chunk_count;
    uint64_t count;
    int64_t began;
    int64_t ended; /* 0: it has not */
    uint16_t chunks[TI_TRACE_ROW_CHUNKS];
    char name[TI_TEXT_NAME];
} ti_trace_row;

/*
 *   guard             protects all that follows
 *   started, stopped  when; stopped is TI_FOREVER meanwhile
 *   row_count         how many were ever used
 *   ended_count       how many are of threads that have ended
 *   lost              events of threads for which there was no row, and of rows that were given to others
 *   chunk_count       how many are used
 */
typedef struct ti_trace {
    ti_guard guard;
    int64_t started;
    int64_t stopped;
    uint32_t row_count;
    uint32_t ended_count;
    uint32_t lost;
    uint32_t chunk_count;
    ti_trace_row rows[TI_TRACE_ROWS];
    ti_trace_event chunks[TI_TRACE_CHUNKS][TI_TRACE_CHUNK];
} ti_trace;

/* NULL: none was started. */
static ti_trace *ti_trace_get(void);

/* Under the guard: how many events are kept, and the n-th of all. */
static uint64_t ti_trace_kept(const ti_trace_row *row);
static ti_trace_event *ti_trace_event_at(ti_trace *trace, const ti_trace_row *row, uint64_t n);

/* What the watcher is told (watch.h). */
static void ti_trace_hear(ti_self *self, const ti_news *news);

/* As ti_watch_reset and ti_watch_unload. */
static void ti_trace_reset(void);
static void ti_trace_unload(void);

/* In a forked child: nobody writes. */
static void ti_trace_reset_writer(void);

#endif

/* ----------------------------------------------------------------------------- src/core/diagnosis/watch.h */

/*
 * The profile and the trace are told of the same news by the one watcher that there can be (blocked.h). When
 * neither is on there is none, and a sleep costs what it costs without them.
 */

#include <stdint.h>

enum { TI_WATCH_PROFILE = 1, TI_WATCH_TRACE = 2 };

#if !defined(THREADING_NO_DIAGNOSIS)

/* Let one of the two be told from now on, or no more. */
static void ti_watch_begin(ti_self *self, uint32_t whom);
static void ti_watch_end(ti_self *self, uint32_t whom);

/* In a forked child: nothing is recorded, and nothing was. */
static void ti_watch_reset(void);

/* When no thread is known: the same, and the memory is given back. */
static void ti_watch_unload(void);

#else
#define ti_watch_reset() ((void)0)
#define ti_watch_unload() ((void)0)
#endif

/* -------------------------------------------------------------------------- src/core/diagnosis/watchdog.h */

/*
 * The watchdog: a thread of the library's own that dumps when a wait takes too long, or when the user asks.
 *
 * It is no Thread, and waits for nothing but time. It looks some times in a second, so that what it costs
 * does not depend on what the program does.
 */

#include <stdbool.h>
#include <stdint.h>

#if !defined(THREADING_NO_DIAGNOSIS)

/* Dump when a thread has waited for so many nanoseconds, once for each wait; TI_FOREVER: not for that. And
 * when the user asks by the keyboard, if those requests are counted. False: there can be no thread. */
static bool ti_watchdog_start(int64_t limit, threading_write_t write, void *context);

#endif

/* ------------------------------------------------------------------------------- src/core/process/hooks.h */

/*
 * What the library has the system call, and when it asks for that.
 *
 * Names of the core point down only: a room knows nothing of the rooms above it. This file is the one
 * exception. A thread's first call comes from the lowest room that knows threads, and it is here that the
 * calls for the thread's end, the process's exit and fork are asked for, which are in the highest.
 */

#include <stdbool.h>

/* Main becomes known: its object, and its ident. */
static void ti_hooks_begin_main(ti_self *self);

/* The calling thread has become known. */
static void ti_hooks_first_call(ti_self *self);

/* The copy's first use: have all that is needed for threads, once. False: the process would not wait for
 * them at its exit, or a forked child could not be told; asked again, it tries again. */
static bool ti_hooks_start(void);

/* In a forked child: what belongs to the process is to be asked for again. */
static void ti_hooks_forked(void);

/* The next use is a first use. */
static void ti_hooks_reset(void);

/* shutdown.c: the wait at exit. */
static void ti_shutdown_at_exit(void);

/* ------------------------------------------------------------------------------- src/core/base/deadline.c */

#define TI_NANOSECONDS 1e9

static threading_status_t ti_deadline_check(double seconds)
{
    if (seconds == THREADING_FOREVER)
        return THREADING_OK;
    if (!(seconds >= 0)) /* this way round, since every comparison with NaN is false */
        return THREADING_INVALID;
    return seconds > THREADING_TIMEOUT_MAX ? THREADING_OVERFLOW : THREADING_OK;
}

static threading_status_t ti_deadline_check_on(const void *object, double seconds)
{
    return object != NULL ? ti_deadline_check(seconds) : THREADING_INVALID;
}

/* Rounded up, as CPython rounds timeouts: the smallest positive timeout is one nanosecond, not a try. */
static int64_t ti_nanoseconds(double seconds)
{
    double exact = seconds * TI_NANOSECONDS;
    int64_t whole = (int64_t)exact;
    return whole + ((double)whole < exact);
}

static int64_t ti_deadline_after(double seconds)
{
    if (seconds == THREADING_FOREVER)
        return TI_FOREVER;
    int64_t now = ti_port_now();
    int64_t wait = ti_nanoseconds(seconds);
    /* 292 years from now are no moment that the clock can show: stop just before TI_FOREVER. */
    return wait < TI_FOREVER - now ? now + wait : TI_FOREVER - 1;
}

static bool ti_deadline_passed(int64_t deadline)
{
    return deadline != TI_FOREVER && ti_port_now() >= deadline;
}

/* --------------------------------------------------------------------------------- src/core/base/faults.c */

#if !defined(THREADING_NO_DIAGNOSIS)

/*
 *   n      0: none is to fail
 *   seed   0: the n-th; else one in n
 *   count  how many there were
 */
static struct {
    uint32_t n;
    uint32_t seed;
    uint32_t count;
} ti_faults[TI_FAULT_KINDS];

static TI_COLD void ti_faults_ask(ti_fault fault, uint32_t n, uint32_t seed)
{
    ti_faults[fault].seed = seed;
    ti_store_release(&ti_faults[fault].n, n);
}

/* A number that looks like chance, made of the seed and which one it is: the same again for the same seed.
 * (The finaliser of MurmurHash3, Appleby, in the public domain.) */
TI_COLD static uint32_t ti_fault_mix(uint32_t number)
{
    number = (number ^ number >> 16) * UINT32_C(0x85EBCA6B);
    number = (number ^ number >> 13) * UINT32_C(0xC2B2AE35);
    return number ^ number >> 16;
}

TI_COLD static void ti_fault_tell(ti_fault fault)
{
    static const char memory[] = "threading: an allocation fails, as was asked for\n";
    static const char thread[] = "threading: the start of a thread fails, as was asked for\n";
    if (fault == TI_FAULT_MEMORY)
        ti_port_complain(memory, sizeof memory - 1);
    else
        ti_port_complain(thread, sizeof thread - 1);
}

static bool ti_fault_comes(ti_fault fault, uint32_t n)
{
    uint32_t count = ti_add_relaxed(&ti_faults[fault].count, 1) + 1; /* relaxed: only the number matters */
    uint32_t seed = ti_faults[fault].seed;
    bool is_due = seed == 0 ? count == n : ti_fault_mix(seed + count) % n == 0;
    if (is_due)
        ti_fault_tell(fault);
    return is_due;
}

static bool ti_fault_is_due(ti_fault fault)
{
    uint32_t n = ti_load_acquire(&ti_faults[fault].n);
    return n != 0 && ti_fault_comes(fault, n);
}

#endif

/* ---------------------------------------------------------------------------------- src/core/base/later.c */

#include <stddef.h>
#include <stdint.h>

static uintptr_t ti_later_memory; /* linked by the first pointer in each */

static TI_COLD void ti_later_free(void *memory)
{
    if (memory == NULL)
        return;
    *(void **)memory =
        (void *)ti_load_pointer_relaxed(&ti_later_memory); /* relaxed: nobody else changes it now */
    ti_store_pointer_relaxed(&ti_later_memory, (uintptr_t)memory);
}

static TI_COLD void ti_later_settle(void)
{
    if (ti_load_pointer_relaxed(&ti_later_memory) == 0) /* relaxed: spares the exchange, which decides */
        return;
    void *memory = (void *)ti_exchange_pointer_acquire(&ti_later_memory, 0);
    for (void *next; memory != NULL; memory = next) {
        next = *(void **)memory;
        ti_memory_free(memory);
    }
}

/* --------------------------------------------------------------------------------- src/core/base/misuse.c */

#if !defined(THREADING_NO_DIAGNOSIS)

#define TI_BIT(status) (1u << THREADING_##status)
#define TI_MISUSES                                                                                     \
    (TI_BIT(INVALID) | TI_BIT(OVERFLOW) | TI_BIT(NOT_HELD) | TI_BIT(NOT_OWNER) | TI_BIT(NOT_STARTED) | \
     TI_BIT(ALREADY_STARTED))

_Static_assert(THREADING_STATUS_COUNT <= 32, "a status is a bit of a word");

static uintptr_t ti_misuse_teller_now; /* a ti_misuse_teller, or 0 */

static void ti_misuse_tell_to(ti_misuse_teller *teller)
{
    /* Release: pairs with the acquire below, for what the teller uses. */
    ti_store_pointer_release(&ti_misuse_teller_now, (uintptr_t)teller);
}

static bool ti_status_is_misuse(threading_status_t status)
{
    return (TI_MISUSES >> status & 1) != 0;
}

TI_COLD static void ti_misuse_tell(const char *call, const void *object, threading_status_t status)
{
    ti_misuse_teller *teller = (ti_misuse_teller *)ti_load_pointer_acquire(&ti_misuse_teller_now);
    if (teller != NULL)
        teller(call, object, status);
}

static TI_COLD TI_NOINLINE threading_status_t ti_misuse(const char *call, const void *object,
                                                 threading_status_t status)
{
    if (ti_status_is_misuse(status))
        ti_misuse_tell(call, object, status);
    return status;
}

/* The acquire has told already of what was a misuse of it. */
TI_COLD void threading_skipped(const char *with, const void *object, threading_status_t status)
{
    if (!ti_status_is_misuse(status))
        ti_misuse_tell(with, object, status);
}

#else

void threading_skipped(const char *with, const void *object, threading_status_t status)
{
    (void)with;
    (void)object;
    (void)status;
}

#endif

/* ----------------------------------------------------------------------------------- src/core/base/must.c */

/* The end of a program whose THREADING_MUST has failed. */
#include <stdio.h>

#define TI_MUST_TEXT 1024 /* bytes of the line; of a call or a path that is longer, the beginning is enough */

TI_COLD void threading_must_fail(const char *call, const char *file, int line, threading_status_t status)
{
    char text[TI_MUST_TEXT];
    int length = snprintf(text, sizeof text, "%.400s:%d: %.400s: %s: %s\n", file, line, call,
                          threading_status_name(status), threading_status_message(status));
    if (length > 0)
        ti_port_complain(text, (size_t)length);
    ti_port_abort();
}

/* ---------------------------------------------------------------------------------- src/core/base/phase.c */

static uint32_t ti_phase_family;

static uint32_t ti_phase_used;
static uint32_t ti_phase_exiter; /* ident of the thread that ends the process */
static uint32_t ti_phase_finalizing;

static bool ti_phase_is_used(void)
{
    return ti_load_acquire(&ti_phase_used) != 0;
}

static void ti_phase_use(void)
{
    ti_store_release(&ti_phase_used, 1);
}

static void ti_phase_forget_use(void)
{
    ti_store_release(&ti_phase_used, 0);
}

static bool ti_phase_claim_exit(uint32_t ident)
{
    /* Relaxed: only the thread of that ident puts it there. */
    return ti_swap_acquire(&ti_phase_exiter, 0, ident) || ti_load_relaxed(&ti_phase_exiter) == ident;
}

static bool ti_phase_is_exiting(void)
{
    return ti_load_acquire(&ti_phase_exiter) != 0;
}

static void ti_phase_finalize(void)
{
    ti_store_release(&ti_phase_finalizing, 1);
}

static bool ti_phase_is_finalizing(void)
{
    return ti_load_acquire(&ti_phase_finalizing) != 0;
}

static void ti_phase_reset(void)
{
    ti_phase_exiter = 0;
    ti_phase_finalizing = 0;
}

/* ----------------------------------------------------------------------------- src/core/base/processors.c */

#define TI_PROCESSORS_TEXT 32 /* bytes of the variable, where it has to be copied */

enum { TI_PROCESSORS_UNREAD, TI_PROCESSORS_UNTOLD };

/* One of these; or the variable's number and TI_PROCESSORS_UNTOLD. */
static uint32_t ti_processors_told;

static uint32_t ti_processors_number(const char *text)
{
    uint64_t number = 0;
    for (; *text >= '0' && *text <= '9' && number <= INT32_MAX; text++)
        number = number * 10 + (uint64_t)(*text - '0');
    return *text == '\0' && number <= INT32_MAX ? (uint32_t)number : 0;
}

TI_COLD static uint32_t ti_processors_read(void)
{
    char room[TI_PROCESSORS_TEXT];
    const char *text = ti_port_environment("THREADING_CPU_COUNT", room, sizeof room);
    return text != NULL ? ti_processors_number(text) : 0;
}

/* Threads that read it at once find the same. */
static void ti_processors_decide(void)
{
    /* Relaxed: a number by itself. */
    if (ti_load_relaxed(&ti_processors_told) == TI_PROCESSORS_UNREAD)
        ti_store_relaxed(&ti_processors_told, TI_PROCESSORS_UNTOLD + ti_processors_read());
}

/* 0: the environment says nothing. */
static size_t ti_processors_of_environment(void)
{
    ti_processors_decide();
    /* Relaxed: as above. */
    return ti_load_relaxed(&ti_processors_told) - TI_PROCESSORS_UNTOLD;
}

static size_t ti_processors_count(void)
{
    size_t told = ti_processors_of_environment();
    return told != 0 ? told : ti_port_cpu_count();
}

static size_t ti_processors_available(void)
{
    size_t told = ti_processors_of_environment();
    return told != 0 ? told : ti_port_available_cpus();
}

/* --------------------------------------------------------------------------------- src/core/base/status.c */

/* The names and messages of the statuses, made from the header's one list. */

static const struct {
    const char *name;
    const char *message;
} ti_status_texts[] = {
#define TI_STATUS_TEXT(name, message) {"THREADING_" #name, message},
    THREADING_STATUS_LIST(TI_STATUS_TEXT)
#undef TI_STATUS_TEXT
};

/* As an unsigned number, so that a negative value is too large as well. */
static bool ti_status_is_known(threading_status_t status)
{
    return (unsigned int)status < THREADING_STATUS_COUNT;
}

const char *threading_status_name(threading_status_t status)
{
    return ti_status_is_known(status) ? ti_status_texts[status].name : "THREADING_UNKNOWN";
}

const char *threading_status_message(threading_status_t status)
{
    return ti_status_is_known(status) ? ti_status_texts[status].message : "not a status of this library";
}

/* ------------------------------------------------------------------------------- src/core/parking/block.c */

/* What a block is while nobody has it. What is called memory here is where the system's begins, with a
 * block in it. */
typedef struct ti_block {
    void *next;          /* memory, in its magazine */
    void *next_magazine; /* of a magazine's first, in the depot */
} ti_block;

static struct {
    ti_guard guard;
    void *first;
    uint32_t count; /* of magazines */
} ti_depot;

/* ---- the system's memory ---- */

/* It is aligned for a pointer at least, so that a block has its place in it. */
static void *ti_block_new(void)
{
    return ti_memory_resize(NULL, TI_KEEPS_MEMORY ? TI_BLOCK - _Alignof(void *) + TI_BLOCK : TI_BLOCK);
}

static uint32_t ti_block_offset(const void *memory)
{
    return TI_KEEPS_MEMORY ? (uint32_t)((0 - (uintptr_t)memory) % TI_BLOCK) : 0;
}

static ti_block *ti_block_in(void *memory)
{
    return (ti_block *)(void *)((char *)memory + ti_block_offset(memory));
}

static void ti_magazine_free(void *memory)
{
    for (void *next; memory != NULL; memory = next) {
        next = ti_block_in(memory)->next;
        ti_memory_free(memory);
    }
}

/* ---- the depot ---- */

static void ti_blocks_lock(ti_self *self)
{
    ti_guard_lock(&ti_depot.guard, &self->parker);
}

static bool ti_blocks_try_lock(void)
{
    return ti_guard_try_lock(&ti_depot.guard);
}

static void ti_blocks_unlock(void)
{
    ti_guard_unlock(&ti_depot.guard);
}

static void ti_blocks_reset_guard(void)
{
    ti_guard_reset(&ti_depot.guard);
}

/* NULL: it is empty. */
static void *ti_depot_take(ti_self *self)
{
    ti_blocks_lock(self);
    void *magazine = ti_depot.first;
    if (magazine != NULL) {
        ti_depot.first = ti_block_in(magazine)->next_magazine;
        ti_depot.count--;
    }
    ti_blocks_unlock();
    return magazine;
}

static void ti_depot_put(void *magazine, ti_self *self)
{
    ti_blocks_lock(self);
    bool has_room = ti_depot.count < TI_DEPOT;
    if (has_room) {
        ti_block_in(magazine)->next_magazine = ti_depot.first;
        ti_depot.first = magazine;
        ti_depot.count++;
    }
    ti_blocks_unlock();
    if (!has_room)
        ti_magazine_free(magazine);
}

/* ---- a thread's magazines ---- */

/* The loaded one is empty: have another one, if there is one. */
static void ti_blocks_load(ti_self *self)
{
    ti_blocks *blocks = &self->blocks;
    blocks->loaded = blocks->full != NULL ? blocks->full : ti_depot_take(self);
    blocks->full = NULL;
    blocks->count = blocks->loaded != NULL ? TI_MAGAZINE : 0;
}

/* The loaded one is full: have an empty one. */
static void ti_blocks_unload(ti_self *self)
{
    ti_blocks *blocks = &self->blocks;
    if (blocks->full != NULL)
        ti_depot_put(blocks->full, self);
    *blocks = (ti_blocks){.full = blocks->loaded};
}

/* Memory with a block in it. */
static void *ti_blocks_pop(ti_self *self)
{
    ti_blocks *blocks = &self->blocks;
    if (blocks->loaded == NULL)
        ti_blocks_load(self);
    void *memory = blocks->loaded;
    if (memory == NULL)
        return ti_block_new();
    blocks->loaded = ti_block_in(memory)->next;
    blocks->count--;
    return memory;
}

static void *ti_block_take(ti_self *self, uint32_t *offset)
{
    void *memory = ti_blocks_pop(self);
    *offset = ti_block_offset(memory);
    return memory != NULL ? ti_block_in(memory) : NULL;
}

static void ti_block_give_back(void *block, uint32_t offset)
{
    void *memory = (char *)block - offset;
    ti_self *self = ti_self_known();
    if (self == NULL || !TI_KEEPS_MEMORY) { /* NULL: the thread is at its end, or was never here */
        ti_memory_free(memory);
        return;
    }
    if (self->blocks.count == TI_MAGAZINE)
        ti_blocks_unload(self);
    ((ti_block *)block)->next = self->blocks.loaded;
    self->blocks.loaded = memory;
    self->blocks.count++;
}

static TI_COLD void ti_blocks_leave(ti_self *self)
{
    ti_blocks blocks = self->blocks;
    self->blocks = (ti_blocks){NULL, 0, NULL};
    if (blocks.full != NULL)
        ti_depot_put(blocks.full, self);
    if (blocks.count == TI_MAGAZINE)
        ti_depot_put(blocks.loaded, self);
    else
        ti_magazine_free(blocks.loaded);
}

static void ti_blocks_forget(void)
{
    for (void *magazine = ti_depot.first, *next; magazine != NULL; magazine = next) {
        next = ti_block_in(magazine)->next_magazine;
        ti_magazine_free(magazine);
    }
    ti_depot.first = NULL;
    ti_depot.count = 0;
}

/* ----------------------------------------------------------------------------- src/core/parking/blocked.c */

#if !defined(THREADING_NO_DIAGNOSIS)

static uintptr_t ti_blocked_watcher_now; /* a ti_blocked_watcher, or 0 */

/* A moment is in two words: not every system has atomic ones of 64 bits. */
static void ti_moment_store(uint32_t *halves, int64_t moment)
{
    ti_store_release(&halves[0], (uint32_t)((uint64_t)moment >> 32));
    ti_store_release(&halves[1], (uint32_t)moment);
}

static int64_t ti_moment_load(const uint32_t *halves)
{
    uint64_t upper = ti_load_acquire(&halves[0]);
    return (int64_t)(upper << 32 | ti_load_acquire(&halves[1]));
}

/* Acquire, here and below: pairs with ti_blocked_watch, for what the watcher uses. */
static ti_blocked_watcher *ti_blocked_watched(void)
{
    return (ti_blocked_watcher *)ti_load_pointer_acquire(&ti_blocked_watcher_now);
}

static void ti_blocked_show(ti_blocked *blocked, int64_t since, int64_t until)
{
    ti_store_release(&blocked->shown_on, blocked->on);
    ti_store_pointer_release(&blocked->shown_object, (uintptr_t)blocked->object);
    ti_moment_store(blocked->since, since);
    ti_moment_store(blocked->until, until);
}

/* Relaxed, here and below, of the own version: only its thread changes it. */
static void ti_blocked_begin(ti_self *self, int64_t until)
{
    ti_blocked *blocked = &self->blocked;
    ti_blocked_show(blocked, ti_port_now(), until);
    /* Release: the table in blocked.h. */
    ti_store_release(&blocked->version, ti_load_relaxed(&blocked->version) + 1);
}

/* A waker that came before the sleep, to which it was no waker, is not told. */
static void ti_blocked_tell(ti_self *self, ti_blocked_watcher *watcher)
{
    ti_news news = {.kind = TI_NEWS_SLEPT, .view = ti_blocked_read(self), .now = ti_port_now()};
    /* Acquire: pairs with the release in ti_blocked_wake, for the moment. */
    uint32_t waker = ti_load_acquire(&self->blocked.waker);
    news.woken_at = ti_moment_load(self->blocked.woken_at);
    news.waker = news.woken_at >= news.view.since ? waker : 0;
    watcher(self, &news);
}

static void ti_blocked_end(ti_self *self)
{
    ti_blocked_watcher *watcher = ti_blocked_watched();
    if (watcher != NULL)
        ti_blocked_tell(self, watcher);
    /* Relaxed: the fields' next stores are releases, and keep it before them. */
    ti_store_relaxed(&self->blocked.version, ti_load_relaxed(&self->blocked.version) + 1);
}

static void ti_blocked_wake(ti_self *woken)
{
    if (ti_blocked_watched() == NULL)
        return;
    ti_moment_store(woken->blocked.woken_at, ti_port_now());
    ti_store_release(&woken->blocked.waker, ti_self_get()->fast.ident);
}

static TI_COLD void ti_blocked_counted(ti_self *self, ti_on on, const void *object, size_t items)
{
    ti_blocked_watcher *watcher = ti_blocked_watched();
    if (watcher == NULL)
        return;
    ti_news news = {.kind = TI_NEWS_ITEMS, .view = {.on = on, .object = object}, .items = items};
    news.now = ti_port_now();
    watcher(self, &news);
}

static TI_COLD void ti_blocked_leave(ti_self *self)
{
    ti_blocked_watcher *watcher = ti_blocked_watched();
    if (watcher == NULL)
        return;
    ti_news news = {.kind = TI_NEWS_ENDS, .now = ti_port_now()};
    watcher(self, &news);
}

static ti_blocked_view ti_blocked_read(const ti_self *self)
{
    const ti_blocked *blocked = &self->blocked;
    for (;;) {
        uint32_t first = ti_load_acquire(&blocked->version);
        if (first % 2 == 0)
            return (ti_blocked_view){.on = TI_ON_NOTHING, .version = first};
        ti_blocked_view view = {
            .on = (ti_on)ti_load_acquire(&blocked->shown_on),
            .object = (const void *)ti_load_pointer_acquire(&blocked->shown_object),
            .since = ti_moment_load(blocked->since),
            .until = ti_moment_load(blocked->until),
            .version = first,
        };
        /* Relaxed: the acquires above keep it behind them. */
        if (ti_load_relaxed(&blocked->version) == first)
            return view;
    }
}

static void ti_blocked_watch(ti_blocked_watcher *watcher)
{
    /* Release: pairs with ti_blocked_watched. */
    ti_store_pointer_release(&ti_blocked_watcher_now, (uintptr_t)watcher);
}

#endif

/* ------------------------------------------------------------------------------- src/core/parking/calls.c */

#include <string.h>

#define TI_CALLS_FAR 4096 /* bytes of the first room beyond the record; each that follows is twice as large */

static bool ti_calls_have_room(const ti_self *self, uint32_t index)
{
    return index < TI_CALLS_NEAR || index - TI_CALLS_NEAR < self->calls.more_size / sizeof(ti_call);
}

static ti_call *ti_calls_at(ti_self *self, uint32_t index)
{
    return index < TI_CALLS_NEAR ? &self->calls.few[index] : &self->calls.more[index - TI_CALLS_NEAR];
}

static TI_COLD void ti_calls_give_back(ti_self *self)
{
    if (self->calls.more != NULL)
        ti_memory_end(self->calls.more, self->calls.more_size);
    self->calls.more = NULL;
    self->calls.more_size = 0;
}

TI_COLD static void ti_calls_grow(ti_self *self)
{
    size_t size = self->calls.more_size == 0 ? TI_CALLS_FAR : 2 * self->calls.more_size;
    ti_call *larger = (ti_call *)ti_memory_keep(size);
    if (larger == NULL)
        return;
    if (self->calls.more != NULL)
        memcpy(larger, self->calls.more, self->calls.more_size);
    ti_calls_give_back(self);
    self->calls.more = larger;
    self->calls.more_size = size;
}

static void ti_calls_enter(ti_self *self, void (*abandon)(ti_self *self, void *object, uintptr_t detail),
                    void *object, uintptr_t detail)
{
    if (!ti_calls_have_room(self, self->calls.count))
        ti_calls_grow(self);
    if (ti_calls_have_room(self, self->calls.count))
        *ti_calls_at(self, self->calls.count) = (ti_call){abandon, object, detail};
    self->calls.count++;
}

static void ti_calls_leave(ti_self *self)
{
    self->calls.count--;
}

static TI_COLD void ti_calls_abandon(ti_self *self, uint32_t depth)
{
    while (self->calls.count > depth) {
        uint32_t index =
            --self->calls.count; /* before it is abandoned: that may call functions of the user's too */
        if (ti_calls_have_room(self, index)) {
            ti_call call = *ti_calls_at(self, index);
            if (call.abandon != NULL) /* else it found no room, which a later call has got */
                call.abandon(self, call.object, call.detail);
        }
    }
}

static bool ti_calls_contain(ti_self *self, void (*abandon)(ti_self *self, void *object, uintptr_t detail),
                      const void *object)
{
    for (uint32_t i = 0; i < self->calls.count && ti_calls_have_room(self, i); i++)
        if (ti_calls_at(self, i)->abandon == abandon && ti_calls_at(self, i)->object == object)
            return true;
    return false;
}

/* threading_exit ends the innermost call. A function of its own, so that the compiler need not think of
 * variables that longjmp might spoil. */
static void *ti_calls_catch(ti_self *self, threading_target_t target, void *arg)
{
    jmp_buf *outer = self->calls.way_out;
    uint32_t outer_calls = self->calls.way_out_count;
    jmp_buf way_out;
    self->calls.way_out = &way_out;
    self->calls.way_out_count = self->calls.count;
    if (setjmp(way_out) == 0)
        self->calls.exit_result = target(arg);
    self->calls.count = self->calls.way_out_count; /* those that a longjmp of the user's left are forgotten */
    self->calls.way_out = outer;
    self->calls.way_out_count = outer_calls;
    return self->calls.exit_result;
}

/* ---------------------------------------------------------------------------- src/core/parking/deadlock.c */

/* What it means when the thread that is waited for is not there any more, or goes no further. */
typedef enum ti_if_ended {
    TI_ENDED_WAKES,         /* its end is what is waited for */
    TI_ENDED_NEVER_RELEASES /* it can release nothing any more */
} ti_if_ended;

static ti_self *ti_deadlock_awaited(uint32_t ident)
{
    ti_self *other = ti_registry_find(ident);
    return other == NULL || other->is_stopped || ti_self_is_gone(other) ? NULL : other;
}

static bool ti_deadlock_is_certain(const ti_self *self, ti_if_ended if_ended)
{
    for (const ti_self *waiter = self;;) {
        /* Relaxed: deadlock.h says why the word cannot change in a way that matters. */
        uint32_t ident = ti_load_relaxed(waiter->proof.word);
        if (ident == 0 || ident == waiter->fast.ident || ident >= TI_IDENT_LIMIT)
            return false; /* free, or just given to the waiter, or no owner any more (once.c) */
        if (ident == self->fast.ident)
            return true;
        const ti_self *other = ti_deadlock_awaited(ident);
        if (other == NULL)
            return waiter == self && if_ended == TI_ENDED_NEVER_RELEASES;
        if (other->proof.word == NULL)
            return false;
        waiter = other;
    }
}

/* Under the registry's guard. */
static bool ti_deadlock_publish(ti_self *self, const uint32_t *word, ti_if_ended if_ended)
{
    self->proof.word = word;
    /* An owner that ends has no right to read it there: that takes the bucket's guard. */
    self->proof.kind = self->waiter.kind;
    bool in_vain = ti_deadlock_is_certain(self, if_ended);
    if (in_vain)
        self->proof.word = NULL;
    return !in_vain;
}

static bool ti_deadlock_check_owner(ti_self *self, const uint32_t *owner)
{
    ti_registry_lock(self);
    bool may_end = ti_deadlock_publish(self, owner, TI_ENDED_NEVER_RELEASES);
    ti_registry_unlock();
    return may_end;
}

static bool ti_deadlock_check_end(ti_self *self, const uint32_t *ident, const uint32_t *state, uint32_t enough)
{
    ti_registry_lock(self);
    self->proof.enough = enough;
    /* Relaxed: what matters of its changes comes under the guard. */
    bool may_end = ti_load_relaxed(state) >= enough;
    if (!may_end)
        may_end = ti_deadlock_publish(self, ident, TI_ENDED_WAKES);
    ti_registry_unlock();
    return may_end;
}

static void ti_deadlock_end_wait(ti_self *self)
{
    ti_registry_lock(self);
    self->proof.word = NULL;
    ti_registry_unlock();
}

static uint32_t ti_deadlock_sleep_in_queue(ti_self *self, const uint32_t *owner)
{
    bool ends = ti_deadlock_check_owner(self, owner);
    if (!ends && ti_parking_leave(&self->waiter, owner, &self->parker))
        return TI_SLEEPING;
    uint32_t outcome = ti_parking_await_wake(self);
    ti_deadlock_end_wait(self);
    return outcome;
}

static threading_status_t ti_deadlock_sleep(ti_self *self, uint32_t *word, uint32_t value, int64_t deadline)
{
    if (!ti_limit_is_none(self, deadline))
        return ti_parking_wait(self, word, value, deadline) ? THREADING_OK : ti_limit_status(deadline);
    if (value == self->fast.ident)
        return THREADING_DEADLOCK;
    bool changed =
        !ti_parking_observe(self, word, value) || ti_deadlock_sleep_in_queue(self, word) != TI_SLEEPING;
    return changed ? THREADING_OK : THREADING_DEADLOCK;
}

#if !defined(THREADING_NO_DIAGNOSIS)

static uintptr_t ti_deadlock_teller_now; /* a ti_deadlock_teller, or 0 */

static void ti_deadlock_tell_to(ti_deadlock_teller *teller)
{
    /* Release: pairs with the acquire below, for what the teller uses. */
    ti_store_pointer_release(&ti_deadlock_teller_now, (uintptr_t)teller);
}

static TI_COLD threading_status_t ti_deadlock_refused(ti_self *self, const uint32_t *word)
{
    ti_deadlock_teller *teller = (ti_deadlock_teller *)ti_load_pointer_acquire(&ti_deadlock_teller_now);
    if (teller != NULL)
        teller(self, word);
    return THREADING_DEADLOCK;
}

#endif

typedef struct ti_reached {
    const uint32_t *ident;
    uint32_t state;
} ti_reached;

static void ti_waits_withdraw_one(ti_self *waiter, void *arg)
{
    const ti_reached *reached = (const ti_reached *)arg;
    if (waiter->proof.word == reached->ident && waiter->proof.enough <= reached->state)
        waiter->proof.word = NULL;
}

static void ti_deadlock_withdraw(const uint32_t *ident, uint32_t state)
{
    ti_reached reached = {ident, state};
    ti_registry_for_each(ti_waits_withdraw_one, &reached);
}

static void ti_deadlock_wake_if_owned(ti_self *waiter, void *arg)
{
    const ti_self *owner = (const ti_self *)arg;
    const uint32_t *word = waiter->proof.word;
    /* Relaxed: the owner is the calling thread. */
    if (word != NULL && ti_load_relaxed(word) == owner->fast.ident)
        ti_parking_wake_kind(word, (ti_wait_kind)waiter->proof.kind);
}

static void ti_deadlock_owner_ended(ti_self *owner)
{
    if (owner->fast.rlocks > 0)
        ti_registry_for_each(ti_deadlock_wake_if_owned, owner);
}

/* ------------------------------------------------------------------------------- src/core/parking/fence.c */

/* Nanoseconds in which every processor has written out what was in its store buffer when they began. Some
 * hundred stores are, each of which may have to fetch its line of memory: that is tens of microseconds at
 * most. */
#define TI_SETTLED 1000000

uint32_t threading_fence_kind;

static void ti_fence_decide(void)
{
    if (ti_load_acquire(&threading_fence_kind) != TI_FENCE_UNKNOWN)
        return;
    uint32_t kind = ti_port_fence_start() ? TI_FENCE_SHARED : TI_FENCE_NONE;
    /* Of several threads that ask the system at once the first decides, for all. If SHARED is decided
     * although the system refuses the fence, the first waiter finds it lost. */
    (void)ti_swap_acquire(&threading_fence_kind, TI_FENCE_UNKNOWN, kind);
}

static void ti_fence_all(void)
{
    ti_fence_decide();
    /* Sequential, here and below: in the order of the waiters' announcements. */
    uint32_t kind = ti_load_sequential(&threading_fence_kind);
    if (kind == TI_FENCE_SHARED && !ti_port_fence_all()) {
        kind = TI_FENCE_LOST;
        ti_store_sequential(&threading_fence_kind, kind);
    }
    if (kind == TI_FENCE_LOST)
        ti_port_sleep(ti_port_now() + TI_SETTLED);
}

static void ti_fence_reset(void)
{
    ti_store_relaxed(&threading_fence_kind, TI_FENCE_UNKNOWN); /* relaxed: the child has one thread */
    ti_fence_decide();
}

/* ------------------------------------------------------------------------------- src/core/parking/guard.c */

#define TI_GUARD_LOCKED ((uintptr_t)1)
/* Looks before sleeping: longer than the guard is held, shorter than a sleep costs. */
#define TI_GUARD_SPINS 100
/* A while: far longer than any guard is held by a thread that runs. */
#define TI_GUARD_NAPS 200
#define TI_GUARD_NAP 500000 /* nanoseconds */

struct threading_guard_waiter {
    struct threading_guard_waiter *next;
    ti_parker *parker;
    uint32_t woken;
};

static void ti_guard_wait(struct threading_guard_waiter *waiter)
{
    /* Acquire: pairs with the release in ti_guard_wake; a park may end early, so the flag decides. */
    while (!ti_load_acquire(&waiter->woken))
        ti_port_park(waiter->parker, TI_FOREVER);
}

static void ti_guard_wake(struct threading_guard_waiter *waiter)
{
    ti_parker *parker = waiter->parker;
    /* Release: the waiter reuses its node afterwards. Its parker outlives it, so that the unpark is safe. */
    ti_store_release(&waiter->woken, 1);
    ti_port_unpark(parker);
}

static void ti_guard_lock_slow(ti_guard *guard, ti_parker *parker)
{
    struct threading_guard_waiter waiter = {NULL, parker, 0};
    for (int looks = 0;;) {
        /* Relaxed: only the swaps below decide. */
        uintptr_t word = ti_load_pointer_relaxed(&guard->word);
        if (!(word & TI_GUARD_LOCKED)) {
            if (ti_swap_pointer_acquire(&guard->word, word, word | TI_GUARD_LOCKED))
                return;
        } else if (looks < TI_GUARD_SPINS) {
            looks++;
            ti_pause();
        } else {
            waiter.next = (struct threading_guard_waiter *)(word & ~TI_GUARD_LOCKED);
            waiter.woken = 0;
            /* Release: the holder that takes the stack reads the node. Only a held guard is waited for: its
             * holder finds the stack not empty when it unlocks. */
            if (ti_swap_pointer_release(&guard->word, word, (uintptr_t)&waiter | TI_GUARD_LOCKED))
                ti_guard_wait(&waiter);
        }
    }
}

static bool ti_guard_try_lock(ti_guard *guard)
{
    return ti_swap_pointer_acquire(&guard->word, 0, TI_GUARD_LOCKED);
}

static TI_NOINLINE void ti_guard_lock(ti_guard *guard, ti_parker *parker)
{
    if (!ti_guard_try_lock(guard))
        ti_guard_lock_slow(guard, parker);
}

#if !defined(THREADING_NO_DIAGNOSIS)

/* Also a guard that others wait for, none of which has been woken yet, or was too slow. */
static bool ti_guard_try_lock_before_others(ti_guard *guard)
{
    uintptr_t word = ti_load_pointer_relaxed(&guard->word); /* relaxed: the swap decides */
    return !(word & TI_GUARD_LOCKED) && ti_swap_pointer_acquire(&guard->word, word, word | TI_GUARD_LOCKED);
}

static bool ti_guard_lock_for_a_while(ti_guard *guard)
{
    for (int looks = 0; looks < TI_GUARD_SPINS + TI_GUARD_NAPS; looks++) {
        if (ti_guard_try_lock_before_others(guard))
            return true;
        if (looks < TI_GUARD_SPINS)
            ti_pause();
        else
            ti_port_sleep(ti_port_now() + TI_GUARD_NAP);
    }
    return false;
}

#endif

/* Take the stack and turn it round, so that who came first is woken first. */
static struct threading_guard_waiter *ti_guard_take_stack(ti_guard *guard)
{
    uintptr_t word = ti_exchange_pointer_acquire(&guard->word, TI_GUARD_LOCKED);
    struct threading_guard_waiter *stack = (struct threading_guard_waiter *)(word & ~TI_GUARD_LOCKED);
    struct threading_guard_waiter *queue = NULL;
    while (stack != NULL) {
        struct threading_guard_waiter *below = stack->next;
        stack->next = queue;
        queue = stack;
        stack = below;
    }
    return queue;
}

/* Wake one waiter. It has to compete for the guard; the thread that gets it wakes the next waiter when it
 * unlocks. */
static void ti_guard_unlock_slow(ti_guard *guard)
{
    if (guard->queue == NULL)
        guard->queue = ti_guard_take_stack(guard);
    struct threading_guard_waiter *first = guard->queue;
    guard->queue = first->next;
    ti_and_pointer_release(&guard->word, ~TI_GUARD_LOCKED);
    ti_guard_wake(first);
}

static TI_NOINLINE void ti_guard_unlock(ti_guard *guard)
{
    if (guard->queue != NULL || !ti_swap_pointer_release(&guard->word, TI_GUARD_LOCKED, 0))
        ti_guard_unlock_slow(guard);
}

static TI_COLD void ti_guard_reset(ti_guard *guard)
{
    /* Acquire: what earlier holders did under the guard comes before what the child does with it. */
    (void)ti_exchange_pointer_acquire(&guard->word, 0);
    guard->queue = NULL;
}

/* ------------------------------------------------------------------------------- src/core/parking/limit.c */

/* The stop that the calling thread heeds in its present wait. */
static const threading_stop_t *ti_stop_heeded(const ti_self *self)
{
    return self->deaf > 0 ? NULL : self->stop;
}

static bool ti_limit_is_reached(const ti_self *self, int64_t deadline)
{
    return ti_deadline_passed(deadline) || threading_stop_requested(ti_stop_heeded(self));
}

static int64_t ti_limit_next(const ti_self *self, int64_t deadline)
{
    for (const threading_stop_t *stop = ti_stop_heeded(self); stop != NULL; stop = stop->parent)
        if (stop->has_deadline && stop->deadline < deadline)
            deadline = stop->deadline;
    return deadline;
}

static threading_status_t ti_limit_status(int64_t deadline)
{
    return ti_deadline_passed(deadline) ? THREADING_TIMEOUT : THREADING_CANCELLED;
}

/* -------------------------------------------------------------------------------- src/core/parking/line.c */

static bool ti_line_pause(uint32_t *looks, uint32_t distance)
{
    if (*looks == TI_LOOKS)
        return false;
    return ti_spin_pause(distance << (*looks)++);
}

static void ti_line_lock_slow(uint32_t *lock, ti_self *self)
{
    for (uint32_t looks = 0; ti_line_pause(&looks, TI_LOOK_DISTANCE);)
        /* Relaxed: the try decides. */
        if (ti_load_relaxed(lock) == 0 && ti_lockword_try(lock, self->fast.ident))
            return;
    ti_blocked_on(self, TI_ON_INSIDE, lock);
    ti_lockword_acquire_for_certain(lock, self, TI_SLEEPING);
}

/* From here on the thread may wait for nothing else: it has one waiter. */
static void ti_line_enter(const void *address, ti_wait_kind kind, ti_self *self)
{
    ti_bucket *bucket = ti_parking_bucket(address);
    ti_guard_lock(&bucket->guard, &self->parker);
    ti_parking_announce(bucket);
    ti_parking_enqueue_last(bucket, &self->waiter, address, kind);
    ti_guard_unlock(&bucket->guard);
}

static threading_status_t ti_line_wait(uint32_t *lock, const void *address, ti_wait_kind kind, ti_self *self,
                                int64_t deadline)
{
    ti_line_enter(address, kind, self);
    ti_line_unlock(lock, self);
    uint32_t outcome = ti_parking_sleep(self, address, deadline);
    threading_status_t status = outcome == TI_SLEEPING ? ti_limit_status(deadline) : THREADING_OK;
    if (outcome == TI_SLEEPING || outcome == TI_TOLD)
        ti_line_lock(lock, self);
    else {
        ti_blocked_on(self, TI_ON_INSIDE, lock);
        ti_lockword_acquire_for_certain(lock, self, outcome);
    }
    return status;
}

static ti_waiter *ti_line_take(const void *address, ti_wait_kind kind, size_t n, ti_self *self)
{
    if (!ti_line_is_awaited(address))
        return NULL;
    ti_bucket *bucket = ti_parking_bucket(address);
    ti_guard_lock(&bucket->guard, &self->parker);
    ti_waiter *chain = ti_parking_take(bucket, address, kind, n);
    ti_guard_unlock(&bucket->guard);
    return chain;
}

/* ------------------------------------------------------------------------------ src/core/parking/linger.c */

#define TI_VAIN_MOST 5

static bool ti_linger_look(const ti_self *self)
{
    ti_spin spin = ti_spin_begin();
    while (ti_spin_goes_on(&spin))
        /* Relaxed: the sleep looks again. */
        if (ti_load_relaxed(&self->waiter.woken) != TI_SLEEPING)
            return true;
    return false;
}

static void ti_linger(ti_self *self)
{
    if (self->lingering.skips > 0) {
        self->lingering.skips--;
        return;
    }
    if (ti_linger_look(self))
        self->lingering.in_vain = 0;
    else if (self->lingering.in_vain < TI_VAIN_MOST)
        self->lingering.in_vain++;
    self->lingering.skips = (UINT32_C(1) << self->lingering.in_vain) - 1;
}

/* ---------------------------------------------------------------------------- src/core/parking/lockword.c */

/* ---- waiting ---- */

/* Look for a while before sleeping: most locks are held for less time than it takes to sleep and wake. A
 * look is a try at once: to read the word first would fetch its cache line twice when it is free. */
static bool ti_lockword_spin(uint32_t *word, uint32_t ident)
{
    ti_spin spin = ti_spin_begin();
    while (ti_spin_goes_on(&spin))
        if (ti_lockword_try(word, ident))
            return true;
    return false;
}

/* Take the word, or stand in the queue: last at first, ahead of all once woken and then passed by another. */
static bool ti_lockword_take_or_enqueue(uint32_t *word, ti_self *self, bool was_woken)
{
    ti_bucket *bucket = ti_parking_bucket(word);
    ti_guard_lock(&bucket->guard, &self->parker);
    ti_parking_announce_to_all(bucket);
    /* Sequential, also when it fails: the second look of the tables in parking.h and fence.h, which pairs
     * with the release. */
    bool taken = ti_swap_sequential(word, 0, self->fast.ident);
    if (taken)
        ti_parking_withdraw(bucket);
    else if (was_woken)
        ti_parking_enqueue_first(bucket, &self->waiter, word, TI_LOCKERS);
    else
        ti_parking_enqueue_last(bucket, &self->waiter, word, TI_LOCKERS);
    ti_guard_unlock(&bucket->guard);
    return taken;
}

/* Get the word, or get in the queue. */
static bool ti_lockword_seek(uint32_t *word, ti_self *self, bool was_woken)
{
    if (ti_lockword_spin(word, self->fast.ident))
        return true;
    if (!was_woken)
        self->waiter.since = ti_port_now();
    return ti_lockword_take_or_enqueue(word, self, was_woken);
}

/* Sleep in the queue. TI_SLEEPING: never woken, because of the wait's limit or of a deadlock. */
static uint32_t ti_lockword_sleep(uint32_t *word, ti_self *self, int64_t deadline, ti_ownership ownership)
{
    if (ownership == TI_UNOWNED || !ti_limit_is_none(self, deadline))
        return ti_parking_sleep(self, word, deadline);
    return ti_deadlock_sleep_in_queue(self, word);
}

/* Wait on, after a wait in the queue with that outcome. */
static threading_status_t ti_lockword_wait(uint32_t *word, ti_self *self, int64_t deadline,
                                           ti_ownership ownership, uint32_t outcome)
{
    while (outcome != TI_HANDED && !ti_lockword_seek(word, self, outcome != TI_SLEEPING)) {
        outcome = ti_lockword_sleep(word, self, deadline, ownership);
        if (outcome == TI_SLEEPING)
            return ti_limit_is_none(self, deadline) ? THREADING_DEADLOCK : ti_limit_status(deadline);
    }
    return THREADING_OK;
}

static threading_status_t ti_lockword_acquire_slow(uint32_t *word, ti_self *self, int64_t deadline,
                                            ti_ownership ownership)
{
    return ti_lockword_wait(word, self, deadline, ownership, TI_SLEEPING);
}

static void ti_lockword_acquire_for_certain(uint32_t *word, ti_self *self, uint32_t outcome)
{
    self->deaf++;
    /* Without limit and proof it cannot fail. */
    (void)ti_lockword_wait(word, self, TI_FOREVER, TI_UNOWNED, outcome);
    self->deaf--;
}

/* Put a chain of waiters at the end of a word's queue. */
static void ti_lockword_enqueue_chain(uint32_t *word, ti_bucket *bucket, ti_waiter *chain)
{
    int64_t now = ti_port_now();
    while (chain != NULL) {
        ti_waiter *waiter = chain;
        chain = waiter->next;
        ti_parking_announce(bucket);
        ti_parking_enqueue_last(bucket, waiter, word, TI_LOCKERS);
        waiter->since = now; /* for the lock it waits from now on */
    }
}

/* A Lock may have been released by anyone; then no release will wake the first of those who sleep. */
static ti_waiter *ti_lockword_first_if_free(uint32_t *word, ti_bucket *bucket)
{
    ti_parking_announce_to_all(bucket); /* on their behalf; they are announced already */
    ti_parking_withdraw(bucket);
    /* Sequential: the second look of the tables in parking.h and fence.h, on behalf of those who sleep. */
    return ti_load_sequential(word) == 0 ? ti_parking_take(bucket, word, TI_LOCKERS, 1) : NULL;
}

static void ti_lockword_requeue(uint32_t *word, ti_waiter *chain)
{
    ti_bucket *bucket = ti_parking_bucket(word);
    ti_self *self = ti_self_get();
    ti_waiter *first = NULL;
    ti_guard_lock(&bucket->guard, &self->parker);
    ti_lockword_enqueue_chain(word, bucket, chain);
    /* Sequential: as below. If this thread still holds the word, every release by a plain store comes
     * after this thread's or after an exchange that comes now, and sees the announcements without a fence. */
    if (ti_load_sequential(word) != self->fast.ident)
        first = ti_lockword_first_if_free(word, bucket);
    ti_guard_unlock(&bucket->guard);
    ti_parking_wake_chain(first, TI_WOKEN);
}

/* ---- release while threads wait ---- */

static void ti_lockword_wake_first(const uint32_t *word, ti_bucket *bucket)
{
    ti_guard_lock(&bucket->guard, &ti_self_get()->parker);
    ti_waiter *first = ti_parking_take(bucket, word, TI_LOCKERS, 1);
    ti_guard_unlock(&bucket->guard);
    ti_parking_wake_chain(first, TI_WOKEN);
}

/* Under the guard: how the first waiter is woken, which gets the word if it has waited too long. */
static uint32_t ti_lockword_decide(ti_bucket *bucket, const ti_waiter *first)
{
    int64_t now = ti_port_now();
    if (now - first->since <= TI_STARVED || now - bucket->handed <= TI_HAND_OVER_PAUSE)
        return TI_WOKEN;
    bucket->handed = now;
    return TI_HANDED;
}

static bool ti_lockword_release_slow(uint32_t *word, ti_bucket *bucket)
{
    ti_guard_lock(&bucket->guard, &ti_self_get()->parker);
    ti_waiter *first = ti_parking_take(bucket, word, TI_LOCKERS, 1);
    uint32_t outcome = first != NULL ? ti_lockword_decide(bucket, first) : TI_WOKEN;
    uint32_t next = outcome == TI_HANDED ? ti_self_of(first)->fast.ident : 0;
    /* Sequential, as in ti_lockword_clear. The last touch of the word: it may be freed from here on. If
     * another thread released it in between, an heir has now acquired a free word, which is as good. */
    bool was_held = ti_exchange_sequential(word, next) != 0;
    ti_guard_unlock(&bucket->guard);
    ti_parking_wake_chain(first, outcome);
    return was_held;
}

/* ----------------------------------------------------------------------------- src/core/parking/parking.c */

ti_bucket threading_buckets[1 << TI_BUCKET_BITS];

static void ti_parking_announce(ti_bucket *bucket)
{
    /* Sequential: pairs with ti_parking_is_awaited, see the table in parking.h. */
    ti_add_sequential(&bucket->count, 1);
}

/* One fence is good for all who announce themselves while the count stays above 0: releasers see it and take
 * the guard. */
static void ti_parking_announce_to_all(ti_bucket *bucket)
{
    ti_parking_announce(bucket);
    if (bucket->fenced)
        return;
    ti_fence_all();
    bucket->fenced = true;
}

static void ti_parking_withdraw(ti_bucket *bucket)
{
    /* Relaxed: a count that is read too high costs a look into the bucket and nothing else. */
    if (ti_add_relaxed(&bucket->count, (uint32_t)-1) == 1)
        bucket->fenced = false;
}

static void ti_parking_prepare(ti_bucket *bucket, ti_waiter *waiter, const void *address, ti_wait_kind kind)
{
    waiter->kind = (uint16_t)kind;
    /* Relaxed: decided upon under the guard only; ti_parking_is_queued may read it under another one's. */
    ti_store_pointer_relaxed(&waiter->address, (uintptr_t)address);
    /* Relaxed: the waker writes it after it found the waiter under the guard. */
    ti_store_relaxed(&waiter->woken, TI_SLEEPING);
    bucket->watchers += kind == TI_WATCHERS;
}

static void ti_parking_enqueue_last(ti_bucket *bucket, ti_waiter *waiter, const void *address, ti_wait_kind kind)
{
    ti_parking_prepare(bucket, waiter, address, kind);
    waiter->next = NULL;
    waiter->previous = bucket->last;
    *(bucket->last != NULL ? &bucket->last->next : &bucket->first) = waiter;
    bucket->last = waiter;
}

static void ti_parking_enqueue_first(ti_bucket *bucket, ti_waiter *waiter, const void *address, ti_wait_kind kind)
{
    ti_parking_prepare(bucket, waiter, address, kind);
    waiter->previous = NULL;
    waiter->next = bucket->first;
    *(bucket->first != NULL ? &bucket->first->previous : &bucket->last) = waiter;
    bucket->first = waiter;
}

/* Relaxed: a waiter that was moved to another bucket (Condition) gets its address there under that one's
 * guard, and is not taken for one of this address, which it can have again only by its own thread's doing. */
static bool ti_parking_is_queued(const ti_waiter *waiter, const void *address)
{
    return ti_load_pointer_relaxed(&waiter->address) == (uintptr_t)address;
}

static ti_waiter *ti_parking_seek(ti_waiter *waiter, const void *address, ti_wait_kind kind)
{
    while (waiter != NULL && !(ti_parking_is_queued(waiter, address) && waiter->kind == kind))
        waiter = waiter->next;
    return waiter;
}

static ti_waiter *ti_parking_first(const ti_bucket *bucket, const void *address, ti_wait_kind kind)
{
    return ti_parking_seek(bucket->first, address, kind);
}

static ti_waiter *ti_parking_next(const ti_waiter *waiter)
{
    /* Relaxed: under the guard. */
    const void *address = (const void *)ti_load_pointer_relaxed(&waiter->address);
    return ti_parking_seek(waiter->next, address, (ti_wait_kind)waiter->kind);
}

static void ti_parking_dequeue(ti_bucket *bucket, ti_waiter *waiter)
{
    *(waiter->previous != NULL ? &waiter->previous->next : &bucket->first) = waiter->next;
    *(waiter->next != NULL ? &waiter->next->previous : &bucket->last) = waiter->previous;
    bucket->watchers -= waiter->kind == TI_WATCHERS;
    ti_store_pointer_relaxed(&waiter->address, 0); /* relaxed: as in ti_parking_prepare */
    ti_parking_withdraw(bucket);
}

static ti_waiter *ti_parking_take(ti_bucket *bucket, const void *address, ti_wait_kind kind, size_t n)
{
    ti_waiter *chain = NULL;
    ti_waiter **end = &chain;
    for (ti_waiter *waiter = n > 0 ? ti_parking_first(bucket, address, kind) : NULL, *after; waiter != NULL;
         waiter = after) {
        /* Nothing is sought after the last one: that may be a long way. */
        after = --n > 0 ? ti_parking_next(waiter) : NULL;
        ti_parking_dequeue(bucket, waiter);
        waiter->next = NULL;
        *end = waiter;
        end = &waiter->next;
    }
    return chain;
}

static ti_waiter *ti_parking_take_watchers(ti_bucket *bucket, const void *address)
{
    return ti_parking_take(bucket, address, TI_WATCHERS, bucket->watchers);
}

static void ti_parking_wake(ti_waiter *waiter, uint32_t outcome)
{
    ti_parker *parker = &ti_self_of(waiter)->parker;
    ti_blocked_wake(ti_self_of(waiter));
    /* Release: pairs with the acquire in ti_parking_doze. The last touch of the waiter, which may begin its
     * next wait or end its thread at once; the parker's memory stays, and a token too many only ends a park
     * early. */
    ti_store_release(&waiter->woken, outcome);
    ti_port_unpark(parker);
}

static void ti_parking_wake_chain(ti_waiter *chain, uint32_t outcome)
{
    while (chain != NULL) {
        ti_waiter *waiter = chain;
        chain = waiter->next; /* before the wake, after which the waiter is another's */
        ti_parking_wake(waiter, outcome);
    }
}

/* Whether there is nothing to sleep for (any more). */
static bool ti_doze_is_over(const ti_self *self, int64_t deadline)
{
    return ti_load_acquire(&self->waiter.woken) != TI_SLEEPING || ti_limit_is_reached(self, deadline);
}

static uint32_t ti_parking_doze(ti_self *self, int64_t deadline)
{
    if (!ti_doze_is_over(self, deadline)) {
        ti_blocked_begin(self, ti_limit_next(self, deadline));
        do {
            ti_port_park(&self->parker, ti_limit_next(self, deadline));
        } while (!ti_doze_is_over(self, deadline));
        ti_blocked_end(self);
    }
    /* Acquire: pairs with the release in ti_parking_wake. A wake that came after the limit counts too. */
    return ti_load_acquire(&self->waiter.woken);
}

static uint32_t ti_parking_await_wake(ti_self *self)
{
    self->deaf++;
    uint32_t outcome = ti_parking_doze(self, TI_FOREVER);
    self->deaf--;
    return outcome;
}

static bool ti_parking_leave(ti_waiter *waiter, const void *address, ti_parker *parker)
{
    ti_bucket *bucket = ti_parking_bucket(address);
    ti_guard_lock(&bucket->guard, parker);
    bool queued = ti_parking_is_queued(waiter, address);
    if (queued)
        ti_parking_dequeue(bucket, waiter);
    ti_guard_unlock(&bucket->guard);
    return queued;
}

static uint32_t ti_parking_sleep(ti_self *self, const void *address, int64_t deadline)
{
    uint32_t outcome = ti_parking_doze(self, deadline);
    if (outcome != TI_SLEEPING || ti_parking_leave(&self->waiter, address, &self->parker))
        return outcome;
    /* A waker has taken this waiter off the queue and wakes it now. It may have done so already, and leaving
     * may have used up its token on the same parker: the wait looks before it parks. */
    return ti_parking_await_wake(self);
}

static bool ti_parking_observe(ti_self *self, uint32_t *word, uint32_t value)
{
    ti_bucket *bucket = ti_parking_bucket(word);
    ti_guard_lock(&bucket->guard, &self->parker);
    ti_parking_announce(bucket);
    /* Sequential: the second look of the table in parking.h. */
    bool must_wait = ti_load_sequential(word) == value;
    if (must_wait)
        ti_parking_enqueue_last(bucket, &self->waiter, word, TI_OBSERVERS);
    else
        ti_parking_withdraw(bucket);
    ti_guard_unlock(&bucket->guard);
    return must_wait;
}

static bool ti_parking_wait(ti_self *self, uint32_t *word, uint32_t value, int64_t deadline)
{
    return !ti_parking_observe(self, word, value) || ti_parking_sleep(self, word, deadline) != TI_SLEEPING;
}

static void ti_parking_wake_kind(const void *address, ti_wait_kind kind)
{
    ti_bucket *bucket = ti_parking_bucket(address);
    ti_guard_lock(&bucket->guard, &ti_self_get()->parker);
    ti_waiter *waiters = ti_parking_take(bucket, address, kind, SIZE_MAX);
    ti_guard_unlock(&bucket->guard);
    ti_parking_wake_chain(waiters, TI_WOKEN);
}

static void ti_parking_wake_slow(ti_bucket *bucket, const uint32_t *word)
{
    ti_guard_lock(&bucket->guard, &ti_self_get()->parker);
    ti_waiter *observers = ti_parking_take(bucket, word, TI_OBSERVERS, SIZE_MAX);
    ti_waiter *watchers = ti_parking_take_watchers(bucket, word);
    ti_guard_unlock(&bucket->guard);
    ti_parking_wake_chain(observers, TI_WOKEN);
    ti_parking_wake_chain(watchers, TI_WOKEN);
}

static void ti_parking_wake_all(const uint32_t *word)
{
    ti_bucket *bucket = ti_parking_bucket(word);
    if (ti_parking_is_awaited(bucket))
        ti_parking_wake_slow(bucket, word);
}

static void ti_parking_wake_watchers(const void *address)
{
    ti_bucket *bucket = ti_parking_bucket(address);
    if (!ti_parking_may_be_awaited(bucket))
        return;
    ti_guard_lock(&bucket->guard, &ti_self_get()->parker);
    ti_waiter *watchers = ti_parking_take_watchers(bucket, address);
    ti_guard_unlock(&bucket->guard);
    ti_parking_wake_chain(watchers, TI_WOKEN);
}

static void ti_bucket_reset(ti_bucket *bucket)
{
    ti_guard_reset(&bucket->guard);
    bucket->first = bucket->last = NULL;
    /* Relaxed: the child has one thread. */
    ti_store_relaxed(&bucket->count, 0);
    bucket->fenced = false;
    bucket->watchers = 0;
}

static TI_COLD void ti_parking_reset(void)
{
    for (size_t i = 0; i < sizeof threading_buckets / sizeof *threading_buckets; i++)
        ti_bucket_reset(&threading_buckets[i]);
}

/* ---------------------------------------------------------------------------- src/core/parking/registry.c */

#include <string.h>

#if !defined(TI_TABLE_SIZE)
#define TI_TABLE_SIZE 4096 /* idents are consecutive, so 10,000 threads make chains of two or three */
#endif

static struct {
    ti_guard guard;
    uint32_t last_ident;
    ti_self *table[TI_TABLE_SIZE];
} ti_registry = {.last_ident = TI_MAIN_IDENT};

static void ti_registry_lock(ti_self *self)
{
    ti_guard_lock(&ti_registry.guard, &self->parker);
}

static bool ti_registry_try_lock(void)
{
    return ti_guard_try_lock(&ti_registry.guard);
}

#if !defined(THREADING_NO_DIAGNOSIS)

static bool ti_registry_lock_for_a_while(void)
{
    return ti_guard_lock_for_a_while(&ti_registry.guard);
}

#endif

static void ti_registry_unlock(void)
{
    ti_guard_unlock(&ti_registry.guard);
}

/* ---- idents ---- */

static ti_self **ti_registry_chain(uint32_t ident)
{
    return &ti_registry.table[ident % TI_TABLE_SIZE];
}

static ti_self *ti_registry_find(uint32_t ident)
{
    ti_self *self = *ti_registry_chain(ident);
    while (self != NULL && self->fast.ident != ident)
        self = self->next;
    return self;
}

static uint32_t ti_registry_new_ident(void)
{
    do {
        ti_registry.last_ident = (ti_registry.last_ident + 1) % TI_IDENT_LIMIT;
    } while (ti_registry.last_ident <= TI_MAIN_IDENT || ti_registry_find(ti_registry.last_ident) != NULL);
    return ti_registry.last_ident;
}

static void ti_registry_add(ti_self *self)
{
    ti_self **chain = ti_registry_chain(self->fast.ident);
    self->next = *chain;
    *chain = self;
}

static void ti_registry_remove(ti_self *self)
{
    ti_self **link = ti_registry_chain(self->fast.ident);
    while (*link != self)
        link = &(*link)->next;
    *link = self->next;
}

/* The one of a chain with the least ident above that. */
static ti_self *ti_registry_above(size_t chain, uint32_t ident)
{
    ti_self *least = NULL;
    for (ti_self *self = ti_registry.table[chain]; self != NULL; self = self->next)
        if (self->fast.ident > ident && (least == NULL || self->fast.ident < least->fast.ident))
            least = self;
    return least;
}

static ti_self *ti_registry_after(uint32_t ident)
{
    size_t chain = ident % TI_TABLE_SIZE;
    ti_self *self = ti_registry_above(chain, ident);
    while (self == NULL && ++chain < TI_TABLE_SIZE)
        self = ti_registry_above(chain, 0);
    return self;
}

static void ti_registry_for_each(void (*function)(ti_self *self, void *arg), void *arg)
{
    for (size_t i = 0; i < TI_TABLE_SIZE; i++)
        for (ti_self *self = ti_registry.table[i], *next; self != NULL; self = next) {
            next = self->next;
            function(self, arg);
        }
}

static void ti_registry_reset_guard(void)
{
    ti_guard_reset(&ti_registry.guard);
}

static TI_COLD void ti_registry_forget(void)
{
    memset(ti_registry.table, 0, sizeof ti_registry.table);
}

/* -------------------------------------------------------------------------------- src/core/parking/self.c */

#include <string.h>

/* Records are made in slabs, each in lines of the cache of its own behind a head; one by one for tools
 * that look for lost memory. */
typedef struct ti_slab {
    struct ti_slab *next;
} ti_slab;

#define TI_SLAB_HEAD 128
#define TI_SELF_SIZE ((sizeof(ti_self) + 127) / 128 * 128)
#define TI_SLAB (TI_KEEPS_MEMORY ? (16384 - TI_SLAB_HEAD) / TI_SELF_SIZE : 1)
#define TI_SLAB_SIZE (TI_SLAB_HEAD + TI_SLAB * TI_SELF_SIZE)

#define TI_RESERVE 8           /* foreign threads that can lock although memory is out */
#define TI_MEMORY_WAIT 1000000 /* nanoseconds between attempts to get memory beyond the reserve */

static ti_self ti_main_self; /* main needs no memory */
static uint32_t ti_main_is_known;
static ti_self ti_reserve[TI_RESERVE];
static uint32_t ti_reserve_used;

/* ---- the pool ---- */

/* Stacks that are only ever taken as a whole, so that no swap can meet a recycled node (ABA). */
static uintptr_t ti_pool;  /* records of threads that have ended */
static uintptr_t ti_fresh; /* records that have no parker yet */
static uintptr_t ti_slabs; /* what all of them are in; nothing is ever taken from there */

static void ti_stack_put(uintptr_t *stack, ti_self *self)
{
    uintptr_t top;
    do {
        top = ti_load_pointer_relaxed(stack);
        self->next = (ti_self *)top;
        /* Release: pairs with the acquire in ti_stack_take, for `next`. */
    } while (!ti_swap_pointer_release(stack, top, (uintptr_t)self));
}

static ti_self *ti_stack_take(uintptr_t *stack)
{
    if (ti_load_pointer_relaxed(stack) == 0) /* relaxed: spares the exchange; the exchange decides */
        return NULL;
    ti_self *taken = (ti_self *)ti_exchange_pointer_acquire(stack, 0);
    if (taken == NULL)
        return NULL;
    ti_self *rest = taken->next;
    if (rest != NULL && !ti_swap_pointer_release(stack, 0, (uintptr_t)rest))
        for (ti_self *next; rest != NULL; rest = next) { /* others were put there meanwhile */
            next = rest->next;
            ti_stack_put(stack, rest);
        }
    return taken;
}

static void ti_slabs_put(ti_slab *slab)
{
    uintptr_t first;
    do {
        first = ti_load_pointer_relaxed(&ti_slabs); /* relaxed: the swap decides */
        slab->next = (ti_slab *)first;
        /* Release: pairs with the acquire in ti_self_unload_all. */
    } while (!ti_swap_pointer_release(&ti_slabs, first, (uintptr_t)slab));
}

static ti_self *ti_slab_record(ti_slab *slab, size_t i)
{
    return (ti_self *)(void *)((char *)slab + TI_SLAB_HEAD + i * TI_SELF_SIZE);
}

/* A record without a parker. NULL when memory is out. */
TI_COLD static ti_self *ti_fresh_take(void)
{
    ti_self *self = ti_stack_take(&ti_fresh);
    if (self != NULL)
        return self;
    ti_slab *slab = (ti_slab *)ti_memory_keep(TI_SLAB_SIZE);
    if (slab == NULL)
        return NULL;
    ti_slabs_put(slab);
    for (size_t i = 1; i < TI_SLAB; i++)
        ti_stack_put(&ti_fresh, ti_slab_record(slab, i));
    return ti_slab_record(slab, 0);
}

/* With a parker. NULL when that cannot be had, or memory is out. */
static ti_self *ti_self_make(void)
{
    ti_self *self = ti_fresh_take();
    if (self == NULL || ti_port_parker_init(&self->parker))
        return self;
    ti_stack_put(&ti_fresh, self);
    return NULL;
}

/* A thread's own waiter knows whose it is. */
static ti_self *ti_self_complete(ti_self *self)
{
    self->waiter.self = self;
    return self;
}

static TI_COLD ti_self *ti_self_new(void)
{
    ti_self *self = ti_stack_take(&ti_pool);
    if (self == NULL)
        self = ti_self_make();
    if (self == NULL)
        return NULL;
    /* Not the parker: another thread may still be about to wake the thread that had the record before. */
    memset(self, 0, offsetof(ti_self, parker));
    return ti_self_complete(self);
}

/* Main's is no other thread's: main may become known again. */
static TI_COLD void ti_self_free(ti_self *self)
{
    ti_calls_give_back(self);
    if (self != &ti_main_self)
        ti_stack_put(&ti_pool, self);
}

static void ti_self_make_parker(ti_self *self)
{
    while (!ti_port_parker_init(&self->parker))
        ti_port_sleep(ti_port_now() + TI_MEMORY_WAIT);
}

static ti_self *ti_reserve_take(void)
{
    if (ti_load_relaxed(&ti_reserve_used) >= TI_RESERVE)
        return NULL;
    /* Relaxed: only the number matters, and no two threads get the same. */
    uint32_t index = ti_add_relaxed(&ti_reserve_used, 1);
    if (index >= TI_RESERVE)
        return NULL;
    memset(&ti_reserve[index], 0, offsetof(ti_self, parker)); /* it may have been used before an unload */
    ti_self_make_parker(&ti_reserve[index]);
    return ti_self_complete(&ti_reserve[index]);
}

TI_COLD static ti_self *ti_foreign_self(void)
{
    for (;;) {
        ti_self *self = ti_self_new();
        if (self == NULL)
            self = ti_reserve_take();
        if (self != NULL)
            return self;
        ti_port_sleep(ti_port_now() + TI_MEMORY_WAIT);
    }
}

/* ---- the calling thread as inline functions see it, where there are such ---- */

#if defined(THREADING_INLINE)
THREADING_INLINE_THREAD struct threading_fast *threading_fast_self;
#endif

static void ti_self_show(ti_self *self)
{
#if defined(THREADING_INLINE) && \
    !defined(THREADING_VALGRIND) /* it has to be told, which only the calls proper do */
    threading_fast_self = self != NULL && ti_taking_watched() == NULL ? &self->fast : NULL;
    if (self != NULL)
        self->shown = &threading_fast_self;
#endif
    if (self != NULL)
        self->place = ti_port_self_place();
}

static ti_self *ti_main_self_begin(void)
{
    ti_store_relaxed(&ti_main_is_known, 1); /* relaxed: main's own, as in ti_self_begin */
    ti_self_make_parker(&ti_main_self);
    ti_hooks_begin_main(&ti_main_self);
    return ti_self_complete(&ti_main_self);
}

/* A record that others can find, for a thread that has none. */
TI_COLD static ti_self *ti_self_begin(void)
{
    /* Relaxed: only main itself can be told to be main. After its end late destructors find it known. */
    bool is_main = ti_port_is_main() && ti_load_relaxed(&ti_main_is_known) == 0;
    ti_self *self = is_main ? ti_main_self_begin() : ti_foreign_self();
    ti_phase_use();
    self->began = ti_port_now();
    self->native_id = ti_port_native_id();
    ti_registry_lock(self);
    if (!is_main)
        self->fast.ident = ti_registry_new_ident();
    ti_registry_add(self);
    ti_registry_unlock();
    return self;
}

/* A thread's first call. What follows ti_self_begin may allocate in the C library, whose malloc may call
 * back: then the thread is known and complete. */
TI_COLD static ti_self *ti_self_attach_new(void)
{
    ti_self *self = ti_self_begin();
    ti_hooks_first_call(self);
    ti_self_show(self);
    return self;
}

static ti_self *ti_self_attach(void)
{
    ti_port_errors errors = ti_port_errors_keep();
    ti_self *self = (ti_self *)ti_port_self_recall();
    if (self == NULL)
        self = ti_self_attach_new();
    ti_port_errors_restore(errors);
    return self;
}

static bool ti_self_is_gone(const ti_self *self)
{
    return self->life.mark != 0 && self != ti_self_known() && ti_port_life_is_over(self->life.mark);
}

static TI_COLD void ti_self_reset(void)
{
    memset(&ti_main_self, 0, sizeof ti_main_self);
    ti_store_relaxed(&ti_main_is_known, 0); /* relaxed: the child has one thread */
}

/* Its thread is in no call, so its own variables may be written here, if they are still there: `is_gone`. */
static TI_COLD void ti_self_unload(ti_self *self, bool is_gone)
{
    if (self->place != NULL && !is_gone)
        *self->place = NULL;
    if (self->shown != NULL && !is_gone)
        *self->shown = NULL;
    ti_self_free(self);
}

static TI_COLD void ti_self_unload_all(void)
{
    ti_slab *slab = (ti_slab *)ti_exchange_pointer_acquire(&ti_slabs, 0);
    for (ti_slab *next; slab != NULL; slab = next) {
        next = slab->next;
        ti_memory_end(slab, TI_SLAB_SIZE);
    }
    /* Relaxed, all: no thread is known. */
    ti_store_pointer_relaxed(&ti_pool, 0);
    ti_store_pointer_relaxed(&ti_fresh, 0);
    ti_store_relaxed(&ti_reserve_used, 0);
}

/* ------------------------------------------------------------------------------- src/core/parking/spins.c */

/* At most between two looks, a microsecond or two: each look takes the memory away from the thread that works
 * there. */
#define TI_SPIN_PAUSES 64

static uint32_t ti_spin_processors; /* 0: not asked yet */

/* Asked once, by the first thread that has to wait, since the answer takes a hundred microseconds: a thread's
 * first call, and a program that never waits, read no files for it. Threads that ask at once are told the
 * same. */
TI_COLD static uint32_t ti_spin_ask(void)
{
    size_t available = ti_processors_available();
    uint32_t processors = available < UINT32_MAX ? (uint32_t)available : UINT32_MAX;
    /* Relaxed: a number by itself. */
    ti_store_relaxed(&ti_spin_processors, processors);
    return processors;
}

static bool ti_spin_has_processors(size_t count)
{
    /* Relaxed: as above. */
    uint32_t processors = ti_load_relaxed(&ti_spin_processors);
    return count <= (processors != 0 ? processors : ti_spin_ask());
}

static bool ti_spin_pause(uint32_t pauses)
{
    if (!ti_spin_has_processors(2))
        return false;
    for (uint32_t i = 0; i < pauses; i++)
        ti_pause();
    return true;
}

/* The first looks come in quick succession: most waits are over by then, and need no clock. */
static bool ti_spin_has_time(ti_spin *spin)
{
    if (spin->pauses < TI_SPIN_PAUSES) {
        spin->pauses = spin->pauses == 0 ? 1 : 2 * spin->pauses;
        return true;
    }
    int64_t now = ti_port_now();
    if (spin->end == 0)
        spin->end = now + TI_SPIN_TIME;
    return now < spin->end;
}

static bool ti_spin_goes_on(ti_spin *spin)
{
    return ti_spin_has_time(spin) && ti_spin_pause(spin->pauses);
}

/* -------------------------------------------------------------------------------- src/core/parking/stop.c */

/*
 * Stop: cancellation by consent.
 *
 * A stop's request sets its flag, then wakes the parker of every thread that heeds it or a child of it; the
 * threads are found in the registry. A wait looks at the flag before each park. If it looks too early, the
 * wake leaves a token and its park returns at once, so that it looks again. No queue is involved: a wait that
 * is stopped leaves its queue as at a deadline.
 */

#define TI_STOP_BATCH 32 /* how many threads are woken between two turns of the registry's guard */

bool threading_stop_requested(const threading_stop_t *stop)
{
    for (; stop != NULL; stop = stop->parent)
        /* Acquire: pairs with the release in threading_stop_request. */
        if (ti_load_acquire(&stop->requested) || (stop->has_deadline && ti_deadline_passed(stop->deadline)))
            return true;
    return false;
}

/* Whether a request of the one would be a request of the other. */
static bool ti_stop_is_or_descends(const threading_stop_t *heeded, const threading_stop_t *ancestor)
{
    while (heeded != NULL && heeded != ancestor)
        heeded = heeded->parent;
    return heeded != NULL;
}

/* A ring of parents would have no end. */
static threading_status_t ti_stop_init(threading_stop_t *stop, threading_stop_t *parent, double seconds)
{
    threading_status_t status = ti_deadline_check_on(stop, seconds);
    if (status != THREADING_OK)
        return status;
    if (ti_stop_is_or_descends(parent, stop))
        return THREADING_INVALID;
    /* Relaxed: nobody else uses it yet. */
    ti_store_relaxed(&stop->requested, 0);
    stop->has_deadline = seconds != THREADING_FOREVER;
    stop->parent = parent;
    stop->deadline = ti_deadline_after(seconds);
    return THREADING_OK;
}

threading_status_t threading_stop_init(threading_stop_t *stop)
{
    return TI_TELL(stop, ti_stop_init(stop, NULL, THREADING_FOREVER));
}

threading_status_t threading_stop_init_child(threading_stop_t *stop, threading_stop_t *parent, double seconds)
{
    return TI_TELL(stop, ti_stop_init(stop, parent, seconds));
}

static bool ti_stop_is_heeded_by(const threading_stop_t *requested, ti_self *self, ti_self *requester)
{
    ti_guard_lock(&self->heeding, &requester->parker);
    bool is_heeded = ti_stop_is_or_descends(self->stop, requested);
    ti_guard_unlock(&self->heeding);
    return is_heeded;
}

/* Under the registry's guard: the next threads after the one of that ident that heed the stop. */
static size_t ti_stop_find(const threading_stop_t *stop, uint32_t after, ti_self *found[TI_STOP_BATCH],
                           ti_self *requester)
{
    size_t count = 0;
    for (ti_self *self = ti_registry_after(after); self != NULL; self = ti_registry_after(self->fast.ident)) {
        if (ti_stop_is_heeded_by(stop, self, requester))
            found[count++] = self;
        if (count == TI_STOP_BATCH)
            break;
    }
    return count;
}

/* A thread that is woken may need the registry's guard soon, to end. So the guard is free while the found
 * threads are woken. If one of them has ended by then, its record may be another thread's, which looks once
 * more at what it waits for: records are never given back (self.h). */
static void ti_stop_wake(threading_stop_t *stop, ti_self *requester)
{
    ti_self *found[TI_STOP_BATCH];
    uint32_t last = 0;
    size_t count;
    do {
        ti_registry_lock(requester);
        count = ti_stop_find(stop, last, found, requester);
        if (count > 0)
            last = found[count - 1]->fast.ident;
        ti_registry_unlock();
        for (size_t i = 0; i < count; i++)
            ti_port_unpark(&found[i]->parker);
    } while (count == TI_STOP_BATCH);
}

threading_status_t threading_stop_request(threading_stop_t *stop)
{
    if (stop == NULL)
        return TI_TELL(stop, THREADING_INVALID);
    /* Release: what was done before the request is seen by those who see it. */
    ti_store_release(&stop->requested, 1);
    ti_stop_wake(stop, ti_self_get());
    return THREADING_OK;
}

/* Under a guard of the thread's own, so that a request that follows a parent does not meet a stop whose
 * memory is gone. Tasks of groups begin and end by this call, on all processors: with the registry's guard a
 * tree of them costs a fifth more on two. */
threading_stop_t *threading_stop_heed(threading_stop_t *stop)
{
    ti_self *self = ti_self_get();
    ti_guard_lock(&self->heeding, &self->parker);
    threading_stop_t *before = self->stop;
    self->stop = stop;
    ti_guard_unlock(&self->heeding);
    return before;
}

/* ------------------------------------------------------------------------------ src/core/parking/taking.c */

#if !defined(THREADING_NO_DIAGNOSIS)

static uintptr_t ti_taking_watcher_now;

static TI_COLD void ti_taking_watch(ti_taking_watcher *watcher)
{
    ti_port_hide_selves(watcher != NULL);
    ti_store_pointer_release(&ti_taking_watcher_now, (uintptr_t)watcher);
}

static void ti_taking_tell(ti_self *self, ti_taking_kind kind, ti_on on, const void *object,
                           const void *caller, uint32_t ident)
{
    ti_taking_watcher *watcher = ti_taking_watched();
    ti_taking taking = {kind, on, object, caller, ident};
    if (watcher != NULL)
        watcher(self, &taking);
}

static TI_COLD ti_self *ti_taking_acquires(ti_on on, const void *object, bool without_limit, const void *caller)
{
    ti_self *self = ti_self_attach();
    ti_taking_tell(self, without_limit ? TI_WANTS : TI_TRIES, on, object, caller, self->fast.ident);
    return self;
}

static TI_COLD ti_self *ti_taking_releases(ti_on on, const void *object, uint32_t ident)
{
    ti_self *self = ti_self_attach();
    ti_taking_tell(self, TI_GIVES, on, object, NULL, ident != 0 ? ident : self->fast.ident);
    return self;
}

static TI_COLD void ti_taking_ends(ti_self *self, ti_on on, const void *object)
{
    ti_taking_tell(self, TI_GIVES, on, object, NULL, self->fast.ident);
}

static TI_COLD void ti_taking_acquires_again(ti_self *self, ti_on on, const void *object)
{
    ti_taking_tell(self, TI_TRIES, on, object, NULL, self->fast.ident);
}

static TI_COLD void ti_taking_begins(ti_on on, const void *object)
{
    if (ti_taking_watched() != NULL)
        ti_taking_tell(ti_self_get(), TI_BEGINS, on, object, NULL, 0);
}

#endif

/* -------------------------------------------------------------------------------- src/core/sync/barrier.c */

/*
 * Barrier: its fields are under the guard of its bucket in the parking lot, where its parties sleep.
 *
 *   state     parties that are there        a thread that comes
 *   FILLING   sleep                         counts itself, sleeps; the last one trips the barrier
 *   ACTING    sleep; the last one is away   sleeps apart (TI_ENTRANTS) until the action is done
 *   BROKEN    are told, and gone            is told
 *
 * However a cycle ends, all who sleep are taken off the queue in one go and told how it ended; the state is
 * then that of the next cycle. A party whose time is over breaks the barrier under the same guard, so that it
 * cannot be counted as there and missing at once. While the action runs nobody times out: all parties have
 * come.
 */

enum { TI_FILLING, TI_ACTING, TI_BROKEN };

_Static_assert(sizeof(threading_barrier_t) <= 256, "no object is larger than 256 bytes");

static ti_bucket *ti_barrier_lock(const threading_barrier_t *barrier, ti_self *self)
{
    ti_bucket *bucket = ti_parking_bucket(barrier);
    ti_guard_lock(&bucket->guard, &self->parker);
    return bucket;
}

/* End the cycle for all, and unlock. The barrier is not touched any more: a woken party may free it. */
static void ti_barrier_end_cycle(threading_barrier_t *barrier, ti_bucket *bucket, uint32_t state,
                                 uint32_t outcome)
{
    barrier->state = state;
    barrier->cycle++;
    barrier->arrived = 0;
    ti_waiter *parties = ti_parking_take(bucket, barrier, TI_PARTIES, SIZE_MAX);
    ti_waiter *entrants = ti_parking_take(bucket, barrier, TI_ENTRANTS, SIZE_MAX);
    ti_guard_unlock(&bucket->guard);
    ti_parking_wake_chain(parties, outcome);
    ti_parking_wake_chain(entrants, TI_WOKEN);
}

/* ---- wait ---- */

/* Sleep in a queue of the barrier's, after unlocking. */
static void ti_barrier_enqueue(const threading_barrier_t *barrier, ti_wait_kind kind, ti_self *self,
                               ti_bucket *bucket)
{
    ti_blocked_on(self, TI_ON_BARRIER, barrier);
    ti_parking_announce(bucket);
    ti_parking_enqueue_last(bucket, &self->waiter, barrier, kind);
    ti_guard_unlock(&bucket->guard);
}

/* Lock the barrier in a state in which it takes parties. THREADING_OK: *bucket is locked. */
static threading_status_t ti_barrier_enter(threading_barrier_t *barrier, ti_self *self, ti_bucket **locked)
{
    for (;;) {
        ti_bucket *bucket = ti_barrier_lock(barrier, self);
        *locked = bucket;
        if (barrier->state == TI_FILLING)
            return THREADING_OK;
        if (barrier->state == TI_BROKEN) {
            ti_guard_unlock(&bucket->guard);
            return THREADING_BROKEN;
        }
        ti_barrier_enqueue(barrier, TI_ENTRANTS, self, bucket);
        if (ti_parking_sleep(self, barrier, TI_FOREVER) == TI_SLEEPING)
            return THREADING_CANCELLED;
    }
}

/* The action has ended its thread, so that it will never be done. */
TI_COLD static void ti_barrier_abandon(ti_self *self, void *object, uintptr_t cycle)
{
    threading_barrier_t *barrier = (threading_barrier_t *)object;
    ti_bucket *bucket = ti_barrier_lock(barrier, self);
    if (barrier->state == TI_ACTING && barrier->cycle == cycle)
        ti_barrier_end_cycle(barrier, bucket, TI_BROKEN, TI_REFUSED);
    else /* it was aborted or reset meanwhile */
        ti_guard_unlock(&bucket->guard);
}

/* Whether the calling thread runs the action: also one of a cycle that was reset meanwhile. */
static bool ti_barrier_is_acting(const threading_barrier_t *barrier, ti_self *self)
{
    return ti_calls_contain(self, ti_barrier_abandon, barrier);
}

static void ti_barrier_act(threading_barrier_t *barrier, uint32_t cycle, ti_self *self)
{
    ti_calls_enter(self, ti_barrier_abandon, barrier, cycle);
    barrier->action(barrier->arg);
    ti_calls_leave(self);
}

/* The last party is there: run the action, let all go on. */
static threading_status_t ti_barrier_trip(threading_barrier_t *barrier, ti_self *self, ti_bucket *bucket)
{
    if (barrier->action != NULL) {
        uint32_t cycle = barrier->cycle;
        barrier->state = TI_ACTING;
        ti_guard_unlock(&bucket->guard);
        ti_barrier_act(barrier, cycle, self);
        (void)ti_barrier_lock(barrier, self);
        if (barrier->cycle != cycle) { /* it was aborted or reset meanwhile */
            ti_guard_unlock(&bucket->guard);
            return THREADING_BROKEN;
        }
    }
    ti_barrier_end_cycle(barrier, bucket, TI_FILLING, TI_WOKEN);
    return THREADING_OK;
}

/* The wait has reached its limit: break the barrier, unless the cycle has ended or is just ending. */
static threading_status_t ti_barrier_give_up(threading_barrier_t *barrier, ti_self *self, int64_t deadline)
{
    threading_status_t status = ti_limit_status(deadline);
    if (status == THREADING_TIMEOUT)
        status = THREADING_BROKEN;
    ti_bucket *bucket = ti_parking_bucket(barrier);
    ti_guard_lock(&bucket->guard, &self->parker);
    if (ti_parking_is_queued(&self->waiter, barrier) && barrier->state == TI_FILLING) {
        ti_parking_dequeue(bucket, &self->waiter);
        ti_barrier_end_cycle(barrier, bucket, TI_BROKEN, TI_REFUSED);
        return status;
    }
    ti_guard_unlock(&bucket->guard);
    return ti_parking_await_wake(self) == TI_WOKEN ? THREADING_OK : THREADING_BROKEN;
}

static threading_status_t ti_barrier_sleep(threading_barrier_t *barrier, ti_self *self, ti_bucket *bucket,
                                           double seconds)
{
    /* Only if all parties can be on their way at once is it worth a look whether the last one comes. Asked
     * now: once it is full the barrier may be gone. */
    bool is_small = ti_spin_has_processors(barrier->parties);
    ti_barrier_enqueue(barrier, TI_PARTIES, self, bucket);
    int64_t deadline = ti_deadline_after(seconds);
    if (is_small)
        ti_linger(self);
    uint32_t outcome = ti_parking_doze(self, deadline);
    if (outcome == TI_SLEEPING)
        return ti_barrier_give_up(barrier, self, deadline);
    return outcome == TI_WOKEN ? THREADING_OK : THREADING_BROKEN;
}

TI_COLD static threading_status_t ti_barrier_refuse(const threading_barrier_t *barrier, ti_self *self)
{
    ti_blocked_on(self, TI_ON_BARRIER, barrier);
    return ti_deadlock_refused(self, NULL);
}

static threading_status_t ti_barrier_wait(threading_barrier_t *barrier, double seconds, size_t *index)
{
    threading_status_t status = ti_deadline_check_on(barrier, seconds);
    if (status != THREADING_OK)
        return status;
    if (barrier->parties == 0)
        return THREADING_INVALID;
    ti_self *self = ti_self_get();
    if (ti_barrier_is_acting(barrier, self))
        return ti_barrier_refuse(barrier, self);
    ti_bucket *bucket;
    status = ti_barrier_enter(barrier, self, &bucket);
    if (status != THREADING_OK)
        return status;
    size_t place = barrier->arrived++;
    bool is_last = barrier->arrived == barrier->parties;
    status =
        is_last ? ti_barrier_trip(barrier, self, bucket) : ti_barrier_sleep(barrier, self, bucket, seconds);
    if (status == THREADING_OK && index != NULL)
        *index = place;
    return status;
}

threading_status_t threading_barrier_wait_timeout(threading_barrier_t *barrier, double seconds, size_t *index)
{
    return TI_TELL(barrier, ti_barrier_wait(barrier, seconds, index));
}

threading_status_t threading_barrier_wait(threading_barrier_t *barrier, size_t *index)
{
    return TI_TELL(barrier, ti_barrier_wait(barrier, barrier != NULL ? barrier->timeout : 0, index));
}

/* ---- the rest ---- */

TI_COLD threading_status_t threading_barrier_reset(threading_barrier_t *barrier)
{
    if (barrier == NULL)
        return TI_TELL(barrier, THREADING_INVALID);
    ti_bucket *bucket = ti_barrier_lock(barrier, ti_self_get());
    ti_barrier_end_cycle(barrier, bucket, TI_FILLING, TI_REFUSED);
    return THREADING_OK;
}

TI_COLD threading_status_t threading_barrier_abort(threading_barrier_t *barrier)
{
    if (barrier == NULL)
        return TI_TELL(barrier, THREADING_INVALID);
    ti_bucket *bucket = ti_barrier_lock(barrier, ti_self_get());
    ti_barrier_end_cycle(barrier, bucket, TI_BROKEN, TI_REFUSED);
    return THREADING_OK;
}

TI_COLD static threading_status_t ti_barrier_init(threading_barrier_t *barrier, size_t parties,
                                                  void (*action)(void *arg), void *arg,
                                                  double timeout_seconds)
{
    if (barrier == NULL || parties == 0)
        return THREADING_INVALID;
    threading_status_t status = ti_deadline_check(timeout_seconds);
    if (status == THREADING_OK)
        *barrier = (threading_barrier_t)THREADING_BARRIER_INIT_WITH(parties, action, arg, timeout_seconds);
    return status;
}

TI_COLD threading_status_t threading_barrier_init(threading_barrier_t *barrier, size_t parties)
{
    return TI_TELL(barrier, ti_barrier_init(barrier, parties, NULL, NULL, THREADING_FOREVER));
}

TI_COLD threading_status_t threading_barrier_init_with(threading_barrier_t *barrier, size_t parties,
                                                       void (*action)(void *arg), void *arg,
                                                       double timeout_seconds)
{
    return TI_TELL(barrier, ti_barrier_init(barrier, parties, action, arg, timeout_seconds));
}

size_t threading_barrier_parties(const threading_barrier_t *barrier)
{
    return barrier != NULL ? barrier->parties : 0;
}

size_t threading_barrier_n_waiting(const threading_barrier_t *barrier)
{
    if (barrier == NULL)
        return 0;
    ti_bucket *bucket = ti_barrier_lock(barrier, ti_self_get());
    size_t count = barrier->arrived;
    ti_guard_unlock(&bucket->guard);
    return count;
}

bool threading_barrier_broken(const threading_barrier_t *barrier)
{
    if (barrier == NULL)
        return false;
    ti_bucket *bucket = ti_barrier_lock(barrier, ti_self_get());
    bool broken = barrier->state == TI_BROKEN;
    ti_guard_unlock(&bucket->guard);
    return broken;
}

/* ----------------------------------------------------------------------------------- src/core/sync/bias.c */

/* So many levels of each of so many threads as a machine can have are less than the state can count. */
#define TI_BIAS_LEVELS 0xFFFF

static uint32_t ti_bias_revocations;
static uint32_t ti_biases;
static ti_self *ti_kept; /* threads that are gone; linked by `next`, under the registry's guard */

static ti_bucket *ti_bias_lock(const threading_rwlock_t *rwlock, ti_self *self)
{
    ti_bucket *bucket = ti_parking_bucket(&rwlock->writer);
    ti_guard_lock(&bucket->guard, &self->parker);
    return bucket;
}

/* ---- the reader's side ---- */

/* Relaxed: only its own thread changes a note's lock, bias and levels. */
static uint32_t ti_note_levels(const ti_reading *reading)
{
    return ti_load_relaxed(&reading->levels);
}

static void ti_note_make_ordinary(ti_reading *reading, uint32_t levels)
{
    ti_store_relaxed(&reading->bias, 0); /* relaxed: under the bucket's guard */
    /* Release: whoever looks at the levels next sees what the thread has done until now (V4). */
    ti_store_release(&reading->levels, levels);
}

/* Under the guard: how many levels an ordinary note has after all. */
static uint32_t ti_note_settle(const threading_rwlock_t *rwlock, ti_reading *reading)
{
    uint32_t writer = ti_load_relaxed(&rwlock->writer); /* relaxed: a bias changes under the guard */
    if (reading->bias != 0 && reading->marked == reading->bias)
        ti_note_make_ordinary(reading, reading->counted);
    else if (reading->bias != 0 && reading->bias != writer)
        ti_note_make_ordinary(reading, 0); /* not seen, or of a lock that was here before */
    return ti_note_levels(reading);
}

static uint32_t ti_bias_settle(const threading_rwlock_t *rwlock, ti_self *self, ti_reading *reading)
{
    ti_bucket *bucket = ti_bias_lock(rwlock, self);
    uint32_t levels = ti_note_settle(rwlock, reading);
    ti_guard_unlock(&bucket->guard);
    return levels;
}

static bool ti_bias_acquire(threading_rwlock_t *rwlock, ti_self *self, ti_reading *reading)
{
    uint32_t writer = ti_load_relaxed(&rwlock->writer); /* relaxed: A2 decides */
    uint32_t bias = writer >= TI_BIAS ? writer : 0;
    uint32_t levels = ti_note_levels(reading);
    if (levels > 0 && reading->bias != 0 && reading->bias != bias)
        levels = ti_bias_settle(rwlock, self, reading);
    if (!ti_fence_is_shared())
        bias = 0;
    if (levels == 0)
        ti_store_relaxed(&reading->bias, bias); /* relaxed: means nothing yet */
    if (bias == 0 || reading->bias != bias || levels >= TI_BIAS_LEVELS)
        return false;
    return ti_bias_note(rwlock, reading, levels + 1) || ti_bias_settle(rwlock, self, reading) > levels;
}

static bool ti_bias_is_released(const threading_rwlock_t *rwlock, ti_self *self, ti_reading *reading)
{
    ti_bucket *bucket = ti_bias_lock(rwlock, self);
    uint32_t levels = ti_note_levels(reading);
    uint32_t counted = reading->marked == reading->bias ? reading->counted : levels;
    if (reading->marked == reading->bias)
        ti_note_make_ordinary(reading, counted);
    ti_guard_unlock(&bucket->guard);
    return counted == levels;
}

static TI_COLD void ti_bias_leave(threading_rwlock_t *rwlock, ti_self *self, ti_reading *reading)
{
    if (ti_load_relaxed(&rwlock->writer) == reading->bias) /* relaxed: the lock is read by this thread */
        ti_bias_revoke(rwlock, self);
    (void)ti_bias_settle(rwlock, self, reading);
}

/* ---- the beginning of a bias ---- */

/* Under both guards. */
static void ti_bias_begin(threading_rwlock_t *rwlock, ti_reading *reading)
{
    uint32_t levels = ti_note_levels(reading);
    uint32_t state = ti_load_relaxed(&rwlock->state); /* relaxed: the swap decides */
    /* Acquire: nobody else has to do with the writer's field. Next time, if somebody came between. */
    if (state < levels || state >= TI_READERS ||
        !ti_swap_acquire(&rwlock->state, state, state - levels + TI_BIASED))
        return;
    uint32_t bias = ti_add_relaxed(&ti_biases, 1) | TI_BIAS; /* relaxed: only the number matters */
    ti_store_relaxed(&reading->bias, bias);                  /* relaxed: revokers read it under the guards */
    reading->seen = ti_load_relaxed(&ti_bias_revocations);   /* relaxed: those of this lock need the guards */
    /* Release: pairs with A2 of readers, who see what the last writer did, as this one does. */
    ti_store_release(&rwlock->writer, bias);
}

static void ti_bias_earn(threading_rwlock_t *rwlock, ti_self *self, ti_reading *reading)
{
    if (++reading->reads < TI_BIAS_AFTER || !ti_fence_is_shared())
        return;
    reading->reads = 0;
    ti_registry_lock(self);
    ti_bucket *bucket = ti_bias_lock(rwlock, self);
    ti_bias_begin(rwlock, reading);
    ti_guard_unlock(&bucket->guard);
    ti_registry_unlock();
}

/* ---- the end of a bias ---- */

typedef struct ti_revocation {
    uintptr_t rwlock;
    uint32_t bias;
    uint32_t levels;
} ti_revocation;

/* V4. Acquire: pairs with A1, for the note's lock and bias, and with R1, for what the reader has done. */
static void ti_bias_count(ti_self *self, void *arg)
{
    ti_revocation *revocation = (ti_revocation *)arg;
    for (ti_reading *reading = self->readings.known; reading < self->readings.known + TI_READS_KNOWN;
         reading++) {
        uint32_t levels = ti_load_acquire(&reading->levels);
        if (levels == 0 || ti_load_pointer_relaxed(&reading->rwlock) != revocation->rwlock ||
            ti_load_relaxed(&reading->bias) != revocation->bias)
            continue;
        reading->marked = revocation->bias;
        reading->counted = levels;
        revocation->levels += levels;
    }
}

/* Whether a thread that is gone has notes that nobody has counted. */
static bool ti_bias_is_missing(const ti_self *self)
{
    for (size_t i = 0; i < TI_READS_KNOWN; i++) {
        const ti_reading *reading = &self->readings.known[i];
        if (ti_note_levels(reading) > 0 && reading->bias != 0 && reading->marked != reading->bias)
            return true;
    }
    return false;
}

static TI_COLD bool ti_bias_keep(ti_self *self)
{
    if (!ti_bias_is_missing(self))
        return false;
    self->next = ti_kept;
    ti_kept = self;
    return true;
}

/* The same for threads that are gone, which are not needed any more after it. */
static void ti_bias_count_kept(ti_revocation *revocation)
{
    for (ti_self **link = &ti_kept; *link != NULL;) {
        ti_self *self = *link;
        ti_bias_count(self, revocation);
        if (ti_bias_is_missing(self)) {
            link = &self->next;
        } else {
            *link = self->next;
            ti_self_free(self);
        }
    }
}

/* Under both guards. */
static void ti_bias_end(threading_rwlock_t *rwlock)
{
    /* Relaxed: it changes under the guards. */
    ti_revocation revocation = {(uintptr_t)rwlock, ti_load_relaxed(&rwlock->writer), 0};
    ti_store_release(&rwlock->writer, 0); /* release: V1; a loop of A2 that sees it finds the guard taken */
    ti_add_sequential(&ti_bias_revocations, 1); /* sequential: V2; pairs with A0, after V1 */
    ti_fence_all();
    ti_registry_for_each(ti_bias_count, &revocation);
    ti_bias_count_kept(&revocation);
    /* Release: the next writer's acquire pairs with it, so that the readers' R1 come before. */
    ti_add_acquire_release(&rwlock->state, revocation.levels - TI_BIASED);
}

static void ti_bias_revoke(threading_rwlock_t *rwlock, ti_self *self)
{
    ti_registry_lock(self);
    ti_bucket *bucket = ti_bias_lock(rwlock, self);
    if (ti_state_is_biased(ti_load_relaxed(&rwlock->state))) /* relaxed: that changes under the guards */
        ti_bias_end(rwlock);
    ti_guard_unlock(&bucket->guard);
    ti_registry_unlock();
}

static TI_COLD void ti_bias_forget(void)
{
    for (ti_self *next; ti_kept != NULL; ti_kept = next) {
        next = ti_kept->next;
        ti_self_free(ti_kept);
    }
}

/* ------------------------------------------------------------------------------ src/core/sync/condition.c */

/*
 * Condition: a queue in the parking lot, and a lock.
 *
 * The queue's address is the condition's own. A waiter enters it before it releases the lock, so that a
 * notify of the next holder finds it. Notify takes waiters off the queue, which decides that they were
 * notified, and puts them at the end of the lock's queue ("wait morphing"): they wake one after the other as
 * the lock comes to them, not all at once to compete for it. A waiter whose time is over takes itself off the
 * queue under the same guard; so each wait is either notified or not, and no notify is lost on one that is
 * leaving.
 */

_Static_assert(sizeof(threading_condition_t) <= 256, "no object is larger than 256 bytes");

/* ---- the lock ---- */

static threading_rlock_t *ti_condition_rlock(threading_condition_t *condition)
{
    return condition->rlock != NULL ? condition->rlock : &condition->own;
}

static uint32_t *ti_condition_word(threading_condition_t *condition)
{
    return condition->lock != NULL ? &condition->lock->word : &ti_condition_rlock(condition)->owner;
}

static bool ti_condition_is_held(threading_condition_t *condition, const ti_self *self)
{
    if (condition->lock != NULL)
        return threading_lock_locked(condition->lock);
    return ti_rlock_is_mine(ti_condition_rlock(condition), self);
}

/* What is told of its lock: the kind, and the object (rlock.h). */
static ti_on ti_condition_rlock_kind(const threading_condition_t *condition)
{
    return condition->rlock != NULL ? TI_ON_RLOCK : TI_ON_OWN;
}

static ti_on ti_condition_lock_kind(const threading_condition_t *condition)
{
    return condition->lock != NULL ? TI_ON_LOCK : ti_condition_rlock_kind(condition);
}

static const void *ti_condition_lock_told(threading_condition_t *condition)
{
    if (condition->lock != NULL)
        return condition->lock;
    return ti_rlock_told(ti_condition_rlock(condition), ti_condition_rlock_kind(condition));
}

static uint32_t ti_condition_release_all(threading_condition_t *condition, ti_self *self)
{
    ti_taking_ends(self, ti_condition_lock_kind(condition), ti_condition_lock_told(condition));
    if (condition->lock == NULL)
        return ti_rlock_release_all(ti_condition_rlock(condition), self);
    /* False: somebody else has released the Lock just now. */
    (void)ti_lockword_release(&condition->lock->word, self->fast.ident);
    return 0;
}

static void ti_condition_reacquire(threading_condition_t *condition, ti_self *self, uint32_t outcome,
                                   uint32_t level)
{
    const void *lock = ti_condition_lock_told(condition);
    ti_taking_acquires_again(self, ti_condition_lock_kind(condition), lock);
    ti_blocked_on(self, ti_condition_lock_kind(condition), lock);
    ti_lockword_acquire_for_certain(ti_condition_word(condition), self, outcome);
    if (condition->lock == NULL)
        ti_rlock_restore(ti_condition_rlock(condition), self, level);
}

/* What would be a misuse of the lock's own call is told as one of the condition's. */
static threading_status_t ti_condition_acquire(threading_condition_t *condition, double seconds,
                                               const void *caller)
{
    threading_status_t status = ti_deadline_check_on(condition, seconds);
    if (status != THREADING_OK)
        return status;
    if (condition->lock != NULL)
        return threading_lock_acquire_timeout(condition->lock, seconds);
    return ti_rlock_acquire(ti_condition_rlock(condition), ti_condition_rlock_kind(condition), seconds,
                            caller);
}

threading_status_t threading_condition_acquire(threading_condition_t *condition)
{
    return TI_TELL(condition, ti_condition_acquire(condition, THREADING_FOREVER, TI_CALLER()));
}

threading_status_t threading_condition_try_acquire(threading_condition_t *condition)
{
    threading_status_t status = ti_condition_acquire(condition, 0, TI_CALLER());
    return TI_TELL(condition, status == THREADING_TIMEOUT ? THREADING_BUSY : status);
}

threading_status_t threading_condition_acquire_timeout(threading_condition_t *condition, double seconds)
{
    return TI_TELL(condition, ti_condition_acquire(condition, seconds, TI_CALLER()));
}

static threading_status_t ti_condition_release(threading_condition_t *condition)
{
    if (condition == NULL)
        return THREADING_INVALID;
    if (condition->lock == NULL)
        return ti_rlock_release(ti_condition_rlock(condition), ti_condition_rlock_kind(condition));
    return threading_lock_locked(condition->lock) ? threading_lock_release(condition->lock)
                                                  : THREADING_NOT_HELD;
}

threading_status_t threading_condition_release(threading_condition_t *condition)
{
    return TI_TELL(condition, ti_condition_release(condition));
}

bool threading_condition_locked(const threading_condition_t *condition)
{
    if (condition == NULL)
        return false;
    /* Acquire: a thread that sees the lock free sees what was done under it. Asking changes nothing. */
    return ti_load_acquire(ti_condition_word((threading_condition_t *)(uintptr_t)condition)) != 0;
}

bool threading_condition_is_owned(const threading_condition_t *condition)
{
    return condition != NULL &&
           ti_condition_is_held((threading_condition_t *)(uintptr_t)condition, ti_self_get());
}

/* ---- making ---- */

/* `is_given`: the lock that it is to have. */
static threading_status_t ti_condition_init(threading_condition_t *condition, bool is_given,
                                            threading_lock_t *lock, threading_rlock_t *rlock)
{
    if (condition == NULL || !is_given)
        return THREADING_INVALID;
    condition->lock = lock;
    condition->rlock = rlock;
    ti_taking_begins(TI_ON_OWN, condition);
    return threading_rlock_init(&condition->own);
}

threading_status_t threading_condition_init(threading_condition_t *condition)
{
    return TI_TELL(condition, ti_condition_init(condition, true, NULL, NULL));
}

threading_status_t threading_condition_init_lock(threading_condition_t *condition, threading_lock_t *lock)
{
    return TI_TELL(condition, ti_condition_init(condition, lock != NULL, lock, NULL));
}

threading_status_t threading_condition_init_rlock(threading_condition_t *condition, threading_rlock_t *rlock)
{
    return TI_TELL(condition, ti_condition_init(condition, rlock != NULL, NULL, rlock));
}

/* ---- waiting ---- */

static void ti_condition_enqueue(threading_condition_t *condition, ti_self *self)
{
    ti_bucket *bucket = ti_parking_bucket(condition);
    ti_guard_lock(&bucket->guard, &self->parker);
    ti_parking_announce(bucket);
    ti_parking_enqueue_last(bucket, &self->waiter, condition, TI_NOTIFIABLES);
    ti_guard_unlock(&bucket->guard);
}

static threading_status_t ti_condition_wait(threading_condition_t *condition, ti_self *self, int64_t deadline)
{
    ti_condition_enqueue(condition, self);
    uint32_t level = ti_condition_release_all(condition, self);
    ti_blocked_on(self, TI_ON_CONDITION, condition);
    ti_linger(self);
    uint32_t outcome = ti_parking_sleep(self, condition, deadline);
    threading_status_t status = outcome == TI_SLEEPING ? ti_limit_status(deadline) : THREADING_OK;
    ti_condition_reacquire(condition, self, outcome, level);
    return status;
}

/* Whether the calling thread may wait: THREADING_OK, or what it has done wrong. */
static threading_status_t ti_condition_check(threading_condition_t *condition, double seconds, ti_self **self)
{
    threading_status_t status = ti_deadline_check_on(condition, seconds);
    if (status != THREADING_OK)
        return status;
    *self = ti_self_get();
    return ti_condition_is_held(condition, *self) ? THREADING_OK : THREADING_NOT_HELD;
}

static threading_status_t ti_condition_wait_timeout(threading_condition_t *condition, double seconds)
{
    ti_self *self;
    threading_status_t status = ti_condition_check(condition, seconds, &self);
    if (status != THREADING_OK)
        return status;
    return ti_condition_wait(condition, self, ti_deadline_after(seconds));
}

threading_status_t threading_condition_wait(threading_condition_t *condition)
{
    return TI_TELL(condition, ti_condition_wait_timeout(condition, THREADING_FOREVER));
}

threading_status_t threading_condition_wait_timeout(threading_condition_t *condition, double seconds)
{
    return TI_TELL(condition, ti_condition_wait_timeout(condition, seconds));
}

/* The predicate has ended its thread: the lock that its caller would have released goes on to others. */
TI_COLD static void ti_condition_abandon_lock(ti_self *self, void *lock, uintptr_t unused)
{
    (void)unused;
    uint32_t *word = &((threading_lock_t *)lock)->word;
    /* Relaxed: only this thread puts its ident there. A Lock may have been released, and be another's by now.
     * */
    if (ti_load_relaxed(word) == self->fast.ident)
        (void)threading_lock_release((threading_lock_t *)lock);
}

/* `kind`: what is told of it. */
TI_COLD static void ti_condition_abandon_rlock(ti_self *self, void *object, uintptr_t kind)
{
    threading_rlock_t *rlock = (threading_rlock_t *)object;
    if (!ti_rlock_is_mine(rlock, self))
        return;
    ti_taking_ends(self, (ti_on)kind, ti_rlock_told(rlock, (ti_on)kind));
    (void)ti_rlock_release_all(rlock, self);
}

/* Abandoning it must not need the condition, which may be on the stack that is gone then. */
static bool ti_condition_ask(threading_condition_t *condition, ti_self *self, bool (*predicate)(void *arg),
                             void *arg)
{
    if (condition->lock != NULL)
        ti_calls_enter(self, ti_condition_abandon_lock, condition->lock, 0);
    else
        ti_calls_enter(self, ti_condition_abandon_rlock, ti_condition_rlock(condition),
                       (uintptr_t)ti_condition_rlock_kind(condition));
    bool is_true = predicate(arg);
    ti_calls_leave(self);
    return is_true;
}

static threading_status_t ti_condition_wait_for(threading_condition_t *condition,
                                                bool (*predicate)(void *arg), void *arg, double seconds)
{
    ti_self *self;
    threading_status_t checked =
        predicate == NULL ? THREADING_INVALID : ti_condition_check(condition, seconds, &self);
    if (checked != THREADING_OK)
        return checked;
    if (ti_condition_ask(condition, self, predicate, arg))
        return THREADING_OK;
    int64_t deadline = ti_deadline_after(seconds);
    for (;;) {
        threading_status_t status = ti_condition_wait(condition, self, deadline);
        if (ti_condition_ask(condition, self, predicate, arg))
            return THREADING_OK;
        if (status != THREADING_OK)
            return status;
    }
}

threading_status_t threading_condition_wait_for(threading_condition_t *condition,
                                                bool (*predicate)(void *arg), void *arg)
{
    return TI_TELL(condition, ti_condition_wait_for(condition, predicate, arg, THREADING_FOREVER));
}

threading_status_t threading_condition_wait_for_timeout(threading_condition_t *condition,
                                                        bool (*predicate)(void *arg), void *arg,
                                                        double seconds)
{
    return TI_TELL(condition, ti_condition_wait_for(condition, predicate, arg, seconds));
}

/* ---- notifying ---- */

static void ti_condition_notify_slow(threading_condition_t *condition, ti_self *self, size_t n)
{
    ti_bucket *bucket = ti_parking_bucket(condition);
    ti_guard_lock(&bucket->guard, &self->parker);
    ti_waiter *notified = ti_parking_take(bucket, condition, TI_NOTIFIABLES, n);
    ti_guard_unlock(&bucket->guard);
    if (notified != NULL)
        ti_lockword_requeue(ti_condition_word(condition), notified);
}

static threading_status_t ti_condition_notify(threading_condition_t *condition, size_t n)
{
    if (condition == NULL)
        return THREADING_INVALID;
    ti_self *self = ti_self_get();
    if (!ti_condition_is_held(condition, self))
        return THREADING_NOT_HELD;
    /* The hint is enough: a waiter announces itself before it releases the lock, which is held now. */
    if (ti_parking_may_be_awaited(ti_parking_bucket(condition)))
        ti_condition_notify_slow(condition, self, n);
    return THREADING_OK;
}

threading_status_t threading_condition_notify(threading_condition_t *condition, size_t n)
{
    return TI_TELL(condition, ti_condition_notify(condition, n));
}

threading_status_t threading_condition_notify_all(threading_condition_t *condition)
{
    return TI_TELL(condition, ti_condition_notify(condition, SIZE_MAX));
}

/* ---------------------------------------------------------------------------------- src/core/sync/event.c */

/*
 * Event: a flag of 0 or 1, and the parking lot.
 *
 * Set takes all waiters off the queue and tells them. A waiter that was told does not look at the flag
 * again, which another thread may have cleared by then. Set changes the flag and takes the queue in one
 * go, under the bucket's guard. Between the two another thread could see the flag, clear it and wait anew,
 * and it would be told of a set that came before its wait.
 */

_Static_assert(sizeof(threading_event_t) == 4, "an Event is its flag");

static threading_status_t ti_event_clear(threading_event_t *event)
{
    if (event == NULL)
        return THREADING_INVALID;
    /* Release: a thread that sees the flag clear sees what came before. Nobody is woken by it. */
    ti_store_release(&event->flag, 0);
    return THREADING_OK;
}

threading_status_t threading_event_init(threading_event_t *event)
{
    return TI_TELL(event, ti_event_clear(event));
}

threading_status_t threading_event_clear(threading_event_t *event)
{
    return TI_TELL(event, ti_event_clear(event));
}

threading_status_t threading_event_set(threading_event_t *event)
{
    if (event == NULL)
        return TI_TELL(event, THREADING_INVALID);
    ti_bucket *bucket = ti_parking_bucket(&event->flag);
    ti_guard_lock(&bucket->guard, &ti_self_get()->parker);
    /* Release: pairs with the acquire of those who find it set. The last touch of the flag. */
    ti_store_release(&event->flag, 1);
    ti_waiter *waiters = ti_parking_take(bucket, &event->flag, TI_EVENT_WAITERS, SIZE_MAX);
    ti_waiter *watchers = ti_parking_take_watchers(bucket, &event->flag);
    ti_guard_unlock(&bucket->guard);
    ti_parking_wake_chain(waiters, TI_WOKEN);
    ti_parking_wake_chain(watchers, TI_WOKEN);
    return THREADING_OK;
}

bool threading_event_is_set(const threading_event_t *event)
{
    /* Acquire: pairs with the store in set. */
    return event != NULL && ti_load_acquire(&event->flag) != 0;
}

/* False: it is set. */
static bool ti_event_enqueue(threading_event_t *event, ti_self *self)
{
    ti_bucket *bucket = ti_parking_bucket(&event->flag);
    ti_guard_lock(&bucket->guard, &self->parker);
    /* Under the guard the flag may be cleared, but not be set: no announcement is needed before the look. */
    bool must_wait = !threading_event_is_set(event);
    if (must_wait) {
        ti_parking_announce(bucket);
        ti_parking_enqueue_last(bucket, &self->waiter, &event->flag, TI_EVENT_WAITERS);
    }
    ti_guard_unlock(&bucket->guard);
    return must_wait;
}

static threading_status_t ti_event_wait(threading_event_t *event, double seconds)
{
    threading_status_t status = ti_deadline_check_on(event, seconds);
    if (status != THREADING_OK || threading_event_is_set(event))
        return status;
    if (seconds == 0)
        return THREADING_TIMEOUT;
    ti_self *self = ti_self_get();
    int64_t deadline = ti_deadline_after(seconds);
    if (!ti_event_enqueue(event, self))
        return THREADING_OK;
    ti_blocked_on(self, TI_ON_EVENT, event);
    ti_linger(self);
    if (ti_parking_sleep(self, &event->flag, deadline) != TI_SLEEPING || threading_event_is_set(event))
        return THREADING_OK;
    return ti_limit_status(deadline);
}

threading_status_t threading_event_wait(threading_event_t *event)
{
    return TI_TELL(event, ti_event_wait(event, THREADING_FOREVER));
}

threading_status_t threading_event_wait_timeout(threading_event_t *event, double seconds)
{
    return TI_TELL(event, ti_event_wait(event, seconds));
}

/* ---------------------------------------------------------------------------------- src/core/sync/local.c */

/*
 * Local: a copy of a struct for each thread.
 *
 * A local gets a slot at its first use, the same in all threads: the index into each thread's table of
 * copies. The fast path is two loads of the thread's own. Every copy is also in its local's list, so that
 * destroying the local finds the copies of all threads. One guard protects slots, lists and the tables'
 * growth. The ending thread or the destroyer, whichever is first, takes a copy out under the guard, and
 * finalises it after it has unlocked the guard. A slot is given to another local only when no table has
 * a copy there any more.
 */

#include <string.h>

#define TI_FIRST_CAPACITY 8

/* The head of a copy; the user's struct follows. All is under the guard but `fini` and `owner`, which never
 * change. */
typedef struct ti_copy {
    void *next;  /* in the local's list: a ti_copy, void so that the public struct holds the first */
    void **link; /* what points to this copy */
    ti_self *owner;
    uint32_t slot;
    void (*fini)(void *copy);
} ti_copy;

/* How far behind the head that is. Memory comes aligned for any standard type, none of which needs more
 * than 16 bytes, and so stays what is a multiple of 16 behind. (Microsoft's <stddef.h> has no max_align_t
 * in C.) */
#define TI_COPY_ALIGNMENT ((size_t)16)
#define TI_COPY_HEAD ((sizeof(ti_copy) + TI_COPY_ALIGNMENT - 1) / TI_COPY_ALIGNMENT * TI_COPY_ALIGNMENT)

_Static_assert(sizeof(threading_local_t) <= 256, "design.md: no object is larger than 256 bytes");

static struct {
    ti_guard guard;
    uint32_t *free; /* slots that were given back */
    size_t free_count;
    size_t free_capacity; /* at least `slots` since one was made; giving back then needs no memory */
    uint32_t slots;       /* how many there are; slot 0 is none */
} ti_locals;

static void *ti_copy_data(ti_copy *copy)
{
    return (char *)copy + TI_COPY_HEAD;
}

static ti_copy *ti_copy_of(void *data)
{
    return (ti_copy *)(void *)((char *)data - TI_COPY_HEAD);
}

static void ti_local_lock(ti_self *self)
{
    ti_guard_lock(&ti_locals.guard, &self->parker);
}

static bool ti_local_try_lock(void)
{
    return ti_guard_try_lock(&ti_locals.guard);
}

static void ti_local_unlock(void)
{
    ti_guard_unlock(&ti_locals.guard);
}

static void ti_local_reset_guard(void)
{
    ti_guard_reset(&ti_locals.guard);
}

/* ---- memory, without the guard ---- */

/*
 * What a first use needs is taken before the guard, and what is left of it is given back after it. A user's
 * allocator may be protected by a Lock that a handler of fork holds while the guard is wanted: under the
 * guard nobody may wait for it.
 *
 *   memory    an array, not zeroed
 *   capacity  how many elements it has
 *   wanted    how many it should have
 */
typedef struct ti_array {
    void *memory;
    size_t capacity;
    size_t wanted;
} ti_array;

/*
 *   copy   what is made
 *   slots  a larger `free` of ti_locals; once that is in its place, the smaller one
 *   table  a larger table of the thread, likewise
 */
typedef struct ti_stock {
    ti_copy *copy;
    ti_array slots;
    ti_array table;
} ti_stock;

static size_t ti_grown(size_t capacity, size_t needed)
{
    if (capacity == 0)
        capacity = TI_FIRST_CAPACITY;
    while (capacity < needed)
        capacity *= 2;
    return capacity;
}

/* False: memory is out. */
static bool ti_array_fill(ti_array *array, size_t size)
{
    if (array->capacity >= array->wanted)
        return true;
    void *memory = ti_memory_resize(array->memory, array->wanted * size);
    if (memory == NULL)
        return false;
    array->memory = memory;
    array->capacity = array->wanted;
    return true;
}

static bool ti_stock_fill(ti_stock *stock)
{
    return ti_array_fill(&stock->slots, sizeof *ti_locals.free) &&
           ti_array_fill(&stock->table, sizeof(void *));
}

static void ti_stock_give_back(const ti_stock *stock)
{
    ti_memory_free(stock->copy);
    ti_memory_free(stock->slots.memory);
    ti_memory_free(stock->table.memory);
}

/* Under the guard. False: the array is too small; it then says what is wanted. */
static bool ti_array_suffices(ti_array *array, size_t capacity, size_t needed)
{
    array->wanted = ti_grown(capacity, needed);
    return array->capacity >= array->wanted;
}

/* ---- slots, under the guard ---- */

/* Have room for one slot more to be given back. False: the stock does not suffice. */
static bool ti_slots_grow(ti_array *larger)
{
    size_t needed = (size_t)ti_locals.slots + 1;
    if (ti_locals.free_capacity >= needed)
        return true;
    if (!ti_array_suffices(larger, ti_locals.free_capacity, needed))
        return false;
    uint32_t *smaller = ti_locals.free;
    if (ti_locals.free_count > 0)
        memcpy(larger->memory, smaller, ti_locals.free_count * sizeof *smaller);
    ti_locals.free = (uint32_t *)larger->memory;
    ti_locals.free_capacity = larger->capacity;
    *larger = (ti_array){.memory = smaller};
    return true;
}

/* 0: the stock does not suffice. */
static uint32_t ti_slot_new(ti_stock *stock)
{
    if (ti_locals.free_count > 0)
        return ti_locals.free[--ti_locals.free_count];
    return ti_slots_grow(&stock->slots) ? ++ti_locals.slots : 0;
}

static void ti_slot_free(uint32_t slot)
{
    if (slot != 0 && ti_locals.free_count < ti_locals.free_capacity) /* no room: after ti_local_unload */
        ti_locals.free[ti_locals.free_count++] = slot;
}

/* Have room for the slot in the thread's table. False: the stock does not suffice. */
static bool ti_slot_reserve(ti_self *self, uint32_t slot, ti_array *larger)
{
    size_t capacity = self->fast.capacity;
    if (slot < capacity)
        return true;
    if (!ti_array_suffices(larger, capacity, (size_t)slot + 1))
        return false;
    void **copies = (void **)larger->memory;
    /* The analyzer does not see that an array which suffices has memory, and that a table with room is
     * one. */
    if (capacity > 0)
        /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
        memcpy(copies, self->fast.copies, capacity * sizeof *copies);
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
    memset(copies + capacity, 0, (larger->capacity - capacity) * sizeof *copies);
    void **smaller = self->fast.copies;
    self->fast.copies = copies;
    self->fast.capacity = larger->capacity;
    *larger = (ti_array){.memory = smaller};
    return true;
}

/* ---- copies, under the guard ---- */

static void ti_copy_link(ti_copy *copy, threading_local_t *local, ti_self *self)
{
    copy->owner = self;
    copy->slot = local->slot;
    copy->fini = local->fini;
    copy->next = local->copies;
    copy->link = &local->copies;
    if (copy->next != NULL)
        ((ti_copy *)copy->next)->link = &copy->next;
    local->copies = copy;
    self->fast.copies[copy->slot] = ti_copy_data(copy);
}

static void ti_copy_unlink(ti_copy *copy)
{
    *copy->link = copy->next;
    if (copy->next != NULL)
        ((ti_copy *)copy->next)->link = copy->link;
    copy->owner->fast.copies[copy->slot] = NULL;
}

/* Put the stock's copy in its place. False: the stock does not suffice. */
static bool ti_copy_place(threading_local_t *local, ti_self *self, ti_stock *stock)
{
    /* Release: pairs with the acquire in threading_local_get; a slot that was another local's is empty by
     * now. */
    if (local->slot == 0)
        ti_store_release(&local->slot, ti_slot_new(stock));
    if (local->slot == 0 || !ti_slot_reserve(self, local->slot, &stock->table))
        return false;
    ti_copy_link(stock->copy, local, self);
    stock->copy = NULL;
    return true;
}

/* ---- the end of copies, without the guard ---- */

static void ti_copy_end(ti_copy *copy)
{
    if (copy->fini != NULL)
        copy->fini(ti_copy_data(copy));
    ti_memory_free(copy);
}

/* Take this thread's first copy at *slot or above. */
static ti_copy *ti_local_take(ti_self *self, size_t *slot)
{
    ti_copy *copy = NULL;
    ti_local_lock(self);
    while (*slot < self->fast.capacity && self->fast.copies[*slot] == NULL)
        ++*slot;
    if (*slot < self->fast.capacity) {
        copy = ti_copy_of(self->fast.copies[*slot]);
        ti_copy_unlink(copy);
    }
    ti_local_unlock();
    return copy;
}

static void *ti_copy_finalise(void *arg)
{
    ti_copy *copy = (ti_copy *)arg;
    copy->fini(ti_copy_data(copy));
    return NULL;
}

/* By threading_exit() a finaliser ends itself only: the thread is ending already, and has others to call.
 * The copies may be those of another thread, which is gone (foreign.h). */
static void ti_copy_end_with_thread(ti_copy *copy)
{
    if (copy->fini != NULL)
        (void)ti_calls_catch(ti_self_get(), ti_copy_finalise, copy);
    ti_memory_free(copy);
}

/* One pass over the table. False if it found nothing. */
static bool ti_local_finish_once(ti_self *self)
{
    bool found = false;
    size_t slot = 0;
    for (ti_copy *copy; (copy = ti_local_take(self, &slot)) != NULL; found = true)
        ti_copy_end_with_thread(copy);
    return found;
}

TI_COLD static void ti_local_drop_table(ti_self *self)
{
    void **copies = self->fast.copies;
    ti_local_lock(self);
    self->fast.copies = NULL;
    self->fast.capacity = 0;
    ti_local_unlock();
    ti_memory_free(copies);
}

static TI_COLD void ti_local_finish(ti_self *self)
{
    if (self->fast.copies == NULL)
        return;
    while (ti_local_finish_once(self))
        continue;
    ti_local_drop_table(self);
}

static TI_COLD void ti_local_abandon(ti_self *self)
{
    for (size_t slot = 0; slot < self->fast.capacity; slot++)
        if (self->fast.copies[slot] != NULL) {
            ti_copy *copy = ti_copy_of(self->fast.copies[slot]);
            ti_copy_unlink(copy);
            ti_later_free(copy);
        }
    ti_later_free(self->fast.copies);
    self->fast.copies = NULL;
    self->fast.capacity = 0;
}

static TI_COLD void ti_local_unload(void)
{
    ti_memory_free(ti_locals.free);
    ti_locals.free = NULL;
    ti_locals.free_count = ti_locals.free_capacity = 0;
}

/* ---- the public calls ---- */

threading_status_t threading_local_init(threading_local_t *local, size_t size, void (*init)(void *copy),
                                        void (*fini)(void *copy))
{
    if (local == NULL)
        return TI_TELL(local, THREADING_INVALID);
    local->size = size;
    local->init = init;
    local->fini = fini;
    local->copies = NULL;
    local->slot = 0;
    return THREADING_OK;
}

/* The copy's data, in its place. NULL when memory is out. */
static void *ti_copy_new(threading_local_t *local, ti_self *self)
{
    ti_copy *copy = (ti_copy *)ti_memory_allocate(TI_COPY_HEAD + local->size);
    ti_stock stock = {.copy = copy};
    bool is_placed = false;
    while (copy != NULL && !is_placed && ti_stock_fill(&stock)) {
        ti_local_lock(self);
        is_placed = ti_copy_place(local, self, &stock);
        ti_local_unlock();
    }
    ti_stock_give_back(&stock);
    return is_placed ? ti_copy_data(copy) : NULL;
}

TI_COLD static void *ti_local_get_slow(threading_local_t *local, ti_self *self)
{
    if (local->size == 0 || local->size > SIZE_MAX - TI_COPY_HEAD)
        return NULL;
    void *data = ti_copy_new(local, self);
    /* The copy is in place already, so that `init` may use the local. */
    if (data != NULL && local->init != NULL)
        local->init(data);
    return data;
}

void *threading_local_get(threading_local_t *local)
{
    if (local == NULL)
        return NULL;
    ti_self *self = ti_self_get();
    uint32_t slot = ti_load_acquire(&local->slot);
    if (slot < self->fast.capacity && self->fast.copies[slot] != NULL)
        return self->fast.copies[slot];
    return ti_local_get_slow(local, self);
}

/* Take all copies off their threads' tables; the list stays as it is. Under the guard. */
static ti_copy *ti_local_take_all(threading_local_t *local)
{
    ti_copy *first = (ti_copy *)local->copies;
    for (ti_copy *copy = first; copy != NULL; copy = (ti_copy *)copy->next)
        copy->owner->fast.copies[copy->slot] = NULL;
    ti_slot_free(local->slot);
    local->copies = NULL;
    ti_store_release(&local->slot, 0); /* release: as in ti_copy_new, for a use of the object from now on */
    return first;
}

/* One pass. False if there were no copies. */
static bool ti_local_destroy_once(threading_local_t *local, ti_self *self)
{
    ti_local_lock(self);
    ti_copy *copy = ti_local_take_all(local);
    ti_local_unlock();
    bool found = copy != NULL;
    while (copy != NULL) {
        ti_copy *next = (ti_copy *)copy->next;
        ti_copy_end(copy);
        copy = next;
    }
    return found;
}

TI_COLD threading_status_t threading_local_destroy(threading_local_t *local)
{
    if (local == NULL)
        return TI_TELL(local, THREADING_INVALID);
    while (ti_local_destroy_once(local, ti_self_get())) /* again: finalisers may have made copies */
        continue;
    return THREADING_OK;
}

/* ----------------------------------------------------------------------------------- src/core/sync/lock.c */

/* Lock: the lock word as it is. How it works is told in lockword.h. */

_Static_assert(sizeof(threading_lock_t) == 4, "a Lock is its word");
#if defined(THREADING_INLINE)
_Static_assert(THREADING_BUCKET_BITS == TI_BUCKET_BITS && THREADING_FENCE_SHARED == TI_FENCE_SHARED,
               "the header and the core agree");
#endif

threading_status_t threading_lock_init(threading_lock_t *lock)
{
    if (lock == NULL)
        return TI_TELL(lock, THREADING_INVALID);
    ti_taking_begins(TI_ON_LOCK, lock);
    /* Relaxed: nobody else uses it yet. */
    ti_store_relaxed(&lock->word, 0);
    return THREADING_OK;
}

/* Heeds no stop: the status of an acquire may be dropped. */
static void ti_lock_acquire_slow(threading_lock_t *lock, ti_self *self)
{
    ti_blocked_on(self, TI_ON_LOCK, lock);
    ti_lockword_acquire_for_certain(&lock->word, self, TI_SLEEPING);
}

static threading_status_t ti_lock_failed(threading_lock_t *lock, ti_self *self, threading_status_t status)
{
    ti_taking_ends(self, TI_ON_LOCK, lock);
    return status;
}

/* The calling thread, whose pointer is NULL, releases. Relaxed: the release itself decides. */
static ti_self *ti_lock_releases(threading_lock_t *lock)
{
    return ti_taking_releases(TI_ON_LOCK, lock, ti_load_relaxed(&lock->word));
}

threading_status_t threading_lock_acquire(threading_lock_t *lock)
{
    if (lock == NULL)
        return TI_TELL(lock, THREADING_INVALID);
    ti_self *self = (ti_self *)ti_port_self();
    if (self == NULL)
        self = ti_taking_acquires(TI_ON_LOCK, lock, true, TI_CALLER());
    if (!ti_lockword_try(&lock->word, self->fast.ident))
        ti_lock_acquire_slow(lock, self);
    return THREADING_OK;
}

threading_status_t threading_lock_try_acquire(threading_lock_t *lock)
{
    if (lock == NULL)
        return TI_TELL(lock, THREADING_INVALID);
    ti_self *self = (ti_self *)ti_port_self();
    if (self == NULL)
        self = ti_taking_acquires(TI_ON_LOCK, lock, false, TI_CALLER());
    bool is_taken = ti_lockword_try(&lock->word, self->fast.ident);
    return is_taken ? THREADING_OK : ti_lock_failed(lock, self, THREADING_BUSY);
}

threading_status_t threading_lock_acquire_timeout(threading_lock_t *lock, double seconds)
{
    threading_status_t status = ti_deadline_check_on(lock, seconds);
    if (status != THREADING_OK)
        return TI_TELL(lock, status);
    ti_self *self = (ti_self *)ti_port_self();
    if (self == NULL)
        self = ti_taking_acquires(TI_ON_LOCK, lock, seconds < 0, TI_CALLER());
    if (ti_lockword_try(&lock->word, self->fast.ident))
        return THREADING_OK;
    if (seconds == 0)
        return ti_lock_failed(lock, self, THREADING_TIMEOUT);
    ti_blocked_on(self, TI_ON_LOCK, lock);
    status = ti_lockword_acquire_slow(&lock->word, self, ti_deadline_after(seconds), TI_UNOWNED);
    return status == THREADING_OK ? THREADING_OK : ti_lock_failed(lock, self, status);
}

threading_status_t threading_lock_release(threading_lock_t *lock)
{
    if (lock == NULL)
        return TI_TELL(lock, THREADING_INVALID);
    const ti_self *self = (const ti_self *)ti_port_self();
    if (self == NULL)
        self = ti_lock_releases(lock);
    if (!ti_lockword_release(&lock->word, self->fast.ident))
        return TI_TELL(lock, THREADING_NOT_HELD);
    return THREADING_OK;
}

/* An inline release has freed the word, and seen that somebody announced itself. The word is not the caller's
 * any more. */
void threading_word_wake(const uint32_t *word)
{
    ti_lockword_wake_first(word, ti_parking_bucket(word));
}

bool threading_lock_locked(const threading_lock_t *lock)
{
    /* Acquire: a thread that sees the lock free sees what was done under it. */
    return lock != NULL && ti_load_acquire(&lock->word) != 0;
}

/* ----------------------------------------------------------------------------------- src/core/sync/once.c */

/*
 * Once: a word that is first 0, then the ident of the thread that runs the function, then DONE; or ABANDONED
 * if the function has ended its thread.
 *
 * A thread that finds another one running waits for it as for the owner of an RLock, with the same proof of
 * deadlock.
 */

#define TI_DONE UINT32_MAX /* no ident: those have 31 bits; nor is the next */
#define TI_ABANDONED (UINT32_MAX - 1)

_Static_assert(sizeof(threading_once_t) == 4, "a Once is its word");

threading_status_t threading_once_init(threading_once_t *once)
{
    if (once == NULL)
        return TI_TELL(once, THREADING_INVALID);
    /* Relaxed: nobody else uses it yet. */
    ti_store_relaxed(&once->word, 0);
    return THREADING_OK;
}

static void ti_once_end(uint32_t *word, uint32_t end)
{
    /* Sequential: the change in the table in parking.h; releases what the function did. */
    ti_store_sequential(word, end);
    ti_parking_wake_all(word);
}

/* The function has ended its thread. What it has left behind nobody can know: it is neither called again nor
 * done. */
TI_COLD static void ti_once_abandon(ti_self *self, void *object, uintptr_t unused)
{
    (void)unused;
    uint32_t *word = (uint32_t *)object;
    self->fast.rlocks--;
    /* Relaxed: only this thread puts its ident there. The word is another one's if the user has made it new.
     * */
    if (ti_load_relaxed(word) == self->fast.ident)
        ti_once_end(word, TI_ABANDONED);
}

/* `rlocks`: inside the function the thread counts as the owner of one RLock more (ti_future_may_help). */
static void ti_once_run(uint32_t *word, ti_self *self, void (*function)(void *arg), void *arg)
{
    self->fast.rlocks++;
    ti_calls_enter(self, ti_once_abandon, word, 0);
    function(arg);
    ti_calls_leave(self);
    self->fast.rlocks--;
    ti_once_end(word, TI_DONE);
}

static threading_status_t ti_once_slow(uint32_t *word, void (*function)(void *arg), void *arg)
{
    ti_self *self = ti_self_get();
    for (;;) {
        /* Acquire: pairs with the store of TI_DONE. */
        uint32_t seen = ti_load_acquire(word);
        if (seen == TI_DONE)
            return THREADING_OK;
        if (seen == 0 && ti_swap_acquire(word, 0, self->fast.ident)) {
            ti_once_run(word, self, function, arg);
            return THREADING_OK;
        }
        ti_blocked_on(self, TI_ON_ONCE, word);
        /* Whatever limits the wait: this thread would have to go on. */
        if (seen == self->fast.ident || seen == TI_ABANDONED)
            return ti_deadlock_refused(self, word);
        threading_status_t status =
            seen != 0 ? ti_deadlock_sleep(self, word, seen, TI_FOREVER) : THREADING_OK;
        if (status == THREADING_DEADLOCK)
            return ti_deadlock_refused(self, word);
        if (status != THREADING_OK)
            return status;
    }
}

threading_status_t threading_once(threading_once_t *once, void (*function)(void *arg), void *arg)
{
    if (once == NULL || function == NULL)
        return TI_TELL(once, THREADING_INVALID);
    /* Acquire: pairs with the store of TI_DONE. */
    if (ti_load_acquire(&once->word) == TI_DONE)
        return THREADING_OK;
    return ti_once_slow(&once->word, function, arg);
}

/* ---------------------------------------------------------------------------------- src/core/sync/rlock.c */

/*
 * RLock: a lock word whose ident is the owner, and the owner's level.
 *
 * `count` belongs to the owner: nobody else reads or writes it, so it is no atomic. The owner sets it to 0
 * before it frees the word, and the next one finds it so.
 */

_Static_assert(sizeof(threading_rlock_t) == 8, "an RLock is its word and its count");

static threading_status_t ti_rlock_enter_again(threading_rlock_t *rlock)
{
    if (rlock->count == UINT32_MAX)
        return THREADING_OVERFLOW;
    rlock->count++;
    return THREADING_OK;
}

static threading_status_t ti_rlock_entered(threading_rlock_t *rlock, ti_self *self)
{
    rlock->count = 1;
    self->fast.rlocks++;
    return THREADING_OK;
}

static threading_status_t ti_rlock_acquire_slow(threading_rlock_t *rlock, ti_on on, ti_self *self,
                                                double seconds)
{
    if (seconds == 0)
        return THREADING_TIMEOUT;
    ti_blocked_on(self, on, ti_rlock_told(rlock, on));
    threading_status_t status =
        ti_lockword_acquire_slow(&rlock->owner, self, ti_deadline_after(seconds), TI_OWNED);
    if (status == THREADING_DEADLOCK)
        return ti_deadlock_refused(self, &rlock->owner);
    return status == THREADING_OK ? ti_rlock_entered(rlock, self) : status;
}

/* THREADING_BUSY when another thread owns it. */
static threading_status_t ti_rlock_try(threading_rlock_t *rlock, ti_self *self)
{
    if (ti_rlock_is_mine(rlock, self))
        return ti_rlock_enter_again(rlock);
    if (ti_lockword_try(&rlock->owner, self->fast.ident))
        return ti_rlock_entered(rlock, self);
    return THREADING_BUSY;
}

/* Tells the checkers (annotate.h) of the first level, and those who watch (taking.h) that there is none: a
 * level too many was not told. The count is the caller's if the status is THREADING_OK. */
static threading_status_t ti_rlock_note(threading_rlock_t *rlock, ti_on on, ti_self *self,
                                        threading_status_t status, bool is_try)
{
    if (status == THREADING_OK && rlock->count == 1)
        ti_note_acquired(rlock, is_try);
    else if (status != THREADING_OK && status != THREADING_OVERFLOW)
        ti_taking_ends(self, on, ti_rlock_told(rlock, on));
    return status;
}

/* The calling thread, whose pointer is NULL, acquires or releases. */
TI_COLD static ti_self *ti_rlock_acquires(threading_rlock_t *rlock, ti_on on, bool without_limit,
                                          const void *caller)
{
    ti_self *self = ti_self_attach();
    if (ti_rlock_is_mine(rlock, self))
        return self;
    return ti_taking_acquires(on, ti_rlock_told(rlock, on), without_limit, caller);
}

TI_COLD static ti_self *ti_rlock_releases(const threading_rlock_t *rlock, ti_on on)
{
    ti_self *self = ti_self_attach();
    bool is_last = ti_rlock_is_mine(rlock, self) && rlock->count == 1;
    return is_last ? ti_taking_releases(on, ti_rlock_told(rlock, on), 0) : self;
}

/* Give up all levels, for a condition's wait; and have them again, once the word is acquired. */
static uint32_t ti_rlock_release_all(threading_rlock_t *rlock, ti_self *self)
{
    uint32_t level = rlock->count;
    ti_note_releasing(rlock);
    rlock->count = 0;
    self->fast.rlocks--;
    (void)ti_lockword_release(&rlock->owner, self->fast.ident); /* true: it is mine */
    return level;
}

static void ti_rlock_restore(threading_rlock_t *rlock, ti_self *self, uint32_t level)
{
    rlock->count = level;
    self->fast.rlocks++;
    ti_note_acquired(rlock, false);
}

/* ---- for a condition, and the calls ---- */

static threading_status_t ti_rlock_acquire(threading_rlock_t *rlock, ti_on on, double seconds, const void *caller)
{
    ti_self *self = (ti_self *)ti_port_self();
    if (self == NULL)
        self = ti_rlock_acquires(rlock, on, seconds < 0, caller); /* THREADING_FOREVER is negative */
    threading_status_t status = ti_rlock_try(rlock, self);
    if (status == THREADING_BUSY)
        status = ti_rlock_acquire_slow(rlock, on, self, seconds);
    return ti_rlock_note(rlock, on, self, status, seconds >= 0);
}

static threading_status_t ti_rlock_release(threading_rlock_t *rlock, ti_on on)
{
    ti_self *self = (ti_self *)ti_port_self();
    if (self == NULL)
        self = ti_rlock_releases(rlock, on);
    if (!ti_rlock_is_mine(rlock, self))
        return THREADING_NOT_OWNER;
    if (rlock->count > 1)
        rlock->count--;
    else
        (void)ti_rlock_release_all(rlock, self);
    return THREADING_OK;
}

threading_status_t threading_rlock_init(threading_rlock_t *rlock)
{
    if (rlock == NULL)
        return TI_TELL(rlock, THREADING_INVALID);
    ti_note_new(rlock);
    ti_taking_begins(TI_ON_RLOCK, rlock);
    /* Relaxed: nobody else uses it yet. */
    ti_store_relaxed(&rlock->owner, 0);
    rlock->count = 0;
    return THREADING_OK;
}

threading_status_t threading_rlock_acquire(threading_rlock_t *rlock)
{
    if (rlock == NULL)
        return TI_TELL(rlock, THREADING_INVALID);
    return TI_TELL(rlock, ti_rlock_acquire(rlock, TI_ON_RLOCK, THREADING_FOREVER, TI_CALLER()));
}

threading_status_t threading_rlock_try_acquire(threading_rlock_t *rlock)
{
    if (rlock == NULL)
        return TI_TELL(rlock, THREADING_INVALID);
    threading_status_t status = ti_rlock_acquire(rlock, TI_ON_RLOCK, 0, TI_CALLER());
    return TI_TELL(rlock, status == THREADING_TIMEOUT ? THREADING_BUSY : status);
}

threading_status_t threading_rlock_acquire_timeout(threading_rlock_t *rlock, double seconds)
{
    threading_status_t status = ti_deadline_check_on(rlock, seconds);
    if (status != THREADING_OK)
        return TI_TELL(rlock, status);
    return TI_TELL(rlock, ti_rlock_acquire(rlock, TI_ON_RLOCK, seconds, TI_CALLER()));
}

threading_status_t threading_rlock_release(threading_rlock_t *rlock)
{
    if (rlock == NULL)
        return TI_TELL(rlock, THREADING_INVALID);
    return TI_TELL(rlock, ti_rlock_release(rlock, TI_ON_RLOCK));
}

bool threading_rlock_locked(const threading_rlock_t *rlock)
{
    /* Acquire: a thread that sees the lock free sees what was done under it. */
    return rlock != NULL && ti_load_acquire(&rlock->owner) != 0;
}

bool threading_rlock_is_owned(const threading_rlock_t *rlock)
{
    return rlock != NULL && ti_rlock_is_mine(rlock, ti_self_get());
}

size_t threading_rlock_count(const threading_rlock_t *rlock)
{
    return threading_rlock_is_owned(rlock) ? rlock->count : 0;
}

/* --------------------------------------------------------------------------------- src/core/sync/rwlock.c */

/*
 * RWLock: a word of state, the writer's ident, and one queue in the parking lot for readers and writers.
 *
 *   state      meaning
 *   0          free
 *   n          n readers
 *   WRITING    a writer
 *   | WAITING  threads are in line; set and cleared under the bucket's guard
 *   BIASED + n the same as n, and readers that leave the state alone, maybe: bias.h; ends before anybody
 *              waits
 *
 * Without WAITING, acquire and release are one swap each. With it, a thread that comes stands in line. The
 * thread that makes the lock free hands it over, under the guard, to the first in line, and if that is a
 * reader, to all readers in line. So nobody starves. Only a thread that reads already may pass the line: its
 * own release might be what the line waits for.
 *
 * Waiters and releasers agree by the word alone: WAITING is set before a waiter looks, under the guard,
 * whether it can have the lock, and a releaser that does not see it in the swap that frees the lock has
 * freed it before that look.
 *
 * The waiters' address is that of the writer's ident, which their waits are published with (deadlock.h).
 */

enum { TI_TO_READ, TI_TO_WRITE };

_Static_assert(sizeof(threading_rwlock_t) == 8, "an RWLock is its state and its writer");

/* ---- without waiting ---- */

/* The calling thread is counted in the state; NULL: and has no place to note it. */
static void ti_rwlock_reads(threading_rwlock_t *rwlock, ti_self *self, ti_reading *reading)
{
    if (reading == NULL) {
        self->readings.beyond++; /* NOLINT(clang-analyzer-core.NullDereference): as above */
        return;
    }
    ti_reading_add(reading, 1);
    ti_bias_earn(rwlock, self, reading);
}

/* The shortest way, for a biased lock that the thread has read before and does not read. */
static bool ti_rwlock_reads_anew(threading_rwlock_t *rwlock, ti_self *self)
{
    ti_reading *reading = ti_reading_seek(self, rwlock);
    if (reading == NULL || ti_load_relaxed(&reading->levels) > 0 || !ti_bias_is_noted(rwlock, reading))
        return false;
    return ti_bias_note(rwlock, reading, 1) || ti_bias_settle(rwlock, self, reading) > 0;
}

/* THREADING_BUSY: it has to wait. */
static threading_status_t ti_rwlock_try_read(threading_rwlock_t *rwlock, ti_self *self)
{
    for (;;) {
        ti_reading *reading = ti_reading_place(self, rwlock);
        if (reading != NULL && !ti_bias_is_out(rwlock, reading) && ti_bias_acquire(rwlock, self, reading))
            return THREADING_OK;
        if (reading != NULL && reading->bias != 0) {
            ti_bias_leave(rwlock, self, reading); /* no more levels in one note, or the fence is lost */
            continue;
        }
        uint32_t state = ti_load_relaxed(&rwlock->state); /* relaxed: the swap decides */
        bool is_biased = ti_state_is_biased(state);
        bool passes = (state & TI_READERS) != 0 && ti_reads_already(self, rwlock);
        if (!is_biased && ((state & TI_WRITING) || ((state & TI_WAITING) && !passes)))
            return THREADING_BUSY;
        if ((state & TI_READERS) == TI_READERS)
            return THREADING_OVERFLOW;
        /* Acquire: pairs with the last writer's release. */
        if (ti_swap_acquire(&rwlock->state, state, state + 1)) {
            ti_rwlock_reads(rwlock, self, reading);
            return THREADING_OK;
        }
    }
}

/* The calling thread has the lock for writing. `rlocks`: if it ends so, those who wait are woken and told
 * (deadlock.h). */
static void ti_rwlock_wrote(threading_rwlock_t *rwlock, ti_self *self)
{
    ti_store_relaxed(&rwlock->writer,
                     self->fast.ident); /* relaxed: means something to this thread only, and to proofs */
    self->fast.rlocks++;
}

static threading_status_t ti_rwlock_try_write(threading_rwlock_t *rwlock, ti_self *self)
{
    /* Acquire: pairs with the last writer's and the readers' releases. */
    while (!ti_swap_acquire(&rwlock->state, 0, TI_WRITING)) {
        if (!ti_state_is_biased(ti_load_relaxed(&rwlock->state))) /* relaxed: the swap decides */
            return THREADING_BUSY;
        ti_bias_revoke(rwlock, self);
    }
    ti_rwlock_wrote(rwlock, self);
    return THREADING_OK;
}

static bool ti_rwlock_is_writer(const threading_rwlock_t *rwlock, const ti_self *self)
{
    /* Relaxed: only this thread puts its ident there or takes it away, apart from a hand-over that it waits
     * for. */
    return ti_load_relaxed(&rwlock->writer) == self->fast.ident;
}

/* ---- handing over, under the guard and with WAITING set ---- */

static ti_waiter *ti_rwlock_take(ti_bucket *bucket, ti_waiter *waiter, ti_waiter *chain)
{
    ti_parking_dequeue(bucket, waiter);
    waiter->next = chain;
    return waiter;
}

static ti_waiter *ti_rwlock_grant_readers(threading_rwlock_t *rwlock, ti_bucket *bucket, ti_waiter *first)
{
    ti_waiter *chain = NULL;
    uint32_t count = 0;
    for (ti_waiter *waiter = first, *after; waiter != NULL; waiter = after) {
        after = ti_parking_next(waiter);
        if (waiter->wants == TI_TO_READ) {
            chain = ti_rwlock_take(bucket, waiter, chain);
            count++;
        }
    }
    ti_add_acquire_release(&rwlock->state, count); /* the readers acquire by their wake */
    return chain;
}

static ti_waiter *ti_rwlock_grant_writer(threading_rwlock_t *rwlock, ti_bucket *bucket, ti_waiter *first)
{
    ti_store_relaxed(&rwlock->writer, ti_self_of(first)->fast.ident); /* relaxed: as in ti_rwlock_wrote */
    ti_add_acquire_release(&rwlock->state, TI_WRITING);
    return ti_rwlock_take(bucket, first, NULL);
}

/*
 * Give the lock to those whose turn it is, if it can be given: the chain to wake. Nobody but threads that
 * read already can change the state meanwhile. The last touch of the lock clears WAITING when the line is
 * empty; before it nobody but the chain's threads, which sleep, can have the lock to themselves and free it.
 */
static ti_waiter *ti_rwlock_grant(threading_rwlock_t *rwlock, ti_bucket *bucket)
{
    ti_waiter *chain = NULL;
    uint32_t state = ti_load_acquire(&rwlock->state);
    ti_waiter *first = ti_parking_first(bucket, &rwlock->writer, TI_RW_LOCKERS);
    if (first != NULL && first->wants == TI_TO_WRITE && (state & ~TI_WAITING) == 0)
        chain = ti_rwlock_grant_writer(rwlock, bucket, first);
    else if (first != NULL && first->wants == TI_TO_READ && !(state & TI_WRITING))
        chain = ti_rwlock_grant_readers(rwlock, bucket, first);
    if (ti_parking_first(bucket, &rwlock->writer, TI_RW_LOCKERS) == NULL)
        ti_add_acquire_release(&rwlock->state, 0u - TI_WAITING);
    return chain;
}

/* ---- waiting ---- */

/* Under the guard: WAITING is set and the calling thread is last in line. False: the lock has become
 * biased. */
static bool ti_rwlock_line_up(threading_rwlock_t *rwlock, ti_bucket *bucket, ti_self *self, uint32_t wants)
{
    uint32_t state;
    do {
        state = ti_load_relaxed(&rwlock->state); /* relaxed: the swap decides */
        if (ti_state_is_biased(state))
            return false;
    } while (!ti_swap_acquire(&rwlock->state, state, state | TI_WAITING));
    self->waiter.wants = (uint16_t)wants;
    ti_parking_announce(bucket);
    ti_parking_enqueue_last(bucket, &self->waiter, &rwlock->writer, TI_RW_LOCKERS);
    return true;
}

/* Stand in line, and have the lock at once if it can be had: the wake comes before the sleep then. */
static void ti_rwlock_enqueue(threading_rwlock_t *rwlock, ti_self *self, uint32_t wants)
{
    ti_bucket *bucket = ti_parking_bucket(&rwlock->writer);
    ti_guard_lock(&bucket->guard, &self->parker);
    while (!ti_rwlock_line_up(rwlock, bucket, self, wants)) {
        ti_guard_unlock(&bucket->guard);
        ti_bias_revoke(rwlock, self);
        ti_guard_lock(&bucket->guard, &self->parker);
    }
    ti_waiter *chain = ti_rwlock_grant(rwlock, bucket);
    ti_guard_unlock(&bucket->guard);
    ti_parking_wake_chain(chain, TI_HANDED);
}

/* Leave the line; those behind may be able to go on. False: the lock was just handed to this thread, or it
 * was woken. */
static bool ti_rwlock_leave(threading_rwlock_t *rwlock, ti_self *self)
{
    ti_bucket *bucket = ti_parking_bucket(&rwlock->writer);
    ti_waiter *chain = NULL;
    ti_guard_lock(&bucket->guard, &self->parker);
    bool queued = ti_parking_is_queued(&self->waiter, &rwlock->writer);
    if (queued) {
        ti_parking_dequeue(bucket, &self->waiter);
        chain = ti_rwlock_grant(rwlock, bucket);
    }
    ti_guard_unlock(&bucket->guard);
    ti_parking_wake_chain(chain, TI_HANDED);
    return queued;
}

/* Sleep in line. A wait without a limit is published and refused if it could never end. */
static uint32_t ti_rwlock_sleep(threading_rwlock_t *rwlock, ti_self *self, int64_t deadline)
{
    bool publish = ti_limit_is_none(self, deadline);
    bool ends = !publish || ti_deadlock_check_owner(self, &rwlock->writer);
    uint32_t outcome = ends ? ti_parking_doze(self, deadline) : TI_SLEEPING;
    if (outcome == TI_SLEEPING && !ti_rwlock_leave(rwlock, self))
        outcome = ti_parking_await_wake(self);
    if (publish && ends)
        ti_deadlock_end_wait(self);
    return outcome;
}

/* THREADING_OK when the lock was handed over. */
static threading_status_t ti_rwlock_wait(threading_rwlock_t *rwlock, ti_self *self, uint32_t wants,
                                         int64_t deadline)
{
    for (;;) {
        ti_rwlock_enqueue(rwlock, self, wants);
        uint32_t outcome = ti_rwlock_sleep(rwlock, self, deadline);
        if (outcome == TI_HANDED)
            return THREADING_OK;
        if (outcome == TI_SLEEPING)
            return ti_limit_is_none(self, deadline) ? ti_deadlock_refused(self, &rwlock->writer)
                                                    : ti_limit_status(deadline);
        /* Woken because a writer has ended: the next round finds out what that means. */
    }
}

/* An acquire that failed is told (taking.h). */
static threading_status_t ti_rwlock_told(threading_rwlock_t *rwlock, ti_self *self, ti_on on,
                                         threading_status_t status)
{
    if (status != THREADING_OK)
        ti_taking_ends(self, on, rwlock);
    return status;
}

static threading_status_t ti_rwlock_read_slow(threading_rwlock_t *rwlock, ti_self *self, double seconds)
{
    int64_t deadline = ti_deadline_after(seconds);
    ti_blocked_on(self, TI_ON_READ, rwlock);
    if (ti_limit_is_none(self, deadline) && ti_rwlock_is_writer(rwlock, self))
        return ti_rwlock_told(rwlock, self, TI_ON_READ, ti_deadlock_refused(self, NULL));
    threading_status_t status = ti_rwlock_wait(rwlock, self, TI_TO_READ, deadline);
    if (status == THREADING_OK)
        ti_rwlock_reads(rwlock, self, ti_reading_place(self, rwlock));
    return ti_rwlock_told(rwlock, self, TI_ON_READ, status);
}

static threading_status_t ti_rwlock_write_slow(threading_rwlock_t *rwlock, ti_self *self, double seconds)
{
    int64_t deadline = ti_deadline_after(seconds);
    ti_blocked_on(self, TI_ON_WRITE, rwlock);
    bool has_it = ti_rwlock_is_writer(rwlock, self) || ti_reading_find(self, rwlock) != NULL;
    if (ti_limit_is_none(self, deadline) && has_it)
        return ti_rwlock_told(rwlock, self, TI_ON_WRITE, ti_deadlock_refused(self, NULL));
    threading_status_t status = ti_rwlock_wait(rwlock, self, TI_TO_WRITE, deadline);
    if (status == THREADING_OK)
        ti_rwlock_wrote(rwlock, self);
    return ti_rwlock_told(rwlock, self, TI_ON_WRITE, status);
}

/* ---- the calls ---- */

threading_status_t threading_rwlock_init(threading_rwlock_t *rwlock)
{
    if (rwlock == NULL)
        return TI_TELL(rwlock, THREADING_INVALID);
    ti_reading_forget(ti_self_get(), rwlock);
    ti_taking_begins(TI_ON_WRITE, rwlock);
    /* Relaxed: nobody else uses it yet. */
    ti_store_relaxed(&rwlock->state, 0);
    ti_store_relaxed(&rwlock->writer, 0);
    return THREADING_OK;
}

static threading_status_t ti_rwlock_read(threading_rwlock_t *rwlock, ti_self *self, double seconds)
{
    threading_status_t status = ti_rwlock_try_read(rwlock, self);
    if (status == THREADING_OK)
        return THREADING_OK;
    if (status == THREADING_BUSY && seconds != 0)
        return ti_rwlock_read_slow(rwlock, self, seconds);
    return ti_rwlock_told(rwlock, self, TI_ON_READ, status != THREADING_BUSY ? status : THREADING_TIMEOUT);
}

threading_status_t threading_rwlock_acquire_read(threading_rwlock_t *rwlock)
{
    if (rwlock == NULL)
        return TI_TELL(rwlock, THREADING_INVALID);
    ti_self *self = (ti_self *)ti_port_self();
    if (self == NULL)
        self = ti_taking_acquires(TI_ON_READ, rwlock, true, TI_CALLER());
    if (ti_rwlock_reads_anew(rwlock, self))
        return THREADING_OK;
    return TI_TELL(rwlock, ti_rwlock_read(rwlock, self, THREADING_FOREVER));
}

threading_status_t threading_rwlock_try_acquire_read(threading_rwlock_t *rwlock)
{
    if (rwlock == NULL)
        return TI_TELL(rwlock, THREADING_INVALID);
    ti_self *self = (ti_self *)ti_port_self();
    if (self == NULL)
        self = ti_taking_acquires(TI_ON_READ, rwlock, false, TI_CALLER());
    return TI_TELL(rwlock, ti_rwlock_told(rwlock, self, TI_ON_READ, ti_rwlock_try_read(rwlock, self)));
}

threading_status_t threading_rwlock_acquire_read_timeout(threading_rwlock_t *rwlock, double seconds)
{
    if (rwlock == NULL)
        return TI_TELL(rwlock, THREADING_INVALID);
    threading_status_t status = ti_deadline_check(seconds);
    if (status != THREADING_OK)
        return TI_TELL(rwlock, status);
    ti_self *self = (ti_self *)ti_port_self();
    if (self == NULL)
        self = ti_taking_acquires(TI_ON_READ, rwlock, seconds < 0, TI_CALLER());
    return TI_TELL(rwlock, ti_rwlock_read(rwlock, self, seconds));
}

threading_status_t threading_rwlock_try_acquire_write(threading_rwlock_t *rwlock)
{
    if (rwlock == NULL)
        return TI_TELL(rwlock, THREADING_INVALID);
    ti_self *self = (ti_self *)ti_port_self();
    if (self == NULL)
        self = ti_taking_acquires(TI_ON_WRITE, rwlock, false, TI_CALLER());
    return TI_TELL(rwlock, ti_rwlock_told(rwlock, self, TI_ON_WRITE, ti_rwlock_try_write(rwlock, self)));
}

static threading_status_t ti_rwlock_write(threading_rwlock_t *rwlock, double seconds)
{
    threading_status_t status = ti_deadline_check_on(rwlock, seconds);
    if (status != THREADING_OK)
        return status;
    ti_self *self = (ti_self *)ti_port_self();
    if (self == NULL)
        self = ti_taking_acquires(TI_ON_WRITE, rwlock, seconds < 0, TI_CALLER());
    if (ti_rwlock_try_write(rwlock, self) == THREADING_OK)
        return THREADING_OK;
    return seconds != 0 ? ti_rwlock_write_slow(rwlock, self, seconds)
                        : ti_rwlock_told(rwlock, self, TI_ON_WRITE, THREADING_TIMEOUT);
}

threading_status_t threading_rwlock_acquire_write(threading_rwlock_t *rwlock)
{
    return TI_TELL(rwlock, ti_rwlock_write(rwlock, THREADING_FOREVER));
}

threading_status_t threading_rwlock_acquire_write_timeout(threading_rwlock_t *rwlock, double seconds)
{
    return TI_TELL(rwlock, ti_rwlock_write(rwlock, seconds));
}

/* Take `part` off the state while threads wait, and hand the lock over if it is free then. */
static void ti_rwlock_release_slow(threading_rwlock_t *rwlock, ti_self *self, uint32_t part)
{
    ti_bucket *bucket = ti_parking_bucket(&rwlock->writer);
    ti_guard_lock(&bucket->guard, &self->parker);
    uint32_t before = ti_add_acquire_release(&rwlock->state, 0u - part);
    ti_waiter *chain = (before & TI_WAITING) ? ti_rwlock_grant(rwlock, bucket) : NULL;
    ti_guard_unlock(&bucket->guard);
    ti_parking_wake_chain(chain, TI_HANDED);
}

/* Take one reader off the state. The last touch of the lock. */
static void ti_rwlock_uncount(threading_rwlock_t *rwlock, ti_self *self)
{
    uint32_t state;
    do {
        state = ti_load_relaxed(&rwlock->state); /* relaxed: the swap decides */
        if ((state & TI_WAITING) && (state & TI_READERS) == 1) {
            ti_rwlock_release_slow(rwlock, self, 1);
            return;
        }
        /* Release: pairs with the next writer's acquire. */
    } while (!ti_swap_release(&rwlock->state, state, state - 1));
}

/* Release a read that is counted in the state, or none. */
static threading_status_t ti_rwlock_release_counted(threading_rwlock_t *rwlock, ti_self *self)
{
    uint32_t state = ti_load_relaxed(&rwlock->state); /* relaxed: a reader's own share is there in any case */
    if (ti_state_is_biased(state) && (state == TI_BIASED || !ti_reads_already(self, rwlock))) {
        ti_bias_revoke(rwlock, self); /* others read it, or nobody */
        state = ti_load_relaxed(&rwlock->state);
    }
    if ((state & TI_READERS) == 0)
        return THREADING_NOT_HELD;
    if (!ti_reading_remove(self, rwlock))
        return THREADING_NOT_OWNER;
    ti_rwlock_uncount(rwlock, self);
    return THREADING_OK;
}

threading_status_t threading_rwlock_release_read(threading_rwlock_t *rwlock)
{
    if (rwlock == NULL)
        return TI_TELL(rwlock, THREADING_INVALID);
    ti_self *self = (ti_self *)ti_port_self();
    if (self == NULL)
        self = ti_taking_releases(TI_ON_READ, rwlock, 0);
    ti_reading *reading = ti_reading_find(self, rwlock);
    if (reading == NULL || reading->bias == 0)
        return TI_TELL(rwlock, ti_rwlock_release_counted(rwlock, self));
    if (!ti_bias_is_noted(rwlock, reading))
        ti_bias_leave(rwlock, self, reading);
    else if (ti_bias_unnote(reading) || ti_bias_is_released(rwlock, self, reading))
        return THREADING_OK;
    return TI_TELL(rwlock, ti_rwlock_release_counted(rwlock, self));
}

threading_status_t threading_rwlock_release_write(threading_rwlock_t *rwlock)
{
    if (rwlock == NULL)
        return TI_TELL(rwlock, THREADING_INVALID);
    ti_self *self = (ti_self *)ti_port_self();
    if (self == NULL)
        self = ti_taking_releases(TI_ON_WRITE, rwlock, 0);
    uint32_t state = ti_load_relaxed(&rwlock->state); /* relaxed: the own share is there in any case */
    if (ti_state_is_biased(state) || !(state & TI_WRITING))
        return TI_TELL(rwlock, THREADING_NOT_HELD);
    if (!ti_rwlock_is_writer(rwlock, self))
        return TI_TELL(rwlock, THREADING_NOT_OWNER);
    ti_store_relaxed(&rwlock->writer, 0); /* relaxed: see ti_rwlock_is_writer */
    self->fast.rlocks--;
    /* Release: pairs with the next acquire. The last touch of the lock if it succeeds. */
    if (!ti_swap_release(&rwlock->state, TI_WRITING, 0))
        ti_rwlock_release_slow(rwlock, self, TI_WRITING);
    return THREADING_OK;
}

/* ------------------------------------------------------------------------------ src/core/sync/semaphore.c */

/*
 * Semaphore and BoundedSemaphore: a value, and the parking lot.
 *
 * Acquire takes one away if the value is not 0. Release adds, then wakes as many waiters as it added, if
 * their units are still there; they compete with threads that come by, except that a waiter of more than a
 * millisecond is given its unit by the releaser: the rule of the lock word (lockword.h). As there, the
 * releaser touches nothing once it has added, for the semaphore may be gone (parking.h): unless it finds a
 * waiter for a semaphore in the queue, under the guard. Then there is a semaphore at this address, if not
 * the same one, and it stays until that waiter is woken.
 */

_Static_assert(sizeof(threading_semaphore_t) == 4, "a Semaphore is its value");
_Static_assert(sizeof(threading_bounded_semaphore_t) == 8, "a BoundedSemaphore has its bound as well");

/* ---- taking ---- */

/* In a process of one thread, where nobody can come between. */
static bool ti_semaphore_take_alone(uint32_t *value)
{
    uint32_t seen = ti_load_relaxed(value);
    if (seen != 0)
        ti_store_relaxed(value, seen - 1);
    return seen != 0;
}

/* Sequential if it fails too: the second look of the table in parking.h, which pairs with the change in the
 * release. */
static bool ti_semaphore_take(uint32_t *value)
{
    uint32_t seen;
    while ((seen = ti_load_sequential(value)) != 0)
        if (ti_swap_sequential(value, seen, seen - 1))
            return true;
    return false;
}

static bool ti_semaphore_try(uint32_t *value)
{
    return ti_port_is_alone() ? ti_semaphore_take_alone(value) : ti_semaphore_take(value);
}

static bool ti_semaphore_take_or_enqueue(uint32_t *value, ti_self *self, bool was_woken)
{
    ti_bucket *bucket = ti_parking_bucket(value);
    ti_guard_lock(&bucket->guard, &self->parker);
    ti_parking_announce(bucket);
    bool taken = ti_semaphore_take(value);
    if (taken)
        ti_parking_withdraw(bucket);
    else if (was_woken)
        ti_parking_enqueue_first(bucket, &self->waiter, value, TI_TAKERS);
    else
        ti_parking_enqueue_last(bucket, &self->waiter, value, TI_TAKERS);
    ti_guard_unlock(&bucket->guard);
    return taken;
}

static threading_status_t ti_semaphore_acquire_slow(uint32_t *value, double seconds, ti_on on)
{
    ti_self *self = ti_self_get();
    ti_blocked_on(self, on, value);
    int64_t deadline = ti_deadline_after(seconds);
    self->waiter.since = ti_port_now();
    uint32_t outcome = TI_SLEEPING;
    while (!ti_semaphore_take_or_enqueue(value, self, outcome == TI_WOKEN)) {
        ti_linger(self);
        outcome = ti_parking_sleep(self, value, deadline);
        if (outcome == TI_HANDED)
            break;
        if (outcome == TI_SLEEPING)
            return ti_semaphore_take(value) ? THREADING_OK : ti_limit_status(deadline);
    }
    return THREADING_OK;
}

static threading_status_t ti_semaphore_acquire_timeout(threading_semaphore_t *semaphore, double seconds,
                                                       ti_on on)
{
    threading_status_t status = ti_deadline_check_on(semaphore, seconds);
    if (status != THREADING_OK || ti_semaphore_try(&semaphore->value))
        return status;
    return seconds != 0 ? ti_semaphore_acquire_slow(&semaphore->value, seconds, on) : THREADING_TIMEOUT;
}

static threading_status_t ti_semaphore_acquire(threading_semaphore_t *semaphore, ti_on on)
{
    return ti_semaphore_try(&semaphore->value)
               ? THREADING_OK
               : ti_semaphore_acquire_slow(&semaphore->value, THREADING_FOREVER, on);
}

threading_status_t threading_semaphore_acquire_timeout(threading_semaphore_t *semaphore, double seconds)
{
    return TI_TELL(semaphore, ti_semaphore_acquire_timeout(semaphore, seconds, TI_ON_SEMAPHORE));
}

threading_status_t threading_semaphore_acquire(threading_semaphore_t *semaphore)
{
    if (semaphore == NULL)
        return TI_TELL(semaphore, THREADING_INVALID);
    return ti_semaphore_acquire(semaphore, TI_ON_SEMAPHORE);
}

threading_status_t threading_semaphore_try_acquire(threading_semaphore_t *semaphore)
{
    if (semaphore == NULL)
        return TI_TELL(semaphore, THREADING_INVALID);
    return ti_semaphore_try(&semaphore->value) ? THREADING_OK : THREADING_BUSY;
}

/* ---- releasing ---- */

/* Decide for each waiter of a chain whether it is given its unit or has to compete for it. */
static void ti_semaphore_decide(uint32_t *value, ti_waiter *chain)
{
    int64_t now = ti_port_now();
    for (ti_waiter *waiter = chain; waiter != NULL; waiter = waiter->next) {
        bool handed = now - waiter->since > TI_STARVED && ti_semaphore_take(value);
        waiter->wants = (uint16_t)(handed ? TI_HANDED : TI_WOKEN);
    }
}

/* Under the guard: take so many waiters off the queue as there are units for, n at most. */
static ti_waiter *ti_semaphore_take_waiters(const uint32_t *value, ti_bucket *bucket, size_t n)
{
    if (ti_parking_first(bucket, value, TI_TAKERS) == NULL)
        return NULL;
    /* Relaxed: what this thread has added is seen, or was taken. Other releasers wake for themselves. */
    size_t units = ti_load_relaxed(value);
    return ti_parking_take(bucket, value, TI_TAKERS, n < units ? n : units);
}

static void ti_semaphore_wake(uint32_t *value, ti_bucket *bucket, size_t n)
{
    ti_guard_lock(&bucket->guard, &ti_self_get()->parker);
    ti_waiter *chain = ti_semaphore_take_waiters(value, bucket, n);
    ti_waiter *watchers = ti_parking_take_watchers(bucket, value);
    ti_semaphore_decide(value, chain);
    ti_guard_unlock(&bucket->guard);
    while (chain != NULL) {
        ti_waiter *waiter = chain;
        chain = waiter->next;
        ti_parking_wake(waiter, waiter->wants);
    }
    ti_parking_wake_chain(watchers, TI_WOKEN);
}

/* In a process of one thread nobody comes between. */
static bool ti_semaphore_change(uint32_t *value, uint32_t seen, uint32_t desired)
{
    if (!ti_port_is_alone())
        return ti_swap_sequential(value, seen,
                                  desired); /* sequential: the change in the table in parking.h */
    ti_store_relaxed(value, desired);
    return true;
}

/* Add n unless the value would pass the limit. */
static bool ti_semaphore_add(uint32_t *value, size_t n, uint32_t limit)
{
    ti_bucket *bucket = ti_parking_bucket(value);
    uint32_t seen;
    do {
        seen = ti_load_relaxed(value); /* relaxed: the change decides */
        if (seen > limit || n > limit - seen)
            return false;
    } while (!ti_semaphore_change(value, seen, seen + (uint32_t)n));
    if (ti_parking_is_awaited(bucket))
        ti_semaphore_wake(value, bucket, n);
    return true;
}

/* An inline release has added a unit, and seen that somebody announced itself. The semaphore may be gone:
 * the thread that took the unit may have freed it. */
void threading_value_wake(uint32_t *value)
{
    ti_semaphore_wake(value, ti_parking_bucket(value), 1);
}

static threading_status_t ti_semaphore_release(threading_semaphore_t *semaphore, size_t n)
{
    if (semaphore == NULL || n == 0)
        return THREADING_INVALID;
    return ti_semaphore_add(&semaphore->value, n, THREADING_SEMAPHORE_MAX) ? THREADING_OK
                                                                           : THREADING_OVERFLOW;
}

threading_status_t threading_semaphore_release_n(threading_semaphore_t *semaphore, size_t n)
{
    return TI_TELL(semaphore, ti_semaphore_release(semaphore, n));
}

threading_status_t threading_semaphore_release(threading_semaphore_t *semaphore)
{
    return TI_TELL(semaphore, ti_semaphore_release(semaphore, 1));
}

size_t threading_semaphore_value(const threading_semaphore_t *semaphore)
{
    /* Relaxed: a momentary answer. */
    return semaphore != NULL ? ti_load_relaxed(&semaphore->value) : 0;
}

static threading_status_t ti_semaphore_init(threading_semaphore_t *semaphore, size_t value)
{
    if (semaphore == NULL)
        return THREADING_INVALID;
    if (value > THREADING_SEMAPHORE_MAX)
        return THREADING_OVERFLOW;
    /* Relaxed: nobody else uses it yet. */
    ti_store_relaxed(&semaphore->value, (uint32_t)value);
    return THREADING_OK;
}

threading_status_t threading_semaphore_init(threading_semaphore_t *semaphore, size_t value)
{
    return TI_TELL(semaphore, ti_semaphore_init(semaphore, value));
}

/* ---- bounded ---- */

static threading_semaphore_t *ti_bounded(threading_bounded_semaphore_t *semaphore)
{
    return semaphore != NULL ? &semaphore->semaphore : NULL;
}

threading_status_t threading_bounded_semaphore_init(threading_bounded_semaphore_t *semaphore, size_t value)
{
    threading_status_t status = ti_semaphore_init(ti_bounded(semaphore), value);
    if (status == THREADING_OK)
        semaphore->initial = (uint32_t)value;
    return TI_TELL(semaphore, status);
}

threading_status_t threading_bounded_semaphore_acquire(threading_bounded_semaphore_t *semaphore)
{
    if (semaphore == NULL)
        return TI_TELL(semaphore, THREADING_INVALID);
    return ti_semaphore_acquire(&semaphore->semaphore, TI_ON_BOUNDED_SEMAPHORE);
}

threading_status_t threading_bounded_semaphore_try_acquire(threading_bounded_semaphore_t *semaphore)
{
    if (semaphore == NULL)
        return TI_TELL(semaphore, THREADING_INVALID);
    return ti_semaphore_try(&semaphore->semaphore.value) ? THREADING_OK : THREADING_BUSY;
}

threading_status_t threading_bounded_semaphore_acquire_timeout(threading_bounded_semaphore_t *semaphore,
                                                               double seconds)
{
    threading_status_t status =
        ti_semaphore_acquire_timeout(ti_bounded(semaphore), seconds, TI_ON_BOUNDED_SEMAPHORE);
    return TI_TELL(semaphore, status);
}

static threading_status_t ti_bounded_release(threading_bounded_semaphore_t *semaphore, size_t n)
{
    if (semaphore == NULL || n == 0)
        return THREADING_INVALID;
    bool added = ti_semaphore_add(&semaphore->semaphore.value, n, semaphore->initial);
    return added ? THREADING_OK : THREADING_INVALID;
}

threading_status_t threading_bounded_semaphore_release_n(threading_bounded_semaphore_t *semaphore, size_t n)
{
    return TI_TELL(semaphore, ti_bounded_release(semaphore, n));
}

threading_status_t threading_bounded_semaphore_release(threading_bounded_semaphore_t *semaphore)
{
    return TI_TELL(semaphore, ti_bounded_release(semaphore, 1));
}

size_t threading_bounded_semaphore_value(const threading_bounded_semaphore_t *semaphore)
{
    return semaphore != NULL ? threading_semaphore_value(&semaphore->semaphore) : 0;
}

/* ------------------------------------------------------------------------------ src/core/thread/foreign.c */

/* How many there are on the list before a thread that leaves asks who is gone. Beyond that it is twice as
 * many as were found alive, so that the end of a thread costs the same among few and among many. */
#define TI_FOREIGN_FEW 8

/* Under the registry's guard. The counts are also read without it, as hints. */
static struct {
    ti_self *first; /* linked by `life.next`, as the next */
    ti_self *buried;
    uint32_t count;
    uint32_t enough;
    uint32_t buried_count;
} ti_foreign = {.enough = TI_FOREIGN_FEW};

static TI_COLD void ti_foreign_add(ti_self *self, uint64_t life)
{
    self->life.mark = life;
    if (life == 0)
        return;
    self->life.next = ti_foreign.first;
    self->life.link = &ti_foreign.first;
    if (self->life.next != NULL)
        self->life.next->life.link = &self->life.next;
    ti_foreign.first = self;
    ti_store_relaxed(&ti_foreign.count, ti_foreign.count + 1); /* relaxed: a hint, as all counts here */
}

static TI_COLD void ti_foreign_remove(ti_self *self)
{
    if (self->life.mark == 0)
        return;
    *self->life.link = self->life.next;
    if (self->life.next != NULL)
        self->life.next->life.link = self->life.link;
    ti_port_life_end(self->life.mark);
    self->life.mark = 0;
    ti_store_relaxed(&ti_foreign.count, ti_foreign.count - 1); /* relaxed: a hint */
}

TI_COLD static void ti_foreign_bury(ti_self *gone)
{
    ti_leave_retire(gone);
    gone->life.next = ti_foreign.buried;
    ti_foreign.buried = gone;
    ti_store_relaxed(&ti_foreign.buried_count, ti_foreign.buried_count + 1); /* relaxed: a hint */
}

TI_COLD static void ti_foreign_bury_all(bool only_dummies)
{
    for (ti_self *one = ti_foreign.first, *next; one != NULL; one = next) {
        next = one->life.next;
        bool is_asked = one->record != NULL || !only_dummies;
        if (is_asked && ti_self_is_gone(one))
            ti_foreign_bury(one);
    }
}

static void ti_foreign_bury_dummies(void)
{
    ti_foreign_bury_all(true);
}

static void ti_foreign_bury_if_many(ti_self *self)
{
    /* Relaxed: if one comes too early for some that are gone, the next one finds them. */
    if (ti_load_relaxed(&ti_foreign.count) < ti_load_relaxed(&ti_foreign.enough))
        return;
    ti_registry_lock(self);
    ti_foreign_bury_all(false);
    uint32_t enough = ti_foreign.count < TI_FOREIGN_FEW / 2 ? TI_FOREIGN_FEW : 2 * ti_foreign.count;
    ti_store_relaxed(&ti_foreign.enough, enough); /* relaxed: a hint */
    ti_registry_unlock();
}

/* NULL: there is none. */
static ti_self *ti_foreign_take_buried(ti_self *self)
{
    if (ti_load_relaxed(&ti_foreign.buried_count) == 0) /* relaxed: as in ti_foreign_bury_if_many */
        return NULL;
    ti_registry_lock(self);
    ti_self *buried = ti_foreign.buried;
    if (buried != NULL) {
        ti_foreign.buried = buried->life.next;
        ti_store_relaxed(&ti_foreign.buried_count, ti_foreign.buried_count - 1); /* relaxed: a hint */
    }
    ti_registry_unlock();
    return buried;
}

static TI_COLD void ti_foreign_sweep(ti_self *self)
{
    ti_foreign_bury_if_many(self);
    for (ti_self *buried; (buried = ti_foreign_take_buried(self)) != NULL;)
        ti_leave_end(buried);
}

static TI_COLD void ti_foreign_reset(ti_self *survivor)
{
    ti_foreign.first = NULL;
    ti_foreign.count = 0;
    survivor->life.mark = 0; /* it is main now */
}

/* -------------------------------------------------------------------------------- src/core/thread/leave.c */

static TI_COLD void ti_leave_retire(ti_self *self)
{
    ti_foreign_remove(self);
    ti_registry_remove(self);
    ti_deadlock_owner_ended(self);
    if (self->record != NULL)
        ti_thread_set_ended(self->record);
}

static TI_COLD void ti_leave_end(ti_self *self)
{
    ti_local_finish(self);
    ti_blocks_leave(self);
    ti_registry_lock(self);
    threading_thread_t *record = self->record;
    bool is_kept = ti_bias_keep(self);
    ti_registry_unlock();
    if (record != NULL)
        ti_thread_leave(record);
    if (!is_kept)
        ti_self_free(self);
}

static TI_COLD void ti_leave(void *pointer)
{
    ti_self *self = (ti_self *)pointer;
    ti_calls_abandon(self, 0); /* the thread has ended inside of them, in the platform's own way */
    ti_foreign_sweep(self);
    ti_local_finish(self);
    ti_blocks_leave(self);
    ti_blocked_leave(self);
    threading_thread_t *record = self->record; /* only now: a finaliser may have asked for a Dummy */
    ti_registry_lock(self);
    ti_leave_retire(self);
    bool is_kept = ti_bias_keep(self);
    ti_registry_unlock();
    if (record != NULL)
        ti_thread_leave(record);
    ti_self_show(NULL);
    if (!is_kept)
        ti_self_free(self);
}

/* ------------------------------------------------------------------------------- src/core/thread/module.c */

/* The calls of section 5 of the header that need no file of their own. */
#include <stdlib.h>

static uintptr_t ti_stack_size;

const char *threading_version(void)
{
    return THREADING_VERSION;
}

const char *threading_backend(void)
{
    return ti_port_backend;
}

uint32_t threading_get_ident(void)
{
    return ti_self_get()->fast.ident;
}

uint64_t threading_get_native_id(void)
{
    return ti_port_native_id();
}

size_t threading_cpu_count(void)
{
    return ti_processors_count();
}

size_t threading_available_parallelism(void)
{
    return ti_processors_available();
}

size_t threading_get_stack_size(void)
{
    return ti_load_pointer_relaxed(&ti_stack_size); /* relaxed: a number by itself */
}

threading_status_t threading_stack_size(size_t size, size_t *previous)
{
    if (size != 0 && size < TI_STACK_SIZE_MIN)
        return TI_TELL(NULL, THREADING_INVALID);
    if (!ti_port_has_stack_size)
        return THREADING_UNSUPPORTED;
    size_t before = ti_exchange_pointer_acquire(&ti_stack_size, size);
    if (previous != NULL)
        *previous = before;
    return THREADING_OK;
}

/* A foreign thread becomes known by asking: CPython's _DummyThread. */
static threading_thread_t *ti_dummy_new(ti_self *self)
{
    threading_thread_t *dummy = ti_thread_allocate(TI_DUMMY, NULL, "Dummy");
    if (dummy == NULL)
        return NULL;
    dummy->state = TI_RUNNING;
    dummy->reap = TI_REAPED;
    dummy->daemon = true;
    dummy->ident = self->fast.ident;
    dummy->native_id = ti_port_native_id();
    dummy->handle = ti_port_handle();
    ti_registry_lock(self);
    self->record = dummy;
    ti_roll_list(dummy);
    ti_registry_unlock();
    return dummy;
}

threading_thread_t *threading_current_thread(void)
{
    ti_self *self = ti_self_get();
    return self->record != NULL ? self->record : ti_dummy_new(self);
}

threading_status_t threading_start_new_thread(threading_target_t target, void *arg, uint32_t *ident)
{
    static const threading_thread_options_t options = {.daemon = THREADING_DAEMON};
    threading_thread_t *thread = NULL;
    threading_status_t status = threading_thread_spawn(target, arg, &options, &thread);
    if (status == THREADING_OK && ident != NULL)
        *ident = thread->ident;
    threading_thread_free(thread);
    return status;
}

void threading_exit(void *result)
{
    ti_self *self = ti_self_get();
    if (ti_port_is_main())
        exit(EXIT_SUCCESS);
    if (self->calls.way_out == NULL)
        ti_port_thread_exit();
    self->calls.exit_result = result;
    ti_calls_abandon(self,
                     self->calls.way_out_count); /* here, while the frames that they are in are still there */
    longjmp(*self->calls.way_out, 1);
}

/* --------------------------------------------------------------------------------- src/core/thread/name.c */

/*
 * Names of threads. A name that was read must stay valid as long as the handle, so a new name is put in front
 * of it, and all go with the object; one that nobody has read is freed when it is replaced. The registry's
 * guard protects the names of objects that other threads know.
 */
#include <stdio.h>
#include <string.h>

#define TI_AUTOMATIC_SIZE 24 /* bytes for a prefix, a number and the 0 */

static ti_name ti_name_of_main = {NULL, "MainThread", true};

static TI_COLD void ti_name_push(threading_thread_t *record, ti_name *name)
{
    name->older = record->name;
    record->name = name;
}

static ti_name *ti_name_new(size_t size)
{
    ti_name *name = (ti_name *)ti_memory_allocate(sizeof *name + size);
    if (name != NULL)
        name->text = name->storage;
    return name;
}

static ti_name *ti_name_copy(const char *text)
{
    size_t size = strlen(text) + 1;
    ti_name *name = ti_name_new(size);
    if (name != NULL)
        memcpy(name->storage, text, size);
    return name;
}

static uint32_t ti_name_count;

/* Thread-1, Thread-2, Dummy-3: one count for all prefixes, as in CPython. */
static ti_name *ti_name_automatic(const char *prefix)
{
    ti_name *name = ti_name_new(TI_AUTOMATIC_SIZE);
    if (name == NULL)
        return NULL;
    /* Relaxed: only the number matters. */
    unsigned long number = (unsigned long)ti_add_relaxed(&ti_name_count, 1) + 1;
    ti_port_errors errors = ti_port_errors_keep();
    (void)snprintf(name->storage, TI_AUTOMATIC_SIZE, "%s-%lu", prefix, number);
    ti_port_errors_restore(errors);
    return name;
}

static TI_COLD bool ti_name_give(threading_thread_t *record, const char *text, const char *prefix)
{
    bool is_automatic = text == NULL || *text == '\0';
    ti_name *name = is_automatic ? ti_name_automatic(prefix) : ti_name_copy(text);
    if (name != NULL)
        ti_name_push(record, name);
    return name != NULL;
}

static TI_COLD void ti_name_free_all(threading_thread_t *record)
{
    ti_name *older;
    for (ti_name *name = record->name; name != NULL; name = older) {
        older = name->older;
        if (name->text == name->storage) /* else it is static: main's */
            ti_memory_free(name);
    }
}

static TI_COLD void ti_name_reset(void)
{
    ti_name_free_all(&ti_thread_main_record);
    ti_thread_main_record.name = &ti_name_of_main;
}

static bool ti_name_is_inside(const char *at)
{
    return ((unsigned char)*at & 0xC0) == 0x80; /* a UTF-8 character's bytes but the first are 10…. */
}

/* How much of a name's beginning fits into `limit` bytes without cutting a character. Bytes that are no
 * characters are cut somewhere. */
static size_t ti_name_fit_beginning(const char *text, size_t limit)
{
    size_t length = limit;
    for (int steps = 0; steps < 3 && length > 0 && ti_name_is_inside(text + length); steps++)
        length--;
    return length > 0 ? length : limit;
}

/* The same of the last `limit` bytes before `end`. */
static size_t ti_name_fit_end(const char *end, size_t limit)
{
    size_t length = limit;
    for (int steps = 0; steps < 3 && length > 0 && ti_name_is_inside(end - length); steps++)
        length--;
    return length > 0 ? length : limit;
}

/* A name that is too long keeps as much of its beginning as of its end: numbers are there, and differ. */
static void ti_name_show_cut(const char *text, size_t size)
{
    char shown[TI_PORT_NAME_MOST];
    size_t half = (ti_port_name_limit - 1) / 2;
    size_t beginning = ti_name_fit_beginning(text, half);
    size_t end = ti_name_fit_end(text + size, half);
    memcpy(shown, text, beginning);
    shown[beginning] = '~';
    memcpy(shown + beginning + 1, text + size - end, end);
    ti_port_set_name(shown, beginning + 1 + end);
}

static void ti_name_show_text(const char *text)
{
    size_t size = strlen(text);
    if (size <= ti_port_name_limit)
        ti_port_set_name(text, size);
    else if (ti_port_name_limit > 0)
        ti_name_show_cut(text, size);
}

static TI_COLD void ti_name_show(const threading_thread_t *record)
{
    ti_name_show_text(threading_thread_name(record));
}

const char *threading_thread_name(const threading_thread_t *thread)
{
    if (thread == NULL)
        return NULL;
    ti_registry_lock(ti_self_get());
    thread->name->was_read = true;
    const char *text = thread->name->text;
    ti_registry_unlock();
    return text;
}

/* Put a name in front, or in the place of one that nobody has read; that one is given back. */
static ti_name *ti_name_replace(threading_thread_t *thread, ti_name *name)
{
    ti_name *old = thread->name;
    if (!old->was_read)
        thread->name = old->older;
    ti_name_push(thread, name);
    return old->was_read ? NULL : old;
}

TI_COLD threading_status_t threading_thread_set_name(threading_thread_t *thread, const char *name)
{
    if (thread == NULL || name == NULL || *name == '\0')
        return TI_TELL(thread, THREADING_INVALID);
    ti_name *copy = ti_name_copy(name);
    if (copy == NULL)
        return THREADING_NO_MEMORY;
    ti_self *self = ti_self_get();
    ti_registry_lock(self);
    ti_name *unused = strcmp(thread->name->text, name) == 0 ? copy : ti_name_replace(thread, copy);
    ti_registry_unlock();
    ti_memory_free(unused);
    if (thread == self->record)
        ti_name_show_text(name);
    return THREADING_OK;
}

/* ------------------------------------------------------------------------------- src/core/thread/native.c */

static uint32_t ti_natives;      /* that were started, and are not known to be gone */
static uint32_t ti_natives_lost; /* not 0: one was detached whose end nothing tells */
static uintptr_t ti_orphans;     /* Thread objects, linked by `next` */

/* Release: what the thread did comes before the code is unloaded. */
static void ti_native_is_gone(void)
{
    ti_add_acquire_release(&ti_natives, (uint32_t)-1);
}

static void ti_orphans_put(threading_thread_t *thread)
{
    uintptr_t first;
    do {
        first = ti_load_pointer_relaxed(&ti_orphans); /* relaxed: the swap decides */
        thread->next = (threading_thread_t *)first;
        /* Release: pairs with the acquire in ti_orphans_bury, for `next`. */
    } while (!ti_swap_pointer_release(&ti_orphans, first, (uintptr_t)thread));
}

/* The list is only ever taken as a whole, so that no swap meets an object that was freed and made again.
 * Few are in it: a thread comes here when it has ended. */
TI_COLD static void ti_orphans_bury(void)
{
    if (ti_load_pointer_relaxed(&ti_orphans) == 0) /* relaxed: spares the exchange, which decides */
        return;
    threading_thread_t *orphan = (threading_thread_t *)ti_exchange_pointer_acquire(&ti_orphans, 0);
    for (threading_thread_t *next; orphan != NULL; orphan = next) {
        next = orphan->next;
        if (ti_port_thread_try_join(&orphan->native)) {
            ti_native_is_gone();
            ti_thread_dispose(orphan);
        } else {
            ti_orphans_put(orphan);
        }
    }
}

static threading_status_t ti_native_start(ti_port_thread *thread, void (*entry)(void *argument), void *argument,
                                   size_t stack_size)
{
    if (ti_fault_is_due(TI_FAULT_THREAD))
        return THREADING_NO_THREADS;
    ti_orphans_bury();
    ti_add_relaxed(&ti_natives, 1); /* relaxed: only the number matters */
    threading_status_t status = ti_port_thread_start(thread, entry, argument, stack_size);
    if (status != THREADING_OK)
        ti_native_is_gone();
    return status;
}

static void ti_native_join(ti_port_thread *thread)
{
    ti_port_thread_join(thread);
    ti_native_is_gone();
}

static TI_COLD bool ti_native_abandon(threading_thread_t *thread)
{
    ti_home home = ti_port_home();
    if (home == TI_HOME_PINNED && !ti_phase_is_exiting()) {
        ti_orphans_put(thread);
        return true;
    }
    if (home == TI_HOME_LOOSE)
        ti_store_release(&ti_natives_lost, 1);
    ti_port_thread_detach(&thread->native);
    ti_native_is_gone();
    return false;
}

static TI_COLD bool ti_natives_are_gone(void)
{
    ti_orphans_bury();
    return ti_load_acquire(&ti_natives) == 0 && !ti_load_acquire(&ti_natives_lost);
}

static TI_COLD void ti_natives_detach(void)
{
    threading_thread_t *orphan = (threading_thread_t *)ti_exchange_pointer_acquire(&ti_orphans, 0);
    for (threading_thread_t *next; orphan != NULL; orphan = next) {
        next = orphan->next;
        ti_port_thread_detach(&orphan->native);
        ti_thread_dispose(orphan);
    }
}

static TI_COLD void ti_natives_reset(void)
{
    threading_thread_t *orphan = (threading_thread_t *)ti_load_pointer_relaxed(&ti_orphans);
    for (threading_thread_t *next; orphan != NULL; orphan = next) {
        next = orphan->next;
        ti_store_relaxed(&orphan->references, 1); /* relaxed: as below; it had none any more */
        ti_thread_give_back_later(orphan);
    }
    /* Relaxed: the child has one thread. */
    ti_store_pointer_relaxed(&ti_orphans, 0);
    ti_store_relaxed(&ti_natives, 0);
    ti_store_relaxed(&ti_natives_lost, 0);
}

/* ----------------------------------------------------------------------------- src/core/thread/priority.c */

static bool ti_priority_is_level(int priority)
{
    return priority >= THREADING_PRIORITY_LOWEST && priority <= THREADING_PRIORITY_HIGHEST;
}

/* NORMAL is what the system gives a new thread, and asks it for nothing. */
static bool ti_priority_is_asked_for(const threading_thread_t *thread)
{
    return thread->priority != THREADING_PRIORITY_NORMAL;
}

static bool ti_priority_take(threading_thread_t *thread)
{
    if (!ti_priority_is_asked_for(thread))
        return true;
    bool is_granted = ti_port_set_priority(thread->priority);
    ti_thread_change(&thread->granted, is_granted ? TI_GRANTED : TI_DENIED);
    return is_granted;
}

static threading_status_t ti_priority_await(threading_thread_t *thread, ti_self *caller)
{
    if (!ti_priority_is_asked_for(thread))
        return THREADING_OK;
    ti_blocked_on(caller, TI_ON_THREAD, thread);
    caller->deaf++; /* a stop is no reason to leave before it is known */
    uint32_t granted;
    /* Acquire: pairs with the change, so that a refused thread's last use of its record comes before. */
    while ((granted = ti_load_acquire(&thread->granted)) == TI_ASKED)
        (void)ti_parking_wait(caller, &thread->granted, TI_ASKED, TI_FOREVER);
    caller->deaf--;
    if (granted == TI_GRANTED)
        return THREADING_OK;
    ti_native_join(&thread->native);
    return THREADING_UNSUPPORTED;
}

threading_status_t threading_set_priority(int priority)
{
    if (!ti_priority_is_level(priority))
        return TI_TELL(NULL, THREADING_INVALID);
    return ti_port_set_priority(priority) ? THREADING_OK : THREADING_UNSUPPORTED;
}

int threading_get_priority(void)
{
    return ti_port_get_priority();
}

/* --------------------------------------------------------------------------------- src/core/thread/roll.c */

static struct {
    threading_thread_t *first;
    threading_thread_t *last;
    size_t alive;
    uintptr_t main; /* changes in a forked child only */
} ti_roll = {
    .first = &ti_thread_main_record,
    .last = &ti_thread_main_record,
    .alive = 1,
    .main = (uintptr_t)&ti_thread_main_record,
};

static threading_thread_t *ti_roll_main(void)
{
    /* Relaxed: it never changes while a second thread runs. */
    return (threading_thread_t *)ti_load_pointer_relaxed(&ti_roll.main);
}

static void ti_roll_list(threading_thread_t *record)
{
    record->previous = ti_roll.last;
    record->next = NULL;
    *(ti_roll.last != NULL ? &ti_roll.last->next : &ti_roll.first) = record;
    ti_roll.last = record;
    ti_roll.alive++;
}

static void ti_roll_unlist(threading_thread_t *record)
{
    *(record->previous != NULL ? &record->previous->next : &ti_roll.first) = record->next;
    *(record->next != NULL ? &record->next->previous : &ti_roll.last) = record->previous;
    ti_roll.alive--;
}

static threading_thread_t *ti_roll_first(void)
{
    return ti_roll.first;
}

static TI_COLD void ti_roll_reset(threading_thread_t *main)
{
    ti_roll.first = ti_roll.last = NULL;
    ti_roll.alive = 0;
    ti_roll_list(main);
    /* Relaxed: the child has one thread. */
    ti_store_pointer_relaxed(&ti_roll.main, (uintptr_t)main);
}

threading_thread_t *threading_main_thread(void)
{
    return ti_roll_main();
}

size_t threading_active_count(void)
{
    return threading_enumerate(NULL, 0);
}

size_t threading_enumerate(threading_thread_t **threads, size_t capacity)
{
    if (threads == NULL && capacity > 0)
        return 0;
    ti_registry_lock(ti_self_get());
    ti_foreign_bury_dummies();
    size_t count = ti_roll.alive;
    threading_thread_t *record = ti_roll.first;
    for (size_t i = 0; i < count && i < capacity; i++, record = record->next)
        threads[i] = threading_thread_retain(record);
    ti_registry_unlock();
    return count;
}

/* ------------------------------------------------------------------------------- src/core/thread/thread.c */

/* Thread: from the object to the running thread and back. The states are in thread.h. */

#include <stdlib.h>

static threading_thread_t ti_thread_main_record = {
    .references = 1,
    .state = TI_RUNNING,
    .reap = TI_REAPED,
    .ident = TI_MAIN_IDENT,
    .kind = TI_MAIN,
    .options_status = THREADING_OK,
    .is_static = true,
    .name = &ti_name_of_main,
};

/* Sequential: the change in the table in parking.h. */
static void ti_thread_change(uint32_t *word, uint32_t value)
{
    ti_store_sequential(word, value);
    ti_parking_wake_all(word);
}

/* ---- making and freeing ---- */

static TI_COLD threading_thread_t *ti_thread_allocate(ti_kind kind, const char *name, const char *prefix)
{
    threading_thread_t *record = (threading_thread_t *)ti_memory_allocate(sizeof *record);
    if (record == NULL)
        return NULL;
    record->references = 1;
    record->kind = kind;
    record->family = ti_phase_family;
    if (!ti_name_give(record, name, prefix)) {
        ti_memory_free(record);
        return NULL;
    }
    return record;
}

static bool ti_options_are_valid(const threading_thread_options_t *options)
{
    bool valid = options->daemon >= THREADING_NOT_DAEMON && options->daemon <= THREADING_DAEMON &&
                 (options->stack_size == 0 || options->stack_size >= TI_STACK_SIZE_MIN) &&
                 ti_priority_is_level(options->priority);
    for (size_t i = 0; i < sizeof options->reserved / sizeof *options->reserved; i++)
        valid = valid && options->reserved[i] == 0;
    return valid;
}

/* A foreign thread counts as a daemon, as the Dummy it would be. */
static bool ti_daemon_of_new(int daemon)
{
    const threading_thread_t *creator = ti_self_get()->record;
    if (daemon == THREADING_INHERIT)
        return creator == NULL || threading_thread_daemon(creator);
    return daemon > 0;
}

TI_COLD threading_thread_t *threading_thread_new(threading_target_t target, void *arg,
                                                 const threading_thread_options_t *options)
{
    static const threading_thread_options_t defaults = {.name = NULL};
    if (options == NULL)
        options = &defaults;
    threading_thread_t *thread = ti_thread_allocate(TI_STARTED_HERE, options->name, "Thread");
    if (thread == NULL)
        return NULL;
    thread->target = target;
    thread->arg = arg;
    thread->stack_size = options->stack_size;
    thread->priority = options->priority;
    thread->stop = options->stop;
    thread->daemon = ti_daemon_of_new(options->daemon);
    thread->options_status = ti_options_are_valid(options) ? THREADING_OK : THREADING_INVALID;
    return thread;
}

threading_thread_t *threading_thread_retain(threading_thread_t *thread)
{
    /* Relaxed: a thread that retains holds or borrows a reference already. */
    if (thread != NULL)
        ti_add_relaxed(&thread->references, 1);
    return thread;
}

/* Relaxed: it was set before the state that the caller has read. Atomic: after a start that failed the
 * next one stores it again, while a caller that has read the first one's state may still be here. */
static bool ti_thread_is_of_this_process(const threading_thread_t *thread)
{
    return ti_load_relaxed(&thread->family) == ti_phase_family;
}

static TI_COLD void ti_thread_dispose(threading_thread_t *thread)
{
    ti_name_free_all(thread);
    ti_memory_free(thread->timer);
    ti_memory_free(thread);
}

/* Nobody else knows the object any more. A thread that nobody joined is left to the system. */
static void ti_thread_destroy(threading_thread_t *thread)
{
    if (thread->is_static)
        return;
    bool is_left = ti_load_acquire(&thread->reap) == TI_JOINABLE && ti_thread_is_of_this_process(thread);
    if (!is_left || !ti_native_abandon(thread))
        ti_thread_dispose(thread);
}

void threading_thread_free(threading_thread_t *thread)
{
    /* Release: what this holder did happens before the memory is freed; acquire: by the last one. */
    if (thread != NULL && ti_add_acquire_release(&thread->references, (uint32_t)-1) == 1)
        ti_thread_destroy(thread);
}

/* ---- the running thread ---- */

/* Code that the system runs in the thread before its entry, such as a DLL's, may have called: then the
 * thread is known as a foreign one, which ends here. */
static void ti_thread_dismiss_visitor(void)
{
    void *visitor = ti_port_self_recall();
    if (visitor != NULL)
        ti_leave(visitor);
}

static void ti_thread_main(void *argument)
{
    ti_self *self = (ti_self *)argument;
    ti_thread_dismiss_visitor();
    bool leaves_by_itself = ti_port_set_self(self, ti_leave);
    if (!ti_priority_take(self->record)) { /* then it was never here */
        (void)ti_port_set_self(NULL, ti_leave);
        return;
    }
    ti_self_show(self);
    self->record->native_id = ti_port_native_id();
    ti_name_show(self->record);
    ti_thread_change(&self->record->state, TI_RUNNING);
    if (self->record->target != NULL)
        self->record->result = ti_calls_catch(self, self->record->target, self->record->arg);
    if (self->record == ti_roll_main()) /* it has called fork, and this is the child: main returns */
        exit(EXIT_SUCCESS);
    /* Here, where all of the thread still works; ti_leave repeats it for copies that come late. */
    ti_local_finish(self);
    if (leaves_by_itself)
        return;
    ti_leave(self);
    (void)ti_port_set_self(NULL, ti_leave);
}

static void ti_thread_set_gone(ti_self *self, threading_thread_t *record, uint32_t state)
{
    ti_registry_lock(self);
    if (ti_load_relaxed(&record->state) < state)    /* relaxed: its last changes come under the guard */
        ti_store_sequential(&record->state, state); /* sequential: the change that is woken for */
    ti_deadlock_withdraw(&record->ident, ti_load_relaxed(&record->state)); /* relaxed: as above */
    ti_registry_unlock();
    ti_parking_wake_all(&record->state);
}

static void ti_thread_set_ended(threading_thread_t *record)
{
    ti_store_sequential(&record->state, TI_ENDED); /* sequential: the change that ti_thread_leave wakes for */
    if (record != ti_roll_main())                  /* main is listed for ever, as in CPython */
        ti_roll_unlist(record);
}

static void ti_thread_leave(threading_thread_t *record)
{
    ti_parking_wake_all(&record->state);
    threading_thread_free(record);
}

/* ---- start ---- */

/* Enter the thread everywhere, so that it is complete when it runs. */
static threading_status_t ti_thread_enter(threading_thread_t *thread, ti_self *self)
{
    if (ti_load_relaxed(&thread->state) != TI_NEW) /* relaxed: it changes under the guard that is held */
        return THREADING_ALREADY_STARTED;
    if (ti_phase_is_finalizing())
        return THREADING_FINALIZING;
    self->fast.ident = ti_registry_new_ident();
    ti_store_relaxed(&thread->ident, self->fast.ident); /* relaxed: published by the state, */
    ti_store_relaxed(&thread->family, ti_phase_family); /* as this is, */
    ti_store_relaxed(&thread->granted, TI_ASKED);       /* and this */
    self->record = threading_thread_retain(thread);
    self->began = ti_port_now();
    self->stop = thread->stop;
    ti_registry_add(self);
    ti_roll_list(thread);
    ti_store_sequential(&thread->state, TI_STARTING);
    return THREADING_OK;
}

static threading_status_t ti_thread_launch(threading_thread_t *thread, ti_self *self, ti_self *caller)
{
    size_t stack_size = thread->stack_size != 0 ? thread->stack_size : threading_get_stack_size();
    threading_status_t status = ti_native_start(&thread->native, ti_thread_main, self, stack_size);
    if (status == THREADING_OK)
        status = ti_priority_await(thread, caller);
    if (status == THREADING_OK)
        ti_thread_change(&thread->reap, TI_JOINABLE);
    return status;
}

/* The system refused: all is as before. */
static void ti_thread_withdraw(threading_thread_t *thread, ti_self *self, ti_self *caller)
{
    ti_registry_lock(caller);
    ti_registry_remove(self);
    ti_roll_unlist(thread);
    ti_store_relaxed(&thread->ident, 0);
    ti_store_sequential(&thread->state, TI_NEW);
    ti_registry_unlock();
    ti_parking_wake_all(&thread->state);
    threading_thread_free(thread);
}

static threading_status_t ti_thread_start(threading_thread_t *thread)
{
    if (thread->options_status != THREADING_OK)
        return thread->options_status;
    /* Relaxed: it is asked again under the guard; here only so that the answer needs no memory. */
    if (ti_load_relaxed(&thread->state) != TI_NEW)
        return THREADING_ALREADY_STARTED;
    ti_self *caller = ti_self_get();
    ti_thread_settle();
    ti_self *self = ti_hooks_start() ? ti_self_new() : NULL;
    if (self == NULL)
        return THREADING_NO_MEMORY;
    ti_registry_lock(caller);
    threading_status_t status = ti_thread_enter(thread, self);
    ti_registry_unlock();
    if (status == THREADING_OK) {
        status = ti_thread_launch(thread, self, caller);
        if (status != THREADING_OK)
            ti_thread_withdraw(thread, self, caller);
    }
    if (status != THREADING_OK)
        ti_self_free(self);
    return status;
}

threading_status_t threading_thread_start(threading_thread_t *thread)
{
    return TI_TELL(thread, thread != NULL ? ti_thread_start(thread) : THREADING_INVALID);
}

TI_COLD threading_status_t threading_thread_spawn(threading_target_t target, void *arg,
                                                  const threading_thread_options_t *options,
                                                  threading_thread_t **thread)
{
    threading_thread_t *spawned = threading_thread_new(target, arg, options);
    if (spawned == NULL)
        return THREADING_NO_MEMORY;
    threading_status_t status = TI_TELL(spawned, ti_thread_start(spawned));
    if (status == THREADING_OK && thread != NULL)
        *thread = spawned;
    else
        threading_thread_free(spawned);
    return status;
}

/* ---- join ---- */

static bool ti_thread_is_stopped(const threading_thread_t *record)
{
    /* Acquire: as in ti_thread_wait, for those who find that it has ended. */
    uint32_t state = ti_load_acquire(&record->state);
    return state == TI_STOPPED || (state > TI_NEW && state < TI_ENDED && ti_port_threads_are_gone());
}

/* Sleep until the state may have changed. A wait without a limit is refused when it could never end. */
static threading_status_t ti_thread_sleep(ti_self *self, threading_thread_t *record, uint32_t state,
                                          int64_t deadline, uint32_t enough)
{
    if (!ti_limit_is_none(self, deadline))
        return ti_parking_wait(self, &record->state, state, deadline) ? THREADING_OK
                                                                      : ti_limit_status(deadline);
    if (!ti_deadlock_check_end(self, &record->ident, &record->state, enough))
        return THREADING_DEADLOCK;
    (void)ti_parking_wait(self, &record->state, state, TI_FOREVER); /* true: it has no deadline */
    ti_deadlock_end_wait(self);
    return THREADING_OK;
}

static threading_status_t ti_thread_wait(ti_self *self, threading_thread_t *record, int64_t deadline,
                                  uint32_t enough)
{
    for (;;) {
        /* Acquire: pairs with the change to ENDED, so that the joiner sees all that the thread did. */
        uint32_t state = ti_load_acquire(&record->state);
        if (state >= enough)
            return THREADING_OK;
        if (state == TI_NEW)
            return THREADING_NOT_STARTED;
        if (ti_port_threads_are_gone())
            return THREADING_FINALIZING;
        if (ti_deadline_passed(deadline))
            return THREADING_TIMEOUT;
        threading_status_t status = ti_thread_sleep(self, record, state, deadline, enough);
        if (status != THREADING_OK)
            return status;
    }
}

static bool ti_thread_reap(ti_self *self, threading_thread_t *record, int64_t deadline)
{
    if (!ti_thread_is_of_this_process(record))
        return true; /* the parent process's thread: there is nothing to join here */
    for (;;) {
        uint32_t reap = ti_load_acquire(&record->reap);
        if (reap == TI_REAPED)
            return true;
        if (reap != TI_JOINABLE) {
            if (ti_deadline_passed(deadline) || !ti_parking_wait(self, &record->reap, reap, deadline))
                return false;
        } else if (ti_swap_acquire(&record->reap, TI_JOINABLE, TI_JOINING)) {
            ti_native_join(&record->native);
            ti_thread_change(&record->reap, TI_REAPED);
        }
    }
}

/* Whether nothing is held up if the calling thread's join lasts until the process is gone. The system's join
 * of a thread that was killed does not last, and would be taken for its end. */
static bool ti_join_may_last(const ti_self *self)
{
    return !ti_phase_is_exiting() && !ti_port_threads_are_gone() &&
           (self->record == NULL || self->record == ti_roll_main() ||
            (threading_thread_daemon(self->record) && !self->record->is_worker));
}

/*
 * The first to join without a limit sleeps in the system's own join, once instead of once for the state
 * and once there. There it would not learn that the thread has stopped without an end: so the exit must
 * not wait for the joiner. THREADING_BUSY: it is not the first, or has to look closer.
 */
static threading_status_t ti_thread_join_first(ti_self *self, threading_thread_t *thread)
{
    bool is_first = ti_join_may_last(self) && ti_thread_is_of_this_process(thread) &&
                    ti_swap_acquire(&thread->reap, TI_JOINABLE, TI_JOINING);
    if (!is_first)
        return THREADING_BUSY;
    if (!ti_deadlock_check_end(self, &thread->ident, &thread->state, TI_STOPPED)) {
        ti_thread_change(&thread->reap, TI_JOINABLE);
        return THREADING_DEADLOCK;
    }
    ti_blocked_begin(self, TI_FOREVER);
    ti_native_join(&thread->native);
    ti_blocked_end(self);
    ti_thread_change(&thread->reap, TI_REAPED);
    ti_deadlock_end_wait(self);
    return THREADING_OK;
}

static threading_status_t ti_thread_join_unless_refused(threading_thread_t *thread, ti_self *self,
                                                        int64_t deadline)
{
    uint32_t state = ti_load_acquire(&thread->state);
    if (thread->kind == TI_DUMMY)
        return THREADING_INVALID;
    if (state == TI_NEW)
        return THREADING_NOT_STARTED;
    ti_blocked_on(self, TI_ON_THREAD, thread);
    if (thread == self->record)
        return THREADING_DEADLOCK;
    threading_status_t status = THREADING_BUSY;
    if (ti_limit_is_none(self, deadline))
        status = ti_thread_join_first(self, thread);
    if (status != THREADING_BUSY)
        return status;
    status = ti_thread_wait(self, thread, deadline, TI_STOPPED);
    if (status != THREADING_OK)
        return status;
    if (ti_thread_is_stopped(thread))
        return THREADING_FINALIZING;
    return ti_thread_reap(self, thread, deadline) ? THREADING_OK : ti_limit_status(deadline);
}

static TI_COLD threading_status_t ti_thread_join(threading_thread_t *thread, int64_t deadline)
{
    ti_self *self = ti_self_get();
    threading_status_t status = ti_thread_join_unless_refused(thread, self, deadline);
    return status == THREADING_DEADLOCK ? ti_deadlock_refused(self, &thread->ident) : status;
}

threading_status_t threading_thread_join(threading_thread_t *thread)
{
    return TI_TELL(thread, thread != NULL ? ti_thread_join(thread, TI_FOREVER) : THREADING_INVALID);
}

threading_status_t threading_thread_join_timeout(threading_thread_t *thread, double seconds)
{
    threading_status_t status = ti_deadline_check_on(thread, seconds);
    if (status == THREADING_OK)
        status = ti_thread_join(thread, ti_deadline_after(seconds));
    return TI_TELL(thread, status);
}

threading_status_t threading_thread_try_join(threading_thread_t *thread)
{
    threading_status_t status = thread != NULL ? ti_thread_join(thread, TI_PAST) : THREADING_INVALID;
    return TI_TELL(thread, status == THREADING_TIMEOUT ? THREADING_BUSY : status);
}

/* ---- asking ---- */

bool threading_thread_is_alive(const threading_thread_t *thread)
{
    if (thread == NULL)
        return false;
    uint32_t state = ti_load_acquire(&thread->state);
    return state != TI_NEW && state != TI_ENDED;
}

threading_status_t threading_thread_result(const threading_thread_t *thread, void **result)
{
    if (thread == NULL || thread->kind != TI_STARTED_HERE)
        return TI_TELL(thread, THREADING_INVALID);
    uint32_t state = ti_load_acquire(&thread->state);
    if (state == TI_NEW)
        return TI_TELL(thread, THREADING_NOT_STARTED);
    if (state != TI_ENDED)
        return THREADING_BUSY;
    if (result != NULL)
        *result = thread->result;
    return THREADING_OK;
}

bool threading_thread_daemon(const threading_thread_t *thread)
{
    /* Relaxed: a momentary answer. */
    return thread != NULL && ti_load_relaxed(&thread->daemon) != 0;
}

TI_COLD threading_status_t threading_thread_set_daemon(threading_thread_t *thread, bool daemon)
{
    if (thread == NULL)
        return TI_TELL(thread, THREADING_INVALID);
    ti_registry_lock(ti_self_get());
    bool is_new = ti_load_relaxed(&thread->state) == TI_NEW; /* relaxed: it changes under this guard */
    if (is_new)
        ti_store_relaxed(&thread->daemon, daemon);
    ti_registry_unlock();
    return TI_TELL(thread, is_new ? THREADING_OK : THREADING_ALREADY_STARTED);
}

uint32_t threading_thread_ident(const threading_thread_t *thread)
{
    if (thread == NULL || ti_load_acquire(&thread->state) == TI_NEW)
        return 0;
    return ti_load_relaxed(&thread->ident); /* relaxed: set before the state that was read */
}

/* ------------------------------------------------------------------------- src/core/thread/thread_later.c */

/* Thread objects of which the last reference goes where no allocator may be called. */

static uintptr_t ti_thread_later; /* linked by `next`; of each nobody has a reference */

static TI_COLD void ti_thread_give_back_later(threading_thread_t *thread)
{
    if (ti_add_acquire_release(&thread->references, (uint32_t)-1) != 1 || thread->is_static)
        return; /* a static one may be a main again in a child of this child, and be listed as that */
    /* Relaxed, both: nobody else changes it now (later.h). */
    thread->next = (threading_thread_t *)ti_load_pointer_relaxed(&ti_thread_later);
    ti_store_pointer_relaxed(&ti_thread_later, (uintptr_t)thread);
}

static TI_COLD void ti_thread_settle(void)
{
    ti_later_settle();
    if (ti_load_pointer_relaxed(&ti_thread_later) == 0) /* relaxed: spares the exchange, which decides */
        return;
    threading_thread_t *thread = (threading_thread_t *)ti_exchange_pointer_acquire(&ti_thread_later, 0);
    for (threading_thread_t *next; thread != NULL; thread = next) {
        next = thread->next;
        ti_store_relaxed(&thread->references, 1); /* relaxed: nobody else knows it */
        threading_thread_free(thread);
    }
}

/* ------------------------------------------------------------------------ src/core/thread/thread_native.c */

/* What the system has of a thread: its number, its handle, its stack. */

/* Wait until a word of a thread has another value, which is the answer. */
static uint32_t ti_thread_await_change(const threading_thread_t *thread, const uint32_t *constant_word,
                                       uint32_t value)
{
    uint32_t *word = (uint32_t *)(uintptr_t)constant_word; /* waiting for it changes nothing */
    ti_self *self = ti_self_get();
    uint32_t now;
    ti_blocked_on(self, TI_ON_THREAD, thread);
    self->deaf++; /* it says nothing of a stop */
    /* Acquire: what was set before the change is read behind this. */
    while ((now = ti_load_acquire(word)) == value)
        (void)ti_parking_wait(self, word, value, TI_FOREVER);
    self->deaf--;
    return now;
}

static uint32_t ti_thread_await_start(const threading_thread_t *thread)
{
    return ti_thread_await_change(thread, &thread->state, TI_STARTING);
}

uint64_t threading_thread_native_id(const threading_thread_t *thread)
{
    if (thread == NULL)
        return 0;
    if (thread == &ti_thread_main_record)
        return ti_port_main_native_id();
    return ti_thread_await_start(thread) != TI_NEW ? thread->native_id : 0;
}

/* Of one that was started here, until it is reaped. The starter may still be about to say that it can be. */
static uintptr_t ti_thread_started_handle(const threading_thread_t *thread)
{
    if (!ti_thread_is_of_this_process(thread))
        return 0;
    uint32_t reap = ti_thread_await_change(thread, &thread->reap, TI_PENDING);
    return reap != TI_REAPED ? ti_port_thread_handle(&thread->native) : 0;
}

uintptr_t threading_thread_native_handle(const threading_thread_t *thread)
{
    uint32_t state = thread != NULL ? ti_thread_await_start(thread) : TI_NEW;
    if (state == TI_NEW)
        return 0;
    /* Relaxed: a number by itself, which main stores in its first call. */
    uintptr_t handle = ti_load_pointer_relaxed(&thread->handle);
    if (handle != 0)
        return state != TI_ENDED ? handle : 0;
    return thread->kind == TI_STARTED_HERE ? ti_thread_started_handle(thread) : 0;
}

size_t threading_thread_stack_size(const threading_thread_t *thread)
{
    if (thread == NULL || thread->kind != TI_STARTED_HERE)
        return 0;
    if (ti_thread_await_start(thread) != TI_NEW)
        return ti_port_thread_stack_size(&thread->native);
    return thread->stack_size != 0 ? thread->stack_size : threading_get_stack_size();
}

/* --------------------------------------------------------------------------------- src/core/thread/time.c */

/* Time: the monotonic clock, and sleeping. */

double threading_timeout_max(void)
{
    return THREADING_TIMEOUT_MAX;
}

double threading_monotonic(void)
{
    return (double)ti_port_now() / 1e9;
}

/* A stop that was requested before ends a sleep of any time: a thread that sleeps again and again for less
 * than a look at the clock takes would else never be told. */
static threading_status_t ti_sleep_heeding(ti_self *self, int64_t deadline)
{
    if (ti_limit_is_reached(self, TI_FOREVER))
        return THREADING_CANCELLED;
    ti_blocked_begin(self, ti_limit_next(self, deadline));
    while (!ti_limit_is_reached(self, deadline))
        ti_port_park(&self->parker, ti_limit_next(self, deadline));
    ti_blocked_end(self);
    return ti_deadline_passed(deadline) ? THREADING_OK : THREADING_CANCELLED;
}

/* Of a thread that is not known nobody asks what it does. */
static void ti_sleep_until(ti_self *self, int64_t deadline)
{
    if (self != NULL)
        ti_blocked_begin(self, deadline);
    ti_port_sleep(deadline);
    if (self != NULL)
        ti_blocked_end(self);
}

threading_status_t threading_sleep(double seconds)
{
    threading_status_t status = ti_deadline_check(seconds);
    if (status != THREADING_OK)
        return TI_TELL(NULL, status);
    ti_self *self = ti_self_known(); /* sleeping alone is no reason to become so */
    if (self != NULL)
        ti_blocked_on(self, TI_ON_SLEEP, NULL);
    if (seconds == 0)
        ti_port_yield();
    else if (self != NULL && !ti_limit_is_none(self, TI_FOREVER))
        return ti_sleep_heeding(self, ti_deadline_after(seconds));
    else
        ti_sleep_until(self, ti_deadline_after(seconds));
    return THREADING_OK;
}

/* -------------------------------------------------------------------------------- src/core/thread/timer.c */

/*
 * Timer: a Thread whose target waits for a word to change, then calls.
 *
 *   state      changed by
 *   WAITING
 *   CANCELLED  cancel, if it is WAITING
 *   CALLED     the timer's thread, if it is WAITING: who of the two comes first decides
 */

enum { TI_TIMER_WAITING, TI_TIMER_CANCELLED, TI_TIMER_CALLED };

struct ti_timer {
    uint32_t state;
    double seconds;
    void (*function)(void *arg);
    void *arg;
};

static void *ti_timer_run(void *arg)
{
    struct ti_timer *timer = (struct ti_timer *)arg;
    ti_self *self = ti_self_get();
    int64_t deadline = ti_deadline_after(timer->seconds);
    ti_blocked_on(self, TI_ON_TIMER, NULL);
    /* Woken early, it may be by the cancel of another timer that was in this memory before. */
    while (ti_load_acquire(&timer->state) == TI_TIMER_WAITING &&
           ti_parking_wait(self, &timer->state, TI_TIMER_WAITING, deadline))
        continue;
    if (ti_swap_acquire(&timer->state, TI_TIMER_WAITING, TI_TIMER_CALLED) && timer->function != NULL)
        timer->function(timer->arg);
    return NULL;
}

threading_thread_t *threading_timer_new(double seconds, void (*function)(void *arg), void *arg)
{
    struct ti_timer *timer = (struct ti_timer *)ti_memory_allocate(sizeof *timer);
    if (timer == NULL)
        return NULL;
    threading_thread_t *thread = threading_thread_new(ti_timer_run, timer, NULL);
    if (thread == NULL) {
        ti_memory_free(timer);
        return NULL;
    }
    timer->seconds = seconds;
    timer->function = function;
    timer->arg = arg;
    thread->timer = timer;
    thread->options_status = ti_deadline_check(seconds);
    return thread;
}

threading_status_t threading_timer_cancel(threading_thread_t *timer)
{
    if (timer == NULL || timer->timer == NULL)
        return TI_TELL(timer, THREADING_INVALID);
    uint32_t *state = &timer->timer->state;
    /* Sequential: the change in the table in parking.h. */
    if (ti_swap_sequential(state, TI_TIMER_WAITING, TI_TIMER_CANCELLED))
        ti_parking_wake_all(state);
    return THREADING_OK;
}

/* ------------------------------------------------------------------------------ src/core/tasks/executor.c */

/* Executor: its life, and how tasks come in. executor.h tells how it works. */

#include <stdio.h>
#include <string.h>

#define TI_NAME_MORE 16 /* bytes for "_" and a number behind a name */

static uint32_t ti_executor_number; /* of the next automatic name */

/* ---- making and freeing ---- */

static char *ti_executor_name(const char *name)
{
    static const char automatic[] = "ThreadPoolExecutor-";
    bool is_automatic = name == NULL || *name == '\0';
    size_t size = (is_automatic ? sizeof automatic : strlen(name) + 1) + TI_NAME_MORE;
    char *copy = (char *)ti_memory_allocate(size);
    if (copy == NULL)
        return NULL;
    ti_port_errors errors = ti_port_errors_keep();
    if (is_automatic) /* relaxed: only the number matters */
        (void)snprintf(copy, size, "%s%u", automatic, (unsigned)ti_add_relaxed(&ti_executor_number, 1));
    else
        (void)snprintf(copy, size, "%s", name);
    ti_port_errors_restore(errors);
    return copy;
}

TI_COLD threading_executor_t *threading_executor_new(size_t max_workers,
                                                     const threading_executor_options_t *options)
{
    threading_executor_t *executor = (threading_executor_t *)ti_memory_allocate(sizeof *executor);
    if (executor == NULL)
        return NULL;
    if (options != NULL)
        executor->options = *options;
    ti_self *self = ti_self_get();
    if (ti_tasks_reserve(&executor->tasks, 1, self))
        executor->name = ti_executor_name(executor->options.name);
    if (executor->name == NULL) {
        ti_tasks_free(&executor->tasks);
        ti_memory_free(executor);
        return NULL;
    }
    executor->handles = executor->references = 1;
    executor->family = ti_phase_family;
    executor->parallelism = ti_processors_available();
    /* CPython's min(32, os.process_cpu_count() + 4) is meant for workers that wait for the GIL and for
     * input. */
    executor->max_workers = max_workers > 0 ? max_workers : executor->parallelism;
    executor->is_shutdown = !ti_executor_list(executor, self);
    executor->refusal = executor->is_shutdown ? THREADING_SHUTDOWN : THREADING_OK;
    return executor;
}

threading_executor_t *threading_executor_retain(threading_executor_t *executor)
{
    /* Relaxed: a thread that retains holds or borrows a handle already. */
    if (executor != NULL)
        ti_add_relaxed(&executor->handles, 1);
    return executor;
}

static ti_worker *ti_executor_worker_after(const threading_executor_t *executor, const ti_worker *worker)
{
    /* Acquire: pairs with the release in ti_executor_add_worker, so that the worker is seen as it was
     * made. */
    return (ti_worker *)ti_load_pointer_acquire(worker != NULL ? &worker->next : &executor->first);
}

/* Nobody else knows it any more; its workers have ended, but for the calling thread. */
static void ti_executor_destroy(threading_executor_t *executor, ti_self *self)
{
    ti_executor_unlist(executor, self);
    for (ti_worker *worker = ti_executor_worker_after(executor, NULL), *next; worker != NULL; worker = next) {
        next = ti_executor_worker_after(executor, worker);
        threading_thread_free(worker->thread);
        ti_tasks_free(&worker->tasks);
        ti_memory_free(worker);
    }
    ti_tasks_free(&executor->tasks);
    ti_memory_free(executor->name);
    ti_memory_free(executor);
}

static TI_COLD void ti_executor_give_back(threading_executor_t *executor)
{
    /* Release: what this holder did happens before the memory is freed; acquire: by the last one. */
    if (ti_add_acquire_release(&executor->references, (uint32_t)-1) == 1)
        ti_executor_destroy(executor, ti_self_get());
}

TI_COLD void threading_executor_free(threading_executor_t *executor)
{
    /* Acquire and release: as in ti_executor_give_back, for the shutdown. */
    if (executor == NULL || ti_add_acquire_release(&executor->handles, (uint32_t)-1) != 1)
        return;
    (void)threading_executor_shutdown(executor, false, false);
    ti_executor_give_back(executor);
}

size_t threading_executor_workers(const threading_executor_t *executor)
{
    return executor != NULL ? executor->max_workers : 0;
}

/* ---- submit ---- */

/* The other options are those of the threads, and checked where they are started. */
static bool ti_executor_accepts(const threading_executor_t *executor)
{
    bool valid = true;
    for (size_t i = 0; i < sizeof executor->options.reserved / sizeof *executor->options.reserved; i++)
        valid = valid && executor->options.reserved[i] == 0;
    return valid;
}

static bool ti_executor_is_orphaned(const threading_executor_t *executor)
{
    return executor->family != ti_phase_family;
}

static bool ti_executor_is_spared(const threading_executor_t *executor, const ti_self *self)
{
    return ti_executor_is_orphaned(executor) || self->is_leaving;
}

/* Before a task is queued: start another worker if none is to spare for it. One that cannot be started is
 * no reason to fail, unless it is the first. */
static threading_status_t ti_executor_prepare(threading_executor_t *executor)
{
    /* Relaxed: only the number matters. */
    if ((int32_t)ti_add_relaxed(&executor->spare, (uint32_t)-1) > 0)
        return THREADING_OK;
    threading_status_t status = ti_executor_start_worker(executor);
    if (status == THREADING_OK || executor->worker_count > 0)
        return THREADING_OK;
    ti_add_relaxed(&executor->spare, 1); /* relaxed: as above */
    return status;
}

/* Queue with the executor. */
static threading_status_t ti_executor_put(threading_executor_t *executor, ti_task task, size_t times,
                                          ti_self *self)
{
    if (executor->refusal != THREADING_OK)
        return (threading_status_t)executor->refusal;
    if (!ti_tasks_reserve(&executor->tasks, times, self))
        return THREADING_NO_MEMORY;
    for (size_t i = 0; i < times; i++) {
        threading_status_t status = executor->is_complete ? THREADING_OK : ti_executor_prepare(executor);
        if (status != THREADING_OK)
            return status;
        ti_tasks_push(&executor->tasks, task);
    }
    return THREADING_OK;
}

/* Queue with the calling worker, whose executor is complete. */
static threading_status_t ti_worker_put(ti_worker *worker, ti_task task, size_t times, ti_self *self)
{
    /* Relaxed: a refusal that was before this call is seen, and one beside it may come before or after. */
    threading_status_t refusal = (threading_status_t)ti_load_relaxed(&worker->executor->refusal);
    if (refusal != THREADING_OK)
        return refusal;
    if (!ti_tasks_have_room(&worker->tasks, times))
        ti_worker_sweep(worker, self);
    /* With a quarter more than it needs just now, so that it is not swept again at once. */
    if (!ti_tasks_have_room(&worker->tasks, times) &&
        !ti_tasks_reserve(&worker->tasks, times + ti_tasks_count(&worker->tasks) / 4, self))
        return THREADING_NO_MEMORY;
    for (size_t i = 0; i < times; i++)
        ti_tasks_push(&worker->tasks, task);
    return THREADING_OK;
}

static ti_waiter *ti_executor_signal(threading_executor_t *executor, size_t n, ti_self *self)
{
    ti_store_relaxed(&executor->waking, 1);  /* relaxed: executor.h says why */
    ti_add_sequential(&executor->signal, 1); /* sequential: the change in the table in parking.h */
    return ti_parking_is_awaited(ti_parking_bucket(&executor->signal))
               ? ti_line_take(&executor->signal, TI_OBSERVERS, n, self)
               : NULL;
}

static void ti_executor_call_workers(threading_executor_t *executor, uint32_t *called, uint32_t n, ti_self *self)
{
    while (*called < n && (executor->is_complete || ti_executor_prepare(executor) == THREADING_OK))
        ++*called;
    /* Relaxed: as in ti_executor_put_and_unlock. */
    bool is_awaited = ti_load_relaxed(&executor->idle) > 0 && ti_load_relaxed(&executor->waking) == 0;
    ti_waiter *idle = is_awaited ? ti_executor_signal(executor, n, self) : NULL;
    ti_line_unlock(&executor->lock, self);
    ti_line_wake(idle);
}

/* A worker that found 0 there under this lock, and so does not look at the workers' rings, has counted itself
 * before the lock is taken here. */
TI_COLD static void ti_executor_nest(threading_executor_t *executor, ti_self *self)
{
    ti_line_lock(&executor->lock, self);
    /* Release: pairs with the acquire in ti_executor_own_worker. */
    ti_store_release(&executor->is_nested, 1);
    ti_line_unlock(&executor->lock, self);
}

/* The calling worker if tasks that it submits go to its own ring, else NULL. */
static ti_worker *ti_executor_own_worker(threading_executor_t *executor, ti_self *self)
{
    /* Relaxed: the calling worker itself was started before. */
    if (self->executor != executor || !ti_load_relaxed(&executor->is_complete))
        return NULL;
    /* Acquire: pairs with the release in ti_executor_nest; so the workers are seen that counted themselves
     * before the 1 was written. */
    if (!ti_load_acquire(&executor->is_nested))
        ti_executor_nest(executor, self);
    return self->worker;
}

/* Queue with that worker, or the executor if it is NULL, under the lock, which is released; unless there is a
 * `status` that says why not. */
static inline threading_status_t ti_executor_put_and_unlock(threading_executor_t *executor, ti_worker *worker,
                                                            ti_task task, size_t times,
                                                            threading_status_t status, ti_self *self)
{
    if (status == THREADING_OK)
        status = worker != NULL ? ti_worker_put(worker, task, times, self)
                                : ti_executor_put(executor, task, times, self);
    /* Relaxed: a worker that has looked here before counted itself before that. */
    bool is_awaited = status == THREADING_OK && ti_load_relaxed(&executor->idle) > 0 &&
                      ti_load_relaxed(&executor->waking) == 0;
    ti_waiter *idle = is_awaited ? ti_executor_signal(executor, times, self) : NULL;
    bool is_bounded = worker == NULL && ti_executor_is_bounded(executor);
    ti_waiter *submitter = is_bounded ? ti_executor_take_submitter(executor, self) : NULL;
    /* The last touch of the executor: its last reference may be given back in the task. */
    ti_line_unlock(worker != NULL ? &worker->lock : &executor->lock, self);
    ti_line_wake(idle);
    ti_line_wake(submitter);
    return status;
}

static threading_status_t ti_executor_enqueue(threading_executor_t *executor, ti_task task, size_t times,
                                       ti_self *self)
{
    ti_worker *worker = ti_executor_own_worker(executor, self);
    ti_line_lock(worker != NULL ? &worker->lock : &executor->lock, self);
    return ti_executor_put_and_unlock(executor, worker, task, times, THREADING_OK, self);
}

static threading_status_t ti_executor_enqueue_bounded(threading_executor_t *executor, ti_task task, bool may_wait,
                                               ti_self *self)
{
    threading_status_t status = THREADING_OK;
    ti_worker *worker = ti_executor_own_worker(executor, self);
    ti_line_lock(worker != NULL ? &worker->lock : &executor->lock, self);
    if (ti_executor_is_bounded(executor))
        status = ti_executor_find_room(executor, worker, may_wait, self);
    return ti_executor_put_and_unlock(executor, worker, task, 1, status, self);
}

static threading_status_t ti_executor_submit(threading_executor_t *executor, threading_target_t function,
                                             void *arg, bool may_wait, threading_future_t **future)
{
    if (executor == NULL || function == NULL || !ti_executor_accepts(executor))
        return THREADING_INVALID;
    if (ti_executor_is_orphaned(executor))
        return THREADING_BROKEN;
    ti_self *self = ti_self_get();
    if (future == NULL)
        return ti_executor_enqueue_bounded(executor, (ti_task){function, arg}, may_wait, self);
    threading_future_t *task = ti_future_new(executor, function, arg, 2); /* the task's, and the caller's */
    if (task == NULL)
        return THREADING_NO_MEMORY;
    threading_status_t status = ti_executor_enqueue_bounded(executor, (ti_task){NULL, task}, may_wait, self);
    if (status == THREADING_OK)
        *future = task;
    else
        ti_block_give_back(task, task->offset); /* nobody else has seen it */
    return status;
}

threading_status_t threading_executor_submit(threading_executor_t *executor, threading_target_t function,
                                             void *arg, threading_future_t **future)
{
    return TI_TELL(executor, ti_executor_submit(executor, function, arg, true, future));
}

threading_status_t threading_executor_try_submit(threading_executor_t *executor, threading_target_t function,
                                                 void *arg, threading_future_t **future)
{
    return TI_TELL(executor, ti_executor_submit(executor, function, arg, false, future));
}

/* ---- shutdown ---- */

static TI_COLD void ti_executor_stop(threading_executor_t *executor, bool cancel_futures)
{
    ti_self *self = ti_self_get();
    ti_line_lock(&executor->lock, self);
    executor->is_shutdown = true;
    if (executor->refusal == THREADING_OK)
        ti_store_relaxed(&executor->refusal, THREADING_SHUTDOWN); /* relaxed: as in ti_worker_put */
    ti_line_unlock(&executor->lock, self);
    ti_line_wake(ti_executor_signal(executor, SIZE_MAX, self));
    ti_executor_make_room(executor, SIZE_MAX, self);
    if (cancel_futures)
        ti_executor_refuse(executor, THREADING_CANCELLED, self);
}

static threading_status_t ti_executor_join(threading_executor_t *executor, ti_self *self)
{
    threading_status_t status = THREADING_OK;
    self->deaf++;
    for (ti_worker *worker = NULL;
         status == THREADING_OK && (worker = ti_executor_worker_after(executor, worker)) != NULL;)
        status = threading_thread_join(worker->thread);
    self->deaf--;
    return status;
}

TI_COLD threading_status_t threading_executor_shutdown(threading_executor_t *executor, bool wait,
                                                       bool cancel_futures)
{
    if (executor == NULL)
        return TI_TELL(executor, THREADING_INVALID);
    if (ti_executor_is_orphaned(executor))
        return THREADING_OK;
    ti_executor_stop(executor, cancel_futures);
    ti_self *self = ti_self_get();
    if (!wait)
        return THREADING_OK;
    if (self->executor != executor)
        return ti_executor_join(executor, self);
    ti_blocked_on(self, TI_ON_WORK, executor);
    return ti_deadlock_refused(self, NULL);
}

/* -------------------------------------------------------------------------- src/core/tasks/executor_for.c */

/*
 * Executor's loop: the caller and some workers divide a range of indices, and each runs pieces of its part.
 *
 * Each thread has a share, a range that it takes pieces off at the front: a quarter of what is left, so that
 * the pieces shrink, but no less than the grain. A thread whose share is used up takes the back half of what
 * is left of another one. So a thread mostly stays with indices that are neighbours, and at the end all have
 * small pieces. The shares are there before the workers come: what a worker that is late would have run is
 * taken by the others.
 *
 * The loops of an executor that want more threads are on a list, where workers that find no task look. So a
 * worker that is free late takes part in what is left of a loop, and nothing of a loop that is over is left
 * in the executor.
 *
 * Shares that are halved by those that have nothing are Cilk's way (Blumofe and Leiserson, "Scheduling
 * Multithreaded Computations by Work Stealing", 1999), pieces that shrink guided self-scheduling
 * (Polychronopoulos and Kuck, 1987).
 */
#include <stdint.h>

#define TI_PIECES 4   /* the next piece is so many times smaller than what is left of the share */
#define TI_GRAINS 256 /* of a share, where the user has chosen none: the last piece is no great loss */

typedef struct ti_range {
    size_t begin;
    size_t end;
} ti_range;

struct ti_share {
    uint32_t lock;   /* protects `left` */
    uint32_t worker; /* as a future's state: pending, the ident of the thread that has it, finished */
    ti_range left;   /* what no piece has yet; nothing, or no less than the grain */
    char apart[TI_APART];
};

struct ti_loop {
    uint32_t references; /* the caller's, and one for each worker that has come */
    uint32_t status;     /* another one than THREADING_OK: no piece begins any more */
    ti_loop *previous;   /* on the executor's list, under its lock, as the next four */
    ti_loop *next;
    bool is_listed;
    uint32_t called;  /* workers that the executor does not count as spare for it */
    uint32_t entered; /* so many threads have come; their shares are the first ones, the caller's the first */
    threading_executor_t *executor;
    threading_stop_t *stop; /* the caller's, which all heed */
    void (*function)(size_t begin, size_t end, void *arg);
    void *arg;
    size_t grain;
    size_t share_count;
    ti_share shares[];
};

static void ti_loop_give_back(ti_loop *loop)
{
    /* Release and acquire: what each holder did happens before the memory is freed. */
    if (ti_add_acquire_release(&loop->references, (uint32_t)-1) == 1)
        ti_memory_free(loop);
}

/* ---- shares and pieces ---- */

/* Take the next piece. False: nothing is left. */
static bool ti_share_take(ti_share *share, size_t grain, ti_range *piece, ti_self *self)
{
    ti_line_lock(&share->lock, self);
    size_t left = share->left.end - share->left.begin;
    size_t size = left / TI_PIECES > grain ? left / TI_PIECES : grain;
    if (size >= left || left - size < grain)
        size = left;
    *piece = (ti_range){share->left.begin, share->left.begin + size};
    share->left.begin += size;
    ti_line_unlock(&share->lock, self);
    return size > 0;
}

/* Take the back half of what is left, or all if the halves were too small. False: nothing is left. */
static bool ti_share_halve(ti_share *share, size_t grain, ti_range *half, ti_self *self)
{
    ti_line_lock(&share->lock, self);
    size_t left = share->left.end - share->left.begin;
    size_t size = left / 2 >= grain ? left / 2 : left;
    share->left.end -= size;
    *half = (ti_range){share->left.end, share->left.end + size};
    ti_line_unlock(&share->lock, self);
    return size > 0;
}

/* Take from another share, the next ones first, what then is left of the own one. */
static bool ti_loop_steal(ti_loop *loop, ti_share *own, ti_self *self)
{
    size_t index = (size_t)(own - loop->shares);
    for (size_t i = 1; i < loop->share_count; i++) {
        ti_range half;
        if (!ti_share_halve(&loop->shares[(index + i) % loop->share_count], loop->grain, &half, self))
            continue;
        ti_line_lock(&own->lock, self);
        own->left = half;
        ti_line_unlock(&own->lock, self);
        return true;
    }
    return false;
}

/* False: nothing is left, but for what others have taken. */
static bool ti_loop_take(ti_loop *loop, ti_share *own, ti_range *piece, ti_self *self)
{
    while (!ti_share_take(own, loop->grain, piece, self))
        if (!ti_loop_steal(loop, own, self))
            return false;
    return true;
}

/* ---- running them ---- */

/* The first reason why no piece begins any more. */
static void ti_loop_end(ti_loop *loop, threading_status_t status)
{
    (void)ti_swap_acquire(&loop->status, THREADING_OK, (uint32_t)status);
}

/* Whether a piece that was taken may begin. */
static bool ti_loop_goes_on(ti_loop *loop, const ti_self *self)
{
    if (threading_stop_requested(self->stop))
        ti_loop_end(loop, THREADING_CANCELLED);
    /* Relaxed: a piece that begins in spite of it is as one that began before. */
    return ti_load_relaxed(&loop->status) == THREADING_OK;
}

static void ti_share_leave(ti_share *share)
{
    ti_store_sequential(&share->worker, TI_FINISHED); /* sequential: the change in the table in parking.h */
    ti_parking_wake_all(&share->worker);
}

/* Off the list: no other thread comes. With the executor's lock. */
static void ti_loop_unlist(ti_loop *loop)
{
    if (!loop->is_listed)
        return;
    loop->is_listed = false;
    /* Relaxed: as in ti_loop_list. */
    if (loop->previous != NULL)
        loop->previous->next = loop->next;
    else
        ti_store_pointer_relaxed(&loop->executor->loops, (uintptr_t)loop->next);
    if (loop->next != NULL)
        loop->next->previous = loop->previous;
    ti_executor_count_spare(loop->executor, loop->called + 1 - loop->entered);
}

/* The last pieces are small: look for their end as long as to sleep would take. */
static void ti_share_look(const ti_share *share)
{
    /* Relaxed: a hint. */
    for (ti_spin spin = ti_spin_begin(); ti_load_relaxed(&share->worker) != TI_FINISHED;)
        if (!ti_spin_goes_on(&spin))
            return;
}

/* Wait for those that have come. The range is the caller's, whether it is told to stop or not. */
static threading_status_t ti_loop_close(ti_loop *loop, ti_self *self)
{
    ti_line_lock(&loop->executor->lock, self);
    ti_loop_unlist(loop);
    uint32_t entered = loop->entered;
    ti_line_unlock(&loop->executor->lock, self);
    threading_status_t status = THREADING_OK;
    self->deaf++;
    for (uint32_t i = 1; i < entered; i++) {
        ti_share_look(&loop->shares[i]);
        ti_blocked_on(self, TI_ON_LOOP, loop->executor);
        threading_status_t end = ti_state_await(&loop->shares[i].worker, self, TI_FOREVER);
        if (end != THREADING_OK)
            ti_loop_end(loop, status = end);
    }
    self->deaf--;
    return status;
}

/* A piece has ended its thread in the platform's way. As for a task, a worker's executor is broken. A
 * caller's range may be on its stack: it waits for the workers. */
TI_COLD static void ti_loop_abandon(ti_self *self, void *object, uintptr_t index)
{
    ti_loop *loop = (ti_loop *)object;
    if (ti_executor_is_spared(loop->executor, self))
        return;
    if (self->executor == loop->executor)
        ti_executor_break(loop->executor, self);
    ti_loop_end(loop, THREADING_BROKEN);
    if (index == 0) {
        (void)ti_loop_close(loop, self);
    } else {
        (void)threading_stop_heed(NULL); /* the caller's may be gone soon */
        ti_share_leave(&loop->shares[index]);
    }
    ti_loop_give_back(loop);
}

/* Have workers come, if the executor takes tasks. */
static void ti_loop_list(ti_loop *loop, ti_self *self)
{
    threading_executor_t *executor = loop->executor;
    if (loop->share_count == 1)
        return;
    ti_line_lock(&executor->lock, self);
    if (executor->refusal != THREADING_OK) {
        ti_line_unlock(&executor->lock, self);
        return;
    }
    /* Relaxed: as all under the lock; without it, it is a hint. */
    ti_loop *next = (ti_loop *)ti_load_pointer_relaxed(&executor->loops);
    if (next != NULL)
        next->previous = loop;
    loop->next = next;
    loop->is_listed = true;
    ti_store_pointer_relaxed(&executor->loops, (uintptr_t)loop);
    ti_executor_call_workers(executor, &loop->called, (uint32_t)loop->share_count - 1, self);
}

/* A thread's part in a loop: what it heeds, and whether it has done its part. */
typedef struct ti_part {
    ti_loop *loop;
    ti_share *share;
    ti_self *self;
    threading_stop_t *stop;
    bool is_over;
    bool is_child; /* a piece has called fork, and this is the child */
} ti_part;

/* Run pieces until none is left. One call for all: it is left, and made again, by threading_exit() only. */
static void *ti_part_run(void *arg)
{
    ti_part *part = (ti_part *)arg;
    ti_loop *loop = part->loop;
    for (ti_range piece; !part->is_child && ti_loop_take(loop, part->share, &piece, part->self) &&
                         ti_loop_goes_on(loop, part->self);) {
        loop->function(piece.begin, piece.end, loop->arg);
        part->is_child = !ti_executor_leave(loop->executor, part->stop, part->self);
    }
    part->is_over = true;
    return NULL;
}

/* False: a piece has called fork, and this is the child. */
static bool ti_loop_run(ti_loop *loop, ti_share *share, ti_self *self)
{
    ti_part part = {.loop = loop, .share = share, .self = self, .stop = self->stop};
    ti_calls_enter(self, ti_loop_abandon, loop, (uintptr_t)(share - loop->shares));
    while (!part.is_over) {
        (void)ti_calls_catch(self, ti_part_run, &part);
        part.is_child = !ti_executor_leave(loop->executor, part.stop, self);
    }
    ti_calls_leave(self);
    return !part.is_child;
}

/* ---- in a worker ---- */

static ti_share *ti_loop_enter(threading_executor_t *executor, ti_loop **entered, ti_self *self)
{
    /* Relaxed: a hint. */
    if (ti_load_pointer_relaxed(&executor->loops) == 0)
        return NULL;
    ti_share *share = NULL;
    ti_line_lock(&executor->lock, self);
    ti_loop *loop = (ti_loop *)ti_load_pointer_relaxed(&executor->loops); /* relaxed: under the lock */
    if (loop != NULL) {
        ti_add_relaxed(&loop->references, 1); /* relaxed: the caller has one */
        share = &loop->shares[loop->entered++];
        ti_store_relaxed(&share->worker, self->fast.ident); /* relaxed: 0 is waited for as well */
        if (loop->entered == loop->share_count)
            ti_loop_unlist(loop);
    }
    ti_line_unlock(&executor->lock, self);
    *entered = loop;
    return share;
}

static void ti_loop_work(ti_loop *loop, ti_share *share, ti_self *self)
{
    threading_stop_t *before = self->stop;
    if (loop->stop != NULL && loop->stop != before)
        (void)threading_stop_heed(loop->stop);
    if (!ti_loop_run(loop, share, self))
        return;
    if (self->stop != before)
        (void)threading_stop_heed(before);
    ti_executor_count_spare(loop->executor, 1);
    ti_share_leave(share);
    ti_loop_give_back(loop);
}

/* ---- the call ---- */

/* How many threads a loop is for: as many as can run at once, but no more than there are grains. */
static size_t ti_loop_threads(const threading_executor_t *executor, size_t count, size_t grain,
                              const ti_self *self)
{
    size_t workers = executor->max_workers - (self->executor == executor ? 1 : 0);
    size_t threads = workers < executor->parallelism - 1 ? workers + 1 : executor->parallelism;
    return threads < count / grain ? threads : (count / grain > 0 ? count / grain : 1);
}

/* `grain` 0: it is chosen here. */
static ti_loop *ti_loop_new(threading_executor_t *executor, ti_range range, size_t grain, const ti_self *self)
{
    size_t count = range.end - range.begin;
    bool is_free = grain == 0;
    grain = is_free ? 1 : grain;
    size_t threads = ti_loop_threads(executor, count, grain, self);
    ti_loop *loop = (ti_loop *)ti_memory_allocate(sizeof *loop + threads * sizeof *loop->shares);
    if (loop == NULL)
        return NULL;
    loop->references = loop->entered = 1;
    loop->executor = executor;
    loop->stop = self->stop;
    loop->grain = grain;
    if (is_free && count / threads > TI_GRAINS)
        loop->grain = count / threads / TI_GRAINS;
    loop->share_count = threads;
    for (size_t i = 0; i < threads; i++) {
        size_t end = i + 1 < threads ? range.begin + count / threads : range.end;
        loop->shares[i].left = (ti_range){range.begin, end};
        range.begin = end;
    }
    return loop;
}

/* The caller's part. In a child that a piece has forked nobody is waited for. */
static threading_status_t ti_loop_lead(ti_loop *loop, ti_self *self)
{
    ti_loop_list(loop, self);
    if (!ti_loop_run(loop, loop->shares, self))
        return THREADING_BROKEN;
    threading_status_t status = ti_loop_close(loop, self);
    return status != THREADING_OK ? status : (threading_status_t)ti_load_relaxed(&loop->status);
}

static threading_status_t ti_executor_for(threading_executor_t *executor, ti_range range, size_t grain,
                                          void (*function)(size_t begin, size_t end, void *arg), void *arg)
{
    if (executor == NULL || function == NULL || range.begin > range.end || !ti_executor_accepts(executor))
        return THREADING_INVALID;
    if (ti_executor_is_orphaned(executor))
        return THREADING_BROKEN;
    /* Relaxed: as in ti_worker_put. */
    threading_status_t status = (threading_status_t)ti_load_relaxed(&executor->refusal);
    if (status != THREADING_OK || range.begin == range.end)
        return status;
    ti_self *self = ti_self_get();
    ti_loop *loop = ti_loop_new(executor, range, grain, self);
    if (loop == NULL)
        return THREADING_NO_MEMORY;
    loop->function = function;
    loop->arg = arg;
    status = ti_loop_lead(loop, self);
    if (!ti_executor_is_orphaned(executor))
        ti_loop_give_back(loop);
    return status;
}

/* No piece has a status of the user's, which would be passed on. */
threading_status_t threading_executor_for(threading_executor_t *executor, size_t begin, size_t end,
                                          size_t grain, void (*function)(size_t begin, size_t end, void *arg),
                                          void *arg)
{
    return TI_TELL(executor, ti_executor_for(executor, (ti_range){begin, end}, grain, function, arg));
}

/* ------------------------------------------------------------------------- src/core/tasks/executor_list.c */

/*
 * The executors, for the end of the process: it shuts them down, since their workers end in no other way. The
 * guard is not held while anything else is locked.
 */
#include <string.h>

static struct {
    ti_guard guard;
    threading_executor_t *first;
    uint32_t closed; /* how many waits for the process's threads are under way */
} ti_executors;

static TI_COLD bool ti_executor_list(threading_executor_t *executor, ti_self *self)
{
    ti_guard_lock(&ti_executors.guard, &self->parker);
    bool is_open = ti_executors.closed == 0;
    if (is_open && !executor->is_listed) {
        executor->is_listed = true;
        executor->previous_listed = NULL;
        executor->next_listed = ti_executors.first;
        if (ti_executors.first != NULL)
            ti_executors.first->previous_listed = executor;
        ti_executors.first = executor;
    }
    ti_guard_unlock(&ti_executors.guard);
    return is_open;
}

/* Under the guard. */
static void ti_executor_take_out(threading_executor_t *executor)
{
    threading_executor_t *previous = executor->previous_listed;
    *(previous != NULL ? &previous->next_listed : &ti_executors.first) = executor->next_listed;
    if (executor->next_listed != NULL)
        executor->next_listed->previous_listed = previous;
    executor->is_listed = false;
}

static TI_COLD void ti_executor_unlist(threading_executor_t *executor, ti_self *self)
{
    ti_guard_lock(&ti_executors.guard, &self->parker);
    if (executor->is_listed)
        ti_executor_take_out(executor);
    ti_guard_unlock(&ti_executors.guard);
}

/* Take a reference unless the last one was just given back. */
static bool ti_executor_try_retain(threading_executor_t *executor)
{
    for (;;) {
        uint32_t references = ti_load_relaxed(&executor->references); /* relaxed: the swap decides */
        if (references == 0)
            return false;
        if (ti_swap_acquire(&executor->references, references, references + 1))
            return true;
    }
}

/* One that is still in the list, taken off it and retained. One that is just being destroyed takes the guard
 * before its memory goes, and does not mind not being in the list any more. */
static threading_executor_t *ti_executors_next(ti_self *self)
{
    ti_guard_lock(&ti_executors.guard, &self->parker);
    threading_executor_t *executor;
    do {
        executor = ti_executors.first;
        if (executor != NULL)
            ti_executor_take_out(executor);
    } while (executor != NULL && !ti_executor_try_retain(executor));
    ti_guard_unlock(&ti_executors.guard);
    return executor;
}

/* Wait until the workers have ended. Left out are the calling one, those that end the process too and so
 * never end themselves, and those whose end could never come: the wait for all threads leaves them out as
 * well. */
static void ti_executor_await(threading_executor_t *executor, ti_self *self)
{
    for (ti_worker *worker = NULL; (worker = ti_executor_worker_after(executor, worker)) != NULL;) {
        threading_thread_t *thread = worker->thread;
        ti_blocked_on(self, TI_ON_THREAD, thread);
        if (thread == self->record || ti_thread_wait(self, thread, TI_FOREVER, TI_LEAVING) != THREADING_OK)
            continue;
        if (ti_load_acquire(&thread->state) == TI_ENDED)
            (void)ti_thread_reap(self, thread, TI_FOREVER);
    }
}

static TI_COLD void ti_executors_close(ti_self *self)
{
    ti_guard_lock(&ti_executors.guard, &self->parker);
    ti_executors.closed++;
    ti_guard_unlock(&ti_executors.guard);
    threading_executor_t *stopped = NULL;
    for (threading_executor_t *executor; (executor = ti_executors_next(self)) != NULL;) {
        ti_executor_stop(executor, false);
        executor->next_listed = stopped; /* it is not in the list any more */
        stopped = executor;
    }
    /* A task may end the process: its worker is not waited for, and does its part here. */
    if (self->executor != NULL)
        ti_executor_work(self);
    while (stopped != NULL) {
        threading_executor_t *executor = stopped;
        stopped = executor->next_listed;
        ti_executor_await(executor, self);
        ti_executor_give_back(executor);
    }
}

static TI_COLD void ti_executors_open(void)
{
    ti_guard_lock(&ti_executors.guard, &ti_self_get()->parker);
    ti_executors.closed--;
    ti_guard_unlock(&ti_executors.guard);
}

static void ti_executors_reset(void)
{
    memset(&ti_executors, 0, sizeof ti_executors);
}

/* -------------------------------------------------------------------------- src/core/tasks/executor_map.c */

/*
 * Executor's map: one task for each worker that could run items, and a number that says which item is next.
 *
 * So the items begin in their order, one by one, as if each had been submitted: an item that waits for an
 * earlier one never waits for one that has not begun. Each has its slot, which is to it what a future is
 * to a task: its state holds the ident of the thread that runs it, and is waited for.
 */
#include <stdint.h>

typedef struct ti_slot {
    uint32_t state; /* TI_PENDING_FUTURE, an ident, TI_FINISHED, or TI_CANCELLED for any other status */
    threading_status_t status; /* set before it is done, as the value */
    void *value;
} ti_slot;

typedef struct ti_map {
    uint32_t references; /* the caller's, and one for each task */
    uint32_t caller;     /* the ident of its thread */
    uintptr_t next;      /* the first item that nobody has begun */
    size_t count;
    int64_t deadline; /* of the caller's wait */
    threading_executor_t *executor;
    threading_target_t function;
    void *const *items; /* not touched once all have begun */
    ti_slot slots[];
} ti_map;

/* ---- the items ---- */

static bool ti_slot_is_done(const ti_slot *slot)
{
    /* Acquire: pairs with the end, so that what comes out is seen. */
    return ti_load_acquire(&slot->state) >= TI_CANCELLED;
}

static void ti_slot_end(ti_slot *slot, uint32_t state, threading_status_t status, void *value)
{
    slot->status = status;
    slot->value = value;
    ti_store_sequential(&slot->state, state); /* sequential: the change in the table in parking.h */
    ti_parking_wake_all(&slot->state);
}

static threading_status_t ti_slot_await(ti_slot *slot, ti_self *self, int64_t deadline)
{
    for (;;) {
        uint32_t state = ti_load_acquire(&slot->state); /* acquire: as in ti_slot_is_done */
        if (state >= TI_CANCELLED)
            return slot->status;
        threading_status_t status = ti_deadlock_sleep(self, &slot->state, state, deadline);
        if (status != THREADING_OK)
            return ti_slot_is_done(slot) ? slot->status : status;
    }
}

/* Wait for all that have begun, and have not ended. */
static void ti_map_await(ti_map *map, ti_self *self)
{
    ti_blocked_on(self, TI_ON_MAP, map->executor);
    self->deaf++; /* the items are the caller's, whether it is told to stop or not */
    for (size_t i = 0; i < map->count; i++)
        (void)ti_slot_await(&map->slots[i], self, TI_FOREVER);
    self->deaf--;
}

/* Take the next item. False: all have begun. */
static bool ti_map_begin(ti_map *map, size_t *index)
{
    do {
        *index = ti_load_pointer_relaxed(&map->next); /* relaxed: the swap decides */
        if (*index >= map->count)
            return false;
    } while (!ti_swap_pointer_acquire(&map->next, *index, *index + 1));
    return true;
}

/* An item has ended its thread in the platform's way: as for a task, and the reference that the thread had
 * goes. The items may be on the stack of the map's caller: if that is the thread, it waits for the other
 * workers. */
TI_COLD static void ti_map_abandon_item(ti_self *self, void *object, uintptr_t index)
{
    ti_map *map = (ti_map *)object;
    if (ti_executor_is_spared(map->executor, self))
        return;
    ti_executor_break(map->executor, self);
    ti_map_refuse(map, THREADING_BROKEN);
    ti_slot_end(&map->slots[index], TI_CANCELLED, THREADING_BROKEN, NULL);
    if (map->caller == self->fast.ident)
        ti_map_await(map, self);
    ti_map_give_back(map);
}

/* Call the function for an item that was taken. False: it has called fork, and this is the child. */
static bool ti_map_call(ti_map *map, size_t index, void **value, ti_self *self)
{
    ti_store_relaxed(&map->slots[index].state, self->fast.ident); /* relaxed: nobody waits for it */
    ti_calls_enter(self, ti_map_abandon_item, map, index);
    *value = ti_executor_call(map->executor, map->function, map->items[index], self);
    ti_calls_leave(self);
    return !ti_executor_is_orphaned(map->executor);
}

static TI_COLD void ti_map_refuse(ti_map *map, threading_status_t status)
{
    for (size_t index; ti_map_begin(map, &index);)
        ti_slot_end(&map->slots[index], TI_CANCELLED, status, NULL);
}

/* Refuse the rest if the executor has refused all that had not begun. */
static void ti_map_heed_refusal(ti_map *map)
{
    /* Relaxed: as in ti_executor_refuse. */
    uint32_t refused = ti_load_relaxed(&map->executor->refused);
    if (refused != THREADING_OK)
        ti_map_refuse(map, (threading_status_t)refused);
}

/* Never called: only its address is used (tasks.h). */
static void *ti_map_task(void *map)
{
    (void)map;
    return (void *)(uintptr_t)ti_map_refuse;
}

static void ti_map_work(ti_map *map, ti_self *self)
{
    size_t index;
    void *value;
    uint32_t counts = 0; /* the worker counts as spare from the end of an item to the next one's begin */
    for (;; counts = 1) {
        ti_map_heed_refusal(map);
        if (!ti_map_begin(map, &index))
            break;
        ti_executor_count_spare(map->executor, 0 - counts);
        if (!ti_map_call(map, index, &value, self))
            return;
        ti_executor_count_spare(map->executor, 1);
        ti_slot_end(&map->slots[index], TI_FINISHED, THREADING_OK, value);
    }
    ti_executor_count_spare(map->executor, 1 - counts);
}

/* ---- the call ---- */

TI_COLD static ti_map *ti_map_new(threading_executor_t *executor, threading_target_t function,
                                  void *const *items, size_t count, const ti_self *self)
{
    ti_map *map = NULL;
    if (count <= (SIZE_MAX - sizeof *map) / sizeof *map->slots)
        map = (ti_map *)ti_memory_allocate(sizeof *map + count * sizeof *map->slots);
    if (map == NULL)
        return NULL;
    map->references = 1;
    map->caller = self->fast.ident;
    map->count = count;
    map->executor = executor;
    map->function = function;
    map->items = items;
    return map;
}

static void ti_map_give_back(ti_map *map)
{
    /* Release and acquire: what each holder did happens before the memory is freed. */
    if (ti_add_acquire_release(&map->references, (uint32_t)-1) == 1)
        ti_memory_free(map);
}

static threading_status_t ti_map_submit(ti_map *map, ti_self *self)
{
    size_t workers = map->executor->max_workers < UINT32_MAX ? map->executor->max_workers : UINT32_MAX - 1;
    size_t times = map->count < workers ? map->count : workers;
    map->references += (uint32_t)times; /* nobody else knows it yet */
    threading_status_t status = ti_executor_enqueue(map->executor, (ti_task){ti_map_task, map}, times, self);
    if (status != THREADING_OK)
        map->references = 1;
    return status;
}

/* In a worker of the same executor: run items that have not begun, until that one is done. */
static void ti_map_help(ti_map *map, const ti_slot *slot, ti_self *self)
{
    size_t index;
    void *value;
    while (self->executor == map->executor && !ti_slot_is_done(slot) &&
           ti_future_may_help(self, map->deadline)) {
        ti_map_heed_refusal(map);
        if (!ti_map_begin(map, &index) || !ti_map_call(map, index, &value, self))
            return;
        ti_slot_end(&map->slots[index], TI_FINISHED, THREADING_OK, value);
    }
}

/* The results in their order, up to the first failure. */
static threading_status_t ti_map_collect(ti_map *map, void **results, ti_self *self)
{
    threading_status_t status = THREADING_OK;
    for (size_t i = 0; i < map->count && status == THREADING_OK; i++) {
        ti_map_help(map, &map->slots[i], self);
        if (ti_executor_is_orphaned(map->executor))
            return THREADING_BROKEN; /* an item that it has run has called fork, and this is the child */
        ti_blocked_on(self, TI_ON_MAP, map->executor);
        status = ti_slot_await(&map->slots[i], self, map->deadline);
        if (status == THREADING_DEADLOCK)
            return ti_deadlock_refused(self, &map->slots[i].state);
        if (status == THREADING_OK && results != NULL)
            results[i] = map->slots[i].value;
    }
    return status;
}

/* Cancel what has not begun and wait for what has. */
TI_COLD static void ti_map_abandon(ti_map *map, ti_self *self)
{
    ti_map_refuse(map, THREADING_CANCELLED);
    ti_map_await(map, self);
}

static threading_status_t ti_executor_map(threading_executor_t *executor, threading_target_t function,
                                          void *const *items, size_t count, void **results, double seconds)
{
    if (executor == NULL || function == NULL || (items == NULL && count > 0))
        return THREADING_INVALID;
    threading_status_t status = ti_deadline_check(seconds);
    if (status != THREADING_OK || count == 0)
        return status;
    if (!ti_executor_accepts(executor))
        return THREADING_INVALID;
    if (ti_executor_is_orphaned(executor))
        return THREADING_BROKEN;
    ti_self *self = ti_self_get();
    ti_map *map = ti_map_new(executor, function, items, count, self);
    if (map == NULL)
        return THREADING_NO_MEMORY;
    map->deadline = ti_deadline_after(seconds);
    status = ti_map_submit(map, self);
    if (status == THREADING_OK) {
        status = ti_map_collect(map, results, self);
        if (status != THREADING_OK && !ti_executor_is_orphaned(executor))
            ti_map_abandon(map, self);
    }
    ti_map_give_back(map);
    return status;
}

/* No item has a status of the user's, which would be passed on. */
threading_status_t threading_executor_map(threading_executor_t *executor, threading_target_t function,
                                          void *const *items, size_t count, void **results)
{
    return TI_TELL(executor, ti_executor_map(executor, function, items, count, results, THREADING_FOREVER));
}

threading_status_t threading_executor_map_timeout(threading_executor_t *executor, threading_target_t function,
                                                  void *const *items, size_t count, void **results,
                                                  double seconds)
{
    return TI_TELL(executor, ti_executor_map(executor, function, items, count, results, seconds));
}

/* ------------------------------------------------------------------------- src/core/tasks/executor_room.c */

/* Executor: bounded pools, where those who submit wait for room. executor.h tells how. */

/* How many tasks wait where the next one would; with the executor's lock never too few. */
static size_t ti_executor_pending(const threading_executor_t *executor, const ti_worker *worker)
{
    size_t own = worker != NULL ? ti_tasks_count(&worker->tasks) : 0;
    return own + ti_tasks_count(&executor->tasks);
}

/* Or a reason to submit nothing, which is told when the task is put. */
static bool ti_executor_has_room(const threading_executor_t *executor, const ti_worker *worker)
{
    /* Relaxed: as in ti_worker_put. */
    return ti_load_relaxed(&executor->refusal) != THREADING_OK ||
           ti_executor_pending(executor, worker) < executor->options.max_pending;
}

/* Without the lock. False: the wait's limit. */
static bool ti_executor_sleep_for_room(threading_executor_t *executor, uint32_t room, ti_self *self)
{
    ti_blocked_on(self, TI_ON_ROOM, executor);
    ti_blocked_counted(self, TI_ON_ROOM, executor, ti_tasks_count(&executor->tasks));
    bool changed = ti_parking_wait(self, &executor->room, room, TI_FOREVER);
    ti_blocked_counted(self, TI_ON_ROOM, executor, ti_tasks_count(&executor->tasks));
    return changed;
}

/* With the executor's lock, but in the sleep. What has changed when the wait was cancelled counts. */
TI_COLD static threading_status_t ti_executor_await_room(threading_executor_t *executor, ti_self *self)
{
    for (threading_status_t status = THREADING_OK;;) {
        /* Acquire: before the look, which finds the place that came before this change. */
        uint32_t room = ti_load_acquire(&executor->room);
        if (ti_executor_has_room(executor, NULL))
            return THREADING_OK;
        if (status != THREADING_OK)
            return status;
        ti_line_unlock(&executor->lock, self);
        status = ti_executor_sleep_for_room(executor, room, self) ? THREADING_OK : THREADING_CANCELLED;
        ti_line_lock(&executor->lock, self);
    }
}

static threading_status_t ti_executor_find_room(threading_executor_t *executor, ti_worker *worker, bool may_wait,
                                         ti_self *self)
{
    if (worker != NULL && !may_wait && !ti_executor_has_room(executor, worker))
        ti_worker_sweep(worker, self);
    if (ti_executor_has_room(executor, worker) || (may_wait && self->executor == executor))
        return THREADING_OK;
    return may_wait ? ti_executor_await_room(executor, self) : THREADING_BUSY;
}

static ti_waiter *ti_executor_take_submitter(threading_executor_t *executor, ti_self *self)
{
    if (!ti_line_is_awaited(&executor->room) || !ti_executor_has_room(executor, NULL))
        return NULL;
    return ti_line_take(&executor->room, TI_OBSERVERS, 1, self);
}

static void ti_executor_make_room(threading_executor_t *executor, size_t n, ti_self *self)
{
    if (!ti_executor_is_bounded(executor))
        return;
    ti_add_sequential(&executor->room, 1); /* sequential: the change in the table in parking.h */
    if (ti_parking_is_awaited(ti_parking_bucket(&executor->room)))
        ti_line_wake(ti_line_take(&executor->room, TI_OBSERVERS, n, self));
}

/* ------------------------------------------------------------------------- src/core/tasks/executor_task.c */

/* Executor: what becomes of a task in a ring, if it is not run by the worker that comes upon it. tasks.h
 * has the kinds. */

/* ---- tasks that need no thread any more ---- */

static void ti_task_drop(ti_task task)
{
    if (task.function == ti_group_task)
        ti_member_give_back((ti_member *)task.arg);
    else
        threading_future_free((threading_future_t *)task.arg);
}

static bool ti_task_begins(threading_executor_t *executor, ti_task task, const ti_self *self)
{
    bool begins = true;
    if (task.function == ti_group_task)
        begins = ti_member_begin((ti_member *)task.arg, self);
    else if (task.function == NULL)
        begins = ti_future_begin((threading_future_t *)task.arg, self->fast.ident);
    if (begins)
        return true;
    ti_task_drop(task);
    ti_executor_count_spare(executor, 1);
    return false;
}

/* Whether a task cannot begin any more. Then it is dropped. */
static bool ti_task_goes(ti_task task)
{
    bool is_pending = true;
    if (task.function == ti_group_task)
        is_pending = ti_member_is_pending((const ti_member *)task.arg);
    else if (task.function == NULL)
        is_pending = ti_future_is_pending((const threading_future_t *)task.arg);
    if (!is_pending)
        ti_task_drop(task);
    return !is_pending;
}

static TI_COLD void ti_worker_sweep(ti_worker *worker, ti_self *self)
{
    ti_tasks_sweep(&worker->tasks, ti_task_goes, self);
}

/* ---- refusing tasks ---- */

static void ti_task_refuse(ti_task task, threading_status_t status)
{
    if (task.function == ti_map_task) {
        ti_map_refuse((struct ti_map *)task.arg, status);
        ti_map_give_back((struct ti_map *)task.arg);
    } else if (task.function == ti_group_task) {
        ti_member_refuse((ti_member *)task.arg, status);
    } else if (task.function == NULL) {
        if (status == THREADING_CANCELLED)
            (void)threading_future_cancel((threading_future_t *)task.arg);
        else
            (void)ti_future_finish((threading_future_t *)task.arg, TI_PENDING_FUTURE, status, NULL, NULL);
        threading_future_free((threading_future_t *)task.arg);
    }
}

TI_COLD static void ti_tasks_refuse(threading_executor_t *executor, uint32_t *lock, ti_tasks *tasks,
                                    threading_status_t status, ti_self *self)
{
    ti_line_lock(lock, self);
    ti_line_lock(&tasks->lock, self);
    ti_tasks taken = ti_tasks_take_all(tasks);
    ti_line_unlock(&tasks->lock, self);
    ti_line_unlock(lock, self);
    for (ti_task task; ti_tasks_pop(&taken, &task);) {
        ti_executor_count_spare(executor, 1);
        ti_task_refuse(task, status);
    }
    ti_tasks_free(&taken);
}

static TI_COLD void ti_executor_refuse(threading_executor_t *executor, threading_status_t status, ti_self *self)
{
    /* Relaxed: a worker that does not see it yet begins one item of a map more, as if that had been
     * before. */
    ti_store_relaxed(&executor->refused, (uint32_t)status);
    ti_tasks_refuse(executor, &executor->lock, &executor->tasks, status, self);
    for (ti_worker *worker = NULL; (worker = ti_executor_worker_after(executor, worker)) != NULL;)
        ti_tasks_refuse(executor, &worker->lock, &worker->tasks, status, self);
}

static TI_COLD void ti_executor_break(threading_executor_t *executor, ti_self *self)
{
    ti_line_lock(&executor->lock, self);
    ti_store_relaxed(&executor->refusal, THREADING_BROKEN); /* relaxed: as in ti_worker_put */
    ti_executor_count_spare(executor, (uint32_t)-1);
    ti_line_unlock(&executor->lock, self);
    ti_executor_make_room(executor, SIZE_MAX, self);
    ti_executor_refuse(executor, THREADING_BROKEN, self);
}

/* ----------------------------------------------------------------------- src/core/tasks/executor_worker.c */

/*
 * Executor: its workers, and what they do with tasks.
 *
 * As long as workers may have to be started, `spare` is the number of those that run no task, less the
 * tasks that are queued: a submit takes one off, and starts another thread if there was none to spare. A
 * worker counts as spare before its task's future is finished, so that a thread that waits for one
 * task and then submits the next finds the worker free.
 *
 * A task that was cancelled, or that a waiting worker ran itself, stays in its ring until a worker comes
 * upon it and drops it.
 */
#include <stdio.h>
#include <string.h>

#define TI_NAME_MORE 16 /* bytes for "_" and a number behind a name */
/* As TI_LOOK_DISTANCE. A worker that is as fast as the submitter slows the submitter down. */
#define TI_TASK_DISTANCE 128
#define TI_TURNS 32 /* of so many searches one begins at the executor's ring and one at another worker's */

/* ---- running a task ---- */

static void ti_executor_count_spare(threading_executor_t *executor, uint32_t more)
{
    /* Relaxed: from that time on nobody reads it any more. */
    if (!ti_load_relaxed(&executor->is_complete))
        ti_add_relaxed(&executor->spare, more); /* relaxed: only the number matters */
}

static bool ti_executor_leave(const threading_executor_t *executor, threading_stop_t *stop, ti_self *self)
{
    if (ti_executor_is_orphaned(executor))
        return false;
    if (self->stop != stop)
        (void)threading_stop_heed(stop);
    return true;
}

static void *ti_executor_call(threading_executor_t *executor, threading_target_t function, void *arg, ti_self *self)
{
    threading_stop_t *stop = self->stop;
    void *value = ti_calls_catch(self, function, arg);
    (void)ti_executor_leave(executor, stop, self);
    return value;
}

/*
 * A task has ended its thread in the platform's way: it is over, with THREADING_BROKEN. So is its executor,
 * which has a thread less; first, so that those who are told find it so. `is_given`: with a reference. NULL:
 * nobody waits for it.
 */
TI_COLD static void ti_future_abandon(ti_self *self, void *object, uintptr_t is_given)
{
    threading_future_t *future = (threading_future_t *)object;
    if (future == NULL || ti_executor_is_spared(future->executor, self))
        return;
    ti_executor_break(future->executor, self);
    (void)ti_future_finish(future, self->fast.ident, THREADING_BROKEN, NULL, NULL);
    if (is_given)
        threading_future_free(future);
}

static bool ti_executor_help(threading_future_t *future, ti_self *self)
{
    threading_executor_t *executor = self->executor;
    if (future->executor != executor || !ti_future_begin(future, self->fast.ident))
        return false;
    ti_calls_enter(self, ti_future_abandon, future, 0);
    void *value = ti_executor_call(executor, future->function, future->arg, self);
    ti_calls_leave(self);
    if (!ti_executor_is_orphaned(executor))
        (void)ti_future_finish(future, self->fast.ident, THREADING_OK, value, NULL);
    return true;
}

static void ti_worker_finish(threading_executor_t *executor, threading_future_t *future, void *value,
                             ti_self *self)
{
    /* Relaxed: as in ti_executor_count_spare. */
    uint32_t *spare = ti_load_relaxed(&executor->is_complete) ? NULL : &executor->spare;
    (void)ti_future_finish(future, self->fast.ident, THREADING_OK, value, spare);
    threading_future_free(future);
}

/* The task has ended with that value, if it has one: by its return or by threading_exit(). */
static void ti_worker_end(ti_worker *worker, void *value, ti_self *self)
{
    ti_task task = worker->task;
    if (!ti_executor_leave(worker->executor, worker->stop, self))
        return;
    if (task.function != NULL)
        ti_executor_count_spare(worker->executor, 1);
    else if (task.arg != NULL)
        ti_worker_finish(worker->executor, (threading_future_t *)task.arg, value, self);
    worker->task = (ti_task){NULL, NULL};
}

/* Run the task that was taken. */
static void ti_worker_run(ti_worker *worker, ti_self *self)
{
    ti_task task = worker->task;
    if (task.function == NULL) {
        const threading_future_t *future = (threading_future_t *)task.arg;
        ti_worker_end(worker, future->function(future->arg), self);
    } else if (task.function == ti_map_task) {
        worker->task = (ti_task){NULL, NULL}; /* its items have calls of their own */
        ti_map_work((struct ti_map *)task.arg, self);
        ti_map_give_back((struct ti_map *)task.arg);
    } else if (task.function == ti_group_task) {
        worker->task = (ti_task){NULL, NULL}; /* it has a call of its own */
        ti_member_run((ti_member *)task.arg, self);
    } else {
        ti_worker_end(worker, task.function(task.arg), self);
    }
}

/* ---- finding a task ---- */

/* Take the oldest task of a ring that begins. */
static bool ti_worker_take(const ti_worker *worker, ti_tasks *tasks, ti_task *task, ti_self *self)
{
    bool begins = false;
    if (!ti_tasks_may_be_there(tasks))
        return false;
    ti_line_lock(&tasks->lock, self);
    while (!begins && ti_tasks_pop(tasks, task))
        begins = ti_task_begins(worker->executor, *task, self);
    ti_line_unlock(&tasks->lock, self);
    return begins;
}

static bool ti_worker_take_own(ti_worker *worker, ti_task *task, ti_self *self)
{
    return ti_worker_take(worker, &worker->tasks, task, self);
}

static bool ti_worker_take_submitted(ti_worker *worker, ti_task *task, ti_self *self)
{
    threading_executor_t *executor = worker->executor;
    if (!ti_executor_is_bounded(executor))
        return ti_worker_take(worker, &executor->tasks, task, self);
    if (!ti_tasks_may_be_there(&executor->tasks))
        return false;
    bool begins = ti_worker_take(worker, &executor->tasks, task, self);
    ti_executor_make_room(executor, 1, self); /* also by what was cancelled, and does not begin */
    return begins;
}

static ti_worker *ti_worker_next_victim(const ti_worker *worker)
{
    ti_worker *next = ti_executor_worker_after(worker->executor, worker->victim);
    return next != NULL ? next : ti_executor_worker_after(worker->executor, NULL);
}

/* Whether a worker's ring was ever used; certain under the executor's lock. Else a thousand workers that have
 * nothing to do would look at a thousand empty rings each. */
static bool ti_executor_is_nested(const threading_executor_t *executor)
{
    return ti_load_relaxed(&executor->is_nested); /* relaxed: a hint without the lock */
}

/* From each other worker once, beginning behind the last one. */
static bool ti_worker_steal(ti_worker *worker, ti_task *task, ti_self *self)
{
    if (!ti_executor_is_nested(worker->executor))
        return false;
    ti_worker *last = worker->victim;
    do {
        worker->victim = ti_worker_next_victim(worker);
        if (worker->victim == NULL)
            return false; /* none is listed yet */
        if (last == NULL)
            last = worker->victim;
        if (worker->victim != worker && ti_worker_take(worker, &worker->victim->tasks, task, self))
            return true;
    } while (worker->victim != last);
    return false;
}

static bool ti_worker_find(ti_worker *worker, ti_task *task, ti_self *self)
{
    uint32_t turn = worker->turn++ % TI_TURNS;
    if (turn == 0 && ti_worker_take_submitted(worker, task, self))
        return true;
    if (turn == TI_TURNS / 2 && ti_worker_steal(worker, task, self))
        return true;
    return ti_worker_take_own(worker, task, self) || ti_worker_take_submitted(worker, task, self) ||
           ti_worker_steal(worker, task, self);
}

/* ---- waiting for a task ---- */

/* Whether a loop wants a thread; certain under the executor's lock. */
static bool ti_executor_has_loops(const threading_executor_t *executor)
{
    return ti_load_pointer_relaxed(&executor->loops) != 0; /* relaxed: a hint without the lock */
}

/* Whether there seems to be one. */
static bool ti_executor_may_have_tasks(const threading_executor_t *executor)
{
    bool found = ti_tasks_may_be_there(&executor->tasks) || ti_executor_has_loops(executor);
    bool is_nested = ti_executor_is_nested(executor);
    for (const ti_worker *worker = NULL;
         is_nested && !found && (worker = ti_executor_worker_after(executor, worker)) != NULL;)
        found = ti_tasks_may_be_there(&worker->tasks);
    return found;
}

/* Each ring under its lock. False: there is none, and *is_over tells whether there can be one to come. */
static bool ti_executor_has_tasks(threading_executor_t *executor, ti_self *self, bool *is_over)
{
    ti_line_lock(&executor->lock, self);
    bool found = ti_tasks_may_be_there(&executor->tasks) || ti_executor_has_loops(executor);
    bool is_nested = ti_executor_is_nested(executor);
    *is_over = executor->is_shutdown;
    ti_line_unlock(&executor->lock, self);
    for (ti_worker *worker = NULL;
         is_nested && !found && (worker = ti_executor_worker_after(executor, worker)) != NULL;) {
        ti_line_lock(&worker->lock, self);
        found = ti_tasks_may_be_there(&worker->tasks);
        ti_line_unlock(&worker->lock, self);
    }
    return found;
}

static void ti_executor_sleep(threading_executor_t *executor, ti_self *self, uint32_t signal)
{
    ti_blocked_on(self, TI_ON_WORK, executor);
    ti_blocked_counted(self, TI_ON_WORK, executor, 0);
    self->deaf++; /* a stop is no task */
    (void)ti_parking_wait(self, &executor->signal, signal, TI_FOREVER);
    self->deaf--;
    ti_blocked_counted(self, TI_ON_WORK, executor, ti_tasks_count(&executor->tasks));
}

/* Wait until there may be a task. False: there will be none. */
static bool ti_executor_await_task(threading_executor_t *executor, ti_self *self)
{
    for (uint32_t looks = 0; ti_line_pause(&looks, TI_TASK_DISTANCE);)
        if (ti_executor_may_have_tasks(executor))
            return true;
    bool is_over;
    ti_add_relaxed(&executor->idle, 1); /* relaxed: a later submitter sees it by the lock */
    /* Acquire: before what follows. If this load came after the 0, a submitter's 1 could come between the
     * two: the submitter would count on this worker, and the worker would sleep all the same. */
    uint32_t signal = ti_load_acquire(&executor->signal);
    ti_store_relaxed(&executor->waking, 0); /* relaxed: as above */
    bool has_tasks = ti_executor_has_tasks(executor, self, &is_over);
    if (!has_tasks && !is_over)
        ti_executor_sleep(executor, self, signal);
    ti_add_relaxed(&executor->idle, (uint32_t)-1); /* relaxed: only the number matters */
    ti_store_relaxed(&executor->waking, 0);        /* relaxed: executor.h says why */
    self->worker->relays = true;
    return has_tasks || !is_over;
}

/* A worker that was idle and has found a task signals the next one if there is another task. */
static void ti_worker_relay(ti_worker *worker, ti_self *self)
{
    threading_executor_t *executor = worker->executor;
    bool is_over;
    worker->relays = false;
    if (ti_executor_has_tasks(executor, self, &is_over) && ti_load_relaxed(&executor->idle) > 0)
        ti_line_wake(ti_executor_signal(executor, 1, self));
}

/* Take part in a loop, if one wants a thread. */
static bool ti_worker_join_loop(ti_worker *worker, ti_self *self)
{
    ti_loop *loop;
    ti_share *share = ti_loop_enter(worker->executor, &loop, self);
    if (share == NULL)
        return false;
    if (worker->relays)
        ti_worker_relay(worker, self);
    ti_loop_work(loop, share, self);
    /* Loops follow each other: it looks for the next one as long as to be woken for it would take. */
    for (ti_spin spin = ti_spin_begin(); !ti_executor_may_have_tasks(worker->executor);)
        if (!ti_spin_goes_on(&spin))
            break;
    return true;
}

/* Run tasks until there will be none. One call for all: it is left, and made again, by threading_exit()
 * only. */
static void *ti_worker_loop(void *arg)
{
    ti_worker *worker = (ti_worker *)arg;
    threading_executor_t *executor = worker->executor;
    ti_self *self = ti_self_get();
    ti_worker_end(worker, self->calls.exit_result, self);
    for (ti_task task; !ti_executor_is_orphaned(executor);) {
        if (ti_worker_find(worker, &task, self)) {
            worker->task = task;
            worker->stop = self->stop;
            if (worker->relays)
                ti_worker_relay(worker, self);
            ti_worker_run(worker, self);
        } else if (!ti_worker_join_loop(worker, self) && !ti_executor_await_task(executor, self)) {
            break;
        }
    }
    worker->is_done = true;
    return NULL;
}

/* The future of a worker's task, which may be none. */
static void *ti_task_future(ti_task task)
{
    return task.function == NULL ? task.arg : NULL;
}

static TI_COLD void ti_executor_work(ti_self *self)
{
    ti_worker *worker = self->worker;
    ti_task outer = worker->task; /* which calls threading_shutdown(), or ends the process */
    threading_stop_t *stop = worker->stop;
    uint32_t deaf = self->deaf; /* the outer task's wait is, these are not */
    worker->task = (ti_task){NULL, NULL};
    worker->stop = self->stop;
    self->deaf = 0;
    ti_calls_enter(self, ti_future_abandon, ti_task_future(outer), true);
    for (worker->is_done = false; !worker->is_done;)
        (void)ti_calls_catch(self, ti_worker_loop, worker);
    ti_calls_leave(self);
    worker->is_done = false;
    worker->task = outer;
    worker->stop = stop;
    self->deaf = deaf;
}

/* ---- the thread ---- */

static void *ti_executor_initialize(void *arg)
{
    threading_executor_t *executor = (threading_executor_t *)arg;
    return executor->options.initializer(executor->options.initializer_arg) ? executor : NULL;
}

/* The thread has ended in the initializer or in a task, in the platform's way. */
TI_COLD static void ti_worker_abandon(ti_self *self, void *object, uintptr_t unused)
{
    (void)unused;
    const ti_worker *worker = (const ti_worker *)object;
    threading_executor_t *executor = worker->executor;
    if (ti_executor_is_spared(executor, self))
        return;
    ti_executor_break(executor, self);
    ti_future_abandon(self, ti_task_future(worker->task), true);
    self->executor = NULL;
    ti_executor_give_back(executor);
}

static void *ti_worker_main(void *arg)
{
    ti_worker *worker = (ti_worker *)arg;
    threading_executor_t *executor = worker->executor;
    ti_self *self = ti_self_get();
    self->executor = executor;
    self->worker = worker;
    self->fast.rlocks++; /* it counts as the owner of what its task is waited for (ti_future_may_help) */
    ti_calls_enter(self, ti_worker_abandon, worker, 0);
    if (executor->options.initializer == NULL ||
        ti_calls_catch(self, ti_executor_initialize, executor) == executor)
        ti_executor_work(self);
    else
        ti_executor_break(executor, self);
    ti_calls_leave(self);
    self->fast.rlocks--;
    self->executor = NULL;
    ti_executor_give_back(executor);
    return NULL;
}

/* Its thread, not started. */
static threading_thread_t *ti_worker_thread(const threading_executor_t *executor, ti_worker *worker)
{
    size_t size = strlen(executor->name) + TI_NAME_MORE + 1;
    char *name = (char *)ti_memory_allocate(size);
    if (name == NULL)
        return NULL;
    ti_port_errors errors = ti_port_errors_keep();
    (void)snprintf(name, size, "%s_%u", executor->name, (unsigned)executor->worker_count);
    ti_port_errors_restore(errors);
    threading_thread_options_t options = {.name = name,
                                          .daemon = executor->options.daemon,
                                          .stack_size = executor->options.stack_size,
                                          .stop = executor->options.stop};
    threading_thread_t *thread = threading_thread_new(ti_worker_main, worker, &options);
    ti_memory_free(name);
    if (thread != NULL)
        thread->is_worker = true;
    return thread;
}

static ti_worker *ti_worker_new(threading_executor_t *executor)
{
    ti_worker *worker = (ti_worker *)ti_memory_allocate(sizeof *worker);
    if (worker == NULL)
        return NULL;
    worker->executor = executor;
    worker->thread = ti_worker_thread(executor, worker);
    if (worker->thread != NULL)
        return worker;
    ti_memory_free(worker);
    return NULL;
}

static void ti_executor_add_worker(threading_executor_t *executor, ti_worker *worker)
{
    /* Release: pairs with the acquire in ti_executor_worker_after. */
    ti_store_pointer_release(executor->last != NULL ? &executor->last->next : &executor->first,
                             (uintptr_t)worker);
    executor->last = worker;
    ti_executor_count_spare(executor, 1);
    if (++executor->worker_count == executor->max_workers)
        ti_store_relaxed(&executor->is_complete, 1); /* relaxed: what it allows is under locks */
}

static TI_COLD threading_status_t ti_executor_start_worker(threading_executor_t *executor)
{
    ti_worker *worker = ti_worker_new(executor);
    if (worker == NULL)
        return THREADING_NO_MEMORY;
    ti_add_relaxed(&executor->references, 1); /* relaxed: the caller has a handle */
    /* What is wrong with the options is told by the call on the executor. */
    threading_status_t status = worker->thread->options_status;
    if (status == THREADING_OK)
        status = threading_thread_start(worker->thread);
    if (status == THREADING_OK) {
        ti_executor_add_worker(executor, worker);
        return THREADING_OK;
    }
    ti_add_relaxed(&executor->references, (uint32_t)-1); /* relaxed: not the last one */
    threading_thread_free(worker->thread);
    ti_memory_free(worker);
    return status;
}

/* -------------------------------------------------------------------------------- src/core/tasks/future.c */

/* Future: its states are in future.h. */

#define TI_STATE_DISTANCE 128 /* as TI_LOOK_DISTANCE; some ten tasks */

typedef struct ti_callback {
    struct ti_callback *next;
    void (*function)(threading_future_t *future, void *arg);
    void *arg;
} ti_callback;

_Static_assert(sizeof(threading_future_t) <= TI_BLOCK, "a future is a block");

static uint32_t ti_future_order; /* counts the futures that were done */

/* ---- making and freeing ---- */

static threading_future_t *ti_future_new(threading_executor_t *executor, threading_target_t function, void *arg,
                                  uint32_t references)
{
    uint32_t offset;
    threading_future_t *future = (threading_future_t *)ti_block_take(ti_self_get(), &offset);
    if (future != NULL)
        *future = (threading_future_t){.references = references,
                                       .offset = offset,
                                       .executor = executor,
                                       .function = function,
                                       .arg = arg};
    return future;
}

threading_future_t *threading_future_new(void)
{
    return ti_future_new(NULL, NULL, NULL, 1);
}

threading_future_t *threading_future_retain(threading_future_t *future)
{
    /* Relaxed: a thread that retains holds or borrows a reference already. */
    if (future != NULL)
        ti_add_relaxed(&future->references, 1);
    return future;
}

/* The oldest, off the list; there is one. */
static ti_callback ti_future_take_callback(threading_future_t *future)
{
    ti_callback *last = future->last_callback, *first = last->next, callback = *first;
    last->next = first->next;
    if (first == last)
        future->last_callback = NULL;
    ti_memory_free(first);
    return callback;
}

void threading_future_free(threading_future_t *future)
{
    /* Release: what this holder did happens before the memory is freed; acquire: by the last one. A
     * holder that sees one reference need not write: nobody else can retain the future any more. */
    if (future == NULL || (ti_load_acquire(&future->references) != 1 &&
                           ti_add_acquire_release(&future->references, (uint32_t)-1) != 1))
        return;
    while (future->last_callback != NULL)
        (void)ti_future_take_callback(future); /* never done: nobody will call them */
    ti_block_give_back(future, future->offset);
}

/* ---- the state ---- */

static uint32_t ti_future_state(const threading_future_t *future)
{
    /* Acquire: pairs with the change to a state that is done, so that what comes out is seen. */
    return ti_load_acquire(&future->state);
}

static bool ti_future_is_done(const threading_future_t *future)
{
    return ti_future_state(future) >= TI_CANCELLED;
}

static bool ti_future_is_pending(const threading_future_t *future)
{
    return ti_future_state(future) == TI_PENDING_FUTURE;
}

/* The calling thread, which has the lock now. */
static ti_self *ti_future_lock(threading_future_t *future)
{
    ti_self *self = ti_self_get();
    ti_line_lock(&future->lock, self);
    return self;
}

/* Change the state if it is the one expected, to one that is not done. The lock is for what is done only. */
static bool ti_future_move(threading_future_t *future, uint32_t from, uint32_t to)
{
    /* Relaxed: the swap decides. */
    return ti_load_relaxed(&future->state) == from && ti_swap_acquire(&future->state, from, to);
}

typedef struct ti_telling {
    threading_future_t *future;
    const ti_callback *callback;
} ti_telling;

static void *ti_future_run_callback(void *arg)
{
    const ti_telling *telling = (const ti_telling *)arg;
    telling->callback->function(telling->future, telling->callback->arg);
    return NULL;
}

/* By threading_exit() a callback ends itself only: the thread has others to tell. */
static void ti_future_call_back(threading_future_t *future, const ti_callback *callback)
{
    ti_telling telling = {future, callback};
    (void)ti_calls_catch(ti_self_get(), ti_future_run_callback, &telling);
}

/* Those who wait are woken first, as in CPython. If a callback does not return, the others are freed with
 * the future; the last one may free that. It is done, so that nobody else touches them. */
static void ti_future_tell(threading_future_t *future)
{
    bool is_more = future->last_callback != NULL;
    ti_parking_wake_all(&future->state);
    while (is_more) {
        ti_callback callback = ti_future_take_callback(future);
        is_more = future->last_callback != NULL;
        ti_future_call_back(future, &callback);
    }
}

/* Change the state if it is the one expected, to one that is done, and tell all. */
static bool ti_future_end(threading_future_t *future, uint32_t from, uint32_t to, threading_status_t status,
                          void *value, uint32_t *spare)
{
    bool is_counted = spare == NULL;
    ti_self *self = ti_future_lock(future);
    bool ends = ti_load_relaxed(&future->state) == from; /* relaxed: it gets done under the lock only */
    if (ends) {
        future->status = status;
        future->value = value;
        future->order = ti_add_relaxed(&ti_future_order, 1); /* relaxed: only the number matters */
        if (!is_counted && future->last_callback == NULL) {
            ti_add_relaxed(spare, 1); /* relaxed: published by the state */
            is_counted = true;
        }
        /* A pending one may just have been begun: then what was set here is set again at its end.
         * Sequential: the change in the table in parking.h. */
        ends = ti_swap_sequential(&future->state, from, to);
    }
    ti_line_unlock(&future->lock, self);
    if (ends)
        ti_future_tell(future);
    if (!is_counted)
        ti_add_relaxed(spare, 1); /* relaxed: only the number matters */
    return ends;
}

static bool ti_future_begin(threading_future_t *future, uint32_t runner)
{
    return ti_future_move(future, TI_PENDING_FUTURE, runner);
}

static bool ti_future_finish(threading_future_t *future, uint32_t from, threading_status_t status, void *value,
                      uint32_t *spare)
{
    return ti_future_end(future, from, TI_FINISHED, status, value, spare);
}

threading_status_t threading_future_cancel(threading_future_t *future)
{
    if (future == NULL)
        return TI_TELL(future, THREADING_INVALID);
    if (ti_future_end(future, TI_PENDING_FUTURE, TI_CANCELLED, THREADING_CANCELLED, NULL, NULL))
        return THREADING_OK;
    return threading_future_cancelled(future) ? THREADING_OK : THREADING_BUSY;
}

bool threading_future_cancelled(const threading_future_t *future)
{
    if (future == NULL)
        return false;
    uint32_t state = ti_future_state(future);
    return state == TI_CANCELLED || state == TI_NOTIFIED;
}

bool threading_future_running(const threading_future_t *future)
{
    return future != NULL && ti_future_state(future) != TI_PENDING_FUTURE && !ti_future_is_done(future);
}

bool threading_future_done(const threading_future_t *future)
{
    return future != NULL && ti_future_is_done(future);
}

/* ---- the promise's side ---- */

static threading_status_t ti_future_start(threading_future_t *future)
{
    if (future == NULL || future->executor != NULL)
        return THREADING_INVALID;
    if (ti_future_move(future, TI_PENDING_FUTURE, TI_RUNNING_FUTURE))
        return THREADING_OK;
    return ti_future_move(future, TI_CANCELLED, TI_NOTIFIED) ? THREADING_CANCELLED : THREADING_INVALID;
}

threading_status_t threading_future_start(threading_future_t *future)
{
    return TI_TELL(future, ti_future_start(future));
}

static threading_status_t ti_future_set(threading_future_t *future, threading_status_t status, void *value)
{
    if (future == NULL || future->executor != NULL)
        return THREADING_INVALID;
    bool set = ti_future_finish(future, TI_PENDING_FUTURE, status, value, NULL) ||
               ti_future_finish(future, TI_RUNNING_FUTURE, status, value, NULL);
    return set ? THREADING_OK : THREADING_INVALID;
}

threading_status_t threading_future_set_result(threading_future_t *future, void *value)
{
    return TI_TELL(future, ti_future_set(future, THREADING_OK, value));
}

threading_status_t threading_future_set_error(threading_future_t *future, threading_status_t status)
{
    bool is_error = status > THREADING_OK && status < THREADING_STATUS_COUNT;
    return TI_TELL(future, is_error ? ti_future_set(future, status, NULL) : THREADING_INVALID);
}

/* ---- callbacks ---- */

/* False: the future is done. */
static bool ti_future_append(threading_future_t *future, ti_callback *callback)
{
    ti_self *self = ti_future_lock(future);
    bool waits = ti_load_relaxed(&future->state) < TI_CANCELLED; /* relaxed: it changes under the lock */
    if (waits) {
        ti_callback *last = future->last_callback;
        callback->next = last != NULL ? last->next : callback;
        *(last != NULL ? &last->next : &future->last_callback) = callback;
        future->last_callback = callback;
    }
    ti_line_unlock(&future->lock, self);
    return waits;
}

threading_status_t threading_future_add_done_callback(threading_future_t *future,
                                                      void (*callback)(threading_future_t *future, void *arg),
                                                      void *arg)
{
    if (future == NULL || callback == NULL)
        return TI_TELL(future, THREADING_INVALID);
    ti_callback told = {NULL, callback, arg};
    ti_callback *entry = ti_future_is_done(future) ? NULL : (ti_callback *)ti_memory_allocate(sizeof *entry);
    if (entry != NULL) {
        *entry = told;
        if (ti_future_append(future, entry))
            return THREADING_OK;
        ti_memory_free(entry);
    }
    if (!ti_future_is_done(future))
        return THREADING_NO_MEMORY;
    ti_future_call_back(future, &told);
    return THREADING_OK;
}

/* ---- running and waiting ---- */

/* A worker counts as the owner of one RLock from its start (ti_worker_main). With one more, an RLock of the
 * task's, an RWLock that it writes or a Once that it is inside, it does not help: the other task would run
 * inside what was meant to keep it out. */
static bool ti_future_may_help(const ti_self *self, int64_t deadline)
{
    return deadline == TI_FOREVER && self->executor != NULL && self->fast.rlocks <= 1 &&
           !ti_limit_is_reached(self, deadline);
}

static bool ti_state_is_done(const uint32_t *state)
{
    /* Acquire: pairs with the change to a state that is done, so that what comes out is seen. */
    return ti_load_acquire(state) >= TI_CANCELLED;
}

/* Look a little before sleeping. A waiter that has caught up with the worker looks seldom, so that the
 * worker gets ahead: each look takes the state's line of the cache away from the worker, and each sleep
 * makes the worker wake somebody. */
static bool ti_state_is_done_soon(const uint32_t *state, const ti_self *self, int64_t deadline)
{
    uint32_t looks = 0;
    bool may_look = !ti_limit_is_reached(self, deadline);
    while (!ti_state_is_done(state))
        if (!may_look || !ti_line_pause(&looks, TI_STATE_DISTANCE))
            return false;
    return true;
}

static threading_status_t ti_state_await(uint32_t *state, ti_self *self, int64_t deadline)
{
    threading_status_t status = THREADING_OK;
    if (ti_state_is_done_soon(state, self, deadline))
        return THREADING_OK;
    while (status == THREADING_OK && !ti_state_is_done(state)) {
        uint32_t now = ti_load_relaxed(state); /* relaxed: what it means is asked again */
        if (now < TI_CANCELLED)
            status = ti_deadlock_sleep(self, state, now, deadline);
    }
    if (ti_state_is_done(state))
        return THREADING_OK;
    return status == THREADING_DEADLOCK ? ti_deadlock_refused(self, state) : status;
}

/* In a child that its task has forked, which this thread has run while it waited for it. */
static bool ti_future_is_lost(const threading_future_t *future, const ti_self *self)
{
    return ti_future_state(future) == self->fast.ident && ti_executor_is_orphaned(future->executor);
}

static threading_status_t ti_future_await(threading_future_t *future, ti_self *self, int64_t deadline)
{
    if (ti_future_may_help(self, deadline))
        (void)ti_executor_help(future, self);
    if (ti_future_is_lost(future, self))
        return THREADING_BROKEN;
    ti_blocked_on(self, TI_ON_FUTURE, future);
    return ti_state_await(&future->state, self, deadline);
}

static threading_status_t ti_future_result(threading_future_t *future, int64_t deadline, void **value)
{
    threading_status_t status =
        ti_future_is_done(future) ? THREADING_OK : ti_future_await(future, ti_self_get(), deadline);
    if (status != THREADING_OK)
        return status;
    if (future->status == THREADING_OK && value != NULL)
        *value = future->value;
    return future->status;
}

threading_status_t threading_future_result(threading_future_t *future, void **value)
{
    if (future == NULL)
        return TI_TELL(future, THREADING_INVALID);
    return ti_future_result(future, TI_FOREVER, value);
}

threading_status_t threading_future_result_timeout(threading_future_t *future, double seconds, void **value)
{
    threading_status_t status = ti_deadline_check_on(future, seconds);
    if (status != THREADING_OK)
        return TI_TELL(future, status);
    return ti_future_result(future, ti_deadline_after(seconds), value);
}

/* --------------------------------------------------------------------------- src/core/tasks/future_wait.c */

/* Waiting for many futures: threading_wait and threading_as_completed. */
#include <stdlib.h>

static bool ti_futures_are_given(threading_future_t *const *futures, size_t count)
{
    if (futures == NULL)
        return count == 0;
    for (size_t i = 0; i < count; i++)
        if (futures[i] == NULL)
            return false;
    return true;
}

/* A worker that may wait for ever runs one of the tasks instead, if one of its own executor has not begun. */
static bool ti_futures_help(threading_future_t *const *futures, size_t count, ti_self *self, int64_t deadline)
{
    if (!ti_future_may_help(self, deadline))
        return false;
    for (size_t i = 0; i < count; i++)
        if (ti_executor_help(futures[i], self))
            return true;
    return false;
}

/* What a set of futures looks like at a moment. */
typedef struct ti_futures_view {
    size_t done;
    size_t failed;
} ti_futures_view;

static ti_futures_view ti_futures_look(threading_future_t *const *futures, size_t count)
{
    ti_futures_view view = {0, 0};
    for (size_t i = 0; i < count; i++) {
        if (!ti_future_is_done(futures[i]))
            continue;
        view.done++;
        view.failed += futures[i]->status != THREADING_OK && !threading_future_cancelled(futures[i]);
    }
    return view;
}

/* Sleep until more than `done` of them are done. There is room for `count` in `sources`. */
static threading_status_t ti_futures_sleep(threading_future_t *const *futures, size_t count, size_t done,
                                           threading_source_t *sources, ti_self *self, int64_t deadline)
{
    size_t left = 0;
    for (size_t i = 0; i < count; i++)
        if (!ti_future_is_done(futures[i])) {
            sources[left].kind = THREADING_SOURCE_KIND_FUTURE;
            sources[left++].object = futures[i];
        }
    size_t index;
    return left + done == count ? ti_wait_any(sources, left, self, deadline, &index) : THREADING_OK;
}

static threading_source_t *ti_sources_new(size_t count)
{
    bool fits = count <= SIZE_MAX / sizeof(threading_source_t);
    return fits ? (threading_source_t *)ti_memory_allocate(count * sizeof(threading_source_t)) : NULL;
}

/* ---- threading_wait ---- */

static threading_status_t ti_futures_await_all(threading_future_t *const *futures, size_t count,
                                               ti_self *self, int64_t deadline)
{
    while (ti_futures_help(futures, count, self, deadline))
        continue;
    threading_status_t status = THREADING_OK;
    for (size_t i = 0; i < count && status == THREADING_OK; i++)
        status = ti_future_await(futures[i], self, deadline);
    return status;
}

/* Whether the wait is over by what is done. */
static bool ti_futures_are_enough(threading_future_t *const *futures, size_t count, threading_when_t when,
                                  size_t *done)
{
    ti_futures_view view = ti_futures_look(futures, count);
    *done = view.done;
    size_t enough = when == THREADING_FIRST_COMPLETED ? view.done : view.failed;
    return enough > 0 || view.done == count;
}

/* Memory is needed only for sleeping. No help: the task that is run might outlast the one that is waited for,
 * or wait for what the caller does next. */
static threading_status_t ti_futures_await_first(threading_future_t *const *futures, size_t count,
                                                 ti_self *self, int64_t deadline, threading_when_t when)
{
    threading_source_t *sources = NULL;
    threading_status_t status = THREADING_OK;
    size_t done;
    while (status == THREADING_OK && !ti_futures_are_enough(futures, count, when, &done)) {
        if (sources == NULL)
            sources = ti_sources_new(count);
        status = sources == NULL ? THREADING_NO_MEMORY
                                 : ti_futures_sleep(futures, count, done, sources, self, deadline);
    }
    ti_memory_free(sources);
    return status;
}

threading_status_t threading_wait(threading_future_t *const *futures, size_t count, double seconds,
                                  threading_when_t when, size_t *done)
{
    bool is_known = when == THREADING_ALL_COMPLETED || when == THREADING_FIRST_COMPLETED ||
                    when == THREADING_FIRST_EXCEPTION;
    bool is_valid = is_known && ti_futures_are_given(futures, count);
    threading_status_t status = is_valid ? ti_deadline_check(seconds) : THREADING_INVALID;
    if (status != THREADING_OK)
        return TI_TELL(futures, status);
    ti_self *self = ti_self_get();
    int64_t deadline = ti_deadline_after(seconds);
    if (when == THREADING_ALL_COMPLETED)
        status = ti_futures_await_all(futures, count, self, deadline);
    else
        status = ti_futures_await_first(futures, count, self, deadline, when);
    if (done != NULL)
        *done = ti_futures_look(futures, count).done;
    return status;
}

/* ---- threading_as_completed ---- */

/* The futures in three parts: those that were taken, those that were found done, those that were not. */
struct threading_completed {
    size_t count;
    size_t taken;
    size_t ready;
    int64_t deadline;
    threading_source_t *sources; /* to wait with */
    threading_future_t *futures[];
};

static int ti_compare_addresses(const void *a, const void *b)
{
    uintptr_t one = (uintptr_t) * (threading_future_t *const *)a;
    uintptr_t other = (uintptr_t) * (threading_future_t *const *)b;
    return (one > other) - (one < other);
}

/* The numbers wrap round; those of one set are near each other. */
static int ti_compare_orders(const void *a, const void *b)
{
    const threading_future_t *one = *(threading_future_t *const *)a;
    const threading_future_t *other = *(threading_future_t *const *)b;
    int32_t difference = (int32_t)(one->order - other->order);
    return (difference > 0) - (difference < 0);
}

/* Retain each future once. */
static void ti_completed_fill(threading_completed_t *completed, threading_future_t *const *futures,
                              size_t count)
{
    for (size_t i = 0; i < count; i++)
        completed->futures[i] = futures[i];
    qsort(completed->futures, count, sizeof *completed->futures, ti_compare_addresses);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || completed->futures[i] != completed->futures[completed->count - 1])
            completed->futures[completed->count++] = threading_future_retain(completed->futures[i]);
}

static threading_completed_t *ti_completed_new(size_t count)
{
    threading_completed_t *completed = NULL;
    if (count <= (SIZE_MAX - sizeof *completed) / sizeof *completed->futures)
        completed = (threading_completed_t *)ti_memory_allocate(sizeof *completed +
                                                                count * sizeof *completed->futures);
    if (completed == NULL || count == 0)
        return completed;
    completed->sources = ti_sources_new(count);
    if (completed->sources != NULL)
        return completed;
    ti_memory_free(completed);
    return NULL;
}

threading_completed_t *threading_as_completed(threading_future_t *const *futures, size_t count,
                                              double seconds)
{
    if (!ti_futures_are_given(futures, count) || ti_deadline_check(seconds) != THREADING_OK)
        return NULL;
    threading_completed_t *completed = ti_completed_new(count);
    if (completed != NULL) {
        completed->deadline = ti_deadline_after(seconds);
        ti_completed_fill(completed, futures, count);
    }
    return completed;
}

/* Move those that are done by now behind the ones that were. False: there are none. */
static bool ti_completed_collect(threading_completed_t *completed)
{
    size_t before = completed->ready;
    for (size_t i = before; i < completed->count; i++) {
        threading_future_t *future = completed->futures[i];
        if (!ti_future_is_done(future))
            continue;
        completed->futures[i] = completed->futures[completed->ready];
        completed->futures[completed->ready++] = future;
    }
    return completed->ready > before;
}

/* Collect until there are no more, for one that was done before another may have been passed over just before
 * both were; then put them in the order of their completion. */
static void ti_completed_look(threading_completed_t *completed)
{
    size_t first = completed->ready;
    while (ti_completed_collect(completed))
        continue;
    qsort(&completed->futures[first], completed->ready - first, sizeof *completed->futures,
          ti_compare_orders);
}

static threading_status_t ti_completed_await(threading_completed_t *completed, ti_self *self)
{
    for (;;) {
        ti_completed_look(completed);
        if (completed->taken < completed->ready)
            return THREADING_OK;
        threading_future_t *const *left = &completed->futures[completed->ready];
        size_t count = completed->count - completed->ready;
        threading_status_t status =
            ti_futures_sleep(left, count, 0, completed->sources, self, completed->deadline);
        if (status != THREADING_OK)
            return status;
    }
}

threading_status_t threading_completed_next(threading_completed_t *completed, threading_future_t **future)
{
    if (completed == NULL)
        return TI_TELL(completed, THREADING_INVALID);
    if (completed->taken == completed->count)
        return THREADING_EMPTY;
    if (completed->taken == completed->ready) {
        threading_status_t status = ti_completed_await(completed, ti_self_get());
        if (status != THREADING_OK)
            return status;
    }
    threading_future_t *next = completed->futures[completed->taken++];
    if (future != NULL)
        *future = next;
    return THREADING_OK;
}

void threading_completed_free(threading_completed_t *completed)
{
    if (completed == NULL)
        return;
    for (size_t i = 0; i < completed->count; i++)
        threading_future_free(completed->futures[i]);
    ti_memory_free(completed->sources);
    ti_memory_free(completed);
}

/* --------------------------------------------------------------------------------- src/core/tasks/group.c */

/*
 * Group: tasks that end together.
 *
 * A group has a list of its tasks that are not over. A task is queued with the executor, or has a thread of
 * its own; in both cases it heeds the group's stop while it runs. When it ends it takes itself off the
 * list, which is its last touch of the group; then its own state is done, and is waited for as a future's
 * is (future.h). The waiter waits for the first task on the list again and again, until there is none. So a
 * wait for a task that can never end is proved to be a deadlock. A waiting worker of the executor first runs
 * those that have not begun.
 *
 * A task that has a thread stays with the group until that thread was joined: when the group's wait is over
 * no code of its tasks runs any more.
 *
 * The idea is Martin Sústrik's ("Structured concurrency", 2016), and Python's TaskGroup: the first failure
 * cancels the others.
 */

/* One task. Its group is there as long as it is on the list. */
struct threading_member {
    uint32_t references; /* the list's or the ended ones', and the executor's or the thread's; waiters' */
    uint32_t state;      /* as a future's: pending, an ident, finished */
    uint32_t family;     /* ti_phase_family when it was made */
    uint32_t offset;     /* its block's, for block.h */
    threading_group_t *group;
    threading_status_t (*function)(void *arg); /* NULL once its thread was joined; under the group's lock */
    void *arg;
    ti_member *previous;
    ti_member *next;
    threading_thread_t *thread; /* NULL: it is the executor's */
};

_Static_assert(sizeof(ti_member) <= TI_BLOCK, "a task of a group is a block");

/* ---- one task ---- */

static ti_member *ti_member_new(threading_group_t *group, threading_status_t (*function)(void *arg),
                                void *arg, ti_self *self)
{
    uint32_t offset;
    ti_member *member = (ti_member *)ti_block_take(self, &offset);
    if (member != NULL)
        *member = (ti_member){.references = 2,
                              .family = ti_phase_family,
                              .offset = offset,
                              .group = group,
                              .function = function,
                              .arg = arg};
    return member;
}

static void ti_member_give_back(ti_member *member)
{
    /* Release: what this holder did happens before the memory is freed; acquire: by the last one. */
    if (ti_add_acquire_release(&member->references, (uint32_t)-1) != 1)
        return;
    threading_thread_free(member->thread);
    ti_block_give_back(member, member->offset);
}

static bool ti_member_is_pending(const ti_member *member)
{
    return ti_load_relaxed(&member->state) == TI_PENDING_FUTURE; /* relaxed: the beginning decides */
}

static bool ti_member_begin(ti_member *member, const ti_self *self)
{
    return ti_swap_acquire(&member->state, TI_PENDING_FUTURE, self->fast.ident);
}

/* Off the list. One that has a thread waits to be joined. */
static void ti_member_unlink(ti_member *member, ti_self *self)
{
    threading_group_t *group = member->group;
    ti_line_lock(&group->lock, self);
    *(member->previous != NULL ? &member->previous->next : &group->first) = member->next;
    *(member->next != NULL ? &member->next->previous : &group->last) = member->previous;
    if (member->thread != NULL) {
        member->previous = NULL;
        member->next = group->ended;
        if (member->next != NULL)
            member->next->previous = member;
        group->ended = member;
    }
    ti_line_unlock(&group->lock, self);
}

/* Its thread was joined: it leaves the ended ones, once among all who have joined it. */
static void ti_member_forget(ti_member *member, ti_self *self)
{
    threading_group_t *group = member->group;
    ti_line_lock(&group->lock, self);
    bool is_first = member->function != NULL;
    member->function = NULL;
    if (is_first) {
        *(member->previous != NULL ? &member->previous->next : &group->ended) = member->next;
        if (member->next != NULL)
            member->next->previous = member->previous;
    }
    ti_line_unlock(&group->lock, self);
    if (is_first)
        ti_member_give_back(member);
}

/* It is over. A first failure stops the others before the task is off the list: the group stays till then. */
static void ti_member_end(ti_member *member, threading_status_t status, ti_self *self)
{
    bool is_listed = member->thread != NULL;
    if (status != THREADING_OK && ti_swap_acquire(&member->group->status, THREADING_OK, (uint32_t)status))
        (void)threading_stop_request(&member->group->stop);
    ti_member_unlink(member, self);
    ti_store_sequential(&member->state, TI_FINISHED); /* sequential: the change in the table in parking.h */
    ti_parking_wake_all(&member->state);
    if (!is_listed)
        ti_member_give_back(member); /* the list's */
}

static void ti_member_refuse(ti_member *member, threading_status_t status)
{
    ti_self *self = ti_self_get();
    if (ti_member_begin(member, self))
        ti_member_end(member, status, self);
    ti_member_give_back(member);
}

/* It has ended its thread in the platform's way. As for every task, its executor is broken. */
TI_COLD static void ti_member_abandon(ti_self *self, void *object, uintptr_t detail)
{
    (void)object; /* the group, for ti_calls_contain() */
    ti_member *member = (ti_member *)detail;
    if (self->is_leaving || member->family != ti_phase_family)
        return;
    if (member->thread == NULL && self->executor == member->group->executor)
        ti_executor_break(self->executor, self);
    (void)threading_stop_heed(NULL); /* the group's may be gone soon */
    ti_member_end(member, THREADING_BROKEN, self);
    ti_member_give_back(member);
}

typedef struct ti_member_call {
    const ti_member *member;
    threading_status_t status;
} ti_member_call;

static void *ti_member_catch(void *arg)
{
    ti_member_call *call = (ti_member_call *)arg;
    call->status = call->member->function(call->member->arg);
    return NULL;
}

/* Call its function: by threading_exit() it ends itself only, with success. False: it has called fork, and
 * this is the child. */
static bool ti_member_call_function(ti_member *member, threading_status_t *status, ti_self *self)
{
    ti_member_call call = {member, THREADING_OK};
    threading_stop_t *before = threading_stop_heed(&member->group->stop);
    uint32_t deaf = self->deaf; /* a wait that was told to stop is, and may run the task: that is not */
    self->deaf = 0;
    ti_calls_enter(self, ti_member_abandon, member->group, (uintptr_t)member);
    (void)ti_calls_catch(self, ti_member_catch, &call);
    ti_calls_leave(self);
    self->deaf = deaf;
    (void)threading_stop_heed(before); /* in a child too: it goes on in the waiter's call */
    *status = call.status;
    return member->family == ti_phase_family;
}

/* Never called: only its address is used (tasks.h). */
static void *ti_group_task(void *member)
{
    (void)member;
    return (void *)(uintptr_t)ti_member_refuse;
}

static void ti_member_run(ti_member *member, ti_self *self)
{
    threading_status_t status;
    if (!ti_member_call_function(member, &status, self))
        return;
    ti_executor_count_spare(self->executor, 1);
    ti_member_end(member, status, self);
    ti_member_give_back(member);
}

/* Whether the calling thread, which waits, is a worker that may run the group's tasks itself. */
static bool ti_group_may_help(const threading_group_t *group, const ti_self *self, int64_t deadline)
{
    return group->executor != NULL && self->executor == group->executor && ti_future_may_help(self, deadline);
}

/* Run it if it has not begun. */
static void ti_member_help(ti_member *member, ti_self *self, int64_t deadline)
{
    threading_status_t status;
    if (ti_group_may_help(member->group, self, deadline) && ti_member_begin(member, self) &&
        ti_member_call_function(member, &status, self))
        ti_member_end(member, status, self);
}

/* A task that is over is no reason to end by a stop: its thread is about to end too. */
static threading_status_t ti_member_join(ti_member *member, ti_self *self, int64_t deadline)
{
    uint32_t deaf = ti_load_relaxed(&member->state) == TI_FINISHED; /* relaxed: the join orders it */
    self->deaf += deaf;
    threading_status_t status = ti_thread_join(member->thread, deadline);
    self->deaf -= deaf;
    if (status == THREADING_OK)
        ti_member_forget(member, self);
    return status;
}

static threading_status_t ti_member_await(ti_member *member, ti_self *self, int64_t deadline)
{
    if (member->thread != NULL)
        return ti_member_join(member, self, deadline);
    ti_member_help(member, self, deadline);
    if (member->family != ti_phase_family)
        return THREADING_BROKEN; /* it has called fork, and this is the child */
    ti_blocked_on(self, TI_ON_GROUP, member->group);
    return ti_state_await(&member->state, self, deadline);
}

/* ---- running ---- */

/* The target of a task's own thread. */
static void *ti_member_main(void *arg)
{
    ti_member *member = (ti_member *)arg;
    ti_self *self = ti_self_get();
    threading_status_t status;
    (void)ti_member_begin(member, self);
    if (ti_member_call_function(member, &status, self)) {
        ti_member_end(member, status, self);
        ti_member_give_back(member);
    }
    return NULL;
}

/* Under the lock: the first task after a wait begins anew, before it can fail. */
static void ti_group_begin(threading_group_t *group)
{
    if (group->is_over)
        ti_store_relaxed(&group->status, THREADING_OK); /* relaxed: no task is there that could fail */
    group->is_over = false;
}

/* Under the lock: last on the list. */
static void ti_group_link(threading_group_t *group, ti_member *member)
{
    member->previous = group->last;
    *(group->last != NULL ? &group->last->next : &group->first) = member;
    group->last = member;
}

/* Start its thread under the lock: so its end, which needs the lock, finds it on the list, and a waiter that
 * finds it there can join it. */
static threading_status_t ti_group_start(threading_group_t *group, ti_member *member, ti_self *self)
{
    member->thread = threading_thread_new(ti_member_main, member, NULL);
    if (member->thread == NULL)
        return THREADING_NO_MEMORY;
    ti_line_lock(&group->lock, self);
    ti_group_begin(group);
    threading_status_t status = threading_thread_start(member->thread);
    if (status == THREADING_OK)
        ti_group_link(group, member);
    ti_line_unlock(&group->lock, self);
    return status;
}

/* Queue it. It is on the list before it can end. Then a waiting worker may run it though it could not be
 * queued. */
static threading_status_t ti_group_submit(threading_group_t *group, ti_member *member, ti_self *self)
{
    ti_line_lock(&group->lock, self);
    ti_group_begin(group);
    ti_group_link(group, member);
    ti_line_unlock(&group->lock, self);
    threading_status_t status =
        ti_executor_enqueue_bounded(group->executor, (ti_task){ti_group_task, member}, true, self);
    if (status == THREADING_OK)
        return THREADING_OK;
    bool is_run = !ti_member_begin(member, self);
    if (!is_run)
        ti_member_end(member, THREADING_OK, self);
    ti_member_give_back(member);
    return is_run ? THREADING_OK : status;
}

/* In a forked child: the threads of its tasks are not here, and one of them may have the lock. */
static bool ti_group_is_orphaned(const threading_group_t *group)
{
    /* Relaxed: the calls of one process agree about it. */
    uint32_t family = ti_load_relaxed(&group->family);
    return family != 0 && family != ti_phase_family + 1;
}

/* Before anything of it is locked. */
static void ti_group_adopt(threading_group_t *group)
{
    ti_store_relaxed(&group->family, ti_phase_family + 1); /* relaxed: as above */
}

/* So that a group that runs for long does not grow. */
static void ti_group_join_ended(threading_group_t *group, ti_self *self)
{
    threading_status_t status = THREADING_OK;
    while (status == THREADING_OK) {
        ti_line_lock(&group->lock, self);
        ti_member *ended = group->ended;
        if (ended != NULL)
            ti_add_relaxed(&ended->references, 1); /* relaxed: the list has one */
        ti_line_unlock(&group->lock, self);
        if (ended == NULL)
            return;
        status = ti_member_join(ended, self, TI_FOREVER);
        ti_member_give_back(ended);
    }
}

static threading_status_t ti_group_run(threading_group_t *group, threading_status_t (*function)(void *arg),
                                       void *arg)
{
    if (group == NULL || function == NULL ||
        (group->executor != NULL && !ti_executor_accepts(group->executor)))
        return THREADING_INVALID;
    if (ti_group_is_orphaned(group) || (group->executor != NULL && ti_executor_is_orphaned(group->executor)))
        return THREADING_BROKEN;
    ti_self *self = ti_self_get();
    ti_group_adopt(group);
    if (threading_stop_requested(&group->stop))
        return THREADING_CANCELLED;
    ti_member *member = ti_member_new(group, function, arg, self);
    if (member == NULL)
        return THREADING_NO_MEMORY;
    if (group->executor != NULL)
        return ti_group_submit(group, member, self);
    ti_group_join_ended(group, self);
    threading_status_t status = ti_group_start(group, member, self);
    if (status != THREADING_OK) {
        ti_member_give_back(member);
        ti_member_give_back(member); /* the list's and the thread's */
    }
    return status;
}

threading_status_t threading_group_run(threading_group_t *group, threading_status_t (*function)(void *arg),
                                       void *arg)
{
    return TI_TELL(group, ti_group_run(group, function, arg));
}

/* ---- waiting ---- */

/* The first task that has not begun, for a worker that may run it; or else the first. */
static ti_member *ti_group_pick(const threading_group_t *group, bool may_help)
{
    ti_member *member = may_help ? group->first : NULL;
    while (member != NULL && !ti_member_is_pending(member))
        member = member->next;
    return member != NULL ? member : group->first;
}

/* What a waiter has to wait for next, with a reference: a task that is not over, or one that has a thread to
 * be joined. NULL: all is over; the stop is too, and *failure is what the tasks have come to. */
static ti_member *ti_group_look(threading_group_t *group, bool may_help, threading_status_t *failure,
                                ti_self *self)
{
    ti_line_lock(&group->lock, self);
    ti_member *member = group->first != NULL ? ti_group_pick(group, may_help) : group->ended;
    if (member != NULL) {
        ti_add_relaxed(&member->references, 1); /* relaxed: the list has one */
    } else {
        group->is_over = true;
        ti_store_relaxed(&group->stop.requested, 0); /* relaxed: nobody heeds it */
        /* Relaxed: the lock orders it. */
        *failure = (threading_status_t)ti_load_relaxed(&group->status);
    }
    ti_line_unlock(&group->lock, self);
    return member;
}

static threading_status_t ti_group_await(threading_group_t *group, threading_status_t *failure, ti_self *self,
                                         int64_t deadline)
{
    threading_status_t status = THREADING_OK;
    ti_member *member;
    while (status == THREADING_OK &&
           (member = ti_group_look(group, ti_group_may_help(group, self, deadline), failure, self)) != NULL) {
        status = ti_member_await(member, self, deadline);
        ti_member_give_back(member);
    }
    return status;
}

static threading_status_t ti_group_wait(threading_group_t *group, ti_self *self, int64_t deadline)
{
    threading_status_t failure = THREADING_OK;
    if (ti_group_is_orphaned(group))
        return THREADING_BROKEN;
    ti_group_adopt(group);
    if (ti_calls_contain(self, ti_member_abandon, group)) {
        ti_blocked_on(self, TI_ON_GROUP, group);
        return ti_deadlock_refused(self, NULL);
    }
    threading_status_t told = ti_group_await(group, &failure, self, deadline);
    threading_status_t status = told;
    if (told == THREADING_CANCELLED) { /* passed on: the waiter stays until its tasks are over */
        (void)threading_stop_request(&group->stop);
        self->deaf++;
        status = ti_group_await(group, &failure, self, deadline);
        self->deaf--;
    }
    if (status != THREADING_OK)
        return status;
    return failure != THREADING_OK ? failure : told;
}

/* What a task has come to is no misuse of this call. */
threading_status_t threading_group_wait(threading_group_t *group)
{
    if (group == NULL)
        return TI_TELL(group, THREADING_INVALID);
    return ti_group_wait(group, ti_self_get(), TI_FOREVER);
}

threading_status_t threading_group_wait_timeout(threading_group_t *group, double seconds)
{
    threading_status_t status = ti_deadline_check_on(group, seconds);
    if (status != THREADING_OK)
        return TI_TELL(group, status);
    return ti_group_wait(group, ti_self_get(), ti_deadline_after(seconds));
}

/* ---- the rest ---- */

threading_status_t threading_group_init(threading_group_t *group, threading_executor_t *executor)
{
    if (group == NULL)
        return TI_TELL(group, THREADING_INVALID);
    *group = (threading_group_t){.executor = executor};
    group->stop.parent = executor != NULL ? executor->options.stop : NULL;
    return THREADING_OK;
}

threading_status_t threading_group_stop(threading_group_t *group)
{
    return TI_TELL(group, group != NULL ? threading_stop_request(&group->stop) : THREADING_INVALID);
}

/* --------------------------------------------------------------------------------- src/core/tasks/queue.c */

/*
 * Queue: CPython's queue module, with its one lock and, for its three conditions, three lines (line.h).
 *
 * The items are in a ring that grows by doubling: `first` is the index of the oldest, the others follow, past
 * the end at the beginning. A LIFO queue takes from the other end. A priority queue is a binary heap (TAOCP
 * 5.2.3) that begins at index 0.
 */

#include <string.h>

#define TI_CAPACITY_MIN 8

/* ---- the items ---- */

/* The i-th item, counted from the oldest; of a heap, from its root. */
static inline unsigned char *ti_queue_item(const threading_queue_t *queue, size_t i)
{
    size_t index = queue->first + i;
    return queue->items + (index < queue->capacity ? index : index - queue->capacity) * queue->item_size;
}

static inline void ti_queue_copy(const threading_queue_t *queue, void *to, const void *from)
{
    if (to == NULL || from == NULL)
        return;
    if (queue->item_size == sizeof(void *))
        memcpy(to, from, sizeof(void *)); /* what most items are: takes no call */
    else if (queue->item_size > 0)
        memcpy(to, from, queue->item_size);
}

static bool ti_queue_grow(threading_queue_t *queue)
{
    size_t capacity = queue->capacity > 0 ? 2 * queue->capacity : TI_CAPACITY_MIN;
    if (capacity >= SIZE_MAX / queue->item_size)
        return false;
    unsigned char *items = (unsigned char *)ti_memory_allocate((capacity + 1) * queue->item_size);
    if (items == NULL)
        return false;
    for (size_t i = 0; i < queue->count; i++)
        ti_queue_copy(queue, items + i * queue->item_size, ti_queue_item(queue, i));
    ti_memory_free(queue->items);
    queue->items = items;
    queue->capacity = capacity;
    queue->first = 0;
    return true;
}

/* Room for one item more. Items of no size need none. */
static inline bool ti_queue_make_room(threading_queue_t *queue)
{
    return queue->count < queue->capacity || queue->item_size == 0 || ti_queue_grow(queue);
}

static void ti_queue_swap(threading_queue_t *queue, size_t a, size_t b)
{
    unsigned char *spare = queue->items + queue->capacity * queue->item_size;
    ti_queue_copy(queue, spare, ti_queue_item(queue, a));
    ti_queue_copy(queue, ti_queue_item(queue, a), ti_queue_item(queue, b));
    ti_queue_copy(queue, ti_queue_item(queue, b), spare);
}

static bool ti_queue_is_before(const threading_queue_t *queue, size_t a, size_t b)
{
    return queue->compare(ti_queue_item(queue, a), ti_queue_item(queue, b)) < 0;
}

static void ti_queue_sift_up(threading_queue_t *queue, size_t i)
{
    for (size_t parent; i > 0 && ti_queue_is_before(queue, i, parent = (i - 1) / 2); i = parent)
        ti_queue_swap(queue, i, parent);
}

static void ti_queue_sift_down(threading_queue_t *queue)
{
    for (size_t i = 0, child; (child = 2 * i + 1) < queue->count; i = child) {
        if (child + 1 < queue->count && ti_queue_is_before(queue, child + 1, child))
            child++;
        if (!ti_queue_is_before(queue, child, i))
            return;
        ti_queue_swap(queue, i, child);
    }
}

static ti_waiter *ti_queue_take(const threading_queue_t *queue, ti_wait_kind line, size_t n, ti_self *self)
{
    return ti_line_take(&queue->count, line, n, self);
}

/* A comparison has ended its thread, with the lock held. All items are there, if not in their order; who
 * waits looks again. */
TI_COLD static void ti_queue_abandon(ti_self *self, void *object, uintptr_t unused)
{
    (void)unused;
    threading_queue_t *queue = (threading_queue_t *)object;
    ti_waiter *getters = ti_queue_take(queue, TI_GETTERS, SIZE_MAX, self);
    ti_waiter *putters = ti_queue_take(queue, TI_PUTTERS, SIZE_MAX, self);
    ti_parking_wake_watchers(&queue->count);
    ti_queue_unlock(queue, self);
    ti_line_wake(getters);
    ti_line_wake(putters);
}

static void ti_queue_insert(threading_queue_t *queue, const void *item, ti_self *self)
{
    ti_store_pointer_relaxed(&queue->count, queue->count + 1); /* relaxed: as all under the lock */
    if (queue->item_size == 0)
        return;
    ti_queue_copy(queue, ti_queue_item(queue, queue->count - 1), item);
    if (queue->kind != THREADING_QUEUE_PRIORITY)
        return;
    ti_calls_enter(self, ti_queue_abandon, queue, 0);
    ti_queue_sift_up(queue, queue->count - 1);
    ti_calls_leave(self);
}

static void ti_queue_remove(threading_queue_t *queue, void *item, ti_self *self)
{
    ti_store_pointer_relaxed(&queue->count, queue->count - 1); /* relaxed: as all under the lock */
    if (queue->item_size == 0)
        return;
    ti_queue_copy(queue, item, ti_queue_item(queue, queue->kind == THREADING_QUEUE_LIFO ? queue->count : 0));
    if (queue->kind == THREADING_QUEUE_FIFO) {
        queue->first = queue->first + 1 < queue->capacity ? queue->first + 1 : 0;
    } else if (queue->kind == THREADING_QUEUE_PRIORITY) {
        ti_queue_copy(queue, ti_queue_item(queue, 0), ti_queue_item(queue, queue->count));
        ti_calls_enter(self, ti_queue_abandon, queue, 0);
        ti_queue_sift_down(queue);
        ti_calls_leave(self);
    }
}

/* ---- making and freeing ---- */

TI_COLD threading_queue_t *threading_queue_new(threading_queue_kind_t kind, size_t item_size, size_t maxsize,
                                               int (*compare)(const void *a, const void *b))
{
    bool is_known = kind == THREADING_QUEUE_FIFO || kind == THREADING_QUEUE_LIFO;
    if (!is_known && (kind != THREADING_QUEUE_PRIORITY || compare == NULL))
        return NULL;
    threading_queue_t *queue = (threading_queue_t *)ti_memory_allocate(sizeof *queue);
    if (queue == NULL)
        return NULL;
    queue->references = 1;
    queue->kind = kind;
    queue->item_size = item_size;
    queue->maxsize = maxsize;
    queue->compare = compare;
    return queue;
}

threading_queue_t *threading_queue_retain(threading_queue_t *queue)
{
    /* Relaxed: a thread that retains holds or borrows a reference already. */
    if (queue != NULL)
        ti_add_relaxed(&queue->references, 1);
    return queue;
}

/* Destroy the items of a queue that nobody else knows (or of a copy of one), and free their memory. */
static void ti_queue_drop(threading_queue_t *queue)
{
    unsigned char none = 0; /* what an item of no size points to */
    for (size_t i = 0; queue->destructor != NULL && i < queue->count; i++)
        queue->destructor(queue->item_size > 0 ? ti_queue_item(queue, i) : &none);
    ti_memory_free(queue->items);
}

TI_COLD void threading_queue_free(threading_queue_t *queue)
{
    /* Release: what this holder did happens before the memory is freed; acquire: by the last one. */
    if (queue == NULL || ti_add_acquire_release(&queue->references, (uint32_t)-1) != 1)
        return;
    ti_queue_drop(queue);
    ti_memory_free(queue);
}

/* ---- waiting ---- */

/* Spin for a while, without the lock, until the count changes; not if others wait, since this thread would
 * pass them. */
static void ti_queue_look_out(threading_queue_t *queue, ti_self *self)
{
    if (ti_line_is_awaited(&queue->count))
        return;
    uintptr_t count = queue->count;
    ti_queue_unlock(queue, self);
    uint32_t looks = 0;
    /* Relaxed: it is read again under the lock. */
    while (ti_load_pointer_relaxed(&queue->count) == count && ti_line_pause(&looks, TI_LOOK_DISTANCE))
        continue;
    ti_line_lock(&queue->lock, self);
}

static inline bool ti_queue_can_put(const threading_queue_t *queue)
{
    return queue->is_shutdown || !ti_queue_is_full(queue);
}

static inline bool ti_queue_can_get(const threading_queue_t *queue)
{
    return queue->is_shutdown || queue->count > 0;
}

/* In a line of the queue's. */
static threading_status_t ti_queue_sleep(threading_queue_t *queue, ti_wait_kind line, ti_self *self,
                                         int64_t deadline)
{
    ti_on on = line == TI_GETTERS ? TI_ON_GET : line == TI_PUTTERS ? TI_ON_PUT : TI_ON_TASKS;
    ti_blocked_on(self, on, queue);
    ti_blocked_counted(self, on, queue, queue->count);
    threading_status_t status = ti_line_wait(&queue->lock, &queue->count, line, self, deadline);
    ti_blocked_counted(self, on, queue, queue->count);
    return status;
}

/* Wait until it can be done, or told why not. What has changed when the time is over counts. */
static threading_status_t ti_queue_await(threading_queue_t *queue, ti_wait_kind line,
                                         bool (*can)(const threading_queue_t *queue), ti_self *self,
                                         int64_t deadline)
{
    ti_queue_look_out(queue, self);
    for (threading_status_t status = THREADING_OK; !can(queue);) {
        if (status != THREADING_OK)
            return status;
        status = ti_queue_sleep(queue, line, self, deadline);
    }
    return THREADING_OK;
}

/* ---- put and get, with the lock held ---- */

/* *woken is woken after the release. */
static threading_status_t ti_queue_put_locked(threading_queue_t *queue, const void *item, int64_t deadline,
                                              ti_self *self, ti_waiter **woken)
{
    if (!ti_queue_can_put(queue)) {
        if (deadline == TI_PAST)
            return THREADING_FULL;
        threading_status_t status = ti_queue_await(queue, TI_PUTTERS, ti_queue_can_put, self, deadline);
        if (status != THREADING_OK)
            return status;
    }
    if (queue->is_shutdown)
        return THREADING_SHUTDOWN;
    if (!ti_queue_make_room(queue)) {
        *woken = ti_queue_take(queue, TI_PUTTERS, 1, self); /* this wait's wake is for another */
        return THREADING_NO_MEMORY;
    }
    queue->unfinished++; /* first: a comparison may end the thread */
    ti_queue_insert(queue, item, self);
    if (ti_line_is_awaited(&queue->count)) {
        *woken = ti_queue_take(queue, TI_GETTERS, 1, self);
        ti_parking_wake_watchers(&queue->count);
    }
    return THREADING_OK;
}

static threading_status_t ti_queue_get_locked(threading_queue_t *queue, void *item, int64_t deadline,
                                              ti_self *self, ti_waiter **woken)
{
    if (!ti_queue_can_get(queue)) {
        if (deadline == TI_PAST)
            return THREADING_EMPTY;
        threading_status_t status = ti_queue_await(queue, TI_GETTERS, ti_queue_can_get, self, deadline);
        if (status != THREADING_OK)
            return status;
    }
    if (queue->count == 0)
        return THREADING_SHUTDOWN;
    ti_queue_remove(queue, item, self);
    if (ti_line_is_awaited(&queue->count))
        *woken = ti_queue_take(queue, TI_PUTTERS, 1, self);
    return THREADING_OK;
}

static threading_status_t ti_queue_put(threading_queue_t *queue, const void *item, int64_t deadline)
{
    ti_waiter *woken = NULL;
    ti_self *self = ti_queue_lock(queue);
    threading_status_t status = ti_queue_put_locked(queue, item, deadline, self, &woken);
    ti_queue_unlock(queue, self);
    ti_line_wake(woken);
    return status;
}

static threading_status_t ti_queue_get(threading_queue_t *queue, void *item, int64_t deadline)
{
    ti_waiter *woken = NULL;
    ti_self *self = ti_queue_lock(queue);
    threading_status_t status = ti_queue_get_locked(queue, item, deadline, self, &woken);
    ti_queue_unlock(queue, self);
    ti_line_wake(woken);
    return status;
}

/* ---- the calls ---- */

static bool ti_queue_takes(const threading_queue_t *queue, const void *item)
{
    return queue != NULL && (item != NULL || queue->item_size == 0);
}

threading_status_t threading_queue_put(threading_queue_t *queue, const void *item)
{
    if (!ti_queue_takes(queue, item))
        return TI_TELL(queue, THREADING_INVALID);
    return ti_queue_put(queue, item, TI_FOREVER);
}

threading_status_t threading_queue_try_put(threading_queue_t *queue, const void *item)
{
    if (!ti_queue_takes(queue, item))
        return TI_TELL(queue, THREADING_INVALID);
    return ti_queue_put(queue, item, TI_PAST);
}

threading_status_t threading_queue_put_timeout(threading_queue_t *queue, const void *item, double seconds)
{
    threading_status_t status = ti_queue_takes(queue, item) ? ti_deadline_check(seconds) : THREADING_INVALID;
    if (status != THREADING_OK)
        return TI_TELL(queue, status);
    return ti_queue_put(queue, item, ti_deadline_after(seconds));
}

threading_status_t threading_queue_get(threading_queue_t *queue, void *item)
{
    if (queue == NULL)
        return TI_TELL(queue, THREADING_INVALID);
    return ti_queue_get(queue, item, TI_FOREVER);
}

threading_status_t threading_queue_try_get(threading_queue_t *queue, void *item)
{
    if (queue == NULL)
        return TI_TELL(queue, THREADING_INVALID);
    return ti_queue_get(queue, item, TI_PAST);
}

threading_status_t threading_queue_get_timeout(threading_queue_t *queue, double seconds, void *item)
{
    threading_status_t status = ti_deadline_check_on(queue, seconds);
    if (status != THREADING_OK)
        return TI_TELL(queue, status);
    return ti_queue_get(queue, item, ti_deadline_after(seconds));
}

threading_status_t threading_queue_task_done(threading_queue_t *queue)
{
    if (queue == NULL)
        return TI_TELL(queue, THREADING_INVALID);
    ti_waiter *woken = NULL;
    ti_self *self = ti_queue_lock(queue);
    bool is_one = queue->unfinished > 0;
    if (is_one && --queue->unfinished == 0)
        woken = ti_queue_take(queue, TI_JOINERS, SIZE_MAX, self);
    ti_queue_unlock(queue, self);
    ti_line_wake(woken);
    return TI_TELL(queue, is_one ? THREADING_OK : THREADING_INVALID);
}

static threading_status_t ti_queue_join(threading_queue_t *queue, double seconds)
{
    threading_status_t status = ti_deadline_check_on(queue, seconds);
    if (status != THREADING_OK)
        return status;
    int64_t deadline = ti_deadline_after(seconds);
    ti_self *self = ti_queue_lock(queue);
    while (queue->unfinished > 0 && status == THREADING_OK)
        status = ti_queue_sleep(queue, TI_JOINERS, self, deadline);
    if (queue->unfinished == 0)
        status = THREADING_OK;
    ti_queue_unlock(queue, self);
    return status;
}

threading_status_t threading_queue_join(threading_queue_t *queue)
{
    return TI_TELL(queue, ti_queue_join(queue, THREADING_FOREVER));
}

threading_status_t threading_queue_join_timeout(threading_queue_t *queue, double seconds)
{
    return TI_TELL(queue, ti_queue_join(queue, seconds));
}

/* Take the items away, into a queue that holds nothing else, for ti_queue_drop. */
static threading_queue_t ti_queue_empty_out(threading_queue_t *queue)
{
    threading_queue_t dropped = {
        .item_size = queue->item_size,
        .count = queue->count,
        .first = queue->first,
        .capacity = queue->capacity,
        .items = queue->items,
        .destructor = queue->destructor,
    };
    queue->unfinished -= queue->count < queue->unfinished ? queue->count : queue->unfinished;
    ti_store_pointer_relaxed(&queue->count, 0); /* relaxed: as all under the lock */
    queue->first = queue->capacity = 0;
    queue->items = NULL;
    return dropped;
}

TI_COLD threading_status_t threading_queue_shutdown(threading_queue_t *queue, bool immediate)
{
    if (queue == NULL)
        return TI_TELL(queue, THREADING_INVALID);
    threading_queue_t dropped = {.references = 0};
    ti_waiter *joiners = NULL;
    ti_self *self = ti_queue_lock(queue);
    queue->is_shutdown = true;
    if (immediate)
        dropped = ti_queue_empty_out(queue);
    ti_waiter *getters = ti_queue_take(queue, TI_GETTERS, SIZE_MAX, self);
    ti_waiter *putters = ti_queue_take(queue, TI_PUTTERS, SIZE_MAX, self);
    if (queue->unfinished == 0)
        joiners = ti_queue_take(queue, TI_JOINERS, SIZE_MAX, self);
    ti_parking_wake_watchers(&queue->count);
    ti_queue_unlock(queue, self);
    ti_line_wake(getters);
    ti_line_wake(putters);
    ti_line_wake(joiners);
    ti_queue_drop(&dropped);
    return THREADING_OK;
}

TI_COLD threading_status_t threading_queue_set_maxsize(threading_queue_t *queue, size_t maxsize)
{
    if (queue == NULL)
        return TI_TELL(queue, THREADING_INVALID);
    ti_waiter *putters = NULL;
    ti_self *self = ti_queue_lock(queue);
    queue->maxsize = maxsize;
    if (!ti_queue_is_full(queue)) /* as many as find room: the others keep their places */
        putters = ti_queue_take(queue, TI_PUTTERS, maxsize > 0 ? maxsize - queue->count : SIZE_MAX, self);
    if (putters != NULL)
        ti_lockword_requeue(&queue->lock, putters);
    ti_queue_unlock(queue, self);
    return THREADING_OK;
}

TI_COLD threading_status_t threading_queue_set_destructor(threading_queue_t *queue,
                                                          void (*destructor)(void *item))
{
    if (queue == NULL)
        return TI_TELL(queue, THREADING_INVALID);
    ti_self *self = ti_queue_lock(queue);
    queue->destructor = destructor;
    ti_queue_unlock(queue, self);
    return THREADING_OK;
}

/* ---------------------------------------------------------------------------- src/core/tasks/queue_view.c */

/* Queue: momentary answers. */

/* What the queue has to say at a moment. */
typedef struct ti_queue_view {
    size_t size, unfinished, maxsize;
    bool is_full, is_shutdown;
} ti_queue_view;

static ti_queue_view ti_queue_look(threading_queue_t *queue)
{
    ti_self *self = ti_queue_lock(queue);
    ti_queue_view view = {queue->count, queue->unfinished, queue->maxsize, ti_queue_is_full(queue),
                          queue->is_shutdown};
    ti_queue_unlock(queue, self);
    return view;
}

size_t threading_queue_size(threading_queue_t *queue)
{
    return queue != NULL ? ti_queue_look(queue).size : 0;
}

bool threading_queue_empty(threading_queue_t *queue)
{
    return queue != NULL && ti_queue_look(queue).size == 0;
}

bool threading_queue_full(threading_queue_t *queue)
{
    return queue != NULL && ti_queue_look(queue).is_full;
}

size_t threading_queue_unfinished(threading_queue_t *queue)
{
    return queue != NULL ? ti_queue_look(queue).unfinished : 0;
}

size_t threading_queue_maxsize(threading_queue_t *queue)
{
    return queue != NULL ? ti_queue_look(queue).maxsize : 0;
}

bool threading_queue_is_shutdown(threading_queue_t *queue)
{
    return queue != NULL && ti_queue_look(queue).is_shutdown;
}

static bool ti_queue_is_ready(threading_queue_t *queue)
{
    ti_queue_view view = ti_queue_look(queue);
    return view.size > 0 || view.is_shutdown;
}

static const void *ti_queue_address(const threading_queue_t *queue)
{
    return &queue->count;
}

/* --------------------------------------------------------------------------------- src/core/tasks/tasks.c */

#define TI_TASKS_MIN 32

static size_t ti_slots_count(const ti_slots *slots)
{
    return slots->tasks != NULL ? slots->mask + 1 : 0;
}

/* The slots for so many; none without memory. */
static ti_slots ti_slots_new(size_t least, size_t count)
{
    ti_slots slots = {NULL, 0};
    size_t capacity = least;
    while (capacity < count && capacity <= SIZE_MAX / 2 / sizeof(ti_task))
        capacity *= 2;
    if (capacity >= count)
        slots.tasks = (ti_task *)ti_memory_resize(NULL, capacity * sizeof *slots.tasks);
    slots.mask = capacity - 1;
    return slots;
}

/* Under both locks: move all to other slots. */
static void ti_tasks_move(ti_tasks *tasks, ti_slots slots)
{
    for (uintptr_t i = tasks->taken; i != tasks->put; i++)
        slots.tasks[i & slots.mask] = tasks->in.tasks[i & tasks->in.mask];
    ti_memory_free(tasks->in.tasks);
    tasks->in = tasks->out = slots;
}

/* Look how many were taken meanwhile. False: there is still not room enough. */
static bool ti_tasks_find_room(ti_tasks *tasks, size_t more)
{
    /* Acquire: pairs with the release in ti_tasks_pop. */
    tasks->limit = ti_load_pointer_acquire(&tasks->taken) + ti_slots_count(&tasks->in);
    return more <= tasks->limit - tasks->put;
}

static bool ti_tasks_grow(ti_tasks *tasks, size_t more, ti_self *self)
{
    if (ti_tasks_find_room(tasks, more))
        return true;
    size_t count = tasks->put - ti_load_pointer_relaxed(&tasks->taken); /* relaxed: it gets fewer at most */
    if (more > SIZE_MAX - count)
        return false;
    size_t capacity = ti_slots_count(&tasks->in);
    ti_slots slots = ti_slots_new(capacity > 0 ? capacity : TI_TASKS_MIN, count + more);
    if (slots.tasks == NULL)
        return false;
    ti_line_lock(&tasks->lock, self);
    ti_tasks_move(tasks, slots);
    ti_line_unlock(&tasks->lock, self);
    return ti_tasks_find_room(tasks, more);
}

/* Each is taken once. What stays is put again, behind the others. */
static TI_COLD void ti_tasks_sweep(ti_tasks *tasks, bool (*goes)(ti_task task), ti_self *self)
{
    ti_task task;
    ti_line_lock(&tasks->lock, self);
    for (size_t count = tasks->put - tasks->taken; count > 0 && ti_tasks_pop(tasks, &task); count--)
        if (!goes(task))
            ti_tasks_push(tasks, task);
    ti_line_unlock(&tasks->lock, self);
    (void)ti_tasks_find_room(tasks, 0);
}

static TI_COLD ti_tasks ti_tasks_take_all(ti_tasks *tasks)
{
    /* Not copied as a whole: another thread may just try to get the lock in it. */
    ti_tasks taken = {
        .put = tasks->put, .taken = tasks->taken, .seen = tasks->put, .in = tasks->in, .out = tasks->in};
    tasks->in = tasks->out = (ti_slots){NULL, 0};
    tasks->limit = tasks->put;
    /* Relaxed and release: as in ti_tasks_pop. */
    ti_store_pointer_relaxed(&tasks->seen, tasks->put);
    ti_store_pointer_release(&tasks->taken, tasks->put);
    return taken;
}

static void ti_tasks_free(ti_tasks *tasks)
{
    ti_memory_free(tasks->in.tasks);
}

/* ------------------------------------------------------------------------------ src/core/tasks/wait_any.c */

/*
 * Waiting for any of several things: a waiter in a queue of each.
 *
 * The waiters are in the sources, so that nothing is allocated, and stand in queues of their own beside
 * those of the things (TI_WATCHERS): a thread that makes a thing ready wakes all of its watchers, and they
 * take nothing, so no waiter that would take it is passed over. Each watcher announces itself as every
 * waiter does, and the sources are looked at after that: a change that the look misses finds the watcher.
 * Woken for whatever reason, the thread looks again at all of them.
 */

/* ---- the things ---- */

static bool ti_source_is_known(const threading_source_t *source)
{
    return source->object != NULL && source->kind >= THREADING_SOURCE_KIND_THREAD &&
           source->kind <= THREADING_SOURCE_KIND_FUTURE;
}

/* The word of a thing that can be read without a lock; NULL for a queue. */
static uint32_t *ti_source_word(const threading_source_t *source)
{
    switch (source->kind) {
    case THREADING_SOURCE_KIND_THREAD:
        return &((threading_thread_t *)source->object)->state;
    case THREADING_SOURCE_KIND_EVENT:
        return &((threading_event_t *)source->object)->flag;
    case THREADING_SOURCE_KIND_SEMAPHORE:
        return &((threading_semaphore_t *)source->object)->value;
    case THREADING_SOURCE_KIND_BOUNDED_SEMAPHORE:
        return &((threading_bounded_semaphore_t *)source->object)->semaphore.value;
    case THREADING_SOURCE_KIND_FUTURE:
        return &((threading_future_t *)source->object)->state;
    default:
        return NULL;
    }
}

static bool ti_source_is_ready(const threading_source_t *source)
{
    const uint32_t *word = ti_source_word(source);
    if (word == NULL)
        return ti_queue_is_ready((threading_queue_t *)source->object);
    /* Sequential: the second look of the table in parking.h. */
    uint32_t value = ti_load_sequential(word);
    if (source->kind == THREADING_SOURCE_KIND_THREAD)
        return value == TI_ENDED;
    if (source->kind == THREADING_SOURCE_KIND_FUTURE)
        return value >= TI_CANCELLED;
    return value != 0;
}

/* Whether none can be ready any more: all are threads that were stopped with the process. */
static bool ti_sources_are_stopped(const threading_source_t *sources, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (sources[i].kind != THREADING_SOURCE_KIND_THREAD ||
            !ti_thread_is_stopped((const threading_thread_t *)sources[i].object))
            return false;
    return true;
}

/* The first that is ready; `count` if none is. */
static size_t ti_sources_ready(const threading_source_t *sources, size_t count)
{
    size_t i = 0;
    while (i < count && !ti_source_is_ready(&sources[i]))
        i++;
    return i;
}

/* ---- watching ---- */

static const void *ti_source_watched(const threading_source_t *source)
{
    const uint32_t *word = ti_source_word(source);
    return word != NULL ? word : ti_queue_address((const threading_queue_t *)source->object);
}

static void ti_source_watch(threading_source_t *source, ti_self *self)
{
    const void *address = ti_source_watched(source);
    ti_bucket *bucket = ti_parking_bucket(address);
    source->waiter.self = self;
    ti_guard_lock(&bucket->guard, &self->parker);
    ti_parking_announce(bucket);
    ti_parking_enqueue_first(bucket, &source->waiter, address,
                             TI_WATCHERS); /* where a waker's search begins */
    ti_guard_unlock(&bucket->guard);
}

static bool ti_source_is_woken(const threading_source_t *source)
{
    /* Acquire: pairs with the release in ti_parking_wake, so that the change is seen. */
    return ti_load_acquire(&source->waiter.woken) != TI_SLEEPING;
}

/* A waker that has taken the watcher off its queue is waited for: it still has to touch it. */
static void ti_source_unwatch(threading_source_t *source, ti_self *self)
{
    if (ti_parking_leave(&source->waiter, ti_source_watched(source), &self->parker))
        return;
    while (!ti_source_is_woken(source))
        ti_port_park(&self->parker, TI_FOREVER);
}

static bool ti_sources_are_woken(const threading_source_t *sources, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ti_source_is_woken(&sources[i]))
            return true;
    return false;
}

static void ti_sources_doze(const threading_source_t *sources, size_t count, ti_self *self, int64_t deadline)
{
    ti_blocked_on(self, TI_ON_ANY, sources);
    ti_blocked_begin(self, ti_limit_next(self, deadline));
    while (!ti_sources_are_woken(sources, count) && !ti_limit_is_reached(self, deadline))
        ti_port_park(&self->parker, ti_limit_next(self, deadline));
    ti_blocked_end(self);
}

/* Sleep until a source is ready or was for a moment, or until the wait's limit. */
static void ti_sources_sleep(threading_source_t *sources, size_t count, ti_self *self, int64_t deadline)
{
    for (size_t i = 0; i < count; i++)
        ti_source_watch(&sources[i], self);
    if (ti_sources_ready(sources, count) == count)
        ti_sources_doze(sources, count, self, deadline);
    for (size_t i = 0; i < count; i++)
        ti_source_unwatch(&sources[i], self);
}

static threading_status_t ti_wait_any(threading_source_t *sources, size_t count, ti_self *self, int64_t deadline,
                               size_t *index)
{
    for (;;) {
        *index = ti_sources_ready(sources, count);
        if (*index < count)
            return THREADING_OK;
        if (ti_sources_are_stopped(sources, count))
            return THREADING_FINALIZING;
        if (ti_limit_is_reached(self, deadline))
            return ti_limit_status(deadline);
        ti_sources_sleep(sources, count, self, deadline);
    }
}

/* ---- the call ---- */

/* Whether all that is waited for is the calling thread's own end. */
static bool ti_sources_are_self(const threading_source_t *sources, size_t count, const ti_self *self)
{
    for (size_t i = 0; i < count; i++)
        if (self->record == NULL || sources[i].object != self->record)
            return false;
    return true;
}

static bool ti_sources_are_known(const threading_source_t *sources, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!ti_source_is_known(&sources[i]))
            return false;
    return true;
}

threading_status_t threading_wait_any(threading_source_t *sources, size_t count, double seconds,
                                      size_t *index)
{
    bool is_valid = sources != NULL && count > 0 && ti_sources_are_known(sources, count);
    threading_status_t status = is_valid ? ti_deadline_check(seconds) : THREADING_INVALID;
    if (status != THREADING_OK)
        return TI_TELL(sources, status);
    ti_self *self = ti_self_get();
    int64_t deadline = ti_deadline_after(seconds);
    if (ti_limit_is_none(self, deadline) && ti_sources_are_self(sources, count, self)) {
        ti_blocked_on(self, TI_ON_THREAD, self->record);
        return ti_deadlock_refused(self, NULL);
    }
    size_t ready;
    status = ti_wait_any(sources, count, self, deadline, &ready);
    if (status == THREADING_OK && index != NULL)
        *index = ready;
    return status;
}

/* ----------------------------------------------------------------------------- src/core/diagnosis/debug.c */

/*
 * THREADING_DEBUG, a list of words with commas between:
 *
 *   word                      asks for
 *   dump=SECONDS              the watchdog, with that limit
 *   dump=signal               the watchdog, for requests by the keyboard
 *   deadlock, misuse          a handler that tells
 *   order                     the lock-order checker
 *   profile[=FILE]            the profile, written at the end
 *   trace=FILE                the trace, written at the end
 *   fault=memory:N, 1/N       faults on demand, 1/N with a seed that is told, or given: 1/N:SEED
 *   fault=thread:N, 1/N
 *   help                      the list of words
 *
 * It is read in a thread's first call, which may come from the user's malloc. So nothing here allocates,
 * apart from what the system needs for the watchdog's thread.
 */

#if !defined(THREADING_NO_DIAGNOSIS)

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TI_DEBUG_WORD 300     /* bytes of a word, with a file's name */
#define TI_DEBUG_LIST 1024    /* bytes of the variable, where it has to be copied */
#define TI_DEBUG_LINKS 64     /* of a ring that the handler is told of at most */
#define TI_DEBUG_PAUSE 100000 /* nanoseconds between two looks whether another thread has read it */

typedef enum ti_debug_state {
    TI_DEBUG_UNREAD,
    TI_DEBUG_READING,
    TI_DEBUG_READ,
    TI_DEBUG_WRITTEN
} ti_debug_state;

/*
 *   begun                whether locks are watched is decided once, and before all else
 *   state                the rest of the variable is read once
 *   counts               requests by the keyboard are counted
 *   watches, limit       what the watchdog is for
 *   family               the process that it watches; a forked child has none yet
 *   owner                the process that has read the variable
 */
static struct {
    uint32_t begun;
    uint32_t state;
    bool watches;
    bool counts;
    int64_t limit;
    uint32_t family;
    uint32_t owner;
} ti_debug = {.limit = TI_FOREVER};

/* What is written at the end, if it was started, and where: "" is standard error. */
static struct {
    const char *name;
    threading_status_t (*start)(void);
    threading_status_t (*write)(threading_write_t write, void *context);
    bool is_started;
    char file[TI_DEBUG_WORD];
} ti_debug_records[] = {
    {.name = "profile", .start = threading_profile_start, .write = threading_profile_write},
    {.name = "trace", .start = threading_trace_start, .write = threading_trace_write}};

/* ---- what is told ---- */

TI_COLD static void ti_debug_complain(void *unused, const char *text, size_t length)
{
    (void)unused;
    ti_port_complain(text, length);
}

TI_COLD static void ti_debug_tell(const char *words, const char *word)
{
    ti_text text;
    ti_text_begin(&text, ti_debug_complain, NULL);
    ti_text_format(&text, word != NULL ? "threading: %s%n\n" : "threading: %s\n", words, word);
    ti_text_flush(&text);
}

TI_COLD static void ti_debug_help(void)
{
    ti_debug_tell(
        "THREADING_DEBUG is a list of words, with commas between: dump=SECONDS, dump=signal, deadlock, "
        "misuse, order, profile, profile=FILE, trace=FILE, fault=memory:N, fault=memory:1/N, "
        "fault=thread:N, fault=thread:1/N, help",
        NULL);
}

TI_COLD static void ti_debug_misuse(const char *call, const void *object, threading_status_t status,
                                    void *unused)
{
    ti_text text;
    char own_name[TI_TEXT_NAME];
    char name[TI_TEXT_NAME];
    ti_self *self = ti_self_get();
    (void)unused;
    ti_registry_lock(self);
    ti_look_copy_name(own_name, self);
    ti_look_copy_object_name(name, object);
    ti_registry_unlock();
    ti_text_begin(&text, ti_debug_complain, NULL);
    ti_text_format(&text, "threading: %w: %s of %o: %s, %s\n", own_name, self->fast.ident, call,
                   object != NULL ? "an object" : "NULL", name, object, threading_status_name(status),
                   threading_status_message(status));
    ti_text_flush(&text);
}

TI_COLD static void ti_debug_link(ti_text *text, const threading_deadlock_t *link)
{
    char name[TI_TEXT_NAME];
    ti_text_copy_name(name, link->thread_name);
    ti_text_format(text, "    %w, which waits for %o\n", name, link->ident, link->kind, link->object_name,
                   link->object);
}

TI_COLD static void ti_debug_deadlock(const threading_deadlock_t *links, size_t count, void *unused)
{
    ti_text text;
    (void)unused;
    ti_text_begin(&text, ti_debug_complain, NULL);
    ti_text_format(
        &text,
        count == 1
            ? "threading: deadlock of one thread, which waits for what can never come, and is refused:\n"
            : "threading: deadlock of %u threads%s, each waits for the next; the first one is refused:\n",
        (uint32_t)count, count == TI_DEBUG_LINKS ? " or more" : "");
    for (size_t i = 0; i < count; i++)
        ti_debug_link(&text, &links[i]);
    ti_text_flush(&text);
}

/* ---- numbers ---- */

/* Digits up to the end or to `stop`; *text goes behind them. 0: there is no such number, or it is too large.
 * */
TI_COLD static uint32_t ti_debug_number(const char **text)
{
    uint64_t number = 0;
    for (; **text >= '0' && **text <= '9' && number <= UINT32_MAX; ++*text)
        number = number * 10 + (uint64_t)(**text - '0');
    return number <= UINT32_MAX ? (uint32_t)number : 0;
}

/* Seconds with a decimal point at most, whatever the locale is. 0: it is no such number. */
TI_COLD static int64_t ti_debug_seconds(const char *text)
{
    bool is_large = *text >= '1';
    int64_t nanoseconds = (int64_t)ti_debug_number(&text) * 1000000000;
    if (is_large && nanoseconds == 0)
        return 0;
    if (*text == '.')
        for (int64_t digit = 100000000; *++text >= '0' && *text <= '9'; digit /= 10)
            nanoseconds += digit * (*text - '0');
    return *text == '\0' ? nanoseconds : 0;
}

/* ---- the words ---- */

TI_COLD static bool ti_debug_dump(const char *value)
{
    if (strcmp(value, "signal") == 0) {
        ti_debug.counts = ti_port_count_requests();
        ti_debug.watches = ti_debug.watches || ti_debug.counts;
        if (!ti_debug.counts)
            ti_debug_tell("dump=signal: there is no such signal here, or the program uses it", NULL);
        return true;
    }
    int64_t limit = ti_debug_seconds(value);
    if (limit == 0)
        return false;
    ti_debug.watches = true;
    ti_debug.limit = limit;
    return true;
}

TI_COLD static void ti_debug_tell_seed(uint32_t n, uint32_t seed)
{
    ti_text text;
    ti_text_begin(&text, ti_debug_complain, NULL);
    ti_text_format(&text, "threading: one in %u fails, by the seed %u: 1/%u:%u fails the same ones\n", n,
                   seed, n, seed);
    ti_text_flush(&text);
}

/* "N", "1/N" or "1/N:SEED". */
TI_COLD static bool ti_debug_fault_in(ti_fault fault, const char *value)
{
    uint32_t seed = 0;
    bool is_right = true;
    uint32_t n = ti_debug_number(&value);
    if (n == 1 && *value == '/') {
        value++;
        n = ti_debug_number(&value);
        seed = (uint32_t)ti_port_now() | 1;
        if (*value == ':') {
            value++;
            seed = ti_debug_number(&value);
            is_right = seed != 0;
        }
    }
    if (n == 0 || !is_right || *value != '\0')
        return false;
    if (seed != 0)
        ti_debug_tell_seed(n, seed);
    ti_faults_ask(fault, n, seed);
    return true;
}

TI_COLD static bool ti_debug_fault(const char *value)
{
    bool is_memory = strncmp(value, "memory:", 7) == 0;
    bool is_thread = strncmp(value, "thread:", 7) == 0;
    return (is_memory || is_thread) &&
           ti_debug_fault_in(is_memory ? TI_FAULT_MEMORY : TI_FAULT_THREAD, value + 7);
}

/* A record, 0 or 1, for a file whose name is shorter than a word. */
TI_COLD static bool ti_debug_record(size_t i, const char *file)
{
    memcpy(ti_debug_records[i].file, file, strlen(file) + 1);
    ti_debug_records[i].is_started = ti_debug_records[i].start() == THREADING_OK;
    if (!ti_debug_records[i].is_started)
        ti_debug_tell("there is no memory for ", ti_debug_records[i].name);
    return true;
}

TI_COLD static bool ti_debug_profile(const char *value)
{
    return ti_debug_record(0, value);
}

TI_COLD static bool ti_debug_trace(const char *value)
{
    return *value != '\0' && ti_debug_record(1, value);
}

/* The value that follows "name=", or "" for the name alone; NULL: it is another word. */
TI_COLD static const char *ti_debug_value(const char *word, const char *name)
{
    size_t length = strlen(name);
    if (strncmp(word, name, length) != 0)
        return NULL;
    if (word[length] == '=')
        return word + length + 1;
    return word[length] == '\0' ? word + length : NULL;
}

/* False: nobody knows it. */
TI_COLD static bool ti_debug_obey(const char *word)
{
    static const struct {
        const char *name;
        bool (*obey)(const char *value);
    } with_value[] = {{"dump", ti_debug_dump},
                      {"fault", ti_debug_fault},
                      {"profile", ti_debug_profile},
                      {"trace", ti_debug_trace}};
    for (size_t i = 0; i < sizeof with_value / sizeof *with_value; i++) {
        const char *value = ti_debug_value(word, with_value[i].name);
        if (value != NULL)
            return with_value[i].obey(value);
    }
    if (strcmp(word, "deadlock") == 0)
        return threading_set_deadlock_handler(ti_debug_deadlock, NULL) == THREADING_OK;
    if (strcmp(word, "misuse") == 0)
        return threading_set_misuse_handler(ti_debug_misuse, NULL) == THREADING_OK;
    if (strcmp(word, "help") == 0)
        ti_debug_help();
    return *word == '\0' || strcmp(word, "help") == 0 ||
           strcmp(word, "order") == 0; /* ti_debug_begin has begun it */
}

/* The next word is copied, without blanks before it. Of one that is too long the beginning is copied, and
 * *is_whole is false. */
TI_COLD static const char *ti_debug_next(const char *list, char word[TI_DEBUG_WORD], bool *is_whole)
{
    list += strspn(list, " ");
    size_t length = strcspn(list, ",");
    size_t fits = length < TI_DEBUG_WORD ? length : TI_DEBUG_WORD - 1;
    memcpy(word, list, fits);
    word[fits] = '\0';
    *is_whole = fits == length;
    return list[length] == ',' ? list + length + 1 : list + length;
}

TI_COLD static void ti_debug_read(const char *list)
{
    char word[TI_DEBUG_WORD];
    bool has_told = false;
    bool is_whole;
    while (*list != '\0') {
        list = ti_debug_next(list, word, &is_whole);
        if (is_whole && ti_debug_obey(word))
            continue;
        ti_debug_tell("THREADING_DEBUG has a word that is not known, or has a wrong value: ", word);
        if (!has_told)
            ti_debug_help();
        has_told = true;
    }
}

/* ---- when ---- */

/* A number of this process. */
TI_COLD static uint32_t ti_debug_process(void)
{
    return ti_phase_family + 1;
}

TI_COLD static void ti_debug_begin_order(const char *list)
{
    char word[TI_DEBUG_WORD];
    bool is_whole;
    while (*list != '\0') {
        list = ti_debug_next(list, word, &is_whole);
        if (strcmp(word, "order") == 0 && !ti_order_start(ti_debug_complain, NULL))
            ti_debug_tell("there is no memory for ", word);
    }
}

static TI_COLD void ti_debug_begin(void)
{
    if (ti_swap_acquire(&ti_debug.begun, TI_DEBUG_UNREAD, TI_DEBUG_READING)) {
        char room[TI_DEBUG_LIST];
        const char *list = ti_port_environment("THREADING_DEBUG", room, sizeof room);
        if (list != NULL)
            ti_debug_begin_order(list);
        ti_store_release(&ti_debug.begun, TI_DEBUG_READ);
    }
    while (ti_load_acquire(&ti_debug.begun) != TI_DEBUG_READ)
        ti_port_sleep(ti_port_now() + TI_DEBUG_PAUSE);
}

static TI_COLD void ti_debug_end(void)
{
    ti_order_stop();
    ti_store_release(&ti_debug.begun, TI_DEBUG_UNREAD);
}

static TI_COLD void ti_debug_forked(void)
{
    (void)ti_swap_acquire(&ti_debug.begun, TI_DEBUG_READING, TI_DEBUG_UNREAD);
    (void)ti_swap_acquire(&ti_debug.state, TI_DEBUG_READING, TI_DEBUG_UNREAD);
}

/* The threads of a process that forked are not in the child. */
TI_COLD static void ti_debug_watch(void)
{
    uint32_t before = ti_load_relaxed(&ti_debug.family); /* relaxed: the swap decides */
    /* The swap: of two threads that start their first threads at once, one starts the watchdog. */
    if (!ti_debug.watches || before == ti_debug_process() ||
        !ti_swap_acquire(&ti_debug.family, before, ti_debug_process()))
        return;
    if (ti_debug.counts)
        (void)ti_port_count_requests(); /* a child has given that up */
    if (!ti_watchdog_start(ti_debug.limit, ti_debug_complain, NULL))
        ti_debug_tell("there is no thread to be had for dump", NULL);
}

static TI_COLD void ti_debug_start(void)
{
    if (ti_swap_acquire(&ti_debug.state, TI_DEBUG_UNREAD, TI_DEBUG_READING)) {
        ti_debug.owner = ti_debug_process();
        char room[TI_DEBUG_LIST];
        const char *list = ti_port_environment("THREADING_DEBUG", room, sizeof room);
        if (list != NULL)
            ti_debug_read(list);
        ti_store_release(&ti_debug.state, TI_DEBUG_READ);
    }
    if (ti_load_acquire(&ti_debug.state) == TI_DEBUG_READ)
        ti_debug_watch();
}

TI_COLD static void ti_debug_to_file(void *file, const char *text, size_t length)
{
    (void)fwrite(text, 1, length, (FILE *)file); /* ferror() tells in the end */
}

TI_COLD static void ti_debug_write(threading_status_t (*write)(threading_write_t write, void *context),
                                   const char *name)
{
    FILE *file = *name != '\0' ? fopen(name, "w") : NULL;
    bool is_written = true;
    if (*name == '\0')
        (void)write(ti_debug_complain, NULL); /* fails for no function that is given */
    else if (file != NULL) {
        (void)write(ti_debug_to_file, file);
        is_written = ferror(file) == 0;
    }
    bool is_closed = file == NULL || fclose(file) == 0;
    if ((*name != '\0' && file == NULL) || !is_written || !is_closed)
        ti_debug_tell("cannot write all to ", name);
}

static TI_COLD void ti_debug_at_exit(void)
{
    if (ti_debug.owner != ti_debug_process())
        return; /* a forked child: the files are its parent's */
    if (!ti_swap_acquire(&ti_debug.state, TI_DEBUG_READ, TI_DEBUG_WRITTEN))
        return; /* the process's exit comes here twice: hooks.c */
    for (size_t i = 0; i < sizeof ti_debug_records / sizeof *ti_debug_records; i++)
        if (ti_debug_records[i].is_started)
            ti_debug_write(ti_debug_records[i].write, ti_debug_records[i].file);
}

#endif

/* ------------------------------------------------------------------------------ src/core/diagnosis/dump.c */

/*
 * The dump: what every thread does, as text. look.h says how it looks at them.
 *
 * What is written is put together while nothing is locked, out of what was copied. So the user's function may
 * do what it likes; another dump in it is refused, since one at a time is enough.
 */

#if !defined(THREADING_NO_DIAGNOSIS)

#define TI_DUMP_READERS 8 /* of an RWLock that are named */

static uint32_t ti_dump_is_under_way;

/* ---- parts of a line ---- */

static TI_COLD const char *ti_dump_purpose(ti_on on)
{
    switch (on) {
    case TI_ON_READ:
        return ", to read";
    case TI_ON_WRITE:
        return ", to write";
    case TI_ON_GET:
        return ", for an item";
    case TI_ON_PUT:
    case TI_ON_ROOM:
        return ", for room";
    case TI_ON_TASKS:
        return ", for all items to be done";
    case TI_ON_WORK:
        return ", for a task";
    case TI_ON_MAP:
        return ", for the items of a map";
    case TI_ON_LOOP:
        return ", for the pieces of a loop";
    case TI_ON_GROUP:
        return ", for its tasks";
    default:
        return "";
    }
}

/* What it is that a thread does in a wait for no object; NULL: it waits for one. */
TI_COLD static const char *ti_dump_state(ti_on on)
{
    switch (on) {
    case TI_ON_SLEEP:
        return "sleeps";
    case TI_ON_TIMER:
        return "waits until its Timer is due";
    case TI_ON_EXIT:
        return "waits for the end of the process";
    case TI_ON_ANY:
        return "waits for any of several";
    default:
        return NULL;
    }
}

TI_COLD static void ti_dump_what(ti_text *text, const ti_look *look)
{
    ti_on on = look->view.on;
    const char *state = ti_dump_state(on);
    if (state != NULL)
        ti_text_format(text, "%s", state);
    else
        ti_text_format(text, "waits for %o%s", ti_look_kind(on), look->object_name, look->view.object,
                       ti_dump_purpose(on));
    if (look->parties != 0)
        ti_text_format(text, ", %u of %u there", look->arrived, look->parties);
}

TI_COLD static void ti_dump_time(ti_text *text, const ti_look *look, int64_t now)
{
    ti_text_format(text, ", for %t", now - look->view.since);
    if (look->view.until != TI_FOREVER)
        ti_text_format(text, ", for %t more at most", look->view.until - now);
}

TI_COLD static void ti_dump_readers(ti_text *text, const void *rwlock)
{
    char name[TI_TEXT_NAME];
    uint32_t ident = 0;
    for (size_t count = 0; (ident = ti_look_for_reader(name, rwlock, ident)) != 0; count++) {
        if (count == TI_DUMP_READERS) {
            ti_text_format(text, ", and others");
            return;
        }
        ti_text_format(text, count == 0 ? "; read by %w" : ", %w", name, ident);
    }
}

TI_COLD static void ti_dump_holder(ti_text *text, const ti_look *look)
{
    bool is_of_readers = look->view.on == TI_ON_READ || look->view.on == TI_ON_WRITE;
    if (look->is_notified)
        ti_text_format(text, "; notified, and waits for its lock");
    if (look->is_unclear)
        ti_text_format(text, "; cannot look who has it: a guard of the library stays locked");
    if (look->holder == 0 && is_of_readers)
        ti_dump_readers(text, look->view.object);
    if (look->holder == 0)
        return;
    ti_text_format(text, look->view.on == TI_ON_THREAD ? "; that is " : "; held by ");
    if (look->holder_is_gone)
        ti_text_format(text, "a thread that has ended (%u)", look->holder);
    else
        ti_text_format(text, "%w", look->holder_name, look->holder);
}

/* ---- a thread ---- */

/* `format` is of a line, with an object and how many wait for it, which not every line tells. */
TI_COLD static void ti_dump_objects(ti_text *text, const ti_look_object *objects, size_t count,
                                    const char *format)
{
    for (size_t i = 0; i < count && i < TI_LOOK_OBJECTS; i++)
        ti_text_format(text, format, objects[i].kind, objects[i].name, objects[i].object, objects[i].count);
    if (count > TI_LOOK_OBJECTS)
        ti_text_format(text, "        and %u more\n", (uint32_t)(count - TI_LOOK_OBJECTS));
}

TI_COLD static void ti_dump_wait(ti_text *text, const ti_look *look, int64_t now)
{
    ti_text_format(text, "    ");
    if (look->view.on == TI_ON_NOTHING) {
        ti_text_format(text, "runs\n");
        return;
    }
    ti_dump_what(text, look);
    ti_dump_time(text, look, now);
    ti_dump_holder(text, look);
    ti_text_format(text, "\n");
}

TI_COLD static void ti_dump_thread(ti_text *text, const ti_look *look, uint32_t search)
{
    ti_look_object objects[TI_LOOK_OBJECTS];
    int64_t now = ti_port_now();
    ti_text_format(text, "Thread %w, ", look->name, look->ident);
    if (look->native_id != 0)
        ti_text_format(text, "native %U, ", look->native_id);
    ti_text_format(text, "%sknown for %t\n",
                   look->is_foreign  ? "not started here, "
                   : look->is_daemon ? "daemon, "
                                     : "",
                   now - look->began);
    ti_dump_wait(text, look, now);
    if (look->view.on == TI_ON_ANY)
        ti_dump_objects(text, objects, ti_look_for_sources(objects, look->ident), "        %o\n");
    ti_dump_objects(text, objects, ti_look_for_reads(objects, look->ident), "    has %o\n");
    if (look->awaited >= search)
        ti_dump_objects(text, objects, ti_look_for_held(objects, look->ident),
                        "    has %o, waited for by %u\n");
}

/* False: not all could be looked at. */
TI_COLD static bool ti_dump_threads(ti_text *text, uint32_t search, uint32_t *count)
{
    ti_look look;
    bool is_stuck;
    for (uint32_t ident = 0; ti_look_at_next(&look, ident, &is_stuck); ident = look.ident) {
        ti_dump_thread(text, &look, search);
        ++*count;
    }
    if (is_stuck)
        ti_text_format(text, "cannot look at more threads: the guard of their list stays locked\n");
    return !is_stuck;
}

/* ---- rings ---- */

TI_COLD static void ti_dump_link(ti_text *text, uint32_t ident, bool is_first)
{
    ti_look look;
    bool is_stuck;
    ti_text_format(text, is_first ? "    " : "    which is held by ");
    if (!ti_look_at_next(&look, ident - 1, &is_stuck) || look.ident != ident) {
        ti_text_format(text, "a thread that has ended meanwhile (%u)", ident);
    } else {
        ti_text_format(text, "%w, which ", look.name, ident);
        ti_dump_what(text, &look);
    }
    ti_text_format(text, ",\n");
}

TI_COLD static const char *ti_dump_plural(size_t count)
{
    return count == 1 ? "" : "s";
}

TI_COLD static void ti_dump_ring(ti_text *text, const ti_ring *ring)
{
    ti_text_format(text, "%sdeadlock of %u thread%s:\n", ring->is_proved ? "" : "possible ",
                   (uint32_t)ring->count, ti_dump_plural(ring->count));
    for (size_t i = 0; i < ring->count && i < TI_RING_MOST; i++)
        ti_dump_link(text, ring->idents[i], i == 0);
    ti_text_format(text, ring->count > TI_RING_MOST ? "    and so on\n" : "    which is held by the first\n");
}

TI_COLD static void ti_dump_rings(ti_text *text)
{
    ti_ring ring;
    uint32_t search = ti_ring_search();
    for (uint32_t ident = 0; ti_ring_next(&ring, search, &ident);)
        ti_dump_ring(text, &ring);
}

/* Mark the threads that have what others wait for, so that only those are looked at for it. */
TI_COLD static uint32_t ti_dump_mark_awaited(void)
{
    ti_ring ring;
    uint32_t search = ti_ring_search();
    for (uint32_t ident = 0; ti_ring_next(&ring, search, &ident);)
        continue;
    return search;
}

/* ---- the call ---- */

TI_COLD static bool ti_dump_begin(void)
{
    return ti_swap_acquire(&ti_dump_is_under_way, 0, 1);
}

static TI_COLD void ti_dump_reset(void)
{
    ti_store_release(&ti_dump_is_under_way, 0);
}

TI_COLD threading_status_t threading_dump(threading_write_t write, void *context)
{
    ti_text text;
    uint32_t count = 0;
    if (write == NULL)
        return TI_TELL(NULL, THREADING_INVALID);
    if (!ti_dump_begin())
        return THREADING_BUSY;
    ti_text_begin(&text, write, context);
    ti_text_format(&text, "threading %s, %s: all threads\n", threading_version(), threading_backend());
    bool is_whole = ti_dump_threads(&text, ti_dump_mark_awaited(), &count);
    ti_dump_rings(&text);
    ti_text_format(&text, "%u thread%s\n", count, ti_dump_plural(count));
    ti_text_flush(&text);
    ti_store_release(&ti_dump_is_under_way, 0);
    return is_whole ? THREADING_OK : THREADING_BUSY;
}

#endif

/* -------------------------------------------------------------------------- src/core/diagnosis/handlers.c */

/*
 * The user's handlers: who is told of a misuse (misuse.h), and of a wait that is refused (deadlock.h).
 *
 * A handler runs in the thread that is about to be told the status, which then holds nothing of the
 * library's. So it may call the library; of what it does itself no handler is told.
 */

#if !defined(THREADING_NO_DIAGNOSIS)

/* Both under the registry's guard. */
static struct {
    threading_misuse_handler_t function;
    void *arg;
} ti_misuse_handler;

static struct {
    threading_deadlock_handler_t function;
    void *arg;
} ti_deadlock_handler;

/* ---- misuse ---- */

TI_COLD static void ti_misuse_handle(const char *call, const void *object, threading_status_t status)
{
    ti_port_errors errors = ti_port_errors_keep();
    ti_self *self = ti_self_get();
    ti_registry_lock(self);
    threading_misuse_handler_t handler = ti_misuse_handler.function;
    void *arg = ti_misuse_handler.arg;
    ti_registry_unlock();
    if (handler != NULL && !self->is_telling) {
        self->is_telling = true;
        handler(call, object, status, arg);
        self->is_telling = false;
    }
    ti_port_errors_restore(errors);
}

TI_COLD threading_status_t threading_set_misuse_handler(threading_misuse_handler_t handler, void *arg)
{
    ti_registry_lock(ti_self_get());
    ti_misuse_handler.function = handler;
    ti_misuse_handler.arg = arg;
    ti_misuse_tell_to(handler != NULL ? ti_misuse_handle : NULL);
    ti_registry_unlock();
    return THREADING_OK;
}

/* ---- a ring, put together under the registry's guard ---- */

#define TI_LINKS 64
#define TI_LINK_NAMES 2048 /* bytes for the names of all objects: it is on the stack, which may be small */
#define TI_LINK_TRIES 100
#define TI_LINK_PAUSE 100000 /* nanoseconds: that thread goes back to sleep meanwhile */

typedef struct ti_links {
    threading_deadlock_t links[TI_LINKS];
    size_t count;
    char names[TI_LINK_NAMES];
} ti_links;

/* A name that was read stays as long as the thread's object. */
TI_COLD static const char *ti_links_thread_name(const threading_thread_t *thread)
{
    if (thread == NULL)
        return "foreign";
    thread->name->was_read = true;
    return thread->name->text;
}

/* The note of a thread whose wait is published may be read: it stays until the wait is over. */
TI_COLD static void ti_links_add(ti_links *links, const ti_self *self)
{
    links->links[links->count++] = (threading_deadlock_t){
        .thread = self->record,
        .thread_name = ti_links_thread_name(self->record),
        .object = self->blocked.object,
        .kind = ti_look_kind((ti_on)self->blocked.on),
        .ident = self->fast.ident,
    };
}

/* False: a thread of the ring was woken by chance, and looks just now whether it has to wait on. */
TI_COLD static bool ti_links_collect(ti_links *links, const ti_self *self, const uint32_t *word)
{
    links->count = 0;
    ti_links_add(links, self);
    for (const ti_self *other; word != NULL && links->count < TI_LINKS; word = other->proof.word) {
        other = ti_deadlock_awaited(ti_load_relaxed(word)); /* relaxed: deadlock.h says why */
        if (other == NULL || other == self)
            return true;
        if (other->proof.word == NULL)
            return false;
        ti_links_add(links, other);
    }
    return true;
}

/* Other threads may take the objects' names away: so they are copied, each as much as there is room for if
 * those behind it get as much. */
TI_COLD static void ti_links_copy_names(ti_links *links)
{
    char *name = links->names;
    for (size_t i = 0; i < links->count; i++) {
        size_t room = (size_t)(links->names + sizeof links->names - name) / (links->count - i);
        if (room > TI_TEXT_NAME)
            room = TI_TEXT_NAME;
        size_t length = ti_names_copy(links->links[i].object, name, room);
        links->links[i].object_name = name;
        name += length < room ? length + 1 : room;
    }
}

/* The ring is still there: only the calling thread could have ended it. */
TI_COLD static void ti_links_take(ti_links *links, ti_self *self, const uint32_t *word)
{
    ti_registry_lock(self);
    for (int tries = TI_LINK_TRIES; !ti_links_collect(links, self, word) && tries > 0; tries--) {
        ti_registry_unlock();
        ti_port_sleep(ti_port_now() + TI_LINK_PAUSE);
        ti_registry_lock(self);
    }
    ti_links_copy_names(links);
    for (size_t i = 0; i < links->count; i++)
        (void)threading_thread_retain(links->links[i].thread);
    ti_registry_unlock();
}

TI_COLD static void ti_links_give_back(const ti_links *links)
{
    for (size_t i = 0; i < links->count; i++)
        threading_thread_free(links->links[i].thread);
}

/* ---- deadlock ---- */

TI_COLD static void ti_deadlock_tell(ti_self *self, const ti_links *links)
{
    ti_registry_lock(self);
    threading_deadlock_handler_t handler = ti_deadlock_handler.function;
    void *arg = ti_deadlock_handler.arg;
    ti_registry_unlock();
    if (handler != NULL)
        handler(links->links, links->count, arg);
}

TI_COLD static void ti_deadlock_handle(ti_self *self, const uint32_t *word)
{
    ti_links links;
    if (self->is_telling)
        return;
    ti_port_errors errors = ti_port_errors_keep();
    self->is_telling = true;
    ti_links_take(&links, self, word);
    ti_deadlock_tell(self, &links);
    ti_links_give_back(&links);
    self->is_telling = false;
    ti_port_errors_restore(errors);
}

TI_COLD threading_status_t threading_set_deadlock_handler(threading_deadlock_handler_t handler, void *arg)
{
    ti_registry_lock(ti_self_get());
    ti_deadlock_handler.function = handler;
    ti_deadlock_handler.arg = arg;
    ti_deadlock_tell_to(handler != NULL ? ti_deadlock_handle : NULL);
    ti_registry_unlock();
    return THREADING_OK;
}

#endif

/* ------------------------------------------------------------------------------ src/core/diagnosis/look.c */

#if !defined(THREADING_NO_DIAGNOSIS)

static const char *const ti_look_kinds[TI_ON_COUNT] = {
    [TI_ON_NOTHING] = "",
    [TI_ON_LOCK] = "Lock",
    [TI_ON_RLOCK] = "RLock",
    [TI_ON_OWN] = "RLock of Condition",
    [TI_ON_CONDITION] = "Condition",
    [TI_ON_SEMAPHORE] = "Semaphore",
    [TI_ON_BOUNDED_SEMAPHORE] = "BoundedSemaphore",
    [TI_ON_EVENT] = "Event",
    [TI_ON_BARRIER] = "Barrier",
    [TI_ON_ONCE] = "Once",
    [TI_ON_READ] = "RWLock",
    [TI_ON_WRITE] = "RWLock",
    [TI_ON_THREAD] = "Thread",
    [TI_ON_TIMER] = "Timer",
    [TI_ON_SLEEP] = "sleep",
    [TI_ON_GET] = "Queue",
    [TI_ON_PUT] = "Queue",
    [TI_ON_TASKS] = "Queue",
    [TI_ON_FUTURE] = "Future",
    [TI_ON_ANY] = "wait_any",
    [TI_ON_MAP] = "Executor",
    [TI_ON_LOOP] = "Executor",
    [TI_ON_GROUP] = "Group",
    [TI_ON_WORK] = "Executor",
    [TI_ON_ROOM] = "Executor",
    [TI_ON_INSIDE] = "lock inside",
    [TI_ON_EXIT] = "exit",
};

static TI_COLD const char *ti_look_kind(ti_on on)
{
    return ti_look_kinds[on];
}

/* ---- names ---- */

static TI_COLD void ti_look_copy_name(char name[TI_TEXT_NAME], const ti_self *self)
{
    ti_text_copy_name(name, self->record != NULL ? self->record->name->text : "foreign");
}

static TI_COLD void ti_look_copy_object_name(char name[TI_TEXT_NAME], const void *object)
{
    const char *found = object != NULL ? ti_names_find(object) : NULL;
    ti_text_copy_name(name, found != NULL ? found : "");
}

/* A Thread has its own name, if it has no other. The caller is certain that it is there. */
TI_COLD TI_NOINLINE static void ti_look_copy_thread_name(ti_look *look)
{
    if (look->object_name[0] == '\0')
        ti_text_copy_name(look->object_name, ((const threading_thread_t *)look->view.object)->name->text);
}

/* ---- who has it ---- */

/* Whether the word at which a waiter stands holds an ident, in the end. */
TI_COLD static bool ti_look_has_ident(uint32_t kind, ti_on on)
{
    return kind == TI_LOCKERS || kind == TI_RW_LOCKERS ||
           (kind == TI_OBSERVERS && (on == TI_ON_ONCE || on == TI_ON_FUTURE || on == TI_ON_MAP ||
                                     on == TI_ON_LOOP || on == TI_ON_GROUP));
}

TI_COLD static uint32_t ti_look_at_word(const uint32_t *word)
{
    uint32_t value = ti_load_relaxed(word); /* relaxed: a momentary answer */
    return value < TI_IDENT_LIMIT ? value : 0;
}

/* Under the guard of the bucket, in whose queue the waiter stands. */
TI_COLD static uint32_t ti_look_in_queue(ti_look *look, const ti_waiter *waiter)
{
    const void *address = (const void *)ti_load_pointer_relaxed(&waiter->address);
    look->is_notified = look->view.on == TI_ON_CONDITION && waiter->kind == TI_LOCKERS;
    if (look->view.on == TI_ON_BARRIER) {
        look->parties = (uint32_t)((const threading_barrier_t *)address)->parties;
        look->arrived = (uint32_t)((const threading_barrier_t *)address)->arrived;
    }
    if (look->view.on == TI_ON_THREAD) {
        ti_look_copy_thread_name(look);
        return ti_look_at_word(&((const threading_thread_t *)look->view.object)->ident);
    }
    return ti_look_has_ident(waiter->kind, look->view.on) ? ti_look_at_word((const uint32_t *)address) : 0;
}

/* The waiter may leave, or move to another queue, until its bucket's guard is held. */
TI_COLD static uint32_t ti_look_by_queue(ti_look *look, const ti_self *self)
{
    const void *address = (const void *)ti_load_pointer_relaxed(&self->waiter.address);
    if (address == NULL)
        return 0;
    ti_bucket *bucket = ti_parking_bucket(address);
    look->is_unclear = !ti_guard_lock_for_a_while(&bucket->guard);
    if (look->is_unclear)
        return 0;
    bool is_there =
        ti_parking_is_queued(&self->waiter, address) && ti_blocked_read(self).version == look->view.version;
    uint32_t holder = is_there ? ti_look_in_queue(look, &self->waiter) : 0;
    ti_guard_unlock(&bucket->guard);
    return holder;
}

static TI_COLD uint32_t ti_look_for_holder(ti_look *look, const ti_self *self)
{
    if (look->view.on == TI_ON_NOTHING)
        return 0;
    if (self->proof.word == NULL)
        return ti_look_by_queue(look, self);
    if (look->view.on == TI_ON_THREAD)
        ti_look_copy_thread_name(look);
    uint32_t holder = ti_look_at_word(self->proof.word);
    return holder != self->fast.ident ? holder : 0; /* else it was just given to the sleeper */
}

/* ---- a thread ---- */

TI_COLD static void ti_look_at_record(ti_look *look, const threading_thread_t *record)
{
    /* Acquire: pairs with the change to RUNNING, for the native id. */
    bool has_native_id = ti_load_acquire(&record->state) >= TI_RUNNING;
    look->is_daemon = threading_thread_daemon(record);
    look->is_foreign = record->kind == TI_DUMMY;
    if (record == ti_roll_main())
        look->native_id = ti_port_main_native_id();
    else
        look->native_id = has_native_id ? record->native_id : 0;
}

TI_COLD static void ti_look_at_holder(ti_look *look, const ti_self *self)
{
    look->holder = ti_look_for_holder(look, self);
    if (look->holder == 0)
        return;
    const ti_self *holder = ti_registry_find(look->holder);
    look->holder_is_gone = holder == NULL;
    if (holder != NULL)
        ti_look_copy_name(look->holder_name, holder);
}

static TI_COLD void ti_look_at(ti_look *look, const ti_self *self)
{
    *look = (ti_look){.ident = self->fast.ident, .native_id = self->native_id, .began = self->began};
    look->awaited = self->blocked.awaited;
    look->is_foreign = self->record == NULL;
    if (self->record != NULL)
        ti_look_at_record(look, self->record);
    ti_look_copy_name(look->name, self);
    look->view = ti_blocked_read(self);
    ti_look_copy_object_name(look->object_name, look->view.object);
    ti_look_at_holder(look, self);
}

static TI_COLD bool ti_look_at_next(ti_look *look, uint32_t ident, bool *is_stuck)
{
    *is_stuck = !ti_registry_lock_for_a_while();
    if (*is_stuck)
        return false;
    const ti_self *self = ti_registry_after(ident);
    if (self != NULL)
        ti_look_at(look, self);
    ti_registry_unlock();
    return self != NULL;
}

/* ---- what a thread has, and what it waits for at once ---- */

/* What is looked for among all who wait. */
typedef struct ti_look_search {
    ti_look_object *objects;
    size_t count;
    uint32_t ident;
} ti_look_search;

TI_COLD static void ti_look_found(ti_look_search *search, const void *object, const char *kind,
                                  uint32_t count)
{
    if (search->count < TI_LOOK_OBJECTS) {
        ti_look_object *found = &search->objects[search->count];
        found->object = object;
        found->kind = kind;
        found->count = count;
        ti_look_copy_object_name(found->name, object);
    }
    search->count++;
}

/* Whether what is waited for is had as a whole, not only the lock inside of it. */
TI_COLD static bool ti_look_is_whole(ti_on on)
{
    return on != TI_ON_NOTHING && on != TI_ON_CONDITION && on != TI_ON_GET && on != TI_ON_PUT &&
           on != TI_ON_TASKS;
}

/* Under the bucket's guard: the waiter of something that the thread has. */
TI_COLD static void ti_look_if_held(ti_look_search *search, const ti_waiter *waiter)
{
    const uint32_t *word = (const uint32_t *)ti_load_pointer_relaxed(&waiter->address);
    ti_blocked_view view = ti_blocked_read(ti_self_of(waiter));
    if (!ti_look_is_whole(view.on) || !ti_look_has_ident(waiter->kind, view.on) ||
        ti_look_at_word(word) != search->ident)
        return;
    for (size_t i = 0; i < search->count && i < TI_LOOK_OBJECTS; i++)
        if (search->objects[i].object == view.object) {
            search->objects[i].count++;
            return;
        }
    ti_look_found(search, view.object, ti_look_kind(view.on), 1);
}

TI_COLD static const char *ti_look_source_kind(const threading_source_t *source)
{
    static const char *const kinds[] = {"Thread",           "Event", "Semaphore",
                                        "BoundedSemaphore", "Queue", "Future"};
    return kinds[source->kind - THREADING_SOURCE_KIND_THREAD];
}

/* Under the bucket's guard: a watcher that is the thread's. It is a part of its source. */
TI_COLD static void ti_look_if_watched(ti_look_search *search, const ti_waiter *waiter)
{
    if (waiter->kind != TI_WATCHERS || ti_self_of(waiter)->fast.ident != search->ident)
        return;
    const char *memory = (const char *)waiter - offsetof(threading_source_t, waiter);
    const threading_source_t *source = (const threading_source_t *)(const void *)memory;
    ti_look_found(search, source->object, ti_look_source_kind(source), 1);
}

TI_COLD static void ti_look_through_bucket(ti_bucket *bucket,
                                           void (*look)(ti_look_search *, const ti_waiter *),
                                           ti_look_search *search)
{
    if (!ti_parking_may_be_awaited(bucket) || !ti_guard_lock_for_a_while(&bucket->guard))
        return;
    for (const ti_waiter *waiter = bucket->first; waiter != NULL; waiter = waiter->next)
        look(search, waiter);
    ti_guard_unlock(&bucket->guard);
}

TI_COLD static size_t ti_look_through(void (*look)(ti_look_search *, const ti_waiter *),
                                      ti_look_object *objects, uint32_t ident)
{
    ti_look_search search = {objects, 0, ident};
    if (!ti_registry_lock_for_a_while())
        return 0;
    for (size_t i = 0; i < sizeof threading_buckets / sizeof *threading_buckets; i++)
        ti_look_through_bucket(&threading_buckets[i], look, &search);
    ti_registry_unlock();
    return search.count;
}

/* ---- readers: each thread has notes of what it reads (reading.h), which are atomic ---- */

TI_COLD static bool ti_look_reads(const ti_self *self, const void *rwlock)
{
    for (size_t i = 0; i < TI_READS_KNOWN; i++) {
        const ti_reading *reading = &self->readings.known[i];
        if (ti_load_acquire(&reading->levels) > 0 &&
            ti_load_pointer_relaxed(&reading->rwlock) == (uintptr_t)rwlock)
            return true;
    }
    return false;
}

static TI_COLD uint32_t ti_look_for_reader(char name[TI_TEXT_NAME], const void *rwlock, uint32_t ident)
{
    if (!ti_registry_lock_for_a_while())
        return 0;
    const ti_self *self = ti_registry_after(ident);
    while (self != NULL && !ti_look_reads(self, rwlock))
        self = ti_registry_after(self->fast.ident);
    uint32_t found = self != NULL ? self->fast.ident : 0;
    if (self != NULL)
        ti_look_copy_name(name, self);
    ti_registry_unlock();
    return found;
}

static TI_COLD size_t ti_look_for_reads(ti_look_object *objects, uint32_t ident)
{
    ti_look_search search = {objects, 0, ident};
    if (!ti_registry_lock_for_a_while())
        return 0;
    const ti_self *self = ti_registry_find(ident);
    for (size_t i = 0; self != NULL && i < TI_READS_KNOWN; i++) {
        const ti_reading *reading = &self->readings.known[i];
        if (ti_load_acquire(&reading->levels) > 0) /* acquire: for which lock it is */
            ti_look_found(&search, (const void *)ti_load_pointer_relaxed(&reading->rwlock),
                          "RWLock, to read,", 0);
    }
    ti_registry_unlock();
    return search.count;
}

/* ---- what waits ---- */

static TI_COLD size_t ti_look_for_held(ti_look_object *objects, uint32_t ident)
{
    return ti_look_through(ti_look_if_held, objects, ident);
}

static TI_COLD size_t ti_look_for_sources(ti_look_object *objects, uint32_t ident)
{
    return ti_look_through(ti_look_if_watched, objects, ident);
}

#endif

/* ----------------------------------------------------------------------------- src/core/diagnosis/names.c */

#include <string.h>

#if !defined(THREADING_NO_DIAGNOSIS)

#define TI_NAMES_BITS 8

typedef struct ti_label {
    struct ti_label *next;
    const void *object;
    char text[];
} ti_label;

static ti_label *ti_names[1 << TI_NAMES_BITS]; /* under the registry's guard */

/* Hashed as in parking.h. */
TI_COLD static ti_label **ti_names_chain(const void *object)
{
    return &ti_names[(uintptr_t)object * UINT64_C(0x9E3779B97F4A7C15) >> (64 - TI_NAMES_BITS)];
}

/* The link to an object's label, or to NULL. */
TI_COLD static ti_label **ti_names_link(const void *object)
{
    ti_label **link = ti_names_chain(object);
    while (*link != NULL && (*link)->object != object)
        link = &(*link)->next;
    return link;
}

static TI_COLD const char *ti_names_find(const void *object)
{
    const ti_label *label = *ti_names_link(object);
    return label != NULL ? label->text : NULL;
}

TI_COLD static ti_label *ti_label_new(const void *object, const char *name)
{
    size_t size = strlen(name) + 1;
    ti_label *label = (ti_label *)ti_memory_allocate(sizeof *label + size);
    if (label == NULL)
        return NULL;
    label->object = object;
    memcpy(label->text, name, size);
    return label;
}

/* Put a label, or none, in the place of the object's, which is given back. */
TI_COLD static ti_label *ti_names_replace(const void *object, ti_label *label)
{
    ti_registry_lock(ti_self_get());
    ti_label **link = ti_names_link(object);
    ti_label *old = *link;
    ti_label *next = old != NULL ? old->next : NULL;
    *link = label != NULL ? label : next;
    if (label != NULL)
        label->next = next;
    ti_registry_unlock();
    return old;
}

TI_COLD threading_status_t threading_object_set_name(const void *object, const char *name)
{
    if (object == NULL)
        return TI_TELL(object, THREADING_INVALID);
    bool is_named = name != NULL && *name != '\0';
    ti_label *label = is_named ? ti_label_new(object, name) : NULL;
    if (is_named && label == NULL)
        return THREADING_NO_MEMORY;
    ti_memory_free(ti_names_replace(object, label));
    return THREADING_OK;
}

/* As much as there is room for, and a 0. */
TI_COLD static void ti_name_copy_cut(char *buffer, size_t size, const char *name)
{
    size_t length = strlen(name);
    size_t fits = length < size ? length : size - 1;
    memcpy(buffer, name, fits);
    buffer[fits] = '\0';
}

static TI_COLD size_t ti_names_copy(const void *object, char *buffer, size_t size)
{
    const char *found = object != NULL ? ti_names_find(object) : NULL;
    const char *name = found != NULL ? found : "";
    if (buffer != NULL && size > 0)
        ti_name_copy_cut(buffer, size, name);
    return strlen(name);
}

TI_COLD size_t threading_object_name(const void *object, char *buffer, size_t size)
{
    ti_registry_lock(ti_self_get());
    size_t length = ti_names_copy(object, buffer, size);
    ti_registry_unlock();
    return length;
}

static TI_COLD void ti_names_forget(void)
{
    for (size_t i = 0; i < sizeof ti_names / sizeof *ti_names; i++)
        for (ti_label *label = ti_names[i], *next; label != NULL; label = next) {
            next = label->next;
            ti_memory_free(label);
        }
    memset(ti_names, 0, sizeof ti_names);
}

#endif

/* ------------------------------------------------------------------------------ src/core/diagnosis/none.c */

/* The calls of the diagnosis where it is left out. */

#if defined(THREADING_NO_DIAGNOSIS)

threading_status_t threading_dump(threading_write_t write, void *context)
{
    (void)write;
    (void)context;
    return THREADING_UNSUPPORTED;
}

threading_status_t threading_object_set_name(const void *object, const char *name)
{
    (void)object;
    (void)name;
    return THREADING_UNSUPPORTED;
}

size_t threading_object_name(const void *object, char *buffer, size_t size)
{
    (void)object;
    if (buffer != NULL && size > 0)
        *buffer = '\0';
    return 0;
}

threading_status_t threading_set_deadlock_handler(threading_deadlock_handler_t handler, void *arg)
{
    (void)handler;
    (void)arg;
    return THREADING_UNSUPPORTED;
}

threading_status_t threading_set_misuse_handler(threading_misuse_handler_t handler, void *arg)
{
    (void)handler;
    (void)arg;
    return THREADING_UNSUPPORTED;
}

threading_status_t threading_profile_start(void)
{
    return THREADING_UNSUPPORTED;
}

threading_status_t threading_profile_stop(void)
{
    return THREADING_UNSUPPORTED;
}

threading_status_t threading_profile_write(threading_write_t write, void *context)
{
    (void)write;
    (void)context;
    return THREADING_UNSUPPORTED;
}

threading_status_t threading_trace_start(void)
{
    return THREADING_UNSUPPORTED;
}

threading_status_t threading_trace_stop(void)
{
    return THREADING_UNSUPPORTED;
}

threading_status_t threading_trace_write(threading_write_t write, void *context)
{
    (void)write;
    (void)context;
    return THREADING_UNSUPPORTED;
}

#endif

/* ----------------------------------------------------------------------------- src/core/diagnosis/order.c */

#if !defined(THREADING_NO_DIAGNOSIS)

#include <string.h>

#define TI_ORDER_EDGES 4096 /* one of them, 0, stands for none */
#define TI_ORDER_HELD 4096
#define TI_ORDER_DEEP 64
#define TI_ORDER_BITS 10
#define TI_ORDER_LINKS 4 /* of a ring that are told */
#define TI_ORDER_CALLERS 3

/* A lock, and where it was taken: the caller, and the callers outside of it. The first is NULL if that was by
 * a condition's wait, the others if they are not known. */
typedef struct ti_order_spot {
    const void *object;
    const void *callers[TI_ORDER_CALLERS];
    ti_on on;
} ti_order_spot;

typedef struct ti_order_held {
    ti_order_spot spot;
    uint32_t ident;  /* of the thread that has it */
    uint32_t levels; /* how often, with those that it is about to acquire */
} ti_order_held;

/*
 * A thread that had one has wanted the other.
 *
 *   next      another one in the chain of edges whose `has` has the same hash
 *   searched  the last search that has met it
 *   before    the edge by which that search came to it
 *   closes    it has closed a ring, which was told: no other ring is made of it
 *   thread    the name of the thread, which may end
 */
typedef struct ti_order_edge {
    ti_order_spot has;
    ti_order_spot wants;
    uint32_t ident;
    uint32_t searched;
    uint16_t next;
    uint16_t before;
    bool closes;
    char thread[TI_TEXT_NAME];
} ti_order_edge;

/* The graph, and what is held; under the registry's guard. Edges are 1 … edge_count; what is held is in the
 * order of acquiring. */
typedef struct ti_order {
    threading_write_t write;
    void *context;
    uint32_t search;
    uint32_t edge_count;
    uint32_t edges_lost;
    uint32_t held_count;
    uint32_t held_lost;
    bool has_told; /* that something was lost */
    uint16_t chains[1 << TI_ORDER_BITS];
    uint16_t queue[TI_ORDER_EDGES];
    ti_order_edge edges[TI_ORDER_EDGES];
    ti_order_held held[TI_ORDER_HELD];
} ti_order;

/* An edge of a ring that was found, copied with its names. */
typedef struct ti_order_link {
    ti_order_edge edge;
    char has[TI_TEXT_NAME];
    char wants[TI_TEXT_NAME];
} ti_order_link;

typedef struct ti_order_ring {
    uint32_t count;
    uint32_t edges_lost;
    uint32_t held_lost;
    ti_order_link links[TI_ORDER_LINKS];
} ti_order_ring;

static ti_order *ti_order_now;

/* ---- what threads have ---- */

TI_COLD static void ti_order_remove_held(uint32_t index)
{
    ti_order *order = ti_order_now;
    order->held_count--;
    memmove(order->held + index, order->held + index + 1, (order->held_count - index) * sizeof *order->held);
}

/* One behind the last that is that object, and the thread's or, for 0, anybody's; 0: there is none. */
TI_COLD static uint32_t ti_order_find_held(const void *object, uint32_t ident)
{
    const ti_order_held *held = ti_order_now->held;
    uint32_t index = ti_order_now->held_count;
    while (index > 0 &&
           !(held[index - 1].spot.object == object && (ident == 0 || held[index - 1].ident == ident)))
        index--;
    return index;
}

TI_COLD static void ti_order_forget_held(const void *object)
{
    for (uint32_t index; (index = ti_order_find_held(object, 0)) > 0;)
        ti_order_remove_held(index - 1);
}

TI_COLD static void ti_order_add_held(const ti_order_spot *spot, uint32_t ident)
{
    ti_order *order = ti_order_now;
    if (order->held_count == TI_ORDER_HELD) {
        ti_order_remove_held(0);
        order->held_lost++;
    }
    order->held[order->held_count++] = (ti_order_held){.spot = *spot, .ident = ident, .levels = 1};
}

TI_COLD static void ti_order_has(const ti_order_spot *spot, uint32_t ident)
{
    uint32_t index = ti_order_find_held(spot->object, ident);
    if (index > 0)
        ti_order_now->held[index - 1].levels++;
    else
        ti_order_add_held(spot, ident);
}

TI_COLD static void ti_order_gives(const void *object, uint32_t ident)
{
    uint32_t index = ti_order_find_held(object, ident);
    if (index > 0 && --ti_order_now->held[index - 1].levels == 0)
        ti_order_remove_held(index - 1);
}

/* ---- the graph ---- */

/* Hashed as in parking.h. */
TI_COLD TI_NOINLINE static uint16_t *ti_order_chain(const void *object)
{
    return &ti_order_now->chains[(uintptr_t)object * UINT64_C(0x9E3779B97F4A7C15) >> (64 - TI_ORDER_BITS)];
}

TI_COLD static uint32_t ti_order_find_edge(const void *has, const void *wants)
{
    const ti_order_edge *edges = ti_order_now->edges;
    uint32_t edge = *ti_order_chain(has);
    while (edge != 0 && !(edges[edge].has.object == has && edges[edge].wants.object == wants))
        edge = edges[edge].next;
    return edge;
}

/* What points to an edge. */
TI_COLD TI_NOINLINE static uint16_t *ti_order_pointer(uint32_t edge)
{
    uint16_t *link = ti_order_chain(ti_order_now->edges[edge].has.object);
    while (*link != edge)
        link = &ti_order_now->edges[*link].next;
    return link;
}

/* The last edge takes its place. */
TI_COLD static void ti_order_remove_edge(uint32_t edge)
{
    ti_order *order = ti_order_now;
    uint32_t last = order->edge_count--;
    *ti_order_pointer(edge) = order->edges[edge].next;
    if (edge == last)
        return;
    *ti_order_pointer(last) = (uint16_t)edge;
    order->edges[edge] = order->edges[last];
}

TI_COLD static void ti_order_add_edge(const ti_order_spot *has, const ti_order_spot *wants,
                                      const ti_self *self)
{
    ti_order *order = ti_order_now;
    uint16_t *chain = ti_order_chain(has->object);
    if (order->edge_count == TI_ORDER_EDGES - 1)
        ti_order_remove_edge(order->edges_lost++ % (TI_ORDER_EDGES - 1) + 1);
    ti_order_edge *edge = &order->edges[++order->edge_count];
    *edge = (ti_order_edge){.has = *has, .wants = *wants, .ident = self->fast.ident, .next = *chain};
    ti_look_copy_name(edge->thread, self);
    *chain = (uint16_t)order->edge_count;
}

TI_COLD static void ti_order_forget_edges(const void *object)
{
    const ti_order_edge *edges = ti_order_now->edges;
    for (uint32_t edge = ti_order_now->edge_count; edge > 0; edge--)
        if (edges[edge].has.object == object || edges[edge].wants.object == object)
            ti_order_remove_edge(edge);
}

/* ---- rings ---- */

/* Put the edges that lead on from an object in the queue, `before` is how the search came there: the queue's
 * new length. */
TI_COLD static uint32_t ti_order_go_on(const void *object, uint32_t before, uint32_t length)
{
    ti_order *order = ti_order_now;
    for (uint32_t edge = *ti_order_chain(object); edge != 0; edge = order->edges[edge].next) {
        bool leads_on = order->edges[edge].has.object == object && !order->edges[edge].closes;
        if (!leads_on || order->edges[edge].searched == order->search)
            continue;
        order->edges[edge].searched = order->search;
        order->edges[edge].before = (uint16_t)before;
        order->queue[length++] = (uint16_t)edge;
    }
    return length;
}

/* The last edge of a shortest way from an object to another; 0: there is none. */
TI_COLD static uint32_t ti_order_way(const void *from, const void *to)
{
    ti_order *order = ti_order_now;
    order->search++;
    uint32_t length = ti_order_go_on(from, 0, 0);
    for (uint32_t i = 0; i < length; i++) {
        uint32_t edge = order->queue[i];
        if (order->edges[edge].wants.object == to)
            return edge;
        length = ti_order_go_on(order->edges[edge].wants.object, edge, length);
    }
    return 0;
}

TI_COLD static void ti_order_copy(ti_order_ring *ring, uint32_t place, uint32_t edge)
{
    if (place >= TI_ORDER_LINKS)
        return;
    ti_order_link *link = &ring->links[place];
    link->edge = ti_order_now->edges[edge];
    ti_look_copy_object_name(link->has, link->edge.has.object);
    ti_look_copy_object_name(link->wants, link->edge.wants.object);
}

/* The way, whose last edge is known, behind the edge that closes the ring. */
TI_COLD static void ti_order_copy_way(ti_order_ring *ring, uint32_t last)
{
    ring->count = 1;
    for (uint32_t edge = last; edge != 0; edge = ti_order_now->edges[edge].before)
        ring->count++;
    uint32_t place = ring->count;
    for (uint32_t edge = last; edge != 0; edge = ti_order_now->edges[edge].before)
        ti_order_copy(ring, --place, edge);
    ring->edges_lost = ti_order_now->edges_lost;
    ring->held_lost = ti_order_now->held_lost;
}

/* Note that a thread that has the one wants the other. True: that closes a ring. */
TI_COLD static bool ti_order_note(ti_order_ring *ring, const ti_order_spot *has, const ti_order_spot *wants,
                                  const ti_self *self)
{
    if (ti_order_find_edge(has->object, wants->object) != 0)
        return false;
    uint32_t last = ti_order_way(wants->object, has->object);
    if (last != 0)
        ti_order_copy_way(ring, last); /* first: for a new edge an old one may go */
    ti_order_add_edge(has, wants, self);
    if (last == 0)
        return false;
    ti_order_now->edges[ti_order_now->edge_count].closes = true;
    ti_order_copy(ring, 0, ti_order_now->edge_count);
    return true;
}

/* True: a ring was closed, and there may be more of them. */
TI_COLD static bool ti_order_wants(ti_order_ring *ring, const ti_order_spot *wants, const ti_self *self)
{
    const ti_order_held *held = ti_order_now->held;
    if (ti_order_find_held(wants->object, self->fast.ident) > 0)
        return false;
    uint32_t deep = 0;
    for (uint32_t i = ti_order_now->held_count; i > 0 && deep < TI_ORDER_DEEP; i--) {
        if (held[i - 1].ident != self->fast.ident)
            continue;
        if (ti_order_note(ring, &held[i - 1].spot, wants, self))
            return true;
        deep++;
    }
    return false;
}

/* ---- the text ---- */

TI_COLD static void ti_order_write_place(ti_text *text, const void *caller)
{
    ti_symbol symbol;
    const char *call =
        (const char *)caller - 1; /* the last byte of the call: its end may be another line's */
    if (!ti_port_symbol(call, &symbol))
        ti_text_format(text, "%p", call);
    else if (symbol.function != NULL)
        ti_text_format(text, "%s+%p (%s+%p)", symbol.function, (const void *)symbol.in_function,
                       symbol.object, (const void *)symbol.in_object);
    else
        ti_text_format(text, "%s+%p", symbol.object, (const void *)symbol.in_object);
}

TI_COLD static void ti_order_write_spot(ti_text *text, const char *before, const ti_order_spot *spot,
                                        const char *name, const char *after)
{
    const char *purpose = spot->on == TI_ON_READ ? " to read" : spot->on == TI_ON_WRITE ? " to write" : "";
    ti_text_format(text, "%s%o%s%s", before, ti_look_kind(spot->on), name, spot->object, purpose, after);
    if (spot->callers[0] == NULL)
        ti_text_format(text, " again by a Condition's wait");
    for (size_t i = 0; i < TI_ORDER_CALLERS && spot->callers[i] != NULL; i++) {
        ti_text_format(text, i == 0 ? " in " : " from ");
        ti_order_write_place(text, spot->callers[i]);
    }
}

TI_COLD TI_NOINLINE static void ti_order_write_link(ti_text *text, const ti_order_link *link)
{
    const ti_order_edge *edge = &link->edge;
    ti_text_format(text, "    %w", edge->thread, edge->ident);
    ti_order_write_spot(text, " has ", &edge->has, link->has, ", taken");
    ti_order_write_spot(text, ", and takes ", &edge->wants, link->wants, "");
    ti_text_format(text, "\n");
}

TI_COLD TI_NOINLINE static void ti_order_write_ring(ti_text *text, const ti_order_ring *ring)
{
    ti_text_format(text,
                   ring->count == 2 ? "threading: possible deadlock: two locks are taken in both orders\n"
                                    : "threading: possible deadlock: %u locks are taken in a ring\n",
                   ring->count);
    for (uint32_t i = 0; i < ring->count && i < TI_ORDER_LINKS; i++)
        ti_order_write_link(text, &ring->links[i]);
    if (ring->count > TI_ORDER_LINKS)
        ti_text_format(text, "    and so on\n");
    if (ring->edges_lost + ring->held_lost > 0)
        ti_text_format(text, "    no room was left: %u orders are forgotten, and %u locks that are held\n",
                       ring->edges_lost, ring->held_lost);
}

/* ---- watching ---- */

/* NULL: the room is used up. What is said of errors in the calling thread is the user's. */
TI_COLD static void ti_order_tell(const ti_order_ring *ring)
{
    ti_text text;
    ti_port_errors errors = ti_port_errors_keep();
    ti_text_begin(&text, ti_order_now->write, ti_order_now->context);
    if (ring != NULL)
        ti_order_write_ring(&text, ring);
    else
        ti_text_format(&text,
                       "threading: order has no room left: from now on it forgets old ones, of %u pairs of "
                       "locks and of %u locks that are held\n",
                       (uint32_t)TI_ORDER_EDGES - 1, (uint32_t)TI_ORDER_HELD);
    ti_text_flush(&text);
    ti_port_errors_restore(errors);
}

/* Whether something was lost for the first time. */
TI_COLD static bool ti_order_becomes_full(void)
{
    ti_order *order = ti_order_now;
    bool is_new = !order->has_told && order->edges_lost + order->held_lost > 0;
    order->has_told = order->has_told || is_new;
    return is_new;
}

TI_COLD static void ti_order_ask(const ti_order_spot *wants, ti_self *self)
{
    ti_order_ring ring;
    bool is_ring;
    do {
        ti_registry_lock(self);
        is_ring = ti_order_wants(&ring, wants, self);
        ti_registry_unlock();
        if (is_ring)
            ti_order_tell(&ring);
    } while (is_ring);
}

TI_COLD static void ti_order_follow(const ti_taking *taking, const ti_order_spot *spot, ti_self *self)
{
    ti_registry_lock(self);
    if (taking->kind == TI_GIVES) {
        ti_order_gives(taking->object, taking->ident);
    } else if (taking->kind == TI_BEGINS) {
        ti_order_forget_held(taking->object);
        ti_order_forget_edges(taking->object);
    } else {
        ti_order_has(spot, taking->ident);
    }
    bool is_full = ti_order_becomes_full();
    ti_registry_unlock();
    if (is_full)
        ti_order_tell(NULL);
}

TI_COLD static void ti_order_watch(ti_self *self, const ti_taking *taking)
{
    ti_order_spot spot = {.object = taking->object, .on = taking->on};
    if (taking->caller != NULL && ti_port_callers(taking->caller, spot.callers, TI_ORDER_CALLERS) == 0)
        spot.callers[0] = taking->caller;
    if (taking->kind == TI_WANTS)
        ti_order_ask(&spot, self);
    ti_order_follow(taking, &spot, self);
}

/* Not malloc's memory: this is a thread's first call (self.h). */
static TI_COLD bool ti_order_start(threading_write_t write, void *context)
{
    ti_order_now = (ti_order *)ti_port_pages(sizeof *ti_order_now);
    if (ti_order_now == NULL)
        return false;
    ti_order_now->write = write;
    ti_order_now->context = context;
    ti_taking_watch(ti_order_watch);
    return true;
}

static TI_COLD void ti_order_stop(void)
{
    if (ti_order_now == NULL)
        return;
    ti_taking_watch(NULL);
    ti_port_pages_give_back(ti_order_now, sizeof *ti_order_now);
    ti_order_now = NULL;
}

#endif

/* --------------------------------------------------------------------------- src/core/diagnosis/profile.c */

#if !defined(THREADING_NO_DIAGNOSIS)

static uintptr_t ti_profile_memory; /* a ti_profile, or 0 */

static TI_COLD ti_profile *ti_profile_get(void)
{
    /* Acquire: pairs with the swap in ti_profile_provide. */
    return (ti_profile *)ti_load_pointer_acquire(&ti_profile_memory);
}

/* ---- a wait ---- */

/* Things that live for one wait would fill the table, and say little one by one. */
TI_COLD static const void *ti_profile_object(const ti_blocked_view *view)
{
    return view->on == TI_ON_FUTURE || view->on == TI_ON_THREAD || view->on == TI_ON_ANY ? NULL
                                                                                         : view->object;
}

/* Hashed as in parking.h. */
TI_COLD static size_t ti_profile_hash(const void *object, uint32_t number, size_t sets)
{
    uint64_t product = ((uintptr_t)object ^ (uint64_t)number << 40) * UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(product >> 40) % sets;
}

TI_COLD static int64_t ti_profile_later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* How long a wait was, since the profile began. */
TI_COLD static int64_t ti_profile_time(const ti_news *news, int64_t started)
{
    return ti_profile_later(0, news->now - ti_profile_later(news->view.since, started));
}

/* Under the set's guard: the place of a thread's time on an object. NULL: there is none. */
TI_COLD TI_NOINLINE static ti_profile_pair *ti_profile_pair_of(ti_profile_pairs *set, const void *object,
                                                               ti_on on, uint32_t ident)
{
    for (uint32_t i = 0; i < set->count; i++) {
        ti_profile_pair *pair = &set->pairs[i];
        if (pair->object == object && pair->on == on && pair->ident == ident)
            return pair;
    }
    if (set->count == TI_PROFILE_PAIRS)
        return NULL;
    ti_profile_pair *pair = &set->pairs[set->count++];
    *pair = (ti_profile_pair){.object = object, .on = on, .ident = ident};
    return pair;
}

/* How long the thread has waited for the object in all, this wait included; -1: that is not known. */
TI_COLD static int64_t ti_profile_add_to_pair(ti_profile *profile, ti_self *self, const ti_news *news)
{
    const void *object = ti_profile_object(&news->view);
    uint32_t ident = self->fast.ident;
    ti_profile_pairs *set = &profile->pairs[ti_profile_hash(object, ident, TI_PROFILE_PAIR_SETS)];
    ti_guard_lock(&set->guard, &self->parker);
    ti_profile_pair *pair = ti_profile_pair_of(set, object, news->view.on, ident);
    if (pair != NULL)
        pair->total += ti_profile_time(news, set->started);
    else
        set->lost_waits++;
    int64_t total = pair != NULL ? pair->total : -1;
    ti_guard_unlock(&set->guard);
    return total;
}

/* All below under the guard of the row's set. */

TI_COLD TI_NOINLINE static ti_profile_row *ti_profile_row_of(ti_profile_set *set, const void *object,
                                                             ti_on on)
{
    for (uint32_t i = 0; i < set->count; i++)
        if (set->rows[i].object == object && set->rows[i].on == on)
            return &set->rows[i];
    if (set->count == TI_PROFILE_ROWS)
        return NULL;
    ti_profile_row *row = &set->rows[set->count++];
    *row = (ti_profile_row){.object = object, .on = on};
    return row;
}

/* No total ever shrinks, so who belongs to the first is found when a total grows. */
TI_COLD static void ti_profile_rank(ti_profile_row *row, uint32_t ident, int64_t total)
{
    ti_profile_thread *place = &row->threads[0];
    for (size_t i = 0; i < TI_PROFILE_MOST; i++) {
        if (row->threads[i].ident == ident) {
            row->threads[i].total = total;
            return;
        }
        if (row->threads[i].total < place->total || row->threads[i].ident == 0)
            place = &row->threads[i];
        if (place->ident == 0)
            break;
    }
    if (place->ident == 0 || total > place->total) {
        place->ident = ident;
        place->total = total;
        place->name[0] = '\0';
    }
}

/* A hold ends with the wake. It began with the sleep, or with an earlier wake at the same object. */
TI_COLD static void ti_profile_see_hold(ti_profile_row *row, const ti_news *news, int64_t started)
{
    int64_t since = ti_profile_later(ti_profile_later(news->view.since, started), row->released);
    int64_t end = news->waker != 0 ? news->woken_at : news->now;
    row->hold = ti_profile_later(row->hold, end - since);
    if (news->waker != 0)
        row->released = ti_profile_later(row->released, news->woken_at);
}

TI_COLD static void ti_profile_add(ti_profile_row *row, const ti_news *news, int64_t started)
{
    int64_t time = ti_profile_time(news, started);
    row->waits++;
    row->total += time;
    row->longest = ti_profile_later(row->longest, time);
    ti_profile_see_hold(row, news, started);
}

TI_COLD static void ti_profile_slept(ti_profile *profile, ti_self *self, const ti_news *news)
{
    const void *object = ti_profile_object(&news->view);
    int64_t total = ti_profile_add_to_pair(profile, self, news);
    ti_profile_set *set = &profile->sets[ti_profile_hash(object, 0, TI_PROFILE_SETS)];
    ti_guard_lock(&set->guard, &self->parker);
    ti_profile_row *row = ti_profile_row_of(set, object, news->view.on);
    if (row != NULL) {
        ti_profile_add(row, news, set->started);
        if (total >= 0)
            ti_profile_rank(row, self->fast.ident, total);
    } else {
        set->lost_waits++;
        set->lost_time += ti_profile_time(news, set->started);
    }
    ti_guard_unlock(&set->guard);
}

/* ---- the end of a thread, whose name is kept ---- */

TI_COLD TI_NOINLINE static void ti_profile_name(ti_profile_row *row, uint32_t ident, const char *name)
{
    for (size_t i = 0; i < TI_PROFILE_MOST; i++)
        if (row->threads[i].ident == ident)
            ti_text_copy_name(row->threads[i].name, name);
}

TI_COLD static void ti_profile_ends(ti_profile *profile, ti_self *self)
{
    char name[TI_TEXT_NAME];
    ti_registry_lock(self);
    ti_look_copy_name(name, self);
    ti_registry_unlock();
    for (size_t i = 0; i < TI_PROFILE_SETS; i++) {
        ti_profile_set *set = &profile->sets[i];
        ti_guard_lock(&set->guard, &self->parker);
        for (uint32_t row = 0; row < set->count; row++)
            ti_profile_name(&set->rows[row], self->fast.ident, name);
        ti_guard_unlock(&set->guard);
    }
}

static TI_COLD void ti_profile_hear(ti_self *self, const ti_news *news)
{
    ti_profile *profile = ti_profile_get();
    if (profile != NULL && news->kind == TI_NEWS_SLEPT)
        ti_profile_slept(profile, self, news);
    else if (profile != NULL && news->kind == TI_NEWS_ENDS)
        ti_profile_ends(profile, self);
}

/* ---- start and stop ---- */

/* NULL: memory is out. */
TI_COLD static ti_profile *ti_profile_provide(void)
{
    ti_profile *profile = ti_profile_get();
    if (profile != NULL)
        return profile;
    profile = (ti_profile *)ti_memory_keep(sizeof *profile);
    /* Release: pairs with the acquire in ti_profile_get. */
    if (profile == NULL || ti_swap_pointer_release(&ti_profile_memory, 0, (uintptr_t)profile))
        return profile;
    ti_memory_end(profile, sizeof *profile); /* another thread was faster */
    return ti_profile_get();
}

/* A thread that is just telling of a wait may do so before or after. */
TI_COLD static void ti_profile_empty(ti_profile *profile, ti_self *self, int64_t now)
{
    for (size_t i = 0; i < TI_PROFILE_PAIR_SETS; i++) {
        ti_profile_pairs *set = &profile->pairs[i];
        ti_guard_lock(&set->guard, &self->parker);
        set->started = now;
        set->count = 0;
        set->lost_waits = 0;
        ti_guard_unlock(&set->guard);
    }
    for (size_t i = 0; i < TI_PROFILE_SETS; i++) {
        ti_profile_set *set = &profile->sets[i];
        ti_guard_lock(&set->guard, &self->parker);
        set->started = now;
        set->count = 0;
        set->lost_waits = 0;
        set->lost_time = 0;
        ti_guard_unlock(&set->guard);
    }
}

TI_COLD threading_status_t threading_profile_start(void)
{
    ti_self *self = ti_self_get();
    ti_profile *profile = ti_profile_provide();
    if (profile == NULL)
        return THREADING_NO_MEMORY;
    int64_t now = ti_port_now();
    ti_guard_lock(&profile->guard, &self->parker);
    profile->started = now;
    profile->stopped = TI_FOREVER;
    ti_guard_unlock(&profile->guard);
    ti_profile_empty(profile, self, now);
    ti_watch_begin(self, TI_WATCH_PROFILE);
    return THREADING_OK;
}

TI_COLD threading_status_t threading_profile_stop(void)
{
    ti_self *self = ti_self_get();
    ti_profile *profile = ti_profile_get();
    ti_watch_end(self, TI_WATCH_PROFILE);
    if (profile == NULL)
        return THREADING_OK;
    ti_guard_lock(&profile->guard, &self->parker);
    if (profile->stopped == TI_FOREVER)
        profile->stopped = ti_port_now();
    ti_guard_unlock(&profile->guard);
    return THREADING_OK;
}

static TI_COLD void ti_profile_reset(void)
{
    ti_profile *profile = ti_profile_get();
    ti_profile_reset_writer();
    if (profile == NULL)
        return;
    ti_guard_reset(&profile->guard);
    profile->stopped = profile->started;
    for (size_t i = 0; i < TI_PROFILE_PAIR_SETS; i++)
        ti_guard_reset(&profile->pairs[i].guard);
    for (size_t i = 0; i < TI_PROFILE_SETS; i++) {
        ti_guard_reset(&profile->sets[i].guard);
        profile->sets[i].count = 0;
        profile->sets[i].lost_waits = 0;
        profile->sets[i].lost_time = 0;
    }
}

static TI_COLD void ti_profile_unload(void)
{
    ti_profile *profile = ti_profile_get();
    if (profile != NULL)
        ti_memory_end(profile, sizeof *profile);
    ti_store_pointer_relaxed(&ti_profile_memory, 0); /* relaxed: no thread is known */
}

#endif

/* --------------------------------------------------------------------- src/core/diagnosis/profile_write.c */

/*
 * The profile as text. The order is found out first, and each row copied when its turn has come, so that
 * nothing is locked while the user's function runs.
 */

#if !defined(THREADING_NO_DIAGNOSIS)

static uint32_t ti_profile_is_written;

/* What another thread has, or had; all else is waited for until something happens. */
#define TI_PROFILE_IS_HELD                                                                          \
    (1U << TI_ON_LOCK | 1U << TI_ON_RLOCK | 1U << TI_ON_OWN | 1U << TI_ON_ONCE | 1U << TI_ON_READ | \
     1U << TI_ON_WRITE | 1U << TI_ON_INSIDE)
#define TI_PROFILE_IS_SHORT                                                                         \
    (TI_PROFILE_IS_HELD | 1U << TI_ON_SEMAPHORE | 1U << TI_ON_BOUNDED_SEMAPHORE | 1U << TI_ON_PUT | \
     1U << TI_ON_ROOM)

TI_COLD static bool ti_profile_is_among(ti_on on, uint32_t kinds)
{
    return (kinds >> on & 1) != 0;
}

/* ---- a row ---- */

TI_COLD static void ti_profile_write_threads(ti_text *text, const ti_profile_row *row)
{
    ti_text_format(text, "%>%>%>%>    ");
    for (size_t i = 0; i < TI_PROFILE_MOST && row->threads[i].ident != 0; i++)
        ti_text_format(text, i == 0 ? "%w %m" : ", %w %m", row->threads[i].name, row->threads[i].ident,
                       row->threads[i].total / 1000);
    ti_text_format(text, "\n");
}

TI_COLD static void ti_profile_write_row(ti_text *text, const ti_profile_row *row, const char *name)
{
    bool is_held = ti_profile_is_among(row->on, TI_PROFILE_IS_HELD);
    ti_text_format(text, "%m%>%m%>", row->total / 1000, row->longest / 1000);
    ti_text_format(text, is_held ? "%m%>" : "-%>", row->hold / 1000);
    ti_text_format(text, "%U%>  %o%s\n", row->waits, ti_look_kind(row->on), name, row->object,
                   ti_dump_purpose(row->on));
    if (row->threads[0].ident != 0)
        ti_profile_write_threads(text, row);
}

/* ---- what is read of it ---- */

TI_COLD TI_NOINLINE static void ti_profile_sort_threads(ti_profile_row *row)
{
    for (size_t i = 1; i < TI_PROFILE_MOST; i++)
        for (size_t j = i; j > 0 && row->threads[j].total > row->threads[j - 1].total; j--) {
            ti_profile_thread later = row->threads[j];
            row->threads[j] = row->threads[j - 1];
            row->threads[j - 1] = later;
        }
}

/* A thread that lives has a name, one that has ended has left it. */
TI_COLD TI_NOINLINE static void ti_profile_find_names(ti_profile_row *row, char object_name[TI_TEXT_NAME])
{
    ti_look_copy_object_name(object_name, row->object);
    for (size_t i = 0; i < TI_PROFILE_MOST; i++) {
        const ti_self *thread = ti_registry_find(row->threads[i].ident);
        if (thread != NULL)
            ti_look_copy_name(row->threads[i].name, thread);
    }
}

/* False: the profile began anew meanwhile. */
TI_COLD TI_NOINLINE static bool ti_profile_read(const ti_profile_line *line, ti_self *self,
                                                ti_profile_row *row, char *object_name)
{
    ti_guard_lock(&line->set->guard, &self->parker);
    bool is_there = line->row < line->set->count;
    if (is_there) {
        *row = line->set->rows[line->row];
        ti_registry_lock(self);
        ti_profile_find_names(row, object_name);
        ti_registry_unlock();
    }
    ti_guard_unlock(&line->set->guard);
    if (is_there)
        ti_profile_sort_threads(row);
    return is_there;
}

/* ---- the order ---- */

/*
 *   lines         the longest time in all first
 *   lost_…        of waits that found no place, and of those whose thread found none
 */
typedef struct ti_profile_order {
    ti_profile_line *lines;
    size_t count;
    uint64_t lost_waits;
    int64_t lost_time;
    uint64_t lost_threads;
} ti_profile_order;

TI_COLD static void ti_profile_insert(ti_profile_order *order, ti_profile_line line)
{
    size_t place = order->count++;
    for (; place > 0 && order->lines[place - 1].total < line.total; place--)
        order->lines[place] = order->lines[place - 1];
    order->lines[place] = line;
}

TI_COLD static ti_profile_order ti_profile_find_order(ti_profile *profile, ti_self *self)
{
    ti_profile_order order = {.lines = profile->lines};
    for (size_t i = 0; i < TI_PROFILE_SETS; i++) {
        ti_profile_set *set = &profile->sets[i];
        ti_guard_lock(&set->guard, &self->parker);
        for (uint32_t row = 0; row < set->count; row++)
            ti_profile_insert(&order, (ti_profile_line){set->rows[row].total, set, row});
        order.lost_waits += set->lost_waits;
        order.lost_time += set->lost_time;
        ti_guard_unlock(&set->guard);
    }
    for (size_t i = 0; i < TI_PROFILE_PAIR_SETS; i++) {
        ti_guard_lock(&profile->pairs[i].guard, &self->parker);
        order.lost_threads += profile->pairs[i].lost_waits;
        ti_guard_unlock(&profile->pairs[i].guard);
    }
    return order;
}

/* ---- all of it ---- */

TI_COLD static void ti_profile_write_kinds(ti_text *text, const ti_profile_order *order, ti_self *self,
                                           bool is_short)
{
    ti_profile_row row;
    char name[TI_TEXT_NAME];
    ti_text_format(text, "total%>longest%>hold%>waits%>  %s\n",
                   is_short ? "what others had" : "what was to happen");
    for (size_t i = 0; i < order->count; i++)
        if (ti_profile_read(&order->lines[i], self, &row, name) &&
            ti_profile_is_among(row.on, TI_PROFILE_IS_SHORT) == is_short)
            ti_profile_write_row(text, &row, name);
}

TI_COLD static void ti_profile_write_lost(ti_text *text, const ti_profile_order *order)
{
    if (order->lost_waits > 0)
        ti_text_format(text, "%U waits more, %m ms in all, for objects that found no place here\n",
                       order->lost_waits, order->lost_time / 1000);
    if (order->lost_threads > 0)
        ti_text_format(text,
                       "%U waits of threads that are not among those that waited most, for want of place\n",
                       order->lost_threads);
}

TI_COLD static void ti_profile_write_title(ti_text *text, ti_profile *profile, ti_self *self)
{
    ti_guard_lock(&profile->guard, &self->parker);
    bool is_on = profile->stopped == TI_FOREVER;
    int64_t time = (is_on ? ti_port_now() : profile->stopped) - profile->started;
    ti_guard_unlock(&profile->guard);
    ti_text_format(text, "threading %s, %s: waits of %t, in milliseconds\n", threading_version(),
                   threading_backend(), time);
}

TI_COLD static void ti_profile_write(ti_text *text, ti_profile *profile)
{
    ti_self *self = ti_self_get();
    ti_profile_write_title(text, profile, self);
    ti_profile_order order = ti_profile_find_order(profile, self);
    ti_profile_write_kinds(text, &order, self, true);
    ti_profile_write_kinds(text, &order, self, false);
    ti_profile_write_lost(text, &order);
}

TI_COLD threading_status_t threading_profile_write(threading_write_t write, void *context)
{
    ti_text text;
    if (write == NULL)
        return TI_TELL(NULL, THREADING_INVALID);
    if (!ti_swap_acquire(&ti_profile_is_written, 0, 1))
        return THREADING_BUSY;
    ti_text_begin(&text, write, context);
    ti_profile *profile = ti_profile_get();
    if (profile != NULL)
        ti_profile_write(&text, profile);
    else
        ti_text_format(&text, "no profile was started\n");
    ti_text_flush(&text);
    ti_store_release(&ti_profile_is_written, 0);
    return THREADING_OK;
}

static TI_COLD void ti_profile_reset_writer(void)
{
    ti_store_release(&ti_profile_is_written, 0);
}

#endif

/* ------------------------------------------------------------------------------ src/core/diagnosis/ring.c */

#if !defined(THREADING_NO_DIAGNOSIS)

static uint32_t ti_ring_searches; /* under the registry's guard */

static TI_COLD uint32_t ti_ring_search(void)
{
    if (!ti_registry_lock_for_a_while())
        return 0;
    uint32_t search = ++ti_ring_searches;
    ti_registry_unlock();
    return search;
}

/* All below under the registry's guard. */

/* What the search has to know of a thread's wait. */
typedef struct ti_ring_link {
    ti_self *holder; /* NULL: none that is known */
    uint32_t version;
    bool is_proved;
} ti_ring_link;

TI_COLD static bool ti_ring_is_owned(ti_on on)
{
    return on == TI_ON_RLOCK || on == TI_ON_OWN || on == TI_ON_ONCE || on == TI_ON_THREAD ||
           on == TI_ON_FUTURE || on == TI_ON_READ || on == TI_ON_WRITE;
}

TI_COLD static ti_ring_link ti_ring_look(const ti_self *self)
{
    ti_look look = {.view = ti_blocked_read(self)};
    uint32_t holder = ti_look_for_holder(&look, self);
    return (ti_ring_link){
        .holder = holder != 0 ? ti_registry_find(holder) : NULL,
        .version = look.view.version,
        .is_proved = ti_ring_is_owned(look.view.on) && look.view.until == TI_FOREVER,
    };
}

/* Go from thread to thread until one that this search has met. NULL: it was met earlier, or the way ends. */
TI_COLD static ti_self *ti_ring_walk(ti_self *self, uint32_t search)
{
    uint32_t begin = self->fast.ident;
    while (self != NULL && self->blocked.searched != search) {
        self->blocked.searched = search;
        self->blocked.searched_from = begin;
        ti_ring_link link = ti_ring_look(self);
        self->blocked.seen_version = link.version;
        self->blocked.seen_holder = link.holder != NULL ? link.holder->fast.ident : 0;
        self = link.holder;
        if (self != NULL)
            self->blocked.awaited = search;
    }
    return self != NULL && self->blocked.searched_from == begin ? self : NULL;
}

/* Go round once more. False: it is not what it was. */
TI_COLD static bool ti_ring_confirm(ti_ring *ring, ti_self *first)
{
    ti_self *self = first;
    *ring = (ti_ring){.count = 0, .is_proved = true};
    do {
        ti_ring_link link = ti_ring_look(self);
        if (link.holder == NULL || link.holder->fast.ident != self->blocked.seen_holder ||
            link.version != self->blocked.seen_version)
            return false;
        if (ring->count < TI_RING_MOST)
            ring->idents[ring->count] = self->fast.ident;
        ring->count++;
        ring->is_proved = ring->is_proved && link.is_proved;
        self = link.holder;
    } while (self != first && self->blocked.searched_from == first->blocked.searched_from);
    return self == first;
}

static TI_COLD bool ti_ring_next(ti_ring *ring, uint32_t search, uint32_t *ident)
{
    bool found = false;
    if (search == 0 || !ti_registry_lock_for_a_while())
        return false;
    for (ti_self *self; !found && (self = ti_registry_after(*ident)) != NULL;) {
        *ident = self->fast.ident;
        ti_self *first = ti_ring_walk(self, search);
        found = first != NULL && ti_ring_confirm(ring, first);
    }
    ti_registry_unlock();
    return found;
}

#endif

/* ------------------------------------------------------------------------------ src/core/diagnosis/text.c */

#include <stdarg.h>
#include <string.h>

#if !defined(THREADING_NO_DIAGNOSIS)

#define TI_TEXT_MARK "…"  /* of what was left out */
#define TI_TEXT_COLUMN 11 /* the width of a column */

static TI_COLD void ti_text_begin(ti_text *text, threading_write_t write, void *context)
{
    text->write = write;
    text->context = context;
    text->length = 0;
}

/* Room for the mark and the end of the line is kept. */
TI_COLD static void ti_text_add_bytes(ti_text *text, const char *bytes, size_t length)
{
    size_t room = TI_TEXT_SIZE - sizeof TI_TEXT_MARK - text->length;
    size_t fits = length < room ? length : room;
    memcpy(text->buffer + text->length, bytes, fits);
    text->length += fits;
}

TI_COLD static void ti_text_add(ti_text *text, const char *words)
{
    ti_text_add_bytes(text, words, strlen(words));
}

static TI_COLD void ti_text_flush(ti_text *text)
{
    if (text->length > 0)
        text->write(text->context, text->buffer, text->length);
    text->length = 0;
}

TI_COLD static void ti_text_end_line(ti_text *text)
{
    if (text->length == TI_TEXT_SIZE - sizeof TI_TEXT_MARK) {
        memcpy(text->buffer + text->length, TI_TEXT_MARK, sizeof TI_TEXT_MARK - 1);
        text->length += sizeof TI_TEXT_MARK - 1;
    }
    text->buffer[text->length++] = '\n';
    if (text->length > TI_TEXT_SIZE / 2)
        ti_text_flush(text);
}

/* ---- numbers ---- */

/* The digits, at least so many. */
TI_COLD static void ti_text_digits(ti_text *text, uint64_t number, unsigned int base, size_t least)
{
    char digits[20];
    size_t count = 0;
    do {
        digits[sizeof digits - ++count] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0 || count < least);
    ti_text_add_bytes(text, digits + sizeof digits - count, count);
}

TI_COLD static void ti_text_thousandths(ti_text *text, int64_t number)
{
    uint64_t positive = number > 0 ? (uint64_t)number : 0;
    ti_text_digits(text, positive / 1000, 10, 1);
    ti_text_add(text, ".");
    ti_text_digits(text, positive % 1000, 10, 3);
}

TI_COLD static void ti_text_address(ti_text *text, const void *address)
{
    ti_text_add(text, "0x");
    ti_text_digits(text, (uintptr_t)address, 16, 1);
}

/* ---- names ---- */

TI_COLD static void ti_text_name(ti_text *text, const char *name)
{
    ti_text_add(text, "\"");
    for (; *name != '\0'; name++) {
        bool is_shown = (unsigned char)*name >= ' ' && *name != 0x7F;
        ti_text_add_bytes(text, is_shown ? name : "?", 1);
    }
    ti_text_add(text, "\"");
}

/* How many bytes the character of UTF-8 takes that begins here; 0: none does. */
TI_COLD static size_t ti_text_character(const unsigned char *bytes)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = *bytes < 0x80 ? 1 : *bytes < 0xE0 ? 2 : *bytes < 0xF0 ? 3 : 4;
    uint32_t character = *bytes & (length == 1 ? 0x7FU : 0x7FU >> length);
    if ((*bytes >= 0x80 && *bytes < 0xC0) || *bytes >= 0xF8)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
        character = character << 6 | (bytes[i] & 0x3F);
    }
    bool is_one = character >= least[length] && character <= 0x10FFFF;
    return is_one && (character < 0xD800 || character > 0xDFFF) ? length : 0;
}

TI_COLD static void ti_text_json(ti_text *text, const char *name)
{
    while (*name != '\0') {
        size_t length = ti_text_character((const unsigned char *)name);
        if (length == 0) {
            ti_text_add(text, "\\ufffd");
        } else if ((unsigned char)*name < ' ') {
            ti_text_add(text, "\\u00");
            ti_text_digits(text, (unsigned char)*name, 16, 2);
        } else {
            if (*name == '"' || *name == '\\')
                ti_text_add(text, "\\");
            ti_text_add_bytes(text, name, length);
        }
        name += length > 0 ? length : 1;
    }
}

TI_COLD static void ti_text_object(ti_text *text, const char *kind, const char *name, const void *object)
{
    ti_text_add(text, kind);
    if (*name != '\0')
        ti_text_format(text, " %n", name);
    if (object != NULL)
        ti_text_format(text, " at %p", object);
}

TI_COLD static void ti_text_json_object(ti_text *text, const char *kind, const char *name, const void *object)
{
    if (*name != '\0')
        ti_text_format(text, "%s \\\"%j\\\"", kind, name);
    else
        ti_text_object(text, kind, name, object);
}

/* ---- all of it ---- */

TI_COLD static void ti_text_align(ti_text *text, size_t column)
{
    size_t length = text->length - column;
    size_t room = TI_TEXT_SIZE - sizeof TI_TEXT_MARK - text->length;
    size_t spaces = length < TI_TEXT_COLUMN && TI_TEXT_COLUMN - length <= room ? TI_TEXT_COLUMN - length : 0;
    memmove(text->buffer + column + spaces, text->buffer + column, length);
    memset(text->buffer + column, ' ', spaces);
    text->length += spaces;
}

TI_COLD static bool ti_text_is_number(char part)
{
    return part == 'u' || part == 'U' || part == 'm' || part == 't';
}

/* Parts of numbers. */
TI_COLD static void ti_text_number(ti_text *text, char part, uint64_t number)
{
    if (part == 'u' || part == 'U')
        ti_text_digits(text, number, 10, 1);
    else
        ti_text_thousandths(text, (int64_t)number / (part == 't' ? 1000000 : 1));
    if (part == 't')
        ti_text_add(text, " s");
}

/* Parts that begin with a pointer. */
TI_COLD static void ti_text_pointer(ti_text *text, char part, const void *pointer)
{
    const char *words = (const char *)pointer;
    if (part == 's')
        ti_text_add(text, words);
    else if (part == 'j')
        ti_text_json(text, words);
    else if (part == 'p')
        ti_text_address(text, pointer);
    else
        ti_text_name(text, words);
}

/* The analyzer does not see the va_start of the caller. NOLINTBEGIN(clang-analyzer-valist.Uninitialized) */
TI_COLD static void ti_text_part(ti_text *text, char part, va_list *parts)
{
    if (ti_text_is_number(part)) {
        ti_text_number(text, part, part == 'u' ? va_arg(*parts, uint32_t) : va_arg(*parts, uint64_t));
        return;
    }
    const char *words = va_arg(*parts, const char *);
    if (part == 'o' || part == 'O') {
        const char *name = va_arg(*parts, const char *);
        const void *object = va_arg(*parts, const void *);
        (part == 'o' ? ti_text_object : ti_text_json_object)(text, words, name, object);
        return;
    }
    ti_text_pointer(text, part, words);
    if (part == 'w')
        ti_text_format(text, " (%u)", va_arg(*parts, uint32_t));
}
/* NOLINTEND(clang-analyzer-valist.Uninitialized) */

static TI_COLD void ti_text_format(ti_text *text, const char *format, ...)
{
    size_t column = text->length;
    va_list parts;
    va_start(parts, format);
    for (; *format != '\0'; format++) {
        if (*format == '\n')
            ti_text_end_line(text);
        else if (*format != '%')
            ti_text_add_bytes(text, format, 1);
        else if (*++format != '>')
            ti_text_part(text, *format, &parts);
        else
            ti_text_align(text, column);
        if (*format == '\n' || *format == '>')
            column = text->length;
    }
    va_end(parts);
}

static TI_COLD void ti_text_copy_name(char copy[TI_TEXT_NAME], const char *name)
{
    size_t length = strlen(name);
    if (length < TI_TEXT_NAME) {
        memcpy(copy, name, length + 1);
        return;
    }
    size_t fits = TI_TEXT_NAME - sizeof TI_TEXT_MARK;
    while (fits > 0 &&
           ((unsigned char)name[fits] & 0xC0) == 0x80) /* the byte after is one inside of a character */
        fits--;
    memcpy(copy, name, fits);
    memcpy(copy + fits, TI_TEXT_MARK, sizeof TI_TEXT_MARK);
}

#endif

/* ----------------------------------------------------------------------------- src/core/diagnosis/trace.c */

#if !defined(THREADING_NO_DIAGNOSIS)

#include <string.h>

static uintptr_t ti_trace_memory; /* a ti_trace, or 0 */

static TI_COLD ti_trace *ti_trace_get(void)
{
    /* Acquire: pairs with the swap in ti_trace_provide. */
    return (ti_trace *)ti_load_pointer_acquire(&ti_trace_memory);
}

/* ---- events; under the guard, as what follows ---- */

TI_COLD static uint64_t ti_trace_room(const ti_trace_row *row)
{
    return (uint64_t)row->chunk_count * TI_TRACE_CHUNK;
}

static TI_COLD uint64_t ti_trace_kept(const ti_trace_row *row)
{
    return row->count < ti_trace_room(row) ? row->count : ti_trace_room(row);
}

static TI_COLD TI_NOINLINE ti_trace_event *ti_trace_event_at(ti_trace *trace, const ti_trace_row *row, uint64_t n)
{
    uint64_t place = n % ti_trace_room(row);
    return &trace->chunks[row->chunks[place / TI_TRACE_CHUNK]][place % TI_TRACE_CHUNK];
}

/* A row that could not grow when it was full never does again: the places of its events depend on its room.
 */
TI_COLD static void ti_trace_keep(ti_trace *trace, ti_trace_row *row, const ti_trace_event *event)
{
    if (row->count == ti_trace_room(row) && row->chunk_count < TI_TRACE_ROW_CHUNKS &&
        trace->chunk_count < TI_TRACE_CHUNKS)
        row->chunks[row->chunk_count++] = (uint16_t)trace->chunk_count++;
    if (row->chunk_count > 0)
        *ti_trace_event_at(trace, row, row->count) = *event;
    row->count++;
}

/* ---- whose a row is ---- */

/* The row of the thread that ended first. */
TI_COLD static ti_trace_row *ti_trace_oldest(ti_trace *trace)
{
    ti_trace_row *oldest = NULL;
    for (size_t i = 0; trace->ended_count > 0 && i < TI_TRACE_ROWS; i++) {
        ti_trace_row *row = &trace->rows[i];
        if (row->ended != 0 && (oldest == NULL || row->ended < oldest->ended))
            oldest = row;
    }
    trace->ended_count -= oldest != NULL;
    return oldest;
}

/* A row's chunks stay with it. NULL: there is none to be had. */
TI_COLD static ti_trace_row *ti_trace_new_row(ti_trace *trace, const ti_self *self)
{
    ti_trace_row *row =
        trace->row_count < TI_TRACE_ROWS ? &trace->rows[trace->row_count++] : ti_trace_oldest(trace);
    if (row == NULL)
        return NULL;
    if (row->ident != 0)
        trace->lost += (uint32_t)ti_trace_kept(row);
    row->ident = self->fast.ident;
    row->count = 0;
    row->began = self->began;
    row->ended = 0;
    return row;
}

TI_COLD static void ti_trace_name_row(ti_trace_row *row, ti_self *self)
{
    ti_registry_lock(self);
    ti_look_copy_name(row->name, self);
    ti_registry_unlock();
}

/* The thread's row, or NULL. What was its row may have become another's since the last start. */
TI_COLD static ti_trace_row *ti_trace_row_of(ti_trace *trace, ti_self *self)
{
    ti_trace_row *row = (ti_trace_row *)self->blocked.row;
    if (row != NULL && row->ident == self->fast.ident)
        return row;
    row = ti_trace_new_row(trace, self);
    self->blocked.row = row;
    if (row != NULL)
        ti_trace_name_row(row, self);
    else
        trace->lost++;
    return row;
}

/* ---- what is told ---- */

TI_COLD static ti_trace_end ti_trace_end_of(const ti_news *news)
{
    if (news->waker != 0)
        return TI_TRACE_WOKEN;
    return news->now >= news->view.until ? TI_TRACE_LIMIT : TI_TRACE_OTHER;
}

TI_COLD static ti_trace_event ti_trace_event_of(const ti_news *news)
{
    ti_trace_event event = {
        .object = news->view.object,
        .since = news->view.since,
        .until = news->now,
        .woken_at = news->woken_at,
        .number = news->waker,
        .on = (uint16_t)news->view.on,
        .end = (uint16_t)ti_trace_end_of(news),
    };
    if (news->kind == TI_NEWS_ITEMS) {
        event.since = news->now;
        event.end = TI_TRACE_ITEMS;
        event.number = news->items < UINT32_MAX ? (uint32_t)news->items : UINT32_MAX;
    }
    return event;
}

/* The name may have changed since the row was given. */
TI_COLD static void ti_trace_ends(ti_trace *trace, ti_trace_row *row, ti_self *self, int64_t now)
{
    ti_trace_name_row(row, self);
    row->ended = now;
    trace->ended_count++;
}

static TI_COLD TI_NOINLINE void ti_trace_hear(ti_self *self, const ti_news *news)
{
    ti_trace *trace = ti_trace_get();
    if (trace == NULL)
        return;
    ti_trace_event event = ti_trace_event_of(news);
    ti_guard_lock(&trace->guard, &self->parker);
    ti_trace_row *row = ti_trace_row_of(trace, self);
    if (row != NULL && news->kind == TI_NEWS_ENDS)
        ti_trace_ends(trace, row, self, news->now);
    else if (row != NULL)
        ti_trace_keep(trace, row, &event);
    ti_guard_unlock(&trace->guard);
}

/* ---- start and stop ---- */

/* NULL: memory is out. */
TI_COLD static ti_trace *ti_trace_provide(void)
{
    ti_trace *trace = ti_trace_get();
    if (trace != NULL)
        return trace;
    trace = (ti_trace *)ti_memory_keep(sizeof *trace);
    /* Release: pairs with the acquire in ti_trace_get. */
    if (trace == NULL || ti_swap_pointer_release(&ti_trace_memory, 0, (uintptr_t)trace))
        return trace;
    ti_memory_end(trace, sizeof *trace); /* another thread was faster */
    return ti_trace_get();
}

/* Without a row no thread has an event: rows that nobody has are given out again one by one. */
TI_COLD static void ti_trace_empty(ti_trace *trace)
{
    for (size_t i = 0; i < trace->row_count; i++) {
        trace->rows[i].ident = 0;
        trace->rows[i].chunk_count = 0;
        trace->rows[i].count = 0;
        trace->rows[i].ended = 0;
    }
    trace->started = trace->stopped = ti_port_now();
    trace->row_count = 0;
    trace->ended_count = 0;
    trace->lost = 0;
    trace->chunk_count = 0;
}

TI_COLD threading_status_t threading_trace_start(void)
{
    ti_self *self = ti_self_get();
    ti_trace *trace = ti_trace_provide();
    if (trace == NULL)
        return THREADING_NO_MEMORY;
    ti_guard_lock(&trace->guard, &self->parker);
    ti_trace_empty(trace);
    trace->stopped = TI_FOREVER;
    ti_guard_unlock(&trace->guard);
    ti_watch_begin(self, TI_WATCH_TRACE);
    return THREADING_OK;
}

TI_COLD threading_status_t threading_trace_stop(void)
{
    ti_self *self = ti_self_get();
    ti_trace *trace = ti_trace_get();
    ti_watch_end(self, TI_WATCH_TRACE);
    if (trace == NULL)
        return THREADING_OK;
    ti_guard_lock(&trace->guard, &self->parker);
    if (trace->stopped == TI_FOREVER)
        trace->stopped = ti_port_now();
    ti_guard_unlock(&trace->guard);
    return THREADING_OK;
}

static TI_COLD void ti_trace_reset(void)
{
    ti_trace *trace = ti_trace_get();
    ti_trace_reset_writer();
    if (trace == NULL)
        return;
    ti_guard_reset(&trace->guard);
    ti_trace_empty(trace);
}

static TI_COLD void ti_trace_unload(void)
{
    ti_trace *trace = ti_trace_get();
    if (trace != NULL)
        ti_memory_end(trace, sizeof *trace);
    ti_store_pointer_relaxed(&ti_trace_memory, 0); /* relaxed: no thread is known */
}

#endif

/* ----------------------------------------------------------------------- src/core/diagnosis/trace_write.c */

/*
 * The trace as JSON, in the Trace Event Format of Chrome: an object whose "traceEvents" is an array with one
 * event in each line. "X" is a slice of time, "s" and "f" are the two ends of an arrow, "C" is the value of a
 * counter, "M" says what a row is called. Times are in microseconds.
 *
 * Events are copied some at a time, so that nothing is locked while the user's function runs. What happens
 * meanwhile is left out.
 */

#if !defined(THREADING_NO_DIAGNOSIS)

#include <string.h>

#define TI_TRACE_NAMES 16 /* names of threads that are remembered */
#define TI_TRACE_BATCH 16 /* events that are copied at a time */

static uint32_t ti_trace_is_written;

typedef struct ti_trace_name {
    uint32_t ident;
    char text[TI_TEXT_NAME];
} ti_trace_name;

/*
 *   rows          how many there were at the beginning: what comes later is left out
 *   arrows        how many were written
 *   dropped       events that are not kept any more
 *   started, now  what is before and after is cut off
 */
typedef struct ti_trace_writer {
    ti_text text;
    ti_trace *trace;
    ti_self *self;
    uint32_t rows;
    uint32_t arrows;
    uint64_t dropped;
    int64_t started;
    int64_t now;
    ti_trace_name names[TI_TRACE_NAMES];
} ti_trace_writer;

TI_COLD static void ti_trace_lock(const ti_trace_writer *writer)
{
    ti_guard_lock(&writer->trace->guard, &writer->self->parker);
}

TI_COLD static void ti_trace_unlock(const ti_trace_writer *writer)
{
    ti_guard_unlock(&writer->trace->guard);
}

/* ---- names ---- */

/* Under the guard: the row of a thread, which may have ended. */
TI_COLD static const ti_trace_row *ti_trace_find_row(const ti_trace_writer *writer, uint32_t ident)
{
    const ti_trace_row *rows = writer->trace->rows;
    for (size_t i = 0; i < writer->rows; i++)
        if (rows[i].ident == ident)
            return &rows[i];
    return NULL;
}

/* The name that a thread which has ended left in its row; else the name is as before. */
TI_COLD static void ti_trace_find_ended(const ti_trace_writer *writer, uint32_t ident,
                                        char name[TI_TEXT_NAME])
{
    ti_trace_lock(writer);
    const ti_trace_row *row = ti_trace_find_row(writer, ident);
    if (row != NULL)
        memcpy(name, row->name, sizeof row->name);
    ti_trace_unlock(writer);
}

/* False: no such thread lives. */
TI_COLD TI_NOINLINE static bool ti_trace_find_living(const ti_trace_writer *writer, uint32_t ident,
                                                     char name[TI_TEXT_NAME])
{
    ti_registry_lock(writer->self);
    const ti_self *thread = ti_registry_find(ident);
    if (thread != NULL)
        ti_look_copy_name(name, thread);
    ti_registry_unlock();
    return thread != NULL;
}

TI_COLD static const char *ti_trace_thread_name(ti_trace_writer *writer, uint32_t ident)
{
    ti_trace_name *name = &writer->names[ident % TI_TRACE_NAMES];
    if (name->ident != ident) {
        name->ident = ident;
        name->text[0] = '\0';
        if (!ti_trace_find_living(writer, ident, name->text))
            ti_trace_find_ended(writer, ident, name->text);
    }
    return name->text;
}

TI_COLD static void ti_trace_object_name(const ti_trace_writer *writer, const void *object,
                                         char name[TI_TEXT_NAME])
{
    ti_registry_lock(writer->self);
    ti_look_copy_object_name(name, object);
    ti_registry_unlock();
}

/* ---- lines ---- */

/* Room for what belongs together: it has two names at most, whose characters may take six each. */
TI_COLD static ti_text *ti_trace_text(ti_trace_writer *writer)
{
    if (writer->text.length > TI_TEXT_SIZE / 8)
        ti_text_flush(&writer->text);
    return &writer->text;
}

TI_COLD static int64_t ti_trace_cut(const ti_trace_writer *writer, int64_t moment)
{
    return moment > writer->started ? moment : writer->started;
}

TI_COLD TI_NOINLINE static void ti_trace_write_thread(ti_trace_writer *writer, const ti_trace_row *row,
                                                      uint64_t dropped)
{
    int64_t began = ti_trace_cut(writer, row->began);
    ti_text_format(
        ti_trace_text(writer),
        ",{\"ph\":\"M\",\"pid\":1,\"tid\":%u,\"name\":\"thread_name\",\"args\":{\"name\":\"%j\"}}\n"
        ",{\"ph\":\"M\",\"pid\":1,\"tid\":%u,\"name\":\"thread_sort_index\","
        "\"args\":{\"sort_index\":%u}}\n"
        ",{\"ph\":\"X\",\"pid\":1,\"tid\":%u,\"ts\":%m,\"dur\":%m,\"cat\":\"life\",\"name\":\"alive\","
        "\"args\":{\"dropped\":%U}}\n",
        row->ident, row->name, row->ident, row->ident, row->ident, began, row->ended - began, dropped);
}

/* It ends inside of the wait, whose slice it belongs to: a moment before that is over. */
TI_COLD static void ti_trace_write_arrow(ti_trace_writer *writer, uint32_t ident, const ti_trace_event *event)
{
    if (event->number == 0 || event->woken_at < writer->started)
        return;
    writer->arrows++;
    ti_text_format(
        ti_trace_text(writer),
        ",{\"ph\":\"s\",\"pid\":1,\"tid\":%u,\"cat\":\"wake\",\"name\":\"wake\",\"id\":%u,\"bp\":\"e\","
        "\"ts\":%m}\n"
        ",{\"ph\":\"f\",\"pid\":1,\"tid\":%u,\"cat\":\"wake\",\"name\":\"wake\",\"id\":%u,\"bp\":\"e\","
        "\"ts\":%m}\n",
        event->number, writer->arrows, event->woken_at, ident, writer->arrows,
        event->woken_at < event->until ? event->until - 1 : event->until);
}

TI_COLD static void ti_trace_write_wait(ti_trace_writer *writer, uint32_t ident, const ti_trace_event *event,
                                        const char *name)
{
    static const char *const ends[] = {"woken", "limit", "other", "", "waits"};
    ti_text *text = ti_trace_text(writer);
    ti_on on = (ti_on)event->on;
    int64_t since = ti_trace_cut(writer, event->since);
    ti_text_format(
        text,
        ",{\"ph\":\"X\",\"pid\":1,\"tid\":%u,\"ts\":%m,\"dur\":%m,\"cat\":\"wait\",\"name\":\"%O%s\","
        "\"args\":{\"kind\":\"%s\",\"object\":\"%p\",\"end\":\"%s\"",
        ident, since, event->until - since, ti_look_kind(on), name, event->object, ti_dump_purpose(on),
        ti_look_kind(on), event->object, ends[event->end]);
    if (event->number != 0)
        ti_text_format(text, ",\"by\":\"%j\",\"by ident\":%u", ti_trace_thread_name(writer, event->number),
                       event->number);
    ti_text_format(text, "}}\n");
    ti_trace_write_arrow(writer, ident, event);
}

TI_COLD TI_NOINLINE static void ti_trace_write_event(ti_trace_writer *writer, uint32_t ident,
                                                     const ti_trace_event *event)
{
    char name[TI_TEXT_NAME];
    ti_trace_object_name(writer, event->object, name);
    if (event->end != TI_TRACE_ITEMS)
        ti_trace_write_wait(writer, ident, event, name);
    else
        ti_text_format(
            ti_trace_text(writer),
            ",{\"ph\":\"C\",\"pid\":1,\"tid\":%u,\"ts\":%m,\"name\":\"%O\",\"args\":{\"items\":%u}}\n", ident,
            event->since, ti_look_kind((ti_on)event->on), name, event->object, event->number);
}

/* ---- a row ---- */

/* Copy some events of a row that was seen, from the n-th on, which may be gone: then from the first that is
 * there. 0: all of them. */
TI_COLD static size_t ti_trace_copy(const ti_trace_writer *writer, const ti_trace_row *row,
                                    const ti_trace_row *seen, uint64_t *n, ti_trace_event *events)
{
    size_t count = 0;
    ti_trace_lock(writer);
    uint64_t first = row->count - ti_trace_kept(row);
    if (*n < first)
        *n = first;
    for (; count < TI_TRACE_BATCH && row->ident == seen->ident && *n < row->count && *n < seen->count &&
           row->chunk_count > 0;
         ++*n)
        events[count++] = *ti_trace_event_at(writer->trace, row, *n);
    ti_trace_unlock(writer);
    return count;
}

TI_COLD static void ti_trace_write_events(ti_trace_writer *writer, const ti_trace_row *row,
                                          const ti_trace_row *seen)
{
    ti_trace_event events[TI_TRACE_BATCH];
    uint64_t n = 0;
    for (size_t count; (count = ti_trace_copy(writer, row, seen, &n, events)) > 0;)
        for (size_t i = 0; i < count; i++)
            ti_trace_write_event(writer, seen->ident, &events[i]);
}

/* The row at a moment, which ends with its thread, or its last event: how many events are lost. */
TI_COLD static uint64_t ti_trace_see(const ti_trace_writer *writer, const ti_trace_row *row,
                                     ti_trace_row *seen)
{
    ti_trace_lock(writer);
    *seen = *row;
    uint64_t kept = ti_trace_kept(row);
    int64_t last = kept > 0 ? ti_trace_event_at(writer->trace, row, row->count - 1)->until : 0;
    ti_trace_unlock(writer);
    if (seen->ended < last)
        seen->ended = last;
    return seen->count - kept;
}

TI_COLD static void ti_trace_write_row(ti_trace_writer *writer, const ti_trace_row *row)
{
    ti_trace_row seen;
    uint64_t dropped = ti_trace_see(writer, row, &seen);
    if (seen.ident == 0)
        return;
    if (ti_trace_find_living(writer, seen.ident, seen.name) && seen.ended < writer->now)
        seen.ended = writer->now;
    writer->dropped += dropped;
    ti_trace_write_thread(writer, &seen, dropped);
    ti_trace_write_events(writer, row, &seen);
}

/* ---- the threads that live ---- */

TI_COLD static bool ti_trace_has_row(const ti_trace_writer *writer, uint32_t ident)
{
    ti_trace_lock(writer);
    bool has_row = ti_trace_find_row(writer, ident) != NULL;
    ti_trace_unlock(writer);
    return has_row;
}

/* It has told of no event, or it waits now. */
TI_COLD static void ti_trace_write_living(ti_trace_writer *writer, const ti_look *look)
{
    if (!ti_trace_has_row(writer, look->ident) && look->began < writer->now) {
        ti_trace_row row = {.ident = look->ident, .began = look->began, .ended = writer->now};
        memcpy(row.name, look->name, sizeof row.name);
        ti_trace_write_thread(writer, &row, 0);
    }
    ti_trace_event event = {.object = look->view.object, .since = look->view.since, .until = writer->now};
    event.on = (uint16_t)look->view.on;
    event.end = TI_TRACE_WAITS;
    if (look->view.on != TI_ON_NOTHING && look->view.since < writer->now)
        ti_trace_write_event(writer, look->ident, &event);
}

/* ---- all of it ---- */

TI_COLD static void ti_trace_write_trace(ti_trace_writer *writer)
{
    ti_trace *trace = writer->trace;
    ti_look look;
    bool is_stuck;
    ti_trace_lock(writer);
    writer->started = trace->started;
    writer->now = trace->stopped == TI_FOREVER ? ti_port_now() : trace->stopped;
    writer->dropped = trace->lost;
    writer->rows = trace->row_count;
    ti_trace_unlock(writer);
    for (size_t i = 0; i < writer->rows; i++)
        ti_trace_write_row(writer, &trace->rows[i]);
    for (uint32_t ident = 0; ti_look_at_next(&look, ident, &is_stuck); ident = look.ident)
        ti_trace_write_living(writer, &look);
}

TI_COLD static void ti_trace_write(ti_trace_writer *writer)
{
    ti_text *text = &writer->text;
    ti_text_format(text,
                   "{\"traceEvents\":[\n"
                   "{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":{\"name\":\"threads\"}}\n");
    if (writer->trace != NULL)
        ti_trace_write_trace(writer);
    ti_text_format(text, "],\"otherData\":{\"version\":\"threading %s, %s\",\"dropped\":%U}}\n",
                   threading_version(), threading_backend(), writer->dropped);
    ti_text_flush(text);
}

TI_COLD threading_status_t threading_trace_write(threading_write_t write, void *context)
{
    if (write == NULL)
        return TI_TELL(NULL, THREADING_INVALID);
    if (!ti_swap_acquire(&ti_trace_is_written, 0, 1))
        return THREADING_BUSY;
    ti_trace_writer writer = {.trace = ti_trace_get(), .self = ti_self_get()};
    ti_text_begin(&writer.text, write, context);
    ti_trace_write(&writer);
    ti_store_release(&ti_trace_is_written, 0);
    return THREADING_OK;
}

static TI_COLD void ti_trace_reset_writer(void)
{
    ti_store_release(&ti_trace_is_written, 0);
}

#endif

/* ----------------------------------------------------------------------------- src/core/diagnosis/watch.c */

#if !defined(THREADING_NO_DIAGNOSIS)

static ti_guard ti_watch_guard;
static uint32_t ti_watch_whom; /* TI_WATCH_…; changes under the guard, is read without */

TI_COLD static void ti_watch_tell(ti_self *self, const ti_news *news)
{
    /* Acquire: pairs with ti_watch_set. */
    uint32_t whom = ti_load_acquire(&ti_watch_whom);
    if (whom & TI_WATCH_PROFILE)
        ti_profile_hear(self, news);
    if (whom & TI_WATCH_TRACE)
        ti_trace_hear(self, news);
}

/* Under the guard, or in the process's only thread. */
TI_COLD static void ti_watch_set(uint32_t whom)
{
    /* Release: pairs with the acquire in ti_watch_tell, for the memory of those who are told. */
    ti_store_release(&ti_watch_whom, whom);
    ti_blocked_watch(whom != 0 ? ti_watch_tell : NULL);
}

static TI_COLD void ti_watch_begin(ti_self *self, uint32_t whom)
{
    ti_guard_lock(&ti_watch_guard, &self->parker);
    ti_watch_set(ti_load_relaxed(&ti_watch_whom) | whom); /* relaxed: under the guard */
    ti_guard_unlock(&ti_watch_guard);
}

static TI_COLD void ti_watch_end(ti_self *self, uint32_t whom)
{
    ti_guard_lock(&ti_watch_guard, &self->parker);
    ti_watch_set(ti_load_relaxed(&ti_watch_whom) & ~whom); /* relaxed: under the guard */
    ti_guard_unlock(&ti_watch_guard);
}

static TI_COLD void ti_watch_reset(void)
{
    ti_guard_reset(&ti_watch_guard);
    ti_watch_set(0);
    ti_profile_reset();
    ti_trace_reset();
}

static TI_COLD void ti_watch_unload(void)
{
    ti_watch_set(0);
    ti_profile_unload();
    ti_trace_unload();
}

#endif

/* -------------------------------------------------------------------------- src/core/diagnosis/watchdog.c */

#if !defined(THREADING_NO_DIAGNOSIS)

#define TI_WATCHDOG_PAUSE 100000000   /* nanoseconds between two looks */
#define TI_WATCHDOG_STACK (64 * 1024) /* bytes: a dump needs some kilobytes */

static struct {
    int64_t limit;
    threading_write_t write;
    void *context;
    uint32_t requests; /* that were answered */
    bool is_due;       /* a dump */
    ti_port_thread native;
} ti_watchdog;

/* A thread that sleeps, or is idle, waits for nobody. */
TI_COLD static bool ti_watchdog_is_wait(ti_on on)
{
    return on != TI_ON_NOTHING && on != TI_ON_SLEEP && on != TI_ON_TIMER && on != TI_ON_WORK &&
           on != TI_ON_EXIT;
}

/* Whether a wait is too long, which was not told before. Under the registry's guard. */
TI_COLD static bool ti_watchdog_is_due(ti_self *self, int64_t now)
{
    ti_blocked_view view = ti_blocked_read(self);
    if (!ti_watchdog_is_wait(view.on) || now - view.since < ti_watchdog.limit ||
        self->blocked.dumped == view.version)
        return false;
    self->blocked.dumped = view.version;
    return true;
}

TI_COLD static bool ti_watchdog_finds_wait(void)
{
    bool found = false;
    int64_t now = ti_port_now();
    if (ti_watchdog.limit == TI_FOREVER || !ti_registry_lock_for_a_while())
        return false;
    for (ti_self *self = ti_registry_after(0); self != NULL; self = ti_registry_after(self->fast.ident))
        found = ti_watchdog_is_due(self, now) || found;
    ti_registry_unlock();
    return found;
}

TI_COLD static bool ti_watchdog_is_asked(void)
{
    uint32_t requests = ti_port_requests();
    bool is_asked = requests != ti_watchdog.requests;
    ti_watchdog.requests = requests;
    return is_asked;
}

static void ti_watchdog_write(void *context, const char *text, size_t length)
{
    ti_watchdog.is_due = false;
    ti_watchdog.write(context, text, length);
}

/* A dump that writes nothing has been refused, since another one was under way: then it is due again. */
TI_COLD static void ti_watchdog_run(void *unused)
{
    (void)unused;
    ti_port_leave_signals();
    for (;;) {
        ti_port_sleep(ti_port_now() + TI_WATCHDOG_PAUSE);
        bool is_asked = ti_watchdog_is_asked(); /* first: both are answered by one dump */
        ti_watchdog.is_due = ti_watchdog_finds_wait() || is_asked || ti_watchdog.is_due;
        if (ti_watchdog.is_due)
            (void)threading_dump(ti_watchdog_write, ti_watchdog.context);
    }
}

static TI_COLD bool ti_watchdog_start(int64_t limit, threading_write_t write, void *context)
{
    ti_watchdog.limit = limit;
    ti_watchdog.write = write;
    ti_watchdog.context = context;
    ti_watchdog.requests = ti_port_requests();
    size_t stack_size = ti_port_has_stack_size ? TI_WATCHDOG_STACK : 0;
    /* As any thread that was started: the code is not unloaded while it runs there. */
    return ti_native_start(&ti_watchdog.native, ti_watchdog_run, NULL, stack_size) == THREADING_OK;
}

#endif

/* -------------------------------------------------------------------------------- src/core/process/fork.c */

/*
 * Fork: in the child only the calling thread is left, and it is main.
 *
 * Before the fork the locals', the registry's and the blocks' guards are taken, so that what they protect
 * is whole in the child. A thread that holds one of the three waits for nothing but the next of them, or a
 * bucket's guard, so the forker gets all. The child makes the three guards and the parking lot new instead
 * of unlocking them: nobody waits there any more. Users' locks stay as they are, as in CPython: what a
 * vanished thread held stays held.
 *
 * The hooks are registered when the code is loaded, so users' prepare handlers run before the guards are
 * taken, and their other handlers after the guards are free again: in all of them every call works. What
 * they hold meanwhile the hooks must not want. That may be the lock of an allocator: the hooks allocate
 * nothing, and what they would give back they put off. There are two exceptions: see ti_fork_spare, and a
 * forker that was unknown is made known, for which the C library needs memory if it has given a thread-
 * local key beyond its first (32 in glibc). And they run in processes that never use the library: there a
 * fork costs three swaps.
 */

/* ---- before the fork, and in the parent ---- */

/* Only a known thread can wait for a guard; this one need not be known to take those that are free. */
static bool ti_fork_try_guards(void)
{
    if (!ti_local_try_lock())
        return false;
    if (ti_registry_try_lock()) {
        if (ti_blocks_try_lock())
            return true;
        ti_registry_unlock();
    }
    ti_local_unlock();
    return false;
}

/* Whether nothing is used, and the guards are taken. It is asked again under them: a thread that becomes
 * known has said so before it takes the registry's. */
static bool ti_fork_of_unused(void)
{
    if (ti_phase_is_used() || !ti_fork_try_guards())
        return false;
    bool is_used = ti_phase_is_used();
    if (is_used)
        ti_fork_parent();
    return !is_used;
}

static TI_COLD void ti_fork_prepare(void)
{
    if (ti_fork_of_unused())
        return;
    ti_self *self = ti_self_get(); /* from here on a foreign thread is known, in the child as well */
    ti_local_lock(self);
    ti_registry_lock(self);
    ti_blocks_lock(self);
}

static TI_COLD void ti_fork_parent(void)
{
    ti_blocks_unlock();
    ti_registry_unlock();
    ti_local_unlock();
}

/* ---- in the child: the threads that are gone ---- */

TI_COLD static void ti_fork_forget_thread(ti_self *self, void *survivor)
{
    if (self == survivor)
        return;
    ti_local_abandon(self);
    ti_self_make_parker(self); /* its last user may have been in the middle of something */
    if (!ti_bias_keep(self))
        ti_self_free(self);
}

/* The objects of the threads that are gone: ended, for whoever still holds them. A main that has left stays
 * listed, and has given its own reference back. */
static void ti_fork_end_records(const threading_thread_t *survivor)
{
    for (threading_thread_t *record = ti_roll_first(), *next; record != NULL; record = next) {
        next = record->next;
        if (record == survivor)
            continue;
        bool has_left = ti_load_relaxed(&record->state) == TI_ENDED; /* relaxed: the child has one thread */
        ti_store_release(&record->state, TI_ENDED);
        if (record == ti_roll_main())
            ti_thread_give_back_later(record); /* the process's reference */
        if (!has_left)
            ti_thread_give_back_later(record); /* the reference that the thread had */
    }
}

/* ---- in the child: its main ---- */

/*
 * An object and a name for the first foreign thread that forks without having them: in the hook there is no
 * memory. There is one of each. A foreign thread that forks in such a child gets memory all the same; a
 * handler that holds an allocator's lock over that second fork too is not known.
 */
static bool ti_fork_spare_is_used;
static ti_name ti_fork_spare_name = {NULL, "MainThread", true};
static threading_thread_t ti_fork_spare = {
    .references = 1,
    .kind = TI_MAIN,
    .options_status = THREADING_OK,
    .is_static = true,
    .name = &ti_fork_spare_name,
};

static bool ti_fork_take_spare(void)
{
    bool is_free = !ti_fork_spare_is_used;
    ti_fork_spare_is_used = true;
    return is_free;
}

/* Without memory the first main's object stands for the new one. */
static threading_thread_t *ti_fork_new_record(void)
{
    if (ti_fork_take_spare())
        return &ti_fork_spare;
    threading_thread_t *record = ti_thread_allocate(TI_MAIN, "MainThread", NULL);
    return record != NULL ? record : &ti_thread_main_record;
}

/* Without memory it keeps its name. */
static void ti_fork_become_main(threading_thread_t *record)
{
    record->kind = TI_MAIN;
    record->daemon = false;
    if (ti_fork_take_spare())
        ti_name_push(record, &ti_fork_spare_name);
    else
        (void)ti_name_give(record, "MainThread", NULL);
}

/* The object of the child's main thread: the forker's own; a foreign one becomes a main thread in every
 * respect. The process has a reference to it. */
static threading_thread_t *ti_fork_main_record(ti_self *self)
{
    if (self->record == NULL)
        self->record = ti_fork_new_record();
    threading_thread_t *record = self->record;
    if (record->kind == TI_DUMMY)
        ti_fork_become_main(record);
    if (record != ti_roll_main())
        (void)threading_thread_retain(record);
    record->ident = self->fast.ident;
    record->native_id = ti_port_native_id();
    record->handle = ti_port_handle();
    record->reap = TI_REAPED;
    ti_store_release(&record->state, TI_RUNNING);
    return record;
}

static void ti_fork_of_known(ti_self *self)
{
    ti_parking_reset();
    ti_fence_reset();
    ti_phase_reset();
    ti_executors_reset();
    ti_natives_reset();
    self->executor = NULL;
    ti_self_make_parker(self);
    ti_foreign_reset(self);
    ti_registry_for_each(ti_fork_forget_thread, self);
    threading_thread_t *record =
        ti_fork_main_record(self); /* first: it may be the old main's, which then goes on */
    ti_fork_end_records(record);
    ti_registry_forget();
    ti_registry_add(self);
    ti_roll_reset(record);
}

/* A child in which nothing was used has nothing to forget but a first use that was just beginning. */
static TI_COLD void ti_fork_child(void)
{
    ti_self *self = ti_self_known();
    ti_phase_family++;
    ti_dump_reset();
    ti_hooks_forked();
    ti_blocks_reset_guard();
    ti_registry_reset_guard();
    ti_local_reset_guard();
    ti_watch_reset();
    if (self != NULL)
        ti_fork_of_known(self);
    else
        ti_hooks_reset();
}

/* ------------------------------------------------------------------------------- src/core/process/hooks.c */

static uint32_t ti_hooks_started;
static uint32_t ti_hooks_exit; /* for as long as the code is loaded */

/* Two threads at once may both register it: running it more than once does no harm. */
static bool ti_hooks_at_exit(void)
{
    if (ti_load_acquire(&ti_hooks_exit))
        return true;
    /* Twice: see shutdown.c. NOLINTNEXTLINE(misc-redundant-expression) */
    bool hooked = ti_port_at_exit(ti_shutdown_at_exit) && ti_port_at_exit(ti_shutdown_at_exit);
    if (hooked)
        ti_store_release(&ti_hooks_exit, 1);
    return hooked;
}

static TI_COLD bool ti_hooks_start(void)
{
    if (ti_load_acquire(&ti_hooks_started))
        return true;
    ti_fence_decide();
    ti_processors_decide();
    /* Without hooks around fork a child would find guards held: a start is refused then, and tried again. */
    bool started = ti_port_pin() && ti_port_at_fork() && ti_hooks_at_exit();
    if (started)
        ti_store_release(&ti_hooks_started, 1); /* pairs with the acquire above */
    ti_debug_start();
    return started;
}

static TI_COLD void ti_hooks_begin_main(ti_self *self)
{
    self->record = ti_roll_main();
    self->fast.ident = self->record->ident;
    ti_store_pointer_relaxed(&self->record->handle, ti_port_handle()); /* relaxed: a number by itself */
}

static TI_COLD void ti_hooks_first_call(ti_self *self)
{
    if (self->record != ti_roll_main()) {
        uint64_t life = ti_port_life();
        ti_registry_lock(self);
        ti_foreign_add(self, life);
        ti_registry_unlock();
    }
    ti_debug_begin();
    /* From here on the C library may allocate, whose malloc may call back: the thread is known and
     * complete. */
    (void)ti_port_set_self(self, ti_leave); /* whether it will be called: foreign.h */
    (void)ti_hooks_start();                 /* asked again, and answered for, by threading_thread_start */
}

static TI_COLD void ti_hooks_forked(void)
{
    ti_debug_forked();
    ti_store_release(&ti_hooks_started, 0);
}

static TI_COLD void ti_hooks_reset(void)
{
    ti_self_reset();
    ti_store_release(&ti_hooks_started, 0);
    ti_phase_forget_use(); /* last: then nothing is left of the use before */
}

/* ---------------------------------------------------------------------------- src/core/process/shutdown.c */

/*
 * The end of the process: wait for the threads that are no daemons.
 *
 * exit() may be called by any thread, by two at once, and by one that another exiting thread waits for. C
 * libraries differ in what they do then: glibc before 2.41, musl before 1.2.6 and macOS let the second caller
 * run the remaining handlers and end the process under the first one's feet; later ones make it wait for
 * ever. So the thread that reaches the hook first owns the exit. The hook is registered twice, so that a
 * second caller meets it too, at whatever moment it comes; it leaves the set of threads that are waited for,
 * puts a hook there for the next one, and sleeps until the process is gone.
 *
 * Nothing is freed or torn down: daemons go on using the library until the process is gone.
 */
#include <stdlib.h>

static uint32_t ti_shutdown_count; /* under the registry's guard: numbers the waits */

/* ---- the wait ---- */

static bool ti_is_waited_for(const threading_thread_t *record, const ti_self *self, uint32_t number)
{
    uint32_t state = ti_load_relaxed(&record->state); /* relaxed: its last change comes under the guard */
    return (state == TI_STARTING || state == TI_RUNNING) &&
           (record->is_worker || !threading_thread_daemon(record)) && record != ti_roll_main() &&
           record != self->record && record->left_out != number;
}

/* The next thread to wait for, retained. NULL: none is left, and at exit none can be started any more. */
static threading_thread_t *ti_shutdown_next(ti_self *self, uint32_t number, bool at_exit)
{
    ti_registry_lock(self);
    threading_thread_t *record = ti_roll_first();
    while (record != NULL && !ti_is_waited_for(record, self, number))
        record = record->next;
    if (record != NULL)
        threading_thread_retain(record);
    else if (at_exit)
        ti_phase_finalize();
    ti_registry_unlock();
    return record;
}

static uint32_t ti_shutdown_number(ti_self *self)
{
    ti_registry_lock(self);
    uint32_t number = ++ti_shutdown_count;
    ti_registry_unlock();
    return number;
}

/* Wait until one thread has ended. One that waits for this thread is left out: it would never end; so is one
 * that was killed with the process. */
static threading_status_t ti_shutdown_wait_for(ti_self *self, threading_thread_t *record, uint32_t number)
{
    ti_blocked_on(self, TI_ON_THREAD, record);
    threading_status_t status = ti_thread_wait(self, record, TI_FOREVER, TI_LEAVING);
    if (status == THREADING_NOT_STARTED) /* its start was under way, and has failed */
        return THREADING_OK;
    if (status == THREADING_OK && ti_load_acquire(&record->state) == TI_ENDED)
        (void)ti_thread_reap(self, record, TI_FOREVER);
    if (status != THREADING_OK) {
        ti_registry_lock(self);
        record->left_out = number;
        ti_registry_unlock();
    }
    return status;
}

TI_COLD static threading_status_t ti_shutdown_wait(ti_self *self, bool at_exit)
{
    threading_status_t result = THREADING_OK;
    uint32_t number = ti_shutdown_number(self);
    self->deaf++; /* a stop is no reason to leave threads behind */
    ti_executors_close(self);
    for (threading_thread_t *record; (record = ti_shutdown_next(self, number, at_exit)) != NULL;) {
        threading_status_t status = ti_shutdown_wait_for(self, record, number);
        if (status == THREADING_DEADLOCK && !at_exit)
            (void)ti_deadlock_refused(self, &record->ident);
        if (status != THREADING_OK)
            result = status;
        threading_thread_free(record);
    }
    if (!at_exit)
        ti_executors_open();
    self->deaf--;
    return result;
}

/* Main counts as ended when its end has come, so that those who join it go on before they are joined
 * themselves. */
static void ti_main_leaves(ti_self *self)
{
    ti_thread_set_gone(self, ti_roll_main(), TI_ENDED);
}

TI_COLD threading_status_t threading_shutdown(void)
{
    ti_self *self = ti_self_get();
    if (ti_port_is_main())
        ti_main_leaves(self);
    return ti_shutdown_wait(self, false);
}

/* ---- the exit ---- */

/* Its RLocks will never be released: their waiters are told, as at the end of their owner. */
static void ti_exit_stop(ti_self *self)
{
    ti_registry_lock(self);
    self->is_stopped = true;
    ti_deadlock_owner_ended(self);
    ti_registry_unlock();
}

/*
 * Leave the set of threads that are waited for. False: another thread ends the process, and this one must
 * sleep until then. So it can no longer end, which those who join it are told; main counts as having left.
 */
TI_COLD static bool ti_exit_begin(ti_self *self)
{
    bool is_first = ti_phase_claim_exit(self->fast.ident);
    self->is_leaving = true;
    ti_calls_abandon(self, 0); /* it never comes back from there, though it has not ended */
    uint32_t otherwise = self->record == ti_roll_main() ? TI_ENDED : TI_STOPPED;
    if (self->record != NULL)
        ti_thread_set_gone(self, self->record, is_first ? TI_LEAVING : otherwise);
    if (!is_first)
        ti_exit_stop(self);
    return is_first;
}

static void ti_exit_sleep(ti_self *self)
{
    ti_blocked_on(self, TI_ON_EXIT, NULL);
    ti_blocked_begin(self, TI_FOREVER);
    for (;;)
        ti_port_park(&self->parker, TI_FOREVER);
}

static TI_COLD void ti_shutdown_at_exit(void)
{
    if (!ti_phase_is_used()) /* the code is unloaded, or the process ends after threading_unload() */
        return;
    ti_self *self = ti_self_get();
    if (!ti_exit_begin(self)) {
        /* For the next one that comes. Without it a third caller of exit() is not held back. */
        (void)ti_port_at_exit(ti_shutdown_at_exit);
        ti_exit_sleep(self);
    }
    ti_main_leaves(self);
    (void)ti_shutdown_wait(self, true);
    ti_debug_at_exit();
    ti_natives_detach();
}

TI_COLD void threading_exit_process(int code)
{
    ti_self *self = ti_self_get();
    if (!ti_exit_begin(self))
        ti_exit_sleep(self);
    exit(code);
}

/* ------------------------------------------------------------------------------ src/core/process/unload.c */

/*
 * The end of a copy of the library that the process outlives: what a plugin does before it is unloaded.
 *
 * The code of a copy in a shared object is kept loaded from the first use on (port.h, 7), since threads may
 * be in it, and the system is to call it at their ends. Here all that can bring anybody into the code is
 * taken back, or, if a thread may be in it, nothing. The hooks of exit and fork stay registered for as long
 * as the code is loaded: when nothing is used they do nothing. Memory goes back to the system unless the
 * program itself is the copy's home: then it waits for the next use.
 */

static bool ti_unload_is_awaited(void)
{
    for (size_t i = 0; i < sizeof threading_buckets / sizeof *threading_buckets; i++)
        if (ti_parking_may_be_awaited(&threading_buckets[i]))
            return true;
    return false;
}

/* Whether a thread may be in this code, or come back to it by a return. */
static bool ti_unload_is_busy(const ti_self *self)
{
    bool was_started_here = self->record != NULL && self->record->kind == TI_STARTED_HERE;
    return was_started_here || !ti_natives_are_gone() || ti_unload_is_awaited() || ti_phase_is_exiting() ||
           !ti_port_is_idle();
}

/* A thread that was not started here, the calling one too: it is not known any more. What it has is put
 * off, since guards are held. */
TI_COLD static void ti_unload_thread(ti_self *self, void *unused)
{
    (void)unused;
    threading_thread_t *record = self->record;
    bool is_gone = ti_self_is_gone(self);
    ti_local_abandon(self);
    ti_foreign_remove(self);
    if (record != NULL && record != ti_roll_main()) {
        ti_store_release(&record->state, TI_ENDED);
        ti_roll_unlist(record);
        ti_thread_give_back_later(record);
    }
    ti_self_unload(self, is_gone);
}

TI_COLD static void ti_unload_blocks(ti_self *self, void *unused)
{
    (void)unused;
    ti_blocks_leave(self);
}

static void ti_unload_threads(ti_self *self)
{
    ti_registry_for_each(ti_unload_blocks, NULL);
    ti_local_lock(self);
    ti_registry_lock(self);
    ti_registry_for_each(ti_unload_thread, NULL);
    ti_registry_forget();
    ti_bias_forget();
    ti_registry_unlock();
    ti_local_unlock();
    ti_thread_settle();
}

static void ti_unload_memory(void)
{
    ti_local_unload();
    ti_blocks_forget();
    ti_name_reset();
    ti_names_forget();
    ti_self_unload_all();
}

TI_COLD threading_status_t threading_unload(void)
{
    if (ti_port_home() == TI_HOME_KEPT)
        return THREADING_UNSUPPORTED;
    if (!ti_phase_is_used())
        return THREADING_OK;
    ti_self *self = ti_self_get();
    if (ti_unload_is_busy(self))
        return THREADING_BUSY;
    ti_foreign_sweep(self);
    ti_port_forget_selves(); /* first: from here on the end of a thread is not told */
    ti_unload_threads(self);
    ti_watch_unload();
    ti_debug_end();
    if (ti_port_home() != TI_HOME_PROGRAM)
        ti_unload_memory();
    ti_hooks_reset();
    ti_port_unpin();
    return THREADING_OK;
}

#if defined(THREADING_SIM)

/* ------------------------------------------------------------------------------------------ src/sim/sim.h */

/*
 * The inside of sim: what its files share. Built from the core for this purpose, and from a native backend;
 * this code stands between the two, where the core expects its backend.
 *
 *   sim_run.c       threading_sim_run: the options, run after run, the report
 *   sim_search.c    which alternative a run takes, and what is left to explore
 *   sim_schedule.c  the threads of a run, of which one has the baton
 *   sim_port.c      the backend that the core sees
 *   sim_calls.c     the public calls, each a point of the schedule in front of the core's own
 *   sim_objects.c   what has been read and written: histories, names, what comes before what
 *   sim_data.c      plain data, and races for it
 *   sim_weak.c      loads that give what was stored before
 *   sim_table.c     the table of a run
 *   sim_state.c     the core's own variables, as they were before the first run
 *   sim_memory.c    its memory, likewise
 *
 * All of a run's data belongs to the thread that has the baton, so nothing here is atomic but the baton.
 */

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TI_SIM_THREADS 32
#define TI_SIM_PROCESSORS 4 /* that a run has */
#define TI_SIM_NAME 32      /* bytes, with the 0 */

/*
 *   READY    can go on
 *   YIELDED  looks for something: goes on when another thread has written, or when no other can go on
 *   ASLEEP   until another thread wakes it, or until its deadline
 *   OVER     has ended, or is not begun
 */
typedef enum ti_sim_state { TI_SIM_OVER, TI_SIM_READY, TI_SIM_YIELDED, TI_SIM_ASLEEP } ti_sim_state;

/* Its thread of the system: there is none, it serves run after run, or the body has ended it. */
typedef enum ti_sim_native_state {
    TI_SIM_NATIVE_NONE,
    TI_SIM_NATIVE_STAYS,
    TI_SIM_NATIVE_ENDS
} ti_sim_native_state;

typedef struct ti_sim_thread {
    uint32_t index; /* 0: the thread that calls threading_sim_run */
    ti_sim_state state;
    const void *awaited; /* while ASLEEP: a parker, a thread's record here, or NULL for time alone */
    int64_t deadline;    /* while ASLEEP */
    uint64_t history;    /* a hash of all that it has done and seen in this run */
    uint32_t touched;    /* how many objects it was the first to touch */
    uint32_t looks;      /* points since anybody wrote, while it ran alone */
    uint32_t priority;   /* for PCT */
    uintptr_t told;      /* its stack pointer when it last did what can tell others an address; 0: never */
    uint32_t clock[TI_SIM_THREADS];    /* what it knows of each thread's time (Lamport; Mattern 1988) */
    uint32_t unfenced[TI_SIM_THREADS]; /* what a fence that acquires would add */
    uint32_t fence[TI_SIM_THREADS];    /* the clock at its last fence that released */
    bool has_fence;
    uint32_t shown[TI_SIM_THREADS]; /* what a fence in all threads has shown it, which orders no data */
    void (*entry)(void *argument);
    void *argument;
    threading_target_t target; /* of the thread's, and its argument */
    void *target_argument;
    bool is_in_target; /* else it begins or ends, in the core */
    bool is_daemon;
    int level; /* the priority that it has set, of which nothing follows */
    char name[TI_SIM_NAME];
    const char *call;   /* the public call that it is in, or NULL */
    const void *object; /* of that call, or NULL */
    uint32_t ident;     /* what the core calls it by */
    const struct threading_waiter *waiter;

    /* Those stay from run to run. */
    jmp_buf out; /* where a run that is given up is left to */
    uint32_t has_baton;
    uint32_t is_lost; /* it waits outside of the library, and when it comes back its run is over */
    bool has_parker;
    ti_sim_native_state native_state;
    ti_parker parker;
    ti_port_thread native;
} ti_sim_thread;

/* One run. */
typedef struct ti_sim_run {
    ti_sim_thread *running;
    uint32_t count; /* of threads, those that are over too */
    int64_t now;
    uint64_t steps;
    uint64_t max_steps;
    uint32_t beat;        /* atomic: changes with each step, for a thread that watches */
    uint32_t idle_rounds; /* in which all looked, and nobody wrote */
    bool is_inside;       /* points within the library too */
    bool is_spurious;
    bool is_weak;
    bool is_given_up;     /* each thread leaves at its next point */
    bool is_recorded;     /* for the table */
    bool was_preempted;   /* by what comes next in the table */
    uint32_t has_foreign; /* atomic: set by others */
    threading_sim_verdict_t verdict;
    char message[512];
} ti_sim_run;

static ti_sim_run ti_sim;

/* The calling thread's record if it is one of a run, else NULL. */
static ti_sim_thread *ti_sim_self(void);
static ti_sim_thread *ti_sim_thread_at(uint32_t index);

/* ---- sim_schedule.c ---- */

/* Run the body once. False: memory is out. */
static bool ti_sim_execute(void (*body)(void *arg), void *arg);

/* The run has failed: this thread leaves it. */
static THREADING_NORETURN void ti_sim_fail(threading_sim_verdict_t verdict, const char *message);

/* Remember that it has failed; the run goes on if it can. */
static void ti_sim_blame(threading_sim_verdict_t verdict, const char *message);

/* Another thread may come first. */
static void ti_sim_point(ti_sim_thread *self);
static void ti_sim_yield(ti_sim_thread *self);

/* Its thread waits for the others to end. */
static bool ti_sim_body_has_returned(void);

/* Sleep until ti_sim_wake of what is awaited, or until the deadline, or for a moment. */
static void ti_sim_sleep(ti_sim_thread *self, const void *awaited, int64_t deadline);
static void ti_sim_wake(const void *awaited);

/* Somebody has written: who looks may look again. */
static void ti_sim_wrote(ti_sim_thread *self);

/* A thread that begins with `entry`. NULL: there are too many, or the system has none. */
static ti_sim_thread *ti_sim_start(ti_sim_thread *creator, void (*entry)(void *argument), void *argument);

/* The calling thread ends in the system's own way: call `leave`, and hand the baton on. */
static void ti_sim_native_ends(ti_sim_thread *self, void (*leave)(void *core_self), void *core_self);

/* Leave the calling thread's entry. */
static THREADING_NORETURN void ti_sim_exit(ti_sim_thread *self);

/* ---- sim_port.c ---- */

/* The calling thread, which the core knows, is this one. */
static void ti_sim_note_caller(ti_sim_thread *thread);

static const char *ti_sim_thread_name(const threading_thread_t *thread);

/* ---- sim_search.c ---- */

/* Which of `count` alternatives is taken; each from `free` on counts as an interruption. */
static uint32_t ti_sim_choose(uint32_t count, uint32_t free);

/* The same among threads, for which priorities count; `count` may have one more than threads. */
static uint32_t ti_sim_choose_thread(ti_sim_thread *const *ready, uint32_t threads, uint32_t count, uint32_t free);

/* ---- sim_objects.c ---- */

static void ti_sim_objects_begin(void);
static uint32_t ti_sim_numbers(void); /* how many of them the last run has given */
static bool *ti_sim_token(const void *parker);
static uint64_t ti_sim_key(void); /* of the state that the run is in */
static uint64_t ti_sim_mix(uint64_t hash, uint64_t value);
static void ti_sim_learn(ti_sim_thread *self, const ti_sim_thread *from); /* all that it has done comes before */
static void ti_sim_fence_all(void);
static void ti_sim_name_object(const void *object, const char *name);
static const char *ti_sim_object_name(const void *object); /* NULL: none */

/* ---- sim_table.c ---- */

/* A line of the running thread, while a run is recorded. */
static void ti_sim_record(const char *what, const void *object, const char *after);
struct ti_sim_access;
static void ti_sim_record_access(const struct ti_sim_access *access);
static void ti_sim_record_time(const ti_sim_thread *thread,
                        double seconds); /* it sleeps no longer, so long after the beginning */
static void ti_sim_record_settle(void);         /* what was said to be written is there now */
static void ti_sim_table_begin(void);
static void ti_sim_table_write(threading_write_t write, void *context, const char *replay);
static void ti_sim_describe_all(char *text, size_t size); /* what each thread waits for */
static bool ti_sim_one_sleeps_in_vain(void);              /* though what it waits for is there */

/* ---- sim_memory.c ---- */

/* What it holds now, it holds before each run. False: memory is out. */
static bool ti_sim_memory_begin(void);
static size_t ti_sim_memory_left(void); /* how many pieces the core has not given back that it took in the run */
static void ti_sim_memory_restore(void);

/* ---- sim_state.c ---- */

static bool ti_sim_state_keep(void); /* false: memory is out */
static void ti_sim_state_restore(void);
static void ti_sim_state_settle(void); /* give back what only a later call would want */

/* ------------------------------------------------------------------------------------ src/sim/sim_state.c */

/*
 * The core's own variables. Each run begins with what they were before the first one, so that it finds the
 * same idents, names and memory as the run before, whatever that has left behind. This file is compiled in
 * one piece with the core (sim_core.c), whose variables it can see; the test sim.state_is_complete compares
 * the list with what the compiler has made.
 */
#include <stdlib.h>
#include <string.h>

static const struct {
    void *at;
    size_t size;
} ti_state[] = {
#define TI_STATE(variable)            \
    {                                 \
        &(variable), sizeof(variable) \
    }
    TI_STATE(threading_fence_kind),
    TI_STATE(ti_bias_revocations),
    TI_STATE(ti_biases),
    TI_STATE(ti_depot),
    TI_STATE(ti_executor_number),
    TI_STATE(ti_executors),
    TI_STATE(ti_foreign),
    TI_STATE(ti_fork_spare),
    TI_STATE(ti_fork_spare_is_used),
    TI_STATE(ti_fork_spare_name),
    TI_STATE(ti_fresh),
    TI_STATE(ti_future_order),
    TI_STATE(ti_hooks_exit),
    TI_STATE(ti_hooks_started),
    TI_STATE(ti_kept),
    TI_STATE(ti_later_memory),
    TI_STATE(ti_locals),
    TI_STATE(ti_main_is_known),
    TI_STATE(ti_main_self),
    TI_STATE(ti_name_count),
    TI_STATE(ti_name_of_main),
    TI_STATE(ti_natives),
    TI_STATE(ti_natives_lost),
    TI_STATE(ti_orphans),
    TI_STATE(ti_phase_exiter),
    TI_STATE(ti_phase_family),
    TI_STATE(ti_phase_finalizing),
    TI_STATE(ti_phase_used),
    TI_STATE(ti_pool),
    TI_STATE(ti_processors_told),
    TI_STATE(ti_registry),
    TI_STATE(ti_reserve),
    TI_STATE(ti_reserve_used),
    TI_STATE(ti_roll),
    TI_STATE(ti_shutdown_count),
    TI_STATE(ti_slabs),
    TI_STATE(ti_spin_processors),
    TI_STATE(ti_stack_size),
    TI_STATE(ti_thread_later),
    TI_STATE(ti_thread_main_record),
#undef TI_STATE
};

#define TI_STATE_COUNT (sizeof ti_state / sizeof *ti_state)

static char *ti_state_copy;             /* of all of them, one behind the other */
static ti_self *ti_state_of;            /* the caller's */
static ti_self ti_state_caller;         /* what it was */
static const ti_bucket ti_state_bucket; /* nobody waits between runs */

/* The records of threads that a run takes first, in their order, and the one behind them or NULL. What is in
 * a record makes no difference. */
static ti_self *ti_state_pool[TI_SIM_THREADS + 1];

static size_t ti_state_size(void)
{
    size_t size = 0;
    for (size_t i = 0; i < TI_STATE_COUNT; i++)
        size += ti_state[i].size;
    return size;
}

static void ti_state_move(bool restore)
{
    char *copy = ti_state_copy;
    for (size_t i = 0; i < TI_STATE_COUNT; copy += ti_state[i].size, i++)
        memcpy(restore ? ti_state[i].at : copy, restore ? copy : ti_state[i].at, ti_state[i].size);
}

static void ti_state_keep_pool(void)
{
    ti_self *self = (ti_self *)ti_pool;
    for (size_t i = 0; i < TI_SIM_THREADS; i++, self = self->next)
        ti_state_pool[i] = self;
    ti_state_pool[TI_SIM_THREADS] = self;
}

static void ti_state_restore_pool(void)
{
    for (size_t i = 0; i < TI_SIM_THREADS; i++)
        ti_state_pool[i]->next = ti_state_pool[i + 1];
}

/* A record for each thread that a run may have: then none makes new ones, which would be lost with it. */
static bool ti_state_stock(void)
{
    ti_self *stock[TI_SIM_THREADS];
    size_t count = 0;
    while (count < TI_SIM_THREADS && (stock[count] = ti_self_new()) != NULL)
        count++;
    bool is_full = count == TI_SIM_THREADS;
    while (count > 0)
        ti_self_free(stock[--count]);
    return is_full;
}

static bool ti_sim_state_keep(void)
{
    ti_state_of = ti_self_get();
    if (!ti_hooks_start() || !ti_state_stock())
        return false;
    ti_spin_processors = 1;                    /* a thread that looks before it sleeps meets nothing new */
    ti_processors_told = TI_PROCESSORS_UNTOLD; /* a run is the same whatever the environment says */
    free(ti_state_copy);
    ti_state_copy = (char *)malloc(ti_state_size());
    if (ti_state_copy == NULL)
        return false;
    ti_state_move(false);
    ti_state_keep_pool();
    ti_state_caller = *ti_state_of;
    return ti_sim_memory_begin();
}

/* Those that the last run had to do with. */
static void ti_state_restore_buckets(void)
{
    for (uint32_t number = 0; number < ti_sim_numbers(); number++)
        *ti_parking_bucket_numbered(number) = ti_state_bucket;
}

/* What the caller's thread keeps for later, though no object is left that it is for. */
static void ti_sim_state_settle(void)
{
    ti_local_abandon(ti_state_of);
    ti_local_unload();
    ti_thread_settle();
}

static void ti_sim_state_restore(void)
{
    ti_state_move(true);
    ti_sim_memory_restore();
    *ti_state_of = ti_state_caller;
    ti_state_restore_pool();
    ti_state_restore_buckets();
    (void)ti_port_set_self(ti_state_of, ti_leave);
}
#undef ti_add_acquire_release
#undef ti_add_relaxed
#undef ti_add_sequential
#undef ti_and_pointer_release
#undef ti_exchange_acquire_release
#undef ti_exchange_pointer_acquire
#undef ti_exchange_sequential
#undef ti_load_acquire
#undef ti_load_pointer_acquire
#undef ti_load_pointer_relaxed
#undef ti_load_relaxed
#undef ti_load_sequential
#undef ti_pause
#undef ti_store_pointer_relaxed
#undef ti_store_pointer_release
#undef ti_store_relaxed
#undef ti_store_release
#undef ti_store_sequential
#undef ti_swap_acquire
#undef ti_swap_pointer_acquire
#undef ti_swap_pointer_release
#undef ti_swap_release
#undef ti_swap_sequential
#undef ti_memory_allocate
#undef ti_memory_end
#undef ti_memory_free
#undef ti_memory_keep
#undef ti_memory_resize
#undef ti_port_available_cpus
#undef ti_port_cpu_count
#undef ti_port_fence_all
#undef ti_port_fence_start
#undef ti_port_get_priority
#undef ti_port_life
#undef ti_port_now
#undef ti_port_park
#undef ti_port_set_name
#undef ti_port_set_priority
#undef ti_port_set_self
#undef ti_port_sleep
#undef ti_port_thread_detach
#undef ti_port_thread_exit
#undef ti_port_thread_handle
#undef ti_port_thread_join
#undef ti_port_thread_stack_size
#undef ti_port_thread_start
#undef ti_port_thread_try_join
#undef ti_port_unpark
#undef ti_port_yield
#undef threading_active_count
#undef threading_barrier_abort
#undef threading_barrier_broken
#undef threading_barrier_n_waiting
#undef threading_barrier_reset
#undef threading_barrier_wait
#undef threading_barrier_wait_timeout
#undef threading_bounded_semaphore_acquire
#undef threading_bounded_semaphore_acquire_timeout
#undef threading_bounded_semaphore_release
#undef threading_bounded_semaphore_release_n
#undef threading_bounded_semaphore_try_acquire
#undef threading_bounded_semaphore_value
#undef threading_completed_next
#undef threading_condition_acquire
#undef threading_condition_acquire_timeout
#undef threading_condition_is_owned
#undef threading_condition_locked
#undef threading_condition_notify
#undef threading_condition_notify_all
#undef threading_condition_release
#undef threading_condition_try_acquire
#undef threading_condition_wait
#undef threading_condition_wait_for
#undef threading_condition_wait_for_timeout
#undef threading_condition_wait_timeout
#undef threading_enumerate
#undef threading_event_clear
#undef threading_event_is_set
#undef threading_event_set
#undef threading_event_wait
#undef threading_event_wait_timeout
#undef threading_executor_for
#undef threading_executor_map
#undef threading_executor_map_timeout
#undef threading_executor_shutdown
#undef threading_executor_submit
#undef threading_executor_try_submit
#undef threading_future_add_done_callback
#undef threading_future_cancel
#undef threading_future_cancelled
#undef threading_future_done
#undef threading_future_result
#undef threading_future_result_timeout
#undef threading_future_running
#undef threading_future_set_error
#undef threading_future_set_result
#undef threading_future_start
#undef threading_group_run
#undef threading_group_stop
#undef threading_group_wait
#undef threading_group_wait_timeout
#undef threading_lock_acquire
#undef threading_lock_acquire_timeout
#undef threading_lock_locked
#undef threading_lock_release
#undef threading_lock_try_acquire
#undef threading_monotonic
#undef threading_must_fail
#undef threading_object_set_name
#undef threading_once
#undef threading_queue_empty
#undef threading_queue_full
#undef threading_queue_get
#undef threading_queue_get_timeout
#undef threading_queue_is_shutdown
#undef threading_queue_join
#undef threading_queue_join_timeout
#undef threading_queue_put
#undef threading_queue_put_timeout
#undef threading_queue_shutdown
#undef threading_queue_size
#undef threading_queue_task_done
#undef threading_queue_try_get
#undef threading_queue_try_put
#undef threading_queue_unfinished
#undef threading_rlock_acquire
#undef threading_rlock_acquire_timeout
#undef threading_rlock_count
#undef threading_rlock_is_owned
#undef threading_rlock_locked
#undef threading_rlock_release
#undef threading_rlock_try_acquire
#undef threading_rwlock_acquire_read
#undef threading_rwlock_acquire_read_timeout
#undef threading_rwlock_acquire_write
#undef threading_rwlock_acquire_write_timeout
#undef threading_rwlock_release_read
#undef threading_rwlock_release_write
#undef threading_rwlock_try_acquire_read
#undef threading_rwlock_try_acquire_write
#undef threading_semaphore_acquire
#undef threading_semaphore_acquire_timeout
#undef threading_semaphore_release
#undef threading_semaphore_release_n
#undef threading_semaphore_try_acquire
#undef threading_semaphore_value
#undef threading_shutdown
#undef threading_sleep
#undef threading_start_new_thread
#undef threading_stop_request
#undef threading_stop_requested
#undef threading_thread_daemon
#undef threading_thread_is_alive
#undef threading_thread_join
#undef threading_thread_join_timeout
#undef threading_thread_name
#undef threading_thread_result
#undef threading_thread_spawn
#undef threading_thread_start
#undef threading_thread_try_join
#undef threading_timer_cancel
#undef threading_wait
#undef threading_wait_any

/* ------------------------------------------------------------------------------------- src/sim/sim_data.h */

/* Plain data: how src/sim_tsan tells of what compiled code reads and writes. */

#include <stdbool.h>
#include <stddef.h>

typedef struct ti_sim_access {
    const void *address;
    size_t size;
    const char *what; /* in the table: "read" */
    const void *code; /* where it is done, or NULL */
    bool is_write;
    bool is_atomic;
    bool is_users;        /* the program's text asks for it: always in the table */
    bool is_on_own_stack; /* no point if nobody else can know the address */
} ti_sim_access;

/* The thread is about to do it. */
static void ti_sim_data_access(ti_sim_thread *self, const ti_sim_access *access);

/* The memory is about to be given back, or has been taken: what was there before is of no concern. */
static void ti_sim_data_freed(const ti_sim_thread *self, const void *address, size_t size, const void *code);
static void ti_sim_data_new(const void *address, size_t size);

/* Whether more than one thread has touched any of it. */
static bool ti_sim_data_is_shared(const void *address, size_t size);

/* How an address is told, if anybody knows: false if it has no words for it. */
extern bool (*ti_sim_tell_data)(const void *address, char *text, size_t size);
extern bool (*ti_sim_tell_code)(const void *code, char *text, size_t size);

/* ---------------------------------------------------------------------------------- src/sim/sim_objects.h */

/* What sim_objects.c keeps of each address in a run. */

#include <stdbool.h>
#include <stdint.h>

#define TI_SIM_OBJECTS 8192 /* in one run, at most; a power of two */

typedef struct ti_sim_object {
    uintptr_t address;
    uint32_t run; /* of another run it is as if new */
    uint32_t number;
    uint64_t id;                    /* the same in each run */
    uint64_t last_write;            /* the history of the thread that wrote it last */
    uint64_t reads;                 /* the histories of those who have read that, in no order */
    uint64_t value;                 /* of an atomic word, as the run has left it */
    bool token;                     /* of a parker */
    uint32_t clock[TI_SIM_THREADS]; /* what was released into it */
    bool has_clock;
    bool is_forgotten; /* its memory has become other memory: whatever has this address is new */
} ti_sim_object;

static ti_sim_object *ti_sim_object_at(uintptr_t address);
static ti_sim_object *ti_sim_object_find(uintptr_t address); /* NULL: it has none in this run */
static ti_sim_object *ti_sim_object_used(uint32_t i);        /* the run's, one by one; NULL: that was the last */
static uint32_t ti_sim_object_index(const ti_sim_object *object);

static uint32_t ti_sim_objects_run(void); /* another number in each run */

/* A part of the thread's history. */
static void ti_sim_object_read(ti_sim_thread *self, ti_sim_object *object);
static void ti_sim_object_written(ti_sim_thread *self, ti_sim_object *object);

/* Into the first, what the second knows. */
static void ti_sim_clock_join(uint32_t *clock, const uint32_t *other);

/* ---- sim_weak.c ---- */

/* False: memory is out. */
static bool ti_sim_weak_init(void);
static void ti_sim_weak_free(void);

/* The word was stored; the calling thread's clock has not gone on yet. */
static void ti_sim_weak_store(ti_sim_thread *self, const ti_sim_object *object, int order, uint64_t before,
                       uint64_t value);

/* A sequential fence of the calling thread. */
static void ti_sim_weak_fence(ti_sim_thread *self);

/* Whether the load gives an older value, which is put into *value. */
static bool ti_sim_weak_load(ti_sim_thread *self, const ti_sim_object *object, int order, uint64_t *value);

/* ---------------------------------------------------------------------------------- src/sim/sim_options.h */

/* The options of a search. */

/* Completes them from the environment and with the defaults. NULL, or what is wrong with them. */
static const char *ti_sim_options(threading_sim_options_t *options);

/* ----------------------------------------------------------------------------------- src/sim/sim_search.h */

/* The search: what sim_run.c asks of sim_search.c. */

#include <stdbool.h>
#include <stdint.h>

#define TI_SIM_DEVIATIONS 512 /* of a replay, at most */

/* What a run did otherwise than the first alternative: its number among the decisions, and what it took. */
typedef struct ti_sim_deviation {
    uint32_t decision;
    uint32_t pick;
} ti_sim_deviation;

typedef enum ti_sim_way {
    TI_SIM_BY_BOUND,
    TI_SIM_BY_CHANCE,
    TI_SIM_BY_PRIORITY,
    TI_SIM_BY_REPLAY
} ti_sim_way;

/* False: memory is out. */
static bool ti_sim_search_init(uint64_t seed);
static void ti_sim_search_free(void);

/* Explore all with so many interruptions, from the beginning. */
static void ti_sim_search_level(uint32_t bound);

/* In front of each run. */
static void ti_sim_search_begin(ti_sim_way way);

/* Take what the deviations say, and the first alternative else. */
static void ti_sim_search_replay(const ti_sim_deviation *deviations, uint32_t count);

/* After it: whether the run has met each of the decisions that they are for. */
static bool ti_sim_search_replay_fits(void);

/* After a run by bound: turn to what is left. False: the level is explored. */
static bool ti_sim_search_next(void);

/* The next run takes the decisions of the last one again, to its end. */
static void ti_sim_search_repeat(void);

/* Whether the level has left out anything for its bound. */
static bool ti_sim_search_was_cut(void);

/* Of the run that was the last: */
static uint32_t ti_sim_search_preemptions(void);
static uint32_t ti_sim_search_deviations(ti_sim_deviation *deviations); /* how many */
static uint64_t ti_sim_search_end_key(void);

/* ----------------------------------------------------------------------------------- src/sim/sim_system.h */

/* What sim needs of the compiler, of its thread sanitizer and of the system beyond a backend. */

#include <stdbool.h>

#if defined(_MSC_VER) && !defined(__clang__)
#define TI_SIM_THREAD_LOCAL __declspec(thread)
#else
#define TI_SIM_THREAD_LOCAL _Thread_local
#endif

/* The calling thread's stack pointer, about; it matters where src/sim_tsan is. */
#if defined(__GNUC__) || defined(__clang__)
#define TI_SIM_STACK() ((uintptr_t)__builtin_frame_address(0))
#else
#define TI_SIM_STACK() ((uintptr_t)0)
#endif

/*
 * The baton orders all that the threads do, and would hide each race of theirs from ThreadSanitizer. So in a
 * build for it only the program is compiled for it: not the core, not the backend, not this. It is told to
 * take no notice of the baton, and instead what really comes before what. Of sim it sees calls of the C
 * library all the same, on data that the baton alone protects: TI_SIM_WITHIN, in front of what the core and
 * programs call, has it look away to the function's end. A thread that leaves by a jump
 * corrects the depth with ti_sim_within_reset().
 */
#if defined(THREADING_TSAN)
void __tsan_ignore_thread_begin(void);
void __tsan_ignore_thread_end(void);
void AnnotateIgnoreSyncBegin(const char *file, int line);
void AnnotateIgnoreSyncEnd(const char *file, int line);
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#define ti_sim_hide_sync() AnnotateIgnoreSyncBegin(__FILE__, __LINE__)
#define ti_sim_show_sync() AnnotateIgnoreSyncEnd(__FILE__, __LINE__)
#define ti_sim_starts(thread) __tsan_release(&(thread)->entry)
#define ti_sim_thread_begins(thread) __tsan_acquire(&(thread)->entry)
#define ti_sim_thread_ends(thread) __tsan_release(&(thread)->argument)
#define ti_sim_joins(thread) __tsan_acquire(&(thread)->argument)
#define ti_sim_tell_acquire(address) __tsan_acquire((void *)(address))
#define ti_sim_tell_release(address) __tsan_release((void *)(address))
static void ti_sim_within_reset(int depth);
static int ti_sim_within_begin(void);
static void ti_sim_within_end(const int *depth);
#define TI_SIM_WITHIN \
    const int within __attribute__((cleanup(ti_sim_within_end), unused)) = ti_sim_within_begin()
#else
#define ti_sim_hide_sync() ((void)0)
#define ti_sim_show_sync() ((void)0)
#define ti_sim_starts(thread) ((void)0)
#define ti_sim_thread_begins(thread) ((void)0)
#define ti_sim_thread_ends(thread) ((void)0)
#define ti_sim_joins(thread) ((void)0)
#define ti_sim_tell_acquire(address) ((void)0)
#define ti_sim_tell_release(address) ((void)0)
#define ti_sim_within_reset(depth) ((void)0)
#define TI_SIM_WITHIN ((void)0)
#endif

/* Let AddressSanitizer tell of each use of such memory; or no more. */
#if defined(__SANITIZE_ADDRESS__)
#define TI_SIM_WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TI_SIM_WITH_ASAN 1
#endif
#endif
#if defined(TI_SIM_WITH_ASAN)
void __asan_poison_memory_region(void const volatile *address, size_t size);
void __asan_unpoison_memory_region(void const volatile *address, size_t size);
#define ti_sim_forbid(memory, size) __asan_poison_memory_region(memory, size)
#define ti_sim_unforbid(memory, size) __asan_unpoison_memory_region(memory, size)
#else
#define ti_sim_forbid(memory, size) ((void)0)
#define ti_sim_unforbid(memory, size) ((void)0)
#endif

/* Keep the calling thread on one processor, the same for all threads of runs, which makes a switch several
 * times faster; or let it go where it was allowed before. Nothing where the system has no such call. */
static void ti_sim_pin(bool on_one);

/* What the environment says of THREADING_SIM_<name>, or NULL. */
static const char *ti_sim_environment(const char *name);

/* ------------------------------------------------------------------------------------ src/sim/sim_calls.c */

/*
 * Each public call of the table is a point of the schedule, and a line of the table of steps; then comes the
 * core's own.
 */

#include <stdio.h>

typedef struct ti_sim_call {
    ti_sim_thread *self;
    const char *outer;
    const void *outer_object;
} ti_sim_call;

static ti_sim_call ti_sim_call_begin(const char *name, const void *object)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    ti_sim_call call = {self, NULL, NULL};
    if (self == NULL)
        return call;
    call.outer = self->call;
    call.outer_object = self->object;
    self->call = name;
    self->object = object;
    self->told = TI_SIM_STACK();
    ti_sim_point(self);
    ti_sim_record(name, object, NULL);
    return call;
}

static void ti_sim_call_end(ti_sim_call call)
{
    TI_SIM_WITHIN;
    if (call.self == NULL)
        return;
    call.self->call = call.outer;
    call.self->object = call.outer_object;
}

/* What a call tells is a line of its own unless it is what everybody expects. */
static threading_status_t ti_sim_call_end_with(ti_sim_call call, threading_status_t status)
{
    TI_SIM_WITHIN;
    if (call.self != NULL && status != THREADING_OK)
        ti_sim_record(call.self->call, call.self->object, threading_status_name(status));
    ti_sim_call_end(call);
    return status;
}

static bool ti_sim_call_answer(ti_sim_call call, bool answer)
{
    TI_SIM_WITHIN;
    if (call.self != NULL)
        ti_sim_record(call.self->call, call.self->object, answer ? "true" : "false");
    ti_sim_call_end(call);
    return answer;
}

#define TI_STATUS(name, parameters, arguments, object)               \
    threading_status_t threading_##name parameters                   \
    {                                                                \
        ti_sim_call call = ti_sim_call_begin(#name, object);         \
        return ti_sim_call_end_with(call, ti_core_##name arguments); \
    }
#define TI_ANSWER(name, parameters, arguments, object)             \
    bool threading_##name parameters                               \
    {                                                              \
        ti_sim_call call = ti_sim_call_begin(#name, object);       \
        return ti_sim_call_answer(call, ti_core_##name arguments); \
    }
#define TI_CALL(type, name, parameters, arguments, object)   \
    type threading_##name parameters                         \
    {                                                        \
        ti_sim_call call = ti_sim_call_begin(#name, object); \
        type value = ti_core_##name arguments;               \
        ti_sim_call_end(call);                               \
        return value;                                        \
    }
#define TI_AMOUNT(name, parameters, arguments, object) TI_CALL(size_t, name, parameters, arguments, object)
#define TI_MOMENT(name, parameters, arguments, object) TI_CALL(double, name, parameters, arguments, object)
#define TI_ACTION(name, parameters, arguments, object)       \
    void threading_##name parameters                         \
    {                                                        \
        ti_sim_call call = ti_sim_call_begin(#name, object); \
        ti_core_##name arguments;                            \
        ti_sim_call_end(call);                               \
    }

TI_SIM_CALLS(TI_STATUS, TI_ANSWER, TI_AMOUNT, TI_MOMENT, TI_ACTION)

/* ---- the others ---- */

const char *threading_thread_name(const threading_thread_t *thread)
{
    return ti_core_thread_name(thread);
}

bool threading_thread_daemon(const threading_thread_t *thread)
{
    return ti_core_thread_daemon(thread);
}

threading_status_t threading_object_set_name(const void *object, const char *name)
{
    TI_SIM_WITHIN;
    if (object == NULL)
        return THREADING_INVALID;
    (void)ti_core_object_set_name; /* which keeps no names in this build */
    ti_sim_name_object(object, name);
    return THREADING_OK;
}

/* As the core's own. In the table it is a start, of a thread whose name is told. */
threading_status_t threading_thread_spawn(threading_target_t target, void *arg,
                                          const threading_thread_options_t *options,
                                          threading_thread_t **thread)
{
    threading_thread_t *spawned = threading_thread_new(target, arg, options);
    if (spawned == NULL)
        return THREADING_NO_MEMORY;
    threading_status_t status = threading_thread_start(spawned);
    if (status == THREADING_OK && thread != NULL)
        *thread = spawned;
    else
        threading_thread_free(spawned);
    return status;
}

/* In a run it is a check of the program's own, so that the order is told that leads to it. */
void threading_must_fail(const char *call, const char *file, int line, threading_status_t status)
{
    char text[sizeof ti_sim.message];
    (void)snprintf(text, sizeof text, "%s: %s", call, threading_status_name(status));
    threading_sim_check_at(false, text, file, line);
    ti_core_must_fail(call, file, line, status);
}

/* ------------------------------------------------------------------------------------- src/sim/sim_data.c */

/*
 * Plain data, which no two threads may touch at the same time if one of them writes.
 *
 * It is watched in pieces of eight bytes, and byte by byte within. Of each piece the accesses are kept that
 * no later one stands for: what comes after an access and does at least as much would race with whatever the
 * access would race with (FastTrack: Flanagan and Freund, PLDI 2009).
 */

#include <stdio.h>
#include <string.h>

#define TI_SIM_PIECE ((uintptr_t)8)
#define TI_SIM_KEPT 12 /* accesses of a piece; of more the oldest is forgotten */

typedef struct ti_sim_kept {
    const void *code;
    uint32_t time; /* of the thread's clock */
    uint8_t thread;
    uint8_t mask; /* which bytes */
    bool is_write;
    bool is_atomic;
} ti_sim_kept;

typedef struct ti_sim_piece {
    uint32_t run;     /* of another run it is as if new */
    uint32_t touched; /* by which threads, a bit for each */
    uint32_t count;
    ti_sim_kept kept[TI_SIM_KEPT];
} ti_sim_piece;

static ti_sim_piece ti_pieces[TI_SIM_OBJECTS]; /* by the index of the object */

bool (*ti_sim_tell_data)(const void *address, char *text, size_t size);
bool (*ti_sim_tell_code)(const void *code, char *text, size_t size);

/* ---- pieces ---- */

/* What the piece is called among the objects: odd, and no address that a program has where its atomic
 * variables may be odd too. */
static uintptr_t ti_piece_key(uintptr_t at)
{
    return ~at;
}

static ti_sim_piece *ti_piece_of(const ti_sim_object *object)
{
    ti_sim_piece *piece = &ti_pieces[ti_sim_object_index(object)];
    if (piece->run != object->run) {
        piece->run = object->run;
        piece->touched = piece->count = 0;
    }
    return piece;
}

/* NULL if nobody has touched it in this run. */
static ti_sim_piece *ti_piece_find(uintptr_t at)
{
    const ti_sim_object *object = ti_sim_object_find(ti_piece_key(at));
    return object != NULL ? ti_piece_of(object) : NULL;
}

static uintptr_t ti_piece_first(const void *address)
{
    return (uintptr_t)address - (uintptr_t)address % TI_SIM_PIECE;
}

/* Which bytes of the piece that begins at `at` are in the range. */
static uint8_t ti_piece_mask(uintptr_t at, const void *address, size_t size)
{
    uintptr_t first = (uintptr_t)address;
    uint8_t mask = 0;
    for (uintptr_t i = 0; i < TI_SIM_PIECE; i++)
        if (at + i >= first && at + i - first < size)
            mask |= (uint8_t)(1U << i);
    return mask;
}

/* ---- races ---- */

/* "savings", "accounts+8", "data" */
static void ti_data_in_words(const void *address, char *text, size_t size)
{
    const char *name = ti_sim_object_name(address);
    if (name != NULL)
        (void)snprintf(text, size, "%s", name);
    else if (ti_sim_tell_data == NULL || !ti_sim_tell_data(address, text, size))
        (void)snprintf(text, size, "data");
}

/* " in deposit (bank+0x1234)", or nothing */
static void ti_code_in_words(const void *code, char *text, size_t size)
{
    size_t length = (size_t)snprintf(text, size, " in ");
    if (code == NULL || ti_sim_tell_code == NULL || !ti_sim_tell_code(code, text + length, size - length))
        text[0] = '\0';
}

static void ti_race_tell(const ti_sim_thread *self, const ti_sim_access *access, const ti_sim_kept *other)
{
    char text[sizeof ti_sim.message] = "";
    char data[80];
    char here[128];
    char there[128];
    if (ti_sim.verdict != THREADING_SIM_PASSED)
        return;
    if (!ti_sim.is_recorded) { /* the words are wanted when it is told, once */
        ti_sim_blame(THREADING_SIM_RACE, text);
        return;
    }
    ti_data_in_words(access->address, data, sizeof data);
    ti_code_in_words(access->code, here, sizeof here);
    ti_code_in_words(other->code, there, sizeof there);
    (void)snprintf(text, sizeof text, "%s %s %s%s while %s %s it%s, and nothing orders the two", self->name,
                   access->is_write ? "writes" : "reads", data, here, ti_sim_thread_at(other->thread)->name,
                   other->is_write ? "writes" : "reads", there);
    ti_sim_blame(THREADING_SIM_RACE, text);
}

static bool ti_is_before(const ti_sim_kept *kept, const ti_sim_thread *self)
{
    return kept->time <= self->clock[kept->thread]; /* its own always is */
}

static bool ti_do_race(const ti_sim_kept *kept, const ti_sim_access *access)
{
    return (kept->is_write || access->is_write) && !(kept->is_atomic && access->is_atomic);
}

/* Whether what races with the one would race with the other. */
static bool ti_stands_for(const ti_sim_access *access, const ti_sim_kept *kept)
{
    return (access->is_write || !kept->is_write) && (!access->is_atomic || kept->is_atomic);
}

static void ti_piece_check(const ti_sim_thread *self, const ti_sim_piece *piece, uint8_t mask,
                           const ti_sim_access *access)
{
    for (uint32_t i = 0; i < piece->count; i++) {
        const ti_sim_kept *kept = &piece->kept[i];
        if ((kept->mask & mask) != 0 && !ti_is_before(kept, self) && ti_do_race(kept, access))
            ti_race_tell(self, access, kept);
    }
}

/* The access is kept, and no longer those that it stands for. */
static void ti_piece_keep(const ti_sim_thread *self, ti_sim_piece *piece, uint8_t mask,
                          const ti_sim_access *access)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < piece->count; i++) {
        ti_sim_kept kept = piece->kept[i];
        if (ti_is_before(&kept, self) && ti_stands_for(access, &kept))
            kept.mask &= (uint8_t)~mask;
        if (kept.mask != 0)
            piece->kept[count++] = kept;
    }
    if (count == TI_SIM_KEPT)
        memmove(&piece->kept[0], &piece->kept[1], --count * sizeof piece->kept[0]);
    piece->kept[count] = (ti_sim_kept){access->code, self->clock[self->index], (uint8_t)self->index,
                                       mask,         access->is_write,         access->is_atomic};
    piece->count = count + 1;
    piece->touched |= UINT32_C(1) << self->index;
}

/* ---- accesses ---- */

/* A part of the thread's history, in which atomic accesses are for themselves. One that is no point is none,
 * but that others may read what it leaves. */
static void ti_piece_remember(ti_sim_thread *self, ti_sim_object *object, const ti_sim_access *access,
                              bool is_quiet)
{
    if (access->is_atomic)
        return;
    if (is_quiet && access->is_write)
        object->last_write = self->history;
    else if (!is_quiet && access->is_write)
        ti_sim_object_written(self, object);
    else if (!is_quiet)
        ti_sim_object_read(self, object);
}

static void ti_data_touch(ti_sim_thread *self, const ti_sim_access *access, bool is_quiet)
{
    uintptr_t end = (uintptr_t)access->address + access->size;
    for (uintptr_t at = ti_piece_first(access->address); at < end; at += TI_SIM_PIECE) {
        ti_sim_object *object = ti_sim_object_at(ti_piece_key(at));
        uint8_t mask = ti_piece_mask(at, access->address, access->size);
        if (object->address != ti_piece_key(at)) /* there are too many */
            continue;
        ti_sim_piece *piece = ti_piece_of(object);
        ti_piece_check(self, piece, mask, access);
        ti_piece_keep(self, piece, mask, access);
        ti_piece_remember(self, object, access, is_quiet);
    }
}

static uint32_t ti_data_touched(const void *address, size_t size)
{
    uint32_t touched = 0;
    for (uintptr_t at = ti_piece_first(address); at < (uintptr_t)address + size; at += TI_SIM_PIECE) {
        const ti_sim_piece *piece = ti_piece_find(at);
        touched |= piece != NULL ? piece->touched : 0;
    }
    return touched;
}

static bool ti_sim_data_is_shared(const void *address, size_t size)
{
    uint32_t touched = ti_data_touched(address, size);
    return (touched & (touched - 1)) != 0;
}

static void ti_sim_data_access(ti_sim_thread *self, const ti_sim_access *access)
{
    /* What lies deeper than the stack was when the thread last told others anything, nobody else knows. */
    bool is_quiet = access->is_on_own_stack && !access->is_atomic &&
                    (self->told == 0 || (uintptr_t)access->address < self->told);
    if (!is_quiet) {
        ti_sim_point(self);
        ti_sim_record_access(access);
        if (access->is_write)
            self->told = TI_SIM_STACK();
    }
    ti_data_touch(self, access, is_quiet);
}

/* ---- memory that becomes other memory ---- */

/* Whether it is in the memory, as a piece or as an atomic word. */
static bool ti_object_is_in(const ti_sim_object *object, uintptr_t first, uintptr_t end)
{
    return (object->address >= first && object->address < end) ||
           (~object->address >= first && ~object->address < end);
}

/* `self`: NULL, or who must be alone with it. */
static void ti_data_forget(const ti_sim_thread *self, const ti_sim_access *access)
{
    uintptr_t first = ti_piece_first(access->address);
    uintptr_t end = (uintptr_t)access->address + access->size;
    ti_sim_object *object;
    for (uint32_t i = 0; (object = ti_sim_object_used(i)) != NULL; i++) {
        if (!ti_object_is_in(object, first, end) || object->is_forgotten)
            continue;
        ti_sim_piece *piece = ti_piece_of(object);
        if (self != NULL)
            ti_piece_check(self, piece, 0xFF, access);
        piece->touched = piece->count = 0;
        object->is_forgotten = true;
    }
}

static void ti_sim_data_freed(const ti_sim_thread *self, const void *address, size_t size, const void *code)
{
    ti_sim_access access = {.address = address, .size = size, .code = code, .is_write = true};
    ti_sim_record_settle();
    ti_data_forget(self, &access);
}

static void ti_sim_data_new(const void *address, size_t size)
{
    ti_sim_access access = {.address = address, .size = size};
    ti_data_forget(NULL, &access);
}

/* ---- the public calls ---- */

static void ti_data_users_access(const void *address, size_t size, bool is_write)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    ti_sim_access access = {.address = address, .size = size, .is_write = is_write, .is_users = true};
    access.what = is_write ? "write" : "read";
    if (self != NULL && address != NULL && size != 0)
        ti_sim_data_access(self, &access);
}

void threading_sim_read(const void *address, size_t size)
{
    ti_data_users_access(address, size, false);
}

void threading_sim_write(void *address, size_t size)
{
    ti_data_users_access(address, size, true);
}

/* ----------------------------------------------------------------------------------- src/sim/sim_memory.c */

/*
 * The core's memory in a build for sim.
 *
 * What is allocated in a run goes at its end, and not before: so an address is one object's for the whole
 * run, and runs with the same decisions cannot differ by what malloc gives again. It comes from one place, so
 * that what is allocated later has the higher address, in each run. What the core had before the first run
 * stays as long as the search, and each run finds in it what was there at the beginning.
 */
#include <stdlib.h>
#include <string.h>

/* It stands in front of each piece. */
typedef struct ti_hold {
    struct ti_hold *next;
    struct ti_hold *previous;
    void *copy; /* of what it held before the first run, or NULL */
    size_t size;
    bool is_of_run;
    bool is_kept; /* the core's for ever: what it holds the core makes anew */
} ti_hold;

#define TI_SIM_PLACE ((size_t)1 << 20) /* a run that needs more has the rest from malloc */
#define TI_SIM_HEAD ((size_t)64)       /* keeps the alignment of what is behind it */

_Static_assert(sizeof(ti_hold) <= TI_SIM_HEAD, "a piece begins with its head");

static ti_hold ti_before = {.next = &ti_before, .previous = &ti_before}; /* a ring, as the other */
static ti_hold ti_of_run = {.next = &ti_of_run, .previous = &ti_of_run};
static char *ti_place;
static size_t ti_place_used;
static size_t ti_left;         /* pieces of the run that were not given back yet */
static uint32_t ti_holds_lock; /* outside of a run there may be several threads */

static void *ti_hold_memory(ti_hold *piece)
{
    return (char *)piece + TI_SIM_HEAD;
}

static ti_hold *ti_hold_of(void *memory)
{
    return (ti_hold *)(void *)((char *)memory - TI_SIM_HEAD);
}

static void ti_holds_begin(void)
{
    while (ti_exchange_acquire_release(&ti_holds_lock, 1) != 0)
        ti_port_yield();
}

static void ti_holds_end(void)
{
    ti_store_release(&ti_holds_lock, 0);
}

static void ti_hold_link(ti_hold *piece, ti_hold *ring)
{
    ti_holds_begin();
    piece->next = ring;
    piece->previous = ring->previous;
    ring->previous->next = piece;
    ring->previous = piece;
    ti_holds_end();
}

static void ti_hold_drop(ti_hold *piece)
{
    ti_holds_begin();
    piece->previous->next = piece->next;
    piece->next->previous = piece->previous;
    ti_holds_end();
    ti_sim_unforbid(ti_hold_memory(piece), piece->size);
    ti_port_errors errors = ti_port_errors_keep();
    free(piece->copy);
    free(piece);
    ti_port_errors_restore(errors);
}

/* NULL: it does not fit. */
static ti_hold *ti_place_take(size_t size)
{
    size_t whole = (TI_SIM_HEAD + size + TI_SIM_HEAD - 1) / TI_SIM_HEAD * TI_SIM_HEAD;
    if (ti_sim_self() == NULL || size > TI_SIM_PLACE || whole > TI_SIM_PLACE - ti_place_used)
        return NULL;
    ti_hold *piece = (ti_hold *)(void *)(ti_place + ti_place_used);
    ti_sim_unforbid(piece, TI_SIM_HEAD + size);
    memset(piece, 0, TI_SIM_HEAD + size);
    ti_place_used += whole;
    return piece;
}

static ti_hold *ti_hold_new(size_t size)
{
    if (size > SIZE_MAX - TI_SIM_HEAD)
        return NULL;
    ti_port_errors errors = ti_port_errors_keep();
    ti_hold *piece = (ti_hold *)calloc(1, TI_SIM_HEAD + size);
    ti_port_errors_restore(errors);
    if (piece != NULL)
        ti_hold_link(piece, ti_sim_self() != NULL ? &ti_of_run : &ti_before);
    return piece;
}

static void *ti_sim_memory_allocate(size_t size)
{
    ti_hold *piece = ti_place_take(size);
    if (piece == NULL)
        piece = ti_hold_new(size);
    if (piece == NULL)
        return NULL;
    piece->size = size;
    piece->is_of_run = ti_sim_self() != NULL;
    ti_left += piece->is_of_run;
    return ti_hold_memory(piece);
}

/* A run may let go what was there before: the next one has it again. */
static void ti_sim_memory_free(void *memory)
{
    if (memory == NULL)
        return;
    ti_hold *piece = ti_hold_of(memory);
    if (piece->is_of_run) {
        ti_left--;
        ti_sim_forbid(memory, piece->size);
    } else if (ti_sim_self() == NULL)
        ti_hold_drop(piece);
}

static void *ti_sim_memory_resize(void *memory, size_t size)
{
    void *resized = ti_sim_memory_allocate(size);
    if (resized == NULL || memory == NULL)
        return resized;
    size_t before = ti_hold_of(memory)->size;
    memcpy(resized, memory, before < size ? before : size);
    ti_sim_memory_free(memory);
    return resized;
}

static void *ti_sim_memory_keep(size_t size)
{
    (void)ti_port_pages; /* malloc's memory is as good here */
    (void)ti_port_pages_give_back;
    void *memory = ti_sim_memory_allocate(size);
    if (memory == NULL)
        return NULL;
    ti_hold_of(memory)->is_kept = true;
    ti_left -= ti_hold_of(memory)->is_of_run;
    return memory;
}

static void ti_sim_memory_end(void *memory, size_t size)
{
    (void)size;
    ti_sim_memory_free(memory);
}

/* ---- run after run ---- */

static void ti_place_clear(void)
{
    ti_place_used = 0;
    ti_sim_forbid(ti_place, TI_SIM_PLACE);
}

static bool ti_sim_memory_begin(void)
{
    if (ti_place == NULL && (ti_place = (char *)malloc(TI_SIM_PLACE)) == NULL)
        return false;
    for (ti_hold *piece = ti_before.next; piece != &ti_before; piece = piece->next) {
        free(piece->copy);
        piece->copy = piece->is_kept ? NULL : malloc(piece->size);
        if (piece->copy == NULL && !piece->is_kept)
            return false;
        if (piece->copy != NULL)
            memcpy(piece->copy, ti_hold_memory(piece), piece->size);
    }
    return true;
}

static size_t ti_sim_memory_left(void)
{
    return ti_left;
}

static void ti_sim_memory_restore(void)
{
    ti_left = 0;
    for (ti_hold *piece = ti_before.next; piece != &ti_before; piece = piece->next)
        if (piece->copy != NULL)
            memcpy(ti_hold_memory(piece), piece->copy, piece->size);
    while (ti_of_run.next != &ti_of_run)
        ti_hold_drop(ti_of_run.next);
    ti_place_clear();
}

/* ---------------------------------------------------------------------------------- src/sim/sim_objects.c */

/*
 * What the threads of a run have read and written.
 *
 * A thread's history is a hash of all that it has done, in order, and of what each read has found: the
 * history that the writer had when it wrote. So two runs in which all threads have the same histories have
 * the same partial order of what depends on each other, and are in the same state.
 *
 * What comes before what is told by vector clocks (Lamport 1978; Mattern 1988). An atomic word carries the
 * clock of what was released into it.
 */
#include <stdio.h>
#include <string.h>

#define TI_SIM_PROBES 64
#define TI_SIM_NAMES 256

static ti_sim_object ti_objects[TI_SIM_OBJECTS];
static uint32_t ti_objects_run;
static uint32_t ti_objects_count;                /* numbers given */
static uint32_t ti_objects_used[TI_SIM_OBJECTS]; /* by index, those of this run */
static uint32_t ti_objects_used_count;

static struct {
    const void *object;
    char text[TI_SIM_NAME];
} ti_names[TI_SIM_NAMES];
static uint32_t ti_names_count;

/* ---- histories ---- */

/* The finaliser of MurmurHash3 (Appleby), over both. */
static uint64_t ti_sim_mix(uint64_t hash, uint64_t value)
{
    hash ^= value + UINT64_C(0x9E3779B97F4A7C15) + (hash << 6) + (hash >> 2);
    hash ^= hash >> 33;
    hash *= UINT64_C(0xFF51AFD7ED558CCD);
    hash ^= hash >> 33;
    return hash;
}

static uint64_t ti_sim_key(void)
{
    uint64_t key = ti_sim_mix((uint64_t)ti_sim.now, ti_sim.running->index);
    for (uint32_t i = 0; i < ti_sim.count; i++) {
        const ti_sim_thread *thread = ti_sim_thread_at(i);
        key = ti_sim_mix(key, thread->history + (uint64_t)thread->state);
    }
    return key | 1; /* 0 stands for none */
}

static uint32_t ti_sim_object_index(const ti_sim_object *object)
{
    return (uint32_t)(object - ti_objects);
}

static uint32_t ti_sim_objects_run(void)
{
    return ti_objects_run;
}

static void ti_sim_objects_begin(void)
{
    ti_objects_run++;
    ti_objects_count = ti_objects_used_count = 0;
}

static ti_sim_object *ti_object_renew(ti_sim_object *object, uintptr_t address)
{
    ti_sim_thread *self = ti_sim.running;
    memset(object, 0, sizeof *object);
    object->address = address;
    object->run = ti_objects_run;
    object->number = ti_objects_count++;
    object->id = ti_sim_mix(self->index, self->touched++);
    return object;
}

/* What has this address in this run. There is always one: where there are too many, some share it, so that
 * less is explored as one and no race is told of it. */
static ti_sim_object *ti_sim_object_at(uintptr_t address)
{
    uint64_t place = (address * UINT64_C(0x9E3779B97F4A7C15)) >> 40;
    for (uint32_t i = 0; i < TI_SIM_PROBES; i++) {
        ti_sim_object *object = &ti_objects[(place + i) % TI_SIM_OBJECTS];
        if (object->run != ti_objects_run) {
            ti_objects_used[ti_objects_used_count++] = ti_sim_object_index(object);
            return ti_object_renew(object, address);
        }
        if (object->address == address)
            return object->is_forgotten ? ti_object_renew(object, address) : object;
    }
    return &ti_objects[place % TI_SIM_OBJECTS];
}

static ti_sim_object *ti_sim_object_find(uintptr_t address)
{
    uint64_t place = (address * UINT64_C(0x9E3779B97F4A7C15)) >> 40;
    for (uint32_t i = 0; i < TI_SIM_PROBES; i++) {
        ti_sim_object *object = &ti_objects[(place + i) % TI_SIM_OBJECTS];
        if (object->run != ti_objects_run)
            return NULL;
        if (object->address == address)
            return object->is_forgotten ? NULL : object;
    }
    return NULL;
}

static ti_sim_object *ti_sim_object_used(uint32_t i)
{
    return i < ti_objects_used_count ? &ti_objects[ti_objects_used[i]] : NULL;
}

static void ti_sim_object_read(ti_sim_thread *self, ti_sim_object *object)
{
    self->history = ti_sim_mix(self->history ^ object->id, object->last_write);
    object->reads += self->history;
}

static void ti_sim_object_written(ti_sim_thread *self, ti_sim_object *object)
{
    self->history = ti_sim_mix(self->history ^ ~object->id, object->last_write + object->reads);
    object->last_write = self->history;
    object->reads = 0;
    ti_sim_wrote(self);
}

static uint32_t ti_sim_number(const void *address)
{
    TI_SIM_WITHIN;
    return ti_sim_self() != NULL ? ti_sim_object_at((uintptr_t)address)->number
                                 : (uint32_t)((uintptr_t)address >> 4);
}

static uint32_t ti_sim_numbers(void)
{
    return ti_objects_count;
}

static bool *ti_sim_token(const void *parker)
{
    return &ti_sim_object_at((uintptr_t)parker)->token;
}

/* ---- what comes before what ---- */

static void ti_sim_clock_join(uint32_t *clock, const uint32_t *other)
{
    for (uint32_t i = 0; i < ti_sim.count; i++)
        if (clock[i] < other[i])
            clock[i] = other[i];
}

static void ti_sim_learn(ti_sim_thread *self, const ti_sim_thread *from)
{
    ti_sim_clock_join(self->clock, from->clock);
    ti_sim_thread_at(from->index)->clock[from->index]++;
}

/* In the core each thread meets all others when it begins and ends, since it is put into lists; that is not
 * what orders a program, and no race may hide behind it. Releases count: they can be what another thread
 * waits for. */
static bool ti_is_programs(const ti_sim_thread *self, int order)
{
    /* What a weak load may give depends on all that comes before it. */
    return ti_sim.is_weak || self->index == 0 || self->is_in_target || self->call != NULL ||
           (order & TI_SIM_USERS) != 0;
}

/* What a load finds that does not acquire, a fence may acquire later. */
static void ti_object_acquire(ti_sim_thread *self, const ti_sim_object *object, int order)
{
    if (!object->has_clock || !ti_is_programs(self, order))
        return;
    ti_sim_clock_join(order & TI_SIM_ACQUIRE ? self->clock : self->unfenced, object->clock);
    if (order & TI_SIM_ACQUIRE)
        ti_sim_tell_acquire(object->address);
}

/* What a fence has released before goes into what is stored behind it. */
static void ti_object_fenced(const ti_sim_thread *self, ti_sim_object *object)
{
    if (!self->has_fence)
        return;
    ti_sim_clock_join(object->clock, self->fence);
    object->has_clock = true;
}

static void ti_object_release(ti_sim_thread *self, ti_sim_object *object)
{
    ti_sim_clock_join(object->clock, self->clock);
    object->has_clock = true;
    self->clock[self->index]++;
    ti_sim_tell_release(object->address);
}

/* A store begins anew what can be acquired from the word; what changes it in one step goes on with it (C11,
 * 5.1.2.4: release sequences). */
static void ti_object_forget(ti_sim_object *object)
{
    if (object->has_clock)
        memset(object->clock, 0, sizeof object->clock);
    object->has_clock = false;
}

/* ---- the points ---- */

static void ti_sim_before(const void *word)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    (void)word;
    if (self == NULL)
        ti_store_relaxed(&ti_sim.has_foreign, 1); /* relaxed: looked at when it has long been there */
    else if (ti_sim.is_inside || ti_sim.is_given_up)
        ti_sim_point(self);
}

static bool ti_is_weak(int order)
{
    return ti_sim.is_weak && (ti_sim.is_inside || (order & TI_SIM_USERS) != 0);
}

static uint64_t ti_sim_loaded(const void *word, int order, uint64_t value)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL)
        return value;
    ti_sim_object *object = ti_sim_object_at((uintptr_t)word);
    object->value = value;
    if (ti_is_weak(order) && ti_sim_weak_load(self, object, order, &value))
        return value;
    ti_sim_object_read(self, object);
    ti_object_acquire(self, object, order);
    return value;
}

static void ti_sim_stored(const void *word, int order, uint64_t before, uint64_t value)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL)
        return;
    ti_sim_object *object = ti_sim_object_at((uintptr_t)word);
    ti_sim_object_written(self, object);
    object->value = value;
    ti_object_forget(object);
    ti_object_fenced(self, object);
    if (ti_is_weak(order))
        ti_sim_weak_store(self, object, order, before, value);
    if (order & TI_SIM_RELEASE)
        ti_object_release(self, object);
}

static void ti_sim_changed(const void *word, int order, uint64_t before, uint64_t value)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL)
        return;
    ti_sim_object *object = ti_sim_object_at((uintptr_t)word);
    ti_sim_object_written(self, object);
    object->value = value;
    ti_object_acquire(self, object, order);
    ti_object_fenced(self, object);
    if (ti_is_weak(order))
        ti_sim_weak_store(self, object, order, before, value);
    if (order & TI_SIM_RELEASE)
        ti_object_release(self, object);
}

static void ti_sim_fenced(int order)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL)
        return;
    if (ti_sim.is_weak && (order & TI_SIM_SEQUENTIAL) != 0)
        ti_sim_weak_fence(self);
    if (order & TI_SIM_ACQUIRE)
        ti_sim_clock_join(self->clock, self->unfenced);
    if ((order & TI_SIM_RELEASE) == 0)
        return;
    memcpy(self->fence, self->clock, sizeof self->fence);
    self->has_fence = true;
    self->clock[self->index]++;
}

static void ti_sim_pause(void)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    if (self != NULL)
        ti_sim_yield(self);
}

/* ---- names ---- */

static void ti_sim_name_object(const void *object, const char *name)
{
    uint32_t i = 0;
    while (i < ti_names_count && ti_names[i].object != object)
        i++;
    if (i == TI_SIM_NAMES)
        return;
    ti_names_count += i == ti_names_count;
    ti_names[i].object = object;
    (void)snprintf(ti_names[i].text, TI_SIM_NAME, "%s", name != NULL ? name : "");
}

static const char *ti_sim_object_name(const void *object)
{
    for (uint32_t i = 0; i < ti_names_count; i++)
        if (ti_names[i].object == object && ti_names[i].text[0] != '\0')
            return ti_names[i].text;
    return NULL;
}

/* ---------------------------------------------------------------------------------- src/sim/sim_options.c */

/* What a search is told: by its options, and by the environment. */

#include <stdlib.h>

#define TI_SIM_STEPS 20000
#define TI_SIM_PREEMPTIONS 3

/* A variable of the environment that is not empty, or NULL. */
static const char *ti_environment(const char *name)
{
    const char *text = ti_sim_environment(name);
    return text != NULL && text[0] != '\0' ? text : NULL;
}

static bool ti_read_count(const char *text, uint64_t *count)
{
    char *end;
    *count = strtoull(text, &end, 0);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0';
}

static bool ti_read_seconds(const char *text, double *seconds)
{
    char *end;
    *seconds = strtod(text, &end);
    return *end == '\0' && *seconds > 0;
}

/* The environment comes before the options. What is wrong with it, or NULL. */
static const char *ti_read_environment(threading_sim_options_t *options)
{
    const char *replay = ti_environment("REPLAY");
    const char *seed = ti_environment("SEED");
    const char *seconds = ti_environment("SECONDS");
    const char *runs = ti_environment("RUNS");
    if (replay != NULL)
        options->replay = replay;
    if (seed != NULL && !ti_read_count(seed, &options->seed))
        return "THREADING_SIM_SEED is no number";
    if (seconds != NULL && !ti_read_seconds(seconds, &options->seconds))
        return "THREADING_SIM_SECONDS is no number above 0";
    if (runs != NULL && !ti_read_count(runs, &options->max_runs))
        return "THREADING_SIM_RUNS is no number";
    return NULL;
}

/* What is wrong with the options, or NULL. */
static const char *ti_options_problem(const threading_sim_options_t *options)
{
    if (options->strategy < THREADING_SIM_AUTO || options->strategy > THREADING_SIM_REPLAY)
        return "the option strategy is none";
    if (!(options->seconds >= 0))
        return "the option seconds is less than 0, or no number";
    if (options->strategy == THREADING_SIM_REPLAY && options->replay == NULL)
        return "the strategy is to replay, and there is no replay text";
    return NULL;
}

static void ti_options_complete(threading_sim_options_t *options)
{
    if (options->max_preemptions == 0)
        options->max_preemptions = TI_SIM_PREEMPTIONS;
    if (options->max_steps == 0)
        options->max_steps = TI_SIM_STEPS;
    if (options->seconds == 0)
        options->seconds = 1;
    if (options->seconds > 1e9)
        options->seconds = 1e9;
}

static const char *ti_sim_options(threading_sim_options_t *options)
{
    const char *problem = ti_read_environment(options);
    if (problem == NULL)
        problem = ti_options_problem(options);
    if (problem == NULL)
        ti_options_complete(options);
    return problem;
}

/* ------------------------------------------------------------------------------------- src/sim/sim_port.c */

/*
 * The backend that the core sees in a build for sim: what port.h says, in the threads of a run by the
 * scheduler and in others by the native backend. sim_names.h has the core call them.
 */
#include <stdio.h>
#include <string.h>

/* Atomic: the core's leave, for a thread that ends otherwise than by its entry's return. */
static uintptr_t ti_sim_core_leave;

static void ti_sim_leave_self(void *self)
{
    /* relaxed: it never changes after the first time, which comes before any thread's end */
    ((void (*)(void *))ti_load_pointer_relaxed(&ti_sim_core_leave))(self);
}

/* ---- threads ---- */

/* Without the guard that the core's own call takes: nobody else runs, and a line of the table must be no
 * point of the schedule. */
static const char *ti_sim_thread_name(const threading_thread_t *thread)
{
    return thread->name->text;
}

static void ti_sim_note_self(ti_sim_thread *thread, const ti_self *self)
{
    thread->ident = self->fast.ident;
    thread->waiter = &self->waiter;
}

static void ti_sim_note_caller(ti_sim_thread *thread)
{
    ti_sim_note_self(thread, (const ti_self *)ti_port_self());
}

/* The core's handle holds the address of the record here. */
static void ti_handle_set(ti_port_thread *handle, ti_sim_thread *thread)
{
    memcpy(handle, &thread, sizeof thread);
}

static ti_sim_thread *ti_handle_get(const ti_port_thread *handle)
{
    ti_sim_thread *thread;
    memcpy(&thread, handle, sizeof thread);
    return thread;
}

_Static_assert(sizeof(ti_port_thread) >= sizeof(ti_sim_thread *), "a handle holds an address");

static void *ti_sim_target(void *argument)
{
    ti_sim_thread *self = (ti_sim_thread *)argument;
    self->is_in_target = true;
    void *result = self->target(self->target_argument);
    self->is_in_target = false;
    return result;
}

static threading_status_t ti_sim_port_thread_start(ti_port_thread *thread, void (*entry)(void *argument),
                                            void *argument, size_t stack_size)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL)
        return ti_port_thread_start(thread, entry, argument, stack_size);
    ti_sim_thread *started = ti_sim_start(self, entry, argument);
    if (started == NULL)
        ti_sim_fail(THREADING_SIM_UNSUPPORTED, "a run has 32 threads at most, as far as the system has them");
    threading_thread_t *record = ((const ti_self *)argument)->record; /* all threads of the core have one */
    (void)snprintf(started->name, sizeof started->name, "%s", ti_sim_thread_name(record));
    ti_sim_note_self(started, (const ti_self *)argument);
    started->target = record->target;
    started->target_argument = record->arg;
    if (record->target != NULL) {
        record->target = ti_sim_target;
        record->arg = started;
    }
    started->is_daemon = record->daemon && !record->is_worker;
    ti_handle_set(thread, started);
    return THREADING_OK;
}

static void ti_sim_port_thread_join(ti_port_thread *thread)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL) {
        ti_port_thread_join(thread);
        return;
    }
    ti_sim_thread *joined = ti_handle_get(thread);
    while (joined->state != TI_SIM_OVER)
        ti_sim_sleep(self, joined, TI_FOREVER);
    ti_sim_joins(joined);
    ti_sim_learn(self, joined);
    self->history = ti_sim_mix(self->history, joined->history);
}

static bool ti_sim_port_thread_try_join(ti_port_thread *thread)
{
    TI_SIM_WITHIN;
    if (ti_sim_self() == NULL)
        return ti_port_thread_try_join(thread);
    if (ti_handle_get(thread)->state != TI_SIM_OVER)
        return false;
    ti_sim_port_thread_join(thread);
    return true;
}

static void ti_sim_port_thread_detach(ti_port_thread *thread)
{
    TI_SIM_WITHIN;
    if (ti_sim_self() == NULL)
        ti_port_thread_detach(thread);
}

static void ti_sim_port_thread_exit(void)
{
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL)
        ti_port_thread_exit();
    if (ti_port_self() != NULL)
        ti_sim_leave_self(ti_port_self());
    ti_sim_exit(self);
}

/* A thread of the system serves many of a run, so it is none's own. */
static uintptr_t ti_sim_port_thread_handle(const ti_port_thread *thread)
{
    return ti_sim_self() != NULL ? 0 : ti_port_thread_handle(thread);
}

static size_t ti_sim_port_thread_stack_size(const ti_port_thread *thread)
{
    return ti_sim_self() != NULL ? 0 : ti_port_thread_stack_size(thread);
}

/* The schedule alone decides who runs, so every level can be had. */
static bool ti_sim_port_set_priority(int priority)
{
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL)
        return ti_port_set_priority(priority);
    self->level = priority;
    return true;
}

static int ti_sim_port_get_priority(void)
{
    const ti_sim_thread *self = ti_sim_self();
    return self != NULL ? self->level : ti_port_get_priority();
}

/* A name in the system's tools is of no use for a moment. */
static void ti_sim_port_set_name(const char *name, size_t length)
{
    TI_SIM_WITHIN;
    if (ti_sim_self() == NULL)
        ti_port_set_name(name, length);
}

/* The native backend calls it at a thread's end; in a run, if the body has ended it in the system's way. */
static void ti_sim_native_leaves(void *self)
{
    ti_sim_thread *thread = ti_sim_self();
    if (thread != NULL)
        ti_sim_native_ends(thread, ti_sim_leave_self, self);
    else
        ti_sim_leave_self(self);
}

/* False: the core leaves by itself at the thread's end. */
static bool ti_sim_port_set_self(void *self, void (*leave)(void *self))
{
    TI_SIM_WITHIN;
    if (self != NULL)
        ti_store_pointer_relaxed(&ti_sim_core_leave, (uintptr_t)leave); /* relaxed: see ti_sim_leave_self */
    bool will_leave = ti_port_set_self(self, ti_sim_native_leaves);
    return ti_sim_self() == NULL && will_leave;
}

/* The threads of a run leave, or are forgotten with it. */
static uint64_t ti_sim_port_life(void)
{
    return ti_sim_self() != NULL ? 0 : ti_port_life();
}

/* ---- the parker ---- */

static void ti_sim_port_park(ti_parker *parker, int64_t deadline)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL) {
        ti_port_park(parker, deadline);
        return;
    }
    bool *token = ti_sim_token(parker);
    if (!*token && deadline > ti_sim.now)
        ti_sim_sleep(self, parker, deadline);
    *token = false;
    ti_sim_changed(parker, TI_SIM_ACQUIRE, 0, 0);
}

static void ti_sim_port_unpark(ti_parker *parker)
{
    TI_SIM_WITHIN;
    if (ti_sim_self() == NULL) {
        ti_port_unpark(parker);
        return;
    }
    ti_sim_before(parker);
    *ti_sim_token(parker) = true;
    ti_sim_changed(parker, TI_SIM_RELEASE, 0, 0);
    ti_sim_wake(parker);
}

/* ---- time and processors ---- */

static int64_t ti_sim_port_now(void)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL)
        return ti_port_now();
    ti_sim_before(&ti_sim.now);
    self->history = ti_sim_mix(self->history, (uint64_t)ti_sim.now);
    return ti_sim.now;
}

static void ti_sim_port_sleep(int64_t deadline)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL)
        ti_port_sleep(deadline);
    while (self != NULL && ti_sim.now < deadline)
        ti_sim_sleep(self, NULL, deadline);
}

static void ti_sim_port_yield(void)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    if (self != NULL)
        ti_sim_yield(self);
    else
        ti_port_yield();
}

/* A fixed number, whatever the machine has: pools of the default size run several tasks at once, and the same
 * everywhere. */
static size_t ti_sim_port_cpu_count(void)
{
    return ti_sim_self() != NULL ? TI_SIM_PROCESSORS : ti_port_cpu_count();
}

static size_t ti_sim_port_available_cpus(void)
{
    return ti_sim_self() != NULL ? TI_SIM_PROCESSORS : ti_port_available_cpus();
}

/* ---- fences ---- */

/* The native one is for what threads do outside of runs. If it is refused, ti_sim_port_fence_all tells. */
static bool ti_sim_port_fence_start(void)
{
    (void)ti_port_fence_start();
    return true;
}

static bool ti_sim_port_fence_all(void)
{
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL)
        return ti_port_fence_all();
    if (!ti_sim.is_weak) /* one thread runs at a time, so all see all */
        return true;
    ti_sim_fence_all();
    self->history =
        ti_sim_mix(self->history, ti_sim_key()); /* it has to do with what every thread did before */
    return true;
}

/* -------------------------------------------------------------------------------------- src/sim/sim_run.c */

/* threading_sim_run: run after run, until one fails or nothing is left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TI_SIM_AFTER_RACE 4096 /* runs in which something worse is looked for */
#define TI_SIM_STATICS 64
#define TI_SIM_ALTERNATIVES UINT8_MAX

static struct {
    void *object;
    size_t size;
    void *copy;
} ti_statics[TI_SIM_STATICS];
static size_t ti_statics_count;

/* One threading_sim_run. */
typedef struct ti_search_for {
    void (*body)(void *arg);
    void *arg;
    threading_sim_options_t options;
    threading_sim_report_t *report;
    int64_t end; /* of the time, by the system's clock */
    uint64_t last_run;
    ti_sim_deviation found[TI_SIM_DEVIATIONS]; /* how the run went that failed */
    uint32_t found_count;
} ti_search_for;

static const char *const ti_verdict_names[] = {
    "passed",      "deadlock",       "lost wakeup", "livelock",       "check failed", "race",
    "thread leak", "nondeterminism", "step limit",  "foreign thread", "unsupported",
};

const char *threading_sim_verdict_name(threading_sim_verdict_t verdict)
{
    bool is_known = (int)verdict >= 0 && (size_t)verdict < sizeof ti_verdict_names / sizeof *ti_verdict_names;
    return is_known ? ti_verdict_names[verdict] : "unknown";
}

/* ---- in a body ---- */

bool threading_sim_active(void)
{
    return ti_sim_self() != NULL;
}

/* Without its folders, which are not the same on each machine. */
static const char *ti_file_name(const char *path)
{
    const char *name = path;
    for (; *path != '\0'; path++)
        if (*path == '/' || *path == '\\')
            name = path + 1;
    return name;
}

void threading_sim_check_at(bool condition, const char *what, const char *file, int line)
{
    char text[sizeof ti_sim.message];
    TI_SIM_WITHIN;
    if (ti_sim_self() == NULL || condition)
        return;
    ti_sim_record("check failed", NULL, what);
    (void)snprintf(text, sizeof text, "%s:%d: %s", file != NULL ? ti_file_name(file) : "", line,
                   what != NULL ? what : "");
    ti_sim_fail(THREADING_SIM_CHECK, text);
}

void(threading_sim_check)(bool condition)
{
    TI_SIM_WITHIN;
    if (ti_sim_self() == NULL || condition)
        return;
    ti_sim_record("check failed", NULL, NULL);
    ti_sim_fail(THREADING_SIM_CHECK, "threading_sim_check was given false");
}

/* A decision has 255 alternatives at most: of more, a part is chosen first. */
static uint32_t ti_choose_of(ti_sim_thread *self, uint32_t n)
{
    uint32_t first = 0;
    if (n > TI_SIM_ALTERNATIVES)
        first = TI_SIM_ALTERNATIVES * ti_choose_of(self, (n - 1) / TI_SIM_ALTERNATIVES + 1);
    uint32_t left = n - first < TI_SIM_ALTERNATIVES ? n - first : TI_SIM_ALTERNATIVES;
    uint32_t pick = first + ti_sim_choose(left, left);
    self->history = ti_sim_mix(self->history, pick);
    return pick;
}

uint32_t threading_sim_choose(uint32_t n)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL || n < 2)
        return 0;
    char text[48];
    uint32_t pick = ti_choose_of(self, n);
    (void)snprintf(text, sizeof text, "choose %u of %u", (unsigned)pick, (unsigned)n);
    ti_sim_record(text, NULL, NULL);
    return pick;
}

void threading_sim_yield(void)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    if (self != NULL)
        ti_sim_yield(self);
}

/* ---- what is there before the first run ---- */

threading_status_t threading_sim_static(void *object, size_t size)
{
    TI_SIM_WITHIN;
    if (object == NULL || size == 0 || ti_sim_self() != NULL)
        return THREADING_INVALID;
    if (ti_statics_count == TI_SIM_STATICS)
        return THREADING_NO_MEMORY;
    void *copy = malloc(size);
    if (copy == NULL)
        return THREADING_NO_MEMORY;
    ti_statics[ti_statics_count].object = object;
    ti_statics[ti_statics_count].size = size;
    ti_statics[ti_statics_count++].copy = memcpy(copy, object, size);
    return THREADING_OK;
}

static void ti_statics_restore(void)
{
    for (size_t i = 0; i < ti_statics_count; i++)
        memcpy(ti_statics[i].object, ti_statics[i].copy, ti_statics[i].size);
}

/* ---- one run ---- */

/* What a run that has ended in full leaves behind is no verdict, since the memory is given back here; the
 * program that the body comes from would lose it. */
static void ti_tell_leaks(threading_sim_report_t *report)
{
    if (ti_sim.verdict != THREADING_SIM_PASSED || ti_sim.is_given_up || report->message[0] != '\0' ||
        ti_sim_memory_left() == 0)
        return;
    ti_sim_state_settle();
    size_t left = ti_sim_memory_left();
    if (left == 0)
        return;
    (void)snprintf(report->message, sizeof report->message,
                   "a run has not freed all that it made: %lu allocations of the library are left",
                   (unsigned long)left);
}

static bool ti_run_once(ti_search_for *search)
{
    ti_sim_state_restore();
    ti_statics_restore();
    bool done = ti_sim_execute(search->body, search->arg);
    if (!done)
        ti_sim_blame(THREADING_SIM_UNSUPPORTED, "there is no memory");
    ti_tell_leaks(search->report);
    search->report->runs++;
    search->report->steps += ti_sim.steps;
    return ti_sim.verdict == THREADING_SIM_PASSED;
}

static void ti_keep_failure(ti_search_for *search)
{
    search->found_count = ti_sim_search_deviations(search->found);
    search->report->verdict = ti_sim.verdict;
    search->report->preemptions = ti_sim_search_preemptions();
    memcpy(search->report->message, ti_sim.message, sizeof search->report->message);
}

/* A race is kept, and something worse looked for: what comes of it. False: that is enough. */
static bool ti_goes_on_after(ti_search_for *search)
{
    if (ti_sim.verdict == THREADING_SIM_RACE && search->report->verdict == THREADING_SIM_PASSED) {
        ti_keep_failure(search);
        uint64_t last = search->report->runs + TI_SIM_AFTER_RACE;
        search->last_run = last < search->last_run ? last : search->last_run;
        return true;
    }
    if (ti_sim.verdict == THREADING_SIM_PASSED || ti_sim.verdict == THREADING_SIM_RACE)
        return true;
    ti_keep_failure(search);
    return false;
}

static bool ti_has_time(const ti_search_for *search, int64_t end)
{
    return search->report->runs < search->last_run && ti_port_now() < end;
}

/* ---- the search ---- */

/* The first run comes twice: the same decisions have to lead to the same run. */
static bool ti_first_run_repeats(ti_search_for *search)
{
    ti_sim_search_level(0);
    ti_sim_search_begin(TI_SIM_BY_BOUND);
    bool passed = ti_run_once(search);
    uint64_t key = ti_sim_search_end_key();
    threading_sim_verdict_t verdict = ti_sim.verdict;
    if (!passed && !ti_goes_on_after(search))
        return false;
    if (!ti_has_time(search, search->end))
        return false;
    ti_sim_search_repeat();
    ti_run_once(search);
    if (ti_sim.verdict == verdict && ti_sim_search_end_key() == key)
        return ti_goes_on_after(search);
    ti_sim.verdict = THREADING_SIM_PASSED; /* whatever the second one has found */
    ti_sim_blame(THREADING_SIM_NONDETERMINISM,
                 "the same decisions led to another run: the body depends on something that is not its own");
    ti_keep_failure(search);
    return false;
}

/* False: the search is over. */
static bool ti_explore_level(ti_search_for *search, uint32_t bound, int64_t end)
{
    ti_sim_search_level(bound);
    do {
        if (!ti_has_time(search, end))
            return false;
        ti_sim_search_begin(TI_SIM_BY_BOUND);
        ti_run_once(search);
        if (!ti_goes_on_after(search))
            return false;
    } while (ti_sim_search_next());
    search->report->preemptions = bound;
    return true;
}

static void ti_explore(ti_search_for *search, int64_t end)
{
    for (uint32_t bound = 0; bound <= search->options.max_preemptions; bound++) {
        if (!ti_explore_level(search, bound, end))
            return;
        if (!ti_sim_search_was_cut()) /* more interruptions make no more orders */
            break;
    }
    search->report->complete = search->report->verdict == THREADING_SIM_PASSED;
}

static void ti_try_at_random(ti_search_for *search)
{
    for (uint64_t i = 0; ti_has_time(search, search->end); i++) {
        bool by_priority = search->options.strategy == THREADING_SIM_PCT ||
                           (search->options.strategy == THREADING_SIM_AUTO && i % 2 != 0);
        ti_sim_search_begin(by_priority ? TI_SIM_BY_PRIORITY : TI_SIM_BY_CHANCE);
        ti_run_once(search);
        if (!ti_goes_on_after(search))
            return;
    }
}

static void ti_search_all(ti_search_for *search)
{
    threading_sim_strategy_t strategy = search->options.strategy;
    int64_t begin = ti_port_now();
    int64_t middle = begin + (search->end - begin) / 2;
    if (!ti_first_run_repeats(search))
        return;
    if (strategy == THREADING_SIM_AUTO || strategy == THREADING_SIM_BOUNDED)
        ti_explore(search, strategy == THREADING_SIM_AUTO ? middle : search->end);
    bool is_over = search->report->complete || (search->report->verdict != THREADING_SIM_PASSED &&
                                                search->report->verdict != THREADING_SIM_RACE);
    if (!is_over && strategy != THREADING_SIM_BOUNDED)
        ti_try_at_random(search);
}

/* ---- the run that failed ---- */

static threading_sim_verdict_t ti_replay(ti_search_for *search)
{
    ti_sim_search_replay(search->found, search->found_count);
    (void)ti_run_once(search);
    return ti_sim.verdict;
}

/* Without the deviation, does it fail as before? Then it goes. */
static bool ti_drop(ti_search_for *search, uint32_t i)
{
    ti_sim_deviation dropped = search->found[i];
    uint32_t behind = search->found_count - i - 1;
    memmove(&search->found[i], &search->found[i + 1], behind * sizeof dropped);
    search->found_count--;
    if (ti_replay(search) == search->report->verdict)
        return true;
    memmove(&search->found[i + 1], &search->found[i], behind * sizeof dropped);
    search->found[i] = dropped;
    search->found_count++;
    return false;
}

/* As long as a search may last: a long run has much to drop. */
static void ti_minimise(ti_search_for *search)
{
    int64_t end = ti_port_now() + (int64_t)(search->options.seconds * 1e9);
    bool is_less = true;
    while (is_less) {
        is_less = false;
        for (uint32_t i = search->found_count; i > 0 && ti_port_now() < end; i--)
            is_less = ti_drop(search, i - 1) || is_less;
    }
}

/* "T1:2>1,15>2": the format's number, then each decision that took another alternative than its first. */
static void ti_write_replay(const ti_search_for *search)
{
    char *text = search->report->replay;
    size_t size = sizeof search->report->replay;
    size_t length = (size_t)snprintf(text, size, "T1:");
    for (uint32_t i = 0; i < search->found_count && length + 24 < size; i++)
        length += (size_t)snprintf(text + length, size - length, "%s%u>%u", i > 0 ? "," : "",
                                   (unsigned)search->found[i].decision, (unsigned)search->found[i].pick);
}

static bool ti_parse_number(const char **text, char behind, uint32_t *number)
{
    char *end;
    if (**text < '0' || **text > '9')
        return false;
    unsigned long long value = strtoull(*text, &end, 10);
    *number = (uint32_t)value;
    *text = end + (*end != '\0');
    bool is_last = behind == ',' && *end == '\0';
    return value <= UINT32_MAX && (is_last || (*end == behind && **text != '\0'));
}

static bool ti_parse_replay(const char *text, ti_search_for *search)
{
    if (strncmp(text, "T1:", 3) != 0)
        return false;
    for (text += 3; *text != '\0'; search->found_count++) {
        if (search->found_count == TI_SIM_DEVIATIONS)
            return false;
        ti_sim_deviation *next = &search->found[search->found_count];
        if (!ti_parse_number(&text, '>', &next->decision) || !ti_parse_number(&text, ',', &next->pick))
            return false;
    }
    return true;
}

/* It has failed, and by the same decisions it does not: they are not all that it depends on, or there are
 * more than can be kept. */
static void ti_tell_no_replay(threading_sim_report_t *report, uint32_t deviations)
{
    if (deviations < TI_SIM_DEVIATIONS)
        report->verdict = THREADING_SIM_NONDETERMINISM;
    (void)snprintf(
        report->message, sizeof report->message, "%s",
        deviations < TI_SIM_DEVIATIONS
            ? "the run that failed does not fail by the same decisions: the body depends on something "
              "that is not its own"
            : "the run that failed has too many decisions to be told and run again");
}

/* Once more, for the table. */
static void ti_tell(ti_search_for *search)
{
    threading_sim_verdict_t found = search->report->verdict;
    ti_sim_table_begin();
    ti_sim.is_recorded = true;
    threading_sim_verdict_t verdict = ti_replay(search);
    ti_sim.is_recorded = false;
    if (found != THREADING_SIM_PASSED && verdict != found) {
        ti_tell_no_replay(search->report, search->found_count);
        return;
    }
    ti_keep_failure(search);
    if (!ti_sim_search_replay_fits())
        (void)snprintf(search->report->message, sizeof search->report->message,
                       "the replay text is of another run: this one has not met all of its decisions");
    if (verdict == THREADING_SIM_PASSED)
        return;
    ti_write_replay(search);
    if (search->options.write != NULL)
        ti_sim_table_write(search->options.write, search->options.context, search->report->replay);
}

/* ---- the call ---- */

static void ti_refuse(threading_sim_report_t *report, const char *why)
{
    report->verdict = THREADING_SIM_UNSUPPORTED;
    (void)snprintf(report->message, sizeof report->message, "%s", why);
}

/* Why nothing can be run, or NULL. */
static const char *ti_search_init(ti_search_for *search)
{
    threading_sim_options_t *options = &search->options;
    const char *problem = ti_sim_options(options);
    if (problem != NULL)
        return problem;
    if (search->body == NULL)
        return "there is no body";
    if (options->replay != NULL && !ti_parse_replay(options->replay, search))
        return "the replay text is none of this version";
    if (!ti_sim_search_init(options->seed) || !ti_sim_state_keep() || (options->weak && !ti_sim_weak_init()))
        return "there is no memory";
    return NULL;
}

/* Whether the run that came to this verdict comes to it again. */
static bool ti_can_come_again(threading_sim_verdict_t verdict)
{
    return verdict != THREADING_SIM_PASSED && verdict != THREADING_SIM_UNSUPPORTED &&
           verdict != THREADING_SIM_NONDETERMINISM;
}

static void ti_search_run(ti_search_for *search)
{
    ti_sim.max_steps = search->options.max_steps;
    ti_sim.is_inside = search->options.inside;
    ti_sim.is_spurious = search->options.spurious;
    ti_sim.is_weak = search->options.weak;
    if (search->options.replay == NULL)
        ti_search_all(search);
    if (ti_can_come_again(search->report->verdict))
        ti_minimise(search);
    if (ti_can_come_again(search->report->verdict) || search->options.replay != NULL)
        ti_tell(search);
    ti_sim_state_restore();
}

static void ti_search_prepare(ti_search_for *search)
{
    (void)ti_sim_fenced; /* what sim_tsan calls, which the one file has not */
    (void)ti_sim_data_freed;
    (void)ti_sim_data_new;
    threading_sim_report_t *report = search->report;
    const char *problem = ti_search_init(search);
    if (problem != NULL) {
        ti_refuse(report, problem);
    } else {
        int64_t begin = ti_port_now();
        search->end = begin + (int64_t)(search->options.seconds * 1e9);
        search->last_run = search->options.max_runs != 0 ? search->options.max_runs : UINT64_MAX;
        ti_sim_pin(true);
        ti_search_run(search);
        ti_sim_pin(false);
        report->seconds = (double)(ti_port_now() - begin) / 1e9;
    }
    ti_sim_search_free();
    ti_sim_weak_free();
}

threading_sim_verdict_t threading_sim_run(void (*body)(void *arg), void *arg,
                                          const threading_sim_options_t *options,
                                          threading_sim_report_t *report)
{
    static ti_search_for search;
    static uint32_t is_under_way;
    threading_sim_report_t unwanted;
    if (report == NULL)
        report = &unwanted;
    memset(report, 0, sizeof *report);
    /* Acquire: pairs with the release below; the search before this one is over. */
    if (ti_sim_self() != NULL || !ti_swap_acquire(&is_under_way, 0, 1)) {
        ti_refuse(report, ti_sim_self() != NULL ? "a run within a run" : "another thread's run is under way");
        return report->verdict;
    }
    memset(&search, 0, sizeof search);
    search.body = body;
    search.arg = arg;
    search.report = report;
    if (options != NULL)
        search.options = *options;
    ti_sim_within_reset(1);
    ti_search_prepare(&search);
    ti_sim_within_reset(0);
    ti_store_release(&is_under_way, 0);
    return report->verdict;
}

/* --------------------------------------------------------------------------------- src/sim/sim_schedule.c */

/*
 * The threads of a run. Each is a thread of the system, kept for later runs, and one has the baton: it runs
 * until a point at which it hands the baton on, and then waits for it. The running thread decides itself who
 * is next, so that a switch costs one wake, and no switch costs none.
 */

#include <stdio.h>
#include <string.h>

#define TI_SIM_BEGIN INT64_C(1000000000)  /* the virtual clock at the beginning */
#define TI_SIM_LOOKS 50                   /* points at which a thread only looks before others come first */
#define TI_SIM_ROUNDS 200                 /* in which all look, before that counts as a livelock */
#define TI_SIM_STUCK INT64_C(10000000000) /* nanoseconds without a step */

static ti_sim_run ti_sim;
static ti_sim_thread ti_sim_threads[TI_SIM_THREADS];
static TI_SIM_THREAD_LOCAL ti_sim_thread *ti_sim_current;
static const char ti_sim_all_over = 0; /* what the body's thread awaits at the end */

static ti_sim_thread *ti_sim_self(void)
{
    ti_sim_thread *self = ti_sim_current;
    while (self != NULL &&
           ti_load_relaxed(&self->is_lost)) /* relaxed: its run is over, whenever that is seen */
        ti_port_park(&self->parker, TI_FOREVER);
    return self;
}

static ti_sim_thread *ti_sim_thread_at(uint32_t index)
{
    return &ti_sim_threads[index];
}

/* ---- the baton ---- */

static void ti_sim_hand(ti_sim_thread *next)
{
    ti_sim.running = next;
    ti_sim_hide_sync();
    /* Release: pairs with the acquire in ti_sim_await, for all of the run's data. */
    ti_store_release(&next->has_baton, 1);
    ti_port_unpark(&next->parker);
    ti_sim_show_sync();
}

/* A thread of the run has not come back to the scheduler for long: it waits for something that is not this
 * library's, and may never come back. */
static void ti_sim_seize(ti_sim_thread *self)
{
    ti_sim_thread *lost = ti_sim.running;
    (void)snprintf(ti_sim.message, sizeof ti_sim.message, "%s waits outside of the library", lost->name);
    ti_sim.verdict = THREADING_SIM_UNSUPPORTED;
    ti_sim.is_given_up = true;
    ti_store_relaxed(&lost->is_lost, 1); /* relaxed: see ti_sim_self */
    lost->state = TI_SIM_OVER;
    ti_sim.running = self;
}

static bool ti_sim_has_baton(ti_sim_thread *self)
{
    return ti_load_acquire(&self->has_baton) != 0;
}

static void ti_sim_await_baton(ti_sim_thread *self)
{
    while (!ti_sim_has_baton(self))
        ti_port_park(&self->parker, TI_FOREVER);
}

/* The caller's thread looks whether the run goes on. */
static void ti_sim_await_watching(ti_sim_thread *self)
{
    uint64_t steps = ti_load_relaxed(&ti_sim.beat);
    int64_t end = ti_port_now() + TI_SIM_STUCK;
    while (!ti_sim_has_baton(self)) {
        ti_port_park(&self->parker, end);
        if (steps != ti_load_relaxed(&ti_sim.beat)) {
            steps = ti_load_relaxed(&ti_sim.beat);
            end = ti_port_now() + TI_SIM_STUCK;
        } else if (!ti_sim_has_baton(self) && ti_port_now() >= end) {
            ti_sim_seize(self);
            return;
        }
    }
}

static void ti_sim_await(ti_sim_thread *self)
{
    ti_sim_hide_sync();
    if (self->index == 0)
        ti_sim_await_watching(self);
    else
        ti_sim_await_baton(self);
    ti_store_relaxed(&self->has_baton, 0); /* relaxed: its own until it hands the baton on */
    ti_sim_show_sync();
}

/* ---- leaving a run that is given up ---- */

/* Another thread that has not left, or NULL. */
static ti_sim_thread *ti_sim_remaining(void)
{
    for (uint32_t i = 1; i < ti_sim.count; i++)
        if (ti_sim_threads[i].state != TI_SIM_OVER)
            return &ti_sim_threads[i];
    return NULL;
}

/* The caller's thread is the last. */
THREADING_NORETURN static void ti_sim_leave(ti_sim_thread *self)
{
    if (self->index == 0)
        for (ti_sim_thread *other; (other = ti_sim_remaining()) != NULL;) {
            ti_sim_hand(other);
            ti_sim_await(self);
        }
    longjmp(self->out, 1);
}

static void ti_sim_blame(threading_sim_verdict_t verdict, const char *message)
{
    if (ti_sim.verdict != THREADING_SIM_PASSED && ti_sim.verdict != THREADING_SIM_RACE)
        return;
    ti_sim.verdict = verdict;
    (void)snprintf(ti_sim.message, sizeof ti_sim.message, "%s", message);
}

static void ti_sim_fail(threading_sim_verdict_t verdict, const char *message)
{
    ti_sim_blame(verdict, message);
    ti_sim.is_given_up = true;
    ti_sim_leave(ti_sim_current);
}

/* ---- when nobody can go on ---- */

static bool ti_sim_only_daemons_remain(void)
{
    for (uint32_t i = 1; i < ti_sim.count; i++)
        if (ti_sim_threads[i].state != TI_SIM_OVER && !ti_sim_threads[i].is_daemon)
            return false;
    return true;
}

static bool ti_sim_body_has_returned(void)
{
    return ti_sim_threads[0].awaited == &ti_sim_all_over;
}

static void ti_sim_stick(threading_sim_verdict_t verdict)
{
    char text[sizeof ti_sim.message];
    bool is_returned = ti_sim_body_has_returned();
    ti_sim.is_given_up = true;
    if (is_returned && ti_sim_only_daemons_remain())
        return; /* which end with the process, and so with the run */
    ti_sim_describe_all(text, sizeof text);
    if (ti_sim_one_sleeps_in_vain())
        verdict = THREADING_SIM_LOST_WAKEUP;
    else if (is_returned)
        verdict = THREADING_SIM_THREAD_LEAK;
    ti_sim_blame(verdict, text);
}

/* ---- deciding ---- */

static void ti_sim_set_ready(ti_sim_thread *thread)
{
    thread->state = TI_SIM_READY;
    thread->awaited = NULL;
    thread->deadline = TI_FOREVER;
}

/* Those that can go on: the running one first, the others in a circle behind it. */
static uint32_t ti_sim_list_ready(ti_sim_thread **ready)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < ti_sim.count; i++) {
        ti_sim_thread *thread = &ti_sim_threads[(ti_sim.running->index + i) % ti_sim.count];
        if (thread->state == TI_SIM_READY)
            ready[count++] = thread;
    }
    return count;
}

/* The one that sleeps with the earliest deadline, or NULL. Daemons that are left alone sleep for good: they
 * may do so again and again. */
static ti_sim_thread *ti_sim_first_deadline(void)
{
    ti_sim_thread *first = NULL;
    if (ti_sim_body_has_returned() && ti_sim_only_daemons_remain())
        return NULL;
    for (uint32_t i = 0; i < ti_sim.count; i++) {
        ti_sim_thread *thread = &ti_sim_threads[i];
        if (thread->state == TI_SIM_ASLEEP && thread->deadline != TI_FOREVER &&
            (first == NULL || thread->deadline < first->deadline))
            first = thread;
    }
    return first;
}

/* Its time has come: whatever the others still had to do before took longer. */
static ti_sim_thread *ti_sim_pass_time(ti_sim_thread *sleeper)
{
    if (ti_sim.now < sleeper->deadline)
        ti_sim.now = sleeper->deadline;
    sleeper->history = ti_sim_mix(sleeper->history, (uint64_t)ti_sim.now);
    ti_sim_set_ready(sleeper);
    ti_sim_record_time(sleeper, (double)(ti_sim.now - TI_SIM_BEGIN) / 1e9);
    return sleeper;
}

/* All that are not asleep look again; time passes, ever faster. False: they have looked too often, or none
 * looks. */
static bool ti_sim_rouse(void)
{
    bool has_looked = false;
    for (uint32_t i = 0; i < ti_sim.count; i++)
        if (ti_sim_threads[i].state == TI_SIM_YIELDED) {
            ti_sim_set_ready(&ti_sim_threads[i]);
            has_looked = true;
        }
    uint32_t round = ti_sim.idle_rounds++;
    ti_sim.now += INT64_C(1000) << (round < 40 ? round : 0);
    if (has_looked && round >= TI_SIM_ROUNDS)
        ti_sim_stick(THREADING_SIM_LIVELOCK);
    else if (!has_looked)
        ti_sim_stick(THREADING_SIM_DEADLOCK);
    return !ti_sim.is_given_up;
}

/* NULL: the run is given up. */
static ti_sim_thread *ti_sim_decide(void)
{
    ti_sim_thread *ready[TI_SIM_THREADS];
    for (;;) {
        uint32_t threads = ti_sim_list_ready(ready);
        ti_sim_thread *sleeper = ti_sim_first_deadline();
        uint32_t count = threads + (sleeper != NULL);
        if (count > 0) {
            bool can_go_on = threads > 0 && ready[0] == ti_sim.running;
            uint32_t free = can_go_on || threads == 0 ? 1 : threads;
            uint32_t pick = count > 1 ? ti_sim_choose_thread(ready, threads, count, free) : 0;
            ti_sim.was_preempted = ti_sim.was_preempted || pick >= free;
            return pick < threads ? ready[pick] : ti_sim_pass_time(sleeper);
        }
        if (!ti_sim_rouse())
            return NULL;
    }
}

/* Decide who is next, and come back when it is this thread's turn again. */
static void ti_sim_switch(ti_sim_thread *self)
{
    if (!ti_sim.is_given_up) {
        ti_sim_thread *next = ti_sim_decide();
        if (next != NULL && next != self) {
            ti_sim_hand(next);
            ti_sim_await(self);
        }
    }
    if (ti_sim.is_given_up)
        ti_sim_leave(self);
}

/* ---- points ---- */

/* A step is a part of the history, so that no two points of a run are in the same state. */
static void ti_sim_count_step(ti_sim_thread *self)
{
    self->history = ti_sim_mix(self->history, 1);
    ti_store_relaxed(&ti_sim.beat, ti_sim.beat + 1); /* relaxed: that it changes is enough */
    if (++ti_sim.steps > ti_sim.max_steps)
        ti_sim_fail(THREADING_SIM_STEP_LIMIT,
                    "the run does not end within max_steps; a loop that looks for what another "
                    "thread does has to call threading_sim_yield()");
}

static void ti_sim_point(ti_sim_thread *self)
{
    ti_sim_count_step(self);
    if (++self->looks > TI_SIM_LOOKS) {
        self->looks = 0;
        self->state = TI_SIM_YIELDED;
    }
    ti_sim_switch(self);
}

static void ti_sim_yield(ti_sim_thread *self)
{
    ti_sim_count_step(self);
    self->state = TI_SIM_YIELDED;
    ti_sim_switch(self);
}

static void ti_sim_wrote(ti_sim_thread *self)
{
    ti_sim.idle_rounds = 0;
    self->looks = 0;
    for (uint32_t i = 0; i < ti_sim.count; i++)
        if (ti_sim_threads[i].state == TI_SIM_YIELDED && i != self->index)
            ti_sim_set_ready(&ti_sim_threads[i]);
}

static void ti_sim_sleep(ti_sim_thread *self, const void *awaited, int64_t deadline)
{
    ti_sim_count_step(self);
    self->state = TI_SIM_ASLEEP;
    self->awaited = awaited;
    self->deadline = deadline;
    if (ti_sim.is_spurious && awaited != NULL && ti_sim_choose(2, 1) != 0)
        ti_sim_set_ready(self);
    ti_sim_switch(self);
}

static void ti_sim_wake(const void *awaited)
{
    for (uint32_t i = 0; i < ti_sim.count; i++)
        if (ti_sim_threads[i].state == TI_SIM_ASLEEP && ti_sim_threads[i].awaited == awaited)
            ti_sim_set_ready(&ti_sim_threads[i]);
}

/* ---- the threads ---- */

/* This thread has ended. The baton goes to another one, at last to the caller's. */
static void ti_sim_end(ti_sim_thread *self)
{
    self->state = TI_SIM_OVER;
    ti_sim_wake(self);
    if (ti_sim_remaining() == NULL)
        ti_sim_wake(&ti_sim_all_over);
    ti_sim_wrote(self);
    ti_sim_thread *next = ti_sim.is_given_up ? NULL : ti_sim_decide();
    if (next == NULL)
        next = ti_sim_remaining();
    ti_sim_hand(next != NULL ? next : &ti_sim_threads[0]);
}

static void ti_sim_leave_run(ti_sim_thread *self)
{
    ti_sim_within_reset(1);
    (void)ti_port_set_self(NULL, NULL);
    ti_sim_thread_ends(self);
    ti_sim_end(self);
}

static void ti_sim_native_ends(ti_sim_thread *self, void (*leave)(void *core_self), void *core_self)
{
    /* The frame that a run was left to is gone. */
    if (setjmp(self->out) == 0 && !ti_sim.is_given_up)
        leave(core_self);
    ti_sim_current = NULL;
    self->native_state = TI_SIM_NATIVE_ENDS;
    ti_sim_leave_run(self);
    ti_sim_within_reset(0);
}

/* What a thread of the system does for all runs. */
static void ti_sim_serve(void *argument)
{
    ti_sim_thread *self = (ti_sim_thread *)argument;
    ti_sim_current = self;
    ti_sim_pin(true);
    ti_sim_within_reset(1);
    for (;;) {
        ti_sim_await(self);
        if (setjmp(self->out) == 0 && !ti_sim.is_given_up) {
            ti_sim_thread_begins(self);
            ti_sim_within_reset(0);
            self->entry(self->argument);
        }
        ti_sim_leave_run(self);
    }
}

static void ti_sim_exit(ti_sim_thread *self)
{
    longjmp(self->out, 1);
}

/* Threads of the system are made when they are wanted first, and stay unless the body ends one. */
static bool ti_sim_has_native(ti_sim_thread *thread)
{
    if (thread->native_state == TI_SIM_NATIVE_STAYS)
        return true;
    if (thread->native_state == TI_SIM_NATIVE_ENDS)
        ti_port_thread_join(&thread->native);
    thread->native_state = TI_SIM_NATIVE_NONE;
    thread->has_parker = thread->has_parker || ti_port_parker_init(&thread->parker);
    if (!thread->has_parker || ti_port_thread_start(&thread->native, ti_sim_serve, thread, 0) != THREADING_OK)
        return false;
    thread->native_state = TI_SIM_NATIVE_STAYS;
    return true;
}

/* As nothing had happened. */
static void ti_sim_renew(ti_sim_thread *thread, uint32_t index)
{
    memset(thread, 0, offsetof(ti_sim_thread, out));
    thread->index = index;
    thread->deadline = TI_FOREVER;
    thread->state = TI_SIM_READY;
    thread->clock[index] = 1;
}

static ti_sim_thread *ti_sim_start(ti_sim_thread *creator, void (*entry)(void *argument), void *argument)
{
    uint32_t index = ti_sim.count;
    while (index < TI_SIM_THREADS && ti_load_relaxed(&ti_sim_threads[index].is_lost))
        index++;
    if (index == TI_SIM_THREADS)
        return NULL;
    ti_sim_thread *thread = &ti_sim_threads[index];
    ti_sim_renew(thread, index);
    if (!ti_sim_has_native(thread)) {
        thread->state = TI_SIM_OVER;
        return NULL;
    }
    thread->entry = entry;
    thread->argument = argument;
    thread->history = ti_sim_mix(creator->history, index);
    ti_sim.count = index + 1;
    ti_sim_learn(thread, creator);
    ti_sim_starts(thread);
    return thread;
}

/* ---- a run ---- */

/* The body has returned: the others go on until they have ended. */
static void ti_sim_finish(ti_sim_thread *self)
{
    if (ti_sim_remaining() == NULL)
        return;
    ti_sim_sleep(self, &ti_sim_all_over, TI_FOREVER);
}

/* The core does some things otherwise in a process of one thread: so there is a second one from the
 * first run on, which is like the others then. */
static bool ti_sim_begin(ti_sim_thread *self)
{
    ti_sim_thread *second = self + 1;
    self->has_parker = self->has_parker || ti_port_parker_init(&self->parker);
    if (self->has_parker && second->native_state != TI_SIM_NATIVE_STAYS)
        ti_sim_renew(second, 1);
    return self->has_parker && ti_sim_has_native(second);
}

static bool ti_sim_prepare(ti_sim_thread *self)
{
    if (!ti_sim_begin(self))
        return false;
    ti_sim_renew(self, 0);
    (void)snprintf(self->name, sizeof self->name, "main");
    ti_sim.running = self;
    ti_sim.count = 1;
    ti_sim.now = TI_SIM_BEGIN;
    ti_sim.idle_rounds = 0;
    ti_sim.steps = 0;
    ti_sim.is_given_up = ti_sim.was_preempted = false;
    ti_store_relaxed(&ti_sim.has_foreign, 0); /* relaxed: see there */
    ti_sim.verdict = THREADING_SIM_PASSED;
    ti_sim.message[0] = '\0';
    return true;
}

static bool ti_sim_execute(void (*body)(void *arg), void *arg)
{
    ti_sim_thread *self = &ti_sim_threads[0];
    if (!ti_sim_prepare(self))
        return false;
    ti_sim_objects_begin();
    ti_sim_note_caller(self);
    ti_sim_current = self;
    if (setjmp(self->out) == 0) {
        ti_sim_within_reset(0);
        body(arg);
        ti_sim_within_reset(1);
        ti_sim_finish(self);
    }
    ti_sim_within_reset(1);
    for (uint32_t i = 1; i < ti_sim.count; i++)
        ti_sim_joins(&ti_sim_threads[i]); /* the next run comes after all of this one */
    ti_sim_current = NULL;
    if (ti_load_relaxed(&ti_sim.has_foreign))
        ti_sim_blame(THREADING_SIM_FOREIGN_THREAD,
                     "a thread that is none of the run's has called the library");
    return true;
}

/* ----------------------------------------------------------------------------------- src/sim/sim_search.c */

/*
 * Which alternative a run takes. The decisions of a run by bound are a stack, as in any depth-first search
 * without stored states: the next run repeats those below, and takes another alternative of the topmost that
 * has one left.
 *
 * Two orders that differ only in what cannot be told apart (two threads that touch different objects) lead
 * to the same state, with the same future. The key of a state is made of each thread's history, which knows
 * for each of its steps what it has read; a run that comes to a state that was explored with as many
 * interruptions left takes first alternatives to its end, and none of these is tried again (happens-before
 * caching: Musuvathi and Qadeer, "Partial-Order Reduction for Context-Bounded State Exploration", 2007).
 */

#include <stdlib.h>
#include <string.h>

#define TI_SIM_SEEN 16   /* the table begins with as many states, as a power of two */
#define TI_SIM_CHANGES 5 /* of priorities: the depth of what PCT finds with a known chance, less one */

typedef struct ti_sim_decision {
    uint64_t key;   /* of the state before it */
    uint32_t spent; /* interruptions before it */
    uint8_t count;  /* alternatives */
    uint8_t free;   /* those that are no interruption */
    uint8_t pick;
    bool is_closed; /* no other alternative is to be tried */
} ti_sim_decision;

/* A state that was met, and how many interruptions were left then. */
typedef struct ti_sim_seen {
    uint64_t key; /* 0: none */
    uint32_t left;
} ti_sim_seen;

static struct {
    ti_sim_way way;
    uint64_t random;
    uint32_t bound;
    uint32_t spent;
    bool is_pruned;
    bool was_cut;

    ti_sim_decision *decisions;
    uint32_t capacity;
    uint32_t count;   /* of this run so far */
    uint32_t forced;  /* so many are repeated */
    uint32_t longest; /* of any run, for the moments at which priorities change */

    ti_sim_seen *seen;
    uint32_t seen_bits;
    uint32_t seen_count;

    const ti_sim_deviation *deviations;
    uint32_t deviation_count;
    uint32_t fitting; /* so many of them have been taken */

    uint32_t changes[TI_SIM_CHANGES];
} ti_search;

/* ---- chance ---- */

/* Marsaglia's xorshift64* ("Xorshift RNGs", 2003; Vigna, 2016). */
static uint32_t ti_search_random(uint32_t below)
{
    ti_search.random ^= ti_search.random >> 12;
    ti_search.random ^= ti_search.random << 25;
    ti_search.random ^= ti_search.random >> 27;
    return (uint32_t)((ti_search.random * UINT64_C(0x2545F4914F6CDD1D)) >> 33) % below;
}

/* ---- states that were met ---- */

static ti_sim_seen *ti_seen_find(ti_sim_seen *table, uint32_t bits, uint64_t key)
{
    uint64_t i = key >> (64 - bits);
    while (table[i].key != 0 && table[i].key != key)
        i = (i + 1) & ((UINT64_C(1) << bits) - 1);
    return &table[i];
}

/* Twice the room, once it is half full. Without memory the table stays, and new states are not kept. */
static bool ti_seen_has_room(void)
{
    if (2 * (uint64_t)ti_search.seen_count < UINT64_C(1) << ti_search.seen_bits)
        return true;
    uint32_t bits = ti_search.seen_bits + 1;
    ti_sim_seen *table = (ti_sim_seen *)calloc((size_t)1 << bits, sizeof *table);
    if (table == NULL)
        return false;
    for (size_t i = 0; i < (size_t)1 << ti_search.seen_bits; i++)
        if (ti_search.seen[i].key != 0)
            *ti_seen_find(table, bits, ti_search.seen[i].key) = ti_search.seen[i];
    free(ti_search.seen);
    ti_search.seen = table;
    ti_search.seen_bits = bits;
    return true;
}

/* Whether all that can come was explored, or is about to be, with as many interruptions. */
static bool ti_seen_before(uint64_t key, uint32_t left)
{
    ti_sim_seen *seen = ti_seen_find(ti_search.seen, ti_search.seen_bits, key);
    if (seen->key == key && seen->left >= left)
        return true;
    if (seen->key == 0) {
        if (!ti_seen_has_room())
            return false;
        seen = ti_seen_find(ti_search.seen, ti_search.seen_bits, key);
        ti_search.seen_count++;
    }
    *seen = (ti_sim_seen){key, left};
    return false;
}

/* ---- the alternatives ---- */

static uint32_t ti_search_by_chance(uint32_t count, uint32_t free)
{
    if (free == count) /* of which none is the usual one */
        return ti_search_random(count);
    return ti_search_random(5) != 0 ? ti_search_random(free) : ti_search_random(count);
}

static uint32_t ti_search_by_deviation(uint32_t count)
{
    for (uint32_t i = 0; i < ti_search.deviation_count; i++)
        if (ti_search.deviations[i].decision == ti_search.count && ti_search.deviations[i].pick < count) {
            ti_search.fitting++;
            return ti_search.deviations[i].pick;
        }
    return 0;
}

/* What a new decision takes, by the way of the run. */
static uint32_t ti_search_pick(const ti_sim_decision *decision)
{
    switch (ti_search.way) {
    case TI_SIM_BY_BOUND:
        return 0;
    case TI_SIM_BY_REPLAY:
        return ti_search_by_deviation(decision->count);
    default:
        return ti_search_by_chance(decision->count, decision->free);
    }
}

static bool ti_search_has_room(void)
{
    if (ti_search.count < ti_search.capacity)
        return true;
    uint32_t capacity = ti_search.capacity == 0 ? 256 : 2 * ti_search.capacity;
    ti_sim_decision *more = (ti_sim_decision *)realloc(ti_search.decisions, capacity * sizeof *more);
    if (more == NULL)
        return false;
    ti_search.decisions = more;
    ti_search.capacity = capacity;
    return true;
}

/* The next decision of the run: one that is repeated, or a new one. */
static ti_sim_decision *ti_search_decision(uint32_t count, uint32_t free)
{
    uint64_t key = ti_sim_key();
    if (ti_search.count < ti_search.forced) {
        ti_sim_decision *decision = &ti_search.decisions[ti_search.count];
        if (decision->count != count || decision->free != free || decision->key != key)
            ti_sim_fail(THREADING_SIM_NONDETERMINISM,
                        "the same decisions led to another run: the body depends on "
                        "something that is not its own");
        return decision;
    }
    if (!ti_search_has_room())
        ti_sim_fail(THREADING_SIM_UNSUPPORTED, "there is no memory for so long a run");
    ti_sim_decision *decision = &ti_search.decisions[ti_search.count];
    *decision = (ti_sim_decision){key, ti_search.spent, (uint8_t)count, (uint8_t)free, 0, false};
    if (ti_search.way == TI_SIM_BY_BOUND && !ti_search.is_pruned)
        ti_search.is_pruned = ti_seen_before(key, ti_search.bound - ti_search.spent);
    decision->is_closed = ti_search.is_pruned;
    decision->pick = (uint8_t)ti_search_pick(decision);
    return decision;
}

static uint32_t ti_search_take(const ti_sim_decision *decision)
{
    ti_search.count++;
    ti_search.spent += decision->pick >= decision->free;
    return decision->pick;
}

/* It comes in the middle of a step. Without a part of the history before it and behind it, two decisions
 * would be made in one state, the second of which would look as if it had been explored. */
static uint32_t ti_sim_choose(uint32_t count, uint32_t free)
{
    if (count < 2)
        return 0;
    uint64_t *history = &ti_sim.running->history;
    *history = ti_sim_mix(*history, 2);
    uint32_t pick = ti_search_take(ti_search_decision(count, free));
    *history = ti_sim_mix(*history, 3 + (uint64_t)pick);
    return pick;
}

/* ---- priorities ---- */

/* At some moments of the run the one that is running becomes the last of all. */
static void ti_search_change_priorities(void)
{
    for (uint32_t i = 0; i < TI_SIM_CHANGES; i++)
        if (ti_search.changes[i] == ti_search.count)
            ti_sim.running->priority = 1 + i;
}

static uint32_t ti_search_by_priority(ti_sim_thread *const *ready, uint32_t threads)
{
    uint32_t best = 0;
    ti_search_change_priorities();
    for (uint32_t i = 0; i < threads; i++) {
        if (ready[i]->priority == 0)
            ready[i]->priority = 1 + TI_SIM_CHANGES + ti_search_random(1000);
        if (ready[i]->priority > ready[best]->priority)
            best = i;
    }
    return best;
}

static uint32_t ti_sim_choose_thread(ti_sim_thread *const *ready, uint32_t threads, uint32_t count, uint32_t free)
{
    ti_sim_decision *decision = ti_search_decision(count, free);
    if (ti_search.way == TI_SIM_BY_PRIORITY && threads > 0 &&
        ti_search_random(16) != 0) /* else by chance: time */
        decision->pick = (uint8_t)ti_search_by_priority(ready, threads);
    return ti_search_take(decision);
}

/* ---- run after run ---- */

static bool ti_sim_search_init(uint64_t seed)
{
    memset(&ti_search, 0, sizeof ti_search);
    ti_search.random = ti_sim_mix(UINT64_C(0x9E3779B97F4A7C15), seed);
    ti_search.seen_bits = TI_SIM_SEEN;
    ti_search.seen = (ti_sim_seen *)calloc((size_t)1 << TI_SIM_SEEN, sizeof *ti_search.seen);
    return ti_search.seen != NULL;
}

static void ti_sim_search_free(void)
{
    free(ti_search.seen);
    free(ti_search.decisions);
    ti_search.seen = NULL;
    ti_search.decisions = NULL;
}

static void ti_sim_search_level(uint32_t bound)
{
    ti_search.bound = bound;
    ti_search.forced = 0;
    ti_search.was_cut = false;
    ti_search.seen_count = 0;
    memset(ti_search.seen, 0, sizeof *ti_search.seen << ti_search.seen_bits);
}

static void ti_sim_search_begin(ti_sim_way way)
{
    ti_search.way = way;
    ti_search.count = 0;
    ti_search.spent = 0;
    ti_search.is_pruned = false;
    if (way != TI_SIM_BY_BOUND)
        ti_search.forced = 0;
    for (uint32_t i = 0; i < TI_SIM_CHANGES; i++)
        ti_search.changes[i] = ti_search_random(ti_search.longest + 1);
}

static void ti_sim_search_replay(const ti_sim_deviation *deviations, uint32_t count)
{
    ti_search.deviations = deviations;
    ti_search.deviation_count = count;
    ti_search.fitting = 0;
    ti_sim_search_begin(TI_SIM_BY_REPLAY);
}

/* Whether the decision has an alternative left within the bound. */
static bool ti_search_can_turn(const ti_sim_decision *decision)
{
    uint32_t next = decision->pick + 1U;
    if (decision->is_closed || next >= decision->count)
        return false;
    bool is_within = decision->spent + (next >= decision->free) <= ti_search.bound;
    ti_search.was_cut = ti_search.was_cut || !is_within;
    return is_within;
}

static bool ti_sim_search_next(void)
{
    if (ti_search.longest < ti_search.count)
        ti_search.longest = ti_search.count;
    while (ti_search.count > 0) {
        ti_sim_decision *last = &ti_search.decisions[ti_search.count - 1];
        if (ti_search_can_turn(last)) {
            last->pick++;
            ti_search.forced = ti_search.count;
            return true;
        }
        ti_search.count--;
    }
    return false;
}

static void ti_sim_search_repeat(void)
{
    uint32_t count = ti_search.count;
    ti_sim_search_begin(TI_SIM_BY_BOUND);
    ti_search.forced = count;
}

static bool ti_sim_search_was_cut(void)
{
    return ti_search.was_cut;
}

static bool ti_sim_search_replay_fits(void)
{
    return ti_search.fitting == ti_search.deviation_count;
}

static uint32_t ti_sim_search_preemptions(void)
{
    return ti_search.spent;
}

static uint32_t ti_sim_search_deviations(ti_sim_deviation *deviations)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < ti_search.count; i++)
        if (ti_search.decisions[i].pick != 0 && count < TI_SIM_DEVIATIONS)
            deviations[count++] = (ti_sim_deviation){i, ti_search.decisions[i].pick};
    return count;
}

static uint64_t ti_sim_search_end_key(void)
{
    return ti_sim_key();
}

/* ----------------------------------------------------------------------------------- src/sim/sim_system.c */

#include <stdio.h>
#include <stdlib.h>

static const char *ti_sim_environment(const char *name)
{
    char variable[40];
    (void)snprintf(variable, sizeof variable, "THREADING_SIM_%s", name);
    return getenv(variable);
}

#if defined(THREADING_TSAN)

static TI_SIM_THREAD_LOCAL int ti_sim_depth;

static void ti_sim_within_reset(int depth)
{
    for (; ti_sim_depth < depth; ti_sim_depth++)
        __tsan_ignore_thread_begin();
    for (; ti_sim_depth > depth; ti_sim_depth--)
        __tsan_ignore_thread_end();
}

/* Gives the depth to go back to. Threads of no run are looked at as always. */
static int ti_sim_within_begin(void)
{
    int depth = ti_sim_depth;
    if (ti_sim_self() != NULL)
        ti_sim_within_reset(depth + 1);
    return depth;
}

static void ti_sim_within_end(const int *depth)
{
    ti_sim_within_reset(*depth);
}

#endif

#if defined(__linux__)

#include <sys/syscall.h>
#include <unistd.h>

/* The system's calls themselves: the C library has them for _GNU_SOURCE only. */
static void ti_sim_pin(bool on_one)
{
    enum {
        WORDS = 16,
        BITS = 8 * sizeof(unsigned long)
    }; /* as many processors as the kernel has by default */
    static unsigned long before[WORDS];
    static unsigned long one[WORDS];
    static bool is_known;
    unsigned processor;
    if (!is_known && (syscall(SYS_sched_getaffinity, 0, sizeof before, before) <= 0 ||
                      syscall(SYS_getcpu, &processor, NULL, NULL) != 0 || processor >= WORDS * BITS))
        return;
    if (!is_known)
        one[processor / BITS] = 1UL << processor % BITS;
    is_known = true;
    (void)syscall(SYS_sched_setaffinity, 0, sizeof one,
                  on_one ? one : before); /* refused: it is just slower */
}

#elif defined(_WIN32)

#include <windows.h>

static void ti_sim_pin(bool on_one)
{
    static DWORD_PTR before;
    static DWORD_PTR one;
    if (one == 0) {
        DWORD_PTR system;
        if (!GetProcessAffinityMask(GetCurrentProcess(), &before, &system))
            return;
        one = before & (~before + 1); /* its lowest */
    }
    (void)SetThreadAffinityMask(GetCurrentThread(), on_one ? one : before); /* refused: it is just slower */
}

#else

static void ti_sim_pin(bool on_one)
{
    (void)on_one;
}

#endif

/* ------------------------------------------------------------------------------------ src/sim/sim_table.c */

/* The table of a run: a column for each thread, a line for each step. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TI_SIM_LINES 2000 /* the last ones of a run */
#define TI_SIM_TEXT 72
#define TI_SIM_COLUMN 28

typedef struct ti_line {
    uint8_t thread;
    bool is_preemption;  /* the thread before it could have gone on */
    const void *address; /* of data that compiled code touches, whether or not it is shared; or NULL */
    size_t size;
    char text[TI_SIM_TEXT];
} ti_line;

static ti_line ti_lines[TI_SIM_LINES];
static uint64_t ti_lines_count;

/* Data that is written after its line was: what it holds then is known at the next line. */
static struct {
    ti_line *line;
    const void *address;
    size_t size;
} ti_written;

/* ---- a line ---- */

/* As a number, of what has an integer's size. */
static void ti_value_add(char *text, const void *address, size_t size)
{
    size_t length = strlen(text);
    int64_t value = 0;
    int8_t byte;
    int16_t two;
    int32_t four;
    if (size == sizeof byte)
        value = *(const int8_t *)memcpy(&byte, address, size);
    else if (size == sizeof two)
        value = *(const int16_t *)memcpy(&two, address, size);
    else if (size == sizeof four)
        value = *(const int32_t *)memcpy(&four, address, size);
    else if (size == sizeof value)
        memcpy(&value, address, size);
    else
        return;
    (void)snprintf(text + length, TI_SIM_TEXT - length, " = %lld", (long long)value);
}

static void ti_sim_record_settle(void)
{
    if (ti_written.line != NULL)
        ti_value_add(ti_written.line->text, ti_written.address, ti_written.size);
    ti_written.line = NULL;
}

static ti_line *ti_line_new(void)
{
    ti_sim_record_settle();
    ti_line *line = &ti_lines[ti_lines_count++ % TI_SIM_LINES];
    line->thread = (uint8_t)ti_sim.running->index;
    line->is_preemption = ti_sim.was_preempted;
    line->address = NULL;
    ti_sim.was_preempted = false;
    return line;
}

/* "lock acquire savings"; an object without a name by the number that it has in this run. */
static void ti_call_in_words(char *text, size_t size, const char *what, const void *object)
{
    size_t length = 0;
    for (; what != NULL && what[length] != '\0' && length + 1 < size; length++)
        text[length] = what[length] == '_' ? ' ' : what[length];
    text[length] = '\0';
    if (object == NULL)
        return;
    const char *name = ti_sim_object_name(object);
    if (name == NULL && strncmp(what, "thread_", 7) == 0)
        name = ti_sim_thread_name((const threading_thread_t *)object);
    if (name != NULL)
        (void)snprintf(text + length, size - length, " %s", name);
    else
        (void)snprintf(text + length, size - length, " #%u", (unsigned)ti_sim_number(object));
}

static void ti_sim_record(const char *what, const void *object, const char *after)
{
    if (!ti_sim.is_recorded || ti_sim.is_given_up)
        return;
    ti_line *line = ti_line_new();
    ti_call_in_words(line->text, TI_SIM_TEXT, what, object);
    size_t length = strlen(line->text);
    if (after != NULL)
        (void)snprintf(line->text + length, TI_SIM_TEXT - length, ": %s", after);
}

static void ti_sim_record_time(const ti_sim_thread *thread, double seconds)
{
    if (!ti_sim.is_recorded || ti_sim.is_given_up)
        return;
    ti_line *line = ti_line_new();
    line->thread = (uint8_t)thread->index;
    (void)snprintf(line->text, TI_SIM_TEXT, "its time is up, at %.9g s", seconds);
}

static void ti_sim_record_access(const ti_sim_access *access)
{
    char data[40];
    if (!ti_sim.is_recorded || ti_sim.is_given_up)
        return;
    ti_line *line = ti_line_new();
    if (ti_sim_object_name(access->address) == NULL && ti_sim_tell_data != NULL &&
        ti_sim_tell_data(access->address, data, sizeof data))
        (void)snprintf(line->text, TI_SIM_TEXT, "%s %s", access->what, data);
    else
        ti_call_in_words(line->text, TI_SIM_TEXT, access->what, access->address);
    if (!access->is_users) {
        line->address = access->address;
        line->size = access->size;
    }
    if (!access->is_write)
        ti_value_add(line->text, access->address, access->size);
    else {
        ti_written.line = line;
        ti_written.address = access->address;
        ti_written.size = access->size;
    }
}

void threading_sim_note(const char *text)
{
    TI_SIM_WITHIN;
    if (ti_sim_self() != NULL && text != NULL)
        ti_sim_record(text, NULL, NULL);
}

/* ---- what a thread waits for ---- */

/* By the ident in a Lock's word. */
static const ti_sim_thread *ti_holder_of(uint32_t ident)
{
    for (uint32_t i = 0; i < ti_sim.count; i++)
        if (ti_sim_thread_at(i)->ident == ident)
            return ti_sim_thread_at(i);
    return NULL;
}

/* As the run has left it; its memory may be gone. */
static uint64_t ti_word_value(uintptr_t address)
{
    const ti_sim_object *object = ti_sim_object_find(address);
    return object != NULL ? object->value : 0;
}

/* Whether it sleeps though what it waits for is there, as the object's word says. */
static bool ti_sim_sleeps_in_vain(const ti_sim_thread *thread)
{
    const ti_waiter *waiter = thread->waiter;
    if (thread->state != TI_SIM_ASLEEP || waiter == NULL || waiter->address == 0)
        return false;
    bool is_zero = ti_word_value(waiter->address) == 0;
    bool needs_zero = waiter->kind == TI_LOCKERS;
    return (needs_zero || waiter->kind == TI_TAKERS || waiter->kind == TI_EVENT_WAITERS) &&
           is_zero == needs_zero;
}

static void ti_sim_describe(const ti_sim_thread *thread, char *text, size_t size)
{
    char call[100];
    const ti_waiter *waiter = thread->waiter;
    ti_call_in_words(call, sizeof call, thread->call, thread->object);
    size_t length =
        (size_t)snprintf(text, size, "%s waits%s%s", thread->name, call[0] != '\0' ? " in " : "", call);
    if (length < size && ti_sim_sleeps_in_vain(thread))
        (void)snprintf(text + length, size - length, ", though it need not");
    if (waiter == NULL || waiter->address == 0 || waiter->kind != TI_LOCKERS || length >= size)
        return;
    const ti_sim_thread *holder = ti_holder_of((uint32_t)ti_word_value(waiter->address));
    if (holder != NULL)
        (void)snprintf(text + length, size - length, ", which %s holds", holder->name);
}

/* "t1 waits …; t2 waits …" */
static void ti_sim_describe_all(char *text, size_t size)
{
    size_t length = 0;
    for (uint32_t i = 0; i < ti_sim.count && length < size; i++) {
        const ti_sim_thread *thread = ti_sim_thread_at(i);
        if (thread->state == TI_SIM_OVER || (i == 0 && ti_sim_body_has_returned()))
            continue;
        char one[160];
        ti_sim_describe(thread, one, sizeof one);
        length += (size_t)snprintf(text + length, size - length, "%s%s", length > 0 ? "; " : "", one);
    }
}

static bool ti_sim_one_sleeps_in_vain(void)
{
    uint32_t i = 0;
    while (i < ti_sim.count && !ti_sim_sleeps_in_vain(ti_sim_thread_at(i)))
        i++;
    return i < ti_sim.count;
}

/* ---- the whole ---- */

static void ti_sim_table_begin(void)
{
    ti_lines_count = 0;
    ti_written.line = NULL;
}

static void ti_write_text(threading_write_t write, void *context, char *line)
{
    size_t length = strlen(line);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)line[i] < ' ') /* of a name or a note: the table has a line for each step */
            line[i] = ' ';
    while (length > 0 && line[length - 1] == ' ')
        length--;
    line[length++] = '\n';
    write(context, line, length);
}

static void ti_write_heading(threading_write_t write, void *context)
{
    char line[16 + TI_SIM_THREADS * TI_SIM_COLUMN + 2] = "step  ";
    for (uint32_t i = 0; i < ti_sim.count; i++) {
        size_t length = strlen(line);
        (void)snprintf(line + length, sizeof line - length, "%-*.*s", TI_SIM_COLUMN, TI_SIM_COLUMN - 1,
                       ti_sim_thread_at(i)->name);
    }
    ti_write_text(write, context, line);
}

/* Compiled code touches a lot that only one thread knows. */
static bool ti_line_is_dull(const ti_line *line)
{
    return line->address != NULL && !line->is_preemption && ti_sim_object_name(line->address) == NULL &&
           !ti_sim_data_is_shared(line->address, line->size);
}

static void ti_write_line(threading_write_t write, void *context, uint64_t number)
{
    char text[16 + TI_SIM_THREADS * TI_SIM_COLUMN + TI_SIM_TEXT + 2];
    const ti_line *line = &ti_lines[number % TI_SIM_LINES];
    if (ti_line_is_dull(line))
        return;
    (void)snprintf(text, sizeof text, "%4llu%c %*s%s", (unsigned long long)number + 1,
                   line->is_preemption ? '*' : ' ', line->thread * TI_SIM_COLUMN, "", line->text);
    ti_write_text(write, context, text);
}

static void ti_sim_table_write(threading_write_t write, void *context, const char *replay)
{
    char line[4200];
    ti_sim_record_settle();
    (void)snprintf(line, sizeof line, "%s: %s", threading_sim_verdict_name(ti_sim.verdict), ti_sim.message);
    ti_write_text(write, context, line);
    ti_write_heading(write, context);
    uint64_t first = ti_lines_count > TI_SIM_LINES ? ti_lines_count - TI_SIM_LINES : 0;
    for (uint64_t i = first; i < ti_lines_count; i++)
        ti_write_line(write, context, i);
    (void)snprintf(line, sizeof line,
                   "* the thread before could have gone on. Again: THREADING_SIM_REPLAY=%s", replay);
    ti_write_text(write, context, line);
}

/* ------------------------------------------------------------------------------------- src/sim/sim_weak.c */

/*
 * Weak loads: a load that is not sequential may give what was stored before.
 *
 * Of each atomic word the last stores are kept. A thread may read any of them but those that it knows to be
 * overwritten: because the later store happens before its load, or because it has read a later one itself
 * (C11, 5.1.2.4: coherence). What changes a word in one step reads the newest, as do sequential loads, which
 * is more than C11 promises: no bug is told that there is not, and some that mix the two are missed. No load
 * reads what is stored after it: no processor that runs C programs is known to do that with what depends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TI_SIM_STORES 6 /* so many of each word */

typedef struct ti_store {
    uint64_t value;
    uint64_t history; /* of the writer, when it had written */
    uint32_t writer;
    uint32_t time; /* of the writer's clock */
    bool is_release;
    uint32_t clock[TI_SIM_THREADS]; /* what an acquire learns from it */
} ti_store;

typedef struct ti_stores {
    uint64_t id;                   /* of the object in this run that they belong to */
    uint32_t count;                /* of all; the last ones are kept */
    uint32_t seen[TI_SIM_THREADS]; /* the newest that each thread has read or written, counted from 1 */
    ti_store kept[TI_SIM_STORES];
} ti_stores;

static ti_stores *ti_all_stores; /* by the index of the object */

static bool ti_sim_weak_init(void)
{
    if (ti_all_stores == NULL)
        ti_all_stores = (ti_stores *)calloc(TI_SIM_OBJECTS, sizeof *ti_all_stores);
    return ti_all_stores != NULL;
}

static void ti_sim_weak_free(void)
{
    free(ti_all_stores);
    ti_all_stores = NULL;
}

static ti_store *ti_store_number(ti_stores *stores, uint32_t number)
{
    return &stores->kept[(number - 1) % TI_SIM_STORES];
}

/* What the word held when the run met it first, everybody knows. */
static ti_stores *ti_stores_of(const ti_sim_object *object, uint64_t first)
{
    ti_stores *stores = &ti_all_stores[ti_sim_object_index(object)];
    uint64_t id = ti_sim_mix(object->id, object->run);
    if (stores->id == id)
        return stores;
    memset(stores, 0, sizeof *stores);
    stores->id = id;
    stores->count = 1;
    ti_store_number(stores, 1)->value = first;
    return stores;
}

static void ti_sim_weak_store(ti_sim_thread *self, const ti_sim_object *object, int order, uint64_t before,
                       uint64_t value)
{
    ti_stores *stores = ti_stores_of(object, before);
    ti_store *store = ti_store_number(stores, ++stores->count);
    *store = (ti_store){.value = value, .history = self->history, .writer = self->index};
    store->time = self->clock[self->index];
    store->is_release = (order & TI_SIM_RELEASE) != 0 || object->has_clock;
    memcpy(store->clock, object->clock,
           sizeof store->clock); /* what it goes on with, in a release sequence */
    if (order & TI_SIM_RELEASE)
        ti_sim_clock_join(store->clock, self->clock);
    stores->seen[self->index] = stores->count;
}

/* Whether the load comes after that store for certain. */
static bool ti_store_is_known(const ti_sim_thread *self, const ti_store *store)
{
    return store->time <= self->clock[store->writer] || store->time <= self->shown[store->writer];
}

/* The oldest that the thread may read. */
static uint32_t ti_stores_oldest(const ti_sim_thread *self, ti_stores *stores)
{
    uint32_t kept = stores->count > TI_SIM_STORES ? stores->count - TI_SIM_STORES + 1 : 1;
    uint32_t oldest = stores->count;
    uint32_t least = stores->seen[self->index] > kept ? stores->seen[self->index] : kept;
    while (oldest > least && !ti_store_is_known(self, ti_store_number(stores, oldest)))
        oldest--;
    return oldest;
}

static bool ti_sim_weak_load(ti_sim_thread *self, const ti_sim_object *object, int order, uint64_t *value)
{
    ti_stores *stores = ti_stores_of(object, *value);
    uint32_t oldest = ti_stores_oldest(self, stores);
    uint32_t back = 0;
    if ((order & TI_SIM_SEQUENTIAL) == 0)
        back = ti_sim_choose(stores->count - oldest + 1, 1);
    uint32_t number = stores->count - back;
    stores->seen[self->index] = number;
    if (back == 0)
        return false;
    const ti_store *store = ti_store_number(stores, number);
    char text[40];
    (void)snprintf(text, sizeof text, "%llu instead of %llu", (unsigned long long)store->value,
                   (unsigned long long)*value);
    ti_sim_record("load", (const void *)object->address, text);
    *value = store->value;
    self->history = ti_sim_mix(self->history ^ object->id, store->history);
    if (store->is_release)
        ti_sim_clock_join(order & TI_SIM_ACQUIRE ? self->clock : self->unfenced, store->clock);
    if (store->is_release && (order & TI_SIM_ACQUIRE) != 0)
        ti_sim_tell_acquire(object->address);
    return true;
}

/* What each thread has stored, or knows to be stored, is seen by all from here on. */
static void ti_sim_fence_all(void)
{
    uint32_t all[TI_SIM_THREADS] = {0};
    for (uint32_t i = 0; i < ti_sim.count; i++) {
        ti_sim_clock_join(all, ti_sim_thread_at(i)->clock);
        ti_sim_clock_join(all, ti_sim_thread_at(i)->shown);
    }
    for (uint32_t i = 0; i < ti_sim.count; i++)
        memcpy(ti_sim_thread_at(i)->shown, all, sizeof all);
}

static uint32_t ti_sequence[TI_SIM_THREADS]; /* what the sequential fences of the run have shown */
static uint32_t ti_sequence_run;

/* Sequential fences have one order: what was stored before an earlier one is seen behind a later one. */
static void ti_sim_weak_fence(ti_sim_thread *self)
{
    if (ti_sequence_run != ti_sim_objects_run())
        memset(ti_sequence, 0, sizeof ti_sequence);
    ti_sequence_run = ti_sim_objects_run();
    ti_sim_clock_join(ti_sequence, self->clock);
    ti_sim_clock_join(ti_sequence, self->shown);
    memcpy(self->shown, ti_sequence, sizeof self->shown);
    self->clock[self->index]++;
    self->history = ti_sim_mix(self->history, ti_sim_key()); /* it has to do with the fences before */
}

#endif /* THREADING_SIM */

/* ------------------------------------------------------------------------------------------------ the end */

#undef TI_ABANDONED
#undef TI_ACQUIRE
#undef TI_ACTION
#undef TI_ADDRESS_NUMBER
#undef TI_AMOUNT
#undef TI_ANSWER
#undef TI_APART
#undef TI_APPLE_LONGEST_WAIT
#undef TI_APPLE_NAME_LIMIT
#undef TI_ATOMIC
#undef TI_ATOMIC_BARRIER
#undef TI_ATOMIC_PAUSE
#undef TI_AUTOMATIC_SIZE
#undef TI_BIAS
#undef TI_BIASED
#undef TI_BIAS_AFTER
#undef TI_BIAS_LEVELS
#undef TI_BIT
#undef TI_BLOCK
#undef TI_BUCKET_BITS
#undef TI_C11_ALIGNMENT
#undef TI_C11_LEAVE_ROUND
#undef TI_C11_LONGEST_STEP
#undef TI_C11_MEMORY_WAIT
#undef TI_C11_RESERVE
#undef TI_C11_ROUNDS_MASK
#undef TI_C11_SECOND
#undef TI_C11_SLICE
#undef TI_C11_TICK
#undef TI_CALL
#undef TI_CALLER
#undef TI_CALLS_FAR
#undef TI_CALLS_NEAR
#undef TI_CANCELLED
#undef TI_CAPACITY_MIN
#undef TI_CGROUP_FILE
#undef TI_CGROUP_LINE
#undef TI_CGROUP_PATH
#undef TI_CGROUP_UP
#undef TI_COLD
#undef TI_COPY_ALIGNMENT
#undef TI_COPY_HEAD
#undef TI_DEBUG_LINKS
#undef TI_DEBUG_LIST
#undef TI_DEBUG_PAUSE
#undef TI_DEBUG_WORD
#undef TI_DEPOT
#undef TI_DONE
#undef TI_DUMP_READERS
#undef TI_FINISHED
#undef TI_FIRST_CAPACITY
#undef TI_FOREIGN_FEW
#undef TI_FOREVER
#undef TI_FREE
#undef TI_FUTEX_ANY
#undef TI_FUTEX_WAIT_BITSET_PRIVATE
#undef TI_FUTEX_WAKE_PRIVATE
#undef TI_GRAINS
#undef TI_GUARD_LOCKED
#undef TI_GUARD_NAP
#undef TI_GUARD_NAPS
#undef TI_GUARD_SPINS
#undef TI_HAND_OVER_PAUSE
#undef TI_IDENT_LIMIT
#undef TI_KEEPS_MEMORY
#undef TI_LINKS
#undef TI_LINK_NAMES
#undef TI_LINK_PAUSE
#undef TI_LINK_TRIES
#undef TI_LINUX_CPUS_MAX
#undef TI_LOOKS
#undef TI_LOOK_DISTANCE
#undef TI_LOOK_OBJECTS
#undef TI_MAGAZINE
#undef TI_MAIN_IDENT
#undef TI_MALLOC_ZEROED
#undef TI_MEMBARRIER_PRIVATE_EXPEDITED
#undef TI_MEMBARRIER_REGISTER_PRIVATE_EXPEDITED
#undef TI_MEMORY_WAIT
#undef TI_MISUSES
#undef TI_MOMENT
#undef TI_MUST_TEXT
#undef TI_NAMES_BITS
#undef TI_NAME_MORE
#undef TI_NANOSECONDS
#undef TI_NOINLINE
#undef TI_NOTIFIED
#undef TI_ORDER_BITS
#undef TI_ORDER_CALLERS
#undef TI_ORDER_DEEP
#undef TI_ORDER_EDGES
#undef TI_ORDER_HELD
#undef TI_ORDER_LINKS
#undef TI_PAST
#undef TI_PIECES
#undef TI_PORT_NAME_MOST
#undef TI_POSIX_FRAMES
#undef TI_POSIX_FUTEX
#undef TI_POSIX_IS_ALONE
#undef TI_POSIX_KEY_IS_TRUE
#undef TI_POSIX_LEAVE_ROUND
#undef TI_POSIX_PARKER_IS_FUTEX
#undef TI_POSIX_PIN
#undef TI_POSIX_ROUNDS_MASK
#undef TI_POSIX_SECOND
#undef TI_POSIX_STACK_DEFAULT
#undef TI_POSIX_UNLOADS
#undef TI_PROCESSORS_TEXT
#undef TI_PROFILE_IS_HELD
#undef TI_PROFILE_IS_SHORT
#undef TI_PROFILE_MOST
#undef TI_PROFILE_PAIRS
#undef TI_PROFILE_PAIR_SETS
#undef TI_PROFILE_ROWS
#undef TI_PROFILE_SETS
#undef TI_READERS
#undef TI_READS_KNOWN
#undef TI_REALLOC
#undef TI_RELEASE
#undef TI_RESERVE
#undef TI_RING_MOST
#undef TI_RUNNING_FUTURE
#undef TI_SELF_SIZE
#undef TI_SETTLED
#undef TI_SIM_AFTER_RACE
#undef TI_SIM_ALTERNATIVES
#undef TI_SIM_BEGIN
#undef TI_SIM_CALLS
#undef TI_SIM_CHANGE
#undef TI_SIM_CHANGES
#undef TI_SIM_COLUMN
#undef TI_SIM_DECLARE
#undef TI_SIM_DECLARE_ACTION
#undef TI_SIM_DECLARE_AMOUNT
#undef TI_SIM_DECLARE_ANSWER
#undef TI_SIM_DECLARE_MOMENT
#undef TI_SIM_DECLARE_STATUS
#undef TI_SIM_DEVIATIONS
#undef TI_SIM_HEAD
#undef TI_SIM_KEPT
#undef TI_SIM_LINES
#undef TI_SIM_LOAD
#undef TI_SIM_LOOKS
#undef TI_SIM_NAME
#undef TI_SIM_NAMES
#undef TI_SIM_OBJECTS
#undef TI_SIM_PIECE
#undef TI_SIM_PLACE
#undef TI_SIM_PREEMPTIONS
#undef TI_SIM_PROBES
#undef TI_SIM_PROCESSORS
#undef TI_SIM_ROUNDS
#undef TI_SIM_SEEN
#undef TI_SIM_STACK
#undef TI_SIM_STATICS
#undef TI_SIM_STEPS
#undef TI_SIM_STORE
#undef TI_SIM_STORES
#undef TI_SIM_STUCK
#undef TI_SIM_SWAP
#undef TI_SIM_TEXT
#undef TI_SIM_THREADS
#undef TI_SIM_THREAD_LOCAL
#undef TI_SIM_WITHIN
#undef TI_SIM_WITH_ASAN
#undef TI_SLAB
#undef TI_SLAB_HEAD
#undef TI_SLAB_SIZE
#undef TI_SPIN_PAUSES
#undef TI_SPIN_TIME
#undef TI_STACK_SIZE_MIN
#undef TI_STARVED
#undef TI_STATE
#undef TI_STATE_COUNT
#undef TI_STATE_DISTANCE
#undef TI_STATUS
#undef TI_STATUS_TEXT
#undef TI_STOP_BATCH
#undef TI_TABLE_SIZE
#undef TI_TASKS_MIN
#undef TI_TASK_DISTANCE
#undef TI_TELL
#undef TI_TEXT_COLUMN
#undef TI_TEXT_MARK
#undef TI_TEXT_NAME
#undef TI_TEXT_SIZE
#undef TI_TOLD
#undef TI_TRACE_BATCH
#undef TI_TRACE_CHUNK
#undef TI_TRACE_CHUNKS
#undef TI_TRACE_NAMES
#undef TI_TRACE_ROWS
#undef TI_TRACE_ROW_CHUNKS
#undef TI_TURNS
#undef TI_VAIN_MOST
#undef TI_WAITING
#undef TI_WATCHDOG_PAUSE
#undef TI_WATCHDOG_STACK
#undef TI_WIN32_CALLED
#undef TI_WIN32_FRAMES
#undef TI_WIN32_HIGH_RESOLUTION
#undef TI_WIN32_JOB_RATE
#undef TI_WIN32_LONGEST_WAIT
#undef TI_WIN32_MEMORY_WAIT
#undef TI_WIN32_MILLISECOND
#undef TI_WIN32_MISSING
#undef TI_WIN32_NAME_LIMIT
#undef TI_WIN32_RATE_ALL
#undef TI_WIN32_RATE_IS_CAP
#undef TI_WIN32_RATE_IS_ON
#undef TI_WIN32_RATE_IS_RANGE
#undef TI_WIN32_SECOND
#undef TI_WIN32_STACK_DEFAULT
#undef TI_WIN32_STACK_LIMIT
#undef TI_WIN32_SYNCH
#undef TI_WIN32_UNIT
#undef TI_WIN32_UNKNOWN
#undef TI_WRITING

#if defined(THREADING_INLINE) && !defined(THREADING_NO_INLINE)
#define threading_lock_acquire(...) threading_lock_acquire_inline(__VA_ARGS__)
#define threading_lock_release(...) threading_lock_release_inline(__VA_ARGS__)
#define threading_rlock_acquire(...) threading_rlock_acquire_inline(__VA_ARGS__)
#define threading_rlock_release(...) threading_rlock_release_inline(__VA_ARGS__)
#define threading_semaphore_acquire(...) threading_semaphore_acquire_inline(__VA_ARGS__)
#define threading_semaphore_release(...) threading_semaphore_release_inline(__VA_ARGS__)
#define threading_bounded_semaphore_acquire(...) threading_bounded_semaphore_acquire_inline(__VA_ARGS__)
#define threading_bounded_semaphore_release(...) threading_bounded_semaphore_release_inline(__VA_ARGS__)
#define threading_local_get(...) threading_local_get_inline(__VA_ARGS__)
#endif

#endif /* THREADING_IMPLEMENTATION */
