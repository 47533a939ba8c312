/* SPDX-License-Identifier: MIT */
/* Whether a text is JSON (RFC 8259), in UTF-8, with nothing behind it. Included once in a suite. */
#ifndef JSON_CHECK_H
#define JSON_CHECK_H

#include <string.h>

#include "conformance.h"

/* Each goes on behind what it has read; NULL: that is not JSON. */
static const char *json_value(const char *text);

static const char *json_space(const char *text)
{
    return text + strspn(text, " \t\r\n");
}

/* One character of UTF-8, as Unicode's table 3-7 has them. */
static const char *json_character(const char *text)
{
    const unsigned char *byte = (const unsigned char *)text;
    int more = byte[0] < 0x80 ? 0 : byte[0] < 0xE0 ? 1 : byte[0] < 0xF0 ? 2 : 3;
    if (byte[0] < ' ' || (byte[0] >= 0x80 && byte[0] < 0xC2) || byte[0] > 0xF4)
        return NULL;
    if ((byte[0] == 0xE0 && byte[1] < 0xA0) || (byte[0] == 0xED && byte[1] > 0x9F) ||
        (byte[0] == 0xF0 && byte[1] < 0x90) || (byte[0] == 0xF4 && byte[1] > 0x8F))
        return NULL;
    for (int i = 1; i <= more; i++)
        if ((byte[i] & 0xC0) != 0x80)
            return NULL;
    return text + more + 1;
}

static const char *json_escape(const char *text)
{
    if (*text != 'u')
        return *text != '\0' && strchr("\"\\/bfnrt", *text) != NULL ? text + 1 : NULL;
    return strspn(text + 1, "0123456789abcdefABCDEF") >= 4 ? text + 5 : NULL;
}

static const char *json_string(const char *text)
{
    if (*text++ != '"')
        return NULL;
    while (text != NULL && *text != '"')
        text = *text == '\\' ? json_escape(text + 1) : json_character(text);
    return text != NULL ? text + 1 : NULL;
}

static const char *json_number(const char *text)
{
    text += *text == '-';
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || (*text == '0' && digits > 1))
        return NULL;
    text += digits;
    if (*text != '.')
        return text;
    digits = strspn(++text, "0123456789");
    return digits > 0 ? text + digits : NULL;
}

/* The members of an object, or the elements of an array, behind the bracket. */
static const char *json_list(const char *text, char end, bool with_names)
{
    text = json_space(text);
    if (*text == end)
        return text + 1;
    for (;; text++) {
        if (with_names) {
            text = json_string(json_space(text));
            text = text != NULL ? json_space(text) : "";
            if (*text++ != ':')
                return NULL;
        }
        text = json_value(text);
        if (text == NULL || (*text != ',' && *text != end))
            return NULL;
        if (*text == end)
            return text + 1;
    }
}

static const char *json_value(const char *text)
{
    text = json_space(text);
    text = *text == '{'   ? json_list(text + 1, '}', true)
           : *text == '[' ? json_list(text + 1, ']', false)
           : *text == '"' ? json_string(text)
                          : json_number(text);
    return text != NULL ? json_space(text) : NULL;
}

static bool is_json(const char *text)
{
    text = json_value(text);
    return text != NULL && *text == '\0';
}

#endif
