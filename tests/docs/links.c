/* SPDX-License-Identifier: MIT */
/*
 * Looks for dead links. Usage: links FILE..., pages of Markdown or HTML.
 *
 * A link into the tree must name a file that is there, and after # a heading or an id in it: for Markdown by the
 * rule that GitHub makes headings' names by. Of other addresses only the form is looked at. Code is skipped.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH = 1024, SLUG = 256 };

static int links, dead;

/* All of a file, to be freed; NULL if there is none. A folder is an empty text. */
static char *read_all(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    char *text = NULL;
    size_t size = 0, got;
    do {
        char *more = (char *)realloc(text, size + 65536);
        if (more == NULL)
            exit(2);
        text = more;
        got = fread(text + size, 1, 65535, file);
        size += got;
    } while (got > 0);
    text[size] = '\0';
    fclose(file);
    return text;
}

static bool is_markdown(const char *path)
{
    size_t length = strlen(path);
    return length > 3 && strcmp(path + length - 3, ".md") == 0;
}

static void blank(char *from, const char *to)
{
    for (; from < to; from++)
        if (*from != '\n')
            *from = ' ';
}

/* Blank what stands between two marks, with them. `limit` ends the search for the second one: NULL for none. */
static void blank_between(char *text, const char *begin, const char *end, const char *limit)
{
    for (char *at = text; (at = strstr(at, begin)) != NULL;) {
        char *stop = strstr(at + strlen(begin), end);
        const char *border = limit != NULL ? strstr(at, limit) : NULL;
        if (stop == NULL || (border != NULL && stop > border)) {
            at += strlen(begin);
            continue;
        }
        blank(at, stop + strlen(end));
    }
}

/* Code and comments hold no links of the page's. */
static void blank_code(char *text)
{
    blank_between(text, "<!--", "-->", NULL);
    blank_between(text, "```", "\n```", NULL);
    blank_between(text, "`", "`", "\n\n");
}

/* The name that GitHub gives a heading. */
static void make_slug(const char *heading, size_t length, char *slug)
{
    size_t size = 0;
    for (size_t i = 0; i < length && size + 2 < SLUG; i++) {
        unsigned char c = (unsigned char)heading[i];
        if (c == ']' && heading[i + 1] == '(') /* a link counts by its text */
            while (i < length && heading[i] != ')')
                i++;
        else if (isalnum(c) || c == '_' || c == '-' || c >= 0x80)
            slug[size++] = (char)tolower(c);
        else if (c == ' ')
            slug[size++] = '-';
    }
    slug[size] = '\0';
}

/* The second heading of a name has -1 behind it, and so on. */
static bool heading_is_there(const char *text, const char *anchor)
{
    const char *number = strrchr(anchor, '-');
    size_t length = strlen(anchor), stem = number != NULL ? (size_t)(number - anchor) : 0;
    long more = number != NULL && isdigit((unsigned char)number[1]) ? atol(number + 1) : 0;
    bool in_code = false;
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        char slug[SLUG];
        line += *line == '\n';
        in_code = in_code != (strncmp(line, "```", 3) == 0);
        size_t marks = strspn(line, "#");
        if (in_code || marks == 0 || line[marks] != ' ')
            continue;
        make_slug(line + marks + 1, strcspn(line + marks + 1, "\r\n"), slug);
        if (strcmp(slug, anchor) == 0)
            return true;
        if (more > 0 && strlen(slug) == stem && stem < length && strncmp(slug, anchor, stem) == 0 &&
            more-- == 0)
            return true;
    }
    return false;
}

static bool id_is_there(const char *text, const char *anchor)
{
    char id[SLUG + 16];
    snprintf(id, sizeof id, "id=\"%s\"", anchor);
    if (strstr(text, id) != NULL)
        return true;
    snprintf(id, sizeof id, "name=\"%s\"", anchor);
    return strstr(text, id) != NULL;
}

static const char *wrong_in_tree(const char *page, const char *target)
{
    char path[PATH];
    const char *slash = strrchr(page, '/');
    size_t length = strcspn(target, "#?");
    int folder = slash != NULL ? (int)(slash - page + 1) : 0;
    if (length == 0)
        snprintf(path, sizeof path, "%s", page);
    else
        snprintf(path, sizeof path, "%.*s%.*s", folder, page, (int)length, target);
    char *text = read_all(path);
    if (text == NULL)
        return "there is no such file";
    const char *anchor = strchr(target, '#');
    bool is_there = anchor == NULL || anchor[1] == '\0' || id_is_there(text, anchor + 1) ||
                    (is_markdown(path) && heading_is_there(text, anchor + 1));
    free(text);
    return is_there ? NULL : "there is no such heading";
}

static const char *wrong_elsewhere(const char *target)
{
    const char *host = strstr(target, "://");
    if (strncmp(target, "mailto:", 7) == 0)
        return strchr(target, '@') != NULL ? NULL : "no address";
    if (host == NULL || (strncmp(target, "https", 5) != 0 && strncmp(target, "http:", 5) != 0))
        return "neither https nor http";
    host += 3;
    size_t length = strcspn(host, "/?#");
    bool has_dot = memchr(host, '.', length) != NULL;
    return has_dot && strpbrk(target, " <>\"") == NULL ? NULL : "no address of a page";
}

static void check(const char *page, const char *text, const char *at, size_t length)
{
    char target[PATH];
    if (length >= sizeof target)
        return;
    snprintf(target, sizeof target, "%.*s", (int)length, at);
    for (char *entity; (entity = strstr(target, "&amp;")) != NULL;)
        memmove(entity + 1, entity + 5, strlen(entity + 5) + 1);
    size_t scheme = strspn(target, "abcdefghijklmnopqrstuvwxyz");
    if (strncmp(target, "javascript:", 11) == 0)
        return;
    links++;
    const char *wrong =
        scheme > 0 && target[scheme] == ':' ? wrong_elsewhere(target) : wrong_in_tree(page, target);
    if (wrong == NULL)
        return;
    int line = 1;
    for (const char *c = text; c < at; c++)
        line += *c == '\n';
    printf("%s:%d: %s: %s\n", page, line, target, wrong);
    dead++;
}

/* Every link that begins with a mark and ends before one of the characters in `end`. */
static void check_marked(const char *page, const char *text, const char *mark, const char *end)
{
    for (const char *at = text; (at = strstr(at, mark)) != NULL;) {
        at += strlen(mark);
        check(page, text, at, strcspn(at, end));
    }
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        char *text = read_all(argv[i]);
        if (text == NULL) {
            printf("%s cannot be read\n", argv[i]);
            return 2;
        }
        if (is_markdown(argv[i])) {
            blank_code(text);
            check_marked(argv[i], text, "](", ") \n");
        }
        check_marked(argv[i], text, "href=\"", "\"");
        check_marked(argv[i], text, "src=\"", "\"");
        free(text);
    }
    printf("%d links in %d pages, %d dead\n", links, argc - 1, dead);
    return dead > 0 || links == 0;
}
