/* SPDX-License-Identifier: MIT */
/*
 * Bodies that say nothing to the scheduler: this file is compiled with -fsanitize=thread and linked with
 * threading_sim_tsan. What is shared has names of its own in each case, since a name is part of what is told.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"
#include "threading_sim.h"

/* ---- how a case is run ---- */

static threading_sim_report_t report;
static char table[20000];
static size_t table_length;

static void to_table(void *context, const char *text, size_t length)
{
    (void)context;
    if (length > sizeof table - 1 - table_length)
        length = sizeof table - 1 - table_length;
    memcpy(&table[table_length], text, length);
    table_length += length;
    table[table_length] = '\0';
}

static void run_with(void (*body)(void *arg), threading_sim_options_t options)
{
    options.write = to_table;
    if (options.seconds == 0)
        options.seconds = 10; /* what is complete takes a fraction of that */
    table_length = 0;
    (void)threading_sim_run(body, NULL, &options, &report);
}

static void run(void (*body)(void *arg))
{
    run_with(body, (threading_sim_options_t){.max_runs = 200000});
}

static void passes(void (*body)(void *arg))
{
    run(body);
    CHECK_TEXT(report.message, "");
    CHECK_EQUAL(report.verdict, THREADING_SIM_PASSED);
    CHECK(report.complete);
}

static void is_a_race(void (*body)(void *arg), const char *data)
{
    char text[80];
    run(body);
    CHECK_TEXT(threading_sim_verdict_name(report.verdict), "race");
    (void)snprintf(text, sizeof text, "s %s", data);
    CHECK(strstr(report.message, text) != NULL);
}

/* Two threads, from their beginning to their end. */
static void together(threading_target_t first, threading_target_t second, void *arg)
{
    threading_thread_t *t1 = threading_thread_new(first, arg, &(threading_thread_options_t){.name = "t1"});
    threading_thread_t *t2 = threading_thread_new(second, arg, &(threading_thread_options_t){.name = "t2"});
    CHECK_STATUS(threading_thread_start(t1), THREADING_OK);
    CHECK_STATUS(threading_thread_start(t2), THREADING_OK);
    CHECK_STATUS(threading_thread_join(t1), THREADING_OK);
    CHECK_STATUS(threading_thread_join(t2), THREADING_OK);
    threading_thread_free(t1);
    threading_thread_free(t2);
}

/* The compiler must take it for data that somebody looks at. */
static void keep(const void *data)
{
    __asm__ volatile("" : : "r"(data) : "memory");
}

/* ---- plain data ---- */

static int balance;

static void *deposit(void *arg)
{
    int seen = balance;
    balance = seen + 5;
    return arg;
}

static void deposits(void *arg)
{
    balance = 0;
    together(deposit, deposit, arg);
}

static void deposits_are_there(void *arg)
{
    deposits(arg);
    threading_sim_check(balance == 10);
}

CASE(lost_update_is_found)
{
    run(deposits_are_there);
    CHECK_TEXT(threading_sim_verdict_name(report.verdict), "check failed");
    CHECK_EQUAL(report.preemptions, 1);
    CHECK(strlen(report.replay) <= 40);
}

CASE(race_is_told_with_both_places)
{
    run(deposits);
    CHECK_TEXT(threading_sim_verdict_name(report.verdict), "race");
    const char *first = strstr(report.message, "t2 reads balance in deposit (");
    CHECK(first != NULL);
    CHECK(strstr(first, "+0x") != NULL);
    CHECK(strstr(first, " while t1 writes it in deposit (") != NULL);
    CHECK_EQUAL(report.preemptions, 0); /* the threads need not meet */
}

CASE(table_has_the_variables_and_their_values)
{
    run(deposits_are_there);
    CHECK(strstr(table, "read balance = 0\n") != NULL);
    CHECK(strstr(table, "write balance = 5\n") != NULL);
    CHECK(strstr(table, "read balance = 5\n") != NULL);
}

CASE(replay_leads_to_the_same)
{
    char replay[64];
    run(deposits_are_there);
    (void)snprintf(replay, sizeof replay, "%.63s", report.replay);
    run_with(deposits_are_there, (threading_sim_options_t){.replay = replay});
    CHECK_EQUAL(report.verdict, THREADING_SIM_CHECK);
    CHECK_TEXT(report.replay, replay);
}

static threading_lock_t guard;
static int guarded;

static void *deposit_guarded(void *arg)
{
    CHECK_STATUS(threading_lock_acquire(&guard), THREADING_OK);
    guarded += 5;
    CHECK_STATUS(threading_lock_release(&guard), THREADING_OK);
    return arg;
}

static void guarded_deposits(void *arg)
{
    threading_lock_init(&guard);
    guarded = 0;
    together(deposit_guarded, deposit_guarded, arg);
    threading_sim_check(guarded == 10);
}

CASE(under_a_lock_it_passes_completely)
{
    passes(guarded_deposits);
}

static char neighbours[8];

static void *first_byte(void *arg)
{
    neighbours[0]++;
    return arg;
}

static void *second_byte(void *arg)
{
    neighbours[1]++;
    return arg;
}

static void adjacent_bytes(void *arg)
{
    memset(neighbours, 0, sizeof neighbours);
    together(first_byte, second_byte, arg);
    threading_sim_check(neighbours[0] == 1 && neighbours[1] == 1);
}

CASE(adjacent_bytes_are_no_race)
{
    passes(adjacent_bytes);
}

static void *two_bytes(void *arg)
{
    neighbours[1]++;
    neighbours[2]++;
    return arg;
}

static void bytes_that_overlap(void *arg)
{
    together(second_byte, two_bytes, arg);
}

CASE(byte_that_both_write_is_a_race)
{
    is_a_race(bytes_that_overlap, "neighbours+1");
}

static struct {
    unsigned first : 3;
    unsigned second : 5;
} fields;

static void *first_field(void *arg)
{
    fields.first = 1;
    return arg;
}

static void *second_field(void *arg)
{
    fields.second = 1;
    return arg;
}

static void bit_fields(void *arg)
{
    together(first_field, second_field, arg);
    keep(&fields);
}

CASE(bit_fields_of_one_byte_are_a_race)
{
    is_a_race(bit_fields, "fields");
}

static struct large {
    int values[40];
} original, copied;

static void *copy_it(void *arg)
{
    copied = original;
    return arg;
}

static void *change_it(void *arg)
{
    original.values[30] = 1;
    return arg;
}

static void struct_copies(void *arg)
{
    together(copy_it, change_it, arg);
    keep(&copied);
}

CASE(copy_of_a_struct_reads_all_of_it)
{
    is_a_race(struct_copies, "original");
}

static char text_from[200];
static char text_to[200];
static size_t volatile text_size = sizeof text_from; /* no size that the compiler knows */

static void *copy_text(void *arg)
{
    memcpy(text_to, text_from, text_size);
    return arg;
}

static void *change_text(void *arg)
{
    text_from[150] = 'x';
    return arg;
}

static void text_copies(void *arg)
{
    together(copy_text, change_text, arg);
}

static int cleared[8];

static void *clear_ints(void *arg)
{
    memset(cleared, 0, sizeof cleared); /* a size that the compiler knows */
    return arg;
}

static void *change_int(void *arg)
{
    cleared[5] = 1;
    return arg;
}

static void ints_are_cleared(void *arg)
{
    together(clear_ints, change_int, arg);
}

CASE(memset_of_a_known_size_writes)
{
    run(ints_are_cleared);
    CHECK_TEXT(threading_sim_verdict_name(report.verdict), "race");
}

CASE(memcpy_reads)
{
    run(text_copies);
    CHECK_TEXT(threading_sim_verdict_name(report.verdict), "race");
}

static void *clear_text(void *arg)
{
    memset(text_to, 0, text_size);
    return arg;
}

static void *look_at_text(void *arg)
{
    return text_to[100] == 'x' ? NULL : arg;
}

static void text_is_cleared(void *arg)
{
    together(clear_text, look_at_text, arg);
}

CASE(memset_writes)
{
    run(text_is_cleared);
    CHECK_TEXT(threading_sim_verdict_name(report.verdict), "race");
}

/* ---- stacks ---- */

static void *add_there(void *arg)
{
    int *there = (int *)arg;
    *there += 1;
    return arg;
}

static void stack_of_the_body(void *arg)
{
    int shared = 0;
    (void)arg;
    together(add_there, add_there, &shared);
    threading_sim_check(shared == 2);
}

CASE(stack_of_another_thread_is_shared)
{
    run(stack_of_the_body);
    CHECK_TEXT(threading_sim_verdict_name(report.verdict), "check failed");
}

static void owner_writes_too(void *arg)
{
    int shared = 0;
    threading_thread_t *thread = threading_thread_new(add_there, &shared, NULL);
    (void)arg;
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    (void)add_there(&shared);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    threading_thread_free(thread);
    threading_sim_check(shared == 2);
}

CASE(stack_is_shared_by_its_owner_too)
{
    run(owner_writes_too);
    CHECK_TEXT(threading_sim_verdict_name(report.verdict), "check failed");
}

static int sum_of(const int *values, size_t count)
{
    int sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum;
}

static void *use_own_stack(void *arg)
{
    int values[100];
    for (int i = 0; i < 100; i++)
        values[i] = i;
    threading_sim_check(sum_of(values, 100) == 4950);
    return arg;
}

static void own_stacks(void *arg)
{
    together(use_own_stack, use_own_stack, arg);
}

CASE(own_stack_makes_no_orders)
{
    passes(own_stacks);
    CHECK(report.runs < 100);
}

/* ---- memory ---- */

static void *use_memory(void *arg)
{
    int *memory = (int *)malloc(2000); /* too large for those that glibc keeps for each thread */
    CHECK(memory != NULL);
    for (int i = 0; i < 3; i++)
        memory[i] = i;
    threading_sim_check(memory[2] == 2);
    free(memory);
    return arg;
}

static void memory_comes_and_goes(void *arg)
{
    together(use_memory, use_memory, arg);
}

CASE(memory_that_was_freed_is_other_memory)
{
#if defined(__GLIBC__)
    (void)mallopt(M_ARENA_MAX, 1); /* else the threads never get the same */
#endif
    passes(memory_comes_and_goes);
}

static int *given;

static void *free_it(void *arg)
{
    free(given);
    return arg;
}

static void *look_at_it(void *arg)
{
    return given[1] == 7 ? arg : NULL;
}

static void freed_too_early(void *arg)
{
    given = (int *)calloc(4, sizeof *given);
    together(look_at_it, free_it, arg);
}

CASE(free_is_a_write)
{
    run_with(freed_too_early, (threading_sim_options_t){.max_preemptions = 1, .max_runs = 1000});
    CHECK_TEXT(threading_sim_verdict_name(report.verdict), "race");
}

/* ---- atomic operations ---- */

static atomic_int counter;

static void *count(void *arg)
{
    (void)atomic_fetch_add_explicit(&counter, 1, memory_order_relaxed);
    counter++;
    return arg;
}

static void counts(void *arg)
{
    atomic_init(&counter, 0);
    together(count, count, arg);
    threading_sim_check(atomic_load(&counter) == 4);
}

CASE(atomic_counter_passes_completely)
{
    passes(counts);
}

static void *count_in_two_steps(void *arg)
{
    int seen = atomic_load(&counter);
    atomic_store(&counter, seen + 1);
    return arg;
}

static void counts_in_two_steps(void *arg)
{
    atomic_init(&counter, 0);
    together(count_in_two_steps, count_in_two_steps, arg);
    threading_sim_check(atomic_load(&counter) == 2);
}

CASE(atomic_load_and_store_are_two_steps)
{
    run(counts_in_two_steps);
    CHECK_TEXT(threading_sim_verdict_name(report.verdict), "check failed");
    CHECK(strstr(table, "atomic load counter = 0\n") != NULL);
    CHECK(strstr(table, "atomic store counter = 1\n") != NULL);
}

static atomic_int ready;
static int message;

static void *send_relaxed(void *arg)
{
    message = 7;
    atomic_store_explicit(&ready, 1, memory_order_relaxed);
    return arg;
}

static void *receive_relaxed(void *arg)
{
    if (atomic_load_explicit(&ready, memory_order_relaxed) != 0)
        threading_sim_check(message == 7);
    return arg;
}

static void pass_relaxed(void *arg)
{
    atomic_init(&ready, 0);
    message = 0;
    together(send_relaxed, receive_relaxed, arg);
}

CASE(relaxed_flag_publishes_nothing)
{
    is_a_race(pass_relaxed, "message");
}

static void *send_released(void *arg)
{
    message = 7;
    atomic_store_explicit(&ready, 1, memory_order_release);
    return arg;
}

static void *receive_acquired(void *arg)
{
    if (atomic_load_explicit(&ready, memory_order_acquire) != 0)
        threading_sim_check(message == 7);
    return arg;
}

static void pass_released(void *arg)
{
    atomic_init(&ready, 0);
    message = 0;
    together(send_released, receive_acquired, arg);
}

CASE(released_flag_publishes)
{
    passes(pass_released);
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wtsan" /* fences, which ThreadSanitizer does not know: this does */
#endif

static void *send_fenced(void *arg)
{
    message = 7;
    atomic_thread_fence(memory_order_release);
    atomic_store_explicit(&ready, 1, memory_order_relaxed);
    return arg;
}

static void *receive_fenced(void *arg)
{
    if (atomic_load_explicit(&ready, memory_order_relaxed) == 0)
        return arg;
    atomic_thread_fence(memory_order_acquire);
    threading_sim_check(message == 7);
    return arg;
}

static void pass_fenced(void *arg)
{
    atomic_init(&ready, 0);
    message = 0;
    together(send_fenced, receive_fenced, arg);
}

CASE(fences_publish)
{
    passes(pass_fenced);
}

static void pass_half_fenced(void *arg)
{
    atomic_init(&ready, 0);
    message = 0;
    together(send_relaxed, receive_fenced, arg);
}

CASE(one_fence_publishes_nothing)
{
    is_a_race(pass_half_fenced, "message");
}

static void *spin(void *arg)
{
    while (atomic_load_explicit(&ready, memory_order_acquire) == 0)
        threading_sim_yield();
    threading_sim_check(message == 7);
    return arg;
}

static void spin_until_sent(void *arg)
{
    atomic_init(&ready, 0);
    message = 0;
    together(spin, send_released, arg);
}

CASE(spin_on_a_flag_with_yield_passes)
{
    passes(spin_until_sent);
}

static void *nothing(void *arg)
{
    return arg;
}

static void spin_for_nothing(void *arg)
{
    atomic_init(&ready, 0);
    together(spin, nothing, arg);
}

CASE(spin_on_a_flag_that_nobody_sets_is_a_livelock)
{
    run(spin_for_nothing);
    CHECK_TEXT(threading_sim_verdict_name(report.verdict), "livelock");
}

static atomic_flag taken = ATOMIC_FLAG_INIT;
static int spun;

static void *add_spinning(void *arg)
{
    while (atomic_flag_test_and_set_explicit(&taken, memory_order_acquire))
        threading_sim_yield();
    spun++;
    atomic_flag_clear_explicit(&taken, memory_order_release);
    return arg;
}

static void spin_lock(void *arg)
{
    spun = 0;
    together(add_spinning, add_spinning, arg);
    threading_sim_check(spun == 2);
}

CASE(spin_lock_of_the_users_orders)
{
    passes(spin_lock);
}

static atomic_int owner;

static void *add_swapping(void *arg)
{
    int expected = 0;
    while (!atomic_compare_exchange_weak_explicit(&owner, &expected, 1, memory_order_acquire,
                                                  memory_order_relaxed)) {
        expected = 0;
        threading_sim_yield();
    }
    spun++;
    atomic_store_explicit(&owner, 0, memory_order_release);
    return arg;
}

static void swap_lock(void *arg)
{
    atomic_init(&owner, 0);
    spun = 0;
    together(add_swapping, add_swapping, arg);
    threading_sim_check(spun == 2);
}

CASE(compare_and_exchange_orders)
{
    passes(swap_lock);
}

/* Initialised by whoever looks first; the second look is under the lock. */
static int *instance;
static int instance_memory;

static void *use_instance(void *arg)
{
    if (instance == NULL) {
        CHECK_STATUS(threading_lock_acquire(&guard), THREADING_OK);
        if (instance == NULL) {
            instance_memory = 7;
            instance = &instance_memory;
        }
        CHECK_STATUS(threading_lock_release(&guard), THREADING_OK);
    }
    threading_sim_check(*instance == 7);
    return arg;
}

static void double_checked(void *arg)
{
    threading_lock_init(&guard);
    instance = NULL;
    instance_memory = 0;
    together(use_instance, use_instance, arg);
}

CASE(double_checked_pointer_that_is_plain_is_a_race)
{
    is_a_race(double_checked, "instance");
}

static void *look_plainly(void *arg)
{
    int seen;
    memcpy(&seen, (const void *)(uintptr_t)&counter, sizeof seen);
    return seen < 3 ? arg : NULL;
}

static void atomic_and_plain(void *arg)
{
    atomic_init(&counter, 0);
    together(count, look_plainly, arg);
}

CASE(plain_access_races_with_an_atomic_one)
{
    run(atomic_and_plain);
    CHECK_TEXT(threading_sim_verdict_name(report.verdict), "race");
}

/* Dekker's: each says that it wants, then looks whether the other does. */
static atomic_int wants_1;
static atomic_int wants_2;
static int within;

static void *enter_1(void *arg)
{
    atomic_store_explicit(&wants_1, 1, memory_order_release);
    if (atomic_load_explicit(&wants_2, memory_order_acquire) == 0)
        within++;
    return arg;
}

static void *enter_2(void *arg)
{
    atomic_store_explicit(&wants_2, 1, memory_order_release);
    if (atomic_load_explicit(&wants_1, memory_order_acquire) == 0)
        within++;
    return arg;
}

static void store_then_load(void *arg)
{
    atomic_init(&wants_1, 0);
    atomic_init(&wants_2, 0);
    within = 0;
    together(enter_1, enter_2, arg);
    threading_sim_check(within < 2);
}

CASE(weak_loads_are_for_atomics_of_the_users_too)
{
    passes(store_then_load);
    run_with(store_then_load, (threading_sim_options_t){.weak = true});
    CHECK_TEXT(threading_sim_verdict_name(report.verdict), "check failed");
}

static void *enter_1_fenced(void *arg)
{
    atomic_store_explicit(&wants_1, 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&wants_2, memory_order_relaxed) == 0)
        within++;
    return arg;
}

static void *enter_2_fenced(void *arg)
{
    atomic_store_explicit(&wants_2, 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&wants_1, memory_order_relaxed) == 0)
        within++;
    return arg;
}

static void store_fence_load(void *arg)
{
    atomic_init(&wants_1, 0);
    atomic_init(&wants_2, 0);
    within = 0;
    together(enter_1_fenced, enter_2_fenced, arg);
    threading_sim_check(within < 2);
}

CASE(sequential_fences_keep_a_load_behind_a_store)
{
    run_with(store_fence_load, (threading_sim_options_t){.weak = true});
    CHECK_TEXT(threading_sim_verdict_name(report.verdict), "passed");
    CHECK(report.complete);
}

#if defined(__SIZEOF_INT128__)

__extension__ typedef unsigned __int128 pair_t;
static _Atomic pair_t pair;

static void *count_pair(void *arg)
{
    pair_t seen = atomic_load(&pair);
    while (!atomic_compare_exchange_strong(&pair, &seen, seen + (((pair_t)1 << 64) | 1)))
        threading_sim_yield();
    return arg;
}

static void pair_counts(void *arg)
{
    atomic_store(&pair, 0);
    together(count_pair, count_pair, arg);
    threading_sim_check(atomic_load(&pair) == (((pair_t)2 << 64) | 2));
}

CASE(words_of_sixteen_bytes_are_atomic)
{
    passes(pair_counts);
}

#endif

/* ---- outside of a run ---- */

#define OPERATIONS(type, zero)                                                                       \
    do {                                                                                             \
        static _Atomic(type) word;                                                                   \
        type expected = (type)(zero + 5);                                                            \
        atomic_store(&word, (type)(zero + 6));                                                       \
        CHECK(atomic_fetch_add(&word, (type)3) == (type)(zero + 6));                                 \
        CHECK(atomic_fetch_sub(&word, (type)1) == (type)(zero + 9));                                 \
        CHECK(atomic_fetch_and(&word, (type)12) == (type)(zero + 8));                                \
        CHECK(atomic_fetch_or(&word, (type)5) == (type)8);                                           \
        CHECK(atomic_fetch_xor(&word, (type)6) == (type)13);                                         \
        CHECK(__atomic_fetch_nand((type *)(uintptr_t)&word, (type)3, __ATOMIC_SEQ_CST) == (type)11); \
        CHECK(atomic_exchange(&word, (type)1) == (type) ~(type)3);                                   \
        CHECK(!atomic_compare_exchange_strong(&word, &expected, (type)2));                           \
        CHECK(expected == (type)1);                                                                  \
        CHECK(atomic_compare_exchange_strong(&word, &expected, (type)2));                            \
        CHECK(atomic_load(&word) == (type)2);                                                        \
    } while (0)

static void all_operations(void *arg)
{
    (void)arg;
    OPERATIONS(uint8_t, 0);
    OPERATIONS(uint16_t, 0x1200);
    OPERATIONS(uint32_t, 0x12345600);
    OPERATIONS(uint64_t, UINT64_C(0x123456789ABCDE00));
}

CASE(operations_give_what_they_should)
{
    all_operations(NULL);
    passes(all_operations);
}

CASE(outside_of_a_run_it_is_a_program_like_others)
{
    threading_thread_t *threads[4];
    atomic_init(&counter, 0);
    threading_lock_init(&guard);
    guarded = 0;
    for (int i = 0; i < 4; i++)
        threads[i] = started(i % 2 != 0 ? count : deposit_guarded, NULL);
    for (int i = 0; i < 4; i++)
        finished(threads[i]);
    CHECK_EQUAL(atomic_load(&counter), 4);
    CHECK_EQUAL(guarded, 10);
}

/* ---- the table ---- */

static int alone[2];

static void *work_alone(void *arg)
{
    alone[0] = 1;
    alone[1] = alone[0];
    return arg;
}

static void work_and_deposit(void *arg)
{
    balance = 0;
    alone[0] = alone[1] = 0;
    together(deposit, deposit, arg);
    (void)work_alone(arg);
    threading_sim_check(balance == 10);
}

CASE(table_leaves_out_what_one_thread_alone_knows)
{
    run(work_and_deposit);
    CHECK_TEXT(threading_sim_verdict_name(report.verdict), "check failed");
    CHECK(strstr(table, "alone") == NULL);
    CHECK(strstr(table, "balance") != NULL);
}
