/* SPDX-License-Identifier: MIT */
/* Statuses that must not be dropped: one of them is, chosen by a macro. With IGNORE all are, on purpose. */
#include "threading.h"

#if defined(IGNORE)
#define DROP(call) THREADING_IGNORE(call)
#else
#define DROP(call) call
#endif

void drop(threading_thread_t *thread, threading_lock_t *lock, threading_rlock_t *rlock,
          threading_local_t *local);

void drop(threading_thread_t *thread, threading_lock_t *lock, threading_rlock_t *rlock,
          threading_local_t *local)
{
    (void)thread, (void)lock, (void)rlock, (void)local;
#if defined(DROP_start) || defined(IGNORE)
    DROP(threading_thread_start(thread));
#endif
#if defined(DROP_join) || defined(IGNORE)
    DROP(threading_thread_join(thread));
#endif
#if defined(DROP_spawn) || defined(IGNORE)
    DROP(threading_thread_spawn(NULL, NULL, NULL, NULL));
#endif
#if defined(DROP_spawn_of_keywords)
    threading_spawn(NULL, NULL);
#endif
#if defined(DROP_stack_size) || defined(IGNORE)
    DROP(threading_stack_size(0, NULL));
#endif
#if defined(DROP_lock_try_acquire) || defined(IGNORE)
    DROP(threading_lock_try_acquire(lock));
#endif
#if defined(DROP_rlock_acquire) || defined(IGNORE)
    DROP(threading_rlock_acquire(rlock));
#endif
#if defined(DROP_local_destroy) || defined(IGNORE)
    DROP(threading_local_destroy(local));
#endif
}
