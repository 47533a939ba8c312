/* SPDX-License-Identifier: MIT */
/* The system has no room for the hooks around a fork, as macOS, whose table is small. */
#include "conformance.h"
#include "gate.h"

#include <string.h>

#if defined(__unix__) && !defined(__APPLE__)
#include <errno.h>
#include <pthread.h>

#include "port.h"

/* From before main on, when the library asks first; a sanitizer that asks too is answered as if it had its
 * way. */
static bool has_room;
static int asked, registered;

/* The sanitizer's run-time calls it before it has begun itself. */
#if defined(__has_attribute)
#if __has_attribute(disable_sanitizer_instrumentation)
__attribute__((disable_sanitizer_instrumentation))
#endif
#endif
int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    (void)parent;
    (void)child;
    if (prepare != ti_fork_prepare)
        return 0;
    asked++;
    if (!has_room)
        return ENOMEM;
    registered++;
    return 0;
}

static void needs_hooks(void)
{
    if (strcmp(threading_backend(), "posix") != 0)
        SKIP("this backend does not know of forks");
}
#else
static bool has_room;
static int asked, registered;

static void needs_hooks(void)
{
    SKIP("no fork here");
}
#endif

CASE(hooks_are_asked_for_when_the_code_is_loaded)
{
    needs_hooks();
    CHECK_EQUAL(asked, 1);
}

CASE(start_is_refused_until_there_is_room_for_the_hooks)
{
    needs_hooks();
    threading_thread_t *thread = threading_thread_new(return_at_once, NULL, NULL);
    CHECK(thread != NULL);
    for (int i = 0; i < 3; i++)
        CHECK_STATUS(threading_thread_start(thread), THREADING_NO_MEMORY);
    CHECK_STATUS(threading_start_new_thread(return_at_once, NULL, NULL), THREADING_NO_MEMORY);
    CHECK_EQUAL(threading_active_count(), 1);
    CHECK(asked > 4);
    has_room = true;
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    finished(thread);
    CHECK_EQUAL(registered, 1);
}

CASE(hooks_are_registered_once)
{
    needs_hooks();
    has_room = true;
    for (int i = 0; i < 3; i++)
        finished(started(return_at_once, NULL));
    foreign_join(foreign_start(return_at_once, NULL));
    CHECK_EQUAL(registered, 1);
}

CASE(what_starts_no_thread_works_without_the_hooks)
{
    needs_hooks();
    threading_lock_t lock = {0};
    gate_close(&lock);
    CHECK_STATUS(threading_lock_acquire_timeout(&lock, 0.001), THREADING_TIMEOUT);
    gate_open(&lock);
    CHECK(threading_current_thread() == threading_main_thread());
    CHECK_EQUAL(registered, 0);
}
