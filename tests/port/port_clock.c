/* SPDX-License-Identifier: MIT */
/* The seam: time and processors. */
#include "port_support.h"

#include <time.h>

CASE(clock_goes_on)
{
    int64_t begin_time = ti_port_now();
    while (ti_port_now() == begin_time)
        ti_port_yield();
    CHECK(ti_port_now() > begin_time);
    CHECK(ti_port_now() < TI_FOREVER / 2); /* there is room for deadlines */
}

CASE(clock_never_goes_back)
{
    int64_t last = ti_port_now();
    for (int i = is_slow() ? 10000 : 1000000; i > 0; i--) {
        int64_t now = ti_port_now();
        CHECK(now >= last);
        last = now;
    }
}

/* Waits are measured with this clock: with one that moves once in 15 ms they could end that much too early. */
CASE(clock_moves_in_small_steps)
{
    int64_t smallest = SECOND;
    for (int i = 0; i < 50; i++) {
        int64_t now = ti_port_now(), next;
        while ((next = ti_port_now()) == now)
            ;
        smallest = next - now < smallest ? next - now : smallest;
    }
    CHECK(smallest <= MILLISECOND);
}

static _Atomic int64_t latest;

static void compare_clocks(void *arg)
{
    (void)arg;
    for (int i = is_slow() ? 5000 : 200000; i > 0; i--) {
        int64_t before = atomic_load(&latest);
        int64_t now = ti_port_now();
        CHECK(now >= before);
        while (now > before && !atomic_compare_exchange_weak(&latest, &before, now))
            ;
    }
}

CASE(clock_is_the_same_in_all_threads)
{ /* slow */
    enum { count = 4 };
    ti_port_thread threads[count];
    for (int i = 0; i < count; i++)
        begin(&threads[i], compare_clocks, NULL);
    for (int i = 0; i < count; i++)
        ti_port_thread_join(&threads[i]);
}

/* Nanoseconds, not ticks: a second on C's coarsest clock is a second here, or a little more or less. */
CASE(clock_counts_nanoseconds)
{
    time_t first = time(NULL), second;
    while ((second = time(NULL)) == first)
        ti_port_sleep(ti_port_now() + MILLISECOND);
    int64_t begin_time = ti_port_now();
    while (time(NULL) < second + 2)
        ti_port_sleep(ti_port_now() + MILLISECOND);
    int64_t elapsed = ti_port_now() - begin_time;
    CHECK(elapsed > SECOND / 2 && elapsed < 60 * SECOND);
}

/* ---- sleeping ---- */

CASE(sleep_is_never_early)
{
    for (int i = 0; i < (is_slow() ? 50 : 500); i++) {
        int64_t deadline = ti_port_now() + i % 30 * (MILLISECOND / 10);
        ti_port_sleep(deadline);
        CHECK(ti_port_now() >= deadline);
    }
}

CASE(sleep_of_some_length_is_a_sleep)
{
    int64_t deadline = ti_port_now() + 400 * MILLISECOND;
    ti_port_sleep(deadline);
    CHECK(ti_port_now() >= deadline);
}

CASE(sleep_until_the_past_returns_at_once)
{
    for (int i = 0; i < 1000; i++) {
        ti_port_sleep(ti_port_now());
        ti_port_sleep(ti_port_now() - 1);
        ti_port_sleep(0);
        ti_port_sleep(INT64_MIN);
    }
}

static atomic_int sleepers_awake;

static void sleep_for_ever(void *deadline)
{
    ti_port_sleep(*(int64_t *)deadline);
    atomic_fetch_add(&sleepers_awake, 1);
}

/* The threads are still asleep when the case is over. */
CASE(sleep_without_end_does_not_end)
{
    static int64_t deadlines[] = {TI_FOREVER, TI_FOREVER - 1, 0};
    static ti_port_thread threads[3];
    deadlines[2] = ti_port_now() + 100000000 * SECOND;
    for (int i = 0; i < 3; i++) {
        begin(&threads[i], sleep_for_ever, &deadlines[i]);
        ti_port_thread_detach(&threads[i]);
    }
    ti_port_sleep(ti_port_now() + 200 * MILLISECOND);
    CHECK_EQUAL(atomic_load(&sleepers_awake), 0);
}

/* ---- processors ---- */

static atomic_bool others_turn;

static void take_others_turn(void *arg)
{
    (void)arg;
    atomic_store(&others_turn, true);
}

CASE(yield_lets_others_run)
{
    ti_port_thread thread;
    begin(&thread, take_others_turn, NULL);
    while (!atomic_load(&others_turn))
        ti_port_yield();
    ti_port_thread_join(&thread);
}

CASE(there_is_a_processor)
{
    size_t count = ti_port_cpu_count();
    CHECK(count >= 1 && count < 1 << 20);
    CHECK_EQUAL(ti_port_cpu_count(), count);
}

CASE(at_least_one_thread_runs_and_no_more_than_there_are_processors)
{
    size_t count = ti_port_available_cpus();
    CHECK(count >= 1 && count <= ti_port_cpu_count());
}
