/* SPDX-License-Identifier: MIT */
/* Memory that malloc knows nothing of: C has none, but for what the program begins with. */
#include "allocator.h"
#include "atomic.h"
#include "port.h"

#define TI_C11_RESERVE ((size_t)1 << 16) /* bytes: some sixty threads' */

/* No standard type needs more than 16 bytes. (Microsoft's <stddef.h> has no max_align_t in C.) */
#define TI_C11_ALIGNMENT ((size_t)16)

static _Alignas(16) unsigned char ti_c11_reserve[TI_C11_RESERVE];
static uint32_t ti_c11_reserve_used;

/* NULL when there is not so much left. */
static void *ti_c11_reserve_take(size_t size)
{
    for (;;) {
        uint32_t used = ti_load_relaxed(&ti_c11_reserve_used); /* relaxed: the swap decides */
        if (size > TI_C11_RESERVE - used)
            return NULL;
        /* Acquire: it is no more than a number; no two threads get the same bytes. */
        if (ti_swap_acquire(&ti_c11_reserve_used, used, used + (uint32_t)size))
            return ti_c11_reserve + used;
    }
}

void *ti_port_pages(size_t size)
{
    size = (size + TI_C11_ALIGNMENT - 1) / TI_C11_ALIGNMENT * TI_C11_ALIGNMENT;
    void *memory = ti_c11_reserve_take(size);
    if (memory != NULL)
        return memory;
    ti_port_errors errors = ti_port_errors_keep();
    memory = TI_MALLOC_ZEROED(size);
    ti_port_errors_restore(errors);
    return memory;
}

/* What came from the reserve stays there. */
void ti_port_pages_give_back(void *pages, size_t size)
{
    (void)size;
    uintptr_t offset = (uintptr_t)pages - (uintptr_t)ti_c11_reserve;
    ti_port_errors errors = ti_port_errors_keep();
    if (offset >= TI_C11_RESERVE)
        TI_FREE(pages);
    ti_port_errors_restore(errors);
}
