/* SPDX-License-Identifier: MIT */
/*
 * Functions of the user's that end their thread inside a call of the library's: a barrier's action, a Once's
 * function, a condition's predicate. Others are told, and nobody hangs.
 *
 * Each ends its thread by threading_exit(), which leaves its frames by a jump, and in the platform's own way.
 * In a thread of an executor threading_exit() ends the task only: nothing tells the others that a thread has
 * ended.
 */
#include "conformance.h"
#include "gate.h"
#include "tasks.h"

typedef void (*leave_t)(void);

static leave_t leave; /* how the thread ends */
static atomic_int there;

static void exit_by_the_library(void)
{
    threading_exit(NULL);
}

static void exit_by_the_platform(void)
{
    foreign_exit();
}

/* The result of a call that has ended its thread. */
static void never_returns(threading_status_t status)
{
    check_failed(__FILE__, __LINE__, "the call does not return", threading_status_name(status));
}

/* The thread that is there is about to wait, and is given the time to do so. The case passes if it does
 * not. */
static void leave_when_they_wait(int count)
{
    AWAIT(atomic_load(&there) == count);
    (void)threading_sleep(0.02);
    leave();
}

/* -------------------------------------------------------------------------------- where the thread runs */

typedef void (*place_t)(threading_target_t target);

static void in_a_thread(threading_target_t target)
{
    finished(started(target, NULL));
}

static void in_a_foreign_thread(threading_target_t target)
{
    foreign_join(foreign_start(target, NULL));
}

/* Its thread goes on. */
static void in_a_task(threading_target_t target)
{
    threading_executor_t *pool = made_pool(1);
    (void)value_of(submitted(pool, target, NULL));
    CHECK_STATUS(threading_executor_submit(pool, return_at_once, NULL, NULL), THREADING_OK);
    end_pool(pool);
}

/* ---------------------------------------------------------------------------------------------- barrier */

#define PARTIES 3

static threading_barrier_t barrier, inner;

static void *wait_at_barrier(void *seconds)
{
    atomic_fetch_add(&there, 1);
    CHECK_STATUS(threading_barrier_wait_timeout(&barrier, *(double *)seconds, NULL), THREADING_BROKEN);
    return NULL;
}

static void *trip(void *unused)
{
    AWAIT(threading_barrier_n_waiting(&barrier) == PARTIES - 1);
    never_returns(threading_barrier_wait(&barrier, NULL));
    return unused;
}

/* Two that wait, with a limit and without one, and one that comes while the action runs. */
static double no_limit = THREADING_FOREVER, some_seconds = 10;

static void leave_before_an_entrant(void *unused)
{
    (void)unused;
    threading_thread_free(started(wait_at_barrier, &some_seconds));
    leave_when_they_wait(PARTIES);
}

static void check_broken_barrier(void)
{
    size_t index;
    CHECK(threading_barrier_broken(&barrier));
    CHECK_STATUS(threading_barrier_wait(&barrier, &index), THREADING_BROKEN);
    CHECK_STATUS(threading_barrier_wait_timeout(&barrier, 0, &index), THREADING_BROKEN);
    AWAIT(threading_active_count() == 1);
}

static void break_barrier(leave_t how, place_t run)
{
    leave = how;
    CHECK_STATUS(
        threading_barrier_init_with(&barrier, PARTIES, leave_before_an_entrant, NULL, THREADING_FOREVER),
        THREADING_OK);
    threading_thread_t *untimed = started(wait_at_barrier, &no_limit);
    threading_thread_t *timed = started(wait_at_barrier, &some_seconds);
    run(trip);
    finished(untimed);
    finished(timed);
    check_broken_barrier();
}

CASE(barrier_is_broken_when_its_action_calls_threading_exit)
{
    break_barrier(exit_by_the_library, in_a_thread);
}

CASE(barrier_is_broken_when_its_action_ends_its_thread)
{
    break_barrier(exit_by_the_platform, in_a_thread);
}

CASE(barrier_is_broken_when_its_action_calls_threading_exit_in_a_task)
{
    break_barrier(exit_by_the_library, in_a_task);
}

CASE(barrier_is_broken_when_its_action_calls_threading_exit_in_a_foreign_thread)
{
    break_barrier(exit_by_the_library, in_a_foreign_thread);
}

CASE(barrier_is_broken_when_its_action_ends_a_foreign_thread)
{
    break_barrier(exit_by_the_platform, in_a_foreign_thread);
}

static void *wait_as_one_of_two(void *unused)
{
    CHECK_STATUS(threading_barrier_wait(&barrier, NULL), THREADING_OK);
    return unused;
}

static void do_nothing(void *unused)
{
    (void)unused;
}

CASE(broken_barrier_of_an_action_that_exits_can_be_reset)
{
    break_barrier(exit_by_the_library, in_a_thread);
    CHECK_STATUS(threading_barrier_reset(&barrier), THREADING_OK);
    CHECK(!threading_barrier_broken(&barrier));
    CHECK_STATUS(threading_barrier_init_with(&barrier, 2, do_nothing, NULL, THREADING_FOREVER), THREADING_OK);
    threading_thread_t *other = started(wait_as_one_of_two, NULL);
    CHECK_STATUS(threading_barrier_wait(&barrier, NULL), THREADING_OK);
    finished(other);
}

static void reset_and_leave(void *unused)
{
    (void)unused;
    CHECK_STATUS(threading_barrier_reset(&barrier), THREADING_OK);
    leave();
}

static void *trip_alone(void *unused)
{
    never_returns(threading_barrier_wait(&barrier, NULL));
    return unused;
}

static void reset_in_the_action(leave_t how)
{
    leave = how;
    CHECK_STATUS(threading_barrier_init_with(&barrier, 1, reset_and_leave, NULL, THREADING_FOREVER),
                 THREADING_OK);
    in_a_thread(trip_alone);
    CHECK(!threading_barrier_broken(&barrier));
}

CASE(barrier_that_the_action_has_reset_before_threading_exit_is_not_broken)
{
    reset_in_the_action(exit_by_the_library);
}

CASE(barrier_that_the_action_has_reset_before_its_threads_end_is_not_broken)
{
    reset_in_the_action(exit_by_the_platform);
}

static void leave_at_once(void *unused)
{
    (void)unused;
    leave();
}

static void wait_at_inner(void *unused)
{
    (void)unused;
    never_returns(threading_barrier_wait(&inner, NULL));
}

static void leave_in_two_actions(leave_t how)
{
    leave = how;
    CHECK_STATUS(threading_barrier_init_with(&barrier, 1, wait_at_inner, NULL, THREADING_FOREVER),
                 THREADING_OK);
    CHECK_STATUS(threading_barrier_init_with(&inner, 1, leave_at_once, NULL, THREADING_FOREVER),
                 THREADING_OK);
    in_a_thread(trip_alone);
    CHECK(threading_barrier_broken(&barrier));
    CHECK(threading_barrier_broken(&inner));
}

CASE(both_barriers_are_broken_when_an_action_in_an_action_calls_threading_exit)
{
    leave_in_two_actions(exit_by_the_library);
}

CASE(both_barriers_are_broken_when_an_action_in_an_action_ends_its_thread)
{
    leave_in_two_actions(exit_by_the_platform);
}

/* ------------------------------------------------------------------------------------------------- once */

static threading_once_t once;

static void leave_the_once(void *unused)
{
    (void)unused;
    leave_when_they_wait(2);
}

static void never_called(void *unused)
{
    (void)unused;
    check_failed(__FILE__, __LINE__, "a second function was called", NULL);
}

static threading_event_t inside;

static void say_inside_and_leave(void *arg)
{
    (void)threading_event_set(&inside);
    leave_the_once(arg);
}

static void *run_once(void *unused)
{
    never_returns(threading_once(&once, say_inside_and_leave, NULL));
    return unused;
}

static void *wait_for_once(void *unused)
{
    CHECK_STATUS(threading_event_wait(&inside), THREADING_OK);
    atomic_fetch_add(&there, 1);
    CHECK_STATUS(threading_once(&once, never_called, NULL), THREADING_DEADLOCK);
    return unused;
}

/* With a stop, whose wait has a limit and is part of no proof. */
static void *wait_for_once_for_a_while(void *unused)
{
    threading_stop_t stop;
    CHECK_STATUS(threading_stop_init_child(&stop, NULL, 10), THREADING_OK);
    (void)threading_stop_heed(&stop);
    (void)wait_for_once(NULL);
    (void)threading_stop_heed(NULL);
    return unused;
}

static void count_call(void *unused)
{
    (void)unused;
    atomic_fetch_add(&there, 1);
}

static void abandon_once(leave_t how, place_t run)
{
    leave = how;
    threading_thread_t *untimed = started(wait_for_once, NULL);
    threading_thread_t *timed = started(wait_for_once_for_a_while, NULL);
    run(run_once);
    finished(untimed);
    finished(timed);
    CHECK_STATUS(threading_once(&once, never_called, NULL), THREADING_DEADLOCK);
    CHECK_STATUS(threading_once_init(&once), THREADING_OK);
    CHECK_STATUS(threading_once(&once, count_call, NULL), THREADING_OK);
    CHECK_EQUAL(atomic_load(&there), 3);
}

CASE(once_whose_function_calls_threading_exit_is_a_deadlock_for_all)
{
    abandon_once(exit_by_the_library, in_a_thread);
}

CASE(once_whose_function_ends_its_thread_is_a_deadlock_for_all)
{
    abandon_once(exit_by_the_platform, in_a_thread);
}

CASE(once_whose_function_calls_threading_exit_in_a_task_is_a_deadlock_for_all)
{
    abandon_once(exit_by_the_library, in_a_task);
}

CASE(once_whose_function_ends_a_foreign_thread_is_a_deadlock_for_all)
{
    abandon_once(exit_by_the_platform, in_a_foreign_thread);
}

static void make_new_and_leave(void *unused)
{
    (void)unused;
    CHECK_STATUS(threading_once_init(&once), THREADING_OK);
    leave();
}

static void *run_once_made_new(void *unused)
{
    never_returns(threading_once(&once, make_new_and_leave, NULL));
    return unused;
}

CASE(once_that_the_function_has_made_new_before_its_threads_end_stays_new)
{
    leave = exit_by_the_library;
    in_a_thread(run_once_made_new);
    leave = exit_by_the_platform;
    in_a_thread(run_once_made_new);
    CHECK_STATUS(threading_once(&once, count_call, NULL), THREADING_OK);
    CHECK_EQUAL(atomic_load(&there), 1);
}

/* --------------------------------------------------------------------------------------------- predicate */

static threading_lock_t lock;
static threading_rlock_t rlock;
static threading_condition_t condition;
static int levels, questions;

static bool leave_at_the_last_question(void *unused)
{
    (void)unused;
    if (questions-- > 1)
        return false;
    leave_when_they_wait(2);
    return true;
}

static THREADING_NO_ANALYSIS void *wait_for_predicate(void *unused)
{
    for (int i = 0; i < levels; i++)
        CHECK_STATUS(threading_condition_acquire(&condition), THREADING_OK);
    (void)threading_event_set(&inside);
    never_returns(threading_condition_wait_for(&condition, leave_at_the_last_question, NULL));
    return unused;
}

static THREADING_NO_ANALYSIS void *acquire_condition(void *unused)
{
    CHECK_STATUS(threading_event_wait(&inside), THREADING_OK);
    atomic_fetch_add(&there, 1);
    CHECK_STATUS(threading_condition_acquire(&condition), THREADING_OK);
    CHECK_STATUS(threading_condition_release(&condition), THREADING_OK);
    return unused;
}

static THREADING_NO_ANALYSIS void *acquire_condition_for_a_while(void *unused)
{
    CHECK_STATUS(threading_event_wait(&inside), THREADING_OK);
    atomic_fetch_add(&there, 1);
    CHECK_STATUS(threading_condition_acquire_timeout(&condition, 10), THREADING_OK);
    CHECK_STATUS(threading_condition_release(&condition), THREADING_OK);
    return unused;
}

static THREADING_NO_ANALYSIS void check_that_lock_goes_on(leave_t how, place_t run)
{
    leave = how;
    threading_thread_t *untimed = started(acquire_condition, NULL);
    threading_thread_t *timed = started(acquire_condition_for_a_while, NULL);
    run(wait_for_predicate);
    finished(untimed);
    finished(timed);
    CHECK_STATUS(threading_condition_try_acquire(&condition), THREADING_OK);
    CHECK_STATUS(threading_condition_release(&condition), THREADING_OK);
    CHECK(!threading_condition_locked(&condition));
}

static void use_own_rlock(int level)
{
    levels = level;
    CHECK_STATUS(threading_condition_init(&condition), THREADING_OK);
}

static void use_rlock(int level)
{
    levels = level;
    CHECK_STATUS(threading_condition_init_rlock(&condition, &rlock), THREADING_OK);
}

static void use_lock(void)
{
    levels = 1;
    CHECK_STATUS(threading_condition_init_lock(&condition, &lock), THREADING_OK);
}

CASE(conditions_own_rlock_goes_on_when_the_predicate_calls_threading_exit)
{
    use_own_rlock(1);
    check_that_lock_goes_on(exit_by_the_library, in_a_thread);
}

CASE(conditions_own_rlock_goes_on_when_the_predicate_ends_its_thread)
{
    use_own_rlock(1);
    check_that_lock_goes_on(exit_by_the_platform, in_a_thread);
}

CASE(rlock_goes_on_with_all_levels_when_the_predicate_calls_threading_exit)
{
    use_rlock(3);
    check_that_lock_goes_on(exit_by_the_library, in_a_thread);
}

CASE(rlock_goes_on_with_all_levels_when_the_predicate_ends_its_thread)
{
    use_rlock(3);
    check_that_lock_goes_on(exit_by_the_platform, in_a_thread);
}

CASE(lock_goes_on_when_the_predicate_calls_threading_exit)
{
    use_lock();
    check_that_lock_goes_on(exit_by_the_library, in_a_thread);
}

CASE(lock_goes_on_when_the_predicate_ends_its_thread)
{
    use_lock();
    check_that_lock_goes_on(exit_by_the_platform, in_a_thread);
}

CASE(lock_goes_on_when_the_predicate_ends_a_foreign_thread)
{
    use_lock();
    check_that_lock_goes_on(exit_by_the_platform, in_a_foreign_thread);
}

CASE(rlock_goes_on_when_the_predicate_calls_threading_exit_in_a_task)
{
    use_rlock(2);
    check_that_lock_goes_on(exit_by_the_library, in_a_task);
}

/* The last question is asked when somebody has notified. */
static THREADING_NO_ANALYSIS void *notify_until_it_has_gone(void *unused)
{
    CHECK_STATUS(threading_event_wait(&inside), THREADING_OK);
    CHECK_STATUS(threading_condition_acquire(&condition), THREADING_OK);
    CHECK_STATUS(threading_condition_notify_all(&condition), THREADING_OK);
    CHECK_STATUS(threading_condition_release(&condition), THREADING_OK);
    return unused;
}

static void leave_when_notified(leave_t how)
{
    use_rlock(2);
    questions = 2;
    threading_thread_t *notifier = started(notify_until_it_has_gone, NULL);
    check_that_lock_goes_on(how, in_a_thread);
    finished(notifier);
}

CASE(lock_goes_on_when_the_predicate_calls_threading_exit_after_a_notify)
{
    leave_when_notified(exit_by_the_library);
}

CASE(lock_goes_on_when_the_predicate_ends_its_thread_after_a_notify)
{
    leave_when_notified(exit_by_the_platform);
}

/* What the predicate has released is another's. */
static THREADING_NO_ANALYSIS bool release_and_leave(void *unused)
{
    (void)unused;
    CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    AWAIT(threading_lock_locked(&lock));
    leave();
    return true;
}

static THREADING_NO_ANALYSIS void *wait_for_release(void *unused)
{
    CHECK_STATUS(threading_condition_acquire(&condition), THREADING_OK);
    (void)threading_event_set(&inside);
    never_returns(threading_condition_wait_for(&condition, release_and_leave, NULL));
    return unused;
}

static THREADING_NO_ANALYSIS void give_lock_away(leave_t how)
{
    leave = how;
    use_lock();
    threading_thread_t *thread = started(wait_for_release, NULL);
    CHECK_STATUS(threading_event_wait(&inside), THREADING_OK);
    CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
    finished(thread);
    CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
}

CASE(lock_that_the_predicate_has_given_away_is_not_released_by_threading_exit)
{
    give_lock_away(exit_by_the_library);
}

CASE(lock_that_the_predicate_has_given_away_is_not_released_by_its_threads_end)
{
    give_lock_away(exit_by_the_platform);
}

/* ------------------------------------------------------------------------------------------ many at once */

/* More calls within each other than there is room for at first, in a thread's record and beyond it. */
#define DEEP 400

static threading_lock_t deep_locks[DEEP]; /* ThreadSanitizer follows 63 RLocks of a thread at most */
static threading_condition_t deep[DEEP];
static void (*in_the_end)(void);

static bool go_deeper(void *arg);

static THREADING_NO_ANALYSIS void wait_at_depth(int depth)
{
    CHECK_STATUS(threading_condition_acquire(&deep[depth]), THREADING_OK);
    CHECK_STATUS(threading_condition_wait_for(&deep[depth], go_deeper, (void *)(intptr_t)(depth + 1)),
                 THREADING_OK);
    CHECK_STATUS(threading_condition_release(&deep[depth]), THREADING_OK);
}

static bool go_deeper(void *arg)
{
    if ((intptr_t)arg < DEEP)
        wait_at_depth((int)(intptr_t)arg);
    else
        in_the_end();
    return true;
}

static void *begin_to_go_deeper(void *unused)
{
    wait_at_depth(0);
    return unused;
}

static int locked_of_deep(void)
{
    int count = 0;
    for (int i = 0; i < DEEP; i++)
        count += threading_condition_locked(&deep[i]);
    return count;
}

static void go_to_the_depth(void (*then)(void), place_t run)
{
    in_the_end = then;
    for (int i = 0; i < DEEP; i++)
        CHECK_STATUS(threading_condition_init_lock(&deep[i], &deep_locks[i]), THREADING_OK);
    run(begin_to_go_deeper);
    CHECK_EQUAL(locked_of_deep(), 0);
}

static void return_from_the_depth(void)
{
    CHECK_EQUAL(locked_of_deep(), DEEP);
}

CASE(calls_within_calls_return)
{
    for (int i = 0; i < 3; i++)
        go_to_the_depth(return_from_the_depth, in_a_thread);
    go_to_the_depth(return_from_the_depth, in_a_foreign_thread);
}

CASE(all_calls_within_each_other_are_left_by_threading_exit)
{
    go_to_the_depth(exit_by_the_library, in_a_thread);
}

CASE(all_calls_within_each_other_are_left_by_the_threads_end)
{
    go_to_the_depth(exit_by_the_platform, in_a_thread);
}

CASE(all_calls_within_each_other_are_left_by_a_foreign_threads_end)
{
    go_to_the_depth(exit_by_the_platform, in_a_foreign_thread);
}

static void wait_in_the_action(void *unused)
{
    (void)unused;
    CHECK_STATUS(threading_barrier_wait(&barrier, NULL), THREADING_DEADLOCK);
}

static void wait_in_the_depths_action(void)
{
    CHECK_STATUS(threading_barrier_init_with(&barrier, 1, wait_in_the_action, NULL, THREADING_FOREVER),
                 THREADING_OK);
    CHECK_STATUS(threading_barrier_wait(&barrier, NULL), THREADING_OK);
}

CASE(barrier_knows_its_own_action_within_many_calls)
{
    go_to_the_depth(wait_in_the_depths_action, in_a_thread);
}

/* ---------------------------------------------------------------------------------- the end of the process */

static void *wait_and_say(void *unused)
{
    threading_status_t status = threading_barrier_wait(&barrier, NULL);
    puts(threading_status_name(status));
    return unused;
}

static void end_the_process(void *unused)
{
    (void)unused;
    threading_exit_process(3);
}

/* A party that the process waits for would wait for ever. */
EXIT_CASE(barrier_is_broken_when_its_action_ends_the_process, 3, "THREADING_BROKEN|")
{
    CHECK_STATUS(threading_barrier_init_with(&barrier, 2, end_the_process, NULL, THREADING_FOREVER),
                 THREADING_OK);
    threading_thread_free(started(wait_and_say, NULL));
    AWAIT(threading_barrier_n_waiting(&barrier) == 1);
    never_returns(threading_barrier_wait(&barrier, NULL));
}

static void end_the_process_in_a_callback(threading_future_t *future, void *unused)
{
    (void)future;
    end_the_process(unused);
}

static void give_a_value(void *unused)
{
    threading_future_t *future = made_future();
    CHECK_STATUS(threading_future_add_done_callback(future, end_the_process_in_a_callback, unused),
                 THREADING_OK);
    set_value(future, NULL);
}

/* The callback is called apart from the action: threading_exit() would end nothing else. The process's end does. */
EXIT_CASE(barrier_is_broken_when_a_callback_in_its_action_ends_the_process, 3, "THREADING_BROKEN|")
{
    CHECK_STATUS(threading_barrier_init_with(&barrier, 2, give_a_value, NULL, THREADING_FOREVER),
                 THREADING_OK);
    threading_thread_free(started(wait_and_say, NULL));
    AWAIT(threading_barrier_n_waiting(&barrier) == 1);
    never_returns(threading_barrier_wait(&barrier, NULL));
}

static threading_executor_t *helpers;

static void *end_the_process_in_a_task(void *unused)
{
    end_the_process(unused);
    return unused;
}

static void help_in_the_action(void *unused)
{
    (void)unused;
    (void)value_of(submitted(helpers, end_the_process_in_a_task, NULL));
}

static void *trip_in_a_task(void *unused)
{
    AWAIT(threading_barrier_n_waiting(&barrier) == 1);
    never_returns(threading_barrier_wait(&barrier, NULL));
    return unused;
}

/* What remains to be done in its executor is done before the process ends. */
EXIT_CASE(barrier_is_broken_when_a_helped_task_in_its_action_ends_the_process, 3, "THREADING_BROKEN|")
{
    helpers = made_pool(1);
    CHECK_STATUS(threading_barrier_init_with(&barrier, 2, help_in_the_action, NULL, THREADING_FOREVER),
                 THREADING_OK);
    threading_thread_free(started(wait_and_say, NULL));
    submit_and_forget(helpers, trip_in_a_task, NULL);
    (void)threading_sleep(THREADING_FOREVER);
}
