/* SPDX-License-Identifier: MIT */
/* Executor, as other files of the library see it. */
#ifndef TI_EXECUTOR_H
#define TI_EXECUTOR_H

#include <stdbool.h>

#include "self.h"

/* In a worker: run a task of its own executor that has not begun. False: it is another's, or has begun. */
bool ti_executor_help(threading_future_t *future, ti_self *self);

/* The process waits for its threads: shut all executors down, and have none begin until they are opened
 * again. */
void ti_executors_close(ti_self *self);
void ti_executors_open(void);

/* In a forked child, which has none of them. */
void ti_executors_reset(void);

#endif
