/* SPDX-License-Identifier: MIT */
/* Memory runs out for threads: new, start, names; and what needs no memory at all. */
#include "failing_memory.h"
#include "gate.h"

/* ---- threads ---- */

static bool try_new(void *name)
{
    threading_thread_t *thread = threading_thread(return_at_once, NULL, .name = name);
    if (thread == NULL)
        return false;
    CHECK(threading_thread_name(thread) != NULL);
    threading_thread_free(thread);
    return true;
}

CASE(new_gives_no_handle)
{
    check_attempt(try_new, NULL);
}

CASE(new_with_a_name_gives_no_handle)
{
    static char name[] =
        "a name that is longer than any that the library might keep inside the object itself";
    check_attempt(try_new, name);
}

CASE(new_that_failed_consumed_no_number)
{
    for (int i = 0; i < 5; i++) {
        memory_runs_out(i, false);
        threading_thread_t *thread = threading_thread_new(return_at_once, NULL, NULL);
        (void)memory_comes_back();
        if (thread != NULL) {
            CHECK(i > 0);
            CHECK_TEXT(threading_thread_name(thread), "Thread-1");
            threading_thread_free(thread);
            return;
        }
    }
    check_failed(__FILE__, __LINE__, "a thread that needs five allocations", NULL);
}

static bool try_start(void *arg)
{
    threading_thread_t **threads = arg;
    threading_status_t status = threading_thread_start(*threads);
    if (status == THREADING_OK) {
        finished(*threads);
        int left = atomic_exchange(&allowed, INT_MAX);
        *threads = threading_thread_new(return_at_once, NULL, NULL);
        atomic_store(&allowed, left);
        return true;
    }
    CHECK_STATUS(status, THREADING_NO_MEMORY);
    CHECK_EQUAL(threading_active_count(), 1);
    CHECK(!threading_thread_is_alive(*threads));
    CHECK_EQUAL(threading_thread_ident(*threads), 0);
    CHECK_STATUS(threading_thread_join(*threads), THREADING_NOT_STARTED);
    return false;
}

CASE(start_that_failed_leaves_the_thread_as_new)
{
    threading_thread_t *thread = threading_thread_new(return_at_once, NULL, NULL);
    check_attempt(try_start, &thread);
    threading_thread_free(thread);
}

static bool try_spawn(void *name)
{
    threading_status_t status = THREADING_BUSY;
    threading_thread_t *thread = threading_spawn(return_at_once, NULL, .name = name, .status = &status);
    CHECK_STATUS(status, thread != NULL ? THREADING_OK : THREADING_NO_MEMORY);
    if (thread == NULL) {
        CHECK_EQUAL(threading_active_count(), 1);
        return false;
    }
    finished(thread);
    return true;
}

/* check_attempt() sees that no memory is lost. */
CASE(spawn_that_failed_leaves_nothing)
{
    static char name[] =
        "a name that is longer than any that the library might keep inside the object itself";
    check_attempt(try_spawn, NULL);
    check_attempt(try_spawn, name);
}

/* Starts a thread while memory is out. False: it was refused, and then started with memory. */
static bool started_without_memory(threading_thread_t *thread)
{
    size_t before = threading_active_count();
    memory_runs_out(0, false);
    threading_status_t status = threading_thread_start(thread);
    bool asked = memory_comes_back() > 0;
    CHECK_STATUS(status, asked ? THREADING_NO_MEMORY : THREADING_OK);
    if (asked) {
        CHECK_EQUAL(threading_active_count(), before);
        CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    }
    CHECK_EQUAL(threading_active_count(), before + 1);
    return !asked;
}

/* Threads kept alive, so that the library has none to reuse the memory of, beyond what it takes for several
 * at once. */
CASE(start_of_each_further_thread_may_fail_and_be_repeated)
{
    enum { count = 80 };
    threading_thread_t *threads[count];
    threading_lock_t gate = {0};
    int refused = 0;
    gate_close(&gate);
    for (size_t i = 0; i < count; i++) {
        threads[i] = threading_thread_new(wait_at_gate, &gate, NULL);
        refused += !started_without_memory(threads[i]);
    }
    CHECK(refused > 1);
    gate_open(&gate);
    for (size_t i = 0; i < count; i++)
        finished(threads[i]);
}

CASE(starts_that_are_refused_keep_no_memory)
{
    threading_lock_t gate = {0};
    int before = 0;
    gate_close(&gate);
    threading_thread_t *thread = started(wait_at_gate, &gate);
    threading_thread_t *huge = threading_thread(return_at_once, NULL, .stack_size = SIZE_MAX / 8 * 7);
    for (int i = 0; i < 50; i++) {
        CHECK_STATUS(threading_thread_start(thread), THREADING_ALREADY_STARTED);
        threading_status_t status = threading_thread_start(huge);
        CHECK(status == THREADING_NO_THREADS || status == THREADING_UNSUPPORTED);
        CHECK_STATUS(threading_thread_start(threading_main_thread()), THREADING_ALREADY_STARTED);
        if (i == 0)
            before = atomic_load(&alive);
    }
    CHECK_EQUAL(atomic_load(&alive), before);
    gate_open(&gate);
    finished(thread);
    threading_thread_free(huge);
}

static atomic_int targets_run;

static void *count_run(void *arg)
{
    atomic_fetch_add(&targets_run, 1);
    return arg;
}

CASE(start_new_thread_that_failed_started_nothing)
{
    for (int i = 0; i < 20; i++) {
        uint32_t ident = 77;
        memory_runs_out(i, false);
        threading_status_t status = threading_start_new_thread(count_run, NULL, &ident);
        int failed = memory_comes_back();
        if (status == THREADING_OK) {
            CHECK(i > 0 && failed == 0);
            AWAIT(threading_active_count() == 1);
            CHECK_EQUAL(atomic_load(&targets_run), 1);
            CHECK(ident != 77);
            return;
        }
        CHECK_STATUS(status, THREADING_NO_MEMORY);
        CHECK_EQUAL(threading_active_count(), 1);
        CHECK_EQUAL(ident, 77);
    }
    check_failed(__FILE__, __LINE__, "a thread that needs twenty allocations", NULL);
}

static bool try_set_name(void *arg)
{
    threading_thread_t *thread = arg;
    const char *old = threading_thread_name(thread);
    threading_status_t status = threading_thread_set_name(thread, "a new name");
    CHECK_TEXT(old, "old");
    if (status == THREADING_OK) {
        int left = atomic_exchange(&allowed, INT_MAX);
        CHECK_TEXT(threading_thread_name(thread), "a new name");
        CHECK_STATUS(threading_thread_set_name(thread, "old"), THREADING_OK);
        atomic_store(&allowed, left);
        return true;
    }
    CHECK_STATUS(status, THREADING_NO_MEMORY);
    CHECK_TEXT(threading_thread_name(thread), "old");
    return false;
}

CASE(set_name_that_failed_keeps_the_old_name)
{
    threading_thread_t *thread = threading_thread(return_at_once, NULL, .name = "old");
    CHECK(fail_in_turn(try_set_name, thread, false) > 0);
    CHECK(fail_in_turn(try_set_name, thread, true) > 0);
    threading_thread_free(thread);
    CHECK(fail_in_turn(try_new, NULL, false) > 0);
}

CASE(set_name_of_main_that_failed_keeps_the_old_name)
{
    memory_runs_out(0, false);
    CHECK_STATUS(threading_thread_set_name(threading_main_thread(), "boss"), THREADING_NO_MEMORY);
    CHECK_TEXT(threading_thread_name(threading_main_thread()), "MainThread");
    (void)memory_comes_back();
    CHECK_STATUS(threading_thread_set_name(threading_main_thread(), "boss"), THREADING_OK);
    CHECK_TEXT(threading_thread_name(threading_main_thread()), "boss");
}

static bool try_set_object_name(void *object)
{
    char name[8];
    threading_status_t status = threading_object_set_name(object, "new");
    CHECK_EQUAL(threading_object_name(object, name, sizeof name), 3);
    CHECK_TEXT(name, status == THREADING_OK ? "new" : "old");
    if (status != THREADING_OK)
        CHECK_STATUS(status, THREADING_NO_MEMORY);
    return status == THREADING_OK;
}

CASE(name_of_an_object_that_failed_is_as_before)
{
    static threading_lock_t lock;
    CHECK_STATUS(threading_object_set_name(&lock, "old"), THREADING_OK);
    CHECK_EQUAL(fail_in_turn(try_set_object_name, &lock, false), 1);
    memory_runs_out(0, false);
    CHECK_STATUS(threading_object_set_name(&lock, NULL), THREADING_OK); /* takes none */
    (void)memory_comes_back();
    CHECK_EQUAL(threading_object_name(&lock, NULL, 0), 0);
}

static void do_nothing(void *arg)
{
    (void)arg;
}

static bool try_timer(void *arg)
{
    threading_thread_t *timer = threading_timer_new(1000, do_nothing, arg);
    if (timer == NULL)
        return false;
    threading_thread_free(timer);
    return true;
}

CASE(new_timer_gives_no_handle)
{
    check_attempt(try_timer, NULL);
}

static threading_status_t succeed(void *arg)
{
    (void)arg;
    return THREADING_OK;
}

/* A task that found no room is not waited for, and stops nobody. */
static bool try_group(void *arg)
{
    threading_group_t group = THREADING_GROUP_INIT;
    threading_status_t status = threading_group_run(&group, succeed, arg);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
    if (status != THREADING_OK)
        CHECK_STATUS(status, THREADING_NO_MEMORY);
    return status == THREADING_OK;
}

CASE(group_runs_no_task_that_there_was_no_room_for)
{
    check_attempt(try_group, NULL);
}

CASE(main_needs_no_memory)
{
    memory_runs_out(0, false);
    CHECK(threading_current_thread() == threading_main_thread());
    CHECK_TEXT(threading_thread_name(threading_main_thread()), "MainThread");
    CHECK(threading_get_ident() != 0);
    CHECK_EQUAL(threading_active_count(), 1);
    CHECK_EQUAL(memory_comes_back(), 0);
}

struct copy {
    int value;
    char rest[300];
};

static atomic_int inits, finis;

static void init_copy(void *copy)
{
    ((struct copy *)copy)->value += 7;
    atomic_fetch_add(&inits, 1);
}

static void fini_copy(void *copy)
{
    CHECK(((struct copy *)copy)->value >= 7);
    atomic_fetch_add(&finis, 1);
}

/* ---- what needs no memory ---- */

CASE(waits_and_questions_need_no_memory)
{
    threading_lock_t gate = {0};
    threading_thread_t *listed[4] = {NULL, NULL, NULL, NULL}, *threads[3];
    void *result = NULL;
    gate_close(&gate);
    for (size_t i = 0; i < 3; i++)
        threads[i] = started(wait_at_gate, &gate);
    memory_runs_out(0, false);
    CHECK_EQUAL(threading_enumerate(listed, 4), 4);
    CHECK_EQUAL(threading_active_count(), 4);
    CHECK_STATUS(threading_lock_acquire_timeout(&gate, 0.001), THREADING_TIMEOUT);
    CHECK_STATUS(threading_thread_join_timeout(threads[0], 0.001), THREADING_TIMEOUT);
    CHECK_STATUS(threading_thread_join(threading_current_thread()), THREADING_DEADLOCK);
    CHECK_STATUS(threading_sleep(0.0001), THREADING_OK);
    CHECK_TEXT(threading_thread_name(threads[2]), "Thread-3");
    gate_open(&gate);
    for (size_t i = 0; i < 3; i++) {
        CHECK_STATUS(threading_thread_join(threads[i]), THREADING_OK);
        CHECK_STATUS(threading_thread_result(threads[i], &result), THREADING_OK);
        CHECK(result == &gate);
        threading_thread_free(threads[i]);
    }
    for (size_t i = 0; i < 4; i++)
        threading_thread_free(listed[i]);
    CHECK_EQUAL(threading_active_count(), 1);
    CHECK_STATUS(threading_shutdown(), THREADING_OK);
    CHECK_EQUAL(memory_comes_back(), 0);
}

static threading_local_t used_local = THREADING_LOCAL_INIT_WITH(struct copy, init_copy, fini_copy);

static void *use_local_and_wait(void *gate)
{
    CHECK(threading_local_get(&used_local) != NULL);
    return wait_at_gate(gate);
}

CASE(ends_of_threads_need_no_memory)
{
    threading_lock_t gate = {0};
    gate_close(&gate);
    threading_thread_t *thread = started(use_local_and_wait, &gate);
    foreign_t *guest = foreign_start(use_local_and_wait, &gate);
    AWAIT(atomic_load(&inits) == 2);
    memory_runs_out(0, false);
    gate_open(&gate);
    finished(thread);
    foreign_join(guest);
    CHECK_EQUAL(atomic_load(&finis), 2);
    CHECK_EQUAL(memory_comes_back(), 0);
}

static void *end_late(void *arg)
{
    (void)threading_sleep(0.03);
    printf("worker done\n");
    return arg;
}

EXIT_CASE(exit_needs_no_memory, 3, "worker done|")
{
    threading_thread_t *thread = started(end_late, NULL);
    memory_runs_out(0, false);
    threading_thread_free(thread);
    EXIT_CODE = 3;
}

/* ---- leaks ---- */

static void *use_everything(void *arg)
{
    threading_thread_t *me = threading_current_thread();
    CHECK(threading_local_get(&used_local) != NULL);
    for (int i = 0; i < 10; i++) {
        CHECK(threading_thread_name(me) != NULL);
        CHECK_STATUS(threading_thread_set_name(me, i % 2 == 0 ? "even" : "odd"), THREADING_OK);
    }
    return arg;
}

static void one_round(void)
{
    threading_thread_t *listed[2] = {NULL, NULL};
    finished(started(use_everything, NULL));
    foreign_join(foreign_start(use_everything, NULL));
    threading_thread_free(threading_thread(return_at_once, NULL, .name = "never started"));
    CHECK_EQUAL(threading_enumerate(listed, 2), 1);
    threading_thread_free(listed[0]);
    threading_local_t local = THREADING_LOCAL_INIT(struct copy);
    CHECK(threading_local_get(&local) != NULL);
    CHECK_STATUS(threading_local_destroy(&local), THREADING_OK);
}

CASE(rounds_of_everything_leave_nothing_behind)
{
    one_round();
    int before = atomic_load(&alive);
    for (int i = 0; i < 50; i++)
        one_round();
    CHECK_EQUAL(atomic_load(&alive), before);
    CHECK(before > 0 && before < 20);
}

/* ---- calls within each other, which are noted ---- */

enum { DEEP = 8 };

static threading_once_t deep[DEEP];
static int depth_reached;

static void go_deeper(void *arg)
{
    intptr_t depth = (intptr_t)arg + 1;
    depth_reached++;
    if (depth < DEEP)
        CHECK_STATUS(threading_once(&deep[depth], go_deeper, (void *)depth), THREADING_OK);
}

CASE(calls_that_cannot_be_noted_run_all_the_same)
{
    CHECK(threading_get_ident() != 0);
    memory_runs_out(0, false);
    CHECK_STATUS(threading_once(&deep[0], go_deeper, NULL), THREADING_OK);
    CHECK(memory_comes_back() > 0);
    CHECK_EQUAL(depth_reached, DEEP);
    for (int i = 0; i < DEEP; i++)
        CHECK_STATUS(threading_once(&deep[i], go_deeper, NULL), THREADING_OK);
    CHECK_EQUAL(depth_reached, DEEP);
}

static void leave_in_the_end(void *arg)
{
    intptr_t depth = (intptr_t)arg + 1;
    if (depth == DEEP)
        threading_exit(NULL);
    THREADING_IGNORE(threading_once(&deep[depth], leave_in_the_end, (void *)depth));
}

static void *begin_and_leave(void *unused)
{
    memory_runs_out(0, true);
    THREADING_IGNORE(threading_once(&deep[0], leave_in_the_end, NULL));
    return unused;
}

/* The others are left; the one that found no room stays as it is. */
CASE(calls_behind_one_that_could_not_be_noted_are_left)
{
    int left = 0;
    finished(started(begin_and_leave, NULL));
    CHECK_EQUAL(memory_comes_back(), 1);
    for (int i = 0; i < DEEP; i++)
        left += deep[i].word > UINT32_MAX / 2;
    CHECK_EQUAL(left, DEEP - 1);
}
