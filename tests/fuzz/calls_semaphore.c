/* SPDX-License-Identifier: MIT */
/* Semaphore, BoundedSemaphore and Event: sections 10 and 11 of the header. */
#include <string.h>

#include "calls.h"

enum { SEMAPHORES = 4, EVENTS = 4 };

static threading_semaphore_t semaphores[SEMAPHORES];
static uint64_t values[SEMAPHORES];

static size_t any_value(void)
{
    static const size_t values_at_the_edge[] = {0,
                                                THREADING_SEMAPHORE_MAX,
                                                THREADING_SEMAPHORE_MAX - 1u,
                                                THREADING_SEMAPHORE_MAX + (size_t)1,
                                                SIZE_MAX,
                                                SIZE_MAX / 2};
    size_t value = chance(6) ? values_at_the_edge[below(6)] : below(4);
    noting((double)value);
    return value;
}

/* What taking one answers; false when it would wait for ever. */
static bool take_answer(uint64_t value, limit_t limit, threading_status_t *want)
{
    *want = limit_refused(limit);
    return *want != THREADING_OK || value > 0 || gives_up(limit, want);
}

/* ----------------------------------------------------------------------------------- Semaphore */

static void semaphore_nulls(void)
{
    about("no semaphore", 0);
    STATUS(THREADING_INVALID, NULL, threading_semaphore_init, (NULL, any_value()));
    STATUS(THREADING_INVALID, NULL, threading_semaphore_acquire, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_semaphore_try_acquire, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_semaphore_acquire_timeout, (NULL, any_limit().seconds));
    STATUS(THREADING_INVALID, NULL, threading_semaphore_release, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_semaphore_release_n, (NULL, any_value()));
    NUMBER(0, threading_semaphore_value, (NULL));
}

static void semaphore_renew(threading_semaphore_t *semaphore, uint64_t *model)
{
    size_t value = any_value();
    threading_status_t want = value > THREADING_SEMAPHORE_MAX ? THREADING_OVERFLOW : THREADING_OK;
    STATUS(want, semaphore, threading_semaphore_init, (semaphore, value));
    if (want == THREADING_OK)
        *model = value;
}

static void semaphore_acquire(threading_semaphore_t *semaphore, uint64_t *model, limit_t limit)
{
    threading_status_t want;
    if (!take_answer(*model, limit, &want))
        return;
    if (limit.span == SPAN_TRY)
        STATUS(want, semaphore, threading_semaphore_try_acquire, (semaphore));
    else if (limit.span == SPAN_FOREVER && chance(2))
        STATUS(want, semaphore, threading_semaphore_acquire, (semaphore));
    else
        STATUS(want, semaphore, threading_semaphore_acquire_timeout, (semaphore, limit.seconds));
    *model -= want == THREADING_OK;
}

static threading_status_t release_answer(uint64_t *model, size_t n)
{
    if (n == 0)
        return THREADING_INVALID;
    if (n > THREADING_SEMAPHORE_MAX - *model)
        return THREADING_OVERFLOW;
    *model += n;
    return THREADING_OK;
}

static void semaphore_release(threading_semaphore_t *semaphore, uint64_t *model)
{
    size_t n = chance(3) ? any_value() : 1;
    threading_status_t want = release_answer(model, n);
    if (n == 1 && chance(2))
        STATUS(want, semaphore, threading_semaphore_release, (semaphore));
    else
        STATUS(want, semaphore, threading_semaphore_release_n, (semaphore, n));
}

static void semaphore_step(void)
{
    int i = (int)below(SEMAPHORES);
    about("semaphore", i);
    switch (below(12)) {
    case 0:
        if (chance(8))
            semaphore_nulls();
        else if (chance(4))
            semaphore_renew(&semaphores[i], &values[i]);
        break;
    case 1:
    case 2:
        NUMBER(values[i], threading_semaphore_value, (&semaphores[i]));
        break;
    case 3:
    case 4:
        semaphore_acquire(&semaphores[i], &values[i], TRY);
        break;
    case 5:
    case 6:
        semaphore_acquire(&semaphores[i], &values[i], any_limit());
        break;
    case 7:
    case 8:
        semaphore_acquire(&semaphores[i], &values[i], FOREVER);
        break;
    default:
        semaphore_release(&semaphores[i], &values[i]);
        break;
    }
}

bool semaphore_source(threading_source_t *source, bool *is_ready)
{
    int i = (int)below(SEMAPHORES);
    *source = (threading_source_t)THREADING_SOURCE_SEMAPHORE(&semaphores[i]);
    *is_ready = values[i] > 0;
    return true;
}

const family_t semaphore_family = {"semaphore", 800, false, semaphore_step, NULL, NULL};

/* ---------------------------------------------------------------------------- BoundedSemaphore */

static threading_bounded_semaphore_t bounded[SEMAPHORES];
static struct {
    uint64_t value, initial;
} bounds[SEMAPHORES];

static void bounded_nulls(void)
{
    about("no bounded", 0);
    STATUS(THREADING_INVALID, NULL, threading_bounded_semaphore_init, (NULL, any_value()));
    STATUS(THREADING_INVALID, NULL, threading_bounded_semaphore_acquire, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_bounded_semaphore_try_acquire, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_bounded_semaphore_acquire_timeout, (NULL, any_limit().seconds));
    STATUS(THREADING_INVALID, NULL, threading_bounded_semaphore_release, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_bounded_semaphore_release_n, (NULL, any_value()));
    NUMBER(0, threading_bounded_semaphore_value, (NULL));
}

static void bounded_renew(int i)
{
    size_t value = any_value();
    threading_status_t want = value > THREADING_SEMAPHORE_MAX ? THREADING_OVERFLOW : THREADING_OK;
    STATUS(want, &bounded[i], threading_bounded_semaphore_init, (&bounded[i], value));
    if (want == THREADING_OK)
        bounds[i].value = bounds[i].initial = value;
}

static void bounded_acquire(int i, limit_t limit)
{
    threading_bounded_semaphore_t *semaphore = &bounded[i];
    threading_status_t want;
    if (!take_answer(bounds[i].value, limit, &want))
        return;
    if (limit.span == SPAN_TRY)
        STATUS(want, semaphore, threading_bounded_semaphore_try_acquire, (semaphore));
    else if (limit.span == SPAN_FOREVER && chance(2))
        STATUS(want, semaphore, threading_bounded_semaphore_acquire, (semaphore));
    else
        STATUS(want, semaphore, threading_bounded_semaphore_acquire_timeout, (semaphore, limit.seconds));
    bounds[i].value -= want == THREADING_OK;
}

static void bounded_release(int i)
{
    size_t n = chance(3) ? any_value() : 1;
    bool fits = n > 0 && n <= bounds[i].initial - bounds[i].value;
    threading_status_t want = fits ? THREADING_OK : THREADING_INVALID;
    if (n == 1 && chance(2))
        STATUS(want, &bounded[i], threading_bounded_semaphore_release, (&bounded[i]));
    else
        STATUS(want, &bounded[i], threading_bounded_semaphore_release_n, (&bounded[i], n));
    if (fits)
        bounds[i].value += n;
}

static void bounded_step(void)
{
    int i = (int)below(SEMAPHORES);
    about("bounded", i);
    switch (below(12)) {
    case 0:
        if (chance(8))
            bounded_nulls();
        else if (chance(4))
            bounded_renew(i);
        break;
    case 1:
    case 2:
        NUMBER(bounds[i].value, threading_bounded_semaphore_value, (&bounded[i]));
        break;
    case 3:
    case 4:
        bounded_acquire(i, TRY);
        break;
    case 5:
    case 6:
        bounded_acquire(i, any_limit());
        break;
    case 7:
    case 8:
        bounded_acquire(i, FOREVER);
        break;
    default:
        bounded_release(i);
        break;
    }
}

bool bounded_source(threading_source_t *source, bool *is_ready)
{
    int i = (int)below(SEMAPHORES);
    *source = (threading_source_t)THREADING_SOURCE_BOUNDED_SEMAPHORE(&bounded[i]);
    *is_ready = bounds[i].value > 0;
    return true;
}

const family_t bounded_family = {"bounded semaphore", 600, false, bounded_step, NULL, NULL};

/* --------------------------------------------------------------------------------------- Event */

static threading_event_t events[EVENTS];
static bool is_set[EVENTS];

static void event_nulls(void)
{
    about("no event", 0);
    STATUS(THREADING_INVALID, NULL, threading_event_init, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_event_set, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_event_clear, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_event_wait, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_event_wait_timeout, (NULL, any_limit().seconds));
    NUMBER(false, threading_event_is_set, (NULL));
}

static void event_renew(int i)
{
    if (chance(2))
        STATUS(THREADING_OK, &events[i], threading_event_init, (&events[i]));
    else
        memset(&events[i], 0, sizeof events[i]);
    is_set[i] = false;
}

static void event_wait(int i)
{
    limit_t limit = any_limit();
    threading_status_t want = limit_refused(limit);
    if (want == THREADING_OK && !is_set[i] && !gives_up(limit, &want))
        return;
    if (limit.span == SPAN_FOREVER && chance(2))
        STATUS(want, &events[i], threading_event_wait, (&events[i]));
    else
        STATUS(want, &events[i], threading_event_wait_timeout, (&events[i], limit.seconds));
}

static void event_step(void)
{
    int i = (int)below(EVENTS);
    about("event", i);
    switch (below(10)) {
    case 0:
        if (chance(8))
            event_nulls();
        else if (chance(4))
            event_renew(i);
        break;
    case 1:
    case 2:
        STATUS(THREADING_OK, &events[i], threading_event_set, (&events[i]));
        is_set[i] = true;
        break;
    case 3:
    case 4:
        STATUS(THREADING_OK, &events[i], threading_event_clear, (&events[i]));
        is_set[i] = false;
        break;
    case 5:
        NUMBER(is_set[i], threading_event_is_set, (&events[i]));
        break;
    default:
        event_wait(i);
        break;
    }
}

bool event_source(threading_source_t *source, bool *is_ready)
{
    int i = (int)below(EVENTS);
    *source = (threading_source_t)THREADING_SOURCE_EVENT(&events[i]);
    *is_ready = is_set[i];
    return true;
}

const family_t event_family = {"event", 600, false, event_step, NULL, NULL};
