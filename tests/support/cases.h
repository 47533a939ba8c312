/* SPDX-License-Identifier: MIT */
/* The table of a suite's cases, which cases.c makes for each. */
#ifndef CASES_H
#define CASES_H

struct test_case {
    const char *name; /* NULL behind the last one */
    void (*function)(void);
};

extern const struct test_case test_cases[];

#endif
