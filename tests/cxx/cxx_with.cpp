/* SPDX-License-Identifier: MIT */
/* THREADING_WITH_… in C++, by a compiler that cannot clean up a variable but by a destructor, such as Microsoft's. */
#define THREADING_NO_CLEANUP
#include "cxx_support.h"

static threading_lock_t lock;
static threading_rlock_t rlock;
static threading_rwlock_t rwlock;
static threading_semaphore_t semaphore = THREADING_SEMAPHORE_INIT(1);
static int bodies;

static bool all_are_free()
{
    if (threading_rwlock_try_acquire_write(&rwlock) != THREADING_OK)
        return false;
    CHECK_STATUS(threading_rwlock_release_write(&rwlock), THREADING_OK);
    return !threading_lock_locked(&lock) && !threading_rlock_locked(&rlock) &&
           threading_semaphore_value(&semaphore) == 1;
}

CASE(break_and_continue_leave_just_the_body_and_release)
{
    for (int i = 0; i < 4; i++) {
        THREADING_WITH_LOCK(&lock) {
            THREADING_WITH_READ(&rwlock) {
                if (i % 2 == 0)
                    break;
                continue;
            }
            bodies++;
            if (i % 2 == 0)
                break;
            continue;
        }
        CHECK(all_are_free());
    }
    CHECK_EQUAL(bodies, 4);
}

static int return_or_go(int value)
{
    THREADING_WITH_RLOCK(&rlock) {
        THREADING_WITH_WRITE(&rwlock) {
            THREADING_WITH_RLOCK(&rlock) {
                CHECK_EQUAL(threading_rlock_count(&rlock), 2);
                if (value > 0)
                    return value;
                if (value < 0)
                    goto out;
                bodies++;
            }
        }
    }
    return 0;
out:
    return -1;
}

CASE(return_and_goto_release)
{
    for (int value = -1; value <= 1; value++) {
        CHECK_EQUAL(return_or_go(value), value);
        CHECK(all_are_free());
    }
    CHECK_EQUAL(bodies, 1);
}

static threading_status_t throw_under_all()
{
    return thrown_by([] {
        THREADING_WITH_SEMAPHORE(&semaphore)
            THREADING_WITH_LOCK(&lock)
                throw std::system_error(THREADING_BROKEN, threading::category());
    });
}

CASE(exception_releases)
{
    CHECK_STATUS(throw_under_all(), THREADING_BROKEN);
    CHECK(all_are_free());
}

CASE(body_is_skipped_when_the_acquire_fails)
{
    threading_lock_t *none = nullptr;
    THREADING_WITH_LOCK(none)
        bodies++;
    CHECK_EQUAL(bodies, 0);
    CHECK(all_are_free());
}
