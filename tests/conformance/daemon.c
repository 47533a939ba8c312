/* SPDX-License-Identifier: MIT */
/*
 * Threads that are alive when the process ends: who is waited for, who is not, and in which order.
 *
 * A worker that must run on after main waits in join(main), or for a lock that a handler of atexit()
 * releases. A handler that is registered before the library's first use runs after the joins.
 */
#include <signal.h>
#include <stdlib.h>

#include "churn.h"
#include "conformance.h"
#include "gate.h"

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#define HAVE_PTHREAD_EXIT 1
#else
#define HAVE_PTHREAD_EXIT 0
#endif

#if defined(__has_feature)
#define HAS_FEATURE(feature) __has_feature(feature)
#else
#define HAS_FEATURE(feature) 0
#endif
#if defined(__SANITIZE_THREAD__) || HAS_FEATURE(thread_sanitizer)
#define HAVE_TSAN 1
#else
#define HAVE_TSAN 0
#endif

/* MSVCRT and macOS have no quick_exit(). */
#if defined(__APPLE__) || (defined(__MINGW32__) && !defined(_UCRT))
#define HAVE_QUICK_EXIT 0
#else
#define HAVE_QUICK_EXIT 1
#endif

/* -------------------------------------------------------------------------------------- helpers */

static atomic_int count;
static atomic_bool flag;
static threading_lock_t gate;

/* What is never given back, kept where a leak checker finds it: volatile, or it might not be written. */
static void *volatile kept;

static void at_exit(void (*handler)(void))
{
    CHECK_EQUAL(atexit(handler), 0);
}

static void join_main(void)
{
    CHECK_STATUS(threading_thread_join(threading_main_thread()), THREADING_OK);
}

/* Start a thread and let go of it: the process has to know it by itself. */
static void start_and_forget(threading_target_t target, void *arg, int daemon)
{
    threading_thread_t *thread = threading_thread(target, arg, .daemon = daemon);
    CHECK(thread != NULL);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    threading_thread_free(thread);
}

static void start_worker(threading_target_t target, void *arg)
{
    start_and_forget(target, arg, THREADING_NOT_DAEMON);
}

static void *say(void *text)
{
    puts(text);
    return NULL;
}

static void *say_after_main(void *text)
{
    join_main();
    return say(text);
}

static void *count_after_main(void *unused)
{
    join_main();
    atomic_fetch_add(&count, 1);
    return unused;
}

static void *say_after_gate(void *text)
{
    gate_pass(&gate);
    return say(text);
}

static void *sleep_for_ever(void *unused)
{
    atomic_store(&flag, true);
    threading_sleep(THREADING_FOREVER);
    return unused;
}

static void open_gate(void)
{
    puts("handler");
    gate_open(&gate);
}

static void say_handler(void)
{
    puts("handler");
}

/* Ends of the process from any thread; the code is the pointer's value. */
static void *exit_with(void *code)
{
    exit((int)(intptr_t)code);
}

static void *exit_process_with(void *code)
{
    threading_exit_process((int)(intptr_t)code);
}

static void *number(int value)
{
    return (void *)(intptr_t)value;
}

/* ------------------------------------------------------------------ the joins at the end of main */

/* CPython: test_threading.ThreadJoinOnShutdown.test_1_join_on_shutdown */
EXIT_CASE(main_returning_waits_for_a_worker, 0, "end of main|end of thread|")
{
    static char text[] = "end of thread";
    start_worker(say_after_main, text);
    puts("end of main");
}

/* CPython: test_threading.ThreadTests.test_join_nondaemon_on_shutdown */
EXIT_CASE(exit_in_main_keeps_its_code_and_waits, 7, "end of main|end of thread|")
{
    static char text[] = "end of thread";
    start_worker(say_after_main, text);
    puts("end of main");
    exit(7);
}

EXIT_CASE(code_that_main_returns_is_kept, 5, "worker|")
{
    static char text[] = "worker";
    start_worker(say_after_main, text);
    EXIT_CODE = 5;
}

EXIT_CASE(exit_process_in_main_keeps_its_code_and_waits, 4, "worker|")
{
    static char text[] = "worker";
    start_worker(say_after_main, text);
    threading_exit_process(4);
}

EXIT_CASE(threading_exit_in_main_exits_with_0_after_the_joins, 0, "worker|")
{
    static char text[] = "worker";
    start_worker(say_after_main, text);
    EXIT_CODE = 9;
    threading_exit(number(9));
}

static void say_whether_all(void)
{
    puts(atomic_load(&count) == 8 ? "all" : "not all");
}

EXIT_CASE(every_worker_is_waited_for, 0, "all|")
{
    at_exit(say_whether_all);
    for (int i = 0; i < 8; i++)
        start_worker(count_after_main, NULL);
}

static int many;

static void say_whether_many(void)
{
    puts(atomic_load(&count) == many ? "all" : "not all");
}

EXIT_CASE(a_thousand_workers_are_waited_for, 0, "all|")
{
    at_exit(say_whether_many);
    many = is_slow() || sizeof(void *) < 8 ? 100 : 1000; /* 32 bits have no room for so many stacks */
    for (int i = 0; i < many; i++)
        start_worker(count_after_main, NULL);
}

static void *exit_after_main(void *text)
{
    join_main();
    puts(text);
    threading_exit(NULL);
}

EXIT_CASE(worker_that_leaves_by_threading_exit_is_waited_for, 0, "worker|")
{
    static char text[] = "worker";
    start_worker(exit_after_main, text);
}

EXIT_CASE(thread_never_started_holds_nothing_up, 0, "")
{
    kept = threading_thread_new(say, NULL, NULL);
    CHECK(kept != NULL);
}

/* ------------------------------------------------------------- threads that start during the joins */

static void *start_another(void *text)
{
    join_main();
    start_worker(say_after_main, text);
    return NULL;
}

/* CPython: test_threading.ThreadJoinOnShutdown.test_thread_from_thread */
EXIT_CASE(thread_started_during_the_joins_is_joined, 0, "end of main|end of thread|")
{
    static char text[] = "end of thread";
    start_worker(start_another, text);
    puts("end of main");
}

static void *chain(void *left)
{
    join_main();
    printf("%d\n", (int)(intptr_t)left);
    if (left != number(1))
        start_worker(chain, number((int)(intptr_t)left - 1));
    return NULL;
}

EXIT_CASE(chain_of_five_started_during_the_joins_is_joined, 0, "5|4|3|2|1|")
{
    start_worker(chain, number(5));
}

static void start_in_handler(void)
{
    static char text[] = "worker";
    puts("handler");
    start_worker(say_after_main, text);
}

EXIT_CASE(thread_started_in_a_handler_registered_later_is_joined, 0, "handler|worker|")
{
    finished(started(return_at_once, NULL));
    at_exit(start_in_handler);
}

/* ----------------------------------------------------------------------------- handlers of atexit() */

EXIT_CASE(handler_registered_later_runs_before_the_joins, 0, "handler|worker|")
{
    static char text[] = "worker";
    gate_close(&gate);
    start_worker(say_after_gate, text);
    at_exit(open_gate);
}

EXIT_CASE(handler_registered_before_the_first_use_runs_after_the_joins, 0, "worker|handler|")
{
    static char text[] = "worker";
    at_exit(say_handler);
    start_worker(say_after_main, text);
}

static threading_thread_t *running, *ended, *refused;

static void try_after_the_joins(void)
{
    CHECK_STATUS(threading_thread_start(refused), THREADING_FINALIZING);
    CHECK_EQUAL(threading_thread_ident(refused), 0);
    CHECK_STATUS(threading_start_new_thread(return_at_once, NULL, NULL), THREADING_FINALIZING);
    CHECK_STATUS(threading_thread_try_join(running), THREADING_BUSY);
    CHECK_STATUS(threading_thread_join_timeout(running, 0.01), THREADING_TIMEOUT);
    CHECK_STATUS(threading_thread_join(ended), THREADING_OK);
    puts("refused");
}

/*
 * CPython gives PythonFinalizationError for the join: a daemon that runs there has stopped for good. Here it
 * goes on. CPython: test_threading.ThreadTests.test_start_new_thread_at_finalization,
 * test_join_daemon_thread_in_finalization, test_join_finished_daemon_thread_in_finalization
 */
EXIT_CASE(after_the_joins_starts_are_refused_and_joins_are_not, 0, "refused|")
{
    at_exit(try_after_the_joins);
    running = threading_thread(sleep_for_ever, NULL, .daemon = true);
    CHECK_STATUS(threading_thread_start(running), THREADING_OK);
    ended = started(return_at_once, NULL);
    CHECK_STATUS(threading_thread_join(ended), THREADING_OK);
    refused = threading_thread_new(return_at_once, NULL, NULL);
    CHECK(refused != NULL);
    AWAIT(atomic_load(&flag));
}

static threading_local_t handler_local = THREADING_LOCAL_INIT(int);

static THREADING_NO_ANALYSIS void use_everything(void)
{
    threading_lock_t lock = {0};
    threading_rlock_t rlock = {0};
    threading_thread_t *listed = NULL;
    CHECK(threading_current_thread() == threading_main_thread());
    CHECK_TEXT(threading_thread_name(threading_current_thread()), "MainThread");
    CHECK_EQUAL(threading_enumerate(&listed, 1), 1);
    CHECK(listed == threading_main_thread());
    threading_thread_free(listed);
    CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
    CHECK_STATUS(threading_lock_acquire_timeout(&lock, 0.001), THREADING_TIMEOUT);
    CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    CHECK_STATUS(threading_sleep(0.001), THREADING_OK);
    CHECK_EQUAL(*(int *)threading_local_get(&handler_local), 7);
    puts("usable");
}

/* CPython: test_threading.ThreadTests.test_main_thread_during_shutdown, test_locals_at_exit */
EXIT_CASE(library_is_usable_in_a_handler_after_the_joins, 0, "usable|")
{
    at_exit(use_everything);
    *(int *)threading_local_get(&handler_local) = 7;
    start_worker(count_after_main, NULL);
}

EXIT_CASE(library_is_usable_in_a_handler_before_the_joins, 0, "usable|")
{
    *(int *)threading_local_get(&handler_local) = 7;
    finished(started(return_at_once, NULL));
    at_exit(use_everything);
}

/* ------------------------------------------------------------------------------ threading_shutdown() */

CASE(shutdown_without_threads_is_ok_and_may_be_repeated)
{
    CHECK_STATUS(threading_shutdown(), THREADING_OK);
    CHECK_STATUS(threading_shutdown(), THREADING_OK);
}

EXIT_CASE(shutdown_at_the_end_of_main_joins_before_the_handlers, 0, "worker|end of main|handler|")
{
    static char text[] = "worker";
    start_worker(say_after_main, text);
    at_exit(say_handler);
    CHECK_STATUS(threading_shutdown(), THREADING_OK);
    puts("end of main");
}

static void *start_another_to_count(void *unused)
{
    join_main();
    start_worker(count_after_main, NULL);
    return unused;
}

CASE(shutdown_joins_what_is_started_meanwhile)
{
    for (int i = 0; i < 4; i++)
        start_worker(start_another_to_count, NULL);
    CHECK_STATUS(threading_shutdown(), THREADING_OK);
    CHECK_EQUAL(atomic_load(&count), 4);
    CHECK_EQUAL(threading_active_count(), 1);
}

CASE(join_of_main_returns_when_main_enters_shutdown)
{
    threading_thread_t *worker = started(count_after_main, NULL);
    CHECK_STATUS(threading_thread_try_join(worker), THREADING_BUSY);
    CHECK(threading_thread_is_alive(threading_main_thread()));
    CHECK_STATUS(threading_shutdown(), THREADING_OK);
    CHECK_STATUS(threading_thread_try_join(worker), THREADING_OK);
    CHECK(!threading_thread_is_alive(threading_main_thread()));
    threading_thread_free(worker);
}

CASE(shutdown_does_not_wait_for_daemons)
{
    start_and_forget(sleep_for_ever, NULL, THREADING_DAEMON);
    CHECK_STATUS(threading_shutdown(), THREADING_OK);
    CHECK_EQUAL(threading_active_count(), 2);
}

EXIT_CASE(thread_started_after_a_shutdown_is_joined_at_exit, 0, "end of main|worker|")
{
    static char text[] = "worker";
    CHECK_STATUS(threading_shutdown(), THREADING_OK);
    gate_close(&gate);
    start_worker(say_after_gate, text);
    puts("end of main");
    gate_open(&gate);
}

static atomic_bool entered;

static void *shut_down(void *unused)
{
    atomic_store(&entered, true);
    CHECK_STATUS(threading_shutdown(), THREADING_OK);
    CHECK_EQUAL(atomic_load(&count), 1);
    return unused;
}

static void *count_after_gate(void *unused)
{
    gate_pass(&gate);
    atomic_fetch_add(&count, 1);
    return unused;
}

/* The short sleep only gives a shutdown that waits for nobody the time to show it. */
CASE(shutdown_in_a_worker_waits_for_the_others_only)
{
    gate_close(&gate);
    threading_thread_t *other = started(count_after_gate, NULL);
    threading_thread_t *worker = started(shut_down, NULL);
    AWAIT(atomic_load(&entered));
    threading_sleep(0.02);
    CHECK_STATUS(threading_thread_try_join(worker), THREADING_BUSY);
    gate_open(&gate);
    finished(worker);
    finished(other);
    CHECK(threading_thread_is_alive(threading_main_thread()));
}

/* Results of the two threads of the next case; which of them is told depends on who is first. */
static threading_status_t told_shutdown, told_join;

static void *join_thread(void *thread)
{
    atomic_store(&entered, true);
    told_join = threading_thread_join(thread);
    return NULL;
}

static void *shut_down_while_joined(void *unused)
{
    gate_pass(&gate);
    told_shutdown = threading_shutdown();
    return unused;
}

CASE(shutdown_leaves_out_who_waits_for_its_caller)
{
    gate_close(&gate);
    threading_thread_t *caller = threading_thread(shut_down_while_joined, NULL, .daemon = true);
    CHECK_STATUS(threading_thread_start(caller), THREADING_OK);
    threading_thread_t *joiner = started(join_thread, caller);
    AWAIT(atomic_load(&entered));
    threading_sleep(0.02);
    gate_open(&gate);
    finished(joiner); /* first: it uses the other's handle */
    finished(caller);
    CHECK((told_shutdown == THREADING_DEADLOCK) != (told_join == THREADING_DEADLOCK));
    CHECK(told_shutdown == THREADING_OK || told_join == THREADING_OK);
}

/* --------------------------------------------------------------------- leaving from another thread */

static void tell_handler_ran(void)
{
    gate_open(&gate);
}

/* Main sleeps for ever: whoever waited for it would not end. The other worker's gate is opened by a handler,
 * which proves that it was still waited for when the exit had begun. */
static void leave_from(threading_target_t leaver, int daemon)
{
    static char text[] = "other worker";
    gate_close(&gate);
    start_worker(say_after_gate, text);
    at_exit(tell_handler_ran);
    start_and_forget(leaver, number(3), daemon);
    threading_sleep(THREADING_FOREVER);
}

EXIT_CASE(exit_in_a_worker_waits_for_the_other_workers_only, 3, "other worker|")
{
    leave_from(exit_with, THREADING_NOT_DAEMON);
}

EXIT_CASE(exit_in_a_daemon_waits_for_the_workers, 3, "other worker|")
{
    leave_from(exit_with, THREADING_DAEMON);
}

EXIT_CASE(exit_process_in_a_worker_waits_for_the_other_workers_only, 3, "other worker|")
{
    leave_from(exit_process_with, THREADING_NOT_DAEMON);
}

EXIT_CASE(exit_process_in_a_daemon_waits_for_the_workers, 3, "other worker|")
{
    leave_from(exit_process_with, THREADING_DAEMON);
}

EXIT_CASE(exit_process_in_a_foreign_thread_waits_for_the_workers, 3, "other worker|")
{
    static char text[] = "other worker";
    gate_close(&gate);
    start_worker(say_after_gate, text);
    at_exit(tell_handler_ran);
    kept = foreign_start(exit_process_with, number(3));
    threading_sleep(THREADING_FOREVER);
}

static void *exit_process_after_gate(void *code)
{
    gate_pass(&gate);
    puts("second");
    threading_exit_process((int)(intptr_t)code);
}

EXIT_CASE(first_exit_process_decides_the_code, 3, "handler|second|")
{
    gate_close(&gate);
    start_worker(exit_process_after_gate, number(6));
    at_exit(open_gate);
    start_worker(exit_process_with, number(3));
    threading_sleep(THREADING_FOREVER);
}

static void *exit_process_when_flag(void *code)
{
    while (!atomic_load(&flag))
        continue;
    threading_exit_process((int)(intptr_t)code);
}

static void *say_after_flag(void *text)
{
    AWAIT(atomic_load(&flag));
    threading_sleep(0.02);
    return say(text);
}

EXIT_CASE(many_exit_process_at_once_wait_for_a_worker, 3, "worker|")
{
    static char text[] = "worker";
    start_worker(say_after_flag, text);
    for (int i = 0; i < 8; i++)
        start_worker(exit_process_when_flag, number(3));
    atomic_store(&flag, true);
    threading_sleep(THREADING_FOREVER);
}

static void *exit_process_after_main(void *code)
{
    join_main();
    threading_exit_process((int)(intptr_t)code);
}

EXIT_CASE(exit_process_in_a_worker_that_main_waits_for_ends_the_process, 5, "end of main|")
{
    start_worker(exit_process_after_main, number(8));
    puts("end of main");
    EXIT_CODE = 5;
}

EXIT_CASE(exit_process_in_a_worker_that_a_shutdown_waits_for_ends_the_process, 8, "end of main|")
{
    start_worker(exit_process_after_main, number(8));
    puts("end of main");
    threading_shutdown();
    threading_sleep(THREADING_FOREVER);
}

static void *exit_when_flag(void *code)
{
    while (!atomic_load(&flag))
        continue;
    exit((int)(intptr_t)code);
}

/* Not every C library lets only one thread into exit(). The worker gives the second one time to overtake. */
EXIT_CASE(two_exits_at_once_still_wait_for_a_worker, 3, "worker|")
{
    static char text[] = "worker";
    start_worker(say_after_flag, text);
    start_and_forget(exit_when_flag, number(3), THREADING_DAEMON);
    atomic_store(&flag, true);
    exit(3);
}

/* -------------------------------------------------------------------------- waits that could never end */

static void *join_then_say(void *thread)
{
    atomic_store(&entered, true);
    if (threading_thread_join(thread) == THREADING_OK)
        puts("the joined thread has ended");
    return NULL;
}

static void *exit_while_joined(void *code)
{
    AWAIT(atomic_load(&entered));
    threading_sleep(0.02);
    exit((int)(intptr_t)code);
}

static void *exit_process_while_joined(void *code)
{
    AWAIT(atomic_load(&entered));
    threading_sleep(0.02);
    threading_exit_process((int)(intptr_t)code);
}

/* A worker waits for the very thread whose exit would wait for the worker. */
static void leave_while_joined(threading_target_t leaver)
{
    threading_thread_t *leaving = started(leaver, number(4));
    start_worker(join_then_say, leaving);
    threading_sleep(THREADING_FOREVER);
}

EXIT_CASE(exit_does_not_wait_for_a_thread_that_joins_its_caller, 4, "")
{
    leave_while_joined(exit_while_joined);
}

EXIT_CASE(exit_process_does_not_wait_for_a_thread_that_joins_its_caller, 4, "")
{
    leave_while_joined(exit_process_while_joined);
}

static threading_rlock_t never_released;

static void *acquire_never_released(void *unused)
{
    atomic_store(&entered, true);
    if (threading_rlock_acquire(&never_released) == THREADING_OK)
        puts("main's RLock was released");
    return unused;
}

EXIT_CASE(exit_does_not_wait_for_a_thread_that_waits_for_mains_rlock, 4, "")
{
    CHECK_STATUS(threading_rlock_acquire(&never_released), THREADING_OK);
    start_worker(acquire_never_released, NULL);
    AWAIT(atomic_load(&entered));
    threading_sleep(0.02);
    EXIT_CODE = 4;
}

/* ------------------------------------------------------------------------------------------ daemons */

/* CPython: test_threading.ThreadJoinOnShutdown.test_4_daemon_threads */
EXIT_CASE(sleeping_daemons_do_not_hold_the_exit_up, 0, "end of main|")
{
    for (int i = 0; i < 4; i++)
        start_and_forget(sleep_for_ever, NULL, THREADING_DAEMON);
    puts("end of main");
}

static threading_local_t busy_local = THREADING_LOCAL_INIT(int);
static threading_lock_t busy_lock;
static threading_rlock_t busy_rlock;

static void *use_library_for_ever(void *unused)
{
    for (;;) {
        THREADING_WITH_LOCK(&busy_lock) {
            ++*(int *)threading_local_get(&busy_local);
        }
        THREADING_WITH_RLOCK(&busy_rlock) {
            threading_sleep(0);
        }
        CHECK(threading_thread_name(threading_current_thread()) != NULL);
        CHECK(threading_active_count() > 0);
        atomic_fetch_add(&count, 1);
    }
    return unused;
}

/*
 * CPython: test_threading.ThreadJoinOnShutdown.test_4_daemon_threads,
 * test_threading.ThreadTests.test_finalize_daemon_thread_hang
 */
EXIT_CASE(busy_daemons_do_not_disturb_the_exit, 0, "end of main|")
{
    for (int i = 0; i < 4; i++)
        start_and_forget(use_library_for_ever, NULL, THREADING_DAEMON);
    AWAIT(atomic_load(&count) > 100);
    puts("end of main");
}

static void *start_threads_for_ever(void *unused)
{
    for (;; churn_on()) {
        threading_thread_t *thread = threading_thread_new(return_at_once, NULL, NULL);
        CHECK(thread != NULL);
        if (threading_thread_start(thread) == THREADING_OK)
            CHECK(threading_thread_join(thread) != THREADING_DEADLOCK);
        threading_thread_free(thread);
        atomic_fetch_add(&count, 1);
    }
    return unused;
}

EXIT_CASE(daemons_that_start_threads_do_not_disturb_the_exit, 0, "end of main|")
{
    churn_begin(2);
    for (int i = 0; i < 2; i++)
        start_and_forget(start_threads_for_ever, NULL, THREADING_DAEMON);
    AWAIT(atomic_load(&count) > 20);
    puts("end of main");
}

/* CPython: test_threading.ThreadTests.test_finalize_running_thread */
EXIT_CASE(low_level_thread_does_not_hold_the_exit_up, 0, "end of main|")
{
    CHECK_STATUS(threading_start_new_thread(sleep_for_ever, NULL, NULL), THREADING_OK);
    puts("end of main");
}

static void *start_heir(void *unused)
{
    threading_thread_t *heir = started(sleep_for_ever, NULL);
    CHECK(threading_thread_daemon(heir));
    threading_thread_free(heir);
    return unused;
}

EXIT_CASE(daemons_children_are_daemons_and_not_waited_for, 0, "end of main|")
{
    threading_thread_t *parent = threading_thread(start_heir, NULL, .daemon = true);
    CHECK_STATUS(threading_thread_start(parent), THREADING_OK);
    finished(parent);
    puts("end of main");
}

static void *start_worker_in_daemon(void *text)
{
    start_worker(say_after_main, text);
    return NULL;
}

EXIT_CASE(worker_started_by_a_daemon_is_waited_for, 0, "end of main|worker|")
{
    static char text[] = "worker";
    threading_thread_t *parent = threading_thread(start_worker_in_daemon, text, .daemon = true);
    CHECK_STATUS(threading_thread_start(parent), THREADING_OK);
    finished(parent);
    puts("end of main");
}

CASE(daemon_can_be_joined_before_the_exit)
{
    threading_thread_t *thread = threading_thread(return_at_once, &flag, .daemon = true);
    void *result = NULL;
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
    CHECK_STATUS(threading_thread_result(thread, &result), THREADING_OK);
    CHECK(result == &flag);
    threading_thread_free(thread);
}

/* ----------------------------------------------------------------------------------- foreign threads */

static void *become_dummy_for_ever(void *unused)
{
    CHECK(threading_thread_daemon(threading_current_thread()));
    return sleep_for_ever(unused);
}

EXIT_CASE(foreign_thread_does_not_hold_the_exit_up, 0, "end of main|")
{
    kept = foreign_start(become_dummy_for_ever, NULL);
    AWAIT(atomic_load(&flag));
    puts("end of main");
}

static void *say_that_it_is_known(void *unused)
{
    CHECK(threading_current_thread() != threading_main_thread());
    CHECK(threading_thread_daemon(threading_current_thread()));
    puts("known");
    fflush(stdout);
    atomic_store(&flag, true);
    return sleep_for_ever(unused);
}

/* Not until its end: where exit() runs its handlers under a lock, threads may be unable to end meanwhile. */
static void meet_a_foreign_thread(void)
{
    kept = foreign_start(say_that_it_is_known, NULL);
    AWAIT(atomic_load(&flag));
}

/* CPython: test_threading.ThreadTests.test_dummy_thread_on_interpreter_shutdown */
EXIT_CASE(foreign_thread_can_become_known_after_the_joins, 0, "known|")
{
    at_exit(meet_a_foreign_thread);
    CHECK(threading_current_thread() == threading_main_thread()); /* the library is in use before the end */
}

static void *start_worker_in_foreign(void *text)
{
    start_worker(say_after_main, text);
    return NULL;
}

EXIT_CASE(worker_started_by_a_foreign_thread_is_waited_for, 0, "end of main|worker|")
{
    static char text[] = "worker";
    foreign_join(foreign_start(start_worker_in_foreign, text));
    puts("end of main");
}

/* ------------------------------------------------------------------------------- ways past the joins */

EXIT_CASE(underscore_exit_waits_for_nobody, 6, "")
{
    start_worker(sleep_for_ever, NULL);
    _Exit(6);
}

EXIT_CASE(quick_exit_waits_for_nobody, 6, "")
{
    start_worker(sleep_for_ever, NULL);
#if HAVE_QUICK_EXIT
    quick_exit(6);
#else
    SKIP("no quick_exit() in this C library");
#endif
}

static void on_abort(int unused)
{
    (void)unused;
    _Exit(6);
}

EXIT_CASE(abort_waits_for_nobody, 6, "")
{
    start_worker(sleep_for_ever, NULL);
    CHECK(signal(SIGABRT, on_abort) != SIG_ERR);
    abort();
}

/* --------------------------------------------------------------------- main ends its thread natively */

/* ThreadSanitizer has a thread of its own, so that the process does not end with the last of ours. And these cases
 * run alone: in a forked child musl 1.2.3 keeps a lock of its own for ever when main ends itself. */
static void end_main_natively(void)
{
#if !HAVE_PTHREAD_EXIT
    SKIP("main cannot end its own thread here");
#elif HAVE_TSAN
    SKIP("under ThreadSanitizer a process does not end with its last thread");
#else
    pthread_exit(NULL);
#endif
}

EXIT_CASE(workers_go_on_when_main_ends_its_own_thread, 0, "end of main|worker|")
{
    /* alone */
    static char text[] = "worker";
    start_worker(say_after_main, text);
    puts("end of main");
    EXIT_CODE = 9;
    end_main_natively();
}

EXIT_CASE(chain_goes_on_when_main_ends_its_own_thread, 0, "3|2|1|")
{
    /* alone */
    start_worker(chain, number(3));
    end_main_natively();
}

/* ------------------------------------------------------------------------------------ locals at exit */

static void say_copy(void *copy)
{
    puts(*(char **)copy);
}

static threading_local_t spoken = THREADING_LOCAL_INIT_WITH(char *, NULL, say_copy);

static void *speak_at_the_end(void *text)
{
    *(void **)threading_local_get(&spoken) = text;
    join_main();
    return NULL;
}

/* CPython: test_threading.ThreadTests.test_finalization_shutdown */
EXIT_CASE(mains_locals_are_not_finalised_at_exit_but_a_workers_are, 0, "worker's copy|")
{
    static char of_main[] = "main's copy", of_worker[] = "worker's copy";
    *(char **)threading_local_get(&spoken) = of_main;
    start_worker(speak_at_the_end, of_worker);
}
