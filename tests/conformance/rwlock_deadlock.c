/* SPDX-License-Identifier: MIT */
/* Waits for an RWLock that can never end: one's own lock, a writer that has ended, rings with other waits. */
#include "rwlock_cases.h"

static atomic_int told; /* waits that ended with DEADLOCK */

/* A wait that ends well, or is refused, which is counted. */
static bool ends_well(threading_status_t status)
{
    if (status == THREADING_OK)
        return true;
    CHECK_STATUS(status, THREADING_DEADLOCK);
    atomic_fetch_add(&told, 1);
    return false;
}

static void told_were(int expected)
{
    CHECK_EQUAL(atomic_exchange(&told, 0), expected);
}

static int rounds(void)
{
    return is_slow() ? 30 : 150;
}

/* ---- the caller's own lock */

static void write_is_refused(void)
{
    CHECK_STATUS(threading_rwlock_acquire_write(&rwlock), THREADING_DEADLOCK);
    CHECK_STATUS(threading_rwlock_acquire_write_timeout(&rwlock, THREADING_FOREVER), THREADING_DEADLOCK);
    CHECK_STATUS(threading_rwlock_try_acquire_write(&rwlock), THREADING_BUSY);
    CHECK_STATUS(threading_rwlock_acquire_write_timeout(&rwlock, 0), THREADING_TIMEOUT);
    CHECK_STATUS(threading_rwlock_acquire_write_timeout(&rwlock, 0.002), THREADING_TIMEOUT);
}

static void read_is_refused(void)
{
    CHECK_STATUS(threading_rwlock_acquire_read(&rwlock), THREADING_DEADLOCK);
    CHECK_STATUS(threading_rwlock_acquire_read_timeout(&rwlock, THREADING_FOREVER), THREADING_DEADLOCK);
    CHECK_STATUS(threading_rwlock_try_acquire_read(&rwlock), THREADING_BUSY);
    CHECK_STATUS(threading_rwlock_acquire_read_timeout(&rwlock, 0), THREADING_TIMEOUT);
    CHECK_STATUS(threading_rwlock_acquire_read_timeout(&rwlock, 0.002), THREADING_TIMEOUT);
}

CASE(reader_that_wants_to_write_is_told)
{
    for (int level = 1; level <= 3; level++) {
        read_it();
        write_is_refused();
        CHECK(others_can_read());
        CHECK(!others_can_write());
    }
    for (int level = 3; level > 0; level--)
        done_reading();
    is_free_and_works();
}

static void *want_to_write_while_others_read(void *arg)
{
    read_it();
    meet(&arrived, 3);
    write_is_refused();
    meet(&arrived, 3);
    done_reading();
    return arg;
}

CASE(readers_that_all_want_to_write_are_all_told)
{
    threading_thread_t *threads[2];
    start_many(threads, 2, want_to_write_while_others_read, NULL);
    (void)want_to_write_while_others_read(NULL);
    finish_many(threads, 2);
    is_free_and_works();
}

CASE(reader_that_wants_to_write_is_told_while_a_writer_waits)
{
    read_it();
    threading_thread_t *writer = started_as(write_in_order, "W");
    AWAIT(!others_can_read());
    write_is_refused();
    done_reading();
    finished(writer);
    CHECK_TEXT(order, "W");
    is_free_and_works();
}

CASE(writer_that_wants_to_write_or_read_again_is_told)
{
    write_it();
    write_is_refused();
    read_is_refused();
    CHECK(!others_can_read());
    done_writing();
    is_free_and_works();
}

CASE(foreign_threads_are_told_too)
{
    foreign_t *threads[3];
    for (int i = 0; i < 3; i++)
        threads[i] = foreign_start(want_to_write_while_others_read, NULL);
    for (int i = 0; i < 3; i++)
        foreign_join(threads[i]);
    is_free_and_works();
}

/* What was released counts no more. */
CASE(who_has_released_may_write)
{
    for (int i = 0; i < 100; i++) {
        read_it();
        read_it();
        done_reading();
        done_reading();
        write_it();
        done_writing();
    }
    is_free_and_works();
}

/* ---- a holder that has ended */

static void *end_as_writer(void *arg)
{
    write_it();
    atomic_fetch_add(&announced, 1);
    gate_pass(&gate);
    return arg;
}

static void *exit_as_writer(void *arg)
{
    write_it();
    threading_exit(arg);
}

static void *find_its_writer_ended(void *arg)
{
    write_is_refused();
    read_is_refused();
    CHECK_STATUS(threading_rwlock_release_write(&rwlock), THREADING_NOT_OWNER);
    CHECK_STATUS(threading_rwlock_release_read(&rwlock), THREADING_NOT_HELD);
    return arg;
}

static void all_find_its_writer_ended(void)
{
    (void)find_its_writer_ended(NULL);
    finished(started(find_its_writer_ended, NULL));
    foreign_join(foreign_start(find_its_writer_ended, NULL));
    CHECK_STATUS(threading_rwlock_init(&rwlock), THREADING_OK);
    is_free_and_works();
}

CASE(writer_that_ended_leaves_it_locked_for_ever)
{
    finished(started(end_as_writer, NULL));
    all_find_its_writer_ended();
    finished(started(exit_as_writer, NULL));
    all_find_its_writer_ended();
}

CASE(foreign_writer_that_ended_leaves_it_locked_for_ever)
{
    foreign_join(foreign_start(end_as_writer, NULL));
    all_find_its_writer_ended();
}

static void *want_to_read(void *arg)
{
    atomic_fetch_add(&announced, 1);
    if (ends_well(threading_rwlock_acquire_read(&rwlock)))
        done_reading();
    return arg;
}

static void *want_to_write(void *arg)
{
    atomic_fetch_add(&announced, 1);
    if (ends_well(threading_rwlock_acquire_write(&rwlock)))
        done_writing();
    return arg;
}

static void *want_it_for_some_time(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_rwlock_acquire_read_timeout(&rwlock, 0.05), THREADING_TIMEOUT);
    CHECK_STATUS(threading_rwlock_acquire_write_timeout(&rwlock, 0.01), THREADING_TIMEOUT);
    return arg;
}

static void waiters_of_an_ended_writer(bool foreign)
{
    threading_thread_t *owner = NULL, *waiters[6];
    foreign_t *foreign_owner = NULL;
    gate_close(&gate);
    if (foreign)
        foreign_owner = foreign_start(end_as_writer, NULL);
    else
        owner = started(end_as_writer, NULL);
    AWAIT(atomic_load(&announced) == 1);
    start_many(waiters, 2, want_to_read, NULL);
    start_many(waiters + 2, 2, want_it_for_some_time, NULL);
    start_many(waiters + 4, 2, want_to_write, NULL);
    AWAIT(atomic_load(&announced) == 7);
    threading_sleep(0.005); /* so that they do wait; right in any case */
    CHECK_EQUAL(atomic_load(&told), 0);
    gate_open(&gate);
    if (foreign)
        foreign_join(foreign_owner);
    else
        finished(owner);
    finish_many(waiters, 6);
    told_were(4);
    all_find_its_writer_ended();
}

CASE(all_who_wait_are_told_when_the_writer_ends)
{
    waiters_of_an_ended_writer(false);
}

CASE(all_who_wait_are_told_when_a_foreign_writer_ends)
{
    waiters_of_an_ended_writer(true);
}

static void *end_as_reader(void *arg)
{
    read_it();
    return arg;
}

CASE(reader_that_ended_keeps_writers_out_and_lets_readers_in)
{
    finished(started(end_as_reader, NULL));
    ended_reader_keeps_writers_out();
}

/* ---- rings */

enum { RING = 4 };
static threading_rwlock_t ring[RING];
static int ring_size;
static threading_rlock_t rlock;

static threading_status_t acquire_to(bool write, threading_rwlock_t *lock)
{
    return write ? threading_rwlock_acquire_write(lock) : threading_rwlock_acquire_read(lock);
}

static void release_from(bool write, threading_rwlock_t *lock)
{
    CHECK_STATUS(write ? threading_rwlock_release_write(lock) : threading_rwlock_release_read(lock),
                 THREADING_OK);
}

/* Each writes a lock and wants the next one: those at even places to write, the others to read. */
static void *write_one_and_want_the_next(void *own)
{
    size_t place = (size_t)((threading_rwlock_t *)own - ring);
    threading_rwlock_t *next = &ring[(place + 1) % (size_t)ring_size];
    bool write = place % 2 == 0;
    CHECK_STATUS(threading_rwlock_acquire_write(own), THREADING_OK);
    meet(&arrived, ring_size);
    if (ends_well(acquire_to(write, next)))
        release_from(write, next);
    CHECK_STATUS(threading_rwlock_release_write(own), THREADING_OK);
    return NULL;
}

static void one_of_a_ring_is_told(int size)
{
    threading_thread_t *threads[RING];
    ring_size = size;
    for (int round = 0; round < rounds(); round++) {
        for (int i = 0; i < size; i++)
            threads[i] = started(write_one_and_want_the_next, &ring[i]);
        finish_many(threads, size);
        told_were(1);
        CHECK(is_zero(ring, sizeof ring));
    }
}

CASE(one_of_two_writers_that_wait_crosswise_is_told)
{
    one_of_a_ring_is_told(2);
}

CASE(one_of_four_writers_in_a_ring_is_told)
{
    one_of_a_ring_is_told(4);
}

static void acquire_rlock(void)
{
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
}

static void release_rlock(void)
{
    CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
}

static void *write_and_want_the_rlock(void *arg)
{
    write_it();
    meet(&arrived, 2);
    if (ends_well(threading_rlock_acquire(&rlock)))
        release_rlock();
    done_writing();
    return arg;
}

static void *own_the_rlock_and_want_to(threading_target_t want)
{
    acquire_rlock();
    meet(&arrived, 2);
    (void)want(NULL);
    release_rlock();
    return NULL;
}

static void *own_the_rlock_and_want_to_read(void *arg)
{
    (void)arg;
    return own_the_rlock_and_want_to(want_to_read);
}

static void *own_the_rlock_and_want_to_write(void *arg)
{
    (void)arg;
    return own_the_rlock_and_want_to(want_to_write);
}

static void one_of_two_is_told(threading_target_t other)
{
    for (int round = 0; round < rounds(); round++) {
        threading_thread_t *threads[2] = {started(write_and_want_the_rlock, NULL), started(other, NULL)};
        finish_many(threads, 2);
        told_were(1);
        is_free_and_works();
        CHECK(is_zero(&rlock, sizeof rlock));
    }
}

CASE(ring_of_a_writer_and_an_rlock_owner_that_wants_to_write_is_told_to_one)
{
    one_of_two_is_told(own_the_rlock_and_want_to_write);
}

CASE(ring_of_a_writer_and_an_rlock_owner_that_wants_to_read_is_told_to_one)
{
    one_of_two_is_told(own_the_rlock_and_want_to_read);
}

/* Main writes and joins a thread that wants the lock: the later of the two is told, whichever it is. */
static void ring_with_a_join_is_told_to_one(threading_target_t want)
{
    for (int round = 0; round < rounds(); round++) {
        write_it();
        threading_thread_t *thread = started(want, NULL);
        if (round % 2)
            AWAIT(atomic_load(&announced) == round + 1);
        bool joined = ends_well(threading_thread_join(thread));
        done_writing();
        if (!joined)
            CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
        told_were(1);
        threading_thread_free(thread);
        is_free_and_works();
    }
}

CASE(writer_and_a_writer_that_it_joins_are_a_deadlock)
{
    ring_with_a_join_is_told_to_one(want_to_write);
}

CASE(writer_and_a_reader_that_it_joins_are_a_deadlock)
{
    ring_with_a_join_is_told_to_one(want_to_read);
}

/* The lock is handed over to a thread that stood in line, and only then it goes round. */
static void *own_the_rlock_and_write_behind_main(void *arg)
{
    write_it();
    atomic_fetch_add(&announced, 1);
    if (ends_well(threading_rlock_acquire(&rlock)))
        release_rlock();
    done_writing();
    return arg;
}

CASE(writer_that_came_after_the_wait_began_is_seen)
{
    for (int round = 0; round < rounds(); round++) {
        atomic_store(&announced, 0);
        read_it();
        threading_thread_t *first = started(own_the_rlock_and_write_behind_main, NULL);
        AWAIT(!others_can_read());
        threading_thread_t *second = started(own_the_rlock_and_want_to_write, NULL);
        meet(&arrived, 2);
        if (round % 2)
            threading_sleep(2e-4);
        done_reading(); /* now the first writes, with the second behind it or about to be */
        finished(first);
        finished(second);
        told_were(1);
        is_free_and_works();
        CHECK(is_zero(&rlock, sizeof rlock));
    }
}

/* ---- waits that are no proof */

static void *own_the_rlock_and_read_for_some_time(void *arg)
{
    acquire_rlock();
    meet(&arrived, 2);
    CHECK_STATUS(threading_rwlock_acquire_read_timeout(&rwlock, 0.01), THREADING_TIMEOUT);
    CHECK_STATUS(threading_rwlock_acquire_write_timeout(&rwlock, 0.01), THREADING_TIMEOUT);
    release_rlock();
    return arg;
}

CASE(wait_with_a_limit_is_no_deadlock)
{
    for (int round = 0; round < 10; round++) {
        threading_thread_t *threads[2] = {started(write_and_want_the_rlock, NULL),
                                          started(own_the_rlock_and_read_for_some_time, NULL)};
        finish_many(threads, 2);
        told_were(0);
        is_free_and_works();
    }
}

static void *read_until_the_gate_opens(void *arg)
{
    read_it();
    atomic_fetch_add(&announced, 1);
    gate_pass(&gate);
    done_reading();
    return arg;
}

/* A reader at the gate, a writer behind it that owns the RLock, main behind that: the gate may be opened. */
CASE(chain_without_a_ring_is_no_deadlock)
{
    for (int round = 0; round < 20; round++) {
        atomic_store(&announced, 0);
        gate_close(&gate);
        threading_thread_t *reader = started(read_until_the_gate_opens, NULL);
        AWAIT(atomic_load(&announced) == 1);
        threading_thread_t *writer = started(own_the_rlock_and_want_to_write, NULL);
        meet(&arrived, 2);
        AWAIT(!others_can_read());
        threading_thread_t *second = started(want_to_read, NULL);
        CHECK_STATUS(threading_rlock_acquire_timeout(&rlock, 0.001), THREADING_TIMEOUT);
        gate_open(&gate);
        acquire_rlock();
        release_rlock();
        finished(reader);
        finished(writer);
        finished(second);
        told_were(0);
        is_free_and_works();
    }
}

/*
 * Four locks written in any order, tries and limits among them, now and then one that is read last: whoever
 * is refused gives all back, so everyone comes to the end. Nobody waits while reading, which is no proof.
 */
struct basket {
    int places[4];
    int count;
};

static bool take_into(struct basket *basket, int place, int turn)
{
    threading_rwlock_t *lock = &ring[place];
    threading_status_t status;
    if (turn % 5 == 0)
        status = threading_rwlock_try_acquire_write(lock);
    else if (turn % 5 == 1)
        status = threading_rwlock_acquire_write_timeout(lock, 1e-5);
    else
        status = threading_rwlock_acquire_write(lock);
    if (status == THREADING_OK)
        basket->places[basket->count++] = place;
    else if (turn % 5 == 0)
        CHECK_STATUS(status, THREADING_BUSY);
    else
        CHECK_STATUS(status, turn % 5 == 1 ? THREADING_TIMEOUT : THREADING_DEADLOCK);
    return status == THREADING_OK;
}

static void empty(struct basket *basket)
{
    while (basket->count > 0)
        release_from(true, &ring[basket->places[--basket->count]]);
}

static void *take_in_disorder(void *arg)
{
    uint32_t seed = (uint32_t)atomic_fetch_add(&announced, 1) + 1;
    for (int turn = 0; turn < (is_slow() ? 100 : 1000); turn++) {
        struct basket basket = {.count = 0};
        bool wins = true;
        while (wins && basket.count < 3)
            wins = take_into(&basket, (int)random_below(&seed, RING), turn);
        threading_rwlock_t *last = &ring[random_below(&seed, RING)];
        if (wins && turn % 2 && ends_well(threading_rwlock_acquire_read(last)))
            release_from(false, last);
        empty(&basket);
    }
    return arg;
}

CASE(whoever_is_told_backs_off_and_all_go_on)
{
    threading_thread_t *threads[6];
    start_many(threads, 6, take_in_disorder, NULL);
    finish_many(threads, 6);
    CHECK_EQUAL(threading_active_count(), 1);
    CHECK(is_zero(ring, sizeof ring));
}
