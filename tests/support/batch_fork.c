/* SPDX-License-Identifier: MIT */
/*
 * A child of its own for each case, by fork. When the batch's process forks, it has one thread and has not
 * used the library: the child is as good as a process that was started. The parent leaves stdio alone, so
 * that nothing is in a buffer and every case may still set up its own.
 */
#include "conformance.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <unistd.h>

#include "batch_child.h"

#if defined(TEST_WITH_ADDRESS_SANITIZER)
#include <sanitizer/lsan_interface.h>
#endif

static pid_t child;
static int child_output;    /* the end of the pipe that is read */
static unsigned long begun; /* in ticks */
static double limit;        /* in seconds */

/* Not clock_gettime: stepping.c takes the place of that one, and would come into every suite. */
static unsigned long ticks_now(void)
{
    struct tms unused;
    return (unsigned long)times(&unused);
}

double child_seconds(void)
{
    return (double)(ticks_now() - begun) / (double)sysconf(_SC_CLK_TCK);
}

static int milliseconds_left(void)
{
    double left = limit - child_seconds();
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

const struct test_case *child_prepare(char **arguments)
{
    limit = atof(arguments[1]);
    map_what_is_searched_for_leaks();
    return NULL;
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

bool child_begin(const struct test_case *one)
{
    int ends[2];
    begun = ticks_now();
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

static bool read_some(struct printed *printed)
{
    char some[4096];
    ssize_t length = read(child_output, some, sizeof some);
    for (ssize_t i = 0; i < length && printed->length < sizeof printed->text; i++)
        printed->text[printed->length++] = some[i];
    return length > 0;
}

/* The output ends when all have ended that the case has forked, unless these closed it. */
static bool ends_in_time(struct printed *printed, int *status)
{
    struct pollfd readable = {child_output, POLLIN, 0};
    int left;
    while ((left = milliseconds_left()) > 0)
        if (poll(&readable, 1, left) > 0 && !read_some(printed))
            break;
    while (left > 0 && waitpid(child, status, WNOHANG) == 0) {
        (void)poll(NULL, 0, 1);
        left = milliseconds_left();
    }
    return left > 0;
}

struct outcome child_end(struct printed *printed)
{
    int status = 0;
    printed->length = 0;
    bool in_time = ends_in_time(printed, &status);
    if (!in_time) {
        (void)kill(-child, SIGKILL);
        (void)waitpid(child, &status, 0);
    }
    (void)close(child_output);
    if (!in_time)
        return (struct outcome){OUT_OF_TIME, 0};
    if (WIFSIGNALED(status))
        return (struct outcome){CRASHED, (unsigned)WTERMSIG(status)};
    return (struct outcome){ENDED, (unsigned)WEXITSTATUS(status)};
}

bool child_hangs_by_itself(void)
{
    return false;
}

void child_say(const char *text, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t written = write(STDOUT_FILENO, text + done, length - done);
        if (written < 0)
            give_up("write");
        done += (size_t)written;
    }
}
