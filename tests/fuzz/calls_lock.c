/* SPDX-License-Identifier: MIT */
/* Lock and RLock: sections 7, 8 and 15 of the header. */
#include <string.h>

#include "calls.h"

threading_lock_t locks[LOCKS];
bool lock_is_held[LOCKS];
threading_rlock_t rlocks[RLOCKS];
rlock_model_t rlock_models[RLOCKS];

/* ---------------------------------------------------------------------------------------- Lock */

bool lock_answer(bool is_held, limit_t limit, threading_status_t *want)
{
    *want = limit_refused(limit);
    return *want != THREADING_OK || !is_held || gives_up(limit, want);
}

static void lock_nulls(void)
{
    about("no lock", 0);
    STATUS(THREADING_INVALID, NULL, threading_lock_init, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_lock_acquire, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_lock_try_acquire, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_lock_acquire_timeout, (NULL, any_limit().seconds));
    STATUS(THREADING_INVALID, NULL, threading_lock_release, (NULL));
    NUMBER(false, threading_lock_locked, (NULL));
    THREADING_WITH_LOCK(NULL)
        NEVER("a body without a lock is skipped");
}

static void lock_renew(threading_lock_t *lock, bool *is_held)
{
    if (chance(2))
        STATUS(THREADING_OK, lock, threading_lock_init, (lock));
    else if (!*is_held)
        memset(lock, 0, sizeof *lock);
    else
        return;
    *is_held = false;
}

/* A plain acquire heeds no stop. */
static void lock_acquire(threading_lock_t *lock, bool *is_held)
{
    if (*is_held)
        return;
    STATUS(THREADING_OK, lock, threading_lock_acquire, (lock));
    *is_held = true;
}

static void lock_try(threading_lock_t *lock, bool *is_held)
{
    STATUS(*is_held ? THREADING_BUSY : THREADING_OK, lock, threading_lock_try_acquire, (lock));
    *is_held = true;
}

static void lock_timeout(threading_lock_t *lock, bool *is_held)
{
    limit_t limit = any_limit();
    threading_status_t want;
    if (!lock_answer(*is_held, limit, &want))
        return;
    STATUS(want, lock, threading_lock_acquire_timeout, (lock, limit.seconds));
    *is_held = *is_held || want == THREADING_OK;
}

static void lock_with(threading_lock_t *lock, const bool *is_held)
{
    if (*is_held)
        return;
    bool was_run = false;
    THREADING_WITH_LOCK(lock) {
        NUMBER(true, threading_lock_locked, (lock));
        was_run = true;
    }
    MUST(was_run);
}

static void lock_step(void)
{
    int i = (int)below(LOCKS);
    threading_lock_t *lock = &locks[i];
    bool *is_held = &lock_is_held[i];
    about("lock", i);
    switch (below(16)) {
    case 0:
        if (chance(8))
            lock_nulls();
        else if (chance(4))
            lock_renew(lock, is_held);
        break;
    case 1:
        lock_with(lock, is_held);
        break;
    case 2:
    case 3:
        NUMBER(*is_held, threading_lock_locked, (lock));
        break;
    case 4:
    case 5:
        lock_try(lock, is_held);
        break;
    case 6:
    case 7:
    case 8:
        lock_timeout(lock, is_held);
        break;
    case 9:
    case 10:
    case 11:
        lock_acquire(lock, is_held);
        break;
    default:
        STATUS(*is_held ? THREADING_OK : THREADING_NOT_HELD, lock, threading_lock_release, (lock));
        *is_held = false;
        break;
    }
}

const family_t lock_family = {"lock", 1000, false, lock_step, NULL, NULL};

/* --------------------------------------------------------------------------------------- RLock */

/* A wait that heeds a stop is no deadlock, since a stop may end it. */
bool rlock_answer(const rlock_model_t *model, limit_t limit, threading_status_t *want)
{
    *want = limit_refused(limit);
    if (*want != THREADING_OK || model->owner == 0)
        return true;
    if (model->owner == me()) {
        *want = model->level == UINT32_MAX ? THREADING_OVERFLOW : THREADING_OK;
        return true;
    }
    if (limit.span == SPAN_FOREVER && !heeds_a_stop() && !is_alive(model->owner)) {
        *want = THREADING_DEADLOCK;
        return true;
    }
    return gives_up(limit, want);
}

void rlock_takes(rlock_model_t *model, threading_status_t status)
{
    if (status != THREADING_OK)
        return;
    model->owner = me();
    model->level++;
}

threading_status_t rlock_gives(rlock_model_t *model)
{
    if (model->owner != me())
        return THREADING_NOT_OWNER;
    if (--model->level == 0)
        model->owner = 0;
    return THREADING_OK;
}

bool rlock_is_unused(const rlock_model_t *model)
{
    return model->owner == 0 || !is_alive(model->owner);
}

static void rlock_nulls(void)
{
    about("no rlock", 0);
    STATUS(THREADING_INVALID, NULL, threading_rlock_init, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_rlock_acquire, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_rlock_try_acquire, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_rlock_acquire_timeout, (NULL, any_limit().seconds));
    STATUS(THREADING_INVALID, NULL, threading_rlock_release, (NULL));
    NUMBER(false, threading_rlock_locked, (NULL));
    NUMBER(false, threading_rlock_is_owned, (NULL));
    NUMBER(0, threading_rlock_count, (NULL));
}

static void rlock_renew(threading_rlock_t *rlock, rlock_model_t *model)
{
    if (!rlock_is_unused(model))
        return;
    if (model->owner == 0 && chance(2))
        memset(rlock, 0, sizeof *rlock);
    else
        STATUS(THREADING_OK, rlock, threading_rlock_init, (rlock));
    *model = (rlock_model_t){0, 0};
}

static void rlock_acquire(threading_rlock_t *rlock, rlock_model_t *model, limit_t limit)
{
    threading_status_t want;
    if (!rlock_answer(model, limit, &want))
        return;
    if (limit.span == SPAN_TRY)
        STATUS(want, rlock, threading_rlock_try_acquire, (rlock));
    else if (limit.span == SPAN_FOREVER && chance(2))
        STATUS(want, rlock, threading_rlock_acquire, (rlock));
    else
        STATUS(want, rlock, threading_rlock_acquire_timeout, (rlock, limit.seconds));
    rlock_takes(model, want);
}

static void rlock_release(threading_rlock_t *rlock, rlock_model_t *model)
{
    threading_status_t want = rlock_gives(model);
    STATUS(want, rlock, threading_rlock_release, (rlock));
}

static void rlock_look(const threading_rlock_t *rlock, const rlock_model_t *model)
{
    bool is_mine = model->owner == me();
    NUMBER(model->owner != 0, threading_rlock_locked, (rlock));
    NUMBER(is_mine, threading_rlock_is_owned, (rlock));
    NUMBER(is_mine ? model->level : 0, threading_rlock_count, (rlock));
}

/* The limit of the levels is too far away for calls, so that the count is written. */
static void rlock_jump(threading_rlock_t *rlock, rlock_model_t *model)
{
    if (model->owner != me())
        return;
    model->level = model->level > 9 ? 1 + below(3) : UINT32_MAX - below(3);
    rlock->count = model->level;
}

static void rlock_with(threading_rlock_t *rlock, const rlock_model_t *model)
{
    threading_status_t want;
    if (!rlock_answer(model, FOREVER, &want) || want == THREADING_OVERFLOW || want == THREADING_DEADLOCK)
        return;
    bool was_run = false;
    THREADING_WITH_RLOCK(rlock) {
        NUMBER(model->level + 1, threading_rlock_count, (rlock));
        was_run = true;
    }
    MUST(was_run == (want == THREADING_OK));
}

static void rlock_step(void)
{
    int i = (int)below(RLOCKS);
    threading_rlock_t *rlock = &rlocks[i];
    rlock_model_t *model = &rlock_models[i];
    about("rlock", i);
    switch (below(16)) {
    case 0:
        if (chance(8))
            rlock_nulls();
        else
            rlock_renew(rlock, model);
        break;
    case 1:
        if (chance(16))
            rlock_jump(rlock, model);
        else
            rlock_with(rlock, model);
        break;
    case 2:
    case 3:
        rlock_look(rlock, model);
        break;
    case 4:
    case 5:
        rlock_acquire(rlock, model, TRY);
        break;
    case 6:
    case 7:
        rlock_acquire(rlock, model, any_limit());
        break;
    case 8:
    case 9:
        rlock_acquire(rlock, model, FOREVER);
        break;
    default:
        rlock_release(rlock, model);
        break;
    }
}

const family_t rlock_family = {"rlock", 1000, false, rlock_step, NULL, NULL};
