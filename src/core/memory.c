/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include <stdlib.h>

void *ti_memory_allocate(size_t size)
{
    return calloc(1, size);
}

void *ti_memory_resize(void *memory, size_t size)
{
    return realloc(memory, size);
}

void ti_memory_free(void *memory)
{
    free(memory);
}
