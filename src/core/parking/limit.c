/* SPDX-License-Identifier: MIT */
#include "limit.h"

#include "deadline.h"

/* The stop that the calling thread heeds in its present wait. */
static const threading_stop_t *ti_stop_heeded(const ti_self *self)
{
    return self->deaf > 0 ? NULL : self->stop;
}

bool ti_limit_is_reached(const ti_self *self, int64_t deadline)
{
    return ti_deadline_passed(deadline) || threading_stop_requested(ti_stop_heeded(self));
}

int64_t ti_limit_next(const ti_self *self, int64_t deadline)
{
    for (const threading_stop_t *stop = ti_stop_heeded(self); stop != NULL; stop = stop->parent)
        if (stop->has_deadline && stop->deadline < deadline)
            deadline = stop->deadline;
    return deadline;
}

threading_status_t ti_limit_status(int64_t deadline)
{
    return ti_deadline_passed(deadline) ? THREADING_TIMEOUT : THREADING_CANCELLED;
}
