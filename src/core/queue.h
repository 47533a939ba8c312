/* SPDX-License-Identifier: MIT */
/* Queue, as threading_wait_any sees it. */
#ifndef TI_QUEUE_H
#define TI_QUEUE_H

#include <stdbool.h>

#include "port.h"

/* Whether a get would not wait. */
bool ti_queue_is_ready(threading_queue_t *queue);

/* What its watchers wait for. */
const void *ti_queue_address(const threading_queue_t *queue);

#endif
