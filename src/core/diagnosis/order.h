/* SPDX-License-Identifier: MIT */
#ifndef TI_ORDER_H
#define TI_ORDER_H

#include "port.h"

void ti_order_start(threading_write_t write, void *context);

#endif
