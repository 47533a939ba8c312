/* SPDX-License-Identifier: MIT */
/* The environment variable THREADING_DEBUG, for programs that nobody wants to rebuild. */
#ifndef TI_DEBUG_H
#define TI_DEBUG_H

#if !defined(THREADING_NO_DIAGNOSIS)

/* At the first use of the library, and at each first start of a thread in a forked child: do what the
 * variable asks for. */
void ti_debug_start(void);

/* At the end of the process: write what was to be written then. */
void ti_debug_at_exit(void);

#else
#define ti_debug_start() ((void)0)
#define ti_debug_at_exit() ((void)0)
#endif

#endif
