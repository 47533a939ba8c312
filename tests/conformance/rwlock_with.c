/* SPDX-License-Identifier: MIT */
/* THREADING_WITH_READ and THREADING_WITH_WRITE: the body runs once, and every way out of it releases. */
#include "rwlock_cases.h"

static int bodies, evaluations;

static void is_read(void)
{
    CHECK(others_can_read());
    CHECK(!others_can_write());
}

static void is_written(void)
{
    CHECK(!others_can_read());
}

CASE(lock_is_read_in_the_body_and_free_after_it)
{
    THREADING_WITH_READ(&rwlock) {
        is_read();
        bodies++;
    }
    CHECK_EQUAL(bodies, 1);
    is_free_and_works();
}

CASE(lock_is_written_in_the_body_and_free_after_it)
{
    THREADING_WITH_WRITE(&rwlock) {
        is_written();
        bodies++;
    }
    CHECK_EQUAL(bodies, 1);
    is_free_and_works();
}

static void *take_it_both_ways(void *arg)
{
    THREADING_WITH_READ(&rwlock)
        bodies++;
    THREADING_WITH_WRITE(&rwlock)
        bodies++;
    return arg;
}

CASE(body_waits_for_the_lock)
{
    write_it();
    threading_thread_t *thread = started(take_it_both_ways, NULL);
    CHECK_STATUS(threading_thread_join_timeout(thread, 0.01), THREADING_TIMEOUT);
    CHECK_EQUAL(bodies, 0);
    done_writing();
    finished(thread);
    CHECK_EQUAL(bodies, 2);
    is_free_and_works();
}

CASE(break_and_continue_leave_just_the_body_and_release)
{
    int turns = 0;
    for (int i = 0; i < 4; i++) {
        THREADING_WITH_READ(&rwlock) {
            if (i % 2)
                break;
            if (i % 2 == 0)
                continue;
            bodies++;
        }
        is_free_and_works();
        THREADING_WITH_WRITE(&rwlock) {
            if (i % 2)
                break;
            if (i % 2 == 0)
                continue;
            bodies++;
        }
        is_free_and_works();
        turns++;
    }
    CHECK_EQUAL(turns, 4);
    CHECK_EQUAL(bodies, 0);
}

#if RETURN_RELEASES
static int return_while_reading(int value)
{
    THREADING_WITH_READ(&rwlock) {
        THREADING_WITH_READ(&rwlock) {
            if (value > 0)
                return value;
            bodies++;
        }
    }
    return 0;
}

static int return_while_writing(int value)
{
    THREADING_WITH_WRITE(&rwlock) {
        if (value > 0)
            return value;
        bodies++;
    }
    return 0;
}

CASE(return_releases)
{
    CHECK_EQUAL(return_while_reading(7), 7);
    is_free_and_works();
    CHECK_EQUAL(return_while_writing(8), 8);
    is_free_and_works();
    CHECK_EQUAL(return_while_reading(0) + return_while_writing(0), 0);
    CHECK_EQUAL(bodies, 2);
    is_free_and_works();
}

CASE(goto_out_releases)
{
    int again = 0;
    THREADING_WITH_READ(&rwlock) {
        if (again == 0)
            goto out;
        bodies++;
    }
out:
    CHECK_EQUAL(bodies, 0);
    is_free_and_works();
}
#else
CASE(return_releases)
{
    SKIP("this compiler does not show the library that a body is left by return");
}

CASE(goto_out_releases)
{
    SKIP("this compiler does not show the library that a body is left by goto");
}
#endif

CASE(reading_nests_in_reading)
{
    THREADING_WITH_READ(&rwlock) {
        THREADING_WITH_READ(&rwlock) {
            THREADING_WITH_READ(&rwlock) {
                bodies++;
            }
            is_read();
        }
        is_read();
    }
    CHECK_EQUAL(bodies, 1);
    is_free_and_works();
}

CASE(body_is_skipped_on_deadlock)
{
    THREADING_WITH_READ(&rwlock) {
        THREADING_WITH_WRITE(&rwlock)
            bodies++;
        is_read();
    }
    THREADING_WITH_WRITE(&rwlock) {
        THREADING_WITH_WRITE(&rwlock)
            bodies++;
        THREADING_WITH_READ(&rwlock)
            bodies++;
        is_written();
    }
    CHECK_EQUAL(bodies, 0);
    is_free_and_works();
}

CASE(body_is_skipped_on_null)
{
    threading_rwlock_t *none = NULL;
    THREADING_WITH_READ(none)
        bodies++;
    THREADING_WITH_WRITE(none)
        bodies++;
    CHECK_EQUAL(bodies, 0);
}

static threading_rwlock_t *next_lock(void)
{
    evaluations++;
    return &rwlock;
}

CASE(argument_is_evaluated_once)
{
    THREADING_WITH_READ(next_lock()) {
        CHECK_EQUAL(evaluations, 1);
    }
    CHECK_EQUAL(evaluations, 1);
    THREADING_WITH_WRITE(next_lock()) {
        CHECK_EQUAL(evaluations, 2);
    }
    CHECK_EQUAL(evaluations, 2);
    is_free_and_works();
}

CASE(lock_released_in_the_body_is_no_trouble)
{
    THREADING_WITH_READ(&rwlock) {
        done_reading();
        bodies++;
    }
    THREADING_WITH_WRITE(&rwlock) {
        done_writing();
        bodies++;
    }
    CHECK_EQUAL(bodies, 2);
    is_free_and_works();
}
