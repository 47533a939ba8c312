/* SPDX-License-Identifier: MIT */
/*
 * A tour: every part of the library at work, in a few seconds.
 *
 * Each function below is one stop and prints a few lines. Read the output, then the function; the other
 * examples show each part alone, as a complete small program.
 */
#include <stdatomic.h>

#include "example.h"

static void title(const char *text)
{
    printf("\n%s\n", text);
}

static void answer(const char *what, threading_status_t status)
{
    printf("  %s: %s\n", what, threading_status_name(status));
}

static const char *my_name(void)
{
    return threading_thread_name(threading_current_thread());
}

static void finish(threading_thread_t *thread)
{
    THREADING_MUST(threading_thread_join(thread));
    threading_thread_free(thread);
}

/* ---- threads have names */

static void *say_name(void *unused)
{
    (void)unused;
    printf("  this is %s\n", my_name());
    return NULL;
}

static void names(void)
{
    title("Threads have names");
    say_name(NULL);
    finish(THREADING_MUST_SPAWN(say_name, NULL));
    finish(THREADING_MUST_SPAWN(say_name, NULL, .name = "a name that is longer than most systems take"));
}

/* ---- a join may have a limit */

static void *wait_for_go(void *go)
{
    static char done[] = "done";
    threading_lock_acquire(go);
    threading_lock_release(go);
    return done;
}

static THREADING_NO_ANALYSIS void join_with_timeout(void)
{
    threading_lock_t go = {0};
    void *result;
    title("A join may have a limit");
    threading_lock_acquire(&go);
    threading_thread_t *thread = THREADING_MUST_SPAWN(wait_for_go, &go);
    answer("after a while", threading_thread_join_timeout(thread, 0.1));
    threading_lock_release(&go); /* acquired here, and the thread waits for it */
    THREADING_MUST(threading_thread_join(thread));
    THREADING_MUST(threading_thread_result(thread, &result));
    printf("  joined, and the target returned \"%s\"\n", (const char *)result);
    threading_thread_free(thread);
}

/* ---- the race, and the lock that prevents it */

static atomic_int balance;
static threading_lock_t balance_lock;

/* Two steps, as in Python; relaxed atomics only keep the program defined. */
static void add(int n)
{
    int x = atomic_load_explicit(&balance, memory_order_relaxed) + n;
    atomic_store_explicit(&balance, x, memory_order_relaxed);
}

static void *change_unlocked(void *unused)
{
    (void)unused;
    for (int i = 0; i < 5000000; i++) {
        add(5);
        add(-5);
    }
    return NULL;
}

static void *change_locked(void *unused)
{
    (void)unused;
    for (int i = 0; i < 100000; i++)
        THREADING_WITH_LOCK(&balance_lock) {
            add(5);
            add(-5);
        }
    return NULL;
}

static int balance_after(threading_target_t change)
{
    atomic_store(&balance, 0);
    threading_thread_t *other = THREADING_MUST_SPAWN(change, NULL);
    change(NULL);
    finish(other);
    return atomic_load(&balance);
}

static void race_and_lock(void)
{
    int lost;
    title("The race, and the Lock that prevents it");
    do
        lost = balance_after(change_unlocked);
    while (lost == 0);
    printf("  without a lock the balance is %d\n", lost);
    printf("  with the lock it is %d\n", balance_after(change_locked));
}

/* ---- an RLock may be taken again by its owner */

static void *try_rlock(void *rlock)
{
    answer("another thread tries", threading_rlock_try_acquire(rlock));
    return NULL;
}

static void recursion(void)
{
    threading_rlock_t rlock = {0};
    title("An RLock may be taken again by its owner");
    THREADING_MUST(threading_rlock_acquire(&rlock));
    THREADING_MUST(threading_rlock_acquire(&rlock));
    printf("  main is at level %d\n", (int)threading_rlock_count(&rlock));
    finish(THREADING_MUST_SPAWN(try_rlock, &rlock));
    threading_rlock_release(&rlock);
    threading_rlock_release(&rlock);
    printf("  released as often, it is %s\n", threading_rlock_locked(&rlock) ? "held" : "free");
}

/* ---- a deadlock is refused */

static threading_rlock_t left, right;
static threading_lock_t right_is_taken;
static atomic_int refused;

/* Take a second lock while one is held. The thread that would close the circle is told, and must give way. */
static void take_second(threading_rlock_t *first, threading_rlock_t *second)
{
    if (threading_rlock_acquire(second) == THREADING_OK)
        threading_rlock_release(second);
    else
        atomic_fetch_add(&refused, 1);
    threading_rlock_release(first);
}

static THREADING_NO_ANALYSIS void *right_then_left(void *unused)
{
    (void)unused;
    THREADING_MUST(threading_rlock_acquire(&right));
    threading_lock_release(&right_is_taken);
    take_second(&right, &left);
    return NULL;
}

static THREADING_NO_ANALYSIS void deadlock(void)
{
    title("A deadlock is refused");
    THREADING_MUST(threading_rlock_acquire(&left));
    threading_lock_acquire(&right_is_taken);
    threading_thread_t *other = THREADING_MUST_SPAWN(right_then_left, NULL);
    threading_lock_acquire(&right_is_taken); /* until the other thread releases it */
    take_second(&left, &right);
    finish(other);
    printf("  two threads took two RLocks crosswise: %d was refused, both went on\n", atomic_load(&refused));
    answer("joining oneself", threading_thread_join(threading_current_thread()));
}

/* ---- with: the lock is released on the way out */

static void with(void)
{
    threading_lock_t lock = {0};
    title("THREADING_WITH_LOCK releases on the way out");
    THREADING_WITH_LOCK(&lock) {
        printf("  in the body the lock is %s\n", threading_lock_locked(&lock) ? "held" : "free");
        if (threading_lock_locked(&lock))
            break;
        printf("  never printed\n");
    }
    printf("  after a break it is %s\n", threading_lock_locked(&lock) ? "held" : "free");
}

/* ---- a local has one copy for each thread */

struct school {
    const char *student;
};

static threading_local_t local_school = THREADING_LOCAL_INIT(struct school);

static void *enrol(void *name)
{
    struct school *mine = threading_local_get(&local_school);
    /* The first time in a thread it needs some. */
    THREADING_MUST(mine != NULL ? THREADING_OK : THREADING_NO_MEMORY);
    printf("  %s had %s, now %s\n", my_name(), mine->student ? mine->student : "nobody", (const char *)name);
    mine->student = name;
    return NULL;
}

static void locals(void)
{
    static char alice[] = "Alice", bob[] = "Bob", carol[] = "Carol";
    title("A local has one copy for each thread");
    enrol(alice);
    finish(THREADING_MUST_SPAWN(enrol, bob, .name = "Thread-B"));
    enrol(carol);
}

/* ---- a condition waits for a change */

static threading_condition_t served = THREADING_CONDITION_INIT;
static int dishes; /* guarded by the condition's lock */

static bool is_served(void *unused)
{
    (void)unused;
    return dishes > 0;
}

static void *cook(void *unused)
{
    (void)unused;
    THREADING_WITH_CONDITION(&served) {
        printf("  the cook brings a dish\n");
        dishes++;
        THREADING_MUST(threading_condition_notify(&served, 1));
    }
    return NULL;
}

static void condition(void)
{
    threading_thread_t *thread = threading_thread(cook, NULL);
    title("A Condition waits for a change");
    THREADING_WITH_CONDITION(&served) {
        THREADING_MUST(threading_thread_start(thread));
        printf("  main waits, and gives the lock back meanwhile\n");
        THREADING_MUST(threading_condition_wait_for(&served, is_served, NULL));
        printf("  main has it, and the lock again\n");
    }
    finish(thread);
}

/* ---- a semaphore lets so many in */

static void semaphore(void)
{
    threading_bounded_semaphore_t seats = THREADING_BOUNDED_SEMAPHORE_INIT(2);
    title("A Semaphore lets so many in");
    THREADING_MUST(threading_bounded_semaphore_acquire(&seats));
    THREADING_MUST(threading_bounded_semaphore_acquire(&seats));
    answer("two are in, a third", threading_bounded_semaphore_try_acquire(&seats));
    THREADING_MUST(threading_bounded_semaphore_release(&seats));
    answer("after one has left", threading_bounded_semaphore_try_acquire(&seats));
    THREADING_MUST(threading_bounded_semaphore_release_n(&seats, 2));
    answer("more leave than came in", threading_bounded_semaphore_release(&seats));
}

/* ---- an event lets all go */

static void *wait_for_event(void *event)
{
    THREADING_MUST(threading_event_wait(event));
    printf("  %s goes\n", my_name());
    return NULL;
}

static void event(void)
{
    threading_event_t go = {0};
    title("An Event lets all go");
    threading_thread_t *thread = THREADING_MUST_SPAWN(wait_for_event, &go, .name = "the thread");
    answer("after a while", threading_event_wait_timeout(&go, 0.1));
    THREADING_MUST(threading_event_set(&go));
    finish(thread);
}

/* ---- a barrier keeps threads together */

static void all_are_there(void *unused)
{
    (void)unused;
    printf("  all are there, said the last one\n");
}

static void *come(void *barrier)
{
    size_t index;
    THREADING_MUST(threading_barrier_wait(barrier, &index));
    if (index == 0)
        printf("  now we go on, said the first one\n");
    return NULL;
}

static void barrier(void)
{
    threading_barrier_t meeting = THREADING_BARRIER_INIT_WITH(2, all_are_there, NULL, THREADING_FOREVER);
    title("A Barrier keeps threads together");
    threading_thread_t *other = THREADING_MUST_SPAWN(come, &meeting);
    come(&meeting);
    finish(other);
}

/* ---- once */

static void load_tables(void *unused)
{
    (void)unused;
    printf("  %s loads the tables\n", my_name());
}

static void once(void)
{
    threading_once_t tables = {0};
    title("Once is once");
    for (int i = 0; i < 3; i++)
        THREADING_MUST(threading_once(&tables, load_tables, NULL));
    printf("  asked for three times\n");
}

/* ---- many read, one writes */

static void *visit(void *rwlock)
{
    answer("another thread reads", threading_rwlock_try_acquire_read(rwlock));
    THREADING_MUST(threading_rwlock_release_read(rwlock));
    answer("another thread writes", threading_rwlock_try_acquire_write(rwlock));
    return NULL;
}

static void rwlock(void)
{
    threading_rwlock_t lock = {0};
    title("An RWLock: many read, or one writes");
    THREADING_WITH_READ(&lock) {
        printf("  main reads\n");
        finish(THREADING_MUST_SPAWN(visit, &lock));
        answer("main would write", threading_rwlock_acquire_write(&lock));
    }
}

/* ---- a stop ends every wait */

static void *sleep_for_ever(void *unused)
{
    (void)unused;
    answer("a sleep for ever", threading_sleep(THREADING_FOREVER));
    return NULL;
}

static void stop_request(void)
{
    threading_stop_t request = {0};
    title("A stop ends the waits of a thread that heeds it");
    threading_thread_t *thread = THREADING_MUST_SPAWN(sleep_for_ever, NULL, .stop = &request);
    THREADING_MUST(threading_stop_request(&request));
    finish(thread);
}

/* ---- a timer calls later */

static void remind(void *text)
{
    printf("  %s\n", (const char *)text);
}

static void timer(void)
{
    static char ready[] = "the tea is ready", never[] = "never printed";
    threading_thread_t *tea = threading_timer_new(0.1, remind, ready);
    threading_thread_t *cancelled = threading_timer_new(3600, remind, never);
    title("A Timer calls later");
    THREADING_MUST(threading_thread_start(tea));
    finish(tea);
    THREADING_MUST(threading_thread_start(cancelled));
    THREADING_MUST(threading_timer_cancel(cancelled));
    finish(cancelled);
    printf("  an hour need not be over, it was cancelled\n");
}

/* ---- a queue passes items on */

static int by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void queue(void)
{
    threading_queue_t *patients = threading_queue_new(THREADING_QUEUE_PRIORITY, sizeof(int), 3, by_number);
    int number;
    title("A Queue passes items on");
    for (number = 3; number >= 1; number--)
        THREADING_MUST(threading_queue_put(patients, &number));
    answer("it has room for three", threading_queue_try_put(patients, &number));
    THREADING_MUST(threading_queue_shutdown(patients, false));
    while (threading_queue_get(patients, &number) == THREADING_OK)
        printf("  the smallest is %d\n", number);
    answer("there will be no more", threading_queue_get(patients, &number));
    threading_queue_free(patients);
}

/* ---- a pool runs tasks */

static void *square(void *number)
{
    *(int *)number *= *(int *)number;
    return number;
}

static void executor(void)
{
    threading_executor_t *pool = threading_executor_new(3, NULL);
    threading_future_t *future;
    int numbers[] = {1, 2, 3, 4, 5, 12};
    void *items[] = {&numbers[0], &numbers[1], &numbers[2], &numbers[3], &numbers[4]}, *result;
    title("An Executor is a pool of threads");
    THREADING_MUST(threading_executor_submit(pool, square, &numbers[5], &future));
    THREADING_MUST(threading_executor_map(pool, square, items, 5, NULL));
    printf("  squares: %d %d %d %d %d\n", numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]);
    THREADING_MUST(threading_future_result(future, &result));
    printf("  and the result of a future: %d\n", *(int *)result);
    threading_future_free(future);
    THREADING_MUST(threading_executor_shutdown(pool, true, false));
    threading_executor_free(pool);
}

/* ---- one wait for several things */

static void *keep_promise(void *future)
{
    THREADING_MUST(threading_future_set_result(future, NULL));
    return NULL;
}

static void any(void)
{
    threading_event_t never = {0};
    threading_future_t *promise = threading_future_new();
    threading_source_t sources[] = {THREADING_SOURCE_EVENT(&never), THREADING_SOURCE_FUTURE(promise)};
    size_t index;
    title("One wait for several things");
    answer("neither the event nor the future", threading_wait_any(sources, 2, 0, NULL));
    threading_thread_t *thread = THREADING_MUST_SPAWN(keep_promise, promise);
    THREADING_MUST(threading_wait_any(sources, 2, THREADING_FOREVER, &index));
    printf("  it was the %s\n", index == 0 ? "event" : "future");
    finish(thread);
    threading_future_free(promise);
}

/* ---- who is there */

static THREADING_NO_ANALYSIS void listing(void)
{
    threading_thread_t *threads[8];
    threading_lock_t go = {0};
    title("Who is there");
    threading_lock_acquire(&go);
    threading_thread_t *first = THREADING_MUST_SPAWN(wait_for_go, &go, .name = "first");
    threading_thread_t *second = THREADING_MUST_SPAWN(wait_for_go, &go, .name = "second", .daemon = true);
    size_t count = threading_enumerate(threads, 8);
    for (size_t i = 0; i < count; i++) {
        printf("  %s%s\n", threading_thread_name(threads[i]),
               threading_thread_daemon(threads[i]) ? ", a daemon" : "");
        threading_thread_free(threads[i]);
    }
    threading_lock_release(&go);
    finish(first);
    finish(second);
}

/* ---- misuse has defined answers */

static void explain(const char *what, threading_status_t status)
{
    printf("  %s: %s, %s\n", what, threading_status_name(status), threading_status_message(status));
}

static THREADING_NO_ANALYSIS void misuse(void)
{
    threading_lock_t lock = {0};
    threading_rlock_t rlock = {0};
    threading_thread_t *thread = threading_thread(say_name, NULL);
    title("Misuse has defined answers");
    explain("release of a free Lock", threading_lock_release(&lock));
    explain("release of another's RLock", threading_rlock_release(&rlock));
    explain("join before start", threading_thread_join(thread));
    explain("start of main", threading_thread_start(threading_main_thread()));
    explain("a timeout of -2 seconds", threading_lock_acquire_timeout(&lock, -2));
    explain("no object at all", threading_lock_acquire(NULL));
    threading_thread_free(thread);
}

/* ---- all processors are used */

static atomic_bool stop;

static void *spin(void *unused)
{
    (void)unused;
    while (!atomic_load_explicit(&stop, memory_order_relaxed))
        continue;
    return NULL;
}

static void cores(void)
{
    size_t count = threading_cpu_count();
    title("All processors are used");
    for (size_t i = 0; i < count; i++)
        threading_thread_free(THREADING_MUST_SPAWN(spin, NULL, .daemon = true));
    double began = threading_monotonic(), used = cpu_seconds();
    pause_for(1);
    used = (cpu_seconds() - used) / (threading_monotonic() - began);
    atomic_store(&stop, true);
    printf("  %d busy threads on %d processors: about %.0f %%\n", (int)count, (int)count, 100 * used);
}

/* ---- the end */

static void *stay(void *unused)
{
    (void)unused;
    threading_sleep(THREADING_FOREVER);
    return NULL;
}

static void *finish_work(void *unused)
{
    (void)unused;
    THREADING_MUST(threading_thread_join(threading_main_thread()));
    printf("  main has returned, the worker still finishes its work\n");
    pause_for(0.5);
    printf("  done; now the process ends, and the daemon with it\n");
    return NULL;
}

static void leave(void)
{
    title("At the end the process waits for its workers, not for its daemons");
    threading_thread_free(THREADING_MUST_SPAWN(stay, NULL, .name = "daemon", .daemon = true));
    threading_thread_free(THREADING_MUST_SPAWN(finish_work, NULL, .name = "worker"));
}

int main(int argc, char **argv)
{
    example_begin(argc, argv);
    printf("threading %s on %s\n", threading_version(), threading_backend());
    names();
    join_with_timeout();
    race_and_lock();
    recursion();
    deadlock();
    with();
    locals();
    condition();
    semaphore();
    event();
    barrier();
    once();
    rwlock();
    stop_request();
    timer();
    queue();
    executor();
    any();
    listing();
    misuse();
    cores();
    leave();
    return 0;
}
