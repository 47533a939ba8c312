/* SPDX-License-Identifier: MIT */
/* The dump of all threads: each kind of wait, who has what is waited for, rings, and that it is safe. */
#include <stdlib.h>

#include "child.h"
#include "dump_text.h"
#include "tasks.h"

static threading_thread_t *named(threading_target_t target, void *arg, const char *name)
{
    const threading_thread_options_t options = {.name = name, .daemon = THREADING_DAEMON};
    threading_thread_t *thread = threading_thread_new(target, arg, &options);
    CHECK(thread != NULL);
    CHECK_STATUS(threading_thread_start(thread), THREADING_OK);
    return thread;
}

static void name_object(const void *object, const char *name)
{
    CHECK_STATUS(threading_object_set_name(object, name), THREADING_OK);
}

/* -------------------------------------------------------------------------------- the call */

CASE(null_function_is_invalid)
{
    CHECK_STATUS(threading_dump(NULL, NULL), THREADING_INVALID);
}

CASE(process_of_one_thread)
{
    CHECK_EQUAL(threading_get_ident(), 1); /* now it is known */
    const struct dump *dump = dump_now();
    CHECK(dump_says_of(dump, "MainThread", " (1), "));
    CHECK(dump_says_of(dump, "MainThread", "    runs\n"));
    CHECK(dump_has(dump, "\n1 thread\n"));
    CHECK(strncmp(dump->text, "threading " THREADING_VERSION ", ", 12) == 0);
    CHECK(dump_has(dump, threading_backend()));
}

static void *sleep_long(void *arg)
{
    (void)threading_sleep(1000);
    return arg;
}

CASE(thread_and_its_facts)
{
    threading_thread_t *thread = named(sleep_long, NULL, "Sleeper");
    char part[64];
    AWAIT_DUMP("Sleeper", "    sleeps, for ");
    const struct dump *dump = dump_now();
    (void)snprintf(part, sizeof part, " (%u), ", (unsigned int)threading_thread_ident(thread));
    CHECK(dump_says_of(dump, "Sleeper", part));
    CHECK(dump_says_of(dump, "Sleeper", "daemon, known for 0."));
    CHECK(dump_says_of(dump, "Sleeper", " more at most\n"));
    (void)snprintf(part, sizeof part, ", native %llu, ",
                   (unsigned long long)threading_thread_native_id(thread));
    CHECK(threading_thread_native_id(thread) == 0 || dump_says_of(dump, "Sleeper", part));
}

/* -------------------------------------------------------------------------------- each kind of wait */

static threading_lock_t lock;
static threading_rlock_t rlock;
static threading_condition_t condition = THREADING_CONDITION_INIT;
static threading_semaphore_t semaphore = THREADING_SEMAPHORE_INIT(0);
static threading_bounded_semaphore_t bounded = THREADING_BOUNDED_SEMAPHORE_INIT(0);
static threading_event_t event;
static threading_barrier_t barrier = THREADING_BARRIER_INIT(3);
static threading_once_t once;
static threading_rwlock_t rwlock;
static threading_queue_t *queue;
static threading_future_t *future;

static void ignore(threading_status_t status)
{
    (void)status;
}

static void *wait_lock(void *arg)
{
    threading_lock_acquire(&lock);
    return arg;
}

static void *wait_rlock(void *arg)
{
    ignore(threading_rlock_acquire(&rlock));
    return arg;
}

static void *wait_condition(void *arg)
{
    ignore(threading_condition_acquire(&condition));
    ignore(threading_condition_wait(&condition));
    return arg;
}

static void *wait_semaphore(void *arg)
{
    ignore(threading_semaphore_acquire(&semaphore));
    return arg;
}

static void *wait_bounded(void *arg)
{
    ignore(threading_bounded_semaphore_acquire(&bounded));
    return arg;
}

static void *wait_event(void *arg)
{
    ignore(threading_event_wait(&event));
    return arg;
}

static void *wait_barrier(void *arg)
{
    ignore(threading_barrier_wait(&barrier, NULL));
    return arg;
}

static void never_done(void *arg)
{
    (void)sleep_long(arg);
}

static void *wait_once(void *arg)
{
    ignore(threading_once(&once, never_done, NULL));
    return arg;
}

static void *wait_write(void *arg)
{
    ignore(threading_rwlock_acquire_write(&rwlock));
    return arg;
}

static void *wait_read(void *arg)
{
    ignore(threading_rwlock_acquire_read(&rwlock));
    return arg;
}

static void *wait_get(void *arg)
{
    int item;
    ignore(threading_queue_get((threading_queue_t *)arg, &item));
    return arg;
}

static void *wait_put(void *arg)
{
    int item = 1;
    ignore(threading_queue_put((threading_queue_t *)arg, &item));
    return arg;
}

static void *wait_tasks(void *arg)
{
    ignore(threading_queue_join((threading_queue_t *)arg));
    return arg;
}

static void *wait_future(void *arg)
{
    ignore(threading_future_result(future, NULL));
    return arg;
}

static void *wait_thread(void *arg)
{
    ignore(threading_thread_join((threading_thread_t *)arg));
    return arg;
}

static void *wait_thread_in_time(void *arg)
{
    ignore(threading_thread_join_timeout((threading_thread_t *)arg, 1000));
    return arg;
}

static void *wait_any(void *arg)
{
    size_t index;
    threading_source_t sources[3] = {THREADING_SOURCE_EVENT(&event), THREADING_SOURCE_QUEUE(arg),
                                     THREADING_SOURCE_FUTURE(future)};
    ignore(threading_wait_any(sources, 3, THREADING_FOREVER, &index));
    return arg;
}

CASE(lock_and_who_has_it)
{
    name_object(&lock, "account");
    threading_lock_acquire(&lock);
    named(wait_lock, NULL, "Waiter");
    AWAIT_DUMP("Waiter", "    waits for Lock \"account\" at 0x");
    const struct dump *dump = dump_now();
    CHECK(dump_says_of(dump, "Waiter", "; held by \"MainThread\" (1)\n"));
    CHECK(dump_says_of(dump, "MainThread", "    has Lock \"account\" at 0x"));
    CHECK(dump_says_of(dump, "MainThread", ", waited for by 1\n"));
    CHECK(!dump_has(dump, "deadlock"));
}

CASE(rlock_and_who_has_it)
{
    CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
    named(wait_rlock, NULL, "Waiter");
    AWAIT_DUMP("Waiter", "    waits for RLock at 0x");
    CHECK(dump_says_of(dump_now(), "Waiter", "; held by \"MainThread\" (1)\n"));
}

CASE(condition_before_and_after_its_notify)
{
    name_object(&condition, "news");
    threading_thread_t *waiter = named(wait_condition, NULL, "Waiter");
    AWAIT_DUMP("Waiter", "    waits for Condition \"news\" at 0x");
    CHECK(!dump_says_of(dump_now(), "Waiter", "notified"));
    CHECK_STATUS(threading_condition_acquire(&condition), THREADING_OK);
    threading_condition_notify(&condition, 1);
    CHECK(dump_says_of(dump_now(), "Waiter",
                       "; notified, and waits for its lock; held by \"MainThread\" (1)\n"));
    threading_condition_release(&condition);
    finished(waiter);
}

CASE(own_rlock_of_a_condition_has_the_conditions_name)
{
    name_object(&condition, "news");
    CHECK_STATUS(threading_condition_acquire(&condition), THREADING_OK);
    named(wait_condition, NULL, "Waiter");
    AWAIT_DUMP("Waiter", "    waits for RLock of Condition \"news\" at 0x");
    CHECK(dump_says_of(dump_now(), "Waiter", "; held by \"MainThread\" (1)\n"));
    CHECK(dump_says_of(dump_now(), "MainThread", "    has RLock of Condition \"news\" at 0x"));
}

CASE(semaphore)
{
    named(wait_semaphore, NULL, "Waiter");
    AWAIT_DUMP("Waiter", "    waits for Semaphore at 0x");
}

CASE(bounded_semaphore)
{
    named(wait_bounded, NULL, "Waiter");
    AWAIT_DUMP("Waiter", "    waits for BoundedSemaphore at 0x");
}

CASE(event_of_a_name)
{
    name_object(&event, "ready");
    named(wait_event, NULL, "Waiter");
    AWAIT_DUMP("Waiter", "    waits for Event \"ready\" at 0x");
}

CASE(barrier_and_how_many_are_there)
{
    named(wait_barrier, NULL, "One");
    named(wait_barrier, NULL, "Two");
    AWAIT_DUMP("One", ", 2 of 3 there");
    AWAIT_DUMP("Two", "    waits for Barrier at 0x");
}

CASE(once_and_who_runs_it)
{
    named(wait_once, NULL, "First");
    AWAIT_DUMP("First", "    sleeps");
    named(wait_once, NULL, "Second");
    AWAIT_DUMP("Second", "    waits for Once at 0x");
    const struct dump *dump = dump_now();
    CHECK(dump_says_of(dump, "Second", "; held by \"First\" ("));
    CHECK(dump_says_of(dump, "First", "    has Once at 0x"));
}

CASE(rwlock_and_its_readers)
{
    name_object(&rwlock, "table");
    CHECK_STATUS(threading_rwlock_acquire_read(&rwlock), THREADING_OK);
    named(wait_write, NULL, "Writer");
    AWAIT_DUMP("Writer", "    waits for RWLock \"table\" at 0x");
    const struct dump *dump = dump_now();
    CHECK(dump_says_of(dump, "Writer", ", to write, for "));
    CHECK(dump_says_of(dump, "Writer", "; read by \"MainThread\" (1)\n"));
    CHECK(dump_says_of(dump, "MainThread", "    has RWLock, to read, \"table\" at 0x"));
}

CASE(rwlock_and_its_writer)
{
    CHECK_STATUS(threading_rwlock_acquire_write(&rwlock), THREADING_OK);
    named(wait_read, NULL, "Reader");
    AWAIT_DUMP("Reader", ", to read, for ");
    CHECK(dump_says_of(dump_now(), "Reader", "; held by \"MainThread\" (1)\n"));
}

CASE(queue_for_an_item_for_room_and_for_all_to_be_done)
{
    int item = 1;
    threading_queue_t *empty = threading_queue_new(THREADING_QUEUE_FIFO, sizeof item, 0, NULL);
    threading_queue_t *full = threading_queue_new(THREADING_QUEUE_FIFO, sizeof item, 1, NULL);
    name_object(empty, "jobs");
    CHECK_STATUS(threading_queue_put(full, &item), THREADING_OK);
    named(wait_get, empty, "Getter");
    named(wait_put, full, "Putter");
    named(wait_tasks, full, "Joiner");
    AWAIT_DUMP("Getter", "    waits for Queue \"jobs\" at 0x");
    AWAIT_DUMP("Getter", ", for an item, for ");
    AWAIT_DUMP("Putter", ", for room, for ");
    AWAIT_DUMP("Joiner", ", for all items to be done, for ");
}

CASE(future_that_nobody_works_on)
{
    future = threading_future_new();
    named(wait_future, NULL, "Waiter");
    AWAIT_DUMP("Waiter", "    waits for Future at 0x");
}

CASE(executor_its_idle_worker_and_a_task_that_is_waited_for)
{
    threading_executor_t *pool = made_pool(1);
    name_object(pool, "pool");
    CHECK_STATUS(threading_executor_submit(pool, wait_event, NULL, &future), THREADING_OK);
    threading_thread_t *waiter = named(wait_future, NULL, "Waiter");
    AWAIT_DUMP("Waiter", "; held by \"");
    threading_event_set(&event);
    AWAIT(dump_has(dump_now(), "    waits for Executor \"pool\" at 0x"));
    CHECK(dump_has(dump_now(), ", for a task, for "));
    finished(waiter);
}

static void *submit_one(void *pool)
{
    ignore(threading_executor_submit(pool, wait_event, NULL, NULL));
    return pool;
}

CASE(executor_that_is_full_and_one_who_submits)
{
    const threading_executor_options_t options = {.max_pending = 1};
    threading_executor_t *pool = threading_executor_new(1, &options);
    CHECK(pool != NULL);
    name_object(pool, "pool");
    submit_and_forget(pool, wait_event, NULL);
    submit_and_forget(pool, wait_event, NULL);
    threading_thread_t *submitter = named(submit_one, pool, "Submitter");
    AWAIT_DUMP("Submitter", "    waits for Executor \"pool\" at 0x");
    AWAIT_DUMP("Submitter", ", for room, for ");
    threading_event_set(&event);
    finished(submitter);
    end_pool(pool);
}

static threading_thread_t *caller;
static atomic_bool is_part_taken;

/* Of two parts one is the caller's. The other is a worker's, and is not over before `event` is set. */
static void *do_part(void *arg)
{
    if (threading_current_thread() == caller)
        AWAIT(atomic_load(&is_part_taken));
    else {
        atomic_store(&is_part_taken, true);
        ignore(threading_event_wait(&event));
    }
    return arg;
}

static void *wait_map(void *pool)
{
    void *items[2] = {NULL, NULL};
    caller = threading_current_thread();
    ignore(threading_executor_map(pool, do_part, items, 2, NULL));
    return pool;
}

CASE(executor_whose_map_is_waited_for)
{
    threading_executor_t *pool = made_pool(1);
    name_object(pool, "pool");
    threading_thread_t *waiter = named(wait_map, pool, "Waiter");
    AWAIT_DUMP("Waiter", "    waits for Executor \"pool\" at 0x");
    AWAIT_DUMP("Waiter", ", for the items of a map, for ");
    threading_event_set(&event);
    finished(waiter);
    end_pool(pool);
}

static threading_status_t wait_in_task(void *unused)
{
    (void)unused;
    atomic_store(&is_part_taken, true);
    return threading_event_wait(&event);
}

static void *wait_group(void *group)
{
    ignore(threading_group_wait(group));
    return group;
}

CASE(group_on_an_executor)
{
    static threading_group_t group;
    threading_executor_t *pool = made_pool(1);
    CHECK_STATUS(threading_group_init(&group, pool), THREADING_OK);
    name_object(&group, "loads");
    CHECK_STATUS(threading_group_run(&group, wait_in_task, NULL), THREADING_OK);
    AWAIT(atomic_load(&is_part_taken));
    threading_thread_t *waiter = named(wait_group, &group, "Waiter");
    AWAIT_DUMP("Waiter", "    waits for Group \"loads\" at 0x");
    AWAIT_DUMP("Waiter", ", for its tasks, for ");
    threading_event_set(&event);
    finished(waiter);
    end_pool(pool);
}

CASE(join_and_a_join_with_a_limit)
{
    threading_thread_t *sleeper = named(sleep_long, NULL, "Sleeper");
    named(wait_thread, sleeper, "Joiner");
    named(wait_thread_in_time, sleeper, "Second");
    AWAIT_DUMP("Joiner", "    waits for Thread \"Sleeper\" at 0x");
    AWAIT_DUMP("Joiner", "; that is \"Sleeper\" (");
    AWAIT_DUMP("Second", " more at most; that is \"Sleeper\" (");
}

CASE(several_things_at_once)
{
    queue = threading_queue_new(THREADING_QUEUE_FIFO, sizeof(int), 0, NULL);
    future = threading_future_new();
    name_object(&event, "ready");
    named(wait_any, queue, "Waiter");
    AWAIT_DUMP("Waiter", "    waits for any of several, for ");
    const struct dump *dump = dump_now();
    CHECK(dump_says_of(dump, "Waiter", "        Event \"ready\" at 0x"));
    CHECK(dump_says_of(dump, "Waiter", "        Queue at 0x"));
    CHECK(dump_says_of(dump, "Waiter", "        Future at 0x"));
}

static void do_nothing(void *arg)
{
    (void)arg;
}

CASE(timer_that_is_not_due)
{
    threading_thread_t *timer = threading_timer_new(1000, do_nothing, NULL);
    CHECK_STATUS(threading_thread_set_name(timer, "Timer"), THREADING_OK);
    CHECK_STATUS(threading_thread_start(timer), THREADING_OK);
    AWAIT_DUMP("Timer", "    waits until its Timer is due, for ");
    threading_timer_cancel(timer);
    finished(timer);
}

static void *exit_process(void *arg)
{
    threading_exit_process(0);
    return arg;
}

static void *tell_who_exits(void *arg)
{
    named(exit_process, NULL, "First");
    named(exit_process, NULL, "Second");
    AWAIT(dump_says_of(dump_now(), "First", "    waits for the end of the process, for ") ||
          dump_says_of(dump_now(), "Second", "    waits for the end of the process, for "));
    puts("one waits for the other");
    return arg;
}

EXIT_CASE(exit_that_another_thread_brings_about, 0, "one waits for the other|")
{
    needs_exit_hooks();
    threading_thread_free(started(tell_who_exits, NULL)); /* it may end before the process waits for it */
    (void)threading_sleep(1000);
}

/* -------------------------------------------------------------------------------- names of objects */

CASE(name_of_an_object_is_read_as_far_as_there_is_room)
{
    char name[8] = "unread";
    CHECK_EQUAL(threading_object_name(&lock, name, sizeof name), 0);
    CHECK_TEXT(name, "");
    name_object(&lock, "account");
    CHECK_EQUAL(threading_object_name(&lock, name, sizeof name), 7);
    CHECK_TEXT(name, "account");
    CHECK_EQUAL(threading_object_name(&lock, name, 7), 7);
    CHECK_TEXT(name, "accoun");
    CHECK_EQUAL(threading_object_name(&lock, name, 1), 7);
    CHECK_TEXT(name, "");
    CHECK_EQUAL(threading_object_name(&lock, NULL, 0), 7);
    CHECK_EQUAL(threading_object_name(NULL, name, sizeof name), 0);
}

CASE(name_of_an_object_is_the_last_one_and_can_be_taken_away)
{
    char name[8];
    name_object(&lock, "first");
    name_object(&rlock, "other");
    name_object(&lock, "second");
    CHECK_EQUAL(threading_object_name(&lock, name, sizeof name), 6);
    CHECK_TEXT(name, "second");
    name_object(&lock, "");
    CHECK_EQUAL(threading_object_name(&lock, name, sizeof name), 0);
    name_object(&lock, "third");
    name_object(&lock, NULL);
    CHECK_EQUAL(threading_object_name(&lock, name, sizeof name), 0);
    CHECK_EQUAL(threading_object_name(&rlock, name, sizeof name), 5);
}

CASE(name_for_no_object_is_invalid)
{
    CHECK_STATUS(threading_object_set_name(NULL, "name"), THREADING_INVALID);
}

/* -------------------------------------------------------------------------------- rings */

static threading_lock_t locks[3];
static threading_barrier_t met = THREADING_BARRIER_INIT(3);

static void *crosswise(void *arg)
{
    size_t i = (size_t)(uintptr_t)arg;
    threading_lock_acquire(&locks[i]);
    ignore(threading_barrier_wait(&met, NULL));
    threading_lock_acquire(&locks[(i + 1) % 3]);
    return arg;
}

CASE(ring_of_three_locks_is_a_possible_deadlock)
{
    name_object(&locks[1], "b");
    named(crosswise, (void *)(uintptr_t)0, "A");
    named(crosswise, (void *)(uintptr_t)1, "B");
    named(crosswise, (void *)(uintptr_t)2, "C");
    AWAIT(dump_has(dump_now(), "\npossible deadlock of 3 threads:\n"));
    const struct dump *dump = dump_now();
    CHECK(dump_has(dump, "    \"A\" (2), which waits for Lock \"b\" at 0x"));
    CHECK(dump_has(dump, "    which is held by \"B\" (3), which waits for Lock at 0x"));
    CHECK(dump_has(dump, "    which is held by the first\n"));
    CHECK(strstr(strstr(dump->text, "possible deadlock") + 1, "possible deadlock") == NULL);
}

static void *acquire_twice(void *arg)
{
    threading_lock_acquire(&lock);
    threading_lock_acquire(&lock);
    return arg;
}

CASE(lock_that_is_acquired_twice_is_a_ring_of_one)
{
    named(acquire_twice, NULL, "Alone");
    AWAIT(dump_has(dump_now(),
                   "\npossible deadlock of 1 thread:\n    \"Alone\" (2), which waits for Lock at 0x"));
}

CASE(chain_of_waits_is_no_ring)
{
    threading_lock_acquire(&lock);
    threading_thread_t *waiter = named(wait_lock, NULL, "First");
    named(wait_thread, waiter, "Second");
    AWAIT_DUMP("First", "    waits for Lock");
    AWAIT_DUMP("Second", "    waits for Thread");
    CHECK(!dump_has(dump_now(), "deadlock"));
}

/* -------------------------------------------------------------------------------- foreign threads */

static threading_event_t foreign_may_end;

static void *foreign_waits(void *arg)
{
    ignore(threading_event_wait(&foreign_may_end));
    return arg;
}

CASE(foreign_thread_that_waits)
{
    CHECK_EQUAL(threading_get_ident(), 1); /* somewhere the first thread that is known is main */
    foreign_t *thread = foreign_start(foreign_waits, NULL);
    AWAIT_DUMP("foreign", "not started here, known for ");
    AWAIT_DUMP("foreign", "    waits for Event at 0x");
    threading_event_set(&foreign_may_end);
    foreign_join(thread);
}

static void *foreign_dumps(void *arg)
{
    const struct dump *dump = dump_now();
    CHECK(!dump_has(dump, "not started here"));
    CHECK(dump_has(dump, "\n1 thread\n"));
    return arg;
}

CASE(foreign_thread_that_dumps_stays_unknown)
{
    CHECK_EQUAL(threading_get_ident(), 1);
    foreign_join(foreign_start(foreign_dumps, NULL));
}

/* -------------------------------------------------------------------------------- what may be odd */

static void *no_work(void *arg)
{
    return arg;
}

static threading_status_t inner;

static void write_that_calls_back(void *context, const char *text, size_t length)
{
    (void)context;
    (void)text;
    (void)length;
    threading_lock_acquire(&lock);
    threading_lock_release(&lock);
    finished(started(no_work, NULL));
    inner = threading_dump(write_that_calls_back, NULL);
}

CASE(function_may_call_the_library_but_no_dump)
{
    CHECK_STATUS(threading_dump(write_that_calls_back, NULL), THREADING_OK);
    CHECK_STATUS(inner, THREADING_BUSY);
    CHECK_STATUS(threading_dump(write_that_calls_back, NULL), THREADING_OK);
}

#define LONG_NAME 10240

CASE(long_name_is_cut_before_a_character)
{
    static char name[LONG_NAME + 1];
    for (size_t i = 0; i < LONG_NAME; i++)
        name[i] = "\xC3\xA4"[i % 2];
    named(sleep_long, NULL, name);
    AWAIT(dump_has(dump_now(), "sleeps"));
    const struct dump *dump = dump_now();
    const char *end = strstr(dump->text, "\xE2\x80\xA6\" (2), ");
    CHECK(end != NULL && end[-1] == '\xA4');
}

CASE(odd_names_stay_in_their_line)
{
    named(sleep_long, NULL, "two\nlines\tand \x7F");
    AWAIT(dump_has(dump_now(), "Thread \"two?lines?and ?\" (2), "));
}

CASE(forked_child_has_one_thread)
{
    named(sleep_long, NULL, "Sleeper");
    AWAIT_DUMP("Sleeper", "sleeps");
    child_t child = fork_now();
    if (child == 0) {
        const struct dump *dump = dump_now();
        CHECK(dump_has(dump, "\n1 thread\n"));
        CHECK(!dump_has(dump, "Sleeper"));
        _Exit(0);
    }
    CHECK_EQUAL(code_of(child), 0);
}
