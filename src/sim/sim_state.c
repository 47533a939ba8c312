/* SPDX-License-Identifier: MIT */
/*
 * The core's own variables. Each run begins with what they were before the first one, so that it finds the
 * same idents, names and memory as the run before, whatever that has left behind. This file is compiled in
 * one piece with the core (sim_core.c), whose variables it can see; the test sim.state_is_complete compares
 * the list with what the compiler has made.
 */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

static const struct {
    void *at;
    size_t size;
} ti_state[] = {
#define TI_STATE(variable)            \
    {                                 \
        &(variable), sizeof(variable) \
    }
    TI_STATE(threading_fence_kind),
    TI_STATE(ti_bias_revocations),
    TI_STATE(ti_biases),
    TI_STATE(ti_depot),
    TI_STATE(ti_executor_number),
    TI_STATE(ti_executors),
    TI_STATE(ti_foreign),
    TI_STATE(ti_fork_spare),
    TI_STATE(ti_fork_spare_is_used),
    TI_STATE(ti_fork_spare_name),
    TI_STATE(ti_fresh),
    TI_STATE(ti_future_order),
    TI_STATE(ti_hooks_exit),
    TI_STATE(ti_hooks_started),
    TI_STATE(ti_kept),
    TI_STATE(ti_later_memory),
    TI_STATE(ti_locals),
    TI_STATE(ti_main_is_known),
    TI_STATE(ti_main_self),
    TI_STATE(ti_name_count),
    TI_STATE(ti_name_of_main),
    TI_STATE(ti_natives),
    TI_STATE(ti_natives_lost),
    TI_STATE(ti_orphans),
    TI_STATE(ti_phase_exiter),
    TI_STATE(ti_phase_family),
    TI_STATE(ti_phase_finalizing),
    TI_STATE(ti_phase_used),
    TI_STATE(ti_pool),
    TI_STATE(ti_processors_told),
    TI_STATE(ti_registry),
    TI_STATE(ti_reserve),
    TI_STATE(ti_reserve_used),
    TI_STATE(ti_roll),
    TI_STATE(ti_shutdown_count),
    TI_STATE(ti_slabs),
    TI_STATE(ti_spin_processors),
    TI_STATE(ti_stack_size),
    TI_STATE(ti_thread_later),
    TI_STATE(ti_thread_main_record),
#undef TI_STATE
};

#define TI_STATE_COUNT (sizeof ti_state / sizeof *ti_state)

static char *ti_state_copy;             /* of all of them, one behind the other */
static ti_self *ti_state_of;            /* the caller's */
static ti_self ti_state_caller;         /* what it was */
static const ti_bucket ti_state_bucket; /* nobody waits between runs */

/* The records of threads that a run takes first, in their order, and the one behind them or NULL. What is in
 * a record makes no difference. */
static ti_self *ti_state_pool[TI_SIM_THREADS + 1];

static size_t ti_state_size(void)
{
    size_t size = 0;
    for (size_t i = 0; i < TI_STATE_COUNT; i++)
        size += ti_state[i].size;
    return size;
}

static void ti_state_move(bool restore)
{
    char *copy = ti_state_copy;
    for (size_t i = 0; i < TI_STATE_COUNT; copy += ti_state[i].size, i++)
        memcpy(restore ? ti_state[i].at : copy, restore ? copy : ti_state[i].at, ti_state[i].size);
}

static void ti_state_keep_pool(void)
{
    ti_self *self = (ti_self *)ti_pool;
    for (size_t i = 0; i < TI_SIM_THREADS; i++, self = self->next)
        ti_state_pool[i] = self;
    ti_state_pool[TI_SIM_THREADS] = self;
}

static void ti_state_restore_pool(void)
{
    for (size_t i = 0; i < TI_SIM_THREADS; i++)
        ti_state_pool[i]->next = ti_state_pool[i + 1];
}

/* A record for each thread that a run may have: then none makes new ones, which would be lost with it. */
static bool ti_state_stock(void)
{
    ti_self *stock[TI_SIM_THREADS];
    size_t count = 0;
    while (count < TI_SIM_THREADS && (stock[count] = ti_self_new()) != NULL)
        count++;
    bool is_full = count == TI_SIM_THREADS;
    while (count > 0)
        ti_self_free(stock[--count]);
    return is_full;
}

bool ti_sim_state_keep(void)
{
    ti_state_of = ti_self_get();
    if (!ti_hooks_start() || !ti_state_stock())
        return false;
    ti_spin_processors = 1;                    /* a thread that looks before it sleeps meets nothing new */
    ti_processors_told = TI_PROCESSORS_UNTOLD; /* a run is the same whatever the environment says */
    free(ti_state_copy);
    ti_state_copy = (char *)malloc(ti_state_size());
    if (ti_state_copy == NULL)
        return false;
    ti_state_move(false);
    ti_state_keep_pool();
    ti_state_caller = *ti_state_of;
    return ti_sim_memory_begin();
}

/* Those that the last run had to do with. */
static void ti_state_restore_buckets(void)
{
    for (uint32_t number = 0; number < ti_sim_numbers(); number++)
        *ti_parking_bucket_numbered(number) = ti_state_bucket;
}

/* What the caller's thread keeps for later, though no object is left that it is for. */
void ti_sim_state_settle(void)
{
    ti_local_abandon(ti_state_of);
    ti_local_unload();
    ti_thread_settle();
}

void ti_sim_state_restore(void)
{
    ti_state_move(true);
    ti_sim_memory_restore();
    *ti_state_of = ti_state_caller;
    ti_state_restore_pool();
    ti_state_restore_buckets();
    (void)ti_port_set_self(ti_state_of, ti_leave);
}
