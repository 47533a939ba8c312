/* SPDX-License-Identifier: MIT */
/* The memory of the core in a build for sim; memory.h says what each does. */
#ifndef TI_SIM_MEMORY_H
#define TI_SIM_MEMORY_H

#include <stddef.h>

void *ti_sim_memory_allocate(size_t size);
void *ti_sim_memory_resize(void *memory, size_t size);
void ti_sim_memory_free(void *memory);
void *ti_sim_memory_keep(size_t size);
void ti_sim_memory_end(void *memory, size_t size);

#endif
