/* SPDX-License-Identifier: MIT */
/* Compares each call, keeps the last ones, and makes up numbers and times. */
#include "calls_check.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#endif

#include "calls.h"

enum { LAST = 60, NO_ERROR_OF_OURS = 77 };

/* ------------------------------------------------------------------------------------- chance */

static uint64_t seed_of_all, random_state;

/* splitmix64: small, and the same on every machine. */
static uint64_t random_bits(void)
{
    uint64_t bits = random_state += 0x9E3779B97F4A7C15u;
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9u;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu;
    return bits ^ (bits >> 31);
}

uint32_t below(uint32_t limit)
{
    return (uint32_t)(((random_bits() >> 32) * limit) >> 32);
}

bool chance(uint32_t one_in)
{
    return below(one_in) == 0;
}

/* --------------------------------------------------------------------------------- last calls */

typedef struct line {
    const char *name, *kind;
    int index, actor;
    double number;
    intmax_t result;
    bool is_status;
} line_t;

static line_t last[LAST];
static uint64_t made;
static const char *kind_now = "";
static int index_now;
static double number_now;

void about(const char *kind, int index)
{
    kind_now = kind;
    index_now = index;
    number_now = 0;
}

void noting(double number)
{
    number_now = number;
}

uint64_t calls_made(void)
{
    return made;
}

static void keep(const call_t *call, intmax_t result, bool is_status)
{
    last[made % LAST] = (line_t){call->name, kind_now, index_now, acting(), number_now, result, is_status};
    made++;
}

static void print_line(const line_t *line)
{
    fprintf(stderr, "  actor %d: %s, %s %d, %.17g: ", line->actor, line->name, line->kind, line->index,
            line->number);
    if (line->is_status)
        fprintf(stderr, "%s\n", threading_status_name((threading_status_t)line->result));
    else
        fprintf(stderr, "%lld\n", (long long)line->result);
}

static void print_last(void)
{
    fprintf(stderr, "seed %llu, after %llu calls; the last of them:\n", (unsigned long long)seed_of_all,
            (unsigned long long)made);
    for (uint64_t i = made < LAST ? 0 : made - LAST; i < made; i++)
        print_line(&last[i % LAST]);
}

/* The other threads stand still, and shall not be waited for. */
THREADING_NORETURN static void give_up(void)
{
    fflush(stderr);
    abort();
}

void must_failed(const char *what, const char *file, int line)
{
    print_last();
    fprintf(stderr, "%s:%d: this does not hold: %s\n", file, line, what);
    give_up();
}

THREADING_NORETURN static void wrong(const call_t *call, const char *what)
{
    print_last();
    fprintf(stderr, "%s: %s\n", call->name, what);
    give_up();
}

/* ------------------------------------------------------------------------------ what is told */

static bool has_handlers;
static unsigned misuses, deadlocks;
static const char *misused_call;
static const void *misused_object;
static threading_status_t misuse_status;

static void note_misuse(const char *call, const void *object, threading_status_t status, void *arg)
{
    (void)arg;
    if (!is_turn_of_caller())
        return;
    misuses++;
    misused_call = call;
    misused_object = object;
    misuse_status = status;
}

static void note_deadlock(const threading_deadlock_t *links, size_t count, void *arg)
{
    (void)arg;
    (void)links;
    MUST(count > 0);
    if (is_turn_of_caller())
        deadlocks++;
}

static bool is_misuse(threading_status_t status)
{
    return status == THREADING_INVALID || status == THREADING_NOT_HELD || status == THREADING_NOT_OWNER ||
           status == THREADING_NOT_STARTED || status == THREADING_ALREADY_STARTED ||
           status == THREADING_OVERFLOW;
}

static void check_told(const call_t *call, threading_status_t status)
{
    bool misused = is_misuse(status);
    if (misuses != misused || (misused && misuse_status != status))
        wrong(call, misused ? "the misuse handler was not told once" : "the misuse handler was told");
    if (misused && strcmp(misused_call, call->name) != 0)
        wrong(call, misused_call);
    if (misused && misused_object != call->object)
        wrong(call, "the misuse handler was told of another object");
    if (deadlocks != (status == THREADING_DEADLOCK))
        wrong(call, deadlocks > 0 ? "the deadlock handler was told" : "the deadlock handler was not told");
}

/* ------------------------------------------------------------------------------------- a call */

static void mark_errors(void)
{
    errno = NO_ERROR_OF_OURS;
#if defined(_WIN32)
    SetLastError(NO_ERROR_OF_OURS);
#endif
}

static bool errors_are_kept(void)
{
#if defined(_WIN32)
    if (GetLastError() != NO_ERROR_OF_OURS)
        return false;
#endif
    return errno == NO_ERROR_OF_OURS;
}

call_t call_begins(const char *name, const void *object)
{
    call_t call = {name, object, misuses, deadlocks};
    misuses = deadlocks = 0;
    mark_errors();
    return call;
}

static void call_ends(const call_t *call, threading_status_t status)
{
    if (!errors_are_kept())
        wrong(call, "errno is not as before");
    if (has_handlers)
        check_told(call, status);
    misuses = call->misuses;
    deadlocks = call->deadlocks;
    mark_errors(); /* a call inside another one's callback leaves the errors alone too */
}

void call_gives_status(const call_t *call, threading_status_t got, threading_status_t want)
{
    bool kept = errors_are_kept();
    keep(call, got, true);
    if (got != want) {
        char text[100];
        snprintf(text, sizeof text, "it should have given %s", threading_status_name(want));
        wrong(call, text);
    }
    MUST(kept);
    call_ends(call, got);
}

void call_gives_number(const call_t *call, intmax_t got, intmax_t want)
{
    bool kept = errors_are_kept();
    keep(call, got, false);
    if (got != want) {
        char text[100];
        snprintf(text, sizeof text, "it should have given %lld", (long long)want);
        wrong(call, text);
    }
    MUST(kept);
    call_ends(call, THREADING_OK);
}

/* --------------------------------------------------------------------------------------- time */

const limit_t TRY = {0, SPAN_TRY}, FOREVER = {THREADING_FOREVER, SPAN_FOREVER};

/* Rarely one that is short: it takes the most time of all. */
static limit_t good_limit(void)
{
    static const limit_t limits[] = {
        {0.0, SPAN_ZERO},   {-0.0, SPAN_ZERO},     {THREADING_FOREVER, SPAN_FOREVER},
        {3600, SPAN_LONG},  {1e9, SPAN_LONG},      {THREADING_TIMEOUT_MAX, SPAN_LONG},
        {1e-9, SPAN_SHORT}, {DBL_MIN, SPAN_SHORT}, {1e-6, SPAN_SHORT}};
    return limits[below(chance(40) ? 9 : 6)];
}

static limit_t wrong_limit(void)
{
    static const limit_t limits[] = {{-2, SPAN_INVALID},
                                     {-0.5, SPAN_INVALID},
                                     {-DBL_MIN, SPAN_INVALID},
                                     {-1.0000000000000002, SPAN_INVALID},
                                     {-0.9999999999999999, SPAN_INVALID},
                                     {-DBL_MAX, SPAN_INVALID},
                                     {9223372036.000002, SPAN_OVERFLOW},
                                     {9223372037.0, SPAN_OVERFLOW},
                                     {1e19, SPAN_OVERFLOW},
                                     {DBL_MAX, SPAN_OVERFLOW}};
    switch (below(6)) {
    case 0:
        return (limit_t){(double)NAN, SPAN_INVALID};
    case 1:
        return (limit_t){(double)INFINITY, SPAN_OVERFLOW};
    case 2:
        return (limit_t){-(double)INFINITY, SPAN_INVALID};
    default:
        return limits[below(10)];
    }
}

limit_t any_limit(void)
{
    limit_t limit = chance(5) ? wrong_limit() : good_limit();
    noting(limit.seconds);
    return limit;
}

threading_status_t limit_refused(limit_t limit)
{
    noting(limit.seconds);
    if (limit.span == SPAN_INVALID)
        return THREADING_INVALID;
    return limit.span == SPAN_OVERFLOW ? THREADING_OVERFLOW : THREADING_OK;
}

/* What may not wait answers as ever, whatever stop is heeded. Whether a short time was over too when the wait
 * looked why it ends, and so which of both it tells, cannot be known here. */
bool gives_up(limit_t limit, threading_status_t *want)
{
    *want = limit.span == SPAN_TRY ? THREADING_BUSY : THREADING_TIMEOUT;
    if (limit.span == SPAN_TRY || limit.span == SPAN_ZERO)
        return true;
    if (limit.span == SPAN_SHORT)
        return !is_told_to_stop();
    *want = THREADING_CANCELLED;
    return is_told_to_stop();
}

/* -------------------------------------------------------------------------------- begin and end */

void check_begins(uint64_t seed)
{
    seed_of_all = random_state = seed;
    has_handlers = threading_set_misuse_handler(note_misuse, NULL) == THREADING_OK &&
                   threading_set_deadlock_handler(note_deadlock, NULL) == THREADING_OK;
}

void check_ends(void)
{
    if (!has_handlers)
        return;
    MUST(threading_set_misuse_handler(NULL, NULL) == THREADING_OK);
    MUST(threading_set_deadlock_handler(NULL, NULL) == THREADING_OK);
}

/* ---------------------------------------------------------------------------------- sanitizers */

/* Locks are taken in every order and left held, and some are made anew then; and memory is asked for that
 * nobody has: all on purpose. */
#if defined(THREADING_TSAN)
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "detect_deadlocks=0:report_destroy_locked=0:allocator_may_return_null=1";
}
#else
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}
#endif
