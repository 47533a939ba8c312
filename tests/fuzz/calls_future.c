/* SPDX-License-Identifier: MIT */
/* Future, threading_wait() and threading_as_completed(): section 20 of the header. */
#include <string.h>

#include "calls.h"

enum { FUTURES = 6, SET = 8 };

typedef enum state { PENDING, RUNNING, CANCELLED, NOTIFIED, FINISHED, FAILED } state_t;

typedef struct model {
    threading_future_t *future;
    state_t state;
    unsigned references;
    void *value;
    threading_status_t error;
    uint64_t done_as; /* how many were done before it */
    unsigned callbacks, called;
} model_t;

static model_t models[FUTURES];
static uint64_t done_count;

static bool is_done(const model_t *model)
{
    return model->state >= CANCELLED;
}

/* ------------------------------------------------------------------------------------- callbacks */

/* They are called in the order in which they were added: `arg` is the model, and its number follows from
 * `called`. */
static void note_done(threading_future_t *future, void *arg)
{
    model_t *model = arg;
    MUST(model->future == future);
    model->called++;
    NUMBER(true, threading_future_done, (future));
}

static void becomes(model_t *model, state_t state)
{
    bool was_done = is_done(model);
    model->state = state;
    if (!was_done && is_done(model))
        model->done_as = ++done_count;
}

/* After a call: all callbacks were called just if it is done. */
static void check_callbacks(const model_t *model)
{
    MUST(model->called == (is_done(model) ? model->callbacks : 0));
}

static void add_callback(model_t *model)
{
    STATUS(THREADING_INVALID, model->future, threading_future_add_done_callback, (model->future, NULL, NULL));
    if (model->callbacks > 20)
        return;
    model->callbacks++;
    STATUS(THREADING_OK, model->future, threading_future_add_done_callback,
           (model->future, note_done, model));
    check_callbacks(model);
}

/* ------------------------------------------------------------------------------------- one future */

static void make(model_t *model)
{
    memset(model, 0, sizeof *model);
    QUIET(model->future = threading_future_new());
    MUST(model->future != NULL);
    model->references = 1;
}

static void give_back(model_t *model)
{
    QUIET(threading_future_free(model->future));
    if (--model->references == 0)
        model->future = NULL;
}

/* The status that it was given is not told as a misuse, so that it is compared here and not by STATUS(). */
static void check_error(model_t *model, limit_t limit)
{
    call_t call = call_begins("threading_future_result_timeout", model->future);
    threading_status_t got = threading_future_result_timeout(model->future, limit.seconds, NULL);
    MUST(got == model->error);
    call_gives_number(&call, got, model->error);
}

static bool result_answer(const model_t *model, limit_t limit, threading_status_t *want)
{
    *want = limit_refused(limit);
    if (*want != THREADING_OK || model->state == FINISHED)
        return true;
    *want = model->state == FAILED ? model->error : THREADING_CANCELLED;
    return is_done(model) || gives_up(limit, want);
}

static void result(model_t *model)
{
    limit_t limit = any_limit();
    void *value = &value;
    threading_status_t want;
    if (!result_answer(model, limit, &want))
        return;
    if (model->state == FAILED && limit_refused(limit) == THREADING_OK) {
        check_error(model, limit);
        return;
    }
    if (limit.span == SPAN_FOREVER && chance(2))
        STATUS(want, model->future, threading_future_result, (model->future, &value));
    else
        STATUS(want, model->future, threading_future_result_timeout, (model->future, limit.seconds, &value));
    MUST(value == (want == THREADING_OK ? model->value : &value));
}

static void cancel(model_t *model)
{
    static const threading_status_t answers[] = {THREADING_OK, THREADING_BUSY, THREADING_OK,
                                                 THREADING_OK, THREADING_BUSY, THREADING_BUSY};
    threading_status_t want = answers[model->state];
    if (model->state == PENDING)
        becomes(model, CANCELLED);
    STATUS(want, model->future, threading_future_cancel, (model->future));
    check_callbacks(model);
}

static void start(model_t *model)
{
    threading_status_t want = model->state == PENDING     ? THREADING_OK
                              : model->state == CANCELLED ? THREADING_CANCELLED
                                                          : THREADING_INVALID;
    STATUS(want, model->future, threading_future_start, (model->future));
    if (model->state == PENDING)
        model->state = RUNNING;
    else if (model->state == CANCELLED)
        model->state = NOTIFIED;
}

static void finish(model_t *model)
{
    static const threading_status_t no_errors[] = {THREADING_OK, THREADING_STATUS_COUNT,
                                                   (threading_status_t)-1, (threading_status_t)1000};
    threading_status_t want = is_done(model) ? THREADING_INVALID : THREADING_OK;
    if (chance(8)) {
        threading_status_t status = no_errors[chance(2) ? 0 : below(4)];
        STATUS(THREADING_INVALID, model->future, threading_future_set_error, (model->future, status));
    } else if (chance(2)) {
        threading_status_t error = (threading_status_t)(1 + below(THREADING_STATUS_COUNT - 1));
        if (!is_done(model)) {
            model->error = error;
            becomes(model, FAILED);
        }
        STATUS(want, model->future, threading_future_set_error, (model->future, error));
    } else {
        void *value = &models[below(FUTURES)];
        if (!is_done(model)) {
            model->value = value;
            becomes(model, FINISHED);
        }
        STATUS(want, model->future, threading_future_set_result, (model->future, value));
    }
    check_callbacks(model);
}

static void look(const model_t *model)
{
    NUMBER(model->state == CANCELLED || model->state == NOTIFIED, threading_future_cancelled,
           (model->future));
    NUMBER(model->state == RUNNING, threading_future_running, (model->future));
    NUMBER(is_done(model), threading_future_done, (model->future));
}

static void nulls(void)
{
    about("no future", 0);
    POINTER(NULL, threading_future_retain, (NULL));
    QUIET(threading_future_free(NULL));
    STATUS(THREADING_INVALID, NULL, threading_future_result, (NULL, NULL));
    STATUS(THREADING_INVALID, NULL, threading_future_result_timeout, (NULL, any_limit().seconds, NULL));
    STATUS(THREADING_INVALID, NULL, threading_future_cancel, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_future_add_done_callback, (NULL, note_done, NULL));
    STATUS(THREADING_INVALID, NULL, threading_future_start, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_future_set_result, (NULL, NULL));
    STATUS(THREADING_INVALID, NULL, threading_future_set_error, (NULL, THREADING_BUSY));
    NUMBER(false, threading_future_cancelled, (NULL));
    NUMBER(false, threading_future_running, (NULL));
    NUMBER(false, threading_future_done, (NULL));
}

static void future_step(void)
{
    int i = (int)below(FUTURES);
    model_t *model = &models[i];
    about("future", i);
    if (model->future == NULL) {
        make(model);
        return;
    }
    switch (below(12)) {
    case 0:
        if (chance(8))
            nulls();
        break;
    case 1:
        if (model->references < 3 && chance(2)) {
            POINTER(model->future, threading_future_retain, (model->future));
            model->references++;
        } else
            give_back(model);
        break;
    case 2:
    case 3:
        look(model);
        break;
    case 4:
        cancel(model);
        break;
    case 5:
    case 6:
        start(model);
        break;
    case 7:
        finish(model);
        break;
    case 8:
    case 9:
        add_callback(model);
        break;
    default:
        result(model);
        break;
    }
}

static void future_end(void)
{
    for (int i = 0; i < FUTURES; i++)
        while (models[i].future != NULL)
            give_back(&models[i]);
}

bool future_source(threading_source_t *source, bool *is_ready)
{
    const model_t *model = &models[below(FUTURES)];
    *source = (threading_source_t)THREADING_SOURCE_FUTURE(model->future);
    *is_ready = is_done(model);
    return model->future != NULL;
}

const family_t future_family = {"future", 500, false, future_step, NULL, future_end};

/* ---------------------------------------------------------------------------------- several futures */

/* Some futures, one maybe more than once; and what is known of them. */
typedef struct set {
    threading_future_t *futures[SET];
    const model_t *models[SET];
    size_t count, done, failed;
} set_t;

static set_t any_set(void)
{
    set_t set = {{NULL}, {NULL}, 0, 0, 0};
    for (uint32_t i = below(SET + 1); i > 0; i--) {
        const model_t *model = &models[below(FUTURES)];
        if (model->future == NULL)
            continue;
        set.futures[set.count] = model->future;
        set.models[set.count++] = model;
        set.done += is_done(model);
        set.failed += model->state == FAILED;
    }
    noting((double)set.count);
    return set;
}

static void wait_wrong(void)
{
    set_t set = any_set();
    size_t done = 99;
    STATUS(THREADING_INVALID, NULL, threading_wait, (NULL, 1, 0, THREADING_ALL_COMPLETED, &done));
    STATUS(THREADING_INVALID, set.futures, threading_wait,
           (set.futures, set.count, 0, (threading_when_t)3, &done));
    if (set.count > 0) {
        set.futures[below((uint32_t)set.count)] = NULL;
        STATUS(THREADING_INVALID, set.futures, threading_wait,
               (set.futures, set.count, 0, THREADING_FIRST_COMPLETED, &done));
        POINTER(NULL, threading_as_completed, (set.futures, set.count, 0));
    }
    POINTER(NULL, threading_as_completed, (NULL, 1, 0));
    MUST(done == 99);
}

static bool is_over(const set_t *set, threading_when_t when)
{
    return set->done == set->count || (when == THREADING_FIRST_COMPLETED && set->done > 0) ||
           (when == THREADING_FIRST_EXCEPTION && set->failed > 0);
}

static void wait(void)
{
    set_t set = any_set();
    threading_when_t when = (threading_when_t)below(3);
    limit_t limit = any_limit();
    size_t done = 99;
    threading_status_t want = limit_refused(limit);
    if (want == THREADING_OK && !is_over(&set, when) && !gives_up(limit, &want))
        return;
    threading_future_t **array = set.count == 0 && chance(2) ? NULL : set.futures;
    STATUS(want, array, threading_wait, (array, set.count, limit.seconds, when, &done));
    MUST(done == (limit_refused(limit) == THREADING_OK ? set.done : 99));
}

/* Each one counts once. */
static void make_unique(set_t *set)
{
    size_t kept = 0;
    for (size_t i = 0; i < set->count; i++) {
        bool is_new = true;
        for (size_t k = 0; k < kept; k++)
            is_new = is_new && set->models[k] != set->models[i];
        if (is_new)
            set->models[kept++] = set->models[i];
    }
    set->count = kept;
}

/* The one that was done first of those from `taken` on, put at `taken`; false when none is done. */
static bool next_done(set_t *set, size_t taken)
{
    size_t first = taken;
    for (size_t i = taken; i < set->count; i++)
        if (is_done(set->models[i]) &&
            (!is_done(set->models[first]) || set->models[i]->done_as < set->models[first]->done_as))
            first = i;
    if (taken == set->count || !is_done(set->models[first]))
        return false;
    const model_t *model = set->models[first];
    set->models[first] = set->models[taken];
    set->models[taken] = model;
    return true;
}

static bool next_answer(set_t *set, size_t taken, limit_t limit, threading_status_t *want)
{
    *want = taken == set->count ? THREADING_EMPTY : THREADING_OK;
    return taken == set->count || next_done(set, taken) || gives_up(limit, want);
}

static void as_completed(void)
{
    set_t set = any_set();
    limit_t limit = any_limit();
    threading_completed_t *completed;
    threading_status_t want = THREADING_OK;
    QUIET(completed = threading_as_completed(set.futures, set.count, limit.seconds));
    MUST((completed != NULL) == (limit_refused(limit) == THREADING_OK));
    make_unique(&set);
    for (size_t taken = 0; completed != NULL && want == THREADING_OK && chance(8) == false; taken++) {
        threading_future_t *future = NULL;
        if (!next_answer(&set, taken, limit, &want))
            break;
        STATUS(want, completed, threading_completed_next, (completed, &future));
        MUST(future == (want == THREADING_OK ? set.models[taken]->future : NULL));
    }
    QUIET(threading_completed_free(completed));
}

static void futures_step(void)
{
    about("futures", 0);
    if (chance(16)) {
        wait_wrong();
        STATUS(THREADING_INVALID, NULL, threading_completed_next, (NULL, NULL));
    } else if (chance(2))
        wait();
    else
        as_completed();
}

const family_t futures_family = {"futures", 200, false, futures_step, NULL, NULL};
