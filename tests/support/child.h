/* SPDX-License-Identifier: MIT */
/*
 * Children: processes that a case forks, where there is fork; else the case is skipped.
 *
 * A child's failed check ends it with a code that is not 0, which the parent sees. A child that hangs is
 * ended by its alarm.
 */
#ifndef CHILD_H
#define CHILD_H

#include <stdlib.h>

#include "conformance.h"

#if defined(__has_feature)
#define CHILD_HAS_FEATURE(feature) __has_feature(feature)
#else
#define CHILD_HAS_FEATURE(feature) 0
#endif
#if defined(__SANITIZE_THREAD__) || CHILD_HAS_FEATURE(thread_sanitizer)
#define CHILD_OF_TSAN true
#else
#define CHILD_OF_TSAN false
#endif

#if defined(__SANITIZE_ADDRESS__) || CHILD_HAS_FEATURE(address_sanitizer)
#define CHILD_OF_ASAN true
#else
#define CHILD_OF_ASAN false
#endif

THREADING_UNUSED static void needs_memory_in_the_child(void)
{
    if (CHILD_OF_ASAN)
        SKIP("AddressSanitizer's allocator stays locked when another thread allocates during the fork");
}

THREADING_UNUSED static void needs_threads_in_the_child(void)
{
    if (CHILD_OF_TSAN)
        SKIP("ThreadSanitizer takes a new thread in the child for one that vanished");
}

#if (defined(__unix__) && !defined(__EMSCRIPTEN__)) || defined(__APPLE__)
#include <sys/wait.h>
#include <unistd.h>

typedef pid_t child_t;

/* Gives 0 in the child. Nothing may be left in a buffer, or both would print it. */
THREADING_UNUSED static child_t fork_now(void)
{
    needs_fork_hooks();
    fflush(stdout);
    child_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        alarm(60);
    return child;
}

/* How the child ended: its code. */
THREADING_UNUSED static int code_of(child_t child)
{
    int status = 0;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#else

typedef int child_t;

THREADING_UNUSED static child_t fork_now(void)
{
    SKIP("no fork here");
    return 1;
}

THREADING_UNUSED static int code_of(child_t child)
{
    return child;
}

#endif

typedef void (*role_t)(void);

/* A child that plays the role and leaves without exit(), so that only the role is tested. */
THREADING_UNUSED static void in_child(role_t role)
{
    child_t child = fork_now();
    if (child == 0) {
        role();
        _Exit(0);
    }
    CHECK_EQUAL(code_of(child), 0);
}

/* A child that plays the role and leaves by exit(). */
THREADING_UNUSED static void in_exiting_child(role_t role, int code)
{
    child_t child = fork_now();
    if (child == 0) {
        role();
        exit(code);
    }
    CHECK_EQUAL(code_of(child), code);
}

#endif
