/* SPDX-License-Identifier: MIT */
/*
 * The parker on a mutex and a condition variable: for every Unix without futexes.
 *
 * glibc's condition variables lost wakeups between 2.25 and 2.40 (BZ 25847) when several threads waited for
 * one; here it is only ever one thread, the owner.
 */
#include "posix_system.h"

#if !TI_POSIX_PARKER_IS_FUTEX

/* Both are plain memory on Linux and macOS, which needs nothing more; on FreeBSD they are allocated. */
bool ti_port_parker_init(ti_parker *parker)
{
    parker->token = false;
    if (pthread_mutex_init(&parker->mutex, NULL) != 0)
        return false;
    if (ti_posix_condition_init(&parker->condition))
        return true;
    (void)pthread_mutex_destroy(&parker->mutex); /* fails only for one that is held */
    return false;
}

void ti_port_park(ti_parker *parker, int64_t deadline)
{
    ti_port_errors errors = ti_port_errors_keep();
    int state = ti_posix_cancel_disable();
    (void)pthread_mutex_lock(&parker->mutex);
    if (!parker->token)
        ti_posix_condition_wait(&parker->condition, &parker->mutex, deadline);
    parker->token = false;
    (void)pthread_mutex_unlock(&parker->mutex);
    ti_posix_cancel_restore(state);
    ti_port_errors_restore(errors);
}

void ti_port_unpark(ti_parker *parker)
{
    (void)pthread_mutex_lock(&parker->mutex);
    parker->token = true;
    /* Under the mutex: a forked child may find the parker in no other state that is not whole. */
    (void)pthread_cond_signal(&parker->condition);
    (void)pthread_mutex_unlock(&parker->mutex);
}

#else
typedef int ti_posix_condition_parker_is_not_used; /* C wants a declaration in every file */
#endif
