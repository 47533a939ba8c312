/* SPDX-License-Identifier: MIT */
/* Thread objects of which the last reference goes where no allocator may be called. */
#include "atomic.h"
#include "later.h"
#include "thread.h"

static uintptr_t ti_thread_later; /* linked by `next`; of each nobody has a reference */

TI_COLD void ti_thread_give_back_later(threading_thread_t *thread)
{
    if (ti_add_acquire_release(&thread->references, (uint32_t)-1) != 1 || thread->is_static)
        return; /* a static one may be a main again in a child of this child, and be listed as that */
    /* Relaxed, both: nobody else changes it now (later.h). */
    thread->next = (threading_thread_t *)ti_load_pointer_relaxed(&ti_thread_later);
    ti_store_pointer_relaxed(&ti_thread_later, (uintptr_t)thread);
}

TI_COLD void ti_thread_settle(void)
{
    ti_later_settle();
    if (ti_load_pointer_relaxed(&ti_thread_later) == 0) /* relaxed: spares the exchange, which decides */
        return;
    threading_thread_t *thread = (threading_thread_t *)ti_exchange_pointer_acquire(&ti_thread_later, 0);
    for (threading_thread_t *next; thread != NULL; thread = next) {
        next = thread->next;
        ti_store_relaxed(&thread->references, 1); /* relaxed: nobody else knows it */
        threading_thread_free(thread);
    }
}
