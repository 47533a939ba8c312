/* SPDX-License-Identifier: MIT */
/*
 * The ticker: a thread that wakes all timed parks again and again, so that they look at the backend's
 * clock. They do so by themselves after each slice, but cnd_timedwait goes by the wall clock, and a slice
 * that is under way when that is set back may last until it has caught up, also where C has
 * TIME_MONOTONIC. thrd_sleep takes a span, which nobody changes.
 *
 * The thread runs while there are timed parks, and ends at the first tick without one: a process may end
 * by the end of its last thread, and this must not be the one that stays. When the process exits it may be
 * asleep or at work, so nothing here is ever torn down.
 *
 * Locks: a parker's mutex comes before the ticker's. The ticker therefore takes no parker's, and so may
 * miss one that is about to sleep: the next tick wakes that one. It touches no parker but those in the
 * list, under the list's mutex.
 */
#include "c11_ticker.h"

#include <threads.h>
#include <time.h>

#include "c11_clock.h"

/* Less than a slice, or the slices would end shortly before the ticks and everybody would be woken twice. */
#define TI_C11_TICK (TI_C11_SLICE * 4 / 5)

static once_flag ti_c11_ticker_once = ONCE_FLAG_INIT;
static mtx_t ti_c11_ticker_mutex;

/* Under the mutex: */
static ti_parker *ti_c11_ticker_parkers; /* those in timed parks */
static bool ti_c11_ticker_runs;
static bool ti_c11_ticker_is_left; /* it has been started, and not joined */
static thrd_t ti_c11_ticker;

static void ti_c11_ticker_init(void)
{
    ti_c11_mutex_init(&ti_c11_ticker_mutex);
}

/* Whether there will be another tick. */
static bool ti_c11_tick(void)
{
    (void)mtx_lock(&ti_c11_ticker_mutex);
    for (ti_parker *parker = ti_c11_ticker_parkers; parker != NULL; parker = parker->next)
        (void)cnd_broadcast(&parker->condition);
    bool runs = ti_c11_ticker_runs = ti_c11_ticker_parkers != NULL;
    (void)mtx_unlock(&ti_c11_ticker_mutex);
    return runs;
}

static int ti_c11_ticker_run(void *unused)
{
    (void)unused;
    do
        /* A signal makes a tick come early, which does no harm. */
        (void)thrd_sleep(&(struct timespec){.tv_nsec = (long)TI_C11_TICK}, NULL);
    while (ti_c11_tick());
    return 0;
}

/* Under the mutex. One that runs no more has only to return. */
static void ti_c11_ticker_join(void)
{
    if (ti_c11_ticker_is_left)
        (void)thrd_join(ti_c11_ticker, NULL); /* fails only for threads that were joined before */
    ti_c11_ticker_is_left = false;
}

/* A C library may allocate here, which port.h rules out for what must not fail. This may: if there can be
 * no thread now, the park has its slices only, and the next one tries again. */
static void ti_c11_ticker_start(void)
{
    ti_c11_ticker_join();
    ti_c11_ticker_runs = thrd_create(&ti_c11_ticker, ti_c11_ticker_run, NULL) == thrd_success;
    ti_c11_ticker_is_left = ti_c11_ticker_runs;
}

void ti_c11_ticker_add(ti_parker *parker)
{
    call_once(&ti_c11_ticker_once, ti_c11_ticker_init);
    (void)mtx_lock(&ti_c11_ticker_mutex);
    parker->next = ti_c11_ticker_parkers;
    parker->link = &ti_c11_ticker_parkers;
    if (parker->next != NULL)
        parker->next->link = &parker->next;
    ti_c11_ticker_parkers = parker;
    if (!ti_c11_ticker_runs)
        ti_c11_ticker_start();
    (void)mtx_unlock(&ti_c11_ticker_mutex);
}

void ti_c11_ticker_remove(ti_parker *parker)
{
    (void)mtx_lock(&ti_c11_ticker_mutex);
    *parker->link = parker->next;
    if (parker->next != NULL)
        parker->next->link = parker->link;
    (void)mtx_unlock(&ti_c11_ticker_mutex);
}

bool ti_c11_ticker_is_gone(void)
{
    call_once(&ti_c11_ticker_once, ti_c11_ticker_init);
    (void)mtx_lock(&ti_c11_ticker_mutex);
    bool is_gone = !ti_c11_ticker_runs;
    if (is_gone)
        ti_c11_ticker_join();
    (void)mtx_unlock(&ti_c11_ticker_mutex);
    return is_gone;
}
