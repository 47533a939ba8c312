/* SPDX-License-Identifier: MIT */
/*
 * Bugs that are known well, each with its mended twin: the bug is found with the options as they are, its replay text is
 * short and leads to it again; all orders of the twin pass up to three interruptions.
 *
 * Primitives with a bug in them are made here of plain data and of this library's calls, so that the scheduler sees them.
 */
#include "sim_support.h"

static bool is_mended;

static void is_found(void (*body)(void *arg), threading_sim_verdict_t expected)
{
    is_mended = false;
    (void)must_fail(body, (threading_sim_options_t){.seconds = 10}, expected);
}

static void passes(void (*body)(void *arg))
{
    is_mended = true;
    threading_sim_report_t report = must_pass(body, (threading_sim_options_t){.max_preemptions = 3});
    CHECK(report.preemptions <= 3); /* less where there are no orders with more */
}

/* ---- 1: a condition that looks at its sequence too late ---- */

/* A word to sleep on, as a futex. */
static struct {
    threading_condition_t changed;
    uint32_t value;
} sequence;

static uint32_t sequence_now(void)
{
    must(threading_condition_acquire(&sequence.changed));
    uint32_t value = sequence.value;
    must(threading_condition_release(&sequence.changed));
    return value;
}

static void sequence_advance(void)
{
    must(threading_condition_acquire(&sequence.changed));
    sequence.value++;
    must(threading_condition_notify_all(&sequence.changed));
    must(threading_condition_release(&sequence.changed));
}

static void sequence_await_change(uint32_t before)
{
    must(threading_condition_acquire(&sequence.changed));
    while (sequence.value == before)
        must(threading_condition_wait(&sequence.changed));
    must(threading_condition_release(&sequence.changed));
}

static threading_lock_t mutex;
static bool is_ready; /* under the mutex */

/* Whatever is notified between the release and the look is lost. */
static void own_condition_wait(void)
{
    uint32_t before = is_mended ? sequence_now() : 0;
    must(threading_lock_release(&mutex));
    if (!is_mended)
        before = sequence_now();
    sequence_await_change(before);
    must(threading_lock_acquire(&mutex));
}

static void *await_ready(void *unused)
{
    must(threading_lock_acquire(&mutex));
    while (!is_ready)
        own_condition_wait();
    must(threading_lock_release(&mutex));
    return unused;
}

static void *make_ready(void *unused)
{
    must(threading_lock_acquire(&mutex));
    is_ready = true;
    must(threading_lock_release(&mutex));
    sequence_advance();
    return unused;
}

static void late_sequence(void *unused)
{
    (void)unused;
    (void)threading_lock_init(&mutex);
    (void)threading_condition_init(&sequence.changed);
    sequence.value = 0;
    is_ready = false;
    both(await_ready, make_ready);
}

/* Nobody but the body knows what the sleeper waits for, so that it counts as a deadlock. */
CASE(condition_that_looks_after_its_release_loses_a_wakeup)
{
    is_found(late_sequence, THREADING_SIM_DEADLOCK);
}

CASE(condition_that_looks_before_its_release_loses_none)
{
    passes(late_sequence);
}

/* ---- 2: `if` where `while` is wanted ---- */

static threading_condition_t condition;
static int items; /* under the condition's lock */

static void *take_item(void *unused)
{
    must(threading_condition_acquire(&condition));
    while (items == 0) {
        must(threading_condition_wait(&condition));
        if (!is_mended)
            break;
    }
    threading_sim_check(items > 0);
    items--;
    must(threading_condition_release(&condition));
    return unused;
}

static void *put_two_items(void *unused)
{
    for (int i = 0; i < 2; i++) {
        must(threading_condition_acquire(&condition));
        items++;
        must(threading_condition_notify_all(&condition));
        must(threading_condition_release(&condition));
    }
    return unused;
}

static void two_consumers(void *unused)
{
    (void)unused;
    (void)threading_condition_init(&condition);
    items = 0;
    all_three(take_item, take_item, put_two_items);
}

CASE(consumer_that_looks_once_takes_what_is_not_there)
{
    is_found(two_consumers, THREADING_SIM_CHECK);
}

CASE(consumers_that_look_again_share_what_there_is)
{
    passes(two_consumers);
}

/* ---- 3: permits on a list, whose head has the same value again (ABA) ---- */

enum { PERMITS = 3, NONE = -1 };

typedef struct head {
    int first;
    uint32_t tag; /* which the bug has not */
} head_t;

static threading_lock_t atomically; /* what a processor does in one step */
static head_t head;
static int next_of[PERMITS];
static int held[PERMITS]; /* belongs to who has the permit */

static head_t head_load(int *next)
{
    must(threading_lock_acquire(&atomically));
    head_t now = head;
    *next = now.first != NONE ? next_of[now.first] : NONE;
    must(threading_lock_release(&atomically));
    return now;
}

static bool head_swap(head_t expected, int desired)
{
    must(threading_lock_acquire(&atomically));
    bool is_swapped = head.first == expected.first && head.tag == expected.tag;
    if (is_swapped) {
        head.first = desired;
        head.tag += is_mended;
    }
    must(threading_lock_release(&atomically));
    return is_swapped;
}

static int take_permit(void)
{
    int next;
    head_t now;
    do
        now = head_load(&next);
    while (now.first != NONE && !head_swap(now, next));
    if (now.first == NONE)
        return NONE;
    change(&held[now.first], 1);
    threading_sim_check(held[now.first] == 1);
    return now.first;
}

static void give_permit(int permit)
{
    change(&held[permit], -1);
    must(threading_lock_acquire(&atomically));
    next_of[permit] = head.first;
    head.first = permit;
    head.tag += is_mended;
    must(threading_lock_release(&atomically));
}

static void *take_two(void *unused)
{
    (void)take_permit();
    (void)take_permit();
    return unused;
}

static void *take_two_and_give_one(void *unused)
{
    int permit = take_permit();
    (void)take_permit();
    if (permit != NONE)
        give_permit(permit);
    return unused;
}

static void permits_on_a_list(void *unused)
{
    (void)unused;
    (void)threading_lock_init(&atomically);
    head = (head_t){0, 0};
    for (int i = 0; i < PERMITS; i++) {
        next_of[i] = i + 1 < PERMITS ? i + 1 : NONE;
        held[i] = 0;
    }
    both(take_two_and_give_one, take_two);
}

CASE(list_without_a_tag_gives_one_permit_twice)
{
    is_found(permits_on_a_list, THREADING_SIM_CHECK);
}

CASE(list_with_a_tag_gives_each_permit_once)
{
    passes(permits_on_a_list);
}

/* ---- 4: the flag is set before the data is there ---- */

static threading_event_t is_there;
static int data;

static void *get_data(void *unused)
{
    if (!threading_event_is_set(&is_there)) {
        must(threading_lock_acquire(&mutex));
        if (!threading_event_is_set(&is_there)) {
            if (!is_mended)
                must(threading_event_set(&is_there));
            threading_sim_write(&data, sizeof data);
            data = 7;
            if (is_mended)
                must(threading_event_set(&is_there));
        }
        must(threading_lock_release(&mutex));
    }
    threading_sim_read(&data, sizeof data);
    return unused;
}

static void looked_at_twice(void *unused)
{
    (void)unused;
    (void)threading_lock_init(&mutex);
    (void)threading_event_init(&is_there);
    data = 0;
    both(get_data, get_data);
}

CASE(flag_that_comes_before_its_data_is_a_race)
{
    is_found(looked_at_twice, THREADING_SIM_RACE);
}

CASE(flag_that_comes_behind_its_data_is_none)
{
    passes(looked_at_twice);
}

/* ---- 5: a release that touches memory afterwards ---- */

static struct {
    threading_lock_t lock;
    uint32_t waiters;
    uint32_t users; /* who is the last frees it */
} shared;

static void shared_release(void)
{
    if (is_mended)
        threading_sim_read(&shared.waiters, sizeof shared.waiters);
    must(threading_lock_release(&shared.lock));
    if (!is_mended)
        threading_sim_read(&shared.waiters, sizeof shared.waiters);
}

static void *give_up_share(void *unused)
{
    must(threading_lock_acquire(&shared.lock));
    bool is_last = --shared.users == 0;
    shared_release();
    if (is_last) /* to free is to write: nobody may look any more */
        threading_sim_write(&shared, sizeof shared);
    return unused;
}

static void freed_by_the_last(void *unused)
{
    (void)unused;
    (void)threading_lock_init(&shared.lock);
    shared.waiters = 0;
    shared.users = 2;
    both(give_up_share, give_up_share);
}

/* A use of freed memory is a race with who frees it; the address sanitizer has another word for it. */
CASE(release_that_looks_at_freed_memory_is_a_race)
{
    is_found(freed_by_the_last, THREADING_SIM_RACE);
}

CASE(release_that_looks_before_is_none)
{
    passes(freed_by_the_last);
}

/* ---- 6: a notification that nobody waits for yet ---- */

static void *await_notification(void *unused)
{
    must(threading_condition_acquire(&condition));
    while (!is_mended || items == 0) {
        must(threading_condition_wait(&condition));
        if (!is_mended)
            break;
    }
    must(threading_condition_release(&condition));
    return unused;
}

static void *notify_once(void *unused)
{
    must(threading_condition_acquire(&condition));
    items = 1;
    must(threading_condition_notify(&condition, 1));
    must(threading_condition_release(&condition));
    return unused;
}

static void notified_before(void *unused)
{
    (void)unused;
    (void)threading_condition_init(&condition);
    items = 0;
    both(await_notification, notify_once);
}

CASE(wait_without_a_predicate_misses_its_notification)
{
    is_found(notified_before, THREADING_SIM_DEADLOCK);
}

CASE(wait_with_a_predicate_does_not_need_it)
{
    passes(notified_before);
}

/* ---- 7 and 8: locks in a ring ---- */

enum { FORKS = 3 };

static threading_lock_t forks[FORKS];

static void eat(int first, int second)
{
    must(threading_lock_acquire(&forks[first]));
    must(threading_lock_acquire(&forks[second]));
    must(threading_lock_release(&forks[second]));
    must(threading_lock_release(&forks[first]));
}

static void lay_forks(void)
{
    static const char *const names[FORKS] = {"a", "b", "c"};
    for (int i = 0; i < FORKS; i++) {
        (void)threading_lock_init(&forks[i]);
        (void)threading_object_set_name(&forks[i], names[i]);
    }
}

static void *eat_a_b(void *unused)
{
    eat(0, 1);
    return unused;
}

static void *eat_b_a(void *unused)
{
    eat(is_mended ? 0 : 1, is_mended ? 1 : 0);
    return unused;
}

static void crosswise(void *unused)
{
    (void)unused;
    lay_forks();
    both(eat_a_b, eat_b_a);
}

CASE(two_locks_taken_crosswise_are_a_deadlock)
{
    is_found(crosswise, THREADING_SIM_DEADLOCK);
}

CASE(two_locks_taken_in_one_order_are_none)
{
    passes(crosswise);
}

static void *eat_b_c(void *unused)
{
    eat(1, 2);
    return unused;
}

static void *eat_c_a(void *unused)
{
    eat(is_mended ? 0 : 2, is_mended ? 2 : 0);
    return unused;
}

static void philosophers(void *unused)
{
    (void)unused;
    lay_forks();
    all_three(eat_a_b, eat_b_c, eat_c_a);
}

CASE(three_philosophers_starve)
{
    is_found(philosophers, THREADING_SIM_DEADLOCK);
}

CASE(three_philosophers_of_which_one_is_left_handed_eat)
{
    passes(philosophers);
}

/* ---- 9: a barrier that cannot tell its rounds apart ---- */

static struct {
    uint32_t arrived;
    uint32_t generation;
} rounds; /* under the condition's lock */

static void own_barrier_wait(void)
{
    must(threading_condition_acquire(&condition));
    uint32_t generation = rounds.generation;
    if (++rounds.arrived == 2) {
        rounds.arrived = 0;
        rounds.generation++;
        must(threading_condition_notify_all(&condition));
    } else {
        while (is_mended ? rounds.generation == generation : rounds.arrived != 0)
            must(threading_condition_wait(&condition));
    }
    must(threading_condition_release(&condition));
}

static void *two_rounds(void *unused)
{
    own_barrier_wait();
    own_barrier_wait();
    return unused;
}

static void barrier_used_again(void *unused)
{
    (void)unused;
    (void)threading_condition_init(&condition);
    rounds.arrived = rounds.generation = 0;
    both(two_rounds, two_rounds);
}

CASE(barrier_without_a_generation_keeps_a_party_for_ever)
{
    is_found(barrier_used_again, THREADING_SIM_DEADLOCK);
}

CASE(barrier_with_a_generation_lets_all_on)
{
    passes(barrier_used_again);
}

/* ---- 10: the end is told to one of two ---- */

static bool is_closed; /* under the condition's lock */

static void *await_close(void *unused)
{
    must(threading_condition_acquire(&condition));
    while (!is_closed)
        must(threading_condition_wait(&condition));
    must(threading_condition_release(&condition));
    return unused;
}

static void *close_queue(void *unused)
{
    must(threading_condition_acquire(&condition));
    is_closed = true;
    must(is_mended ? threading_condition_notify_all(&condition) : threading_condition_notify(&condition, 1));
    must(threading_condition_release(&condition));
    return unused;
}

static void closed_for_two(void *unused)
{
    (void)unused;
    (void)threading_condition_init(&condition);
    is_closed = false;
    all_three(await_close, await_close, close_queue);
}

/* A lost wakeup; but what the sleeper waits for only its predicate knows. */
CASE(close_that_tells_one_of_two_is_a_deadlock)
{
    is_found(closed_for_two, THREADING_SIM_DEADLOCK);
}

CASE(close_that_tells_all_is_none)
{
    passes(closed_for_two);
}

/* ---- 11: a wait whose time is over when it is granted what it waited for ---- */

typedef struct waiter {
    threading_event_t wake;
    bool is_granted; /* under the mutex */
} waiter_t;

static waiter_t *first_waiter; /* under the mutex */
static int permits;            /* likewise */
static int taken;              /* by the thread that is joined */

static bool own_acquire(double seconds)
{
    waiter_t me = {{0}, false};
    must(threading_lock_acquire(&mutex));
    bool has_permit = permits > 0;
    permits -= has_permit;
    first_waiter = has_permit ? NULL : &me;
    must(threading_lock_release(&mutex));
    if (has_permit || threading_event_wait_timeout(&me.wake, seconds) == THREADING_OK)
        return true;
    must(threading_lock_acquire(&mutex));
    first_waiter = NULL;
    bool is_granted = me.is_granted;
    must(threading_lock_release(&mutex));
    return is_mended && is_granted;
}

static void own_release(void)
{
    must(threading_lock_acquire(&mutex));
    if (first_waiter == NULL) {
        permits++;
    } else {
        first_waiter->is_granted = true;
        must(threading_event_set(&first_waiter->wake));
        first_waiter = NULL;
    }
    must(threading_lock_release(&mutex));
}

static void *acquire_for_a_while(void *unused)
{
    taken = own_acquire(1.0);
    return unused;
}

static void *release_one(void *unused)
{
    own_release();
    return unused;
}

static void granted_too_late(void *unused)
{
    (void)unused;
    (void)threading_lock_init(&mutex);
    first_waiter = NULL;
    permits = taken = 0;
    both(acquire_for_a_while, release_one);
    threading_sim_check(permits + taken == 1);
}

CASE(wait_that_ends_when_it_is_granted_loses_a_permit)
{
    is_found(granted_too_late, THREADING_SIM_CHECK);
}

CASE(wait_that_looks_whether_it_was_granted_loses_none)
{
    passes(granted_too_late);
}

/* ---- 12: a once within itself ---- */

static threading_once_t once;

static void initialise(void *unused);

static threading_status_t own_once(void)
{
    if (is_mended)
        return threading_once(&once, initialise, NULL); /* which tells of it */
    must(threading_lock_acquire(&mutex));
    if (!is_ready) {
        initialise(NULL);
        is_ready = true;
    }
    return threading_lock_release(&mutex);
}

static void initialise(void *unused)
{
    (void)unused;
    threading_sim_check(own_once() == THREADING_DEADLOCK);
    change(&data, 1);
}

static void *use_what_is_made_once(void *unused)
{
    must(own_once());
    threading_sim_read(&data, sizeof data);
    threading_sim_check(data == 1);
    return unused;
}

static void once_within_itself(void *unused)
{
    (void)unused;
    (void)threading_lock_init(&mutex);
    (void)threading_once_init(&once);
    is_ready = false;
    data = 0;
    both(use_what_is_made_once, use_what_is_made_once);
}

CASE(once_that_is_entered_again_waits_for_itself)
{
    is_found(once_within_itself, THREADING_SIM_DEADLOCK);
}

CASE(once_of_the_library_refuses_to_be_entered_again)
{
    passes(once_within_itself);
}

/* ---- 13 and 14: what was done is seen late, or in another order: the library's own loads, hence within it ---- */

static void is_found_with_weak_loads(void (*body)(void *arg))
{
    is_mended = false;
    (void)must_pass(body, (threading_sim_options_t){.max_preemptions = 3, .inside = true});
    (void)must_fail(body, (threading_sim_options_t){.seconds = 10, .weak = true, .inside = true},
                    THREADING_SIM_CHECK);
}

static void passes_with_weak_loads(void (*body)(void *arg))
{
    is_mended = true;
    (void)must_pass(body, (threading_sim_options_t){.max_preemptions = 3, .weak = true, .inside = true});
}

static threading_event_t wants[2];
static bool has_seen[2]; /* each belongs to its thread until the join */

static void want(int mine)
{
    must(threading_event_set(&wants[mine]));
    if (is_mended) {
        must(threading_lock_acquire(&mutex));
        must(threading_lock_release(&mutex));
    }
    has_seen[mine] = threading_event_is_set(&wants[1 - mine]);
}

static void *want_first(void *unused)
{
    want(0);
    return unused;
}

static void *want_second(void *unused)
{
    want(1);
    return unused;
}

static void both_want(void *unused)
{
    (void)unused;
    (void)threading_lock_init(&mutex);
    (void)threading_event_init(&wants[0]);
    (void)threading_event_init(&wants[1]);
    both(want_first, want_second);
    threading_sim_check(has_seen[0] || has_seen[1]);
}

/* A set synchronises with what sees it, and with nothing else. */
CASE(two_that_set_and_look_may_both_miss_the_other)
{
    is_found_with_weak_loads(both_want);
}

CASE(two_that_set_and_look_with_a_lock_between_do_not)
{
    passes_with_weak_loads(both_want);
}

static threading_semaphore_t published;

static void *publish(void *unused)
{
    must(threading_event_set(&is_there));
    must(threading_semaphore_release(&published));
    return unused;
}

static bool is_published(void)
{
    return is_mended ? threading_semaphore_try_acquire(&published) == THREADING_OK
                     : threading_semaphore_value(&published) > 0;
}

static void *use_what_is_published(void *unused)
{
    if (is_published())
        threading_sim_check(threading_event_is_set(&is_there));
    return unused;
}

static void published_by_a_value(void *unused)
{
    (void)unused;
    (void)threading_event_init(&is_there);
    (void)threading_semaphore_init(&published, 0);
    both(publish, use_what_is_published);
}

/* A semaphore's value is a momentary answer, which orders nothing. */
CASE(value_of_a_semaphore_publishes_nothing)
{
    is_found_with_weak_loads(published_by_a_value);
}

CASE(unit_of_a_semaphore_publishes)
{
    passes_with_weak_loads(published_by_a_value);
}

/* ---- 15: a loop that waits for what nobody does ---- */

static threading_event_t flag;

static void *spin(void *unused)
{
    while (!threading_event_is_set(&flag))
        threading_sim_yield();
    return unused;
}

static void *set_flag(void *unused)
{
    if (is_mended)
        must(threading_event_set(&flag));
    return unused;
}

static void spun_for_ever(void *unused)
{
    (void)unused;
    (void)threading_event_init(&flag);
    both(spin, set_flag);
}

CASE(loop_for_a_flag_that_nobody_sets_is_a_livelock)
{
    is_found(spun_for_ever, THREADING_SIM_LIVELOCK);
}

CASE(loop_for_a_flag_that_somebody_sets_ends)
{
    passes(spun_for_ever);
}
