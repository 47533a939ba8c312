/* SPDX-License-Identifier: MIT */
/*
 * A plugin with the library inside, loaded and closed. This program has a copy of its own for the harness;
 * what it tests is the plugin's.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include "child.h"
#include "gate.h"
#include "plugin.h"

/* -------------------------------------------------------------------------------------- helpers */

static void *handle;
static const plugin_calls *calls;

static void load(void)
{
    handle = dlopen(PLUGIN, RTLD_NOW);
    if (handle == NULL)
        check_failed(__FILE__, __LINE__, "dlopen", dlerror());
    void *address = dlsym(handle, "plugin");
    const plugin_calls *(*find)(void);
    memcpy(&find, &address, sizeof find);
    calls = find();
}

static void close_plugin(void)
{
    CHECK_EQUAL(dlclose(handle), 0);
}

static bool is_loaded(void)
{
    void *again = dlopen(PLUGIN, RTLD_NOW | RTLD_NOLOAD);
    if (again != NULL)
        CHECK_EQUAL(dlclose(again), 0);
    return again != NULL;
}

/* The harness's own copy has its key before the others are counted. */
static int free_keys(void)
{
    CHECK(threading_get_ident() != 0);
    static pthread_key_t keys[4096];
    int count = 0;
    while (count < 4096 && pthread_key_create(&keys[count], NULL) == 0)
        count++;
    for (int i = 0; i < count; i++)
        CHECK_EQUAL(pthread_key_delete(keys[i]), 0);
    return count;
}

static bool is_c11(void)
{
    return strcmp(threading_backend(), "c11") == 0;
}

static void needs_a_pin(void)
{
    if (is_c11())
        SKIP("C11 cannot keep a plugin loaded");
}

static void needs_ends(void)
{
    if (is_c11())
        SKIP("C11 cannot tell when a detached thread has gone");
}

static int rounds(void)
{
    return is_slow() ? 128 : 1024;
}

/* The ends of threads that nobody joins are waited for. */
static void unload_at_last(void)
{
    AWAIT(calls->unload() == 0);
}

static void unload_and_close(void)
{
    CHECK_EQUAL(calls->unload(), 0);
    close_plugin();
    CHECK(!is_loaded());
}

/* A thread that the plugin did not start: it uses the plugin, then stays until the gate is opened. */
static threading_lock_t gate;
static atomic_int used;

static void *use_and_stay(void *arg)
{
    calls->use();
    atomic_fetch_add(&used, 1);
    gate_pass(&gate);
    return arg;
}

static foreign_t *guest_that_stays(void)
{
    int before = atomic_load(&used);
    foreign_t *guest = foreign_start(use_and_stay, NULL);
    AWAIT(atomic_load(&used) > before);
    return guest;
}

static void nothing(void)
{
}

/* ------------------------------------------------------------------------------- without a word */

CASE(foreign_thread_ends_after_the_plugin_was_closed)
{
    needs_a_pin();
    load();
    gate_close(&gate);
    foreign_t *guest = guest_that_stays();
    close_plugin();
    CHECK(is_loaded());
    gate_open(&gate);
    foreign_join(guest);
}

CASE(daemon_goes_on_after_the_plugin_was_closed)
{
    needs_a_pin();
    load();
    calls->start_daemon();
    close_plugin();
    CHECK(is_loaded());
    calls->let_go();
    AWAIT(calls->active_count() == 1);
}

CASE(loads_without_a_word_cost_one_key)
{ /* slow */
    needs_a_pin();
    int before = free_keys();
    for (int i = 0; i < rounds(); i++) {
        load();
        calls->use();
        close_plugin();
    }
    CHECK_EQUAL(free_keys(), before - 1);
}

EXIT_CASE(worker_of_a_closed_plugin_is_waited_for, 7, "end of main|worker|")
{
    needs_a_pin();
    load();
    calls->start_speaker();
    close_plugin();
    puts("end of main");
    fflush(stdout);
    EXIT_CODE = 7;
}

CASE(unused_plugin_is_unloaded)
{
    int before = free_keys();
    for (int i = 0; i < rounds(); i++) {
        load();
        close_plugin();
        CHECK(!is_loaded());
    }
    CHECK_EQUAL(free_keys(), before);
}

CASE(fork_after_an_unused_plugin_was_unloaded)
{
    load();
    close_plugin();
    CHECK(!is_loaded());
    in_child(nothing);
}

static void use_plugin(void)
{
    calls->use();
    if (!CHILD_OF_TSAN)
        calls->run_thread();
    CHECK_EQUAL(calls->active_count(), 1);
}

CASE(fork_with_an_unused_plugin)
{
    load();
    in_child(use_plugin);
    close_plugin();
    CHECK(!is_loaded());
}

CASE(fork_with_a_closed_plugin_that_is_used)
{
    needs_a_pin();
    load();
    calls->use();
    close_plugin();
    in_child(use_plugin);
}

/* ------------------------------------------------------------------------------------ unloaded */

CASE(loads_and_unloads_cost_nothing)
{ /* slow */
    size_t bytes = 0;
    int before = free_keys();
    for (int i = 0; i < rounds(); i++) {
        load();
        calls->use();
        calls->run_thread();
        CHECK_EQUAL(calls->active_count(), 1);
        unload_and_close();
        if (i == 10)
            bytes = allocated_bytes();
    }
    CHECK_EQUAL(free_keys(), before);
    CHECK(allocated_bytes() < bytes + 16384);
}

CASE(unloads_of_an_unused_plugin_cost_nothing)
{
    load();
    unload_and_close();
}

CASE(foreign_thread_ends_after_the_plugin_was_unloaded)
{
    for (int i = 0; i < 20; i++) {
        load();
        gate_close(&gate);
        foreign_t *guest = guest_that_stays();
        CHECK_EQUAL(calls->active_count(), 2);
        unload_and_close();
        gate_open(&gate);
        foreign_join(guest);
    }
}

static void *use_plugin_again(void *arg)
{
    (void)use_and_stay(arg);
    calls->use();
    CHECK_EQUAL(calls->active_count(), 2);
    return arg;
}

/* It is still loaded: the guest that had used it before uses it anew, and its end is told again. */
CASE(plugin_is_used_again_after_an_unload)
{
    load();
    for (int i = 0; i < 20; i++) {
        gate_close(&gate);
        int before = atomic_load(&used);
        foreign_t *guest = foreign_start(use_plugin_again, NULL);
        AWAIT(atomic_load(&used) > before);
        CHECK_EQUAL(calls->unload(), 0);
        CHECK_EQUAL(calls->active_count(), 1);
        gate_open(&gate);
        foreign_join(guest);
        calls->run_thread();
        CHECK_EQUAL(calls->active_count(), 1);
    }
    unload_and_close();
}

CASE(fork_after_an_unload)
{
    load();
    calls->use();
    CHECK_EQUAL(calls->unload(), 0);
    in_child(use_plugin);
    close_plugin();
    CHECK(!is_loaded());
    in_child(nothing);
}

static void unload_in_the_child(void)
{
    calls->use();
    unload_and_close();
}

CASE(child_unloads_what_the_parent_has_used)
{
    load();
    gate_close(&gate);
    foreign_t *guest = guest_that_stays();
    calls->use();
    in_child(unload_in_the_child);
    gate_open(&gate);
    foreign_join(guest);
    unload_and_close();
}

EXIT_CASE(exit_after_an_unload_has_nothing_to_do, 5, "end of main|")
{
    load();
    calls->use();
    calls->run_thread();
    unload_and_close();
    puts("end of main");
    EXIT_CODE = 5;
}

EXIT_CASE(exit_after_an_unload_waits_for_who_came_later, 0, "end of main|worker|")
{
    load();
    calls->run_thread();
    CHECK_EQUAL(calls->unload(), 0);
    calls->start_speaker();
    puts("end of main");
    fflush(stdout);
}

/* ---------------------------------------------------------------------------------------- busy */

CASE(daemon_is_in_the_way_until_it_has_gone)
{
    needs_ends();
    load();
    calls->start_daemon();
    for (int i = 0; i < 10; i++)
        CHECK_EQUAL(calls->unload(), THREADING_BUSY);
    CHECK_EQUAL(calls->active_count(), 2);
    calls->let_go();
    unload_at_last();
    unload_and_close();
}

CASE(daemons_by_the_hundred_leave_nothing_behind)
{ /* slow */
    needs_ends();
    int count = threads_at_once(200);
    int before = free_keys();
    for (int i = 0; i < 10; i++) {
        load();
        for (int j = 0; j < count; j++)
            calls->start_daemon();
        CHECK_EQUAL(calls->unload(), THREADING_BUSY);
        calls->let_go();
        unload_at_last();
        unload_and_close();
    }
    CHECK_EQUAL(free_keys(), before);
}

CASE(thread_is_in_the_way_until_it_was_joined)
{
    load();
    calls->start_worker();
    CHECK_EQUAL(calls->unload(), THREADING_BUSY);
    calls->let_go();
    AWAIT(calls->active_count() == 1);
    CHECK_EQUAL(calls->unload(), THREADING_BUSY);
    calls->join_worker();
    unload_at_last();
    unload_and_close();
}

CASE(pool_is_in_the_way_until_its_shutdown)
{
    load();
    calls->start_pool();
    CHECK_EQUAL(calls->unload(), THREADING_BUSY);
    calls->let_go();
    CHECK_EQUAL(calls->unload(), THREADING_BUSY);
    calls->end_pool();
    unload_at_last();
    unload_and_close();
}

CASE(started_thread_cannot_unload)
{
    load();
    CHECK_EQUAL(calls->unload_in_a_thread(), THREADING_BUSY);
    unload_and_close();
}

static void *wait_in_the_plugin(void *arg)
{
    calls->wait_for_turn();
    return arg;
}

CASE(foreign_thread_is_in_the_way_while_it_waits)
{
    load();
    foreign_t *guest = foreign_start(wait_in_the_plugin, NULL);
    AWAIT(calls->is_awaited());
    CHECK_EQUAL(calls->unload(), THREADING_BUSY);
    calls->give_turn();
    foreign_join(guest);
    unload_at_last();
    unload_and_close();
}
