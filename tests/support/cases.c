/* SPDX-License-Identifier: MIT */
/* Built once for each suite, with CASES_FILE: a line CASE_ENTRY(…) or EXIT_ENTRY(…) for each case. */
#include "cases.h"

#include <stddef.h>

#define CASE_ENTRY(name, batch, fresh) void case_##name(void);
#define EXIT_ENTRY(name, batch, code, output) void case_##name(void);
#include CASES_FILE
#undef CASE_ENTRY
#undef EXIT_ENTRY

const struct test_case test_cases[] = {
#define CASE_ENTRY(name, batch, fresh) {#name, case_##name, batch, fresh, 0, NULL},
#define EXIT_ENTRY(name, batch, code, output) {#name, case_##name, batch, true, code, output},
#include CASES_FILE
    {NULL, NULL, 0, false, 0, NULL}};
