/* SPDX-License-Identifier: MIT */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* sched_setaffinity */
#endif
#include "sim_system.h"

#include <stdio.h>
#include <stdlib.h>

const char *ti_sim_environment(const char *name)
{
    char variable[40];
    (void)snprintf(variable, sizeof variable, "THREADING_SIM_%s", name);
    return getenv(variable);
}

#if defined(__linux__)

#include <sched.h>

void ti_sim_pin(bool on_one)
{
    static cpu_set_t before;
    static int processor = -1;
    if (processor < 0 &&
        (sched_getaffinity(0, sizeof before, &before) != 0 || (processor = sched_getcpu()) < 0))
        return;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((unsigned)processor, &one);
    (void)sched_setaffinity(0, sizeof one, on_one ? &one : &before); /* refused: it is just slower */
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
