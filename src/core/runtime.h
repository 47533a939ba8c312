/* SPDX-License-Identifier: MIT */
/* The process: its exit, its forks. */
#ifndef TI_RUNTIME_H
#define TI_RUNTIME_H

#include <stdbool.h>
#include <stdint.h>

#include "port.h"

/* The copy's first use: have all that is needed for threads, once. False: the process would not wait for
 * them at its exit, or a forked child could not be told; asked again, it tries again. */
bool ti_runtime_start(void);
/* Whether anything has been used since the code was loaded, or unloaded by threading_unload(). */
bool ti_runtime_is_used(void);
void ti_runtime_use(void);
/* The next use is a first use. */
void ti_runtime_reset(void);

/* Whether a thread has begun to end the process; certain for that one only. */
bool ti_exit_has_begun(void);

/* Whether the joins at exit are done. */
bool ti_is_finalizing(void);

/* shutdown.c: the wait at exit, as the hook; and in a forked child, which is not exiting. */
void ti_shutdown_at_exit(void);
void ti_shutdown_reset(void);
bool ti_shutdown_is_exiting(void);

/* fork.c: a number that is another one in each forked child. (The hooks are in port.h.) */
extern uint32_t ti_fork_family;

/* Memory that is to be given back as soon as the hooks of all are over: in one of ours no allocator may be
 * called. It has room for a pointer; NULL is allowed. And outside of them: give back what was put off. */
void ti_fork_put_off(void *memory);
void ti_fork_put_record_off(
    threading_thread_t *record); /* the same for a reference, which nobody else gives back */
void ti_fork_settle(void);

#endif
