/* SPDX-License-Identifier: MIT */
/* Python's `with` statement: the body runs once, holding the lock, and every way out of it releases. */
#include "conformance.h"
#include "crowd.h"

static threading_lock_t lock, second;
static threading_rlock_t rlock;
static int evaluations;
static int bodies;

static void locks_are_free(void)
{
    CHECK(is_zero(&lock, sizeof lock));
    CHECK(is_zero(&second, sizeof second));
    CHECK(is_zero(&rlock, sizeof rlock));
}

/* CPython: lock_tests.BaseLockTests.test_with */
CASE(lock_is_held_in_the_body_and_free_after_it)
{
    CHECK(!threading_lock_locked(&lock));
    THREADING_WITH_LOCK(&lock) {
        CHECK(threading_lock_locked(&lock));
        bodies++;
    }
    CHECK_EQUAL(bodies, 1);
    locks_are_free();
}

/* CPython: lock_tests.BaseLockTests.test_with */
CASE(rlock_is_owned_in_the_body_and_free_after_it)
{
    CHECK(!threading_rlock_locked(&rlock));
    THREADING_WITH_RLOCK(&rlock) {
        CHECK_EQUAL(threading_rlock_count(&rlock), 1);
        bodies++;
    }
    CHECK_EQUAL(bodies, 1);
    locks_are_free();
}

static void *take_a_lock_and_the_other(void *arg)
{
    THREADING_WITH_LOCK(&lock)
        bodies++;
    THREADING_WITH_RLOCK(&rlock)
        bodies++;
    return arg;
}

CASE(body_may_be_one_statement)
{
    finished(started(take_a_lock_and_the_other, NULL));
    CHECK_EQUAL(bodies, 2);
    locks_are_free();
}

CASE(body_waits_for_the_lock)
{
    CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    threading_thread_t *thread = started(take_a_lock_and_the_other, NULL);
    CHECK_STATUS(threading_thread_join_timeout(thread, 0.01), THREADING_TIMEOUT);
    CHECK_EQUAL(bodies, 0);
    CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    CHECK_STATUS(threading_thread_join_timeout(thread, 0.01), THREADING_TIMEOUT);
    CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    finished(thread);
    CHECK_EQUAL(bodies, 2);
    locks_are_free();
}

CASE(break_leaves_just_the_body_and_releases)
{
    int turns = 0;
    for (int i = 0; i < 3; i++) {
        THREADING_WITH_LOCK(&lock) {
            if (i >= 0)
                break;
            bodies++;
        }
        locks_are_free();
        THREADING_WITH_RLOCK(&rlock) {
            if (i >= 0)
                break;
            bodies++;
        }
        locks_are_free();
        turns++;
    }
    CHECK_EQUAL(turns, 3);
    CHECK_EQUAL(bodies, 0);
}

CASE(continue_leaves_just_the_body_and_releases)
{
    int turns = 0;
    for (int i = 0; i < 3; i++) {
        THREADING_WITH_LOCK(&lock) {
            if (i >= 0)
                continue;
            bodies++;
        }
        locks_are_free();
        THREADING_WITH_RLOCK(&rlock) {
            if (i >= 0)
                continue;
            bodies++;
        }
        locks_are_free();
        turns++;
    }
    CHECK_EQUAL(turns, 3);
    CHECK_EQUAL(bodies, 0);
}

CASE(break_out_of_a_loop_in_the_body_stays_in_the_body)
{
    THREADING_WITH_LOCK(&lock) {
        for (int i = 0; i < 3; i++)
            if (i == 1)
                break;
        CHECK(threading_lock_locked(&lock));
        bodies++;
    }
    CHECK_EQUAL(bodies, 1);
    locks_are_free();
}

#if RETURN_RELEASES
static int return_from_lock(int value)
{
    THREADING_WITH_LOCK(&lock) {
        if (value > 0)
            return value;
        bodies++;
    }
    return 0;
}

static int return_from_rlock(int value)
{
    THREADING_WITH_RLOCK(&rlock) {
        THREADING_WITH_RLOCK(&rlock) {
            CHECK_EQUAL(threading_rlock_count(&rlock), 2);
            if (value > 0)
                return value;
            bodies++;
        }
    }
    return 0;
}

/* CPython: lock_tests.BaseLockTests.test_with (its body raises an exception) */
CASE(return_releases)
{
    CHECK_EQUAL(return_from_lock(7), 7);
    locks_are_free();
    CHECK_EQUAL(return_from_rlock(8), 8);
    locks_are_free();
    CHECK_EQUAL(return_from_lock(0), 0);
    CHECK_EQUAL(return_from_rlock(0), 0);
    CHECK_EQUAL(bodies, 2);
    locks_are_free();
}

/* The value is computed while the lock is held. */
static bool return_whether_locked(void)
{
    THREADING_WITH_LOCK(&lock)
        return threading_lock_locked(&lock);
    return false;
}

CASE(returned_value_is_computed_in_the_body)
{
    CHECK(return_whether_locked());
    locks_are_free();
}

CASE(goto_out_releases)
{
    int again = 0;
    THREADING_WITH_LOCK(&lock) {
        THREADING_WITH_RLOCK(&rlock) {
            if (again == 0)
                goto out;
            bodies++;
        }
        bodies++;
    }
out:
    CHECK_EQUAL(bodies, 0);
    locks_are_free();
}

CASE(goto_inside_the_body_keeps_the_lock)
{
    THREADING_WITH_LOCK(&lock) {
    again:
        CHECK(threading_lock_locked(&lock));
        CHECK_STATUS(threading_lock_try_acquire(&lock), THREADING_BUSY);
        if (++bodies < 3)
            goto again;
    }
    CHECK_EQUAL(bodies, 3);
    locks_are_free();
}
#else
CASE(return_releases)
{
    SKIP("this compiler does not show the library that a body is left by return");
}

CASE(returned_value_is_computed_in_the_body)
{
    SKIP("this compiler does not show the library that a body is left by return");
}

CASE(goto_out_releases)
{
    SKIP("this compiler does not show the library that a body is left by goto");
}

CASE(goto_inside_the_body_keeps_the_lock)
{
    SKIP("this compiler does not show the library that a body is left by goto");
}
#endif

CASE(bodies_nest)
{
    THREADING_WITH_LOCK(&lock) {
        THREADING_WITH_LOCK(&second) {
            THREADING_WITH_RLOCK(&rlock) {
                CHECK(threading_lock_locked(&lock));
                CHECK(threading_lock_locked(&second));
                CHECK(threading_rlock_is_owned(&rlock));
                bodies++;
                break;
            }
            CHECK(!threading_rlock_locked(&rlock));
            CHECK(threading_lock_locked(&second));
            bodies++;
            continue;
        }
        CHECK(!threading_lock_locked(&second));
        CHECK(threading_lock_locked(&lock));
        bodies++;
    }
    CHECK_EQUAL(bodies, 3);
    locks_are_free();
}

/* clang-format off: the point is that both stand on one line */
CASE(two_stand_on_one_line)
{
    THREADING_WITH_LOCK(&lock) {
        bodies++;
    }
    THREADING_WITH_LOCK(&lock) {
        bodies++;
    }
    THREADING_WITH_LOCK(&lock)
        THREADING_WITH_LOCK(&second)
            THREADING_WITH_RLOCK(&rlock) {
                bodies++;
            }
    CHECK_EQUAL(bodies, 3);
    locks_are_free();
}
/* clang-format on */

CASE(rlock_nests_in_itself)
{
    THREADING_WITH_RLOCK(&rlock) {
        THREADING_WITH_RLOCK(&rlock) {
            THREADING_WITH_RLOCK(&rlock) {
                CHECK_EQUAL(threading_rlock_count(&rlock), 3);
                bodies++;
            }
            CHECK_EQUAL(threading_rlock_count(&rlock), 2);
        }
        CHECK_EQUAL(threading_rlock_count(&rlock), 1);
    }
    CHECK_EQUAL(bodies, 1);
    locks_are_free();
}

static threading_lock_t *next_lock(void)
{
    evaluations++;
    return &lock;
}

static threading_rlock_t *next_rlock(void)
{
    evaluations++;
    return &rlock;
}

CASE(argument_is_evaluated_once)
{
    threading_lock_t *locks[2] = {&lock, &second};
    int index = 0;
    THREADING_WITH_LOCK(next_lock()) {
        CHECK_EQUAL(evaluations, 1);
    }
    CHECK_EQUAL(evaluations, 1);
    THREADING_WITH_RLOCK(next_rlock()) {
        CHECK_EQUAL(evaluations, 2);
    }
    CHECK_EQUAL(evaluations, 2);
    THREADING_WITH_LOCK(locks[index++]) {
        CHECK(threading_lock_locked(&lock));
        CHECK(!threading_lock_locked(&second));
    }
    CHECK_EQUAL(index, 1);
    locks_are_free();
}

CASE(argument_may_be_any_expression)
{
    bool use_second = true;
    THREADING_WITH_LOCK(use_second ? &second : &lock) {
        CHECK(threading_lock_locked(&second));
        CHECK(!threading_lock_locked(&lock));
        use_second = false;
        bodies++;
    }
    CHECK_EQUAL(bodies, 1);
    locks_are_free();
}

CASE(body_is_skipped_on_null)
{
    threading_lock_t *no_lock = NULL;
    threading_rlock_t *no_rlock = NULL;
    THREADING_WITH_LOCK(no_lock)
        bodies++;
    THREADING_WITH_RLOCK(no_rlock)
        bodies++;
    CHECK_EQUAL(bodies, 0);
}

static void *own_rlock_and_end(void *arg)
{
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    return arg;
}

CASE(body_is_skipped_on_deadlock)
{
    finished(started(own_rlock_and_end, NULL));
    THREADING_WITH_RLOCK(&rlock)
        bodies++;
    CHECK_EQUAL(bodies, 0);
    CHECK(threading_rlock_locked(&rlock));
    CHECK_EQUAL(threading_rlock_count(&rlock), 0);
}

CASE(lock_released_in_the_body_is_no_trouble)
{
    THREADING_WITH_LOCK(&lock) {
        CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
        bodies++;
    }
    CHECK_EQUAL(bodies, 1);
    locks_are_free();
}

CASE(condition_may_stand_before_it_without_braces)
{
    for (int i = 0; i < 2; i++)
        if (i == 0)
            THREADING_WITH_LOCK(&lock)
                bodies += 1;
        else
            THREADING_WITH_RLOCK(&rlock)
                bodies += 10;
    CHECK_EQUAL(bodies, 11);
    locks_are_free();
}

static int shared;

static void *add_under_both(void *arg)
{
    for (int i = 0; i < 2000; i++) {
        THREADING_WITH_LOCK(&lock) {
            THREADING_WITH_RLOCK(&rlock) {
                shared++;
                if (i % 2)
                    break;
            }
            shared++;
            if (i % 3)
                continue;
        }
    }
    return arg;
}

CASE(bodies_exclude_each_other)
{
    threading_thread_t *threads[8];
    start_many(threads, 8, add_under_both, NULL);
    finish_many(threads, 8);
    CHECK_EQUAL(shared, 8 * 2 * 2000);
    locks_are_free();
}
