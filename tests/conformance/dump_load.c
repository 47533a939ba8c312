/* SPDX-License-Identifier: MIT */
/* Dumps of many threads, and while all are at work: complete, in time, and with no line that is wrong. */
#include <stdlib.h>

#include "crowd.h"
#include "dump_text.h"

static threading_event_t event;

static void *wait_for_event(void *arg)
{
    CHECK_STATUS(threading_event_wait(&event), THREADING_OK);
    return arg;
}

static size_t count_of(const struct dump *dump, const char *part)
{
    size_t count = 0;
    for (const char *found = dump->text; (found = strstr(found, part)) != NULL; found++)
        count++;
    return count;
}

static void dump_waiters(int count, double seconds)
{
    threading_thread_t **threads = (threading_thread_t **)calloc((size_t)count, sizeof(threading_thread_t *));
    const threading_thread_options_t options = {.stack_size = small_stack()};
    for (int i = 0; i < count; i++) {
        threads[i] = threading_thread_new(wait_for_event, NULL, &options);
        CHECK_STATUS(threading_thread_start(threads[i]), THREADING_OK);
    }
    AWAIT(count_of(dump_now(), "    waits for Event at 0x") == (size_t)count);
    double begin = threading_monotonic();
    const struct dump *dump = dump_now();
    double took = threading_monotonic() - begin;
    CHECK_EQUAL(count_of(dump, "\nThread \""), count + 1);
    threading_event_set(&event);
    for (int i = 0; i < count; i++)
        finished(threads[i]);
    free((void *)threads);
    if (!is_slow() && took >= seconds)
        check_failed(__FILE__, __LINE__, "a dump takes too long", "");
}

CASE(many_threads_that_wait_for_one_event)
{
    dump_waiters(threads_at_once(is_slow() ? 300 : 10000), 1);
}

/* ---- in motion: what is locked is locked in one order, so that there is never a ring ---- */

#define WORKERS 4
#define LOCKS 3

static threading_lock_t locks[LOCKS];
static threading_rlock_t rlocks[LOCKS];
static threading_condition_t condition = THREADING_CONDITION_INIT;
static threading_semaphore_t semaphore = THREADING_SEMAPHORE_INIT(1);
static atomic_bool is_over;
static unsigned int turns;

static void *lock_in_order(void *arg)
{
    while (!atomic_load(&is_over)) {
        for (int i = 0; i < LOCKS; i++)
            threading_lock_acquire(&locks[i]);
        for (int i = 0; i < LOCKS; i++)
            CHECK_STATUS(threading_rlock_acquire(&rlocks[i]), THREADING_OK);
        for (int i = LOCKS; i-- > 0;)
            threading_rlock_release(&rlocks[i]);
        for (int i = LOCKS; i-- > 0;)
            threading_lock_release(&locks[i]);
    }
    return arg;
}

static void *notify_each_other(void *arg)
{
    while (!atomic_load(&is_over)) {
        CHECK_STATUS(threading_condition_acquire(&condition), THREADING_OK);
        turns++;
        threading_condition_notify_all(&condition);
        threading_status_t status = threading_condition_wait_timeout(&condition, 0.001);
        CHECK(status == THREADING_OK || status == THREADING_TIMEOUT);
        threading_condition_release(&condition);
        CHECK_STATUS(threading_semaphore_acquire(&semaphore), THREADING_OK);
        threading_semaphore_release(&semaphore);
    }
    return arg;
}

static void *return_at_once(void *arg)
{
    return arg;
}

static void *start_and_end(void *arg)
{
    while (!atomic_load(&is_over))
        finished(started(return_at_once, NULL));
    return arg;
}

/* Whether a line of a wait is one that the program can be in. */
static bool is_known(const char *line)
{
    static const char *const known[] = {"runs\n",
                                        "waits for Lock ",
                                        "waits for RLock ",
                                        "waits for Thread ",
                                        "waits for Condition ",
                                        "waits for Semaphore ",
                                        "sleeps, for ",
                                        "has Lock ",
                                        "has RLock "};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strncmp(line, known[i], strlen(known[i])) == 0)
            return true;
    return false;
}

static void check_lines(const struct dump *dump)
{
    if (dump_has(dump, "deadlock"))
        check_failed(__FILE__, __LINE__, "a ring where there is none", dump->text);
    CHECK(!dump_has(dump, "cannot look"));
    for (const char *line = dump->text; (line = strstr(line, "\n    ")) != NULL; line++)
        if (!is_known(line + 5))
            check_failed(__FILE__, __LINE__, "a line that cannot be", line);
}

CASE(dumps_while_all_are_at_work)
{
    static const threading_target_t work[] = {lock_in_order, notify_each_other, start_and_end};
    threading_thread_t *threads[3 * WORKERS];
    for (int i = 0; i < 3 * WORKERS; i++)
        threads[i] = started(work[i % 3], NULL);
    double end = threading_monotonic() + (is_slow() ? 2 : 5);
    while (threading_monotonic() < end) {
        check_lines(dump_now());
        (void)threading_sleep(0.001);
    }
    atomic_store(&is_over, true);
    finish_many(threads, 3 * WORKERS);
}
