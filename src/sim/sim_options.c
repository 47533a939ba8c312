/* SPDX-License-Identifier: MIT */
/* What a search is told: by its options, and by the environment. */
#include "sim_options.h"

#include <stdlib.h>

#include "sim_system.h"

#define TI_SIM_STEPS 20000
#define TI_SIM_PREEMPTIONS 3

/* A variable of the environment that is not empty, or NULL. */
static const char *ti_environment(const char *name)
{
    const char *text = ti_sim_environment(name);
    return text != NULL && text[0] != '\0' ? text : NULL;
}

static bool ti_read_count(const char *text, uint64_t *count)
{
    char *end;
    *count = strtoull(text, &end, 0);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0';
}

static bool ti_read_seconds(const char *text, double *seconds)
{
    char *end;
    *seconds = strtod(text, &end);
    return *end == '\0' && *seconds > 0;
}

/* The environment comes before the options. What is wrong with it, or NULL. */
static const char *ti_read_environment(threading_sim_options_t *options)
{
    const char *replay = ti_environment("REPLAY");
    const char *seed = ti_environment("SEED");
    const char *seconds = ti_environment("SECONDS");
    const char *runs = ti_environment("RUNS");
    if (replay != NULL)
        options->replay = replay;
    if (seed != NULL && !ti_read_count(seed, &options->seed))
        return "THREADING_SIM_SEED is no number";
    if (seconds != NULL && !ti_read_seconds(seconds, &options->seconds))
        return "THREADING_SIM_SECONDS is no number above 0";
    if (runs != NULL && !ti_read_count(runs, &options->max_runs))
        return "THREADING_SIM_RUNS is no number";
    return NULL;
}

/* What is wrong with the options, or NULL. */
static const char *ti_options_problem(const threading_sim_options_t *options)
{
    if (options->strategy < THREADING_SIM_AUTO || options->strategy > THREADING_SIM_REPLAY)
        return "the option strategy is none";
    if (!(options->seconds >= 0))
        return "the option seconds is less than 0, or no number";
    if (options->strategy == THREADING_SIM_REPLAY && options->replay == NULL)
        return "the strategy is to replay, and there is no replay text";
    return NULL;
}

static void ti_options_complete(threading_sim_options_t *options)
{
    if (options->max_preemptions == 0)
        options->max_preemptions = TI_SIM_PREEMPTIONS;
    if (options->max_steps == 0)
        options->max_steps = TI_SIM_STEPS;
    if (options->seconds == 0)
        options->seconds = 1;
    if (options->seconds > 1e9)
        options->seconds = 1e9;
}

const char *ti_sim_options(threading_sim_options_t *options)
{
    const char *problem = ti_read_environment(options);
    if (problem == NULL)
        problem = ti_options_problem(options);
    if (problem == NULL)
        ti_options_complete(options);
    return problem;
}
