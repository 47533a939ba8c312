/* SPDX-License-Identifier: MIT */
/* Waiting for many futures: threading_wait and threading_as_completed. */
#include <stdlib.h>

#include "deadline.h"
#include "executor.h"
#include "future.h"
#include "limit.h"
#include "memory.h"
#include "misuse.h"
#include "wait_any.h"

static bool ti_futures_are_given(threading_future_t *const *futures, size_t count)
{
    if (futures == NULL)
        return count == 0;
    for (size_t i = 0; i < count; i++)
        if (futures[i] == NULL)
            return false;
    return true;
}

/* A worker that may wait for ever runs one of the tasks instead, if one of its own executor has not begun. */
static bool ti_futures_help(threading_future_t *const *futures, size_t count, ti_self *self, int64_t deadline)
{
    if (!ti_future_may_help(self, deadline))
        return false;
    for (size_t i = 0; i < count; i++)
        if (ti_executor_help(futures[i], self))
            return true;
    return false;
}

/* What a set of futures looks like at a moment. */
typedef struct ti_futures_view {
    size_t done;
    size_t failed;
} ti_futures_view;

static ti_futures_view ti_futures_look(threading_future_t *const *futures, size_t count)
{
    ti_futures_view view = {0, 0};
    for (size_t i = 0; i < count; i++) {
        if (!ti_future_is_done(futures[i]))
            continue;
        view.done++;
        view.failed += futures[i]->status != THREADING_OK && !threading_future_cancelled(futures[i]);
    }
    return view;
}

/* Sleep until more than `done` of them are done. There is room for `count` in `sources`. */
static threading_status_t ti_futures_sleep(threading_future_t *const *futures, size_t count, size_t done,
                                           threading_source_t *sources, ti_self *self, int64_t deadline)
{
    size_t left = 0;
    for (size_t i = 0; i < count; i++)
        if (!ti_future_is_done(futures[i])) {
            sources[left].kind = THREADING_SOURCE_KIND_FUTURE;
            sources[left++].object = futures[i];
        }
    size_t index;
    return left + done == count ? ti_wait_any(sources, left, self, deadline, &index) : THREADING_OK;
}

static threading_source_t *ti_sources_new(size_t count)
{
    bool fits = count <= SIZE_MAX / sizeof(threading_source_t);
    return fits ? (threading_source_t *)ti_memory_allocate(count * sizeof(threading_source_t)) : NULL;
}

/* ---- threading_wait ---- */

static threading_status_t ti_futures_await_all(threading_future_t *const *futures, size_t count,
                                               ti_self *self, int64_t deadline)
{
    while (ti_futures_help(futures, count, self, deadline))
        continue;
    threading_status_t status = THREADING_OK;
    for (size_t i = 0; i < count && status == THREADING_OK; i++)
        status = ti_future_await(futures[i], self, deadline);
    return status;
}

/* Whether the wait is over by what is done. */
static bool ti_futures_are_enough(threading_future_t *const *futures, size_t count, threading_when_t when,
                                  size_t *done)
{
    ti_futures_view view = ti_futures_look(futures, count);
    *done = view.done;
    size_t enough = when == THREADING_FIRST_COMPLETED ? view.done : view.failed;
    return enough > 0 || view.done == count;
}

/* Memory is needed only for sleeping. No help: the task that is run might outlast the one that is waited for,
 * or wait for what the caller does next. */
static threading_status_t ti_futures_await_first(threading_future_t *const *futures, size_t count,
                                                 ti_self *self, int64_t deadline, threading_when_t when)
{
    threading_source_t *sources = NULL;
    threading_status_t status = THREADING_OK;
    size_t done;
    while (status == THREADING_OK && !ti_futures_are_enough(futures, count, when, &done)) {
        if (sources == NULL)
            sources = ti_sources_new(count);
        status = sources == NULL ? THREADING_NO_MEMORY
                                 : ti_futures_sleep(futures, count, done, sources, self, deadline);
    }
    ti_memory_free(sources);
    return status;
}

threading_status_t threading_wait(threading_future_t *const *futures, size_t count, double seconds,
                                  threading_when_t when, size_t *done)
{
    bool is_known = when == THREADING_ALL_COMPLETED || when == THREADING_FIRST_COMPLETED ||
                    when == THREADING_FIRST_EXCEPTION;
    bool is_valid = is_known && ti_futures_are_given(futures, count);
    threading_status_t status = is_valid ? ti_deadline_check(seconds) : THREADING_INVALID;
    if (status != THREADING_OK)
        return TI_TELL(futures, status);
    ti_self *self = ti_self_get();
    int64_t deadline = ti_deadline_after(seconds);
    if (when == THREADING_ALL_COMPLETED)
        status = ti_futures_await_all(futures, count, self, deadline);
    else
        status = ti_futures_await_first(futures, count, self, deadline, when);
    if (done != NULL)
        *done = ti_futures_look(futures, count).done;
    return status;
}

/* ---- threading_as_completed ---- */

/* The futures in three parts: those that were taken, those that were found done, those that were not. */
struct threading_completed {
    size_t count;
    size_t taken;
    size_t ready;
    int64_t deadline;
    threading_source_t *sources; /* to wait with */
    threading_future_t *futures[];
};

static int ti_compare_addresses(const void *a, const void *b)
{
    uintptr_t one = (uintptr_t) * (threading_future_t *const *)a;
    uintptr_t other = (uintptr_t) * (threading_future_t *const *)b;
    return (one > other) - (one < other);
}

/* The numbers wrap round; those of one set are near each other. */
static int ti_compare_orders(const void *a, const void *b)
{
    const threading_future_t *one = *(threading_future_t *const *)a;
    const threading_future_t *other = *(threading_future_t *const *)b;
    int32_t difference = (int32_t)(one->order - other->order);
    return (difference > 0) - (difference < 0);
}

/* Retain each future once. */
static void ti_completed_fill(threading_completed_t *completed, threading_future_t *const *futures,
                              size_t count)
{
    for (size_t i = 0; i < count; i++)
        completed->futures[i] = futures[i];
    qsort(completed->futures, count, sizeof *completed->futures, ti_compare_addresses);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || completed->futures[i] != completed->futures[completed->count - 1])
            completed->futures[completed->count++] = threading_future_retain(completed->futures[i]);
}

static threading_completed_t *ti_completed_new(size_t count)
{
    threading_completed_t *completed = NULL;
    if (count <= (SIZE_MAX - sizeof *completed) / sizeof *completed->futures)
        completed = (threading_completed_t *)ti_memory_allocate(sizeof *completed +
                                                                count * sizeof *completed->futures);
    if (completed == NULL || count == 0)
        return completed;
    completed->sources = ti_sources_new(count);
    if (completed->sources != NULL)
        return completed;
    ti_memory_free(completed);
    return NULL;
}

threading_completed_t *threading_as_completed(threading_future_t *const *futures, size_t count,
                                              double seconds)
{
    if (!ti_futures_are_given(futures, count) || ti_deadline_check(seconds) != THREADING_OK)
        return NULL;
    threading_completed_t *completed = ti_completed_new(count);
    if (completed != NULL) {
        completed->deadline = ti_deadline_after(seconds);
        ti_completed_fill(completed, futures, count);
    }
    return completed;
}

/* Move those that are done by now behind the ones that were. False: there are none. */
static bool ti_completed_collect(threading_completed_t *completed)
{
    size_t before = completed->ready;
    for (size_t i = before; i < completed->count; i++) {
        threading_future_t *future = completed->futures[i];
        if (!ti_future_is_done(future))
            continue;
        completed->futures[i] = completed->futures[completed->ready];
        completed->futures[completed->ready++] = future;
    }
    return completed->ready > before;
}

/* Collect until there are no more, for one that was done before another may have been passed over just before
 * both were; then put them in the order of their completion. */
static void ti_completed_look(threading_completed_t *completed)
{
    size_t first = completed->ready;
    while (ti_completed_collect(completed))
        continue;
    qsort(&completed->futures[first], completed->ready - first, sizeof *completed->futures,
          ti_compare_orders);
}

static threading_status_t ti_completed_await(threading_completed_t *completed, ti_self *self)
{
    for (;;) {
        ti_completed_look(completed);
        if (completed->taken < completed->ready)
            return THREADING_OK;
        threading_future_t *const *left = &completed->futures[completed->ready];
        size_t count = completed->count - completed->ready;
        threading_status_t status =
            ti_futures_sleep(left, count, 0, completed->sources, self, completed->deadline);
        if (status != THREADING_OK)
            return status;
    }
}

threading_status_t threading_completed_next(threading_completed_t *completed, threading_future_t **future)
{
    if (completed == NULL)
        return TI_TELL(completed, THREADING_INVALID);
    if (completed->taken == completed->count)
        return THREADING_EMPTY;
    if (completed->taken == completed->ready) {
        threading_status_t status = ti_completed_await(completed, ti_self_get());
        if (status != THREADING_OK)
            return status;
    }
    threading_future_t *next = completed->futures[completed->taken++];
    if (future != NULL)
        *future = next;
    return THREADING_OK;
}

void threading_completed_free(threading_completed_t *completed)
{
    if (completed == NULL)
        return;
    for (size_t i = 0; i < completed->count; i++)
        threading_future_free(completed->futures[i]);
    ti_memory_free(completed->sources);
    ti_memory_free(completed);
}
