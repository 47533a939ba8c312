/* SPDX-License-Identifier: MIT */
/* Trees of files that are made up: what Linux would tell of control groups. */
#ifndef CGROUP_TREE_H
#define CGROUP_TREE_H

#include "posix_system.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance.h"

enum { NONE = -1, PATH = 4096, FILES = 64 };

/* ---- trees ---- */

static char root[64];
static char files[FILES][PATH];
static int file_count;

/* Each process has a tree of its own, since cases run at once. */
THREADING_UNUSED static void begin(void)
{
#if !defined(__linux__)
    SKIP("only Linux has control groups");
#endif
    (void)snprintf(root, sizeof root, "cgroup-%ld", (long)getpid());
    CHECK(mkdir(root, 0700) == 0 || errno == EEXIST);
}

THREADING_UNUSED static void make_folders(char *path)
{
    for (char *slash = path; (slash = strchr(slash, '/')) != NULL; *slash++ = '/') {
        *slash = '\0';
        CHECK(mkdir(path, 0700) == 0 || errno == EEXIST);
    }
}

THREADING_UNUSED static void put(const char *path, const char *text)
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

THREADING_UNUSED static void put_process(const char *groups, const char *mounts)
{
    put("/proc/self/cgroup", groups);
    put("/proc/self/mountinfo", mounts);
}

/* Folders that are not empty yet stay for the next file. */
THREADING_UNUSED static void sweep(void)
{
    while (file_count > 0) {
        char *name = files[--file_count];
        CHECK(unlink(name) == 0);
        for (char *slash; (slash = strrchr(name, '/')) != NULL && rmdir((*slash = '\0', name)) == 0;)
            ;
    }
}

/* NONE: there is no quota. The thread's errno stays as it is. */
THREADING_UNUSED static int quota(void)
{
#if defined(__linux__)
    errno = 12345;
    size_t found = ti_posix_quota(root);
    CHECK_EQUAL(errno, 12345);
    return found == SIZE_MAX ? NONE : (int)found;
#else
    return NONE; /* begin() has skipped the case */
#endif
}

THREADING_UNUSED static void check_quota(int expected)
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

#endif
