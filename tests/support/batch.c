/* SPDX-License-Identifier: MIT */
/*
 * To start a process costs far more than most cases do, above all under a sanitizer, an emulator or Wine.
 *
 * For each case it prints "@case NAME.case", what CTest would say of it, and how long it took; before that
 * all that the case printed, unless it passed. "@again" instead of "@case" says that the case hung, and is
 * run once more. At the end it prints "@over" and how many have failed. tools/report.c reads that.
 */
#include "conformance.h"

#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "batch_child.h"

static struct printed printed; /* by the case */

/* Where '|' is the end of a line. */
static bool has_printed(const char *expected)
{
    bool same = printed.length == strlen(expected);
    for (size_t i = 0; same && i < printed.length; i++)
        same = printed.text[i] == (expected[i] == '|' ? '\n' : expected[i]);
    return same;
}

/* CTest's words, which tools/report.c knows. */
static const char passed[] = "  Passed", skipped[] = "***Skipped";

static const char *verdict(const struct test_case *one, struct outcome outcome)
{
    static char text[120];
    unsigned expected = one->output == NULL ? RETURNED : (unsigned)one->code;
    if (outcome.ending == OUT_OF_TIME)
        return "***Timeout";
    if (outcome.ending == ENDED && outcome.code == SKIPPED)
        return skipped;
    if (outcome.ending == CRASHED)
        snprintf(text, sizeof text,
                 outcome.code < 256 ? "***Exception: signal %u," : "***Exception: code 0x%x,", outcome.code);
    else if (one->output == NULL && outcome.code == 0)
        return "***Failed: exit before the end of the case,";
    else if (outcome.code != expected)
        snprintf(text, sizeof text, "***Failed: exit code %u,", outcome.code);
    else if (one->output != NULL && !has_printed(one->output))
        snprintf(text, sizeof text, "***Failed: \"%.60s\" was to be printed,", one->output);
    else
        return passed;
    return text;
}

static void say_what_was_printed(void)
{
    if (printed.length > 0 && printed.text[printed.length - 1] != '\n')
        printed.text[printed.length < sizeof printed.text ? printed.length++ : printed.length - 1] = '\n';
    child_say(printed.text, printed.length);
}

static void say_line(const char *what, const char *suite, const struct test_case *one, const char *how)
{
    char line[400];
    int length =
        snprintf(line, sizeof line, "%s %s.%s %s %.2f sec\n", what, suite, one->name, how, child_seconds());
    child_say(line, (size_t)length);
}

/* Whether it did not fail. */
static bool tell(const struct test_case *one, const char *suite, struct outcome outcome)
{
    const char *how = verdict(one, outcome);
    if (how != passed)
        say_what_was_printed();
    say_line("@case", suite, one, how);
    return how == passed || how == skipped;
}

/* Where the system's own end of a process may hang, a case that hangs twice hangs by its own fault. */
static bool begin_again(const struct test_case *one, const char *suite, struct outcome outcome)
{
    if (outcome.ending != OUT_OF_TIME || !child_hangs_by_itself())
        return false;
    say_line("@again", suite, one, "***Timeout");
    return true;
}

static void say_over(int failed)
{
    char line[40];
    child_say(line, (size_t)snprintf(line, sizeof line, "@over %d\n", failed));
}

const struct test_case *batch_case(char **arguments)
{
    int number = atoi(arguments[0]);
    int failed = 0;
    const struct test_case *mine = child_prepare(arguments);
    if (mine != NULL)
        return mine;
    for (const struct test_case *one = test_cases; one->name != NULL; one++) {
        if (one->batch != number)
            continue;
        if (child_begin(one))
            return one;
        struct outcome outcome = child_end(&printed);
        if (begin_again(one, arguments[2], outcome)) {
            (void)child_begin(one);
            outcome = child_end(&printed);
        }
        failed += !tell(one, arguments[2], outcome);
    }
    say_over(failed);
    exit(failed > 0);
}
