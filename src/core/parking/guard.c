/* SPDX-License-Identifier: MIT */
#include "guard.h"

#include "atomic.h"

#define TI_GUARD_LOCKED ((uintptr_t)1)
/* Looks before sleeping: longer than the guard is held, shorter than a sleep costs. */
#define TI_GUARD_SPINS 100
/* A while: far longer than any guard is held by a thread that runs. */
#define TI_GUARD_NAPS 200
#define TI_GUARD_NAP 500000 /* nanoseconds */

struct threading_guard_waiter {
    struct threading_guard_waiter *next;
    ti_parker *parker;
    uint32_t woken;
};

static void ti_guard_wait(struct threading_guard_waiter *waiter)
{
    /* Acquire: pairs with the release in ti_guard_wake; a park may end early, so the flag decides. */
    while (!ti_load_acquire(&waiter->woken))
        ti_port_park(waiter->parker, TI_FOREVER);
}

static void ti_guard_wake(struct threading_guard_waiter *waiter)
{
    ti_parker *parker = waiter->parker;
    /* Release: the waiter reuses its node afterwards. Its parker outlives it, so that the unpark is safe. */
    ti_store_release(&waiter->woken, 1);
    ti_port_unpark(parker);
}

static void ti_guard_lock_slow(ti_guard *guard, ti_parker *parker)
{
    struct threading_guard_waiter waiter = {NULL, parker, 0};
    for (int looks = 0;;) {
        /* Relaxed: only the swaps below decide. */
        uintptr_t word = ti_load_pointer_relaxed(&guard->word);
        if (!(word & TI_GUARD_LOCKED)) {
            if (ti_swap_pointer_acquire(&guard->word, word, word | TI_GUARD_LOCKED))
                return;
        } else if (looks < TI_GUARD_SPINS) {
            looks++;
            ti_pause();
        } else {
            waiter.next = (struct threading_guard_waiter *)(word & ~TI_GUARD_LOCKED);
            waiter.woken = 0;
            /* Release: the holder that takes the stack reads the node. Only a held guard is waited for: its
             * holder finds the stack not empty when it unlocks. */
            if (ti_swap_pointer_release(&guard->word, word, (uintptr_t)&waiter | TI_GUARD_LOCKED))
                ti_guard_wait(&waiter);
        }
    }
}

bool ti_guard_try_lock(ti_guard *guard)
{
    return ti_swap_pointer_acquire(&guard->word, 0, TI_GUARD_LOCKED);
}

TI_NOINLINE void ti_guard_lock(ti_guard *guard, ti_parker *parker)
{
    if (!ti_guard_try_lock(guard))
        ti_guard_lock_slow(guard, parker);
}

#if !defined(THREADING_NO_DIAGNOSIS)

/* Also a guard that others wait for, none of which has been woken yet, or was too slow. */
static bool ti_guard_try_lock_before_others(ti_guard *guard)
{
    uintptr_t word = ti_load_pointer_relaxed(&guard->word); /* relaxed: the swap decides */
    return !(word & TI_GUARD_LOCKED) && ti_swap_pointer_acquire(&guard->word, word, word | TI_GUARD_LOCKED);
}

bool ti_guard_lock_for_a_while(ti_guard *guard)
{
    for (int looks = 0; looks < TI_GUARD_SPINS + TI_GUARD_NAPS; looks++) {
        if (ti_guard_try_lock_before_others(guard))
            return true;
        if (looks < TI_GUARD_SPINS)
            ti_pause();
        else
            ti_port_sleep(ti_port_now() + TI_GUARD_NAP);
    }
    return false;
}

#endif

/* Take the stack and turn it round, so that who came first is woken first. */
static struct threading_guard_waiter *ti_guard_take_stack(ti_guard *guard)
{
    uintptr_t word = ti_exchange_pointer_acquire(&guard->word, TI_GUARD_LOCKED);
    struct threading_guard_waiter *stack = (struct threading_guard_waiter *)(word & ~TI_GUARD_LOCKED);
    struct threading_guard_waiter *queue = NULL;
    while (stack != NULL) {
        struct threading_guard_waiter *below = stack->next;
        stack->next = queue;
        queue = stack;
        stack = below;
    }
    return queue;
}

/* Wake one waiter. It has to compete for the guard; the thread that gets it wakes the next waiter when it
 * unlocks. */
static void ti_guard_unlock_slow(ti_guard *guard)
{
    if (guard->queue == NULL)
        guard->queue = ti_guard_take_stack(guard);
    struct threading_guard_waiter *first = guard->queue;
    guard->queue = first->next;
    ti_and_pointer_release(&guard->word, ~TI_GUARD_LOCKED);
    ti_guard_wake(first);
}

TI_NOINLINE void ti_guard_unlock(ti_guard *guard)
{
    if (guard->queue != NULL || !ti_swap_pointer_release(&guard->word, TI_GUARD_LOCKED, 0))
        ti_guard_unlock_slow(guard);
}

TI_COLD void ti_guard_reset(ti_guard *guard)
{
    /* Acquire: what earlier holders did under the guard comes before what the child does with it. */
    (void)ti_exchange_pointer_acquire(&guard->word, 0);
    guard->queue = NULL;
}
