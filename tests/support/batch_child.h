/* SPDX-License-Identifier: MIT */
/* What a batch asks of the system: batch_fork.c and batch_win32.c answer. */
#ifndef BATCH_CHILD_H
#define BATCH_CHILD_H

#include <stdbool.h>
#include <stddef.h>

#include "cases.h"

/* How a case ends: not by exit(0) before all of it was done. */
enum { RETURNED = 33, SKIPPED = 77 };

enum ending { ENDED, CRASHED, OUT_OF_TIME };

struct outcome {
    enum ending ending;
    unsigned code; /* the exit code; or what it crashed with */
};

/* What was printed, without what would be too much. */
struct printed {
    char text[1 << 16];
    size_t length;
};

/* Called first: what `--batch` was called with. Gives the case that this process is to run, if it is such a child already. */
const struct test_case *child_prepare(char **arguments);

/* Begins the case in a child, and says whether this is the child. */
bool child_begin(const struct test_case *one);

/* Waits for the end of the case, and keeps what it prints. */
struct outcome child_end(struct printed *printed);

/* How long the case has taken so far. */
double child_seconds(void);

/* Whether a case that hung is run once more. */
bool child_hangs_by_itself(void);

/* To the standard output; not by stdio, since nothing may be in a buffer. */
void child_say(const char *text, size_t length);

#endif
