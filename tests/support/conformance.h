/* SPDX-License-Identifier: MIT */
/*
 * What a conformance case is written with.
 *
 *     CASE(release_by_another_thread) { … CHECK_STATUS(threading_lock_release(&lock), THREADING_OK); }
 *
 * A suite is one file of cases; CMake reads the names off the lines that begin with CASE( or EXIT_CASE( and
 * makes each a test `<column>.<suite>.<case>`, run in a process of its own with a time limit: by CTest, or
 * in a batch. A case passes when its function returns, fails at its first false check in any thread, and is
 * skipped by SKIP("reason"). Checks are never compiled out.
 *
 *     EXIT_CASE(main_returns_7_after_the_joins, 7, "worker done|") { … }
 *
 * A case about the end of the process: the test passes when the process ends with that code and has
 * printed exactly that text to standard output, where '|' stands for the end of a line. Returning from it
 * returns the code EXIT_CODE, 0 unless the case set it, from main.
 */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#if !defined(__cplusplus)
#include <stdatomic.h> /* C++ knows it only since C++23, and has <atomic> */
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "threading.h"

#if defined(__cplusplus)
#define TEST_LINKAGE extern "C"
#define TEST_INTEGER(value) static_cast<intmax_t>(value)
extern "C" {
#else
#define TEST_LINKAGE
#define TEST_INTEGER(value) ((intmax_t)(value))
#endif

#define CASE(name)                       \
    TEST_LINKAGE void case_##name(void); \
    void case_##name(void)
#define EXIT_CASE(name, code, output) CASE(name)

/* What main returns after an EXIT_CASE. */
extern int EXIT_CODE;

#define CHECK(condition) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition, NULL))
#define CHECK_EQUAL(actual, expected) \
    check_equal(__FILE__, __LINE__, #actual, TEST_INTEGER(actual), TEST_INTEGER(expected))
#define CHECK_STATUS(actual, expected) check_status(__FILE__, __LINE__, #actual, (actual), (expected))
#define CHECK_TEXT(actual, expected) check_text(__FILE__, __LINE__, #actual, (actual), (expected))
#define SKIP(reason) check_skip(reason)

/* Whether return and goto out of a body of THREADING_WITH_… release: section 15 of the header. */
#if defined(__GNUC__) || defined(__clang__) || defined(__cplusplus)
#define RETURN_RELEASES 1
#else
#define RETURN_RELEASES 0
#endif

/* Wait for a state, not for a time: the case's time limit ends a wait for what never comes. */
#define AWAIT(condition)                   \
    do {                                   \
        while (!(condition))               \
            (void)threading_sleep(0.0005); \
    } while (0)

THREADING_NORETURN void check_failed(const char *file, int line, const char *what, const char *detail);
void check_equal(const char *file, int line, const char *what, intmax_t actual, intmax_t expected);
void check_status(const char *file, int line, const char *what, threading_status_t actual,
                  threading_status_t expected);
void check_text(const char *file, int line, const char *what, const char *actual, const char *expected);
void check_skip(const char *reason);

/* Ends the process with that code, whatever its threads are doing. */
THREADING_NORETURN void end_now(int code);

/* A started thread, or the case fails; and joined and freed, or it fails. */
threading_thread_t *started(threading_target_t target, void *arg);
void finished(threading_thread_t *thread);

/* A thread that the library did not start: the platform's own call makes and joins it. */
typedef struct foreign foreign_t;
foreign_t *foreign_start(void *(*function)(void *arg), void *arg);
void foreign_join(foreign_t *thread);

/* Ends the calling thread, whoever started it, in the platform's own way. */
THREADING_NORETURN void foreign_exit(void);

/* A thread-local pointer of the platform's own, as other libraries have them. The destructor is called at a
 * thread's end with what was set last, and again in the next round if it has set something; there are so
 * many rounds. */
typedef struct native_key native_key_t;
native_key_t *native_key_new(void (*destructor)(void *value));
void native_key_set(native_key_t *key, void *value);
int native_key_rounds(void);

/* Bytes of memory that the process has allocated and not freed; 0 where it cannot be told. */
size_t allocated_bytes(void);

/* Before such bytes are counted: what a thread's first wait with a limit needs is the thread's. One whose limit is over
 * before it sleeps is none, so there are several. */
void wait_at_first(void);

/* Skips the case on a backend or a system that lacks something; docs/limits-of-the-check.md has the same words. */
bool is_emulated(void); /* by qemu-user, whose own memory and threads are the process's as well */
void needs_names(void);
void needs_native_ids(void);
void needs_fork_hooks(void);
void needs_free_thread_ends(void);
void needs_last_destructors(void);
void needs_exit_hooks(void);

/* What the process runs on; and Wine's version, NULL where there is no Wine. */
void system_text(char *text, size_t size);
const char *wine_version(void);

/* How many threads of the process have not ended; 0 if the system does not say. */
size_t process_threads(void);

/* Called first in main: under Wine the process then ends after the threads that are just ending. */
void end_after_all_threads(void);

/* Whether a sanitizer or an emulator makes the process so slow or big that loads must be smaller. */
bool is_slow(void);

/* So many threads, or as many as may live at once where more would not be refused (cmake/wine.sh). */
int threads_at_once(int wanted);

#if defined(__cplusplus)
}
#endif

#endif
