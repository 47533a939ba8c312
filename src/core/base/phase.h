/* SPDX-License-Identifier: MIT */
/* What the process has come to, for all who ask: whether the library is used, whether the process ends,
 * which process of a family of forks it is. */
#ifndef TI_PHASE_H
#define TI_PHASE_H

#include <stdbool.h>
#include <stdint.h>

/* A number that is another one in each forked child. */
extern uint32_t ti_phase_family;

/* Whether anything has been used since the code was loaded, or unloaded by threading_unload(). It is said
 * before a first thread takes a guard or is entered anywhere, so that a fork beside that finds it
 * (fork.c). */
bool ti_phase_is_used(void);
void ti_phase_use(void);
void ti_phase_forget_use(void);

/* A thread begins to end the process. True for the first one, at each of its calls. */
bool ti_phase_claim_exit(uint32_t ident);

/* Whether a thread has begun to; certain for that thread only. */
bool ti_phase_is_exiting(void);

/* Under the registry's guard: the joins at exit are done, nothing more is waited for. */
void ti_phase_finalize(void);
bool ti_phase_is_finalizing(void);

/* In a forked child: another process, which is not exiting. */
void ti_phase_reset(void);

#endif
