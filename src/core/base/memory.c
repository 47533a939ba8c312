/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include <stdlib.h>

#include "annotate.h"
#include "port.h"

void *ti_memory_allocate(size_t size)
{
    ti_port_errors errors = ti_port_errors_keep();
    void *memory = calloc(1, size);
    ti_port_errors_restore(errors);
    return memory;
}

void *ti_memory_resize(void *memory, size_t size)
{
    ti_port_errors errors = ti_port_errors_keep();
    void *resized = realloc(memory, size);
    ti_port_errors_restore(errors);
    return resized;
}

void ti_memory_free(void *memory)
{
    ti_port_errors errors = ti_port_errors_keep();
    free(memory);
    ti_port_errors_restore(errors);
}

/* Tools that look for memory that was lost look for pointers in malloc's. */
void *ti_memory_keep(size_t size)
{
    return TI_KEEPS_MEMORY ? ti_port_pages(size) : ti_memory_allocate(size);
}

void ti_memory_end(void *memory, size_t size)
{
    if (TI_KEEPS_MEMORY)
        ti_port_pages_give_back(memory, size);
    else
        ti_memory_free(memory);
}
