/* SPDX-License-Identifier: MIT */
/**
 * @file threading.h
 * Python's `threading`, for C: one header, the same behaviour on every backend.
 *
 *     #include <stdio.h>
 *     #include "threading.h"
 *
 *     static void *loop(void *arg)
 *     {
 *         printf("thread %s got %s\n",
 *                threading_thread_name(threading_current_thread()), (const char *)arg);
 *         return NULL;
 *     }
 *
 *     int main(void)
 *     {
 *         threading_thread_t *thread = threading_thread(loop, "hello", .name = "LoopThread");
 *         if (threading_thread_start(thread) != THREADING_OK ||
 *             threading_thread_join(thread) != THREADING_OK)
 *             return 1;
 *         threading_thread_free(thread);
 *         return 0;
 *     }
 *
 * Contents
 *   1  Conventions       what holds for every call, said once
 *   2  Options, version  macros that you may define, macros that tell
 *   3  Status codes      the one list of results
 *   4  Time              seconds, the monotonic clock, sleeping
 *   5  Module            idents, the process, starting and leaving at the lowest level
 *   6  Thread            objects that run a function: start, join, names, daemons
 *   7  Lock              the plain lock; any thread may release it
 *   8  RLock             the lock that its owner may take again
 *   9  With              THREADING_WITH_LOCK, THREADING_WITH_RLOCK
 *  10  Local             one copy of a struct for each thread
 *  11  Attributes        what the macros on the prototypes mean
 *
 * -------------------------------------------------------------------------------------------------
 * 1 Conventions
 *
 * Names. `threading_noun_verb`, types `threading_noun_t`, macros and constants `THREADING_…`.
 *
 * Results. A call that can fail returns a threading_status_t; 0 is success. Nothing aborts and
 * nothing prints. After a failure nothing is half done. Statuses that must not be dropped are marked
 * so that the compiler says it. Out-parameters may be NULL and are written on success only.
 *
 * Checks come in this order: a NULL object (THREADING_INVALID), the arguments, the object's state.
 * Where the result is no status, a NULL object gives false, 0 or NULL.
 *
 * Waiting comes in three spellings: `x(object)` waits as long as it takes; `try_x(object)` never
 * waits and answers THREADING_BUSY; `x_timeout(object, seconds)` waits at most that long and answers
 * THREADING_TIMEOUT. Signals do not interrupt a wait and do not lengthen it; no wait ends without
 * its reason.
 *
 * Time is `double seconds` on a clock that no one can set. It is rounded up and no wait ends early.
 * 0 tries once; THREADING_FOREVER has no limit; NaN and every other negative number are
 * THREADING_INVALID; more than THREADING_TIMEOUT_MAX, infinity too, is THREADING_OVERFLOW.
 *
 * Zero. All-zero bytes are a valid, unlocked Lock and RLock. Neither they nor locals need a destroy
 * call to give resources back that they hold by themselves: locks hold none.
 * Do not copy or move an object while any thread uses it.
 *
 * Handles (threading_thread_t) count references: `…_new` gives one, `…_retain` another, `…_free`
 * takes one back. Whoever calls on a handle holds or borrows a reference until the call returns.
 *
 * Ordering. "Synchronises" is C11's synchronizes-with. What a thread did before it released a lock is
 * seen by whoever acquires that lock next; a try that fails orders nothing.
 *
 * Callable. Each comment names where a call may be made: from any thread (one that was not
 * started here, a "foreign" thread, counts), after fork (in the child, where only the calling thread
 * is left), at exit (in a function registered with atexit). None may be made from a signal handler.
 */
#ifndef THREADING_H
#define THREADING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* -------------------------------------------------------------------------------------------------
 * 2 Options and version
 *
 * Macros for the user to define, the same for every file of a program:
 *   THREADING_SHARED   the library is a DLL or shared object (default: it is linked statically).
 *                      The CMake target threading::threading_shared sets it.
 */

#define THREADING_VERSION_MAJOR 0
#define THREADING_VERSION_MINOR 1
#define THREADING_VERSION_PATCH 0
#define THREADING_VERSION "0.1.0"

#if defined(THREADING_SHARED) && defined(_WIN32)
#if defined(THREADING_BUILDING)
#define THREADING_API __declspec(dllexport)
#else
#define THREADING_API __declspec(dllimport)
#endif
#elif defined(THREADING_SHARED) && defined(__GNUC__)
#define THREADING_API __attribute__((visibility("default")))
#else
#define THREADING_API
#endif

/* The attributes on the prototypes; section 11 explains them. */
#if defined(__cplusplus) && __cplusplus >= 201703L
#define THREADING_NODISCARD [[nodiscard]]
#elif !defined(__cplusplus) && defined(__STDC_VERSION__) && __STDC_VERSION__ >= 202311L
#define THREADING_NODISCARD [[nodiscard]]
#elif defined(__GNUC__)
#define THREADING_NODISCARD __attribute__((warn_unused_result))
#else
#define THREADING_NODISCARD
#endif

#if defined(__cplusplus)
#define THREADING_NORETURN [[noreturn]]
#elif defined(__GNUC__)
#define THREADING_NORETURN __attribute__((noreturn))
#elif defined(_MSC_VER)
#define THREADING_NORETURN __declspec(noreturn)
#else
#define THREADING_NORETURN _Noreturn
#endif

#if defined(__clang__)
#define THREADING_ANALYSIS(attribute) __attribute__((attribute))
#if __has_attribute(reentrant_capability)
#define THREADING_ANALYSIS_REENTRANT(attribute) __attribute__((attribute))
#else
#define THREADING_ANALYSIS_REENTRANT(attribute)
#endif
#else
#define THREADING_ANALYSIS(attribute)
#define THREADING_ANALYSIS_REENTRANT(attribute)
#endif

#if defined(__cplusplus)
extern "C" {
#endif

/**
 * Tell the version of the library that is linked, such as "0.1.0".
 *
 * Compare with THREADING_VERSION, the version of this header.
 * @return text that lives as long as the process; never NULL.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API const char *threading_version(void);

/**
 * Tell which backend the library was built for: "posix", "win32" or "c11".
 *
 * @return text that lives as long as the process; never NULL.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API const char *threading_backend(void);

/* -------------------------------------------------------------------------------------------------
 * 3 Status codes
 *
 * One list makes the enumeration, the names and the messages agree: X(NAME, "sentence").
 */
#define THREADING_STATUS_LIST(X)                                             \
    X(OK, "the call succeeded")                                              \
    X(TIMEOUT, "the time ran out before the wait was over")                  \
    X(BUSY, "it cannot be had without waiting")                              \
    X(INVALID, "an argument is not valid")                                   \
    X(OVERFLOW, "a timeout, a count or a value is above its limit")          \
    X(NOT_HELD, "the lock is not held")                                      \
    X(NOT_OWNER, "the lock is not held by the calling thread")               \
    X(NOT_STARTED, "the thread has not been started")                        \
    X(ALREADY_STARTED, "the thread was started before")                      \
    X(DEADLOCK, "the wait could never end")                                  \
    X(NO_MEMORY, "there is no memory left")                                  \
    X(NO_THREADS, "the system can start no further thread")                  \
    X(BROKEN, "the barrier or the executor is broken")                       \
    X(EMPTY, "the queue is empty")                                           \
    X(FULL, "the queue is full")                                             \
    X(SHUTDOWN, "the queue or the executor was shut down")                   \
    X(CANCELLED, "the work was cancelled")                                   \
    X(FINALIZING, "the process is exiting and waits for no thread any more") \
    X(UNSUPPORTED, "this backend cannot do it")

/** What a call has to say; 0, THREADING_OK, is success. Each call's comment lists what it returns. */
typedef enum threading_status {
#define THREADING_STATUS_ENUMERATOR(name, message) THREADING_##name,
    THREADING_STATUS_LIST(THREADING_STATUS_ENUMERATOR)
#undef THREADING_STATUS_ENUMERATOR
        THREADING_STATUS_COUNT /**< how many codes there are; no call returns it */
} threading_status_t;

#if defined(__clang__) && !defined(__cplusplus)
/* Clang's thread-safety analysis knows a try by a comparison with a literal, not with an enumerator. */
#define THREADING_OK 0
#endif

/**
 * Give the identifier of a status, such as "THREADING_TIMEOUT".
 *
 * @param status  any value.
 * @return text that lives as long as the process; "THREADING_UNKNOWN" for a value that is no status.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API const char *threading_status_name(threading_status_t status);

/**
 * Give a short sentence, in English, that says what a status means.
 *
 * @param status  any value.
 * @return text that lives as long as the process; never NULL.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API const char *threading_status_message(threading_status_t status);

/* -------------------------------------------------------------------------------------------------
 * 4 Time
 */

/** The timeout that has no limit. */
#define THREADING_FOREVER (-1.0)

/** The longest timeout, in seconds: about 292 years, CPython's TIMEOUT_MAX. The same everywhere. */
#define THREADING_TIMEOUT_MAX 9223372036.0

/**
 * Give THREADING_TIMEOUT_MAX, for languages that read no macros.
 *
 * @return seconds.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API double threading_timeout_max(void);

/**
 * Read the clock that all timeouts of this library run on. Python: time.monotonic().
 *
 * It never goes back, nobody can set it, and it stands still while the machine sleeps. Only
 * differences mean something.
 * @return seconds since an arbitrary moment.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API double threading_monotonic(void);

/**
 * Let the calling thread sleep. Python: time.sleep().
 *
 * Never shorter than asked, whatever signals come; longer by what the scheduler takes.
 * @param seconds  how long; 0 only offers the processor to others; THREADING_FOREVER never returns.
 * @return THREADING_OK; THREADING_INVALID for NaN or another negative number, THREADING_OVERFLOW
 *         above THREADING_TIMEOUT_MAX, both at once, without sleeping.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API threading_status_t threading_sleep(double seconds);

/* -------------------------------------------------------------------------------------------------
 * 5 Module
 */

/** A thread as an object: a handle that counts references; see section 6. */
typedef struct threading_thread threading_thread_t;

/** The function that a thread runs: its argument is the thread's, its result is kept for `result`. */
typedef void *(*threading_target_t)(void *arg);

/**
 * Give the calling thread's own object. Python: threading.current_thread().
 *
 * In a thread that was started here it is the object that was started. In main it is the main
 * thread's. A foreign thread becomes known by this call: it gets a Dummy, a daemon named Dummy-N that
 * cannot be joined, is listed while its thread lives, and goes when the thread ends.
 * @return borrowed, valid for the life of the calling thread; retain it to keep it longer.
 *         NULL only for a foreign thread when memory is out.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API threading_thread_t *threading_current_thread(void);

/**
 * Give the main thread's object. Python: threading.main_thread().
 *
 * It is the thread that the process began with, whoever used the library first; its name is MainThread.
 * In a forked child it is the thread that called fork; the child exits when that one's target returns.
 * @return borrowed, valid for the life of the process; never NULL.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API threading_thread_t *threading_main_thread(void);

/**
 * Count the threads that are alive. Python: threading.active_count().
 *
 * Main counts always; so do daemons, Dummies and threads that are just being started. Threads not yet
 * started or already ended do not, nor foreign threads that never asked for their object.
 * @return the number that threading_enumerate() would list.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API size_t threading_active_count(void);

/**
 * List the threads that are alive. Python: threading.enumerate().
 *
 * Main comes first, then the others in the order of their start.
 * @param threads   receives at most @p capacity handles, each retained: give each back with
 *                  threading_thread_free(). May be NULL when @p capacity is 0.
 * @param capacity  room in @p threads; 0 only counts.
 * @return how many are alive, which may be more than @p capacity; then only that many were written.
 *         0 if @p threads is NULL and @p capacity is not 0.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API size_t threading_enumerate(threading_thread_t **threads, size_t capacity);

/**
 * Give the calling thread's ident. Python: threading.get_ident().
 *
 * Idents count up from 1. A number is not given again before 2^31 threads have come and gone.
 * The call makes no Dummy.
 * @return the ident, never 0.
 * Callable: from any thread, after fork (the ident stays), at exit.
 */
THREADING_API uint32_t threading_get_ident(void);

/**
 * Give the number by which the system knows the calling thread. Python: threading.get_native_id().
 *
 * @return the number as the system's own tools print it; 0 where the backend has none.
 * Callable: from any thread, after fork (a new number), at exit.
 */
THREADING_API uint64_t threading_get_native_id(void);

/**
 * Set the stack size of threads that are started from now on. Python: threading.stack_size(n).
 *
 * @param size      bytes, at least 32768, rounded up to what the system can do; 0 for the default: the
 *                  system's own, but no less than 1 MiB.
 * @param previous  receives the size that was set before; 0 if that was the default.
 * @return THREADING_OK; THREADING_INVALID below 32768 (nothing changes);
 *         THREADING_UNSUPPORTED where the backend cannot choose. A size that the system cannot provide
 *         shows when a thread is started.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_stack_size(size_t size, size_t *previous);

/**
 * Tell the stack size that is set. Python: threading.stack_size().
 *
 * @return bytes; 0 for the default.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API size_t threading_get_stack_size(void);

/**
 * Count the processors that this process may use. Python: os.process_cpu_count().
 *
 * @return at least 1.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API size_t threading_cpu_count(void);

/**
 * Start a function in a new thread, with nothing to hold on to. Python: _thread.start_new_thread().
 *
 * The lowest level: the thread is a daemon, is listed while it lives, and nobody joins it; it ends
 * with the process at the latest. Prefer a Thread.
 * @param target  what to run; NULL does nothing in a thread of its own.
 * @param arg     passed to @p target; must live as long as @p target uses it.
 * @param ident   receives the new thread's ident; may be NULL.
 * @return THREADING_OK; THREADING_NO_MEMORY; THREADING_NO_THREADS; THREADING_FINALIZING when
 *         the process no longer waits for threads. On failure nothing was started.
 * Ordering: what happens before the call happens before @p target runs.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_start_new_thread(threading_target_t target,
                                                                                void *arg, uint32_t *ident);

/**
 * End the calling thread. Python: _thread.exit().
 *
 * As if the target had returned @p result: this thread's locals are finalised and joiners wake. The
 * frames in between are left without running their cleanups, so release locks first; C++ destructors
 * are not run, do not leave C++ frames this way. In the main thread it ends the process as exit(0)
 * does; in a foreign thread it ends that thread in the platform's own way.
 * @param result  what threading_thread_result() will give.
 * Does not return.
 * Callable: from any thread, after fork; not at exit.
 */
THREADING_NORETURN THREADING_API void threading_exit(void *result);

/**
 * End the process from any thread, after its non-daemon threads have ended. Python: sys.exit() in main.
 *
 * The same as exit(), with two races taken out: the calling thread is no longer waited for, so a worker
 * may call it while another thread is already exiting; and only the first caller's code counts, the
 * others wait for the end. A worker's call does not wait for main.
 * @param code  the exit status, as for exit().
 * Does not return.
 * Callable: from any thread, after fork; not at exit.
 */
THREADING_NORETURN THREADING_API void threading_exit_process(int code);

/**
 * Wait until no non-daemon thread is left. Python: what the interpreter does at the end of main.
 *
 * The same wait takes place by itself when main returns or exit() is called, but there it comes after
 * functions registered later with atexit(); a call at the end of main comes before them. Threads that
 * are started meanwhile are waited for too; the calling thread, main and daemons are not. Called in
 * main it also ends waits of others that join main. It may be called again.
 * @return THREADING_OK; THREADING_DEADLOCK when a thread was left out because it waits, directly or
 *         through others, for the calling one.
 * Ordering: all that those threads did happens before the return.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API threading_status_t threading_shutdown(void);

/* -------------------------------------------------------------------------------------------------
 * 6 Thread
 *
 *   state      start            join, try_join        is_alive   ident      listed
 *   new        OK -> running    NOT_STARTED           false      0          no
 *   running    ALREADY_STARTED  waits / BUSY          true       a number   yes
 *   ended      ALREADY_STARTED  OK                    false      the same   no
 *
 * A Dummy and main are never "new". "Subclassing": the target is the `run` method, `arg` the object.
 */

/** Values of `daemon` in the options. `true` is THREADING_DAEMON. */
enum {
    THREADING_INHERIT = 0,    /**< as the thread that makes the object; a foreign one passes on daemon */
    THREADING_DAEMON = 1,     /**< the process does not wait for this thread */
    THREADING_NOT_DAEMON = -1 /**< the process waits for this thread */
};

/** Keyword arguments of a new thread; all zero is the default of everything. */
typedef struct threading_thread_options {
    const char *name;      /**< copied; NULL or "" for an automatic one: Thread-1, Thread-2, … */
    int daemon;            /**< THREADING_INHERIT, THREADING_DAEMON or THREADING_NOT_DAEMON */
    size_t stack_size;     /**< bytes, at least 32768; 0 for threading_get_stack_size() at start */
    uintptr_t reserved[4]; /**< zero */
} threading_thread_options_t;

/**
 * Make a thread that is not started yet. Python: threading.Thread(target=…, args=…).
 *
 * @param target   what to run; NULL is a thread that does nothing.
 * @param arg      passed to @p target; must live as long as @p target uses it.
 * @param options  read before the return; NULL for the defaults. A wrong value is told by `start`.
 * @return a handle to be given back with threading_thread_free(); NULL when memory is out.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API threading_thread_t *threading_thread_new(threading_target_t target, void *arg,
                                                       const threading_thread_options_t *options);

#if !defined(__cplusplus)
/**
 * threading_thread_new() with keyword arguments, at least one:
 * `threading_thread(loop, NULL, .name = "LoopThread", .daemon = true)`. C only.
 */
#define threading_thread(target, arg, ...) \
    threading_thread_new((target), (arg), &(threading_thread_options_t){__VA_ARGS__})
#endif

/**
 * Take another reference to a thread.
 *
 * @param thread  borrowed; NULL is allowed.
 * @return @p thread, to be given back with threading_thread_free().
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API threading_thread_t *threading_thread_retain(threading_thread_t *thread);

/**
 * Give a reference back.
 *
 * A running thread goes on: it holds a reference to itself. With the last reference the object is
 * freed; a thread that ended and was never joined leaves nothing behind.
 * @param thread  given back; not to be used any more by this holder. NULL does nothing.
 * Ordering: everything done with the handle happens before it is freed.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API void threading_thread_free(threading_thread_t *thread);

/**
 * Start a thread, once. Python: Thread.start().
 *
 * On return the thread is alive and listed, and has its ident and native id; or it has already ended.
 * Of several threads that start one object at once, exactly one succeeds. A start that failed
 * leaves the object as new: it may be tried again.
 * @param thread  borrowed.
 * @return THREADING_OK; THREADING_INVALID for NULL or a wrong option; THREADING_ALREADY_STARTED, also
 *         for main, Dummies and ended threads; THREADING_NO_THREADS when the system refuses, also
 *         because of the stack's size; THREADING_NO_MEMORY; THREADING_UNSUPPORTED when a stack size was
 *         asked for and the backend cannot set it; THREADING_FINALIZING when the process is exiting
 *         and no longer waits for threads.
 * Ordering: what happens before the call happens before the target runs.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_thread_start(threading_thread_t *thread);

/**
 * Wait until a thread has ended. Python: Thread.join().
 *
 * Any number of threads may join one thread, any number of times. On return the finalisers of its
 * locals have run and the system's thread is gone. Joining main returns when main leaves: by returning,
 * by exit(), by threading_shutdown() or by ending its own thread; and when another thread exits the process.
 * @param thread  borrowed.
 * @return THREADING_OK; THREADING_INVALID for NULL or a Dummy; THREADING_NOT_STARTED;
 *         THREADING_DEADLOCK for the calling thread itself, or when the thread waits, without
 *         a timeout, for this one through RLocks and joins; THREADING_FINALIZING for a running thread
 *         when the process is exiting and no longer waits for threads.
 * Ordering: everything that the thread did happens before the return with THREADING_OK.
 * Callable: from any thread, after fork (threads that are gone count as ended), at exit.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_thread_join(threading_thread_t *thread);

/**
 * Wait until a thread has ended, for a limited time. Python: Thread.join(timeout).
 *
 * A thread that is not done in time stays as it is and may be joined again.
 * @param thread   borrowed.
 * @param seconds  how long at most; see the conventions.
 * @return as threading_thread_join(), and THREADING_TIMEOUT; THREADING_INVALID or THREADING_OVERFLOW for
 *         the time, whatever the thread's state. Of deadlocks only the join of oneself is told.
 * Ordering: as threading_thread_join(); none after THREADING_TIMEOUT.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_thread_join_timeout(threading_thread_t *thread,
                                                                                   double seconds);

/**
 * Join a thread if it has ended, without waiting.
 *
 * @param thread  borrowed.
 * @return as threading_thread_join(), and THREADING_BUSY while it runs.
 * Ordering: as threading_thread_join(); none after THREADING_BUSY.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_thread_try_join(threading_thread_t *thread);

/**
 * Tell whether a thread runs. Python: Thread.is_alive().
 *
 * True from the start until everything of the thread is done, whether anyone joins it or not. False for
 * main once main has left.
 * @param thread  borrowed.
 * @return a momentary answer; false orders what the thread did before this call's return.
 * Callable: from any thread, after fork (false for all others), at exit.
 */
THREADING_API bool threading_thread_is_alive(const threading_thread_t *thread);

/**
 * Give what the target returned, or what threading_exit() was called with.
 *
 * Python's Thread drops it, and users keep it by hand.
 * @param thread  borrowed.
 * @param result  receives the pointer; NULL if the thread ended in the platform's own way.
 * @return THREADING_OK; THREADING_INVALID for NULL, main or a Dummy; THREADING_NOT_STARTED;
 *         THREADING_BUSY while it runs.
 * Ordering: THREADING_OK orders as a join does.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_thread_result(const threading_thread_t *thread,
                                                                             void **result);

/**
 * Give a thread's name. Python: Thread.name.
 *
 * @param thread  borrowed.
 * @return text in full length, never changed, valid as long as the handle; NULL for NULL.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API const char *threading_thread_name(const threading_thread_t *thread);

/**
 * Rename a thread, in any state. Python: Thread.name = ….
 *
 * The library keeps the name whole. The system learns it when the thread starts, or here if the calling
 * thread renames itself, cut at a character's boundary to what it can hold. Names need not be unique.
 * A name that was read before stays valid, so each name read costs memory until the handle is freed.
 * @param thread  borrowed.
 * @param name    copied; UTF-8 by convention, any bytes in fact.
 * @return THREADING_OK; THREADING_INVALID for a NULL thread, a NULL name or ""; THREADING_NO_MEMORY.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API threading_status_t threading_thread_set_name(threading_thread_t *thread, const char *name);

/**
 * Tell whether the process goes down without waiting for a thread. Python: Thread.daemon.
 *
 * @param thread  borrowed.
 * @return true for a daemon; false for NULL.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API bool threading_thread_daemon(const threading_thread_t *thread);

/**
 * Make a thread that is not started a daemon or not. Python: Thread.daemon = ….
 *
 * @param thread  borrowed.
 * @param daemon  whether the process shall not wait for it.
 * @return THREADING_OK; THREADING_INVALID for NULL; THREADING_ALREADY_STARTED once it was started, also
 *         after its end, and for main and Dummies.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_thread_set_daemon(threading_thread_t *thread,
                                                                                 bool daemon);

/**
 * Give a thread's ident. Python: Thread.ident.
 *
 * @param thread  borrowed.
 * @return what threading_get_ident() gives in that thread; 0 before it is started; kept after its end.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API uint32_t threading_thread_ident(const threading_thread_t *thread);

/**
 * Give the system's number of a thread. Python: Thread.native_id.
 *
 * @param thread  borrowed.
 * @return what threading_get_native_id() gives in that thread; 0 before it is started, and where the
 *         backend has none; kept after its end. Waits for the moment that a thread which was just
 *         started needs to find out.
 * Callable: from any thread, after fork (main's is the child's), at exit.
 */
THREADING_API uint64_t threading_thread_native_id(const threading_thread_t *thread);

/* -------------------------------------------------------------------------------------------------
 * 7 Lock
 *
 * The plain lock: held or free, owned by nobody. Any thread may release it, and a thread that acquires
 * it twice waits for another one to release it. Threads get it in the order of their coming, except
 * that a lock just released may be taken by a thread that is running; who has waited for more than a
 * millisecond is handed the lock and cannot be passed.
 *
 *   state   acquire   try_acquire   release
 *   free    OK        OK            NOT_HELD
 *   held    waits     BUSY          OK, wakes one
 */

/** A lock: 4 bytes, zero when free. Never needs to be destroyed, may be freed as soon as acquired. */
typedef struct THREADING_ANALYSIS(capability("lock")) threading_lock {
    uint32_t word; /* private: 0, or the ident of the thread that acquired it */
} threading_lock_t;

/**
 * Make memory an unlocked Lock, whatever it held. Zero-filled memory needs no call.
 *
 * @param lock  borrowed; not in use by any thread. In a forked child it frees a lock whose holder is gone.
 * @return THREADING_OK; THREADING_INVALID for NULL.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API threading_status_t threading_lock_init(threading_lock_t *lock);

/**
 * Acquire a lock, waiting as long as it takes. Python: Lock.acquire().
 *
 * @param lock  borrowed.
 * @return THREADING_OK; THREADING_INVALID for NULL.
 * Ordering: synchronises with the release that made the lock free.
 * Callable: from any thread, after fork, at exit. A lock held by a thread that is gone stays held.
 */
THREADING_API threading_status_t threading_lock_acquire(threading_lock_t *lock)
    THREADING_ANALYSIS(acquire_capability(*lock));

/**
 * Acquire a lock if it is free. Python: Lock.acquire(blocking=False).
 *
 * @param lock  borrowed.
 * @return THREADING_OK; THREADING_BUSY when it is held, by whomever; THREADING_INVALID for NULL.
 * Ordering: as threading_lock_acquire(); none after THREADING_BUSY.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_lock_try_acquire(threading_lock_t *lock)
    THREADING_ANALYSIS(try_acquire_capability(0, *lock));

/**
 * Acquire a lock, waiting for a limited time. Python: Lock.acquire(timeout=…).
 *
 * @param lock     borrowed.
 * @param seconds  how long at most; see the conventions. A free lock is taken without reading the clock.
 * @return THREADING_OK; THREADING_TIMEOUT; THREADING_INVALID for NULL or the time, THREADING_OVERFLOW for
 *         the time, both even when the lock is free.
 * Ordering: as threading_lock_acquire(); none after THREADING_TIMEOUT.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_lock_acquire_timeout(threading_lock_t *lock,
                                                                                    double seconds)
    THREADING_ANALYSIS(try_acquire_capability(0, *lock));

/**
 * Release a lock. Python: Lock.release().
 *
 * Any thread may do it. If threads wait, one of them gets on. The lock's memory is not touched once it is
 * free, so that whoever acquires it next may free it.
 * @param lock  borrowed.
 * @return THREADING_OK; THREADING_NOT_HELD when it is free (nothing changes); THREADING_INVALID for NULL.
 * Ordering: synchronises with the next acquire.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API threading_status_t threading_lock_release(threading_lock_t *lock)
    THREADING_ANALYSIS(release_capability(*lock));

/**
 * Tell whether a lock is held, by anyone. Python: Lock.locked().
 *
 * @param lock  borrowed.
 * @return a momentary answer; false for NULL. False synchronises with the release.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API bool threading_lock_locked(const threading_lock_t *lock);

/* -------------------------------------------------------------------------------------------------
 * 8 RLock
 *
 * The recursive lock: it belongs to the thread that acquired it, which may acquire it again and must
 * release it as often. A thread that ends while it owns one leaves it locked for ever.
 *
 *   state          acquire            try_acquire   release
 *   free           OK, level 1        OK, level 1   NOT_OWNER
 *   mine           OK, level + 1      OK            OK, level - 1
 *   another's      waits              BUSY          NOT_OWNER
 *   an ended one's DEADLOCK           BUSY          NOT_OWNER
 */

/** A recursive lock: 8 bytes, zero when free. Never needs to be destroyed. */
typedef struct THREADING_ANALYSIS_REENTRANT(capability("rlock"))
    THREADING_ANALYSIS_REENTRANT(reentrant_capability) threading_rlock {
    uint32_t owner; /* private: 0, or the owner's ident */
    uint32_t count; /* private: the owner's level */
} threading_rlock_t;

/**
 * Make memory an unlocked RLock, whatever it held. Zero-filled memory needs no call.
 *
 * @param rlock  borrowed; not in use by any thread. In a forked child it frees one whose owner is gone.
 * @return THREADING_OK; THREADING_INVALID for NULL.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API threading_status_t threading_rlock_init(threading_rlock_t *rlock);

/**
 * Acquire a recursive lock, waiting as long as it takes. Python: RLock.acquire().
 *
 * @param rlock  borrowed.
 * @return THREADING_OK; THREADING_INVALID for NULL; THREADING_OVERFLOW at level 2^32 - 1;
 *         THREADING_DEADLOCK when the wait could never end: the owner has ended, or it waits without
 *         a timeout for this thread, directly or through other RLocks and joins. Of the threads of
 *         a cycle just the one that would close it is told; the others go on waiting.
 * Ordering: the first level synchronises with the release that made the lock free.
 * Callable: from any thread, after fork (own levels stay), at exit.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_rlock_acquire(threading_rlock_t *rlock)
    THREADING_ANALYSIS_REENTRANT(try_acquire_capability(0, *rlock));

/**
 * Acquire a recursive lock if it is free or one's own. Python: RLock.acquire(blocking=False).
 *
 * @param rlock  borrowed.
 * @return THREADING_OK; THREADING_BUSY when another thread owns it; THREADING_OVERFLOW; THREADING_INVALID
 *         for NULL.
 * Ordering: as threading_rlock_acquire(); none after THREADING_BUSY.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_rlock_try_acquire(threading_rlock_t *rlock)
    THREADING_ANALYSIS_REENTRANT(try_acquire_capability(0, *rlock));

/**
 * Acquire a recursive lock, waiting for a limited time. Python: RLock.acquire(timeout=…).
 *
 * @param rlock    borrowed.
 * @param seconds  how long at most; see the conventions. With THREADING_FOREVER it is
 *                 threading_rlock_acquire(); a wait with a limit is no deadlock.
 * @return THREADING_OK; THREADING_TIMEOUT; THREADING_OVERFLOW for the time or the level; THREADING_INVALID
 *         for NULL or the time, even when the caller owns the lock.
 * Ordering: as threading_rlock_acquire(); none after THREADING_TIMEOUT.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_rlock_acquire_timeout(threading_rlock_t *rlock,
                                                                                     double seconds)
    THREADING_ANALYSIS_REENTRANT(try_acquire_capability(0, *rlock));

/**
 * Release one level of a recursive lock. Python: RLock.release().
 *
 * The outermost release frees it; if threads wait, one of them gets on. Its memory is not touched after.
 * @param rlock  borrowed.
 * @return THREADING_OK; THREADING_NOT_OWNER when the caller does not own it, free or not (nothing
 *         changes); THREADING_INVALID for NULL.
 * Ordering: the outermost release synchronises with the next acquire.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API threading_status_t threading_rlock_release(threading_rlock_t *rlock)
    THREADING_ANALYSIS_REENTRANT(release_capability(*rlock));

/**
 * Tell whether a recursive lock is held, by anyone. Python: RLock.locked().
 *
 * @param rlock  borrowed.
 * @return a momentary answer; false for NULL.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API bool threading_rlock_locked(const threading_rlock_t *rlock);

/**
 * Tell whether the calling thread owns a recursive lock. Python: RLock._is_owned().
 *
 * @param rlock  borrowed.
 * @return true in the owner, at any level; false for NULL.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API bool threading_rlock_is_owned(const threading_rlock_t *rlock);

/**
 * Give the calling thread's level of a recursive lock. Python: RLock._recursion_count().
 *
 * @param rlock  borrowed.
 * @return 0 in every thread but the owner, and for NULL.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API size_t threading_rlock_count(const threading_rlock_t *rlock);

/* -------------------------------------------------------------------------------------------------
 * 9 With
 *
 *     THREADING_WITH_LOCK(&lock) {
 *         balance += n;
 *     }
 *
 * Python's `with` statement: acquire, run the body once, release. The argument is evaluated once. `break`
 * and `continue` leave just this body. The body is skipped when the acquire fails. With GCC and Clang the
 * lock is released on every way out of the body: falling through, break, continue, return, goto, and C++
 * exceptions. Other compilers see the first three. threading_exit() and longjmp() release nothing.
 * Bodies nest.
 */
#define THREADING_WITH_LOCK(object) THREADING_WITH_(lock, object, THREADING_UNIQUE)
#define THREADING_WITH_RLOCK(object) THREADING_WITH_(rlock, object, THREADING_UNIQUE)

/* -------------------------------------------------------------------------------------------------
 * 10 Local
 *
 *     struct school { const char *student; };
 *     static threading_local_t local = THREADING_LOCAL_INIT(struct school);
 *
 *     struct school *mine = threading_local_get(&local);
 *
 * Python's threading.local(): each thread sees its own copy, whose fields are the attributes. A copy comes
 * to be at a thread's first use, zeroed, then initialised. It goes when its thread ends: in that thread,
 * whoever started it, before a join of it returns. Main's copies are not finalised when the process exits.
 * Memory is the only limit to the number of locals; one native slot serves them all.
 */

/** A value for each thread. At most 256 bytes here; the copies are on the heap. */
typedef struct threading_local {
    size_t size; /* private, as the rest: bytes of one copy */
    void (*init)(void *copy);
    void (*fini)(void *copy);
    void *copies;  /* every thread's copy, in a list */
    uint32_t slot; /* index into each thread's table; 0 until the first use */
} threading_local_t;

/** A local whose copies are a @p type, zeroed at first use. For static and automatic variables. */
#define THREADING_LOCAL_INIT(type) THREADING_LOCAL_INIT_WITH(type, NULL, NULL)

/** The same with an initialiser and a finaliser, each `void (*)(void *copy)` or NULL. */
#define THREADING_LOCAL_INIT_WITH(type, init, fini) \
    {                                               \
        sizeof(type), (init), (fini), NULL, 0       \
    }

/**
 * Make memory a local, whatever it held. Python: threading.local().
 *
 * @param local  borrowed; not in use by any thread; must live until threading_local_destroy() or for good.
 * @param size   bytes of one copy. With 0 every `get` gives NULL.
 * @param init   run in a thread at its first `get`, on the zeroed copy, before that `get` returns; it may
 *               use this local itself. NULL for none.
 * @param fini   run when a thread ends or the local is destroyed, on the copy, before it is freed; it may
 *               use locals, this one too: what it makes anew is finalised as well. NULL for none.
 * @return THREADING_OK; THREADING_INVALID for a NULL local.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_API threading_status_t threading_local_init(threading_local_t *local, size_t size,
                                                      void (*init)(void *copy), void (*fini)(void *copy));

/**
 * Give the calling thread's own copy.
 *
 * The first call in a thread makes the copy, zeroed, aligned for any standard type, then runs `init`.
 * @param local  borrowed.
 * @return the copy, valid until the thread ends or the local is destroyed; NULL when memory is out (the
 *         next call tries again), when the size is 0, or for a NULL local.
 * Callable: from any thread (a foreign one gets no Dummy by it), after fork (the forking thread keeps its
 *           copies, those of the others are gone without their finalisers), at exit.
 */
THREADING_API void *threading_local_get(threading_local_t *local);

/**
 * End every thread's copy, in the calling thread. Python: del local.
 *
 * Each copy is finalised exactly once, here or by its thread if that is just ending; then possibly
 * still while this returns. Afterwards the object is as freshly initialised: its memory may be freed,
 * or it may be used again.
 * @param local  borrowed. No other thread may be in a call with it, nor use its copy any more.
 * @return THREADING_OK, also when there are no copies; THREADING_INVALID for NULL.
 * Ordering: what a thread did to its copy must happen before this call by other means.
 * Callable: from any thread, after fork, at exit.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_local_destroy(threading_local_t *local);

/* -------------------------------------------------------------------------------------------------
 * 11 Attributes
 *
 * THREADING_NODISCARD   the compiler warns when the status is dropped.
 * THREADING_NORETURN    the call does not return.
 * THREADING_ANALYSIS    Clang's -Wthread-safety: Lock is a capability, so that a missing release or
 *                       a field marked guarded_by(lock) and used without it is found when compiling. For
 *                       a try write `== THREADING_OK` (C) or `!…` (C and C++) in the condition itself.
 *                       RLock joins where Clang knows reentrant capabilities.
 * THREADING_NO_ANALYSIS mark a function of yours that takes or gives a lock in a way of its own, such as
 *                       releasing what another thread acquired.
 */
#define THREADING_NO_ANALYSIS THREADING_ANALYSIS(no_thread_safety_analysis)

/* ------------------------------------------------------------------------------- private from here */

/*
 * THREADING_WITH_ is a loop that runs once: its variable holds the lock as long as it is not NULL, and is
 * cleaned up on every way out of its scope. A name of its own keeps nested bodies from shadowing.
 */
#define THREADING_WITH_(kind, object, unique) THREADING_WITH_UNIQUE_(kind, object, unique)
#define THREADING_WITH_UNIQUE_(kind, object, unique)                                                        \
    for (threading_##kind##_t * threading_with_##unique THREADING_CLEANUP(threading_##kind##_leave) =       \
             threading_##kind##_enter(object);                                                              \
         threading_with_##unique != NULL || THREADING_ANALYSIS_LEFT(kind, object, threading_with_##unique); \
         threading_##kind##_leave(&threading_with_##unique))

/* For Clang's analysis, which follows all paths and knows objects by their names: after the loop the lock may be
 * given back. The call is never made, since the variable is NULL there. */
#if defined(__clang__)
#define THREADING_ANALYSIS_LEFT(kind, object, with) \
    ((with) != NULL && threading_##kind##_left(object) && false)
#else
#define THREADING_ANALYSIS_LEFT(kind, object, with) false
#endif

#if defined(__COUNTER__)
#define THREADING_UNIQUE __COUNTER__
#else
#define THREADING_UNIQUE __LINE__
#endif

#if defined(__GNUC__)
#define THREADING_CLEANUP(function) __attribute__((cleanup(function)))
#define THREADING_UNUSED __attribute__((unused))
#else
#define THREADING_CLEANUP(function)
#define THREADING_UNUSED
#endif

/* Tells Clang's analysis that the lock is held in the body, and asks for no release of it. */
THREADING_UNUSED static inline threading_lock_t *threading_lock_enter(threading_lock_t *lock)
    THREADING_ANALYSIS(assert_capability(*lock));
THREADING_UNUSED THREADING_NO_ANALYSIS static inline threading_lock_t *
threading_lock_enter(threading_lock_t *lock)
{
    return threading_lock_acquire(lock) == THREADING_OK ? lock : NULL;
}

THREADING_UNUSED static inline bool threading_lock_left(threading_lock_t *lock)
    THREADING_ANALYSIS(release_capability(*lock));
THREADING_UNUSED THREADING_NO_ANALYSIS static inline bool threading_lock_left(threading_lock_t *lock)
{
    return lock == NULL;
}

THREADING_UNUSED THREADING_NO_ANALYSIS static inline void threading_lock_leave(threading_lock_t **lock)
{
    if (*lock != NULL)
        (void)threading_lock_release(*lock);
    *lock = NULL;
}

/* Tells Clang's analysis that the lock is held in the body, and asks for no release of it. */
THREADING_UNUSED static inline threading_rlock_t *threading_rlock_enter(threading_rlock_t *rlock)
    THREADING_ANALYSIS_REENTRANT(assert_capability(*rlock));
THREADING_UNUSED THREADING_NO_ANALYSIS static inline threading_rlock_t *
threading_rlock_enter(threading_rlock_t *rlock)
{
    return threading_rlock_acquire(rlock) == THREADING_OK ? rlock : NULL;
}

THREADING_UNUSED static inline bool threading_rlock_left(threading_rlock_t *rlock)
    THREADING_ANALYSIS_REENTRANT(release_capability(*rlock));
THREADING_UNUSED THREADING_NO_ANALYSIS static inline bool threading_rlock_left(threading_rlock_t *rlock)
{
    return rlock == NULL;
}

THREADING_UNUSED THREADING_NO_ANALYSIS static inline void threading_rlock_leave(threading_rlock_t **rlock)
{
    if (*rlock != NULL)
        (void)threading_rlock_release(*rlock);
    *rlock = NULL;
}

#if defined(__cplusplus)
}
#endif

#endif /* THREADING_H */
