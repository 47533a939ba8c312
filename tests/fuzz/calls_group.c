/* SPDX-License-Identifier: MIT */
/* Loop and Group: sections 21 and 22 of the header. Both live for one step. */
#include <stdatomic.h>

#include "calls.h"

enum { INDICES = 200, MEMBERS = 5 };

/* ---------------------------------------------------------------------------------------- Loop */

static void add_indices(size_t begin, size_t end, void *arg)
{
    for (size_t i = begin; i < end; i++)
        atomic_fetch_add((atomic_size_t *)arg, i);
}

static void loop_step(void)
{
    about("loop", 0);
    size_t begin = below(INDICES), end = begin + below(INDICES), grain = below(9), sum = 0;
    atomic_size_t seen = 0;
    threading_executor_t *executor;
    QUIET(executor = threading_executor_new(1 + below(2), NULL));
    STATUS(THREADING_INVALID, executor, threading_executor_for,
           (executor, end + 1, end, grain, add_indices, &seen));
    bool is_stopped = is_told_to_stop();
    if (begin < end || !is_stopped) {
        threading_status_t want = is_stopped ? THREADING_CANCELLED : THREADING_OK;
        STATUS(want, executor, threading_executor_for, (executor, begin, end, grain, add_indices, &seen));
        for (size_t i = begin; i < end && !is_stopped; i++)
            sum += i;
        MUST(atomic_load(&seen) == sum);
    }
    STATUS(THREADING_OK, executor, threading_executor_shutdown, (executor, true, false));
    STATUS(THREADING_SHUTDOWN, executor, threading_executor_for,
           (executor, begin, begin + 1, grain, add_indices, &seen));
    QUIET(threading_executor_free(executor));
}

const family_t loop_family = {"loop", 1, true, loop_step, NULL, NULL};

/* --------------------------------------------------------------------------------------- Group */

static threading_status_t give_back_status(void *arg)
{
    return *(threading_status_t *)arg;
}

/* Tasks that succeed, then one that may fail: so none is refused for the failure of another. */
static void group_round(threading_group_t *group)
{
    static threading_status_t good = THREADING_OK;
    threading_status_t last =
        chance(2) ? THREADING_OK : (threading_status_t)(1 + below(THREADING_STATUS_COUNT - 1));
    STATUS(THREADING_INVALID, group, threading_group_run, (group, NULL, NULL));
    for (uint32_t i = below(MEMBERS); i > 0; i--)
        STATUS(THREADING_OK, group, threading_group_run, (group, give_back_status, &good));
    STATUS(THREADING_OK, group, threading_group_run, (group, give_back_status, &last));
    if (chance(3)) {
        STATUS(THREADING_OK, group, threading_group_stop, (group));
        STATUS(THREADING_CANCELLED, group, threading_group_run, (group, give_back_status, &good));
    }
    for (int i = 0; i < 2; i++) { /* a further wait gives the same */
        call_t call = call_begins("threading_group_wait", group);
        threading_status_t got = threading_group_wait(group);
        call_gives_number(&call, got, last);
    }
}

static void group_nulls(void)
{
    STATUS(THREADING_INVALID, NULL, threading_group_init, (NULL, NULL));
    STATUS(THREADING_INVALID, NULL, threading_group_run, (NULL, give_back_status, NULL));
    STATUS(THREADING_INVALID, NULL, threading_group_wait, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_group_wait_timeout, (NULL, any_limit().seconds));
    STATUS(THREADING_INVALID, NULL, threading_group_stop, (NULL));
}

/* A task that waits for its own group. */
typedef struct narcissus {
    threading_group_t *group;
    atomic_int answer; /* -1 before it has waited */
} narcissus_t;

static threading_status_t wait_for_own_group(void *arg)
{
    narcissus_t *self = arg;
    atomic_store(&self->answer, (int)threading_group_wait(self->group));
    return THREADING_OK;
}

static void group_deadlock(threading_group_t *group)
{
    narcissus_t task = {group, -1};
    STATUS(THREADING_OK, group, threading_group_run, (group, wait_for_own_group, &task));
    while (atomic_load(&task.answer) == -1)
        (void)threading_sleep(0);
    MUST(atomic_load(&task.answer) == THREADING_DEADLOCK);
    STATUS(THREADING_OK, group, threading_group_wait, (group));
}

static void group_step(void)
{
    about("group", 0);
    threading_group_t group = THREADING_GROUP_INIT;
    threading_executor_t *executor = NULL;
    if (chance(2)) {
        QUIET(executor = threading_executor_new(1 + below(2), NULL));
        STATUS(THREADING_OK, &group, threading_group_init, (&group, executor));
    }
    group_nulls();
    STATUS(THREADING_OK, &group, threading_group_wait, (&group));
    for (uint32_t i = below(3); i > 0 && !is_told_to_stop(); i--)
        group_round(&group);
    if (!is_told_to_stop() && chance(8))
        group_deadlock(&group);
    STATUS(THREADING_INVALID, &group, threading_group_wait_timeout, (&group, -2));
    if (executor != NULL)
        STATUS(THREADING_OK, executor, threading_executor_shutdown, (executor, true, false));
    QUIET(threading_executor_free(executor));
}

const family_t group_family = {"group", 1, true, group_step, NULL, NULL};
