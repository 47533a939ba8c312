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

/* Add to the line. What finds no room in the buffer is left out, and the line ends in "…". */
void ti_text_add(ti_text *text, const char *words);
void ti_text_number(ti_text *text, uint64_t number);
void ti_text_address(ti_text *text, const void *address);
void ti_text_seconds(ti_text *text, int64_t nanoseconds); /* as 12.345 s; less than 0 counts as 0 */
void ti_text_name(ti_text *text, const char *name);       /* in quotes, its control characters as ? */
void ti_text_thousandths(ti_text *text, int64_t number);  /* as 12.345; less than 0 counts as 0 */

/* A name inside of the quotes of JSON. What is no UTF-8 becomes U+FFFD. */
void ti_text_json(ti_text *text, const char *name);

/* The same, made of parts: %s text, %n a name (const char *), %j one for JSON, %u a number (uint32_t), %U
 * (uint64_t), %p an address, %t a time (int64_t), %m thousandths (int64_t). */
void ti_text_format(ti_text *text, const char *format, ...);

/* Move what was added since the line was `start` long to the right, so that it takes `width` columns. */
void ti_text_align(ti_text *text, size_t start, size_t width);

/* End the line; it is handed over when the buffer is half full. */
void ti_text_end_line(ti_text *text);

/* Hand over what is left. Nothing of the library's is locked. */
void ti_text_flush(ti_text *text);

/* Copy a name, as much as is shown, cut before a character of UTF-8. */
void ti_text_copy_name(char copy[TI_TEXT_NAME], const char *name);

#endif

#endif
