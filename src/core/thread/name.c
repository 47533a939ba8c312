/* SPDX-License-Identifier: MIT */
/*
 * Names of threads. A name that was read must stay valid as long as the handle, so a new name is put in front
 * of it, and all go with the object; one that nobody has read is freed when it is replaced. The registry's
 * guard protects the names of objects that other threads know.
 */
#include <stdio.h>
#include <string.h>

#include "atomic.h"
#include "memory.h"
#include "misuse.h"
#include "registry.h"
#include "thread.h"

#define TI_AUTOMATIC_SIZE 24 /* bytes for a prefix, a number and the 0 */

ti_name ti_name_of_main = {NULL, "MainThread", true};

TI_COLD void ti_name_push(threading_thread_t *record, ti_name *name)
{
    name->older = record->name;
    record->name = name;
}

static ti_name *ti_name_new(size_t size)
{
    ti_name *name = (ti_name *)ti_memory_allocate(sizeof *name + size);
    if (name != NULL)
        name->text = name->storage;
    return name;
}

static ti_name *ti_name_copy(const char *text)
{
    size_t size = strlen(text) + 1;
    ti_name *name = ti_name_new(size);
    if (name != NULL)
        memcpy(name->storage, text, size);
    return name;
}

static uint32_t ti_name_count;

/* Thread-1, Thread-2, Dummy-3: one count for all prefixes, as in CPython. */
static ti_name *ti_name_automatic(const char *prefix)
{
    ti_name *name = ti_name_new(TI_AUTOMATIC_SIZE);
    if (name == NULL)
        return NULL;
    /* Relaxed: only the number matters. */
    unsigned long number = (unsigned long)ti_add_relaxed(&ti_name_count, 1) + 1;
    ti_port_errors errors = ti_port_errors_keep();
    (void)snprintf(name->storage, TI_AUTOMATIC_SIZE, "%s-%lu", prefix, number);
    ti_port_errors_restore(errors);
    return name;
}

TI_COLD bool ti_name_give(threading_thread_t *record, const char *text, const char *prefix)
{
    bool is_automatic = text == NULL || *text == '\0';
    ti_name *name = is_automatic ? ti_name_automatic(prefix) : ti_name_copy(text);
    if (name != NULL)
        ti_name_push(record, name);
    return name != NULL;
}

TI_COLD void ti_name_free_all(threading_thread_t *record)
{
    ti_name *older;
    for (ti_name *name = record->name; name != NULL; name = older) {
        older = name->older;
        if (name->text == name->storage) /* else it is static: main's */
            ti_memory_free(name);
    }
}

TI_COLD void ti_name_reset(void)
{
    ti_name_free_all(&ti_thread_main_record);
    ti_thread_main_record.name = &ti_name_of_main;
}

static bool ti_name_is_inside(const char *at)
{
    return ((unsigned char)*at & 0xC0) == 0x80; /* a UTF-8 character's bytes but the first are 10…. */
}

/* How much of a name's beginning fits into `limit` bytes without cutting a character. Bytes that are no
 * characters are cut somewhere. */
static size_t ti_name_fit_beginning(const char *text, size_t limit)
{
    size_t length = limit;
    for (int steps = 0; steps < 3 && length > 0 && ti_name_is_inside(text + length); steps++)
        length--;
    return length > 0 ? length : limit;
}

/* The same of the last `limit` bytes before `end`. */
static size_t ti_name_fit_end(const char *end, size_t limit)
{
    size_t length = limit;
    for (int steps = 0; steps < 3 && length > 0 && ti_name_is_inside(end - length); steps++)
        length--;
    return length > 0 ? length : limit;
}

/* A name that is too long keeps as much of its beginning as of its end: numbers are there, and differ. */
static void ti_name_show_cut(const char *text, size_t size)
{
    char shown[TI_PORT_NAME_MOST];
    size_t half = (ti_port_name_limit - 1) / 2;
    size_t beginning = ti_name_fit_beginning(text, half);
    size_t end = ti_name_fit_end(text + size, half);
    memcpy(shown, text, beginning);
    shown[beginning] = '~';
    memcpy(shown + beginning + 1, text + size - end, end);
    ti_port_set_name(shown, beginning + 1 + end);
}

static void ti_name_show_text(const char *text)
{
    size_t size = strlen(text);
    if (size <= ti_port_name_limit)
        ti_port_set_name(text, size);
    else if (ti_port_name_limit > 0)
        ti_name_show_cut(text, size);
}

TI_COLD void ti_name_show(const threading_thread_t *record)
{
    ti_name_show_text(threading_thread_name(record));
}

const char *threading_thread_name(const threading_thread_t *thread)
{
    if (thread == NULL)
        return NULL;
    ti_registry_lock(ti_self_get());
    thread->name->was_read = true;
    const char *text = thread->name->text;
    ti_registry_unlock();
    return text;
}

/* Put a name in front, or in the place of one that nobody has read; that one is given back. */
static ti_name *ti_name_replace(threading_thread_t *thread, ti_name *name)
{
    ti_name *old = thread->name;
    if (!old->was_read)
        thread->name = old->older;
    ti_name_push(thread, name);
    return old->was_read ? NULL : old;
}

TI_COLD threading_status_t threading_thread_set_name(threading_thread_t *thread, const char *name)
{
    if (thread == NULL || name == NULL || *name == '\0')
        return TI_TELL(thread, THREADING_INVALID);
    ti_name *copy = ti_name_copy(name);
    if (copy == NULL)
        return THREADING_NO_MEMORY;
    ti_self *self = ti_self_get();
    ti_registry_lock(self);
    ti_name *unused = strcmp(thread->name->text, name) == 0 ? copy : ti_name_replace(thread, copy);
    ti_registry_unlock();
    ti_memory_free(unused);
    if (thread == self->record)
        ti_name_show_text(name);
    return THREADING_OK;
}
