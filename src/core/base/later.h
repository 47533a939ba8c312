/* SPDX-License-Identifier: MIT */
/*
 * Memory that is given back later: where it falls free, no allocator may be called. That is so in a hook
 * of fork (fork.c), and under a guard.
 */
#ifndef TI_LATER_H
#define TI_LATER_H

/* Put memory off that has room for a pointer; NULL is allowed. The caller is the process's only thread, or
 * holds the guard under which all others call. */
void ti_later_free(void *memory);

/* Give back what was put off. */
void ti_later_settle(void);

#endif
