/* SPDX-License-Identifier: MIT */
/* The short ways: threads that are made and started in one call, keywords, and calls that must succeed. */
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "conformance.h"
#include "gate.h"

static int object;

static void *tell_name(void *name)
{
    (void)snprintf(name, 64, "%s", threading_thread_name(threading_current_thread()));
    return name;
}

/* ---------------------------------------------------------------------------------------- the function */

CASE(spawn_starts_a_thread)
{
    static const threading_thread_options_t options = {.name = "Spawned", .daemon = THREADING_DAEMON};
    threading_thread_t *thread = NULL;
    void *result = NULL;
    char name[64] = "";
    CHECK_STATUS(threading_thread_spawn(tell_name, name, &options, &thread), THREADING_OK);
    CHECK_STATUS(threading_thread_start(thread), THREADING_ALREADY_STARTED);
    CHECK(threading_thread_daemon(thread));
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK_STATUS(threading_thread_result(thread, &result), THREADING_OK);
    CHECK(result == name);
    CHECK_TEXT(name, "Spawned");
    threading_thread_free(thread);
}

CASE(spawn_without_options_takes_the_defaults)
{
    threading_thread_t *thread = NULL;
    CHECK_STATUS(threading_thread_spawn(return_at_once, NULL, NULL, &thread), THREADING_OK);
    CHECK_TEXT(threading_thread_name(thread), "Thread-1");
    CHECK(!threading_thread_daemon(thread));
    finished(thread);
}

CASE(spawn_of_no_target_ends_at_once)
{
    threading_thread_t *thread = NULL;
    CHECK_STATUS(threading_thread_spawn(NULL, NULL, NULL, &thread), THREADING_OK);
    finished(thread);
}

static void *check_is_8(void *number)
{
    CHECK_EQUAL(*(int *)number, 8);
    return number;
}

/* ThreadSanitizer would tell of the plain int. */
CASE(what_came_before_the_spawn_is_seen_by_the_target)
{
    int number = 7;
    number++;
    finished(threading_spawn(check_is_8, &number));
}

static threading_event_t is_running;

static void *say_so(void *arg)
{
    CHECK_STATUS(threading_event_set(&is_running), THREADING_OK);
    return arg;
}

CASE(spawn_whose_handle_nobody_takes_runs_too)
{
    CHECK_STATUS(threading_thread_spawn(say_so, NULL, NULL, NULL), THREADING_OK);
    CHECK_STATUS(threading_event_wait(&is_running), THREADING_OK);
    AWAIT(threading_active_count() == 1);
}

static void *end_after_main(void *arg)
{
    CHECK_STATUS(threading_thread_join(threading_main_thread()), THREADING_OK);
    printf("worker\n");
    return arg;
}

EXIT_CASE(process_waits_for_a_spawn_whose_handle_nobody_took, 0, "main|worker|")
{
    CHECK_STATUS(threading_thread_spawn(end_after_main, NULL, NULL, NULL), THREADING_OK);
    printf("main\n");
}

/* ---------------------------------------------------------------------------------------- its failures */

/* Written on success only, as the header says of every such parameter. */
static void check_refused(threading_thread_options_t options, threading_status_t expected)
{
    threading_thread_t *thread = threading_main_thread();
    CHECK_STATUS(threading_thread_spawn(return_at_once, NULL, &options, &thread), expected);
    CHECK(thread == threading_main_thread());
    CHECK_STATUS(threading_thread_spawn(return_at_once, NULL, &options, NULL), expected);
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(wrong_option_is_refused)
{
    check_refused((threading_thread_options_t){.daemon = 2}, THREADING_INVALID);
    check_refused((threading_thread_options_t){.daemon = INT_MIN}, THREADING_INVALID);
    check_refused((threading_thread_options_t){.stack_size = 1}, THREADING_INVALID);
    check_refused((threading_thread_options_t){.stack_size = 32767}, THREADING_INVALID);
    check_refused((threading_thread_options_t){.priority = 3}, THREADING_INVALID);
    check_refused((threading_thread_options_t){.reserved = {1}}, THREADING_INVALID);
}

CASE(stack_that_cannot_be_had_is_refused)
{
    bool has_sizes = threading_stack_size(0, NULL) != THREADING_UNSUPPORTED;
    check_refused((threading_thread_options_t){.stack_size = SIZE_MAX / 8 * 7},
                  has_sizes ? THREADING_NO_THREADS : THREADING_UNSUPPORTED);
}

CASE(refused_spawns_keep_no_memory)
{
    static const threading_thread_options_t wrong = {.name = "a name that has to be kept somewhere",
                                                     .daemon = 2};
    size_t before = 0;
    for (int i = 0; i < 200; i++) {
        CHECK_STATUS(threading_thread_spawn(return_at_once, NULL, &wrong, NULL), THREADING_INVALID);
        if (i == 100) /* the C library keeps the first ones for later */
            before = allocated_bytes();
    }
    CHECK_EQUAL(allocated_bytes(), before);
}

static int told_count;
static char told_call[64];
static threading_status_t told_status;

static void keep_misuse(const char *call, const void *of, threading_status_t status, void *arg)
{
    (void)of;
    (void)arg;
    told_count++;
    (void)snprintf(told_call, sizeof told_call, "%s", call);
    told_status = status;
}

CASE(misuse_handler_is_told_once_of_the_spawn)
{
    static const threading_thread_options_t wrong = {.daemon = 2};
    if (threading_set_misuse_handler(keep_misuse, NULL) == THREADING_UNSUPPORTED)
        SKIP("the library was built without its diagnosis");
    CHECK_STATUS(threading_thread_spawn(return_at_once, NULL, &wrong, NULL), THREADING_INVALID);
    CHECK_EQUAL(told_count, 1);
    CHECK_TEXT(told_call, "threading_thread_spawn");
    CHECK_STATUS(told_status, THREADING_INVALID);
}

/* ---------------------------------------------------------------------------------------- the keywords */

static void check_result(threading_thread_t *thread, const void *expected)
{
    void *result = NULL;
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK_STATUS(threading_thread_result(thread, &result), THREADING_OK);
    CHECK(result == expected);
    threading_thread_free(thread);
}

CASE(argument_alone_is_enough)
{
    threading_thread_t *thread = threading_thread(return_at_once, &object);
    CHECK_TEXT(threading_thread_name(thread), "Thread-1");
    CHECK(!threading_thread_is_alive(thread));
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    check_result(thread, &object);
    thread = threading_spawn(return_at_once, &object);
    CHECK_TEXT(threading_thread_name(thread), "Thread-2");
    check_result(thread, &object);
}

static void *wait_for_stop(void *arg)
{
    CHECK_STATUS(threading_sleep(THREADING_FOREVER), THREADING_CANCELLED);
    return arg;
}

CASE(keywords_of_a_spawn_are_options)
{
    threading_stop_t stop = {0};
    threading_thread_t *thread = threading_spawn(wait_for_stop, &object, .name = "LoopThread", .daemon = true,
                                                 .stop = &stop, .priority = THREADING_PRIORITY_NORMAL);
    CHECK_TEXT(threading_thread_name(thread), "LoopThread");
    CHECK(threading_thread_daemon(thread));
    CHECK(threading_thread_is_alive(thread));
    CHECK_STATUS(threading_stop_request(&stop), THREADING_OK);
    check_result(thread, &object);
}

CASE(keyword_stack_size_is_taken)
{
    if (threading_stack_size(0, NULL) == THREADING_UNSUPPORTED)
        SKIP("this backend cannot choose the size of stacks");
    threading_thread_t *thread = threading_spawn(return_at_once, &object, .stack_size = 2097152);
    CHECK(threading_thread_stack_size(thread) >= 2097152);
    check_result(thread, &object);
}

struct point {
    int x, y;
};

static void *add(void *arg)
{
    struct point *point = arg;
    point->x += point->y;
    return point;
}

/* Commas in braces divide the arguments of a macro. */
CASE(argument_may_have_commas)
{
    void *result = NULL;
    threading_thread_t *thread = threading_spawn(add, &(struct point){1, 2}, .name = "Adder");
    CHECK_TEXT(threading_thread_name(thread), "Adder");
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK_STATUS(threading_thread_result(thread, &result), THREADING_OK);
    CHECK_EQUAL(((struct point *)result)->x, 3);
    threading_thread_free(thread);
    thread = threading_thread(add, &(struct point){1, 2});
    CHECK_STATUS(threading_thread_join(thread), THREADING_NOT_STARTED);
    threading_thread_free(thread);
}

CASE(arguments_are_evaluated_once)
{
    int made = 0;
    char *objects[4] = {NULL};
    threading_thread_t *thread = threading_spawn(return_at_once, &objects[made++]);
    check_result(thread, &objects[0]);
    thread = THREADING_MUST_SPAWN(return_at_once, &objects[made++]);
    check_result(thread, &objects[1]);
    threading_thread_free(threading_thread(return_at_once, &objects[made++]));
    CHECK_EQUAL(made, 3);
}

CASE(keyword_status_says_that_it_went_well)
{
    threading_status_t status = THREADING_BUSY;
    threading_thread_t *thread = threading_spawn(return_at_once, NULL, .status = &status);
    CHECK_STATUS(status, THREADING_OK);
    finished(thread);
    status = THREADING_BUSY;
    thread = threading_thread(return_at_once, NULL, .status = &status);
    CHECK_STATUS(status, THREADING_OK);
    threading_thread_free(thread);
}

CASE(spawn_that_fails_gives_no_thread_and_says_why)
{
    threading_status_t status = THREADING_OK;
    CHECK(threading_spawn(return_at_once, NULL, .daemon = 2, .status = &status) == NULL);
    CHECK_STATUS(status, THREADING_INVALID);
    bool has_sizes = threading_stack_size(0, NULL) != THREADING_UNSUPPORTED;
    CHECK(threading_spawn(return_at_once, NULL, .stack_size = SIZE_MAX / 8 * 7, .status = &status) == NULL);
    CHECK_STATUS(status, has_sizes ? THREADING_NO_THREADS : THREADING_UNSUPPORTED);
    CHECK(threading_spawn(return_at_once, NULL, .daemon = 2) == NULL);
    CHECK_EQUAL(threading_active_count(), 1);
}

/* One check does for both. */
CASE(join_of_a_spawn_that_failed_is_refused)
{
    threading_thread_t *thread = threading_spawn(return_at_once, NULL, .priority = 9);
    CHECK_STATUS(threading_thread_join(thread), THREADING_INVALID);
    threading_thread_free(thread);
}

/* -------------------------------------------------------------------------------------------- the musts */

CASE(must_of_what_goes_well_does_nothing)
{
    threading_lock_t lock = {0};
    THREADING_MUST(THREADING_OK);
    THREADING_MUST(threading_lock_try_acquire(&lock));
    CHECK(threading_lock_locked(&lock));
    if (object == 0)
        THREADING_MUST(threading_lock_release(&lock));
    else
        CHECK(false);
    CHECK(!threading_lock_locked(&lock));
}

static int calls;

static threading_status_t count_call(threading_status_t status)
{
    calls++;
    return status;
}

CASE(must_makes_its_call_once)
{
    THREADING_MUST(count_call(THREADING_OK));
    CHECK_EQUAL(calls, 1);
    (void)(calls > 0 ? THREADING_MUST(count_call(THREADING_OK)) : (void)0);
    CHECK_EQUAL(calls, 2);
}

CASE(must_spawn_gives_a_started_thread)
{
    threading_status_t status = THREADING_BUSY;
    check_result(THREADING_MUST_SPAWN(return_at_once, &object), &object);
    threading_thread_t *thread =
        THREADING_MUST_SPAWN(return_at_once, &object, .name = "LoopThread", .status = &status);
    CHECK_TEXT(threading_thread_name(thread), "LoopThread");
    CHECK_STATUS(status, THREADING_OK);
    check_result(thread, &object);
}

/* What is told goes to a file, as a failed check would. A handler of the signal reads it: ThreadSanitizer tells of
 * memory that is taken in there, so all is open before, and has no buffers. */
static FILE *told_file;
static char told[2048];

static void tell_to_file(const char *name)
{
    char path[64];
    (void)snprintf(path, sizeof path, "spawn-%s.txt", name);
    CHECK(freopen(path, "w", stderr) != NULL);
    told_file = fopen(path, "r");
    CHECK(told_file != NULL);
    CHECK(setvbuf(told_file, NULL, _IONBF, 0) == 0 && setvbuf(stdout, NULL, _IONBF, 0) == 0);
}

/* FILE:LINE: rest */
static bool is_told(const char *rest)
{
    size_t file = strlen(__FILE__), length = strlen(told), end = strlen(rest);
    return length >= file + end && strncmp(told, __FILE__ ":", file + 1) == 0 &&
           strcmp(told + length - end, rest) == 0;
}

static const char *expected_rest;

static void check_told(int signal_number)
{
    told[fread(told, 1, sizeof told - 1, told_file)] = '\0';
    if (signal_number != SIGABRT || calls > 1 || !is_told(expected_rest)) {
        printf("told was: %s", told);
        end_now(1);
    }
    printf("aborted\n");
    end_now(7);
}

static void expect_abort(const char *name, const char *rest)
{
    tell_to_file(name);
    expected_rest = rest;
    CHECK(signal(SIGABRT, check_told) != SIG_ERR);
}

EXIT_CASE(must_that_fails_tells_call_status_and_place_and_aborts, 7, "aborted|")
{
    expect_abort("must", ": count_call(THREADING_BUSY): THREADING_BUSY: it cannot be had without waiting\n");
    THREADING_MUST(count_call(THREADING_BUSY));
    printf("never printed\n");
}

EXIT_CASE(must_spawn_that_fails_tells_the_spawn_and_aborts, 7, "aborted|")
{
    expect_abort("must_spawn", ": threading_spawn(return_at_once, NULL, .daemon = 2): THREADING_INVALID: "
                               "an argument is not valid\n");
    (void)!THREADING_MUST_SPAWN(return_at_once, NULL, .daemon = 2);
    printf("never printed\n");
}

static void *join_oneself(void *arg)
{
    THREADING_MUST(threading_thread_join(threading_current_thread()));
    return arg;
}

EXIT_CASE(must_that_fails_in_a_thread_aborts, 7, "aborted|")
{
    expect_abort("thread", ": threading_thread_join(threading_current_thread()): THREADING_DEADLOCK: "
                           "the wait could never end\n");
    THREADING_MUST(threading_thread_join(THREADING_MUST_SPAWN(join_oneself, NULL)));
    printf("never printed\n");
}

/* Still one line, with what tells why. */
#define TWICE(text) text text
#define LONG "a path or a call that is longer than a line has room for, and then some more; "
EXIT_CASE(must_with_long_words_is_told_in_part, 7, "aborted|")
{
    static const char words[] = TWICE(TWICE(TWICE(TWICE(LONG))));
    static char rest[512];
    (void)snprintf(rest, sizeof rest,
                   ":2147483647: %.400s: THREADING_UNKNOWN: not a status of this library\n", words);
    expect_abort("long", rest);
    threading_must_fail(words, __FILE__, INT_MAX, (threading_status_t)-1);
}

static void *fail_in_thread(void *arg)
{
    THREADING_MUST(THREADING_BROKEN);
    return arg;
}

CASE(must_that_fails_ends_the_process_by_its_signal)
{
    child_t child = fork_now();
    if (child == 0) {
        tell_to_file("signal");
        THREADING_MUST(threading_thread_join(THREADING_MUST_SPAWN(fail_in_thread, NULL)));
        _Exit(0);
    }
#if defined(__unix__) || defined(__APPLE__)
    int status = 0;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
    CHECK_EQUAL(WTERMSIG(status), SIGABRT);
#endif
}
