/* SPDX-License-Identifier: MIT */
/*
 * What the core sees in a build for sim, before all of its own but the backend's headers: its atomic
 * operations are points, its backend is sim_port.c, and its public calls are those behind sim_calls.c.
 */
#ifndef TI_SIM_CORE_H
#define TI_SIM_CORE_H

#include "atomic.h"
#include "port.h"

#include "sim_atomic.h"
#include "sim_calls.h"
#include "sim_memory.h"
#include "sim_port.h"

#include "sim_names.h"

#endif
