/* SPDX-License-Identifier: MIT */
/*
 * For files that include the one file without THREADING_IMPLEMENTATION. If no file of the program defines that, the linker
 * misses a name that says so: these calls ask for it. Every program that makes threads makes one of them, and each costs far
 * more than the empty call that is added. Locks ask where it costs nothing: when a body is skipped, and, where a release
 * is inline, by the name of its wake (tools/amalgamate.cmake). A file that calls nothing asks for nothing.
 */
#if !defined(THREADING_IMPLEMENTATION) && !defined(THREADING_SHARED) && !defined(THREADING_NO_INLINE) && \
    !defined(THREADING_NEEDED)
#define THREADING_NEEDED threading_define_THREADING_IMPLEMENTATION_in_exactly_one_c_file(NULL)

THREADING_UNUSED static inline threading_lock_t *threading_lock_entered(threading_lock_t *lock)
{
    if (lock == NULL)
        THREADING_NEEDED;
    return lock;
}

#define threading_lock_enter(lock) threading_lock_entered(threading_lock_enter(lock))
#define threading_version() (THREADING_NEEDED, threading_version())
#define threading_thread_start(...) (THREADING_NEEDED, threading_thread_start(__VA_ARGS__))
#define threading_start_new_thread(...) (THREADING_NEEDED, threading_start_new_thread(__VA_ARGS__))
#define threading_executor_new(...) (THREADING_NEEDED, threading_executor_new(__VA_ARGS__))
#define threading_group_run(...) (THREADING_NEEDED, threading_group_run(__VA_ARGS__))
#endif
