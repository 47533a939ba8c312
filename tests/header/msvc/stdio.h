/* SPDX-License-Identifier: MIT */
/* As stdlib.h beside it. */
#include <stddef.h>

int snprintf(char *text, size_t size, const char *format, ...);
