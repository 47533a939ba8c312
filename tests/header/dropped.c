/* SPDX-License-Identifier: MIT */
/* Statuses that must not be dropped: one of them is, chosen by a macro. */
#include "threading.h"

void drop(threading_thread_t *thread, threading_lock_t *lock, threading_rlock_t *rlock,
          threading_local_t *local);

void drop(threading_thread_t *thread, threading_lock_t *lock, threading_rlock_t *rlock,
          threading_local_t *local)
{
    (void)thread, (void)lock, (void)rlock, (void)local;
#if defined(DROP_start)
    threading_thread_start(thread);
#elif defined(DROP_join)
    threading_thread_join(thread);
#elif defined(DROP_stack_size)
    threading_stack_size(0, NULL);
#elif defined(DROP_lock_try_acquire)
    threading_lock_try_acquire(lock);
#elif defined(DROP_rlock_acquire)
    threading_rlock_acquire(rlock);
#elif defined(DROP_local_destroy)
    threading_local_destroy(local);
#endif
}
