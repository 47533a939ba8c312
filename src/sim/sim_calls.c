/* SPDX-License-Identifier: MIT */
/*
 * The public calls that other threads may see anything of. Each is a point of the schedule, and a line of the
 * table; then comes the core's own, which sim_names.h calls ti_core_…. What is not here only a thread itself
 * can tell, or belongs to what no other thread knows yet.
 */
#include "sim.h"

typedef struct ti_call {
    ti_sim_thread *self;
    const char *outer;
    const void *outer_object;
} ti_call;

static ti_call ti_call_begin(const char *name, const void *object)
{
    ti_sim_thread *self = ti_sim_self();
    ti_call call = {self, NULL, NULL};
    if (self == NULL)
        return call;
    call.outer = self->call;
    call.outer_object = self->object;
    self->call = name;
    self->object = object;
    ti_sim_point(self);
    ti_sim_record(name, object, NULL);
    return call;
}

static void ti_call_end(ti_call call)
{
    if (call.self == NULL)
        return;
    call.self->call = call.outer;
    call.self->object = call.outer_object;
}

/* What a call tells is a line of its own unless it is what everybody expects. */
static threading_status_t ti_call_end_with(ti_call call, threading_status_t status)
{
    if (call.self != NULL && status != THREADING_OK)
        ti_sim_record(call.self->call, call.self->object, threading_status_name(status));
    ti_call_end(call);
    return status;
}

static bool ti_call_answer(ti_call call, bool answer)
{
    if (call.self != NULL)
        ti_sim_record(call.self->call, call.self->object, answer ? "true" : "false");
    ti_call_end(call);
    return answer;
}

#define TI_STATUS(name, parameters, arguments, object)           \
    threading_status_t ti_core_##name parameters;                \
    threading_status_t threading_##name parameters               \
    {                                                            \
        ti_call call = ti_call_begin(#name, object);             \
        return ti_call_end_with(call, ti_core_##name arguments); \
    }
#define TI_ANSWER(name, parameters, arguments, object)         \
    bool ti_core_##name parameters;                            \
    bool threading_##name parameters                           \
    {                                                          \
        ti_call call = ti_call_begin(#name, object);           \
        return ti_call_answer(call, ti_core_##name arguments); \
    }
#define TI_CALL(type, name, parameters, arguments, object) \
    type ti_core_##name parameters;                        \
    type threading_##name parameters                       \
    {                                                      \
        ti_call call = ti_call_begin(#name, object);       \
        type value = ti_core_##name arguments;             \
        ti_call_end(call);                                 \
        return value;                                      \
    }
#define TI_AMOUNT(name, parameters, arguments, object) TI_CALL(size_t, name, parameters, arguments, object)
#define TI_MOMENT(name, parameters, arguments, object) TI_CALL(double, name, parameters, arguments, object)
#define TI_ACTION(name, parameters, arguments, object) \
    void ti_core_##name parameters;                    \
    void threading_##name parameters                   \
    {                                                  \
        ti_call call = ti_call_begin(#name, object);   \
        ti_core_##name arguments;                      \
        ti_call_end(call);                             \
    }

/* clang-format off: a table */
TI_AMOUNT(active_count, (void), (), NULL)
TI_STATUS(barrier_abort, (threading_barrier_t * barrier), (barrier), barrier)
TI_ANSWER(barrier_broken, (const threading_barrier_t *barrier), (barrier), barrier)
TI_AMOUNT(barrier_n_waiting, (const threading_barrier_t *barrier), (barrier), barrier)
TI_STATUS(barrier_reset, (threading_barrier_t * barrier), (barrier), barrier)
TI_STATUS(barrier_wait, (threading_barrier_t * barrier, size_t *index), (barrier, index), barrier)
TI_STATUS(barrier_wait_timeout, (threading_barrier_t * barrier, double seconds, size_t *index),
          (barrier, seconds, index), barrier)
TI_STATUS(bounded_semaphore_acquire, (threading_bounded_semaphore_t * semaphore), (semaphore), semaphore)
TI_STATUS(bounded_semaphore_acquire_timeout, (threading_bounded_semaphore_t * semaphore, double seconds),
          (semaphore, seconds), semaphore)
TI_STATUS(bounded_semaphore_release, (threading_bounded_semaphore_t * semaphore), (semaphore), semaphore)
TI_STATUS(bounded_semaphore_release_n, (threading_bounded_semaphore_t * semaphore, size_t n), (semaphore, n),
          semaphore)
TI_STATUS(bounded_semaphore_try_acquire, (threading_bounded_semaphore_t * semaphore), (semaphore), semaphore)
TI_AMOUNT(bounded_semaphore_value, (const threading_bounded_semaphore_t *semaphore), (semaphore), semaphore)
TI_STATUS(completed_next, (threading_completed_t * completed, threading_future_t **future),
          (completed, future), completed)
TI_STATUS(condition_acquire, (threading_condition_t * condition), (condition), condition)
TI_STATUS(condition_acquire_timeout, (threading_condition_t * condition, double seconds),
          (condition, seconds), condition)
TI_ANSWER(condition_is_owned, (const threading_condition_t *condition), (condition), condition)
TI_ANSWER(condition_locked, (const threading_condition_t *condition), (condition), condition)
TI_STATUS(condition_notify, (threading_condition_t * condition, size_t n), (condition, n), condition)
TI_STATUS(condition_notify_all, (threading_condition_t * condition), (condition), condition)
TI_STATUS(condition_release, (threading_condition_t * condition), (condition), condition)
TI_STATUS(condition_try_acquire, (threading_condition_t * condition), (condition), condition)
TI_STATUS(condition_wait, (threading_condition_t * condition), (condition), condition)
TI_STATUS(condition_wait_for, (threading_condition_t * condition, bool (*predicate)(void *arg), void *arg),
          (condition, predicate, arg), condition)
TI_STATUS(condition_wait_for_timeout,
          (threading_condition_t * condition, bool (*predicate)(void *arg), void *arg, double seconds),
          (condition, predicate, arg, seconds), condition)
TI_STATUS(condition_wait_timeout, (threading_condition_t * condition, double seconds), (condition, seconds),
          condition)
TI_AMOUNT(enumerate, (threading_thread_t * *threads, size_t capacity), (threads, capacity), threads)
TI_STATUS(event_clear, (threading_event_t * event), (event), event)
TI_ANSWER(event_is_set, (const threading_event_t *event), (event), event)
TI_STATUS(event_set, (threading_event_t * event), (event), event)
TI_STATUS(event_wait, (threading_event_t * event), (event), event)
TI_STATUS(event_wait_timeout, (threading_event_t * event, double seconds), (event, seconds), event)
TI_STATUS(executor_map,
          (threading_executor_t * executor, threading_target_t function, void *const *items, size_t count,
           void **results),
          (executor, function, items, count, results), executor)
TI_STATUS(executor_shutdown, (threading_executor_t * executor, bool wait, bool cancel_futures),
          (executor, wait, cancel_futures), executor)
TI_STATUS(executor_submit,
          (threading_executor_t * executor, threading_target_t function, void *arg,
           threading_future_t **future),
          (executor, function, arg, future), executor)
TI_STATUS(future_add_done_callback,
          (threading_future_t * future, void (*callback)(threading_future_t *future, void *arg), void *arg),
          (future, callback, arg), future)
TI_STATUS(future_cancel, (threading_future_t * future), (future), future)
TI_ANSWER(future_cancelled, (const threading_future_t *future), (future), future)
TI_ANSWER(future_done, (const threading_future_t *future), (future), future)
TI_STATUS(future_result, (threading_future_t * future, void **value), (future, value), future)
TI_STATUS(future_result_timeout, (threading_future_t * future, double seconds, void **value),
          (future, seconds, value), future)
TI_ANSWER(future_running, (const threading_future_t *future), (future), future)
TI_STATUS(future_set_error, (threading_future_t * future, threading_status_t status), (future, status),
          future)
TI_STATUS(future_set_result, (threading_future_t * future, void *value), (future, value), future)
TI_STATUS(future_start, (threading_future_t * future), (future), future)
TI_STATUS(lock_acquire, (threading_lock_t * lock), (lock), lock)
TI_STATUS(lock_acquire_timeout, (threading_lock_t * lock, double seconds), (lock, seconds), lock)
TI_ANSWER(lock_locked, (const threading_lock_t *lock), (lock), lock)
TI_STATUS(lock_release, (threading_lock_t * lock), (lock), lock)
TI_STATUS(lock_try_acquire, (threading_lock_t * lock), (lock), lock)
TI_MOMENT(monotonic, (void), (), NULL)
TI_STATUS(once, (threading_once_t * once, void (*function)(void *arg), void *arg), (once, function, arg),
          once)
TI_ANSWER(queue_empty, (threading_queue_t * queue), (queue), queue)
TI_ANSWER(queue_full, (threading_queue_t * queue), (queue), queue)
TI_STATUS(queue_get, (threading_queue_t * queue, void *item), (queue, item), queue)
TI_STATUS(queue_get_timeout, (threading_queue_t * queue, double seconds, void *item), (queue, seconds, item),
          queue)
TI_ANSWER(queue_is_shutdown, (threading_queue_t * queue), (queue), queue)
TI_STATUS(queue_join, (threading_queue_t * queue), (queue), queue)
TI_STATUS(queue_join_timeout, (threading_queue_t * queue, double seconds), (queue, seconds), queue)
TI_STATUS(queue_put, (threading_queue_t * queue, const void *item), (queue, item), queue)
TI_STATUS(queue_put_timeout, (threading_queue_t * queue, const void *item, double seconds),
          (queue, item, seconds), queue)
TI_STATUS(queue_shutdown, (threading_queue_t * queue, bool immediate), (queue, immediate), queue)
TI_AMOUNT(queue_size, (threading_queue_t * queue), (queue), queue)
TI_STATUS(queue_task_done, (threading_queue_t * queue), (queue), queue)
TI_STATUS(queue_try_get, (threading_queue_t * queue, void *item), (queue, item), queue)
TI_STATUS(queue_try_put, (threading_queue_t * queue, const void *item), (queue, item), queue)
TI_AMOUNT(queue_unfinished, (threading_queue_t * queue), (queue), queue)
TI_STATUS(rlock_acquire, (threading_rlock_t * rlock), (rlock), rlock)
TI_STATUS(rlock_acquire_timeout, (threading_rlock_t * rlock, double seconds), (rlock, seconds), rlock)
TI_AMOUNT(rlock_count, (const threading_rlock_t *rlock), (rlock), rlock)
TI_ANSWER(rlock_is_owned, (const threading_rlock_t *rlock), (rlock), rlock)
TI_ANSWER(rlock_locked, (const threading_rlock_t *rlock), (rlock), rlock)
TI_STATUS(rlock_release, (threading_rlock_t * rlock), (rlock), rlock)
TI_STATUS(rlock_try_acquire, (threading_rlock_t * rlock), (rlock), rlock)
TI_STATUS(rwlock_acquire_read, (threading_rwlock_t * rwlock), (rwlock), rwlock)
TI_STATUS(rwlock_acquire_read_timeout, (threading_rwlock_t * rwlock, double seconds), (rwlock, seconds),
          rwlock)
TI_STATUS(rwlock_acquire_write, (threading_rwlock_t * rwlock), (rwlock), rwlock)
TI_STATUS(rwlock_acquire_write_timeout, (threading_rwlock_t * rwlock, double seconds), (rwlock, seconds),
          rwlock)
TI_STATUS(rwlock_release_read, (threading_rwlock_t * rwlock), (rwlock), rwlock)
TI_STATUS(rwlock_release_write, (threading_rwlock_t * rwlock), (rwlock), rwlock)
TI_STATUS(rwlock_try_acquire_read, (threading_rwlock_t * rwlock), (rwlock), rwlock)
TI_STATUS(rwlock_try_acquire_write, (threading_rwlock_t * rwlock), (rwlock), rwlock)
TI_STATUS(semaphore_acquire, (threading_semaphore_t * semaphore), (semaphore), semaphore)
TI_STATUS(semaphore_acquire_timeout, (threading_semaphore_t * semaphore, double seconds),
          (semaphore, seconds), semaphore)
TI_STATUS(semaphore_release, (threading_semaphore_t * semaphore), (semaphore), semaphore)
TI_STATUS(semaphore_release_n, (threading_semaphore_t * semaphore, size_t n), (semaphore, n), semaphore)
TI_STATUS(semaphore_try_acquire, (threading_semaphore_t * semaphore), (semaphore), semaphore)
TI_AMOUNT(semaphore_value, (const threading_semaphore_t *semaphore), (semaphore), semaphore)
TI_STATUS(shutdown, (void), (), NULL)
TI_STATUS(sleep, (double seconds), (seconds), NULL)
TI_STATUS(start_new_thread, (threading_target_t target, void *arg, uint32_t *ident), (target, arg, ident),
          NULL)
TI_STATUS(stop_request, (threading_stop_t * stop), (stop), stop)
TI_ANSWER(stop_requested, (const threading_stop_t *stop), (stop), stop)
TI_ANSWER(thread_is_alive, (const threading_thread_t *thread), (thread), thread)
TI_STATUS(thread_join, (threading_thread_t * thread), (thread), thread)
TI_STATUS(thread_join_timeout, (threading_thread_t * thread, double seconds), (thread, seconds), thread)
TI_STATUS(thread_result, (const threading_thread_t *thread, void **result), (thread, result), thread)
TI_STATUS(thread_start, (threading_thread_t * thread), (thread), thread)
TI_STATUS(thread_try_join, (threading_thread_t * thread), (thread), thread)
TI_STATUS(timer_cancel, (threading_thread_t * timer), (timer), timer)
TI_STATUS(wait,
          (threading_future_t *const *futures, size_t count, double seconds, threading_when_t when,
           size_t *done),
          (futures, count, seconds, when, done), NULL)
TI_STATUS(wait_any, (threading_source_t * sources, size_t count, double seconds, size_t *index),
          (sources, count, seconds, index), NULL)
/* clang-format on */

/* ---- the others ---- */

const char *ti_core_thread_name(const threading_thread_t *thread);
bool ti_core_thread_daemon(const threading_thread_t *thread);

const char *threading_thread_name(const threading_thread_t *thread)
{
    return ti_core_thread_name(thread);
}

bool threading_thread_daemon(const threading_thread_t *thread)
{
    return ti_core_thread_daemon(thread);
}

threading_status_t threading_object_set_name(const void *object, const char *name)
{
    if (object == NULL)
        return THREADING_INVALID;
    ti_sim_name_object(object, name);
    return THREADING_OK;
}
