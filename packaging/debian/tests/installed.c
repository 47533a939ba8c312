/* SPDX-License-Identifier: MIT */
/* A program that uses the installed library. */
#include <stdio.h>
#include <threading.h>

static void *work(void *greeting)
{
    printf("%s %s\n", (const char *)greeting, threading_version());
    return NULL;
}

int main(void)
{
    threading_thread_t *thread = threading_thread(work, "threading", .name = "Worker");
    int failed = threading_thread_start(thread) || threading_thread_join(thread);
    threading_thread_free(thread);
    return failed;
}
