/* SPDX-License-Identifier: MIT */
/*
 * Makes scripts, says what they should give, and compares what they gave. The format is in script.h.
 *
 *     oracle generate SEED COUNT [python] > SCRIPTS
 *     oracle expect < SCRIPTS > TRANSCRIPTS        what the model says
 *     oracle differ SCRIPTS LEFT RIGHT > SCRIPT    compares transcripts; exit code 1 and the first scenario
 *                                                  in which they differ, or 0 and nothing
 *     oracle shrink PARTS < SCRIPT > SCRIPTS       the scenario without its first part, its second, …
 */
#include <stdlib.h>
#include <string.h>

#include "generate.h"
#include "model.h"

static FILE *opened(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fprintf(stderr, "oracle: cannot read %s\n", path);
        exit(2);
    }
    return file;
}

/* Scenarios of neighbouring seeds, and of neighbouring runs, have nothing in common. */
static uint32_t seed_of(uint32_t seed, uint32_t number)
{
    uint32_t bits = seed * 0x9E3779B1u + number;
    bits = (bits ^ (bits >> 16)) * 0x85EBCA6Bu;
    bits = (bits ^ (bits >> 13)) * 0xC2B2AE35u;
    return bits ^ (bits >> 16);
}

static int generate(const char *seed, const char *count, bool python)
{
    static scenario_t scenario;
    uint32_t first = (uint32_t)strtoul(seed, NULL, 10);
    for (uint32_t i = 0; i < strtoul(count, NULL, 10); i++) {
        generate_scenario(&scenario, seed_of(first, i), python);
        scenario_print(stdout, &scenario);
    }
    return 0;
}

static void expect_scenario(const scenario_t *scenario)
{
    model_t model;
    char result[TEXT];
    model_begin(&model, scenario);
    transcript_begin(stdout, scenario);
    for (int i = 0; i < scenario->count; i++) {
        if (!model_do(&model, &scenario->steps[i], result))
            text_copy(result, "NOT_ALLOWED_HERE");
        transcript_step(stdout, scenario, i, result);
        view_t view;
        model_view(&model, &scenario->steps[i], &view);
        if (transcript_wants_view(scenario, i))
            transcript_view(stdout, scenario, &view);
    }
    transcript_end(stdout);
}

static int expect(void)
{
    static scenario_t scenario;
    while (scenario_read(stdin, &scenario))
        expect_scenario(&scenario);
    return 0;
}

/* The number of the first scenario in which the transcripts differ, from 1; 0 if they do not. */
static int first_difference(FILE *left, FILE *right, char left_line[LINE], char right_line[LINE])
{
    int scenario = 0;
    for (;;) {
        bool more_left = line_read(left, left_line), more_right = line_read(right, right_line);
        if (!more_left && !more_right)
            return 0;
        if (!more_left)
            strcpy(left_line, "(it ends here)");
        if (!more_right)
            strcpy(right_line, "(it ends here)");
        scenario += strncmp(left_line, "scenario ", 9) == 0 || strncmp(right_line, "scenario ", 9) == 0;
        if (strcmp(left_line, right_line) != 0)
            return scenario;
    }
}

static int differ(const char *scripts_path, const char *left_path, const char *right_path)
{
    static scenario_t scenario;
    char left_line[LINE], right_line[LINE];
    FILE *scripts = opened(scripts_path), *left = opened(left_path), *right = opened(right_path);
    int number = first_difference(left, right, left_line, right_line);
    for (int i = 0; i < number; i++)
        if (!scenario_read(scripts, &scenario))
            number = 0;
    if (number > 0) {
        scenario_print(stdout, &scenario);
        fprintf(stderr, "scenario %u, number %d, %d steps\n%s: %s\n%s: %s\n", (unsigned)scenario.seed, number,
                scenario.count, left_path, left_line, right_path, right_line);
    }
    fclose(scripts);
    fclose(left);
    fclose(right);
    return number > 0;
}

/* Prints the scenario without its first part, without its second part, … for `parts` parts. */
static int shrink(const char *parts)
{
    static scenario_t whole, smaller;
    if (!scenario_read(stdin, &whole))
        return 2;
    int size = whole.count / (int)strtol(parts, NULL, 10);
    if (size == 0)
        size = 1;
    for (int first = 0; first < whole.count; first += size) {
        generate_without(&whole, first, size, &smaller);
        if (smaller.count < whole.count)
            scenario_print(stdout, &smaller);
    }
    return 0;
}

int main(int count, char **arguments)
{
    const char *verb = count > 1 ? arguments[1] : "";
    if (strcmp(verb, "generate") == 0 && count >= 4)
        return generate(arguments[2], arguments[3], count > 4 && strcmp(arguments[4], "python") == 0);
    if (strcmp(verb, "expect") == 0)
        return expect();
    if (strcmp(verb, "differ") == 0 && count == 5)
        return differ(arguments[2], arguments[3], arguments[4]);
    if (strcmp(verb, "shrink") == 0 && count == 3)
        return shrink(arguments[2]);
    fputs("usage: oracle generate SEED COUNT [python] | expect | differ SCRIPTS LEFT RIGHT | shrink PARTS\n",
          stderr);
    return 2;
}
