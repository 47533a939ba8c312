/* SPDX-License-Identifier: MIT */
/* What the suites about many waits for any of several things share. */
#ifndef WAIT_ANY_BASE_H
#define WAIT_ANY_BASE_H

#include <stdlib.h>
#include <string.h>

#include "conformance.h"
#include "crowd.h"

static threading_event_t event, quit;
static threading_semaphore_t semaphore;
static atomic_int announced; /* threads that stand right before their wait */
static atomic_int taken;     /* items and semaphores' values that threads have had */

THREADING_UNUSED static threading_source_t source_of_event(threading_event_t *object)
{
    return (threading_source_t)THREADING_SOURCE_EVENT(object);
}

THREADING_UNUSED static size_t wait_for_any(threading_source_t *sources, size_t count)
{
    size_t which = count;
    CHECK_STATUS(threading_wait_any(sources, count, THREADING_FOREVER, &which), THREADING_OK);
    CHECK(which < count);
    return which;
}

/* Gives the threads that have announced themselves the time to begin to wait; right in any case. */
THREADING_UNUSED static void let_them_wait(int count)
{
    AWAIT(atomic_load(&announced) == count);
    (void)threading_sleep(0.003);
}

THREADING_UNUSED static void set_event(void)
{
    CHECK_STATUS(threading_event_set(&event), THREADING_OK);
}

/* What they watch stays ready, since none of them takes it. */
THREADING_UNUSED static void *watch_twice(void *source)
{
    threading_source_t own[2] = {source_of_event(&quit), *(threading_source_t *)source};
    atomic_fetch_add(&announced, 1);
    CHECK_EQUAL(wait_for_any(own, 2), 1);
    CHECK_EQUAL(wait_for_any(own, 2), 1);
    return NULL;
}

#endif
