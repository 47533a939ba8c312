/* SPDX-License-Identifier: MIT */
/* The lowest level: start_new_thread, threading_exit, and the size of stacks. */
#include "conformance.h"
#include "gate.h"

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#define HAS_PTHREAD_EXIT 1
#else
#define HAS_PTHREAD_EXIT 0
#endif

/* More than any system can give: seven eighths of the address space. */
#define HUGE_STACK (SIZE_MAX / 8 * 7)

/* ---- start_new_thread ---- */

struct seen {
    threading_lock_t gate;
    atomic_bool noted;
    threading_thread_t *thread;
    uint32_t ident;
    bool daemon;
    bool alive;
};

static void *note_who_i_am(void *arg)
{
    struct seen *seen = arg;
    seen->thread = threading_thread_retain(threading_current_thread());
    seen->ident = threading_get_ident();
    seen->daemon = threading_thread_daemon(seen->thread);
    seen->alive = threading_thread_is_alive(seen->thread);
    atomic_store(&seen->noted, true);
    gate_pass(&seen->gate);
    return NULL;
}

CASE(new_thread_runs_its_target_with_its_argument)
{
    static struct seen seen;
    CHECK_STATUS(threading_start_new_thread(note_who_i_am, &seen, NULL), THREADING_OK);
    AWAIT(atomic_load(&seen.noted));
    CHECK(seen.thread != NULL && seen.thread != threading_current_thread());
    CHECK(seen.ident != threading_get_ident());
    CHECK(seen.alive);
    threading_thread_free(seen.thread);
}

CASE(new_thread_is_a_daemon)
{
    static struct seen seen;
    CHECK_STATUS(threading_start_new_thread(note_who_i_am, &seen, NULL), THREADING_OK);
    AWAIT(atomic_load(&seen.noted));
    CHECK(seen.daemon);
    threading_thread_free(seen.thread);
}

CASE(new_threads_ident_is_the_one_it_sees)
{
    static struct seen seen;
    uint32_t ident = 0;
    CHECK_STATUS(threading_start_new_thread(note_who_i_am, &seen, &ident), THREADING_OK);
    CHECK(ident != 0);
    AWAIT(atomic_load(&seen.noted));
    CHECK_EQUAL(ident, seen.ident);
    CHECK_EQUAL(ident, threading_thread_ident(seen.thread));
    threading_thread_free(seen.thread);
}

/* CPython: test_thread.ThreadRunningTests.test__count */
CASE(new_thread_is_listed_and_counted_while_it_lives)
{
    static struct seen seen;
    threading_thread_t *listed[2] = {NULL, NULL};
    gate_close(&seen.gate);
    CHECK_STATUS(threading_start_new_thread(note_who_i_am, &seen, NULL), THREADING_OK);
    CHECK_EQUAL(threading_active_count(), 2);
    AWAIT(atomic_load(&seen.noted));
    CHECK_EQUAL(threading_enumerate(listed, 2), 2);
    CHECK(listed[1] == seen.thread);
    gate_open(&seen.gate);
    AWAIT(threading_active_count() == 1);
    AWAIT(!threading_thread_is_alive(seen.thread));
    threading_thread_free(listed[0]);
    threading_thread_free(listed[1]);
    threading_thread_free(seen.thread);
}

CASE(new_thread_without_a_target_does_nothing)
{
    uint32_t ident = 0;
    CHECK_STATUS(threading_start_new_thread(NULL, NULL, &ident), THREADING_OK);
    CHECK(ident != 0 && ident != threading_get_ident());
    CHECK_STATUS(threading_start_new_thread(NULL, NULL, NULL), THREADING_OK);
    AWAIT(threading_active_count() == 1);
}

static size_t memory_after_new_threads(int rounds)
{
    for (int i = 0; i < rounds; i++) {
        CHECK_STATUS(threading_start_new_thread(return_at_once, NULL, NULL), THREADING_OK);
        AWAIT(threading_active_count() == 1);
    }
    return allocated_bytes();
}

CASE(new_threads_leave_no_memory_behind)
{
    size_t before = memory_after_new_threads(100);
    size_t after = memory_after_new_threads(is_slow() ? 300 : 1000);
    CHECK(after <= before + 16384);
}

static atomic_int descendants;

static void *start_a_descendant(void *arg)
{
    if (atomic_fetch_add(&descendants, 1) < 99)
        CHECK_STATUS(threading_start_new_thread(start_a_descendant, arg, NULL), THREADING_OK);
    return NULL;
}

/* CPython: test_thread.ThreadRunningTests.test_starting_threads */
CASE(new_threads_start_new_threads)
{
    CHECK_STATUS(threading_start_new_thread(start_a_descendant, NULL, NULL), THREADING_OK);
    AWAIT(atomic_load(&descendants) == 100);
    AWAIT(threading_active_count() == 1);
}

/* ---- threading_exit ---- */

/* Not known as one that does not return, so that the compiler keeps what comes after it. */
static void (*volatile leave_thread)(void *result) = threading_exit;

static atomic_bool came_back;
static int result_object;

static void *exit_from_target(void *arg)
{
    leave_thread(arg);
    atomic_store(&came_back, true);
    return NULL;
}

CASE(exit_ends_the_thread_with_a_result)
{
    void *result = NULL;
    threading_thread_t *thread = started(exit_from_target, &result_object);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK(!threading_thread_is_alive(thread));
    CHECK_STATUS(threading_thread_result(thread, &result), THREADING_OK);
    CHECK(result == &result_object);
    threading_thread_free(thread);
}

CASE(exit_does_not_return)
{
    finished(started(exit_from_target, NULL));
    CHECK(!atomic_load(&came_back));
}

static void exit_from_the_depth(int depth, void *result)
{
    if (depth == 0)
        leave_thread(result);
    else
        exit_from_the_depth(depth - 1, result);
    atomic_store(&came_back, true);
}

static void *exit_from_nested_calls(void *arg)
{
    exit_from_the_depth(100, arg);
    return NULL;
}

CASE(exit_leaves_nested_calls)
{
    void *result = NULL;
    threading_thread_t *thread = started(exit_from_nested_calls, &result_object);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK_STATUS(threading_thread_result(thread, &result), THREADING_OK);
    CHECK(result == &result_object);
    CHECK(!atomic_load(&came_back));
    threading_thread_free(thread);
}

static void *join_it(void *thread)
{
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    return NULL;
}

static void *exit_at_gate(void *gate)
{
    gate_pass(gate);
    leave_thread(gate);
    return NULL;
}

CASE(exit_wakes_all_joiners)
{
    threading_lock_t gate = {0};
    threading_thread_t *joiners[3];
    gate_close(&gate);
    threading_thread_t *thread = started(exit_at_gate, &gate);
    for (size_t i = 0; i < 3; i++)
        joiners[i] = started(join_it, thread);
    CHECK_EQUAL(threading_active_count(), 5);
    gate_open(&gate);
    for (size_t i = 0; i < 3; i++)
        finished(joiners[i]);
    CHECK_EQUAL(threading_active_count(), 1);
    finished(thread);
}

CASE(exit_ends_a_new_thread)
{
    CHECK_STATUS(threading_start_new_thread(exit_from_target, NULL, NULL), THREADING_OK);
    AWAIT(threading_active_count() == 1);
    CHECK(!atomic_load(&came_back));
}

CASE(exit_ends_a_foreign_thread)
{
    foreign_join(foreign_start(exit_from_target, NULL));
    CHECK(!atomic_load(&came_back));
    CHECK_EQUAL(threading_active_count(), 1);
}

static void *become_known_and_exit(void *arg)
{
    CHECK(threading_current_thread() != NULL);
    return exit_from_target(arg);
}

CASE(exit_ends_a_foreign_thread_and_its_dummy)
{
    foreign_join(foreign_start(become_known_and_exit, NULL));
    CHECK(!atomic_load(&came_back));
    CHECK_EQUAL(threading_active_count(), 1);
}

#if HAS_PTHREAD_EXIT
static void *exit_as_the_platform_does(void *arg)
{
    pthread_exit(arg);
}
#else
#define exit_as_the_platform_does return_at_once
#endif

CASE(raw_exit_of_the_platform_is_survived)
{
    if (!HAS_PTHREAD_EXIT)
        SKIP("no pthread_exit here");
    void *result = &result_object;
    threading_thread_t *thread = started(exit_as_the_platform_does, &result_object);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK(!threading_thread_is_alive(thread));
    CHECK_EQUAL(threading_active_count(), 1);
    CHECK_STATUS(threading_thread_result(thread, &result), THREADING_OK);
    CHECK(result == NULL);
    threading_thread_free(thread);
}

/* ---- stack_size ---- */

static void need_stack_sizes(void)
{
    if (threading_stack_size(0, NULL) == THREADING_UNSUPPORTED)
        SKIP("this backend cannot choose the size of stacks");
}

static void set_stack_size(size_t size)
{
    CHECK_STATUS(threading_stack_size(size, NULL), THREADING_OK);
}

CASE(stack_size_is_zero_by_default)
{
    CHECK_EQUAL(threading_get_stack_size(), 0);
}

/* CPython: test_thread.ThreadRunningTests.test_nt_and_posix_stack_size, test_stack_size */
CASE(stack_size_gives_the_previous_size)
{
    size_t previous = 1;
    need_stack_sizes();
    CHECK_STATUS(threading_stack_size(262144, &previous), THREADING_OK);
    CHECK_EQUAL(previous, 0);
    CHECK_EQUAL(threading_get_stack_size(), 262144);
    CHECK_STATUS(threading_stack_size(1048576, &previous), THREADING_OK);
    CHECK_EQUAL(previous, 262144);
    CHECK_STATUS(threading_stack_size(0, &previous), THREADING_OK);
    CHECK_EQUAL(previous, 1048576);
    CHECK_EQUAL(threading_get_stack_size(), 0);
}

/* CPython: test_thread.ThreadRunningTests.test_nt_and_posix_stack_size */
CASE(stack_size_below_the_minimum_changes_nothing)
{
    static const size_t sizes[] = {1, 4096, 16384, 32767};
    need_stack_sizes();
    set_stack_size(262144);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t previous = 77;
        CHECK_STATUS(threading_stack_size(sizes[i], &previous), THREADING_INVALID);
        CHECK_EQUAL(previous, 77);
        CHECK_EQUAL(threading_get_stack_size(), 262144);
    }
}

/* CPython: test_threading.ThreadTests.test_various_ops_small_stack */
CASE(stack_size_of_the_minimum_works)
{
    need_stack_sizes();
    set_stack_size(32768);
    CHECK_EQUAL(threading_get_stack_size(), 32768);
    finished(started(return_at_once, NULL));
    set_stack_size(262144);
    finished(started(return_at_once, NULL));
}

CASE(stack_size_need_not_be_aligned)
{
    need_stack_sizes();
    set_stack_size(65537);
    CHECK_EQUAL(threading_get_stack_size(), 65537);
    finished(started(return_at_once, NULL));
    set_stack_size(1048575);
    finished(started(return_at_once, NULL));
}

CASE(stack_size_that_nobody_has_is_told_by_start)
{
    static const size_t sizes[] = {HUGE_STACK, SIZE_MAX, SIZE_MAX - 1};
    need_stack_sizes();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        threading_thread_t *thread = threading_thread_new(return_at_once, NULL, NULL);
        set_stack_size(sizes[i]);
        CHECK_STATUS(threading_thread_start(thread), THREADING_NO_THREADS);
        CHECK_STATUS(threading_start_new_thread(return_at_once, NULL, NULL), THREADING_NO_THREADS);
        CHECK_EQUAL(threading_active_count(), 1);
        threading_thread_free(thread);
    }
}

CASE(stack_size_is_for_threads_started_later)
{
    threading_lock_t gate = {0};
    need_stack_sizes();
    gate_close(&gate);
    threading_thread_t *before = started(wait_at_gate, &gate);
    threading_thread_t *later = threading_thread_new(wait_at_gate, &gate, NULL);
    set_stack_size(HUGE_STACK);
    CHECK(threading_thread_is_alive(before));
    CHECK_STATUS(threading_thread_start(later), THREADING_NO_THREADS);
    set_stack_size(0);
    CHECK_STATUS(threading_thread_start(later), THREADING_OK);
    gate_open(&gate);
    finished(before);
    finished(later);
}

CASE(stack_size_of_the_options_comes_first)
{
    need_stack_sizes();
    set_stack_size(HUGE_STACK);
    threading_thread_t *small = threading_thread(return_at_once, NULL, .stack_size = 262144);
    CHECK_STATUS(threading_thread_start(small), THREADING_OK);
    finished(small);
    set_stack_size(0);
    threading_thread_t *huge = threading_thread(return_at_once, NULL, .stack_size = HUGE_STACK);
    CHECK_STATUS(threading_thread_start(huge), THREADING_NO_THREADS);
    threading_thread_free(huge);
}

/* Uses about 16 KiB of stack for each level, and comes back from all of them. */
static size_t fill_stack(size_t levels)
{
    volatile unsigned char part[16384];
    for (size_t i = 0; i < sizeof part; i += 1024)
        part[i] = (unsigned char)levels;
    size_t sum = levels > 1 ? fill_stack(levels - 1) : 0;
    return sum + (part[0] == (unsigned char)levels);
}

static void *fill_kibibytes(void *arg)
{
    size_t levels = *(const size_t *)arg / 16;
    CHECK_EQUAL(fill_stack(levels), levels);
    return NULL;
}

/* CPython: test_threading.ThreadTests.test_various_ops_large_stack */
CASE(stack_of_the_size_asked_for_is_there)
{
    size_t kibibytes = 3 * 1024;
    need_stack_sizes();
    set_stack_size(4 * 1024 * 1024);
    finished(started(fill_kibibytes, &kibibytes));
    set_stack_size(0);
    threading_thread_t *thread = threading_thread(fill_kibibytes, &kibibytes, .stack_size = 4 * 1024 * 1024);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    finished(thread);
}

CASE(stack_of_the_default_size_is_one_mebibyte_at_least)
{
    size_t kibibytes = 768;
    need_stack_sizes();
    finished(started(fill_kibibytes, &kibibytes));
}
