/* SPDX-License-Identifier: MIT */
/* Queue: momentary answers. */
#include "queue.h"

/* What the queue has to say at a moment. */
typedef struct ti_queue_view {
    size_t size, unfinished, maxsize;
    bool is_full, is_shutdown;
} ti_queue_view;

static ti_queue_view ti_queue_look(threading_queue_t *queue)
{
    ti_self *self = ti_queue_lock(queue);
    ti_queue_view view = {queue->count, queue->unfinished, queue->maxsize, ti_queue_is_full(queue),
                          queue->is_shutdown};
    ti_queue_unlock(queue, self);
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
