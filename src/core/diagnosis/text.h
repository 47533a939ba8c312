/* SPDX-License-Identifier: MIT */
/*
 * Text that is put together in a buffer of its own and handed to the user's function in whole lines. It
 * allocates nothing and calls nothing of the C library's formatted output, which a stuck thread may have
 * locked.
 */
#ifndef TI_TEXT_H
#define TI_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "port.h"

#if !defined(THREADING_NO_DIAGNOSIS)

#define TI_TEXT_SIZE 2048
#define TI_TEXT_NAME 96 /* bytes of a name that are shown */

typedef struct ti_text {
    threading_write_t write;
    void *context;
    size_t length;
    char buffer[TI_TEXT_SIZE];
} ti_text;

void ti_text_begin(ti_text *text, threading_write_t write, void *context);

/*
 * Add to the text what the format says. What finds no room in the buffer is left out, and the line ends in
 * "…". A line that ends is handed over when the buffer is half full.
 *
 *   part    stands for                                       arguments
 *   %s      words                                            const char *
 *   %n      a name in quotes, its control characters as ?    const char *
 *   %j      a name inside of the quotes of JSON; what is no  const char *
 *           UTF-8 becomes U+FFFD
 *   %u, %U  a number                                         uint32_t, uint64_t
 *   %p      an address                                       const void *
 *   %m      12.345; less than 0 counts as 0                  int64_t, thousandths
 *   %t      12.345 s, likewise                               int64_t, nanoseconds
 *   %w      a thread: its name and ident                     const char *, uint32_t
 *   %o      an object: its kind, its name if that is not "", const char *, const char *, const void *
 *           its address if that is not NULL
 *   %O      the same inside of the quotes of JSON, where the address stands only for the name
 *   %>      moves what stands in this column to the right of it; a column begins with the format, with the
 *           line, and here
 */
void ti_text_format(ti_text *text, const char *format, ...);

/* Hand over what is left. Nothing of the library's is locked. */
void ti_text_flush(ti_text *text);

/* Copy a name, as much as is shown, cut before a character of UTF-8. */
void ti_text_copy_name(char copy[TI_TEXT_NAME], const char *name);

#endif

#endif
