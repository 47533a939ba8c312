/* SPDX-License-Identifier: MIT */
/* As stdlib.h beside it. */
#include <stddef.h>

int snprintf(char *text, size_t size, const char *format, ...);

typedef struct file FILE;
FILE *fopen(const char *name, const char *mode);
size_t fwrite(const void *items, size_t size, size_t count, FILE *file);
int ferror(FILE *file);
int fclose(FILE *file);
