/* SPDX-License-Identifier: MIT */
/* What not every backend or system has: a case that needs it is skipped there. */
#include "conformance.h"

#include <stdlib.h>
#include <string.h>

/* C's own threads tell nothing to a system and learn nothing from it. */
static bool knows_its_system(void)
{
    return strcmp(threading_backend(), "c11") != 0;
}

void needs_names(void)
{
    if (!knows_its_system())
        SKIP("this backend shows the system no names");
}

void needs_native_ids(void)
{
    if (threading_get_native_id() == 0)
        SKIP("this backend knows no native ids");
}

bool is_emulated(void)
{
    return getenv("THREADING_TEST_EMULATED") != NULL;
}

void needs_fork_hooks(void)
{
    if (is_emulated())
        SKIP("qemu-user does not survive the fork of a process with threads");
    if (!knows_its_system())
        SKIP("this backend does not know of forks");
}

void needs_free_thread_ends(void)
{
    if (wine_version() != NULL)
        SKIP("Wine lets one thread end at a time");
}

void needs_exit_hooks(void)
{
#if defined(__EMSCRIPTEN__)
    SKIP("handlers of exit() run in the page's thread here, which must not wait");
#endif
}

void needs_last_destructors(void)
{
#if defined(TEST_WITH_THREAD_SANITIZER)
    SKIP("the thread sanitizer's run-time is gone in a thread's last destructors");
#endif
}
