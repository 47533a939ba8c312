/* SPDX-License-Identifier: MIT */
/*
 * Memory is used for another object as soon as a release can be seen, while the releaser may still be
 * inside its call: again and again, with more threads than processors. No wait for the new object ends
 * because of the old one. (The fault suites late_… go through every such moment one by one, where a thread
 * can be stopped between two instructions.)
 */
#include "conformance.h"

#include <limits.h>
#include <string.h>

enum { SOURCES = 8192, PAIRS = 4, NEXT_KINDS = 5 };

typedef union memory {
    threading_lock_t lock;
    threading_semaphore_t semaphore;
    threading_event_t event;
    threading_condition_t condition;
    threading_barrier_t barrier;
    threading_rwlock_t rwlock;
} memory_t;

typedef struct past {
    void (*hold)(memory_t *memory);
    void (*let_go)(memory_t *memory);
    bool (*is_over)(memory_t *memory);
} past_t;

/* A releaser, and a thread that uses the memory behind it. */
typedef struct pair {
    memory_t memory;
    atomic_uint turn, held, done; /* numbers of rounds */
} pair_t;

static const past_t *was;
static pair_t pairs[PAIRS];
static double end;
static threading_event_t ready; /* for the crowd to go home */
static threading_event_t others[SOURCES];
static threading_source_t sources[SOURCES + 1];

/* ---- what the memory was ---- */

static void lock_hold(memory_t *memory)
{
    CHECK_STATUS(threading_lock_try_acquire(&memory->lock), THREADING_OK);
}

static void lock_let_go(memory_t *memory)
{
    threading_lock_release(&memory->lock);
}

static bool lock_is_over(memory_t *memory)
{
    return threading_lock_try_acquire(&memory->lock) == THREADING_OK;
}

static void semaphore_hold(memory_t *memory)
{
    CHECK_STATUS(threading_semaphore_init(&memory->semaphore, 0), THREADING_OK);
}

static void semaphore_let_go(memory_t *memory)
{
    threading_semaphore_release(&memory->semaphore);
}

static bool semaphore_is_over(memory_t *memory)
{
    return threading_semaphore_try_acquire(&memory->semaphore) == THREADING_OK;
}

static void event_hold(memory_t *memory)
{
    CHECK(!threading_event_is_set(&memory->event));
}

static void event_let_go(memory_t *memory)
{
    threading_event_set(&memory->event);
}

static bool event_is_over(memory_t *memory)
{
    return threading_event_is_set(&memory->event);
}

static void rwlock_hold(memory_t *memory)
{
    CHECK_STATUS(threading_rwlock_try_acquire_write(&memory->rwlock), THREADING_OK);
}

static void rwlock_let_go(memory_t *memory)
{
    threading_rwlock_release_write(&memory->rwlock);
}

static bool rwlock_is_over(memory_t *memory)
{
    return threading_rwlock_try_acquire_write(&memory->rwlock) == THREADING_OK;
}

static const past_t was_lock = {lock_hold, lock_let_go, lock_is_over};
static const past_t was_semaphore = {semaphore_hold, semaphore_let_go, semaphore_is_over};
static const past_t was_event = {event_hold, event_let_go, event_is_over};
static const past_t was_rwlock = {rwlock_hold, rwlock_let_go, rwlock_is_over};

/* ---- what it becomes: a wait that nobody ends ---- */

#define MOMENT 0.0002

static void wait_for_event(memory_t *memory)
{
    CHECK_STATUS(threading_event_wait_timeout(&memory->event, MOMENT), THREADING_TIMEOUT);
    CHECK(!threading_event_is_set(&memory->event));
}

static void wait_for_lock(memory_t *memory)
{
    CHECK_STATUS(threading_lock_try_acquire(&memory->lock), THREADING_OK);
    CHECK_STATUS(threading_lock_acquire_timeout(&memory->lock, MOMENT), THREADING_TIMEOUT);
    CHECK_STATUS(threading_lock_release(&memory->lock), THREADING_OK);
}

static void wait_for_semaphore(memory_t *memory)
{
    CHECK_STATUS(threading_semaphore_init(&memory->semaphore, 0), THREADING_OK);
    CHECK_STATUS(threading_semaphore_acquire_timeout(&memory->semaphore, MOMENT), THREADING_TIMEOUT);
    CHECK_EQUAL(threading_semaphore_value(&memory->semaphore), 0);
}

static void wait_for_condition(memory_t *memory)
{
    CHECK_STATUS(threading_condition_init(&memory->condition), THREADING_OK);
    CHECK_STATUS(threading_condition_acquire(&memory->condition), THREADING_OK);
    CHECK_STATUS(threading_condition_wait_timeout(&memory->condition, MOMENT), THREADING_TIMEOUT);
    CHECK_STATUS(threading_condition_release(&memory->condition), THREADING_OK);
}

static void wait_for_barrier(memory_t *memory)
{
    CHECK_STATUS(threading_barrier_init(&memory->barrier, 2), THREADING_OK);
    CHECK_STATUS(threading_barrier_wait_timeout(&memory->barrier, MOMENT, NULL), THREADING_BROKEN);
}

static void (*const waits[NEXT_KINDS])(memory_t *memory) = {wait_for_event, wait_for_lock, wait_for_semaphore,
                                                            wait_for_condition, wait_for_barrier};

/* ---- the threads ---- */

#define LAST UINT_MAX /* no round, but the end */

/* Look again at once for a while: what is awaited is done by a thread on another processor, or has to wait
 * for this one. */
static void relax(unsigned *looks)
{
    if (++*looks % 4096 == 0)
        (void)threading_sleep(0);
}

static void *let_go_each_time(void *arg)
{
    pair_t *pair = (pair_t *)arg;
    unsigned looks = 0;
    for (unsigned round = 1;; round++) {
        while (atomic_load(&pair->turn) < round)
            relax(&looks);
        if (atomic_load(&pair->turn) == LAST)
            return arg;
        was->hold(&pair->memory);
        atomic_store(&pair->held, round);
        was->let_go(&pair->memory);
        atomic_store(&pair->done, round);
    }
}

static void play(pair_t *pair, unsigned round)
{
    unsigned looks = 0;
    memset(&pair->memory, 0, sizeof pair->memory);
    atomic_store(&pair->turn, round);
    while (atomic_load(&pair->held) < round || !was->is_over(&pair->memory))
        relax(&looks);
    if (atomic_load(&pair->done) < round) { /* the releaser is still inside, as far as can be seen */
        memset(&pair->memory, 0, sizeof pair->memory);
        waits[round % NEXT_KINDS](&pair->memory);
    }
    while (atomic_load(&pair->done) < round)
        relax(&looks);
}

static void *reuse_each_time(void *arg)
{
    pair_t *pair = (pair_t *)arg;
    for (unsigned round = 1; threading_monotonic() < end; round++)
        play(pair, round);
    atomic_store(&pair->turn, LAST);
    return arg;
}

/* One thread that waits at very many addresses: wherever a releaser looks it finds that somebody waits, and
 * has to look closer. */
static void *wait_everywhere(void *arg)
{
    size_t index;
    for (size_t i = 0; i < SOURCES; i++)
        sources[i] = (threading_source_t)THREADING_SOURCE_EVENT(&others[i]);
    sources[SOURCES] = (threading_source_t)THREADING_SOURCE_EVENT(&ready);
    CHECK_STATUS(threading_wait_any(sources, SOURCES + 1, THREADING_FOREVER, &index), THREADING_OK);
    CHECK_EQUAL(index, SOURCES);
    return arg;
}

static void reuse_memory_at_once(const past_t *past, bool is_crowded)
{
    threading_thread_t *releasers[PAIRS], *users[PAIRS], *crowd = NULL;
    end = threading_monotonic() + (is_slow() ? 0.5 : 1);
    was = past;
    if (is_crowded)
        crowd = started(wait_everywhere, NULL);
    for (int i = 0; i < PAIRS; i++) {
        releasers[i] = started(let_go_each_time, &pairs[i]);
        users[i] = started(reuse_each_time, &pairs[i]);
    }
    for (int i = 0; i < PAIRS; i++) {
        finished(users[i]);
        finished(releasers[i]);
    }
    CHECK_STATUS(threading_event_set(&ready), THREADING_OK);
    if (crowd != NULL)
        finished(crowd);
}

CASE(memory_of_a_lock_may_be_reused_at_once)
{
    reuse_memory_at_once(&was_lock, false);
}

CASE(memory_of_a_lock_may_be_reused_at_once_among_waiters)
{
    reuse_memory_at_once(&was_lock, true);
}

CASE(memory_of_a_semaphore_may_be_reused_at_once)
{
    reuse_memory_at_once(&was_semaphore, false);
}

CASE(memory_of_a_semaphore_may_be_reused_at_once_among_waiters)
{
    reuse_memory_at_once(&was_semaphore, true);
}

CASE(memory_of_an_event_may_be_reused_at_once)
{
    reuse_memory_at_once(&was_event, false);
}

CASE(memory_of_an_rwlock_may_be_reused_at_once)
{
    reuse_memory_at_once(&was_rwlock, false);
}
