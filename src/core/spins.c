/* SPDX-License-Identifier: MIT */
#include "spins.h"

#include "port.h"

uint32_t ti_spins_allowed;

void ti_spins_decide(void)
{
    ti_store_relaxed(&ti_spins_allowed, ti_port_cpu_count() > 1 ? TI_SPINS : 0);
}
