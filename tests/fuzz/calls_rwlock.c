/* SPDX-License-Identifier: MIT */
/* RWLock: section 14 of the header. There are no more of them than the library knows of one thread. */
#include <string.h>

#include "calls.h"

enum { RWLOCKS = 5, READERS = 8 };

/* The readers, and how often each reads: actors, and some that have ended while they read. */
typedef struct model {
    person_t writer;
    person_t readers[READERS];
    unsigned levels[READERS];
} model_t;

static threading_rwlock_t rwlocks[RWLOCKS];
static model_t models[RWLOCKS];

static unsigned reads_of_all(const model_t *model)
{
    unsigned sum = 0;
    for (int i = 0; i < READERS; i++)
        sum += model->levels[i];
    return sum;
}

/* The acting thread's place, a free one if it does not read; -1 if there is none. */
static int place(const model_t *model)
{
    int free_place = -1;
    for (int i = 0; i < READERS; i++) {
        if (model->levels[i] > 0 && model->readers[i] == me())
            return i;
        if (model->levels[i] == 0)
            free_place = i;
    }
    return free_place;
}

static unsigned my_reads(const model_t *model)
{
    int i = place(model);
    return i >= 0 ? model->levels[i] : 0;
}

/* What a wait for `writer`, or for oneself if it is 0, answers. A wait that heeds a stop is no deadlock. */
static bool wait_answer(limit_t limit, bool is_hopeless, threading_status_t *want)
{
    if (limit.span == SPAN_FOREVER && is_hopeless && !heeds_a_stop()) {
        *want = THREADING_DEADLOCK;
        return true;
    }
    return gives_up(limit, want);
}

static bool read_answer(const model_t *model, limit_t limit, threading_status_t *want)
{
    *want = limit_refused(limit);
    if (*want != THREADING_OK || model->writer == 0)
        return true;
    return wait_answer(limit, model->writer == me() || !is_alive(model->writer), want);
}

static bool write_answer(const model_t *model, limit_t limit, threading_status_t *want)
{
    *want = limit_refused(limit);
    if (*want != THREADING_OK || (model->writer == 0 && reads_of_all(model) == 0))
        return true;
    bool waits_for_writer = model->writer != 0 && !is_alive(model->writer);
    return wait_answer(limit, waits_for_writer || model->writer == me() || my_reads(model) > 0, want);
}

/* ---------------------------------------------------------------------------------------- calls */

static void nulls(void)
{
    about("no rwlock", 0);
    STATUS(THREADING_INVALID, NULL, threading_rwlock_init, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_rwlock_acquire_read, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_rwlock_try_acquire_read, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_rwlock_acquire_read_timeout, (NULL, any_limit().seconds));
    STATUS(THREADING_INVALID, NULL, threading_rwlock_acquire_write, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_rwlock_try_acquire_write, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_rwlock_acquire_write_timeout, (NULL, any_limit().seconds));
    STATUS(THREADING_INVALID, NULL, threading_rwlock_release_read, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_rwlock_release_write, (NULL));
}

static bool is_unused(const model_t *model)
{
    if (model->writer != 0 && is_alive(model->writer))
        return false;
    for (int i = 0; i < READERS; i++)
        if (model->levels[i] > 0 && is_alive(model->readers[i]))
            return false;
    return true;
}

static void renew(threading_rwlock_t *rwlock, model_t *model)
{
    if (!is_unused(model))
        return;
    STATUS(THREADING_OK, rwlock, threading_rwlock_init, (rwlock));
    memset(model, 0, sizeof *model);
}

static void acquire_read(threading_rwlock_t *rwlock, model_t *model, limit_t limit)
{
    threading_status_t want;
    int mine = place(model);
    if (mine < 0 || model->levels[mine] > 50 || !read_answer(model, limit, &want))
        return;
    if (limit.span == SPAN_TRY)
        STATUS(want, rwlock, threading_rwlock_try_acquire_read, (rwlock));
    else if (limit.span == SPAN_FOREVER && chance(2))
        STATUS(want, rwlock, threading_rwlock_acquire_read, (rwlock));
    else
        STATUS(want, rwlock, threading_rwlock_acquire_read_timeout, (rwlock, limit.seconds));
    model->readers[mine] = me();
    model->levels[mine] += want == THREADING_OK;
}

static void acquire_write(threading_rwlock_t *rwlock, model_t *model, limit_t limit)
{
    threading_status_t want;
    if (!write_answer(model, limit, &want))
        return;
    if (limit.span == SPAN_TRY)
        STATUS(want, rwlock, threading_rwlock_try_acquire_write, (rwlock));
    else if (limit.span == SPAN_FOREVER && chance(2))
        STATUS(want, rwlock, threading_rwlock_acquire_write, (rwlock));
    else
        STATUS(want, rwlock, threading_rwlock_acquire_write_timeout, (rwlock, limit.seconds));
    if (want == THREADING_OK)
        model->writer = me();
}

static void release_read(threading_rwlock_t *rwlock, model_t *model)
{
    bool reads = my_reads(model) > 0;
    threading_status_t others = reads_of_all(model) > 0 ? THREADING_NOT_OWNER : THREADING_NOT_HELD;
    STATUS(reads ? THREADING_OK : others, rwlock, threading_rwlock_release_read, (rwlock));
    if (reads)
        model->levels[place(model)]--;
}

static void release_write(threading_rwlock_t *rwlock, model_t *model)
{
    bool writes = model->writer == me();
    threading_status_t others = model->writer != 0 ? THREADING_NOT_OWNER : THREADING_NOT_HELD;
    STATUS(writes ? THREADING_OK : others, rwlock, threading_rwlock_release_write, (rwlock));
    if (writes)
        model->writer = 0;
}

static void with(threading_rwlock_t *rwlock, model_t *model)
{
    if (model->writer != 0)
        return;
    bool was_run = false;
    if (reads_of_all(model) == 0 && chance(2))
        THREADING_WITH_WRITE(rwlock)
            was_run = true;
    else
        THREADING_WITH_READ(rwlock)
            was_run = true;
    MUST(was_run);
}

static limit_t one_of_three_limits(void)
{
    uint32_t which = below(3);
    return which == 0 ? TRY : which == 1 ? FOREVER : any_limit();
}

static void step(void)
{
    int i = (int)below(RWLOCKS);
    threading_rwlock_t *rwlock = &rwlocks[i];
    model_t *model = &models[i];
    about("rwlock", i);
    switch (below(10)) {
    case 0:
        if (chance(8))
            nulls();
        else if (chance(2))
            with(rwlock, model);
        else
            renew(rwlock, model);
        break;
    case 1:
    case 2:
    case 3:
        acquire_read(rwlock, model, one_of_three_limits());
        break;
    case 4:
    case 5:
        acquire_write(rwlock, model, one_of_three_limits());
        break;
    case 6:
    case 7:
        release_write(rwlock, model);
        break;
    default:
        release_read(rwlock, model);
        break;
    }
}

const family_t rwlock_family = {"rwlock", 800, false, step, NULL, NULL};
