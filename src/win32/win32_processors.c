/* SPDX-License-Identifier: MIT */
/*
 * Processors. A job can be given a part of the machine's time: a rate of so many in 10,000 of what all its
 * processors have together. Windows' containers are jobs.
 */
#include "win32_system.h"

#define TI_WIN32_JOB_RATE ((JOBOBJECTINFOCLASS)15) /* JobObjectCpuRateControlInformation, since Windows 8 */
#define TI_WIN32_RATE_ALL 10000
#define TI_WIN32_RATE_IS_ON 0x1u
#define TI_WIN32_RATE_IS_CAP 0x4u
#define TI_WIN32_RATE_IS_RANGE 0x10u

static size_t ti_win32_bits(DWORD_PTR mask)
{
    size_t count = 0;
    for (; mask != 0; mask &= mask - 1)
        count++;
    return count;
}

static size_t ti_win32_count_all(void)
{
    DWORD all = GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);
    return all > 0 ? all : 1;
}

/* A process whose threads may run in several groups of 64 is bound to none. Its masks are 0 then; they
 * belong to the one group of others. */
static size_t ti_win32_count_cpus(void)
{
    USHORT groups[64];
    USHORT count = sizeof groups / sizeof *groups;
    DWORD_PTR mask = 0, others = 0;
    bool is_free = GetProcessGroupAffinity(GetCurrentProcess(), &count, groups) && count > 1;
    if (!is_free && GetProcessAffinityMask(GetCurrentProcess(), &mask, &others) && mask != 0)
        return ti_win32_bits(mask);
    return ti_win32_count_all();
}

size_t ti_port_cpu_count(void)
{
    ti_port_errors errors = ti_port_errors_keep();
    size_t count = ti_win32_count_cpus();
    ti_port_errors_restore(errors);
    return count;
}

/* A weight is no limit: it decides only while others want the processors too. */
size_t ti_win32_rate_cpus(const ti_win32_rate *rate, size_t processors)
{
    uint64_t most = TI_WIN32_RATE_ALL;
    if ((rate->flags & TI_WIN32_RATE_IS_ON) != 0 && (rate->flags & TI_WIN32_RATE_IS_CAP) != 0)
        most = rate->value;
    else if ((rate->flags & TI_WIN32_RATE_IS_ON) != 0 && (rate->flags & TI_WIN32_RATE_IS_RANGE) != 0)
        most = HIWORD(rate->value);
    if (most == 0 || most >= TI_WIN32_RATE_ALL)
        return processors;
    return (size_t)((most * processors + TI_WIN32_RATE_ALL - 1) / TI_WIN32_RATE_ALL);
}

/* Of the job that the process is in, the innermost; the system tells a process of no other. The call fails
 * where there is no job, or no rate (Windows 7). */
static size_t ti_win32_count_quota(void)
{
    ti_win32_rate rate = {0, 0};
    size_t all = ti_win32_count_all();
    if (!QueryInformationJobObject(NULL, TI_WIN32_JOB_RATE, &rate, sizeof rate, NULL))
        return all;
    return ti_win32_rate_cpus(&rate, all);
}

size_t ti_port_available_cpus(void)
{
    ti_port_errors errors = ti_port_errors_keep();
    size_t count = ti_win32_count_cpus(), quota = ti_win32_count_quota();
    ti_port_errors_restore(errors);
    return quota < count ? quota : count;
}
