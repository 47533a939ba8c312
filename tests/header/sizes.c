/* SPDX-License-Identifier: MIT */
/* What the documentation promises about sizes, numbers and the order of the status codes. */
#include "threading.h"

_Static_assert(sizeof(threading_lock_t) == 4, "a Lock is 4 bytes");
_Static_assert(sizeof(threading_rlock_t) == 8, "an RLock is 8 bytes");
_Static_assert(sizeof(threading_semaphore_t) == 4, "a Semaphore is 4 bytes");
_Static_assert(sizeof(threading_bounded_semaphore_t) == 8, "a BoundedSemaphore is 8 bytes");
_Static_assert(sizeof(threading_event_t) == 4, "an Event is 4 bytes");
_Static_assert(sizeof(threading_once_t) == 4, "a Once is 4 bytes");
_Static_assert(sizeof(threading_rwlock_t) == 8, "an RWLock is 8 bytes");
_Static_assert(sizeof(threading_condition_t) == 2 * sizeof(void *) + 8, "a Condition is 24 bytes, or 16");
_Static_assert(sizeof(threading_stop_t) <= 24, "a Stop is at most 24 bytes");
_Static_assert(sizeof(threading_barrier_t) <= 48, "a Barrier is at most 48 bytes");
_Static_assert(sizeof(threading_executor_options_t) == 9 * sizeof(void *), "its size stays");
_Static_assert(sizeof(threading_source_t) <= 64, "a source is at most 64 bytes");
_Static_assert(sizeof(threading_local_t) <= 256, "no object is larger than 256 bytes");
_Static_assert(sizeof(threading_thread_options_t) == 7 * sizeof(void *), "the options keep their size");
_Static_assert(THREADING_OK == 0, "success is 0");
_Static_assert(THREADING_TIMEOUT == 1, "the codes follow the list");
_Static_assert(THREADING_STATUS_COUNT == THREADING_UNSUPPORTED + 1, "the count is no code");
_Static_assert(THREADING_INHERIT == 0 && THREADING_DAEMON == true && THREADING_NOT_DAEMON == -1,
               "true is a daemon, nothing said is inherited");
