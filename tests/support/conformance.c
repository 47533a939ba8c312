/* SPDX-License-Identifier: MIT */
/* The main function of every suite, and what a failed check does. */
#include "conformance.h"

#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "cases.h"

int EXIT_CODE = 0;

static THREADING_NORETURN void leave(int code)
{
    fflush(stdout);
    fflush(stderr);
    end_now(code);
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

void wait_at_first(void)
{
    threading_event_t never = {0};
    for (int i = 0; i < 10; i++)
        CHECK_STATUS(threading_event_wait_timeout(&never, 0.0005), THREADING_TIMEOUT);
}

bool is_slow(void)
{
    return getenv("THREADING_TEST_SLOW") != NULL;
}

int threads_at_once(int wanted)
{
    const char *text = getenv("THREADING_TEST_THREADS");
    int most = text != NULL ? atoi(text) : wanted;
    return most < wanted ? most : wanted;
}

static const struct test_case *case_named(const char *name)
{
    for (const struct test_case *one = test_cases; one->name != NULL; one++)
        if (strcmp(one->name, name) == 0)
            return one;
    return NULL;
}

int main(int argc, char **argv)
{
    const struct test_case *chosen = NULL;
    end_after_all_threads();
    if (argc == 2)
        chosen = case_named(argv[1]);
    else if (argc == 5 && strcmp(argv[1], "--batch") == 0)
        chosen = batch_case(argv + 2);
    if (chosen != NULL) {
        chosen->function();
        return EXIT_CODE;
    }
    for (const struct test_case *one = test_cases; one->name != NULL; one++)
        printf("%s\n", one->name);
    return 2;
}
