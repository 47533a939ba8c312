/* SPDX-License-Identifier: MIT */
/* Executor's map: a submit for each item, then a result for each future. */
#include <stdint.h>

#include "future.h"
#include "memory.h"
#include "port.h"

/* Submit all, as far as it goes; *submitted tells how far. */
static threading_status_t ti_executor_submit_all(threading_executor_t *executor, threading_target_t function,
                                                 void *const *items, threading_future_t **futures,
                                                 size_t count, size_t *submitted)
{
    threading_status_t status = THREADING_OK;
    for (*submitted = 0; *submitted < count && status == THREADING_OK; *submitted += status == THREADING_OK)
        status = threading_executor_submit(executor, function, items[*submitted], &futures[*submitted]);
    return status;
}

/* Cancel what has not begun and wait for what has. */
static void ti_executor_abandon(threading_future_t **futures, size_t count, ti_self *self)
{
    for (size_t i = 0; i < count; i++)
        (void)threading_future_cancel(futures[i]);
    self->deaf++; /* the tasks use the caller's items, whether it is told to stop or not */
    for (size_t i = 0; i < count; i++)
        (void)ti_future_await(futures[i], self, TI_FOREVER);
    self->deaf--;
}

threading_status_t threading_executor_map(threading_executor_t *executor, threading_target_t function,
                                          void *const *items, size_t count, void **results)
{
    if (executor == NULL || function == NULL || (items == NULL && count > 0))
        return THREADING_INVALID;
    if (count == 0)
        return THREADING_OK;
    bool fits = count <= SIZE_MAX / sizeof(threading_future_t *);
    threading_future_t **futures =
        fits ? (threading_future_t **)ti_memory_allocate(count * sizeof *futures) : NULL;
    if (futures == NULL)
        return THREADING_NO_MEMORY;
    size_t submitted;
    ti_self *self = ti_self_get();
    threading_status_t failure =
        ti_executor_submit_all(executor, function, items, futures, count, &submitted);
    if (failure != THREADING_OK)
        ti_executor_abandon(futures, submitted, self);
    threading_status_t status = THREADING_OK;
    for (size_t i = 0; i < submitted && status == THREADING_OK; i++)
        status = threading_future_result(futures[i], results != NULL ? &results[i] : NULL);
    if (status != THREADING_OK)
        ti_executor_abandon(futures, submitted, self);
    for (size_t i = 0; i < submitted; i++)
        threading_future_free(futures[i]);
    ti_memory_free(futures);
    return failure != THREADING_OK ? failure : status;
}
