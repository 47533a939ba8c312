/* SPDX-License-Identifier: MIT */
/* Built once for each suite, with CASES_FILE: a line CASE_ENTRY(…) or EXIT_ENTRY(…) for each case. */
#include "cases.h"

#include <stddef.h>

#define CASE_ENTRY(name, batch) void case_##name(void);
#define EXIT_ENTRY(name, batch, code, output) void case_##name(void);
#include CASES_FILE
#undef CASE_ENTRY
#undef EXIT_ENTRY

const struct test_case test_cases[] = {
#define CASE_ENTRY(name, batch) {#name, case_##name, batch, 0, NULL},
#define EXIT_ENTRY(name, batch, code, output) {#name, case_##name, batch, code, output},
#include CASES_FILE
    {NULL, NULL, 0, 0, NULL}};
