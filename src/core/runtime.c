/* SPDX-License-Identifier: MIT */
#include "runtime.h"

#include "atomic.h"
#include "fence.h"
#include "port.h"
#include "self.h"
#include "spins.h"

static uint32_t ti_used;
static uint32_t ti_started;
static uint32_t ti_exit_is_hooked; /* for as long as the code is loaded */

/* Two threads at once may both register it: running it more than once does no harm. */
static bool ti_runtime_hook_exit(void)
{
    if (ti_load_acquire(&ti_exit_is_hooked))
        return true;
    /* Twice: see shutdown.c. NOLINTNEXTLINE(misc-redundant-expression) */
    bool hooked = ti_port_at_exit(ti_shutdown_at_exit) && ti_port_at_exit(ti_shutdown_at_exit);
    if (hooked)
        ti_store_release(&ti_exit_is_hooked, 1);
    return hooked;
}

bool ti_runtime_is_used(void)
{
    return ti_load_acquire(&ti_used) != 0;
}

/* Before a first thread takes a guard or is entered anywhere: a fork beside that finds it (fork.c). */
void ti_runtime_use(void)
{
    ti_store_release(&ti_used, 1);
}

TI_COLD void ti_runtime_reset(void)
{
    ti_self_reset();
    ti_store_release(&ti_started, 0);
    ti_store_release(&ti_used, 0); /* last: then nothing is left of the use before */
}

TI_COLD bool ti_runtime_start(void)
{
    if (ti_load_acquire(&ti_started))
        return true;
    ti_fence_decide();
    ti_spins_decide();
    /* Without hooks around fork a child would find guards held: a start is refused then, and tried again. */
    bool started = ti_port_pin() && ti_port_at_fork() && ti_runtime_hook_exit();
    if (started)
        ti_store_release(&ti_started, 1); /* pairs with the acquire above */
    return started;
}
