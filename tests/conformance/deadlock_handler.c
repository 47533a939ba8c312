/* SPDX-License-Identifier: MIT */
/* The deadlock handler is told of each refused wait once, with its ring, in the thread that is told. */
#include "conformance.h"
#include "crowd.h"
#include "gate.h"

#include <errno.h>

enum { LOCKS = 4, MOST = 64 };
static threading_rlock_t locks[LOCKS];
static const char *lock_names[LOCKS] = {"lock 0", "lock 1", "lock 2", ""};
static const char *const thread_names[LOCKS] = {"Owner 0", "Owner 1", "Owner 2", "Owner 3"};
static int indexes[LOCKS] = {0, 1, 2, 3};
static atomic_int arrived; /* of meet() */
static atomic_int refused; /* waits that ended with DEADLOCK */
static atomic_int told;
static int parties;

/* What each thread of the ring waits for: the thread after it has that. */
typedef struct expected {
    const char *thread;
    const void *object;
    const char *object_name;
    const char *kind;
} expected_t;

static expected_t ring[MOST];
static size_t ring_length;

static void expect(const char *thread, const void *object, const char *object_name, const char *kind)
{
    ring[ring_length++] = (expected_t){thread, object, object_name, kind};
}

static void check_link(const threading_deadlock_t *link, const expected_t *expected)
{
    CHECK_TEXT(link->thread_name, expected->thread);
    CHECK_TEXT(link->object_name, expected->object_name);
    CHECK_TEXT(link->kind, expected->kind);
    CHECK(link->object == expected->object);
    CHECK(link->ident != 0);
    if (link->thread != NULL) {
        CHECK_TEXT(threading_thread_name(link->thread), expected->thread);
        CHECK_EQUAL(link->ident, threading_thread_ident(link->thread));
    }
}

/* Any thread of the ring may be the one that is told. */
static void check_ring(const threading_deadlock_t *links, size_t count, void *arg)
{
    size_t first = 0;
    CHECK(arg == &told);
    CHECK_EQUAL(count, ring_length);
    CHECK_EQUAL(links[0].ident, threading_get_ident());
    CHECK(links[0].thread == NULL || links[0].thread == threading_current_thread());
    while (first < count && strcmp(ring[first].thread, links[0].thread_name) != 0)
        first++;
    for (size_t i = 0; i < count; i++)
        check_link(&links[i], &ring[(first + i) % count]);
    atomic_fetch_add(&told, 1);
}

static void have_it_told(threading_deadlock_handler_t handler)
{
    if (threading_set_deadlock_handler(handler, &told) == THREADING_UNSUPPORTED)
        SKIP("the library was built without its diagnosis");
    for (int i = 0; i < LOCKS; i++)
        CHECK_STATUS(threading_object_set_name(&locks[i], lock_names[i]), THREADING_OK);
}

static bool ends_well(threading_status_t status)
{
    if (status == THREADING_OK)
        return true;
    CHECK_STATUS(status, THREADING_DEADLOCK);
    atomic_fetch_add(&refused, 1);
    return false;
}

static void check_told(int expected)
{
    CHECK_EQUAL(atomic_exchange(&refused, 0), expected);
    CHECK_EQUAL(atomic_exchange(&told, 0), expected);
}

static threading_thread_t *started_as(const char *name, threading_target_t target, void *arg)
{
    threading_thread_t *thread = threading_thread(target, arg, .name = name);
    CHECK(thread != NULL);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    return thread;
}

static void acquire(int index)
{
    CHECK_STATUS(threading_rlock_acquire(&locks[index]), THREADING_OK);
}

static void release(int index)
{
    CHECK_STATUS(threading_rlock_release(&locks[index]), THREADING_OK);
}

static void wait_for(int index)
{
    if (ends_well(threading_rlock_acquire(&locks[index])))
        release(index);
}

/* ---- RLocks ---- */

static void *wait_in_a_ring(void *index)
{
    int mine = *(int *)index;
    acquire(mine);
    meet(&arrived, parties);
    wait_for((mine + 1) % parties);
    release(mine);
    return NULL;
}

static void rings_of(int count, threading_deadlock_handler_t handler)
{
    threading_thread_t *threads[LOCKS];
    parties = count;
    have_it_told(handler);
    for (int i = 0; i < count; i++)
        expect(thread_names[i], &locks[(i + 1) % count], lock_names[(i + 1) % count], "RLock");
    for (int round = 0; round < (is_slow() ? 10 : 50); round++) {
        for (int i = 0; i < count; i++)
            threads[i] = started_as(thread_names[i], wait_in_a_ring, &indexes[i]);
        finish_many(threads, count);
        check_told(1);
    }
}

CASE(ring_of_two_rlocks)
{
    rings_of(2, check_ring);
}

CASE(ring_of_three_rlocks)
{
    rings_of(3, check_ring);
}

CASE(ring_with_a_lock_that_has_no_name)
{
    rings_of(4, check_ring);
}

CASE(foreign_threads_have_no_names)
{
    parties = 2;
    have_it_told(check_ring);
    expect("foreign", &locks[1], lock_names[1], "RLock");
    expect(thread_names[1], &locks[0], lock_names[0], "RLock");
    foreign_t *foreign = foreign_start(wait_in_a_ring, &indexes[0]);
    finished(started_as(thread_names[1], wait_in_a_ring, &indexes[1]));
    foreign_join(foreign);
    check_told(1);
}

static threading_lock_t gate;

static void *end_as_owner(void *arg)
{
    acquire(0);
    meet(&arrived, 2);
    gate_pass(&gate);
    return arg;
}

static void *wait_for_0(void *arg)
{
    wait_for(0);
    return arg;
}

CASE(owner_that_has_ended_is_a_ring_of_one)
{
    have_it_told(check_ring);
    expect("Waiter", &locks[0], lock_names[0], "RLock");
    gate_close(&gate);
    threading_thread_t *owner = started_as("Owner", end_as_owner, NULL);
    meet(&arrived, 2);
    threading_thread_t *waiter = started_as("Waiter", wait_for_0, NULL); /* before the end, or after it */
    gate_open(&gate);
    finished(owner);
    finished(waiter);
    check_told(1);
    finished(started_as("Waiter", wait_for_0, NULL));
    check_told(1);
}

static threading_condition_t conditions[2];

static void *own_conditions_crosswise(void *index)
{
    int mine = *(int *)index;
    THREADING_WITH_CONDITION(&conditions[mine]) {
        meet(&arrived, 2);
        if (ends_well(threading_condition_acquire(&conditions[1 - mine])))
            CHECK_STATUS(threading_condition_release(&conditions[1 - mine]), THREADING_OK);
    }
    return NULL;
}

CASE(own_rlocks_of_conditions_are_told_by_those)
{
    have_it_told(check_ring);
    for (int i = 0; i < 2; i++) {
        CHECK_STATUS(threading_object_set_name(&conditions[i], lock_names[i]), THREADING_OK);
        expect(thread_names[i], &conditions[1 - i], lock_names[1 - i], "RLock of Condition");
    }
    threading_thread_t *threads[2];
    for (int i = 0; i < 2; i++)
        threads[i] = started_as(thread_names[i], own_conditions_crosswise, &indexes[i]);
    finish_many(threads, 2);
    check_told(1);
}

CASE(rlocks_of_conditions_are_told_as_such)
{
    have_it_told(check_ring);
    for (int i = 0; i < 2; i++) {
        CHECK_STATUS(threading_condition_init_rlock(&conditions[i], &locks[i]), THREADING_OK);
        expect(thread_names[i], &locks[1 - i], lock_names[1 - i], "RLock");
    }
    threading_thread_t *threads[2];
    for (int i = 0; i < 2; i++)
        threads[i] = started_as(thread_names[i], own_conditions_crosswise, &indexes[i]);
    finish_many(threads, 2);
    check_told(1);
}

/* ---- joins ---- */

CASE(thread_that_joins_itself_is_a_ring_of_one)
{
    have_it_told(check_ring);
    expect("MainThread", threading_main_thread(), "", "Thread");
    CHECK(!ends_well(threading_thread_join(threading_main_thread())));
    check_told(1);
    CHECK_STATUS(threading_thread_try_join(threading_main_thread()), THREADING_DEADLOCK);
    CHECK_EQUAL(atomic_load(&told), 1);
}

static void join_in_a_ring(threading_status_t (*join)(threading_thread_t *thread))
{
    have_it_told(check_ring);
    acquire(0);
    threading_thread_t *thread = threading_thread(wait_for_0, NULL, .name = "Waiter");
    expect("MainThread", thread, "", "Thread");
    expect("Waiter", &locks[0], lock_names[0], "RLock");
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    (void)ends_well(join(thread));
    release(0);
    finished(thread);
    check_told(1);
}

CASE(join_of_a_thread_that_waits_for_the_joiner)
{
    join_in_a_ring(threading_thread_join);
}

static threading_status_t shut_down(threading_thread_t *thread)
{
    (void)thread;
    return threading_shutdown();
}

CASE(shutdown_of_a_thread_that_waits_for_it)
{
    join_in_a_ring(shut_down);
}

/* ---- once, RWLock, barrier, sources ---- */

static threading_once_t once;

static void call_once_again(void *arg)
{
    CHECK(!ends_well(threading_once(&once, call_once_again, arg)));
}

CASE(once_within_itself_is_a_ring_of_one)
{
    have_it_told(check_ring);
    CHECK_STATUS(threading_object_set_name(&once, "the only time"), THREADING_OK);
    expect("MainThread", &once, "the only time", "Once");
    CHECK_STATUS(threading_once(&once, call_once_again, NULL), THREADING_OK);
    check_told(1);
}

static void wait_for_0_once(void *arg)
{
    (void)arg;
    meet(&arrived, 2);
    wait_for(0);
}

static void *call_once(void *arg)
{
    CHECK(ends_well(threading_once(&once, wait_for_0_once, arg)));
    return arg;
}

CASE(ring_of_an_rlock_and_a_once)
{
    have_it_told(check_ring);
    expect("MainThread", &once, "", "Once");
    expect("Caller", &locks[0], lock_names[0], "RLock");
    acquire(0);
    threading_thread_t *thread = started_as("Caller", call_once, NULL);
    meet(&arrived, 2);
    (void)ends_well(threading_once(&once, wait_for_0_once, NULL));
    release(0);
    finished(thread);
    check_told(1);
}

static threading_rwlock_t rwlocks[2];

CASE(rwlock_of_the_calling_thread_is_a_ring_of_one)
{
    have_it_told(check_ring);
    expect("MainThread", &rwlocks[0], "", "RWLock");
    CHECK_STATUS(threading_rwlock_acquire_write(&rwlocks[0]), THREADING_OK);
    CHECK(!ends_well(threading_rwlock_acquire_read(&rwlocks[0])));
    CHECK(!ends_well(threading_rwlock_acquire_write(&rwlocks[0])));
    check_told(2);
    CHECK_STATUS(threading_rwlock_release_write(&rwlocks[0]), THREADING_OK);
    CHECK_STATUS(threading_rwlock_acquire_read(&rwlocks[0]), THREADING_OK);
    CHECK(!ends_well(threading_rwlock_acquire_write(&rwlocks[0])));
    check_told(1);
    CHECK_STATUS(threading_rwlock_release_read(&rwlocks[0]), THREADING_OK);
}

static void *write_crosswise(void *index)
{
    int mine = *(int *)index;
    CHECK_STATUS(threading_rwlock_acquire_write(&rwlocks[mine]), THREADING_OK);
    meet(&arrived, 2);
    if (mine == 0 && ends_well(threading_rwlock_acquire_read(&rwlocks[1])))
        CHECK_STATUS(threading_rwlock_release_read(&rwlocks[1]), THREADING_OK);
    if (mine == 1 && ends_well(threading_rwlock_acquire_write(&rwlocks[0])))
        CHECK_STATUS(threading_rwlock_release_write(&rwlocks[0]), THREADING_OK);
    CHECK_STATUS(threading_rwlock_release_write(&rwlocks[mine]), THREADING_OK);
    return NULL;
}

CASE(ring_of_two_rwlocks)
{
    threading_thread_t *threads[2];
    have_it_told(check_ring);
    for (int i = 0; i < 2; i++)
        expect(thread_names[i], &rwlocks[1 - i], "", "RWLock");
    for (int i = 0; i < 2; i++)
        threads[i] = started_as(thread_names[i], write_crosswise, &indexes[i]);
    finish_many(threads, 2);
    check_told(1);
}

static threading_barrier_t barrier;

static void wait_within_the_action(void *arg)
{
    (void)arg;
    CHECK(!ends_well(threading_barrier_wait(&barrier, NULL)));
}

CASE(barrier_in_its_action_is_a_ring_of_one)
{
    have_it_told(check_ring);
    expect("MainThread", &barrier, "", "Barrier");
    CHECK_STATUS(threading_barrier_init_with(&barrier, 1, wait_within_the_action, NULL, THREADING_FOREVER),
                 THREADING_OK);
    CHECK_STATUS(threading_barrier_wait(&barrier, NULL), THREADING_OK);
    check_told(1);
}

CASE(wait_for_any_of_oneself_is_a_ring_of_one)
{
    threading_source_t sources[] = {THREADING_SOURCE_THREAD(threading_main_thread())};
    have_it_told(check_ring);
    expect("MainThread", threading_main_thread(), "", "Thread");
    CHECK(!ends_well(threading_wait_any(sources, 1, THREADING_FOREVER, NULL)));
    check_told(1);
}

/* ---- futures and executors ---- */

static void *wait_for_0_in_a_task(void *arg)
{
    meet(&arrived, 2);
    return wait_for_0(arg);
}

CASE(ring_of_an_rlock_and_a_future)
{
    threading_executor_options_t options = {.name = "Pool"};
    threading_executor_t *executor = threading_executor_new(1, &options);
    threading_future_t *future;
    have_it_told(check_ring);
    acquire(0);
    CHECK_STATUS(threading_executor_submit(executor, wait_for_0_in_a_task, NULL, &future), THREADING_OK);
    expect("MainThread", future, "", "Future");
    expect("Pool_0", &locks[0], lock_names[0], "RLock");
    meet(&arrived, 2);
    (void)ends_well(threading_future_result(future, NULL));
    release(0);
    CHECK_STATUS(threading_future_result(future, NULL), THREADING_OK);
    check_told(1);
    threading_future_free(future);
    CHECK_STATUS(threading_executor_shutdown(executor, true, false), THREADING_OK);
    threading_executor_free(executor);
}

/* What a future was given is no wait that is refused. */
CASE(status_of_a_future_is_not_told)
{
    have_it_told(check_ring);
    threading_future_t *future = threading_future_new();
    CHECK_STATUS(threading_future_set_error(future, THREADING_DEADLOCK), THREADING_OK);
    CHECK_STATUS(threading_future_result(future, NULL), THREADING_DEADLOCK);
    CHECK_EQUAL(atomic_load(&told), 0);
    threading_future_free(future);
}

CASE(ring_of_an_rlock_and_a_map)
{
    threading_executor_options_t options = {.name = "Pool"};
    threading_executor_t *executor = threading_executor_new(1, &options);
    void *items[] = {NULL};
    have_it_told(check_ring);
    expect("MainThread", executor, "", "Executor");
    expect("Pool_0", &locks[0], lock_names[0], "RLock");
    acquire(0);
    (void)ends_well(threading_executor_map(executor, wait_for_0, items, 1, NULL));
    release(0);
    CHECK_STATUS(threading_executor_shutdown(executor, true, false), THREADING_OK);
    check_told(1);
    threading_executor_free(executor);
}

static void *shut_own_executor_down(void *executor)
{
    CHECK(!ends_well(threading_executor_shutdown(executor, true, false)));
    return NULL;
}

CASE(executor_in_its_worker_is_a_ring_of_one)
{
    threading_executor_options_t options = {.name = "Pool"};
    threading_executor_t *executor = threading_executor_new(1, &options);
    have_it_told(check_ring);
    expect("Pool_0", executor, "", "Executor");
    CHECK_STATUS(threading_executor_submit(executor, shut_own_executor_down, executor, NULL), THREADING_OK);
    CHECK_STATUS(threading_executor_shutdown(executor, true, false), THREADING_OK);
    check_told(1);
    threading_executor_free(executor);
}

/* ---- what is not told ---- */

static void *wait_in_time(void *index)
{
    int mine = *(int *)index;
    acquire(mine);
    meet(&arrived, 2);
    CHECK_STATUS(threading_rlock_try_acquire(&locks[1 - mine]), THREADING_BUSY);
    CHECK_STATUS(threading_rlock_acquire_timeout(&locks[1 - mine], 0.01), THREADING_TIMEOUT);
    meet(&arrived, 2);
    release(mine);
    return NULL;
}

CASE(waits_with_a_limit_are_not_told)
{
    threading_thread_t *threads[2];
    have_it_told(check_ring);
    for (int i = 0; i < 2; i++)
        threads[i] = started(wait_in_time, &indexes[i]);
    finish_many(threads, 2);
    check_told(0);
}

static void never(const threading_deadlock_t *links, size_t count, void *arg)
{
    (void)links;
    (void)count;
    (void)arg;
    CHECK(false);
}

CASE(handler_that_was_replaced_is_told_no_more)
{
    have_it_told(never);
    have_it_told(check_ring);
    expect("MainThread", threading_main_thread(), "", "Thread");
    CHECK(!ends_well(threading_thread_join(threading_main_thread())));
    check_told(1);
    have_it_told(never);
    CHECK_STATUS(threading_set_deadlock_handler(NULL, NULL), THREADING_OK);
    CHECK_STATUS(threading_thread_join(threading_main_thread()), THREADING_DEADLOCK);
}

/* ---- what a handler may do ---- */

static void write_pieces(void *seen, const char *text, size_t length)
{
    for (size_t i = 0; i + 7 <= length; i++)
        *(bool *)seen = *(bool *)seen || memcmp(text + i, "Owner 0", 7) == 0;
}

static void use_the_library(const threading_deadlock_t *links, size_t count, void *arg)
{
    bool seen = false;
    CHECK_STATUS(threading_dump(write_pieces, &seen), THREADING_OK);
    CHECK(seen);
    finished(started(return_at_once, NULL));
    THREADING_WITH_RLOCK(&locks[LOCKS - 1])
        CHECK(threading_rlock_is_owned(&locks[LOCKS - 1]));
    CHECK_STATUS(threading_rlock_acquire_timeout(&locks[LOCKS - 1], 0), THREADING_OK);
    CHECK_STATUS(threading_rlock_release(&locks[LOCKS - 1]), THREADING_OK);
    check_ring(links, count, arg);
}

CASE(handler_may_use_the_library)
{
    rings_of(2, use_the_library);
}

static void take_the_names_away(const threading_deadlock_t *links, size_t count, void *arg)
{
    for (int i = 0; i < 2 * LOCKS; i++) /* twice, so that the memory of the first names is used again */
        CHECK_STATUS(threading_object_set_name(&locks[i % LOCKS], "taken!"), THREADING_OK);
    check_ring(links, count, arg);
    for (int i = 0; i < LOCKS; i++)
        CHECK_STATUS(threading_object_set_name(&locks[i], lock_names[i]), THREADING_OK);
}

CASE(names_stay_during_the_call)
{
    rings_of(3, take_the_names_away);
}

static void misuse_and_wait_for_oneself(const threading_deadlock_t *links, size_t count, void *arg)
{
    CHECK_STATUS(threading_thread_join(threading_current_thread()), THREADING_DEADLOCK);
    CHECK_STATUS(threading_lock_acquire(NULL), THREADING_INVALID);
    check_ring(links, count, arg);
}

static void never_misused(const char *call, const void *object, threading_status_t status, void *arg)
{
    (void)call;
    (void)object;
    (void)status;
    (void)arg;
    CHECK(false);
}

CASE(what_the_handler_does_is_not_told)
{
    CHECK_STATUS(threading_set_misuse_handler(never_misused, NULL), THREADING_OK);
    rings_of(2, misuse_and_wait_for_oneself);
}

static void spoil_errno(const threading_deadlock_t *links, size_t count, void *arg)
{
    check_ring(links, count, arg);
    errno = ENOENT;
}

CASE(errno_is_as_before_a_handler)
{
    have_it_told(spoil_errno);
    expect("MainThread", threading_main_thread(), "", "Thread");
    errno = EDOM;
    threading_status_t status = threading_thread_join(threading_main_thread());
    CHECK_EQUAL(errno, EDOM);
    CHECK(!ends_well(status));
    check_told(1);
}

/* ---- long names, long rings, small stacks ---- */

static char long_name[10000];

static void check_long_names(const threading_deadlock_t *links, size_t count, void *arg)
{
    CHECK_EQUAL(count, ring_length);
    CHECK(arg == &told);
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(links[i].object_name);
        CHECK(length > 0 && length < sizeof long_name - 1);
        CHECK(memcmp(links[i].object_name, long_name, length) == 0);
    }
    atomic_fetch_add(&told, 1);
}

CASE(long_names_of_objects_are_cut)
{
    memset(long_name, 'x', sizeof long_name - 1);
    for (int i = 0; i < LOCKS; i++)
        lock_names[i] = long_name;
    rings_of(4, check_long_names);
}

enum { LONG = 70 };
static threading_rlock_t many[LONG];
static int numbers[LONG];
static atomic_int together;

/* Each name begins with its number, and is longer than there is room for. */
static void name_many(void)
{
    char name[64];
    for (size_t i = 0; i < LONG; i++) {
        (void)snprintf(name, sizeof name, "%zu%060d", i, 0);
        CHECK_STATUS(threading_object_set_name(&many[i], name), THREADING_OK);
    }
}

static void check_cut_name(const char *name, size_t number)
{
    char expected[64];
    (void)snprintf(expected, sizeof expected, "%zu%060d", number, 0);
    size_t length = strlen(name);
    CHECK(length >= 31 && memcmp(name, expected, length) == 0);
}

static void check_long_ring(const threading_deadlock_t *links, size_t count, void *arg)
{
    CHECK(arg == &told);
    CHECK_EQUAL(count, MOST);
    for (size_t i = 0; i < count; i++) {
        size_t mine = (size_t)((const threading_rlock_t *)links[i].object - many);
        size_t next = (size_t)((const threading_rlock_t *)links[(i + 1) % count].object - many);
        CHECK(links[i].thread != NULL && mine < LONG);
        check_cut_name(links[i].object_name, mine);
        CHECK(i + 1 == count || next == (mine + 1) % LONG);
    }
    atomic_fetch_add(&told, 1);
}

static void *wait_in_the_long_ring(void *number)
{
    threading_rlock_t *mine = &many[*(int *)number];
    threading_rlock_t *next = &many[(*(int *)number + 1) % LONG];
    CHECK_STATUS(threading_rlock_acquire(mine), THREADING_OK);
    meet(&together, LONG);
    if (ends_well(threading_rlock_acquire(next)))
        CHECK_STATUS(threading_rlock_release(next), THREADING_OK);
    CHECK_STATUS(threading_rlock_release(mine), THREADING_OK);
    return NULL;
}

CASE(first_64_of_a_long_ring_are_told)
{
    threading_thread_t *threads[LONG];
    if (threads_at_once(LONG) < LONG)
        SKIP("so many threads cannot be had at once");
    have_it_told(check_long_ring);
    name_many();
    for (int i = 0; i < LONG; i++) {
        numbers[i] = i;
        threads[i] = threading_thread(wait_in_the_long_ring, &numbers[i], .stack_size = small_stack());
        CHECK_STATUS(threading_thread_start(threads[i]), THREADING_OK);
    }
    finish_many(threads, LONG);
    check_told(1);
}

/* ---- load ---- */

/* The ring is there while its handler runs: each thread waits for what the next one owns. */
static void check_owners(const threading_deadlock_t *links, size_t count, void *arg)
{
    CHECK(arg == &told);
    CHECK(links[0].thread == threading_current_thread());
    CHECK(count >= 2 && count <= 6);
    for (size_t i = 0; i < count; i++) {
        const threading_rlock_t *lock = links[i].object;
        CHECK_TEXT(links[i].kind, "RLock");
        CHECK_EQUAL(lock->owner, threading_thread_ident(links[(i + 1) % count].thread));
    }
    atomic_fetch_add(&told, 1);
}

static void *acquire_in_disorder(void *arg)
{
    uint32_t seed = (uint32_t)atomic_fetch_add(&together, 1) + 1;
    for (int turn = 0; turn < (is_slow() ? 100 : 1000); turn++) {
        int owned[3], count = 0;
        bool goes_on = true;
        while (count < 3 && goes_on) {
            owned[count] = (int)random_below(&seed, LOCKS);
            goes_on = ends_well(threading_rlock_acquire(&locks[owned[count]]));
            count += goes_on;
        }
        while (count > 0)
            release(owned[--count]);
    }
    return arg;
}

CASE(rings_are_right_under_load)
{
    threading_thread_t *threads[6];
    have_it_told(check_owners);
    start_many(threads, 6, acquire_in_disorder, NULL);
    finish_many(threads, 6);
    CHECK(is_zero(locks, sizeof locks));
    CHECK_EQUAL(atomic_load(&told), atomic_load(&refused));
}
