/* SPDX-License-Identifier: MIT */
/* The one file without its diagnosis: the calls are there, and say so; all else works. */
#define THREADING_IMPLEMENTATION
#define THREADING_NO_DIAGNOSIS
#include "threading.h"

static threading_lock_t lock;

static void *work(void *arg)
{
    THREADING_WITH_LOCK(&lock)
        *(int *)arg += 1;
    return arg;
}

static void write_nothing(void *context, const char *text, size_t length)
{
    (void)context;
    (void)text;
    (void)length;
}

static int unsupported(threading_status_t status)
{
    return status == THREADING_UNSUPPORTED;
}

int main(void)
{
    char name[8] = "x";
    int count = 0;
    threading_thread_t *thread = threading_thread_new(work, &count, NULL);
    int works = threading_thread_start(thread) == THREADING_OK &&
                threading_thread_join(thread) == THREADING_OK && count == 1 &&
                threading_lock_release(NULL) == THREADING_INVALID;
    threading_thread_free(thread);
    int says_so =
        unsupported(threading_dump(write_nothing, NULL)) && unsupported(threading_dump(NULL, NULL)) &&
        unsupported(threading_object_set_name(&lock, "lock")) &&
        threading_object_name(&lock, name, sizeof name) == 0 && name[0] == '\0' &&
        unsupported(threading_set_deadlock_handler(NULL, NULL)) &&
        unsupported(threading_set_misuse_handler(NULL, NULL)) && unsupported(threading_profile_start()) &&
        unsupported(threading_profile_stop()) && unsupported(threading_profile_write(write_nothing, NULL)) &&
        unsupported(threading_trace_start()) && unsupported(threading_trace_stop()) &&
        unsupported(threading_trace_write(write_nothing, NULL));
    return works && says_so ? 0 : 1;
}
