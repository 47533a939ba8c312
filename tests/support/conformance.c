/* SPDX-License-Identifier: MIT */
/* The main function of every suite, and what a failed check does. Built once for each suite with CASES_FILE. */
#include "conformance.h"

#include <stdlib.h>
#include <string.h>

int EXIT_CODE = 0;

#define CASE_ENTRY(name) void case_##name(void);
#include CASES_FILE
#undef CASE_ENTRY

static const struct {
    const char *name;
    void (*function)(void);
} cases[] = {
#define CASE_ENTRY(name) {#name, case_##name},
#include CASES_FILE
};

/* _Exit, because a failed case must end now, whatever its threads are doing. */
static void leave(int code)
{
    fflush(stdout);
    fflush(stderr);
    _Exit(code);
}

void check_failed(const char *file, int line, const char *what, const char *detail)
{
    fprintf(stderr, "%s:%d: check failed: %s%s%s\n", file, line, what, detail ? ": " : "",
            detail ? detail : "");
    leave(1);
}

void check_equal(const char *file, int line, const char *what, intmax_t actual, intmax_t expected)
{
    char detail[80];
    if (actual == expected)
        return;
    snprintf(detail, sizeof detail, "got %jd, expected %jd", actual, expected);
    check_failed(file, line, what, detail);
}

void check_status(const char *file, int line, const char *what, threading_status_t actual,
                  threading_status_t expected)
{
    char detail[120];
    if (actual == expected)
        return;
    snprintf(detail, sizeof detail, "got %s, expected %s", threading_status_name(actual),
             threading_status_name(expected));
    check_failed(file, line, what, detail);
}

void check_text(const char *file, int line, const char *what, const char *actual, const char *expected)
{
    char detail[400];
    if (actual != NULL && strcmp(actual, expected) == 0)
        return;
    snprintf(detail, sizeof detail, "got \"%s\", expected \"%s\"", actual ? actual : "(null)", expected);
    check_failed(file, line, what, detail);
}

void check_skip(const char *reason)
{
    printf("SKIP: %s\n", reason);
    leave(77);
}

threading_thread_t *started(threading_target_t target, void *arg)
{
    threading_thread_t *thread = threading_thread_new(target, arg, NULL);
    CHECK(thread != NULL);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    return thread;
}

void finished(threading_thread_t *thread)
{
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    threading_thread_free(thread);
}

bool is_slow(void)
{
    return getenv("THREADING_TEST_SLOW") != NULL;
}

int main(int argc, char **argv)
{
    size_t count = sizeof cases / sizeof *cases;
    for (size_t i = 0; argc == 2 && i < count; i++)
        if (strcmp(cases[i].name, argv[1]) == 0) {
            cases[i].function();
            return EXIT_CODE;
        }
    for (size_t i = 0; i < count; i++)
        printf("%s\n", cases[i].name);
    return 2;
}
