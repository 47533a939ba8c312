/* SPDX-License-Identifier: MIT */
/* What the core in a build for sim tells the scheduler; all of it does nothing in a thread of no run. */
#ifndef TI_SIM_POINTS_H
#define TI_SIM_POINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an operation orders; and whether it is the user's own, which with weak loads is weak even if the run
 * does not decide within the library. */
enum { TI_SIM_RELAXED = 0, TI_SIM_ACQUIRE = 1, TI_SIM_RELEASE = 2, TI_SIM_SEQUENTIAL = 4, TI_SIM_USERS = 8 };

/* The calling thread is about to do something that others can see: another one may come first. Only if the
 * run decides within the library too. */
void ti_sim_before(const void *word);

/* It has read the word, written it, or both at once; nothing came between. The first says what the read shall
 * give: an older value, if the run has weak loads. */
uint64_t ti_sim_loaded(const void *word, int order, uint64_t value);
void ti_sim_stored(const void *word, int order, uint64_t before, uint64_t value);
void ti_sim_changed(const void *word, int order, uint64_t before, uint64_t value);

/* A fence of the user's. */
void ti_sim_fenced(int order);

/* It looks again and again. */
void ti_sim_pause(void);

/* A number for an address that is the same in each run, whatever the address. */
uint32_t ti_sim_number(const void *address);

#endif
