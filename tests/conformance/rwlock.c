/* SPDX-License-Identifier: MIT */
/* The RWLock: readers together, writers alone, the line in which they stand, misuse, and its memory. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rwlock_cases.h"

CASE(is_8_bytes)
{
    CHECK_EQUAL(sizeof(threading_rwlock_t), 8);
}

CASE(zero_bytes_are_a_free_lock)
{
    memset(&rwlock, 0, sizeof rwlock);
    is_free_and_works();
}

CASE(init_makes_a_free_lock_of_garbage)
{
    memset(&rwlock, 0xa5, sizeof rwlock);
    CHECK_STATUS(threading_rwlock_init(&rwlock), THREADING_OK);
    is_free_and_works();
}

CASE(init_frees_a_lock_that_is_written)
{
    write_it();
    CHECK_STATUS(threading_rwlock_init(&rwlock), THREADING_OK);
    is_free_and_works();
}

CASE(init_frees_a_lock_that_is_read)
{
    read_it();
    read_it();
    CHECK_STATUS(threading_rwlock_init(&rwlock), THREADING_OK);
    is_free_and_works();
}

static void *read_and_release_when_main_could_not(void *arg)
{
    read_it();
    meet(&arrived, 2);
    meet(&arrived, 2);
    done_reading();
    return arg;
}

CASE(init_forgets_who_read_it)
{
    read_it();
    CHECK_STATUS(threading_rwlock_init(&rwlock), THREADING_OK);
    threading_thread_t *reader = started(read_and_release_when_main_could_not, NULL);
    meet(&arrived, 2);
    CHECK_STATUS(threading_rwlock_release_read(&rwlock), THREADING_NOT_OWNER);
    meet(&arrived, 2);
    finished(reader);
    is_free_and_works();
}

static void timed_calls_are(double seconds, threading_status_t status)
{
    CHECK_STATUS(threading_rwlock_acquire_read_timeout(&rwlock, seconds), status);
    CHECK_STATUS(threading_rwlock_acquire_write_timeout(&rwlock, seconds), status);
}

CASE(null_is_invalid)
{
    CHECK_STATUS(threading_rwlock_init(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_rwlock_acquire_read(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_rwlock_try_acquire_read(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_rwlock_acquire_read_timeout(NULL, INFINITY), THREADING_INVALID);
    CHECK_STATUS(threading_rwlock_acquire_write(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_rwlock_try_acquire_write(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_rwlock_acquire_write_timeout(NULL, INFINITY), THREADING_INVALID);
    CHECK_STATUS(threading_rwlock_release_read(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_rwlock_release_write(NULL), THREADING_INVALID);
}

static void *check_bad_timeouts(void *arg)
{
    const double invalid[] = {-100, -2, -1.5, -0.5, -1e-12, -INFINITY, NAN};
    const double overlong[] = {THREADING_TIMEOUT_MAX + 1, 1e100, INFINITY};
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++)
        timed_calls_are(invalid[i], THREADING_INVALID);
    for (size_t i = 0; i < sizeof overlong / sizeof *overlong; i++)
        timed_calls_are(overlong[i], THREADING_OVERFLOW);
    return arg;
}

static void bad_timeouts_are_told_to_all(void)
{
    (void)check_bad_timeouts(NULL);
    finished(started(check_bad_timeouts, NULL));
}

CASE(bad_timeouts_are_told_whether_free_or_held)
{
    bad_timeouts_are_told_to_all();
    is_free_and_works();
    read_it();
    bad_timeouts_are_told_to_all();
    done_reading();
    is_free_and_works();
    write_it();
    bad_timeouts_are_told_to_all();
    done_writing();
    is_free_and_works();
}

CASE(any_timeout_takes_a_free_lock_at_once)
{
    const double all[] = {0, -0.0, 5e-324, 1e-12, 60, 4294967.295, THREADING_TIMEOUT_MAX, THREADING_FOREVER};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        CHECK_STATUS(threading_rwlock_acquire_read_timeout(&rwlock, all[i]), THREADING_OK);
        CHECK_STATUS(threading_rwlock_acquire_read_timeout(&rwlock, all[i]), THREADING_OK);
        done_reading();
        done_reading();
        CHECK_STATUS(threading_rwlock_acquire_write_timeout(&rwlock, all[i]), THREADING_OK);
        done_writing();
    }
    is_free_and_works();
}

static void *read_in_vain_for_some_time(void *arg)
{
    const double all[] = {0,     -0.0,  5e-324, 1e-12, 1e-9, 1e-6,  0.0004,
                          0.001, 0.002, 0.005,  0.013, 0.02, 0.035, 0.1};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        double begin = threading_monotonic();
        CHECK_STATUS(threading_rwlock_acquire_read_timeout(&rwlock, all[i]), THREADING_TIMEOUT);
        CHECK(threading_monotonic() - begin >= all[i]);
    }
    return arg;
}

CASE(timed_read_is_never_early)
{
    write_it();
    finished(started(read_in_vain_for_some_time, NULL));
    done_writing();
    is_free_and_works();
}

static void *read_within(void *seconds)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_rwlock_acquire_read_timeout(&rwlock, *(double *)seconds), THREADING_OK);
    done_reading();
    return NULL;
}

/* The numbers at which an addition, 32-bit milliseconds or a 32-bit time_t would wrap around. */
CASE(longest_timeouts_wait_for_the_release)
{
    double all[] = {THREADING_FOREVER, THREADING_TIMEOUT_MAX, 60,         86400, 2147483.648,
                    4294967.295,       4294967.296,           2147483648, 1e9};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        write_it();
        threading_thread_t *thread = started(read_within, &all[i]);
        AWAIT(atomic_load(&announced) == (int)i + 1);
        CHECK_STATUS(threading_thread_join_timeout(thread, 0.005), THREADING_TIMEOUT);
        done_writing();
        finished(thread);
    }
    is_free_and_works();
}

/* ---- who excludes whom */

enum { CROWD = 10 };

static void *read_together(void *arg)
{
    read_it();
    meet(&arrived, CROWD); /* comes back only if all of them read at once */
    done_reading();
    return arg;
}

CASE(readers_read_together)
{
    threading_thread_t *threads[CROWD];
    for (int round = 0; round < 20; round++) {
        start_many(threads, CROWD, read_together, NULL);
        finish_many(threads, CROWD);
        is_free_and_works();
    }
}

CASE(foreign_readers_read_together_and_leave_no_thread_behind)
{
    foreign_t *threads[CROWD];
    for (int i = 0; i < CROWD; i++)
        threads[i] = foreign_start(read_together, NULL);
    for (int i = 0; i < CROWD; i++)
        foreign_join(threads[i]);
    CHECK_EQUAL(threading_active_count(), 1);
    is_free_and_works();
}

static void *find_it_read(void *arg)
{
    CHECK_STATUS(threading_rwlock_try_acquire_write(&rwlock), THREADING_BUSY);
    CHECK_STATUS(threading_rwlock_acquire_write_timeout(&rwlock, 0), THREADING_TIMEOUT);
    CHECK_STATUS(threading_rwlock_acquire_write_timeout(&rwlock, 1e-4), THREADING_TIMEOUT);
    read_it();
    CHECK_STATUS(threading_rwlock_try_acquire_read(&rwlock), THREADING_OK);
    CHECK_STATUS(threading_rwlock_acquire_read_timeout(&rwlock, 0), THREADING_OK);
    for (int i = 0; i < 3; i++)
        done_reading();
    return arg;
}

CASE(who_reads_keeps_writers_out_and_lets_readers_in)
{
    read_it();
    finished(started(find_it_read, NULL));
    foreign_join(foreign_start(find_it_read, NULL));
    done_reading();
    is_free_and_works();
}

static void *find_it_written(void *arg)
{
    CHECK_STATUS(threading_rwlock_try_acquire_write(&rwlock), THREADING_BUSY);
    CHECK_STATUS(threading_rwlock_try_acquire_read(&rwlock), THREADING_BUSY);
    for (double seconds = 0; seconds < 0.002; seconds += 1e-4)
        timed_calls_are(seconds, THREADING_TIMEOUT);
    return arg;
}

CASE(who_writes_keeps_all_others_out)
{
    write_it();
    finished(started(find_it_written, NULL));
    foreign_join(foreign_start(find_it_written, NULL));
    done_writing();
    is_free_and_works();
}

CASE(readers_wait_for_the_writer_and_then_go_together)
{
    threading_thread_t *threads[CROWD];
    write_it();
    start_many(threads, CROWD, read_together, NULL);
    CHECK_STATUS(threading_thread_join_timeout(threads[0], 0.01), THREADING_TIMEOUT);
    CHECK_EQUAL(atomic_load(&arrived), 0);
    done_writing();
    finish_many(threads, CROWD);
    is_free_and_works();
}

static void *read_until_allowed_to_leave(void *arg)
{
    read_it();
    int place = atomic_fetch_add(&announced, 1) + 1;
    AWAIT(atomic_load(&may_leave) >= place);
    done_reading();
    return arg;
}

CASE(writer_waits_for_the_last_reader)
{
    threading_thread_t *readers[CROWD];
    start_many(readers, CROWD, read_until_allowed_to_leave, NULL);
    AWAIT(atomic_load(&announced) == CROWD);
    threading_thread_t *writer = started_as(write_in_order, "W");
    AWAIT(!others_can_read());
    for (int i = 1; i < CROWD; i++) {
        atomic_store(&may_leave, i);
        threading_sleep(0.001); /* proves nothing, gives a wrong library the time to show itself */
        CHECK_TEXT(order, "");
    }
    atomic_store(&may_leave, CROWD);
    finished(writer);
    finish_many(readers, CROWD);
    CHECK_TEXT(order, "W");
    is_free_and_works();
}

/* ---- releases */

static void releases_are(threading_status_t read, threading_status_t write)
{
    CHECK_STATUS(threading_rwlock_release_read(&rwlock), read);
    CHECK_STATUS(threading_rwlock_release_write(&rwlock), write);
}

CASE(release_of_a_free_lock_is_not_held)
{
    releases_are(THREADING_NOT_HELD, THREADING_NOT_HELD);
    is_free_and_works();
    releases_are(THREADING_NOT_HELD, THREADING_NOT_HELD);
    is_free_and_works();
}

static void *release_what_another_reads(void *arg)
{
    releases_are(THREADING_NOT_OWNER, THREADING_NOT_HELD);
    return arg;
}

CASE(only_readers_release_a_read_lock)
{
    read_it();
    finished(started(release_what_another_reads, NULL));
    foreign_join(foreign_start(release_what_another_reads, NULL));
    CHECK_STATUS(threading_rwlock_release_write(&rwlock), THREADING_NOT_HELD);
    CHECK(!others_can_write());
    done_reading();
    is_free_and_works();
}

static void *release_what_another_writes(void *arg)
{
    releases_are(THREADING_NOT_HELD, THREADING_NOT_OWNER);
    return arg;
}

CASE(only_the_writer_releases_a_write_lock)
{
    write_it();
    finished(started(release_what_another_writes, NULL));
    foreign_join(foreign_start(release_what_another_writes, NULL));
    CHECK_STATUS(threading_rwlock_release_read(&rwlock), THREADING_NOT_HELD);
    CHECK(!others_can_write());
    done_writing();
    is_free_and_works();
}

static void *release_once_too_often(void *arg)
{
    read_it();
    read_it();
    done_reading();
    done_reading();
    CHECK_STATUS(threading_rwlock_release_read(&rwlock), THREADING_NOT_OWNER);
    return arg;
}

CASE(reader_that_has_released_all_releases_nothing_of_others)
{
    read_it();
    finished(started(release_once_too_often, NULL));
    CHECK(!others_can_write());
    done_reading();
    CHECK_STATUS(threading_rwlock_release_read(&rwlock), THREADING_NOT_HELD);
    is_free_and_works();
}

/* ---- reading again */

CASE(reader_may_read_again)
{
    read_it();
    CHECK_STATUS(threading_rwlock_try_acquire_read(&rwlock), THREADING_OK);
    CHECK_STATUS(threading_rwlock_acquire_read_timeout(&rwlock, 0), THREADING_OK);
    CHECK_STATUS(threading_rwlock_acquire_read_timeout(&rwlock, 60), THREADING_OK);
    CHECK_STATUS(threading_rwlock_acquire_read_timeout(&rwlock, THREADING_FOREVER), THREADING_OK);
    for (int level = 5; level > 0; level--) {
        CHECK(!others_can_write());
        done_reading();
    }
    is_free_and_works();
}

CASE(thousands_of_levels_count)
{
    for (int level = 0; level < 100000; level++)
        read_it();
    for (int level = 1; level < 100000; level++)
        done_reading();
    CHECK(!others_can_write());
    done_reading();
    is_free_and_works();
}

CASE(reader_may_read_again_while_a_writer_waits)
{
    read_it();
    threading_thread_t *writer = started_as(write_in_order, "W");
    AWAIT(!others_can_read());
    read_it();
    CHECK_STATUS(threading_rwlock_try_acquire_read(&rwlock), THREADING_OK);
    CHECK_STATUS(threading_rwlock_acquire_read_timeout(&rwlock, 0), THREADING_OK);
    for (int level = 4; level > 1; level--) {
        done_reading();
        CHECK(!others_can_read());
        CHECK_TEXT(order, "");
    }
    done_reading();
    finished(writer);
    CHECK_TEXT(order, "W");
    is_free_and_works();
}

/* A thread that reads, then waits at the gate, then reads again, while a writer waits. */
static void *read_deeper_at_the_gate(void *arg)
{
    read_it();
    atomic_fetch_add(&announced, 1);
    gate_pass(&gate);
    read_it();
    meet(&arrived, CROWD); /* each of them gets it again before any lets go */
    done_reading();
    done_reading();
    return arg;
}

CASE(all_readers_may_read_again_while_writers_wait)
{
    threading_thread_t *readers[CROWD], *writers[3];
    gate_close(&gate);
    start_many(readers, CROWD, read_deeper_at_the_gate, NULL);
    AWAIT(atomic_load(&announced) == CROWD);
    for (int i = 0; i < 3; i++)
        writers[i] = started_as(write_in_order, "W");
    AWAIT(!others_can_read());
    gate_open(&gate);
    finish_many(readers, CROWD);
    finish_many(writers, 3);
    CHECK_TEXT(order, "WWW");
    is_free_and_works();
}

/* The count is set by hand, since so many levels would take a minute. */
CASE(reader_above_the_limit_is_overflow)
{
    const uint32_t limit = (1u << 30) - 1;
    read_it();
    CHECK_EQUAL(rwlock.state, 1);
    rwlock.state = limit - 1;
    read_it();
    CHECK_STATUS(threading_rwlock_acquire_read(&rwlock), THREADING_OVERFLOW);
    CHECK_STATUS(threading_rwlock_try_acquire_read(&rwlock), THREADING_OVERFLOW);
    CHECK_STATUS(threading_rwlock_acquire_read_timeout(&rwlock, 1), THREADING_OVERFLOW);
    CHECK_EQUAL(rwlock.state, limit);
    CHECK(!others_can_write());
    done_reading();
    CHECK_EQUAL(rwlock.state, limit - 1);
    rwlock.state = 1;
    done_reading();
    is_free_and_works();
}

/* ---- the line */

CASE(reader_that_comes_after_a_waiting_writer_stands_behind_it)
{
    for (int round = 0; round < 20; round++) {
        order_is_empty();
        read_it();
        threading_thread_t *writer = started_as(write_in_order, "W");
        AWAIT(!others_can_read());
        threading_thread_t *reader = started_as(read_in_order, "R");
        if (round % 2)
            threading_sleep(0.001);
        done_reading();
        finished(writer);
        finished(reader);
        CHECK_TEXT(order, "WR");
        is_free_and_works();
    }
}

static void *read_in_vain_behind_a_writer(void *arg)
{
    CHECK_STATUS(threading_rwlock_try_acquire_read(&rwlock), THREADING_BUSY);
    CHECK_STATUS(threading_rwlock_acquire_read_timeout(&rwlock, 0), THREADING_TIMEOUT);
    CHECK_STATUS(threading_rwlock_acquire_read_timeout(&rwlock, 0.01), THREADING_TIMEOUT);
    return arg;
}

CASE(reader_behind_a_waiting_writer_runs_out_of_time)
{
    read_it();
    threading_thread_t *writer = started_as(write_in_order, "W");
    AWAIT(!others_can_read());
    finished(started(read_in_vain_behind_a_writer, NULL));
    CHECK_TEXT(order, "");
    done_reading();
    finished(writer);
    is_free_and_works();
}

static void *write_in_vain_for_50_ms(void *arg)
{
    CHECK_STATUS(threading_rwlock_acquire_write_timeout(&rwlock, 0.05), THREADING_TIMEOUT);
    atomic_store(&may_leave, 1);
    return arg;
}

/* Main reads all the time, so nothing but the writer's giving up can let them in. */
CASE(writer_that_gives_up_lets_on_the_readers_behind_it)
{
    threading_thread_t *readers[CROWD];
    read_it();
    threading_thread_t *writer = started(write_in_vain_for_50_ms, NULL);
    AWAIT(!others_can_read() || atomic_load(&may_leave) == 1);
    start_many(readers, CROWD, read_together, NULL);
    finish_many(readers, CROWD);
    finished(writer);
    CHECK(others_can_read());
    done_reading();
    is_free_and_works();
}

static void *write_until_the_gate_opens(void *arg)
{
    write_it();
    gate_pass(&gate);
    done_writing();
    return arg;
}

CASE(lock_is_handed_to_the_waiting_writer)
{
    for (int round = 0; round < 20; round++) {
        gate_close(&gate);
        read_it();
        threading_thread_t *writer = started(write_until_the_gate_opens, NULL);
        AWAIT(!others_can_read());
        done_reading();
        CHECK_STATUS(threading_rwlock_try_acquire_write(&rwlock), THREADING_BUSY);
        CHECK_STATUS(threading_rwlock_try_acquire_read(&rwlock), THREADING_BUSY);
        gate_open(&gate);
        finished(writer);
        is_free_and_works();
    }
}

/*
 * Nobody can see that a second thread stands in line, so that now and then one comes too late. But if the
 * order were not that of coming, the right one would never be seen, and the time limit ends the case.
 */
static void stand_in_line_until_seen(const char *wanted)
{
    do {
        threading_thread_t *threads[8];
        int count = 0;
        order_is_empty();
        read_it();
        for (; wanted[count] != '\0'; count++) {
            bool writes = wanted[count] >= 'A' && wanted[count] <= 'M';
            threads[count] = started_as(writes ? write_in_order : read_in_order, &wanted[count]);
            if (count == 0)
                AWAIT(!others_can_read());
            else
                threading_sleep(0.001);
        }
        done_reading();
        finish_many(threads, count);
    } while (strcmp(order, wanted) != 0);
    is_free_and_works();
}

CASE(writers_get_it_in_the_order_of_their_coming)
{
    stand_in_line_until_seen("ABCDEF");
}

/* N reads. */
CASE(reader_among_writers_gets_it_in_the_order_of_their_coming)
{
    stand_in_line_until_seen("ABNCD");
}

static atomic_int reading;
static atomic_bool together;

/* Reads until the other one does too, but not for ever: that one may be late and stand behind a writer. */
static void *read_with_the_other(void *arg)
{
    read_it();
    atomic_fetch_add(&reading, 1);
    for (int patience = 0; patience < 50 && atomic_load(&reading) < 2; patience++)
        threading_sleep(0.001);
    if (atomic_load(&reading) == 2)
        atomic_store(&together, true);
    atomic_fetch_sub(&reading, 1);
    done_reading();
    return arg;
}

/* Again, a reader may come too late; but in the right order it is seen at some time. */
CASE(readers_in_line_go_together_past_the_writers_among_them)
{
    while (!atomic_load(&together)) {
        threading_target_t line[4] = {write_in_order, read_with_the_other, write_in_order,
                                      read_with_the_other};
        threading_thread_t *threads[4];
        order_is_empty();
        read_it();
        for (int i = 0; i < 4; i++) {
            threads[i] = started_as(line[i], "W");
            if (i == 0)
                AWAIT(!others_can_read());
            threading_sleep(0.001);
        }
        done_reading();
        finish_many(threads, 4);
        is_free_and_works();
    }
}

/* ---- starvation */

static void *read_again_and_again(void *arg)
{
    while (!atomic_load(&over)) {
        read_it();
        atomic_fetch_add(&announced, 1);
        threading_sleep(2e-4); /* long enough for the readers to overlap */
        done_reading();
    }
    return arg;
}

static void *write_again_and_again(void *arg)
{
    while (!atomic_load(&over)) {
        write_it();
        atomic_fetch_add(&announced, 1);
        done_writing();
    }
    return arg;
}

static void nobody_starves(int readers, int writers)
{
    threading_thread_t *threads[16];
    start_many(threads, readers, read_again_and_again, NULL);
    start_many(threads + readers, writers, write_again_and_again, NULL);
    AWAIT(atomic_load(&announced) >= 2 * (readers + writers));
    for (int turn = 0; turn < 20; turn++) {
        write_it();
        done_writing();
        read_it();
        done_reading();
    }
    atomic_store(&over, true);
    finish_many(threads, readers + writers);
    is_free_and_works();
}

CASE(overlapping_readers_starve_no_writer)
{
    nobody_starves(6, 0);
}

CASE(writers_in_a_row_starve_no_reader)
{
    nobody_starves(0, 4);
}

CASE(readers_and_writers_starve_nobody_together)
{
    nobody_starves(5, 3);
}

/* ---- more locks than a thread's reads are known of */

enum { LOCKS = 12 };
static threading_rwlock_t locks[LOCKS];

static void *write_this_one(void *lock)
{
    CHECK_STATUS(threading_rwlock_acquire_write(lock), THREADING_OK);
    CHECK_STATUS(threading_rwlock_release_write(lock), THREADING_OK);
    return NULL;
}

static void read_all(int count)
{
    for (int i = 0; i < count; i++)
        CHECK_STATUS(threading_rwlock_acquire_read(&locks[i]), THREADING_OK);
}

static void done_reading_all(int count)
{
    for (int i = 0; i < count; i++)
        CHECK_STATUS(threading_rwlock_release_read(&locks[i]), THREADING_OK);
}

static void many_locks_are_read_again(int count)
{
    threading_thread_t *writers[LOCKS];
    read_all(count);
    for (int i = 0; i < count; i++) {
        writers[i] = started(write_this_one, &locks[i]);
        AWAIT(!others_can_read_this(&locks[i]));
    }
    read_all(count);
    done_reading_all(count);
    for (int i = 0; i < count; i++)
        CHECK_STATUS(threading_thread_try_join(writers[i]), THREADING_BUSY);
    done_reading_all(count);
    finish_many(writers, count);
    CHECK(is_zero(locks, sizeof locks));
}

CASE(reader_of_8_locks_may_read_each_again_while_writers_wait)
{
    for (int round = 0; round < 3; round++)
        many_locks_are_read_again(8);
}

CASE(reader_of_12_locks_may_read_each_again_while_writers_wait)
{
    for (int round = 0; round < 3; round++)
        many_locks_are_read_again(12);
}

/* However many locks it read before: once all are given back the thread stands in line like any other. */
CASE(reader_of_many_locks_is_an_ordinary_thread_afterwards)
{
    for (int i = 0; i < 10; i++) {
        read_all(LOCKS);
        done_reading_all(LOCKS);
    }
    threading_thread_t *reader = started(read_until_allowed_to_leave, NULL);
    AWAIT(atomic_load(&announced) == 1);
    threading_thread_t *writer = started_as(write_in_order, "W");
    AWAIT(!others_can_read());
    CHECK_STATUS(threading_rwlock_try_acquire_read(&rwlock), THREADING_BUSY);
    CHECK_STATUS(threading_rwlock_release_read(&rwlock), THREADING_NOT_OWNER);
    atomic_store(&may_leave, 1);
    finished(writer);
    finished(reader);
    is_free_and_works();
}

/* ---- memory */

CASE(nothing_is_allocated)
{
    wait_at_first();
    is_free_and_works();
    size_t before = allocated_bytes();
    for (int i = 0; i < 100; i++) {
        read_all(LOCKS);
        read_all(LOCKS);
        done_reading_all(LOCKS);
        done_reading_all(LOCKS);
        write_it();
        timed_calls_are(1e-6, THREADING_TIMEOUT);
        done_writing();
    }
    CHECK_EQUAL(allocated_bytes(), before);
}

/* The waiter frees the memory as soon as it has the lock, while the releaser may still be in its call. */
enum { ROUNDS = 5000 };
static threading_rwlock_t *blocks[ROUNDS];

static void *take_and_free_each(void *arg)
{
    for (int i = 0; i < (is_slow() ? ROUNDS / 10 : ROUNDS); i++) {
        atomic_store(&announced, i + 1);
        if (i % 2) {
            CHECK_STATUS(threading_rwlock_acquire_write(blocks[i]), THREADING_OK);
        } else {
            CHECK_STATUS(threading_rwlock_acquire_read(blocks[i]), THREADING_OK);
            CHECK_STATUS(threading_rwlock_release_read(blocks[i]), THREADING_OK);
        }
        free(blocks[i]);
    }
    return arg;
}

static void hold_block(int i)
{
    blocks[i] = calloc(1, sizeof *blocks[i]);
    CHECK(blocks[i] != NULL);
    if (i % 2)
        CHECK_STATUS(threading_rwlock_acquire_read(blocks[i]), THREADING_OK);
    else
        CHECK_STATUS(threading_rwlock_acquire_write(blocks[i]), THREADING_OK);
}

static void let_go_of_block(int i)
{
    if (i % 2)
        CHECK_STATUS(threading_rwlock_release_read(blocks[i]), THREADING_OK);
    else
        CHECK_STATUS(threading_rwlock_release_write(blocks[i]), THREADING_OK);
}

CASE(memory_may_be_freed_by_who_has_it_next)
{
    /* slow */
    int rounds = is_slow() ? ROUNDS / 10 : ROUNDS;
    for (int i = 0; i < rounds; i++)
        hold_block(i);
    threading_thread_t *thread = started(take_and_free_each, NULL);
    for (int i = 0; i < rounds; i++) {
        for (int patience = 0; patience < 100 && atomic_load(&announced) <= i; patience++)
            threading_sleep(0);
        let_go_of_block(i);
    }
    finished(thread);
}
