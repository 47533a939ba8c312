/* SPDX-License-Identifier: MIT */
/*
 * Priorities: five levels, which each backend maps to what its system has.
 *
 * Only the new thread itself can set its own, so a start that asks for one waits for the answer. A thread
 * that is refused ends before its target runs, and its start fails as if the system had not had it.
 */
#ifndef TI_PRIORITY_H
#define TI_PRIORITY_H

#include "thread.h"

/* Whether a number is one of the five. */
bool ti_priority_is_level(int priority);

/* In the new thread: have the priority that was asked for, and tell the starter. False: it is refused. */
bool ti_priority_take(threading_thread_t *thread);

/* In the starter: wait until that is known. THREADING_UNSUPPORTED: it is refused, and the system's thread
 * is gone. */
threading_status_t ti_priority_await(threading_thread_t *thread, ti_self *caller);

#endif
