/* SPDX-License-Identifier: MIT */
/* The seam: threads, their pointer and what is called at their end, names and numbers. */
#include "port_support.h"

#include <stdlib.h>
#include <string.h>

/* ---- start, join, detach ---- */

static int written; /* not atomic: start and join order it */

static void write_once(void *arg)
{
    written += *(int *)arg;
}

CASE(thread_runs_with_its_argument_before_join_returns)
{
    for (int i = 1; i <= 100; i++) {
        written = i;
        run_thread(write_once, &i);
        CHECK_EQUAL(written, 2 * i);
    }
}

static atomic_int ran;

static void count_run(void *arg)
{
    (void)arg;
    atomic_fetch_add(&ran, 1);
}

/* More than the threads and handles that a process may have at a time. */
CASE(join_and_detach_give_everything_back)
{ /* slow */
    int count = is_slow() ? 500 : 5000;
    for (int i = 0; i < count; i++) {
        static ti_port_thread detached; /* its memory outlives the thread, as in the core */
        run_thread(count_run, NULL);
        begin(&detached, count_run, NULL);
        AWAIT(atomic_load(&ran) == 2 * (i + 1));
        ti_port_thread_detach(&detached);
    }
}

static atomic_bool gate_is_open;

static void wait_at_gate(void *arg)
{
    (void)arg;
    while (!atomic_load(&gate_is_open))
        ti_port_sleep(ti_port_now() + MILLISECOND);
    atomic_fetch_add(&ran, 1);
}

CASE(many_threads_run_at_once)
{
    enum { count = 32 };
    ti_port_thread threads[count];
    for (int i = 0; i < count; i++)
        begin(&threads[i], wait_at_gate, NULL);
    CHECK_EQUAL(atomic_load(&ran), 0);
    atomic_store(&gate_is_open, true);
    for (int i = 0; i < count; i++)
        ti_port_thread_join(&threads[i]);
    CHECK_EQUAL(atomic_load(&ran), count);
}

CASE(detached_thread_goes_on)
{
    static ti_port_thread thread;
    begin(&thread, wait_at_gate, NULL);
    ti_port_thread_detach(&thread);
    atomic_store(&gate_is_open, true);
    AWAIT(atomic_load(&ran) == 1);
}

static ti_port_thread inner;

static void start_inner(void *arg)
{
    begin(&inner, count_run, arg);
}

CASE(any_thread_may_join)
{
    run_thread(start_inner, NULL);
    ti_port_thread_join(&inner);
    CHECK_EQUAL(atomic_load(&ran), 1);
}

/* ---- stacks ---- */

/* Uses that much stack, a piece at a time, as a program does. */
static unsigned use_stack(size_t size)
{
    volatile unsigned char piece[4096];
    memset((void *)(uintptr_t)piece, (int)(size & 1), sizeof piece);
    return size > sizeof piece ? use_stack(size - sizeof piece) + piece[0] : piece[1];
}

static void use_stack_and_count(void *size)
{
    (void)use_stack(*(size_t *)size);
    atomic_fetch_add(&ran, 1);
}

/* A sanitizer makes frames several times as large. */
static void check_stack(size_t given, size_t used)
{
    ti_port_thread thread;
    used = is_slow() ? used / 8 : used;
    CHECK_STATUS(ti_port_thread_start(&thread, use_stack_and_count, &used, given), THREADING_OK);
    ti_port_thread_join(&thread);
    CHECK_EQUAL(atomic_load(&ran), 1);
}

CASE(default_stack_is_a_mebibyte)
{
    if (!ti_port_has_stack_size)
        SKIP("this backend cannot choose the size of stacks");
    check_stack(0, 900 * 1024);
}

CASE(stack_size_is_given)
{
    if (!ti_port_has_stack_size)
        SKIP("this backend cannot choose the size of stacks");
    check_stack((size_t)16 << 20, (size_t)15 << 20);
}

CASE(small_stack_is_enough_for_a_thread)
{
    if (!ti_port_has_stack_size)
        SKIP("this backend cannot choose the size of stacks");
    check_stack(32768, 4096);
}

CASE(stack_size_need_not_be_whole_pages)
{
    if (!ti_port_has_stack_size)
        SKIP("this backend cannot choose the size of stacks");
    check_stack(300001, 65536);
}

/* The second one is more than half of the address space. */
CASE(stack_that_nobody_has_is_refused)
{
    const size_t sizes[] = {SIZE_MAX, SIZE_MAX / 8 * 7, SIZE_MAX - 4095};
    threading_status_t refused = ti_port_has_stack_size ? THREADING_NO_THREADS : THREADING_UNSUPPORTED;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        ti_port_thread thread;
        CHECK_STATUS(ti_port_thread_start(&thread, count_run, NULL, sizes[i]), refused);
    }
    ti_port_sleep(ti_port_now() + 20 * MILLISECOND);
    CHECK_EQUAL(atomic_load(&ran), 0);
}

CASE(stack_size_is_unsupported_where_there_is_none)
{
    ti_port_thread thread;
    if (ti_port_has_stack_size)
        SKIP("this backend can choose the size of stacks");
    CHECK_STATUS(ti_port_thread_start(&thread, count_run, NULL, (size_t)1 << 20), THREADING_UNSUPPORTED);
    ti_port_sleep(ti_port_now() + 20 * MILLISECOND);
    CHECK_EQUAL(atomic_load(&ran), 0);
}

/* ---- the thread-local pointer ---- */

static atomic_int left;
static int values[64];

/* As the core asks. */
static void *known_self(void)
{
    void *self = ti_port_self();
    return self != NULL ? self : ti_port_self_recall();
}

/* What the core's function does at a thread's end: it finds its own, waits and wakes. */
static void leave(void *self)
{
    static ti_parker parkers[64];
    int *value = self;
    ti_parker *parker = &parkers[value - values];
    CHECK(known_self() == self);
    *value += 1;
    ti_port_parker_init(parker);
    ti_port_unpark(parker);
    ti_port_park(parker, TI_FOREVER);
    ti_port_yield();
    atomic_fetch_add(&left, 1);
}

static void be_someone(void *self)
{
    CHECK(ti_port_self() == NULL && ti_port_self_recall() == NULL);
    CHECK(ti_port_set_self(self, leave));
    CHECK(known_self() == self);
    CHECK(ti_port_self_recall() == self);
    ti_port_yield();
    CHECK(known_self() == self);
    CHECK_EQUAL(*(int *)self, 0);
}

CASE(pointer_is_left_at_the_end_of_a_thread)
{
    for (int i = 0; i < 64; i++) {
        run_thread(be_someone, &values[i]);
        CHECK_EQUAL(values[i], 1); /* before the join returned */
        CHECK_EQUAL(atomic_load(&left), i + 1);
    }
}

static void be_someone_and_exit(void *self)
{
    be_someone(self);
    ti_port_thread_exit();
}

CASE(pointer_is_left_when_a_thread_exits)
{
    for (int i = 0; i < 64; i++) {
        run_thread(be_someone_and_exit, &values[i]);
        CHECK_EQUAL(values[i], 1);
    }
    CHECK_EQUAL(atomic_load(&left), 64);
}

static void *be_a_foreigner(void *self)
{
    be_someone(self);
    return NULL;
}

CASE(pointer_is_left_at_the_end_of_a_foreign_thread)
{
    for (int i = 0; i < 64; i++) {
        foreign_join(foreign_start(be_a_foreigner, &values[i]));
        CHECK_EQUAL(values[i], 1);
    }
    CHECK_EQUAL(atomic_load(&left), 64);
}

static void *be_a_foreigner_and_exit(void *self)
{
    be_someone_and_exit(self);
    return NULL;
}

CASE(pointer_is_left_when_a_foreign_thread_exits)
{
    for (int i = 0; i < 16; i++) {
        foreign_join(foreign_start(be_a_foreigner_and_exit, &values[i]));
        CHECK_EQUAL(values[i], 1);
    }
    CHECK_EQUAL(atomic_load(&left), 16);
}

CASE(pointer_is_each_threads_own)
{
    enum { count = 16 };
    ti_port_thread threads[count];
    CHECK(ti_port_set_self(&values[63], leave));
    for (int i = 0; i < count; i++)
        begin(&threads[i], be_someone, &values[i]);
    for (int i = 0; i < count; i++)
        ti_port_thread_join(&threads[i]);
    CHECK_EQUAL(atomic_load(&left), count);
    CHECK(ti_port_self() == &values[63]);
    CHECK(ti_port_set_self(NULL, leave));
}

static void become_nobody(void *self)
{
    CHECK(ti_port_set_self(self, leave));
    CHECK(ti_port_set_self(NULL, leave));
    CHECK(ti_port_self() == NULL && ti_port_self_recall() == NULL);
}

CASE(pointer_that_is_null_is_not_left)
{
    run_thread(become_nobody, &values[0]);
    CHECK_EQUAL(atomic_load(&left), 0);
}

static void become_another(void *self)
{
    CHECK(ti_port_set_self(&values[1], leave));
    CHECK(ti_port_set_self(self, leave));
}

CASE(pointer_set_last_is_left)
{
    run_thread(become_another, &values[0]);
    CHECK_EQUAL(values[0], 1);
    CHECK_EQUAL(values[1], 0);
}

static void use_nothing(void *arg)
{
    (void)arg;
    CHECK(ti_port_self() == NULL);
}

CASE(thread_without_a_pointer_leaves_none)
{
    run_thread(be_someone, &values[0]);
    run_thread(use_nothing, NULL); /* even if it has the memory of the one before */
    foreign_join(foreign_start(be_a_foreigner, &values[1]));
    run_thread(use_nothing, NULL);
    CHECK_EQUAL(atomic_load(&left), 2);
}

EXIT_CASE(pointer_of_main_is_not_left_when_the_process_exits, 0, "")
{
    CHECK(ti_port_set_self(&values[0], leave));
}

/* ---- numbers and names ---- */

enum { numbered = 8 };

static uint64_t numbers[numbered];
static uint64_t numbers_of_main[numbered];
static bool some_is_main;

static void *tell_numbers(void *arg)
{
    size_t index = (size_t)((int *)arg - values);
    numbers[index] = ti_port_native_id();
    CHECK(ti_port_native_id() == numbers[index]);
    numbers_of_main[index] = ti_port_main_native_id();
    some_is_main = some_is_main || ti_port_is_main();
    return NULL;
}

static void tell_numbers_and_wait(void *arg)
{
    (void)tell_numbers(arg);
    atomic_fetch_add(&ran, 1);
    while (!atomic_load(&gate_is_open))
        ti_port_sleep(ti_port_now() + MILLISECOND);
}

static void check_numbers(void)
{
    uint64_t own = ti_port_native_id();
    CHECK(ti_port_main_native_id() == own);
    for (int i = 0; i < numbered; i++) {
        CHECK(numbers_of_main[i] == own);
        CHECK(own == 0 ? numbers[i] == 0 : numbers[i] != 0 && numbers[i] != own);
        for (int j = 0; j < i; j++)
            CHECK(own == 0 || numbers[i] != numbers[j]);
    }
}

CASE(native_ids_differ_or_are_all_0)
{
    ti_port_thread threads[numbered];
    (void)ti_port_is_main();
    for (int i = 0; i < numbered; i++) {
        begin(&threads[i], tell_numbers_and_wait, &values[i]);
        AWAIT(atomic_load(&ran) == i + 1);
    }
    check_numbers();
    atomic_store(&gate_is_open, true);
    for (int i = 0; i < numbered; i++)
        ti_port_thread_join(&threads[i]);
}

/* Where the system cannot tell, the first who asks is main. */
CASE(one_thread_is_main)
{
    CHECK(ti_port_is_main());
    for (int i = 0; i < 4; i++) {
        foreign_join(foreign_start(tell_numbers, &values[i]));
        CHECK(!some_is_main);
    }
    ti_port_thread thread;
    atomic_store(&gate_is_open, true);
    begin(&thread, tell_numbers_and_wait, &values[4]);
    ti_port_thread_join(&thread);
    CHECK(!some_is_main);
    CHECK(ti_port_is_main());
}

static void *show_names(void *arg)
{
    char name[4096] = "";
    for (size_t i = 0; i + 2 < sizeof name; i += 2)
        memcpy(name + i, "\xC3\xA9", 2); /* é */
    for (size_t length = 0; length <= ti_port_name_limit && length < sizeof name; length += 2)
        ti_port_set_name(name, length);
    ti_port_set_name("Thread-1", ti_port_name_limit < 8 ? ti_port_name_limit : 8);
    return arg;
}

static void show_names_here(void *arg)
{
    (void)show_names(arg);
}

CASE(every_thread_may_show_a_name)
{
    run_thread(show_names_here, NULL);
    foreign_join(foreign_start(show_names, NULL));
    (void)show_names(NULL);
}

CASE(backend_has_a_name)
{
    CHECK_TEXT(threading_backend(), ti_port_backend);
    CHECK(strlen(ti_port_backend) > 0);
}

/* ---- handles, stacks, priorities ---- */

static ti_port_thread *asked;
static uintptr_t own_handle, own_handle_by_thread;
static size_t own_stack;

static void ask_of_myself(void *arg)
{
    (void)arg;
    own_handle = ti_port_handle();
    own_stack = ti_port_thread_stack_size(asked);
}

CASE(handle_of_oneself_is_the_one_that_others_know)
{
    ti_port_thread thread;
    asked = &thread;
    begin(&thread, ask_of_myself, NULL);
    own_handle_by_thread = ti_port_thread_handle(&thread);
    ti_port_thread_join(&thread);
    CHECK(own_handle == 0 || own_handle == own_handle_by_thread);
}

CASE(stack_size_is_known_when_the_entry_runs)
{
    static const size_t sizes[] = {0, 32768, 300001, (size_t)1 << 24};
    for (size_t i = 0; i < (ti_port_has_stack_size ? sizeof sizes / sizeof *sizes : 1); i++) {
        ti_port_thread thread;
        asked = &thread;
        CHECK_STATUS(ti_port_thread_start(&thread, ask_of_myself, NULL, sizes[i]), THREADING_OK);
        ti_port_thread_join(&thread);
        CHECK_EQUAL(ti_port_thread_stack_size(&thread), own_stack);
        CHECK(ti_port_has_stack_size ? own_stack >= (sizes[i] != 0 ? sizes[i] : 1 << 20) : own_stack == 0);
    }
}

static void have_each_priority(void *arg)
{
    (void)arg;
    for (int level = THREADING_PRIORITY_HIGHEST; level >= THREADING_PRIORITY_LOWEST; level--) {
        int before = ti_port_get_priority();
        bool is_had = ti_port_set_priority(level);
        CHECK_EQUAL(ti_port_get_priority(), is_had ? level : before);
    }
}

CASE(priority_is_had_or_refused)
{
    run_thread(have_each_priority, NULL);
}
