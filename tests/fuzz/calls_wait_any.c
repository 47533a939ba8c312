/* SPDX-License-Identifier: MIT */
/* threading_wait_any(): section 23 of the header. */
#include "calls.h"

enum { SOURCES = 6 };

static bool any_source(threading_source_t *source, bool *is_ready)
{
    switch (below(has_threads() ? 6 : 5)) {
    case 0:
        return event_source(source, is_ready);
    case 1:
        return semaphore_source(source, is_ready);
    case 2:
        return bounded_source(source, is_ready);
    case 3:
        return queue_source(source, is_ready);
    case 4:
        return future_source(source, is_ready);
    default:
        return thread_source(source, is_ready);
    }
}

/* Which of the sources is ready first; `count` if none is. */
static size_t any_sources(threading_source_t sources[SOURCES], size_t *count)
{
    size_t first = SOURCES;
    *count = 0;
    for (uint32_t i = 1 + below(SOURCES); i > 0; i--) {
        bool is_ready;
        if (!any_source(&sources[*count], &is_ready))
            continue;
        if (is_ready && first == SOURCES)
            first = *count;
        ++*count;
    }
    return first < *count ? first : *count;
}

static void wrong(void)
{
    threading_event_t event = {0};
    threading_source_t sources[] = {THREADING_SOURCE_EVENT(&event), THREADING_SOURCE_EVENT(&event)};
    size_t index = 99;
    STATUS(THREADING_INVALID, NULL, threading_wait_any, (NULL, 1, 0, &index));
    STATUS(THREADING_INVALID, sources, threading_wait_any, (sources, 0, 0, &index));
    sources[below(2)].kind = (threading_source_kind_t)(chance(2) ? 0 : 7);
    STATUS(THREADING_INVALID, sources, threading_wait_any, (sources, 2, 0, &index));
    sources[0].kind = sources[1].kind = (threading_source_kind_t)(1 + below(6));
    sources[0].object = NULL;
    STATUS(THREADING_INVALID, sources, threading_wait_any, (sources, 1, 0, &index));
    MUST(index == 99);
}

/* Its own end, and nothing else. */
static void wait_for_oneself(void)
{
    threading_thread_t *mine = handle_of(acting());
    if (mine == NULL || heeds_a_stop())
        return;
    threading_source_t sources[] = {THREADING_SOURCE_THREAD(mine), THREADING_SOURCE_THREAD(mine)};
    STATUS(THREADING_DEADLOCK, sources, threading_wait_any, (sources, 1 + below(2), THREADING_FOREVER, NULL));
}

static void wait(void)
{
    threading_source_t sources[SOURCES];
    size_t count, index = 99, ready = any_sources(sources, &count);
    limit_t limit = any_limit();
    threading_status_t want = limit_refused(limit);
    if (count == 0)
        return;
    if (want == THREADING_OK && ready == count && !gives_up(limit, &want))
        return;
    STATUS(want, sources, threading_wait_any, (sources, count, limit.seconds, &index));
    MUST(index == (want == THREADING_OK ? ready : 99));
}

static void step(void)
{
    about("sources", 0);
    if (chance(20))
        wrong();
    else if (chance(20))
        wait_for_oneself();
    else
        wait();
}

const family_t wait_any_family = {"wait_any", 200, false, step, NULL, NULL};
