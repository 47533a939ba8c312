/* SPDX-License-Identifier: MIT */
/* The search: what sim_run.c asks of sim_search.c. */
#ifndef TI_SIM_SEARCH_H
#define TI_SIM_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#define TI_SIM_DEVIATIONS 512 /* of a replay, at most */

/* What a run did otherwise than the first alternative: its number among the decisions, and what it took. */
typedef struct ti_sim_deviation {
    uint32_t decision;
    uint32_t pick;
} ti_sim_deviation;

typedef enum ti_sim_way {
    TI_SIM_BY_BOUND,
    TI_SIM_BY_CHANCE,
    TI_SIM_BY_PRIORITY,
    TI_SIM_BY_REPLAY
} ti_sim_way;

/* False: memory is out. */
bool ti_sim_search_init(uint64_t seed);
void ti_sim_search_free(void);

/* Explore all with so many interruptions, from the beginning. */
void ti_sim_search_level(uint32_t bound);

/* In front of each run. */
void ti_sim_search_begin(ti_sim_way way);

/* Take what the deviations say, and the first alternative else. */
void ti_sim_search_replay(const ti_sim_deviation *deviations, uint32_t count);

/* After it: whether the run has met each of the decisions that they are for. */
bool ti_sim_search_replay_fits(void);

/* After a run by bound: turn to what is left. False: the level is explored. */
bool ti_sim_search_next(void);

/* The next run takes the decisions of the last one again, to its end. */
void ti_sim_search_repeat(void);

/* Whether the level has left out anything for its bound. */
bool ti_sim_search_was_cut(void);

/* Of the run that was the last: */
uint32_t ti_sim_search_preemptions(void);
uint32_t ti_sim_search_deviations(ti_sim_deviation *deviations); /* how many */
uint64_t ti_sim_search_end_key(void);

#endif
