/* SPDX-License-Identifier: MIT */
/* The table of a suite's cases, which cases.c makes for each. */
#ifndef CASES_H
#define CASES_H

#include <stdbool.h>

struct test_case {
    const char *name; /* NULL behind the last one */
    void (*function)(void);
    int batch;          /* which it is in: batch.h; 0 in none */
    bool fresh;         /* has a process for itself, in a batch too */
    int code;           /* of an EXIT_CASE: the exit code */
    const char *output; /* and what it prints; NULL if it is none */
};

extern const struct test_case test_cases[];

#endif
