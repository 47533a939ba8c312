/* SPDX-License-Identifier: MIT */
/* The barrier: its cycles, its action, and all the ways in which it breaks and is made whole again. */
#include <math.h>
#include <string.h>

#include "conformance.h"
#include "crowd.h"
#include "gate.h"

enum { PARTIES = 5, UNTOUCHED = 777 };
static threading_barrier_t barrier;
static threading_lock_t gate;

/* One thread's wait at the barrier, and what came of it. */
struct party {
    threading_thread_t *thread;
    bool timed;
    double seconds;
    threading_status_t status;
    size_t index;
};

static void *wait_once(void *arg)
{
    struct party *party = arg;
    party->index = UNTOUCHED;
    party->status = party->timed ? threading_barrier_wait_timeout(&barrier, party->seconds, &party->index)
                                 : threading_barrier_wait(&barrier, &party->index);
    return NULL;
}

/* Starts one more, and returns when it waits. */
static void add_party(struct party *party)
{
    size_t waiting = threading_barrier_n_waiting(&barrier);
    party->thread = started(wait_once, party);
    AWAIT(threading_barrier_n_waiting(&barrier) == waiting + 1);
}

static void add_parties(struct party *parties, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add_party(&parties[i]);
}

static void party_gets(struct party *party, threading_status_t status)
{
    finished(party->thread);
    CHECK_STATUS(party->status, status);
    if (status != THREADING_OK)
        CHECK_EQUAL(party->index, UNTOUCHED);
}

static void parties_get(struct party *parties, size_t count, threading_status_t status)
{
    for (size_t i = 0; i < count; i++)
        party_gets(&parties[i], status);
}

static void set_up(size_t parties)
{
    CHECK_STATUS(threading_barrier_init(&barrier, parties), THREADING_OK);
}

static void is_idle(void)
{
    CHECK_EQUAL(threading_barrier_n_waiting(&barrier), 0);
    CHECK(!threading_barrier_broken(&barrier));
}

static void is_broken(void)
{
    CHECK_EQUAL(threading_barrier_n_waiting(&barrier), 0);
    CHECK(threading_barrier_broken(&barrier));
    CHECK_STATUS(threading_barrier_wait(&barrier, NULL), THREADING_BROKEN);
    CHECK_STATUS(threading_barrier_wait_timeout(&barrier, 0, NULL), THREADING_BROKEN);
    CHECK_STATUS(threading_barrier_wait_timeout(&barrier, THREADING_FOREVER, NULL), THREADING_BROKEN);
}

static void abort_it(void)
{
    CHECK_STATUS(threading_barrier_abort(&barrier), THREADING_OK);
}

static void reset_it(void)
{
    CHECK_STATUS(threading_barrier_reset(&barrier), THREADING_OK);
}

/* Main is the last one to come. */
static void trip_it(void)
{
    size_t index = UNTOUCHED;
    CHECK_STATUS(threading_barrier_wait(&barrier, &index), THREADING_OK);
    CHECK_EQUAL(index, threading_barrier_parties(&barrier) - 1);
}

/* A whole cycle of as many threads as the barrier asks for. */
static void works(void)
{
    struct party parties[PARTIES] = {{0}};
    size_t others = threading_barrier_parties(&barrier) - 1;
    CHECK(others < PARTIES);
    is_idle();
    add_parties(parties, others);
    trip_it();
    parties_get(parties, others, THREADING_OK);
    is_idle();
}

CASE(is_small)
{
    CHECK(sizeof(threading_barrier_t) <= 256);
}

CASE(init_makes_a_whole_barrier_of_garbage)
{
    memset(&barrier, 0xa5, sizeof barrier);
    set_up(3);
    CHECK_EQUAL(threading_barrier_parties(&barrier), 3);
    works();
    memset(&barrier, 0xa5, sizeof barrier);
    CHECK_STATUS(threading_barrier_init_with(&barrier, 2, NULL, NULL, 3600), THREADING_OK);
    works();
}

CASE(init_makes_a_broken_barrier_whole)
{
    set_up(2);
    abort_it();
    set_up(3);
    works();
}

static threading_barrier_t static_barrier = THREADING_BARRIER_INIT(1);

CASE(static_initialiser_makes_a_whole_barrier)
{
    threading_barrier_t automatic = THREADING_BARRIER_INIT(4);
    CHECK_STATUS(threading_barrier_wait(&static_barrier, NULL), THREADING_OK);
    CHECK_EQUAL(threading_barrier_parties(&automatic), 4);
    barrier = automatic;
    works();
}

CASE(null_is_invalid)
{
    size_t index = UNTOUCHED;
    CHECK_STATUS(threading_barrier_init(NULL, 2), THREADING_INVALID);
    CHECK_STATUS(threading_barrier_init(NULL, 0), THREADING_INVALID);
    CHECK_STATUS(threading_barrier_init_with(NULL, 2, NULL, NULL, INFINITY), THREADING_INVALID);
    CHECK_STATUS(threading_barrier_wait(NULL, &index), THREADING_INVALID);
    CHECK_STATUS(threading_barrier_wait_timeout(NULL, 1, &index), THREADING_INVALID);
    CHECK_STATUS(threading_barrier_wait_timeout(NULL, INFINITY, &index), THREADING_INVALID);
    CHECK_STATUS(threading_barrier_reset(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_barrier_abort(NULL), THREADING_INVALID);
    CHECK_EQUAL(threading_barrier_parties(NULL), 0);
    CHECK_EQUAL(threading_barrier_n_waiting(NULL), 0);
    CHECK(!threading_barrier_broken(NULL));
    CHECK_EQUAL(index, UNTOUCHED);
}

/* CPython: lock_tests.BarrierTests.test_constructor */
CASE(no_parties_are_invalid)
{
    threading_barrier_t none = THREADING_BARRIER_INIT(0);
    size_t index = UNTOUCHED;
    set_up(2);
    CHECK_STATUS(threading_barrier_init(&barrier, 0), THREADING_INVALID);
    CHECK_STATUS(threading_barrier_init_with(&barrier, 0, NULL, NULL, 1), THREADING_INVALID);
    CHECK_EQUAL(threading_barrier_parties(&barrier), 2);
    works();
    CHECK_STATUS(threading_barrier_wait(&none, &index), THREADING_INVALID);
    CHECK_STATUS(threading_barrier_wait_timeout(&none, 0, &index), THREADING_INVALID);
    memset(&none, 0, sizeof none);
    CHECK_STATUS(threading_barrier_wait(&none, &index), THREADING_INVALID);
    CHECK_EQUAL(index, UNTOUCHED);
}

static const double invalid_times[] = {-100, -2, -1.5, -0.5, -1e-12, -INFINITY, NAN};
static const double overlong_times[] = {THREADING_TIMEOUT_MAX + 1, 1e100, INFINITY};
enum {
    INVALID_TIMES = sizeof invalid_times / sizeof *invalid_times,
    OVERLONG_TIMES = sizeof overlong_times / sizeof *overlong_times
};

CASE(bad_default_timeouts_are_told_by_init)
{
    set_up(2);
    for (size_t i = 0; i < INVALID_TIMES; i++)
        CHECK_STATUS(threading_barrier_init_with(&barrier, 3, NULL, NULL, invalid_times[i]),
                     THREADING_INVALID);
    for (size_t i = 0; i < OVERLONG_TIMES; i++)
        CHECK_STATUS(threading_barrier_init_with(&barrier, 3, NULL, NULL, overlong_times[i]),
                     THREADING_OVERFLOW);
    CHECK_EQUAL(threading_barrier_parties(&barrier), 2);
    works();
}

static void bad_timeouts_are_told(void)
{
    size_t index = UNTOUCHED;
    for (size_t i = 0; i < INVALID_TIMES; i++)
        CHECK_STATUS(threading_barrier_wait_timeout(&barrier, invalid_times[i], &index), THREADING_INVALID);
    for (size_t i = 0; i < OVERLONG_TIMES; i++)
        CHECK_STATUS(threading_barrier_wait_timeout(&barrier, overlong_times[i], &index), THREADING_OVERFLOW);
    CHECK_EQUAL(index, UNTOUCHED);
}

CASE(bad_timeouts_leave_the_barrier_whole)
{
    struct party party = {0};
    set_up(2);
    bad_timeouts_are_told();
    is_idle();
    add_party(&party);
    bad_timeouts_are_told(); /* main would be the last one */
    CHECK_EQUAL(threading_barrier_n_waiting(&barrier), 1);
    trip_it();
    party_gets(&party, THREADING_OK);
    works();
}

CASE(bad_timeouts_are_told_before_the_barrier_is_looked_at)
{
    set_up(1);
    bad_timeouts_are_told();
    set_up(2);
    abort_it();
    bad_timeouts_are_told();
    is_broken();
}

CASE(bad_timeouts_are_told_before_missing_parties)
{
    barrier = (threading_barrier_t)THREADING_BARRIER_INIT(0);
    bad_timeouts_are_told();
    CHECK_STATUS(threading_barrier_wait_timeout(&barrier, 0, NULL), THREADING_INVALID);
}

/* CPython: lock_tests.BarrierTests.test_single_thread */
CASE(single_party_never_waits)
{
    const double all[] = {0, -0.0, 1e-12, 0.01, 60, THREADING_TIMEOUT_MAX, THREADING_FOREVER};
    size_t index = UNTOUCHED;
    set_up(1);
    CHECK_STATUS(threading_barrier_wait(&barrier, &index), THREADING_OK);
    CHECK_EQUAL(index, 0);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        index = UNTOUCHED;
        CHECK_STATUS(threading_barrier_wait_timeout(&barrier, all[i], &index), THREADING_OK);
        CHECK_EQUAL(index, 0);
        is_idle();
    }
}

/* CPython: lock_tests.BarrierTests.test_wait_return */
CASE(index_is_the_place_in_the_order_of_arrival)
{
    struct party parties[PARTIES - 1] = {{0}};
    set_up(PARTIES);
    for (int round = 0; round < 3; round++) {
        add_parties(parties, PARTIES - 1);
        trip_it();
        parties_get(parties, PARTIES - 1, THREADING_OK);
        for (size_t i = 0; i < PARTIES - 1; i++)
            CHECK_EQUAL(parties[i].index, i);
    }
    is_idle();
}

CASE(index_may_be_null)
{
    struct party party = {.timed = true, .seconds = THREADING_FOREVER};
    set_up(2);
    add_party(&party);
    CHECK_STATUS(threading_barrier_wait(&barrier, NULL), THREADING_OK);
    party_gets(&party, THREADING_OK);
    add_party(&party);
    CHECK_STATUS(threading_barrier_wait_timeout(&barrier, 3600, NULL), THREADING_OK);
    party_gets(&party, THREADING_OK);
}

static atomic_int announced, passed;

static void *announce_and_wait(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_barrier_wait(&barrier, NULL), THREADING_OK);
    CHECK_EQUAL(atomic_load(&announced), PARTIES);
    atomic_fetch_add(&passed, 1);
    return arg;
}

/* CPython: lock_tests.BarrierTests.test_barrier */
CASE(nobody_goes_on_before_all_are_there)
{
    threading_thread_t *threads[PARTIES];
    set_up(PARTIES);
    for (int i = 0; i < PARTIES; i++) {
        AWAIT(threading_barrier_n_waiting(&barrier) == (size_t)i);
        CHECK_EQUAL(atomic_load(&passed), 0);
        threads[i] = started(announce_and_wait, NULL);
    }
    finish_many(threads, PARTIES);
    CHECK_EQUAL(atomic_load(&passed), PARTIES);
    is_idle();
}

CASE(foreign_threads_are_parties_too)
{
    foreign_t *threads[PARTIES];
    set_up(PARTIES);
    for (int i = 0; i < PARTIES; i++)
        threads[i] = foreign_start(announce_and_wait, NULL);
    for (int i = 0; i < PARTIES; i++)
        foreign_join(threads[i]);
    CHECK_EQUAL(atomic_load(&passed), PARTIES);
    CHECK_EQUAL(threading_active_count(), 1);
    is_idle();
}

enum { CROWD = 50 };

CASE(many_threads_wait_for_each_other)
{
    struct party parties[CROWD] = {{0}};
    set_up(CROWD + 1);
    for (size_t i = 0; i < CROWD; i++)
        parties[i].thread = started(wait_once, &parties[i]);
    AWAIT(threading_barrier_n_waiting(&barrier) == CROWD);
    trip_it();
    parties_get(parties, CROWD, THREADING_OK);
    uint64_t seen = 0;
    for (size_t i = 0; i < CROWD; i++)
        seen |= UINT64_C(1) << parties[i].index;
    CHECK_EQUAL(seen, (UINT64_C(1) << CROWD) - 1);
    is_idle();
}

/* Plain on purpose: the barrier alone orders who writes and who reads. */
static int written[PARTIES];
enum { ROUNDS = 1000 };
static atomic_uint places[ROUNDS]; /* the indexes given in each cycle, one bit each */

static int rounds(void)
{
    return is_slow() ? ROUNDS / 10 : ROUNDS;
}

static void *write_and_read_in_turn(void *own)
{
    for (int round = 0; round < rounds(); round++) {
        size_t index;
        *(int *)own = round;
        CHECK_STATUS(threading_barrier_wait(&barrier, &index), THREADING_OK);
        atomic_fetch_or(&places[round], 1u << index);
        for (int i = 0; i < PARTIES; i++)
            CHECK_EQUAL(written[i], round);
        CHECK_STATUS(threading_barrier_wait(&barrier, NULL), THREADING_OK);
    }
    return NULL;
}

/* CPython: lock_tests.BarrierTests.test_barrier_10 */
CASE(cycles_follow_each_other_and_order_what_was_written)
{
    threading_thread_t *threads[PARTIES];
    set_up(PARTIES);
    for (int i = 0; i < PARTIES; i++)
        threads[i] = started(write_and_read_in_turn, &written[i]);
    finish_many(threads, PARTIES);
    for (int round = 0; round < rounds(); round++)
        CHECK_EQUAL(atomic_load(&places[round]), (1u << PARTIES) - 1);
    is_idle();
}

static atomic_int laps[2];

static void *run_laps(void *which)
{
    int me = *(int *)which;
    for (int lap = 1; lap <= 2 * rounds(); lap++) {
        CHECK_STATUS(threading_barrier_wait(&barrier, NULL), THREADING_OK);
        atomic_store(&laps[me], lap);
        int other = atomic_load(&laps[1 - me]);
        CHECK(other >= lap - 1 && other <= lap + 1);
        if (me == 1 && lap % 100 == 0)
            threading_sleep(0.0005); /* now and then the other one is far ahead, as far as it can be */
    }
    return NULL;
}

CASE(fast_thread_never_laps_a_slow_one)
{
    static int indexes[2] = {0, 1};
    set_up(2);
    threading_thread_t *threads[2] = {started(run_laps, &indexes[0]), started(run_laps, &indexes[1])};
    finish_many(threads, 2);
    CHECK_EQUAL(atomic_load(&laps[0]), 2 * rounds());
    CHECK_EQUAL(atomic_load(&laps[1]), 2 * rounds());
    is_idle();
}

static atomic_int ended;

static void *wait_and_count(void *party)
{
    (void)wait_once(party);
    atomic_fetch_add(&ended, 1);
    return NULL;
}

CASE(more_threads_than_parties_form_groups)
{
    struct party parties[PARTIES] = {{0}};
    int broken = 0;
    set_up(2);
    for (size_t i = 0; i < PARTIES; i++)
        parties[i].thread = started(wait_and_count, &parties[i]);
    AWAIT(atomic_load(&ended) == PARTIES - 1 && threading_barrier_n_waiting(&barrier) == 1);
    abort_it();
    for (size_t i = 0; i < PARTIES; i++) {
        finished(parties[i].thread);
        broken += parties[i].status == THREADING_BROKEN;
        CHECK(parties[i].status == THREADING_BROKEN || parties[i].index <= 1);
    }
    CHECK_EQUAL(broken, 1);
}

CASE(parties_stay_what_they_were)
{
    set_up(3);
    works();
    CHECK_EQUAL(threading_barrier_parties(&barrier), 3);
    abort_it();
    CHECK_EQUAL(threading_barrier_parties(&barrier), 3);
    reset_it();
    CHECK_EQUAL(threading_barrier_parties(&barrier), 3);
    set_up(SIZE_MAX);
    CHECK_EQUAL(threading_barrier_parties(&barrier), SIZE_MAX);
    CHECK_STATUS(threading_barrier_wait_timeout(&barrier, 0.001, NULL), THREADING_BROKEN);
}

/* CPython: lock_tests.BarrierTests.test_reset, test_repr */
CASE(n_waiting_counts_who_waits)
{
    struct party parties[PARTIES - 1] = {{0}};
    set_up(PARTIES);
    for (size_t i = 0; i < PARTIES - 1; i++) {
        CHECK_EQUAL(threading_barrier_n_waiting(&barrier), i);
        CHECK(!threading_barrier_broken(&barrier));
        add_party(&parties[i]);
    }
    abort_it();
    CHECK_EQUAL(threading_barrier_n_waiting(&barrier), 0);
    parties_get(parties, PARTIES - 1, THREADING_BROKEN);
    CHECK_EQUAL(threading_barrier_n_waiting(&barrier), 0);
    reset_it();
    works();
}

CASE(waiting_allocates_nothing)
{
    size_t bytes[2];
    set_up(PARTIES);
    works();
    set_up(1);
    bytes[0] = allocated_bytes();
    for (int i = 0; i < 1000; i++)
        trip_it();
    set_up(2);
    for (int i = 0; i < 100; i++) {
        CHECK_STATUS(threading_barrier_wait_timeout(&barrier, 1e-5, NULL), THREADING_BROKEN);
        reset_it();
    }
    bytes[1] = allocated_bytes();
    CHECK_EQUAL(bytes[1], bytes[0]);
}

/* ---- the action */

static int runs; /* plain on purpose: it happens before all returns */
static uint32_t actor;

static void run_before_all_go_on(void *arg)
{
    CHECK(arg == &runs);
    CHECK_EQUAL(atomic_load(&passed), 0);
    CHECK_EQUAL(atomic_load(&announced), PARTIES);
    actor = threading_get_ident();
    runs++;
}

static void *go_on_after_the_action(void *arg)
{
    size_t index;
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_barrier_wait(&barrier, &index), THREADING_OK);
    CHECK_EQUAL(runs, 1);
    CHECK_EQUAL(actor == threading_get_ident(), index == PARTIES - 1);
    atomic_fetch_add(&passed, 1);
    return arg;
}

static void set_up_with(size_t parties, void (*action)(void *arg), void *arg)
{
    CHECK_STATUS(threading_barrier_init_with(&barrier, parties, action, arg, THREADING_FOREVER),
                 THREADING_OK);
}

/* CPython: lock_tests.BarrierTests.test_action */
CASE(action_is_run_by_the_last_one_before_any_goes_on)
{
    threading_thread_t *threads[PARTIES];
    set_up_with(PARTIES, run_before_all_go_on, &runs);
    start_many(threads, PARTIES, go_on_after_the_action, NULL);
    finish_many(threads, PARTIES);
    CHECK_EQUAL(runs, 1);
    CHECK_EQUAL(atomic_load(&passed), PARTIES);
    is_idle();
}

static void count_run(void *arg)
{
    (void)arg;
    runs++;
}

static threading_barrier_t counted = THREADING_BARRIER_INIT_WITH(1, count_run, NULL, 0.5);

static void *wait_100_times(void *arg)
{
    for (int i = 1; i <= 100; i++) {
        CHECK_STATUS(threading_barrier_wait(&barrier, NULL), THREADING_OK);
        CHECK_EQUAL(runs, i);
        CHECK_STATUS(threading_barrier_wait(arg, NULL), THREADING_OK);
    }
    return NULL;
}

CASE(action_is_run_once_a_cycle)
{
    threading_thread_t *threads[3];
    threading_barrier_t between = THREADING_BARRIER_INIT(3);
    for (int i = 1; i <= 10; i++) {
        CHECK_STATUS(threading_barrier_wait(&counted, NULL), THREADING_OK);
        CHECK_EQUAL(runs, i);
    }
    runs = 0;
    set_up_with(3, count_run, NULL);
    start_many(threads, 3, wait_100_times, &between);
    finish_many(threads, 3);
    CHECK_EQUAL(runs, 100);
    is_idle();
}

CASE(action_is_not_run_for_a_cycle_that_breaks)
{
    struct party party = {0};
    set_up_with(2, count_run, NULL);
    CHECK_STATUS(threading_barrier_wait_timeout(&barrier, 0.001, NULL), THREADING_BROKEN);
    is_broken();
    reset_it();
    add_party(&party);
    reset_it();
    party_gets(&party, THREADING_BROKEN);
    CHECK_EQUAL(runs, 0);
    works();
    CHECK_EQUAL(runs, 1);
}

static void wait_in_the_action(void *arg)
{
    size_t index = UNTOUCHED;
    (void)arg;
    runs++;
    CHECK_STATUS(threading_barrier_wait(&barrier, &index), THREADING_DEADLOCK);
    CHECK_STATUS(threading_barrier_wait_timeout(&barrier, THREADING_FOREVER, &index), THREADING_DEADLOCK);
    CHECK_STATUS(threading_barrier_wait_timeout(&barrier, 3600, &index), THREADING_DEADLOCK);
    CHECK_STATUS(threading_barrier_wait_timeout(&barrier, 0, &index), THREADING_DEADLOCK);
    CHECK_EQUAL(index, UNTOUCHED);
    CHECK_STATUS(threading_barrier_wait(&static_barrier, &index), THREADING_OK);
    CHECK_EQUAL(threading_barrier_parties(&barrier), (size_t)(runs == 1 ? 1 : 3));
    CHECK(!threading_barrier_broken(&barrier));
    (void)threading_barrier_n_waiting(&barrier);
}

CASE(wait_inside_the_action_is_a_deadlock)
{
    set_up_with(1, wait_in_the_action, NULL);
    trip_it();
    set_up_with(3, wait_in_the_action, NULL);
    works();
    works();
    CHECK_EQUAL(runs, 3);
}

static void abort_in_the_action(void *arg)
{
    (void)arg;
    abort_it();
}

static void reset_in_the_action(void *arg)
{
    (void)arg;
    reset_it();
}

static void last_one_and_the_others_are_broken(void)
{
    struct party parties[2] = {{0}};
    size_t index = UNTOUCHED;
    add_parties(parties, 2);
    CHECK_STATUS(threading_barrier_wait(&barrier, &index), THREADING_BROKEN);
    CHECK_EQUAL(index, UNTOUCHED);
    parties_get(parties, 2, THREADING_BROKEN);
}

CASE(abort_inside_the_action_breaks_it_for_all)
{
    set_up_with(3, abort_in_the_action, NULL);
    last_one_and_the_others_are_broken();
    is_broken();
}

CASE(reset_inside_the_action_breaks_this_cycle_for_all)
{
    set_up_with(3, reset_in_the_action, NULL);
    for (int round = 0; round < 3; round++) {
        last_one_and_the_others_are_broken();
        is_idle();
    }
}

static atomic_int acting;

static void act_until_the_gate_opens(void *arg)
{
    (void)arg;
    atomic_fetch_add(&acting, 1);
    gate_pass(&gate);
}

/* A barrier of three, full, whose action lasts until the gate is opened. */
static void set_up_acting(struct party parties[3])
{
    set_up_with(3, act_until_the_gate_opens, NULL);
    gate_close(&gate);
    add_parties(parties, 2);
    parties[2].thread = started(wait_once, &parties[2]);
    AWAIT(atomic_load(&acting) == 1);
}

CASE(others_wait_until_the_action_is_done)
{
    struct party parties[3] = {{0}};
    set_up_acting(parties);
    for (size_t i = 0; i < 3; i++)
        CHECK_STATUS(threading_thread_join_timeout(parties[i].thread, 0.005), THREADING_TIMEOUT);
    CHECK(!threading_barrier_broken(&barrier));
    CHECK_EQUAL(threading_barrier_parties(&barrier), 3);
    gate_open(&gate);
    parties_get(parties, 3, THREADING_OK);
    is_idle();
}

CASE(abort_during_the_action_breaks_it_for_all)
{
    struct party parties[3] = {{0}};
    set_up_acting(parties);
    abort_it();
    parties_get(parties, 2, THREADING_BROKEN);
    is_broken();
    gate_open(&gate);
    party_gets(&parties[2], THREADING_BROKEN);
    is_broken();
    reset_it();
    works();
}

CASE(reset_during_the_action_breaks_this_cycle_for_all)
{
    struct party parties[3] = {{0}};
    set_up_acting(parties);
    reset_it();
    parties_get(parties, 2, THREADING_BROKEN);
    CHECK(!threading_barrier_broken(&barrier));
    gate_open(&gate);
    party_gets(&parties[2], THREADING_BROKEN);
    works();
}

/* Whether the old action holds them up or not, the three belong together. */
CASE(cycle_after_a_reset_during_the_action_is_whole)
{
    struct party parties[3] = {{0}}, next[3] = {{0}};
    set_up_acting(parties);
    reset_it();
    for (size_t i = 0; i < 3; i++)
        next[i].thread = started(wait_once, &next[i]);
    threading_sleep(0.002); /* so that they are there before the action is done; right in any case */
    gate_open(&gate);
    parties_get(parties, 3, THREADING_BROKEN);
    parties_get(next, 3, THREADING_OK);
    CHECK_EQUAL(atomic_load(&acting), 2);
    is_idle();
}

CASE(who_comes_during_the_action_belongs_to_the_next_cycle)
{
    struct party parties[3] = {{0}}, next[2] = {{0}};
    set_up_acting(parties);
    for (size_t i = 0; i < 2; i++)
        next[i].thread = started(wait_once, &next[i]);
    threading_sleep(0.002); /* so that they are there before the action is done; right in any case */
    CHECK_EQUAL(atomic_load(&acting), 1);
    gate_open(&gate);
    parties_get(parties, 3, THREADING_OK);
    AWAIT(threading_barrier_n_waiting(&barrier) == 2);
    trip_it();
    parties_get(next, 2, THREADING_OK);
    CHECK_EQUAL(atomic_load(&acting), 2);
    is_idle();
}

static void act_for_some_time(void *seconds)
{
    runs++;
    threading_sleep(*(double *)seconds);
}

/* If the machine is so slow that main comes too late, the cycle breaks before the action: then once more. */
CASE(party_of_a_full_barrier_does_not_time_out)
{
    for (double seconds = 0.02; runs == 0; seconds *= 2) {
        struct party party = {.timed = true, .seconds = seconds};
        double action_seconds = 2 * seconds;
        set_up_with(2, act_for_some_time, &action_seconds);
        party.thread = started(wait_once, &party);
        AWAIT(threading_barrier_n_waiting(&barrier) == 1 || threading_barrier_broken(&barrier));
        threading_status_t status = threading_barrier_wait_timeout(&barrier, seconds, NULL);
        CHECK_STATUS(status, runs == 1 ? THREADING_OK : THREADING_BROKEN);
        party_gets(&party, status);
    }
    is_idle();
}

/* ---- time */

/* CPython: lock_tests.BarrierTests.test_timeout */
CASE(timeout_of_one_breaks_it_for_all)
{
    struct party parties[PARTIES - 2] = {{0}, {.timed = true, .seconds = 3600}};
    size_t index = UNTOUCHED;
    set_up(PARTIES);
    add_parties(parties, PARTIES - 2);
    CHECK_STATUS(threading_barrier_wait_timeout(&barrier, 0.01, &index), THREADING_BROKEN);
    CHECK_EQUAL(index, UNTOUCHED);
    CHECK(threading_barrier_broken(&barrier));
    parties_get(parties, PARTIES - 2, THREADING_BROKEN);
    is_broken();
    reset_it();
    works();
}

static void wait_runs_out(double seconds, bool by_default)
{
    double begin = threading_monotonic();
    threading_status_t status = by_default ? threading_barrier_wait(&barrier, NULL)
                                           : threading_barrier_wait_timeout(&barrier, seconds, NULL);
    CHECK(threading_monotonic() - begin >= seconds);
    CHECK_STATUS(status, THREADING_BROKEN);
    is_broken();
    reset_it();
}

CASE(timeout_is_never_early)
{
    const double all[] = {0,     -0.0,  5e-324, 1e-12, 1e-9, 1e-6,  0.0004,
                          0.001, 0.002, 0.005,  0.013, 0.02, 0.035, 0.1};
    set_up(2);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        wait_runs_out(all[i], false);
    works();
}

/* CPython: lock_tests.BarrierTests.test_default_timeout */
CASE(default_timeout_breaks_it)
{
    const double all[] = {0.1, 0.02, 0.001, 0};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        CHECK_STATUS(threading_barrier_init_with(&barrier, 2, NULL, NULL, all[i]), THREADING_OK);
        wait_runs_out(all[i], true);
        wait_runs_out(all[i], true);
    }
    threading_barrier_t automatic = THREADING_BARRIER_INIT_WITH(2, NULL, NULL, 0.02);
    barrier = automatic;
    wait_runs_out(0.02, true);
}

CASE(shorter_timeout_takes_the_place_of_the_default)
{
    CHECK_STATUS(threading_barrier_init_with(&barrier, 2, NULL, NULL, 3600), THREADING_OK);
    wait_runs_out(0.01, false);
    wait_runs_out(0, false);
    works();
}

/* In CPython a wait without a limit has the default timeout all the same. */
CASE(longer_timeout_takes_the_place_of_the_default)
{
    const double all[] = {3600, THREADING_FOREVER};
    CHECK_STATUS(threading_barrier_init_with(&barrier, 2, NULL, NULL, 0.001), THREADING_OK);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct party party = {.timed = true, .seconds = all[i]};
        add_party(&party);
        threading_sleep(0.01);
        CHECK_EQUAL(threading_barrier_n_waiting(&barrier), 1);
        trip_it();
        party_gets(&party, THREADING_OK);
    }
}

/* The numbers at which an addition, 32-bit milliseconds or a 32-bit time_t would wrap around. */
CASE(longest_timeouts_wait_for_the_last_one)
{
    const double all[] = {THREADING_FOREVER, THREADING_TIMEOUT_MAX, 60,         86400, 2147483.648,
                          4294967.295,       4294967.296,           2147483648, 1e9};
    set_up(2);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct party party = {.timed = true, .seconds = all[i]};
        add_party(&party);
        CHECK_STATUS(threading_thread_join_timeout(party.thread, 0.005), THREADING_TIMEOUT);
        trip_it();
        party_gets(&party, THREADING_OK);
    }
}

CASE(timeout_0_is_enough_for_the_last_one)
{
    struct party party = {0};
    size_t index = UNTOUCHED;
    set_up(2);
    add_party(&party);
    CHECK_STATUS(threading_barrier_wait_timeout(&barrier, 0, &index), THREADING_OK);
    CHECK_EQUAL(index, 1);
    party_gets(&party, THREADING_OK);
    is_idle();
}

/* The time of two runs out at about the moment when the third comes: it is over for all or for none. */
CASE(timeout_at_the_moment_of_the_trip_is_the_same_for_all)
{
    uint32_t seed = 1;
    set_up(3);
    for (int round = 0; round < (is_slow() ? 50 : 300); round++) {
        struct party parties[2] = {{.timed = true}, {.timed = true}};
        double seconds = random_below(&seed, 2000) * 1e-6;
        double end = threading_monotonic() + seconds + random_below(&seed, 300) * 1e-6;
        for (size_t i = 0; i < 2; i++) {
            parties[i].seconds = seconds + (double)i * 1e-6;
            parties[i].thread = started(wait_once, &parties[i]);
        }
        while (threading_monotonic() < end)
            threading_sleep(0);
        threading_status_t status = threading_barrier_wait(&barrier, NULL);
        CHECK(status == THREADING_OK || status == THREADING_BROKEN);
        parties_get(parties, 2, status);
        CHECK_EQUAL(threading_barrier_broken(&barrier), status == THREADING_BROKEN);
        reset_it();
        is_idle();
    }
}

/* ---- abort and reset */

/* CPython: lock_tests.BarrierTests.test_abort */
CASE(abort_breaks_it_for_all_who_wait_or_come)
{
    struct party parties[CROWD] = {{0}};
    set_up(CROWD + 1);
    for (size_t i = 0; i < CROWD; i++)
        parties[i].thread = started(wait_once, &parties[i]);
    AWAIT(threading_barrier_n_waiting(&barrier) >= CROWD / 2); /* the others may come later */
    abort_it();
    CHECK(threading_barrier_broken(&barrier));
    parties_get(parties, CROWD, THREADING_BROKEN);
    is_broken();
}

CASE(abort_of_an_idle_or_broken_barrier_is_ok)
{
    set_up(2);
    abort_it();
    is_broken();
    abort_it();
    is_broken();
    set_up(1);
    abort_it();
    is_broken();
    reset_it();
    works();
}

/* CPython: lock_tests.BarrierTests.test_reset */
CASE(reset_breaks_it_for_who_waits_and_leaves_it_whole)
{
    struct party parties[PARTIES - 1] = {{0}};
    set_up(PARTIES);
    for (int round = 0; round < 3; round++) {
        add_parties(parties, PARTIES - 1);
        reset_it();
        CHECK(!threading_barrier_broken(&barrier));
        parties_get(parties, PARTIES - 1, THREADING_BROKEN);
        works();
    }
}

static void *wait_to_be_reset_and_again(void *arg)
{
    CHECK_STATUS(threading_barrier_wait(&barrier, NULL), THREADING_BROKEN);
    CHECK_STATUS(threading_barrier_wait(&barrier, NULL), THREADING_OK);
    CHECK_STATUS(threading_barrier_wait(&barrier, NULL), THREADING_OK);
    return arg;
}

/* CPython: lock_tests.BarrierTests.test_reset */
CASE(threads_that_were_reset_may_come_again_at_once)
{
    threading_thread_t *threads[PARTIES - 1];
    for (int round = 0; round < (is_slow() ? 20 : 100); round++) {
        set_up(PARTIES);
        start_many(threads, PARTIES - 1, wait_to_be_reset_and_again, NULL);
        AWAIT(threading_barrier_n_waiting(&barrier) == PARTIES - 1);
        reset_it();
        CHECK_STATUS(threading_barrier_wait(&barrier, NULL), THREADING_OK);
        CHECK_STATUS(threading_barrier_wait(&barrier, NULL), THREADING_OK);
        finish_many(threads, PARTIES - 1);
        is_idle();
    }
}

CASE(reset_makes_a_broken_barrier_whole)
{
    set_up(3);
    for (int round = 0; round < 3; round++) {
        abort_it();
        is_broken();
        reset_it();
        is_idle();
        reset_it();
        works();
    }
}

CASE(reset_of_an_idle_barrier_changes_nothing)
{
    set_up(2);
    reset_it();
    works();
    reset_it();
    works();
}

/* One aborts, the others wait. They meet elsewhere before the barrier is reset, and after it. */
static void *find_it_aborted_then_reset(void *elsewhere)
{
    if (atomic_fetch_add(&announced, 1) % PARTIES == PARTIES / 2)
        abort_it();
    else
        CHECK_STATUS(threading_barrier_wait(&barrier, NULL), THREADING_BROKEN);
    CHECK(threading_barrier_broken(&barrier));
    size_t index;
    CHECK_STATUS(threading_barrier_wait(elsewhere, &index), THREADING_OK);
    if (index == PARTIES / 2)
        reset_it();
    CHECK_STATUS(threading_barrier_wait(elsewhere, NULL), THREADING_OK);
    CHECK_STATUS(threading_barrier_wait(&barrier, NULL), THREADING_OK);
    return NULL;
}

/* CPython: lock_tests.BarrierTests.test_abort_and_reset */
CASE(threads_of_an_aborted_barrier_meet_after_a_reset)
{
    threading_thread_t *threads[PARTIES];
    threading_barrier_t elsewhere = THREADING_BARRIER_INIT(PARTIES);
    for (int round = 0; round < (is_slow() ? 20 : 100); round++) {
        set_up(PARTIES);
        start_many(threads, PARTIES, find_it_aborted_then_reset, &elsewhere);
        finish_many(threads, PARTIES);
        is_idle();
    }
}

/* Main comes last and breaks the barrier at once, when most of the others are not awake yet. */
static void what_follows_the_trip_disturbs_nobody(void (*disturb)(void))
{
    for (int round = 0; round < (is_slow() ? 50 : 200); round++) {
        struct party parties[PARTIES - 1] = {{0}};
        set_up(PARTIES);
        add_parties(parties, PARTIES - 1);
        trip_it();
        disturb();
        parties_get(parties, PARTIES - 1, THREADING_OK);
    }
}

CASE(reset_after_the_trip_disturbs_nobody)
{
    what_follows_the_trip_disturbs_nobody(reset_it);
}

CASE(abort_after_the_trip_disturbs_nobody)
{
    what_follows_the_trip_disturbs_nobody(abort_it);
}

static void begin_a_cycle_that_breaks(void)
{
    CHECK_STATUS(threading_barrier_wait_timeout(&barrier, 0, NULL), THREADING_BROKEN);
}

CASE(break_of_the_next_cycle_disturbs_nobody_of_this_one)
{
    what_follows_the_trip_disturbs_nobody(begin_a_cycle_that_breaks);
}

static atomic_bool over;
static atomic_int groups; /* waits that ended well */

static void *wait_again_and_again(void *arg)
{
    while (!atomic_load(&over)) {
        threading_status_t status = threading_barrier_wait(&barrier, NULL);
        if (status == THREADING_OK)
            atomic_fetch_add(&groups, 1);
        else
            CHECK_STATUS(status, THREADING_BROKEN);
    }
    return arg;
}

/* A cycle ends well for all of its parties or for none. */
CASE(resets_and_aborts_beside_waits_split_no_group)
{
    threading_thread_t *threads[7];
    uint32_t seed = 1;
    set_up(3);
    start_many(threads, 7, wait_again_and_again, NULL);
    for (int i = 0; i < (is_slow() ? 100 : 500); i++) {
        if (random_below(&seed, 2))
            abort_it();
        threading_sleep(random_below(&seed, 50) * 1e-6);
        reset_it();
        threading_sleep(random_below(&seed, 100) * 1e-6);
    }
    AWAIT(atomic_load(&groups) > 0);
    atomic_store(&over, true);
    abort_it();
    finish_many(threads, 7);
    CHECK_EQUAL(atomic_load(&groups) % 3, 0);
    is_broken();
}
