/* SPDX-License-Identifier: MIT */
/*
 * Executor's map: one task for each worker that could run items, and a number that says which item is next.
 *
 * So the items begin in their order, one by one, as if each had been submitted: an item that waits for an
 * earlier one never waits for one that has not begun. Each has its slot, which is to it what a future is
 * to a task: its state holds the ident of the thread that runs it, and is waited for.
 */
#include <stdint.h>

#include "calls.h"
#include "deadline.h"
#include "deadlock.h"
#include "executor.h"
#include "future.h"
#include "limit.h"
#include "memory.h"
#include "misuse.h"
#include "parking.h"

typedef struct ti_slot {
    uint32_t state; /* TI_PENDING_FUTURE, an ident, TI_FINISHED, or TI_CANCELLED for any other status */
    threading_status_t status; /* set before it is done, as the value */
    void *value;
} ti_slot;

typedef struct ti_map {
    uint32_t references; /* the caller's, and one for each task */
    uint32_t caller;     /* the ident of its thread */
    uintptr_t next;      /* the first item that nobody has begun */
    size_t count;
    int64_t deadline; /* of the caller's wait */
    threading_executor_t *executor;
    threading_target_t function;
    void *const *items; /* not touched once all have begun */
    ti_slot slots[];
} ti_map;

/* ---- the items ---- */

static bool ti_slot_is_done(const ti_slot *slot)
{
    /* Acquire: pairs with the end, so that what comes out is seen. */
    return ti_load_acquire(&slot->state) >= TI_CANCELLED;
}

static void ti_slot_end(ti_slot *slot, uint32_t state, threading_status_t status, void *value)
{
    slot->status = status;
    slot->value = value;
    ti_store_sequential(&slot->state, state); /* sequential: the change in the table in parking.h */
    ti_parking_wake_all(&slot->state);
}

static threading_status_t ti_slot_await(ti_slot *slot, ti_self *self, int64_t deadline)
{
    for (;;) {
        uint32_t state = ti_load_acquire(&slot->state); /* acquire: as in ti_slot_is_done */
        if (state >= TI_CANCELLED)
            return slot->status;
        threading_status_t status = ti_deadlock_sleep(self, &slot->state, state, deadline);
        if (status != THREADING_OK)
            return ti_slot_is_done(slot) ? slot->status : status;
    }
}

/* Wait for all that have begun, and have not ended. */
static void ti_map_await(ti_map *map, ti_self *self)
{
    ti_blocked_on(self, TI_ON_MAP, map->executor);
    self->deaf++; /* the items are the caller's, whether it is told to stop or not */
    for (size_t i = 0; i < map->count; i++)
        (void)ti_slot_await(&map->slots[i], self, TI_FOREVER);
    self->deaf--;
}

/* Take the next item. False: all have begun. */
static bool ti_map_begin(ti_map *map, size_t *index)
{
    do {
        *index = ti_load_pointer_relaxed(&map->next); /* relaxed: the swap decides */
        if (*index >= map->count)
            return false;
    } while (!ti_swap_pointer_acquire(&map->next, *index, *index + 1));
    return true;
}

/* An item has ended its thread in the platform's way: as for a task, and the reference that the thread had
 * goes. The items may be on the stack of the map's caller: if that is the thread, it waits for the other
 * workers. */
TI_COLD static void ti_map_abandon_item(ti_self *self, void *object, uintptr_t index)
{
    ti_map *map = (ti_map *)object;
    if (ti_executor_is_spared(map->executor, self))
        return;
    ti_executor_break(map->executor, self);
    ti_map_refuse(map, THREADING_BROKEN);
    ti_slot_end(&map->slots[index], TI_CANCELLED, THREADING_BROKEN, NULL);
    if (map->caller == self->fast.ident)
        ti_map_await(map, self);
    ti_map_give_back(map);
}

/* Call the function for an item that was taken. False: it has called fork, and this is the child. */
static bool ti_map_call(ti_map *map, size_t index, void **value, ti_self *self)
{
    ti_store_relaxed(&map->slots[index].state, self->fast.ident); /* relaxed: nobody waits for it */
    ti_calls_enter(self, ti_map_abandon_item, map, index);
    *value = ti_executor_call(map->executor, map->function, map->items[index], self);
    ti_calls_leave(self);
    return !ti_executor_is_orphaned(map->executor);
}

TI_COLD void ti_map_refuse(ti_map *map, threading_status_t status)
{
    for (size_t index; ti_map_begin(map, &index);)
        ti_slot_end(&map->slots[index], TI_CANCELLED, status, NULL);
}

/* Refuse the rest if the executor has refused all that had not begun. */
static void ti_map_heed_refusal(ti_map *map)
{
    /* Relaxed: as in ti_executor_refuse. */
    uint32_t refused = ti_load_relaxed(&map->executor->refused);
    if (refused != THREADING_OK)
        ti_map_refuse(map, (threading_status_t)refused);
}

/* Never called: only its address is used (tasks.h). */
void *ti_map_task(void *map)
{
    (void)map;
    return (void *)(uintptr_t)ti_map_refuse;
}

void ti_map_work(ti_map *map, ti_self *self)
{
    size_t index;
    void *value;
    uint32_t counts = 0; /* the worker counts as spare from the end of an item to the next one's begin */
    for (;; counts = 1) {
        ti_map_heed_refusal(map);
        if (!ti_map_begin(map, &index))
            break;
        ti_executor_count_spare(map->executor, 0 - counts);
        if (!ti_map_call(map, index, &value, self))
            return;
        ti_executor_count_spare(map->executor, 1);
        ti_slot_end(&map->slots[index], TI_FINISHED, THREADING_OK, value);
    }
    ti_executor_count_spare(map->executor, 1 - counts);
}

/* ---- the call ---- */

TI_COLD static ti_map *ti_map_new(threading_executor_t *executor, threading_target_t function,
                                  void *const *items, size_t count, const ti_self *self)
{
    ti_map *map = NULL;
    if (count <= (SIZE_MAX - sizeof *map) / sizeof *map->slots)
        map = (ti_map *)ti_memory_allocate(sizeof *map + count * sizeof *map->slots);
    if (map == NULL)
        return NULL;
    map->references = 1;
    map->caller = self->fast.ident;
    map->count = count;
    map->executor = executor;
    map->function = function;
    map->items = items;
    return map;
}

void ti_map_give_back(ti_map *map)
{
    /* Release and acquire: what each holder did happens before the memory is freed. */
    if (ti_add_acquire_release(&map->references, (uint32_t)-1) == 1)
        ti_memory_free(map);
}

static threading_status_t ti_map_submit(ti_map *map, ti_self *self)
{
    size_t workers = map->executor->max_workers < UINT32_MAX ? map->executor->max_workers : UINT32_MAX - 1;
    size_t times = map->count < workers ? map->count : workers;
    map->references += (uint32_t)times; /* nobody else knows it yet */
    threading_status_t status = ti_executor_enqueue(map->executor, (ti_task){ti_map_task, map}, times, self);
    if (status != THREADING_OK)
        map->references = 1;
    return status;
}

/* In a worker of the same executor: run items that have not begun, until that one is done. */
static void ti_map_help(ti_map *map, const ti_slot *slot, ti_self *self)
{
    size_t index;
    void *value;
    while (self->executor == map->executor && !ti_slot_is_done(slot) &&
           ti_future_may_help(self, map->deadline)) {
        ti_map_heed_refusal(map);
        if (!ti_map_begin(map, &index) || !ti_map_call(map, index, &value, self))
            return;
        ti_slot_end(&map->slots[index], TI_FINISHED, THREADING_OK, value);
    }
}

/* The results in their order, up to the first failure. */
static threading_status_t ti_map_collect(ti_map *map, void **results, ti_self *self)
{
    threading_status_t status = THREADING_OK;
    for (size_t i = 0; i < map->count && status == THREADING_OK; i++) {
        ti_map_help(map, &map->slots[i], self);
        if (ti_executor_is_orphaned(map->executor))
            return THREADING_BROKEN; /* an item that it has run has called fork, and this is the child */
        ti_blocked_on(self, TI_ON_MAP, map->executor);
        status = ti_slot_await(&map->slots[i], self, map->deadline);
        if (status == THREADING_DEADLOCK)
            return ti_deadlock_refused(self, &map->slots[i].state);
        if (status == THREADING_OK && results != NULL)
            results[i] = map->slots[i].value;
    }
    return status;
}

/* Cancel what has not begun and wait for what has. */
TI_COLD static void ti_map_abandon(ti_map *map, ti_self *self)
{
    ti_map_refuse(map, THREADING_CANCELLED);
    ti_map_await(map, self);
}

static threading_status_t ti_executor_map(threading_executor_t *executor, threading_target_t function,
                                          void *const *items, size_t count, void **results, double seconds)
{
    if (executor == NULL || function == NULL || (items == NULL && count > 0))
        return THREADING_INVALID;
    threading_status_t status = ti_deadline_check(seconds);
    if (status != THREADING_OK || count == 0)
        return status;
    if (!ti_executor_accepts(executor))
        return THREADING_INVALID;
    if (ti_executor_is_orphaned(executor))
        return THREADING_BROKEN;
    ti_self *self = ti_self_get();
    ti_map *map = ti_map_new(executor, function, items, count, self);
    if (map == NULL)
        return THREADING_NO_MEMORY;
    map->deadline = ti_deadline_after(seconds);
    status = ti_map_submit(map, self);
    if (status == THREADING_OK) {
        status = ti_map_collect(map, results, self);
        if (status != THREADING_OK && !ti_executor_is_orphaned(executor))
            ti_map_abandon(map, self);
    }
    ti_map_give_back(map);
    return status;
}

/* No item has a status of the user's, which would be passed on. */
threading_status_t threading_executor_map(threading_executor_t *executor, threading_target_t function,
                                          void *const *items, size_t count, void **results)
{
    return TI_TELL(executor, ti_executor_map(executor, function, items, count, results, THREADING_FOREVER));
}

threading_status_t threading_executor_map_timeout(threading_executor_t *executor, threading_target_t function,
                                                  void *const *items, size_t count, void **results,
                                                  double seconds)
{
    return TI_TELL(executor, ti_executor_map(executor, function, items, count, results, seconds));
}
