/* SPDX-License-Identifier: MIT */
/*
 * The trace: what each thread waited for, event by event, and who woke it.
 *
 * All its memory is taken at the first start, since the thread that tells of a wait may be in the middle of
 * malloc. It is a pool of chunks of events, and a row for each thread. A row takes a chunk when it needs one,
 * until it has the most that it may have or there is none left; from then on its newest event takes the place
 * of its oldest. A thread's row stays when the thread has ended, until another one needs it and there is none
 * left.
 *
 * One guard protects all of it. A thread that tells of a wait has just slept, which takes far longer than the
 * guard is held. The registry's guard may be taken under it, for names. Pages of the pool that are not used
 * yet cost no memory.
 */
#ifndef TI_TRACE_H
#define TI_TRACE_H

#include "guard.h"
#include "self.h"
#include "text.h"

#if !defined(THREADING_NO_DIAGNOSIS)

#define TI_TRACE_CHUNK 64 /* events */
#define TI_TRACE_CHUNKS 4096
#define TI_TRACE_ROWS 1024
#define TI_TRACE_ROW_CHUNKS 64 /* most of a row: 4,096 events */

typedef enum ti_trace_end {
    TI_TRACE_WOKEN,
    TI_TRACE_LIMIT, /* the wait's time was over */
    TI_TRACE_OTHER,
    TI_TRACE_ITEMS, /* no wait: so many items were there */
    TI_TRACE_WAITS  /* not over: of no event that is kept */
} ti_trace_end;

/*
 *   since, until      of the wait; both the moment when items were counted
 *   woken_at, waker   if it was woken
 *   number            of the waker; of items: how many
 */
typedef struct ti_trace_event {
    const void *object;
    int64_t since;
    int64_t until;
    int64_t woken_at;
    uint32_t number;
    uint16_t on;
    uint16_t end;
} ti_trace_event;

/*
 *   ident    0: it is nobody's
 *   count    events so far
 *   chunks   the numbers of its chunks; it has chunk_count
 */
typedef struct ti_trace_row {
    uint32_t ident;
    uint32_t chunk_count;
    uint64_t count;
    int64_t began;
    int64_t ended; /* 0: it has not */
    uint16_t chunks[TI_TRACE_ROW_CHUNKS];
    char name[TI_TEXT_NAME];
} ti_trace_row;

/*
 *   guard             protects all that follows
 *   started, stopped  when; stopped is TI_FOREVER meanwhile
 *   row_count         how many were ever used
 *   ended_count       how many are of threads that have ended
 *   lost              events of threads for which there was no row, and of rows that were given to others
 *   chunk_count       how many are used
 */
typedef struct ti_trace {
    ti_guard guard;
    int64_t started;
    int64_t stopped;
    uint32_t row_count;
    uint32_t ended_count;
    uint32_t lost;
    uint32_t chunk_count;
    ti_trace_row rows[TI_TRACE_ROWS];
    ti_trace_event chunks[TI_TRACE_CHUNKS][TI_TRACE_CHUNK];
} ti_trace;

/* NULL: none was started. */
ti_trace *ti_trace_get(void);

/* Under the guard: how many events are kept, and the n-th of all. */
uint64_t ti_trace_kept(const ti_trace_row *row);
ti_trace_event *ti_trace_event_at(ti_trace *trace, const ti_trace_row *row, uint64_t n);

/* What the watcher is told (watch.h). */
void ti_trace_hear(ti_self *self, const ti_news *news);

/* As ti_watch_reset and ti_watch_unload. */
void ti_trace_reset(void);
void ti_trace_unload(void);

/* In a forked child: nobody writes. */
void ti_trace_reset_writer(void);

#endif

#endif
