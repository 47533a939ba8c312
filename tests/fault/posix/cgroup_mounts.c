/* SPDX-License-Identifier: MIT */
/* The quota of a container: where its groups are mounted, and what is missing, broken or long. */
#include "cgroup_tree.h"

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
    int before = dup(2);
    CHECK(before >= 0 && close(before) == 0);
    CHECK_EQUAL(quota(), 3);
    int after = dup(2);
    CHECK(after >= 0 && close(after) == 0);
    check_quota(3);
    CHECK_EQUAL(after, before);
}
