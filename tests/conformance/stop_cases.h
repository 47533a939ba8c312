/* SPDX-License-Identifier: MIT */
/* How a call heeds a stop, said once for all of them: the bodies of cases. */
#ifndef STOP_CASES_H
#define STOP_CASES_H

#include "conformance.h"
#include "crowd.h"
#include "gate.h"

enum { LONG = 3600, SPELLINGS = 4 };

/* A kind of wait: every spelling of it, and how main makes it necessary. NULL: there is nothing to do. */
struct wait {
    threading_status_t (*calls[SPELLINGS])(void); /* the last ones may be NULL */
    void (*block)(void);                          /* in main: from now on the calls must wait */
    void (*unblock)(void);                        /* in main: from now on they need not */
    void (*as_before)(void);                      /* in main: a call that was cancelled has changed nothing */
};

static threading_stop_t stop;
THREADING_UNUSED static threading_lock_t gate;
THREADING_UNUSED static atomic_int announced;

static void run_if_any(void (*function)(void))
{
    if (function != NULL)
        function();
}

struct attempt {
    threading_status_t (*call)(void);
    threading_status_t expected;
};

static void *attempt_it(void *arg)
{
    const struct attempt *attempt = arg;
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(attempt->call(), attempt->expected);
    return NULL;
}

static threading_thread_t *started_heeding(threading_target_t target, void *arg)
{
    threading_thread_t *thread = threading_thread(target, arg, .stop = &stop);
    CHECK(thread != NULL);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    return thread;
}

static void request(void)
{
    CHECK_STATUS(threading_stop_request(&stop), THREADING_OK);
}

/* The request mostly comes when the thread waits, now and then before it does: the outcome is the same. */
static void request_ends_call(threading_status_t (*call)(void), double patience)
{
    struct attempt attempt = {call, THREADING_CANCELLED};
    int before = atomic_load(&announced);
    CHECK_STATUS(threading_stop_init(&stop), THREADING_OK);
    threading_thread_t *thread = started_heeding(attempt_it, &attempt);
    AWAIT(atomic_load(&announced) == before + 1);
    threading_sleep(patience);
    request();
    finished(thread);
}

THREADING_UNUSED static void request_ends(const struct wait *wait)
{
    for (int i = 0; i < SPELLINGS && wait->calls[i] != NULL; i++)
        for (int round = 0; round < 5; round++) {
            run_if_any(wait->block);
            request_ends_call(wait->calls[i], round == 0 ? 0.005 : 0.0002 * round);
            run_if_any(wait->as_before);
            run_if_any(wait->unblock);
        }
}

/* The same by the stop's own time: never early, and the status is the same. */
THREADING_UNUSED static void deadline_ends(const struct wait *wait)
{
    const double seconds = 0.005;
    for (int i = 0; i < SPELLINGS && wait->calls[i] != NULL; i++) {
        struct attempt attempt = {wait->calls[i], THREADING_CANCELLED};
        run_if_any(wait->block);
        double begin = threading_monotonic();
        CHECK_STATUS(threading_stop_init_child(&stop, NULL, seconds), THREADING_OK);
        finished(started_heeding(attempt_it, &attempt));
        CHECK(threading_monotonic() - begin >= seconds);
        run_if_any(wait->as_before);
        run_if_any(wait->unblock);
    }
}

/* The case's time limit ends a wait that begins. */
THREADING_UNUSED static void does_not_begin(const struct wait *wait)
{
    request();
    for (int i = 0; i < SPELLINGS && wait->calls[i] != NULL; i++) {
        struct attempt attempt = {wait->calls[i], THREADING_CANCELLED};
        run_if_any(wait->block);
        finished(started_heeding(attempt_it, &attempt));
        run_if_any(wait->as_before);
        run_if_any(wait->unblock);
    }
}

/* The calls give back what they got. */
THREADING_UNUSED static void need_not_wait(const struct wait *wait)
{
    request();
    for (int i = 0; i < SPELLINGS && wait->calls[i] != NULL; i++) {
        struct attempt attempt = {wait->calls[i], THREADING_OK};
        run_if_any(wait->block);
        run_if_any(wait->unblock);
        finished(started_heeding(attempt_it, &attempt));
    }
}

#endif
