/* SPDX-License-Identifier: MIT */
/* The chance behind the calls, and what is compared of each. */
#ifndef FUZZ_CALLS_CHECK_H
#define FUZZ_CALLS_CHECK_H

#include <stdint.h>

void check_begins(uint64_t seed);
void check_ends(void);
uint64_t calls_made(void);

#endif
