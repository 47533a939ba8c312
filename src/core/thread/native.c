/* SPDX-License-Identifier: MIT */
#include "native.h"

#include "atomic.h"
#include "faults.h"
#include "phase.h"
#include "port.h"

static uint32_t ti_natives;      /* that were started, and are not known to be gone */
static uint32_t ti_natives_lost; /* not 0: one was detached whose end nothing tells */
static uintptr_t ti_orphans;     /* Thread objects, linked by `next` */

/* Release: what the thread did comes before the code is unloaded. */
static void ti_native_is_gone(void)
{
    ti_add_acquire_release(&ti_natives, (uint32_t)-1);
}

static void ti_orphans_put(threading_thread_t *thread)
{
    uintptr_t first;
    do {
        first = ti_load_pointer_relaxed(&ti_orphans); /* relaxed: the swap decides */
        thread->next = (threading_thread_t *)first;
        /* Release: pairs with the acquire in ti_orphans_bury, for `next`. */
    } while (!ti_swap_pointer_release(&ti_orphans, first, (uintptr_t)thread));
}

/* The list is only ever taken as a whole, so that no swap meets an object that was freed and made again.
 * Few are in it: a thread comes here when it has ended. */
TI_COLD static void ti_orphans_bury(void)
{
    if (ti_load_pointer_relaxed(&ti_orphans) == 0) /* relaxed: spares the exchange, which decides */
        return;
    threading_thread_t *orphan = (threading_thread_t *)ti_exchange_pointer_acquire(&ti_orphans, 0);
    for (threading_thread_t *next; orphan != NULL; orphan = next) {
        next = orphan->next;
        if (ti_port_thread_try_join(&orphan->native)) {
            ti_native_is_gone();
            ti_thread_dispose(orphan);
        } else {
            ti_orphans_put(orphan);
        }
    }
}

threading_status_t ti_native_start(ti_port_thread *thread, void (*entry)(void *argument), void *argument,
                                   size_t stack_size)
{
    if (ti_fault_is_due(TI_FAULT_THREAD))
        return THREADING_NO_THREADS;
    ti_orphans_bury();
    ti_add_relaxed(&ti_natives, 1); /* relaxed: only the number matters */
    threading_status_t status = ti_port_thread_start(thread, entry, argument, stack_size);
    if (status != THREADING_OK)
        ti_native_is_gone();
    return status;
}

void ti_native_join(ti_port_thread *thread)
{
    ti_port_thread_join(thread);
    ti_native_is_gone();
}

TI_COLD bool ti_native_abandon(threading_thread_t *thread)
{
    ti_home home = ti_port_home();
    if (home == TI_HOME_PINNED && !ti_phase_is_exiting()) {
        ti_orphans_put(thread);
        return true;
    }
    if (home == TI_HOME_LOOSE)
        ti_store_release(&ti_natives_lost, 1);
    ti_port_thread_detach(&thread->native);
    ti_native_is_gone();
    return false;
}

TI_COLD bool ti_natives_are_gone(void)
{
    ti_orphans_bury();
    return ti_load_acquire(&ti_natives) == 0 && !ti_load_acquire(&ti_natives_lost);
}

TI_COLD void ti_natives_detach(void)
{
    threading_thread_t *orphan = (threading_thread_t *)ti_exchange_pointer_acquire(&ti_orphans, 0);
    for (threading_thread_t *next; orphan != NULL; orphan = next) {
        next = orphan->next;
        ti_port_thread_detach(&orphan->native);
        ti_thread_dispose(orphan);
    }
}

TI_COLD void ti_natives_reset(void)
{
    threading_thread_t *orphan = (threading_thread_t *)ti_load_pointer_relaxed(&ti_orphans);
    for (threading_thread_t *next; orphan != NULL; orphan = next) {
        next = orphan->next;
        ti_store_relaxed(&orphan->references, 1); /* relaxed: as below; it had none any more */
        ti_thread_give_back_later(orphan);
    }
    /* Relaxed: the child has one thread. */
    ti_store_pointer_relaxed(&ti_orphans, 0);
    ti_store_relaxed(&ti_natives, 0);
    ti_store_relaxed(&ti_natives_lost, 0);
}
