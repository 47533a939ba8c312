/* SPDX-License-Identifier: MIT */
/* As stdlib.h beside it. */
#include <stddef.h>

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *memory, int byte, size_t size);
int strcmp(const char *left, const char *right);
size_t strlen(const char *text);
int strncmp(const char *left, const char *right, size_t size);
size_t strcspn(const char *text, const char *set);
void *memmove(void *to, const void *from, size_t size);
size_t strspn(const char *text, const char *set);
