/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include "allocator.h"
#include "annotate.h"
#include "faults.h"
#include "port.h"

void *ti_memory_allocate(size_t size)
{
    if (ti_fault_is_due(TI_FAULT_MEMORY))
        return NULL;
    ti_port_errors errors = ti_port_errors_keep();
    void *memory = TI_MALLOC_ZEROED(size);
    ti_port_errors_restore(errors);
    return memory;
}

void *ti_memory_resize(void *memory, size_t size)
{
    if (ti_fault_is_due(TI_FAULT_MEMORY))
        return NULL;
    ti_port_errors errors = ti_port_errors_keep();
    void *resized = TI_REALLOC(memory, size);
    ti_port_errors_restore(errors);
    return resized;
}

void ti_memory_free(void *memory)
{
    ti_port_errors errors = ti_port_errors_keep();
    TI_FREE(memory);
    ti_port_errors_restore(errors);
}

/* Tools that look for memory that was lost look for pointers in malloc's. */
void *ti_memory_keep(size_t size)
{
    if (!TI_KEEPS_MEMORY)
        return ti_memory_allocate(size);
    return ti_fault_is_due(TI_FAULT_MEMORY) ? NULL : ti_port_pages(size);
}

void ti_memory_end(void *memory, size_t size)
{
    if (TI_KEEPS_MEMORY)
        ti_port_pages_give_back(memory, size);
    else
        ti_memory_free(memory);
}
