/* SPDX-License-Identifier: MIT */
/*
 * Whether the search leaves anything out. Random programs of some threads that change a few semaphores and look at them
 * are run by it, and all their orders are gone through here by plain recursion: both must come to the same ends.
 */
#include "sim_support.h"

enum { THREADS = 3, STEPS = 3, SEMAPHORES = 2, ENDS = 4096 };

/* Each is one call, which decides nothing within. */
typedef enum act { RELEASE, TRY, LOOK, ACTS } act_t;

typedef struct step {
    act_t act;
    int semaphore;
} step_t;

static struct {
    int threads;
    int steps;
    step_t step[THREADS][STEPS];
} program;

/* What can be told apart at the end. */
typedef struct state {
    uint32_t value[SEMAPHORES];
    uint32_t knows[THREADS]; /* what each has seen */
    int next[THREADS];
} state_t;

static uint32_t random_state;

static int random_below(int n)
{
    random_state = random_state * 1664525U + 1013904223U;
    return (int)((random_state >> 16) % (uint32_t)n);
}

static void make_program(int threads, int steps)
{
    program.threads = threads;
    program.steps = steps;
    for (int i = 0; i < threads; i++)
        for (int j = 0; j < steps; j++)
            program.step[i][j] = (step_t){(act_t)random_below(ACTS), random_below(SEMAPHORES)};
}

static uint32_t mixed(uint32_t a, uint32_t b)
{
    return (a ^ (b + 0x9E3779B9U + (a << 6) + (a >> 2))) * 2654435761U;
}

/* ---- the ends ---- */

typedef struct ends {
    uint32_t end[ENDS];
    int count;
} ends_t;

static bool has_end(const ends_t *ends, uint32_t end)
{
    for (int i = 0; i < ends->count; i++)
        if (ends->end[i] == end)
            return true;
    return false;
}

static void note_end(ends_t *ends, const state_t *state)
{
    uint32_t end = 1;
    for (int i = 0; i < SEMAPHORES; i++)
        end = mixed(end, state->value[i]);
    for (int i = 0; i < program.threads; i++)
        end = mixed(end, state->knows[i]);
    if (has_end(ends, end))
        return;
    CHECK(ends->count < ENDS);
    ends->end[ends->count++] = end;
}

/* ---- by recursion ---- */

static ends_t expected;

static void take_step(state_t *state, int thread, step_t step)
{
    uint32_t *value = &state->value[step.semaphore];
    uint32_t sees = step.act == LOOK ? *value : 0;
    if (step.act == RELEASE) {
        ++*value;
    } else if (step.act == TRY && *value > 0) {
        --*value;
        sees = 1;
    }
    state->knows[thread] = mixed(state->knows[thread], sees);
}

/* With so many interruptions at most; -1: any number. A thread that has not ended is interrupted. */
static void go_on(state_t state, int running, int left)
{
    bool is_over = true;
    bool can_go_on = running >= 0 && state.next[running] < program.steps;
    for (int i = 0; i < program.threads; i++) {
        bool is_interruption = can_go_on && i != running;
        if (state.next[i] == program.steps)
            continue;
        is_over = false;
        if (is_interruption && left == 0)
            continue;
        state_t after = state;
        take_step(&after, i, program.step[i][after.next[i]++]);
        go_on(after, i, is_interruption ? left - 1 : left);
    }
    if (is_over)
        note_end(&expected, &state);
}

/* ---- by the scheduler ---- */

static ends_t found;
static threading_semaphore_t semaphores[SEMAPHORES];
static uint32_t knows[THREADS];

static uint32_t call(step_t step)
{
    threading_semaphore_t *semaphore = &semaphores[step.semaphore];
    if (step.act == LOOK)
        return (uint32_t)threading_semaphore_value(semaphore);
    if (step.act == TRY)
        return threading_semaphore_try_acquire(semaphore) == THREADING_OK;
    must(threading_semaphore_release(semaphore));
    return 0;
}

static void *take_steps(void *number)
{
    int thread = *(int *)number;
    for (int i = 0; i < program.steps; i++)
        knows[thread] = mixed(knows[thread], call(program.step[thread][i]));
    return NULL;
}

static void take_all_steps(void *unused)
{
    static int numbers[THREADS] = {0, 1, 2};
    threading_thread_t *threads[THREADS];
    state_t end = {{0}, {0}, {0}};
    (void)unused;
    for (int i = 0; i < SEMAPHORES; i++)
        (void)threading_semaphore_init(&semaphores[i], 0);
    for (int i = 0; i < program.threads; i++) {
        knows[i] = 0;
        threads[i] = begun(take_steps, &numbers[i], NULL);
    }
    for (int i = 0; i < program.threads; i++)
        ended(threads[i]);
    for (int i = 0; i < SEMAPHORES; i++)
        end.value[i] = (uint32_t)threading_semaphore_value(&semaphores[i]);
    memcpy(end.knows, knows, sizeof knows);
    note_end(&found, &end);
}

static threading_sim_report_t compare(threading_sim_options_t options, int interruptions)
{
    state_t begin = {{0}, {0}, {0}};
    expected.count = found.count = 0;
    go_on(begin, -1, interruptions);
    threading_sim_report_t report = run_with(take_all_steps, options);
    CHECK_EQUAL(report.verdict, THREADING_SIM_PASSED);
    return report;
}

static bool has_all_of(const ends_t *some, const ends_t *all)
{
    for (int i = 0; i < some->count; i++)
        if (!has_end(all, some->end[i]))
            return false;
    return true;
}

static int programs(int many)
{
    return is_slow() ? many / 5 : many;
}

/* Each step of a thread but its first can come after an interruption, and no more are of use. */
static void all_ends(int threads, int steps, int many)
{
    uint32_t enough = (uint32_t)(threads * (steps - 1));
    threading_sim_options_t options = {.strategy = THREADING_SIM_BOUNDED, .max_preemptions = enough};
    int ends = 0;
    unsigned long long runs = 0;
    for (int i = 0; i < programs(many); i++) {
        make_program(threads, steps);
        threading_sim_report_t report = compare(options, -1);
        CHECK(report.complete);
        CHECK(has_all_of(&expected, &found));
        CHECK_EQUAL(found.count, expected.count);
        ends += found.count;
        runs += report.runs;
    }
    printf("%d ends in %llu runs\n", ends, runs);
}

CASE(two_threads_come_to_all_ends)
{
    all_ends(2, 3, 15);
}

CASE(three_threads_come_to_all_ends)
{
    all_ends(3, 2, 2);
}

/* The start of a thread can be interrupted too: what is found may be more. */
CASE(no_end_of_a_few_interruptions_is_left_out)
{
    for (uint32_t bound = 1; bound <= 2; bound++)
        for (int i = 0; i < programs(5); i++) {
            threading_sim_options_t options = {.strategy = THREADING_SIM_BOUNDED, .max_preemptions = bound};
            make_program(3, 3);
            CHECK(compare(options, (int)bound).complete);
            CHECK(has_all_of(&expected, &found));
        }
}

CASE(chance_and_priorities_come_to_no_other_ends)
{
    for (int i = 0; i < programs(5); i++) {
        make_program(3, 3);
        (void)compare((threading_sim_options_t){.strategy = THREADING_SIM_RANDOM, .max_runs = 1000}, -1);
        CHECK(has_all_of(&found, &expected));
        (void)compare((threading_sim_options_t){.strategy = THREADING_SIM_PCT, .max_runs = 1000}, -1);
        CHECK(has_all_of(&found, &expected));
    }
}
