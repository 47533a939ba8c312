/* SPDX-License-Identifier: MIT */
/*
 * Misuse: a call that answers what no correct program has to ask, such as THREADING_INVALID or
 * THREADING_NOT_HELD, and a body of THREADING_WITH_… that is skipped. Each is told once, to the user's
 * handler if there is one (handlers.c).
 *
 * The public call tells, at its return, while it holds nothing: `return TI_TELL(lock, THREADING_NOT_HELD);`
 * What several public calls share gives them the plain status. A status that is not the call's own, such as a
 * task's, is returned as it is.
 */
#ifndef TI_MISUSE_H
#define TI_MISUSE_H

#include "atomic.h"
#include "port.h"

#if !defined(THREADING_NO_DIAGNOSIS)

/* Receives the name of the call, its object, which may be NULL, and the status. */
typedef void ti_misuse_teller(const char *call, const void *object, threading_status_t status);

/* Have each misuse told; NULL: to nobody any more. It may be called for a moment after it was taken away. */
void ti_misuse_tell_to(ti_misuse_teller *teller);

/* Tell a status that is not THREADING_OK, if it means a misuse, and give it. */
TI_COLD threading_status_t ti_misuse(const char *call, const void *object, threading_status_t status);

static inline threading_status_t ti_tell(const char *call, const void *object, threading_status_t status)
{
    return status == THREADING_OK ? status : ti_misuse(call, object, status);
}

/* What the public call answers in which this stands. */
#define TI_TELL(object, status) ti_tell(__func__, object, status)

#else
#define TI_TELL(object, status) ((void)(object), (threading_status_t)(status))
#endif

#endif
