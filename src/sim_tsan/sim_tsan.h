/* SPDX-License-Identifier: MIT */
/*
 * The library threading_sim_tsan: what code calls that was compiled with -fsanitize=thread, for runs of
 * threading_sim. Such code is linked with this library in the place of ThreadSanitizer's: its accesses are
 * then points of the schedule, watched for races, and lines of the table.
 *
 *   sim_tsan.c         plain accesses, functions' begins and ends
 *   sim_tsan_atomic.c  atomic operations and fences
 *   sim_tsan_memory.c  the C library's calls that touch, take and give back memory
 *   sim_tsan_symbol.c  what an address is called
 *
 * The names are those that GCC 12 and later and Clang 14 and later put into such code. Nothing here is
 * compiled with -fsanitize=thread itself.
 */
#ifndef TI_SIM_TSAN_H
#define TI_SIM_TSAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim_data.h"

#if defined(__SANITIZE_THREAD__)
#error "threading_sim_tsan takes the place of ThreadSanitizer: it cannot be compiled for it"
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#error "threading_sim_tsan takes the place of ThreadSanitizer: it cannot be compiled for it"
#endif
#endif

/* Where the code is that has called the function that this stands in: within the call, not behind it. */
#define TI_CODE() ((const void *)((uintptr_t)__builtin_return_address(0) - 1))

/* The stack pointer of whoever called the function that this stands in, when it did. */
#define TI_CALLERS_STACK() ((uintptr_t)__builtin_dwarf_cfa())

/* The calling thread is about to touch this, if it is one of a run. */
void ti_tsan_access(const char *what, const volatile void *address, size_t size, bool is_write,
                    const void *code);

/* Whether the function that has this stack pointer is compiled code that is watched. */
bool ti_tsan_is_watched(uintptr_t stack);

/* Has sim_tsan_memory.c linked, whatever calls what it stands in front of. */
void ti_tsan_memory_init(void);

void ti_tsan_symbol_init(void);

#endif
