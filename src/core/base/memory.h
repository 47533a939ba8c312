/* SPDX-License-Identifier: MIT */
/*
 * All memory that the library takes. A test replaces these functions to make memory run out.
 *
 * malloc may be the user's, who may guard it with a Lock of ours. So none of them is called while a guard
 * (guard.h) is held.
 */
#ifndef TI_MEMORY_H
#define TI_MEMORY_H

#include <stddef.h>

void *ti_memory_allocate(size_t size); /* zeroed, aligned for any standard type; NULL when memory is out */
void *ti_memory_resize(void *memory, size_t size); /* as realloc; what is new is not zeroed */
void ti_memory_free(void *memory);                 /* NULL is allowed */

/* For what is kept until the code is unloaded: zeroed, aligned as the others', and not malloc's where the
 * system has other memory. NULL when that is out. It ends with the same size. */
void *ti_memory_keep(size_t size);
void ti_memory_end(void *memory, size_t size);

#endif
