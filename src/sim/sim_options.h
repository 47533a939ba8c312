/* SPDX-License-Identifier: MIT */
/* The options of a search. */
#ifndef TI_SIM_OPTIONS_H
#define TI_SIM_OPTIONS_H

#include "threading_sim.h"

/* Completes them from the environment and with the defaults. NULL, or what is wrong with them. */
const char *ti_sim_options(threading_sim_options_t *options);

#endif
