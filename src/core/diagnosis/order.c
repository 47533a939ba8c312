/* SPDX-License-Identifier: MIT */
#include "order.h"

#if !defined(THREADING_NO_DIAGNOSIS)

void ti_order_start(threading_write_t write, void *context)
{
    (void)write;
    (void)context;
}

#endif
