/* SPDX-License-Identifier: MIT */
/* Memory that malloc knows nothing of. */
#include "win32_system.h"

void *ti_port_pages(size_t size)
{
    ti_port_errors errors = ti_port_errors_keep();
    void *memory = VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    ti_port_errors_restore(errors);
    return memory;
}

void ti_port_pages_give_back(void *pages, size_t size)
{
    (void)size;
    ti_port_errors errors = ti_port_errors_keep();
    (void)VirtualFree(pages, 0, MEM_RELEASE); /* fails for no pages that there are */
    ti_port_errors_restore(errors);
}
