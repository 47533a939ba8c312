/* SPDX-License-Identifier: MIT */
/* The trace: what each thread waited for, when, and who woke it, as trace events in JSON. */
#include "child.h"
#include "json_check.h"
#include "recorded.h"

/* -------------------------------------------------------------------------------------- helpers */

static char *written(void)
{
    char *text = recorded_text(threading_trace_write);
    CHECK(is_json(text));
    return text;
}

/* An event is a line. */
typedef struct event {
    char phase;
    unsigned tid;
    unsigned id;
    double since; /* in microseconds */
    double duration;
    char line[2100];
} event_t;

static double number_in(const char *line, const char *key)
{
    const char *place = strstr(line, key);
    return place != NULL ? strtod(place + strlen(key), NULL) : -1;
}

/* Copy the line at *text, which then is behind it. By hand: sanitizers measure the whole text for each call of the C
 * library's. */
static void copy_line(const char **text, char line[2100])
{
    size_t length = 0;
    for (; **text != '\n' && **text != '\0'; ++*text) {
        CHECK(length < 2099);
        line[length++] = **text;
    }
    line[length] = '\0';
    *text += **text == '\n';
}

/* The next line with those words, from *text on, which then is behind it. */
static bool next_event(const char **text, const char *words, event_t *found)
{
    do {
        if (**text == '\0')
            return false;
        copy_line(text, found->line);
    } while (strstr(found->line, words) == NULL);
    const char *phase = strstr(found->line, "\"ph\":\"");
    found->phase = phase != NULL ? phase[6] : '\0';
    found->tid = (unsigned)number_in(found->line, "\"tid\":");
    found->id = (unsigned)number_in(found->line, "\"id\":");
    found->since = number_in(found->line, "\"ts\":");
    found->duration = number_in(found->line, "\"dur\":");
    return true;
}

static event_t event_of(const char *text, const char *words)
{
    event_t found;
    CHECK(next_event(&text, words, &found));
    return found;
}

/* The slice of a thread's life. */
static event_t life_of(const char *text, unsigned tid)
{
    event_t found;
    while (next_event(&text, "\"cat\":\"life\"", &found))
        if (found.tid == tid)
            return found;
    CHECK(false);
    return found;
}

static unsigned tid_of(const char *text, const char *thread)
{
    char words[400];
    (void)snprintf(words, sizeof words, "\"name\":\"thread_name\",\"args\":{\"name\":\"%s\"}", thread);
    return event_of(text, words).tid;
}

static bool is_inside(const event_t *inner, const event_t *outer)
{
    double slack = 0.01; /* what a double loses */
    return inner->since >= outer->since - slack &&
           inner->since + inner->duration <= outer->since + outer->duration + slack;
}

/* Every event has what the format asks of its kind, and every wait is inside of its thread's life. */
static void check_events(const char *text)
{
    event_t found;
    while (next_event(&text, "{\"ph\":\"", &found)) {
        CHECK(strchr("MXsfC", found.phase) != NULL);
        CHECK(strstr(found.line, "\"pid\":1,") != NULL && strstr(found.line, "\"name\":\"") != NULL);
        CHECK(found.phase == 'M' || found.since > 0);
        CHECK((found.duration >= 0) == (found.phase == 'X'));
        CHECK((found.phase != 's' && found.phase != 'f') || found.id > 0);
        CHECK(found.phase == 's' || found.phase == 'f' || strstr(found.line, "\"args\":{") != NULL ||
              found.phase == 'X');
    }
}

static void check_lives(const char *text)
{
    const char *place = text;
    event_t found;
    while (next_event(&place, "\"cat\":\"wait\"", &found)) {
        event_t life = life_of(text, found.tid);
        CHECK(is_inside(&found, &life));
    }
}

/* An arrow is two lines: where it begins and, not earlier, where it ends. No two have the same number. */
static void check_arrows(const char *text)
{
    unsigned last = 0;
    event_t begin, end;
    while (next_event(&text, "\"cat\":\"wake\"", &begin)) {
        CHECK(begin.phase == 's' && begin.id > last);
        CHECK(next_event(&text, "\"cat\":\"wake\"", &end));
        CHECK(end.phase == 'f' && end.id == begin.id && end.since >= begin.since);
        CHECK(strstr(end.line, "\"name\":\"wake\"") != NULL && strstr(end.line, "\"bp\":\"e\"") != NULL);
        last = begin.id;
    }
}

/* A counter's values are numbers, and metadata is of a kind that viewers know. */
static void check_values(const char *text)
{
    event_t found;
    while (next_event(&text, "{\"ph\":\"", &found)) {
        CHECK(found.phase != 'C' || number_in(found.line, "\"args\":{\"items\":") >= 0);
        CHECK(found.phase != 'M' || strstr(found.line, "\"name\":\"thread_name\",\"args\":{\"name\":\"") ||
              strstr(found.line, "\"name\":\"process_name\",\"args\":{\"name\":\"") ||
              number_in(found.line, "\"name\":\"thread_sort_index\",\"args\":{\"sort_index\":") > 0);
    }
}

static char *checked(void)
{
    char *text = written();
    check_events(text);
    check_values(text);
    check_arrows(text);
    check_lives(text);
    return text;
}

/* -------------------------------------------------------------------------------------- waits */

CASE(wait_has_its_object_its_time_and_who_ended_it)
{
    needs_diagnosis();
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    wait_for_hot("waiter", 1, 0.003);
    char *text = checked();
    event_t wait = event_of(text, "\"name\":\"Lock \\\"hot\\\"\"");
    CHECK_EQUAL(wait.phase, 'X');
    CHECK_EQUAL(wait.tid, tid_of(text, "waiter"));
    CHECK(wait.duration >= 3000);
    CHECK(strstr(wait.line, "\"kind\":\"Lock\"") != NULL && strstr(wait.line, "\"end\":\"woken\"") != NULL);
    CHECK(strstr(wait.line, "\"by\":\"MainThread\",\"by ident\":1}") != NULL);
    free(text);
}

/* The arrow begins in the row of who released, and ends inside of the wait. */
CASE(arrow_leads_from_the_releaser_to_the_woken)
{
    needs_diagnosis();
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    wait_for_hot("waiter", 1, 0.003);
    char *text = checked();
    event_t wait = event_of(text, "\"name\":\"Lock \\\"hot\\\"\""), end;
    const char *place = strstr(text, wait.line);
    CHECK(next_event(&place, "\"ph\":\"s\"", &end));
    CHECK_EQUAL(end.tid, 1);
    CHECK(end.since >= wait.since + 3000 && end.since <= wait.since + wait.duration);
    unsigned id = end.id;
    CHECK(next_event(&place, "\"ph\":\"f\"", &end));
    CHECK_EQUAL(end.id, id);
    CHECK_EQUAL(end.tid, wait.tid);
    CHECK(end.since >= wait.since + 3000 && end.since <= wait.since + wait.duration);
    free(text);
}

static void *wait_in_turn(void *arg)
{
    threading_lock_t *locks = arg;
    for (int i = 0; i < 3; i++) {
        CHECK_STATUS(threading_lock_acquire(&locks[i]), THREADING_OK);
        CHECK_STATUS(threading_lock_release(&locks[i]), THREADING_OK);
    }
    return NULL;
}

CASE(waits_of_a_thread_come_one_after_the_other)
{
    needs_diagnosis();
    static const char *const names[] = {"first", "second", "third"};
    threading_lock_t locks[3] = {0};
    threading_thread_t *thread;
    char words[60];
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    for (int i = 0; i < 3; i++) {
        CHECK_STATUS(threading_lock_acquire(&locks[i]), THREADING_OK);
        CHECK_STATUS(threading_object_set_name(&locks[i], names[i]), THREADING_OK);
    }
    started_as(&thread, "waiter", wait_in_turn, locks);
    for (int i = 0; i < 3; i++) {
        (void)snprintf(words, sizeof words, "waits for Lock \"%s\"", names[i]);
        await_dump(words);
        CHECK_STATUS(threading_lock_release(&locks[i]), THREADING_OK);
    }
    finished(thread);
    char *text = checked();
    const char *place = text;
    double last = 0;
    for (int i = 0; i < 3; i++) {
        event_t wait;
        (void)snprintf(words, sizeof words, "Lock \\\"%s\\\"", names[i]);
        CHECK(next_event(&place, words, &wait));
        CHECK(wait.since >= last - 0.01);
        last = wait.since + wait.duration;
        CHECK_STATUS(threading_object_set_name(&locks[i], NULL), THREADING_OK);
    }
    free(text);
}

CASE(wait_that_ends_by_its_limit_says_so)
{
    needs_diagnosis();
    threading_event_t event = {0};
    CHECK_STATUS(threading_object_set_name(&event, "never"), THREADING_OK);
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    CHECK_STATUS(threading_event_wait_timeout(&event, 0.3), THREADING_TIMEOUT);
    char *text = checked();
    event_t wait = event_of(text, "Event \\\"never\\\"");
    CHECK(strstr(wait.line, "\"end\":\"limit\"}}") != NULL);
    free(text);
    CHECK_STATUS(threading_object_set_name(&event, NULL), THREADING_OK);
}

CASE(wait_that_goes_on_is_there)
{
    needs_diagnosis();
    threading_thread_t *thread;
    taker_t taker = {.lock = &hot, .times = 1, .asked = 1};
    CHECK_STATUS(threading_object_set_name(&hot, "hot"), THREADING_OK);
    CHECK_STATUS(threading_lock_acquire(&hot), THREADING_OK);
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    started_as(&thread, "waiter", take, &taker);
    await_dump("waits for Lock \"hot\"");
    char *text = checked();
    event_t wait = event_of(text, "Lock \\\"hot\\\"");
    CHECK_EQUAL(wait.tid, tid_of(text, "waiter"));
    CHECK(strstr(wait.line, "\"end\":\"waits\"") != NULL);
    free(text);
    CHECK_STATUS(threading_lock_release(&hot), THREADING_OK);
    finished(thread);
}

/* -------------------------------------------------------------------------------------- threads */

CASE(threads_have_their_names_and_lives)
{
    needs_diagnosis();
    threading_lock_t gate = {0};
    threading_thread_t *stays;
    gate_close(&gate);
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    started_as(&stays, "stays", wait_at_gate, &gate);
    wait_for_hot("ends", 1, 0.001);
    CHECK_STATUS(threading_sleep(0.002), THREADING_OK);
    char *text = checked();
    event_t main_life = life_of(text, tid_of(text, "MainThread"));
    event_t short_life = life_of(text, tid_of(text, "ends"));
    event_t long_life = life_of(text, tid_of(text, "stays"));
    CHECK_EQUAL(main_life.tid, 1);
    CHECK_EQUAL(long_life.tid, threading_thread_ident(stays));
    CHECK(is_inside(&short_life, &main_life) && is_inside(&long_life, &main_life));
    CHECK(short_life.since + short_life.duration < long_life.since + long_life.duration);
    free(text);
    gate_open(&gate);
    finished(stays);
}

/* One that has slept for nothing has no event, and a row all the same. */
CASE(thread_without_a_wait_has_a_life)
{
    needs_diagnosis();
    threading_thread_t *thread;
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    started_as(&thread, "quick", return_at_once, NULL);
    finished(thread);
    char *text = checked();
    CHECK(life_of(text, tid_of(text, "quick")).duration >= 0);
    free(text);
}

/* Of more threads than have rows the last ones are told. */
CASE(rows_of_threads_that_have_ended_are_given_to_others)
{
    /* slow */
    needs_diagnosis();
    int count = 1100;
    threading_thread_t *thread;
    char name[40];
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    for (int i = 0; i < count; i++) {
        (void)snprintf(name, sizeof name, "number %d", i);
        started_as(&thread, name, return_at_once, NULL);
        finished(thread);
    }
    char *text = written();
    CHECK(strstr(text, "\"number 0\"") == NULL);
    CHECK(tid_of(text, "number 1099") != 0 && tid_of(text, "number 500") != 0);
    CHECK_EQUAL(tid_of(text, "MainThread"), 1);
    CHECK(count_of(text, "\"cat\":\"life\"") <= 1025);
    free(text);
}

/* -------------------------------------------------------------------------------------- names */

/* JSON has its own ways for quotes, backslashes and control characters, and knows nothing but UTF-8. */
CASE(names_may_contain_anything)
{
    needs_diagnosis();
    char name[260] = "";
    for (int first = 1; first < 256; first += 51) {
        threading_thread_t *thread;
        taker_t taker = {.lock = &hot, .times = 1};
        for (int i = 0; i < 51; i++)
            name[i] = (char)(first + i);
        name[51] = '\0';
        CHECK_STATUS(threading_trace_start(), THREADING_OK);
        CHECK_STATUS(threading_object_set_name(&hot, name), THREADING_OK);
        started_as(&thread, name, take, &taker);
        let_wait(&taker, "waits for Lock \"", 0.001);
        finished(thread);
        char *text = checked();
        CHECK(strstr(text, "\"kind\":\"Lock\"") != NULL);
        free(text);
    }
    static const char *const texts[] = {
        "\"",       "\\",           "a\nb\x01",         "\xE4\xB8\xAD", "\xF0\x9F\x94\x92",
        "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE4\xB8",     "\xFF",
    };
    static const char *const escaped[] = {
        "\\\"",
        "\\\\",
        "a\\u000ab\\u0001",
        "\xE4\xB8\xAD",
        "\xF0\x9F\x94\x92",
        "\\ufffd\\ufffd",
        "\\ufffd\\ufffd\\ufffd",
        "\\ufffd\\ufffd\\ufffd\\ufffd",
        "\\ufffd\\ufffd",
        "\\ufffd",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        threading_thread_t *thread;
        CHECK_STATUS(threading_trace_start(), THREADING_OK);
        started_as(&thread, texts[i], return_at_once, NULL);
        finished(thread);
        char *text = checked();
        CHECK(tid_of(text, escaped[i]) != 0);
        free(text);
    }
}

/* Each is cut in the text, and no line is too long for it, whatever stands before it. */
CASE(longest_names_make_no_broken_line)
{
    needs_diagnosis();
    static char name[10001];
    memset(name, 1, sizeof name - 1);
    CHECK_STATUS(threading_thread_set_name(threading_current_thread(), name), THREADING_OK);
    CHECK_STATUS(threading_object_set_name(&hot, name), THREADING_OK);
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    for (int i = 0; i < 12; i++) {
        threading_thread_t *thread;
        taker_t taker = {.lock = &hot, .times = 1, .asked = 1};
        CHECK_STATUS(threading_lock_acquire(&hot), THREADING_OK);
        started_as(&thread, name, take, &taker);
        await_dump("waits for Lock \"");
        CHECK_STATUS(threading_lock_release(&hot), THREADING_OK);
        finished(thread);
    }
    char *text = checked();
    CHECK_EQUAL(count_of(text, "\"kind\":\"Lock\""), 12);
    free(text);
}

/* -------------------------------------------------------------------------------------- counters */

static void *put_two(void *arg)
{
    int item = 1;
    CHECK_STATUS(threading_queue_put(arg, &item), THREADING_OK);
    CHECK_STATUS(threading_queue_put(arg, &item), THREADING_OK);
    return NULL;
}

CASE(queues_have_counters)
{
    needs_diagnosis();
    threading_queue_t *queue = threading_queue_new(THREADING_QUEUE_FIFO, sizeof(int), 1, NULL);
    threading_thread_t *thread;
    int item;
    CHECK_STATUS(threading_object_set_name(queue, "jobs"), THREADING_OK);
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    started_as(&thread, "putter", put_two, queue);
    await_dump("waits for Queue \"jobs\"");
    CHECK_STATUS(threading_queue_get(queue, &item), THREADING_OK);
    finished(thread);
    char *text = checked();
    event_t full = event_of(text, "\"ph\":\"C\"");
    CHECK(strstr(full.line, "\"name\":\"Queue \\\"jobs\\\"\",\"args\":{\"items\":1}") != NULL);
    event_t empty;
    const char *place = strstr(text, full.line) + strlen(full.line);
    CHECK(next_event(&place, "\"ph\":\"C\"", &empty));
    CHECK(strstr(empty.line, "\"args\":{\"items\":0}") != NULL && empty.since >= full.since);
    CHECK(strstr(text, "\"Queue \\\"jobs\\\", for room\"") != NULL);
    free(text);
    CHECK_STATUS(threading_object_set_name(queue, NULL), THREADING_OK);
    threading_queue_free(queue);
}

CASE(executors_have_counters)
{
    needs_diagnosis();
    threading_executor_t *executor = threading_executor_new(1, NULL);
    CHECK_STATUS(threading_object_set_name(executor, "pool"), THREADING_OK);
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    have_it_done(executor);
    await_dump("waits for Executor \"pool\"");
    have_it_done(executor);
    threading_executor_free(executor);
    char *text = checked();
    event_t idle = event_of(text, "\"ph\":\"C\"");
    CHECK(strstr(idle.line, "\"name\":\"Executor \\\"pool\\\"\",\"args\":{\"items\":0}") != NULL);
    event_t woken = event_of(text, "\"name\":\"Executor \\\"pool\\\"\",\"args\":{\"items\":1}");
    CHECK(woken.tid == idle.tid && woken.since >= idle.since);
    CHECK(strstr(text, "\"Executor \\\"pool\\\", for a task\"") != NULL);
    free(text);
}

/* -------------------------------------------------------------------------------------- bounds */

CASE(last_events_of_a_thread_are_kept_and_the_others_counted)
{
    /* slow */
    needs_diagnosis();
    int sleeps = strcmp(threading_backend(), "win32") == 0 ? 4200 : 10000;
    char dropped[40];
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    for (int i = 0; i < sleeps; i++)
        CHECK_STATUS(threading_sleep(0.000001), THREADING_OK);
    char *text = checked();
    CHECK_EQUAL(count_of(text, "\"name\":\"sleep\""), 4096);
    (void)snprintf(dropped, sizeof dropped, "\"dropped\":%d}", sleeps - 4096);
    CHECK(strstr(life_of(text, 1).line, dropped) != NULL);
    CHECK_EQUAL(count_of(text, dropped), 2); /* and in all */
    double last = 0;
    event_t sleep;
    for (const char *place = text; next_event(&place, "\"name\":\"sleep\"", &sleep);) {
        CHECK(sleep.since >= last - 0.01);
        last = sleep.since + sleep.duration;
    }
    free(text);
}

/* -------------------------------------------------------------------------------------- start, stop, write */

CASE(null_writer_is_refused)
{
    needs_diagnosis();
    CHECK_STATUS(threading_trace_write(NULL, NULL), THREADING_INVALID);
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    CHECK_STATUS(threading_trace_write(NULL, NULL), THREADING_INVALID);
}

CASE(without_a_start_there_is_no_event)
{
    needs_diagnosis();
    CHECK_STATUS(threading_trace_stop(), THREADING_OK);
    wait_for_hot("waiter", 1, 0.001);
    char *text = checked();
    CHECK_EQUAL(count_of(text, "\"ph\":\"X\""), 0);
    free(text);
}

CASE(start_begins_anew)
{
    needs_diagnosis();
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    wait_for_hot("before", 3, 0.001);
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    CHECK_STATUS(threading_sleep(0.001), THREADING_OK);
    wait_for_hot("after", 2, 0.001);
    char *text = checked();
    CHECK(strstr(text, "\"before\"") == NULL);
    CHECK_EQUAL(event_of(text, "\"name\":\"sleep\"").tid, 1); /* a thread from before has a row again */
    CHECK_EQUAL(count_of(text, "\"kind\":\"Lock\""), 2);
    free(text);
}

CASE(stop_keeps_what_was_recorded)
{
    needs_diagnosis();
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    wait_for_hot("during", 3, 0.001);
    CHECK_STATUS(threading_trace_stop(), THREADING_OK);
    char *before = checked();
    wait_for_hot("after", 2, 0.001);
    char *after = checked();
    CHECK_TEXT(after, before);
    CHECK_EQUAL(count_of(after, "\"kind\":\"Lock\""), 3);
    free(before);
    free(after);
}

/* The profile is told by the same watcher. */
CASE(stopping_the_profile_does_not_stop_it)
{
    needs_diagnosis();
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    CHECK_STATUS(threading_profile_start(), THREADING_OK);
    CHECK_STATUS(threading_profile_stop(), THREADING_OK);
    wait_for_hot("waiter", 2, 0.001);
    char *text = checked();
    CHECK_EQUAL(count_of(text, "\"kind\":\"Lock\""), 2);
    free(text);
}

static void write_and_call(void *context, const char *text, size_t length)
{
    threading_lock_t lock = {0};
    recorded_t recorded = {NULL, 0, 0};
    record(context, text, length);
    CHECK_STATUS(threading_trace_write(record, &recorded), THREADING_BUSY);
    CHECK_STATUS(threading_dump(record, &recorded), THREADING_OK);
    CHECK_STATUS(threading_lock_acquire(&lock), THREADING_OK);
    CHECK_STATUS(threading_lock_acquire_timeout(&lock, 0.0005), THREADING_TIMEOUT);
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    free(recorded.text);
}

CASE(writer_may_call_the_library)
{
    needs_diagnosis();
    recorded_t recorded = {NULL, 0, 0};
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    wait_for_hot("waiter", 20, 0.0005);
    CHECK_STATUS(threading_trace_write(write_and_call, &recorded), THREADING_OK);
    CHECK(is_json(recorded.text));
    free(recorded.text);
}

/* -------------------------------------------------------------------------------------- others */

static void child_records_anew(void)
{
    char *text = checked();
    CHECK_EQUAL(count_of(text, "\"kind\":\"Lock\""), 0);
    free(text);
    wait_for_hot("after", 1, 0.001);
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    wait_for_hot("child", 2, 0.001);
    text = checked();
    CHECK_EQUAL(count_of(text, "\"kind\":\"Lock\""), 2);
    CHECK(strstr(text, "\"before\"") == NULL && strstr(text, "\"after\"") == NULL);
    free(text);
}

CASE(forked_child_records_nothing_until_it_starts)
{
    needs_diagnosis();
    needs_threads_in_the_child();
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    wait_for_hot("before", 1, 0.001);
    in_child(child_records_anew);
    char *text = checked();
    CHECK_EQUAL(count_of(text, "\"kind\":\"Lock\""), 1);
    free(text);
}

static atomic_bool is_over;
static threading_queue_t *jobs;

static void *work(void *arg)
{
    int item = 1;
    while (!atomic_load(&is_over)) {
        CHECK_STATUS(threading_lock_acquire(&hot), THREADING_OK);
        (void)threading_sleep(0.00005);
        CHECK_STATUS(threading_lock_release(&hot), THREADING_OK);
        THREADING_IGNORE(threading_queue_put_timeout(jobs, &item, 0.0001));
        THREADING_IGNORE(threading_queue_get_timeout(jobs, 0.0002, &item));
    }
    return arg;
}

CASE(write_start_and_stop_while_others_wait)
{
    needs_diagnosis();
    threading_thread_t *threads[6];
    int rounds = is_slow() ? 10 : 100;
    jobs = threading_queue_new(THREADING_QUEUE_FIFO, sizeof(int), 2, NULL);
    CHECK_STATUS(threading_trace_start(), THREADING_OK);
    for (int i = 0; i < 6; i++)
        threads[i] = started(work, NULL);
    for (int i = 0; i < rounds; i++) {
        char *text = written();
        check_events(text);
        free(text);
        if (i % 3 == 0)
            CHECK_STATUS(threading_trace_start(), THREADING_OK);
        if (i % 5 == 1)
            CHECK_STATUS(threading_trace_stop(), THREADING_OK);
        finished(started(return_at_once, NULL));
    }
    atomic_store(&is_over, true);
    for (int i = 0; i < 6; i++)
        finished(threads[i]);
    threading_queue_free(jobs);
}
