/* SPDX-License-Identifier: MIT */
#include "names.h"

#include <string.h>

#include "memory.h"
#include "misuse.h"
#include "registry.h"

#if !defined(THREADING_NO_DIAGNOSIS)

#define TI_NAMES_BITS 8

typedef struct ti_label {
    struct ti_label *next;
    const void *object;
    char text[];
} ti_label;

static ti_label *ti_names[1 << TI_NAMES_BITS]; /* under the registry's guard */

/* Hashed as in parking.h. */
TI_COLD static ti_label **ti_names_chain(const void *object)
{
    return &ti_names[(uintptr_t)object * UINT64_C(0x9E3779B97F4A7C15) >> (64 - TI_NAMES_BITS)];
}

/* The link to an object's label, or to NULL. */
TI_COLD static ti_label **ti_names_link(const void *object)
{
    ti_label **link = ti_names_chain(object);
    while (*link != NULL && (*link)->object != object)
        link = &(*link)->next;
    return link;
}

TI_COLD const char *ti_names_find(const void *object)
{
    const ti_label *label = *ti_names_link(object);
    return label != NULL ? label->text : NULL;
}

TI_COLD static ti_label *ti_label_new(const void *object, const char *name)
{
    size_t size = strlen(name) + 1;
    ti_label *label = (ti_label *)ti_memory_allocate(sizeof *label + size);
    if (label == NULL)
        return NULL;
    label->object = object;
    memcpy(label->text, name, size);
    return label;
}

/* Put a label, or none, in the place of the object's, which is given back. */
TI_COLD static ti_label *ti_names_replace(const void *object, ti_label *label)
{
    ti_registry_lock(ti_self_get());
    ti_label **link = ti_names_link(object);
    ti_label *old = *link;
    ti_label *next = old != NULL ? old->next : NULL;
    *link = label != NULL ? label : next;
    if (label != NULL)
        label->next = next;
    ti_registry_unlock();
    return old;
}

TI_COLD threading_status_t threading_object_set_name(const void *object, const char *name)
{
    if (object == NULL)
        return TI_TELL(object, THREADING_INVALID);
    bool is_named = name != NULL && *name != '\0';
    ti_label *label = is_named ? ti_label_new(object, name) : NULL;
    if (is_named && label == NULL)
        return THREADING_NO_MEMORY;
    ti_memory_free(ti_names_replace(object, label));
    return THREADING_OK;
}

/* As much as there is room for, and a 0. */
TI_COLD static void ti_name_copy_cut(char *buffer, size_t size, const char *name)
{
    size_t length = strlen(name);
    size_t fits = length < size ? length : size - 1;
    memcpy(buffer, name, fits);
    buffer[fits] = '\0';
}

TI_COLD size_t ti_names_copy(const void *object, char *buffer, size_t size)
{
    const char *found = object != NULL ? ti_names_find(object) : NULL;
    const char *name = found != NULL ? found : "";
    if (buffer != NULL && size > 0)
        ti_name_copy_cut(buffer, size, name);
    return strlen(name);
}

TI_COLD size_t threading_object_name(const void *object, char *buffer, size_t size)
{
    ti_registry_lock(ti_self_get());
    size_t length = ti_names_copy(object, buffer, size);
    ti_registry_unlock();
    return length;
}

TI_COLD void ti_names_forget(void)
{
    for (size_t i = 0; i < sizeof ti_names / sizeof *ti_names; i++)
        for (ti_label *label = ti_names[i], *next; label != NULL; label = next) {
            next = label->next;
            ti_memory_free(label);
        }
    memset(ti_names, 0, sizeof ti_names);
}

#endif
