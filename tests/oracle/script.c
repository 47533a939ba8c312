/* SPDX-License-Identifier: MIT */
/* Reads and prints scripts and transcripts. */
#include "script.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    unsigned objects;
    argument_t argument;
    unsigned weight;
} operations[] = {
#define OPERATION_ROW(name, objects, argument, weight) {#name, objects, argument, weight},
    OPERATION_LIST(OPERATION_ROW)
#undef OPERATION_ROW
};

static const struct {
    const char *name;
    object_t kind;
    int count;
} objects[] = {
    {"lock", OBJECT_LOCK, LOCKS},
    {"rlock", OBJECT_RLOCK, RLOCKS},
    {"thread", OBJECT_THREAD, THREADS},
    {"local", OBJECT_LOCAL, LOCALS},
};
enum { KINDS = sizeof(objects) / sizeof(objects[0]) };

const char *operation_name(operation_t operation)
{
    return operations[operation].name;
}

unsigned operation_objects(operation_t operation)
{
    return operations[operation].objects;
}

argument_t operation_argument(operation_t operation)
{
    return operations[operation].argument;
}

unsigned operation_weight(operation_t operation)
{
    return operations[operation].weight;
}

void text_copy(char to[TEXT], const char *from)
{
    size_t length = strlen(from);
    if (length >= TEXT)
        length = TEXT - 1;
    memcpy(to, from, length);
    to[length] = '\0';
}

bool line_read(FILE *file, char line[LINE])
{
    if (fgets(line, LINE, file) == NULL)
        return false;
    line[strcspn(line, "\r\n")] = '\0';
    return true;
}

static void bad_line(const char *line)
{
    fprintf(stderr, "oracle: this is no line of a script: %s\n", line);
    exit(2);
}

static bool parse_operation(const char *word, operation_t *operation)
{
    for (int i = 0; i < OPERATIONS; i++)
        if (strcmp(word, operations[i].name) == 0) {
            *operation = (operation_t)i;
            return true;
        }
    return false;
}

static bool parse_object(const char *word, step_t *step)
{
    for (int i = 0; i < KINDS; i++) {
        size_t length = strlen(objects[i].name);
        if (strncmp(word, objects[i].name, length) != 0)
            continue;
        step->kind = objects[i].kind;
        step->index = strcmp(word + length, "null") == 0 ? NO_OBJECT : atoi(word + length);
        return step->index < objects[i].count && (operation_objects(step->operation) & objects[i].kind) != 0;
    }
    return false;
}

/* The words after the operation. */
static bool parse_operands(step_t *step)
{
    const char *word = strtok(NULL, " ");
    if (operation_objects(step->operation) != 0) {
        if (word == NULL || !parse_object(word, step))
            return false;
        word = strtok(NULL, " ");
    }
    if (operation_argument(step->operation) != ARGUMENT_NONE) {
        if (word == NULL)
            return false;
        text_copy(step->argument, word);
        word = strtok(NULL, " ");
    }
    return word == NULL;
}

static bool parse_step(char *line, step_t *step)
{
    memset(step, 0, sizeof(*step));
    const char *word = strtok(line, " ");
    if (word == NULL)
        return false;
    step->thread = atoi(word);
    word = strtok(NULL, " ");
    if (word == NULL || step->thread < 0 || step->thread >= THREADS)
        return false;
    if (strcmp(word, "end") == 0) {
        step->form = FORM_END;
        return strtok(NULL, " ") == NULL;
    }
    if (strcmp(word, "begin") == 0) {
        step->form = FORM_BEGIN;
        word = strtok(NULL, " ");
    }
    return word != NULL && parse_operation(word, &step->operation) && parse_operands(step);
}

static void read_heading(FILE *file, char line[LINE], scenario_t *scenario)
{
    char python[8] = "";
    unsigned seed;
    if (sscanf(line, "scenario %u %7s", &seed, python) < 1)
        bad_line(line);
    scenario->seed = seed;
    scenario->python = strcmp(python, "python") == 0;
    if (!line_read(file, line) || sscanf(line, "threads %d", &scenario->threads) != 1 ||
        scenario->threads < 0 || scenario->threads >= THREADS)
        bad_line(line);
}

bool scenario_read(FILE *file, scenario_t *scenario)
{
    char line[LINE], words[LINE];
    if (!line_read(file, line))
        return false;
    read_heading(file, line, scenario);
    for (scenario->count = 0; line_read(file, line) && strcmp(line, "done") != 0; scenario->count++) {
        strcpy(words, line);
        if (scenario->count == STEPS || !parse_step(words, &scenario->steps[scenario->count]))
            bad_line(line);
    }
    return true;
}

static void print_object(FILE *file, const step_t *step)
{
    int kind = 0;
    while (objects[kind].kind != step->kind)
        kind++;
    if (step->index == NO_OBJECT)
        fprintf(file, " %snull", objects[kind].name);
    else
        fprintf(file, " %s%d", objects[kind].name, step->index);
}

static void print_step(FILE *file, const step_t *step)
{
    fprintf(file, "%d", step->thread);
    if (step->form == FORM_END) {
        fputs(" end", file);
        return;
    }
    if (step->form == FORM_BEGIN)
        fputs(" begin", file);
    fprintf(file, " %s", operation_name(step->operation));
    if (step->kind != OBJECT_NONE)
        print_object(file, step);
    if (operation_argument(step->operation) != ARGUMENT_NONE)
        fprintf(file, " %s", step->argument);
}

void scenario_print(FILE *file, const scenario_t *scenario)
{
    fprintf(file, "scenario %u%s\n", (unsigned)scenario->seed, scenario->python ? " python" : "");
    fprintf(file, "threads %d\n", scenario->threads);
    for (int i = 0; i < scenario->count; i++) {
        print_step(file, &scenario->steps[i]);
        fputc('\n', file);
    }
    fputs("done\n", file);
}

void transcript_begin(FILE *file, const scenario_t *scenario)
{
    fprintf(file, "scenario %u\n", (unsigned)scenario->seed);
}

void transcript_step(FILE *file, const scenario_t *scenario, int number, const char *result)
{
    fprintf(file, "%d ", number + 1);
    print_step(file, &scenario->steps[number]);
    fprintf(file, " : %s\n", result);
}

bool transcript_wants_view(const scenario_t *scenario, int number)
{
    return number + 1 == scenario->count || scenario->steps[number + 1].form != FORM_END;
}

bool step_has_mine(const step_t *step)
{
    if (step->form == FORM_PLAIN)
        return step->operation != OP_exit && step->operation != OP_leave;
    return step->form == FORM_END;
}

static void print_flags(FILE *file, const char *what, const bool *flags, int count)
{
    fprintf(file, " %s ", what);
    for (int i = 0; i < count; i++)
        fputc(flags[i] ? '1' : '0', file);
}

void transcript_view(FILE *file, const scenario_t *scenario, const view_t *view)
{
    fputc(' ', file);
    print_flags(file, "locks", view->locks, LOCKS);
    print_flags(file, "rlocks", view->rlocks, RLOCKS);
    for (int i = 0; i < RLOCKS && view->has_mine; i++)
        fprintf(file, "%s%u", i == 0 ? " mine " : ",", view->mine[i]);
    fprintf(file, " threads %.*s active %u\n", scenario->threads, view->threads + 1, view->active);
}

void transcript_end(FILE *file)
{
    fputs("done\n", file);
}
