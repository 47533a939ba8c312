/* SPDX-License-Identifier: MIT */
/*
 * Sim: run a program under every order that matters, print the one that loses, and replay it.
 *
 *     static int balance;
 *
 *     static void *deposit(void *unused)
 *     {
 *         threading_sim_read(&balance, sizeof balance);
 *         int x = balance + 5;
 *         threading_sim_write(&balance, sizeof balance);
 *         balance = x;
 *         return unused;
 *     }
 *
 *     static void body(void *unused)
 *     {
 *         balance = 0;
 *         …start two threads with deposit, join and free them…
 *         threading_sim_check(balance == 10);
 *     }
 *
 *     threading_sim_report_t report;
 *     if (threading_sim_run(body, NULL, NULL, &report) != THREADING_SIM_PASSED)
 *         puts(report.message);
 *
 * The body runs again and again. Its threads are threads of the system, of which one runs at a time; each
 * time when it matters which of them goes on, the scheduler decides, and decides otherwise in another run:
 * at first as if no thread were ever interrupted, then with one interruption at each place, then with two, …
 * (iterative context bounding, Musuvathi and Qadeer, PLDI 2007). What has been seen to lead to a state that
 * was explored before is not explored again. When the bound cannot be explored within the time, random orders
 * follow, by priorities too (PCT: Burckhardt et al., ASPLOS 2010).
 *
 * This header belongs to the library `threading_sim`, which takes the place of `threading` in a test: CMake's
 * target threading::sim. It is the same core, and each call of threading.h works in a body as it always
 * does; outside of a run too. Files that use it are compiled with THREADING_NO_INLINE, as the target does.
 *
 * Time in a body is virtual: a wait with a limit may end by it at any moment, and costs no time.
 *
 * What a body must do:
 *   - make all that it uses, and end it: the next run begins anew. What is there before the first run, such
 *     as a variable that is a Lock, is handed to threading_sim_static().
 *   - depend on nothing but its argument, threading_sim_choose() and the order of its threads: on no clock of
 *     the system's, no address, no rand(). THREADING_SIM_NONDETERMINISM tells if it does.
 *   - touch shared plain data between threading_sim_read() or threading_sim_write() and the next call, unless
 *     locks protect it: what the scheduler does not know, it does not interleave.
 *   - wait by this library's calls alone.
 * A run that fails is left by a jump: what the body's functions allocated in that run is lost, and in C++
 * their destructors are not called.
 */
#ifndef THREADING_SIM_H
#define THREADING_SIM_H

#include "threading.h"

#if defined(__cplusplus)
extern "C" {
#endif

/** What was found. */
typedef enum threading_sim_verdict {
    /** Nothing. threading_sim_report_t.complete tells whether all was explored. */
    THREADING_SIM_PASSED = 0,
    /** No thread can go on, and no wait has a limit. */
    THREADING_SIM_DEADLOCK,
    /** The same; and a thread sleeps although what it waits for is there. */
    THREADING_SIM_LOST_WAKEUP,
    /** Threads look again and again, and none changes anything. */
    THREADING_SIM_LIVELOCK,
    /** threading_sim_check() was given false, or THREADING_MUST() another status than THREADING_OK. */
    THREADING_SIM_CHECK,
    /** Two threads touch the same data, one of them writes, and nothing orders them. */
    THREADING_SIM_RACE,
    /** The body has returned, and a thread that is no daemon will never end. */
    THREADING_SIM_THREAD_LEAK,
    /** The same decisions led to another run. */
    THREADING_SIM_NONDETERMINISM,
    /** A run was longer than `max_steps`. */
    THREADING_SIM_STEP_LIMIT,
    /** A thread that does not belong to the run has called the library during it. */
    THREADING_SIM_FOREIGN_THREAD,
    /** The run cannot be: it is within another one, has too many threads, waits outside of the library, or
     * there is no memory. The message tells. */
    THREADING_SIM_UNSUPPORTED
} threading_sim_verdict_t;

/** How orders are chosen. */
typedef enum threading_sim_strategy {
    /** Bounded; if time runs out before all is explored, the second half of it random and by priorities. */
    THREADING_SIM_AUTO = 0,
    /** All orders with 0, 1, … `max_preemptions` interruptions. */
    THREADING_SIM_BOUNDED,
    /** Any order. */
    THREADING_SIM_RANDOM,
    /** Random priorities that change at random moments. */
    THREADING_SIM_PCT,
    /** One run, by `replay`. */
    THREADING_SIM_REPLAY
} threading_sim_strategy_t;

/** Zeroes are the defaults. */
typedef struct threading_sim_options {
    /** Of random orders; the same seed gives the same orders. */
    uint64_t seed;
    /** A report's replay text, or NULL. With one, `strategy` makes no difference. */
    const char *replay;
    threading_sim_strategy_t strategy;
    /** How often a thread is interrupted at most that could go on; 0: 3. */
    uint32_t max_preemptions;
    /** 0: no limit. */
    uint64_t max_runs;
    /** Of one run; 0: 20,000. */
    uint64_t max_steps;
    /** For the search; 0: 1 second. The run that is under way is finished. */
    double seconds;
    /** Sleeps may end early for no reason, which the library's waits have to bear. */
    bool spurious;
    /** Loads that are not sequential may give what was stored before. */
    bool weak;
    /** Decide before each atomic operation within the library too, not just before each call: for who
     * changes the library. There are far more orders. */
    bool inside;
    /** Where the table of a run that failed goes, or NULL; and what it is given. */
    threading_write_t write;
    void *context;
} threading_sim_options_t;

/** What came of it. */
typedef struct threading_sim_report {
    threading_sim_verdict_t verdict;
    /** All orders up to `preemptions` interruptions were explored. */
    bool complete;
    /** Of the run that failed, or the bound that was explored. */
    uint32_t preemptions;
    uint64_t runs;
    /** Of all runs: how often it was decided who goes on. */
    uint64_t steps;
    double seconds;
    /** In words, of one line; if it passed, empty or what a run did not free. */
    char message[512];
    /** For `replay`, or for the variable THREADING_SIM_REPLAY of the environment; empty if it passed. */
    char replay[4096];
} threading_sim_report_t;

/**
 * Run a body until it fails, until all is explored, or until the time is over.
 *
 * The variables THREADING_SIM_REPLAY, _SEED, _SECONDS and _RUNS of the environment come before the options;
 * those that are empty count as not set.
 *
 * @param body     called in this thread, once for each run. The threads that it starts belong to the run.
 * @param arg      passed to @p body.
 * @param options  read before the return; NULL for the defaults.
 * @param report   written at the end, or NULL.
 * @return the verdict, which is the report's too. THREADING_SIM_UNSUPPORTED for a NULL body, within a run,
 *         and for an option or a variable of the environment that has no meaning: the message names it.
 * Callable: from one thread at a time, while no other thread is in a call of the library.
 */
threading_sim_verdict_t threading_sim_run(void (*body)(void *arg), void *arg,
                                          const threading_sim_options_t *options,
                                          threading_sim_report_t *report);

/** The verdict's name: "deadlock"; "unknown" for no verdict. */
const char *threading_sim_verdict_name(threading_sim_verdict_t verdict);

/** Whether the calling thread is one of a run. */
bool threading_sim_active(void);

/**
 * Have the run fail unless it is so. Outside of a run it does nothing, as the calls below.
 *
 * As a macro it has the report's message tell the condition and its place. `(threading_sim_check)(condition)`
 * is the function, whose message does not.
 */
void threading_sim_check(bool condition);
#define threading_sim_check(...) threading_sim_check_at((__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)

/** The same, for macros of your own: @p what is the condition's text, @p file and @p line are its place. */
void threading_sim_check_at(bool condition, const char *what, const char *file, int line);

/** One of 0 to @p n - 1, each in some run; 0 outside of a run, and for less than two. */
uint32_t threading_sim_choose(uint32_t n);

/** The calling thread is about to read, or to write, plain data. Another thread may come first; and if
 * another one does it at the same time, that is a race. */
void threading_sim_read(const void *address, size_t size);
void threading_sim_write(void *address, size_t size);

/** Let others come first, as in a loop that looks until another thread has done something. */
void threading_sim_yield(void);

/** A line in the table. */
void threading_sim_note(const char *text);

/**
 * Before each run of a later threading_sim_run() give an object the value that it has at the beginning of
 * the first one: for variables that the body changes.
 *
 * @return THREADING_OK; THREADING_INVALID for NULL or within a run; THREADING_NO_MEMORY.
 */
threading_status_t threading_sim_static(void *object, size_t size);

#if defined(__cplusplus)
}
#endif

#endif /* THREADING_SIM_H */
