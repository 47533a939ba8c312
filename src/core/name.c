/* SPDX-License-Identifier: MIT */
/*
 * Names of threads. A name that was read must stay valid as long as the handle, so a new name is put in front of
 * the old ones, and all go with the object.
 */
#include <stdio.h>
#include <string.h>

#include "atomic.h"
#include "memory.h"
#include "thread.h"

#define TI_AUTOMATIC_SIZE 24 /* bytes for a prefix, a number and the 0 */

typedef struct ti_name {
    struct ti_name *older;
    const char *text;
    char storage[];
} ti_name;

ti_name ti_name_of_main = {NULL, "MainThread"};

static ti_name *ti_name_newest(const threading_thread_t *record)
{
    /* Acquire: pairs with the release in ti_name_push, for the text. */
    return (ti_name *)ti_load_pointer_acquire(&record->name);
}

static void ti_name_push(threading_thread_t *record, ti_name *name)
{
    do {
        name->older = ti_name_newest(record);
        /* Release: a reader of the pointer reads the text. */
    } while (!ti_swap_pointer_release(&record->name, (uintptr_t)name->older, (uintptr_t)name));
}

static ti_name *ti_name_new(size_t size)
{
    ti_name *name = (ti_name *)ti_memory_allocate(sizeof *name + size);
    if (name != NULL)
        name->text = name->storage;
    return name;
}

static bool ti_name_add(threading_thread_t *record, const char *text)
{
    size_t size = strlen(text) + 1;
    ti_name *name = ti_name_new(size);
    if (name == NULL)
        return false;
    memcpy(name->storage, text, size);
    ti_name_push(record, name);
    return true;
}

/* Thread-1, Thread-2, Dummy-3: one count for all prefixes, as in CPython. */
static bool ti_name_add_automatic(threading_thread_t *record, const char *prefix)
{
    static uint32_t count;
    ti_name *name = ti_name_new(TI_AUTOMATIC_SIZE);
    if (name == NULL)
        return false;
    /* Relaxed: only the number matters. */
    unsigned long number = (unsigned long)ti_add_relaxed(&count, 1) + 1;
    (void)snprintf(name->storage, TI_AUTOMATIC_SIZE, "%s-%lu", prefix, number);
    ti_name_push(record, name);
    return true;
}

bool ti_name_give(threading_thread_t *record, const char *name, const char *prefix)
{
    if (name == NULL || *name == '\0')
        return ti_name_add_automatic(record, prefix);
    return ti_name_add(record, name);
}

void ti_name_free_all(threading_thread_t *record)
{
    ti_name *older;
    for (ti_name *name = ti_name_newest(record); name != NULL; name = older) {
        older = name->older;
        ti_memory_free(name);
    }
}

/* How much of a name fits into `limit` bytes without cutting a UTF-8 character, whose bytes but the first are 10…. */
static size_t ti_name_fit(const char *text, size_t limit)
{
    size_t length = strlen(text);
    if (length <= limit)
        return length;
    length = limit;
    for (int steps = 0; steps < 3 && length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80; steps++)
        length--;
    return length > 0 ? length : limit;
}

void ti_name_show(const threading_thread_t *record)
{
    const char *text = ti_name_newest(record)->text;
    ti_port_set_name(text, ti_name_fit(text, ti_port_name_limit));
}

const char *threading_thread_name(const threading_thread_t *thread)
{
    return thread != NULL ? ti_name_newest(thread)->text : NULL;
}

static bool ti_name_is(const threading_thread_t *thread, const char *text)
{
    return strcmp(ti_name_newest(thread)->text, text) == 0;
}

threading_status_t threading_thread_set_name(threading_thread_t *thread, const char *name)
{
    if (thread == NULL || name == NULL || *name == '\0')
        return THREADING_INVALID;
    if (!ti_name_is(thread, name) && !ti_name_add(thread, name))
        return THREADING_NO_MEMORY;
    if (thread == ti_self_get()->record)
        ti_name_show(thread);
    return THREADING_OK;
}
