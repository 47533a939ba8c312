/* SPDX-License-Identifier: MIT */
/* The part of base_lock.h that puts a lock under load: fairness, lifetime, many waiters, signals. */
#ifndef LOCK_LOAD_H
#define LOCK_LOAD_H

#include "base_lock.h"

#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#endif

static void *acquire_again_and_again(void *arg)
{
    acquire_it();
    atomic_fetch_add(&announced, 1);
    while (!atomic_load(&stop)) {
        release_it();
        acquire_it();
        inside++;
    }
    release_it();
    return arg;
}

/* They let go of the lock for moments only. All the same a waiter gets it, and not just once. */
static void loopers_starve_nobody(int loopers)
{
    threading_thread_t *threads[2];
    start_many(threads, loopers, acquire_again_and_again, NULL);
    AWAIT(atomic_load(&announced) == loopers);
    for (int turn = 0; turn < 20; turn++) {
        acquire_it();
        inside++;
        release_it();
    }
    atomic_store(&stop, true);
    finish_many(threads, loopers);
    CHECK(inside >= 20);
    is_free_and_works();
}

/* The waiter frees the memory as soon as it has the lock, while the releaser may still be in its call. */
static void *acquire_and_free_each(void *blocks)
{
    LOCK_T **each = blocks;
    for (int i = 0; each[i] != NULL; i++) {
        atomic_store(&announced, i + 1);
        if (i % 3 == 0)
            CHECK_STATUS(LOCK(acquire)(each[i]), THREADING_OK);
        else if (i % 3 == 1)
            CHECK_STATUS(LOCK(acquire_timeout)(each[i], 3600), THREADING_OK);
        else
            while (LOCK(try_acquire)(each[i]) != THREADING_OK)
                threading_sleep(0);
        free(each[i]);
    }
    return NULL;
}

static void freed_once_acquired(void)
{
    int rounds = is_slow() ? 1000 : 10000;
    LOCK_T **blocks = calloc((size_t)rounds + 1, sizeof *blocks);
    CHECK(blocks != NULL);
    for (int i = 0; i < rounds; i++) {
        blocks[i] = malloc(sizeof **blocks);
        CHECK(blocks[i] != NULL);
        CHECK_STATUS(LOCK(init)(blocks[i]), THREADING_OK);
        CHECK_STATUS(LOCK(acquire)(blocks[i]), THREADING_OK);
    }
    threading_thread_t *thread = started(acquire_and_free_each, blocks);
    for (int i = 0; i < rounds; i++) {
        for (int patience = 0; patience < 100 && atomic_load(&announced) <= i; patience++)
            threading_sleep(0);
        CHECK_STATUS(LOCK(release)(blocks[i]), THREADING_OK);
    }
    finished(thread);
    free(blocks);
}

/* Half of the threads wait as long as it takes, the others for at most 2 ms. */
enum { TURNS = 1000 };
static int had; /* protected by the lock */
static atomic_int timeouts;

static void *wait_patiently(void *arg)
{
    for (int turn = 0; turn < TURNS; turn++) {
        acquire_it();
        be_inside();
        had++;
        release_it();
    }
    return arg;
}

static void *wait_impatiently(void *arg)
{
    uint32_t seed = (uint32_t)atomic_fetch_add(&announced, 1) + 1;
    for (int turn = 0; turn < TURNS; turn++) {
        threading_status_t status =
            LOCK(acquire_timeout)(&lock, random_below(&seed, turn % 2 ? 2000 : 50) * 1e-6);
        if (status == THREADING_OK) {
            be_inside();
            had++;
            release_it();
        } else {
            CHECK_STATUS(status, THREADING_TIMEOUT);
            atomic_fetch_add(&timeouts, 1);
        }
    }
    return arg;
}

static void timed_and_untimed_waiters_mix(void)
{
    threading_thread_t *threads[8];
    start_many(threads, 4, wait_patiently, NULL);
    start_many(threads + 4, 4, wait_impatiently, NULL);
    finish_many(threads, 8);
    CHECK_EQUAL(had + atomic_load(&timeouts), 8 * TURNS);
    CHECK(had >= 4 * TURNS);
    CHECK_EQUAL(threading_active_count(), 1);
    is_free_and_works();
}

static void *acquire_if_in_time(void *seconds)
{
    atomic_fetch_add(&announced, 1);
    threading_status_t status = LOCK(acquire_timeout)(&lock, *(double *)seconds);
    if (status == THREADING_OK)
        release_it();
    else
        CHECK_STATUS(status, THREADING_TIMEOUT);
    return NULL;
}

/* The time runs out at about the moment of the release, which is then for another: the one with no limit. */
static void timeout_meets_release(void)
{
    uint32_t seed = 1;
    for (int round = 1; round <= (is_slow() ? 50 : 300); round++) {
        double seconds = random_below(&seed, 2000) * 1e-6;
        threading_thread_t *threads[6];
        acquire_it();
        double end = threading_monotonic() + seconds + random_below(&seed, 500) * 1e-6;
        start_many(threads, 3, acquire_if_in_time, &seconds);
        start_many(threads + 3, 1, take_a_turn, NULL);
        start_many(threads + 4, 2, acquire_if_in_time, &seconds);
        while (threading_monotonic() < end)
            threading_sleep(1e-5);
        release_it();
        finish_many(threads, 6);
        CHECK_EQUAL(atomic_load(&passed), round);
        is_free_and_works();
    }
}

/* As many of them as the system gives. */
static void very_many_waiters_each_get_it(void)
{
    int wanted = threads_at_once(is_slow() ? 300 : 10000);
    int count = 0;
    threading_thread_options_t options = {.stack_size = small_stack()};
    threading_thread_t **threads = calloc((size_t)wanted, sizeof *threads);
    CHECK(threads != NULL);
    acquire_it();
    for (; count < wanted; count++) {
        threads[count] = threading_thread_new(take_a_turn, NULL, &options);
        CHECK(threads[count] != NULL);
        if (threading_thread_start(threads[count]) != THREADING_OK)
            break;
    }
    if (count < wanted)
        threading_thread_free(threads[count]);
    if (count < 100)
        SKIP("this system starts no 100 threads");
    AWAIT(atomic_load(&announced) == count);
    CHECK_EQUAL(atomic_load(&passed), 0);
    release_it();
    finish_many(threads, count);
    CHECK_EQUAL(atomic_load(&passed), count);
    CHECK_EQUAL(threading_active_count(), 1);
    free(threads);
    is_free_and_works();
}

#if !defined(_WIN32) && !defined(__EMSCRIPTEN__) && !defined(UNDER_TSAN)
#include <pthread.h>
#include <signal.h>

static atomic_int handled;
static pthread_t signalled;

static void count_signal(int number)
{
    (void)number;
    atomic_fetch_add(&handled, 1);
}

static void *wait_through_signals(void *seconds)
{
    sigset_t blocked;
    CHECK_EQUAL(pthread_sigmask(SIG_BLOCK, NULL, &blocked), 0);
    if (sigismember(&blocked, SIGUSR1))
        SKIP("musl blocks signals in C11 threads");
    signalled = pthread_self();
    atomic_store(&announced, 1);
    if (seconds == NULL)
        (void)take_a_turn(NULL);
    else
        (void)run_out_of_time(seconds);
    return NULL;
}

/* The waiter is a foreign thread, because its pthread_t stays valid until it is joined. */
static void signals_end_no_wait(void)
{
    struct sigaction action = {.sa_handler = count_signal};
    CHECK_EQUAL(sigaction(SIGUSR1, &action, NULL), 0);
    acquire_it();
    foreign_t *thread = foreign_start(wait_through_signals, NULL);
    AWAIT(atomic_load(&announced) == 2);
    for (int i = 1; i <= 50; i++) {
        CHECK_EQUAL(pthread_kill(signalled, SIGUSR1), 0);
        AWAIT(atomic_load(&handled) == i);
        CHECK_EQUAL(atomic_load(&passed), 0);
    }
    release_it();
    foreign_join(thread);
    CHECK_EQUAL(atomic_load(&passed), 1);
    is_free_and_works();
}

/* A signal each millisecond: a wait that began anew with each of them would never be over. */
static void signals_change_no_timeout(void)
{
    struct sigaction action = {.sa_handler = count_signal};
    double seconds = 0.1;
    CHECK_EQUAL(sigaction(SIGUSR1, &action, NULL), 0);
    acquire_it();
    foreign_t *thread = foreign_start(wait_through_signals, &seconds);
    AWAIT(atomic_load(&announced) == 1);
    while (atomic_load(&passed) == 0) {
        CHECK_EQUAL(pthread_kill(signalled, SIGUSR1), 0);
        threading_sleep(0.001);
    }
    foreign_join(thread);
    CHECK(atomic_load(&handled) > 0);
    release_it();
    is_free_and_works();
}
#else
static void signals_end_no_wait(void)
{
    SKIP("no signals here, or the thread sanitizer holds them back");
}

static void signals_change_no_timeout(void)
{
    signals_end_no_wait();
}
#endif

#endif
