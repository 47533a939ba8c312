/* SPDX-License-Identifier: MIT */
/* Joins, and RLocks among them, that wait for each other: just one of them is told. */
#include "conformance.h"
#include "gate.h"

/* One member of a ring: it joins its neighbour, and may hold an RLock or want one. */
struct member {
    threading_lock_t *gate;
    threading_thread_t *neighbour;
    threading_rlock_t *holds, *wants;
    double seconds; /* 0: joins without a limit */
    threading_status_t status;
    atomic_bool ready;
};

static threading_status_t acquire(threading_rlock_t *rlock)
{
    threading_status_t status = threading_rlock_acquire(rlock);
    if (status == THREADING_OK)
        CHECK_STATUS(threading_rlock_release(rlock), THREADING_OK);
    return status;
}

static void *wait_for_the_neighbour(void *arg)
{
    struct member *member = arg;
    if (member->holds != NULL)
        CHECK_STATUS(threading_rlock_acquire(member->holds), THREADING_OK);
    atomic_store(&member->ready, true);
    gate_pass(member->gate);
    if (member->wants != NULL)
        member->status = acquire(member->wants);
    else if (member->seconds > 0)
        member->status = threading_thread_join_timeout(member->neighbour, member->seconds);
    else
        member->status = threading_thread_join(member->neighbour);
    if (member->holds != NULL)
        CHECK_STATUS(threading_rlock_release(member->holds), THREADING_OK);
    return NULL;
}

/* Runs the ring and says how many of its members were told of a deadlock; none may be left waiting. */
static int deadlocks_in(struct member *members, size_t count)
{
    threading_thread_t *threads[8];
    threading_lock_t gate = {0};
    int deadlocks = 0;
    gate_close(&gate);
    for (size_t i = 0; i < count; i++) {
        members[i].gate = &gate;
        atomic_store(&members[i].ready, false);
        threads[i] = started(wait_for_the_neighbour, &members[i]);
    }
    for (size_t i = 0; i < count; i++)
        members[i].neighbour = threads[(i + 1) % count];
    for (size_t i = 0; i < count; i++)
        AWAIT(atomic_load(&members[i].ready));
    gate_open(&gate);
    for (size_t i = 0; i < count; i++)
        CHECK_STATUS(threading_thread_join_timeout(threads[i], 1000), THREADING_OK);
    for (size_t i = 0; i < count; i++) {
        deadlocks += members[i].status == THREADING_DEADLOCK;
        threading_thread_free(threads[i]);
    }
    return deadlocks;
}

static int rounds(void)
{
    return is_slow() ? 20 : 100;
}

CASE(two_that_join_each_other_have_one_deadlock)
{
    for (int i = 0; i < rounds(); i++) {
        struct member members[2] = {{0}, {0}};
        CHECK_EQUAL(deadlocks_in(members, 2), 1);
        CHECK(members[0].status == THREADING_OK || members[1].status == THREADING_OK);
    }
}

CASE(rings_of_joins_have_one_deadlock)
{
    for (int i = 0; i < rounds(); i++) {
        struct member members[8] = {{0}};
        size_t count = 3 + (size_t)(i % 6);
        CHECK_EQUAL(deadlocks_in(members, count), 1);
        int fine = 0;
        for (size_t j = 0; j < count; j++)
            fine += members[j].status == THREADING_OK;
        CHECK_EQUAL(fine, count - 1);
    }
}

CASE(join_of_a_thread_that_wants_my_rlock_is_a_deadlock)
{
    for (int i = 0; i < rounds(); i++) {
        threading_rlock_t rlock = {0, 0};
        struct member members[2] = {{.holds = &rlock}, {.wants = &rlock}};
        CHECK_EQUAL(deadlocks_in(members, 2), 1);
        CHECK(members[0].status == THREADING_OK || members[1].status == THREADING_OK);
        CHECK(!threading_rlock_locked(&rlock));
    }
}

CASE(rings_of_joins_and_rlocks_have_one_deadlock)
{
    for (int i = 0; i < rounds(); i++) {
        threading_rlock_t first = {0, 0}, second = {0, 0};
        /* 0 joins 1, who wants what 2 holds, who joins 3, who wants what 0 holds. */
        struct member members[4] = {
            {.holds = &first}, {.wants = &second}, {.holds = &second}, {.wants = &first}};
        CHECK_EQUAL(deadlocks_in(members, 4), 1);
        CHECK(!threading_rlock_locked(&first) && !threading_rlock_locked(&second));
    }
}

CASE(timed_join_in_a_ring_is_no_deadlock)
{
    for (int i = 0; i < 5; i++) {
        struct member members[2] = {{.seconds = 0.02}, {0}};
        CHECK_EQUAL(deadlocks_in(members, 2), 0);
        CHECK_STATUS(members[0].status, THREADING_TIMEOUT);
        CHECK_STATUS(members[1].status, THREADING_OK);
    }
}

CASE(timed_join_of_a_thread_that_wants_my_rlock_is_no_deadlock)
{
    threading_rlock_t rlock = {0, 0};
    struct member members[2] = {{.holds = &rlock, .seconds = 0.02}, {.wants = &rlock}};
    CHECK_EQUAL(deadlocks_in(members, 2), 0);
    CHECK_STATUS(members[0].status, THREADING_TIMEOUT);
    CHECK_STATUS(members[1].status, THREADING_OK);
}

CASE(timed_joins_of_each_other_both_time_out_or_end)
{
    struct member members[2] = {{.seconds = 0.02}, {.seconds = 0.02}};
    CHECK_EQUAL(deadlocks_in(members, 2), 0);
    CHECK(members[0].status == THREADING_TIMEOUT || members[1].status == THREADING_TIMEOUT);
}

CASE(timed_join_that_timed_out_leaves_no_proof_behind)
{
    for (int i = 0; i < 20; i++) {
        struct member timed[2] = {{.seconds = 0.001}, {.seconds = 0.001}};
        CHECK_EQUAL(deadlocks_in(timed, 2), 0);
        struct member members[2] = {{0}, {0}};
        CHECK_EQUAL(deadlocks_in(members, 2), 1);
    }
}

struct lock_holder {
    threading_lock_t lock;
    threading_thread_t *thread; /* waits for the lock */
    atomic_bool holds, about_to_join;
};

static void *hold_lock_and_join(void *arg)
{
    struct lock_holder *holder = arg;
    gate_close(&holder->lock);
    atomic_store(&holder->holds, true);
    AWAIT(atomic_load(&holder->about_to_join));
    CHECK_STATUS(threading_thread_join(holder->thread), THREADING_OK);
    return NULL;
}

/* It is no proof: anyone may release a Lock. */
CASE(join_of_a_thread_that_wants_my_lock_is_no_deadlock)
{
    static struct lock_holder holder;
    threading_thread_t *thread = started(hold_lock_and_join, &holder);
    AWAIT(atomic_load(&holder.holds));
    holder.thread = started(wait_at_gate, &holder.lock);
    atomic_store(&holder.about_to_join, true);
    CHECK_STATUS(threading_thread_join_timeout(thread, 0.005), THREADING_TIMEOUT);
    gate_open(&holder.lock);
    finished(thread);
    finished(holder.thread);
}

struct late {
    threading_lock_t gate;
    threading_rlock_t rlock;
    threading_thread_t *thread;
    atomic_bool about_to_wait, waited;
};

static void *wait_for_rlock_then_at_gate(void *arg)
{
    struct late *late = arg;
    atomic_store(&late->about_to_wait, true);
    CHECK_STATUS(acquire(&late->rlock), THREADING_OK);
    atomic_store(&late->waited, true);
    gate_pass(&late->gate);
    return NULL;
}

static void *hold_rlock_and_join(void *arg)
{
    struct late *late = arg;
    CHECK_STATUS(threading_rlock_acquire(&late->rlock), THREADING_OK);
    atomic_store(&late->waited, false);
    CHECK_STATUS(threading_thread_join(late->thread), THREADING_OK);
    CHECK_STATUS(threading_rlock_release(&late->rlock), THREADING_OK);
    return NULL;
}

CASE(wait_that_is_over_is_no_proof)
{
    static struct late late;
    gate_close(&late.gate);
    CHECK_STATUS(threading_rlock_acquire(&late.rlock), THREADING_OK);
    late.thread = started(wait_for_rlock_then_at_gate, &late);
    AWAIT(atomic_load(&late.about_to_wait));
    CHECK_STATUS(threading_sleep(0.01), THREADING_OK); /* by now it waits; if not, the case proves less */
    CHECK_STATUS(threading_rlock_release(&late.rlock), THREADING_OK);
    AWAIT(atomic_load(&late.waited));
    threading_thread_t *joiner = started(hold_rlock_and_join, &late);
    AWAIT(!atomic_load(&late.waited));
    CHECK_STATUS(threading_thread_join_timeout(joiner, 0.01), THREADING_TIMEOUT);
    gate_open(&late.gate);
    finished(joiner);
    finished(late.thread);
}

static threading_status_t main_seen_status;
static atomic_bool main_about_to_join;

static void *join_main(void *arg)
{
    AWAIT(atomic_load(&main_about_to_join));
    main_seen_status = threading_thread_join(threading_main_thread());
    return arg;
}

CASE(main_and_a_thread_that_join_each_other_have_one_deadlock)
{
    threading_thread_t *thread = started(join_main, NULL);
    atomic_store(&main_about_to_join, true);
    threading_status_t status = threading_thread_join(thread);
    if (status == THREADING_OK)
        CHECK_STATUS(main_seen_status, THREADING_DEADLOCK);
    else /* the thread goes on when main returns from here */
        CHECK_STATUS(status, THREADING_DEADLOCK);
    threading_thread_free(thread);
}
