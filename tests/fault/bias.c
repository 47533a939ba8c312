/* SPDX-License-Identifier: MIT */
/* What the public calls cannot show: whether readers of an RWLock that is read often leave its word alone. */
#include "conformance.h"

#include "bias.h"

static threading_rwlock_t rwlock;

static bool is_biased(void)
{
    return ti_state_is_biased(ti_load_relaxed(&rwlock.state)) && ti_load_relaxed(&rwlock.writer) >= TI_BIAS;
}

static void read_it(int times)
{
    for (int i = 0; i < times; i++) {
        CHECK_STATUS(threading_rwlock_acquire_read(&rwlock), THREADING_OK);
        CHECK_STATUS(threading_rwlock_release_read(&rwlock), THREADING_OK);
    }
}

/* The last of the reads makes it biased. */
static void read_often(void)
{
    read_it(TI_BIAS_AFTER - 1);
    CHECK(!is_biased());
    CHECK_STATUS(threading_rwlock_acquire_read(&rwlock), THREADING_OK);
    CHECK_EQUAL(is_biased(), ti_fence_is_shared());
    CHECK_STATUS(threading_rwlock_release_read(&rwlock), THREADING_OK);
    if (!ti_fence_is_shared())
        SKIP("no fence in all threads here");
}

CASE(lock_that_is_read_often_is_biased_if_and_only_if_the_fence_is_shared)
{
    read_often();
    CHECK(is_biased());
}

CASE(readers_of_a_biased_lock_leave_its_word_alone)
{
    read_often();
    uint32_t state = ti_load_relaxed(&rwlock.state);
    CHECK_STATUS(threading_rwlock_acquire_read(&rwlock), THREADING_OK);
    CHECK_EQUAL(ti_load_relaxed(&rwlock.state), state);
    CHECK_STATUS(threading_rwlock_release_read(&rwlock), THREADING_OK);
    CHECK_EQUAL(ti_load_relaxed(&rwlock.state), state);
    CHECK(is_biased());
}

CASE(written_lock_is_biased_again_when_it_was_read_often_again)
{
    read_often();
    CHECK_STATUS(threading_rwlock_acquire_write(&rwlock), THREADING_OK);
    CHECK(!is_biased());
    CHECK_STATUS(threading_rwlock_release_write(&rwlock), THREADING_OK);
    CHECK_EQUAL(ti_load_relaxed(&rwlock.state), 0);
    read_it(TI_BIAS_AFTER - 1);
    CHECK(!is_biased());
    read_it(1);
    CHECK(is_biased());
}
