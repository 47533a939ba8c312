/* SPDX-License-Identifier: MIT */
/* A gate keeps threads where a case wants them: a Lock that the case holds, and that anyone may release. */
#ifndef GATE_H
#define GATE_H

#include "conformance.h"

THREADING_UNUSED THREADING_NO_ANALYSIS static inline void gate_close(threading_lock_t *gate)
{
    CHECK_STATUS(threading_lock_acquire(gate), THREADING_OK);
}

THREADING_UNUSED THREADING_NO_ANALYSIS static inline void gate_open(threading_lock_t *gate)
{
    CHECK_STATUS(threading_lock_release(gate), THREADING_OK);
}

/* Waits until the gate is open, and leaves it open for the next. */
THREADING_UNUSED THREADING_NO_ANALYSIS static inline void gate_pass(threading_lock_t *gate)
{
    CHECK_STATUS(threading_lock_acquire(gate), THREADING_OK);
    CHECK_STATUS(threading_lock_release(gate), THREADING_OK);
}

/* A target that lives until its gate is opened; its result is the gate. */
THREADING_UNUSED static inline void *wait_at_gate(void *gate)
{
    gate_pass(gate);
    return gate;
}

/* A target that ends at once; its result is its argument. */
THREADING_UNUSED static inline void *return_at_once(void *arg)
{
    return arg;
}

#endif
