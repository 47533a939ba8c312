/* SPDX-License-Identifier: MIT */
/*
 * The library's own primitives under every order: bodies of two and three threads, decided before each atomic operation
 * within the library. Each is told to how many interruptions all of its orders are tried: three for two threads, two for
 * three threads, which takes up to some seconds. A third interruption of three threads takes minutes.
 */
#include "sim_support.h"

static int data; /* what is protected; who is not alone there races */

/* How often something came of a run: nothing that a body depends on. */
static atomic_int times[4];

static void *return_null(void *unused)
{
    return unused;
}

/* ---- Lock ---- */

static threading_lock_t lock;

static void begin_with_lock(void)
{
    (void)threading_lock_init(&lock);
    data = 0;
}

static void *hold_lock(void *unused)
{
    must(threading_lock_acquire(&lock));
    change(&data, 1);
    must(threading_lock_release(&lock));
    return unused;
}

static void lock_of_two(void *unused)
{
    (void)unused;
    begin_with_lock();
    both(hold_lock, hold_lock);
    threading_sim_check(data == 2 && !threading_lock_locked(&lock));
}

CASE(lock_is_for_one_of_two)
{
    explore(lock_of_two, 3);
}

static void lock_of_three(void *unused)
{
    (void)unused;
    begin_with_lock();
    all_three(hold_lock, hold_lock, hold_lock);
    threading_sim_check(data == 3 && !threading_lock_locked(&lock));
}

CASE(lock_is_for_one_of_three)
{
    explore(lock_of_three, 2);
}

static void *try_lock(void *unused)
{
    if (threading_lock_try_acquire(&lock) != THREADING_OK)
        return unused;
    change(&data, 1);
    must(threading_lock_release(&lock));
    return unused;
}

static void tried_lock(void *unused)
{
    (void)unused;
    begin_with_lock();
    all_three(try_lock, hold_lock, try_lock);
    threading_sim_check(data >= 1 && data <= 3 && !threading_lock_locked(&lock));
}

CASE(lock_is_for_one_that_tries)
{
    explore(tried_lock, 2);
}

static void *hold_lock_in_time(void *unused)
{
    threading_status_t status = threading_lock_acquire_timeout(&lock, 1.0);
    threading_sim_check(status == THREADING_OK || status == THREADING_TIMEOUT);
    count(&times[status == THREADING_OK ? 0 : 1]);
    if (status != THREADING_OK)
        return unused;
    change(&data, 1);
    must(threading_lock_release(&lock));
    return unused;
}

static void lock_in_time(void *unused)
{
    (void)unused;
    begin_with_lock();
    all_three(hold_lock_in_time, hold_lock, hold_lock_in_time);
    threading_sim_check(data >= 1 && data <= 3 && !threading_lock_locked(&lock));
}

CASE(lock_is_free_after_waits_that_ran_out_of_time)
{
    explore(lock_in_time, 2);
    CHECK(times[0] > 0);
    CHECK(times[1] > 0);
}

static void *hold_lock_for_long(void *unused)
{
    must(threading_lock_acquire(&lock));
    must(threading_sleep(0.01)); /* who waits meanwhile is handed the lock */
    change(&data, 1);
    must(threading_lock_release(&lock));
    must(threading_lock_acquire(&lock));
    change(&data, 1);
    must(threading_lock_release(&lock));
    return unused;
}

static void lock_handed_over(void *unused)
{
    (void)unused;
    begin_with_lock();
    both(hold_lock, hold_lock_for_long);
    threading_sim_check(data == 3 && !threading_lock_locked(&lock));
}

CASE(lock_is_handed_over)
{
    explore(lock_handed_over, 3);
}

static void *release_lock(void *unused)
{
    must(threading_lock_release(&lock));
    return unused;
}

static void released_by_another(void *unused)
{
    (void)unused;
    begin_with_lock();
    must(threading_lock_acquire(&lock));
    threading_thread_t *thread = begun(release_lock, NULL, "releaser");
    must(threading_lock_acquire(&lock));
    ended(thread);
    threading_sim_check(threading_lock_locked(&lock));
}

CASE(lock_is_released_by_another_thread)
{
    explore(released_by_another, 3);
}

/* ---- RLock ---- */

static threading_rlock_t rlock;
static threading_rlock_t second_rlock;

static void *hold_rlock_twice(void *unused)
{
    must(threading_rlock_acquire(&rlock));
    must(threading_rlock_acquire(&rlock));
    change(&data, 1);
    must(threading_rlock_release(&rlock));
    change(&data, 1);
    must(threading_rlock_release(&rlock));
    return unused;
}

static void rlock_of_two(void *unused)
{
    (void)unused;
    (void)threading_rlock_init(&rlock);
    data = 0;
    both(hold_rlock_twice, hold_rlock_twice);
    threading_sim_check(data == 4 && !threading_rlock_locked(&rlock));
}

CASE(rlock_is_for_one_until_its_last_level)
{
    explore(rlock_of_two, 3);
}

static void take_rlocks(threading_rlock_t *first, threading_rlock_t *second)
{
    must(threading_rlock_acquire(first));
    threading_status_t status = threading_rlock_acquire(second);
    threading_sim_check(status == THREADING_OK || status == THREADING_DEADLOCK);
    if (status == THREADING_OK)
        must(threading_rlock_release(second));
    must(threading_rlock_release(first));
    if (status == THREADING_DEADLOCK) /* one of them at most: it is told of the other, which waits */
        data++;
}

static void *take_rlocks_forwards(void *unused)
{
    take_rlocks(&rlock, &second_rlock);
    return unused;
}

static void *take_rlocks_backwards(void *unused)
{
    take_rlocks(&second_rlock, &rlock);
    return unused;
}

static void rlocks_crosswise(void *unused)
{
    (void)unused;
    (void)threading_rlock_init(&rlock);
    (void)threading_rlock_init(&second_rlock);
    data = 0;
    both(take_rlocks_forwards, take_rlocks_backwards);
    threading_sim_check(data <= 1);
    count(&times[data]);
}

CASE(rlocks_taken_crosswise_tell_one_and_let_the_other_on)
{
    explore(rlocks_crosswise, 3);
    CHECK(times[0] > 0);
    CHECK(times[1] > 0);
}

/* ---- Condition ---- */

static threading_condition_t condition;

static void begin_with_condition(void)
{
    (void)threading_condition_init(&condition);
    data = 0;
}

static void *await_data(void *unused)
{
    must(threading_condition_acquire(&condition));
    while (data == 0)
        must(threading_condition_wait(&condition));
    change(&data, -1);
    must(threading_condition_release(&condition));
    return unused;
}

static void *provide_data(void *unused)
{
    must(threading_condition_acquire(&condition));
    change(&data, 1);
    must(threading_condition_notify(&condition, 1));
    must(threading_condition_release(&condition));
    return unused;
}

static void condition_of_two(void *unused)
{
    (void)unused;
    begin_with_condition();
    both(await_data, provide_data);
    threading_sim_check(data == 0);
}

CASE(condition_loses_no_notification)
{
    explore(condition_of_two, 3);
}

static void condition_of_a_lock(void *unused)
{
    (void)unused;
    (void)threading_lock_init(&lock);
    (void)threading_condition_init_lock(&condition, &lock);
    data = 0;
    both(await_data, provide_data);
    threading_sim_check(data == 0);
}

CASE(condition_of_a_lock_loses_no_notification)
{
    explore(condition_of_a_lock, 3);
}

static threading_event_t is_locked;

/* The Lock may be released under the notifier's feet, by another thread. */
static void *provide_and_leave(void *unused)
{
    must(threading_condition_acquire(&condition));
    change(&data, 1);
    must(threading_event_set(&is_locked));
    if (threading_condition_notify(&condition, 1) == THREADING_NOT_HELD) {
        must(threading_condition_acquire(&condition));
        must(threading_condition_notify(&condition, 1));
        must(threading_condition_release(&condition));
    }
    return unused;
}

static void *release_for_another(void *unused)
{
    must(threading_event_wait(&is_locked));
    must(threading_condition_release(&condition));
    return unused;
}

static void condition_of_a_lock_that_another_releases(void *unused)
{
    (void)unused;
    (void)threading_lock_init(&lock);
    (void)threading_condition_init_lock(&condition, &lock);
    (void)threading_event_init(&is_locked);
    data = 0;
    all_three(await_data, provide_and_leave, release_for_another);
    threading_sim_check(data == 0);
}

CASE(condition_whose_lock_another_thread_releases_loses_no_notification)
{
    explore(condition_of_a_lock_that_another_releases, 2);
}

static void *provide_two(void *unused)
{
    must(threading_condition_acquire(&condition));
    change(&data, 2);
    must(threading_condition_notify_all(&condition));
    must(threading_condition_release(&condition));
    return unused;
}

static void condition_of_three(void *unused)
{
    (void)unused;
    begin_with_condition();
    all_three(await_data, await_data, provide_two);
    threading_sim_check(data == 0);
}

CASE(condition_notifies_all)
{ /* slow */
    explore(condition_of_three, 2);
}

static threading_semaphore_t semaphore;

static void *wait_for_a_while_and_pass_on(void *unused)
{
    must(threading_condition_acquire(&condition));
    must(threading_semaphore_release(&semaphore));
    threading_status_t status = threading_condition_wait_timeout(&condition, 1.0);
    threading_sim_check(status == THREADING_OK || status == THREADING_TIMEOUT);
    count(&times[status == THREADING_OK ? 0 : 1]);
    if (status == THREADING_OK)
        must(threading_condition_notify(&condition, 1));
    must(threading_condition_release(&condition));
    return unused;
}

static void *wait_for_ever(void *unused)
{
    must(threading_condition_acquire(&condition));
    must(threading_semaphore_release(&semaphore));
    must(threading_condition_wait(&condition));
    must(threading_condition_release(&condition));
    return unused;
}

static void *notify_when_both_wait(void *unused)
{
    must(threading_semaphore_acquire(&semaphore));
    must(threading_semaphore_acquire(&semaphore));
    must(threading_condition_acquire(&condition));
    must(threading_condition_notify(&condition, 1));
    must(threading_condition_release(&condition));
    return unused;
}

static void condition_with_limit(void *unused)
{
    (void)unused;
    begin_with_condition();
    (void)threading_semaphore_init(&semaphore, 0);
    all_three(wait_for_a_while_and_pass_on, wait_for_ever, notify_when_both_wait);
}

/* Else the other one waits for ever. */
CASE(condition_spends_no_notification_on_a_wait_that_ran_out_of_time)
{
    explore(condition_with_limit, 1);
    CHECK(times[0] > 0);
    CHECK(times[1] > 0);
}

/* ---- Semaphore ---- */

static void *hold_unit(void *unused)
{
    must(threading_semaphore_acquire(&semaphore));
    change(&data, 1);
    must(threading_semaphore_release(&semaphore));
    return unused;
}

static void semaphore_as_lock(void *unused)
{
    (void)unused;
    (void)threading_semaphore_init(&semaphore, 1);
    data = 0;
    all_three(hold_unit, hold_unit, hold_unit);
    threading_sim_check(data == 3 && threading_semaphore_value(&semaphore) == 1);
}

CASE(semaphore_of_1_is_for_one_of_three)
{
    explore(semaphore_as_lock, 2);
}

static void *take_unit(void *unused)
{
    must(threading_semaphore_acquire(&semaphore));
    return unused;
}

static void *give_two_units(void *unused)
{
    must(threading_semaphore_release(&semaphore));
    must(threading_semaphore_release(&semaphore));
    return unused;
}

static void semaphore_of_two_waiters(void *unused)
{
    (void)unused;
    (void)threading_semaphore_init(&semaphore, 0);
    all_three(take_unit, take_unit, give_two_units);
    threading_sim_check(threading_semaphore_value(&semaphore) == 0);
}

CASE(semaphore_lets_one_on_for_each_release)
{
    explore(semaphore_of_two_waiters, 2);
}

static void *give_two_at_once(void *unused)
{
    must(threading_semaphore_release_n(&semaphore, 2));
    return unused;
}

static void semaphore_released_at_once(void *unused)
{
    (void)unused;
    (void)threading_semaphore_init(&semaphore, 0);
    all_three(take_unit, take_unit, give_two_at_once);
    threading_sim_check(threading_semaphore_value(&semaphore) == 0);
}

CASE(semaphore_lets_two_on_for_a_release_of_two)
{
    explore(semaphore_released_at_once, 2);
}

static void *take_unit_in_time(void *unused)
{
    threading_status_t status = threading_semaphore_acquire_timeout(&semaphore, 1.0);
    threading_sim_check(status == THREADING_OK || status == THREADING_TIMEOUT);
    count(&times[status == THREADING_OK ? 0 : 1]);
    data = status == THREADING_OK;
    return unused;
}

static void *give_unit(void *unused)
{
    must(threading_semaphore_release(&semaphore));
    return unused;
}

static void semaphore_in_time(void *unused)
{
    (void)unused;
    (void)threading_semaphore_init(&semaphore, 0);
    data = 0;
    both(take_unit_in_time, give_unit);
    threading_sim_check((size_t)data + threading_semaphore_value(&semaphore) == 1);
}

CASE(semaphore_loses_no_unit_to_a_wait_that_ran_out_of_time)
{
    explore(semaphore_in_time, 3);
    CHECK(times[0] > 0);
    CHECK(times[1] > 0);
}

static threading_bounded_semaphore_t bounded;

static void *hold_bounded_unit(void *unused)
{
    must(threading_bounded_semaphore_acquire(&bounded));
    change(&data, 1);
    must(threading_bounded_semaphore_release(&bounded));
    return unused;
}

static void bounded_as_lock(void *unused)
{
    (void)unused;
    must(threading_bounded_semaphore_init(&bounded, 1));
    data = 0;
    both(hold_bounded_unit, hold_bounded_unit);
    threading_sim_check(data == 2 && threading_bounded_semaphore_value(&bounded) == 1);
    threading_sim_check(threading_bounded_semaphore_release(&bounded) != THREADING_OK);
}

CASE(bounded_semaphore_of_1_is_for_one_of_two)
{
    explore(bounded_as_lock, 3);
}

/* ---- Event ---- */

static threading_event_t event;

static void *await_event(void *unused)
{
    must(threading_event_wait(&event));
    threading_sim_read(&data, sizeof data);
    threading_sim_check(data == 1);
    return unused;
}

static void *set_event(void *unused)
{
    change(&data, 1);
    must(threading_event_set(&event));
    return unused;
}

static void event_of_three(void *unused)
{
    (void)unused;
    (void)threading_event_init(&event);
    data = 0;
    all_three(await_event, await_event, set_event);
}

CASE(event_lets_all_on)
{
    explore(event_of_three, 2);
}

static void *set_and_clear(void *unused)
{
    must(threading_semaphore_acquire(&semaphore)); /* the other one is about to wait */
    must(threading_event_set(&event));
    must(threading_event_clear(&event));
    must(threading_event_set(&event));
    return unused;
}

static void *await_event_soon(void *unused)
{
    must(threading_semaphore_release(&semaphore));
    must(threading_event_wait(&event));
    return unused;
}

static void event_cleared_at_once(void *unused)
{
    (void)unused;
    (void)threading_event_init(&event);
    (void)threading_semaphore_init(&semaphore, 0);
    both(await_event_soon, set_and_clear);
    threading_sim_check(threading_event_is_set(&event));
}

CASE(event_lets_on_though_it_is_cleared_at_once)
{
    explore(event_cleared_at_once, 3);
}

static void *await_event_for_a_while(void *unused)
{
    threading_status_t status = threading_event_wait_timeout(&event, 1.0);
    threading_sim_check(status == THREADING_OK || status == THREADING_TIMEOUT);
    count(&times[status == THREADING_OK ? 0 : 1]);
    return unused;
}

static void event_in_time(void *unused)
{
    (void)unused;
    (void)threading_event_init(&event);
    data = 0;
    all_three(await_event_for_a_while, await_event, set_event);
}

CASE(event_lets_on_though_another_wait_ran_out_of_time)
{
    explore(event_in_time, 2);
    CHECK(times[0] > 0);
    CHECK(times[1] > 0);
}

/* ---- Barrier ---- */

static threading_barrier_t barrier;

static void *meet_twice(void *unused)
{
    size_t index;
    for (int round = 0; round < 2; round++) {
        must(threading_barrier_wait(&barrier, &index));
        threading_sim_check(index < 2);
        if (index == 0)
            change(&data, 1); /* one of them, and in the next round after this one */
    }
    return unused;
}

static void barrier_of_two(void *unused)
{
    (void)unused;
    must(threading_barrier_init(&barrier, 2));
    data = 0;
    both(meet_twice, meet_twice);
    threading_sim_check(data == 2 && threading_barrier_n_waiting(&barrier) == 0);
}

CASE(barrier_lets_two_on_again_and_again)
{
    explore(barrier_of_two, 3);
}

static void act(void *unused)
{
    (void)unused;
    change(&data, 1);
}

static void *meet(void *unused)
{
    must(threading_barrier_wait(&barrier, NULL));
    threading_sim_read(&data, sizeof data);
    threading_sim_check(data == 1);
    return unused;
}

static void barrier_of_three(void *unused)
{
    (void)unused;
    must(threading_barrier_init_with(&barrier, 3, act, NULL, THREADING_FOREVER));
    data = 0;
    all_three(meet, meet, meet);
}

CASE(barrier_of_three_acts_once)
{
    explore(barrier_of_three, 2);
}

static void *meet_in_time(void *unused)
{
    threading_status_t status = threading_barrier_wait_timeout(&barrier, 1.0, NULL);
    threading_sim_check(status == THREADING_OK || status == THREADING_BROKEN);
    count(&times[status == THREADING_OK ? 0 : 1]);
    must(threading_lock_acquire(&lock));
    data += status == THREADING_OK;
    must(threading_lock_release(&lock));
    return unused;
}

static void barrier_in_time(void *unused)
{
    (void)unused;
    must(threading_barrier_init(&barrier, 2));
    (void)threading_lock_init(&lock);
    data = 0;
    both(meet_in_time, meet_in_time);
    threading_sim_check(data == 0 || data == 2);
    threading_sim_check(threading_barrier_broken(&barrier) == (data == 0));
}

CASE(barrier_breaks_for_both_or_for_none)
{
    explore(barrier_in_time, 3);
    CHECK(times[0] > 0);
    CHECK(times[1] > 0);
}

/* ---- Once ---- */

static threading_once_t once;

static void make(void *unused)
{
    (void)unused;
    change(&data, 1);
}

static void *use(void *unused)
{
    must(threading_once(&once, make, NULL));
    threading_sim_read(&data, sizeof data);
    threading_sim_check(data == 1);
    return unused;
}

static void once_of_three(void *unused)
{
    (void)unused;
    (void)threading_once_init(&once);
    data = 0;
    all_three(use, use, use);
}

CASE(once_is_done_once_before_all_go_on)
{
    explore(once_of_three, 2);
}

/* ---- RWLock ---- */

static threading_rwlock_t rwlock;

static void *read_data(void *unused)
{
    must(threading_rwlock_acquire_read(&rwlock));
    threading_sim_read(&data, sizeof data);
    threading_sim_check(data % 2 == 0);
    must(threading_rwlock_release_read(&rwlock));
    return unused;
}

static void *write_data(void *unused)
{
    must(threading_rwlock_acquire_write(&rwlock));
    change(&data, 1);
    change(&data, 1);
    must(threading_rwlock_release_write(&rwlock));
    return unused;
}

static void one_reader(void *unused)
{
    (void)unused;
    (void)threading_rwlock_init(&rwlock);
    data = 0;
    both(read_data, write_data);
    threading_sim_check(data == 2);
}

CASE(rwlock_keeps_a_reader_and_a_writer_apart)
{
    explore(one_reader, 3);
}

static void two_readers(void *unused)
{
    (void)unused;
    (void)threading_rwlock_init(&rwlock);
    data = 0;
    all_three(read_data, read_data, write_data);
    threading_sim_check(data == 2);
}

CASE(rwlock_keeps_two_readers_and_a_writer_apart)
{ /* slow */
    explore(two_readers, 2);
}

static void two_writers(void *unused)
{
    (void)unused;
    (void)threading_rwlock_init(&rwlock);
    data = 0;
    all_three(write_data, read_data, write_data);
    threading_sim_check(data == 4);
}

CASE(rwlock_keeps_two_writers_and_a_reader_apart)
{ /* slow */
    explore(two_writers, 2);
}

static void *write_in_time(void *unused)
{
    threading_status_t status = threading_rwlock_acquire_write_timeout(&rwlock, 1.0);
    threading_sim_check(status == THREADING_OK || status == THREADING_TIMEOUT);
    count(&times[status == THREADING_OK ? 0 : 1]);
    if (status != THREADING_OK)
        return unused;
    change(&data, 2);
    must(threading_rwlock_release_write(&rwlock));
    return unused;
}

static void writer_in_time(void *unused)
{
    (void)unused;
    (void)threading_rwlock_init(&rwlock);
    data = 0;
    all_three(read_data, write_in_time, read_data);
    must(threading_rwlock_try_acquire_write(&rwlock));
}

CASE(rwlock_lets_readers_on_after_a_writer_that_ran_out_of_time)
{ /* slow */
    explore(writer_in_time, 2);
    CHECK(times[0] > 0);
    CHECK(times[1] > 0);
}

/* ---- Local ---- */

static threading_local_t local;

static void note_end(void *copy)
{
    threading_sim_check(*(int *)copy == 1);
    must(threading_semaphore_release(&semaphore));
}

static void *use_local(void *unused)
{
    int *mine = (int *)threading_local_get(&local);
    threading_sim_check(mine != NULL && *mine == 0);
    *mine = 1;
    return unused;
}

static void locals(void *unused)
{
    (void)unused;
    (void)threading_semaphore_init(&semaphore, 0);
    must(threading_local_init(&local, sizeof(int), NULL, note_end));
    both(use_local, use_local);
    threading_sim_check(threading_semaphore_value(&semaphore) == 1);
    must(threading_local_destroy(&local));
    threading_sim_check(threading_semaphore_value(&semaphore) == 2);
}

CASE(local_is_each_threads_own)
{
    explore(locals, 3);
}

/* ---- Stop ---- */

static threading_stop_t stop;

static void *wait_heeding(void *unused)
{
    threading_status_t status = threading_event_wait(&event);
    threading_sim_check(status == THREADING_OK || status == THREADING_CANCELLED);
    count(&times[status == THREADING_OK ? 0 : 1]);
    return unused;
}

static void stopped_or_set(void *unused)
{
    (void)unused;
    (void)threading_event_init(&event);
    (void)threading_stop_init(&stop);
    data = 0;
    threading_thread_t *waiter = threading_thread(wait_heeding, NULL, .stop = &stop);
    must(threading_thread_start(waiter));
    threading_thread_t *setter = begun(set_event, NULL, "setter");
    must(threading_stop_request(&stop));
    ended(waiter);
    ended(setter);
}

CASE(stop_ends_a_wait)
{ /* slow */
    explore(stopped_or_set, 2);
    CHECK(times[0] > 0);
    CHECK(times[1] > 0);
}

static void stopped_for_certain(void *unused)
{
    (void)unused;
    (void)threading_event_init(&event);
    (void)threading_stop_init(&stop);
    threading_thread_t *waiter = threading_thread(wait_heeding, NULL, .stop = &stop);
    must(threading_thread_start(waiter));
    must(threading_stop_request(&stop));
    ended(waiter);
}

CASE(stop_is_missed_by_no_wait)
{
    explore(stopped_for_certain, 3);
    CHECK(times[0] == 0);
}

/* ---- several things at once ---- */

static void *wait_for_any(void *unused)
{
    threading_source_t sources[] = {THREADING_SOURCE_SEMAPHORE(&semaphore), THREADING_SOURCE_EVENT(&event)};
    size_t index;
    must(threading_wait_any(sources, 2, THREADING_FOREVER, &index));
    threading_sim_check(index < 2);
    count(&times[index]);
    return unused;
}

static void any_of_two(void *unused)
{
    (void)unused;
    (void)threading_event_init(&event);
    (void)threading_semaphore_init(&semaphore, 0);
    data = 0;
    all_three(give_unit, set_event, wait_for_any);
}

CASE(wait_for_any_ends_by_the_first)
{ /* slow */
    explore(any_of_two, 2);
    CHECK(times[0] > 0);
    CHECK(times[1] > 0);
}

static void any_of_one(void *unused)
{
    (void)unused;
    (void)threading_event_init(&event);
    (void)threading_semaphore_init(&semaphore, 0);
    both(give_unit, wait_for_any);
    threading_sim_check(threading_semaphore_value(&semaphore) == 1);
    both(return_null, return_null);
}

CASE(wait_for_any_misses_no_release)
{
    explore(any_of_one, 3);
}
