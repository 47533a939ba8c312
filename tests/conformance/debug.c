/* SPDX-License-Identifier: MIT */
/* THREADING_DEBUG: what a program is told that was not written for it. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "dump_text.h"
#include "recorded.h"

/* The library reads the variable at its first use, so each case sets it before. It reads it with getenv(), or on
 * Windows with the system's call, which knows what the C run-time was told. What is told goes to a file. */

static char told_file[128];

static void set_words(const char *words)
{
#if defined(_WIN32)
    CHECK(_putenv_s("THREADING_DEBUG", words) == 0);
#else
    CHECK(setenv("THREADING_DEBUG", words, 1) == 0);
#endif
}

static void debug(const char *case_name, const char *words)
{
    (void)snprintf(told_file, sizeof told_file, "debug-%s.txt", case_name);
    CHECK(freopen(told_file, "w", stderr) != NULL);
    set_words(words);
    CHECK_EQUAL(threading_get_ident(), 1); /* the first use */
}

/* What was told so far. */
static const char *told(void)
{
    static char text[64 * 1024];
    FILE *file = fopen(told_file, "r");
    CHECK(file != NULL);
    size_t length = fread(text, 1, sizeof text - 1, file);
    text[length] = '\0';
    CHECK(fclose(file) == 0);
    return text;
}

static bool is_told(const char *part)
{
    return strstr(told(), part) != NULL;
}

static int times_told(const char *part)
{
    int count = 0;
    for (const char *found = told(); (found = strstr(found, part)) != NULL; found++)
        count++;
    return count;
}

/* A failed check would be told to the file too. */
static void check_told(int line, const char *part)
{
    if (!is_told(part)) {
        printf("line %d: not told: %s\ntold was:\n%s\n", line, part, told());
        CHECK(false);
    }
}

#define CHECK_TOLD(part) check_told(__LINE__, part)

/* -------------------------------------------------------------------------------- the words */

#define LIST "threading: THREADING_DEBUG is a list of words, with commas between: dump=SECONDS, "

CASE(help_is_the_list)
{
    /* fresh */
    debug("help", "help");
    CHECK_TOLD(LIST);
    CHECK(!is_told("not known"));
}

CASE(nothing_is_told_of_an_empty_list)
{
    /* fresh */
    debug("empty", ",,");
    CHECK_TEXT(told(), "");
}

CASE(unknown_words_are_told_with_the_list_once)
{
    /* fresh */
    debug("unknown", "help2,dum,DUMP=1");
    CHECK_TOLD("a wrong value: \"help2\"\n");
    CHECK_TOLD("a wrong value: \"dum\"\n");
    CHECK_TOLD("a wrong value: \"DUMP=1\"\n");
    CHECK_EQUAL(times_told(LIST), 1);
}

CASE(wrong_values_are_told)
{
    /* fresh */
    static const char *const words[] = {"dump",
                                        "dump=",
                                        "dump=x",
                                        "dump=0",
                                        "dump=-1",
                                        "dump=1s",
                                        "fault",
                                        "fault=memory",
                                        "fault=memory:0",
                                        "fault=memory:x",
                                        "fault=disk:1",
                                        "fault=thread:1/",
                                        "fault=thread:1/0",
                                        "fault=memory:1/3:0",
                                        "dump=4294967296.5",
                                        "fault=memory:2/3",
                                        "trace",
                                        "trace=",
                                        "fault=memory:99999999999"};
    char list[512] = "";
    char expected[64];
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        (void)strncat(list, words[i], sizeof list - strlen(list) - 1);
        (void)strncat(list, ",", sizeof list - strlen(list) - 1);
    }
    debug("values", list);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        (void)snprintf(expected, sizeof expected, "a wrong value: \"%s\"\n", words[i]);
        CHECK_TOLD(expected);
    }
}

CASE(word_that_is_too_long_is_unknown)
{
    /* fresh */
    static char words[900];
    memset(words, 'x', sizeof words - 1);
    debug("long", words);
    CHECK_TOLD("a wrong value: \"xxx");
}

/* -------------------------------------------------------------------------------- dump */

static threading_lock_t locks[2];
static threading_barrier_t met = THREADING_BARRIER_INIT(2);

static void *crosswise(void *arg)
{
    size_t i = (size_t)(uintptr_t)arg;
    threading_lock_acquire(&locks[i]);
    CHECK_STATUS(threading_barrier_wait(&met, NULL), THREADING_OK);
    threading_lock_acquire(&locks[1 - i]);
    return arg;
}

static void start_crosswise(const char *name, uintptr_t index)
{
    const threading_thread_options_t options = {.name = name, .daemon = THREADING_DAEMON};
    threading_thread_t *thread = threading_thread_new(crosswise, (void *)index, &options);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    threading_thread_free(thread);
}

CASE(locks_that_are_taken_crosswise_are_told)
{
    /* fresh */
    debug("crosswise", "dump=0.25");
    CHECK_STATUS(threading_object_set_name(&locks[0], "account a"), THREADING_OK);
    CHECK_STATUS(threading_object_set_name(&locks[1], "account b"), THREADING_OK);
    start_crosswise("First", 0);
    start_crosswise("Second", 1);
    AWAIT(is_told("\npossible deadlock of 2 threads:\n"));
    AWAIT(is_told("    which is held by the first\n"));
    CHECK_TOLD("\"First\" (2), which waits for Lock \"account b\" at 0x");
    CHECK_TOLD("\"Second\" (3), which waits for Lock \"account a\" at 0x");
    (void)threading_sleep(0.6); /* there may be one dump for each of the two waits, and no more */
    CHECK(times_told(": all threads\n") <= 2);
}

static void *sleep_a_little(void *arg)
{
    CHECK_STATUS(threading_sleep(0.7), THREADING_OK);
    return arg;
}

CASE(sleep_is_no_wait)
{
    /* fresh */
    debug("sleep", "dump=0.1");
    const threading_thread_options_t options = {.daemon = THREADING_DAEMON};
    threading_thread_t *thread = threading_thread_new(sleep_a_little, NULL, &options);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    (void)sleep_a_little(NULL);
    CHECK_TEXT(told(), "");
    threading_thread_free(thread);
}

static threading_event_t never;

static void *wait_for_ever(void *arg)
{
    CHECK_STATUS(threading_event_wait(&never), THREADING_OK);
    return arg;
}

static void start_waiter(void)
{
    const threading_thread_options_t options = {.name = "Waiter", .daemon = THREADING_DAEMON};
    threading_thread_t *thread = threading_thread_new(wait_for_ever, NULL, &options);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    threading_thread_free(thread);
}

CASE(request_by_the_keyboard_dumps)
{
    /* fresh */
#if defined(SIGQUIT)
    if (strcmp(threading_backend(), "posix") != 0)
        SKIP("this backend knows of no request by the keyboard");
    debug("signal", "dump=signal");
    start_waiter();
    for (int i = 1; i <= 2; i++) {
        CHECK(raise(SIGQUIT) == 0);
        AWAIT(times_told(": all threads\n") == i);
    }
    CHECK_TOLD("Thread \"Waiter\" (2), ");
#else
    SKIP("a console is needed for Ctrl-Break");
#endif
}

CASE(backend_without_requests_says_so)
{
    /* fresh */
    if (strcmp(threading_backend(), "c11") != 0)
        SKIP("this backend knows of requests by the keyboard");
    debug("no-signal", "dump=signal");
    CHECK_TOLD("threading: dump=signal: there is no such signal here, or the program uses it\n");
}

CASE(forked_child_is_watched_from_its_first_thread_on)
{
    /* fresh */
#if defined(TEST_WITH_ADDRESS_SANITIZER)
    SKIP("the address sanitizer's allocator stays locked in a child if another thread was in it");
#endif
    debug("fork", "dump=0.2");
    needs_threads_in_the_child();
    child_t child = fork_now();
    if (child == 0) {
        start_waiter();
        AWAIT(is_told("waits for Event at 0x"));
        _Exit(0);
    }
    CHECK_EQUAL(code_of(child), 0);
}

CASE(seconds_stay_when_the_signal_is_the_programs_own)
{
    /* fresh */
#if defined(SIGQUIT)
    CHECK(signal(SIGQUIT, SIG_IGN) != SIG_ERR);
    debug("both", "dump=0.2,dump=signal");
    start_waiter();
    AWAIT(is_told("waits for Event at 0x"));
#else
    SKIP("there is no such signal here");
#endif
}

static void wait_and_exit(void)
{
    debug("profile", "profile");
    char *counted = NULL;
    do { /* a thread that is given no processor for so long finds its time over before it would sleep */
        free(counted);
        CHECK_STATUS(threading_event_wait_timeout(&never, 0.01), THREADING_TIMEOUT);
        counted = recorded_text(threading_profile_write);
    } while (strstr(counted, "Event at 0x") == NULL);
    free(counted);
}

CASE(profile_is_written_once_at_the_end)
{
    /* fresh */
    in_exiting_child(wait_and_exit, 0);
    (void)snprintf(told_file, sizeof told_file, "debug-profile.txt");
    CHECK_EQUAL(times_told("Event at 0x"), 1);
}

static void exit_with_no_place_for_the_profile(void)
{
    debug("unwritten", "profile=no-such-folder/profile.txt");
}

CASE(file_that_cannot_be_written_is_told)
{
    in_exiting_child(exit_with_no_place_for_the_profile, 0);
    (void)snprintf(told_file, sizeof told_file, "debug-unwritten.txt");
    CHECK_TOLD("cannot write all to \"no-such-folder/profile.txt\"\n");
}

CASE(name_of_a_file_that_is_too_long_is_refused)
{
    /* fresh */
    static char words[400] = "trace=";
    memset(words + 6, 'x', sizeof words - 7);
    debug("name", words);
    CHECK_TOLD("a wrong value: \"trace=xxx");
}

static void slow_write(void *context, const char *text, size_t length)
{
    (void)context;
    (void)text;
    (void)length;
    CHECK_STATUS(threading_sleep(0.5), THREADING_OK);
}

CASE(dump_that_was_refused_comes_later)
{
    /* fresh */
    debug("later", "dump=0.1");
    start_waiter();
    AWAIT_DUMP("Waiter", "    waits for Event at 0x");
    CHECK_STATUS(threading_dump(slow_write, NULL), THREADING_OK);
    AWAIT(is_told("waits for Event at 0x"));
}

/* -------------------------------------------------------------------------------- misuse and deadlocks */

CASE(misuse_is_told_with_call_object_and_status)
{
    /* fresh */
    static threading_condition_t condition = THREADING_CONDITION_INIT;
    debug("misuse", "misuse");
    CHECK_STATUS(threading_object_set_name(&condition, "news"), THREADING_OK);
    CHECK_STATUS(threading_condition_notify(&condition, 1), THREADING_NOT_HELD);
    CHECK_STATUS(threading_lock_release(NULL), THREADING_INVALID);
    CHECK_TOLD("threading: \"MainThread\" (1): threading_condition_notify of an object \"news\" at 0x");
    CHECK_TOLD(": THREADING_NOT_HELD, the lock is not held\n");
    CHECK_TOLD("threading: \"MainThread\" (1): threading_lock_release of NULL: THREADING_INVALID, ");
}

static threading_rlock_t rlocks[2];

static void *rlock_crosswise(void *arg)
{
    CHECK_STATUS(threading_rlock_acquire(&rlocks[1]), THREADING_OK);
    CHECK_STATUS(threading_barrier_wait(&met, NULL), THREADING_OK);
    CHECK_STATUS(threading_rlock_acquire(&rlocks[0]), THREADING_OK);
    threading_rlock_release(&rlocks[0]);
    threading_rlock_release(&rlocks[1]);
    return arg;
}

CASE(refused_wait_is_told_with_its_ring)
{
    /* fresh */
    debug("deadlock", "deadlock,dump=100");
    CHECK_STATUS(threading_object_set_name(&rlocks[1], "b"), THREADING_OK);
    const threading_thread_options_t options = {.name = "Other"};
    threading_thread_t *other = threading_thread_new(rlock_crosswise, NULL, &options);
    CHECK_STATUS(threading_rlock_acquire(&rlocks[0]), THREADING_OK);
    CHECK_STATUS(threading_thread_start(other), THREADING_OK);
    CHECK_STATUS(threading_barrier_wait(&met, NULL), THREADING_OK);
    AWAIT_DUMP("Other", "    waits for RLock at 0x");
    CHECK_STATUS(threading_rlock_acquire(&rlocks[1]), THREADING_DEADLOCK);
    CHECK_TOLD("threading: deadlock of 2 threads, each waits for the next; the first one is refused:\n");
    CHECK_TOLD("    \"MainThread\" (1), which waits for RLock \"b\" at 0x");
    CHECK_TOLD("    \"Other\" (2), which waits for RLock at 0x");
    threading_rlock_release(&rlocks[0]);
    finished(other);
}

/* -------------------------------------------------------------------------------- faults */

CASE(allocation_of_that_number_fails)
{
    /* fresh */
    debug("memory", "fault=memory:2");
    threading_thread_t *threads[3];
    int failed = 0;
    for (int i = 0; i < 3; i++) {
        threads[i] = threading_thread_new(return_at_once, NULL, NULL);
        failed += threads[i] == NULL;
    }
    CHECK_EQUAL(failed, 1);
    CHECK(threads[2] != NULL);
    CHECK_TEXT(told(), "threading: an allocation fails, as was asked for\n");
    for (int i = 0; i < 3; i++)
        threading_thread_free(threads[i]);
}

CASE(start_of_that_number_fails_and_nothing_is_half_done)
{
    /* fresh */
    debug("thread", "fault=thread:2");
    finished(started(return_at_once, NULL));
    threading_thread_t *thread = threading_thread_new(return_at_once, NULL, NULL);
    CHECK_STATUS(threading_thread_start(thread), THREADING_NO_THREADS);
    CHECK_TEXT(told(), "threading: the start of a thread fails, as was asked for\n");
    CHECK_EQUAL(threading_active_count(), 1);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    finished(thread);
}

#define TRIES 64

static uint64_t failures(void)
{
    uint64_t failed = 0;
    for (int i = 0; i < TRIES; i++) {
        threading_thread_t *thread = threading_thread_new(return_at_once, NULL, NULL);
        if (thread == NULL)
            failed |= UINT64_C(1) << i;
        threading_thread_free(thread);
    }
    return failed;
}

CASE(one_in_so_many_fails_by_a_seed_that_is_told)
{
    /* fresh */
    debug("seed", "fault=memory:1/4");
    uint64_t failed = failures();
    CHECK_TOLD("threading: one in 4 fails, by the seed ");
    CHECK(failed != 0 && failed != UINT64_MAX);
}

CASE(same_seed_fails_the_same_ones)
{
    /* fresh */
    debug("same", "fault=memory:1/4:7");
    CHECK_TOLD("threading: one in 4 fails, by the seed 7: ");
    CHECK(failures() == UINT64_C(0x8DC4299D8B9D5AE6)); /* of a thread's two allocations, one by chance */
}
