/* SPDX-License-Identifier: MIT */
#include "sim_system.h"

#include <stdio.h>
#include <stdlib.h>

const char *ti_sim_environment(const char *name)
{
    char variable[40];
    (void)snprintf(variable, sizeof variable, "THREADING_SIM_%s", name);
    return getenv(variable);
}

#if defined(THREADING_TSAN)

static TI_SIM_THREAD_LOCAL int ti_sim_depth;

void ti_sim_within_reset(int depth)
{
    for (; ti_sim_depth < depth; ti_sim_depth++)
        __tsan_ignore_thread_begin();
    for (; ti_sim_depth > depth; ti_sim_depth--)
        __tsan_ignore_thread_end();
}

/* Gives the depth to go back to. Threads of no run are looked at as always. */
int ti_sim_within_begin(void)
{
    int depth = ti_sim_depth;
    if (ti_sim_self() != NULL)
        ti_sim_within_reset(depth + 1);
    return depth;
}

void ti_sim_within_end(const int *depth)
{
    ti_sim_within_reset(*depth);
}

#endif

#if defined(__linux__)

#include <sys/syscall.h>
#include <unistd.h>

/* The system's calls themselves: the C library has them for _GNU_SOURCE only. */
void ti_sim_pin(bool on_one)
{
    enum {
        WORDS = 16,
        BITS = 8 * sizeof(unsigned long)
    }; /* as many processors as the kernel has by default */
    static unsigned long before[WORDS];
    static unsigned long one[WORDS];
    static bool is_known;
    unsigned processor;
    if (!is_known && (syscall(SYS_sched_getaffinity, 0, sizeof before, before) <= 0 ||
                      syscall(SYS_getcpu, &processor, NULL, NULL) != 0 || processor >= WORDS * BITS))
        return;
    if (!is_known)
        one[processor / BITS] = 1UL << processor % BITS;
    is_known = true;
    (void)syscall(SYS_sched_setaffinity, 0, sizeof one,
                  on_one ? one : before); /* refused: it is just slower */
}

#elif defined(_WIN32)

#include <windows.h>

void ti_sim_pin(bool on_one)
{
    static DWORD_PTR before;
    static DWORD_PTR one;
    if (one == 0) {
        DWORD_PTR system;
        if (!GetProcessAffinityMask(GetCurrentProcess(), &before, &system))
            return;
        one = before & (~before + 1); /* its lowest */
    }
    (void)SetThreadAffinityMask(GetCurrentThread(), on_one ? one : before); /* refused: it is just slower */
}

#else

void ti_sim_pin(bool on_one)
{
    (void)on_one;
}

#endif
