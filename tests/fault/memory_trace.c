/* SPDX-License-Identifier: MIT */
/* Memory runs out for the profile and the trace, which take all of theirs at the first start. */
#include "failing_memory.h"

static void ignore(void *context, const char *text, size_t length)
{
    (void)context;
    CHECK(length > 0 && text[length - 1] == '\n');
}

static void needs_diagnosis(void)
{
    if (threading_profile_stop() == THREADING_UNSUPPORTED)
        SKIP("the library was built without its diagnosis");
}

static bool try_start(threading_status_t (*start)(void))
{
    threading_status_t status = start();
    CHECK(status == THREADING_OK || status == THREADING_NO_MEMORY);
    return status == THREADING_OK;
}

static bool try_profile(void *unused)
{
    (void)unused;
    return try_start(threading_profile_start);
}

static bool try_trace(void *unused)
{
    (void)unused;
    return try_start(threading_trace_start);
}

/* What takes memory is the first start only. */
CASE(start_fails_and_may_be_tried_again)
{
    needs_diagnosis();
    CHECK_EQUAL(fail_in_turn(try_profile, NULL, false), 1);
    CHECK_EQUAL(fail_in_turn(try_trace, NULL, true), 1);
    CHECK_EQUAL(fail_in_turn(try_profile, NULL, false), 0);
    CHECK_EQUAL(fail_in_turn(try_trace, NULL, false), 0);
}

CASE(start_that_failed_leaves_nothing_on)
{
    needs_diagnosis();
    memory_runs_out(0, false);
    CHECK_STATUS(threading_profile_start(), THREADING_NO_MEMORY);
    CHECK_STATUS(threading_trace_start(), THREADING_NO_MEMORY);
    CHECK_STATUS(threading_sleep(0.001), THREADING_OK);
    CHECK_STATUS(threading_profile_write(ignore, NULL), THREADING_OK);
    CHECK_STATUS(threading_trace_write(ignore, NULL), THREADING_OK);
    CHECK_STATUS(threading_profile_stop(), THREADING_OK);
    CHECK_STATUS(threading_trace_stop(), THREADING_OK);
    CHECK_EQUAL(memory_comes_back(), 2);
}

/* A thread that tells of a wait may be in the middle of malloc. */
CASE(recording_and_writing_take_no_memory)
{
    needs_diagnosis();
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    memory_runs_out(0, false);
    for (int i = 0; i < 300; i++)
        CHECK_STATUS(threading_sleep(0.000001), THREADING_OK);
    CHECK_STATUS(threading_profile_write(ignore, NULL), THREADING_OK);
    CHECK_STATUS(threading_trace_write(ignore, NULL), THREADING_OK);
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    CHECK_EQUAL(memory_comes_back(), 0);
}

CASE(unload_gives_all_back)
{
    needs_diagnosis();
    CHECK_STATUS(threading_sleep(0.001), THREADING_OK);
    int before = atomic_load(&alive);
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    CHECK_EQUAL(atomic_load(&alive), before + 2);
    if (threading_unload() == THREADING_UNSUPPORTED)
        SKIP("the library is in an object that stays loaded");
    CHECK(atomic_load(&alive) <= before);
}
