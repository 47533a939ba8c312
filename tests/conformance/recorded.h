/* SPDX-License-Identifier: MIT */
/* What a call of the diagnosis has written, and waiting until a thread waits. Included once in each suite. */
#ifndef RECORDED_H
#define RECORDED_H

#include <stdlib.h>
#include <string.h>

#include "conformance.h"
#include "gate.h"

typedef struct recorded {
    char *text;
    size_t length;
    size_t room;
} recorded_t;

/* A threading_write_t: it gets whole lines. */
THREADING_UNUSED static void record(void *context, const char *text, size_t length)
{
    recorded_t *recorded = context;
    CHECK(length > 0 && text[length - 1] == '\n');
    if (recorded->length + length >= recorded->room) {
        recorded->room = (recorded->length + length + 1) * 2;
        recorded->text = realloc(recorded->text, recorded->room);
        CHECK(recorded->text != NULL);
    }
    memcpy(recorded->text + recorded->length, text, length);
    recorded->length += length;
    recorded->text[recorded->length] = '\0';
}

/* The caller frees it. */
THREADING_UNUSED static char *recorded_text(threading_status_t (*call)(threading_write_t write,
                                                                       void *context))
{
    recorded_t recorded = {NULL, 0, 0};
    CHECK_STATUS(call(record, &recorded), THREADING_OK);
    CHECK(recorded.text != NULL && strlen(recorded.text) == recorded.length);
    return recorded.text;
}

/* Until the dump has those words. */
THREADING_UNUSED static void await_dump(const char *words)
{
    for (bool found = false; !found;) {
        char *text = recorded_text(threading_dump);
        found = strstr(text, words) != NULL;
        free(text);
        if (!found)
            (void)threading_sleep(0.0005);
    }
}

/* The diagnosis may have been left out. */
THREADING_UNUSED static void needs_diagnosis(void)
{
    recorded_t recorded = {NULL, 0, 0};
    if (threading_dump(record, &recorded) == THREADING_UNSUPPORTED)
        SKIP("the library was built without its diagnosis");
    free(recorded.text);
}

THREADING_UNUSED static int count_of(const char *text, const char *words)
{
    int count = 0;
    for (; (text = strstr(text, words)) != NULL; text += strlen(words))
        count++;
    return count;
}

/* A thread that takes a lock and gives it back, so many times; the case holds the lock until the thread waits. */
typedef struct taker {
    threading_lock_t *lock;
    int times;
    atomic_int taken;
    atomic_int asked;
} taker_t;

static void *take(void *arg)
{
    taker_t *taker = arg;
    for (int i = 0; i < taker->times; i++) {
        AWAIT(atomic_load(&taker->asked) > i);
        CHECK_STATUS(threading_lock_acquire(taker->lock), THREADING_OK);
        CHECK_STATUS(threading_lock_release(taker->lock), THREADING_OK);
        atomic_fetch_add(&taker->taken, 1);
    }
    return NULL;
}

static void started_as(threading_thread_t **thread, const char *name, threading_target_t target, void *arg)
{
    *thread = threading_thread_new(target, arg, &(threading_thread_options_t){.name = name});
    CHECK_STATUS(threading_thread_start(*thread), THREADING_OK);
}

/* Let the taker wait for the named lock once, for at least so long. */
THREADING_UNUSED static void let_wait(taker_t *taker, const char *words, double seconds)
{
    int before = atomic_load(&taker->taken);
    CHECK_STATUS(threading_lock_acquire(taker->lock), THREADING_OK);
    atomic_fetch_add(&taker->asked, 1);
    await_dump(words);
    CHECK_STATUS(threading_sleep(seconds), THREADING_OK);
    CHECK_STATUS(threading_lock_release(taker->lock), THREADING_OK);
    AWAIT(atomic_load(&taker->taken) > before);
}

static threading_lock_t hot;

/* A thread of that name that waits so many times for the lock "hot", and ends. */
THREADING_UNUSED static void wait_for_hot(const char *name, int times, double seconds)
{
    threading_thread_t *thread;
    taker_t taker = {.lock = &hot, .times = times};
    CHECK_STATUS(threading_object_set_name(&hot, "hot"), THREADING_OK);
    started_as(&thread, name, take, &taker);
    for (int i = 0; i < times; i++)
        let_wait(&taker, "waits for Lock \"hot\"", seconds);
    finished(thread);
}

THREADING_UNUSED static void *do_nothing(void *arg)
{
    return arg;
}

/* Have an executor do a task. */
THREADING_UNUSED static void have_it_done(threading_executor_t *executor)
{
    threading_future_t *future;
    CHECK_STATUS(threading_executor_submit(executor, do_nothing, NULL, &future), THREADING_OK);
    CHECK_STATUS(threading_future_result(future, NULL), THREADING_OK);
    threading_future_free(future);
}

#endif
