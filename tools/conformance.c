/* SPDX-License-Identifier: MIT */
/*
 * Writes docs/conformance.md: each test of CPython, what stands for it here, and how that went on each backend.
 *
 *     conformance FILE...                the page, to the standard output
 *     conformance --check PAGE FILE...   compares the page with the files, but for the results
 *
 * The files, in any order: tests/cpython/tests.txt; sources (.c) with "CPython: module.Class.test_name, test_name" in
 * the comment above a case; results (.results) of tools/report.c.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum backend { POSIX, WIN32, C11, BACKENDS };
enum result { PASSED, FAILED, SKIPPED, RESULTS };
enum { LINE = 4096 };

static const char *const backends[BACKENDS] = {"posix", "win32", "c11"};

/* What the names of a backend's columns begin with. */
static const char *const columns_of[BACKENDS] = {"posix", "win", "c11"};
static const char *const word_for[RESULTS] = {"pass", "**FAIL**", "skip"};

/* A test of CPython. */
typedef struct test {
    char *class_name; /* module.Class */
    char *method;     /* test_name */
    char *reason;     /* why it has no counterpart, or "" */
    char *runs;       /* the classes that run_tests.py runs it in, or "" */
    char *cases;      /* the cases that cite it, as the page has them, or "" */
    bool seen[BACKENDS][RESULTS];
} test_t;

/* A test of ours, suite.case, that stands for one of CPython's. */
typedef struct link {
    char *name;
    size_t test;
} link_t;

static test_t *tests;
static link_t *links;
static size_t test_count, link_count;
static int problems;

/* The columns that results are from, as the page has them, and the last one alone. */
static char *columns[BACKENDS];
static char last_column[LINE];

#define PROBLEM(...) (fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), problems++)

static void *must(void *memory)
{
    if (memory == NULL) {
        fputs("conformance: out of memory\n", stderr);
        exit(2);
    }
    return memory;
}

static char *copy(const char *text, size_t length)
{
    char *result = must(malloc(length + 1));
    memcpy(result, text, length);
    result[length] = '\0';
    return result;
}

static void append(char **text, const char *more)
{
    size_t length = *text ? strlen(*text) : 0;
    *text = must(realloc(*text, length + strlen(more) + 1));
    strcpy(*text + length, more);
}

static FILE *must_open(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        exit(2);
    }
    return file;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), ending = strlen(end);
    return length >= ending && strcmp(text + length - ending, end) == 0;
}

/* The class's own name, without the module. */
static const char *last_part(const char *class_name)
{
    const char *dot = strrchr(class_name, '.');
    return dot ? dot + 1 : class_name;
}

/* ------------------------------------------------------------------------------------------ what there is */

static void add_link(const char *name, size_t test)
{
    links = must(realloc(links, (link_count + 1) * sizeof *links));
    links[link_count].name = copy(name, strlen(name));
    links[link_count++].test = test;
}

/* The tests that run_tests.py runs as they are have one of ours in each of the classes. */
static void link_runs(size_t at)
{
    const char *run = tests[at].runs;
    while (*run != '\0') {
        char name[LINE];
        int length = (int)strcspn(run, " ");
        snprintf(name, sizeof name, "cpython.%.*s.%s", length, run, tests[at].method);
        add_link(name, at);
        run += length;
        run += strspn(run, " ");
    }
}

/* "module.Class.test_name", then perhaps the reason for having no counterpart. */
static void add_test(const char *line, const char *class_run, const char *runs)
{
    size_t length = strcspn(line, " ");
    const char *reason = line + length + strspn(line + length, " ");
    char *name = copy(line, length), *dot = strrchr(name, '.');
    test_t test = {0};
    if (dot == NULL) {
        PROBLEM("no test: %s", line);
        return;
    }
    *dot = '\0';
    test.class_name = name;
    test.method = dot + 1;
    append(&test.reason, reason);
    append(&test.runs, strcmp(class_run, name) == 0 && *reason == '\0' ? runs : "");
    append(&test.cases, "");
    tests = must(realloc(tests, (test_count + 1) * sizeof *tests));
    tests[test_count++] = test;
    link_runs(test_count - 1);
}

static void read_list(const char *path)
{
    char line[LINE], class_run[LINE] = "", runs[LINE] = "";
    FILE *file = must_open(path);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\r\n")] = '\0';
        if (*line == '#' || *line == '\0' || sscanf(line, "run %4095s as %4095[^\n]", class_run, runs) == 2)
            continue;
        add_test(line, class_run, runs);
    }
    fclose(file);
}

/* The test that a citation means: modules may be left out, or be cited with or without their package. */
static size_t find_test(const char *class_name, const char *method)
{
    for (size_t i = 0; i < test_count; i++)
        if (strcmp(tests[i].method, method) == 0 &&
            strcmp(last_part(tests[i].class_name), last_part(class_name)) == 0)
            return i;
    return test_count;
}

static void cite(const char *path, const char *class_name, const char *method, const char *name)
{
    size_t test = find_test(class_name, method);
    if (test == test_count) {
        PROBLEM("%s: %s cites %s.%s, which is not in the list of CPython's tests", path, name, class_name,
                method);
        return;
    }
    for (size_t i = 0; i < link_count; i++)
        if (links[i].test == test && strcmp(links[i].name, name) == 0)
            return; /* written twice, in the branches of an #if */
    add_link(name, test);
    append(&tests[test].cases, *tests[test].cases ? ", `" : "`");
    append(&tests[test].cases, name);
    append(&tests[test].cases, "`");
}

/* "module.Class.test_a, test_b (a remark)": the words that are tests; the second is of the same class as the first. */
static void read_citation(const char *path, const char *text, const char *end, const char *name)
{
    char class_name[LINE] = "";
    int found = 0;
    while (text < end) {
        char word[LINE], *dot;
        size_t length = 0;
        while (text + length < end && (isalnum((unsigned char)text[length]) || strchr("._", text[length])))
            length++;
        snprintf(word, sizeof word, "%.*s", (int)length, text);
        text += length > 0 ? length : 1;
        while (length > 0 && word[length - 1] == '.')
            word[--length] = '\0';
        dot = strrchr(word, '.');
        if (dot != NULL && isupper((unsigned char)dot[1]))
            found++; /* a whole class */
        if (strncmp(dot ? dot + 1 : word, "test_", 5) != 0)
            continue;
        if (dot != NULL) {
            *dot = '\0';
            strcpy(class_name, word);
        }
        cite(path, class_name, dot ? dot + 1 : word, name);
        found++;
    }
    if (found == 0)
        PROBLEM("%s: a comment above %s cites no test", path, name);
}

static char *read_all(const char *path)
{
    char *text = copy("", 0), line[LINE];
    size_t length = 0;
    FILE *file = must_open(path);
    while (fgets(line, sizeof line, file)) {
        text = must(realloc(text, length + strlen(line) + 1));
        strcpy(text + length, line);
        length += strlen(line);
    }
    fclose(file);
    return text;
}

/* The first case of the text: where its name begins, or NULL. */
static const char *next_case(const char *text)
{
    for (text = strstr(text, "CASE("); text != NULL; text = strstr(text + 1, "CASE("))
        if (text[-1] == '\n' || strncmp(text - 6, "\nEXIT_", 6) == 0)
            return text + strlen("CASE(");
    return NULL;
}

static void read_source(const char *path)
{
    char *text = read_all(path);
    const char *base = strrchr(path, '/'), *at = text;
    base = base ? base + 1 : path;
    while ((at = strstr(at, "CPython: ")) != NULL) {
        const char *end = strstr(at, "*/"), *found = end ? next_case(end) : NULL;
        char name[LINE];
        if (found == NULL) {
            PROBLEM("%s: no case follows \"%.60s\"", path, at);
            break;
        }
        snprintf(name, sizeof name, "%.*s.%.*s", (int)strcspn(base, "."), base, (int)strcspn(found, ",)"),
                 found);
        read_citation(path, at + strlen("CPython: "), end, name);
        at = end;
    }
    free(text);
}

/* -------------------------------------------------------------------------------------------- the results */

static enum backend backend_of(const char *column)
{
    int backend = POSIX;
    while (backend < BACKENDS && strncmp(column, columns_of[backend], strlen(columns_of[backend])) != 0)
        backend++;
    return (enum backend)backend;
}

/* The results of a column follow each other. */
static void note_column(const char *test, enum backend backend)
{
    char column[LINE];
    snprintf(column, sizeof column, "%.*s", (int)strcspn(test, "."), test);
    if (backend == BACKENDS || strcmp(column, last_column) == 0)
        return;
    strcpy(last_column, column);
    append(&columns[backend], " `");
    append(&columns[backend], column);
    append(&columns[backend], "`");
}

static void note_result(const char *test, const char *status)
{
    enum result result = strcmp(status, "passed") == 0   ? PASSED
                         : strcmp(status, "failed") == 0 ? FAILED
                                                         : SKIPPED;
    enum backend backend = backend_of(test);
    const char *name = strchr(test, '.');
    note_column(test, backend);
    for (size_t i = 0; i < link_count && backend < BACKENDS && name != NULL; i++)
        if (strcmp(links[i].name, name + 1) == 0)
            tests[links[i].test].seen[backend][result] = true;
}

/* "column.suite.case passed" in each line. */
static void read_results(const char *path)
{
    char line[LINE], name[LINE], status[LINE];
    FILE *file = must_open(path);
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "%4095s %4095s", name, status) == 2)
            note_result(name, status);
    fclose(file);
}

/* A failure anywhere counts; what is skipped in some columns and passes in others passes. */
static const char *outcome(const test_t *test, int backend)
{
    static const enum result order[RESULTS] = {FAILED, PASSED, SKIPPED};
    for (int i = 0; i < RESULTS; i++)
        if (test->seen[backend][order[i]])
            return word_for[order[i]];
    return "-";
}

/* ----------------------------------------------------------------------------------------------- the page */

static bool has_counterpart(const test_t *test)
{
    return *test->cases != '\0' || *test->runs != '\0';
}

static bool same_module(size_t left, size_t right)
{
    size_t length = strcspn(tests[left].class_name, ".");
    return strncmp(tests[left].class_name, tests[right].class_name, length + 1) == 0;
}

/* One line of the first table: the tests from `begin` that are of the same module. */
static size_t write_module(FILE *page, size_t begin)
{
    size_t end, here = 0, passed[BACKENDS] = {0};
    for (end = begin; end < test_count && same_module(begin, end); end++) {
        here += has_counterpart(&tests[end]);
        for (int backend = 0; backend < BACKENDS; backend++)
            passed[backend] += strcmp(outcome(&tests[end], backend), word_for[PASSED]) == 0;
    }
    fprintf(page, "| %.*s, %zu tests | %zu | %zu | %zu | %zu |\n", (int)strcspn(tests[begin].class_name, "."),
            tests[begin].class_name, end - begin, here, passed[POSIX], passed[WIN32], passed[C11]);
    return end;
}

static void write_class_heading(FILE *page, const test_t *test, const char *runs)
{
    fprintf(page, "\n## %s\n", test->class_name);
    if (*runs != '\0') {
        fputs("\nRun as they are:", page);
        for (int length; *runs != '\0'; runs += length, runs += strspn(runs, " ")) {
            length = (int)strcspn(runs, " ");
            fprintf(page, " `cpython.%.*s`", length, runs);
        }
        fputs(".\n", page);
    }
    fputs("\n| CPython's test | Here | posix | win32 | c11 |\n|---|---|---|---|---|\n", page);
}

/* Where the tests of a class run as they are, as any of them has it. */
static const char *runs_of_class(size_t at)
{
    const char *class_name = tests[at].class_name;
    for (; at < test_count && strcmp(tests[at].class_name, class_name) == 0; at++)
        if (*tests[at].runs != '\0')
            return tests[at].runs;
    return "";
}

static void write_test(FILE *page, const test_t *test)
{
    fprintf(page, "| %s | %s%s%s%s%s |", test->method, *test->runs ? "as it is" : "",
            *test->runs && *test->cases ? ", " : "", test->cases,
            has_counterpart(test) && *test->reason ? "; " : "",
            *test->reason           ? test->reason
            : has_counterpart(test) ? ""
                                    : "**none**");
    for (int backend = 0; backend < BACKENDS; backend++)
        fprintf(page, " %s |", has_counterpart(test) ? outcome(test, backend) : "");
    fputc('\n', page);
}

static void write_page(FILE *page)
{
    fputs(
        "# CPython's tests, and ours\n\n"
        "Each test that CPython 3.13 has for what is here, and some later ones; the tests that stand for it; and how\n"
        "these went in the columns of each backend. A test that runs *as it is* is CPython's own, unmodified, on this\n"
        "library (`tests/cpython/`), where the CPython that is installed has it; the others were written anew.\n"
        "`tools/check all` writes this page.\n\n"
        "| Module | With a counterpart | Pass on posix | win32 | c11 |\n|---|---|---|---|---|\n",
        page);
    for (size_t i = 0; i < test_count;)
        i = write_module(page, i);
    fputs("\nResults of these columns:\n\n", page);
    for (int backend = 0; backend < BACKENDS; backend++)
        fprintf(page, "- %s:%s\n", backends[backend], columns[backend] ? columns[backend] : " none");
    for (size_t i = 0; i < test_count; i++) {
        if (i == 0 || strcmp(tests[i].class_name, tests[i - 1].class_name) != 0)
            write_class_heading(page, &tests[i], runs_of_class(i));
        write_test(page, &tests[i]);
    }
}

/* --------------------------------------------------------------------------------------------- the check */

/* What is compared of a line: of a table's, the first two cells, without results; class headings keep apart what has the
 * same name in two classes. */
static void make_key(char *key, const char *line, char *heading)
{
    const char *end = line;
    if (strncmp(line, "## ", 3) == 0)
        snprintf(heading, LINE, "%s", line);
    if (*line != '|') {
        *key = '\0';
        return;
    }
    for (int cells = 0; cells < 2 && end != NULL; cells++)
        end = strchr(end + 1, '|');
    snprintf(key, 2 * LINE, "%s: %.*s", heading, (int)(end ? end - line : 0), line);
}

typedef struct keys {
    char **texts;
    size_t count;
} keys_t;

static keys_t read_keys(FILE *page)
{
    keys_t keys = {NULL, 0};
    char line[LINE], key[2 * LINE], heading[LINE] = "";
    while (fgets(line, sizeof line, page)) {
        line[strcspn(line, "\r\n")] = '\0';
        make_key(key, line, heading);
        if (*key == '\0')
            continue;
        keys.texts = must(realloc(keys.texts, (keys.count + 1) * sizeof *keys.texts));
        keys.texts[keys.count++] = copy(key, strlen(key));
    }
    return keys;
}

static void compare_keys(keys_t left, keys_t right, const char *what)
{
    for (size_t i = 0; i < left.count; i++) {
        size_t k = 0;
        while (k < right.count && strcmp(left.texts[i], right.texts[k]) != 0)
            k++;
        if (k == right.count)
            PROBLEM("%s %s", what, left.texts[i]);
    }
}

static void check_page(const char *path)
{
    FILE *page = must_open(path), *made = tmpfile();
    keys_t committed, expected;
    must(made);
    write_page(made);
    rewind(made);
    committed = read_keys(page);
    expected = read_keys(made);
    compare_keys(expected, committed, "the page lacks");
    compare_keys(committed, expected, "the page has what is not in the sources:");
    for (size_t i = 0; i < test_count; i++)
        if (!has_counterpart(&tests[i]) && *tests[i].reason == '\0')
            PROBLEM("%s.%s has no counterpart, and no reason for that is given", tests[i].class_name,
                    tests[i].method);
    if (problems > 0)
        fprintf(stderr,
                "tools/check writes a new page; the list of CPython's tests is tests/cpython/tests.txt\n");
    fclose(page);
    fclose(made);
}

static void read_each(char **paths, const char *kind, void (*read)(const char *path))
{
    for (; *paths != NULL; paths++)
        if (ends_with(*paths, kind))
            read(*paths);
}

int main(int argc, char **argv)
{
    bool check = argc > 2 && strcmp(argv[1], "--check") == 0;
    char **paths = argv + (check ? 3 : 1);
    if (argc < 2) {
        fputs("usage: conformance [--check PAGE] FILE...\n", stderr);
        return 2;
    }
    read_each(paths, ".txt", read_list);
    read_each(paths, ".c", read_source);
    read_each(paths, ".results", read_results);
    if (check)
        check_page(argv[2]);
    else
        write_page(stdout);
    return problems > 0;
}
