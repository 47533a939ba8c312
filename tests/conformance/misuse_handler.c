/* SPDX-License-Identifier: MIT */
/* The misuse handler is told of each misuse once, by the name of the call that was made, and of nothing else. */
#include "conformance.h"
#include "crowd.h"
#include "gate.h"

#include <errno.h>
#include <math.h>

/* What the handler was told last, in the one thread that misuses. */
static struct {
    int count;
    const char *call;
    const void *object;
    threading_status_t status;
} last;

static int context; /* what the handler is registered with */

static void remember(const char *call, const void *object, threading_status_t status, void *arg)
{
    CHECK(arg == &context);
    last.count++;
    last.call = call;
    last.object = object;
    last.status = status;
}

static void have_it_told(void)
{
    if (threading_set_misuse_handler(remember, &context) == THREADING_UNSUPPORTED)
        SKIP("the library was built without its diagnosis");
}

/* What has just been answered, and whether that was told once, as it should be. */
static void check_told(const char *call, const void *object, threading_status_t expected,
                       threading_status_t answered)
{
    CHECK_STATUS(answered, expected);
    CHECK_EQUAL(last.count, 1);
    CHECK_TEXT(last.call, call);
    CHECK(last.object == object);
    CHECK_STATUS(last.status, expected);
    last.count = 0;
}

/* The call by its name, so that an inline one has the name of its function. */
#define TOLD(call, arguments, object, status) check_told(#call, object, THREADING_##status, call arguments)
#define QUIET(call, status) (CHECK_STATUS(call, THREADING_##status), CHECK_EQUAL(last.count, 0))

static void nothing(void *arg)
{
    (void)arg;
}

static bool yes(void *arg)
{
    (void)arg;
    return true;
}

static int by_nothing(const void *a, const void *b)
{
    (void)a;
    (void)b;
    return 0;
}

/* ---- calls on nothing ---- */

CASE(threads_that_are_none)
{
    have_it_told();
    TOLD(threading_thread_start, (NULL), NULL, INVALID);
    TOLD(threading_thread_join, (NULL), NULL, INVALID);
    TOLD(threading_thread_try_join, (NULL), NULL, INVALID);
    TOLD(threading_thread_join_timeout, (NULL, 1), NULL, INVALID);
    TOLD(threading_thread_result, (NULL, NULL), NULL, INVALID);
    TOLD(threading_thread_set_name, (NULL, "name"), NULL, INVALID);
    TOLD(threading_thread_set_daemon, (NULL, true), NULL, INVALID);
    TOLD(threading_timer_cancel, (NULL), NULL, INVALID);
}

CASE(locks_that_are_none)
{
    have_it_told();
    TOLD(threading_lock_init, (NULL), NULL, INVALID);
    TOLD(threading_lock_acquire, (NULL), NULL, INVALID);
    TOLD(threading_lock_try_acquire, (NULL), NULL, INVALID);
    TOLD(threading_lock_acquire_timeout, (NULL, 1), NULL, INVALID);
    TOLD(threading_lock_release, (NULL), NULL, INVALID);
    TOLD(threading_rlock_init, (NULL), NULL, INVALID);
    TOLD(threading_rlock_acquire, (NULL), NULL, INVALID);
    TOLD(threading_rlock_try_acquire, (NULL), NULL, INVALID);
    TOLD(threading_rlock_acquire_timeout, (NULL, 1), NULL, INVALID);
    TOLD(threading_rlock_release, (NULL), NULL, INVALID);
}

CASE(rwlocks_that_are_none)
{
    have_it_told();
    TOLD(threading_rwlock_init, (NULL), NULL, INVALID);
    TOLD(threading_rwlock_acquire_read, (NULL), NULL, INVALID);
    TOLD(threading_rwlock_try_acquire_read, (NULL), NULL, INVALID);
    TOLD(threading_rwlock_acquire_read_timeout, (NULL, 1), NULL, INVALID);
    TOLD(threading_rwlock_acquire_write, (NULL), NULL, INVALID);
    TOLD(threading_rwlock_try_acquire_write, (NULL), NULL, INVALID);
    TOLD(threading_rwlock_acquire_write_timeout, (NULL, 1), NULL, INVALID);
    TOLD(threading_rwlock_release_read, (NULL), NULL, INVALID);
    TOLD(threading_rwlock_release_write, (NULL), NULL, INVALID);
}

CASE(conditions_that_are_none)
{
    static threading_condition_t condition;
    static threading_lock_t lock;
    static threading_rlock_t rlock;
    have_it_told();
    TOLD(threading_condition_init, (NULL), NULL, INVALID);
    TOLD(threading_condition_init_lock, (NULL, &lock), NULL, INVALID);
    TOLD(threading_condition_init_rlock, (NULL, &rlock), NULL, INVALID);
    TOLD(threading_condition_init_lock, (&condition, NULL), &condition, INVALID);
    TOLD(threading_condition_init_rlock, (&condition, NULL), &condition, INVALID);
    TOLD(threading_condition_acquire, (NULL), NULL, INVALID);
    TOLD(threading_condition_try_acquire, (NULL), NULL, INVALID);
    TOLD(threading_condition_acquire_timeout, (NULL, 1), NULL, INVALID);
    TOLD(threading_condition_release, (NULL), NULL, INVALID);
    TOLD(threading_condition_wait, (NULL), NULL, INVALID);
    TOLD(threading_condition_wait_timeout, (NULL, 1), NULL, INVALID);
    TOLD(threading_condition_wait_for, (NULL, yes, NULL), NULL, INVALID);
    TOLD(threading_condition_wait_for_timeout, (NULL, yes, NULL, 1), NULL, INVALID);
    TOLD(threading_condition_notify, (NULL, 1), NULL, INVALID);
    TOLD(threading_condition_notify_all, (NULL), NULL, INVALID);
}

CASE(semaphores_that_are_none)
{
    have_it_told();
    TOLD(threading_semaphore_init, (NULL, 1), NULL, INVALID);
    TOLD(threading_semaphore_acquire, (NULL), NULL, INVALID);
    TOLD(threading_semaphore_try_acquire, (NULL), NULL, INVALID);
    TOLD(threading_semaphore_acquire_timeout, (NULL, 1), NULL, INVALID);
    TOLD(threading_semaphore_release, (NULL), NULL, INVALID);
    TOLD(threading_semaphore_release_n, (NULL, 1), NULL, INVALID);
    TOLD(threading_bounded_semaphore_init, (NULL, 1), NULL, INVALID);
    TOLD(threading_bounded_semaphore_acquire, (NULL), NULL, INVALID);
    TOLD(threading_bounded_semaphore_try_acquire, (NULL), NULL, INVALID);
    TOLD(threading_bounded_semaphore_acquire_timeout, (NULL, 1), NULL, INVALID);
    TOLD(threading_bounded_semaphore_release, (NULL), NULL, INVALID);
    TOLD(threading_bounded_semaphore_release_n, (NULL, 1), NULL, INVALID);
}

CASE(events_barriers_and_others_that_are_none)
{
    have_it_told();
    TOLD(threading_event_init, (NULL), NULL, INVALID);
    TOLD(threading_event_set, (NULL), NULL, INVALID);
    TOLD(threading_event_clear, (NULL), NULL, INVALID);
    TOLD(threading_event_wait, (NULL), NULL, INVALID);
    TOLD(threading_event_wait_timeout, (NULL, 1), NULL, INVALID);
    TOLD(threading_barrier_init, (NULL, 1), NULL, INVALID);
    TOLD(threading_barrier_init_with, (NULL, 1, nothing, NULL, 1), NULL, INVALID);
    TOLD(threading_barrier_wait, (NULL, NULL), NULL, INVALID);
    TOLD(threading_barrier_wait_timeout, (NULL, 1, NULL), NULL, INVALID);
    TOLD(threading_barrier_reset, (NULL), NULL, INVALID);
    TOLD(threading_barrier_abort, (NULL), NULL, INVALID);
    TOLD(threading_once_init, (NULL), NULL, INVALID);
    TOLD(threading_once, (NULL, nothing, NULL), NULL, INVALID);
    TOLD(threading_local_init, (NULL, 8, NULL, NULL), NULL, INVALID);
    TOLD(threading_local_destroy, (NULL), NULL, INVALID);
    TOLD(threading_stop_init, (NULL), NULL, INVALID);
    TOLD(threading_stop_init_child, (NULL, NULL, 1), NULL, INVALID);
    TOLD(threading_stop_request, (NULL), NULL, INVALID);
    TOLD(threading_object_set_name, (NULL, "name"), NULL, INVALID);
    TOLD(threading_dump, (NULL, NULL), NULL, INVALID);
    TOLD(threading_profile_write, (NULL, NULL), NULL, INVALID);
    TOLD(threading_trace_write, (NULL, NULL), NULL, INVALID);
}

CASE(queues_that_are_none)
{
    have_it_told();
    TOLD(threading_queue_put, (NULL, "item"), NULL, INVALID);
    TOLD(threading_queue_try_put, (NULL, "item"), NULL, INVALID);
    TOLD(threading_queue_put_timeout, (NULL, "item", 1), NULL, INVALID);
    TOLD(threading_queue_get, (NULL, NULL), NULL, INVALID);
    TOLD(threading_queue_try_get, (NULL, NULL), NULL, INVALID);
    TOLD(threading_queue_get_timeout, (NULL, 1, NULL), NULL, INVALID);
    TOLD(threading_queue_task_done, (NULL), NULL, INVALID);
    TOLD(threading_queue_join, (NULL), NULL, INVALID);
    TOLD(threading_queue_join_timeout, (NULL, 1), NULL, INVALID);
    TOLD(threading_queue_shutdown, (NULL, true), NULL, INVALID);
    TOLD(threading_queue_set_maxsize, (NULL, 1), NULL, INVALID);
    TOLD(threading_queue_set_destructor, (NULL, nothing), NULL, INVALID);
}

static void end_of_future(threading_future_t *future, void *arg)
{
    (void)future;
    (void)arg;
}

CASE(futures_and_executors_that_are_none)
{
    threading_future_t *none[1] = {NULL};
    void *items[1] = {NULL};
    have_it_told();
    TOLD(threading_future_result, (NULL, NULL), NULL, INVALID);
    TOLD(threading_future_result_timeout, (NULL, 1, NULL), NULL, INVALID);
    TOLD(threading_future_cancel, (NULL), NULL, INVALID);
    TOLD(threading_future_start, (NULL), NULL, INVALID);
    TOLD(threading_future_set_result, (NULL, NULL), NULL, INVALID);
    TOLD(threading_future_set_error, (NULL, THREADING_BROKEN), NULL, INVALID);
    TOLD(threading_future_add_done_callback, (NULL, end_of_future, NULL), NULL, INVALID);
    TOLD(threading_wait, (none, 1, 1, THREADING_ALL_COMPLETED, NULL), none, INVALID);
    TOLD(threading_completed_next, (NULL, NULL), NULL, INVALID);
    TOLD(threading_executor_submit, (NULL, return_at_once, NULL, NULL), NULL, INVALID);
    TOLD(threading_executor_try_submit, (NULL, return_at_once, NULL, NULL), NULL, INVALID);
    TOLD(threading_executor_map, (NULL, return_at_once, items, 1, NULL), NULL, INVALID);
    TOLD(threading_executor_map_timeout, (NULL, return_at_once, items, 1, NULL, 1), NULL, INVALID);
    TOLD(threading_executor_shutdown, (NULL, true, true), NULL, INVALID);
    TOLD(threading_wait_any, (NULL, 1, 1, NULL), NULL, INVALID);
}

/* ---- wrong times ---- */

static void wrong_times_of_locks(double seconds, threading_status_t status)
{
    static threading_lock_t lock;
    static threading_rlock_t rlock;
    static threading_condition_t condition = THREADING_CONDITION_INIT;
    static threading_semaphore_t semaphore = THREADING_SEMAPHORE_INIT(1);
    static threading_bounded_semaphore_t bounded = THREADING_BOUNDED_SEMAPHORE_INIT(1);
    static threading_rwlock_t rwlock;
#define TIMED(call, arguments, object) check_told(#call, object, status, call arguments)
    TIMED(threading_sleep, (seconds), NULL);
    TIMED(threading_lock_acquire_timeout, (&lock, seconds), &lock);
    TIMED(threading_rlock_acquire_timeout, (&rlock, seconds), &rlock);
    TIMED(threading_condition_acquire_timeout, (&condition, seconds), &condition);
    TIMED(threading_condition_wait_timeout, (&condition, seconds), &condition);
    TIMED(threading_condition_wait_for_timeout, (&condition, yes, NULL, seconds), &condition);
    TIMED(threading_semaphore_acquire_timeout, (&semaphore, seconds), &semaphore);
    TIMED(threading_bounded_semaphore_acquire_timeout, (&bounded, seconds), &bounded);
    TIMED(threading_rwlock_acquire_read_timeout, (&rwlock, seconds), &rwlock);
    TIMED(threading_rwlock_acquire_write_timeout, (&rwlock, seconds), &rwlock);
}

static void wrong_times_of_the_rest(double seconds, threading_status_t status)
{
    static threading_event_t event;
    static threading_barrier_t barrier = THREADING_BARRIER_INIT(2);
    static threading_stop_t stop;
    threading_queue_t *queue = threading_queue_new(THREADING_QUEUE_FIFO, 1, 0, NULL);
    threading_future_t *future = threading_future_new();
    threading_source_t sources[] = {THREADING_SOURCE_EVENT(&event)};
    threading_executor_t *executor = threading_executor_new(1, NULL);
    void *items[1] = {NULL};
    TIMED(threading_event_wait_timeout, (&event, seconds), &event);
    TIMED(threading_barrier_wait_timeout, (&barrier, seconds, NULL), &barrier);
    TIMED(threading_barrier_init_with, (&barrier, 2, NULL, NULL, seconds), &barrier);
    TIMED(threading_stop_init_child, (&stop, NULL, seconds), &stop);
    TIMED(threading_thread_join_timeout, (threading_main_thread(), seconds), threading_main_thread());
    TIMED(threading_queue_put_timeout, (queue, "", seconds), queue);
    TIMED(threading_queue_get_timeout, (queue, seconds, NULL), queue);
    TIMED(threading_queue_join_timeout, (queue, seconds), queue);
    TIMED(threading_future_result_timeout, (future, seconds, NULL), future);
    TIMED(threading_wait, (&future, 1, seconds, THREADING_ALL_COMPLETED, NULL), &future);
    TIMED(threading_wait_any, (sources, 1, seconds, NULL), sources);
    TIMED(threading_executor_map_timeout, (executor, return_at_once, items, 1, NULL, seconds), executor);
    threading_executor_free(executor);
    threading_future_free(future);
    threading_queue_free(queue);
}

CASE(times_that_are_none_or_too_long)
{
    have_it_told();
    wrong_times_of_locks(NAN, THREADING_INVALID);
    wrong_times_of_locks(-2, THREADING_INVALID);
    wrong_times_of_locks(INFINITY, THREADING_OVERFLOW);
    wrong_times_of_the_rest(NAN, THREADING_INVALID);
    wrong_times_of_the_rest(-2, THREADING_INVALID);
    wrong_times_of_the_rest(1e300, THREADING_OVERFLOW);
}

CASE(timer_of_a_wrong_time_is_told_at_its_start)
{
    have_it_told();
    threading_thread_t *timer = threading_timer_new(-2, nothing, NULL);
    CHECK_EQUAL(last.count, 0);
    TOLD(threading_thread_start, (timer), timer, INVALID);
    threading_thread_free(timer);
}

/* ---- what the state of an object forbids ---- */

static void *take_rlock(void *rlock)
{
    CHECK_STATUS(threading_rlock_acquire(rlock), THREADING_OK);
    CHECK_STATUS(threading_rlock_release(rlock), THREADING_OK);
    return rlock;
}

CASE(locks_that_are_not_held)
{
    static threading_lock_t lock;
    static threading_rlock_t rlock;
    static threading_rwlock_t rwlock;
    have_it_told();
    TOLD(threading_lock_release, (&lock), &lock, NOT_HELD);
    TOLD(threading_rlock_release, (&rlock), &rlock, NOT_OWNER);
    TOLD(threading_rwlock_release_read, (&rwlock), &rwlock, NOT_HELD);
    TOLD(threading_rwlock_release_write, (&rwlock), &rwlock, NOT_HELD);
    finished(started(take_rlock, &rlock));
    TOLD(threading_rlock_release, (&rlock), &rlock, NOT_OWNER);
}

static threading_rwlock_t shared;
static threading_lock_t shared_gate;
static atomic_int shared_is_had;

static void *read_until_told(void *arg)
{
    CHECK_STATUS(threading_rwlock_acquire_read(&shared), THREADING_OK);
    atomic_store(&shared_is_had, 1);
    gate_pass(&shared_gate);
    CHECK_STATUS(threading_rwlock_release_read(&shared), THREADING_OK);
    return arg;
}

static void *write_until_told(void *arg)
{
    CHECK_STATUS(threading_rwlock_acquire_write(&shared), THREADING_OK);
    atomic_store(&shared_is_had, 1);
    gate_pass(&shared_gate);
    CHECK_STATUS(threading_rwlock_release_write(&shared), THREADING_OK);
    return arg;
}

CASE(rwlocks_that_another_thread_has)
{
    have_it_told();
    gate_close(&shared_gate);
    threading_thread_t *reader = started(read_until_told, NULL);
    AWAIT(atomic_load(&shared_is_had) == 1);
    TOLD(threading_rwlock_release_read, (&shared), &shared, NOT_OWNER);
    gate_open(&shared_gate);
    finished(reader);
    gate_close(&shared_gate);
    atomic_store(&shared_is_had, 0);
    threading_thread_t *writer = started(write_until_told, NULL);
    AWAIT(atomic_load(&shared_is_had) == 1);
    TOLD(threading_rwlock_release_write, (&shared), &shared, NOT_OWNER);
    gate_open(&shared_gate);
    finished(writer);
}

static void without_the_lock(threading_condition_t *condition, threading_status_t of_release)
{
    have_it_told();
    check_told("threading_condition_release", condition, of_release, threading_condition_release(condition));
    TOLD(threading_condition_wait, (condition), condition, NOT_HELD);
    TOLD(threading_condition_wait_timeout, (condition, 1), condition, NOT_HELD);
    TOLD(threading_condition_wait_for, (condition, yes, NULL), condition, NOT_HELD);
    TOLD(threading_condition_wait_for_timeout, (condition, yes, NULL, 1), condition, NOT_HELD);
    TOLD(threading_condition_notify, (condition, 1), condition, NOT_HELD);
    TOLD(threading_condition_notify_all, (condition), condition, NOT_HELD);
}

CASE(condition_without_its_own_lock)
{
    static threading_condition_t condition = THREADING_CONDITION_INIT;
    without_the_lock(&condition, THREADING_NOT_OWNER);
}

CASE(condition_without_its_lock)
{
    static threading_condition_t condition;
    static threading_lock_t lock;
    CHECK_STATUS(threading_condition_init_lock(&condition, &lock), THREADING_OK);
    without_the_lock(&condition, THREADING_NOT_HELD);
}

CASE(condition_without_its_rlock)
{
    static threading_condition_t condition;
    static threading_rlock_t rlock;
    CHECK_STATUS(threading_condition_init_rlock(&condition, &rlock), THREADING_OK);
    without_the_lock(&condition, THREADING_NOT_OWNER);
}

static threading_condition_t lost = THREADING_CONDITION_INIT;
static atomic_bool is_ready;

/* The habit of POSIX threads: unlock, then signal. */
static void *notify_after_the_release(void *arg)
{
    THREADING_WITH_CONDITION(&lost)
        atomic_store(&is_ready, true);
    (void)threading_condition_notify(&lost, 1);
    return arg;
}

CASE(notify_after_the_release_is_told)
{
    have_it_told();
    threading_thread_t *thread = threading_thread_new(notify_after_the_release, NULL, NULL);
    THREADING_WITH_CONDITION(&lost) {
        CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
        while (!atomic_load(&is_ready)) /* the wake is lost */
            CHECK_STATUS(threading_condition_wait_timeout(&lost, 0.01), THREADING_TIMEOUT);
    }
    finished(thread);
    check_told("threading_condition_notify", &lost, THREADING_NOT_HELD, THREADING_NOT_HELD);
}

CASE(levels_and_units_that_are_too_many)
{
    static threading_rlock_t rlock;
    static threading_condition_t condition;
    static threading_semaphore_t semaphore = THREADING_SEMAPHORE_INIT(THREADING_SEMAPHORE_MAX);
    static threading_bounded_semaphore_t bounded = THREADING_BOUNDED_SEMAPHORE_INIT(2);
    CHECK_STATUS(threading_condition_init_rlock(&condition, &rlock), THREADING_OK);
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    have_it_told();
    rlock.count = UINT32_MAX; /* as if it had been acquired so often */
    TOLD(threading_rlock_acquire, (&rlock), &rlock, OVERFLOW);
    TOLD(threading_rlock_try_acquire, (&rlock), &rlock, OVERFLOW);
    TOLD(threading_rlock_acquire_timeout, (&rlock, 1), &rlock, OVERFLOW);
    TOLD(threading_condition_acquire, (&condition), &condition, OVERFLOW);
    TOLD(threading_condition_try_acquire, (&condition), &condition, OVERFLOW);
    TOLD(threading_condition_acquire_timeout, (&condition, 1), &condition, OVERFLOW);
    TOLD(threading_semaphore_release, (&semaphore), &semaphore, OVERFLOW);
    TOLD(threading_semaphore_release_n, (&semaphore, 2), &semaphore, OVERFLOW);
    TOLD(threading_semaphore_init, (&semaphore, SIZE_MAX), &semaphore, OVERFLOW);
    TOLD(threading_bounded_semaphore_init, (&bounded, SIZE_MAX), &bounded, OVERFLOW);
    TOLD(threading_bounded_semaphore_release, (&bounded), &bounded, INVALID);
    TOLD(threading_bounded_semaphore_release_n, (&bounded, 1), &bounded, INVALID);
}

CASE(readers_that_are_too_many)
{
    static threading_rwlock_t rwlock;
    have_it_told();
    rwlock.state = (1u << 30) - 1; /* as if so many threads read it */
    TOLD(threading_rwlock_acquire_read, (&rwlock), &rwlock, OVERFLOW);
    TOLD(threading_rwlock_try_acquire_read, (&rwlock), &rwlock, OVERFLOW);
    TOLD(threading_rwlock_acquire_read_timeout, (&rwlock, 1), &rwlock, OVERFLOW);
}

CASE(threads_in_the_wrong_state)
{
    threading_lock_t gate = {0};
    have_it_told();
    threading_thread_t *thread = threading_thread_new(wait_at_gate, &gate, NULL);
    TOLD(threading_thread_join, (thread), thread, NOT_STARTED);
    TOLD(threading_thread_try_join, (thread), thread, NOT_STARTED);
    TOLD(threading_thread_join_timeout, (thread, 1), thread, NOT_STARTED);
    TOLD(threading_thread_result, (thread, NULL), thread, NOT_STARTED);
    TOLD(threading_thread_set_name, (thread, ""), thread, INVALID);
    TOLD(threading_timer_cancel, (thread), thread, INVALID);
    gate_close(&gate);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    TOLD(threading_thread_start, (thread), thread, ALREADY_STARTED);
    TOLD(threading_thread_set_daemon, (thread, true), thread, ALREADY_STARTED);
    QUIET(threading_thread_result(thread, NULL), BUSY);
    gate_open(&gate);
    finished(thread);
    TOLD(threading_thread_result, (threading_main_thread(), NULL), threading_main_thread(), INVALID);
}

static void *join_dummy(void *arg)
{
    threading_thread_t *dummy = threading_thread_retain(threading_current_thread());
    TOLD(threading_thread_join, (dummy), dummy, INVALID);
    threading_thread_free(dummy);
    return arg;
}

CASE(foreign_thread_that_misuses_is_told_too)
{
    have_it_told();
    foreign_join(foreign_start(join_dummy, NULL));
}

CASE(thread_with_wrong_options)
{
    have_it_told();
    threading_thread_options_t options = {.stack_size = 1};
    threading_thread_t *thread = threading_thread_new(return_at_once, NULL, &options);
    TOLD(threading_thread_start, (thread), thread, INVALID);
    threading_thread_free(thread);
    TOLD(threading_stack_size, (1, NULL), NULL, INVALID);
}

/* ---- what the arguments forbid ---- */

CASE(arguments_that_are_wrong)
{
    static threading_semaphore_t semaphore = THREADING_SEMAPHORE_INIT(1);
    static threading_bounded_semaphore_t bounded = THREADING_BOUNDED_SEMAPHORE_INIT(1);
    static threading_condition_t condition = THREADING_CONDITION_INIT;
    static threading_barrier_t barrier;
    static threading_once_t once;
    have_it_told();
    TOLD(threading_semaphore_release_n, (&semaphore, 0), &semaphore, INVALID);
    TOLD(threading_bounded_semaphore_release_n, (&bounded, 0), &bounded, INVALID);
    TOLD(threading_condition_wait_for, (&condition, NULL, NULL), &condition, INVALID);
    TOLD(threading_condition_wait_for_timeout, (&condition, NULL, NULL, 1), &condition, INVALID);
    TOLD(threading_barrier_init, (&barrier, 0), &barrier, INVALID);
    TOLD(threading_barrier_init_with, (&barrier, 0, NULL, NULL, 1), &barrier, INVALID);
    TOLD(threading_barrier_wait, (&barrier, NULL), &barrier, INVALID);
    TOLD(threading_barrier_wait_timeout, (&barrier, 1, NULL), &barrier, INVALID);
    TOLD(threading_once, (&once, NULL, NULL), &once, INVALID);
}

CASE(queue_that_is_used_wrongly)
{
    have_it_told();
    threading_queue_t *queue = threading_queue_new(THREADING_QUEUE_PRIORITY, 4, 0, by_nothing);
    TOLD(threading_queue_put, (queue, NULL), queue, INVALID);
    TOLD(threading_queue_try_put, (queue, NULL), queue, INVALID);
    TOLD(threading_queue_put_timeout, (queue, NULL, 1), queue, INVALID);
    TOLD(threading_queue_task_done, (queue), queue, INVALID);
    threading_queue_free(queue);
}

CASE(sources_that_are_none)
{
    threading_source_t sources[] = {THREADING_SOURCE_EVENT(NULL)};
    have_it_told();
    TOLD(threading_wait_any, (sources, 0, 1, NULL), sources, INVALID);
    TOLD(threading_wait_any, (sources, 1, 1, NULL), sources, INVALID);
}

/* ---- futures and executors ---- */

CASE(promise_that_is_used_wrongly)
{
    have_it_told();
    threading_future_t *future = threading_future_new();
    TOLD(threading_future_set_error, (future, THREADING_OK), future, INVALID);
    TOLD(threading_future_add_done_callback, (future, NULL, NULL), future, INVALID);
    TOLD(threading_wait, (&future, 1, 1, (threading_when_t)99, NULL), &future, INVALID);
    QUIET(threading_future_start(future), OK);
    TOLD(threading_future_start, (future), future, INVALID);
    QUIET(threading_future_set_result(future, NULL), OK);
    TOLD(threading_future_set_result, (future, NULL), future, INVALID);
    TOLD(threading_future_set_error, (future, THREADING_BROKEN), future, INVALID);
    threading_future_free(future);
}

/* What a future was given is no misuse of the call that gets it. */
CASE(status_of_a_future_is_not_told)
{
    static const threading_status_t given[] = {THREADING_INVALID,         THREADING_NOT_HELD,
                                               THREADING_NOT_OWNER,       THREADING_NOT_STARTED,
                                               THREADING_ALREADY_STARTED, THREADING_OVERFLOW};
    have_it_told();
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        threading_future_t *future = threading_future_new();
        CHECK_STATUS(threading_future_set_error(future, given[i]), THREADING_OK);
        CHECK_STATUS(threading_future_result(future, NULL), given[i]);
        CHECK_STATUS(threading_future_result_timeout(future, 1, NULL), given[i]);
        CHECK_EQUAL(last.count, 0);
        threading_future_free(future);
    }
}

CASE(executor_that_is_used_wrongly)
{
    void *items[1] = {NULL};
    threading_future_t *future;
    have_it_told();
    threading_executor_options_t options = {.stack_size = 1};
    threading_executor_t *executor = threading_executor_new(1, &options);
    TOLD(threading_executor_submit, (executor, NULL, NULL, NULL), executor, INVALID);
    TOLD(threading_executor_map, (executor, NULL, items, 1, NULL), executor, INVALID);
    TOLD(threading_executor_map, (executor, return_at_once, NULL, 1, NULL), executor, INVALID);
    TOLD(threading_executor_submit, (executor, return_at_once, NULL, NULL), executor, INVALID);
    TOLD(threading_executor_submit, (executor, return_at_once, NULL, &future), executor, INVALID);
    TOLD(threading_executor_map, (executor, return_at_once, items, 1, NULL), executor, INVALID);
    threading_executor_free(executor);
    CHECK_EQUAL(last.count, 0);
}

CASE(future_of_an_executor_is_no_promise)
{
    threading_future_t *future;
    have_it_told();
    threading_executor_t *executor = threading_executor_new(1, NULL);
    QUIET(threading_executor_submit(executor, return_at_once, NULL, &future), OK);
    TOLD(threading_future_start, (future), future, INVALID);
    TOLD(threading_future_set_result, (future, NULL), future, INVALID);
    TOLD(threading_future_set_error, (future, THREADING_BROKEN), future, INVALID);
    QUIET(threading_future_result(future, NULL), OK);
    threading_future_free(future);
    QUIET(threading_executor_shutdown(executor, true, false), OK);
    QUIET(threading_executor_submit(executor, return_at_once, NULL, NULL), SHUTDOWN);
    threading_executor_free(executor);
}

/* ---- what is no misuse ---- */

CASE(calls_that_go_well_are_not_told)
{
    static threading_lock_t lock;
    static threading_rlock_t rlock;
    static threading_condition_t condition = THREADING_CONDITION_INIT;
    static threading_semaphore_t semaphore = THREADING_SEMAPHORE_INIT(1);
    have_it_told();
    for (int i = 0; i < 3; i++) {
        QUIET(threading_lock_acquire(&lock), OK);
        QUIET(threading_lock_try_acquire(&lock), BUSY);
        QUIET(threading_lock_acquire_timeout(&lock, 0.001), TIMEOUT);
        QUIET(threading_lock_release(&lock), OK);
        QUIET(threading_rlock_acquire(&rlock), OK);
        QUIET(threading_rlock_acquire(&rlock), OK);
        QUIET(threading_rlock_release(&rlock), OK);
        QUIET(threading_rlock_release(&rlock), OK);
        QUIET(threading_condition_acquire(&condition), OK);
        QUIET(threading_condition_wait_timeout(&condition, 0.001), TIMEOUT);
        QUIET(threading_condition_notify_all(&condition), OK);
        QUIET(threading_condition_release(&condition), OK);
        QUIET(threading_semaphore_acquire(&semaphore), OK);
        QUIET(threading_semaphore_try_acquire(&semaphore), BUSY);
        QUIET(threading_semaphore_release(&semaphore), OK);
    }
}

CASE(answers_that_a_correct_program_gets_are_not_told)
{
    static threading_event_t event;
    static threading_barrier_t barrier = THREADING_BARRIER_INIT(2);
    static threading_rwlock_t rwlock;
    have_it_told();
    threading_queue_t *queue = threading_queue_new(THREADING_QUEUE_FIFO, 0, 1, NULL);
    QUIET(threading_queue_try_get(queue, NULL), EMPTY);
    QUIET(threading_queue_put(queue, NULL), OK);
    QUIET(threading_queue_try_put(queue, NULL), FULL);
    QUIET(threading_queue_shutdown(queue, true), OK);
    QUIET(threading_queue_get(queue, NULL), SHUTDOWN);
    QUIET(threading_event_wait_timeout(&event, 0.001), TIMEOUT);
    QUIET(threading_barrier_wait_timeout(&barrier, 0.001, NULL), BROKEN);
    QUIET(threading_rwlock_acquire_write(&rwlock), OK);
    QUIET(threading_rwlock_try_acquire_read(&rwlock), BUSY);
    QUIET(threading_rwlock_acquire_read(&rwlock), DEADLOCK);
    QUIET(threading_rwlock_release_write(&rwlock), OK);
    QUIET(threading_thread_join(threading_main_thread()), DEADLOCK);
    threading_queue_free(queue);
}

CASE(calls_without_a_status_are_not_told)
{
    static threading_local_t local;
    have_it_told();
    CHECK(threading_queue_new((threading_queue_kind_t)99, 1, 0, NULL) == NULL);
    CHECK(threading_as_completed(NULL, 1, 1) == NULL);
    CHECK(threading_thread_name(NULL) == NULL);
    CHECK(threading_local_get(&local) == NULL);
    CHECK(!threading_lock_locked(NULL));
    CHECK_EQUAL(threading_queue_size(NULL), 0);
    CHECK_EQUAL(last.count, 0);
}

/* ---- bodies that are skipped ---- */

CASE(bodies_on_nothing_are_told_by_their_acquire)
{
    have_it_told();
#define SKIPPED(with, acquire)                                           \
    do {                                                                 \
        with(NULL) CHECK(false);                                         \
        check_told(acquire, NULL, THREADING_INVALID, THREADING_INVALID); \
    } while (0)
    SKIPPED(THREADING_WITH_LOCK, "threading_lock_acquire");
    SKIPPED(THREADING_WITH_RLOCK, "threading_rlock_acquire");
    SKIPPED(THREADING_WITH_CONDITION, "threading_condition_acquire");
    SKIPPED(THREADING_WITH_SEMAPHORE, "threading_semaphore_acquire");
    SKIPPED(THREADING_WITH_BOUNDED_SEMAPHORE, "threading_bounded_semaphore_acquire");
    SKIPPED(THREADING_WITH_READ, "threading_rwlock_acquire_read");
    SKIPPED(THREADING_WITH_WRITE, "threading_rwlock_acquire_write");
}

CASE(bodies_that_would_deadlock_are_told)
{
    static threading_rwlock_t rwlock;
    have_it_told();
    THREADING_WITH_WRITE(&rwlock) {
        THREADING_WITH_READ(&rwlock)
            CHECK(false);
        check_told("THREADING_WITH_READ", &rwlock, THREADING_DEADLOCK, THREADING_DEADLOCK);
        THREADING_WITH_WRITE(&rwlock)
            CHECK(false);
        check_told("THREADING_WITH_WRITE", &rwlock, THREADING_DEADLOCK, THREADING_DEADLOCK);
    }
    CHECK_EQUAL(last.count, 0);
}

static threading_rlock_t had;
static threading_condition_t with_had;
static threading_lock_t had_gate;
static atomic_int had_is_had;

static void *own_until_told(void *arg)
{
    CHECK_STATUS(threading_rlock_acquire(&had), THREADING_OK);
    atomic_store(&had_is_had, 1);
    gate_pass(&had_gate);
    CHECK_STATUS(threading_rlock_release(&had), THREADING_OK);
    return arg;
}

CASE(bodies_that_are_cancelled_are_told)
{
    static threading_semaphore_t semaphore = THREADING_SEMAPHORE_INIT(0);
    static threading_bounded_semaphore_t bounded = THREADING_BOUNDED_SEMAPHORE_INIT(0);
    static threading_stop_t stop;
    CHECK_STATUS(threading_condition_init_rlock(&with_had, &had), THREADING_OK);
    have_it_told();
    gate_close(&had_gate);
    threading_thread_t *owner = started(own_until_told, NULL);
    AWAIT(atomic_load(&had_is_had) == 1);
    CHECK_STATUS(threading_stop_request(&stop), THREADING_OK);
    threading_stop_heed(&stop);
#define CANCELLED(with, object)                                              \
    do {                                                                     \
        with(object) CHECK(false);                                           \
        check_told(#with, object, THREADING_CANCELLED, THREADING_CANCELLED); \
    } while (0)
    CANCELLED(THREADING_WITH_RLOCK, &had);
    CANCELLED(THREADING_WITH_CONDITION, &with_had);
    CANCELLED(THREADING_WITH_SEMAPHORE, &semaphore);
    CANCELLED(THREADING_WITH_BOUNDED_SEMAPHORE, &bounded);
    threading_stop_heed(NULL);
    gate_open(&had_gate);
    finished(owner);
}

CASE(bodies_that_run_are_not_told)
{
    static threading_lock_t lock;
    static threading_condition_t condition = THREADING_CONDITION_INIT;
    int bodies = 0;
    have_it_told();
    THREADING_WITH_LOCK(&lock)
        THREADING_WITH_CONDITION(&condition)
            bodies++;
    CHECK_EQUAL(bodies, 1);
    CHECK_EQUAL(last.count, 0);
}

/* ---- the handler ---- */

static int told_first, told_second;

static void count_at(const char *call, const void *object, threading_status_t status, void *arg)
{
    (void)call;
    (void)object;
    (void)status;
    ++*(int *)arg;
}

CASE(handler_that_was_replaced_is_told_no_more)
{
    have_it_told();
    CHECK_STATUS(threading_set_misuse_handler(count_at, &told_first), THREADING_OK);
    CHECK_STATUS(threading_lock_acquire(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_set_misuse_handler(count_at, &told_second), THREADING_OK);
    CHECK_STATUS(threading_lock_acquire(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_lock_acquire(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_set_misuse_handler(NULL, NULL), THREADING_OK);
    CHECK_STATUS(threading_lock_acquire(NULL), THREADING_INVALID);
    CHECK_EQUAL(told_first, 1);
    CHECK_EQUAL(told_second, 2);
    CHECK_EQUAL(last.count, 0);
}

static void misuse_again(const char *call, const void *object, threading_status_t status, void *arg)
{
    count_at(call, object, status, arg);
    CHECK_STATUS(threading_lock_release(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_sleep(NAN), THREADING_INVALID);
    THREADING_WITH_SEMAPHORE(NULL)
        CHECK(false);
}

CASE(handler_that_misuses_is_not_told_of_that)
{
    have_it_told();
    CHECK_STATUS(threading_set_misuse_handler(misuse_again, &told_first), THREADING_OK);
    for (int i = 1; i <= 3; i++) {
        CHECK_STATUS(threading_lock_acquire(NULL), THREADING_INVALID);
        CHECK_EQUAL(told_first, i);
    }
}

static void write_nothing(void *pieces, const char *text, size_t length)
{
    CHECK(text != NULL && length > 0);
    ++*(int *)pieces;
}

static threading_lock_t tried;

/* A handler may do what any function may, take the lock of the call among it. */
static void use_the_library(const char *call, const void *object, threading_status_t status, void *arg)
{
    int pieces = 0;
    CHECK_TEXT(call, "threading_lock_release");
    CHECK(object == &tried && status == THREADING_NOT_HELD);
    THREADING_WITH_LOCK(&tried)
        CHECK_STATUS(threading_dump(write_nothing, &pieces), THREADING_OK);
    CHECK(pieces > 0);
    finished(started(return_at_once, NULL));
    CHECK_STATUS(threading_set_misuse_handler(count_at, arg), THREADING_OK);
}

CASE(handler_may_use_the_library)
{
    have_it_told();
    CHECK_STATUS(threading_set_misuse_handler(use_the_library, &told_first), THREADING_OK);
    CHECK_STATUS(threading_lock_release(&tried), THREADING_NOT_HELD);
    CHECK_EQUAL(told_first, 0);
    CHECK_STATUS(threading_lock_release(&tried), THREADING_NOT_HELD);
    CHECK_EQUAL(told_first, 1);
}

static void spoil_errno(const char *call, const void *object, threading_status_t status, void *arg)
{
    count_at(call, object, status, arg);
    errno = ENOENT;
}

CASE(errno_is_as_before_a_handler)
{
    have_it_told();
    CHECK_STATUS(threading_set_misuse_handler(spoil_errno, &told_first), THREADING_OK);
    errno = EDOM;
    threading_status_t status = threading_lock_acquire(NULL);
    CHECK_EQUAL(errno, EDOM);
    CHECK_STATUS(status, THREADING_INVALID);
    CHECK_EQUAL(told_first, 1);
}

/* ---- many threads ---- */

enum { THREADS = 4 };
static atomic_int told_by[2];

static void count_which(const char *call, const void *object, threading_status_t status, void *arg)
{
    CHECK_TEXT(call, "threading_lock_release");
    CHECK_STATUS(status, THREADING_NOT_HELD);
    CHECK(object != NULL);
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void count_other(const char *call, const void *object, threading_status_t status, void *arg)
{
    CHECK(arg == &told_by[1]); /* function and argument belong together */
    count_which(call, object, status, arg);
}

static void *misuse_often(void *times)
{
    threading_lock_t lock = {0};
    for (int i = 0; i < *(int *)times; i++)
        CHECK_STATUS(threading_lock_release(&lock), THREADING_NOT_HELD);
    return times;
}

CASE(every_thread_is_told_of_its_own)
{
    threading_thread_t *threads[THREADS];
    int times = is_slow() ? 500 : 5000;
    have_it_told();
    CHECK_STATUS(threading_set_misuse_handler(count_which, &told_by[0]), THREADING_OK);
    start_many(threads, THREADS, misuse_often, &times);
    finish_many(threads, THREADS);
    CHECK_EQUAL(atomic_load(&told_by[0]), THREADS * times);
}

CASE(handler_and_argument_change_together)
{
    threading_thread_t *threads[THREADS];
    int times = is_slow() ? 500 : 5000;
    have_it_told();
    CHECK_STATUS(threading_set_misuse_handler(count_which, &told_by[0]), THREADING_OK);
    start_many(threads, THREADS, misuse_often, &times);
    for (int i = 0; i < times; i++) {
        CHECK_STATUS(threading_set_misuse_handler(count_other, &told_by[1]), THREADING_OK);
        CHECK_STATUS(threading_set_misuse_handler(count_which, &told_by[0]), THREADING_OK);
    }
    finish_many(threads, THREADS);
    CHECK_EQUAL(atomic_load(&told_by[0]) + atomic_load(&told_by[1]), THREADS * times);
}
