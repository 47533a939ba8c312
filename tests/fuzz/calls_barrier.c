/* SPDX-License-Identifier: MIT */
/* Barrier and Once: sections 12 and 13 of the header. A barrier of one party trips; one of several loses its
 * party by a limit or a stop, and breaks. */
#include <string.h>

#include "calls.h"

enum { BARRIERS = 4, ONCES = 5 };

/* ------------------------------------------------------------------------------------- Barrier */

/* What a barrier's action does to the barrier. */
typedef enum deed { DEED_NONE, DEED_NOTHING, DEED_WAITS, DEED_RESETS, DEED_ABORTS, DEEDS } deed_t;

typedef struct barrier_model {
    size_t parties;
    deed_t deed;
    limit_t limit;
    bool is_broken;
    unsigned acted;
} barrier_model_t;

static threading_barrier_t barriers[BARRIERS];
static barrier_model_t barrier_models[BARRIERS];

static void act(void *arg)
{
    int i = (int)((barrier_model_t *)arg - barrier_models);
    threading_barrier_t *barrier = &barriers[i];
    barrier_model_t *model = &barrier_models[i];
    model->acted++;
    switch (model->deed) {
    case DEED_WAITS:
        STATUS(THREADING_DEADLOCK, barrier, threading_barrier_wait_timeout, (barrier, 0, NULL));
        break;
    case DEED_RESETS:
        STATUS(THREADING_OK, barrier, threading_barrier_reset, (barrier));
        break;
    case DEED_ABORTS:
        STATUS(THREADING_OK, barrier, threading_barrier_abort, (barrier));
        model->is_broken = true;
        break;
    default:
        NUMBER(false, threading_barrier_broken, (barrier));
        break;
    }
}

static void barrier_nulls(void)
{
    about("no barrier", 0);
    STATUS(THREADING_INVALID, NULL, threading_barrier_init, (NULL, below(3)));
    STATUS(THREADING_INVALID, NULL, threading_barrier_init_with,
           (NULL, below(3), NULL, NULL, any_limit().seconds));
    STATUS(THREADING_INVALID, NULL, threading_barrier_wait, (NULL, NULL));
    STATUS(THREADING_INVALID, NULL, threading_barrier_wait_timeout, (NULL, any_limit().seconds, NULL));
    STATUS(THREADING_INVALID, NULL, threading_barrier_reset, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_barrier_abort, (NULL));
    NUMBER(0, threading_barrier_parties, (NULL));
    NUMBER(0, threading_barrier_n_waiting, (NULL));
    NUMBER(false, threading_barrier_broken, (NULL));
}

static size_t any_parties(void)
{
    size_t parties = chance(2) ? 1 : chance(20) ? SIZE_MAX : below(4);
    noting((double)parties);
    return parties;
}

/* Of two wrong arguments it is not said which one is told. */
static void barrier_renew(int i)
{
    barrier_model_t model = {any_parties(), (deed_t)below(DEEDS), any_limit(), false, 0};
    threading_status_t want = limit_refused(model.limit);
    if (model.parties == 0) {
        STATUS(THREADING_INVALID, &barriers[i], threading_barrier_init, (&barriers[i], 0));
        STATUS(THREADING_INVALID, &barriers[i], threading_barrier_init_with, (&barriers[i], 0, act, NULL, 1));
        return;
    }
    if (chance(3)) {
        model.deed = DEED_NONE;
        model.limit = FOREVER;
        STATUS(THREADING_OK, &barriers[i], threading_barrier_init, (&barriers[i], model.parties));
    } else {
        STATUS(want, &barriers[i], threading_barrier_init_with,
               (&barriers[i], model.parties, model.deed == DEED_NONE ? NULL : act, &barrier_models[i],
                model.limit.seconds));
        if (want != THREADING_OK)
            return;
    }
    barrier_models[i] = model;
}

/* The last party has come: whether the wait succeeds is up to the action. */
static threading_status_t trip_answer(const barrier_model_t *model)
{
    return model->deed == DEED_RESETS || model->deed == DEED_ABORTS ? THREADING_BROKEN : THREADING_OK;
}

/* What a wait answers; false when it would wait for ever. */
static bool barrier_answer(barrier_model_t *model, limit_t limit, threading_status_t *want)
{
    *want = limit_refused(limit);
    if (*want != THREADING_OK)
        return true;
    *want = model->parties == 0 ? THREADING_INVALID : THREADING_BROKEN;
    if (model->parties == 0 || model->is_broken)
        return true;
    *want = trip_answer(model);
    if (model->parties == 1)
        return true;
    if (!gives_up(limit, want))
        return false;
    if (*want == THREADING_TIMEOUT)
        *want = THREADING_BROKEN;
    model->is_broken = true;
    return true;
}

static void barrier_wait(int i)
{
    barrier_model_t *model = &barrier_models[i];
    bool by_default = chance(2);
    limit_t limit = by_default ? model->limit : any_limit();
    bool acts = model->parties == 1 && model->deed != DEED_NONE && !model->is_broken &&
                limit_refused(limit) == THREADING_OK;
    unsigned acted = model->acted + acts;
    size_t index = 99;
    threading_status_t want;
    if (!barrier_answer(model, limit, &want))
        return;
    if (by_default)
        STATUS(want, &barriers[i], threading_barrier_wait, (&barriers[i], &index));
    else
        STATUS(want, &barriers[i], threading_barrier_wait_timeout, (&barriers[i], limit.seconds, &index));
    MUST(index == (want == THREADING_OK ? 0 : 99));
    MUST(model->acted == acted);
}

static void barrier_look(int i)
{
    NUMBER(barrier_models[i].parties, threading_barrier_parties, (&barriers[i]));
    NUMBER(0, threading_barrier_n_waiting, (&barriers[i]));
    NUMBER(barrier_models[i].is_broken, threading_barrier_broken, (&barriers[i]));
}

static void barrier_step(void)
{
    int i = (int)below(BARRIERS);
    about("barrier", i);
    switch (below(12)) {
    case 0:
        if (chance(8))
            barrier_nulls();
        break;
    case 1:
        if (chance(20)) {
            static const threading_barrier_t of_nobody = THREADING_BARRIER_INIT(0);
            barriers[i] = of_nobody;
            barrier_models[i] = (barrier_model_t){0, DEED_NONE, FOREVER, false, 0};
        } else
            barrier_renew(i);
        break;
    case 2:
    case 3:
        barrier_look(i);
        break;
    case 4:
    case 5:
        STATUS(THREADING_OK, &barriers[i], threading_barrier_reset, (&barriers[i]));
        barrier_models[i].is_broken = false;
        break;
    case 6:
        STATUS(THREADING_OK, &barriers[i], threading_barrier_abort, (&barriers[i]));
        barrier_models[i].is_broken = true;
        break;
    default:
        barrier_wait(i);
        break;
    }
}

const family_t barrier_family = {"barrier", 500, false, barrier_step, NULL, NULL};

/* ---------------------------------------------------------------------------------------- Once */

typedef enum progress { NOT_DONE, RUNS, IS_DONE, ABANDONED } progress_t;

static threading_once_t onces[ONCES];
static progress_t progress[ONCES];

static void once(int i);

/* Calls others in turn, itself maybe; and sometimes ends its thread. */
static void run_once(void *arg)
{
    int i = (int)((progress_t *)arg - progress);
    MUST(progress[i] == NOT_DONE);
    progress[i] = RUNS;
    if (chance(2))
        once((int)below(ONCES));
    about("once", i);
    if (acting() != 0 && chance(300)) {
        for (int k = 0; k < ONCES; k++)
            progress[k] = progress[k] == RUNS ? ABANDONED : progress[k];
        leave_now();
    }
}

/* Nobody else runs one: the actors stand still. */
static void once(int i)
{
    about("once", i);
    bool is_deadlock = progress[i] == RUNS || progress[i] == ABANDONED;
    if (progress[i] == NOT_DONE) {
        STATUS(THREADING_OK, &onces[i], threading_once, (&onces[i], run_once, &progress[i]));
        MUST(progress[i] == RUNS);
        progress[i] = IS_DONE;
    } else
        STATUS(is_deadlock ? THREADING_DEADLOCK : THREADING_OK, &onces[i], threading_once,
               (&onces[i], run_once, &progress[i]));
}

static void once_renew(int i)
{
    if (chance(2))
        STATUS(THREADING_OK, &onces[i], threading_once_init, (&onces[i]));
    else
        memset(&onces[i], 0, sizeof onces[i]);
    progress[i] = NOT_DONE;
}

static void once_step(void)
{
    int i = (int)below(ONCES);
    about("once", i);
    if (chance(50)) {
        STATUS(THREADING_INVALID, NULL, threading_once_init, (NULL));
        STATUS(THREADING_INVALID, NULL, threading_once, (NULL, run_once, NULL));
        STATUS(THREADING_INVALID, &onces[i], threading_once, (&onces[i], NULL, NULL));
    } else if (chance(3))
        once_renew(i);
    else
        once(i);
}

const family_t once_family = {"once", 400, false, once_step, NULL, NULL};
