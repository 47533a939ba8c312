/* SPDX-License-Identifier: MIT */
/*
 * Queue: CPython's queue module, with its one lock and three conditions.
 *
 * The items are in a ring that grows by doubling: `first` is the index of the oldest, the others follow, past
 * the end at the beginning. A LIFO queue takes from the other end. A priority queue is a binary heap (TAOCP
 * 5.2.3) that begins at index 0.
 */
#include "queue.h"

#include <string.h>

#include "atomic.h"
#include "condition.h"
#include "deadline.h"
#include "memory.h"
#include "parking.h"
#include "self.h"

#define TI_CAPACITY_MIN 8

struct threading_queue {
    uint32_t references;
    threading_lock_t lock; /* protects the rest */
    threading_condition_t not_empty;
    threading_condition_t not_full;
    threading_condition_t all_done;
    threading_queue_kind_t kind;
    bool is_shutdown;
    size_t item_size;
    size_t maxsize; /* 0: none */
    size_t unfinished;
    size_t count;
    size_t first;
    size_t capacity;
    unsigned char *items; /* `capacity` items and one more to swap with */
    int (*compare)(const void *a, const void *b);
    void (*destructor)(void *item);
};

/* ---- the items ---- */

/* The i-th item, counted from the oldest; of a heap, from its root. */
static unsigned char *ti_queue_item(const threading_queue_t *queue, size_t i)
{
    size_t index = queue->first + i;
    return queue->items + (index < queue->capacity ? index : index - queue->capacity) * queue->item_size;
}

static void ti_queue_copy(const threading_queue_t *queue, void *to, const void *from)
{
    if (to != NULL && from != NULL && queue->item_size > 0)
        memcpy(to, from, queue->item_size);
}

/* Room for one item more. Items of no size need none. */
static bool ti_queue_make_room(threading_queue_t *queue)
{
    if (queue->count < queue->capacity || queue->item_size == 0)
        return true;
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

static void ti_queue_insert(threading_queue_t *queue, const void *item)
{
    queue->count++;
    if (queue->item_size == 0)
        return;
    ti_queue_copy(queue, ti_queue_item(queue, queue->count - 1), item);
    if (queue->kind == THREADING_QUEUE_PRIORITY)
        ti_queue_sift_up(queue, queue->count - 1);
}

static void ti_queue_remove(threading_queue_t *queue, void *item)
{
    queue->count--;
    if (queue->item_size == 0)
        return;
    ti_queue_copy(queue, item, ti_queue_item(queue, queue->kind == THREADING_QUEUE_LIFO ? queue->count : 0));
    if (queue->kind == THREADING_QUEUE_FIFO) {
        queue->first = queue->first + 1 < queue->capacity ? queue->first + 1 : 0;
    } else if (queue->kind == THREADING_QUEUE_PRIORITY) {
        ti_queue_copy(queue, ti_queue_item(queue, 0), ti_queue_item(queue, queue->count));
        ti_queue_sift_down(queue);
    }
}

/* ---- making and freeing ---- */

threading_queue_t *threading_queue_new(threading_queue_kind_t kind, size_t item_size, size_t maxsize,
                                       int (*compare)(const void *a, const void *b))
{
    bool is_known = kind == THREADING_QUEUE_FIFO || kind == THREADING_QUEUE_LIFO;
    if (!is_known && (kind != THREADING_QUEUE_PRIORITY || compare == NULL))
        return NULL;
    threading_queue_t *queue = (threading_queue_t *)ti_memory_allocate(sizeof *queue);
    if (queue == NULL)
        return NULL;
    queue->references = 1;
    (void)threading_condition_init_lock(&queue->not_empty, &queue->lock);
    (void)threading_condition_init_lock(&queue->not_full, &queue->lock);
    (void)threading_condition_init_lock(&queue->all_done, &queue->lock);
    queue->kind = kind;
    queue->item_size = item_size;
    queue->maxsize = maxsize;
    queue->compare = compare;
    return queue;
}

threading_queue_t *threading_queue_retain(threading_queue_t *queue)
{
    /* Relaxed: whoever retains holds or borrows a reference already. */
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

void threading_queue_free(threading_queue_t *queue)
{
    /* Release: what this holder did happens before the memory is freed; acquire: by the last one. */
    if (queue == NULL || ti_add_acquire_release(&queue->references, (uint32_t)-1) != 1)
        return;
    ti_queue_drop(queue);
    ti_memory_free(queue);
}

/* ---- put and get, with the lock held ---- */

static THREADING_NO_ANALYSIS void ti_queue_lock(threading_queue_t *queue)
{
    threading_lock_acquire(&queue->lock);
}

static THREADING_NO_ANALYSIS void ti_queue_unlock(threading_queue_t *queue)
{
    threading_lock_release(&queue->lock);
}

static bool ti_queue_is_full(const threading_queue_t *queue)
{
    return queue->maxsize > 0 && queue->count >= queue->maxsize;
}

/* Wait while the queue is full and open. What has changed when the time is over counts. */
static threading_status_t ti_queue_await_room(threading_queue_t *queue, int64_t deadline)
{
    threading_status_t status = deadline == TI_PAST ? THREADING_FULL : THREADING_OK;
    while (!queue->is_shutdown && ti_queue_is_full(queue)) {
        if (status != THREADING_OK)
            return status;
        status = ti_condition_wait(&queue->not_full, ti_self_get(), deadline);
    }
    return queue->is_shutdown ? THREADING_SHUTDOWN : THREADING_OK;
}

static threading_status_t ti_queue_await_item(threading_queue_t *queue, int64_t deadline)
{
    threading_status_t status = deadline == TI_PAST ? THREADING_EMPTY : THREADING_OK;
    while (!queue->is_shutdown && queue->count == 0) {
        if (status != THREADING_OK)
            return status;
        status = ti_condition_wait(&queue->not_empty, ti_self_get(), deadline);
    }
    return queue->count == 0 ? THREADING_SHUTDOWN : THREADING_OK;
}

static threading_status_t ti_queue_put_locked(threading_queue_t *queue, const void *item, int64_t deadline)
{
    threading_status_t status = ti_queue_await_room(queue, deadline);
    if (status != THREADING_OK)
        return status;
    if (!ti_queue_make_room(queue)) {
        (void)threading_condition_notify(&queue->not_full, 1); /* this wait's notification is for another */
        return THREADING_NO_MEMORY;
    }
    ti_queue_insert(queue, item);
    queue->unfinished++;
    (void)threading_condition_notify(&queue->not_empty, 1);
    ti_parking_wake_watchers(ti_queue_address(queue));
    return THREADING_OK;
}

static threading_status_t ti_queue_get_locked(threading_queue_t *queue, void *item, int64_t deadline)
{
    threading_status_t status = ti_queue_await_item(queue, deadline);
    if (status != THREADING_OK)
        return status;
    ti_queue_remove(queue, item);
    (void)threading_condition_notify(&queue->not_full, 1);
    return THREADING_OK;
}

static threading_status_t ti_queue_put(threading_queue_t *queue, const void *item, int64_t deadline)
{
    ti_queue_lock(queue);
    threading_status_t status = ti_queue_put_locked(queue, item, deadline);
    ti_queue_unlock(queue);
    return status;
}

static threading_status_t ti_queue_get(threading_queue_t *queue, void *item, int64_t deadline)
{
    ti_queue_lock(queue);
    threading_status_t status = ti_queue_get_locked(queue, item, deadline);
    ti_queue_unlock(queue);
    return status;
}

/* ---- the calls ---- */

static bool ti_queue_takes(const threading_queue_t *queue, const void *item)
{
    return queue != NULL && (item != NULL || queue->item_size == 0);
}

threading_status_t threading_queue_put(threading_queue_t *queue, const void *item)
{
    return ti_queue_takes(queue, item) ? ti_queue_put(queue, item, TI_FOREVER) : THREADING_INVALID;
}

threading_status_t threading_queue_try_put(threading_queue_t *queue, const void *item)
{
    return ti_queue_takes(queue, item) ? ti_queue_put(queue, item, TI_PAST) : THREADING_INVALID;
}

threading_status_t threading_queue_put_timeout(threading_queue_t *queue, const void *item, double seconds)
{
    if (!ti_queue_takes(queue, item))
        return THREADING_INVALID;
    threading_status_t status = ti_deadline_check(seconds);
    return status == THREADING_OK ? ti_queue_put(queue, item, ti_deadline_after(seconds)) : status;
}

threading_status_t threading_queue_get(threading_queue_t *queue, void *item)
{
    return queue != NULL ? ti_queue_get(queue, item, TI_FOREVER) : THREADING_INVALID;
}

threading_status_t threading_queue_try_get(threading_queue_t *queue, void *item)
{
    return queue != NULL ? ti_queue_get(queue, item, TI_PAST) : THREADING_INVALID;
}

threading_status_t threading_queue_get_timeout(threading_queue_t *queue, double seconds, void *item)
{
    if (queue == NULL)
        return THREADING_INVALID;
    threading_status_t status = ti_deadline_check(seconds);
    return status == THREADING_OK ? ti_queue_get(queue, item, ti_deadline_after(seconds)) : status;
}

threading_status_t threading_queue_task_done(threading_queue_t *queue)
{
    if (queue == NULL)
        return THREADING_INVALID;
    ti_queue_lock(queue);
    bool is_one = queue->unfinished > 0;
    if (is_one && --queue->unfinished == 0)
        (void)threading_condition_notify_all(&queue->all_done);
    ti_queue_unlock(queue);
    return is_one ? THREADING_OK : THREADING_INVALID;
}

threading_status_t threading_queue_join(threading_queue_t *queue)
{
    return threading_queue_join_timeout(queue, THREADING_FOREVER);
}

threading_status_t threading_queue_join_timeout(threading_queue_t *queue, double seconds)
{
    if (queue == NULL)
        return THREADING_INVALID;
    threading_status_t status = ti_deadline_check(seconds);
    if (status != THREADING_OK)
        return status;
    int64_t deadline = ti_deadline_after(seconds);
    ti_queue_lock(queue);
    while (queue->unfinished > 0 && status == THREADING_OK)
        status = ti_condition_wait(&queue->all_done, ti_self_get(), deadline);
    if (queue->unfinished == 0)
        status = THREADING_OK;
    ti_queue_unlock(queue);
    return status;
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
    queue->count = queue->first = queue->capacity = 0;
    queue->items = NULL;
    return dropped;
}

threading_status_t threading_queue_shutdown(threading_queue_t *queue, bool immediate)
{
    if (queue == NULL)
        return THREADING_INVALID;
    threading_queue_t dropped = {.references = 0};
    ti_queue_lock(queue);
    queue->is_shutdown = true;
    if (immediate)
        dropped = ti_queue_empty_out(queue);
    (void)threading_condition_notify_all(&queue->not_empty);
    (void)threading_condition_notify_all(&queue->not_full);
    if (queue->unfinished == 0)
        (void)threading_condition_notify_all(&queue->all_done);
    ti_parking_wake_watchers(ti_queue_address(queue));
    ti_queue_unlock(queue);
    ti_queue_drop(&dropped);
    return THREADING_OK;
}

threading_status_t threading_queue_set_maxsize(threading_queue_t *queue, size_t maxsize)
{
    if (queue == NULL)
        return THREADING_INVALID;
    ti_queue_lock(queue);
    queue->maxsize = maxsize;
    if (!ti_queue_is_full(queue)) /* as many as find room: the others keep their places */
        (void)threading_condition_notify(&queue->not_full, maxsize > 0 ? maxsize - queue->count : SIZE_MAX);
    ti_queue_unlock(queue);
    return THREADING_OK;
}

threading_status_t threading_queue_set_destructor(threading_queue_t *queue, void (*destructor)(void *item))
{
    if (queue == NULL)
        return THREADING_INVALID;
    ti_queue_lock(queue);
    queue->destructor = destructor;
    ti_queue_unlock(queue);
    return THREADING_OK;
}

/* What the queue has to say at a moment. */
typedef struct ti_queue_view {
    size_t size, unfinished, maxsize;
    bool is_full, is_shutdown;
} ti_queue_view;

static ti_queue_view ti_queue_look(threading_queue_t *queue)
{
    ti_queue_lock(queue);
    ti_queue_view view = {queue->count, queue->unfinished, queue->maxsize, ti_queue_is_full(queue),
                          queue->is_shutdown};
    ti_queue_unlock(queue);
    return view;
}

size_t threading_queue_size(threading_queue_t *queue)
{
    return queue != NULL ? ti_queue_look(queue).size : 0;
}

bool threading_queue_empty(threading_queue_t *queue)
{
    return queue != NULL && ti_queue_look(queue).size == 0;
}

bool threading_queue_full(threading_queue_t *queue)
{
    return queue != NULL && ti_queue_look(queue).is_full;
}

size_t threading_queue_unfinished(threading_queue_t *queue)
{
    return queue != NULL ? ti_queue_look(queue).unfinished : 0;
}

size_t threading_queue_maxsize(threading_queue_t *queue)
{
    return queue != NULL ? ti_queue_look(queue).maxsize : 0;
}

bool threading_queue_is_shutdown(threading_queue_t *queue)
{
    return queue != NULL && ti_queue_look(queue).is_shutdown;
}

bool ti_queue_is_ready(threading_queue_t *queue)
{
    ti_queue_view view = ti_queue_look(queue);
    return view.size > 0 || view.is_shutdown;
}

const void *ti_queue_address(const threading_queue_t *queue)
{
    return &queue->count;
}
