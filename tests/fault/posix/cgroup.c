/* SPDX-License-Identifier: MIT */
/* The quota of a container: what groups of either version say of it, and whose counts. */
#include "cgroup_tree.h"

#include "child.h"

/* ---- version 2 ---- */

static void check_file(const char *text, int expected)
{
    begin();
    put_process("0::/\n", OTHERS VERSION_2);
    put(GROUP "/cpu.max", text);
    check_quota(expected);
}

CASE(quota_is_rounded_up)
{
    check_file("150000 100000\n", 2);
    check_file("200000 100000\n", 2);
    check_file("200001 100000\n", 3);
    check_file("50000 50000\n", 1);
    check_file("50001 50000\n", 2);
}

CASE(quota_below_one_processor_is_one)
{
    check_file("1000 100000\n", 1);
    check_file("1 1000000\n", 1);
}

CASE(quota_of_max_is_none)
{
    check_file("max 100000\n", NONE);
    check_file("max\n", NONE);
}

CASE(huge_numbers_are_numbers_as_long_as_64_bits_hold_them)
{
    check_file("18446744073709551615 18446744073709551615\n", 1);
    check_file("18446744073709551615 6148914691236517205\n", 3);
    check_file("18446744073709551616 100000\n", NONE);
    check_file("100000 18446744073709551616\n", NONE);
    check_file("99999999999999999999999999 1\n", NONE);
}

CASE(zero_is_no_quota)
{
    check_file("150000 0\n", NONE);
    check_file("0 100000\n", NONE);
}

CASE(garbage_is_no_quota)
{
    check_file("", NONE);
    check_file("\n", NONE);
    check_file("150000\n", NONE);
    check_file("150000 100000", NONE);
    check_file("150000 100000 \n", NONE);
    check_file("150000  100000\n", NONE);
    check_file(" 150000 100000\n", NONE);
    check_file("-150000 100000\n", NONE);
    check_file("150000 -100000\n", NONE);
    check_file("1.5 1\n", NONE);
    check_file("0x20000 100000\n", NONE);
    check_file("max max\n", NONE);
}

/* Less than 64 bytes of a file are read. */
CASE(file_that_is_too_long_is_no_quota)
{
    check_file("00000000000000000000000000000000000000000000000000150000 100000\n", NONE);
    check_file("0000000000000000000000000000000000000000000000000150000 100000\n", 2);
}

CASE(least_quota_on_the_way_up_counts)
{
    static const char *const quotas[][4] = {{"100000 100000\n", "200000 100000\n", "300000 100000\n", "1"},
                                            {"300000 100000\n", "100000 100000\n", "200000 100000\n", "1"},
                                            {"300000 100000\n", "200000 100000\n", "100000 100000\n", "1"},
                                            {"max 100000\n", "max 100000\n", "250000 100000\n", "3"},
                                            {"400000 100000\n", "max 100000\n", "max 100000\n", "4"},
                                            {"max 100000\n", "500000 100000\n", "max 100000\n", "5"}};
    for (size_t i = 0; i < sizeof quotas / sizeof *quotas; i++) {
        begin();
        put_process("0::/pods/pod-1/main\n", VERSION_2);
        put(GROUP "/pods/cpu.max", quotas[i][0]);
        put(GROUP "/pods/pod-1/cpu.max", quotas[i][1]);
        put(GROUP "/pods/pod-1/main/cpu.max", quotas[i][2]);
        check_quota(atoi(quotas[i][3]));
    }
}

/* The root of the whole tree has no such file, and a group without the controller has none either. */
CASE(groups_without_a_quota_are_passed_by)
{
    begin();
    put_process("0::/a/b/c\n", VERSION_2);
    put(GROUP "/a/cpu.max", "200000 100000\n");
    put(GROUP "/a/b/c/cgroup.procs", "1\n");
    check_quota(2);
}

CASE(quotas_of_other_groups_do_not_count)
{
    begin();
    put_process("0::/a/bc\n", VERSION_2);
    put(GROUP "/a/bc/cpu.max", "400000 100000\n");
    put(GROUP "/a/bc/c/cpu.max", "100000 100000\n");
    put(GROUP "/a/bcd/cpu.max", "100000 100000\n");
    put(GROUP "/a/b/cpu.max", "100000 100000\n");
    put(GROUP "/b/cpu.max", "100000 100000\n");
    put("/sys/fs/cpu.max", "100000 100000\n");
    put("/cpu.max", "100000 100000\n");
    check_quota(4);
}

/* It is told with these words, and its folder is gone. */
CASE(group_that_was_removed_has_those_above_it)
{
    begin();
    put_process("0::/a/b (deleted)\n", VERSION_2);
    put(GROUP "/a/cpu.max", "300000 100000\n");
    check_quota(3);
}

/* ---- version 1, and both ---- */

CASE(version_1_has_two_files)
{
    begin();
    put_process("4:cpu,cpuacct:/docker/1\n3:cpuset:/\n1:name=systemd:/docker/1\n", OTHERS VERSION_1);
    put(GROUP_1 "/docker/1/cpu.cfs_quota_us", "150000\n");
    put(GROUP_1 "/docker/1/cpu.cfs_period_us", "100000\n");
    put(GROUP_1 "/docker/cpu.cfs_quota_us", "-1\n");
    put(GROUP_1 "/docker/cpu.cfs_period_us", "100000\n");
    check_quota(2);
}

CASE(version_1_takes_the_least_on_the_way_up)
{
    begin();
    put_process("4:cpuacct,cpu:/a/b\n", VERSION_1);
    put(GROUP_1 "/a/b/cpu.cfs_quota_us", "400000\n");
    put(GROUP_1 "/a/b/cpu.cfs_period_us", "100000\n");
    put(GROUP_1 "/a/cpu.cfs_quota_us", "50000\n");
    put(GROUP_1 "/a/cpu.cfs_period_us", "25000\n");
    check_quota(2);
}

static void check_version_1(const char *quota_text, const char *period_text, int expected)
{
    begin();
    put_process("4:cpu:/\n", VERSION_1);
    if (quota_text != NULL)
        put(GROUP_1 "/cpu.cfs_quota_us", quota_text);
    if (period_text != NULL)
        put(GROUP_1 "/cpu.cfs_period_us", period_text);
    check_quota(expected);
}

CASE(version_1_without_two_numbers_has_no_quota)
{
    check_version_1("100000\n", "100000\n", 1);
    check_version_1("-1\n", "100000\n", NONE);
    check_version_1("0\n", "100000\n", NONE);
    check_version_1("100000\n", "0\n", NONE);
    check_version_1("100000\n", NULL, NONE);
    check_version_1(NULL, "100000\n", NONE);
    check_version_1("100000\n", "5", NONE);
    check_version_1("max\n", "100000\n", NONE);
    check_version_1("100000 100000\n", "100000\n", NONE);
    check_version_1("99999999999999999999\n", "100000\n", NONE);
}

/* "cpuset" and "cpuacct" are others. */
CASE(version_1_is_found_by_the_whole_word)
{
    begin();
    put_process("5:cpuset,cpuacct:/a\n6:name=cpu:/a\n0::/a\n",
                "31 30 0:27 / /cpuset rw - cgroup cgroup rw,cpuset,cpuacct\n" VERSION_2);
    put("/cpuset/a/cpu.cfs_quota_us", "100000\n");
    put("/cpuset/a/cpu.cfs_period_us", "100000\n");
    put(GROUP "/a/cpu.max", "300000 100000\n");
    check_quota(3);
}

#define HYBRID                                                           \
    "27 26 0:24 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"                  \
    "40 30 0:37 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"      \
    "31 30 0:28 / /sys/fs/cgroup/cpu rw,relatime - cgroup none rw,cpu\n" \
    "32 30 0:29 / /sys/fs/cgroup/cpuset rw,relatime - cgroup a,cpu,b rw,cpuset\n"

static void check_hybrid(const char *groups, int expected)
{
    begin();
    put_process(groups, HYBRID);
    put("/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "200000\n");
    put("/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n");
    put("/sys/fs/cgroup/cpuset/a/cpu.cfs_quota_us", "100000\n");
    put("/sys/fs/cgroup/cpuset/a/cpu.cfs_period_us", "100000\n");
    put("/sys/fs/cgroup/unified/a/cpu.max", "500000 100000\n");
    put("/sys/fs/cgroup/unified/b/cpu.max", "100000 100000\n");
    check_quota(expected);
}

CASE(version_1_counts_where_it_has_the_processors)
{
    check_hybrid("1:cpu:/a\n0::/b\n", 2);
    check_hybrid("0::/b\n1:cpu:/a\n", 2);
}

CASE(version_2_counts_where_version_1_has_other_things_only)
{
    check_hybrid("3:cpuset:/b\n0::/a\n1:name=systemd:/b\n", 5);
}

/* ---- main that has gone ---- */

CASE(calling_thread_is_asked_where_main_has_gone)
{
    begin();
    put("/proc/self/cgroup", "1:cpu:/\n");
    put("/proc/thread-self/cgroup", "0::/a\n");
    put("/proc/thread-self/mountinfo", VERSION_2);
    put(GROUP "/a/cpu.max", "300000 100000\n");
    check_quota(3);
}

CASE(calling_thread_is_asked_where_nothing_is_told_of_main)
{
    begin();
    put("/proc/thread-self/cgroup", "0::/a\n");
    put("/proc/thread-self/mountinfo", VERSION_2);
    put(GROUP "/a/cpu.max", "300000 100000\n");
    check_quota(3);
    begin();
    put("/proc/self/cgroup", "0::/a\n");
    put("/proc/thread-self/cgroup", "");
    put("/proc/thread-self/mountinfo", VERSION_2);
    put(GROUP "/a/cpu.max", "300000 100000\n");
    check_quota(NONE);
}

CASE(calling_thread_is_not_asked_where_main_tells_all)
{
    begin();
    put_process("0::/a\n", VERSION_2);
    put("/proc/thread-self/cgroup", "0::/b\n");
    put("/proc/thread-self/mountinfo", VERSION_2);
    put(GROUP "/a/cpu.max", "300000 100000\n");
    put(GROUP "/b/cpu.max", "100000 100000\n");
    check_quota(3);
}

static size_t count_before, available_before;

static bool main_is_gone(void)
{
    char text[256] = "";
    FILE *file = fopen("/proc/self/stat", "r");
    CHECK(file != NULL);
    CHECK(fgets(text, sizeof text, file) != NULL);
    CHECK(fclose(file) == 0);
    const char *state = strrchr(text, ')');
    return state != NULL && state[2] == 'Z';
}

static void *ask_alone(void *arg)
{
    AWAIT(main_is_gone());
    CHECK_EQUAL(ti_port_cpu_count(), count_before);
    CHECK_EQUAL(ti_port_available_cpus(), available_before);
    _Exit(0);
    return arg;
}

static void leave_a_thread(void)
{
    count_before = ti_port_cpu_count();
    available_before = ti_port_available_cpus();
    (void)foreign_start(ask_alone, NULL);
    foreign_exit();
}

CASE(processors_are_the_same_when_main_has_gone)
{
    if (access("/proc/self/stat", R_OK) != 0)
        SKIP("only Linux has control groups");
    needs_threads_in_the_child();
    in_child(leave_a_thread);
}
