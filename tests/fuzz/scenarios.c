/* SPDX-License-Identifier: MIT */
/*
 * From bytes to a scenario of the oracle (tests/oracle/script.h), which the library and the model play: both
 * must say the same.
 *
 * Bytes are read one after the other as threads, operations and arguments. The model leaves out the steps
 * that no script may hold, and leads the scenario to its end, so that any bytes make one.
 */
#include "scenarios.h"

#include <stdlib.h>
#include <string.h>

#include "generate.h"
#include "model.h"
#include "player.h"

/* Steps that the bytes may ask for: room is left for those that lead to the end. */
enum { STEPS_ASKED_FOR = 100 };

static const double SECONDS_FOR_A_STEP = 20;

typedef struct bytes {
    const uint8_t *data;
    size_t size, at;
} bytes_t;

/* 0 behind the last one. */
static unsigned next(bytes_t *bytes, unsigned limit)
{
    return bytes->at < bytes->size ? bytes->data[bytes->at++] % limit : 0;
}

static void read_object(bytes_t *bytes, step_t *step)
{
    unsigned objects = operation_objects(step->operation), number = next(bytes, 64);
    step->kind = (object_t)objects;
    if (objects == OBJECT_LOCKS)
        step->kind = number % 2 == 0 ? OBJECT_LOCK : OBJECT_RLOCK;
    if (number == 63)
        step->index = NO_OBJECT;
    else if (step->kind == OBJECT_THREAD)
        step->index = (int)(number % THREADS);
    else if (step->kind == OBJECT_LOCAL)
        step->index = (int)(number % LOCALS);
    else
        step->index = (int)(number / 2 % LOCKS);
}

static void read_argument(bytes_t *bytes, step_t *step)
{
    static const char *const seconds[] = {"0",   "0.0001", "1e-12", "-1",         "1000",
                                          "nan", "-0.5",   "inf",   "9223372037", "-inf"};
    static const char *const names[] = {"-", "worker", "fifteen-letters", "sixteen--letters"};
    switch (operation_argument(step->operation)) {
    case ARGUMENT_SECONDS:
        text_copy(step->argument, seconds[next(bytes, 10)]);
        break;
    case ARGUMENT_NAME:
        text_copy(step->argument, names[next(bytes, 4)]);
        break;
    case ARGUMENT_NUMBER:
        snprintf(step->argument, TEXT, "%u", next(bytes, 256));
        break;
    case ARGUMENT_FLAG:
        text_copy(step->argument, next(bytes, 2) == 0 ? "0" : "1");
        break;
    default:
        break;
    }
}

static void read_step(bytes_t *bytes, int threads, step_t *step)
{
    memset(step, 0, sizeof *step);
    unsigned first = next(bytes, 256);
    step->thread = (int)(first % (unsigned)(threads + 1));
    step->form = first < 64 ? FORM_BEGIN : FORM_PLAIN;
    step->operation = (operation_t)next(bytes, OPERATIONS);
    if (operation_objects(step->operation) != OBJECT_NONE)
        read_object(bytes, step);
    read_argument(bytes, step);
}

static void read_scenario(bytes_t *bytes, uint32_t seed, scenario_t *scenario)
{
    static scenario_t asked_for;
    asked_for = (scenario_t){.seed = seed, .threads = 1 + (int)next(bytes, THREADS - 1)};
    while (bytes->at < bytes->size && asked_for.count < STEPS_ASKED_FOR)
        read_step(bytes, asked_for.threads, &asked_for.steps[asked_for.count++]);
    generate_without(&asked_for, 0, 0, scenario);
}

static void expect(const scenario_t *scenario, FILE *transcript)
{
    model_t model;
    char result[TEXT];
    view_t view;
    model_begin(&model, scenario);
    transcript_begin(transcript, scenario);
    for (int i = 0; i < scenario->count; i++) {
        (void)model_do(&model, &scenario->steps[i], result); /* true: it has allowed them all */
        transcript_step(transcript, scenario, i, result);
        model_view(&model, &scenario->steps[i], &view);
        if (transcript_wants_view(scenario, i))
            transcript_view(transcript, scenario, &view);
    }
    transcript_end(transcript);
}

/* The process ends here, so that whoever has made the bytes tells which they were. */
static void tell(const scenario_t *scenario, const char *expected, const char *played)
{
    fputs("the model and the library differ\n", stderr);
    scenario_print(stderr, scenario);
    fprintf(stderr, "the model:\n%s\nthe library:\n%s\n", expected, played);
    fflush(stderr);
    abort();
}

void scenario_from_bytes(const uint8_t *data, size_t size, uint32_t seed)
{
    static scenario_t scenario;
    bytes_t bytes = {data, size, 0};
    char *expected, *played;
    size_t expected_size, played_size;
    FILE *expected_file = open_memstream(&expected, &expected_size);
    FILE *played_file = open_memstream(&played, &played_size);
    if (expected_file == NULL || played_file == NULL)
        abort();
    read_scenario(&bytes, seed, &scenario);
    expect(&scenario, expected_file);
    fclose(expected_file);
    bool came_to_an_end = player_play(&scenario, played_file, SECONDS_FOR_A_STEP, false);
    fflush(played_file);
    if (!came_to_an_end || strcmp(expected, played) != 0)
        tell(&scenario, expected, played);
    fclose(played_file);
    free(expected);
    free(played);
}
