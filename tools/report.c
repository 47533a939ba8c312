/* SPDX-License-Identifier: MIT */
/*
 * Makes one table out of many test runs: suites are the rows, columns the columns.
 *
 * It reads what `ctest -V` prints, of one column after the other, and between them lines from tools/check:
 *
 *     @column NAME    results of this column follow
 *     @end CODE       they are complete, and ctest ended with this code
 *     @doing TEXT     what is going on, for the progress line
 *     @about NAME TEXT   to be said of this column at the end
 *     @fail TEXT      something else than a test failed; counts as a failure
 *     | TEXT          to be shown at once
 *
 * `ctest -V` begins each line of a test's output with the test's number, so that a failed test's output can be
 * shown although others print at the same time. The exit status is 0 when something ran and nothing failed.
 */
#define _POSIX_C_SOURCE 200809L
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum result { PASSED, FAILED, SKIPPED, RESULTS };
enum { TABLE_WIDTH = 110, ABOUT_NAME = 21, LINE = 4096 };

static void *must(void *memory)
{
    if (memory == NULL) {
        fputs("report: out of memory\n", stderr);
        exit(2);
    }
    return memory;
}

/* ------------------------------------------------------------------------------------- lists of text */

typedef struct list {
    char **texts;
    size_t count;
} list_t;

static size_t list_add(list_t *list, const char *text)
{
    list->texts = must(realloc(list->texts, (list->count + 1) * sizeof *list->texts));
    list->texts[list->count] = must(strdup(text));
    return list->count++;
}

/* The text's place in the list; it is added if it is not there. */
static size_t list_place(list_t *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->texts[i], text) == 0)
            return i;
    return list_add(list, text);
}

/* -------------------------------------------------------------------------------------- what is known */

typedef struct test {
    size_t column, suite, reason; /* places in the lists; the reason only counts when it was skipped */
    enum result result;
    char *name; /* suite.case */
} test_t;

static list_t columns, suites, reasons, failures;
static list_t about; /* "column  text; text" */
static test_t *tests;
static size_t test_count;
static size_t totals[RESULTS];

/* Of the column that is running. */
static int column_done, column_total;
static size_t column_failed;
static char column_name[LINE];

/* What each running test has printed so far; its number in ctest is the index. */
static list_t *outputs;
static size_t output_count;

static list_t *output_of(size_t number)
{
    if (number >= output_count) {
        outputs = must(realloc(outputs, (number + 1) * sizeof *outputs));
        memset(outputs + output_count, 0, (number + 1 - output_count) * sizeof *outputs);
        output_count = number + 1;
    }
    return &outputs[number];
}

static void forget_outputs(void)
{
    for (size_t i = 0; i < output_count; i++) {
        for (size_t k = 0; k < outputs[i].count; k++)
            free(outputs[i].texts[k]);
        free(outputs[i].texts);
    }
    free(outputs);
    outputs = NULL;
    output_count = 0;
}

/* ----------------------------------------------------------------------------------------- progress */

static int shows_progress;

static void progress(const char *what)
{
    if (!shows_progress)
        return;
    if (column_total > 0)
        printf("\r\033[K%s  %d/%d  %.60s", column_name, column_done, column_total, what);
    else
        printf("\r\033[K%.100s", what);
    fflush(stdout);
}

static void clear_progress(void)
{
    if (shows_progress)
        fputs("\r\033[K", stdout);
}

/* ------------------------------------------------------------------------------------ reading results */

/* Lines that ctest -V itself puts among a test's output. */
static int is_ctest_talk(const char *text)
{
    static const char *const beginnings[] = {
        "Test command:",  "Working Directory:", "Environment variables:", "Test timeout computed to be:",
        " TSAN_OPTIONS=", " ASAN_OPTIONS=",     " UBSAN_OPTIONS=",        " THREADING_TEST_"};
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (strncmp(text, beginnings[i], strlen(beginnings[i])) == 0)
            return 1;
    return 0;
}

/* "12: text": test 12 printed it. */
static int read_output(const char *line)
{
    char *end;
    unsigned long number = strtoul(line, &end, 10);
    if (!isdigit((unsigned char)line[0]) || strncmp(end, ": ", 2) != 0)
        return 0;
    if (end[2] != '\0' && !is_ctest_talk(end + 2))
        list_add(output_of(number), end + 2);
    return 1;
}

/* What was said of a column is one line of the report. */
static void tell_about(const char *column, const char *text)
{
    char line[2 * LINE];
    size_t length = strlen(column);
    for (size_t i = 0; i < about.count; i++)
        if (strncmp(about.texts[i], column, length) == 0 && about.texts[i][length] == ' ') {
            snprintf(line, sizeof line, "%s; %s", about.texts[i], text);
            free(about.texts[i]);
            about.texts[i] = must(strdup(line));
            return;
        }
    snprintf(line, sizeof line, "%-*s %s", ABOUT_NAME, column, text);
    list_add(&about, line);
}

/* The program that says what it runs on prints "ABOUT: text". */
static void read_about(const char *column, const list_t *output)
{
    for (size_t i = 0; i < output->count; i++)
        if (strncmp(output->texts[i], "ABOUT: ", 7) == 0)
            tell_about(column, output->texts[i] + 7);
}

static size_t skip_reason(const list_t *output)
{
    for (size_t i = 0; i < output->count; i++) {
        const char *found = strstr(output->texts[i], "SKIP: ");
        if (found != NULL)
            return list_place(&reasons, found + strlen("SKIP: "));
    }
    return list_place(&reasons, "no reason given");
}

static enum result read_result(const char *text)
{
    if (strstr(text, "***Skipped") != NULL || strstr(text, "(Disabled)") != NULL)
        return SKIPPED;
    return strstr(text, "   Passed ") != NULL ? PASSED : FAILED;
}

static void fail(const char *name, const char *why)
{
    char text[2 * LINE];
    snprintf(text, sizeof text, "%s%s%s", name, *why ? "  " : "", why);
    list_add(&failures, text);
    totals[FAILED]++;
    column_failed++;
    clear_progress();
    printf("FAILED  %s\n", text);
}

static void show_failure(const char *name, const char *status, const list_t *output)
{
    while (*status == '.' || *status == ' ' || *status == '*')
        status++;
    fail(name, status);
    for (size_t i = 0; i < output->count; i++)
        printf("        %s\n", output->texts[i]);
}

/* "column.suite.case"; a column's name holds no dot. */
static void add_test(const char *name, const char *status, const list_t *output)
{
    test_t test = {0, 0, 0, read_result(status), NULL};
    char text[LINE];
    char *suite, *end;
    snprintf(text, sizeof text, "%s", name);
    suite = strchr(text, '.');
    if (suite == NULL)
        return;
    *suite++ = '\0';
    test.column = list_place(&columns, text);
    read_about(text, output);
    test.name = must(strdup(suite));
    end = strchr(suite, '.');
    if (end != NULL)
        *end = '\0';
    test.suite = list_place(&suites, suite);
    if (test.result == FAILED)
        show_failure(name, status, output);
    else
        totals[test.result]++;
    if (test.result == SKIPPED)
        test.reason = skip_reason(output);
    tests = must(realloc(tests, (test_count + 1) * sizeof *tests));
    tests[test_count++] = test;
}

/* " 3/40 Test  #12: posix.lock.a_case ....   Passed    0.01 sec": test 12 has ended. */
static int read_end(const char *line)
{
    int done, total, after = 0;
    unsigned number;
    char name[LINE];
    if (sscanf(line, " %d/%d Test #%u: %4095s%n", &done, &total, &number, name, &after) != 4 || after == 0)
        return 0;
    column_done = done;
    column_total = total;
    add_test(name, line + after, output_of(number));
    progress(name);
    return 1;
}

static void begin_column(const char *name)
{
    snprintf(column_name, sizeof column_name, "%s", name);
    column_done = column_total = 0;
    column_failed = 0;
    forget_outputs();
}

/* A run that broke off, or in which ctest itself found something wrong, must not look like a success. */
static void end_column(const char *code)
{
    if (column_done < column_total || column_total == 0)
        fail(column_name, "did not run all of its tests");
    else if (strcmp(code, "0") != 0 && column_failed == 0)
        fail(column_name, "ctest reports an error");
    clear_progress();
    if (!shows_progress)
        printf("%s: %d tests, %d failed\n", column_name, column_done, (int)column_failed);
    fflush(stdout);
    column_total = 0;
}

static void read_about_line(const char *line)
{
    char column[LINE];
    int after = 0;
    if (sscanf(line, "%4095s %n", column, &after) == 1)
        tell_about(column, line + after);
}

static void read_line(const char *line)
{
    if (strncmp(line, "@column ", 8) == 0)
        begin_column(line + 8);
    else if (strncmp(line, "@end ", 5) == 0)
        end_column(line + 5);
    else if (strncmp(line, "@doing ", 7) == 0)
        progress(line + 7);
    else if (strncmp(line, "@about ", 7) == 0)
        read_about_line(line + 7);
    else if (strncmp(line, "@fail ", 6) == 0)
        fail(line + 6, "");
    else if (strncmp(line, "| ", 2) == 0)
        printf("        %s\n", line + 2);
    else if (!read_output(line))
        read_end(line);
}

/* ------------------------------------------------------------------------------------------- the table */

/* The n-th part of a name that is divided by '-', and its length. */
static const char *name_part(const char *name, size_t n, size_t *length)
{
    while (n-- > 0 && name != NULL) {
        name = strchr(name, '-');
        name = name ? name + 1 : NULL;
    }
    *length = name ? strcspn(name, "-") : 0;
    return name ? name : "";
}

static void cell_text(char *text, size_t size, size_t column, size_t suite)
{
    size_t counts[RESULTS] = {0};
    for (size_t i = 0; i < test_count; i++)
        if (tests[i].column == column && (tests[i].suite == suite || suite == suites.count))
            counts[tests[i].result]++;
    if (counts[PASSED] + counts[FAILED] + counts[SKIPPED] == 0)
        snprintf(text, size, "-");
    else
        snprintf(text, size, "%zu/%zu/%zu", counts[PASSED], counts[FAILED], counts[SKIPPED]);
}

/* Wide enough for its cells and for each part of its name. */
static size_t column_width(size_t column)
{
    char text[80];
    size_t width = 0, length;
    for (size_t n = 0; *name_part(columns.texts[column], n, &length); n++)
        width = length > width ? length : width;
    for (size_t suite = 0; suite <= suites.count; suite++) {
        cell_text(text, sizeof text, column, suite);
        width = strlen(text) > width ? strlen(text) : width;
    }
    return width + 2;
}

static size_t first_width(void)
{
    size_t width = strlen("passed/failed/skipped");
    for (size_t i = 0; i < suites.count; i++)
        width = strlen(suites.texts[i]) > width ? strlen(suites.texts[i]) : width;
    return width;
}

/* The columns' names, one part below the other: as wide as their cells only. */
static void print_heading(size_t begin, size_t end)
{
    size_t more = 1;
    for (size_t n = 0; more > 0; n++) {
        char line[LINE] = "";
        size_t used = 0, length;
        more = 0;
        for (size_t column = begin; column < end; column++) {
            const char *part = name_part(columns.texts[column], n, &length);
            used += (size_t)snprintf(line + used, sizeof line - used, "%*.*s", (int)column_width(column),
                                     (int)length, part);
            more += length;
        }
        if (more > 0)
            printf("%-*s%s\n", (int)first_width(), n == 0 ? "passed/failed/skipped" : "", line);
    }
}

static int compare_suites(const void *left, const void *right)
{
    return strcmp(suites.texts[*(const size_t *)left], suites.texts[*(const size_t *)right]);
}

/* The suites by name: the tests ended in no particular order. */
static size_t *suite_order(void)
{
    size_t *order = must(calloc(suites.count + 1, sizeof *order));
    for (size_t i = 0; i < suites.count; i++)
        order[i] = i;
    qsort(order, suites.count, sizeof *order, compare_suites);
    return order;
}

static void print_row(const char *name, size_t suite, size_t begin, size_t end)
{
    char text[80];
    printf("%-*s", (int)first_width(), name);
    for (size_t column = begin; column < end; column++) {
        cell_text(text, sizeof text, column, suite);
        printf("%*s", (int)column_width(column), text);
    }
    printf("\n");
}

/* As many columns side by side as a page is wide. */
static void print_table(void)
{
    size_t *order = suite_order();
    for (size_t begin = 0, end; begin < columns.count; begin = end) {
        size_t width = first_width();
        for (end = begin; end < columns.count; end++) {
            width += column_width(end);
            if (width > TABLE_WIDTH && end > begin)
                break;
        }
        printf("\n");
        print_heading(begin, end);
        for (size_t i = 0; i < suites.count; i++)
            print_row(suites.texts[order[i]], order[i], begin, end);
        print_row("all", suites.count, begin, end);
    }
    free(order);
}

/* ------------------------------------------------------------------------------------------ the rest */

static int is_skipped_for(const test_t *test, size_t reason)
{
    return test->result == SKIPPED && test->reason == reason;
}

/* Whether an earlier test, of another column, had the same name and the same reason. */
static int was_named(size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (is_skipped_for(&tests[i], tests[at].reason) && strcmp(tests[i].name, tests[at].name) == 0)
            return 1;
    return 0;
}

/* A case, and the columns that skipped it for this reason. */
static void print_skipped_case(size_t at)
{
    printf("    %s:", tests[at].name);
    for (size_t i = at; i < test_count; i++)
        if (is_skipped_for(&tests[i], tests[at].reason) && strcmp(tests[i].name, tests[at].name) == 0)
            printf(" %s", columns.texts[tests[i].column]);
    printf("\n");
}

static void print_skips(void)
{
    for (size_t reason = 0; reason < reasons.count; reason++) {
        printf("\nskipped: %s\n", reasons.texts[reason]);
        for (size_t i = 0; i < test_count; i++)
            if (is_skipped_for(&tests[i], reason) && !was_named(i))
                print_skipped_case(i);
    }
}

static void print_list(const list_t *list, const char *before)
{
    if (list->count > 0)
        printf("\n");
    for (size_t i = 0; i < list->count; i++)
        printf("%s%s\n", before, list->texts[i]);
}

int main(void)
{
    char line[LINE];
    shows_progress = isatty(STDOUT_FILENO);
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        read_line(line);
    }
    clear_progress();
    print_table();
    print_skips();
    print_list(&about, "");
    print_list(&failures, "FAILED  ");
    printf("\n%zu passed, %zu failed, %zu skipped\n", totals[PASSED], totals[FAILED], totals[SKIPPED]);
    return totals[FAILED] > 0 || totals[PASSED] == 0;
}
