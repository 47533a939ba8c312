/* SPDX-License-Identifier: MIT */
/* Which texts THREADING_CPU_COUNT may be. */
#include "processors.h"

#include "conformance.h"

CASE(digits_are_a_number)
{
    CHECK_EQUAL(ti_processors_number("1"), 1);
    CHECK_EQUAL(ti_processors_number("12"), 12);
    CHECK_EQUAL(ti_processors_number("0012"), 12);
    CHECK_EQUAL(ti_processors_number("2147483647"), 2147483647);
}

CASE(zero_is_none)
{
    CHECK_EQUAL(ti_processors_number("0"), 0);
    CHECK_EQUAL(ti_processors_number("000"), 0);
}

CASE(number_that_is_too_large_is_none)
{
    CHECK_EQUAL(ti_processors_number("2147483648"), 0);
    CHECK_EQUAL(ti_processors_number("4294967297"), 0);
    CHECK_EQUAL(ti_processors_number("18446744073709551617"), 0);
    CHECK_EQUAL(ti_processors_number("99999999999999999999999999999999999999999999"), 0);
}

CASE(other_text_is_none)
{
    static const char *const texts[] = {"",   " ",    "-1",  "+1", " 1",      "1 ",       "1\n",
                                        "1x", "0x10", "1.5", "1e", "default", "\xd9\xa1", "1,2"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        CHECK_EQUAL(ti_processors_number(texts[i]), 0);
}
