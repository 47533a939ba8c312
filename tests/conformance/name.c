/* SPDX-License-Identifier: MIT */
/* Names of threads: automatic, chosen, changed, and as the system shows them. */
#include "conformance.h"
#include "gate.h"

#include <stdlib.h>
#include <string.h>

#if defined(__linux__)
#include <pthread.h>
#endif

static threading_thread_t *named(const char *name)
{
    threading_thread_t *thread = threading_thread(return_at_once, NULL, .name = name);
    CHECK(thread != NULL);
    return thread;
}

static void check_name(const char *given, const char *expected)
{
    threading_thread_t *thread = named(given);
    CHECK_TEXT(threading_thread_name(thread), expected);
    threading_thread_free(thread);
}

/* ---- automatic names ---- */

/* CPython: test_threading.ThreadTests.test_name */
CASE(first_automatic_name_is_thread_1)
{
    threading_thread_t *thread = threading_thread_new(return_at_once, NULL, NULL);
    CHECK_TEXT(threading_thread_name(thread), "Thread-1");
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    CHECK_TEXT(threading_thread_name(thread), "Thread-1");
    finished(thread);
}

CASE(automatic_names_count_objects_not_starts)
{
    threading_thread_t *first = named(NULL), *second = named(NULL), *third = named(NULL);
    CHECK_STATUS(threading_thread_start(third), THREADING_OK);
    CHECK_STATUS(threading_thread_start(first), THREADING_OK);
    CHECK_TEXT(threading_thread_name(first), "Thread-1");
    CHECK_TEXT(threading_thread_name(second), "Thread-2");
    CHECK_TEXT(threading_thread_name(third), "Thread-3");
    finished(first);
    threading_thread_free(second);
    finished(third);
}

CASE(automatic_names_are_not_given_again)
{
    char expected[32];
    for (int i = 1; i <= 120; i++) {
        snprintf(expected, sizeof expected, "Thread-%d", i);
        check_name(NULL, expected);
    }
}

CASE(chosen_names_consume_no_number)
{
    check_name("mine", "mine");
    check_name("Thread-77", "Thread-77");
    check_name(NULL, "Thread-1");
}

/* CPython: test_threading.ThreadTests.test_name */
CASE(empty_names_are_automatic)
{
    check_name("", "Thread-1");
    check_name(NULL, "Thread-2");
}

CASE(asking_for_main_consumes_no_number)
{
    CHECK_TEXT(threading_thread_name(threading_current_thread()), "MainThread");
    CHECK_TEXT(threading_thread_name(threading_main_thread()), "MainThread");
    check_name(NULL, "Thread-1");
}

/* ---- chosen names ---- */

/* CPython: test_threading.ThreadTests.test_name */
CASE(chosen_name_is_copied)
{
    char text[] = "ephemeral";
    threading_thread_t *thread = named(text);
    memset(text, 'x', sizeof text - 1);
    CHECK_TEXT(threading_thread_name(thread), "ephemeral");
    threading_thread_free(thread);
}

CASE(long_names_are_kept_in_full)
{
    enum { length = 10 * 1024 };
    char *text = malloc(length + 1);
    CHECK(text != NULL);
    for (size_t i = 0; i < length; i++)
        text[i] = (char)('a' + i % 26);
    text[length] = '\0';
    threading_thread_t *thread = named(text);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    CHECK(strcmp(threading_thread_name(thread), text) == 0);
    CHECK_STATUS(threading_thread_set_name(thread, text + 1), THREADING_OK);
    CHECK(strcmp(threading_thread_name(thread), text + 1) == 0);
    finished(thread);
    free(text);
}

CASE(any_bytes_are_a_name)
{
    static const char *const names[] = {"\xff\xfe\x80", "\xc3", "a\xe2\x82", "\n", " ", "%s%n"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        threading_thread_t *thread = named(names[i]);
        CHECK(strcmp(threading_thread_name(thread), names[i]) == 0);
        CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
        finished(thread);
    }
}

CASE(names_need_not_be_unique)
{
    threading_thread_t *first = named("twin"), *second = named("twin");
    CHECK_TEXT(threading_thread_name(first), "twin");
    CHECK_TEXT(threading_thread_name(second), "twin");
    threading_thread_free(first);
    CHECK_TEXT(threading_thread_name(second), "twin");
    threading_thread_free(second);
}

/* ---- renaming ---- */

CASE(name_can_be_changed_in_any_state)
{
    threading_lock_t gate = {0};
    gate_close(&gate);
    threading_thread_t *thread = threading_thread(wait_at_gate, &gate, .name = "new");
    CHECK_STATUS(threading_thread_set_name(thread, "before"), THREADING_OK);
    CHECK_TEXT(threading_thread_name(thread), "before");
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    CHECK_TEXT(threading_thread_name(thread), "before");
    CHECK_STATUS(threading_thread_set_name(thread, "running"), THREADING_OK);
    CHECK_TEXT(threading_thread_name(thread), "running");
    gate_open(&gate);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK_TEXT(threading_thread_name(thread), "running");
    CHECK_STATUS(threading_thread_set_name(thread, "ended"), THREADING_OK);
    CHECK_TEXT(threading_thread_name(thread), "ended");
    threading_thread_free(thread);
}

CASE(name_of_main_can_be_changed)
{
    CHECK_STATUS(threading_thread_set_name(threading_main_thread(), "boss"), THREADING_OK);
    CHECK_TEXT(threading_thread_name(threading_main_thread()), "boss");
    CHECK_TEXT(threading_thread_name(threading_current_thread()), "boss");
}

CASE(name_once_read_never_changes)
{
    enum { count = 100 };
    const char *read[count];
    char text[32];
    threading_thread_t *thread = named("name 0");
    for (int i = 0; i < count; i++) {
        read[i] = threading_thread_name(thread);
        snprintf(text, sizeof text, "name %d", i + 1);
        CHECK_STATUS(threading_thread_set_name(thread, text), THREADING_OK);
    }
    for (int i = 0; i < count; i++) {
        snprintf(text, sizeof text, "name %d", i);
        CHECK_TEXT(read[i], text);
    }
    threading_thread_free(thread);
}

CASE(name_read_as_long_as_one_handle_lives)
{
    threading_thread_t *thread = named("first");
    threading_thread_t *other = threading_thread_retain(thread);
    const char *first = threading_thread_name(thread);
    threading_thread_free(thread);
    CHECK_STATUS(threading_thread_set_name(other, "second"), THREADING_OK);
    CHECK_TEXT(first, "first");
    CHECK_TEXT(threading_thread_name(other), "second");
    threading_thread_free(other);
}

CASE(name_can_be_set_to_itself)
{
    threading_thread_t *thread = named("same name");
    const char *name = threading_thread_name(thread);
    CHECK_STATUS(threading_thread_set_name(thread, name), THREADING_OK);
    CHECK_TEXT(threading_thread_name(thread), "same name");
    CHECK_STATUS(threading_thread_set_name(thread, name + 5), THREADING_OK);
    CHECK_TEXT(threading_thread_name(thread), "name");
    CHECK_TEXT(name, "same name");
    threading_thread_free(thread);
}

CASE(no_name_and_an_empty_name_are_refused)
{
    threading_thread_t *thread = named("stays");
    CHECK_STATUS(threading_thread_set_name(thread, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_thread_set_name(thread, ""), THREADING_INVALID);
    CHECK_TEXT(threading_thread_name(thread), "stays");
    threading_thread_free(thread);
}

CASE(names_never_read_cost_no_memory)
{
    threading_thread_t *thread = named("unread");
    size_t before = allocated_bytes();
    for (int i = 0; i < 1000; i++)
        CHECK_STATUS(threading_thread_set_name(thread, i % 2 == 0 ? "one of two" : "the other one"),
                     THREADING_OK);
    CHECK(allocated_bytes() <= before + 4096);
    threading_thread_free(thread);
}

CASE(names_read_are_given_back_with_the_handle)
{
    size_t before = 0;
    for (int round = 0; round < 40; round++) {
        threading_thread_t *thread = named("read");
        for (int i = 0; i < 50; i++) {
            CHECK(threading_thread_name(thread) != NULL);
            CHECK_STATUS(threading_thread_set_name(thread, i % 2 == 0 ? "one of two" : "the other one"),
                         THREADING_OK);
        }
        threading_thread_free(thread);
        if (round == 20)
            before = allocated_bytes();
    }
    CHECK(allocated_bytes() <= before + 4096);
}

static atomic_bool reading;

static void *read_names(void *thread)
{
    while (atomic_load(&reading)) {
        const char *name = threading_thread_name(thread);
        CHECK(strcmp(name, "spring") == 0 || strcmp(name, "a much longer summer") == 0);
    }
    return NULL;
}

CASE(names_are_read_beside_renames)
{
    threading_thread_t *thread = named("spring");
    atomic_store(&reading, true);
    threading_thread_t *reader = started(read_names, thread);
    for (int i = 0; i < (is_slow() ? 500 : 5000); i++)
        CHECK_STATUS(threading_thread_set_name(thread, i % 2 == 0 ? "a much longer summer" : "spring"),
                     THREADING_OK);
    atomic_store(&reading, false);
    finished(reader);
    threading_thread_free(thread);
}

/* ---- as the system shows them ---- */

static void need_system_names(void)
{
    needs_names();
#if !defined(__linux__)
    SKIP("the name that the system shows is read on Linux only");
#endif
}

/* The calling thread's name as Linux shows it. */
static void system_name(char name[16])
{
    name[0] = '\0'; /* NOLINT(clang-analyzer-core.NullDereference): a struct's array has an address */
#if defined(__linux__)
    CHECK_EQUAL(pthread_getname_np(pthread_self(), name, 16), 0);
#endif
}

static void *read_system_name(void *name)
{
    system_name(name);
    return NULL;
}

static void check_system_name(const char *given, const char *expected)
{
    char shown[16] = "";
    threading_thread_t *thread = threading_thread(read_system_name, shown, .name = given);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK_TEXT(shown, expected);
    CHECK(given == NULL || strcmp(threading_thread_name(thread), given) == 0);
    threading_thread_free(thread);
}

/* CPython: test_threading.MiscTestCase.test_set_name */
CASE(system_shows_the_name)
{
    need_system_names();
    check_system_name(NULL, "Thread-1");
    check_system_name("short", "short");
    check_system_name("exactly fifteen", "exactly fifteen");
}

/* CPython: test_threading.MiscTestCase.test_set_name */
CASE(system_shows_as_much_of_a_name_as_it_can)
{
    need_system_names();
    check_system_name("exactly sixteen!", "exactly~ixteen!");
    check_system_name("a name that is far too long for the system", "a name ~ system");
    check_system_name("ThreadPoolExecutor-0_12", "ThreadP~or-0_12");
}

/* CPython: test_threading.MiscTestCase.test_set_name */
CASE(system_name_is_cut_at_a_characters_boundary)
{
    need_system_names();
    check_system_name("0123456789abc\xc3\xa9", "0123456789abc\xc3\xa9");    /* it fits */
    check_system_name("012345\xc3\xa9 and 012345", "012345~ 012345");       /* 2 bytes at 6 */
    check_system_name("01234\xc3\xa9 and 01234", "01234\xc3\xa9~d 01234");  /* 2 bytes at 5 */
    check_system_name("01234\xe2\x82\xac and 01234", "01234~d 01234");      /* 3 bytes at 5 */
    check_system_name("01234\xf0\x9f\x98\x80 and 01234", "01234~d 01234");  /* 4 bytes at 5 */
    check_system_name("0123456789 \xc3\xa9 012345", "0123456~ 012345");     /* 2 bytes, 8 from the end */
    check_system_name("0123456789 \xe2\x82\xac 0123", "0123456~ 0123");     /* 3 bytes, 8 from the end */
    check_system_name("0123456789 \xf0\x9f\x98\x80 0123", "0123456~ 0123"); /* 4 bytes, 9 from the end */
    check_system_name("0123456789 \xf0\x9f\x98\x80 01",
                      "0123456~\xf0\x9f\x98\x80 01"); /* 4 bytes, 7 from it */
    check_system_name("\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac",
                      "\xe2\x82\xac\xe2\x82\xac~\xe2\x82\xac\xe2\x82\xac");
}

CASE(system_shows_a_part_of_bytes_that_are_no_characters)
{
    need_system_names();
    check_system_name("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80",
                      "\x80\x80\x80\x80~\x80\x80\x80\x80");
}

enum { pool_size = 12 };
static atomic_int pool_busy;

static void *read_system_name_when_all_are_busy(void *name)
{
    atomic_fetch_add(&pool_busy, 1);
    AWAIT(atomic_load(&pool_busy) == pool_size);
    system_name(name);
    return NULL;
}

CASE(system_shows_the_workers_of_a_pool_apart)
{
    static char shown[pool_size][16];
    need_system_names();
    threading_executor_t *pool = threading_executor_new(pool_size, NULL);
    for (size_t i = 0; i < pool_size; i++)
        CHECK_STATUS(threading_executor_submit(pool, read_system_name_when_all_are_busy, shown[i], NULL),
                     THREADING_OK);
    CHECK_STATUS(threading_executor_shutdown(pool, true, false), THREADING_OK);
    threading_executor_free(pool);
    for (size_t i = 0; i < pool_size; i++)
        for (size_t other = 0; other < i; other++)
            CHECK(strcmp(shown[i], shown[other]) != 0);
}

static void *rename_myself(void *arg)
{
    char shown[16];
    CHECK_STATUS(threading_thread_set_name(threading_current_thread(), "renamed"), THREADING_OK);
    system_name(shown);
    CHECK_TEXT(shown, "renamed");
    CHECK_STATUS(threading_thread_set_name(threading_current_thread(), "renamed to something long"),
                 THREADING_OK);
    system_name(shown);
    CHECK_TEXT(shown, "renamed~ng long");
    return arg;
}

/* CPython: test_threading.MiscTestCase.test_change_name */
CASE(system_shows_the_name_that_a_thread_gives_itself)
{
    need_system_names();
    finished(started(rename_myself, NULL));
    foreign_join(foreign_start(rename_myself, NULL));
}

struct renamed {
    threading_lock_t gate;
    atomic_bool running;
    char shown[16];
};

static void *pass_and_read_system_name(void *arg)
{
    struct renamed *renamed = arg;
    atomic_store(&renamed->running, true);
    gate_pass(&renamed->gate);
    system_name(renamed->shown);
    return NULL;
}

/* CPython: test_threading.MiscTestCase.test_change_name */
CASE(system_goes_on_showing_the_old_name_of_a_thread_that_another_renamed)
{
    static struct renamed renamed;
    char shown[16], mine[16];
    need_system_names();
    system_name(mine);
    gate_close(&renamed.gate);
    threading_thread_t *thread = threading_thread(pass_and_read_system_name, &renamed, .name = "old");
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    AWAIT(atomic_load(&renamed.running));
    CHECK_STATUS(threading_thread_set_name(thread, "new"), THREADING_OK);
    system_name(shown);
    CHECK_TEXT(shown, mine); /* the one who renamed keeps a name of its own, too */
    gate_open(&renamed.gate);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK_TEXT(threading_thread_name(thread), "new");
    CHECK_TEXT(renamed.shown, "old");
    threading_thread_free(thread);
}
