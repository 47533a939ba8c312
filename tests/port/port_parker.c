/* SPDX-License-Identifier: MIT */
/* The seam: one thread sleeps, others wake it. A park may end early, so each case looks at what it waits for. */
#include "port_support.h"

#define ENOUGH_SECONDS 20 /* a case with many tries ends after that long, on a system with slow timers */

/* ---- tokens ---- */

CASE(wake_before_the_wait_is_kept)
{
    static ti_parker parker;
    ti_port_parker_init(&parker);
    for (int i = 0; i < 1000; i++) {
        ti_port_unpark(&parker);
        ti_port_park(&parker, TI_FOREVER);
    }
}

/* Whether a park lasted until its deadline. */
static bool sleeps(ti_parker *parker, int64_t nanoseconds)
{
    int64_t deadline = ti_port_now() + nanoseconds;
    ti_port_park(parker, deadline);
    return ti_port_now() >= deadline;
}

/* An early end is allowed, but not as a habit: every caller would spin. */
CASE(park_without_a_token_sleeps)
{
    static ti_parker parker;
    enum { tries = 50 };
    int slept = 0;
    ti_port_parker_init(&parker);
    for (int i = 0; i < tries; i++)
        slept += sleeps(&parker, 2 * MILLISECOND);
    CHECK(slept > tries / 2);
}

CASE(two_wakes_are_one_token)
{
    static ti_parker parker;
    enum { tries = 50 };
    int slept = 0;
    ti_port_parker_init(&parker);
    for (int i = 0; i < tries; i++) {
        ti_port_unpark(&parker);
        ti_port_unpark(&parker);
        ti_port_park(&parker, TI_FOREVER);
        slept += sleeps(&parker, 2 * MILLISECOND);
    }
    CHECK(slept > tries / 2);
}

CASE(park_that_times_out_leaves_no_token)
{
    static ti_parker parker;
    enum { tries = 50 };
    int slept = 0;
    ti_port_parker_init(&parker);
    for (int i = 0; i < tries; i++) {
        (void)sleeps(&parker, MILLISECOND);
        slept += sleeps(&parker, MILLISECOND);
    }
    CHECK(slept > tries / 2);
}

/* ---- deadlines ---- */

CASE(deadline_in_the_past_does_not_sleep)
{
    static ti_parker parker;
    ti_port_parker_init(&parker);
    for (int i = 0; i < 1000; i++) {
        ti_port_park(&parker, ti_port_now() - 1);
        ti_port_park(&parker, 0);
        ti_port_park(&parker, -1);
        ti_port_park(&parker, INT64_MIN);
    }
}

CASE(deadline_in_the_past_takes_the_token)
{
    static ti_parker parker;
    enum { tries = 50 };
    int slept = 0;
    ti_port_parker_init(&parker);
    for (int i = 0; i < tries; i++) {
        ti_port_unpark(&parker);
        ti_port_park(&parker, 0);
        slept += sleeps(&parker, MILLISECOND);
    }
    CHECK(slept > tries / 2);
}

/* The callers' loop: it ends after the deadline, and few parks take it there. */
CASE(timeout_is_reached_in_few_parks_and_never_early)
{ /* slow */
    static ti_parker parker;
    int tries = is_slow() ? 500 : 10000, done = 0, parks = 0;
    int64_t begin = ti_port_now();
    ti_port_parker_init(&parker);
    while (done < tries && ti_port_now() < begin + ENOUGH_SECONDS * SECOND) {
        int64_t deadline = ti_port_now() + (1 + done % 7) * (MILLISECOND / 5);
        for (; ti_port_now() < deadline; parks++)
            ti_port_park(&parker, deadline);
        done++;
    }
    CHECK(done >= 100);
    CHECK(parks <= 4 * done);
    CHECK(ti_port_now() - begin >= done * (MILLISECOND / 5));
}

/* A backend may sleep in slices. */
CASE(long_sleep_takes_few_parks)
{
    static ti_parker parker;
    int parks = 0;
    int64_t deadline = ti_port_now() + SECOND;
    ti_port_parker_init(&parker);
    for (; ti_port_now() < deadline; parks++)
        ti_port_park(&parker, deadline);
    CHECK(parks <= 50);
}

/* Beyond what the types of the system may hold. */
CASE(deadline_far_away_is_a_deadline)
{
    static ti_parker parker;
    const int64_t deadlines[] = {ti_port_now() + 100000 * SECOND, ti_port_now() + 3000000000 * SECOND,
                                 TI_FOREVER - 1};
    ti_port_parker_init(&parker);
    for (size_t i = 0; i < sizeof deadlines / sizeof *deadlines; i++) {
        ti_port_unpark(&parker);
        ti_port_park(&parker, deadlines[i]);
    }
}

static ti_parker sleeper;
static atomic_int sleeper_state; /* 1: about to sleep, 2: told to go on, 3: done */

static void sleep_until_told(void *deadline)
{
    atomic_store(&sleeper_state, 1);
    while (atomic_load(&sleeper_state) != 2)
        ti_port_park(&sleeper, *(int64_t *)deadline);
    atomic_store(&sleeper_state, 3);
}

static void wake_a_sleeper(int64_t deadline, int64_t delay)
{
    ti_port_thread thread;
    ti_port_parker_init(&sleeper);
    begin(&thread, sleep_until_told, &deadline);
    AWAIT(atomic_load(&sleeper_state) == 1);
    ti_port_sleep(ti_port_now() + delay);
    CHECK_EQUAL(atomic_load(&sleeper_state), 1);
    atomic_store(&sleeper_state, 2);
    ti_port_unpark(&sleeper);
    ti_port_thread_join(&thread);
    CHECK_EQUAL(atomic_load(&sleeper_state), 3);
}

CASE(sleep_for_ever_is_ended_by_a_wake)
{
    wake_a_sleeper(TI_FOREVER, 50 * MILLISECOND);
}

CASE(sleep_with_a_distant_deadline_is_ended_by_a_wake)
{
    wake_a_sleeper(ti_port_now() + 1000000 * SECOND, 50 * MILLISECOND);
}

CASE(sleep_with_the_last_deadline_is_ended_by_a_wake)
{
    wake_a_sleeper(TI_FOREVER - 1, 50 * MILLISECOND);
}

/* ---- two threads in turns: no wake is lost, and memory goes with the token ---- */

enum { WORDS = 8 };

static ti_parker players[2];
static atomic_int turn; /* counts up; even: player 0's */
static atomic_int last_turn;
static atomic_int words[WORDS];
static atomic_int stale[2]; /* the turn had come, but not what was written before it */
static atomic_int early[2]; /* a park ended and the turn had not come */

/* Relaxed operations throughout: only the token orders them. */
static void take_turn(int me, int number)
{
    bool is_stale = false;
    for (int i = 0; i < WORDS; i++) {
        is_stale = is_stale || atomic_load_explicit(&words[i], memory_order_relaxed) != number;
        atomic_store_explicit(&words[i], number + 1, memory_order_relaxed);
    }
    stale[me] += is_stale;
    atomic_store_explicit(&turn, number + 1, memory_order_relaxed);
    ti_port_unpark(&players[1 - me]);
}

static void play(void *arg)
{
    int me = *(int *)arg;
    int last = atomic_load(&last_turn);
    for (int number = me; number < last; number += 2) {
        while (atomic_load_explicit(&turn, memory_order_relaxed) != number) {
            ti_port_park(&players[me], TI_FOREVER);
            early[me] += atomic_load_explicit(&turn, memory_order_relaxed) != number;
        }
        take_turn(me, number);
    }
}

/* A turn may be seen before its token is taken; that token then ends a later park early. */
static void check_turns(int turns)
{
    static int names[2] = {0, 1};
    ti_port_thread threads[2];
    atomic_store(&last_turn, turns);
    for (int i = 0; i < 2; i++)
        ti_port_parker_init(&players[i]);
    for (int i = 0; i < 2; i++)
        begin(&threads[i], play, &names[i]);
    for (int i = 0; i < 2; i++)
        ti_port_thread_join(&threads[i]);
    CHECK_EQUAL(atomic_load(&turn), turns);
}

CASE(no_wake_is_lost_in_100000_turns)
{ /* slow */
    check_turns(is_slow() ? 10000 : 100000);
}

/* The first turn of each is seen without a park. */
CASE(unpark_hands_memory_over)
{ /* slow */
    check_turns(is_slow() ? 1000 : 10000);
    for (int i = 0; i < 2; i++)
        CHECK(stale[i] <= early[i] + 1);
}

static void play_with_deadlines(void *arg)
{
    int me = *(int *)arg;
    int last = atomic_load(&last_turn);
    for (int number = me; number < last; number += 2) {
        while (atomic_load(&turn) != number)
            ti_port_park(&players[me], ti_port_now() + number % 50 * (MILLISECOND / 50));
        atomic_store(&turn, number + 1);
        ti_port_unpark(&players[1 - me]);
    }
}

CASE(wakes_may_meet_timeouts)
{ /* slow */
    static int names[2] = {0, 1};
    ti_port_thread threads[2];
    int turns = is_slow() ? 2000 : 20000;
    atomic_store(&last_turn, turns);
    for (int i = 0; i < 2; i++)
        ti_port_parker_init(&players[i]);
    for (int i = 0; i < 2; i++)
        begin(&threads[i], play_with_deadlines, &names[i]);
    for (int i = 0; i < 2; i++)
        ti_port_thread_join(&threads[i]);
    CHECK_EQUAL(atomic_load(&turn), turns);
}

/* ---- many wakers ---- */

static atomic_int wakes;

static void wake_often(void *arg)
{
    for (int i = *(int *)arg; i > 0; i--) {
        atomic_fetch_add(&wakes, 1);
        ti_port_unpark(&sleeper);
    }
}

CASE(any_thread_may_wake)
{
    enum { wakers = 4 };
    ti_port_thread threads[wakers];
    int each = is_slow() ? 500 : 5000;
    ti_port_parker_init(&sleeper);
    for (int i = 0; i < wakers; i++)
        begin(&threads[i], wake_often, &each);
    while (atomic_load(&wakes) < wakers * each)
        ti_port_park(&sleeper, TI_FOREVER);
    for (int i = 0; i < wakers; i++)
        ti_port_thread_join(&threads[i]);
}

/* ---- a parker outlives its thread ---- */

static void park_once(void *parker)
{
    ti_port_park(parker, TI_FOREVER);
}

CASE(wake_of_a_parker_whose_thread_has_ended)
{
    static ti_parker parker;
    ti_port_parker_init(&parker);
    for (int i = 0; i < (is_slow() ? 50 : 200); i++) {
        ti_port_thread thread;
        begin(&thread, park_once, &parker);
        ti_port_unpark(&parker);
        ti_port_thread_join(&thread);
        ti_port_unpark(&parker); /* late; it ends the next thread's park */
    }
}
