/* SPDX-License-Identifier: MIT */
/*
 * Which alternative a run takes. The decisions of a run by bound are a stack, as in any depth-first search
 * without stored states: the next run repeats those below, and takes another alternative of the topmost that
 * has one left.
 *
 * Two orders that differ only in what cannot be told apart (two threads that touch different objects) lead
 * to the same state, with the same future. The key of a state is made of each thread's history, which knows
 * for each of its steps what it has read; a run that comes to a state that was explored with as many
 * interruptions left takes first alternatives to its end, and none of these is tried again (happens-before
 * caching: Musuvathi and Qadeer, "Partial-Order Reduction for Context-Bounded State Exploration", 2007).
 */
#include "sim_search.h"

#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define TI_SIM_SEEN 16   /* the table begins with as many states, as a power of two */
#define TI_SIM_CHANGES 5 /* of priorities: the depth of what PCT finds with a known chance, less one */

typedef struct ti_sim_decision {
    uint64_t key;   /* of the state before it */
    uint32_t spent; /* interruptions before it */
    uint8_t count;  /* alternatives */
    uint8_t free;   /* those that are no interruption */
    uint8_t pick;
    bool is_closed; /* no other alternative is to be tried */
} ti_sim_decision;

/* A state that was met, and how many interruptions were left then. */
typedef struct ti_sim_seen {
    uint64_t key; /* 0: none */
    uint32_t left;
} ti_sim_seen;

static struct {
    ti_sim_way way;
    uint64_t random;
    uint32_t bound;
    uint32_t spent;
    bool is_pruned;
    bool was_cut;

    ti_sim_decision *decisions;
    uint32_t capacity;
    uint32_t count;   /* of this run so far */
    uint32_t forced;  /* so many are repeated */
    uint32_t longest; /* of any run, for the moments at which priorities change */

    ti_sim_seen *seen;
    uint32_t seen_bits;
    uint32_t seen_count;

    const ti_sim_deviation *deviations;
    uint32_t deviation_count;
    uint32_t fitting; /* so many of them have been taken */

    uint32_t changes[TI_SIM_CHANGES];
} ti_search;

/* ---- chance ---- */

/* Marsaglia's xorshift64* ("Xorshift RNGs", 2003; Vigna, 2016). */
static uint32_t ti_search_random(uint32_t below)
{
    ti_search.random ^= ti_search.random >> 12;
    ti_search.random ^= ti_search.random << 25;
    ti_search.random ^= ti_search.random >> 27;
    return (uint32_t)((ti_search.random * UINT64_C(0x2545F4914F6CDD1D)) >> 33) % below;
}

/* ---- states that were met ---- */

static ti_sim_seen *ti_seen_find(ti_sim_seen *table, uint32_t bits, uint64_t key)
{
    uint64_t i = key >> (64 - bits);
    while (table[i].key != 0 && table[i].key != key)
        i = (i + 1) & ((UINT64_C(1) << bits) - 1);
    return &table[i];
}

/* Twice the room, once it is half full. Without memory the table stays, and new states are not kept. */
static bool ti_seen_has_room(void)
{
    if (2 * (uint64_t)ti_search.seen_count < UINT64_C(1) << ti_search.seen_bits)
        return true;
    uint32_t bits = ti_search.seen_bits + 1;
    ti_sim_seen *table = (ti_sim_seen *)calloc((size_t)1 << bits, sizeof *table);
    if (table == NULL)
        return false;
    for (size_t i = 0; i < (size_t)1 << ti_search.seen_bits; i++)
        if (ti_search.seen[i].key != 0)
            *ti_seen_find(table, bits, ti_search.seen[i].key) = ti_search.seen[i];
    free(ti_search.seen);
    ti_search.seen = table;
    ti_search.seen_bits = bits;
    return true;
}

/* Whether all that can come was explored, or is about to be, with as many interruptions. */
static bool ti_seen_before(uint64_t key, uint32_t left)
{
    ti_sim_seen *seen = ti_seen_find(ti_search.seen, ti_search.seen_bits, key);
    if (seen->key == key && seen->left >= left)
        return true;
    if (seen->key == 0) {
        if (!ti_seen_has_room())
            return false;
        seen = ti_seen_find(ti_search.seen, ti_search.seen_bits, key);
        ti_search.seen_count++;
    }
    *seen = (ti_sim_seen){key, left};
    return false;
}

/* ---- the alternatives ---- */

static uint32_t ti_search_by_chance(uint32_t count, uint32_t free)
{
    if (free == count) /* of which none is the usual one */
        return ti_search_random(count);
    return ti_search_random(5) != 0 ? ti_search_random(free) : ti_search_random(count);
}

static uint32_t ti_search_by_deviation(uint32_t count)
{
    for (uint32_t i = 0; i < ti_search.deviation_count; i++)
        if (ti_search.deviations[i].decision == ti_search.count && ti_search.deviations[i].pick < count) {
            ti_search.fitting++;
            return ti_search.deviations[i].pick;
        }
    return 0;
}

/* What a new decision takes, by the way of the run. */
static uint32_t ti_search_pick(const ti_sim_decision *decision)
{
    switch (ti_search.way) {
    case TI_SIM_BY_BOUND:
        return 0;
    case TI_SIM_BY_REPLAY:
        return ti_search_by_deviation(decision->count);
    default:
        return ti_search_by_chance(decision->count, decision->free);
    }
}

static bool ti_search_has_room(void)
{
    if (ti_search.count < ti_search.capacity)
        return true;
    uint32_t capacity = ti_search.capacity == 0 ? 256 : 2 * ti_search.capacity;
    ti_sim_decision *more = (ti_sim_decision *)realloc(ti_search.decisions, capacity * sizeof *more);
    if (more == NULL)
        return false;
    ti_search.decisions = more;
    ti_search.capacity = capacity;
    return true;
}

/* The next decision of the run: one that is repeated, or a new one. */
static ti_sim_decision *ti_search_decision(uint32_t count, uint32_t free)
{
    uint64_t key = ti_sim_key();
    if (ti_search.count < ti_search.forced) {
        ti_sim_decision *decision = &ti_search.decisions[ti_search.count];
        if (decision->count != count || decision->free != free || decision->key != key)
            ti_sim_fail(THREADING_SIM_NONDETERMINISM,
                        "the same decisions led to another run: the body depends on "
                        "something that is not its own");
        return decision;
    }
    if (!ti_search_has_room())
        ti_sim_fail(THREADING_SIM_UNSUPPORTED, "there is no memory for so long a run");
    ti_sim_decision *decision = &ti_search.decisions[ti_search.count];
    *decision = (ti_sim_decision){key, ti_search.spent, (uint8_t)count, (uint8_t)free, 0, false};
    if (ti_search.way == TI_SIM_BY_BOUND && !ti_search.is_pruned)
        ti_search.is_pruned = ti_seen_before(key, ti_search.bound - ti_search.spent);
    decision->is_closed = ti_search.is_pruned;
    decision->pick = (uint8_t)ti_search_pick(decision);
    return decision;
}

static uint32_t ti_search_take(const ti_sim_decision *decision)
{
    ti_search.count++;
    ti_search.spent += decision->pick >= decision->free;
    return decision->pick;
}

/* It comes in the middle of a step. Without a part of the history before it and behind it, two decisions
 * would be made in one state, the second of which would look as if it had been explored. */
uint32_t ti_sim_choose(uint32_t count, uint32_t free)
{
    if (count < 2)
        return 0;
    uint64_t *history = &ti_sim.running->history;
    *history = ti_sim_mix(*history, 2);
    uint32_t pick = ti_search_take(ti_search_decision(count, free));
    *history = ti_sim_mix(*history, 3 + (uint64_t)pick);
    return pick;
}

/* ---- priorities ---- */

/* At some moments of the run the one that is running becomes the last of all. */
static void ti_search_change_priorities(void)
{
    for (uint32_t i = 0; i < TI_SIM_CHANGES; i++)
        if (ti_search.changes[i] == ti_search.count)
            ti_sim.running->priority = 1 + i;
}

static uint32_t ti_search_by_priority(ti_sim_thread *const *ready, uint32_t threads)
{
    uint32_t best = 0;
    ti_search_change_priorities();
    for (uint32_t i = 0; i < threads; i++) {
        if (ready[i]->priority == 0)
            ready[i]->priority = 1 + TI_SIM_CHANGES + ti_search_random(1000);
        if (ready[i]->priority > ready[best]->priority)
            best = i;
    }
    return best;
}

uint32_t ti_sim_choose_thread(ti_sim_thread *const *ready, uint32_t threads, uint32_t count, uint32_t free)
{
    ti_sim_decision *decision = ti_search_decision(count, free);
    if (ti_search.way == TI_SIM_BY_PRIORITY && threads > 0 &&
        ti_search_random(16) != 0) /* else by chance: time */
        decision->pick = (uint8_t)ti_search_by_priority(ready, threads);
    return ti_search_take(decision);
}

/* ---- run after run ---- */

bool ti_sim_search_init(uint64_t seed)
{
    memset(&ti_search, 0, sizeof ti_search);
    ti_search.random = ti_sim_mix(UINT64_C(0x9E3779B97F4A7C15), seed);
    ti_search.seen_bits = TI_SIM_SEEN;
    ti_search.seen = (ti_sim_seen *)calloc((size_t)1 << TI_SIM_SEEN, sizeof *ti_search.seen);
    return ti_search.seen != NULL;
}

void ti_sim_search_free(void)
{
    free(ti_search.seen);
    free(ti_search.decisions);
    ti_search.seen = NULL;
    ti_search.decisions = NULL;
}

void ti_sim_search_level(uint32_t bound)
{
    ti_search.bound = bound;
    ti_search.forced = 0;
    ti_search.was_cut = false;
    ti_search.seen_count = 0;
    memset(ti_search.seen, 0, sizeof *ti_search.seen << ti_search.seen_bits);
}

void ti_sim_search_begin(ti_sim_way way)
{
    ti_search.way = way;
    ti_search.count = 0;
    ti_search.spent = 0;
    ti_search.is_pruned = false;
    if (way != TI_SIM_BY_BOUND)
        ti_search.forced = 0;
    for (uint32_t i = 0; i < TI_SIM_CHANGES; i++)
        ti_search.changes[i] = ti_search_random(ti_search.longest + 1);
}

void ti_sim_search_replay(const ti_sim_deviation *deviations, uint32_t count)
{
    ti_search.deviations = deviations;
    ti_search.deviation_count = count;
    ti_search.fitting = 0;
    ti_sim_search_begin(TI_SIM_BY_REPLAY);
}

/* Whether the decision has an alternative left within the bound. */
static bool ti_search_can_turn(const ti_sim_decision *decision)
{
    uint32_t next = decision->pick + 1U;
    if (decision->is_closed || next >= decision->count)
        return false;
    bool is_within = decision->spent + (next >= decision->free) <= ti_search.bound;
    ti_search.was_cut = ti_search.was_cut || !is_within;
    return is_within;
}

bool ti_sim_search_next(void)
{
    if (ti_search.longest < ti_search.count)
        ti_search.longest = ti_search.count;
    while (ti_search.count > 0) {
        ti_sim_decision *last = &ti_search.decisions[ti_search.count - 1];
        if (ti_search_can_turn(last)) {
            last->pick++;
            ti_search.forced = ti_search.count;
            return true;
        }
        ti_search.count--;
    }
    return false;
}

void ti_sim_search_repeat(void)
{
    uint32_t count = ti_search.count;
    ti_sim_search_begin(TI_SIM_BY_BOUND);
    ti_search.forced = count;
}

bool ti_sim_search_was_cut(void)
{
    return ti_search.was_cut;
}

bool ti_sim_search_replay_fits(void)
{
    return ti_search.fitting == ti_search.deviation_count;
}

uint32_t ti_sim_search_preemptions(void)
{
    return ti_search.spent;
}

uint32_t ti_sim_search_deviations(ti_sim_deviation *deviations)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < ti_search.count; i++)
        if (ti_search.decisions[i].pick != 0 && count < TI_SIM_DEVIATIONS)
            deviations[count++] = (ti_sim_deviation){i, ti_search.decisions[i].pick};
    return count;
}

uint64_t ti_sim_search_end_key(void)
{
    return ti_sim_key();
}
