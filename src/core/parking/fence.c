/* SPDX-License-Identifier: MIT */
#include "fence.h"

#include "port.h"

/* Nanoseconds in which every processor has written out what was in its store buffer when they began. Some
 * hundred stores are, each of which may have to fetch its line of memory: that is tens of microseconds at
 * most. */
#define TI_SETTLED 1000000

uint32_t threading_fence_kind;

void ti_fence_decide(void)
{
    if (ti_load_acquire(&threading_fence_kind) != TI_FENCE_UNKNOWN)
        return;
    uint32_t kind = ti_port_fence_start() ? TI_FENCE_SHARED : TI_FENCE_NONE;
    /* Of several threads that ask the system at once the first decides, for all. If SHARED is decided
     * although the system refuses the fence, the first waiter finds it lost. */
    (void)ti_swap_acquire(&threading_fence_kind, TI_FENCE_UNKNOWN, kind);
}

void ti_fence_all(void)
{
    ti_fence_decide();
    /* Sequential, here and below: in the order of the waiters' announcements. */
    uint32_t kind = ti_load_sequential(&threading_fence_kind);
    if (kind == TI_FENCE_SHARED && !ti_port_fence_all()) {
        kind = TI_FENCE_LOST;
        ti_store_sequential(&threading_fence_kind, kind);
    }
    if (kind == TI_FENCE_LOST)
        ti_port_sleep(ti_port_now() + TI_SETTLED);
}

void ti_fence_reset(void)
{
    ti_store_relaxed(&threading_fence_kind, TI_FENCE_UNKNOWN); /* relaxed: the child has one thread */
    ti_fence_decide();
}
