/* SPDX-License-Identifier: MIT */
/*
 * The public calls that other threads may see anything of: what each gives, its name, its parameters, its
 * arguments, and the object that it is about. What is not here only a thread itself can tell, or belongs to
 * what no other thread knows yet.
 */
#ifndef TI_SIM_CALLS_H
#define TI_SIM_CALLS_H

#include "port.h"

/* clang-format off: a table */
#define TI_SIM_CALLS(STATUS, ANSWER, AMOUNT, MOMENT, ACTION)                                                 \
    AMOUNT(active_count, (void), (), NULL)                                                                   \
    STATUS(barrier_abort, (threading_barrier_t * barrier), (barrier), barrier)                               \
    ANSWER(barrier_broken, (const threading_barrier_t *barrier), (barrier), barrier)                         \
    AMOUNT(barrier_n_waiting, (const threading_barrier_t *barrier), (barrier), barrier)                      \
    STATUS(barrier_reset, (threading_barrier_t * barrier), (barrier), barrier)                               \
    STATUS(barrier_wait, (threading_barrier_t * barrier, size_t * index), (barrier, index), barrier)         \
    STATUS(barrier_wait_timeout, (threading_barrier_t * barrier, double seconds, size_t *index),             \
           (barrier, seconds, index), barrier)                                                               \
    STATUS(bounded_semaphore_acquire, (threading_bounded_semaphore_t * semaphore), (semaphore), semaphore)   \
    STATUS(bounded_semaphore_acquire_timeout, (threading_bounded_semaphore_t * semaphore, double seconds),   \
           (semaphore, seconds), semaphore)                                                                  \
    STATUS(bounded_semaphore_release, (threading_bounded_semaphore_t * semaphore), (semaphore), semaphore)   \
    STATUS(bounded_semaphore_release_n, (threading_bounded_semaphore_t * semaphore, size_t n),               \
           (semaphore, n), semaphore)                                                                        \
    STATUS(bounded_semaphore_try_acquire, (threading_bounded_semaphore_t * semaphore), (semaphore),          \
           semaphore)                                                                                        \
    AMOUNT(bounded_semaphore_value, (const threading_bounded_semaphore_t *semaphore), (semaphore),           \
           semaphore)                                                                                        \
    STATUS(completed_next, (threading_completed_t * completed, threading_future_t * *future),                \
           (completed, future), completed)                                                                   \
    STATUS(condition_acquire, (threading_condition_t * condition), (condition), condition)                   \
    STATUS(condition_acquire_timeout, (threading_condition_t * condition, double seconds),                   \
           (condition, seconds), condition)                                                                  \
    ANSWER(condition_is_owned, (const threading_condition_t *condition), (condition), condition)             \
    ANSWER(condition_locked, (const threading_condition_t *condition), (condition), condition)               \
    STATUS(condition_notify, (threading_condition_t * condition, size_t n), (condition, n), condition)       \
    STATUS(condition_notify_all, (threading_condition_t * condition), (condition), condition)                \
    STATUS(condition_release, (threading_condition_t * condition), (condition), condition)                   \
    STATUS(condition_try_acquire, (threading_condition_t * condition), (condition), condition)               \
    STATUS(condition_wait, (threading_condition_t * condition), (condition), condition)                      \
    STATUS(condition_wait_for, (threading_condition_t * condition, bool (*predicate)(void *arg), void *arg), \
           (condition, predicate, arg), condition)                                                           \
    STATUS(condition_wait_for_timeout,                                                                       \
           (threading_condition_t * condition, bool (*predicate)(void *arg), void *arg, double seconds),     \
           (condition, predicate, arg, seconds), condition)                                                  \
    STATUS(condition_wait_timeout, (threading_condition_t * condition, double seconds),                      \
           (condition, seconds), condition)                                                                  \
    AMOUNT(enumerate, (threading_thread_t * *threads, size_t capacity), (threads, capacity), threads)        \
    STATUS(event_clear, (threading_event_t * event), (event), event)                                         \
    ANSWER(event_is_set, (const threading_event_t *event), (event), event)                                   \
    STATUS(event_set, (threading_event_t * event), (event), event)                                           \
    STATUS(event_wait, (threading_event_t * event), (event), event)                                          \
    STATUS(event_wait_timeout, (threading_event_t * event, double seconds), (event, seconds), event)         \
    STATUS(executor_for,                                                                                     \
           (threading_executor_t * executor, size_t begin, size_t end, size_t grain,                         \
            void (*function)(size_t begin, size_t end, void *arg), void *arg),                               \
           (executor, begin, end, grain, function, arg), executor)                                           \
    STATUS(executor_map,                                                                                     \
           (threading_executor_t * executor, threading_target_t function, void *const *items, size_t count,  \
            void **results),                                                                                 \
           (executor, function, items, count, results), executor)                                            \
    STATUS(executor_map_timeout,                                                                             \
           (threading_executor_t * executor, threading_target_t function, void *const *items, size_t count,  \
            void **results, double seconds),                                                                 \
           (executor, function, items, count, results, seconds), executor)                                   \
    STATUS(executor_shutdown, (threading_executor_t * executor, bool wait, bool cancel_futures),             \
           (executor, wait, cancel_futures), executor)                                                       \
    STATUS(executor_submit,                                                                                  \
           (threading_executor_t * executor, threading_target_t function, void *arg,                         \
            threading_future_t **future),                                                                    \
           (executor, function, arg, future), executor)                                                      \
    STATUS(executor_try_submit,                                                                              \
           (threading_executor_t * executor, threading_target_t function, void *arg,                         \
            threading_future_t **future),                                                                    \
           (executor, function, arg, future), executor)                                                      \
    STATUS(                                                                                                  \
        future_add_done_callback,                                                                            \
        (threading_future_t * future, void (*callback)(threading_future_t * future, void *arg), void *arg),  \
        (future, callback, arg), future)                                                                     \
    STATUS(future_cancel, (threading_future_t * future), (future), future)                                   \
    ANSWER(future_cancelled, (const threading_future_t *future), (future), future)                           \
    ANSWER(future_done, (const threading_future_t *future), (future), future)                                \
    STATUS(future_result, (threading_future_t * future, void **value), (future, value), future)              \
    STATUS(future_result_timeout, (threading_future_t * future, double seconds, void **value),               \
           (future, seconds, value), future)                                                                 \
    ANSWER(future_running, (const threading_future_t *future), (future), future)                             \
    STATUS(future_set_error, (threading_future_t * future, threading_status_t status), (future, status),     \
           future)                                                                                           \
    STATUS(future_set_result, (threading_future_t * future, void *value), (future, value), future)           \
    STATUS(future_start, (threading_future_t * future), (future), future)                                    \
    STATUS(group_run, (threading_group_t * group, threading_status_t(*function)(void *arg), void *arg),      \
           (group, function, arg), group)                                                                    \
    STATUS(group_stop, (threading_group_t * group), (group), group)                                          \
    STATUS(group_wait, (threading_group_t * group), (group), group)                                          \
    STATUS(group_wait_timeout, (threading_group_t * group, double seconds), (group, seconds), group)         \
    STATUS(lock_acquire, (threading_lock_t * lock), (lock), lock)                                            \
    STATUS(lock_acquire_timeout, (threading_lock_t * lock, double seconds), (lock, seconds), lock)           \
    ANSWER(lock_locked, (const threading_lock_t *lock), (lock), lock)                                        \
    STATUS(lock_release, (threading_lock_t * lock), (lock), lock)                                            \
    STATUS(lock_try_acquire, (threading_lock_t * lock), (lock), lock)                                        \
    MOMENT(monotonic, (void), (), NULL)                                                                      \
    STATUS(once, (threading_once_t * once, void (*function)(void *arg), void *arg), (once, function, arg),   \
           once)                                                                                             \
    ANSWER(queue_empty, (threading_queue_t * queue), (queue), queue)                                         \
    ANSWER(queue_full, (threading_queue_t * queue), (queue), queue)                                          \
    STATUS(queue_get, (threading_queue_t * queue, void *item), (queue, item), queue)                         \
    STATUS(queue_get_timeout, (threading_queue_t * queue, double seconds, void *item),                       \
           (queue, seconds, item), queue)                                                                    \
    ANSWER(queue_is_shutdown, (threading_queue_t * queue), (queue), queue)                                   \
    STATUS(queue_join, (threading_queue_t * queue), (queue), queue)                                          \
    STATUS(queue_join_timeout, (threading_queue_t * queue, double seconds), (queue, seconds), queue)         \
    STATUS(queue_put, (threading_queue_t * queue, const void *item), (queue, item), queue)                   \
    STATUS(queue_put_timeout, (threading_queue_t * queue, const void *item, double seconds),                 \
           (queue, item, seconds), queue)                                                                    \
    STATUS(queue_shutdown, (threading_queue_t * queue, bool immediate), (queue, immediate), queue)           \
    AMOUNT(queue_size, (threading_queue_t * queue), (queue), queue)                                          \
    STATUS(queue_task_done, (threading_queue_t * queue), (queue), queue)                                     \
    STATUS(queue_try_get, (threading_queue_t * queue, void *item), (queue, item), queue)                     \
    STATUS(queue_try_put, (threading_queue_t * queue, const void *item), (queue, item), queue)               \
    AMOUNT(queue_unfinished, (threading_queue_t * queue), (queue), queue)                                    \
    STATUS(rlock_acquire, (threading_rlock_t * rlock), (rlock), rlock)                                       \
    STATUS(rlock_acquire_timeout, (threading_rlock_t * rlock, double seconds), (rlock, seconds), rlock)      \
    AMOUNT(rlock_count, (const threading_rlock_t *rlock), (rlock), rlock)                                    \
    ANSWER(rlock_is_owned, (const threading_rlock_t *rlock), (rlock), rlock)                                 \
    ANSWER(rlock_locked, (const threading_rlock_t *rlock), (rlock), rlock)                                   \
    STATUS(rlock_release, (threading_rlock_t * rlock), (rlock), rlock)                                       \
    STATUS(rlock_try_acquire, (threading_rlock_t * rlock), (rlock), rlock)                                   \
    STATUS(rwlock_acquire_read, (threading_rwlock_t * rwlock), (rwlock), rwlock)                             \
    STATUS(rwlock_acquire_read_timeout, (threading_rwlock_t * rwlock, double seconds), (rwlock, seconds),    \
           rwlock)                                                                                           \
    STATUS(rwlock_acquire_write, (threading_rwlock_t * rwlock), (rwlock), rwlock)                            \
    STATUS(rwlock_acquire_write_timeout, (threading_rwlock_t * rwlock, double seconds), (rwlock, seconds),   \
           rwlock)                                                                                           \
    STATUS(rwlock_release_read, (threading_rwlock_t * rwlock), (rwlock), rwlock)                             \
    STATUS(rwlock_release_write, (threading_rwlock_t * rwlock), (rwlock), rwlock)                            \
    STATUS(rwlock_try_acquire_read, (threading_rwlock_t * rwlock), (rwlock), rwlock)                         \
    STATUS(rwlock_try_acquire_write, (threading_rwlock_t * rwlock), (rwlock), rwlock)                        \
    STATUS(semaphore_acquire, (threading_semaphore_t * semaphore), (semaphore), semaphore)                   \
    STATUS(semaphore_acquire_timeout, (threading_semaphore_t * semaphore, double seconds),                   \
           (semaphore, seconds), semaphore)                                                                  \
    STATUS(semaphore_release, (threading_semaphore_t * semaphore), (semaphore), semaphore)                   \
    STATUS(semaphore_release_n, (threading_semaphore_t * semaphore, size_t n), (semaphore, n), semaphore)    \
    STATUS(semaphore_try_acquire, (threading_semaphore_t * semaphore), (semaphore), semaphore)               \
    AMOUNT(semaphore_value, (const threading_semaphore_t *semaphore), (semaphore), semaphore)                \
    STATUS(shutdown, (void), (), NULL)                                                                       \
    STATUS(sleep, (double seconds), (seconds), NULL)                                                         \
    STATUS(start_new_thread, (threading_target_t target, void *arg, uint32_t *ident), (target, arg, ident),  \
           NULL)                                                                                             \
    STATUS(stop_request, (threading_stop_t * stop), (stop), stop)                                            \
    ANSWER(stop_requested, (const threading_stop_t *stop), (stop), stop)                                     \
    ANSWER(thread_is_alive, (const threading_thread_t *thread), (thread), thread)                            \
    STATUS(thread_join, (threading_thread_t * thread), (thread), thread)                                     \
    STATUS(thread_join_timeout, (threading_thread_t * thread, double seconds), (thread, seconds), thread)    \
    STATUS(thread_result, (const threading_thread_t *thread, void **result), (thread, result), thread)       \
    STATUS(thread_start, (threading_thread_t * thread), (thread), thread)                                    \
    STATUS(thread_try_join, (threading_thread_t * thread), (thread), thread)                                 \
    STATUS(timer_cancel, (threading_thread_t * timer), (timer), timer)                                       \
    STATUS(wait,                                                                                             \
           (threading_future_t *const *futures, size_t count, double seconds, threading_when_t when,         \
            size_t *done),                                                                                   \
           (futures, count, seconds, when, done), NULL)                                                      \
    STATUS(wait_any, (threading_source_t * sources, size_t count, double seconds, size_t *index),            \
           (sources, count, seconds, index), NULL)
/* clang-format on */

/* The core's own are called ti_core_…. */
#define TI_SIM_DECLARE(type, name, parameters) type ti_core_##name parameters;
#define TI_SIM_DECLARE_STATUS(name, parameters, arguments, object) \
    TI_SIM_DECLARE(threading_status_t, name, parameters)
#define TI_SIM_DECLARE_ANSWER(name, parameters, arguments, object) TI_SIM_DECLARE(bool, name, parameters)
#define TI_SIM_DECLARE_AMOUNT(name, parameters, arguments, object) TI_SIM_DECLARE(size_t, name, parameters)
#define TI_SIM_DECLARE_MOMENT(name, parameters, arguments, object) TI_SIM_DECLARE(double, name, parameters)
#define TI_SIM_DECLARE_ACTION(name, parameters, arguments, object) TI_SIM_DECLARE(void, name, parameters)

TI_SIM_CALLS(TI_SIM_DECLARE_STATUS, TI_SIM_DECLARE_ANSWER, TI_SIM_DECLARE_AMOUNT, TI_SIM_DECLARE_MOMENT,
             TI_SIM_DECLARE_ACTION)
threading_status_t ti_core_object_set_name(const void *object, const char *name);
const char *ti_core_thread_name(const threading_thread_t *thread);
bool ti_core_thread_daemon(const threading_thread_t *thread);
threading_status_t ti_core_thread_spawn(threading_target_t target, void *arg,
                                        const threading_thread_options_t *options,
                                        threading_thread_t **thread);
THREADING_NORETURN void ti_core_must_fail(const char *call, const char *file, int line,
                                          threading_status_t status);

#endif
