/* SPDX-License-Identifier: MIT */
/* The wait for any of several things, for arguments that were checked. */
#ifndef TI_WAIT_ANY_H
#define TI_WAIT_ANY_H

#include <stddef.h>
#include <stdint.h>

#include "self.h"

/* Wait until a source is ready; *index is the first one that is. */
threading_status_t ti_wait_any(threading_source_t *sources, size_t count, ti_self *self, int64_t deadline,
                               size_t *index);

#endif
