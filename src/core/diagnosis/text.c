/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <stdarg.h>
#include <string.h>

#include "atomic.h"

#if !defined(THREADING_NO_DIAGNOSIS)

#define TI_TEXT_MARK "…"  /* of what was left out */
#define TI_TEXT_COLUMN 11 /* the width of a column */

TI_COLD void ti_text_begin(ti_text *text, threading_write_t write, void *context)
{
    text->write = write;
    text->context = context;
    text->length = 0;
}

/* Room for the mark and the end of the line is kept. */
TI_COLD static void ti_text_add_bytes(ti_text *text, const char *bytes, size_t length)
{
    size_t room = TI_TEXT_SIZE - sizeof TI_TEXT_MARK - text->length;
    size_t fits = length < room ? length : room;
    memcpy(text->buffer + text->length, bytes, fits);
    text->length += fits;
}

TI_COLD static void ti_text_add(ti_text *text, const char *words)
{
    ti_text_add_bytes(text, words, strlen(words));
}

TI_COLD void ti_text_flush(ti_text *text)
{
    if (text->length > 0)
        text->write(text->context, text->buffer, text->length);
    text->length = 0;
}

TI_COLD static void ti_text_end_line(ti_text *text)
{
    if (text->length == TI_TEXT_SIZE - sizeof TI_TEXT_MARK) {
        memcpy(text->buffer + text->length, TI_TEXT_MARK, sizeof TI_TEXT_MARK - 1);
        text->length += sizeof TI_TEXT_MARK - 1;
    }
    text->buffer[text->length++] = '\n';
    if (text->length > TI_TEXT_SIZE / 2)
        ti_text_flush(text);
}

/* ---- numbers ---- */

/* The digits, at least so many. */
TI_COLD static void ti_text_digits(ti_text *text, uint64_t number, unsigned int base, size_t least)
{
    char digits[20];
    size_t count = 0;
    do {
        digits[sizeof digits - ++count] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0 || count < least);
    ti_text_add_bytes(text, digits + sizeof digits - count, count);
}

TI_COLD static void ti_text_thousandths(ti_text *text, int64_t number)
{
    uint64_t positive = number > 0 ? (uint64_t)number : 0;
    ti_text_digits(text, positive / 1000, 10, 1);
    ti_text_add(text, ".");
    ti_text_digits(text, positive % 1000, 10, 3);
}

TI_COLD static void ti_text_address(ti_text *text, const void *address)
{
    ti_text_add(text, "0x");
    ti_text_digits(text, (uintptr_t)address, 16, 1);
}

/* ---- names ---- */

TI_COLD static void ti_text_name(ti_text *text, const char *name)
{
    ti_text_add(text, "\"");
    for (; *name != '\0'; name++) {
        bool is_shown = (unsigned char)*name >= ' ' && *name != 0x7F;
        ti_text_add_bytes(text, is_shown ? name : "?", 1);
    }
    ti_text_add(text, "\"");
}

/* How many bytes the character of UTF-8 takes that begins here; 0: none does. */
TI_COLD static size_t ti_text_character(const unsigned char *bytes)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = *bytes < 0x80 ? 1 : *bytes < 0xE0 ? 2 : *bytes < 0xF0 ? 3 : 4;
    uint32_t character = *bytes & (length == 1 ? 0x7FU : 0x7FU >> length);
    if ((*bytes >= 0x80 && *bytes < 0xC0) || *bytes >= 0xF8)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
        character = character << 6 | (bytes[i] & 0x3F);
    }
    bool is_one = character >= least[length] && character <= 0x10FFFF;
    return is_one && (character < 0xD800 || character > 0xDFFF) ? length : 0;
}

TI_COLD static void ti_text_json(ti_text *text, const char *name)
{
    while (*name != '\0') {
        size_t length = ti_text_character((const unsigned char *)name);
        if (length == 0) {
            ti_text_add(text, "\\ufffd");
        } else if ((unsigned char)*name < ' ') {
            ti_text_add(text, "\\u00");
            ti_text_digits(text, (unsigned char)*name, 16, 2);
        } else {
            if (*name == '"' || *name == '\\')
                ti_text_add(text, "\\");
            ti_text_add_bytes(text, name, length);
        }
        name += length > 0 ? length : 1;
    }
}

TI_COLD static void ti_text_object(ti_text *text, const char *kind, const char *name, const void *object)
{
    ti_text_add(text, kind);
    if (*name != '\0')
        ti_text_format(text, " %n", name);
    if (object != NULL)
        ti_text_format(text, " at %p", object);
}

TI_COLD static void ti_text_json_object(ti_text *text, const char *kind, const char *name, const void *object)
{
    if (*name != '\0')
        ti_text_format(text, "%s \\\"%j\\\"", kind, name);
    else
        ti_text_object(text, kind, name, object);
}

/* ---- all of it ---- */

TI_COLD static void ti_text_align(ti_text *text, size_t column)
{
    size_t length = text->length - column;
    size_t room = TI_TEXT_SIZE - sizeof TI_TEXT_MARK - text->length;
    size_t spaces = length < TI_TEXT_COLUMN && TI_TEXT_COLUMN - length <= room ? TI_TEXT_COLUMN - length : 0;
    memmove(text->buffer + column + spaces, text->buffer + column, length);
    memset(text->buffer + column, ' ', spaces);
    text->length += spaces;
}

TI_COLD static bool ti_text_is_number(char part)
{
    return part == 'u' || part == 'U' || part == 'm' || part == 't';
}

/* Parts of numbers. */
TI_COLD static void ti_text_number(ti_text *text, char part, uint64_t number)
{
    if (part == 'u' || part == 'U')
        ti_text_digits(text, number, 10, 1);
    else
        ti_text_thousandths(text, (int64_t)number / (part == 't' ? 1000000 : 1));
    if (part == 't')
        ti_text_add(text, " s");
}

/* Parts that begin with a pointer. */
TI_COLD static void ti_text_pointer(ti_text *text, char part, const void *pointer)
{
    const char *words = (const char *)pointer;
    if (part == 's')
        ti_text_add(text, words);
    else if (part == 'j')
        ti_text_json(text, words);
    else if (part == 'p')
        ti_text_address(text, pointer);
    else
        ti_text_name(text, words);
}

/* The analyzer does not see the va_start of the caller. NOLINTBEGIN(clang-analyzer-valist.Uninitialized) */
TI_COLD static void ti_text_part(ti_text *text, char part, va_list *parts)
{
    if (ti_text_is_number(part)) {
        ti_text_number(text, part, part == 'u' ? va_arg(*parts, uint32_t) : va_arg(*parts, uint64_t));
        return;
    }
    const char *words = va_arg(*parts, const char *);
    if (part == 'o' || part == 'O') {
        const char *name = va_arg(*parts, const char *);
        const void *object = va_arg(*parts, const void *);
        (part == 'o' ? ti_text_object : ti_text_json_object)(text, words, name, object);
        return;
    }
    ti_text_pointer(text, part, words);
    if (part == 'w')
        ti_text_format(text, " (%u)", va_arg(*parts, uint32_t));
}
/* NOLINTEND(clang-analyzer-valist.Uninitialized) */

TI_COLD void ti_text_format(ti_text *text, const char *format, ...)
{
    size_t column = text->length;
    va_list parts;
    va_start(parts, format);
    for (; *format != '\0'; format++) {
        if (*format == '\n')
            ti_text_end_line(text);
        else if (*format != '%')
            ti_text_add_bytes(text, format, 1);
        else if (*++format != '>')
            ti_text_part(text, *format, &parts);
        else
            ti_text_align(text, column);
        if (*format == '\n' || *format == '>')
            column = text->length;
    }
    va_end(parts);
}

TI_COLD void ti_text_copy_name(char copy[TI_TEXT_NAME], const char *name)
{
    size_t length = strlen(name);
    if (length < TI_TEXT_NAME) {
        memcpy(copy, name, length + 1);
        return;
    }
    size_t fits = TI_TEXT_NAME - sizeof TI_TEXT_MARK;
    while (fits > 0 &&
           ((unsigned char)name[fits] & 0xC0) == 0x80) /* the byte after is one inside of a character */
        fits--;
    memcpy(copy, name, fits);
    memcpy(copy + fits, TI_TEXT_MARK, sizeof TI_TEXT_MARK);
}

#endif
