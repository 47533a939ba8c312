/* SPDX-License-Identifier: MIT */
#include "fence.h"

#include "port.h"

/* Nanoseconds in which every processor has written out what it had to write when they began. */
#define TI_SETTLED 1000000

uint32_t threading_fence_kind;

void ti_fence_decide(void)
{
    if (ti_load_acquire(&threading_fence_kind) != TI_FENCE_UNKNOWN)
        return;
    uint32_t kind = ti_port_fence_start() ? TI_FENCE_SHARED : TI_FENCE_NONE;
    /* Of several threads that ask the system at once the first decides. If one of them was told that there is
     * none, although others have it, the fence is not used or is there all the same. */
    (void)ti_swap_acquire(&threading_fence_kind, TI_FENCE_UNKNOWN, kind);
}

/*
 * The system had the fence and has it no more (a sandbox was entered). From here on releasers make their own
 * again. One that is just between its look at the kind and its look at the count has either been interrupted
 * since, which is a fence, or will have written its word before the time is over.
 */
static void ti_fence_give_up(void)
{
    ti_store_sequential(&threading_fence_kind, TI_FENCE_NONE);
    ti_port_sleep(ti_port_now() + TI_SETTLED);
}

void ti_fence_all(void)
{
    ti_fence_decide();
    if (ti_fence_is_shared() && !ti_port_fence_all())
        ti_fence_give_up();
}

void ti_fence_reset(void)
{
    ti_store_relaxed(&threading_fence_kind, TI_FENCE_UNKNOWN); /* relaxed: the child has one thread */
    ti_fence_decide();
}
