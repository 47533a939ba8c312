/* SPDX-License-Identifier: MIT */
#include "later.h"

#include <stddef.h>
#include <stdint.h>

#include "atomic.h"
#include "memory.h"

static uintptr_t ti_later_memory; /* linked by the first pointer in each */

TI_COLD void ti_later_free(void *memory)
{
    if (memory == NULL)
        return;
    *(void **)memory =
        (void *)ti_load_pointer_relaxed(&ti_later_memory); /* relaxed: nobody else changes it now */
    ti_store_pointer_relaxed(&ti_later_memory, (uintptr_t)memory);
}

TI_COLD void ti_later_settle(void)
{
    if (ti_load_pointer_relaxed(&ti_later_memory) == 0) /* relaxed: spares the exchange, which decides */
        return;
    void *memory = (void *)ti_exchange_pointer_acquire(&ti_later_memory, 0);
    for (void *next; memory != NULL; memory = next) {
        next = *(void **)memory;
        ti_memory_free(memory);
    }
}
