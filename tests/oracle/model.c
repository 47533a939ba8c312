/* SPDX-License-Identifier: MIT */
/* The model. Each operation is a function that changes the state and says what comes of it. */
#include "model.h"

#include <stdlib.h>
#include <string.h>

typedef enum outcome { ANSWERS, WAITS, ILLEGAL } outcome_t;

/* THREADING_TIMEOUT_MAX: the model does not read the header that it checks. */
static const double SECONDS_MAX = 9223372036.0;

typedef enum limit { LIMIT_NONE, LIMIT_TRY, LIMIT_SHORT, LIMIT_LONG, LIMIT_INVALID, LIMIT_OVERFLOW } limit_t;

/* The step that is being done, and `me`, its thread. */
typedef struct action {
    model_t *model;
    const step_t *step;
    int me;
    char *result;
} action_t;

static outcome_t answer(action_t *action, const char *result)
{
    text_copy(action->result, result);
    return ANSWERS;
}

static outcome_t answer_number(action_t *action, long number)
{
    snprintf(action->result, TEXT, "%ld", number);
    return ANSWERS;
}

/* What differs in CPython is left out of its scenarios. */
static outcome_t answer_unless_python(action_t *action, const char *result)
{
    return action->model->python ? ILLEGAL : answer(action, result);
}

/* ------------------------------------------------------------------------------------------------ time */

/* A limit is either so short that it runs out in the step or so long that it never does in the scenario. */
static limit_t limit_of_seconds(double seconds)
{
    if (seconds == -1)
        return LIMIT_NONE;
    if (!(seconds >= 0)) /* NaN too */
        return LIMIT_INVALID;
    if (seconds > SECONDS_MAX)
        return LIMIT_OVERFLOW;
    return seconds < 1 ? LIMIT_SHORT : LIMIT_LONG;
}

static limit_t limit_of(const step_t *step)
{
    switch (step->operation) {
    case OP_try_acquire:
    case OP_try_join:
        return LIMIT_TRY;
    case OP_acquire_timeout:
    case OP_join_timeout:
    case OP_sleep:
        return limit_of_seconds(strtod(step->argument, NULL));
    default:
        return LIMIT_NONE;
    }
}

static bool is_wrong(limit_t limit)
{
    return limit == LIMIT_INVALID || limit == LIMIT_OVERFLOW;
}

static outcome_t answer_wrong_limit(action_t *action, limit_t limit)
{
    double seconds = strtod(action->step->argument, NULL);
    const char *status = limit == LIMIT_OVERFLOW ? "OVERFLOW" : "INVALID";
    /* CPython calls what is below every clock an overflow, and takes a fraction above its own TIMEOUT_MAX. */
    bool differs = seconds < -1e9 || (seconds > SECONDS_MAX && seconds < SECONDS_MAX + 1);
    return differs ? answer_unless_python(action, status) : answer(action, status);
}

/* What a thread gets that would have to wait: what `limit` says, or it really waits. */
static outcome_t wait_or_give_up(action_t *action, limit_t limit, bool may_wait)
{
    if (limit == LIMIT_TRY)
        return answer(action, "BUSY");
    if (limit == LIMIT_SHORT)
        return answer(action, "TIMEOUT");
    return may_wait ? WAITS : ILLEGAL;
}

/* ------------------------------------------------------------------------------------------- deadlocks */

static bool waits(const model_t *model, int thread)
{
    return model->threads[thread].life == LIFE_WAITING;
}

/* The thread that `thread` waits for; NOBODY for one that runs, and for a Lock, which anyone may release. */
static int waits_for(const model_t *model, int thread)
{
    if (!waits(model, thread))
        return NOBODY;
    for (int i = 0; i < RLOCKS; i++)
        if (model->rlocks[i].waiter == thread)
            return model->rlocks[i].owner;
    return model->threads[thread].joins;
}

/* What `me` gets if it waits for `other`, so that nobody waits for ever. */
static outcome_t wait_for_thread(action_t *action, limit_t limit, int other)
{
    const model_t *model = action->model;
    bool timed = limit == LIMIT_LONG;
    int end = other;
    while (end != action->me && waits_for(model, end) != NOBODY) {
        timed = timed || model->threads[end].timed;
        end = waits_for(model, end);
    }
    if (end != action->me)
        return WAITS;
    /* A cycle. Nobody is told when a limit is in it; nor for certain before the others really wait. */
    if (timed || !model->settled)
        return ILLEGAL;
    return answer_unless_python(action, "DEADLOCK");
}

static void wake(model_t *model, int thread, const char *result)
{
    model->threads[thread].life = LIFE_WOKEN;
    model->threads[thread].joins = NOBODY;
    text_copy(model->threads[thread].result, result);
}

/* ------------------------------------------------------------------------------------------------ Lock */

static outcome_t acquire_lock(action_t *action, model_lock_t *lock)
{
    limit_t limit = limit_of(action->step);
    if (is_wrong(limit))
        return answer_wrong_limit(action, limit);
    if (lock->held) {
        outcome_t outcome = wait_or_give_up(action, limit, lock->waiter == NOBODY);
        if (outcome == WAITS)
            lock->waiter = action->me;
        return outcome;
    }
    lock->held = true;
    return answer(action, "OK");
}

static outcome_t release_lock(action_t *action, model_lock_t *lock)
{
    if (!lock->held)
        return answer(action, "NOT_HELD");
    if (lock->waiter == NOBODY)
        lock->held = false;
    else
        wake(action->model, lock->waiter, "OK");
    lock->waiter = NOBODY;
    return answer(action, "OK");
}

static outcome_t init_lock(action_t *action, model_lock_t *lock)
{
    if (lock->waiter != NOBODY)
        return ILLEGAL;
    lock->held = false;
    return answer(action, "OK");
}

static outcome_t do_lock(action_t *action)
{
    model_lock_t *lock = &action->model->locks[action->step->index];
    switch (action->step->operation) {
    case OP_release:
        return release_lock(action, lock);
    case OP_locked:
        return answer_number(action, lock->held);
    case OP_with:
        return lock->held ? ILLEGAL : answer_number(action, 1);
    case OP_init:
        return init_lock(action, lock);
    default:
        return acquire_lock(action, lock);
    }
}

/* ----------------------------------------------------------------------------------------------- RLock */

static bool owner_ended(const model_t *model, const model_rlock_t *rlock)
{
    return rlock->owner != NOBODY && model->threads[rlock->owner].life == LIFE_ENDED;
}

/* Another thread owns it. */
static outcome_t wait_for_rlock(action_t *action, model_rlock_t *rlock, limit_t limit)
{
    outcome_t outcome = wait_or_give_up(action, limit, true);
    if (outcome != WAITS)
        return outcome;
    if (owner_ended(action->model, rlock))
        return limit == LIMIT_NONE ? answer(action, "DEADLOCK") : ILLEGAL;
    outcome = wait_for_thread(action, limit, rlock->owner);
    if (outcome != WAITS)
        return outcome;
    if (rlock->waiter != NOBODY)
        return ILLEGAL;
    rlock->waiter = action->me;
    return WAITS;
}

static outcome_t acquire_rlock(action_t *action, model_rlock_t *rlock)
{
    limit_t limit = limit_of(action->step);
    if (is_wrong(limit))
        return answer_wrong_limit(action, limit);
    if (rlock->owner != NOBODY && rlock->owner != action->me)
        return wait_for_rlock(action, rlock, limit);
    rlock->owner = action->me;
    rlock->count++;
    return answer(action, "OK");
}

static outcome_t release_rlock(action_t *action, model_rlock_t *rlock)
{
    if (rlock->owner != action->me)
        return answer(action, "NOT_OWNER");
    if (--rlock->count == 0) {
        rlock->owner = rlock->waiter;
        rlock->count = rlock->waiter != NOBODY;
        if (rlock->waiter != NOBODY)
            wake(action->model, rlock->waiter, "OK");
        rlock->waiter = NOBODY;
    }
    return answer(action, "OK");
}

/* A living owner uses the lock. */
static outcome_t init_rlock(action_t *action, model_rlock_t *rlock)
{
    if (rlock->owner != NOBODY && !owner_ended(action->model, rlock))
        return ILLEGAL;
    rlock->owner = NOBODY;
    rlock->count = 0;
    return answer(action, "OK");
}

static outcome_t with_rlock(action_t *action, const model_rlock_t *rlock)
{
    if (owner_ended(action->model, rlock))
        return answer(action, "SKIPPED");
    if (rlock->owner != NOBODY && rlock->owner != action->me)
        return ILLEGAL;
    return answer_number(action, (long)rlock->count + 1);
}

static outcome_t do_rlock(action_t *action)
{
    model_rlock_t *rlock = &action->model->rlocks[action->step->index];
    bool mine = rlock->owner == action->me;
    switch (action->step->operation) {
    case OP_release:
        return release_rlock(action, rlock);
    case OP_locked:
        return answer_number(action, rlock->owner != NOBODY);
    case OP_is_owned:
        return answer_number(action, mine);
    case OP_count:
        return answer_number(action, mine ? (long)rlock->count : 0);
    case OP_with:
        return with_rlock(action, rlock);
    case OP_init:
        return init_rlock(action, rlock);
    default:
        return acquire_rlock(action, rlock);
    }
}

/* ---------------------------------------------------------------------------------------------- Thread */

static outcome_t new_thread(action_t *action, model_thread_t *thread)
{
    model_t *model = action->model;
    const step_t *step = action->step;
    if (thread->life != LIFE_ABSENT)
        return ILLEGAL;
    thread->life = LIFE_NEW;
    thread->daemon =
        step->operation == OP_new_daemon || (step->operation == OP_new && model->threads[action->me].daemon);
    if (strcmp(step->argument, "-") == 0)
        snprintf(thread->name, TEXT, "Thread+%d", ++model->automatic_names);
    else
        text_copy(thread->name, step->argument);
    return answer(action, "OK");
}

static outcome_t start_thread(action_t *action, model_thread_t *thread)
{
    model_t *model = action->model;
    if (thread->life != LIFE_NEW)
        return answer(action, "ALREADY_STARTED");
    thread->life = LIFE_RUNNING;
    model->started[model->alive++] = action->step->index;
    return answer(action, "OK");
}

static outcome_t wait_for_end(action_t *action, limit_t limit)
{
    int other = action->step->index;
    /* Main does not end before the scenario. */
    outcome_t outcome = wait_or_give_up(action, limit, other != 0);
    if (outcome == WAITS)
        outcome = wait_for_thread(action, limit, other);
    if (outcome == WAITS)
        action->model->threads[action->me].joins = other;
    return outcome;
}

static outcome_t join_thread(action_t *action, const model_thread_t *thread)
{
    limit_t limit = limit_of(action->step);
    if (is_wrong(limit)) /* CPython takes negatives for 0; before 3.13 the others mark a thread as ended */
        return answer_unless_python(action, limit == LIMIT_OVERFLOW ? "OVERFLOW" : "INVALID");
    if (thread->life == LIFE_NEW)
        return answer(action, "NOT_STARTED");
    if (thread->life == LIFE_ENDED)
        return answer(action, "OK");
    if (action->step->index == action->me)
        return answer(action, "DEADLOCK");
    return wait_for_end(action, limit);
}

static outcome_t answer_result(action_t *action, const model_thread_t *thread)
{
    if (action->step->index == 0)
        return answer_unless_python(action, "INVALID");
    if (thread->life == LIFE_NEW)
        return answer_unless_python(action, "NOT_STARTED");
    return answer_unless_python(action, thread->life == LIFE_ENDED ? thread->returned : "BUSY");
}

static outcome_t set_name(action_t *action, model_thread_t *thread)
{
    if (strcmp(action->step->argument, "-") == 0)
        return answer_unless_python(action, "INVALID"); /* CPython takes "" */
    text_copy(thread->name, action->step->argument);
    return answer(action, "OK");
}

static outcome_t set_daemon(action_t *action, model_thread_t *thread)
{
    if (thread->life != LIFE_NEW)
        return answer(action, "ALREADY_STARTED");
    thread->daemon = strcmp(action->step->argument, "1") == 0;
    return answer(action, "OK");
}

static outcome_t answer_ident_is_mine(action_t *action, const model_thread_t *thread)
{
    /* CPython gives the idents of ended threads again. */
    if (thread->life == LIFE_ENDED)
        return answer_unless_python(action, "0");
    return answer_number(action, action->step->index == action->me);
}

static outcome_t do_thread(action_t *action)
{
    model_thread_t *thread = &action->model->threads[action->step->index];
    operation_t operation = action->step->operation;
    if (operation == OP_new || operation == OP_new_daemon || operation == OP_new_not_daemon)
        return new_thread(action, thread);
    if (thread->life == LIFE_ABSENT)
        return ILLEGAL;
    switch (operation) {
    case OP_start:
        return start_thread(action, thread);
    case OP_is_alive:
        return answer_number(action, thread->life != LIFE_NEW && thread->life != LIFE_ENDED);
    case OP_result:
        return answer_result(action, thread);
    case OP_name:
        return answer(action, thread->name);
    case OP_set_name:
        return set_name(action, thread);
    case OP_daemon:
        return answer_number(action, thread->daemon);
    case OP_set_daemon:
        return set_daemon(action, thread);
    case OP_has_ident:
        return answer_number(action, thread->life != LIFE_NEW);
    case OP_ident_is_mine:
        return answer_ident_is_mine(action, thread);
    case OP_current_is:
        return answer_number(action, action->step->index == action->me);
    default:
        return join_thread(action, thread);
    }
}

/* The waiters of an owner that ends are told; false when there is one with a limit, which nobody tells. */
static bool leave_rlocks(model_t *model, int me)
{
    for (int i = 0; i < RLOCKS; i++) {
        model_rlock_t *rlock = &model->rlocks[i];
        if (rlock->owner != me)
            continue;
        if (model->python) /* the next thread may have the same ident, and so own it */
            return false;
        if (rlock->waiter == NOBODY)
            continue;
        if (model->threads[rlock->waiter].timed)
            return false;
        wake(model, rlock->waiter, "DEADLOCK");
        rlock->waiter = NOBODY;
    }
    return true;
}

static void end_copies(model_t *model, int thread)
{
    model_thread_t *it = &model->threads[thread];
    model->finalised += it->has_copy[1];
    memset(it->has_copy, 0, sizeof(it->has_copy));
}

static void take_from_started(model_t *model, int thread)
{
    int kept = 0;
    for (int i = 0; i < model->alive; i++)
        if (model->started[i] != thread)
            model->started[kept++] = model->started[i];
    model->alive = kept;
}

static outcome_t end_thread(action_t *action)
{
    model_t *model = action->model;
    model_thread_t *thread = &model->threads[action->me];
    if (action->me == 0 || !leave_rlocks(model, action->me))
        return ILLEGAL;
    for (int i = 0; i < model->count; i++)
        if (waits(model, i) && model->threads[i].joins == action->me)
            wake(model, i, "OK");
    end_copies(model, action->me);
    take_from_started(model, action->me);
    thread->life = LIFE_ENDED;
    text_copy(thread->returned, action->step->argument);
    return answer(action, "OK");
}

/* ----------------------------------------------------------------------------------------------- Local */

static int *copy_of(model_thread_t *thread, int local)
{
    if (!thread->has_copy[local])
        thread->copies[local] = local == 0 ? LOCAL0_BEGINS : LOCAL1_BEGINS;
    thread->has_copy[local] = true;
    return &thread->copies[local];
}

static outcome_t destroy_local(action_t *action)
{
    model_t *model = action->model;
    int local = action->step->index;
    for (int i = 0; i < model->count; i++) {
        if (local == 1)
            model->finalised += model->threads[i].has_copy[local];
        model->threads[i].has_copy[local] = false;
    }
    return answer(action, "OK");
}

static outcome_t do_local(action_t *action)
{
    int local = action->step->index;
    model_thread_t *me = &action->model->threads[action->me];
    switch (action->step->operation) {
    case OP_local_get:
        return answer_number(action, *copy_of(me, local));
    case OP_local_set:
        *copy_of(me, local) = atoi(action->step->argument);
        return answer(action, "OK");
    case OP_local_destroy:
        return destroy_local(action);
    default:
        return local == 1 ? answer_number(action, action->model->finalised) : ILLEGAL;
    }
}

/* ---------------------------------------------------------------------------------------------- Module */

static outcome_t answer_enumerate(action_t *action)
{
    const model_t *model = action->model;
    size_t length = 1;
    text_copy(action->result, "0");
    for (int i = 0; i < model->alive; i++)
        length += (size_t)snprintf(action->result + length, TEXT - length, ",%d", model->started[i]);
    return ANSWERS;
}

static outcome_t do_sleep(action_t *action)
{
    limit_t limit = limit_of(action->step);
    if (is_wrong(limit))
        return answer_wrong_limit(action, limit);
    return limit == LIMIT_SHORT ? answer(action, "OK") : ILLEGAL;
}

static outcome_t do_module(action_t *action)
{
    switch (action->step->operation) {
    case OP_exit:
    case OP_leave:
        return end_thread(action);
    case OP_active_count:
        return answer_number(action, action->model->alive + 1);
    case OP_enumerate:
        return answer_enumerate(action);
    case OP_sleep:
        return do_sleep(action);
    default:
        return action->me == 0 ? answer(action, "OK") : ILLEGAL; /* settle */
    }
}

/* --------------------------------------------------------------------------------------- NULL objects */

static outcome_t do_null(action_t *action)
{
    switch (action->step->operation) {
    case OP_with:
        return answer_unless_python(action, "SKIPPED");
    case OP_name:
    case OP_local_get:
    case OP_local_set:
        return answer_unless_python(action, "NULL");
    case OP_locked:
    case OP_is_owned:
    case OP_count:
    case OP_is_alive:
    case OP_daemon:
    case OP_has_ident:
        return answer_unless_python(action, "0");
    case OP_new:
    case OP_new_daemon:
    case OP_new_not_daemon:
    case OP_current_is:
    case OP_ident_is_mine:
    case OP_finalised:
        return ILLEGAL; /* they need an object to mean something */
    default:
        return answer_unless_python(action, "INVALID");
    }
}

/* ------------------------------------------------------------------------------------------- the whole */

void model_begin(model_t *model, const scenario_t *scenario)
{
    memset(model, 0, sizeof(*model));
    model->python = scenario->python;
    model->count = scenario->threads + 1;
    model->threads[0].life = LIFE_RUNNING;
    text_copy(model->threads[0].name, "MainThread");
    for (int i = 0; i < THREADS; i++)
        model->threads[i].joins = NOBODY;
    for (int i = 0; i < LOCKS; i++)
        model->locks[i].waiter = NOBODY;
    for (int i = 0; i < RLOCKS; i++)
        model->rlocks[i].owner = model->rlocks[i].waiter = NOBODY;
}

int model_woken(const model_t *model)
{
    for (int i = 0; i < model->count; i++)
        if (model->threads[i].life == LIFE_WOKEN)
            return i;
    return NOBODY;
}

static bool do_end(model_t *model, const step_t *step, char result[TEXT])
{
    model_thread_t *thread = &model->threads[step->thread];
    if (thread->life != LIFE_WOKEN)
        return false;
    thread->life = LIFE_RUNNING;
    text_copy(result, thread->result);
    return true;
}

static outcome_t do_operation(action_t *action)
{
    const step_t *step = action->step;
    if (step->kind != OBJECT_NONE && step->index == NO_OBJECT)
        return do_null(action);
    switch (step->kind) {
    case OBJECT_LOCK:
        return do_lock(action);
    case OBJECT_RLOCK:
        return do_rlock(action);
    case OBJECT_THREAD:
        return step->index < action->model->count ? do_thread(action) : ILLEGAL;
    case OBJECT_LOCAL:
        return do_local(action);
    default:
        return do_module(action);
    }
}

/* Does it to a model that may be spoilt. */
static bool try_step(model_t *model, const step_t *step, char result[TEXT])
{
    if (step->thread >= model->count)
        return false;
    if (step->form == FORM_END)
        return do_end(model, step, result);
    model_thread_t *thread = &model->threads[step->thread];
    if (model_woken(model) != NOBODY || thread->life != LIFE_RUNNING)
        return false;
    action_t action = {model, step, step->thread, result};
    outcome_t outcome = do_operation(&action);
    model->settled = step->operation == OP_settle;
    if (outcome != WAITS)
        return outcome == ANSWERS && step->form == FORM_PLAIN;
    thread->life = LIFE_WAITING;
    thread->timed = limit_of(step) == LIMIT_LONG;
    text_copy(result, "WAITS");
    return step->form == FORM_BEGIN && step->thread != 0;
}

bool model_do(model_t *model, const step_t *step, char result[TEXT])
{
    model_t after = *model;
    if (!try_step(&after, step, result))
        return false;
    *model = after;
    return true;
}

void model_view(const model_t *model, const step_t *step, view_t *view)
{
    static const char letters[] = "-nrwwe", daemons[] = "-NRWWE";
    for (int i = 0; i < LOCKS; i++)
        view->locks[i] = model->locks[i].held;
    view->has_mine = step_has_mine(step);
    for (int i = 0; i < RLOCKS; i++) {
        view->rlocks[i] = model->rlocks[i].owner != NOBODY;
        view->mine[i] = model->rlocks[i].owner == step->thread ? model->rlocks[i].count : 0;
    }
    for (int i = 0; i < model->count; i++)
        view->threads[i] = (model->threads[i].daemon ? daemons : letters)[model->threads[i].life];
    view->active = (unsigned)model->alive + 1;
}
