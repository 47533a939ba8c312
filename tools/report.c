/* SPDX-License-Identifier: MIT */
/*
 * Says how tools/check gets on, and makes one table out of its test runs: suites are the rows, columns the columns.
 *
 *     report LANES BUILDS COLUMN... <pipe
 *
 * A column that is under way has a file LANES/COLUMN/running, and LANES/COLUMN/over when it is over; it is built in
 * BUILDS/COLUMN. Once the pipe is closed nothing more comes. A file has what `ctest -V` prints, and lines from tools/check:
 *
 *     @column NAME [HOW]   results of this column follow; with HOW, a case that timed out is run again
 *     @end CODE       they are complete, and ctest ended with this code
 *     @about NAME TEXT   to be said of this column at the end
 *     @fail TEXT      something else than a test failed; counts as a failure
 *     | TEXT          to be shown with it
 *
 * A test that is a batch prints more (tests/support/batch.c): "@case NAME STATUS" for each of its cases, below
 * what that case has printed, and in the end "@over FAILED", how many of them have failed; and "@again NAME" for
 * one that timed out and is run once more. Each case counts as a test, and the batch does not.
 *
 * `ctest -V` begins each line of a test's output with the test's number, so that a failed test's output can be
 * shown although others print at the same time. The exit status is 0 when something ran and nothing failed.
 *
 * How long each column took is kept in BUILDS/check-times, for the next run to say how much time is left. LANES/all.results
 * has a line "column.suite.case passed" for each case, for tools/conformance.c.
 */
#define _POSIX_C_SOURCE 200809L
#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum result { PASSED, FAILED, SKIPPED, RESULTS };
enum { TABLE_WIDTH = 110, ABOUT_NAME = 21, SLOWEST = 10, LANES = 4, LINE = 4096 };

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
    double seconds;
    char *name; /* suite.case */
} test_t;

static list_t columns, suites, reasons, failures;
static list_t about; /* "column  text; text" */
static test_t *tests;
static size_t test_count;
static size_t totals[RESULTS];

/* Of the column that is read. */
static int column_done, column_total, column_repeats;
static size_t column_counts[RESULTS];
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

static void forget_output(list_t *output)
{
    for (size_t i = 0; i < output->count; i++)
        free(output->texts[i]);
    free(output->texts);
    *output = (list_t){NULL, 0};
}

static void forget_outputs(void)
{
    for (size_t i = 0; i < output_count; i++)
        forget_output(&outputs[i]);
    free(outputs);
    outputs = NULL;
    output_count = 0;
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

static int is_terminal;

static void clear_live_line(void)
{
    if (is_terminal)
        fputs("\r\033[K", stdout);
}

static void fail(const char *name, const char *why)
{
    char text[2 * LINE];
    snprintf(text, sizeof text, "%s%s%s", name, *why ? "  " : "", why);
    list_add(&failures, text);
    totals[FAILED]++;
    column_counts[FAILED]++;
    clear_live_line();
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

/* "....   Passed    0.01 sec" */
static double read_seconds(const char *status)
{
    const char *end = strstr(status, " sec");
    while (end != NULL && end > status && (isdigit((unsigned char)end[-1]) || end[-1] == '.'))
        end--;
    return end != NULL ? strtod(end, NULL) : 0;
}

/* "column.suite.case"; a column's name holds no dot. */
static void add_test(const char *name, const char *status, const list_t *output)
{
    test_t test = {0, 0, 0, read_result(status), 0, NULL};
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
    test.seconds = read_seconds(status);
    if (test.result == FAILED)
        show_failure(name, status, output);
    else
        totals[test.result]++, column_counts[test.result]++;
    if (test.result == SKIPPED)
        test.reason = skip_reason(output);
    tests = must(realloc(tests, (test_count + 1) * sizeof *tests));
    tests[test_count++] = test;
}

/* A case that is run again counts by what comes of that. */
static void tell_again(const char *name)
{
    char text[2 * LINE];
    snprintf(text, sizeof text, "%s timed out, and was run again", name);
    tell_about(column_name, text);
    clear_live_line();
    printf("AGAIN   %s\n", text);
}

/* "@case posix.lock.a_case   Passed 0.01 sec": of a batch; what it has printed since the last one is this
 * one's. The tests of batches themselves print such lines of no column. */
static int read_case(const char *text, list_t *output)
{
    char what[LINE], name[LINE];
    int after = 0;
    size_t length = strlen(column_name);
    if (sscanf(text, "@%4095s %4095s%n", what, name, &after) != 2 ||
        strncmp(name, column_name, length) != 0 || name[length] != '.')
        return 0;
    if (strcmp(what, "case") == 0)
        add_test(name, text + after, output);
    else if (strcmp(what, "again") == 0)
        tell_again(name);
    else
        return 0;
    forget_output(output);
    return 1;
}

/* "12: text": test 12 printed it. */
static int read_output(const char *line)
{
    char *end;
    unsigned long number = strtoul(line, &end, 10);
    if (!isdigit((unsigned char)line[0]) || strncmp(end, ": ", 2) != 0)
        return 0;
    if (end[2] != '\0' && !is_ctest_talk(end + 2) && !read_case(end + 2, output_of(number)))
        list_add(output_of(number), end + 2);
    return 1;
}

/* A batch that broke off, or that failed by itself, must not look like a success. */
static void end_batch(const char *name, const char *status, const list_t *output)
{
    int failed = 0;
    const char *last = output->count > 0 ? output->texts[output->count - 1] : "";
    if (sscanf(last, "@over %d", &failed) != 1 || (failed > 0) != (read_result(status) == FAILED))
        show_failure(name, status, output);
}

/* " 3/40 Test  #12: posix.lock.a_case ....   Passed    0.01 sec": test 12 has ended; without the "3/40": once more. */
static int read_end(const char *line)
{
    int done, total = column_total, after = 0;
    unsigned number;
    char name[LINE];
    int is_first = sscanf(line, " %d/%d Test #%u: %4095s%n", &done, &total, &number, name, &after) == 4;
    if (!is_first && sscanf(line, " Test #%u: %4095s%n", &number, name, &after) != 2)
        return 0;
    column_total = total;
    if (is_first && column_repeats && strstr(line + after, "***Timeout") != NULL) {
        tell_again(name);
    } else {
        column_done++; /* CTest's own count is wrong once a case is run again */
        (strstr(name, ".batch_") != NULL ? end_batch : add_test)(name, line + after, output_of(number));
    }
    return 1;
}

static void begin_column(const char *name)
{
    snprintf(column_name, sizeof column_name, "%.*s", (int)strcspn(name, " "), name);
    column_repeats = strstr(name, "--repeat") != NULL;
    column_done = column_total = 0;
    forget_outputs();
}

/* A run that broke off, or in which ctest itself found something wrong, must not look like a success. */
static void end_column(const char *code)
{
    if (column_done < column_total || column_total == 0)
        fail(column_name, "did not run all of its tests");
    else if (strcmp(code, "0") != 0 && column_counts[FAILED] == 0)
        fail(column_name, "ctest reports an error");
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
    else if (strncmp(line, "@about ", 7) == 0)
        read_about_line(line + 7);
    else if (strncmp(line, "@fail ", 6) == 0)
        fail(line + 6, "");
    else if (strncmp(line, "| ", 2) == 0)
        printf("        %s\n", line + 2);
    else if (!read_output(line))
        read_end(line);
}

/* A column is over: all that it has said. */
static void read_file(const char *path)
{
    char line[LINE];
    FILE *file = fopen(path, "r");
    memset(column_counts, 0, sizeof column_counts);
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        read_line(line);
    }
    if (file != NULL)
        fclose(file);
}

/* -------------------------------------------------------------------------------- the columns on their way */

enum state { WAITING, UNDER_WAY, OVER };

typedef struct column {
    const char *name;
    enum state state;
    time_t begun;
    int seconds; /* that it took; before it is over, the last time, or 0 */
    long read;   /* how much of its file was counted */
    int done, total;
} column_t;

static column_t *under_watch;
static size_t watched, overs;
static const char *lanes, *builds;

static FILE *open_file(const column_t *column, const char *name)
{
    char path[LINE];
    snprintf(path, sizeof path, "%s/%s/%s", lanes, column->name, name);
    return fopen(path, "r");
}

static column_t *find_column(const char *name)
{
    for (size_t i = 0; i < watched; i++)
        if (strcmp(under_watch[i].name, name) == 0)
            return &under_watch[i];
    return NULL;
}

/* "name seconds" in each line. */
static void read_times(FILE *file, list_t *others)
{
    char line[LINE], name[LINE];
    int seconds;
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "%4095s %d", name, &seconds) == 2) {
            column_t *column = find_column(name);
            if (others != NULL && (column == NULL || column->state != OVER))
                list_add(others, line);
            else if (others == NULL && column != NULL)
                column->seconds = seconds;
        }
    if (file != NULL)
        fclose(file);
}

static void write_times(const char *path)
{
    list_t others = {NULL, 0};
    read_times(fopen(path, "r"), &others);
    FILE *file = fopen(path, "w");
    for (size_t i = 0; file != NULL && i < others.count; i++)
        fputs(others.texts[i], file);
    for (size_t i = 0; file != NULL && i < watched; i++)
        if (under_watch[i].state == OVER)
            fprintf(file, "%s %d\n", under_watch[i].name, under_watch[i].seconds);
    if (file != NULL)
        fclose(file);
}

/* 12,345 */
static const char *with_commas(size_t number)
{
    static char texts[RESULTS][32];
    static size_t next;
    char *text = texts[next++ % RESULTS];
    if (number < 1000)
        snprintf(text, sizeof texts[0], "%zu", number);
    else
        snprintf(text, sizeof texts[0], "%zu,%03zu", number / 1000, number % 1000);
    return text;
}

/* What stays to be read of a column: one line. */
static void print_kept_line(const column_t *column)
{
    clear_live_line();
    printf("[%zu/%zu] %s  ", overs, watched, column->name);
    if (column_done > 0 && strcmp(column_name, column->name) == 0) {
        printf("%s passed, ", with_commas(column_counts[PASSED]));
        if (column_counts[FAILED] > 0)
            printf("%s FAILED, ", with_commas(column_counts[FAILED]));
        printf("%s skipped, %d s\n", with_commas(column_counts[SKIPPED]), column->seconds);
    } else {
        const char *text = "nothing was run";
        for (size_t i = 0; i < about.count; i++)
            if (strncmp(about.texts[i], column->name, strlen(column->name)) == 0 &&
                about.texts[i][strlen(column->name)] == ' ')
                text = about.texts[i] + strlen(column->name);
        printf("%s\n", text + strspn(text, " "));
    }
    fflush(stdout);
}

/* Count the tests that have ended in lines that are complete. */
static void count_tests(column_t *column, FILE *file)
{
    char line[LINE];
    fseek(file, column->read, SEEK_SET);
    while (fgets(line, sizeof line, file) != NULL && strchr(line, '\n') != NULL) {
        (void)sscanf(line, " %d/%d Test #", &column->done, &column->total);
        column->read = ftell(file);
    }
}

static void end_watch(column_t *column)
{
    char path[LINE];
    snprintf(path, sizeof path, "%s/%s/over", lanes, column->name);
    column->seconds = (int)(time(NULL) - column->begun);
    column->state = OVER;
    overs++;
    column_done = 0;
    read_file(path);
    print_kept_line(column);
}

static void watch_column(column_t *column)
{
    FILE *running = open_file(column, "running"), *over = open_file(column, "over");
    if (column->state == WAITING && (running != NULL || over != NULL)) {
        column->state = UNDER_WAY;
        column->begun = time(NULL);
        if (!is_terminal)
            printf("begun %s\n", column->name), fflush(stdout);
    }
    if (column->state == UNDER_WAY && over != NULL)
        end_watch(column);
    else if (column->state == UNDER_WAY && running != NULL)
        count_tests(column, running);
    if (running != NULL)
        fclose(running);
    if (over != NULL)
        fclose(over);
}

/* By how long the columns took the last time; -1 if one of them is not known. */
static int seconds_left(void)
{
    double left = 0;
    for (size_t i = 0; i < watched; i++) {
        const column_t *column = &under_watch[i];
        if (column->state != OVER && column->seconds == 0)
            return -1;
        if (column->state == WAITING)
            left += column->seconds;
        else if (column->state == UNDER_WAY) {
            double rest = column->seconds - (double)(time(NULL) - column->begun);
            left += rest > 0 ? rest : 0;
        }
    }
    return (int)(left / (watched < LANES ? watched : LANES));
}

static void show_live_line(void)
{
    char line[LINE] = "";
    size_t used = 0;
    int left = seconds_left();
    for (size_t i = 0; i < watched && used < 80; i++) {
        const column_t *column = &under_watch[i];
        if (column->state != UNDER_WAY)
            continue;
        used += (size_t)snprintf(line + used, sizeof line - used,
                                 column->total > 0 ? "%s %d/%d  " : "%s builds  ", column->name, column->done,
                                 column->total);
    }
    clear_live_line();
    if (left >= 0)
        printf("%d:%02d left  ", left / 60, left % 60);
    printf("%.100s", line);
    fflush(stdout);
}

/* False: the pipe is closed. */
static int wait_a_little(void)
{
    char ignored[LINE];
    struct pollfd in = {STDIN_FILENO, POLLIN, 0};
    return poll(&in, 1, 500) <= 0 || read(STDIN_FILENO, ignored, sizeof ignored) > 0;
}

static void watch_all(void)
{
    for (int goes_on = 1; goes_on;) {
        goes_on = wait_a_little();
        for (size_t i = 0; i < watched; i++)
            watch_column(&under_watch[i]);
        if (is_terminal && goes_on)
            show_live_line();
    }
    for (size_t i = 0; i < watched; i++)
        if (under_watch[i].state != OVER)
            fail(under_watch[i].name, "broke off");
    clear_live_line();
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

static int compare_times(const void *left, const void *right)
{
    double difference = ((const test_t *)right)->seconds - ((const test_t *)left)->seconds;
    return (difference > 0) - (difference < 0);
}

/* Column by column, each in the place that it has in the command. */
static void write_results(const char *path)
{
    static const char *const words[RESULTS] = {"passed", "failed", "skipped"};
    FILE *file = fopen(path, "w");
    for (size_t i = 0; file != NULL && i < watched; i++)
        for (size_t k = 0; k < test_count; k++)
            if (strcmp(columns.texts[tests[k].column], under_watch[i].name) == 0)
                fprintf(file, "%s.%s %s\n", under_watch[i].name, tests[k].name, words[tests[k].result]);
    if (file != NULL)
        fclose(file);
}

/* Last: it changes the order of the tests. */
static void print_slowest(void)
{
    if (test_count > 0)
        qsort(tests, test_count, sizeof *tests, compare_times);
    printf("\nthe slowest:\n");
    for (size_t i = 0; i < test_count && i < SLOWEST; i++)
        printf("%8.1f s  %s.%s\n", tests[i].seconds, columns.texts[tests[i].column], tests[i].name);
}

/* "column.suite.case  why" */
static void print_failures(void)
{
    print_list(&failures, "FAILED  ");
    if (failures.count == 0)
        return;
    const char *name = failures.texts[0];
    printf("\none of them again:\n    ctest --test-dir %s/%.*s -C Case -V -R '^%.*s$'\n", builds,
           (int)strcspn(name, ". "), name, (int)strcspn(name, " "), name);
}

int main(int argc, char **argv)
{
    char times[LINE], results[LINE];
    if (argc < 4) {
        fputs("usage: report LANES BUILDS COLUMN...\n", stderr);
        return 2;
    }
    lanes = argv[1];
    builds = argv[2];
    watched = (size_t)argc - 3;
    under_watch = must(calloc(watched, sizeof *under_watch));
    for (size_t i = 0; i < watched; i++)
        under_watch[i].name = argv[3 + i];
    snprintf(times, sizeof times, "%s/check-times", builds);
    read_times(fopen(times, "r"), NULL);
    is_terminal = isatty(STDOUT_FILENO);
    watch_all();
    write_times(times);
    snprintf(results, sizeof results, "%s/all.results", lanes);
    write_results(results);
    print_table();
    print_skips();
    print_list(&about, "");
    print_slowest();
    print_failures();
    printf("\n%zu passed, %zu failed, %zu skipped\n", totals[PASSED], totals[FAILED], totals[SKIPPED]);
    return totals[FAILED] > 0 || totals[PASSED] == 0;
}
