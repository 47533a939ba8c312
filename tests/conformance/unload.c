/* SPDX-License-Identifier: MIT */
/* threading_unload() where the library is a part of the program: nothing is left, and the next use is a
 * first use. */
#include <string.h>

#include "crowd.h"
#include "gate.h"

/* -------------------------------------------------------------------------------------- helpers */

static bool is_c11(void)
{
    return strcmp(threading_backend(), "c11") == 0;
}

/* Nothing is used: the answer tells only where the library is. */
static void needs_unload(void)
{
    if (threading_unload() == THREADING_UNSUPPORTED)
        SKIP("the library is in an object that stays loaded");
}

/* What has waited may have left a thread of the backend's own, which goes when nobody waits. */
static void unload(void)
{
    if (is_c11())
        AWAIT(threading_unload() == THREADING_OK);
    else
        CHECK_STATUS(threading_unload(), THREADING_OK);
}

static threading_lock_t gate;
static threading_local_t local = THREADING_LOCAL_INIT(int);
static atomic_int ready;

static void everything_works(void)
{
    CHECK_EQUAL(threading_active_count(), 1);
    CHECK(threading_current_thread() == threading_main_thread());
    CHECK_EQUAL(threading_get_ident(), threading_thread_ident(threading_main_thread()));
    CHECK_TEXT(threading_thread_name(threading_current_thread()), "MainThread");
    int *copy = threading_local_get(&local);
    CHECK(copy != NULL && *copy == 0);
    *copy = 1;
    gate_close(&gate);
    threading_thread_t *thread = started(wait_at_gate, &gate);
    CHECK_STATUS(threading_thread_try_join(thread), THREADING_BUSY);
    CHECK_EQUAL(threading_active_count(), 2);
    gate_open(&gate);
    finished(thread);
}

/* C11 cannot tell when a thread has gone that nobody joins. */
static void unload_when_it_has_gone(void)
{
    AWAIT(threading_active_count() == 1);
    if (is_c11())
        CHECK_STATUS(threading_unload(), THREADING_BUSY);
    else
        AWAIT(threading_unload() == THREADING_OK);
}

/* ------------------------------------------------------------------------------------------- cases */

CASE(nothing_used_is_nothing_to_do)
{
    needs_unload();
    CHECK_STATUS(threading_unload(), THREADING_OK);
    everything_works();
}

CASE(library_works_again_after_an_unload)
{
    needs_unload();
    for (int i = 0; i < 50; i++) {
        everything_works();
        unload();
    }
}

CASE(locals_go_without_their_finalisers)
{
    needs_unload();
    CHECK(threading_local_get(&local) != NULL);
    *(int *)threading_local_get(&local) = 7;
    unload();
    CHECK_EQUAL(*(int *)threading_local_get(&local), 0);
    CHECK_STATUS(threading_local_destroy(&local), THREADING_OK);
    threading_local_t other = THREADING_LOCAL_INIT(int);
    CHECK(threading_local_get(&other) != threading_local_get(&local));
    CHECK_STATUS(threading_local_destroy(&other), THREADING_OK);
}

CASE(running_thread_is_in_the_way)
{
    needs_unload();
    gate_close(&gate);
    threading_thread_t *thread = started(wait_at_gate, &gate);
    CHECK_STATUS(threading_unload(), THREADING_BUSY);
    CHECK_EQUAL(threading_active_count(), 2);
    CHECK(threading_thread_is_alive(thread));
    gate_open(&gate);
    finished(thread);
    unload();
    everything_works();
}

CASE(ended_thread_is_in_the_way_until_it_is_joined)
{
    needs_unload();
    threading_thread_t *thread = started(return_at_once, NULL);
    AWAIT(!threading_thread_is_alive(thread));
    CHECK_STATUS(threading_unload(), THREADING_BUSY);
    finished(thread);
    unload();
}

static void *stay(void *arg)
{
    atomic_fetch_add(&ready, 1);
    return wait_at_gate(arg);
}

CASE(daemon_is_in_the_way_until_it_has_gone)
{
    needs_unload();
    gate_close(&gate);
    CHECK_STATUS(threading_start_new_thread(stay, &gate, NULL), THREADING_OK);
    CHECK_STATUS(threading_unload(), THREADING_BUSY);
    gate_open(&gate);
    unload_when_it_has_gone();
    everything_works();
}

static void *unload_here(void *arg)
{
    CHECK_STATUS(threading_unload(), THREADING_BUSY);
    return arg;
}

CASE(started_thread_cannot_unload)
{
    needs_unload();
    finished(started(unload_here, NULL));
    unload();
}

static void *unload_as_a_guest(void *arg)
{
    CHECK(threading_current_thread() != NULL);
    unload();
    CHECK_EQUAL(threading_active_count(), 1);
    return arg;
}

CASE(foreign_thread_can_unload)
{
    needs_unload();
    foreign_join(foreign_start(unload_as_a_guest, NULL));
    everything_works();
}

static void *task(void *arg)
{
    gate_pass(&gate);
    return arg;
}

CASE(pool_is_in_the_way_until_its_shutdown)
{
    needs_unload();
    threading_future_t *future = NULL;
    threading_executor_t *pool = threading_executor_new(2, NULL);
    CHECK(pool != NULL);
    gate_close(&gate);
    CHECK_STATUS(threading_executor_submit(pool, task, NULL, &future), THREADING_OK);
    CHECK_STATUS(threading_unload(), THREADING_BUSY);
    gate_open(&gate);
    CHECK_STATUS(threading_future_result(future, NULL), THREADING_OK);
    threading_future_free(future);
    CHECK_STATUS(threading_unload(), THREADING_BUSY);
    CHECK_STATUS(threading_executor_shutdown(pool, true, false), THREADING_OK);
    threading_executor_free(pool);
    unload();
    everything_works();
}

static threading_condition_t turn = THREADING_CONDITION_INIT;

static THREADING_NO_ANALYSIS void *wait_for_turn(void *is_awaited)
{
    CHECK_STATUS(threading_condition_acquire(&turn), THREADING_OK);
    *(bool *)is_awaited = true;
    CHECK_STATUS(threading_condition_wait(&turn), THREADING_OK);
    CHECK_STATUS(threading_condition_release(&turn), THREADING_OK);
    return is_awaited;
}

/* When the flag is seen under the condition's lock, the other one waits. */
CASE(waiting_foreign_thread_is_in_the_way)
{
    needs_unload();
    bool is_awaited = false, is_seen = false;
    foreign_t *guest = foreign_start(wait_for_turn, &is_awaited);
    while (!is_seen)
        THREADING_WITH_CONDITION(&turn)
            is_seen = is_awaited;
    CHECK_STATUS(threading_unload(), THREADING_BUSY);
    THREADING_WITH_CONDITION(&turn)
        CHECK_STATUS(threading_condition_notify(&turn, 1), THREADING_OK);
    foreign_join(guest);
    unload();
}

static threading_thread_t *dummy;

/* Before the unload, and after it. */
static void *be_a_guest_twice(void *arg)
{
    dummy = threading_thread_retain(threading_current_thread());
    uint32_t ident = threading_get_ident();
    CHECK_EQUAL(threading_active_count(), 2);
    atomic_fetch_add(&ready, 1);
    while (atomic_load(&ready) != 2)
        continue;
    CHECK(threading_get_ident() != ident);
    CHECK(threading_current_thread() != dummy);
    CHECK_EQUAL(threading_active_count(), 2);
    return arg;
}

CASE(foreign_thread_that_goes_on_is_known_anew)
{
    needs_unload();
    for (int i = 0; i < 20; i++) {
        atomic_store(&ready, 0);
        foreign_t *guest = foreign_start(be_a_guest_twice, NULL);
        while (atomic_load(&ready) != 1)
            continue;
        unload();
        CHECK(!threading_thread_is_alive(dummy));
        CHECK_EQUAL(threading_active_count(), 1);
        atomic_fetch_add(&ready, 1);
        foreign_join(guest);
        threading_thread_free(dummy);
        CHECK_EQUAL(threading_active_count(), 1);
    }
}

static void say(const char *line)
{
    puts(line);
    fflush(stdout);
}

EXIT_CASE(exit_after_an_unload_has_nothing_to_do, 3, "end of main|")
{
    needs_unload();
    everything_works();
    unload();
    say("end of main");
    EXIT_CODE = 3;
}

static void *outlive_main(void *arg)
{
    CHECK_STATUS(threading_thread_join(threading_main_thread()), THREADING_OK);
    say("worker");
    return arg;
}

EXIT_CASE(exit_after_an_unload_waits_for_who_came_later, 0, "end of main|worker|")
{
    needs_unload();
    everything_works();
    unload();
    threading_thread_free(started(outlive_main, NULL));
    say("end of main");
}
