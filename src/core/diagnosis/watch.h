/* SPDX-License-Identifier: MIT */
/*
 * The profile and the trace are told of the same news by the one watcher that there can be (blocked.h). When
 * neither is on there is none, and a sleep costs what it costs without them.
 */
#ifndef TI_WATCH_H
#define TI_WATCH_H

#include <stdint.h>

#include "self.h"

enum { TI_WATCH_PROFILE = 1, TI_WATCH_TRACE = 2 };

#if !defined(THREADING_NO_DIAGNOSIS)

/* Let one of the two be told from now on, or no more. */
void ti_watch_begin(ti_self *self, uint32_t whom);
void ti_watch_end(ti_self *self, uint32_t whom);

/* In a forked child: nothing is recorded, and nothing was. */
void ti_watch_reset(void);

/* When no thread is known: the same, and the memory is given back. */
void ti_watch_unload(void);

#else
#define ti_watch_reset() ((void)0)
#define ti_watch_unload() ((void)0)
#endif

#endif
