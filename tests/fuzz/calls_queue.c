/* SPDX-License-Identifier: MIT */
/* Queue: section 19 of the header. An item is its number, in as many bytes as the queue's items have. */
#include <string.h>

#include "calls.h"

enum { QUEUES = 5, ITEMS = 50, ITEM_MAX = 100 };

typedef struct model {
    threading_queue_t *queue;
    threading_queue_kind_t kind;
    unsigned references;
    size_t item_size, maxsize;
    uint32_t items[ITEMS]; /* in the order in which they were put */
    size_t count, unfinished;
    bool is_shut_down, has_destructor;
} model_t;

static model_t models[QUEUES];
static uint32_t dropped, dropped_sum; /* what the destructor was called with */
static size_t size_of_dropped;

/* --------------------------------------------------------------------------------------- items */

static uint32_t any_item(const model_t *model)
{
    return model->item_size == 0 ? 0 : below(model->item_size == 1 ? 256 : 1000);
}

static void write_item(unsigned char item[ITEM_MAX], uint32_t number, size_t size)
{
    memset(item, (int)(number % 251), ITEM_MAX);
    for (size_t i = 0; i < 4 && i < size; i++)
        item[i] = (unsigned char)(number >> (8 * i));
}

static uint32_t read_item(const unsigned char *item, size_t size)
{
    uint32_t number = 0;
    for (size_t i = 0; i < 4 && i < size; i++)
        number |= (uint32_t)item[i] << (8 * i);
    unsigned char whole[ITEM_MAX];
    write_item(whole, number, size);
    MUST(memcmp(item, whole, size) == 0);
    return number;
}

static int compare(const void *a, const void *b)
{
    uint32_t left = read_item(a, size_of_dropped), right = read_item(b, size_of_dropped);
    return (left > right) - (left < right);
}

static void drop(void *item)
{
    dropped++;
    dropped_sum += read_item(item, size_of_dropped);
}

/* Which item comes out next. */
static size_t next_item(const model_t *model)
{
    if (model->kind == THREADING_QUEUE_FIFO)
        return 0;
    size_t smallest = 0;
    for (size_t i = 1; i < model->count; i++)
        if (model->items[i] < model->items[smallest])
            smallest = i;
    return model->kind == THREADING_QUEUE_LIFO ? model->count - 1 : smallest;
}

static uint32_t take(model_t *model)
{
    size_t at = next_item(model);
    uint32_t item = model->items[at];
    memmove(&model->items[at], &model->items[at + 1], (--model->count - at) * sizeof model->items[0]);
    return item;
}

/* All items go to the destructor, or nowhere. */
static void expect_dropped(model_t *model, uint32_t *count, uint32_t *sum)
{
    *count = dropped;
    *sum = dropped_sum;
    for (size_t i = 0; i < model->count && model->has_destructor; i++) {
        ++*count;
        *sum += model->items[i];
    }
    model->count = 0;
}

/* -------------------------------------------------------------------------------------- making */

static void make_wrong(void)
{
    POINTER(NULL, threading_queue_new, (THREADING_QUEUE_PRIORITY, 4, 0, NULL));
    POINTER(NULL, threading_queue_new, ((threading_queue_kind_t)3, 4, 0, compare));
    POINTER(NULL, threading_queue_new, ((threading_queue_kind_t)-1, 4, 0, compare));
}

/* So large that no memory has room for one: nothing of the item is read. */
static void use_huge_items(void)
{
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 7, SIZE_MAX / 2 + 1, SIZE_MAX / 4, SIZE_MAX / 16 + 1};
    threading_queue_t *queue;
    QUIET(queue = threading_queue_new((threading_queue_kind_t)below(3), sizes[below(5)], below(2), compare));
    if (queue == NULL)
        return;
    STATUS(THREADING_NO_MEMORY, queue, threading_queue_try_put, (queue, "item"));
    STATUS(THREADING_NO_MEMORY, queue, threading_queue_put_timeout, (queue, "item", 1));
    NUMBER(0, threading_queue_size, (queue));
    NUMBER(0, threading_queue_unfinished, (queue));
    STATUS(THREADING_EMPTY, queue, threading_queue_try_get, (queue, NULL));
    QUIET(threading_queue_free(queue));
}

static void make(model_t *model)
{
    static const size_t sizes[] = {0, 1, 4, 5, 8, 24, ITEM_MAX};
    memset(model, 0, sizeof *model);
    model->kind = (threading_queue_kind_t)below(3);
    model->item_size = sizes[below(7)];
    model->maxsize = below(6);
    QUIET(model->queue = threading_queue_new(model->kind, model->item_size, model->maxsize, compare));
    MUST(model->queue != NULL);
    model->references = 1;
}

static void give_back(model_t *model)
{
    uint32_t count, sum;
    if (--model->references > 0) {
        QUIET(threading_queue_free(model->queue));
        return;
    }
    expect_dropped(model, &count, &sum);
    QUIET(threading_queue_free(model->queue));
    MUST(dropped == count && dropped_sum == sum);
    model->queue = NULL;
}

static void set_destructor(model_t *model)
{
    model->has_destructor = chance(2);
    STATUS(THREADING_OK, model->queue, threading_queue_set_destructor,
           (model->queue, model->has_destructor ? drop : NULL));
}

/* ------------------------------------------------------------------------------------- put, get */

static bool is_full(const model_t *model)
{
    return model->maxsize > 0 && model->count >= model->maxsize;
}

static bool put_answer(const model_t *model, limit_t limit, threading_status_t *want)
{
    *want = limit_refused(limit);
    if (*want != THREADING_OK)
        return true;
    *want = model->is_shut_down ? THREADING_SHUTDOWN : THREADING_OK;
    if (model->is_shut_down || !is_full(model))
        return true;
    bool is_known = gives_up(limit, want);
    if (*want == THREADING_BUSY)
        *want = THREADING_FULL;
    return is_known;
}

static void put(model_t *model, limit_t limit)
{
    unsigned char item[ITEM_MAX];
    uint32_t number = any_item(model);
    threading_status_t want;
    if (model->count == ITEMS || !put_answer(model, limit, &want))
        return;
    write_item(item, number, model->item_size);
    const void *given = model->item_size == 0 && chance(2) ? NULL : item;
    if (limit.span == SPAN_TRY)
        STATUS(want, model->queue, threading_queue_try_put, (model->queue, given));
    else if (limit.span == SPAN_FOREVER && chance(2))
        STATUS(want, model->queue, threading_queue_put, (model->queue, given));
    else
        STATUS(want, model->queue, threading_queue_put_timeout, (model->queue, given, limit.seconds));
    if (want != THREADING_OK)
        return;
    model->items[model->count++] = number;
    model->unfinished++;
}

static void put_nothing(model_t *model)
{
    if (model->item_size == 0)
        return;
    STATUS(THREADING_INVALID, model->queue, threading_queue_put, (model->queue, NULL));
    STATUS(THREADING_INVALID, model->queue, threading_queue_try_put, (model->queue, NULL));
    STATUS(THREADING_INVALID, model->queue, threading_queue_put_timeout, (model->queue, NULL, 1));
}

static bool get_answer(const model_t *model, limit_t limit, threading_status_t *want)
{
    *want = limit_refused(limit);
    if (*want != THREADING_OK || model->count > 0)
        return true;
    if (model->is_shut_down) {
        *want = THREADING_SHUTDOWN;
        return true;
    }
    bool is_known = gives_up(limit, want);
    if (*want == THREADING_BUSY)
        *want = THREADING_EMPTY;
    return is_known;
}

static void get(model_t *model, limit_t limit)
{
    unsigned char item[ITEM_MAX];
    void *room = chance(8) ? NULL : item;
    threading_status_t want;
    if (!get_answer(model, limit, &want))
        return;
    if (limit.span == SPAN_TRY)
        STATUS(want, model->queue, threading_queue_try_get, (model->queue, room));
    else if (limit.span == SPAN_FOREVER && chance(2))
        STATUS(want, model->queue, threading_queue_get, (model->queue, room));
    else
        STATUS(want, model->queue, threading_queue_get_timeout, (model->queue, limit.seconds, room));
    if (want != THREADING_OK)
        return;
    uint32_t number = take(model);
    MUST(room == NULL || read_item(item, model->item_size) == number);
}

/* ---------------------------------------------------------------------------------------- others */

static void task_done(model_t *model)
{
    threading_status_t want = model->unfinished > 0 ? THREADING_OK : THREADING_INVALID;
    STATUS(want, model->queue, threading_queue_task_done, (model->queue));
    model->unfinished -= want == THREADING_OK;
}

static void join(model_t *model)
{
    limit_t limit = any_limit();
    threading_status_t want = limit_refused(limit);
    if (want == THREADING_OK && model->unfinished > 0 && !gives_up(limit, &want))
        return;
    if (limit.span == SPAN_FOREVER && chance(2))
        STATUS(want, model->queue, threading_queue_join, (model->queue));
    else
        STATUS(want, model->queue, threading_queue_join_timeout, (model->queue, limit.seconds));
}

static void look(model_t *model)
{
    NUMBER(model->count, threading_queue_size, (model->queue));
    NUMBER(model->count == 0, threading_queue_empty, (model->queue));
    NUMBER(is_full(model), threading_queue_full, (model->queue));
    NUMBER(model->unfinished, threading_queue_unfinished, (model->queue));
    NUMBER(model->maxsize, threading_queue_maxsize, (model->queue));
    NUMBER(model->is_shut_down, threading_queue_is_shutdown, (model->queue));
}

static void set_maxsize(model_t *model)
{
    model->maxsize = chance(10) ? SIZE_MAX : below(6);
    STATUS(THREADING_OK, model->queue, threading_queue_set_maxsize, (model->queue, model->maxsize));
}

/* Dropped items count as done. */
static void shut_down(model_t *model)
{
    uint32_t count = dropped, sum = dropped_sum;
    bool immediate = chance(2);
    if (immediate) {
        model->unfinished -= model->count < model->unfinished ? model->count : model->unfinished;
        expect_dropped(model, &count, &sum);
    }
    model->is_shut_down = true;
    STATUS(THREADING_OK, model->queue, threading_queue_shutdown, (model->queue, immediate));
    MUST(dropped == count && dropped_sum == sum);
}

static void nulls(void)
{
    about("no queue", 0);
    POINTER(NULL, threading_queue_retain, (NULL));
    QUIET(threading_queue_free(NULL));
    STATUS(THREADING_INVALID, NULL, threading_queue_set_destructor, (NULL, drop));
    STATUS(THREADING_INVALID, NULL, threading_queue_put, (NULL, "item"));
    STATUS(THREADING_INVALID, NULL, threading_queue_try_put, (NULL, "item"));
    STATUS(THREADING_INVALID, NULL, threading_queue_put_timeout, (NULL, "item", any_limit().seconds));
    STATUS(THREADING_INVALID, NULL, threading_queue_get, (NULL, NULL));
    STATUS(THREADING_INVALID, NULL, threading_queue_try_get, (NULL, NULL));
    STATUS(THREADING_INVALID, NULL, threading_queue_get_timeout, (NULL, any_limit().seconds, NULL));
    STATUS(THREADING_INVALID, NULL, threading_queue_task_done, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_queue_join, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_queue_join_timeout, (NULL, any_limit().seconds));
    STATUS(THREADING_INVALID, NULL, threading_queue_set_maxsize, (NULL, 1));
    STATUS(THREADING_INVALID, NULL, threading_queue_shutdown, (NULL, chance(2)));
    NUMBER(0, threading_queue_size, (NULL));
    NUMBER(false, threading_queue_empty, (NULL));
    NUMBER(false, threading_queue_full, (NULL));
    NUMBER(0, threading_queue_unfinished, (NULL));
    NUMBER(0, threading_queue_maxsize, (NULL));
    NUMBER(false, threading_queue_is_shutdown, (NULL));
}

static void rare_call(model_t *model)
{
    switch (below(8)) {
    case 0:
        set_destructor(model);
        break;
    case 1:
        set_maxsize(model);
        break;
    case 2:
        if (chance(3))
            shut_down(model);
        break;
    case 3:
        if (model->references < 3) {
            POINTER(model->queue, threading_queue_retain, (model->queue));
            model->references++;
        }
        break;
    case 4:
        put_nothing(model);
        break;
    case 5:
        make_wrong();
        if (chance(50)) /* a sanitizer tells each time */
            use_huge_items();
        break;
    case 6:
        nulls();
        break;
    default:
        give_back(model);
        break;
    }
}

static limit_t one_of_three_limits(void)
{
    uint32_t which = below(3);
    return which == 0 ? TRY : which == 1 ? FOREVER : any_limit();
}

static void step(void)
{
    int i = (int)below(QUEUES);
    model_t *model = &models[i];
    about("queue", i);
    size_of_dropped = model->item_size;
    if (model->queue == NULL)
        make(model);
    else if (chance(16))
        rare_call(model);
    else if (chance(8))
        look(model);
    else if (chance(8))
        join(model);
    else if (chance(4))
        task_done(model);
    else if (chance(2))
        put(model, one_of_three_limits());
    else
        get(model, one_of_three_limits());
}

static void end(void)
{
    for (int i = 0; i < QUEUES; i++) {
        size_of_dropped = models[i].item_size;
        while (models[i].queue != NULL)
            give_back(&models[i]);
    }
}

bool queue_source(threading_source_t *source, bool *is_ready)
{
    const model_t *model = &models[below(QUEUES)];
    *source = (threading_source_t)THREADING_SOURCE_QUEUE(model->queue);
    *is_ready = model->count > 0 || model->is_shut_down;
    return model->queue != NULL;
}

const family_t queue_family = {"queue", 900, false, step, NULL, end};
