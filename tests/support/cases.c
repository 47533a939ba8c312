/* SPDX-License-Identifier: MIT */
/* Built once for each suite, with CASES_FILE: a line CASE_ENTRY(name) for each case. */
#include "cases.h"

#include <stddef.h>

#define CASE_ENTRY(name) void case_##name(void);
#include CASES_FILE
#undef CASE_ENTRY

const struct test_case test_cases[] = {
#define CASE_ENTRY(name) {#name, case_##name},
#include CASES_FILE
    {NULL, NULL}};
