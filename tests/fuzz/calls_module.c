/* SPDX-License-Identifier: MIT */
/* The module and the diagnosis: sections 2 to 5 and 24 of the header. */
#include <string.h>

#include "calls.h"

enum { NAMED = 4, LISTED = 40 };

/* -------------------------------------------------------------------------------------- module */

static void sleep_shortly(void)
{
    limit_t limit = any_limit();
    threading_status_t want = limit_refused(limit);
    if (want == THREADING_OK && limit.span != SPAN_ZERO && !gives_up(limit, &want))
        return;
    if (want == THREADING_TIMEOUT)
        want = THREADING_OK;
    STATUS(want, NULL, threading_sleep, (limit.seconds));
}

static void list_threads(void)
{
    threading_thread_t *threads[LISTED];
    size_t alive = actors_listed() + threads_running(), capacity = below(LISTED);
    NUMBER(alive, threading_active_count, ());
    NUMBER(alive, threading_enumerate, (NULL, 0));
    NUMBER(0, threading_enumerate, (NULL, 1 + below(3)));
    NUMBER(alive, threading_enumerate, (threads, capacity));
    MUST(capacity == 0 || threads[0] == threading_main_thread());
    for (size_t i = 0; i < capacity && i < alive; i++) {
        NUMBER(true, threading_thread_is_alive, (threads[i]));
        QUIET(threading_thread_free(threads[i]));
    }
}

static void know_oneself(void)
{
    static uint32_t idents[ACTORS];
    static person_t whose[ACTORS];
    uint32_t ident = threading_get_ident();
    MUST(ident != 0);
    if (whose[acting()] == me())
        MUST(ident == idents[acting()]);
    for (int i = 0; i < ACTORS; i++)
        MUST(i == acting() || idents[i] != ident);
    whose[acting()] = me();
    idents[acting()] = ident;
    if (is_foreign()) {
        dummy_is_known();
        MUST(threading_current_thread() == threading_current_thread());
    } else
        POINTER(handle_of(acting()), threading_current_thread, ());
    NUMBER(ident, threading_thread_ident, (threading_current_thread()));
    NUMBER(threading_get_native_id(), threading_thread_native_id, (threading_current_thread()));
    NUMBER(true, threading_thread_is_alive, (threading_main_thread()));
}

static void set_stack_size(void)
{
    size_t previous = 99, before = threading_get_stack_size();
    bool is_c11 = strcmp(threading_backend(), "c11") == 0;
    STATUS(THREADING_INVALID, NULL, threading_stack_size, (1 + below(32767), &previous));
    MUST(previous == 99);
    STATUS(is_c11 ? THREADING_UNSUPPORTED : THREADING_OK, NULL, threading_stack_size, (1 << 20, &previous));
    MUST(is_c11 || previous == before);
    if (!is_c11)
        STATUS(THREADING_OK, NULL, threading_stack_size, (0, NULL));
    NUMBER(0, threading_get_stack_size, ());
}

static void read_statuses(void)
{
    static const int no_statuses[] = {-1, THREADING_STATUS_COUNT, 1000, -100000};
    threading_status_t status = (threading_status_t)below(THREADING_STATUS_COUNT);
    MUST(strncmp(threading_status_name(status), "THREADING_", 10) == 0);
    MUST(strcmp(threading_status_name((threading_status_t)no_statuses[below(4)]), "THREADING_UNKNOWN") == 0);
    MUST(threading_status_message((threading_status_t)no_statuses[below(4)]) != NULL);
    MUST(threading_timeout_max() == THREADING_TIMEOUT_MAX);
    MUST(strcmp(threading_version(), THREADING_VERSION) == 0);
}

static void read_clock(void)
{
    static double last;
    double now = threading_monotonic();
    MUST(now >= last);
    last = now;
}

static void read_system(void)
{
    MUST(threading_available_parallelism() >= 1 &&
         threading_available_parallelism() <= threading_cpu_count());
    int priority = threading_get_priority();
    MUST(priority >= THREADING_PRIORITY_LOWEST && priority <= THREADING_PRIORITY_HIGHEST);
    STATUS(THREADING_INVALID, NULL, threading_set_priority, (chance(2) ? 3 : -3));
    STATUS(THREADING_INVALID, NULL, threading_set_priority, (INT32_MIN + (int)below(9)));
}

static void module_step(void)
{
    about("module", 0);
    switch (below(8)) {
    case 0:
        sleep_shortly();
        break;
    case 1:
        list_threads();
        break;
    case 2:
        set_stack_size();
        break;
    case 3:
        read_statuses();
        break;
    case 4:
        read_clock();
        break;
    case 5:
        if (chance(64))
            read_system();
        break;
    default:
        know_oneself();
        break;
    }
}

const family_t module_family = {"module", 60, false, module_step, NULL, NULL};

/* ------------------------------------------------------------------------------------ diagnosis */

static char names[NAMED][200];
static char named[NAMED]; /* whose addresses have the names */

static void count_bytes(void *context, const char *text, size_t length)
{
    MUST(length > 0 && text[length - 1] == '\n');
    *(size_t *)context += length;
}

static void set_name(int i)
{
    static const char *const texts[] = {NULL, "", "a", "a name",
                                        "a longer name that some buffers cannot hold"};
    const char *text = texts[below(5)];
    STATUS(THREADING_OK, &named[i], threading_object_set_name, (&named[i], text));
    strcpy(names[i], text != NULL ? text : "");
}

static void get_name(int i)
{
    char buffer[24];
    size_t size = below(sizeof buffer), length = strlen(names[i]);
    memset(buffer, '#', sizeof buffer);
    NUMBER(length, threading_object_name, (&named[i], size > 0 || chance(2) ? buffer : NULL, size));
    size_t fits = length < size ? length : size - 1;
    MUST(buffer[size] == '#');
    MUST(size == 0 || length == 0 || (memcmp(buffer, names[i], fits) == 0 && buffer[fits] == '\0'));
}

static void diagnose_nothing(void)
{
    STATUS(THREADING_INVALID, NULL, threading_object_set_name, (NULL, "x"));
    NUMBER(0, threading_object_name, (NULL, NULL, 0));
    STATUS(THREADING_INVALID, NULL, threading_dump, (NULL, NULL));
    STATUS(THREADING_INVALID, NULL, threading_profile_write, (NULL, NULL));
    STATUS(THREADING_INVALID, NULL, threading_trace_write, (NULL, NULL));
}

/* What is written is looked at elsewhere; here it must be text, and no call must be in the way of another. */
static void write_something(void)
{
    size_t written = 0;
    switch (below(7)) {
    case 0:
        STATUS(THREADING_OK, NULL, threading_dump, (count_bytes, &written));
        MUST(written > 0);
        break;
    case 1:
        STATUS(THREADING_OK, NULL, threading_profile_start, ());
        break;
    case 2:
        STATUS(THREADING_OK, NULL, threading_profile_write, (count_bytes, &written));
        break;
    case 3:
        STATUS(THREADING_OK, NULL, threading_trace_start, ());
        break;
    case 4:
        STATUS(THREADING_OK, NULL, threading_trace_stop, ());
        break;
    case 5:
        if (chance(50))
            STATUS(THREADING_OK, NULL, threading_trace_write, (count_bytes, &written));
        break;
    default:
        STATUS(THREADING_OK, NULL, threading_profile_stop, ());
        break;
    }
}

static void diagnosis_step(void)
{
    int i = (int)below(NAMED);
    about("name", i);
    if (chance(100))
        write_something();
    else if (chance(50))
        diagnose_nothing();
    else if (chance(2))
        set_name(i);
    else
        get_name(i);
}

static void diagnosis_end(void)
{
    for (int i = 0; i < NAMED; i++)
        STATUS(THREADING_OK, &named[i], threading_object_set_name, (&named[i], NULL));
    STATUS(THREADING_OK, NULL, threading_profile_stop, ());
    STATUS(THREADING_OK, NULL, threading_trace_stop, ());
}

const family_t diagnosis_family = {"diagnosis", 60, false, diagnosis_step, NULL, diagnosis_end};
