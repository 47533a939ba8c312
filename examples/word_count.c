/* SPDX-License-Identifier: MIT */
/*
 * The words of a long text are counted, by one thread and then by all processors.
 *
 *     with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
 *         counts = sum(pool.map(Counter, pieces), Counter())
 *
 * Look at what the threads share: nothing that changes. Each piece of the text has a table of its own, and
 * the tables are added up when all are done; so there is no lock, and all processors are busy. Python's
 * threads would take turns here.
 */
#include "example.h"

enum { WORDS = 4000000, LONGEST = 8, PIECES = 64, ROOM = 64 };

struct word {
    const char *text; /* in the long text; not terminated */
    size_t length;
    size_t count;
};

/* A word is in the place that its hash tells, or in one of the next. There are fewer words than places. */
struct table {
    struct word words[ROOM];
};

struct piece {
    const char *begin;
    const char *end;
    struct table table;
};

static struct piece pieces[PIECES];

/* ---- the text */

/* Some words come more often than others, as in real texts. Always the same text: a generator of our own. */
static const char *next_word(void)
{
    static const char *const words[] = {"the",  "of",    "and",  "to",    "thread", "lock",
                                        "wait", "queue", "wake", "start", "join",   "end"};
    static uint32_t random = 1;
    random = random * 1664525 + 1013904223;
    uint32_t a = (random >> 24) % 12, b = (random >> 16) % 12;
    return words[a < b ? a : b];
}

/* The words, with a space after each but the last. */
static char *make_text(void)
{
    char *text = malloc((size_t)WORDS * LONGEST), *end = text;
    if (text == NULL)
        _Exit(1);
    for (int i = 0; i < WORDS; i++) {
        const char *word = next_word();
        size_t length = strlen(word);
        memcpy(end, word, length);
        end[length] = ' ';
        end += length + 1;
    }
    end[-1] = '\0';
    return text;
}

/* ---- counting */

/* Gives the word's entry, a new one if need be. */
static struct word *find(struct table *table, const char *text, size_t length)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    struct word *word = &table->words[hash % ROOM];
    while (word->text != NULL && (word->length != length || memcmp(word->text, text, length) != 0))
        word = word == &table->words[ROOM - 1] ? table->words : word + 1;
    word->text = text;
    word->length = length;
    return word;
}

static void count_words(struct table *table, const char *begin, const char *end)
{
    while (begin < end) {
        const char *space = memchr(begin, ' ', (size_t)(end - begin));
        const char *word_end = space != NULL ? space : end;
        find(table, begin, (size_t)(word_end - begin))->count++;
        begin = word_end + 1;
    }
}

static void *count_piece(void *arg)
{
    struct piece *piece = arg;
    count_words(&piece->table, piece->begin, piece->end);
    return NULL;
}

static void add_table(struct table *sum, const struct table *table)
{
    for (int i = 0; i < ROOM; i++)
        if (table->words[i].text != NULL)
            find(sum, table->words[i].text, table->words[i].length)->count += table->words[i].count;
}

/* Pieces of about the same size, each ending with a word. */
static void cut(const char *text, const char *end)
{
    size_t size = (size_t)(end - text) / PIECES;
    for (int i = 0; i < PIECES; i++) {
        pieces[i].begin = text;
        text = i == PIECES - 1 ? end : text + size;
        while (text < end && *text != ' ')
            text++;
        pieces[i].end = text++;
    }
}

/* Many more pieces than threads: a thread that is done early takes another piece. */
static void count_by_all(threading_executor_t *pool, struct table *sum, const char *text, const char *end)
{
    void *items[PIECES];
    cut(text, end);
    for (int i = 0; i < PIECES; i++)
        items[i] = &pieces[i];
    THREADING_MUST(threading_executor_map(pool, count_piece, items, PIECES, NULL));
    for (int i = 0; i < PIECES; i++)
        add_table(sum, &pieces[i].table);
}

/* ---- what came out */

/* The most frequent word first; empty places last. */
static int by_count(const void *a, const void *b)
{
    size_t x = ((const struct word *)a)->count, y = ((const struct word *)b)->count;
    return (x < y) - (x > y);
}

static bool same(const struct table *a, struct table *b)
{
    for (int i = 0; i < ROOM; i++)
        if (a->words[i].count != 0 &&
            a->words[i].count != find(b, a->words[i].text, a->words[i].length)->count)
            return false;
    return true;
}

static void print_first(struct table *table, int n)
{
    qsort(table->words, ROOM, sizeof(struct word), by_count);
    for (int i = 0; i < n; i++)
        printf("%6d %.*s\n", (int)table->words[i].count, (int)table->words[i].length, table->words[i].text);
}

int main(void)
{
    static struct table by_one, by_all;
    int cores = (int)threading_cpu_count();
    char *text = make_text();
    const char *end = text + strlen(text);
    threading_executor_t *pool = threading_executor_new((size_t)cores, NULL);

    double began = threading_monotonic();
    count_words(&by_one, text, end);
    printf("one thread: %.3f seconds\n", threading_monotonic() - began);

    began = threading_monotonic();
    count_by_all(pool, &by_all, text, end);
    printf("%d threads: %.3f seconds\n", cores, threading_monotonic() - began);

    printf("the counts are %s\n", same(&by_one, &by_all) ? "the same" : "different");
    print_first(&by_all, 5);
    threading_executor_free(pool);
    free(text);
    return 0;
}
