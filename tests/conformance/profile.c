/* SPDX-License-Identifier: MIT */
/* The profile: which object costs how much waiting, and whose. */
#include "child.h"
#include "recorded.h"

/* -------------------------------------------------------------------------------------- helpers */

typedef struct row {
    double total;
    double longest;
    double hold; /* -1: none is told */
    unsigned long long waits;
    char threads[600]; /* the line behind */
} row_t;

static char *written(void)
{
    return recorded_text(threading_profile_write);
}

static const char *line_before(const char *text, const char *place)
{
    while (place > text && place[-1] != '\n')
        place--;
    return place;
}

static bool find_row(const char *text, const char *object, row_t *row)
{
    char hold[40];
    const char *place = strstr(text, object);
    if (place == NULL)
        return false;
    const char *line = line_before(text, place);
    CHECK_EQUAL(sscanf(line, "%lf %lf %39s %llu", &row->total, &row->longest, hold, &row->waits), 4);
    row->hold = strcmp(hold, "-") == 0 ? -1 : strtod(hold, NULL);
    const char *behind = strchr(line, '\n') + 1;
    size_t length = strcspn(behind, "\n");
    CHECK(length < sizeof row->threads);
    memcpy(row->threads, behind, length);
    row->threads[length] = '\0';
    return true;
}

static row_t row_of(const char *text, const char *object)
{
    row_t row;
    CHECK(find_row(text, object, &row));
    CHECK(row.waits > 0 && row.longest <= row.total + 0.001 &&
          row.total <= row.longest * (double)row.waits + 0.001);
    return row;
}

static row_t row_now(const char *object)
{
    char *text = written();
    row_t row = row_of(text, object);
    free(text);
    return row;
}

static bool is_there(const char *object)
{
    char *text = written();
    bool found = strstr(text, object) != NULL;
    free(text);
    return found;
}

/* The time of a thread in a line of threads. */
static double time_of(const row_t *row, const char *name)
{
    const char *place = strstr(row->threads, name);
    CHECK(place != NULL);
    return strtod(strchr(place, ')') + 1, NULL);
}

/* In each of the two tables the longest total is first. */
static void check_order(const char *text)
{
    double last = 0, total;
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        if (strstr(line, "total") != NULL && strstr(line, "total") < strchr(line, '\n'))
            last = 1e300;
        else if (strncmp(line, "                    ", 20) != 0 && sscanf(line, "%lf", &total) == 1) {
            CHECK(total <= last);
            last = total;
        }
    }
}

/* -------------------------------------------------------------------------------------- what is counted */

CASE(waits_of_a_thread_for_a_lock_are_counted_and_timed)
{
    needs_diagnosis();
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    wait_for_hot("waiter", 5, 0.003);
    row_t row = row_now("Lock \"hot\" at 0x");
    CHECK_EQUAL(row.waits, 5);
    CHECK(row.total >= 15 && row.longest >= 3);
    CHECK(row.hold >= 3 && row.hold <= row.longest);
    CHECK(time_of(&row, "\"waiter\"") == row.total);
}

CASE(main_and_foreign_threads_are_told_too)
{
    needs_diagnosis();
    CHECK_STATUS(threading_object_set_name(&hot, "hot"), THREADING_OK);
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    taker_t taker = {.lock = &hot, .times = 2};
    foreign_t *foreign = foreign_start(take, &taker);
    let_wait(&taker, "waits for Lock \"hot\"", 0.001);
    let_wait(&taker, "waits for Lock \"hot\"", 0.001);
    foreign_join(foreign);
    CHECK_STATUS(threading_sleep(0.001), THREADING_OK);
    row_t row = row_now("Lock \"hot\" at 0x");
    CHECK_EQUAL(row.waits, 2);
    CHECK(time_of(&row, "\"foreign\"") == row.total);
    row = row_now(" sleep\n");
    CHECK(strstr(row.threads, "\"MainThread\" (1)") != NULL);
}

CASE(waits_that_need_no_sleep_are_not_counted)
{
    needs_diagnosis();
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    for (int i = 0; i < 1000; i++) {
        CHECK_STATUS(threading_lock_acquire(&hot), THREADING_OK);
        CHECK_STATUS(threading_lock_try_acquire(&hot), THREADING_BUSY);
        CHECK_STATUS(threading_lock_release(&hot), THREADING_OK);
    }
    CHECK(!is_there("Lock"));
}

CASE(wait_that_began_before_counts_from_the_start_on)
{
    needs_diagnosis();
    threading_thread_t *thread;
    taker_t taker = {.lock = &hot, .times = 1, .asked = 1};
    CHECK_STATUS(threading_object_set_name(&hot, "hot"), THREADING_OK);
    CHECK_STATUS(threading_lock_acquire(&hot), THREADING_OK);
    started_as(&thread, "early", take, &taker);
    await_dump("waits for Lock \"hot\"");
    CHECK_STATUS(threading_sleep(0.3), THREADING_OK);
    double begin = threading_monotonic();
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    CHECK_STATUS(threading_lock_release(&hot), THREADING_OK);
    finished(thread);
    row_t row = row_now("Lock \"hot\"");
    CHECK_EQUAL(row.waits, 1);
    CHECK(row.total <= (threading_monotonic() - begin) * 1000 + 0.001);
}

CASE(longest_time_is_first)
{
    needs_diagnosis();
    static threading_lock_t locks[8];
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    for (int i = 0; i < 8; i++) {
        threading_thread_t *thread;
        taker_t taker = {.lock = &locks[i], .times = 1};
        CHECK_STATUS(threading_object_set_name(&locks[i], "one of eight"), THREADING_OK);
        started_as(&thread, NULL, take, &taker);
        let_wait(&taker, "waits for Lock \"one of eight\"", i % 2 == 0 ? 0.001 : 0.002);
        finished(thread);
    }
    char *text = written();
    CHECK_EQUAL(count_of(text, "Lock \"one of eight\""), 8);
    check_order(text);
    free(text);
}

static threading_event_t event;

static void *wait_for_event(void *arg)
{
    CHECK_STATUS(threading_event_wait(&event), THREADING_OK);
    return arg;
}

/* The first three of five have at least three fifths of the time. */
CASE(three_threads_that_waited_most_are_told)
{
    needs_diagnosis();
    static const char *const names[] = {"one", "two", "three", "four", "five"};
    threading_thread_t *threads[5];
    char words[40];
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    CHECK_STATUS(threading_object_set_name(&event, "go"), THREADING_OK);
    for (int i = 0; i < 5; i++) {
        started_as(&threads[i], names[i], wait_for_event, NULL);
        (void)snprintf(words, sizeof words, "\"%s\" (%u)", names[i],
                       (unsigned)threading_thread_ident(threads[i]));
        await_dump(words);
        for (int waiting = 0; waiting <= i;) {
            char *text = recorded_text(threading_dump);
            waiting = count_of(text, "waits for Event \"go\"");
            free(text);
        }
        CHECK_STATUS(threading_sleep(0.002), THREADING_OK);
    }
    CHECK_STATUS(threading_event_set(&event), THREADING_OK);
    for (int i = 0; i < 5; i++)
        finished(threads[i]);
    row_t row = row_now("Event \"go\"");
    double sum = 0, last = 1e300;
    int told = 0;
    for (const char *place = row.threads; (place = strchr(place, ')')) != NULL; place++, told++) {
        double time = strtod(place + 1, NULL);
        CHECK(time <= last);
        last = time;
        sum += time;
    }
    CHECK_EQUAL(row.waits, 5);
    CHECK_EQUAL(told, 3);
    CHECK(sum >= row.total * 3 / 5 - 0.01 && sum <= row.total + 0.01);
}

CASE(thread_that_waits_longer_takes_the_place_of_another)
{
    needs_diagnosis();
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    for (int i = 0; i < 3; i++)
        wait_for_hot("short", 1, 0.0005);
    wait_for_hot("long", 2, 0.3);
    row_t row = row_now("Lock \"hot\"");
    CHECK_EQUAL(row.waits, 5);
    CHECK(time_of(&row, "\"long\"") >= 600);
    CHECK_EQUAL(count_of(row.threads, "\"short\""), 2);
}

CASE(threads_that_have_ended_keep_their_names)
{
    needs_diagnosis();
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    wait_for_hot("first", 1, 0.001);
    wait_for_hot("second", 1, 0.001);
    row_t row = row_now("Lock \"hot\"");
    CHECK_EQUAL(row.waits, 2);
    CHECK(time_of(&row, "\"first\"") > 0 && time_of(&row, "\"second\"") > 0);
}

CASE(what_is_waited_for_is_apart_from_what_others_have)
{
    needs_diagnosis();
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    wait_for_hot("waiter", 1, 0.001);
    char *text = written();
    const char *second = strstr(text, "what was to happen");
    CHECK(second != NULL && strstr(text, "what others had") < second);
    CHECK(strstr(text, "Lock \"hot\"") < second);
    CHECK(strstr(second, " sleep\n") != NULL);
    CHECK(row_of(text, " sleep\n").hold < 0);
    free(text);
}

CASE(idle_workers_of_an_executor_are_counted)
{
    needs_diagnosis();
    threading_executor_t *executor = threading_executor_new(1, NULL);
    CHECK_STATUS(threading_object_set_name(executor, "pool"), THREADING_OK);
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    for (int i = 0; i < 3; i++) {
        have_it_done(executor);
        await_dump("waits for Executor \"pool\"");
    }
    have_it_done(executor); /* ends the last wait */
    char *text = written();
    threading_executor_free(executor);
    row_t row = row_of(text, "Executor \"pool\"");
    CHECK_EQUAL(row.waits, 3);
    CHECK(row.hold < 0 && strstr(text, ", for a task\n") > strstr(text, "what was to happen"));
    free(text);
}

/* -------------------------------------------------------------------------------------- start, stop, write */

CASE(null_writer_is_refused)
{
    needs_diagnosis();
    CHECK_STATUS(threading_profile_write(NULL, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    CHECK_STATUS(threading_profile_write(NULL, NULL), THREADING_INVALID);
}

CASE(without_a_start_there_is_nothing)
{
    needs_diagnosis();
    CHECK_STATUS(threading_profile_stop(), THREADING_OK);
    wait_for_hot("waiter", 1, 0.001);
    CHECK(!is_there("hot"));
    CHECK(is_there("no profile was started\n"));
}

CASE(start_begins_anew)
{
    needs_diagnosis();
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    wait_for_hot("waiter", 3, 0.001);
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    CHECK(!is_there("hot"));
    wait_for_hot("waiter", 2, 0.001);
    CHECK_EQUAL(row_now("hot").waits, 2);
}

CASE(stop_keeps_what_was_counted)
{
    needs_diagnosis();
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    wait_for_hot("waiter", 3, 0.001);
    CHECK_STATUS(threading_profile_stop(), THREADING_OK);
    CHECK_STATUS(threading_profile_stop(), THREADING_OK);
    char *before = written();
    wait_for_hot("waiter", 2, 0.001);
    char *after = written();
    CHECK_TEXT(after, before);
    CHECK_EQUAL(row_of(after, "hot").waits, 3);
    free(before);
    free(after);
}

/* The trace is told by the same watcher. */
CASE(stopping_the_trace_does_not_stop_it)
{
    needs_diagnosis();
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    CHECK_STATUS(threading_trace_stop(), THREADING_OK);
    wait_for_hot("waiter", 2, 0.001);
    CHECK_EQUAL(row_now("hot").waits, 2);
}

static void write_and_call(void *context, const char *text, size_t length)
{
    threading_lock_t lock = {0};
    recorded_t recorded = {NULL, 0, 0};
    record(context, text, length);
    CHECK_STATUS(threading_profile_write(record, &recorded), THREADING_BUSY);
    CHECK_STATUS(threading_dump(record, &recorded), THREADING_OK);
    CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
    CHECK_STATUS(threading_lock_acquire_timeout(&lock, 0.0005), THREADING_TIMEOUT);
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    free(recorded.text);
}

CASE(writer_may_call_the_library)
{
    needs_diagnosis();
    recorded_t recorded = {NULL, 0, 0};
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    wait_for_hot("waiter", 1, 0.001);
    CHECK_STATUS(threading_profile_write(write_and_call, &recorded), THREADING_OK);
    free(recorded.text);
    CHECK(!is_there("hot"));
}

/* -------------------------------------------------------------------------------------- bounds */

enum { MANY = 2000 };

static threading_lock_t many[MANY];

/* The sum of all waits for locks, and how many locks. */
static unsigned long long waits_of_locks(const char *text, int *locks)
{
    unsigned long long sum = 0, waits;
    for (const char *place = text; (place = strstr(place, " Lock at ")) != NULL; place++, ++*locks) {
        CHECK_EQUAL(sscanf(line_before(text, place), "%*f %*f %*s %llu", &waits), 1);
        sum += waits;
    }
    return sum;
}

CASE(more_objects_than_have_places_are_counted_together)
{
    needs_diagnosis();
    unsigned long long lost = 0;
    int locks = 0;
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    for (int i = 0; i < MANY; i++) {
        CHECK_STATUS(threading_lock_acquire(&many[i]), THREADING_OK);
        CHECK_STATUS(threading_lock_acquire_timeout(&many[i], 0.0003), THREADING_TIMEOUT);
    }
    char *text = written();
    unsigned long long waits = waits_of_locks(text, &locks);
    const char *place = strstr(text, " waits more, ");
    CHECK(place != NULL);
    CHECK_EQUAL(sscanf(line_before(text, place), "%llu", &lost), 1);
    CHECK(locks > MANY / 4 && locks <= 1024);
    CHECK(waits + lost <= MANY && waits + lost > MANY / 2); /* some were over before they slept */
    check_order(text);
    free(text);
}

/* -------------------------------------------------------------------------------------- others */

static void child_counts_anew(void)
{
    CHECK(!is_there("hot"));
    wait_for_hot("after", 1, 0.001);
    CHECK(!is_there("hot"));
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    wait_for_hot("after", 2, 0.001);
    CHECK_EQUAL(row_now("hot").waits, 2);
}

CASE(forked_child_counts_nothing_until_it_starts)
{
    needs_diagnosis();
    needs_threads_in_the_child();
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    wait_for_hot("before", 1, 0.001);
    in_child(child_counts_anew);
    CHECK_EQUAL(row_now("hot").waits, 1);
}

static atomic_bool is_over;
static threading_rlock_t rlock;
static threading_semaphore_t semaphore = THREADING_SEMAPHORE_INIT(1);

static void *contend(void *arg)
{
    while (!atomic_load(&is_over)) {
        CHECK_STATUS(threading_lock_acquire(&hot), THREADING_OK);
        CHECK_STATUS(threading_rlock_acquire(&rlock), THREADING_OK);
        CHECK_STATUS(threading_semaphore_acquire(&semaphore), THREADING_OK);
        (void)threading_sleep(0.00005);
        CHECK_STATUS(threading_semaphore_release(&semaphore), THREADING_OK);
        CHECK_STATUS(threading_rlock_release(&rlock), THREADING_OK);
        CHECK_STATUS(threading_lock_release(&hot), THREADING_OK);
    }
    return arg;
}

CASE(write_start_and_stop_while_others_wait)
{
    needs_diagnosis();
    threading_thread_t *threads[6];
    int rounds = is_slow() ? 50 : 300;
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    for (int i = 0; i < 6; i++)
        threads[i] = started(contend, NULL);
    for (int i = 0; i < rounds; i++) {
        free(written());
        CHECK_STATUS(i % 7 == 0   ? threading_profile_start()
                     : i % 7 == 5 ? threading_profile_stop()
                                  : THREADING_OK,
                     THREADING_OK);
        finished(started(return_at_once, NULL));
    }
    atomic_store(&is_over, true);
    for (int i = 0; i < 6; i++)
        finished(threads[i]);
}

CASE(after_an_unload_it_starts_again)
{
    needs_diagnosis();
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    if (threading_unload() == THREADING_UNSUPPORTED)
        SKIP("the library is in an object that stays loaded");
    AWAIT(threading_unload() == THREADING_OK);
    CHECK(is_there("no profile was started\n"));
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    wait_for_hot("waiter", 2, 0.001);
    CHECK_EQUAL(row_now("hot").waits, 2);
}
