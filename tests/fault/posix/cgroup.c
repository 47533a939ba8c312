/* SPDX-License-Identifier: MIT */
/* The quota of a container, in trees of files that are made up: what Linux would tell in them. */
#include "posix_system.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif

#include "child.h"
#include "conformance.h"

enum { NONE = -1, PATH = 4096, FILES = 64 };

/* ---- trees ---- */

static char root[64];
static char files[FILES][PATH];
static int file_count;

/* Each process has a tree of its own, since cases run at once. */
static void begin(void)
{
    (void)snprintf(root, sizeof root, "cgroup-%ld", (long)getpid());
    CHECK(mkdir(root, 0700) == 0 || errno == EEXIST);
}

static void make_folders(char *path)
{
    for (char *slash = path; (slash = strchr(slash, '/')) != NULL; *slash++ = '/') {
        *slash = '\0';
        CHECK(mkdir(path, 0700) == 0 || errno == EEXIST);
    }
}

static void put(const char *path, const char *text)
{
    CHECK(file_count < FILES);
    char *name = files[file_count++];
    CHECK((size_t)snprintf(name, PATH, "%s%s", root, path) < PATH);
    make_folders(name);
    FILE *file = fopen(name, "w");
    CHECK(file != NULL);
    CHECK(fputs(text, file) >= 0);
    CHECK(fclose(file) == 0);
}

static void put_process(const char *groups, const char *mounts)
{
    put("/proc/self/cgroup", groups);
    put("/proc/self/mountinfo", mounts);
}

/* Folders that are not empty yet stay for the next file. */
static void sweep(void)
{
    while (file_count > 0) {
        char *name = files[--file_count];
        CHECK(unlink(name) == 0);
        for (char *slash; (slash = strrchr(name, '/')) != NULL && rmdir((*slash = '\0', name)) == 0;)
            ;
    }
}

/* NONE: there is no quota. The thread's errno stays as it is. */
static int quota(void)
{
#if defined(__linux__)
    errno = 12345;
    size_t found = ti_posix_quota(root);
    CHECK_EQUAL(errno, 12345);
    return found == SIZE_MAX ? NONE : (int)found;
#else
    SKIP("only Linux has control groups");
    return NONE;
#endif
}

static void check_quota(int expected)
{
    int found = quota();
    sweep();
    CHECK_EQUAL(found, expected);
}

#define VERSION_2 "30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define VERSION_1 "33 30 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
#define OTHERS                                                      \
    "21 26 0:20 / /proc rw,relatime - proc proc rw\n"               \
    "26 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"      \
    "27 26 0:24 / /sys/fs/cgroup rw - tmpfs tmpfs rw,size=4k,cpu\n" \
    "32 30 0:28 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
#define GROUP "/sys/fs/cgroup"
#define GROUP_1 "/sys/fs/cgroup/cpu,cpuacct"

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

/* ---- mounts ---- */

/* The group at the mount point is not the root: so Docker mounts it where it has no namespace of groups. */
CASE(root_of_the_mount_is_taken_off_the_group)
{
    begin();
    put_process("4:cpu:/docker/1/inner\n",
                "33 30 0:29 /docker/1 /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n");
    put("/sys/fs/cgroup/cpu/inner/cpu.cfs_quota_us", "300000\n");
    put("/sys/fs/cgroup/cpu/inner/cpu.cfs_period_us", "100000\n");
    put("/sys/fs/cgroup/cpu/docker/1/inner/cpu.cfs_quota_us", "100000\n");
    put("/sys/fs/cgroup/cpu/docker/1/inner/cpu.cfs_period_us", "100000\n");
    check_quota(3);
}

static void check_root(const char *mount_root, const char *group, int expected)
{
    char groups[256], mounts[256];
    begin();
    (void)snprintf(groups, sizeof groups, "0::%s\n", group);
    (void)snprintf(mounts, sizeof mounts, "30 22 0:26 %s /g rw - cgroup2 cgroup2 rw\n", mount_root);
    put_process(groups, mounts);
    put("/cpu.max", "100000 100000\n");
    put("/a/cpu.max", "200000 100000\n");
    put("/g/cpu.max", "900000 100000\n");
    put("/g/a/cpu.max", "800000 100000\n");
    put("/g/a/b/cpu.max", "700000 100000\n");
    put("/g/ab/cpu.max", "600000 100000\n");
    check_quota(expected);
}

CASE(group_below_the_root_is_found)
{
    check_root("/", "/", 9);
    check_root("/", "/a", 8);
    check_root("/", "/a/b", 7);
    check_root("/x", "/x", 9);
    check_root("/x", "/x/a", 8);
    check_root("/x/y", "/x/y/a/b", 7);
}

CASE(group_beside_the_root_has_no_quota)
{
    check_root("/x", "/", NONE);
    check_root("/x", "/y", NONE);
    check_root("/x", "/xa", NONE);
    check_root("/x/y", "/x", NONE);
}

/* In a namespace of groups the root that was mounted outside is above it, and the names between are not told. */
CASE(root_above_the_namespace_counts_alone)
{
    check_root("/..", "/", 9);
    check_root("/../..", "/", 9);
    check_root("/../../..", "/a", 9);
    check_root("/../..", "/../a", 9);
}

CASE(group_outside_the_namespace_is_found_below_the_same_root)
{
    check_root("/..", "/../a", 8);
    check_root("/../..", "/../../a/b", 7);
    check_root("/../x", "/../x/a", 8);
}

/* A path with .. in it would lead out of the mount. */
CASE(group_above_the_root_has_no_quota)
{
    check_root("/", "/../a", NONE);
    check_root("/", "/..", NONE);
    check_root("/..", "/../../a", NONE);
    check_root("/../x", "/", NONE);
    check_root("/../x", "/../y", NONE);
}

CASE(name_that_begins_with_dots_is_a_name)
{
    begin();
    put_process("0::/..a/b\n", "30 22 0:26 /..a /g rw - cgroup2 cgroup2 rw\n");
    put("/g/b/cpu.max", "300000 100000\n");
    check_quota(3);
}

CASE(every_mount_of_the_groups_counts)
{
    begin();
    put_process("0::/a/b\n", "30 22 0:26 /a/b /narrow rw - cgroup2 cgroup2 rw\n"
                             "31 22 0:26 /x /beside rw - cgroup2 cgroup2 rw\n"
                             "32 22 0:26 / /wide rw - cgroup2 cgroup2 rw\n");
    put("/narrow/cpu.max", "500000 100000\n");
    put("/beside/cpu.max", "100000 100000\n");
    put("/wide/a/cpu.max", "400000 100000\n");
    check_quota(4);
}

CASE(codes_in_paths_are_read)
{
    begin();
    put_process("0::/a b\\c/d\n",
                "30 22 0:26 /a\\040b\\134c /my\\040group\\047s\\011\\0123 rw - cgroup2 cgroup2 rw\n");
    put("/my group's\t\n3/d/cpu.max", "600000 100000\n");
    check_quota(6);
}

CASE(other_backslashes_stay)
{
    begin();
    put_process("0::/\n", "30 22 0:26 / /a\\b\\04\\8\\ rw - cgroup2 cgroup2 rw\n");
    put("/a\\b\\04\\8\\/cpu.max", "300000 100000\n");
    check_quota(3);
}

CASE(group_may_have_colons_and_spaces)
{
    begin();
    put_process("0::/a:b: c/d\n", VERSION_2);
    put(GROUP "/a:b: c/d/cpu.max", "300000 100000\n");
    check_quota(3);
}

CASE(mounts_with_any_number_of_optional_fields_are_read)
{
    begin();
    put_process("0::/\n", "30 22 0:26 / /g rw shared:1 master:2 propagate_from:3 unbindable - cgroup2  rw\n");
    put("/g/cpu.max", "300000 100000\n");
    check_quota(3);
}

/* ---- what is missing, broken, or long ---- */

CASE(nothing_there_is_no_quota)
{
    begin();
    check_quota(NONE);
    begin();
    put("/proc/self/cgroup", "0::/\n");
    check_quota(NONE);
    begin();
    put("/proc/self/mountinfo", VERSION_2);
    put(GROUP "/cpu.max", "100000 100000\n");
    check_quota(NONE);
    begin();
    put_process("0::/\n", VERSION_2);
    check_quota(NONE);
    begin();
    put_process("", "");
    check_quota(NONE);
}

CASE(folder_in_place_of_a_file_is_no_quota)
{
    begin();
    put_process("0::/\n", VERSION_2);
    put(GROUP "/cpu.max/file", "100000 100000\n");
    check_quota(NONE);
}

CASE(broken_lines_are_passed_over)
{
    begin();
    put_process("\n0\n0:\n:\n::\n0::\nx:y\n:::::\n0::/\n",
                "\n - \n - cgroup2\n - cgroup2 cgroup2 rw\n1 2 3\n1 2 3 4 5 - \n1 2 3 / - cgroup2 c rw\n"
                "1 2 3 / /x rw cgroup2 cgroup2 rw\n" VERSION_2);
    put(GROUP "/cpu.max", "700000 100000\n");
    check_quota(7);
}

static char *long_text(size_t length)
{
    static char text[3 * PATH];
    CHECK(length < sizeof text);
    memset(text, 'x', length);
    text[length] = '\0';
    return text;
}

/* Overlays have lines of many kilobytes. The limit lies at 2048. */
CASE(long_lines_are_passed_over)
{
    static const size_t lengths[] = {1900, 2040, 2046, 2047, 2048, 2049, 4095, 4096, 4097, 10000};
    static char mounts[4 * PATH];
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        begin();
        (void)snprintf(mounts, sizeof mounts, OTHERS "%s\n" VERSION_2 "%s\n", long_text(lengths[i]),
                       long_text(lengths[i]));
        put_process("0::/\n", mounts);
        put(GROUP "/cpu.max", "300000 100000\n");
        check_quota(3);
    }
}

CASE(rest_of_a_long_line_is_no_line)
{
    static char mounts[2 * PATH];
    begin();
    (void)snprintf(mounts, sizeof mounts, "%s30 22 0:26 / /rest rw - cgroup2 c rw\n" VERSION_2,
                   long_text(2048));
    put_process("0::/\n", mounts);
    put(GROUP "/cpu.max", "300000 100000\n");
    put("/rest/cpu.max", "100000 100000\n");
    check_quota(3);
}

/* Files are read in pieces of 2048 bytes. */
CASE(line_is_read_wherever_it_begins)
{
    static char mounts[2 * PATH];
    for (size_t length = 1950; length < 2047; length++) {
        begin();
        (void)snprintf(mounts, sizeof mounts, "%s\n" VERSION_2, long_text(length));
        put_process("0::/\n", mounts);
        put(GROUP "/cpu.max", "300000 100000\n");
        check_quota(3);
    }
}

CASE(line_without_an_end_is_none)
{
    static char groups[PATH];
    begin();
    put_process("0::/\n1:cpu:/", VERSION_2);
    put(GROUP "/cpu.max", "300000 100000\n");
    check_quota(3);
    begin();
    (void)snprintf(groups, sizeof groups, "0::/\n%s", long_text(3000));
    put_process(groups, VERSION_2);
    put(GROUP "/cpu.max", "300000 100000\n");
    check_quota(3);
}

CASE(many_lines_are_read_to_the_last)
{
    static char mounts[200000];
    size_t length = 0;
    for (int i = 0; length < sizeof mounts - 400; i++)
        length += (size_t)snprintf(mounts + length, sizeof mounts - length,
                                   "%d 26 0:%d / /mnt/%d rw,relatime - tmpfs tmpfs rw\n", i, i, i * i);
    (void)snprintf(mounts + length, sizeof mounts - length, VERSION_2);
    begin();
    put_process("0::/\n", mounts);
    put(GROUP "/cpu.max", "300000 100000\n");
    check_quota(3);
}

/* Below one mount the path is too long; of the group as seen from another it is not. */
CASE(long_paths_are_passed_over)
{
    static char groups[2 * PATH], mounts[2 * PATH], file[2 * PATH];
    char *part = long_text(200);
    begin();
    (void)snprintf(groups, sizeof groups, "0::/%s/%s/%s/%s/%s\n", part, part, part, part, part);
    (void)snprintf(mounts, sizeof mounts,
                   "30 22 0:26 / /a/mount/point/that/is/long rw - cgroup2 cgroup2 rw\n"
                   "30 22 0:26 /%s /g rw - cgroup2 cgroup2 rw\n",
                   part);
    put_process(groups, mounts);
    (void)snprintf(file, sizeof file, "/g/%s/%s/%s/%s/cpu.max", part, part, part, part);
    put(file, "300000 100000\n");
    put("/a/mount/point/that/is/long/cpu.max", "100000 100000\n");
    check_quota(3);
}

/* So many bytes, with a slash first and then in each two hundred, and none at the end. */
static const char *path_of(size_t length)
{
    static char path[PATH];
    (void)snprintf(path, sizeof path, "%s", long_text(length));
    for (size_t i = 0; i + 1 < length; i += 200)
        path[i] = '/';
    return path;
}

CASE(longest_path_has_1023_bytes)
{
    static char groups[PATH], file[PATH];
    for (size_t length = 1015; length <= 1030; length++) {
        begin();
        const char *group = path_of(length - strlen(root) - strlen(GROUP "/cpu.max"));
        (void)snprintf(groups, sizeof groups, "0::%s\n", group);
        (void)snprintf(file, sizeof file, GROUP "%s/cpu.max", group);
        put_process(groups, VERSION_2);
        put(file, "300000 100000\n");
        check_quota(length <= 1023 ? 3 : NONE);
    }
}

CASE(longest_group_has_1023_bytes)
{
    static char groups[PATH], mounts[PATH];
    for (size_t length = 1015; length <= 1030; length++) {
        begin();
        (void)snprintf(groups, sizeof groups, "0::%s\n", path_of(length));
        (void)snprintf(mounts, sizeof mounts, "30 22 0:26 %s /g rw - cgroup2 cgroup2 rw\n", path_of(length));
        put_process(groups, mounts);
        put("/g/cpu.max", "300000 100000\n");
        check_quota(length <= 1023 ? 3 : NONE);
    }
}

CASE(files_are_closed)
{
    begin();
    put_process("0::/a\n", VERSION_2);
    put(GROUP "/a/cpu.max", "300000 100000\n");
    int before = dup(0);
    CHECK(before >= 0 && close(before) == 0);
    CHECK_EQUAL(quota(), 3);
    int after = dup(0);
    CHECK(after >= 0 && close(after) == 0);
    check_quota(3);
    CHECK_EQUAL(after, before);
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
