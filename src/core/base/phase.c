/* SPDX-License-Identifier: MIT */
#include "phase.h"

#include "atomic.h"

uint32_t ti_phase_family;

static uint32_t ti_phase_used;
static uint32_t ti_phase_exiter; /* ident of the thread that ends the process */
static uint32_t ti_phase_finalizing;

bool ti_phase_is_used(void)
{
    return ti_load_acquire(&ti_phase_used) != 0;
}

void ti_phase_use(void)
{
    ti_store_release(&ti_phase_used, 1);
}

void ti_phase_forget_use(void)
{
    ti_store_release(&ti_phase_used, 0);
}

bool ti_phase_claim_exit(uint32_t ident)
{
    /* Relaxed: only the thread of that ident puts it there. */
    return ti_swap_acquire(&ti_phase_exiter, 0, ident) || ti_load_relaxed(&ti_phase_exiter) == ident;
}

bool ti_phase_is_exiting(void)
{
    return ti_load_acquire(&ti_phase_exiter) != 0;
}

void ti_phase_finalize(void)
{
    ti_store_release(&ti_phase_finalizing, 1);
}

bool ti_phase_is_finalizing(void)
{
    return ti_load_acquire(&ti_phase_finalizing) != 0;
}

void ti_phase_reset(void)
{
    ti_phase_exiter = 0;
    ti_phase_finalizing = 0;
}
