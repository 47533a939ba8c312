/* SPDX-License-Identifier: MIT */
/*
 * THREADING_DEBUG, a list of words with commas between:
 *
 *   word                      asks for
 *   dump=SECONDS              the watchdog, with that limit
 *   dump=signal               the watchdog, for requests by the keyboard
 *   deadlock, misuse          a handler that tells
 *   order                     the lock-order checker
 *   profile[=FILE]            the profile, written at the end
 *   trace=FILE                the trace, written at the end
 *   fault=memory:N, 1/N       faults on demand, 1/N with a seed that is told, or given: 1/N:SEED
 *   fault=thread:N, 1/N
 *   help                      the list of words
 *
 * It is read in a thread's first call, which may come from the user's malloc. So nothing here allocates,
 * apart from what the system needs for the watchdog's thread.
 */
#include "debug.h"

#if !defined(THREADING_NO_DIAGNOSIS)

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic.h"
#include "deadline.h"
#include "dump.h"
#include "faults.h"
#include "names.h"
#include "order.h"
#include "phase.h"
#include "registry.h"
#include "watchdog.h"

#define TI_DEBUG_WORD 300     /* bytes of a word, with a file's name */
#define TI_DEBUG_LIST 1024    /* bytes of the variable, where it has to be copied */
#define TI_DEBUG_LINKS 64     /* of a ring that the handler is told of at most */
#define TI_DEBUG_PAUSE 100000 /* nanoseconds between two looks whether another thread has read it */

typedef enum ti_debug_state {
    TI_DEBUG_UNREAD,
    TI_DEBUG_READING,
    TI_DEBUG_READ,
    TI_DEBUG_WRITTEN
} ti_debug_state;

/*
 *   begun                whether locks are watched is decided once, and before all else
 *   state                the rest of the variable is read once
 *   counts               requests by the keyboard are counted
 *   watches, limit       what the watchdog is for
 *   family               the process that it watches; a forked child has none yet
 *   owner                the process that has read the variable
 */
static struct {
    uint32_t begun;
    uint32_t state;
    bool watches;
    bool counts;
    int64_t limit;
    uint32_t family;
    uint32_t owner;
} ti_debug = {.limit = TI_FOREVER};

/* What is written at the end, if it was started, and where: "" is standard error. */
static struct {
    const char *name;
    threading_status_t (*start)(void);
    threading_status_t (*write)(threading_write_t write, void *context);
    bool is_started;
    char file[TI_DEBUG_WORD];
} ti_debug_records[] = {
    {.name = "profile", .start = threading_profile_start, .write = threading_profile_write},
    {.name = "trace", .start = threading_trace_start, .write = threading_trace_write}};

/* ---- what is told ---- */

TI_COLD static void ti_debug_complain(void *unused, const char *text, size_t length)
{
    (void)unused;
    ti_port_complain(text, length);
}

TI_COLD static void ti_debug_tell(const char *words, const char *word)
{
    ti_text text;
    ti_text_begin(&text, ti_debug_complain, NULL);
    ti_text_format(&text, word != NULL ? "threading: %s%n\n" : "threading: %s\n", words, word);
    ti_text_flush(&text);
}

TI_COLD static void ti_debug_help(void)
{
    ti_debug_tell(
        "THREADING_DEBUG is a list of words, with commas between: dump=SECONDS, dump=signal, deadlock, "
        "misuse, order, profile, profile=FILE, trace=FILE, fault=memory:N, fault=memory:1/N, "
        "fault=thread:N, fault=thread:1/N, help",
        NULL);
}

TI_COLD static void ti_debug_misuse(const char *call, const void *object, threading_status_t status,
                                    void *unused)
{
    ti_text text;
    char own_name[TI_TEXT_NAME];
    char name[TI_TEXT_NAME];
    ti_self *self = ti_self_get();
    (void)unused;
    ti_registry_lock(self);
    ti_look_copy_name(own_name, self);
    ti_look_copy_object_name(name, object);
    ti_registry_unlock();
    ti_text_begin(&text, ti_debug_complain, NULL);
    ti_text_format(&text, "threading: %w: %s of %o: %s, %s\n", own_name, self->fast.ident, call,
                   object != NULL ? "an object" : "NULL", name, object, threading_status_name(status),
                   threading_status_message(status));
    ti_text_flush(&text);
}

TI_COLD static void ti_debug_link(ti_text *text, const threading_deadlock_t *link)
{
    char name[TI_TEXT_NAME];
    ti_text_copy_name(name, link->thread_name);
    ti_text_format(text, "    %w, which waits for %o\n", name, link->ident, link->kind, link->object_name,
                   link->object);
}

TI_COLD static void ti_debug_deadlock(const threading_deadlock_t *links, size_t count, void *unused)
{
    ti_text text;
    (void)unused;
    ti_text_begin(&text, ti_debug_complain, NULL);
    ti_text_format(
        &text,
        count == 1
            ? "threading: deadlock of one thread, which waits for what can never come, and is refused:\n"
            : "threading: deadlock of %u threads%s, each waits for the next; the first one is refused:\n",
        (uint32_t)count, count == TI_DEBUG_LINKS ? " or more" : "");
    for (size_t i = 0; i < count; i++)
        ti_debug_link(&text, &links[i]);
    ti_text_flush(&text);
}

/* ---- numbers ---- */

/* Digits up to the end or to `stop`; *text goes behind them. 0: there is no such number, or it is too large.
 * */
TI_COLD static uint32_t ti_debug_number(const char **text)
{
    uint64_t number = 0;
    for (; **text >= '0' && **text <= '9' && number <= UINT32_MAX; ++*text)
        number = number * 10 + (uint64_t)(**text - '0');
    return number <= UINT32_MAX ? (uint32_t)number : 0;
}

/* Seconds with a decimal point at most, whatever the locale is. 0: it is no such number. */
TI_COLD static int64_t ti_debug_seconds(const char *text)
{
    bool is_large = *text >= '1';
    int64_t nanoseconds = (int64_t)ti_debug_number(&text) * 1000000000;
    if (is_large && nanoseconds == 0)
        return 0;
    if (*text == '.')
        for (int64_t digit = 100000000; *++text >= '0' && *text <= '9'; digit /= 10)
            nanoseconds += digit * (*text - '0');
    return *text == '\0' ? nanoseconds : 0;
}

/* ---- the words ---- */

TI_COLD static bool ti_debug_dump(const char *value)
{
    if (strcmp(value, "signal") == 0) {
        ti_debug.counts = ti_port_count_requests();
        ti_debug.watches = ti_debug.watches || ti_debug.counts;
        if (!ti_debug.counts)
            ti_debug_tell("dump=signal: there is no such signal here, or the program uses it", NULL);
        return true;
    }
    int64_t limit = ti_debug_seconds(value);
    if (limit == 0)
        return false;
    ti_debug.watches = true;
    ti_debug.limit = limit;
    return true;
}

TI_COLD static void ti_debug_tell_seed(uint32_t n, uint32_t seed)
{
    ti_text text;
    ti_text_begin(&text, ti_debug_complain, NULL);
    ti_text_format(&text, "threading: one in %u fails, by the seed %u: 1/%u:%u fails the same ones\n", n,
                   seed, n, seed);
    ti_text_flush(&text);
}

/* "N", "1/N" or "1/N:SEED". */
TI_COLD static bool ti_debug_fault_in(ti_fault fault, const char *value)
{
    uint32_t seed = 0;
    bool is_right = true;
    uint32_t n = ti_debug_number(&value);
    if (n == 1 && *value == '/') {
        value++;
        n = ti_debug_number(&value);
        seed = (uint32_t)ti_port_now() | 1;
        if (*value == ':') {
            value++;
            seed = ti_debug_number(&value);
            is_right = seed != 0;
        }
    }
    if (n == 0 || !is_right || *value != '\0')
        return false;
    if (seed != 0)
        ti_debug_tell_seed(n, seed);
    ti_faults_ask(fault, n, seed);
    return true;
}

TI_COLD static bool ti_debug_fault(const char *value)
{
    bool is_memory = strncmp(value, "memory:", 7) == 0;
    bool is_thread = strncmp(value, "thread:", 7) == 0;
    return (is_memory || is_thread) &&
           ti_debug_fault_in(is_memory ? TI_FAULT_MEMORY : TI_FAULT_THREAD, value + 7);
}

/* A record, 0 or 1, for a file whose name is shorter than a word. */
TI_COLD static bool ti_debug_record(size_t i, const char *file)
{
    memcpy(ti_debug_records[i].file, file, strlen(file) + 1);
    ti_debug_records[i].is_started = ti_debug_records[i].start() == THREADING_OK;
    if (!ti_debug_records[i].is_started)
        ti_debug_tell("there is no memory for ", ti_debug_records[i].name);
    return true;
}

TI_COLD static bool ti_debug_profile(const char *value)
{
    return ti_debug_record(0, value);
}

TI_COLD static bool ti_debug_trace(const char *value)
{
    return *value != '\0' && ti_debug_record(1, value);
}

/* The value that follows "name=", or "" for the name alone; NULL: it is another word. */
TI_COLD static const char *ti_debug_value(const char *word, const char *name)
{
    size_t length = strlen(name);
    if (strncmp(word, name, length) != 0)
        return NULL;
    if (word[length] == '=')
        return word + length + 1;
    return word[length] == '\0' ? word + length : NULL;
}

/* False: nobody knows it. */
TI_COLD static bool ti_debug_obey(const char *word)
{
    static const struct {
        const char *name;
        bool (*obey)(const char *value);
    } with_value[] = {{"dump", ti_debug_dump},
                      {"fault", ti_debug_fault},
                      {"profile", ti_debug_profile},
                      {"trace", ti_debug_trace}};
    for (size_t i = 0; i < sizeof with_value / sizeof *with_value; i++) {
        const char *value = ti_debug_value(word, with_value[i].name);
        if (value != NULL)
            return with_value[i].obey(value);
    }
    if (strcmp(word, "deadlock") == 0)
        return threading_set_deadlock_handler(ti_debug_deadlock, NULL) == THREADING_OK;
    if (strcmp(word, "misuse") == 0)
        return threading_set_misuse_handler(ti_debug_misuse, NULL) == THREADING_OK;
    if (strcmp(word, "help") == 0)
        ti_debug_help();
    return *word == '\0' || strcmp(word, "help") == 0 ||
           strcmp(word, "order") == 0; /* ti_debug_begin has begun it */
}

/* The next word is copied, without blanks before it. Of one that is too long the beginning is copied, and
 * *is_whole is false. */
TI_COLD static const char *ti_debug_next(const char *list, char word[TI_DEBUG_WORD], bool *is_whole)
{
    list += strspn(list, " ");
    size_t length = strcspn(list, ",");
    size_t fits = length < TI_DEBUG_WORD ? length : TI_DEBUG_WORD - 1;
    memcpy(word, list, fits);
    word[fits] = '\0';
    *is_whole = fits == length;
    return list[length] == ',' ? list + length + 1 : list + length;
}

TI_COLD static void ti_debug_read(const char *list)
{
    char word[TI_DEBUG_WORD];
    bool has_told = false;
    bool is_whole;
    while (*list != '\0') {
        list = ti_debug_next(list, word, &is_whole);
        if (is_whole && ti_debug_obey(word))
            continue;
        ti_debug_tell("THREADING_DEBUG has a word that is not known, or has a wrong value: ", word);
        if (!has_told)
            ti_debug_help();
        has_told = true;
    }
}

/* ---- when ---- */

/* A number of this process. */
TI_COLD static uint32_t ti_debug_process(void)
{
    return ti_phase_family + 1;
}

TI_COLD static void ti_debug_begin_order(const char *list)
{
    char word[TI_DEBUG_WORD];
    bool is_whole;
    while (*list != '\0') {
        list = ti_debug_next(list, word, &is_whole);
        if (strcmp(word, "order") == 0 && !ti_order_start(ti_debug_complain, NULL))
            ti_debug_tell("there is no memory for ", word);
    }
}

TI_COLD void ti_debug_begin(void)
{
    if (ti_swap_acquire(&ti_debug.begun, TI_DEBUG_UNREAD, TI_DEBUG_READING)) {
        char room[TI_DEBUG_LIST];
        const char *list = ti_port_environment("THREADING_DEBUG", room, sizeof room);
        if (list != NULL)
            ti_debug_begin_order(list);
        ti_store_release(&ti_debug.begun, TI_DEBUG_READ);
    }
    while (ti_load_acquire(&ti_debug.begun) != TI_DEBUG_READ)
        ti_port_sleep(ti_port_now() + TI_DEBUG_PAUSE);
}

TI_COLD void ti_debug_end(void)
{
    ti_order_stop();
    ti_store_release(&ti_debug.begun, TI_DEBUG_UNREAD);
}

TI_COLD void ti_debug_forked(void)
{
    (void)ti_swap_acquire(&ti_debug.begun, TI_DEBUG_READING, TI_DEBUG_UNREAD);
    (void)ti_swap_acquire(&ti_debug.state, TI_DEBUG_READING, TI_DEBUG_UNREAD);
}

/* The threads of a process that forked are not in the child. */
TI_COLD static void ti_debug_watch(void)
{
    uint32_t before = ti_load_relaxed(&ti_debug.family); /* relaxed: the swap decides */
    /* The swap: of two threads that start their first threads at once, one starts the watchdog. */
    if (!ti_debug.watches || before == ti_debug_process() ||
        !ti_swap_acquire(&ti_debug.family, before, ti_debug_process()))
        return;
    if (ti_debug.counts)
        (void)ti_port_count_requests(); /* a child has given that up */
    if (!ti_watchdog_start(ti_debug.limit, ti_debug_complain, NULL))
        ti_debug_tell("there is no thread to be had for dump", NULL);
}

TI_COLD void ti_debug_start(void)
{
    if (ti_swap_acquire(&ti_debug.state, TI_DEBUG_UNREAD, TI_DEBUG_READING)) {
        ti_debug.owner = ti_debug_process();
        char room[TI_DEBUG_LIST];
        const char *list = ti_port_environment("THREADING_DEBUG", room, sizeof room);
        if (list != NULL)
            ti_debug_read(list);
        ti_store_release(&ti_debug.state, TI_DEBUG_READ);
    }
    if (ti_load_acquire(&ti_debug.state) == TI_DEBUG_READ)
        ti_debug_watch();
}

TI_COLD static void ti_debug_to_file(void *file, const char *text, size_t length)
{
    (void)fwrite(text, 1, length, (FILE *)file); /* ferror() tells in the end */
}

TI_COLD static void ti_debug_write(threading_status_t (*write)(threading_write_t write, void *context),
                                   const char *name)
{
    FILE *file = *name != '\0' ? fopen(name, "w") : NULL;
    bool is_written = true;
    if (*name == '\0')
        (void)write(ti_debug_complain, NULL); /* fails for no function that is given */
    else if (file != NULL) {
        (void)write(ti_debug_to_file, file);
        is_written = ferror(file) == 0;
    }
    bool is_closed = file == NULL || fclose(file) == 0;
    if ((*name != '\0' && file == NULL) || !is_written || !is_closed)
        ti_debug_tell("cannot write all to ", name);
}

TI_COLD void ti_debug_at_exit(void)
{
    if (ti_debug.owner != ti_debug_process())
        return; /* a forked child: the files are its parent's */
    if (!ti_swap_acquire(&ti_debug.state, TI_DEBUG_READ, TI_DEBUG_WRITTEN))
        return; /* the process's exit comes here twice: hooks.c */
    for (size_t i = 0; i < sizeof ti_debug_records / sizeof *ti_debug_records; i++)
        if (ti_debug_records[i].is_started)
            ti_debug_write(ti_debug_records[i].write, ti_debug_records[i].file);
}

#endif
