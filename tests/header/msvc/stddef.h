/* SPDX-License-Identifier: MIT */
/* Clang's own, without what Microsoft's has not in C. */
#include_next <stddef.h>

#define max_align_t microsofts_stddef_h_has_no_max_align_t
