/* SPDX-License-Identifier: MIT */
/* Waits for RLocks that can never end are told to exactly one thread; all other waits are left alone. */
#include "conformance.h"
#include "crowd.h"
#include "gate.h"

enum { PARTIES = 5 };
static threading_rlock_t locks[PARTIES];
static threading_lock_t gate;
static atomic_int announced; /* threads that stand right before their call */
static atomic_int arrived;   /* of meet() */
static atomic_int granted;   /* waits that ended with the lock */
static atomic_int told;      /* waits that ended with DEADLOCK */
static int indexes[PARTIES] = {0, 1, 2, 3, 4};
static int parties;

static void acquire_lock(int index)
{
    CHECK_STATUS(threading_rlock_acquire(&locks[index]), THREADING_OK);
}

static void release_lock(int index)
{
    CHECK_STATUS(threading_rlock_release(&locks[index]), THREADING_OK);
}

/* Waits as long as it takes; gives whether it has the lock now. A refusal must have changed nothing. */
static bool wait_for_lock(int index)
{
    threading_status_t status = threading_rlock_acquire(&locks[index]);
    if (status == THREADING_OK) {
        atomic_fetch_add(&granted, 1);
        return true;
    }
    CHECK_STATUS(status, THREADING_DEADLOCK);
    CHECK(!threading_rlock_is_owned(&locks[index]));
    atomic_fetch_add(&told, 1);
    return false;
}

static void check_ends(int expected_granted, int expected_told)
{
    CHECK_EQUAL(atomic_exchange(&granted, 0), expected_granted);
    CHECK_EQUAL(atomic_exchange(&told, 0), expected_told);
    CHECK(is_zero(locks, sizeof locks));
}

/* Each thread owns a lock and waits for that of the next. */
static void *wait_in_a_ring(void *index)
{
    int mine = *(int *)index;
    acquire_lock(mine);
    meet(&arrived, parties);
    if (wait_for_lock((mine + 1) % parties))
        release_lock((mine + 1) % parties);
    CHECK_EQUAL(threading_rlock_count(&locks[mine]), 1);
    release_lock(mine);
    return NULL;
}

static void one_of_a_ring_is_told(int count, int rounds)
{
    threading_thread_t *threads[PARTIES];
    parties = count;
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < count; i++)
            threads[i] = started(wait_in_a_ring, &indexes[i]);
        finish_many(threads, count);
        check_ends(count - 1, 1);
    }
}

CASE(one_of_two_threads_that_wait_crosswise_is_told)
{
    one_of_a_ring_is_told(2, is_slow() ? 50 : 300);
}

CASE(one_of_three_threads_in_a_ring_is_told)
{
    one_of_a_ring_is_told(3, is_slow() ? 50 : 200);
}

CASE(one_of_five_threads_in_a_ring_is_told)
{
    one_of_a_ring_is_told(5, is_slow() ? 50 : 200);
}

CASE(one_of_two_foreign_threads_is_told)
{
    parties = 2;
    for (int round = 0; round < 100; round++) {
        foreign_t *first = foreign_start(wait_in_a_ring, &indexes[0]);
        foreign_t *second = foreign_start(wait_in_a_ring, &indexes[1]);
        foreign_join(first);
        foreign_join(second);
        check_ends(1, 1);
    }
}

/* With levels on both sides, and with FOREVER as the spelling. */
static void *wait_crosswise_deeply(void *index)
{
    int mine = *(int *)index;
    acquire_lock(mine);
    acquire_lock(mine);
    meet(&arrived, 2);
    threading_status_t status = threading_rlock_acquire_timeout(&locks[1 - mine], THREADING_FOREVER);
    if (status == THREADING_OK) {
        atomic_fetch_add(&granted, 1);
        release_lock(1 - mine);
    } else {
        CHECK_STATUS(status, THREADING_DEADLOCK);
        atomic_fetch_add(&told, 1);
    }
    CHECK_EQUAL(threading_rlock_count(&locks[mine]), 2);
    release_lock(mine);
    release_lock(mine);
    return NULL;
}

CASE(levels_and_the_spelling_forever_make_no_difference)
{
    for (int round = 0; round < 100; round++) {
        threading_thread_t *threads[2] = {started(wait_crosswise_deeply, &indexes[0]),
                                          started(wait_crosswise_deeply, &indexes[1])};
        finish_many(threads, 2);
        check_ends(1, 1);
    }
}

static void *wait_for_what_main_owns(void *arg)
{
    atomic_fetch_add(&announced, 1);
    if (wait_for_lock(0))
        release_lock(0);
    return arg;
}

/* Main joins a thread that waits for main's lock: the later of the two is told, whichever it is. */
CASE(cycle_through_a_join_is_told_to_one)
{
    for (int round = 0; round < (is_slow() ? 50 : 200); round++) {
        acquire_lock(0);
        threading_thread_t *thread = started(wait_for_what_main_owns, NULL);
        if (round % 2)
            AWAIT(atomic_load(&announced) == round + 1);
        threading_status_t status = threading_thread_join(thread);
        release_lock(0);
        if (status == THREADING_DEADLOCK) {
            CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
            check_ends(1, 0);
        } else {
            CHECK_STATUS(status, THREADING_OK);
            check_ends(0, 1);
        }
        AWAIT(atomic_load(&announced) == round + 1);
        threading_thread_free(thread);
    }
}

static void *wait_for_1_owning_0(void *arg)
{
    acquire_lock(0);
    meet(&arrived, 2);
    atomic_fetch_add(&announced, 1);
    if (wait_for_lock(1))
        release_lock(1);
    release_lock(0);
    return arg;
}

static void *wait_for_0_in_time_owning_1(void *arg)
{
    acquire_lock(1);
    meet(&arrived, 2);
    CHECK_STATUS(threading_rlock_acquire_timeout(&locks[0], 0.02), THREADING_TIMEOUT);
    release_lock(1);
    return arg;
}

CASE(wait_with_a_limit_is_no_deadlock)
{
    for (int round = 0; round < 20; round++) {
        threading_thread_t *threads[2] = {started(wait_for_1_owning_0, NULL),
                                          started(wait_for_0_in_time_owning_1, NULL)};
        finish_many(threads, 2);
        check_ends(1, 0);
    }
}

static void *wait_in_time_owning_own(void *index)
{
    int mine = *(int *)index;
    acquire_lock(mine);
    meet(&arrived, 2);
    CHECK_STATUS(threading_rlock_acquire_timeout(&locks[1 - mine], 0.02), THREADING_TIMEOUT);
    meet(&arrived, 2); /* neither releases before both have waited in vain */
    release_lock(mine);
    return NULL;
}

CASE(crosswise_waits_with_limits_run_out)
{
    for (int round = 0; round < 10; round++) {
        threading_thread_t *threads[2] = {started(wait_in_time_owning_own, &indexes[0]),
                                          started(wait_in_time_owning_own, &indexes[1])};
        finish_many(threads, 2);
        check_ends(0, 0);
    }
}

static void *wait_at_gate_owning_0(void *arg)
{
    acquire_lock(0);
    meet(&arrived, 2);
    atomic_fetch_add(&announced, 1);
    gate_pass(&gate);
    release_lock(0);
    return arg;
}

static void *wait_for_0_behind_it(void *arg)
{
    meet(&arrived, 2);
    return wait_for_what_main_owns(arg);
}

/* A plain Lock belongs to nobody: main opens the gate, though a cycle seems closed. */
CASE(wait_for_a_plain_lock_is_no_deadlock)
{
    gate_close(&gate);
    threading_thread_t *threads[2] = {started(wait_at_gate_owning_0, NULL),
                                      started(wait_for_0_behind_it, NULL)};
    AWAIT(atomic_load(&announced) == 2);
    CHECK_STATUS(threading_thread_join_timeout(threads[1], 0.02), THREADING_TIMEOUT);
    gate_open(&gate);
    finish_many(threads, 2);
    check_ends(1, 0);
}

static threading_lock_t held_by_thread;

/* Owns lock 0, waits for a plain lock that was acquired by a thread which waits for lock 0. */
static void *hold_plain_and_wait_for_0(void *arg)
{
    gate_close(&held_by_thread);
    meet(&arrived, 2);
    return wait_for_what_main_owns(arg);
}

static void *own_0_and_wait_for_plain(void *arg)
{
    acquire_lock(0);
    meet(&arrived, 2);
    atomic_fetch_add(&announced, 1);
    gate_pass(&held_by_thread);
    release_lock(0);
    return arg;
}

CASE(cycle_through_a_plain_lock_waits_for_anyone_to_release)
{
    threading_thread_t *threads[2] = {started(hold_plain_and_wait_for_0, NULL),
                                      started(own_0_and_wait_for_plain, NULL)};
    AWAIT(atomic_load(&announced) == 2);
    CHECK_STATUS(threading_thread_join_timeout(threads[0], 0.02), THREADING_TIMEOUT);
    CHECK_STATUS(threading_thread_join_timeout(threads[1], 0.01), THREADING_TIMEOUT);
    CHECK_EQUAL(atomic_load(&told), 0);
    gate_open(&held_by_thread);
    finish_many(threads, 2);
    check_ends(1, 0);
}

/* Thread i owns lock i and waits for lock i + 1; the last one waits at a gate. */
static void *wait_in_a_chain(void *index)
{
    int mine = *(int *)index;
    acquire_lock(mine);
    meet(&arrived, PARTIES);
    atomic_fetch_add(&announced, 1);
    if (mine == PARTIES - 1) {
        gate_pass(&gate);
    } else {
        CHECK(wait_for_lock(mine + 1));
        release_lock(mine + 1);
    }
    release_lock(mine);
    return NULL;
}

CASE(chain_without_a_cycle_is_no_deadlock)
{
    threading_thread_t *threads[PARTIES];
    for (int round = 1; round <= 20; round++) {
        gate_close(&gate);
        for (int i = 0; i < PARTIES; i++)
            threads[i] = started(wait_in_a_chain, &indexes[i]);
        AWAIT(atomic_load(&announced) == round * PARTIES);
        CHECK_STATUS(threading_rlock_acquire_timeout(&locks[0], 0.001), THREADING_TIMEOUT);
        gate_open(&gate);
        acquire_lock(0);
        release_lock(0);
        finish_many(threads, PARTIES);
        check_ends(PARTIES - 1, 0);
    }
}

static void *acquire_in_order(void *arg)
{
    uint32_t seed = (uint32_t)atomic_fetch_add(&announced, 1) + 1;
    for (int turn = 0; turn < (is_slow() ? 100 : 1000); turn++) {
        uint32_t chosen = 1 + random_below(&seed, 15); /* a bit for each lock, not none of them */
        for (int i = 0; i < 4; i++)
            if (chosen >> i & 1)
                acquire_lock(i);
        for (int i = 0; i < 4; i++)
            if (chosen >> i & 1)
                release_lock(i);
    }
    return arg;
}

CASE(locks_taken_in_one_order_never_deadlock)
{
    threading_thread_t *threads[8];
    start_many(threads, 8, acquire_in_order, NULL);
    finish_many(threads, 8);
    check_ends(0, 0);
}

/* In any order, tries and limits among them: whoever is refused gives all back, so everyone comes to the end. */
static void *acquire_in_disorder(void *arg)
{
    uint32_t seed = (uint32_t)atomic_fetch_add(&announced, 1) + 1;
    for (int turn = 0; turn < (is_slow() ? 100 : 1000); turn++) {
        int owned[3], count = 0;
        threading_status_t status = THREADING_OK;
        while (count < 3 && status == THREADING_OK) {
            owned[count] = (int)random_below(&seed, 4);
            threading_rlock_t *lock = &locks[owned[count]];
            threading_status_t refusal = THREADING_DEADLOCK;
            if (turn % 5 == 0) {
                status = threading_rlock_try_acquire(lock);
                refusal = THREADING_BUSY;
            } else if (turn % 5 == 1) {
                status = threading_rlock_acquire_timeout(lock, 1e-5);
                refusal = THREADING_TIMEOUT;
            } else {
                status = threading_rlock_acquire(lock);
            }
            if (status == THREADING_OK)
                count++;
            else
                CHECK_STATUS(status, refusal);
        }
        while (count > 0)
            release_lock(owned[--count]);
    }
    return arg;
}

CASE(whoever_is_told_backs_off_and_all_go_on)
{
    threading_thread_t *threads[6];
    start_many(threads, 6, acquire_in_disorder, NULL);
    finish_many(threads, 6);
    CHECK_EQUAL(threading_active_count(), 1);
    check_ends(0, 0);
}

/* Waits at the gate as the owner of lock 0, and ends so. */
static void *end_as_owner(void *arg)
{
    acquire_lock(0);
    meet(&arrived, 2);
    gate_pass(&gate);
    return arg;
}

static void *wait_for_0_for_ever(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK(!wait_for_lock(0));
    return arg;
}

static void *wait_for_0_in_time(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_rlock_acquire_timeout(&locks[0], 0.05), THREADING_TIMEOUT);
    return arg;
}

static void waiters_of_an_ended_owner(bool foreign)
{
    threading_thread_t *owner = NULL, *waiters[6];
    foreign_t *foreign_owner = NULL;
    gate_close(&gate);
    if (foreign)
        foreign_owner = foreign_start(end_as_owner, NULL);
    else
        owner = started(end_as_owner, NULL);
    meet(&arrived, 2);
    start_many(waiters, 2, wait_for_0_for_ever, NULL);
    start_many(waiters + 2, 2, wait_for_0_in_time, NULL);
    start_many(waiters + 4, 2, wait_for_0_for_ever, NULL);
    AWAIT(atomic_load(&announced) == 6);
    threading_sleep(0.002); /* so that they do wait; right in any case */
    CHECK_EQUAL(atomic_load(&told), 0);
    gate_open(&gate);
    if (foreign)
        foreign_join(foreign_owner);
    else
        finished(owner);
    finish_many(waiters, 6);
    CHECK_STATUS(threading_rlock_init(&locks[0]), THREADING_OK);
    check_ends(0, 4);
}

CASE(all_who_wait_are_told_when_the_owner_ends)
{
    waiters_of_an_ended_owner(false);
}

CASE(all_who_wait_are_told_when_a_foreign_owner_ends)
{
    waiters_of_an_ended_owner(true);
}

/* Two want main's lock. If the second gets it first, its next wait closes a cycle with the first, or lets the
 * first one do so if that does not wait yet. If the first gets it first, there is no cycle at all. */
static void *wait_for_0_owning_1(void *arg)
{
    acquire_lock(1);
    meet(&arrived, 3);
    if (wait_for_lock(0))
        release_lock(0);
    release_lock(1);
    return arg;
}

static void *wait_for_0_and_then_1(void *arg)
{
    meet(&arrived, 3);
    acquire_lock(0);
    if (wait_for_lock(1))
        release_lock(1);
    release_lock(0);
    return arg;
}

CASE(owner_that_came_after_the_wait_began_is_seen)
{
    for (int round = 0; round < (is_slow() ? 50 : 200); round++) {
        acquire_lock(0);
        threading_thread_t *threads[2] = {started(wait_for_0_owning_1, NULL),
                                          started(wait_for_0_and_then_1, NULL)};
        meet(&arrived, 3);
        if (round % 2)
            threading_sleep(0.0001);
        release_lock(0);
        finish_many(threads, 2);
        CHECK_EQUAL(atomic_load(&granted) + atomic_load(&told), 2 * (round + 1));
        CHECK(atomic_load(&told) <= round + 1);
        CHECK(is_zero(locks, sizeof locks));
    }
}
