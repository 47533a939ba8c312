/* SPDX-License-Identifier: MIT */
/* Condition, waited on with a predicate; and as the object of a `with` statement. */
#include "condition_support.h"

/* A question and how often it was asked; the condition's lock protects it. */
typedef struct question {
    int asked;
    int true_from; /* the asking from which on the answer is true */
} question_t;

static bool answer(void *arg)
{
    question_t *question = arg;
    CHECK(threading_condition_is_owned(&condition));
    return ++question->asked >= question->true_from;
}

static threading_status_t ask(question_t *question)
{
    return threading_condition_wait_for(&condition, answer, question);
}

static threading_status_t ask_for(question_t *question, double seconds)
{
    return threading_condition_wait_for_timeout(&condition, answer, question, seconds);
}

/* ----------------------------------------------------------------------------------------- the answers */

static void true_at_once(void)
{
    const double all[] = {0, 1e-12, 60, THREADING_TIMEOUT_MAX, THREADING_FOREVER};
    hold();
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        question_t question = {.true_from = 1};
        CHECK_STATUS(ask_for(&question, all[i]), THREADING_OK);
        CHECK_STATUS(ask(&question), THREADING_OK);
        CHECK_EQUAL(question.asked, 2);
    }
    let_go();
}

CASE(true_predicate_is_asked_once)
{
    with_each_kind(true_at_once);
}

static void *be_counted(void *arg)
{
    hold();
    returned = 1;
    let_go();
    return arg;
}

static void ask_while_another_wants_in(void)
{
    question_t question = {.true_from = 1};
    hold();
    threading_thread_t *thread = started(be_counted, NULL);
    threading_sleep(0.002); /* the more often the other one stands in line, the more is tested */
    for (int i = 0; i < 100; i++)
        CHECK_STATUS(ask(&question), THREADING_OK);
    CHECK_EQUAL(returned, 0);
    let_go();
    finished(thread);
}

CASE(true_predicate_does_not_give_the_lock_back)
{
    with_each_kind(ask_while_another_wants_in);
}

static void no_time(void)
{
    question_t never = {.true_from = 100};
    question_t at_last = {.true_from = 2};
    hold();
    CHECK_STATUS(ask_for(&never, 0), THREADING_TIMEOUT);
    CHECK_EQUAL(never.asked, 2);
    CHECK_STATUS(ask_for(&at_last, 0), THREADING_OK);
    CHECK_EQUAL(at_last.asked, 2);
    let_go();
}

CASE(with_no_time_it_is_asked_twice)
{
    with_each_kind(no_time);
}

static void true_without_notification(void)
{
    question_t question = {.true_from = 2};
    double begin = threading_monotonic();
    hold();
    CHECK_STATUS(ask_for(&question, 0.01), THREADING_OK);
    CHECK(threading_monotonic() - begin >= 0.01);
    CHECK_EQUAL(question.asked, 2);
    let_go();
}

/* Nobody notified, so it was found true at the end only. */
CASE(at_the_end_of_the_time_it_is_asked_once_more)
{
    with_each_kind(true_without_notification);
}

static void run_out_of_time(void)
{
    const double all[] = {1e-300, 1e-9, 0.001, 0.005, 0.02};
    hold();
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        question_t never = {.true_from = 100};
        double begin = threading_monotonic();
        CHECK_STATUS(ask_for(&never, all[i]), THREADING_TIMEOUT);
        CHECK(threading_monotonic() - begin >= all[i]);
        CHECK_EQUAL(never.asked, 2);
    }
    let_go();
}

CASE(false_at_the_end_of_the_time_is_a_timeout)
{
    with_each_kind(run_out_of_time);
}

/* --------------------------------------------------------------------------------------- notifications */

static void *ask_in_a_thread(void *question)
{
    hold();
    CHECK_STATUS(ask(question), THREADING_OK);
    CHECK(threading_condition_is_owned(&condition));
    returned = 1;
    let_go();
    return NULL;
}

/* It was asked under the lock and false, so the thread waits again when the lock is to be had. */
static void notify_four_times(void)
{
    question_t question = {.true_from = 5};
    threading_thread_t *thread = started(ask_in_a_thread, &question);
    for (int asked = 1; asked < 5; asked++) {
        hold_until(&question.asked, asked);
        CHECK_EQUAL(returned, 0);
        notify(1);
        CHECK_EQUAL(question.asked, asked);
        let_go();
    }
    finished(thread);
    CHECK_EQUAL(question.asked, 5);
}

CASE(predicate_is_asked_once_after_each_notification)
{
    with_each_kind(notify_four_times);
}

static int state;

static bool state_is_4(void *arg)
{
    (void)arg;
    return state == 4;
}

static void *wait_for_state_4(void *arg)
{
    hold();
    begun = 1;
    CHECK_STATUS(threading_condition_wait_for(&condition, state_is_4, NULL), THREADING_OK);
    CHECK_EQUAL(state, 4);
    let_go();
    return arg;
}

static void count_up_to_4(void)
{
    state = 0;
    threading_thread_t *thread = started(wait_for_state_4, NULL);
    hold_until(&begun, 1);
    let_go();
    for (int i = 0; i < 4; i++) {
        hold();
        state++;
        notify(1);
        let_go();
        threading_sleep(0.001);
    }
    finished(thread);
}

/* CPython: lock_tests.ConditionTests.test_waitfor */
CASE(wait_ends_when_the_predicate_has_become_true)
{
    with_each_kind(count_up_to_4);
}

static void *ask_until_the_end_of_the_time(void *question)
{
    double begin = threading_monotonic();
    hold();
    CHECK_STATUS(ask_for(question, 0.3), THREADING_TIMEOUT);
    CHECK(threading_monotonic() - begin >= 0.3);
    returned = 1;
    let_go();
    return NULL;
}

/* A wait that took its whole time anew with each notification would not end before a pause as long as that. */
static void notify_until_the_end(void)
{
    question_t never = {.true_from = 1000000000};
    threading_thread_t *thread = started(ask_until_the_end_of_the_time, &never);
    bool ended = false;
    while (!ended) {
        threading_sleep(0.001);
        hold();
        notify_all();
        ended = returned == 1;
        let_go();
    }
    finished(thread);
}

/* CPython: lock_tests.ConditionTests.test_waitfor_timeout */
CASE(limit_is_for_all_its_waits_together)
{
    with_each_kind(notify_until_the_end);
}

static void notify_two_askers(void)
{
    question_t first = {.true_from = 2}, second = {.true_from = 2};
    threading_thread_t *threads[2];
    threads[0] = started(ask_in_a_thread, &first);
    hold_until(&first.asked, 1);
    let_go();
    threads[1] = started(ask_in_a_thread, &second);
    hold_until(&second.asked, 1);
    notify(1);
    let_go();
    finished(threads[0]);
    hold();
    CHECK_EQUAL(second.asked, 1);
    notify(1);
    let_go();
    finished(threads[1]);
}

CASE(only_the_notified_ask_again)
{
    with_each_kind(notify_two_askers);
}

/* ------------------------------------------------------------------------------------------- the lock */

static bool count_levels(void *levels)
{
    *(size_t *)levels = threading_rlock_count(&rlock);
    return false;
}

CASE(predicate_finds_the_levels_of_the_caller)
{
    size_t levels = 0;
    CHECK_STATUS(threading_condition_init_rlock(&condition, &rlock), THREADING_OK);
    for (size_t level = 1; level <= 3; level++) {
        hold();
        CHECK_STATUS(threading_condition_wait_for_timeout(&condition, count_levels, &levels, 0.001),
                     THREADING_TIMEOUT);
        CHECK_EQUAL(levels, level);
        CHECK_EQUAL(threading_rlock_count(&rlock), level);
    }
}

static bool notify_the_others(void *question)
{
    notify_all();
    return answer(question);
}

static void *notify_by_predicate(void *question)
{
    hold();
    CHECK_STATUS(threading_condition_wait_for(&condition, notify_the_others, question), THREADING_OK);
    let_go();
    return NULL;
}

CASE(predicate_may_notify)
{
    question_t questions[2] = {{.true_from = 20}, {.true_from = 10}};
    threading_thread_t *thread = started(notify_by_predicate, &questions[0]);
    (void)notify_by_predicate(&questions[1]);
    while (threading_thread_join_timeout(thread, 0.001) == THREADING_TIMEOUT) {
        hold();
        notify(1);
        let_go();
    }
    threading_thread_free(thread);
    CHECK_EQUAL(questions[0].asked, 20);
    CHECK_EQUAL(questions[1].asked, 10);
}

/* ------------------------------------------------------------------------------------------- bad input */

static bool never_asked(void *arg)
{
    (void)arg;
    CHECK(false); /* the predicate of a refused call is not asked */
    return true;
}

static void no_predicate(void)
{
    CHECK_STATUS(threading_condition_wait_for(&condition, NULL, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_condition_wait_for_timeout(&condition, NULL, NULL, 0), THREADING_INVALID);
    hold();
    CHECK_STATUS(threading_condition_wait_for(&condition, NULL, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_condition_wait_for_timeout(&condition, NULL, NULL, THREADING_FOREVER),
                 THREADING_INVALID);
    CHECK(threading_condition_is_owned(&condition));
    let_go();
}

CASE(no_predicate_is_invalid)
{
    CHECK_STATUS(threading_condition_wait_for(NULL, NULL, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_condition_wait_for_timeout(NULL, NULL, NULL, 0), THREADING_INVALID);
    with_each_kind(no_predicate);
}

static void refused(void)
{
    CHECK_STATUS(threading_condition_wait_for(&condition, never_asked, NULL), THREADING_NOT_HELD);
    CHECK_STATUS(threading_condition_wait_for_timeout(&condition, never_asked, NULL, 0), THREADING_NOT_HELD);
}

/* CPython asks first, and refuses only when it would have to wait. */
CASE(without_the_lock_it_is_not_held_and_not_asked)
{
    with_each_kind(refused);
}

/* ----------------------------------------------------------------------------------------------- stops */

static threading_stop_t stop;

static void *be_cancelled(void *question)
{
    hold();
    CHECK_STATUS(ask(question), THREADING_CANCELLED);
    CHECK(threading_condition_is_owned(&condition));
    let_go();
    return NULL;
}

static void cancel_the_wait(void)
{
    question_t never = {.true_from = 100};
    CHECK_STATUS(threading_stop_init(&stop), THREADING_OK);
    threading_thread_t *thread = threading_thread(be_cancelled, &never, .stop = &stop);
    CHECK(thread != NULL);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    hold_until(&never.asked, 1);
    let_go();
    CHECK_STATUS(threading_stop_request(&stop), THREADING_OK);
    finished(thread);
}

CASE(wait_is_cancelled_by_a_stop)
{
    with_each_kind(cancel_the_wait);
}

/* ------------------------------------------------------------------------------------------------ with */

static int bodies;
static int evaluations;

static void run_a_body(void)
{
    bodies = 0;
    THREADING_WITH_CONDITION(&condition) {
        CHECK(threading_condition_is_owned(&condition));
        CHECK_STATUS(threading_condition_wait_timeout(&condition, 0.001), THREADING_TIMEOUT);
        notify_all();
        bodies++;
    }
    CHECK_EQUAL(bodies, 1);
    CHECK(!threading_condition_locked(&condition));
}

/* CPython: lock_tests.BaseLockTests.test_with, lock_tests.ConditionTests.test_acquire */
CASE(with_holds_the_lock_in_the_body)
{
    with_each_kind(run_a_body);
}

static void nest_bodies(void)
{
    bodies = 0;
    THREADING_WITH_CONDITION(&condition) {
        THREADING_WITH_CONDITION(&condition)
            bodies++;
        CHECK(threading_condition_is_owned(&condition));
        THREADING_WITH_CONDITION(&condition) {
            CHECK_STATUS(threading_condition_wait_timeout(&condition, 0.001), THREADING_TIMEOUT);
            bodies++;
            continue;
        }
        CHECK(threading_condition_is_owned(&condition));
        bodies++;
        break;
    }
    CHECK_EQUAL(bodies, 3);
    CHECK(!threading_condition_locked(&condition));
}

CASE(with_nests_on_an_rlock)
{
    with_each_rlock(nest_bodies);
}

static void leave_bodies(void)
{
    int turns = 0;
    bodies = 0;
    for (int i = 0; i < 6; i++) {
        THREADING_WITH_CONDITION(&condition) {
            if (i % 3 == 0)
                break;
            if (i % 3 == 1)
                continue;
            bodies++;
        }
        CHECK(!threading_condition_locked(&condition));
        turns++;
    }
    CHECK_EQUAL(turns, 6);
    CHECK_EQUAL(bodies, 2);
}

CASE(break_and_continue_leave_just_the_body)
{
    with_each_kind(leave_bodies);
}

#if RETURN_RELEASES
static int return_from_the_body(int value)
{
    THREADING_WITH_CONDITION(&condition) {
        CHECK(threading_condition_is_owned(&condition));
        if (value > 0)
            return value;
        if (value < 0)
            goto out;
        bodies++;
    }
    return 0;
out:
    return -1;
}

static void return_from_bodies(void)
{
    bodies = 0;
    for (int value = -1; value <= 1; value++) {
        CHECK_EQUAL(return_from_the_body(value), value);
        CHECK(!threading_condition_locked(&condition));
    }
    CHECK_EQUAL(bodies, 1);
}

CASE(return_and_goto_release)
{
    with_each_kind(return_from_bodies);
}
#else
CASE(return_and_goto_release)
{
    SKIP("this compiler does not show the library that a body is left by return");
}
#endif

static threading_condition_t *next_condition(void)
{
    evaluations++;
    return &condition;
}

CASE(with_evaluates_its_argument_once)
{
    THREADING_WITH_CONDITION(next_condition())
        CHECK_EQUAL(evaluations, 1);
    CHECK_EQUAL(evaluations, 1);
    is_idle_and_works();
}

static void *hold_and_end(void *arg)
{
    hold();
    return arg;
}

CASE(with_skips_the_body_when_the_acquire_fails)
{
    threading_condition_t *none = NULL;
    THREADING_WITH_CONDITION(none)
        bodies++;
    finished(started(hold_and_end, NULL));
    THREADING_WITH_CONDITION(&condition)
        bodies++;
    CHECK_EQUAL(bodies, 0);
    CHECK(threading_condition_locked(&condition));
}
