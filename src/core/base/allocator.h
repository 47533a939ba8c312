/* SPDX-License-Identifier: MIT */
/*
 * Where memory comes from that is not the system's pages: C's malloc, or what the user has named instead.
 * memory.h and a backend without pages are all that asks here.
 */
#ifndef TI_ALLOCATOR_H
#define TI_ALLOCATOR_H

#include <stdlib.h>
#include <string.h>

#if defined(THREADING_MALLOC) && defined(THREADING_FREE) && defined(THREADING_REALLOC)

#define TI_REALLOC(memory, size) THREADING_REALLOC((memory), (size))
#define TI_FREE(memory) ti_allocator_free(memory)
#define TI_MALLOC_ZEROED(size) ti_allocator_zeroed(size)

static inline void *ti_allocator_zeroed(size_t size)
{
    void *memory = THREADING_MALLOC(size);
    if (memory != NULL)
        memset(memory, 0, size);
    return memory;
}

/* Nothing is nobody's memory: not every allocator is as patient as C's. */
static inline void ti_allocator_free(void *memory)
{
    if (memory != NULL)
        THREADING_FREE(memory);
}

#elif defined(THREADING_MALLOC) || defined(THREADING_FREE) || defined(THREADING_REALLOC)
#error "threading: define all of THREADING_MALLOC, THREADING_FREE and THREADING_REALLOC, or none of them"
#else

#define TI_REALLOC(memory, size) realloc((memory), (size))
#define TI_FREE(memory) free(memory)
#define TI_MALLOC_ZEROED(size) calloc(1, (size))

#endif

#endif
