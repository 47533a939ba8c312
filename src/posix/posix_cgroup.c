/* SPDX-License-Identifier: MIT */
/*
 * The quota of processor time that Linux gives a container: that of its control groups (cgroups(7)).
 *
 *   /proc/self/cgroup     the process's groups: "4:cpu,cpuacct:/a/b" (version 1), "0::/a/b" (version 2)
 *   /proc/self/mountinfo  where groups are to be seen: the root of each mount, which is the group at the
 *                         mount point, and the mount point
 *   cpu.max               in a group's folder: "150000 100000", quota and period (version 2); "max": no quota
 *   cpu.cfs_quota_us      the quota (version 1); -1: no quota
 *   cpu.cfs_period_us     the period (version 1)
 *
 * A group has at most what each group above it has, so the least counts, from the process's group up to
 * the mount point. Where both versions are mounted, version 1 has the processors if it lists them, and
 * version 2 else. Of several mounts all are looked at.
 *
 * The kernel tells groups and roots as they are seen from the process's namespace: "/.." is above it.
 *
 * Nothing is allocated, and each thing read has a limit: a line of 2048 bytes or more, and a path of 1024
 * or more, are passed over; a file of a group with 64 bytes or more, and one that holds anything but
 * numbers, is no quota.
 */
#include "posix_system.h"

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#if !defined(O_CLOEXEC) && defined(__O_CLOEXEC) /* strict C hides the one, and the other stays */
#define O_CLOEXEC __O_CLOEXEC
#endif

#define TI_CGROUP_LINE 2048
#define TI_CGROUP_PATH 1024
#define TI_CGROUP_FILE 64
#define TI_CGROUP_UP 3 /* the length of "/.." */

typedef struct ti_cgroup_path {
    size_t length;
    char text[TI_CGROUP_PATH];
} ti_cgroup_path;

/* A file that is read line by line: what is between begin and end was read, and not yet given. */
typedef struct ti_cgroup_lines {
    int file;
    bool is_long; /* the line that goes on has had no room */
    size_t begin, end;
    char text[TI_CGROUP_LINE];
} ti_cgroup_lines;

typedef struct ti_cgroup_search {
    const char *root;
    size_t quota; /* the least so far */
    bool is_version_1;
    char group[TI_CGROUP_PATH]; /* "": the process is in none that was understood */
    ti_cgroup_path path;
    ti_cgroup_lines lines;
} ti_cgroup_search;

/* ---- paths ---- */

/* False: there is no room, and nothing is appended. */
static bool ti_cgroup_append(ti_cgroup_path *path, const char *text)
{
    size_t length = strlen(text);
    if (length >= sizeof path->text - path->length)
        return false;
    memcpy(path->text + path->length, text, length + 1);
    path->length += length;
    return true;
}

static void ti_cgroup_cut(ti_cgroup_path *path, size_t length)
{
    path->length = length;
    path->text[length] = '\0';
}

/* Leave the folder for the one above it, but no further than the first `top` bytes of the path. */
static void ti_cgroup_go_up(ti_cgroup_path *path, size_t top)
{
    size_t length = path->length;
    while (length > top && path->text[length - 1] != '/')
        length--;
    ti_cgroup_cut(path, length > top ? length - 1 : top);
}

/* ---- files ---- */

static int ti_cgroup_open(const char *name)
{
    int file;
    do
        file = open(name, O_RDONLY | O_CLOEXEC);
    while (file < 0 && errno == EINTR);
    return file;
}

/* How many bytes there are, at most `size`; 0 at the end, and after an error. */
static size_t ti_cgroup_read(int file, char *text, size_t size)
{
    ssize_t count;
    do
        count = read(file, text, size);
    while (count < 0 && errno == EINTR);
    return count > 0 ? (size_t)count : 0;
}

/* A file in the folder that the path names. False: it is not there, or it is too long. */
static bool ti_cgroup_read_file(ti_cgroup_path *path, const char *name, char text[TI_CGROUP_FILE])
{
    size_t length = path->length;
    int file = ti_cgroup_append(path, name) ? ti_cgroup_open(path->text) : -1;
    ti_cgroup_cut(path, length);
    if (file < 0)
        return false;
    size_t count = ti_cgroup_read(file, text, TI_CGROUP_FILE);
    (void)close(file); /* it was only read */
    if (count == TI_CGROUP_FILE)
        return false;
    text[count] = '\0';
    return true;
}

/* Read on. False: there is no more. */
static bool ti_cgroup_fill(ti_cgroup_lines *lines)
{
    size_t rest = lines->end - lines->begin;
    if (rest == sizeof lines->text) {
        lines->is_long = true;
        rest = 0;
    }
    memmove(lines->text, lines->text + lines->begin, rest);
    size_t count = ti_cgroup_read(lines->file, lines->text + rest, sizeof lines->text - rest);
    lines->begin = 0;
    lines->end = rest + count;
    return count > 0;
}

/* The next line that there is room for; NULL: there is none. */
static char *ti_cgroup_next(ti_cgroup_lines *lines)
{
    for (;;) {
        char *line = lines->text + lines->begin;
        char *end = (char *)memchr(line, '\n', lines->end - lines->begin);
        if (end == NULL) {
            if (!ti_cgroup_fill(lines))
                return NULL;
            continue;
        }
        bool is_long = lines->is_long;
        *end = '\0';
        lines->is_long = false;
        lines->begin = (size_t)(end - lines->text) + 1;
        if (!is_long)
            return line;
    }
}

/* ---- quotas ---- */

/* Digits; *text goes behind them. 0 where there are none, and for what 64 bits cannot hold. */
static uint64_t ti_cgroup_number(const char **text)
{
    uint64_t number = 0;
    bool fits = true;
    for (; **text >= '0' && **text <= '9'; ++*text) {
        uint64_t digit = (uint64_t)(**text - '0');
        fits = fits && number <= (UINT64_MAX - digit) / 10;
        number = fits ? number * 10 + digit : 0;
    }
    return number;
}

/* The number that the text is, up to the character `end` or the end of its line; *text goes behind that.
 * 0: it is no such number. */
static uint64_t ti_cgroup_number_until(const char **text, char end)
{
    uint64_t number = ti_cgroup_number(text);
    if (**text != end)
        return 0;
    ++*text;
    return number;
}

static void ti_cgroup_heed(ti_cgroup_search *search, uint64_t quota, uint64_t period)
{
    if (quota == 0 || period == 0)
        return;
    uint64_t threads = quota / period + (quota % period != 0 ? 1 : 0);
    if (threads < search->quota)
        search->quota = (size_t)threads;
}

/* The folder that the path names. */
static void ti_cgroup_look(ti_cgroup_search *search)
{
    char text[TI_CGROUP_FILE];
    const char *rest = text;
    uint64_t quota = 0, period = 0;
    if (!search->is_version_1) {
        if (ti_cgroup_read_file(&search->path, "/cpu.max", text)) {
            quota = ti_cgroup_number_until(&rest, ' ');
            period = ti_cgroup_number_until(&rest, '\n');
        }
    } else if (ti_cgroup_read_file(&search->path, "/cpu.cfs_quota_us", text)) {
        quota = ti_cgroup_number_until(&rest, '\n');
        rest = text;
        if (ti_cgroup_read_file(&search->path, "/cpu.cfs_period_us", text))
            period = ti_cgroup_number_until(&rest, '\n');
    }
    ti_cgroup_heed(search, quota, period);
}

/* ---- groups and mounts ---- */

/* Whether a word is in a list with commas. */
static bool ti_cgroup_has(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (;;) {
        size_t next = strcspn(list, ",");
        if (next == length && strncmp(list, word, length) == 0)
            return true;
        if (list[next] == '\0')
            return false;
        list += next + 1;
    }
}

/* A line of /proc/self/cgroup: a number, the controllers, and the group, which may contain colons. */
static void ti_cgroup_note_group(ti_cgroup_search *search, char *line)
{
    char *list = strchr(line, ':');
    char *group = list != NULL ? strchr(list + 1, ':') : NULL;
    if (group == NULL || strlen(group + 1) >= sizeof search->group)
        return;
    *group++ = '\0';
    bool is_version_1 = ti_cgroup_has(list + 1, "cpu");
    if (!is_version_1 && (list[1] != '\0' || search->is_version_1))
        return;
    search->is_version_1 = is_version_1;
    memcpy(search->group, group, strlen(group) + 1);
}

static bool ti_cgroup_is_up(const char *group)
{
    return strncmp(group, "/..", TI_CGROUP_UP) == 0 &&
           (group[TI_CGROUP_UP] == '/' || group[TI_CGROUP_UP] == '\0');
}

/* Where a group is below a mount's root: "" or "/...". NULL: it is not, or nothing tells. Of a root above the
 * namespace the names of the groups between are not told: the root itself is all that can be looked at. */
static const char *ti_cgroup_below(const char *group, const char *root)
{
    while (ti_cgroup_is_up(group) && ti_cgroup_is_up(root)) {
        group += TI_CGROUP_UP;
        root += TI_CGROUP_UP;
    }
    if (ti_cgroup_is_up(group))
        return NULL;
    bool is_above = ti_cgroup_is_up(root);
    while (ti_cgroup_is_up(root))
        root += TI_CGROUP_UP;
    if (is_above)
        return *root == '\0' ? root : NULL;
    size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strncmp(group, root, length) != 0)
        return NULL;
    group += length;
    if (*group != '/' && *group != '\0')
        return NULL;
    return strcmp(group, "/") == 0 ? "" : group;
}

/* From the group, whose place below the mount point is `below`, up to the mount point. */
static void ti_cgroup_climb(ti_cgroup_search *search, const char *point, const char *below)
{
    ti_cgroup_cut(&search->path, 0);
    if (!ti_cgroup_append(&search->path, search->root) || !ti_cgroup_append(&search->path, point))
        return;
    size_t top = search->path.length;
    if (!ti_cgroup_append(&search->path, below))
        return;
    ti_cgroup_look(search);
    while (search->path.length > top) {
        ti_cgroup_go_up(&search->path, top);
        ti_cgroup_look(search);
    }
}

/* The text up to the next space, which *line goes behind; at the end it is "" for ever. */
static char *ti_cgroup_field(char **line)
{
    char *field = *line;
    *line += strcspn(field, " ");
    if (**line != '\0')
        *(*line)++ = '\0';
    return field;
}

static bool ti_cgroup_is_octal(char c)
{
    return c >= '0' && c <= '7';
}

/* The kernel writes a space, a tab, the end of a line and a backslash as \040, \011, \012 and \134. */
static char *ti_cgroup_decode(char *field)
{
    char *to = field;
    for (const char *from = field; *from != '\0'; to++) {
        bool is_code = from[0] == '\\' && ti_cgroup_is_octal(from[1]) && ti_cgroup_is_octal(from[2]) &&
                       ti_cgroup_is_octal(from[3]);
        if (is_code)
            *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
        else
            *to = *from;
        from += is_code ? 4 : 1;
    }
    *to = '\0';
    return field;
}

/* A line of /proc/self/mountinfo: three numbers, root, mount point, options, and behind a dash of its own
 * the type, the source and more options, which with version 1 are the controllers. */
static void ti_cgroup_note_mount(ti_cgroup_search *search, char *line)
{
    char *type = strstr(line, " - ");
    if (type == NULL)
        return;
    *type = '\0';
    char *rest = type + 3;
    type = ti_cgroup_field(&rest);
    (void)ti_cgroup_field(&rest);
    bool is_it = search->is_version_1 ? strcmp(type, "cgroup") == 0 && ti_cgroup_has(rest, "cpu")
                                      : strcmp(type, "cgroup2") == 0;
    if (!is_it)
        return;
    for (int i = 0; i < 3; i++)
        (void)ti_cgroup_field(&line);
    const char *root = ti_cgroup_decode(ti_cgroup_field(&line));
    const char *point = ti_cgroup_decode(ti_cgroup_field(&line));
    const char *below = ti_cgroup_below(search->group, root);
    if (below != NULL)
        ti_cgroup_climb(search, point, below);
}

/* ---- the search ---- */

static bool ti_cgroup_begin(ti_cgroup_search *search, const char *process, const char *name)
{
    ti_cgroup_cut(&search->path, 0);
    bool is_named = ti_cgroup_append(&search->path, search->root) &&
                    ti_cgroup_append(&search->path, process) && ti_cgroup_append(&search->path, name);
    search->lines.file = is_named ? ti_cgroup_open(search->path.text) : -1;
    search->lines.begin = search->lines.end = 0;
    search->lines.is_long = false;
    return search->lines.file >= 0;
}

/* False: it does not tell all. */
static bool ti_cgroup_ask(ti_cgroup_search *search, const char *process)
{
    char *line;
    search->is_version_1 = false;
    search->group[0] = '\0';
    if (!ti_cgroup_begin(search, process, "/cgroup"))
        return false;
    while ((line = ti_cgroup_next(&search->lines)) != NULL)
        ti_cgroup_note_group(search, line);
    (void)close(search->lines.file); /* it was only read */
    if (!ti_cgroup_begin(search, process, "/mountinfo"))
        return false;
    while (search->group[0] == '/' && (line = ti_cgroup_next(&search->lines)) != NULL)
        ti_cgroup_note_mount(search, line);
    (void)close(search->lines.file);
    return true;
}

/* "self" is main, of which no mounts are told once it has gone; then the calling thread is asked. Opening,
 * reading and closing are points of cancellation. */
size_t ti_posix_quota(const char *root)
{
    ti_cgroup_search search;
    search.root = root;
    search.quota = SIZE_MAX;
    ti_port_errors errors = ti_port_errors_keep();
    int state = ti_posix_cancel_disable();
    if (!ti_cgroup_ask(&search, "/proc/self"))
        (void)ti_cgroup_ask(&search, "/proc/thread-self");
    ti_posix_cancel_restore(state);
    ti_port_errors_restore(errors);
    return search.quota;
}

#else
typedef int ti_posix_has_no_groups; /* C wants a declaration in every file */
#endif
