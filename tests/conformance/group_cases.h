/* SPDX-License-Identifier: MIT */
/*
 * What holds for a group whose tasks have threads of their own as for one on an executor: the bodies of cases.
 * The suite that includes this gives each the group that it wants (with_group).
 */
#ifndef GROUP_CASES_H
#define GROUP_CASES_H

#include "conformance.h"
#include "crowd.h"
#include "gate.h"
#include "tasks.h"

/* Each case is a process of its own, so all of this begins at zero. */
static threading_group_t group;
static threading_executor_t *the_pool; /* of the group, if it has one */
static threading_event_t never;
static threading_lock_t gate;
static atomic_int begun, over, cancelled;
static int plain[100]; /* not atomic: the wait alone makes it right */

static void must_run(threading_status_t (*function)(void *arg), void *arg)
{
    CHECK_STATUS(threading_group_run(&group, function, arg), THREADING_OK);
}

/* ------------------------------------------------------------------------------------------- tasks */

static threading_status_t count_plain(void *number)
{
    (*(int *)number)++;
    return THREADING_OK;
}

static threading_status_t fail(void *status)
{
    return *(threading_status_t *)status;
}

/* Waits for ever, but for a stop. */
static threading_status_t wait_for_ever(void *arg)
{
    (void)arg;
    atomic_fetch_add(&begun, 1);
    threading_status_t status = threading_event_wait(&never);
    atomic_fetch_add(&cancelled, status == THREADING_CANCELLED);
    atomic_fetch_add(&over, 1);
    return status;
}

static threading_status_t stay(void *status)
{
    atomic_fetch_add(&begun, 1);
    gate_pass(&gate);
    atomic_fetch_add(&over, 1);
    return status == NULL ? THREADING_OK : *(threading_status_t *)status;
}

/* ----------------------------------------------------------------------------------- run and wait */

static void check_wait_for_no_task_is_over_at_once(void)
{
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
    CHECK_STATUS(threading_group_wait_timeout(&group, 0), THREADING_OK);
    CHECK_EQUAL(threading_active_count(), 1);
}

static void check_wait_with_a_limit_times_out_and_stops_nothing(void)
{
    gate_close(&gate);
    must_run(stay, NULL);
    AWAIT(atomic_load(&begun) == 1);
    CHECK_STATUS(threading_group_wait_timeout(&group, 0), THREADING_TIMEOUT);
    CHECK_STATUS(threading_group_wait_timeout(&group, 0.01), THREADING_TIMEOUT);
    CHECK(!threading_stop_requested(&group.stop));
    must_run(count_plain, &plain[0]);
    gate_open(&gate);
    CHECK_STATUS(threading_group_wait_timeout(&group, 1000), THREADING_OK);
    CHECK(atomic_load(&over) == 1 && plain[0] == 1);
}

/* A task that runs others in its group: they are waited for too. */
static threading_status_t run_below(void *level)
{
    intptr_t below = (intptr_t)level;
    atomic_fetch_add(&over, 1);
    for (int i = 0; i < 2 && below > 0; i++)
        must_run(run_below, (void *)(below - 1));
    return THREADING_OK;
}

static void check_task_may_run_further_tasks_of_its_group(void)
{
    must_run(run_below, (void *)(intptr_t)5);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
    CHECK_EQUAL(atomic_load(&over), 63);
}

/* Each task has a group of its own on the same executor. */
static threading_status_t sum_below(void *level)
{
    intptr_t below = (intptr_t)level;
    threading_group_t own;
    CHECK_STATUS(threading_group_init(&own, the_pool), THREADING_OK);
    atomic_fetch_add(&over, 1);
    for (int i = 0; i < 2 && below > 0; i++)
        CHECK_STATUS(threading_group_run(&own, sum_below, (void *)(below - 1)), THREADING_OK);
    return threading_group_wait(&own);
}

static void check_groups_in_tasks_of_groups(void)
{
    must_run(sum_below, (void *)(intptr_t)5);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
    CHECK_EQUAL(atomic_load(&over), 63);
}

static void *run_often(void *arg)
{
    (void)arg;
    for (int i = 0; i < 20; i++) {
        threading_group_t own;
        int number = 0;
        CHECK_STATUS(threading_group_init(&own, the_pool), THREADING_OK);
        for (int j = 0; j < 5; j++)
            CHECK_STATUS(threading_group_run(&own, run_below, NULL), THREADING_OK);
        CHECK_STATUS(threading_group_run(&own, count_plain, &number), THREADING_OK);
        CHECK_STATUS(threading_group_wait(&own), THREADING_OK);
        CHECK_EQUAL(number, 1);
    }
    return NULL;
}

/* `group` is not used, but says on what the others are. */
static void check_many_threads_have_groups(void)
{
    threading_thread_t *threads[4];
    start_many(threads, 4, run_often, NULL);
    foreign_t *foreign = foreign_start(run_often, NULL);
    finish_many(threads, 4);
    foreign_join(foreign);
    CHECK_EQUAL(atomic_load(&over), 5 * 20 * 5);
}

static void *run_twenty(void *arg)
{
    (void)arg;
    for (int i = 0; i < 20; i++)
        must_run(run_below, NULL);
    return NULL;
}

static void check_many_threads_run_tasks_in_one_group(void)
{
    threading_thread_t *threads[4];
    start_many(threads, 4, run_twenty, NULL);
    finish_many(threads, 4);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
    CHECK_EQUAL(atomic_load(&over), 80);
}

static void *wait_too(void *status)
{
    CHECK_STATUS(threading_group_wait(&group), *(threading_status_t *)status);
    return NULL;
}

static void check_several_waits_give_the_same(void)
{
    threading_status_t broken = THREADING_BROKEN;
    threading_thread_t *threads[3];
    gate_close(&gate);
    must_run(stay, &broken);
    start_many(threads, 3, wait_too, &broken);
    AWAIT(atomic_load(&begun) == 1);
    gate_open(&gate);
    finish_many(threads, 3);
    CHECK_STATUS(threading_group_wait(&group), THREADING_BROKEN);
    CHECK_STATUS(threading_group_wait_timeout(&group, 1), THREADING_BROKEN);
}

/* ------------------------------------------------------------------------------- failures and stops */

static void check_first_failure_stops_the_others_and_is_the_waits_result(void)
{
    threading_status_t empty = THREADING_EMPTY;
    must_run(wait_for_ever, NULL);
    must_run(wait_for_ever, NULL);
    AWAIT(atomic_load(&begun) == 2);
    must_run(fail, &empty);
    CHECK_STATUS(threading_group_wait(&group), THREADING_EMPTY);
    CHECK_EQUAL(atomic_load(&cancelled), 2);
}

static void check_stop_ends_the_waits_of_all_tasks(void)
{
    for (int i = 0; i < 3; i++)
        must_run(wait_for_ever, NULL);
    AWAIT(atomic_load(&begun) == 3);
    CHECK_STATUS(threading_group_stop(&group), THREADING_OK);
    CHECK_STATUS(threading_group_stop(&group), THREADING_OK);
    CHECK_STATUS(threading_group_wait(&group), THREADING_CANCELLED);
    CHECK_EQUAL(atomic_load(&cancelled), 3);
}

static void check_group_that_was_stopped_takes_no_task_until_it_was_waited_for(void)
{
    CHECK_STATUS(threading_group_stop(&group), THREADING_OK);
    CHECK_STATUS(threading_group_run(&group, count_plain, &plain[0]), THREADING_CANCELLED);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK); /* no task has failed */
    CHECK_EQUAL(plain[0], 0);
    must_run(count_plain, &plain[0]);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
    CHECK_EQUAL(plain[0], 1);
}

static void check_stop_after_a_wait_holds_until_the_next(void)
{
    must_run(count_plain, &plain[0]);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
    CHECK_STATUS(threading_group_stop(&group), THREADING_OK);
    CHECK_STATUS(threading_group_run(&group, count_plain, &plain[0]), THREADING_CANCELLED);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
    must_run(count_plain, &plain[0]);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
    CHECK_EQUAL(plain[0], 2);
}

static void check_stop_of_the_group_may_be_a_child_and_stays_so(void)
{
    threading_stop_t parent = {0};
    CHECK_STATUS(threading_stop_init_child(&group.stop, &parent, THREADING_FOREVER), THREADING_OK);
    must_run(count_plain, &plain[0]);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
    must_run(wait_for_ever, NULL);
    CHECK_STATUS(threading_stop_request(&parent), THREADING_OK);
    CHECK_STATUS(threading_group_wait(&group), THREADING_CANCELLED);
    CHECK_STATUS(threading_group_run(&group, count_plain, &plain[0]), THREADING_CANCELLED);
}

static void check_group_is_as_new_after_a_wait_that_told_a_failure(void)
{
    threading_status_t empty = THREADING_EMPTY;
    for (int i = 0; i < 3; i++) {
        must_run(fail, &empty);
        CHECK_STATUS(threading_group_wait(&group), THREADING_EMPTY);
        must_run(count_plain, &plain[0]);
        CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
        CHECK_EQUAL(plain[0], i + 1);
    }
}

static threading_status_t stop_own_group(void *arg)
{
    (void)arg;
    AWAIT(atomic_load(&begun) == 1);
    return threading_group_stop(&group);
}

static void check_task_may_stop_its_group(void)
{
    must_run(wait_for_ever, NULL);
    must_run(stop_own_group, NULL);
    CHECK_STATUS(threading_group_wait(&group), THREADING_CANCELLED);
}

static threading_status_t ask_for_the_stop(void *arg)
{
    (void)arg;
    atomic_fetch_add(&begun, 1);
    AWAIT(threading_stop_requested(&group.stop));
    return THREADING_OK;
}

static void check_task_that_computes_may_ask_for_the_stop(void)
{
    must_run(ask_for_the_stop, NULL);
    AWAIT(atomic_load(&begun) == 1);
    CHECK_STATUS(threading_group_stop(&group), THREADING_OK);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
}

static void *wait_and_heed(void *stop)
{
    (void)threading_stop_heed(stop);
    CHECK_STATUS(threading_group_wait(&group), THREADING_CANCELLED);
    CHECK_EQUAL(atomic_load(&over), 2); /* none goes on */
    return NULL;
}

static void check_waiter_that_is_told_to_stop_stops_the_group_and_waits_for_its_end(void)
{
    threading_stop_t stop = {0};
    must_run(wait_for_ever, NULL);
    must_run(wait_for_ever, NULL);
    AWAIT(atomic_load(&begun) == 2);
    threading_thread_t *waiter = started(wait_and_heed, &stop);
    CHECK_STATUS(threading_stop_request(&stop), THREADING_OK);
    finished(waiter);
    CHECK_EQUAL(atomic_load(&cancelled), 2);
}

/* Its tasks have succeeded, so that the waiter's own stop is the result. */
static void *stop_and_wait(void *stop)
{
    CHECK_STATUS(threading_stop_request(stop), THREADING_OK);
    (void)threading_stop_heed(stop);
    CHECK_STATUS(threading_group_wait(&group), THREADING_CANCELLED);
    return NULL;
}

static void check_waiter_that_was_told_to_stop_before_is_cancelled(void)
{
    threading_stop_t stop = {0};
    must_run(ask_for_the_stop, NULL);
    finished(started(stop_and_wait, &stop));
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
}

/* ---------------------------------------------------------------------------- tasks that go wrong */

static threading_status_t exit_with(void *arg)
{
    threading_exit(arg);
}

static void check_task_that_exits_has_succeeded(void)
{
    must_run(exit_with, plain);
    must_run(count_plain, &plain[0]);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
    CHECK_EQUAL(plain[0], 1);
}

static threading_status_t end_the_thread(void *arg)
{
    (void)arg;
    foreign_exit();
}

static void check_task_that_ends_its_thread_has_failed(void)
{
    needs_free_thread_ends();
    must_run(wait_for_ever, NULL);
    AWAIT(atomic_load(&begun) == 1);
    must_run(end_the_thread, NULL);
    CHECK_STATUS(threading_group_wait(&group), THREADING_BROKEN);
    CHECK_EQUAL(atomic_load(&cancelled), 1);
    CHECK_STATUS(threading_group_run(&group, count_plain, &plain[0]),
                 the_pool != NULL ? THREADING_BROKEN : THREADING_OK);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
}

static threading_status_t wait_for_own_group(void *arg)
{
    (void)arg;
    CHECK_STATUS(threading_group_wait(&group), THREADING_DEADLOCK);
    CHECK_STATUS(threading_group_wait_timeout(&group, 1), THREADING_DEADLOCK);
    return THREADING_OK;
}

static void check_wait_in_an_own_task_is_a_deadlock(void)
{
    must_run(wait_for_own_group, NULL);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
}

/* ----------------------------------------------------------------------------------------- the rest */

static void check_body_ends_when_the_tasks_are_over(void)
{
    THREADING_WITH_GROUP(&group)
    {
        must_run(count_plain, &plain[0]);
        must_run(count_plain, &plain[1]);
    }
    CHECK(plain[0] == 1 && plain[1] == 1);
    THREADING_WITH_GROUP(&group)
    {
        must_run(count_plain, &plain[0]);
        if (plain[1] == 1)
            break;
        CHECK(false);
    }
    CHECK_EQUAL(plain[0], 2);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
}

enum { sleepers = 1000 };

/* A group that is never waited for takes back what is over at each run. */
static void check_group_that_runs_for_long_does_not_grow(void)
{
    for (int i = 0; i < 100; i++)
        must_run(run_below, NULL);
    AWAIT(atomic_load(&over) == 100);
    size_t before = allocated_bytes();
    int more = is_slow() ? 100 : 600;
    for (int i = 0; i < more; i++) {
        must_run(run_below, NULL);
        AWAIT(atomic_load(&over) == 101 + i);
    }
    CHECK(allocated_bytes() <= before + 64000); /* as in executor_map.c */
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
}

#endif
