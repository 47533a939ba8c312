/* SPDX-License-Identifier: MIT */
#include "runtime.h"

#include "atomic.h"
#include "fence.h"
#include "port.h"
#include "spins.h"

enum { TI_NO_HOOKS, TI_HOOKING, TI_HOOKED };

static uint32_t ti_hooks;

bool ti_runtime_start(void)
{
    /* Acquire: pairs with the release below. A thread that comes while another one registers goes on. */
    if (ti_load_acquire(&ti_hooks) != TI_NO_HOOKS || !ti_swap_acquire(&ti_hooks, TI_NO_HOOKS, TI_HOOKING))
        return true;
    ti_fence_decide();
    ti_spins_decide();
    /* Twice: see shutdown.c. NOLINTNEXTLINE(misc-redundant-expression) */
    bool hooked = ti_port_at_exit(ti_shutdown_at_exit) && ti_port_at_exit(ti_shutdown_at_exit);
    if (hooked) /* without fork hooks a forked child must not use the library, and nothing else is lost */
        (void)ti_port_at_fork(ti_fork_prepare, ti_fork_parent, ti_fork_child);
    ti_store_release(&ti_hooks, hooked ? TI_HOOKED : TI_NO_HOOKS);
    return hooked;
}
