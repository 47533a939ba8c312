/* SPDX-License-Identifier: MIT */
/* What the system says of its errors in a thread, errno and on Windows GetLastError(), is the user's: no call
 * changes it. */
#include <errno.h>
#include <stdlib.h>

#if defined(_WIN32)
#include <windows.h>
#endif

#include "conformance.h"
#include "gate.h"
#include "tasks.h"

/* Numbers that no system gives. */
enum { own_errno = 12345, own_last_error = 0x2000BEEF };

static void set_errors(void)
{
    errno = own_errno;
#if defined(_WIN32)
    SetLastError(own_last_error);
#endif
}

static void check_errors(int line, const char *what)
{
    int number = errno;
#if defined(_WIN32)
    DWORD last = GetLastError();
    if (last != own_last_error)
        check_equal(__FILE__, line, what, (intmax_t)last, own_last_error);
#endif
    if (number != own_errno)
        check_equal(__FILE__, line, what, number, own_errno);
}

/* The statement, which calls the library, changes nothing. */
#define KEEPS(statement)                    \
    do {                                    \
        set_errors();                       \
        statement;                          \
        check_errors(__LINE__, #statement); \
    } while (0)

#define KEEPS_STATUS(call, status) KEEPS(CHECK_STATUS(call, status))

static const double short_time = 0.002;

/* ---------------------------------------------------------------------------------------------- locks */

static threading_lock_t lock;
static threading_rlock_t rlock;

THREADING_NO_ANALYSIS static void *hold_both(void *gate)
{
    CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    gate_pass(gate);
    (void)threading_sleep(short_time);
    KEEPS_STATUS(threading_lock_release(&lock), THREADING_OK);
    KEEPS_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    return NULL;
}

THREADING_NO_ANALYSIS static void check_free_locks(void)
{
    KEEPS_STATUS(threading_lock_acquire(&lock), THREADING_OK);
    KEEPS_STATUS(threading_lock_try_acquire(&lock), THREADING_BUSY);
    KEEPS_STATUS(threading_lock_acquire_timeout(&lock, short_time), THREADING_TIMEOUT);
    KEEPS_STATUS(threading_lock_release(&lock), THREADING_OK);
    KEEPS_STATUS(threading_lock_release(&lock), THREADING_NOT_HELD);
    KEEPS_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    KEEPS_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    KEEPS_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    KEEPS_STATUS(threading_rlock_release(&rlock), THREADING_OK);
    KEEPS_STATUS(threading_rlock_release(&rlock), THREADING_NOT_OWNER);
}

CASE(locks)
{
    threading_lock_t gate = {0};
    check_free_locks();
    gate_close(&gate);
    threading_thread_t *holder = started(hold_both, &gate);
    AWAIT(threading_rlock_locked(&rlock));
    KEEPS_STATUS(threading_lock_acquire_timeout(&lock, short_time), THREADING_TIMEOUT);
    KEEPS_STATUS(threading_rlock_acquire_timeout(&rlock, short_time), THREADING_TIMEOUT);
    gate_open(&gate);
    KEEPS_STATUS(threading_lock_acquire(&lock), THREADING_OK);
    KEEPS_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    finished(holder);
    CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
    CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
}

static threading_rwlock_t rwlock;
static atomic_bool has_timed_out;

THREADING_NO_ANALYSIS static void *read_and_write(void *arg)
{
    KEEPS_STATUS(threading_rwlock_try_acquire_write(&rwlock), THREADING_BUSY);
    KEEPS_STATUS(threading_rwlock_acquire_read_timeout(&rwlock, short_time), THREADING_TIMEOUT);
    KEEPS_STATUS(threading_rwlock_acquire_write_timeout(&rwlock, short_time), THREADING_TIMEOUT);
    atomic_store(&has_timed_out, true);
    KEEPS_STATUS(threading_rwlock_acquire_write(&rwlock), THREADING_OK);
    KEEPS_STATUS(threading_rwlock_release_write(&rwlock), THREADING_OK);
    for (int i = 0; i < 5000; i++) { /* until it is biased */
        KEEPS_STATUS(threading_rwlock_acquire_read(&rwlock), THREADING_OK);
        KEEPS_STATUS(threading_rwlock_release_read(&rwlock), THREADING_OK);
    }
    return arg;
}

CASE(rwlocks)
{
    KEEPS_STATUS(threading_rwlock_acquire_write(&rwlock), THREADING_OK);
    threading_thread_t *other = started(read_and_write, NULL);
    AWAIT(atomic_load(&has_timed_out));
    (void)threading_sleep(short_time);
    KEEPS_STATUS(threading_rwlock_release_write(&rwlock), THREADING_OK);
    finished(other);
    KEEPS_STATUS(threading_rwlock_acquire_write(&rwlock), THREADING_OK);
    KEEPS_STATUS(threading_rwlock_release_write(&rwlock), THREADING_OK);
}

/* ---------------------------------------------------------------------------------- signals and counts */

static threading_event_t event;
static threading_semaphore_t semaphore;
static threading_condition_t condition = THREADING_CONDITION_INIT;
static threading_barrier_t barrier = THREADING_BARRIER_INIT(2);

THREADING_NO_ANALYSIS static void *wake_all(void *arg)
{
    (void)threading_sleep(short_time);
    KEEPS_STATUS(threading_event_set(&event), THREADING_OK);
    (void)threading_sleep(short_time);
    KEEPS_STATUS(threading_semaphore_release(&semaphore), THREADING_OK);
    (void)threading_sleep(short_time);
    KEEPS_STATUS(threading_condition_acquire(&condition), THREADING_OK);
    KEEPS_STATUS(threading_condition_notify_all(&condition), THREADING_OK);
    KEEPS_STATUS(threading_condition_release(&condition), THREADING_OK);
    (void)threading_sleep(short_time);
    KEEPS_STATUS(threading_barrier_wait(&barrier, NULL), THREADING_OK);
    return arg;
}

CASE(waits_that_are_woken)
{
    KEEPS_STATUS(threading_condition_acquire(&condition), THREADING_OK);
    threading_thread_t *waker = started(wake_all, NULL);
    KEEPS_STATUS(threading_event_wait(&event), THREADING_OK);
    KEEPS_STATUS(threading_semaphore_acquire(&semaphore), THREADING_OK);
    KEEPS_STATUS(threading_condition_wait(&condition), THREADING_OK);
    KEEPS_STATUS(threading_condition_release(&condition), THREADING_OK);
    KEEPS_STATUS(threading_barrier_wait(&barrier, NULL), THREADING_OK);
    finished(waker);
}

static bool never(void *arg)
{
    return arg != NULL;
}

static void nothing(void *arg)
{
    (void)arg;
}

CASE(waits_that_time_out)
{
    static threading_once_t once;
    KEEPS_STATUS(threading_event_wait_timeout(&event, short_time), THREADING_TIMEOUT);
    KEEPS_STATUS(threading_event_set(&event), THREADING_OK);
    KEEPS_STATUS(threading_event_clear(&event), THREADING_OK);
    KEEPS_STATUS(threading_semaphore_try_acquire(&semaphore), THREADING_BUSY);
    KEEPS_STATUS(threading_semaphore_acquire_timeout(&semaphore, short_time), THREADING_TIMEOUT);
    KEEPS_STATUS(threading_condition_wait_timeout(&condition, short_time), THREADING_NOT_HELD);
    KEEPS_STATUS(threading_condition_acquire(&condition), THREADING_OK);
    KEEPS_STATUS(threading_condition_wait_timeout(&condition, short_time), THREADING_TIMEOUT);
    KEEPS_STATUS(threading_condition_wait_for_timeout(&condition, never, NULL, short_time),
                 THREADING_TIMEOUT);
    KEEPS_STATUS(threading_condition_release(&condition), THREADING_OK);
    KEEPS_STATUS(threading_barrier_wait_timeout(&barrier, short_time, NULL), THREADING_BROKEN);
    KEEPS_STATUS(threading_barrier_reset(&barrier), THREADING_OK);
    KEEPS_STATUS(threading_once(&once, nothing, NULL), THREADING_OK);
    KEEPS_STATUS(threading_sleep(0), THREADING_OK);
    KEEPS_STATUS(threading_sleep(short_time), THREADING_OK);
    KEEPS_STATUS(threading_sleep(-5), THREADING_INVALID);
}

/* -------------------------------------------------------------------------------------------- threads */

static void *end_later(void *arg)
{
    (void)threading_sleep(3 * short_time);
    return arg;
}

CASE(threads)
{
    threading_thread_t *thread, *named;
    threading_lock_t gate = {0};
    gate_close(&gate);
    KEEPS(thread = threading_thread_new(wait_at_gate, &gate, NULL));
    KEEPS(named = threading_thread(return_at_once, NULL, .name = "named"));
    KEEPS_STATUS(threading_thread_start(thread), THREADING_OK);
    KEEPS_STATUS(threading_thread_start(thread), THREADING_ALREADY_STARTED);
    KEEPS_STATUS(threading_thread_try_join(thread), THREADING_BUSY);
    KEEPS_STATUS(threading_thread_join_timeout(thread, short_time / 2), THREADING_TIMEOUT);
    KEEPS((void)threading_thread_native_id(thread));
    KEEPS((void)threading_thread_native_handle(thread));
    KEEPS((void)threading_thread_stack_size(thread));
    gate_open(&gate);
    KEEPS_STATUS(threading_thread_join(thread), THREADING_OK);
    KEEPS_STATUS(threading_thread_join(named), THREADING_NOT_STARTED);
    KEEPS_STATUS(threading_thread_set_name(named, "another"), THREADING_OK);
    KEEPS(CHECK_TEXT(threading_thread_name(named), "another"));
    KEEPS(threading_thread_free(named));
    KEEPS(threading_thread_free(thread));
    KEEPS_STATUS(threading_start_new_thread(end_later, NULL, NULL), THREADING_OK);
    KEEPS(CHECK(threading_active_count() >= 1));
    KEEPS_STATUS(threading_shutdown(), THREADING_OK);
    AWAIT(threading_active_count() == 1);
}

CASE(start_that_the_system_refuses)
{
    threading_thread_t *huge = threading_thread(return_at_once, NULL, .stack_size = SIZE_MAX / 8 * 7);
    set_errors();
    threading_status_t status = threading_thread_start(huge);
    check_errors(__LINE__, "threading_thread_start(huge)");
    CHECK(status == THREADING_NO_THREADS || status == THREADING_UNSUPPORTED);
    threading_thread_free(huge);
}

CASE(spawns)
{
    threading_thread_t *thread;
    KEEPS(thread = threading_spawn(return_at_once, NULL));
    finished(thread);
    KEEPS(CHECK(threading_spawn(return_at_once, NULL, .daemon = 2) == NULL));
    KEEPS(CHECK(threading_spawn(return_at_once, NULL, .stack_size = SIZE_MAX / 8 * 7) == NULL));
    KEEPS(THREADING_MUST(threading_sleep(0)));
}

static void *ask_for_every_priority(void *arg)
{
    threading_status_t settable;
    for (int level = THREADING_PRIORITY_HIGHEST; level >= THREADING_PRIORITY_LOWEST; level--) {
        KEEPS(settable = threading_set_priority(level));
        CHECK(settable == THREADING_OK || settable == THREADING_UNSUPPORTED);
        KEEPS((void)threading_get_priority());
    }
    KEEPS_STATUS(threading_set_priority(3), THREADING_INVALID);
    return arg;
}

CASE(priorities)
{
    finished(started(ask_for_every_priority, NULL));
    for (int level = THREADING_PRIORITY_LOWEST; level <= THREADING_PRIORITY_HIGHEST; level++) {
        threading_thread_t *thread = threading_thread(return_at_once, NULL, .priority = level);
        threading_status_t status;
        KEEPS(status = threading_thread_start(thread));
        CHECK(status == THREADING_OK || status == THREADING_UNSUPPORTED);
        if (status == THREADING_OK)
            CHECK_STATUS(threading_thread_join(thread), THREADING_OK);
        threading_thread_free(thread);
    }
}

CASE(questions)
{
    threading_status_t settable;
    KEEPS(CHECK(threading_cpu_count() > 0));
    KEEPS(CHECK(threading_available_parallelism() > 0));
    KEEPS((void)threading_get_native_id());
    KEEPS(CHECK(threading_monotonic() >= 0));
    KEEPS(CHECK(threading_get_ident() != 0));
    KEEPS(CHECK(threading_current_thread() == threading_main_thread()));
    KEEPS_STATUS(
        threading_thread_set_name(threading_current_thread(), "a name that is longer than the system's"),
        THREADING_OK);
    KEEPS(settable = threading_stack_size(0, NULL));
    CHECK(settable == THREADING_OK || settable == THREADING_UNSUPPORTED);
}

static void timer_calls(void *arg)
{
    *(int *)arg += 1;
}

CASE(timers)
{
    int calls = 0;
    threading_thread_t *timer, *cancelled;
    KEEPS(timer = threading_timer_new(short_time, timer_calls, &calls));
    KEEPS(cancelled = threading_timer_new(60, timer_calls, &calls));
    KEEPS_STATUS(threading_thread_start(timer), THREADING_OK);
    KEEPS_STATUS(threading_thread_start(cancelled), THREADING_OK);
    KEEPS_STATUS(threading_timer_cancel(cancelled), THREADING_OK);
    KEEPS_STATUS(threading_thread_join(timer), THREADING_OK);
    KEEPS_STATUS(threading_thread_join(cancelled), THREADING_OK);
    KEEPS(threading_thread_free(timer));
    KEEPS(threading_thread_free(cancelled));
    CHECK_EQUAL(calls, 1);
}

/* ------------------------------------------------------------------------- the first call of a thread */

static void first_is_current(void)
{
    CHECK(threading_current_thread() != NULL);
}

static void first_is_lock(void)
{
    threading_lock_t own = {0};
    CHECK_STATUS(threading_lock_acquire(&own), THREADING_OK);
}

static void first_is_ident(void)
{
    CHECK(threading_get_ident() != 0);
}

static void first_is_sleep(void)
{
    CHECK_STATUS(threading_sleep(short_time), THREADING_OK);
}

static void first_is_count(void)
{
    CHECK(threading_active_count() >= 1);
}

static threading_local_t local = THREADING_LOCAL_INIT(long);

static void first_is_local(void)
{
    CHECK(threading_local_get(&local) != NULL);
}

static void (*const first_calls[])(void) = {first_is_current, first_is_lock,  first_is_ident,
                                            first_is_sleep,   first_is_count, first_is_local};

static void *call_first(void *arg)
{
    void (*call)(void) = *(void (*const *)(void))arg;
    KEEPS(call());
    KEEPS(call());
    return NULL;
}

CASE(first_call_of_a_foreign_thread)
{
    for (size_t i = 0; i < sizeof first_calls / sizeof *first_calls; i++)
        foreign_join(foreign_start(call_first, (void *)(uintptr_t)&first_calls[i]));
}

/* Run before anything of the process has called. */
CASE(first_call_of_the_process)
{
    KEEPS(first_is_lock());
}

CASE(first_call_of_the_process_is_a_start)
{
    threading_thread_t *thread;
    KEEPS(thread = threading_thread_new(return_at_once, NULL, NULL));
    KEEPS_STATUS(threading_thread_start(thread), THREADING_OK);
    KEEPS_STATUS(threading_thread_join(thread), THREADING_OK);
    threading_thread_free(thread);
}

CASE(first_call_of_the_process_asks_for_the_time)
{
    KEEPS(CHECK(threading_monotonic() >= 0));
    KEEPS(CHECK(threading_cpu_count() > 0));
    KEEPS(CHECK(threading_available_parallelism() > 0));
    KEEPS((void)threading_get_native_id());
    KEEPS_STATUS(threading_sleep(short_time), THREADING_OK);
}

/* ------------------------------------------------------------------------------- queues, futures, pools */

static void *put_later(void *queue)
{
    int item = 1;
    (void)threading_sleep(short_time);
    KEEPS_STATUS(threading_queue_put(queue, &item), THREADING_OK);
    return NULL;
}

CASE(queues)
{
    threading_queue_t *queue;
    int item = 1;
    KEEPS(queue = threading_queue_new(THREADING_QUEUE_FIFO, sizeof item, 1, NULL));
    KEEPS_STATUS(threading_queue_try_get(queue, &item), THREADING_EMPTY);
    KEEPS_STATUS(threading_queue_get_timeout(queue, short_time, &item), THREADING_TIMEOUT);
    threading_thread_t *putter = started(put_later, queue);
    KEEPS_STATUS(threading_queue_get(queue, &item), THREADING_OK);
    finished(putter);
    KEEPS_STATUS(threading_queue_put(queue, &item), THREADING_OK);
    KEEPS_STATUS(threading_queue_try_put(queue, &item), THREADING_FULL);
    KEEPS_STATUS(threading_queue_put_timeout(queue, &item, short_time), THREADING_TIMEOUT);
    KEEPS_STATUS(threading_queue_join_timeout(queue, short_time), THREADING_TIMEOUT);
    KEEPS_STATUS(threading_queue_shutdown(queue, true), THREADING_OK);
    KEEPS(threading_queue_free(queue));
}

CASE(executors)
{
    void *items[8] = {NULL};
    threading_executor_t *pool;
    threading_future_t *future, *unset;
    threading_lock_t gate = {0};
    gate_close(&gate);
    KEEPS(pool = threading_executor_new(2, NULL));
    KEEPS_STATUS(threading_executor_submit(pool, wait_at_gate, &gate, &future), THREADING_OK);
    KEEPS_STATUS(threading_future_result_timeout(future, short_time / 2, NULL), THREADING_TIMEOUT);
    gate_open(&gate);
    KEEPS_STATUS(threading_future_result(future, NULL), THREADING_OK);
    KEEPS(threading_future_free(future));
    KEEPS_STATUS(threading_executor_map(pool, end_later, items, 8, NULL), THREADING_OK);
    KEEPS_STATUS(threading_executor_map_timeout(pool, end_later, items, 8, NULL, 0), THREADING_TIMEOUT);
    KEEPS(CHECK_EQUAL(threading_executor_workers(pool), 2));
    KEEPS(unset = threading_future_new());
    KEEPS_STATUS(threading_future_result_timeout(unset, short_time, NULL), THREADING_TIMEOUT);
    KEEPS_STATUS(threading_future_set_result(unset, NULL), THREADING_OK);
    KEEPS(threading_future_free(unset));
    KEEPS_STATUS(threading_executor_shutdown(pool, true, false), THREADING_OK);
    KEEPS(threading_executor_free(pool));
}

static void *open_later(void *gate)
{
    (void)threading_sleep(short_time);
    gate_open(gate);
    return NULL;
}

/* A submit that waits for room until the gate is opened. */
CASE(bounded_executors)
{
    const threading_executor_options_t options = {.max_pending = 1};
    threading_executor_t *pool;
    threading_lock_t gate = {0};
    gate_close(&gate);
    KEEPS(pool = threading_executor_new(1, &options));
    KEEPS_STATUS(threading_executor_submit(pool, wait_at_gate, &gate, NULL), THREADING_OK);
    KEEPS_STATUS(threading_executor_submit(pool, wait_at_gate, &gate, NULL), THREADING_OK);
    KEEPS_STATUS(threading_executor_try_submit(pool, wait_at_gate, &gate, NULL), THREADING_BUSY);
    threading_thread_t *opener = started(open_later, &gate);
    KEEPS_STATUS(threading_executor_submit(pool, end_later, NULL, NULL), THREADING_OK);
    finished(opener);
    KEEPS_STATUS(threading_executor_shutdown(pool, true, false), THREADING_OK);
    KEEPS(threading_executor_free(pool));
}

/* ------------------------------------------------------------------------------------------------ memory */

CASE(memory_that_is_out)
{
#if defined(TEST_WITH_THREAD_SANITIZER)
    SKIP("the thread sanitizer ends a program that asks for so much memory");
#endif
    threading_local_t huge;
    threading_queue_t *queue = threading_queue_new(THREADING_QUEUE_FIFO, SIZE_MAX / 8, 0, NULL);
    static char item;
    CHECK(queue != NULL);
    CHECK_STATUS(threading_local_init(&huge, SIZE_MAX / 2 + 1, NULL, NULL), THREADING_OK);
    KEEPS(CHECK(threading_local_get(&huge) == NULL));
    KEEPS_STATUS(threading_queue_put(queue, &item), THREADING_NO_MEMORY);
    KEEPS_STATUS(threading_local_destroy(&huge), THREADING_OK);
    threading_queue_free(queue);
}

CASE(locals)
{
    KEEPS(first_is_local());
    KEEPS_STATUS(threading_local_destroy(&local), THREADING_OK);
}
