/* SPDX-License-Identifier: MIT */
/*
 * A scenario is made by proposing steps to the model until it allows one. What waits is begun, what was woken ends
 * at once, and at the end every thread is led to its exit: so no script hangs, however it came to be.
 */
#include "generate.h"

#include <stdlib.h>
#include <string.h>

#include "model.h"

typedef struct maker {
    scenario_t *scenario;
    model_t model;
    uint64_t random;
} maker_t;

/* The steps that lead to the end need room too: at most these for each thread. */
enum { STEPS_TO_END = 60 };

static void maker_begin(maker_t *maker, scenario_t *scenario, uint32_t seed)
{
    maker->scenario = scenario;
    maker->random = seed;
    scenario->seed = seed;
    scenario->count = 0;
    model_begin(&maker->model, scenario);
}

/* splitmix64: small, and the same on every machine. */
static uint64_t random_bits(maker_t *maker)
{
    uint64_t bits = maker->random += 0x9E3779B97F4A7C15u;
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9u;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu;
    return bits ^ (bits >> 31);
}

static int random_below(maker_t *maker, int limit)
{
    return (int)(random_bits(maker) % (uint64_t)limit);
}

static bool by_chance(maker_t *maker, int percent)
{
    return random_below(maker, 100) < percent;
}

/* ------------------------------------------------------------------------------------ taking in steps */

static bool add(maker_t *maker, const step_t *step)
{
    char result[TEXT];
    if (maker->scenario->count == STEPS || !model_do(&maker->model, step, result))
        return false;
    maker->scenario->steps[maker->scenario->count++] = *step;
    return true;
}

static void add_ends(maker_t *maker)
{
    for (int thread = model_woken(&maker->model); thread != NOBODY; thread = model_woken(&maker->model)) {
        step_t end = {.thread = thread, .form = FORM_END};
        if (!add(maker, &end))
            return;
    }
}

static bool add_now(maker_t *maker, int thread, operation_t operation, object_t kind, int index)
{
    step_t step = {.thread = thread, .operation = operation, .kind = kind, .index = index, .argument = "0"};
    if (operation_argument(operation) == ARGUMENT_NONE)
        step.argument[0] = '\0';
    bool added = add(maker, &step);
    add_ends(maker);
    return added;
}

/* ------------------------------------------------------------------------------------------- the end */

/* Lets a thread go on that waits for a lock which nobody else will release. */
static bool release_for_a_waiter(maker_t *maker)
{
    const model_t *model = &maker->model;
    for (int i = 0; i < LOCKS; i++)
        if (model->locks[i].waiter != NOBODY)
            return add_now(maker, 0, OP_release, OBJECT_LOCK, i);
    for (int i = 0; i < RLOCKS; i++) {
        int owner = model->rlocks[i].owner;
        if (model->rlocks[i].waiter != NOBODY && model->threads[owner].life == LIFE_RUNNING)
            return add_now(maker, owner, OP_release, OBJECT_RLOCK, i);
    }
    return false;
}

static bool end_a_thread(maker_t *maker)
{
    const model_t *model = &maker->model;
    for (int thread = 1; thread < model->count; thread++) {
        if (model->threads[thread].life != LIFE_RUNNING)
            continue;
        for (int i = 0; i < RLOCKS; i++)
            if (model->rlocks[i].owner == thread)
                return add_now(maker, thread, OP_release, OBJECT_RLOCK, i);
        return add_now(maker, thread, OP_exit, OBJECT_NONE, 0);
    }
    return false;
}

/* Waiters first: whoever ends as the owner of what somebody wants would have to tell them. */
static void lead_to_end(maker_t *maker)
{
    add_ends(maker);
    while (release_for_a_waiter(maker) || end_a_thread(maker))
        ;
    if (maker->model.alive > 0) {
        fprintf(stderr, "oracle: scenario %u cannot be led to its end\n", (unsigned)maker->scenario->seed);
        scenario_print(stderr, maker->scenario);
        exit(2);
    }
}

/* -------------------------------------------------------------------------------------- random steps */

static operation_t random_operation(maker_t *maker)
{
    int sum = 0;
    for (int i = 0; i < OPERATIONS; i++)
        sum += (int)operation_weight((operation_t)i);
    int at = random_below(maker, sum), operation = 0;
    while ((at -= (int)operation_weight((operation_t)operation)) >= 0)
        operation++;
    return (operation_t)operation;
}

static void random_object(maker_t *maker, step_t *step)
{
    unsigned objects = operation_objects(step->operation);
    step->kind = (object_t)objects;
    if (objects == OBJECT_LOCKS)
        step->kind = by_chance(maker, 50) ? OBJECT_LOCK : OBJECT_RLOCK;
    if (step->kind == OBJECT_THREAD)
        step->index = random_below(maker, maker->model.count);
    else if (step->kind == OBJECT_LOCAL)
        step->index = random_below(maker, LOCALS);
    else if (step->kind != OBJECT_NONE)
        step->index = random_below(maker, LOCKS);
    if (step->kind != OBJECT_NONE && by_chance(maker, 1))
        step->index = NO_OBJECT;
}

#define ONE_OF(maker, texts) (texts)[random_below((maker), (int)(sizeof(texts) / sizeof((texts)[0])))]

static const char *random_seconds(maker_t *maker)
{
    static const char *const good[] = {"0",     "0",    "0.001",      "0.0001", "1e-9", "1e-12",
                                       "0.003", "1000", "9223372036", "-1",     "-1",   "1000"};
    static const char *const wrong[] = {"nan",        "-2",  "-0.5",  "-1e-12",     "-1e100",       "-inf",
                                        "-1.0000001", "inf", "1e100", "9223372037", "9223372036.5", "1e19"};
    return by_chance(maker, 80) ? ONE_OF(maker, good) : ONE_OF(maker, wrong);
}

static const char *random_name(maker_t *maker)
{
    static const char *const names[] = {"-",
                                        "-",
                                        "-",
                                        "w",
                                        "worker",
                                        "fifteen-letters",
                                        "sixteen--letters",
                                        "a-name-that-is-longer-than-what-any-system-can-hold-of-it",
                                        "f\303\244dchen",
                                        "sixteen-byt\303\251-\303\251\303\251\303\251",
                                        "\346\227\245\346\234\254\350\252\236",
                                        "MainThread"};
    return ONE_OF(maker, names);
}

static void random_argument(maker_t *maker, step_t *step)
{
    step->argument[0] = '\0';
    switch (operation_argument(step->operation)) {
    case ARGUMENT_SECONDS:
        text_copy(step->argument, random_seconds(maker));
        break;
    case ARGUMENT_NAME:
        text_copy(step->argument, random_name(maker));
        break;
    case ARGUMENT_NUMBER:
        snprintf(step->argument, TEXT, "%d", random_below(maker, 1000));
        break;
    case ARGUMENT_FLAG:
        text_copy(step->argument, by_chance(maker, 50) ? "1" : "0");
        break;
    default:
        break;
    }
}

static void random_step(maker_t *maker, step_t *step)
{
    memset(step, 0, sizeof(*step));
    step->thread = by_chance(maker, 30) ? 0 : random_below(maker, maker->model.count);
    step->operation = random_operation(maker);
    random_object(maker, step);
    random_argument(maker, step);
}

/* A cycle is told for certain only to those who give the others time to wait. */
static bool add_settled(maker_t *maker, const step_t *step)
{
    static const step_t settle = {.operation = OP_settle};
    maker_t trial = *maker;
    char result[TEXT];
    if (!by_chance(maker, 30) || maker->model.python || !model_do(&trial.model, &settle, result) ||
        !model_do(&trial.model, step, result))
        return false;
    return add(maker, &settle) && add(maker, step);
}

static bool add_waiting(maker_t *maker, step_t step)
{
    step.form = FORM_BEGIN;
    return add(maker, &step);
}

/* Waits are rare among random steps, so they are looked for. */
static void add_wait(maker_t *maker)
{
    static const operation_t operations[] = {OP_acquire, OP_acquire, OP_acquire_timeout, OP_join,
                                             OP_join_timeout};
    bool added = false;
    for (int i = 0; i < 20 && !added; i++) {
        step_t step;
        random_step(maker, &step);
        step.operation = ONE_OF(maker, operations);
        random_object(maker, &step);
        random_argument(maker, &step);
        added = add_waiting(maker, step);
    }
}

static void add_random(maker_t *maker)
{
    step_t step;
    random_step(maker, &step);
    if (by_chance(maker, 8))
        add_wait(maker);
    else if (!add(maker, &step) && !add_settled(maker, &step))
        (void)add_waiting(maker, step);
    add_ends(maker);
}

/* Most scenarios need threads to say something, made by main or by each other. */
static void add_threads(maker_t *maker)
{
    static const operation_t operations[] = {OP_new, OP_new, OP_new, OP_new_daemon};
    for (int i = 1; i < maker->model.count; i++) {
        step_t step = {.thread = random_below(maker, i), .kind = OBJECT_THREAD, .index = i, .argument = "-"};
        step.operation = ONE_OF(maker, operations);
        if (by_chance(maker, 70) && add(maker, &step) && by_chance(maker, 90))
            (void)add_now(maker, 0, OP_start, OBJECT_THREAD, i);
    }
}

void generate_scenario(scenario_t *scenario, uint32_t seed, bool python)
{
    maker_t maker;
    scenario->python = python;
    scenario->threads = 0;
    maker_begin(&maker, scenario, seed);
    scenario->threads = 1 + random_below(&maker, THREADS - 1);
    maker_begin(&maker, scenario, seed);
    (void)random_bits(&maker);
    int proposals = 20 + random_below(&maker, 120);
    add_threads(&maker);
    while (proposals-- > 0 && scenario->count < STEPS - STEPS_TO_END * THREADS)
        add_random(&maker);
    lead_to_end(&maker);
}

void generate_without(const scenario_t *whole, int first, int count, scenario_t *scenario)
{
    maker_t maker;
    scenario->python = whole->python;
    scenario->threads = whole->threads;
    maker_begin(&maker, scenario, whole->seed);
    for (int i = 0; i < whole->count; i++) {
        bool dropped = i >= first && i < first + count;
        if (!dropped && whole->steps[i].form != FORM_END && add(&maker, &whole->steps[i]))
            add_ends(&maker);
    }
    lead_to_end(&maker);
}
