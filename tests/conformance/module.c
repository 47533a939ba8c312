/* SPDX-License-Identifier: MIT */
/* The module's functions: versions, statuses, who am I, who is alive, idents. */
#include "conformance.h"
#include "gate.h"

#include <string.h>

#if defined(__linux__)
#include <unistd.h>
#endif

CASE(version_is_that_of_the_header)
{
    char parts[40];
    snprintf(parts, sizeof parts, "%d.%d.%d", THREADING_VERSION_MAJOR, THREADING_VERSION_MINOR,
             THREADING_VERSION_PATCH);
    CHECK_TEXT(threading_version(), THREADING_VERSION);
    CHECK_TEXT(parts, THREADING_VERSION);
}

CASE(backend_is_one_of_three)
{
    const char *backend = threading_backend();
    CHECK(strcmp(backend, "posix") == 0 || strcmp(backend, "win32") == 0 || strcmp(backend, "c11") == 0);
    CHECK_TEXT(threading_backend(), backend);
}

CASE(status_names_are_the_identifiers)
{
#define CHECK_NAME(name, message) CHECK_TEXT(threading_status_name(THREADING_##name), "THREADING_" #name);
    THREADING_STATUS_LIST(CHECK_NAME)
#undef CHECK_NAME
}

CASE(status_messages_are_the_sentences_of_the_list)
{
#define CHECK_MESSAGE(name, message) CHECK_TEXT(threading_status_message(THREADING_##name), message);
    THREADING_STATUS_LIST(CHECK_MESSAGE)
#undef CHECK_MESSAGE
}

CASE(status_of_success_is_zero)
{
    CHECK_EQUAL(THREADING_OK, 0);
    CHECK_TEXT(threading_status_name((threading_status_t)0), "THREADING_OK");
}

CASE(status_that_is_none_has_a_name_and_a_message)
{
    static const int values[] = {-1, THREADING_STATUS_COUNT, THREADING_STATUS_COUNT + 1, INT32_MAX,
                                 INT32_MIN};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const char *message = threading_status_message((threading_status_t)values[i]);
        CHECK_TEXT(threading_status_name((threading_status_t)values[i]), "THREADING_UNKNOWN");
        CHECK(message != NULL && message[0] != '\0');
    }
}

CASE(current_thread_is_the_same_object_each_time)
{
    threading_thread_t *first = threading_current_thread();
    CHECK(first != NULL);
    for (int i = 0; i < 100; i++)
        CHECK(threading_current_thread() == first);
}

static void *return_current_thread(void *arg)
{
    CHECK(threading_current_thread() == threading_current_thread());
    (void)arg;
    return threading_current_thread();
}

CASE(current_thread_inside_the_target_is_the_started_object)
{
    threading_thread_t *thread = started(return_current_thread, NULL);
    void *inside = NULL;
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK_STATUS(threading_thread_result(thread, &inside), THREADING_OK);
    CHECK(inside == thread);
    CHECK(inside != threading_current_thread());
    threading_thread_free(thread);
}

static threading_thread_t *finaliser_saw;

static void ask_who_i_am(void *copy)
{
    (void)copy;
    finaliser_saw = threading_current_thread();
}

static threading_local_t asking_local = THREADING_LOCAL_INIT_WITH(int, NULL, ask_who_i_am);

static void *use_asking_local(void *arg)
{
    CHECK(threading_local_get(&asking_local) != NULL);
    return arg;
}

CASE(current_thread_in_a_finaliser_is_still_the_thread)
{
    threading_thread_t *thread = started(use_asking_local, NULL);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK(finaliser_saw == thread);
    threading_thread_free(thread);
}

/* CPython: test_threading.ThreadTests.test_main_thread */
CASE(main_thread_is_the_current_thread_of_main)
{
    CHECK(threading_main_thread() != NULL);
    CHECK(threading_main_thread() == threading_current_thread());
}

/* CPython: test_threading.ThreadTests.test_main_thread */
CASE(main_thread_has_its_attributes)
{
    threading_thread_t *main_thread = threading_main_thread();
    CHECK_TEXT(threading_thread_name(main_thread), "MainThread");
    CHECK(!threading_thread_daemon(main_thread));
    CHECK(threading_thread_is_alive(main_thread));
    CHECK_EQUAL(threading_thread_ident(main_thread), threading_get_ident());
    CHECK_EQUAL(threading_thread_native_id(main_thread), threading_get_native_id());
}

CASE(main_thread_cannot_be_started)
{
    CHECK_STATUS(threading_thread_start(threading_main_thread()), THREADING_ALREADY_STARTED);
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(main_threads_native_id_is_the_process_id_on_linux)
{
    needs_native_ids();
#if defined(__linux__)
    CHECK_EQUAL(threading_get_native_id(), getpid());
    CHECK_EQUAL(threading_thread_native_id(threading_main_thread()), getpid());
#else
    SKIP("only Linux numbers its threads so");
#endif
}

struct main_seen {
    threading_thread_t *thread;
    uint32_t ident;
    uint64_t native_id;
};

static void *look_at_main(void *arg)
{
    struct main_seen *seen = arg;
    seen->thread = threading_main_thread();
    CHECK_TEXT(threading_thread_name(seen->thread), "MainThread");
    CHECK(!threading_thread_daemon(seen->thread));
    CHECK(threading_thread_is_alive(seen->thread));
    CHECK(threading_current_thread() != seen->thread);
    CHECK(threading_get_ident() != threading_thread_ident(seen->thread));
    seen->ident = threading_thread_ident(seen->thread);
    seen->native_id = threading_thread_native_id(seen->thread);
    return NULL;
}

static void check_that_main_was_seen(const struct main_seen *seen)
{
    CHECK(seen->thread == threading_current_thread());
    CHECK(seen->thread == threading_main_thread());
    CHECK_EQUAL(seen->ident, threading_get_ident());
    CHECK_EQUAL(seen->native_id, threading_get_native_id());
}

/* CPython: test_threading.ThreadTests.test_import_from_another_thread */
CASE(main_thread_is_main_when_a_foreign_thread_is_first_to_use_the_library)
{
    struct main_seen seen = {0};
    foreign_join(foreign_start(look_at_main, &seen));
    check_that_main_was_seen(&seen);
}

/* CPython: test_threading.ThreadTests.test_main_thread */
CASE(main_thread_is_main_when_another_thread_is_first_to_ask)
{
    struct main_seen seen = {0};
    finished(started(look_at_main, &seen));
    check_that_main_was_seen(&seen);
}

static void *start_from_here(void *arg)
{
    struct main_seen *seen = arg;
    finished(started(look_at_main, seen));
    return NULL;
}

CASE(main_thread_is_main_when_a_foreign_thread_starts_the_first_thread)
{
    struct main_seen seen = {0};
    foreign_join(foreign_start(start_from_here, &seen));
    check_that_main_was_seen(&seen);
}

CASE(active_count_of_a_new_process_is_one)
{
    threading_thread_t *threads[2] = {NULL, NULL};
    CHECK_EQUAL(threading_active_count(), 1);
    CHECK_EQUAL(threading_enumerate(threads, 2), 1);
    CHECK(threads[0] == threading_main_thread());
    CHECK(threads[1] == NULL);
    threading_thread_free(threads[0]);
}

CASE(active_count_is_the_number_that_enumerate_lists)
{
    threading_lock_t gate = {0};
    threading_thread_t *threads[3];
    gate_close(&gate);
    for (size_t i = 0; i < 3; i++) {
        threads[i] = started(wait_at_gate, &gate);
        CHECK_EQUAL(threading_active_count(), i + 2);
        CHECK_EQUAL(threading_enumerate(NULL, 0), i + 2);
    }
    gate_open(&gate);
    for (size_t i = 0; i < 3; i++) {
        finished(threads[i]);
        CHECK(threading_active_count() <= 3 - i);
    }
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(enumerate_lists_main_first_then_the_order_of_the_starts)
{
    static const size_t order[5] = {3, 1, 4, 0, 2};
    threading_lock_t gate = {0};
    threading_thread_t *threads[5], *listed[6];
    gate_close(&gate);
    for (size_t i = 0; i < 5; i++)
        CHECK((threads[i] = threading_thread_new(wait_at_gate, &gate, NULL)) != NULL);
    for (size_t i = 0; i < 5; i++)
        CHECK_STATUS(threading_thread_start(threads[order[i]]), THREADING_OK);
    CHECK_EQUAL(threading_enumerate(listed, 6), 6);
    CHECK(listed[0] == threading_main_thread());
    for (size_t i = 0; i < 5; i++)
        CHECK(listed[i + 1] == threads[order[i]]);
    gate_open(&gate);
    for (size_t i = 0; i < 6; i++)
        threading_thread_free(listed[i]);
    for (size_t i = 0; i < 5; i++)
        finished(threads[i]);
}

CASE(enumerate_keeps_the_order_when_one_in_the_middle_ends)
{
    threading_lock_t gates[3] = {{0}, {0}, {0}};
    threading_thread_t *threads[3], *listed[4] = {NULL, NULL, NULL, NULL};
    for (size_t i = 0; i < 3; i++) {
        gate_close(&gates[i]);
        threads[i] = started(wait_at_gate, &gates[i]);
    }
    gate_open(&gates[1]);
    finished(threads[1]);
    CHECK_EQUAL(threading_enumerate(listed, 4), 3);
    CHECK(listed[0] == threading_main_thread() && listed[1] == threads[0] && listed[2] == threads[2]);
    CHECK(listed[3] == NULL);
    gate_open(&gates[0]);
    gate_open(&gates[2]);
    for (size_t i = 0; i < 3; i++)
        threading_thread_free(listed[i]);
    finished(threads[0]);
    finished(threads[2]);
}

CASE(enumerates_handles_stay_usable_after_their_threads)
{
    threading_lock_t gate = {0};
    threading_thread_t *listed[3] = {NULL, NULL, NULL};
    void *result = NULL;
    gate_close(&gate);
    threading_thread_t *thread = threading_thread(wait_at_gate, &gate, .name = "listed");
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    CHECK_EQUAL(threading_enumerate(listed, 3), 2);
    CHECK(listed[1] == thread);
    gate_open(&gate);
    finished(thread);
    CHECK_TEXT(threading_thread_name(listed[1]), "listed");
    CHECK(!threading_thread_is_alive(listed[1]));
    CHECK(threading_thread_ident(listed[1]) != 0);
    CHECK_STATUS(threading_thread_join(listed[1]), THREADING_OK);
    CHECK_STATUS(threading_thread_result(listed[1], &result), THREADING_OK);
    CHECK(result == &gate);
    threading_thread_free(listed[0]);
    threading_thread_free(listed[1]);
}

CASE(enumerate_with_no_capacity_only_counts)
{
    threading_thread_t *untouched = NULL;
    CHECK_EQUAL(threading_enumerate(NULL, 0), 1);
    CHECK_EQUAL(threading_enumerate(&untouched, 0), 1);
    CHECK(untouched == NULL);
}

CASE(enumerate_writes_no_more_than_its_capacity)
{
    threading_lock_t gate = {0};
    threading_thread_t *threads[3], *listed[4] = {NULL, NULL, NULL, NULL};
    gate_close(&gate);
    for (size_t i = 0; i < 3; i++)
        threads[i] = started(wait_at_gate, &gate);
    CHECK_EQUAL(threading_enumerate(listed, 2), 4);
    CHECK(listed[0] == threading_main_thread() && listed[1] == threads[0]);
    CHECK(listed[2] == NULL && listed[3] == NULL);
    gate_open(&gate);
    threading_thread_free(listed[0]);
    threading_thread_free(listed[1]);
    for (size_t i = 0; i < 3; i++)
        finished(threads[i]);
}

CASE(enumerate_into_nothing_gives_zero)
{
    CHECK_EQUAL(threading_enumerate(NULL, 1), 0);
    CHECK_EQUAL(threading_enumerate(NULL, SIZE_MAX), 0);
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(threads_not_started_are_not_listed)
{
    threading_thread_t *thread = threading_thread_new(return_at_once, NULL, NULL);
    CHECK_EQUAL(threading_active_count(), 1);
    threading_thread_free(thread);
}

/* CPython: test_thread.ThreadRunningTests.test__count */
CASE(ended_threads_are_not_listed_though_nobody_joined_them)
{
    threading_thread_t *thread = started(return_at_once, NULL);
    AWAIT(!threading_thread_is_alive(thread));
    CHECK_EQUAL(threading_active_count(), 1);
    threading_thread_free(thread);
}

/* CPython: test_threading.ThreadTests.test_enumerate_after_join */
CASE(joined_threads_are_never_listed)
{
    for (int i = 0; i < (is_slow() ? 50 : 500); i++) {
        threading_thread_t *listed[2] = {NULL, NULL};
        threading_thread_t *thread = started(return_at_once, NULL);
        CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
        CHECK_EQUAL(threading_enumerate(listed, 2), 1);
        CHECK(listed[0] != thread);
        threading_thread_free(listed[0]);
        threading_thread_free(thread);
    }
}

static void *find_myself_listed(void *arg)
{
    threading_thread_t *listed[2] = {NULL, NULL};
    CHECK_EQUAL(threading_enumerate(listed, 2), 2);
    CHECK(listed[1] == threading_current_thread());
    threading_thread_free(listed[0]);
    threading_thread_free(listed[1]);
    return arg;
}

CASE(threads_just_starting_are_listed)
{
    for (int i = 0; i < (is_slow() ? 50 : 500); i++)
        finished(started(find_myself_listed, NULL));
}

static atomic_bool enumerating;

static void *enumerate_all_the_time(void *arg)
{
    while (atomic_load(&enumerating)) {
        threading_thread_t *listed[4] = {NULL, NULL, NULL, NULL};
        size_t count = threading_enumerate(listed, 4);
        CHECK(count >= 2 && count <= 3);
        CHECK(listed[0] == threading_main_thread());
        for (size_t i = 0; i < count; i++) {
            CHECK(threading_thread_ident(listed[i]) != 0 || i == 2);
            threading_thread_free(listed[i]);
        }
    }
    return arg;
}

CASE(enumerate_runs_beside_starts_and_ends)
{
    atomic_store(&enumerating, true);
    threading_thread_t *observer = started(enumerate_all_the_time, NULL);
    for (int i = 0; i < (is_slow() ? 50 : 2000); i++)
        finished(started(return_at_once, NULL));
    atomic_store(&enumerating, false);
    finished(observer);
    CHECK_EQUAL(threading_active_count(), 1);
}

static uint32_t ident_seen;

static void *note_ident(void *arg)
{
    ident_seen = threading_get_ident();
    CHECK_EQUAL(ident_seen, threading_thread_ident(threading_current_thread()));
    return arg;
}

CASE(idents_are_not_given_again)
{
    uint32_t last = threading_get_ident();
    CHECK(last != 0);
    for (int i = 0; i < (is_slow() ? 100 : 1000); i++) {
        finished(started(note_ident, NULL));
        CHECK(ident_seen > last);
        last = ident_seen;
    }
}

struct numbered {
    threading_lock_t *gate;
    atomic_int noted;
    uint32_t ident;
    uint64_t native_id;
};

static void *note_both_ids(void *arg)
{
    struct numbered *mine = arg;
    mine->ident = threading_get_ident();
    mine->native_id = threading_get_native_id();
    atomic_store(&mine->noted, 1);
    gate_pass(mine->gate);
    return NULL;
}

/* CPython: test_threading.ThreadTests.test_various_ops */
CASE(ids_of_living_threads_are_distinct)
{
    enum { count = 32 };
    static struct numbered all[count];
    threading_thread_t *threads[count];
    threading_lock_t gate = {0};
    bool has_native_ids = threading_get_native_id() != 0;
    gate_close(&gate);
    for (size_t i = 0; i < count; i++) {
        all[i].gate = &gate;
        threads[i] = started(note_both_ids, &all[i]);
    }
    for (size_t i = 0; i < count; i++) {
        AWAIT(atomic_load(&all[i].noted));
        CHECK(all[i].ident != 0 && all[i].ident != threading_get_ident());
        CHECK(!has_native_ids || all[i].native_id != threading_get_native_id());
        CHECK_EQUAL(all[i].ident, threading_thread_ident(threads[i]));
        CHECK_EQUAL(all[i].native_id, threading_thread_native_id(threads[i]));
        for (size_t j = 0; j < i; j++) {
            CHECK(all[i].ident != all[j].ident);
            CHECK(!has_native_ids || all[i].native_id != all[j].native_id);
        }
    }
    gate_open(&gate);
    for (size_t i = 0; i < count; i++)
        finished(threads[i]);
}

CASE(ident_of_a_thread_stays_the_same)
{
    uint32_t ident = threading_get_ident();
    CHECK(threading_current_thread() != NULL);
    CHECK_EQUAL(threading_get_ident(), ident);
    finished(started(return_at_once, NULL));
    CHECK_EQUAL(threading_get_ident(), ident);
}

CASE(cpu_count_is_at_least_one)
{
    CHECK(threading_cpu_count() >= 1);
    CHECK(threading_cpu_count() < 1000000);
}

static atomic_int sum;

struct pair {
    int first;
    int second;
};

static void *take_pair_from_sum(void *pair)
{
    atomic_fetch_sub(&sum, ((struct pair *)pair)->first + ((struct pair *)pair)->second);
    return NULL;
}

static threading_status_t take_pair_in_group(void *pair)
{
    (void)take_pair_from_sum(pair);
    return THREADING_OK;
}

/* Some calls are macros. A comma that no parentheses protect must not end an argument of theirs. */
CASE(calls_take_arguments_with_commas)
{
    static threading_lock_t locks[2];
    static threading_rlock_t rlocks[2];
    threading_group_t group = THREADING_GROUP_INIT;
    atomic_store(&sum, 10);

    CHECK_STATUS(threading_lock_acquire(&locks[(int[]){0, 1}[1]]), THREADING_OK);
    CHECK_STATUS(threading_lock_release(&locks[(int[]){0, 1}[1]]), THREADING_OK);
    CHECK_STATUS(threading_rlock_acquire(&rlocks[(int[]){0, 1}[1]]), THREADING_OK);
    CHECK_STATUS(threading_rlock_release(&rlocks[(int[]){0, 1}[1]]), THREADING_OK);
    CHECK_STATUS(threading_start_new_thread(take_pair_from_sum, &(struct pair){1, 2}, NULL), THREADING_OK);
    AWAIT(atomic_load(&sum) == 7);
    CHECK_STATUS(threading_group_run(&group, take_pair_in_group, &(struct pair){3, 4}), THREADING_OK);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
    CHECK_EQUAL(atomic_load(&sum), 0);

    threading_executor_t *pool =
        threading_executor_new(2, &(threading_executor_options_t){.name = "pool", .max_pending = 3});
    CHECK(pool != NULL);
    CHECK_STATUS(threading_executor_shutdown(pool, true, false), THREADING_OK);
    threading_executor_free(pool);
}
