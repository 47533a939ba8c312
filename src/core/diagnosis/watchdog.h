/* SPDX-License-Identifier: MIT */
/*
 * The watchdog: a thread of the library's own that dumps when a wait takes too long, or when the user asks.
 *
 * It is no Thread, and waits for nothing but time. It looks some times in a second, so that what it costs
 * does not depend on what the program does.
 */
#ifndef TI_WATCHDOG_H
#define TI_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#include "port.h"

#if !defined(THREADING_NO_DIAGNOSIS)

/* Dump when a thread has waited for so many nanoseconds, once for each wait; TI_FOREVER: not for that. And
 * when the user asks by the keyboard, if those requests are counted. False: there can be no thread. */
bool ti_watchdog_start(int64_t limit, threading_write_t write, void *context);

#endif

#endif
