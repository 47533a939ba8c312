/* SPDX-License-Identifier: MIT */
/* What the posix backend reads of an object that macOS has loaded, out of ELF's header of a program that is no PIE. */
#ifndef APPLE_LOADER_H
#define APPLE_LOADER_H

#include <stdint.h>

#define MH_EXECUTE 2

struct mach_header {
    unsigned char identity[16];
    uint16_t filetype;
};

#endif
