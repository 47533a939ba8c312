/* SPDX-License-Identifier: MIT */
/* Statuses that may be dropped: calls that fail through misuse alone. */
#include "threading.h"

void drop_all(threading_lock_t *lock, threading_rlock_t *rlock, threading_local_t *local,
              threading_thread_t *thread);

void drop_all(threading_lock_t *lock, threading_rlock_t *rlock, threading_local_t *local,
              threading_thread_t *thread)
{
    threading_lock_init(lock);
    threading_lock_acquire(lock);
    threading_lock_release(lock);
    threading_rlock_init(rlock);
    threading_rlock_release(rlock);
    threading_local_init(local, sizeof(int), NULL, NULL);
    threading_thread_set_name(thread, "a name");
    threading_sleep(0);
    threading_shutdown();
}
