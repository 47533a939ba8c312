/* SPDX-License-Identifier: MIT */
/* Groups: tasks that end together, each in a thread of its own. */
#include "group_cases.h"

CASE(wait_for_no_task_is_over_at_once)
{
    check_wait_for_no_task_is_over_at_once();
}

CASE(wait_with_a_limit_times_out_and_stops_nothing)
{
    check_wait_with_a_limit_times_out_and_stops_nothing();
}

CASE(task_may_run_further_tasks_of_its_group)
{
    check_task_may_run_further_tasks_of_its_group();
}

CASE(groups_in_tasks_of_groups)
{
    check_groups_in_tasks_of_groups();
}

CASE(many_threads_have_groups)
{
    check_many_threads_have_groups();
}

CASE(many_threads_run_tasks_in_one_group)
{
    check_many_threads_run_tasks_in_one_group();
}

CASE(several_waits_give_the_same)
{
    check_several_waits_give_the_same();
}

CASE(first_failure_stops_the_others_and_is_the_waits_result)
{
    check_first_failure_stops_the_others_and_is_the_waits_result();
}

CASE(stop_ends_the_waits_of_all_tasks)
{
    check_stop_ends_the_waits_of_all_tasks();
}

CASE(group_that_was_stopped_takes_no_task_until_it_was_waited_for)
{
    check_group_that_was_stopped_takes_no_task_until_it_was_waited_for();
}

CASE(stop_after_a_wait_holds_until_the_next)
{
    check_stop_after_a_wait_holds_until_the_next();
}

CASE(stop_of_the_group_may_be_a_child_and_stays_so)
{
    check_stop_of_the_group_may_be_a_child_and_stays_so();
}

CASE(group_is_as_new_after_a_wait_that_told_a_failure)
{
    check_group_is_as_new_after_a_wait_that_told_a_failure();
}

CASE(task_may_stop_its_group)
{
    check_task_may_stop_its_group();
}

CASE(task_that_computes_may_ask_for_the_stop)
{
    check_task_that_computes_may_ask_for_the_stop();
}

CASE(waiter_that_is_told_to_stop_stops_the_group_and_waits_for_its_end)
{
    check_waiter_that_is_told_to_stop_stops_the_group_and_waits_for_its_end();
}

CASE(waiter_that_was_told_to_stop_before_is_cancelled)
{
    check_waiter_that_was_told_to_stop_before_is_cancelled();
}

CASE(task_that_exits_has_succeeded)
{
    check_task_that_exits_has_succeeded();
}

CASE(task_that_ends_its_thread_has_failed)
{
    check_task_that_ends_its_thread_has_failed();
}

CASE(wait_in_an_own_task_is_a_deadlock)
{
    check_wait_in_an_own_task_is_a_deadlock();
}

CASE(body_ends_when_the_tasks_are_over)
{
    check_body_ends_when_the_tasks_are_over();
}

CASE(group_that_runs_for_long_does_not_grow)
{
    check_group_that_runs_for_long_does_not_grow();
}

CASE(wait_sees_all_that_the_tasks_did)
{
    for (int i = 0; i < 100; i++)
        must_run(count_plain, &plain[i]);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
    for (int i = 0; i < 100; i++)
        CHECK_EQUAL(plain[i], 1);
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(initialiser_and_zero_are_groups_of_threads)
{
    threading_group_t made = THREADING_GROUP_INIT;
    static threading_group_t zero;
    CHECK_STATUS(threading_group_run(&made, count_plain, &plain[0]), THREADING_OK);
    CHECK_STATUS(threading_group_run(&zero, count_plain, &plain[1]), THREADING_OK);
    CHECK_STATUS(threading_group_wait(&made), THREADING_OK);
    CHECK_STATUS(threading_group_wait(&zero), THREADING_OK);
    CHECK(plain[0] == 1 && plain[1] == 1);
}

CASE(init_makes_any_memory_a_group)
{
    unsigned char *bytes = (unsigned char *)&group;
    for (size_t i = 0; i < sizeof group; i++)
        bytes[i] = 0x5A;
    CHECK_STATUS(threading_group_init(&group, NULL), THREADING_OK);
    must_run(count_plain, &plain[0]);
    CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
    CHECK_EQUAL(plain[0], 1);
}

CASE(null_is_refused)
{
    CHECK_STATUS(threading_group_init(NULL, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_group_run(NULL, count_plain, &plain[0]), THREADING_INVALID);
    CHECK_STATUS(threading_group_run(&group, NULL, &plain[0]), THREADING_INVALID);
    CHECK_STATUS(threading_group_wait(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_group_wait_timeout(NULL, 1), THREADING_INVALID);
    CHECK_STATUS(threading_group_wait_timeout(&group, -2), THREADING_INVALID);
    CHECK_STATUS(threading_group_wait_timeout(&group, THREADING_TIMEOUT_MAX * 2), THREADING_OVERFLOW);
    CHECK_STATUS(threading_group_stop(NULL), THREADING_INVALID);
}

CASE(body_with_null_is_skipped)
{
    threading_group_t *none = NULL;
    bool was_run = false;
    THREADING_WITH_GROUP(none)
    {
        was_run = true;
    }
    CHECK(!was_run);
}

/* A thousand tasks that sleep are over soon after the stop: the issue's own figure is 50 ms. */
CASE(stop_ends_a_thousand_sleeping_tasks)
{ /* slow */
    int count = threads_at_once(is_slow() ? 100 : sleepers);
    for (int i = 0; i < count; i++)
        must_run(wait_for_ever, NULL);
    AWAIT(atomic_load(&begun) == count);
    CHECK_STATUS(threading_group_stop(&group), THREADING_OK);
    CHECK_STATUS(threading_group_wait(&group), THREADING_CANCELLED);
    CHECK_EQUAL(atomic_load(&cancelled), count);
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(groups_leave_no_memory_behind)
{
    wait_at_first();
    size_t before = 0;
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 10; i++)
            must_run(run_below, NULL);
        CHECK_STATUS(threading_group_wait(&group), THREADING_OK);
        if (round == 1)
            before = allocated_bytes();
    }
    CHECK(allocated_bytes() <= before + 16000); /* as in executor_map.c */
}
