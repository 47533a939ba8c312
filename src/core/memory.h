/* SPDX-License-Identifier: MIT */
/*
 * All memory that the library takes. A test replaces these three functions to make memory run out.
 */
#ifndef TI_MEMORY_H
#define TI_MEMORY_H

#include <stddef.h>

void *ti_memory_allocate(size_t size); /* zeroed, aligned for any standard type; NULL when memory is out */
void *ti_memory_resize(void *memory, size_t size); /* as realloc; what is new is not zeroed */
void ti_memory_free(void *memory);                 /* NULL is allowed */

#endif
