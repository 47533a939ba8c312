/* SPDX-License-Identifier: MIT */
/* Wine's, whose EXIT_FAILURE is -1. */
#include_next <stdlib.h>

#undef EXIT_FAILURE
#define EXIT_FAILURE 1
