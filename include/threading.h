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
 *         threading_thread_t *thread = threading_spawn(loop, "hello", .name = "LoopThread");
 *         if (threading_thread_join(thread) != THREADING_OK)
 *             return 1;
 *         threading_thread_free(thread);
 *         return 0;
 *     }
 *
 * Contents. Each section begins with a list of its calls.
 *   1  Conventions       what holds for every call, said once
 *   2  Options, version  macros that you may define, macros that tell
 *   3  Status codes      the one list of results
 *   4  Time              seconds, the monotonic clock, sleeping
 *   5  Module            idents, the process, starting and leaving at the lowest level
 *   6  Thread            objects that run a function: start, join, names, daemons
 *   7  Lock              the plain lock; any thread may release it
 *   8  RLock             the lock that its owner may take again
 *   9  Condition         wait for others to say that something has changed
 *  10  Semaphore         a number to take from and to add to; BoundedSemaphore
 *  11  Event             a flag to wait for
 *  12  Barrier           threads that wait for each other
 *  13  Once              something that is done once
 *  14  RWLock            many readers or one writer
 *  15  With              THREADING_WITH_LOCK and the like
 *  16  Local             one copy of a struct for each thread
 *  17  Stop              cancellation by consent
 *  18  Timer             a thread that waits, then calls
 *  19  Queue             items passed between threads
 *  20  Future            what will be the result of a task
 *  21  Executor          a pool of threads that run tasks
 *  22  Group             tasks that end together
 *  23  Wait any          one wait for several things
 *  24  Diagnosis         why a program hangs, or is slow
 *  25  Attributes        what the macros on the prototypes mean
 *  26  Private           what the macros and the inline calls need; nothing to use
 *
 * -------------------------------------------------------------------------------------------------
 * 1 Conventions
 *
 * Names. `threading_noun_verb`, types `threading_noun_t`, macros and constants `THREADING_…`. Arguments
 * come in one order: the object, what goes in, the seconds, what comes out.
 *
 * Results. A call that can fail returns a threading_status_t; 0 is success. Nothing aborts and
 * nothing prints, but for what has MUST in its name. After a failure nothing is half done. Statuses that
 * must not be dropped are marked so that the compiler says it; THREADING_IGNORE(call) drops one on purpose.
 * Out-parameters may be NULL and are written on success only.
 *
 * `errno`, and on Windows GetLastError(), are as before after every call, whatever its result. Only
 * functions of yours that a call runs may change them.
 *
 * Checks come in this order: a NULL object (THREADING_INVALID), the arguments, the object's state.
 * Where the result is no status, a NULL object gives false, 0 or NULL.
 *
 * Waiting comes in three spellings: `x(object)` waits as long as it takes; `try_x(object)` never
 * waits and answers THREADING_BUSY; `x_timeout(object, seconds)` waits at most that long and answers
 * THREADING_TIMEOUT. Signals do not interrupt a wait and do not lengthen it; no wait ends without
 * its reason. In a thread that heeds a stop (section 17) waits can end with THREADING_CANCELLED.
 *
 * Time is `double seconds` on a clock that no one can set. It is rounded up and no wait ends early.
 * 0 tries once; THREADING_FOREVER has no limit; NaN and every other negative number are
 * THREADING_INVALID; more than THREADING_TIMEOUT_MAX, infinity too, is THREADING_OVERFLOW.
 *
 * Zero. All-zero bytes are a valid, unlocked, unset Lock, RLock, Event, Once, RWLock, Stop and Group; the
 * others have an initialiser and an init function. None of them allocates or needs a destroy call, but a
 * Group is waited for at its end. A Lock, RLock, Event or Semaphore allocates nothing in a thread's first
 * call either, nor does threading_get_ident(), so that an allocator may be guarded by a Lock. Do not copy
 * or move an object while any thread uses it.
 *
 * Handles (Thread, Timer, Queue, Future, Executor) count references: `…_new` gives one, `…_retain`
 * another, `…_free` takes one back. The caller of a call on a handle holds or borrows a reference
 * until the call returns.
 *
 * Ordering. "Synchronises" is C11's synchronizes-with. What a thread did before it released a lock is
 * seen by the thread that acquires that lock next; a try that fails orders nothing.
 *
 * Callable. A call may be made from any thread (one that was not started here, a "foreign" thread, counts),
 * after fork (in the child, where only the calling thread is left) and at exit (in a function registered
 * with atexit). Where a comment says "Callable", it says what differs. No call may be made from a signal
 * handler.
 */
#ifndef THREADING_H
#define THREADING_H

/* One #error tells that the language is too old, and the rest is read in a way that adds no other error.
 * THREADING_REFUSED_ says that one was told before. Microsoft's compiler has all that is needed, whatever
 * it calls itself. */
#if !defined(_MSC_VER) && defined(__cplusplus)
#if __cplusplus < 201103L && !defined(THREADING_REFUSED_)
#error "threading: this header needs C++11: compile with -std=c++11 or newer"
#endif
#elif !defined(_MSC_VER) && (!defined(__GNUC__) || defined(__STRICT_ANSI__)) && \
    (!defined(__STDC_VERSION__) || __STDC_VERSION__ < 199901L)
#if !defined(THREADING_REFUSED_)
#error "threading: this header needs C99, the library itself C11: compile with -std=c11 or newer"
#endif
#define inline __inline
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* -------------------------------------------------------------------------------------------------
 * 2 Options and version
 *
 * Macros for the user to define, the same for every file of a program:
 *   THREADING_SHARED   the library is a DLL or shared object (default: it is linked statically).
 *                      The CMake target threading::threading_shared sets it.
 *   THREADING_NO_INLINE  every call is a call; else the commonest are inline where that can be.
 *   THREADING_NO_DIAGNOSIS  for the library itself: leave section 24 out.
 *   THREADING_MALLOC(size), THREADING_REALLOC(memory, size), THREADING_FREE(memory)  for the library itself,
 *                      all three or none: where its memory comes from, instead of C's malloc, realloc and
 *                      free, whose rules they keep. Any thread calls them, several at once. Pages of the
 *                      system's (records of threads, tables of the diagnosis) are not from there, nor is
 *                      what the C library allocates for itself.
 *
 *   threading_version  tell the version that is linked
 *   threading_backend  tell which backend it was built for
 */

/** The version of this header; threading_version() tells the library's. */
#define THREADING_VERSION_MAJOR 0
/** While the major version is 0, another minor one may break the binary interface. */
#define THREADING_VERSION_MINOR 1
/** Corrections only. */
#define THREADING_VERSION_PATCH 0
/** The three as text. */
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

/* The attributes on the prototypes; section 25 explains them. */
#if defined(__cplusplus) && __cplusplus >= 201703L
#define THREADING_NODISCARD [[nodiscard]]
#elif !defined(__cplusplus) && defined(__STDC_VERSION__) && __STDC_VERSION__ >= 202311L
#define THREADING_NODISCARD [[nodiscard]]
#elif defined(__GNUC__)
#define THREADING_NODISCARD __attribute__((warn_unused_result))
#else
#define THREADING_NODISCARD
#endif

#if defined(__cplusplus) && __cplusplus >= 201103L
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

/* Of keyword arguments: what a field is that is left out, so that GCC does not miss it in C++; and their
 * type, in front of the braces. */
#if !defined(__cplusplus) || (__cplusplus < 201103L && !defined(_MSC_VER)) /* which is refused */
#define THREADING_DEFAULT(value)
#define THREADING_KEYWORDS (struct threading_thread_keywords)
#else
#define THREADING_DEFAULT(value) = value
#define THREADING_KEYWORDS threading_thread_keywords
#endif

#if defined(__cplusplus)
extern "C" {
#endif

/**
 * Tell the version of the library that is linked, such as "0.1.0".
 *
 * Compare with THREADING_VERSION, the version of this header.
 * @return text that lives as long as the process; never NULL.
 */
THREADING_API const char *threading_version(void);

/**
 * Tell which backend the library was built for: "posix", "win32" or "c11".
 *
 * @return text that lives as long as the process; never NULL.
 */
THREADING_API const char *threading_backend(void);

/* -------------------------------------------------------------------------------------------------
 * 3 Status codes
 *
 *   THREADING_STATUS_LIST     every status, as X(NAME, "sentence")
 *   threading_status_name     give its identifier, such as "THREADING_TIMEOUT"
 *   threading_status_message  give a sentence that says what it means
 *   THREADING_IGNORE          drop a status on purpose
 *   THREADING_MUST            make a call that has to succeed, or end the program
 */

/** Every status, as X(NAME, "sentence"): one list makes the enumeration, the names and the messages agree. */
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
    X(FINALIZING, "the process is exiting and no thread starts or ends now") \
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
 */
THREADING_API const char *threading_status_name(threading_status_t status);

/**
 * Give a short sentence, in English, that says what a status means.
 *
 * @param status  any value.
 * @return text that lives as long as the process; never NULL.
 */
THREADING_API const char *threading_status_message(threading_status_t status);

/**
 * Drop a status on purpose: `THREADING_IGNORE(threading_thread_join(thread));`
 *
 * No compiler warns of it, in C or in C++. GCC warns of a cast to void where a status must not be dropped.
 * @param call  an expression whose value is a threading_status_t; evaluated once.
 */
#define THREADING_IGNORE(call) threading_status_ignore(call)

/**
 * Make a call that has to succeed, or end the program: `THREADING_MUST(threading_thread_join(thread));`
 *
 * For examples, tests and small tools. If the status is not THREADING_OK, one line on standard error tells
 * it with its call and place,
 * `copy.c:12: threading_thread_join(thread): THREADING_INVALID: an argument is not valid`,
 * and the program ends as by abort(): no thread is waited for, functions of atexit() do not run, and what is
 * still in stdio's buffers may be lost. On Windows too a handler of SIGABRT is called, if there is one; then
 * the process ends with 3, and no dialog is shown.
 * @param call  an expression whose value is a threading_status_t; evaluated once.
 */
#define THREADING_MUST(call) threading_must((call), #call, __FILE__, __LINE__)

/* -------------------------------------------------------------------------------------------------
 * 4 Time
 *
 *   threading_timeout_max  give THREADING_TIMEOUT_MAX
 *   threading_monotonic    read the clock that all timeouts run on
 *   threading_sleep        let the calling thread sleep
 */

/** The timeout that has no limit. */
#define THREADING_FOREVER (-1.0)

/** The longest timeout, in seconds: about 292 years, CPython's TIMEOUT_MAX. The same everywhere. */
#define THREADING_TIMEOUT_MAX 9223372036.0

/**
 * Give THREADING_TIMEOUT_MAX, for languages that read no macros.
 *
 * @return seconds.
 */
THREADING_API double threading_timeout_max(void);

/**
 * Read the clock that all timeouts of this library run on. Python: time.monotonic().
 *
 * It never goes back, nobody can set it, and it stands still while the machine sleeps. Only
 * differences mean something.
 * @return seconds since an arbitrary moment.
 */
THREADING_API double threading_monotonic(void);

/**
 * Let the calling thread sleep. Python: time.sleep().
 *
 * Never shorter than asked, whatever signals come; longer by what the scheduler takes.
 * @param seconds  how long; 0 only offers the processor to others; THREADING_FOREVER never returns.
 * @return THREADING_OK; THREADING_INVALID for NaN or another negative number, THREADING_OVERFLOW
 *         above THREADING_TIMEOUT_MAX, both at once, without sleeping; THREADING_CANCELLED (see Stop).
 */
THREADING_API threading_status_t threading_sleep(double seconds);

/* -------------------------------------------------------------------------------------------------
 * 5 Module
 *
 *   threading_current_thread         give the calling thread's own object
 *   threading_main_thread            give the main thread's object
 *   threading_active_count           count the threads that are alive
 *   threading_enumerate              list the threads that are alive
 *   threading_get_ident              give the calling thread's ident
 *   threading_get_native_id          give the number by which the system knows the calling thread
 *   threading_stack_size             set the stack size of threads that are started from now on
 *   threading_get_stack_size         tell the stack size that is set
 *   threading_cpu_count              count the processors that this process may use
 *   threading_available_parallelism  tell how many threads of this process can really run at once
 *   threading_start_new_thread       start a function in a new thread, with nothing to hold on to
 *   threading_exit                   end the calling thread
 *   threading_exit_process           end the process, after its non-daemon threads have ended
 *   threading_shutdown               wait until no non-daemon thread is left
 *   threading_unload                 leave nothing behind, before the plugin that it is part of is unloaded
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
 * cannot be joined, is listed while its thread lives, and goes when the thread ends. So does a thread
 * that was started here and asks once more in a thread-local destructor, after its own object has
 * ended (POSIX, and this library's own rule).
 * @return borrowed, valid for the life of the calling thread; retain it to keep it longer.
 *         NULL only for a foreign thread when memory is out.
 */
THREADING_API threading_thread_t *threading_current_thread(void);

/**
 * Give the main thread's object. Python: threading.main_thread().
 *
 * It is the thread that the process began with, whoever used the library first; its name is MainThread.
 * In a forked child it is the thread that called fork; the child exits when that thread's target returns.
 * @return borrowed, valid for the life of the process; never NULL.
 */
THREADING_API threading_thread_t *threading_main_thread(void);

/**
 * Count the threads that are alive. Python: threading.active_count().
 *
 * Main counts always; so do daemons, Dummies and threads that are just being started. Threads not yet
 * started or already ended do not, nor foreign threads that never asked for their object.
 * @return the number that threading_enumerate() would list.
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
 */
THREADING_API size_t threading_enumerate(threading_thread_t **threads, size_t capacity);

/**
 * Give the calling thread's ident. Python: threading.get_ident().
 *
 * Idents count up from 1. A number is not given again before 2^31 threads have come and gone.
 * The call makes no Dummy.
 * @return the ident, never 0.
 * Callable: after fork, where the ident stays.
 */
THREADING_API uint32_t threading_get_ident(void);

/**
 * Give the number by which the system knows the calling thread. Python: threading.get_native_id().
 *
 * @return the number as the system's own tools print it; 0 where the backend has none.
 * Callable: after fork, where it is a new number.
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
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_stack_size(size_t size, size_t *previous);

/**
 * Tell the stack size that is set. Python: threading.stack_size().
 *
 * @return bytes; 0 for the default.
 */
THREADING_API size_t threading_get_stack_size(void);

/**
 * Count the processors that this process may use. Python: os.process_cpu_count().
 *
 * The process's, not the calling thread's: a thread that is bound to one processor is told the same as all
 * others. On Linux they are those that the main thread may use (its affinity), as `taskset` or a cpuset of
 * the container has it; on Windows those of the process's affinity, or of all processor groups if it has
 * none; elsewhere those of the machine. Each call asks the system, which takes some microseconds.
 *
 * THREADING_CPU_COUNT in the environment takes the system's place, here and in
 * threading_available_parallelism(). Python: PYTHON_CPU_COUNT. It is one or more decimal digits for a number
 * from 1 to 2147483647, which may be more than there are; any other text, a blank in it too, is as if it were
 * not set. The library reads it once, with its first use, and not in a process with privileges that its
 * user has not.
 * @return at least 1; 1 where the backend cannot count them (c11).
 */
THREADING_API size_t threading_cpu_count(void);

/**
 * Tell how many threads of this process can really run at once.
 *
 * That is threading_cpu_count(), or less where the system gives the process a part of their time only: on
 * Linux the CPU quota of its control groups (a container's `--cpus`), the least of the process's group and
 * those above it, version 1 or 2; on Windows the rate of its job, a hard cap or a maximum. A part of a
 * processor counts as one: 1.5 give 2, and 0.1 gives 1. More busy threads than that only make each other
 * wait, since the system stops all of them once the quota of a period is used up.
 *
 * A new executor's default number of threads is this. A limit that the system does not tell, or tells in
 * words that are not understood, is none.
 *
 * Each call asks the system, so it sees a limit that has changed. On Linux it reads two files of /proc, and
 * one or two for each group on the way: 50 to 100 microseconds with twenty mounts, and more with more of
 * them. It allocates nothing.
 * @return at least 1, and no more than threading_cpu_count().
 */
THREADING_API size_t threading_available_parallelism(void);

/**
 * Start a function in a new thread, with nothing to hold on to. Python: _thread.start_new_thread().
 *
 * The lowest level: the thread is a daemon, is listed while it lives, and nobody joins it; it ends
 * with the process at the latest. Prefer a Thread.
 * @param target  what to run; NULL does nothing in a thread of its own.
 * @param arg     passed to @p target; must live as long as @p target uses it.
 * @param ident   receives the new thread's ident; may be NULL.
 * @return THREADING_OK; THREADING_NO_MEMORY, as from threading_thread_start(); THREADING_NO_THREADS;
 *         THREADING_FINALIZING when the process no longer waits for threads. On failure nothing was started.
 * Ordering: what happens before the call happens before @p target runs.
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
 *
 * A function that the library calls may end its thread too, by this call or in the platform's own way
 * (pthread_exit, ExitThread, thrd_exit). The call around it never returns, and others are told. The
 * action of a Barrier breaks it; the function of a Once leaves it a deadlock for all; the predicate of a
 * Condition gives its lock back, all levels; the comparison of a Queue releases that. In an Executor's
 * task, an initializer, a callback of a Future and a Local's finaliser this call ends just the function;
 * the platform's own way takes a thread from the executor, which is broken then. Others are told at the
 * end of the thread-local destructors: one that wants the same Lock before that waits for ever.
 * @param result  what threading_thread_result() will give.
 * Does not return.
 * Callable: not at exit.
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
 * Callable: not at exit.
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
 *         through others, for the calling one; THREADING_FINALIZING when one was because the system has
 *         killed it with the process.
 * Ordering: all that those threads did happens before the return.
 */
THREADING_API threading_status_t threading_shutdown(void);

/**
 * Leave nothing of this copy of the library behind, before the plugin that it is part of is unloaded.
 *
 * A copy in a shared object keeps that loaded from its first use on, whatever dlclose() says: the ends of
 * threads that used it, and of the process, are told to it. This call gives all of that up: the system's
 * key, the hooks of exit and fork, the memory of threads that were not started here, and the reference that
 * keeps the object. Those threads may go on, and end when they like. Their Dummies and what they have of
 * locals go without finalisers: destroy locals first. Objects of the copy that still are in use are the
 * caller's to free before. The next use of the copy, if it is not unloaded, is a first use; main's name is
 * what it was.
 *
 * During the call no other thread may be in a call of this copy, nor end if it has used it. It must not be
 * called by a function that the library calls, and the caller's own reference to the plugin must still be
 * there.
 * @return THREADING_OK, also when nothing was used; THREADING_BUSY, and nothing was done, while a thread
 *         that was started here is alive, or has ended and the system's thread has not gone (join those
 *         of which there are handles; others go in a moment), while a thread waits, when called by a
 *         thread that was started here, and when the process exits; THREADING_UNSUPPORTED where the
 *         object stays loaded in any case: in a DLL, and in shared objects on other systems than Linux
 *         with glibc. With C11 threads nothing keeps the object, so that this call has to come before it
 *         is unloaded, and THREADING_BUSY is for ever once a thread was started that nobody joined.
 * Callable: from main and foreign threads; not at exit.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_unload(void);

/* -------------------------------------------------------------------------------------------------
 * 6 Thread
 *
 *   state      start            join, try_join        is_alive   ident      listed
 *   new        OK -> running    NOT_STARTED           false      0          no
 *   running    ALREADY_STARTED  waits / BUSY          true       a number   yes
 *   ended      ALREADY_STARTED  OK                    false      the same   no
 *
 * A Dummy and main are never "new". "Subclassing": the target is the `run` method, `arg` the object.
 *
 *   threading_thread_new            make a thread that is not started yet
 *   threading_thread_spawn          make a thread and start it
 *   threading_thread                threading_thread_new() with keyword arguments
 *   threading_spawn                 threading_thread_spawn() with keyword arguments
 *   THREADING_MUST_SPAWN            the same, or end the program
 *   threading_thread_retain         take another reference to a thread
 *   threading_thread_free           give a reference back
 *   threading_thread_start          start a thread, once
 *   threading_thread_join           wait until a thread has ended
 *   threading_thread_join_timeout   wait until a thread has ended, for a limited time
 *   threading_thread_try_join       join a thread if it has ended, without waiting
 *   threading_thread_is_alive       tell whether a thread runs
 *   threading_thread_result         give what the target returned
 *   threading_thread_name           give a thread's name
 *   threading_thread_set_name       rename a thread, in any state
 *   threading_thread_daemon         tell whether the process does not wait for it
 *   threading_thread_set_daemon     make a thread that is not started a daemon or not
 *   threading_thread_ident          give a thread's ident
 *   threading_thread_native_id      give the system's number of a thread
 *   threading_thread_native_handle  give what the system's own calls know it by
 *   threading_thread_stack_size     tell the size of a thread's stack
 *   threading_set_priority          give the calling thread a priority
 *   threading_get_priority          tell the calling thread's priority
 */

/** Values of `daemon` in the options. `true` is THREADING_DAEMON. */
enum {
    THREADING_INHERIT = 0,    /**< as the thread that makes the object; a foreign one passes on daemon */
    THREADING_DAEMON = 1,     /**< the process does not wait for this thread */
    THREADING_NOT_DAEMON = -1 /**< the process waits for this thread */
};

/**
 * Priorities of threads: hints to the system about whom to run first. Nothing of the library depends on them.
 *
 * What a level is, and who may have it, is the system's:
 *
 *   level     Linux: nice  macOS: quality of service  Windows: THREAD_PRIORITY_…
 *   LOWEST    19           background                 LOWEST
 *   LOW       10           utility                    BELOW_NORMAL
 *   NORMAL    0            default                    NORMAL
 *   HIGH      -10          user initiated             ABOVE_NORMAL
 *   HIGHEST   -20          user interactive           HIGHEST
 *
 * On Linux every thread may go to a lower level, and none may go up again without privileges (CAP_SYS_NICE
 * or RLIMIT_NICE), not even from LOW to NORMAL. Other Unixes and C11 have NORMAL alone. What the system
 * refuses is THREADING_UNSUPPORTED.
 */
typedef enum threading_priority {
    THREADING_PRIORITY_LOWEST = -2, /**< when nothing else runs, or nearly so */
    THREADING_PRIORITY_LOW = -1,    /**< behind the others */
    THREADING_PRIORITY_NORMAL = 0,  /**< as programs are run */
    THREADING_PRIORITY_HIGH = 1,    /**< before the others */
    THREADING_PRIORITY_HIGHEST = 2  /**< before nearly all */
} threading_priority_t;

/** Keyword arguments of a new thread; all zero is the default of everything. */
typedef struct threading_thread_options {
    const char *name;            /**< copied; NULL or "" for an automatic one: Thread-1, Thread-2, … */
    int daemon;                  /**< THREADING_INHERIT, THREADING_DAEMON or THREADING_NOT_DAEMON */
    size_t stack_size;           /**< bytes, at least 32768; 0 for threading_get_stack_size() at start */
    struct threading_stop *stop; /**< heeded from the start (section 17); NULL for none */
    int priority;          /**< a threading_priority; 0, THREADING_PRIORITY_NORMAL: as the system gives it */
    uintptr_t reserved[2]; /**< zero */
} threading_thread_options_t;

/**
 * Make a thread that is not started yet. Python: threading.Thread(target=…, args=…).
 *
 * @param target   what to run; NULL is a thread that does nothing.
 * @param arg      passed to @p target; must live as long as @p target uses it.
 * @param options  read before the return; NULL for the defaults. A wrong value is told by `start`.
 * @return a handle to be given back with threading_thread_free(); NULL when memory is out.
 */
THREADING_API threading_thread_t *threading_thread_new(threading_target_t target, void *arg,
                                                       const threading_thread_options_t *options);

/**
 * Make a thread and start it: threading_thread_new() and threading_thread_start() in one call.
 *
 * @param target   as for threading_thread_new(), like the next two.
 * @param arg      passed to @p target; must live as long as @p target uses it.
 * @param options  read before the return; NULL for the defaults.
 * @param thread   receives a handle to be given back with threading_thread_free(), maybe after @p target has
 *                 begun. NULL when nobody needs one. That makes no daemon of the thread.
 * @return what threading_thread_start() returns; THREADING_NO_MEMORY also when there is none for the object.
 *         On failure nothing was started, and nothing is to be freed.
 * Ordering: what happens before the call happens before @p target runs.
 */
THREADING_NODISCARD THREADING_API threading_status_t
threading_thread_spawn(threading_target_t target, void *arg, const threading_thread_options_t *options,
                       threading_thread_t **thread);

/**
 * What follows the target in threading_thread(), threading_spawn() and THREADING_MUST_SPAWN(): its argument,
 * then keywords, which mean what they mean in threading_thread_options_t. C++ wants them in this order.
 */
struct threading_thread_keywords {
    void *arg THREADING_DEFAULT(nullptr);                   /**< passed to the target */
    const char *name THREADING_DEFAULT(nullptr);            /**< copied; NULL or "" for an automatic one */
    int daemon THREADING_DEFAULT(THREADING_INHERIT);        /**< or THREADING_DAEMON, THREADING_NOT_DAEMON */
    size_t stack_size THREADING_DEFAULT(0);                 /**< bytes; 0 for threading_get_stack_size() */
    struct threading_stop *stop THREADING_DEFAULT(nullptr); /**< heeded from the start; NULL for none */
    int priority THREADING_DEFAULT(THREADING_PRIORITY_NORMAL); /**< a threading_priority */
    threading_status_t *status THREADING_DEFAULT(nullptr); /**< receives what came of it, THREADING_OK too */
};

#if !defined(__cplusplus) || defined(__cpp_designated_initializers)
/**
 * threading_thread_new() with keyword arguments:
 * `threading_thread(loop, NULL, .name = "LoopThread", .daemon = true)`; or `threading_thread(loop, NULL)`.
 *
 * C, and C++20, where keywords stand in the order of the struct. Before that fill in a
 * threading_thread_options_t, or use threading.hpp. `.status` receives THREADING_OK, or THREADING_NO_MEMORY.
 */
#define threading_thread(target, ...) threading_thread_with((target), THREADING_KEYWORDS{.arg = __VA_ARGS__})

/**
 * threading_thread_spawn() with keyword arguments:
 * `threading_thread_t *thread = threading_spawn(loop, NULL, .name = "LoopThread", .status = &status);`
 *
 * Gives the handle of a thread that was started, or NULL; `.status` receives the status. If the thread is
 * joined in any case, one check does for both: the join of NULL answers THREADING_INVALID. The same compilers
 * as for threading_thread().
 */
#define threading_spawn(target, ...) threading_spawn_with((target), THREADING_KEYWORDS{.arg = __VA_ARGS__})

/**
 * threading_spawn() that has to succeed, or it ends the program as THREADING_MUST() does:
 * `threading_thread_t *thread = THREADING_MUST_SPAWN(loop, NULL, .name = "LoopThread");`
 *
 * Never gives NULL. The same compilers as for threading_thread().
 */
#define THREADING_MUST_SPAWN(target, ...)                                  \
    threading_must_spawn((target), THREADING_KEYWORDS{.arg = __VA_ARGS__}, \
                         "threading_spawn(" #target ", " #__VA_ARGS__ ")", __FILE__, __LINE__)
#endif

/**
 * Take another reference to a thread.
 *
 * @param thread  borrowed; NULL is allowed.
 * @return @p thread, to be given back with threading_thread_free().
 */
THREADING_API threading_thread_t *threading_thread_retain(threading_thread_t *thread);

/**
 * Give a reference back.
 *
 * A running thread goes on: it holds a reference to itself. With the last reference the object is
 * freed; a thread that ended and was never joined leaves nothing behind.
 * @param thread  given back; not to be used any more by this holder. NULL does nothing.
 * Ordering: everything done with the handle happens before it is freed.
 */
THREADING_API void threading_thread_free(threading_thread_t *thread);

/**
 * Start a thread, once. Python: Thread.start().
 *
 * On return the thread is alive and listed, and has its ident and native id; or it has already ended.
 * Of several threads that start one object at once, exactly one succeeds. A start that failed
 * leaves the object as new: it may be tried again.
 *
 * A priority is set by the new thread itself, before its target runs, and the start waits until that is done.
 * If the system refuses it, the thread ends at once, and on return it is gone. For THREADING_PRIORITY_NORMAL
 * nothing is set: on Linux the thread then has its starter's level, on Windows NORMAL.
 * @param thread  borrowed.
 * @return THREADING_OK; THREADING_INVALID for NULL or a wrong option; THREADING_OVERFLOW for a Timer's time
 *         above THREADING_TIMEOUT_MAX; THREADING_ALREADY_STARTED, also
 *         for main, Dummies and ended threads; THREADING_NO_THREADS when the system refuses, also
 *         because of the stack's size; THREADING_NO_MEMORY, also while the system has no room for the hooks
 *         with which a forked child is told that it is one (pthread_atfork; the next start asks again);
 *         THREADING_UNSUPPORTED when a stack size was
 *         asked for and the backend cannot set it, or a priority and the system refuses it;
 *         THREADING_FINALIZING when the process is exiting
 *         and no longer waits for threads.
 * Ordering: what happens before the call happens before the target runs.
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
 *         a timeout, for this one through RLocks and joins; THREADING_FINALIZING for a thread that can no
 *         longer end, because another one is ending the process: it wanted to do so too, or the system has
 *         killed it. (Main and daemons, which the process does not wait for, may stay in the join until it is
 *         gone.) For a thread that still runs the call waits, at exit too.
 * Ordering: everything that the thread did happens before the return with THREADING_OK.
 * Callable: after fork, where threads that are gone count as ended.
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
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_thread_join_timeout(threading_thread_t *thread,
                                                                                   double seconds);

/**
 * Join a thread if it has ended, without waiting.
 *
 * @param thread  borrowed.
 * @return as threading_thread_join(), and THREADING_BUSY while it runs.
 * Ordering: as threading_thread_join(); none after THREADING_BUSY.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_thread_try_join(threading_thread_t *thread);

/**
 * Tell whether a thread runs. Python: Thread.is_alive().
 *
 * True from the start until everything of the thread is done, whether anyone joins it or not. False for
 * main once main has left.
 * @param thread  borrowed.
 * @return a momentary answer; false orders what the thread did before this call's return.
 * Callable: after fork, where it is false for all other threads.
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
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_thread_result(const threading_thread_t *thread,
                                                                             void **result);

/**
 * Give a thread's name. Python: Thread.name.
 *
 * @param thread  borrowed.
 * @return text in full length, never changed, valid as long as the handle; NULL for NULL.
 */
THREADING_API const char *threading_thread_name(const threading_thread_t *thread);

/**
 * Rename a thread, in any state. Python: Thread.name = ….
 *
 * The library keeps the name whole. The system learns it when the thread starts, or here if the calling
 * thread renames itself. Of a name that is longer than the system can hold (15 bytes on Linux, 63 on macOS)
 * it gets as much of the beginning as of the end, whole characters, and a ~ between: ThreadP~or-0_12. Names
 * need not be unique.
 * A name that was read before stays valid, so each name read costs memory until the handle is freed.
 * @param thread  borrowed.
 * @param name    copied; UTF-8 by convention, any bytes in fact.
 * @return THREADING_OK; THREADING_INVALID for a NULL thread, a NULL name or ""; THREADING_NO_MEMORY.
 */
THREADING_API threading_status_t threading_thread_set_name(threading_thread_t *thread, const char *name);

/**
 * Tell whether the process goes down without waiting for a thread. Python: Thread.daemon.
 *
 * @param thread  borrowed.
 * @return true for a daemon; false for NULL.
 */
THREADING_API bool threading_thread_daemon(const threading_thread_t *thread);

/**
 * Make a thread that is not started a daemon or not. Python: Thread.daemon = ….
 *
 * @param thread  borrowed.
 * @param daemon  whether the process shall not wait for it.
 * @return THREADING_OK; THREADING_INVALID for NULL; THREADING_ALREADY_STARTED once it was started, also
 *         after its end, and for main and Dummies.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_thread_set_daemon(threading_thread_t *thread,
                                                                                 bool daemon);

/**
 * Give a thread's ident. Python: Thread.ident.
 *
 * @param thread  borrowed.
 * @return what threading_get_ident() gives in that thread; 0 before it is started; kept after its end.
 */
THREADING_API uint32_t threading_thread_ident(const threading_thread_t *thread);

/**
 * Give the system's number of a thread. Python: Thread.native_id.
 *
 * @param thread  borrowed.
 * @return what threading_get_native_id() gives in that thread; 0 before it is started, and where the
 *         backend has none; kept after its end. Waits for the moment that a thread which was just
 *         started needs to find out.
 * Callable: after fork, where main is the thread that forked.
 */
THREADING_API uint64_t threading_thread_native_id(const threading_thread_t *thread);

/**
 * Give what the system's own calls know a thread by: a pthread_t, a HANDLE or a thrd_t, as a number.
 *
 * For what this library has no call for, such as affinities. It remains the library's: do not join, detach or
 * close it. Of a thread that was started here it is good until the thread was joined, by any thread
 * (threading_shutdown() and the end of the process join too), or, if nobody joins it, until the thread has
 * ended and the last reference was given back; the thread's end alone changes nothing. Of main and of a Dummy
 * it is good while the thread lives.
 * @param thread  borrowed.
 * @return 0 before the start and after a join; for main before it has used the library; for main and Dummies
 *         that have ended, and on Windows always; for threads that a fork has left behind; with C11 where a
 *         thrd_t is no number. Waits for the moment that a start needs which is under way.
 * Callable: after fork, where that of main is the forking thread's.
 */
THREADING_API uintptr_t threading_thread_native_handle(const threading_thread_t *thread);

/**
 * Tell the size of a thread's stack.
 *
 * @param thread  borrowed.
 * @return bytes: before the start what it would ask for now, 0 for the system's default; after it what it
 *         was started with, rounded up, and the default's own size for the default; kept after its end. 0 for
 *         main and Dummies, and with C11 after the start. Waits for the moment that a start needs which is
 *         under way.
 */
THREADING_API size_t threading_thread_stack_size(const threading_thread_t *thread);

/**
 * Give the calling thread, which may be main or a foreign one, a priority.
 *
 * Others cannot do it. Threads that it starts later have the same one on Linux.
 * @param priority  one of threading_priority.
 * @return THREADING_OK; THREADING_INVALID for another number; THREADING_UNSUPPORTED when the system has no
 *         such level or does not allow it, and nothing has changed.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_set_priority(int priority);

/**
 * Tell the calling thread's priority, whoever has set it.
 *
 * @return the level that is nearest to what the system has for the thread, of two as near the lower;
 *         THREADING_PRIORITY_NORMAL where nothing is known.
 */
THREADING_API int threading_get_priority(void);

/* -------------------------------------------------------------------------------------------------
 * 7 Lock
 *
 * The plain lock: held or free, owned by nobody. Any thread may release it, and a thread that acquires
 * it twice waits for another one to release it. Threads get it in the order of their coming, except
 * that a lock just released may be taken by a thread that is running. A thread that is the first in line
 * and has waited for more than a millisecond is handed the lock and cannot be passed, once in a quarter of
 * a millisecond: each time all others wait until a sleeping thread is awake.
 *
 *   state   acquire   try_acquire   release
 *   free    OK        OK            NOT_HELD
 *   held    waits     BUSY          OK, wakes one
 *
 *   threading_lock_init             make memory an unlocked Lock, whatever it held
 *   threading_lock_acquire          acquire a lock, waiting as long as it takes
 *   threading_lock_try_acquire      acquire a lock if it is free
 *   threading_lock_acquire_timeout  acquire a lock, waiting for a limited time
 *   threading_lock_release          release a lock
 *   threading_lock_locked           tell whether a lock is held, by anyone
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
 */
THREADING_API threading_status_t threading_lock_init(threading_lock_t *lock);

/**
 * Acquire a lock, waiting as long as it takes. Python: Lock.acquire().
 *
 * @param lock  borrowed.
 * @return THREADING_OK; THREADING_INVALID for NULL.
 * Ordering: synchronises with the release that made the lock free.
 * Callable: after fork, where a lock that a vanished thread held stays held.
 */
THREADING_API threading_status_t threading_lock_acquire(threading_lock_t *lock)
    THREADING_ANALYSIS(acquire_capability(*lock));

/**
 * Acquire a lock if it is free. Python: Lock.acquire(blocking=False).
 *
 * @param lock  borrowed.
 * @return THREADING_OK; THREADING_BUSY when it is held, by whomever; THREADING_INVALID for NULL.
 * Ordering: as threading_lock_acquire(); none after THREADING_BUSY.
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
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_lock_acquire_timeout(threading_lock_t *lock,
                                                                                    double seconds)
    THREADING_ANALYSIS(try_acquire_capability(0, *lock));

/**
 * Release a lock. Python: Lock.release().
 *
 * Any thread may do it. If threads wait, one of them gets on. The lock's memory is not touched once it is
 * free, so that the thread that acquires it next may free it.
 * @param lock  borrowed.
 * @return THREADING_OK; THREADING_NOT_HELD when it is free (nothing changes); THREADING_INVALID for NULL.
 *         Of several threads that release it at one moment one is told OK; the one that acquired it may be
 *         told so too.
 * Ordering: synchronises with the next acquire.
 */
THREADING_API threading_status_t threading_lock_release(threading_lock_t *lock)
    THREADING_ANALYSIS(release_capability(*lock));

/**
 * Tell whether a lock is held, by anyone. Python: Lock.locked().
 *
 * @param lock  borrowed.
 * @return a momentary answer; false for NULL. False synchronises with the release.
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
 *
 *   threading_rlock_init             make memory an unlocked RLock, whatever it held
 *   threading_rlock_acquire          acquire a recursive lock, waiting as long as it takes
 *   threading_rlock_try_acquire      acquire a recursive lock if it is free or one's own
 *   threading_rlock_acquire_timeout  acquire a recursive lock, waiting for a limited time
 *   threading_rlock_release          release one level of a recursive lock
 *   threading_rlock_locked           tell whether a recursive lock is held, by anyone
 *   threading_rlock_is_owned         tell whether the calling thread owns a recursive lock
 *   threading_rlock_count            give the calling thread's level of a recursive lock
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
 * Callable: after fork, where the forking thread keeps its levels.
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
 */
THREADING_API threading_status_t threading_rlock_release(threading_rlock_t *rlock)
    THREADING_ANALYSIS_REENTRANT(release_capability(*rlock));

/**
 * Tell whether a recursive lock is held, by anyone. Python: RLock.locked().
 *
 * @param rlock  borrowed.
 * @return a momentary answer; false for NULL.
 */
THREADING_API bool threading_rlock_locked(const threading_rlock_t *rlock);

/**
 * Tell whether the calling thread owns a recursive lock. Python: RLock._is_owned().
 *
 * @param rlock  borrowed.
 * @return true in the owner, at any level; false for NULL.
 */
THREADING_API bool threading_rlock_is_owned(const threading_rlock_t *rlock);

/**
 * Give the calling thread's level of a recursive lock. Python: RLock._recursion_count().
 *
 * @param rlock  borrowed.
 * @return 0 in every thread but the owner, and for NULL.
 */
THREADING_API size_t threading_rlock_count(const threading_rlock_t *rlock);

/* -------------------------------------------------------------------------------------------------
 * 9 Condition
 *
 *     threading_condition_t ready = THREADING_CONDITION_INIT;
 *
 *     THREADING_WITH_CONDITION(&ready) {
 *         while (items == 0)
 *             if (threading_condition_wait(&ready) != THREADING_OK)
 *                 break;
 *     }
 *
 * Threads wait, holding a lock, for others to say that something about what the lock protects has changed.
 * The lock is an RLock of the condition's own, or a Lock or RLock that was given; several conditions may
 * share one. `acquire`, `release` and the like do what its own calls do (but `acquire` heeds a stop, whatever
 * the lock). "Holding" an RLock means that the caller owns it; holding a Lock, which nobody owns, means that
 * somebody has acquired it, as in Python.
 *
 * A wait gives the lock back entirely, at whatever level it is held, sleeps, and has it again, at the same
 * level, when it returns, whatever it returns. Waiters are notified in the order of their coming, and no wait
 * returns THREADING_OK that was not notified. Whether a wait was notified or ran out of time is decided once:
 * a notify is never spent on a thread that then reports a timeout (CPython can lose one so). A notified
 * thread moves to the lock's queue and wakes when the lock can be its own.
 *
 *   THREADING_CONDITION_INIT_LOCK         a condition on a given Lock, by address
 *   THREADING_CONDITION_INIT_RLOCK        a condition on a given RLock, by address
 *   threading_condition_init              make memory a condition on an RLock of its own
 *   threading_condition_init_lock         make memory a condition on a given Lock
 *   threading_condition_init_rlock        make memory a condition on a given RLock
 *   threading_condition_acquire           acquire the condition's lock
 *   threading_condition_try_acquire       acquire it if that needs no waiting
 *   threading_condition_acquire_timeout   acquire it in a limited time
 *   threading_condition_release           release the condition's lock, one level
 *   threading_condition_locked            tell whether its lock is held, by anyone
 *   threading_condition_is_owned          tell whether the caller holds its lock
 *   threading_condition_wait              give the lock back, wait to be notified, have the lock again
 *   threading_condition_wait_timeout      the same, for a limited time
 *   threading_condition_wait_for          wait until a predicate is true
 *   threading_condition_wait_for_timeout  the same, for a limited time
 *   threading_condition_notify            let on the first n that wait
 *   threading_condition_notify_all        let on all that wait now
 */

/** A condition variable: two pointers and 8 bytes. Needs an initialiser (zero-filled is
 * THREADING_CONDITION_INIT). */
typedef struct threading_condition {
    threading_lock_t *lock;   /* private, as the rest: the Lock that was given, or NULL */
    threading_rlock_t *rlock; /* the RLock that was given, or NULL */
    threading_rlock_t own;    /* used when none was given */
} threading_condition_t;

/** A condition on an RLock of its own. */
#define THREADING_CONDITION_INIT \
    {                            \
        NULL, NULL,              \
        {                        \
            0, 0                 \
        }                        \
    }

/** A condition on a given Lock, by address. */
#define THREADING_CONDITION_INIT_LOCK(lock) \
    {                                       \
        (lock), NULL,                       \
        {                                   \
            0, 0                            \
        }                                   \
    }
/** A condition on a given RLock, by address. */
#define THREADING_CONDITION_INIT_RLOCK(rlock) \
    {                                         \
        NULL, (rlock),                        \
        {                                     \
            0, 0                              \
        }                                     \
    }

/**
 * Make memory a condition on an RLock of its own. Python: threading.Condition().
 *
 * @param condition  borrowed; not in use by any thread.
 * @return THREADING_OK; THREADING_INVALID for NULL.
 */
THREADING_API threading_status_t threading_condition_init(threading_condition_t *condition);

/**
 * Make memory a condition on a given Lock. Python: threading.Condition(lock).
 *
 * @param condition  borrowed; not in use by any thread.
 * @param lock       borrowed as long as the condition is used.
 * @return THREADING_OK; THREADING_INVALID for NULL, either one.
 */
THREADING_API threading_status_t threading_condition_init_lock(threading_condition_t *condition,
                                                               threading_lock_t *lock);

/**
 * Make memory a condition on a given RLock. Python: threading.Condition(rlock).
 *
 * @param condition  borrowed; not in use by any thread.
 * @param rlock      borrowed as long as the condition is used.
 * @return THREADING_OK; THREADING_INVALID for NULL, either one.
 */
THREADING_API threading_status_t threading_condition_init_rlock(threading_condition_t *condition,
                                                                threading_rlock_t *rlock);

/**
 * Acquire the condition's lock. Python: Condition.acquire().
 *
 * @param condition  borrowed.
 * @return what threading_rlock_acquire() or threading_lock_acquire() gives for the lock.
 * Ordering: as the lock's.
 */
THREADING_NODISCARD THREADING_API threading_status_t
threading_condition_acquire(threading_condition_t *condition);

/** Acquire the condition's lock if that needs no waiting: threading_rlock_try_acquire() or its like for a
 * Lock. */
THREADING_NODISCARD THREADING_API threading_status_t
threading_condition_try_acquire(threading_condition_t *condition);

/** Acquire the condition's lock in a limited time: threading_rlock_acquire_timeout() or its like for a
 * Lock. */
THREADING_NODISCARD THREADING_API threading_status_t
threading_condition_acquire_timeout(threading_condition_t *condition, double seconds);

/**
 * Release the condition's lock, one level. Python: Condition.release().
 *
 * @param condition  borrowed.
 * @return what threading_rlock_release() or threading_lock_release() gives for the lock.
 * Ordering: as the lock's.
 */
THREADING_API threading_status_t threading_condition_release(threading_condition_t *condition);

/** Tell whether the condition's lock is held by anyone; false for NULL. Python: Condition.locked(). */
THREADING_API bool threading_condition_locked(const threading_condition_t *condition);

/** Tell whether the caller holds the lock: owns the RLock, or the Lock is held. False for NULL. */
THREADING_API bool threading_condition_is_owned(const threading_condition_t *condition);

/**
 * Give the lock back, wait to be notified, have the lock again. Python: Condition.wait().
 *
 * @param condition  borrowed.
 * @return THREADING_OK when notified; THREADING_NOT_HELD when the caller does not hold the lock;
 *         THREADING_CANCELLED (see Stop); THREADING_INVALID for NULL. But for the refusals the lock was
 *         released.
 * Ordering: as a release, then an acquire of the lock. What the notifier did before is seen.
 */
THREADING_NODISCARD THREADING_API threading_status_t
threading_condition_wait(threading_condition_t *condition);

/**
 * The same for a limited time. Python: Condition.wait(timeout).
 *
 * The limit is for the notification; having the lock again takes what it takes. With 0 the lock is released
 * and acquired again, so that others may get in.
 * @param condition  borrowed.
 * @param seconds    how long at most; see the conventions.
 * @return as threading_condition_wait(), and THREADING_TIMEOUT when nobody notified this wait;
 *         THREADING_INVALID and THREADING_OVERFLOW for the time, before the lock is looked at.
 * Ordering: as threading_condition_wait().
 */
THREADING_NODISCARD THREADING_API threading_status_t
threading_condition_wait_timeout(threading_condition_t *condition, double seconds);

/**
 * Wait until a predicate is true. Python: Condition.wait_for(predicate).
 *
 * The predicate is asked first, then after each notification, always with the lock held.
 * @param condition  borrowed.
 * @param predicate  must not release the lock, wait or leave by a jump. If it ends its thread the lock is
 *                   released, an RLock with all levels.
 * @param arg        passed to @p predicate.
 * @return THREADING_OK when the predicate was true; THREADING_NOT_HELD, even if it would be;
 *         THREADING_CANCELLED; THREADING_INVALID for a NULL condition or predicate.
 * Ordering: as threading_condition_wait().
 */
THREADING_NODISCARD THREADING_API threading_status_t
threading_condition_wait_for(threading_condition_t *condition, bool (*predicate)(void *arg), void *arg);

/**
 * The same for a limited time. Python: Condition.wait_for(predicate, timeout).
 *
 * The limit is for all waits together, from the first false answer on. At its end the predicate is asked once
 * more.
 * @param condition  borrowed.
 * @param predicate  as for threading_condition_wait_for().
 * @param arg        passed to @p predicate.
 * @param seconds    how long at most; see the conventions. With 0 the predicate is asked twice.
 * @return as threading_condition_wait_for(), and THREADING_TIMEOUT when the last answer was false;
 *         THREADING_INVALID and THREADING_OVERFLOW for the time.
 * Ordering: as threading_condition_wait().
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_condition_wait_for_timeout(
    threading_condition_t *condition, bool (*predicate)(void *arg), void *arg, double seconds);

/**
 * Notify as many waiting threads, those who came first. Python: Condition.notify(n).
 *
 * They return from their waits once the caller has released the lock. A thread that begins to wait later
 * is not notified.
 * @param condition  borrowed.
 * @param n          how many at most; fewer if fewer wait; 0 notifies nobody.
 * @return THREADING_OK, also when nobody waits; THREADING_NOT_HELD when the caller does not hold the lock,
 *         whatever @p n; THREADING_INVALID for NULL.
 */
THREADING_API threading_status_t threading_condition_notify(threading_condition_t *condition, size_t n);

/** Notify all threads that wait now: threading_condition_notify() of as many. Python:
 * Condition.notify_all(). */
THREADING_API threading_status_t threading_condition_notify_all(threading_condition_t *condition);

/* -------------------------------------------------------------------------------------------------
 * 10 Semaphore and BoundedSemaphore
 *
 * A number that is never negative: acquire takes one away, waiting while it is 0; release adds. Any thread
 * may do either. Waiting threads get on in the order of their coming, except that a thread that is running
 * may take what was just released. A thread that has waited for more than a millisecond is not passed. A
 * bounded semaphore refuses to be released above its initial value. Neither is touched after the release
 * that lets another thread free it.
 *
 *   THREADING_SEMAPHORE_INIT                     the initialiser, with its value
 *   THREADING_BOUNDED_SEMAPHORE_INIT             the initialiser, with its value, which is its bound
 *   threading_semaphore_init                     make memory a semaphore
 *   threading_semaphore_acquire                  take one, waiting until there is one
 *   threading_semaphore_try_acquire              take one if there is one
 *   threading_semaphore_acquire_timeout          take one, waiting for a limited time
 *   threading_semaphore_release                  add one
 *   threading_semaphore_release_n                add several, letting as many threads on
 *   threading_semaphore_value                    give the value
 *   threading_bounded_semaphore_init             make memory a bounded semaphore
 *   threading_bounded_semaphore_acquire          take one, waiting until there is one
 *   threading_bounded_semaphore_try_acquire      take one if there is one
 *   threading_bounded_semaphore_acquire_timeout  take one, waiting for a limited time
 *   threading_bounded_semaphore_release          add one, within the bound
 *   threading_bounded_semaphore_release_n        add several, within the bound
 *   threading_bounded_semaphore_value            give the value
 */

/** The largest value of a semaphore: 2^31 - 1. */
#define THREADING_SEMAPHORE_MAX 2147483647

/** A semaphore: 4 bytes. Zero-filled its value is 0. Never needs to be destroyed. */
typedef struct threading_semaphore {
    uint32_t value; /* private */
} threading_semaphore_t;

/** A bounded semaphore: 8 bytes. */
typedef struct threading_bounded_semaphore {
    threading_semaphore_t semaphore; /* private */
    uint32_t initial;                /* private */
} threading_bounded_semaphore_t;

/** A semaphore of a value between 0 and THREADING_SEMAPHORE_MAX. */
#define THREADING_SEMAPHORE_INIT(value) \
    {                                   \
        (value)                         \
    }
/** A bounded semaphore of such a value, which is also its bound. */
#define THREADING_BOUNDED_SEMAPHORE_INIT(value) \
    {                                           \
        {(value)}, (value)                      \
    }

/**
 * Make memory a semaphore. Python: threading.Semaphore(value).
 *
 * @param semaphore  borrowed; not in use by any thread.
 * @param value      what acquire can take before a release.
 * @return THREADING_OK; THREADING_INVALID for NULL; THREADING_OVERFLOW above THREADING_SEMAPHORE_MAX.
 */
THREADING_API threading_status_t threading_semaphore_init(threading_semaphore_t *semaphore, size_t value);

/**
 * Take one, waiting until there is one. Python: Semaphore.acquire().
 *
 * @param semaphore  borrowed.
 * @return THREADING_OK; THREADING_CANCELLED (see Stop); THREADING_INVALID for NULL.
 * Ordering: synchronises with the releases that made up the value.
 */
THREADING_NODISCARD THREADING_API threading_status_t
threading_semaphore_acquire(threading_semaphore_t *semaphore);

/**
 * Take one if there is one. Python: Semaphore.acquire(blocking=False).
 *
 * @param semaphore  borrowed.
 * @return THREADING_OK; THREADING_BUSY when the value is 0; THREADING_INVALID for NULL.
 * Ordering: as threading_semaphore_acquire(); none after THREADING_BUSY.
 */
THREADING_NODISCARD THREADING_API threading_status_t
threading_semaphore_try_acquire(threading_semaphore_t *semaphore);

/**
 * Take one, waiting for a limited time. Python: Semaphore.acquire(timeout=…).
 *
 * @param semaphore  borrowed.
 * @param seconds    how long at most; see the conventions.
 * @return as threading_semaphore_acquire(), and THREADING_TIMEOUT; THREADING_INVALID and THREADING_OVERFLOW
 *         for the time, even when the value is not 0.
 * Ordering: as threading_semaphore_acquire(); none after THREADING_TIMEOUT.
 */
THREADING_NODISCARD THREADING_API threading_status_t
threading_semaphore_acquire_timeout(threading_semaphore_t *semaphore, double seconds);

/** Add one: threading_semaphore_release_n() with 1. Python: Semaphore.release(). */
THREADING_API threading_status_t threading_semaphore_release(threading_semaphore_t *semaphore);

/**
 * Add several at once, letting as many waiting threads on. Python: Semaphore.release(n).
 *
 * @param semaphore  borrowed. Not touched any more once the value has changed.
 * @param n          at least 1.
 * @return THREADING_OK; THREADING_OVERFLOW when the value would pass THREADING_SEMAPHORE_MAX (nothing
 *         changes); THREADING_INVALID for NULL or 0.
 * Ordering: synchronises with the acquires that take what was added.
 */
THREADING_API threading_status_t threading_semaphore_release_n(threading_semaphore_t *semaphore, size_t n);

/** Give the value, a momentary answer; 0 for NULL. */
THREADING_API size_t threading_semaphore_value(const threading_semaphore_t *semaphore);

/**
 * Make memory a bounded semaphore. Python: threading.BoundedSemaphore(value).
 *
 * The calls below are those of the plain semaphore, but for the bound of release.
 * @param semaphore  borrowed; not in use by any thread.
 * @param value      the initial value, and the largest that release allows.
 * @return THREADING_OK; THREADING_INVALID for NULL; THREADING_OVERFLOW above THREADING_SEMAPHORE_MAX.
 */
THREADING_API threading_status_t threading_bounded_semaphore_init(threading_bounded_semaphore_t *semaphore,
                                                                  size_t value);

/** As threading_semaphore_acquire(). */
THREADING_NODISCARD THREADING_API threading_status_t
threading_bounded_semaphore_acquire(threading_bounded_semaphore_t *semaphore);

/** As threading_semaphore_try_acquire(). */
THREADING_NODISCARD THREADING_API threading_status_t
threading_bounded_semaphore_try_acquire(threading_bounded_semaphore_t *semaphore);

/** As threading_semaphore_acquire_timeout(). */
THREADING_NODISCARD THREADING_API threading_status_t
threading_bounded_semaphore_acquire_timeout(threading_bounded_semaphore_t *semaphore, double seconds);

/** Add one: threading_bounded_semaphore_release_n() with 1. */
THREADING_API threading_status_t
threading_bounded_semaphore_release(threading_bounded_semaphore_t *semaphore);

/**
 * As threading_semaphore_release_n(), within the bound.
 *
 * @return THREADING_INVALID also when the value would pass the initial one: nothing changes and nobody is
 *         woken.
 */
THREADING_API threading_status_t
threading_bounded_semaphore_release_n(threading_bounded_semaphore_t *semaphore, size_t n);

/** Give the value, a momentary answer; 0 for NULL. */
THREADING_API size_t threading_bounded_semaphore_value(const threading_bounded_semaphore_t *semaphore);

/* -------------------------------------------------------------------------------------------------
 * 11 Event
 *
 * A flag that threads can wait for. `set` lets on all who wait at that moment, even if `clear` follows at
 * once.
 *
 *   threading_event_init          make memory an event that is not set
 *   threading_event_set           set the flag and let on all who wait
 *   threading_event_clear         unset the flag
 *   threading_event_is_set        tell whether the flag is set
 *   threading_event_wait          wait until the flag is set
 *   threading_event_wait_timeout  the same, for a limited time
 */

/** An event: 4 bytes, zero when not set. Never needs to be destroyed. */
typedef struct threading_event {
    uint32_t flag; /* private */
} threading_event_t;

/** Make memory an event that is not set. THREADING_OK, or THREADING_INVALID for NULL. Python:
 * threading.Event(). */
THREADING_API threading_status_t threading_event_init(threading_event_t *event);

/**
 * Set the flag and let on all who wait. Python: Event.set().
 *
 * @param event  borrowed. Not touched any more once the flag is set.
 * @return THREADING_OK, also when it was set; THREADING_INVALID for NULL.
 * Ordering: synchronises with the waits that see it and with is_set.
 */
THREADING_API threading_status_t threading_event_set(threading_event_t *event);

/**
 * Unset the flag. Python: Event.clear().
 *
 * @param event  borrowed.
 * @return THREADING_OK, also when it was not set; THREADING_INVALID for NULL.
 */
THREADING_API threading_status_t threading_event_clear(threading_event_t *event);

/** Tell whether the flag is set; false for NULL. True synchronises with the set. Python: Event.is_set(). */
THREADING_API bool threading_event_is_set(const threading_event_t *event);

/**
 * Wait until the flag is set. Python: Event.wait().
 *
 * @param event  borrowed.
 * @return THREADING_OK when it was set, now or during the wait; THREADING_CANCELLED (see Stop);
 *         THREADING_INVALID for NULL.
 * Ordering: synchronises with the set.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_event_wait(threading_event_t *event);

/**
 * The same for a limited time. Python: Event.wait(timeout).
 *
 * @param event    borrowed.
 * @param seconds  how long at most; see the conventions. 0 only asks.
 * @return as threading_event_wait(), and THREADING_TIMEOUT; THREADING_INVALID and THREADING_OVERFLOW for the
 *         time, even when the flag is set.
 * Ordering: as threading_event_wait(); none after THREADING_TIMEOUT.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_event_wait_timeout(threading_event_t *event,
                                                                                  double seconds);

/* -------------------------------------------------------------------------------------------------
 * 12 Barrier
 *
 * A fixed number of threads, the parties, wait for each other, again and again.
 *
 *   state     wait                            reset                            abort
 *   filling   waits; the last one trips it    waiters get BROKEN; filling      waiters get BROKEN; broken
 *   acting    waits until the action is done  the same; the actor gets BROKEN  the same, and broken
 *   broken    BROKEN at once                  filling                          broken
 *
 * The last thread to come runs the action, if there is one, while the others still wait; then all go on. The
 * moment it trips, a new cycle begins: a fast thread that comes again cannot disturb the slow ones of the
 * cycle before, which have their results already. So no thread need wait for leavers, as it does in CPython.
 * A wait that ends by its timeout, or by a stop, breaks the barrier for all, since a party is now missing. So
 * does an action that ends its thread.
 *
 *   THREADING_BARRIER_INIT          the initialiser, for so many threads
 *   THREADING_BARRIER_INIT_WITH     the same with an action and a default timeout
 *   threading_barrier_init          make memory a barrier for so many threads
 *   threading_barrier_init_with     the same with an action and a default timeout
 *   threading_barrier_wait          wait until all parties are there
 *   threading_barrier_wait_timeout  the same with a timeout of its own
 *   threading_barrier_reset         begin afresh
 *   threading_barrier_abort         break it
 *   threading_barrier_parties       give the number of parties
 *   threading_barrier_n_waiting     count the threads that wait
 *   threading_barrier_broken        tell whether it is broken
 */

/** A barrier: 48 bytes at most. Needs an initialiser; never needs to be destroyed. */
typedef struct threading_barrier {
    size_t parties; /* private, as the rest */
    void (*action)(void *arg);
    void *arg;
    double timeout;
    size_t arrived;
    uint32_t state;
    uint32_t cycle;
} threading_barrier_t;

/** A barrier for so many threads, at least 1. */
#define THREADING_BARRIER_INIT(parties) THREADING_BARRIER_INIT_WITH(parties, NULL, NULL, THREADING_FOREVER)

/** With an action, `void (*)(void *arg)` or NULL, and a default timeout for `wait`, in seconds. */
#define THREADING_BARRIER_INIT_WITH(parties, action, arg, timeout) \
    {                                                              \
        (parties), (action), (arg), (timeout), 0, 0, 0             \
    }

/** threading_barrier_init_with() without action and timeout. Python: threading.Barrier(parties). */
THREADING_API threading_status_t threading_barrier_init(threading_barrier_t *barrier, size_t parties);

/**
 * Make memory a barrier. Python: threading.Barrier(parties, action, timeout).
 *
 * @param barrier          borrowed; not in use by any thread.
 * @param parties          how many threads wait for each other, at least 1.
 * @param action           run once a cycle by the last thread to come, before any goes on; NULL for none.
 *                         Others may call on the barrier meanwhile. If it does not return but ends its
 *                         thread, or the process, the barrier is broken, as by an abort.
 * @param arg              passed to @p action.
 * @param timeout_seconds  the timeout of threading_barrier_wait(); THREADING_FOREVER for none.
 * @return THREADING_OK; THREADING_INVALID for NULL, no parties or a wrong timeout; THREADING_OVERFLOW for one
 *         too long.
 */
THREADING_API threading_status_t threading_barrier_init_with(threading_barrier_t *barrier, size_t parties,
                                                             void (*action)(void *arg), void *arg,
                                                             double timeout_seconds);

/**
 * Wait until all parties are there. Python: Barrier.wait().
 *
 * Waits with the barrier's default timeout.
 * @param barrier  borrowed.
 * @param index    receives the place in the order of arrival, 0 … parties - 1; may be NULL.
 * @return THREADING_OK; THREADING_BROKEN when the barrier is broken or is broken or reset meanwhile, also by
 *         this wait's own timeout; THREADING_DEADLOCK inside the action; THREADING_CANCELLED (see Stop),
 *         which breaks the barrier; THREADING_INVALID for NULL or a barrier of no parties.
 * Ordering: what each party did before its wait happens before the action and before all return with
 *           THREADING_OK.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_barrier_wait(threading_barrier_t *barrier,
                                                                            size_t *index);

/**
 * The same with a timeout in place of the default one. Python: Barrier.wait(timeout).
 *
 * @param barrier  borrowed.
 * @param seconds  how long at most; see the conventions. A party of a full barrier never times out.
 * @param index    as for threading_barrier_wait().
 * @return as threading_barrier_wait(); THREADING_INVALID and THREADING_OVERFLOW for the time (the barrier
 *         stays whole).
 * Ordering: as threading_barrier_wait().
 */
THREADING_NODISCARD THREADING_API threading_status_t
threading_barrier_wait_timeout(threading_barrier_t *barrier, double seconds, size_t *index);

/**
 * Begin afresh. Python: Barrier.reset().
 *
 * Threads that wait get THREADING_BROKEN; a broken barrier is whole again; an idle one stays as it is.
 * @param barrier  borrowed.
 * @return THREADING_OK; THREADING_INVALID for NULL.
 * Callable: also in the action.
 */
THREADING_API threading_status_t threading_barrier_reset(threading_barrier_t *barrier);

/**
 * Break the barrier: all who wait, and who come until a reset, get THREADING_BROKEN. Python: Barrier.abort().
 *
 * @param barrier  borrowed.
 * @return THREADING_OK, also when it was broken; THREADING_INVALID for NULL.
 * Callable: also in the action.
 */
THREADING_API threading_status_t threading_barrier_abort(threading_barrier_t *barrier);

/** Give the number of parties; 0 for NULL. Python: Barrier.parties. */
THREADING_API size_t threading_barrier_parties(const threading_barrier_t *barrier);

/** Count the threads that wait for others to come, a momentary answer; 0 for NULL. Python:
 * Barrier.n_waiting. */
THREADING_API size_t threading_barrier_n_waiting(const threading_barrier_t *barrier);

/** Tell whether the barrier is broken, a momentary answer; false for NULL. Python: Barrier.broken. */
THREADING_API bool threading_barrier_broken(const threading_barrier_t *barrier);

/* -------------------------------------------------------------------------------------------------
 * 13 Once
 *
 *     static threading_once_t once;
 *     if (threading_once(&once, load_tables, NULL) != THREADING_OK) …
 *
 *   threading_once_init  make memory a once that was not done
 *   threading_once       call a function, once; wait while another thread does
 */

/** Whether something was done yet: 4 bytes, zero when not. Never needs to be destroyed. */
typedef struct threading_once_state {
    uint32_t word; /* private: 0, an ident: of the thread that runs the function; all ones: done */
} threading_once_t;

/** Make memory a once that was not done. THREADING_OK, or THREADING_INVALID for NULL. */
THREADING_API threading_status_t threading_once_init(threading_once_t *once);

/**
 * Call a function unless it was called through this once; wait if another thread is just running it.
 *
 * @param once      borrowed.
 * @param function  must return. If it ends its thread instead, the once is never done, and a deadlock for all
 *                  who wait or come later, until threading_once_init().
 * @param arg       passed to @p function.
 * @return THREADING_OK: the function has returned, in this thread or another; THREADING_DEADLOCK when it
 *         never will: it calls this once itself, directly or by waiting for a thread that does, or its thread
 *         has ended; THREADING_CANCELLED (see Stop); THREADING_INVALID for a NULL once or function.
 * Ordering: what the function did happens before every return with THREADING_OK.
 * Callable: after fork, where a once whose runner has vanished is a deadlock.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_once(threading_once_t *once,
                                                                    void (*function)(void *arg), void *arg);

/* -------------------------------------------------------------------------------------------------
 * 14 RWLock
 *
 * Many threads may read, or one may write. The policy, the same on every backend:
 *   - Who comes while others wait stands in line behind them, so neither writers nor readers starve.
 *     When a reader's turn comes, all readers in line go together. The lock is handed over; nobody can
 *     take it in between.
 *   - A thread that reads may read again, at once, even if a writer waits: that cannot deadlock. The
 *     library knows up to eight RWLocks that a thread reads at a time; with more, it lets the thread pass
 *     waiting writers of any.
 *   - A thread that waits for what it could never get is told so: a reader that wants to write, a writer
 *     that wants to read or write again, a writer whose wait closes a ring with RLocks and joins.
 *
 * A read lock is released by the thread that acquired it. So is a write lock.
 *
 *   threading_rwlock_init                   make memory a free RWLock, whatever it held
 *   threading_rwlock_acquire_read           acquire for reading, waiting as long as it takes
 *   threading_rwlock_try_acquire_read       the same if it needs no waiting
 *   threading_rwlock_acquire_read_timeout   the same in a limited time
 *   threading_rwlock_acquire_write          acquire for writing, waiting as long as it takes
 *   threading_rwlock_try_acquire_write      the same if it needs no waiting
 *   threading_rwlock_acquire_write_timeout  the same in a limited time
 *   threading_rwlock_release_read           release what was acquired for reading
 *   threading_rwlock_release_write          release what was acquired for writing
 */

/** A lock for readers and writers: 8 bytes; all zero is a free one. Never needs to be destroyed. */
typedef struct threading_rwlock {
    uint32_t state;  /* private: readers, or a writer; whether someone waits; whether it is biased */
    uint32_t writer; /* private: the writer's ident, or the number of the bias, or 0 */
} threading_rwlock_t;

/** Make memory a free RWLock, whatever it held. THREADING_OK, or THREADING_INVALID for NULL. */
THREADING_API threading_status_t threading_rwlock_init(threading_rwlock_t *rwlock);

/**
 * Acquire for reading, waiting as long as it takes.
 *
 * @param rwlock  borrowed.
 * @return THREADING_OK; THREADING_DEADLOCK when the caller writes, or the writer has ended or waits for the
 *         caller; THREADING_OVERFLOW beyond 2^30 - 1 readers; THREADING_CANCELLED (see Stop);
 *         THREADING_INVALID for NULL.
 * Ordering: synchronises with the release of the last writer.
 */
THREADING_NODISCARD THREADING_API threading_status_t
threading_rwlock_acquire_read(threading_rwlock_t *rwlock);

/** The same if it needs no waiting, else THREADING_BUSY. */
THREADING_NODISCARD THREADING_API threading_status_t
threading_rwlock_try_acquire_read(threading_rwlock_t *rwlock);

/** The same in a limited time, else THREADING_TIMEOUT; no deadlocks are told but with THREADING_FOREVER. */
THREADING_NODISCARD THREADING_API threading_status_t
threading_rwlock_acquire_read_timeout(threading_rwlock_t *rwlock, double seconds);

/**
 * Acquire for writing, waiting as long as it takes.
 *
 * @param rwlock  borrowed.
 * @return THREADING_OK; THREADING_DEADLOCK when the caller reads or writes already, or the writer has ended
 *         or waits for the caller; THREADING_CANCELLED (see Stop); THREADING_INVALID for NULL.
 * Ordering: synchronises with the releases of the last writer and of all readers since.
 */
THREADING_NODISCARD THREADING_API threading_status_t
threading_rwlock_acquire_write(threading_rwlock_t *rwlock);

/** The same if it needs no waiting, else THREADING_BUSY. */
THREADING_NODISCARD THREADING_API threading_status_t
threading_rwlock_try_acquire_write(threading_rwlock_t *rwlock);

/** The same in a limited time, else THREADING_TIMEOUT; no deadlocks are told but with THREADING_FOREVER. */
THREADING_NODISCARD THREADING_API threading_status_t
threading_rwlock_acquire_write_timeout(threading_rwlock_t *rwlock, double seconds);

/**
 * Release what was acquired for reading.
 *
 * @param rwlock  borrowed. Not touched any more once another thread can have it.
 * @return THREADING_OK; THREADING_NOT_HELD when nobody reads; THREADING_NOT_OWNER when others read but not
 *         the caller; THREADING_INVALID for NULL. On failure nothing changes.
 * Ordering: synchronises with the next writer's acquire.
 */
THREADING_API threading_status_t threading_rwlock_release_read(threading_rwlock_t *rwlock);

/**
 * Release what was acquired for writing.
 *
 * @param rwlock  borrowed. Not touched any more once another thread can have it.
 * @return THREADING_OK; THREADING_NOT_HELD when nobody writes; THREADING_NOT_OWNER when another thread does;
 *         THREADING_INVALID for NULL. On failure nothing changes.
 * Ordering: synchronises with the next acquire.
 */
THREADING_API threading_status_t threading_rwlock_release_write(threading_rwlock_t *rwlock);

/* -------------------------------------------------------------------------------------------------
 * 15 With
 *
 *     THREADING_WITH_LOCK(&lock) {
 *         balance += n;
 *     }
 *
 * Python's `with` statement: acquire, run the body once, release. The argument is evaluated once. The body is
 * a block or one statement. `break` and `continue` leave just this body, not a loop around it. Bodies nest.
 *
 * When the acquire fails the body is skipped: to see that, set a variable in the body, or call the acquire
 * yourself. Since a compiler cannot know that a body runs, a function that returns from within one needs a
 * `return` behind it too (-Wreturn-type).
 *
 * The end of the body, `break` and `continue` release, with every compiler. `return`, `goto` and C++
 * exceptions release too with GCC and Clang (clang-cl as well), and in C++ with every compiler. C that
 * Microsoft's cl.exe is to compile must not leave a body by `return` or `goto`: the lock would stay held.
 * threading_exit() and longjmp() release nothing.
 *
 *   THREADING_WITH_LOCK               with a Lock
 *   THREADING_WITH_RLOCK              with an RLock
 *   THREADING_WITH_CONDITION          with a Condition: its lock
 *   THREADING_WITH_SEMAPHORE          with a Semaphore
 *   THREADING_WITH_BOUNDED_SEMAPHORE  with a BoundedSemaphore
 *   THREADING_WITH_GROUP              with a group: its tasks are over when the body has ended
 *   THREADING_WITH_READ               with an RWLock, for reading
 *   THREADING_WITH_WRITE              with an RWLock, for writing
 */

/** With a Lock. */
#define THREADING_WITH_LOCK(object) THREADING_WITH_(lock, threading_lock_t, object, THREADING_UNIQUE)
/** With an RLock. */
#define THREADING_WITH_RLOCK(object) THREADING_WITH_(rlock, threading_rlock_t, object, THREADING_UNIQUE)
/** With a Condition: its lock. */
#define THREADING_WITH_CONDITION(object) \
    THREADING_WITH_(condition, threading_condition_t, object, THREADING_UNIQUE)
/** With a Semaphore. */
#define THREADING_WITH_SEMAPHORE(object) \
    THREADING_WITH_(semaphore, threading_semaphore_t, object, THREADING_UNIQUE)
/** With a BoundedSemaphore. */
#define THREADING_WITH_BOUNDED_SEMAPHORE(object) \
    THREADING_WITH_(bounded_semaphore, threading_bounded_semaphore_t, object, THREADING_UNIQUE)
/** With a group (section 22): its tasks are over when the body has ended. */
#define THREADING_WITH_GROUP(object) THREADING_WITH_(group, threading_group_t, object, THREADING_UNIQUE)
/** With an RWLock, for reading. */
#define THREADING_WITH_READ(object) THREADING_WITH_(read, threading_rwlock_t, object, THREADING_UNIQUE)
/** With an RWLock, for writing. */
#define THREADING_WITH_WRITE(object) THREADING_WITH_(write, threading_rwlock_t, object, THREADING_UNIQUE)

/* -------------------------------------------------------------------------------------------------
 * 16 Local
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
 *
 *   THREADING_LOCAL_INIT       the initialiser, for copies of a type
 *   THREADING_LOCAL_INIT_WITH  the same with functions for the begin and the end of a copy
 *   threading_local_init       make memory a local, whatever it held
 *   threading_local_get        give the calling thread's own copy
 *   threading_local_destroy    end every thread's copy, in the calling thread
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
 *               use this local itself. If it ends its thread, the copy is finalised with the others. NULL
 *               for none.
 * @param fini   run when a thread ends or the local is destroyed, on the copy, before it is freed; it may
 *               use locals, this one too: what it makes anew is finalised as well. At a thread's end
 *               threading_exit() ends the finaliser only. NULL for none.
 * @return THREADING_OK; THREADING_INVALID for a NULL local.
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
 * Callable: from a foreign thread, which gets no Dummy by it; after fork, where the forking thread keeps its
 *           copies, and those of the others are gone without their finalisers.
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
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_local_destroy(threading_local_t *local);

/* -------------------------------------------------------------------------------------------------
 * 17 Stop
 *
 *     static threading_stop_t stop;                       // shared with whoever may ask
 *
 *     threading_thread_t *runner = threading_thread(run, NULL, .stop = &stop);
 *     …
 *     threading_stop_request(&stop);                      // ends run's sleep or wait: THREADING_CANCELLED
 *
 * Cancellation by consent. A thread heeds a stop, or none; nobody is ever interrupted who did not ask for it.
 * When the stop is requested, or its time is over, every call that would wait in a thread that heeds it ends,
 * or does not begin, with THREADING_CANCELLED; a call that need not wait does its work as ever,
 * and one that may not (a try, a timeout of 0) answers as ever. A condition's wait has its lock again first.
 * A wait whose own timeout is over too, when it looks why it ends, tells THREADING_TIMEOUT.
 *
 * Those calls heed: sleep; join; the acquires of RLock, Condition, Semaphore and RWLock;
 * threading_lock_acquire_timeout(), with THREADING_FOREVER too; the waits of Condition, Event, Barrier,
 * Once, Queue and Future, threading_wait(), threading_completed_next(), threading_executor_submit(),
 * threading_executor_map(), threading_executor_for(), threading_group_run(), threading_group_wait() and
 * threading_wait_any(). These do not, since their results may be dropped:
 * threading_lock_acquire(), threading_shutdown(), threading_executor_shutdown(). Nor does a release.
 * A wait that heeds a stop is not part of a proof of deadlock, as one with a timeout is not.
 *
 *   threading_stop_init        make memory a stop that is not requested
 *   threading_stop_init_child  the same, of a stop that ends with its parent or by time
 *   threading_stop_request     ask all threads that heed it to stop
 *   threading_stop_requested   tell whether it was requested
 *   threading_stop_heed        let the calling thread heed it
 */

/** A request to stop: 24 bytes at most, zero when not requested. Never needs to be destroyed; must live while
 * a thread heeds it. */
typedef struct threading_stop {
    uint32_t requested; /* private, as the rest */
    uint32_t has_deadline;
    struct threading_stop *parent;
    int64_t deadline;
} threading_stop_t;

/** Make memory a stop that is not requested. THREADING_OK, or THREADING_INVALID for NULL. */
THREADING_API threading_status_t threading_stop_init(threading_stop_t *stop);

/**
 * Make memory a stop that is also requested when another one is, or when its time is over.
 *
 * @param stop     borrowed; heeded by no thread.
 * @param parent   its request counts here too; must live as long as @p stop is used. NULL for none.
 * @param seconds  after this time from now @p stop counts as requested; THREADING_FOREVER for no such time.
 * @return THREADING_OK; THREADING_INVALID for a NULL stop, and for a parent that is @p stop itself or a child
 *         of it (nothing changes); THREADING_INVALID and THREADING_OVERFLOW for the time.
 */
THREADING_API threading_status_t threading_stop_init_child(threading_stop_t *stop, threading_stop_t *parent,
                                                           double seconds);

/**
 * Ask all threads that heed this stop, or a child of it, to stop; for good.
 *
 * @param stop  borrowed.
 * @return THREADING_OK, also when it was requested before; THREADING_INVALID for NULL.
 * Ordering: synchronises with the calls that are cancelled by it and with threading_stop_requested().
 */
THREADING_API threading_status_t threading_stop_request(threading_stop_t *stop);

/** Tell whether a stop, or a parent of it, was requested or its time is over; false for NULL. */
THREADING_API bool threading_stop_requested(const threading_stop_t *stop);

/**
 * Let the calling thread heed a stop from now on, in place of the one before.
 *
 * A thread starts with the stop in its options, or with none.
 * @param stop  must live until the thread heeds another or ends; NULL for none.
 * @return the one before; NULL for none.
 */
THREADING_API threading_stop_t *threading_stop_heed(threading_stop_t *stop);

/* -------------------------------------------------------------------------------------------------
 * 18 Timer
 *
 *     threading_thread_t *timer = threading_timer_new(30.0, remind, "tea");
 *
 *   threading_timer_new     make a thread that waits, then calls a function
 *   threading_timer_cancel  cancel a timer
 */

/**
 * Make a thread that waits, then calls a function, unless it is cancelled. Python: threading.Timer(interval,
 * function).
 *
 * It is a Thread in every respect: start it, join it, free it. The time runs from its start.
 * @param seconds   how long to wait; see the conventions. A wrong one is told by threading_thread_start().
 * @param function  called in the timer's own thread, which it may end; NULL is a timer that only waits.
 * @param arg       passed to @p function.
 * @return a handle to be given back with threading_thread_free(); NULL when memory is out.
 */
THREADING_API threading_thread_t *threading_timer_new(double seconds, void (*function)(void *arg), void *arg);

/**
 * Cancel a timer. Python: Timer.cancel().
 *
 * Its function has begun before this call, or is never called. A timer that waits ends at once; one that was
 * not started ends as soon as it is. This does not wait for the end of either.
 * @param timer  borrowed.
 * @return THREADING_OK, also when it was cancelled before or its function has begun; THREADING_INVALID for
 *         NULL and for a thread that is no timer.
 */
THREADING_API threading_status_t threading_timer_cancel(threading_thread_t *timer);

/* -------------------------------------------------------------------------------------------------
 * 19 Queue
 *
 *     threading_queue_t *jobs = threading_queue_new(THREADING_QUEUE_FIFO, sizeof(struct job), 100, NULL);
 *
 * Python's queue module: threads put items and get them, each waiting for the others when the queue is full
 * or empty. Items are copied in and out by value. For `join`, the queue counts items that were put and not
 * yet reported by task_done.
 *
 *   state       put                    get
 *   open        waits while full       waits while empty
 *   shut down   SHUTDOWN               an item; SHUTDOWN when there is none
 *
 * Waiting threads are told of an item, or of room, in the order of their coming; a thread that is running may
 * be faster, and then the one that was told waits anew, behind the others.
 *
 *   threading_queue_new             make a queue
 *   threading_queue_retain          take another reference
 *   threading_queue_free            give a reference back
 *   threading_queue_set_destructor  set what is called for each item that the queue drops
 *   threading_queue_put             put an item, waiting while the queue is full
 *   threading_queue_try_put         the same without waiting
 *   threading_queue_put_timeout     the same in a limited time
 *   threading_queue_get             get an item, waiting while the queue is empty
 *   threading_queue_try_get         the same without waiting
 *   threading_queue_get_timeout     the same in a limited time
 *   threading_queue_task_done       report that the work on one item is done
 *   threading_queue_join            wait until all items that were put are reported done
 *   threading_queue_join_timeout    the same in a limited time
 *   threading_queue_size            count the items
 *   threading_queue_empty           tell whether there is no item
 *   threading_queue_full            tell whether a put would wait
 *   threading_queue_unfinished      count the items that were not yet reported done
 *   threading_queue_maxsize         give the size that makes it full
 *   threading_queue_set_maxsize     change the size that makes it full
 *   threading_queue_shutdown        shut the queue down, for good
 *   threading_queue_is_shutdown     tell whether it was shut down
 */

/** A queue: a handle that counts references. */
typedef struct threading_queue threading_queue_t;

/** Which item `get` takes. */
typedef enum threading_queue_kind {
    THREADING_QUEUE_FIFO,    /**< the oldest: queue.Queue */
    THREADING_QUEUE_LIFO,    /**< the newest: queue.LifoQueue */
    THREADING_QUEUE_PRIORITY /**< the smallest, equal ones in any order: queue.PriorityQueue */
} threading_queue_kind_t;

/**
 * Make a queue. Python: queue.Queue(maxsize) and the like.
 *
 * @param kind       which item `get` takes.
 * @param item_size  bytes of one item; 0 for a queue that only counts.
 * @param maxsize    how many items make it full; 0 for no limit but memory.
 * @param compare    for THREADING_QUEUE_PRIORITY: less than 0 when the first item comes out before the
 *                   second, as for qsort(). Called while the queue is locked, so it must not use the queue.
 *                   If it ends its thread the queue goes on: what was being put is in it, what was being got
 *                   is gone, and the order of the others is not certain any more. Else ignored.
 * @return a handle to be given back with threading_queue_free(); NULL when memory is out, for an unknown
 *         kind, or for priorities without a comparison.
 */
THREADING_API threading_queue_t *threading_queue_new(threading_queue_kind_t kind, size_t item_size,
                                                     size_t maxsize,
                                                     int (*compare)(const void *a, const void *b));

/** Take another reference. @return @p queue; NULL for NULL. */
THREADING_API threading_queue_t *threading_queue_retain(threading_queue_t *queue);

/**
 * Give a reference back. With the last one the items that are left are destroyed (see set_destructor), then
 * the queue.
 *
 * @param queue  given back; no thread may be in a call with it that holds no reference of its own. NULL does
 *               nothing.
 */
THREADING_API void threading_queue_free(threading_queue_t *queue);

/**
 * Set what is called for each item that the queue drops: at an immediate shutdown, and when it is freed.
 *
 * @param queue       borrowed.
 * @param destructor  called without the queue's lock, once for each dropped item, with a copy of it that is
 *                    valid during the call; NULL for nothing. If it ends its thread, the items behind that
 *                    one, and their memory, are lost; nobody waits for them.
 * @return THREADING_OK; THREADING_INVALID for NULL.
 */
THREADING_API threading_status_t threading_queue_set_destructor(threading_queue_t *queue,
                                                                void (*destructor)(void *item));

/**
 * Put an item, waiting while the queue is full. Python: Queue.put(item).
 *
 * @param queue  borrowed.
 * @param item   copied; may be NULL when the item size is 0.
 * @return THREADING_OK; THREADING_SHUTDOWN when the queue is shut down, before or meanwhile;
 *         THREADING_NO_MEMORY; THREADING_CANCELLED (see Stop); THREADING_INVALID for NULL. On failure nothing
 *         was put.
 * Ordering: what was done before the put happens before the return of the get that takes the item.
 * Callable: after fork, unless a vanished thread was in a call with it.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_queue_put(threading_queue_t *queue,
                                                                         const void *item);

/** The same without waiting: THREADING_FULL when the queue is full. Python: Queue.put_nowait(item). */
THREADING_NODISCARD THREADING_API threading_status_t threading_queue_try_put(threading_queue_t *queue,
                                                                             const void *item);

/** The same in a limited time, else THREADING_TIMEOUT. Python: Queue.put(item, timeout=…). */
THREADING_NODISCARD THREADING_API threading_status_t threading_queue_put_timeout(threading_queue_t *queue,
                                                                                 const void *item,
                                                                                 double seconds);

/**
 * Get an item, waiting while the queue is empty. Python: Queue.get().
 *
 * @param queue  borrowed.
 * @param item   receives the item; NULL drops it, without the destructor.
 * @return THREADING_OK; THREADING_SHUTDOWN when the queue is empty and shut down; THREADING_CANCELLED (see
 *         Stop); THREADING_INVALID for a NULL queue. On failure nothing was taken.
 * Ordering: see threading_queue_put().
 * Callable: after fork, unless a vanished thread was in a call with it.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_queue_get(threading_queue_t *queue,
                                                                         void *item);

/** The same without waiting: THREADING_EMPTY when the queue is empty. Python: Queue.get_nowait(). */
THREADING_NODISCARD THREADING_API threading_status_t threading_queue_try_get(threading_queue_t *queue,
                                                                             void *item);

/** The same in a limited time, else THREADING_TIMEOUT. Python: Queue.get(timeout=…). */
THREADING_NODISCARD THREADING_API threading_status_t threading_queue_get_timeout(threading_queue_t *queue,
                                                                                 double seconds, void *item);

/**
 * Report that the work on one item is done. Python: Queue.task_done().
 *
 * @param queue  borrowed.
 * @return THREADING_OK; THREADING_INVALID for NULL, or when it is called more often than items were put
 *         (nothing changes).
 * Ordering: synchronises with the joins that return because of it.
 */
THREADING_API threading_status_t threading_queue_task_done(threading_queue_t *queue);

/**
 * Wait until all items that were put are reported done. Python: Queue.join().
 *
 * @param queue  borrowed.
 * @return THREADING_OK; THREADING_CANCELLED (see Stop); THREADING_INVALID for NULL.
 * Ordering: what was done before the reports happens before the return.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_queue_join(threading_queue_t *queue);

/** The same in a limited time, else THREADING_TIMEOUT. */
THREADING_NODISCARD THREADING_API threading_status_t threading_queue_join_timeout(threading_queue_t *queue,
                                                                                  double seconds);

/** Count the items, a momentary answer; 0 for NULL. Python: Queue.qsize(). */
THREADING_API size_t threading_queue_size(threading_queue_t *queue);

/** Tell whether there is no item, a momentary answer; false for NULL. Python: Queue.empty(). */
THREADING_API bool threading_queue_empty(threading_queue_t *queue);

/** Tell whether a put would wait, a momentary answer; false for NULL. Python: Queue.full(). */
THREADING_API bool threading_queue_full(threading_queue_t *queue);

/** Count the items that were put and not yet reported done; 0 for NULL. Python: Queue.unfinished_tasks. */
THREADING_API size_t threading_queue_unfinished(threading_queue_t *queue);

/** Give the size that makes it full, 0 for none; 0 for NULL. Python: Queue.maxsize. */
THREADING_API size_t threading_queue_maxsize(threading_queue_t *queue);

/**
 * Change the size that makes it full. Python: Queue.maxsize = ….
 *
 * @param queue    borrowed. It may hold more than that; then it is full until enough were taken.
 * @param maxsize  0 for no limit.
 * @return THREADING_OK; THREADING_INVALID for NULL.
 */
THREADING_API threading_status_t threading_queue_set_maxsize(threading_queue_t *queue, size_t maxsize);

/**
 * Shut the queue down, for good. Python 3.13: Queue.shutdown(immediate).
 *
 * From now on put gives THREADING_SHUTDOWN, and get does when the queue is empty; threads that wait for
 * either are told so.
 * @param queue      borrowed.
 * @param immediate  also drop all items: each counts as done and goes to the destructor, before this returns.
 *                   Joins go on unless items that were taken are still to be reported.
 * @return THREADING_OK, also when it was shut down before; THREADING_INVALID for NULL.
 */
THREADING_API threading_status_t threading_queue_shutdown(threading_queue_t *queue, bool immediate);

/** Tell whether it was shut down; false for NULL. Python: Queue.is_shutdown. */
THREADING_API bool threading_queue_is_shutdown(threading_queue_t *queue);

/* -------------------------------------------------------------------------------------------------
 * 20 Future
 *
 *   state      result                cancel  start       set_result, set_error
 *   pending    waits                 OK      OK          OK
 *   running    waits                 BUSY    INVALID     OK
 *   cancelled  CANCELLED             OK      CANCELLED*  INVALID
 *   finished   OK, or the error      BUSY    INVALID     INVALID
 *
 * (* the first time; INVALID afterwards.) `done` is true of the last two states, `running` and `cancelled` of
 * theirs. A future comes from an executor, or from threading_future_new() for work that is done elsewhere. A
 * cancelled one is done at once, for every kind of wait (CPython's may wait for ever).
 *
 *   threading_future_new                make a pending future of one's own
 *   threading_future_retain             take another reference
 *   threading_future_free               give a reference back
 *   threading_future_result             wait until a future is done, and give its value
 *   threading_future_result_timeout     the same in a limited time
 *   threading_future_cancel             cancel a future that has not begun
 *   threading_future_cancelled          tell whether it was cancelled
 *   threading_future_running            tell whether it runs
 *   threading_future_done               tell whether it was cancelled or finished
 *   threading_future_add_done_callback  have a function called when the future is done
 *   threading_future_start              let a future of one's own run
 *   threading_future_set_result         finish a future with a value
 *   threading_future_set_error          finish a future with a failure
 *   threading_wait                      wait for several futures
 *   threading_as_completed              begin to take futures in the order of their completion
 *   threading_completed_next            wait for the next one to be done
 *   threading_completed_free            end that
 */

/** What will be the result of a task: a handle that counts references. */
typedef struct threading_future threading_future_t;

/** Make a pending future of one's own. @return a handle; NULL when memory is out. Python: Future(). */
THREADING_API threading_future_t *threading_future_new(void);

/** Take another reference. @return @p future; NULL for NULL. */
THREADING_API threading_future_t *threading_future_retain(threading_future_t *future);

/** Give a reference back; the task, if there is one, is not affected. NULL does nothing. */
THREADING_API void threading_future_free(threading_future_t *future);

/**
 * Wait until a future is done, and give its value. Python: Future.result().
 *
 * In a thread of an executor, a task of the same executor that has not begun is run here and now instead of
 * being waited for, so that tasks can wait for tasks whatever the number of threads: see Executor for what
 * that means to the two tasks.
 * @param future  borrowed.
 * @param value   receives what the task returned; may be NULL.
 * @return THREADING_OK; THREADING_CANCELLED when it was cancelled, or the wait was (see Stop); the status
 *         that it was finished with by threading_future_set_error(); THREADING_BROKEN when its executor
 *         broke, or when the task has ended its thread in the platform's own way; THREADING_DEADLOCK for the
 *         future of the task that is running in the calling thread; THREADING_INVALID for NULL.
 * Ordering: all that the task did happens before the return.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_future_result(threading_future_t *future,
                                                                             void **value);

/** The same in a limited time, else THREADING_TIMEOUT; only waits. Python: Future.result(timeout). */
THREADING_NODISCARD THREADING_API threading_status_t
threading_future_result_timeout(threading_future_t *future, double seconds, void **value);

/**
 * Cancel a future that has not begun. Python: Future.cancel().
 *
 * @param future  borrowed.
 * @return THREADING_OK when it is cancelled, now or before; THREADING_BUSY when it runs or is finished;
 *         THREADING_INVALID for NULL.
 */
THREADING_API threading_status_t threading_future_cancel(threading_future_t *future);

/** Tell whether it was cancelled; false for NULL. Python: Future.cancelled(). */
THREADING_API bool threading_future_cancelled(const threading_future_t *future);

/** Tell whether it runs; false for NULL. Python: Future.running(). */
THREADING_API bool threading_future_running(const threading_future_t *future);

/** Tell whether it was cancelled or finished; false for NULL. True orders as a result does. Python:
 * Future.done(). */
THREADING_API bool threading_future_done(const threading_future_t *future);

/**
 * Have a function called when the future is done. Python: Future.add_done_callback(fn).
 *
 * Callbacks are called once each, in the order in which they were added, by the thread that finishes or
 * cancels the future, after those who wait were woken; or at once, by this call, when it is done already.
 * They may do with the future what they like. threading_exit() ends the callback only (in main it exits the
 * process); one that ends its thread in the platform's own way leaves those behind it uncalled, and tasks
 * that a shutdown was just cancelling in that thread without an end.
 * @param future    borrowed; lives at least until the callback returns.
 * @param callback  called with the future and @p arg.
 * @param arg       passed to @p callback.
 * @return THREADING_OK; THREADING_NO_MEMORY; THREADING_INVALID for a NULL future or callback.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_future_add_done_callback(
    threading_future_t *future, void (*callback)(threading_future_t *future, void *arg), void *arg);

/**
 * Let a pending future run: the promise's side. Python: Future.set_running_or_notify_cancel().
 *
 * @param future  borrowed.
 * @return THREADING_OK, it runs; THREADING_CANCELLED when it was cancelled, the first time; THREADING_INVALID
 *         else.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_future_start(threading_future_t *future);

/**
 * Finish a future with a value. Python: Future.set_result(value).
 *
 * @param future  borrowed; pending or running, not an executor's.
 * @param value   for threading_future_result().
 * @return THREADING_OK; THREADING_INVALID for NULL, or when it is done or an executor's.
 * Ordering: what was done before happens before a result's return.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_future_set_result(threading_future_t *future,
                                                                                 void *value);

/** Finish a future with a failure: @p status, not THREADING_OK, for threading_future_result(). Python:
 * set_exception(). */
THREADING_NODISCARD THREADING_API threading_status_t threading_future_set_error(threading_future_t *future,
                                                                                threading_status_t status);

/** What threading_wait() waits for. */
typedef enum threading_when {
    THREADING_ALL_COMPLETED,   /**< until all are done */
    THREADING_FIRST_COMPLETED, /**< until one is done */
    THREADING_FIRST_EXCEPTION  /**< until one has failed (a cancelled one has not), or all are done */
} threading_when_t;

/**
 * Wait for several futures. Python: concurrent.futures.wait(futures, timeout, return_when).
 *
 * As threading_future_result() does, an untimed wait for all in a thread of an executor runs tasks that
 * have not begun. A wait for the first future only waits, as in Python: a task that it ran might last
 * longer than that future's. So in a pool whose threads all wait for the first of tasks that have not
 * begun, it lasts for ever.
 * @param futures  borrowed; one may be there more than once. May be NULL when @p count is 0.
 * @param count    how many; with 0 the wait is over at once.
 * @param seconds  how long at most; see the conventions.
 * @param when     what to wait for.
 * @param done     receives the number of entries that are done, whatever the status but for wrong arguments.
 *                 May be NULL.
 * @return THREADING_OK; THREADING_TIMEOUT; THREADING_CANCELLED (see Stop); THREADING_NO_MEMORY;
 *         THREADING_INVALID and THREADING_OVERFLOW for the time; THREADING_INVALID for a NULL array or entry,
 *         or an unknown @p when.
 * Ordering: all that the tasks that are done did happens before the return.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_wait(threading_future_t *const *futures,
                                                                    size_t count, double seconds,
                                                                    threading_when_t when, size_t *done);

/** The futures of a set as they are done, one after the other. */
typedef struct threading_completed threading_completed_t;

/**
 * Begin to take futures in the order of their completion. Python: concurrent.futures.as_completed(futures,
 * timeout).
 *
 * @param futures  each is retained; one that is there more than once counts once. May be NULL when @p count
 *                 is 0.
 * @param count    how many.
 * @param seconds  the time for all of them together, from now; see the conventions.
 * @return a handle, for one thread at a time, to be given back with threading_completed_free(); NULL when
 *         memory is out, for a NULL array or entry, or a wrong time.
 */
THREADING_API threading_completed_t *threading_as_completed(threading_future_t *const *futures, size_t count,
                                                            double seconds);

/**
 * Wait for the next future to be done: those that are done first, in the order in which they were. It only
 * waits, as threading_wait() for the first one does.
 *
 * @param completed  borrowed.
 * @param future     receives the future, borrowed until threading_completed_free(); may be NULL.
 * @return THREADING_OK; THREADING_EMPTY after the last; THREADING_TIMEOUT when the time is over;
 *         THREADING_CANCELLED (see Stop); THREADING_INVALID for NULL.
 * Ordering: all that the task did happens before the return.
 */
THREADING_NODISCARD THREADING_API threading_status_t
threading_completed_next(threading_completed_t *completed, threading_future_t **future);

/** Give it back, at any time; the futures that were not taken go on. NULL does nothing. */
THREADING_API void threading_completed_free(threading_completed_t *completed);

/* -------------------------------------------------------------------------------------------------
 * 21 Executor
 *
 *     threading_executor_t *pool = threading_executor_new(4, NULL);
 *     threading_future_t *answer;
 *     if (threading_executor_submit(pool, compute, &question, &answer) == THREADING_OK) …
 *
 * Python's ThreadPoolExecutor. Threads are started when tasks come and none is idle, up to a number.
 * Tasks begin in the order of their submission. Once all threads are started, a task that another task
 * submits waits in that thread's own list: it begins there in its order, or in an idle thread. No task waits
 * for ever because others come. A task that ends by
 * threading_exit() finishes its future with that value, and its thread goes on. One that ends its thread
 * in the platform's own way (pthread_exit) breaks the executor, as a process that dies breaks Python's
 * ProcessPoolExecutor: its future and all tasks that have not begun end with THREADING_BROKEN, those that
 * run go on to their end, and no further ones are taken.
 *
 * A task that waits without a limit for the result of another one of its pool, for all of several or for a
 * map's items helps: it runs those that have not begun, on its own stack and in its own thread. To such a
 * task the thread's locals are the waiter's, and the waiter's plain Locks, Semaphores and read RWLocks stay
 * held: a task that wants them waits for ever. With an RLock held, an RWLock held for writing,
 * or inside a Once a task does not help but waits, so that no other one is let into what it protects; then a
 * thread that is free has to run what is waited for.
 *
 * A bounded pool (`max_pending`) makes a submitter wait when the pool is slower. At most so many tasks wait
 * in its queue. A task leaves the queue when it begins; one that was cancelled, or that a waiter has run,
 * leaves when a thread finds it. While the queue is full threading_executor_submit() waits until a task
 * begins, and threading_executor_try_submit() gives THREADING_BUSY. A submit in one of the pool's own
 * threads never waits, since it would wait for itself: its task goes beyond the bound, and so tasks that
 * find more tasks are not bounded. A map goes beyond it too, with no more than one entry for each thread of
 * the pool. Waiting submitters are woken in order; a new submitter may still be faster. Two bounded pools
 * whose tasks submit to each other can wait for each other for ever.
 *
 * After a request of a pool's `stop` its tasks begin as ever, and each wait in them that heeds stops (section
 * 17) ends with THREADING_CANCELLED, or does not begin: the task decides what to do then. A task that heeds
 * another stop does so until its end; a stop that an initializer heeds holds for all tasks of its thread. A
 * thread that is idle waits for tasks as before. To have those that are queued not run at all, shut the pool
 * down with `cancel_futures`.
 *
 * On Linux a pool's threads have the priority of the thread whose submit has started them: let the first
 * tasks come from a thread of the usual priority, or have the initializer set one.
 *
 * When the process exits, or by threading_shutdown(), all executors are shut down: their queued tasks are run
 * and their threads joined, daemons or not. In a forked child the executors of the parent are broken.
 *
 *   threading_executor_new          make an executor
 *   threading_executor_workers      tell how many threads it has at most
 *   threading_executor_retain       take another reference
 *   threading_executor_free         give a reference back
 *   threading_executor_submit       have a function called by one of the threads
 *   threading_executor_try_submit   the same without waiting for room
 *   threading_executor_map          call a function for each of many arguments, and wait for all
 *   threading_executor_map_timeout  the same for a limited time
 *   threading_executor_for          run a loop over indices on all cores
 *   threading_executor_shutdown     take no more tasks
 */

/** A pool of threads: a handle that counts references. */
typedef struct threading_executor threading_executor_t;

/** Keyword arguments of a new executor; all zero is the default of everything. */
typedef struct threading_executor_options {
    const char *name; /**< copied: what the names of the threads begin with, before _0, _1, …;
                                         NULL or "" for ThreadPoolExecutor-0, -1, … */
    bool (*initializer)(
        void *arg);        /**< called by each thread before its first task; false breaks the executor,
                                          and so does ending the thread */
    void *initializer_arg; /**< passed to `initializer` */
    size_t stack_size;     /**< bytes, at least 32768; 0 for threading_get_stack_size() */
    int daemon;            /**< THREADING_INHERIT from the thread that submits, or as for a Thread */
    size_t max_pending;    /**< how many tasks may wait for a thread before a submit waits; 0: no bound */
    struct threading_stop
        *stop; /**< heeded by its threads from their start (section 17), so by all waits in its tasks; must
                                live until they have ended; NULL for none */
    uintptr_t reserved[2]; /**< zero */
} threading_executor_options_t;

/**
 * Make an executor. Python: ThreadPoolExecutor(max_workers, …).
 *
 * @param max_workers  how many threads at most; 0 for as many as can run at once when the executor is made:
 *                     threading_available_parallelism(). Tasks that wait a lot, for input, may want more.
 * @param options      read before the return; NULL for the defaults. A wrong value is told by `submit`.
 * @return a handle to be given back with threading_executor_free(); NULL when memory is out.
 */
THREADING_API threading_executor_t *threading_executor_new(size_t max_workers,
                                                           const threading_executor_options_t *options);

/** How many threads it has at most, as chosen when it was made, started or not. @return that; 0 for NULL. */
THREADING_API size_t threading_executor_workers(const threading_executor_t *executor);

/** Take another reference. @return @p executor; NULL for NULL. */
THREADING_API threading_executor_t *threading_executor_retain(threading_executor_t *executor);

/**
 * Give a reference back. The last one shuts the executor down without waiting: tasks that are queued are
 * still run.
 *
 * @param executor  given back; NULL does nothing. A task may do it too.
 */
THREADING_API void threading_executor_free(threading_executor_t *executor);

/**
 * Have a function called by one of the threads. Python: Executor.submit(fn, arg).
 *
 * @param executor  borrowed.
 * @param function  the task.
 * @param arg       passed to @p function; must live until the task is done.
 * @param future    receives a handle to be given back with threading_future_free(); NULL when nobody wants
 *                  the result.
 * @return THREADING_OK; THREADING_SHUTDOWN after a shutdown, also by the process's exit; THREADING_BROKEN
 *         when an initializer failed, when a task has ended its thread in the platform's own way, or in a
 *         forked child; both also when that happens while this call waits for room; THREADING_CANCELLED from
 *         that wait when the calling thread's stop is requested; THREADING_NO_MEMORY; what
 *         threading_thread_start() gives when there is no thread yet and none can be started;
 *         THREADING_INVALID for NULL. On failure nothing was queued, and @p future is as before.
 * Ordering: what happens before the call happens before the task.
 * Callable: in a task too; after fork with new executors only.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_executor_submit(threading_executor_t *executor,
                                                                               threading_target_t function,
                                                                               void *arg,
                                                                               threading_future_t **future);

/**
 * The same without waiting for room. In a thread of the same pool too it answers that there is none; there
 * the tasks that wait with that thread count as well.
 * @return as threading_executor_submit(), but never THREADING_CANCELLED; THREADING_BUSY when `max_pending`
 *         tasks wait. Without a bound there is always room.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_executor_try_submit(
    threading_executor_t *executor, threading_target_t function, void *arg, threading_future_t **future);

/**
 * Call a function for each of many arguments, and wait for all. Python: Executor.map(fn, items).
 *
 * All are submitted at once, and begin in their order; in a thread of the same executor, this call runs those
 * that have not begun itself.
 * @param executor  borrowed.
 * @param function  the task.
 * @param items     the arguments.
 * @param count     how many.
 * @param results   receives what the calls returned, in the order of @p items; may be NULL.
 * @return THREADING_OK; else the first failure in the order of @p items, as of submit or a future's result.
 *         Then those that have not begun are cancelled, and @p results holds what came before the failure;
 *         the call returns when none runs any more. THREADING_INVALID for NULL (items may be NULL when @p
 *         count is 0).
 * Ordering: as submit and result.
 * Callable: in a task too; after fork with new executors only.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_executor_map(threading_executor_t *executor,
                                                                            threading_target_t function,
                                                                            void *const *items, size_t count,
                                                                            void **results);

/**
 * The same for a limited time. Python: Executor.map(fn, items, timeout=seconds).
 *
 * In a thread of the same executor this call runs no item itself, as no wait with a limit does: in a pool
 * whose threads are all busy no item begins.
 * @param executor  borrowed.
 * @param function  the task.
 * @param items     the arguments.
 * @param count     how many.
 * @param results   receives what the calls returned; may be NULL.
 * @param seconds   from the call on; 0 submits all, looks once and cancels; THREADING_FOREVER is
 *                  threading_executor_map().
 * @return as threading_executor_map(); THREADING_TIMEOUT when the results are not all there after that
 *         time. It is a failure as any: the call lasts until no item runs any more. THREADING_INVALID and
 *         THREADING_OVERFLOW for a bad @p seconds.
 */
THREADING_NODISCARD THREADING_API threading_status_t
threading_executor_map_timeout(threading_executor_t *executor, threading_target_t function,
                               void *const *items, size_t count, void **results, double seconds);

/**
 * Run a loop over indices on all cores.
 *
 *     if (threading_executor_for(pool, 0, 1000, 0, sum_rows, rows) == THREADING_OK) …
 *
 * The range is split into pieces, and the function is called for each, in any order, by this thread and by
 * threads of the executor, together no more than could run at once when the executor was made
 * (threading_available_parallelism()). A thread that is done takes from the others, and the pieces get
 * smaller towards the end, so that items may take times that differ. When no other thread can be had, this
 * one runs all. Loops nest: a piece may call this again, on the same executor too. In all pieces waits heed
 * the stop that this thread heeds; if it heeds none, those in threads of the executor heed the executor's. A
 * piece that ends by threading_exit() ends only itself, but in main it ends
 * the process.
 * @param executor  borrowed.
 * @param begin     the first index.
 * @param end       the one behind the last.
 * @param grain     how many indices a piece has at least, if there are so many; 0 for a number that suits
 *                  most loops: a 256th of a thread's share, and at least one. A larger one helps where the
 *                  function's own beginning is dear.
 * @param function  called with the first index of a piece and the one behind its last.
 * @param arg       passed to @p function.
 * @return THREADING_OK when all pieces were run; THREADING_CANCELLED when the stop that a thread heeds was
 *         requested while there were pieces left: those are not run; THREADING_SHUTDOWN and
 *         THREADING_BROKEN as of submit, and then no piece was run; THREADING_BROKEN also when a piece has
 *         ended its thread in the platform's own way, or in a child that a piece has forked;
 *         THREADING_DEADLOCK when a piece, heeding no stop, waits for this thread, and goes on;
 *         THREADING_NO_MEMORY; THREADING_INVALID for NULL, or when @p begin is behind
 *         @p end. But for DEADLOCK no piece runs any more after the return.
 * Ordering: what happens before the call happens before each piece; all pieces happen before the return.
 * Callable: in a task too; after fork with new executors only.
 */
THREADING_NODISCARD THREADING_API threading_status_t
threading_executor_for(threading_executor_t *executor, size_t begin, size_t end, size_t grain,
                       void (*function)(size_t begin, size_t end, void *arg), void *arg);

/**
 * Take no more tasks. Python: Executor.shutdown(wait, cancel_futures).
 *
 * Tasks that are queued are still run, unless they are cancelled here.
 * @param executor        borrowed.
 * @param wait            wait until all threads have ended.
 * @param cancel_futures  cancel all tasks that have not begun.
 * @return THREADING_OK, also when it was shut down before; THREADING_FINALIZING for a @p wait for a thread
 *         that can no longer end, as for threading_thread_join(); THREADING_DEADLOCK for a @p wait in one of
 *         its own threads, or that could never end for another reason (it is shut down, but not waited for);
 *         THREADING_INVALID for NULL.
 * Ordering: with @p wait, all that the tasks did happens before the return.
 */
THREADING_API threading_status_t threading_executor_shutdown(threading_executor_t *executor, bool wait,
                                                             bool cancel_futures);

/* -------------------------------------------------------------------------------------------------
 * 22 Group
 *
 *     threading_group_t group = THREADING_GROUP_INIT;     // a thread for each task; or on an executor
 *     threading_status_t status = threading_group_run(&group, fetch, &question);
 *     if (status == THREADING_OK)
 *         status = threading_group_run(&group, fetch, &n);
 *     if (threading_group_wait(&group) == THREADING_OK)   // both are over, and none has failed
 *         …
 *
 * Tasks that end together, as those of Python's asyncio.TaskGroup: work that was started has an owner, which
 * waits for it. A task returns a status. The first one that is not THREADING_OK stops the group: every wait
 * in its tasks, which heed the group's stop from their beginning, ends with THREADING_CANCELLED. A task
 * that computes may ask threading_stop_requested(&group.stop); a task may run further ones in its group, or
 * have a group of its own. A task that ends by threading_exit() has succeeded; one that ends its thread in
 * the platform's own way has failed with THREADING_BROKEN, and its executor is broken.
 *
 * Each group is waited for before its memory goes, also when all of its tasks are known to be over: the wait
 * joins their threads and frees what they used. THREADING_WITH_GROUP(&group) waits at the end of its body; it
 * stops nothing when the body is left early, so stop the group first. In a forked child a group that was
 * used in the parent has to be made anew.
 *
 * The tasks of a group on an executor heed the group's stop, and by it the executor's `stop`. On a bounded
 * pool threading_group_run() waits for room, but not in a task of the same pool (section 21).
 *
 * Before its first task a group's stop may be made a child of another one, or be given a time:
 * `threading_stop_init_child(&group.stop, &stop, 5.0)`. It stays so. The group's tasks then heed the
 * executor's stop no more, unless that is the parent.
 *
 *   threading_group_init          make memory a group without tasks
 *   threading_group_run           start a task in a group
 *   threading_group_wait          wait until all its tasks are over
 *   threading_group_wait_timeout  the same for a limited time
 *   threading_group_stop          ask all its tasks to stop
 */

struct threading_member;

/** Tasks that end together. All-zero memory is a group without an executor. */
typedef struct threading_group {
    threading_stop_t stop; /**< what its tasks heed; for threading_stop_requested(), and as a parent */
    threading_executor_t *executor; /* private, as the rest */
    struct threading_member *first; /* tasks that are not over */
    struct threading_member *last;
    struct threading_member *ended; /* those whose threads have not been joined */
    uint32_t lock;                  /* protects the lists and `is_over` */
    uint32_t status;                /* of the first failure */
    uint32_t family;                /* the process whose tasks it has */
    bool is_over;                   /* it was waited for */
} threading_group_t;

/** A group without an executor. */
/* clang-format off */
#define THREADING_GROUP_INIT {{0, 0, NULL, 0}, NULL, NULL, NULL, NULL, 0, 0, 0, false}
/* clang-format on */

/**
 * Make memory a group without tasks.
 *
 * @param group     not in use.
 * @param executor  runs the tasks; borrowed as long as the group is used. NULL for a thread of its own for
 *                  each task, which is a daemon if the thread that runs it is.
 * @return THREADING_OK; THREADING_INVALID for a NULL group.
 */
THREADING_API threading_status_t threading_group_init(threading_group_t *group,
                                                      threading_executor_t *executor);

/**
 * Start a task in a group. Python: TaskGroup.create_task().
 *
 * Any thread may do it, also while another one waits for the group. May wait a moment for the end of a thread
 * whose task is over, and for room in a bounded pool.
 * @param group     borrowed.
 * @param function  the task; returns what it has come to.
 * @param arg       passed to @p function.
 * @return THREADING_OK; THREADING_CANCELLED after a failure or a stop, until the next wait, and when the
 *         calling thread's own stop was requested while it waited for room; as threading_executor_submit()
 *         or threading_thread_start(); THREADING_BROKEN also in a forked child when the group was used in
 *         its parent; THREADING_NO_MEMORY; THREADING_INVALID for NULL. On failure nothing was started, and
 *         the group goes on.
 * Ordering: what happens before the call happens before the task.
 * Callable: in a task of the group too.
 */
THREADING_NODISCARD THREADING_API threading_status_t
threading_group_run(threading_group_t *group, threading_status_t (*function)(void *arg), void *arg);

/**
 * Wait until all tasks of a group are over, those that they have run in it too. Python:
 * TaskGroup.__aexit__().
 *
 * With the return the group is ready for use again, and not stopped. Until the next run, each further wait
 * gives the same status. If the waiting thread's own stop is requested, the wait stops the group, and lasts
 * until its tasks are over. In a thread of the group's executor this call runs tasks that have not begun
 * itself, under the same rules as threading_future_result(): not with a limit, for one.
 * @param group  borrowed.
 * @return the status of the first failure of a task; THREADING_OK when none has failed, or there was none;
 *         THREADING_CANCELLED when none has failed and this thread was told to stop, when a task has given
 *         it, or when the executor was shut down and has cancelled a task. A stop is no failure by itself:
 *         tasks that end well after it give THREADING_OK. While tasks go on: THREADING_DEADLOCK in one of
 *         the group's own tasks, or when a task that heeds no stop waits for this thread;
 *         THREADING_FINALIZING when a daemon's task can no longer end, as for threading_thread_join();
 *         THREADING_BROKEN in a forked child, as for a run; THREADING_INVALID for NULL.
 * Ordering: all that the tasks did happens before the return.
 */
THREADING_API threading_status_t threading_group_wait(threading_group_t *group);

/** threading_group_wait() with a limit: THREADING_TIMEOUT when tasks go on after so many seconds. Nothing is
 * stopped by that: call threading_group_stop() for it. The wait after that lasts as long as a task that
 * ignores the stop. A task's own THREADING_TIMEOUT cannot be told from this one: return another status. */
THREADING_NODISCARD THREADING_API threading_status_t threading_group_wait_timeout(threading_group_t *group,
                                                                                  double seconds);

/**
 * Ask all tasks of a group to stop: waits in them end with THREADING_CANCELLED.
 *
 * Tasks that are queued still begin. No further ones can be run until the group was waited for.
 * @param group  borrowed.
 * @return THREADING_OK, also when it was stopped before; THREADING_INVALID for NULL.
 */
THREADING_API threading_status_t threading_group_stop(threading_group_t *group);

/* -------------------------------------------------------------------------------------------------
 * 23 Waiting for any of several things
 *
 *     threading_source_t sources[] = {THREADING_SOURCE_QUEUE(jobs), THREADING_SOURCE_EVENT(&quit)};
 *     size_t which;
 *     if (threading_wait_any(sources, 2, THREADING_FOREVER, &which) == THREADING_OK) …
 *
 * Nothing is taken: the thread tries afterwards (try_get, try_acquire, …) and may find that another thread
 * was faster.
 *
 *   THREADING_SOURCE_THREAD             a thread, by its handle
 *   THREADING_SOURCE_EVENT              an Event, by address
 *   THREADING_SOURCE_SEMAPHORE          a Semaphore, by address
 *   THREADING_SOURCE_BOUNDED_SEMAPHORE  a BoundedSemaphore, by address
 *   THREADING_SOURCE_QUEUE              a queue, by its handle
 *   THREADING_SOURCE_FUTURE             a future, by its handle
 *   threading_wait_any                  wait until one of several things is ready
 */

/** What a source is. */
typedef enum threading_source_kind {
    THREADING_SOURCE_KIND_THREAD = 1,        /**< ready when it has ended */
    THREADING_SOURCE_KIND_EVENT,             /**< ready while it is set */
    THREADING_SOURCE_KIND_SEMAPHORE,         /**< ready while its value is not 0 */
    THREADING_SOURCE_KIND_BOUNDED_SEMAPHORE, /**< the same */
    THREADING_SOURCE_KIND_QUEUE,             /**< ready while it has an item or is shut down */
    THREADING_SOURCE_KIND_FUTURE             /**< ready when it is done */
} threading_source_kind_t;

/** One thing to wait for. The array belongs to the wait until it returns. */
typedef struct threading_source {
    threading_source_kind_t kind; /**< what `object` points to */
    void *object;                 /**< borrowed */
    struct threading_waiter {     /* private: where the thread stands in line, so that nothing is allocated */
        struct threading_waiter *next;
        struct threading_waiter *previous;
        uintptr_t address;
        void *self;
        int64_t since;
        uint32_t woken;
        uint16_t kind;
        uint16_t wants;
    } waiter;
} threading_source_t;

#define THREADING_SOURCE_(kind, object)     \
    {                                       \
        (kind), (object),                   \
        {                                   \
            NULL, NULL, 0, NULL, 0, 0, 0, 0 \
        }                                   \
    }
/** A thread, by its handle. */
#define THREADING_SOURCE_THREAD(thread) THREADING_SOURCE_(THREADING_SOURCE_KIND_THREAD, thread)
/** An Event, by address. */
#define THREADING_SOURCE_EVENT(event) THREADING_SOURCE_(THREADING_SOURCE_KIND_EVENT, event)
/** A Semaphore, by address. */
#define THREADING_SOURCE_SEMAPHORE(semaphore) THREADING_SOURCE_(THREADING_SOURCE_KIND_SEMAPHORE, semaphore)
/** A BoundedSemaphore, by address. */
#define THREADING_SOURCE_BOUNDED_SEMAPHORE(semaphore) \
    THREADING_SOURCE_(THREADING_SOURCE_KIND_BOUNDED_SEMAPHORE, semaphore)
/** A queue, by its handle. */
#define THREADING_SOURCE_QUEUE(queue) THREADING_SOURCE_(THREADING_SOURCE_KIND_QUEUE, queue)
/** A future, by its handle. */
#define THREADING_SOURCE_FUTURE(future) THREADING_SOURCE_(THREADING_SOURCE_KIND_FUTURE, future)

/**
 * Wait until one of several things is ready.
 *
 * @param sources  borrowed, and written to; not used by another thread meanwhile.
 * @param count    at least 1.
 * @param seconds  one limit for all; see the conventions. 0 only looks.
 * @param index    receives which one is ready, the first in the array if several are; may be NULL.
 * @return THREADING_OK; THREADING_TIMEOUT; THREADING_DEADLOCK when the calling thread waits without a limit
 *         for its own end and nothing else; THREADING_FINALIZING when all are threads that can no longer
 *         end, as for threading_thread_join(); THREADING_CANCELLED (see Stop); THREADING_INVALID for NULL, no
 *         sources, an unknown kind or a NULL object; THREADING_INVALID and THREADING_OVERFLOW for the time.
 * Ordering: as the wait for that one thing.
 */
THREADING_NODISCARD THREADING_API threading_status_t threading_wait_any(threading_source_t *sources,
                                                                        size_t count, double seconds,
                                                                        size_t *index);

/* -------------------------------------------------------------------------------------------------
 * 24 Diagnosis
 *
 * What every thread waits for, who has it, and what it costs; in any build, without a rebuild. Nothing here
 * costs a call that need not wait anything. A program that was not written for it is asked by the
 * environment variable THREADING_DEBUG, which is read once, when the first thread becomes known, and never in
 * a process with raised privileges. What is misused or allocated before is not told, and does not count. It
 * is a list of words, with commas between:
 *
 *   dump=SECONDS       dump all threads when one has waited for longer than that; once for each wait
 *   dump=signal        dump all threads on SIGQUIT (Ctrl-\), on Windows on Ctrl-Break
 *   deadlock           tell each THREADING_DEADLOCK with its ring
 *   misuse             tell each call that was misused, as threading_set_misuse_handler() does
 *   order              tell each pair of locks that were taken in both orders, though nothing hangs yet
 *   profile[=FILE]     threading_profile_write() at the end of the process
 *   trace=FILE         threading_trace_write() at the end of the process
 *   fault=memory:N     the N-th allocation of the library's fails; 1/N: one in N, by a seed that is printed
 *   fault=thread:N     the N-th start of a thread fails; 1/N likewise
 *   help               this list
 *
 * Text goes to standard error, or to the FILE. An unknown word is told once, with the list. A forked child
 * goes on with all but `profile` and `trace`, which its parent writes; `dump` watches it from the first
 * thread on that it starts.
 *
 * `order` looks at Lock, RLock and RWLock, whichever threads take them, one thread alone included. Two locks
 * that are taken in both orders are told once, and so are more that make a ring: which threads, which locks,
 * where each was taken, before the call that closes the ring waits. Tries, waits with a limit and what a
 * condition's wait acquires again add no order. It may tell of what cannot hang: of locks that are only ever
 * taken while a third one is held; of a Lock that is used as a signal; of memory that was one lock, and is
 * another one after it was filled with zeros. threading_lock_init() and its like make a new lock of it. While
 * it looks, a lock costs some microseconds.
 *
 * Where the library was built with THREADING_NO_DIAGNOSIS all calls here answer THREADING_UNSUPPORTED, and
 * threading_object_name() 0.
 *
 *   threading_dump                  tell what every thread does, waits for and has
 *   threading_object_set_name       give an object a name for the texts of this section
 *   threading_object_name           get an object's name
 *   threading_set_deadlock_handler  have every THREADING_DEADLOCK told
 *   threading_set_misuse_handler    have every misuse told
 *   threading_profile_start         begin to count who waits for what, anew
 *   threading_profile_stop          stop counting; what was counted stays
 *   threading_profile_write         write what was counted as two tables
 *   threading_trace_start           begin to record who waits for what, anew
 *   threading_trace_stop            stop recording; what was recorded stays
 *   threading_trace_write           write what was recorded, for Perfetto
 */

/** Receives text, in pieces of whole lines. It may call the library, but no dump from within a dump. It
 * returns: one that leaves by a jump, or ends its thread, has all later dumps refused. */
typedef void (*threading_write_t)(void *context, const char *text, size_t length);

/**
 * Tell what every thread does: its name, ident and native id, since when it lives, what it waits for, for how
 * long and for how much longer, who has that, and which locks it holds as far as they are known: those that
 * others wait for, and RWLocks that it reads. Then each ring of threads that wait for each other, as a
 * "deadlock" if its waits can never end, as a "possible deadlock" if a plain Lock is in it, which any thread
 * may release, or a wait with a limit. Java's jstack.
 *
 * It allocates nothing, waits for no lock of the user's and for the library's own only for a moment: it works
 * while all other threads are stuck, and when a debugger calls it. Each line is true for some moment during
 * the call. A thread that is not in a wait may look at what it waits for first, and then counts as running.
 *
 * @param write    called in this thread, while nothing of the library's is locked.
 * @param context  passed to @p write.
 * @return THREADING_OK; THREADING_INVALID for NULL; THREADING_BUSY when another dump is under way, or when
 *         something of the library's own stayed locked: the text says what could not be looked at;
 *         THREADING_UNSUPPORTED.
 * Callable: from a thread that the library does not know, too, which stays unknown; not from a signal
 * handler.
 */
THREADING_API threading_status_t threading_dump(threading_write_t write, void *context);

/**
 * Give an object a name for the texts of this section.
 *
 * @param object  the address of any object of the library's, or a handle. Nothing of it is touched.
 * @param name    copied; NULL or "" takes the name away, which the user does before the memory is something
 *                else.
 * @return THREADING_OK; THREADING_NO_MEMORY, when the name is as before; THREADING_INVALID for a NULL object;
 *         THREADING_UNSUPPORTED.
 */
THREADING_API threading_status_t threading_object_set_name(const void *object, const char *name);

/**
 * Get an object's name.
 *
 * @param object  as above.
 * @param buffer  receives as much of the name as fits, and a 0; may be NULL if @p size is 0.
 * @param size    bytes of @p buffer.
 * @return the length of the whole name in bytes; 0 when the object has none, and for NULL.
 */
THREADING_API size_t threading_object_name(const void *object, char *buffer, size_t size);

/**
 * One thread of a ring, and what it waits for, which the next one has; the last one waits for the first.
 *
 * Of an RLock of a Condition's own the Condition is told; a map is told by its executor. All texts stay as
 * they are during the handler's call, `kind` for ever. Names of objects are cut after 95 bytes, of rings of
 * more than 20 threads perhaps earlier, but never before 31.
 */
typedef struct threading_deadlock {
    threading_thread_t *thread; /**< borrowed for the handler's call; NULL for a foreign thread without one */
    const char *thread_name;    /**< never NULL */
    const void *object;         /**< the address or handle of what it waits for */
    const char *object_name;    /**< "" for none */
    const char *kind; /**< "RLock", "Thread", "RLock of Condition", "Once", "Future", "RWLock", "Executor" or
                                 "Barrier" */
    uint32_t ident;   /**< of the thread, also of a foreign one */
} threading_deadlock_t;

/**
 * Told of a wait that is refused, in the thread that is told THREADING_DEADLOCK when the handler returns.
 *
 * Nothing of the library's is locked; the thread has what it had when it began to wait. The handler may call
 * the library, threading_dump() too, and returns. Of what it does itself no handler is told.
 */
typedef void (*threading_deadlock_handler_t)(const threading_deadlock_t *links, size_t count, void *arg);

/**
 * Have every THREADING_DEADLOCK told.
 *
 * @param handler  called with the ring, this thread's link first. A ring of one is a thread that waits for
 *                 itself, or for what a thread that has ended will never give: for a Barrier in its action,
 *                 for an Executor's end in its worker, for an RLock whose owner is gone. Of a ring of more
 *                 than 64 threads the first 64 are told. NULL: nobody is told any more. It may be called for
 *                 a moment after it was replaced.
 * @param arg      passed to @p handler.
 * @return THREADING_OK; THREADING_UNSUPPORTED.
 */
THREADING_API threading_status_t threading_set_deadlock_handler(threading_deadlock_handler_t handler,
                                                                void *arg);

/**
 * Told of a call that was misused, in the thread that has called, before the call returns.
 *
 * Nothing of the library's is locked. The handler may call the library, and returns. Of what it does itself
 * no handler is told. `errno` is as before when it has returned.
 *
 * @param call    the name of the function, such as "threading_condition_notify", or of the macro, such as
 *                "THREADING_WITH_RLOCK"; it lives as long as the process.
 * @param object  the call's first argument if that is an object, a handle or an array of them; may be NULL.
 * @param status  what the call answers.
 * @param arg     as given to threading_set_misuse_handler().
 */
typedef void (*threading_misuse_handler_t)(const char *call, const void *object, threading_status_t status,
                                           void *arg);

/**
 * Have every misuse told, once: each call that answers THREADING_INVALID, _NOT_HELD, _NOT_OWNER,
 * _NOT_STARTED, _ALREADY_STARTED or _OVERFLOW, and each body of a THREADING_WITH_LOCK() and its like that was
 * skipped. If the acquire of such a body was a misuse, that is what is told; else the macro is, with
 * THREADING_DEADLOCK or THREADING_CANCELLED.
 *
 * Nobody is told of a call whose result is no status and which gives NULL, false or 0 for a wrong argument;
 * nor of the status that a Future was given, which threading_future_result() passes on.
 *
 * @param handler  NULL: nobody is told any more. It may be called for a moment after it was replaced.
 * @param arg      passed to @p handler.
 * @return THREADING_OK; THREADING_UNSUPPORTED.
 */
THREADING_API threading_status_t threading_set_misuse_handler(threading_misuse_handler_t handler, void *arg);

/**
 * Begin to count who waits for what, anew. Waits in which a thread sleeps are counted, not those that are
 * over before it would; a thread that was woken and sleeps again, because another one was faster, has waited
 * twice. Of a wait that has begun before, the time from now on counts.
 *
 * The first start takes 0.6 MiB, which are kept; counting takes no memory. In the child of a fork nothing is
 * counted until it is started there.
 *
 * @return THREADING_OK, also when it is counted already, which begins anew; THREADING_NO_MEMORY;
 *         THREADING_UNSUPPORTED.
 */
THREADING_API threading_status_t threading_profile_start(void);

/** Stop counting; what was counted stays. @return THREADING_OK, also when nothing is; THREADING_UNSUPPORTED.
 * */
THREADING_API threading_status_t threading_profile_stop(void);

/**
 * Write what was counted as two tables. The first has what other threads have had: locks, semaphores, room in
 * a queue. The second has what was waited for until something happens: conditions, events, items of a queue,
 * tasks, sleeps, ends of threads; long waits are no harm there. All Futures are one line, and so are all
 * Threads and all threading_wait_any(). In each table the longest time in all is first, in milliseconds:
 *
 *   total    of all waits together
 *   longest  of one wait
 *   hold     the longest that a waiter saw one thread have it: from the moment when the waiter began to
 *            sleep, or when another one was last woken, to the moment when it was woken. What came before
 *            nobody saw, so a hold may have been longer. A waiter that is told late may take two holds for
 *            one. "-": one thread cannot have it
 *   waits    how many
 *
 * Below each line are the three threads that waited most. Up to 1,024 objects are told apart, and some
 * thousand pairs of a thread and an object; a last line counts what found no place.
 *
 * @param write    called in this thread, while nothing is locked.
 * @param context  passed to @p write.
 * @return THREADING_OK; THREADING_INVALID for NULL; THREADING_BUSY when it is being written already;
 *         THREADING_UNSUPPORTED.
 */
THREADING_API threading_status_t threading_profile_write(threading_write_t write, void *context);

/**
 * Begin to record what threads wait for, anew: as threading_profile_start(), for threading_trace_write(). Of
 * each thread the last 4,096 events are kept, of all threads together 262,144, and 1,024 threads; a thread
 * that has ended stays until another one needs its place. The first start takes 10 MiB of addresses, which
 * are kept; they become memory as they are used.
 *
 * @return as threading_profile_start().
 */
THREADING_API threading_status_t threading_trace_start(void);

/** Stop recording; what was recorded stays. @return THREADING_OK, also when nothing is;
 * THREADING_UNSUPPORTED. */
THREADING_API threading_status_t threading_trace_stop(void);

/**
 * Write what was recorded as trace events in JSON, which Perfetto (ui.perfetto.dev) and Chrome open: a row
 * for each thread, its life, each wait with what it was for, how it ended and who ended it, and arrows from
 * the threads that woke to those that were woken. Queues and executors have counters: how many items or tasks
 * there were when a thread began to wait for them, and when it was woken; what comes between no wait tells.
 * What was dropped is counted, for each thread in the slice of its life.
 *
 * @param write    called in this thread, while nothing is locked.
 * @param context  passed to @p write.
 * @return THREADING_OK; THREADING_INVALID for NULL; THREADING_BUSY when it is being written already;
 *         THREADING_UNSUPPORTED.
 */
THREADING_API threading_status_t threading_trace_write(threading_write_t write, void *context);

/* -------------------------------------------------------------------------------------------------
 * 25 Attributes
 *
 * THREADING_NODISCARD   the compiler warns when the status is dropped; see THREADING_IGNORE.
 * THREADING_NORETURN    the call does not return.
 * THREADING_ANALYSIS    Clang's -Wthread-safety: Lock is a capability, so that a missing release or
 *                       a field marked guarded_by(lock) and used without it is found when compiling. For
 *                       a try write `== THREADING_OK` (C) or `!…` (C and C++) in the condition itself.
 *                       RLock joins where Clang knows reentrant capabilities.
 * THREADING_NO_ANALYSIS mark a function of yours that takes or gives a lock in a way of its own, such as
 *                       releasing what another thread acquired.
 */

/** Clang's analysis leaves the function alone that this stands before. */
#define THREADING_NO_ANALYSIS THREADING_ANALYSIS(no_thread_safety_analysis)

/* -------------------------------------------------------------------------------------------------
 * 26 Private
 *
 * Nothing from here on is for use: it changes without notice.
 */

/*
 * THREADING_WITH_ is two loops that run once. The body is the inner one's, so that `break` and `continue`
 * leave that one and come to the outer one's step, which releases. What leaves both loops at once runs no
 * step: there the variables are cleaned up, where the compiler or C++ can. threading_with_… is the object
 * as long as it is held, threading_body_… until the body was run; names of their own keep nested bodies
 * from shadowing.
 */
#define THREADING_WITH_(kind, type, object, unique) THREADING_WITH_UNIQUE_(kind, type, object, unique)
#define THREADING_WITH_UNIQUE_(kind, type, object, unique)                                                  \
    for (type * threading_with_##unique                                                                     \
                    THREADING_CLEANUP(threading_##kind##_leave) = threading_##kind##_enter(object),         \
                    *threading_body_##unique = threading_with_##unique;                                     \
         threading_with_##unique != NULL || THREADING_ANALYSIS_LEFT(kind, object, threading_with_##unique); \
         threading_##kind##_leave(&threading_with_##unique))                                                \
        for (THREADING_HOLDER(kind, type, unique); threading_body_##unique != NULL;                         \
             threading_body_##unique = NULL)

/* For Clang's analysis, which follows all paths and knows objects by their names: after the loop the lock may
 * be given back. The call is never made, since the variable is NULL there. */
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

#if defined(__GNUC__) || defined(__clang__)
#define THREADING_UNUSED __attribute__((unused))
#else
#define THREADING_UNUSED
#endif

/* Of THREADING_IGNORE: an argument is no dropped value, whatever the compiler thinks of casts. */
THREADING_UNUSED static inline void threading_status_ignore(threading_status_t status)
{
    (void)status;
}

/* Of THREADING_MUST: tells the failure, and aborts. */
THREADING_NORETURN THREADING_API void threading_must_fail(const char *call, const char *file, int line,
                                                          threading_status_t status);

THREADING_UNUSED static inline void threading_must(threading_status_t status, const char *call,
                                                   const char *file, int line)
{
    if (status != THREADING_OK)
        threading_must_fail(call, file, line, status);
}

/* The calls behind the keywords. */
THREADING_UNUSED static inline threading_thread_options_t
threading_keywords_as_options(struct threading_thread_keywords keywords)
{
    threading_thread_options_t options = {keywords.name, keywords.daemon,   keywords.stack_size,
                                          keywords.stop, keywords.priority, {0}};
    return options;
}

THREADING_UNUSED static inline threading_thread_t *
threading_thread_with(threading_target_t target, struct threading_thread_keywords keywords)
{
    threading_thread_options_t options = threading_keywords_as_options(keywords);
    threading_thread_t *thread = threading_thread_new(target, keywords.arg, &options);
    if (keywords.status != NULL)
        *keywords.status = thread != NULL ? THREADING_OK : THREADING_NO_MEMORY;
    return thread;
}

THREADING_NODISCARD THREADING_UNUSED static inline threading_thread_t *
threading_spawn_with(threading_target_t target, struct threading_thread_keywords keywords)
{
    threading_thread_options_t options = threading_keywords_as_options(keywords);
    threading_thread_t *thread = NULL;
    threading_status_t status = threading_thread_spawn(target, keywords.arg, &options, &thread);
    if (keywords.status != NULL)
        *keywords.status = status;
    return thread;
}

THREADING_NODISCARD THREADING_UNUSED static inline threading_thread_t *
threading_must_spawn(threading_target_t target, struct threading_thread_keywords keywords, const char *call,
                     const char *file, int line)
{
    threading_status_t status = THREADING_OK;
    if (keywords.status == NULL)
        keywords.status = &status;
    threading_thread_t *thread = threading_spawn_with(target, keywords);
    threading_must(*keywords.status, call, file, line);
    return thread;
}

/* THREADING_NO_CLEANUP has the tests see what a compiler without the attribute sees. */
#if (defined(__GNUC__) || defined(__clang__)) && !defined(THREADING_NO_CLEANUP)
#define THREADING_CLEANUP(function) __attribute__((cleanup(function)))
#define THREADING_HOLDER(kind, type, unique)
#elif defined(__cplusplus)
extern "C++" {
template <class Object> struct threading_holder {
    Object **with;
    void (*leave)(Object **with);
    ~threading_holder() { leave(with); }
};
}
#define THREADING_CLEANUP(function)
#define THREADING_HOLDER(kind, type, unique) \
    threading_holder<type> threading_holder_##unique = {&threading_with_##unique, &threading_##kind##_leave}
#else
#define THREADING_CLEANUP(function)
#define THREADING_HOLDER(kind, type, unique)
#endif

/* A body is skipped since its acquire has failed: the misuse handler is told. */
THREADING_API void threading_skipped(const char *with, const void *object, threading_status_t status);

/* Tells Clang's analysis that the lock is held in the body, and asks for no release of it. A Lock's acquire
 * fails only when it was misused, and has told that. */
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
    threading_status_t status = threading_rlock_acquire(rlock);
    if (status != THREADING_OK)
        threading_skipped("THREADING_WITH_RLOCK", rlock, status);
    return status == THREADING_OK ? rlock : NULL;
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

/* The same for what Clang's analysis does not follow. */
#define THREADING_WITH_FUNCTIONS_(kind, type, with, acquire, release)           \
    THREADING_UNUSED static inline type *threading_##kind##_enter(type *object) \
    {                                                                           \
        threading_status_t status = acquire(object);                            \
        if (status != THREADING_OK)                                             \
            threading_skipped(with, object, status);                            \
        return status == THREADING_OK ? object : NULL;                          \
    }                                                                           \
    THREADING_UNUSED static inline bool threading_##kind##_left(type *object)   \
    {                                                                           \
        return object == NULL;                                                  \
    }                                                                           \
    THREADING_UNUSED static inline void threading_##kind##_leave(type **object) \
    {                                                                           \
        if (*object != NULL)                                                    \
            (void)release(*object);                                             \
        *object = NULL;                                                         \
    }

THREADING_WITH_FUNCTIONS_(condition, threading_condition_t, "THREADING_WITH_CONDITION",
                          threading_condition_acquire, threading_condition_release)
THREADING_WITH_FUNCTIONS_(semaphore, threading_semaphore_t, "THREADING_WITH_SEMAPHORE",
                          threading_semaphore_acquire, threading_semaphore_release)
THREADING_WITH_FUNCTIONS_(bounded_semaphore, threading_bounded_semaphore_t,
                          "THREADING_WITH_BOUNDED_SEMAPHORE", threading_bounded_semaphore_acquire,
                          threading_bounded_semaphore_release)
THREADING_WITH_FUNCTIONS_(read, threading_rwlock_t, "THREADING_WITH_READ", threading_rwlock_acquire_read,
                          threading_rwlock_release_read)
THREADING_WITH_FUNCTIONS_(write, threading_rwlock_t, "THREADING_WITH_WRITE", threading_rwlock_acquire_write,
                          threading_rwlock_release_write)
#undef THREADING_WITH_FUNCTIONS_

/* Nothing is taken when the body begins. */
THREADING_UNUSED static inline threading_group_t *threading_group_enter(threading_group_t *group)
{
    if (group == NULL)
        threading_skipped("THREADING_WITH_GROUP", group, THREADING_INVALID);
    return group;
}

THREADING_UNUSED static inline bool threading_group_left(threading_group_t *group)
{
    return group == NULL;
}

THREADING_UNUSED static inline void threading_group_leave(threading_group_t **group)
{
    if (*group != NULL)
        (void)threading_group_wait(*group);
    *group = NULL;
}

/*
 * Inline fast paths, for what costs about as much as a call: a Lock that is free and nobody waits for, an
 * RLock that the thread owns already, a local's copy. The calls proper exist too, for other languages and for
 * addresses of functions; they are the slow paths of these. All need the calling thread's variable, and none
 * can cross the border of a shared object. What the parts of these structs mean is told in src/core: self.h,
 * parking.h, fence.h, lockword.h.
 */
struct threading_fast {
    uint32_t ident;
    uint32_t rlocks;
    void **copies;
    size_t capacity;
};

/* Each has a cache line of its own, where the compiler can be told: a thread that waits in one disturbs
 * none of its neighbours, and one of 64 bytes is found by a shift. */
#if defined(__GNUC__)
#define THREADING_CACHE_LINE __attribute__((aligned(64)))
#else
#define THREADING_CACHE_LINE
#endif

struct THREADING_CACHE_LINE threading_bucket {
    struct threading_guard {
        uintptr_t word;
        struct threading_guard_waiter *queue;
    } guard;
    struct threading_waiter *first;
    struct threading_waiter *last;
    uint32_t count;
    uint32_t fenced;
    uint32_t watchers;
    int64_t handed;
};

void threading_word_wake(const uint32_t *word); /* somebody waits for a lock whose word was freed */
void threading_value_wake(uint32_t *value);     /* the same for a unit of a semaphore */

#if defined(__SANITIZE_THREAD__)
#define THREADING_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THREADING_TSAN 1
#endif
#endif

/* ThreadSanitizer has to see the whole program. If only one of library and user is built with it, the linker
 * misses this name; THREADING_NO_INLINE has it link all the same. */
#if defined(THREADING_TSAN)
#define threading_fast_self threading_fast_self_of_thread_sanitizer
#define THREADING_RLOCK_SELF NULL /* the calls proper tell it of RLocks */
#else
#define THREADING_RLOCK_SELF threading_fast_self
#endif

#if defined(__GNUC__) && !defined(THREADING_SHARED) && !defined(_WIN32) && !defined(__APPLE__)
#define THREADING_INLINE 1
#define THREADING_INLINE_THREAD __thread
#define THREADING_BUCKET_BITS 10 /* 10,000 waiters on as many addresses make queues of ten */
#define THREADING_FENCE_SHARED 2

extern THREADING_INLINE_THREAD struct threading_fast *threading_fast_self;
extern struct threading_bucket threading_buckets[1 << THREADING_BUCKET_BITS];
extern uint32_t threading_fence_kind;

/* glibc 2.32 and newer tell whether the process has one thread: sys/single_threaded.h. */
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 32)
extern char __libc_single_threaded;
#define THREADING_IS_ALONE (__libc_single_threaded != 0)
#else
#define THREADING_IS_ALONE 0
#endif

/* Take a lock's word if it is free. A process of one thread leaves it to the call proper, which needs no
 * atomics. */
THREADING_UNUSED static inline bool threading_word_take(uint32_t *word, uint32_t ident)
{
    uint32_t free_word = 0;
    /* Acquire: pairs with the release below. */
    return !THREADING_IS_ALONE &&
           __atomic_compare_exchange_n(word, &free_word, ident, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* For those who let their C++ compiler warn of C's casts. */
#if defined(__cplusplus)
#define THREADING_ADDRESS(pointer) reinterpret_cast<uintptr_t>(pointer)
#else
#define THREADING_ADDRESS(pointer) ((uintptr_t)(pointer))
#endif

/* How many may be waiting for a word, and maybe for others. */
THREADING_UNUSED static inline const uint32_t *threading_word_count(const uint32_t *word)
{
    uint64_t address = THREADING_ADDRESS(word);
    uint64_t product = address * UINT64_C(0x9E3779B97F4A7C15);
    return &threading_buckets[product >> (64 - THREADING_BUCKET_BITS)].count;
}

/* Whether a word may be freed by a plain store: relaxed, for it decides nothing. */
THREADING_UNUSED static inline bool threading_word_is_simple(const uint32_t *word)
{
    return __atomic_load_n(&threading_fence_kind, __ATOMIC_RELAXED) == THREADING_FENCE_SHARED &&
           __atomic_load_n(threading_word_count(word), __ATOMIC_RELAXED) == 0;
}

/* What is about to be read will be written next: fetch its cache line for both at once. A thread that
 * looks at the lock may have taken it, and to fetch it twice takes a hundred nanoseconds more, for which
 * the lock is held. The instruction does nothing on x86 processors that do not know it; the compiler would
 * leave it out for their sake. */
THREADING_UNUSED static inline void threading_expect_write(const void *address)
{
#if defined(__x86_64__)
    __asm__ volatile("prefetchw (%0)" ::"r"(address));
#else
    __builtin_prefetch(address, 1);
#endif
}

/* R1 and R2 of the table in fence.h. */
THREADING_UNUSED static inline void threading_word_free(uint32_t *word)
{
    const uint32_t *count = threading_word_count(word);
    __atomic_store_n(word, 0, __ATOMIC_RELEASE);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (__atomic_load_n(count, __ATOMIC_RELAXED) != 0)
        threading_word_wake(word);
}

THREADING_UNUSED THREADING_NO_ANALYSIS static inline threading_status_t
threading_lock_acquire_inline(threading_lock_t *lock) THREADING_ANALYSIS(acquire_capability(*lock))
{
    const struct threading_fast *self = threading_fast_self;
    if (self == NULL || lock == NULL || !threading_word_take(&lock->word, self->ident))
        return threading_lock_acquire(lock);
    return THREADING_OK;
}

/* Only for who acquired it: of others that release it at once, the call proper finds out who is first.
 * Relaxed: only the thread itself puts its ident there. */
THREADING_UNUSED THREADING_NO_ANALYSIS static inline threading_status_t
threading_lock_release_inline(threading_lock_t *lock) THREADING_ANALYSIS(release_capability(*lock))
{
    const struct threading_fast *self = threading_fast_self;
    threading_expect_write(lock);
    if (self == NULL || lock == NULL || __atomic_load_n(&lock->word, __ATOMIC_RELAXED) != self->ident ||
        !threading_word_is_simple(&lock->word))
        return threading_lock_release(lock);
    threading_word_free(&lock->word);
    return THREADING_OK;
}

/* Relaxed: only the thread itself puts its ident there. The count is the owner's own. */
THREADING_NODISCARD THREADING_UNUSED THREADING_NO_ANALYSIS static inline threading_status_t
threading_rlock_acquire_inline(threading_rlock_t *rlock)
    THREADING_ANALYSIS_REENTRANT(try_acquire_capability(0, *rlock))
{
    struct threading_fast *self = THREADING_RLOCK_SELF;
    uint32_t owner = self != NULL && rlock != NULL ? __atomic_load_n(&rlock->owner, __ATOMIC_RELAXED) : 0;
    if (owner != 0 && owner == self->ident && rlock->count < UINT32_MAX) {
        rlock->count++;
        return THREADING_OK;
    }
    if (owner != 0 || self == NULL || rlock == NULL || !threading_word_take(&rlock->owner, self->ident))
        return threading_rlock_acquire(rlock);
    rlock->count = 1;
    self->rlocks++;
    return THREADING_OK;
}

THREADING_UNUSED THREADING_NO_ANALYSIS static inline threading_status_t
threading_rlock_release_inline(threading_rlock_t *rlock)
    THREADING_ANALYSIS_REENTRANT(release_capability(*rlock))
{
    struct threading_fast *self = THREADING_RLOCK_SELF;
    threading_expect_write(rlock);
    if (self == NULL || rlock == NULL || __atomic_load_n(&rlock->owner, __ATOMIC_RELAXED) != self->ident)
        return threading_rlock_release(rlock);
    if (rlock->count > 1) {
        rlock->count--;
        return THREADING_OK;
    }
    if (!threading_word_is_simple(&rlock->owner))
        return threading_rlock_release(rlock);
    rlock->count = 0;
    self->rlocks--;
    threading_word_free(&rlock->owner);
    return THREADING_OK;
}

/* Take a unit of a semaphore if there is one and nobody comes between. A process of one thread leaves it
 * to the call proper, here and below. Relaxed: the swap decides. Acquire: pairs with the release below. */
THREADING_UNUSED static inline bool threading_value_take(uint32_t *value)
{
    uint32_t seen = __atomic_load_n(value, __ATOMIC_RELAXED);
    return !THREADING_IS_ALONE && seen != 0 &&
           __atomic_compare_exchange_n(value, &seen, seen - 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* Add a unit if the value is below the limit, and wake who waits for it. Sequential: the change, and the
 * look at the count, of the table in parking.h. */
THREADING_UNUSED static inline bool threading_value_add(uint32_t *value, uint32_t limit)
{
    uint32_t seen = __atomic_load_n(value, __ATOMIC_RELAXED);
    const uint32_t *count = threading_word_count(value);
    if (THREADING_IS_ALONE || seen >= limit ||
        !__atomic_compare_exchange_n(value, &seen, seen + 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
        return false;
    if (__atomic_load_n(count, __ATOMIC_SEQ_CST) != 0)
        threading_value_wake(value);
    return true;
}

THREADING_NODISCARD THREADING_UNUSED static inline threading_status_t
threading_semaphore_acquire_inline(threading_semaphore_t *semaphore)
{
    if (semaphore == NULL || !threading_value_take(&semaphore->value))
        return threading_semaphore_acquire(semaphore);
    return THREADING_OK;
}

THREADING_UNUSED static inline threading_status_t
threading_semaphore_release_inline(threading_semaphore_t *semaphore)
{
    if (semaphore == NULL || !threading_value_add(&semaphore->value, THREADING_SEMAPHORE_MAX))
        return threading_semaphore_release(semaphore);
    return THREADING_OK;
}

THREADING_NODISCARD THREADING_UNUSED static inline threading_status_t
threading_bounded_semaphore_acquire_inline(threading_bounded_semaphore_t *semaphore)
{
    if (semaphore == NULL || !threading_value_take(&semaphore->semaphore.value))
        return threading_bounded_semaphore_acquire(semaphore);
    return THREADING_OK;
}

THREADING_UNUSED static inline threading_status_t
threading_bounded_semaphore_release_inline(threading_bounded_semaphore_t *semaphore)
{
    if (semaphore == NULL || !threading_value_add(&semaphore->semaphore.value, semaphore->initial))
        return threading_bounded_semaphore_release(semaphore);
    return THREADING_OK;
}

/* Acquire: what another thread made of the local's slot is seen. */
THREADING_UNUSED static inline void *threading_local_get_inline(threading_local_t *local)
{
    const struct threading_fast *self = threading_fast_self;
    if (self != NULL && local != NULL) {
        uint32_t slot = __atomic_load_n(&local->slot, __ATOMIC_ACQUIRE);
        if (slot < self->capacity && self->copies[slot] != NULL)
            return self->copies[slot];
    }
    return threading_local_get(local);
}

/* They take what the functions take: a compound literal, or a template, may have commas of its own. */
#if !defined(THREADING_NO_INLINE)
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
#endif

#if defined(__cplusplus)
}
#endif

#endif /* THREADING_H */
