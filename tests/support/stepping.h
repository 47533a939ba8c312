/* SPDX-License-Identifier: MIT */
/*
 * Stop a thread inside a call of the library, between any two of its instructions, without touching the code.
 *
 * The thread runs with the processor's trap flag set: after each instruction the processor calls a handler.
 * That one watches some memory. Once the memory has changed, it lets the thread run so many instructions
 * more, and keeps it there until the case lets it go on. From the change on the handler reads the watched
 * memory no more: it may be another's by then, or unmapped.
 *
 *     stepped thread                              the case
 *     stepping_begin(&step);
 *     threading_lock_release(&lock);              AWAIT(stepping_is_stopped(&step));
 *     stepping_end(&step);                        … the thread is inside the release …
 *                                                 stepping_go_on(&step);
 *
 * One thread at a time is stepped.
 */
#ifndef STEPPING_H
#define STEPPING_H

#include "conformance.h"

#define STEPPING_WATCHED_MAX 8

/*
 *   watched, size  at most STEPPING_WATCHED_MAX bytes, whose first change is the effect of the call
 *   instructions   how many to run after that one before the stop
 *   guard          NULL, or a word: at an instruction at which its lowest bit is set the thread neither stops
 *                  nor counts, since it holds what the case needs
 */
typedef struct stepping {
    const void *watched;
    size_t size;
    long instructions;
    const uintptr_t *guard;
    unsigned char before[STEPPING_WATCHED_MAX]; /* private from here */
    atomic_int state;
    volatile bool has_changed;
    volatile bool has_ended;
} stepping_t;

/* Skips the case where no thread can be stepped; docs/limits-of-the-check.md has the same words. */
void needs_stepping(void);

/* In the thread, around the call. */
void stepping_begin(stepping_t *step);
void stepping_end(stepping_t *step);

/* In the case. */
bool stepping_is_stopped(stepping_t *step);
void stepping_go_on(stepping_t *step);
bool stepping_is_over(stepping_t *step);

/* Take one page of memory away from the process, or give it back. */
void page_protect(void *page, size_t size, bool is_taken);

#endif
