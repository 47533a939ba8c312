/* SPDX-License-Identifier: MIT */
/* THREADING_WITH_… as a compiler sees it that cannot clean up a variable, such as Microsoft's: the end of the body,
 * break and continue release. (with.c is about the compiler that is used, and about all ways out of a body.) */
#define THREADING_NO_CLEANUP
#include "conformance.h"

static threading_lock_t lock;
static threading_rlock_t rlock;
static threading_condition_t condition = THREADING_CONDITION_INIT;
static threading_semaphore_t semaphore = THREADING_SEMAPHORE_INIT(1);
static threading_bounded_semaphore_t bounded = THREADING_BOUNDED_SEMAPHORE_INIT(1);
static threading_rwlock_t rwlock;
static int bodies, evaluations;

/* Each kind once, with a block that is its body. */
#define WITH_ALL(body)                                                                            \
    THREADING_WITH_LOCK(&lock)                                                                    \
    body THREADING_WITH_RLOCK(&rlock) body THREADING_WITH_CONDITION(&condition)                   \
        body THREADING_WITH_SEMAPHORE(&semaphore) body THREADING_WITH_BOUNDED_SEMAPHORE(&bounded) \
            body THREADING_WITH_READ(&rwlock) body THREADING_WITH_WRITE(&rwlock) body

static int held(void)
{
    bool is_free = threading_rwlock_try_acquire_write(&rwlock) == THREADING_OK;
    if (is_free)
        CHECK_STATUS(threading_rwlock_release_write(&rwlock), THREADING_OK);
    return threading_lock_locked(&lock) + threading_rlock_locked(&rlock) +
           threading_condition_locked(&condition) + (threading_semaphore_value(&semaphore) == 0) +
           (threading_bounded_semaphore_value(&bounded) == 0) + !is_free;
}

CASE(end_of_each_kind_of_body_releases)
{
    WITH_ALL({
        CHECK_EQUAL(held(), 1);
        bodies++;
    })
    CHECK_EQUAL(bodies, 7);
    CHECK_EQUAL(held(), 0);
}

CASE(break_leaves_just_each_kind_of_body_and_releases)
{
    for (int i = 0; i < 3; i++) {
        WITH_ALL({
            CHECK_EQUAL(held(), 1);
            if (i >= 0)
                break;
            bodies++;
        })
        CHECK_EQUAL(held(), 0);
        evaluations++;
    }
    THREADING_WITH_LOCK(&lock)
        break;
    CHECK_EQUAL(held(), 0);
    CHECK_EQUAL(evaluations, 3);
    CHECK_EQUAL(bodies, 0);
}

CASE(continue_leaves_just_each_kind_of_body_and_releases)
{
    for (int i = 0; i < 3; i++) {
        WITH_ALL({
            CHECK_EQUAL(held(), 1);
            if (i >= 0)
                continue;
            bodies++;
        })
        CHECK_EQUAL(held(), 0);
        evaluations++;
    }
    THREADING_WITH_LOCK(&lock)
        continue;
    CHECK_EQUAL(held(), 0);
    CHECK_EQUAL(evaluations, 3);
    CHECK_EQUAL(bodies, 0);
}

CASE(break_out_of_a_loop_in_the_body_stays_in_the_body)
{
    WITH_ALL({
        for (int i = 0; i < 3; i++)
            if (i == 1)
                break;
        CHECK_EQUAL(held(), 1);
        bodies++;
    })
    CHECK_EQUAL(bodies, 7);
    CHECK_EQUAL(held(), 0);
}

CASE(bodies_nest)
{
    THREADING_WITH_LOCK(&lock) {
        THREADING_WITH_RLOCK(&rlock) {
            THREADING_WITH_SEMAPHORE(&semaphore) {
                CHECK_EQUAL(held(), 3);
                bodies++;
                break;
            }
            CHECK_EQUAL(held(), 2);
            bodies++;
            continue;
        }
        CHECK_EQUAL(held(), 1);
        bodies++;
    }
    CHECK_EQUAL(bodies, 3);
    CHECK_EQUAL(held(), 0);
}

/* In a macro's text all stands on one line. */
CASE(bodies_of_one_line_nest)
{
    WITH_ALL({
        THREADING_WITH_RLOCK(&rlock)
            THREADING_WITH_RLOCK(&rlock) {
                CHECK(threading_rlock_count(&rlock) >= 2);
                bodies++;
                break;
            }
        bodies++;
    })
    CHECK_EQUAL(bodies, 14);
    CHECK_EQUAL(held(), 0);
}

static threading_lock_t *next_lock(void)
{
    evaluations++;
    return &lock;
}

CASE(argument_is_evaluated_once)
{
    THREADING_WITH_LOCK(next_lock()) {
        CHECK_EQUAL(evaluations, 1);
        CHECK_EQUAL(held(), 1);
        break;
    }
    CHECK_EQUAL(evaluations, 1);
    CHECK_EQUAL(held(), 0);
}

CASE(body_is_skipped_when_the_acquire_fails)
{
    threading_lock_t *none = NULL;
    THREADING_WITH_LOCK(none)
        bodies++;
    THREADING_WITH_WRITE(&rwlock) {
        THREADING_WITH_READ(&rwlock)
            bodies++;
        CHECK_EQUAL(held(), 1);
    }
    CHECK_EQUAL(bodies, 0);
    CHECK_EQUAL(held(), 0);
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
    CHECK_EQUAL(held(), 0);
}

CASE(lock_released_in_the_body_is_no_trouble)
{
    THREADING_WITH_LOCK(&lock) {
        CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
        bodies++;
    }
    CHECK_EQUAL(bodies, 1);
    CHECK_EQUAL(held(), 0);
}
