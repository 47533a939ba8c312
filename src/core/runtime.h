/* SPDX-License-Identifier: MIT */
/* The process: its exit, its forks. */
#ifndef TI_RUNTIME_H
#define TI_RUNTIME_H

#include <stdbool.h>
#include <stdint.h>

/* Register the hooks, once. False: the process would not wait for threads at its exit. */
bool ti_runtime_start(void);

/* Whether a thread has begun to end the process; certain for that one only. */
bool ti_exit_has_begun(void);

/* Whether the joins at exit are done. */
bool ti_is_finalizing(void);

/* shutdown.c: the wait at exit, as the hook; and in a forked child, which is not exiting. */
void ti_shutdown_at_exit(void);
void ti_shutdown_reset(void);

/* fork.c: the hooks, and a number that is another one in each forked child. */
void ti_fork_prepare(void);
void ti_fork_parent(void);
void ti_fork_child(void);
extern uint32_t ti_fork_family;

#endif
