/* SPDX-License-Identifier: MIT */
/*
 * A thread in the background: of a low priority, and on one processor.
 *
 * A priority is an option. What the system does not give, the start refuses, and the thread is started without.
 * Which processors a thread may use, is for the system's own call: that takes the native id or handle. The output
 * tells what this system has.
 */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE 1 /* Linux: sched_setaffinity */
#endif
#include "example.h"

#if defined(__linux__)
#include <sched.h>
#endif

#if defined(__linux__)

/* Where there are several, any will do: the first of those that it may use. */
static const char *pin(const threading_thread_t *thread)
{
    cpu_set_t all, one;
    CPU_ZERO(&one);
    pid_t id = (pid_t)threading_thread_native_id(thread);
    if (id == 0)
        return "is not pinned: this backend knows no native ids";
    if (sched_getaffinity(id, sizeof all, &all) != 0)
        return "is not pinned: the system has too many processors for this example";
    size_t cpu = 0;
    while (!CPU_ISSET(cpu, &all))
        cpu++;
    CPU_SET(cpu, &one);
    return sched_setaffinity(id, sizeof one, &one) == 0 ? "runs on one processor" : "may not be pinned";
}

#elif defined(_WIN32)

static const char *pin(const threading_thread_t *thread)
{
    DWORD_PTR all, others;
    HANDLE handle = (HANDLE)threading_thread_native_handle(thread);
    if (handle == NULL || !GetProcessAffinityMask(GetCurrentProcess(), &all, &others))
        return "is not pinned";
    DWORD_PTR lowest = all & (~all + 1);
    return SetThreadAffinityMask(handle, lowest) != 0 ? "runs on one processor" : "may not be pinned";
}

#else

static const char *pin(const threading_thread_t *thread)
{
    (void)thread;
    return "is not pinned: this example knows no call for it here";
}

#endif

static void *clean_up(void *unused)
{
    const char *level = threading_get_priority() < THREADING_PRIORITY_NORMAL ? "low" : "the usual";
    (void)unused;
    printf("%s has %s priority\n", threading_thread_name(threading_current_thread()), level);
    printf("%s %s\n", threading_thread_name(threading_current_thread()), pin(threading_current_thread()));
    return NULL;
}

static threading_thread_t *started_with(int priority, threading_status_t *status)
{
    threading_thread_t *thread = threading_thread(clean_up, NULL, .name = "Cleaner", .priority = priority);
    *status = threading_thread_start(thread);
    return thread;
}

int main(int argc, char **argv)
{
    threading_status_t status;
    example_begin(argc, argv);
    threading_thread_t *thread = started_with(THREADING_PRIORITY_LOW, &status);
    if (status == THREADING_UNSUPPORTED) {
        threading_thread_free(thread);
        thread = started_with(THREADING_PRIORITY_NORMAL, &status);
    }
    THREADING_MUST(status);
    THREADING_MUST(threading_thread_join(thread));
    threading_thread_free(thread);
    return 0;
}
