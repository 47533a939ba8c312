/* SPDX-License-Identifier: MIT */
/* A dump as text to look at. */
#ifndef DUMP_TEXT_H
#define DUMP_TEXT_H

#include <string.h>

#include "conformance.h"

#define DUMP_SIZE (4 * 1024 * 1024)

struct dump {
    size_t length;
    size_t pieces;
    bool whole_lines;
    char text[DUMP_SIZE];
};

THREADING_UNUSED static void dump_receive(void *context, const char *text, size_t length)
{
    struct dump *dump = (struct dump *)context;
    CHECK(length > 0 && dump->length + length < DUMP_SIZE);
    memcpy(dump->text + dump->length, text, length);
    dump->length += length;
    dump->text[dump->length] = '\0';
    dump->pieces++;
    dump->whole_lines = dump->whole_lines && text[length - 1] == '\n';
}

THREADING_UNUSED static struct dump *dump_now(void)
{
    static struct dump dump;
    dump.length = dump.pieces = 0;
    dump.whole_lines = true;
    CHECK_STATUS(threading_dump(dump_receive, &dump), THREADING_OK);
    CHECK(dump.whole_lines);
    return &dump;
}

/* Whether the part is in the lines of one thread, which begin with its name. */
THREADING_UNUSED static bool dump_says_of(const struct dump *dump, const char *thread, const char *part)
{
    char head[128];
    (void)snprintf(head, sizeof head, "Thread \"%s\" (", thread);
    const char *begin = strstr(dump->text, head);
    if (begin == NULL)
        return false;
    const char *end = strstr(begin, "\nThread ");
    const char *found = strstr(begin, part);
    return found != NULL && (end == NULL || found < end);
}

/* Wait until the dump says it. */
#define AWAIT_DUMP(thread, part) AWAIT(dump_says_of(dump_now(), (thread), (part)))

THREADING_UNUSED static bool dump_has(const struct dump *dump, const char *part)
{
    return strstr(dump->text, part) != NULL;
}

#endif
