/* SPDX-License-Identifier: MIT */
/*
 * How many processors there are: what the environment's THREADING_CPU_COUNT says of it, or else the system.
 * The variable is read once, with the library's first use or with the first question, as THREADING_DEBUG is;
 * the system is asked each time.
 */
#ifndef TI_PROCESSORS_H
#define TI_PROCESSORS_H

#include <stddef.h>
#include <stdint.h>

/* Read the environment, unless that was done. */
void ti_processors_decide(void);

/* Of the process; and how many of its threads can run at once. Both are at least 1. */
size_t ti_processors_count(void);
size_t ti_processors_available(void);

/* What a value of the variable stands for: digits and nothing else, from 1 to INT32_MAX. 0: it is no such
 * number. */
uint32_t ti_processors_number(const char *text);

#endif
