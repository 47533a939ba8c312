/* SPDX-License-Identifier: MIT */
/* Local and Stop: sections 16 and 17 of the header. */
#include <string.h>

#include "calls.h"

enum { LOCALS = 6 };

/* --------------------------------------------------------------------------------------- Local */

typedef struct local_model {
    size_t size;
    bool begins, ends; /* it has an initialiser, a finaliser */
    unsigned char *copies[ACTORS];
    unsigned char filled_with[ACTORS];
} local_model_t;

static threading_local_t local_objects[LOCALS];
static local_model_t local_models[LOCALS];
static unsigned begun, ended;
static unsigned to_end; /* how many should have ended */

static void begin_copy(void *copy)
{
    MUST(*(unsigned char *)copy == 0);
    *(unsigned char *)copy = 7;
    begun++;
}

static void end_copy(void *copy)
{
    MUST(*(unsigned char *)copy != 0);
    ended++;
}

static void local_nulls(void)
{
    about("no local", 0);
    STATUS(THREADING_INVALID, NULL, threading_local_init, (NULL, 8, NULL, NULL));
    STATUS(THREADING_INVALID, NULL, threading_local_destroy, (NULL));
    POINTER(NULL, threading_local_get, (NULL));
}

static size_t any_size(void)
{
    static const size_t sizes[] = {0, 1, 4, 8, 24, 63, 64, 65, 300, 5000};
    return sizes[below(10)];
}

/* Everybody's copies go. */
static void local_renew(int i)
{
    local_model_t *model = &local_models[i];
    for (int k = 0; k < ACTORS; k++)
        to_end += model->ends && model->copies[k] != NULL;
    STATUS(THREADING_OK, &local_objects[i], threading_local_destroy, (&local_objects[i]));
    MUST(ended == to_end);
    memset(model->copies, 0, sizeof model->copies);
    if (chance(2))
        return;
    *model = (local_model_t){any_size(), chance(2), false, {NULL}, {0}};
    model->ends = model->begins && chance(2);
    STATUS(
        THREADING_OK, &local_objects[i], threading_local_init,
        (&local_objects[i], model->size, model->begins ? begin_copy : NULL, model->ends ? end_copy : NULL));
}

static void check_new_copy(const local_model_t *model, const unsigned char *copy)
{
    MUST((uintptr_t)copy % sizeof(void *) == 0);
    MUST(copy[0] == (model->begins ? 7 : 0));
    for (size_t i = 1; i < model->size; i++)
        MUST(copy[i] == 0);
}

static void local_get(int i)
{
    local_model_t *model = &local_models[i];
    unsigned char **mine = &model->copies[acting()];
    unsigned expected = begun + (model->begins && model->size > 0 && *mine == NULL);
    call_t call = call_begins("threading_local_get", NULL);
    unsigned char *copy = threading_local_get(&local_objects[i]);
    call_gives_number(&call, copy != NULL, model->size > 0);
    MUST(begun == expected);
    if (copy == NULL)
        return;
    MUST(*mine == NULL || *mine == copy);
    if (*mine == NULL)
        check_new_copy(model, copy);
    else
        MUST(copy[0] == model->filled_with[acting()] && copy[model->size - 1] == copy[0]);
    *mine = copy;
    model->filled_with[acting()] = (unsigned char)(1 + below(255));
    memset(copy, model->filled_with[acting()], model->size);
}

/* The thread has been joined. */
static void local_left(person_t person, int actor)
{
    (void)person;
    for (int i = 0; i < LOCALS; i++) {
        to_end += local_models[i].ends && local_models[i].copies[actor] != NULL;
        local_models[i].copies[actor] = NULL;
    }
    MUST(ended == to_end);
}

static void local_step(void)
{
    int i = (int)below(LOCALS);
    about("local", i);
    if (chance(64))
        local_nulls();
    else if (chance(32))
        local_renew(i);
    else
        local_get(i);
}

static void local_end(void)
{
    for (int i = 0; i < LOCALS; i++)
        STATUS(THREADING_OK, &local_objects[i], threading_local_destroy, (&local_objects[i]));
}

const family_t local_family = {"local", 600, false, local_step, local_left, local_end};

/* ---------------------------------------------------------------------------------------- Stop */

typedef struct stop_model {
    bool is_requested; /* or its time is over */
    int parent;        /* -1 for none */
} stop_model_t;

static threading_stop_t stops[STOPS];
static stop_model_t stop_models[STOPS] = {{false, -1}, {false, -1}, {false, -1}, {false, -1}, {false, -1}};
static int heeded[ACTORS] = {-1, -1, -1}; /* which stop an actor heeds; -1 for none */

static bool is_requested(int i)
{
    while (i >= 0 && !stop_models[i].is_requested)
        i = stop_models[i].parent;
    return i >= 0;
}

bool heeds_a_stop(void)
{
    return heeded[acting()] >= 0;
}

bool is_told_to_stop(void)
{
    return is_requested(heeded[acting()]);
}

static bool descends(int i, int ancestor)
{
    while (i >= 0 && i != ancestor)
        i = stop_models[i].parent;
    return i == ancestor;
}

/* Nobody heeds it, nor a child of it. */
static bool is_unheeded(int i)
{
    for (int k = 0; k < ACTORS; k++)
        if (heeded[k] >= 0 && descends(heeded[k], i))
            return false;
    return true;
}

static void stop_nulls(void)
{
    about("no stop", 0);
    STATUS(THREADING_INVALID, NULL, threading_stop_init, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_stop_init_child, (NULL, NULL, any_limit().seconds));
    STATUS(THREADING_INVALID, NULL, threading_stop_request, (NULL));
    NUMBER(false, threading_stop_requested, (NULL));
}

/* A time that is soon over would be left to chance. */
static void stop_renew_child(int i)
{
    limit_t limit = any_limit();
    int parent = chance(2) ? (int)below(STOPS) : -1;
    if (limit.span == SPAN_SHORT)
        return;
    threading_status_t want = limit_refused(limit);
    if (want == THREADING_OK && parent >= 0 && descends(parent, i))
        want = THREADING_INVALID;
    STATUS(want, &stops[i], threading_stop_init_child,
           (&stops[i], parent >= 0 ? &stops[parent] : NULL, limit.seconds));
    if (want == THREADING_OK)
        stop_models[i] = (stop_model_t){limit.span == SPAN_ZERO, parent};
}

static void stop_renew(int i)
{
    if (!is_unheeded(i))
        return;
    if (chance(2)) {
        stop_renew_child(i);
        return;
    }
    if (chance(2))
        STATUS(THREADING_OK, &stops[i], threading_stop_init, (&stops[i]));
    else
        memset(&stops[i], 0, sizeof stops[i]);
    stop_models[i] = (stop_model_t){false, -1};
}

static void stop_heed(int i)
{
    int before = heeded[acting()];
    heeded[acting()] = i;
    POINTER(before >= 0 ? &stops[before] : NULL, threading_stop_heed, (i >= 0 ? &stops[i] : NULL));
}

static void stop_step(void)
{
    int i = (int)below(STOPS);
    about("stop", i);
    switch (below(10)) {
    case 0:
        if (chance(8))
            stop_nulls();
        break;
    case 1:
    case 2:
        stop_renew(i);
        break;
    case 3:
        STATUS(THREADING_OK, &stops[i], threading_stop_request, (&stops[i]));
        stop_models[i].is_requested = true;
        break;
    case 4:
    case 5:
        stop_heed(i);
        break;
    case 6:
    case 7:
        stop_heed(-1);
        break;
    default:
        NUMBER(is_requested(i), threading_stop_requested, (&stops[i]));
        break;
    }
}

static void stop_left(person_t person, int actor)
{
    (void)person;
    heeded[actor] = -1;
}

/* What comes after the last step shall wait as ever. */
static void stop_end(void)
{
    stop_heed(-1);
}

const family_t stop_family = {"stop", 200, false, stop_step, stop_left, stop_end};
