/* SPDX-License-Identifier: MIT */
/* threading_sim_run: run after run, until one fails or nothing is left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic.h"
#include "sim.h"
#include "sim_data.h"
#include "sim_objects.h"
#include "sim_options.h"
#include "sim_search.h"
#include "sim_system.h"

#define TI_SIM_AFTER_RACE 4096 /* runs in which something worse is looked for */
#define TI_SIM_STATICS 64
#define TI_SIM_ALTERNATIVES UINT8_MAX

static struct {
    void *object;
    size_t size;
    void *copy;
} ti_statics[TI_SIM_STATICS];
static size_t ti_statics_count;

/* One threading_sim_run. */
typedef struct ti_search_for {
    void (*body)(void *arg);
    void *arg;
    threading_sim_options_t options;
    threading_sim_report_t *report;
    int64_t end; /* of the time, by the system's clock */
    uint64_t last_run;
    ti_sim_deviation found[TI_SIM_DEVIATIONS]; /* how the run went that failed */
    uint32_t found_count;
} ti_search_for;

static const char *const ti_verdict_names[] = {
    "passed",      "deadlock",       "lost wakeup", "livelock",       "check failed", "race",
    "thread leak", "nondeterminism", "step limit",  "foreign thread", "unsupported",
};

const char *threading_sim_verdict_name(threading_sim_verdict_t verdict)
{
    bool is_known = (int)verdict >= 0 && (size_t)verdict < sizeof ti_verdict_names / sizeof *ti_verdict_names;
    return is_known ? ti_verdict_names[verdict] : "unknown";
}

/* ---- in a body ---- */

bool threading_sim_active(void)
{
    return ti_sim_self() != NULL;
}

/* Without its folders, which are not the same on each machine. */
static const char *ti_file_name(const char *path)
{
    const char *name = path;
    for (; *path != '\0'; path++)
        if (*path == '/' || *path == '\\')
            name = path + 1;
    return name;
}

void threading_sim_check_at(bool condition, const char *what, const char *file, int line)
{
    char text[sizeof ti_sim.message];
    TI_SIM_WITHIN;
    if (ti_sim_self() == NULL || condition)
        return;
    ti_sim_record("check failed", NULL, what);
    (void)snprintf(text, sizeof text, "%s:%d: %s", file != NULL ? ti_file_name(file) : "", line,
                   what != NULL ? what : "");
    ti_sim_fail(THREADING_SIM_CHECK, text);
}

void(threading_sim_check)(bool condition)
{
    TI_SIM_WITHIN;
    if (ti_sim_self() == NULL || condition)
        return;
    ti_sim_record("check failed", NULL, NULL);
    ti_sim_fail(THREADING_SIM_CHECK, "threading_sim_check was given false");
}

/* A decision has 255 alternatives at most: of more, a part is chosen first. */
static uint32_t ti_choose_of(ti_sim_thread *self, uint32_t n)
{
    uint32_t first = 0;
    if (n > TI_SIM_ALTERNATIVES)
        first = TI_SIM_ALTERNATIVES * ti_choose_of(self, (n - 1) / TI_SIM_ALTERNATIVES + 1);
    uint32_t left = n - first < TI_SIM_ALTERNATIVES ? n - first : TI_SIM_ALTERNATIVES;
    uint32_t pick = first + ti_sim_choose(left, left);
    self->history = ti_sim_mix(self->history, pick);
    return pick;
}

uint32_t threading_sim_choose(uint32_t n)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    if (self == NULL || n < 2)
        return 0;
    char text[48];
    uint32_t pick = ti_choose_of(self, n);
    (void)snprintf(text, sizeof text, "choose %u of %u", (unsigned)pick, (unsigned)n);
    ti_sim_record(text, NULL, NULL);
    return pick;
}

void threading_sim_yield(void)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    if (self != NULL)
        ti_sim_yield(self);
}

/* ---- what is there before the first run ---- */

threading_status_t threading_sim_static(void *object, size_t size)
{
    TI_SIM_WITHIN;
    if (object == NULL || size == 0 || ti_sim_self() != NULL)
        return THREADING_INVALID;
    if (ti_statics_count == TI_SIM_STATICS)
        return THREADING_NO_MEMORY;
    void *copy = malloc(size);
    if (copy == NULL)
        return THREADING_NO_MEMORY;
    ti_statics[ti_statics_count].object = object;
    ti_statics[ti_statics_count].size = size;
    ti_statics[ti_statics_count++].copy = memcpy(copy, object, size);
    return THREADING_OK;
}

static void ti_statics_restore(void)
{
    for (size_t i = 0; i < ti_statics_count; i++)
        memcpy(ti_statics[i].object, ti_statics[i].copy, ti_statics[i].size);
}

/* ---- one run ---- */

/* What a run that has ended in full leaves behind is no verdict, since the memory is given back here; the
 * program that the body comes from would lose it. */
static void ti_tell_leaks(threading_sim_report_t *report)
{
    if (ti_sim.verdict != THREADING_SIM_PASSED || ti_sim.is_given_up || report->message[0] != '\0' ||
        ti_sim_memory_left() == 0)
        return;
    ti_sim_state_settle();
    size_t left = ti_sim_memory_left();
    if (left == 0)
        return;
    (void)snprintf(report->message, sizeof report->message,
                   "a run has not freed all that it made: %lu allocations of the library are left",
                   (unsigned long)left);
}

static bool ti_run_once(ti_search_for *search)
{
    ti_sim_state_restore();
    ti_statics_restore();
    bool done = ti_sim_execute(search->body, search->arg);
    if (!done)
        ti_sim_blame(THREADING_SIM_UNSUPPORTED, "there is no memory");
    ti_tell_leaks(search->report);
    search->report->runs++;
    search->report->steps += ti_sim.steps;
    return ti_sim.verdict == THREADING_SIM_PASSED;
}

static void ti_keep_failure(ti_search_for *search)
{
    search->found_count = ti_sim_search_deviations(search->found);
    search->report->verdict = ti_sim.verdict;
    search->report->preemptions = ti_sim_search_preemptions();
    memcpy(search->report->message, ti_sim.message, sizeof search->report->message);
}

/* A race is kept, and something worse looked for: what comes of it. False: that is enough. */
static bool ti_goes_on_after(ti_search_for *search)
{
    if (ti_sim.verdict == THREADING_SIM_RACE && search->report->verdict == THREADING_SIM_PASSED) {
        ti_keep_failure(search);
        uint64_t last = search->report->runs + TI_SIM_AFTER_RACE;
        search->last_run = last < search->last_run ? last : search->last_run;
        return true;
    }
    if (ti_sim.verdict == THREADING_SIM_PASSED || ti_sim.verdict == THREADING_SIM_RACE)
        return true;
    ti_keep_failure(search);
    return false;
}

static bool ti_has_time(const ti_search_for *search, int64_t end)
{
    return search->report->runs < search->last_run && ti_port_now() < end;
}

/* ---- the search ---- */

/* The first run comes twice: the same decisions have to lead to the same run. */
static bool ti_first_run_repeats(ti_search_for *search)
{
    ti_sim_search_level(0);
    ti_sim_search_begin(TI_SIM_BY_BOUND);
    bool passed = ti_run_once(search);
    uint64_t key = ti_sim_search_end_key();
    threading_sim_verdict_t verdict = ti_sim.verdict;
    if (!passed && !ti_goes_on_after(search))
        return false;
    if (!ti_has_time(search, search->end))
        return false;
    ti_sim_search_repeat();
    ti_run_once(search);
    if (ti_sim.verdict == verdict && ti_sim_search_end_key() == key)
        return ti_goes_on_after(search);
    ti_sim.verdict = THREADING_SIM_PASSED; /* whatever the second one has found */
    ti_sim_blame(THREADING_SIM_NONDETERMINISM,
                 "the same decisions led to another run: the body depends on something that is not its own");
    ti_keep_failure(search);
    return false;
}

/* False: the search is over. */
static bool ti_explore_level(ti_search_for *search, uint32_t bound, int64_t end)
{
    ti_sim_search_level(bound);
    do {
        if (!ti_has_time(search, end))
            return false;
        ti_sim_search_begin(TI_SIM_BY_BOUND);
        ti_run_once(search);
        if (!ti_goes_on_after(search))
            return false;
    } while (ti_sim_search_next());
    search->report->preemptions = bound;
    return true;
}

static void ti_explore(ti_search_for *search, int64_t end)
{
    for (uint32_t bound = 0; bound <= search->options.max_preemptions; bound++) {
        if (!ti_explore_level(search, bound, end))
            return;
        if (!ti_sim_search_was_cut()) /* more interruptions make no more orders */
            break;
    }
    search->report->complete = search->report->verdict == THREADING_SIM_PASSED;
}

static void ti_try_at_random(ti_search_for *search)
{
    for (uint64_t i = 0; ti_has_time(search, search->end); i++) {
        bool by_priority = search->options.strategy == THREADING_SIM_PCT ||
                           (search->options.strategy == THREADING_SIM_AUTO && i % 2 != 0);
        ti_sim_search_begin(by_priority ? TI_SIM_BY_PRIORITY : TI_SIM_BY_CHANCE);
        ti_run_once(search);
        if (!ti_goes_on_after(search))
            return;
    }
}

static void ti_search_all(ti_search_for *search)
{
    threading_sim_strategy_t strategy = search->options.strategy;
    int64_t begin = ti_port_now();
    int64_t middle = begin + (search->end - begin) / 2;
    if (!ti_first_run_repeats(search))
        return;
    if (strategy == THREADING_SIM_AUTO || strategy == THREADING_SIM_BOUNDED)
        ti_explore(search, strategy == THREADING_SIM_AUTO ? middle : search->end);
    bool is_over = search->report->complete || (search->report->verdict != THREADING_SIM_PASSED &&
                                                search->report->verdict != THREADING_SIM_RACE);
    if (!is_over && strategy != THREADING_SIM_BOUNDED)
        ti_try_at_random(search);
}

/* ---- the run that failed ---- */

static threading_sim_verdict_t ti_replay(ti_search_for *search)
{
    ti_sim_search_replay(search->found, search->found_count);
    (void)ti_run_once(search);
    return ti_sim.verdict;
}

/* Without the deviation, does it fail as before? Then it goes. */
static bool ti_drop(ti_search_for *search, uint32_t i)
{
    ti_sim_deviation dropped = search->found[i];
    uint32_t behind = search->found_count - i - 1;
    memmove(&search->found[i], &search->found[i + 1], behind * sizeof dropped);
    search->found_count--;
    if (ti_replay(search) == search->report->verdict)
        return true;
    memmove(&search->found[i + 1], &search->found[i], behind * sizeof dropped);
    search->found[i] = dropped;
    search->found_count++;
    return false;
}

/* As long as a search may last: a long run has much to drop. */
static void ti_minimise(ti_search_for *search)
{
    int64_t end = ti_port_now() + (int64_t)(search->options.seconds * 1e9);
    bool is_less = true;
    while (is_less) {
        is_less = false;
        for (uint32_t i = search->found_count; i > 0 && ti_port_now() < end; i--)
            is_less = ti_drop(search, i - 1) || is_less;
    }
}

/* "T1:2>1,15>2": the format's number, then each decision that took another alternative than its first. */
static void ti_write_replay(const ti_search_for *search)
{
    char *text = search->report->replay;
    size_t size = sizeof search->report->replay;
    size_t length = (size_t)snprintf(text, size, "T1:");
    for (uint32_t i = 0; i < search->found_count && length + 24 < size; i++)
        length += (size_t)snprintf(text + length, size - length, "%s%u>%u", i > 0 ? "," : "",
                                   (unsigned)search->found[i].decision, (unsigned)search->found[i].pick);
}

static bool ti_parse_number(const char **text, char behind, uint32_t *number)
{
    char *end;
    if (**text < '0' || **text > '9')
        return false;
    unsigned long long value = strtoull(*text, &end, 10);
    *number = (uint32_t)value;
    *text = end + (*end != '\0');
    bool is_last = behind == ',' && *end == '\0';
    return value <= UINT32_MAX && (is_last || (*end == behind && **text != '\0'));
}

static bool ti_parse_replay(const char *text, ti_search_for *search)
{
    if (strncmp(text, "T1:", 3) != 0)
        return false;
    for (text += 3; *text != '\0'; search->found_count++) {
        if (search->found_count == TI_SIM_DEVIATIONS)
            return false;
        ti_sim_deviation *next = &search->found[search->found_count];
        if (!ti_parse_number(&text, '>', &next->decision) || !ti_parse_number(&text, ',', &next->pick))
            return false;
    }
    return true;
}

/* It has failed, and by the same decisions it does not: they are not all that it depends on, or there are
 * more than can be kept. */
static void ti_tell_no_replay(threading_sim_report_t *report, uint32_t deviations)
{
    if (deviations < TI_SIM_DEVIATIONS)
        report->verdict = THREADING_SIM_NONDETERMINISM;
    (void)snprintf(
        report->message, sizeof report->message, "%s",
        deviations < TI_SIM_DEVIATIONS
            ? "the run that failed does not fail by the same decisions: the body depends on something "
              "that is not its own"
            : "the run that failed has too many decisions to be told and run again");
}

/* Once more, for the table. */
static void ti_tell(ti_search_for *search)
{
    threading_sim_verdict_t found = search->report->verdict;
    ti_sim_table_begin();
    ti_sim.is_recorded = true;
    threading_sim_verdict_t verdict = ti_replay(search);
    ti_sim.is_recorded = false;
    if (found != THREADING_SIM_PASSED && verdict != found) {
        ti_tell_no_replay(search->report, search->found_count);
        return;
    }
    ti_keep_failure(search);
    if (!ti_sim_search_replay_fits())
        (void)snprintf(search->report->message, sizeof search->report->message,
                       "the replay text is of another run: this one has not met all of its decisions");
    if (verdict == THREADING_SIM_PASSED)
        return;
    ti_write_replay(search);
    if (search->options.write != NULL)
        ti_sim_table_write(search->options.write, search->options.context, search->report->replay);
}

/* ---- the call ---- */

static void ti_refuse(threading_sim_report_t *report, const char *why)
{
    report->verdict = THREADING_SIM_UNSUPPORTED;
    (void)snprintf(report->message, sizeof report->message, "%s", why);
}

/* Why nothing can be run, or NULL. */
static const char *ti_search_init(ti_search_for *search)
{
    threading_sim_options_t *options = &search->options;
    const char *problem = ti_sim_options(options);
    if (problem != NULL)
        return problem;
    if (search->body == NULL)
        return "there is no body";
    if (options->replay != NULL && !ti_parse_replay(options->replay, search))
        return "the replay text is none of this version";
    if (!ti_sim_search_init(options->seed) || !ti_sim_state_keep() || (options->weak && !ti_sim_weak_init()))
        return "there is no memory";
    return NULL;
}

/* Whether the run that came to this verdict comes to it again. */
static bool ti_can_come_again(threading_sim_verdict_t verdict)
{
    return verdict != THREADING_SIM_PASSED && verdict != THREADING_SIM_UNSUPPORTED &&
           verdict != THREADING_SIM_NONDETERMINISM;
}

static void ti_search_run(ti_search_for *search)
{
    ti_sim.max_steps = search->options.max_steps;
    ti_sim.is_inside = search->options.inside;
    ti_sim.is_spurious = search->options.spurious;
    ti_sim.is_weak = search->options.weak;
    if (search->options.replay == NULL)
        ti_search_all(search);
    if (ti_can_come_again(search->report->verdict))
        ti_minimise(search);
    if (ti_can_come_again(search->report->verdict) || search->options.replay != NULL)
        ti_tell(search);
    ti_sim_state_restore();
}

static void ti_search_prepare(ti_search_for *search)
{
    (void)ti_sim_fenced; /* what sim_tsan calls, which the one file has not */
    (void)ti_sim_data_freed;
    (void)ti_sim_data_new;
    threading_sim_report_t *report = search->report;
    const char *problem = ti_search_init(search);
    if (problem != NULL) {
        ti_refuse(report, problem);
    } else {
        int64_t begin = ti_port_now();
        search->end = begin + (int64_t)(search->options.seconds * 1e9);
        search->last_run = search->options.max_runs != 0 ? search->options.max_runs : UINT64_MAX;
        ti_sim_pin(true);
        ti_search_run(search);
        ti_sim_pin(false);
        report->seconds = (double)(ti_port_now() - begin) / 1e9;
    }
    ti_sim_search_free();
    ti_sim_weak_free();
}

threading_sim_verdict_t threading_sim_run(void (*body)(void *arg), void *arg,
                                          const threading_sim_options_t *options,
                                          threading_sim_report_t *report)
{
    static ti_search_for search;
    static uint32_t is_under_way;
    threading_sim_report_t unwanted;
    if (report == NULL)
        report = &unwanted;
    memset(report, 0, sizeof *report);
    /* Acquire: pairs with the release below; the search before this one is over. */
    if (ti_sim_self() != NULL || !ti_swap_acquire(&is_under_way, 0, 1)) {
        ti_refuse(report, ti_sim_self() != NULL ? "a run within a run" : "another thread's run is under way");
        return report->verdict;
    }
    memset(&search, 0, sizeof search);
    search.body = body;
    search.arg = arg;
    search.report = report;
    if (options != NULL)
        search.options = *options;
    ti_sim_within_reset(1);
    ti_search_prepare(&search);
    ti_sim_within_reset(0);
    ti_store_release(&is_under_way, 0);
    return report->verdict;
}
