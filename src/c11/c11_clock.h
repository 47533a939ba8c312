/* SPDX-License-Identifier: MIT */
/* How the timed waits of the backend, which sleep in slices, keep its clock going. */
#ifndef TI_C11_CLOCK_H
#define TI_C11_CLOCK_H

#include <stdint.h>
#include <threads.h>

#define TI_C11_SECOND INT64_C(1000000000)
#define TI_C11_SLICE (TI_C11_SECOND / 20) /* what a timed wait sleeps at most before it looks at the clock */

/* Around a timed wait. */
void ti_c11_wait_begin(void);
void ti_c11_wait_end(void);

/* Within one: how long to sleep now, at most a slice, and 0 when the deadline has come. */
int64_t ti_c11_slice(int64_t deadline);

/* A mutex of the backend's own, which no status can refuse: when memory is out it waits for some. */
void ti_c11_mutex_init(mtx_t *mutex);

#endif
