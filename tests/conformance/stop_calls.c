/* SPDX-License-Identifier: MIT */
/* The calls that heed a stop, without queues and tasks: each ends, does not begin, or need not wait. */
#include <math.h>

#include "stop_cases.h"

/* ---- sleep */

static threading_status_t sleep_long(void)
{
    return threading_sleep(LONG);
}

static threading_status_t sleep_for_ever(void)
{
    return threading_sleep(THREADING_FOREVER);
}

static const struct wait sleeping = {.calls = {sleep_long, sleep_for_ever}};

CASE(request_ends_sleep)
{
    request_ends(&sleeping);
}

CASE(deadline_ends_sleep)
{
    deadline_ends(&sleeping);
}

CASE(sleep_does_not_begin_after_a_request)
{
    does_not_begin(&sleeping);
}

static threading_status_t sleep_not_at_all(void)
{
    return threading_sleep(0);
}

CASE(sleep_that_need_not_wait_succeeds)
{
    const struct wait wait = {.calls = {sleep_not_at_all}};
    need_not_wait(&wait);
}

/* ---- join */

static threading_thread_t *joined;

static void join_must_wait(void)
{
    gate_close(&gate);
    threading_thread_free(joined); /* that of the call before */
    joined = started(wait_at_gate, &gate);
}

static void joined_is_alive(void)
{
    CHECK(threading_thread_is_alive(joined));
}

static void join_need_not_wait(void)
{
    gate_open(&gate);
    finished(threading_thread_retain(joined));
}

static threading_status_t join_it(void)
{
    return threading_thread_join(joined);
}

static threading_status_t join_it_long(void)
{
    return threading_thread_join_timeout(joined, LONG);
}

static threading_status_t join_it_for_ever(void)
{
    return threading_thread_join_timeout(joined, THREADING_FOREVER);
}

static const struct wait joining = {.calls = {join_it, join_it_long, join_it_for_ever},
                                    .block = join_must_wait,
                                    .unblock = join_need_not_wait,
                                    .as_before = joined_is_alive};

CASE(request_ends_join)
{
    request_ends(&joining);
}

CASE(deadline_ends_join)
{
    deadline_ends(&joining);
}

CASE(join_does_not_begin_after_a_request)
{
    does_not_begin(&joining);
}

CASE(join_that_need_not_wait_succeeds)
{
    need_not_wait(&joining);
}

/* ---- Lock, for a limited time */

static threading_lock_t lock;

static void hold_lock(void)
{
    CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
}

static void release_lock(void)
{
    CHECK_STATUS(threading_lock_release(&lock), THREADING_OK);
}

static void lock_is_held(void)
{
    CHECK(threading_lock_locked(&lock));
}

/* What a call got is given back. */
static threading_status_t then(threading_status_t status, void (*give_back)(void))
{
    if (status == THREADING_OK)
        give_back();
    return status;
}

static threading_status_t acquire_lock_long(void)
{
    return then(threading_lock_acquire_timeout(&lock, LONG), release_lock);
}

static threading_status_t acquire_lock_for_ever(void)
{
    return then(threading_lock_acquire_timeout(&lock, THREADING_FOREVER), release_lock);
}

static const struct wait locking = {.calls = {acquire_lock_long, acquire_lock_for_ever},
                                    .block = hold_lock,
                                    .unblock = release_lock,
                                    .as_before = lock_is_held};

CASE(request_ends_timed_acquire_of_a_lock)
{
    request_ends(&locking);
}

CASE(deadline_ends_timed_acquire_of_a_lock)
{
    deadline_ends(&locking);
}

CASE(timed_acquire_of_a_lock_does_not_begin_after_a_request)
{
    does_not_begin(&locking);
}

CASE(timed_acquire_of_a_lock_that_need_not_wait_succeeds)
{
    need_not_wait(&locking);
}

/* ---- RLock */

static threading_rlock_t rlock;

static void hold_rlock(void)
{
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
}

static void release_rlock(void)
{
    CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
}

static void rlock_is_held(void)
{
    CHECK_EQUAL(threading_rlock_count(&rlock), 1);
}

static threading_status_t acquire_rlock(void)
{
    return then(threading_rlock_acquire(&rlock), release_rlock);
}

static threading_status_t acquire_rlock_long(void)
{
    return then(threading_rlock_acquire_timeout(&rlock, LONG), release_rlock);
}

static threading_status_t acquire_rlock_for_ever(void)
{
    return then(threading_rlock_acquire_timeout(&rlock, THREADING_FOREVER), release_rlock);
}

static const struct wait rlocking = {.calls = {acquire_rlock, acquire_rlock_long, acquire_rlock_for_ever},
                                     .block = hold_rlock,
                                     .unblock = release_rlock,
                                     .as_before = rlock_is_held};

CASE(request_ends_acquire_of_an_rlock)
{
    request_ends(&rlocking);
}

CASE(deadline_ends_acquire_of_an_rlock)
{
    deadline_ends(&rlocking);
}

CASE(acquire_of_an_rlock_does_not_begin_after_a_request)
{
    does_not_begin(&rlocking);
}

CASE(acquire_of_an_rlock_that_need_not_wait_succeeds)
{
    need_not_wait(&rlocking);
}

/* ---- acquires of a Condition */

static threading_condition_t *condition;
static threading_condition_t on_rlock = THREADING_CONDITION_INIT_RLOCK(&rlock);
static threading_condition_t on_lock = THREADING_CONDITION_INIT_LOCK(&lock);
static threading_condition_t on_its_own = THREADING_CONDITION_INIT;

static void hold_condition(void)
{
    CHECK_STATUS(threading_condition_acquire(condition), THREADING_OK);
}

static void release_condition(void)
{
    CHECK_STATUS(threading_condition_release(condition), THREADING_OK);
}

static void condition_is_held(void)
{
    CHECK(threading_condition_is_owned(condition));
}

static threading_status_t acquire_condition(void)
{
    return then(threading_condition_acquire(condition), release_condition);
}

static threading_status_t acquire_condition_long(void)
{
    return then(threading_condition_acquire_timeout(condition, LONG), release_condition);
}

static threading_status_t acquire_condition_for_ever(void)
{
    return then(threading_condition_acquire_timeout(condition, THREADING_FOREVER), release_condition);
}

static const struct wait acquiring = {
    .calls = {acquire_condition, acquire_condition_long, acquire_condition_for_ever},
    .block = hold_condition,
    .unblock = release_condition,
    .as_before = condition_is_held};

static void on_each_condition(void (*body)(const struct wait *wait), const struct wait *wait)
{
    threading_condition_t *all[] = {&on_its_own, &on_rlock, &on_lock};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        condition = all[i];
        CHECK_STATUS(threading_stop_init(&stop), THREADING_OK);
        body(wait);
    }
}

CASE(request_ends_acquire_of_a_condition)
{
    on_each_condition(request_ends, &acquiring);
}

CASE(deadline_ends_acquire_of_a_condition)
{
    on_each_condition(deadline_ends, &acquiring);
}

CASE(acquire_of_a_condition_does_not_begin_after_a_request)
{
    on_each_condition(does_not_begin, &acquiring);
}

CASE(acquire_of_a_condition_that_need_not_wait_succeeds)
{
    on_each_condition(need_not_wait, &acquiring);
}

/* ---- waits of a Condition */

static bool never(void *arg)
{
    (void)arg;
    CHECK(threading_condition_is_owned(condition));
    return false;
}

static bool always(void *arg)
{
    (void)arg;
    return true;
}

/* Holds the lock at some level, waits, and has it at the same level again. */
static threading_status_t wait_holding(threading_status_t (*wait)(void))
{
    size_t levels = condition == &on_lock ? 1 : 3;
    for (size_t i = 0; i < levels; i++)
        hold_condition();
    threading_status_t status = wait();
    CHECK(threading_condition_is_owned(condition));
    if (condition == &on_rlock)
        CHECK_EQUAL(threading_rlock_count(&rlock), levels);
    for (size_t i = 0; i < levels; i++)
        release_condition();
    return status;
}

static threading_status_t wait(void)
{
    return threading_condition_wait(condition);
}

static threading_status_t wait_long(void)
{
    return threading_condition_wait_timeout(condition, LONG);
}

static threading_status_t wait_for_never(void)
{
    return threading_condition_wait_for(condition, never, NULL);
}

static threading_status_t wait_for_never_long(void)
{
    return threading_condition_wait_for_timeout(condition, never, NULL, LONG);
}

static threading_status_t hold_and_wait(void)
{
    return wait_holding(wait);
}

static threading_status_t hold_and_wait_long(void)
{
    return wait_holding(wait_long);
}

static threading_status_t hold_and_wait_for(void)
{
    return wait_holding(wait_for_never);
}

static threading_status_t hold_and_wait_for_long(void)
{
    return wait_holding(wait_for_never_long);
}

static void condition_is_free(void)
{
    CHECK(!threading_condition_locked(condition));
    hold_condition();
    release_condition();
}

static const struct wait waiting = {
    .calls = {hold_and_wait, hold_and_wait_long, hold_and_wait_for, hold_and_wait_for_long},
    .as_before = condition_is_free};

CASE(request_ends_waits_of_a_condition)
{
    on_each_condition(request_ends, &waiting);
}

CASE(deadline_ends_waits_of_a_condition)
{
    on_each_condition(deadline_ends, &waiting);
}

CASE(waits_of_a_condition_do_not_begin_after_a_request)
{
    on_each_condition(does_not_begin, &waiting);
}

static threading_status_t wait_for_always(void)
{
    return threading_condition_wait_for(condition, always, NULL);
}

static threading_status_t wait_for_always_long(void)
{
    return threading_condition_wait_for_timeout(condition, always, NULL, LONG);
}

static threading_status_t hold_and_wait_for_always(void)
{
    return wait_holding(wait_for_always);
}

static threading_status_t hold_and_wait_for_always_long(void)
{
    return wait_holding(wait_for_always_long);
}

CASE(wait_for_a_true_predicate_succeeds)
{
    const struct wait true_at_once = {.calls = {hold_and_wait_for_always, hold_and_wait_for_always_long},
                                      .as_before = condition_is_free};
    on_each_condition(need_not_wait, &true_at_once);
}

static void *wait_and_be_cancelled(void *arg)
{
    hold_condition();
    hold_condition();
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_condition_wait(condition), THREADING_CANCELLED);
    CHECK_EQUAL(threading_rlock_count(&rlock), 2);
    atomic_fetch_add(&announced, 1);
    release_condition();
    release_condition();
    return arg;
}

/* Main holds the lock when it requests the stop, so the wait cannot return before main gives it back. */
CASE(cancelled_wait_of_a_condition_returns_only_with_its_lock)
{
    condition = &on_rlock;
    for (int round = 1; round <= 20; round++) {
        CHECK_STATUS(threading_stop_init(&stop), THREADING_OK);
        atomic_store(&announced, 0);
        threading_thread_t *thread = started_heeding(wait_and_be_cancelled, NULL);
        AWAIT(atomic_load(&announced) == 1);
        hold_condition();
        request();
        threading_sleep(0.001); /* proves nothing, gives a wrong library the time to show itself */
        CHECK_EQUAL(atomic_load(&announced), 1);
        CHECK_EQUAL(threading_rlock_count(&rlock), 1);
        release_condition();
        finished(thread);
    }
}

static atomic_int notified;

static void *wait_heeding_or_not(void *arg)
{
    hold_condition();
    atomic_fetch_add(&announced, 1);
    threading_status_t status = threading_condition_wait(condition);
    release_condition();
    if (status == THREADING_OK)
        atomic_fetch_add(&notified, 1);
    else
        CHECK_STATUS(status, THREADING_CANCELLED);
    return arg;
}

static void *request_soon(void *arg)
{
    meet(arg, 2);
    request();
    return NULL;
}

/* The first of two waiters is cancelled and notified at about the same time. If it is cancelled, the second
 * one has the notification: the case would not end if it were lost. */
CASE(notification_is_not_spent_on_a_cancelled_wait)
{
    static atomic_int arrived;
    condition = &on_its_own;
    for (int round = 0; round < (is_slow() ? 50 : 300); round++) {
        CHECK_STATUS(threading_stop_init(&stop), THREADING_OK);
        atomic_store(&announced, 0);
        atomic_store(&notified, 0);
        threading_thread_t *first = started_heeding(wait_heeding_or_not, NULL);
        AWAIT(atomic_load(&announced) == 1);
        threading_thread_t *second = started(wait_heeding_or_not, NULL);
        AWAIT(atomic_load(&announced) == 2);
        threading_thread_t *requester = started(request_soon, &arrived);
        meet(&arrived, 2);
        hold_condition(); /* so both wait, or the first is cancelled already */
        CHECK_STATUS(threading_condition_notify(condition, 1), THREADING_OK);
        release_condition();
        finished(first);
        if (atomic_load(&notified) == 1 && threading_thread_try_join(second) == THREADING_BUSY) {
            hold_condition();
            CHECK_STATUS(threading_condition_notify(condition, 1), THREADING_OK);
            release_condition();
        }
        finished(second);
        finished(requester);
        CHECK(atomic_load(&notified) >= 1);
    }
}

/* ---- Semaphore and BoundedSemaphore */

static threading_semaphore_t semaphore;
static threading_bounded_semaphore_t bounded = THREADING_BOUNDED_SEMAPHORE_INIT(1);

static void add_to_semaphore(void)
{
    CHECK_STATUS(threading_semaphore_release(&semaphore), THREADING_OK);
}

static void semaphore_is_0(void)
{
    CHECK_EQUAL(threading_semaphore_value(&semaphore), 0);
}

static void empty_semaphore(void)
{
    while (threading_semaphore_try_acquire(&semaphore) == THREADING_OK)
        continue;
}

static threading_status_t acquire_semaphore(void)
{
    return threading_semaphore_acquire(&semaphore);
}

static threading_status_t acquire_semaphore_long(void)
{
    return threading_semaphore_acquire_timeout(&semaphore, LONG);
}

static threading_status_t acquire_semaphore_for_ever(void)
{
    return threading_semaphore_acquire_timeout(&semaphore, THREADING_FOREVER);
}

static const struct wait taking = {
    .calls = {acquire_semaphore, acquire_semaphore_long, acquire_semaphore_for_ever},
    .block = empty_semaphore,
    .unblock = add_to_semaphore,
    .as_before = semaphore_is_0};

CASE(request_ends_acquire_of_a_semaphore)
{
    request_ends(&taking);
}

CASE(deadline_ends_acquire_of_a_semaphore)
{
    deadline_ends(&taking);
}

CASE(acquire_of_a_semaphore_does_not_begin_after_a_request)
{
    does_not_begin(&taking);
}

CASE(acquire_of_a_semaphore_that_need_not_wait_succeeds)
{
    need_not_wait(&taking);
    semaphore_is_0();
}

static void take_bounded(void)
{
    CHECK_STATUS(threading_bounded_semaphore_try_acquire(&bounded), THREADING_OK);
}

static void release_bounded(void)
{
    CHECK_STATUS(threading_bounded_semaphore_release(&bounded), THREADING_OK);
}

static void bounded_is_0(void)
{
    CHECK_EQUAL(threading_bounded_semaphore_value(&bounded), 0);
}

static threading_status_t acquire_bounded(void)
{
    return then(threading_bounded_semaphore_acquire(&bounded), release_bounded);
}

static threading_status_t acquire_bounded_long(void)
{
    return then(threading_bounded_semaphore_acquire_timeout(&bounded, LONG), release_bounded);
}

static threading_status_t acquire_bounded_for_ever(void)
{
    return then(threading_bounded_semaphore_acquire_timeout(&bounded, THREADING_FOREVER), release_bounded);
}

static const struct wait taking_bounded = {
    .calls = {acquire_bounded, acquire_bounded_long, acquire_bounded_for_ever},
    .block = take_bounded,
    .unblock = release_bounded,
    .as_before = bounded_is_0};

CASE(request_ends_acquire_of_a_bounded_semaphore)
{
    request_ends(&taking_bounded);
}

CASE(deadline_ends_acquire_of_a_bounded_semaphore)
{
    deadline_ends(&taking_bounded);
}

CASE(acquire_of_a_bounded_semaphore_does_not_begin_after_a_request)
{
    does_not_begin(&taking_bounded);
}

CASE(acquire_of_a_bounded_semaphore_that_need_not_wait_succeeds)
{
    need_not_wait(&taking_bounded);
}

static atomic_int taken;

static void *take_until_cancelled(void *arg)
{
    threading_status_t status;
    while ((status = threading_semaphore_acquire(&semaphore)) == THREADING_OK)
        atomic_fetch_add(&taken, 1);
    CHECK_STATUS(status, THREADING_CANCELLED);
    return arg;
}

/* Each unit is taken by somebody or still there, whatever was cancelled while it was handed over. */
CASE(request_beside_releases_loses_no_unit_of_a_semaphore)
{
    for (int round = 0; round < (is_slow() ? 30 : 200); round++) {
        threading_thread_t *threads[4];
        CHECK_STATUS(threading_stop_init(&stop), THREADING_OK);
        CHECK_STATUS(threading_semaphore_init(&semaphore, 0), THREADING_OK);
        atomic_store(&taken, 0);
        for (int i = 0; i < 4; i++)
            threads[i] = started_heeding(take_until_cancelled, NULL);
        for (int i = 0; i < 20; i++) {
            if (i == 10)
                request();
            add_to_semaphore();
        }
        finish_many(threads, 4);
        CHECK_EQUAL(atomic_load(&taken) + (int)threading_semaphore_value(&semaphore), 20);
    }
}

/* ---- RWLock */

static threading_rwlock_t rwlock;

static void write_rwlock(void)
{
    CHECK_STATUS(threading_rwlock_try_acquire_write(&rwlock), THREADING_OK);
}

static void done_writing(void)
{
    CHECK_STATUS(threading_rwlock_release_write(&rwlock), THREADING_OK);
}

static void read_rwlock(void)
{
    CHECK_STATUS(threading_rwlock_try_acquire_read(&rwlock), THREADING_OK);
}

static void done_reading(void)
{
    CHECK_STATUS(threading_rwlock_release_read(&rwlock), THREADING_OK);
}

static void rwlock_is_written(void)
{
    CHECK_STATUS(threading_rwlock_try_acquire_read(&rwlock), THREADING_BUSY);
    done_writing();
    CHECK(is_zero(&rwlock, sizeof rwlock));
    write_rwlock();
}

static void rwlock_is_read(void)
{
    done_reading();
    CHECK(is_zero(&rwlock, sizeof rwlock));
    read_rwlock();
}

static threading_status_t read_it(void)
{
    return then(threading_rwlock_acquire_read(&rwlock), done_reading);
}

static threading_status_t read_it_long(void)
{
    return then(threading_rwlock_acquire_read_timeout(&rwlock, LONG), done_reading);
}

static threading_status_t read_it_for_ever(void)
{
    return then(threading_rwlock_acquire_read_timeout(&rwlock, THREADING_FOREVER), done_reading);
}

static threading_status_t write_it(void)
{
    return then(threading_rwlock_acquire_write(&rwlock), done_writing);
}

static threading_status_t write_it_long(void)
{
    return then(threading_rwlock_acquire_write_timeout(&rwlock, LONG), done_writing);
}

static threading_status_t write_it_for_ever(void)
{
    return then(threading_rwlock_acquire_write_timeout(&rwlock, THREADING_FOREVER), done_writing);
}

static const struct wait reading = {.calls = {read_it, read_it_long, read_it_for_ever},
                                    .block = write_rwlock,
                                    .unblock = done_writing,
                                    .as_before = rwlock_is_written};
static const struct wait writing = {.calls = {write_it, write_it_long, write_it_for_ever},
                                    .block = read_rwlock,
                                    .unblock = done_reading,
                                    .as_before = rwlock_is_read};

CASE(request_ends_acquire_of_an_rwlock_to_read)
{
    request_ends(&reading);
}

CASE(deadline_ends_acquire_of_an_rwlock_to_read)
{
    deadline_ends(&reading);
}

CASE(acquire_of_an_rwlock_to_read_does_not_begin_after_a_request)
{
    does_not_begin(&reading);
}

CASE(acquire_of_an_rwlock_to_read_that_need_not_wait_succeeds)
{
    need_not_wait(&reading);
}

CASE(request_ends_acquire_of_an_rwlock_to_write)
{
    request_ends(&writing);
}

CASE(deadline_ends_acquire_of_an_rwlock_to_write)
{
    deadline_ends(&writing);
}

CASE(acquire_of_an_rwlock_to_write_does_not_begin_after_a_request)
{
    does_not_begin(&writing);
}

CASE(acquire_of_an_rwlock_to_write_that_need_not_wait_succeeds)
{
    need_not_wait(&writing);
}

static void *read_behind_the_writer(void *arg)
{
    CHECK_STATUS(threading_rwlock_acquire_read(&rwlock), THREADING_OK);
    done_reading();
    return arg;
}

static void *try_to_read(void *busy)
{
    threading_status_t status = threading_rwlock_try_acquire_read(&rwlock);
    if (status == THREADING_OK)
        done_reading();
    atomic_store((atomic_bool *)busy, status == THREADING_BUSY);
    return NULL;
}

/* Main reads all the time, so nothing but the writer's giving up can let them in. */
CASE(cancelled_writer_lets_on_the_readers_behind_it)
{
    struct attempt attempt = {write_it, THREADING_CANCELLED};
    threading_thread_t *readers[5];
    atomic_bool writer_waits = false;
    read_rwlock();
    threading_thread_t *writer = started_heeding(attempt_it, &attempt);
    while (!atomic_load(&writer_waits))
        finished(started(try_to_read, &writer_waits));
    start_many(readers, 5, read_behind_the_writer, NULL);
    CHECK_STATUS(threading_thread_join_timeout(readers[0], 0.005), THREADING_TIMEOUT);
    request();
    finish_many(readers, 5);
    finished(writer);
    rwlock_is_read();
    done_reading();
}

/* ---- Event */

static threading_event_t event;

static void set_event(void)
{
    CHECK_STATUS(threading_event_set(&event), THREADING_OK);
}

static void clear_event(void)
{
    CHECK_STATUS(threading_event_clear(&event), THREADING_OK);
}

static void event_is_clear(void)
{
    CHECK(!threading_event_is_set(&event));
}

static threading_status_t wait_for_event(void)
{
    return threading_event_wait(&event);
}

static threading_status_t wait_for_event_long(void)
{
    return threading_event_wait_timeout(&event, LONG);
}

static threading_status_t wait_for_event_for_ever(void)
{
    return threading_event_wait_timeout(&event, THREADING_FOREVER);
}

static const struct wait expecting = {.calls = {wait_for_event, wait_for_event_long, wait_for_event_for_ever},
                                      .block = clear_event,
                                      .unblock = set_event,
                                      .as_before = event_is_clear};

CASE(request_ends_wait_of_an_event)
{
    request_ends(&expecting);
}

CASE(deadline_ends_wait_of_an_event)
{
    deadline_ends(&expecting);
}

CASE(wait_of_an_event_does_not_begin_after_a_request)
{
    does_not_begin(&expecting);
}

CASE(wait_of_an_event_that_need_not_wait_succeeds)
{
    need_not_wait(&expecting);
}

/* ---- Barrier */

static threading_barrier_t barrier;

static void barrier_of_2(void)
{
    CHECK_STATUS(threading_barrier_init(&barrier, 2), THREADING_OK);
}

static void barrier_of_1(void)
{
    CHECK_STATUS(threading_barrier_init(&barrier, 1), THREADING_OK);
}

static void barrier_is_broken(void)
{
    CHECK(threading_barrier_broken(&barrier));
    CHECK_EQUAL(threading_barrier_n_waiting(&barrier), 0);
    CHECK_STATUS(threading_barrier_wait(&barrier, NULL), THREADING_BROKEN);
}

static threading_status_t wait_at_barrier(void)
{
    size_t index = 777;
    threading_status_t status = threading_barrier_wait(&barrier, &index);
    CHECK_EQUAL(index, status == THREADING_OK ? 0 : 777);
    return status;
}

static threading_status_t wait_at_barrier_long(void)
{
    return threading_barrier_wait_timeout(&barrier, LONG, NULL);
}

static threading_status_t wait_at_barrier_for_ever(void)
{
    return threading_barrier_wait_timeout(&barrier, THREADING_FOREVER, NULL);
}

static const struct wait meeting = {
    .calls = {wait_at_barrier, wait_at_barrier_long, wait_at_barrier_for_ever},
    .block = barrier_of_2,
    .unblock = barrier_of_1,
    .as_before = barrier_is_broken};

CASE(request_ends_wait_of_a_barrier_and_breaks_it)
{
    request_ends(&meeting);
}

CASE(deadline_ends_wait_of_a_barrier_and_breaks_it)
{
    deadline_ends(&meeting);
}

CASE(wait_of_a_barrier_does_not_begin_after_a_request)
{
    does_not_begin(&meeting);
}

CASE(wait_of_a_barrier_that_need_not_wait_succeeds)
{
    need_not_wait(&meeting);
}

static void *wait_at_barrier_to_be_broken(void *arg)
{
    CHECK_STATUS(threading_barrier_wait(&barrier, NULL), THREADING_BROKEN);
    return arg;
}

CASE(cancelled_party_breaks_the_barrier_for_all)
{
    struct attempt attempt = {wait_at_barrier, THREADING_CANCELLED};
    threading_thread_t *others[3];
    CHECK_STATUS(threading_barrier_init(&barrier, 5), THREADING_OK);
    start_many(others, 3, wait_at_barrier_to_be_broken, NULL);
    threading_thread_t *thread = started_heeding(attempt_it, &attempt);
    AWAIT(threading_barrier_n_waiting(&barrier) == 4);
    request();
    finish_many(others, 3);
    finished(thread);
    barrier_is_broken();
}

CASE(last_party_of_a_barrier_trips_it_though_requested)
{
    struct attempt attempt = {wait_at_barrier_long, THREADING_OK};
    request();
    for (int i = 0; i < 20; i++) {
        barrier_of_2();
        threading_thread_t *thread = started(attempt_it, &attempt);
        AWAIT(threading_barrier_n_waiting(&barrier) == 1);
        finished(started_heeding(attempt_it, &attempt));
        finished(thread);
    }
}

/* ---- Once */

static threading_once_t once;
static threading_thread_t *runner;
static atomic_int running;

static void run_until_the_gate_opens(void *arg)
{
    (void)arg;
    atomic_fetch_add(&running, 1);
    gate_pass(&gate);
}

static void not_run(void *arg)
{
    (void)arg;
    check_failed(__FILE__, __LINE__, "the function was not called yet", NULL);
}

static void *run_once(void *arg)
{
    CHECK_STATUS(threading_once(&once, run_until_the_gate_opens, NULL), THREADING_OK);
    return arg;
}

static void once_is_running(void)
{
    CHECK_STATUS(threading_once_init(&once), THREADING_OK);
    atomic_store(&running, 0);
    gate_close(&gate);
    runner = started(run_once, NULL);
    AWAIT(atomic_load(&running) == 1);
}

static void once_is_done(void)
{
    gate_open(&gate);
    finished(runner);
}

static threading_status_t wait_for_once(void)
{
    return threading_once(&once, not_run, NULL);
}

static const struct wait once_waiting = {
    .calls = {wait_for_once}, .block = once_is_running, .unblock = once_is_done};

CASE(request_ends_wait_of_a_once)
{
    request_ends(&once_waiting);
}

CASE(deadline_ends_wait_of_a_once)
{
    deadline_ends(&once_waiting);
}

CASE(wait_of_a_once_does_not_begin_after_a_request)
{
    does_not_begin(&once_waiting);
}

CASE(wait_of_a_once_that_need_not_wait_succeeds)
{
    need_not_wait(&once_waiting);
}

static void count_run(void *arg)
{
    (void)arg;
    atomic_fetch_add(&running, 1);
}

static threading_status_t do_it_once(void)
{
    return threading_once(&once, count_run, NULL);
}

CASE(once_that_was_not_done_is_done_though_requested)
{
    const struct wait not_done = {.calls = {do_it_once}};
    need_not_wait(&not_done);
    CHECK_EQUAL(atomic_load(&running), 1);
}

/* ---- what does not heed */

static void *acquire_through_a_request(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
    CHECK_EQUAL(atomic_load(&running), 1);
    release_lock();
    return arg;
}

CASE(acquire_of_a_lock_does_not_heed)
{
    hold_lock();
    threading_thread_t *thread = started_heeding(acquire_through_a_request, NULL);
    AWAIT(atomic_load(&announced) == 1);
    threading_sleep(0.002); /* so that it waits; right in any case */
    request();
    threading_thread_t *second = started_heeding(acquire_through_a_request, NULL);
    CHECK_STATUS(threading_thread_join_timeout(thread, 0.01), THREADING_TIMEOUT);
    CHECK_STATUS(threading_thread_join_timeout(second, 0.01), THREADING_TIMEOUT);
    atomic_store(&running, 1);
    release_lock();
    finished(thread);
    finished(second);
    CHECK(is_zero(&lock, sizeof lock));
}

static threading_thread_t *worker;

static void *shut_down_through_a_request(void *arg)
{
    atomic_fetch_add(&announced, 1);
    CHECK_STATUS(threading_shutdown(), THREADING_OK);
    CHECK(!threading_thread_is_alive(worker));
    return arg;
}

CASE(shutdown_does_not_heed)
{
    gate_close(&gate);
    worker = started(wait_at_gate, &gate);
    threading_thread_t *thread = started_heeding(shut_down_through_a_request, NULL);
    AWAIT(atomic_load(&announced) == 1);
    threading_sleep(0.002); /* so that it waits; right in any case */
    request();
    CHECK_STATUS(threading_thread_join_timeout(thread, 0.01), THREADING_TIMEOUT);
    gate_open(&gate);
    finished(thread);
    finished(worker);
}

static void *release_everything(void *arg)
{
    condition = &on_its_own;
    (void)then(threading_lock_acquire(&lock), release_lock);
    CHECK_STATUS(acquire_rlock(), THREADING_OK);
    CHECK_STATUS(read_it(), THREADING_OK);
    CHECK_STATUS(write_it(), THREADING_OK);
    add_to_semaphore();
    CHECK_STATUS(acquire_bounded(), THREADING_OK);
    hold_condition();
    CHECK_STATUS(threading_condition_notify(condition, 1), THREADING_OK);
    CHECK_STATUS(threading_condition_notify_all(condition), THREADING_OK);
    release_condition();
    set_event();
    clear_event();
    CHECK_STATUS(threading_barrier_abort(&barrier), THREADING_OK);
    CHECK_STATUS(threading_barrier_reset(&barrier), THREADING_OK);
    return arg;
}

CASE(releases_and_the_like_do_not_heed)
{
    request();
    finished(started_heeding(release_everything, NULL));
}

static void *try_everything(void *arg)
{
    CHECK_STATUS(threading_lock_try_acquire(&lock), THREADING_BUSY);
    CHECK_STATUS(threading_lock_acquire_timeout(&lock, 0), THREADING_TIMEOUT);
    CHECK_STATUS(threading_rlock_try_acquire(&rlock), THREADING_BUSY);
    CHECK_STATUS(threading_rlock_acquire_timeout(&rlock, 0), THREADING_TIMEOUT);
    CHECK_STATUS(threading_rwlock_try_acquire_read(&rwlock), THREADING_BUSY);
    CHECK_STATUS(threading_rwlock_acquire_read_timeout(&rwlock, 0), THREADING_TIMEOUT);
    CHECK_STATUS(threading_rwlock_try_acquire_write(&rwlock), THREADING_BUSY);
    CHECK_STATUS(threading_rwlock_acquire_write_timeout(&rwlock, 0), THREADING_TIMEOUT);
    CHECK_STATUS(threading_semaphore_try_acquire(&semaphore), THREADING_BUSY);
    CHECK_STATUS(threading_semaphore_acquire_timeout(&semaphore, 0), THREADING_TIMEOUT);
    CHECK_STATUS(threading_event_wait_timeout(&event, 0), THREADING_TIMEOUT);
    CHECK_STATUS(threading_thread_try_join(threading_main_thread()), THREADING_BUSY);
    CHECK_STATUS(threading_thread_join_timeout(threading_main_thread(), 0), THREADING_TIMEOUT);
    return arg;
}

/* They would not wait in any case. */
CASE(tries_answer_as_ever)
{
    hold_lock();
    hold_rlock();
    write_rwlock();
    request();
    finished(started_heeding(try_everything, NULL));
}

static void *misuse_everything(void *arg)
{
    threading_thread_t *new = threading_thread_new(return_at_once, NULL, NULL);
    condition = &on_its_own;
    CHECK(new != NULL);
    CHECK_STATUS(threading_sleep(NAN), THREADING_INVALID);
    CHECK_STATUS(threading_sleep(INFINITY), THREADING_OVERFLOW);
    CHECK_STATUS(threading_thread_join(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_thread_join(new), THREADING_NOT_STARTED);
    CHECK_STATUS(threading_thread_join(threading_current_thread()), THREADING_DEADLOCK);
    CHECK_STATUS(threading_lock_acquire_timeout(&lock, NAN), THREADING_INVALID);
    CHECK_STATUS(threading_rlock_acquire(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_rlock_acquire_timeout(&rlock, INFINITY), THREADING_OVERFLOW);
    CHECK_STATUS(threading_condition_wait(condition), THREADING_NOT_HELD);
    CHECK_STATUS(threading_condition_wait_timeout(condition, NAN), THREADING_INVALID);
    CHECK_STATUS(threading_condition_wait_for(condition, always, NULL), THREADING_NOT_HELD);
    CHECK_STATUS(threading_semaphore_acquire(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_semaphore_acquire_timeout(&semaphore, NAN), THREADING_INVALID);
    CHECK_STATUS(threading_rwlock_acquire_read(NULL), THREADING_INVALID);
    CHECK_STATUS(threading_rwlock_acquire_write_timeout(&rwlock, INFINITY), THREADING_OVERFLOW);
    CHECK_STATUS(threading_event_wait_timeout(&event, INFINITY), THREADING_OVERFLOW);
    CHECK_STATUS(threading_barrier_wait_timeout(&barrier, NAN, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_once(&once, NULL, NULL), THREADING_INVALID);
    threading_thread_free(new);
    return arg;
}

CASE(misuse_is_told_as_ever)
{
    barrier_of_2();
    hold_lock();
    hold_rlock();
    write_rwlock();
    request();
    finished(started_heeding(misuse_everything, NULL));
    CHECK(!threading_barrier_broken(&barrier));
}
