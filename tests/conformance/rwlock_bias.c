/* SPDX-License-Identifier: MIT */
/*
 * RWLocks that were read so often that readers note it at home (src/core/sync/bias.h), where a fence in all threads can be
 * had; elsewhere the cases are about an ordinary lock. Nobody shall notice, whatever follows.
 */
#include <stdlib.h>

#include "rwlock_cases.h"

enum { OFTEN = 3000, READERS = 8 };

static void read_often(threading_rwlock_t *lock)
{
    for (int i = 0; i < OFTEN; i++) {
        CHECK_STATUS(threading_rwlock_acquire_read(lock), THREADING_OK);
        CHECK_STATUS(threading_rwlock_release_read(lock), THREADING_OK);
    }
}

static void *read_often_in_a_thread(void *lock)
{
    read_often(lock);
    return NULL;
}

/* So that the fence is decided upon, and others live. */
static void make_biased(void)
{
    finished(started(read_often_in_a_thread, &rwlock));
    read_often(&rwlock);
}

CASE(often_read_lock_is_biased_where_there_is_a_fence_until_it_is_written)
{
    make_biased();
    bool was_biased = is_biased();
    write_it();
    CHECK(!is_biased());
    done_writing();
    CHECK(is_zero(&rwlock, sizeof rwlock));
    if (!was_biased)
        SKIP("no fence in all threads here");
}

CASE(reader_keeps_writers_out_and_lets_readers_in)
{
    make_biased();
    read_it();
    CHECK(!others_can_write());
    CHECK(others_can_read());
    CHECK_STATUS(threading_rwlock_acquire_write_timeout(&rwlock, 0.001), THREADING_TIMEOUT);
    done_reading();
    is_free_and_works();
}

CASE(levels_before_and_after_a_writers_try_are_one_row)
{
    make_biased();
    for (int i = 0; i < 5; i++)
        read_it();
    CHECK(!others_can_write());
    for (int i = 0; i < 5; i++)
        read_it();
    for (int i = 0; i < 9; i++)
        done_reading();
    CHECK(!others_can_write());
    done_reading();
    CHECK_STATUS(threading_rwlock_release_read(&rwlock), THREADING_NOT_HELD);
    is_free_and_works();
}

CASE(more_levels_than_a_note_can_have_count)
{
    make_biased();
    for (int i = 0; i < 70000; i++)
        read_it();
    CHECK(!others_can_write());
    for (int i = 0; i < 70000; i++)
        done_reading();
    is_free_and_works();
}

/* ---- misuse */

static void *releases_are_not_owner(void *arg)
{
    CHECK_STATUS(threading_rwlock_release_read(&rwlock), THREADING_NOT_OWNER);
    CHECK_STATUS(threading_rwlock_release_write(&rwlock), THREADING_NOT_HELD);
    return arg;
}

CASE(only_readers_release)
{
    make_biased();
    CHECK_STATUS(threading_rwlock_release_write(&rwlock), THREADING_NOT_HELD);
    CHECK_STATUS(threading_rwlock_release_read(&rwlock), THREADING_NOT_HELD);
    make_biased();
    read_it();
    finished(started(releases_are_not_owner, NULL));
    foreign_join(foreign_start(releases_are_not_owner, NULL));
    CHECK(!others_can_write());
    done_reading();
    CHECK_STATUS(threading_rwlock_release_read(&rwlock), THREADING_NOT_HELD);
    is_free_and_works();
}

CASE(reader_that_wants_to_write_is_told)
{
    make_biased();
    read_it();
    CHECK_STATUS(threading_rwlock_acquire_write(&rwlock), THREADING_DEADLOCK);
    CHECK_STATUS(threading_rwlock_try_acquire_write(&rwlock), THREADING_BUSY);
    done_reading();
    is_free_and_works();
}

CASE(init_frees_a_lock_that_is_read)
{
    make_biased();
    read_it();
    CHECK_STATUS(threading_rwlock_init(&rwlock), THREADING_OK);
    CHECK(is_zero(&rwlock, sizeof rwlock));
    CHECK_STATUS(threading_rwlock_release_read(&rwlock), THREADING_NOT_HELD);
    is_free_and_works();
}

CASE(lock_in_the_memory_of_one_that_was_read_to_the_end_is_free)
{
    make_biased();
    read_it();
    rwlock = (threading_rwlock_t){0};
    CHECK(others_can_write());
    finished(started(read_often_in_a_thread, &rwlock));
    CHECK(others_can_write());
    finished(started(read_often_in_a_thread, &rwlock));
    CHECK_STATUS(threading_rwlock_release_read(&rwlock), THREADING_NOT_HELD);
    make_biased();
    is_free_and_works();
}

/* ---- threads that end, and many locks */

static void *end_as_reader(void *arg)
{
    read_it();
    read_it();
    return arg;
}

CASE(reader_that_ended_keeps_writers_out_and_lets_readers_in)
{
    make_biased();
    finished(started(end_as_reader, NULL));
    read_often(&rwlock);
    ended_reader_keeps_writers_out();
}

CASE(foreign_reader_that_ended_keeps_writers_out_and_lets_readers_in)
{
    make_biased();
    foreign_join(foreign_start(end_as_reader, NULL));
    read_often(&rwlock);
    ended_reader_keeps_writers_out();
}

enum { LOCKS = 12 };
static threading_rwlock_t locks[LOCKS];

CASE(reader_of_12_locks_reads_and_releases_each)
{
    for (int i = 0; i < LOCKS; i++) {
        finished(started(read_often_in_a_thread, &locks[i]));
        read_often(&locks[i]);
    }
    for (int level = 0; level < 2; level++)
        for (int i = 0; i < LOCKS; i++)
            CHECK_STATUS(threading_rwlock_acquire_read(&locks[i]), THREADING_OK);
    for (int i = 0; i < LOCKS; i++)
        CHECK(!others_can(try_to_write, &locks[i]));
    for (int level = 0; level < 2; level++)
        for (int i = 0; i < LOCKS; i++)
            CHECK_STATUS(threading_rwlock_release_read(&locks[i]), THREADING_OK);
    for (int i = 0; i < LOCKS; i++)
        CHECK(others_can(try_to_write, &locks[i]));
    CHECK(is_zero(locks, sizeof locks));
}

/* ---- writers that come while many read */

static int left_part, right_part; /* plain on purpose: the lock alone protects them */
static atomic_int in_the_lock;

static void *read_until_over(void *arg)
{
    for (uint32_t seed = 1; !atomic_load(&over);) {
        bool twice = random_below(&seed, 4) == 0;
        read_it();
        atomic_fetch_add(&in_the_lock, 1);
        CHECK_EQUAL(left_part, right_part);
        if (twice)
            read_it();
        CHECK_EQUAL(left_part, right_part);
        atomic_fetch_sub(&in_the_lock, 1);
        if (twice)
            done_reading();
        done_reading();
        atomic_fetch_add(&announced, 1);
    }
    return arg;
}

/* Between two changes the readers have time to make it biased again. */
static void change_while_they_read(bool patiently)
{
    int rounds = is_slow() ? 20 : 50;
    threading_thread_t *threads[READERS];
    start_many(threads, READERS, read_until_over, NULL);
    for (int round = 1; round <= rounds; round++) {
        int before = atomic_load(&announced);
        AWAIT(atomic_load(&announced) - before > (is_slow() ? 500 : 3000) ||
              atomic_load(&announced) < before);
        double patience = 1e-5;
        while (!patiently && threading_rwlock_acquire_write_timeout(&rwlock, patience) != THREADING_OK)
            patience *= 2;
        if (patiently)
            write_it();
        CHECK_EQUAL(atomic_load(&in_the_lock), 0);
        left_part = round;
        right_part = round;
        done_writing();
    }
    atomic_store(&over, true);
    finish_many(threads, READERS);
    CHECK_EQUAL(left_part, rounds);
    is_free_and_works();
}

CASE(writer_among_8_readers_sees_none_of_them)
{
    change_while_they_read(true);
}

CASE(impatient_writer_among_8_readers_sees_none_of_them)
{
    change_while_they_read(false);
}

/* The readers' release is their last touch of the lock, even if a writer waits and frees it. */
static threading_rwlock_t *block;

static void *read_the_block(void *arg)
{
    threading_rwlock_t *lock = block;
    CHECK_STATUS(threading_rwlock_acquire_read(lock), THREADING_OK);
    meet(&arrived, 2);
    CHECK_STATUS(threading_rwlock_release_read(lock), THREADING_OK);
    return arg;
}

CASE(memory_may_be_freed_by_the_writer_who_waited_for_the_reader)
{
    for (int round = 0; round < (is_slow() ? 20 : 200); round++) {
        block = calloc(1, sizeof *block);
        CHECK(block != NULL);
        read_often(block);
        threading_thread_t *reader = started(read_the_block, NULL);
        meet(&arrived, 2);
        CHECK_STATUS(threading_rwlock_acquire_write(block), THREADING_OK);
        free(block);
        finished(reader);
    }
}
