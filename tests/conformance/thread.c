/* SPDX-License-Identifier: MIT */
/* Thread: start, states, daemon, options, results, references. */
#include "conformance.h"
#include "gate.h"

static threading_thread_t *made(threading_target_t target, void *arg)
{
    threading_thread_t *thread = threading_thread_new(target, arg, NULL);
    CHECK(thread != NULL);
    return thread;
}

/* ---- start ---- */

CASE(thread_not_started_is_nothing_yet)
{
    threading_thread_t *thread = made(return_at_once, NULL);
    CHECK(!threading_thread_is_alive(thread));
    CHECK(!threading_thread_daemon(thread));
    CHECK_EQUAL(threading_thread_ident(thread), 0);
    CHECK_EQUAL(threading_thread_native_id(thread), 0);
    CHECK(thread != threading_current_thread());
    threading_thread_free(thread);
}

static atomic_int runs;

static void *count_run(void *arg)
{
    atomic_fetch_add(&runs, 1);
    return arg;
}

CASE(start_runs_the_target_once)
{
    threading_thread_t *thread = made(count_run, NULL);
    CHECK_EQUAL(atomic_load(&runs), 0);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    finished(thread);
    CHECK_EQUAL(atomic_load(&runs), 1);
}

/* CPython: test_threading.ThreadTests.test_args_argument */
CASE(start_passes_the_argument)
{
    static int object;
    void *result = NULL;
    threading_thread_t *thread = started(return_at_once, &object);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK_STATUS(threading_thread_result(thread, &result), THREADING_OK);
    CHECK(result == &object);
    threading_thread_free(thread);
}

/* CPython: test_threading.ThreadingExceptionTests.test_start_thread_again */
CASE(start_of_a_running_thread_is_refused)
{
    threading_lock_t gate = {0};
    gate_close(&gate);
    threading_thread_t *thread = started(wait_at_gate, &gate);
    CHECK_STATUS(threading_thread_start(thread), THREADING_ALREADY_STARTED);
    CHECK_EQUAL(threading_active_count(), 2);
    gate_open(&gate);
    finished(thread);
}

/* CPython: test_threading.ThreadingExceptionTests.test_start_thread_again */
CASE(start_of_an_ended_thread_is_refused)
{
    threading_thread_t *thread = started(count_run, NULL);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK_STATUS(threading_thread_start(thread), THREADING_ALREADY_STARTED);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK_EQUAL(atomic_load(&runs), 1);
    threading_thread_free(thread);
}

static void *start_myself(void *arg)
{
    CHECK_STATUS(threading_thread_start(threading_current_thread()), THREADING_ALREADY_STARTED);
    return arg;
}

CASE(start_of_oneself_is_refused)
{
    finished(started(start_myself, NULL));
}

enum { starter_count = 8 };
static atomic_int race_round, starters_done, winners;
static threading_thread_t *_Atomic race_thread;

static void *race_to_start(void *arg)
{
    int rounds = *(const int *)arg;
    for (int round = 1; round <= rounds; round++) {
        while (atomic_load(&race_round) < round)
            (void)threading_sleep(0);
        threading_status_t status = threading_thread_start(atomic_load(&race_thread));
        if (status == THREADING_OK)
            atomic_fetch_add(&winners, 1);
        else
            CHECK_STATUS(status, THREADING_ALREADY_STARTED);
        atomic_fetch_add(&starters_done, 1);
    }
    return NULL;
}

/* CPython: test_thread.ThreadRunningTests.test_start_duplicate_handle */
CASE(start_by_many_at_once_has_one_winner)
{
    threading_thread_t *starters[starter_count];
    int rounds = is_slow() ? 50 : 200;
    for (size_t i = 0; i < starter_count; i++)
        starters[i] = started(race_to_start, &rounds);
    for (int round = 1; round <= rounds; round++) {
        threading_thread_t *thread = made(count_run, NULL);
        atomic_store(&race_thread, thread);
        atomic_store(&race_round, round);
        while (atomic_load(&starters_done) < round * starter_count)
            (void)threading_sleep(0);
        CHECK_EQUAL(atomic_load(&winners), round);
        finished(thread);
        CHECK_EQUAL(atomic_load(&runs), round);
    }
    for (size_t i = 0; i < starter_count; i++)
        finished(starters[i]);
}

struct identity {
    uint32_t ident;
    uint64_t native_id;
};

static void *note_identity(void *arg)
{
    struct identity *identity = arg;
    identity->ident = threading_get_ident();
    identity->native_id = threading_get_native_id();
    return NULL;
}

/* CPython: test_threading.ThreadTests.test_various_ops */
CASE(ids_are_known_when_start_returns)
{
    bool has_native_ids = threading_get_native_id() != 0;
    for (int i = 0; i < (is_slow() ? 100 : 1000); i++) {
        struct identity inside = {0, 0};
        threading_thread_t *thread = started(note_identity, &inside);
        uint32_t ident = threading_thread_ident(thread);
        uint64_t native_id = threading_thread_native_id(thread);
        CHECK(ident != 0);
        CHECK((native_id != 0) == has_native_ids);
        CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
        CHECK_EQUAL(inside.ident, ident);
        CHECK_EQUAL(inside.native_id, native_id);
        CHECK_EQUAL(threading_thread_ident(thread), ident);
        CHECK_EQUAL(threading_thread_native_id(thread), native_id);
        threading_thread_free(thread);
    }
}

static void *check_that_i_am_alive(void *arg)
{
    CHECK(threading_thread_is_alive(threading_current_thread()));
    return arg;
}

/* CPython: test_threading.ThreadTests.test_various_ops */
CASE(alive_from_the_start_to_the_end)
{
    threading_lock_t gate = {0};
    gate_close(&gate);
    threading_thread_t *thread = made(wait_at_gate, &gate);
    CHECK(!threading_thread_is_alive(thread));
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    CHECK(threading_thread_is_alive(thread));
    gate_open(&gate);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK(!threading_thread_is_alive(thread));
    threading_thread_free(thread);
    finished(started(check_that_i_am_alive, NULL));
}

static int plain; /* not atomic: the library's ordering alone makes it right */

static void *set_plain(void *arg)
{
    plain += 1;
    return arg;
}

/* CPython: test_threading.ThreadTests.test_repr_stopped */
CASE(end_is_seen_without_a_join_and_orders)
{
    for (int i = 1; i <= (is_slow() ? 50 : 200); i++) {
        threading_thread_t *thread = started(set_plain, NULL);
        while (threading_thread_is_alive(thread))
            (void)threading_sleep(0);
        CHECK_EQUAL(plain, i);
        threading_thread_free(thread);
    }
}

static void *check_plain(void *arg)
{
    CHECK_EQUAL(plain, *(const int *)arg);
    return NULL;
}

CASE(what_was_done_before_start_is_seen_inside)
{
    for (int i = 0; i < (is_slow() ? 50 : 500); i++) {
        plain = i;
        finished(started(check_plain, &i));
    }
}

static void *start_a_thread(void *arg)
{
    for (int i = 0; i < 5; i++)
        finished(started(count_run, NULL));
    return arg;
}

/* CPython: test_threading.ThreadJoinOnShutdown.test_thread_from_thread */
CASE(start_from_a_thread)
{
    finished(started(start_a_thread, NULL));
    CHECK_EQUAL(atomic_load(&runs), 5);
}

/* CPython: test_threading.ThreadTests.test_boolean_target */
CASE(thread_without_a_target_does_nothing)
{
    void *result = &plain;
    threading_thread_t *thread = started(NULL, &plain);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK_STATUS(threading_thread_result(thread, &result), THREADING_OK);
    CHECK(result == NULL);
    threading_thread_free(thread);
}

/* CPython: test_threading.ThreadTests.test_limbo_cleanup, test_start_new_thread_failed */
CASE(start_that_the_system_refuses_leaves_the_thread_as_new)
{
    if (threading_stack_size(0, NULL) == THREADING_UNSUPPORTED)
        SKIP("this backend cannot choose the size of stacks");
    threading_thread_t *thread = made(count_run, NULL);
    CHECK_STATUS(threading_stack_size(SIZE_MAX / 8 * 7, NULL), THREADING_OK);
    for (int i = 0; i < 3; i++) {
        CHECK_STATUS(threading_thread_start(thread), THREADING_NO_THREADS);
        CHECK_EQUAL(threading_active_count(), 1);
        CHECK(!threading_thread_is_alive(thread));
        CHECK_EQUAL(threading_thread_ident(thread), 0);
        CHECK_EQUAL(threading_thread_native_id(thread), 0);
        CHECK_STATUS(threading_thread_join(thread), THREADING_NOT_STARTED);
        CHECK_STATUS(threading_thread_result(thread, NULL), THREADING_NOT_STARTED);
        CHECK_STATUS(threading_thread_set_daemon(thread, i % 2 == 0), THREADING_OK);
    }
    CHECK_STATUS(threading_stack_size(0, NULL), THREADING_OK);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    finished(thread);
    CHECK_EQUAL(atomic_load(&runs), 1);
}

/* ---- result ---- */

CASE(result_follows_the_states)
{
    threading_lock_t gate = {0};
    void *result = &plain;
    gate_close(&gate);
    threading_thread_t *thread = made(wait_at_gate, &gate);
    CHECK_STATUS(threading_thread_result(thread, &result), THREADING_NOT_STARTED);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    CHECK_STATUS(threading_thread_result(thread, &result), THREADING_BUSY);
    CHECK(result == &plain);
    gate_open(&gate);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK_STATUS(threading_thread_result(thread, &result), THREADING_OK);
    CHECK(result == &gate);
    CHECK_STATUS(threading_thread_result(thread, NULL), THREADING_OK);
    threading_thread_free(thread);
}

static void *busy_with_myself(void *arg)
{
    CHECK_STATUS(threading_thread_result(threading_current_thread(), &arg), THREADING_BUSY);
    return NULL;
}

CASE(result_of_oneself_is_busy)
{
    finished(started(busy_with_myself, NULL));
}

CASE(result_needs_no_join_and_orders)
{
    for (int i = 1; i <= (is_slow() ? 50 : 200); i++) {
        void *result = NULL;
        threading_thread_t *thread = started(set_plain, &plain);
        threading_status_t status;
        while ((status = threading_thread_result(thread, &result)) == THREADING_BUSY)
            (void)threading_sleep(0);
        CHECK_STATUS(status, THREADING_OK);
        CHECK(result == &plain);
        CHECK_EQUAL(plain, i);
        threading_thread_free(thread);
    }
}

CASE(result_of_main_is_invalid)
{
    void *result = &plain;
    CHECK_STATUS(threading_thread_result(threading_main_thread(), &result), THREADING_INVALID);
    CHECK_STATUS(threading_thread_result(threading_main_thread(), NULL), THREADING_INVALID);
    CHECK(result == &plain);
}

/* ---- references ---- */

CASE(retain_gives_the_same_handle)
{
    threading_thread_t *thread = made(NULL, NULL);
    CHECK(threading_thread_retain(thread) == thread);
    threading_thread_free(thread);
    CHECK_TEXT(threading_thread_name(thread), "Thread-1");
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    finished(thread);
}

CASE(references_are_counted_exactly)
{
    size_t before = 0;
    for (int round = 0; round < 200; round++) {
        threading_thread_t *thread = made(NULL, NULL);
        for (int i = 0; i < 100; i++)
            CHECK(threading_thread_retain(thread) == thread);
        for (int i = 0; i < 101; i++)
            threading_thread_free(thread);
        if (round == 100)
            before = allocated_bytes();
    }
    CHECK(allocated_bytes() <= before + 4096);
}

static atomic_bool passed;

static void *note_that_i_passed(void *gate)
{
    gate_pass(gate);
    atomic_store(&passed, true);
    return NULL;
}

CASE(free_of_a_running_thread_does_not_stop_it)
{
    static threading_lock_t gate;
    gate_close(&gate);
    threading_thread_free(started(note_that_i_passed, &gate));
    CHECK_EQUAL(threading_active_count(), 2);
    gate_open(&gate);
    AWAIT(atomic_load(&passed));
    AWAIT(threading_active_count() == 1);
}

static void *free_my_handle(void *gate)
{
    gate_pass(gate);
    threading_thread_t *me = threading_current_thread();
    threading_thread_free(me);
    CHECK(threading_current_thread() == me);
    CHECK_TEXT(threading_thread_name(me), "Thread-1");
    CHECK(threading_thread_is_alive(me));
    atomic_store(&passed, true);
    return NULL;
}

CASE(free_of_the_last_handle_by_the_thread_itself)
{
    static threading_lock_t gate;
    gate_close(&gate);
    CHECK(started(free_my_handle, &gate) != NULL);
    gate_open(&gate);
    AWAIT(atomic_load(&passed));
    AWAIT(threading_active_count() == 1);
}

/* Virtual memory of the process in pages, where the system tells; a stack that nobody reaped shows there. */
static size_t address_space_pages(void)
{
    size_t pages = 0;
#if defined(__linux__)
    FILE *statm = fopen("/proc/self/statm", "r");
    if (statm == NULL)
        return 0;
    if (fscanf(statm, "%zu", &pages) != 1)
        pages = 0;
    fclose(statm);
#endif
    return pages;
}

static size_t memory_after_unjoined(int rounds)
{
    for (int i = 0; i < rounds; i++) {
        threading_thread_t *ended = started(return_at_once, NULL);
        AWAIT(!threading_thread_is_alive(ended));
        threading_thread_free(ended);
        threading_thread_free(started(return_at_once, NULL));
        AWAIT(threading_active_count() == 1);
        threading_thread_free(made(return_at_once, NULL));
    }
    return allocated_bytes();
}

/*
 * CPython: test_threading.ThreadTests.test_leak_without_join,
 * test_thread.ThreadRunningTests.test_joinable_not_joined
 */
CASE(threads_never_joined_or_never_started_leave_nothing_behind)
{
    size_t before = memory_after_unjoined(100), pages_before = address_space_pages();
    size_t after = memory_after_unjoined(is_slow() ? 250 : 1000), pages_after = address_space_pages();
    CHECK(after <= before + 16384);
    CHECK(is_emulated() || pages_after <= pages_before + 65536); /* 256 MiB; 500 stacks are twice as much */
}

static threading_thread_t *shared_handle;

static void *retain_and_free(void *arg)
{
    int rounds = is_slow() ? 2000 : 50000;
    for (int i = 0; i < rounds; i++) {
        CHECK(threading_thread_retain(shared_handle) == shared_handle);
        CHECK(threading_thread_name(shared_handle) != NULL);
        threading_thread_free(shared_handle);
    }
    return arg;
}

CASE(references_are_counted_by_many_threads)
{
    threading_thread_t *holders[4];
    shared_handle = made(return_at_once, NULL);
    for (size_t i = 0; i < 4; i++)
        holders[i] = started(retain_and_free, NULL);
    CHECK_STATUS(threading_thread_start(shared_handle), THREADING_OK);
    for (size_t i = 0; i < 4; i++)
        finished(holders[i]);
    finished(shared_handle);
}
