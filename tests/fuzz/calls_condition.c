/* SPDX-License-Identifier: MIT */
/* Condition: section 9 of the header. Some have a lock of their own, others one of calls_lock.c. Nobody is
 * ever notified, since the other actors stand still; what waits ends by its limit or a stop. */
#include <string.h>

#include "calls.h"

enum { CONDITIONS = 6, NEVER = 9 };

typedef struct model {
    int lock;  /* index, or -1 */
    int rlock; /* index, or -1 */
    rlock_model_t own;
} model_t;

static threading_condition_t conditions[CONDITIONS];
static model_t models[CONDITIONS] = {{-1, -1, {0, 0}}, {-1, -1, {0, 0}}, {-1, -1, {0, 0}},
                                     {-1, -1, {0, 0}}, {-1, -1, {0, 0}}, {-1, -1, {0, 0}}};

static rlock_model_t *rlock_of(model_t *model)
{
    return model->rlock >= 0 ? &rlock_models[model->rlock] : &model->own;
}

static bool is_locked(model_t *model)
{
    return model->lock >= 0 ? lock_is_held[model->lock] : rlock_of(model)->owner != 0;
}

/* A Lock is everybody's who asks. */
static bool is_mine(model_t *model)
{
    return model->lock >= 0 ? lock_is_held[model->lock] : rlock_of(model)->owner == me();
}

static bool answer(model_t *model, limit_t limit, threading_status_t *want)
{
    if (model->lock >= 0)
        return lock_answer(lock_is_held[model->lock], limit, want);
    return rlock_answer(rlock_of(model), limit, want);
}

static void takes(model_t *model, threading_status_t status)
{
    if (model->lock < 0)
        rlock_takes(rlock_of(model), status);
    else if (status == THREADING_OK)
        lock_is_held[model->lock] = true;
}

static threading_status_t gives(model_t *model)
{
    if (model->lock < 0)
        return rlock_gives(rlock_of(model));
    threading_status_t status = lock_is_held[model->lock] ? THREADING_OK : THREADING_NOT_HELD;
    lock_is_held[model->lock] = false;
    return status;
}

/* ---------------------------------------------------------------------------------------- calls */

static bool never(void *arg)
{
    (void)arg;
    NEVER("a predicate is not asked when the call is refused");
}

static void nulls(void)
{
    about("no condition", 0);
    STATUS(THREADING_INVALID, NULL, threading_condition_init, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_condition_init_lock, (NULL, &locks[0]));
    STATUS(THREADING_INVALID, NULL, threading_condition_init_rlock, (NULL, &rlocks[0]));
    STATUS(THREADING_INVALID, NULL, threading_condition_acquire, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_condition_try_acquire, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_condition_acquire_timeout, (NULL, any_limit().seconds));
    STATUS(THREADING_INVALID, NULL, threading_condition_release, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_condition_wait, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_condition_wait_timeout, (NULL, any_limit().seconds));
    STATUS(THREADING_INVALID, NULL, threading_condition_wait_for, (NULL, never, NULL));
    STATUS(THREADING_INVALID, NULL, threading_condition_wait_for_timeout,
           (NULL, never, NULL, any_limit().seconds));
    STATUS(THREADING_INVALID, NULL, threading_condition_notify, (NULL, below(3)));
    STATUS(THREADING_INVALID, NULL, threading_condition_notify_all, (NULL));
    NUMBER(false, threading_condition_locked, (NULL));
    NUMBER(false, threading_condition_is_owned, (NULL));
}

static void renew(threading_condition_t *condition, model_t *model)
{
    if (!rlock_is_unused(&model->own))
        return;
    STATUS(THREADING_INVALID, condition, threading_condition_init_lock, (condition, NULL));
    STATUS(THREADING_INVALID, condition, threading_condition_init_rlock, (condition, NULL));
    /* Zeroes make no new lock of one that is held: ThreadSanitizer remembers it. */
    uint32_t ways = model->own.owner == 0 ? 4 : 3;
    *model = (model_t){-1, -1, {0, 0}};
    switch (below(ways)) {
    case 0:
        model->lock = (int)below(LOCKS);
        STATUS(THREADING_OK, condition, threading_condition_init_lock, (condition, &locks[model->lock]));
        break;
    case 1:
        model->rlock = (int)below(RLOCKS);
        STATUS(THREADING_OK, condition, threading_condition_init_rlock, (condition, &rlocks[model->rlock]));
        break;
    case 2:
        STATUS(THREADING_OK, condition, threading_condition_init, (condition));
        break;
    default:
        memset(condition, 0, sizeof *condition);
        break;
    }
}

static void acquire(threading_condition_t *condition, model_t *model, limit_t limit)
{
    threading_status_t want;
    if (!answer(model, limit, &want))
        return;
    if (limit.span == SPAN_TRY)
        STATUS(want, condition, threading_condition_try_acquire, (condition));
    else if (limit.span == SPAN_FOREVER && chance(2))
        STATUS(want, condition, threading_condition_acquire, (condition));
    else
        STATUS(want, condition, threading_condition_acquire_timeout, (condition, limit.seconds));
    takes(model, want);
}

static void release(threading_condition_t *condition, model_t *model)
{
    threading_status_t want = gives(model);
    STATUS(want, condition, threading_condition_release, (condition));
}

static void look(const threading_condition_t *condition, model_t *model)
{
    NUMBER(is_locked(model), threading_condition_locked, (condition));
    NUMBER(is_mine(model), threading_condition_is_owned, (condition));
}

/* The lock is held before and after, at the same level. */
static void wait(threading_condition_t *condition, model_t *model)
{
    limit_t limit = any_limit();
    threading_status_t want = limit_refused(limit);
    if (want == THREADING_OK && !is_mine(model))
        want = THREADING_NOT_HELD;
    if (want == THREADING_OK && !gives_up(limit, &want))
        return;
    if (limit.span == SPAN_FOREVER && chance(2))
        STATUS(want, condition, threading_condition_wait, (condition));
    else
        STATUS(want, condition, threading_condition_wait_timeout, (condition, limit.seconds));
}

/* The predicate: true from its `true_at`-th answer on. */
typedef struct question {
    threading_condition_t *condition;
    int true_at;
    int asked;
} question_t;

static bool ask(void *arg)
{
    question_t *question = arg;
    NUMBER(true, threading_condition_is_owned, (question->condition));
    return ++question->asked >= question->true_at;
}

/* What a wait_for answers, and how often it asks; false when it would wait for ever. */
static bool wait_for_answer(model_t *model, limit_t limit, int true_at, threading_status_t *want, int *asked)
{
    *want = limit_refused(limit);
    *asked = 0;
    if (*want == THREADING_OK && !is_mine(model))
        *want = THREADING_NOT_HELD;
    if (*want != THREADING_OK)
        return true;
    *asked = 1;
    if (true_at == 1)
        return true;
    if (!gives_up(limit, want) || (*want == THREADING_CANCELLED && true_at != NEVER))
        return false;
    *asked = *want == THREADING_TIMEOUT ? 2 : NEVER; /* of a stop it is not said */
    if (true_at == 2)
        *want = THREADING_OK;
    return true;
}

static void wait_for(threading_condition_t *condition, model_t *model)
{
    limit_t limit = any_limit();
    question_t question = {condition, chance(3) ? 1 : chance(2) ? 2 : NEVER, 0};
    threading_status_t want;
    int asked;
    if (chance(16)) {
        STATUS(THREADING_INVALID, condition, threading_condition_wait_for, (condition, NULL, NULL));
        return;
    }
    if (!wait_for_answer(model, limit, question.true_at, &want, &asked))
        return;
    if (limit.span == SPAN_FOREVER && chance(2))
        STATUS(want, condition, threading_condition_wait_for, (condition, ask, &question));
    else
        STATUS(want, condition, threading_condition_wait_for_timeout,
               (condition, ask, &question, limit.seconds));
    MUST(question.asked == asked || (asked == NEVER && question.asked > 0));
}

static void notify(threading_condition_t *condition, model_t *model)
{
    threading_status_t want = is_mine(model) ? THREADING_OK : THREADING_NOT_HELD;
    if (chance(2))
        STATUS(want, condition, threading_condition_notify_all, (condition));
    else
        STATUS(want, condition, threading_condition_notify, (condition, chance(9) ? SIZE_MAX : below(3)));
}

static void step(void)
{
    int i = (int)below(CONDITIONS);
    threading_condition_t *condition = &conditions[i];
    model_t *model = &models[i];
    about("condition", i);
    switch (below(16)) {
    case 0:
        if (chance(8))
            nulls();
        else
            renew(condition, model);
        break;
    case 1:
    case 2:
        look(condition, model);
        break;
    case 3:
        wait(condition, model);
        break;
    case 4:
    case 5:
        wait_for(condition, model);
        break;
    case 6:
    case 7:
        notify(condition, model);
        break;
    case 8:
        acquire(condition, model, TRY);
        break;
    case 9:
    case 10:
        acquire(condition, model, any_limit());
        break;
    case 11:
        acquire(condition, model, FOREVER);
        break;
    default:
        release(condition, model);
        break;
    }
}

const family_t condition_family = {"condition", 700, false, step, NULL, NULL};
