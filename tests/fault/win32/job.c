/* SPDX-License-Identifier: MIT */
/* The processors of a process that is bound to some of them, and of a job that has a part of their time. */
#include "win32_system.h"

#include "conformance.h"

enum { ON = 0x1, WEIGHT = 0x2, CAP = 0x4, NOTIFY = 0x8, RANGE = 0x10 };

static size_t cpus(DWORD flags, DWORD value, size_t processors)
{
    ti_win32_rate rate = {flags, value};
    return ti_win32_rate_cpus(&rate, processors);
}

static DWORD range(DWORD least, DWORD most)
{
    return most << 16 | least;
}

CASE(cap_is_a_part_of_all_processors_rounded_up)
{
    CHECK_EQUAL(cpus(ON | CAP, 5000, 8), 4);
    CHECK_EQUAL(cpus(ON | CAP, 5001, 8), 5);
    CHECK_EQUAL(cpus(ON | CAP, 1875, 8), 2);
    CHECK_EQUAL(cpus(ON | CAP, 9999, 8), 8);
    CHECK_EQUAL(cpus(ON | CAP | NOTIFY, 5000, 8), 4);
    CHECK_EQUAL(cpus(ON | CAP, 5000, 100000), 50000);
}

CASE(part_of_a_processor_is_one)
{
    CHECK_EQUAL(cpus(ON | CAP, 1, 8), 1);
    CHECK_EQUAL(cpus(ON | CAP, 1, 1), 1);
    CHECK_EQUAL(cpus(ON | RANGE, range(0, 1), 8), 1);
}

CASE(most_of_a_range_counts)
{
    CHECK_EQUAL(cpus(ON | RANGE, range(1000, 5000), 8), 4);
    CHECK_EQUAL(cpus(ON | RANGE, range(0, 2500), 8), 2);
    CHECK_EQUAL(cpus(ON | RANGE, range(5000, 10000), 8), 8);
}

CASE(weight_is_no_limit)
{
    CHECK_EQUAL(cpus(ON | WEIGHT, 1, 8), 8);
    CHECK_EQUAL(cpus(ON | WEIGHT, 9, 8), 8);
}

CASE(rate_that_is_off_or_garbage_is_no_limit)
{
    CHECK_EQUAL(cpus(0, 0, 8), 8);
    CHECK_EQUAL(cpus(CAP, 5000, 8), 8);
    CHECK_EQUAL(cpus(RANGE, range(0, 5000), 8), 8);
    CHECK_EQUAL(cpus(ON, 5000, 8), 8);
    CHECK_EQUAL(cpus(ON | CAP, 0, 8), 8);
    CHECK_EQUAL(cpus(ON | CAP, 10000, 8), 8);
    CHECK_EQUAL(cpus(ON | CAP, 0xFFFFFFFF, 8), 8);
    CHECK_EQUAL(cpus(ON | RANGE, range(5000, 0), 8), 8);
}

/* GetLastError() stays as it was. */
static size_t available(void)
{
    SetLastError(12345);
    size_t count = ti_port_available_cpus();
    CHECK_EQUAL(GetLastError(), 12345);
    return count;
}

CASE(bound_process_has_those_processors)
{
    DWORD_PTR mine = 0, all = 0;
    CHECK(GetProcessAffinityMask(GetCurrentProcess(), &mine, &all));
    CHECK(SetProcessAffinityMask(GetCurrentProcess(), mine & (~mine + 1)));
    CHECK_EQUAL(ti_port_cpu_count(), 1);
    CHECK_EQUAL(available(), 1);
}

/* A new job, with this process in it. */
static HANDLE enter_job(void)
{
    HANDLE job = CreateJobObjectW(NULL, NULL);
    CHECK(job != NULL);
    if (!AssignProcessToJobObject(job, GetCurrentProcess()))
        SKIP("a job within a job is not to be had");
    return job;
}

CASE(job_without_a_rate_is_no_limit)
{
    size_t before = available();
    HANDLE job = enter_job();
    CHECK_EQUAL(available(), before);
    CHECK(CloseHandle(job));
}

CASE(job_with_a_rate_is_a_limit)
{
    ti_win32_rate rate = {ON | CAP, 5000}; /* it slows this process down too */
    size_t before = available(), half = (GetActiveProcessorCount(ALL_PROCESSOR_GROUPS) + 1) / 2;
    ti_win32_rate told = {0, 0};
    HANDLE job = enter_job();
    JOBOBJECTINFOCLASS class = (JOBOBJECTINFOCLASS)15;
    if (!SetInformationJobObject(job, class, &rate, sizeof rate) ||
        !QueryInformationJobObject(NULL, class, &told, sizeof told, NULL) || told.value != rate.value)
        SKIP("jobs have no rates here");
    CHECK_EQUAL(available(), half < before ? half : before);
    CHECK(CloseHandle(job));
}
