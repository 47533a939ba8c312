/* SPDX-License-Identifier: MIT */
/* What the system has of a thread: its handle, and the size of its stack. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE 1 /* pthread_getattr_np */
#endif
#include "conformance.h"
#include "gate.h"

#include <string.h>

#if defined(_WIN32)
#include <windows.h>
#else
#include <pthread.h>
#endif

static bool is_posix(void)
{
    return strcmp(threading_backend(), "posix") == 0;
}

/* On Windows and the systems that were tried every started thread has one, with C11 too. */
static void needs_handles(void)
{
    if (is_posix() || strcmp(threading_backend(), "win32") == 0)
        return;
    threading_lock_t gate = {0};
    gate_close(&gate);
    threading_thread_t *thread = started(wait_at_gate, &gate);
    uintptr_t handle = threading_thread_native_handle(thread);
    gate_open(&gate);
    finished(thread);
    if (handle == 0)
        SKIP("a thrd_t is no number here");
}

/* Whether it is the calling thread's. */
static bool is_mine(uintptr_t handle)
{
#if defined(_WIN32)
    return handle != 0 && GetThreadId((HANDLE)handle) == GetCurrentThreadId();
#else
    return !is_posix() || pthread_equal((pthread_t)handle, pthread_self()) != 0;
#endif
}

static void *give_my_handle(void *arg)
{
    uintptr_t *handle = arg;
    *handle = threading_thread_native_handle(threading_current_thread());
    CHECK(is_mine(*handle));
    return NULL;
}

CASE(handle_is_the_running_threads)
{
    needs_handles();
    for (int i = 0; i < (is_slow() ? 50 : 500); i++) {
        uintptr_t inside = 0;
        finished(started(give_my_handle, &inside));
        CHECK(inside != 0);
    }
}

struct guarded {
    threading_lock_t gate;
    uintptr_t inside;
};

static void *give_my_handle_and_wait(void *arg)
{
    struct guarded *guarded = arg;
    CHECK(give_my_handle(&guarded->inside) == NULL);
    gate_pass(&guarded->gate);
    return NULL;
}

CASE(handle_is_the_same_for_others)
{
    needs_handles();
    struct guarded guarded = {.inside = 0};
    gate_close(&guarded.gate);
    threading_thread_t *thread = started(give_my_handle_and_wait, &guarded);
    uintptr_t handle = threading_thread_native_handle(thread);
    gate_open(&guarded.gate);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK(handle != 0 && handle == guarded.inside);
    threading_thread_free(thread);
}

CASE(handle_stays_until_the_join)
{
    needs_handles();
    threading_thread_t *thread = started(return_at_once, NULL);
    AWAIT(!threading_thread_is_alive(thread));
    CHECK(threading_thread_native_handle(thread) != 0);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK_EQUAL(threading_thread_native_handle(thread), 0);
    threading_thread_free(thread);
}

CASE(thread_not_started_has_no_handle)
{
    threading_thread_t *thread = threading_thread_new(return_at_once, NULL, NULL);
    CHECK_EQUAL(threading_thread_native_handle(thread), 0);
    threading_thread_free(thread);
}

CASE(main_has_a_handle_where_it_needs_not_be_given_back)
{
    CHECK(threading_get_ident() != 0); /* now it is known */
    uintptr_t handle = threading_thread_native_handle(threading_main_thread());
    CHECK(is_posix() ? is_mine(handle) : true);
#if defined(_WIN32)
    CHECK_EQUAL(handle, 0);
#endif
}

static void *give_mains_handle(void *handle)
{
    *(uintptr_t *)handle = threading_thread_native_handle(threading_main_thread());
    return NULL;
}

CASE(handle_of_main_is_the_same_for_others)
{
    uintptr_t handle = 0;
    finished(started(give_mains_handle, &handle));
    CHECK_EQUAL(handle, threading_thread_native_handle(threading_main_thread()));
}

static threading_thread_t *dummy;

static void *become_a_dummy(void *arg)
{
    dummy = threading_thread_retain(threading_current_thread());
    uintptr_t handle = threading_thread_native_handle(dummy);
    CHECK(is_posix() ? is_mine(handle) : true);
    return arg;
}

CASE(dummy_has_a_handle_while_it_lives)
{
    foreign_join(foreign_start(become_a_dummy, NULL));
    AWAIT(!threading_thread_is_alive(dummy));
    CHECK_EQUAL(threading_thread_native_handle(dummy), 0);
    threading_thread_free(dummy);
}

/* ---- stacks ---- */

static void needs_stack_sizes(void)
{
    if (threading_stack_size(0, NULL) == THREADING_UNSUPPORTED)
        SKIP("this backend cannot choose the size of stacks");
}

CASE(stack_size_before_the_start_is_what_will_be_asked_for)
{
    needs_stack_sizes();
    threading_thread_t *chosen = threading_thread(return_at_once, NULL, .stack_size = 300000);
    threading_thread_t *other = threading_thread_new(return_at_once, NULL, NULL);
    CHECK_EQUAL(threading_thread_stack_size(chosen), 300000);
    CHECK_EQUAL(threading_thread_stack_size(other), 0);
    CHECK_STATUS(threading_stack_size(1 << 19, NULL), THREADING_OK);
    CHECK_EQUAL(threading_thread_stack_size(chosen), 300000);
    CHECK_EQUAL(threading_thread_stack_size(other), 1 << 19);
    threading_thread_free(chosen);
    threading_thread_free(other);
}

static void *give_my_stack_size(void *size)
{
    *(size_t *)size = threading_thread_stack_size(threading_current_thread());
#if defined(__linux__)
    pthread_attr_t attributes;
    size_t real = 0;
    CHECK_EQUAL(pthread_getattr_np(pthread_self(), &attributes), 0);
    CHECK_EQUAL(pthread_attr_getstacksize(&attributes, &real), 0);
    CHECK_EQUAL(pthread_attr_destroy(&attributes), 0);
    CHECK(!is_posix() || real >= *(size_t *)size);
#endif
    return NULL;
}

static void check_stack(size_t asked, size_t least)
{
    size_t inside = 0;
    threading_thread_t *thread = threading_thread(give_my_stack_size, &inside, .stack_size = asked);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    size_t outside = threading_thread_stack_size(thread);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK_EQUAL(inside, outside);
    CHECK_EQUAL(threading_thread_stack_size(thread), outside); /* it is kept */
    CHECK(outside >= least);
    threading_thread_free(thread);
}

CASE(stack_size_is_what_the_thread_was_started_with)
{
    needs_stack_sizes();
    check_stack(32768, 32768);
    check_stack(1 << 19, 1 << 19);
    check_stack((1 << 20) + 1, (1 << 20) + 1);
}

CASE(stack_size_of_the_default_is_known_after_the_start)
{
    needs_stack_sizes();
    check_stack(0, 1 << 20);
    CHECK_STATUS(threading_stack_size(1 << 19, NULL), THREADING_OK);
    check_stack(0, 1 << 19);
}

CASE(stack_size_that_was_set_later_is_others)
{
    needs_stack_sizes();
    threading_lock_t gate = {0};
    gate_close(&gate);
    threading_thread_t *thread = started(wait_at_gate, &gate);
    size_t before = threading_thread_stack_size(thread);
    CHECK_STATUS(threading_stack_size(1 << 24, NULL), THREADING_OK);
    CHECK_EQUAL(threading_thread_stack_size(thread), before);
    gate_open(&gate);
    finished(thread);
}

CASE(stack_size_of_main_is_not_known)
{
    CHECK_EQUAL(threading_thread_stack_size(threading_main_thread()), 0);
}

static void *check_that_mine_is_not_known(void *arg)
{
    CHECK_EQUAL(threading_thread_stack_size(threading_current_thread()), 0);
    return arg;
}

CASE(stack_size_of_a_dummy_is_not_known)
{
    foreign_join(foreign_start(check_that_mine_is_not_known, NULL));
}

CASE(stack_size_that_cannot_be_had_is_what_was_asked_for)
{
    if (threading_stack_size(0, NULL) != THREADING_UNSUPPORTED)
        SKIP("this backend can choose the size of stacks");
    threading_thread_t *thread = threading_thread(return_at_once, NULL, .stack_size = 300000);
    CHECK_EQUAL(threading_thread_stack_size(thread), 300000);
    CHECK_STATUS(threading_thread_start(thread), THREADING_UNSUPPORTED);
    CHECK_EQUAL(threading_thread_stack_size(thread), 300000);
    threading_thread_free(thread);
}

CASE(stack_size_is_not_known_where_none_can_be_chosen)
{
    if (threading_stack_size(0, NULL) != THREADING_UNSUPPORTED)
        SKIP("this backend can choose the size of stacks");
    threading_thread_t *thread = started(return_at_once, NULL);
    CHECK_EQUAL(threading_thread_stack_size(thread), 0);
    finished(thread);
}
