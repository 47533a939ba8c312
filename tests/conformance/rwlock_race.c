/* SPDX-License-Identifier: MIT */
/* Data under an RWLock: without it readers see halves of a change, with it never, however it is taken. */
#include "rwlock_cases.h"

enum { READERS = 4, WRITERS = 3, ACCOUNTS = 8, TOTAL = 1000 };
static int accounts[ACCOUNTS]; /* plain on purpose: the lock alone protects them */
static atomic_int readers_in, writers_in, sums_seen;
static int changes;

/* ---- the race itself, with atomics so that C defines what happens */

static atomic_int left_half, right_half;
static atomic_bool torn;

static void *write_two_halves(void *arg)
{
    for (int i = 1; !atomic_load(&torn); i++) {
        atomic_store_explicit(&left_half, i, memory_order_relaxed);
        if (i % 1000 == 0)
            threading_sleep(0);
        atomic_store_explicit(&right_half, i, memory_order_relaxed);
    }
    return arg;
}

static void *read_two_halves(void *arg)
{
    while (!atomic_load(&torn)) {
        int left = atomic_load_explicit(&left_half, memory_order_relaxed);
        if (left != atomic_load_explicit(&right_half, memory_order_relaxed))
            atomic_store(&torn, true);
    }
    return arg;
}

/* The case's time limit ends it if no change is ever seen by halves. */
CASE(without_the_lock_a_reader_sees_half_of_a_change)
{
    threading_thread_t *threads[2] = {started(write_two_halves, NULL), started(read_two_halves, NULL)};
    finish_many(threads, 2);
}

/* ---- the same with the lock */

static int rounds(void)
{
    return is_slow() ? 200 : 2000;
}

static void transfer(uint32_t *seed)
{
    CHECK_EQUAL(atomic_fetch_add(&writers_in, 1), 0);
    CHECK_EQUAL(atomic_load(&readers_in), 0);
    int amount = (int)random_below(seed, 100);
    accounts[random_below(seed, ACCOUNTS)] -= amount;
    accounts[random_below(seed, ACCOUNTS)] += amount;
    changes++;
    atomic_fetch_sub(&writers_in, 1);
}

static void see_the_total(void)
{
    int total = 0;
    atomic_fetch_add(&readers_in, 1);
    CHECK_EQUAL(atomic_load(&writers_in), 0);
    for (int i = 0; i < ACCOUNTS; i++)
        total += accounts[i];
    CHECK_EQUAL(total, TOTAL);
    atomic_fetch_add(&sums_seen, 1);
    atomic_fetch_sub(&readers_in, 1);
}

static void *transfer_often(void *arg)
{
    uint32_t seed = (uint32_t)atomic_fetch_add(&announced, 1) + 1;
    for (int i = 0; i < rounds(); i++) {
        write_it();
        transfer(&seed);
        done_writing();
    }
    return arg;
}

static void *look_often(void *arg)
{
    for (int i = 0; i < rounds(); i++) {
        read_it();
        see_the_total();
        if (i % 3 == 0) {
            read_it();
            see_the_total();
            done_reading();
        }
        done_reading();
    }
    return arg;
}

static void run(threading_target_t reader, threading_target_t writer)
{
    threading_thread_t *threads[READERS + WRITERS];
    accounts[0] = TOTAL;
    start_many(threads, READERS, reader, NULL);
    start_many(threads + READERS, WRITERS, writer, NULL);
    finish_many(threads, READERS + WRITERS);
    CHECK_EQUAL(changes, WRITERS * rounds());
    CHECK(atomic_load(&sums_seen) >= READERS * rounds());
    CHECK_EQUAL(threading_active_count(), 1);
    is_free_and_works();
}

CASE(readers_see_whole_changes)
{
    run(look_often, transfer_often);
}

static void *transfer_with(void *arg)
{
    uint32_t seed = (uint32_t)atomic_fetch_add(&announced, 1) + 1;
    for (int i = 0; i < rounds(); i++)
        THREADING_WITH_WRITE(&rwlock) {
            transfer(&seed);
            if (i % 2)
                break;
        }
    return arg;
}

static void *look_with(void *arg)
{
    for (int i = 0; i < rounds(); i++)
        THREADING_WITH_READ(&rwlock) {
            see_the_total();
            if (i % 3 == 0)
                continue;
            THREADING_WITH_READ(&rwlock) {
                see_the_total();
            }
        }
    return arg;
}

CASE(readers_see_whole_changes_with_with)
{
    run(look_with, transfer_with);
}

/* Every way to acquire, in turn; one that fails is followed by one that waits. */
static void *transfer_in_every_way(void *arg)
{
    uint32_t seed = (uint32_t)atomic_fetch_add(&announced, 1) + 1;
    for (int i = 0; i < rounds(); i++) {
        threading_status_t status = THREADING_BUSY;
        if (i % 3 == 0)
            status = threading_rwlock_try_acquire_write(&rwlock);
        else if (i % 3 == 1)
            status = threading_rwlock_acquire_write_timeout(&rwlock, random_below(&seed, 200) * 1e-6);
        if (status != THREADING_OK)
            write_it();
        transfer(&seed);
        done_writing();
    }
    return arg;
}

static void *look_in_every_way(void *arg)
{
    uint32_t seed = (uint32_t)atomic_fetch_add(&announced, 1) + 1;
    for (int i = 0; i < rounds(); i++) {
        threading_status_t status = THREADING_BUSY;
        if (i % 3 == 0)
            status = threading_rwlock_try_acquire_read(&rwlock);
        else if (i % 3 == 1)
            status = threading_rwlock_acquire_read_timeout(&rwlock, random_below(&seed, 200) * 1e-6);
        if (status != THREADING_OK)
            read_it();
        see_the_total();
        done_reading();
    }
    return arg;
}

CASE(all_ways_to_acquire_exclude_each_other)
{
    run(look_in_every_way, transfer_in_every_way);
}

/* They give up after moments, so that waits run out just when the lock is handed over. */
static void *transfer_impatiently(void *arg)
{
    uint32_t seed = (uint32_t)atomic_fetch_add(&announced, 1) + 1;
    for (int i = 0; i < rounds(); i++) {
        while (threading_rwlock_acquire_write_timeout(&rwlock, random_below(&seed, 60) * 1e-6) !=
               THREADING_OK)
            continue;
        transfer(&seed);
        done_writing();
    }
    return arg;
}

static void *look_impatiently(void *arg)
{
    uint32_t seed = (uint32_t)atomic_fetch_add(&announced, 1) + 1;
    for (int i = 0; i < rounds(); i++) {
        while (threading_rwlock_acquire_read_timeout(&rwlock, random_below(&seed, 60) * 1e-6) != THREADING_OK)
            continue;
        see_the_total();
        done_reading();
    }
    return arg;
}

CASE(waits_that_run_out_beside_a_hand_over_lose_nothing)
{
    run(look_impatiently, transfer_impatiently);
}

CASE(patient_and_impatient_threads_mix)
{
    run(look_impatiently, transfer_often);
}

CASE(foreign_threads_see_whole_changes_too)
{
    foreign_t *threads[READERS + WRITERS];
    accounts[0] = TOTAL;
    for (int i = 0; i < READERS + WRITERS; i++)
        threads[i] = foreign_start(i < READERS ? look_often : transfer_often, NULL);
    for (int i = 0; i < READERS + WRITERS; i++)
        foreign_join(threads[i]);
    CHECK_EQUAL(changes, WRITERS * rounds());
    CHECK_EQUAL(threading_active_count(), 1);
    is_free_and_works();
}

/* What a reader has read is ordered before the next change: the thread sanitizer tells if it is not. */
static void *compare_what_was_written(void *arg)
{
    for (int i = 0; i < rounds(); i++) {
        read_it();
        CHECK_EQUAL(accounts[0], changes);
        done_reading();
    }
    return arg;
}

static void *count_up(void *arg)
{
    for (int i = 0; i < rounds(); i++) {
        write_it();
        changes++;
        accounts[0] = changes;
        done_writing();
    }
    return arg;
}

CASE(reads_happen_before_the_next_write)
{
    threading_thread_t *threads[3] = {started(compare_what_was_written, NULL),
                                      started(compare_what_was_written, NULL), started(count_up, NULL)};
    finish_many(threads, 3);
    CHECK_EQUAL(changes, rounds());
    is_free_and_works();
}

/* ---- readers really overlap, under load too */

static atomic_int most;

static void note_how_many(void)
{
    int now = atomic_fetch_add(&readers_in, 1) + 1;
    for (int seen = atomic_load(&most); now > seen;)
        if (atomic_compare_exchange_weak(&most, &seen, now))
            break;
    threading_sleep(1e-4);
    atomic_fetch_sub(&readers_in, 1);
}

static void *read_until_all_overlapped(void *arg)
{
    while (atomic_load(&most) < READERS) {
        read_it();
        note_how_many();
        done_reading();
    }
    return arg;
}

static void *write_now_and_then(void *arg)
{
    while (atomic_load(&most) < READERS) {
        write_it();
        CHECK_EQUAL(atomic_load(&readers_in), 0);
        done_writing();
        threading_sleep(5e-4);
    }
    return arg;
}

CASE(readers_overlap_between_the_writers)
{
    threading_thread_t *threads[READERS + 1];
    start_many(threads, READERS, read_until_all_overlapped, NULL);
    threads[READERS] = started(write_now_and_then, NULL);
    finish_many(threads, READERS + 1);
    CHECK_EQUAL(atomic_load(&most), READERS);
    is_free_and_works();
}
