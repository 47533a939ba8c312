/* SPDX-License-Identifier: MIT */
/* Runs one of the code blocks of the documentation: blocks.inc lists them, blocks.cmake makes them. */
#include <stdio.h>
#include <string.h>

#define ENTRY(name) int name(void);
#include "blocks.inc"
#undef ENTRY

static const struct block {
    const char *name;
    int (*run)(void);
} blocks[] = {
#define ENTRY(name) {#name, name},
#include "blocks.inc"
#undef ENTRY
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        if (argc == 2 && strcmp(argv[1], blocks[i].name) == 0)
            return blocks[i].run();
    fprintf(stderr, "usage: %s BLOCK\n", argv[0]);
    return 2;
}
