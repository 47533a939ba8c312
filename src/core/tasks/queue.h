/* SPDX-License-Identifier: MIT */
/* Queue: what its files share, and what threading_wait_any asks it. */
#ifndef TI_QUEUE_H
#define TI_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "line.h"

struct threading_queue {
    uint32_t lock; /* protects what follows */
    threading_queue_kind_t kind;
    uintptr_t count; /* read without the lock too; its address is that of the lines */
    size_t unfinished;
    size_t maxsize; /* 0: none */
    size_t item_size;
    size_t first;
    size_t capacity;
    unsigned char *items; /* `capacity` items and one more to swap with */
    bool is_shutdown;
    int (*compare)(const void *a, const void *b);
    void (*destructor)(void *item);
    uint32_t references; /* changes without the lock */
};

/* The calling thread, which has the lock now. */
static inline ti_self *ti_queue_lock(threading_queue_t *queue)
{
    ti_self *self = ti_self_get();
    ti_line_lock(&queue->lock, self);
    return self;
}

static inline void ti_queue_unlock(threading_queue_t *queue, const ti_self *self)
{
    ti_line_unlock(&queue->lock, self);
}

static inline bool ti_queue_is_full(const threading_queue_t *queue)
{
    return queue->maxsize > 0 && queue->count >= queue->maxsize;
}

/* Whether a get would not wait. */
bool ti_queue_is_ready(threading_queue_t *queue);

/* What its watchers wait for. */
const void *ti_queue_address(const threading_queue_t *queue);

#endif
