/* SPDX-License-Identifier: MIT */
/* What a run comes to, how time passes in it, and the table. */
#include "sim_support.h"

#if defined(_WIN32)
#define END_OF_THE_PLATFORM() SKIP("no pthread_exit here")
#else
#include <pthread.h>
#define END_OF_THE_PLATFORM() pthread_exit(NULL)
#endif

#include <stdlib.h>
#include <time.h>

static threading_event_t event;
static threading_lock_t lock;
static int number;

/* How often something came of a run: nothing that a body depends on. */
static atomic_int times[4];

static void *return_null(void *unused)
{
    return unused;
}

static void *set_event(void *unused)
{
    must(threading_event_set(&event));
    return unused;
}

static void *await_event(void *unused)
{
    must(threading_event_wait(&event));
    return unused;
}

/* ---- a wake that does not come ---- */

static threading_semaphore_t semaphore;

static void *acquire_lock(void *unused)
{
    must(threading_lock_acquire(&lock));
    must(threading_lock_release(&lock));
    return unused;
}

/* The new lock is free, and nobody tells who waits for the old one. */
static void lock_made_anew(void *unused)
{
    (void)unused;
    (void)threading_lock_init(&lock);
    must(threading_lock_acquire(&lock));
    threading_thread_t *waiter = begun(acquire_lock, NULL, "waiter");
    must(threading_sleep(1));
    (void)threading_lock_init(&lock);
    ended(waiter);
}

CASE(waiter_for_a_lock_that_is_free_has_lost_its_wakeup)
{
    threading_sim_report_t report =
        must_fail(lock_made_anew, (threading_sim_options_t){0}, THREADING_SIM_LOST_WAKEUP);
    CHECK(strstr(report.message, "waiter waits in lock acquire") != NULL);
    CHECK(strstr(report.message, "though it need not") != NULL);
}

static void *acquire_semaphore(void *unused)
{
    must(threading_semaphore_acquire(&semaphore));
    return unused;
}

static void semaphore_made_anew(void *unused)
{
    (void)unused;
    (void)threading_semaphore_init(&semaphore, 0);
    threading_thread_t *waiter = begun(acquire_semaphore, NULL, "waiter");
    must(threading_sleep(1));
    (void)threading_semaphore_init(&semaphore, 1);
    ended(waiter);
}

CASE(waiter_for_a_semaphore_that_has_a_unit_has_lost_its_wakeup)
{
    (void)must_fail(semaphore_made_anew, (threading_sim_options_t){0}, THREADING_SIM_LOST_WAKEUP);
}

static void never_freed(void *unused);

/* ---- searches that must leave nothing out ---- */

static void *lose_an_update(void *unused)
{
    must(threading_lock_acquire(&lock));
    int seen = number;
    must(threading_lock_release(&lock));
    must(threading_lock_acquire(&lock));
    number = seen + 1;
    must(threading_lock_release(&lock));
    return unused;
}

static void updates_and_timed_joins(void *unused)
{
    (void)unused;
    (void)threading_lock_init(&lock);
    number = 0;
    threading_thread_t *threads[2];
    for (int i = 0; i < 2; i++)
        threads[i] = begun(lose_an_update, NULL, NULL);
    for (int i = 0; i < 2; i++) {
        while (threading_thread_join_timeout(threads[i], 3600) == THREADING_TIMEOUT)
            continue;
        threading_thread_free(threads[i]);
    }
    threading_sim_check(number == 2);
}

/* A sleep that may end early is a decision right before that of who is next. */
CASE(spurious_wakes_leave_out_no_order)
{
    (void)must_fail(updates_and_timed_joins, (threading_sim_options_t){.spurious = true},
                    THREADING_SIM_CHECK);
}

static int runs;

static void fail_once(void *unused)
{
    (void)unused;
    (void)threading_lock_init(&lock);
    number = 0;
    both(lose_an_update, return_null);
    threading_sim_check(++runs != 7);
}

CASE(failure_that_does_not_come_again_is_nondeterministic)
{
    threading_sim_report_t report = run_with(fail_once, (threading_sim_options_t){0});
    check_verdict(&report, THREADING_SIM_NONDETERMINISM);
    CHECK(strstr(report.message, "does not fail by the same decisions") != NULL);
}

static void *run_too(void *unused)
{
    threading_sim_report_t report = run_with(never_freed, (threading_sim_options_t){0});
    check_verdict(&report, THREADING_SIM_UNSUPPORTED);
    return unused;
}

static void another_run_meanwhile(void *unused)
{
    foreign_join(foreign_start(run_too, unused));
}

CASE(second_run_at_once_is_unsupported)
{
    threading_sim_report_t report = run_with(another_run_meanwhile, (threading_sim_options_t){.max_runs = 1});
    check_verdict(&report, THREADING_SIM_PASSED);
}

/* ---- what is left ---- */

static void never_freed(void *unused)
{
    threading_thread_t *thread = begun(return_null, unused, "kept");
    must(threading_thread_join(thread));
}

CASE(thread_that_is_not_freed_is_told)
{
    threading_sim_report_t report = run_with(never_freed, (threading_sim_options_t){0});
    check_verdict(&report, THREADING_SIM_PASSED);
    CHECK(strstr(report.message, "has not freed") != NULL);
}

/* ---- bodies that depend on something that is not their own ---- */

static void never_the_same(void *unused)
{
    (void)unused;
    number++;
    for (int i = 0; i < number; i++)
        threading_sim_yield();
}

CASE(body_that_counts_its_runs_is_nondeterministic)
{
    threading_sim_report_t report = run_with(never_the_same, (threading_sim_options_t){0});
    check_verdict(&report, THREADING_SIM_NONDETERMINISM);
    CHECK(!report.complete);
    CHECK(strlen(report.message) > 0);
}

static void at_random(void *unused)
{
    (void)unused;
    (void)threading_lock_init(&lock);
    if (rand() % 2 == 0) {
        must(threading_lock_acquire(&lock));
        must(threading_lock_release(&lock));
    }
    both(return_null, return_null);
}

CASE(body_that_calls_rand_is_nondeterministic)
{
    threading_sim_report_t report = run_with(at_random, (threading_sim_options_t){0});
    check_verdict(&report, THREADING_SIM_NONDETERMINISM);
}

static void fails_the_second_time(void *unused)
{
    (void)unused;
    threading_sim_check(number++ == 0);
}

CASE(body_that_passes_just_once_is_nondeterministic)
{
    threading_sim_report_t report = run_with(fails_the_second_time, (threading_sim_options_t){0});
    check_verdict(&report, THREADING_SIM_NONDETERMINISM);
}

/* ---- threads that are left ---- */

static void leave_one_asleep(void *unused)
{
    (void)unused;
    (void)threading_event_init(&event);
    threading_thread_free(begun(await_event, NULL, "sleeper"));
}

CASE(thread_that_never_ends_is_a_leak)
{
    threading_sim_report_t report =
        must_fail(leave_one_asleep, (threading_sim_options_t){0}, THREADING_SIM_THREAD_LEAK);
    CHECK(strstr(report.message, "sleeper waits in event wait") != NULL);
}

static void leave_one_alone(void *unused)
{
    (void)unused;
    (void)threading_event_init(&event);
    threading_thread_free(begun(set_event, NULL, "worker"));
}

CASE(thread_that_is_not_joined_is_waited_for)
{
    (void)must_pass(leave_one_alone, (threading_sim_options_t){0});
}

static void leave_a_daemon(void *unused)
{
    (void)unused;
    (void)threading_event_init(&event);
    threading_thread_t *thread = threading_thread(await_event, NULL, .daemon = THREADING_DAEMON);
    threading_sim_check(thread != NULL);
    must(threading_thread_start(thread));
    threading_thread_free(thread);
}

CASE(daemon_may_wait_for_ever)
{
    (void)must_pass(leave_a_daemon, (threading_sim_options_t){0});
}

static void *sleep_for_ever(void *unused)
{
    for (;;)
        must(threading_sleep(60.0));
    return unused;
}

static void leave_a_daemon_that_sleeps(void *unused)
{
    (void)unused;
    threading_thread_t *thread = threading_thread(sleep_for_ever, NULL, .daemon = THREADING_DAEMON);
    threading_sim_check(thread != NULL);
    must(threading_thread_start(thread));
    threading_thread_free(thread);
}

/* It looks for work each minute: the run is over all the same. */
CASE(daemon_may_sleep_again_and_again)
{
    (void)must_pass(leave_a_daemon_that_sleeps, (threading_sim_options_t){0});
}

static void keep_a_daemon_waiting(void *unused)
{
    (void)unused;
    (void)threading_event_init(&event);
    threading_thread_t *thread = threading_thread(await_event, NULL, .daemon = THREADING_DAEMON);
    threading_sim_check(thread != NULL);
    must(threading_thread_start(thread));
    ended(thread);
}

CASE(join_of_a_daemon_that_waits_is_a_deadlock)
{
    (void)must_fail(keep_a_daemon_waiting, (threading_sim_options_t){0}, THREADING_SIM_DEADLOCK);
}

static void *exit_early(void *unused)
{
    (void)unused;
    threading_exit(&number);
}

static void exit_from_thread(void *unused)
{
    (void)unused;
    void *result;
    threading_thread_t *thread = begun(exit_early, NULL, NULL);
    must(threading_thread_join(thread));
    must(threading_thread_result(thread, &result));
    threading_sim_check(result == &number);
    threading_thread_free(thread);
}

CASE(thread_may_end_by_exit)
{
    (void)must_pass(exit_from_thread, (threading_sim_options_t){0});
}

static void *exit_by_the_platform(void *unused)
{
    must(threading_lock_acquire(&lock));
    number++;
    must(threading_lock_release(&lock));
    END_OF_THE_PLATFORM();
    return unused;
}

static void exit_two_threads(void *unused)
{
    (void)unused;
    (void)threading_lock_init(&lock);
    number = 0;
    threading_thread_t *threads[] = {begun(exit_by_the_platform, NULL, "one"),
                                     begun(exit_by_the_platform, NULL, "two")};
    ended(threads[0]);
    ended(threads[1]);
    threading_sim_check(number == 2 && threading_active_count() == 1);
}

CASE(threads_may_end_as_the_platform_does)
{
    threading_sim_report_t report = must_pass(exit_two_threads, (threading_sim_options_t){.seconds = 15});
    CHECK_TEXT(report.message, "");
}

/* The second one may be in the middle of its end when the run is given up. */
static void fail_beside_an_end(void *unused)
{
    (void)unused;
    (void)threading_lock_init(&lock);
    number = 0;
    threading_thread_t *one = begun(exit_by_the_platform, NULL, "one");
    (void)begun(exit_by_the_platform, NULL, "two");
    ended(one);
    must(threading_lock_acquire(&lock));
    threading_sim_check(number < 2);
}

CASE(run_fails_beside_threads_that_end_as_the_platform_does)
{
    threading_sim_report_t report =
        must_fail(fail_beside_an_end, (threading_sim_options_t){0}, THREADING_SIM_CHECK);
    CHECK(report.replay[0] != '\0');
}

/* ---- deadlocks ---- */

static void forget_a_lock(void *unused)
{
    (void)unused;
    (void)threading_lock_init(&lock);
    must(threading_lock_acquire(&lock));
    must(threading_lock_acquire(&lock));
}

CASE(lock_taken_twice_is_a_deadlock)
{
    threading_sim_report_t report =
        must_fail(forget_a_lock, (threading_sim_options_t){0}, THREADING_SIM_DEADLOCK);
    CHECK(strstr(report.message, "main waits in lock acquire") != NULL);
    CHECK(strstr(report.message, "which main holds") != NULL);
}

static void wait_in_vain(void *unused)
{
    (void)unused;
    (void)threading_event_init(&event);
    must(threading_event_wait(&event));
}

CASE(wait_for_nobody_is_a_deadlock)
{
    (void)must_fail(wait_in_vain, (threading_sim_options_t){0}, THREADING_SIM_DEADLOCK);
    (void)must_fail(wait_in_vain, (threading_sim_options_t){.spurious = true}, THREADING_SIM_DEADLOCK);
    (void)must_fail(wait_in_vain, (threading_sim_options_t){.inside = true}, THREADING_SIM_DEADLOCK);
}

static void wait_in_vain_for_a_while(void *unused)
{
    (void)unused;
    (void)threading_event_init(&event);
    threading_sim_check(threading_event_wait_timeout(&event, 5.0) == THREADING_TIMEOUT);
}

CASE(wait_with_a_limit_is_none)
{
    (void)must_pass(wait_in_vain_for_a_while, (threading_sim_options_t){0});
}

/* ---- loops ---- */

static void *spin_with_yields(void *unused)
{
    while (!threading_event_is_set(&event))
        threading_sim_yield();
    return unused;
}

static void *spin_without_yields(void *unused)
{
    while (!threading_event_is_set(&event)) {}
    return unused;
}

static void nobody_sets(void *unused)
{
    (void)unused;
    (void)threading_event_init(&event);
    both(spin_with_yields, return_null);
}

CASE(loop_with_yields_for_nothing_is_a_livelock)
{
    (void)must_fail(nobody_sets, (threading_sim_options_t){0}, THREADING_SIM_LIVELOCK);
}

static void nobody_sets_again(void *unused)
{
    (void)unused;
    (void)threading_event_init(&event);
    both(spin_without_yields, return_null);
}

CASE(loop_without_yields_for_nothing_is_a_livelock)
{
    (void)must_fail(nobody_sets_again, (threading_sim_options_t){0}, THREADING_SIM_LIVELOCK);
}

static void two_wait_for_each_other(void *unused)
{
    (void)unused;
    (void)threading_event_init(&event);
    both(spin_with_yields, spin_without_yields);
}

CASE(two_that_look_for_nothing_are_a_livelock)
{
    (void)must_fail(two_wait_for_each_other, (threading_sim_options_t){0}, THREADING_SIM_LIVELOCK);
}

static void somebody_sets(void *unused)
{
    (void)unused;
    (void)threading_event_init(&event);
    all_three(spin_with_yields, spin_without_yields, set_event);
}

CASE(loops_for_what_somebody_does_end)
{
    (void)must_pass(somebody_sets, (threading_sim_options_t){0});
}

static void *spin_for_time(void *unused)
{
    double end = threading_monotonic() + 5.0;
    while (threading_monotonic() < end)
        threading_sim_yield();
    return unused;
}

static void wait_by_the_clock(void *unused)
{
    (void)unused;
    both(spin_for_time, return_null);
}

CASE(loop_for_a_time_ends)
{
    (void)must_pass(wait_by_the_clock, (threading_sim_options_t){0});
}

/* ---- time ---- */

static void an_hour(void *unused)
{
    (void)unused;
    (void)threading_event_init(&event);
    double begin = threading_monotonic();
    must(threading_sleep(3600.0));
    threading_sim_check(threading_event_wait_timeout(&event, 3600.0) == THREADING_TIMEOUT);
    threading_sim_check(threading_monotonic() - begin >= 7200.0);
}

CASE(hours_take_no_time)
{
    time_t begin = time(NULL);
    threading_sim_report_t report = must_pass(an_hour, (threading_sim_options_t){0});
    CHECK(time(NULL) - begin < 5); /* milliseconds, but for what else the machine does */
    CHECK(report.seconds < 5.0);
    printf("%.3f ms\n", report.seconds * 1e3 / (double)report.runs);
}

static void *sleep_an_hour(void *unused)
{
    must(threading_sleep(3600.0));
    return unused;
}

static void sleep_side_by_side(void *unused)
{
    (void)unused;
    double begin = threading_monotonic();
    all_three(sleep_an_hour, sleep_an_hour, sleep_an_hour);
    double slept = threading_monotonic() - begin;
    threading_sim_check(slept >= 3600.0);
    count(&times[slept < 3601.0 ? 0 : 1]);
}

CASE(sleeps_of_several_threads_pass_together)
{
    (void)must_pass(sleep_side_by_side, (threading_sim_options_t){.max_preemptions = 1});
    CHECK(times[0] > 0);
}

static void read_the_clock(void *unused)
{
    (void)unused;
    double begin = threading_monotonic();
    threading_sim_check(threading_monotonic() == begin);
    must(threading_sleep(1.5));
    double slept = threading_monotonic() - begin;
    threading_sim_check(slept > 1.499 && slept < 1.501);
}

CASE(clock_stands_still_unless_threads_wait)
{
    (void)must_pass(read_the_clock, (threading_sim_options_t){0});
}

static void wait_for_a_setter(void *unused)
{
    (void)unused;
    (void)threading_event_init(&event);
    threading_thread_t *thread = begun(set_event, NULL, "setter");
    threading_status_t status = threading_event_wait_timeout(&event, 3600.0);
    threading_sim_check(status == THREADING_OK || status == THREADING_TIMEOUT);
    count(&times[status == THREADING_OK ? 0 : 1]);
    ended(thread);
}

CASE(limit_may_be_over_although_the_waker_is_about_to_come)
{
    (void)must_pass(wait_for_a_setter, (threading_sim_options_t){0});
    CHECK(times[0] > 0);
    CHECK(times[1] > 0);
}

static void try_within_no_time(void *unused)
{
    (void)unused;
    (void)threading_event_init(&event);
    threading_thread_t *thread = begun(set_event, NULL, "setter");
    count(&times[threading_event_wait_timeout(&event, 0) == THREADING_OK ? 0 : 1]);
    ended(thread);
}

CASE(wait_of_no_time_just_looks)
{
    (void)must_pass(try_within_no_time, (threading_sim_options_t){0});
    CHECK(times[0] > 0);
    CHECK(times[1] > 0);
}

static int order[2]; /* under the lock */
static int came;     /* likewise */

static void come(int me, double seconds)
{
    must(threading_sleep(seconds));
    must(threading_lock_acquire(&lock));
    order[came++] = me;
    must(threading_lock_release(&lock));
}

static void *come_first(void *unused)
{
    come(1, 1.0);
    return unused;
}

static void *come_second(void *unused)
{
    come(2, 2.0);
    return unused;
}

static void sleepers(void *unused)
{
    (void)unused;
    (void)threading_lock_init(&lock);
    came = 0;
    both(come_second, come_first);
    count(&times[order[0] == 1 ? 0 : 1]);
}

/* No sleep is a substitute for a lock. */
CASE(shorter_sleep_need_not_be_over_first)
{
    (void)must_pass(sleepers, (threading_sim_options_t){0});
    CHECK(times[0] > 0);
    CHECK(times[1] > 0);
}

static void wait_for_the_event(void *unused)
{
    (void)unused;
    (void)threading_event_init(&event);
    both(set_event, await_event);
    threading_sim_check(threading_event_is_set(&event));
}

CASE(waits_bear_to_be_woken_for_no_reason)
{
    threading_sim_report_t without = must_pass(wait_for_the_event, (threading_sim_options_t){0});
    threading_sim_report_t with = must_pass(wait_for_the_event, (threading_sim_options_t){.spurious = true});
    CHECK(with.runs > without.runs);
}

/* ---- races ---- */

static int pair[2];

static void *change_first(void *unused)
{
    change(&pair[0], 1);
    return unused;
}

static void *change_second(void *unused)
{
    change(&pair[1], 1);
    return unused;
}

static void *read_first(void *unused)
{
    threading_sim_read(&pair[0], sizeof pair[0]);
    return unused;
}

static void change_apart(void *unused)
{
    (void)unused;
    pair[0] = pair[1] = 0;
    both(change_first, change_second);
    threading_sim_check(pair[0] == 1 && pair[1] == 1);
}

CASE(neighbours_in_memory_are_no_race)
{
    (void)must_pass(change_apart, (threading_sim_options_t){0});
}

static void read_at_once(void *unused)
{
    (void)unused;
    pair[0] = 0;
    all_three(read_first, read_first, read_first);
}

CASE(reads_at_once_are_no_race)
{
    (void)must_pass(read_at_once, (threading_sim_options_t){0});
}

static void read_and_write(void *unused)
{
    (void)unused;
    pair[0] = 0;
    all_three(change_second, read_first, change_first);
}

CASE(read_and_write_at_once_are_a_race)
{
    CHECK_STATUS(threading_object_set_name(&pair[0], "pair"), THREADING_OK);
    threading_sim_report_t report =
        must_fail(read_and_write, (threading_sim_options_t){0}, THREADING_SIM_RACE);
    CHECK(strstr(report.message, "pair") != NULL);
    CHECK(strstr(report.message, "main") != NULL);
    CHECK(strstr(report.message, "second") != NULL);
}

static char bytes[64];

static void *write_all(void *unused)
{
    threading_sim_write(bytes, sizeof bytes);
    return unused;
}

static void *write_the_last(void *unused)
{
    threading_sim_write(bytes + 63, 1);
    return unused;
}

static void write_overlapping(void *unused)
{
    (void)unused;
    both(write_all, write_the_last);
}

CASE(part_of_what_another_writes_is_a_race)
{
    (void)must_fail(write_overlapping, (threading_sim_options_t){0}, THREADING_SIM_RACE);
}

static void *write_before_set(void *unused)
{
    change(&number, 1);
    must(threading_event_set(&event));
    return unused;
}

static void *read_after_wait(void *unused)
{
    must(threading_event_wait(&event));
    change(&number, 1);
    return unused;
}

static void handed_over(void *unused)
{
    (void)unused;
    (void)threading_event_init(&event);
    number = 0;
    both(write_before_set, read_after_wait);
    change(&number, 1);
    threading_sim_check(number == 3);
}

CASE(what_comes_before_a_set_start_or_join_is_no_race)
{
    (void)must_pass(handed_over, (threading_sim_options_t){0});
}

static void *touch_after_timeout(void *unused)
{
    THREADING_IGNORE(threading_event_wait_timeout(&event, 1.0));
    change(&number, 1);
    return unused;
}

static void handed_over_by_chance(void *unused)
{
    (void)unused;
    (void)threading_event_init(&event);
    number = 0;
    both(write_before_set, touch_after_timeout);
}

CASE(wait_that_ran_out_of_time_orders_nothing)
{
    (void)must_fail(handed_over_by_chance, (threading_sim_options_t){0}, THREADING_SIM_RACE);
}

static threading_semaphore_t semaphore;

static void *write_before_release(void *unused)
{
    change(&number, 1);
    must(threading_semaphore_release(&semaphore));
    return unused;
}

static void *touch_after_a_look(void *unused)
{
    if (threading_semaphore_value(&semaphore) > 0)
        change(&number, 1);
    return unused;
}

static void published_by_a_value(void *unused)
{
    (void)unused;
    (void)threading_semaphore_init(&semaphore, 0);
    number = 0;
    both(write_before_release, touch_after_a_look);
}

/* A semaphore's value is a momentary answer, which orders nothing. */
CASE(data_published_by_a_momentary_answer_is_a_race)
{
    (void)must_fail(published_by_a_value, (threading_sim_options_t){0}, THREADING_SIM_RACE);
}

static void *touch_after_a_try(void *unused)
{
    if (threading_semaphore_try_acquire(&semaphore) == THREADING_OK)
        change(&number, 1);
    return unused;
}

static void published_by_a_unit(void *unused)
{
    (void)unused;
    (void)threading_semaphore_init(&semaphore, 0);
    number = 0;
    both(write_before_release, touch_after_a_try);
}

CASE(data_published_by_a_unit_is_none)
{
    (void)must_pass(published_by_a_unit, (threading_sim_options_t){0});
}

/* ---- what a body must not do ---- */

static void *use_lock(void *unused)
{
    (void)threading_lock_acquire(&lock);
    (void)threading_lock_release(&lock);
    return unused;
}

static void call_by_a_foreign_thread(void *unused)
{
    (void)unused;
    (void)threading_lock_init(&lock);
    foreign_join(foreign_start(use_lock, NULL));
}

CASE(thread_that_is_none_of_the_runs_is_told)
{
    threading_sim_report_t report = run_with(call_by_a_foreign_thread, (threading_sim_options_t){0});
    check_verdict(&report, THREADING_SIM_FOREIGN_THREAD);
    CHECK(strlen(report.message) > 0);
}

static atomic_bool may_go_on;
static atomic_bool goes_on;

static void *wait_outside(void *unused)
{
    while (!atomic_load(&may_go_on)) {}
    atomic_store(&goes_on, true);
    must(threading_lock_acquire(&lock)); /* of no run any more: it stays there */
    threading_sim_check(false);
    return unused;
}

static void block_outside(void *unused)
{
    (void)unused;
    (void)threading_lock_init(&lock);
    ended(begun(wait_outside, NULL, "stuck"));
}

CASE(thread_that_waits_outside_of_the_library_is_told)
{ /* slow */
    threading_sim_report_t report = run_with(block_outside, (threading_sim_options_t){0});
    check_verdict(&report, THREADING_SIM_UNSUPPORTED);
    CHECK(strstr(report.message, "stuck waits outside of the library") != NULL);
    CHECK_EQUAL(report.runs, 1);
    atomic_store(&may_go_on, true);
    while (!atomic_load(&goes_on)) {}
    (void)must_pass(somebody_sets, (threading_sim_options_t){0});
    (void)must_fail(forget_a_lock, (threading_sim_options_t){0}, THREADING_SIM_DEADLOCK);
}

/* ---- the table ---- */

static char table[8000];
static size_t table_length;

static void keep_table(void *context, const char *text, size_t length)
{
    CHECK(context == &table);
    CHECK(length > 0 && text[length - 1] == '\n');
    CHECK(table_length + length < sizeof table);
    memcpy(table + table_length, text, length);
    table_length += length;
    table[table_length] = '\0';
}

static threading_sim_report_t run_for_table(void (*body)(void *arg), threading_sim_verdict_t expected)
{
    table_length = 0;
    table[0] = '\0';
    threading_sim_options_t options = {.write = keep_table, .context = &table};
    threading_sim_report_t report = run_with(body, options);
    printf("%s", table);
    check_verdict(&report, expected);
    return report;
}

static int balance;

static void *deposit(void *amount)
{
    change(&balance, *(int *)amount);
    change(&balance, -*(int *)amount);
    return NULL;
}

static void deposits(void *unused)
{
    (void)unused;
    static int five = 5, eight = 8;
    balance = 0;
    threading_thread_t *threads[] = {begun(deposit, &five, "t1"), begun(deposit, &eight, "t2")};
    ended(threads[0]);
    ended(threads[1]);
    threading_sim_check_at(balance == 0, "nothing is lost", "a/folder/bank.c", 7);
}

CASE(table_has_a_column_for_each_thread_and_its_replay_last)
{
    CHECK_STATUS(threading_object_set_name(&balance, "balance"), THREADING_OK);
    threading_sim_report_t report = run_for_table(deposits, THREADING_SIM_CHECK);
    CHECK_TEXT(report.replay, "T1:6>1,10>1");
    CHECK_TEXT(table, "check failed: bank.c:7: nothing is lost\n"
                      "step  main                        t1                          t2\n"
                      "   1  thread start t1\n"
                      "   2  thread start t2\n"
                      "   3  thread join t1\n"
                      "   4                              read balance = 0\n"
                      "   5                              write balance = 5\n"
                      "   6                              read balance = 5\n"
                      "   7*                                                         read balance = 5\n"
                      "   8                                                          write balance = 13\n"
                      "   9                                                          read balance = 13\n"
                      "  10*                             write balance = 0\n"
                      "  11                                                          write balance = 5\n"
                      "  12  thread join t2\n"
                      "  13  check failed: nothing is lost\n"
                      "* the thread before could have gone on. Again: THREADING_SIM_REPLAY=T1:6>1,10>1\n");
}

static void note_something(void *unused)
{
    (void)unused;
    (void)threading_lock_init(&lock);
    threading_sim_note("here it begins");
    must(threading_lock_acquire(&lock));
    (void)threading_lock_locked(&lock);
    (threading_sim_check)(threading_lock_acquire_timeout(&lock, 5.0) == THREADING_OK);
}

CASE(table_has_notes_names_and_answers)
{
    CHECK_STATUS(threading_object_set_name(&lock, "door"), THREADING_OK);
    (void)run_for_table(note_something, THREADING_SIM_CHECK);
    CHECK_TEXT(table, "check failed: threading_sim_check was given false\n"
                      "step  main\n"
                      "   1  here it begins\n"
                      "   2  lock acquire door\n"
                      "   3  lock locked door\n"
                      "   4  lock locked door: true\n"
                      "   5  lock acquire timeout door\n"
                      "   6  its time is up, at 5 s\n"
                      "   7  lock acquire timeout door: THREADING_TIMEOUT\n"
                      "   8  check failed\n"
                      "* the thread before could have gone on. Again: THREADING_SIM_REPLAY=T1:\n");
}

static int line_of_check;

static void check_a_sum(void *unused)
{
    (void)unused;
    line_of_check = __LINE__ + 1;
    threading_sim_check(balance + 1 == 0);
}

CASE(check_tells_its_condition_and_its_place)
{
    char expected[100];
    threading_sim_report_t report = run_for_table(check_a_sum, THREADING_SIM_CHECK);
    snprintf(expected, sizeof expected, "sim_verdicts.c:%d: balance + 1 == 0", line_of_check);
    CHECK_TEXT(report.message, expected);
}

static void check_of_nothing(void *unused)
{
    (void)unused;
    threading_sim_check_at(true, NULL, NULL, 0);
    threading_sim_check_at(false, NULL, NULL, 0);
}

CASE(check_without_a_text_or_a_place_is_told)
{
    threading_sim_report_t report = run_for_table(check_of_nothing, THREADING_SIM_CHECK);
    CHECK_TEXT(report.message, ":0: ");
}

static void *sleep_for_an_hour(void *unused)
{
    must(threading_sleep(3600));
    return unused;
}

static void choose_and_wait(void *unused)
{
    (void)unused;
    threading_condition_t condition = {0};
    threading_thread_t *thread = begun(sleep_for_an_hour, NULL, "sleeper");
    int chosen = (int)threading_sim_choose(3);
    must(threading_condition_acquire(&condition));
    threading_status_t status = threading_condition_wait_timeout(&condition, 0.5);
    must(threading_condition_release(&condition));
    ended(thread);
    threading_sim_check_at(status == THREADING_OK || chosen < 2, "2 is right", "x.c", 1);
}

CASE(table_has_choices_and_times)
{
    (void)run_for_table(choose_and_wait, THREADING_SIM_CHECK);
    CHECK(strstr(table, "  choose 2 of 3\n") != NULL);
    CHECK(strstr(table, "  its time is up, at 0.5 s\n") != NULL);
    CHECK(strstr(table, "   its time is up, at 3600 s\n") != NULL); /* in the sleeper's column */
}

static void note_two_lines(void *unused)
{
    (void)unused;
    threading_sim_note("one\ntwo\tthree");
    (threading_sim_check)(false);
}

CASE(note_of_two_lines_is_one_in_the_table)
{
    (void)run_for_table(note_two_lines, THREADING_SIM_CHECK);
    CHECK(strstr(table, "\n   1  one two three\n") != NULL);
}

CASE(name_that_is_taken_back_is_not_in_the_table)
{
    CHECK_STATUS(threading_object_set_name(&lock, "door"), THREADING_OK);
    CHECK_STATUS(threading_object_set_name(&lock, NULL), THREADING_OK);
    CHECK_STATUS(threading_object_set_name(NULL, "door"), THREADING_INVALID);
    (void)run_for_table(note_something, THREADING_SIM_CHECK);
    CHECK(strstr(table, "door") == NULL);
    CHECK(strstr(table, "lock acquire #0\n") != NULL);
}

static void *be_named(void *unused)
{
    threading_sim_note(threading_thread_name(threading_current_thread()));
    must(threading_thread_set_name(threading_current_thread(), "renamed"));
    threading_sim_note(threading_thread_name(threading_current_thread()));
    return unused;
}

static void named_threads(void *unused)
{
    (void)unused;
    threading_thread_t *threads[] = {begun(be_named, NULL, NULL),
                                     begun(be_named, NULL, "a name of very many letters and more")};
    ended(threads[0]);
    ended(threads[1]);
    threading_sim_check(false);
}

CASE(threads_without_a_name_have_the_same_number_in_each_run)
{
    (void)run_for_table(named_threads, THREADING_SIM_CHECK);
    CHECK(strstr(table, "step  main                        Thread-1 (be_named)") != NULL ||
          strstr(table, "step  main                        Thread-1 ") != NULL);
    CHECK(strstr(table, "a name of very many letters") != NULL);
    CHECK(strstr(table, "renamed") != NULL);
}

static void long_table(void *unused)
{
    (void)unused;
    for (int i = 0; i < 2000; i++)
        change(&number, 1);
    threading_sim_check(false);
}

static int lines;

/* After the verdict and the heading; the table has 4001 lines, numbered from 1. */
static void count_lines(void *context, const char *text, size_t length)
{
    (void)context;
    lines++;
    if (lines == 3)
        CHECK(length > 4 && memcmp(text, "2002", 4) == 0);
}

CASE(table_of_a_long_run_has_its_last_2000_lines)
{
    threading_sim_report_t report = run_with(long_table, (threading_sim_options_t){.write = count_lines});
    check_verdict(&report, THREADING_SIM_CHECK);
    CHECK_EQUAL(lines, 1 + 1 + 2000 + 1);
}
