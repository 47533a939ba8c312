/* SPDX-License-Identifier: MIT */
/* What the core uses of the C library, for a compiler that has none for its target: see "msvc" in CMakeLists.txt. */
#include <stddef.h>

#define EXIT_SUCCESS 0

void *calloc(size_t count, size_t size);
void *realloc(void *memory, size_t size);
void free(void *memory);
void qsort(void *items, size_t count, size_t size, int (*compare)(const void *left, const void *right));
__declspec(noreturn) void exit(int code);
