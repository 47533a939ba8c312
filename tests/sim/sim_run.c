/* SPDX-License-Identifier: MIT */
/* The call itself: its options, its report, the environment, and the calls for a body. */
#include "sim_support.h"

#include <math.h>
#include <stdlib.h>

static void set_environment(const char *name, const char *value)
{
#if defined(_WIN32)
    CHECK_EQUAL(_putenv_s(name, value), 0);
#else
    CHECK_EQUAL(setenv(name, value, 1), 0);
#endif
}

static int runs; /* how often a body was called: nothing that a body depends on */

static void nothing(void *unused)
{
    (void)unused;
    runs++;
}

static int balance;

static void *deposit_5(void *unused)
{
    change(&balance, 5);
    return unused;
}

static void *deposit_8(void *unused)
{
    change(&balance, 8);
    return unused;
}

static void unlocked(void *unused)
{
    (void)unused;
    runs++;
    balance = 0;
    threading_thread_t *threads[] = {begun(deposit_5, NULL, "five"), begun(deposit_8, NULL, "eight")};
    ended(threads[0]);
    ended(threads[1]);
    threading_sim_check(balance == 13);
}

static threading_lock_t lock;

static void *deposit_locked(void *unused)
{
    must(threading_lock_acquire(&lock));
    change(&balance, 5);
    must(threading_lock_release(&lock));
    return unused;
}

static void locked(void *unused)
{
    (void)unused;
    runs++;
    balance = 0;
    (void)threading_lock_init(&lock);
    all_three(deposit_locked, deposit_locked, deposit_locked);
    threading_sim_check(balance == 15);
}

/* ---- the short ways ---- */

static char kept_text[16 * 1024];
static size_t kept_length;

static void keep_text(void *context, const char *text, size_t length)
{
    (void)context;
    CHECK(kept_length + length < sizeof kept_text);
    memcpy(kept_text + kept_length, text, length);
    kept_length += length;
}

static void unlocked_and_spawned(void *unused)
{
    (void)unused;
    balance = 0;
    threading_thread_t *five = threading_spawn(deposit_5, NULL, .name = "five");
    threading_thread_t *eight = THREADING_MUST_SPAWN(deposit_8, NULL, .name = "eight");
    ended(five);
    ended(eight);
    threading_sim_check(balance == 13);
}

CASE(spawn_is_a_start_in_the_table)
{
    (void)must_fail(unlocked_and_spawned, (threading_sim_options_t){.write = keep_text}, THREADING_SIM_CHECK);
    CHECK(strstr(kept_text, "thread start five\n") != NULL);
    CHECK(strstr(kept_text, "thread start eight\n") != NULL);
}

static void spawn_wrong(void *unused)
{
    threading_status_t status;
    (void)unused;
    threading_sim_check(threading_spawn(deposit_5, NULL, .daemon = 2, .status = &status) == NULL);
    threading_sim_check(status == THREADING_INVALID);
    threading_thread_free(threading_spawn(deposit_5, NULL));
}

CASE(spawn_that_fails_leaves_nothing_of_the_run)
{
    (void)must_pass(spawn_wrong, (threading_sim_options_t){0});
}

static THREADING_NO_ANALYSIS void *take_at_once(void *unused)
{
    THREADING_MUST(threading_lock_try_acquire(&lock));
    threading_sim_yield();
    (void)threading_lock_release(&lock);
    return unused;
}

static void both_take_at_once(void *unused)
{
    (void)unused;
    (void)threading_lock_init(&lock);
    both(take_at_once, take_at_once);
}

CASE(must_that_fails_in_some_order_is_a_failed_check)
{
    threading_sim_report_t report =
        must_fail(both_take_at_once, (threading_sim_options_t){.write = keep_text}, THREADING_SIM_CHECK);
    CHECK(strstr(report.message, "sim_run.c:") == report.message);
    CHECK(strstr(report.message, ": threading_lock_try_acquire(&lock): THREADING_BUSY") != NULL);
    CHECK(strstr(kept_text, "check failed") != NULL);
}

/* ---- processors ---- */

static void count_processors(void *unused)
{
    (void)unused;
    threading_sim_check(threading_cpu_count() == 4);
    threading_sim_check(threading_available_parallelism() == 4);
}

CASE(run_has_four_processors_whatever_the_environment_says)
{
    /* fresh */
    set_environment("THREADING_CPU_COUNT", "7");
    CHECK_EQUAL(threading_available_parallelism(), 7);
    CHECK_EQUAL(threading_sim_run(count_processors, NULL, NULL, NULL), THREADING_SIM_PASSED);
}

/* ---- what is refused ---- */

static void is_refused(void (*body)(void *arg), threading_sim_options_t options, const char *why)
{
    threading_sim_report_t report;
    memset(&report, 'x', sizeof report);
    CHECK_EQUAL(threading_sim_run(body, NULL, &options, &report), THREADING_SIM_UNSUPPORTED);
    CHECK_EQUAL(report.verdict, THREADING_SIM_UNSUPPORTED);
    CHECK_TEXT(report.message, why);
    CHECK_EQUAL(report.runs, 0);
    CHECK_EQUAL(runs, 0);
    CHECK(!report.complete);
    CHECK_TEXT(report.replay, "");
}

CASE(null_body_is_unsupported)
{
    is_refused(NULL, (threading_sim_options_t){.seed = 1}, "there is no body");
    CHECK_EQUAL(threading_sim_run(NULL, NULL, NULL, NULL), THREADING_SIM_UNSUPPORTED);
}

CASE(unknown_strategy_is_unsupported)
{
    is_refused(nothing,
               (threading_sim_options_t){.strategy = (threading_sim_strategy_t)(THREADING_SIM_REPLAY + 1)},
               "the option strategy is none");
    is_refused(nothing, (threading_sim_options_t){.strategy = (threading_sim_strategy_t)99},
               "the option strategy is none");
}

CASE(time_that_is_none_is_unsupported)
{
    is_refused(nothing, (threading_sim_options_t){.seconds = -1},
               "the option seconds is less than 0, or no number");
    is_refused(nothing, (threading_sim_options_t){.seconds = (double)NAN},
               "the option seconds is less than 0, or no number");
}

CASE(replay_without_a_text_is_unsupported)
{
    is_refused(nothing, (threading_sim_options_t){.strategy = THREADING_SIM_REPLAY},
               "the strategy is to replay, and there is no replay text");
}

CASE(replay_texts_that_are_none_are_unsupported)
{
    static const char *const texts[] = {"",
                                        "T",
                                        "T1",
                                        "1>1",
                                        "T2:1>1",
                                        " T1:1>1",
                                        "T1:1",
                                        "T1:1>",
                                        "T1:>1",
                                        "T1:1>1;",
                                        "T1:1>1,",
                                        "T1:x>1",
                                        "T1:1>x",
                                        "T1:-1>1",
                                        "T1:+1>1",
                                        "T1:1>1 ",
                                        "T1:99999999999999999999>1",
                                        "T1:,",
                                        "T1:1,1",
                                        "T1: 1>1",
                                        "T1:1>>1",
                                        "t1:1>1",
                                        "T1:1>1>1",
                                        "T1:4294967296>1"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        printf("%s\n", texts[i]);
        is_refused(nothing, (threading_sim_options_t){.replay = texts[i]},
                   "the replay text is none of this version");
    }
}

CASE(replay_text_of_too_many_decisions_is_unsupported)
{
    static char text[20000] = "T1:1>1";
    for (size_t i = 0; i < 2000; i++)
        strcat(text, ",2>1");
    is_refused(nothing, (threading_sim_options_t){.replay = text}, "the replay text is none of this version");
}

static void run_within(void *unused)
{
    (void)unused;
    threading_sim_report_t report;
    threading_sim_check(threading_sim_run(nothing, NULL, NULL, &report) == THREADING_SIM_UNSUPPORTED);
    threading_sim_check(report.verdict == THREADING_SIM_UNSUPPORTED);
    threading_sim_check(strlen(report.message) > 0);
    threading_sim_check(threading_sim_run(nothing, NULL, NULL, NULL) == THREADING_SIM_UNSUPPORTED);
}

CASE(run_within_a_run_is_unsupported)
{
    (void)must_pass(run_within, (threading_sim_options_t){0});
    CHECK_EQUAL(runs, 0);
}

static void *return_null(void *unused)
{
    return unused;
}

static void start_32(void *unused)
{
    (void)unused;
    threading_thread_t *threads[32];
    for (int i = 0; i < 32; i++)
        threads[i] = begun(return_null, NULL, NULL);
    for (int i = 0; i < 32; i++)
        ended(threads[i]);
}

CASE(more_than_32_threads_are_unsupported)
{
    threading_sim_report_t report = run_with(start_32, (threading_sim_options_t){.max_runs = 1});
    check_verdict(&report, THREADING_SIM_UNSUPPORTED);
    CHECK(strstr(report.message, "32 threads") != NULL);
}

static void start_31(void *unused)
{
    (void)unused;
    threading_thread_t *threads[31];
    for (int i = 0; i < 31; i++)
        threads[i] = begun(return_null, NULL, NULL);
    for (int i = 0; i < 31; i++)
        ended(threads[i]);
}

CASE(as_many_as_32_threads_run)
{
    threading_sim_report_t report = run_with(start_31, (threading_sim_options_t){.max_runs = 20});
    check_verdict(&report, THREADING_SIM_PASSED);
    CHECK_EQUAL(report.runs, 20);
}

static void *check_that_it_is_high(void *unused)
{
    threading_sim_check(threading_get_priority() == THREADING_PRIORITY_HIGH);
    threading_sim_check(threading_thread_native_handle(threading_current_thread()) == 0);
    threading_sim_check(threading_thread_stack_size(threading_current_thread()) == 0);
    return unused;
}

static void start_one_that_is_high(void *unused)
{
    (void)unused;
    threading_thread_t *thread =
        threading_thread(check_that_it_is_high, NULL, .priority = THREADING_PRIORITY_HIGH);
    must(threading_thread_start(thread));
    ended(thread);
    must(threading_set_priority(THREADING_PRIORITY_HIGHEST));
    threading_sim_check(threading_get_priority() == THREADING_PRIORITY_HIGHEST);
}

CASE(every_priority_can_be_had_in_a_run)
{
    threading_sim_report_t report = run_with(start_one_that_is_high, (threading_sim_options_t){.seed = 1});
    check_verdict(&report, THREADING_SIM_PASSED);
    CHECK(report.complete);
}

/* ---- the report ---- */

CASE(options_and_report_may_be_null)
{
    CHECK_EQUAL(threading_sim_run(nothing, NULL, NULL, NULL), THREADING_SIM_PASSED);
    CHECK(runs > 0);
    CHECK_EQUAL(threading_sim_run(unlocked, NULL, NULL, NULL), THREADING_SIM_CHECK);
}

static void count_for(void *counter)
{
    ++*(int *)counter;
}

CASE(argument_is_passed_to_the_body)
{
    int counter = 0;
    threading_sim_report_t report;
    CHECK_EQUAL(threading_sim_run(count_for, &counter, NULL, &report), THREADING_SIM_PASSED);
    CHECK_EQUAL(counter, report.runs);
    CHECK(report.complete);
}

CASE(each_verdict_has_a_name)
{
    static const char *const names[] = {"passed",       "deadlock",       "lost wakeup", "livelock",
                                        "check failed", "race",           "thread leak", "nondeterminism",
                                        "step limit",   "foreign thread", "unsupported"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        CHECK_TEXT(threading_sim_verdict_name((threading_sim_verdict_t)i), names[i]);
    CHECK_TEXT(threading_sim_verdict_name((threading_sim_verdict_t)(THREADING_SIM_UNSUPPORTED + 1)),
               "unknown");
}

CASE(each_call_of_the_body_is_a_run)
{
    threading_sim_report_t report = must_pass(locked, (threading_sim_options_t){0});
    CHECK_EQUAL(report.runs, runs);
    CHECK(report.steps > report.runs);
    CHECK(report.seconds > 0);
}

CASE(bound_without_further_orders_ends_the_search)
{
    threading_sim_report_t report = must_pass(nothing, (threading_sim_options_t){.max_preemptions = 1000000});
    CHECK_EQUAL(report.preemptions, 0);
    CHECK(report.runs <= 3); /* the first one is repeated */
}

CASE(report_tells_the_bound_that_was_explored)
{
    for (uint32_t bound = 1; bound <= 3; bound++) {
        threading_sim_report_t report =
            must_pass(locked, (threading_sim_options_t){.max_preemptions = bound});
        CHECK_EQUAL(report.preemptions, bound);
    }
}

/* ---- the limits of a search ---- */

CASE(search_keeps_to_its_number_of_runs_and_is_not_complete)
{
    threading_sim_report_t whole = must_pass(locked, (threading_sim_options_t){0});
    for (uint64_t limit = 1; limit < whole.runs; limit = limit * 3 + 1) {
        runs = 0;
        threading_sim_report_t report = run_with(locked, (threading_sim_options_t){.max_runs = limit});
        check_verdict(&report, THREADING_SIM_PASSED);
        CHECK_EQUAL(report.runs, limit);
        CHECK_EQUAL(runs, limit);
        CHECK(!report.complete);
    }
}

CASE(search_keeps_to_its_time_and_is_not_complete)
{
    threading_sim_report_t report = run_with(locked, (threading_sim_options_t){.seconds = 1e-9});
    check_verdict(&report, THREADING_SIM_PASSED);
    CHECK(!report.complete);
    CHECK(report.runs < 10);
}

CASE(orders_by_chance_are_never_complete)
{
    static const threading_sim_strategy_t strategies[] = {THREADING_SIM_RANDOM, THREADING_SIM_PCT};
    for (int i = 0; i < 2; i++) {
        threading_sim_report_t report =
            run_with(nothing, (threading_sim_options_t){.strategy = strategies[i], .max_runs = 100});
        check_verdict(&report, THREADING_SIM_PASSED);
        CHECK(!report.complete);
        CHECK_EQUAL(report.runs, 100);
    }
}

static void long_run(void *unused)
{
    (void)unused;
    (void)threading_lock_init(&lock);
    for (int i = 0; i < 1000; i++) {
        must(threading_lock_acquire(&lock));
        must(threading_lock_release(&lock));
    }
}

CASE(run_longer_than_its_limit_is_told)
{
    (void)must_pass(long_run, (threading_sim_options_t){0});
    threading_sim_report_t report =
        must_fail(long_run, (threading_sim_options_t){.max_steps = 1999, .write = print_text},
                  THREADING_SIM_STEP_LIMIT);
    CHECK_EQUAL(report.preemptions, 0);
    CHECK(strstr(report.message, "threading_sim_yield") != NULL);
}

/* ---- how orders are chosen ---- */

CASE(each_strategy_finds_the_lost_deposit)
{
    static const threading_sim_strategy_t strategies[] = {THREADING_SIM_AUTO, THREADING_SIM_BOUNDED,
                                                          THREADING_SIM_RANDOM, THREADING_SIM_PCT};
    for (int i = 0; i < 4; i++)
        (void)must_fail(unlocked, (threading_sim_options_t){.strategy = strategies[i]}, THREADING_SIM_CHECK);
}

CASE(same_seed_gives_the_same_runs)
{
    static const threading_sim_strategy_t strategies[] = {THREADING_SIM_RANDOM, THREADING_SIM_PCT};
    for (int i = 0; i < 2; i++)
        for (uint64_t seed = 0; seed < 5; seed++) {
            threading_sim_options_t options = {.strategy = strategies[i], .seed = seed};
            threading_sim_report_t first = must_fail(unlocked, options, THREADING_SIM_CHECK);
            threading_sim_report_t second = must_fail(unlocked, options, THREADING_SIM_CHECK);
            CHECK_EQUAL(first.runs, second.runs);
            CHECK_EQUAL(first.steps, second.steps);
            CHECK_TEXT(second.replay, first.replay);
        }
}

CASE(bounded_search_is_the_same_each_time)
{
    threading_sim_report_t first = must_pass(locked, (threading_sim_options_t){.seed = 1});
    threading_sim_report_t second = must_pass(locked, (threading_sim_options_t){.seed = 2});
    CHECK_EQUAL(first.runs, second.runs);
    CHECK_EQUAL(first.steps, second.steps);
}

CASE(replay_is_one_run)
{
    runs = 0;
    threading_sim_report_t report = run_with(locked, (threading_sim_options_t){.replay = "T1:"});
    check_verdict(&report, THREADING_SIM_PASSED);
    CHECK_EQUAL(runs, 1);
    CHECK_EQUAL(report.runs, 1);
    CHECK(!report.complete);
    CHECK_TEXT(report.replay, "");
}

CASE(replay_ignores_decisions_that_do_not_come)
{
    threading_sim_options_t options = {.strategy = THREADING_SIM_REPLAY,
                                       .replay = "T1:1>200,7000>1,4294967295>1"};
    threading_sim_report_t report = run_with(locked, options);
    check_verdict(&report, THREADING_SIM_PASSED);
    CHECK_EQUAL(report.runs, 1);
}

/* ---- one run behind the other ---- */

CASE(runs_in_one_process_do_not_disturb_each_other)
{
    threading_sim_report_t first = must_pass(locked, (threading_sim_options_t){0});
    threading_sim_report_t failed = must_fail(unlocked, (threading_sim_options_t){0}, THREADING_SIM_CHECK);
    threading_sim_report_t second = must_pass(locked, (threading_sim_options_t){0});
    threading_sim_report_t again = must_fail(unlocked, (threading_sim_options_t){0}, THREADING_SIM_CHECK);
    CHECK_EQUAL(second.runs, first.runs);
    CHECK_EQUAL(again.runs, failed.runs);
    CHECK_TEXT(again.replay, failed.replay);
}

static void *hold_for_a_moment(void *unused)
{
    CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
    balance++;
    CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    return unused;
}

CASE(library_works_outside_of_runs)
{
    for (int i = 0; i < 3; i++) {
        CHECK_STATUS(threading_lock_init(&lock), THREADING_OK);
        balance = 0;
        CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
        threading_thread_t *threads[] = {started(hold_for_a_moment, NULL), started(hold_for_a_moment, NULL)};
        double begin = threading_monotonic();
        CHECK_STATUS(threading_sleep(0.01), THREADING_OK);
        CHECK(threading_monotonic() - begin >= 0.009);
        CHECK_EQUAL(balance, 0);
        CHECK_EQUAL(threading_active_count(), 3);
        CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
        finished(threads[0]);
        finished(threads[1]);
        CHECK_EQUAL(balance, 2);
        CHECK_EQUAL(threading_active_count(), 1);
        (void)must_fail(unlocked, (threading_sim_options_t){0}, THREADING_SIM_CHECK);
    }
}

static void *run_unlocked(void *unused)
{
    (void)must_fail(unlocked, (threading_sim_options_t){0}, THREADING_SIM_CHECK);
    (void)must_pass(locked, (threading_sim_options_t){0});
    return unused;
}

CASE(any_thread_may_run)
{
    finished(started(run_unlocked, NULL));
    finished(started(run_unlocked, NULL));
    (void)run_unlocked(NULL);
}

CASE(replay_text_of_another_run_is_told)
{
    threading_sim_report_t report = run_with(locked, (threading_sim_options_t){.replay = "T1:4>99"});
    check_verdict(&report, THREADING_SIM_PASSED);
    CHECK(strstr(report.message, "another run") != NULL);
}

/* ---- the environment ---- */

CASE(environment_gives_the_replay)
{
    threading_sim_report_t report = must_fail(unlocked, (threading_sim_options_t){0}, THREADING_SIM_CHECK);
    set_environment("THREADING_SIM_REPLAY", "T1:");
    report = run_with(unlocked, (threading_sim_options_t){.replay = report.replay});
    CHECK_EQUAL(report.runs, 1);
    check_verdict(&report, THREADING_SIM_RACE); /* in that order nothing is lost */
}

static void is_refused_with(const char *name, const char *value, const char *why)
{
    printf("%s=%s\n", name, value);
    set_environment(name, value);
    is_refused(nothing, (threading_sim_options_t){0}, why);
    set_environment(name, "");
}

CASE(environment_that_has_no_meaning_is_refused)
{
    static const char *const none[] = {"x", "1x", " ", "-1", "+1", " 1"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        is_refused_with("THREADING_SIM_SEED", none[i], "THREADING_SIM_SEED is no number");
        is_refused_with("THREADING_SIM_RUNS", none[i], "THREADING_SIM_RUNS is no number");
    }
    is_refused_with("THREADING_SIM_SECONDS", "0", "THREADING_SIM_SECONDS is no number above 0");
    is_refused_with("THREADING_SIM_SECONDS", "-1", "THREADING_SIM_SECONDS is no number above 0");
    is_refused_with("THREADING_SIM_SECONDS", "nan", "THREADING_SIM_SECONDS is no number above 0");
    is_refused_with("THREADING_SIM_SECONDS", "1s", "THREADING_SIM_SECONDS is no number above 0");
    is_refused_with("THREADING_SIM_REPLAY", "x", "the replay text is none of this version");
}

CASE(environment_that_is_empty_counts_as_not_set)
{
    set_environment("THREADING_SIM_REPLAY", "");
    set_environment("THREADING_SIM_SEED", "");
    set_environment("THREADING_SIM_SECONDS", "");
    set_environment("THREADING_SIM_RUNS", "");
    CHECK_EQUAL(run_with(locked, (threading_sim_options_t){.max_runs = 3}).runs, 3);
}

CASE(environment_gives_the_number_of_runs)
{
    set_environment("THREADING_SIM_RUNS", "7");
    threading_sim_report_t report = run_with(locked, (threading_sim_options_t){.max_runs = 3});
    CHECK_EQUAL(report.runs, 7);
    CHECK(!report.complete);
}

CASE(environment_gives_the_time)
{
    set_environment("THREADING_SIM_SECONDS", "1e-9");
    threading_sim_report_t report = run_with(locked, (threading_sim_options_t){.seconds = 1000});
    CHECK(report.runs < 10);
    CHECK(!report.complete);
}

static uint32_t sum; /* of what was chosen; nothing that a body depends on */

static void choose_some(void *unused)
{
    (void)unused;
    for (int i = 0; i < 10; i++)
        sum = sum * 31 + threading_sim_choose(200);
}

static uint32_t sum_with_seed(uint64_t seed)
{
    sum = 0;
    threading_sim_options_t options = {.strategy = THREADING_SIM_RANDOM, .seed = seed, .max_runs = 5};
    threading_sim_report_t report = run_with(choose_some, options);
    check_verdict(&report, THREADING_SIM_PASSED);
    return sum;
}

CASE(environment_gives_the_seed)
{
    uint32_t expected = sum_with_seed(12345);
    CHECK(sum_with_seed(7) != expected);
    CHECK_EQUAL(sum_with_seed(12345), expected);
    set_environment("THREADING_SIM_SEED", "12345");
    CHECK_EQUAL(sum_with_seed(7), expected);
}

/* ---- the calls for a body ---- */

CASE(calls_outside_of_a_run_do_nothing)
{
    CHECK(!threading_sim_active());
    threading_sim_check(false);
    CHECK_EQUAL(threading_sim_choose(5), 0);
    threading_sim_read(&balance, sizeof balance);
    threading_sim_write(&balance, sizeof balance);
    threading_sim_read(NULL, 4);
    threading_sim_yield();
    threading_sim_note("nothing");
    threading_sim_note(NULL);
    CHECK_STATUS(threading_sim_static(NULL, 4), THREADING_INVALID);
    CHECK_STATUS(threading_sim_static(&balance, 0), THREADING_INVALID);
}

static void *be_active(void *unused)
{
    threading_sim_check(threading_sim_active());
    return unused;
}

static void active(void *unused)
{
    (void)unused;
    both(be_active, be_active);
}

CASE(threads_of_a_run_know_that_they_are)
{
    (void)must_pass(active, (threading_sim_options_t){0});
    CHECK(!threading_sim_active());
}

static int chosen[300]; /* how often; nothing that a body depends on */

static void choose_3_and_2(void *unused)
{
    (void)unused;
    uint32_t first = threading_sim_choose(3);
    uint32_t second = threading_sim_choose(2);
    threading_sim_check(first < 3 && second < 2);
    threading_sim_check(threading_sim_choose(0) == 0 && threading_sim_choose(1) == 0);
    chosen[first * 2 + second]++;
}

CASE(choose_gives_each_value_in_some_run)
{
    threading_sim_report_t report =
        must_pass(choose_3_and_2, (threading_sim_options_t){.max_preemptions = 1});
    for (int i = 0; i < 6; i++)
        CHECK(chosen[i] > 0);
    CHECK(report.runs <= 8); /* the first one is repeated */
}

static void choose_the_last(void *unused)
{
    (void)unused;
    threading_sim_check(threading_sim_choose(200) != 199);
}

CASE(choice_is_replayed)
{
    threading_sim_report_t report =
        must_fail(choose_the_last, (threading_sim_options_t){0}, THREADING_SIM_CHECK);
    CHECK_TEXT(report.replay, "T1:0>199");
}

static void choose_of_300(void *unused)
{
    (void)unused;
    uint32_t value = threading_sim_choose(300);
    threading_sim_check(value < 300);
    chosen[value]++;
}

CASE(choose_gives_each_of_many_values)
{
    (void)must_pass(choose_of_300, (threading_sim_options_t){0});
    for (int i = 0; i < 300; i++)
        CHECK(chosen[i] > 0);
}

/* ---- a run of so many decisions that no text holds them ---- */

static int turns[2];

static void *take_turns(void *mine)
{
    for (int i = 0; i < 1500; i++) {
        threading_sim_write(mine, sizeof(int));
        ++*(int *)mine;
    }
    return NULL;
}

static void many_turns(void *unused)
{
    (void)unused;
    turns[0] = turns[1] = 0;
    threading_thread_t *thread = begun(take_turns, &turns[0], "other");
    (void)take_turns(&turns[1]);
    ended(thread);
    bool is_by_chance = threading_sim_choose(2) == 1;
    threading_sim_check(!is_by_chance);
}

CASE(failure_is_told_though_its_run_is_too_long_for_a_text)
{
    threading_sim_options_t options = {.strategy = THREADING_SIM_RANDOM, .seconds = 1};
    threading_sim_report_t report = run_with(many_turns, options);
    check_verdict(&report, THREADING_SIM_CHECK);
    CHECK(strlen(report.message) > 0);
    CHECK(report.seconds < 10); /* a second to find it, and one to make it shorter */
}

/* ---- what is there before the first run ---- */

static threading_lock_t kept;
static int number = 42;

static void change_what_is_kept(void *unused)
{
    (void)unused;
    threading_sim_check(number == 42);
    number = 43;
    must(threading_lock_acquire(&kept)); /* for ever */
    threading_sim_check(threading_sim_static(&number, sizeof number) == THREADING_INVALID);
    both(return_null, return_null);
}

CASE(static_objects_begin_each_run_as_they_were)
{
    CHECK_STATUS(threading_sim_static(&number, sizeof number), THREADING_OK);
    CHECK_STATUS(threading_sim_static(&kept, sizeof kept), THREADING_OK);
    (void)must_pass(change_what_is_kept, (threading_sim_options_t){0});
    (void)must_pass(change_what_is_kept, (threading_sim_options_t){0});
}

CASE(static_objects_are_64_at_most)
{
    for (int i = 0; i < 64; i++)
        CHECK_STATUS(threading_sim_static(&number, sizeof number), THREADING_OK);
    CHECK_STATUS(threading_sim_static(&number, sizeof number), THREADING_NO_MEMORY);
}
