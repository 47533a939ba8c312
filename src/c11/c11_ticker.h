/* SPDX-License-Identifier: MIT */
/* The ticker: a thread that wakes the timed parks of the backend, so that a wall clock that is set back does
 * not lengthen them. */
#ifndef TI_C11_TICKER_H
#define TI_C11_TICKER_H

#include "port.h"

/* Around a timed park, under the parker's mutex. */
void ti_c11_ticker_add(ti_parker *parker);
void ti_c11_ticker_remove(ti_parker *parker);

/* Whether there is no ticker, and none of it is left in this code. */
bool ti_c11_ticker_is_gone(void);

#endif
