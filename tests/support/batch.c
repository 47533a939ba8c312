/* SPDX-License-Identifier: MIT */
/*
 * To start a process costs far more than to fork one, above all under a sanitizer or an emulator. When this
 * one forks, it has one thread and has not used the library: the child is as good as new. The parent leaves
 * stdio alone, so that nothing is in a buffer and every case may still set up its own.
 *
 * For each case it prints "@case NAME.case", what CTest would say of it, and how long it took; before that
 * all that the case printed, unless it passed. At the end it prints "@over" and how many have failed.
 * tools/report.c reads that.
 */
#include "conformance.h"

#include "cases.h"

#include "batch.h"

#if defined(_WIN32) /* has no fork */

const struct test_case *batch_case(char **arguments)
{
    (void)arguments;
    return NULL;
}

#else

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(TEST_WITH_ADDRESS_SANITIZER)
#include <sanitizer/lsan_interface.h>
#endif

enum { RETURNED = 33, SKIPPED = 77 }; /* how a case ends: not by exit(0) before all of it was done */

static pid_t child;
static int child_output;     /* the end of the pipe that is read */
static unsigned long begun;  /* in ticks */
static double limit;         /* in seconds */
static char output[1 << 16]; /* of the child, without what would be too much */
static size_t output_length;

/* Not clock_gettime: stepping.c takes the place of that one, and would come into every suite. */
static unsigned long ticks_now(void)
{
    struct tms unused;
    return (unsigned long)times(&unused);
}

static double seconds(void)
{
    return (double)(ticks_now() - begun) / (double)sysconf(_SC_CLK_TCK);
}

static int milliseconds_left(void)
{
    double left = limit - seconds();
    return left > 0 ? (int)(left * 1000) + 1 : 0;
}

static THREADING_NORETURN void give_up(const char *what)
{
    perror(what);
    exit(2);
}

/* At its end every child is searched for leaks, and so are 11 MB of zeros that belong to the sanitizer. Half
 * of what a short case costs is to have these pages mapped; after a search here each child begins with them. */
static void map_what_is_searched_for_leaks(void)
{
#if defined(TEST_WITH_ADDRESS_SANITIZER)
    (void)__lsan_do_recoverable_leak_check();
#endif
}

/* ---- the child ---- */

/* An EXIT_CASE is compared by what goes to the standard output alone. The alarm ends a case that hangs after
 * somebody has killed the parent. */
static void become_case(const struct test_case *one, const int *ends)
{
    (void)setpgid(0, 0);
    (void)alarm((unsigned)limit + 10);
    if (dup2(ends[1], STDOUT_FILENO) < 0 || (one->output == NULL && dup2(ends[1], STDERR_FILENO) < 0))
        give_up("dup2");
    (void)close(ends[0]);
    (void)close(ends[1]);
    if (one->output == NULL)
        EXIT_CODE = RETURNED;
}

/* Whether this is the child. */
static bool begin(const struct test_case *one)
{
    int ends[2];
    begun = ticks_now();
    output_length = 0;
    if (pipe(ends) < 0)
        give_up("pipe");
    child = fork();
    if (child < 0)
        give_up("fork");
    if (child == 0) {
        become_case(one, ends);
        return true;
    }
    child_output = ends[0];
    (void)setpgid(child, child); /* as the child does, which may not have come to it when it is killed */
    (void)close(ends[1]);
    return false;
}

/* ---- the parent ---- */

static bool read_some(void)
{
    char some[4096];
    ssize_t length = read(child_output, some, sizeof some);
    for (ssize_t i = 0; i < length && output_length < sizeof output; i++)
        output[output_length++] = some[i];
    return length > 0;
}

/* The output ends when all have ended that the case has forked, unless these closed it. */
static bool ends_in_time(int *status)
{
    struct pollfd readable = {child_output, POLLIN, 0};
    int left;
    while ((left = milliseconds_left()) > 0)
        if (poll(&readable, 1, left) > 0 && !read_some())
            break;
    while (left > 0 && waitpid(child, status, WNOHANG) == 0) {
        (void)poll(NULL, 0, 1);
        left = milliseconds_left();
    }
    return left > 0;
}

/* Where '|' is the end of a line. */
static bool has_printed(const char *expected)
{
    bool same = output_length == strlen(expected);
    for (size_t i = 0; same && i < output_length; i++)
        same = output[i] == (expected[i] == '|' ? '\n' : expected[i]);
    return same;
}

/* CTest's words, which tools/report.c knows. */
static const char passed[] = "  Passed", skipped[] = "***Skipped";

static const char *verdict(const struct test_case *one, int status)
{
    static char text[120];
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (code == SKIPPED)
        return skipped;
    if (WIFSIGNALED(status))
        snprintf(text, sizeof text, "***Exception: signal %d,", WTERMSIG(status));
    else if (one->output == NULL && code == 0)
        return "***Failed: exit before the end of the case,";
    else if (code != (one->output == NULL ? RETURNED : one->code))
        snprintf(text, sizeof text, "***Failed: exit code %d,", code);
    else if (one->output != NULL && !has_printed(one->output))
        snprintf(text, sizeof text, "***Failed: \"%.60s\" was to be printed,", one->output);
    else
        return passed;
    return text;
}

static const char *end(const struct test_case *one)
{
    int status = 0;
    bool in_time = ends_in_time(&status);
    if (!in_time) {
        (void)kill(-child, SIGKILL);
        (void)waitpid(child, &status, 0);
    }
    (void)close(child_output);
    return in_time ? verdict(one, status) : "***Timeout";
}

static void print_output(void)
{
    if (output_length > 0 && output[output_length - 1] != '\n')
        output[output_length < sizeof output ? output_length++ : output_length - 1] = '\n';
    for (size_t done = 0; done < output_length;) {
        ssize_t written = write(STDOUT_FILENO, output + done, output_length - done);
        if (written < 0)
            give_up("write");
        done += (size_t)written;
    }
}

/* Whether it did not fail. */
static bool tell(const struct test_case *one, const char *suite)
{
    const char *how = end(one);
    if (how != passed)
        print_output();
    dprintf(STDOUT_FILENO, "@case %s.%s %s %.2f sec\n", suite, one->name, how, seconds());
    return how == passed || how == skipped;
}

const struct test_case *batch_case(char **arguments)
{
    int number = atoi(arguments[0]);
    int failed = 0;
    limit = atof(arguments[1]);
    map_what_is_searched_for_leaks();
    for (const struct test_case *one = test_cases; one->name != NULL; one++) {
        if (one->batch != number)
            continue;
        if (begin(one))
            return one;
        failed += !tell(one, arguments[2]);
    }
    dprintf(STDOUT_FILENO, "@over %d\n", failed);
    exit(failed > 0);
}

#endif
