/* SPDX-License-Identifier: MIT */
/* Fibers: a thread is the same whichever of them it runs, and the end of one is not the end of the thread. */
#include "conformance.h"

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#include <windows.h>

/* The system calls with a stack aligned to 4 bytes on 32-bit x86. */
#if defined(__GNUC__) && defined(__i386__)
#define CALLED_BY_SYSTEM __attribute__((force_align_arg_pointer))
#else
#define CALLED_BY_SYSTEM
#endif

static atomic_int finalised;

static void count_finaliser(void *copy)
{
    CHECK_EQUAL(*(int *)copy, 5);
    atomic_fetch_add(&finalised, 1);
}

static threading_local_t local = THREADING_LOCAL_INIT_WITH(int, NULL, count_finaliser);

static int *own_copy(void)
{
    int *copy = threading_local_get(&local);
    CHECK(copy != NULL);
    return copy;
}

/* What a fiber does: it uses the library and goes back to the one that started it. */
struct visit {
    void *back;
    uint32_t ident;
    int *copy;
};

CALLED_BY_SYSTEM static VOID WINAPI visit_library(PVOID arg)
{
    struct visit *visit = arg;
    for (;;) {
        visit->ident = threading_get_ident();
        visit->copy = own_copy();
        *visit->copy = 5;
        SwitchToFiber(visit->back);
    }
}

static void *visited_fiber(struct visit *visit)
{
    void *fiber = CreateFiber(0, visit_library, visit);
    CHECK(fiber != NULL);
    SwitchToFiber(fiber);
    return fiber;
}

/* The thread is known before it has fibers. */
static void *delete_a_fiber(void *arg)
{
    struct visit visit = {NULL, 0, NULL};
    uint32_t ident = threading_get_ident();
    *own_copy() = 5;
    visit.back = ConvertThreadToFiber(NULL);
    CHECK(visit.back != NULL);
    void *fiber = visited_fiber(&visit);
    CHECK(visit.ident == ident && visit.copy == own_copy());
    DeleteFiber(fiber);
    CHECK_EQUAL(atomic_load(&finalised), 0);
    CHECK(threading_get_ident() == ident && visit.copy == own_copy());
    CHECK(ConvertFiberToThread());
    CHECK(threading_get_ident() == ident && visit.copy == own_copy());
    return arg;
}

CASE(deleted_fiber_is_not_the_end_of_a_thread)
{
    finished(started(delete_a_fiber, NULL));
    CHECK_EQUAL(atomic_load(&finalised), 1);
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(deleted_fiber_is_not_the_end_of_a_foreign_thread)
{
    foreign_join(foreign_start(delete_a_fiber, NULL));
    CHECK_EQUAL(atomic_load(&finalised), 1);
}

/* The thread's first call of the library is in the fiber that goes. */
static void *meet_the_library_in_a_fiber(void *arg)
{
    struct visit visit = {NULL, 0, NULL};
    visit.back = ConvertThreadToFiber(NULL);
    CHECK(visit.back != NULL);
    void *fiber = visited_fiber(&visit);
    if (arg != NULL)
        CHECK(ConvertFiberToThread());
    DeleteFiber(fiber);
    CHECK_EQUAL(atomic_load(&finalised), 0);
    CHECK(threading_get_ident() == visit.ident && visit.copy == own_copy());
    CHECK(threading_current_thread() != NULL);
    CHECK_EQUAL(threading_active_count(), 2);
    return arg;
}

CASE(thread_that_began_in_a_fiber_outlives_it)
{
    foreign_join(foreign_start(meet_the_library_in_a_fiber, NULL));
    CHECK_EQUAL(atomic_load(&finalised), 1);
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(thread_that_began_in_a_fiber_outlives_it_as_a_thread)
{
    static int converted;
    foreign_join(foreign_start(meet_the_library_in_a_fiber, &converted));
    CHECK_EQUAL(atomic_load(&finalised), 1);
    CHECK_EQUAL(threading_active_count(), 1);
}

static void *end_as_a_fiber(void *arg)
{
    *own_copy() = 5;
    CHECK(ConvertThreadToFiber(NULL) != NULL);
    CHECK(threading_current_thread() != NULL);
    return arg;
}

CASE(thread_may_end_as_a_fiber)
{
    finished(started(end_as_a_fiber, NULL));
    CHECK_EQUAL(atomic_load(&finalised), 1);
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(foreign_thread_may_end_as_a_fiber)
{
    foreign_join(foreign_start(end_as_a_fiber, NULL));
    CHECK_EQUAL(atomic_load(&finalised), 1);
    CHECK_EQUAL(threading_active_count(), 1);
}
