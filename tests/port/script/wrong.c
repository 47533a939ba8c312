/* SPDX-License-Identifier: MIT */
/* Cases that go wrong in each way, and between them some that do not, for tools/port and tools/port.c to tell apart. */
#include "conformance.h"

#include <stdlib.h>

CASE(passes)
{
    printf("not to be seen\n");
    CHECK(threading_current_thread() == threading_main_thread());
}

CASE(fails)
{
    printf("seen\n");
    CHECK_EQUAL(1, 2);
}

CASE(crashes)
{
    abort();
}

CASE(hangs)
{
    AWAIT(false);
}

CASE(is_skipped)
{
    SKIP("a reason");
}

CASE(is_skipped_too)
{
    SKIP("a reason");
}

CASE(is_slow)
{
    /* slow */
    CHECK(is_slow());
}

#if defined(__cplusplus)
CASE(is_written_twice)
{
    CHECK(false);
}
#else
CASE(is_written_twice)
{
}
#endif

EXIT_CASE(ends_as_it_should, 7, "one|two|")
{
    printf("one\ntwo\n");
    EXIT_CODE = 7;
}

EXIT_CASE(ends_as_it_should_although_the_heading_is_long_and_goes_on_in_another_line, 0, "one|")
{
    fprintf(stderr, "not a part of it\n");
    printf("one\n");
}

EXIT_CASE(ends_with_another_code, 7, "one|")
{
    printf("one\n");
    exit(8);
}

EXIT_CASE(prints_too_much, 0, "one|")
{
    printf("one\ntwo\n");
}

EXIT_CASE(prints_nothing, 0, "one|")
{
    fprintf(stderr, "the reason\n");
}

EXIT_CASE(is_skipped_at_the_end, 0, "one|")
{
    SKIP("another reason");
}
