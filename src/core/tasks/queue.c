/* SPDX-License-Identifier: MIT */
/*
 * Queue: CPython's queue module, with its one lock and, for its three conditions, three lines (line.h).
 *
 * The items are in a ring that grows by doubling: `first` is the index of the oldest, the others follow, past
 * the end at the beginning. A LIFO queue takes from the other end. A priority queue is a binary heap (TAOCP
 * 5.2.3) that begins at index 0.
 */
#include "queue.h"

#include <string.h>

#include "atomic.h"
#include "calls.h"
#include "deadline.h"
#include "line.h"
#include "memory.h"
#include "misuse.h"
#include "parking.h"
#include "self.h"

#define TI_CAPACITY_MIN 8

/* ---- the items ---- */

/* The i-th item, counted from the oldest; of a heap, from its root. */
static inline unsigned char *ti_queue_item(const threading_queue_t *queue, size_t i)
{
    size_t index = queue->first + i;
    return queue->items + (index < queue->capacity ? index : index - queue->capacity) * queue->item_size;
}

static inline void ti_queue_copy(const threading_queue_t *queue, void *to, const void *from)
{
    if (to == NULL || from == NULL)
        return;
    if (queue->item_size == sizeof(void *))
        memcpy(to, from, sizeof(void *)); /* what most items are: takes no call */
    else if (queue->item_size > 0)
        memcpy(to, from, queue->item_size);
}

static bool ti_queue_grow(threading_queue_t *queue)
{
    size_t capacity = queue->capacity > 0 ? 2 * queue->capacity : TI_CAPACITY_MIN;
    if (capacity >= SIZE_MAX / queue->item_size)
        return false;
    unsigned char *items = (unsigned char *)ti_memory_allocate((capacity + 1) * queue->item_size);
    if (items == NULL)
        return false;
    for (size_t i = 0; i < queue->count; i++)
        ti_queue_copy(queue, items + i * queue->item_size, ti_queue_item(queue, i));
    ti_memory_free(queue->items);
    queue->items = items;
    queue->capacity = capacity;
    queue->first = 0;
    return true;
}

/* Room for one item more. Items of no size need none. */
static inline bool ti_queue_make_room(threading_queue_t *queue)
{
    return queue->count < queue->capacity || queue->item_size == 0 || ti_queue_grow(queue);
}

static void ti_queue_swap(threading_queue_t *queue, size_t a, size_t b)
{
    unsigned char *spare = queue->items + queue->capacity * queue->item_size;
    ti_queue_copy(queue, spare, ti_queue_item(queue, a));
    ti_queue_copy(queue, ti_queue_item(queue, a), ti_queue_item(queue, b));
    ti_queue_copy(queue, ti_queue_item(queue, b), spare);
}

static bool ti_queue_is_before(const threading_queue_t *queue, size_t a, size_t b)
{
    return queue->compare(ti_queue_item(queue, a), ti_queue_item(queue, b)) < 0;
}

static void ti_queue_sift_up(threading_queue_t *queue, size_t i)
{
    for (size_t parent; i > 0 && ti_queue_is_before(queue, i, parent = (i - 1) / 2); i = parent)
        ti_queue_swap(queue, i, parent);
}

static void ti_queue_sift_down(threading_queue_t *queue)
{
    for (size_t i = 0, child; (child = 2 * i + 1) < queue->count; i = child) {
        if (child + 1 < queue->count && ti_queue_is_before(queue, child + 1, child))
            child++;
        if (!ti_queue_is_before(queue, child, i))
            return;
        ti_queue_swap(queue, i, child);
    }
}

static ti_waiter *ti_queue_take(const threading_queue_t *queue, ti_wait_kind line, size_t n, ti_self *self)
{
    return ti_line_take(&queue->count, line, n, self);
}

/* A comparison has ended its thread, with the lock held. All items are there, if not in their order; who
 * waits looks again. */
TI_COLD static void ti_queue_abandon(ti_self *self, void *object, uintptr_t unused)
{
    (void)unused;
    threading_queue_t *queue = (threading_queue_t *)object;
    ti_waiter *getters = ti_queue_take(queue, TI_GETTERS, SIZE_MAX, self);
    ti_waiter *putters = ti_queue_take(queue, TI_PUTTERS, SIZE_MAX, self);
    ti_parking_wake_watchers(&queue->count);
    ti_queue_unlock(queue, self);
    ti_line_wake(getters);
    ti_line_wake(putters);
}

static void ti_queue_insert(threading_queue_t *queue, const void *item, ti_self *self)
{
    ti_store_pointer_relaxed(&queue->count, queue->count + 1); /* relaxed: as all under the lock */
    if (queue->item_size == 0)
        return;
    ti_queue_copy(queue, ti_queue_item(queue, queue->count - 1), item);
    if (queue->kind != THREADING_QUEUE_PRIORITY)
        return;
    ti_calls_enter(self, ti_queue_abandon, queue, 0);
    ti_queue_sift_up(queue, queue->count - 1);
    ti_calls_leave(self);
}

static void ti_queue_remove(threading_queue_t *queue, void *item, ti_self *self)
{
    ti_store_pointer_relaxed(&queue->count, queue->count - 1); /* relaxed: as all under the lock */
    if (queue->item_size == 0)
        return;
    ti_queue_copy(queue, item, ti_queue_item(queue, queue->kind == THREADING_QUEUE_LIFO ? queue->count : 0));
    if (queue->kind == THREADING_QUEUE_FIFO) {
        queue->first = queue->first + 1 < queue->capacity ? queue->first + 1 : 0;
    } else if (queue->kind == THREADING_QUEUE_PRIORITY) {
        ti_queue_copy(queue, ti_queue_item(queue, 0), ti_queue_item(queue, queue->count));
        ti_calls_enter(self, ti_queue_abandon, queue, 0);
        ti_queue_sift_down(queue);
        ti_calls_leave(self);
    }
}

/* ---- making and freeing ---- */

TI_COLD threading_queue_t *threading_queue_new(threading_queue_kind_t kind, size_t item_size, size_t maxsize,
                                               int (*compare)(const void *a, const void *b))
{
    bool is_known = kind == THREADING_QUEUE_FIFO || kind == THREADING_QUEUE_LIFO;
    if (!is_known && (kind != THREADING_QUEUE_PRIORITY || compare == NULL))
        return NULL;
    threading_queue_t *queue = (threading_queue_t *)ti_memory_allocate(sizeof *queue);
    if (queue == NULL)
        return NULL;
    queue->references = 1;
    queue->kind = kind;
    queue->item_size = item_size;
    queue->maxsize = maxsize;
    queue->compare = compare;
    return queue;
}

threading_queue_t *threading_queue_retain(threading_queue_t *queue)
{
    /* Relaxed: a thread that retains holds or borrows a reference already. */
    if (queue != NULL)
        ti_add_relaxed(&queue->references, 1);
    return queue;
}

/* Destroy the items of a queue that nobody else knows (or of a copy of one), and free their memory. */
static void ti_queue_drop(threading_queue_t *queue)
{
    unsigned char none = 0; /* what an item of no size points to */
    for (size_t i = 0; queue->destructor != NULL && i < queue->count; i++)
        queue->destructor(queue->item_size > 0 ? ti_queue_item(queue, i) : &none);
    ti_memory_free(queue->items);
}

TI_COLD void threading_queue_free(threading_queue_t *queue)
{
    /* Release: what this holder did happens before the memory is freed; acquire: by the last one. */
    if (queue == NULL || ti_add_acquire_release(&queue->references, (uint32_t)-1) != 1)
        return;
    ti_queue_drop(queue);
    ti_memory_free(queue);
}

/* ---- waiting ---- */

/* Spin for a while, without the lock, until the count changes; not if others wait, since this thread would
 * pass them. */
static void ti_queue_look_out(threading_queue_t *queue, ti_self *self)
{
    if (ti_line_is_awaited(&queue->count))
        return;
    uintptr_t count = queue->count;
    ti_queue_unlock(queue, self);
    uint32_t looks = 0;
    /* Relaxed: it is read again under the lock. */
    while (ti_load_pointer_relaxed(&queue->count) == count && ti_line_pause(&looks, TI_LOOK_DISTANCE))
        continue;
    ti_line_lock(&queue->lock, self);
}

static inline bool ti_queue_can_put(const threading_queue_t *queue)
{
    return queue->is_shutdown || !ti_queue_is_full(queue);
}

static inline bool ti_queue_can_get(const threading_queue_t *queue)
{
    return queue->is_shutdown || queue->count > 0;
}

/* In a line of the queue's. */
static threading_status_t ti_queue_sleep(threading_queue_t *queue, ti_wait_kind line, ti_self *self,
                                         int64_t deadline)
{
    ti_on on = line == TI_GETTERS ? TI_ON_GET : line == TI_PUTTERS ? TI_ON_PUT : TI_ON_TASKS;
    ti_blocked_on(self, on, queue);
    ti_blocked_counted(self, on, queue, queue->count);
    threading_status_t status = ti_line_wait(&queue->lock, &queue->count, line, self, deadline);
    ti_blocked_counted(self, on, queue, queue->count);
    return status;
}

/* Wait until it can be done, or told why not. What has changed when the time is over counts. */
static threading_status_t ti_queue_await(threading_queue_t *queue, ti_wait_kind line,
                                         bool (*can)(const threading_queue_t *queue), ti_self *self,
                                         int64_t deadline)
{
    ti_queue_look_out(queue, self);
    for (threading_status_t status = THREADING_OK; !can(queue);) {
        if (status != THREADING_OK)
            return status;
        status = ti_queue_sleep(queue, line, self, deadline);
    }
    return THREADING_OK;
}

/* ---- put and get, with the lock held ---- */

/* *woken is woken after the release. */
static threading_status_t ti_queue_put_locked(threading_queue_t *queue, const void *item, int64_t deadline,
                                              ti_self *self, ti_waiter **woken)
{
    if (!ti_queue_can_put(queue)) {
        if (deadline == TI_PAST)
            return THREADING_FULL;
        threading_status_t status = ti_queue_await(queue, TI_PUTTERS, ti_queue_can_put, self, deadline);
        if (status != THREADING_OK)
            return status;
    }
    if (queue->is_shutdown)
        return THREADING_SHUTDOWN;
    if (!ti_queue_make_room(queue)) {
        *woken = ti_queue_take(queue, TI_PUTTERS, 1, self); /* this wait's wake is for another */
        return THREADING_NO_MEMORY;
    }
    queue->unfinished++; /* first: a comparison may end the thread */
    ti_queue_insert(queue, item, self);
    if (ti_line_is_awaited(&queue->count)) {
        *woken = ti_queue_take(queue, TI_GETTERS, 1, self);
        ti_parking_wake_watchers(&queue->count);
    }
    return THREADING_OK;
}

static threading_status_t ti_queue_get_locked(threading_queue_t *queue, void *item, int64_t deadline,
                                              ti_self *self, ti_waiter **woken)
{
    if (!ti_queue_can_get(queue)) {
        if (deadline == TI_PAST)
            return THREADING_EMPTY;
        threading_status_t status = ti_queue_await(queue, TI_GETTERS, ti_queue_can_get, self, deadline);
        if (status != THREADING_OK)
            return status;
    }
    if (queue->count == 0)
        return THREADING_SHUTDOWN;
    ti_queue_remove(queue, item, self);
    if (ti_line_is_awaited(&queue->count))
        *woken = ti_queue_take(queue, TI_PUTTERS, 1, self);
    return THREADING_OK;
}

static threading_status_t ti_queue_put(threading_queue_t *queue, const void *item, int64_t deadline)
{
    ti_waiter *woken = NULL;
    ti_self *self = ti_queue_lock(queue);
    threading_status_t status = ti_queue_put_locked(queue, item, deadline, self, &woken);
    ti_queue_unlock(queue, self);
    ti_line_wake(woken);
    return status;
}

static threading_status_t ti_queue_get(threading_queue_t *queue, void *item, int64_t deadline)
{
    ti_waiter *woken = NULL;
    ti_self *self = ti_queue_lock(queue);
    threading_status_t status = ti_queue_get_locked(queue, item, deadline, self, &woken);
    ti_queue_unlock(queue, self);
    ti_line_wake(woken);
    return status;
}

/* ---- the calls ---- */

static bool ti_queue_takes(const threading_queue_t *queue, const void *item)
{
    return queue != NULL && (item != NULL || queue->item_size == 0);
}

threading_status_t threading_queue_put(threading_queue_t *queue, const void *item)
{
    if (!ti_queue_takes(queue, item))
        return TI_TELL(queue, THREADING_INVALID);
    return ti_queue_put(queue, item, TI_FOREVER);
}

threading_status_t threading_queue_try_put(threading_queue_t *queue, const void *item)
{
    if (!ti_queue_takes(queue, item))
        return TI_TELL(queue, THREADING_INVALID);
    return ti_queue_put(queue, item, TI_PAST);
}

threading_status_t threading_queue_put_timeout(threading_queue_t *queue, const void *item, double seconds)
{
    threading_status_t status = ti_queue_takes(queue, item) ? ti_deadline_check(seconds) : THREADING_INVALID;
    if (status != THREADING_OK)
        return TI_TELL(queue, status);
    return ti_queue_put(queue, item, ti_deadline_after(seconds));
}

threading_status_t threading_queue_get(threading_queue_t *queue, void *item)
{
    if (queue == NULL)
        return TI_TELL(queue, THREADING_INVALID);
    return ti_queue_get(queue, item, TI_FOREVER);
}

threading_status_t threading_queue_try_get(threading_queue_t *queue, void *item)
{
    if (queue == NULL)
        return TI_TELL(queue, THREADING_INVALID);
    return ti_queue_get(queue, item, TI_PAST);
}

threading_status_t threading_queue_get_timeout(threading_queue_t *queue, double seconds, void *item)
{
    threading_status_t status = ti_deadline_check_on(queue, seconds);
    if (status != THREADING_OK)
        return TI_TELL(queue, status);
    return ti_queue_get(queue, item, ti_deadline_after(seconds));
}

threading_status_t threading_queue_task_done(threading_queue_t *queue)
{
    if (queue == NULL)
        return TI_TELL(queue, THREADING_INVALID);
    ti_waiter *woken = NULL;
    ti_self *self = ti_queue_lock(queue);
    bool is_one = queue->unfinished > 0;
    if (is_one && --queue->unfinished == 0)
        woken = ti_queue_take(queue, TI_JOINERS, SIZE_MAX, self);
    ti_queue_unlock(queue, self);
    ti_line_wake(woken);
    return TI_TELL(queue, is_one ? THREADING_OK : THREADING_INVALID);
}

static threading_status_t ti_queue_join(threading_queue_t *queue, double seconds)
{
    threading_status_t status = ti_deadline_check_on(queue, seconds);
    if (status != THREADING_OK)
        return status;
    int64_t deadline = ti_deadline_after(seconds);
    ti_self *self = ti_queue_lock(queue);
    while (queue->unfinished > 0 && status == THREADING_OK)
        status = ti_queue_sleep(queue, TI_JOINERS, self, deadline);
    if (queue->unfinished == 0)
        status = THREADING_OK;
    ti_queue_unlock(queue, self);
    return status;
}

threading_status_t threading_queue_join(threading_queue_t *queue)
{
    return TI_TELL(queue, ti_queue_join(queue, THREADING_FOREVER));
}

threading_status_t threading_queue_join_timeout(threading_queue_t *queue, double seconds)
{
    return TI_TELL(queue, ti_queue_join(queue, seconds));
}

/* Take the items away, into a queue that holds nothing else, for ti_queue_drop. */
static threading_queue_t ti_queue_empty_out(threading_queue_t *queue)
{
    threading_queue_t dropped = {
        .item_size = queue->item_size,
        .count = queue->count,
        .first = queue->first,
        .capacity = queue->capacity,
        .items = queue->items,
        .destructor = queue->destructor,
    };
    queue->unfinished -= queue->count < queue->unfinished ? queue->count : queue->unfinished;
    ti_store_pointer_relaxed(&queue->count, 0); /* relaxed: as all under the lock */
    queue->first = queue->capacity = 0;
    queue->items = NULL;
    return dropped;
}

TI_COLD threading_status_t threading_queue_shutdown(threading_queue_t *queue, bool immediate)
{
    if (queue == NULL)
        return TI_TELL(queue, THREADING_INVALID);
    threading_queue_t dropped = {.references = 0};
    ti_waiter *joiners = NULL;
    ti_self *self = ti_queue_lock(queue);
    queue->is_shutdown = true;
    if (immediate)
        dropped = ti_queue_empty_out(queue);
    ti_waiter *getters = ti_queue_take(queue, TI_GETTERS, SIZE_MAX, self);
    ti_waiter *putters = ti_queue_take(queue, TI_PUTTERS, SIZE_MAX, self);
    if (queue->unfinished == 0)
        joiners = ti_queue_take(queue, TI_JOINERS, SIZE_MAX, self);
    ti_parking_wake_watchers(&queue->count);
    ti_queue_unlock(queue, self);
    ti_line_wake(getters);
    ti_line_wake(putters);
    ti_line_wake(joiners);
    ti_queue_drop(&dropped);
    return THREADING_OK;
}

TI_COLD threading_status_t threading_queue_set_maxsize(threading_queue_t *queue, size_t maxsize)
{
    if (queue == NULL)
        return TI_TELL(queue, THREADING_INVALID);
    ti_waiter *putters = NULL;
    ti_self *self = ti_queue_lock(queue);
    queue->maxsize = maxsize;
    if (!ti_queue_is_full(queue)) /* as many as find room: the others keep their places */
        putters = ti_queue_take(queue, TI_PUTTERS, maxsize > 0 ? maxsize - queue->count : SIZE_MAX, self);
    if (putters != NULL)
        ti_lockword_requeue(&queue->lock, putters);
    ti_queue_unlock(queue, self);
    return THREADING_OK;
}

TI_COLD threading_status_t threading_queue_set_destructor(threading_queue_t *queue,
                                                          void (*destructor)(void *item))
{
    if (queue == NULL)
        return TI_TELL(queue, THREADING_INVALID);
    ti_self *self = ti_queue_lock(queue);
    queue->destructor = destructor;
    ti_queue_unlock(queue, self);
    return THREADING_OK;
}
