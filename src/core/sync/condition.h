/* SPDX-License-Identifier: MIT */
/* Condition, for other files of the library that have checked all arguments. */
#ifndef TI_CONDITION_H
#define TI_CONDITION_H

#include <stdint.h>

#include "self.h"

/* As threading_condition_wait_timeout() for a caller that holds the lock. */
threading_status_t ti_condition_wait(threading_condition_t *condition, ti_self *self, int64_t deadline);

#endif
