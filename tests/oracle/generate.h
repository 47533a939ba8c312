/* SPDX-License-Identifier: MIT */
/* Makes scenarios by chance, and smaller ones out of one that fails. */
#ifndef ORACLE_GENERATE_H
#define ORACLE_GENERATE_H

#include "script.h"

/* The same seed gives the same scenario everywhere. */
void generate_scenario(scenario_t *scenario, uint32_t seed, bool python);

/* The scenario without `count` steps from `first` on, and without what is not allowed then. */
void generate_without(const scenario_t *whole, int first, int count, scenario_t *scenario);

#endif
