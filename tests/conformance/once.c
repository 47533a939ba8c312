/* SPDX-License-Identifier: MIT */
/* Once: the function is called once, everyone waits for it, and who would wait in vain is told. */
#include <string.h>

#include "conformance.h"
#include "crowd.h"
#include "gate.h"

static threading_once_t once;
static threading_lock_t gate;
static int calls; /* plain on purpose: a call happens before every return */
static atomic_int announced, running;

static void count_call(void *arg)
{
    CHECK(arg == &calls);
    calls++;
}

static void never_called(void *arg)
{
    (void)arg;
    check_failed(__FILE__, __LINE__, "this once was not done before", NULL);
}

static void do_once(void)
{
    CHECK_STATUS(threading_once(&once, count_call, &calls), THREADING_OK);
}

static void is_done(void)
{
    CHECK_STATUS(threading_once(&once, never_called, NULL), THREADING_OK);
}

CASE(is_4_bytes)
{
    CHECK_EQUAL(sizeof(threading_once_t), 4);
}

CASE(zero_bytes_were_not_done)
{
    memset(&once, 0, sizeof once);
    do_once();
    CHECK_EQUAL(calls, 1);
    is_done();
}

CASE(init_makes_a_fresh_one_of_garbage)
{
    memset(&once, 0xa5, sizeof once);
    CHECK_STATUS(threading_once_init(&once), THREADING_OK);
    do_once();
    CHECK_EQUAL(calls, 1);
    is_done();
}

CASE(init_lets_it_be_done_again)
{
    for (int i = 1; i <= 3; i++) {
        do_once();
        do_once();
        CHECK_EQUAL(calls, i);
        CHECK_STATUS(threading_once_init(&once), THREADING_OK);
    }
}

CASE(null_is_invalid)
{
    CHECK_STATUS(threading_once_init(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_once(NULL, never_called, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_once(NULL, NULL, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_once(&once, NULL, NULL), THREADING_INVALID);
    do_once();
    CHECK_EQUAL(calls, 1);
    CHECK_STATUS(threading_once(&once, NULL, NULL), THREADING_INVALID);
    is_done();
}

CASE(function_is_called_once_with_its_argument)
{
    for (int i = 0; i < 100; i++)
        do_once();
    CHECK_EQUAL(calls, 1);
}

static void *do_once_in_a_thread(void *arg)
{
    do_once();
    CHECK_EQUAL(calls, 1);
    return arg;
}

CASE(done_in_one_thread_is_done_in_all)
{
    finished(started(do_once_in_a_thread, NULL));
    is_done();
    finished(started(do_once_in_a_thread, NULL));
    foreign_join(foreign_start(do_once_in_a_thread, NULL));
    CHECK_EQUAL(calls, 1);
}

CASE(foreign_thread_does_it)
{
    foreign_join(foreign_start(do_once_in_a_thread, NULL));
    CHECK_EQUAL(calls, 1);
    is_done();
    CHECK_EQUAL(threading_active_count(), 1);
}

/* Many, side by side, each done by whoever is first. */
enum { MANY = 200, CROWD = 8 };
static struct {
    threading_once_t once;
    int calls;
} many[MANY];
static atomic_int arrived;

static void count_one_of_many(void *count)
{
    ++*(int *)count;
}

static void *do_many(void *arg)
{
    for (int i = 0; i < MANY; i++) {
        if (i % 10 == 0)
            meet(&arrived, CROWD);
        CHECK_STATUS(threading_once(&many[i].once, count_one_of_many, &many[i].calls), THREADING_OK);
        CHECK_EQUAL(many[i].calls, 1);
    }
    return arg;
}

CASE(of_many_threads_at_once_one_calls_it)
{
    threading_thread_t *threads[CROWD];
    start_many(threads, CROWD, do_many, NULL);
    finish_many(threads, CROWD);
    for (int i = 0; i < MANY; i++)
        CHECK_EQUAL(many[i].calls, 1);
}

enum { PAIRS = 3000 };
static threading_once_t pairs[PAIRS];
static atomic_int pair_calls;

static void count_pair_call(void *arg)
{
    (void)arg;
    atomic_fetch_add(&pair_calls, 1);
}

/* As meet() for two, but awake for a while, so that both go on within some nanoseconds. */
static void meet_abreast(void)
{
    int place = atomic_fetch_add(&arrived, 1);
    int complete = (place / 2 + 1) * 2;
    for (int spins = 0; atomic_load(&arrived) < complete; spins++)
        if (spins > 1000)
            (void)threading_sleep(0);
}

static void *do_pairs(void *arg)
{
    uint32_t seed = (uint32_t)atomic_fetch_add(&announced, 1) + 1;
    for (int i = 0; i < (is_slow() ? PAIRS / 10 : PAIRS); i++) {
        meet_abreast();
        for (uint32_t spins = random_below(&seed, 20); spins > 0; spins--)
            (void)atomic_load(&arrived); /* now the one is a little ahead, now the other */
        CHECK_STATUS(threading_once(&pairs[i], count_pair_call, NULL), THREADING_OK);
        meet_abreast();
        CHECK_EQUAL(atomic_load(&pair_calls), i + 1);
        meet_abreast();
    }
    return arg;
}

CASE(of_two_threads_abreast_one_calls_it)
{
    threading_thread_t *threads[2];
    start_many(threads, 2, do_pairs, NULL);
    finish_many(threads, 2);
}

static void count_when_the_gate_opens(void *arg)
{
    atomic_fetch_add(&running, 1);
    gate_pass(&gate);
    count_call(arg);
}

static void *do_once_behind_the_gate(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_once(&once, count_when_the_gate_opens, &calls), THREADING_OK);
    CHECK_EQUAL(calls, 1);
    return arg;
}

CASE(others_wait_until_the_function_has_returned)
{
    threading_thread_t *threads[CROWD];
    gate_close(&gate);
    start_many(threads, CROWD, do_once_behind_the_gate, NULL);
    AWAIT(atomic_load(&announced) == CROWD && atomic_load(&running) == 1);
    for (int i = 0; i < CROWD; i++)
        CHECK_STATUS(threading_thread_join_timeout(threads[i], 0.002), THREADING_TIMEOUT);
    gate_open(&gate);
    finish_many(threads, CROWD);
    CHECK_EQUAL(atomic_load(&running), 1);
    is_done();
}

/* They lie side by side and may be hashed to one queue, but one does not hold up the other. */
CASE(another_once_does_not_wait)
{
    gate_close(&gate);
    threading_thread_t *thread = started(do_once_behind_the_gate, NULL);
    AWAIT(atomic_load(&running) == 1);
    for (int i = 0; i < MANY; i++)
        CHECK_STATUS(threading_once(&many[i].once, count_one_of_many, &many[i].calls), THREADING_OK);
    gate_open(&gate);
    finished(thread);
}

CASE(doing_it_allocates_nothing)
{
    do_once();
    size_t before = allocated_bytes();
    for (int i = 0; i < MANY; i++)
        for (int j = 0; j < 2; j++)
            CHECK_STATUS(threading_once(&many[i].once, count_one_of_many, &many[i].calls), THREADING_OK);
    CHECK_EQUAL(allocated_bytes(), before);
}

/* ---- waits that could never end */

static void do_it_inside_itself(void *arg)
{
    count_call(arg);
    CHECK_STATUS(threading_once(&once, count_call, arg), THREADING_DEADLOCK);
    CHECK_STATUS(threading_once(&once, never_called, NULL), THREADING_DEADLOCK);
}

CASE(function_that_calls_its_own_once_is_told)
{
    CHECK_STATUS(threading_once(&once, do_it_inside_itself, &calls), THREADING_OK);
    CHECK_EQUAL(calls, 1);
    is_done();
}

static void do_another_inside(void *depth)
{
    int *left = depth;
    calls++;
    if ((*left)-- > 0)
        CHECK_STATUS(threading_once(&many[*left].once, do_another_inside, left), THREADING_OK);
}

CASE(function_may_do_other_onces)
{
    int depth = 10;
    CHECK_STATUS(threading_once(&once, do_another_inside, &depth), THREADING_OK);
    CHECK_EQUAL(calls, 11);
    for (int i = 0; i < 10; i++)
        CHECK_STATUS(threading_once(&many[i].once, never_called, NULL), THREADING_OK);
}

static atomic_int told; /* waits that ended with DEADLOCK */

/* A wait that ends well or is refused, which is counted. */
static bool ends_well(threading_status_t status)
{
    if (status == THREADING_OK)
        return true;
    CHECK_STATUS(status, THREADING_DEADLOCK);
    atomic_fetch_add(&told, 1);
    return false;
}

static void one_was_told(void)
{
    CHECK_EQUAL(atomic_exchange(&told, 0), 1);
}

static int rounds(void)
{
    return is_slow() ? 30 : 150;
}

/* Each thread runs the function of its own once, in which it wants the next one's. */
enum { RING = 4 };
static threading_once_t ring[RING];
static int ring_size;

static void do_the_neighbours(void *own)
{
    size_t place = (size_t)((threading_once_t *)own - ring);
    threading_once_t *next = &ring[(place + 1) % (size_t)ring_size];
    meet(&arrived, ring_size);
    (void)ends_well(threading_once(next, never_called, NULL));
}

static void *do_own(void *own)
{
    CHECK_STATUS(threading_once(own, do_the_neighbours, own), THREADING_OK);
    return NULL;
}

static void one_of_a_ring_is_told(int size)
{
    threading_thread_t *threads[RING];
    ring_size = size;
    for (int round = 0; round < rounds(); round++) {
        memset(ring, 0, sizeof ring);
        for (int i = 0; i < size; i++)
            threads[i] = started(do_own, &ring[i]);
        finish_many(threads, size);
        one_was_told();
        for (int i = 0; i < size; i++)
            CHECK_STATUS(threading_once(&ring[i], never_called, NULL), THREADING_OK);
    }
}

CASE(one_of_two_threads_that_wait_crosswise_is_told)
{
    one_of_a_ring_is_told(2);
}

CASE(one_of_a_ring_is_told_about_it)
{
    one_of_a_ring_is_told(RING);
}

static void *wait_for_the_once(void *arg)
{
    (void)ends_well(threading_once(&once, never_called, NULL));
    return arg;
}

static void join_who_waits_for_it(void *thread)
{
    threading_thread_t **waiter = thread;
    *waiter = started(wait_for_the_once, NULL);
    (void)ends_well(threading_thread_join(*waiter));
}

/* The join is refused, or the wait that it would wait for. */
CASE(function_that_joins_who_waits_for_it_is_a_deadlock)
{
    for (int round = 0; round < rounds(); round++) {
        threading_thread_t *waiter = NULL;
        CHECK_STATUS(threading_once_init(&once), THREADING_OK);
        CHECK_STATUS(threading_once(&once, join_who_waits_for_it, &waiter), THREADING_OK);
        finished(waiter);
        one_was_told();
    }
}

static threading_rlock_t rlock;

static void acquire_what_a_waiter_owns(void *arg)
{
    (void)arg;
    meet(&arrived, 2);
    if (ends_well(threading_rlock_acquire(&rlock)))
        CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
}

static void *own_rlock_and_wait_for_the_once(void *arg)
{
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    meet(&arrived, 2);
    (void)wait_for_the_once(arg);
    CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    return arg;
}

CASE(ring_of_a_once_and_an_rlock_is_told_to_one)
{
    for (int round = 0; round < rounds(); round++) {
        CHECK_STATUS(threading_once_init(&once), THREADING_OK);
        threading_thread_t *thread = started(own_rlock_and_wait_for_the_once, NULL);
        CHECK_STATUS(threading_once(&once, acquire_what_a_waiter_owns, NULL), THREADING_OK);
        finished(thread);
        one_was_told();
        CHECK(is_zero(&rlock, sizeof rlock));
    }
}

static void wait_at_the_gate_inside(void *arg)
{
    (void)arg;
    atomic_fetch_add(&running, 1);
    gate_pass(&gate);
}

static void *run_behind_the_gate(void *arg)
{
    CHECK_STATUS(threading_once(&once, wait_at_the_gate_inside, NULL), THREADING_OK);
    return arg;
}

static void *wait_and_succeed(void *arg)
{
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    atomic_fetch_add(&announced, 1);
    is_done();
    CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    return arg;
}

/* Main waits for a thread that waits for a once whose runner waits for anyone to open the gate. */
CASE(chain_without_a_ring_is_no_deadlock)
{
    gate_close(&gate);
    threading_thread_t *runner = started(run_behind_the_gate, NULL);
    AWAIT(atomic_load(&running) == 1);
    threading_thread_t *waiter = started(wait_and_succeed, NULL);
    AWAIT(atomic_load(&announced) == 1);
    CHECK_STATUS(threading_rlock_acquire_timeout(&rlock, 0.005), THREADING_TIMEOUT);
    gate_open(&gate);
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    finished(waiter);
    finished(runner);
}

/* ---- a function that never returns */

static void end_the_thread(void *arg)
{
    atomic_fetch_add(&running, 1);
    gate_pass(&gate);
    threading_exit(arg);
}

static void *run_and_end(void *arg)
{
    threading_status_t status = threading_once(&once, end_the_thread, arg);
    check_failed(__FILE__, __LINE__, "the thread has ended", threading_status_name(status));
    return NULL;
}

static void *find_it_never_done(void *arg)
{
    CHECK_STATUS(threading_once(&once, never_called, NULL), THREADING_DEADLOCK);
    return arg;
}

CASE(once_whose_thread_ended_is_never_done)
{
    finished(started(run_and_end, NULL));
    (void)find_it_never_done(NULL);
    finished(started(find_it_never_done, NULL));
    foreign_join(foreign_start(find_it_never_done, NULL));
    CHECK_STATUS(threading_once_init(&once), THREADING_OK);
    do_once();
}

CASE(once_whose_foreign_thread_ended_is_never_done)
{
    foreign_join(foreign_start(run_and_end, NULL));
    (void)find_it_never_done(NULL);
    finished(started(find_it_never_done, NULL));
}

static void *wait_in_vain(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_once(&once, never_called, NULL), THREADING_DEADLOCK);
    return arg;
}

static void waiters_are_told(bool foreign)
{
    threading_thread_t *waiters[CROWD], *runner = NULL;
    foreign_t *foreign_runner = NULL;
    gate_close(&gate);
    if (foreign)
        foreign_runner = foreign_start(run_and_end, NULL);
    else
        runner = started(run_and_end, NULL);
    AWAIT(atomic_load(&running) == 1);
    start_many(waiters, CROWD, wait_in_vain, NULL);
    AWAIT(atomic_load(&announced) == CROWD);
    threading_sleep(0.005); /* so that they do wait; right in any case */
    gate_open(&gate);
    finish_many(waiters, CROWD);
    if (foreign)
        foreign_join(foreign_runner);
    else
        finished(runner);
}

CASE(all_who_wait_are_told_when_its_thread_ends)
{
    waiters_are_told(false);
}

CASE(all_who_wait_are_told_when_its_foreign_thread_ends)
{
    waiters_are_told(true);
}

static void *do_what_is_left(void *arg)
{
    atomic_fetch_add(&announced, 1);
    do_once();
    return arg;
}

/* A thread that ends after another once was done well leaves nothing behind. */
CASE(end_of_a_thread_does_not_undo_what_it_did)
{
    finished(started(do_what_is_left, NULL));
    for (int i = 0; i < 20; i++)
        finished(started(return_at_once, NULL));
    is_done();
    CHECK_EQUAL(calls, 1);
}
