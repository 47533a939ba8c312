/* SPDX-License-Identifier: MIT */
/* The environment variable THREADING_DEBUG, for programs that nobody wants to rebuild. */
#ifndef TI_DEBUG_H
#define TI_DEBUG_H

#if !defined(THREADING_NO_DIAGNOSIS)

/* At each thread's first call, before the thread has its pointer (port.h, 4): whether locks are watched is
 * decided once, and other threads wait until it is. Nothing of malloc's is used. */
void ti_debug_begin(void);

/* When no thread has a pointer any more: the next use is a first one. */
void ti_debug_end(void);

/* In a forked child: a thread that was reading the variable is not there. */
void ti_debug_forked(void);

/* At the first use of the library, and at each first start of a thread in a forked child: do what the
 * variable asks for. */
void ti_debug_start(void);

/* At the end of the process: write what was to be written then. */
void ti_debug_at_exit(void);

#else
#define ti_debug_begin() ((void)0)
#define ti_debug_end() ((void)0)
#define ti_debug_forked() ((void)0)
#define ti_debug_start() ((void)0)
#define ti_debug_at_exit() ((void)0)
#endif

#endif
